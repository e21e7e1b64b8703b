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
    """layers: the set. level: the dose of the plan. dose: share of the set's units that are randomized.

    change: ‖ΔW‖₂ over the set's weights, and relative_change, that by ‖W‖₂, None where they are not finite or all 0.
    logits: (reviews, classes) by part. dose and logits are None where no dose takes the weights as far as was asked.
    """

    layers: tuple[str, ...]
    level: float
    dose: float | None = None
    change: float | None = None
    relative_change: float | None = None
    logits: dict[str, torch.Tensor] | None = None


@dataclass(frozen=True, eq=False)
class _Layer:
    """One layer on its way: the units' counts at each level, how far it has come, and how large it is."""

    path: LayerPath
    counts: list[int | None]
    size: float


@torch.no_grad()
def compute_variants(
    model: TextClassifier,
    inputs: Mapping[str, SparseMatrix],
    sets: Sequence[tuple[str, ...]],
    levels: Sequence[float],
    randomization: Randomization,
    *,
    initial: Mapping[str, torch.Tensor] | None = None,
    vocabulary: Sequence[str] = (),
    match: str = "dose",
) -> Iterator[Variant]:
    """Every layer set at every level, level by level, the levels rising.

    inputs: (reviews, words) by part. randomization: scheme, unit, seed, scale and words; its layers and dose do not
    count. initial, vocabulary: see `randomize`. match: see `Sweep`. Each variant is that of `randomize`, bit for bit.
    """
    randomized = copy.deepcopy(model)
    names = [name for name, _ in model.named_children()]
    chosen = randomization.with_value("layers", _used(sets, names))
    found = layer_paths(randomized, chosen, initial=initial, vocabulary=vocabulary)
    layers = {name: _on_its_way(path, levels, match) for name, path in found.items()}
    walks = {
        name: layer.path.walk([count for count in layer.counts if count is not None]) for name, layer in layers.items()
    }
    known: dict[str, dict[Prefix, torch.Tensor]] = {part: {} for part in inputs}
    changes = {}
    for index, level in enumerate(levels):
        reached = {name for name, layer in layers.items() if layer.counts[index] is not None}
        for name in reached:
            path = layers[name].path
            units = next(walks[name])
            changes[name] = torch.linalg.vector_norm(units - path.units).item() if layers[name].counts[index] else 0.0
            path.write(units)
        possible = [names for names in sets if reached.issuperset(names)]
        logits = {
            part: _logits(model, randomized, matrix, [[name in chosen for name in names] for chosen in possible], seen)
            for (part, matrix), seen in zip(inputs.items(), known.values(), strict=True)
        }
        for chosen in sets:
            if chosen not in possible:
                yield Variant(chosen, level)
                continue
            place = possible.index(chosen)
            yield Variant(
                chosen,
                level,
                level if match == "dose" else _share(chosen, layers, index),
                *_distance(chosen, layers, changes),
                {part: values[place] for part, values in logits.items()},
            )


def _used(sets: Sequence[tuple[str, ...]], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if any(name in chosen for chosen in sets))


def _on_its_way(path: LayerPath, levels: Sequence[float], match: str) -> _Layer:
    size = torch.linalg.vector_norm(path.units, dtype=torch.float64).item()
    if match == "dose":
        return _Layer(path, [path.count(level) for level in levels], size)
    if not math.isfinite(size):
        return _Layer(path, [None if level else 0 for level in levels], size)
    return _Layer(path, path.reaching([level * size for level in levels]), size)


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
    """Logits (reviews, classes) for each choice of layers; `unchanged` keeps what no dose touches."""
    modules = [list(original.children()), list(randomized.children())]
    known: dict[Prefix, torch.Tensor] = {}
    for choice in wanted:
        for depth in range(1, len(choice) + 1):
            prefix = tuple(choice[:depth])
            kept = known if any(prefix) else unchanged
            if prefix not in kept:
                layer, before = modules[prefix[-1]][depth - 1], prefix[:-1]
                values = (known if any(before) else unchanged)[before] if before else None
                kept[prefix] = first_layer(layer, inputs) if values is None else layer(functional.relu(values))
    return [(known if any(choice) else unchanged)[tuple(choice)] for choice in wanted]
