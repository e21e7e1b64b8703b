"""Metrics counted by hand, and formulas written out independently."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_parts import LOGITS, OBJECTIVES, TRUTH, USUAL, models, tensors, torchs_loss
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score
from study_parts import model_of

from forgetting.metrics.comparisons import measure_agreement, measure_divergence
from forgetting.metrics.formulas import bitwise_accuracy
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.scores import NOT_FINITE, evaluate, score_logits, top_1_accuracy
from forgetting.model.classifier import TextClassifier


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
@given(arrays(np.float32, (8, 6), elements=USUAL, unique=True), arrays(np.int64, 8, elements=st.integers(0, 5)))
def test_top_three_by_counting_better_logits(values, targets):
    better = (values > values[np.arange(8), targets][:, None]).sum(axis=1)
    scores = score_logits(torch.from_numpy(values), torch.from_numpy(targets), "cross_entropy")
    assert scores.top_k_accuracy == pytest.approx((better < 3).mean())
    assert scores.accuracy == pytest.approx((better == 0).mean())


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


def test_accuracy_is_that_of_the_scores_and_none_where_outputs_are_not_finite(small_split):
    model = model_of(small_split)
    for part in small_split.parts.values():
        assert top_1_accuracy(model, part) == evaluate(model, part, "cross_entropy").accuracy
    with torch.no_grad():
        model.fc2.bias[0] = torch.inf
    assert math.isnan(top_1_accuracy(model, small_split.validation))


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
