"""Rank correlations of reviews of different length against scipy, top words against sorting, entropy against numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy, spearmanr

from forgetting.metrics.rank_correlation import RaggedRows

LENGTHS = st.lists(st.integers(0, 40), min_size=1, max_size=8)


def drawn(lengths: list[int], seed: int, ties: bool, attributions: int = 3) -> tuple[RaggedRows, np.ndarray]:
    offsets = np.cumsum([0, *lengths])
    values = np.random.default_rng(seed).normal(size=(attributions, offsets[-1]))
    return RaggedRows(offsets), values.round(0 if ties else 12)


def pieces(rows: RaggedRows, values: np.ndarray) -> list[np.ndarray]:
    return np.split(values, rows.offsets[1:-1], axis=-1)


def unequal(values: np.ndarray) -> bool:
    return len(np.unique(values)) > 1


@settings(deadline=None, max_examples=20)
@given(lengths=LENGTHS, seed=st.integers(0, 10_000), ties=st.booleans())
def test_spearman_is_that_of_scipy(lengths, seed, ties):
    rows, first = drawn(lengths, seed, ties)
    _, second = drawn(lengths, seed + 1, ties)
    found = rows.spearman(first, second)
    assert found.shape == (3, len(lengths))
    for row, (one, other) in enumerate(zip(pieces(rows, first), pieces(rows, second), strict=True)):
        for number in range(3):
            if unequal(one[number]) and unequal(other[number]):
                expected = spearmanr(one[number], other[number]).statistic
                assert found[number, row] == pytest.approx(expected, abs=1e-12)
            else:  # constant, or fewer than two values
                assert np.isnan(found[number, row])


@settings(deadline=None, max_examples=20)
@given(lengths=LENGTHS, seed=st.integers(0, 10_000), ties=st.booleans(), k=st.integers(1, 12))
def test_the_overlap_of_the_largest_is_that_of_sorted_lists(lengths, seed, ties, k):
    rows, first = drawn(lengths, seed, ties)
    _, second = drawn(lengths, seed + 1, ties)
    found = rows.overlap(rows.top(rows.ranks(first), k), rows.top(rows.ranks(second), k), k)
    for row, pair in enumerate(zip(pieces(rows, first), pieces(rows, second), strict=True)):
        for number in range(3):
            sorted_down = [np.sort(values[number])[::-1] for values in pair]
            if any(len(values) <= k or values[k - 1] == values[k] for values in sorted_down):
                assert np.isnan(found[number, row])  # no value may stand for what is not defined
            else:
                tops = [set(np.argsort(-values[number])[:k]) for values in pair]
                assert found[number, row] == len(tops[0] & tops[1]) / k


@settings(deadline=None, max_examples=20)
@given(lengths=LENGTHS, seed=st.integers(0, 10_000), bins=st.sampled_from([2, 10, 100]))
def test_entropy_is_that_of_numpys_histogram(lengths, seed, bins):
    rows, values = drawn(lengths, seed, ties=False)
    found = rows.entropy(values, bins)
    for row, piece in enumerate(pieces(rows, values)):
        for number in range(3):
            if unequal(piece[number]):
                expected = entropy(np.histogram(piece[number], bins)[0])
                assert found[number, row] == pytest.approx(expected, abs=1e-12)
            else:
                assert np.isnan(found[number, row])


def test_an_attribution_agrees_with_itself_and_not_with_its_opposite():
    rows = RaggedRows(np.array([0, 4, 4, 5]))
    values = np.array([[0.5, -1.0, 2.0, 0.25, 3.0]])
    assert rows.spearman(values, values)[0].tolist() == pytest.approx([1, np.nan, np.nan], nan_ok=True)
    assert rows.spearman(values, -values)[0].tolist() == pytest.approx([-1, np.nan, np.nan], nan_ok=True)
    assert rows.ranks(np.array([2.0, 1.0, 2.0, 5.0, 3.0])).tolist() == [2.5, 1, 2.5, 4, 1]
