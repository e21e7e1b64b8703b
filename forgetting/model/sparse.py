"""A sparse matrix whose product with a layer's weights is quick, forward and backward.

A row of TF-IDF is a weighted bag of words, so the product is torch's `embedding_bag` sum: 2.5 to 3 times as fast as
torch's CSR product. One thread sums each row, so the result does not depend on the number of threads. The gradient is
the same product with the transposed matrix, which is computed once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse
import torch
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class SparseMatrix:
    """Compressed sparse rows as tensors.

    Attributes:
        offsets: Where each row begins in `columns` and `values`, and where the last one ends, (rows + 1,) int32.
        columns: Column of each stored value, (stored,) int32.
        values: The stored values, (stored,) float32.
        shape: (rows, columns).
    """

    offsets: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor
    shape: tuple[int, int]

    @classmethod
    def from_scipy(cls, matrix: scipy.sparse.csr_matrix) -> "SparseMatrix":
        """Copy a scipy CSR matrix; its values become float32."""
        arrays = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))
        return cls(*map(torch.from_numpy, arrays), matrix.shape)

    def to_scipy(self) -> scipy.sparse.csr_matrix:
        """The same matrix for scipy and scikit-learn, which shares the arrays."""
        arrays = (self.values.numpy(), self.columns.numpy(), self.offsets.numpy())
        return scipy.sparse.csr_matrix(arrays, shape=self.shape)

    @cached_property
    def transposed(self) -> "SparseMatrix":
        """The transposed matrix, computed once."""
        return SparseMatrix.from_scipy(self.to_scipy().T.tocsr())

    def rows(self, indices: torch.Tensor) -> "SparseMatrix":
        """The rows at `indices`, in that order."""
        return SparseMatrix.from_scipy(self.to_scipy()[indices.numpy()])

    def between(self, start: int, end: int) -> "SparseMatrix":
        """The rows from `start` to before `end`; they share the stored values."""
        offsets = self.offsets[start : end + 1]
        stored = slice(int(offsets[0]), int(offsets[-1]))
        return SparseMatrix(
            offsets - offsets[0], self.columns[stored], self.values[stored], (len(offsets) - 1, self.shape[1])
        )

    def drop_values(self, probability: float, source: torch.Generator) -> "SparseMatrix":
        """A matrix in which stored values are dropped at random, and the others scaled by 1 / (1 − probability).

        With words as columns this is word dropout, which is drawn anew in each call.

        Args:
            probability: Probability, in [0, 1), with which a stored value is dropped.
            source: Generator of the draws.
        """
        mask = torch.rand(self.values.shape, generator=source) >= probability
        return SparseMatrix(self.offsets, self.columns, self.values * mask / (1 - probability), self.shape)

    def matmul(self, right: torch.Tensor) -> torch.Tensor:
        """The product (rows, width) with `right` (columns, width), which is fastest where `right` is contiguous."""
        return functional.embedding_bag(
            self.columns,
            right,
            self.offsets,
            mode="sum",
            per_sample_weights=self.values,
            include_last_offset=True,
        )


class SparseLinear(torch.autograd.Function):
    """The product of a matrix (rows, inputs) and a transposed weight (outputs, inputs).

    It is differentiable with respect to the weight only.
    """

    @staticmethod
    def forward(ctx, matrix: SparseMatrix, weight: torch.Tensor) -> torch.Tensor:
        """The product, (rows, outputs)."""
        ctx.matrix = matrix
        return matrix.matmul(weight.t())

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[None, torch.Tensor]:
        """The gradient by the weight, (outputs, inputs), from that by the product, (rows, outputs)."""
        return None, ctx.matrix.transposed.matmul(gradient.contiguous()).t()
