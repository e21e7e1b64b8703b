"""Randomizing: a chosen fraction of chosen layers' units gets new values by a scheme, in a copy of the model.

For one seed, randomizing is a path: what is randomized at a small dose is randomized, with the same values, at each
larger one (`permute` nests its positions only). Each layer draws from streams of its own.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from forgetting.errors import RecipeError
from forgetting.models import own_layers, own_parameters
from forgetting.randomness import generator, initialize
from forgetting.schemes import MOVING, SCHEMES, Draws, Shuffle
from forgetting.settings import Settings, setting
from forgetting.units import UNITS, units_of, write_units

ALL = "all"
STRIDES = 33  # doses at which the distance of a scheme whose values move is measured


@dataclass(frozen=True)
class Randomization(Settings):
    """What to randomize, how much, and how.

    layers: qualified names; ("all",) for every layer, () for none. fraction: the dose, in [0, 1]: round(fraction·n)
    of each chosen layer's n units are randomized. scheme: a key of SCHEMES. unit: a key of UNITS. seed: of the
    choice of units and of their new values. scale: of the scheme "noise", in standard deviations of the layer.
    words: with the unit "word", the words to choose from, of which round(fraction·number) are randomized; () for all.

    Raises RecipeError where words are named with another unit.
    """

    group: ClassVar[str] = "randomization"
    layers: tuple[str, ...] = setting((ALL,), most=1_000)
    fraction: float = setting(1.0, low=0.0, high=1.0)
    scheme: str = setting("normal", choices=tuple(SCHEMES))
    unit: str = setting("weight", choices=tuple(UNITS))
    seed: int = setting(0, low=0, high=2**32 - 1)
    scale: float = setting(1.0, low=0.0, high=1_000.0)
    words: tuple[str, ...] = setting((), most=10_000)

    def __post_init__(self):
        super().__post_init__()
        if self.words and self.unit != "word":
            raise RecipeError(
                f"Words ({', '.join(self.words[:3])}{' …' if len(self.words) > 3 else ''}) can be named with the unit "
                f"'word' alone; got {self.unit!r}. Choose that unit and the first layer, or name no words."
            )

    def among(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Which of a model's layers, given by name in its order, are chosen.

        Raises RecipeError for a name that is none of them, and for the unit "word" with any but the first.
        """
        if self.layers == (ALL,):
            names = known
        else:
            names = tuple(name for name in known if name in self.layers)
            unknown = [name for name in self.layers if name not in known]
            if unknown:
                raise RecipeError(
                    "randomization.layers must be layers with parameters of their own, or 'all' alone; "
                    f"got {unknown[0]!r}. The model has {', '.join(map(repr, known))}."
                )
        if self.unit == "word" and any(name != known[0] for name in names):
            raise RecipeError(
                f"Unit 'word' is a column of the first layer ({known[0]!r}); got layers {', '.join(names)}. "
                "Choose the first layer alone, or the unit 'weight' or 'neuron'."
            )
        return names


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
    for path in paths(randomized, randomization, initial=initial, vocabulary=vocabulary).values():
        path.write(next(path.walk([path.count(randomization.fraction)])))
    return randomized


def mask(model: nn.Module, randomization: Randomization, *, vocabulary: Sequence[str] = ()) -> dict[str, torch.Tensor]:
    """The units under the mask, as sorted positions in each chosen layer: what a dose touches."""
    found = paths(model, randomization, vocabulary=vocabulary)
    return {name: path.order[: path.count(randomization.fraction)].sort().values for name, path in found.items()}


def paths(
    model: nn.Module,
    randomization: Randomization,
    *,
    initial: nn.Module | Mapping[str, torch.Tensor] | None = None,
    vocabulary: Sequence[str] = (),
) -> dict[str, "Path"]:
    """The path of each chosen layer, by name, whatever the randomization's own dose; see `randomize`."""
    layers = own_layers(model)
    return {
        name: _path(name, layers[name], own_parameters(model, layers[name]), randomization, initial, vocabulary)
        for name in randomization.among(tuple(layers))
    }


@dataclass(frozen=True, eq=False)
class Path:
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
        moving = self.scheme in MOVING
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
        if self.scheme in MOVING:
            counts = np.unique(np.linspace(0, len(self.order), STRIDES).round().astype(int))
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
) -> Path:
    unit, seed, scheme = randomization.unit, randomization.seed, randomization.scheme
    units = units_of(name, layer, parameters, unit)
    order = torch.randperm(len(units), generator=generator(seed, "randomize", name, "order"))
    if randomization.words:
        order = order[torch.isin(order, columns_of(randomization.words, vocabulary))]

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

    return Path(layer, parameters, unit, scheme, units, order, draws)


def columns_of(words: Sequence[str], vocabulary: Sequence[str]) -> torch.Tensor:
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
