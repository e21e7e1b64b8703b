"""The rows of a sweep: every figure of many variants at once, beside those of the original.

A figure that cannot be computed is None and has its reason; no row is left out.
"""

import math
from dataclasses import dataclass, field

import torch

from forgetting import figures
from forgetting.features import Split
from forgetting.metrics import (
    LOSS_TOO_LARGE,
    NOT_FINITE,
    TOP_K,
    forgetting_ratio,
    no_top_k,
    probabilities,
    wilson,
)
from forgetting.models import TextClassifier
from forgetting.plan import JOINED
from forgetting.randomization import Randomization
from forgetting.variants import Variant

PARTS = ("training", "validation")
FIGURES = {
    "loss": "of the objective",
    "calibrated_loss": "the least that any temperature gives, see `figures.calibrated`",
    "temperature": "that gives it",
    "accuracy": "top-1, in [0, 1]",
    "accuracy_low": "of its 95 % Wilson interval over reviews",
    "accuracy_high": "of its 95 % Wilson interval over reviews",
    "accuracy_before": "of the original model",
    "majority": "accuracy of always naming the training part's most frequent class",
    "forgetting": "(before − after) / (before − chance)",
    "top_k_accuracy": f"the true class is among the best {TOP_K}",
    "macro_f1": "mean F1 over classes",
    "bitwise_accuracy": "the published one",
    "entropy": "mean of a prediction's entropy, in nats",
    "most_predicted_share": "share of reviews given the most predicted class; 1 is collapse",
    "agreement": "share of reviews given the same class as by the original",
    "divergence": "mean Jensen–Shannon divergence from the original, base 2",
}
TEMPERATURE_ZERO = "0: every answer is right, so the loss falls to 0 with the temperature"
TEMPERATURE_INFINITE = "infinite: no scale of the logits is better than saying the same everywhere"
NOT_REACHED = "dose 1 does not move the weights as far as {level:g} of their norm"


@dataclass(frozen=True)
class Row:
    """One variant. layers: the set, joined by "+". level: the plan's dose. dose and changes: see `Variant`.

    training, validation: the FIGURES by name, None where missing. missing: the reason of each None, by the column
    "validation_loss" and so on.
    """

    layers: str
    level: float
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


class Measuring:
    """The figures of variants beside those of their original model, on both parts of a split.

    majority: accuracy of always naming the most frequent class, by part.
    """

    def __init__(self, model: TextClassifier, split: Split, objective: str, majority: dict[str, float]):
        self.split, self.objective, self.majority = split, objective, majority
        self.chance = 1 / len(self.split.classes)
        with torch.no_grad():
            logits = {name: model(part.inputs) for name, part in self.split.parts.items()}
        self.original = {name: _Original(values) for name, values in logits.items()}
        self.before = {
            name: figures.accuracy(self.original[name].guesses, part.targets).item()
            for name, part in self.split.parts.items()
        }

    def rows(self, chunk: list[Variant], randomization: Randomization) -> list[Row]:
        reached = [variant for variant in chunk if variant.logits is not None]
        measured = {name: self._part(name, reached) for name in PARTS}
        places = {id(variant): place for place, variant in enumerate(reached)}
        rows = []
        for variant in chunk:
            about = {
                "layers": JOINED.join(variant.layers),
                "level": variant.level,
                "dose": variant.dose,
                "scheme": randomization.scheme,
                "unit": randomization.unit,
                "seed": randomization.seed,
                "change": variant.change,
                "relative_change": variant.relative_change,
                "chance": self.chance,
            }
            if variant.logits is None:
                reason = NOT_REACHED.format(level=variant.level)
                empty = {name: self._known(name) for name in PARTS}
                rows.append(Row(**about, **empty, missing={"dose": reason}))
                continue
            found = {name: measured[name][places[id(variant)]] for name in PARTS}
            missing = {f"{name}_{figure}": why for name in PARTS for figure, why in found[name][1].items()}
            rows.append(Row(**about, **{name: found[name][0] for name in PARTS}, missing=missing))
        return rows

    def _known(self, name: str) -> dict[str, float | None]:
        """What is known of a part without a variant."""
        return dict.fromkeys(FIGURES) | {"accuracy_before": self.before[name], "majority": self.majority[name]}

    def _part(self, name: str, chunk: list[Variant]) -> list[tuple[dict[str, float | None], dict[str, str]]]:
        """Figures and the reasons of missing ones, for each variant."""
        if not chunk:
            return []
        targets, classes = self.split.parts[name].targets, len(self.split.classes)
        logits = torch.stack([variant.logits[name] for variant in chunk])  # (variants, reviews, classes)
        finite = torch.isfinite(logits).flatten(1).all(1)
        logits[~finite] = 0
        columns = self._columns(logits, targets, self.original[name])
        reviews, hits = len(targets), (columns["accuracy"] * len(targets)).round().int().tolist()
        lists = {figure: values.tolist() for figure, values in columns.items()}
        found = []
        for place, whole in enumerate(finite.tolist()):
            if not whole:
                names = [figure for figure in FIGURES if figure not in ("accuracy_before", "majority")]
                found.append((self._known(name), dict.fromkeys(names, NOT_FINITE)))
                continue
            values = self._known(name) | {figure: column[place] for figure, column in lists.items()}
            values["accuracy_low"], values["accuracy_high"] = wilson(hits[place], reviews)
            ratio = forgetting_ratio(self.before[name], values["accuracy"], self.chance)
            values["forgetting"] = ratio.value
            missing = {"forgetting": ratio.missing} if ratio.missing else {}
            found.append((values, missing | _unfit(values, classes)))
        return found

    def _columns(self, logits: torch.Tensor, targets: torch.Tensor, original: "_Original") -> dict[str, torch.Tensor]:
        """One number a variant for each figure that is computed for all at once."""
        classes = logits.shape[-1]
        guesses = logits.argmax(-1)
        strided = logits.transpose(-2, -1).contiguous().transpose(-2, -1)  # classes outermost, see `figures`
        softmax = figures.likelihoods(strided)
        chances = softmax if self.objective == "cross_entropy" else probabilities(strided, self.objective)
        temperature, calibrated = figures.calibrated(strided, targets, self.objective)
        return {
            "loss": figures.loss(strided, targets, self.objective),
            "calibrated_loss": calibrated,
            "temperature": temperature,
            "accuracy": figures.accuracy(guesses, targets),
            "top_k_accuracy": figures.top_k_accuracy(strided, targets, TOP_K),
            "macro_f1": figures.macro_f1(guesses, targets, classes),
            "bitwise_accuracy": figures.bitwise_accuracy(chances, targets),
            "entropy": figures.entropy(softmax),
            "most_predicted_share": figures.named(guesses, classes).amax(-1) / len(targets),
            "agreement": figures.agreement(guesses, original.guesses),
            "divergence": figures.divergence(softmax, original.softmax),
        }


class _Original:
    """What variants are compared with, on one part."""

    def __init__(self, logits: torch.Tensor):
        self.guesses = logits.argmax(-1)
        self.softmax = figures.likelihoods(logits)


def _unfit(values: dict[str, float | None], classes: int) -> dict[str, str]:
    """Make figures None that say nothing, and give the reasons."""
    reasons = {}
    if not math.isfinite(values["loss"]):
        reasons["loss"] = LOSS_TOO_LARGE
    if not 0 < values["temperature"] < math.inf:
        reasons["temperature"] = TEMPERATURE_ZERO if values["temperature"] == 0 else TEMPERATURE_INFINITE
    if classes <= TOP_K:
        reasons["top_k_accuracy"] = no_top_k(classes)
    values.update(dict.fromkeys(reasons))
    return reasons
