"""Reviews: texts with labels, where they came from, and what was dropped on the way.

Reading files is the work of `tables.py`, downloading that of `download.py`; nothing here knows of words or tensors.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from forgetting.core.errors import DataError
from forgetting.data.labels import Merged
from forgetting.data.reading import Reading

# Words that stand for a missing text or label, in any case.
MISSING = ("NA", "N/A", "#N/A", "nan", "null", "none", "?", "-", "–")
MEAN_MISSING = "is one of the words that mean missing"  # in the reason of rows that are left out for one


def review_key(text: str) -> str:
    """The key of a review: the first twelve hexadecimal digits of the SHA-256 of its text. Copies have the same."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True)
class Dropped:
    """Rows that were left out.

    Attributes:
        reason: Why, in words.
        rows: How many.
    """

    reason: str
    rows: int


@dataclass(frozen=True)
class Report:
    """What a set of reviews was made from.

    Attributes:
        source: Where the bytes came from, in words ("synthetic sample", a file's name).
        text: The column of the texts.
        label: The column of the labels.
        name: The column of the names, None where the file has none.
        rows: Rows in the file.
        reading: How the file was read.
        dropped: What was left out of the rows, in the order in which it was done.
        decoded: Rows of the file in which HTML entities were decoded.
        merged: Classes of several writings, the largest first.
        offer: A setting by its dotted name, and a value that may suit the labels better; None where there is none.
    """

    source: str
    text: str
    label: str
    name: str | None
    rows: int
    reading: Reading = field(default=Reading())
    dropped: tuple[Dropped, ...] = ()
    decoded: int = 0
    merged: tuple[Merged, ...] = ()
    offer: tuple[str, object] | None = None


@dataclass(frozen=True, eq=False)
class Reviews:
    """Reviews in the order of their file.

    Attributes:
        texts: A text for each review.
        labels: A label for each review.
        names: A name for each review, None where the file has no such column.
        sha256: Of the bytes that the reviews came from, as 64 hexadecimal digits.
        report: What they were made from.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    names: tuple[str, ...] | None
    sha256: str
    report: Report

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Reviews per class, most frequent first, equal counts in alphabetical order."""
        return dict(sorted(Counter(self.labels).items(), key=lambda item: (-item[1], item[0])))

    def by_name(self) -> "Reviews":
        """Label each review with its name, as the published experiment does.

        Returns:
            The reviews that have a name.

        Raises:
            DataError: No review has one.
        """
        rows = [row for row, name in enumerate(self.names or ()) if name.strip()]
        if not rows:
            raise DataError(
                "The published protocol labels each review with its own name, and this file has no name "
                "column (Review_name or title). Choose a label column, or the modern protocol."
            )
        named = self.take(np.array(rows, dtype=int), "empty name")
        report = replace(named.report, label=self.report.name, merged=(), offer=None)
        return replace(named, labels=named.names, report=report)

    def take(self, rows: np.ndarray, reason: str) -> "Reviews":
        """Take some of the reviews.

        Args:
            rows: Their indices, in order.
            reason: Why the others are dropped, for the report.

        Returns:
            These reviews, with a report that counts the others.
        """
        lost = len(self) - len(rows)
        if not lost:
            return self
        dropped = (*self.report.dropped, Dropped(reason, lost))
        pick = lambda values: tuple(values[row] for row in rows)  # noqa: E731
        return replace(
            self,
            texts=pick(self.texts),
            labels=pick(self.labels),
            names=None if self.names is None else pick(self.names),
            report=replace(self.report, dropped=dropped),
        )


def filter_reviews(
    reviews: Reviews,
    *,
    drop_duplicates: bool = False,
    min_reviews: int = 1,
    max_classes: int = 0,
    max_reviews: int = 0,
    seed: int = 0,
) -> Reviews:
    """Select the reviews that a recipe asks for; the arguments apply in their order.

    Args:
        reviews: The reviews to select from.
        drop_duplicates: Take only the first of several reviews with the same text and label.
        min_reviews: Take classes with at least so many reviews.
        max_classes: Take so many of the most frequent classes (ties in alphabetical order); 0 takes all.
        max_reviews: Take a random sample of so many reviews, in their order; 0 takes all.
        seed: Of that sample.

    Returns:
        The selected reviews, with a report that counts the others by reason.

    Raises:
        DataError: Fewer than two classes remain, or no class with two reviews.
    """
    if drop_duplicates:
        first = {}
        for row, key in enumerate(zip(reviews.texts, reviews.labels, strict=True)):
            first.setdefault(key, row)
        reviews = reviews.take(np.fromiter(first.values(), int, len(first)), "duplicate of an earlier review")
    reviews = _take_frequent(reviews, min_reviews)
    if max_classes:
        largest = set(list(reviews.counts)[:max_classes])
        reviews = _take_labels(reviews, largest, f"class is not among the {max_classes} most frequent")
    if max_reviews and len(reviews) > max_reviews:
        rows = np.random.default_rng(seed).choice(len(reviews), max_reviews, replace=False)
        reviews = reviews.take(np.sort(rows), f"not in the random sample of {max_reviews} reviews")
        reviews = _take_frequent(reviews, min_reviews)  # the sample may have made classes rare
    column = reviews.report.label
    dropped = "; ".join(f"{each.rows:,} because: {each.reason}" for each in reviews.report.dropped) or "nothing"
    if len(reviews.counts) < 2:
        are_amounts = reviews.report.offer and reviews.report.offer[0] == "data.quantile_classes"
        amounts = " The labels are numbers with many values: cut them into a few classes." if are_amounts else ""
        raise DataError(
            f"A classifier needs at least 2 classes; {len(reviews.counts)} remained in column {column!r} "
            f"({len(reviews)} reviews; left out: {dropped}). Choose another label column or leave out fewer classes."
            f"{amounts}",
            offer=reviews.report.offer,
        )
    if max(reviews.counts.values()) < 2:
        raise DataError(
            f"A class needs at least 2 reviews to be trained on and validated; each of the {len(reviews.counts)} "
            f"classes in column {column!r} has 1 (left out: {dropped}). Choose another label column or leave out "
            "fewer.",
            offer=reviews.report.offer,
        )
    return reviews


def _take_frequent(reviews: Reviews, least: int) -> Reviews:
    frequent = {label for label, count in reviews.counts.items() if count >= least}
    return _take_labels(reviews, frequent, f"class has fewer than {least:,} reviews")


def _take_labels(reviews: Reviews, labels: set[str], reason: str) -> Reviews:
    rows = [row for row, label in enumerate(reviews.labels) if label in labels]
    return reviews.take(np.array(rows, dtype=int), reason)
