"""Texts as rows of tokens in their order: what a Transformer takes, beside the TF-IDF rows of `sparse`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from forgetting.model.words import Tokenizer


@dataclass(frozen=True, eq=False)
class TokenRows:
    """Rows of tokens, one after the other.

    Attributes:
        offsets: Where each row begins in `ids`, and where the last one ends, (rows + 1,) int32.
        ids: The word of each token, as a column of the split's words, in the order of the text, (stored,) int32.
        shape: (rows, words).
    """

    offsets: torch.Tensor
    ids: torch.Tensor
    shape: tuple[int, int]

    @classmethod
    def from_texts(
        cls, texts: Iterable[str], columns: Mapping[str, int], tokenizer: Tokenizer, max_tokens: int
    ) -> TokenRows:
        """Cut texts into tokens; unknown words are left out.

        Args:
            texts: The texts.
            columns: The column of each known word.
            tokenizer: What cuts the texts into words.
            max_tokens: Tokens of a row at most, the first ones.
        """
        offsets, ids = [0], []
        for text in texts:
            ids += [columns[word] for word in tokenizer(text) if word in columns][:max_tokens]
            offsets.append(len(ids))
        arrays = (torch.from_numpy(np.array(values, dtype=np.int32)) for values in (offsets, ids))
        return cls(*arrays, (len(offsets) - 1, len(columns)))

    @property
    def columns(self) -> torch.Tensor:
        """The same as `ids`: what the words are called in TF-IDF rows."""
        return self.ids

    @property
    def lengths(self) -> torch.Tensor:
        """Tokens of each row, (rows,) int32."""
        return self.offsets.diff()

    @property
    def row_of_token(self) -> torch.Tensor:
        """The row of each token, (stored,) int64."""
        return torch.repeat_interleave(torch.arange(self.shape[0]), self.lengths)

    @property
    def positions(self) -> torch.Tensor:
        """The place of each token in its row, from 0, (stored,) int64."""
        return torch.arange(len(self.ids)) - self.offsets[:-1].long()[self.row_of_token]

    def rows(self, indices: torch.Tensor) -> TokenRows:
        """The rows at `indices`, in that order."""
        lengths = self.lengths[indices]
        offsets = _offsets(lengths)
        moved = torch.repeat_interleave(self.offsets[:-1][indices] - offsets[:-1], lengths)
        return TokenRows(offsets, self.ids[torch.arange(len(moved)) + moved], (len(indices), self.shape[1]))

    def between(self, start: int, end: int) -> TokenRows:
        """The rows from `start` to before `end`; they share the stored tokens."""
        offsets = self.offsets[start : end + 1]
        stored = slice(int(offsets[0]), int(offsets[-1]))
        return TokenRows(offsets - offsets[0], self.ids[stored], (len(offsets) - 1, self.shape[1]))

    def drop_values(self, probability: float, source: torch.Generator) -> TokenRows:
        """Rows from which tokens are left out at random: word dropout, which is drawn anew in each call.

        Args:
            probability: Probability, in [0, 1), with which a token is left out.
            source: Generator of the draws.
        """
        kept = torch.rand(self.ids.shape, generator=source) >= probability
        before = torch.cat([torch.zeros(1, dtype=torch.int32), kept.cumsum(0, dtype=torch.int32)])
        return TokenRows(before[self.offsets.long()], self.ids[kept], self.shape)


def _offsets(lengths: torch.Tensor) -> torch.Tensor:
    """Where rows of these lengths begin and the last one ends, (rows + 1,) int32."""
    return torch.cat([torch.zeros(1, dtype=torch.int32), lengths.cumsum(0, dtype=torch.int32)])
