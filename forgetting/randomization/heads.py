"""Heads of attention: which layers make a head's queries, keys and values, and which mixes what the heads give.

A module is an attention that says how many heads it has. All its layers choose the same heads, as their stream is that
of the attention.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forgetting.core.errors import RecipeError
from forgetting.randomization.layers import BY_HEAD, input_axis, output_axis
from forgetting.randomization.patterns import PART_SEPARATOR

if TYPE_CHECKING:
    import torch
    from torch import nn

    from forgetting.randomization.layers import Layer

HEAD_COUNTS = ("heads", "num_heads", "num_attention_heads", "n_heads", "n_head")  # attributes of an attention
HEAD_SIZES = ("head_dim", "attention_head_size", "head_size")
INNER_ATTENTION, OUTER_ATTENTION = ("self", "attention"), "attention"  # with its output beside it in the outer one
MAKES_HEADS = re.compile(r"(w|to_)?[qkv]|[qkv]_(proj|lin)|(query|key|value)(_proj)?|q_attn")  # names of layers
JOINED_HEADS = ("c_attn", "qkv")  # queries, keys and values, one after another
MIXES_HEADS = ("output", "dense", "out_proj", "c_proj", "o_proj", "out_lin", "o", "wo", "proj", "out")


@dataclass(frozen=True)
class Heads:
    """How the heads of an attention lie in one of its layers.

    Attributes:
        attention: Qualified name of the attention.
        count: Number of heads.
        mixes: Whether the layer has the heads as its inputs, and not as its outputs.
        pieces: By parameter, how many times all heads come one after another: 3 where query, key and value are joined.
    """

    attention: str
    count: int
    mixes: bool
    pieces: Mapping[str, int]

    def split(self, key: str, values: torch.Tensor) -> torch.Tensor:
        """A view of values with a head along the first axis, along which they have the numbers of all heads."""
        return values.unflatten(0, (self.pieces[key], self.count, -1)).movedim(1, 0)


def no_heads(layer: str) -> RecipeError:
    """The error that a layer is none of an attention's."""
    return RecipeError(
        "Unit 'head' is for the layers of an attention that make queries, keys and values or mix what its heads give; "
        f"got {layer}. Choose such layers, or the unit 'weight' or 'neuron'."
    )


def may_have_heads(layer: str, known: Sequence[str]) -> bool:
    """Whether a layer, or the part of one, can be of an attention, by its name: that of a layer with heads, or of a
    module with such a layer below it."""
    path = layer.partition(PART_SEPARATOR)[0]
    names = [path, *(name for name in known if name.startswith(f"{path}."))]
    return any("." in name and _is_role(name.rpartition(".")[2]) for name in names)


def _is_role(name: str) -> bool:
    return _makes_heads(name) or name in MIXES_HEADS


def _makes_heads(name: str) -> bool:
    return bool(MAKES_HEADS.fullmatch(name)) or name in JOINED_HEADS + BY_HEAD


def heads_of(layer: Layer, modules: Mapping[str, nn.Module]) -> Heads:
    """The heads of a layer.

    Args:
        layer: The layer.
        modules: Every module of the model, by qualified name.

    Raises:
        RecipeError: The layer is none of an attention's, or does not have its heads.
    """
    from torch import nn

    path, module = layer.path, layer.module
    attention, count, holder = _attention(path, modules)
    role = path.rpartition(".")[2]
    own = isinstance(module, nn.MultiheadAttention)  # whose joined queries, keys and values are parameters of its own
    linear = hasattr(module, "weight") and getattr(module.weight, "ndim", 0) == 2
    if not count or not (own or (linear and _is_role(role))):
        raise no_heads(f"{layer.name!r} ({type(module).__name__})")
    mixes, size = not own and role in MIXES_HEADS, _count(holder, HEAD_SIZES)
    pieces = {}
    for key, value in layer.parameters.items():
        if mixes and key != "weight":
            continue
        numbers = layer.select(key, value).shape[input_axis(module) if mixes else output_axis(module, key)]
        pieces[key] = _pieces(layer, key, role)
        each = 3 * size if role in BY_HEAD and not own else size  # a head's query, key and value are side by side
        if numbers % (count * pieces[key]) or (size and numbers != count * pieces[key] * each):
            raise RecipeError(
                f"Unit 'head' needs as many numbers for each of the {count} heads of an attention; {layer.name!r} has "
                f"{numbers:,} {'inputs' if mixes else 'outputs'}. Choose the unit 'weight' or 'neuron'."
            )
    return Heads(attention, count, mixes, pieces)


def _pieces(layer: Layer, key: str, role: str) -> int:
    if layer.outputs is not None:
        return layer.outputs.last - layer.outputs.first if layer.outputs.pieces else 1
    if key.startswith("in_proj"):
        return 3
    if role not in JOINED_HEADS:
        return 1
    shape = layer.module.weight.shape
    outputs = output_axis(layer.module, "weight")
    return max(1, shape[outputs] // shape[1 - outputs])


def _attention(path: str, modules: Mapping[str, nn.Module]) -> tuple[str, int, nn.Module | None]:
    """Name, number of heads and module of the attention that a module is in; no heads where it is in none."""
    steps = path.split(".")
    parent = path.rpartition(".")[0]
    for depth in range(len(steps), -1, -1):
        name = ".".join(steps[:depth])
        beside = depth and steps[depth - 1] == OUTER_ATTENTION
        for found in (name, *(f"{name}.{key}" for key in INNER_ATTENTION if beside)):
            count = _count(modules.get(found), HEAD_COUNTS) or (found == parent and _configured(modules[found]))
            if count:
                outer, _, last = found.rpartition(".")
                joined = last in INNER_ATTENTION and outer.rpartition(".")[2] == OUTER_ATTENTION
                return outer if joined else found, count, modules[found]
    return "", 0, None


def _configured(attention: nn.Module) -> int:
    """The number of heads that the configuration of a module has whose layers are those of an attention, else 0."""
    return _count(getattr(attention, "config", None), HEAD_COUNTS) if any(map(_makes_heads, attention._modules)) else 0


def _count(module: object, names: Sequence[str]) -> int:
    """The first of these attributes that is a whole number, else 0."""
    values = (getattr(module, name, 0) for name in names)
    return next((value for value in values if type(value) is int and value), 0)
