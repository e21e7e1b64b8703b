"""What dose–response curves and the robustness of layers say, as sentences."""

from collections.abc import Sequence

import pandas as pd

from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_share
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.layer_robustness import LayerRobustness

NOTHING_TO_SHOW = "There is no accuracy to show: no dose reaches that change, or the outputs are not finite numbers."
NO_HALF_WAY = {  # what stands for a half-way dose that there is not, by its kind
    "never": "not up to {until}",
    "before": "before the smallest dose",
    "unmeasured": "not measured yet",
    "undefined": "undefined",
}
SERIES_WORDS = {"scheme": "scheme", "layers": "layer set"}


def describe_half_way(halves: Sequence[HalfWay], baselines: Baselines, before: float) -> str:
    """At which dose each layer set is half-way down to chance."""
    trivial = (
        f"chance is {format_share(baselines.chance)}, the largest class "
        f"{format_share(baselines.majority['validation'])}"
    )
    schemes, units = ({getattr(half, name) for half in halves} for name in ("scheme", "unit"))
    parts = []
    for half in halves[:6]:
        name = half.layers + (f" by {half.scheme}" if len(schemes) > 1 else "")
        name += f" ({half.unit}s)" if len(units) > 1 else ""
        if half.dose is None:
            parts.append(f"{NO_HALF_WAY[half.kind].format(until=format_share(half.until))} for {name}")
        else:
            parts.append(
                f"{format_share(half.dose)} of {name}"
                + (f" ({format_interval(half)})" if format_interval(half) else "")
            )
    more = f", and {len(halves) - 6} more below" if len(halves) > 6 else ""
    return (
        f"Validation accuracy is {format_share(before)}, where {trivial}. Half-way down to chance: "
        f"{', '.join(parts)}{more}."
    )


def format_interval(half: HalfWay) -> str:
    """ "73 % to 84 %", an open end said so; "" where there is no interval."""
    if half.low is None and half.high is None:
        return ""
    return " to ".join("open" if end is None else format_share(end) for end in (half.low, half.high))


def describe_heat_map(curves: pd.DataFrame, baselines: Baselines, before: float) -> str:
    """Which layer set loses most at the largest dose, and which least."""
    if curves.empty:
        return NOTHING_TO_SHOW
    last = curves[curves["level"] == curves["level"].max()].sort_values("median")
    weakest, strongest = last.iloc[0], last.iloc[-1]
    other = "" if len(last) == 1 else f" and {format_share(strongest['median'])} with {strongest['layers']}"
    return (
        f"At a dose of {format_share(curves['level'].max())} validation accuracy is "
        f"{format_share(weakest['median'])} with "
        f"{weakest['layers']} randomized{other}; before it was {format_share(before)}, chance is "
        f"{format_share(baselines.chance)}, the largest class {format_share(baselines.majority['validation'])}."
    )


def describe_cascades(steps: pd.DataFrame, baselines: Baselines) -> str:
    """What the first step of each cascade costs."""
    parts = []
    for name, rows in steps.groupby("cascade", sort=False):
        first = rows[rows["step"] == 1].iloc[0]
        parts.append(f"{name}, {first['layers']} alone leaves {format_share(first['median'])}")
    before = steps.loc[steps["step"] == 0, "median"].iloc[0]
    return (
        f"From {format_share(before)}: {'; '.join(parts)}. Chance is {format_share(baselines.chance)}, the largest "
        "class "
        f"{format_share(baselines.majority['validation'])}."
    )


def describe_matched(curves: pd.DataFrame, rows: pd.DataFrame, baselines: Baselines, by: str = "scheme") -> str:
    """What each scheme, or layer set, leaves at the largest change that all of them reach."""
    if curves.empty:
        return NOTHING_TO_SHOW
    reached = curves.groupby("level")[by].nunique()
    named = curves.attrs.get("series", {}).get(by) or curves[by].unique()
    everywhere = reached[reached == len(named)]
    if everywhere.empty:
        return f"There is no change of the weights that each {SERIES_WORDS[by]} reaches at a dose of the plan."
    common = everywhere.index.max()
    at = curves[curves["level"] == common].sort_values("median")
    listed = ", ".join(
        f"{name} {format_share(median)} (dose {format_share(dose)})"
        for name, median, dose in zip(at[by], at["median"], at["dose"], strict=True)
    )
    before = rows["validation_accuracy_before"].median()
    return (
        f"With the weights moved by {format_share(common)} of their norm, validation accuracy is: {listed}. Before "
        "it was "
        f"{format_share(before)}, chance is {format_share(baselines.chance)}, the largest class "
        f"{format_share(baselines.majority['validation'])}."
    )


def describe_robustness(rows: Sequence[LayerRobustness], baselines: Baselines) -> str:
    """Which layers are critical, and which robust."""
    parts = []
    for row in rows:
        if row.reinitialized is None:
            parts.append(f"{row.layer}: there is no accuracy above chance that it could lose")
            continue
        back, anew = (format_share(accuracy) for accuracy in row.accuracies)
        parts.append(
            f"{row.layer} is {row.conclusion} (set back to before training it leaves {back}, drawn anew {anew})"
        )
    before, chance, majority = (
        format_share(rows[0].accuracy_before),
        format_share(rows[0].chance),
        baselines.majority["validation"],
    )
    return (
        f"{'; '.join(parts)}. Validation accuracy before is {before}, chance {chance}, the largest class "
        f"{format_share(majority)}."
    )
