"""Comparisons of two models, or of two accuracies. A metric that cannot be computed is None with its reason.

torch is imported where models are compared: whoever only reads measurements need not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forgetting.core.numbers import format_share
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


def measure_forgetting(before: float | None, after: float | None, chance: float) -> Measurement:
    """Forgetting of a model: (before − after) / (before − chance).

    It is 0 where the accuracy did not change, 1 at chance, and above 1 below chance. It is undefined where the model
    was no better than chance before, as nothing can then be forgotten.

    >>> measure_forgetting(0.9, 0.5, 0.1).value
    0.5

    Args:
        before: Accuracy of the original, in [0, 1]; None where it is missing.
        after: Accuracy of the randomized model, in [0, 1]; None where it is missing.
        chance: Accuracy of a uniform guess, 1 / classes.
    """
    if before is None or after is None:
        return Measurement(None, NOT_FINITE)
    if before <= chance:
        return Measurement(
            None, f"accuracy before ({format_share(before, 1)}) is not above chance ({format_share(chance, 1)})"
        )
    return Measurement((before - after) / (before - chance))


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
