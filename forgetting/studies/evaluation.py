"""The rows of a sweep: every metric of many variants at once, beside those of the original.

A metric that cannot be computed is None and has its reason; no row is left out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

import numpy as np
import pandas as pd
import torch
from torch import nn

from forgetting.core.numbers import format_share
from forgetting.metrics import calibration, formulas
from forgetting.metrics.baselines import find_majority
from forgetting.metrics.comparisons import Measurement, measure_forgetting, measure_forgetting_above_majority
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.paired import PairedChange, compare_hits, make_change
from forgetting.metrics.scores import LOSS_TOO_LARGE, NOT_FINITE, TOP_K, Scores, probabilities, why_no_top_k
from forgetting.model.split import PARTS, Part, Split
from forgetting.randomization.patterns import name_set
from forgetting.randomization.settings import Randomization
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
NO_CHANCE = "the value of the metric at chance is not given (`chance`)"
NO_NUMBER = "`evaluate` gives no finite number of this name for this variant"
NOT_REACHED = (
    "no fraction moves the weights by {planned} of their norm, to a tenth of it, or they are not finite numbers"
)


@dataclass(frozen=True, eq=False)
class Hits:
    """Which reviews of a part a variant and its original classify correctly, eight reviews a byte.

    Attributes:
        reviews: Number of the part's reviews.
        after: Of the variant, see `unpack`.
        before: Of its original.
        share: Validation reviews for each training review; 0 where that is not known.
    """

    reviews: int
    after: bytes
    before: bytes
    share: float = 0.0

    def unpack(self) -> np.ndarray:
        """Whether each review is right before and after, (2, reviews)."""
        packed = np.frombuffer(self.before + self.after, dtype=np.uint8).reshape(2, -1)
        return np.unpackbits(packed, axis=1, count=self.reviews).astype(bool)


@dataclass(frozen=True)
class SweepRow:
    """One variant of a sweep.

    Attributes:
        layers: The shortest name of the layer set, see `name_set`.
        planned_dose: See `Variant`; dose, change and relative_change too.
        dose: Fraction of the set's units that are randomized.
        scheme: Scheme of the randomization.
        unit: Its unit.
        seed: Seed of the replicate.
        change: ‖ΔW‖₂.
        relative_change: ‖ΔW‖₂ / ‖W‖₂.
        chance: 1 / number of classes, or what else the metric is at chance; None where that is not known.
        parts: The metrics of each part by name, None where missing; SWEEP_METRICS where there are logits.
        missing: Reason of each None by its column, such as "validation_loss".
        predictions: Predicted classes of the validation part, (reviews,) int64; None but in brief rows.
        split: Seed of the split.
        part_hits: Which reviews of a part it gets right, for each part but the training part; a part is left out where
            the outputs are not finite, or hits are not kept.
    """

    layers: str
    planned_dose: float
    dose: float | None
    scheme: str
    unit: str
    seed: int
    change: float | None
    relative_change: float | None
    chance: float | None
    parts: dict[str, dict[str, float | None]]
    missing: dict[str, str] = field(default_factory=dict)
    predictions: np.ndarray | None = field(default=None, compare=False, repr=False)
    split: int = 0
    part_hits: dict[str, Hits] = field(default_factory=dict, compare=False, repr=False)

    @property
    def training(self) -> dict[str, float | None]:
        """The metrics of the training part."""
        return self.parts["training"]

    @property
    def validation(self) -> dict[str, float | None]:
        """The metrics of the validation part."""
        return self.parts["validation"]

    @property
    def hits(self) -> Hits | None:
        """Which validation reviews the variant gets right; None where that is not kept."""
        return self.part_hits.get("validation")

    def scores(self, part: str, reviews: int) -> Scores:
        """The metrics of a part as `score_logits` gives them, without those of single classes.

        Args:
            part: Name of the part.
            reviews: How many reviews it has.
        """
        values = self.parts[part]
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
        values = self.parts[part]
        return None if values["lost"] is None else make_change(reviews, int(values["lost"]), int(values["gained"]))


ROW_COLUMNS = [
    *("layers", "planned_dose", "dose", "scheme", "unit", "seed", "split", "change", "relative_change", "chance")
]
SWEEP_COLUMNS = [*ROW_COLUMNS, *(f"{part}_{name}" for part in PARTS for name in SWEEP_METRICS), "missing"]


def frame_of_rows(rows: Sequence[SweepRow]) -> pd.DataFrame:
    """A table with a line for each row.

    Its columns are ROW_COLUMNS, the metrics of each part, such as "validation_accuracy", which are NaN where they are
    missing, and "missing" with the reasons. Without rows it has SWEEP_COLUMNS.
    """
    found = [
        {name: getattr(row, name) for name in ROW_COLUMNS}
        | {f"{part}_{name}": value for part, values in row.parts.items() for name, value in values.items()}
        | {"missing": "; ".join(f"{name}: {reason}" for name, reason in row.missing.items())}
        for row in rows
    ]
    columns = dict.fromkeys(chain.from_iterable(found)) or dict.fromkeys(SWEEP_COLUMNS)
    columns = [*(name for name in columns if name != "missing"), "missing"]
    table = pd.DataFrame(found, columns=columns)
    others = ("layers", "scheme", "unit", "seed", "split", "missing")
    return table.astype({name: float for name in table if name not in others})


Measured = tuple[dict[str, float | None], dict[str, str]]  # metrics by name, and the reasons of missing ones


class VariantEvaluator:
    """Makes the rows of variants: the metrics of each part beside those of the original model.

    Args:
        parts: What measures each part, by its name.
        chance: Of the rows, see `SweepRow`.
        known: Names of the model's layers, in order.
        brief: Whether rows keep the predictions.
        seed: Seed of the split.
        keep_hits: Whether rows keep which reviews are right.
        share: Validation reviews for each training review, see `Hits`.
    """

    def __init__(
        self,
        parts: Mapping[str, "LogitsPart | NumbersPart"],
        chance: float | None,
        known: Sequence[str],
        *,
        brief: bool = False,
        seed: int = 0,
        keep_hits: bool = False,
        share: float = 0.0,
    ):
        self.parts, self.chance, self.brief, self.seed, self.share = parts, chance, brief, seed, share
        self.name = cache(lambda layers: name_set(layers, known))
        kept = [name for name, part in parts.items() if keep_hits and name != "training"]
        before = {name: parts[name].pack_original() for name in kept}
        self.before = {name: packed for name, packed in before.items() if packed is not None}

    def rows(self, chunk: Sequence[Variant], randomization: Randomization) -> list[SweepRow]:
        """A row for each variant. randomization: theirs, but for layers and dose."""
        reached = [variant for variant in chunk if variant.outputs is not None]
        measured = zip(
            *(part.measure([variant.outputs[name] for variant in reached]) for name, part in self.parts.items()),
            strict=True,
        )
        return [
            self._row(variant, randomization, None if variant.outputs is None else next(measured)) for variant in chunk
        ]

    def _row(self, variant: Variant, randomization: Randomization, measured: tuple[Measured, ...] | None) -> SweepRow:
        """measured: of each part; None where nothing could be measured."""
        missing = {}
        if variant.dose is None:
            reason = NOT_REACHED.format(planned=format_share(variant.planned_dose))
            missing = dict.fromkeys(("dose", "change", "relative_change"), reason)
        elif variant.change is None:
            missing = dict.fromkeys(("change", "relative_change"), WEIGHTS_NOT_FINITE)
        elif variant.relative_change is None:
            missing = {"relative_change": WEIGHTS_ZERO}
        parts = {}
        for place, (name, part) in enumerate(self.parts.items()):
            parts[name] = dict.fromkeys(part.names) | part.fixed  # which does not depend on the variant
            if measured is None:
                reasons = dict.fromkeys(_varying(part), variant.failed or missing.get("dose", ""))
            else:
                values, reasons = measured[place]
                parts[name] |= values
            missing |= {f"{name}_{metric}": reason for metric, reason in (part.fixed_missing | reasons).items()}
        brief = self.brief and variant.outputs is not None
        return SweepRow(
            layers=self.name(variant.layers),
            planned_dose=variant.planned_dose,
            dose=variant.dose,
            scheme=randomization.scheme,
            unit=randomization.unit,
            seed=randomization.seed,
            change=variant.change,
            relative_change=variant.relative_change,
            chance=self.chance,
            parts=parts,
            missing=missing,
            predictions=variant.outputs["validation"].argmax(-1).numpy() if brief else None,
            split=self.seed,
            part_hits={} if variant.outputs is None else self._hits(variant.outputs),
        )

    def _hits(self, outputs: Mapping[str, torch.Tensor]) -> dict[str, Hits]:
        found = {}
        for name, before in self.before.items():
            if torch.isfinite(outputs[name]).all():
                part = self.parts[name]
                found[name] = Hits(len(part.targets), part.pack(outputs[name].argmax(-1)), before, self.share)
        return found


@torch.no_grad()
def part_logits(model: nn.Module, part: Part) -> torch.Tensor:
    """A model's logits of a part, (reviews, classes), without dropout."""
    found = [model(inputs) for inputs, _ in part.chunks()]
    return found[0] if len(found) == 1 else torch.cat(found)


def split_parts(
    original: Mapping[str, torch.Tensor],
    split: Split,
    objective: str,
    majority: Mapping[str, float],
    *,
    brief: bool = False,
) -> dict[str, "LogitsPart"]:
    """What measures the logits of parts of a split, by their names.

    Args:
        original: The original's logits (reviews, classes) of each part that is measured.
        split: The reviews.
        objective: Objective of the training, which is the loss.
        majority: Accuracy of always predicting the most frequent class, by part.
        brief: See `LogitsPart`.
    """
    options = {"majority_class": find_majority(split), "brief": brief}
    return {
        name: LogitsPart(logits, split.parts[name].targets, objective, majority=majority[name], **options)
        for name, logits in original.items()
    }


class LogitsPart:
    """Measures the logits of variants on one part, beside the original's.

    Args:
        logits: The original's, (reviews, classes).
        targets: Class numbers, (reviews,).
        objective: The loss, a key of OBJECTIVES.
        majority: Accuracy of always predicting the largest class.
        majority_class: Number of that class.
        chance: Accuracy at chance; 1 / classes, where it is not given.
        brief: Whether to compute no more than `SweepRow.scores` and `lost` and `gained`, which takes half as long.
    """

    names = SWEEP_METRICS.keys()

    def __init__(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        objective: str,
        *,
        majority: float,
        majority_class: int,
        chance: float | None = None,
        brief: bool = False,
    ):
        self.targets, self.objective, self.majority, self.brief = targets, objective, majority, brief
        self.classes = logits.shape[1]
        self.chance = 1 / self.classes if chance is None else chance
        self.predictions, self.softmax = logits.argmax(-1), formulas.softmax(logits)
        self.right = self.predictions == targets
        finite = bool(torch.isfinite(logits).all())
        self.accuracy = formulas.accuracy(self.predictions, targets).item() if finite else None
        self.advantage = compare_hits((targets == majority_class).numpy(), self.right.numpy())
        self.fixed = {"accuracy_before": self.accuracy, "majority": majority}
        self.fixed_missing = {} if finite else {"accuracy_before": NOT_FINITE}

    def pack(self, predictions: torch.Tensor) -> bytes:
        """Which predictions are right, see `Hits`."""
        return np.packbits((predictions == self.targets).numpy()).tobytes()

    def pack_original(self) -> bytes | None:
        """The same of the original; None where its outputs are not finite."""
        return None if self.accuracy is None else self.pack(self.predictions)

    def measure(self, outputs: Sequence[torch.Tensor]) -> list[Measured]:
        """The metrics of each variant's logits, (reviews, classes)."""
        if not outputs:
            return []
        logits = torch.stack(list(outputs))  # (variants, reviews, classes)
        finite = torch.isfinite(logits).flatten(1).all(1)
        logits[~finite] = 0
        columns = {metric: values.tolist() for metric, values in self._columns(logits).items()}
        found = []
        for position, whole in enumerate(finite.tolist()):
            if whole:
                found.append(self._one({metric: values[position] for metric, values in columns.items()}))
            else:
                found.append(({}, dict.fromkeys(_varying(self), NOT_FINITE)))
        return found

    def _one(self, values: dict[str, float | None]) -> Measured:
        """A variant's metrics with those that follow from them, and the reasons of missing ones."""
        reviews, accuracy = len(self.targets), values["accuracy"]
        values["accuracy_low"], values["accuracy_high"] = wilson_interval(round(accuracy * reviews), reviews)
        ratios = {
            "forgetting": measure_forgetting(self.accuracy, accuracy, self.chance),
            "forgetting_above_majority": measure_forgetting_above_majority(
                self.accuracy, accuracy, self.majority, self.advantage
            ),
        }
        values |= {name: ratio.value for name, ratio in ratios.items()}
        reasons = {name: ratio.missing for name, ratio in ratios.items() if ratio.missing}
        if not math.isfinite(values["loss"]):
            reasons["loss"] = LOSS_TOO_LARGE
        if not self.brief and not 0 < values["temperature"] < math.inf:
            reasons["temperature"] = TEMPERATURE_ZERO if values["temperature"] == 0 else TEMPERATURE_INFINITE
        if self.classes <= TOP_K:
            reasons["top_k_accuracy"] = why_no_top_k(self.classes)
        if self.accuracy is None:
            reasons |= dict.fromkeys(("lost", "gained", "agreement", "divergence"), NOT_FINITE)
        return values | dict.fromkeys(reasons), reasons

    def _columns(self, logits: torch.Tensor) -> dict[str, torch.Tensor]:
        """A number for each variant, by metric, of those that are computed for all variants at once."""
        targets, classes = self.targets, self.classes
        predictions = logits.argmax(-1)
        strided = logits.transpose(-2, -1).contiguous().transpose(-2, -1)  # classes outermost, see `formulas`
        softmax = formulas.softmax(strided)
        scores = softmax if self.objective == "cross_entropy" else probabilities(strided, self.objective)
        brief = {
            "loss": formulas.loss(strided, targets, self.objective),
            "accuracy": formulas.accuracy(predictions, targets),
            "top_k_accuracy": formulas.top_k_accuracy(strided, targets, TOP_K),
            "lost": (self.right & (predictions != targets)).sum(-1),
            "gained": (~self.right & (predictions == targets)).sum(-1),
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
            "agreement": formulas.agreement(predictions, self.predictions),
            "divergence": formulas.divergence(softmax, self.softmax),
        }


class NumbersPart:
    """Takes over the numbers that an evaluation gives of variants, beside the original's.

    Args:
        numbers: The original's, by name.
        metric: The one that forgetting is of, where it is among them.
        chance: Its value at chance; None where it is not known.
    """

    def __init__(self, numbers: Mapping[str, float], metric: str, chance: float | None):
        self.metric, self.chance, self.before = (
            metric,
            chance,
            {name: _finite(value) for name, value in numbers.items()},
        )
        self.fixed = {f"{name}_before": value for name, value in self.before.items()}
        self.fixed_missing = {name: NO_NUMBER for name, value in self.fixed.items() if value is None}
        ratio = ("forgetting",) if metric in self.before else ()
        self.names = dict.fromkeys((*self.before, *self.fixed, *ratio)).keys()

    def pack_original(self) -> None:
        """Numbers do not say which reviews are right."""

    def measure(self, outputs: Sequence[Mapping[str, float]]) -> list[Measured]:
        """The numbers of each variant, None for one that is not there or not finite."""
        return [self._one(numbers) for numbers in outputs]

    def _one(self, numbers: Mapping[str, float]) -> Measured:
        values = {name: _finite(numbers.get(name)) for name in self.before}
        reasons = {name: NO_NUMBER for name, value in values.items() if value is None}
        if self.metric in values:
            ratio = self._forgetting(values[self.metric])
            values["forgetting"] = ratio.value
            reasons |= {"forgetting": ratio.missing} if ratio.missing else {}
        return values, reasons

    def _forgetting(self, after: float | None) -> Measurement:
        """An accuracy must be above chance; another metric may be better where it is larger, or where it is smaller."""
        before = self.before[self.metric]
        if self.chance is None:
            return Measurement(None, NO_CHANCE)
        if self.metric == "accuracy" or before is None or after is None or before == self.chance:
            return measure_forgetting(before, after, self.chance)
        return Measurement((before - after) / (before - self.chance))


def _varying(part: LogitsPart | NumbersPart) -> list[str]:
    """The metrics of a part that depend on the variant."""
    return [name for name in part.names if name not in part.fixed]


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
