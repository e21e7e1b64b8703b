"""Studies: work of many parts that a page advances in slices, by kind, and leaves or takes up again.

A study belongs to its session. What the kinds are is told by `kinds`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import Study, TrainedModel, session

STUDY_EVERY = 0.2  # seconds between two runs of the fragment while a study advances
STUDY_SLICE = 0.2  # seconds of work in a run
AUTOSTART_EPOCHS = (
    4_000_000  # epochs × reviews up to which a study that trains models starts by itself: some ten seconds
)


@dataclass(frozen=True)
class StudyKind:
    """What a kind of study is, each a function of a model and, for the rest, of the session's recipe.

    part: what its parts are called. key: what it depends on. total: how many parts it has. begin: a study that is
    under way. quick: whether it is short enough to start by itself. seconds: about how long it will take; tried: by
    trying a part of it, which takes a while.

    All raise ForgettingError where the recipe does not fit the model.
    """

    part: str
    key: Callable[[TrainedModel], str]
    total: Callable[[TrainedModel], int]
    begin: Callable[[TrainedModel], Study]
    quick: Callable[[TrainedModel], bool]
    seconds: Callable[[TrainedModel], float]
    tried: bool = False


def quick_training(trained_model: TrainedModel, epochs: int) -> bool:
    """Whether so many epochs of a model's training are short enough to start by themselves."""
    return epochs * len(trained_model.split.training) <= AUTOSTART_EPOCHS


def training_seconds(trained_model: TrainedModel, epochs: int) -> float:
    """About how long so many epochs of a model's training take."""
    return trained_model.trained.seconds / max(len(trained_model.trained.history), 1) * epochs


def stop_study(name: str) -> None:
    """Stop, and keep what is done; going on is possible while the plan is the same."""
    study = session().studies[name]
    study.running = False
    with study.lock:  # a run that is overtaken ends the part that it is at, so that what is shown as done stays so
        pass


def resume_study(name: str) -> None:
    """Go on where a study was stopped."""
    session().studies[name].running = True


def advance_study(name: str) -> bool:
    """A slice of a study under way; returns whether it has just ended. An error ends it and is kept as a notice."""
    study = session().studies[name]
    if not study.lock.acquire(blocking=False):
        return False
    try:
        return _advance(study)
    finally:
        study.lock.release()


def _advance(study: Study) -> bool:
    mine = session()
    started = time.perf_counter()
    try:
        while study.running and time.perf_counter() - started < STUDY_SLICE and study.slices is not None:
            rows = next(study.slices, None)
            if rows is None:
                study.slices = None
            else:
                study.rows += rows
    except ForgettingError as error:
        mine.notices.append(str(error))
        study.slices = None
    except MemoryError:
        mine.notices.append("The study needs more memory than there is. What is done is kept; plan a smaller one.")
        study.slices = None
    study.seconds += time.perf_counter() - started
    if study.left:
        return False
    study.slices, study.running = None, False
    return True
