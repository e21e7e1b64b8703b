"""Studies: work of many parts that is advanced in slices. A visitor may stop one and resume it later.

What kinds of studies there are is in `registry`, which studies of a session are kept in `kept`.
"""

import math
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel
from forgetting.recipe.recipe import Recipe

STUDY_EVERY = 0.2  # seconds between two runs of the fragment while a study advances
UNASKED_SECONDS = 3.0  # up to which a study, or a quick look at it, starts by itself
DRAWING = 0.4  # seconds, about, that the page takes to be drawn once a part is done, at most as long as the part
UNRECORDED = 0.7  # of an epoch where no history is recorded: 3 passes of the training part, without one of each part
PILOT_EPOCHS = 5  # that are trained at the most where it is not known how long an epoch takes on this machine
PILOT_SECONDS = 0.6  # up to which a pilot is run again, as others slow some of its runs down


@dataclass(frozen=True, eq=False)
class StudyRequest:
    """What a study is asked for.

    Attributes:
        trained_model: The model to study.
        recipe: The visitor's recipe, whose plans say what to do with the model.
        related: The session's other studies of the same kind and base, whose parts a new one takes over.
    """

    trained_model: TrainedModel
    recipe: Recipe
    related: tuple[Study, ...] = ()

    @property
    def whole_recipe(self) -> Recipe:
        """The recipe of the model with the visitor's plans."""
        own = self.recipe
        return replace(
            self.trained_model.recipe,
            randomization=own.randomization,
            sweep=own.sweep,
            relearning=own.relearning,
            forget=own.forget,
            unlearning=own.unlearning,
            review=own.review,
            explanation=own.explanation,
        )

    def known_parts(self, groups: Iterable[Hashable], group_of: Callable, size: int) -> dict[Hashable, list]:
        """Parts that are done in related studies, by the groups that are whole.

        Args:
            groups: Of the parts that are asked for.
            group_of: The group of a part.
            size: How many parts a group has.
        """
        known: dict[Hashable, list] = {}
        for study in self.related:
            found: dict[Hashable, list] = {}
            for part in study.rows:
                found.setdefault(group_of(part), []).append(part)
            known |= {group: parts for group, parts in found.items() if len(parts) == size}
        return {group: known[group] for group in groups if group in known}


@dataclass(frozen=True)
class StudyKind:
    """A kind of study. Its functions raise ForgettingError where the recipe does not fit the model.

    Attributes:
        title: Its name.
        part: What the parts of such a study are called, in the singular.
        key: What a study depends on.
        base: What each of its parts depends on besides what says which part it is: a study takes over parts of
            another one of the same base.
        total: How many parts it has.
        begin: A study under way, with the parts that it takes over.
        known: How many parts it takes over.
        seconds: About how long the others will take.
        describe: What it does, as a part of a sentence.
        look: The request of a quick look at it.
        power: The smallest effect that it could show, in a sentence.
    """

    title: str
    part: str
    key: Callable[[StudyRequest], str]
    base: Callable[[StudyRequest], str]
    total: Callable[[StudyRequest], int]
    begin: Callable[[StudyRequest], Study]
    known: Callable[[StudyRequest], int]
    seconds: Callable[[StudyRequest], float]
    describe: Callable[[StudyRequest], str]
    look: Callable[[StudyRequest], StudyRequest]
    power: Callable[[StudyRequest], str] = lambda _: ""


def seconds_on_page(work: float, parts: float = math.inf) -> float:
    """About how many seconds pass on a page for some of work, as the page is drawn in between, see `panel`.

    Args:
        work: Seconds of work.
        parts: Number of parts that are done by it, after none of which the page is drawn more than once.
    """
    return work + min(work, DRAWING * parts)


def epoch_seconds(trained_model: TrainedModel, *, recorded: bool = True) -> float:
    """About how long an epoch of a model's training takes, as it did when the model was trained on this machine.

    Args:
        trained_model: The model.
        recorded: Whether both parts are measured after the epoch.
    """
    history, share = trained_model.trained.history, 1.0 if recorded else UNRECORDED
    if models.is_pretrained(trained_model) or len(history) < 2:
        return share * _pilot_epoch(models.model_key(trained_model), trained_model)
    return share * (history[-1].seconds - history[0].seconds) / (len(history) - 1)  # the first one is slow


@st.cache_resource(max_entries=64, show_spinner=False)
def _pilot_epoch(key: str, _trained_model: TrainedModel) -> float:  # noqa: ARG001 - the key
    from forgetting.dashboard.state.engine import make_trainer

    trainer = make_trainer(_trained_model.recipe, _trained_model.split)
    seconds = []
    while len(seconds) < PILOT_EPOCHS and sum(seconds) < PILOT_SECONDS:
        started = time.perf_counter()
        trainer.advance(epochs=1)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
