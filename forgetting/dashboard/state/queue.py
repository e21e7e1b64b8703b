"""The queue of those who want to train at the same time: who may, and the positions of those who wait.

A session asks before each slice of work. It leaves at once when its tab is closed; and by itself when nothing is heard
of it, as its connection hangs.
"""

import threading
import time
from collections.abc import Callable

import streamlit as st

from forgetting.core.limits import limits
from forgetting.dashboard.state.session import Session

SLOT_SECONDS = 5.0  # seconds that a session may train while others wait
GONE_SECONDS = 5.0  # seconds without asking after which a session is taken to be gone
LOOK_SECONDS = 1.0  # seconds between two looks at the queue


class TrainingQueue:
    """Lets a limited number of sessions train, first come, first served.

    A session whose slot is over, and for which others wait, goes to the end of the queue.

    Args:
        at_once: How many may train at the same time; it is called each time that a session asks.
        clock: Seconds that never decrease.
    """

    def __init__(self, at_once: Callable[[], int], clock: Callable[[], float] = time.monotonic):
        self._at_once, self._clock = at_once, clock
        self._since: dict[str, float] = {}  # of the sessions that may train: when their slot began
        self._waiting: list[str] = []
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def ask(self, who: str) -> int:
        """Join the queue, or ask again; returns the position among those who wait, from 1, or 0 for who may train."""
        with self._lock:
            now = self._clock()
            self._seen[who] = now
            for other in [other for other, seen in self._seen.items() if now - seen > GONE_SECONDS]:
                self._remove(other)
            if self._waiting and now - self._since.get(who, now) >= SLOT_SECONDS:
                del self._since[who]
            if who not in self._since and who not in self._waiting:
                self._waiting.append(who)
            while self._waiting and len(self._since) < self._at_once():
                self._since[self._waiting.pop(0)] = now
            return 0 if who in self._since else self._waiting.index(who) + 1

    def leave(self, who: str) -> None:
        """Neither train nor wait any longer. Who does neither is ignored."""
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


@st.cache_resource(scope="session", on_release=QUEUE.leave, show_spinner=False)
def _leave_when_closed(who: str) -> str:
    """Refer to who is in the queue, from the connection of their tab: its end releases what it refers to."""
    return who


def join_queue(visitor: Session) -> int:
    """Ask to train, for the first time or again; returns the visitor's position, 0 where they may train."""
    visitor.queue_position = QUEUE.ask(_leave_when_closed(visitor.name))
    return visitor.queue_position


def leave_queue(visitor: Session) -> None:
    """Leave the queue, as the visitor has nothing to train for now."""
    QUEUE.leave(visitor.name)
    visitor.queue_position = 0
