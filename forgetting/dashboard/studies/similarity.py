"""Studies of similarity: each layer by fraction beside independently trained models, by the plan of explanations."""

import time
from dataclasses import replace
from itertools import chain

import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, epoch_seconds, seconds_on_page
from forgetting.dashboard.studies.sweep_seconds import is_slow
from forgetting.randomization.patterns import ALL
from forgetting.recipe.explanation import Explanation
from forgetting.reporting.formatting import format_product
from forgetting.studies.similarity import SimilarityResult, count_rows, make_similarity_result, similarity_slices
from forgetting.tracking.run import STUDY_TITLES

SIMILARITY_STUDY = "similarity"
LOOK_DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of a quick look, and of the pilot that the time is estimated from


def _plan(request: StudyRequest) -> Explanation:
    """The visitor's plan, without what only attributions depend on."""
    own, defaults = request.recipe.explanation, Explanation()
    names = ("attributions", "top", "samples", "noise")
    return replace(own, **{name: getattr(defaults, name) for name in names})


def _total(request: StudyRequest) -> int:
    return count_rows(_plan(request), request.trained_model.recipe.model.layers)


def _base(request: StudyRequest) -> str:
    return f"{models.model_key(request.trained_model)}:{replace(_plan(request), seeds=1, seed=0)}"


def _key(request: StudyRequest) -> str:
    return f"{models.model_key(request.trained_model)}:{_plan(request)}"


def _known(request: StudyRequest) -> dict[int, list]:
    """What is known of the seeds whose rows are all known."""
    plan = _plan(request)
    return request.known_parts(plan.sweep.replicates, lambda row: row.seed, _total(request) // plan.seeds)


def _begin(request: StudyRequest) -> Study:
    plan, model, total, known = _plan(request), request.trained_model, _total(request), _known(request)

    def conclude(rows: tuple) -> SimilarityResult:
        in_order = sorted(rows, key=lambda row: row.seed)  # each seed's as they were computed
        recipe = model.recipe
        epochs = len(model.trained.history)
        return make_similarity_result(in_order, model.split, plan, recipe, total, recipe.model.layers, epochs)

    return Study(
        key=_key(request),
        trained_model=model,
        plan=plan,
        total=total,
        slices=similarity_slices(model.trained, model.split, plan, recipe=model.recipe, known=known),
        conclude=conclude,
        rows=list(chain.from_iterable(known.values())),
    )


def _seconds(request: StudyRequest) -> float:
    plan, model = _plan(request), request.trained_model
    missing = plan.seeds - len(_known(request))
    variants = _total(request) / plan.seeds - 1
    finished = model.trained.state == "finished"
    epochs = model.training.epochs if finished else len(model.trained.history)
    training = epochs * epoch_seconds(model, recorded=False)
    return seconds_on_page(missing * (training + variants * _pilot_seconds(models.model_key(model), model)))


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_seconds(key: str, _trained_model: TrainedModel) -> float:  # noqa: ARG001 - the key
    """About how long a variant takes."""
    pilot = Explanation(layers=("down",), doses=LOOK_DOSES, scheme="reinit", seeds=1)
    if is_slow(_trained_model):
        pilot = replace(pilot, layers=(ALL,), doses=LOOK_DOSES[1:])
    recipe = _trained_model.recipe
    slices = similarity_slices(_trained_model.trained, _trained_model.split, pilot, recipe=recipe, trains=False)
    started = time.perf_counter()
    count = sum(map(len, slices))
    return (time.perf_counter() - started) / count


def _describe(request: StudyRequest) -> str:
    plan = _plan(request)
    sets = len(plan.sweep.sets(request.trained_model.recipe.model.layers, plan.group))
    sizes = ((sets, "layer set"), (len(plan.doses), "fraction"), (plan.seeds, "seed"))
    product = format_product(sizes)
    return f"{product}, and a model trained anew for each seed"


def _look(request: StudyRequest) -> StudyRequest:
    few = replace(request.recipe.explanation, seeds=1, doses=LOOK_DOSES)
    return replace(request, recipe=replace(request.recipe, explanation=few))


SIMILARITY_KINDS = {
    SIMILARITY_STUDY: StudyKind(
        title=STUDY_TITLES["similarity"],
        part="model",
        key=_key,
        base=_base,
        total=_total,
        begin=_begin,
        known=lambda request: sum(map(len, _known(request).values())),
        seconds=_seconds,
        describe=_describe,
        look=_look,
    )
}
