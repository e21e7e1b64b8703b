"""From reviews to tensors: the split into training, validation and stopping parts, TF-IDF features, class numbers.

Text stays sparse. The vectorizer is fitted to the training part only.

torch, scipy and scikit-learn take seconds to import, so they are imported where a split is made: whoever only looks at
one need not wait for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forgetting.core.errors import DataError
from forgetting.core.limits import check_limit, limits
from forgetting.data.reviews import Reviews
from forgetting.model.settings import SplitSettings, is_large
from forgetting.model.words import BASIC, WORD_KINDS, Tokenizer, choose_tokenizer

if TYPE_CHECKING:
    import scipy.sparse
    import torch

    from forgetting.model.sparse import SparseMatrix
    from forgetting.model.tokens import TokenRows

PARTS = ("training", "validation")  # what is measured; nothing is reported of the stopping part
STOPPING_SHARE, STOPPING_MOST = 0.05, 5_000  # of the reviews that are not for validation; reviews at most
ROWS_AT_ONCE = 10_000  # reviews of a pass that trains nothing: of 2,000 classes 80 MB, beside those of the metrics


@dataclass(frozen=True, eq=False)
class Part:
    """The training, the validation or the stopping part.

    Attributes:
        inputs: (reviews, words), TF-IDF rows with an L2 norm of 1, or 0 where a review has no known word.
        targets: Class numbers, (reviews,) int64.
        rows: Positions in the split's reviews, (reviews,).
        tokens: The known words of each review in their order; None where the model takes none.
    """

    inputs: SparseMatrix
    targets: torch.Tensor
    rows: np.ndarray
    tokens: TokenRows | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def model_inputs(self) -> SparseMatrix | TokenRows:
        """What the model takes: the tokens where there are some, else the TF-IDF rows."""
        return self.inputs if self.tokens is None else self.tokens

    def select(self, indices: torch.Tensor) -> Part:
        """The reviews at `indices`, (n,) int64, in that order."""
        tokens = None if self.tokens is None else self.tokens.rows(indices)
        return Part(self.inputs.rows(indices), self.targets[indices], self.rows[indices.numpy()], tokens)

    def chunks(self) -> Iterator[tuple[SparseMatrix | TokenRows, torch.Tensor]]:
        """Model inputs and targets of at most ROWS_AT_ONCE reviews at a time; most parts are one chunk, as they are."""
        if len(self) <= ROWS_AT_ONCE:
            yield self.model_inputs, self.targets
            return
        for start in range(0, len(self), ROWS_AT_ONCE):
            end = min(start + ROWS_AT_ONCE, len(self))
            yield self.model_inputs.between(start, end), self.targets[start:end]


@dataclass(frozen=True, eq=False)
class Split:
    """Reviews split into parts, no two of which share a review.

    Attributes:
        training: The training part.
        validation: The validation part, which the metrics are of.
        words: The words of the inputs' columns.
        classes: The classes' labels by class number, in alphabetical order.
        reviews: The reviews that were split.
        stopping: The stopping part, on which training finds its best epoch; None for none.
        test: The test part, which no choice looks at, and claims are measured on; None for none.
        tokenizer: What cut the texts into words.
        without_words: Reviews of all parts in which it found no word.
        max_tokens: Words of a review that the parts keep in their order at the most; 0 where the model takes none.
        subsets: Sets of these reviews that are measured beside the parts, such as a forget set, by name.
    """

    training: Part
    validation: Part
    words: tuple[str, ...]
    classes: tuple[str, ...]
    reviews: Reviews
    stopping: Part | None = None
    test: Part | None = None
    tokenizer: Tokenizer = BASIC
    without_words: int = 0
    max_tokens: int = 0
    subsets: tuple[tuple[str, Part], ...] = ()

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that are measured, and the subsets, by name."""
        return {name: getattr(self, name) for name in PARTS} | dict(self.subsets)

    @property
    def size(self) -> tuple[int, int, str]:
        """What `TrainingSettings.for_size` goes by: reviews that may be trained on, classes, and the kind of model."""
        reviews = len(self.training) + (len(self.stopping) if self.stopping else 0)
        return reviews, len(self.classes), "transformer" if self.max_tokens else "mlp"

    def without_stopping(self) -> Split:
        """The same split, on which training goes through all its epochs and keeps the last."""
        return replace(self, stopping=None)

    @property
    def without_known_words(self) -> dict[str, int]:
        """Reviews of each part, by its name, of whose words the model knows none: their rows are empty."""
        return {name: int((part.inputs.offsets.diff() == 0).sum()) for name, part in self.parts.items()}


def make_split(reviews: Reviews, splitting: SplitSettings, *, max_tokens: int = 0) -> Split:
    """Split reviews, fit the words to the training part, and number the classes.

    Args:
        reviews: The reviews.
        splitting: The settings of the split.
        max_tokens: Words of a review that are kept in their order, for a model that reads them so; 0 for none.

    Raises:
        DataError: A part would be too small for the classes, no word is left, or there are too many classes or words.
    """
    import torch
    from sklearn.feature_extraction.text import TfidfVectorizer

    from forgetting.model.sparse import SparseMatrix

    classes, targets = encode_labels(reviews)
    training, validation = split_rows(reviews, targets, splitting)
    training, test = draw_test(training, targets, splitting)
    training, stopping = draw_stopping(training, targets, splitting)
    tokenizer = choose_tokenizer(splitting.words, reviews.texts)
    analyzer = _Counting(tokenizer)
    vectorizer = TfidfVectorizer(
        analyzer=analyzer,
        sublinear_tf=splitting.sublinear_tf,
        min_df=splitting.min_df,
        max_features=splitting.max_words or None,
        dtype=np.float32,
    )
    try:
        fitted = vectorizer.fit_transform(reviews.texts[row] for row in training)
    except ValueError as error:
        why = (
            f"a word must occur in at least split.min_df = {splitting.min_df} of them. Lower it, take another "
            "split.words"
            if analyzer.seen
            else f"{WORD_KINDS[tokenizer.kind].rule}, and they hold none. Take another split.words"
        )
        raise DataError(
            f"No word is left of {len(training)} training reviews: {why}, or choose another text column."
        ) from error

    def make_part(rows: np.ndarray, matrix: scipy.sparse.csr_matrix | None = None) -> Part:
        matrix = vectorizer.transform(reviews.texts[row] for row in rows) if matrix is None else matrix
        tokens = None
        if max_tokens:
            from forgetting.model.tokens import TokenRows

            texts = (reviews.texts[row] for row in rows)
            tokens = TokenRows.from_texts(texts, vectorizer.vocabulary_, tokenizer, max_tokens)
        return Part(SparseMatrix.from_scipy(matrix), torch.from_numpy(targets[rows]), rows, tokens)

    return Split(
        training=make_part(training, fitted),
        validation=make_part(validation),
        words=tuple(vectorizer.get_feature_names_out()),
        classes=tuple(classes),
        reviews=reviews,
        stopping=make_part(stopping) if len(stopping) else None,
        test=make_part(test) if len(test) else None,
        tokenizer=tokenizer,
        without_words=analyzer.without_words,
        max_tokens=max_tokens,
    )


class _Counting:
    """An analyzer that refuses texts with too many different words before they fill the memory.

    Attributes:
        seen: All words so far.
        without_words: Texts so far that have none.
    """

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer, self.most = tokenizer, limits().words  # read once, not for each review
        self.seen: set[str] = set()
        self.without_words = 0

    def __call__(self, text: str) -> list[str]:
        words = self.tokenizer(text)
        self.without_words += not words
        self.seen.update(words)
        check_limit(
            "words",
            len(self.seen),
            "The texts may have at most {most} different words; these have more.",
            "Keep fewer reviews (data.max_reviews), choose a column that holds prose, or take another split.words.",
            most=self.most,
        )
        return words


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


def draw_test(training: np.ndarray, targets: np.ndarray, splitting: SplitSettings) -> tuple[np.ndarray, np.ndarray]:
    """Draw the test part out of the training part, as `draw_stopping` does; the validation part is what it would be.

    Args:
        training: Positions of the training part's reviews.
        targets: Class numbers of all reviews.
        splitting: The settings of the split.

    Returns:
        Positions of the training part without the drawn ones, and those; none where there is no test part.

    Raises:
        DataError: The test part would leave too few reviews to train on.
    """
    count = round(splitting.test_share * len(targets))
    if not count:
        return training, training[:0]
    rest, drawn = _draw(training, targets, count, np.random.default_rng([splitting.seed, 2]), splitting.stratify)
    if len(drawn) < count:
        kept = " of each class" if splitting.stratify else ""
        raise DataError(
            f"The training part needs at least one review{kept}; of its {len(training)} reviews a test share "
            f"(split.test_share) of {splitting.test_share:g} takes {count}, and at most {len(drawn)} can be taken. "
            "Lower the share or keep more reviews."
        )
    return rest, drawn


def draw_stopping(training: np.ndarray, targets: np.ndarray, splitting: SplitSettings) -> tuple[np.ndarray, np.ndarray]:
    """Draw the stopping part out of the training part.

    Classes have equal shares in it where the split is stratified, but each keeps at least one review to be trained on.
    The training part keeps its order.

    Args:
        training: Positions of the training part's reviews.
        targets: Class numbers of all reviews.
        splitting: The settings of the split.

    Returns:
        Positions of the training part without the drawn ones, and those; none where there is no stopping part.
    """
    asked = splitting.stopping
    if asked == "never" or (asked == "by_size" and not is_large(len(training), len(np.unique(targets)))):
        return training, training[:0]
    draws = np.random.default_rng([splitting.seed, 1])  # another stream than that of the validation part
    count = min(STOPPING_MOST, max(1, round(STOPPING_SHARE * len(training))))
    return _draw(training, targets, count, draws, splitting.stratify)


def _draw(
    training: np.ndarray, targets: np.ndarray, count: int, draws: np.random.Generator, stratify: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The rest and at most `count` reviews drawn: never all, nor where stratified the last of a class."""
    order = draws.permutation(len(training))
    count = min(count, len(training) - 1)
    if stratify:
        numbers = targets[training[order]]
        sorting = np.argsort(numbers, kind="stable")  # by class, in each by chance
        sizes = np.bincount(numbers)
        place = np.empty(len(order), dtype=np.int64)  # of a review within its class
        place[sorting] = np.concatenate([np.arange(size) for size in sizes])
        # The i-th of n of a class comes at (i + u) / n, so that each class is spread evenly over the order.
        late = (place + draws.random(len(sizes))[numbers]) / sizes[numbers]
        late[place == sizes[numbers] - 1] = np.inf  # the last one is never drawn
        order = order[np.argsort(late, kind="stable")]
        count = min(count, int(np.isfinite(late).sum()))
    drawn = np.zeros(len(training), dtype=bool)
    drawn[order[:count]] = True
    return training[~drawn], training[drawn]
