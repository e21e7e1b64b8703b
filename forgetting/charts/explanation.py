"""How like explanations of randomized models are to those of the original, as Altair charts."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from forgetting.charts.style import BASELINE, CHART_HEIGHT, FRACTION_TITLE, RANDOMIZED, SERIES_COLOURS
from forgetting.charts.vega import CONFIGURATION, PADDING, baseline_rules
from forgetting.reporting.explanation import SIMILARITY_NAMES
from forgetting.reporting.names import format_attribution
from forgetting.studies.sanity_check import PREDICTION, SanityCheck

DRAWN_REFERENCES = ("random", "random_input", "tf_idf")  # references that stand in the charts


def explanation_chart(
    curves: pd.DataFrame, metric: str, references: Mapping[tuple[str, str], float], methods: Sequence[str]
) -> alt.LayerChart:
    """A similarity by the fraction randomized: median over seeds and 5–95 % band of each method.

    Args:
        curves: Of `studies.sanity_check.explanation_curves`, of one layer set. PREDICTION may stand among its methods.
        metric: Which similarity it is.
        references: See `layer_sets_chart`.
        methods: All methods of the plan, whose colours stay the same whatever is shown.
    """
    shown = set(curves["layers"])
    baselines = {
        format_attribution(name): value
        for (layers, name), value in references.items()
        if layers in shown and name in DRAWN_REFERENCES
    }
    names = [*map(format_attribution, methods), PREDICTION]
    colours = [*SERIES_COLOURS[: len(methods)], RANDOMIZED]
    base = alt.Chart(curves.assign(method=curves["attribution"].map(format_attribution))).encode(
        x=alt.X(
            "dose:Q",
            title=FRACTION_TITLE,
            axis=alt.Axis(format=".3~%", tickCount=10),
            scale=alt.Scale(domain=[0, 1]),
        ),
        color=_colour(names, colours),
    )
    least = min(0.0, curves["low"].min(), *baselines.values())
    y = alt.Y("low:Q", title=SIMILARITY_NAMES[metric], scale=alt.Scale(domain=[least, 1], nice=False))
    tooltip = [
        alt.Tooltip("method:N"),
        alt.Tooltip("dose:Q", title=FRACTION_TITLE, format=".3~%"),
        alt.Tooltip("median:Q", format=".2f"),
        alt.Tooltip("low:Q", title="5 % of seeds", format=".2f"),
        alt.Tooltip("high:Q", title="95 % of seeds", format=".2f"),
        alt.Tooltip("seeds:Q"),
    ]
    dashes = alt.StrokeDashValue([1, 0], condition={"test": alt.datum.method == PREDICTION, "value": [2, 3]})
    points = base.mark_point(size=45, filled=True, opacity=1).encode(
        y=alt.Y("median:Q"), shape=alt.Shape("method:N", scale=alt.Scale(domain=names), title=None), tooltip=tooltip
    )
    return (
        alt.layer(
            *baseline_rules(baselines, ".2f", length=1 - least),
            base.mark_area(opacity=0.18).encode(y=y, y2=alt.Y2("high:Q")),
            base.mark_line(strokeWidth=2.5).encode(y=alt.Y("median:Q"), strokeDash=dashes),
            points,
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT + 40)
    )


def layer_sets_chart(
    found: Sequence[SanityCheck], metric: str, references: Mapping[tuple[str, str], float]
) -> alt.LayerChart:
    """What is left at the largest fraction, for each layer set and method, with its 95 % interval.

    Args:
        found: Of `studies.sanity_check.conclude_sanity_check`.
        metric: Which similarity it is.
        references: Of `studies.sanity_check.reference_similarities`; those of DRAWN_REFERENCES are ticks.
    """
    methods = list(dict.fromkeys(one.attribution for one in found))
    names = list(map(format_attribution, methods))
    table = pd.DataFrame(
        {
            "layers": one.layers,
            "method": format_attribution(one.attribution),
            "left": one.left.change,
            "low": one.left.low,
            "high": one.left.high,
        }
        for one in found
        if one.left
    )
    ends = [0.0, *(value for (_, name), value in references.items() if name in DRAWN_REFERENCES), *table.get("low", [])]
    base = alt.Chart(table).encode(
        y=alt.Y("layers:N", title=None, sort=None, axis=alt.Axis(labelLimit=200)),
        yOffset=alt.YOffset("method:N", sort=names),
        color=_colour(names, SERIES_COLOURS[: len(names)]),
        tooltip=[
            alt.Tooltip("layers:N"),
            alt.Tooltip("method:N"),
            alt.Tooltip("left:Q", title=SIMILARITY_NAMES[metric], format=".2f"),
            alt.Tooltip("low:Q", title="from (95 % interval)", format=".2f"),
            alt.Tooltip("high:Q", title="to (95 % interval)", format=".2f"),
        ],
    )
    x = alt.X("left:Q", title=SIMILARITY_NAMES[metric], scale=alt.Scale(domain=[min(ends), 1], nice=False))
    alone = pd.DataFrame(
        [
            (layers, value, format_attribution(name))
            for (layers, name), value in references.items()
            if name in DRAWN_REFERENCES
        ],
        columns=["layers", "value", "name"],
    )
    ticks = (
        alt.Chart(alone)
        .mark_tick(color=BASELINE, thickness=2, bandSize=16 * len(names))
        .encode(
            x=alt.X("value:Q"),
            y=alt.Y("layers:N", sort=None),
            tooltip=[alt.Tooltip("layers:N"), alt.Tooltip("name:N"), alt.Tooltip("value:Q", format=".2f")],
        )
    )
    return (
        alt.layer(
            ticks,
            base.mark_rule(strokeWidth=2.5).encode(
                x=alt.X("low:Q", title=SIMILARITY_NAMES[metric]), x2=alt.X2("high:Q")
            ),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=x, shape=alt.Shape("method:N", scale=alt.Scale(domain=names), title=None)
            ),
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=alt.Step(16 * len(names) + 14, **{"for": "position"}))
    )


def _colour(names: Sequence[str], colours: Sequence[str]) -> alt.Color:
    legend = alt.Legend(orient="top", columns=2, symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1)
    return alt.Color("method:N", title=None, scale=alt.Scale(domain=list(names), range=list(colours)), legend=legend)
