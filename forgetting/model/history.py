"""What a training run records: the metrics of both parts after each epoch."""

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
    """

    epoch: int
    training: PartMetrics
    validation: PartMetrics
    seconds: float
