"""Studies of how robust layers are: each re-initialized and re-randomized, and a tenth of each drawn from N(0, 1)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, seconds_on_page
from forgetting.dashboard.studies.sweep_seconds import sweep_key, sweep_seconds, sweep_study_slices
from forgetting.randomization.groups import (
    EACH_ATTENTION,
    EACH_FEEDFORWARD,
    QUERIES_AND_KEYS,
    VALUES_AND_OUTPUTS,
    group_of,
    groups_of,
)
from forgetting.recipe.plans import Sweep
from forgetting.reporting.formatting import format_count
from forgetting.reporting.power import describe_smallest_change
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.layer_effects import TENTH
from forgetting.studies.sweep import SweepResult

ROBUSTNESS_STUDY = "robustness"
MOST_SEEDS = 100


def _plans(request: StudyRequest) -> tuple[Sweep, ...]:
    """Re-initialization, which draws nothing and so needs one seed, re-randomization, and N(0, 1) on a tenth."""
    known, seeds = request.trained_model.recipe.model.layers, min(request.recipe.sweep.seeds, MOST_SEEDS)
    groups = [pattern for pattern in groups_of(known).values() if pattern not in known]
    if groups and group_of(known[0]):
        groups += [EACH_ATTENTION, EACH_FEEDFORWARD, VALUES_AND_OUTPUTS, QUERIES_AND_KEYS]
    back = Sweep(("each", *groups), (1.0,), ("rewind",), seeds=1)
    tenth = Sweep(("each",), (TENTH,), ("normal",), seeds=seeds)
    return back, replace(back, schemes=("reinit",), seeds=seeds), tenth


def _whole_plan(request: StudyRequest) -> Sweep:
    """What the plans are parts of."""
    back, anew, tenth = _plans(request)
    return replace(anew, doses=(*tenth.doses, *anew.doses), schemes=(*back.schemes, *anew.schemes, *tenth.schemes))


def _key(request: StudyRequest) -> str:
    return sweep_key(request.trained_model, _whole_plan(request))


def _total(request: StudyRequest) -> int:
    known = request.trained_model.recipe.model.layers
    return sum(plan.count(known) for plan in _plans(request))


def _begin(request: StudyRequest) -> Study:
    model, plan, total = request.trained_model, _whole_plan(request), _total(request)

    def conclude(rows: tuple[SweepRow, ...]) -> SweepResult:
        return SweepResult(plan, rows, model.recipe, model.sha256, len(model.trained.history), total)

    slices: Iterator[list[SweepRow]] = chain.from_iterable(
        [sweep_study_slices(model, part) for part in _plans(request)]  # which checks the plans
    )
    return Study(key=_key(request), trained_model=model, plan=plan, total=total, slices=slices, conclude=conclude)


def _seconds(request: StudyRequest) -> float:
    seconds = sum(sweep_seconds(request.trained_model, plan) for plan in _plans(request))
    return seconds_on_page(seconds, _total(request))


def _describe(request: StudyRequest) -> str:
    known = request.trained_model.recipe.model.layers
    _, anew, _ = _plans(request)
    sets, seeds = format_count(len(anew.sets(known)), "layer set"), format_count(anew.seeds, "seed")
    return f"{sets} re-initialized, and re-randomized with {seeds}; a tenth of each layer drawn from N(0, 1)"


def _power(request: StudyRequest) -> str:
    return describe_smallest_change(len(request.trained_model.split.validation), _total(request))


def _look(request: StudyRequest) -> StudyRequest:
    sweep = replace(request.recipe.sweep, seeds=1)
    return replace(request, recipe=replace(request.recipe, sweep=sweep))


ROBUSTNESS_KINDS = {
    ROBUSTNESS_STUDY: StudyKind(
        title="Robustness",
        part="variant",
        key=_key,
        base=_key,
        total=_total,
        begin=_begin,
        known=lambda _: 0,
        seconds=_seconds,
        describe=_describe,
        power=_power,
        look=_look,
    )
}
