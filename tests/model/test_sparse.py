"""Sparse products and gradients against scipy and dense torch."""

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.model.sparse import SparseLinear, SparseMatrix


def random_matrix(rows, columns, seed, density=0.3):
    return scipy.sparse.random_array((rows, columns), density=density, rng=seed, dtype=np.float32).tocsr()


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(0, 999), st.sampled_from([0.0, 0.3, 1.0]))
def test_product_and_gradient_are_those_of_the_dense_matrix(rows, columns, width, seed, density):
    matrix = random_matrix(rows, columns, seed, density)
    sparse, dense = SparseMatrix.from_scipy(matrix), torch.from_numpy(matrix.toarray())
    source = torch.Generator().manual_seed(seed)
    first = torch.randn(width, columns, generator=source, requires_grad=True)
    second = first.detach().clone().requires_grad_()
    incoming = torch.randn(rows, width, generator=source)

    product = SparseLinear.apply(sparse, first)
    expected = dense @ second.t()
    torch.testing.assert_close(product, expected)
    product.backward(incoming)
    expected.backward(incoming)
    torch.testing.assert_close(first.grad, second.grad)
    np.testing.assert_allclose(
        sparse.matmul(first.detach().t()), matrix @ first.detach().numpy().T, rtol=1e-5, atol=1e-6
    )


def test_rows_come_in_the_order_asked_for():
    matrix = random_matrix(6, 5, 1)
    picked = SparseMatrix.from_scipy(matrix).rows(torch.tensor([4, 0, 4]))
    np.testing.assert_array_equal(picked.to_scipy().toarray(), matrix.toarray()[[4, 0, 4]])
    assert picked.shape == (3, 5)


def test_transposed_and_scipy_round_trip():
    matrix = random_matrix(6, 5, 2)
    sparse = SparseMatrix.from_scipy(matrix)
    np.testing.assert_array_equal(sparse.to_scipy().toarray(), matrix.toarray())
    np.testing.assert_array_equal(sparse.transposed.to_scipy().toarray(), matrix.toarray().T)
    assert sparse.transposed.shape == (5, 6)
    assert (sparse.offsets.dtype, sparse.columns.dtype, sparse.values.dtype) == (
        torch.int32,
        torch.int32,
        torch.float32,
    )


def test_from_scipy_copies_nothing_back():
    matrix = random_matrix(4, 4, 3)
    before = matrix.toarray()
    SparseMatrix.from_scipy(matrix.astype(np.float64)).values.mul_(0)
    np.testing.assert_array_equal(matrix.toarray(), before)


@pytest.mark.parametrize("probability", [0.0, 0.8])
def test_thinning_drops_the_share_and_keeps_the_mean(probability):
    full = SparseMatrix.from_scipy(scipy.sparse.csr_array(np.full((200, 100), 3, dtype=np.float32)))
    thin = full.drop_values(probability, torch.Generator().manual_seed(0))
    values = thin.to_scipy().toarray()
    mask = values != 0
    np.testing.assert_allclose(values[mask], 3 / (1 - probability), rtol=1e-6)
    # 20,000 draws: five standard errors of the share are below 0.018
    assert abs(mask.mean() - (1 - probability)) < 0.018
    assert abs(values.mean() / 3 - 1) < 0.018 / (1 - probability)
    np.testing.assert_array_equal(thin.transposed.to_scipy().toarray(), values.T)
    assert (full.values == 3).all()


def test_thinning_draws_anew_each_time_and_repeats_with_its_seed():
    full = SparseMatrix.from_scipy(random_matrix(20, 20, 4))
    source = torch.Generator().manual_seed(1)
    first, second = full.drop_values(0.5, source).values, full.drop_values(0.5, source).values
    assert not torch.equal(first, second)
    assert torch.equal(first, full.drop_values(0.5, torch.Generator().manual_seed(1)).values)
