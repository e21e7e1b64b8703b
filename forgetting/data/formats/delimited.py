"""Delimited text as a frame of strings: the delimiter, the header and the quotes."""

import csv
import io
import re
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from forgetting.core.errors import DataError
from forgetting.data.formats.frames import batches, column_names, make_frame, texts
from forgetting.data.formats.text import Lines

DELIMITERS = (",", "\t", ";", "|")
DECLARED = re.compile('sep=([^"\r\n])[\r\n]', re.IGNORECASE)  # a first line that Excel writes and obeys
HEAD_CHARACTERS = 64 * 1024  # characters that the delimiter is found by; below the csv module's limit for a field


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

    parts = batches(rows(), len(names))
    return make_frame(pa.table([texts(column) for column in zip(*part, strict=True)], names=names) for part in parts)


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
