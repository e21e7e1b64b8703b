"""What a person's `evaluate` gives of a model: checked, and with its surroundings kept as they were.

Each call starts from the same global random states, which are put back after it as the model's buffers are, so that it
does not matter in which order, or in which process, models are evaluated.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import nn

from forgetting.core.errors import RecipeError, describe_error, shorten
from forgetting.core.seeding import lent_global_state
from forgetting.studies.any_model import EvaluationError

PART = "validation"  # the part that conclusions are of; it is also the part of an evaluation that names none
FORMS = (
    "`evaluate` must give (logits, targets), or numbers by name such as {'accuracy': 0.9}, or one of both by part such "
    "as {'training': …, 'validation': …}, or a number"
)


@dataclass(frozen=True, eq=False)
class Given:
    """What an evaluation gave.

    Attributes:
        outputs: By part: logits (reviews, classes), or numbers by name.
        targets: Class numbers (reviews,) of each part that has logits.
        drew: Whether it drew from a global random state.
        buffers: Names of the model's buffers that it changed.
    """

    outputs: dict[str, Any]
    targets: dict[str, torch.Tensor]
    drew: bool = False
    buffers: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A person's functions, called on a model whose layers may be randomized.

    Attributes:
        function: `evaluate` of `study`.
        settle: `settle` of `study`; None for none.
        metric: What a number without a name is called.
        original: What the function gave of the original; None before that is known.
        weights: Whether the model's parameters are put back after each call, as the function changes them.
    """

    function: Callable[[nn.Module], Any]
    settle: Callable[[nn.Module], Any] | None = None
    metric: str = "accuracy"
    original: Given | None = None
    weights: bool = False

    def __call__(self, model: nn.Module) -> dict[str, Any]:
        """The outputs of a model by part.

        Raises:
            EvaluationError: The function raised, or gave something else than of the original.
        """
        try:
            found = self.look(model)
        except RecipeError as error:
            raise EvaluationError(str(error)) from error
        for part, expected in self.original.outputs.items():
            given = found.outputs.get(part)
            if isinstance(expected, torch.Tensor):
                if not isinstance(given, torch.Tensor) or given.shape != expected.shape:
                    raise EvaluationError(f"`evaluate` gives no logits of the original's shape for part {part!r}")
                if not torch.equal(found.targets[part], self.original.targets[part]):
                    raise RecipeError(
                        f"`evaluate` must give the rows of part {part!r} in the same order in each call, as variants "
                        "are compared row by row; the targets have changed. Turn shuffling off."
                    )
            elif not isinstance(given, Mapping):
                raise EvaluationError(f"`evaluate` gives no numbers for part {part!r}")
        return found.outputs

    def look(self, model: nn.Module) -> Given:
        """Evaluate a model, and look at what else the function does.

        Raises:
            RecipeError: The function raised, or gave nothing that can be used.
        """
        weights = [value.detach().clone() for value in model.parameters()] if self.weights else []
        with _kept_buffers(model) as changed, lent_global_state(0) as drew:
            called = "evaluate"
            try:
                if self.settle:
                    called = "settle"
                    self.settle(model)
                    model.eval()
                    called = "evaluate"
                given = self.function(model)
            except Exception as error:
                raise RecipeError(f"`{called}` raised {describe_error(error)}") from error
            finally:
                model.eval()
                for value, before in zip(model.parameters(), weights, strict=False):
                    value.data.copy_(before)
            drawn = drew()
        return Given(*read_given(given, self.metric), drawn, tuple(changed))


@contextmanager
def _kept_buffers(model: nn.Module) -> Iterator[list[str]]:
    """A context after which a model has the buffers that it had, bit for bit; then it gives the names of the others."""
    before = [
        (f"{name}.{key}".lstrip("."), module, key, value, value.detach().clone())
        for name, module in model.named_modules()
        for key, value in module.named_buffers(recurse=False)
    ]
    changed: list[str] = []
    try:
        yield changed
    finally:
        for name, module, key, value, kept in before:
            now = module._buffers.get(key)
            if now is not value or not same_values(now, kept):
                changed.append(name)
                value.data.copy_(kept)
                module._buffers[key] = value


def same_values(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors hold the same values, where NaN is like NaN."""
    if one.layout != torch.strided and one.layout == other.layout:  # such as the adjacency of a graph
        one, other = one.to_dense(), other.to_dense()
    return one.shape == other.shape and bool(torch.equal(one, other) or _nan_like(one, other))


def _nan_like(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.is_floating_point() and bool(((one == other) | (one.isnan() & other.isnan())).all())


def read_given(given: Any, metric: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The outputs and the targets, by part, in one of the forms of `study`.

    Args:
        given: What `evaluate` gave.
        metric: Name of a number that has none.

    Raises:
        RecipeError: It has another form.
    """
    if isinstance(given, Mapping) and given and not any(_is_number(value) for value in given.values()):
        parts = dict(given)
    else:
        parts = {PART: given}
    outputs: dict[str, Any] = {}
    targets: dict[str, torch.Tensor] = {}
    for part, value in parts.items():
        if not isinstance(part, str) or not part:
            raise RecipeError(f"{FORMS}; a part must have a name, and one is called {shorten(repr(part))}.")
        if _is_number(value):
            outputs[part] = {metric: float(value)}
        elif isinstance(value, Mapping) and value and all(_is_number(number) for number in value.values()):
            outputs[part] = {str(name): float(number) for name, number in value.items()}
        elif isinstance(value, tuple | list) and len(value) == 2:
            outputs[part], targets[part] = _logits(*value, part)
        else:
            raise RecipeError(f"{FORMS}; it gave {_describe(value)}.")
    if PART not in outputs:
        raise RecipeError(
            f"`evaluate` must name a part {PART!r}, which conclusions are of; it has "
            f"{', '.join(map(repr, list(outputs)[:6]))}. Rename one."
        )
    return outputs, targets


def _is_number(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.ndim == 0 and not value.is_complex()
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "biuf"
    return isinstance(value, Real)


def _logits(logits: Any, targets: Any, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    try:
        logits, targets = (torch.as_tensor(value).detach().cpu() for value in (logits, targets))
    except (TypeError, ValueError, RuntimeError) as error:
        raise RecipeError(f"{FORMS}; its pair is {_describe(logits)} and {_describe(targets)}.") from error
    if logits.is_complex():
        raise RecipeError(
            f"Logits must be real numbers; those of part {part!r} are complex ({logits.dtype}). Take their absolute "
            "values, or whichever real numbers the model is to be judged by."
        )
    rule = f"Logits must be (rows, classes), with 2 classes at least, and targets class numbers (rows,); part {part!r} "
    if logits.ndim != 2 or logits.shape[1] < 2 or targets.shape != logits.shape[:1] or not len(targets):
        raise RecipeError(
            f"{rule}has {tuple(logits.shape)} and {tuple(targets.shape)}. Reshape them, or give numbers by name."
        )
    if (
        targets.is_floating_point()
        or targets.is_complex()
        or not 0 <= int(targets.min()) <= int(targets.max()) < (logits.shape[1])
    ):
        raise RecipeError(
            f"{rule}has targets that are no whole numbers from 0 to {logits.shape[1] - 1}. Give class numbers."
        )
    return logits.float(), targets.long()


def _describe(value: Any) -> str:
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    size = f" of {len(value)}" if isinstance(value, tuple | list | Mapping) else ""
    return f"{type(value).__name__}{shape}{size}"
