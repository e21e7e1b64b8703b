"""How robust a model is to setting one layer back to before training, and to drawing it anew."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from forgetting.metrics.intervals import Band, median_band
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Split
from forgetting.randomization.layers import layer_parameters, named_layers
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies.sweep import run_sweep

CRITICAL, ROBUST = 0.5, 0.25  # forgetting from which a layer is critical, and up to which it is robust


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
            "in between"; the bounds are ours. Where the two ends of the interval differ, both are named, "undecided"
            where they are "robust" and "critical"; "undefined" where there is no interval.
        interval: Forgetting at both ends of the 95 % Wilson interval of the accuracy over reviews.
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


def robustness(
    model: TextClassifier,
    split: Split,
    initial: Mapping[str, torch.Tensor],
    *,
    seeds: int = 10,
    seed: int = 0,
    recipe: Recipe = MODERN,
) -> tuple[LayerRobustness, ...]:
    """Each layer alone re-initialized (back to its weights from before training), and re-randomized with several seeds.

    Args:
        model: The original model.
        split: The reviews.
        initial: State dict of the model from before training.
        seeds: Number of draws of the re-randomization.
        seed: Seed of the first draw.
        recipe: The recipe that the model was trained by.
    """
    schemes = {"rewind": 1, "reinit": seeds}  # rewinding all of a layer draws nothing
    frames = []
    for scheme, count in schemes.items():
        plan = Sweep(layers=("each",), doses=(1.0,), schemes=(scheme,), seeds=count, seed=seed)
        frames.append(run_sweep(model, split, plan, initial=initial, recipe=recipe).frame)
    rows = pd.concat(frames)
    return tuple(
        _robustness(name, layer_parameters(model, layer), initial, rows) for name, layer in named_layers(model).items()
    )


def _robustness(
    name: str, parameters: Mapping[str, torch.Tensor], initial: Mapping[str, torch.Tensor], rows: pd.DataFrame
) -> LayerRobustness:
    now = torch.cat([value.detach().double().flatten() for value in parameters.values()])
    then = torch.cat([initial[f"{name}.{key}"].double().flatten() for key in parameters])
    alone = rows[rows["layers"] == name]
    before = float(alone["validation_accuracy_before"].iloc[0])
    by_scheme = {scheme: alone[alone["scheme"] == scheme] for scheme in ("rewind", "reinit")}
    back, anew = (by_scheme[scheme]["validation_forgetting"].dropna() for scheme in ("rewind", "reinit"))
    reinitialized = float(back.median()) if len(back) else None
    interval = None
    if reinitialized is not None:  # of the ends of the accuracy's interval, the higher is the lower forgetting
        row = by_scheme["rewind"].iloc[0]
        ends = (row["validation_accuracy_high"], row["validation_accuracy_low"])
        interval = tuple(float((before - end) / (before - row["chance"])) for end in ends)
    accuracies = [by_scheme[scheme]["validation_accuracy"].median() for scheme in ("rewind", "reinit")]
    return LayerRobustness(
        layer=name,
        parameters=len(now),
        accuracy_before=None if np.isnan(before) else before,
        chance=float(alone["chance"].iloc[0]),
        reinitialized=reinitialized,
        rerandomized=median_band(anew) if len(anew) else None,
        accuracies=tuple(None if np.isnan(value) else float(value) for value in accuracies),
        distance=torch.linalg.vector_norm(now - then).item(),
        initial_norm=torch.linalg.vector_norm(then).item(),
        conclusion=_conclude(interval),
        interval=interval,
    )


def _conclude(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return "undefined"
    first, last = (
        "critical" if forgetting >= CRITICAL else "robust" if forgetting <= ROBUST else "in between"
        for forgetting in interval
    )
    if (first, last) == ("robust", "critical"):
        return "undecided"
    return first if first == last else f"{first} or {last}"
