"""Values that all sessions share: each is found by the content that it depends on, and lives while a session uses it.

A session refers to the last few values that it asked for. What no session refers to is freed, so that the memory in
use is that of the visitors who are there. A value is computed once, however many sessions ask for it at the same time,
and is never changed.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import session


@dataclass(frozen=True)
class _Refusal:
    """Why there is no value. Only the session that asked refers to it, as a message may name its file."""

    kind: type[ForgettingError]
    message: str
    offer: tuple[str, object] | None


class SharedCache:
    """Values by key, such as `SPLITS.ask(key, lambda: prepare(recipe, reviews))`.

    A key must name all that its value depends on, and nothing else: neither a file's name nor a session.

    Args:
        name: Name of the cache, which no other cache has.
        most: How many values a session refers to, and how many refusals.
    """

    def __init__(self, name: str, most: int):
        self.name, self.most = name, most
        self._values: WeakValueDictionary[str, Any] = WeakValueDictionary()
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._lock = threading.Lock()

    @property
    def values(self) -> list[Any]:
        """All values that any session refers to."""
        return list(self._values.values())

    def ask(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value, which is computed where no session refers to it.

        Raises:
            ForgettingError: Where `compute` does. It is not computed a second time for the same session.
        """
        value = self._mine.get(key)
        if value is None:
            with self._lock_of(key):
                value = self._values.get(key)
                if value is None:
                    try:
                        value = self._values[key] = compute()
                    except ForgettingError as error:
                        value = _Refusal(type(error), str(error), error.offer)
        self._refer(key, value)
        if isinstance(value, _Refusal):
            raise value.kind(value.message, value.offer)
        return value

    def get(self, key: str) -> Any | None:
        """The value that some session refers to; from now on this session refers to it, too. None if there is none."""
        value = self._mine.get(key) or self._values.get(key)
        return None if value is None or isinstance(value, _Refusal) else self._refer(key, value)

    def put(self, key: str, value: Any) -> None:
        """Refer to a value from this session, and offer it to the others."""
        self._values[key] = value
        self._refer(key, value)

    def drop(self, prefix: str) -> None:
        """Refer from this session no longer to the values whose keys begin like that."""
        mine = self._mine
        for key in [key for key in mine if key.startswith(prefix)]:
            del mine[key]

    def clear(self) -> None:
        """Offer none of the values any longer. The sessions that refer to them still find them."""
        self._values.clear()

    @property
    def _mine(self) -> OrderedDict[str, Any]:
        return session().cached.setdefault(self.name, OrderedDict())

    def _refer(self, key: str, value: Any) -> Any:
        mine = self._mine
        mine.pop(key, None)
        mine[key] = value
        refused = isinstance(value, _Refusal)  # a refusal drives out another refusal, not a value in use
        same_sort = [other for other, found in mine.items() if isinstance(found, _Refusal) == refused]
        for other in same_sort[: -self.most]:
            del mine[other]
        return value

    def _lock_of(self, key: str) -> threading.Lock:
        with self._lock:
            lock = self._locks.get(key)
            if lock is None:
                lock = self._locks[key] = threading.Lock()
            return lock
