"""Nested intervals against formulas by hand, scipy, and how often they hold the truth of simulated worlds."""

import math

import numpy as np
import pytest
from scipy import stats

from forgetting.metrics.components import crossed_means
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.nested import (
    Estimate,
    NestedMeans,
    accuracy_interval,
    corrected_interval,
    median_factor,
    ratio_interval,
    simultaneous_level,
)

ONE = np.ones(1)


def nested(*tables, share=0.25) -> NestedMeans:
    return NestedMeans(tuple(crossed_means(table) for table in tables), share)


def test_of_one_replicate_it_is_the_t_interval_of_the_reviews():
    values = np.random.default_rng(0).standard_normal(30)
    found = nested(values[None, None]).estimate(ONE)
    expected = stats.ttest_1samp(values, 0)
    assert found.interval() == pytest.approx(tuple(expected.confidence_interval()))
    assert found.p == pytest.approx(expected.pvalue)


def test_of_replicates_that_differ_alone_it_is_their_t_interval():
    means = np.array([0.1, 0.4, 0.7])
    table = np.repeat(means[:, None], 9, axis=1)[None]
    found = nested(table).estimate(ONE)
    assert (found.value, found.degrees) == (pytest.approx(0.4), pytest.approx(2))
    assert found.error == pytest.approx(means.std(ddof=1) / math.sqrt(3) * math.sqrt(median_factor(3)))


def test_of_replicates_that_agree_it_is_that_of_the_reviews_however_many_there_are():
    hits = np.arange(40) < 30
    found = nested(np.repeat(hits[None], 7, axis=0)[None]).estimate(ONE)
    assert (found.value, found.degrees) == (0.75, 39)
    assert found.error == pytest.approx(hits.std(ddof=1) / math.sqrt(40))


@pytest.mark.parametrize("count", [3, 4, 5, 8, 10, 25])
def test_the_variance_of_a_median_of_normal_numbers(count):
    medians = np.median(np.random.default_rng(count).standard_normal((60_000, count)), axis=1)
    assert medians.var() * count == pytest.approx(median_factor(count), rel=0.03)


def test_the_accuracys_interval_is_near_wilsons():
    table = np.repeat((np.arange(300) < 240)[None], 5, axis=0)[None]
    assert accuracy_interval(nested(table)) == pytest.approx(wilson_interval(240, 300), abs=0.002)
    assert accuracy_interval(nested(np.ones((1, 3, 20)))) == pytest.approx(
        (1 / (1 + stats.t.ppf(0.975, 19) ** 2 / 20), 1)
    )


def test_a_ratios_interval_is_fiellers():
    source = np.random.default_rng(1)
    x, y = source.normal(1, 1, 50), source.normal(3, 1, 50)
    low, high = ratio_interval(nested(np.stack([x, y])[:, None]), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    t, (a, b) = stats.t.ppf(0.975, 49), (x.mean(), y.mean())
    (xx, xy), (_, yy) = np.cov(x, y) / 50
    roots = np.roots([b**2 - t**2 * yy, -2 * (a * b - t**2 * xy), a**2 - t**2 * xx])
    assert (low, high) == pytest.approx(tuple(sorted(roots)))
    assert ratio_interval(nested(np.stack([x, y - 3])[:, None]), np.array([1.0, 0.0]), np.array([0.0, 1.0])) is None


def test_over_splits_it_is_nadeau_and_bengios():
    values, share = [0.4, 0.9, 0.65, 0.75], 0.25
    error = math.sqrt((1 / 4 + share) * np.var(values, ddof=1))
    expected = stats.t.interval(0.95, 3, np.mean(values), error)
    assert corrected_interval(values, share) == pytest.approx(expected)
    tables = [np.repeat(np.arange(20) < 20 * value, 3).reshape(20, 3).T[None] for value in values]
    found = nested(*tables, share=share).estimate(ONE)
    assert (found.value, found.error, found.degrees) == (pytest.approx(0.7), pytest.approx(error), 3)


def test_splits_that_agree_by_luck_have_the_error_within_them():
    hits = (np.arange(20) < 14)[None, None]
    found = nested(hits, hits, share=0.25).estimate(ONE)
    assert found.error == pytest.approx(math.sqrt(0.75 * hits.var(ddof=1) / 20))


def test_a_simultaneous_level_lies_between_that_of_one_value_and_of_independent_ones():
    source = np.random.default_rng(2)
    apart = source.standard_normal((10, 1, 400))
    alike = np.repeat(source.standard_normal((1, 1, 400)), 10, axis=0)
    assert simultaneous_level(nested(apart)) == pytest.approx(0.95**0.1, abs=0.001)
    assert 0.95 <= simultaneous_level(nested(alike)) < simultaneous_level(nested(apart))
    assert simultaneous_level(nested(np.zeros((3, 2, 9)))) == 0.95


def test_without_an_error_the_p_value_is_all_or_nothing():
    assert (Estimate(0.0, 0.0, 5).p, Estimate(0.1, 0.0, 5).p) == (1, 0)


@pytest.mark.parametrize(("seeds", "reviews"), [(3, 60), (5, 240), (10, 60)])
def test_the_interval_holds_the_truth(seeds, reviews):
    """A review is right where its ease and the luck of the draw are above 0: the truth is that of the middle draw."""
    source, held = np.random.default_rng(seeds), 0
    for _ in range(300):
        ease = source.normal(0.8, 1, reviews) + 0.6 * source.standard_normal((seeds, 1))
        hits = ease + 0.5 * source.standard_normal((seeds, reviews)) > 0
        low, high = accuracy_interval(nested(hits[None]))
        held += low <= stats.norm.cdf(0.8 / math.sqrt(1.25)) <= high
    assert 0.92 <= held / 300 <= 0.99
