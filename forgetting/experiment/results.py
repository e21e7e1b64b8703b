"""Results of an experiment, as frozen dataclasses and as plain values."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forgetting.metrics.baselines import Baselines, beats_trivial, compare_with_majority
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.paired import PairedChange, make_change
from forgetting.metrics.scores import Scores
from forgetting.model.history import Epoch, find_best_epoch, find_reached
from forgetting.randomization.layers import LayerSummary
from forgetting.recipe.recipe import Recipe

if TYPE_CHECKING:
    import torch

    from forgetting.model.classifier import TextClassifier


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model, whether its training has finished or not. It never changes; further training copies it.

    Attributes:
        model: The model.
        initial: Its state dict from before training.
        history: The epochs trained.
        state: State of its Trainer, such as "finished".
        steps: Number of optimizer steps.
        seconds: Time spent in training and measuring.
        training_logits: Logits of the last step's forward pass, where the protocol needs them.
    """

    model: TextClassifier
    initial: dict[str, torch.Tensor]
    history: tuple[Epoch, ...]
    state: str
    steps: int
    seconds: float
    training_logits: torch.Tensor | None = None

    @property
    def kept_epoch(self) -> int | None:
        """The best epoch, whose weights a finished model got back; None where it has those of the last one."""
        return find_best_epoch(self.history) if self.state == "finished" else None

    @property
    def reached(self) -> Epoch | None:
        """The epoch whose weights the model has; None before the first."""
        return find_reached(self.history, self.kept_epoch)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a model reaches on both parts.

    Attributes:
        logits: Logits (reviews, classes), by the name of the part; a training part of more than ROWS_AT_ONCE reviews
            has none, as they would take most of the memory.
        scores: Metrics, by the name of the part.
    """

    logits: dict[str, torch.Tensor]
    scores: dict[str, Scores]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The original and the randomized model.

    Attributes:
        original: Outcome of the original.
        randomized: Outcome of the randomized model.
        model: The randomized model.
        forgetting: Forgetting, beside chance, by the name of the part; see `measure_forgetting`.
        forgetting_above_majority: The same beside the largest class; see `measure_forgetting_above_majority`.
        agreement: Agreement of both models by the name of the part; see `measure_agreement`.
        divergence: Divergence of both models by the name of the part; see `measure_divergence`.
        lost: By the name of the part, how many reviews of each class the original alone classifies correctly,
            (classes,); None where the outputs of a model are not finite.
        gained: The same of the randomized model.
        changed_weights: How many of the model's parameters the randomization changed.
        history: Epochs of the randomized model, which the published protocol trains.
        seconds: Time spent in randomizing and measuring; 0 where it is not known.
    """

    original: Outcome
    randomized: Outcome
    model: TextClassifier
    forgetting: dict[str, Measurement]
    forgetting_above_majority: dict[str, Measurement]
    agreement: dict[str, Measurement]
    divergence: dict[str, Measurement]
    lost: dict[str, np.ndarray | None]
    gained: dict[str, np.ndarray | None]
    changed_weights: int
    history: tuple[Epoch, ...] = ()
    seconds: float = 0.0

    @property
    def changes(self) -> dict[str, PairedChange | None]:
        """The change of accuracy by the name of the part; None where the outputs of a model are not finite."""
        return {
            name: None
            if lost is None
            else make_change(self.original.scores[name].reviews, int(lost.sum()), int(self.gained[name].sum()))
            for name, lost in self.lost.items()
        }

    def class_changes(self, part: str) -> list[PairedChange | None]:
        """The change of each class's recall on a part, None for a class without a review; [] where `lost` is None."""
        if self.lost[part] is None:
            return []
        counts = zip(self.original.scores[part].confusion.sum(1), self.lost[part], self.gained[part], strict=True)
        return [make_change(*map(int, count)) if count[0] else None for count in counts]


@dataclass(frozen=True, eq=False)
class Result:
    """The result of a recipe and reviews.

    Attributes:
        recipe: All settings.
        data: Numbers of "rows", "words" and "classes", the file's "sha256", the fields of the split's "tokenizer", and
            the reviews of each part "without_known_words".
        layers: The layers of the model.
        trained: The original.
        comparison: The original and the randomized model.
        baselines: What trivial models reach on the same split.
    """

    recipe: Recipe
    data: dict[str, Any]
    layers: tuple[LayerSummary, ...]
    trained: Trained
    comparison: Comparison
    baselines: Baselines

    @property
    def parameters(self) -> int:
        """Number of the model's parameters."""
        return sum(layer.parameters for layer in self.layers)

    def to_dict(self) -> dict:
        """Plain values for JSON. A missing metric is None, and the `missing` beside it holds the reason."""
        comparison, majority = self.comparison, self.baselines.majority_class
        names = ("forgetting", "forgetting_above_majority", "agreement", "divergence")
        ratios = {name: getattr(comparison, name) for name in names}
        advantages = {
            part: None if scores.confusion is None else compare_with_majority(scores.confusion, majority)
            for part, scores in comparison.original.scores.items()
        }
        return to_plain(
            {
                "recipe": self.recipe.to_dict(),
                "recipe_hash": self.recipe.hash,
                "data": self.data,
                "parameters": self.parameters,
                "layers": {layer.name: layer.parameters for layer in self.layers},
                "epochs": len(self.trained.history),
                "kept_epoch": self.trained.kept_epoch,
                "state": self.trained.state,
                "original": comparison.original.scores,
                "randomized": comparison.randomized.scores,
                "baselines": self.baselines,
                "changed_weights": comparison.changed_weights,
                "change": {part: _change_to_dict(change) for part, change in comparison.changes.items()},
                "lost": comparison.lost,
                "gained": comparison.gained,
                "advantage_over_majority": {part: _change_to_dict(change) for part, change in advantages.items()},
                "beats_trivial": {
                    part: beats_trivial(scores, majority) for part, scores in comparison.original.scores.items()
                },
                **{name: {part: ratio.value for part, ratio in parts.items()} for name, parts in ratios.items()},
                "missing": {
                    f"{name}.{part}": ratio.missing
                    for name, parts in ratios.items()
                    for part, ratio in parts.items()
                    if ratio.missing
                },
            }
        )


def _change_to_dict(change: PairedChange | None) -> dict | None:
    return change and asdict(change) | {"change": change.change, "decided": change.decided, "needed": change.needed}


def to_plain(value: object) -> object:
    """A value in which dataclasses, tuples and arrays are dicts and lists, and numbers that are not finite None."""
    if hasattr(value, "__dataclass_fields__"):
        return to_plain(asdict(value))
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
