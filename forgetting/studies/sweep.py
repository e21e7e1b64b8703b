"""Sweeps: how a model's metrics fall with the dose, for many layer sets, schemes, units and seeds, as tidy rows.

`sweep_rows` yields the rows as they are ready and returns them as a `SweepResult`. The logits come from `variants`, the
metrics from `evaluation`; this module works in chunks that fit the memory it is given, and hands out replicates.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from typing import TypeVar

import pandas as pd
import torch
from torch import nn

from forgetting.core import parallel
from forgetting.core.errors import RecipeError
from forgetting.data.reviews import Report, Reviews
from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import Progress, build_model, copy_state, make_trainer
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Part, Split
from forgetting.model.trainer import SLICE_SECONDS
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.layers import named_layers, parameter_count
from forgetting.randomization.path import word_columns
from forgetting.randomization.schemes import NOT_NESTED
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies.any_model import Workbench, walk_variants
from forgetting.studies.evaluation import SweepRow, VariantEvaluator, frame_of_rows, part_logits, split_parts
from forgetting.studies.splits import each_split
from forgetting.studies.variants import compute_variants

Item = TypeVar("Item")

SWEEP_MEMORY = 512 * 2**20  # bytes that the variants of a sweep may take at once, in each worker
HITS_MEMORY = 64 * 2**20  # bytes that a sweep's rows may take to keep which reviews are right
LOGITS_CHUNK = 2**21  # bytes of the logits that are measured at once: about what a processor's cache holds
TEMPORARIES = 16  # arrays of the logits' size that `VariantEvaluator` holds at once
SLACK = 1.3  # factor for what the allocator holds besides


@dataclass(frozen=True, eq=False)
class SweepResult(TableResult):
    """The rows of a sweep, finished or stopped, with the plan and the recipe that they come from.

    Attributes:
        plan: Which variants.
        rows: A row for each variant that is done.
        recipe: The recipe that the model was trained by.
        sha256: SHA-256 of the reviews' file.
        epochs: Epochs that the model was trained, None where that is not known or each replicate has its own model.
        planned: Number of rows of the whole plan; there are fewer rows where the sweep was stopped.
    """

    plan: Sweep
    rows: tuple[SweepRow, ...]
    recipe: Recipe = MODERN
    sha256: str = ""
    epochs: int | None = None
    planned: int | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each variant, see `frame_of_rows`."""
        return frame_of_rows(self.rows)

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame, with the plan and what trained the model as its recipe."""
        recipe = replace(self.recipe.for_training(), sweep=self.plan)
        if self.rows and "forget" in self.rows[0].parts:
            recipe = replace(recipe, forget=self.recipe.forget)
        about = {"data_sha256": self.sha256, "epochs_trained": self.epochs, "rows_planned": self.planned}
        return self.frame, recipe, about


@dataclass(frozen=True, eq=False)
class SweepInputs:
    """All that a replicate is computed from; it goes to the workers, so the split holds no texts."""

    model: TextClassifier | TextTransformer
    initial: Mapping[str, torch.Tensor] | None
    split: Split
    recipe: Recipe
    plan: Sweep
    sets: tuple[tuple[str, ...], ...]
    majority: dict[str, float]
    memory: int
    brief: bool = False
    keep_hits: bool = False
    parts: tuple[str, ...] = ()

    @property
    def measured(self) -> dict[str, Part]:
        """The parts of the split that are measured, by name."""
        return {name: self.split.parts[name] for name in self.parts}

    @cached_property
    def bench(self) -> Workbench:
        """The copy of the model that all replicates of this process use."""
        return self.make_bench(self.model)

    def make_bench(self, model: nn.Module) -> Workbench:
        """A copy of a model that is no TextClassifier, in which layers are randomized in place."""
        stages = transformer_stages if isinstance(model, TextTransformer) else None
        return Workbench(model, partial(_evaluate, self.measured), self.sets, stages, self.memory // 4)


@dataclass(frozen=True)
class Replicate:
    """A seed, with the schemes and units that are applied to its model."""

    seed: int
    kinds: tuple[tuple[str, str], ...]


def sweep_rows(
    model: TextClassifier | TextTransformer,
    split: Split,
    plan: Sweep = MODERN.sweep,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
    dask: str = "",
    memory: int = SWEEP_MEMORY,
    parts: Sequence[str] = (),
) -> Generator[SweepRow, None, SweepResult]:
    """The rows of a plan as they are ready, replicate by replicate in the order of the seeds; returned as a result.

    A row equals what `randomize` and `evaluate` give for its variant. The same plan gives the same rows whatever
    `jobs` and `dask` are: workers use as many torch threads as this process.

    Args:
        model: The original model.
        split: The reviews.
        plan: Which variants.
        recipe: The recipe that the model was trained by. Its objective gives the loss, and its settings train the
            replicates' models where the plan says so.
        initial: The state dict from before training, for the scheme "rewind".
        progress: Called with the number of rows done and of those planned.
        jobs: Number of processes; −1 for one a core.
        dask: Address of a Dask scheduler that the replicates go to instead.
        memory: Bytes that variants may take at once in each process.
        parts: Parts of the split that are measured; all, where none is named.

    Raises:
        RecipeError: The plan does not fit the model, or not the memory; before the first row.
        WorkersError: No worker can be had or is left; the rows that were yielded stay valid.
    """
    found, total = [], plan.count(tuple(named_layers(model)))
    options = {"jobs": jobs, "dask": dask, "memory": memory, "parts": parts}
    for rows in sweep_slices(model, split, plan, recipe=recipe, initial=initial, **options):
        for row in rows:
            found.append(row)
            yield row
        if progress and rows:
            progress(len(found), total)
    return SweepResult(plan, tuple(found), recipe, split.reviews.sha256, planned=total)


def run_sweep(model: TextClassifier, split: Split, plan: Sweep = MODERN.sweep, **options) -> SweepResult:
    """A whole sweep at once; its options are those of `sweep_rows`."""
    rows = sweep_rows(model, split, plan, **options)
    while True:
        try:
            next(rows)
        except StopIteration as done:
            return done.value


def sweep_slices(
    model: TextClassifier | TextTransformer,
    split: Split,
    plan: Sweep,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    jobs: int = 1,
    dask: str = "",
    memory: int = SWEEP_MEMORY,
    brief: bool = False,
    parts: Sequence[str] = (),
) -> Iterator[list[SweepRow]]:
    """The rows of `sweep_rows` in slices of a fraction of a second, empty ones while a replicate's model is trained.

    With several splits their rows come one split after the other. The arguments are those of `sweep_rows`, and `brief`
    is that of `LogitsPart`.
    """
    inputs = replace(_make_inputs(model, split, plan, recipe, initial, memory, parts), brief=brief)
    if plan.splits == 1:
        return _one_split(inputs, jobs, dask)
    return _all_splits(inputs, split, jobs, dask)


def _all_splits(inputs: SweepInputs, split: Split, jobs: int, dask: str) -> Iterator[list[SweepRow]]:
    """The rows of each split in turn; after the first with a model that is trained on it as the recipe says."""
    first = inputs.recipe
    for seed, other in each_split(split, first, inputs.plan.splits):
        yield []
        if other is not split:
            recipe = first.with_value("split.seed", seed)
            trainer = make_trainer(recipe, other, record_history=False)
            initial = copy_state(trainer.model)
            while trainer.epochs_left and not inputs.plan.retrain:
                trainer.advance(SLICE_SECONDS)
                yield []
            own = _make_inputs(trainer.model, other, inputs.plan, recipe, initial, inputs.memory, inputs.parts)
            inputs = replace(own, brief=inputs.brief)
        yield from _one_split(inputs, jobs, dask)


def _one_split(inputs: SweepInputs, jobs: int, dask: str) -> Iterator[list[SweepRow]]:
    """The rows of one split."""
    plan = inputs.plan
    # A task is a seed, a scheme and a unit where all share one model, a seed where each has its own model.
    kinds = tuple((scheme, unit) for scheme in plan.schemes for unit in plan.units)
    groups = [kinds] if plan.retrain else [(kind,) for kind in kinds]
    tasks = [Replicate(seed, group) for seed in plan.replicates for group in groups]
    if jobs == 1 and not dask:
        return (rows for task in tasks for rows in _slices(inputs, task))
    return parallel.run_tasks(_all_rows, inputs, tasks, jobs=jobs, dask=dask)


def _make_inputs(
    model: TextClassifier | TextTransformer,
    split: Split,
    plan: Sweep,
    recipe: Recipe,
    initial: Mapping[str, torch.Tensor] | None,
    memory: int,
    parts: Sequence[str] = (),
) -> SweepInputs:
    """The inputs of the replicates, checked so that what does not fit is refused before anything is computed."""
    known = tuple(named_layers(model))
    check_sweep_plan(recipe, plan, known)
    if "rewind" in plan.schemes and initial is None and not plan.retrain:
        raise RecipeError("Scheme 'rewind' needs the weights from before training: pass them as `initial`.")
    if plan.words:
        word_columns(plan.words, split.words)
    textless = replace(split, reviews=Reviews((), (), None, split.reviews.sha256, Report("", "", "", None, 0)))
    majority = compute_baselines(split, recipe.training.objective, svc_limit=0).majority
    measured = _measured(split, parts)
    kept = sum(len(part) for name, part in measured.items() if name != "training")
    inputs = SweepInputs(
        model,
        initial,
        textless,
        recipe,
        plan,
        plan.sets(known),
        majority,
        memory,
        keep_hits=plan.count(known) * kept / 8 <= HITS_MEMORY,
        parts=tuple(measured),
    )
    _chunk(inputs)
    return inputs


def _measured(split: Split, parts: Sequence[str]) -> dict[str, Part]:
    """The parts of a split that are measured, by name."""
    if unknown := [name for name in parts if name not in split.parts]:
        raise RecipeError(f"parts must be among {', '.join(split.parts)}; got {unknown[0]!r}. Choose one of them.")
    return {name: part for name, part in split.parts.items() if not parts or name in parts}


def check_sweep_plan(recipe: Recipe, plan: Sweep, known: tuple[str, ...]) -> None:
    """Check that a plan fits a recipe's protocol, and a model.

    Args:
        recipe: The recipe.
        plan: Which variants.
        known: Names of the model's layers, in order.

    Raises:
        RecipeError: It does not fit.
    """
    if recipe.protocol == "published":
        raise RecipeError(
            "A sweep randomizes layers of one trained model; in the published protocol the randomized model is a fresh "
            "one that is trained again. Use the modern protocol."
        )
    plan.count(known)


def check_sweep(recipe: Recipe, split: Split, *, memory: int = SWEEP_MEMORY) -> None:
    """Raise, before anything is trained, what a sweep of the recipe's plan would raise before its first row.

    Raises:
        RecipeError: The plan does not fit the recipe, the model or the memory.
    """
    model = build_model(recipe, split)
    _make_inputs(model, split, recipe.sweep, recipe, copy_state(model), memory)


def _all_rows(inputs: SweepInputs, task: Replicate) -> list[SweepRow]:
    return [row for rows in _slices(inputs, task) for row in rows]


def _slices(inputs: SweepInputs, task: Replicate) -> Iterator[list[SweepRow]]:
    model, initial = inputs.model, inputs.initial
    if inputs.plan.retrain:
        trainer = make_trainer(replace(inputs.recipe, seed=task.seed), inputs.split)
        initial = copy_state(trainer.model)
        while trainer.epochs_left:
            trainer.advance(SLICE_SECONDS)
            yield []
        model = trainer.model
    split, objective = inputs.split, inputs.recipe.training.objective
    if isinstance(model, TextClassifier):
        words = {name: part.inputs for name, part in inputs.measured.items()}
        original, walk = _evaluate(inputs.measured, model), partial(compute_variants, model, words, inputs.sets)
    else:
        bench = inputs.bench if model is inputs.model else inputs.make_bench(model)
        original, walk = bench.measure_original(), partial(walk_variants, bench)
    evaluator = VariantEvaluator(
        split_parts(original, split, objective, inputs.majority, brief=inputs.brief),
        1 / len(split.classes),
        tuple(named_layers(model)),
        brief=inputs.brief,
        seed=inputs.recipe.split.seed,
        keep_hits=inputs.keep_hits,
        share=len(split.validation) / len(split.training),
    )
    most = _chunk(inputs) if isinstance(model, TextClassifier) else 1  # as a variant takes a part of a second
    for scheme, unit in task.kinds:
        randomization = inputs.plan.randomization(scheme, unit, task.seed)
        options = {"initial": initial, "vocabulary": split.words, "match": inputs.plan.match}
        for chunk in in_chunks(walk(inputs.plan.doses, randomization, **options), most):
            yield evaluator.rows(chunk, randomization)


def _evaluate(parts: Mapping[str, Part], model: nn.Module) -> dict[str, torch.Tensor]:
    """A model's logits (reviews, classes) of each part."""
    return {name: part_logits(model, part) for name, part in parts.items()}


def transformer_stages(model: TextTransformer) -> list[nn.Module]:
    """The parts of a Transformer whose results are kept where no randomized layer reaches them, see `StageCache`.

    A module comes after those within it.
    """
    parts = [model.get_submodule(name) for names, _ in model.stages() for name in names]
    return [module for part in parts for module in (*part.children(), part)]


def in_chunks(items: Iterator[Item], most: int) -> Iterator[list[Item]]:
    """Lists of at most so many items."""
    while found := list(islice(items, most)):
        yield found


def _chunk(inputs: SweepInputs) -> int:
    """How many variants are measured at once. Raises RecipeError where the memory does not hold even one."""
    reviews = sum(map(len, inputs.measured.values()))
    classes, weights = len(inputs.split.classes), parameter_count(inputs.model)
    paths = (100 if NOT_NESTED.intersection(inputs.plan.schemes) else 40) * weights  # units, their order, draws
    fixed = paths + _activations(inputs) + 4 * reviews * classes * (len(inputs.sets) + 6)
    logits = 4 * reviews * classes
    least = SLACK * (fixed + TEMPORARIES * logits)
    if least > inputs.memory:
        raise RecipeError(
            f"One variant of this model needs about {least / 2**20:,.0f} MiB ({weights:,} weights, {reviews:,} reviews "
            f"of {classes:,} classes); the memory allowed is {inputs.memory / 2**20:,.0f} MiB. Keep fewer words "
            "(split.max_words), reviews (data.max_reviews) or classes, or allow more memory."
        )
    fits = int((inputs.memory / SLACK - fixed) // (TEMPORARIES * logits))
    return max(1, min(fits, LOGITS_CHUNK // logits))


def _activations(inputs: SweepInputs) -> int:
    """Bytes of what the layers make of the reviews, as far as it is held at once."""
    if isinstance(inputs.model, TextTransformer):
        tokens = max(len(rows.ids) for part in inputs.measured.values() for rows, _ in part.chunks())
        block = inputs.model.blocks[0].feedforward.up
        return inputs.memory // 4 + 4 * tokens * (8 * block.in_features + 2 * block.out_features)
    widths = sum(layer.out_features for layer in list(inputs.model.children())[:-1])
    return 4 * sum(map(len, inputs.measured.values())) * widths * (len(inputs.sets) + 2)
