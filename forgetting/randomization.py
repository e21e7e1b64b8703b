"""Randomizing: a chosen fraction of chosen layers' units gets new values by a scheme, in a copy of the model.

For one seed, randomizing is a path: what is randomized at a small dose is randomized, with the same values, at each
larger one (`permute` nests its positions only). Each layer draws from streams of its own.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from forgetting.errors import RecipeError
from forgetting.models import own_layers, own_parameters
from forgetting.randomness import generator, initialize
from forgetting.settings import Settings, setting

ALL = "all"


@dataclass(frozen=True)
class Draws:
    """What a scheme may use: the layer's units as (n, values of a unit), the rows chosen of them, in the order of
    the path, a source of randomness, and ways to the layer's units as they were or would be initialized."""

    units: torch.Tensor
    chosen: torch.Tensor
    source: torch.Generator
    scale: float
    fresh: Callable[[], torch.Tensor]
    initial: Callable[[], torch.Tensor]


def _gaussian(draws: Draws) -> torch.Tensor:
    """N(0, 1) for every unit, chosen or not, so that a larger dose finds the same values."""
    everything = torch.randn(draws.units.shape, generator=draws.source, dtype=draws.units.dtype)
    return everything[draws.chosen]


def _normal(draws: Draws) -> torch.Tensor:
    """N(0, 1), the published one."""
    return _gaussian(draws)


def _reinit(draws: Draws) -> torch.Tensor:
    """A fresh draw from the layer's own initializer."""
    return draws.fresh()[draws.chosen]


def _rewind(draws: Draws) -> torch.Tensor:
    """Back to before training."""
    return draws.initial()[draws.chosen]


def _permute(draws: Draws) -> torch.Tensor:
    """Shuffled among themselves.

    Inside-out Fisher–Yates (Knuth, The Art of Computer Programming 2, 3.4.2): the i-th unit of the path swaps with
    one drawn from the first i, so the shuffle of a larger dose begins as that of a smaller one did.
    """
    uniform = torch.rand(len(draws.units), generator=draws.source, dtype=torch.float64)[: len(draws.chosen)]
    partners = (uniform * torch.arange(1, len(uniform) + 1)).long().tolist()
    order = list(range(len(partners)))
    for position, partner in enumerate(partners):
        order[position], order[partner] = order[partner], order[position]
    return draws.units[draws.chosen[order]]


def _zero(draws: Draws) -> torch.Tensor:
    """Set to zero."""
    return torch.zeros_like(draws.units[draws.chosen])


def _noise(draws: Draws) -> torch.Tensor:
    """Plus N(0, scale · standard deviation of the layer)."""
    spread = draws.scale * draws.units.std(correction=0)
    return draws.units[draws.chosen] + spread * _gaussian(draws)


def _neuron_axis(layer: nn.Module, key: str) -> int:
    """Outputs lie along a parameter's first axis, but for transposed convolutions."""
    return 1 if getattr(layer, "transposed", False) and key == "weight" else 0


def _word_axis(layer: nn.Module, key: str) -> int:  # noqa: ARG001 - one signature for all units
    """Inputs lie along a weight's second axis, but for embeddings, which hold a row a word."""
    return 0 if isinstance(layer, nn.Embedding | nn.EmbeddingBag) or getattr(layer, "transposed", False) else 1


UNITS: dict[str, Callable[[nn.Module, str], int | None]] = {
    "weight": lambda layer, key: None,  # noqa: ARG005
    "neuron": _neuron_axis,
    "word": _word_axis,
}

SCHEMES: dict[str, Callable[[Draws], torch.Tensor]] = {
    "normal": _normal,
    "reinit": _reinit,
    "rewind": _rewind,
    "permute": _permute,
    "zero": _zero,
    "noise": _noise,
}


@dataclass(frozen=True)
class Randomization(Settings):
    """What to randomize, how much, and how.

    layers: qualified names; ("all",) for every layer, () for none. fraction: the dose, in [0, 1]: round(fraction·n)
    of each chosen layer's n units are randomized. scheme: a key of SCHEMES. unit: a key of UNITS. seed: of the
    choice of units and of their new values. scale: of the scheme "noise", in standard deviations of the layer.
    """

    group: ClassVar[str] = "randomization"
    layers: tuple[str, ...] = setting((ALL,), most=1_000)
    fraction: float = setting(1.0, low=0.0, high=1.0)
    scheme: str = setting("normal", choices=tuple(SCHEMES))
    unit: str = setting("weight", choices=tuple(UNITS))
    seed: int = setting(0, low=0, high=2**32 - 1)
    scale: float = setting(1.0, low=0.0, high=1_000.0)

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
) -> nn.Module:
    """A copy of `model` in which the chosen units are randomized; `model` itself stays as it is.

    initial: the model, or its state dict, as it was before training; the scheme "rewind" goes back to it.
    A frozen parameter is randomized and stays frozen, buffers are left alone, and a parameter that several modules
    share is randomized with the layer it belongs to (see `own_layers`).

    Raises RecipeError where a layer is unknown or the scheme or unit does not fit it.
    """
    names = randomization.among(tuple(own_layers(model)))
    randomized = copy.deepcopy(model)
    layers = own_layers(randomized)
    for name in names:
        parameters = own_parameters(randomized, layers[name])
        _randomize_layer(name, layers[name], parameters, randomization, initial)
    return randomized


def mask(model: nn.Module, randomization: Randomization) -> dict[str, torch.Tensor]:
    """The units under the mask, as sorted positions in each chosen layer: what a dose touches."""
    layers = own_layers(model)
    chosen = {}
    for name in randomization.among(tuple(own_layers(model))):
        units = _units(name, layers[name], own_parameters(model, layers[name]), randomization.unit)
        chosen[name] = _path(name, len(units), randomization).sort().values
    return chosen


def _path(name: str, count: int, randomization: Randomization) -> torch.Tensor:
    """The first round(fraction·count) of a random order of units that is the layer's own for its seed."""
    source = generator(randomization.seed, "randomize", name, "order")
    return torch.randperm(count, generator=source)[: round(randomization.fraction * count)]


def _randomize_layer(
    name: str,
    layer: nn.Module,
    parameters: dict[str, nn.Parameter],
    randomization: Randomization,
    initial: nn.Module | Mapping[str, torch.Tensor] | None,
) -> None:
    unit = randomization.unit
    units = _units(name, layer, parameters, unit)
    chosen = _path(name, len(units), randomization)
    draws = Draws(
        units=units,
        chosen=chosen,
        source=generator(randomization.seed, "randomize", name, randomization.scheme),
        scale=randomization.scale,
        fresh=lambda: _units(name, layer, _fresh(name, layer, parameters, randomization.seed), unit),
        initial=lambda: _units(name, layer, _initial(name, parameters, initial), unit),
    )
    values = SCHEMES[randomization.scheme](draws)
    _write(layer, parameters, unit, units.index_copy(0, chosen, values.to(units.dtype)))


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


def _units(name: str, layer: nn.Module, parameters: Mapping[str, torch.Tensor], unit: str) -> torch.Tensor:
    """The layer's units as rows (n, values of a unit), on the CPU, parameter after parameter."""
    kinds = {key: value.dtype for key, value in parameters.items() if not value.is_floating_point()}
    if kinds:
        raise RecipeError(f"Only floating-point parameters can be randomized; layer {name!r} has {kinds}.")
    shapes = {key: tuple(value.shape) for key, value in parameters.items()}
    try:
        rows = [_rows(parameters[key].detach().cpu(), UNITS[unit](layer, key)) for key in _parts(parameters, unit)]
        return torch.cat(rows, dim=0 if unit == "weight" else 1)
    except (RuntimeError, IndexError, KeyError) as error:
        raise RecipeError(
            f"Unit {unit!r} does not fit layer {name!r} ({type(layer).__name__}) with parameters {shapes}: "
            "its rows are not of one number. Choose the unit 'weight'."
        ) from error


def _write(layer: nn.Module, parameters: dict[str, nn.Parameter], unit: str, units: torch.Tensor) -> None:
    """Put units back into the parameters they came from; the inverse of `_units`."""
    keys = _parts(parameters, unit)
    axes = [UNITS[unit](layer, key) for key in keys]
    shapes = [_rows(parameters[key].detach(), axis).shape for key, axis in zip(keys, axes, strict=True)]
    dim = 0 if unit == "weight" else 1
    pieces = units.split([shape[dim] for shape in shapes], dim=dim)
    for key, axis, piece in zip(keys, axes, pieces, strict=True):
        target = parameters[key].data
        moved = target if axis is None else target.movedim(axis, 0)
        moved.copy_(piece.reshape(moved.shape))


def _parts(parameters: Mapping[str, torch.Tensor], unit: str) -> list[str]:
    """The parameters of a layer that a unit spans: a word has weights alone, and no bias."""
    return ["weight"] if unit == "word" else list(parameters)


def _rows(values: torch.Tensor, axis: int | None) -> torch.Tensor:
    """`values` with a row for each unit along `axis`, or for each single value where there is none."""
    return values.reshape(-1, 1) if axis is None else values.movedim(axis, 0).reshape(values.shape[axis], -1)
