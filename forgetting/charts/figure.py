"""Plotly charts from plain dicts, with the frame that all of them share."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import plotly.io
from plotly.basedatatypes import BaseFigure

from forgetting.charts.style import CHART_HEIGHT, ORIGINAL, RANDOMIZED

MOST_DECADES = 2.5  # of a logarithmic axis that has ticks between the powers of ten


class PlainChart(BaseFigure):
    """A Plotly figure that is written as it is: to validate and to copy it would take a hundred times as long.

    It can only be written or shown. `go.Figure(chart.to_dict())` is the same as a figure to work with, and validates
    it, which a test does for each chart.
    """

    def __init__(self, data: list[dict], layout: dict):
        self._data, self._layout = data, layout

    def to_dict(self) -> dict:
        """The traces and the layout, with Plotly's default template, which Streamlit sets to its own."""
        return {"data": self._data, "layout": {"template": _template(plotly.io.templates.default), **self._layout}}


@cache
def _template(name: str) -> dict:
    return plotly.io.templates[name].to_plotly_json()


def plotly_chart(
    data: list[dict], *, height: int = CHART_HEIGHT, right: int = 10, top: int = 30, **layout: Any
) -> PlainChart:
    """A chart in the frame that all share.

    Args:
        data: the traces. A property has its full form, as in `{"title": {"text": "loss"}}`.
        height: of the chart, in pixels.
        right: width of the right margin, in pixels.
        top: height of the top margin, in pixels.
        layout: other properties of the layout.
    """
    frame = {
        "height": height,
        "margin": {"l": 10, "r": right, "t": top, "b": 30},
        "showlegend": False,
        "hoverlabel": {"namelength": -1},
        "dragmode": False,
    }
    return PlainChart(data, frame | layout)


def as_data(text: str) -> str:
    """A text in which Plotly finds no markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def colour_key(side: str = "left", above: int = 5) -> dict:
    """A key of the two colours, in one line above the plot: Plotly's own legend takes room from a narrow chart.

    Args:
        side: at which it begins or ends.
        above: pixels from the plot.
    """
    words = ((ORIGINAL, "original"), (RANDOMIZED, "randomized"))
    text = "&nbsp;&nbsp;&nbsp;".join(f'<span style="color:{colour}">■</span> {word}' for colour, word in words)
    return {
        "x": 0 if side == "left" else 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": side,
        "yanchor": "bottom", "yshift": above, "text": text, "showarrow": False,
    }  # fmt: skip


def logarithmic_ticks(low: float, high: float) -> dict:
    """Ticks of a logarithmic axis: powers of ten, and twice and five times them where they are few, all as numbers.

    Plotly writes the latter as small digits without their power.

    Args:
        low: The power of ten where the axis begins.
        high: The power where its data end.
    """
    digits = (1, 2, 5) if high - low < MOST_DECADES else (1,)
    values, texts = [], []
    for power in range(math.floor(low), math.ceil(high) + 1):
        for digit in digits:
            value = digit * 10.0**power
            values.append(value)
            texts.append(f"{value:,.{max(0, -power)}f}" if -4 < power < 6 else f"{digit} × 10<sup>{power}</sup>")
    return {"tickvals": values, "ticktext": texts}


def axis_numbers(count: int) -> list[str]:
    """What follows "x" and "y" in the names of the axes of plots side by side."""
    return ["", *map(str, range(2, count + 1))]


def side_by_side(
    titles: Sequence[str], *, xaxis: dict, yaxis: dict, first: dict, others: dict | None = None, gap: float = 0.06
) -> dict:
    """The layout of plots side by side, with a title above each.

    Args:
        titles: of the plots, from left to right.
        xaxis: properties of each horizontal axis.
        yaxis: properties of each vertical axis.
        first: more of the vertical axis on the left.
        others: more of the other vertical axes.
        gap: between two plots, as a share of the whole width.
    """
    width = (1 - gap * (len(titles) - 1)) / len(titles)
    layout: dict[str, Any] = {"annotations": []}
    for index, (number, title) in enumerate(zip(axis_numbers(len(titles)), titles, strict=True)):
        left = index * (width + gap)
        layout[f"xaxis{number}"] = {"anchor": f"y{number}", "domain": [left, min(left + width, 1)], **xaxis}
        layout[f"yaxis{number}"] = {"anchor": f"x{number}", **yaxis, **((others or {}) if index else first)}
        layout["annotations"].append(
            {
                "x": left + width / 2, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "center",
                "yanchor": "bottom", "text": title, "showarrow": False, "font": {"size": 16},
            }
        )  # fmt: skip
    return layout
