"""Many tests at once: p-values adjusted so that some are not small by luck alone."""

from collections.abc import Callable, Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p-values adjusted by Holm's step-down method (1979, Scand. J. Stat. 6, 65–70).

    Calling those of at most α significant has a probability of at most α of one false finding among all, however the
    tests depend on each other. It is for sentences that name findings one by one.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]

    Args:
        p_values: One a test, in [0, 1]; NaN for a test that could not be made, which does not count.

    Returns:
        Adjusted p-values in the same order, at most 1, and NaN in the same places.
    """
    return _adjust(p_values, lambda rising: np.maximum.accumulate(rising * np.arange(len(rising), 0, -1)))


def benjamini_hochberg(p_values: Sequence[float]) -> np.ndarray:
    """p-values adjusted by the step-up method of Benjamini & Hochberg (1995, J. R. Stat. Soc. B 57, 289–300).

    Of those of at most α a share of at most α is expected to be false, where the tests are independent or depend
    positively. It is for a table or chart in which many results stand side by side.

    Args:
        p_values: As for `holm`.

    Returns:
        Adjusted p-values in the same order, at most 1, and NaN in the same places.
    """

    def steps(rising: np.ndarray) -> np.ndarray:
        scaled = rising * len(rising) / np.arange(1, len(rising) + 1)
        return np.minimum.accumulate(scaled[::-1])[::-1]

    return _adjust(p_values, steps)


def _adjust(p_values: Sequence[float], steps: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """steps: Makes the adjusted values of those that are known, (tests,) rising."""
    values = np.asarray(p_values, dtype=float)
    order = np.argsort(values, kind="stable")[: np.count_nonzero(~np.isnan(values))]  # NaN comes last
    adjusted = np.full(len(values), np.nan)
    adjusted[order] = np.minimum(steps(values[order]), 1)
    return adjusted
