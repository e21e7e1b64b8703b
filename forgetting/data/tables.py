"""Tables of strings from any file, and reviews from two of their columns.

Two steps, so that a person can look at a table and choose its columns before reviews are made of it. How
bytes become a table is in `archives.py` and `formats/`.
"""

from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np
import pandas as pd

from forgetting.core.errors import DataError, list_names, shorten
from forgetting.core.limits import limits
from forgetting.data.archives import Source, read_source, unpack
from forgetting.data.column_names import is_amount
from forgetting.data.columns import MIN_WORDS, Choice, ColumnRoles
from forgetting.data.entities import decode_entities
from forgetting.data.formats.parse import parse_table
from forgetting.data.labels import are_amounts, compose, cut_at_quantiles, match_missing, merge_labels, parse_numbers
from forgetting.data.original import ORIGINAL_SHA256, ORIGINAL_SIZE
from forgetting.data.reading import DEFAULT_READING, Reading, ReadingSettings
from forgetting.data.reviews import MEAN_MISSING, MISSING, Report, Reviews, filter_reviews

NAME_COLUMNS = ("Review_name", "title", "name")


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
        return _column(self.roles.text_choice())

    @property
    def likely_label(self) -> str | None:
        """The column that is likely to hold the labels beside the likely texts, or None."""
        return _column(self.roles.label_choice(self.likely_text))

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
        missing: tuple[str, ...] = MISSING,
        fold_labels: bool = True,
        quantile_classes: int = 0,
    ) -> Reviews:
        """Make reviews of the rows; those with an empty text or label are left out. Texts are normalized to NFC.

        Args:
            text: The column of the texts, by default the likely one.
            label: The column of the labels, by default the likely one.
            missing: Words that stand for a missing text or label, in any case; the empty one always does.
            fold_labels: Whether labels that differ in letter case, blanks or the writing of a number are one class;
                otherwise they stay as they are written.
            quantile_classes: Number of classes of equal size that numeric labels are cut into; 0 leaves them alone.
                Labels that are no numbers are left out.

        Returns:
            The reviews, with a report of what was left out and merged.

        Raises:
            DataError: A column is unknown, cannot be found or is empty, both are the same, or the labels cannot be cut
                into so many classes.
        """
        text, label = self.columns_of(text, label)
        name = self.likely_name
        report = Report(self.source, text, label, name, len(self.frame), self.reading, decoded=self.decoded)
        names = None if name is None else tuple(self.frame[name])
        texts = tuple(map(compose, self.frame[text]))
        reviews = Reviews(texts, tuple(self.frame[label]), names, self.sha256, report)
        reviews = _take_present(reviews, reviews.texts, "text", missing)
        reviews = _take_present(reviews, reviews.labels, "label", missing)
        if quantile_classes:
            return _cut_labels(reviews, quantile_classes)
        if are_amounts(reviews.labels, codes=not is_amount(label)):
            reviews = replace(reviews, report=replace(reviews.report, offer=("data.quantile_classes", 5)))
        if not fold_labels:
            return reviews
        labels, merged = merge_labels(reviews.labels)
        return replace(reviews, labels=labels, report=replace(reviews.report, merged=merged))

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
        text = self.text_column(text, label)
        label = label or _column(self.roles.label_choice(text))
        if label is None:
            another, offer = self._another_sheet()
            others = [column for column in self.columns if column != text]
            raise DataError(
                f"{self.source}: A label column must hold at least 2 values that occur twice or more on average; "
                f"{_none_of(others, text)}. Choose the label column yourself{another}, or upload a file that has one.",
                offer=offer,
            )
        if text == label:
            raise DataError(
                f"{self.source}: Text and label must be two columns; {text!r} was chosen for both. "
                f"Choose one of {list_names(self.columns)} for the other."
            )
        return text, label

    def text_column(self, text: str | None = None, label: str | None = None) -> str:
        """Find the column of the texts, for which no labels are needed.

        Args:
            text: The column of the texts, by default the likely one beside `label`.
            label: The column of the labels, where it is chosen already.

        Raises:
            DataError: A column is unknown, or none is likely to hold texts.
        """
        for column in (text, label):
            if column is not None and column not in self.columns:
                raise DataError(
                    f"{self.source}: A chosen column must be in the table; {column!r} is not. "
                    f"Choose one of {list_names(self.columns)}."
                )
        text = text or _column(self.roles.text_choice(label))
        if text is None:
            another, offer = self._another_sheet()
            others = [column for column in self.columns if column != label]
            raise DataError(
                f"{self.source}: A text column must hold {MIN_WORDS} words or more on average, where two characters "
                f"of a script without blanks are a word; {_none_of(others, label)}. "
                f"Choose the text column yourself{another}, or upload a file that has one.",
                offer=offer,
            )
        return text

    def _another_sheet(self) -> tuple[str, tuple[str, object] | None]:
        """A remedy where a spreadsheet has another sheet, and the setting that it is."""
        sheet = self.reading.next_sheet
        return (f" or another sheet, such as {shorten(sheet)!r}", ("reading.sheet", sheet)) if sheet else ("", None)


def read_table(
    source: Source,
    *,
    name: str | None = None,
    max_bytes: int | None = None,
    reading: ReadingSettings = DEFAULT_READING,
) -> Table:
    """Read a table from CSV (also with tabs, semicolons or bars), JSON, Parquet or a spreadsheet, also in gzip or zip.

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


def _take_present(reviews: Reviews, values: tuple[str, ...], what: str, missing: tuple[str, ...]) -> Reviews:
    """The reviews whose text or label is neither empty nor a word that means missing."""
    column = getattr(reviews.report, what)
    matches = match_missing(values, missing)
    words = [word for word in missing if word in set(matches)]  # in the order of the setting
    offer = ("data.missing", tuple(word for word in missing if word not in words)) if words else None
    if None not in matches:
        are = f"empty or mean missing ({', '.join(words)})" if words else "empty"
        raise DataError(
            f"A {what} column must hold some {what}; all {len(values):,} values of {column!r} are {are}. "
            f"Choose another {what} column{', or change data.missing' if words else ''}.",
            offer=offer,
        )
    filled = np.array([row for row, match in enumerate(matches) if match != ""], dtype=int)
    present = np.array([row for row, row_in_file in enumerate(filled) if matches[row_in_file] is None], dtype=int)
    reviews = reviews.take(filled, f"empty {what}")
    reviews = reviews.take(present, f"{what} {MEAN_MISSING}: {', '.join(words)}")
    if words and what == "label" and len(set(reviews.labels)) < 2:  # of which one may be a class
        reviews = replace(reviews, report=replace(reviews.report, offer=offer))
    return reviews


def _cut_labels(reviews: Reviews, classes: int) -> Reviews:
    """Reviews labelled with the quantile class of their label; those whose label is no number are left out."""
    numbers = parse_numbers(reviews.labels)
    different, column = len({*numbers} - {None}), reviews.report.label
    if different < max(classes, 2) or classes < 2:
        raise DataError(
            f"data.quantile_classes must be 0, or from 2 to the number of different numbers among the labels; "
            f"{column!r} has {different:,}, and {classes} classes are asked for. Set it to 0, or choose a label column "
            "of numbers.",
            offer=("data.quantile_classes", different if 2 <= different < classes else 0),
        )
    rows = [row for row, number in enumerate(numbers) if number is not None]
    reviews = reviews.take(np.array(rows, dtype=int), "label is not a number")
    return replace(reviews, labels=tuple(cut_at_quantiles([numbers[row] for row in rows], classes)))


def _column(choice: Choice | None) -> str | None:
    return None if choice is None else choice.column


def _none_of(columns: list[str], other: str | None) -> str:
    """What is wrong with all columns but the other, as a part of a sentence."""
    if columns:
        return f"none of {list_names(columns)} does"
    return f"the table has the column {shorten(other or '')!r} alone"
