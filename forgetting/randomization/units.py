"""Units: the parts of a layer that are randomized as a whole (weights, neurons, words or heads), as rows of a matrix.

A unit is a name and a view of a parameter along whose first axis it lies, in one table. Recipes name the units without
torch, so that it is imported where units are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from forgetting.core.errors import RecipeError
from forgetting.randomization.heads import Heads
from forgetting.randomization.layers import UNSHAPED, Layer, input_axis, output_axis

if TYPE_CHECKING:
    import torch


def _neurons(layer: Layer, key: str, values: torch.Tensor, heads: Heads | None) -> torch.Tensor:  # noqa: ARG001
    return values.movedim(output_axis(layer.module, key), 0)


def _words(layer: Layer, key: str, values: torch.Tensor, heads: Heads | None) -> torch.Tensor | None:  # noqa: ARG001
    """Inputs lie along a weight's second axis, except in embeddings, which have a row for each word. A word has no
    bias."""
    return values.movedim(input_axis(layer.module), 0) if key == "weight" else None


def _heads(layer: Layer, key: str, values: torch.Tensor, heads: Heads) -> torch.Tensor | None:
    """Queries, keys and values of a head are outputs; what is made of them has them as inputs, and no bias."""
    if heads.mixes:
        return heads.split(key, values.movedim(input_axis(layer.module), 0)) if key == "weight" else None
    return heads.split(key, values.movedim(output_axis(layer.module, key), 0))


UNITS: dict[str, Callable[[Layer, str, torch.Tensor, Heads | None], torch.Tensor | None]] = {
    "weight": lambda layer, key, values, heads: values,  # noqa: ARG005
    "neuron": _neurons,
    "word": _words,
    "head": _heads,
}


@dataclass(frozen=True)
class UnitParts:
    """Where the values of each parameter are in the matrix of a layer's units.

    Attributes:
        rows: First and last row of each parameter, which are its own where each weight is a unit, and else all.
        columns: First and last column of each parameter.
    """

    rows: tuple[tuple[int, int], ...]
    columns: tuple[tuple[int, int], ...]


def units_of(
    layer: Layer, values: Mapping[str, torch.Tensor], unit: str, heads: Heads | None = None
) -> tuple[torch.Tensor, UnitParts]:
    """The layer's units as rows, parameter after parameter.

    Args:
        layer: The layer, whose class decides the axes.
        values: Values by the names of the layer's parameters, which may be other values than the layer has now.
        unit: A key of UNITS.
        heads: The heads of the layer, with the unit "head".

    Returns:
        The units, (n, values of a unit) on the CPU, and where each parameter is in them. The row of an embedding that
        stands for padding is no unit.

    Raises:
        RecipeError: The values cannot be randomized, or the unit does not fit the layer.
    """
    import torch

    shapes = {key: tuple(value.shape) for key, value in values.items()}
    try:
        found = []
        for views in _views(layer, values, unit, heads).values():
            rows = [_as_rows(view.detach().cpu(), unit) for view in views]
            found.append(torch.cat(rows) if len(rows) > 1 else rows[0])
        units = torch.cat(found, dim=0 if unit == "weight" else 1)  # which copies them
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        raise RecipeError(
            f"Unit {unit!r} does not fit layer {layer.name!r} ({type(layer.module).__name__}) with parameters "
            f"{shapes}: its rows are not of one number. Choose the unit 'weight'."
        ) from error
    ends = [0]
    for rows in found:
        ends.append(ends[-1] + len(rows) if unit == "weight" else ends[-1] + rows.shape[1])
    spans = tuple(pairwise(ends))
    whole = ((0, units.shape[0]),) * len(spans), ((0, units.shape[1]),) * len(spans)
    return units, UnitParts(spans, whole[1]) if unit == "weight" else UnitParts(whole[0], spans)


def write_units(
    layer: Layer, values: Mapping[str, torch.Tensor], unit: str, units: torch.Tensor, heads: Heads | None = None
) -> None:
    """Write units into the values that they came from, in place; the inverse of `units_of`."""
    start = 0
    for views in _views(layer, values, unit, heads).values():
        row, width = 0, 0
        for view in views:
            if unit == "weight":
                view.copy_(units[start : start + view.numel()].reshape(view.shape))
                start += view.numel()
                continue
            width = math.prod(view.shape[1:])
            view.copy_(units[row : row + len(view), start : start + width].reshape(view.shape))
            row += len(view)
        start += width


def check_randomizable(layer: Layer) -> None:
    """Check that a layer has values that can be randomized.

    Raises:
        RecipeError: It has not, with the reason.
    """
    import torch
    from torch.nn.parameter import is_lazy

    kind = type(layer.module).__name__
    reason = ""
    if layer.packed or any(value.is_quantized for value in layer.parameters.values() if not is_lazy(value)):
        reason = "is quantized, so that its weights are no numbers of their own. Randomize the model before that"
    elif any(map(is_lazy, layer.parameters.values())):
        reason = UNSHAPED
    elif any(value.is_meta for value in layer.parameters.values()):
        reason = "is on the device 'meta', where no values are. Load its values first"
    if reason:
        raise RecipeError(f"A layer must have values to be randomized; {layer.name!r} ({kind}) {reason}.")
    kinds = {
        key: value.dtype
        for key, value in layer.parameters.items()
        if not value.is_floating_point() or torch.finfo(value.dtype).bits < 16
    }
    if kinds:
        raise RecipeError(
            f"Only floating-point parameters of 16 bits or more can be randomized; layer {layer.name!r} has {kinds}."
        )


def _views(
    layer: Layer, values: Mapping[str, torch.Tensor], unit: str, heads: Heads | None
) -> dict[str, list[torch.Tensor]]:
    """Views of each parameter that has some of the units, which lie along their first axes."""
    found = {}
    for key, value in values.items():
        selected = layer.select(key, value)
        padding = getattr(layer.module, "padding_idx", None) if key == "weight" and layer.outputs is None else None
        kept = [selected] if padding is None else [selected[:padding], selected[padding + 1 :]]
        views = [UNITS[unit](layer, key, view, heads) for view in kept]
        if views[0] is not None:
            found[key] = views
    return found


def _as_rows(view: torch.Tensor, unit: str) -> torch.Tensor:
    return view.reshape(-1, 1) if unit == "weight" else view.reshape(len(view), math.prod(view.shape[1:]))
