"""The logits of many variants of one model, each a layer set at a dose, for one seed, scheme and unit.

Variants share what is equal in them: each layer walks its path once for all layer sets, each unit of it written
once, and what the first layers make of the reviews is computed once for all sets that randomize the same of them. A
product for several doses at once, over their weights side by side, was measured too: it is slower, as the weights of
one dose fit the processor's cache and those of twenty do not.
"""

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional

from forgetting.model.classifier import TextClassifier, first_layer
from forgetting.model.sparse import SparseMatrix
from forgetting.randomization.path import LayerPath, layer_paths
from forgetting.randomization.settings import Randomization

Prefix = tuple[bool, ...]  # of each of the first layers, whether it is randomized


@dataclass(frozen=True, eq=False)
class Variant:
    """One layer set randomized to one planned dose.

    Attributes:
        layers: The layer set.
        planned_dose: Dose of the plan: a fraction of units, or of the norm of the weights, see `Sweep.match`.
        dose: Fraction of the set's units that are randomized, in [0, 1]; None where no dose takes the weights as far
            as is planned.
        change: ‖ΔW‖₂ over the set's weights, None where it is not finite.
        relative_change: ‖ΔW‖₂ / ‖W‖₂, None where it is not finite or the weights were all 0.
        outputs: What is measured, by part: logits (reviews, classes), or numbers by name; None where the dose is, or
            where measuring failed.
        failed: Why measuring failed; "" where it did not.
    """

    layers: tuple[str, ...]
    planned_dose: float
    dose: float | None = None
    change: float | None = None
    relative_change: float | None = None
    outputs: dict[str, torch.Tensor | Mapping[str, float]] | None = None
    failed: str = ""


@dataclass(frozen=True, eq=False)
class _Layer:
    """One layer: its path, the number of randomized units at each planned dose, and the norm of its weights."""

    path: LayerPath
    counts: list[int | None]
    size: float


@torch.no_grad()
def compute_variants(
    model: TextClassifier,
    inputs: Mapping[str, SparseMatrix],
    sets: Sequence[tuple[str, ...]],
    doses: Sequence[float],
    randomization: Randomization,
    *,
    initial: Mapping[str, torch.Tensor] | None = None,
    vocabulary: Sequence[str] = (),
    match: str = "dose",
) -> Iterator[Variant]:
    """Every layer set at every planned dose, dose by dose. Each variant is that of `randomize`, bit for bit.

    Args:
        model: The original model.
        inputs: (reviews, words) by part.
        sets: The layer sets.
        doses: The planned doses, rising.
        randomization: Scheme, unit, seed, scale and words; its layers and its fraction do not count.
        initial: See `randomize`.
        vocabulary: See `randomize`.
        match: See `Sweep`.
    """
    randomized = copy.deepcopy(model)
    names = [name for name, _ in model.named_children()]
    used = tuple(name for name in names if any(name in chosen for chosen in sets))
    chosen = randomization.with_value("layers", used)
    found = layer_paths(randomized, chosen, initial=initial, vocabulary=vocabulary)
    layers = {name: _plan_layer(path, doses, match) for name, path in found.items()}
    walks = {
        name: layer.path.walk([count for count in layer.counts if count is not None]) for name, layer in layers.items()
    }
    known: dict[str, dict[Prefix, torch.Tensor]] = {part: {} for part in inputs}
    changes = {}
    for index, dose in enumerate(doses):
        reached = {name for name, layer in layers.items() if layer.counts[index] is not None}
        for name in reached:
            path = layers[name].path
            units = next(walks[name])
            moved = layers[name].counts[index]
            changes[name] = torch.linalg.vector_norm(units - path.units, dtype=torch.float64).item() if moved else 0.0
            path.write(units)
        possible = [names for names in sets if reached.issuperset(names)]
        logits = {
            part: _logits(model, randomized, matrix, [[name in chosen for name in names] for chosen in possible], seen)
            for (part, matrix), seen in zip(inputs.items(), known.values(), strict=True)
        }
        for chosen in sets:
            if chosen not in possible:
                yield Variant(chosen, dose)
                continue
            position = possible.index(chosen)
            yield Variant(
                chosen,
                dose,
                dose if match == "dose" else _share(chosen, layers, index),
                *_distance(chosen, layers, changes),
                {part: values[position] for part, values in logits.items()},
            )


def _plan_layer(path: LayerPath, doses: Sequence[float], match: str) -> _Layer:
    size = torch.linalg.vector_norm(path.units, dtype=torch.float64).item()
    if match == "dose":
        return _Layer(path, [path.count(dose) for dose in doses], size)
    if not math.isfinite(size):
        return _Layer(path, [None if dose else 0 for dose in doses], size)
    return _Layer(path, path.reaching([dose * size for dose in doses]), size)


def _share(chosen: tuple[str, ...], layers: Mapping[str, _Layer], index: int) -> float:
    total = sum(len(layers[name].path.order) for name in chosen)
    return sum(layers[name].counts[index] for name in chosen) / total if total else 0.0


def _distance(
    chosen: tuple[str, ...], layers: Mapping[str, _Layer], changes: Mapping[str, float]
) -> tuple[float | None, float | None]:
    change = sum(changes[name] ** 2 for name in chosen) ** 0.5
    size = sum(layers[name].size ** 2 for name in chosen) ** 0.5
    if not math.isfinite(change):
        return None, None
    return change, (change / size if size and math.isfinite(size) else None)


def _logits(
    original: TextClassifier,
    randomized: TextClassifier,
    inputs: SparseMatrix,
    wanted: Sequence[Sequence[bool]],
    unchanged: dict[Prefix, torch.Tensor],
) -> list[torch.Tensor]:
    """Logits (reviews, classes) for each choice of layers; `unchanged` holds what no dose changes, by first layers."""
    modules = [list(original.children()), list(randomized.children())]
    known: dict[Prefix, torch.Tensor] = {}
    for choice in wanted:
        for depth in range(1, len(choice) + 1):
            prefix = tuple(choice[:depth])
            computed = known if any(prefix) else unchanged
            if prefix not in computed:
                layer, before = modules[prefix[-1]][depth - 1], prefix[:-1]
                values = (known if any(before) else unchanged)[before] if before else None
                computed[prefix] = first_layer(layer, inputs) if values is None else layer(functional.relu(values))
    return [(known if any(choice) else unchanged)[tuple(choice)] for choice in wanted]
