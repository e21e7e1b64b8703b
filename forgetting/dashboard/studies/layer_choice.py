"""Studies of which layer to unlearn in: sweeps that also measure the forget set and the retain set."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, seconds_on_page
from forgetting.dashboard.studies.sweep import missing_plans, row_group, row_groups, sweep_base
from forgetting.dashboard.studies.sweep_seconds import few_doses, is_slow, sweep_key, sweep_seconds
from forgetting.recipe.forget import describe_forget
from forgetting.recipe.plans import Sweep, plan_layer_choice
from forgetting.reporting.formatting import format_product
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.sweep import SweepResult, sweep_slices
from forgetting.tracking.run import STUDY_TITLES
from forgetting.unlearning.forget_set import ForgetSets
from forgetting.unlearning.layer_choice import RANKED_SETS, LayerRanking, check_layer_choice, rank_layers

LAYER_CHOICE_STUDY = "layer_choice"
MEASURED = ("validation", *RANKED_SETS)
LOOK_SEEDS = 3  # of a quick look


def _plan(request: StudyRequest) -> Sweep:
    return plan_layer_choice(request.recipe.sweep)


def _find_sets(request: StudyRequest) -> ForgetSets:
    return models.find_forget_sets(request.trained_model, request.recipe.forget)


def _key(request: StudyRequest) -> str:
    return f"{request.recipe.forget.used}:{sweep_key(request.trained_model, _plan(request))}"


def _base(request: StudyRequest) -> str:
    return f"{request.recipe.forget.used}:{sweep_base(request.trained_model, _plan(request))}"


def _known(request: StudyRequest) -> dict[tuple, list[SweepRow]]:
    plan = _plan(request)
    groups = row_groups(plan)
    return request.known_parts(groups, partial(row_group, plan), _total(request) // len(groups))


def _count_known(request: StudyRequest) -> int:
    return sum(map(len, _known(request).values()))


def _total(request: StudyRequest) -> int:
    check_layer_choice(_plan(request), _find_sets(request))
    return _plan(request).count(request.trained_model.recipe.model.layers)


def _slices(request: StudyRequest, plan: Sweep) -> Iterator[list[SweepRow]]:
    model = request.trained_model
    split = _find_sets(request).measured_in(model.split)
    return sweep_slices(
        model.trained.model, split, plan, recipe=model.recipe, initial=model.trained.initial, parts=MEASURED
    )


def _begin(request: StudyRequest) -> Study:
    plan, model, total, known = _plan(request), request.trained_model, _total(request), _known(request)
    order = {group: index for index, group in enumerate(row_groups(plan))}

    def conclude(rows: tuple[SweepRow, ...]) -> SweepResult:
        in_order = tuple(sorted(rows, key=lambda row: order[row_group(plan, row)]))
        recipe = replace(model.recipe, forget=request.recipe.forget)
        return SweepResult(plan, in_order, recipe, model.sha256, len(model.trained.history), total)

    whole = _slices(request, plan)  # which checks the plan
    rest = (_slices(request, part) for part in missing_plans(plan, known))
    return Study(
        key=_key(request),
        trained_model=model,
        plan=plan,
        total=total,
        slices=chain.from_iterable(rest) if known else whole,
        conclude=conclude,
        rows=list(chain.from_iterable(known.values())),
        intervals={},
    )


def find_ranking(study: Study, scheme: str) -> LayerRanking:
    """The ranking of the layer sets by one scheme, from the rows that are there; kept with the study.

    Raises:
        DataError: There is nothing to rank by.
    """
    key, rows = (len(study.rows), scheme), study.result.rows
    if key not in study.intervals:
        ranking = rank_layers([row for row in rows if row.scheme == scheme], study.trained_model.recipe.model.layers)
        study.intervals = {kept: found for kept, found in study.intervals.items() if kept[0] == key[0]} | {key: ranking}
    return study.intervals[key]


def _seconds(request: StudyRequest) -> float:
    model, total = request.trained_model, _total(request)
    seconds, left = sweep_seconds(model, _plan(request)), 1 - _count_known(request) / total
    if is_slow(model):  # of which other sweeps measure the validation part alone
        measured = _find_sets(request).measured_in(model.split).parts
        seconds *= sum(len(measured[name]) for name in MEASURED) / len(measured["validation"])
    return seconds_on_page(seconds * left, total * left)


def _describe(request: StudyRequest) -> str:
    plan, forget = _plan(request), describe_forget(request.recipe.forget)
    sizes = [
        (len(plan.sets(request.trained_model.recipe.model.layers)), "layer set"),
        (len(plan.doses), "fraction"),
        (len(plan.schemes), "scheme"),
        (plan.seeds, "seed"),
    ]
    each = ", with a model trained for each seed" if plan.retrain else ""
    return f"{format_product(sizes)}{each}, measured on the forget set ({forget}) and on the retain set"


def _look(request: StudyRequest) -> StudyRequest:
    plan = request.recipe.sweep
    few = replace(plan, seeds=min(plan.seeds, LOOK_SEEDS), splits=1, doses=few_doses(plan.doses))
    return replace(request, recipe=replace(request.recipe, sweep=few))


LAYER_CHOICE_KINDS = {
    LAYER_CHOICE_STUDY: StudyKind(
        title=STUDY_TITLES["layer_choice"],
        part="variant",
        key=_key,
        base=_base,
        total=_total,
        begin=_begin,
        known=_count_known,
        seconds=_seconds,
        describe=_describe,
        look=_look,
    )
}
