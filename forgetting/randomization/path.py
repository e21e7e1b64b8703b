"""Randomizing: a fraction of the chosen layers' units gets new values by a scheme, in a copy of the model.

For one seed, randomizing is a path: what is randomized at a small fraction is randomized at each larger one, with the
same values. The scheme "permute" keeps the positions only, not the values. Each layer has separate random streams.
"""

import copy
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn.utils.spectral_norm import SpectralNorm

from forgetting.core.errors import RecipeError, list_names
from forgetting.core.seeding import generator
from forgetting.randomization.heads import Heads, heads_of
from forgetting.randomization.initializers import Rebuild, draw_layer, recorded
from forgetting.randomization.layers import (
    BOTH,
    PART_SEPARATOR,
    STATISTICS,
    VECTORS,
    Layer,
    choose_layers,
    copy_model,
    find_layers,
    find_rest,
    named_values,
    walk_modules,
)
from forgetting.randomization.schemes import NOT_NESTED, SCHEMES, Draws, Shuffles
from forgetting.randomization.settings import Randomization
from forgetting.randomization.units import UnitParts, check_randomizable, units_of, write_units

DISTANCE_STEPS = 33  # fractions at which a distance is measured where a scheme's values change along the path
DISTANCE_TRIES = 8  # times that counts between them are then tried for each distance, at the most
DISTANCE_CLOSE, DISTANCE_REACHED = (
    0.02,
    0.1,
)  # share of a distance within which a try is near enough, and within which it is reached
SUMMED = 1 - 5e-7  # share of a distance that counts as all of it, as sums have rounding errors
COUNTER = "num_batches_tracked"
Initial = nn.Module | Mapping[str, torch.Tensor] | None
Factory = Callable[[], nn.Module] | Rebuild | None


def randomize(
    model: nn.Module,
    randomization: Randomization,
    *,
    initial: Initial = None,
    vocabulary: Sequence[str] = (),
    rebuild: Factory = None,
) -> nn.Module:
    """A copy of a model in which the chosen units are randomized; the model itself does not change.

    A frozen parameter is randomized and stays frozen. Buffers do not change, except that the scheme "rewind" takes the
    running statistics of a norm for values of it, lets the vectors of a spectral norm follow the last of its weights,
    and the statistics of norms without parameters the last of all layers. A parameter that several modules share is
    randomized with the layer that it belongs to; see `find_layers`.

    Args:
        model: Any torch module.
        randomization: What to randomize, how much, and how.
        initial: The model, or its state dict, from before training; the scheme "rewind" goes back to it.
        vocabulary: The words of the first layer's columns, in order; needed where the randomization lists words.
        rebuild: Gives an untrained model, of which the scheme "reinit" takes the values; by default each layer is drawn
            by its own initializer, which is refused where the model is known to have another one.

    Raises:
        RecipeError: A layer or word is unknown, or the scheme or unit does not fit a layer.
    """
    randomized = copy_model(model)
    paths = Paths(randomized, randomization, initial=initial, vocabulary=vocabulary, rebuild=rebuild)
    chosen = paths.of(randomization.chosen_layers(tuple(paths.layers)))
    counts = {name: path.count(randomization.fraction) for name, path in chosen.items()}
    for name, path in chosen.items():
        path.write(next(path.walk([counts[name]])))
    if paths.rest_follows(tuple(chosen)) and all(counts[name] == len(path.order) for name, path in chosen.items()):
        paths.rewind_rest()
    return randomized


def randomized_units(
    model: nn.Module, randomization: Randomization, *, vocabulary: Sequence[str] = ()
) -> dict[str, torch.Tensor]:
    """The randomized units of each chosen layer, by its name: their sorted positions, (count,) int64."""
    found = layer_paths(model, randomization, vocabulary=vocabulary)
    return {name: path.order[: path.count(randomization.fraction)].sort().values.long() for name, path in found.items()}


def layer_paths(
    model: nn.Module,
    randomization: Randomization,
    *,
    initial: Initial = None,
    vocabulary: Sequence[str] = (),
    rebuild: Factory = None,
) -> dict[str, "LayerPath"]:
    """The path of each chosen layer, or part of a layer, by name; the randomization's fraction does not matter.

    Arguments and errors are those of `randomize`, but writing a path changes `model` itself.
    """
    paths = Paths(model, randomization, initial=initial, vocabulary=vocabulary, rebuild=rebuild)
    return paths.of(randomization.chosen_layers(tuple(paths.layers)))


class Paths:
    """The paths of a model's layers, each made when it is asked for; the model is walked once.

    Arguments are those of `layer_paths`; the layers of the randomization do not matter.
    """

    def __init__(
        self,
        model: nn.Module,
        randomization: Randomization,
        *,
        initial: Initial = None,
        vocabulary: Sequence[str] = (),
        rebuild: Factory = None,
    ):
        self.layers, self.rest = find_layers(model), find_rest(model)
        if rebuild is not None and not isinstance(rebuild, Rebuild) and randomization.scheme == "reinit":
            rebuild = Rebuild(rebuild)
        self.context = _Context(
            randomization,
            dict(walk_modules(model)),
            vocabulary,
            cache(lambda: _read_initial(initial)),
            None if rebuild is None else cache(lambda: rebuild(randomization.seed)),
        )

    def of(self, names: tuple[str, ...]) -> dict[str, "LayerPath"]:
        """The paths of layers, or parts of layers, by name; errors are those of `randomize`."""
        chosen = choose_layers(self.layers, names)
        return {name: _path(layer, self.context, whole=name in self.layers) for name, layer in chosen.items()}

    def rest_follows(self, names: Collection[str]) -> bool:
        """Whether the statistics of norms that are no layers go back with the last of the units of these layers."""
        whole = self.layers.keys() == set(names)
        return whole and self.context.randomization.scheme == "rewind" and bool(self.rest)

    def rest_before(self) -> dict[str, dict[str, torch.Tensor]]:
        """What the norms that are no layers kept before training, by the name of the norm and its own."""
        before = self.context.initial()
        return {name: recorded(norm, norm.buffers, before, "rewind") for name, norm in self.rest.items()}

    def rewind_rest(self) -> None:
        """Set the norms that are no layers back to before training."""
        for name, values in self.rest_before().items():
            for key, value in values.items():
                self.rest[name].buffers[key].copy_(value)


@dataclass(frozen=True, eq=False)
class _Context:
    """What the paths of one randomization share: it, the model's modules, words and the values to go back or on to."""

    randomization: Randomization
    modules: Mapping[str, nn.Module]
    vocabulary: Sequence[str]
    initial: Callable[[], Mapping[str, torch.Tensor]]
    rebuilt: Callable[[], Mapping[str, torch.Tensor]] | None


@dataclass(frozen=True, eq=False)
class LayerPath:
    """How one layer goes from its original units, at fraction 0, to all of them randomized, at fraction 1.

    Attributes:
        layer: The layer.
        parameters: What is written, by name: the layer's parameters, and with the scheme "rewind" its statistics.
        unit: A key of UNITS.
        scheme: A key of SCHEMES.
        units: The original units, (n, values of a unit).
        order: Positions of the units that may be randomized, in the order in which a growing fraction reaches them;
            int32, or int64 of more units than that holds.
        draws: Gives the scheme's `Draws` for the positions of the units that get new values.
        heads: The heads of an attention in the layer, with the unit "head".
        weight_rows: Number of rows of the units that are parameters: all, but for statistics, which come after them.
        weight_columns: Number of such columns.
        following: What else goes back, by name, where the last of the units do: a count of batches, and the vectors of
            a spectral norm.
        finish: Lets them go back.
    """

    layer: Layer
    parameters: dict[str, torch.Tensor]
    unit: str
    scheme: str
    units: torch.Tensor
    order: torch.Tensor
    draws: Callable[[torch.Tensor], Draws]
    heads: Heads | None
    weight_rows: int
    weight_columns: int
    following: Mapping[str, torch.Tensor]
    finish: Callable[[], None]

    def weights(self, units: torch.Tensor) -> torch.Tensor:
        """Of units, (n, values of a unit), the rows and columns that are parameters and no statistics."""
        return units[: self.weight_rows, : self.weight_columns]

    def count(self, fraction: float) -> int:
        """The number of units that are randomized at a fraction."""
        return round(fraction * len(self.order))

    def values(self, count: int) -> torch.Tensor:
        """New values of the first `count` units of the order, (count, values of a unit)."""
        return SCHEMES[self.scheme](self.draws(self.order[:count])).to(self.units.dtype)

    def walk(self, counts: Sequence[int]) -> Iterator[torch.Tensor]:
        """The layer's units, (n, values of a unit), at each of these rising counts.

        It is one tensor, changed in place from step to step. Each unit is written once along the whole path, except
        where a scheme's values change along it.
        """
        units, done = self.units.clone(), 0
        moving = self.scheme in NOT_NESTED
        values = None if moving else self.values(max(counts, default=0))
        for count in counts:
            start = 0 if moving else done
            units[self.order[start:count]] = self.values(count) if moving else values[start:count]
            done = count
            yield units

    def reaching(self, changes: Sequence[float]) -> list[int | None]:
        """The smallest counts at which the layer is at least at these distances from its original; they rise, too.

        Where a scheme's values change along the path, distances are measured at DISTANCE_STEPS fractions, and then at
        counts between them, of which the nearest is taken.

        Args:
            changes: Distances of all parameters from the original, in the L2 norm, rising.

        Returns:
            A count for each distance; None where even the whole path is shorter, or the count is more than a tenth off.
        """
        if self.scheme in NOT_NESTED:
            found, farthest = self._search(changes)
        else:
            changed = self.values(len(self.order)) - self.units[self.order]
            steps = _squares(changed[:, : self.weight_columns])
            steps[self.order >= self.weight_rows] = 0
            distances = np.sqrt(np.concatenate([[0.0], steps.cumsum(0).numpy()]))
            counts = np.searchsorted(distances, np.multiply(changes, SUMMED))
            found, farthest = [(count, distances[min(count, len(self.order))]) for count in counts], distances[-1]
        return [
            int(count) if SUMMED * change <= farthest and abs(distance - change) <= DISTANCE_REACHED * change else None
            for change, (count, distance) in zip(changes, found, strict=True)
        ]

    def _search(self, changes: Sequence[float]) -> tuple[list[tuple[int, float]], float]:
        """Of the counts that are tried, the nearest to each distance with its own, and the largest distance of all."""
        known: dict[int, float] = {}

        def measure(counts: Sequence[int]) -> None:
            for count, units in zip(counts, self.walk(counts), strict=True):
                distance = _squares(units - self.units).sum().sqrt().item()
                known[count] = distance if math.isfinite(distance) else math.inf

        measure(np.unique(np.linspace(0, len(self.order), DISTANCE_STEPS).round().astype(int)).tolist())
        found, least = [], 0
        for change in changes:
            for _ in range(DISTANCE_TRIES):
                below = max(count for count in known if count == least or (count > least and known[count] <= change))
                above = min((count for count in known if count > below), default=below)
                nearest = min((below, above), key=lambda count: abs(known[count] - change))
                between = range(below + 1, above)
                if not between or abs(known[nearest] - change) <= DISTANCE_CLOSE * change:
                    break
                measure(between if len(between) < DISTANCE_TRIES else [(below + above) // 2])
            least = min((count for count in known if count >= least), key=lambda count: abs(known[count] - change))
            found.append((least, known[least]))
        return found, max(known.values())

    def write(self, units: torch.Tensor) -> None:
        """Write units, (n, values of a unit), into the layer's parameters in place."""
        write_units(self.layer, self.parameters, self.unit, units, self.heads)
        if self.following and torch.equal(units[self.order], self.values(len(self.order))):
            self.finish()


def _squares(change: torch.Tensor) -> torch.Tensor:
    """The square of each unit's change: (n, values of a unit) → (n,)."""
    return change.double().square().sum(1)


def _path(layer: Layer, context: _Context, *, whole: bool) -> LayerPath:
    """The path of a layer; whole: whether it is a layer of the model, and not a part of one."""
    randomization = context.randomization
    unit, seed, scheme = randomization.unit, randomization.seed, randomization.scheme
    check_randomizable(layer)
    heads = heads_of(layer, context.modules) if unit == "head" else None
    written = {key: value.data for key, value in layer.parameters.items()}
    following: dict[str, torch.Tensor] = {}
    if scheme == "rewind" and whole and unit in ("weight", "neuron"):
        written |= {key: value for key, value in layer.buffers.items() if key in STATISTICS}
        following = {key: value for key, value in layer.buffers.items() if key == COUNTER or VECTORS.fullmatch(key)}
    units, parts = units_of(layer, written, unit, heads)
    name = layer.path if whole else f"{layer.path}{PART_SEPARATOR}{BOTH.join(layer.parameters)}{layer.outputs or ''}"
    stream = (heads.attention if heads else name, "order")
    # In 32 bits it takes the memory of as many weights, not twice as much; it is the same order.
    numbers = torch.int32 if len(units) <= torch.iinfo(torch.int32).max else torch.int64
    order = torch.randperm(len(units), generator=generator(seed, "randomize", *stream), dtype=numbers)
    if randomization.words:
        order = order[torch.isin(order, _word_units(layer, word_columns(randomization.words, context.vocabulary)))]

    def source() -> torch.Generator:
        return generator(seed, "randomize", name, scheme)

    def fresh() -> torch.Tensor:
        return units_of(layer, draw_layer(layer, context.modules, seed, context.rebuilt), unit, heads)[0]

    before = cache(lambda: recorded(layer, written | following, context.initial(), scheme))

    def finish() -> None:
        for key, value in following.items():
            value.copy_(before()[key])

    shuffles = cache(lambda: Shuffles(len(units), dict.fromkeys(parts.rows), source()))
    shared = {
        "gaussian": cache(lambda: torch.randn(units.shape, generator=source(), dtype=units.dtype)),
        "shuffled": lambda chosen: shuffles()(chosen),
        "deviation": cache(lambda: _deviation(units, parts)),
        "fresh": cache(fresh),
        "initial": cache(lambda: units_of(layer, {key: before()[key] for key in written}, unit, heads)[0]),
    }

    def draws(chosen: torch.Tensor) -> Draws:
        return Draws(units, chosen, source(), randomization.scale, **shared)

    if scheme == "zero":
        _check_zero(layer)
    statistics = len(written) - len(layer.parameters)
    rows, columns = (spans[-1 - statistics][1] for spans in (parts.rows, parts.columns))
    return LayerPath(layer, written, unit, scheme, units, order, draws, heads, rows, columns, following, finish)


def _deviation(units: torch.Tensor, parts: UnitParts) -> torch.Tensor:
    """The standard deviation of the parameter that each value of the units belongs to, (n, values of a unit)."""
    found = torch.empty_like(units)
    for (top, bottom), (left, right) in zip(parts.rows, parts.columns, strict=True):
        found[top:bottom, left:right] = units[top:bottom, left:right].std(correction=0)
    return found


def _word_units(layer: Layer, words: torch.Tensor) -> torch.Tensor:
    """Positions of words among the units, of which the word that stands for padding is none."""
    padding = getattr(layer.module, "padding_idx", None)
    return words if padding is None else words[words != padding] - (words[words != padding] > padding).long()


def _check_zero(layer: Layer) -> None:
    """Refuse zeros where a weight is computed from parameters and is not finite then, as a weight norm divides by 0."""
    hooks = [hook for hook in layer.module._forward_pre_hooks.values() if hasattr(hook, "compute_weight")]
    if not hooks and not hasattr(layer.module, "right_inverse"):  # as parametrizations of torch have
        return
    module = copy.deepcopy(layer.module)
    with torch.no_grad():
        for key in layer.parameters:
            value = layer.select(key, getattr(module, key))
            value.zero_()
        # The norms of earlier versions of torch compute the weight in a hook; that of a spectral norm iterates, or not.
        more = [(False,) if isinstance(hook, SpectralNorm) else () for hook in hooks]
        weights = [hook.compute_weight(module, *last) for hook, last in zip(hooks, more, strict=True)] or [module()]
    if not all(bool(weight.isfinite().all()) for weight in weights):
        norms = [key for key in layer.parameters if key in ("original0", "weight_g")]
        remedy = f"Choose its norms alone ({layer.name}:{norms[0]}), or another" if norms else "Choose another"
        raise RecipeError(
            f"Scheme 'zero' leaves no finite weights in layer {layer.name!r}, which are computed from its parameters "
            f"{list_names(list(layer.parameters))}. {remedy} scheme."
        )


def word_columns(words: Sequence[str], vocabulary: Sequence[str]) -> torch.Tensor:
    """Positions of words in the vocabulary, (words,) int64.

    Raises:
        RecipeError: The vocabulary lacks one of the words.
    """
    known = {word: column for column, word in enumerate(vocabulary)}
    unknown = [word for word in words if word not in known]
    if unknown:
        raise RecipeError(
            f"randomization.words must be words that the model knows; it has no {unknown[0]!r} among its "
            f"{len(known):,}. Words of fewer than split.min_df training reviews are left out: choose others, or "
            "lower it."
        )
    return torch.tensor([known[word] for word in words])


def _read_initial(initial: Initial) -> Mapping[str, torch.Tensor]:
    if initial is None:
        raise RecipeError("Scheme 'rewind' needs the weights from before training: pass them as `initial`.")
    return named_values(initial)
