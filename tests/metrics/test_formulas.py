"""Metrics of many models at once, against scikit-learn, scipy, torch's losses and loops over single models."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import jensenshannon
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, entropy
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score
from torch import nn

from forgetting.metrics import calibration, formulas
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.scores import score_logits

OBJECTIVES = ("cross_entropy", "bitwise")


USUAL = st.floats(-30, 30, width=32)


@st.composite
def models(draw, elements=USUAL, most_models=3) -> tuple[np.ndarray, np.ndarray]:
    """Logits (models, reviews, classes) and targets (reviews,)."""
    shape = (draw(st.integers(1, most_models)), draw(st.integers(1, 9)), draw(st.integers(2, 5)))
    logits = draw(arrays(np.float32, shape, elements=elements))
    return logits, draw(arrays(np.int64, shape[1], elements=st.integers(0, shape[2] - 1)))


EQUALS = models(st.integers(-2, 2).map(float))  # many equal logits


def tensors(*values):
    return tuple(map(torch.from_numpy, values))


def noisy(seed, strength=1.0, reviews=60, classes=4, models=1):
    """Logits that know something of their targets, and are sometimes wrong."""
    source = torch.Generator().manual_seed(seed)
    targets = torch.randint(0, classes, (reviews,), generator=source)
    logits = torch.randn(models, reviews, classes, generator=source)
    return logits + strength * nn.functional.one_hot(targets, classes), targets


@settings(deadline=None, max_examples=60)
@given(EQUALS)
def test_accuracy_and_agreement_are_scikit_learns_accuracy(case):
    logits, targets = case
    predictions = logits.argmax(-1)
    found = formulas.accuracy(*tensors(predictions, targets))
    np.testing.assert_allclose(found, [accuracy_score(targets, row) for row in predictions])
    others = predictions[::-1].copy()
    expected = [accuracy_score(one, other) for one, other in zip(predictions, others, strict=True)]
    np.testing.assert_allclose(formulas.agreement(*tensors(predictions, others)), expected)


@settings(deadline=None, max_examples=80)
@given(EQUALS, st.integers(1, 5))
def test_top_k_by_a_stable_sort(case, k):
    """Of equal logits the first class is better, as a stable sort has it."""
    logits, targets = case
    order = np.argsort(-logits, axis=-1, kind="stable")[..., :k]
    expected = (order == targets[:, None]).any(-1).mean(-1)
    np.testing.assert_allclose(formulas.top_k_accuracy(*tensors(logits, targets), k), expected)


@settings(deadline=None, max_examples=80)
@given(EQUALS)
def test_the_best_of_one_is_the_accuracy(case):
    logits, targets = tensors(*case)
    np.testing.assert_allclose(
        formulas.top_k_accuracy(logits, targets, 1), formulas.accuracy(logits.argmax(-1), targets)
    )


@settings(deadline=None, max_examples=60)
@given(EQUALS)
def test_macro_f1_is_scikit_learns(case):
    logits, targets = case
    predictions = logits.argmax(-1)
    expected = [f1_score(targets, row, average="macro", zero_division=0) for row in predictions]
    np.testing.assert_allclose(formulas.macro_f1(*tensors(predictions, targets), logits.shape[-1]), expected)


@settings(deadline=None, max_examples=60)
@given(EQUALS)
def test_class_counts_by_a_loop(case):
    predictions, classes = case[0].argmax(-1), case[0].shape[-1]
    expected = [[row.tolist().count(number) for number in range(classes)] for row in predictions]
    found = formulas.class_counts(torch.from_numpy(predictions), classes)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(formulas.class_counts(torch.from_numpy(predictions[0]), classes), expected[0])


@settings(deadline=None, max_examples=60)
@given(models(st.sampled_from([0.0, 0.1, 0.4999, 0.5, 0.75, 1.0])))
def test_bitwise_accuracy_is_the_share_of_matching_elements(case):
    probabilities, targets = case
    one_hot = np.eye(probabilities.shape[-1])[targets]
    expected = [accuracy_score(one_hot.ravel() > 0, row.ravel() >= 0.5) for row in probabilities]
    np.testing.assert_allclose(formulas.bitwise_accuracy(*tensors(probabilities, targets)), expected)


@settings(deadline=None, max_examples=60)
@given(models())
def test_softmax_and_entropy_are_scipys(case):
    logits, _ = case
    probabilities = softmax(logits.astype(float), axis=-1)
    found = formulas.softmax(torch.from_numpy(logits))
    np.testing.assert_allclose(found, probabilities, atol=1e-6)
    np.testing.assert_allclose(formulas.entropy(found), entropy(probabilities, axis=-1).mean(-1), atol=1e-5)


@pytest.mark.parametrize("classes", [2, 3, 50])
def test_entropy_by_hand(classes):
    assert formulas.entropy(torch.full((1, 4, classes), 1 / classes)).item() == pytest.approx(math.log(classes))
    assert formulas.entropy(torch.eye(classes)).item() == 0


@settings(deadline=None, max_examples=60)
@given(models(), st.integers(0, 2**31))
def test_divergence_is_the_square_of_scipys_distance(case, seed):
    one = softmax(case[0].astype(float), axis=-1)
    other = np.random.default_rng(seed).dirichlet(np.ones(one.shape[-1]), size=one.shape[:2])
    distance = np.nan_to_num(jensenshannon(one, other, axis=-1, base=2))
    found = formulas.divergence(*tensors(one, other))
    np.testing.assert_allclose(found, (distance**2).mean(-1), atol=1e-9)
    singles = formulas.divergence(*(torch.from_numpy(values.astype(np.float32)) for values in (one, other)))
    np.testing.assert_allclose(singles, found, atol=1e-6)
    assert ((singles >= 0) & (singles <= 1)).all()


def torchs_loss(logits, targets, objective):
    """In double precision, of one model."""
    logits = logits.double()
    if objective == "cross_entropy":
        return nn.functional.cross_entropy(logits, targets).item()
    one_hot = nn.functional.one_hot(targets, logits.shape[-1]).double()
    return nn.functional.binary_cross_entropy_with_logits(logits, one_hot).item()


@settings(deadline=None, max_examples=100)
@given(models(st.one_of(USUAL, st.floats(-1e4, 1e4, width=32))), st.sampled_from(OBJECTIVES))
def test_loss_is_torchs(case, objective):
    # [[512., 512.]] came out as 0.693176 once, as the largest logit was added before the true one was taken away.
    logits, targets = tensors(*case)
    expected = [torchs_loss(one, targets, objective) for one in logits]
    np.testing.assert_allclose(formulas.loss(logits, targets, objective), expected, rtol=1e-5, atol=2e-6)


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


def metrics_of(z, t, objective):
    """Every metric of logits and targets of four classes, by name."""
    predictions, probabilities = z.argmax(-1), formulas.softmax(z)
    temperature, scaled_loss = calibration.temperature_scaled_loss(z, t, objective)
    return {
        "loss": formulas.loss(z, t, objective),
        "temperature": temperature,
        "temperature_scaled_loss": scaled_loss,
        "accuracy": formulas.accuracy(predictions, t),
        "top_k_accuracy": formulas.top_k_accuracy(z, t, 2),
        "macro_f1": formulas.macro_f1(predictions, t, 4),
        "bitwise_accuracy": formulas.bitwise_accuracy(probabilities, t),
        "entropy": formulas.entropy(probabilities),
        "divergence": formulas.divergence(probabilities, formulas.softmax(z * 2 - t[:, None])),
        "class_counts": formulas.class_counts(predictions, 4),
    }


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_stack_gives_what_each_model_alone_gives(objective):
    logits, targets = noisy(7, models=6)
    stacked = metrics_of(logits, targets, objective)
    grid = metrics_of(logits.unflatten(0, (2, 3)), targets, objective)
    for place, one in enumerate(logits):
        for name, value in metrics_of(one, targets, objective).items():
            np.testing.assert_allclose(stacked[name][place], value, rtol=1e-6, atol=1e-7, err_msg=name)
            np.testing.assert_allclose(grid[name][place // 3, place % 3], value, rtol=1e-6, atol=1e-7, err_msg=name)
            assert value.shape == ((4,) if name == "class_counts" else ())


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_memory_layout_does_not_matter(objective):
    logits, targets = noisy(8, models=5)
    strided = logits.transpose(-2, -1).contiguous().transpose(-2, -1)
    assert not strided.is_contiguous()
    expected = metrics_of(logits, targets, objective)
    for name, values in metrics_of(strided, targets, objective).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_inputs_are_left_as_they_are(objective):
    logits, targets = noisy(9, models=2)
    before = logits.clone(), targets.clone()
    metrics_of(logits, targets, objective)
    assert torch.equal(logits, before[0])
    assert torch.equal(targets, before[1])


# Scores of one model.


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 5_000), st.floats(0, 1), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_wilson_is_scipys_interval(trials, share, level):
    hits = round(share * trials)
    interval = binomtest(hits, trials).proportion_ci(level, method="wilson")
    low, high = wilson_interval(hits, trials, level)
    assert (low, high) == pytest.approx(tuple(interval), abs=1e-9)
    assert 0 <= low <= hits / trials <= high <= 1


@settings(deadline=None, max_examples=80)
@given(models(st.integers(-2, 2).map(float), most_models=1), st.sampled_from(OBJECTIVES))
def test_scores_are_scikit_learns(case, objective):
    (logits,), targets = case
    classes, predictions = range(logits.shape[-1]), logits.argmax(-1)
    found = score_logits(*tensors(logits, targets), objective)
    np.testing.assert_array_equal(found.confusion, confusion_matrix(targets, predictions, labels=classes))
    occurring = np.isin(classes, targets)
    recall = recall_score(targets, predictions, labels=classes, average=None, zero_division=0)
    np.testing.assert_allclose(found.recall, np.where(occurring, recall, np.nan))
    assert found.accuracy == pytest.approx(accuracy_score(targets, predictions))
    assert found.macro_f1 == pytest.approx(f1_score(targets, predictions, average="macro", zero_division=0))
    assert found.loss == pytest.approx(torchs_loss(*tensors(logits, targets), objective), abs=1e-5)
