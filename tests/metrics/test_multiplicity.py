"""Adjusted p-values, by hand and by another library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from forgetting.metrics.multiplicity import benjamini_hochberg, holm


def test_holm_by_hand():
    # Smallest × 4, then × 3, × 2 and × 1, none below the one before it.
    assert holm([0.03, 0.01, 0.04, 0.005]) == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm([0.03, np.nan, 0.9]) == pytest.approx([0.06, np.nan, 0.9], nan_ok=True)
    assert len(holm([])) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_false_discoveries_as_scipy_has_them_and_never_more_than_holm_allows(values):
    found = benjamini_hochberg(values)
    assert found == pytest.approx(false_discovery_control(values), abs=1e-12)
    assert (found <= holm(values) + 1e-12).all()
    assert (np.array(values) <= found + 1e-12).all()
