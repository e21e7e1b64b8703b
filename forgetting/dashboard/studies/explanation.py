"""Studies that are sanity checks of attributions."""

import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain

import streamlit as st
import torch

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, seconds_on_page
from forgetting.model.attribution import attribute
from forgetting.randomization.patterns import ALL
from forgetting.recipe.explanation import Explanation
from forgetting.reporting.formatting import format_product
from forgetting.studies.explanation import MOST_READ, check_explanation, count_explanations, explanation_slices
from forgetting.studies.explanation_rows import ExplanationResult, ExplanationRow
from forgetting.tracking.run import STUDY_TITLES

EXPLANATION_STUDY = "explanation"
PILOT_DOSES = (0.0, 0.5, 1.0)  # of one seed, from which the time of a whole plan is estimated
PILOT_REVIEWS = 8  # of a Transformer, from which that is estimated, as a variant of it takes seconds


def _key(request: StudyRequest) -> str:
    return f"{_base(request)}:{request.recipe.explanation}"


def _base(request: StudyRequest) -> str:
    """All but the number of seeds: a seed's rows depend on no other one but the first, which draws the reviews."""
    return f"{models.model_key(request.trained_model)}:{replace(request.recipe.explanation, seeds=1)}"


def _total(request: StudyRequest) -> int:
    plan, recipe = request.recipe.explanation, request.trained_model.recipe
    check_explanation(recipe, plan, recipe.model.layers)
    return count_explanations(request.trained_model.trained.model, plan)


def _known(request: StudyRequest) -> dict[int, list[ExplanationRow]]:
    """The rows of the seeds that are whole in related studies."""
    seeds = request.recipe.explanation.sweep.replicates
    return request.known_parts(seeds, lambda row: row.seed, _total(request) // len(seeds))


def _begin(request: StudyRequest) -> Study:
    plan, model, total, known = request.recipe.explanation, request.trained_model, _total(request), _known(request)

    def conclude(rows: tuple[ExplanationRow, ...]) -> ExplanationResult:
        in_order = tuple(sorted(rows, key=lambda row: row.seed))
        epochs = len(model.trained.history)
        return ExplanationResult(
            plan, in_order, model.recipe, model.sha256, epochs, total, layers=model.recipe.model.layers
        )

    slices, rows = _slices(model, plan, known), list(chain.from_iterable(known.values()))
    return Study(_key(request), model, plan, total, slices, conclude, rows)


def _slices(
    trained_model: TrainedModel, plan: Explanation, known: Collection[int] = ()
) -> Iterator[list[ExplanationRow]]:
    trained, recipe = trained_model.trained, trained_model.recipe
    return explanation_slices(
        trained.model, trained_model.split, plan, recipe=recipe, initial=trained.initial, known=known
    )


def _seconds(request: StudyRequest) -> float:
    plan, layers = request.recipe.explanation, request.trained_model.recipe.model.layers
    left = 1 - len(_known(request)) / plan.seeds
    if request.trained_model.recipe.model.kind == "transformer":
        key = f"{models.model_key(request.trained_model)}:{plan.samples}"
        variant = sum(
            _variant_seconds(f"{key}:{method}", request.trained_model, method, plan.samples)
            for method in plan.attributions
        )
        variants = (plan.count(layers) + plan.seeds) * left
        return seconds_on_page(variant * variants, variants)
    few = replace(plan, seeds=1, doses=PILOT_DOSES)
    seconds = _pilot_seconds(f"{models.model_key(request.trained_model)}:{few}", request.trained_model, few)
    return seconds_on_page(seconds * plan.count(layers) / few.count(layers) * left)


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_seconds(key: str, _trained_model: TrainedModel, _pilot: Explanation) -> float:  # noqa: ARG001 - the key
    started = time.perf_counter()
    for _ in _slices(_trained_model, _pilot):
        pass
    return time.perf_counter() - started


@st.cache_resource(max_entries=64, show_spinner=False)
def _variant_seconds(key: str, _trained_model: TrainedModel, method: str, samples: int) -> float:  # noqa: ARG001 - the key
    """About how long a method takes to explain a Transformer's variant."""
    part, model = _trained_model.split.validation, _trained_model.trained.model
    few = part.select(torch.arange(min(PILOT_REVIEWS, len(part))))
    attribute(model, few.model_inputs, few.targets, "gradient_input")  # as the first gradients of a process are slow
    started = time.perf_counter()
    attribute(model, few.model_inputs, few.targets, method, samples=samples)
    return (time.perf_counter() - started) / len(few) * min(MOST_READ, len(part))


def _describe(request: StudyRequest) -> str:
    plan = request.recipe.explanation
    sizes = (
        (len(plan.attributions), "method"),
        (len(plan.sweep.sets(request.trained_model.recipe.model.layers)), "layer set"),
        (len(plan.doses), "fraction"),
        (plan.seeds, "seed"),
    )
    return format_product(sizes)


def _look(request: StudyRequest) -> StudyRequest:
    plan = replace(request.recipe.explanation, seeds=1, doses=PILOT_DOSES)
    if request.trained_model.recipe.model.kind == "transformer":
        few = {"layers": (ALL,), "doses": (PILOT_DOSES[-1],), "attributions": plan.attributions[:1]}
        plan = replace(plan, **few)
    return replace(request, recipe=replace(request.recipe, explanation=plan))


EXPLANATION_KINDS = {
    EXPLANATION_STUDY: StudyKind(
        title=STUDY_TITLES["explanation"],
        part="comparison",
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
