"""What trivial models, and one honest reference, reach on a split."""

import math
from dataclasses import dataclass, field

import torch
from sklearn.svm import LinearSVC

from forgetting.metrics import functional
from forgetting.model.split import Split

SVC_LIMIT = 500_000  # training reviews × classes; about 10 s on a laptop


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


def compute_baselines(split: Split, objective: str, *, svc_limit: int = SVC_LIMIT) -> Baselines:
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
        majority={name: functional.accuracy(guesses[name], truths[name]).item() for name in truths},
        majority_macro_f1={name: functional.macro_f1(guesses[name], truths[name], classes).item() for name in truths},
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
