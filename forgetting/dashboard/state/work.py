"""What a visitor has under way: training, studies and the like, each advanced in slices.

It goes on, whatever page is shown, until it ends or is stopped. While the guided story is shown the visitor's own work
waits, and the story's goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import data, models, runs
from forgetting.dashboard.state.session import STORY, Session, Study, session

if TYPE_CHECKING:
    from forgetting.dashboard.state.session import TrainingRun
    from forgetting.model.trainer import Trainer

TRAINING, RELEARN_ONCE, RERUNS = "training", "relearning", "reruns"  # kinds of work that are no studies
SLICE = 0.2  # seconds of work in a run of a fragment


@dataclass(frozen=True)
class Work:
    """Something under way.

    Attributes:
        title: What it is called.
        done: How many of its parts are done.
        total: How many there are.
        part: What one is called.
        advance: Does a slice.
        stop: Stops it; what is done stays.
    """

    title: str
    done: int
    total: int
    part: str
    advance: Callable[[], object]
    stop: Callable[[], None]


def find_work(visitor: Session) -> dict[str, Work]:
    """What the visitor has under way that does not wait, by its kind; a study has the name of its kind."""
    found = {}
    if visitor.page != STORY:
        if visitor.playing and visitor.training_run:
            found[TRAINING] = _training("Training", visitor.training_run.trainer, partial(stop_training, visitor))
        if visitor.relearn_playing and visitor.relearning:
            stop = partial(stop_relearning, visitor)
            found[RELEARN_ONCE] = _training("Relearning", visitor.relearning.trainer, stop)
        if len(visitor.reruns) < visitor.reruns_wanted:
            parts, stop = (len(visitor.reruns), visitor.reruns_wanted, "seed"), partial(stop_reruns, visitor)
            found[RERUNS] = Work("Published table", *parts, partial(rerun_seed, visitor), stop)
    for study in _running_studies(visitor):
        title = study.title.partition(":")[0]
        advance, stop = partial(advance_study, study, visitor.notices), partial(stop_study, study)
        found[study.kind] = Work(title, len(study.rows), study.total, study.part, advance, stop)
    return found


def _running_studies(visitor: Session) -> list[Study]:
    """Those that are kept, then those that are shown; in the story the latter alone."""
    kept = visitor.kept if visitor.page != STORY else []
    return [study for study in (*kept, *visitor.studies.values()) if study.running]


# Training


def _training(title: str, trainer: Trainer, stop: Callable[[], None]) -> Work:
    def advance() -> None:
        trainer.advance(SLICE, wait=False)
        if not trainer.epochs_left:
            stop()

    return Work(title, len(trainer.history), trainer.training.epochs, "epoch", advance, stop)


def begin_training(visitor: Session) -> TrainingRun:
    """Begin to train anew; see `models.start_training`. A training that this replaces is logged as it stands."""
    runs.log_training(visitor)
    return models.start_training(visitor)


def stop_training(visitor: Session) -> None:
    """Pause training, and take the model as it stands."""
    visitor.playing = False
    models.store_progress(visitor)
    runs.log_training(visitor)


def stop_relearning(visitor: Session) -> None:
    """Stop to relearn."""
    visitor.relearn_playing = False


# The published table


def rerun_seed(visitor: Session) -> None:
    """Run the published experiment with the next seed. Where the original file is gone there are no more.

    Another run of the page may do the same meanwhile, or stop it: each seed counts once.
    """
    from forgetting.experiment.published import run_published_seed

    try:
        split = data.find_published_split(visitor.uploads)
    except ForgettingError as error:
        visitor.notices.append(str(error))
        stop_reruns(visitor)
    else:
        seed, started = len(visitor.reruns), time.perf_counter()
        run = run_published_seed(split, seed=seed)
        if len(visitor.reruns) == seed < visitor.reruns_wanted:
            visitor.reruns.append(run)
            visitor.reruns_seconds += time.perf_counter() - started
            if len(visitor.reruns) == visitor.reruns_wanted:
                runs.log_reruns(visitor)


def stop_reruns(visitor: Session) -> None:
    """Run the published experiment with no more seeds."""
    visitor.reruns_wanted = len(visitor.reruns)
    runs.log_reruns(visitor)


# Studies


def run_study(visitor: Session, study: Study) -> None:
    """Let a study run, for the first time or again. Of one kind one runs: another one stops, which is said."""
    for other in _running_studies(visitor):
        if other.kind == study.kind and other is not study:
            stop_study(other)
            if not other.unasked:
                visitor.notices.append(f"Stopped, as another one began: {other.title}. It is among the kept studies.")
    study.running = True


def stop_study(study: Study) -> None:
    """Stop a study. What is done stays, and the study can be resumed while its plan is the same."""
    study.running = False
    with study.lock:  # a run that still advances it ends its part first, so that the count on show stays true
        pass
    runs.log_study(session(), study)


def advance_study(study: Study, notices: list[str], seconds: float = 0.0) -> bool:
    """Do a slice of a study; returns whether the study has just ended.

    Args:
        study: The study, which changes.
        notices: Receives a sentence where an error ends the study. What was done before stays.
        seconds: About how long the slice takes, where that is more than SLICE.
    """
    if not study.lock.acquire(blocking=False):
        return False
    try:
        ended = _advance(study, notices, seconds)
    finally:
        study.lock.release()
    if ended:
        runs.log_study(session(), study)
    return ended


def _advance(study: Study, notices: list[str], seconds: float) -> bool:
    started, length = time.perf_counter(), max(SLICE, seconds)
    try:
        while study.running and time.perf_counter() - started < length and study.unfinished:
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
