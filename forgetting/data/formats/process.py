"""Files that another process takes apart, as rows that are counted while they come. That process is `worker.py`."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_limit, check_table, limits
from forgetting.core.numbers import format_size
from forgetting.data.formats.worker import TOO_LARGE, TOO_WIDE

WORKER = Path(__file__).with_name("worker.py")
WORKER_MEMORY = 1024**3  # bytes that the process may hold
WORKER_SECONDS = 60.0  # after which it is ended
BATCH_ROWS = 1_024  # at a time
NO_MEMORY = b"memory allocation of"  # how Rust says so, and ends the process
LISTS = pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray | pa.ListViewArray | pa.LargeListViewArray
COLUMN_REMEDY = "Leave that column out, or store it as text."


def read_apart(
    kind: str,
    data: bytes,
    max_bytes: int,
    refuse: Callable[[int | None, str], DataError],
    *options: str,
) -> pa.Table:
    """Read a file in another process.

    Args:
        kind: Of file: "parquet" or "spreadsheet".
        data: The bytes of the file.
        max_bytes: To how much its rows may expand.
        refuse: Makes an error of the exit status, None where the process did as it should, and what was said.
        options: What the process is to be told beside the limits.

    Returns:
        The rows, with the types that the process gives them.

    Raises:
        DataError: The file is damaged, expands to more than `max_bytes` bytes, or has too many columns, rows or values.
    """
    try:
        schema, *rows = _bounded(_batches(kind, data, max_bytes, refuse, options), max_bytes)
    except (pa.ArrowException, OSError) as error:
        raise refuse(None, str(error)) from error
    return pa.Table.from_batches(rows, schema)


def check_values(count: int) -> None:
    """Refuse a table with too many values.

    Args:
        count: Values so far, those within lists and objects included.

    Raises:
        DataError: There are more than the limit allows.
    """
    rule = "A table may have at most {most} values, nested ones included; this one has more."
    check_limit("values", count, rule, "Leave out rows, or the columns that hold lists.")


def _batches(
    kind: str, data: bytes, max_bytes: int, refuse: Callable[[int | None, str], DataError], options: tuple[str, ...]
) -> Iterator[pa.Schema | pa.RecordBatch]:
    """The schema, and then the rows."""
    bounds = map(str, (max_bytes, WORKER_MEMORY, BATCH_ROWS, limits().columns))
    command = [sys.executable, "-I", str(WORKER), kind, *bounds, *options]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as child:
        overdue = threading.Timer(WORKER_SECONDS, child.kill)
        overdue.start()
        try:
            child.stdin.write(data)
            child.stdin.close()
            with pa.ipc.open_stream(child.stdout) as stream:
                yield stream.schema
                yield from stream
            message, status = child.stderr.read(), child.wait()
        except (pa.ArrowException, OSError):
            message, status = child.stderr.read(), child.wait()
            if not status:
                raise
        finally:
            overdue.cancel()
            child.kill()
    if status == TOO_LARGE or NO_MEMORY in message:
        raise _too_large(max_bytes)
    if status == TOO_WIDE:
        rule = "A table may have at most {most} columns, parts of nested ones included; this one has {found}."
        check_limit("columns", int(message.split()[-1]), rule, "Keep the columns with text, label and name.")
    if status:
        reason = message.decode(errors="replace").strip()
        raise refuse(status, reason or "reading it ended the process that tried")


def _bounded(batches: Iterable, max_bytes: int) -> Iterator:
    """The batches, as long as all so far are within the limits."""
    rows = values = size = 0
    for batch in batches:
        if isinstance(batch, pa.RecordBatch):
            extents = [_extent(column) for column in batch.columns]
            rows += batch.num_rows
            values += sum(count for count, _ in extents)
            size += sum(taken for _, taken in extents)
            check_table(rows, batch.num_columns)
            check_values(values)
            if size > max_bytes:
                raise _too_large(max_bytes)
        yield batch


def _extent(values: pa.Array) -> tuple[int, int]:
    """Values and bytes of an array with each of its strings, and all that is nested, written out."""
    if isinstance(values, pa.ExtensionArray):
        return _extent(values.storage)
    if pa.types.is_dictionary(values.type):
        lengths = pc.binary_length(values.dictionary.cast(pa.large_binary()))
        return len(values), 8 * len(values) + (pc.sum(lengths.take(values.indices)).as_py() or 0)
    if not values.type.num_fields:
        return len(values), values.nbytes
    found = [_extent(part) for part in _parts(values)]
    return len(values) + sum(count for count, _ in found), 8 * len(values) + sum(size for _, size in found)


def _parts(values: pa.Array) -> list[pa.Array]:
    """What a nested array holds. Refuses a kind of which that is not known: its values would go uncounted."""
    if isinstance(values, pa.MapArray):  # a kind of list, too
        return [values.keys, values.items]
    if isinstance(values, pa.StructArray):
        return values.flatten()
    if isinstance(values, LISTS):
        return [values.flatten()]
    raise DataError(
        f"Nested values must be lists, maps or structs; a column holds {shorten(str(values.type))}. {COLUMN_REMEDY}"
    )


def _too_large(max_bytes: int) -> DataError:
    return DataError(
        f"A file may hold at most {format_size(max_bytes)}; this one expands to more. "
        "Leave out rows or columns that are not needed."
    )
