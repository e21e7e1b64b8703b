"""What the charts of Altair share: baselines, series, and names that Vega can keep apart.

Charts name the class of each channel, as `y=alt.Y("value:Q")`: Altair takes a hundred times as long to find it out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.style import BASELINE, NAMES_APART, NO_WIDTH, ORIGINAL, SERIES_COLOURS, TEXT
from forgetting.core.numbers import PERCENT
from forgetting.reporting.names import SCHEME_NAMES

# Numbers as `reporting.formatting` writes them, on axes and in tooltips.
LOCALE = alt.Locale(
    number=alt.NumberLocale(decimal=".", thousands=",", grouping=[3], currency=["", ""], minus="−", percent=PERCENT)
)
CONFIGURATION = {
    "locale": LOCALE,
    "axis": alt.AxisConfig(labelFlush=False),  # each label stands at its tick
    "legend": alt.LegendConfig(labelLimit=0),  # and each name is read whole, however large it is written
}
PADDING = {"left": 5, "top": 5, "bottom": 5, "right": 30}  # the names of baselines are written larger on a large screen
# Expressions for what a scheme is called: of a row of data, and of the label of a legend.
SCHEME_OF_ROW = f"{json.dumps(SCHEME_NAMES)}[datum.scheme] || datum.scheme"
SCHEME_OF_LABEL = f"{json.dumps(SCHEME_NAMES)}[datum.label] || datum.label"
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
# fmt: off
OBJECT_NAMES = frozenset((
    "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "constructor",
    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
))
# fmt: on


def baseline_rules(
    baselines: Mapping[str, float],
    form: str,
    *,
    length: float = 1.0,
    margin: bool = True,
    symlog: float = 0.0,
    original: float | None = None,
) -> list[alt.Chart]:
    """Dashed grey lines with their names, and that of the original, where it is asked for.

    Args:
        baselines: the height of each line by its name.
        form: number format of the tooltip.
        length: of the axis; no matter where it is a symmetric logarithm.
        margin: whether the names stand to the right of the plot, or on the lines.
        symlog: constant of the symmetric logarithm that the axis is; 0 where it is linear.
        original: height of the original's line.
    """
    also = [] if original is None else [original]
    values = np.array([*baselines.values(), *also])
    if symlog:
        places = np.sign(values) * np.log1p(np.abs(values) / symlog)
        spread = np.array(spread_apart(places, NAMES_APART * np.log1p(100 / symlog)))
        label_y = np.sign(spread) * np.expm1(np.abs(spread)) * symlog
    else:
        label_y = spread_apart(values, NAMES_APART * length)
    lines = pd.DataFrame({"name": [*baselines, *["original" for _ in also]], "value": values, "label_y": label_y})
    looks = [(lines[: len(baselines)], {"color": BASELINE, "strokeDash": [5, 4]})]
    looks += [(lines[len(baselines) :], {"color": ORIGINAL})] if also else []
    rules = [
        alt.Chart(some)
        .mark_rule(strokeWidth=1.5, **look)
        .encode(y=alt.Y("value:Q"), tooltip=[alt.Tooltip("name:N"), alt.Tooltip("value:Q", format=form)])
        for some, look in looks
    ]
    position = {"align": "right", "baseline": "bottom", "dx": -2, "dy": -2}
    if margin:
        position = {"align": "left", "baseline": "middle", "dx": 5}
    texts = alt.Chart(lines).mark_text(color=TEXT, fontSize=11, **position)
    return [*rules, texts.encode(y=alt.Y("label_y:Q"), text=alt.Text("name:N"), x=alt.XValue("width"))]


def spread_apart(values: Sequence[float], gap: float) -> list[float]:
    """The values, each moved up as far as it takes to be `gap` above the one below it."""
    heights, last = dict.fromkeys(range(len(values)), 0.0), -np.inf
    for index in np.argsort(values, kind="stable"):
        heights[index] = last = max(values[index], last + gap)
    return list(heights.values())


def series_colour(curves: pd.DataFrame, by: str, symbol: str = "stroke", columns: int = 3) -> alt.Color:
    """A colour for each value of a column in the order of the plan, the same one whatever else is shown.

    Args:
        curves: that are drawn.
        by: the column.
        symbol: of the legend.
        columns: of the legend, which a phone must hold.
    """
    names = _series_names(curves, by)
    colours = [SERIES_COLOURS[index % len(SERIES_COLOURS)] for index in range(len(names))]
    legend = alt.Legend(orient="top", columns=columns, symbolType=symbol, symbolStrokeWidth=3, symbolOpacity=1)
    if by == "scheme":
        legend.labelExpr = SCHEME_OF_LABEL
    return alt.Color(f"{by}:N", title=None, scale=alt.Scale(domain=names, range=colours), legend=legend)


def series_shape(curves: pd.DataFrame, by: str) -> alt.Shape:
    """A shape for each as well, for whoever cannot tell the colours apart."""
    return alt.Shape(f"{by}:N", scale=alt.Scale(domain=_series_names(curves, by)), title=None)


def series_dash(curves: pd.DataFrame, by: str) -> alt.StrokeDash:
    """A dash for each value of a column: the first has none."""
    names = _series_names(curves, by)
    dashes = [DASHES[index % len(DASHES)] for index in range(len(names))]
    legend = alt.Legend(orient="bottom", symbolType="stroke", symbolStrokeWidth=2, symbolSize=300)
    return alt.StrokeDash(f"{by}:N", title=None, scale=alt.Scale(domain=names, range=dashes), legend=legend)


def _series_names(curves: pd.DataFrame, by: str) -> list[str]:
    """The names in the order of the plan, also those that have nothing to draw."""
    return curves.attrs.get("series", {}).get(by) or list(dict.fromkeys(curves[by]))


def plain_names(names: Iterable[str]) -> list[str]:
    """Names that Vega can keep apart: one that every object of JavaScript has gets a sign of no width before it."""
    return [f"{NO_WIDTH}{name}" if name in OBJECT_NAMES else name for name in names]
