"""Is it really gone? What relearning shows, as sentences. Each accuracy stands beside its baseline."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_baselines, format_number, format_share
from forgetting.reporting.names import format_scheme
from forgetting.studies.relearning import LearningCurve
from forgetting.studies.savings import MemoryConclusion, conclude_memory

CONCLUSIONS = {  # in words, by the conclusion of a MemoryConclusion: short, and as the beginning of a sentence
    "remembers": ("remembers", "It still remembers"),
    "gone": ("no memory shown", "No memory can be shown"),
    "too few seeds": ("too few seeds", "There are too few seeds to decide"),
    "one model": ("undecided", "It is undecided: all seeds leave the same model, whose weights may be lucky ones"),
    "undefined": ("undecided", "It is undecided whether it remembers"),
}


def conclude_from_curves(
    curves: Sequence[LearningCurve], outcomes: pd.DataFrame, *, same_model: bool = False
) -> MemoryConclusion:
    """Whether the randomized models still remember, over their seeds.

    Args:
        curves: Learning curves of all models and seeds.
        outcomes: Of the same result, with the columns "model" and "savings".
        same_model: Whether all seeds leave the same randomized model; see `conclude_memory`.
    """
    rows = outcomes[outcomes["model"] == "randomized"]
    scratch = {curve.seed for curve in curves if curve.model == "scratch" and curve.time_to_target.steps}
    failed = sum(
        curve.model == "randomized" and curve.time_to_target.steps is None and curve.seed in scratch
        for curve in curves
        if not curve.target_accuracy.missing
    )
    return conclude_memory(rows["savings"], failed=failed, same_model=same_model)


def describe_relearning(
    curves: Sequence[LearningCurve],
    outcomes: pd.DataFrame,
    target: str,
    baselines: Baselines,
    *,
    same_model: bool = False,
) -> str:
    """Whether a randomized model still remembers.

    Args:
        curves: Learning curves of all models and seeds, at least one.
        outcomes: Of the same result; see `conclude_from_curves`.
        target: What was randomized, in words.
        baselines: Of the split.
        same_model: Whether all seeds leave the same randomized model; see `conclude_memory`.
    """
    target_accuracy = curves[0].target_accuracy
    after = [curve.points[0].validation.accuracy for curve in curves if curve.model == "randomized" and curve.points]
    if not after:
        return "There is no randomized model to compare yet, or its outputs are not finite numbers."
    memory = conclude_from_curves(curves, outcomes, same_model=same_model)
    trivial = f"chance {format_share(baselines.chance)}, largest class {format_share(baselines.majority['validation'])}"
    text = f"After randomizing {target} validation accuracy is {format_share(float(np.median(after)))} ({trivial}). "
    if target_accuracy.missing:
        return text + f"Savings are undefined: {target_accuracy.missing}."
    randomized, scratch = (_describe_steps(curves, name) for name in ("randomized", "scratch"))
    text += f"To reach {format_share(target_accuracy.target)} it takes {randomized}, and from scratch {scratch}."
    if memory.median is not None:
        low, median, high = map(format_number, (memory.low, memory.median, memory.high))
        text += f" The savings are {median} (band {low} to {high})."
    text += f" {CONCLUSIONS[memory.conclusion][1]}"
    if memory.conclusion in ("remembers", "gone"):
        return f"{text} (sign test over {memory.seeds} seeds, p = {memory.p:.2g})."
    return f"{text}: {memory.seeds} of the 5 seeds needed." if memory.conclusion == "too few seeds" else f"{text}."


def _describe_steps(curves: Sequence[LearningCurve], model: str) -> str:
    """How many steps these models take, in words."""
    times = [curve.time_to_target for curve in curves if curve.model == model]
    steps = [time.steps for time in times if time.steps is not None]
    failed = len(times) - len(steps)
    if not steps and all(time.kind == "diverged" for time in times):
        return "endlessly long, as training diverges"
    text = f"{np.median(steps):,.10g} steps" if steps else f"more than {max(time.limit for time in times):,} steps"
    return text + (f" (never reached by {failed} of {len(times)} seeds)" if failed and steps else "")


def describe_savings(curves: pd.DataFrame, frame: pd.DataFrame, baselines: Baselines) -> str:
    """What savings are left at the largest dose, where accuracy alone would say that all is forgotten.

    Args:
        curves: See `savings_curves`; the first six layer sets are listed.
        frame: Of the same result, with the column "accuracy_before".
        baselines: Of the split.
    """
    last = curves[curves["dose"] == curves["dose"].max()]
    parts = []
    for row in last.head(6).itertuples():
        savings = "without savings" if np.isnan(row.median) else f"with savings of {format_number(row.median)}"
        parts.append(f"{format_share(row.accuracy)} for {row.layers}, {savings} ({CONCLUSIONS[row.conclusion][0]})")
    more = f", and {len(last) - 6} more" if len(last) > 6 else ""
    largest = format_share(curves["dose"].max())
    return (
        f"Right after randomizing {largest} ({format_scheme(last['scheme'].iloc[0])}) validation accuracy is "
        f"{'; '.join(parts)}{more}. Before it was {format_share(frame['accuracy_before'].iloc[0])}, "
        f"{format_baselines(baselines)}."
    )
