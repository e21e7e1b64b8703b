"""Rows and columns of text as a frame, counted while they come: what the formats share."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd
import pyarrow as pa

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_columns, check_table
from forgetting.data.reading import BadRow

BATCH = 100_000  # values that are objects of Python's at a time
SHOWN = 5  # bad rows that are kept to be shown
SHOWN_LENGTH = 200  # characters of each


def column_names(header: list[str]) -> list[str]:
    """Name the columns of a table.

    Args:
        header: The names in the file.

    Returns:
        The names without surrounding blanks; a column without a name is called by its position, "column 1".

    Raises:
        DataError: There are too many columns, or two of the same name.
    """
    check_columns(len(header))
    names = [name.strip() or f"column {position}" for position, name in enumerate(header, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"Columns must have different names; {shorten(twice[0])!r} occurs {names.count(twice[0])} times "
            "in the header (the first line). Rename one of them."
        )
    return names


class BadRows:
    """Rows that cannot be read: the first refuses the file, or all are left out and counted.

    Args:
        leave_out: Whether they are left out.

    Attributes:
        count: How many were left out.
        shown: The first of them.
    """

    def __init__(self, leave_out: bool):
        self.leave_out, self.count, self.shown = leave_out, 0, []

    def add(self, line: int, cause: str, text: str, message: str) -> None:
        """Leave a row out.

        Args:
            line: The number of the line that it begins at.
            cause: What is wrong with it, as the end of a sentence: "it has 2 fields instead of 3".
            text: The row as it stands in the file, or its beginning.
            message: The rule, the value and the remedy, where rows are not left out.

        Raises:
            DataError: Rows are not left out. The error offers to do so.
        """
        if not self.leave_out:
            raise DataError(f"{message}, or leave bad rows out.", offer=("reading.leave_out_bad_rows", True))
        self.count += 1
        check_table(self.count, 1)
        if len(self.shown) < SHOWN:
            text = text[:1_000].encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # bytes that are no text
            self.shown.append(BadRow(line, cause, shorten(text.strip(), SHOWN_LENGTH)))

    def check(self, rows: int) -> None:
        """Refuse a file most of whose rows are bad: it is something else than it was read as.

        Args:
            rows: Rows that could be read.

        Raises:
            DataError: More rows were left out than could be read.
        """
        if self.count > rows:
            first = self.shown[0]
            raise DataError(
                f"At least half of the rows must be readable; {self.count:,} of {self.count + rows:,} are not. "
                f"The first is at line {first.line}: {first.cause}. Save the table as CSV UTF-8 again."
            )


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
