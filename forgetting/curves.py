"""Training histories and counts as Altair charts, which a page updates in place while they stream."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from forgetting.palette import BASELINE, ORIGINAL
from forgetting.training import Epoch

HEIGHT = 300
NO_WIDTH = "\u2060"
# fmt: off
OBJECT_NAMES = frozenset((
    "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "constructor",
    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
))
# fmt: on
MOST_POINTS = 300  # of a curve; a long history is thinned, its first and last epochs kept


@dataclass(frozen=True)
class Curve:
    """A history to draw, with its name and colour."""

    name: str
    history: Sequence[Epoch]
    colour: str = ORIGINAL


def history_chart(
    curves: Sequence[Curve], figure: str, baselines: Mapping[str, float], *, epochs: int, title: str
) -> alt.LayerChart:
    """One figure of the history, "loss" or "accuracy", by epoch: validation thick, training thin.

    baselines: dashed grey lines by name. epochs: the length of the axis, so that it stands still while curves grow.
    """
    data = pd.DataFrame(
        [
            {"epoch": row.epoch, "part": part, "model": curve.name, "value": getattr(getattr(row, part), figure)}
            for curve in curves
            for row in _thinned(curve.history)
            for part in ("training", "validation")
        ],
        columns=["epoch", "part", "model", "value"],
    )
    form = ".1%" if figure == "accuracy" else ".4f"
    axis = alt.Axis(format="%") if figure == "accuracy" else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if figure == "accuracy" else alt.Scale(zero=True, nice=True)
    base = alt.Chart(data).encode(
        x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[0, max(epochs, 1)], nice=False)),
        y=alt.Y("value:Q", title=title, scale=scale, axis=axis),
        color=alt.Color(
            "model:N",
            title=None,
            scale=alt.Scale(domain=[curve.name for curve in curves], range=[curve.colour for curve in curves]),
            # The invisible points of the tooltips would make the symbols of the legend invisible too.
            legend=alt.Legend(orient="top", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3)
            if len(curves) > 1
            else None,
        ),
        strokeWidth=alt.StrokeWidth(
            "part:O",
            title=None,
            sort=["training", "validation"],
            scale=alt.Scale(domain=["training", "validation"], range=[1.2, 3.2]),
            legend=alt.Legend(orient="top" if len(curves) == 1 else "bottom", symbolType="stroke"),
        ),
    )
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("part:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("value:Q", title=title, format=form),
    ]
    points = base.mark_circle(size=60, opacity=0.001).encode(strokeWidth=alt.value(0), tooltip=tooltip)
    return alt.layer(*rules(baselines, form, gap=0.075), base.mark_line(), points).properties(height=HEIGHT)


def rules(baselines: Mapping[str, float], form: str, gap: float, *, margin: bool = False) -> list[alt.Chart]:
    """Dashed lines with their names; gap: the least distance of two names, in units of the axis.

    margin: the names stand to the right of the plot, whose padding must hold them, instead of on the lines.
    """
    values = list(baselines.values())
    lines = pd.DataFrame({"name": list(baselines), "value": values, "place": _apart(values, gap)})
    base = alt.Chart(lines).encode(y="value:Q", tooltip=["name:N", alt.Tooltip("value:Q", format=form)])
    rule = base.mark_rule(color=BASELINE, strokeDash=[5, 4], strokeWidth=1.5)
    place = {"align": "right", "baseline": "bottom", "dx": -2, "dy": -2}
    if margin:
        place = {"align": "left", "baseline": "middle", "dx": 5}
    texts = alt.Chart(lines).mark_text(color=BASELINE, fontSize=11, **place)
    return [rule, texts.encode(y="place:Q", text="name:N", x=alt.value("width"))]


def _apart(values: Sequence[float], gap: float) -> list[float]:
    """The values, each moved up as far as it takes to be `gap` above the one below it."""
    places, last = dict.fromkeys(range(len(values)), 0.0), -np.inf
    for index in np.argsort(values, kind="stable"):
        places[index] = last = max(values[index], last + gap)
    return list(places.values())


def _thinned(history: Sequence[Epoch]) -> Sequence[Epoch]:
    if len(history) <= MOST_POINTS:
        return history
    kept = np.unique(np.linspace(0, len(history) - 1, MOST_POINTS).round().astype(int))
    return [history[row] for row in kept]


def plain_names(names: Iterable[str]) -> list[str]:
    """Names that Vega can keep apart: one that every object of JavaScript has gets a sign of no width before it."""
    return [f"{NO_WIDTH}{name}" if name in OBJECT_NAMES else name for name in names]


def classes_chart(counts: Mapping[str, int], most: int = 30) -> alt.Chart:
    """Reviews of each class, most frequent on top; of many classes the largest."""
    data = pd.DataFrame({"class": plain_names(counts), "reviews": list(counts.values())}).head(most)
    data["share"] = data["reviews"] / max(sum(counts.values()), 1)
    return (
        alt.Chart(data)
        .mark_bar(color=ORIGINAL)
        .encode(
            x=alt.X("reviews:Q", title="reviews"),
            y=alt.Y("class:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)),
            tooltip=["class:N", "reviews:Q", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=70 + 24 * len(data))
    )


def lengths_chart(words: np.ndarray) -> alt.Chart:
    """How long the texts are, in words."""
    counts, edges = np.histogram(words, bins=min(30, max(int(np.ptp(words)), 1)))
    data = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "reviews": counts})
    return (
        alt.Chart(data)
        .mark_bar(color=ORIGINAL)
        .encode(
            x=alt.X("from:Q", bin="binned", title="words in a text"),
            x2="to:Q",
            y=alt.Y("reviews:Q", title="reviews"),
            tooltip=[alt.Tooltip("from:Q", format=".0f"), alt.Tooltip("to:Q", format=".0f"), "reviews:Q"],
        )
        .properties(height=240)
    )
