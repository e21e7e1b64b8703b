"""Metrics counted by hand, and formulas written out independently."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.svm import LinearSVC
from study_parts import model_of

from forgetting.metrics.baselines import compute_baselines
from forgetting.metrics.comparisons import measure_agreement, measure_divergence, measure_forgetting
from forgetting.metrics.formulas import bitwise_accuracy
from forgetting.metrics.intervals import median_band, wilson_interval
from forgetting.metrics.scores import NOT_FINITE, evaluate, score_logits, top_1_accuracy
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import SplitSettings, make_split

# Five reviews of classes 0, 0, 1, 2, 2 (and none of class 3); the largest logits predict 0, 1, 1, 0, 2.
TRUTH = torch.tensor([0, 0, 1, 2, 2])
LOGITS = torch.tensor(
    [
        [9.0, 1.0, 2.0, 0.0],
        [2.0, 9.0, 1.0, 0.0],
        [0.0, 9.0, 2.0, 1.0],
        [9.0, 3.0, 1.0, 2.0],
        [1.0, 2.0, 9.0, 0.0],
    ]
)
LOGIT = st.floats(-30, 30, width=32)


def test_scores_counted_by_hand():
    scores = score_logits(LOGITS, TRUTH, "cross_entropy")
    assert scores.reviews == 5
    assert scores.accuracy == 0.6
    assert scores.top_k_accuracy == 0.8  # of the fourth review the class is the worst
    np.testing.assert_array_equal(scores.confusion, [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(scores.recall, [0.5, 1.0, 0.5, np.nan])
    # precision 1/2, 1/2, 1; recall 1/2, 1, 1/2; F1 1/2, 2/3, 2/3; class 3 neither occurs nor is predicted
    assert scores.macro_f1 == pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3)
    assert scores.missing == {}


def test_losses_by_definition():
    one_hot = np.eye(4)[TRUTH]
    z = LOGITS.double().numpy()
    softmax = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    sigmoid = 1 / (1 + np.exp(-z))
    cross_entropy = -np.log(softmax[range(5), TRUTH]).mean()
    bitwise = -(one_hot * np.log(sigmoid) + (1 - one_hot) * np.log(1 - sigmoid)).mean()
    assert score_logits(LOGITS, TRUTH, "cross_entropy").loss == pytest.approx(cross_entropy, rel=1e-5)
    assert score_logits(LOGITS, TRUTH, "bitwise").loss == pytest.approx(bitwise, rel=1e-4)


def test_top_k_is_left_out_where_it_says_nothing():
    scores = score_logits(LOGITS[:, :3], TRUTH, "cross_entropy")
    assert scores.top_k_accuracy is None
    assert "3 classes" in scores.missing["top_k_accuracy"]


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(2, 7), st.integers(1, 12), st.sampled_from(["bitwise", "cross_entropy"]))
def test_bitwise_accuracy_by_a_naive_loop(data, classes, reviews, objective):
    values = data.draw(arrays(np.float32, (reviews, classes), elements=st.integers(-3, 3).map(lambda n: n + 0.25)))
    targets = data.draw(arrays(np.int64, reviews, elements=st.integers(0, classes - 1)))
    matches = 0
    for row, target in zip(values.tolist(), targets, strict=True):
        total = sum(map(math.exp, row))
        for number, value in enumerate(row):
            probability = 1 / (1 + math.exp(-value)) if objective == "bitwise" else math.exp(value) / total
            if abs(probability - 0.5) < 1e-6:
                return  # a tie is decided by rounding
            matches += (probability > 0.5) == (number == target)
    found = score_logits(torch.from_numpy(values), torch.from_numpy(targets), objective).bitwise_accuracy
    assert found == pytest.approx(matches / (reviews * classes))


def test_always_no_scores_one_minus_one_over_classes():
    assert bitwise_accuracy(torch.zeros(5, 4), TRUTH) == 0.75


@settings(deadline=None, max_examples=40)
@given(arrays(np.float32, (8, 6), elements=LOGIT, unique=True), arrays(np.int64, 8, elements=st.integers(0, 5)))
def test_top_three_by_counting_better_logits(values, targets):
    better = (values > values[np.arange(8), targets][:, None]).sum(axis=1)
    scores = score_logits(torch.from_numpy(values), torch.from_numpy(targets), "cross_entropy")
    assert scores.top_k_accuracy == pytest.approx((better < 3).mean())
    assert scores.accuracy == pytest.approx((better == 0).mean())


def test_a_band_by_hand():
    band = median_band([3.0, 1.0, 2.0])
    assert (band.median, band.low, band.high) == (2, pytest.approx(1.1), pytest.approx(2.9))
    assert all(map(math.isnan, vars(median_band([])).values()))


def test_the_interval_is_that_of_the_accuracy():
    assert score_logits(LOGITS, TRUTH, "cross_entropy").interval == wilson_interval(3, 5)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_without_finite_logits_every_metric_is_missing(value):
    logits = LOGITS.clone()
    logits[2, 1] = value
    scores = score_logits(logits, TRUTH, "cross_entropy")
    metrics = set(vars(scores)) - {"reviews", "missing"}
    assert all(getattr(scores, name) is None for name in metrics)
    assert scores.missing == dict.fromkeys(metrics, NOT_FINITE)
    for measure in (measure_agreement, measure_divergence):
        for pair in ((logits, LOGITS), (LOGITS, logits)):
            assert (measure(*pair).value, measure(*pair).missing) == (None, NOT_FINITE)


@pytest.mark.parametrize("objective", ["bitwise", "cross_entropy"])
def test_a_loss_too_large_to_compute_is_missing(objective):
    scores = score_logits(torch.tensor([[3e38, -3e38], [-3e38, 3e38]]), torch.tensor([1, 0]), objective)
    assert scores.loss is None
    assert scores.missing["loss"]
    assert scores.accuracy == 0


def test_evaluate_is_without_dropout(small_split):
    model = TextClassifier(len(small_split.words), 3, dropout=0.9).train()
    with torch.no_grad():
        expected = model(torch.from_numpy(small_split.validation.inputs.to_scipy().toarray())).argmax(dim=1)
    scores = evaluate(model, small_split.validation, "cross_entropy")
    assert scores.accuracy == (expected == small_split.validation.targets).double().mean().item()
    assert scores.reviews == 14
    assert top_1_accuracy(model, small_split.validation) == scores.accuracy
    with torch.no_grad():
        model.fc2.bias.fill_(torch.inf)
    assert math.isnan(top_1_accuracy(model, small_split.validation))


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


PREDICTIONS = arrays(np.float32, (4, 3), elements=LOGIT)


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
        (0.25, 0.1, r"before \(0.250\) is not above chance \(0.250\)"),
        (0.1, 0.9, "not above"),
        (None, 0.5, NOT_FINITE),
        (0.5, None, NOT_FINITE),
    ],
)
def test_forgetting_ratio_may_be_undefined(before, after, reason):
    ratio = measure_forgetting(before, after, 0.25)
    assert ratio.value is None
    assert re.search(reason, ratio.missing)


@pytest.mark.parametrize(
    ("objective", "loss"),
    [("cross_entropy", math.log(3)), ("bitwise", -(math.log(1 / 3) + 2 * math.log(2 / 3)) / 3)],
)
def test_baselines_by_hand(small_reviews, objective, loss):
    split = make_split(small_reviews, SplitSettings(validation_share=0.5))  # each part: 6 port, 12 red, 9 white
    base = compute_baselines(split, objective)
    assert base.chance == 1 / 3
    assert base.chance_loss == pytest.approx(loss)
    assert base.majority == {"training": pytest.approx(12 / 27), "validation": pytest.approx(12 / 27)}
    f1 = 2 * 12 / (12 + 27) / 3  # of "red": 2·hits / (predicted + true); of the two others 0
    assert base.majority_macro_f1 == {"training": pytest.approx(f1), "validation": pytest.approx(f1)}
    assert base.all_no == pytest.approx(2 / 3)
    assert base.missing == {}


def test_chance_loss_is_that_of_equal_probabilities(small_split):
    split, chance = replace(small_split, classes=("port", "red", "white", "sherry")), torch.full((5, 4), 1 / 4)
    for objective, logits in (("cross_entropy", chance.log()), ("bitwise", torch.logit(chance))):
        expected = score_logits(logits, TRUTH, objective).loss
        assert compute_baselines(split, objective, svc_limit=0).chance_loss == pytest.approx(expected)


def test_the_majority_is_that_of_the_training_part(small_split):
    swapped = replace(small_split, validation=replace(small_split.validation, targets=torch.zeros(14, dtype=int)))
    assert compute_baselines(swapped, "bitwise").majority["validation"] == 0  # all validation reviews are port


def test_linear_svc_is_scikit_learns(small_split):
    X, y = (small_split.training.inputs.to_scipy(), small_split.training.targets.numpy())
    held = small_split.validation
    fitted = LinearSVC(random_state=0, tol=1e-6, max_iter=100_000).fit(X, y)
    found = compute_baselines(small_split, "cross_entropy").linear_svc
    assert found["training"] == pytest.approx(fitted.score(X, y))
    assert found["validation"] == pytest.approx(fitted.score(held.inputs.to_scipy(), held.targets.numpy()))


@pytest.mark.parametrize(("limit", "computed"), [(0, False), (119, False), (120, True)])
def test_linear_svc_is_left_out_above_the_limit(small_split, limit, computed):
    base = compute_baselines(small_split, "cross_entropy", svc_limit=limit)  # 40 training reviews × 3 classes
    assert (base.linear_svc is not None) is computed
    if not computed:
        assert f"120 training reviews × classes exceed the limit of {limit}" in base.missing["linear_svc"]


def test_linear_svc_is_missing_where_training_has_one_class(small_split):
    one = replace(small_split, training=replace(small_split.training, targets=torch.ones(40, dtype=int)))
    base = compute_baselines(one, "cross_entropy")
    assert base.linear_svc is None
    assert base.missing["linear_svc"]
    assert base.majority["training"] == 1


def test_accuracy_is_that_of_the_scores_and_none_where_outputs_are_not_finite(small_split):
    model = model_of(small_split)
    for part in small_split.parts.values():
        assert top_1_accuracy(model, part) == evaluate(model, part, "cross_entropy").accuracy
    with torch.no_grad():
        model.fc2.bias[0] = torch.inf
    assert math.isnan(top_1_accuracy(model, small_split.validation))
