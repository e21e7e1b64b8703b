"""Plotly charts from plain dicts, with the frame that all of them share."""

from typing import Any

import plotly.graph_objects as go

from forgetting.charts.style import CHART_HEIGHT, ORIGINAL, RANDOMIZED


def plotly_chart(
    data: list[dict], *, height: int = CHART_HEIGHT, right: int = 86, top: int = 30, **layout: Any
) -> go.Figure:
    """A chart that Plotly does not validate, as that takes ten times as long as all else. A test validates each chart.

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
    return go.Figure({"data": data, "layout": frame | layout}, _validate=False)


def colour_key(side: str = "left") -> dict:
    """A key of the two colours, in one line above the plot: Plotly's own legend takes room from a narrow chart."""
    words = ((ORIGINAL, "original"), (RANDOMIZED, "randomized"))
    text = "&nbsp;&nbsp;&nbsp;".join(f'<span style="color:{colour}">■</span> {word}' for colour, word in words)
    return {
        "x": 0 if side == "left" else 1, "y": 1, "xref": "paper", "yref": "paper", "xanchor": side,
        "yanchor": "bottom", "yshift": 5, "text": text, "showarrow": False, "font": {"size": 12},
    }  # fmt: skip
