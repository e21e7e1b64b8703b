"""Work that all sessions share: found by the content that it depends on, and kept as long as a session uses it.

Each session holds the last few values that it asked for; what none holds any more is gone, so that memory is that of
the visitors who are there. A value is computed once, however many ask for it at the same time, and is never changed.
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
    """Why there is no value. Held by the session alone: a message may name its file."""

    kind: type[ForgettingError]
    message: str


class SharedCache:
    """Values by key; most: how many a session holds, and how many refusals.

    A key must tell everything that its value depends on, and no more: neither a file's name nor a session.
    """

    def __init__(self, name: str, most: int):
        self.name, self.most = name, most
        self._values: WeakValueDictionary[str, Any] = WeakValueDictionary()
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._lock = threading.Lock()

    @property
    def values(self) -> list[Any]:
        """All that are held by any session."""
        return list(self._values.values())

    def get(self, key: str) -> Any | None:
        """The value that some session holds, which this one then holds too."""
        value = self._held.get(key) or self._values.get(key)
        return None if value is None or isinstance(value, _Refusal) else self._hold(key, value)

    def clear(self) -> None:
        """Offer none of the values any longer; sessions keep theirs."""
        self._values.clear()

    def put(self, key: str, value: Any) -> None:
        """Hold a value for this session, and offer it to the others."""
        self._values[key] = value
        self._hold(key, value)

    def ask(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value, computed if no session holds it. Raises what `compute` raises, without trying it twice."""
        value = self._held.get(key)
        if value is None:
            with self._lock_of(key):
                value = self._values.get(key)
                if value is None:
                    try:
                        value = self._values[key] = compute()
                    except ForgettingError as error:
                        value = _Refusal(type(error), str(error))
        self._hold(key, value)
        if isinstance(value, _Refusal):
            raise value.kind(value.message)
        return value

    @property
    def _held(self) -> OrderedDict[str, Any]:
        return session().held.setdefault(self.name, OrderedDict())

    def _hold(self, key: str, value: Any) -> Any:
        held = self._held
        held.pop(key, None)
        held[key] = value
        refused = isinstance(value, _Refusal)  # a refusal takes the place of another one, not of a value in use
        alike = [other for other, kept in held.items() if isinstance(kept, _Refusal) == refused]
        for other in alike[: -self.most]:
            del held[other]
        return value

    def drop(self, key: str) -> None:
        """Hold a value no longer."""
        self._held.pop(key, None)

    def _lock_of(self, key: str) -> threading.Lock:
        with self._lock:
            lock = self._locks.get(key)
            if lock is None:
                lock = self._locks[key] = threading.Lock()
            return lock


def shared(most: int) -> Callable[[Callable], Callable]:
    """Share a function's values by its first argument, the key; it is called with the others."""

    def decorate(function: Callable) -> Callable:
        values = SharedCache(function.__name__, most)

        def ask(key: str, *inputs: Any) -> Any:
            return values.ask(key, lambda: function(*inputs))

        ask.shared = values
        return ask

    return decorate
