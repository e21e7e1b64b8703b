"""Can unlearned models be told from retrained ones by the probabilities that they give to each forget review?

Several models of each kind are compared, review by review, after the unlearning challenge of NeurIPS 2023. All
functions take plain arrays: where they come from does not belong here.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np

from forgetting.metrics.scores import NOT_FINITE

FEWEST_MODELS = 5  # a side: the fewest for which luck alone separates them perfectly in less than 5 % of the reviews
DELTA = 1e-5  # of (ε, δ), as in the challenge
BIN_WIDTH, BINS = 0.5, 13  # of the bins of ε
DRAWS = 4_000  # of the score by luck; its standard error is about 0.003


def logit_confidence(losses: np.ndarray) -> np.ndarray:
    """φ = ln(p / (1 − p)) of the true class's probability p: the confidence of Carlini et al. 2022 (arXiv 2112.03570).

    Args:
        losses: −ln p, of any shape.

    Returns:
        φ, of the same shape, in float64: ∞ for a loss of 0, −∞ for an infinite one, NaN for what is not a loss (below
        0, or NaN).
    """
    losses = np.asarray(losses, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return -losses - np.log(-np.expm1(-losses))  # 1 − p by expm1, as 1 − exp(−loss) would lose small losses


def epsilons(unlearned: np.ndarray, retrained: np.ndarray, delta: float = DELTA) -> np.ndarray:
    """How well each review tells unlearned from retrained models.

    An attack calls every model of which φ lies in an interval, open to one side or to none, one kind and the rest
    the other; FPR and FNR are its shares of wrong calls on either side, and its ε is
    max(ln(1 − δ − FPR) − ln FNR, ln(1 − δ − FNR) − ln FPR). A review's ε is the largest over all intervals, both ways
    round: ∞ if an attack is never wrong; an attack of which only one rate is 0 is left out, as a sign of too few
    models; 0 if none is left, as may be where many φ are equal; NaN if a φ is NaN. From the challenge of NeurIPS 2023
    (Triantafillou et al. 2024, arXiv 2406.09073), whose code takes thresholds from a grid, and from the samples which
    kind an interval is for.

    Few models show little: of N and M, a finite ε is at most `epsilon_limit`, and luck alone separates models of one
    kind perfectly with probability (N + M)·N!·M! / (N + M)!: 1 for N = M = 1, 30 % for 3, 4 % for 5.

    Args:
        unlearned: φ of `logit_confidence`, (models, reviews), of at least one model; only their order counts.
        retrained: The same of retrained models.
        delta: δ of (ε, δ).

    Returns:
        ε, (reviews,), from 0, not at all, to ∞, always.
    """
    sides = [np.asarray(side, dtype=float) for side in (unlearned, retrained)]
    pooled = np.sort(np.concatenate(sides), axis=0)  # (N + M, reviews)
    below = [_count_below(side, pooled) for side in sides]
    found = np.zeros(pooled.shape[1])
    for start in range(len(pooled)):
        inside = [counts[start + 1 :] - counts[start] for counts in below]  # (ends, reviews), a model at the least
        for (hits, count), (wrong, other) in permutations(zip(inside, map(len, sides), strict=True)):
            found = np.maximum(found, _attack_epsilon(wrong / other, (count - hits) / count, delta).max(axis=0))
    return np.where(np.isnan(pooled).any(axis=0), np.nan, found)


def _count_below(side: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """How many of a side lie below each pooled value, and at last how many there are: (N + M + 1, reviews)."""
    counts = (side[:, None] < pooled).sum(axis=0)
    return np.vstack([counts, np.full(counts.shape[1], len(side))])


def _attack_epsilon(false_positives: np.ndarray, false_negatives: np.ndarray, delta: float) -> np.ndarray:
    """ε of attacks with these rates, at least 0, and 0 for those that are left out."""
    rates = (false_positives, false_negatives)
    with np.errstate(divide="ignore", invalid="ignore"):  # of rates of 0 or 1
        found = np.fmax(*(np.log(1 - delta - one) - np.log(other) for one, other in permutations(rates)))
    perfect, known = (false_positives == 0) & (false_negatives == 0), (false_positives > 0) & (false_negatives > 0)
    return np.where(perfect, np.inf, np.where(known, np.fmax(found, 0), 0))


def epsilon_limit(unlearned: int, retrained: int, delta: float = DELTA) -> float:
    """The largest finite ε that so many models can show: about ln(N − 1) for N of each kind.

    A rate that is not 0 is at least one model's share, so that it is ln max(N(1 − δ − 1/M), M(1 − δ − 1/N)), or 0.

    Args:
        unlearned: Number of unlearned models.
        retrained: Number of retrained models.
        delta: δ of (ε, δ).
    """
    shares = (count * (1 - delta - 1 / other) for count, other in permutations((unlearned, retrained)))
    return math.log(max(*shares, 1.0))


@dataclass(frozen=True, eq=False)
class Indistinguishability:
    """How far unlearned models cannot be told from retrained ones, by the probabilities of each forget review.

    Attributes:
        score: The challenge's forgetting score, mean over reviews of H, in (0, 1]; 1 where they cannot be told at all.
        epsilons: ε of each review, (reviews,); see `epsilons`.
        models: How many unlearned and how many retrained models.
        missing: Why all the others are None.
        limit: Largest finite ε of so many models.
        by_luck: The mean score of as many models that are all of one kind, such as more retrained ones. It is what to
            compare `score` with, and far below 1 (0.24 for 5 of each), as the largest of many ε is rarely small.
    """

    score: float | None
    epsilons: np.ndarray | None
    models: tuple[int, int]
    missing: str = ""
    limit: float | None = None
    by_luck: float | None = None


def indistinguishability(unlearned: np.ndarray, retrained: np.ndarray, delta: float = DELTA) -> Indistinguishability:
    """Compare unlearned with retrained models, after Triantafillou et al. 2024, arXiv 2406.09073.

    Args:
        unlearned: φ of `logit_confidence`, (models, reviews).
        retrained: The same of retrained models.
        delta: δ of (ε, δ).

    Returns:
        Missing with fewer than FEWEST_MODELS models a side, without a review, or where a φ is NaN.
    """
    models = len(unlearned), len(retrained)
    if reason := _why_incomparable(models, unlearned, retrained):
        return Indistinguishability(None, None, models, reason)
    found = epsilons(unlearned, retrained, delta)
    score = float(_forgetting(found).mean())
    return Indistinguishability(score, found, models, "", epsilon_limit(*models, delta), score_by_luck(*models, delta))


def _why_incomparable(models: tuple[int, int], unlearned: np.ndarray, retrained: np.ndarray) -> str:
    if min(models) < FEWEST_MODELS:
        rule = f"at least {FEWEST_MODELS} models of each kind are needed"
        return f"{rule}, and there are {models[0]} unlearned and {models[1]} retrained"
    if not np.size(unlearned):
        return "there is no review to compare"
    return NOT_FINITE if np.isnan(unlearned).any() or np.isnan(retrained).any() else ""


def _forgetting(found: np.ndarray) -> np.ndarray:
    """H = 2 / 2ⁿ of each ε, n counting its bin from 1: 1 for ε below 0.5, halved with each bin, least from 6 to ∞."""
    return 0.5 ** np.minimum(np.floor(found / BIN_WIDTH), BINS - 1)


@cache
def score_by_luck(unlearned: int, retrained: int, delta: float = DELTA) -> float:
    """The score to expect where all models are of one kind: any order of φ is then as likely as another, ties aside.

    Args:
        unlearned: Number of models that play the unlearned ones.
        retrained: Number of models that play the retrained ones.
        delta: δ of (ε, δ).
    """
    orders = np.random.default_rng(0).random((unlearned + retrained, DRAWS))
    return float(_forgetting(epsilons(orders[:unlearned], orders[unlearned:], delta)).mean())
