"""What an experiment gives: frozen results, and all of them as plain values."""

import math
from dataclasses import asdict, dataclass

import numpy as np
import torch

from forgetting.metrics.baselines import Baselines
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.scores import Scores
from forgetting.model.classifier import TextClassifier
from forgetting.model.trainer import Epoch
from forgetting.randomization.layers import LayerSummary
from forgetting.recipe.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Trained:
    """A model as training left it, finished or not. It is never changed: whoever trains it on copies it.

    initial: the state dict from before training. history: the epochs that were actually trained. state, steps,
    seconds: of the Trainer. training_logits: of the last step's own forward pass, where the protocol asks for it.
    """

    model: TextClassifier
    initial: dict[str, torch.Tensor]
    history: tuple[Epoch, ...]
    state: str
    steps: int
    seconds: float
    training_logits: torch.Tensor | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """A model's logits (reviews, classes) and scores on both parts, by part name."""

    logits: dict[str, torch.Tensor]
    scores: dict[str, Scores]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Before and after. forgetting, agreement and divergence are by part name; see `metrics`."""

    original: Outcome
    randomized: Outcome
    model: TextClassifier
    forgetting: dict[str, Measurement]
    agreement: dict[str, Measurement]
    divergence: dict[str, Measurement]
    history: tuple[Epoch, ...] = ()  # of the randomized model, which the published protocol trains


@dataclass(frozen=True, eq=False)
class Result:
    """What running a recipe on reviews gives; `to_dict` has all of it as plain values."""

    recipe: Recipe
    data: dict[str, int | str]
    layers: tuple[LayerSummary, ...]
    trained: Trained
    comparison: Comparison
    baselines: Baselines

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    def to_dict(self) -> dict:
        """Plain values, ready for JSON: a missing figure is null, and its reason stands in the `missing` beside it."""
        comparison = self.comparison
        ratios = {name: getattr(comparison, name) for name in ("forgetting", "agreement", "divergence")}
        return to_plain(
            {
                "recipe": self.recipe.to_dict(),
                "recipe_hash": self.recipe.hash,
                "data": self.data,
                "parameters": self.parameters,
                "layers": {layer.name: layer.parameters for layer in self.layers},
                "epochs": len(self.trained.history),
                "state": self.trained.state,
                "original": comparison.original.scores,
                "randomized": comparison.randomized.scores,
                "baselines": self.baselines,
                **{name: {part: ratio.value for part, ratio in parts.items()} for name, parts in ratios.items()},
                "missing": {
                    f"{name}.{part}": ratio.missing
                    for name, parts in ratios.items()
                    for part, ratio in parts.items()
                    if ratio.missing
                },
            }
        )


def to_plain(value: object) -> object:
    """Dataclasses, tuples and arrays as dicts and lists; numbers that are not finite as None."""
    if hasattr(value, "__dataclass_fields__"):
        return to_plain(asdict(value))
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
