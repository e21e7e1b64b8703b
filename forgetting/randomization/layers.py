"""The layers of any torch module: which modules own parameters, and how many."""

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class LayerSummary:
    """A line of the layer table: the layer's name and kind, the shape of each own parameter, and their count."""

    name: str
    kind: str
    shapes: dict[str, tuple[int, ...]]
    parameters: int


def named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers of a model: its modules that own parameters, by qualified name, in the order of the model.

    A module used in several places is one layer, under its first name. A parameter that several modules share
    belongs to the first of them; a module left with none of its own is no layer.
    """
    return {name: module for name, module in model.named_modules() if layer_parameters(model, module)}


def layer_parameters(model: nn.Module, layer: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that belong to `layer` itself, by their names in it; see `own_layers` for shared ones."""
    owners: dict[int, nn.Module] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(id(parameter), module)
    own = layer.named_parameters(recurse=False)
    return {name: parameter for name, parameter in own if owners.get(id(parameter)) is layer}


def layer_table(model: nn.Module) -> tuple[LayerSummary, ...]:
    """The layers of any model with the shapes and number of their parameters."""
    rows = []
    for name, layer in named_layers(model).items():
        shapes = {key: tuple(value.shape) for key, value in layer_parameters(model, layer).items()}
        count = sum(value.numel() for value in layer_parameters(model, layer).values())
        rows.append(LayerSummary(name, type(layer).__name__, shapes, count))
    return tuple(rows)


def parameter_count(model: nn.Module) -> int:
    """Number of parameters of a model, shared ones counted once."""
    return sum(row.parameters for row in layer_table(model))
