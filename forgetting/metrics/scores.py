"""All metrics of one model on one part of a split.

The metrics of many models at once are in `metrics.formulas`. A metric that cannot be computed is None, and `missing`
holds its reason.

torch is imported where a model is scored: whoever only reads scores need not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from forgetting.metrics.intervals import wilson_interval
from forgetting.model.split import Part

if TYPE_CHECKING:
    import torch
    from torch import nn

TOP_K = 3
NOT_FINITE = "the model's outputs are not finite numbers"
LOSS_TOO_LARGE = "the loss is too large to be computed"
FEWEST_CLASS_REVIEWS = 5  # of a class whose recall is compared with others': of fewer, one review is 25 points and more


@dataclass(frozen=True, eq=False)
class Scores:
    """The metrics of one model on one part; a metric that cannot be computed is None.

    Attributes:
        reviews: How many reviews the part has.
        loss: Loss of the objective without label smoothing, in nats.
        accuracy: Top-1 accuracy, in [0, 1].
        interval: 95 % Wilson interval of the accuracy.
        top_k_accuracy: Share of reviews whose true class is among the TOP_K largest logits, in [0, 1].
        macro_f1: Mean F1 of the classes that occur in the part or in the predictions, in [0, 1].
        balanced_accuracy: Mean recall of the classes that occur in the part, in [0, 1].
        bitwise_accuracy: Share of the elements of the (reviews, classes) matrix of probabilities that match the
            one-hot targets once thresholded at 0.5.
        recall: (classes,), NaN for a class without a review in the part.
        confusion: Counts, (classes, classes), with a row for each true class and a column for each predicted class.
        missing: The reason of each metric that is None, by its name.
    """

    reviews: int
    loss: float | None = None
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    top_k_accuracy: float | None = None
    macro_f1: float | None = None
    balanced_accuracy: float | None = None
    bitwise_accuracy: float | None = None
    recall: np.ndarray | None = None
    confusion: np.ndarray | None = None
    missing: dict[str, str] = field(default_factory=dict)


def probabilities(logits: torch.Tensor, objective: str) -> torch.Tensor:
    """A model's probabilities of the classes, (reviews, classes) in [0, 1]: softmax, or sigmoids where bitwise."""
    return logits.sigmoid() if objective == "bitwise" else logits.softmax(dim=1)


def score_logits(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> Scores:
    """All metrics of logits.

    >>> logits = torch.tensor([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0], [0.0, 1.0]])
    >>> score_logits(logits, torch.tensor([0, 1, 1, 1]), "cross_entropy").accuracy
    0.75

    Args:
        logits: (reviews, classes).
        targets: Class numbers, (reviews,).
        objective: A key of OBJECTIVES.
    """
    return score_chunks([(logits, targets)], objective)


def score_chunks(chunks: Iterable[tuple[torch.Tensor, torch.Tensor]], objective: str) -> Scores:
    """The same of logits and targets in chunks, of which one at a time is held."""
    import torch

    from forgetting.metrics import formulas
    from forgetting.model.trainer import compute_loss

    found, finite = [], True  # by chunk: targets, predictions, and means over its reviews
    for logits, targets in chunks:
        classes = logits.shape[1]
        finite = finite and bool(torch.isfinite(logits).all())
        means = [
            compute_loss(logits, targets, objective).item(),
            formulas.bitwise_accuracy(probabilities(logits, objective), targets).item(),
            formulas.top_k_accuracy(logits, targets, TOP_K).item() if classes > TOP_K else 0.0,
        ]
        found.append((targets, logits.argmax(dim=1), means))
    targets, predictions = (torch.cat(column) for column in list(zip(*found, strict=True))[:2])
    reviews = len(targets)
    if not finite:
        names = [item.name for item in fields(Scores) if item.name not in ("reviews", "missing")]
        return Scores(reviews, missing=dict.fromkeys(names, NOT_FINITE))
    weighted = [[len(chunk) / reviews * mean for mean in means] for chunk, _, means in found]
    loss, bitwise_accuracy, top_k = (sum(column) for column in zip(*weighted, strict=True))
    pairs = formulas.class_counts(targets * classes + predictions, classes**2)
    confusion = pairs.long().reshape(classes, classes).numpy()
    recall = recall_of(confusion)
    accuracy = formulas.accuracy(predictions, targets).item()
    missing = {}
    if classes <= TOP_K:
        top_k, missing["top_k_accuracy"] = None, why_no_top_k(classes)
    if not math.isfinite(loss):
        loss, missing["loss"] = None, LOSS_TOO_LARGE
    return Scores(
        reviews=reviews,
        loss=loss,
        accuracy=accuracy,
        interval=wilson_interval(round(accuracy * reviews), reviews),
        top_k_accuracy=top_k,
        macro_f1=formulas.macro_f1(predictions, targets, classes).item(),
        balanced_accuracy=float(np.nanmean(recall)),
        bitwise_accuracy=bitwise_accuracy,
        recall=recall,
        confusion=confusion,
        missing=missing,
    )


def recall_of(confusion: np.ndarray) -> np.ndarray:
    """Recall of each class, (classes,), NaN for one without a review, of counts (true classes, predicted classes)."""
    totals = confusion.sum(axis=1)
    return np.divide(np.diag(confusion), totals, out=np.full(len(totals), np.nan), where=totals > 0)


def why_no_top_k(classes: int) -> str:
    """The reason why there is no top-k accuracy of so few classes."""
    return f"with {classes} classes, the true one is always among the best {TOP_K}"


def evaluate(model: nn.Module, part: Part, objective: str) -> Scores:
    """All metrics of a model on a part, without dropout."""
    import torch

    with torch.no_grad():
        return score_chunks(((model(inputs), targets) for inputs, targets in part.chunks()), objective)


def top_1_accuracy(model: nn.Module, part: Part) -> float:
    """Top-1 accuracy of a model on a part, without dropout; NaN where its outputs are not finite."""
    import torch

    hits = 0
    with torch.no_grad():
        for inputs, targets in part.chunks():
            logits = model(inputs)
            if not torch.isfinite(logits).all():
                return math.nan
            hits += int((logits.argmax(1) == targets).sum())
    return hits / len(part)
