"""Where a delimited table begins and what names its columns, by what its first rows look like."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from forgetting.core.limits import check_columns
from forgetting.data.column_names import is_known
from forgetting.data.reading import AUTOMATIC, NO

MOST_TITLES = 30  # rows above a table that are passed over
MIN_REGULAR = 0.9  # of the rows below such titles, which have one length
MIN_BELOW = 4  # below the first one, which tell whether it is like them
AMOUNT = re.compile(r"[-+]?[\d.,\s]*\d%?")
UNKNOWN = frozenset(("", "na", "n/a", "nan", "null", "none", "?", "-"))
PROSE_WORDS, PROSE_BYTES = 3, 20  # means over a column, of words or in UTF-8, from which it holds texts
SENTENCE_ENDS = ".!?…。！？"
MOSTLY = 0.95  # of the values of a column of numbers
SHORT = 0.05  # of the texts, which are as short as a heading
MAX_UNSEEN = 0.05  # probability that a row has a value that no other row has, where that speaks for a heading


@dataclass(frozen=True)
class Layout:
    """How a table lies in its file.

    Attributes:
        skip: Records above the header, or above the first row.
        header: Whether a row names the columns.
        width: Columns.
        row_names: Whether the header has no name for the first of them.
    """

    skip: int
    header: bool
    width: int
    row_names: bool = False


def find_layout(rows: list[list[str]], header: str = AUTOMATIC) -> Layout:
    """Find out how a table lies in its file.

    Title lines have another length than the table below, or fewer fields that are not empty, or stand above known names
    of columns. The first row is taken for a header unless it is clearly like the rows below it.

    Args:
        rows: The first records that are not blank.
        header: "automatic", or whether the first row is a header: "yes" or "no".

    Returns:
        The layout.

    Raises:
        DataError: There are too many columns.
    """
    if not rows:
        return Layout(0, header != NO, 0)
    width = _width(rows)
    check_columns(max(width, len(rows[0])))
    skip = _titles(rows, width) if header == AUTOMATIC else 0
    below = rows[skip + 1 :]
    if header == NO or (header == AUTOMATIC and _is_row(rows[skip], below, width)):
        table = [row for row in rows[skip:] if len(row) == width]
        while width > 1 and not any(row[width - 1] for row in table):
            width -= 1  # each row ends in a delimiter
        return Layout(skip, False, width)
    names = rows[skip]
    if len(names) + 1 == width and _are_row_names(below, width):
        return Layout(skip, True, width, row_names=True)
    while len(names) > 1 and not names[-1].strip() and len(names) > width:
        names = names[:-1]  # the header ends in a delimiter, the rows do not
    return Layout(skip, True, len(names))


def is_like(first: list[str], rows: list[list[str]]) -> bool | None:
    """Whether a row is like those below it, rather than their header.

    A row is, where a value of it occurs again in its column (a label), or is a number among numbers, and its text is as
    long as the others. Where any value is unlike its column, it is a header. Headings may be sentences, numbers or
    words that occur as labels: one such column alone decides nothing.

    Args:
        first: The row.
        rows: Those below it, of which equal ones count once.

    Returns:
        Whether it is a row (True) or a header (False); None where nothing tells.
    """
    rows = [row for row in dict.fromkeys(map(tuple, rows)) if len(row) == len(first) and row != tuple(first)]
    cells = [cell.strip() for cell in first]
    if len(rows) < MIN_BELOW:
        return None
    like = unlike = 0
    text = short = False
    for cell, column in zip(cells, zip(*rows, strict=True), strict=True):
        values = [value for value in map(str.strip, column) if value.casefold() not in UNKNOWN]
        if cell.casefold() in UNKNOWN or len(values) < max(MIN_BELOW, len(rows) / 2):
            continue
        counts = Counter(values)
        if sum(AMOUNT.fullmatch(value) is not None for value in values) >= MOSTLY * len(values):
            like, unlike = (like + 1, unlike) if AMOUNT.fullmatch(cell) else (like, unlike + 1)
        elif _is_prose(values) and len(counts) > len(values) / 2:
            usual = sorted(map(len, values))[int(SHORT * len(values))]
            is_text = len(cell) >= usual or len(cell.split()) >= PROSE_WORDS or cell[-1] in SENTENCE_ENDS
            text, short = text or is_text, short or not is_text
        elif cell in counts:
            like += 1
        elif sum(count == 1 for count in counts.values()) < MAX_UNSEEN * len(values):
            unlike += 1  # by Good and Turing, as few rows have a value that no other row has
    if unlike or (short and not text) or _counts_up(cells):
        return False
    return True if like and text else None


def _is_row(first: list[str], below: list[list[str]], width: int) -> bool:
    """Whether the first row is one of the table, be it that a delimiter in its text makes it too long."""
    if len(first) == width:
        return bool(is_like(first, below))
    below = [row for row in below if len(row) == width]
    if len(first) < width or not below or len(" ".join(first).split()) <= len(first):
        return False
    ends = ([row[place].strip() for row in below] for place in (0, -1))
    label = any(cell.strip() in _recurring(values) for cell, values in zip((first[0], first[-1]), ends, strict=True))
    return label and bool(is_like(below[0], below[1:]))


def _recurring(values: list[str]) -> set[str]:
    """The values of a column whose values occur twice or more on average; of other columns none."""
    counts = Counter(values)
    return {value for value in counts if value} if 2 * len(counts) <= len(values) else set()


def _width(rows: list[list[str]]) -> int:
    """The commonest length of the rows below the first; on a tie that of the first."""
    counts = Counter(len(row) for row in rows[1:])
    most = max(counts.values(), default=0)
    if not counts or counts[len(rows[0])] == most:
        return len(rows[0])
    return max(length for length, count in counts.items() if count == most)


def _titles(rows: list[list[str]], width: int) -> int:
    """Rows above the header, or above the first row."""
    known = next((place for place in range(min(len(rows), MOST_TITLES + 1)) if _names_columns(rows, place)), 0)
    if known and is_like(rows[0], rows[known + 1 :]) is not True:
        return known
    if len(rows[0]) != width:
        skip = next(place for place, row in enumerate(rows) if len(row) == width)
        below = rows[skip:]
        if skip > MOST_TITLES or sum(len(row) == width for row in below) < max(2, MIN_REGULAR * len(below)):
            return 0
        like = is_like(rows[skip], below[1:])
        if like is False:  # a header
            return skip + _padded(below, width)
        last = rows[skip - 1]  # may be a header that is shorter than its rows
        trailing = len(last) < width and not any(cell for row in below for cell in row[len(last) :])
        short = trailing or (len(last) == width - 1 and _are_row_names(below, width))
        if short and (skip == 1 or _filled(last) > 1):
            return 0 if any(_filled(row) > 1 for row in rows[: skip - 1]) else skip - 1
        return 0 if any(_filled(row) > 1 for row in rows[:skip]) else skip + _padded(below, width)
    return _padded(rows, width)


def _padded(rows: list[list[str]], width: int) -> int:
    """Titles that a spreadsheet has filled up with empty fields, above what is clearly a header."""
    skip = next((place for place, row in enumerate(rows) if _filled(row) > max(1, width // 2)), 0)
    if 0 < skip <= MOST_TITLES and _filled(rows[skip]) == width and is_like(rows[skip], rows[skip + 1 :]) is False:
        return skip
    return 0


def _names_columns(rows: list[list[str]], place: int) -> bool:
    """Whether a row has known names for texts and for labels, none of which occurs below it."""
    cells = [cell.strip() for cell in rows[place]]
    roles = {role: {at for at, cell in enumerate(cells) if is_known(cell, role)} for role in ("texts", "labels")}
    named = set.union(*roles.values())
    if not all(roles.values()) or len(named) < 2:
        return False
    return not any(row[at : at + 1] == [rows[place][at]] for row in rows[place + 1 :] for at in named)


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _are_row_names(rows: list[list[str]], width: int) -> bool:
    """Whether the first column can hold names of rows: all different, and numbers or short, in rows of one length."""
    names = [row[0].strip() for row in rows if len(row) == width]
    if len(names) < max(2, MIN_REGULAR * len(rows)) or len(set(names)) < len(names):
        return False
    return all(map(str.isdecimal, names)) or (len(names) >= MIN_BELOW and not _is_prose(names))


def _is_prose(values: list[str]) -> bool:
    words = sum(len(value.split()) for value in values)
    size = sum(len(value.encode("utf-8", "surrogateescape")) for value in values)
    return words >= PROSE_WORDS * len(values) or size >= PROSE_BYTES * len(values)


def _counts_up(cells: list[str]) -> bool:
    """Whether the cells are numbers in a row, as a table without names is given them: "0", "1", "2"."""
    named = [cell for cell in cells if cell]
    if len(named) < 2 or not all(cell.isdecimal() and len(cell) < 9 for cell in named):
        return False
    return all(int(b) - int(a) == 1 for a, b in pairwise(named))
