"""Relearning as Altair charts: courses beside those from scratch, and savings by dose."""

import altair as alt
import pandas as pd

from forgetting.charts.dose_response import MARGIN, series_colour, series_shape
from forgetting.charts.style import HEIGHT, ORIGINAL, RELEARNED, SERIES, baseline_rules

MODEL_COLOURS = {"continued": ORIGINAL, "randomized": RELEARNED, "scratch": SERIES[1]}  # with their colours
MODEL_NAMES = {"continued": "original", "randomized": "relearned", "scratch": "from scratch"}
MOST_EPOCHS = 200  # points of a band; of longer courses they are thinned


def course_chart(bands: pd.DataFrame, baselines: dict[str, float], *, epochs: int, target: float) -> alt.LayerChart:
    """Validation accuracy by epoch: median over seeds and 5–95 % band of each kind of model, from before training on.

    bands: of `relearning.course_bands`. target: the accuracy that is to be reached.
    """
    every = -(-epochs // MOST_EPOCHS)
    table = bands[bands["epoch"] % every == 0].assign(model=bands["model"].map(MODEL_NAMES))
    base = alt.Chart(table).encode(
        x=alt.X("epoch:Q", title="epochs of training again", scale=alt.Scale(domain=[0, epochs], nice=False)),
        color=alt.Color(
            "model:N",
            title=None,
            scale=alt.Scale(domain=list(MODEL_NAMES.values()), range=list(MODEL_COLOURS.values())),
            legend=alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1),
        ),
    )
    y = alt.Y("low:Q", title="validation accuracy", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1]))
    told = [
        alt.Tooltip("model:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("steps:Q"),
        alt.Tooltip("median:Q", format=".1%"),
        alt.Tooltip("low:Q", title="5 % of seeds", format=".1%"),
        alt.Tooltip("high:Q", title="95 % of seeds", format=".1%"),
        alt.Tooltip("seeds:Q"),
    ]
    points = base.mark_point(size=60, filled=True, opacity=0.001).encode(y="median:Q", tooltip=told)
    return alt.layer(
        *baseline_rules({**baselines, "target": target}, ".1%", gap=0.06, margin=True),
        base.mark_area(opacity=0.18).encode(y=y, y2="high:Q"),
        base.mark_line(strokeWidth=2.5).encode(y="median:Q"),
        points,
    ).properties(height=HEIGHT + 40, padding=MARGIN)


def savings_chart(curves: pd.DataFrame) -> alt.LayerChart:
    """Savings by dose for each layer set: median over seeds and 5–95 % band, between gone and never lost.

    curves: of `relearning.saving_curves`, of one scheme. At a dose at which no seed has savings the line is broken.
    """
    known = curves.copy()
    known.attrs = {"series": {"layers": list(dict.fromkeys(curves["layers"]))}}
    least = min(-0.1, known["low"].min(skipna=True)) if known["low"].notna().any() else -0.1
    base = alt.Chart(known).encode(
        x=alt.X(
            "dose:Q",
            title="dose (share of units randomized)",
            axis=alt.Axis(format="%"),
            scale=alt.Scale(domain=[0, 1]),
        ),
        color=series_colour(known, "layers"),
    )
    y = alt.Y("low:Q", title="savings", scale=alt.Scale(domain=[max(least, -2), 1.05], clamp=True))
    told = [
        alt.Tooltip("layers:N"),
        alt.Tooltip("scheme:N"),
        alt.Tooltip("dose:Q", format=".3~%"),
        alt.Tooltip("median:Q", title="savings, median", format=".2f"),
        alt.Tooltip("low:Q", title="5 % of seeds", format=".2f"),
        alt.Tooltip("high:Q", title="95 % of seeds", format=".2f"),
        alt.Tooltip("accuracy:Q", title="accuracy right after randomizing", format=".1%"),
        alt.Tooltip("seeds:Q", title="seeds with savings"),
        alt.Tooltip("already_there:Q", title="already there"),
        alt.Tooltip("never:Q", title="never reached"),
        alt.Tooltip("verdict:N"),
    ]
    points = base.mark_point(size=60, filled=True, opacity=1).encode(
        y="median:Q", shape=series_shape(known, "layers"), tooltip=told
    )
    lines = baseline_rules({"gone": 0.0, "never lost": 1.0}, ".0f", gap=0.06, margin=True)
    return alt.layer(
        *lines,
        base.mark_area(opacity=0.18).encode(y=y, y2="high:Q"),
        base.mark_line(strokeWidth=2.5).encode(y="median:Q"),
        points,
    ).properties(height=HEIGHT + 40, padding=MARGIN)
