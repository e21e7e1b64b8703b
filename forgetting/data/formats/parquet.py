"""Parquet files as tables of strings."""

import pyarrow as pa

from forgetting.core.errors import DataError, shorten
from forgetting.data.formats.process import COLUMN_REMEDY, read_apart

# What pyarrow and Python raise for a date out of range, an unknown time zone, equal names in a struct, and the like.
UNWRITABLE = (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError)


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
    table = read_apart("parquet", data, max_bytes, lambda _, reason: _damaged(reason))
    names = table.column_names
    return pa.table([_as_text(name, column) for name, column in zip(names, table.columns, strict=True)], names=names)


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


def _damaged(reason: str) -> DataError:
    return DataError(
        f"A Parquet file must be whole; this one is cut off or damaged ({shorten(reason, 200)}). Download or export it "
        "again."
    )
