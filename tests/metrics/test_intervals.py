"""Intervals and bands against scipy, numpy, numbers by hand, and the published equation of an area's ends."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from scipy.stats import binom, binomtest, norm

from forgetting.metrics.intervals import auc_interval, median_band, seed_bands, share_interval, wilson_interval


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([0.0, 1.0]), st.one_of(st.none(), st.floats(-3, 1))),
        min_size=1,
        max_size=20,
    )
)
def test_bands_count_who_has_the_figure(rows):
    groups = {}
    for name, dose, value in rows:
        groups.setdefault((name, dose), []).append(value)
    frame = pd.DataFrame(rows, columns=["name", "dose", "value"]).astype({"value": float})
    found = seed_bands(frame, "value", ["name", "dose"])
    assert list(found.index) == list(groups)
    for values, row in zip(groups.values(), found.itertuples(), strict=True):
        known = [value for value in values if value is not None]
        assert row.seeds == len(known)
        if known:
            assert (row.low, row.median, row.high) == pytest.approx(tuple(np.quantile(known, [0.05, 0.5, 0.95])))
        else:
            assert np.isnan([row.low, row.median, row.high]).all()


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 5_000), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_wilson_is_scipys_interval(trials, share, level):
    hits = round(share * trials)
    interval = binomtest(hits, trials).proportion_ci(level, method="wilson")
    low, high = wilson_interval(hits, trials, level)
    assert (low, high) == pytest.approx(tuple(interval), abs=1e-9)
    assert 0 <= low <= hits / trials <= high <= 1


def test_a_band_by_hand():
    band = median_band([3.0, 1.0, 2.0])
    assert (band.median, band.low, band.high) == (2, pytest.approx(1.1), pytest.approx(2.9))
    assert all(map(math.isnan, vars(median_band([])).values()))


Z = 1.959963984540054


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(10, 400), st.integers(10, 400))
def test_the_ends_are_the_roots_of_newcombes_quartic(area, members, non_members):
    """(θ − A)²·mn·(2 − θ)(1 + θ) = z²·θ(1 − θ)·[(2 − θ)(1 + θ) + N*(1 − θ)(1 + θ) + N*·θ(2 − θ)]."""
    theta, both = Polynomial([0, 1]), (members + non_members) / 2 - 1
    bracket = (2 - theta) * (1 + theta) + both * (1 - theta) * (1 + theta) + both * theta * (2 - theta)
    left = (theta - area) ** 2 * members * non_members * (2 - theta) * (1 + theta)
    roots = (left - Z**2 * theta * (1 - theta) * bracket).roots()
    inside = sorted(root.real for root in roots if abs(root.imag) < 1e-6 and -1e-9 < root.real < 1 + 1e-9)
    low, high = auc_interval(area, members, non_members)
    assert min(abs(low - root) for root in inside) < 1e-6
    assert min(abs(high - root) for root in inside) < 1e-6
    assert low - 1e-12 <= area <= high + 1e-12
    assert high - low > 1 / (members + non_members)


@pytest.mark.parametrize(("members", "non_members"), [(10, 10), (20, 500), (3000, 4000)])
def test_the_interval_is_not_a_point_where_all_are_told_apart(members, non_members):
    low, high = auc_interval(1.0, members, non_members)
    spread = 1 + ((members + non_members) / 2 - 1) * ((1 - low) / (2 - low) + low / (1 + low))
    assert high == 1
    assert low < 1 - 1e-5
    assert 1 - low == pytest.approx(Z * math.sqrt(low * (1 - low) * spread / (members * non_members)), rel=1e-6)
    assert auc_interval(0.0, members, non_members) == pytest.approx((0, 1 - low))


def test_the_interval_narrows_with_the_level_and_with_more_reviews():
    assert auc_interval(0.7, 50, 50, 0.8)[0] > auc_interval(0.7, 50, 50)[0]
    assert auc_interval(0.7, 500, 500)[0] > auc_interval(0.7, 50, 50)[0]


def test_the_share_below_a_threshold_lies_between_those_below_two_order_statistics():
    """Of 500 non-members at a rate of 1 % the threshold lies, all but surely, between the 2nd and the 9th."""
    members, non_members = np.linspace(-30, 30, 200), np.arange(500.0)
    tail = norm.cdf(-1.959964 / np.sqrt(2))
    chances = binom.cdf(np.arange(20), 500, 0.01)
    below, above = int((chances < tail).sum()), int((1 - chances > tail).sum()) + 1
    assert (below, above) == (2, 9)
    low, high = share_interval(members, non_members, 0.01)
    level = 1 - 2 * tail
    assert low == pytest.approx(wilson_interval(int((members < 1).sum()), 200, level)[0])
    assert high == pytest.approx(wilson_interval(int((members <= 8).sum()), 200, level)[1])
    assert share_interval(members, non_members[:240], 0.01)[0] == 0 < share_interval(members, np.arange(248.0), 0.01)[0]
