"""JSON as a frame of strings. Every value is text as written; nested values become JSON text."""

import gc
import json
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_table, limits
from forgetting.data.formats.frames import batches, make_frame, texts
from forgetting.data.formats.parquet import check_values
from forgetting.data.formats.text import Lines

COLUMNS = 20  # that JSON lines are expected to have, for the size of a batch
WRITE_JSON = json.JSONEncoder(ensure_ascii=False).encode


def read_json_lines(lines: Lines) -> pd.DataFrame:
    """Read JSON lines. Columns are the keys in the order in which they appear; nested values become JSON text.

    Args:
        lines: The lines of the text, blank or with one JSON object each.

    Returns:
        A frame of strings; the value of a missing key is "".

    Raises:
        DataError: A line is not an object, or the table is too large. The message has the number of the line where it
            is the line's fault.
    """
    make = _CountedObjects()

    def objects() -> Iterator[dict[str, str]]:
        for number, line in enumerate(lines, 1):
            lines.begin()
            if line.strip():
                row = _json_object(line.strip(), number, make)
                make.cells += len(row)
                yield row

    keys = {}

    def parts() -> Iterator[pa.Table]:
        for batch in batches(objects(), COLUMNS):
            keys.update(dict.fromkeys(key for row in batch for key in row))
            check_table(len(batch), len(keys))
            yield pa.table({key: texts([row.get(key, "") for row in batch]) for key in keys})
            check_values(make.values)  # once it is known that the table alone is not too large

    return make_frame(parts())


class _CountedObjects:
    """Makes objects of JSON, until more values are nested than a table may have.

    values: in all objects so far. cells: those of them that are values of the table.
    """

    def __init__(self):
        self.values = self.cells = 0
        self.most = limits().values  # read once, not for each object

    def __call__(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        if pairs:
            self.values += _listed([value for _, value in pairs])
            if self.values - self.cells > self.most:
                check_values(self.values - self.cells)
        return dict(pairs)


def _listed(values: list) -> int:
    """Values in a list and in those within it. (Those of objects within it were counted when these were made.)"""
    return len(values) + sum(map(_listed, (value for value in values if isinstance(value, list))))


def _load(line: str, make: _CountedObjects) -> object:
    """What a line of JSON holds. Numbers stay as written: as bytes, which are small and which nothing else is."""
    numbers = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), str.encode)
    collects = gc.isenabled()
    gc.disable()  # JSON makes no cycles, and the search for them takes ten times as long as a list of many lists
    try:
        return json.loads(line, object_pairs_hook=make, **numbers)
    finally:
        if collects:
            gc.enable()


def _json_object(line: str, number: int, make: _CountedObjects) -> dict[str, str]:
    try:
        values = _load(line, make)
        if isinstance(values, dict):
            row = {key: _json_text(value) for key, value in values.items()}
            "".join((*row, *row.values())).encode()  # refuses halves of a surrogate pair
            return row
        problem = f"it is {shorten(line)!r}"
    except (ValueError, RecursionError) as error:
        problem = str(error)
    raise DataError(
        f"In JSON lines every line must be one whole object; line {number} is not ({problem}). "
        "Correct that line, or save the table as CSV."
    )


def _json_text(value: object) -> str:
    """A value as text: a string as it is, none as "", anything else as JSON writes it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _nested_text(value)


def _nested_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return f"[{', '.join(map(_nested_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_nested_text(key)}: {_nested_text(item)}' for key, item in value.items())}}}"
    return WRITE_JSON(value)
