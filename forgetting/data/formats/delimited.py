"""Delimited text as a frame of strings: the delimiter, and the rows as layout and quotes say."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import pandas as pd
import pyarrow as pa

from forgetting.core.errors import DataError
from forgetting.core.limits import check_table
from forgetting.data.formats.frames import BATCH, BadRows, batches, column_names, make_frame, texts
from forgetting.data.formats.headers import HEAD_ROWS
from forgetting.data.formats.layout import find_layout
from forgetting.data.formats.quotes import (
    LEAST_AGAINST,
    believe_quotes,
    count_bad,
    find_labels,
    has_spaces,
    is_bad,
    pass_over,
    swallows,
)
from forgetting.data.formats.records import ESCAPE, QUOTE, describe_fault, read_records
from forgetting.data.formats.text import BAD_BYTE, Lines, Text
from forgetting.data.reading import AUTOMATIC, ESCAPED, FIELDS, NO, PLAIN, SPACED, Reading, ReadingSettings

DELIMITERS = (",", "\t", ";", "|")
DECLARED = re.compile('sep=([^"\r\n])[\r\n]', re.IGNORECASE)  # a first line that Excel writes and obeys
BOM = "\ufeff"
MOST_REST = 10  # rows below a broken one that may be its rest
HEAD_CHARACTERS = 64 * 1024  # characters that the delimiter is found by; below the csv module's limit for a field


def find_delimiter(head: str) -> str:
    """Find the delimiter of a table. (csv.Sniffer takes prose with quotes for anything.)

    Args:
        head: The beginning of the text.

    Returns:
        The one that splits the header, and then all records into as many fields; otherwise the one that splits most
        records into equally many, whatever is above them and whether quotes are plain; otherwise the comma.
    """
    by_header = {delimiter: _agreement(head, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=by_header.get)
    if by_header[best][0] == 1:
        return best
    return max(DELIMITERS, key=lambda delimiter: _regularity(head, delimiter))


class _DoubtError(Exception):
    """Quotes were taken to open and close fields, and a row speaks against it."""


def read_delimited(text: Text, reading: ReadingSettings) -> tuple[pd.DataFrame, Reading]:
    """Read delimited text.

    Args:
        text: The text. Its first line may declare the delimiter, as Excel writes it.
        reading: How it is to be read; what is automatic is found out.

    Returns:
        A frame of strings, and how it was read but for what `text` tells.

    Raises:
        DataError: A row is not as long as the header, quotes are wrong, or the table is too large. The message has
            the number of the line where it is the line's fault.
    """
    head = text.head(HEAD_CHARACTERS)
    declared = DECLARED.match(head)
    above = max(reading.skip_lines, 1 if declared else 0)
    below = "".join(list(io.StringIO(head, newline=""))[above:])
    delimiter = declared[1] if declared else find_delimiter(below)

    def read(quotes: str | None, *, doubts: bool = False) -> tuple[pd.DataFrame, Reading]:
        return _Reader(text, delimiter, quotes, above, reading, doubts=doubts).read()

    if not text.holds(QUOTE):
        return read(None)
    if reading.quotes != AUTOMATIC:
        return read(reading.quotes)
    spaced, escaped = has_spaces(below, delimiter), text.holds(ESCAPE + QUOTE)
    for way, possible in ((SPACED, spaced), (FIELDS, True), (ESCAPED, escaped)):
        if possible:
            with suppress(_DoubtError):
                return read(way, doubts=True)
    ways = {way: _Reader(text, delimiter, way, above, reading) for way in (FIELDS, PLAIN, ESCAPED)}
    widths = {way: reader.layout.width for way, reader in ways.items()}
    if not believe_quotes(text, delimiter, above, widths, ways[FIELDS].labels):
        return ways[PLAIN].read()
    best = FIELDS
    if escaped:
        best = min((FIELDS, ESCAPED), key=lambda way: count_bad(text, delimiter, above, widths[way], way))
    try:
        return ways[best].read()
    except DataError as error:
        quotes = sum(piece.count(QUOTE) for piece in text.pieces())
        if quotes >= LEAST_AGAINST or count_bad(text, delimiter, above, widths[PLAIN], PLAIN):
            raise
        offer = ("reading.quotes", PLAIN)
        raise DataError(f"{error} All rows can be read where quotes are plain signs.", offer) from None


class _Reader:
    """Reads a text in one way, in the layout that its first rows have.

    quotes: whether quotes open and close "fields", also "escaped" or "spaced" ones, or are "plain"; None where none
    occurs. above: lines above the table. doubts: whether a row with quotes that is wrong ends the reading, as they may
    have been read the wrong way.
    """

    def __init__(
        self,
        text: Text,
        delimiter: str,
        quotes: str | None,
        above: int,
        reading: ReadingSettings,
        *,
        doubts: bool = False,
    ):
        self.text, self.delimiter, self.quotes, self.above = text, delimiter, quotes, above
        self.reading, self.doubts = reading, doubts
        self.bad, self.trailing, self.repeated = BadRows(reading.leave_out_bad_rows), False, 0
        lines, head, values = text.lines(), [], 0
        pass_over(lines, above)
        for fields, fault in islice(read_records(lines, delimiter, quotes), 2 * HEAD_ROWS):
            if not fault:
                head.append((lines.first, fields))
                values += len(fields)
            elif not head and reading.header != NO:
                break  # it cannot be told what a broken header would have been
            if len(head) == HEAD_ROWS or values > BATCH:
                break
        rows = [fields for _, fields in head]
        self.layout = find_layout(rows, reading.header)
        self.labels = find_labels(rows, self.layout.width)
        self.begin = head[self.layout.skip][0] if self.layout.skip else above + 1  # the line that the table begins at

    def read(self) -> tuple[pd.DataFrame, Reading]:
        lines, layout = self.text.lines(), self.layout
        pass_over(lines, self.begin - 1)
        records = read_records(lines, self.delimiter, self.quotes)
        names, header = [""] * layout.width, []
        if layout.header:
            header, fault = next(records, ([], ""))
            if fault or self._damage(lines.record):
                self._doubt(lines.record)
                _, rule = self._wrong(header, fault, lines, len(header))
                raise DataError(f"{rule}.")
            names = ["", *header] if layout.row_names else header[: layout.width]
        names = column_names(names)
        parts = batches(self._rows(lines, self._without(header, records), len(names)), len(names))
        frame = make_frame(
            pa.table([texts(column) for column in zip(*part, strict=True)], names=names) for part in parts
        )
        self.bad.check(len(frame))
        return frame, Reading(
            delimiter=self.delimiter,
            quotes=self.quotes,
            header=layout.header,
            skipped=self.begin - 1 - self.above + self.reading.skip_lines,
            row_names=layout.row_names,
            trailing=self.trailing,
            repeated_headers=self.repeated,
            bad_rows=self.bad.count,
            shown_bad_rows=tuple(self.bad.shown),
        )

    def _without(self, header: list[str], records: Iterator[tuple[list[str], str]]) -> Iterator[tuple[list[str], str]]:
        """The records but for those that repeat the header, as joined tables do, also behind byte order marks."""
        named = len(list(filter(str.strip, header))) > 1
        for fields, fault in records:
            if named and fields[1:] == header[1:] and fields[0].removeprefix(BOM) == header[0]:
                self.repeated += 1
                check_table(self.repeated, 1)
            else:
                yield fields, fault

    def _rows(self, lines: Lines, records: Iterator[tuple[list[str], str]], width: int) -> Iterator[list[str]]:
        """The rows that can be read. Those of several lines, and those below a broken one, are looked at closely."""
        damaged, last = self.text.damaged, [""] * width
        rest = 0  # rows that may still be the rest of a broken one
        for fields, fault in records:
            if len(fields) == width and len(lines.record) == 1 and not rest and not damaged:
                last = fields
                yield fields
                continue
            wrong = self._wrong(fields, fault, lines, width)
            if not wrong and rest and not self._is_usual(fields, lines.record, last):
                wrong = "it is the rest of a row that cannot be read", ""
            if not wrong:
                self.trailing |= len(fields) > width
                last, rest = fields[:width], 0
                yield last
                continue
            self._doubt(lines.record)
            cause, rule = wrong
            self.bad.add(lines.first, cause, lines.record[0], rule)
            rest = MOST_REST if fault else max(rest - 1, 0)
            if not fault and self._swallows(lines.record, width):
                lines.go_back()

    def _wrong(self, fields: list[str], fault: str, lines: Lines, width: int) -> tuple[str, str] | None:
        """What is wrong with a row: the cause, and the rule that it breaks; None where it can be read."""
        if byte := self._damage(lines.record):
            encoding = self.text.encoding
            return (
                f"the byte 0x{byte:02X} in it is not {encoding}",
                f"A text file must be in one encoding; this one is {encoding} but for byte 0x{byte:02X} in the row at "
                f"line {lines.first}. Correct that line",
            )
        if not fault and self._swallows(lines.record, width):
            fault = "end of data"
        if fault:
            return describe_fault(fault, lines, self.delimiter, width)
        if not is_bad(fields, width):
            return None
        count = len(fields)
        like = "the header" if self.layout.header else "most others"
        if count < width:
            remedy = "Add the fields that are missing"
        elif self.quotes == PLAIN:
            remedy = f"Take each {self.delimiter!r} out of its fields"
        else:
            remedy = f"Put fields that contain {self.delimiter!r} or line breaks in double quotes"
        return (
            f"it has {count:,} field{'s' * (count != 1)} instead of {width:,}",
            f"Every row must have as many fields as {like}, {width:,}; the one at line {lines.first} has {count:,}. "
            f"{remedy}",
        )

    def _is_usual(self, fields: list[str], record: list[str], last: list[str]) -> bool:
        """Whether all quotes of a row are closed, and in one column its value recurs, if values recur in any."""
        columns = zip(fields, self.labels, last, strict=False)  # of few rows no labels are known
        known = [cell.strip() in values or cell == above for cell, values, above in columns if values]
        return sum(line.count(QUOTE) for line in record) % 2 == 0 and (not known or any(known))

    def _damage(self, record: list[str]) -> int | None:
        """The first byte of a record that its encoding does not have."""
        found = BAD_BYTE.search("".join(record)) if self.text.damaged else None
        return ord(found[0]) - 0xDC00 if found else None

    def _swallows(self, record: list[str], width: int) -> bool:
        asked = self.reading.quotes == FIELDS
        return not asked and len(record) > 1 and swallows(record, self.delimiter, width, self.labels)

    def _doubt(self, record: list[str]) -> None:
        if self.doubts and any(QUOTE in line for line in record):
            raise _DoubtError


def _agreement(head: str, delimiter: str) -> tuple[float, bool, int]:
    """(fraction of the records as wide as the header, whether not most fields begin with a blank, columns).

    In a sentence a blank follows each comma. Where the header stays in one piece, the fraction is 0.
    """
    rows = _split(head, delimiter)
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, False, 0
    body = rows[1:-1] or rows[1:]  # the last one may be cut off by the end of the head
    blanks = sum(row[1][:1] == " " for row in rows if len(row) > 1)
    return sum(len(row) == width for row in body) / max(len(body), 1), blanks <= len(rows) / 2, width


def _regularity(head: str, delimiter: str) -> tuple[float, int]:
    """(fraction of the records that are as wide as most, columns), where quotes are read in the better way."""
    found = []
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        rows = _split(head, delimiter, quoting)
        widths = Counter(len(row) for row in (rows[:-1] or rows) if len(row) > 1)
        width, count = max(widths.items(), key=lambda item: item[1], default=(0, 0))
        found.append((count / max(len(rows), 1), width))
    return max(found)


def _split(head: str, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter, quoting=quoting) if row]
