"""Two models, or two accuracies, compared. What cannot be computed is None with its reason."""

import math
from dataclasses import dataclass

import torch

from forgetting.metrics import functional
from forgetting.metrics.scores import NOT_FINITE

PIECE = 4_000_000  # logits at a time


@dataclass(frozen=True)
class Ratio:
    """A figure that may be undefined: `value`, or None with `missing` saying why."""

    value: float | None
    missing: str = ""


def forgetting_ratio(before: float | None, after: float | None, chance: float) -> Ratio:
    """(before − after) / (before − chance) of an accuracy: 0 intact, 1 at uniform chance, above 1 below it.

    Undefined where the model was not better than chance before, as nothing can then be forgotten.

    >>> forgetting_ratio(0.9, 0.5, 0.1).value
    0.5
    """
    if before is None or after is None:
        return Ratio(None, NOT_FINITE)
    if before <= chance:
        return Ratio(None, f"accuracy before ({before:.3f}) is not above chance ({chance:.3f})")
    return Ratio((before - after) / (before - chance))


def agreement(first: torch.Tensor, second: torch.Tensor) -> Ratio:
    """Share of reviews for which two models' logits (reviews, classes) name the same class, in [0, 1]."""
    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        return Ratio(None, NOT_FINITE)
    return Ratio(functional.agreement(first.argmax(dim=1), second.argmax(dim=1)).item())


def divergence(first: torch.Tensor, second: torch.Tensor) -> Ratio:
    """Mean Jensen–Shannon divergence, base 2, of two models' softmax predictions, in [0, 1]; see `figures`."""
    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        return Ratio(None, NOT_FINITE)
    rows = max(1, PIECE // first.shape[1])  # in pieces, as all at once would take ten times the room of the logits
    means = [
        functional.divergence(*(functional.likelihoods(logits.double()) for logits in pair)).item()
        * (len(pair[0]) / len(first))
        for pair in zip(first.split(rows), second.split(rows), strict=True)
    ]
    return Ratio(math.fsum(means))
