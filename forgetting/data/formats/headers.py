"""Names of columns that the first rows of a table hold, where the format has rows and no lines of text."""

import pyarrow as pa

from forgetting.data.formats.frames import column_names
from forgetting.data.formats.layout import Layout, find_layout

HEAD_ROWS = 1_000  # by which the layout of a table is found


def take_header(parts: list[pa.Table], header: str) -> tuple[list[pa.Table], Layout]:
    """Name columns as a row of the table does, and leave out that row and those above it.

    Args:
        parts: Tables of strings, one below the other; those above others may lack their last columns.
        header: "automatic", or whether the first row is a header: "yes" or "no".

    Returns:
        The parts with names for all columns, by their positions where no row names them, and the layout that was found.

    Raises:
        DataError: There are too many columns, or two of the same name.
    """
    columns = [column.to_pylist() for column in parts[0].slice(0, HEAD_ROWS).columns]
    rows = [[value or "" for value in row] for row in zip(*columns, strict=True)]
    layout = find_layout(rows, header)
    names = rows[layout.skip] if layout.header and rows else []
    below = parts[0].slice(layout.skip + (layout.header and bool(rows)))
    return name_parts([below, *parts[1:]], names), layout


def name_parts(parts: list[pa.Table], names: list[str]) -> list[pa.Table]:
    """Name the columns of tables that stand one below the other.

    Args:
        parts: The tables; those above others may lack their last columns.
        names: Of the first columns, or of more than there are; others are called by their positions.

    Raises:
        DataError: There are too many columns, or two of the same name.
    """
    width = max(part.num_columns for part in parts)
    names = column_names([*names, *[""] * width][:width])
    return [part.rename_columns(names[: part.num_columns]) for part in parts]
