"""Layer sets, or schemes, compared with each other where they are randomized alike: which of them leaves less?

Two of them are compared on the same reviews, replicate by replicate, and the p-values of all pairs are adjusted
together: the smallest of several accuracies is smallest by luck, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from forgetting.metrics.components import crossed_means
from forgetting.metrics.multiplicity import holm
from forgetting.metrics.nested import NestedMeans
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.nested import LOST_AND_GAINED

SECOND_LESS_FIRST = np.array([-1.0, 1.0])


@dataclass(frozen=True)
class Difference:
    """The difference of validation accuracy between two layer sets or schemes.

    Attributes:
        first: The name of one.
        second: The name of the other.
        change: Accuracy of the second less that of the first, the median over replicates, in [−1, 1].
        low: Lower end of its nested 95 % interval, see `NestedMeans.estimate`.
        high: Its upper end.
        p: Two-sided p-value that there is none.
        adjusted: The p-value adjusted for all pairs, see `holm`.
        reviews: Number of validation reviews.
        seeds: Number of seeds on each split.
        splits: Number of splits.
    """

    first: str
    second: str
    change: float
    low: float
    high: float
    p: float
    adjusted: float
    reviews: int
    seeds: int
    splits: int

    @property
    def decided(self) -> bool:
        """Whether it is shown that they differ, with all pairs in view."""
        return self.adjusted <= SIGNIFICANT and not self.low <= 0 <= self.high


def compare_pairs(rows: Sequence[SweepRow], by: str = "layers") -> tuple[Difference, ...]:
    """Compare each layer set, or each scheme, with each other one.

    Args:
        rows: Of one planned dose and unit, and of one scheme or layer set.
        by: What is compared: "layers" or "scheme".

    Returns:
        A difference for each pair of which some replicate has both, in the order of the rows.
    """
    hits: dict[str, dict[tuple[int, int], np.ndarray]] = {}
    for row in rows:
        if row.hits:
            hits.setdefault(getattr(row, by), {})[row.split, row.seed] = row.hits.unpack()[1]
    share = next((row.hits.share for row in rows if row.hits), 0.0)
    pairs = {}
    for names in combinations(hits, 2):
        first, second = (hits[name] for name in names)
        by_split: dict[int, list[np.ndarray]] = {}
        for split, seed in sorted(first.keys() & second.keys()):
            by_split.setdefault(split, []).append(np.stack([first[split, seed], second[split, seed]]))
        if by_split:
            pairs[names] = [np.stack(found, axis=1) for found in by_split.values()]  # each (2, seeds, reviews)
    estimates = []
    for splits in pairs.values():
        padded = (
            crossed_means(np.concatenate([hits, np.repeat(LOST_AND_GAINED[:, None], hits.shape[1], axis=1)], axis=2))
            for hits in splits
        )
        estimates.append(NestedMeans(tuple(padded), share).estimate(SECOND_LESS_FIRST))
    adjusted = holm([estimate.p for estimate in estimates])
    return tuple(
        Difference(
            *names,
            float(np.median(np.concatenate([SECOND_LESS_FIRST @ hits.mean(axis=2) for hits in splits]))),
            *estimate.interval(),
            p=estimate.p,
            adjusted=float(p),
            reviews=splits[0].shape[2],
            seeds=splits[0].shape[1],
            splits=len(splits),
        )
        for (names, splits), estimate, p in zip(pairs.items(), estimates, adjusted, strict=True)
    )
