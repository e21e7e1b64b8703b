"""What a look at the reviews should show before a model is trained on them: plain values, no drawing."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from forgetting.core.errors import DataError
from forgetting.data.reviews import Reviews


@dataclass(frozen=True, eq=False)
class DataProfile:
    """Facts about reviews that decide what a classifier can learn from them.

    Attributes:
        rows: How many reviews there are.
        classes: Reviews per class, the most frequent first.
        duplicates: Reviews that repeat the text and label of an earlier one.
        conflicts: Texts that occur under more than one label.
        dropped: Rows left out on the way from the file, by reason.
        single_classes: Classes with one review, which cannot be both trained on and validated.
        words: Words of each text, split at blanks; shape (rows,).
        shortest_text: The smallest of `words`.
        median_text: The median of `words`.
        longest_text: The largest of `words`.
        decoded: Rows of the file in which HTML entities were decoded.
        new_labels: Fraction of the validation reviews, in [0, 1], whose label never occurs in training, so that no
            model can get them right; None without a split.
    """

    rows: int
    classes: dict[str, int]
    duplicates: int
    conflicts: int
    dropped: dict[str, int]
    single_classes: tuple[str, ...]
    words: np.ndarray
    shortest_text: int
    median_text: float
    longest_text: int
    decoded: int
    new_labels: float | None


def profile_data(reviews: Reviews, *, validation: np.ndarray | None = None) -> DataProfile:
    """Count what a `DataProfile` holds.

    Args:
        reviews: The reviews.
        validation: Indices of those that form the validation part; all others are the training part.

    Returns:
        The profile.

    Raises:
        DataError: There are no reviews, or `validation` is not a set of their indices.
    """
    if not len(reviews):
        raise DataError("A profile needs at least 1 review; 0 came. Choose other columns or drop fewer rows.")
    words = np.array([len(text.split()) for text in reviews.texts])
    words.setflags(write=False)
    different = set(zip(reviews.texts, reviews.labels, strict=True))
    dropped = Counter()
    for each in reviews.report.dropped:
        dropped[each.reason] += each.rows
    return DataProfile(
        rows=len(reviews),
        classes=dict(reviews.counts),
        duplicates=len(reviews) - len(different),
        conflicts=sum(count > 1 for count in Counter(text for text, _ in different).values()),
        dropped=dict(dropped),
        single_classes=tuple(label for label, count in reviews.counts.items() if count == 1),
        words=words,
        shortest_text=int(words.min()),
        median_text=float(np.median(words)),
        longest_text=int(words.max()),
        decoded=reviews.report.decoded,
        new_labels=None if validation is None else _new_labels(reviews.labels, validation),
    )


def _new_labels(labels: tuple[str, ...], validation: np.ndarray) -> float:
    validation = np.asarray(validation)
    held_out = set(validation.ravel().tolist()) if np.issubdtype(validation.dtype, np.integer) else set()
    if not 0 < len(held_out) == validation.size or min(held_out) < 0 or max(held_out) >= len(labels):
        raise DataError(
            f"Validation must be one or more row indices from 0 to {len(labels) - 1}, each once; {validation.size} "
            f"values of type {validation.dtype} came that are not. Give those of the validation part."
        )
    training = {label for row, label in enumerate(labels) if row not in held_out}
    return sum(labels[row] not in training for row in held_out) / len(held_out)
