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

UNITS_AT_ONCE = 2**20  # of a layer, whose norm is computed at once
Prefix = tuple[bool, ...]  # of each of the first layers, whether it is randomized


@dataclass(frozen=True, eq=False)
class Variant:
    """One layer set randomized to one planned dose.

    Attributes:
        layers: The layer set.
        planned_dose: Dose of the plan: a fraction of units, or of the norm of the weights, see `Sweep.match`.
        dose: Fraction of the set's units that are randomized, in [0, 1]; None where no dose takes the weights as far
            as is planned.
        change: ‖ΔW‖₂ over the set's parameters, without statistics of norms; None where it is not finite.
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


@dataclass(frozen=True)
class LayerPlan:
    """How far one layer goes at each planned dose.

    Attributes:
        counts: Number of randomized units at each dose; None where none takes the weights as far as is planned.
        units: Number of units that may be randomized.
        norm: ‖W‖₂ of the layer.
    """

    counts: tuple[int | None, ...]
    units: int
    norm: float


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
    layers = {name: plan_layer(path, doses, match) for name, path in found.items()}
    walks = {
        name: path.walk([count for count in layers[name].counts if count is not None]) for name, path in found.items()
    }
    known: dict[str, dict[Prefix, torch.Tensor]] = {part: {} for part in inputs}
    changes = {}
    for index, dose in enumerate(doses):
        reached = {name for name, layer in layers.items() if layer.counts[index] is not None}
        for name in reached:
            units = next(walks[name])
            changes[name] = change_along(found[name], units) if layers[name].counts[index] else 0.0
            found[name].write(units)
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
                dose if match == "dose" else share_of_units([layers[name] for name in chosen], index),
                *sum_changes([layers[name] for name in chosen], [changes[name] for name in chosen]),
                {part: values[position] for part, values in logits.items()},
            )


def plan_layer(path: LayerPath, doses: Sequence[float], match: str) -> LayerPlan:
    """How far a layer goes along its path at each planned dose; see `Sweep.match`."""
    norm = _norm(path.weights(path.units))
    if match == "dose":
        counts = [path.count(dose) for dose in doses]
    elif math.isfinite(norm):
        counts = path.reaching([dose * norm for dose in doses])
    else:
        counts = [None if dose else 0 for dose in doses]
    return LayerPlan(tuple(counts), len(path.order), norm)


def change_along(path: LayerPath, units: torch.Tensor) -> float:
    """‖ΔW‖₂ of a layer's parameters at units along its path, (n, values of a unit)."""
    return distance_between(path.weights(units), path.weights(path.units))


def distance_between(units: torch.Tensor, original: torch.Tensor) -> float:
    """‖ΔW‖₂ between two states of a layer's units, (n, values of a unit)."""
    wide = torch.promote_types(units.dtype, torch.float32)  # as differences of half precision are rounded
    pairs = zip(units.split(UNITS_AT_ONCE), original.split(UNITS_AT_ONCE), strict=True)
    return math.hypot(*(_norm(one.to(wide) - other.to(wide)) for one, other in pairs))


def _norm(units: torch.Tensor) -> float:
    """‖W‖₂ of units, of many in pieces, as numbers of double precision take the memory of the weights twice."""
    pieces = units.split(UNITS_AT_ONCE)
    return math.hypot(*(torch.linalg.vector_norm(piece, dtype=torch.float64).item() for piece in pieces))


def share_of_units(layers: Sequence[LayerPlan], index: int) -> float:
    """The share of the units of a layer set that is randomized at the planned dose of that index."""
    total = sum(layer.units for layer in layers)
    return sum(layer.counts[index] for layer in layers) / total if total else 0.0


def sum_changes(layers: Sequence[LayerPlan], changes: Sequence[float]) -> tuple[float | None, float | None]:
    """‖ΔW‖₂ of a layer set and its ratio to ‖W‖₂; None where they are not finite, or the weights were all 0."""
    change, norm = (sum(value**2 for value in values) ** 0.5 for values in (changes, [layer.norm for layer in layers]))
    if not math.isfinite(change):
        return None, None
    return change, (change / norm if norm and math.isfinite(norm) else None)


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
