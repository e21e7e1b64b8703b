"""Intervals and bands against scipy, numpy, numbers by hand, and the published equation of an area's ends."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.metrics.intervals import seed_bands


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
