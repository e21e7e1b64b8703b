"""What dose–response curves and the robustness of layers say, as sentences."""

from collections.abc import Sequence

import pandas as pd

from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import percent
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.layer_robustness import LayerRobustness

NOTHING_TO_SHOW = "There is no accuracy to show: no dose reaches that change, or the outputs are not finite numbers."
WITHOUT = {  # what stands for a half-way dose that there is not, by its kind
    "never": "not up to {until}",
    "before": "before the smallest dose",
    "unmeasured": "not measured yet",
    "undefined": "undefined",
}
SIDE = {"scheme": "scheme", "layers": "layer set"}


def half_way_doses(halves: Sequence[HalfWay], baselines: Baselines, before: float) -> str:
    """At which dose each layer set is half-way down to chance."""
    trivial = f"chance is {percent(baselines.chance)}, the largest class {percent(baselines.majority['validation'])}"
    schemes, units = ({getattr(half, name) for half in halves} for name in ("scheme", "unit"))
    parts = []
    for half in halves[:6]:
        name = half.layers + (f" by {half.scheme}" if len(schemes) > 1 else "")
        name += f" ({half.unit}s)" if len(units) > 1 else ""
        if half.dose is None:
            parts.append(f"{WITHOUT[half.kind].format(until=percent(half.until))} for {name}")
        else:
            parts.append(f"{percent(half.dose)} of {name}" + (f" ({interval(half)})" if interval(half) else ""))
    more = f", and {len(halves) - 6} more below" if len(halves) > 6 else ""
    return (
        f"Validation accuracy is {percent(before)}, where {trivial}. Half-way down to chance: {', '.join(parts)}{more}."
    )


def interval(half: HalfWay) -> str:
    """ "73 % to 84 %", an open end said so; "" where there is no interval."""
    if half.low is None and half.high is None:
        return ""
    return " to ".join("open" if end is None else percent(end) for end in (half.low, half.high))


def heat(curves: pd.DataFrame, baselines: Baselines, before: float) -> str:
    """Which layer set loses most at the largest dose, and which least."""
    if curves.empty:
        return NOTHING_TO_SHOW
    last = curves[curves["level"] == curves["level"].max()].sort_values("median")
    weakest, strongest = last.iloc[0], last.iloc[-1]
    other = "" if len(last) == 1 else f" and {percent(strongest['median'])} with {strongest['layers']}"
    return (
        f"At a dose of {percent(curves['level'].max())} validation accuracy is {percent(weakest['median'])} with "
        f"{weakest['layers']} randomized{other}; before it was {percent(before)}, chance is "
        f"{percent(baselines.chance)}, the largest class {percent(baselines.majority['validation'])}."
    )


def cascades(steps: pd.DataFrame, baselines: Baselines) -> str:
    """What the first step of each cascade costs."""
    parts = []
    for name, rows in steps.groupby("cascade", sort=False):
        first = rows[rows["step"] == 1].iloc[0]
        parts.append(f"{name}, {first['layers']} alone leaves {percent(first['median'])}")
    before = steps.loc[steps["step"] == 0, "median"].iloc[0]
    return (
        f"From {percent(before)}: {'; '.join(parts)}. Chance is {percent(baselines.chance)}, the largest class "
        f"{percent(baselines.majority['validation'])}."
    )


def matched(curves: pd.DataFrame, rows: pd.DataFrame, baselines: Baselines, by: str = "scheme") -> str:
    """What each scheme, or layer set, leaves at the largest change that all of them reach."""
    if curves.empty:
        return NOTHING_TO_SHOW
    reached = curves.groupby("level")[by].nunique()
    named = curves.attrs.get("series", {}).get(by) or curves[by].unique()
    everywhere = reached[reached == len(named)]
    if everywhere.empty:
        return f"There is no change of the weights that each {SIDE[by]} reaches at a dose of the plan."
    common = everywhere.index.max()
    at = curves[curves["level"] == common].sort_values("median")
    listed = ", ".join(
        f"{name} {percent(median)} (dose {percent(dose)})"
        for name, median, dose in zip(at[by], at["median"], at["dose"], strict=True)
    )
    before = rows["validation_accuracy_before"].median()
    return (
        f"With the weights moved by {percent(common)} of their norm, validation accuracy is: {listed}. Before it was "
        f"{percent(before)}, chance is {percent(baselines.chance)}, the largest class "
        f"{percent(baselines.majority['validation'])}."
    )


def robust(rows: Sequence[LayerRobustness], baselines: Baselines) -> str:
    """Which layers are critical, and which robust."""
    parts = []
    for row in rows:
        if row.reinitialized is None:
            parts.append(f"{row.layer}: there is no accuracy above chance that it could lose")
            continue
        back, anew = (percent(accuracy) for accuracy in row.accuracies)
        parts.append(f"{row.layer} is {row.verdict} (set back to before training it leaves {back}, drawn anew {anew})")
    before, chance, majority = (
        percent(rows[0].accuracy_before),
        percent(rows[0].chance),
        baselines.majority["validation"],
    )
    return (
        f"{'; '.join(parts)}. Validation accuracy before is {before}, chance {chance}, the largest class "
        f"{percent(majority)}."
    )
