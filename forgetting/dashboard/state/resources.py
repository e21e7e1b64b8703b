"""The files that visitors upload: each is read once for all visitors, and their memory is bounded together."""

import threading
from dataclasses import replace
from hashlib import sha256
from weakref import WeakSet

from forgetting.core.errors import DataError
from forgetting.core.limits import check_limit, limits
from forgetting.core.numbers import NO_BREAK
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import Session
from forgetting.data import tables
from forgetting.data.columns import ColumnRoles
from forgetting.data.tables import Table

MOST_UPLOADS = 2  # files of a session: the one in use, and the one before, to which undoing leads back
TABLES = SharedCache("tables", most=MOST_UPLOADS + 1)
_READING = threading.Lock()
_IN_USE: WeakSet[ColumnRoles] = WeakSet()  # of the files that any session has; all tables of a file have the same


def take_upload(visitor: Session, data: bytes, name: str) -> Table:
    """Read an uploaded file, and keep it with the visitor's one before, as far as there is room for both.

    The same bytes are read once for all visitors; the name is the visitor's own. One file is read at a time, as each
    may take much memory, and how much it takes in the end is only known then.

    Args:
        visitor: Who has uploaded it.
        data: The content of the file.
        name: The name of the file, for messages and for the table's source.

    Raises:
        DataError: Where the file cannot be read, and where the files of all visitors would take too much memory.
    """
    key = sha256(data).hexdigest()
    with _READING:
        if TABLES.get(key) is None:
            _make_room(visitor, name, len(data))
        found = replace(TABLES.ask(key, lambda: tables.read_table(data, name=name)), source=name)
        _IN_USE.add(found.roles)
        try:
            _make_room(visitor, name)
        except DataError:
            TABLES.drop(key)
            raise
        others = [table for table in visitor.uploads if table.sha256 != key]
        _keep(visitor, [*others, found][-MOST_UPLOADS:])
    return found


def _keep(visitor: Session, uploads: list[Table]) -> None:
    """Keep these files alone. A change that led away from another one can no longer be undone."""
    gone = {table.sha256 for table in visitor.uploads} - {table.sha256 for table in uploads}
    visitor.uploads = uploads
    for key in gone:
        TABLES.drop(key)
    if visitor.change and visitor.change.before.data.sha256 in gone:
        visitor.change = None


def _make_room(visitor: Session, name: str, more: int = 0) -> None:
    """Let go of the visitor's earlier file where the files in use, and so many bytes more, are too much together.

    Raises:
        DataError: Where they still are.
    """
    if len(visitor.uploads) > 1 and _megabytes(more) > limits().uploads:
        visitor.notices.append(f"To make room, {visitor.uploads[0].source} is gone. Upload it again to return to it.")
        _keep(visitor, visitor.uploads[-1:])
    check_limit(
        "uploads",
        _megabytes(more),
        f"{name}: The files of all visitors may take {{most}}{NO_BREAK}MB together; with this one they take "
        f"{{found}}{NO_BREAK}MB.",
        "Try again when others have left, upload fewer rows or columns, or use the synthetic sample.",
    )


def _megabytes(more: int) -> int:
    used = sum(columns.frame.memory_usage(deep=True).sum() for columns in _IN_USE)
    return -(-(int(used) + more) // 1024**2)
