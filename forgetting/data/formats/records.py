"""The records of delimited text, the unreadable ones with what is wrong with them."""

import csv
import re
from collections.abc import Iterator

from forgetting.data.formats.text import Lines
from forgetting.data.reading import ESCAPED, FIELDS, PLAIN, SPACED

QUOTE = '"'
ESCAPE = "\\"
NO_ESCAPE = re.compile(r'(?<!\\)\\+(?!["\\])')  # backslashes that no quote follows
WAYS = {  # options of the csv module
    FIELDS: {},
    ESCAPED: {"escapechar": ESCAPE},
    SPACED: {"skipinitialspace": True},
    PLAIN: {"quoting": csv.QUOTE_NONE},
    None: {"quoting": csv.QUOTE_NONE},
}


def read_records(lines: Lines, delimiter: str, quotes: str | None) -> Iterator[tuple[list[str], str]]:
    """Read the records that are not blank. `lines` knows the lines of each while it is the last.

    A record that cannot be read ends with its first line: the next one begins below it. That takes no more than twice
    the time, as only a quote can open a field over many lines, and only the next quote ends it.

    Args:
        lines: The lines of the text.
        delimiter: One character.
        quotes: Whether quotes open and close "fields", also "escaped" or "spaced" ones; otherwise they are plain signs.

    Yields:
        The fields, and what the csv module finds wrong, in its words; "" where it finds nothing.
    """
    source = (NO_ESCAPE.sub(lambda found: 2 * found[0], line) for line in lines) if quotes == ESCAPED else lines
    reader = csv.reader(source, delimiter=delimiter, strict=True, **WAYS[quotes])
    while True:
        lines.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield [], str(error)
            lines.go_back()
            continue
        if len(fields) > 1 or (fields and fields[0].strip()):
            yield fields, ""


def describe_fault(fault: str, lines: Lines, delimiter: str, width: int) -> tuple[str, str]:
    """Say what is wrong with a record.

    Args:
        fault: What the csv module says.
        lines: The lines, the last record of which it is.
        delimiter: One character.
        width: Columns of the table.

    Returns:
        The cause, as the end of a sentence about the row, and the rule that it breaks with the remedy, without a stop.
    """
    record, line, limit = lines.record, lines.first, csv.field_size_limit()
    correct = "Correct the quotes from that line on"
    runs_on = len(record) > 1 and ("expected" not in fault or _begins_row(record[1], delimiter, width))
    if "end of data" in fault or runs_on:
        return (
            "a quote that opens in it is never closed",
            f"Every quote must be closed; one that opens in the row at line {line} never is. {correct}",
        )
    if "field limit" in fault:
        return (
            f"a field of it has more than {limit:,} characters",
            f"A field may have at most {limit:,} characters; one in the row at line {line} has more. Shorten it",
        )
    return (
        "a quote within a quoted field of it is not doubled",
        f"A quote within a quoted field must be doubled; one in the row at line {line} is not. {correct}",
    )


def _begins_row(line: str, delimiter: str, width: int) -> bool:
    try:
        fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return "end of data" in str(error)
    return len(fields) == width and line.count(QUOTE) % 2 == 0
