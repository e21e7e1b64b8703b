"""What an unlearning method is: a function of a Task, in the table METHODS under its name.

The methods of the library are in `methods.py`; `runner.py` runs them, and `evaluation.py` measures how well they do.
"""

import copy
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.model.settings import TrainingSettings
from forgetting.model.split import Part, Split
from forgetting.model.trainer import SLICE_SECONDS, Trainer
from forgetting.recipe.forget import METHODS_VARIABLE, Unlearning

MethodRun = Generator[None, None, nn.Module]
REFERENCE = "retrain"


@dataclass(frozen=True, eq=False)
class Task:
    """What a method is given.

    Attributes:
        original: The trained model, which the method leaves as it is.
        initial: State dict of the original before its training.
        split: The split that the original was trained on.
        retain_split: The same split with the retain set as its training part.
        forget: The forget set.
        training: How the original was trained.
        settings: Settings of all methods.
        seed: Seed of whatever the method draws.
        rebuild: Gives an untrained model of the original's shape, drawn from a seed.
    """

    original: nn.Module
    initial: Mapping[str, torch.Tensor]
    split: Split
    retain_split: Split
    forget: Part
    training: TrainingSettings
    settings: Unlearning
    seed: int
    rebuild: Callable[[int], nn.Module]

    def copy(self) -> nn.Module:
        """A copy of the original, to be changed."""
        return copy.deepcopy(self.original)

    def fresh(self) -> nn.Module:
        """An untrained model of the original's shape, drawn from the task's seed."""
        return self.rebuild(self.seed)

    def fit(self, model: nn.Module, split: Split, **changes: float) -> MethodRun:
        """Train a model in place as the original was trained, in slices.

        Args:
            model: The model.
            split: Its training part is trained on.
            changes: Settings of training that differ from the original's. Where there are any, training goes through
                all its epochs, and no stopping part chooses one.

        Returns:
            A generator that yields wherever training may be left, and returns the model.
        """
        split = split.without_stopping() if changes else split
        trainer = Trainer(model, split, replace(self.training, **changes), seed=self.seed, record_history=False)
        while trainer.epochs_left:
            trainer.advance(SLICE_SECONDS)
            yield
        return model

    def tune(self, model: nn.Module, split: Split) -> MethodRun:
        """As `fit`, with the epochs and the learning rate of the methods that train the original on."""
        return self.fit(model, split, epochs=self.settings.epochs, learning_rate=self.settings.learning_rate)


Method = Callable[[Task], nn.Module | MethodRun]
METHODS: dict[str, Method] = {}


def method(function: Method) -> Method:
    """Put a function into METHODS, under its own name.

    The first line of its docstring is what the page shows.

    Args:
        function: Takes a Task and returns the unlearned model, a new one. It may instead be a generator that yields
            wherever it can be left and taken up again, and returns the model:
            `model = yield from task.tune(task.copy(), task.retain_split)`.

    Raises:
        RecipeError: Where another function has that name, or the docstring is missing.
    """
    name = function.__name__
    known = METHODS.get(name)
    if known and (known.__module__, known.__qualname__) != (function.__module__, function.__qualname__):
        raise RecipeError(f"There is an unlearning method {name!r} already: give yours another name.")
    if not (function.__doc__ or "").strip():
        raise RecipeError(f"The unlearning method {name!r} needs a docstring: its first line says what it does.")
    METHODS[name] = function
    return function


def check_methods(settings: Unlearning, layers: tuple[str, ...]) -> None:
    """Check that the settings can be run.

    Args:
        settings: Of the methods.
        layers: Names of the model's layers.

    Raises:
        RecipeError: Where a method is unknown, or a setting does not fit a model with these layers.
    """
    for name in settings.methods:
        if name not in METHODS:
            raise RecipeError(
                f"unlearning.methods must be of {', '.join(METHODS)}; got {name[:80]!r}. A method of your own is "
                f"found where the environment variable {METHODS_VARIABLE} names its file."
            )
    settings.check(layers)


def method_title(name: str) -> str:
    """What a method does: the first line of its docstring."""
    return METHODS[name].__doc__.strip().splitlines()[0].rstrip(".")


def load_custom_methods(names: str | None = None) -> None:
    """Import files or modules with custom methods.

    Args:
        names: Paths of Python files or names of modules, separated by the path separator of the system (":"); by
            default those that the environment variable METHODS_VARIABLE names.

    Raises:
        RecipeError: Where one cannot be imported, or takes the name of another method; METHODS is then as it was.
    """
    separated = (os.environ.get(METHODS_VARIABLE, "") if names is None else names).split(os.pathsep)
    before = dict(METHODS)
    for name in filter(None, map(str.strip, separated)):
        try:
            if name.endswith(".py"):
                _import_file(Path(name).expanduser())
            else:
                importlib.import_module(name)
        except (Exception, SystemExit) as error:  # whatever another author's file may raise
            METHODS.clear()
            METHODS.update(before)
            raise RecipeError(
                f"{METHODS_VARIABLE} must name Python files or modules that can be imported; {name!r} cannot: "
                f"{type(error).__name__}: {error}. Mend it or leave it out."
            ) from error


def _import_file(path: Path) -> None:
    """Import a file under a module name that no other file has."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"forgetting_custom_{digest}", path)
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
