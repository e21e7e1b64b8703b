"""What tells an unlearned model from a retrained one: accuracies, losses, predictions and attacks, as gaps.

A metric of an unlearned model says little by itself: a low accuracy on the forget set is over-forgetting where
retraining leaves a high one. So each metric stands beside that of exact retraining. How the models are made is
`methods.py` and `runner.py`; what their metrics say over several seeds is `result.py`.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from forgetting.metrics.comparisons import measure_agreement, measure_divergence
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.scores import LOSS_TOO_LARGE, NOT_FINITE
from forgetting.model.trainer import compute_loss
from forgetting.studies.savings import anamnesis_index
from forgetting.studies.time_to_target import TimeToTarget
from forgetting.unlearning import membership
from forgetting.unlearning.forget_set import ForgetSets
from forgetting.unlearning.indistinguishability import logit_confidence

SETS = ("forget", "retain", "validation")
ATTACKS = {  # membership inference: the forget set against non-members, by their losses
    "attack_auc": membership.loss_threshold_attack,
    "attack_accuracy": membership.logistic_attack,
    "attack_tpr": membership.tpr_at_fpr_attack,
}
MODEL_METRICS = {  # metrics of one model, which the retrained model has too; what each is
    **{f"{name}_accuracy": f"top-1 accuracy on the {name} reviews" for name in SETS},
    **{f"{name}_loss": f"loss of the objective on the {name} reviews" for name in SETS},
    "attack_auc": "loss-threshold attack, area under the curve",
    "attack_accuracy": "logistic regression on the loss, 10-fold balanced accuracy",
    "attack_tpr": "share of members found at 1 % false positives",
    "relearn_steps": "optimizer steps until the forget set is known again",
    "seconds": "time that the method took",
}
PAIR_METRICS = {  # metrics of a pair of models, with the value where the model equals the retrained one
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
    """One method's model of one seed, beside exact retraining with another seed.

    Attributes:
        method: Key of METHODS.
        seed: Of the original and of the method; the retrained model has `second_seed(seed)`.
        metrics: UNLEARNING_METRICS of the unlearned model, by name; None where missing.
        retrained: MODEL_METRICS of the retrained model, by name; None where missing.
        intervals: 95 % intervals over reviews, by (metric, model); the models are "unlearned" and "retrained".
        missing: The reason of each None, by the metric's name, with "retrained_" before it where it is the retrained
            model's.
        over_forgets: Whether the model knows the forget set less than the retrained model does; None where that
            cannot be told. See `_is_over_forgotten`.
        remembers: Whether the attack finds the forget set among the members more surely than after retraining; None
            where that cannot be told. See `_is_remembered`.
        probabilities: Probability of the true class, (forget reviews,), by model: "original", "unlearned",
            "retrained".
        losses: −ln of the probability of the true class, by model ("unlearned", "retrained") and set ("forget",
            "retain", "non_members").
        confidence: Logit of the probability of the true class, (forget reviews,), by model as `probabilities`.
    """

    method: str
    seed: int
    metrics: dict[str, float | None]
    retrained: dict[str, float | None]
    intervals: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    over_forgets: bool | None = None
    remembers: bool | None = None
    probabilities: dict[str, np.ndarray] = field(default_factory=dict)
    losses: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    confidence: dict[str, np.ndarray] = field(default_factory=dict)

    def gap(self, metric: str) -> float | None:
        """The metric less that of exact retraining: the nearer to 0, the better.

        Args:
            metric: One of UNLEARNING_METRICS.

        Returns:
            The difference; None where either is missing.
        """
        value, ideal = self.metrics[metric], self.retrained.get(metric, PAIR_METRICS.get(metric))
        return None if value is None or ideal is None else value - ideal


@dataclass(frozen=True, eq=False)
class ModelEvaluation:
    """The metrics of one model, whatever it is compared with.

    Attributes:
        metrics: MODEL_METRICS but "relearn_steps" and "seconds", by name; None where missing.
        intervals: 95 % intervals over reviews, by metric.
        missing: The reason of each None, by metric.
        logits: (reviews, classes), of the forget set and of the validation reviews.
        losses: −ln of the probability of the true class, (reviews,), by set and for "non_members".
    """

    metrics: dict[str, float | None]
    intervals: dict[str, tuple[float, float]]
    missing: dict[str, str]
    logits: dict[str, torch.Tensor]
    losses: dict[str, np.ndarray]


@torch.no_grad()
def evaluate_unlearned(model: nn.Module, sets: ForgetSets, objective: str) -> ModelEvaluation:
    """Evaluate one model on the forget, retain and validation sets, and attack it.

    Args:
        model: Takes the inputs of a part and returns logits.
        sets: The reviews.
        objective: "cross_entropy" or "bitwise".

    Raises:
        ValueError: Where the model's outputs are not (reviews, classes).
    """
    parts = {"forget": sets.forget, "retain": sets.retain, "validation": sets.retain_split.validation}
    classes, logits, losses = len(sets.retain_split.classes), {}, {}
    values, intervals, missing = {}, {}, {}
    for name, part in parts.items():
        hits, loss, finite, kept, found = 0, 0.0, True, [], []
        for inputs, targets in part.chunks():
            outputs = model(inputs)
            if outputs.shape != (len(targets), classes):
                raise ValueError(
                    f"its outputs are {tuple(outputs.shape)} for {len(targets)} reviews of {classes} classes"
                )
            hits += int((outputs.argmax(1) == targets).sum())
            loss += len(targets) / len(part) * compute_loss(outputs, targets, objective).item()
            finite = finite and bool(torch.isfinite(outputs).all())
            found.append(_review_losses(outputs, targets, objective))
            if name != "retain":  # of which nothing else is compared, and which is the largest
                kept.append(outputs)
        losses[name] = np.concatenate(found)
        if kept:
            logits[name] = torch.cat(kept)
        accuracy = {f"{name}_accuracy": hits / len(part), f"{name}_loss": loss if np.isfinite(loss) else None}
        values |= accuracy if finite else dict.fromkeys(accuracy)
        if finite:
            intervals[f"{name}_accuracy"] = wilson_interval(hits, len(part))
        reason = LOSS_TOO_LARGE if finite else NOT_FINITE
        missing |= {metric: reason for metric in accuracy if values[metric] is None}
    losses["non_members"] = losses["validation"][np.isin(parts["validation"].rows, sets.non_members.rows)]
    for name, attack in ATTACKS.items():
        found = attack(losses["forget"], losses["non_members"])
        values[name] = found.value
        if found.value is None:
            missing[name] = found.missing
        elif found.low is not None:
            intervals[name] = (found.low, found.high)
    return ModelEvaluation(values, intervals, missing, logits, losses)


def _review_losses(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> np.ndarray:
    """−ln of the probability of the true class, which attacks go by; with "bitwise" of the class's own sigmoid."""
    logits = logits.double()
    log_probabilities = nn.functional.logsigmoid(logits) if objective == "bitwise" else logits.log_softmax(1)
    return -log_probabilities.gather(1, targets[:, None]).flatten().numpy()


def compare_with_retraining(
    unlearned: ModelEvaluation,
    retrained: ModelEvaluation,
    original: ModelEvaluation,
    *,
    method: str,
    seed: int,
    seconds: tuple[float, float],
    relearned: tuple[TimeToTarget | str, TimeToTarget | str],
) -> UnlearningRow:
    """The row of a method's model, beside the retrained model.

    Args:
        unlearned: Of the method's model.
        retrained: Of the retrained model.
        original: Of the original model.
        method: Key of METHODS.
        seed: Of the method.
        seconds: How long the method took, and how long retraining.
        relearned: How soon the method's model and the retrained one know the forget set again, or why that was not
            tried.
    """
    reference = retrained.metrics | {"seconds": seconds[1]}
    values = unlearned.metrics | {"seconds": seconds[0], "seconds_ratio": seconds[0] / seconds[1]}
    missing = unlearned.missing | {f"retrained_{name}": reason for name, reason in retrained.missing.items()}
    for found, prefix, time in ((values, "", relearned[0]), (reference, "retrained_", relearned[1])):
        found["relearn_steps"] = None if isinstance(time, str) else time.steps
        if found["relearn_steps"] is None:
            missing[f"{prefix}relearn_steps"] = time if isinstance(time, str) else _why_not_relearned(time)
    for found, reasons in (_similarity(unlearned, retrained), _anamnesis(*relearned)):
        values |= found
        missing |= reasons
    pair = {"unlearned": unlearned, "retrained": retrained}
    models = {"original": original, **pair}
    with np.errstate(over="ignore"):  # a loss beyond float32 is as good as infinite
        losses = {
            model: {name: each.losses[name].astype(np.float32) for name in ("forget", "retain", "non_members")}
            for model, each in pair.items()
        }
    return UnlearningRow(
        method=method,
        seed=seed,
        metrics={name: values[name] for name in UNLEARNING_METRICS},
        retrained={name: reference[name] for name in MODEL_METRICS},
        intervals={(name, model): ends for model, each in pair.items() for name, ends in each.intervals.items()},
        missing=missing,
        over_forgets=_is_over_forgotten(unlearned, retrained),
        remembers=_is_remembered(unlearned, retrained),
        probabilities={model: np.exp(-each.losses["forget"]) for model, each in models.items()},
        losses=losses,
        confidence={model: logit_confidence(each.losses["forget"]) for model, each in models.items()},
    )


def failed_row(reason: str, retrained: ModelEvaluation, *, method: str, seed: int, seconds: float) -> UnlearningRow:
    """The row of a method that gave no model that can be used.

    Args:
        reason: Why there is no model.
        retrained: Of the retrained model.
        method: Key of METHODS.
        seed: Of the method.
        seconds: How long retraining took.
    """
    values = dict.fromkeys(MODEL_METRICS) | retrained.metrics | {"seconds": seconds}
    reasons = retrained.missing | {"relearn_steps": "not tried, as the method gave no model"}
    missing = dict.fromkeys(UNLEARNING_METRICS, reason) | {f"retrained_{name}": why for name, why in reasons.items()}
    return UnlearningRow(method, seed, dict.fromkeys(UNLEARNING_METRICS), values, missing=missing)


def _similarity(
    unlearned: ModelEvaluation, retrained: ModelEvaluation
) -> tuple[dict[str, float | None], dict[str, str]]:
    """ToW, agreement and divergence of two models, and the reasons of missing ones.

    ToW is the product, over the three sets, of 1 − |difference of accuracy| (Zhao et al. 2024, "What makes unlearning
    hard and what to do about it", arXiv 2406.01257): 1 where all three are those of retraining.
    """
    pairs = [tuple(model.metrics[f"{name}_accuracy"] for model in (unlearned, retrained)) for name in SETS]
    if any(None in pair for pair in pairs):
        return dict.fromkeys(SIMILARITY_METRICS), dict.fromkeys(SIMILARITY_METRICS, NOT_FINITE)
    values = {"tow": float(np.prod([1 - abs(one - another) for one, another in pairs]))}
    for name in ("forget", "validation"):
        logits = [model.logits[name] for model in (unlearned, retrained)]
        values[f"{name}_agreement"] = measure_agreement(*logits).value
        values[f"{name}_divergence"] = measure_divergence(*logits).value
    return values, {}


def _anamnesis(
    unlearned: TimeToTarget | str, retrained: TimeToTarget | str
) -> tuple[dict[str, float | None], dict[str, str]]:
    if isinstance(unlearned, str) or isinstance(retrained, str):
        return {"anamnesis": None}, {"anamnesis": unlearned if isinstance(unlearned, str) else retrained}
    ratio = anamnesis_index(unlearned, retrained)
    return {"anamnesis": ratio.value}, {"anamnesis": ratio.missing} if ratio.missing else {}


def _is_over_forgotten(unlearned: ModelEvaluation, retrained: ModelEvaluation) -> bool | None:
    """Whether the forget set is known less than after retraining, beyond what so few reviews can show.

    Either the 95 % interval of its accuracy lies below that of the retrained model, or the interval of the attack's
    area lies below that of the retrained model and below 0.5: what is over-forgotten can be recognized, too. None where
    there is no attack and not even an accuracy of 0 would lie below.
    """
    ends = [model.intervals.get("forget_accuracy") for model in (unlearned, retrained)]
    if None in ends:
        return None
    areas = [model.intervals.get("attack_auc") for model in (unlearned, retrained)]
    if ends[0][1] < ends[1][0] or (None not in areas and areas[0][1] < min(0.5, areas[1][0])):
        return True
    can_be_told = None not in areas or wilson_interval(0, len(unlearned.losses["forget"]))[1] < ends[1][0]
    return False if can_be_told else None


def _is_remembered(unlearned: ModelEvaluation, retrained: ModelEvaluation) -> bool | None:
    """Whether the 95 % interval of the attack's area lies above that of the retrained model, and above 0.5."""
    areas = [model.intervals.get("attack_auc") for model in (unlearned, retrained)]
    return None if None in areas else areas[0][0] > max(0.5, areas[1][1])


def _why_not_relearned(time: TimeToTarget) -> str:
    return "training diverged" if time.kind == "diverged" else f"never reached within {time.limit:,} steps"
