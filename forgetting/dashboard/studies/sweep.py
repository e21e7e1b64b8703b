"""Studies that are sweeps, and what else a page computes from many variants of a model."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, groupby

import pandas as pd

from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.runs import log_study
from forgetting.dashboard.state.session import Study, TrainedModel, session
from forgetting.dashboard.studies.base import UNASKED_SECONDS, StudyKind, StudyRequest, seconds_on_page
from forgetting.dashboard.studies.sweep_seconds import (
    few_doses,
    is_slow,
    sweep_key,
    sweep_seconds,
    sweep_study_slices,
)
from forgetting.dashboard.ui.chart_files import FileTables, result_tables
from forgetting.dashboard.ui.page import is_hollow
from forgetting.model.settings import OBJECTIVES
from forgetting.randomization.groups import groups_of
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep, plan_curve
from forgetting.reporting.formatting import format_product
from forgetting.reporting.names import name_scope
from forgetting.reporting.power import describe_smallest_change
from forgetting.studies.differences import Difference, compare_pairs
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.layer_effects import LayerEffects, measure_layer_effects
from forgetting.studies.layer_robustness import LayerDistance, LayerRobustness, measure_distances, robustness_of_rows
from forgetting.studies.nested import NestedCurve, nested_curves
from forgetting.studies.sweep import SweepResult
from forgetting.studies.titles import title_curve, title_rows, title_sets
from forgetting.tracking.run import STUDY_TITLES

INTERVAL_SLICE = 0.2  # seconds of a run of a page that intervals may take
DOSE_CURVES = SharedCache("dose–response curves", most=4)


def _plan(match: str, request: StudyRequest) -> Sweep:
    """The visitor's plan, with doses of units or of the change of the weights as asked."""
    return replace(request.recipe.sweep, match=match)


def _total(match: str, request: StudyRequest) -> int:
    return _plan(match, request).count(request.trained_model.recipe.model.layers)


def _base(match: str, request: StudyRequest) -> str:
    """All but the seeds and, where they share one model, the schemes; a scheme changes no other one's rows."""
    return sweep_base(request.trained_model, _plan(match, request))


def sweep_base(trained_model: TrainedModel, plan: Sweep) -> str:
    """What the rows of a sweep depend on besides their seeds and, where these share one model, their schemes."""
    schemes = plan.schemes if _has_own_models(plan) else ("zero",)
    return f"{plan.scale}:{sweep_key(trained_model, replace(plan, seeds=1, seed=0, schemes=schemes))}"


def _has_own_models(plan: Sweep) -> bool:
    """Whether models are trained for the plan: for each seed, or for each split after the first."""
    return plan.retrain or plan.splits > 1


def row_groups(plan: Sweep) -> list[tuple]:
    """The rows that are computed together, in the order of the plan."""
    if _has_own_models(plan):
        return [(seed,) for seed in plan.replicates]
    return [(seed, scheme, unit) for seed in plan.replicates for scheme in plan.schemes for unit in plan.units]


def row_group(plan: Sweep, row: SweepRow) -> tuple:
    """The group of a row, one of `row_groups`."""
    return (row.seed,) if _has_own_models(plan) else (row.seed, row.scheme, row.unit)


def _known(match: str, request: StudyRequest) -> dict[tuple, list[SweepRow]]:
    plan = _plan(match, request)
    groups = row_groups(plan)
    return request.known_parts(groups, partial(row_group, plan), _total(match, request) // len(groups))


def missing_plans(plan: Sweep, known: dict[tuple, list[SweepRow]]) -> list[Sweep]:
    """Plans of what is missing, for as many seeds at once as miss the same."""
    missing = [group for group in row_groups(plan) if group not in known]
    plans = []
    for kinds, run in groupby(plan.replicates, lambda seed: tuple(rest for first, *rest in missing if first == seed)):
        seeds = list(run)
        some = replace(plan, seed=seeds[0], seeds=len(seeds))
        plans += [replace(some, schemes=(kind[0],), units=(kind[1],)) if kind else some for kind in kinds]
    return plans


def _begin(match: str, request: StudyRequest) -> Study:
    plan, model, total = _plan(match, request), request.trained_model, _total(match, request)
    known = _known(match, request)
    order = {group: index for index, group in enumerate(row_groups(plan))}
    first = model.recipe.split.seed
    splits = range(first, first + plan.splits)

    def conclude(rows: tuple[SweepRow, ...]) -> SweepResult:
        in_order = tuple(sorted(rows, key=lambda row: (splits.index(row.split), order[row_group(plan, row)])))
        return SweepResult(plan, in_order, model.recipe, model.sha256, len(model.trained.history), total)

    whole = sweep_study_slices(model, plan)  # which checks the plan
    rest = (sweep_study_slices(model, part) for part in missing_plans(plan, known))
    return Study(
        key=sweep_key(model, plan),
        trained_model=model,
        plan=plan,
        total=total,
        slices=chain.from_iterable(rest) if known else whole,
        conclude=conclude,
        rows=list(chain.from_iterable(known.values())),
    )


def _seconds(match: str, request: StudyRequest) -> float:
    seconds, total = sweep_seconds(request.trained_model, _plan(match, request)), _total(match, request)
    left = 1 - _count_known(match, request) / total
    return seconds_on_page(seconds * left, total * left)


def _count_known(match: str, request: StudyRequest) -> int:
    return sum(map(len, _known(match, request).values()))


def _describe(match: str, request: StudyRequest) -> str:
    plan = _plan(match, request)
    sizes = [
        (len(plan.sets(request.trained_model.recipe.model.layers)), "layer set"),
        (len(plan.doses), "fraction" if match == "dose" else "change"),
        (len(plan.schemes), "scheme"),
        *([(len(plan.units), "unit")] if len(plan.units) > 1 else []),
        (plan.seeds, "seed"),
        *([(plan.splits, "split")] if plan.splits > 1 else []),
    ]
    product = format_product(sizes)
    each = "seed and split" if plan.retrain and plan.splits > 1 else "seed" if plan.retrain else "split"
    return f"{product}, with a model trained for each {each}" if _has_own_models(plan) else product


def _power(match: str, request: StudyRequest) -> str:
    return describe_smallest_change(len(request.trained_model.split.validation), _total(match, request))


def _look(request: StudyRequest) -> StudyRequest:
    """One seed and few fractions; of a slow model as few more as it takes."""
    plan, model = request.recipe.sweep, request.trained_model
    few = replace(plan, seeds=1, splits=1, doses=few_doses(plan.doses))
    if is_slow(model):
        groups = tuple(groups_of(model.recipe.model.layers).values())
        few = replace(few, layers=groups or few.layers, schemes=few.schemes[:1], doses=few.doses[-2:])
    return replace(request, recipe=replace(request.recipe, sweep=few))


@dataclass(frozen=True, eq=False)
class DoseCurve:
    """The dose–response curve of one randomization, with its nested intervals."""

    result: SweepResult
    nested: NestedCurve


@dataclass
class Intervals:
    """The nested intervals of a sweep, computed curve by curve.

    Attributes:
        rows: How many rows the study had when they were begun.
        total: Number of curves.
        slices: The curves to come.
        found: Those that are there.
        differences: What `find_differences` found.
        effects: What `find_layer_effects` found.
        robustness: What `find_robustness` found.
    """

    rows: int
    total: int
    slices: Iterator[NestedCurve]
    found: list[NestedCurve] = field(default_factory=list)
    differences: dict[tuple, tuple[Difference, ...]] = field(default_factory=dict)
    effects: list[LayerEffects | None] = field(default_factory=list)
    robustness: list[tuple[LayerRobustness, ...]] = field(default_factory=list)


def advance_intervals(study: Study) -> Intervals:
    """Do a slice of the nested intervals of a study that stands still; they are kept with it."""
    with study.lock:  # as another run of the page may be at them still
        known = study.intervals
        if known is None or known.rows != len(study.rows):
            curves = {(row.layers, row.scheme, row.unit) for row in study.rows}
            found = nested_curves(tuple(study.rows), retrain=study.plan.retrain)
            slices = map(partial(title_curve, known=layers_of(study)), found)
            known = study.intervals = Intervals(len(study.rows), len(curves), slices)
        started, missing = time.perf_counter(), known.total - len(known.found)
        while len(known.found) < known.total and time.perf_counter() - started < INTERVAL_SLICE:
            known.found.append(next(known.slices))
        if missing and len(known.found) == known.total and study.kind in SWEEP_KINDS:
            log_study(session(), study, known.found)
        return known


def find_differences(study: Study, places: tuple[int, ...], by: str) -> tuple[Difference, ...]:
    """Differences between the layer sets or the schemes of some rows of a study that stands still; kept with it."""
    kept = advance_intervals(study).differences
    if (places, by) not in kept:
        found = compare_pairs([study.result.rows[place] for place in places], by)
        if by == "layers":
            titles = titles_of(study)
            found = tuple(replace(pair, first=titles[pair.first], second=titles[pair.second]) for pair in found)
        kept[places, by] = found
    return kept[places, by]


def layers_of(study: Study) -> tuple[str, ...]:
    """Names of the layers of the model that a sweep studies, in order."""
    return study.trained_model.recipe.model.layers if study.trained_model else tuple(study.result.layers)


def metric_of(study: Study) -> str:
    """The metric that forgetting is of; that of an opened study may be none of ours."""
    return "accuracy" if study.trained_model else study.result.metric


def unit_of(study: Study) -> str:
    """The unit of the loss."""
    objective = study.trained_model.recipe.training.objective if study.trained_model else "cross_entropy"
    return OBJECTIVES[objective]


def is_hollow_study(study: Study) -> bool:
    """Whether the original is not shown to be better than a trivial model."""
    return is_hollow(study.trained_model) if study.trained_model else study.result.hollow


def titles_of(study: Study) -> dict[str, str]:
    """What each layer set of a sweep's rows is called, by its name; see `title_set`."""
    return title_sets((row.layers for row in study.rows), layers_of(study))


def names_of(study: Study) -> dict[str, str]:
    """The name of each layer set of a sweep's rows, by what it is called."""
    return {title: name for name, title in titles_of(study).items()}


def named_frame(study: Study) -> pd.DataFrame:
    """The frame of a sweep's rows, with what each layer set is called in place of its name."""
    return title_rows(study.result.frame, layers_of(study))


def scope_of(study: Study) -> str:
    """What the numbers of a sweep are of, see `name_scope`."""
    return name_scope(retrain=study.plan.retrain, splits=study.plan.splits)


def files_of(study: Study) -> FileTables:
    """Functions that make a sweep's rows as files, by the files' names; of an opened study the file that it is from."""
    if study.trained_model is None:
        return {"study.parquet": lambda: study.runner}
    return result_tables(study.result, "sweep")


def distances_of(study: Study) -> dict[str, LayerDistance]:
    """How far training moved each layer, by its name."""
    if study.trained_model is None:
        return dict(study.result.layers)
    trained = study.trained_model.trained
    return measure_distances(trained.model, trained.initial)


def find_robustness(study: Study) -> tuple[LayerRobustness, ...]:
    """The robustness of the layer sets of a study that stands still; kept with it."""
    kept = advance_intervals(study).robustness
    if not kept:
        if study.trained_model:
            found = robustness_of_rows(study.rows, study.plan, distances_of(study))
        else:
            found = study.result.robustness()
        titles = titles_of(study)
        kept.append(tuple(replace(row, layer=titles[row.layer]) for row in found))
    return kept[0]


def find_layer_effects(study: Study) -> LayerEffects | None:
    """What the rows of a sweep that stands still show of the layers; kept with it."""
    kept = advance_intervals(study).effects
    if not kept:
        kept.append(measure_layer_effects(study.rows, layers_of(study), retrain=study.plan.retrain))
    return kept[0]


def count_and_price(study: Study) -> tuple[dict[str, int], dict[str, float]]:
    """How many reviews, seeds and splits a sweep has, and about how many seconds one more seed or split takes."""
    plan = study.plan
    if study.trained_model is None:
        reviews = (study.result.reviews or {}).get("validation", 0)
        return {"reviews": reviews, "seeds": plan.seeds, "splits": plan.splits}, {}
    counts = {"reviews": len(study.trained_model.split.validation), "seeds": plan.seeds, "splits": plan.splits}
    seconds = seconds_on_page(sweep_seconds(study.trained_model, plan), study.total)
    return counts, {"seeds": seconds / plan.seeds, "splits": seconds / plan.splits}


def plan_dose_curve(trained_model: TrainedModel, randomization: Randomization) -> Sweep:
    """The sweep of a randomization's layers, scheme and unit over many doses and seeds, from its seed on.

    Raises:
        RecipeError: Where the randomization does not fit the model.
    """
    return plan_curve(models.fit_randomization(randomization, trained_model), trained_model.recipe.model)


def unasked_seconds(trained_model: TrainedModel, plan: Sweep) -> float:
    """About how many seconds a curve takes where that is too long to begin it unasked; 0 where it is not, or known."""
    if not is_slow(trained_model) or DOSE_CURVES.get(sweep_key(trained_model, plan)):
        return 0.0
    seconds = sweep_seconds(trained_model, plan)
    return seconds if seconds > UNASKED_SECONDS else 0.0


def find_dose_curve(trained_model: TrainedModel, plan: Sweep) -> DoseCurve:
    """The curve that `plan_dose_curve` plans, computed once for all visitors.

    Raises:
        RecipeError: Where the plan does not fit the model.
    """
    recipe, sha256, epochs = trained_model.recipe, trained_model.sha256, len(trained_model.trained.history)

    def compute() -> DoseCurve:
        rows = tuple(chain.from_iterable(sweep_study_slices(trained_model, plan)))
        result = SweepResult(plan, rows, recipe, sha256, epochs, len(rows))
        return DoseCurve(result, next(nested_curves(rows)))

    return DOSE_CURVES.ask(sweep_key(trained_model, plan), compute)


SWEEP_KINDS = {
    match: StudyKind(
        title=STUDY_TITLES[match],
        part="variant",
        key=lambda request, match=match: sweep_key(request.trained_model, _plan(match, request)),
        base=partial(_base, match),
        total=partial(_total, match),
        begin=partial(_begin, match),
        known=partial(_count_known, match),
        seconds=partial(_seconds, match),
        describe=partial(_describe, match),
        power=partial(_power, match),
        look=_look,
    )
    for match in ("dose", "change")
}
