"""What an unlearning method is: a function of a Task, in the table METHODS, with the settings of all of them.

The methods themselves are in `unlearners.py`; how well they do is measured by `unlearning.py`.
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
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Part, Split
from forgetting.model.trainer import SLICE_SECONDS, Trainer, TrainingSettings
from forgetting.recipe.forget import Unlearning

MethodRun = Generator[None, None, nn.Module]
REFERENCE = "retrain"
METHODS_VARIABLE = "FORGETTING_METHODS"  # environment variable that names files or modules with methods of one's own


@dataclass(frozen=True, eq=False)
class Task:
    """What a method is given.

    original: the trained model, which the method leaves as it is. initial: its state dict from before training.
    split: everything as it was. retained: the same split with the retain set as its training part. forget: the
    forget set. training: how the original was trained. settings: of all methods. seed: of whatever the method draws.
    """

    original: TextClassifier
    initial: Mapping[str, torch.Tensor]
    split: Split
    retain_split: Split
    forget: Part
    training: TrainingSettings
    settings: Unlearning
    seed: int

    def copy(self) -> TextClassifier:
        """The original, to be changed."""
        return copy.deepcopy(self.original)

    def fresh(self) -> TextClassifier:
        """An untrained model of the original's shape, drawn from the task's seed."""
        *hidden, last = self.original.children()
        return TextClassifier(
            len(self.split.words),
            last.out_features,
            [layer.out_features for layer in hidden],
            self.original.dropout,
            seed=self.seed,
        )

    def fit(self, model: TextClassifier, split: Split, **changes: float) -> MethodRun:
        """Train `model`, in place, on a split's training part, as the original was but for the changes."""
        trainer = Trainer(model, split, replace(self.training, **changes), seed=self.seed, record_history=False)
        while trainer.epochs_left:
            trainer.advance(SLICE_SECONDS)
            yield
        return model

    def tune(self, model: TextClassifier, split: Split) -> MethodRun:
        """The same with the epochs and the learning rate of methods that train the original on."""
        return self.fit(model, split, epochs=self.settings.epochs, learning_rate=self.settings.learning_rate)


Method = Callable[[Task], nn.Module | MethodRun]
METHODS: dict[str, Method] = {}


def method(function: Method) -> Method:
    """Put a function into METHODS, under its own name.

    It takes a Task and returns the unlearned model, a new one. It may instead be a generator that yields wherever it
    can be left and taken up again, and returns the model: `model = yield from task.tune(task.copy(), task.retained)`.
    The first line of its docstring is what a page shows.

    Raises RecipeError where another function has that name, or the docstring is missing.
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
    """Raise RecipeError where a method is unknown, or a setting does not fit a model with these layers."""
    for name in settings.methods:
        if name not in METHODS:
            raise RecipeError(
                f"unlearning.methods must be of {', '.join(METHODS)}; got {name[:80]!r}. A method of your own is "
                f"found where the environment variable {METHODS_VARIABLE} names its file."
            )
    settings.check(layers)


def method_title(name: str) -> str:
    """What a method does, in a line."""
    return METHODS[name].__doc__.strip().splitlines()[0].rstrip(".")


def load_custom_methods(names: str | None = None) -> None:
    """Import the files or modules with methods of one's own, by default those that the environment names.

    names: paths of Python files or names of modules, separated by the path separator of the system (":").

    Raises RecipeError where one cannot be imported; METHODS is then as it was.
    """
    listed = (os.environ.get(METHODS_VARIABLE, "") if names is None else names).split(os.pathsep)
    before = dict(METHODS)
    for name in filter(None, map(str.strip, listed)):
        try:
            if name.endswith(".py"):
                _run_file(Path(name).expanduser())
            else:
                importlib.import_module(name)
        except (Exception, SystemExit) as error:  # whatever a file of someone else's may raise
            METHODS.clear()
            METHODS.update(before)
            raise RecipeError(
                f"{METHODS_VARIABLE} must name Python files or modules that can be imported; {name!r} cannot: "
                f"{type(error).__name__}: {error}. Mend it or leave it out."
            ) from error


def _run_file(path: Path) -> None:
    """Import a file as a module of its own, whatever others are called."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"forgetting_own_{digest}", path)
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
