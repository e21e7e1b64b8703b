"""Whether quotes open and close the fields of a table or are plain signs of its texts, by evidence over the file."""

import re
from collections import Counter
from itertools import zip_longest

from forgetting.core.limits import limits
from forgetting.data.formats.records import QUOTE, read_records
from forgetting.data.formats.text import Lines, Text
from forgetting.data.reading import FIELDS, PLAIN, SPACED

REGULAR = 0.8  # of the rows, which have equally many quoted fields where a program has quoted them
PROSE = ",;"  # delimiters that occur in texts
LEAST_AGAINST = 3  # rows against quotes where they are usual; else a single row is rather a bad one
MIN_SHOWING = 10  # whose values show which of them recur
MOST_SWALLOWED = 0.9  # of the lines of a record, which have a value that recurs
FEW = 0.5  # values per row, up to which the values of a column recur

Labels = list[frozenset[str]]


def find_labels(rows: list[list[str]], width: int) -> Labels:
    """The values of each column whose values recur, for `swallows`; of other columns none, of few rows no column."""
    rows = [row for row in rows if len(row) == width]
    found = []
    for column in zip(*rows, strict=True) if len(rows) >= MIN_SHOWING else ():
        counts = Counter(map(str.strip, column))
        recur = {value for value, count in counts.items() if value and count > 1}
        found.append(frozenset(recur if len(counts) <= FEW * len(rows) else ()))
    return found


def swallows(record: list[str], delimiter: str, width: int, labels: Labels) -> bool:
    """Whether a record of several lines is rather a row each of them, which a quote by chance has made one of.

    Args:
        record: Its lines.
        delimiter: One character.
        width: Columns of the table.
        labels: The values of the columns whose values recur.

    Returns:
        Whether each line has as many fields as the table has columns, and in one column a value that recurs there.
        Where values recur in no column, the first is enough for three lines with a delimiter that texts do not hold.
    """
    rows = [line.strip("\r\n").split(delimiter) for line in record if not line.isspace()]
    if width < 2 or len(rows) < 2 or any(len(row) != width for row in rows):
        return False
    if len(rows) >= MIN_SHOWING:  # enough to show by themselves which values recur
        labels = [known | own for known, own in zip_longest(labels, find_labels(rows, width), fillvalue=frozenset())]
    if not any(labels):
        return (
            bool(labels) and delimiter not in PROSE and len(rows) > 2 and not any(2 * QUOTE in line for line in record)
        )
    found = (
        sum(cell.strip().strip(QUOTE) in values for cell in column)
        for column, values in zip(zip(*rows, strict=True), labels, strict=False)
        if values
    )
    return max(found, default=0) >= MOST_SWALLOWED * len(rows)


def believe_quotes(text: Text, delimiter: str, above: int, widths: dict[str, int], labels: Labels) -> bool:
    """Decide on a file that cannot be read, or not without doubt, where quotes open and close fields.

    Evidence for them are quoted fields that need their quotes (they hold a delimiter, a line break or a doubled quote)
    and as many quoted fields in nearly all rows. Evidence against them are rows that cannot be read, rows that a field
    swallows, and quotes within fields that do not begin with one. (A program that quotes doubles all quotes within.)

    Args:
        text: The text.
        delimiter: One character.
        above: Lines above the table.
        widths: Columns of the table where quotes are "fields", and where they are "plain".
        labels: The values of the columns whose values recur.

    Returns:
        Whether quotes are believed. They are also where plain ones leave no fewer rows that cannot be read.
    """
    if widths[PLAIN] < 2:
        return True
    sign = re.escape(delimiter)
    quoted = re.compile(rf'(?:^|{sign})("[^"]*(?:""[^"]*)*")(?={sign}|[\r\n]|$)')
    needs = re.compile(rf'{sign}|[\r\n]|""')
    needed = against = bad = 0
    fields_a_row: Counter[int] = Counter()
    lines, most = text.lines(), limits().rows
    pass_over(lines, above)
    for number, (fields, fault) in enumerate(read_records(lines, delimiter, FIELDS)):
        if number > most:
            break
        raw = "".join(lines.record)
        if fault:
            against, bad = against + 1, bad + 1
            continue
        if len(lines.record) > 1 and swallows(lines.record, delimiter, widths[FIELDS], labels):
            against, bad = against + len(lines.record), bad + 1
            lines.go_back()
            continue
        bad += is_bad(fields, widths[FIELDS])
        found = quoted.findall(raw) if QUOTE in raw else []
        fields_a_row[len(found)] += 1
        needed += any(needs.search(field[1:-1]) for field in found)
        against += raw.count(QUOTE) > sum(field.count(QUOTE) for field in found)
    usual, rows = max(fields_a_row.items(), key=lambda item: item[1], default=(0, 0))
    regular = rows if usual and rows >= REGULAR * fields_a_row.total() else 0
    if against < (LEAST_AGAINST if delimiter in PROSE else 1) or needed + regular >= against:
        return True
    return count_bad(text, delimiter, above, widths[PLAIN], PLAIN) >= bad


def count_bad(text: Text, delimiter: str, above: int, width: int, quotes: str) -> int:
    """Count the rows that cannot be read where quotes are read in one way."""
    lines = text.lines()
    pass_over(lines, above)
    records = zip(range(limits().rows), read_records(lines, delimiter, quotes), strict=False)
    return sum(bool(fault) or is_bad(fields, width) for _, (fields, fault) in records)


def has_spaces(head: str, delimiter: str) -> bool:
    """Whether blanks stand between delimiters and quotes, by the beginning of a text."""
    sign = re.escape(delimiter)
    field = re.compile(rf'{sign} +"[^"]*(?:""[^"]*)*"(?={sign}|[\r\n]|$)')
    if not field.search(head):
        return False
    lines, widths, spaced = Lines([head]), set(), []
    for fields, fault in read_records(lines, delimiter, SPACED):
        if fault:
            break
        widths.add(len(fields))
        spaced.append(bool(field.search("".join(lines.record))))
    return len(widths) == 1 and sum(spaced) >= REGULAR * len(spaced)


def is_bad(fields: list[str], width: int) -> bool:
    """Whether a record has another length than the table; empty fields at its end do not count."""
    return len(fields) != width and (len(fields) < width or any(fields[width:]))


def pass_over(lines: Lines, count: int) -> None:
    """Pass over so many lines."""
    for _ in range(count):
        lines.begin()
        next(lines, None)
