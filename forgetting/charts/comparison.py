"""A comparison as Plotly charts: before and after, by part, class and layer. A sentence above each is its title.

Baselines are dashed and grey, with their names in the right margin. Fonts and grid take the page's theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from forgetting.charts.figure import axis_numbers, colour_key, plotly_chart, side_by_side
from forgetting.charts.style import BASELINE, CHART_HEIGHT, ORIGINAL, RANDOMIZED
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.model.split import PARTS
from forgetting.randomization.layers import LayerSummary
from forgetting.reporting.formatting import format_number, format_share

if TYPE_CHECKING:
    import torch

WIDTHS = {"training": 0.28, "validation": 0.4}  # validation is what counts, so it is drawn larger
MOST_CLASSES = 25  # drawn in a chart by class; more cannot be read
MOST_CHARACTERS = 28  # of a class's name on an axis


def accuracy_chart(comparison: Comparison, baselines: Baselines) -> go.Figure:
    """Top-1 accuracy with 95 % Wilson intervals, before and after, beside the baselines."""
    lines = {
        "chance": (dict.fromkeys(PARTS, baselines.chance), "dash"),
        "largest class": (baselines.majority, "dash"),
    }
    if baselines.linear_svc:
        lines["LinearSVC"] = (baselines.linear_svc, "dot")
    chart = _before_after(comparison, "accuracy", ".1%", lines)
    chart.update_yaxes(title="accuracy", tickformat=".0%", range=[0, 1.14], tickvals=[0, 0.25, 0.5, 0.75, 1])
    return chart


def bitwise_chart(comparison: Comparison, baselines: Baselines) -> go.Figure:
    """The published accuracy, bitwise, beside what always answering "no" reaches."""
    lines = {"always “no”": (dict.fromkeys(PARTS, baselines.all_no), "dash")}
    chart = _before_after(comparison, "bitwise_accuracy", ".1%", lines)
    chart.update_yaxes(title="bitwise accuracy", tickformat=".0%", range=[0, 1.14], tickvals=[0, 0.25, 0.5, 0.75, 1])
    return chart


def loss_chart(comparison: Comparison, baselines: Baselines, unit: str = "nats a review") -> go.Figure:
    """The objective's loss, before and after, beside that of a uniform guess."""
    lines = {"uniform guess": (dict.fromkeys(PARTS, baselines.chance_loss), "dash")}
    chart = _before_after(comparison, "loss", ".3f", lines)
    outcomes = (comparison.original, comparison.randomized)
    losses = [outcome.scores[part].loss or 0 for outcome in outcomes for part in PARTS]
    chart.update_yaxes(title=f"loss ({unit})", range=[0, 1.18 * max(*losses, baselines.chance_loss)])
    return chart


def _before_after(
    comparison: Comparison, name: str, form: str, lines: dict[str, tuple[dict[str, float], str]]
) -> go.Figure:
    chart = go.Figure()
    for side, outcome, colour, title in (
        (-0.5, comparison.original, ORIGINAL, "original"),
        (0.5, comparison.randomized, RANDOMIZED, "randomized"),
    ):
        scores = [outcome.scores[part] for part in PARTS]
        values = [getattr(score, name) for score in scores]
        intervals = [score.interval if name == "accuracy" else None for score in scores]
        positions = [index + side * WIDTHS[part] for index, part in enumerate(PARTS)]
        chart.add_bar(
            x=positions,
            y=values,
            width=[WIDTHS[part] for part in PARTS],
            name=title,
            marker={"color": colour, "line": {"width": 0}},
            error_y=_error_bars(values, intervals),
            customdata=[f"{part} · {score.reviews:,} reviews" for part, score in zip(PARTS, scores, strict=True)],
            hovertemplate=f"{title}: %{{y:{form}}}<br>%{{customdata}}<extra></extra>",
        )
        for position, value, interval in zip(positions, values, intervals, strict=True):
            chart.add_annotation(
                x=position,
                y=max(interval[1] if interval else 0, value or 0),
                text=format_share(value) if "accuracy" in name else format_number(value),
                showarrow=False,
                yanchor="bottom",
                xshift=8 * side,
                font={"size": 12},
            )
    for title, (values, dash) in lines.items():
        _add_baseline(chart, title, values, dash, form)
    _label_baselines(chart, {title: values["validation"] for title, (values, _) in lines.items()})
    chart.update_xaxes(tickvals=[0, 1], ticktext=list(PARTS), range=[-0.5, 1.5], showgrid=False, zeroline=False)
    return _add_key(_set_frame(chart))


def _error_bars(values: list, intervals: list) -> dict | None:
    if not any(intervals):
        return None
    pairs = list(zip(values, intervals, strict=True))
    return {
        "array": [interval[1] - value if interval else 0 for value, interval in pairs],
        "arrayminus": [value - interval[0] if interval else 0 for value, interval in pairs],
        "color": BASELINE,
        "thickness": 1.2,
        "width": 4,
    }


def _add_baseline(chart: go.Figure, title: str, values: dict[str, float], dash: str, form: str) -> None:
    """One trace with a gap between the parts: a chart of few elements is drawn quickly when the slider moves."""
    heights = [values[part] for part in PARTS]
    chart.add_scatter(
        x=[-0.48, 0, 0.48, None, 0.52, 1, 1.48],
        y=[heights[0]] * 3 + [None] + [heights[1]] * 3,
        mode="lines",
        line={"color": BASELINE, "dash": dash, "width": 1.5},
        customdata=[PARTS[0]] * 4 + [PARTS[1]] * 3,
        hovertemplate=f"{title}, %{{customdata}}: %{{y:{form}}}<extra></extra>",
    )


def _label_baselines(chart: go.Figure, values: dict[str, float]) -> None:
    """Names in the right margin, at the height of their lines, pushed apart by a line of text where they are close."""
    highest = max([*values.values(), *(max(filter(None, bar.y), default=0) for bar in chart.data)])
    gap, last = 0.075 * max(highest, 1e-9), -np.inf
    for title, value in sorted(values.items(), key=lambda item: item[1]):
        last = max(value, last + gap)
        chart.add_annotation(
            x=1.01,
            xref="paper",
            y=last,
            text=title,
            showarrow=False,
            xanchor="left",
            yanchor="middle",
            font={"size": 11, "color": BASELINE},
        )


def _set_frame(chart: go.Figure, height: int = CHART_HEIGHT, right: int = 86, top: int = 30) -> go.Figure:
    chart.update_layout(
        height=height,
        margin={"l": 10, "r": right, "t": top, "b": 30},
        showlegend=False,
        hoverlabel={"namelength": -1},
        dragmode=False,
    )
    return chart


def _add_key(chart: go.Figure, side: str = "left") -> go.Figure:
    """A key of the two colours, in one line above the plot: Plotly's own legend takes room from a narrow chart."""
    words = ((ORIGINAL, "original"), (RANDOMIZED, "randomized"))
    text = "&nbsp;&nbsp;&nbsp;".join(f'<span style="color:{colour}">■</span> {word}' for colour, word in words)
    return chart.add_annotation(
        x=0 if side == "left" else 1, y=1, xref="paper", yref="paper", xanchor=side, yanchor="bottom", yshift=5,
        text=text, showarrow=False, font={"size": 12},
    )  # fmt: skip


def network_chart(
    layers: Sequence[LayerSummary], chosen: Sequence[str], fraction: float, ends: tuple[int, int]
) -> go.Figure:
    """The network as a row of bars, a layer each, filled with what is randomized. A click names its layer.

    Args:
        layers: the layers in their order.
        chosen: names of the layers that are randomized.
        fraction: of their units that is randomized.
        ends: numbers of words that go in and of classes that come out.
    """
    names = [layer.name for layer in layers]
    fractions = [fraction if name in chosen else 0.0 for name in names]
    chart = go.Figure()
    for title, colour, heights in (
        ("randomized", RANDOMIZED, fractions),
        ("original", ORIGINAL, [1 - value for value in fractions]),
    ):
        chart.add_bar(
            x=list(range(len(names))),
            y=heights,
            width=0.8,
            marker={"color": colour, "line": {"width": 0}},
            customdata=names,
            hovertemplate=f"%{{customdata}}: %{{y:.0%}} {title}. Click to choose.<extra></extra>",
            name=title,
        )
    for index, layer in enumerate(layers):
        text = f"<b>{layer.name}</b> {format_share(fractions[index])}"
        chart.add_annotation(x=index, y=1, yanchor="bottom", text=text, showarrow=False, font={"size": 13})
    _set_frame(chart, height=170, right=10, top=26)
    chart.update_layout(barmode="stack", clickmode="event+select")
    labels = [f"{layer.parameters:,} weights" for layer in layers]
    chart.update_xaxes(
        tickvals=list(range(len(names))), ticktext=labels, range=[-0.95, len(names) - 0.05], showgrid=False
    )
    chart.update_yaxes(visible=False, range=[0, 1.0], fixedrange=True)
    for position, text in ((-0.7, f"{ends[0]:,}<br>words →"), (len(names) - 0.3, f"→ {ends[1]:,}<br>classes")):
        chart.add_annotation(x=position, y=0.5, text=text, showarrow=False, font={"size": 11, "color": BASELINE})
    return chart


def recall_chart(comparison: Comparison, classes: Sequence[str], baselines: Baselines) -> go.Figure:
    """Recall of each class on the validation part, before and after, most frequent class on top."""
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    counts = before.confusion.sum(axis=1)
    rows = _largest(counts)[::-1]
    names = _labels(classes, rows)
    data = [
        {
            "type": "scatter",
            "x": [before.recall[row], after.recall[row]],
            "y": [name] * 2,
            "mode": "lines",
            "line": {"color": BASELINE, "width": 1.5},
            "hoverinfo": "skip",
        }
        for row, name in zip(rows, names, strict=True)
    ]
    for title, scores, colour, symbol in (
        ("original", before, ORIGINAL, "circle"),
        ("randomized", after, RANDOMIZED, "diamond"),
    ):
        data.append(
            {
                "type": "scatter",
                "x": scores.recall[rows],
                "y": names,
                "mode": "markers",
                "marker": {"color": colour, "size": 11, "symbol": symbol},
                "name": title,
                "customdata": counts[rows],
                "hovertemplate": f"%{{y}}, {title}: %{{x:.1%}} of %{{customdata}} reviews<extra></extra>",
            }
        )
    chance = {"x0": baselines.chance, "x1": baselines.chance, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
    label = {
        "x": baselines.chance, "y": 1, "yref": "paper", "yanchor": "bottom", "text": "chance", "showarrow": False,
        "font": {"size": 11, "color": BASELINE},
    }  # fmt: skip
    return plotly_chart(
        data,
        height=max(CHART_HEIGHT, 70 + 24 * len(rows)),
        right=20,
        top=34,
        annotations=[label, colour_key(side="right")],
        shapes=[{"type": "line", "line": {"color": BASELINE, "dash": "dash", "width": 1.5}, **chance}],
        xaxis={"title": {"text": "recall on validation"}, "tickformat": ".0%", "range": [-0.03, 1.03]},
        yaxis={"automargin": True, "type": "category"},  # a name may look like a number or a date
    )


def confusion_chart(comparison: Comparison, classes: Sequence[str]) -> go.Figure:
    """Confusion on the validation part, before and after: share of a true class's reviews by predicted class."""
    outcomes = (comparison.original.scores["validation"], comparison.randomized.scores["validation"])
    rows = _largest(outcomes[0].confusion.sum(axis=1))
    names = _labels(classes, rows)
    data = []
    for axis, scores, colour in zip(("", "2"), outcomes, (ORIGINAL, RANDOMIZED), strict=True):
        totals = scores.confusion.sum(axis=1, keepdims=True)
        shares = np.divide(scores.confusion, totals, out=np.full(scores.confusion.shape, np.nan), where=totals > 0)
        data.append(
            {
                "type": "heatmap",
                "z": shares[np.ix_(rows, rows)],
                "x": names,
                "y": names,
                "customdata": scores.confusion[np.ix_(rows, rows)],
                "colorscale": [[0, "rgba(133,125,134,0.08)"], [1, colour]],
                "zmin": 0,
                "zmax": 1,
                "showscale": False,
                "xgap": 1,
                "ygap": 1,
                "hovertemplate": "true %{y}<br>predicted %{x}<br>%{customdata} reviews, %{z:.0%} of the class"
                "<extra></extra>",
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
            }
        )
    classes_axis = {"automargin": True, "type": "category"}
    layout = side_by_side(
        ("original", "randomized"),
        xaxis={"title": {"text": "predicted class"}, "tickangle": -45, **classes_axis},
        yaxis={"autorange": "reversed", **classes_axis},
        first={"title": {"text": "true class"}},
        others={"matches": "y", "showticklabels": False},
        gap=0.03,
    )
    return plotly_chart(data, height=180 + 24 * len(rows), right=10, top=34, **layout)


def weights_chart(original: torch.nn.Module, randomized: torch.nn.Module, layers: Sequence[LayerSummary]) -> go.Figure:
    """Histogram of each layer's parameters, before and after; counts on a logarithmic axis."""
    titles = [layer.name for layer in layers]
    data = []
    for axis, layer in zip(axis_numbers(len(titles)), titles, strict=True):
        values = [
            np.concatenate([values.detach().numpy().ravel() for values in model.get_submodule(layer).parameters(False)])
            for model in (original, randomized)
        ]
        finite = np.concatenate(values)
        finite = finite[np.isfinite(finite)]
        edges = np.linspace(finite.min(), finite.max() or 1, 61) if len(finite) else np.linspace(-1, 1, 61)
        for title, colour, parameters in zip(("original", "randomized"), (ORIGINAL, RANDOMIZED), values, strict=True):
            counts = np.histogram(parameters[np.isfinite(parameters)], edges)[0]
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
                    "hovertemplate": f"{title}: %{{y:,}} weights near %{{x:.3g}}<extra></extra>",
                    "xaxis": f"x{axis}",
                    "yaxis": f"y{axis}",
                }
            )
    layout = side_by_side(
        titles,
        xaxis={"title": {"text": "weight"}},
        yaxis={"type": "log", "rangemode": "tozero", "exponentformat": "power", "dtick": 1},
        first={"title": {"text": "number of weights"}},
    )
    return plotly_chart(data, right=10, top=34, **layout)


def _largest(counts: np.ndarray) -> np.ndarray:
    """Class numbers by falling count, as many as can be read; equal counts in their order."""
    return np.argsort(-counts, kind="stable")[:MOST_CLASSES]


def _labels(classes: Sequence[str], rows: np.ndarray) -> list[str]:
    """Names for the axis: cut short, and numbered where cutting has made them equal, as an axis would merge them."""
    labels: list[str] = []
    for row in rows:
        name, number = classes[row], 2
        cut = name if len(name) <= MOST_CHARACTERS else name[: MOST_CHARACTERS - 1] + "…"
        short = cut.replace("&", "&amp;").replace("<", "&lt;")  # Plotly would read < as markup
        label = short
        while label in labels:
            label, number = f"{short} ({number})", number + 1
        labels.append(label)
    return labels
