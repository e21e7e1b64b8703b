"""Tables: columns with the glossary's help, numbers by the rule, reviews to be read whole, and a chart's points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from forgetting.charts.style import PALE_TEXT
from forgetting.dashboard.ui.chart_files import ChartFile, FileTables, chart_files
from forgetting.dashboard.ui.escape import cells, literal
from forgetting.reporting.formatting import format_metric, format_number
from forgetting.reporting.glossary import explain

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

Formats = Mapping[str, Callable[[Any], str]]  # how the numbers of a column are written, by its name
MOST_FORMATTED = 100_000  # cells of a table whose numbers are written by the rule; more of them would take seconds
EXCERPT = 400  # characters of a review in a table; a chosen one is shown whole
BAND_TITLES = {"median": "median", "low": "5 % of seeds", "high": "95 % of seeds"}  # of a band's columns


def explained_columns(names: Iterable[str], config: Mapping[str, dict] | None = None) -> dict[str, dict]:
    """The configuration of a table's columns, with the glossary's help for each column that has none.

    Args:
        names: Of the columns.
        config: How columns are shown, by their names, as `st.column_config` makes it.
    """
    columns = {name: dict((config or {}).get(name) or {}) for name in names}
    for name, column in columns.items():
        column["help"] = column.get("help") or explain(column.get("label") or name, name)
    return columns


def show_table(
    frame: pd.DataFrame,
    *,
    formats: Formats | None = None,
    column_config: Mapping[str, dict] | None = None,
    explained: bool = True,
    pale: Sequence[str] = (),
    **options: Any,
) -> Any:
    """Show a table without its index, each column with its help. It is sorted by its numbers, not by their texts.

    Args:
        frame: What to show.
        formats: How numbers are written where it is not the rule of `formatted`; in a very large table Streamlit does.
        column_config: How columns are shown, by their names.
        explained: Whether the columns are ours; the glossary does not know those of a visitor's file.
        pale: Columns that stand back, as others of the table say the same with more care.
        options: Of `st.dataframe`.

    Returns:
        What `st.dataframe` returns.
    """
    columns = explained_columns(frame.columns, column_config) if explained else column_config
    written = explained and frame.size <= MOST_FORMATTED and (pale or not frame.select_dtypes("number").empty)
    shown = formatted(frame, formats or {}) if written else frame
    if pale and shown is not frame:
        colour = PALE_TEXT[st.context.theme.type or "light"]
        shown.set_properties(subset=list(pale), color=colour)
    return st.dataframe(shown, hide_index=True, column_config=columns, **options)


def formatted(frame: pd.DataFrame, formats: Formats) -> Styler:
    """A table with its numbers as texts: whole ones with commas, but for seeds, which are names; others as scores.

    Where rows name a metric, the columns of the band are written as that metric is.

    Args:
        frame: The table.
        formats: How the numbers of other columns are written.
    """
    frame = frame.reset_index(drop=True)
    shown = frame.style
    numbers = frame.select_dtypes("number")
    rules = {name: "{:,}" if values.dtype.kind in "iu" else format_number for name, values in numbers.items()}
    shown.format({**rules, "seed": "{}", **formats}, subset=list(numbers))
    band = list(BAND_TITLES.values())
    for metric, rows in frame.groupby("metric").groups.items() if {"metric", *band} <= {*frame} else ():
        shown.format(partial(format_metric, metric), subset=(rows, band))
    return shown


def reviews_table(table: pd.DataFrame, texts: Sequence[str], **options: Any) -> None:
    """A table with a row a review. The row that is chosen can be read whole below it.

    Args:
        table: What is shown of the reviews; a long text may be cut.
        texts: The whole text of each row.
        options: Of `show_table`.
    """
    chosen = show_table(cells(table), on_select="rerun", selection_mode="single-row", **options)
    rows = [row for row in chosen["selection"]["rows"] if row < len(texts)]
    if rows:
        st.text(texts[rows[0]])
    else:
        st.caption("Select a row to read its whole review.")


def chart_table(
    make: Callable[[], pd.DataFrame],
    *,
    key: str,
    alt: str,
    formats: Formats | None = None,
    column_config: Mapping[str, dict] | None = None,
    pale: Sequence[str] = (),
    notes: Callable[[], Iterable[str]] = tuple,
    charts: Mapping[str, ChartFile] | None = None,
    points: Callable[[], pd.DataFrame] | None = None,
    tables: FileTables | None = None,
) -> None:
    """The points of a chart as a table, for whoever cannot see or point at them, and the chart as files.

    Both are made once they are asked for.

    Every chart has one below it, alone or with the charts beside it.

    Args:
        make: Makes the table.
        key: Begins the key of the expander.
        alt: What the chart shows.
        formats: See `show_table`.
        column_config: How columns are shown, by their names.
        pale: See `show_table`.
        notes: Makes sentences that stand below the table.
        charts: What is offered as files, see `chart_files`; None where charts and tables are offered elsewhere.
        points: Makes the points for a file, where they are not those of the table.
        tables: See `chart_files`.
    """
    expander = st.expander("As a table", key=f"{key}_table", on_change="rerun")
    if expander.open:
        with expander:
            show_table(cells(make()), formats=formats, column_config=column_config, pale=pale, alt=f"{alt}, as a table")
            for note in notes():
                st.caption(literal(note))
    if charts is not None:
        chart_files(charts, key=key, table=points or make, tables=tables)
