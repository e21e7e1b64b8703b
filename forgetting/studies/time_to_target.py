"""How many steps of training a model takes to a target accuracy.

Relearning and savings count these steps for randomized models, unlearning for unlearned ones. Nothing is drawn here
but the weights of a new model, and what a Trainer draws.
"""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass, replace

from forgetting.core.errors import DataError, RecipeError
from forgetting.core.numbers import format_share
from forgetting.core.seeding import second_seed
from forgetting.experiment.pipeline import make_trainer
from forgetting.experiment.results import Trained
from forgetting.metrics.baselines import find_majority
from forgetting.metrics.scores import top_1_accuracy
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Part, Split
from forgetting.model.trainer import SLICE_SECONDS, Trainer
from forgetting.recipe.recipe import Recipe

ROUNDING = 1e-12  # an accuracy so near to a target is at it


@dataclass(frozen=True)
class TimeToTarget:
    """When a target was reached, if it was.

    Attributes:
        kind: "reached"; "already there", before any step; "never", within the limit; or "diverged", before the
            target was reached.
        steps: Optimizer steps until then; 0 where already there, None where never or diverged.
        epochs: Epochs until then, in the same way.
        limit: Number of steps that were allowed.
    """

    kind: str
    steps: int | None
    epochs: int | None
    limit: int

    @property
    def duration(self) -> float:
        """The steps as a number that can be ordered: infinite where the target was never reached."""
        return math.inf if self.steps is None else float(self.steps)


@dataclass(frozen=True)
class TargetAccuracy:
    """The accuracy that is to be reached, beside others, all in [0, 1].

    The target is a share of the accuracy on the validation part. Whether it is reached is measured on the test part,
    as a target is easily met by the very reviews that set it; where there is no test part, on the validation part.

    Attributes:
        accuracy_before: Validation accuracy of the original model.
        target: The accuracy to be reached.
        chance: 1 / number of classes.
        majority: Accuracy of always predicting the most frequent class, on the part that is measured.
        measured_on: "test" or "validation", the part whose accuracy is to reach the target.
    """

    accuracy_before: float
    target: float
    chance: float
    majority: float
    measured_on: str = "validation"

    @property
    def missing(self) -> str:
        """Why reaching the target says nothing, "" where it does say something."""
        for name, trivial in (("chance", self.chance), ("that of always naming one class", self.majority)):
            if self.target <= trivial + ROUNDING:
                target = format_share(self.target, 1)
                return f"the target, an accuracy of {target}, is not above {name} ({format_share(trivial, 1)})"
        return ""


def train_to_target(
    trainer: Trainer, part: Part, target: float, *, stop: bool = True
) -> Generator[None, None, TimeToTarget]:
    """Train further until the accuracy on a part is at least the target, or until training ends.

    The accuracy is computed before the first step and at the end of each epoch, so with mini-batches the steps are
    those of whole epochs. The generator yields about every SLICE_SECONDS; nobody else may advance the trainer
    meanwhile.

    Args:
        trainer: Trainer of the model; steps and epochs are counted from where it is.
        part: Reviews whose accuracy counts.
        target: Accuracy, in [0, 1].
        stop: Whether to stop at the target; otherwise the model is trained to the end.
    """
    steps, epochs, least = trainer.steps, trainer.epochs, target - ROUNDING
    limit = steps_of_epochs(trainer, trainer.training.epochs) - steps
    first = TimeToTarget("already there", 0, 0, limit) if top_1_accuracy(trainer.model, part) >= least else None
    until = time.perf_counter() + SLICE_SECONDS
    while trainer.epochs_left and not (first and stop):
        done = trainer.epochs
        trainer.advance(until - time.perf_counter(), epochs=1)
        if not first and trainer.epochs > done and top_1_accuracy(trainer.model, part) >= least:
            first = TimeToTarget("reached", trainer.steps - steps, trainer.epochs - epochs, limit)
        if time.perf_counter() >= until:
            yield
            until = time.perf_counter() + SLICE_SECONDS
    return first or TimeToTarget("diverged" if trainer.state == "diverged" else "never", None, None, limit)


def steps_of_epochs(trainer: Trainer, epochs: int) -> int:
    """The number of optimizer steps in so many epochs."""
    reviews = len(trainer.split.training)
    return epochs * math.ceil(reviews / (trainer.training.batch_size or reviews))


def as_slices(run: Generator[None, None, TimeToTarget]) -> Generator[list, None, TimeToTarget]:
    """The same run as a part of a generator of rows: an empty list wherever it can be left."""
    while True:
        try:
            next(run)
        except StopIteration as done:
            return done.value
        yield []


def check_relearning(recipe: Recipe) -> None:
    """Check that a model can be trained again as a recipe plans it.

    Raises:
        RecipeError: The plan does not fit the protocol or the layers of the recipe, or is too large.
    """
    if recipe.protocol == "published":
        raise RecipeError(
            "Relearning asks what a randomized model still knows; the randomized model of the published protocol is a "
            "fresh one that was trained already. Use the modern protocol."
        )
    recipe.relearning.count(recipe.model.layers)


def make_target(trained: Trained, split: Split, recipe: Recipe) -> TargetAccuracy:
    """The target of a recipe: a share of the validation accuracy of the original model.

    Raises:
        RecipeError: The plan does not fit, see `check_relearning`.
        DataError: The outputs of the original model are not finite.
    """
    check_relearning(recipe)
    before = top_1_accuracy(trained.model, split.validation)
    if math.isnan(before):
        raise DataError(
            "Relearning needs the original's validation accuracy, which must be a number; the outputs of this one are "
            "not finite. Train it with a lower learning rate."
        )
    target, chance = recipe.relearning.target_share * before, 1 / len(split.classes)
    majority = (measured_part(split).targets == find_majority(split)).double().mean().item()
    return TargetAccuracy(before, target, chance, majority, "test" if split.test else "validation")


def measured_part(split: Split) -> Part:
    """The part on which models are to reach the target: the test part, the validation part where there is none."""
    return split.test or split.validation


def make_relearner(
    recipe: Recipe, split: Split, seed: int, model: TextClassifier | None = None, *, record_history: bool = False
) -> Trainer:
    """A Trainer with the recipe's training settings and the epochs of its relearning, all of them.

    Args:
        recipe: The recipe.
        split: Reviews to train on.
        seed: Seed of the replicate. Training, and the weights of a new model, take `second_seed(seed)`, so that the
            model from scratch is not the original's own run.
        model: Model to train a copy of; None for a new one.
        record_history: Whether the metrics of each epoch are recorded.
    """
    recipe, epochs = replace(recipe, seed=second_seed(seed)), recipe.relearning.epochs
    return make_trainer(recipe, split, model, epochs=epochs, record_history=record_history)
