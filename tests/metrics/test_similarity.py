"""Linear CKA beside plain computations: Song's formula on whole kernels, U-centring, and the biased estimator."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_parts import cka_by_kernels

from forgetting.metrics.scores import NOT_FINITE
from forgetting.metrics.similarity import ALL_ALIKE, TOO_FEW, linear_cka


def by_u_centring(first, second) -> float:
    """The same as the cosine of U-centred kernels (Székely & Rizzo 2014, Ann. Stat. 42)."""

    def centred(values):
        kernel, n = values @ values.T, len(values)
        np.fill_diagonal(kernel, 0)
        rows = kernel.sum(axis=0) / (n - 2)
        kernel = kernel - rows[:, None] - rows[None, :] + kernel.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(kernel, 0)
        return kernel.ravel()

    one, other = centred(first), centred(second)
    return one @ other / np.sqrt((one @ one) * (other @ other))


def by_all_quadruples(first, second) -> float:
    """The same as a U-statistic: the mean of its core over all ordered quadruples of different reviews."""

    def hsic(one, other):
        k, l = (values @ values.T for values in (one, other))  # noqa: E741
        chosen = itertools.permutations(range(len(one)), 4)
        return np.mean([k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q]) for i, j, q, r in chosen])

    return hsic(first, second) / np.sqrt(hsic(first, first) * hsic(second, second))


@pytest.mark.parametrize(("rows", "widths"), [(4, (2, 3)), (7, (5, 2)), (7, (1, 1)), (60, (8, 30)), (300, (64, 5))])
def test_cka_is_that_of_three_other_ways(rows, widths):
    draws = np.random.default_rng(rows)
    first, second = (draws.standard_normal((rows, width)) + 3 for width in widths)
    second[:, 0] += first[:, 0]
    found = linear_cka(first.astype(np.float32), second.astype(np.float32)).value
    first, second = first.astype(np.float32).astype(float), second.astype(np.float32).astype(float)
    assert found == pytest.approx(cka_by_kernels(first, second), abs=1e-9)
    assert found == pytest.approx(by_u_centring(first, second), abs=1e-9)
    if rows < 10:
        assert found == pytest.approx(by_all_quadruples(first, second), abs=1e-9)


def test_of_nothing_in_common_it_is_about_0_where_the_biased_estimator_is_not():
    """Kornblith's own estimator is 0.5 for 50 reviews in 50 random units; on 3,000 reviews both agree."""

    def biased(first, second):
        one, other = (values - values.mean(axis=0) for values in (first, second))
        norms = [np.linalg.norm(values.T @ values) for values in (one, other)]
        return np.linalg.norm(one.T @ other) ** 2 / (norms[0] * norms[1])

    draws = np.random.default_rng(0)
    pairs = [draws.standard_normal((2, 50, 50)) for _ in range(100)]
    assert abs(np.mean([linear_cka(*pair).value for pair in pairs])) < 0.01
    assert np.mean([biased(*pair) for pair in pairs]) > 0.4
    first = draws.standard_normal((3_000, 6))
    second = first @ draws.standard_normal((6, 4)) + draws.standard_normal((3_000, 4))
    assert linear_cka(first, second).value == pytest.approx(biased(first, second), abs=2e-3)


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-30, 1e30), shift=st.floats(-100, 100))
def test_it_does_not_change_by_rotation_scale_shift_or_order(seed, scale, shift):
    draws = np.random.default_rng(seed)
    first, second = draws.standard_normal((20, 4)), draws.standard_normal((20, 6))
    value = linear_cka(first, second).value
    rotation, _ = np.linalg.qr(draws.standard_normal((6, 6)))
    order = draws.permutation(20)
    assert linear_cka(second, first).value == pytest.approx(value, abs=1e-12)
    assert linear_cka(first[order], second[order]).value == pytest.approx(value, abs=1e-12)
    assert linear_cka(first, scale * (second @ rotation + shift)).value == pytest.approx(value, abs=1e-9)
    assert linear_cka(second, scale * (second @ rotation + shift)).value == pytest.approx(1.0, abs=1e-9)


def test_what_is_not_defined_is_missing_with_its_reason():
    values = np.random.default_rng(1).standard_normal((9, 3)).astype(np.float32)
    alone = np.zeros((9, 2))
    alone[4] = 5
    noisy = np.full((9, 2), 0.1, dtype=np.float32) * (1 + 1e-7 * np.arange(18).reshape(9, 2))
    for other in (np.zeros((9, 2)), np.full((9, 2), 0.1), alone, np.zeros((9, 0)), noisy):
        for pair in ((values, other), (other, values)):
            assert (linear_cka(*pair).value, linear_cka(*pair).missing) == (None, ALL_ALIKE)
    for bad in (np.nan, np.inf):
        broken = values.copy()
        broken[2, 1] = bad
        assert linear_cka(values, broken).missing == linear_cka(broken, values).missing == NOT_FINITE
    assert linear_cka(values[:3], values[:3]).missing == TOO_FEW
