"""Studies: work of many parts that a page advances in slices. A visitor may leave one and resume it later.

What kinds of studies there are is in `registry`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import Study, TrainedModel
from forgetting.recipe.recipe import Recipe

STUDY_EVERY = 0.2  # seconds between two runs of the fragment while a study advances
STUDY_SLICE = 0.2  # seconds of work in a run
AUTOSTART_EPOCHS = 4_000_000  # epochs × reviews up to which a study that trains models starts by itself: about 10 s


@dataclass(frozen=True, eq=False)
class StudyRequest:
    """What a study is asked for.

    Attributes:
        trained_model: The model to study.
        recipe: The visitor's recipe, whose plans say what to do with the model.
        previous: The visitor's last study of the same kind, if any, which a new one may continue.
    """

    trained_model: TrainedModel
    recipe: Recipe
    previous: Study | None = None


@dataclass(frozen=True)
class StudyKind:
    """A kind of study. Its functions raise ForgettingError where the recipe does not fit the model.

    Attributes:
        part: What the parts of such a study are called, in the plural.
        key: What a study depends on.
        total: How many parts it has.
        begin: A study under way.
        quick: Whether it is short enough to start by itself.
        seconds: About how long it will take.
        tried: Whether `seconds` runs a part of the study, which takes a while.
    """

    part: str
    key: Callable[[StudyRequest], str]
    total: Callable[[StudyRequest], int]
    begin: Callable[[StudyRequest], Study]
    quick: Callable[[StudyRequest], bool]
    seconds: Callable[[StudyRequest], float]
    tried: bool = False


def training_time(epochs: Callable[[StudyRequest], int]) -> dict[str, Callable[[StudyRequest], Any]]:
    """The `quick` and `seconds` of a kind of study that trains models. epochs: about how many all of them take."""

    def quick(request: StudyRequest) -> bool:
        return epochs(request) * len(request.trained_model.split.training) <= AUTOSTART_EPOCHS

    def seconds(request: StudyRequest) -> float:
        trained = request.trained_model.trained
        return trained.seconds / max(len(trained.history), 1) * epochs(request)

    return {"quick": quick, "seconds": seconds}


def stop_study(study: Study) -> None:
    """Stop a study. What is done stays, and the study can be resumed while its plan is the same."""
    study.running = False
    with study.lock:  # a run that still advances it ends its part first, so that the count on show stays true
        pass


def resume_study(study: Study) -> None:
    """Go on where a study was stopped."""
    study.running = True


def advance_study(study: Study, notices: list[str]) -> bool:
    """Do a slice of a study; returns whether the study has just ended.

    Args:
        study: The study, which changes.
        notices: Receives a sentence where an error ends the study. What was done before stays.
    """
    if not study.lock.acquire(blocking=False):
        return False
    try:
        return _advance(study, notices)
    finally:
        study.lock.release()


def _advance(study: Study, notices: list[str]) -> bool:
    started = time.perf_counter()
    try:
        while study.running and time.perf_counter() - started < STUDY_SLICE and study.slices is not None:
            rows = next(study.slices, None)
            if rows is None:
                study.slices = None
            else:
                study.rows += rows
    except ForgettingError as error:
        notices.append(str(error))
        study.slices = None
    except MemoryError:
        notices.append("The study needs more memory than there is. What is done stays; plan a smaller one.")
        study.slices = None
    study.seconds += time.perf_counter() - started
    if study.unfinished:
        return False
    study.slices, study.running = None, False
    return True
