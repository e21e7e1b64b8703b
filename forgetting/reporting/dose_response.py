"""Dose–response curves and the robustness of layers as sentences. Each accuracy stands beside its baseline."""

from collections.abc import Sequence

import pandas as pd

from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_baselines, format_interval, format_share
from forgetting.reporting.names import format_scheme
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.layer_robustness import LayerRobustness

NOTHING_TO_SHOW = (
    "There is no accuracy to show: no fraction reaches that change, or the outputs are not finite numbers."
)
NO_HALF_WAY = {  # what stands in place of a half-way dose where there is none, by its kind
    "never": "not reached up to {until}",
    "before": "reached before the smallest fraction",
    "unmeasured": "not measured yet",
    "undefined": "undefined",
}
SERIES_WORDS = {"scheme": "scheme", "layers": "layer set"}


def describe_half_way(halves: Sequence[HalfWay], baselines: Baselines, before: float) -> str:
    """At which dose each layer set is half-way down to chance: its D50.

    Args:
        halves: One a curve; the first six are listed.
        baselines: Of the split.
        before: Validation accuracy of the original model.
    """
    schemes, units = ({getattr(half, name) for half in halves} for name in ("scheme", "unit"))
    found, others = [], []
    for half in halves[:6]:
        name = half.layers + (f" by {format_scheme(half.scheme)}" if len(schemes) > 1 else "")
        name += f" ({half.unit}s)" if len(units) > 1 else ""
        if half.dose is None:
            others.append(f"{NO_HALF_WAY[half.kind].format(until=format_share(half.until))} for {name}")
        else:
            interval = format_interval(half.low, half.high)
            found.append(f"{format_share(half.dose)} of {name}" + (f" ({interval})" if interval else ""))
    sentences = [f"Validation accuracy is {format_share(before)}, where {format_baselines(baselines)}."]
    if found:
        sentences.append(f"It is half-way down to chance at {', '.join(found)}.")
    if others:
        sentences.append(f"Half-way down is {', '.join(others)}.")
    if len(halves) > 6:
        sentences.append(f"{len(halves) - 6} more stand below.")
    return " ".join(sentences)


def describe_heat_map(curves: pd.DataFrame, baselines: Baselines, before: float) -> str:
    """Which layer set loses most at the largest dose, and which least.

    Args:
        curves: Columns "layers", "planned_dose" (the dose) and "median" (validation accuracy).
        baselines: Of the split.
        before: Validation accuracy of the original model.
    """
    if curves.empty:
        return NOTHING_TO_SHOW
    last = curves[curves["planned_dose"] == curves["planned_dose"].max()].sort_values("median")
    weakest, strongest = last.iloc[0], last.iloc[-1]
    least = f"{format_share(weakest['median'])} for {weakest['layers']}"
    most = f"{format_share(strongest['median'])} for {strongest['layers']}"
    ends = least if len(last) == 1 else f"between {least} and {most}"
    return (
        f"With {format_share(curves['planned_dose'].max())} randomized, validation accuracy is {ends}; before it was "
        f"{format_share(before)}, {format_baselines(baselines)}."
    )


def describe_cascades(steps: pd.DataFrame, baselines: Baselines) -> str:
    """What the first step of each cascade leaves.

    Args:
        steps: Columns "cascade", "step", "layers" and "median" (validation accuracy).
        baselines: Of the split.
    """
    parts = []
    for name, rows in steps.groupby("cascade", sort=False):
        first = rows[rows["step"] == 1].iloc[0]
        parts.append(f"The first step {name} ({first['layers']} alone) leaves {format_share(first['median'])}")
    before = steps.loc[steps["step"] == 0, "median"].iloc[0]
    told = ". ".join(parts)
    return f"Before randomizing, validation accuracy is {format_share(before)}, {format_baselines(baselines)}. {told}."


def describe_matched(curves: pd.DataFrame, rows: pd.DataFrame, baselines: Baselines, by: str = "scheme") -> str:
    """What each scheme, or layer set, leaves at the largest relative change of the weights that all of them reach.

    Args:
        curves: Columns "layers", "scheme", "planned_dose" (the change), "median" (validation accuracy) and "dose".
        rows: Of the sweep, with "validation_accuracy_before".
        baselines: Of the split.
        by: What is compared: "scheme" or "layers".
    """
    if curves.empty:
        return NOTHING_TO_SHOW
    counts = curves.groupby("planned_dose")[by].nunique()
    series = curves.attrs.get("series", {}).get(by) or curves[by].unique()
    everywhere = counts[counts == len(series)]
    if everywhere.empty:
        return f"There is no change of the weights that each {SERIES_WORDS[by]} reaches at a planned fraction."
    common = everywhere.index.max()
    rows_there = curves[curves["planned_dose"] == common].sort_values("median")
    listed = ", ".join(
        f"{format_share(median)} for {format_scheme(name)} (fraction randomized {format_share(dose)})"
        for name, median, dose in zip(rows_there[by], rows_there["median"], rows_there["dose"], strict=True)
    )
    before = rows["validation_accuracy_before"].median()
    return (
        f"With the weights moved by {format_share(common)} of their length (norm), validation accuracy is {listed}. "
        f"Before it was {format_share(before)}, {format_baselines(baselines)}."
    )


def describe_robustness(rows: Sequence[LayerRobustness], baselines: Baselines) -> str:
    """Which layers are critical, and which robust.

    Args:
        rows: One a layer, at least one.
        baselines: Of the split.
    """
    parts = []
    for row in rows:
        if row.reinitialized is None:
            parts.append(f"{row.layer}: there is no accuracy above chance that it could lose")
            continue
        back, anew = (format_share(accuracy) for accuracy in row.accuracies)
        parts.append(
            f"{row.layer} is {row.conclusion} ({back} is left after re-initialization, {anew} after re-randomization)"
        )
    return (
        f"{'; '.join(parts)}. Validation accuracy before was {format_share(rows[0].accuracy_before)}, chance "
        f"{format_share(rows[0].chance)}, the largest class {format_share(baselines.majority['validation'])}."
    )
