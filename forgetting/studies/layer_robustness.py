"""How robust a model is to setting one layer back to before training, and to drawing it anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from forgetting.metrics.intervals import Band, median_band
from forgetting.metrics.paired import LEVEL
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Split
from forgetting.randomization.layers import layer_parameters, named_layers
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.nested import nested_forgetting
from forgetting.studies.sweep import run_sweep

CRITICAL, ROBUST = 0.5, 0.25  # forgetting from which a layer is critical, and up to which it is robust

DECIDED = ("critical", "robust", "in between")  # conclusions that name one thing


@dataclass(frozen=True)
class LayerRobustness:
    """How well a model does with one layer re-initialized or re-randomized (Zhang, Bengio & Singer, arXiv 1902.01996).

    Attributes:
        layer: Name of the layer.
        parameters: Number of its parameters.
        accuracy_before: Validation accuracy of the original model, None where its outputs are not finite.
        chance: 1 / number of classes.
        reinitialized: Forgetting on validation with the layer's weights from before training: the paper's
            re-initialization, our scheme "rewind". None where forgetting is undefined or the outputs are not finite.
        rerandomized: Forgetting with a fresh draw of the layer's initializer, over seeds: the paper's
            re-randomization, our scheme "reinit". None in the same cases.
        accuracies: Validation accuracy with the layer re-initialized, and the median with it re-randomized.
        distance: ‖θ_t − θ_0‖₂ of the layer between the end and the start of training.
        initial_norm: ‖θ_0‖₂ of the layer.
        conclusion: "critical" where forgetting by re-initialization is at least CRITICAL, "robust" up to ROBUST, else
            "in between"; the bounds are ours. It is of both ends of `together`: where they differ, both are named,
            "undecided" where they are "robust" and "critical", or where there is no interval; "undefined" where
            forgetting is.
        interval: 95 % interval of `reinitialized`, over reviews and, where there are several, models and splits; see
            `nested_forgetting`.
        together: The interval that holds forgetting in all layers at once, 95 % of the time: its level is corrected
            for their number (Bonferroni).
        alone: The conclusion from `interval`, as if this layer were the only one.
        rerandomized_interval: 95 % interval of the median of `rerandomized`, over seeds, too.
        models: Number of original models on each split.
        splits: Number of splits.
        missing: Reason why there is no interval; "" where there is.
    """

    layer: str
    parameters: int
    accuracy_before: float | None
    chance: float
    reinitialized: float | None
    rerandomized: Band | None
    accuracies: tuple[float | None, float | None]
    distance: float
    initial_norm: float
    conclusion: str
    interval: tuple[float, float] | None = None
    together: tuple[float, float] | None = None
    alone: str = ""
    rerandomized_interval: tuple[float, float] | None = None
    models: int = 1
    splits: int = 1
    missing: str = ""


def robustness(
    model: TextClassifier,
    split: Split,
    initial: Mapping[str, torch.Tensor],
    *,
    seeds: int = 10,
    seed: int = 0,
    retrain: bool = False,
    splits: int = 1,
    recipe: Recipe = MODERN,
) -> tuple[LayerRobustness, ...]:
    """Each layer alone re-initialized (back to its weights from before training), and re-randomized with several seeds.

    Args:
        model: The original model.
        split: The reviews.
        initial: State dict of the model from before training.
        seeds: Number of draws of the re-randomization.
        seed: Seed of the first draw.
        retrain: Whether each seed has its own model, see `Sweep`.
        splits: Number of splits, see `Sweep`.
        recipe: The recipe that the model was trained by.
    """
    plan = Sweep(("each",), (1.0,), ("rewind", "reinit"), seeds=seeds, seed=seed, retrain=retrain, splits=splits)
    rows = run_sweep(model, split, plan, initial=initial, recipe=recipe).rows
    found, layers = [], named_layers(model)
    for name, layer in layers.items():
        alone = [row for row in rows if row.layers == name]
        # Rewinding all of a layer draws nothing, so one model needs it once.
        back = [row for row in alone if row.scheme == "rewind" and (retrain or row.seed == seed)]
        anew = [row for row in alone if row.scheme == "reinit"]
        found.append(_robustness(name, layer_parameters(model, layer), initial, back, anew, len(layers), plan))
    return tuple(found)


def _robustness(
    name: str,
    parameters: Mapping[str, torch.Tensor],
    initial: Mapping[str, torch.Tensor],
    back: Sequence[SweepRow],
    anew: Sequence[SweepRow],
    layers: int,
    plan: Sweep,
) -> LayerRobustness:
    now = torch.cat([value.detach().double().flatten() for value in parameters.values()])
    then = torch.cat([initial[f"{name}.{key}"].double().flatten() for key in parameters])
    forgotten = _known(back, "forgetting")
    interval = together = rerandomized_interval = None
    conclusion = alone = "undefined"
    missing = back[0].missing.get("validation_forgetting", "")
    if forgotten:
        interval, missing = nested_forgetting(back)
        together, _ = nested_forgetting(back, 1 - (1 - LEVEL) / layers)
        conclusion, alone = (conclude_forgetting(ends) for ends in (together, interval))
        rerandomized_interval, _ = nested_forgetting(anew)
    before = _known(back, "accuracy_before")
    accuracies = [_known(rows, "accuracy") for rows in (back, anew)]
    return LayerRobustness(
        layer=name,
        parameters=len(now),
        accuracy_before=float(np.median(before)) if before else None,
        chance=back[0].chance,
        reinitialized=float(np.median(forgotten)) if forgotten else None,
        rerandomized=median_band(_known(anew, "forgetting")) if _known(anew, "forgetting") else None,
        accuracies=tuple(float(np.median(values)) if values else None for values in accuracies),
        distance=torch.linalg.vector_norm(now - then).item(),
        initial_norm=torch.linalg.vector_norm(then).item(),
        conclusion=conclusion,
        interval=interval,
        together=together,
        alone=alone,
        rerandomized_interval=rerandomized_interval,
        models=plan.seeds if plan.retrain else 1,
        splits=plan.splits,
        missing=missing,
    )


def _known(rows: Sequence[SweepRow], metric: str) -> list[float]:
    """The values of a validation metric that are there."""
    return [row.validation[metric] for row in rows if row.validation[metric] is not None]


def conclude_forgetting(interval: tuple[float, float] | None) -> str:
    """What an interval of forgetting lets one conclude of a layer, see `LayerRobustness.conclusion`."""
    if interval is None:
        return "undecided"
    first, last = (
        "critical" if forgetting >= CRITICAL else "robust" if forgetting <= ROBUST else "in between"
        for forgetting in interval
    )
    if (first, last) == ("robust", "critical"):
        return "undecided"
    return first if first == last else f"{first} or {last}"
