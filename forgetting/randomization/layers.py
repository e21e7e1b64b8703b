"""The layers of any torch module: which modules own parameters, which parameters, and how many values these have.

A layer may also be a part of a module: "rnn:l0" are the parameters of "rnn" in whose names "l0" stands between
underscores, "rnn:weight_hh_*" those of such names, and "self_attn:in_proj[q]" the first third of their outputs.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from forgetting.core.errors import RecipeError, describe_error, list_names, shorten
from forgetting.randomization.patterns import NEAR_NAMES, PART_SEPARATOR

if TYPE_CHECKING:
    import torch
    from torch import nn

WRAPPED = ("_orig_mod", "module")  # what torch.compile, data parallelism and averaging call the model that they wrap
GATES = {"LSTM": "ifgo", "LSTMCell": "ifgo", "GRU": "rzn", "GRUCell": "rzn"}  # in the order of their outputs
ATTENTION_GATES = "qkv"  # query, key, value
BY_HEAD = ("query_key_value", "in_proj")  # of Bloom, GPT-NeoX and DeBERTa, which have head after head
UNSHAPED = "has no shape before it has seen data. Call the model once on some"
BOTH = "&"  # between the names of a part
STATISTICS = ("running_mean", "running_var")  # of a norm, from activations
VECTORS = re.compile(r"(weight.*|\d+\.)_[uv]")  # of a spectral norm, from iterations over its weights


class Slice(NamedTuple):
    """Equal pieces of a parameter's outputs: the `first` of `pieces`, or the outputs from `first` to `last`."""

    first: int
    last: int
    pieces: int = 0


@dataclass(frozen=True, eq=False)
class Layer:
    """A module that owns parameters, or a part of it.

    Attributes:
        name: Qualified name of the module; and the part, after ":", where it is not all of the module.
        module: The module.
        parameters: The parameters that belong to it, by their names in the module.
        outputs: The slice of each parameter's outputs that is meant; None for all.
    """

    name: str
    module: nn.Module
    parameters: dict[str, nn.Parameter]
    outputs: Slice | None = None

    @property
    def path(self) -> str:
        """Qualified name of the module."""
        return self.name.partition(PART_SEPARATOR)[0]

    @property
    def packed(self) -> bool:
        """Whether the module is quantized, so that its weights are no parameters."""
        return is_packed(self.module)

    @property
    def buffers(self) -> dict[str, torch.Tensor]:
        """What the module keeps besides parameters, by its name in the module; with what its parametrizations keep."""
        from torch.nn.utils.parametrize import ParametrizationList

        return dict(self.module.named_buffers(recurse=isinstance(self.module, ParametrizationList)))

    def select(self, key: str, values: torch.Tensor) -> torch.Tensor:
        """A view of what belongs to the layer of values of the parameter `key`.

        Raises:
            RecipeError: The slice does not fit.
        """
        if self.outputs is None:
            return values
        axis = output_axis(self.module, key)
        size, (first, last, pieces) = values.shape[axis], self.outputs
        if pieces:
            step = size // pieces if size % pieces == 0 else 0
            first, last = first * step, last * step
        if not 0 <= first < last <= size:
            raise RecipeError(
                f"A slice must lie within the outputs of each parameter; {self.name!r} does not fit {key!r}, which has "
                f"{size:,}. Choose another slice, or name the parameter: {self.path}:{key}[…]."
            )
        return values.narrow(axis, first, last - first)

    def part(self, part: str) -> Layer:
        """A part of this layer, by names of parameters and a slice: "l0", "weight_hh_*", "in_proj[q]", "weight[0:8]".

        Raises:
            RecipeError: No parameter has such a name, or the slice is none.
        """
        names, bracket, inner = part.partition("[")
        parameters = self.parameters
        if names:
            written = [re.escape(name).replace(r"\*", ".*") for name in names.split(BOTH)]
            matches = re.compile(rf"(?:.*_)?(?:{'|'.join(written)})(?:_.*)?").fullmatch
            parameters = {key: value for key, value in parameters.items() if matches(key)}
        if not parameters:
            raise RecipeError(
                f"A part of a layer must name parameters of it; {self.path!r} has "
                f"{list_names(list(self.parameters)[:NEAR_NAMES])}, and none is {shorten(part, 80)!r}."
            )
        outputs = _slice(self, part, inner) if bracket else None
        return replace(self, name=f"{self.path}{PART_SEPARATOR}{part}", parameters=parameters, outputs=outputs)


def _slice(layer: Layer, part: str, inner: str) -> Slice:
    by_head = layer.path.rpartition(".")[2] in BY_HEAD and "weight" in layer.module._parameters
    gates = "" if by_head else GATES.get(type(layer.module).__name__, ATTENTION_GATES)
    if inner[:-1] and inner[:-1] in gates and inner.endswith("]"):
        first = gates.index(inner[:-1])
        return Slice(first, first + len(inner) - 1, len(gates))
    bounds = re.fullmatch(r"(\d{1,12}):(\d{1,12})\]", inner)
    if not bounds:
        allowed = f"one of {', '.join(f'[{gate}]' for gate in gates)}, or " if gates else ""
        raise RecipeError(f"A slice of {layer.path!r} must be {allowed}outputs [from:to]; got {shorten(part, 80)!r}.")
    return Slice(int(bounds[1]), int(bounds[2]))


def output_axis(module: nn.Module, key: str) -> int:
    """Outputs lie along a parameter's first axis, except in transposed convolutions, in GPT-2's Conv1D, and in the keys
    and values that an attention adds to a sequence."""
    if key in ("bias_k", "bias_v"):
        return 2
    return 1 if key == "weight" and (getattr(module, "transposed", False) or has_inputs_first(module)) else 0


def input_axis(module: nn.Module) -> int:
    """Inputs lie along a weight's second axis, except in embeddings, which have a row for each word, and where the
    outputs do."""
    from torch import nn

    return 0 if isinstance(module, nn.Embedding | nn.EmbeddingBag) or output_axis(module, "weight") == 1 else 1


def has_inputs_first(module: nn.Module) -> bool:
    """Whether a linear layer's weight is (inputs, outputs): the Conv1D of GPT-2 in the package transformers."""
    return hasattr(module, "nf") and any(kind.__name__ == "Conv1D" for kind in type(module).__mro__)


def walk_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Every module once, by its qualified name, in which the names that wrappers add do not count."""
    seen = set()

    def walk(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        if id(module) in seen:
            return
        seen.add(id(module))
        yield name, module
        wraps = len(module._modules) == 1 and not module._parameters
        for key, child in module._modules.items():
            if child is not None:
                yield from walk(name if wraps and key in WRAPPED else f"{name}.{key}" if name else key, child)

    return walk("", model)


def find_layers(model: nn.Module) -> dict[str, Layer]:
    """The layers of a model by name, in the model's order, found in one walk over its modules.

    A module that is used in several places is one layer, under its first name. A parameter that several modules share
    belongs to the first of them: the others are layers by what else they have, and are named by it ("decoder:bias"). A
    module to which no parameter belongs is no layer.
    """
    found, owned = {}, set()
    for path, module in walk_modules(model):
        parameters = {key: value for key, value in module._parameters.items() if value is not None}
        own = {}
        for key, value in parameters.items():
            if id(value) not in owned:
                own[key] = value
                owned.add(id(value))
        if own or is_packed(module):
            shared = [key for key, value in parameters.items() if not any(value is mine for mine in own.values())]
            name = f"{path}{PART_SEPARATOR}{BOTH.join(own)}" if shared else path
            found[name] = Layer(name, module, own)
    return found


def find_rest(model: nn.Module) -> dict[str, Layer]:
    """The norms that have statistics, but no parameters (`affine=False`), by name: they are no layers of the model."""
    owners = {layer.path for layer in find_layers(model).values()}
    return {
        path: Layer(path, module, {})
        for path, module in walk_modules(model)
        if path not in owners and module._buffers.get(STATISTICS[0]) is not None
    }


def choose_layers(layers: Mapping[str, Layer], names: tuple[str, ...]) -> dict[str, Layer]:
    """Layers, and parts of layers, by name.

    Raises:
        RecipeError: A part is none of its layer, or two parts overlap.
    """
    chosen = {}
    for name in names:
        path, _, part = name.partition(PART_SEPARATOR)
        whole = layers.get(name)
        chosen[name] = whole or next(layer for layer in layers.values() if layer.path == path).part(part)
    _check_apart(chosen)
    return chosen


def _check_apart(chosen: Mapping[str, Layer]) -> None:
    """Refuse parts that have values in common."""
    parts = [layer for layer in chosen.values() if PART_SEPARATOR in layer.name]
    taken: dict[tuple[int, int], str] = {}  # parameter, output → part
    for layer in parts:
        for key, value in layer.parameters.items():
            size = value.shape[output_axis(layer.module, key)] if value.ndim else 1
            outputs = range(size)
            if layer.outputs is not None:
                first, last, pieces = layer.outputs
                outputs = range(first * size // pieces, last * size // pieces) if pieces else range(first, last)
            for output in outputs:
                other = taken.setdefault((id(value), output), layer.name)
                if other != layer.name:
                    raise RecipeError(
                        f"The parts of a set must have no values in common; {other!r} and {layer.name!r} both have "
                        f"some of {key!r}. Leave one out."
                    )


def is_packed(module: nn.Module) -> bool:
    """Whether a module keeps quantized weights, which are no parameters."""
    linear = hasattr(module, "_packed_params") and callable(getattr(module, "weight", None))
    return linear or hasattr(module, "_all_weight_values") or hasattr(module, "_packed_weight_ih")  # of an LSTM, a cell


def named_values(model: nn.Module | Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """Parameters and buffers of a model, or of its state dict, by qualified names without those of wrappers."""
    if isinstance(model, Mapping):
        plain = {re.sub(r"^(module\.)+|\b_orig_mod\.", "", name): value for name, value in model.items()}
        return {**plain, **model}
    found = {}
    for path, module in model.named_modules(remove_duplicate=False):
        for key, value in (*module._parameters.items(), *module._buffers.items()):
            if value is not None:
                found[f"{path}.{key}" if path else key] = value
    plain = {
        (f"{path}.{key}" if path else key): value
        for path, module in walk_modules(model)
        for key, value in (*module._parameters.items(), *module._buffers.items())
        if value is not None
    }
    return {**found, **plain}


def copy_model(model: nn.Module) -> nn.Module:
    """A copy of a model that shares nothing with it.

    Raises:
        RecipeError: A module keeps something that cannot be copied, such as a tensor that was computed from others.
    """
    for path, module in walk_modules(model):
        for key, value in vars(module).items():
            if getattr(value, "grad_fn", None) is not None:
                raise RecipeError(
                    f"A model must keep no tensor that was computed from its parameters; module {path!r} "
                    f"({type(module).__name__}) keeps {key!r}, so that it cannot be copied. Delete it or detach it; a "
                    "weight norm of torch.nn.utils.parametrizations keeps none."
                )
    try:
        return copy.deepcopy(model)
    except Exception as error:  # of whatever the modules keep besides
        raise RecipeError(
            "A model must be one that Python can copy (copy.deepcopy), as copies of it are randomized; copying a "
            f"{type(model).__name__} raised {describe_error(error)} Delete what "
            "its modules keep of earlier calls, such as tensors with gradients, generators or locks."
        ) from error


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a model, for a table of them.

    Attributes:
        name: Qualified name of the module; and what belongs to the layer, where it shares the rest; see `find_layers`.
        kind: Name of its class, such as "Linear".
        shapes: Shape of each parameter that belongs to it, by the parameter's name in the module.
        parameters: Number of its parameters' values.
    """

    name: str
    kind: str
    shapes: dict[str, tuple[int, ...]]
    parameters: int


def named_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The modules of a model's layers; see `find_layers`."""
    return {name: layer.module for name, layer in find_layers(model).items()}


def layer_parameters(model: nn.Module, layer: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that belong to the module `layer` itself, by their names in it; see `find_layers`."""
    return next((found.parameters for found in find_layers(model).values() if found.module is layer), {})


def layer_table(model: nn.Module) -> tuple[LayerSummary, ...]:
    """The layers of any model with the shapes and the number of their parameters.

    Raises:
        RecipeError: A layer has no shape yet.
    """
    rows = []
    for name, layer in find_layers(model).items():
        _check_shaped(layer)
        shapes = {key: tuple(value.shape) for key, value in layer.parameters.items()}
        count = sum(value.numel() for value in layer.parameters.values())
        rows.append(LayerSummary(name, type(layer.module).__name__, shapes, count))
    return tuple(rows)


def parameter_count(model: nn.Module) -> int:
    """Number of a model's parameter values, where shared parameters count once; errors are those of `layer_table`."""
    return sum(row.parameters for row in layer_table(model))


def _check_shaped(layer: Layer) -> None:
    from torch.nn.parameter import is_lazy

    if any(map(is_lazy, layer.parameters.values())):
        raise RecipeError(
            f"A layer must have a shape to be counted; {layer.name!r} ({type(layer.module).__name__}) {UNSHAPED}."
        )
