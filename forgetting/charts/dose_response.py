"""Dose–response curves, heat maps, cascades and half-way doses as Altair charts, which a page updates in place.

A point of a curve can be picked: the parameter PICK then holds the seed that is nearest to the median.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.style import (
    BASELINE,
    CHANGE_TITLE,
    CHART_HEIGHT,
    FRACTION_TITLE,
    HEAT,
    LIGHT_TEXT_FROM,
    RANDOMIZED,
    TEXT,
)
from forgetting.charts.vega import (
    CONFIGURATION,
    PADDING,
    SCHEME_OF_ROW,
    baseline_rules,
    series_colour,
    series_dash,
    series_shape,
)
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.multiplicity import benjamini_hochberg
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.reporting.dose_response import NO_HALF_WAY
from forgetting.reporting.formatting import format_interval, format_points, format_share
from forgetting.reporting.names import format_scheme
from forgetting.studies.dose_response import CURVE_KEYS, HalfWay
from forgetting.studies.layer_effects import LayerEffect
from forgetting.studies.layer_robustness import CRITICAL, DECIDED, ROBUST, LayerRobustness
from forgetting.studies.nested import NestedCurve

PICK = "pick"
PICKED = ["layers", "scheme", "unit", "seed", "seed_dose", "split"]  # columns that a picked point gives
DOSE_TITLES = {"dose": FRACTION_TITLE, "change": f"{CHANGE_TITLE} (change of the weights by their norm)"}  # by match
PRINTED_DOSES = {"dose": FRACTION_TITLE, "change": "change of the weights by their norm"}  # in a caption, by match
CELL_WIDTH, BRACKETED_WIDTH = 27, 36  # pixels that the number in a cell needs, in brackets
BOUNDS_WIDTH = 260  # pixels of a plot from which the names of four bounds of forgetting do not touch
AXIS_COLUMNS = {"dose": "planned_dose", "change": "relative_change"}  # where a point stands, by match
MOST_LABELS = 240  # values written into a heat map
MANY_ROWS = 10  # of a chart, from which on they are lower
CHART_ROWS = {"heat": (34, 22), "half-way": (26, 18), "robustness": (56, 32)}  # pixels of a row, of few and of many
LONG_NAME = 12  # signs of a name of which two do not fit side by side above a narrow chart
MOST_STEPS = 8  # layers of a cascade that are counted; those of more are named
BANDS = {  # what a band shows, with the titles of its lower and its upper end
    "interval": ("from (95 % interval)", "to (95 % interval)"),
    "curve": ("from (95 %, whole curve)", "to (95 %, whole curve)"),
    "seeds": ("5 % of seeds", "95 % of seeds"),
}
SHOWN_CHANGES = {  # whether a change from the original is shown, and how clearly its point is drawn
    "shown": 1.0,
    "shown only if it is looked at alone": 0.55,
    "not shown": 0.3,
}


@dataclass(frozen=True)
class MetricStyle:
    """How a metric is drawn.

    Attributes:
        title: of the axis.
        form: number format.
        share: whether its axis goes from 0 to 1.
        baselines: the values of trivial models by their names.
    """

    title: str
    form: str
    share: bool
    baselines: dict[str, float]


def metric_style(metric: str, base: Baselines, unit: str) -> MetricStyle:
    """The style of a metric of the validation part.

    Args:
        metric: name of a sweep's column, without its "validation_"; it may be none of ours.
        base: the baselines of the split.
        unit: of the loss.
    """
    majority = base.majority["validation"]
    guess = base.beside("loss")
    other = MetricStyle(metric.replace("_", " "), ".3f", False, {"chance": base.chance})
    found = {
        "accuracy": MetricStyle("validation accuracy", ".1%", True, base.beside("accuracy")),
        "macro_f1": MetricStyle("macro-F1", ".3f", True, base.beside("macro_f1")),
        "top_k_accuracy": MetricStyle("top-3 accuracy", ".1%", True, {"chance": min(3 * base.chance, 1.0)}),
        "balanced_accuracy": MetricStyle(
            "balanced accuracy",
            ".1%",
            True,
            {"chance": base.chance, "largest class": base.majority_balanced_accuracy["validation"]},
        ),
        "forgetting_above_majority": MetricStyle(
            "forgetting, beside the largest class", ".2f", False, {"intact": 0.0, "at the largest class": 1.0}
        ),
        "forgetting": MetricStyle("forgetting", ".2f", False, {"intact": 0.0, "at chance": 1.0}),
        "loss": MetricStyle(f"loss ({unit})", ".3f", False, guess),
        "temperature_scaled_loss": MetricStyle(f"temperature-scaled loss ({unit})", ".3f", False, guess),
        "entropy": MetricStyle("entropy (nats)", ".3f", False, {"uniform": -math.log(base.chance)}),
        "most_predicted_share": MetricStyle(
            "share of the most predicted class", ".1%", True, {"largest class": majority}
        ),
        "agreement": MetricStyle("agreement with the original", ".1%", True, {"chance": base.chance}),
        "divergence": MetricStyle("divergence from the original", ".3f", True, {"nothing in common": 1.0}),
    }.get(metric, other)
    known = {name: value for name, value in found.baselines.items() if not math.isnan(value)}
    return replace(found, baselines=known)


def with_intervals(curves: pd.DataFrame, nested: Iterable[NestedCurve], band: str) -> pd.DataFrame:
    """Curves of the accuracy with another band, and with what is shown of their change from the original.

    A change is shown where its p-value, adjusted for all points above 0 of the study, is small (Benjamini & Hochberg).

    Args:
        curves: of `studies.dose_response.curves`.
        nested: all curves of the study with their intervals.
        band: "interval" or "curve" to replace the band over seeds; "seeds" to leave it.

    Returns:
        The table with its columns "low" and "high" replaced, and the columns "change" from the original, its interval
        as a text and "shown", a key of SHOWN_CHANGES.
    """
    keys = [*CURVE_KEYS, "planned_dose"]
    points = pd.concat([curve.points for curve in nested], ignore_index=True)
    raw = points["change_p"].where(points["planned_dose"] > 0)  # at 0 nothing changes, so nothing is tested
    adjusted = raw.copy()
    adjusted[raw.notna()] = benjamini_hochberg(raw.dropna())
    shown, only_raw, not_shown = SHOWN_CHANGES
    points["shown"] = np.select([adjusted <= SIGNIFICANT, raw <= SIGNIFICANT], [shown, only_raw], not_shown)
    points["change_interval"] = [
        f"{format_points(100 * low, with_plus=True)} to {format_points(100 * high, with_plus=True)}"
        for low, high in zip(points["change_low"], points["change_high"], strict=True)
    ]
    points["change"] *= 100
    if band == "curve":
        points[["low", "high"]] = points[["band_low", "band_high"]]
    columns = [*([] if band == "seeds" else ["low", "high"]), "change", "change_interval", "shown"]
    table = curves.drop(columns=columns, errors="ignore").merge(points[[*keys, *columns]], on=keys, how="left")
    table.attrs = curves.attrs
    return table


def dose_chart(
    curves: pd.DataFrame,
    style: MetricStyle,
    *,
    by: str = "layers",
    match: str = "dose",
    pick: bool = True,
    dash: str = "",
    narrow: bool = False,
    band: str = "seeds",
    title: str = "",
) -> alt.LayerChart:
    """Median over seeds by dose, with a band, a colour a layer set or a scheme.

    Where it is known what is shown of the changes from the original, the points of the others are pale. Doses that are
    changes of the weights stand where they were reached.

    Args:
        curves: of `studies.dose_response.curves`, or `with_intervals`.
        style: of the metric.
        by: the column that colours, "layers", "scheme", or "line" of a panel, see `charts.panels`.
        dash: the column that dashes lines, such as "block" of a panel; "" for none.
        match: whether the doses are fractions ("dose") or changes of the weights ("change"), see `Sweep`.
        pick: whether a click picks a point.
        narrow: whether the names of the baselines stand on their lines, and take no room beside the plot.
        band: what it shows, a key of BANDS.
        title: of the panel, above the chart; "" for none.
    """
    axis = alt.Axis(format=".3~%") if style.share and "%" in style.form else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if style.share else alt.Scale(zero=True, nice=True)
    base = (
        alt.Chart(curves)
        .transform_calculate(scheme_name=SCHEME_OF_ROW)
        .encode(
            x=alt.X(
                f"{AXIS_COLUMNS[match]}:Q",
                title=DOSE_TITLES[match],
                axis=alt.Axis(format=".3~%", tickCount=10),
                scale=alt.Scale(domain=[0, max(1.0, curves[AXIS_COLUMNS[match]].max())]),
            ),
            color=series_colour(curves, by, columns=_legend_columns(curves[by], narrow)),
        )
    )
    detail = [alt.Detail("layers:N"), alt.Detail("scheme:N")]  # a line each
    area = base.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title=style.title, scale=scale, axis=axis), y2=alt.Y2("high:Q"), detail=detail
    )
    line = base.mark_line(strokeWidth=2.5).encode(y=alt.Y("median:Q"), detail=detail)
    if dash:
        line = line.encode(strokeDash=series_dash(curves, dash))
    points = base.mark_point(size=45, filled=True, opacity=1, cursor="pointer" if pick else "default").encode(
        y=alt.Y("median:Q"), shape=series_shape(curves, by), tooltip=_tooltip(style, match, curves, band)
    )
    if "shown" in curves:
        clear, half, pale = SHOWN_CHANGES.items()
        points = points.encode(
            opacity=alt.when(alt.datum.shown == clear[0])
            .then(alt.value(clear[1]))
            .when(alt.datum.shown == half[0])
            .then(alt.value(half[1]))
            .otherwise(alt.value(pale[1]))
        )
    if pick:
        points = points.add_params(alt.selection_point(name=PICK, fields=PICKED, on="click", toggle=False))
    return (
        alt.layer(*_lines(style, narrow), area, line, points)
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT, **({"title": title} if title else {}))
    )


def _legend_columns(names: pd.Series, narrow: bool) -> int:
    """As many as the width holds: in a narrow chart one of long names, else two."""
    if not narrow:
        return 3
    return 1 if names.astype(str).str.len().max() > LONG_NAME else 2


def current_dose_chart(
    curves: pd.DataFrame,
    seed_rows: pd.DataFrame,
    style: MetricStyle,
    *,
    dose: float,
    value: float | None,
    metric: str,
    band: str = "seeds",
) -> alt.LayerChart:
    """The dose–response curve of one randomization, with its own seed's path and the current fraction.

    Args:
        curves: of `studies.dose_response.curves`, over several seeds.
        seed_rows: the sweep's rows of the randomization's own seed.
        style: of the metric.
        dose: the current fraction.
        value: the metric at `dose`, None where it is missing.
        metric: the column of `seed_rows` that is drawn.
        band: see `dose_chart`.
    """
    axis = alt.Axis(format=".3~%") if "%" in style.form else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if style.share else alt.Scale(zero=True, nice=True)
    x = alt.X(
        "planned_dose:Q",
        title=FRACTION_TITLE,
        axis=alt.Axis(format=".3~%", tickCount=10),
        scale=alt.Scale(domain=[0, 1]),
    )
    base = alt.Chart(curves).transform_calculate(scheme_name=SCHEME_OF_ROW).encode(x=x)
    area = base.mark_area(opacity=0.2, color=RANDOMIZED).encode(
        y=alt.Y("low:Q", title=style.title, scale=scale, axis=axis), y2=alt.Y2("high:Q")
    )
    middle = base.mark_line(color=RANDOMIZED, strokeWidth=2.5).encode(y=alt.Y("median:Q"))
    points = base.mark_point(size=90, filled=True, opacity=0.001).encode(
        y=alt.Y("median:Q"), tooltip=_tooltip(style, "dose", curves, band)
    )
    path = (
        alt.Chart(seed_rows)
        .mark_line(color=RANDOMIZED, strokeWidth=1.2, strokeDash=[2, 2])
        .encode(x=x, y=alt.Y(f"{metric}:Q"))
    )
    here = alt.Chart(pd.DataFrame({"planned_dose": [dose], "value": [value]}))
    line = here.mark_rule(color=RANDOMIZED, strokeWidth=1.5).encode(x=alt.X("planned_dose:Q"))
    dot = here.mark_point(color=RANDOMIZED, filled=True, size=160, opacity=1, stroke="white", strokeWidth=1.5).encode(
        x=alt.X("planned_dose:Q"),
        y=alt.Y("value:Q"),
        tooltip=[
            alt.Tooltip("planned_dose:Q", title=f"{FRACTION_TITLE} now", format=".3~%"),
            alt.Tooltip("value:Q", title=style.title, format=style.form),
        ],
    )
    shown_layers = [*_lines(style), area, middle, path, points, line, *([dot] if value is not None else [])]
    return alt.layer(*shown_layers).configure(**CONFIGURATION).properties(padding=PADDING, height=CHART_HEIGHT)


def _lines(style: MetricStyle, narrow: bool = False, original: float | None = None) -> list[alt.Chart]:
    """The baselines, and the original where it is given; names in the right margin, or on the lines where narrow."""
    top = 1.0 if style.share else max(style.baselines.values(), default=1.0) or 1.0
    return baseline_rules(style.baselines, style.form, length=top, margin=not narrow, original=original)


def _tooltip(style: MetricStyle, match: str, curves: pd.DataFrame, band: str = "seeds") -> list[alt.Tooltip]:
    doses = {"planned_dose": FRACTION_TITLE, "relative_change": CHANGE_TITLE}
    if match == "change":
        doses = {"relative_change": CHANGE_TITLE, "planned_dose": f"{CHANGE_TITLE} planned", "dose": FRACTION_TITLE}
    dose, *others = [alt.Tooltip(f"{name}:Q", title=title, format=".3~%") for name, title in doses.items()]
    low, high = BANDS[band]
    changes = [
        alt.Tooltip("change:Q", title="change from the original, in points", format="+.0f"),
        alt.Tooltip("change_interval:N", title="its 95 % interval"),
        alt.Tooltip("shown:N", title="the change is"),
    ]
    return [
        alt.Tooltip("layers:N"),
        alt.Tooltip("scheme_name:N", title="scheme"),
        alt.Tooltip("unit:N"),
        dose,
        alt.Tooltip("median:Q", title=f"{style.title}, median", format=style.form),
        alt.Tooltip("low:Q", title=low, format=style.form),
        alt.Tooltip("high:Q", title=high, format=style.form),
        *(changes if "shown" in curves else []),
        alt.Tooltip("seeds:Q", title="seeds"),
        *others,
        alt.Tooltip("seed:Q", title="seed nearest to the median"),
    ]


def heat_chart(
    curves: pd.DataFrame, style: MetricStyle, *, worst: float, best: float, match: str = "dose", band: str = "seeds"
) -> alt.LayerChart:
    """A cell for each layer set and dose, coloured by the median over seeds.

    A number stands in brackets where it is known that its change from the original is not shown.

    Args:
        curves: of `studies.dose_response.curves`, or `with_intervals`.
        style: of the metric.
        worst: the value of a trivial model, which is drawn faint.
        best: the value of the original, which is drawn dark.
        match: see `dose_chart`.
        band: see `dose_chart`.
    """
    base = (
        alt.Chart(curves)
        .transform_calculate(scheme_name=SCHEME_OF_ROW)
        .encode(
            x=alt.X(
                "planned_dose:O",
                title=DOSE_TITLES[match],
                axis=alt.Axis(format=".3~%", labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("layers:N", title=None, sort=None, axis=alt.Axis(labelLimit=200)),
        )
    )
    colour = alt.Color(
        "median:Q",
        title=style.title,
        scale=alt.Scale(domain=[worst, best], range=list(HEAT), interpolate="rgb", clamp=True),
        legend=alt.Legend(orient="top", format=style.form.replace(".1%", ".3~%"), gradientLength=220),
    )
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(
        color=colour, tooltip=_tooltip(style, match, curves, band)
    )
    layers = [cells]
    if len(curves) <= MOST_LABELS:
        turn = worst + LIGHT_TEXT_FROM * (best - worst)
        bracketed = "shown" in curves and (curves["shown"] != "shown").any()
        width = BRACKETED_WIDTH if bracketed else CELL_WIDTH
        has_room = alt.ExprRef(f"width > {width * curves['planned_dose'].nunique()} ? 1 : 0")
        dark = alt.datum.median > turn if best > worst else alt.datum.median < turn
        number = f"format(datum.median, '{style.form.replace('.1%', '.0%')}')"
        written = f"datum.shown && datum.shown !== 'shown' ? '(' + {number} + ')' : {number}"
        layers.append(
            base.transform_calculate(written=written)
            .mark_text(fontSize=11, opacity=has_room)
            .encode(
                text=alt.Text("written:N"),
                color=alt.ColorValue("black", condition={"test": dark, "value": "white"}),
            )
        )
    return (
        alt.layer(*layers)
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=_row_height("heat", curves["layers"].nunique()))
    )


def _row_height(chart: str, rows: int, **options: str) -> alt.Step:
    few, many = CHART_ROWS[chart]
    return alt.Step(many if rows > MANY_ROWS else few, **options)


def cascade_chart(steps: pd.DataFrame, style: MetricStyle, band: str = "seeds") -> alt.LayerChart:
    """Layers randomized one after another, from the top down and from the bottom up, with bands.

    Up to MOST_STEPS layers are counted. Of more each point stands at the layer that its step adds, so that one cascade
    reads from the left and the other from the right, and the steps without any layer are left out.

    Args:
        steps: of `studies.dose_response.cascade_curves`.
        style: of the metric.
        band: see `dose_chart`.
    """
    named = steps["step"].max() > MOST_STEPS
    if named:
        before = steps.loc[steps["step"] == 0, "median"].iloc[0]
        attributes, steps = steps.attrs, steps[steps["step"] > 0]
        steps.attrs = attributes
        order = steps.loc[steps["cascade"] == steps["cascade"].iloc[0], "added"].tolist()
        if steps["cascade"].iloc[0] == "top-down":
            order.reverse()
        x = alt.X(
            "added:N",
            title=["layer that a step adds: bottom-up from the left,", "top-down from the right"],
            sort=order,
            axis=alt.Axis(labelAngle=-50, labelLimit=200, labelOverlap=False),
        )
    else:
        x = alt.X("step:O", title="number of layers randomized", axis=alt.Axis(labelAngle=0))
    axis = alt.Axis(format=".3~%") if "%" in style.form else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if style.share else alt.Scale(zero=True, nice=True)
    base = (
        alt.Chart(steps)
        .transform_calculate(scheme_name=SCHEME_OF_ROW)
        .encode(
            x=x,
            color=series_colour(steps, "cascade"),
        )
    )
    area = base.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title=style.title, scale=scale, axis=axis), y2=alt.Y2("high:Q")
    )
    line = base.mark_line(strokeWidth=2.5).encode(y=alt.Y("median:Q"))
    tooltip = [alt.Tooltip("cascade:N"), *_tooltip(style, "dose", steps, band)]
    points = base.mark_point(size=60, filled=True, opacity=1).encode(
        y=alt.Y("median:Q"), shape=series_shape(steps, "cascade"), tooltip=tooltip
    )
    return (
        alt.layer(*_lines(style, original=before if named else None), area, line, points)
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT)
    )


def _end_drawn(half: HalfWay, end: float | None, outermost: float) -> float | None:
    """An end of an interval as it is drawn: the end of the doses where it is open, None where there is no interval."""
    if end is None and (half.low is not None or half.high is not None):
        return outermost
    return end


def half_way_chart(halves: Sequence[HalfWay], match: str = "dose") -> alt.LayerChart:
    """A forest plot: the half-way dose of each curve with its 95 % interval, or why there is none."""
    table = pd.DataFrame(
        [
            {
                "curve": f"{half.layers} · {format_scheme(half.scheme)}"
                + ("" if half.unit == "weight" else f" · {half.unit}"),
                "scheme": half.scheme,
                "dose": half.dose,
                "low": _end_drawn(half, half.low, 0.0),
                "high": _end_drawn(half, half.high, half.until),
                "interval": format_interval(half.low, half.high),
                "note": half.missing or f"{half.seeds} seeds",
                "never": None
                if half.dose is not None
                else NO_HALF_WAY[half.kind].format(until=format_share(half.until)),
            }
            for half in halves
        ]
    )
    title = (
        ["half-way fraction randomized (D50)", "and its 95 % interval"]
        if match == "dose"
        else [f"half-way {CHANGE_TITLE}", "and its 95 % interval"]
    )
    base = alt.Chart(table).encode(
        y=alt.Y("curve:N", title=None, sort=table["curve"].tolist(), axis=alt.Axis(labelLimit=220)),
        color=series_colour(table, "scheme"),
        tooltip=[
            alt.Tooltip("curve:N"),
            alt.Tooltip("dose:Q", title="half-way", format=".2%"),
            alt.Tooltip("interval:N", title="95 % interval"),
            alt.Tooltip("note:N"),
        ],
    )
    x = alt.X("dose:Q", title=title, axis=alt.Axis(format=".3~%", tickCount=10), scale=alt.Scale(domain=[0, 1]))
    span = base.mark_rule(strokeWidth=2.5).encode(x=alt.X("low:Q", title=title), x2=alt.X2("high:Q"))
    point = base.mark_point(filled=True, size=90, opacity=1).encode(x=x)
    never = base.mark_text(align="right", dx=-4, fontSize=12).encode(
        x=alt.XValue("width"), text=alt.Text("never:N"), color=alt.ColorValue(TEXT)
    )
    return (
        alt.layer(span, point, never.transform_filter("isValid(datum.never)"))
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=_row_height("half-way", len(table)))
    )


def uncertainty_chart(table: pd.DataFrame) -> alt.LayerChart:
    """Where the variance of the accuracy comes from, for each layer set: a bar for each source.

    Args:
        table: Columns "layers", "source", "share" (of the variance) and "half", half of the width that the 95 %
            interval would have if nothing else varied, in percentage points.
    """
    base = alt.Chart(table).encode(
        y=alt.Y("layers:N", title=None, sort=None, axis=alt.Axis(labelLimit=200)),
        yOffset=alt.YOffset("source:N", sort=None),
        tooltip=[
            alt.Tooltip("layers:N"),
            alt.Tooltip("source:N"),
            alt.Tooltip("share:Q", title="share of the variance", format=".0%"),
            alt.Tooltip("half:Q", title="± points, if nothing else varied", format=".1f"),
        ],
    )
    x = alt.X("share:Q", title="share of the variance", axis=alt.Axis(format=".3~%"), scale=alt.Scale(domain=[0, 1]))
    bars = base.mark_bar(color=TEXT, opacity=0.25).encode(x=x)
    names = base.transform_calculate(name="datum.source + ': ' + format(datum.share, '.0%')")
    texts = names.mark_text(align="left", baseline="middle", dx=5, fontSize=11, color=TEXT).encode(
        x=alt.XDatum(0), text=alt.Text("name:N")
    )
    return (
        alt.layer(bars, texts)
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=alt.Step(18, **{"for": "offset"}))
    )


def robustness_points(rows: Sequence[LayerRobustness]) -> pd.DataFrame:
    """Forgetting of each layer re-initialized and re-randomized, each with its 95 % interval.

    "decided" says whether it is shown, with all layers in view, that the layer is critical, robust or in between.
    """
    none = (None, None)
    return pd.DataFrame(
        [
            {
                "layer": row.layer,
                "how": how,
                "forgetting": value,
                "low": low,
                "high": high,
                "conclusion": row.conclusion,
                "alone": row.alone,
                "decided": row.conclusion in DECIDED,
            }
            for row in rows
            for how, value, (low, high) in (
                ("re-initialized (initial weights)", row.reinitialized, row.together or none),
                (
                    "re-randomized (fresh draw)",
                    row.rerandomized and row.rerandomized.median,
                    row.rerandomized_interval or none,
                ),
            )
        ]
    )


def robustness_chart(rows: Sequence[LayerRobustness]) -> alt.LayerChart:
    """Forgetting of each layer re-initialized and re-randomized, each with its interval.

    Forgetting is 0 where the layer is intact and 1 at chance. Bars are pale where nothing is concluded of the layer.
    """
    table = robustness_points(rows)
    base = alt.Chart(table).encode(
        y=alt.Y("layer:N", title=None, sort=None, axis=alt.Axis(labelLimit=220)),
        yOffset=alt.YOffset("how:N", sort=None),
        color=series_colour(table, "how", symbol="square", columns=1),
        tooltip=[
            alt.Tooltip("layer:N"),
            alt.Tooltip("how:N", title="weights"),
            alt.Tooltip("forgetting:Q", format=".2f"),
            alt.Tooltip("low:Q", title="from", format=".2f"),
            alt.Tooltip("high:Q", title="to", format=".2f"),
            alt.Tooltip("conclusion:N"),
            alt.Tooltip("alone:N", title="looked at alone"),
        ],
    )
    ends = table[["low", "high", "forgetting"]].astype(float)
    scale = alt.Scale(domain=[min(0.0, ends.min().min()), max(1.2, ends.max().max())])
    bars = base.mark_bar().encode(
        x=alt.X("forgetting:Q", title="forgetting on validation", scale=scale),
        opacity=alt.OpacityValue(0.45, condition=[{"test": alt.datum.decided, "value": 1}]),
    )
    bands = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), color=alt.ColorValue(TEXT))
    lines = pd.DataFrame({"at": [0.0, 1.0], "name": ["intact", "at chance"]})
    marks = (
        alt.Chart(lines)
        .mark_rule(color=BASELINE, strokeDash=[5, 4])
        .encode(x=alt.X("at:Q"), tooltip=alt.Tooltip("name:N"))
    )
    texts = alt.Chart(lines).mark_text(color=TEXT, fontSize=11, align="center", baseline="bottom")
    names = texts.encode(x=alt.X("at:Q"), y=alt.YValue(-3), text=alt.Text("name:N"))
    return (
        alt.layer(bars, bands, marks, names)
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=_row_height("robustness", len(rows), **{"for": "position"}))
    )


def layer_effects_chart(effects: Sequence[LayerEffect]) -> alt.LayerChart:
    """Forgetting of single layer sets that are wholly randomized, each with its interval; pale where it is not told
    whether the set is critical, robust or in between.
    """
    table = pd.DataFrame(
        [
            {
                "layers": f"{effect.layers} · {format_scheme(effect.scheme)}",
                "scheme": effect.scheme,
                "forgetting": effect.forgetting,
                "low": effect.low,
                "high": effect.high,
                "conclusion": effect.conclusion,
                "decided": effect.conclusion in DECIDED,
            }
            for effect in effects
        ]
    )
    ends = table[["low", "high", "forgetting"]].astype(float)
    scale = alt.Scale(domain=[min(0.0, ends.min().min()), max(1.0, ends.max().max())])
    base = alt.Chart(table).encode(
        y=alt.Y("layers:N", title=None, sort=table["layers"].tolist(), axis=alt.Axis(labelLimit=260)),
        color=series_colour(table, "scheme", columns=1),
        opacity=alt.OpacityValue(0.45, condition=[{"test": alt.datum.decided, "value": 1}]),
        tooltip=[
            alt.Tooltip("layers:N"),
            alt.Tooltip("forgetting:Q", format=".2f"),
            alt.Tooltip("low:Q", title="from", format=".2f"),
            alt.Tooltip("high:Q", title="to", format=".2f"),
            alt.Tooltip("conclusion:N"),
        ],
    )
    span = base.mark_rule(strokeWidth=2.5).encode(
        x=alt.X("low:Q", title="forgetting on validation", scale=scale), x2=alt.X2("high:Q")
    )
    points = base.mark_point(filled=True, size=90).encode(x=alt.X("forgetting:Q", scale=scale))
    bounds = pd.DataFrame({"at": [0.0, ROBUST, CRITICAL, 1.0], "name": ["intact", "robust", "critical", "at chance"]})
    marks = (
        alt.Chart(bounds)
        .mark_rule(color=BASELINE, strokeDash=[5, 4])
        .encode(x=alt.X("at:Q"), tooltip=alt.Tooltip("name:N"))
    )
    texts = alt.Chart(bounds).mark_text(color=TEXT, fontSize=11, align="center", baseline="bottom")
    has_room = f"width > {BOUNDS_WIDTH} || datum.at === 0 || datum.at === 1"  # the two between stand close
    names = texts.encode(
        x=alt.X("at:Q"),
        y=alt.YValue(-3),
        text=alt.TextValue("", condition={"test": has_room, "field": "name", "type": "nominal"}),
    )
    return (
        alt.layer(marks, span, points, names)
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=_row_height("half-way", len(table)))
    )
