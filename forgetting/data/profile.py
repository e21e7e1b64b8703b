"""What a look at the reviews should show before a model is trained on them: plain values, no drawing."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from forgetting.core.errors import DataError
from forgetting.data.reviews import Reviews


@dataclass(frozen=True, eq=False)
class DataProfile:
    """Facts about reviews that decide what a classifier can learn from them.

    rows: reviews. classes: reviews per class, most frequent first.
    duplicates: reviews that repeat the text and label of an earlier one.
    conflicts: texts that occur under more than one label.
    dropped: rows left out on the way from the file, by reason.
    single_classes: classes with one review, which cannot be both learnt and tested.
    words: (rows,) words in each text, split at blanks; with shortest_text, median_text, longest_text.
    unseen: share of the validation reviews, in [0, 1], whose label never occurs in training, so that no model
        can get them right; None without a split.
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
    non_members: float | None


def profile_data(reviews: Reviews, *, validation: np.ndarray | None = None) -> DataProfile:
    """Count what `DataCheck` holds.

    validation: indices of the reviews that form the validation part; all others are the training part.
    Raises DataError where there are no reviews, or validation is not a set of their indices.
    """
    if not len(reviews):
        raise DataError("A check needs at least 1 review; 0 came. Choose other columns or drop fewer rows.")
    words = np.array([len(text.split()) for text in reviews.texts])
    words.setflags(write=False)
    return DataProfile(
        rows=len(reviews),
        classes=dict(reviews.counts),
        duplicates=len(reviews) - len(set(zip(reviews.texts, reviews.labels, strict=True))),
        conflicts=_conflicts(reviews),
        dropped=_dropped(reviews),
        single_classes=tuple(label for label, count in reviews.counts.items() if count == 1),
        words=words,
        shortest_text=int(words.min()),
        median_text=float(np.median(words)),
        longest_text=int(words.max()),
        non_members=None if validation is None else _unseen(reviews.labels, validation),
    )


def _conflicts(reviews: Reviews) -> int:
    labels_per_text = Counter(text for text, _ in set(zip(reviews.texts, reviews.labels, strict=True)))
    return sum(count > 1 for count in labels_per_text.values())


def _dropped(reviews: Reviews) -> dict[str, int]:
    rows = Counter()
    for dropped in reviews.report.dropped:
        rows[dropped.reason] += dropped.rows
    return dict(rows)


def _unseen(labels: tuple[str, ...], validation: np.ndarray) -> float:
    held_out = _check_indices(np.asarray(validation), len(labels))
    training = {label for row, label in enumerate(labels) if row not in held_out}
    return sum(labels[row] not in training for row in held_out) / len(held_out)


def _check_indices(validation: np.ndarray, rows: int) -> set[int]:
    whole = np.issubdtype(validation.dtype, np.integer)
    indices = set(validation.ravel().tolist()) if whole else set()
    if not 0 < len(indices) == validation.size or min(indices) < 0 or max(indices) >= rows:
        raise DataError(
            f"Validation must be one or more row indices from 0 to {rows - 1}, each once; {validation.size} "
            f"values of type {validation.dtype} came that are not. Give those of the validation part."
        )
    return indices
