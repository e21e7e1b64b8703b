"""Sweeps: how a model's figures fall with the dose, for many layer sets, schemes, units and seeds, as tidy rows.

`sweep` yields the rows as they are ready and returns them as a `SweepResult`. The logits come from `variants`, the
figures from `measuring`; this module works in chunks that fit the memory it is given, and hands out replicates.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd
import torch

from forgetting.core import parallel
from forgetting.core.errors import RecipeError
from forgetting.data.reviews import Report, Reviews
from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import Progress, build_model, copy_state, make_trainer
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Split
from forgetting.model.trainer import SLICE_SECONDS
from forgetting.randomization.layers import parameter_count
from forgetting.randomization.path import word_columns
from forgetting.randomization.schemes import NOT_NESTED
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies.evaluation import PARTS, SWEEP_METRICS, SweepRow, VariantEvaluator
from forgetting.studies.variants import Variant, compute_variants

SWEEP_MEMORY = 512 * 2**20  # bytes that the variants of a sweep may take at once, in each worker
LOGITS_CHUNK = 2**21  # bytes of the logits that are measured at once: about what a processor's cache holds
TEMPORARIES = 16  # arrays of the logits' size that measuring holds at once
SLACK = 1.3  # what the allocator keeps besides


@dataclass(frozen=True, eq=False)
class SweepResult(TableResult):
    """The rows of a sweep, finished or stopped, with the plan and the recipe that they are of.

    epochs: that the model was trained, None where that is not known or replicates are trained anew. planned: rows of
    the whole plan; fewer are there where the sweep was stopped.
    frame: a line a row, figures as "training_accuracy" …, NaN where missing, with all reasons in "missing".
    """

    plan: Sweep
    rows: tuple[SweepRow, ...]
    recipe: Recipe = MODERN
    sha256: str = ""
    epochs: int | None = None
    planned: int | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        table = pd.DataFrame([_flat(row) for row in self.rows], columns=SWEEP_COLUMNS)
        numbers = [name for name in SWEEP_COLUMNS if name not in ("layers", "scheme", "unit", "seed", "missing")]
        return table.astype(dict.fromkeys(numbers, float))

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame, with the plan and what trained the model as its recipe."""
        recipe = replace(self.recipe.for_training(), sweep=self.plan)
        about = {"data_sha256": self.sha256, "epochs_trained": self.epochs, "rows_planned": self.planned}
        return self.frame, recipe, about


SWEEP_COLUMNS = [
    *("layers", "level", "dose", "scheme", "unit", "seed", "change", "relative_change", "chance"),
    *(f"{part}_{name}" for part in PARTS for name in SWEEP_METRICS),
    "missing",
]


def _flat(row: SweepRow) -> dict:
    values = {name: getattr(row, name) for name in SWEEP_COLUMNS[:9]}
    values |= {f"{part}_{name}": getattr(row, part).get(name) for part in PARTS for name in SWEEP_METRICS}
    return values | {"missing": "; ".join(f"{name}: {reason}" for name, reason in row.missing.items())}


@dataclass(frozen=True, eq=False)
class SweepInputs:
    """What a replicate is made of; it goes to the workers, so the split holds no texts."""

    model: TextClassifier
    initial: Mapping[str, torch.Tensor] | None
    split: Split
    recipe: Recipe
    plan: Sweep
    sets: tuple[tuple[str, ...], ...]
    majority: dict[str, float]
    memory: int


@dataclass(frozen=True)
class Replicate:
    """A seed, with the schemes and units that are done on its model."""

    seed: int
    kinds: tuple[tuple[str, str], ...]


def sweep_rows(
    model: TextClassifier,
    split: Split,
    plan: Sweep = MODERN.sweep,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
    dask: str = "",
    memory: int = SWEEP_MEMORY,
) -> Generator[SweepRow, None, SweepResult]:
    """The rows of a plan as they are ready, replicate by replicate in the order of the seeds; returned as a result.

    recipe: that the model was trained by; its objective gives the loss, and its settings train the replicates'
    models where the plan says so. initial: the state dict from before training, for the scheme "rewind".
    progress: called with the rows done and those to be. jobs: processes; −1 for one a core. dask: address of a Dask
    scheduler that the replicates go to instead. memory: bytes that variants may take at once in each process.

    A row equals what `randomize` and `evaluate` give for its variant. The same plan gives the same rows whatever
    `jobs` and `dask` are: workers use as many torch threads as this process.

    Raises RecipeError before the first row where the plan does not fit the model, or not the memory, and
    `WorkersError` where no worker can be had or is left; the rows that were yielded stay valid.
    """
    found, total = [], plan.count(tuple(name for name, _ in model.named_children()))
    for rows in sweep_slices(model, split, plan, recipe=recipe, initial=initial, jobs=jobs, dask=dask, memory=memory):
        for row in rows:
            found.append(row)
            yield row
        if progress and rows:
            progress(len(found), total)
    return SweepResult(plan, tuple(found), recipe, split.reviews.sha256, planned=total)


def run_sweep(model: TextClassifier, split: Split, plan: Sweep = MODERN.sweep, **options) -> SweepResult:
    """A whole sweep at once; options: those of `sweep`."""
    rows = sweep_rows(model, split, plan, **options)
    while True:
        try:
            next(rows)
        except StopIteration as done:
            return done.value


def sweep_slices(
    model: TextClassifier,
    split: Split,
    plan: Sweep,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    jobs: int = 1,
    dask: str = "",
    memory: int = SWEEP_MEMORY,
) -> Iterator[list[SweepRow]]:
    """The same rows in slices of a fraction of a second; an empty one while a replicate's model is being trained."""
    subject = _subject(model, split, plan, recipe, initial, memory)
    tasks = _replicates(plan)
    if jobs == 1 and not dask:
        return (rows for task in tasks for rows in _slices(subject, task))
    return parallel.run_tasks(_whole, subject, tasks, jobs=jobs, dask=dask)


def _subject(
    model: TextClassifier,
    split: Split,
    plan: Sweep,
    recipe: Recipe,
    initial: Mapping[str, torch.Tensor] | None,
    memory: int,
) -> SweepInputs:
    """Checked, so that what does not fit is refused before anything is computed."""
    known = tuple(name for name, _ in model.named_children())
    check_sweep_plan(recipe, plan, known)
    if "rewind" in plan.schemes and initial is None and not plan.retrain:
        raise RecipeError("Scheme 'rewind' needs the weights from before training: pass them as `initial`.")
    if plan.words:
        word_columns(plan.words, split.words)
    textless = replace(split, reviews=Reviews((), (), None, split.reviews.sha256, Report("", "", "", None, 0)))
    majority = compute_baselines(split, recipe.training.objective, svc_limit=0).majority
    subject = SweepInputs(model, initial, textless, recipe, plan, plan.sets(known), majority, memory)
    _chunk(subject)
    return subject


def check_sweep_plan(recipe: Recipe, plan: Sweep, known: tuple[str, ...]) -> None:
    """Raise RecipeError where a plan does not fit a recipe's protocol, or a model that has the `known` layers."""
    if recipe.protocol == "published":
        raise RecipeError(
            "A sweep randomizes layers of one trained model; in the published protocol the randomized model is a fresh "
            "one that is trained again. Use the modern protocol."
        )
    plan.count(known)


def check_sweep(recipe: Recipe, split: Split, *, memory: int = SWEEP_MEMORY) -> None:
    """Raise, before anything is trained, what a sweep of the recipe's plan would raise before its first row."""
    model = build_model(recipe, split)
    _subject(model, split, recipe.sweep, recipe, copy_state(model), memory)


def _replicates(plan: Sweep) -> list[Replicate]:
    """With one model for all, each scheme and unit is a task of its own; else they share the replicate's model."""
    kinds = tuple((scheme, unit) for scheme in plan.schemes for unit in plan.units)
    if plan.retrain:
        return [Replicate(seed, kinds) for seed in plan.replicates]
    return [Replicate(seed, (kind,)) for seed in plan.replicates for kind in kinds]


def _whole(subject: SweepInputs, task: Replicate) -> list[SweepRow]:
    return [row for rows in _slices(subject, task) for row in rows]


def _slices(subject: SweepInputs, task: Replicate) -> Iterator[list[SweepRow]]:
    model, initial = subject.model, subject.initial
    if subject.plan.retrain:
        trainer = make_trainer(replace(subject.recipe, seed=task.seed), subject.split)
        initial = copy_state(trainer.model)
        while trainer.epochs_left:
            trainer.advance(SLICE_SECONDS)
            yield []
        model = trainer.model
    measuring = VariantEvaluator(model, subject.split, subject.recipe.training.objective, subject.majority)
    most = _chunk(subject)
    for scheme, unit in task.kinds:
        randomization = subject.plan.randomization(scheme, unit, task.seed)
        inputs = {name: part.inputs for name, part in subject.split.parts.items()}
        waiting: list[Variant] = []
        for variant in compute_variants(
            model,
            inputs,
            subject.sets,
            subject.plan.doses,
            randomization,
            initial=initial,
            vocabulary=subject.split.words,
            match=subject.plan.match,
        ):
            waiting.append(variant)
            if len(waiting) == most:
                yield measuring.rows(waiting, randomization)
                waiting = []
        if waiting:
            yield measuring.rows(waiting, randomization)


def _chunk(subject: SweepInputs) -> int:
    """How many variants are measured at once. Raises RecipeError where the memory does not hold even one."""
    reviews = sum(map(len, subject.split.parts.values()))
    classes, weights = len(subject.split.classes), parameter_count(subject.model)
    widths = sum(layer.out_features for layer in list(subject.model.children())[:-1])
    paths = (100 if NOT_NESTED.intersection(subject.plan.schemes) else 40) * weights  # units, their order, draws
    values = 4 * reviews * (widths * (len(subject.sets) + 2) + classes * (len(subject.sets) + 6))
    kept, logits = paths + values, 4 * reviews * classes
    least = SLACK * (kept + TEMPORARIES * logits)
    if least > subject.memory:
        raise RecipeError(
            f"One variant of this model needs about {least / 2**20:,.0f} MiB ({weights:,} weights, {reviews:,} reviews "
            f"of {classes:,} classes); the memory allowed is {subject.memory / 2**20:,.0f} MiB. Keep fewer words "
            "(split.max_words), reviews (data.max_reviews) or classes, or allow more memory."
        )
    fits = int((subject.memory / SLACK - kept) // (TEMPORARIES * logits))
    return max(1, min(fits, LOGITS_CHUNK // logits))
