"""The rows of a sweep: every metric of many variants at once, beside those of the original.

A metric that cannot be computed is None and has its reason; no row is left out.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch

from forgetting.core.numbers import format_share
from forgetting.metrics import calibration, formulas
from forgetting.metrics.baselines import find_majority
from forgetting.metrics.comparisons import measure_forgetting, measure_forgetting_above_majority
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.paired import PairedChange, compare_hits, make_change
from forgetting.metrics.scores import LOSS_TOO_LARGE, NOT_FINITE, TOP_K, Scores, probabilities, why_no_top_k
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import PARTS, Split
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import LAYER_SEPARATOR
from forgetting.studies.variants import Variant

SWEEP_METRICS = {
    "loss": "of the objective",
    "temperature_scaled_loss": "the least that any temperature gives, see `calibration`",
    "temperature": "the temperature that gives it",
    "accuracy": "top-1, in [0, 1]",
    "accuracy_low": "of its 95 % Wilson interval over reviews",
    "accuracy_high": "of its 95 % Wilson interval over reviews",
    "accuracy_before": "of the original model",
    "majority": "accuracy of always naming the training part's most frequent class",
    "lost": "reviews that the original alone classifies correctly",
    "gained": "reviews that the randomized model alone classifies correctly",
    "forgetting": "(before − after) / (before − chance)",
    "forgetting_above_majority": "(before − after) / (before − majority)",
    "top_k_accuracy": f"the true class is among the best {TOP_K}",
    "macro_f1": "mean F1 over classes",
    "balanced_accuracy": "mean recall over classes",
    "bitwise_accuracy": "the published one",
    "entropy": "mean of a prediction's entropy, in nats",
    "most_predicted_share": "share of reviews given the most predicted class; 1 is collapse",
    "agreement": "share of reviews given the same class as by the original",
    "divergence": "mean Jensen–Shannon divergence from the original, base 2",
}
SCORES_OF_A_ROW = ("loss", "accuracy", "top_k_accuracy", "macro_f1", "balanced_accuracy", "bitwise_accuracy")
TEMPERATURE_ZERO = "0: every answer is right, so the loss falls to 0 with the temperature"
TEMPERATURE_INFINITE = "infinite: no scale of the logits is better than the same prediction everywhere"
WEIGHTS_NOT_FINITE = "the weights are not finite numbers"
WEIGHTS_ZERO = "the weights were all 0, or not finite numbers"
NOT_REACHED = (
    "no fraction moves the weights by {planned} of their norm, to a tenth of it, or they are not finite numbers"
)


@dataclass(frozen=True, eq=False)
class Hits:
    """Which validation reviews a variant and its original classify correctly, eight reviews a byte.

    Attributes:
        reviews: Number of validation reviews.
        after: Of the variant, see `unpack`.
        before: Of its original.
        share: Validation reviews for each training review.
    """

    reviews: int
    after: bytes
    before: bytes
    share: float

    def unpack(self) -> np.ndarray:
        """Whether each review is right before and after, (2, reviews)."""
        packed = np.frombuffer(self.before + self.after, dtype=np.uint8).reshape(2, -1)
        return np.unpackbits(packed, axis=1, count=self.reviews).astype(bool)


@dataclass(frozen=True)
class SweepRow:
    """One variant of a sweep.

    Attributes:
        layers: The layer set, its layers joined by "+".
        planned_dose: See `Variant`; dose, change and relative_change too.
        dose: Fraction of the set's units that are randomized.
        scheme: Scheme of the randomization.
        unit: Its unit.
        seed: Seed of the replicate.
        change: ‖ΔW‖₂.
        relative_change: ‖ΔW‖₂ / ‖W‖₂.
        chance: 1 / number of classes.
        training: SWEEP_METRICS of the training part by name, None where missing.
        validation: The same of the validation part.
        missing: Reason of each None by its column, such as "validation_loss".
        predictions: Predicted classes of the validation part, (reviews,) int64; None but in brief rows.
        split: Seed of the split.
        hits: Which validation reviews it gets right; None where the outputs are not finite, or they are not kept.
    """

    layers: str
    planned_dose: float
    dose: float | None
    scheme: str
    unit: str
    seed: int
    change: float | None
    relative_change: float | None
    chance: float
    training: dict[str, float | None]
    validation: dict[str, float | None]
    missing: dict[str, str] = field(default_factory=dict)
    predictions: np.ndarray | None = field(default=None, compare=False, repr=False)
    split: int = 0
    hits: Hits | None = field(default=None, compare=False, repr=False)

    def scores(self, part: str, reviews: int) -> Scores:
        """The metrics of a part as `score_logits` gives them, without those of single classes.

        Args:
            part: Name of the part.
            reviews: How many reviews it has.
        """
        values = getattr(self, part)
        missing = {
            name.removeprefix(f"{part}_"): reason
            for name, reason in self.missing.items()
            if name.startswith(f"{part}_")
        }
        return Scores(
            reviews=reviews,
            interval=None if values["accuracy"] is None else (values["accuracy_low"], values["accuracy_high"]),
            missing=missing,
            **{name: values[name] for name in SCORES_OF_A_ROW},
        )

    def compare(self, part: str, reviews: int) -> PairedChange | None:
        """The change of accuracy of a part from the original to the variant; None where one of them is missing.

        Args:
            part: Name of the part.
            reviews: How many reviews it has.
        """
        values = getattr(self, part)
        return None if values["lost"] is None else make_change(reviews, int(values["lost"]), int(values["gained"]))


class VariantEvaluator:
    """Computes the metrics of variants beside those of their original model, on both parts of a split.

    Args:
        model: The original model.
        split: The reviews.
        objective: Objective of the training, which is the loss.
        majority: Accuracy of always predicting the most frequent class, by part.
        brief: Whether to compute no more than `SweepRow.scores` and the predictions, which takes half as long.
        seed: Seed of the split.
        keep_hits: Whether rows keep which validation reviews are right.
    """

    def __init__(
        self,
        model: TextClassifier,
        split: Split,
        objective: str,
        majority: dict[str, float],
        *,
        brief: bool = False,
        seed: int = 0,
        keep_hits: bool = False,
    ):
        self.split, self.objective, self.majority, self.brief, self.seed = split, objective, majority, brief, seed
        self.chance, most = 1 / len(split.classes), find_majority(split)
        with torch.no_grad():
            self.original = {
                name: _Original(model(part.inputs), part.targets, most) for name, part in split.parts.items()
            }
        original = self.original["validation"]
        self.before = self._pack(original.predictions) if keep_hits and original.accuracy is not None else None

    def _pack(self, predictions: torch.Tensor) -> bytes:
        return np.packbits((predictions == self.split.validation.targets).numpy()).tobytes()

    def _hits(self, variant: Variant) -> Hits | None:
        logits = variant.logits and variant.logits["validation"]
        if self.before is None or logits is None or not torch.isfinite(logits).all():
            return None
        reviews, training = len(self.split.validation), len(self.split.training)
        return Hits(reviews, self._pack(logits.argmax(-1)), self.before, reviews / training)

    def rows(self, chunk: list[Variant], randomization: Randomization) -> list[SweepRow]:
        """A row for each variant. randomization: theirs, but for layers and dose."""
        reached = [variant for variant in chunk if variant.logits is not None]
        measured = zip(*(self._part(name, reached) for name in PARTS), strict=True)
        return [self._row(variant, randomization, next(measured) if variant.logits else None) for variant in chunk]

    def _row(self, variant: Variant, randomization: Randomization, measured: tuple | None) -> SweepRow:
        """measured: for each part metrics and the reasons of missing ones; None where the dose was not reached."""
        missing = {}
        if variant.dose is None:
            reason = NOT_REACHED.format(planned=format_share(variant.planned_dose))
            missing = dict.fromkeys(("dose", "change", "relative_change"), reason)
        elif variant.change is None:
            missing = dict.fromkeys(("change", "relative_change"), WEIGHTS_NOT_FINITE)
        elif variant.relative_change is None:
            missing = {"relative_change": WEIGHTS_ZERO}
        if measured is None:
            unknown = [name for name in SWEEP_METRICS if name not in ("accuracy_before", "majority")]
            missing |= {f"{part}_{name}": missing["dose"] for part in PARTS for name in unknown}
        missing |= {f"{name}_accuracy_before": NOT_FINITE for name in PARTS if self.original[name].accuracy is None}
        parts = {  # what does not depend on the variant
            name: dict.fromkeys(SWEEP_METRICS)
            | {"accuracy_before": self.original[name].accuracy, "majority": self.majority[name]}
            for name in PARTS
        }
        for name, (values, reasons) in zip(PARTS, measured or (), strict=bool(measured)):
            parts[name] |= values
            missing |= {f"{name}_{metric}": reason for metric, reason in reasons.items()}
        return SweepRow(
            layers=LAYER_SEPARATOR.join(variant.layers),
            planned_dose=variant.planned_dose,
            dose=variant.dose,
            scheme=randomization.scheme,
            unit=randomization.unit,
            seed=randomization.seed,
            change=variant.change,
            relative_change=variant.relative_change,
            chance=self.chance,
            **parts,
            missing=missing,
            predictions=variant.logits["validation"].argmax(-1).numpy() if self.brief and variant.logits else None,
            split=self.seed,
            hits=self._hits(variant),
        )

    def _part(self, name: str, chunk: list[Variant]) -> list[tuple[dict[str, float | None], dict[str, str]]]:
        """Metrics and the reasons of missing ones, for each variant."""
        if not chunk:
            return []
        targets, original = self.split.parts[name].targets, self.original[name]
        logits = torch.stack([variant.logits[name] for variant in chunk])  # (variants, reviews, classes)
        finite = torch.isfinite(logits).flatten(1).all(1)
        logits[~finite] = 0
        columns = {metric: values.tolist() for metric, values in self._columns(logits, targets, original).items()}
        found = []
        for position, whole in enumerate(finite.tolist()):
            if whole:
                values = {metric: values[position] for metric, values in columns.items()}
                found.append(self._one(values, original, self.majority[name]))
            else:
                names = [metric for metric in SWEEP_METRICS if metric != "majority"]
                reasons = dict.fromkeys(names, NOT_FINITE)
                if original.accuracy is not None:
                    del reasons["accuracy_before"]
                found.append(({}, reasons))
        return found

    def _one(
        self, values: dict[str, float | None], original: "_Original", majority: float
    ) -> tuple[dict, dict[str, str]]:
        """A variant's metrics of a part with those that follow from them, and the reasons of missing ones."""
        reviews, accuracy = len(original.predictions), values["accuracy"]
        values["accuracy_low"], values["accuracy_high"] = wilson_interval(round(accuracy * reviews), reviews)
        ratios = {
            "forgetting": measure_forgetting(original.accuracy, accuracy, self.chance),
            "forgetting_above_majority": measure_forgetting_above_majority(
                original.accuracy, accuracy, majority, original.advantage
            ),
        }
        values |= {name: ratio.value for name, ratio in ratios.items()}
        reasons = {name: ratio.missing for name, ratio in ratios.items() if ratio.missing}
        if not math.isfinite(values["loss"]):
            reasons["loss"] = LOSS_TOO_LARGE
        if not self.brief and not 0 < values["temperature"] < math.inf:
            reasons["temperature"] = TEMPERATURE_ZERO if values["temperature"] == 0 else TEMPERATURE_INFINITE
        if len(self.split.classes) <= TOP_K:
            reasons["top_k_accuracy"] = why_no_top_k(len(self.split.classes))
        if original.accuracy is None:
            reasons |= dict.fromkeys(("accuracy_before", "lost", "gained", "agreement", "divergence"), NOT_FINITE)
        return values | dict.fromkeys(reasons), reasons

    def _columns(self, logits: torch.Tensor, targets: torch.Tensor, original: "_Original") -> dict[str, torch.Tensor]:
        """A number for each variant, by metric, of those that are computed for all variants at once."""
        classes = logits.shape[-1]
        predictions = logits.argmax(-1)
        strided = logits.transpose(-2, -1).contiguous().transpose(-2, -1)  # classes outermost, see `formulas`
        softmax = formulas.softmax(strided)
        scores = softmax if self.objective == "cross_entropy" else probabilities(strided, self.objective)
        brief = {
            "loss": formulas.loss(strided, targets, self.objective),
            "accuracy": formulas.accuracy(predictions, targets),
            "top_k_accuracy": formulas.top_k_accuracy(strided, targets, TOP_K),
            "lost": (original.hits & (predictions != targets)).sum(-1),
            "gained": (~original.hits & (predictions == targets)).sum(-1),
            "macro_f1": formulas.macro_f1(predictions, targets, classes),
            "balanced_accuracy": formulas.balanced_accuracy(predictions, targets, classes),
            "bitwise_accuracy": formulas.bitwise_accuracy(scores, targets),
        }
        if self.brief:
            return brief
        temperature, scaled_loss = calibration.temperature_scaled_loss(strided, targets, self.objective)
        return brief | {
            "temperature_scaled_loss": scaled_loss,
            "temperature": temperature,
            "entropy": formulas.entropy(softmax),
            "most_predicted_share": formulas.class_counts(predictions, classes).amax(-1) / len(targets),
            "agreement": formulas.agreement(predictions, original.predictions),
            "divergence": formulas.divergence(softmax, original.softmax),
        }


class _Original:
    """The original model's outputs on one part.

    accuracy is None where the outputs are not finite; advantage is the change of accuracy from always predicting the
    largest class.
    """

    def __init__(self, logits: torch.Tensor, targets: torch.Tensor, majority_class: int):
        self.predictions, self.softmax = logits.argmax(-1), formulas.softmax(logits)
        self.hits = self.predictions == targets
        finite = bool(torch.isfinite(logits).all())
        self.accuracy = formulas.accuracy(self.predictions, targets).item() if finite else None
        self.advantage = compare_hits((targets == majority_class).numpy(), self.hits.numpy())
