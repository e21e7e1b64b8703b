"""Randomizing: a chosen fraction of chosen layers' units gets new values by a scheme, in a copy of the model.

For one seed, randomizing is a path: what is randomized at a small dose is randomized, with the same values, at each
larger one (`permute` nests its positions only). Each layer draws from streams of its own.
"""

import copy
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

DISTANCE_STEPS = 33  # doses at which the distance of a scheme whose values move is measured


def randomize(
    model: nn.Module,
    randomization: Randomization,
    *,
    initial: nn.Module | Mapping[str, torch.Tensor] | None = None,
    vocabulary: Sequence[str] = (),
) -> nn.Module:
    """A copy of `model` in which the chosen units are randomized; `model` itself stays as it is.

    initial: the model, or its state dict, as it was before training; the scheme "rewind" goes back to it.
    vocabulary: the words that the first layer's columns belong to, where the randomization names words.
    A frozen parameter is randomized and stays frozen, buffers are left alone, and a parameter that several modules
    share is randomized with the layer it belongs to (see `own_layers`).

    Raises RecipeError where a layer or word is unknown, or the scheme or unit does not fit it.
    """
    randomized = copy.deepcopy(model)
    for path in layer_paths(randomized, randomization, initial=initial, vocabulary=vocabulary).values():
        path.write(next(path.walk([path.count(randomization.fraction)])))
    return randomized


def randomized_units(
    model: nn.Module, randomization: Randomization, *, vocabulary: Sequence[str] = ()
) -> dict[str, torch.Tensor]:
    """The units under the mask, as sorted positions in each chosen layer: what a dose touches."""
    found = layer_paths(model, randomization, vocabulary=vocabulary)
    return {name: path.order[: path.count(randomization.fraction)].sort().values for name, path in found.items()}


def layer_paths(
    model: nn.Module,
    randomization: Randomization,
    *,
    initial: nn.Module | Mapping[str, torch.Tensor] | None = None,
    vocabulary: Sequence[str] = (),
) -> dict[str, "LayerPath"]:
    """The path of each chosen layer, by name, whatever the randomization's own dose; see `randomize`."""
    layers = named_layers(model)
    return {
        name: _path(name, layers[name], layer_parameters(model, layers[name]), randomization, initial, vocabulary)
        for name in randomization.chosen_layers(tuple(layers))
    }


@dataclass(frozen=True, eq=False)
class LayerPath:
    """The way of one layer from its original units, at dose 0, to all of them randomized, at dose 1.

    units: (n, values of a unit), the original. order: the units in which a dose is counted, in the order in which
    it reaches them. parameters: of the layer, by name.
    """

    layer: nn.Module
    parameters: dict[str, nn.Parameter]
    unit: str
    scheme: str
    units: torch.Tensor
    order: torch.Tensor
    draws: Callable[[torch.Tensor], Draws]

    def count(self, fraction: float) -> int:
        """Units under the mask at a dose."""
        return round(fraction * len(self.order))

    def values(self, count: int) -> torch.Tensor:
        """New values (count, values of a unit) of the first `count` units of the order."""
        return SCHEMES[self.scheme](self.draws(self.order[:count])).to(self.units.dtype)

    def walk(self, counts: Sequence[int]) -> Iterator[torch.Tensor]:
        """The layer's units (n, values of a unit) at each of these rising counts.

        It is one tensor, changed in place from step to step: each unit is written once on the whole way, but where
        a scheme's values move.
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
        """The least counts at which the layer is so far from its original, in the L2 norm; None where it never is.

        Where a scheme's values move, distances are measured at STRIDES doses and the count lies between two of them.
        """
        wanted = np.square(changes) * (1 - 1e-6)  # sums are rounded
        if self.scheme in NOT_NESTED:
            counts = np.unique(np.linspace(0, len(self.order), DISTANCE_STEPS).round().astype(int))
            squares = np.array([_squares(units - self.units).sum().item() for units in self.walk(counts.tolist())])
            squares = np.maximum.accumulate(squares)
            first = np.concatenate([[True], np.diff(squares) > 0])
            found = np.ceil(np.interp(wanted, squares[first], counts[first]))
        else:
            steps = _squares(self.values(len(self.order)) - self.units[self.order]).cumsum(0)
            squares = np.concatenate([[0.0], steps.numpy()])
            found = np.searchsorted(squares, wanted)
        return [int(count) if want <= squares[-1] else None for want, count in zip(wanted, found, strict=True)]

    def write(self, units: torch.Tensor) -> None:
        """Put units into the layer's parameters, in place."""
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
    """Positions of words in the vocabulary. Raises RecipeError for one that is not in it."""
    known = {word: column for column, word in enumerate(vocabulary)}
    unknown = [word for word in words if word not in known]
    if unknown:
        raise RecipeError(
            f"randomization.words must be words that the model knows; it has no {unknown[0]!r} among its "
            f"{len(known):,}. Words of fewer than min_df training reviews are left out: choose others, or lower min_df."
        )
    return torch.tensor([known[word] for word in words])


def _fresh(name: str, layer: nn.Module, parameters: dict[str, nn.Parameter], seed: int) -> dict[str, torch.Tensor]:
    """The layer's parameters as its own initializer would draw them."""
    drawn = copy.deepcopy(layer).cpu()
    try:
        initialize(drawn, generator(seed, "randomize", name, "fresh"))
    except AttributeError as error:
        raise RecipeError(
            f"Layer {name!r} ({type(layer).__name__}) has no initializer of its own (reset_parameters), which scheme "
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
