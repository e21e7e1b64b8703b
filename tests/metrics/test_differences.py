"""Differences that are not of hits on the same reviews: against published examples, scipy and scikit-learn."""

import numpy as np
import pytest
from scipy.stats import bootstrap, permutation_test, ttest_ind
from sklearn.metrics import balanced_accuracy_score, f1_score

from forgetting.metrics.differences import (
    bootstrap_changes,
    count_metric,
    independent_change,
    newcombe_interval,
    split_change,
)
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.nested import corrected_interval

METRICS = {
    "macro_f1": lambda truth, found: f1_score(truth, found, average="macro"),
    "balanced_accuracy": balanced_accuracy_score,
}


@pytest.mark.parametrize(
    ("first", "second", "published"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ],
)
def test_of_two_proportions_it_is_what_newcombe_published(first, second, published):
    before, after = ((hits / trials, *wilson_interval(hits, trials)) for hits, trials in (second, first))
    assert newcombe_interval(before, after) == pytest.approx(published, abs=1e-4)


def test_kinds_of_models_that_do_not_belong_together_are_compared_as_scipy_does():
    numbers = np.random.default_rng(3)
    before, after = numbers.normal(0.5, 0.1, 5), numbers.normal(0.4, 0.3, 8)
    expected = ttest_ind(after, before, equal_var=False)
    found = independent_change(before, after)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert found.p == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(("before", "after"), [([0.5], [0.1, 0.2]), ([0.5, 0.5], [0.1, 0.1])])
def test_what_tells_nothing_of_how_far_it_varies_claims_nothing(before, after):
    for found in (independent_change(np.array(before), np.array(after)), split_change(np.array(before), 0.25)):
        assert (found.low, found.high) == (-np.inf, np.inf)
        assert not found.decided


def test_changes_of_splits_have_the_corrected_interval():
    changes = np.array([0.02, 0.05, -0.01, 0.04])
    found = split_change(changes, 0.25)
    assert (found.low, found.high) == corrected_interval(changes, 0.25)


@pytest.mark.parametrize("metric", METRICS)
def test_the_paired_bootstrap_is_that_of_scipy_but_for_the_draws(metric):
    numbers = np.random.default_rng(2)
    targets = numbers.integers(0, 4, 150)
    first, second = (
        np.where(numbers.random(150) < right, targets, numbers.integers(0, 4, 150)) for right in (0.8, 0.5)
    )
    values = [METRICS[metric](targets, found) for found in (first, second)]
    assert [count_metric(targets, found, metric) for found in (first, second)] == pytest.approx(values)
    found = bootstrap_changes(targets, first, second)[metric]
    assert found.change == pytest.approx(values[1] - values[0])
    expected = bootstrap(
        (np.arange(150),),
        lambda rows: METRICS[metric](targets[rows], second[rows]) - METRICS[metric](targets[rows], first[rows]),
        n_resamples=150,
        method="percentile",
        vectorized=False,
        rng=1,
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.04)
    assert found.decided
    assert bootstrap_changes(targets, first, first)[metric].p == 1


@pytest.mark.parametrize("metric", METRICS)
def test_the_p_value_of_swaps_is_that_of_scipy_and_few_changes_show_nothing(metric):
    targets, first = np.array([0, 0, 1, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 0, 2, 0])
    expected = permutation_test(
        (first, targets),
        lambda one, other: METRICS[metric](targets, other) - METRICS[metric](targets, one),
        permutation_type="samples",
        vectorized=False,
        n_resamples=200,  # all 128 there are
    )
    found = bootstrap_changes(targets, first, targets)[metric]
    assert found.p == pytest.approx(expected.pvalue, abs=0.02)
    two = bootstrap_changes(np.array([0, 1]), np.array([1, 0]), np.array([0, 1]))[metric]
    assert two.change == 1
    assert not two.decided
