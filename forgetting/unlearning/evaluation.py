"""What tells an unlearned model from a retrained one: accuracies, losses, predictions and attacks, as gaps.

A metric of an unlearned model says little by itself: a low accuracy on the forget set is over-forgetting where
retraining leaves a high one. So each metric stands beside that of exact retraining. How the models are made is
`methods.py` and `runner.py`; what their metrics say over several seeds is `result.py`.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from forgetting.metrics.calibration import temperature_scaled_loss
from forgetting.metrics.comparisons import measure_agreement, measure_divergence
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.scores import LOSS_TOO_LARGE, NOT_FINITE
from forgetting.model.trainer import compute_loss
from forgetting.studies.savings import anamnesis_index
from forgetting.studies.time_to_target import TimeToTarget
from forgetting.unlearning import contrasts, membership
from forgetting.unlearning.forget_set import ForgetSets
from forgetting.unlearning.indistinguishability import logit_confidence
from forgetting.unlearning.row import (
    FEWEST_STEPS,
    MODEL_METRICS,
    SETS,
    SIMILARITY_METRICS,
    UNLEARNING_METRICS,
    UnlearningRow,
)

NO_TEST_PART = "there is no test part, as split.test_share is 0"
ATTACKS = {  # membership inference: the forget set against non-members, by their losses
    "attack_auc": membership.loss_threshold_attack,
    "attack_accuracy": membership.logistic_attack,
    "attack_tpr": membership.tpr_at_fpr_attack,
}


@dataclass(frozen=True, eq=False)
class ModelEvaluation:
    """The metrics of one model, whatever it is compared with.

    Attributes:
        metrics: MODEL_METRICS but "relearn_steps" and "seconds", by name; None where missing.
        intervals: 95 % intervals over reviews, by metric.
        missing: The reason of each None, by metric.
        logits: (reviews, classes), of the forget set and of the validation reviews.
        losses: −ln of the probability of the true class, (reviews,), by set and for "non_members".
        hits: As in `UnlearningRow`, by set; without those with outputs that are not finite.
        scaled_losses: As in `UnlearningRow`, by set; empty where no temperature suits best.
        temperature: What suits the logits best; None where none does.
    """

    metrics: dict[str, float | None]
    intervals: dict[str, tuple[float, float]]
    missing: dict[str, str]
    logits: dict[str, torch.Tensor]
    losses: dict[str, np.ndarray]
    hits: dict[str, np.ndarray]
    scaled_losses: dict[str, np.ndarray]
    temperature: float | None


@torch.no_grad()
def evaluate_unlearned(
    model: nn.Module, sets: ForgetSets, objective: str, like: ModelEvaluation | None = None
) -> ModelEvaluation:
    """Evaluate one model on the forget, retain and validation sets, and attack it.

    Args:
        model: Takes the inputs of a part and returns logits.
        sets: The reviews.
        objective: "cross_entropy" or "bitwise".
        like: The retrained model, to whose temperature the scaled losses are brought; None for the model's own.

    Raises:
        ValueError: Where the model's outputs are not (reviews, classes).
    """
    split = sets.retain_split
    parts = {"forget": sets.forget, "retain": sets.retain, "validation": split.validation, "test": split.test}
    classes, logits, losses, hits = len(split.classes), {}, {}, {}
    values, intervals, missing = {}, {}, {}
    for name, part in parts.items():
        if part is None:
            values["test_accuracy"], missing["test_accuracy"] = None, NO_TEST_PART
            continue
        loss, finite, kept, found, right = 0.0, True, [], [], []
        for inputs, targets in part.chunks():
            outputs = model(inputs)
            if outputs.shape != (len(targets), classes):
                raise ValueError(
                    f"its outputs are {tuple(outputs.shape)} for {len(targets)} reviews of {classes} classes"
                )
            right.append((outputs.argmax(1) == targets).numpy())
            loss += len(targets) / len(part) * compute_loss(outputs, targets, objective).item()
            finite = finite and bool(torch.isfinite(outputs).all())
            found.append(_review_losses(outputs, targets, objective))
            if name in ("forget", "validation"):  # of the others nothing else is compared, and one is the largest
                kept.append(outputs)
        losses[name] = np.concatenate(found)
        if kept:
            logits[name] = torch.cat(kept)
        right = np.concatenate(right)
        measured = {
            f"{name}_accuracy": int(right.sum()) / len(part),
            f"{name}_loss": loss if np.isfinite(loss) else None,
        }
        if name == "test":
            del measured["test_loss"]
        values |= measured if finite else dict.fromkeys(measured)
        if finite:
            hits[name] = right
            intervals[f"{name}_accuracy"] = wilson_interval(int(right.sum()), len(part))
        reason = LOSS_TOO_LARGE if finite else NOT_FINITE
        missing |= {metric: reason for metric in measured if values[metric] is None}
    if "validation" in hits:
        hits["unseen"] = hits["validation"][sets.unseen]
    losses["non_members"] = losses["validation"][np.isin(split.validation.rows, sets.non_members.rows)]
    for name, attack in ATTACKS.items():
        found = attack(losses["forget"], losses["non_members"])
        values[name] = found.value
        if found.value is None:
            missing[name] = found.missing
        elif found.low is not None:
            intervals[name] = (found.low, found.high)
    temperature = _best_temperature(sets, logits, objective) if {"forget", "validation"} <= set(hits) else None
    wanted = like.temperature if like else temperature
    scaled = _scale_losses(sets, logits, objective, wanted / temperature) if temperature and wanted else {}
    return ModelEvaluation(values, intervals, missing, logits, losses, hits, scaled, temperature)


def _best_temperature(sets: ForgetSets, logits: dict[str, torch.Tensor], objective: str) -> float | None:
    """That of the validation reviews of the classes that are kept; None where none is best.

    What a method does to a forgotten class is to be seen, not evened out.
    """
    validation, kept = sets.retain_split.validation, torch.from_numpy(sets.kept_classes)
    if not kept.any():
        return None
    found = temperature_scaled_loss(logits["validation"][kept], validation.targets[kept], objective)[0].item()
    return found if 0 < found < np.inf else None


def _scale_losses(
    sets: ForgetSets, logits: dict[str, torch.Tensor], objective: str, factor: float
) -> dict[str, np.ndarray]:
    """Losses of the forget set and of unseen reviews with all logits multiplied by a factor."""
    validation, unseen = sets.retain_split.validation, torch.from_numpy(sets.unseen)
    chosen = {
        "forget": (logits["forget"], sets.forget.targets),
        "unseen": (logits["validation"][unseen], validation.targets[unseen]),
    }
    return {name: _review_losses(found * factor, targets, objective) for name, (found, targets) in chosen.items()}


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
    row = UnlearningRow(
        method=method,
        seed=seed,
        metrics={name: values[name] for name in UNLEARNING_METRICS},
        retrained={name: reference[name] for name in MODEL_METRICS},
        intervals={(name, model): ends for model, each in pair.items() for name, ends in each.intervals.items()},
        missing=missing,
        probabilities={model: np.exp(-each.losses["forget"]) for model, each in models.items()},
        losses=losses,
        confidence={model: logit_confidence(each.losses["forget"]) for model, each in models.items()},
        hits={model: each.hits for model, each in pair.items()},
        scaled_losses={model: each.scaled_losses for model, each in pair.items()},
    )
    return replace(row, over_forgets=contrasts.over_forgets([row]), remembers=contrasts.remembers([row]))


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
    hard and what to do about it", arXiv 2406.01257): 1 where all three are those of retraining. That of the test part
    has its accuracy for that of the validation part, by which methods are compared and chosen.
    """
    models = (unlearned, retrained)
    near = {}
    for name in (*SETS, "test"):
        one, another = (model.metrics[f"{name}_accuracy"] for model in models)
        near[name] = None if one is None or another is None else 1 - abs(one - another)
    if any(near[name] is None for name in SETS):
        return dict.fromkeys(SIMILARITY_METRICS), dict.fromkeys(SIMILARITY_METRICS, NOT_FINITE)
    values = {"tow": float(np.prod([near[name] for name in SETS])), "test_tow": None}
    missing = {}
    if near["test"] is None:
        missing["test_tow"] = next(
            model.missing["test_accuracy"] for model in models if "test_accuracy" in model.missing
        )
    else:
        values["test_tow"] = near["forget"] * near["retain"] * near["test"]
    for name in ("forget", "validation"):
        logits = [model.logits[name] for model in models]
        values[f"{name}_agreement"] = measure_agreement(*logits).value
        values[f"{name}_divergence"] = measure_divergence(*logits).value
    return values, missing


def _anamnesis(
    unlearned: TimeToTarget | str, retrained: TimeToTarget | str
) -> tuple[dict[str, float | None], dict[str, str]]:
    if isinstance(unlearned, str) or isinstance(retrained, str):
        return {"anamnesis": None}, {"anamnesis": unlearned if isinstance(unlearned, str) else retrained}
    if unlearned.steps is not None and 0 < (retrained.steps or 0) < FEWEST_STEPS:
        steps = f"{retrained.steps} step{'s' * (retrained.steps != 1)}"
        reason = f"the retrained model takes {steps}, and an index of fewer than {FEWEST_STEPS} says little"
        return {"anamnesis": None}, {"anamnesis": f"{reason}; the steps themselves are compared"}
    ratio = anamnesis_index(unlearned, retrained)
    return {"anamnesis": ratio.value}, {"anamnesis": ratio.missing} if ratio.missing else {}


def _why_not_relearned(time: TimeToTarget) -> str:
    return "training diverged" if time.kind == "diverged" else f"never reached within {time.limit:,} steps"
