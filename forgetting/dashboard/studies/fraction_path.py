"""One randomization at every whole percent, from one pass of the sweep engine: what the live fraction shows.

A path is shared between visitors. It is advanced in slices after the page is drawn, and given up where it would take
so long that nobody would wait for it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import TrainedModel, rerun_page
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import LAYER_SEPARATOR, Sweep, even_doses
from forgetting.reporting.formatting import format_duration

if TYPE_CHECKING:
    from forgetting.studies.evaluation import SweepRow

FRACTIONS = even_doses(101)
MOST_SECONDS = 10.0  # that a path may take; nothing longer starts unasked
LEAST_SECONDS = 0.5  # of work from which the rest is estimated
EVERY = 0.05  # seconds between two slices
PATHS = SharedCache("fraction paths", most=4)


class FractionPath:
    """The rows of a sweep over all fractions of one randomization, as far as they are computed.

    Attributes:
        rows: The rows so far, by rising fraction.
        obstacle: Why there will be no more of them; "" where there will.
    """

    def __init__(self, trained_model: TrainedModel, randomization: Randomization):
        from forgetting.studies.sweep import sweep_slices  # which imports torch

        recipe, trained = trained_model.recipe, trained_model.trained
        self.rows: list[SweepRow] = []
        self.obstacle = ""
        self._seconds, self._lock = 0.0, threading.Lock()
        try:
            plan = Sweep(
                layers=(LAYER_SEPARATOR.join(randomization.chosen_layers(recipe.model.layers)),),
                doses=FRACTIONS,
                schemes=(randomization.scheme,),
                units=(randomization.unit,),
                seeds=1,
                seed=randomization.seed,
                scale=randomization.scale,
                words=randomization.words,
            )
            split = trained_model.split
            self._slices = sweep_slices(trained.model, split, plan, recipe=recipe, initial=trained.initial)
        except ForgettingError as error:
            self.obstacle = str(error)

    @property
    def finished(self) -> bool:
        """Whether all rows are there."""
        return len(self.rows) == len(FRACTIONS)

    def advance(self) -> bool:
        """Compute a slice, unless another visitor does so; returns whether there is more to compute."""
        if not self._lock.acquire(blocking=False):
            return True
        try:
            if self.finished or self.obstacle:
                return False
            started = time.perf_counter()
            self.rows += next(self._slices)
            self._seconds += time.perf_counter() - started
            estimate = self._seconds * len(FRACTIONS) / len(self.rows)
            if self._seconds > LEAST_SECONDS and estimate > MOST_SECONDS:
                self.obstacle = f"To compute all of them for this model would take {format_duration(estimate)}."
                del self._slices
            return not (self.finished or self.obstacle)
        except (ForgettingError, MemoryError) as error:
            self.obstacle = str(error) or "There is not enough memory to compute all of them."
            return False
        finally:
            self._lock.release()


def path_key(trained_model: TrainedModel, randomization: Randomization) -> str:
    """What a path depends on: the model, and the randomization, as far as it fits the model, but for its fraction."""
    return models.comparison_key(trained_model, randomization.with_value("fraction", 1.0))


def find_path(trained_model: TrainedModel, randomization: Randomization) -> FractionPath | None:
    """The path of a randomization, which has to be advanced; None where there is nothing to randomize."""
    if trained_model.recipe.protocol == "published":
        return None
    fitting = models.fit_randomization(randomization, trained_model)
    if not fitting.chosen_layers(trained_model.recipe.model.layers):
        return None
    return PATHS.ask(path_key(trained_model, randomization), lambda: FractionPath(trained_model, fitting))


def advance_path(path: FractionPath) -> None:
    """Advance a path in a fragment, after the page is drawn, and draw the page anew at its end."""
    drawn = False

    @st.fragment(run_every=EVERY)
    def advance() -> None:
        nonlocal drawn
        if drawn and not path.advance():
            rerun_page()
        drawn = True

    if not (path.finished or path.obstacle):
        advance()
