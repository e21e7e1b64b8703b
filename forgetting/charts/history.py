"""Training histories as Altair charts, which a page updates in place while they stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.style import CHART_HEIGHT, ORIGINAL
from forgetting.charts.vega import CONFIGURATION, DASHES, PADDING, baseline_rules
from forgetting.model.history import Epoch

MOST_POINTS = 300  # of a curve; of a longer history some epochs are left out, never the first or the last


@dataclass(frozen=True)
class Curve:
    """A training history to draw.

    Attributes:
        name: stands in the legend.
        history: an epoch a row.
        colour: of the line.
    """

    name: str
    history: Sequence[Epoch]
    colour: str = ORIGINAL


def history_chart(
    curves: Sequence[Curve], metric: str, baselines: Mapping[str, float], *, epochs: int, title: str
) -> alt.LayerChart:
    """One metric of the histories by epoch: validation thick, training thin.

    Args:
        curves: the histories.
        metric: "loss" or "accuracy".
        baselines: dashed grey lines by name.
        epochs: length of the axis, so that it stands still while curves grow.
        title: of the vertical axis.
    """
    data = pd.DataFrame(
        [
            {"epoch": row.epoch, "part": part, "model": curve.name, "value": getattr(getattr(row, part), metric)}
            for curve in curves
            for row in _thin_out(curve.history)
            for part in ("training", "validation")
        ],
        columns=["epoch", "part", "model", "value"],
    )
    form = ".1%" if metric == "accuracy" else ".4f"
    axis = alt.Axis(format=".3~%") if metric == "accuracy" else alt.Axis()
    scale = alt.Scale(domain=[0, 1]) if metric == "accuracy" else alt.Scale(zero=True, nice=True)
    # The invisible points of the tooltips would make the symbols of the legend invisible too.
    shown = {"orient": "top", "symbolType": "stroke", "symbolOpacity": 1, "symbolStrokeWidth": 3, "symbolSize": 300}
    legend = alt.Legend(**shown) if len(curves) > 1 else None
    base = alt.Chart(data).encode(
        x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[0, max(epochs, 1)], nice=False)),
        y=alt.Y("value:Q", title=title, scale=scale, axis=axis),
        color=alt.Color(
            "model:N",
            title=None,
            scale=alt.Scale(domain=[curve.name for curve in curves], range=[curve.colour for curve in curves]),
            legend=legend,
        ),
        strokeDash=alt.StrokeDash(
            "model:N",
            scale=alt.Scale(domain=[curve.name for curve in curves], range=list(DASHES[: len(curves)])),
            legend=legend,
            title=None,
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
    points = base.mark_circle(size=60, opacity=0.001).encode(strokeWidth=alt.StrokeWidthValue(0), tooltip=tooltip)
    length = 1.0 if metric == "accuracy" else max(baselines.values(), default=1.0)
    rules = baseline_rules(baselines, form, length=length)
    return (
        alt.layer(*rules, base.mark_line(), points)
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT)
    )


def _thin_out(history: Sequence[Epoch]) -> Sequence[Epoch]:
    if len(history) <= MOST_POINTS:
        return history
    rows = np.unique(np.linspace(0, len(history) - 1, MOST_POINTS).round().astype(int))
    return [history[row] for row in rows]
