"""The accuracy of a small file's model over several splits, which the Overview says beside that of its one split.

It is shared between visitors, and advanced in slices after the page is drawn. Where it would take long it waits to be
asked for.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import TrainedModel
from forgetting.dashboard.studies.fraction_path import AT_ONCE, LEAST_SECONDS, MOST_SECONDS

if TYPE_CHECKING:
    from forgetting.studies.splits import SplitAccuracy

PLANNED = 10  # splits
ENOUGH = 200  # validation reviews from which on one split says enough: its accuracy has an interval of ± 7 points
FOUND = SharedCache("accuracies over splits", most=4)


class SplitAccuracies:
    """Models of one recipe on several splits, as far as they are trained.

    Attributes:
        found: What is measured so far, by split.
        asked: Whether a visitor wants it, however long it takes.
        obstacle: Why there will be no more; "" where there will.
    """

    def __init__(self, trained_model: TrainedModel):
        from forgetting.studies.splits import accuracy_over_splits  # which imports torch

        self.found: list[SplitAccuracy] = []
        self.asked, self.obstacle = False, ""
        self._seconds, self._lock = 0.0, threading.Lock()
        self._slices = accuracy_over_splits(trained_model.split, trained_model.recipe, PLANNED)

    @property
    def finished(self) -> bool:
        """Whether all splits are measured."""
        return len(self.found) == PLANNED

    @property
    def seconds_left(self) -> float:
        """About how much longer it takes, in seconds of processor time; too little before the first split is done."""
        done = len(self.found) or 1
        return self._seconds * (PLANNED - done) / done

    @property
    def waits(self) -> bool:
        """Whether it takes so long that it has to be asked for."""
        whole = self._seconds + self.seconds_left
        return not (self.asked or self.finished) and self._seconds > LEAST_SECONDS and whole > MOST_SECONDS

    @property
    def rests(self) -> bool:
        """Whether there is nothing to do now."""
        return bool(self.finished or self.obstacle or self.waits)

    def ask(self) -> None:
        """Go on, however long it takes."""
        self.asked = True

    def advance(self) -> None:
        """Do a slice, unless another visitor does so."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            until = time.perf_counter() + AT_ONCE
            while not self.rests and time.perf_counter() < until:
                started = time.thread_time()
                self.found += next(self._slices)
                self._seconds += time.thread_time() - started
        except (ForgettingError, MemoryError) as error:
            self.obstacle = str(error) or "There is not enough memory for more splits."
        finally:
            self._lock.release()


def find_split_accuracies(trained_model: TrainedModel) -> SplitAccuracies | None:
    """The accuracy over splits of a model's recipe, which has to be advanced; None where one split says enough."""
    few = len(trained_model.split.validation) < ENOUGH
    if not few or trained_model.recipe.protocol == "published" or trained_model.trained.state != "finished":
        return None
    key = models.trained_key(trained_model.recipe, trained_model.sha256)
    return FOUND.ask(key, lambda: SplitAccuracies(trained_model))
