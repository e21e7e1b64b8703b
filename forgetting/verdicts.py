"""Is it really gone? The answers of relearning and unlearning as sentences, with the baseline of every accuracy."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from forgetting.findings import number, percent
from forgetting.methods import REFERENCE
from forgetting.metrics import Baselines
from forgetting.relearned import Memory, remembers
from forgetting.relearning import Course
from forgetting.unlearned import UnlearningResult

WORDS = {  # of a verdict, short and as a sentence
    "remembers": ("remembers", "It still remembers"),
    "gone": ("no memory shown", "No memory can be shown"),
    "too few seeds": ("too few seeds", "Too few seeds to tell"),
    "one model": ("one model", "It cannot be told: all seeds leave the same model, perhaps one of lucky weights"),
    "undefined": ("cannot be told", "It cannot be told"),
}


def memory_of(courses: Sequence[Course], outcomes: pd.DataFrame, *, alike: bool = False) -> Memory:
    """The verdict over the seeds of the randomized courses. alike: see `remembers`."""
    rows = outcomes[outcomes["model"] == "randomized"]
    scratch = {course.seed for course in courses if course.model == "scratch" and course.reached.steps}
    failed = sum(
        course.model == "randomized" and course.reached.steps is None and course.seed in scratch
        for course in courses
        if not course.goal.missing
    )
    return remembers(rows["savings"], failed=failed, alike=alike)


def relearned(
    courses: Sequence[Course], outcomes: pd.DataFrame, target: str, baselines: Baselines, *, alike: bool = False
) -> str:
    """Whether a randomized model still remembers. target: what was randomized, in words. alike: see `remembers`."""
    goal = courses[0].goal
    after = [
        course.points[0].validation.accuracy for course in courses if course.model == "randomized" and course.points
    ]
    if not after:
        return "No randomized model is there to compare yet, or its outputs are not finite numbers."
    memory = memory_of(courses, outcomes, alike=alike)
    trivial = f"chance {percent(baselines.chance)}, largest class {percent(baselines.majority['validation'])}"
    said = f"After randomizing {target} validation accuracy is {percent(float(np.median(after)))} ({trivial}). "
    if goal.missing:
        return said + f"Savings are undefined: {goal.missing}."
    own, scratch = (_steps(courses, name) for name in ("randomized", "scratch"))
    said += f"To {percent(goal.target)} it takes {own}, a model from scratch {scratch}"
    if memory.median is not None:
        said += f": savings {_signed(memory.median)} ({_signed(memory.low)} to {_signed(memory.high)})"
    return f"{said}. {WORDS[memory.verdict][1]}{_how_sure(memory)}."


def _steps(courses: Sequence[Course], name: str) -> str:
    """How many steps these models take, in words."""
    reached = [course.reached for course in courses if course.model == name]
    known = [each.steps for each in reached if each.steps is not None]
    lost = len(reached) - len(known)
    if not known and all(each.kind == "diverged" for each in reached):
        return "for ever, as training diverges"
    told = f"{np.median(known):g} steps" if known else f"more than {max(each.limit for each in reached):,} steps"
    return told + (f" ({lost} of {len(reached)} seeds never get there)" if lost and known else "")


def _signed(value: float) -> str:
    return number(value).replace("-", "−")


def _how_sure(memory: Memory) -> str:
    if memory.verdict in ("remembers", "gone"):
        return f" (sign test over {memory.seeds} seeds, p = {memory.p:.2g})"
    return f": {memory.seeds} of the 5 seeds needed" if memory.verdict == "too few seeds" else ""


def saved(curves: pd.DataFrame, frame: pd.DataFrame, baselines: Baselines) -> str:
    """What savings are left at the largest dose, where accuracy alone would say that all is forgotten."""
    last = curves[curves["dose"] == curves["dose"].max()]
    parts = []
    for row in last.head(6).itertuples():
        left = "without savings" if np.isnan(row.median) else f"savings {_signed(row.median)}"
        parts.append(f"{row.layers} {percent(row.accuracy)}, {left} ({WORDS[row.verdict][0]})")
    more = f", and {len(last) - 6} more" if len(last) > 6 else ""
    before, majority = frame["accuracy_before"].iloc[0], baselines.majority["validation"]
    largest = percent(curves["dose"].max())
    return (
        f"Right after a dose of {largest} ({last['scheme'].iloc[0]}) validation accuracy is: {'; '.join(parts)}{more}. "
        f"Before it was {percent(before)}, chance is {percent(baselines.chance)}, the largest class "
        f"{percent(majority)}."
    )


def unlearned(result: UnlearningResult) -> str:
    """What exact retraining leaves; which method comes near to it, and which remember or forget too much.

    By lines, which are the same however many seeds are done, so that what is below them stands still.
    """
    counts = result.reviews
    methods = [name for name in dict.fromkeys(row.method for row in result.rows) if name not in (REFERENCE, "original")]
    left = result.frame.drop_duplicates("seed")["retrained_forget_accuracy"].median()
    named = f"{percent(left)} of them are named right" if not np.isnan(left) else "it is not known how many are right"
    first = (
        f"{counts['forget']:,} of {counts['forget'] + counts['retain']:,} training reviews are to be forgotten; after "
        f"exact retraining {named} (chance {percent(result.chance)}, largest class "
        f"{percent(result.majority['forget'])})."
    )
    if not methods:
        return first
    found = {
        "Told by their loss, so remembered": result.remembers,
        "Forgotten too much": result.over_forgets,
        "Known again in less than half of the steps": partial(_soon, result),
    }
    lines = [f"{what}: {_names({name: vote(name) for name in methods})}." for what, vote in found.items()]
    return "\n".join([first, _nearest(result, methods), *lines])


def _names(votes: Mapping[str, bool | None]) -> str:
    """Of whom it is true."""
    chosen = [name for name, vote in votes.items() if vote]
    return ", ".join(chosen) or ("none" if False in votes.values() else "cannot be told")


def _nearest(result: UnlearningResult, methods: Sequence[str]) -> str:
    """The method with the highest ToW, beside that of another retraining."""
    scores = {name: score for name in methods if (score := _median(result, name, "tow")) is not None}
    if not scores:
        return "Nearest to it in accuracy: cannot be told."
    best, again = max(scores, key=scores.get), _median(result, REFERENCE, "tow")
    beside = "" if again is None else f"; another retraining has {again:.2f}"
    return f"Nearest to it in accuracy: {best} (ToW {scores[best]:.2f}{beside})."


def _soon(result: UnlearningResult, method: str) -> bool | None:
    ratio = _median(result, method, "anamnesis")
    return None if ratio is None else ratio < 0.5


def _median(result: UnlearningResult, method: str, figure: str) -> float | None:
    """Of a method's seeds; None where half of them or more have no such figure: the others may be the best alone."""
    values = [row.figures[figure] for row in result.rows if row.method == method]
    known = [value for value in values if value is not None]
    return float(np.median(known)) if len(known) > len(values) / 2 else None
