"""The files that visitors upload: each is read once for all visitors, and their memory is bounded together."""

import threading
from dataclasses import replace
from hashlib import sha256
from weakref import WeakSet

from forgetting.core.errors import DataError
from forgetting.core.limits import check_limit
from forgetting.dashboard.state.cache import SharedCache
from forgetting.data import tables
from forgetting.data.columns import ColumnRoles
from forgetting.data.tables import Table

TABLES = SharedCache("tables", most=1)
_READING = threading.Lock()
_IN_USE: WeakSet[ColumnRoles] = WeakSet()  # of the files that any session has; all tables of a file have the same


def read_upload(data: bytes, name: str) -> Table:
    """An uploaded file as a table. The same bytes are read once for all visitors; the name is the visitor's own.

    One file is read at a time, as each may take much memory, and how much it takes in the end is only known then.

    Args:
        data: The content of the file.
        name: The name of the file, for messages and for the table's source.

    Raises:
        DataError: Where the file cannot be read, and where the files of all visitors would take too much memory.
    """
    key = sha256(data).hexdigest()
    with _READING:
        if TABLES.get(key) is None:
            _check_uploads(name, len(data))
        found = replace(TABLES.ask(key, lambda: tables.read_table(data, name=name)), source=name)
        _IN_USE.add(found.roles)
        try:
            _check_uploads(name)
        except DataError:
            TABLES.drop(key)
            raise
    return found


def _check_uploads(name: str, more: int = 0) -> None:
    """Raise DataError where the files in use, and so many bytes more, are too much together."""
    used = sum(columns.frame.memory_usage(deep=True).sum() for columns in _IN_USE)
    check_limit(
        "uploads",
        -(-(int(used) + more) // 1024**2),
        f"{name}: The files of all visitors may take {{most}} MB together; with this one they take {{found}} MB.",
        "Try again when others have left, upload fewer rows or columns, or use the sample.",
    )
