"""Rows and columns of text as a frame, counted while they come: what the formats share."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd
import pyarrow as pa

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_limit, check_table

BATCH = 100_000  # values that are objects of Python's at a time


def column_names(header: list[str]) -> list[str]:
    """Name the columns of a table.

    Args:
        header: The names in the file.

    Returns:
        The names without surrounding blanks; a column without a name is called by its position, "column 1".

    Raises:
        DataError: There are too many columns, or two of the same name.
    """
    check_limit(
        "columns",
        len(header),
        "A table may have at most {most} columns; this one has {found}.",
        "Keep the columns with text, label and name.",
    )
    names = [name.strip() or f"column {position}" for position, name in enumerate(header, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"Columns must have different names; {shorten(twice[0])!r} occurs {names.count(twice[0])} times "
            "in the header (the first line). Rename one of them."
        )
    return names


def batches(rows: Iterable, columns: int) -> Iterator[list]:
    """Lists of rows with so many columns, of about BATCH values each: few at a time are objects of Python's."""
    rows = iter(rows)
    while batch := list(itertools.islice(rows, max(1, BATCH // max(columns, 1)))):
        yield batch


def texts(values: Iterable[str]) -> pa.Array:
    """A column of strings."""
    return pa.array(values, pa.large_string())


def make_frame(parts: Iterable[pa.Table]) -> pd.DataFrame:
    """Put tables below each other; a column that some do not have is filled with "" there.

    Args:
        parts: Tables of strings, a missing value null.

    Returns:
        A frame of strings, which is empty where there is no row.

    Raises:
        DataError: The table is too large, or two of its columns have one name.
    """
    found, rows = [], 0
    for part in parts:
        rows += part.num_rows
        check_table(rows, part.num_columns)
        names = column_names(part.column_names)
        found.append(part)
    if not rows:
        return pd.DataFrame()
    table = pa.concat_tables(found, promote_options="default")
    columns = [column.fill_null("") if column.null_count else column for column in table.columns]
    return pa.table(columns, names=names).to_pandas().astype("str")
