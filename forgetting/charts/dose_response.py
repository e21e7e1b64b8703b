"""Dose–response curves, heat maps, cascades and half-way doses as Altair charts, which a page updates in place.

A point of a curve can be picked: the parameter PICK then names the replicate nearest to the median.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from forgetting.charts.style import BASELINE, HEIGHT, ORIGINAL, RANDOMIZED, SERIES, baseline_rules
from forgetting.metrics.baselines import Baselines
from forgetting.reporting.dose_response import NO_HALF_WAY, format_interval
from forgetting.reporting.formatting import format_share
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.layer_robustness import LayerRobustness

PICK = "pick"
PICKED = ["layers", "scheme", "unit", "seed", "seed_dose"]  # what a picked point says
AXES = {"dose": "dose (share of units randomized)", "change": "‖ΔW‖₂ / ‖W‖₂ (change of the weights by their norm)"}
MARGIN = {"left": 5, "top": 5, "bottom": 5, "right": 70}  # room for the names of the baselines
MOST_LABELS = 80  # values written into a heat map


@dataclass(frozen=True)
class MetricStyle:
    """How a figure is drawn: its title, its number format, whether it is a share, and its baselines by name."""

    title: str
    form: str
    share: bool
    baselines: dict[str, float]


def metric_style(metric: str, base: Baselines, unit: str) -> MetricStyle:
    """A column of a sweep's validation part, without its "validation_". unit: of the loss."""
    majority = base.majority["validation"]
    accuracies = {"chance": base.chance, "largest class": majority}
    if base.linear_svc:
        accuracies["LinearSVC"] = base.linear_svc["validation"]
    guess = {"uniform guess": base.chance_loss}
    return {
        "accuracy": MetricStyle("validation accuracy", ".1%", True, accuracies),
        "macro_f1": MetricStyle("macro-F1", ".3f", True, {"largest class": base.majority_macro_f1["validation"]}),
        "top_k_accuracy": MetricStyle("top-3 accuracy", ".1%", True, {"chance": min(3 * base.chance, 1.0)}),
        "forgetting": MetricStyle("forgetting", ".2f", False, {"intact": 0.0, "at chance": 1.0}),
        "loss": MetricStyle(f"loss ({unit})", ".3f", False, guess),
        "temperature_scaled_loss": MetricStyle(f"calibrated loss ({unit})", ".3f", False, guess),
        "entropy": MetricStyle("entropy (nats)", ".3f", False, {"uniform": -math.log(base.chance)}),
        "most_predicted_share": MetricStyle("most predicted class, share", ".1%", True, {"largest class": majority}),
        "agreement": MetricStyle("agreement with the original", ".1%", True, {"chance": base.chance}),
        "divergence": MetricStyle("divergence from the original", ".3f", True, {"nothing in common": 1.0}),
    }[metric]


def dose_chart(
    curves: pd.DataFrame,
    style: MetricStyle,
    *,
    by: str = "layers",
    match: str = "dose",
    pick: bool = True,
    narrow: bool = False,
) -> alt.LayerChart:
    """Median over seeds by level, with its 5–95 % band, a colour a layer set or a scheme.

    curves: of `dose_response.curves`. by: the column that colours. match: what the levels are of, see `Sweep`.
    narrow: the names of the baselines stand on their lines, and take no room beside the plot.
    """
    axis = alt.Axis(format="%") if style.share and "%" in style.form else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if style.share else alt.Scale(zero=True, nice=True)
    base = alt.Chart(curves).encode(
        x=alt.X("level:Q", title=AXES[match], axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        color=series_colour(curves, by, columns=3 if narrow else 5),
    )
    band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", title=style.title, scale=scale, axis=axis), y2="high:Q")
    line = base.mark_line(strokeWidth=2.5).encode(y="median:Q")
    points = base.mark_point(size=45, filled=True, opacity=1, cursor="pointer" if pick else "default").encode(
        y="median:Q", shape=series_shape(curves, by), tooltip=_told(style, match)
    )
    if pick:
        points = points.add_params(alt.selection_point(name=PICK, fields=PICKED, on="click", toggle=False))
    padding = {**MARGIN, "right": 5} if narrow else MARGIN  # Streamlit adds to its sides, so no plain number
    return alt.layer(*_lines(style, narrow), band, line, points).properties(height=HEIGHT, padding=padding)


def own_dose_chart(
    curves: pd.DataFrame, own: pd.DataFrame, style: MetricStyle, *, dose: float, value: float | None, metric: str
) -> alt.LayerChart:
    """The dose curve of one choice: band over seeds, the own seed's path, and where the dose stands now.

    own: the rows of one seed. value: the figure at `dose`, None where it is missing.
    """
    axis = alt.Axis(format="%") if "%" in style.form else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if style.share else alt.Scale(zero=True, nice=True)
    x = alt.X("level:Q", title=AXES["dose"], axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(curves).encode(x=x)
    band = base.mark_area(opacity=0.2, color=RANDOMIZED).encode(
        y=alt.Y("low:Q", title=style.title, scale=scale, axis=axis), y2="high:Q"
    )
    middle = base.mark_line(color=RANDOMIZED, strokeWidth=2.5).encode(y="median:Q")
    points = base.mark_point(size=90, filled=True, opacity=0.001).encode(y="median:Q", tooltip=_told(style, "dose"))
    path = alt.Chart(own).mark_line(color=RANDOMIZED, strokeWidth=1.2, strokeDash=[2, 2]).encode(x=x, y=f"{metric}:Q")
    here = alt.Chart(pd.DataFrame({"level": [dose], "value": [value]}))
    line = here.mark_rule(color=RANDOMIZED, strokeWidth=1.5).encode(x="level:Q")
    dot = here.mark_point(color=RANDOMIZED, filled=True, size=160, opacity=1, stroke="white", strokeWidth=1.5).encode(
        x="level:Q",
        y="value:Q",
        tooltip=[
            alt.Tooltip("level:Q", title="dose now", format=".3~%"),
            alt.Tooltip("value:Q", title=style.title, format=style.form),
        ],
    )
    shown_layers = [*_lines(style), band, middle, path, points, line, *([dot] if value is not None else [])]
    return alt.layer(*shown_layers).properties(height=HEIGHT, padding=MARGIN)


def _lines(style: MetricStyle, narrow: bool = False) -> list[alt.Chart]:
    """The baselines, their names in the right margin, or on the lines where it is narrow."""
    top = 1.0 if style.share else max(style.baselines.values(), default=1.0) or 1.0
    return baseline_rules(style.baselines, style.form, gap=0.075 * top, margin=not narrow)


def series_colour(curves: pd.DataFrame, by: str, symbol: str = "stroke", columns: int = 5) -> alt.Color:
    """A colour for each of the values in the order of the plan, the same one whatever else is shown."""
    names = _series(curves, by)
    colours = [SERIES[place % len(SERIES)] for place in range(len(names))]
    legend = alt.Legend(orient="top", columns=columns, symbolType=symbol, symbolStrokeWidth=3, symbolOpacity=1)
    return alt.Color(f"{by}:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=legend)


def series_shape(curves: pd.DataFrame, by: str) -> alt.Shape:
    """A shape for each as well, for whoever cannot tell the colours apart."""
    return alt.Shape(f"{by}:N", scale=alt.Scale(domain=_series(curves, by)), title=None)


def _series(curves: pd.DataFrame, by: str) -> list[str]:
    """The names in the order of the plan, those too that have nothing to draw."""
    return curves.attrs.get("series", {}).get(by) or list(dict.fromkeys(curves[by]))


def _told(style: MetricStyle, match: str) -> list[alt.Tooltip]:
    level = alt.Tooltip("level:Q", title="dose" if match == "dose" else "‖ΔW‖₂ / ‖W‖₂", format=".3~%")
    other = (
        alt.Tooltip("relative_change:Q", title="‖ΔW‖₂ / ‖W‖₂", format=".3~%")
        if match == "dose"
        else alt.Tooltip("dose:Q", title="dose", format=".3~%")
    )
    return [
        *(alt.Tooltip(f"{name}:N") for name in ("layers", "scheme", "unit")),
        level,
        alt.Tooltip("median:Q", title=f"{style.title}, median", format=style.form),
        alt.Tooltip("low:Q", title="5 % of seeds", format=style.form),
        alt.Tooltip("high:Q", title="95 % of seeds", format=style.form),
        alt.Tooltip("seeds:Q", title="seeds"),
        other,
        alt.Tooltip("seed:Q", title="seed nearest to the median"),
    ]


def heat_chart(
    curves: pd.DataFrame, style: MetricStyle, *, worst: float, best: float, match: str = "dose"
) -> alt.LayerChart:
    """Layer set by level, coloured by the median: burgundy as the original (`best`), faint where trivial (`worst`)."""
    base = alt.Chart(curves).encode(
        x=alt.X("level:O", title=AXES[match], axis=alt.Axis(format=".3~%", labelAngle=0, labelOverlap=True)),
        y=alt.Y("layers:N", title=None, sort=None, axis=alt.Axis(labelFlush=False, labelLimit=200)),
    )
    colour = alt.Color(
        "median:Q",
        title=style.title,
        scale=alt.Scale(domain=[worst, best], range=["#ece3e8", ORIGINAL], clamp=True),
        legend=alt.Legend(orient="top", format=style.form, gradientLength=220),
    )
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(color=colour, tooltip=_told(style, match))
    layers = [cells]
    if len(curves) <= MOST_LABELS:
        half = (worst + best) / 2
        dark = alt.datum.median > half if best > worst else alt.datum.median < half
        layers.append(
            base.mark_text(fontSize=10).encode(
                text=alt.Text("median:Q", format=style.form.replace(".1%", ".0%")),
                color=alt.condition(dark, alt.value("white"), alt.value("#2b2230")),
            )
        )
    return alt.layer(*layers).properties(height=140 + 34 * curves["layers"].nunique())


def cascade_chart(steps: pd.DataFrame, style: MetricStyle) -> alt.LayerChart:
    """Layers randomized one after another, from the top down and from the bottom up, with bands over seeds.

    steps: columns cascade, step (how many layers), layers, and those of `dose_response.curves`.
    """
    axis = alt.Axis(format="%") if "%" in style.form else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if style.share else alt.Scale(zero=True, nice=True)
    base = alt.Chart(steps).encode(
        x=alt.X("step:O", title="layers randomized", axis=alt.Axis(labelAngle=0)),
        color=series_colour(steps, "cascade"),
    )
    band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", title=style.title, scale=scale, axis=axis), y2="high:Q")
    line = base.mark_line(strokeWidth=2.5).encode(y="median:Q")
    tooltip = [alt.Tooltip("cascade:N"), *_told(style, "dose")]
    points = base.mark_point(size=60, filled=True, opacity=1).encode(
        y="median:Q", shape=series_shape(steps, "cascade"), tooltip=tooltip
    )
    return alt.layer(*_lines(style), band, line, points).properties(height=HEIGHT, padding=MARGIN)


def _drawn(half: HalfWay, end: float | None, outermost: float) -> float | None:
    """Where an interval is drawn to: to the end of the doses where it is open, nowhere where there is none."""
    if end is None and (half.low is not None or half.high is not None):
        return outermost
    return end


def half_way_chart(halves: Sequence[HalfWay], match: str = "dose") -> alt.LayerChart:
    """A forest plot: the half-way dose of each curve with its interval; "never" where there is none."""
    table = pd.DataFrame(
        [
            {
                "curve": f"{half.layers} · {half.scheme}" + ("" if half.unit == "weight" else f" · {half.unit}"),
                "scheme": half.scheme,
                "dose": half.dose,
                "low": _drawn(half, half.low, 0.0),
                "high": _drawn(half, half.high, half.until),
                "interval": format_interval(half),
                "told": half.missing or f"{half.seeds} seeds",
                "never": None
                if half.dose is not None
                else NO_HALF_WAY[half.kind].format(until=format_share(half.until)),
            }
            for half in halves
        ]
    )
    title = "half-way dose (D50) with its 95 % interval" if match == "dose" else "half-way ‖ΔW‖₂ / ‖W‖₂, 95 % interval"
    base = alt.Chart(table).encode(
        y=alt.Y("curve:N", title=None, sort=None, axis=alt.Axis(labelFlush=False, labelLimit=220)),
        color=series_colour(table, "scheme"),
        tooltip=[
            alt.Tooltip("curve:N"),
            alt.Tooltip("dose:Q", title="half-way", format=".2%"),
            alt.Tooltip("interval:N", title="95 % interval"),
            alt.Tooltip("told:N", title="of"),
        ],
    )
    x = alt.X("dose:Q", title=title, axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    span = base.mark_rule(strokeWidth=2.5).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    point = base.mark_point(filled=True, size=90, opacity=1).encode(x=x)
    never = base.mark_text(align="right", dx=-4, fontSize=12, color=BASELINE).encode(
        x=alt.value("width"), text="never:N", color=alt.value(BASELINE)
    )
    return alt.layer(span, point, never.transform_filter("isValid(datum.never)")).properties(
        height=130 + 26 * len(table)
    )


def robustness_chart(rows: Sequence[LayerRobustness]) -> alt.LayerChart:
    """Forgetting of each layer set back and drawn anew, with the band over seeds, between intact and chance."""
    table = pd.DataFrame(
        [
            {
                "layer": row.layer,
                "how": how,
                "forgetting": value,
                "low": low,
                "high": high,
                "conclusion": row.conclusion,
            }
            for row in rows
            for how, value, low, high in (
                ("set back to before training", row.reinitialized, *(row.interval or (None, None))),
                (
                    "drawn anew",
                    *(
                        (row.rerandomized.median, row.rerandomized.low, row.rerandomized.high)
                        if row.rerandomized
                        else (None,) * 3
                    ),
                ),
            )
        ]
    )
    base = alt.Chart(table).encode(
        y=alt.Y("layer:N", title=None, sort=None, axis=alt.Axis(labelFlush=False)),
        yOffset=alt.YOffset("how:N", sort=None),
        color=series_colour(table, "how", symbol="square"),
        tooltip=[
            alt.Tooltip("layer:N"),
            alt.Tooltip("how:N", title="weights"),
            alt.Tooltip("forgetting:Q", format=".2f"),
            alt.Tooltip("low:Q", title="from", format=".2f"),
            alt.Tooltip("high:Q", title="to", format=".2f"),
            alt.Tooltip("verdict:N"),
        ],
    )
    scale = alt.Scale(domain=[min(0.0, table["low"].min(skipna=True)), max(1.2, table["high"].max(skipna=True))])
    bars = base.mark_bar().encode(x=alt.X("forgetting:Q", title="forgetting on validation", scale=scale))
    bands = base.mark_rule(strokeWidth=2, color="#2b2230").encode(x="low:Q", x2="high:Q", color=alt.value(BASELINE))
    lines = pd.DataFrame({"at": [0.0, 1.0], "name": ["intact", "at chance"]})
    marks = alt.Chart(lines).mark_rule(color=BASELINE, strokeDash=[5, 4]).encode(x="at:Q", tooltip="name:N")
    texts = alt.Chart(lines).mark_text(color=BASELINE, fontSize=11, align="center", baseline="bottom")
    names = texts.encode(x="at:Q", y=alt.value(-3), text="name:N")
    return alt.layer(bars, bands, marks, names).properties(height=110 + 56 * len(rows))
