"""Our rank correlations and complexity against what Quantus' own code gave of the same dense attributions.

The numbers were recorded by `tests/bench/quantus_mprt.py`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from forgetting.metrics.rank_correlation import RaggedRows
from forgetting.model.settings import ATTRIBUTIONS

RECORDED = json.loads((Path(__file__).parents[1] / "bench" / "quantus_mprt.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("metric", ["MPRT", "EfficientMPRT"])
def test_numbers_are_those_of_quantus(metric):
    records = [record for record in RECORDED["records"] if record["metric"] == metric]
    assert {record["attribution"] for record in records} == set(ATTRIBUTIONS)
    for record in records:
        before = np.array(record["before"])
        rows = RaggedRows(np.arange(len(before) + 1) * before.shape[1])
        sized = np.abs if record["absolute"] else np.asarray
        for layer, scores in record["scores"].items():
            first, second = (sized(np.array(values)).ravel() for values in (before, record["after"][layer]))
            if metric == "MPRT":
                found = rows.spearman(first, second)
            else:
                complexity = rows.entropy(first, RECORDED["bins"])
                found = (rows.entropy(second, RECORDED["bins"]) - complexity) / complexity
            np.testing.assert_allclose(found, scores, atol=1e-6)
            assert np.std(scores) > 0.01
