"""Where runs are kept: a file of SQLite on one's own machine, or the memory of a session.

A run that is stored again keeps its name, its note and its pin. What `save` has returned is on the disk: each change is
one transaction, which SQLite undoes where the process or the machine stops in its middle.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from forgetting.core.errors import HALF_CHARACTER, ForgettingError, StoreError, plain_reason
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.run import RUN_KINDS, Run
from forgetting.tracking.value_reader import ValueReader

FOLDER_VARIABLE = "FORGETTING_RUNS"
STORE_FORMAT = 1  # of the file; a newer one is refused
MOST_UNPINNED = 1_000  # runs
MOST_CONTENT = 64 * 2**20  # bytes of all contents together
MOST_SIGNS = 100_000  # signs of a name or a note
RUN_TEXTS = ("data_name", "data_sha256", "version", "model", "name", "note")
WAIT = 20.0  # seconds for another process that writes
DAMAGED, PRIMARY_CODE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB), 0xFF  # of SQLite's codes of errors
Found = TypeVar("Found")
TABLE = """CREATE TABLE runs (key TEXT PRIMARY KEY, at TEXT NOT NULL, done INTEGER NOT NULL, pinned INTEGER NOT NULL,
 record TEXT NOT NULL, content BLOB NOT NULL)"""
# Each change is on the disk once it is done, and what is deleted is not left in the file.
SETTINGS = ("synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY")


def runs_folder() -> Path | None:
    """The folder of the stored runs: FORGETTING_RUNS, or the user's data folder; None where that is empty, for none."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        from platformdirs import user_data_path

        return user_data_path("learning-to-forget", appauthor=False)
    return Path(os.path.expanduser(folder)) if folder.strip() else None


class RunStore:
    """Runs in a file, which several processes may use at once.

    Args:
        path: The file. It and its folder are made when the first run is stored.
        most_content: Bytes that all contents may take together.

    Attributes:
        notices: Sentences about what has become of stored runs, for the person who uses them; whoever shows them takes
            them out.
    """

    def __init__(self, path: str | Path, *, most_content: int = MOST_CONTENT):
        self.path, self.most_content = Path(path), most_content
        self.notices: list[str] = []

    def check(self) -> None:
        """Raise StoreError where no run can be stored."""
        self._change(lambda _: None)

    def save(self, run: Run) -> Run:
        """Store a run; the oldest that are not pinned go where there are too many.

        Where the same run is stored already, it keeps its name, note and pin; and its results where the new ones are
        of fewer of its parts, as then it was stopped sooner this time.

        Returns:
            The run as it is stored now.

        Raises:
            StoreError: It cannot be stored.
        """

        def save(database: sqlite3.Connection) -> tuple[Run, int]:
            new = run
            if found := _select(database, run.key):
                before, content = found
                new = replace(run, name=before.name, note=before.note, pinned=before.pinned)
                if before.done > run.done:
                    new = replace(before, at=run.at, content=content)
            if len(new.content) > self.most_content:
                new = replace(new, content=b"")
            _write(database, new)
            return new, _make_room(database, run.key, self.most_content)

        stored, gone = self._change(save)
        if gone:
            runs = "the oldest run is" if gone == 1 else f"the {gone:,} oldest runs are"
            self.notices.append(f"To make room, {runs} gone. Pin the runs that should stay.")
        return stored

    def runs(self) -> list[Run]:
        """All runs, the newest first, without their contents. What only another version can read is left out, and said.

        Raises:
            StoreError: The file cannot be read.
        """
        order = "SELECT record FROM runs ORDER BY at DESC, key"
        records = self._look(lambda database: database.execute(order).fetchall()) or []
        read = [_read(record) for (record,) in records]
        runs = [run for run in read if run]
        sentence = (
            f"Another version of the program has stored {len(read) - len(runs):,} runs that this one cannot read."
        )
        if len(runs) < len(read) and sentence not in self.notices:
            self.notices.append(sentence)
        return runs

    def content(self, key: str) -> bytes:
        """The content of a run; empty where there is none. Raises StoreError as `runs` does."""
        query = "SELECT content FROM runs WHERE key = ?"
        found = self._look(lambda database: database.execute(query, (key,)).fetchone())
        return found[0] if found else b""

    def edit(self, key: str, *, name: str | None = None, note: str | None = None, pinned: bool | None = None) -> None:
        """Name a run, note something of it, or pin it; what is None stays. A run that is gone is ignored.

        Raises:
            StoreError: It cannot be stored, or a text has more than MOST_SIGNS signs.
        """
        given = {"name": name, "note": note, "pinned": pinned}
        changes = {what: value for what, value in given.items() if value is not None}
        for what in ("name", "note"):
            if len(changes.get(what, "")) > MOST_SIGNS:
                raise StoreError(f"A {what} may have {MOST_SIGNS:,} signs; got {len(changes[what]):,}. Shorten it.")

        def edit(database: sqlite3.Connection) -> None:
            if found := _select(database, key):
                run, content = found
                _write(database, replace(run, content=content, **changes))

        self._change(edit)

    def delete(self, key: str) -> None:
        """Delete a run. One that is gone is ignored. Raises StoreError where it cannot be deleted."""
        self._change(lambda database: database.execute("DELETE FROM runs WHERE key = ?", (key,)))

    def _change(self, act: Callable[[sqlite3.Connection], Found]) -> Found:
        """Do something with the database that changes it, all or nothing."""

        def change() -> Found:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._connection("rwc") as database, _transaction(database):
                if not self._format_of(database):
                    _create(database)
                return act(database)

        return self._try(change, "stored")

    def _look(self, act: Callable[[sqlite3.Connection], Found]) -> Found | None:
        """Do something with the database that does not change it; None where there is none yet."""

        def look() -> Found | None:
            if not self.path.exists():
                return None
            with self._connection("rw") as database:  # as it may be in the middle of what another process began
                return act(database) if self._format_of(database) else None

        return self._try(look, "read")

    def _try(self, work: Callable[[], Found], what: str) -> Found:
        """Do some work, for a second time where the file turns out to be damaged, and has been moved aside."""
        try:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE not in DAMAGED or not self._move_aside():
                    raise
                return work()
        except (OSError, sqlite3.Error, OverflowError) as error:
            raise StoreError(
                f"{self.path}: the runs cannot be {what}: {plain_reason(error)}. Make room, or name another folder by "
                f"{FOLDER_VARIABLE}."
            ) from error

    def _format_of(self, database: sqlite3.Connection) -> int:
        """The format of a database, 0 of a new one. Raises StoreError of a newer one."""
        (found,) = database.execute("PRAGMA user_version").fetchone()
        if found > STORE_FORMAT:
            raise StoreError(
                f"{self.path} has the runs in format {found}, of a newer version of this program, which knows formats "
                f"up to {STORE_FORMAT}. Update the program, or name another folder by {FOLDER_VARIABLE}."
            )
        return found

    @contextmanager
    def _connection(self, mode: str) -> Iterator[sqlite3.Connection]:
        place = f"{self.path.absolute().as_uri()}?mode={mode}"
        with closing(sqlite3.connect(place, timeout=WAIT, isolation_level=None, uri=True)) as database:
            for setting in SETTINGS:
                database.execute(f"PRAGMA {setting}")
            yield database

    def _move_aside(self) -> bool:
        """Rename a damaged file, so that runs can be stored again; returns whether the file in its place is whole."""
        try:
            with self._connection("rw") as database:
                whole = database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            whole = False
        if whole:  # as another process has already put a new one there
            return True
        aside = self.path.with_name(f"{self.path.stem}-damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}{self.path.suffix}")
        self.path.replace(aside)
        self.notices.append(
            f"The file of the stored runs was damaged. It is now {aside}, and runs are stored in a new one."
        )
        return True


class MemoryStore(RunStore):
    """Runs in memory, which never touch the disk: those of a session.

    Args:
        most_content: Bytes that all contents may take together.
    """

    def __init__(self, *, most_content: int = MOST_CONTENT):
        super().__init__(":memory:", most_content=most_content)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA temp_store = MEMORY")
        _create(self._database)

    def _change(self, act: Callable[[sqlite3.Connection], Found]) -> Found:
        with self._lock, _transaction(self._database):
            return act(self._database)

    _look = _change


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # SQLite may have undone it by itself
            database.execute("ROLLBACK")
        raise


def _create(database: sqlite3.Connection) -> None:
    database.execute(TABLE)
    database.execute("CREATE INDEX runs_by_time ON runs (at)")
    database.execute(f"PRAGMA user_version = {STORE_FORMAT}")


def _select(database: sqlite3.Connection, key: str) -> tuple[Run, bytes] | None:
    """A stored run and its content; None where there is none, or one that cannot be read."""
    found = database.execute("SELECT record, content FROM runs WHERE key = ?", (key,)).fetchone()
    run = found and _read(found[0])
    return (run, found[1]) if run else None


def _write(database: sqlite3.Connection, run: Run) -> None:
    at = run.at.astimezone(UTC).isoformat(timespec="microseconds")
    values = run.key, at, run.done, run.pinned, record_of(run), run.content
    database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?)", values)


def _make_room(database: sqlite3.Connection, kept: str, most_content: int) -> int:
    """Delete the oldest unpinned runs while there are too many, but for one; returns how many."""
    gone = 0
    rows = database.execute(
        "SELECT key, length(content) FROM runs WHERE NOT pinned AND key != ? ORDER BY at, key", (kept,)
    ).fetchall()
    (size,) = database.execute("SELECT sum(length(content)) FROM runs").fetchone()
    (unpinned,) = database.execute("SELECT count(*) FROM runs WHERE NOT pinned").fetchone()
    for key, content in rows:
        if unpinned <= MOST_UNPINNED and size <= most_content:
            break
        database.execute("DELETE FROM runs WHERE key = ?", (key,))
        gone, unpinned, size = gone + 1, unpinned - 1, size - content
    if size > most_content:  # of pinned runs alone
        database.execute("UPDATE runs SET content = x'' WHERE key = ?", (kept,))
    return gone


def record_of(run: Run) -> str:
    """A run as JSON, but for its content, which `_read` reads back as the same run but for halves of characters."""
    values = {field.name: getattr(run, field.name) for field in fields(run) if field.name != "content"}
    values |= {
        "recipe": run.recipe.to_dict(),
        "metrics": [asdict(metric) for metric in run.metrics],
        "at": run.at.astimezone(UTC).isoformat(),
    }
    return HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", json.dumps(values, ensure_ascii=False))


@lru_cache(maxsize=2 * MOST_UNPINNED)  # a page reads all of them in each run
def _read(record: str) -> Run | None:
    """The run of a record; None where this version cannot read it."""
    try:
        values, reader = json.loads(record), ValueReader("Of a run", "its record", "")
        if values["kind"] not in tuple(RUN_KINDS) or not isinstance(values["pinned"], bool):
            return None
        texts = {name: reader.text(values[name], name, MOST_SIGNS) for name in RUN_TEXTS}
        counts = {name: reader.count(values[name], name) for name in ("done", "planned")}
        metrics = (reader.metric(metric, "metrics") for metric in values["metrics"])
        known = {
            "recipe": Recipe.from_dict(values["recipe"]),
            "metrics": tuple(metrics),
            "seconds": reader.number(values["seconds"], "seconds"),
            "at": datetime.fromisoformat(values["at"]).astimezone(UTC),
        }
        return Run(**values | texts | counts | known)
    except (ValueError, TypeError, LookupError, RecursionError, OverflowError, ForgettingError):
        return None
