"""Comparisons of two models by hand, and by formulas written out independently."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_parts import LOGITS, USUAL

from forgetting.metrics.comparisons import measure_agreement, measure_divergence, measure_forgetting
from forgetting.metrics.scores import NOT_FINITE


def test_agreement_by_hand():
    other = LOGITS.clone()
    other[0] = torch.tensor([0.0, 5.0, 0.0, 0.0])
    assert measure_agreement(LOGITS, LOGITS).value == 1
    assert measure_agreement(LOGITS, other).value == 0.8


def jensen_shannon(first, second):
    def softmax(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def kl(a, b):
        return np.where(a > 0, a * np.log2(np.where(a > 0, a, 1) / np.where(b > 0, b, 1)), 0).sum(axis=1)

    p, q = softmax(first.astype(float)), softmax(second.astype(float))
    m = (p + q) / 2
    return ((kl(p, m) + kl(q, m)) / 2).mean()


PREDICTIONS = arrays(np.float32, (4, 3), elements=USUAL)


@settings(deadline=None, max_examples=100)
@given(PREDICTIONS, PREDICTIONS, st.sampled_from([1, 6, 9, 100]))
def test_divergence_is_jensen_shannons(first, second, at_once):
    """However many reviews are looked at at once."""
    one, other = torch.from_numpy(first), torch.from_numpy(second)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forgetting.metrics.comparisons.LOGITS_AT_ONCE", at_once)
        value = measure_divergence(one, other).value
    assert value == pytest.approx(jensen_shannon(first, second), abs=1e-9)
    assert 0 <= value <= 1
    assert value == pytest.approx(measure_divergence(other, one).value, abs=1e-12)
    assert measure_divergence(one, one).value == 0


def test_divergence_of_opposite_certainties_is_one_bit():
    sure = torch.tensor([[200.0, 0.0], [200.0, 0.0]])
    assert measure_divergence(sure, sure.flip(1)).value == pytest.approx(1)


@pytest.mark.parametrize(
    ("before", "after", "chance", "ratio"),
    [(0.9, 0.9, 0.1, 0), (0.9, 0.1, 0.1, 1), (0.9, 0.5, 0.1, 0.5), (0.5, 0.0, 0.25, 2), (0.5, 0.75, 0.25, -1)],
)
def test_forgetting_ratio(before, after, chance, ratio):
    assert measure_forgetting(before, after, chance).value == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (0.25, 0.1, r"before \(25.0\u00a0%\) is not above chance \(25.0\u00a0%\)"),
        (0.1, 0.9, "not above"),
        (None, 0.5, NOT_FINITE),
        (0.5, None, NOT_FINITE),
    ],
)
def test_forgetting_ratio_may_be_undefined(before, after, reason):
    ratio = measure_forgetting(before, after, 0.25)
    assert ratio.value is None
    assert re.search(reason, ratio.missing)
