"""Two models on the same reviews: how far their accuracies differ, how surely, and how many reviews would tell.

Both accuracies are of the same reviews, so only the reviews that one model alone classifies correctly say anything of
the difference. Intervals of the two accuracies that overlap would hide differences that these reviews show.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
SIGNIFICANT = 0.05  # largest p-value of a difference that is claimed
POWER = 0.8  # probability with which a difference is to be found
FEWEST_CHANGED = 6  # reviews that must change for a p-value of at most 0.05


@dataclass(frozen=True)
class PairedChange:
    """The change of accuracy from one model to another on the same reviews.

    Attributes:
        reviews: Number of reviews.
        lost: Reviews that the first model alone classifies correctly.
        gained: Reviews that the second model alone classifies correctly.
        low: Lower end of the 95 % interval of the change, in [−1, 1]; see `paired_interval`.
        high: Its upper end.
        p: Two-sided p-value of McNemar's exact test, see `mcnemar_test`.
    """

    reviews: int
    lost: int
    gained: int
    low: float
    high: float
    p: float

    @property
    def change(self) -> float:
        """Accuracy of the second model less that of the first, in [−1, 1]."""
        return (self.gained - self.lost) / self.reviews

    @property
    def decided(self) -> bool:
        """Whether these reviews show that the accuracy differs: the interval leaves out 0, and the test agrees."""
        return self.p <= SIGNIFICANT and not self.low <= 0 <= self.high

    @property
    def needed(self) -> int | None:
        """Number of reviews that would show a change of this size, see `reviews_needed`; None where there is none."""
        return reviews_needed(self.lost / self.reviews, self.gained / self.reviews)


def compare_hits(before: np.ndarray, after: np.ndarray) -> PairedChange:
    """Compare two models on the same reviews.

    >>> compare_hits(np.array([True] * 8), np.array([True] * 2 + [False] * 6)).change
    -0.75

    Args:
        before: Whether the first model classifies each review correctly, (reviews,), at least one.
        after: The same of the second model.
    """
    return make_change(len(before), int((before & ~after).sum()), int((after & ~before).sum()))


@lru_cache(maxsize=10_000)  # many variants of one model change as few reviews
def make_change(reviews: int, lost: int, gained: int) -> PairedChange:
    """The change of so many reviews, of which `lost` are right before alone and `gained` afterwards alone."""
    return PairedChange(reviews, lost, gained, *paired_interval(reviews, lost, gained), mcnemar_test(lost, gained))


def mcnemar_test(lost: int, gained: int) -> float:
    """Two-sided p-value of McNemar's exact test that a review is as likely lost as gained, in (0, 1].

    Of the reviews that change, the number lost is then binomial with probability 1/2 (McNemar 1947, Psychometrika 12,
    153–157). At least FEWEST_CHANGED reviews must change for a p-value of at most 0.05.
    """
    changed, fewer = int(lost + gained), int(min(lost, gained))  # of numpy's numbers 2**changed would overflow
    if changed >= 1_000:
        return min(1.0, 2 * _binomial_tail(changed, fewer))
    tail = sum(math.comb(changed, count) for count in range(fewer + 1))  # whole numbers, which no rounding can spoil
    return min(1.0, 2 * tail / 2**changed)


def _binomial_tail(changed: int, most: int) -> float:
    """Probability of at most so many heads, `most` ≤ changed / 2, in so many throws of a fair coin."""
    largest = math.lgamma(changed + 1) - math.lgamma(most + 1) - math.lgamma(changed - most + 1)
    term = total = 1.0  # in parts of the largest term, from which on they fall
    for heads in range(most, 0, -1):
        term *= heads / (changed - heads + 1)
        total += term
        if term < 1e-17 * total:
            break
    return total * math.exp(largest - changed * math.log(2))


def sign_test(above: int, trials: int) -> float:
    """One-sided p-value of the sign test that a difference is as often below 0 as above, in (0, 1].

    Differences of 0 are no trials (Dixon & Mood 1946, JASA 41, 557–566).

    >>> sign_test(5, 5)
    0.03125

    Args:
        above: How many differences are above 0.
        trials: How many are not 0.
    """
    return sum(math.comb(trials, count) for count in range(above, trials + 1)) / 2**trials


def paired_interval(reviews: int, lost: int, gained: int, level: float = LEVEL) -> tuple[float, float]:
    """Score interval of a change of accuracy on the same reviews, in [−1, 1] (Tango 1998, Stat. Med. 17, 891–908).

    It holds each change that a score test does not reject. Of Tango's interval, Newcombe's tenth (1998, Stat. Med. 17,
    2635–2650) and that of Bonett & Price (2012, J. Educ. Behav. Stat. 37, 479–488) it had the coverage nearest to 95 %
    from 60 reviews on, see `tests/bench/README.md`; of 20 reviews of which hardly any change, all three hold the true
    change more often than they say.

    Args:
        reviews: Number of reviews, at least 1.
        lost: Reviews that are right before alone.
        gained: Reviews that are right afterwards alone.
        level: Confidence level, in (0, 1).
    """
    z, estimate = NormalDist().inv_cdf((1 + level) / 2), (gained - lost) / reviews

    def excess(change: float) -> float:
        """The score of the data less that of the change, in standard errors."""
        factor = 2 * reviews
        linear = (factor - gained + lost) * change - gained - lost
        constant = -lost * change * (1 - change)
        share = (math.sqrt(max(linear**2 - 4 * factor * constant, 0.0)) - linear) / (2 * factor)
        variance = reviews * (2 * share + change * (1 - change))
        return (gained - lost - reviews * change) / math.sqrt(variance) if variance > 0 else math.inf

    low = _root(lambda change: excess(change) > z, -1.0, estimate)
    return low, _root(lambda change: excess(change) > -z, estimate, 1.0)


def reviews_needed(lost: float, gained: float, power: float = POWER) -> int | None:
    """How many reviews McNemar's test needs to find a change, at 5 % and with a given power.

    (z₀.₉₇₅ √ψ + z_power √(ψ − δ²))² / δ², where ψ = lost + gained and δ = lost − gained (Connor 1987, Biometrics 43,
    207–211). The formula is that of the approximate test; the exact one finds between 77 and 80 % where 80 % are asked.

    Args:
        lost: Share of reviews that are right before alone, in [0, 1].
        gained: Share of reviews that are right afterwards alone, in [0, 1].
        power: Probability with which the change is to be found, in (0, 1).

    Returns:
        The number; None where the accuracy does not change.
    """
    changed, difference = lost + gained, abs(lost - gained)
    if not difference:
        return None
    ends = (NormalDist().inv_cdf((1 + LEVEL) / 2), NormalDist().inv_cdf(power))
    spread = ends[0] * math.sqrt(changed) + ends[1] * math.sqrt(max(changed - difference**2, 0.0))
    return max(FEWEST_CHANGED, math.ceil(spread**2 / difference**2))


def smallest_change(reviews: int, against: float = 0.0, power: float = POWER) -> float | None:
    """The smallest change of accuracy that so many reviews would show, at 5 % and with a given power.

    As with `reviews_needed` the exact test finds between 77 and 80 % where 80 % are asked.

    Args:
        reviews: Number of reviews.
        against: Share of the reviews that change against the direction of the change, in [0, 1].
        power: Probability with which the change is to be found, in (0, 1).

    Returns:
        The change, in (0, 1]; None where not even the largest would be found.
    """
    most = 1 - 2 * against

    def found(change: float) -> bool:
        return (reviews_needed(change + against, against, power) or math.inf) <= reviews

    if most <= 0 or not found(most):
        return None
    return _root(lambda change: not found(change), 0.0, most)


def _root(above: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(50):  # by halves: to the last bits of a float
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) else (low, middle)
    return (low + high) / 2
