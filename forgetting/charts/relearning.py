"""Relearning as Altair charts: learning curves beside those from scratch, and savings by the fraction randomized."""

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.style import BASELINE, CHART_HEIGHT, FRACTION_TITLE, ORIGINAL, PALE, RELEARNED
from forgetting.charts.vega import CONFIGURATION, PADDING, SCHEME_OF_ROW, baseline_rules, series_colour, series_shape
from forgetting.reporting.relearning import format_log_ratio, format_savings, name_conclusion

MODEL_COLOURS = {"continued": ORIGINAL, "randomized": RELEARNED, "scratch": BASELINE}
# What the others are held against is dashed as every baseline.
MODEL_DASHES = {"continued": [1, 0], "randomized": [8, 2, 2, 2], "scratch": [6, 3]}
MODEL_NAMES = {"continued": "original", "randomized": "relearned", "scratch": "from scratch"}
MOST_EPOCHS = 200  # drawn of a band; of a longer one only every second, third … epoch is


def learning_curve_chart(
    bands: pd.DataFrame, baselines: dict[str, float], *, epochs: int, target: float
) -> alt.LayerChart:
    """Validation accuracy by epoch: median over seeds and 5–95 % band of each kind of model.

    Args:
        bands: of `studies.relearning.learning_curve_bands`; epoch 0 is before training.
        baselines: dashed grey lines by name.
        epochs: length of the axis.
        target: the accuracy to reach; where each replicate has its own, their median.
    """
    every = -(-epochs // MOST_EPOCHS)
    table = bands[bands["epoch"] % every == 0].assign(model=bands["model"].map(MODEL_NAMES))
    base = alt.Chart(table).encode(
        x=alt.X("epoch:Q", title="epochs of training", scale=alt.Scale(domain=[0, epochs], nice=False)),
        color=alt.Color(
            "model:N",
            title=None,
            scale=alt.Scale(domain=list(MODEL_NAMES.values()), range=list(MODEL_COLOURS.values())),
            legend=alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1, symbolSize=300),
        ),
    )
    y = alt.Y("low:Q", title="validation accuracy", axis=alt.Axis(format=".3~%"), scale=alt.Scale(domain=[0, 1]))
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("epoch:Q"),
        alt.Tooltip("steps:Q"),
        alt.Tooltip("median:Q", format=".1%"),
        alt.Tooltip("low:Q", title="5 % of seeds", format=".1%"),
        alt.Tooltip("high:Q", title="95 % of seeds", format=".1%"),
        alt.Tooltip("seeds:Q"),
    ]
    dashes = alt.StrokeDash(
        "model:N", title=None, scale=alt.Scale(domain=list(MODEL_NAMES.values()), range=list(MODEL_DASHES.values()))
    )
    points = base.mark_point(size=60, filled=True, opacity=0.001).encode(y=alt.Y("median:Q"), tooltip=tooltip)
    return (
        alt.layer(
            *baseline_rules({**baselines, "target": target}, ".1%"),
            base.mark_area(opacity=0.18).encode(y=y, y2=alt.Y2("high:Q")),
            base.mark_line(strokeWidth=2.5).encode(y=alt.Y("median:Q"), strokeDash=dashes),
            points,
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT + 40)
    )


def savings_chart(curves: pd.DataFrame) -> alt.LayerChart:
    """Savings by the fraction randomized, for each layer set: median over replicates and 5–95 % band.

    Savings are 1 − steps to relearn / steps from scratch. What never gets there lies at the lower end of the axis. The
    line is broken where nothing can be compared. Memory that is not shown beside the other variants is pale.

    Args:
        curves: of `studies.memory.savings_curves`, of one scheme.
    """
    known = curves.copy()
    ends = ["low", "median", "high"]
    never = known[ends].eq(-np.inf).any(axis=None)
    finite = known["low"][known["low"] > -np.inf]
    least = max(-2.0, min([-0.5 if never else -0.1, *finite]))
    known[ends] = known[ends].replace(-np.inf, least)
    known["savings"] = [format_savings(*pair) for pair in zip(curves["median"], curves["median_high"], strict=True)]
    known["log_ratio"] = [
        None if np.isnan(high) else format_log_ratio(low, high)
        for low, high in zip(curves["log_ratio"], curves["log_ratio_high"], strict=True)
    ]
    known["alone"] = known["conclusion"] != known["corrected"]
    for name in ("conclusion", "corrected"):
        known[name] = list(map(name_conclusion, curves[name], curves["unit"]))
    known.attrs = {"series": {"layers": list(dict.fromkeys(curves["layers"]))}}
    base = (
        alt.Chart(known)
        .transform_calculate(scheme_name=SCHEME_OF_ROW)
        .encode(
            x=alt.X(
                "dose:Q",
                title=FRACTION_TITLE,
                axis=alt.Axis(format=".3~%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=series_colour(known, "layers"),
        )
    )
    y = alt.Y("low:Q", title="savings (share of steps saved)", scale=alt.Scale(domain=[least, 1.05], clamp=True))
    tooltip = [
        alt.Tooltip("layers:N"),
        alt.Tooltip("scheme_name:N", title="scheme"),
        alt.Tooltip("dose:Q", title=FRACTION_TITLE, format=".3~%"),
        alt.Tooltip("savings:N", title="savings, median"),
        alt.Tooltip("interval_low:Q", title="90 % interval from", format=".2f"),
        alt.Tooltip("interval_high:Q", title="90 % interval to", format=".2f"),
        alt.Tooltip("low:Q", title="5 % of seeds", format=".2f"),
        alt.Tooltip("high:Q", title="95 % of seeds", format=".2f"),
        alt.Tooltip("log_ratio:N", title="log ratio of steps"),
        alt.Tooltip("accuracy:Q", title="accuracy right after randomizing", format=".1%"),
        alt.Tooltip("units:Q", title="compared"),
        alt.Tooltip("already_there:Q", title="already there"),
        alt.Tooltip("never:Q", title="never reached"),
        alt.Tooltip("conclusion:N", title="conclusion"),
        alt.Tooltip("corrected:N", title="corrected conclusion"),
    ]
    # A mark without any point would be a picture without a name to a screen reader.
    points = base.mark_point(size=60, filled=True, opacity=1, aria=bool(known["median"].notna().any())).encode(
        y=alt.Y("median:Q"),
        shape=series_shape(known, "layers"),
        opacity=alt.OpacityValue(1, condition={"test": alt.datum.alone, "value": PALE}),
        tooltip=tooltip,
    )
    lines = baseline_rules({"gone": 0.0, "never lost": 1.0} | ({"never reached": least} if never else {}), ".0f")
    return (
        alt.layer(
            *lines,
            base.mark_area(opacity=0.18).encode(y=y, y2=alt.Y2("high:Q")),
            base.mark_line(strokeWidth=2.5).encode(y=alt.Y("median:Q")),
            points,
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT + 40)
    )
