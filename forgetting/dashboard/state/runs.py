"""The runs of a visitor: what was trained, compared and studied is logged, on this machine or in the session alone.

A result is logged once: a training or a study when it ends or is stopped, a comparison when the visitor has rested on
it and goes on. What makes and stores runs is imported then, as the first screen needs none of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from forgetting.core.errors import ForgettingError, StoreError
from forgetting.dashboard.state import data, models
from forgetting.dashboard.state.session import STORY, Session, Study, TrainedModel
from forgetting.metrics.baselines import Baselines, beats_trivial
from forgetting.recipe.recipe import OPENINGS

if TYPE_CHECKING:
    from forgetting.experiment.results import Comparison
    from forgetting.randomization.settings import Randomization
    from forgetting.tracking.run import Run
    from forgetting.tracking.run_store import RunStore

RESTED = 2.0  # seconds for which a comparison is shown before it counts as looked at
SESSION_CONTENT = 16 * 2**20  # bytes that the contents of the runs of a session may take


class VisitorRuns:
    """The runs that a visitor sees: those of the disk, where there is one, and those that could not be stored there.

    Its methods are those of a `RunStore`.

    Args:
        disk: Where runs are stored; None for the session alone.
        say: Receives what the visitor is to know of stored runs, each sentence once.
    """

    def __init__(self, disk: RunStore | None, say: Callable[[str], object]):
        from forgetting.tracking.run_store import MemoryStore

        self.disk, self.memory = disk, MemoryStore(most_content=SESSION_CONTENT)
        self._say, self._said = say, set()
        self._here: set[str] = set()  # keys of the runs that are in memory alone

    def save(self, run: Run) -> Run:
        """Store a run, in the session alone where the disk cannot take it, which is said."""
        if self.disk:
            with self._telling(" Until then runs are kept in this session only."):
                return self.disk.save(run)
        self._here.add(run.key)
        return self.memory.save(run)

    def runs(self) -> list[Run]:
        """All runs, the newest first, without their contents."""
        lasting: list[Run] = []
        if self.disk:
            with self._telling():
                lasting = self.disk.runs()
        known = {run.key for run in lasting}
        passing = [run for run in self.memory.runs() if run.key not in known]
        self._here = {run.key for run in passing}
        return sorted([*lasting, *passing], key=lambda run: run.at, reverse=True)

    def content(self, key: str) -> bytes:
        """The content of a run; empty where there is none."""
        with self._telling():
            return self._store_of(key).content(key)
        return b""

    def edit(self, key: str, **changes: Any) -> None:
        """Change a run's name, note or pin. Raises StoreError where that cannot be stored."""
        self._store_of(key).edit(key, **changes)

    def delete(self, key: str) -> None:
        """Delete a run. Raises StoreError where that cannot be done."""
        self._store_of(key).delete(key)

    def lasts(self, key: str) -> bool:
        """Whether a run is there when the session has ended."""
        return self._store_of(key) is self.disk

    def _store_of(self, key: str) -> RunStore:
        return self.memory if self.disk is None or key in self._here else self.disk

    @contextmanager
    def _telling(self, then: str = "") -> Iterator[None]:
        """Say what a store notes, and why it could do nothing; then go on."""
        sentences: list[str] = []
        try:
            yield
        except StoreError as error:
            sentences.append(f"{error}{then}")
        for store in filter(None, (self.disk, self.memory)):
            sentences += store.notices
            store.notices.clear()
        for sentence in sentences:
            if sentence not in self._said:
                self._said.add(sentence)
                self._say(sentence)


def session_store(visitor: Session) -> VisitorRuns:
    """Where a visitor's runs are kept: on the disk where the browser is on the same machine, else in the session."""
    if visitor.runs is None:
        from forgetting.tracking.run_store import RunStore, runs_folder

        elsewhere = isinstance(st.context.ip_address, str)  # who opens the app from another machine sees no runs of it
        folder = None if elsewhere else runs_folder()
        disk = RunStore(folder / "runs.sqlite") if folder else None
        visitor.runs = VisitorRuns(disk, lambda sentence: visitor.notices.append(sentence))
    return visitor.runs


def log_training(visitor: Session) -> None:
    """Log the visitor's training run as it stands, where it has come further since it was last logged."""
    run = visitor.training_run
    if run is None or run.trainer.steps in (0, run.logged_steps):
        return
    from forgetting.dashboard.state.engine import snapshot
    from forgetting.tracking.run_records import training_run

    run.logged_steps = run.trainer.steps
    trained, baselines = snapshot(run.trainer, run.initial), models.find_baselines(run)
    _save(visitor, lambda: training_run(run.recipe, run.split, trained, baselines))


def log_study(visitor: Session, study: Study, nested: Sequence[Any] = ()) -> None:
    """Log a study as it stands. A quick look at one is not logged, nor what the story shows.

    Args:
        visitor: Whose study it is.
        study: The study.
        nested: The nested intervals of its curves, once they are there.
    """
    model = study.trained_model
    if study.look or not study.rows or visitor.page == STORY or model is None:
        return
    from forgetting.tracking.run_records import study_run

    scores, _ = models.measure_beside_majority(model)
    baselines = models.find_baselines(model)
    about = {"digest": model.digest, "seconds": study.seconds, "nested": nested}
    hollow = not beats_trivial(scores, baselines.majority_class)
    _save(visitor, lambda: study_run(study.kind, study.result, model.trained, baselines, hollow=hollow, **about))


def log_reruns(visitor: Session) -> None:
    """Log the re-runs of the published table that are done."""
    if not visitor.reruns:
        return
    from forgetting.tracking.run_records import reproduction_run

    with suppress(ForgettingError):  # where the original file is gone
        digest = data.find_original_table(visitor.uploads).sha256
        _save(visitor, lambda: reproduction_run(visitor.reruns, digest, seconds=visitor.reruns_seconds))


@dataclass
class RestedComparison:
    """A comparison that a page shows.

    Attributes:
        key: What identifies it.
        make: Makes its run.
        since: When it was shown first, in seconds of the monotonic clock.
        logged: Whether it is logged.
    """

    key: str
    make: Callable[[], Run]
    since: float = field(default_factory=time.monotonic)
    logged: bool = False


def rest_on(visitor: Session, trained_model: TrainedModel) -> None:
    """Note, once a page is drawn, that it shows a comparison, and log the one before where the visitor rested on that.

    The story's is none, nor the one that the app opens with while the visitor has changed nothing, nor that of a model
    in training.
    """
    untouched = visitor.change is None and visitor.recipe in OPENINGS.values()
    key = models.comparison_key(trained_model, visitor.recipe.randomization)
    if visitor.rested and visitor.rested.key == key:
        return
    log_rested(visitor)
    visitor.rested = None
    if visitor.page == STORY or visitor.playing or untouched or not trained_model.trained.steps:
        return
    comparison = models.find_comparison(trained_model, visitor.recipe.randomization)
    baselines, randomization = models.find_baselines(trained_model), visitor.recipe.randomization
    make = partial(_comparison_run, randomization, trained_model, comparison, baselines)
    visitor.rested = RestedComparison(key, make)
    session_store(visitor)  # which asks where the browser is: once the tab is closed, nobody can tell
    _log_when_closed(visitor.name, visitor)


def log_rested(visitor: Session) -> None:
    """Log the comparison that the visitor has rested on and leaves."""
    rested = visitor.rested
    if rested and not rested.logged and time.monotonic() - rested.since >= RESTED:
        rested.logged = True
        _save(visitor, rested.make)


@st.cache_resource(scope="session", on_release=log_rested, show_spinner=False)
def _log_when_closed(name: str, _visitor: Session) -> Session:  # noqa: ARG001 - the key
    """Refer to a visitor from the connection of their tab: its end logs what they have rested on."""
    return _visitor


def current_run(visitor: Session) -> Run | None:
    """What the visitor has before them, as a run: the comparison of their model. None where there is none."""
    trained_model = models.find_trained_model(visitor)
    if trained_model is None or models.is_outdated(trained_model, visitor.inputs):
        return None
    try:
        comparison = models.find_comparison(trained_model, visitor.recipe.randomization)
        baselines = models.find_baselines(trained_model)
        return _comparison_run(visitor.recipe.randomization, trained_model, comparison, baselines)
    except ForgettingError:
        return None


def _comparison_run(
    randomization: Randomization, model: TrainedModel, comparison: Comparison, baselines: Baselines
) -> Run:
    from forgetting.tracking.run_records import comparison_run

    recipe = models.compared_recipe(model, randomization)
    return comparison_run(recipe, model.split, model.trained, comparison, baselines, digest=model.digest)


def _save(visitor: Session, make: Callable[[], Run]) -> None:
    """Make and store a run; where there can be none, the page goes on without."""
    with suppress(ForgettingError):
        session_store(visitor).save(make())
