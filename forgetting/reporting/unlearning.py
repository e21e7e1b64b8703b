"""A comparison of unlearning methods as sentences. Each accuracy stands beside its baseline."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from forgetting.reporting.formatting import format_number, format_share
from forgetting.reporting.names import format_method
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.task import REFERENCE, method_title


def describe_unlearning(result: UnlearningResult) -> str:
    """What exact retraining leaves, which method comes nearest to it, and which methods remember or over-forget.

    Returns:
        Lines, as many however many seeds are done, so that what is shown below them stands still.
    """
    counts = result.reviews
    methods = [name for name in result.methods if name not in (REFERENCE, "original")]
    accuracy = result.frame.drop_duplicates("seed")["retrained_forget_accuracy"].median()
    right = (
        "it is not known how many of them are classified correctly"
        if np.isnan(accuracy)
        else f"{format_share(accuracy)} of them are classified correctly"
    )
    first = (
        f"{counts['forget']:,} of {counts['forget'] + counts['retain']:,} training reviews are to be forgotten; after "
        f"exact retraining {right} (chance {format_share(result.chance)}, largest class "
        f"{format_share(result.majority['forget'])})."
    )
    if not methods:
        return first
    votes = {
        "the attack still finds the forget set": result.remembers,
        "the model knows the forget set less than one that never saw it (over-forgetting)": result.over_forgets,
        "the model relearns the forget set in less than half of the steps of a retrained one": partial(
            _relearns_soon, result
        ),
    }
    lines = [first, _describe_nearest(result, methods)]
    for what, vote in votes.items():
        found = {name: vote(name) for name in methods}
        listed = ", ".join(format_method(name) for name, holds in found.items() if holds)
        if listed or False in found.values():
            lines.append(f"{what[0].upper()}{what[1:]} after {listed or 'no method'}.")
        else:
            lines.append(f"Whether {what} is undecided.")
    return "\n".join(lines)


def describe_method(method: str) -> str:
    """What an unlearning method does: the first line of its docstring, without the name that may begin it."""
    title = method_title(method)
    name, _, rest = title.partition(": ")
    return rest if name.casefold() == format_method(method).casefold() else title


def _describe_nearest(result: UnlearningResult, methods: Sequence[str]) -> str:
    """The method with the highest ToW, beside that of another retraining."""
    scores = {name: score for name in methods if (score := _median(result, name, "tow")) is not None}
    if not scores:
        return "Which method comes nearest to exact retraining in accuracy is undecided."
    best, again = max(scores, key=scores.get), _median(result, REFERENCE, "tow")
    beside = "" if again is None else f", and that of another retraining {format_number(again)}"
    return (
        f"Nearest to exact retraining in accuracy comes {format_method(best)}: its tug of war (ToW) is "
        f"{format_number(scores[best])}{beside}."
    )


def _relearns_soon(result: UnlearningResult, method: str) -> bool | None:
    ratio = _median(result, method, "anamnesis")
    return None if ratio is None else ratio < 0.5


def _median(result: UnlearningResult, method: str, metric: str) -> float | None:
    """Median over a method's seeds; None where half of them or more lack the metric, as the rest may be the best."""
    values = [row.metrics[metric] for row in result.rows if row.method == method]
    present = [value for value in values if value is not None]
    return float(np.median(present)) if len(present) > len(values) / 2 else None
