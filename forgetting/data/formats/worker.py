"""Reads a file that is not text from standard input and writes its rows to standard output, in Arrow's stream format.

`process.py` runs it as a program, since a damaged or hostile file can end the process that takes it apart, or take all
memory; it imports nothing of this project. It writes what is wrong to standard error.
"""

import datetime
import io
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice

import pyarrow as pa

TOO_LARGE = 3  # exit status where rows expand to more than they may
TOO_WIDE = 4  # where there are more columns, whose number is then the last word on standard error
UNKNOWN_SHEET = 5  # where a spreadsheet has no sheet of that name; the names are then on standard error as JSON
LOCKED = 6  # where a password is needed
MOST_ROWS = 2**20  # that Excel and LibreOffice have
MOST_SHEETS = 20  # that are looked into for the first that holds a table


def main(kind: str, most: str, memory: str, rows: str, columns: str, *more: str) -> int:
    """Read, check and write the rows.

    Args:
        kind: "parquet" or "spreadsheet".
        most: Bytes that rows may expand to at a time.
        memory: Bytes that this process may hold.
        rows: How many are read at a time.
        columns: How many there may be.
        more: For a spreadsheet the name of the sheet as JSON, and how many of its rows are passed over.

    Returns:
        The exit status: 0, or one of those above.
    """
    with suppress(ImportError, ValueError):  # not every system can hold a process back
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
    pa.set_cpu_count(1)
    return KINDS[kind](sys.stdin.buffer.read(), int(most), int(rows), int(columns), *more)


def parquet(data: bytes, most: int, rows: int, columns: int) -> int:
    """Rows of a Parquet file, with its types."""
    import pyarrow.parquet as pq

    source = pa.BufferReader(data)
    schema = pq.ParquetFile(source).schema
    if len(schema) > columns:  # a column of rows takes its room however little it holds
        print(len(schema), file=sys.stderr)
        return TOO_WIDE
    # Equal strings are held once until it is known how large all are together.
    file = pq.ParquetFile(source, read_dictionary=[schema.column(position).path for position in range(len(schema))])
    if any(schema.column(position).length > most // rows for position in range(len(schema))):
        return TOO_LARGE  # values of a fixed length, which cannot be held once
    return _write(file.schema_arrow, file.iter_batches(rows, use_threads=False), most)


def spreadsheet(data: bytes, most: int, rows: int, columns: int, sheet: str, skip: str) -> int:
    """Rows of a sheet as texts, without the empty ones; by default of the first in which people see two columns."""
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    except PasswordError:
        return LOCKED
    sheets = [found for found in book.sheets_metadata if found.typ == SheetTypeEnum.WorkSheet]
    names = [found.name for found in sheets]
    wanted = json.loads(sheet)
    if wanted and wanted not in names:
        print(json.dumps(names), file=sys.stderr)
        return UNKNOWN_SHEET
    seen = [found.name for found in sheets if found.visible == SheetVisibleEnum.Visible]
    sheet_of = lru_cache(1)(book.get_sheet_by_name)
    tables = (name for name in seen[:MOST_SHEETS] if sheet_of(name).width > 1)
    filled = (name for name in [*seen, *names][:MOST_SHEETS] if sheet_of(name).width)
    name = wanted or next(tables, None) or next(filled, None) or (seen or names or [""])[0]
    found = sheet_of(name) if names else None
    if found and found.width and found.end[0] >= MOST_ROWS:  # up to there all rows would be made
        sys.exit(f"it has a cell in row {found.end[0] + 1:,}")
    width = found.width if found else 0
    if width > columns:
        print(width, file=sys.stderr)
        return TOO_WIDE
    about = {"sheet": name, "sheets": json.dumps(names)}
    schema = pa.schema([(str(column), pa.large_string()) for column in range(width)], about)
    return _write(schema, _batches(schema, islice(found.iter_rows() if found else (), int(skip), None), rows), most)


def _batches(schema: pa.Schema, cells: Iterator[list], rows: int) -> Iterator[pa.RecordBatch]:
    texts = (row for row in (list(map(_text, row)) for row in cells) if any(row))
    while batch := list(islice(texts, rows)):
        columns = [pa.array(column, pa.large_string()) for column in zip(*batch, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _text(value: object) -> str:
    """A cell as people see it, in a format of its own where that of numbers or dates was changed."""
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return str(value)


def _write(schema: pa.Schema, batches: Iterator[pa.RecordBatch], most: int) -> int:
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
        for batch in batches:
            batch.validate(full=True)  # a damaged file may hold strings that are not UTF-8
            if batch.nbytes > most:
                return TOO_LARGE
            stream.write_batch(batch)
    return 0


KINDS = {"parquet": parquet, "spreadsheet": spreadsheet}

if __name__ == "__main__":
    try:
        status = main(*sys.argv[1:])
    except MemoryError:  # pyarrow's own is one of this kind
        sys.exit(TOO_LARGE)
    except BaseException as error:  # a panic of what is written in Rust is no Exception
        sys.exit(f"{error}"[:1_000])
    sys.exit(status)
