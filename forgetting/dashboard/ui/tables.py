"""The columns of tables, each with its help from the glossary."""

from collections.abc import Iterable, Mapping

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
