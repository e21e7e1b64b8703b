"""Turns: who may train now, where many want to. The others wait in the order they came, and see their place.

A session asks before each slice of work; one that does not come back, as its tab was closed, loses its place by itself.
"""

import threading
import time
from collections.abc import Callable

from forgetting.core.limits import limits
from forgetting.dashboard.state.session import session

TURN_SECONDS = 5.0  # seconds that a session may train while others wait
GONE_SECONDS = 5.0  # seconds without a sign after which a session is taken to be gone
LOOK_SECONDS = 1.0  # seconds between two looks at the line


class TrainingQueue:
    """At most so many at once, whoever came first; a turn that is over goes on after all who wait.

    at_once: how many, asked anew each time. clock: seconds that only grow.
    """

    def __init__(self, at_once: Callable[[], int], clock: Callable[[], float] = time.monotonic):
        self._at_once, self._clock = at_once, clock
        self._since: dict[str, float] = {}  # of those whose turn it is, when it began
        self._waiting: list[str] = []
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def ask(self, who: str) -> int:
        """0 where it is its turn; else its place among those who wait, from 1."""
        with self._lock:
            now = self._clock()
            self._seen[who] = now
            for other in [other for other, seen in self._seen.items() if now - seen > GONE_SECONDS]:
                self._remove(other)
            if self._waiting and now - self._since.get(who, now) >= TURN_SECONDS:
                del self._since[who]
            if who not in self._since and who not in self._waiting:
                self._waiting.append(who)
            while self._waiting and len(self._since) < self._at_once():
                self._since[self._waiting.pop(0)] = now
            return 0 if who in self._since else self._waiting.index(who) + 1

    def leave(self, who: str) -> None:
        """Give up a turn or a place, if there is one."""
        with self._lock:
            self._remove(who)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def _remove(self, who: str) -> None:
        self._seen.pop(who, None)
        self._since.pop(who, None)
        if who in self._waiting:
            self._waiting.remove(who)


QUEUE = TrainingQueue(lambda: limits().training_at_once)


def request_turn() -> int:
    """The session's place among those who wait to train, 0 where it may."""
    mine = session()
    mine.queue_position = QUEUE.ask(mine.name)
    return mine.queue_position


def leave_queue() -> None:
    """The session has no more to train for now."""
    mine = session()
    QUEUE.leave(mine.name)
    mine.queue_position = 0
