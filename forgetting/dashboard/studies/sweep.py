"""Studies that are sweeps, and what else a page computes from many variants of a model."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import Study, TrainedModel
from forgetting.dashboard.studies.base import StudyKind, StudyRequest
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import LAYER_SEPARATOR, Sweep
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.layer_robustness import LayerRobustness, robustness
from forgetting.studies.sweep import SweepResult, run_sweep, sweep_slices

PILOT = 0.6  # seconds that one seed may take to be tried whole, for an estimate
AUTOSTART_ROWS = 5_000_000  # variants × reviews up to which a study starts by itself: some seconds
DOSE_CURVES = SharedCache("dose curves", most=4)


def _plan(match: str, request: StudyRequest) -> Sweep:
    """The visitor's plan, with doses of units or of the change of the weights as asked."""
    return replace(request.recipe.sweep, match=match)


def _total(match: str, request: StudyRequest) -> int:
    return _plan(match, request).count(request.trained_model.recipe.model.layers)


def _begin(match: str, request: StudyRequest) -> Study:
    plan, model, total = _plan(match, request), request.trained_model, _total(match, request)

    def conclude(rows: tuple[SweepRow, ...]) -> SweepResult:
        return SweepResult(plan, rows, model.recipe, model.sha256, len(model.trained.history), total)

    return Study(sweep_key(model, plan), model, plan, total, sweep_study_slices(model, plan), conclude)


def _quick(match: str, request: StudyRequest) -> bool:
    """By the number of rows, as the time that they take depends on how busy the machine is."""
    split = request.trained_model.split
    reviews = len(split.training) + len(split.validation)
    return not _plan(match, request).retrain and _total(match, request) * reviews <= AUTOSTART_ROWS


def sweep_key(trained_model: TrainedModel, plan: Sweep) -> str:
    """What a sweep depends on: the plan, and the model or, where each replicate has its own, how they are trained."""
    if plan.retrain:
        return f"{models.model_key(replace(trained_model, recipe=replace(trained_model.recipe, seed=0)))}:{plan}"
    return f"{models.model_key(trained_model)}:{plan}"


def sweep_study_slices(trained_model: TrainedModel, plan: Sweep) -> Iterator[list[SweepRow]]:
    """The rows of a plan in slices, to be taken one by one. Raises RecipeError where it does not fit the model."""
    trained, recipe = trained_model.trained, trained_model.recipe
    return sweep_slices(trained.model, trained_model.split, plan, recipe=recipe, initial=trained.initial)


def sweep_seconds(trained_model: TrainedModel, plan: Sweep) -> float:
    """About how many seconds a plan will take, from a small part of it that is run now.

    Raises:
        RecipeError: Where the plan does not fit the model.
    """
    layers = trained_model.recipe.model.layers
    epochs = max(len(trained_model.trained.history), 1)
    whole = trained_model.trained.seconds / epochs * trained_model.recipe.training.epochs
    training = whole * plan.seeds if plan.retrain else 0.0
    one = replace(plan, seeds=1, retrain=False)
    few = replace(one, doses=(plan.doses[0], plan.doses[-1]))
    seconds = _pilot_seconds(sweep_key(trained_model, few), trained_model, few) * plan.count(layers) / few.count(layers)
    if seconds / plan.seeds < PILOT:  # what does not grow with the doses is a large part of a quick run
        seconds = _pilot_seconds(sweep_key(trained_model, one), trained_model, one) * plan.seeds
    return training + seconds


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_seconds(key: str, _trained_model: TrainedModel, _pilot: Sweep) -> float:  # noqa: ARG001 - the key
    seconds = []
    while len(seconds) < 2 and sum(seconds) < PILOT:  # the first run of a process is slow
        started = time.perf_counter()
        for _ in sweep_study_slices(_trained_model, _pilot):
            pass
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def find_dose_curve(trained_model: TrainedModel, randomization: Randomization) -> SweepResult:
    """The sweep of a randomization's layers, scheme and unit over all doses and ten seeds, from its seed on.

    Raises:
        RecipeError: Where the randomization does not fit the model.
    """
    fitting = models.fit_randomization(randomization, trained_model)
    plan = Sweep(
        layers=(LAYER_SEPARATOR.join(fitting.chosen_layers(trained_model.recipe.model.layers)),),
        schemes=(fitting.scheme,),
        units=(fitting.unit,),
        seed=min(fitting.seed, 2**32 - 10),
        scale=fitting.scale,
        words=fitting.words,
    )
    trained, split, recipe = trained_model.trained, trained_model.split, trained_model.recipe
    return DOSE_CURVES.ask(
        sweep_key(trained_model, plan),
        lambda: run_sweep(trained.model, split, plan, recipe=recipe, initial=trained.initial),
    )


def robustness_of(trained_model: TrainedModel, seeds: int) -> tuple[LayerRobustness, ...]:
    """How robust each layer of a model is, over so many seeds."""
    return _robustness(f"{models.model_key(trained_model)}:{seeds}", trained_model, seeds)


@st.cache_resource(max_entries=12, show_spinner=False)
def _robustness(key: str, _trained_model: TrainedModel, _seeds: int) -> tuple[LayerRobustness, ...]:  # noqa: ARG001 - the key
    trained = _trained_model.trained
    return robustness(trained.model, _trained_model.split, trained.initial, seeds=_seeds, recipe=_trained_model.recipe)


SWEEP_KINDS = {
    match: StudyKind(
        part="variants",
        key=lambda request, match=match: sweep_key(request.trained_model, _plan(match, request)),
        total=partial(_total, match),
        begin=partial(_begin, match),
        quick=partial(_quick, match),
        seconds=lambda request, match=match: sweep_seconds(request.trained_model, _plan(match, request)),
        tried=True,
    )
    for match in ("dose", "change")
}
