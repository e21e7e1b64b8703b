"""Tables, each column with its help from the glossary."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from forgetting.reporting.glossary import explain


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


def show_table(frame: Any, *, column_config: Mapping[str, dict] | None = None, **options: Any) -> None:
    """Show a table without its index, each column with its help.

    Args:
        frame: A table of pandas.
        column_config: How columns are shown, by their names.
        options: Of `st.dataframe`.
    """
    st.dataframe(frame, hide_index=True, column_config=explained_columns(frame.columns, column_config), **options)
