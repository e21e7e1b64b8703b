"""What a layer or a whole model is drawn anew by, for the scheme "reinit".

A layer of torch has an initializer of its own (`reset_parameters`). Many models draw their layers in another way, so
that theirs is known only from a new model: `rebuild`.
"""

import copy
import hashlib
import weakref
from collections.abc import Callable, Mapping

import torch
from torch import nn

from forgetting.core.errors import RecipeError, describe_error, list_names
from forgetting.core.seeding import OwnedDraws, generator, initialize, kept_global_state
from forgetting.randomization.layers import Layer, find_layers, named_values
from forgetting.randomization.patterns import NEAR_NAMES

OF_A_MODEL = (  # methods by which a model draws the layers in it, other than these do themselves
    "_init_weights",
    "init_weights",
    "_initialize_weights",
    "initialize_weights",
    "initialize_parameters",
    "initialize",
    "_init_parameters",
    "init_parameters",
    "_reset_parameters",
)
NEED = "Pass `rebuild`, a function that gives an untrained model"


class Rebuild:
    """New models of a factory, each drawn from a seed.

    The factory's draws come from a generator of the seed; torch's, numpy's and Python's global states are afterwards as
    they were before.

    Args:
        factory: Gives an untrained model.

    Raises:
        RecipeError: The factory gives no model, the same one each time, other values for the same seed, or the same
            values for each seed.
    """

    def __init__(self, factory: Callable[[], nn.Module]):
        self.factory = factory
        prints, last = [], None
        with kept_global_state():
            for seed in (0, 0, 1):  # one after another, as a model may be large
                model = self._build(seed)
                if last is not None and last() is model:
                    raise _unfit("gives the same model each time", "make a new model in it")
                prints.append(_fingerprint(model))
                last = weakref.ref(model)
                del model
        different = [name for name, value in prints[0].items() if prints[1].get(name) != value]
        if different or prints[0].keys() != prints[1].keys():
            listed = list_names(different[:NEAR_NAMES])
            raise _unfit(f"is not repeatable: {listed} differ between two calls", "draw with torch's functions alone")
        if prints[0] == prints[2] and any(drawn for _, drawn in prints[0].values()):
            raise _unfit("gives the same values for each seed", "leave the seeding to the caller")

    def __call__(self, seed: int) -> Mapping[str, torch.Tensor]:
        """Parameters and buffers of a new model, by name."""
        with kept_global_state():
            return named_values(self._build(seed))

    def _build(self, seed: int) -> nn.Module:
        try:
            with OwnedDraws(generator(seed, "randomize", "rebuild")):
                model = self.factory()
        except Exception as error:
            raise _unfit(f"raised {describe_error(error)}", "mend it") from error
        if not isinstance(model, nn.Module):
            raise _unfit(f"gave a {type(model).__name__}", "return a torch module")
        return model


def _unfit(what: str, remedy: str) -> RecipeError:
    return RecipeError(f"rebuild must give an untrained model, drawn anew each time; it {what}. Please {remedy}.")


def _fingerprint(model: nn.Module) -> dict[str, tuple[bytes, bool]]:
    """A digest of each value of a model, and whether it can have been drawn, as its numbers differ."""
    found = {}
    for name, value in named_values(model).items():
        values = value.detach().cpu()
        values = (values if values.layout == torch.strided else values.to_dense()).contiguous()
        digest = hashlib.sha256(values.flatten().view(torch.uint8).numpy()).digest()
        found[name] = digest, bool(values.numel() > 1 and (values != values.flatten()[0]).any())
    return found


def draw_layer(
    layer: Layer,
    modules: Mapping[str, nn.Module],
    seed: int,
    rebuilt: Callable[[], Mapping[str, torch.Tensor]] | None,
) -> dict[str, torch.Tensor]:
    """The layer's parameters as its model's initializer would draw them.

    Args:
        layer: The layer.
        modules: Every module of the model, by qualified name.
        seed: Seed of the draw.
        rebuilt: Gives the values of an untrained model, see `Rebuild`; None to draw by the layer's own initializer.

    Raises:
        RecipeError: The layer has no initializer, or its model is known to draw it in another way.
    """
    if rebuilt is not None:
        return recorded(layer, layer.parameters, rebuilt(), "reinit")
    kind = type(layer.module).__name__
    above = [path for path in modules if path != layer.path and (not path or layer.path.startswith(f"{path}."))]
    attention = isinstance(modules.get(layer.path.rpartition(".")[0]), nn.MultiheadAttention)
    for path in above:
        method = next((name for name in OF_A_MODEL if callable(getattr(modules[path], name, None))), None)
        if method and not isinstance(modules[path], nn.MultiheadAttention):
            raise RecipeError(
                f"Scheme 'reinit' draws layer {layer.name!r} ({kind}) by its own initializer, but its model has "
                f"another one: {type(modules[path]).__name__}.{method}. {NEED}."
            )
    drawn = copy.deepcopy(layer.module).cpu()
    try:
        initialize(drawn, generator(seed, "randomize", layer.path, "fresh"))
    except AttributeError as error:
        raise RecipeError(
            f"Layer {layer.name!r} ({kind}) has no initializer (reset_parameters), which scheme 'reinit' needs. "
            f"{NEED}, or choose another scheme."
        ) from error
    values = {key: getattr(drawn, key) for key in layer.parameters}
    if attention and "bias" in values:  # which an attention sets to 0 in its output
        values["bias"] = torch.zeros_like(values["bias"])
    return values


def recorded(
    layer: Layer, needed: Mapping[str, torch.Tensor], values: Mapping[str, torch.Tensor], scheme: str
) -> dict[str, torch.Tensor]:
    """Of the values of a model those that a layer needs, by their names in the layer.

    Raises:
        RecipeError: They are not among them, or of another shape.
    """
    found = {}
    for key, value in needed.items():
        full = f"{layer.path}.{key}" if layer.path else key
        if full not in values or values[full].shape != value.shape:
            source = "`initial`" if scheme == "rewind" else "The model of `rebuild`"
            raise RecipeError(f"{source} holds no {full!r} of shape {tuple(value.shape)}; scheme {scheme!r} needs it.")
        found[key] = values[full]
    return found


def is_reset(module: nn.Module) -> bool:
    """Whether a layer's initializer draws nothing, but sets it to fixed values: 1 and 0 in the norms of torch."""
    norms = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
    return isinstance(module, norms)


def reset_layers(model: nn.Module) -> tuple[str, ...]:
    """The layers that the scheme "reinit" sets to fixed values, as their initializer draws none."""
    return tuple(name for name, layer in find_layers(model).items() if is_reset(layer.module))
