"""Baselines by hand and by scikit-learn."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_parts import TRUTH
from sklearn.svm import LinearSVC

from forgetting.metrics.baselines import (
    beats_trivial,
    compare_with_majority,
    compute_baselines,
    measure_forgettings,
)
from forgetting.metrics.paired import compare_hits
from forgetting.metrics.scores import NOT_FINITE, Scores, score_logits
from forgetting.model.settings import SplitSettings
from forgetting.model.split import make_split


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
    assert base.majority_class == 1
    assert base.majority_balanced_accuracy == {"training": pytest.approx(1 / 3), "validation": pytest.approx(1 / 3)}
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


def scores_of(predictions: list[int], targets: list[int], classes: int) -> Scores:
    return score_logits(torch.eye(classes)[predictions], torch.tensor(targets), "cross_entropy")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=1, max_size=40), st.integers(0, 3))
def test_a_model_is_compared_with_the_largest_class_review_by_review(pairs, most):
    predictions, targets = map(np.array, zip(*pairs, strict=True))
    found = compare_with_majority(scores_of(predictions, targets, 4).confusion, most)
    assert found == compare_hits(targets == most, predictions == targets)


@pytest.mark.parametrize(
    ("targets", "predictions", "classes", "beaten"),
    [
        ([0] * 4 + [1] * 4, [0] * 4 + [1] * 4, 2, False),  # 8 of 8, but only 4 more than the largest class
        ([0] * 6 + [1] * 6, [0] * 6 + [1] * 6, 2, True),
        ([0] * 34 + [1] * 3 + [2] * 3, [0] * 40, 3, False),  # 85 % by naming the largest class
        ([0] * 34 + [1] * 6, [0] * 40, 2, False),
        ([1] * 60, [1] * 12 + [0] * 48, 5, False),  # 20 % where the largest class has none, and a guess has 20 %
        ([1] * 60, [1] * 25 + [0] * 35, 5, True),
    ],
)
def test_a_model_has_something_to_forget_where_it_beats_both_trivial_models(targets, predictions, classes, beaten):
    scores = scores_of(predictions, targets, classes)
    assert beats_trivial(scores, 0) == beaten
    gone = scores_of([0] * len(targets), targets, classes)
    _, above = measure_forgettings(scores, gone, 0)
    if beaten:
        assert above.value == pytest.approx(1)
    elif scores.accuracy > gone.accuracy and not compare_with_majority(scores.confusion, 0).decided:
        assert above.missing == f"{len(targets)} reviews do not show that the original is better than the largest class"


def test_outputs_that_are_not_finite_beat_nothing():
    missing = score_logits(torch.full((3, 2), math.nan), torch.tensor([0, 1, 1]), "cross_entropy")
    assert not beats_trivial(missing, 0)
    assert [ratio.missing for ratio in measure_forgettings(missing, missing, 0)] == [NOT_FINITE] * 2
    assert set(missing.missing) == {field.name for field in fields(Scores)} - {"reviews", "missing"}


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
