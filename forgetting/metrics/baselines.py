"""What trivial models, and one honest reference, reach on a split."""

import math
from dataclasses import dataclass, field

from forgetting.model.split import Split

SVC_LIMIT = 500_000  # training reviews × classes; about 10 s on a laptop


@dataclass(frozen=True)
class Baselines:
    """What trivial models, and one honest reference, reach on the same split.

    Attributes:
        chance: Accuracy of a uniform guess, 1 / classes.
        chance_loss: Loss of the objective where each class has the probability 1 / classes.
        majority: Accuracy, by part, of always predicting the most frequent class of the training part.
        majority_macro_f1: Macro-F1, by part, of the same.
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


def compute_baselines(split: Split, objective: str, *, svc_limit: int = SVC_LIMIT) -> Baselines:
    """The baselines of a split.

    Args:
        split: Training part, which the baselines are fitted to, and validation part.
        objective: A key of OBJECTIVES, for `chance_loss`.
        svc_limit: LinearSVC is left out where training reviews × classes exceed this; 0 always leaves it out.
    """
    # Whoever only reads baselines need not wait for torch and scikit-learn.
    import torch
    from sklearn.svm import LinearSVC

    from forgetting.metrics import formulas

    classes = len(split.classes)
    majority = int(torch.bincount(split.training.targets).argmax())
    predictions = {name: torch.full_like(part.targets, majority) for name, part in split.parts.items()}
    targets = {name: part.targets for name, part in split.parts.items()}
    size, missing, svc = len(split.training) * classes, {}, None
    if len(torch.unique(split.training.targets)) < 2:
        missing["linear_svc"] = "left out: the training part has reviews of one class only"
    elif size <= svc_limit:
        # The primal solver draws no random numbers, while liblinear's dual solver keeps a global state.
        training = split.training
        fitted = LinearSVC(dual=False, random_state=0).fit(training.inputs.to_scipy(), training.targets.numpy())
        svc = {
            name: float(fitted.score(part.inputs.to_scipy(), part.targets.numpy()))
            for name, part in split.parts.items()
        }
    else:
        missing["linear_svc"] = f"left out: {size:,} training reviews × classes exceed the limit of {svc_limit:,}"
    return Baselines(
        chance=1 / classes,
        chance_loss=_chance_loss(classes, objective),
        majority={name: formulas.accuracy(predictions[name], targets[name]).item() for name in targets},
        majority_macro_f1={
            name: formulas.macro_f1(predictions[name], targets[name], classes).item() for name in targets
        },
        all_no=1 - 1 / classes,
        linear_svc=svc,
        missing=missing,
    )


def _chance_loss(classes: int, objective: str) -> float:
    """Loss of the probability 1 / classes for each class: ln(classes), or its binary entropy in nats where bitwise."""
    if objective == "cross_entropy":
        return math.log(classes)
    chance = 1 / classes
    return -chance * math.log(chance) - (1 - chance) * math.log1p(-chance)
