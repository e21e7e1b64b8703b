"""The variants of any torch model: layer sets are randomized in place in one copy of it, which is then evaluated.

What a text classifier makes of a split is computed faster by `variants`.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain
from typing import Any

import torch
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.randomization.layers import copy_model, find_layers, find_rest
from forgetting.randomization.path import LayerPath, Paths
from forgetting.randomization.settings import Randomization
from forgetting.studies.stages import STAGES_MEMORY, StageCache, layer_of
from forgetting.studies.variants import (
    UNITS_AT_ONCE,
    LayerPlan,
    Variant,
    change_along,
    distance_between,
    plan_layer,
    share_of_units,
    sum_changes,
)

PATHS_MEMORY = 256 * 2**20  # bytes that the paths of layers may take at once; else each is made when it is needed
PATH_SIZE = 6  # bytes of a path for each byte of the layer's parameters: units, order, draws
SAME_OUTPUT = 1e-4  # share by which two outputs may differ that should be the same: sums may be taken in another order

Evaluate = Callable[[nn.Module], Mapping[str, Any]]


class Workbench:
    """A copy of a model whose layers are randomized in place and set back, and which is evaluated.

    Args:
        model: The original model, which does not change.
        evaluate: Gives what is measured of a model, by part.
        sets: The layer sets, in the order in which they are evaluated.
        stages: Gives the stages of a model's forward pass, see `StageCache`; None for none.
        most: Bytes that what stages gave may take.
    """

    def __init__(
        self,
        model: nn.Module,
        evaluate: Evaluate,
        sets: Sequence[tuple[str, ...]],
        stages: Callable[[nn.Module], Sequence[nn.Module]] | None = None,
        most: int = STAGES_MEMORY,
    ):
        self.evaluate, self.sets = evaluate, sets
        self.model = copy_model(model).eval()
        layers = find_layers(self.model)
        self.known = tuple(layers)
        self.own, self.original = (
            {layer.path: [*layer.parameters.values(), *layer.buffers.values()] for layer in found.values()}
            for found in (layers | find_rest(self.model), find_layers(model) | find_rest(model))
        )
        self.state: dict[str, int] = {}  # which planned dose each randomized layer is at
        self.cache = None
        self.unchecked = stages is not None
        if stages is not None:
            found = list(stages(self.model))
            inside = {id(module) for module in self.model.modules()}
            if not found or any(id(stage) not in inside for stage in found):
                raise RecipeError(
                    "stages must give modules of the model that it gets, such as its blocks; it gave "
                    f"{[type(stage).__name__ for stage in found][:6]}. Take them from the model that is handed in."
                )
            bases = [{layer_of(name) for name in names} for names in sets]
            self.cache = StageCache(self.model, found, self.own, bases, most)
        self.before: Mapping[str, Any] | None = None

    def measure_original(self) -> Mapping[str, Any]:
        """What is measured of the original, computed once, while nothing is randomized."""
        if self.before is None:
            with self.cache.watching() if self.cache else nullcontext():
                self.before = self.evaluate(self.model)
        return self.before

    def measure(self, place: int) -> Mapping[str, Any]:
        """What is measured of the model as it is now. place: which of the sets is randomized."""
        if not self.state:
            return self.measure_original()
        if not self.cache:
            return self.evaluate(self.model)
        reused = self.cache.reuses(self.state)
        with self.cache.evaluating(place, self.state):
            found = self.evaluate(self.model)
        if self.unchecked and reused:
            self.unchecked = False
            whole = self.evaluate(self.model)
            if not all(_alike(found[part], whole[part]) for part in whole):
                raise RecipeError(
                    "stages must be modules that do nothing but turn what the ones before gave into what they give; "
                    "computed once, they give other results than computed again. Leave out the module that keeps a "
                    "state or does not give the same twice, or leave out stages."
                )
        return found

    def restore(self, names: Sequence[str]) -> None:
        """Set layers, by their names or those of parts of them, back to the original, bit for bit."""
        bases = {layer_of(name) for name in names}
        for base in bases:
            for own, original in zip(self.own[base], self.original[base], strict=True):
                own.data.copy_(original.data)
        self.state = {name: at for name, at in self.state.items() if layer_of(name) not in bases}


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping):
        return all(_alike(torch.tensor(one[name]), torch.tensor(other[name])) for name in one)
    return torch.allclose(one, other, rtol=SAME_OUTPUT, atol=SAME_OUTPUT, equal_nan=True)


@torch.no_grad()
def walk_variants(
    bench: Workbench,
    doses: Sequence[float],
    randomization: Randomization,
    *,
    match: str = "dose",
    **options: Any,
) -> Iterator[Variant]:
    """Every layer set at every planned dose, dose by dose. Each variant is that of `randomize`, bit for bit.

    Args:
        bench: The copy of the model, with its layer sets.
        doses: The planned doses, rising.
        randomization: Scheme, unit, seed, scale and words; its layers and its fraction do not count.
        match: See `Sweep`.
        options: The named arguments of `layer_paths`.
    """
    used = tuple(dict.fromkeys(chain.from_iterable(bench.sets)))
    bench.restore(tuple(bench.state))
    if bench.cache:
        bench.measure_original()  # which finds what depends on what
    walks = _Walks(bench, used, doses, randomization, match, options)
    try:
        for index, dose in enumerate(doses):
            for place, chosen in enumerate(bench.sets):
                plans = [walks.plans[name] for name in chosen]
                if any(plan.counts[index] is None for plan in plans):
                    yield Variant(chosen, dose)
                    continue
                walks.write(chosen, index)
                try:
                    outputs, failed = bench.measure(place), ""
                except EvaluationError as error:
                    outputs, failed = None, str(error)
                share = dose if match == "dose" else share_of_units(plans, index)
                changes = sum_changes(plans, [walks.changes[name, index] for name in chosen])
                yield Variant(chosen, dose, share, *changes, outputs, failed)
    finally:
        bench.restore(tuple(bench.state))


class EvaluationError(Exception):
    """A variant that cannot be evaluated; the message is the reason."""


class _Walks:
    """The paths of the layers that are randomized, and how far each has gone."""

    def __init__(
        self,
        bench: Workbench,
        used: tuple[str, ...],
        doses: Sequence[float],
        randomization: Randomization,
        match: str,
        options: Mapping[str, Any],
    ):
        randomization.check_unit(used, bench.known)
        self.bench, self.paths = bench, Paths(bench.model, randomization, **options)
        size = sum(value.nbytes for base in {layer_of(name) for name in used} for value in bench.own[base])
        self.known: dict[str, LayerPath] | None = None
        if size * PATH_SIZE <= PATHS_MEMORY:
            parts = [name for name in used if name not in bench.known]  # which may overlap layers of other sets
            self.known = self.paths.of(tuple(name for name in used if name in bench.known))
            self.known |= {name: path for part in parts for name, path in self.paths.of((part,)).items()}
        self.plans: dict[str, LayerPlan] = {name: plan_layer(self._path(name), doses, match) for name in used}
        self.changes: dict[tuple[str, int], float] = {}
        self.walks: dict[str, tuple[int, Iterator[torch.Tensor], torch.Tensor | None]] = {}

    def _path(self, name: str) -> LayerPath:
        """Of the original's units, as the bench is restored whenever paths are made."""
        return self.paths.of((name,))[name] if self.known is None else self.known[name]

    def write(self, chosen: tuple[str, ...], index: int) -> None:
        """Randomize a layer set to the planned dose of that index, and set all others back."""
        bench, moved = self.bench, [name for name in chosen if self.plans[name].counts[index]]
        # Where a path is not kept, it is made anew of the original's units.
        bench.restore(
            [name for name, at in bench.state.items() if name not in moved or (not self.known and at != index)]
        )
        for name in chosen:
            if name not in moved:
                self.changes[name, index] = 0.0
            elif bench.state.get(name) != index:
                path = self._path(name)
                units = self._alone(path, name, index) if self.known is None else self._units(path, name, index)
                if (name, index) not in self.changes:
                    self.changes[name, index] = change_along(path, units)
                path.write(units)
                bench.state[name] = index
        if self.paths.rest_follows(chosen) and all(
            self.plans[name].counts[index] == self.plans[name].units for name in chosen
        ):
            self.paths.rewind_rest()
            bench.state |= dict.fromkeys(self.paths.rest, index)

    def _alone(self, path: LayerPath, name: str, index: int) -> torch.Tensor:
        """The units at a planned dose, in the memory of the path's own, which is used for nothing else."""
        chosen = path.order[: self.plans[name].counts[index]]
        values = path.values(len(chosen))
        changes = []
        for new, some in zip(values.split(UNITS_AT_ONCE), chosen.split(UNITS_AT_ONCE), strict=True):
            old, statistics = path.units[some], some >= path.weight_rows
            old[statistics] = new[statistics]
            changes.append(distance_between(new[:, : path.weight_columns], old[:, : path.weight_columns]))
            path.units[some] = new
        self.changes[name, index] = math.hypot(*changes)
        return path.units

    def _units(self, path: LayerPath, name: str, index: int) -> torch.Tensor:
        """The units at a planned dose; along a path that is kept each of them is written once."""
        counts = self.plans[name].counts
        if name not in self.walks:
            self.walks[name] = (-1, path.walk([count for count in counts if count is not None]), None)
        at, walk, units = self.walks[name]
        for step in range(at + 1, index + 1):
            if counts[step] is not None:
                units = next(walk)
        self.walks[name] = (index, walk, units)
        return units
