"""Studies that are sweeps, and what else a page asks of many variants of a model.

Results that are quick are cached by the model and the plan.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import shared
from forgetting.dashboard.state.session import Study, TrainedModel, session
from forgetting.dashboard.studies.base import StudyKind
from forgetting.recipe.plans import LAYER_SEPARATOR, Sweep
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.layer_robustness import LayerRobustness, robustness
from forgetting.studies.sweep import SweepResult, run_sweep, sweep_slices

PILOT = 0.6  # seconds that one seed may take to be tried whole, for an estimate
AUTOSTART_ROWS = 5_000_000  # variants × reviews up to which a study starts by itself: some seconds


def plan_for(match: str) -> Sweep:
    """The session's plan, its doses matched as asked."""
    return replace(session().recipe.sweep, match=match)


def _begin(match: str, trained_model: TrainedModel) -> Study:
    plan, trained = plan_for(match), trained_model.trained
    total = _total(match, trained_model)

    def conclude(rows: tuple[SweepRow, ...]) -> SweepResult:
        return SweepResult(plan, rows, trained_model.recipe, trained_model.sha256, len(trained.history), total)

    return Study(
        sweep_key(trained_model, plan), trained_model, plan, total, sweep_study_slices(trained_model, plan), conclude
    )


def _total(match: str, trained_model: TrainedModel) -> int:
    return plan_for(match).count(trained_model.recipe.model.layers)


def _quick(match: str, trained_model: TrainedModel) -> bool:
    """However busy the machine is."""
    reviews = len(trained_model.split.training) + len(trained_model.split.validation)
    return not plan_for(match).retrain and _total(match, trained_model) * reviews <= AUTOSTART_ROWS


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
    """About how long a plan will take, from a small part of it that is run now. Raises RecipeError as it would."""
    known = trained_model.recipe.model.layers
    epochs = max(len(trained_model.trained.history), 1)
    whole = trained_model.trained.seconds / epochs * trained_model.recipe.training.epochs
    training = whole * plan.seeds if plan.retrain else 0.0
    one = replace(plan, seeds=1, retrain=False)
    few = replace(one, doses=(plan.doses[0], plan.doses[-1]))
    seconds = _pilot_seconds(sweep_key(trained_model, few), trained_model, few) * plan.count(known) / few.count(known)
    if seconds / plan.seeds < PILOT:  # what does not grow with the doses is a large part of a quick run
        seconds = _pilot_seconds(sweep_key(trained_model, one), trained_model, one) * plan.seeds
    return training + seconds


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_seconds(key: str, _trained_model: TrainedModel, _pilot: Sweep) -> float:  # noqa: ARG001 - the key
    taken = []
    while len(taken) < 2 and sum(taken) < PILOT:  # the first run of a process is slow
        started = time.perf_counter()
        for _ in sweep_study_slices(_trained_model, _pilot):
            pass
        taken.append(time.perf_counter() - started)
    return min(taken)


def own_curve(trained_model: TrainedModel) -> SweepResult:
    """The dose curve of the session's randomization: its layers, scheme and unit, over ten seeds from its own."""
    chosen = models.fitting_randomization(trained_model)
    names = chosen.chosen_layers(trained_model.recipe.model.layers)
    plan = Sweep(
        layers=(LAYER_SEPARATOR.join(names),),
        schemes=(chosen.scheme,),
        units=(chosen.unit,),
        seed=min(chosen.seed, 2**32 - 10),
        scale=chosen.scale,
        words=chosen.words,
    )
    return _result(sweep_key(trained_model, plan), trained_model, plan)


@shared(most=4)
def _result(trained_model: TrainedModel, plan: Sweep) -> SweepResult:
    trained, recipe = trained_model.trained, trained_model.recipe
    return run_sweep(trained.model, trained_model.split, plan, recipe=recipe, initial=trained.initial)


def robustness_of(trained_model: TrainedModel, seeds: int) -> tuple[LayerRobustness, ...]:
    """How robust each layer of a model is, over so many seeds."""
    return _robustness(f"{models.model_key(trained_model)}:{seeds}", trained_model, seeds)


@st.cache_resource(max_entries=12, show_spinner=False)
def _robustness(key: str, _trained_model: TrainedModel, _seeds: int) -> tuple[LayerRobustness, ...]:  # noqa: ARG001 - the key
    trained = _trained_model.trained
    return robustness(trained.model, _trained_model.split, trained.initial, seeds=_seeds, recipe=_trained_model.recipe)


def _kind(match: str) -> StudyKind:
    return StudyKind(
        part="variants",
        key=lambda trained_model: sweep_key(trained_model, plan_for(match)),
        total=partial(_total, match),
        begin=partial(_begin, match),
        quick=partial(_quick, match),
        seconds=lambda trained_model: sweep_seconds(trained_model, plan_for(match)),
        tried=True,
    )


SWEEP_KINDS = {match: _kind(match) for match in ("dose", "change")}
