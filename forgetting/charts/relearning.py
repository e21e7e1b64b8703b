"""Relearning as Altair charts: learning curves beside those from scratch, and savings by the fraction randomized."""

import altair as alt
import pandas as pd

from forgetting.charts.style import BASELINE, CHART_HEIGHT, FRACTION_TITLE, ORIGINAL, RELEARNED
from forgetting.charts.vega import CONFIGURATION, PADDING, SCHEME_OF_ROW, baseline_rules, series_colour, series_shape

MODEL_COLOURS = {"continued": ORIGINAL, "randomized": RELEARNED, "scratch": BASELINE}
MODEL_NAMES = {"continued": "original", "randomized": "relearned", "scratch": "from scratch"}
MOST_EPOCHS = 200  # drawn of a band; of a longer one only every second, third … epoch is


def learning_curve_chart(
    bands: pd.DataFrame, baselines: dict[str, float], *, epochs: int, target: float
) -> alt.LayerChart:
    """Validation accuracy by epoch: median over seeds and 5–95 % band of each kind of model.

    Args:
        bands: of `studies.savings.learning_curve_bands`; epoch 0 is before training.
        baselines: dashed grey lines by name.
        epochs: length of the axis.
        target: the accuracy to reach.
    """
    every = -(-epochs // MOST_EPOCHS)
    table = bands[bands["epoch"] % every == 0].assign(model=bands["model"].map(MODEL_NAMES))
    base = alt.Chart(table).encode(
        x=alt.X("epoch:Q", title="epochs of training", scale=alt.Scale(domain=[0, epochs], nice=False)),
        color=alt.Color(
            "model:N",
            title=None,
            scale=alt.Scale(domain=list(MODEL_NAMES.values()), range=list(MODEL_COLOURS.values())),
            legend=alt.Legend(orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1),
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
    scratch = MODEL_NAMES["scratch"]  # which the others are held against, so dashed as every baseline
    dashes = alt.condition(alt.datum.model == scratch, alt.value([6, 3]), alt.value([1, 0]))
    points = base.mark_point(size=60, filled=True, opacity=0.001).encode(y="median:Q", tooltip=tooltip)
    return (
        alt.layer(
            *baseline_rules({**baselines, "target": target}, ".1%"),
            base.mark_area(opacity=0.18).encode(y=y, y2="high:Q"),
            base.mark_line(strokeWidth=2.5).encode(y="median:Q", strokeDash=dashes),
            points,
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT + 40)
    )


def savings_chart(curves: pd.DataFrame) -> alt.LayerChart:
    """Savings by the fraction randomized, for each layer set: median over seeds and 5–95 % band.

    Savings are 1 − steps to relearn / steps from scratch. The line is broken where no seed has savings.

    Args:
        curves: of `studies.savings.savings_curves`, of one scheme.
    """
    known = curves.copy()
    known.attrs = {"series": {"layers": list(dict.fromkeys(curves["layers"]))}}
    least = min(-0.1, known["low"].min(skipna=True)) if known["low"].notna().any() else -0.1
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
    y = alt.Y(
        "low:Q", title="savings (share of steps saved)", scale=alt.Scale(domain=[max(least, -2), 1.05], clamp=True)
    )
    tooltip = [
        alt.Tooltip("layers:N"),
        alt.Tooltip("scheme_name:N", title="scheme"),
        alt.Tooltip("dose:Q", title=FRACTION_TITLE, format=".3~%"),
        alt.Tooltip("median:Q", title="savings, median", format=".2f"),
        alt.Tooltip("low:Q", title="5 % of seeds", format=".2f"),
        alt.Tooltip("high:Q", title="95 % of seeds", format=".2f"),
        alt.Tooltip("accuracy:Q", title="accuracy right after randomizing", format=".1%"),
        alt.Tooltip("seeds:Q", title="seeds with savings"),
        alt.Tooltip("already_there:Q", title="already there"),
        alt.Tooltip("never:Q", title="never reached"),
        alt.Tooltip("conclusion:N"),
    ]
    # A mark without any point would be a picture without a name to a screen reader.
    points = base.mark_point(size=60, filled=True, opacity=1, aria=bool(known["median"].notna().any())).encode(
        y="median:Q", shape=series_shape(known, "layers"), tooltip=tooltip
    )
    lines = baseline_rules({"gone": 0.0, "never lost": 1.0}, ".0f")
    return (
        alt.layer(
            *lines,
            base.mark_area(opacity=0.18).encode(y=y, y2="high:Q"),
            base.mark_line(strokeWidth=2.5).encode(y="median:Q"),
            points,
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT + 40)
    )
