"""One JSON object that a whole table was written as, in the forms that pandas and others write.

Columns of values by row, rows by name, columns of lists, and one list of rows among other things.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_columns, check_table
from forgetting.data.formats.frames import BATCH, BadRows, batches, texts
from forgetting.data.formats.json_rows import CountedObjects, JsonTable, read_rows, source_texts
from forgetting.data.formats.json_text import JsonText

NUMBER = re.compile(r"-?\d+")  # what pandas calls rows, where nobody named them
PANDAS_INDEX = "index"  # and the column of these numbers in its table with a schema


def read_document(source: JsonText, make: CountedObjects, bad: BadRows) -> tuple[JsonTable, list[str] | None] | None:
    """Read the table that one object was written as.

    Args:
        source: A text whose next value is an object.
        make: What makes its objects.
        bad: Takes the rows that cannot be read.

    Returns:
        The table, and the names of its columns where the object gives them beside rows that are arrays. None where the
        object is something else.

    Raises:
        DataError: The text is not well formed, the object holds several tables, or the table is too large.
    """
    tables, lists, cells, others, within = {}, {}, _Cells(), False, {}
    for key in source.members():
        sign = source.sign()
        if sign == "{":
            cells.add(key, (source_texts(part, source, make) for part in _noting_rows(key, source.parts(), within)))
        elif sign == "[" and source.second_sign() in ("{", "["):
            tables[key] = read_rows((source.value() for _ in source.elements()), source, make, bad)
        elif sign == "[":
            lists[key] = _column((source.value() for _ in source.elements()), source, make, len(lists) + 1)
        else:
            source.value()
            others = True
        check_columns(len(lists))
        _check_one(tables)
    if tables:
        (table,) = tables.values()
        if "schema" in cells.outer and PANDAS_INDEX in table.parts[0].column_names:
            table = JsonTable([part.drop_columns(PANDAS_INDEX) for part in table.parts])
        names = lists["columns"].to_pylist() if table.positions and "columns" in lists else None
        return (table, names) if len(table) > 1 else None
    if within and (len(cells.outer) == 1 or lists or others):
        _check_one(within)
        (rows,) = within.values()
        return read_rows(rows, source, make, bad), None
    if lists and not cells.outer and not others:
        shortest, longest = min(map(len, lists.values())), max(map(len, lists.values()))
        return (JsonTable([pa.table(lists)]), None) if 1 < shortest == longest else None
    return (JsonTable([cells.table()]), None) if cells.outer and not lists and not others else None


def _noting_rows(key: str, parts: Iterable[dict[str, object]], within: dict[str, list]) -> Iterator[dict[str, object]]:
    """The parts of an inner object; of lists of rows in it the first is kept, and the paths of two."""
    for part in parts:
        for name, value in part.items():
            if isinstance(value, list) and len(value) > 1 and len(within) < 2 and isinstance(value[0], dict):
                within[f"{key}.{name}"] = [] if within else value
        yield part


def _check_one(tables: Mapping[str, object]) -> None:
    if len(tables) > 1:
        first, second = (repr(shorten(name)) for name in tables)
        raise DataError(
            f"A JSON object must hold one list of rows; this one holds several, such as {first} and {second}. "
            "Keep the one with the reviews."
        )


def _column(values: Iterable[object], source: JsonText, make: CountedObjects, columns: int) -> pa.ChunkedArray:
    """A list of values, as the last of so many columns."""
    chunks, rows = [], 0
    for batch in batches(values, 1):
        make.count(batch)
        rows += len(batch)
        check_table(rows, columns)
        numbered = {str(number): value for number, value in enumerate(batch)}
        chunks.append(texts(source_texts(numbered, source, make).values()))
    return pa.chunked_array(chunks, pa.large_string())


class _Cells:
    """The values of objects within an object, by the numbers of their two keys.

    outer: the keys of the outer object. inner: the number of each key of the inner ones.
    """

    def __init__(self):
        self.outer, self.inner = [], {}
        self._numbers = array("i"), array("i")  # of the outer and of the inner key of each value
        self._chunks, self._values = [], []

    def add(self, key: str, parts: Iterable[dict[str, str]]) -> None:
        """Add an inner object, in parts."""
        for part in parts:
            self._numbers[0].extend([len(self.outer)] * len(part))
            self._numbers[1].extend(self.inner.setdefault(name, len(self.inner)) for name in part)
            self._values += part.values()
            few, many = sorted((len(self.outer) + 1, len(self.inner)))
            check_table(many, 1)
            check_columns(few)
            if len(self._values) >= BATCH:
                self._flush()
        self.outer.append(key)

    def table(self) -> pa.Table:
        """Columns by their outer keys, or rows by them: rows are what has numbers, or else what there is more of."""
        self._flush()
        named = [all(map(NUMBER.fullmatch, keys)) for keys in (self.outer, self.inner)]
        by_rows = named[0] if named[0] != named[1] else len(self.outer) > len(self.inner)
        rows, columns = (list(self.outer), list(self.inner))[:: 1 if by_rows else -1]
        row, column = (np.frombuffer(numbers, np.int32) for numbers in self._numbers[:: 1 if by_rows else -1])
        check_table(len(rows), len(columns))
        values = pa.chunked_array(self._chunks, pa.large_string()).combine_chunks()
        order = np.argsort(column, kind="stable")
        ends = np.searchsorted(column[order], np.arange(len(columns) + 1))
        table = {}
        for number, name in enumerate(columns):
            places = order[ends[number] : ends[number + 1]]
            found = np.full(len(rows), -1)
            found[row[places]] = places  # of equal keys the last
            table[name] = values.take(pa.array(found, mask=found < 0))
        return pa.table(table)

    def _flush(self) -> None:
        self._chunks.append(texts(self._values))
        self._values = []
