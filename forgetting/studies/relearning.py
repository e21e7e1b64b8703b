"""Relearning: how soon a randomized model learns again what it knew, beside a model trained from scratch.

A model at chance may still remember. It is trained again as the original was, and the steps are counted until it
reaches a share of the original's validation accuracy. What is varied is planned in `plan.py`; nothing is drawn here
but by `randomize`, `build` and the Trainer.
"""

import copy
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import product

import torch

from forgetting.core.errors import DataError, RecipeError
from forgetting.core.seeding import second_seed
from forgetting.experiment.pipeline import build_model
from forgetting.experiment.results import Trained
from forgetting.metrics.baselines import compute_baselines
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.scores import NOT_FINITE, top_1_accuracy
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Part, Split
from forgetting.model.trainer import SLICE_SECONDS, PartMetrics, Trainer, measure_logits
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import LAYER_SEPARATOR
from forgetting.recipe.recipe import Recipe

ROUNDING = 1e-12  # an accuracy so near to a target is at it


@dataclass(frozen=True)
class TimeToTarget:
    """When a target was reached, if it was.

    kind: "reached"; "already there", before any step; "never", within the limit; or "diverged" before it was reached.
    steps, epochs: until then, 0 where already there, None where never or diverged. limit: steps allowed at the most.
    """

    kind: str
    steps: int | None
    epochs: int | None
    limit: int


def train_to_target(
    trainer: Trainer, part: Part, target: float, *, stop: bool = True
) -> Generator[None, None, TimeToTarget]:
    """Train on until the accuracy on `part` is at least `target`, or training ends; yields about every SLICE seconds.

    The accuracy is looked at before the first step and at the end of each epoch, so with mini-batches the steps are
    those of whole epochs. Steps and epochs count from here. stop=False: train to the end all the same. Nobody else
    advances the trainer meanwhile.
    """
    steps, epochs, least = trainer.steps, trainer.epochs, target - ROUNDING
    limit = _steps(trainer, trainer.training.epochs) - steps
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


def _steps(trainer: Trainer, epochs: int) -> int:
    """In so many epochs."""
    reviews = len(trainer.split.training)
    return epochs * math.ceil(reviews / (trainer.training.batch_size or reviews))


def compute_savings(relearned: TimeToTarget, scratch: TimeToTarget) -> Measurement:
    """1 − steps to relearn / steps to learn from scratch (Ebbinghaus 1885, Über das Gedächtnis).

    0 where what was known is gone, 1 where it was never lost, below 0 where it takes longer than from scratch.
    Missing where one of them does not get there, or the model from scratch is there before any step.

    >>> savings(Reached("reached", 5, 5, 100), Reached("reached", 20, 20, 100)).value
    0.75
    """
    reason = _incomparable(relearned, scratch, "the randomized model", "the model from scratch")
    return Measurement(None, reason) if reason else Measurement(1 - relearned.steps / scratch.steps)


def anamnesis_index(unlearned: TimeToTarget, retrained: TimeToTarget) -> Measurement:
    """The anamnesis index (AIN): steps to relearn the forget set of the unlearned model / of the retrained one.

    Chundawat et al. 2023, "Zero-Shot Machine Unlearning", IEEE TIFS 18, arXiv 2201.05629. 1 where it relearns as a
    model does that never saw the forget set, far below 1 where it still remembers, above 1 where more than the forget
    set is gone. Missing as `savings` is.
    """
    reason = _incomparable(unlearned, retrained, "the unlearned model", "the retrained model")
    return Measurement(None, reason) if reason else Measurement(unlearned.steps / retrained.steps)


def _incomparable(own: TimeToTarget, reference: TimeToTarget, *names: str) -> str:
    """Why the steps of two models cannot be divided, "" where they can."""
    if own.steps is not None and reference.steps:
        return ""
    if own.steps is not None and reference.steps == 0:
        return f"{names[1]} is at the target before any step"
    return " and ".join(_told(name, reached) for name, reached in zip(names, (own, reference), strict=True))


def _told(name: str, reached: TimeToTarget) -> str:
    if reached.kind == "diverged":
        return f"{name} diverges before the target"
    if reached.steps is None:
        return f"{name} does not reach the target within {reached.limit:,} steps"
    return f"{name} reaches the target after {reached.steps:,} steps"


@dataclass(frozen=True)
class TargetAccuracy:
    """The validation accuracy to be reached, beside the original's and those of trivial models, all in [0, 1]."""

    accuracy_before: float
    target: float
    chance: float
    majority: float

    @property
    def missing(self) -> str:
        """Why reaching it tells nothing, "" where it does."""
        for name, trivial in (("chance", self.chance), ("that of always naming one class", self.majority)):
            if self.target <= trivial + ROUNDING:
                return f"the target, an accuracy of {self.target:.3f}, is not above {name} ({trivial:.3f})"
        return ""

    def savings(self, relearned: TimeToTarget, scratch: TimeToTarget) -> Measurement:
        """Those of `savings`, missing too where reaching the goal tells nothing."""
        return Measurement(None, self.missing) if self.missing else compute_savings(relearned, scratch)


@dataclass(frozen=True)
class CurvePoint:
    """A model after so many steps. epoch: 0 for before training."""

    steps: int
    epoch: int
    training: PartMetrics
    validation: PartMetrics


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One training run. model: "scratch", "randomized" or "continued", the original trained on. seed: the replicate's.

    points: of each epoch from 0 on, as far as losses are finite.
    """

    model: str
    seed: int
    points: tuple[CurvePoint, ...]
    time_to_target: TimeToTarget
    target_accuracy: TargetAccuracy


@dataclass(frozen=True)
class SavingsRow:
    """How soon one variant relearns. layers: the set, joined by "+". dose: in [0, 1]. seed: the replicate's.

    accuracy: on validation, right after randomizing; accuracy_before, chance, majority, target: see `Goal`.
    outcome, steps: the kind and the steps of its `Reached`, and of the model from scratch. epochs: the limit.
    savings: see `savings`. missing: the reason of each figure that is None.
    """

    layers: str
    scheme: str
    dose: float
    seed: int
    accuracy_before: float
    accuracy: float | None
    chance: float
    majority: float
    target: float
    steps: int | None
    outcome: str
    scratch_steps: int | None
    scratch_outcome: str
    savings: float | None
    epochs: int
    missing: dict[str, str] = field(default_factory=dict)


def check_relearning(recipe: Recipe) -> None:
    """Raise RecipeError where the plan does not fit the recipe's protocol, or its layers, or is too large."""
    if recipe.protocol == "published":
        raise RecipeError(
            "Relearning asks what a randomized model still knows; the randomized model of the published protocol is a "
            "fresh one that was trained already. Use the modern protocol."
        )
    recipe.relearning.count(recipe.model.layers)


def learning_curve_slices(trained: Trained, split: Split, recipe: Recipe) -> Iterator[list[LearningCurve]]:
    """Training runs of all `recipe.relearning.epochs`, a list with each as it ends, empty ones while it is under way.

    For each seed of the plan: a model from scratch, the randomized one, and the original trained on. They are trained
    by the recipe's settings with `other(seed)`, which draws the weights from scratch too, so that this model is not
    the original's own run. The randomized one is that of recipe.randomization, drawn with the seed.

    Raises, at once, RecipeError where the plan does not fit, DataError where the original's outputs are not finite.
    """
    check_relearning(recipe)
    return _courses(trained, split, recipe, _goal(trained, split, recipe))


def _courses(trained: Trained, split: Split, recipe: Recipe, goal: TargetAccuracy) -> Iterator[list[LearningCurve]]:
    for seed in recipe.relearning.sweep.replicates:
        drawn = replace(recipe.randomization, seed=seed)
        randomized = randomize(trained.model, drawn, initial=trained.initial, vocabulary=split.words)
        for name, model in (("scratch", None), ("randomized", randomized), ("continued", trained.model)):
            trainer = _trainer(recipe, split, seed, model, record_history=True)
            points = [CurvePoint(0, 0, *_measures(trainer))]
            reached = yield from as_slices(train_to_target(trainer, split.validation, goal.target, stop=False))
            points += [
                CurvePoint(_steps(trainer, past.epoch), past.epoch, past.training, past.validation)
                for past in trainer.history
            ]
            yield [LearningCurve(name, seed, tuple(filter(_finite, points)), reached, goal)]


@torch.no_grad()
def _measures(trainer: Trainer) -> list[PartMetrics]:
    """Of both parts."""
    parts, objective = trainer.split.parts.values(), trainer.training.objective
    return [measure_logits(trainer.model(part.inputs), part.targets, objective) for part in parts]


def _finite(point: CurvePoint) -> bool:
    return math.isfinite(point.training.loss) and math.isfinite(point.validation.loss)


def savings_slices(trained: Trained, split: Split, recipe: Recipe) -> Iterator[list[SavingsRow]]:
    """The savings of each variant of the plan, a list with each row as it is ready, empty ones in between.

    For each seed: layer set × scheme × dose, each trained until it reaches the goal, beside one model from scratch.
    What is drawn from the seed, and what is raised, is as in `course_slices`.
    """
    check_relearning(recipe)
    return _saving_rows(trained, split, recipe, _goal(trained, split, recipe))


def _saving_rows(trained: Trained, split: Split, recipe: Recipe, goal: TargetAccuracy) -> Iterator[list[SavingsRow]]:
    plan, part = recipe.relearning.sweep, split.validation
    sets = plan.sets(recipe.model.layers)
    for seed in plan.replicates:
        scratch = yield from as_slices(train_to_target(_trainer(recipe, split, seed), part, goal.target))
        for names, scheme, dose in product(sets, plan.schemes, plan.doses):
            drawn = replace(plan.randomization(scheme, plan.units[0], seed), layers=names, fraction=dose)
            trainer = _trainer(recipe, split, seed, randomize(trained.model, drawn, initial=trained.initial))
            after = top_1_accuracy(trainer.model, part)
            relearned = yield from as_slices(train_to_target(trainer, part, goal.target))
            yield [_row(goal, drawn, after, relearned, scratch, trainer.training.epochs)]


def _row(
    goal: TargetAccuracy,
    drawn: Randomization,
    after: float,
    relearned: TimeToTarget,
    scratch: TimeToTarget,
    epochs: int,
) -> SavingsRow:
    saved = goal.savings(relearned, scratch)
    reasons = {
        "accuracy": NOT_FINITE if math.isnan(after) else "",
        "steps": "" if relearned.steps is not None else _told("the randomized model", relearned),
        "scratch_steps": "" if scratch.steps is not None else _told("the model from scratch", scratch),
        "savings": saved.missing,
    }
    return SavingsRow(
        layers=LAYER_SEPARATOR.join(drawn.layers),
        scheme=drawn.scheme,
        dose=drawn.fraction,
        seed=drawn.seed,
        accuracy=None if math.isnan(after) else after,
        **asdict(goal),
        steps=relearned.steps,
        outcome=relearned.kind,
        scratch_steps=scratch.steps,
        scratch_outcome=scratch.kind,
        savings=saved.value,
        epochs=epochs,
        missing={name: reason for name, reason in reasons.items() if reason},
    )


def _goal(trained: Trained, split: Split, recipe: Recipe) -> TargetAccuracy:
    before = top_1_accuracy(trained.model, split.validation)
    if math.isnan(before):
        raise DataError(
            "Relearning needs the original's validation accuracy, which must be a number; the outputs of this one are "
            "not finite. Train it with a lower learning rate."
        )
    majority = compute_baselines(split, recipe.training.objective, svc_limit=0).majority["validation"]
    return TargetAccuracy(before, recipe.relearning.target_share * before, 1 / len(split.classes), majority)


def _trainer(
    recipe: Recipe, split: Split, seed: int, model: TextClassifier | None = None, *, record_history: bool = False
) -> Trainer:
    """For a copy of `model`, or a new one, with the recipe's settings but for the epochs."""
    training = replace(recipe.training, epochs=recipe.relearning.epochs)
    learner = copy.deepcopy(model) if model else build_model(replace(recipe, seed=second_seed(seed)), split)
    return Trainer(learner, split, training, seed=second_seed(seed), record_history=record_history)


def as_slices(run: Generator[None, None, TimeToTarget]) -> Generator[list, None, TimeToTarget]:
    """The same for slices of rows: an empty list wherever it can be left."""
    while True:
        try:
            next(run)
        except StopIteration as done:
            return done.value
        yield []
