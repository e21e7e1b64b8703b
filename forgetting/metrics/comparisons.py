"""Comparisons of two models, or of two accuracies. A metric that cannot be computed is None with its reason.

torch is imported where models are compared: whoever only reads measurements need not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forgetting.core.numbers import format_share
from forgetting.metrics.paired import PairedChange
from forgetting.metrics.scores import NOT_FINITE

if TYPE_CHECKING:
    import torch

LOGITS_AT_ONCE = 4_000_000  # logits of one model that are compared at a time


@dataclass(frozen=True)
class Measurement:
    """A metric that may be undefined.

    Attributes:
        value: The number; None where it is undefined.
        missing: The reason why it is undefined; "" where it is not.
    """

    value: float | None
    missing: str = ""


def measure_forgetting(before: float | None, after: float | None, baseline: float, name: str = "chance") -> Measurement:
    """Forgetting of a model: (before − after) / (before − baseline), of which chance is the baseline if not said.

    It is 0 where the accuracy did not change, 1 at the baseline, and above 1 below it. It is undefined where the model
    was no better before, as nothing can then be forgotten.

    >>> measure_forgetting(0.9, 0.5, 0.1).value
    0.5

    Args:
        before: Accuracy of the original, in [0, 1]; None where it is missing.
        after: Accuracy of the randomized model, in [0, 1]; None where it is missing.
        baseline: Accuracy of a trivial model, such as 1 / classes of a uniform guess.
        name: What the trivial model is called, for the reason of a missing value.
    """
    if before is None or after is None:
        return Measurement(None, NOT_FINITE)
    if before <= baseline:
        return Measurement(
            None, f"accuracy before ({format_share(before, 1)}) is not above {name} ({format_share(baseline, 1)})"
        )
    return Measurement((before - after) / (before - baseline))


def measure_forgetting_above_majority(
    before: float | None, after: float | None, majority: float, advantage: PairedChange | None
) -> Measurement:
    """Forgetting of what the original knew beyond the largest class: (before − after) / (before − majority).

    It is undefined, too, where the reviews do not show that the original is better than always predicting that class:
    the denominator may then be 0, and a quotient by it anything.

    Args:
        before: Accuracy of the original, in [0, 1]; None where it is missing.
        after: Accuracy of the randomized model, in [0, 1]; None where it is missing.
        majority: Accuracy of always predicting the most frequent class of the training part, in [0, 1].
        advantage: The change of accuracy from that to the original; None where it is missing.
    """
    found = measure_forgetting(before, after, majority, "the largest class")
    if found.missing or advantage is None or advantage.decided:
        return found
    show = "1 review does" if advantage.reviews == 1 else f"{advantage.reviews:,} reviews do"
    return Measurement(None, f"{show} not show that the original is better than the largest class")


def measure_agreement(first: torch.Tensor, second: torch.Tensor) -> Measurement:
    """Share of reviews, in [0, 1], for which the logits (reviews, classes) of two models predict the same class."""
    import torch

    from forgetting.metrics import formulas

    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        return Measurement(None, NOT_FINITE)
    return Measurement(formulas.agreement(first.argmax(dim=1), second.argmax(dim=1)).item())


def join_chunks(chunks: Sequence[tuple[Measurement, int]]) -> Measurement:
    """A mean over reviews of what was measured in chunks, each with its number of reviews."""
    reviews = sum(count for _, count in chunks)
    missing = next((found for found, _ in chunks if found.value is None), None)
    return missing or Measurement(math.fsum(found.value * (count / reviews) for found, count in chunks))


def measure_divergence(first: torch.Tensor, second: torch.Tensor) -> Measurement:
    """Mean Jensen–Shannon divergence, base 2, in [0, 1], of two models' softmax of logits (reviews, classes).

    See `metrics.formulas.divergence`.
    """
    import torch

    from forgetting.metrics import formulas

    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        return Measurement(None, NOT_FINITE)
    rows = max(1, LOGITS_AT_ONCE // first.shape[1])  # all at once would take ten times the memory of the logits
    means = [
        formulas.divergence(*(formulas.softmax(logits.double()) for logits in pair)).item()
        * (len(pair[0]) / len(first))
        for pair in zip(first.split(rows), second.split(rows), strict=True)
    ]
    return Measurement(math.fsum(means))
