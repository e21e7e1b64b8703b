"""Parquet files as tables of strings. Another process takes the bytes apart, see `parquet_worker.py`."""

import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_limit, check_table, limits
from forgetting.core.numbers import format_size
from forgetting.data.formats.parquet_worker import TOO_LARGE, TOO_WIDE

WORKER = Path(__file__).with_name("parquet_worker.py")
WORKER_MEMORY = 1024**3  # bytes that the process may hold
WORKER_SECONDS = 60.0  # after which it is ended
BATCH_ROWS = 1_024  # at a time
LISTS = pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray | pa.ListViewArray | pa.LargeListViewArray
# What pyarrow and Python raise for a date out of range, an unknown time zone, equal names in a struct, and the like.
UNWRITABLE = (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError)
COLUMN_REMEDY = "Leave that column out, or store it as text."


def read_parquet(data: bytes, max_bytes: int) -> pa.Table:
    """Read a Parquet file.

    Args:
        data: The bytes of the file.
        max_bytes: To how much it may expand.

    Returns:
        A table of strings: nested values as Python prints them, a missing value null.

    Raises:
        DataError: The file is damaged, expands to more than `max_bytes` bytes, has too many columns or values, or a
            value that cannot be written as text.
    """
    try:
        batches = list(_bounded(_batches(data, max_bytes), max_bytes))
    except (pa.ArrowException, OSError) as error:
        raise _damaged(str(error)) from error
    schema, rows = batches[0], batches[1:]
    table = pa.Table.from_batches(rows, schema)
    names = table.column_names
    return pa.table([_as_text(name, column) for name, column in zip(names, table.columns, strict=True)], names=names)


def check_values(count: int) -> None:
    """Refuse a table with too many values.

    Args:
        count: Values so far, those within lists and objects included.

    Raises:
        DataError: There are more than the limit allows.
    """
    rule = "A table may have at most {most} values, nested ones included; this one has more."
    check_limit("values", count, rule, "Leave out rows, or the columns that hold lists.")


def _batches(data: bytes, max_bytes: int) -> Iterator[pa.Schema | pa.RecordBatch]:
    """The schema, and then the rows."""
    command = [sys.executable, "-I", str(WORKER), *map(str, (max_bytes, WORKER_MEMORY, BATCH_ROWS, limits().columns))]
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
    if status == TOO_LARGE:
        raise _too_large(max_bytes)
    if status == TOO_WIDE:
        rule = "A table may have at most {most} columns, parts of nested ones included; this one has {found}."
        check_limit("columns", int(message.split()[-1]), rule, "Keep the columns with text, label and name.")
    if status:
        raise _damaged(message.decode(errors="replace").strip() or "reading it ended the process that tried")


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


def _as_text(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        try:
            return column.cast(pa.large_string())
        except pa.ArrowException:  # nested values, and bytes that are not UTF-8
            texts = [None if value is None else str(value) for value in column.to_pylist()]
            return pa.chunked_array([pa.array(texts, pa.large_string())])
    except UNWRITABLE as error:
        raise DataError(
            f"Every value must be one that can be written as text; column {shorten(name)!r} holds one that cannot "
            f"({shorten(str(error), 200)}). {COLUMN_REMEDY}"
        ) from error


def _too_large(max_bytes: int) -> DataError:
    return DataError(
        f"A file may hold at most {format_size(max_bytes)}; this one expands to more. "
        "Leave out rows or columns that are not needed."
    )


def _damaged(reason: str) -> DataError:
    return DataError(
        f"A Parquet file must be whole; this one is cut off or damaged ({shorten(reason, 200)}). Download or export it "
        "again."
    )
