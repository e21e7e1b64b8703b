"""Tables of strings from any file, and reviews from two of their columns.

Two steps, so that a person can look at a table and choose its columns before reviews are made of it. How
bytes become a table is in `unpacking.py`, `encodings.py` and `formats.py`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
import pandas as pd

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import limits
from forgetting.data.archives import Source, read_source, unpack
from forgetting.data.formats import parse_table
from forgetting.data.reviews import Report, Reviews, filter_reviews

# (text, label) of the data sets this app is made for: the published experiment's and Kaggle's wine magazine.
KNOWN_COLUMNS = (("Review_content", "Type_of_wine"), ("description", "variety"))
NAME_COLUMNS = ("Review_name", "title", "name")
WORD = re.compile(r"[^\W\d_]{2,}")  # of letters only: neither prices nor dates are prose
MIN_WORDS = 3  # a text column's mean: more than a grape, a country or a date has
JUDGED_ROWS = 1_000  # the texts of so many rows, evenly spaced, are measured
JUDGED_LENGTH = 2_000  # characters of each, for its words
LISTED = 20  # columns that a message names


class ColumnRoles:
    """What each column is like, found out once, however often the columns that are read change."""

    def __init__(self, frame: pd.DataFrame):
        self.frame = frame

    @cached_property
    def prose(self) -> dict[str, float]:
        """Mean length, in characters, of the columns whose texts have MIN_WORDS words or more on average."""
        sample = self.frame.iloc[:: max(1, len(self.frame) // JUDGED_ROWS)]
        return {
            column: sample[column].str.len().mean()
            for column in sample
            if np.mean([*map(_words, sample[column].str[:JUDGED_LENGTH])]) >= MIN_WORDS
        }

    @cached_property
    def groups(self) -> dict[str, tuple[bool, int]]:
        """Whether they are all numbers, and how many, of columns with 2 values or more that occur twice on average."""
        found = {}
        for column in self.frame:
            values = self.frame.loc[self.frame[column].str.strip() != "", column]
            if 2 <= values.nunique() <= len(values) / 2:
                found[column] = (bool(values.str.fullmatch(r"[\d.,+-]+").all()), values.nunique())
        return found

    @property
    def known(self) -> tuple[str | None, str | None]:
        """The text and the label column of a data set that this app is made for."""
        return next((pair for pair in KNOWN_COLUMNS if set(pair) <= set(self.frame.columns)), (None, None))

    def text(self, label: str | None = None) -> str | None:
        """The likely column of the texts beside a label column: a known one, else the longest, else None."""
        known, _ = self.known
        if known is not None and known != label:
            return known
        return max((column for column in self.prose if column != label), key=self.prose.get, default=None)

    def label(self, text: str | None = None) -> str | None:
        """The likely column of the labels beside a text column: a known one, else that of the fewest values, else None.

        A country is a likelier label than a number of points.
        """
        _, known = self.known
        if known is not None and known != text:
            return known
        return min((column for column in self.groups if column != text), key=self.groups.get, default=None)


@dataclass(frozen=True, eq=False)
class Table:
    """A file as rows and columns of text.

    frame: all values as written; a missing one is "". source: the file's name.
    sha256: of the bytes as given (of the archive where it came packed), as 64 hexadecimal digits.
    encoding, delimiter: None where the format has none (Parquet; JSON lines). roles: what the columns are like.
    """

    frame: pd.DataFrame
    sha256: str
    source: str
    encoding: str | None = None
    delimiter: str | None = None
    roles: ColumnRoles | None = None

    def __post_init__(self):
        if self.roles is None:
            object.__setattr__(self, "roles", ColumnRoles(self.frame))

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.frame.columns)

    @property
    def likely_text(self) -> str | None:
        """The column that holds the texts: a known one, else that of the longest texts, else None."""
        return self.roles.text()

    @property
    def likely_label(self) -> str | None:
        """The column that holds the labels: a known one, else that of the fewest values, else None."""
        return self.roles.label(self.likely_text)

    @property
    def likely_name(self) -> str | None:
        """The column that names the reviews: Review_name, title or name, in any case, else None."""
        names = {column.casefold(): column for column in reversed(self.columns)}
        return next((names[name.casefold()] for name in NAME_COLUMNS if name.casefold() in names), None)

    def reviews(self, text: str | None = None, label: str | None = None) -> Reviews:
        """The rows as reviews, from the columns `text` and `label` or the likely ones; empty rows left out.

        Raises DataError where a column is unknown or cannot be told, both are the same, or none has content.
        """
        text, label = self.columns_of(text, label)
        name = self.likely_name
        report = Report(self.source, text, label, name, len(self.frame), self.encoding, self.delimiter)
        names = None if name is None else tuple(self.frame[name])
        reviews = Reviews(tuple(self.frame[text]), tuple(self.frame[label]), names, self.sha256, report)
        reviews = reviews.take(_filled(reviews.texts, "text", text), "empty text")
        return reviews.take(_filled(reviews.labels, "label", label), "empty label")

    def columns_of(self, text: str | None = None, label: str | None = None) -> tuple[str, str]:
        """The text and the label column that `reviews` would read: those given, else the likely ones beside them.

        Raises DataError where one is unknown, cannot be told, or is both.
        """
        for column in (text, label):
            if column is not None and column not in self.columns:
                raise DataError(
                    f"{self.source}: A chosen column must be in the table; {column!r} is not. "
                    f"Choose one of {_listed(self.columns)}."
                )
        text = text or self.roles.text(label)
        if text is None:
            raise DataError(self._no_text())
        label = label or self.roles.label(text)
        if label is None:
            raise DataError(self._no_label(text))
        if text == label:
            raise DataError(
                f"{self.source}: Text and label must be two columns; {text!r} was chosen for both. "
                f"Choose one of {_listed(self.columns)} for the other."
            )
        return text, label

    def _no_text(self) -> str:
        return (
            f"{self.source}: A text column must hold {MIN_WORDS} words or more on average; none of "
            f"{_listed(self.columns)} does. Choose the text column yourself, or upload a file that has one."
        )

    def _no_label(self, text: str) -> str:
        others = [column for column in self.columns if column != text]
        found = f"none of {_listed(others)} does" if others else f"the table has the column {text!r} alone"
        return (
            f"{self.source}: A label column must hold at least 2 values that occur twice or more on average; "
            f"{found}. Choose the label column yourself, or upload a file that has one."
        )


def read_table(source: Source, *, name: str | None = None, max_bytes: int | None = None) -> Table:
    """Read CSV (also with tabs, semicolons or bars), JSON lines or Parquet, plain or in gzip or zip.

    source: a path, bytes, or an open binary file. name: what to call it, else the file's name.
    max_bytes: limit for the file, and again for what it expands to, where not that of `limits`.

    Raises DataError, naming the rule, the value and the remedy, where the file cannot be read as a table.
    """
    max_bytes = limits().bytes if max_bytes is None else max_bytes
    try:
        data, found = read_source(source, max_bytes)
    except DataError as error:
        if not name:
            raise
        raise DataError(f"{name}: {error}") from error
    name = name or found
    try:
        frame, encoding, delimiter = parse_table(unpack(data, max_bytes), max_bytes)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    return Table(frame, sha256(data).hexdigest(), name, encoding, delimiter)


def read_reviews(
    source: Source,
    text: str | None = None,
    label: str | None = None,
    *,
    name: str | None = None,
    drop_duplicates: bool = False,
    min_reviews: int = 1,
    max_classes: int = 0,
    max_reviews: int = 0,
    seed: int = 0,
    max_bytes: int | None = None,
) -> Reviews:
    """Read a file, make reviews of two of its columns, and filter them: the three steps in one.

    See `read_table` for source, name and max_bytes, `Table.reviews` for text and label, `filter_reviews` for
    the rest; raises DataError as they do.
    """
    return filter_reviews(
        read_table(source, name=name, max_bytes=max_bytes).reviews(text, label),
        drop_duplicates=drop_duplicates,
        min_reviews=min_reviews,
        max_classes=max_classes,
        max_reviews=max_reviews,
        seed=seed,
    )


def _words(text: str) -> int:
    return len(WORD.findall(text))


def _filled(values: tuple[str, ...], what: str, column: str) -> np.ndarray:
    rows = [row for row, value in enumerate(values) if value.strip()]
    if not rows:
        raise DataError(
            f"A {what} column must hold some {what}; all {len(values):,} values of {column!r} are empty. "
            f"Choose another {what} column."
        )
    return np.array(rows, dtype=int)


def _listed(columns: Iterable[str]) -> str:
    columns = list(columns)
    listed = ", ".join(repr(shorten(column)) for column in columns[:LISTED])
    return listed if len(columns) <= LISTED else f"{listed} and {len(columns) - LISTED:,} more"
