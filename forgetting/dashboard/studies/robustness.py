"""Studies of how robust layers are: each re-initialized and re-randomized, and a tenth of each drawn from N(0, 1)."""

from dataclasses import replace

from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, seconds_on_page
from forgetting.dashboard.studies.sweep_seconds import sweep_key, sweep_seconds
from forgetting.recipe.plans import Sweep
from forgetting.reporting.formatting import format_count
from forgetting.reporting.power import describe_smallest_change
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.robustness_plans import join_plans, plan_robustness, robustness_slices
from forgetting.studies.sweep import SweepResult
from forgetting.tracking.run import STUDY_TITLES

ROBUSTNESS_STUDY = "robustness"


def _plans(request: StudyRequest) -> tuple[Sweep, ...]:
    return plan_robustness(request.recipe.sweep, request.trained_model.recipe.model.layers)


def _whole_plan(request: StudyRequest) -> Sweep:
    return join_plans(_plans(request))


def _key(request: StudyRequest) -> str:
    return sweep_key(request.trained_model, _whole_plan(request))


def _total(request: StudyRequest) -> int:
    known = request.trained_model.recipe.model.layers
    return sum(plan.count(known) for plan in _plans(request))


def _begin(request: StudyRequest) -> Study:
    model, plan, total = request.trained_model, _whole_plan(request), _total(request)

    def conclude(rows: tuple[SweepRow, ...]) -> SweepResult:
        return SweepResult(plan, rows, model.recipe, model.sha256, len(model.trained.history), total)

    slices = robustness_slices(model.trained, model.split, replace(model.recipe, sweep=request.recipe.sweep))
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
        title=STUDY_TITLES["robustness"],
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
