"""Randomizing: a fraction of the chosen layers' units gets new values by a scheme, in a copy of the model.

For one seed, randomizing is a path: what is randomized at a small fraction is randomized at each larger one, with the
same values. The scheme "permute" keeps the positions only, not the values. Each layer has separate random streams.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import generator, initialize
from forgetting.randomization.layers import layer_parameters, named_layers
from forgetting.randomization.schemes import NOT_NESTED, SCHEMES, Draws, Shuffle
from forgetting.randomization.settings import Randomization
from forgetting.randomization.units import units_of, write_units

DISTANCE_STEPS = 33  # fractions at which a distance is measured where a scheme's values change along the path
DISTANCE_TRIES = 8  # times that counts between them are then tried for each distance, at the most
CLOSE, REACHED = 0.02, 0.1  # share of a distance within which a try is near enough, and within which it is reached
SUMMED = 1 - 5e-7  # share of a distance that counts as all of it, as sums have rounding errors


def randomize(
    model: nn.Module,
    randomization: Randomization,
    *,
    initial: nn.Module | Mapping[str, torch.Tensor] | None = None,
    vocabulary: Sequence[str] = (),
) -> nn.Module:
    """A copy of a model in which the chosen units are randomized; the model itself does not change.

    A frozen parameter is randomized and stays frozen. Buffers do not change. A parameter that several modules share is
    randomized with the layer that it belongs to; see `named_layers`.

    Args:
        model: Any torch module.
        randomization: What to randomize, how much, and how.
        initial: The model, or its state dict, from before training; the scheme "rewind" goes back to it.
        vocabulary: The words of the first layer's columns, in order; needed where the randomization lists words.

    Raises:
        RecipeError: A layer or word is unknown, or the scheme or unit does not fit a layer.
    """
    randomized = copy.deepcopy(model)
    for path in layer_paths(randomized, randomization, initial=initial, vocabulary=vocabulary).values():
        path.write(next(path.walk([path.count(randomization.fraction)])))
    return randomized


def randomized_units(
    model: nn.Module, randomization: Randomization, *, vocabulary: Sequence[str] = ()
) -> dict[str, torch.Tensor]:
    """The randomized units of each chosen layer, by its name: their sorted positions, (count,) int64."""
    found = layer_paths(model, randomization, vocabulary=vocabulary)
    return {name: path.order[: path.count(randomization.fraction)].sort().values for name, path in found.items()}


def layer_paths(
    model: nn.Module,
    randomization: Randomization,
    *,
    initial: nn.Module | Mapping[str, torch.Tensor] | None = None,
    vocabulary: Sequence[str] = (),
) -> dict[str, "LayerPath"]:
    """The path of each chosen layer, by name; the randomization's fraction does not matter.

    Arguments and errors are those of `randomize`, but writing a path changes `model` itself.
    """
    layers = named_layers(model)
    return {
        name: _path(name, layers[name], layer_parameters(model, layers[name]), randomization, initial, vocabulary)
        for name in randomization.chosen_layers(tuple(layers))
    }


@dataclass(frozen=True, eq=False)
class LayerPath:
    """How one layer goes from its original units, at fraction 0, to all of them randomized, at fraction 1.

    Attributes:
        layer: The module whose parameters are written.
        parameters: Parameters that belong to the layer, by name.
        unit: A key of UNITS.
        scheme: A key of SCHEMES.
        units: The original units, (n, values of a unit).
        order: Positions of the units that may be randomized, in the order in which a growing fraction reaches them.
        draws: Gives the scheme's `Draws` for the positions of the units that get new values.
    """

    layer: nn.Module
    parameters: dict[str, nn.Parameter]
    unit: str
    scheme: str
    units: torch.Tensor
    order: torch.Tensor
    draws: Callable[[torch.Tensor], Draws]

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
            changes: Distances of all units from the original, in the L2 norm, rising.

        Returns:
            A count for each distance; None where even the whole path is shorter, or the count is more than a tenth off.
        """
        if self.scheme in NOT_NESTED:
            found, farthest = self._search(changes)
        else:
            steps = _squares(self.values(len(self.order)) - self.units[self.order]).cumsum(0)
            distances = np.sqrt(np.concatenate([[0.0], steps.numpy()]))
            counts = np.searchsorted(distances, np.multiply(changes, SUMMED))
            found, farthest = [(count, distances[min(count, len(self.order))]) for count in counts], distances[-1]
        return [
            int(count) if SUMMED * change <= farthest and abs(distance - change) <= REACHED * change else None
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
                if not between or abs(known[nearest] - change) <= CLOSE * change:
                    break
                measure(between if len(between) < DISTANCE_TRIES else [(below + above) // 2])
            least = min((count for count in known if count >= least), key=lambda count: abs(known[count] - change))
            found.append((least, known[least]))
        return found, max(known.values())

    def write(self, units: torch.Tensor) -> None:
        """Write units, (n, values of a unit), into the layer's parameters in place."""
        write_units(self.layer, self.parameters, self.unit, units)


def _squares(change: torch.Tensor) -> torch.Tensor:
    """The square of each unit's change: (n, values of a unit) → (n,)."""
    return change.double().square().sum(1)


def _path(
    name: str,
    layer: nn.Module,
    parameters: dict[str, nn.Parameter],
    randomization: Randomization,
    initial: nn.Module | Mapping[str, torch.Tensor] | None,
    vocabulary: Sequence[str],
) -> LayerPath:
    unit, seed, scheme = randomization.unit, randomization.seed, randomization.scheme
    units = units_of(name, layer, parameters, unit)
    order = torch.randperm(len(units), generator=generator(seed, "randomize", name, "order"))
    if randomization.words:
        order = order[torch.isin(order, word_columns(randomization.words, vocabulary))]

    def source() -> torch.Generator:
        return generator(seed, "randomize", name, scheme)

    shuffle = cache(lambda: Shuffle(len(units), source()))
    shared = {
        "gaussian": cache(lambda: torch.randn(units.shape, generator=source(), dtype=units.dtype)),
        "shuffled": lambda count: shuffle()(count),
        "fresh": cache(lambda: units_of(name, layer, _fresh(name, layer, parameters, seed), unit)),
        "initial": cache(lambda: units_of(name, layer, _initial(name, parameters, initial), unit)),
    }

    def draws(chosen: torch.Tensor) -> Draws:
        return Draws(units, chosen, source(), randomization.scale, **shared)

    return LayerPath(layer, parameters, unit, scheme, units, order, draws)


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


def _fresh(name: str, layer: nn.Module, parameters: dict[str, nn.Parameter], seed: int) -> dict[str, torch.Tensor]:
    """The layer's parameters as its initializer would draw them."""
    drawn = copy.deepcopy(layer).cpu()
    try:
        initialize(drawn, generator(seed, "randomize", name, "fresh"))
    except AttributeError as error:
        raise RecipeError(
            f"Layer {name!r} ({type(layer).__name__}) has no initializer (reset_parameters), which scheme "
            "'reinit' needs. Choose another scheme."
        ) from error
    return {key: getattr(drawn, key) for key in parameters}


def _initial(
    name: str,
    parameters: dict[str, nn.Parameter],
    initial: nn.Module | Mapping[str, torch.Tensor] | None,
) -> dict[str, torch.Tensor]:
    """The layer's parameters as they were recorded before training."""
    if initial is None:
        raise RecipeError("Scheme 'rewind' needs the weights from before training: pass them as `initial`.")
    state = initial.state_dict() if isinstance(initial, nn.Module) else initial
    recorded = {}
    for key, parameter in parameters.items():
        full = f"{name}.{key}" if name else key
        if full not in state or state[full].shape != parameter.shape:
            raise RecipeError(
                f"`initial` holds no {full!r} of shape {tuple(parameter.shape)}; scheme 'rewind' needs it."
            )
        recorded[key] = state[full]
    return recorded
