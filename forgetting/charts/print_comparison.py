"""The charts that Plotly draws on pages, drawn with Altair from the same results: for files, reports and comparisons.

Altair writes SVG and PDF without a browser. What colours say, shapes, dashes or shades say as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.activations import FLIPPED, OTHER_CLASSES, UNCHANGED
from forgetting.charts.comparison import (
    MOST_ON_LINEAR_AXIS,
    count_weights,
    label_classes,
    largest_classes,
)
from forgetting.charts.style import (
    BASELINE,
    CHART_HEIGHT,
    HEAT,
    LIGHT_TEXT_FROM,
    NAMES_APART,
    ORIGINAL,
    PALE,
    PAPER,
    RANDOMIZED,
    SERIES_COLOURS,
    TEXT,
)
from forgetting.charts.vega import CONFIGURATION, plain_names, spread_apart
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.scores import FEWEST_CLASS_REVIEWS
from forgetting.model.split import PARTS
from forgetting.reporting.formatting import format_metric

if TYPE_CHECKING:
    import torch

    from forgetting.randomization.layers import LayerSummary
    from forgetting.studies.activations import ActivationMap

MODEL_PAIR = ("original", "randomized")
MODEL_RANGE = [ORIGINAL, RANDOMIZED]
BAR_SHADES = [1.0, 0.55]  # of the models' bars, as their colours are alike in grey
MANY_CLASSES = 8  # from which on a confusion matrix has no numbers in it
CELL = 26  # units of the height of a cell with a number
SMALL_CELL = 15
POINT_SHAPES = ("circle", "diamond", "triangle-up", "cross")


def printed_scores_chart(
    comparison: Comparison, baselines: Baselines, metric: str, unit: str = "nats per review"
) -> alt.LayerChart:
    """A metric before and after, by part, beside its baselines; the accuracy with 95 % Wilson intervals.

    Args:
        comparison: The two models.
        baselines: Of the split.
        metric: "accuracy", "bitwise_accuracy" or "loss".
        unit: Of the loss.
    """
    rows = []
    for part in PARTS:
        for model, outcome in zip(MODEL_PAIR, (comparison.original, comparison.randomized), strict=True):
            score = outcome.scores[part]
            value, interval = getattr(score, metric), score.interval if metric == "accuracy" else None
            low, high = interval or (None, None)
            text, top = format_metric(metric, value), max(high or 0, value or 0)
            rows.append(
                {"part": part, "model": model, "value": value, "low": low, "high": high, "text": text, "top": top}
            )
    table = pd.DataFrame(rows)
    lines = pd.DataFrame(
        [
            {"name": name, "part": part, "value": value}
            for part in PARTS
            for name, value in baselines.beside(metric, part).items()
        ]
    )
    axis, scale, floor = alt.Axis(format=".3~%", values=[0, 0.25, 0.5, 0.75, 1]), alt.Scale(domain=[0, 1.12]), 0.0
    title = metric.replace("_", " ")
    if metric == "loss":
        known = [*table["value"].dropna(), *lines["value"]]
        title, axis, scale = f"loss ({unit})", alt.Axis(tickCount=6), alt.Scale(domain=[0, 1.1 * max(known)], nice=True)
        if max(known) > MOST_ON_LINEAR_AXIS * baselines.chance_loss:
            floor = 10 ** math.floor(math.log10(min(filter(None, known))) - 0.1)
            title, scale = [title, "logarithmic"], alt.Scale(type="log", domain=[floor, 2 * max(known)], nice=False)
            table["top"] = table["top"].clip(lower=floor)
    x = alt.X("part:N", title=None, sort=list(PARTS), axis=alt.Axis(labelAngle=0))
    offset = alt.XOffset("model:N", sort=list(MODEL_PAIR))
    y = alt.Y("value:Q", title=title, axis=axis, scale=scale)
    legend = alt.Legend(orient="top", title=None, symbolType="square")
    base = alt.Chart(table).encode(x=x, xOffset=offset)
    bars = base.mark_bar().encode(
        y=y,
        y2=alt.Y2Datum(floor),
        color=alt.Color("model:N", scale=alt.Scale(domain=list(MODEL_PAIR), range=MODEL_RANGE), legend=legend),
        opacity=alt.Opacity(
            "model:O",
            sort=list(MODEL_PAIR),
            scale=alt.Scale(domain=list(MODEL_PAIR), range=BAR_SHADES),
            legend=legend,
        ),
    )
    whiskers = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.2)
    halo, text = (  # so that no line crosses a number
        base.mark_text(baseline="bottom", dy=-3, **look).encode(y=alt.Y("top:Q"), text=alt.Text("text:N"))
        for look in ({"color": PAPER, "stroke": PAPER, "strokeWidth": 3}, {"color": TEXT})
    )
    rules = alt.Chart(lines).mark_rule(color=BASELINE, strokeDash=[5, 4], strokeWidth=1.5)
    return (
        alt.layer(
            bars,
            rules.encode(x=alt.X("part:N", bandPosition=0), x2=alt.X2("part:N", bandPosition=1), y=alt.Y("value:Q")),
            whiskers.encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
            halo,
            text,
            _line_names(
                lines[lines["part"] == PARTS[1]], 1.12 if metric != "loss" else 1.1 * max(known), log=bool(floor)
            ),
        )
        .configure(**CONFIGURATION)
        .properties(height=CHART_HEIGHT - 60)
    )


def _line_names(lines: pd.DataFrame, length: float, *, log: bool) -> alt.Chart:
    """The names of lines in the right margin; where they are close, one above the other."""
    if not log:
        lines = lines.assign(value=spread_apart(lines["value"].to_numpy(), NAMES_APART * length))
    names = alt.Chart(lines).mark_text(align="left", baseline="middle", dx=5, color=TEXT)
    return names.encode(x=alt.XValue("width"), y=alt.Y("value:Q"), text=alt.Text("name:N"))


def printed_recall_chart(comparison: Comparison, classes: Sequence[str], baselines: Baselines) -> alt.LayerChart:
    """Recall of each class on the validation part, before and after, most frequent class on top."""
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    counts = before.confusion.sum(axis=1)
    rows = largest_classes(counts)
    names = plain_names(label_classes(classes, rows, write=str))
    wide = pd.DataFrame(
        {
            "class": names,
            "original": np.array(before.recall, dtype=float)[rows],
            "randomized": np.array(after.recall, dtype=float)[rows],
            "shade": np.where(counts[rows] < FEWEST_CLASS_REVIEWS, PALE, 1.0),
        }
    )
    table = wide.melt(["class", "shade"], list(MODEL_PAIR), "model", "recall")
    y = alt.Y("class:N", title=None, sort=names, axis=alt.Axis(labelLimit=190, labelOverlap=False))
    scale = alt.Scale(domain=[0, 1])
    opacity = alt.Opacity("shade:Q", scale=None)
    lines = (
        alt.Chart(wide)
        .mark_rule(color=BASELINE)
        .encode(y=y, x=alt.X("original:Q", scale=scale), x2=alt.X2("randomized:Q"), opacity=opacity)
    )
    legend = alt.Legend(orient="top", title=None)
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=70)
        .encode(
            y=y,
            x=alt.X("recall:Q", title="recall on validation", scale=scale, axis=alt.Axis(format=".3~%", tickCount=5)),
            color=alt.Color("model:N", scale=alt.Scale(domain=list(MODEL_PAIR), range=MODEL_RANGE), legend=legend),
            shape=alt.Shape(
                "model:N", scale=alt.Scale(domain=list(MODEL_PAIR), range=["circle", "diamond"]), legend=legend
            ),
            opacity=opacity,
        )
    )
    chance = alt.Chart(pd.DataFrame({"at": [baselines.chance], "name": ["chance"]}))
    rule = chance.mark_rule(color=BASELINE, strokeDash=[5, 4], strokeWidth=1.5).encode(x=alt.X("at:Q"))
    name = chance.mark_text(color=TEXT, baseline="bottom").encode(
        x=alt.X("at:Q"), y=alt.YValue(-3), text=alt.Text("name:N")
    )
    height = alt.Step(SMALL_CELL + 3)
    return alt.layer(rule, lines, points, name).configure(**CONFIGURATION).properties(height=height)


def printed_confusion_chart(comparison: Comparison, classes: Sequence[str]) -> alt.ConcatChart:
    """Confusion on the validation part, before and after: share of a true class's reviews by predicted class."""
    outcomes = (comparison.original.scores["validation"], comparison.randomized.scores["validation"])
    counts = outcomes[0].confusion.sum(axis=1)
    rows = largest_classes(counts)
    names = plain_names(label_classes(classes, rows, write=str))
    numbers = list(range(1, len(names) + 1))
    numbered = [f"{number} · {name}" for name, number in zip(names, numbers, strict=True)]
    few = len(names) < MANY_CLASSES
    charts = []
    for model, scores in zip(MODEL_PAIR, outcomes, strict=True):
        totals = np.maximum(scores.confusion.sum(axis=1, keepdims=True), 1)
        shares = (scores.confusion / totals)[np.ix_(rows, rows)]
        table = pd.DataFrame(
            {
                "true": np.repeat(numbered, len(names)),
                "predicted": np.tile(numbers, len(names)),
                "share": shares.ravel(),
                "shade": np.repeat(np.where(counts[rows] < FEWEST_CLASS_REVIEWS, PALE, 1.0), len(names)),
            }
        )
        base = alt.Chart(table).encode(
            x=alt.X("predicted:O", title="predicted class", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("true:N", title="true class", sort=numbered, axis=alt.Axis(labelLimit=140, labelOverlap=False)),
        )
        colour = alt.Color(
            "share:Q",
            title="share of the true class",
            scale=alt.Scale(domain=[0, 1], range=list(HEAT), interpolate="rgb"),
            legend=alt.Legend(orient="bottom", format=".3~%", gradientLength=120, tickCount=3),
        )
        cells = base.mark_rect(stroke="white").encode(color=colour, opacity=alt.Opacity("shade:Q", scale=None))
        texts = base.mark_text(fontSize=10).encode(
            text=alt.Text("share:Q", format=".0%"),
            color=alt.ColorValue(
                "black", condition={"test": alt.datum.share * alt.datum.shade > LIGHT_TEXT_FROM, "value": "white"}
            ),
        )
        layered = alt.layer(cells, texts) if few else alt.layer(cells)
        charts.append(layered.properties(title=model, height=alt.Step(CELL if few else SMALL_CELL)))
    return alt.concat(*charts, columns=2).configure(**CONFIGURATION)


def printed_weights_chart(
    original: torch.nn.Module, randomized: torch.nn.Module, layers: Sequence[LayerSummary]
) -> alt.ConcatChart:
    """Histogram of each layer's parameters, before and after; counts on a logarithmic axis."""
    charts = []
    for layer in layers:
        edges, *both = count_weights(original, randomized, layer.name)
        table = pd.concat(
            pd.DataFrame({"weight": edges[:-1], "model": model, "count": np.where(counts > 0, counts, np.nan)})
            for model, counts in zip(MODEL_PAIR, both, strict=True)
        )
        legend = alt.Legend(orient="top", title=None, symbolType="stroke", symbolStrokeWidth=2)
        lines = (
            alt.Chart(table)
            .mark_line(interpolate="step-after", strokeWidth=1.5)
            .encode(
                x=alt.X("weight:Q", title="weight", scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=4)),
                y=alt.Y(
                    "count:Q",
                    title="number of weights",
                    scale=alt.Scale(type="log", domainMin=0.8, nice=False),
                    axis=alt.Axis(tickCount=4, format="~s"),
                ),
                color=alt.Color("model:N", scale=alt.Scale(domain=list(MODEL_PAIR), range=MODEL_RANGE), legend=legend),
                strokeDash=alt.StrokeDash(
                    "model:N", scale=alt.Scale(domain=list(MODEL_PAIR), range=[[1, 0], [4, 2]]), legend=legend
                ),
            )
        )
        charts.append(lines.properties(title=layer.name, height=CHART_HEIGHT // 2))
    shared = {"color": "shared", "strokeDash": "shared"}
    return alt.concat(*charts, columns=min(3, len(charts))).resolve_scale(**shared).configure(**CONFIGURATION)


def printed_map_chart(
    places: ActivationMap, names: tuple[Sequence[str], Sequence[str]], groups: Sequence[str], *, linked: bool = True
) -> alt.ConcatChart:
    """The maps of the reviews in a layer, of the original and of the randomized model; see `map_chart`."""
    order = [*groups, *([OTHER_CLASSES] if any(set(each) - set(groups) for each in names) else [])]
    coloured = [name for name in order if name not in (UNCHANGED, OTHER_CLASSES)]
    looks = {
        name: (SERIES_COLOURS[at % 3], POINT_SHAPES[at // 3 % len(POINT_SHAPES)]) for at, name in enumerate(coloured)
    }
    looks |= {UNCHANGED: (BASELINE, "circle"), OTHER_CLASSES: (BASELINE, "square")}
    if FLIPPED in looks:
        looks[FLIPPED] = (SERIES_COLOURS[0], "diamond")
    domain = plain_names(order)
    both = np.concatenate([places.original, places.randomized])
    charts = []
    for model, points, of_map in zip(MODEL_PAIR, (places.original, places.randomized), names, strict=True):
        shown = both if linked else points
        table = pd.DataFrame(
            {
                "x": points[:, 0],
                "y": points[:, 1],
                "group": plain_names(name if name in groups else OTHER_CLASSES for name in of_map),
            }
        )
        legend = alt.Legend(orient="bottom", title=None, columns=3, symbolOpacity=1)
        x, y = (
            alt.Scale(domain=[float(shown[:, axis].min()), float(shown[:, axis].max())], nice=True) for axis in (0, 1)
        )
        chart = (
            alt.Chart(table)
            .mark_point(filled=True, size=18, opacity=0.7)
            .encode(
                x=alt.X("x:Q", title="principal component 1", scale=x, axis=alt.Axis(tickCount=4)),
                y=alt.Y("y:Q", title="principal component 2", scale=y, axis=alt.Axis(tickCount=4)),
                color=alt.Color(
                    "group:N", scale=alt.Scale(domain=domain, range=[looks[name][0] for name in order]), legend=legend
                ),
                shape=alt.Shape(
                    "group:N", scale=alt.Scale(domain=domain, range=[looks[name][1] for name in order]), legend=legend
                ),
            )
        )
        charts.append(chart.properties(title=model, height=CHART_HEIGHT - 60))
    return alt.concat(*charts, columns=2).resolve_scale(color="shared", shape="shared").configure(**CONFIGURATION)
