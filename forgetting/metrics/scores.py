"""How good a model's predictions are, beside what a trivial model reaches.

What is computed of logits is in `figures`, for any number of models at once. A figure that cannot be computed is
None, and its reason stands in `missing`: never a plausible number.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from forgetting.metrics import functional
from forgetting.metrics.intervals import wilson_interval
from forgetting.model.split import Part
from forgetting.model.trainer import compute_loss

TOP_K = 3
NOT_FINITE = "the model's outputs are not finite numbers"
LOSS_TOO_LARGE = "the loss is too large to be computed"


@dataclass(frozen=True, eq=False)
class Scores:
    """The figures of one model on one part.

    reviews: how many. loss: of the objective, without label smoothing. accuracy: top-1, in [0, 1].
    interval: 95 % Wilson interval of the accuracy. top_k_accuracy: the true class is among the TOP_K best logits.
    macro_f1: mean F1 of the classes that occur in the part or in the predictions. bitwise_accuracy: share of the
    elements of the (reviews, classes) matrix that match the one-hot targets, probabilities thresholded at 0.5.
    recall: (classes,), NaN for a class without a review in the part. confusion: (classes, classes) counts, a row a
    true class, a column a predicted one. missing: the reason of each figure that is None.
    """

    reviews: int
    loss: float | None = None
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    top_k_accuracy: float | None = None
    macro_f1: float | None = None
    bitwise_accuracy: float | None = None
    recall: np.ndarray | None = None
    confusion: np.ndarray | None = None
    missing: dict[str, str] = field(default_factory=dict)


def probabilities(logits: torch.Tensor, objective: str) -> torch.Tensor:
    """What a model says of each class, (reviews, classes) in [0, 1]: softmax, or sigmoids where bitwise."""
    return logits.sigmoid() if objective == "bitwise" else logits.softmax(dim=1)


def score_logits(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> Scores:
    """All figures of logits (reviews, classes) against class numbers (reviews,).

    >>> logits = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    >>> score(logits, torch.tensor([0, 1, 1, 1]), "cross_entropy").accuracy
    0.75
    """
    reviews, classes = logits.shape
    if not torch.isfinite(logits).all():
        names = ("loss", "accuracy", "interval", "top_k_accuracy", "macro_f1", "bitwise_accuracy", "recall")
        return Scores(reviews, missing=dict.fromkeys((*names, "confusion"), NOT_FINITE))
    guesses = logits.argmax(dim=1)
    confusion = (
        functional.class_counts(targets * classes + guesses, classes**2).long().reshape(classes, classes).numpy()
    )
    accuracy = functional.accuracy(guesses, targets).item()
    top_k, missing = None, {}
    if classes > TOP_K:
        top_k = functional.top_k_accuracy(logits, targets, TOP_K).item()
    else:
        missing["top_k_accuracy"] = why_no_top_k(classes)
    loss = compute_loss(logits, targets, objective).item()
    if not math.isfinite(loss):
        loss, missing["loss"] = None, LOSS_TOO_LARGE
    return Scores(
        reviews=reviews,
        loss=loss,
        accuracy=accuracy,
        interval=wilson_interval(round(accuracy * reviews), reviews),
        top_k_accuracy=top_k,
        macro_f1=functional.macro_f1(guesses, targets, classes).item(),
        bitwise_accuracy=functional.bitwise_accuracy(probabilities(logits, objective), targets).item(),
        recall=_recall(confusion),
        confusion=confusion,
        missing=missing,
    )


def why_no_top_k(classes: int) -> str:
    """Why there is no top-k accuracy."""
    return f"with {classes} classes, the true one is always among the best {TOP_K}"


@torch.no_grad()
def evaluate(model: nn.Module, part: Part, objective: str) -> Scores:
    """All figures of a model on a part, without dropout."""
    return score_logits(model(part.inputs), part.targets, objective)


@torch.no_grad()
def top_1_accuracy(model: nn.Module, part: Part) -> float:
    """Accuracy of a model on a part, without dropout; NaN where outputs are not finite, which is above nothing."""
    logits = model(part.inputs)
    return functional.accuracy(logits.argmax(1), part.targets).item() if torch.isfinite(logits).all() else math.nan


def _recall(confusion: np.ndarray) -> np.ndarray:
    totals = confusion.sum(axis=1)
    return np.divide(np.diag(confusion), totals, out=np.full(len(totals), np.nan), where=totals > 0)
