"""How long a sweep takes, from a small part of it that is run on this machine: a pilot."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np
import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel
from forgetting.dashboard.studies.base import PILOT_SECONDS, epoch_seconds
from forgetting.model.split import PARTS
from forgetting.randomization.groups import CASCADE_BY_BLOCKS
from forgetting.recipe.plans import Sweep
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.stages import layer_of
from forgetting.studies.sweep import sweep_slices

MOST_PILOTS = 4  # runs of a pilot at the most
FEW_DOSES = 6  # of a quick look, and of one seed from which the time of a whole plan is estimated


def sweep_key(trained_model: TrainedModel, plan: Sweep) -> str:
    """What a sweep depends on: the plan, and the model or, where each replicate has its own, how they are trained."""
    if "noise" not in plan.schemes:  # which alone has a scale
        plan = replace(plan, scale=1.0)
    if plan.retrain:
        return f"{models.model_key(replace(trained_model, recipe=replace(trained_model.recipe, seed=0)))}:{plan}"
    return f"{models.model_key(trained_model)}:{plan}"


def sweep_study_slices(trained_model: TrainedModel, plan: Sweep) -> Iterator[list[SweepRow]]:
    """The rows of a plan in slices, to be taken one by one. Raises RecipeError where it does not fit the model.

    Of a Transformer the validation part alone is measured, as the training part would take most of the time.
    """
    trained, recipe = trained_model.trained, trained_model.recipe
    parts = ("validation",) if is_slow(trained_model) else PARTS
    return sweep_slices(trained.model, trained_model.split, plan, recipe=recipe, initial=trained.initial, parts=parts)


def is_slow(trained_model: TrainedModel) -> bool:
    """Whether a variant of the model takes so long that plans have few of them, and pilots few layer sets."""
    return trained_model.recipe.model.kind != "mlp"


def few_doses(doses: tuple[float, ...]) -> tuple[float, ...]:
    """Few of many doses, evenly, the largest among them."""
    return doses[:: -math.ceil(len(doses) / FEW_DOSES)]


def sweep_seconds(trained_model: TrainedModel, plan: Sweep) -> float:
    """About how many seconds of work a plan takes, from a pilot of it that is run now.

    Raises:
        RecipeError: Where the plan does not fit the model.
    """
    layers = trained_model.recipe.model.layers
    trainings = plan.seeds * plan.splits if plan.retrain else plan.splits - 1
    training = epoch_seconds(trained_model, recorded=False) * trained_model.training.epochs if trainings else 0.0
    total = plan.count(layers)
    if is_slow(trained_model):
        sets = plan.sets(layers)
        seconds = _pilot_layers(models.model_key(trained_model), trained_model)
        of_a_dose = sum(seconds[start:].sum() for start in _first_changes(sets, layers))
        doses = sum(dose > 0 for dose in plan.doses)  # as the original is measured once
        return training * trainings + of_a_dose * doses * total / len(sets) / len(plan.doses)
    few = replace(plan, seeds=1, splits=1, retrain=False, doses=few_doses(plan.doses))
    seconds = _pilot_plan(sweep_key(trained_model, few), trained_model, few)
    return training * trainings + seconds * total / few.count(layers)


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_plan(key: str, _trained_model: TrainedModel, _pilot: Sweep) -> float:  # noqa: ARG001 - the key
    seconds: list[float] = []
    while len(seconds) < MOST_PILOTS and sum(seconds) < PILOT_SECONDS:  # the first run of a process is slow
        seconds.append(sum(_time_slices(_trained_model, _pilot)))
    return min(seconds)


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_layers(key: str, _trained_model: TrainedModel) -> np.ndarray:  # noqa: ARG001 - the key
    """Seconds, about, that each layer of a Transformer takes in a forward pass, (layers,).

    What lies before the first randomized layer is not computed again, so a cascade from the last layer tells them.
    """
    known = _trained_model.recipe.model.layers
    cascade = Sweep((CASCADE_BY_BLOCKS,), (0.0, 1.0), ("reinit",), seeds=1)
    sets, runs = cascade.sets(known), []
    while len(runs) < MOST_PILOTS and sum(map(sum, runs)) < PILOT_SECONDS:
        runs.append(_time_slices(_trained_model, cascade))
    # Without those of the original, which come first, and from the largest set on, as the first one is also checked.
    seconds = np.minimum.accumulate(np.min(runs, axis=0)[: len(sets) - 1 : -1])
    starts = [known.index(names[0]) for names in reversed(sets)]
    from_each_on = np.interp(range(len(known)), starts, seconds)
    return -np.diff(from_each_on, append=0.0)


def _time_slices(trained_model: TrainedModel, plan: Sweep) -> list[float]:
    """The seconds that each slice of a plan takes."""
    times = [time.perf_counter()]
    times += [time.perf_counter() for _ in sweep_study_slices(trained_model, plan)]
    return np.diff(times).tolist()


def _first_changes(sets: Sequence[tuple[str, ...]], known: tuple[str, ...]) -> list[int]:
    """For each layer set the place of the first layer that no earlier set leads to in the same state.

    What is before it is kept from earlier sets, see `StageCache`. Where all is known, it is the number of layers.
    """
    seen, starts = set(), []
    for chosen in sets:
        own = [tuple(name for name in chosen if layer_of(name) == layer) for layer in known]
        states = list(enumerate(accumulate(own)))
        starts.append(next((place for place, state in states if state and (place, state) not in seen), len(known)))
        seen.update(states)
    return starts
