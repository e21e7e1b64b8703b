"""Where the uncertainty of a mean accuracy comes from: reviews, replicates, both together, and splits of the reviews.

Each of some replicates classifies the same reviews, so right and wrong are crossed: reviews × replicates. The variance
of their mean then has a part of the reviews, one of the replicates and one of both together, which the mean squares of
a two-way analysis of variance estimate without bias (Searle, Casella & McCulloch 1992, Variance Components, chapter 4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

REVIEWS_AT_ONCE = 2_000_000  # numbers of a table of hits that are multiplied at once


@dataclass(frozen=True, eq=False)
class CrossedMeans:
    """Means of several values over replicates × reviews, with the mean squares that their variances follow from.

    The three matrices are of sums of squares and products over their degrees of freedom, (values, values).

    Attributes:
        replicates: Mean of each value over the reviews, for each replicate, (values, replicates).
        reviews: Number of reviews.
        between_reviews: Of the reviews' means.
        between_replicates: Of the replicates' means; 0 for one replicate.
        within: Of what neither explains; 0 for one replicate.
    """

    replicates: np.ndarray
    reviews: int
    between_reviews: np.ndarray
    between_replicates: np.ndarray
    within: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """The mean of each value over reviews and replicates, (values,)."""
        return self.replicates.mean(axis=1)

    @property
    def count(self) -> int:
        """Number of replicates."""
        return self.replicates.shape[1]


def crossed_means(hits: np.ndarray) -> CrossedMeans:
    """Means and mean squares of values that are crossed, computed some reviews at a time.

    Args:
        hits: (values, replicates, reviews), such as whether a replicate classifies a review correctly at each dose.
    """
    values, count, reviews = hits.shape
    by_replicate = np.zeros((values, count))
    squares, by_review = np.zeros((values, values)), np.zeros((values, values))
    step = max(1, REVIEWS_AT_ONCE // max(values * count, 1))
    for start in range(0, reviews, step):
        some = hits[:, :, start : start + step].astype(float)
        by_replicate += some.sum(axis=2)
        sums = some.sum(axis=1)
        by_review += sums @ sums.T
        flat = some.reshape(values, -1)
        squares += flat @ flat.T
    total = by_replicate.sum(axis=1)
    level = np.outer(total, total) / (count * reviews)
    rows = by_replicate @ by_replicate.T / reviews - level  # sums of squares and products
    columns = by_review / count - level
    rest = squares - level - rows - columns
    return CrossedMeans(
        replicates=by_replicate / reviews,
        reviews=reviews,
        between_reviews=columns / max(reviews - 1, 1),
        between_replicates=rows / max(count - 1, 1),
        within=rest / max((reviews - 1) * (count - 1), 1),
    )


@dataclass(frozen=True)
class Component:
    """One source of the uncertainty of a mean accuracy.

    Attributes:
        source: "reviews", "draw" (of the randomization), "training" (and the draw with it, where each replicate has its
            own model), "both" (how differently replicates treat single reviews), "split", or "overlap" (that the
            splits share reviews, so that no number of them is as good as more reviews).
        variance: Its part of the variance of the mean, at least 0.
        counts: What it shrinks with: numbers of "reviews", "seeds" and "splits" that its variance is divided by.
    """

    source: str
    variance: float
    counts: tuple[str, ...]


@dataclass(frozen=True)
class Remedy:
    """What more of one thing would do to an interval.

    Attributes:
        of: "reviews", "seeds" or "splits".
        count: How many there are.
        needed: How many would make the interval half as wide, None where no number would.
        least: How wide the interval stays with endlessly many, as a share of its width now, in [0, 1].
        gain: Share by which one percent more of them narrows the interval, in percent.
        cost: Seconds that one more costs, None where it is not computed but collected.
    """

    of: str
    count: int
    needed: int | None
    least: float
    gain: float
    cost: float | None = None


def variance_components(
    splits: Sequence[CrossedMeans], weights: np.ndarray, *, replicates: str = "draw", share: float = 0.0
) -> tuple[Component, ...]:
    """The parts of the variance of a weighted sum of mean values.

    Args:
        splits: The means on each split.
        weights: Of each value, (values,); a one for a single value.
        replicates: What makes replicates differ: "draw" or "training".
        share: Number of validation reviews for each training review, see `corrected_interval`.

    Returns:
        Those that can be told: of one replicate neither "draw" nor "both", of one split neither "split" nor "overlap".
    """
    ((between_reviews, between_replicates, within),) = [
        np.mean([[weights @ square @ weights for square in _squares(means)] for means in splits], axis=0)
    ]
    reviews = np.mean([means.reviews for means in splits])
    count, number = splits[0].count, len(splits)
    by_review = ("reviews",) if number == 1 else ("reviews", "splits")
    by_seed = ("seeds",) if number == 1 else ("seeds", "splits")
    parts = {
        "reviews": (max(between_reviews - within, 0.0) / (count * reviews), by_review),
        replicates: (max(between_replicates - within, 0.0) / (count * reviews), by_seed),
        "both": (max(within, 0.0) / (count * reviews), ("reviews", *by_seed)),
    }
    if count == 1:
        parts = {"reviews": parts["reviews"]}
    found = {source: (variance / number, counts) for source, (variance, counts) in parts.items()}
    if number > 1:
        spread = float(np.var([weights @ means.means for means in splits], ddof=1))
        inside = sum(variance for variance, _ in parts.values())
        found["split"] = (max(spread - inside, 0.0) / number, ("splits",))
        found["overlap"] = (share * max(spread, inside), ("reviews",))
    return tuple(Component(source, float(variance), counts) for source, (variance, counts) in found.items())


def mean_components(curves: Sequence[Sequence[Component]]) -> tuple[Component, ...]:
    """The mean of the parts of several variances, by their sources.

    Args:
        curves: The parts of each, of `variance_components`.
    """
    found: dict[str, list[Component]] = {}
    for part in (part for parts in curves for part in parts):
        found.setdefault(part.source, []).append(part)
    return tuple(
        Component(source, sum(part.variance for part in parts) / len(curves), parts[0].counts)
        for source, parts in found.items()
    )


def _squares(means: CrossedMeans) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return means.between_reviews, means.between_replicates, means.within


def remedies(
    components: Sequence[Component], counts: Mapping[str, int], costs: Mapping[str, float] | None = None
) -> tuple[Remedy, ...]:
    """What more reviews, seeds or splits would each do to an interval; the cheapest way first.

    The cheapest narrows the interval most for a second of computing; what costs no computing comes last.

    Args:
        components: Of `variance_components`.
        counts: How many "reviews", "seeds" and "splits" there are.
        costs: Seconds that one more of "seeds" and of "splits" costs.
    """
    total, costs = sum(part.variance for part in components), costs or {}
    found = []
    for name, count in counts.items():
        shrinking = sum(part.variance for part in components if name in part.counts)
        staying = total - shrinking
        needed = None
        if total and staying < total / 4:
            needed = math.ceil(round(count * shrinking / (total / 4 - staying), 6))
        least = math.sqrt(max(staying, 0.0) / total) if total else 0.0
        gain = shrinking / total / 2 if total else 0.0
        found.append(Remedy(name, count, needed, least, gain, costs.get(name)))

    def worth(way: Remedy) -> float:
        return -1.0 if way.cost is None else way.gain / (way.count * max(way.cost, 1e-9))

    return tuple(sorted(found, key=worth, reverse=True))
