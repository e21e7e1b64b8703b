"""Two models, or two accuracies, compared. What cannot be computed is None with its reason."""

import math
from dataclasses import dataclass

import torch

from forgetting.metrics import functional
from forgetting.metrics.scores import NOT_FINITE

LOGITS_AT_ONCE = 4_000_000  # logits at a time


@dataclass(frozen=True)
class Measurement:
    """A figure that may be undefined: `value`, or None with `missing` saying why."""

    value: float | None
    missing: str = ""


def measure_forgetting(before: float | None, after: float | None, chance: float) -> Measurement:
    """(before − after) / (before − chance) of an accuracy: 0 intact, 1 at uniform chance, above 1 below it.

    Undefined where the model was not better than chance before, as nothing can then be forgotten.

    >>> forgetting_ratio(0.9, 0.5, 0.1).value
    0.5
    """
    if before is None or after is None:
        return Measurement(None, NOT_FINITE)
    if before <= chance:
        return Measurement(None, f"accuracy before ({before:.3f}) is not above chance ({chance:.3f})")
    return Measurement((before - after) / (before - chance))


def measure_agreement(first: torch.Tensor, second: torch.Tensor) -> Measurement:
    """Share of reviews for which two models' logits (reviews, classes) name the same class, in [0, 1]."""
    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        return Measurement(None, NOT_FINITE)
    return Measurement(functional.agreement(first.argmax(dim=1), second.argmax(dim=1)).item())


def measure_divergence(first: torch.Tensor, second: torch.Tensor) -> Measurement:
    """Mean Jensen–Shannon divergence, base 2, of two models' softmax predictions, in [0, 1]; see `figures`."""
    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        return Measurement(None, NOT_FINITE)
    rows = max(
        1, LOGITS_AT_ONCE // first.shape[1]
    )  # in pieces, as all at once would take ten times the room of the logits
    means = [
        functional.divergence(*(functional.softmax(logits.double()) for logits in pair)).item()
        * (len(pair[0]) / len(first))
        for pair in zip(first.split(rows), second.split(rows), strict=True)
    ]
    return Measurement(math.fsum(means))
