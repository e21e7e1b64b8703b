"""Units: the parts of a layer that are randomized as a whole (weights, neurons or words), as rows of a matrix.

A unit is a name and the axis of a parameter along which it lies, in one table. Recipes name the units without torch, so
that it is imported where units are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from forgetting.core.errors import RecipeError

if TYPE_CHECKING:
    import torch
    from torch import nn


def _neuron_axis(layer: nn.Module, key: str) -> int:
    """Outputs lie along a parameter's first axis, except in transposed convolutions."""
    return 1 if getattr(layer, "transposed", False) and key == "weight" else 0


def _word_axis(layer: nn.Module, key: str) -> int:  # noqa: ARG001 - one signature for all units
    """Inputs lie along a weight's second axis, except in embeddings, which have a row for each word."""
    from torch import nn

    return 0 if isinstance(layer, nn.Embedding | nn.EmbeddingBag) or getattr(layer, "transposed", False) else 1


UNITS: dict[str, Callable[[nn.Module, str], int | None]] = {
    "weight": lambda layer, key: None,  # noqa: ARG005
    "neuron": _neuron_axis,
    "word": _word_axis,
}


def units_of(name: str, layer: nn.Module, parameters: Mapping[str, torch.Tensor], unit: str) -> torch.Tensor:
    """The layer's units as rows, parameter after parameter.

    Args:
        name: Name of the layer, for errors.
        layer: The module, whose class decides the axes.
        parameters: Values by the names of the layer's parameters, which may be other values than the layer has now.
        unit: A key of UNITS.

    Returns:
        (n, values of a unit), on the CPU.

    Raises:
        RecipeError: A parameter holds whole numbers, or the unit does not fit the layer.
    """
    import torch

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


def write_units(layer: nn.Module, parameters: dict[str, nn.Parameter], unit: str, units: torch.Tensor) -> None:
    """Write units into the parameters that they came from, in place; the inverse of `units_of`."""
    keys = _parts(parameters, unit)
    axes = [UNITS[unit](layer, key) for key in keys]
    # Single weights are stacked as rows; the values of a neuron or a word are joined in one row.
    sizes = [
        parameters[key].numel() if axis is None else parameters[key].numel() // len(units)
        for key, axis in zip(keys, axes, strict=True)
    ]
    pieces = units.split(sizes, dim=0 if unit == "weight" else 1)
    for key, axis, piece in zip(keys, axes, pieces, strict=True):
        target = parameters[key].data
        moved = target if axis is None else target.movedim(axis, 0)
        moved.copy_(piece.reshape(moved.shape))


def _parts(parameters: Mapping[str, torch.Tensor], unit: str) -> list[str]:
    """The parameters of a layer that a unit spans: a word has weights only, and no bias."""
    return ["weight"] if unit == "word" else list(parameters)


def _rows(values: torch.Tensor, axis: int | None) -> torch.Tensor:
    """`values` with a row for each unit along `axis`, or for each single value where there is no axis."""
    return values.reshape(-1, 1) if axis is None else values.movedim(axis, 0).reshape(values.shape[axis], -1)
