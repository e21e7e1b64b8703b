"""How good a model's predictions are, beside what a trivial model reaches.

What is computed of logits is in `figures`, for any number of models at once. A figure that cannot be computed is
None, and its reason stands in `missing`: never a plausible number.
"""

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
import torch
from sklearn.svm import LinearSVC
from torch import nn

from forgetting import figures
from forgetting.features import Part, Split
from forgetting.training import loss_of

TOP_K = 3
PIECE = 4_000_000  # logits at a time
SVC_LIMIT = 500_000  # training reviews × classes; about 10 s on a laptop
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


def score(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> Scores:
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
    confusion = figures.named(targets * classes + guesses, classes**2).long().reshape(classes, classes).numpy()
    accuracy = figures.accuracy(guesses, targets).item()
    top_k, missing = None, {}
    if classes > TOP_K:
        top_k = figures.top_k_accuracy(logits, targets, TOP_K).item()
    else:
        missing["top_k_accuracy"] = no_top_k(classes)
    loss = loss_of(logits, targets, objective).item()
    if not math.isfinite(loss):
        loss, missing["loss"] = None, LOSS_TOO_LARGE
    return Scores(
        reviews=reviews,
        loss=loss,
        accuracy=accuracy,
        interval=wilson(round(accuracy * reviews), reviews),
        top_k_accuracy=top_k,
        macro_f1=figures.macro_f1(guesses, targets, classes).item(),
        bitwise_accuracy=figures.bitwise_accuracy(probabilities(logits, objective), targets).item(),
        recall=_recall(confusion),
        confusion=confusion,
        missing=missing,
    )


def no_top_k(classes: int) -> str:
    """Why there is no top-k accuracy."""
    return f"with {classes} classes, the true one is always among the best {TOP_K}"


@torch.no_grad()
def evaluate(model: nn.Module, part: Part, objective: str) -> Scores:
    """All figures of a model on a part, without dropout."""
    return score(model(part.inputs), part.targets, objective)


@torch.no_grad()
def top_1(model: nn.Module, part: Part) -> float:
    """Accuracy of a model on a part, without dropout; NaN where outputs are not finite, which is above nothing."""
    logits = model(part.inputs)
    return figures.accuracy(logits.argmax(1), part.targets).item() if torch.isfinite(logits).all() else math.nan


def wilson(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a share (Wilson 1927, JASA 22, 209–212), in [0, 1]."""
    z, share = NormalDist().inv_cdf((1 + level) / 2), hits / trials
    middle = share + z**2 / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    low, high = ((middle + side * half) / (1 + z**2 / trials) for side in (-1, 1))
    return max(low, 0.0) if hits else 0.0, min(high, 1.0) if hits < trials else 1.0


def _recall(confusion: np.ndarray) -> np.ndarray:
    totals = confusion.sum(axis=1)
    return np.divide(np.diag(confusion), totals, out=np.full(len(totals), np.nan), where=totals > 0)


@dataclass(frozen=True)
class Baselines:
    """What trivial models, and one honest reference, reach on the same split; parts by name.

    chance: accuracy of a uniform guess, 1 / classes. chance_loss: the objective's loss of a uniform guess.
    majority: accuracy of always naming the most frequent class of the training part. majority_macro_f1: its
    macro-F1. all_no: bitwise accuracy of always answering "no", 1 − 1 / classes. linear_svc: accuracy of
    scikit-learn's LinearSVC on the same features, None with a reason in `missing` where it was left out.
    """

    chance: float
    chance_loss: float
    majority: dict[str, float]
    majority_macro_f1: dict[str, float]
    all_no: float
    linear_svc: dict[str, float] | None
    missing: dict[str, str] = field(default_factory=dict)


def baselines(split: Split, objective: str, *, svc_limit: int = SVC_LIMIT) -> Baselines:
    """The baselines of a split.

    svc_limit: LinearSVC is left out where training reviews × classes exceed it; 0 leaves it out always.
    """
    classes = len(split.classes)
    majority = int(torch.bincount(split.training.targets).argmax())
    guesses = {name: torch.full_like(part.targets, majority) for name, part in split.parts.items()}
    truths = {name: part.targets for name, part in split.parts.items()}
    size, missing, svc = len(split.training) * classes, {}, None
    if len(torch.unique(split.training.targets)) < 2:
        missing["linear_svc"] = "left out: the training part has reviews of one class only"
    elif size <= svc_limit:
        svc = _linear_svc(split)
    else:
        missing["linear_svc"] = f"left out: {size:,} training reviews × classes exceed the limit of {svc_limit:,}"
    return Baselines(
        chance=1 / classes,
        chance_loss=_chance_loss(classes, objective),
        majority={name: figures.accuracy(guesses[name], truths[name]).item() for name in truths},
        majority_macro_f1={name: figures.macro_f1(guesses[name], truths[name], classes).item() for name in truths},
        all_no=1 - 1 / classes,
        linear_svc=svc,
        missing=missing,
    )


def _chance_loss(classes: int, objective: str) -> float:
    """Of saying 1 / classes everywhere: ln(classes), or the binary entropy of 1 / classes in nats where bitwise."""
    share = 1 / classes
    if objective == "cross_entropy":
        return math.log(classes)
    return -share * math.log(share) - (1 - share) * math.log1p(-share)


def _linear_svc(split: Split) -> dict[str, float]:
    """The primal solver draws no random numbers, where liblinear's dual one has a state for the whole process."""
    training = split.training
    fitted = LinearSVC(dual=False, random_state=0).fit(training.inputs.to_scipy(), training.targets.numpy())
    return {
        name: float(fitted.score(part.inputs.to_scipy(), part.targets.numpy())) for name, part in split.parts.items()
    }


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
    return Ratio(figures.agreement(first.argmax(dim=1), second.argmax(dim=1)).item())


def divergence(first: torch.Tensor, second: torch.Tensor) -> Ratio:
    """Mean Jensen–Shannon divergence, base 2, of two models' softmax predictions, in [0, 1]; see `figures`."""
    if not (torch.isfinite(first).all() and torch.isfinite(second).all()):
        return Ratio(None, NOT_FINITE)
    rows = max(1, PIECE // first.shape[1])  # in pieces, as all at once would take ten times the room of the logits
    means = [
        figures.divergence(*(figures.likelihoods(logits.double()) for logits in pair)).item()
        * (len(pair[0]) / len(first))
        for pair in zip(first.split(rows), second.split(rows), strict=True)
    ]
    return Ratio(math.fsum(means))
