"""Unlearning: methods run on seeds in slices, each beside exact retraining; no row is computed twice.

The methods are in `methods.py`; what tells their models from retrained ones is in `evaluation.py`; what the rows say
over seeds is in `result.py`.
"""

import copy
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from types import GeneratorType
from typing import Any, Self

from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.core.limits import check_limit
from forgetting.core.seeding import second_seed
from forgetting.experiment.pipeline import Progress, build_model, copy_state, make_trainer, snapshot
from forgetting.experiment.results import Trained
from forgetting.metrics.scores import NOT_FINITE
from forgetting.model.split import Split
from forgetting.model.trainer import SLICE_SECONDS, Trainer
from forgetting.randomization.layers import layer_table, parameter_count
from forgetting.recipe.forget import Unlearning
from forgetting.recipe.recipe import Recipe
from forgetting.studies.time_to_target import TimeToTarget, as_slices, train_to_target
from forgetting.unlearning.evaluation import ModelEvaluation, compare_with_retraining, evaluate_unlearned, failed_row
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.representations import compare_layers
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.row import UnlearningRow
from forgetting.unlearning.task import METHODS, REFERENCE, Method, Task, check_methods

TARGET_MISS = 0.05  # share of the original accuracy on the forget set that relearning may miss
NOTHING_TO_RELEARN = "the original model knows none of the forget set"
LEFT_OUT = "left out: relearning is given 0 epochs"
Sliced = Generator[list[UnlearningRow], None, Any]  # yields rows that are done, or none where it may be left


@dataclass(frozen=True, eq=False)
class _Stage:
    """The models that the methods of one seed start from and are compared with."""

    original: Trained
    retrained: nn.Module
    original_evaluation: ModelEvaluation
    retrained_evaluation: ModelEvaluation
    seconds: float  # that retraining took


class UnlearningRunner:
    """Methods on the seeds of one original model and forget set, run in slices.

    Each seed's retrained model, which its methods are compared with, is trained from another seed than the method
    "retrain" uses: so the row of that method tells how far apart two exact retrainings are, and no smaller gap can be
    asked for.

    Args:
        trained: The original model of the recipe's seed. Other seeds have other originals, trained for as many epochs.
        split: The split that it was trained on.
        recipe: What led to the model, with `forget` and `unlearning`.

    Attributes:
        recipe: The recipe, with the settings and the number of epochs that the model was really trained with.
        sets: The reviews by what becomes of them.
        settings: The recipe's `unlearning`, or those of `with_settings`, as they are used; see `Unlearning.for_kind`.
        rows: What is done, by (seed, method).

    Raises:
        RecipeError: Where the recipe does not fit the model.
        DataError: Where it does not fit the reviews.
    """

    def __init__(self, trained: Trained, split: Split, recipe: Recipe):
        check_unlearning(recipe, recipe.unlearning)
        if not trained.history:
            raise RecipeError("There must be something to unlearn; the model is not trained yet. Train it first.")
        _check_shapes(trained.model, split, recipe)
        _check_models(trained.model, recipe.unlearning)
        self.trained, self.split = trained, split
        training = replace(recipe.training.for_size(*split.size), epochs=len(trained.history))
        self.recipe = replace(recipe, training=training)
        self.sets = make_forget_sets(split, recipe.forget)
        self.settings = recipe.unlearning.for_kind(recipe.model.kind)
        self.rows: dict[tuple[int, str], UnlearningRow] = {}
        self._stages: dict[int, _Stage] = {}
        self._relearned: dict[tuple[int, int], TimeToTarget] = {}  # of retrained models, by seed and limit

    def with_settings(self, settings: Unlearning) -> Self:
        """A runner of other settings, which shares the models of this one.

        Rows that are done are there from the start where only the methods and the seeds differ.

        Args:
            settings: The other settings.

        Raises:
            RecipeError: Where they do not fit the model.
        """
        settings = settings.for_kind(self.recipe.model.kind)
        check_unlearning(self.recipe, settings)
        _check_models(self.trained.model, settings)
        other = copy.copy(self)
        other.settings = settings
        other.rows = dict(self.rows) if _of_methods(settings) == _of_methods(self.settings) else {}
        return other

    @property
    def planned(self) -> list[tuple[int, str]]:
        """Seed and method of each row that the settings ask for."""
        return self.settings.planned

    @property
    def staged(self) -> tuple[int, ...]:
        """The seeds that have their original and retrained models."""
        return tuple(self._stages)

    def shares_models(self, other: "UnlearningRunner") -> bool:
        """Whether one of the two was made from the other by `with_settings`."""
        return self._stages is other._stages

    def drop_models(self) -> None:
        """Free the original and retrained models of the seeds; rows to come train them again."""
        self._stages.clear()

    def missing(self, settings: Unlearning) -> list[tuple[int, str]]:
        """Seed and method of each row that other settings would ask for and that is not done."""
        settings = settings.for_kind(self.recipe.model.kind)
        done = self.rows if _of_methods(settings) == _of_methods(self.settings) else {}
        return [key for key in settings.planned if key not in done]

    @property
    def found(self) -> tuple[UnlearningRow, ...]:
        """The planned rows that are done, in the order of the plan."""
        return tuple(self.rows[key] for key in self.planned if key in self.rows)

    @property
    def result(self) -> UnlearningResult:
        """The planned rows that are done, as a result."""
        recipe = replace(self.recipe, unlearning=self.settings)
        return UnlearningResult(recipe, self.sets, self.found, len(self.trained.history), len(self.planned))

    def slices(self) -> Iterator[list[UnlearningRow]]:
        """Run what is planned and not done.

        Yields:
            A list with each row that is done, and empty lists in between, wherever the run can be left.
        """
        for seed, name in self.planned:
            if (seed, name) in self.rows:
                continue
            stage = self._stages.get(seed)
            if stage is None:
                stage = self._stages[seed] = yield from self._stage(seed)
            self.rows[seed, name] = yield from self._row(seed, name, stage)
            yield [self.rows[seed, name]]

    def _stage(self, seed: int) -> Sliced:
        original = self.trained
        if seed != self.recipe.seed:
            trainer = make_trainer(replace(self.recipe, seed=seed), self.split)
            initial = copy_state(trainer.model)
            while trainer.epochs_left:
                trainer.advance(SLICE_SECONDS)
                yield []
            original = snapshot(trainer, initial)
        retrained, seconds, _ = yield from _run(METHODS[REFERENCE], self._task(original, second_seed(seed)))
        return _Stage(original, retrained, self._evaluate(original.model), self._evaluate(retrained), seconds)

    def _row(self, seed: int, name: str, stage: _Stage) -> Sliced:
        model, seconds, reason = yield from _run(METHODS[name], self._task(stage.original, seed))
        if model is not None:
            try:
                unlearned = self._evaluate(model, stage.retrained_evaluation)
            except Exception as error:  # a model of another shape
                model, reason = None, f"the method's model cannot be used: {type(error).__name__}: {error}"
        if model is None:
            return failed_row(reason, stage.retrained_evaluation, method=name, seed=seed, seconds=stage.seconds)
        relearned = yield from self._relearn(seed, model, stage)
        original = stage.original.model
        similarity = compare_layers({"unlearned": model, "original": original}, stage.retrained, self.sets)
        similarity |= compare_layers({"unlearned_to_original": model}, original, self.sets)
        row = compare_with_retraining(
            unlearned,
            stage.retrained_evaluation,
            stage.original_evaluation,
            method=name,
            seed=seed,
            seconds=(seconds, stage.seconds),
            relearned=relearned,
        )
        return replace(row, similarity=similarity)

    def _relearn(self, seed: int, model: nn.Module, stage: _Stage) -> Sliced:
        """How soon the model and the retrained one know the forget set again, or why that is not tried."""
        limit = self.settings.relearn_epochs
        accuracy = stage.original_evaluation.metrics["forget_accuracy"]
        if not limit or not accuracy:
            return (NOT_FINITE if accuracy is None else NOTHING_TO_RELEARN if limit else LEFT_OUT,) * 2
        if (seed, limit) not in self._relearned:
            self._relearned[seed, limit] = yield from self._reach(stage.retrained, accuracy, seed)
        try:
            unlearned = yield from self._reach(model, accuracy, seed)
        except Exception as error:  # a custom method may return any kind of model
            unlearned = f"the method's model cannot be trained again: {type(error).__name__}: {error}"
        return unlearned, self._relearned[seed, limit]

    def _reach(self, model: nn.Module, accuracy: float, seed: int) -> Sliced:
        """Train a copy on all reviews again, at the original's learning rate, until it knows the forget set."""
        training = replace(self.recipe.training, epochs=self.settings.relearn_epochs)
        learner = copy.deepcopy(model).requires_grad_(True)
        split = self.split.without_stopping()
        trainer = Trainer(learner, split, training, seed=second_seed(seed), record_history=False)
        return (yield from as_slices(train_to_target(trainer, self.sets.forget, (1 - TARGET_MISS) * accuracy)))

    def _task(self, original: Trained, seed: int) -> Task:
        task = Task(
            original=original.model,
            initial=original.initial,
            split=self.split,
            retain_split=self.sets.retain_split,
            forget=self.sets.forget,
            training=self.recipe.training,
            settings=self.settings,
            seed=seed,
            rebuild=lambda seed: build_model(replace(self.recipe, seed=seed), self.split),
        )
        return copy.deepcopy(task)  # so that a method that changes something spoils nothing of the others

    def _evaluate(self, model: nn.Module, like: ModelEvaluation | None = None) -> ModelEvaluation:
        return evaluate_unlearned(model, self.sets, self.recipe.training.objective, like)


def run_unlearning(
    trained: Trained, split: Split, recipe: Recipe, *, progress: Progress | None = None
) -> UnlearningResult:
    """A whole comparison at once, as the recipe's `forget` and `unlearning` say.

    Args:
        trained: The original model; see `UnlearningRunner`.
        split: The split that it was trained on.
        recipe: What led to the model.
        progress: Called after each row with the number of rows that are done and that are planned.

    Raises:
        RecipeError: Where the recipe does not fit the model.
        DataError: Where it does not fit the reviews.
    """
    runner = UnlearningRunner(trained, split, recipe)
    for rows in runner.slices():
        if progress and rows:
            progress(len(runner.found), len(runner.planned))
    return runner.result


def _check_shapes(model: nn.Module, split: Split, recipe: Recipe) -> None:
    """A recipe of another model would retrain another one than the original."""
    known = recipe.model.parameter_shapes(len(split.words), len(split.classes))
    found = {row.name: row.shapes for row in layer_table(model)}
    if found != known:
        differ = next(name for name in (*known, *found) if found.get(name) != known.get(name))
        raise RecipeError(
            f"The recipe must be that of the model; layer {differ!r} has parameters of {_sizes(known.get(differ))}, "
            f"that of the model of {_sizes(found.get(differ))}. Give the recipe that the model was trained by, and no "
            "model of which two layers share a parameter."
        )
    if frozen := [name for name, parameter in model.named_parameters() if not parameter.requires_grad]:
        raise RecipeError(
            f"All parameters of the model must be trained, as exact retraining trains them; {len(frozen)} are frozen, "
            f"such as {frozen[0]}. Call requires_grad_(True) of the model."
        )


def _sizes(shapes: dict[str, tuple[int, ...]] | None) -> str:
    return ", ".join(" × ".join(map(str, shape)) for shape in shapes.values()) if shapes else "none"


def _check_models(model: nn.Module, settings: Unlearning) -> None:
    """Each seed's original, its initial weights and the retrained model stay in memory, for methods that come later."""
    parameters = parameter_count(model)
    check_limit(
        "models",
        3 * settings.seeds * parameters,
        f"The models of all seeds may have at most {{most}} parameters together; 3 × {settings.seeds:,} seeds × "
        f"{parameters:,} are {{found}}.",
        "Ask for fewer seeds (unlearning.seeds), or train a smaller model.",
        kind=RecipeError,
    )


def check_unlearning(recipe: Recipe, settings: Unlearning) -> None:
    """Check, without the reviews, that there can be a comparison.

    Args:
        recipe: Of the model.
        settings: Of the methods.

    Raises:
        RecipeError: Where there can be none.
    """
    if recipe.protocol == "published":
        raise RecipeError(
            "Unlearning is compared with exact retraining; in the published protocol each name is a class, so a model "
            "that never saw a review has no class for it. Use the modern protocol."
        )
    check_methods(settings.for_kind(recipe.model.kind), recipe.model.layers)


def _of_methods(settings: Unlearning) -> Unlearning:
    """The settings that a method's row depends on, with the methods and the seeds put aside."""
    return replace(settings, methods=("original",), seeds=1, seed=0)


def _run(method: Method, task: Task) -> Sliced:
    """The method's model, or None; the seconds that it took without pauses; and why there is no model."""
    seconds, started = 0.0, time.perf_counter()
    try:
        model = method(task)
        while isinstance(model, GeneratorType):
            try:
                next(model)
            except StopIteration as done:
                model = done.value
            else:
                seconds += time.perf_counter() - started
                yield []
                started = time.perf_counter()
    except (Exception, SystemExit) as error:  # of a custom method: the others go on
        return None, 0.0, f"the method failed: {type(error).__name__}: {error}"
    if not isinstance(model, nn.Module):
        return None, 0.0, f"a method must return a model; this one returned a {type(model).__name__}"
    seconds += time.perf_counter() - started
    return model.eval(), seconds, ""  # another kind of model may have dropout that is a mode
