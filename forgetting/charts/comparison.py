"""A comparison as Plotly charts: before and after, by part, class and layer. A sentence above each is its title.

Baselines are dashed and grey; their names label an axis on the right. Fonts and grid take the page's theme.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np

from forgetting.charts.figure import (
    PlainChart,
    as_data,
    axis_numbers,
    colour_key,
    logarithmic_ticks,
    plotly_chart,
    side_by_side,
)
from forgetting.charts.style import BASELINE, CHART_HEIGHT, NAMES_APART, ORIGINAL, PALE, RANDOMIZED
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.multiplicity import benjamini_hochberg
from forgetting.metrics.paired import SIGNIFICANT, PairedChange
from forgetting.metrics.scores import FEWEST_CLASS_REVIEWS, Scores
from forgetting.model.split import PARTS
from forgetting.randomization.layers import LayerSummary
from forgetting.reporting.formatting import (
    format_change,
    format_count,
    format_interval,
    format_metric,
    format_number,
    format_share,
)

if TYPE_CHECKING:
    import torch

QUARTERS = (0, 0.25, 0.5, 0.75, 1)
SHARE_TICKS = {"tickvals": QUARTERS, "ticktext": [format_share(share) for share in QUARTERS]}
WIDTHS = {"training": 0.36, "validation": 0.46}  # validation is what counts, so it is drawn larger
LABELS_APART = 0.5  # from the label of each bar to the next one, as far as it goes, so that all can be read
MOST_ON_LINEAR_AXIS = 8  # times the loss of a uniform guess
ROUND_NUMBERS = (
    *range(10, 20, 2),
    *range(20, 50, 5),
    *range(50, 101, 10),
)  # ends of an axis, times a power of ten
MOST_CLASSES = 25  # drawn in a chart by class; more cannot be read
MOST_CHARACTERS = 28  # of a class's name on an axis


def accuracy_chart(comparison: Comparison, baselines: Baselines, key: str = "", *, large: bool = False) -> PlainChart:
    """Top-1 accuracy with 95 % Wilson intervals, before and after, beside the baselines.

    Args:
        comparison: The two models.
        baselines: Of the split.
        key: What identifies the original and the randomization but for its fraction; the live fraction looks for it.
        large: Whether to write large, for a presentation.
    """
    lines = {
        "chance": (dict.fromkeys(PARTS, baselines.chance), "dash"),
        "largest class": (baselines.majority, "dash"),
    }
    if baselines.linear_svc:
        lines["LinearSVC"] = (baselines.linear_svc, "dot")
    return _before_after(comparison, "accuracy", lines, _share_axis("accuracy"), key, large=large)


def bitwise_chart(comparison: Comparison, baselines: Baselines) -> PlainChart:
    """The published accuracy, bitwise, beside what always answering "no" reaches."""
    lines = {"always “no”": (dict.fromkeys(PARTS, baselines.all_no), "dash")}
    return _before_after(comparison, "bitwise_accuracy", lines, _share_axis("bitwise accuracy"))


def loss_chart(
    comparison: Comparison,
    baselines: Baselines,
    unit: str = "nats per review",
    reached: Sequence[float] = (),
    key: str = "",
    *,
    large: bool = False,
) -> PlainChart:
    """The objective's loss, before and after, beside that of a uniform guess.

    The axis is logarithmic, and says so, where the largest loss is more than `MOST_ON_LINEAR_AXIS` times that of the
    guess, as nothing could be told apart otherwise.

    Args:
        comparison: The two models.
        baselines: Of the split.
        unit: Of the loss.
        reached: Losses that the axis must hold besides, so that it stands still while the fraction moves.
        key: See `accuracy_chart`.
        large: See `accuracy_chart`.
    """
    lines = {"uniform guess": (dict.fromkeys(PARTS, baselines.chance_loss), "dash")}
    outcomes = (comparison.original, comparison.randomized)
    found = [outcome.scores[part].loss or 0 for outcome in outcomes for part in PARTS]
    losses = [*found, *reached, baselines.chance_loss]
    axis = {"title": {"text": f"loss ({unit})"}, "range": [0, _round_up(1.14 * max(losses))]}
    if max(losses) > MOST_ON_LINEAR_AXIS * baselines.chance_loss:
        low, high = (math.log10(end) for end in (min(filter(None, losses)), max(losses)))
        axis = {
            "title": {"text": f"loss ({unit}), logarithmic"},
            "type": "log",
            "range": [low - 0.3, high + 0.14 * (high - low)],
            **logarithmic_ticks(low - 0.3, high),
        }
    return _before_after(comparison, "loss", lines, axis, key, large=large)


def _share_axis(title: str) -> dict:
    return {"title": {"text": title}, "range": [0, 1.14], **SHARE_TICKS}


def _round_up(value: float) -> float:
    """The next of the round numbers, so that an axis seldom changes with another draw."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return next(step * digits for digits in ROUND_NUMBERS if step * digits >= value)


def _before_after(
    comparison: Comparison,
    metric: str,
    lines: dict[str, tuple[dict[str, float], str]],
    axis: dict,
    key: str = "",
    *,
    large: bool = False,
) -> PlainChart:
    models = ((-0.5, comparison.original, ORIGINAL, "original"), (0.5, comparison.randomized, RANDOMIZED, "randomized"))
    drawn = [(index, part, *model) for index, part in enumerate(PARTS) for model in models]
    bars, labels = bars_and_labels(comparison.original.scores, comparison.randomized.scores, comparison.changes, metric)
    if "error_y" in bars:
        bars["error_y"] |= {"color": BASELINE, "thickness": 1.2, "width": 4}
    bars |= {
        "type": "bar",
        "x": [index + side * WIDTHS[part] for index, part, side, *_ in drawn],
        "width": [WIDTHS[part] for _, part, *_ in drawn],
        "marker": {"color": [colour for *_, colour, _ in drawn], "line": {"width": 0}},
        "customdata": [
            [name, f"{part} · {outcome.scores[part].reviews:,} reviews"] for _, part, _, outcome, _, name in drawn
        ],
        "textposition": "none",  # it is there to be hovered over
        "hovertemplate": "%{customdata[0]}: %{text}<br>%{customdata[1]}<extra></extra>",
    }
    labels |= {
        "type": "scatter",
        "mode": "text",
        "x": [index + side * LABELS_APART for index, _, side, *_ in drawn],
        "yaxis": "y2",  # which lies over the other, so that no line crosses a label
        "textposition": "top center",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    data = [bars, labels]
    for dash in dict.fromkeys(dash for _, dash in lines.values()):
        named = [(title, part) for title, (_, used) in lines.items() if used == dash for part in PARTS]
        data.append(
            {
                "type": "scatter",
                "x": [x for _, part in named for x in (*(PARTS.index(part) + end for end in (-0.48, 0, 0.48)), None)],
                "y": [y for title, part in named for y in (*[lines[title][0][part]] * 3, None)],
                "mode": "lines",
                "line": {"color": BASELINE, "dash": dash, "width": 1.5},
                "text": [
                    f"{title}, {part}: {format_metric(metric, lines[title][0][part])}"
                    for title, part in named
                    for _ in range(4)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    parts = {"tickvals": [0, 1], "ticktext": list(PARTS), "range": [-0.5, 1.5], "showgrid": False, "zeroline": False}
    names = _names_axis({title: values["validation"] for title, (values, _) in lines.items()}, axis, large)
    room = {"top": 44} if large else {}
    return plotly_chart(data, xaxis=parts, yaxis=axis, yaxis2=names, annotations=[colour_key()], meta=key, **room)


def bars_and_labels(
    original: Mapping[str, Scores],
    randomized: Mapping[str, Scores],
    changes: Mapping[str, PairedChange | None],
    metric: str,
) -> list[dict]:
    """What of the bars, and of the labels on them, depends on the scores: of both models in each part, part by part.

    Both models share a trace, and so do all baselines of one dash, as each trace costs time while the slider moves.

    Args:
        original: Scores of the original, by part.
        randomized: Scores of the randomized model.
        changes: The change of accuracy from the one to the other by part; None where it is missing.
        metric: Name of a metric of `Scores`.

    Returns:
        Properties of the first two traces of a chart.
    """
    scores = [model[part] for part in PARTS for model in (original, randomized)]
    values = [getattr(score, metric) for score in scores]
    texts = [format_metric(metric, value) for value in values]
    if metric != "accuracy":
        return [{"y": values, "text": texts}, {"y": [value or 0 for value in values], "text": texts}]
    ends = [score.interval or (0, 0) for score in scores]
    known = [value or 0 for value in values]
    hovered = [
        f"{text} ({format_interval(*score.interval)})" if score.interval else text
        for text, score in zip(texts, scores, strict=True)
    ]
    for place, change in enumerate(changes[part] for part in PARTS):
        ends_of_step = values[2 * place : 2 * place + 2]
        hovered[2 * place + 1] += _describe_change(change, *ends_of_step, shown=bool(change and change.decided))
    bars = {
        "y": values,
        "text": hovered,
        "error_y": {
            "array": [high - value for value, (_, high) in zip(known, ends, strict=True)],
            "arrayminus": [value - low for value, (low, _) in zip(known, ends, strict=True)],
        },
    }
    return [bars, {"y": [high for _, high in ends], "text": texts}]


def _describe_change(change: PairedChange | None, before: float | None, after: float | None, *, shown: bool) -> str:
    """Lines of what a mark of the randomized model says when it is pointed at; "" where the change is missing."""
    if change is None:
        return ""
    if not change.lost and not change.gained:
        return "<br>right for the same reviews as before"
    return f"<br>change {format_change(change, before, after)}{'' if shown else '<br>which may be luck'}"


def _names_axis(values: dict[str, float], axis: dict, large: bool) -> dict:
    """An axis on the right whose labels are the names of baselines, at their lines; those that are close share a label.

    Args:
        values: Where each baseline lies.
        axis: On the left, to which it is the same.
        large: See `accuracy_chart`.
    """
    logarithmic = axis.get("type") == "log"
    apart = (2 if large else 1) * NAMES_APART * (axis["range"][1] - axis["range"][0])
    groups: list[list[tuple[float, str]]] = []
    for title, value in sorted(values.items(), key=lambda item: item[1]):
        place = math.log10(value) if logarithmic else value
        if groups and place - groups[-1][-1][0] < apart:
            groups[-1].append((place, title))
        else:
            groups.append([(place, title)])
    places = [mean(place for place, _ in group) for group in groups]
    return {
        **{name: axis[name] for name in ("range", "type") if name in axis},
        "overlaying": "y",
        "side": "right",
        "tickvals": [10**place for place in places] if logarithmic else places,
        "ticktext": ["<br>".join(title for _, title in reversed(group)) for group in groups],
        **({"tickfont": {"size": 16}} if large else {}),
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }


def recall_chart(comparison: Comparison, classes: Sequence[str], baselines: Baselines) -> PlainChart:
    """Recall of each class on the validation part, before and after, most frequent class on top.

    A class with fewer than FEWEST_CLASS_REVIEWS reviews is drawn pale. That its change is no luck is decided among all
    classes, as they stand side by side.
    """
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    counts = before.confusion.sum(axis=1)
    rows = largest_classes(counts)[::-1]
    names = label_classes(classes, rows)
    opacity = np.where(counts[rows] < FEWEST_CLASS_REVIEWS, PALE, 1.0)
    data = [
        {
            "type": "scatter",
            "x": [before.recall[row], after.recall[row]],
            "y": [name] * 2,
            "mode": "lines",
            "line": {"color": BASELINE, "width": 1.5},
            "opacity": shown,
            "hoverinfo": "skip",
        }
        for row, name, shown in zip(rows, names, opacity, strict=True)
    ]
    changes = comparison.class_changes("validation")
    adjusted = benjamini_hochberg([change.p if change else math.nan for change in changes])
    told = [
        _describe_change(change, *step, shown=p <= SIGNIFICANT)
        for change, p, *step in zip(changes, adjusted, before.recall, after.recall, strict=True)
    ]
    for title, scores, colour, symbol, lines in (
        ("original", before, ORIGINAL, "circle", [""] * len(counts)),
        ("randomized", after, RANDOMIZED, "diamond", told),
    ):
        data.append(
            {
                "type": "scatter",
                "x": scores.recall[rows],
                "y": names,
                "mode": "markers",
                "marker": {"color": colour, "size": 11, "symbol": symbol, "opacity": opacity},
                "name": title,
                "text": [_describe_recall(title, scores.confusion[row], row) + lines[row] for row in rows],
                "hovertemplate": "%{y}, %{text}<extra></extra>",
            }
        )
    chance = {"x0": baselines.chance, "x1": baselines.chance, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
    label = {
        "x": baselines.chance, "y": 1, "yref": "paper", "yanchor": "bottom", "text": "chance", "showarrow": False,
    }  # fmt: skip
    return plotly_chart(
        data,
        height=max(CHART_HEIGHT, 110 + 24 * len(rows)),
        right=20,  # half of the last label
        top=50,
        annotations=[label, colour_key(side="right", above=21)],
        shapes=[{"type": "line", "line": {"color": BASELINE, "dash": "dash", "width": 1.5}, **chance}],
        xaxis={"title": {"text": "recall on validation"}, "range": [-0.03, 1.03], **SHARE_TICKS},
        yaxis={"automargin": True, "type": "category", "dtick": 1},  # a name may look like a number or a date
    )


def _describe_recall(model: str, predicted: np.ndarray, row: int) -> str:
    """A class's recall with its interval. predicted: its reviews by predicted class, (classes,)."""
    hits, reviews = int(predicted[row]), int(predicted.sum())
    if not reviews:
        return f"{model}: missing, as there are no reviews"
    interval = format_interval(*wilson_interval(hits, reviews))
    return f"{model}: {hits:,} of {format_count(reviews, 'review')}, {format_share(hits / reviews)} ({interval})"


def confusion_chart(comparison: Comparison, classes: Sequence[str]) -> PlainChart:
    """Confusion on the validation part, before and after: share of a true class's reviews by predicted class.

    A class with fewer than FEWEST_CLASS_REVIEWS reviews is drawn pale.
    """
    outcomes = (comparison.original.scores["validation"], comparison.randomized.scores["validation"])
    counts = outcomes[0].confusion.sum(axis=1)
    rows = largest_classes(counts)
    names = label_classes(classes, rows)
    numbers = [str(number) for number in range(1, len(names) + 1)]
    few = counts[rows] < FEWEST_CLASS_REVIEWS
    data = []
    for axis, scores, colour in zip(("", "2"), outcomes, (ORIGINAL, RANDOMIZED), strict=True):
        totals = scores.confusion.sum(axis=1, keepdims=True)
        shares = np.divide(scores.confusion, totals, out=np.full(scores.confusion.shape, np.nan), where=totals > 0)
        for left_out, opacity in ((few, 1.0), (~few, PALE)):
            data.append(
                {
                    "type": "heatmap",
                    "z": np.where(left_out[:, None], np.nan, shares[np.ix_(rows, rows)]),
                    "x": numbers,
                    "y": [f"{name} · {number}" for name, number in zip(names, numbers, strict=True)],
                    "text": [
                        [
                            f"true {true}<br>predicted {predicted}<br>"
                            f"{format_count(scores.confusion[row, column], 'review')}, "
                            f"{format_share(shares[row, column])} of the class"
                            for column, predicted in zip(rows, names, strict=True)
                        ]
                        for row, true in zip(rows, names, strict=True)
                    ],
                    "colorscale": [[0, "rgba(133,125,134,0.08)"], [1, colour]],
                    "opacity": opacity,
                    "zmin": 0,
                    "zmax": 1,
                    "showscale": False,
                    "xgap": 1,
                    "ygap": 1,
                    "hoverongaps": False,
                    "hovertemplate": "%{text}<extra></extra>",
                    "xaxis": f"x{axis}",
                    "yaxis": f"y{axis}",
                }
            )
    classes_axis = {"automargin": True, "type": "category", "showgrid": False}
    layout = side_by_side(
        ("original", "randomized"),
        xaxis={"title": {"text": "predicted class"}, "tickangle": 0, **classes_axis},
        yaxis={"autorange": "reversed", "dtick": 1, **classes_axis},
        first={"title": {"text": "true class"}},
        others={"matches": "y", "showticklabels": False},
        gap=0.03,
    )
    return plotly_chart(data, height=110 + 24 * len(rows), top=34, **layout)


def count_weights(original: torch.nn.Module, randomized: torch.nn.Module, layer: str) -> tuple[np.ndarray, ...]:
    """How many parameters of a layer lie in each of 60 ranges of one width.

    Returns:
        The 61 ends of the ranges, the counts of the original, and those of the randomized model.
    """
    values = [
        np.concatenate([values.detach().numpy().ravel() for values in model.get_submodule(layer).parameters(False)])
        for model in (original, randomized)
    ]
    finite = np.concatenate(values)
    finite = finite[np.isfinite(finite)]
    edges = np.linspace(finite.min(), finite.max() or 1, 61) if len(finite) else np.linspace(-1, 1, 61)
    return edges, *(np.histogram(each[np.isfinite(each)], edges)[0] for each in values)


def weights_chart(original: torch.nn.Module, randomized: torch.nn.Module, layers: Sequence[LayerSummary]) -> PlainChart:
    """Histogram of each layer's parameters, before and after; counts on a logarithmic axis."""
    titles = [layer.name for layer in layers]
    data = []
    for axis, layer in zip(axis_numbers(len(titles)), titles, strict=True):
        edges, *both = count_weights(original, randomized, layer)
        for title, colour, counts in zip(("original", "randomized"), (ORIGINAL, RANDOMIZED), both, strict=True):
            red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
            data.append(
                {
                    "type": "scatter",
                    "x": (edges[:-1] + edges[1:]) / 2,
                    "y": np.where(counts > 0, counts, None),
                    "mode": "lines",
                    "line": {"shape": "hvh", "color": colour, "width": 2},
                    "fill": "tozeroy",
                    "fillcolor": f"rgba({red},{green},{blue},0.25)",
                    "name": title,
                    "text": [
                        f"{title}: {count:,} weights near {format_number(middle)}"
                        for count, middle in zip(counts, (edges[:-1] + edges[1:]) / 2, strict=True)
                    ],
                    "hovertemplate": "%{text}<extra></extra>",
                    "xaxis": f"x{axis}",
                    "yaxis": f"y{axis}",
                }
            )
    layout = side_by_side(
        titles,
        xaxis={"title": {"text": "weight"}},
        yaxis={"type": "log", "rangemode": "tozero", **logarithmic_ticks(0, 9)},
        first={"title": {"text": "number of weights"}},
    )
    layout["annotations"].append(colour_key(above=26))
    return plotly_chart(data, top=58, **layout)


def largest_classes(counts: np.ndarray) -> np.ndarray:
    """Class numbers by falling count, as many as can be read; equal counts in their order."""
    return np.argsort(-counts, kind="stable")[:MOST_CLASSES]


def label_classes(classes: Sequence[str], rows: np.ndarray, write: Callable[[str], str] = as_data) -> list[str]:
    """Names for the axis: cut short, and numbered where cutting has made them equal, as an axis would merge them.

    Args:
        classes: The labels.
        rows: Numbers of the classes.
        write: How a text is written so that the chart finds no markup in it.
    """
    labels: list[str] = []
    for row in rows:
        name, number = classes[row], 2
        cut = name if len(name) <= MOST_CHARACTERS else name[: MOST_CHARACTERS - 1] + "…"
        short = write(cut)
        label = short
        while label in labels:
            label, number = f"{short} ({number})", number + 1
        labels.append(label)
    return labels
