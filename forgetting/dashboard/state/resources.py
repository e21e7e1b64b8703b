"""The files that visitors upload: each is read once for all visitors, and their memory is bounded together."""

import threading
from dataclasses import replace
from hashlib import sha256
from weakref import WeakSet, WeakValueDictionary

from forgetting.core.errors import DataError
from forgetting.core.limits import check_limit, limits
from forgetting.core.numbers import NO_BREAK
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import Content, RefusedUpload, Session, Upload, session
from forgetting.data import tables
from forgetting.data.columns import ColumnRoles
from forgetting.data.reading import DEFAULT_READING, ReadingSettings
from forgetting.data.tables import Table

MOST_UPLOADS = 2  # files of a session: the one in use, and the one before, to which undoing leads back
TABLES = SharedCache("tables", most=MOST_UPLOADS + 1)
_READING = threading.Lock()
_CONTENTS: WeakValueDictionary[str, Content] = WeakValueDictionary()  # by SHA-256
_IN_USE: WeakSet[ColumnRoles] = WeakSet()  # of the files that any session has; all tables of a file have the same


def take_upload(visitor: Session, upload: Upload, reading: ReadingSettings = DEFAULT_READING) -> None:
    """Read an uploaded file, and keep it with the visitor's one before, as far as there is room for both.

    The same bytes are read once for all visitors; the name is the visitor's own. One file is read at a time, as each
    may take much memory, and how much it takes in the end is only known then.

    Args:
        visitor: Who has uploaded it.
        upload: The file.
        reading: How it is to be read.

    Raises:
        DataError: Where the file cannot be read, and where the files of all visitors would take too much memory. One
            that cannot be read is kept as the visitor's refused upload.
    """
    visitor.refused_upload = None
    with _READING:
        if TABLES.get(_key(upload, reading)) is None:
            _make_room(visitor, upload.source, len(upload.content.data))
        try:
            _read(upload, reading)
        except DataError as error:
            visitor.refused_upload = RefusedUpload(upload, reading, error.offer)
            raise
        try:
            _make_room(visitor, upload.source)
        except DataError:
            TABLES.drop(upload.sha256)
            raise
        others = [other for other in visitor.uploads if other.sha256 != upload.sha256]
        _keep(visitor, [*others, upload][-MOST_UPLOADS:])


def share_upload(data: bytes, name: str) -> Upload:
    """A file under a visitor's name, whose bytes are those that another visitor has, too."""
    key = sha256(data).hexdigest()
    content = _CONTENTS.get(key)
    if content is None:
        content = _CONTENTS[key] = Content(data, key)
    return Upload(name, content)


def find_upload_table(upload: Upload, reading: ReadingSettings) -> Table:
    """The table of an uploaded file, read in this way, which takes the place of how the visitor had it read before.

    Raises:
        DataError: It cannot be read so, or the files of all visitors would then take too much memory.
    """
    found = TABLES.get(_key(upload, reading))
    if found is not None:
        return replace(found, source=upload.source)
    with _READING:
        TABLES.drop(upload.sha256)
        table = _read(upload, reading)
        try:
            _make_room(session(), upload.source)
        except DataError:
            TABLES.drop(upload.sha256)
            raise
    return table


def _read(upload: Upload, reading: ReadingSettings) -> Table:
    """The table, which is computed where no session has it."""
    content, name = upload.content.data, upload.source
    found = TABLES.ask(_key(upload, reading), lambda: tables.read_table(content, name=name, reading=reading))
    _IN_USE.add(found.roles)
    return replace(found, source=name)


def _key(upload: Upload, reading: ReadingSettings) -> str:
    """What a table depends on; it begins with the file's digest."""
    return f"{upload.sha256} {sorted(reading.to_dict().items())}"


def _keep(visitor: Session, uploads: list[Upload]) -> None:
    """Keep these files alone. A change that led away from another one can no longer be undone."""
    gone = {upload.sha256 for upload in visitor.uploads} - {upload.sha256 for upload in uploads}
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
    tables_take = sum(int(columns.frame.memory_usage(deep=True).sum()) for columns in _IN_USE)
    return -(-(tables_take + sum(len(content.data) for content in _CONTENTS.values()) + more) // 1024**2)
