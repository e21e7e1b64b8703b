"""What tells an unlearned model from a retrained one: accuracies, losses, predictions and attacks, as gaps.

A figure of an unlearned model says little by itself: a low accuracy on the forget set is too much forgotten where
retraining leaves a high one. So each stands beside that of exact retraining. How the models are made is
`unlearning.py`.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from forgetting.metrics import functional
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.scores import LOSS_TOO_LARGE, NOT_FINITE
from forgetting.model.split import Part
from forgetting.model.trainer import compute_loss
from forgetting.studies.savings import anamnesis_index
from forgetting.studies.time_to_target import TimeToTarget
from forgetting.unlearning import indistinguishability, membership
from forgetting.unlearning.forget_set import ForgetSets

SETS = ("forget", "retain", "validation")
ATTACKS = {  # membership inference: forget set against unseen reviews, by their losses
    "attack_auc": membership.loss_threshold_attack,
    "attack_accuracy": membership.logistic_attack,
    "attack_tpr": membership.tpr_at_fpr_attack,
}
MODEL_METRICS = {  # figures that the retrained model has too, with what they are
    **{f"{name}_accuracy": f"top-1 accuracy on the {name} reviews" for name in SETS},
    **{f"{name}_loss": f"loss of the objective on the {name} reviews" for name in SETS},
    "attack_auc": "loss-threshold attack, area under the curve",
    "attack_accuracy": "logistic regression on the loss, 10-fold balanced accuracy",
    "attack_tpr": "share of members found at 1 % false positives",
    "relearn_steps": "optimizer steps until the forget set is known again",
    "seconds": "time that the method took",
}
PAIR_METRICS = {  # figures of a pair, with the value of a model equal to the retrained one
    "tow": 1.0,
    "forget_agreement": 1.0,
    "validation_agreement": 1.0,
    "forget_divergence": 0.0,
    "validation_divergence": 0.0,
    "anamnesis": 1.0,
    "seconds_ratio": 1.0,
}
SIMILARITY_METRICS = ("tow", "forget_agreement", "validation_agreement", "forget_divergence", "validation_divergence")
UNLEARNING_METRICS = (*MODEL_METRICS, *PAIR_METRICS)


@dataclass(frozen=True, eq=False)
class UnlearningRow:
    """One method's model of one seed, beside exact retraining with a seed of its own.

    figures: FIGURES by name, None where missing. retrained: OF_BOTH of the retrained model. intervals: of both models,
    by (figure, whose), whose being "own" or "retrained". missing: the reason of each None, by the figure's name, with
    "retrained_" before it where it is the retrained model's. over_forgets: whether the forget set is known less than
    after retraining, None where that cannot be told; see `_over_forgets`. remembers: whether the attack tells it as
    learnt, beyond what it does after retraining; see `_remembers`.
    forgotten: (forget reviews,) probability of the true class, by whose: "original", "own", "retrained".
    losses: −ln of the probability of the true class, by whose ("own", "retrained") and set ("forget", "retain",
    "unseen"). confidence: (forget reviews,) of the logit of that probability, by whose.
    """

    method: str
    seed: int
    metrics: dict[str, float | None]
    retrained: dict[str, float | None]
    intervals: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    over_forgets: bool | None = None
    remembers: bool | None = None
    forgotten: dict[str, np.ndarray] = field(default_factory=dict)
    losses: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    confidence: dict[str, np.ndarray] = field(default_factory=dict)

    def gap(self, metric: str) -> float | None:
        """The figure less that of exact retraining; None where either is missing. The nearer to 0, the better."""
        own, reference = self.metrics[metric], self.retrained.get(metric, PAIR_METRICS.get(metric))
        return None if own is None or reference is None else own - reference


@dataclass(frozen=True, eq=False)
class ModelEvaluation:
    """One model: its own figures (OF_BOTH but the last two), their intervals over reviews, and why some are missing.

    logits: (reviews, classes), and losses: −ln of the probability of the true class, (reviews,), by set.
    """

    metrics: dict[str, float | None]
    intervals: dict[str, tuple[float, float]]
    missing: dict[str, str]
    logits: dict[str, torch.Tensor]
    losses: dict[str, np.ndarray]


@torch.no_grad()
def evaluate_unlearned(model: nn.Module, sets: ForgetSets, objective: str) -> ModelEvaluation:
    """The figures of one model on the sets. Raises ValueError where its outputs are not (reviews, classes)."""
    parts = {"forget": sets.forget, "retain": sets.retain, "validation": sets.retain_split.validation}
    logits = {name: _checked(model(part.inputs), part, len(sets.retain_split.classes)) for name, part in parts.items()}
    losses = {name: _losses(logits[name], part, objective) for name, part in parts.items()}
    losses["non_members"] = losses["validation"][np.isin(parts["validation"].rows, sets.non_members.rows)]
    found: tuple[dict, dict, dict] = ({}, {}, {})
    for name, part in parts.items():
        _add_accuracy(name, logits[name], part, objective, *found)
    for name, attack in ATTACKS.items():
        _add_attack(name, attack(losses["forget"], losses["non_members"]), *found)
    return ModelEvaluation(*found, logits, losses)


def _checked(logits: torch.Tensor, part: Part, classes: int) -> torch.Tensor:
    if logits.shape != (len(part), classes):
        raise ValueError(f"its outputs are {tuple(logits.shape)} for {len(part)} reviews of {classes} classes")
    return logits


def _add_accuracy(
    name: str, logits: torch.Tensor, part: Part, objective: str, values: dict, intervals: dict, missing: dict
) -> None:
    """Accuracy and loss on a set."""
    values |= {f"{name}_accuracy": None, f"{name}_loss": None}
    if not torch.isfinite(logits).all():
        missing |= {f"{name}_accuracy": NOT_FINITE, f"{name}_loss": NOT_FINITE}
        return
    hits, loss = int((logits.argmax(1) == part.targets).sum()), compute_loss(logits, part.targets, objective).item()
    values[f"{name}_accuracy"], intervals[f"{name}_accuracy"] = hits / len(part), wilson_interval(hits, len(part))
    if np.isfinite(loss):
        values[f"{name}_loss"] = loss
    else:
        missing[f"{name}_loss"] = LOSS_TOO_LARGE


def _add_attack(name: str, attack: membership.Attack, values: dict, intervals: dict, missing: dict) -> None:
    values[name] = attack.value
    if attack.value is None:
        missing[name] = attack.missing
    elif attack.low is not None:
        intervals[name] = (attack.low, attack.high)


def _losses(logits: torch.Tensor, part: Part, objective: str) -> np.ndarray:
    """What an attack goes by; where bitwise, of the true class's own sigmoid."""
    logits = logits.double()
    chances = nn.functional.logsigmoid(logits) if objective == "bitwise" else logits.log_softmax(1)
    return -chances.gather(1, part.targets[:, None]).flatten().numpy()


def compare_with_retraining(
    own: ModelEvaluation,
    reference: ModelEvaluation,
    before: ModelEvaluation,
    *,
    method: str,
    seed: int,
    seconds: tuple[float, float],
    relearned: tuple[TimeToTarget | str, TimeToTarget | str],
) -> UnlearningRow:
    """The row of a method's model. before: the original. seconds, relearned: of the method's and the retrained model.

    relearned: how soon each knew the forget set again, or why that was not tried.
    """
    retrained = reference.metrics | {"seconds": seconds[1]}
    values = own.metrics | {"seconds": seconds[0], "seconds_ratio": seconds[0] / seconds[1]}
    missing = own.missing | {f"retrained_{name}": reason for name, reason in reference.missing.items()}
    for found, prefix, reached in ((values, "", relearned[0]), (retrained, "retrained_", relearned[1])):
        found["relearn_steps"] = None if isinstance(reached, str) else reached.steps
        if found["relearn_steps"] is None:
            missing[f"{prefix}relearn_steps"] = reached if isinstance(reached, str) else _not_reached(reached)
    pairs = (_likeness(own, reference), _anamnesis(*relearned))
    for found, reasons in pairs:
        values |= found
        missing |= reasons
    models = {"original": before, "own": own, "retrained": reference}
    return UnlearningRow(
        method=method,
        seed=seed,
        metrics={name: values[name] for name in UNLEARNING_METRICS},
        retrained={name: retrained[name] for name in MODEL_METRICS},
        intervals={
            (name, whose): ends
            for whose, model in (("own", own), ("retrained", reference))
            for name, ends in model.intervals.items()
        },
        missing=missing,
        over_forgets=_over_forgets(own, reference),
        remembers=_remembers(own, reference),
        forgotten={whose: np.exp(-model.losses["forget"]) for whose, model in models.items()},
        losses={whose: _kept(model.losses) for whose, model in (("own", own), ("retrained", reference))},
        confidence={
            whose: indistinguishability.logit_confidence(model.losses["forget"]) for whose, model in models.items()
        },
    )


def _kept(losses: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    with np.errstate(over="ignore"):  # a loss beyond float32 is as good as infinite
        return {name: losses[name].astype(np.float32) for name in ("forget", "retain", "non_members")}


def failed_row(reason: str, reference: ModelEvaluation, *, method: str, seed: int, seconds: float) -> UnlearningRow:
    """The row of a method that gave no model that can be used."""
    retrained = dict.fromkeys(MODEL_METRICS) | reference.metrics | {"seconds": seconds}
    reasons = reference.missing | {"relearn_steps": "not tried, as the method gave no model"}
    missing = dict.fromkeys(UNLEARNING_METRICS, reason) | {f"retrained_{name}": told for name, told in reasons.items()}
    return UnlearningRow(method, seed, dict.fromkeys(UNLEARNING_METRICS), retrained, missing=missing)


def _likeness(own: ModelEvaluation, reference: ModelEvaluation) -> tuple[dict[str, float | None], dict[str, str]]:
    """ToW, agreement and divergence of a model and the retrained one, and the reasons of missing ones.

    ToW is the product, over the three sets, of 1 − |difference of accuracy| (Zhao et al. 2024, "What makes unlearning
    hard and what to do about it", arXiv 2406.01257): 1 where all three are those of retraining.
    """
    pairs = [tuple(model.metrics[f"{name}_accuracy"] for model in (own, reference)) for name in SETS]
    if any(None in pair for pair in pairs):
        return dict.fromkeys(SIMILARITY_METRICS), dict.fromkeys(SIMILARITY_METRICS, NOT_FINITE)
    values = {"tow": float(np.prod([1 - abs(one - another) for one, another in pairs]))}
    for name in ("forget", "validation"):
        logits = [model.logits[name].double() for model in (own, reference)]
        values[f"{name}_agreement"] = functional.agreement(*(each.argmax(1) for each in logits)).item()
        values[f"{name}_divergence"] = functional.divergence(*map(functional.softmax, logits)).item()
    return values, {}


def _anamnesis(
    own: TimeToTarget | str, reference: TimeToTarget | str
) -> tuple[dict[str, float | None], dict[str, str]]:
    if isinstance(own, str) or isinstance(reference, str):
        return {"anamnesis": None}, {"anamnesis": own if isinstance(own, str) else reference}
    ratio = anamnesis_index(own, reference)
    return {"anamnesis": ratio.value}, {"anamnesis": ratio.missing} if ratio.missing else {}


def _over_forgets(own: ModelEvaluation, reference: ModelEvaluation) -> bool | None:
    """Whether the forget set stands out as known less than after retraining, beyond what so few reviews can show.

    Either the 95 % interval of its accuracy lies below that of the retrained model, or that of the attack's area lies
    below it and below 0.5: what is forgotten too well can be told as well. None where there is no attack and not even
    an accuracy of 0 would lie below.
    """
    ends = [model.intervals.get("forget_accuracy") for model in (own, reference)]
    if None in ends:
        return None
    areas = [model.intervals.get("attack_auc") for model in (own, reference)]
    if ends[0][1] < ends[1][0] or (None not in areas and areas[0][1] < min(0.5, areas[1][0])):
        return True
    could_be_told = None not in areas or wilson_interval(0, len(own.losses["forget"]))[1] < ends[1][0]
    return False if could_be_told else None


def _remembers(own: ModelEvaluation, reference: ModelEvaluation) -> bool | None:
    """Whether the 95 % interval of the attack's area lies above that of the retrained model, and above 0.5."""
    areas = [model.intervals.get("attack_auc") for model in (own, reference)]
    return None if None in areas else areas[0][0] > max(0.5, areas[1][1])


def _not_reached(reached: TimeToTarget) -> str:
    return "training diverged" if reached.kind == "diverged" else f"never reached within {reached.limit:,} steps"
