"""How similar two models represent the same reviews: linear centred kernel alignment (CKA).

What is compared are the distances between reviews, not single units: CKA does not change where units are reordered,
rotated or scaled all alike, so it can compare networks that were trained from other initial weights.
"""

import math

import numpy as np

from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.scores import NOT_FINITE

FEWEST_ROWS = 4  # that the unbiased estimator needs
NO_DIFFERENCE = 1e-12  # share of the squared activations below which differences between reviews are rounding errors
TOO_FEW = f"fewer than {FEWEST_ROWS} reviews"
ALL_ALIKE = "a layer gives the same for all reviews, or all but one"


def linear_cka(first: np.ndarray, second: np.ndarray) -> Measurement:
    """Linear CKA of two representations of the same reviews (Kornblith et al. 2019, arXiv 1905.00414), unbiased.

    It is HSIC(K, L) / √(HSIC(K, K) · HSIC(L, L)) of the kernels K = X·Xᵀ and L = Y·Yᵀ, with the unbiased estimator of
    HSIC (Song et al. 2012, J. Mach. Learn. Res. 13), as Nguyen et al. 2021 (arXiv 2010.15327) use it: of few reviews
    the usual one is far above 0 for representations that have nothing in common. 1 is the same but for a rotation and
    the scale; of what has nothing in common it lies around 0, and may be below.

    Args:
        first: X, (reviews, units).
        second: Y, (reviews, other units).

    Returns:
        The similarity, in [−1, 1]; missing with its reason where it is not defined.
    """
    if len(first) < FEWEST_ROWS:
        return Measurement(None, TOO_FEW)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return Measurement(None, NOT_FINITE)
    sides = []
    for values in (first.astype(np.float64), second.astype(np.float64)):
        largest = np.abs(values).max(initial=0.0)
        values = values / (largest or 1.0)  # so that no square is too large for a number
        centred = values - values.mean(axis=0)
        own = _unbiased_hsic(centred, centred)
        if own <= (NO_DIFFERENCE * np.square(values).sum() / len(values)) ** 2:
            return Measurement(None, ALL_ALIKE)
        sides.append((centred, own))
    (one, own), (other, own_of_other) = sides
    return Measurement(float(np.clip(_unbiased_hsic(one, other) / math.sqrt(own * own_of_other), -1.0, 1.0)))


def _unbiased_hsic(first: np.ndarray, second: np.ndarray) -> float:
    """HSIC₁ of Song et al. 2012, eq. 5, for linear kernels of (n, units), n at least 4.

    It is (tr K̃L̃ + 1ᵀK̃1·1ᵀL̃1 / ((n − 1)(n − 2)) − 2·1ᵀK̃L̃1 / (n − 2)) / (n (n − 3)), where K̃ is K with a diagonal of 0.
    No (n, n) kernel is made: K̃·1 = X·Xᵀ1 − diag K, and tr K̃L̃ = ‖XᵀY‖² − diag K · diag L.
    """
    n = len(first)
    diagonals = [np.square(values).sum(axis=1) for values in (first, second)]
    rows = [values @ values.sum(axis=0) - own for values, own in zip((first, second), diagonals, strict=True)]
    trace = np.square(first.T @ second).sum() - diagonals[0] @ diagonals[1]
    total = trace + rows[0].sum() * rows[1].sum() / ((n - 1) * (n - 2)) - 2 * (rows[0] @ rows[1]) / (n - 2)
    return float(total / (n * (n - 3)))
