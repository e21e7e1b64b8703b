"""One validation review that stands for all: the one at which half of what the original predicts right is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forgetting.model.split import Split


@dataclass(frozen=True)
class TypicalReview:
    """A validation review with its prediction at each fraction of a path.

    Attributes:
        position: Which one of the validation part.
        text: Its text.
        label: Its class.
        predictions: The predicted class at each fraction, from the original on.
    """

    position: int
    text: str
    label: str
    predictions: tuple[str, ...]


def find_typical_review(split: Split, predictions: Sequence[np.ndarray]) -> TypicalReview:
    """The median of the reviews that the original predicts right, by the fraction at which each is lost for good.

    Args:
        split: The reviews.
        predictions: Predicted classes of the validation part, (reviews,), at rising fractions from 0 on.
    """
    part, found = split.validation, np.stack(predictions)  # (fractions, reviews)
    right = found == part.targets.numpy()
    lost_at = len(found) - np.argmax(right[::-1], axis=0)  # place of the last right prediction, and one more
    known = np.flatnonzero(right[0]) if right[0].any() else np.arange(len(part))
    position = int(known[np.argsort(lost_at[known], kind="stable")][len(known) // 2])
    return TypicalReview(
        position,
        split.reviews.texts[part.rows[position]],
        split.classes[part.targets[position]],
        tuple(split.classes[index] for index in found[:, position]),
    )
