"""How far attributions of the same words agree, review by review, of many attributions at once.

Reviews have different numbers of words, so their values lie one review after the other, (…, stored). Leading axes are
those of the attributions. A number that a review does not define is NaN. Values must be finite.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class RaggedRows:
    """Rows of different length, one after the other.

    Attributes:
        offsets: Where each row begins, and where the last one ends, (rows + 1,) int.
    """

    offsets: np.ndarray

    @cached_property
    def lengths(self) -> np.ndarray:
        """Number of values of each row, (rows,)."""
        return np.diff(self.offsets)

    @cached_property
    def numbers(self) -> np.ndarray:
        """The row of each value, (stored,)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @cached_property
    def padded(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Rows of about the same length side by side: positions of their values, and which are there, (some, width)."""
        found = []
        powers = np.ceil(np.log2(np.maximum(self.lengths, 1)))
        for power in np.unique(powers):
            chosen = (powers == power) & (self.lengths > 0)
            if chosen.any():
                places = np.arange(self.lengths[chosen].max())
                present = places < self.lengths[chosen][:, None]
                found.append((np.where(present, self.offsets[:-1][chosen][:, None] + places, 0), present))
        return found

    def reduce(self, values: np.ndarray, function: np.ufunc = np.add) -> np.ndarray:
        """The sum over each row, or what another function makes of it, 0 of an empty one: (…, stored) → (…, rows)."""
        found = np.zeros((*values.shape[:-1], len(self.lengths)), dtype=values.dtype)
        there = self.lengths > 0
        if there.any():
            found[..., there] = function.reduceat(values, self.offsets[:-1][there], axis=-1)
        return found

    def ranks(self, values: np.ndarray) -> np.ndarray:
        """The rank of each value in its row from 1, the smallest; equal values have their mean rank, (…, stored)."""
        found = np.empty(values.shape)
        for positions, present in self.padded:
            padded = np.where(present, values[..., positions], np.inf)
            order = padded.argsort(axis=-1)
            ordered = np.take_along_axis(padded, order, axis=-1)
            places = np.arange(1.0, ordered.shape[-1] + 1)
            same = ordered[..., 1:] == ordered[..., :-1]
            below, above = np.broadcast_to(places, ordered.shape).copy(), np.broadcast_to(places, ordered.shape).copy()
            below[..., 1:][same] = 0
            above[..., :-1][same] = np.inf
            below = np.maximum.accumulate(below, axis=-1)  # the first place of equal values, and their last one
            above = np.minimum.accumulate(above[..., ::-1], axis=-1)[..., ::-1]
            ranks = np.empty(ordered.shape)
            np.put_along_axis(ranks, order, (below + above) / 2, axis=-1)
            found[..., positions[present]] = ranks[..., present]
        return found

    def standard(self, ranks: np.ndarray) -> np.ndarray:
        """Ranks with mean 0 and length 1 in each row, NaN where all values are equal: (…, stored).

        The sum of the products of two of them is Spearman's rank correlation.
        """
        centred = ranks - ((self.lengths + 1) / 2)[self.numbers]
        lengths = np.sqrt(self.reduce(np.square(centred)))
        return centred / np.where(lengths > 0, lengths, np.nan)[..., self.numbers]

    def correlate(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Spearman's rank correlation of each row, of what `standard` gives; see `spearman`."""
        return np.where(self.lengths > 1, self.reduce(first * second).clip(-1, 1), np.nan)

    def spearman(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Spearman's rank correlation of each row (1904, Am. J. Psychol. 15, 72–101), with mean ranks of equal values.

        Args:
            first: Values, (…, stored).
            second: Values, (…, stored).

        Returns:
            (…, rows), in [−1, 1]; NaN where a row has fewer than two different values.
        """
        return self.correlate(self.standard(self.ranks(first)), self.standard(self.ranks(second)))

    def top(self, ranks: np.ndarray, k: int) -> np.ndarray:
        """Which values are the k largest of their row, by their ranks: (…, stored), 1 or 0.

        NaN where a row has no more than k values, or where its k-th and its next value are equal.
        """
        chosen = (ranks > (self.lengths - k)[self.numbers]).astype(float)
        defined = (self.reduce(chosen) == k) & (self.lengths > k)
        return np.where(defined[..., self.numbers], chosen, np.nan)

    def overlap(self, first: np.ndarray, second: np.ndarray, k: int) -> np.ndarray:
        """The share of the k largest values that are the same, of what `top` gives: (…, rows) in [0, 1]."""
        return np.where(self.lengths > 0, self.reduce(first * second) / k, np.nan)

    def entropy(self, values: np.ndarray, bins: int) -> np.ndarray:
        """The entropy, in nats, of each row's histogram with so many bins of equal width: (…, stored) → (…, rows).

        It is the complexity of an attribution in the efficient parameter randomization test (Hedström et al. 2024,
        arXiv 2401.06465). NaN where a row has fewer than two different values.
        """
        values = values.astype(float)
        least, most = self.reduce(values, np.minimum), self.reduce(values, np.maximum)
        width = np.where(most > least, most - least, np.nan)
        places = np.nan_to_num((values - least[..., self.numbers]) / width[..., self.numbers] * bins).astype(int)
        cells = places.clip(max=bins - 1) + bins * self.numbers  # (…, stored)
        attributions = math.prod(values.shape[:-1])
        cells = (
            cells.reshape(attributions, values.shape[-1]) + bins * len(self.lengths) * np.arange(attributions)[:, None]
        )
        counts = np.bincount(cells.ravel(), minlength=attributions * bins * len(self.lengths)).reshape(
            *width.shape, bins
        )
        shares = counts / np.maximum(self.lengths, 1)[:, None]
        terms = shares * np.log(np.where(shares > 0, shares, 1))
        return np.where(np.isnan(width), np.nan, -terms.sum(axis=-1))
