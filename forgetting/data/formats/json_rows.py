"""Rows of JSON, which are objects or arrays, as tables of strings that are counted while they come."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_table, limits
from forgetting.data.formats.frames import BadRows, batches, texts
from forgetting.data.formats.json_text import JsonText
from forgetting.data.formats.process import check_values

COLUMNS = 20  # that rows of JSON are expected to have, for the size of a batch
WRITE_JSON = json.JSONEncoder(ensure_ascii=False).encode
NOT_WHOLE = "a damaged byte or half of a surrogate pair"
# What programs pack a row into: a name that is beside it, and its own; of Hugging Face, GeoJSON and Elasticsearch.
PACKED = (("row_idx", "row"), ("geometry", "properties"), ("_index", "_source"))
BRACKETED = {dict: "object", list: "array"}


class CountedObjects:
    """Makes objects of JSON, until more values are nested than a table may have.

    values: in all objects so far. cells: those of them that are values of the table.
    """

    def __init__(self):
        self.values = self.cells = 0
        self.most = limits().values  # read once, not for each object

    def __call__(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        if pairs:
            self.count([value for _, value in pairs])
        return dict(pairs)

    def clear(self) -> None:
        """Count from zero, where what was counted is read again."""
        self.values = self.cells = 0

    def count(self, values: list) -> None:
        """Count values, and those of lists in them. (Those of objects in them were counted when these were made.)"""
        self.values += _listed(values)
        if self.values - self.cells > self.most:
            check_values(self.values - self.cells)


def row_texts(values: dict[str, object], make: CountedObjects) -> dict[str, str]:
    """The values of an object that `make` made as text: a string as it is, none as "", anything else as JSON writes it.

    Raises:
        UnicodeError: A text holds half of a surrogate pair.
    """
    row = {key: _json_text(value) for key, value in values.items()}
    "".join((*row, *row.values())).encode()  # refuses halves of a surrogate pair
    make.cells += len(row)
    return row


@dataclass(frozen=True)
class JsonTable:
    """Rows as parts of a table of strings.

    Attributes:
        parts: The parts, one below the other.
        positions: Whether rows were arrays; their columns are "1", "2" and so on.
    """

    parts: list[pa.Table]
    positions: bool = False

    def __len__(self) -> int:
        return sum(map(len, self.parts))


def read_rows(values: Iterable[object], source: JsonText, make: CountedObjects, bad: BadRows) -> JsonTable:
    """Make a table of rows; where programs pack each into an object with its number or place, of what is packed.

    Args:
        values: The rows as they are decoded, all objects or all arrays.
        source: Where they come from.
        make: What made their objects.
        bad: Takes the rows that hold a text that is not whole.

    Raises:
        DataError: A row is something else, or the table is too large.
    """
    kind = dict

    def rows() -> Iterator[dict[str, str]]:
        nonlocal kind
        for number, value in enumerate(values):
            if number == 0 and isinstance(value, list):
                kind = list
            if not isinstance(value, kind):
                raise DataError(
                    f"In JSON every row must be one whole {BRACKETED[kind]}; the one that ends at line "
                    f"{source.line:,} is {shorten(json_text(value))!r}. Correct that row, or save the table as CSV."
                )
            if kind is list:
                make.count(value)
                value = {str(position): part for position, part in enumerate(value, 1)}
            elif packed := next((name for mark, name in PACKED if mark in value and name in value), None):
                value = value[packed] if isinstance(value[packed], dict) else value
            try:
                yield row_texts(value, make)
            except UnicodeError:
                text = json_text(value).encode("utf-8", "replace").decode()
                bad.add(source.line, f"it holds {NOT_WHOLE}", text, _not_whole(source))

    parts = list(row_parts(rows(), make))
    return JsonTable(parts, positions=kind is list)


def source_texts(values: dict[str, object], source: JsonText, make: CountedObjects) -> dict[str, str]:
    """`row_texts` of what was just read.

    Raises:
        DataError: A text holds half of a surrogate pair.
    """
    try:
        return row_texts(values, make)
    except UnicodeError as error:
        raise DataError(f"{_not_whole(source)}, or save the table as CSV.") from error


def _not_whole(source: JsonText) -> str:
    return (
        f"Texts of JSON must be whole; one at line {source.line:,}, or a little above it, holds {NOT_WHOLE}. "
        "Correct that text"
    )


def row_parts(rows: Iterable[dict[str, str]], make: CountedObjects) -> Iterator[pa.Table]:
    """Tables of some rows each; columns are the keys in the order in which they appear.

    Raises:
        DataError: The table is too large.
    """
    keys, count = {}, 0
    for batch in batches(rows, COLUMNS):
        keys.update(dict.fromkeys(key for row in batch for key in row))
        count += len(batch)  # which a table without columns does not know
        check_table(count, len(keys))
        yield pa.table({key: texts([row.get(key, "") for row in batch]) for key in keys})
        check_values(make.values)  # once it is known that the table alone is not too large


def json_text(value: object) -> str:
    """A value as JSON writes it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json_text(key)}: {json_text(item)}' for key, item in value.items())}}}"
    return WRITE_JSON(value)


def _json_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json_text(value)


def _listed(values: list) -> int:
    return len(values) + sum(map(_listed, (value for value in values if isinstance(value, list))))
