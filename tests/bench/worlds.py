"""Worlds with a known truth, in which the intervals and tests of the library are tried; `claims.py` lists them.

Each function draws so many worlds, each with so many reviews or seeds, and returns whether the claim held, (worlds,);
NaN where nothing was claimed.

Reviews have a latent Gaussian model: a model classifies a review correctly where √a·difficulty + √(1 − a)·luck lies
below the quantile of its true accuracy. So two models agree on which reviews are hard, and the true accuracy is known
exactly. Replicates have random effects of draw, training and split.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import norm

from forgetting.metrics.baselines import beats_trivial
from forgetting.metrics.differences import COUNTED_METRICS, bootstrap_changes, independent_change, newcombe_interval
from forgetting.metrics.intervals import auc_interval, median_band, wilson_interval
from forgetting.metrics.multiplicity import benjamini_hochberg, holm
from forgetting.metrics.paired import (
    SIGNIFICANT,
    compare_hits,
    make_change,
    reviews_needed,
    sign_test,
    smallest_change,
)
from forgetting.metrics.scores import Scores
from forgetting.studies.memory import LEAST_UNITS, conclude_memory, smallest_share
from forgetting.studies.savings import bound_savings
from forgetting.studies.time_to_target import TimeToTarget
from forgetting.unlearning.membership import tpr_at_fpr_attack

ALIKE = 0.5  # share of what decides whether a review is classified correctly that two models have in common
Random = np.random.Generator


# Reviews: hits of models, and losses of an attack.


def draw_hits(random: Random, accuracies: np.ndarray, reviews: int, alike: float = ALIKE) -> np.ndarray:
    """Whether models classify reviews correctly, (worlds, models, reviews); accuracies: the true ones."""
    difficulty = random.standard_normal((len(accuracies), 1, reviews))
    luck = random.standard_normal((*accuracies.shape, reviews))
    return np.sqrt(alike) * difficulty + np.sqrt(1 - alike) * luck < norm.ppf(accuracies)[..., None]


def draw_accuracies(random: Random, count: int) -> np.ndarray:
    return random.uniform(0.2, 0.95, count)


def accuracy_covers(random: Random, count: int, reviews: int) -> np.ndarray:
    truth = draw_accuracies(random, count)
    ends = np.array([wilson_interval(hits, reviews) for hits in range(reviews + 1)])
    low, high = ends[draw_hits(random, truth[:, None], reviews)[:, 0].sum(axis=1)].T
    return (low <= truth) & (truth <= high)


def draw_changes(random: Random, before: np.ndarray, after: np.ndarray, reviews: int) -> list:
    hits = draw_hits(random, np.stack([before, after], axis=1), reviews)
    return [compare_hits(*pair) for pair in hits]


def change_covers(random: Random, count: int, reviews: int) -> np.ndarray:
    before = draw_accuracies(random, count)
    after = before * random.uniform(0, 1.1, count)  # from all lost to a little gained
    found = draw_changes(random, before, after, reviews)
    return np.array([change.low <= truth <= change.high for change, truth in zip(found, after - before, strict=True)])


def independent_change_covers(random: Random, count: int, reviews: int) -> np.ndarray:
    """Two models, each on reviews of its own, the second on twice as many."""
    truth, sizes, found = np.stack([draw_accuracies(random, count) for _ in range(2)]), (reviews, 2 * reviews), []
    for shares in truth.T:
        hits = random.binomial(sizes, shares)
        pair = ((hit / size, *wilson_interval(hit, size)) for hit, size in zip(hits, sizes, strict=True))
        found.append(newcombe_interval(*pair))
    low, high = np.array(found).T
    change = truth[1] - truth[0]
    return (low <= change) & (change <= high)


def counted_change_covers(random: Random, count: int, reviews: int, *, metric: str) -> np.ndarray:
    """Two models of three classes of unequal size; what a model gets wrong is one of the others, evenly."""
    shares, found = np.array([0.5, 0.3, 0.2]), []
    for accuracies in np.sort(draw_accuracies(random, 2 * count).reshape(count, 2)):
        targets = random.choice(3, reviews, p=shares)
        hits = draw_hits(random, accuracies[None], reviews)[0]
        predicted = np.where(hits, targets, (targets + random.integers(1, 3, (2, reviews))) % 3)
        values = []
        for accuracy in accuracies:
            right, wrong = shares * accuracy, shares * (1 - accuracy) / 2
            values.append(COUNTED_METRICS[metric](right, shares, right + wrong.sum() - wrong))
        change = bootstrap_changes(targets, *predicted)[metric]
        found.append(change.low <= values[1] - values[0] <= change.high)
    return np.array(found)


def swapped_change_is_found(random: Random, count: int, reviews: int, *, metric: str) -> np.ndarray:
    """Whether it is decided that a metric differs, of two equally good models that differ in a tenth of the reviews."""
    found = []
    for _ in range(count):
        targets = random.choice(3, reviews, p=[0.5, 0.3, 0.2])
        first, other = ((targets + (random.random(reviews) > 0.7) * random.integers(1, 3, reviews)) % 3 for _ in "ab")
        second = np.where(random.random(reviews) < 0.1, other, first)
        change = bootstrap_changes(targets, first, second)[metric]
        found.append(change.decided and not change.low <= 0 <= change.high)
    return np.array(found)


def unequal_spreads_cover(random: Random, count: int, seeds: int) -> np.ndarray:
    """Seeds of two kinds of models, of which the second vary twice as much and are twice as many."""
    before, after = random.standard_normal((count, seeds)), 1 + 2 * random.standard_normal((count, 2 * seeds))
    found = [independent_change(*pair) for pair in zip(before, after, strict=True)]
    return np.array([change.low <= 1 <= change.high for change in found])


def change_is_found(random: Random, count: int, reviews: int, *, change: float) -> np.ndarray:
    """Whether it is decided that the accuracy differs."""
    before = random.uniform(0.4, 0.8, count)
    return np.array([found.decided for found in draw_changes(random, before, before + change, reviews)])


def promised_reviews_find(random: Random, count: int, reviews: int) -> np.ndarray:
    """Whether `reviews_needed` of a true change finds it, where that is so many or a little less."""
    lost, gained = np.sort(random.uniform(0, 0.5, (2, 50_000)), axis=0)[::-1]
    needed = np.array([reviews_needed(*pair) or 0 for pair in zip(lost, gained, strict=True)])
    chosen = np.resize(np.flatnonzero((needed > reviews / 2) & (needed <= reviews)), count)
    shares = np.stack([lost, gained, 1 - lost - gained], axis=1)[chosen]
    counts = random.multinomial(needed[chosen], shares)
    return np.array(
        [make_change(needed[at], *pair).p <= SIGNIFICANT for at, pair in zip(chosen, counts[:, :2], strict=True)]
    )


def smallest_change_is_found(random: Random, count: int, reviews: int) -> np.ndarray:
    against = 0.02
    change = smallest_change(reviews, against)
    if change is None:
        return np.full(count, np.nan)
    counts = random.multinomial(reviews, [change + against, against, 1 - change - 2 * against], count)
    return np.array([make_change(reviews, *pair).p <= SIGNIFICANT for pair in counts[:, :2]])


def model_beats_the_largest_class(random: Random, count: int, reviews: int, *, points: float) -> np.ndarray:
    """Of two classes, 70 % of the reviews in the larger: a model that is right so much more often than naming it."""
    larger = 0.7
    found = []
    for recall in random.uniform(0.75, 1.0, count):  # of the larger class; that of the other makes up for the rest
        other = (larger + points - larger * recall) / (1 - larger)
        shares = [larger * recall, larger * (1 - recall), (1 - larger) * (1 - other), (1 - larger) * other]
        confusion = random.multinomial(reviews, shares).reshape(2, 2)
        right = int(confusion.trace())
        scores = Scores(
            reviews, accuracy=right / reviews, interval=wilson_interval(right, reviews), confusion=confusion
        )
        found.append(beats_trivial(scores, 0))
    return np.array(found)


def draw_areas(random: Random, separation: np.ndarray, reviews: int) -> np.ndarray:
    """Areas under the curve of losses of members, N(−separation, 1), and as many non-members, N(0, 1): (worlds,)."""
    members = random.standard_normal((len(separation), reviews)) - separation[:, None]
    others = random.standard_normal((len(separation), reviews))
    ranks = np.concatenate([members, others], axis=1).argsort(axis=1).argsort(axis=1) + 1
    return (ranks[:, reviews:].sum(axis=1) - reviews * (reviews + 1) / 2) / reviews**2


def area_covers(random: Random, count: int, reviews: int) -> np.ndarray:
    separation = random.uniform(-0.5, 2.0, count)
    truth = norm.cdf(separation / np.sqrt(2))
    ends = np.array([auc_interval(area, reviews, reviews) for area in draw_areas(random, separation, reviews)])
    return (ends[:, 0] <= truth) & (truth <= ends[:, 1])


def share_found_covers(random: Random, count: int, reviews: int) -> np.ndarray:
    """The share of members that the true threshold of 1 % false positives finds."""
    separation = random.uniform(0, 2, count)
    truth = norm.cdf(norm.ppf(0.01) + separation)
    attacks = [
        tpr_at_fpr_attack(random.standard_normal(reviews) - apart, random.standard_normal(reviews))
        for apart in separation
    ]
    return np.array(
        [
            np.nan if attack.low is None else attack.low <= share <= attack.high
            for attack, share in zip(attacks, truth, strict=True)
        ],
        dtype=float,
    )


# Many tests at once: z-scores that depend on each other, as those of methods on the same reviews do.


def draw_p_values(random: Random, count: int, tests: int, effects: np.ndarray) -> np.ndarray:
    """Two-sided p-values of z-scores with a correlation of 1/2 about their effects, (tests,): (worlds, tests)."""
    common, own = random.standard_normal((count, 1)), random.standard_normal((count, tests))
    return 2 * norm.sf(np.abs((common + own) / np.sqrt(2) + effects))


def finds_by_luck(random: Random, count: int, tests: int, *, any_of: bool) -> np.ndarray:
    """Whether Holm's method finds any effect that is not there, or which share of the findings of the other is such."""
    effects = np.where(np.arange(tests) < tests // 3, 3.0, 0.0)
    adjust = holm if any_of else benjamini_hochberg
    found = np.array([adjust(row) <= SIGNIFICANT for row in draw_p_values(random, count, tests, effects)])
    false = found[:, effects == 0].sum(axis=1)
    return false > 0 if any_of else false / np.maximum(found.sum(axis=1), 1)


# Seeds: what a band holds.


def band_holds_another_seed(random: Random, count: int, seeds: int) -> np.ndarray:
    values = random.standard_normal((count, seeds + 1))
    bands = [median_band(row[:-1]) for row in values]
    return np.array([band.low <= value <= band.high for band, value in zip(bands, values[:, -1], strict=True)])


def draw_savings(random: Random, count: int, units: int, saved: float, models: int = 1) -> Iterator[pd.DataFrame]:
    """Rows of models whose steps take a share `saved` less than from scratch, in the median.

    Of the steps from scratch a quarter are more than are allowed, so that these runs never arrive. A unit is one model;
    or one split with so many models, which share the luck of its reviews.
    """
    allowed = 49
    spread = 0.3 * random.standard_normal((count, units, models, 2))
    if models > 1:
        spread += 0.3 * random.standard_normal((count, units, 1, 2))
    for steps in (40 * np.exp(spread) * [1 - saved, 1]).reshape(count, -1, 2):
        times = [
            [
                TimeToTarget("never" if one > allowed else "reached", None if one > allowed else one, None, allowed)
                for one in pair
            ]
            for pair in steps
        ]
        bounds = np.array([bound_savings(*pair) for pair in times])
        yield pd.DataFrame(
            {
                "steps": [pair[0].steps for pair in times],
                "scratch_steps": [pair[1].steps for pair in times],
                "savings_low": np.where(np.isinf(bounds[:, 0]), np.nan, bounds[:, 0]),
                "savings_high": bounds[:, 1],
                "split": np.repeat(np.arange(units), models) if models > 1 else 0,
                "original_seed": range(len(times)),
                "untouched": False,
            }
        )


def remembers(random: Random, count: int, units: int, *, saved: float, models: int = 1) -> np.ndarray:
    """Whether memory is concluded; of fewer splits than are counted nothing is claimed of splits."""
    if models > 1 and units < LEAST_UNITS:
        return np.full(count, np.nan)
    drawn = draw_savings(random, count, units, saved, models)
    return np.array([conclude_memory(rows).conclusion == "remembers" for rows in drawn])


def savings_cover(random: Random, count: int, models: int, *, saved: float) -> np.ndarray:
    """Whether the interval holds the median savings."""
    ends = [conclude_memory(rows).interval for rows in draw_savings(random, count, models, saved)]
    return np.array([np.nan if end is None else end[0] <= saved <= end[1] for end in ends])


def smallest_share_is_found(random: Random, count: int, units: int) -> np.ndarray:
    share = smallest_share(units)
    if share is None:
        return np.full(count, np.nan)
    return np.array([sign_test(above, units) <= SIGNIFICANT for above in random.binomial(units, share, count)])
