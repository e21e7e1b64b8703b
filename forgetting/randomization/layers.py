"""The layers of any torch module: which modules own parameters, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a model, for a table of them.

    Attributes:
        name: Qualified name of the module.
        kind: Name of its class, such as "Linear".
        shapes: Shape of each parameter that belongs to it, by the parameter's name in the module.
        parameters: Number of its parameters' values.
    """

    name: str
    kind: str
    shapes: dict[str, tuple[int, ...]]
    parameters: int


def named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers of a model: its modules that own parameters, by qualified name, in the model's order.

    A module that is used in several places is one layer, under its first name. A parameter that several modules share
    belongs to the first of them, and a module to which no parameter belongs is no layer.
    """
    return {name: module for name, module in model.named_modules() if layer_parameters(model, module)}


def layer_parameters(model: nn.Module, layer: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that belong to `layer` itself, by their names in it; see `named_layers` for shared parameters."""
    owners: dict[int, nn.Module] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(id(parameter), module)
    direct = layer.named_parameters(recurse=False)
    return {name: parameter for name, parameter in direct if owners.get(id(parameter)) is layer}


def layer_table(model: nn.Module) -> tuple[LayerSummary, ...]:
    """The layers of any model with the shapes and the number of their parameters."""
    rows = []
    for name, layer in named_layers(model).items():
        parameters = layer_parameters(model, layer)
        shapes = {key: tuple(value.shape) for key, value in parameters.items()}
        count = sum(value.numel() for value in parameters.values())
        rows.append(LayerSummary(name, type(layer).__name__, shapes, count))
    return tuple(rows)


def parameter_count(model: nn.Module) -> int:
    """Number of a model's parameter values, where shared parameters count once."""
    return sum(row.parameters for row in layer_table(model))
