"""From the bytes of one plain file to a frame of strings: delimited text, JSON lines, Parquet.

The format is told by the content, never by a file's ending. Every value is text as written, a missing one
is the empty string; nothing is evaluated.
"""

import csv
import io
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forgetting.encodings import encoding_of
from forgetting.errors import DataError
from forgetting.limits import check_limit
from forgetting.unpacking import megabytes

DELIMITERS = (",", "\t", ";", "|")
HEAD = 64 * 1024  # characters that a delimiter is judged by; below the csv module's limit for a field
PARQUET = b"PAR1"
PARQUET_ROWS = 1_024  # expanded at a time
BATCH = 100_000  # values that are objects of Python's at a time
JSON_COLUMNS = 20  # that JSON lines are expected to have, for the size of a batch
JSON_LINE = 4 * 1024 * 1024  # characters: small values in a long line take fifty times their room
FEWER = "Leave out rows or columns that are not needed."


def parse(data: bytes, max_bytes: int) -> tuple[pd.DataFrame, str | None, str | None]:
    """The table in `data` as (frame of strings, encoding, delimiter), the last two None where there are none.

    Raises DataError where the data are empty, binary, damaged, or not a table with rows.
    """
    if not data or data.isspace():
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


def read_json_lines(lines: Iterable[str]) -> pd.DataFrame:
    """The table in `lines` of one JSON object each; nested values are offered as their JSON text.

    Columns are the keys in order of appearance. Raises DataError, with the line, for anything else.
    """
    objects = (_json_object(line.strip(), number) for number, line in enumerate(lines, 1) if line.strip())
    keys = {}

    def parts() -> Iterator[pa.Table]:
        for batch in _batches(objects, JSON_COLUMNS):
            keys.update(dict.fromkeys(key for row in batch for key in row))
            _check_cells(len(batch), len(keys))
            yield pa.table({key: _texts([row.get(key, "") for row in batch]) for key in keys})

    return _frame(parts())


def read_parquet(data: bytes, max_bytes: int) -> pd.DataFrame:
    """The table in Parquet `data`; nested columns are offered as the text Python prints for their values.

    Raises DataError where it is damaged or expands to more than `max_bytes` bytes.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        column_names(file.schema_arrow.names)
        _check_parquet(file, max_bytes)
        # Equal strings are kept once until it is known how large all are together.
        paths = [file.schema.column(place).path for place in range(len(file.schema))]
        file = pq.ParquetFile(pa.BufferReader(data), read_dictionary=paths)
        batches = list(_bounded(file.iter_batches(PARQUET_ROWS), max_bytes))
        table = pa.Table.from_batches(batches, file.schema_arrow)
        table.validate(full=True)  # a damaged file may hold strings that are not UTF-8
        names = column_names(table.column_names)
        return _frame([pa.table([_as_text(column) for column in table.columns], names=names)])
    except DataError:
        raise
    except Exception as error:  # pyarrow and its conversions raise many kinds for damaged files
        raise DataError(
            f"A Parquet file must be whole; this one is cut off or damaged ({shorten(str(error), 200)}). "
            "Download or export it again."
        ) from error


def column_names(header: list[str]) -> list[str]:
    """The header's names without surrounding blanks; an unnamed one is called by its place, "column 1".

    Raises DataError for too many columns and for equal names.
    """
    check_limit(
        "columns",
        len(header),
        "A table may have at most {most} columns; this one has {found}.",
        "Keep the columns with text, label and name.",
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
    if len(line) > JSON_LINE:
        raise DataError(
            f"A line of JSON may have at most {JSON_LINE:,} characters; line {number} has {len(line):,}. Shorten it."
        )
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
        _check_cells(rows, part.num_columns)
        found.append(part)
    if not rows:
        return pd.DataFrame()
    table = pa.concat_tables(found, promote_options="default")
    columns = [column.fill_null("") if column.null_count else column for column in table.columns]
    return pa.table(columns, names=column_names(table.column_names)).to_pandas().astype("str")


def _check_parquet(file: pq.ParquetFile, max_bytes: int) -> None:
    """Refuse what the file's own description says is too large, before any of it is expanded."""
    told = file.metadata
    _check_cells(told.num_rows, told.num_columns)
    for place in range(told.num_columns):
        chunks = [told.row_group(group).column(place) for group in range(told.num_row_groups)]
        values = sum(chunk.num_values for chunk in chunks)
        check_limit("values", values, "A column may hold at most {most} values; one holds {found}.", FEWER)
        size = sum(chunk.total_uncompressed_size for chunk in chunks)
        _check_size(max(size, values * file.schema.column(place).length), max_bytes)


def _expanded(values: pa.Array) -> int:
    """Bytes that an array takes with each of its strings written out."""
    if pa.types.is_dictionary(values.type):
        lengths = pc.binary_length(values.dictionary.cast(pa.large_binary()))
        return 8 * len(values) + (pc.sum(lengths.take(values.indices)).as_py() or 0)
    if pa.types.is_struct(values.type):
        return sum(map(_expanded, values.flatten()))
    if pa.types.is_map(values.type):
        return _expanded(values.keys) + _expanded(values.items)
    if isinstance(values, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        return _expanded(values.flatten())
    return values.nbytes


def _bounded(batches: Iterable[pa.RecordBatch], max_bytes: int) -> Iterator[pa.RecordBatch]:
    size, rows = 0, 0
    for batch in batches:
        size, rows = size + sum(map(_expanded, batch.columns)), rows + batch.num_rows
        _check_cells(rows, batch.num_columns)
        _check_size(size, max_bytes)
        yield batch


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise DataError(f"A file may hold at most {megabytes(max_bytes)}; this one expands to more. {FEWER}")


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        return column.cast(pa.large_string()).fill_null("")
    except pa.ArrowException:  # nested values, and bytes that are not UTF-8
        texts = ["" if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _check_cells(rows: int, columns: int) -> None:
    check_limit("rows", rows, "A table may have at most {most} rows; this one has more.", FEWER)
    check_limit(
        "values",
        rows * columns,
        f"A table may have at most {{most}} values; this one has more ({rows:,} rows of {columns:,} columns so far).",
        FEWER,
    )


def _check_rows(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        raise DataError("A table must have rows; this one has a header and nothing below it. Upload one with reviews.")
    return frame


def shorten(text: str, length: int = 60) -> str:
    """Text for a message, which may have come from a file and be of any length."""
    return text if len(text) <= length else text[: length - 1] + "…"
