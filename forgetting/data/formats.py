"""From the bytes of one plain file to a frame of strings: delimited text, JSON lines, Parquet.

The format is recognized by what a file holds, never by its ending. Every value is text as written, a missing one
is the empty string; nothing is evaluated.
"""

import csv
import gc
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd
import pyarrow as pa

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import check_limit, check_table, limits
from forgetting.data.encodings import Lines, decode
from forgetting.data.parquet import check_values, read_parquet

DELIMITERS = (",", "\t", ";", "|")
DECLARED = re.compile('sep=([^"\r\n])[\r\n]', re.IGNORECASE)  # a first line that Excel writes and obeys
HEAD_CHARACTERS = 64 * 1024  # characters that the delimiter is found by; below the csv module's limit for a field
PARQUET = b"PAR1"
BATCH = 100_000  # values that are objects of Python's at a time
JSON_COLUMNS = 20  # that JSON lines are expected to have, for the size of a batch
WRITE_JSON = json.JSONEncoder(ensure_ascii=False).encode


def parse_table(data: bytes, max_bytes: int) -> tuple[pd.DataFrame, str | None, str | None]:
    """Read the table in the bytes of one plain file; rows, values and characters are counted on the way.

    Args:
        data: CSV (also with tabs, semicolons or bars), JSON lines or Parquet.
        max_bytes: To how much Parquet may expand.

    Returns:
        A frame of strings, the encoding, and the delimiter; the latter two are None where the format has none.

    Raises:
        DataError: The data are empty, binary, damaged, too large, or not a table with rows.
    """
    if not data or data.isspace():
        raise DataError("A file must hold a table; this one is empty. Upload one with a header and rows.")
    encoding = delimiter = None
    if data.startswith(PARQUET):
        frame = _frame([read_parquet(data, max_bytes)])
    else:
        text, encoding = decode(data)
        head = text[0][:HEAD_CHARACTERS] if text else ""
        start = "".join(head[:200].split())
        if start.startswith(("[{", "[]")):
            raise DataError(
                "JSON must be JSON lines, one object a line; this is one array. Write each of its objects on a "
                "line of its own (pandas: to_json(orient='records', lines=True))."
            )
        if start.startswith("{"):
            frame = read_json_lines(Lines(text))
        else:
            delimiter = find_delimiter(head)
            frame = read_delimited(Lines(text), delimiter)
    if frame.empty:
        raise DataError("A table must have rows; this one has a header and nothing below it. Upload one with reviews.")
    return frame, encoding, delimiter


def find_delimiter(head: str) -> str:
    """Find the delimiter of a table. (csv.Sniffer takes prose with quotes for anything.)

    Args:
        head: The beginning of the text.

    Returns:
        The delimiter that the first line declares; otherwise the one that splits the header, and then most records
        into as many fields; otherwise the comma.
    """
    if declared := DECLARED.match(head):
        return declared[1]
    return max(DELIMITERS, key=lambda delimiter: _agreement(head, delimiter))


def read_delimited(lines: Lines, delimiter: str) -> pd.DataFrame:
    """Read delimited text. The first line names the columns, or the second where the first declares the delimiter.

    Args:
        lines: The lines of the text.
        delimiter: One character.

    Returns:
        A frame of strings.

    Raises:
        DataError: A row is not as long as the header, quotes are wrong, or the table is too large. The message has
            the number of the line where it is the line's fault.
    """
    records = _records(lines, delimiter)
    _, header = next(records, (1, []))
    if len(header) == 2 and (header[0].lower(), header[1]) == ("sep=", ""):
        _, header = next(records, (1, []))
    names = column_names(header)

    def rows() -> Iterator[list[str]]:
        for line, fields in records:
            if len(fields) != len(names):
                raise DataError(
                    f"Every row must have as many fields as the header, {len(names)}; the one at line {line} has "
                    f"{len(fields)}. Put fields that contain {delimiter!r} or line breaks in double quotes."
                )
            yield fields

    batches = _batches(rows(), len(names))
    return _frame(pa.table([_texts(column) for column in zip(*batch, strict=True)], names=names) for batch in batches)


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
        for batch in _batches(objects(), JSON_COLUMNS):
            keys.update(dict.fromkeys(key for row in batch for key in row))
            check_table(len(batch), len(keys))
            yield pa.table({key: _texts([row.get(key, "") for row in batch]) for key in keys})
            check_values(make.values)  # once it is known that the table alone is not too large

    return _frame(parts())


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


def _agreement(head: str, delimiter: str) -> tuple[float, int]:
    """(fraction of the records that are as wide as the header, columns); (0, 0) where the header stays in one piece."""
    rows = [row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row]
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, 0
    body = rows[1:-1] or rows[1:]  # the last one may be cut off by the end of the head
    return sum(len(row) == width for row in body) / max(len(body), 1), width


def _records(lines: Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(the line it begins at, its fields) for each record that is not blank."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        lines.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                rule = f"Every quote must be closed; one that opens in the row at line {line} never is"
            elif "field limit" in str(error):
                limit = csv.field_size_limit()
                rule = f"A field may have at most {limit:,} characters; one in the row at line {line} has more"
            else:
                rule = f"A quote within a quoted field must be doubled; one in the row at line {line} is not"
            raise DataError(f"{rule}. Correct the quotes from that line on, or save the table as CSV again.") from error
        if len(fields) > 1 or (fields and fields[0].strip()):
            yield line, fields


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


def _batches(rows: Iterable, columns: int) -> Iterator[list]:
    """Lists of rows, of about BATCH values each, so that few at a time are objects of Python's."""
    rows = iter(rows)
    while batch := list(itertools.islice(rows, max(1, BATCH // max(columns, 1)))):
        yield batch


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array(values, pa.large_string())


def _frame(parts: Iterable[pa.Table]) -> pd.DataFrame:
    """Tables below each other, a column that some do not have filled with "" there."""
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
