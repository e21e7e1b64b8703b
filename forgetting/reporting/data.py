"""How a file was read, in sentences: only what a person might not expect."""

from forgetting.data.reading import PLAIN, BadRow, Reading
from forgetting.reporting.formatting import format_count

UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", None)  # encodings that are recognized for certain


def describe_reading(reading: Reading) -> tuple[str, ...]:
    """What the reader has decided about a file beyond the ordinary, a sentence each.

    Args:
        reading: How the file was read.

    Returns:
        The sentences; none for a file with a header in its first line, quotes around fields, and UTF-8.
    """
    passed, left, taken, other = (
        f"{format_count(count, noun)} {'was' if count == 1 else 'were'}"
        for count, noun in (
            (reading.skipped, "line"),
            (reading.bad_rows, "row"),
            (reading.nuls, "NUL byte"),
            (reading.other_lines, "line"),
        )
    )
    sentences = (
        (reading.skipped, f"{passed} passed over above the table."),
        (reading.header is False, "The first row is read as a review, and columns are called by their position."),
        (reading.row_names, "The first column has no name in the header: it holds the names of the rows."),
        (reading.trailing, "The delimiter at the end of each row was taken away."),
        (reading.quotes == PLAIN, "Quotes are read as plain signs of the texts, as they do not enclose fields."),
        (reading.bad_rows, f"{left} left out that could not be read."),
        (reading.nuls, f"{taken} taken out."),
        (reading.other_lines, f"{other} read as {reading.other_encoding}, all others as {reading.encoding}."),
        (
            reading.encoding not in UNICODE,
            f"Read as {reading.encoding}, which the file looks like; where letters are wrong, save it as UTF-8.",
        ),
        (len(reading.sheets) > 1, f"Sheet {reading.sheet!r} was read, of {len(reading.sheets)}."),
    )
    return tuple(sentence for holds, sentence in sentences if holds)


def describe_bad_row(row: BadRow) -> str:
    """Where a row is that was left out, and what is wrong with it."""
    return f"Line {row.line:,}: {row.cause}."
