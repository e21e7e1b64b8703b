"""From reviews to tensors: the split into training and validation, TF-IDF features, and class numbers.

Text stays sparse. The vectorizer is fitted to the training part only.

torch, scipy and scikit-learn take seconds to import, so they are imported where a split is made: whoever only looks at
one need not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forgetting.core.errors import DataError
from forgetting.core.limits import check_limit, limits
from forgetting.data.reviews import Reviews
from forgetting.model.settings import SplitSettings

if TYPE_CHECKING:
    import torch

    from forgetting.model.sparse import SparseMatrix

PARTS = ("training", "validation")


@dataclass(frozen=True, eq=False)
class Part:
    """The training or the validation part.

    Attributes:
        inputs: (reviews, words), TF-IDF rows with an L2 norm of 1, or 0 where a review has no known word.
        targets: Class numbers, (reviews,) int64.
        rows: Positions in the split's reviews, (reviews,).
    """

    inputs: SparseMatrix
    targets: torch.Tensor
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Split:
    """Reviews split into two parts.

    Attributes:
        training: The training part.
        validation: The validation part.
        words: The words of the inputs' columns.
        classes: The classes' labels by class number, in alphabetical order.
        reviews: The reviews that were split.
    """

    training: Part
    validation: Part
    words: tuple[str, ...]
    classes: tuple[str, ...]
    reviews: Reviews

    @property
    def parts(self) -> dict[str, Part]:
        """Both parts by name."""
        return {name: getattr(self, name) for name in PARTS}


def make_split(reviews: Reviews, splitting: SplitSettings) -> Split:
    """Split reviews, fit the words to the training part, and number the classes.

    Raises:
        DataError: A part would be too small for the classes, no word is left, or there are too many classes or words.
    """
    import torch
    from sklearn.feature_extraction.text import TfidfVectorizer

    from forgetting.model.sparse import SparseMatrix

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
            f"must occur in at least split.min_df = {splitting.min_df} of them. Lower it or choose another text column."
        ) from error
    transformed = vectorizer.transform(reviews.texts[row] for row in validation)
    parts = [
        Part(SparseMatrix.from_scipy(matrix), torch.from_numpy(targets[rows]), rows)
        for matrix, rows in ((fitted, training), (transformed, validation))
    ]
    return Split(*parts, tuple(vectorizer.get_feature_names_out()), tuple(classes), reviews)


def _counting(analyze: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """An analyzer that refuses texts with too many different words before they fill the memory."""
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
    """The labels of the classes in alphabetical order, (classes,), and each review's class number, (reviews,).

    Labels are objects: each of numpy's strings would take the memory of the longest, and lose NULs at its end.
    """
    return np.unique(np.array(reviews.labels, dtype=object), return_inverse=True)


def split_rows(reviews: Reviews, targets: np.ndarray, splitting: SplitSettings) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the reviews of the training and of the validation part, by scikit-learn's `train_test_split`.

    Args:
        reviews: The reviews to split.
        targets: What a stratified split balances, such as class numbers or labels, (reviews,).
        splitting: The settings of the split.

    Raises:
        DataError: A part would be too small for the classes, or there are too many classes.
    """
    from sklearn.model_selection import train_test_split

    check_limit(
        "classes",
        len(reviews.counts),
        "A model may tell at most {most} classes apart; {found} are kept.",
        "Keep fewer (data.max_classes, data.min_reviews), or choose another label column.",
    )
    held_out = int(np.ceil(len(reviews) * splitting.validation_share))
    if splitting.stratify:
        smallest, count = list(reviews.counts.items())[-1]
        if count < 2:
            alone = sum(count == 1 for count in reviews.counts.values())
            raise DataError(
                f"A stratified split needs at least 2 reviews of each class; {alone} classes have 1 (such as "
                f"{smallest!r}). Keep classes with at least 2 reviews, or turn stratify off."
            )
        if min(held_out, len(reviews) - held_out) < len(reviews.counts):
            raise DataError(
                f"A stratified split needs at least one review a class in each part; {len(reviews)} reviews at a "
                f"validation share of {splitting.validation_share:g} give {held_out} for {len(reviews.counts)} "
                "classes. Keep fewer classes or change the share."
            )
    if held_out >= len(reviews):
        raise DataError(
            f"The training part needs at least one review; a validation share of {splitting.validation_share:g} leaves "
            f"none of {len(reviews)}. Lower the share or keep more reviews."
        )
    training, validation = train_test_split(
        np.arange(len(reviews)),
        test_size=splitting.validation_share,
        random_state=splitting.seed,  # an int, of which scikit-learn makes a new generator
        stratify=targets if splitting.stratify else None,
    )
    return training, validation
