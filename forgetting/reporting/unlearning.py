"""What a comparison of unlearning methods says, as sentences."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from forgetting.reporting.formatting import format_share
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.task import REFERENCE


def describe_unlearning(result: UnlearningResult) -> str:
    """What exact retraining leaves; which method comes near to it, and which remember or forget too much.

    By lines, which are the same however many seeds are done, so that what is below them stands still.
    """
    counts = result.reviews
    methods = [name for name in dict.fromkeys(row.method for row in result.rows) if name not in (REFERENCE, "original")]
    left = result.frame.drop_duplicates("seed")["retrained_forget_accuracy"].median()
    named = (
        f"{format_share(left)} of them are named right" if not np.isnan(left) else "it is not known how many are right"
    )
    first = (
        f"{counts['forget']:,} of {counts['forget'] + counts['retain']:,} training reviews are to be forgotten; after "
        f"exact retraining {named} (chance {format_share(result.chance)}, largest class "
        f"{format_share(result.majority['forget'])})."
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


def _median(result: UnlearningResult, method: str, metric: str) -> float | None:
    """Of a method's seeds; None where half of them or more have no such figure: the others may be the best alone."""
    values = [row.metrics[metric] for row in result.rows if row.method == method]
    known = [value for value in values if value is not None]
    return float(np.median(known)) if len(known) > len(values) / 2 else None
