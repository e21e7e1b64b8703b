"""Can a model's losses betray which reviews it was trained on, and is it like one that never saw them?

Membership inference: `loss_threshold`, `logistic_attack` and `true_positive_rate` try to tell the reviews of a forget
set, the members, from comparable ones that no model was trained on, the unseen, by one model's losses. None of them
compares with retraining; `indistinguishability` does, review by review, and needs several models of each kind.
All take plain arrays: where losses come from does not belong here.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from statistics import NormalDist

import numpy as np
from scipy.optimize import brentq
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forgetting.errors import RecipeError
from forgetting.metrics import NOT_FINITE, wilson

FOLDS = 10
FEWEST = 10  # reviews a side: one a fold at the least
MODELS = 5  # a side: the fewest for which luck alone separates them perfectly in less than 5 % of the reviews
DELTA = 1e-5  # of (ε, δ), as in the challenge
WIDTH, BINS = 0.5, 13  # of the bins of ε
DRAWS = 4_000  # of the score by luck; its standard error is about 0.003


@dataclass(frozen=True)
class Attack:
    """How well an attack does: `value`, with a 95 % interval over reviews from `low` to `high`.

    missing: why value is None; the interval is None with it, and where an attack has none.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    missing: str = ""


def loss_threshold(members: np.ndarray, unseen: np.ndarray) -> Attack:
    """Area under the ROC curve of calling the reviews of lowest loss members (Yeom et al. 2018, arXiv 1709.01604).

    members, unseen: losses, (reviews,). It is P(a member's loss < an unseen one's) + P(equal) / 2, in [0, 1]
    (Mann–Whitney): 0.5 where they cannot be told apart, below it where members have the higher losses.
    Interval: see `area_interval`. Missing with fewer than FEWEST reviews a side, or a loss that is not finite.

    >>> losses = np.arange(10.0)
    >>> loss_threshold(losses, losses + 100).value
    1.0
    """
    if reason := _unusable(members, unseen):
        return Attack(None, missing=reason)
    own, other = len(members), len(unseen)
    ranks = rankdata(np.concatenate([members, unseen]))  # equal losses share the mean of their ranks
    area = float((ranks[own:].sum() - other * (other + 1) / 2) / (own * other))
    return Attack(area, *area_interval(area, own, other))


def area_interval(area: float, members: int, unseen: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of an area under the ROC curve, in [0, 1]: method 5 of Newcombe 2006 (Stat. Med. 25, 559–573).

    Its ends are the θ with |θ − area| = z·√V(θ), where V is the variance of Hanley & McNeil 1982 (Radiology 143,
    29–36) with both sizes less one replaced by N* = (members + unseen) / 2 − 1. So it is of use at 0 and 1, too.
    """
    # V is the same for θ and 1 − θ, so the upper end mirrors the lower one of the mirrored area.
    low, above = (_lower_end(share, members, unseen, level) for share in (area, 1 - area))
    return low, 1 - above


def _lower_end(area: float, members: int, unseen: int, level: float) -> float:
    z, both = NormalDist().inv_cdf((1 + level) / 2), (members + unseen) / 2 - 1

    def excess(theta: float) -> float:
        spread = 1 + both * (1 - theta) / (2 - theta) + both * theta / (1 + theta)
        return (theta - area) ** 2 - z**2 * theta * (1 - theta) * spread / (members * unseen)

    # For an area of 1, 1 itself solves the equation, but is not the end that is looked for.
    return brentq(excess, 0.0, min(area, math.nextafter(1, 0)))


def logistic_attack(members: np.ndarray, unseen: np.ndarray) -> Attack:
    """Balanced accuracy of a logistic regression that tells members from unseen by the loss, 10-fold cross-validated.

    members, unseen: losses, (reviews,). In [0, 1]: about 0.5 where they cannot be told apart. Kurmanji et al. 2023
    (arXiv 2302.09880) make both sides equal by leaving reviews out; here they weigh the same, and all are used.
    Unlike the threshold's, this attack learns from the reviews which side has the lower losses. It has no interval,
    as the folds learn from the same reviews. Missing as in `loss_threshold`.
    """
    if reason := _unusable(members, unseen):
        return Attack(None, missing=reason)
    losses = np.concatenate([members, unseen])[:, None]
    truth = np.repeat([1, 0], [len(members), len(unseen)])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)  # a state of its own, not numpy's global one
    return Attack(float(cross_val_score(model, losses, truth, cv=folds, scoring="balanced_accuracy").mean()))


def true_positive_rate(members: np.ndarray, unseen: np.ndarray, rate: float = 0.01) -> Attack:
    """Share of members found by the best threshold on the loss that calls at most `rate` of the unseen members.

    members, unseen: losses, (reviews,). In [0, 1]: about `rate` where they cannot be told apart. What an attacker
    gains who must not be wrong (Carlini et al. 2022, arXiv 2112.03570), which an average over all reviews can hide.
    Interval: Wilson's, of the members, the threshold taken as given. Missing as in `loss_threshold`, and with fewer
    than 1 / rate unseen reviews, as one false positive is then above the rate. RecipeError unless 0 < rate < 1.
    """
    if not 0 < rate < 1:
        raise RecipeError(f"the rate of false positives must be between 0 and 1, but is {rate}; choose, say, 0.01")
    if reason := _unusable(members, unseen) or _too_coarse(len(unseen), rate):
        return Attack(None, missing=reason)
    # A threshold at a member's own loss finds it; it may, if the unseen at or below that are few enough.
    false_positives = np.searchsorted(np.sort(unseen), members, side="right") / len(unseen)
    hits = int((false_positives <= rate).sum())
    return Attack(hits / len(members), *wilson(hits, len(members)))


def _unusable(members: np.ndarray, unseen: np.ndarray) -> str:
    """Why no attack can be made on these losses, or an empty string."""
    if min(len(members), len(unseen)) < FEWEST:
        rule = f"an attack needs at least {FEWEST} reviews on each side"
        return f"{rule}, and there are {len(members)} members and {len(unseen)} unseen"
    return "" if np.isfinite(members).all() and np.isfinite(unseen).all() else NOT_FINITE


def _too_coarse(unseen: int, rate: float) -> str:
    rule = f"a false positive rate of {rate:.3g} needs at least {math.ceil(1 / rate)} unseen reviews"
    return "" if unseen >= 1 / rate else f"{rule}, and there are {unseen}"


def confidence(losses: np.ndarray) -> np.ndarray:
    """φ = ln(p / (1 − p)) of the true class's probability p, from its cross-entropy −ln p, any shape, in float64.

    The logit-scaled confidence of Carlini et al. 2022 (arXiv 2112.03570). A loss of 0 gives ∞ and an infinite one −∞;
    what is not a loss (below 0, or NaN) gives NaN.
    """
    losses = np.asarray(losses, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return -losses - np.log(-np.expm1(-losses))  # 1 − p by expm1, as 1 − exp(−loss) would lose small losses


def epsilons(unlearned: np.ndarray, retrained: np.ndarray, delta: float = DELTA) -> np.ndarray:
    """How well each review tells unlearned from retrained models: ε, (reviews,), from 0, not at all, to ∞, always.

    unlearned, retrained: φ of `confidence`, (models, reviews), at least one model a side; they count by order alone.
    An attack calls every model of which φ lies in an interval, open to one side or to none, one kind and the rest
    the other; FPR and FNR are its shares of wrong calls on either side, and its ε is
    max(ln(1 − δ − FPR) − ln FNR, ln(1 − δ − FNR) − ln FPR). A review's ε is the largest over all intervals, both ways
    round: ∞ if an attack is never wrong; an attack of which only one rate is 0 is left out, as a sign of too few
    models; 0 if none is left, as may be where many φ are equal; NaN if a φ is NaN. From the challenge of NeurIPS 2023
    (Triantafillou et al. 2024, arXiv 2406.09073), whose code takes thresholds from a grid, and from the samples which
    kind an interval is for.

    Few models show little: of N and M, a finite ε is at most `limit`, and luck alone separates models of one kind
    perfectly with probability (N + M)·N!·M! / (N + M)!: 1 for N = M = 1, 30 % for 3, 4 % for 5.
    """
    sides = [np.asarray(side, dtype=float) for side in (unlearned, retrained)]
    pooled = np.sort(np.concatenate(sides), axis=0)  # (N + M, reviews)
    below = [_below(side, pooled) for side in sides]
    found = np.zeros(pooled.shape[1])
    for start in range(len(pooled)):
        inside = [counts[start + 1 :] - counts[start] for counts in below]  # (ends, reviews), a model at the least
        for (hits, own), (slips, other) in permutations(zip(inside, map(len, sides), strict=True)):
            found = np.maximum(found, _epsilon(slips / other, (own - hits) / own, delta).max(axis=0))
    return np.where(np.isnan(pooled).any(axis=0), np.nan, found)


def _below(side: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """How many of a side lie below each pooled value, and at last how many there are: (N + M + 1, reviews)."""
    counts = (side[:, None] < pooled).sum(axis=0)
    return np.vstack([counts, np.full(counts.shape[1], len(side))])


def _epsilon(false_positives: np.ndarray, false_negatives: np.ndarray, delta: float) -> np.ndarray:
    """Of attacks with these rates, 0 at the least, and 0 for those that are left out."""
    rates = (false_positives, false_negatives)
    with np.errstate(divide="ignore", invalid="ignore"):  # of rates of 0 or 1
        found = np.fmax(*(np.log(1 - delta - one) - np.log(other) for one, other in permutations(rates)))
    perfect, known = (false_positives == 0) & (false_negatives == 0), (false_positives > 0) & (false_negatives > 0)
    return np.where(perfect, np.inf, np.where(known, np.fmax(found, 0), 0))


def limit(unlearned: int, retrained: int, delta: float = DELTA) -> float:
    """The largest finite ε that so many models can show: about ln(N − 1) for N of each kind.

    A rate that is not 0 is at least one model's share, so that it is ln max(N(1 − δ − 1/M), M(1 − δ − 1/N)), or 0.
    """
    shares = (own * (1 - delta - 1 / other) for own, other in permutations((unlearned, retrained)))
    return math.log(max(*shares, 1.0))


@dataclass(frozen=True, eq=False)
class Indistinguishability:
    """How far unlearned models cannot be told from retrained ones, by what they say of each forgotten review.

    score: the challenge's forgetting score, mean over reviews of H, in (0, 1]; 1 not at all to be told from
    retraining. epsilons: (reviews,), see there. models: how many unlearned and retrained. limit: largest finite ε of
    so many. by_luck: the mean score of as many models that are all of one kind, such as more retrained ones. It is far
    below 1 (0.24 for 5 of each), as the largest of many ε is rarely small, and it is what to compare score with.
    missing: why all these are None.
    """

    score: float | None
    epsilons: np.ndarray | None
    models: tuple[int, int]
    missing: str = ""
    limit: float | None = None
    by_luck: float | None = None


def indistinguishability(unlearned: np.ndarray, retrained: np.ndarray, delta: float = DELTA) -> Indistinguishability:
    """Compare models by φ, (models, reviews) each; after Triantafillou et al. 2024, arXiv 2406.09073.

    Missing with fewer than MODELS models a side, without a review, or where a φ is NaN.
    """
    models = len(unlearned), len(retrained)
    if reason := _incomparable(models, unlearned, retrained):
        return Indistinguishability(None, None, models, reason)
    found = epsilons(unlearned, retrained, delta)
    score = float(_forgotten(found).mean())
    return Indistinguishability(score, found, models, "", limit(*models, delta), score_by_luck(*models, delta))


def _incomparable(models: tuple[int, int], unlearned: np.ndarray, retrained: np.ndarray) -> str:
    if min(models) < MODELS:
        rule = f"at least {MODELS} models of each kind are needed"
        return f"{rule}, and there are {models[0]} unlearned and {models[1]} retrained"
    if not np.size(unlearned):
        return "there is no review to compare"
    return NOT_FINITE if np.isnan(unlearned).any() or np.isnan(retrained).any() else ""


def _forgotten(found: np.ndarray) -> np.ndarray:
    """H = 2 / 2ⁿ of each ε, n counting its bin from 1: 1 for ε below 0.5, halved with each bin, least from 6 to ∞."""
    return 0.5 ** np.minimum(np.floor(found / WIDTH), BINS - 1)


@cache
def score_by_luck(unlearned: int, retrained: int, delta: float = DELTA) -> float:
    """The score to expect where all models are of one kind: any order of φ is then as likely as another, ties aside."""
    orders = np.random.default_rng(0).random((unlearned + retrained, DRAWS))
    return float(_forgotten(epsilons(orders[:unlearned], orders[unlearned:], delta)).mean())
