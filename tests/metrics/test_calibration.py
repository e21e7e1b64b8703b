"""Losses of scaled logits against scipy's minimum, and what is certain of them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_parts import OBJECTIVES, models, noisy, tensors, torchs_loss
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import entropy
from torch import nn

from forgetting.metrics import calibration, formulas


def fitted(logits, targets, objective):
    """Least loss over the scale of the logits, and that scale, by scipy in double precision."""
    z, reviews = logits.double().numpy(), np.arange(len(targets))
    y = np.eye(z.shape[-1])[targets]

    def loss(log_scale):
        b = np.exp(log_scale) * z
        if objective == "cross_entropy":
            return -log_softmax(b, axis=-1)[reviews, targets].mean()
        return (np.logaddexp(0, b) - y * b).mean()

    middle = -np.log(z.std())
    bounds = (middle - 12, middle + 12)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9, "maxiter": 500})
    return found.fun, np.exp(found.x)


def everything_right(logits, targets, objective):
    if objective == "bitwise":
        return ((logits > 0) == nn.functional.one_hot(targets, logits.shape[-1]).bool()).all().item()
    return (logits.argmax(-1) == targets).all().item()


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(("strength", "times"), [(0.3, 40.0), (1.0, 1e-3), (2.0, 1.0), (4.0, 40.0)])
def test_the_scaled_loss_is_scipys_minimum(objective, strength, times):
    logits, targets = noisy(11, strength, models=4)
    logits *= times
    temperatures, losses = calibration.temperature_scaled_loss(logits, targets, objective)
    for one, temperature, loss in zip(logits, temperatures.tolist(), losses.tolist(), strict=True):
        least, scale = fitted(one, targets, objective)
        assert loss == pytest.approx(least, abs=3e-5 if temperature == 0 else 1e-5)  # scipy's scale ends at e¹²
        assert (temperature == 0) == everything_right(one, targets, objective)
        if (
            temperature and loss < formulas.loss(torch.zeros(1, *one.shape), targets, objective).item() - 1e-3
        ):  # else flat
            assert temperature == pytest.approx(1 / scale, rel=0.01)


@settings(deadline=None, max_examples=120)
@given(models(), st.sampled_from(OBJECTIVES))
def test_scaling_never_costs(case, objective):
    logits, targets = tensors(*case)
    temperatures, losses = calibration.temperature_scaled_loss(logits, targets, objective)
    flat = math.log(logits.shape[-1]) if objective == "cross_entropy" else math.log(2)
    assert (losses <= formulas.loss(logits, targets, objective) + 1e-6).all()
    assert (losses <= flat + 1e-6).all()
    assert (losses >= -1e-6).all()
    for one, temperature, loss in zip(logits, temperatures.tolist(), losses.tolist(), strict=True):
        if 0 < temperature < math.inf:  # the loss is that which the temperature gives
            scaled = one.double() / temperature
            assert loss == pytest.approx(torchs_loss(scaled, targets, objective), abs=2e-5)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**31), st.floats(-3, 3), st.floats(0, 4), st.sampled_from(OBJECTIVES))
def test_the_scaled_loss_does_not_depend_on_the_scale(seed, power, strength, objective):
    logits, targets = noisy(seed, strength, reviews=20)
    before, after = (
        calibration.temperature_scaled_loss(values, targets, objective) for values in (logits, logits * 10**power)
    )
    assert after[1].item() == pytest.approx(before[1].item(), abs=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("power", [-25, 15])
def test_nor_where_logits_are_very_small_or_large(objective, power):
    logits, targets = noisy(3)
    expected = calibration.temperature_scaled_loss(logits, targets, objective)
    found = calibration.temperature_scaled_loss(logits * 10.0**power, targets, objective)
    assert found[1].item() == pytest.approx(expected[1].item(), abs=1e-5)
    assert found[0].item() == pytest.approx(expected[0].item() * 10.0**power, rel=0.01)


@pytest.mark.parametrize("shift", [10.0, 1e4])
def test_a_shift_of_a_reviews_logits_does_not_change_its_cross_entropy(shift):
    logits, targets = noisy(4, 2.0)
    logits = (logits * 64).round() / 64  # so that adding whole numbers is exact
    shifts = (shift * torch.randn(60, 1, generator=torch.Generator().manual_seed(1))).round()
    expected = calibration.temperature_scaled_loss(logits, targets, "cross_entropy")[1].item()
    assert calibration.temperature_scaled_loss(logits + shifts, targets, "cross_entropy")[1].item() == pytest.approx(
        expected, abs=1e-4
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_scaling_never_costs_where_one_review_is_far_out(objective):
    logits, targets = noisy(5, 2.0)
    logits[0, 0] = 1e6 * nn.functional.one_hot(targets[0], 4)
    loss = formulas.loss(logits, targets, objective).item()
    assert calibration.temperature_scaled_loss(logits, targets, objective)[1].item() <= loss + 1e-6


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_where_logits_are_useless_the_temperature_is_infinite(objective):
    targets = torch.tensor([0, 1, 2, 0, 1, 2])
    wrong = -nn.functional.one_hot(targets, 3).float()
    if objective == "bitwise":
        wrong = wrong * 2 + 1  # every sign is wrong
    useless = torch.stack([wrong, torch.zeros(6, 3)])
    temperatures, losses = calibration.temperature_scaled_loss(useless, targets, objective)
    assert temperatures.tolist() == [math.inf, math.inf]
    flat = math.log(3) if objective == "cross_entropy" else math.log(2)
    assert losses.tolist() == pytest.approx([flat, flat], abs=1e-6)


@pytest.mark.parametrize(
    ("objective", "times"), [("cross_entropy", 1e-3), ("cross_entropy", 1e3), ("bitwise", 1.0), ("bitwise", 1e3)]
)
def test_where_all_is_right_the_temperature_is_zero(objective, times):
    targets = torch.tensor([0, 1, 2, 0])
    right = times * (2.0 * nn.functional.one_hot(targets, 3) - 1)
    nearly = right.clone()
    nearly[0] = right[1]
    temperatures, losses = calibration.temperature_scaled_loss(torch.stack([right, nearly]), targets, objective)
    assert (temperatures[0], losses[0]) == (0, 0)
    assert temperatures[1] > 0
    assert losses[1] > 0.1


def test_equal_logits_are_not_right():
    """Of two best logits the first is predicted, but no scale takes the loss to 0: it tends to half of ln 2."""
    logits = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]])
    temperature, loss = calibration.temperature_scaled_loss(logits, torch.tensor([0, 1]), "cross_entropy")
    assert temperature.item() > 0
    assert loss.item() == pytest.approx(math.log(2) / 2, abs=1e-5)


def test_bitwise_constant_logits_are_fitted_to_the_share():
    """Saying c everywhere, the best is sigmoid(b·c) = 1 / classes."""
    targets = torch.tensor([0, 1, 2, 3])
    temperature, loss = calibration.temperature_scaled_loss(torch.full((1, 4, 4), -2.0), targets, "bitwise")
    assert loss.item() == pytest.approx(entropy([0.25, 0.75]), abs=1e-5)
    assert temperature.item() == pytest.approx(2 / math.log(3), rel=0.01)
