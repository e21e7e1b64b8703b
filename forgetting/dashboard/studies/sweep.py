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
from forgetting.dashboard.state.session import Learned, Study, session
from forgetting.dashboard.studies.base import Kind
from forgetting.recipe.plans import JOINED, Sweep
from forgetting.studies.evaluation import Row
from forgetting.studies.layer_robustness import LayerRobustness, robustness
from forgetting.studies.sweep import SweepResult, run_sweep, sweep_slices

PILOT = 0.6  # seconds that one seed may take to be tried whole, for an estimate
AT_ONCE = 5_000_000  # variants × reviews up to which a study starts by itself: some seconds


def plan_for(match: str) -> Sweep:
    """The session's plan, its doses matched as asked."""
    return replace(session().recipe.sweep, match=match)


def _begin(match: str, learned: Learned) -> Study:
    plan, trained = plan_for(match), learned.trained
    total = _total(match, learned)

    def conclude(rows: tuple[Row, ...]) -> SweepResult:
        return SweepResult(plan, rows, learned.recipe, learned.sha256, len(trained.history), total)

    return Study(study_key(learned, plan), learned, plan, total, study_slices(learned, plan), conclude)


def _total(match: str, learned: Learned) -> int:
    return plan_for(match).count(learned.recipe.model.layers)


def _quick(match: str, learned: Learned) -> bool:
    """However busy the machine is."""
    reviews = len(learned.split.training) + len(learned.split.validation)
    return not plan_for(match).retrain and _total(match, learned) * reviews <= AT_ONCE


def study_key(learned: Learned, plan: Sweep) -> str:
    """What a sweep depends on: the plan, and the model or, where each replicate has its own, how they are trained."""
    if plan.retrain:
        return f"{models.model_key(replace(learned, recipe=replace(learned.recipe, seed=0)))}:{plan}"
    return f"{models.model_key(learned)}:{plan}"


def study_slices(learned: Learned, plan: Sweep) -> Iterator[list[Row]]:
    """The rows of a plan in slices, to be taken one by one. Raises RecipeError where it does not fit the model."""
    trained, recipe = learned.trained, learned.recipe
    return sweep_slices(trained.model, learned.split, plan, recipe=recipe, initial=trained.initial)


def study_seconds(learned: Learned, plan: Sweep) -> float:
    """About how long a plan will take, from a small part of it that is run now. Raises RecipeError as it would."""
    known = learned.recipe.model.layers
    epochs = max(len(learned.trained.history), 1)
    whole = learned.trained.seconds / epochs * learned.recipe.training.epochs
    training = whole * plan.seeds if plan.retrain else 0.0
    one = replace(plan, seeds=1, retrain=False)
    few = replace(one, doses=(plan.doses[0], plan.doses[-1]))
    seconds = _pilot_seconds(study_key(learned, few), learned, few) * plan.count(known) / few.count(known)
    if seconds / plan.seeds < PILOT:  # what does not grow with the doses is a large part of a quick run
        seconds = _pilot_seconds(study_key(learned, one), learned, one) * plan.seeds
    return training + seconds


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_seconds(key: str, _learned: Learned, _pilot: Sweep) -> float:  # noqa: ARG001 - the key
    taken = []
    while len(taken) < 2 and sum(taken) < PILOT:  # the first run of a process is slow
        started = time.perf_counter()
        for _ in study_slices(_learned, _pilot):
            pass
        taken.append(time.perf_counter() - started)
    return min(taken)


def own_curve(learned: Learned) -> SweepResult:
    """The dose curve of the session's randomization: its layers, scheme and unit, over ten seeds from its own."""
    chosen = models.fitting(learned)
    names = chosen.among(learned.recipe.model.layers)
    plan = Sweep(
        layers=(JOINED.join(names),),
        schemes=(chosen.scheme,),
        units=(chosen.unit,),
        seed=min(chosen.seed, 2**32 - 10),
        scale=chosen.scale,
        words=chosen.words,
    )
    return _result(study_key(learned, plan), learned, plan)


@shared(most=4)
def _result(learned: Learned, plan: Sweep) -> SweepResult:
    trained, recipe = learned.trained, learned.recipe
    return run_sweep(trained.model, learned.split, plan, recipe=recipe, initial=trained.initial)


def robustness_of(learned: Learned, seeds: int) -> tuple[LayerRobustness, ...]:
    """How robust each layer of a model is, over so many seeds."""
    return _robustness(f"{models.model_key(learned)}:{seeds}", learned, seeds)


@st.cache_resource(max_entries=12, show_spinner=False)
def _robustness(key: str, _learned: Learned, _seeds: int) -> tuple[LayerRobustness, ...]:  # noqa: ARG001 - the key
    trained = _learned.trained
    return robustness(trained.model, _learned.split, trained.initial, seeds=_seeds, recipe=_learned.recipe)


def _kind(match: str) -> Kind:
    return Kind(
        part="variants",
        key=lambda learned: study_key(learned, plan_for(match)),
        total=partial(_total, match),
        begin=partial(_begin, match),
        quick=partial(_quick, match),
        seconds=lambda learned: study_seconds(learned, plan_for(match)),
        tried=True,
    )


KINDS = {match: _kind(match) for match in ("dose", "change")}
