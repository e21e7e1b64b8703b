"""JSON as a frame of strings. Every value is text as written; nested values become JSON text.

The objects that whole tables are written as are in `json_documents.py`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pandas as pd

from forgetting.core.errors import DataError, shorten
from forgetting.data.formats.frames import BadRows, make_frame
from forgetting.data.formats.headers import name_parts, take_header
from forgetting.data.formats.json_documents import read_document
from forgetting.data.formats.json_rows import CountedObjects, JsonTable, read_rows, row_parts, row_texts
from forgetting.data.formats.json_text import Decoder, JsonText
from forgetting.data.formats.text import LINE_END, Text
from forgetting.data.reading import Reading, ReadingSettings

STARTS = re.compile(  # "{name}, a text" is no JSON, nor is "[1] note"
    r"""\s*(?:\{\s*(?:["'}]|\w+\s*:|\Z)|\[\s*(?:[{\]]|[\r\n]\s*"|\[\s*(?:["\[\]{\d-]|true|false|null)))"""
)
PYTHON = re.compile(r"\{\s*'")  # how Python writes what looks like JSON
ONE_OBJECT = re.compile(r"\{.*\}")  # an object in one line
SECOND_WITHIN = 64 * 1024  # characters in which the second line is looked for


def starts_json(head: str) -> bool:
    """Whether a text is JSON, by its beginning: an object, an array of objects or arrays, or one array a line."""
    if STARTS.match(head):
        return True
    first = head.lstrip().splitlines()[:1]
    if not first or not first[0].startswith("["):
        return False
    try:
        return isinstance(json.loads(first[0], parse_int=str), list)
    except (ValueError, RecursionError):
        return False


def read_json(text: Text, reading: ReadingSettings) -> tuple[pd.DataFrame, Reading]:
    """Read JSON: objects or arrays, one a line or in one array, or one object that a table was written as.

    Args:
        text: The text, which begins with JSON.
        reading: How it is to be read: whether the first of rows that are arrays names the columns, and whether lines
            that are bad are left out.

    Returns:
        A frame of strings, and how it was read but for what `text` tells. A value that is missing is "". Columns are
        the keys in the order in which they appear.

    Raises:
        DataError: The text is not well formed, or not a table, or too large. The message has the line where it is the
            line's fault.
    """
    make, bad = CountedObjects(), BadRows(reading.leave_out_bad_rows)
    source = JsonText(text.pieces(), make)
    if source.sign() == "[":
        return _frame(read_rows(_array_rows(source), source, make, bad), reading, bad)
    whole, one_line, after = source.ahead() or (None, False, "")
    make.clear()
    filled = filter(None, map(str.strip, text.head(SECOND_WITHIN).splitlines()))
    second = next(islice(filled, 1, None), "")
    if (one_line and after.strip() and LINE_END.search(after)) or (whole is None and ONE_OBJECT.fullmatch(second)):
        return _read_lines(text, reading)
    if after.strip():
        return _frame(read_rows(_values(source), source, make, bad), reading, bad)
    found = read_document(source, make, bad)
    if source.sign():
        raise source.error("Extra data")
    if found:
        return _frame(found[0], reading, bad, found[1])
    if not one_line:
        raise DataError(
            "A JSON object must hold a table, as columns or as one list of rows; this one holds neither. Write each "
            "review as an object on a line of its own, or save the table as CSV."
        )
    make.clear()
    return _frame(read_rows([whole], source, make, bad), reading, bad)


def _read_lines(text: Text, reading: ReadingSettings) -> tuple[pd.DataFrame, Reading]:
    """Read one object a line. Lines may be blank."""
    make, lines, bad = CountedObjects(), text.lines(), BadRows(reading.leave_out_bad_rows)
    decode = Decoder(make).decode

    def rows() -> Iterator[dict[str, str]]:
        for line in lines:
            lines.begin()
            if not line.strip():
                continue
            try:
                values = decode(line.strip())
                problem = None if isinstance(values, dict) else f"it is {shorten(line.strip())!r}"
                if problem is None:
                    yield row_texts(values, make)
            except (ValueError, RecursionError) as error:
                problem = str(error)
            if problem and PYTHON.match(line.strip()) and not reading.leave_out_bad_rows:
                raise DataError(
                    f"JSON has its texts in double quotes; line {lines.number:,} has single ones, as Python writes "
                    "them. Write each review with json.dumps, or save the table as CSV."
                )
            if problem:
                rule = f"In JSON lines every line must be one whole object; line {lines.number:,} is not ({problem})"
                bad.add(lines.number, problem, line, f"{rule}. Correct that line, save the table as CSV")

    frame = make_frame(row_parts(rows(), make))
    bad.check(len(frame))
    return frame, Reading(bad_rows=bad.count, shown_bad_rows=tuple(bad.shown))


def _frame(
    table: JsonTable, reading: ReadingSettings, bad: BadRows, names: list[str] | None = None
) -> tuple[pd.DataFrame, Reading]:
    """A table as a frame; where its rows are arrays, the columns have these names or those in its first row."""
    bad.check(len(table))
    found = Reading(bad_rows=bad.count, shown_bad_rows=tuple(bad.shown))
    if not table.positions:
        return make_frame(table.parts), found
    if names is None:
        parts, layout = take_header(table.parts, reading.header)
        return make_frame(parts), replace(found, header=layout.header, skipped=layout.skip)
    return make_frame(name_parts(table.parts, names)), found


def _array_rows(source: JsonText) -> Iterator[object]:
    """The elements of arrays that hold rows, one after another, or such arrays as are rows themselves.

    One array of plain values alone is a column.
    """
    if source.second_sign() not in tuple("[{]"):
        first = source.value()
        yield from [first] if source.sign() else ({"column 1": value} for value in first)
        yield from _values(source)
    while source.sign() == "[":
        for _ in source.elements():
            yield source.value()
    if source.sign():
        raise source.error("Extra data")


def _values(source: JsonText) -> Iterator[object]:
    while source.sign():
        yield source.value()
