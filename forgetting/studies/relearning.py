"""Relearning: how a randomized model learns again what it knew, beside a model from scratch.

The original model, the randomized one and a new one are trained as the original was, which gives learning curves; the
variants of a plan are trained until they reach a target, which gives savings, see `savings`.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property

import pandas as pd

from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import Progress
from forgetting.experiment.results import Trained
from forgetting.metrics.intervals import seed_bands
from forgetting.model.history import PartMetrics
from forgetting.model.split import PARTS, Split
from forgetting.model.trainer import measure_part
from forgetting.randomization.path import randomize
from forgetting.recipe.recipe import Recipe
from forgetting.studies.originals import Original, find_originals
from forgetting.studies.savings import (
    SavingsRow,
    bound_savings,
    compute_savings,
    log_steps_ratio,
    savings_slices,
)
from forgetting.studies.time_to_target import (
    TargetAccuracy,
    TimeToTarget,
    as_slices,
    make_relearner,
    steps_of_epochs,
    train_to_target,
)

RUNS = 3  # a seed: from scratch, randomized, continued
SAVINGS_COLUMNS = [item.name for item in fields(SavingsRow)]
CURVE_COLUMNS = [
    "model",
    "seed",
    "epoch",
    "steps",
    *(f"{part}_{name}" for part in PARTS for name in ("loss", "accuracy")),
    "split",
    "original_seed",
]
OUTCOME_COLUMNS = [
    *("model", "seed", "outcome", "steps", "savings", "missing"),
    *("scratch_steps", "savings_low", "savings_high", "log_ratio", "split", "original_seed", "untouched"),
]
NO_NUMBERS = {  # columns that hold texts or whole numbers
    *("layers", "scheme", "model", "outcome", "scratch_outcome", "measured_on", "missing", "untouched"),
    *("seed", "epoch", "epochs", "split", "original_seed"),
}


@dataclass(frozen=True)
class CurvePoint:
    """A model after some training.

    Attributes:
        steps: Number of optimizer steps.
        epoch: Number of epochs, 0 before training.
        training: Metrics on the training part.
        validation: Metrics on the validation part.
    """

    steps: int
    epoch: int
    training: PartMetrics
    validation: PartMetrics


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One training run.

    Attributes:
        model: "scratch", "randomized", or "continued" for the original model trained further.
        seed: Seed of the replicate.
        points: A point for each epoch from 0 on, as far as the losses are finite.
        time_to_target: When the run reached the target.
        target_accuracy: The target, beside other accuracies.
        split: Seed of the split.
        original_seed: Seed that the original was trained from.
        untouched: Whether the model began with the very weights of the original.
    """

    model: str
    seed: int
    points: tuple[CurvePoint, ...]
    time_to_target: TimeToTarget
    target_accuracy: TargetAccuracy
    split: int = 0
    original_seed: int = 0
    untouched: bool = False


def learning_curve_slices(
    trained: Trained, split: Split, recipe: Recipe, known: Collection[tuple[int, int]] = ()
) -> Iterator[list[LearningCurve]]:
    """The learning curves of a model from scratch, the randomized model and the original, for each replicate.

    Each is trained for all `recipe.relearning.epochs`, with the recipe's settings and `second_seed(seed)`, which draws
    the weights from scratch too, so that this model is not the original's own run. The randomized model is that of
    `recipe.randomization`, drawn with the seed. The arguments are those of `find_originals`.

    Returns:
        An iterator over lists, each with one curve as its training ends, or empty where the study can be left.

    Raises:
        ForgettingError: As `find_originals`.
    """
    return _learning_curves(find_originals(trained, split, recipe, known), recipe)


def _learning_curves(originals: Iterator[Original | None], recipe: Recipe) -> Iterator[list[LearningCurve]]:
    for original in originals:
        if original is None:
            yield []
            continue
        split, seed, trained, target = original.split, original.seed, original.trained, original.target
        drawn = replace(recipe.randomization, seed=seed)
        randomized = randomize(trained.model, drawn, initial=trained.initial, vocabulary=split.words)
        for name, model in (("scratch", None), ("randomized", randomized), ("continued", trained.model)):
            places = {"split": original.split_seed, "original_seed": original.original_seed}
            places["untouched"] = model is not None and original.equals(model)
            trainer = make_relearner(recipe, split, seed, model, record_history=True)
            before = [measure_part(trainer.model, part, recipe.training.objective) for part in split.parts.values()]
            points = [CurvePoint(0, 0, *before)]
            reached = yield from as_slices(train_to_target(trainer, original.part, target.target, stop=False))
            points += [
                CurvePoint(steps_of_epochs(trainer, past.epoch), past.epoch, past.training, past.validation)
                for past in trainer.history
            ]
            finite = (
                point for point in points if math.isfinite(point.training.loss) and math.isfinite(point.validation.loss)
            )
            yield [LearningCurve(name, seed, tuple(finite), reached, target, **places)]


@dataclass(frozen=True, eq=False)
class RelearningResult(TableResult):
    """Learning curves and savings of a recipe's relearning, finished or stopped.

    Attributes:
        recipe: The recipe.
        learning_curves: The training runs, see `LearningCurve`.
        rows: The savings of the variants, see `SavingsRow`.
        sha256: SHA-256 of the reviews' file.
        epochs: Epochs that the original was trained, None where that is not known.
        planned: Number of rows of the whole plan.
    """

    recipe: Recipe
    learning_curves: tuple[LearningCurve, ...] = ()
    rows: tuple[SavingsRow, ...] = ()
    sha256: str = ""
    epochs: int | None = None
    planned: int | None = None

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row for each point of each learning curve; columns: CURVE_COLUMNS."""
        rows = [
            {"model": curve.model, "seed": curve.seed, "epoch": point.epoch, "steps": point.steps}
            | {f"{part}_{name}": value for part in PARTS for name, value in vars(getattr(point, part)).items()}
            | {"split": curve.split, "original_seed": curve.original_seed}
            for curve in self.learning_curves
            for point in curve.points
        ]
        return _table(rows, CURVE_COLUMNS)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """A row for each learning curve; columns: OUTCOME_COLUMNS. The randomized models alone have savings."""
        scratch = {
            (curve.split, curve.seed): curve.time_to_target
            for curve in self.learning_curves
            if curve.model == "scratch"
        }
        rows = []
        for curve in self.learning_curves:
            reached, row = curve.time_to_target, dict.fromkeys(OUTCOME_COLUMNS) | {"missing": ""}
            row |= {"model": curve.model, "seed": curve.seed, "outcome": reached.kind, "steps": reached.steps}
            row |= {name: getattr(curve, name) for name in ("split", "original_seed", "untouched")}
            if curve.model == "randomized":
                pair = reached, scratch[curve.split, curve.seed], curve.target_accuracy
                saved, bounds = compute_savings(*pair), bound_savings(*pair) or (None, None)
                row |= {"savings": saved.value, "missing": saved.missing, "scratch_steps": pair[1].steps}
                row |= {"log_ratio": log_steps_ratio(*pair).value}
                row |= {"savings_low": None if bounds[0] == -math.inf else bounds[0], "savings_high": bounds[1]}
            rows.append(row)
        return _table(rows, OUTCOME_COLUMNS)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each variant; columns: SAVINGS_COLUMNS. NaN where a value is missing, with reasons in "missing"."""
        reasons = ("; ".join(f"{name}: {reason}" for name, reason in row.missing.items()) for row in self.rows)
        rows = [vars(row) | {"missing": text} for row, text in zip(self.rows, reasons, strict=True)]
        return _table(rows, SAVINGS_COLUMNS)

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame of the rows, or the curves where there are no rows, with what they depend on as its recipe."""
        done = replace(self.recipe.for_training(), relearning=self.recipe.relearning)
        if not self.rows:  # the rows have randomizations of their own
            done = replace(done, randomization=self.recipe.randomization)
        about = {"data_sha256": self.sha256, "epochs_trained": self.epochs, "rows_planned": self.planned}
        return self.frame if self.rows else self.curves, done, about


def _table(rows: list[dict], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns).astype({name: float for name in columns if name not in NO_NUMBERS})


def run_relearning(
    trained: Trained, split: Split, recipe: Recipe, *, progress: Progress | None = None
) -> RelearningResult:
    """All learning curves and savings, as the recipe's `relearning` and `randomization` say.

    Args:
        trained: The original model, where the plan has none of their own for each replicate; see `find_originals`.
        split: Reviews that it was trained on.
        recipe: The recipe.
        progress: Called with the number of variants done and of those planned.

    Raises:
        RecipeError: The plan does not fit, see `check_relearning`.
        DataError: The outputs of an original model are not finite.
    """
    curves = run_learning_curves(trained, split, recipe).learning_curves
    return replace(run_savings(trained, split, recipe, progress=progress), learning_curves=curves)


def run_learning_curves(
    trained: Trained, split: Split, recipe: Recipe, *, progress: Progress | None = None
) -> RelearningResult:
    """The learning curves alone, see `learning_curve_slices`; `progress` is told of them."""
    plan, curves = recipe.relearning, []
    planned = RUNS * plan.splits * plan.seeds
    for found in learning_curve_slices(trained, split, recipe):
        curves += found
        if progress and found:
            progress(len(curves), planned)
    return RelearningResult(recipe, tuple(curves), (), split.reviews.sha256, len(trained.history), planned)


def run_savings(
    trained: Trained, split: Split, recipe: Recipe, *, progress: Progress | None = None
) -> RelearningResult:
    """The savings of the variants alone; the arguments and errors are those of `run_relearning`."""
    planned, rows = recipe.relearning.count(recipe.model.layers), []
    for found in savings_slices(trained, split, recipe):
        rows += found
        if progress and found:
            progress(len(rows), planned)
    return RelearningResult(recipe, (), tuple(rows), split.reviews.sha256, len(trained.history), planned)


def learning_curve_bands(curves: pd.DataFrame, metric: str = "validation_accuracy") -> pd.DataFrame:
    """A metric of learning curves over seeds.

    Args:
        curves: Table of `RelearningResult.curves`.
        metric: Its column.

    Returns:
        A row for each model and epoch with the columns model, epoch, steps; seeds, low, median and high.
    """
    return seed_bands(curves, metric, ["model", "epoch", "steps"]).reset_index()
