"""From the bytes of one plain file to a frame of strings: delimited text, JSON lines, Parquet.

The format is told by the content, never by a file's ending. Every value is text as written, a missing one
is the empty string; nothing is evaluated.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forgetting.encodings import encoding_of
from forgetting.errors import DataError
from forgetting.unpacking import megabytes

DELIMITERS = (",", "\t", ";", "|")
MAX_COLUMNS = 1_000
MAX_CELLS = 20_000_000
HEAD = 64 * 1024  # characters that a delimiter is judged by; below the csv module's limit for a field
PARQUET = b"PAR1"
PARQUET_ROWS = 1_024  # expanded at a time


def parse(data: bytes, max_bytes: int) -> tuple[pd.DataFrame, str | None, str | None]:
    """The table in `data` as (frame of strings, encoding, delimiter), the last two None where there are none.

    Raises DataError where the data are empty, binary, damaged, or not a table with rows.
    """
    if not data.strip():
        raise DataError("A file must hold a table; this one is empty. Upload one with a header and rows.")
    if data.startswith(PARQUET):
        return _check_rows(read_parquet(data, max_bytes)), None, None
    encoding = encoding_of(data)
    head = _lines(data, encoding).read(HEAD)
    if _is_json(head):
        return _check_rows(read_json_lines(_lines(data, encoding))), encoding, None
    delimiter = find_delimiter(head)
    return _check_rows(read_delimited(_lines(data, encoding), delimiter)), encoding, delimiter


def find_delimiter(head: str) -> str:
    """The delimiter that splits the header, and then most records into as many fields; else the comma.

    (csv.Sniffer takes prose with quotes for anything.)
    """
    return max(DELIMITERS, key=lambda delimiter: _agreement(head, delimiter))


def read_delimited(lines: Iterable[str], delimiter: str) -> pd.DataFrame:
    """The table in delimited `lines`, the first of which names the columns.

    Raises DataError, with the line, for a row of another length than the header and for wrong quotes.
    """
    records = _records(lines, delimiter)
    _, header = next(records, (1, []))
    names = column_names(header)
    rows = []
    for line, fields in records:
        if len(fields) != len(names):
            raise DataError(
                f"Every row must have as many fields as the header, {len(names)}; the one at line {line} has "
                f"{len(fields)}. Put fields that contain {delimiter!r} or line breaks in double quotes."
            )
        rows.append(fields)
        _check_cells(len(rows), len(names))
    return pd.DataFrame(rows, columns=names, dtype="str")


def read_json_lines(lines: Iterable[str]) -> pd.DataFrame:
    """The table in `lines` of one JSON object each; nested values are offered as their JSON text.

    Columns are the keys in order of appearance. Raises DataError, with the line, for anything else.
    """
    rows, keys = [], {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            rows.append(_json_object(line.strip(), number))
            keys |= dict.fromkeys(rows[-1])
            _check_cells(len(rows), len(keys))
    names = column_names(list(keys))
    columns = {name: [row.get(key, "") for row in rows] for name, key in zip(names, keys, strict=True)}
    return pd.DataFrame(columns, dtype="str")


def read_parquet(data: bytes, max_bytes: int) -> pd.DataFrame:
    """The table in Parquet `data`; nested columns are offered as the text Python prints for their values.

    Raises DataError where it is damaged or expands to more than `max_bytes` bytes.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = column_names(file.schema_arrow.names)
        batches = list(_bounded(file.iter_batches(PARQUET_ROWS), max_bytes))
        table = pa.Table.from_batches(batches, file.schema_arrow)
        table.validate(full=True)  # a damaged file may hold strings that are not UTF-8
        columns = [_as_text(column) for column in table.columns]
        return pa.table(columns, names=names).to_pandas().astype("str")
    except DataError:
        raise
    except Exception as error:  # pyarrow and its conversions raise many kinds for damaged files
        raise DataError(
            f"A Parquet file must be whole; this one is cut off or damaged ({shorten(str(error), 200)}). "
            "Download or export it again."
        ) from error


def column_names(header: list[str]) -> list[str]:
    """The header's names without surrounding blanks; an unnamed one is called by its place, "column 1".

    Raises DataError for more than 1,000 columns and for equal names.
    """
    if len(header) > MAX_COLUMNS:
        raise DataError(
            f"A table may have at most {MAX_COLUMNS:,} columns; this one has {len(header):,}. "
            "Keep the columns with text, label and name."
        )
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"Columns must have different names; {shorten(twice[0])!r} occurs {names.count(twice[0])} times "
            "in the header (the first line). Rename one of them."
        )
    return names


def _lines(data: bytes, encoding: str) -> io.TextIOWrapper:
    """Text that is decoded as it is read, with line breaks as written (the csv module asks for that)."""
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


def _is_json(head: str) -> bool:
    start = "".join(head[:200].split())
    if start.startswith(("[{", "[]")):
        raise DataError(
            "JSON must be JSON lines, one object a line; this is one array. Write each of its objects on a "
            "line of its own (pandas: to_json(orient='records', lines=True))."
        )
    return start.startswith("{")


def _agreement(head: str, delimiter: str) -> tuple[float, int]:
    """(share of records as wide as the header, columns); (0, 0) where the header stays in one piece."""
    rows = [row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row]
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, 0
    body = rows[1:-1] or rows[1:]  # the last one may be cut off by the end of the head
    return sum(len(row) == width for row in body) / max(len(body), 1), width


def _records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(the line it begins at, its fields) for each record that is not blank."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _raise_quoting(line, error)
        if len(fields) > 1 or (fields and fields[0].strip()):
            yield line, fields


def _raise_quoting(line: int, error: csv.Error) -> NoReturn:
    if "end of data" in str(error):
        rule = f"Every quote must be closed; one that opens in the row at line {line} never is"
    elif "field limit" in str(error):
        limit = csv.field_size_limit()
        rule = f"A field may have at most {limit:,} characters; one in the row at line {line} has more"
    else:
        rule = f"A quote within a quoted field must be doubled; one in the row at line {line} is not"
    raise DataError(f"{rule}. Correct the quotes from that line on, or save the table as CSV again.") from error


def _json_object(line: str, number: int) -> dict[str, str]:
    try:
        # Numbers stay as they were written.
        values = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
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
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _bounded(batches: Iterable[pa.RecordBatch], max_bytes: int) -> Iterator[pa.RecordBatch]:
    size, rows = 0, 0
    for batch in batches:
        size, rows = size + batch.nbytes, rows + batch.num_rows
        _check_cells(rows, batch.num_columns)
        if size > max_bytes:
            raise DataError(
                f"A file may hold at most {megabytes(max_bytes)}; this one expands to more. "
                "Leave out rows or columns that are not needed."
            )
        yield batch


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        return column.cast(pa.large_string()).fill_null("")
    except pa.ArrowException:  # nested values, and bytes that are not UTF-8
        texts = ["" if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _check_cells(rows: int, columns: int) -> None:
    if rows * columns > MAX_CELLS:
        raise DataError(
            f"A table may have at most {MAX_CELLS:,} values; this one has more ({rows:,} rows of {columns:,} "
            "columns so far). Leave out rows or columns that are not needed."
        )


def _check_rows(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        raise DataError("A table must have rows; this one has a header and nothing below it. Upload one with reviews.")
    return frame


def shorten(text: str, length: int = 60) -> str:
    """Text for a message, which may have come from a file and be of any length."""
    return text if len(text) <= length else text[: length - 1] + "…"
