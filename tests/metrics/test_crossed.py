"""Changes over models and reviews: against DeLong's variance by loops, and in simulated worlds of a known truth."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import norm, t, ttest_1samp

from forgetting.metrics.crossed import (
    area_change,
    area_placements,
    crossed_change,
    crossed_share_interval,
    smallest_area_change,
)
from forgetting.metrics.intervals import wilson_interval


def kernel(member: float, other: float) -> float:
    return float(member < other) + 0.5 * (member == other)


@pytest.mark.parametrize("seed", range(3))
def test_of_one_model_the_area_s_variance_is_that_of_delong(seed):
    """Their equations, review by review, with Satterthwaite's degrees of freedom."""
    numbers = np.random.default_rng(seed)
    sides = [numbers.normal(size=(1, count)).round(seed) for count in (12, 17, 12, 17)]  # rounded, so that some tie
    (first, second, third, fourth) = (side[0] for side in sides)
    changes = np.array([[kernel(c, d) - kernel(a, b) for b, d in zip(second, fourth, strict=True)]
                        for a, c in zip(first, third, strict=True)])  # fmt: skip
    parts = [changes.mean(axis=axis).var(ddof=1) / changes.shape[1 - axis] for axis in (1, 0)]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 11 + parts[1] ** 2 / 16)
    found = area_change(tuple(sides[:2]), tuple(sides[2:]))
    half = t.ppf(0.975, freedom) * math.sqrt(sum(parts))
    assert (found.change, found.low, found.high) == pytest.approx(
        (changes.mean(), changes.mean() - half, changes.mean() + half)
    )
    assert found.p == pytest.approx(2 * t.sf(abs(changes.mean()) / math.sqrt(sum(parts)), freedom))


def test_placements_by_loops():
    numbers = np.random.default_rng(0)
    members, others = numbers.integers(0, 4, (3, 6)), numbers.integers(0, 4, (3, 5))
    areas, higher, lower = area_placements(members, others)
    for model in range(3):
        table = np.array([[kernel(one, other) for other in others[model]] for one in members[model]])
        assert areas[model] == pytest.approx(table.mean())
        np.testing.assert_allclose(higher[model], table.mean(axis=1))
        np.testing.assert_allclose(lower[model], table.mean(axis=0))


def test_without_reviews_it_is_student_s_test():
    changes = np.array([0.3, 0.1, 0.4, 0.2])
    assert crossed_change(changes).p == pytest.approx(ttest_1samp(changes, 0).pvalue)


def test_more_models_that_answer_alike_are_no_more_reviews():
    """Copies of one model are as sure as it alone; a vote over them would be as sure as there are copies."""
    term = np.random.default_rng(1).normal(size=(1, 15))
    alone = crossed_change(term.mean(axis=1), term)
    copies = crossed_change(term.mean(axis=1).repeat(50), term.repeat(50, axis=0))
    assert (copies.low, copies.high, copies.p) == pytest.approx((alone.low, alone.high, alone.p))


def test_a_change_of_one_model_alone_has_no_interval_without_reviews():
    found = crossed_change(np.array([0.3]))
    assert (found.low, found.high, found.p, found.decided) == (-math.inf, math.inf, 1.0, False)


def test_where_no_review_changes_it_is_as_if_one_did():
    """The rule of one in so many: no interval of no width from 12 reviews."""
    found = crossed_change(np.zeros(3), np.zeros((3, 12)))
    assert found.high == pytest.approx(t.ppf(0.975, 11) / 12)
    assert found.p == 1


def test_equal_steps_differ_by_rounding():
    assert crossed_change(np.full(2, -3.0), rounding=1).p > 0.01
    assert crossed_change(np.full(5, -3.0), rounding=1).p < 0.001


WORLDS = 400
SIZES = [(1, 12, 19), (5, 12, 19), (3, 60, 40)]


@pytest.mark.parametrize(("sizes", "shift"), list(product(SIZES, (0.0, 1.2))))
def test_the_interval_of_a_change_of_area_holds_the_truth(sizes, shift):
    """Reviews are of different difficulty for all models, and models differ in how far they know the members."""
    models, members, others = sizes
    numbers, spread = np.random.default_rng(members), 0.3 * (models > 1)
    truth = norm.cdf((shift - 0.5) / math.sqrt(2 + spread**2)) - norm.cdf(-0.5 / math.sqrt(2 + spread**2))
    held = 0
    for _ in range(WORLDS):
        hard = [numbers.normal(size=count) * math.sqrt(0.8) for count in (members, others)]
        kinds = []
        for known in (-0.5, shift - 0.5):
            sides = [each + numbers.normal(size=(models, len(each))) * math.sqrt(0.2) for each in hard]
            kinds.append((sides[0] - known - spread * numbers.normal(size=(models, 1)), sides[1]))
        found = area_change(*kinds)
        held += found.low <= truth <= found.high
        assert found.decided is not (found.low <= 0 <= found.high)
    assert held / WORLDS > 0.95 - 3 * math.sqrt(0.95 * 0.05 / WORLDS)


@pytest.mark.parametrize(("models", "reviews", "middle"), [(1, 19, -2.5), (3, 75, -1.0), (5, 40, 0.0)])
def test_the_interval_of_a_share_holds_the_truth(models, reviews, middle):
    """Reviews, models and both together are drawn, and the share that all of them would have is known."""
    numbers, held, worlds = np.random.default_rng(models), 0, 200
    for _ in range(worlds):
        of_models = numbers.normal(0, 0.3 * (models > 1), (models, 1))
        values = numbers.normal(middle, 1, (1, reviews)) + of_models + numbers.normal(0, 0.5, (models, reviews))
        low, high = crossed_share_interval(values > 0)
        held += low <= norm.cdf(middle / math.sqrt(1.25 + 0.09 * (models > 1))) <= high
    assert 0.92 <= held / worlds <= 1


def test_the_interval_of_a_share_is_wilson_s_of_no_more_reviews_than_there_are():
    hits = np.array([[1] * 6 + [0] * 14])
    alone = crossed_share_interval(hits)
    assert alone == pytest.approx(wilson_interval(6, 20), abs=0.03)
    assert crossed_share_interval(np.repeat(hits, 5, axis=0)) == pytest.approx(alone, abs=0.01)
    assert crossed_share_interval(np.zeros((4, 20))) == wilson_interval(0, 20)
    assert crossed_share_interval(np.ones((4, 20))) == wilson_interval(20, 20)


def test_the_smallest_change_of_an_area_falls_with_the_reviews():
    sizes = [smallest_area_change(count, count) for count in (10, 40, 160)]
    assert sizes[0] > 1.9 * sizes[1] > 3.6 * sizes[2]
    assert sizes[1] == pytest.approx((1.96 + 0.8416) * math.sqrt(81 / (12 * 1600)), rel=1e-3)
