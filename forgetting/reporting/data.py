"""How a file was read, why its columns were chosen, and how its labels were read, in sentences."""

from forgetting.data.columns import Reason
from forgetting.data.reading import ESCAPED, PLAIN, SPACED, Reading
from forgetting.data.reviews import MEAN_MISSING, Report
from forgetting.reporting.formatting import format_count

MOST_WRITINGS = 4  # of a class that are written out
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", None)  # encodings that are recognized for certain


def describe_reading(reading: Reading) -> tuple[str, ...]:
    """What the reader has decided about a file beyond the ordinary, a sentence each.

    Args:
        reading: How the file was read.

    Returns:
        The sentences; none for a file with a header in its first line, quotes around fields, and UTF-8.
    """
    passed, repeated, left, taken, other = (
        f"{format_count(count, noun)} {'was' if count == 1 else 'were'}"
        for count, noun in (
            (reading.skipped, "line"),
            (reading.repeated_headers, "row"),
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
        (reading.quotes == PLAIN, "Quotes are read as plain signs of the texts; they do not enclose fields."),
        (reading.quotes == ESCAPED, "A quote after a backslash is read as a quote within its field."),
        (reading.quotes == SPACED, "Blanks after a delimiter are passed over, as quotes follow them."),
        (reading.repeated_headers, f"{repeated} left out below the header, as the header is repeated there."),
        (reading.bad_rows, f"{left} left out that could not be read."),
        (reading.nuls, f"{taken} taken out."),
        (reading.other_lines, f"{other} read as {reading.other_encoding}, all others as {reading.encoding}."),
        (
            reading.encoding not in UNICODE,
            f"Read as {reading.encoding}; where letters are wrong, choose another encoding, or save the file as UTF-8.",
        ),
        (len(reading.sheets) > 1, f"Sheet {reading.sheet!r} was read, of {len(reading.sheets)}."),
    )
    return tuple(sentence for holds, sentence in sentences if holds)


def describe_reason(reason: Reason) -> str:
    """Why a column was chosen for the texts or the labels, and what it holds."""
    if reason.values is not None:
        holds = format_count(reason.values, "value")
        return f"Called “{reason.name}”; {holds}." if reason.name else f"Chosen for what it holds: {holds}."
    holds = f"{reason.words:,.0f} words on average"
    return f"Called “{reason.name}”; {holds}." if reason.name else f"Chosen for its long texts: {holds}."


def describe_labels(report: Report) -> tuple[str, ...]:
    """How the labels were read beyond the ordinary, a sentence each.

    Args:
        report: What the reviews were made from.

    Returns:
        The sentences; none where all labels count, each class has one writing, and none is an amount.
    """
    sentences = [
        f"{format_count(each.rows, 'row')} left out: {each.reason}."
        for each in report.dropped
        if MEAN_MISSING in each.reason or "not a number" in each.reason
    ]
    if report.merged:
        largest, most = report.merged[0], report.merged[0].writings
        writings = ", ".join(f"“{writing}” ({count:,})" for writing, count in most[:MOST_WRITINGS])
        more = f" and {len(most) - MOST_WRITINGS} more" if len(most) > MOST_WRITINGS else ""
        others = len(report.merged) - 1
        rest = f" The same holds for {others:,} other {'class' if others == 1 else 'classes'}." if others else ""
        sentences.append(f"Writings of one class are put together: {writings}{more} are “{largest.label}”.{rest}")
    if report.offer and report.offer[0] == "data.quantile_classes":
        sentences.append(
            "The labels are numbers with many values, each a class of its own. They can be cut into a few."
        )
    return tuple(sentences)
