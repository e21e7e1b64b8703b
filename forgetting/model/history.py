"""What a training run records: the metrics of both parts after each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PartMetrics:
    """Metrics of a model on one part.

    Attributes:
        loss: Loss of the objective without label smoothing.
        accuracy: Top-1 accuracy, in [0, 1].
    """

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Epoch:
    """One finished epoch.

    Attributes:
        epoch: Its number, from 1.
        training: Metrics on the training part.
        validation: Metrics on the validation part.
        seconds: Time since the start of training, with the time for the metrics.
        stopping: Metrics on the stopping part; None without one.
    """

    epoch: int
    training: PartMetrics
    validation: PartMetrics
    seconds: float
    stopping: PartMetrics | None = None


def find_best_epoch(history: Sequence[Epoch]) -> int | None:
    """The number of the first epoch with the lowest loss on the stopping part; None without such a part."""
    measured = [epoch for epoch in history if epoch.stopping]
    return min(measured, key=lambda epoch: epoch.stopping.loss).epoch if measured else None


def find_reached(history: Sequence[Epoch], kept_epoch: int | None) -> Epoch | None:
    """The epoch whose weights a model has; None before the first.

    Args:
        history: All epochs.
        kept_epoch: Number of the epoch whose weights were put back; None for the last one.
    """
    return history[(kept_epoch or len(history)) - 1] if history else None
