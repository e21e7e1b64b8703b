"""A study of any torch model: how what a person measures of it falls as layer sets are randomized.

`study` is `run_sweep` for models of other people: they bring the model and a function that evaluates it.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from forgetting.core import parallel
from forgetting.core.errors import RecipeError
from forgetting.experiment.pipeline import Progress
from forgetting.metrics.paired import compare_hits
from forgetting.randomization.initializers import Rebuild
from forgetting.randomization.layers import VECTORS, choose_layers, find_layers
from forgetting.randomization.path import Paths
from forgetting.recipe.plans import Sweep
from forgetting.studies.any_model import Workbench, walk_variants
from forgetting.studies.evaluation import (
    SWEEP_METRICS,
    LogitsPart,
    NumbersPart,
    SweepRow,
    VariantEvaluator,
)
from forgetting.studies.given import PART, Evaluation, Given, same_values
from forgetting.studies.layer_robustness import measure_distances
from forgetting.studies.study_result import NOT_ITERATED, NOT_SETTLED, StudyResult
from forgetting.studies.sweep import HITS_MEMORY, Replicate, in_chunks

VARIANTS_AT_ONCE = 64  # variants whose metrics are computed at once
IGNORED = (
    "No variant differs from the original in what `evaluate` gives, although weights differ: see that it evaluates the "
    "model that it is given, and that this uses the randomized layers."
)


@dataclass(frozen=True, eq=False)
class StudyInputs:
    """All that a replicate is computed from; it goes to the workers."""

    model: nn.Module
    evaluation: Evaluation
    plan: Sweep
    sets: tuple[tuple[str, ...], ...]
    metric: str
    chance: float | None
    options: Mapping[str, Any]
    stages: Callable[[nn.Module], Sequence[nn.Module]] | None
    keep_hits: bool

    @cached_property
    def bench(self) -> Workbench:
        """The copy of the model that all replicates of this process use."""
        return Workbench(self.model, self.evaluation, self.sets, self.stages)

    @cached_property
    def evaluator(self) -> VariantEvaluator:
        """What makes the rows of variants."""
        parts = _parts(self.evaluation.original, self.metric, self.chance)
        return VariantEvaluator(parts, self.chance, self.bench.known, keep_hits=self.keep_hits)


class KeptRebuild(Rebuild):
    """A `Rebuild` that keeps the values of the last seed, as every layer of a replicate needs them."""

    def __init__(self, factory: Callable[[], nn.Module]):
        super().__init__(factory)
        self.last: tuple[int, Mapping[str, torch.Tensor]] | None = None

    def __call__(self, seed: int) -> Mapping[str, torch.Tensor]:
        """Parameters and buffers of a new model, by name."""
        if self.last is None or self.last[0] != seed:
            self.last = None  # whose memory the next one may take
            self.last = seed, super().__call__(seed)
        return self.last[1]

    def __getstate__(self) -> dict[str, Any]:
        return {"factory": self.factory, "last": None}


def study(
    model: nn.Module,
    evaluate: Callable[[nn.Module], Any],
    plan: Sweep = Sweep(),  # noqa: B008 - it cannot be changed
    *,
    initial: nn.Module | Mapping[str, torch.Tensor] | None = None,
    rebuild: Callable[[], nn.Module] | None = None,
    settle: Callable[[nn.Module], Any] | None = None,
    metric: str = "accuracy",
    chance: float | None = None,
    stages: Callable[[nn.Module], Sequence[nn.Module]] | None = None,
    jobs: int = 1,
    dask: str = "",
    progress: Progress | None = None,
) -> StudyResult:
    """Randomize layer sets of any model, and evaluate each variant.

    A row equals what `randomize` and `evaluate` give for its variant. The same plan gives the same rows whatever `jobs`
    and `dask` are. The model does not change, nor do the global random states; models are evaluated in their mode for
    evaluation (`model.eval()`), without gradients.

    Args:
        model: The trained model.
        evaluate: Gives of a model: (logits, targets), of which all metrics of SWEEP_METRICS are computed; or numbers by
            name; or one of both by part, of which one is "validation"; or a number.
        plan: Which variants; its `retrain` and `splits` are for models that this library trains.
        initial: The model, or its state dict, from before training, for the scheme "rewind".
        rebuild: Makes an untrained model, so that the scheme "reinit" draws by the model's own initializer.
        settle: Called with each variant before it is evaluated, such as to estimate the statistics of BatchNorm anew.
            The model's buffers are put back after the evaluation.
        metric: Which number forgetting is of, and what a number without a name is called.
        chance: The metric's value at chance; by default 1 / classes of logits, else forgetting is missing.
        stages: Gives modules of the model that it is given, such as its blocks. What no randomized layer reaches is
            computed once: what such a module gives must follow from its inputs and parameters alone.
        jobs: Number of processes; −1 for one a core.
        dask: Address of a Dask scheduler that the replicates go to instead.
        progress: Called with the number of rows done and of those planned.

    Raises:
        RecipeError: The plan does not fit the model, or `evaluate` or another function cannot be used; before the first
            row.
        WorkersError: No worker can be had or is left.
    """
    options = {"initial": initial, "rebuild": rebuild, "settle": settle, "metric": metric, "chance": chance}
    work = prepare_study(model, evaluate, plan, **options, stages=stages)
    found: list[SweepRow] = []
    for rows in work.slices(jobs, dask):
        found += rows
        if progress and rows:
            progress(len(found), work.empty.planned)
    return work.result(found)


@dataclass(frozen=True, eq=False)
class StudyWork:
    """A study that is checked and can be computed.

    Attributes:
        inputs: All that its replicates are computed from.
        empty: The result without rows.
    """

    inputs: StudyInputs
    empty: StudyResult

    def slices(self, jobs: int = 1, dask: str = "") -> Iterator[list[SweepRow]]:
        """The rows, replicate by replicate in the order of the seeds; see `study` for the arguments."""
        plan = self.inputs.plan
        kinds = [(scheme, unit) for scheme in plan.schemes for unit in plan.units]
        tasks = [Replicate(seed, (kind,)) for seed in plan.replicates for kind in kinds]
        if jobs == 1 and not dask:
            return (rows for task in tasks for rows in _rows_of(self.inputs, task))
        return parallel.run_tasks(_all_rows_of, self.inputs, tasks, jobs=jobs, dask=dask)

    def result(self, rows: Sequence[SweepRow]) -> StudyResult:
        """The result of so many of the rows."""
        notes = (*self.empty.notes, *((IGNORED,) if _are_like_the_original(rows) else ()))
        return replace(self.empty, rows=tuple(rows), notes=notes)


def prepare_study(
    model: nn.Module,
    evaluate: Callable[[nn.Module], Any],
    plan: Sweep = Sweep(),  # noqa: B008 - it cannot be changed
    *,
    initial: nn.Module | Mapping[str, torch.Tensor] | None = None,
    rebuild: Callable[[], nn.Module] | None = None,
    settle: Callable[[nn.Module], Any] | None = None,
    metric: str = "accuracy",
    chance: float | None = None,
    stages: Callable[[nn.Module], Sequence[nn.Module]] | None = None,
) -> StudyWork:
    """Check a study, and evaluate the original. Its arguments and errors are those of `study`."""
    layers = find_layers(model)
    known = tuple(layers)
    _check_plan(plan, known, initial)
    options = {"initial": initial, "rebuild": rebuild and KeptRebuild(rebuild)}
    sets, planned = plan.sets(known), plan.count(known)
    _check_paths(model, plan, sets, options)
    evaluation, notes = _look(model, Evaluation(evaluate, settle, metric))
    given = evaluation.original
    if PART in given.targets and chance is None:
        chance = 1 / given.outputs[PART].shape[1]
    measured = list(SWEEP_METRICS if PART in given.targets else given.outputs[PART])
    if metric not in measured:
        raise RecipeError(
            f"metric must be one of the numbers of part {PART!r}, {_some(measured)}; got {metric!r}. Name one of them; "
            "a mapping of parts is written {'validation': {'accuracy': 0.9}}."
        )
    reviews = {part: len(targets) for part, targets in given.targets.items()}
    kept = sum(count for part, count in reviews.items() if part != "training")
    keep_hits = planned * kept / 8 <= HITS_MEMORY
    inputs = StudyInputs(model, evaluation, plan, sets, metric, chance, options, stages, keep_hits)
    batch_norm = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())
    if batch_norm and settle is None:
        notes.append(NOT_SETTLED)
    if settle is None and any(VECTORS.fullmatch(key) for layer in layers.values() for key in layer.buffers):
        notes.append(NOT_ITERATED)
    hollow = _is_hollow(given)
    if hollow:
        notes.append("The original is not shown to be better than always naming the largest class.")
    empty = StudyResult(
        plan=plan,
        rows=(),
        title=type(model).__name__,
        layers=measure_distances(model, initial),
        metric=metric,
        chance=chance,
        planned=planned,
        notes=tuple(notes),
        reviews=reviews,
        hollow=hollow,
        batch_norm=batch_norm,
        settled=settle is not None,
    )
    return StudyWork(inputs, empty)


def _are_like_the_original(rows: Sequence[SweepRow]) -> bool:
    """Whether there are rows of changed weights, and all of them have the original's results."""

    def alike(values: Mapping[str, float | None]) -> bool:
        before = {name: values[f"{name}_before"] for name in values if f"{name}_before" in values}
        return all(values[name] == value for name, value in before.items()) and (
            "divergence" in before or not values.get("divergence")  # of logits
        )

    changed = [row for row in rows if row.change]
    return bool(changed) and all(alike(values) for row in changed for values in row.parts.values())


def _check_plan(plan: Sweep, known: tuple[str, ...], initial: Any) -> None:
    if plan.retrain or plan.splits > 1:
        name = "retrain" if plan.retrain else "splits"
        raise RecipeError(
            f"A study of any model cannot train it, so sweep.{name} must be left as it is; got "
            f"{getattr(plan, name)!r}. Study several trained models one by one."
        )
    if not known:
        raise RecipeError("A study needs a model with parameters; this one has none.")
    if plan.words:
        raise RecipeError(
            f"A study of any model does not know what its inputs stand for, so sweep.words must be empty; got "
            f"{', '.join(plan.words[:3])}{' …' if len(plan.words) > 3 else ''}. Leave it so; rows of an embedding are "
            "chosen by their numbers, such as embedding:weight[0:8] in sweep.layers."
        )
    if "rewind" in plan.schemes and initial is None:
        raise RecipeError("Scheme 'rewind' needs the weights from before training: pass them as `initial`.")


def _check_paths(model: nn.Module, plan: Sweep, sets: Sequence[tuple[str, ...]], options: Mapping[str, Any]) -> None:
    """Refuse a scheme or a unit that does not fit a layer, and parts that overlap, before anything is evaluated."""
    layers, used = find_layers(model), tuple(dict.fromkeys(chain.from_iterable(sets)))
    for names in sets:
        choose_layers(layers, names)
    for scheme in plan.schemes:
        for unit in plan.units:
            randomization = plan.randomization(scheme, unit, plan.seed)
            randomization.check_unit(used, tuple(layers))
            paths = Paths(model, randomization, **options)
            if any(map(paths.rest_follows, sets)):
                paths.rest_before()
            for name in used:
                for path in paths.of((name,)).values():
                    path.values(min(1, len(path.order)))


def _look(model: nn.Module, evaluation: Evaluation) -> tuple[Evaluation, list[str]]:
    """Evaluate a copy of the original twice, and say what the function does besides.

    Returns:
        The evaluation with what it gave, and sentences for the reader.
    """
    bench = Workbench(model, evaluation, ())
    with torch.no_grad():
        before = _places(bench.model)
        first = evaluation.look(bench.model)
        now, places = dict(bench.model.named_parameters()), _places(bench.model)
        if moved := [name for name in {**before, **places} if before.get(name) != places.get(name)]:
            raise RecipeError(
                "`evaluate` must leave each parameter where it is and of its type, as it is randomized there; it has "
                f"replaced, cast or moved {_some(moved)}. Do that to the model before its study, or to a copy."
            )
        changed = [name for name, value in model.named_parameters() if not same_values(now[name], value)]
        for name in changed:
            now[name].data.copy_(model.get_parameter(name).data)
        evaluation = replace(evaluation, weights=bool(changed))
        second = evaluation.look(bench.model)
    return replace(evaluation, original=first), list(_notes(first, second, changed, settled=bool(evaluation.settle)))


def _places(model: nn.Module) -> dict[str, tuple]:
    """Which tensor each parameter is, with its type and its device."""
    return {name: (id(value), value.dtype, value.device) for name, value in model.named_parameters()}


def _notes(first: Given, second: Given, changed: Sequence[str], *, settled: bool) -> Iterator[str]:
    """What the reader should know of an evaluation that was called twice on the original."""
    if changed:
        yield f"`evaluate` changes the model ({_some(changed)}); it is put back after each evaluation."
    if first.buffers and not settled:
        yield f"`evaluate` changes buffers ({_some(first.buffers)}); they are put back after each evaluation."
    if first.drew:
        yield "`evaluate` draws from a global random state; each evaluation starts from one state, which is put back."
    one, other = _summary(first), _summary(second)
    if apart := [
        f"{name} {one[name]:.6g} and {other.get(name, math.nan):.6g}"
        for name in one
        if not _equal(one[name], other.get(name, math.nan))
    ]:
        yield f"`evaluate` differs from call to call of one model ({_some(apart)}): smaller differences say nothing."
    if missing := [name for name, value in one.items() if not math.isfinite(value)]:
        yield f"Of the original itself some results are not finite numbers: {_some(missing)}."


def _summary(given: Given) -> dict[str, float]:
    """Numbers that differ wherever an evaluation does."""
    found = {}
    for part, outputs in given.outputs.items():
        if isinstance(outputs, Mapping):
            found |= {f"{part} {name}": value for name, value in outputs.items()}
        else:
            found[f"{part} loss"] = functional.cross_entropy(outputs, given.targets[part]).item()
            found[f"{part} sum of logits"] = outputs.double().sum().item()
    return found


def _equal(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def _some(names: Sequence[str]) -> str:
    """At most six names."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")


def _parts(given: Given, metric: str, chance: float | None) -> dict[str, LogitsPart | NumbersPart]:
    """What measures the parts of an evaluation, by their names."""
    found: dict[str, LogitsPart | NumbersPart] = {}
    for part, outputs in given.outputs.items():
        if isinstance(outputs, Mapping):
            found[part] = NumbersPart(outputs, metric, chance)
        else:
            targets, largest = given.targets[part], _largest_class(given, part)
            majority = (targets == largest).double().mean().item()
            found[part] = LogitsPart(
                outputs, targets, "cross_entropy", majority=majority, majority_class=largest, chance=chance
            )
    return found


def _largest_class(given: Given, part: str) -> int:
    """The most frequent class of the training part; of the part itself, where there is none."""
    return int(given.targets.get("training", given.targets[part]).bincount().argmax())


def _is_hollow(given: Given) -> bool:
    """Whether the original is not shown to be better than always naming the largest class; no for numbers."""
    if PART not in given.targets:
        return False
    targets = given.targets[PART]
    right = given.outputs[PART].argmax(-1) == targets
    change = compare_hits((targets == _largest_class(given, PART)).numpy(), right.numpy())
    return not (change.decided and change.change > 0)


def _all_rows_of(inputs: StudyInputs, task: Replicate) -> list[SweepRow]:
    return [row for rows in _rows_of(inputs, task) for row in rows]


def _rows_of(inputs: StudyInputs, task: Replicate) -> Iterator[list[SweepRow]]:
    """The rows of a replicate in slices."""
    ((scheme, unit),) = task.kinds
    randomization = inputs.plan.randomization(scheme, unit, task.seed)
    options = {"match": inputs.plan.match, **inputs.options}
    variants = walk_variants(inputs.bench, inputs.plan.doses, randomization, **options)
    for chunk in in_chunks(variants, VARIANTS_AT_ONCE):
        yield inputs.evaluator.rows(chunk, randomization)
