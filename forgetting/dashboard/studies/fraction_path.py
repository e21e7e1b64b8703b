"""One randomization at every whole percent, from one pass of the sweep engine: what the live fraction shows.

A path is shared between visitors. It is advanced in slices after the page is drawn, and given up where it would take
so long that nobody would wait for it.
"""

import threading
import time
from dataclasses import dataclass

import numpy as np
import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import TrainedModel, rerun_page
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.paired import PairedChange
from forgetting.metrics.scores import Scores
from forgetting.metrics.typical_review import TypicalReview, find_typical_review
from forgetting.randomization.patterns import LAYER_SEPARATOR
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import FRACTIONS, Sweep
from forgetting.reporting.formatting import format_duration

COARSE = FRACTIONS[::10]  # of a Transformer, whose variants take half a second
MOST_SECONDS = 10.0  # of processor time that a path may take; nothing longer starts unasked
LEAST_SECONDS = 0.5  # of work from which the rest is estimated
EVERY = 0.25  # seconds between two runs of the fragment, so that the browser has drawn the page before the first one
AT_ONCE = 0.2  # seconds of work in a run
PATHS = SharedCache("fraction paths", most=4)


@dataclass(frozen=True, eq=False)
class FractionRow:
    """What a randomized model reaches.

    Attributes:
        scores: Its metrics by part.
        changes: The change of accuracy from the original by part; None where an accuracy is missing.
        forgetting: Forgetting of the validation part, beside chance and beside the largest class.
        untouched: Whether randomizing left every weight as it was.
    """

    scores: dict[str, Scores]
    changes: dict[str, PairedChange | None]
    forgetting: tuple[Measurement, Measurement]
    untouched: bool


def row_of(comparison: models.Comparison) -> FractionRow:
    """What a comparison's randomized model reaches."""
    ratios = (comparison.forgetting["validation"], comparison.forgetting_above_majority["validation"])
    return FractionRow(comparison.randomized.scores, comparison.changes, ratios, not comparison.changed_weights)


class FractionPath:
    """A model at all fractions of one randomization, as far as they are computed.

    Attributes:
        fractions: The fractions.
        rows: What is computed so far, by rising fraction; all of it where it came with the program.
        obstacle: Why there will be no more of them; "" where there will.
        typical: The review that stands for all; None until all rows are there.
    """

    def __init__(self, trained_model: TrainedModel, randomization: Randomization):
        recipe, split, trained = trained_model.recipe, trained_model.split, trained_model.trained
        self.rows: list[FractionRow] = []
        self.obstacle = ""
        self.typical: TypicalReview | None = None
        self._split = split
        self._predictions: list[np.ndarray] = []
        self._seconds, self._lock = 0.0, threading.Lock()
        self._reviews = {name: len(part) for name, part in split.parts.items()}
        for fraction in FRACTIONS:
            known = models.find_known_comparison(trained_model, randomization.with_value("fraction", fraction))
            if known is None:
                break
            self.rows.append(row_of(known))
        self.fractions = FRACTIONS
        if len(self.rows) == len(FRACTIONS):
            self.typical = models.find_known_typical_review(trained_model)
            return
        self.fractions = fractions_of(trained_model)
        from forgetting.studies.sweep import sweep_slices  # which imports torch

        try:
            plan = Sweep(
                layers=(LAYER_SEPARATOR.join(randomization.chosen_layers(recipe.model.layers)),),
                doses=self.fractions,
                schemes=(randomization.scheme,),
                units=(randomization.unit,),
                seeds=1,
                seed=randomization.seed,
                scale=randomization.scale,
                words=randomization.words,
            )
            self._slices = sweep_slices(trained.model, split, plan, recipe=recipe, initial=trained.initial, brief=True)
        except ForgettingError as error:
            self.obstacle = str(error)

    @property
    def finished(self) -> bool:
        """Whether all rows and the typical review are there; another visitor's run may be about to add the latter."""
        return self.typical is not None

    def advance(self) -> bool:
        """Compute a slice, or wait while another visitor does so; returns whether there is more to compute."""
        if not self._lock.acquire(timeout=AT_ONCE):
            return True
        try:
            if self.finished or self.obstacle:
                return False
            started = time.thread_time()
            for row in next(self._slices):
                scores = {name: row.scores(name, reviews) for name, reviews in self._reviews.items()}
                changes = {name: row.compare(name, reviews) for name, reviews in self._reviews.items()}
                ratios = (
                    Measurement(row.validation[name], row.missing.get(f"validation_{name}", ""))
                    for name in ("forgetting", "forgetting_above_majority")
                )
                self.rows.append(FractionRow(scores, changes, tuple(ratios), row.change == 0))
                self._predictions.append(row.predictions)
            if len(self.rows) == len(self.fractions):
                self.typical = find_typical_review(self._split, self._predictions)
                self._predictions.clear()
            self._seconds += time.thread_time() - started
            estimate = self._seconds * len(self.fractions) / len(self.rows)
            if self._seconds > LEAST_SECONDS and estimate > MOST_SECONDS:
                self.obstacle = f"To compute all of them for this model would take {format_duration(estimate)}."
                del self._slices
            return not (self.finished or self.obstacle)
        except (ForgettingError, MemoryError) as error:
            self.obstacle = str(error) or "There is not enough memory to compute all of them."
            return False
        finally:
            self._lock.release()


def fractions_of(trained_model: TrainedModel) -> tuple[float, ...]:
    """The fractions that are computed of a model, where they did not come with the program."""
    return COARSE if trained_model.recipe.model.kind == "transformer" else FRACTIONS


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
    drawn, ended = False, path.finished or bool(path.obstacle)

    # An ended path has its fragment, too, as the browser may still ask for it once more.
    @st.fragment(run_every=None if ended else EVERY)
    def advance() -> None:
        nonlocal drawn
        until = time.perf_counter() + AT_ONCE
        while drawn and not ended and time.perf_counter() < until:
            if not path.advance():
                rerun_page()
        drawn = True

    advance()
