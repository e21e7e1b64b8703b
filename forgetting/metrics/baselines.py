"""What trivial models, and one honest reference, reach on a split."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from forgetting.metrics.comparisons import Measurement, measure_forgetting, measure_forgetting_above_majority
from forgetting.metrics.paired import PairedChange, make_change
from forgetting.metrics.scores import NOT_FINITE, Scores
from forgetting.model.split import Split

if TYPE_CHECKING:
    from sklearn.svm import LinearSVC

SVC_LIMIT = 500_000  # training reviews × classes; about 10 s on a laptop


@dataclass(frozen=True)
class Baselines:
    """What trivial models, and one honest reference, reach on the same split.

    Attributes:
        chance: Accuracy of a uniform guess, 1 / classes.
        chance_loss: Loss of the objective where each class has the probability 1 / classes.
        majority: Accuracy, by part, of always predicting the most frequent class of the training part.
        majority_macro_f1: Macro-F1, by part, of the same.
        majority_balanced_accuracy: Balanced accuracy, by part, of the same.
        majority_class: Number of that class.
        all_no: Bitwise accuracy of always answering "no", 1 − 1 / classes.
        linear_svc: Accuracy, by part, of scikit-learn's LinearSVC on the same features; None where it was left out.
        missing: The reason why a metric is None, by its name.
    """

    chance: float
    chance_loss: float
    majority: dict[str, float]
    majority_macro_f1: dict[str, float]
    all_no: float
    linear_svc: dict[str, float] | None
    missing: dict[str, str] = field(default_factory=dict)
    majority_class: int = field(kw_only=True)
    majority_balanced_accuracy: dict[str, float] = field(kw_only=True)

    def beside(self, metric: str, part: str = "validation") -> dict[str, float]:
        """What is reached in a metric of `Scores` by those that it is shown beside, by their names.

        Args:
            metric: "accuracy", "balanced_accuracy", "macro_f1", "bitwise_accuracy" or "loss".
            part: Name of the part.
        """
        svc = {"LinearSVC": self.linear_svc[part]} if self.linear_svc else {}
        return {
            "accuracy": {"chance": self.chance, "largest class": self.majority[part], **svc},
            "balanced_accuracy": {"largest class": self.majority_balanced_accuracy[part]},
            "macro_f1": {"largest class": self.majority_macro_f1[part]},
            "bitwise_accuracy": {"always “no”": self.all_no},
            "loss": {"uniform guess": self.chance_loss},
        }[metric]


def compute_baselines(split: Split, objective: str, *, svc_limit: int = SVC_LIMIT) -> Baselines:
    """The baselines of a split.

    Args:
        split: Training part, which the baselines are fitted to, and validation part.
        objective: A key of OBJECTIVES, for `chance_loss`.
        svc_limit: LinearSVC is left out where training reviews × classes exceed this; 0 always leaves it out.
    """
    # Whoever only reads baselines need not wait for torch.
    import torch

    from forgetting.metrics import formulas

    classes = len(split.classes)
    majority = find_majority(split)
    predictions = {name: torch.full_like(part.targets, majority) for name, part in split.parts.items()}
    targets = {name: part.targets for name, part in split.parts.items()}
    fitted, why = fit_linear_svc(split, svc_limit)
    svc = None
    if fitted is not None:
        parts = split.parts.items()
        svc = {name: float(fitted.score(part.inputs.to_scipy(), part.targets.numpy())) for name, part in parts}
    return Baselines(
        chance=1 / classes,
        chance_loss=chance_loss(classes, objective),
        majority={name: formulas.accuracy(predictions[name], targets[name]).item() for name in targets},
        majority_macro_f1={
            name: formulas.macro_f1(predictions[name], targets[name], classes).item() for name in targets
        },
        majority_class=majority,
        majority_balanced_accuracy={
            name: formulas.balanced_accuracy(predictions[name], targets[name], classes).item() for name in targets
        },
        all_no=1 - 1 / classes,
        linear_svc=svc,
        missing={"linear_svc": why} if why else {},
    )


def fit_linear_svc(split: Split, limit: int = SVC_LIMIT) -> tuple[LinearSVC | None, str]:
    """Fit scikit-learn's LinearSVC to the training part.

    Args:
        split: The reviews.
        limit: It is left out where training reviews × classes exceed this.

    Returns:
        The fitted model, and ""; or None, and the reason.
    """
    from sklearn.svm import LinearSVC

    training, size = split.training, len(split.training) * len(split.classes)
    if len(training.targets.unique()) < 2:
        return None, "left out: the training part has reviews of one class only"
    if size > limit:
        return None, f"left out: {size:,} training reviews × classes exceed the limit of {limit:,}"
    # The primal solver draws no random numbers, while liblinear's dual solver keeps a global state.
    return LinearSVC(dual=False, random_state=0).fit(training.inputs.to_scipy(), training.targets.numpy()), ""


def find_majority(split: Split) -> int:
    """Number of the most frequent class of the training part; of several the first."""
    return int(split.training.targets.bincount().argmax())


def compare_with_majority(confusion: np.ndarray, majority_class: int) -> PairedChange:
    """The change of accuracy from always predicting one class to a model, on the same reviews.

    >>> change = compare_with_majority(np.array([[70, 10], [5, 15]]), 0)
    >>> change.lost, change.gained
    (10, 15)

    Args:
        confusion: The model's counts, (true classes, predicted classes).
        majority_class: Number of that class.
    """
    right = np.diag(confusion)
    lost = int(confusion[majority_class].sum() - right[majority_class])
    return make_change(int(confusion.sum()), lost, int(right.sum() - right[majority_class]))


def beats_trivial(scores: Scores, majority_class: int) -> bool:
    """Whether reviews show that a model knows more than a trivial one: without that, it has nothing to forget.

    Its accuracy must be above that of the largest class by a paired comparison, and its 95 % interval above chance. The
    second is asked for, too, as the largest class of the training part may be rare in another part.

    Args:
        scores: The model's on one part.
        majority_class: Number of the most frequent class of the training part.
    """
    if scores.confusion is None:
        return False
    change = compare_with_majority(scores.confusion, majority_class)
    return change.decided and change.change > 0 and scores.interval[0] > 1 / len(scores.confusion)


def measure_forgettings(before: Scores, after: Scores, majority_class: int) -> tuple[Measurement, Measurement]:
    """Forgetting beside chance, and beside the largest class.

    Args:
        before: Of the original on one part.
        after: Of the randomized model on the same part.
        majority_class: Number of the most frequent class of the training part.
    """
    if before.confusion is None:
        return Measurement(None, NOT_FINITE), Measurement(None, NOT_FINITE)
    majority = float(before.confusion[majority_class].sum() / before.confusion.sum())
    return (
        measure_forgetting(before.accuracy, after.accuracy, 1 / len(before.confusion)),
        measure_forgetting_above_majority(
            before.accuracy, after.accuracy, majority, compare_with_majority(before.confusion, majority_class)
        ),
    )


def chance_loss(classes: int, objective: str) -> float:
    """Loss of the probability 1 / classes for each class: ln(classes), or its binary entropy in nats where bitwise."""
    if objective == "cross_entropy":
        return math.log(classes)
    chance = 1 / classes
    return -chance * math.log(chance) - (1 - chance) * math.log1p(-chance)
