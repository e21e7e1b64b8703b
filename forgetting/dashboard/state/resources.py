"""The files that visitors upload: read once for all, and bounded together."""

import threading
from dataclasses import replace
from hashlib import sha256
from weakref import WeakSet

from forgetting.core.errors import DataError
from forgetting.core.limits import check_limit
from forgetting.dashboard.state.cache import shared
from forgetting.data import tables
from forgetting.data.tables import ColumnRoles, Table


def read_upload(data: bytes, name: str) -> Table:
    """An uploaded file as a table. The same bytes are read once for all; the name stays the visitor's own.

    One file is read at a time, as each may take much memory, and what it leaves is only known then. Raises DataError
    where it cannot be read, and where the uploads of all visitors would take too much memory.
    """
    key = sha256(data).hexdigest()
    with _READING:
        if _read_table.shared.get(key) is None:
            _check_uploads(name, len(data))
        found = replace(_read_table(key, data, name), source=name)
        _IN_USE.add(found.roles)
        try:
            _check_uploads(name)
        except DataError:
            _read_table.shared.drop(key)
            raise
    return found


_READING = threading.Lock()
_IN_USE: WeakSet[ColumnRoles] = WeakSet()  # of the files that any session has; all tables of a file have the same


@shared(most=1)
def _read_table(data: bytes, name: str) -> Table:
    return tables.read_table(data, name=name)


def _check_uploads(name: str, more: int = 0) -> None:
    """Raise DataError where the files that are held, and so many bytes more, are too much together."""
    held = sum(columns.frame.memory_usage(deep=True).sum() for columns in _IN_USE)
    check_limit(
        "uploads",
        -(-(int(held) + more) // 1024**2),
        f"{name}: The files of all visitors may take {{most}} MB together; with this one they take {{found}} MB.",
        "Try again when others have left, upload fewer rows or columns, or use the sample.",
    )
