"""Tables of strings from any file, and reviews from two of their columns.

Two steps, so that a person can look at a table and choose its columns before reviews are made of it. How
bytes become a table is in `archives.py` and `formats/`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import pandas as pd

from forgetting.core.errors import DataError, shorten
from forgetting.core.limits import limits
from forgetting.data.archives import Source, read_source, unpack
from forgetting.data.columns import MIN_WORDS, ColumnRoles
from forgetting.data.entities import decode_entities
from forgetting.data.formats.parse import parse_table
from forgetting.data.original import ORIGINAL_SHA256, ORIGINAL_SIZE
from forgetting.data.reading import DEFAULT_READING, Reading, ReadingSettings
from forgetting.data.reviews import MISSING, Report, Reviews, filter_reviews

NAME_COLUMNS = ("Review_name", "title", "name")
LISTED = 20  # columns that a message names


@dataclass(frozen=True, eq=False)
class Table:
    """A file as rows and columns of text.

    Attributes:
        frame: All values as written, HTML entities decoded; a missing one is "".
        sha256: Of the bytes as given (of the archive where the file came packed), as 64 hexadecimal digits.
        source: The file's name.
        reading: How it was read.
        decoded: Rows in which HTML entities were decoded.
        roles: What the columns may be; found out from the frame by default.
    """

    frame: pd.DataFrame
    sha256: str
    source: str
    reading: Reading = field(default=Reading())
    decoded: int = 0
    roles: ColumnRoles | None = None

    def __post_init__(self):
        if self.roles is None:
            object.__setattr__(self, "roles", ColumnRoles(self.frame))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.frame.columns)

    @property
    def likely_text(self) -> str | None:
        """The column that is likely to hold the texts, or None."""
        return self.roles.text()

    @property
    def likely_label(self) -> str | None:
        """The column that is likely to hold the labels beside the likely texts, or None."""
        return self.roles.label(self.likely_text)

    @property
    def likely_name(self) -> str | None:
        """The column that names the reviews: Review_name, title or name, in any case, else None."""
        names = {column.casefold(): column for column in reversed(self.columns)}
        return next((names[name.casefold()] for name in NAME_COLUMNS if name.casefold() in names), None)

    def reviews(
        self,
        text: str | None = None,
        label: str | None = None,
        *,
        missing: tuple[str, ...] = MISSING,  # noqa: ARG002
        fold_labels: bool = True,  # noqa: ARG002
        quantile_classes: int = 0,  # noqa: ARG002
    ) -> Reviews:
        """Make reviews of the rows; those with an empty text or label are left out.

        Args:
            text: The column of the texts, by default the likely one.
            label: The column of the labels, by default the likely one.
            missing: Words that stand for a missing text or label, in any case; the empty one always does.
            fold_labels: Whether labels that differ in letter case, blanks or the writing of a number are one class.
            quantile_classes: Number of classes of equal size that numeric labels are cut into; 0 leaves them alone.

        Returns:
            The reviews, with a report of what was left out.

        Raises:
            DataError: A column is unknown, cannot be found or is empty, or both are the same.
        """
        text, label = self.columns_of(text, label)
        name = self.likely_name
        report = Report(self.source, text, label, name, len(self.frame), self.reading, decoded=self.decoded)
        names = None if name is None else tuple(self.frame[name])
        reviews = Reviews(tuple(self.frame[text]), tuple(self.frame[label]), names, self.sha256, report)
        reviews = reviews.take(_filled(reviews.texts, "text", text), "empty text")
        return reviews.take(_filled(reviews.labels, "label", label), "empty label")

    def columns_of(self, text: str | None = None, label: str | None = None) -> tuple[str, str]:
        """Find the columns that `reviews` would read.

        Args:
            text: The column of the texts, by default the likely one beside `label`.
            label: The column of the labels, by default the likely one beside `text`.

        Returns:
            The text and the label column.

        Raises:
            DataError: A column is unknown or cannot be found, or both are the same.
        """
        for column in (text, label):
            if column is not None and column not in self.columns:
                raise DataError(
                    f"{self.source}: A chosen column must be in the table; {column!r} is not. "
                    f"Choose one of {_listed(self.columns)}."
                )
        text = text or self.roles.text(label)
        if text is None:
            raise DataError(
                f"{self.source}: A text column must hold {MIN_WORDS} words or more on average; none of "
                f"{_listed(self.columns)} does. Choose the text column yourself, or upload a file that has one."
            )
        label = label or self.roles.label(text)
        if label is None:
            others = [column for column in self.columns if column != text]
            found = f"none of {_listed(others)} does" if others else f"the table has the column {text!r} alone"
            raise DataError(
                f"{self.source}: A label column must hold at least 2 values that occur twice or more on average; "
                f"{found}. Choose the label column yourself, or upload a file that has one."
            )
        if text == label:
            raise DataError(
                f"{self.source}: Text and label must be two columns; {text!r} was chosen for both. "
                f"Choose one of {_listed(self.columns)} for the other."
            )
        return text, label


def read_table(
    source: Source,
    *,
    name: str | None = None,
    max_bytes: int | None = None,
    reading: ReadingSettings = DEFAULT_READING,
) -> Table:
    """Read a table from CSV (also with tabs, semicolons or bars), JSON lines or Parquet, plain or in gzip or zip.

    HTML entities are decoded, but for those of the original file: the published results count `amp` as a word.

    Args:
        source: A path, bytes, or an open binary file.
        name: What to call it, by default the file's name.
        max_bytes: Another limit than the one in force for the file, and again for what it expands to.
        reading: How to read it.

    Returns:
        The table.

    Raises:
        DataError: The file cannot be read as a table; the message names the rule, the value and the remedy.
    """
    max_bytes = limits().bytes if max_bytes is None else max_bytes
    try:
        data, named = read_source(source, max_bytes)
    except DataError as error:
        if not name:
            raise
        raise DataError(f"{name}: {error}") from error
    name = name or named
    try:
        plain = unpack(data, max_bytes)
        frame, found = parse_table(plain, max_bytes, reading)
    except DataError as error:
        raise DataError(f"{name}: {error}", offer=error.offer) from error
    original = len(plain) == ORIGINAL_SIZE and sha256(plain).hexdigest() == ORIGINAL_SHA256
    frame, decoded = (frame, 0) if original else decode_entities(frame)
    return Table(frame, sha256(data).hexdigest(), name, found, decoded)


def read_reviews(
    source: Source,
    text: str | None = None,
    label: str | None = None,
    *,
    name: str | None = None,
    reading: ReadingSettings = DEFAULT_READING,
    missing: tuple[str, ...] = MISSING,
    fold_labels: bool = True,
    quantile_classes: int = 0,
    drop_duplicates: bool = False,
    min_reviews: int = 1,
    max_classes: int = 0,
    max_reviews: int = 0,
    seed: int = 0,
    max_bytes: int | None = None,
) -> Reviews:
    """Read a file, make reviews of two of its columns, and select from them: the three steps in one.

    `read_table` describes source, name, reading and max_bytes, `Table.reviews` text, label, missing, fold_labels and
    quantile_classes, and `filter_reviews` the rest.

    Raises:
        DataError: One of the steps refuses the file.
    """
    table = read_table(source, name=name, max_bytes=max_bytes, reading=reading)
    return filter_reviews(
        table.reviews(text, label, missing=missing, fold_labels=fold_labels, quantile_classes=quantile_classes),
        drop_duplicates=drop_duplicates,
        min_reviews=min_reviews,
        max_classes=max_classes,
        max_reviews=max_reviews,
        seed=seed,
    )


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
