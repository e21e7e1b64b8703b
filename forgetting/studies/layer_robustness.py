"""How robust a model is to setting one layer back to before training, and to drawing it anew."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.metrics.intervals import Band, median_band
from forgetting.metrics.paired import LEVEL
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Split
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.initializers import recorded
from forgetting.randomization.layers import find_layers, named_values
from forgetting.randomization.patterns import expand_set
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.nested import nested_forgetting
from forgetting.studies.sweep import run_sweep

CRITICAL, ROBUST = 0.5, 0.25  # forgetting from which a layer is critical, and up to which it is robust

DECIDED = ("critical", "robust", "in between")  # conclusions that name one thing


@dataclass(frozen=True)
class LayerRobustness:
    """How well a model does with layers re-initialized or re-randomized (Zhang, Bengio & Singer, arXiv 1902.01996).

    Attributes:
        layer: Name of the layer, or of the layer set.
        parameters: Number of its parameters.
        accuracy_before: Validation accuracy of the original model, None where its outputs are not finite.
        chance: 1 / number of classes.
        reinitialized: Forgetting on validation with the layer's weights from before training: the paper's
            re-initialization, our scheme "rewind". None where forgetting is undefined or the outputs are not finite.
        rerandomized: Forgetting with a fresh draw of the layer's initializer, over seeds: the paper's
            re-randomization, our scheme "reinit". None in the same cases.
        accuracies: Validation accuracy with the layer re-initialized, and the median with it re-randomized.
        distance: ‖θ_t − θ_0‖₂ of the layer between the end and the start of training; None where it is not known.
        initial_norm: ‖θ_0‖₂ of the layer; None where it is not known.
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
        note: What else the reader should know, such as that statistics of BatchNorm were not re-estimated; "" for
            nothing.
    """

    layer: str
    parameters: int
    accuracy_before: float | None
    chance: float
    reinitialized: float | None
    rerandomized: Band | None
    accuracies: tuple[float | None, float | None]
    distance: float | None
    initial_norm: float | None
    conclusion: str
    interval: tuple[float, float] | None = None
    together: tuple[float, float] | None = None
    alone: str = ""
    rerandomized_interval: tuple[float, float] | None = None
    models: int = 1
    splits: int = 1
    missing: str = ""
    note: str = ""


@dataclass(frozen=True)
class LayerDistance:
    """How far a layer has gone in training.

    Attributes:
        parameters: Number of its parameters.
        distance: ‖θ_t − θ_0‖₂ between the end and the start of training; None where the start is not known.
        initial_norm: ‖θ_0‖₂ at the start; None where it is not known.
    """

    parameters: int
    distance: float | None = None
    initial_norm: float | None = None


def robustness(
    model: TextClassifier | TextTransformer,
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
    options = {"parts": ("validation",)} if isinstance(model, TextTransformer) else {}
    rows = run_sweep(model, split, plan, initial=initial, recipe=recipe, **options).rows
    return robustness_of_rows(rows, plan, measure_distances(model, initial))


def measure_distances(
    model: nn.Module, initial: nn.Module | Mapping[str, torch.Tensor] | None = None
) -> dict[str, LayerDistance]:
    """How far each layer of a model has gone in training, by its name.

    Args:
        model: The trained model.
        initial: The model, or its state dict, from before training; None where it is not known.
    """
    found, values = {}, {} if initial is None else named_values(initial)
    for name, layer in find_layers(model).items():
        count = sum(value.numel() for value in layer.parameters.values())
        try:
            then = recorded(layer, layer.parameters, values, "rewind")
        except RecipeError:
            found[name] = LayerDistance(count)
            continue
        changes = [value.detach().cpu() - then[key].detach().cpu() for key, value in layer.parameters.items()]
        found[name] = LayerDistance(count, _norm(changes), _norm([value.detach().cpu() for value in then.values()]))
    return found


def _norm(values: Sequence[torch.Tensor]) -> float:
    return sum(torch.linalg.vector_norm(value, dtype=torch.float64).item() ** 2 for value in values) ** 0.5


def robustness_of_rows(
    rows: Sequence[SweepRow], plan: Sweep, distances: Mapping[str, LayerDistance], *, note: str = ""
) -> tuple[LayerRobustness, ...]:
    """The robustness of each layer set whose rows have it re-initialized whole (the scheme "rewind" at dose 1).

    Where the planned doses are of the change of the norm, 1 is not all of a layer, so there is none.

    Args:
        rows: Of a sweep or a study.
        plan: Its plan.
        distances: Of `measure_distances`, all layers of the model in order.
        note: See `LayerRobustness`.
    """
    known = tuple(distances)
    whole = [row for row in rows if row.planned_dose == 1.0 and row.unit == "weight" and plan.match == "dose"]
    # Rewinding all of a layer draws nothing, so one model needs it once.
    back = [row for row in whole if row.scheme == "rewind" and (plan.retrain or row.seed == plan.seed)]
    anew = [row for row in whole if row.scheme == "reinit"]
    names = list(dict.fromkeys(row.layers for row in back))
    return tuple(
        _robustness(
            name,
            [distances.get(layer, LayerDistance(0)) for layer in expand_set(name, known)],
            [row for row in back if row.layers == name],
            [row for row in anew if row.layers == name],
            len(names),
            plan,
            note,
        )
        for name in names
    )


def _robustness(
    name: str,
    layers: Sequence[LayerDistance],
    back: Sequence[SweepRow],
    anew: Sequence[SweepRow],
    sets: int,
    plan: Sweep,
    note: str,
) -> LayerRobustness:
    forgotten = _known(back, "forgetting")
    interval = together = rerandomized_interval = None
    conclusion = alone = "undefined"
    missing = back[0].missing.get("validation_forgetting", "")
    if forgotten:
        interval, missing = nested_forgetting(back)
        together, _ = nested_forgetting(back, 1 - (1 - LEVEL) / sets)
        conclusion, alone = (conclude_forgetting(ends) for ends in (together, interval))
        rerandomized_interval, _ = nested_forgetting(anew)
    before = _known(back, "accuracy_before")
    accuracies = [_known(rows, "accuracy") for rows in (back, anew)]
    distance, initial_norm = (
        None if None in values else math.hypot(*values)
        for values in ([layer.distance for layer in layers], [layer.initial_norm for layer in layers])
    )
    return LayerRobustness(
        layer=name,
        parameters=sum(layer.parameters for layer in layers),
        accuracy_before=float(np.median(before)) if before else None,
        chance=back[0].chance,
        reinitialized=float(np.median(forgotten)) if forgotten else None,
        rerandomized=median_band(_known(anew, "forgetting")) if _known(anew, "forgetting") else None,
        accuracies=tuple(float(np.median(values)) if values else None for values in accuracies),
        distance=distance,
        initial_norm=initial_norm,
        conclusion=conclusion,
        interval=interval,
        together=together,
        alone=alone,
        rerandomized_interval=rerandomized_interval,
        models=plan.seeds if plan.retrain else 1,
        splits=plan.splits,
        missing=missing,
        note=note,
    )


def _known(rows: Sequence[SweepRow], metric: str) -> list[float]:
    """The values of a validation metric that are there."""
    return [row.validation[metric] for row in rows if row.validation.get(metric) is not None]


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
