"""From any text to what a model sees of it: its row of TF-IDF, and which parts of the text that row stands for.

The words, their document frequencies and the tokenizer are those of a split; nothing is fitted here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forgetting.core.errors import DataError, shorten
from forgetting.model.settings import SplitSettings
from forgetting.model.split import Split
from forgetting.model.words import Tokenizer

if TYPE_CHECKING:
    from forgetting.model.sparse import SparseMatrix
    from forgetting.model.tokens import TokenRows


class Token(NamedTuple):
    """A part of a text as typed that the tokenizer takes for a word, or in scripts without blanks for a character.

    Attributes:
        start: Where it begins in the text.
        end: Where it ends.
        columns: The columns of the inputs that it stands for; () where the model knows none of its words. A character
            stands for itself and for the pairs that it is one of.
        shares: Its share in each of the columns: 1 in its own, and a half in that of a pair.
    """

    start: int
    end: int
    columns: tuple[int, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """What makes inputs of texts, as it was fitted to the training part of a split.

    Attributes:
        words: The words of the inputs' columns.
        idf: Inverse document frequencies of the words, (words,) float32.
        tokenizer: What cuts texts into words.
        sublinear_tf: Whether a word's count enters as 1 + ln(count).
        max_tokens: Words of a text that the model reads in their order; 0 for one that takes TF-IDF rows.
    """

    words: tuple[str, ...]
    idf: np.ndarray
    tokenizer: Tokenizer
    sublinear_tf: bool
    max_tokens: int = 0

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each word."""
        return {word: column for column, word in enumerate(self.words)}

    def model_inputs(self, texts: Sequence[str]) -> SparseMatrix | TokenRows:
        """What the model takes: tokens where it reads words in their order, else TF-IDF rows; raises as `encode`."""
        if not self.max_tokens:
            return self.encode(texts)
        from forgetting.model.tokens import TokenRows

        for text in texts:
            check_text(text)
        return TokenRows.from_texts(texts, self.columns, self.tokenizer, self.max_tokens)

    def encode(self, texts: Iterable[str]) -> SparseMatrix:
        """The TF-IDF rows of texts, bit for bit those of the `TfidfVectorizer` that made the split.

        The rows of a split's training part may differ in the last bit, as scikit-learn sums them in another order.

        Args:
            texts: The texts. What is no text in them, such as markup, is cut into words like anything else.

        Returns:
            (texts, words), with columns in rising order. A row is empty where the model knows no word of the text.

        Raises:
            DataError: One of them is no text.
        """
        import torch

        from forgetting.model.sparse import SparseMatrix

        offsets, columns, counts = [0], [], []
        for text in texts:
            check_text(text)
            found = Counter(self.columns[word] for word in self.tokenizer(text) if word in self.columns)
            columns += sorted(found)
            counts += [found[column] for column in sorted(found)]
            offsets.append(len(columns))
        columns, values = np.array(columns, np.int32), np.array(counts, np.float32)
        if self.sublinear_tf:
            values = np.log(values) + np.float32(1)
        values *= self.idf[columns]
        rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        lengths = np.sqrt(np.bincount(rows, values * values, len(offsets) - 1))  # float64, summed in their order
        values = (values / lengths[rows]).astype(np.float32)
        arrays = map(torch.from_numpy, (np.array(offsets, np.int32), columns, values))
        return SparseMatrix(*arrays, (len(offsets) - 1, len(self.words)))

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """The different words of a text that the model does not know, in the text's order."""
        return tuple(dict.fromkeys(word for word in self.tokenizer(text) if word not in self.columns))

    def places(self, text: str) -> list[tuple[int, ...]]:
        """Of each of `tokens`, where in the row of tokens of the text each of its columns stands; −1 beyond its end.

        A pair of characters stands once in the row, and is a column of both.
        """
        stored: dict[str, list[int]] = {}
        count = 0
        for word in self.tokenizer(text):
            if word in self.columns:
                stored.setdefault(word, []).append(count if count < self.max_tokens else -1)
                count += 1
        following = {word: iter(places) for word, places in stored.items()}
        found, shared = [], (0, "", -1)  # the end of the last piece, and the pair that it is the first character of
        for start, end, words, _ in self.tokenizer.locate(text):
            places, after = [], (end, "", -1)
            for number, word in enumerate(words):
                begun = number == 1 and shared[:2] == (start, word)
                place = shared[2] if begun else next(following.get(word, iter(())), -1)
                if word in self.columns:
                    places.append(place)
                if number and not begun:
                    after = (end, word, place)
            shared = after
            found.append(tuple(places))
        return found

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The tokens of a text in its order. With what stands between them they are the text as it was typed.

        Raises:
            DataError: It is no text.
        """
        check_text(text)
        tokens = []
        for start, end, words, shares in self.tokenizer.locate(text):
            known = [
                (self.columns[word], share) for word, share in zip(words, shares, strict=True) if word in self.columns
            ]
            tokens.append(Token(start, end, *zip(*known, strict=True) if known else ((), ())))
        return tuple(tokens)


def make_encoder(split: Split, splitting: SplitSettings, max_tokens: int = 0) -> TextEncoder:
    """The encoder whose rows are those of a split.

    Args:
        split: The split.
        splitting: The settings that it was made with.
        max_tokens: See `TextEncoder`.
    """
    return TextEncoder(split.words, inverse_frequencies(split), split.tokenizer, splitting.sublinear_tf, max_tokens)


def inverse_frequencies(split: Split) -> np.ndarray:
    """Inverse document frequencies as scikit-learn smooths them, ln((n + 1) / (document frequency + 1)) + 1.

    Returns:
        (words,) float32, computed as scikit-learn does, bit for bit.
    """
    inputs = split.training.inputs
    frequencies = np.bincount(inputs.columns.numpy(), minlength=len(split.words)).astype(np.float32)
    return np.log(np.float32(len(split.training) + 1) / (frequencies + np.float32(1))) + np.float32(1)


def check_text(text: object) -> None:
    """Raise DataError where something is no text."""
    if not isinstance(text, str):
        raise DataError(f"A review must be a text; got {shorten(repr(text))}. Give each review as a string.")
