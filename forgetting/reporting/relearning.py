"""Is it really gone? The answers of relearning and unlearning as sentences, with the baseline of every accuracy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_number, format_share
from forgetting.studies.relearning import LearningCurve
from forgetting.studies.savings import MemoryConclusion, conclude_memory

CONCLUSIONS = {  # of a verdict, short and as a sentence
    "remembers": ("remembers", "It still remembers"),
    "gone": ("no memory shown", "No memory can be shown"),
    "too few seeds": ("too few seeds", "Too few seeds to tell"),
    "one model": ("one model", "It cannot be told: all seeds leave the same model, perhaps one of lucky weights"),
    "undefined": ("cannot be told", "It cannot be told"),
}


def conclude_from_curves(
    courses: Sequence[LearningCurve], outcomes: pd.DataFrame, *, same_model: bool = False
) -> MemoryConclusion:
    """The verdict over the seeds of the randomized courses. alike: see `remembers`."""
    rows = outcomes[outcomes["model"] == "randomized"]
    scratch = {course.seed for course in courses if course.model == "scratch" and course.time_to_target.steps}
    failed = sum(
        course.model == "randomized" and course.time_to_target.steps is None and course.seed in scratch
        for course in courses
        if not course.target_accuracy.missing
    )
    return conclude_memory(rows["savings"], failed=failed, same_model=same_model)


def describe_relearning(
    courses: Sequence[LearningCurve],
    outcomes: pd.DataFrame,
    target: str,
    baselines: Baselines,
    *,
    same_model: bool = False,
) -> str:
    """Whether a randomized model still remembers. target: what was randomized, in words. alike: see `remembers`."""
    goal = courses[0].target_accuracy
    after = [
        course.points[0].validation.accuracy for course in courses if course.model == "randomized" and course.points
    ]
    if not after:
        return "No randomized model is there to compare yet, or its outputs are not finite numbers."
    memory = conclude_from_curves(courses, outcomes, same_model=same_model)
    trivial = f"chance {format_share(baselines.chance)}, largest class {format_share(baselines.majority['validation'])}"
    said = f"After randomizing {target} validation accuracy is {format_share(float(np.median(after)))} ({trivial}). "
    if goal.missing:
        return said + f"Savings are undefined: {goal.missing}."
    own, scratch = (_steps(courses, name) for name in ("randomized", "scratch"))
    said += f"To {format_share(goal.target)} it takes {own}, a model from scratch {scratch}"
    if memory.median is not None:
        said += f": savings {_signed(memory.median)} ({_signed(memory.low)} to {_signed(memory.high)})"
    return f"{said}. {CONCLUSIONS[memory.conclusion][1]}{_how_sure(memory)}."


def _steps(courses: Sequence[LearningCurve], name: str) -> str:
    """How many steps these models take, in words."""
    reached = [course.time_to_target for course in courses if course.model == name]
    known = [each.steps for each in reached if each.steps is not None]
    lost = len(reached) - len(known)
    if not known and all(each.kind == "diverged" for each in reached):
        return "for ever, as training diverges"
    told = f"{np.median(known):g} steps" if known else f"more than {max(each.limit for each in reached):,} steps"
    return told + (f" ({lost} of {len(reached)} seeds never get there)" if lost and known else "")


def _signed(value: float) -> str:
    return format_number(value).replace("-", "−")


def _how_sure(memory: MemoryConclusion) -> str:
    if memory.conclusion in ("remembers", "gone"):
        return f" (sign test over {memory.seeds} seeds, p = {memory.p:.2g})"
    return f": {memory.seeds} of the 5 seeds needed" if memory.conclusion == "too few seeds" else ""


def describe_savings(curves: pd.DataFrame, frame: pd.DataFrame, baselines: Baselines) -> str:
    """What savings are left at the largest dose, where accuracy alone would say that all is forgotten."""
    last = curves[curves["dose"] == curves["dose"].max()]
    parts = []
    for row in last.head(6).itertuples():
        left = "without savings" if np.isnan(row.median) else f"savings {_signed(row.median)}"
        parts.append(f"{row.layers} {format_share(row.accuracy)}, {left} ({CONCLUSIONS[row.conclusion][0]})")
    more = f", and {len(last) - 6} more" if len(last) > 6 else ""
    before, majority = frame["accuracy_before"].iloc[0], baselines.majority["validation"]
    largest = format_share(curves["dose"].max())
    return (
        f"Right after a dose of {largest} ({last['scheme'].iloc[0]}) validation accuracy is: {'; '.join(parts)}{more}. "
        f"Before it was {format_share(before)}, chance is {format_share(baselines.chance)}, the largest class "
        f"{format_share(majority)}."
    )
