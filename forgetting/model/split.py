"""From reviews to tensors: the split into training and validation, TF-IDF words, and class numbers.

Text stays sparse. The vectorizer is fitted on the training part alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from forgetting.core.errors import DataError
from forgetting.core.limits import check_limit, limits
from forgetting.core.settings import Settings, setting
from forgetting.data.reviews import Reviews
from forgetting.model.sparse import SparseMatrix


@dataclass(frozen=True)
class SplitSettings(Settings):
    """How reviews become a split.

    validation_share: share of the reviews held out, in (0, 1). stratify: keep the classes' shares equal in both parts.
    sublinear_tf: a word's count enters as 1 + ln(count). min_df: reviews of the training part that a word must occur
    in. max_words: keep so many of the most frequent words; 0 keeps all. seed: of the split.
    """

    group: ClassVar[str] = "split"
    validation_share: float = setting(0.2, low=0.05, high=0.9)
    stratify: bool = setting(True)
    sublinear_tf: bool = setting(True)
    min_df: int = setting(2, low=1, high=1_000)
    max_words: int = setting(0, low=0, high=1_000_000)
    seed: int = setting(0, low=0, high=2**32 - 1)


@dataclass(frozen=True, eq=False)
class Part:
    """The training or the validation part.

    inputs: (reviews, words), TF-IDF rows of length 1 (0 where a review has no known word).
    targets: (reviews,) int64 class numbers. rows: (reviews,) positions in the split's reviews.
    """

    inputs: SparseMatrix
    targets: torch.Tensor
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Split:
    """Both parts, the words (columns of the inputs), the classes (in alphabetical order), and the reviews split."""

    training: Part
    validation: Part
    words: tuple[str, ...]
    classes: tuple[str, ...]
    reviews: Reviews

    @property
    def parts(self) -> dict[str, Part]:
        return {"training": self.training, "validation": self.validation}


def make_split(reviews: Reviews, splitting: SplitSettings) -> Split:
    """Split reviews, fit the words on the training part, and number the classes.

    Raises DataError where a part would be too small for the classes, or no word is left.
    """
    classes, targets = encode_labels(reviews)
    training, validation = split_rows(reviews, targets, splitting)
    vectorizer = TfidfVectorizer(
        sublinear_tf=splitting.sublinear_tf,
        min_df=splitting.min_df,
        max_features=splitting.max_words or None,
        dtype=np.float32,
    )
    vectorizer.set_params(analyzer=_counting(vectorizer.build_analyzer()))
    try:
        fitted = vectorizer.fit_transform(reviews.texts[row] for row in training)
    except ValueError as error:
        raise DataError(
            f"No word is left of {len(training)} training reviews: a word needs at least 2 letters or digits and "
            f"must occur in at least min_df = {splitting.min_df} of them. Lower min_df or choose another text column."
        ) from error
    held_out = vectorizer.transform(reviews.texts[row] for row in validation)
    parts = [
        Part(SparseMatrix.from_scipy(matrix), torch.from_numpy(targets[rows]), rows)
        for matrix, rows in ((fitted, training), (held_out, validation))
    ]
    return Split(*parts, tuple(vectorizer.get_feature_names_out()), tuple(classes), reviews)


def _counting(analyze: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """An analyzer that refuses texts with too many different words, before the vectorizer's table of them is full."""
    seen, most = set(), limits().words

    def analyzer(text: str) -> list[str]:
        words = analyze(text)
        seen.update(words)
        check_limit(
            "words",
            len(seen),
            "The texts may have at most {most} different words; these have more.",
            "Keep fewer reviews (data.max_reviews), or choose a column that holds prose.",
            most=most,  # read once, not for each review
        )
        return words

    return analyzer


def encode_labels(reviews: Reviews) -> tuple[np.ndarray, np.ndarray]:
    """The classes in their order, and the number of each review's, (reviews,).

    As objects: numpy's own strings would all take the room of the longest, and lose NULs at their ends.
    """
    return np.unique(np.array(reviews.labels, dtype=object), return_inverse=True)


def split_rows(reviews: Reviews, targets: np.ndarray, splitting: SplitSettings) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the training and of the validation part, by scikit-learn's `train_test_split`.

    targets: what is stratified by, such as labels. Raises DataError where a part would be too small for the classes, or
    they are too many.
    """
    check_limit(
        "classes",
        len(reviews.counts),
        "A model may tell at most {most} classes apart; {found} are kept.",
        "Keep fewer (data.max_classes, data.min_reviews), or choose another label column.",
    )
    if splitting.stratify:
        _check_stratified(reviews, splitting)
    if np.ceil(len(reviews) * splitting.validation_share) >= len(reviews):
        raise DataError(
            f"The training part needs at least one review; a validation share of {splitting.validation_share:g} leaves "
            f"none of {len(reviews)}. Lower the share or keep more reviews."
        )
    training, validation = train_test_split(
        np.arange(len(reviews)),
        test_size=splitting.validation_share,
        random_state=splitting.seed,  # an int: scikit-learn makes its own generator from it
        stratify=targets if splitting.stratify else None,
    )
    return training, validation


def _check_stratified(reviews: Reviews, splitting: SplitSettings) -> None:
    smallest, count = list(reviews.counts.items())[-1]
    if count < 2:
        alone = sum(count == 1 for count in reviews.counts.values())
        raise DataError(
            f"A stratified split needs at least 2 reviews of each class; {alone} classes have 1 (such as "
            f"{smallest!r}). Keep classes with at least 2 reviews, or turn stratify off."
        )
    held_out = int(np.ceil(len(reviews) * splitting.validation_share))
    if min(held_out, len(reviews) - held_out) < len(reviews.counts):
        raise DataError(
            f"A stratified split needs at least one review a class in each part; {len(reviews)} reviews at a "
            f"validation share of {splitting.validation_share:g} give {held_out} for {len(reviews.counts)} classes. "
            "Keep fewer classes or change the share."
        )
