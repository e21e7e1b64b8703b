"""Changes of accuracy on the same reviews: the interval by its definition, the test by counting, the power by luck."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from forgetting.metrics.paired import (
    compare_hits,
    make_change,
    mcnemar_test,
    paired_interval,
    reviews_needed,
    smallest_change,
)


def score(reviews, lost, gained, change):
    """Tango's score, with the share lost under the null hypothesis found by trying many."""
    shares = np.linspace(max(0, -change) + 1e-9, (1 - change) / 2 - 1e-9, 200_001)  # of reviews lost
    same = np.log(np.maximum(1 - 2 * shares - change, 1e-300))
    likelihood = lost * np.log(shares) + gained * np.log(shares + change) + (reviews - lost - gained) * same
    best = shares[likelihood.argmax()]
    return (gained - lost - reviews * change) / math.sqrt(reviews * (2 * best + change * (1 - change)))


@pytest.mark.parametrize(("reviews", "lost", "gained"), [(59, 20, 3), (20, 1, 6), (8, 6, 1), (242, 12, 10)])
def test_the_ends_of_the_interval_are_the_changes_that_a_score_test_just_rejects(reviews, lost, gained):
    low, high = paired_interval(reviews, lost, gained)
    assert score(reviews, lost, gained, low) == pytest.approx(1.959964, abs=2e-3)
    assert score(reviews, lost, gained, high) == pytest.approx(-1.959964, abs=2e-3)


def test_the_p_value_is_that_of_a_binomial_test():
    for lost, gained in product((0, 1, 3, 8, 700), (0, 2, 5, 640)):
        expected = binomtest(lost, lost + gained).pvalue if lost + gained else 1
        assert mcnemar_test(lost, gained) == pytest.approx(expected, rel=1e-9)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(0, n))))
def test_a_change_is_mirrored_and_lies_in_its_interval(counts):
    reviews, lost, gained = counts
    if lost + gained > reviews:
        return
    change, mirrored = make_change(reviews, lost, gained), make_change(reviews, gained, lost)
    assert -1 <= change.low <= change.change <= change.high <= 1
    assert (mirrored.low, mirrored.high) == pytest.approx((-change.high, -change.low), abs=1e-9)
    assert not change.decided or lost + gained >= 6


def test_hits_of_two_models_are_compared_review_by_review():
    before, after = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 0, 0], bool)
    change = compare_hits(before, after)
    assert (change.reviews, change.lost, change.gained, change.change) == (5, 2, 1, pytest.approx(-0.2))
    assert not change.decided


def test_so_many_reviews_find_the_change_as_often_as_promised():
    draws = np.random.default_rng(0)
    for lost, gained in ((0.2, 0.05), (0.1, 0.0), (0.4, 0.1)):
        reviews = reviews_needed(lost, gained)
        counts = draws.multinomial(reviews, [lost, gained, 1 - lost - gained], 2_000)
        found = np.mean([mcnemar_test(int(out), int(into)) <= 0.05 for out, into, _ in counts])
        assert 0.7 < found < 0.9
    assert reviews_needed(0.1, 0.1) is None


def test_the_smallest_change_is_the_one_that_needs_all_reviews():
    for reviews, against in ((60, 0.0), (240, 0.05)):
        change = smallest_change(reviews, against)
        assert reviews_needed(change + against + 1e-9, against) == reviews
    assert smallest_change(5) is None
    assert smallest_change(8) is not None
