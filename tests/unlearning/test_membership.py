"""Attacks against plain double loops, other libraries, simulations and numbers worked out by hand."""

import math
import warnings
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, roc_auc_score

from forgetting.core.errors import RecipeError
from forgetting.metrics.intervals import share_interval
from forgetting.metrics.scores import NOT_FINITE
from forgetting.unlearning.membership import (
    FEWEST_REVIEWS,
    Attack,
    logistic_attack,
    loss_threshold_attack,
    threshold_attack,
    tpr_at_fpr_attack,
)

ATTACKS = [loss_threshold_attack, logistic_attack, tpr_at_fpr_attack]
FEW_VALUES = st.integers(0, 6).map(float)  # so that many losses are equal


def losses(fewest=FEWEST_REVIEWS, most=40):
    return st.integers(fewest, most).flatmap(lambda count: arrays(float, count, elements=FEW_VALUES))


def draws(seed, *shape, shift=0.0):
    return np.random.default_rng(seed).normal(shift, size=shape)


# The threshold on the loss.


@settings(deadline=None)
@given(losses(), losses())
def test_the_area_by_a_double_loop_and_by_scikit_learn(members, non_members):
    wins = sum((own < other) + (own == other) / 2 for own in members for other in non_members)
    truth = np.repeat([1, 0], [len(members), len(non_members)])
    found = loss_threshold_attack(members, non_members)
    assert found.value == pytest.approx(wins / (len(members) * len(non_members)), abs=1e-12)
    assert found.value == pytest.approx(roc_auc_score(truth, -np.concatenate([members, non_members])), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.missing == ""


@settings(deadline=None)
@given(losses(), losses())
def test_swapping_the_sides_mirrors_the_area_and_its_interval(members, non_members):
    one, other = loss_threshold_attack(members, non_members), loss_threshold_attack(non_members, members)
    mirrored = (1 - other.value, 1 - other.high, 1 - other.low)
    assert (one.value, one.low, one.high) == pytest.approx(mirrored, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(losses(), losses(), st.integers(-1, 7).map(float), st.integers(1, 3))
def test_the_confusion_at_a_threshold_by_scikit_learn(members, non_members, threshold, models):
    """Of several models that answer alike, too: then their means are those of one."""
    values = np.concatenate([members, non_members])
    truth, called = np.repeat([1, 0], [len(members), len(non_members)]), [int(value <= threshold) for value in values]
    found = threshold_attack(*(np.tile(side, (models, 1)) for side in (members, non_members)), threshold)
    (right, wrong), (missed, caught) = confusion_matrix(truth, called, labels=[0, 1])
    assert (found.members, found.non_members) == (missed + caught, right + wrong)
    assert (found.tpr * found.members, found.fpr * found.non_members) == pytest.approx((caught, wrong))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, called))
    assert found.accuracy == pytest.approx(accuracy_score(truth, called))
    assert found.larger_side == max(np.bincount(truth)) / len(truth)
    for share in ("tpr", "fpr", "balanced"):
        value = getattr(found, share if share != "balanced" else "balanced_accuracy")
        low, high = getattr(found, f"{share}_interval")
        assert 0 <= low <= value + 1e-9
        assert value - 1e-9 <= high <= 1


def test_a_model_with_a_loss_that_is_not_finite_is_not_attacked_at_a_threshold():
    members, non_members = np.array([[0.1, 0.3], [np.nan, 0.1], [0.1, 0.2]]), np.array([[0.2, 0.4], [0.1, 0.1], [9, 9]])
    both = threshold_attack(members[[0, 2]], non_members[[0, 2]], 0.2)
    assert threshold_attack(members, non_members, 0.2) == both
    assert threshold_attack(members[1:2], non_members[1:2], 0.2) is None
    assert threshold_attack(members[:1], np.full((1, 2), np.inf), 0.2) is None


def test_over_all_thresholds_the_rates_make_the_area():
    members, non_members = draws(1, 1, 30), draws(2, 1, 25, shift=0.7)
    steps = [threshold_attack(members, non_members, at) for at in sorted({-9, *members.flat, *non_members.flat})]
    area = np.trapezoid([step.tpr for step in steps], [step.fpr for step in steps])
    assert area == pytest.approx(loss_threshold_attack(members[0], non_members[0]).value)


def test_lower_losses_are_members():
    low, high = np.arange(10.0), np.arange(10.0) + 10
    assert loss_threshold_attack(low, high).value == 1
    assert loss_threshold_attack(high, low).value == 0
    assert loss_threshold_attack(low, low).value == 0.5


@pytest.mark.parametrize(("shift", "members", "non_members"), [(0.0, 20, 80), (2.0, 15, 15)])
def test_the_interval_covers_the_area_that_normal_losses_have(shift, members, non_members):
    """Of N(0, 1) and N(shift, 1) the area is Φ(shift / √2)."""
    area, generator = NormalDist().cdf(shift / math.sqrt(2)), np.random.default_rng(7)
    found = [
        loss_threshold_attack(generator.normal(size=members), generator.normal(shift, size=non_members))
        for _ in range(600)
    ]
    covered = np.mean([attack.low <= area <= attack.high for attack in found])
    assert 0.92 <= covered <= 0.985
    assert np.mean([attack.value for attack in found]) == pytest.approx(area, abs=0.015)


# The logistic regression.


def test_logistic_of_equal_distributions_guesses():
    assert logistic_attack(draws(0, 2000), draws(1, 3000)).value == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("shift", "members"), [(1.0, 4000), (-2.0, 400)])
def test_logistic_reaches_the_best_balanced_accuracy(shift, members):
    """Of N(0, 1) and N(d, 1) it is Φ(|d| / 2), however many there are of each, and whichever has the lower losses."""
    found = logistic_attack(draws(0, members), draws(1, 4000, shift=shift))
    assert found.value == pytest.approx(NormalDist().cdf(abs(shift) / 2), abs=0.02)
    assert found == Attack(found.value)


@pytest.mark.parametrize(("factor", "offset"), [(1e-6, 0), (-1, 50)])
def test_logistic_does_not_depend_on_the_unit_of_the_losses(factor, offset):
    members, non_members = draws(0, 60), draws(1, 90, shift=1)
    moved = logistic_attack(factor * members + offset, factor * non_members + offset)
    assert moved.value == pytest.approx(logistic_attack(members, non_members).value, abs=1e-9)


@pytest.mark.parametrize("attack", ATTACKS)
def test_constant_losses_neither_fail_nor_warn(attack):
    members, non_members = np.full(30, 0.7), np.full(120, 0.7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = attack(members, non_members).value
    assert found == (0 if attack is tpr_at_fpr_attack else 0.5)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.usefixtures("global_state_kept")
def test_attacks_repeat_and_leave_global_states_and_losses_alone(attack):
    members, non_members = draws(0, 40), draws(1, 130, shift=0.5)
    copies = members.copy(), non_members.copy()
    assert attack(members, non_members) == attack(members, non_members)
    np.testing.assert_array_equal(members, copies[0])
    np.testing.assert_array_equal(non_members, copies[1])


# The true positive rate.


@settings(deadline=None)
@given(losses(), losses(20, 60), st.sampled_from([0.05, 0.1, 0.29, 0.5]))
def test_true_positives_over_all_thresholds(members, non_members, rate):
    best = 0
    for threshold in [-1.0, *members, *non_members]:
        if (non_members <= threshold).sum() / len(non_members) <= rate:
            best = max(best, int((members <= threshold).sum()))
    found = tpr_at_fpr_attack(members, non_members, rate)
    assert found.value == best / len(members)
    assert found.low <= found.value <= found.high
    assert (found.low, found.high) == share_interval(members, non_members, rate)


def test_true_positives_by_hand():
    """One of 100 may be wrong: thresholds up to just below the second lowest loss of a non-member, 2."""
    members, non_members = np.array([0.5, 1.0, 1.5, 1.9, 2.0, *[50.0] * 5]), np.arange(1.0, 101)
    assert tpr_at_fpr_attack(members, non_members).value == 0.4
    assert tpr_at_fpr_attack(members, non_members, 0.02).value == 0.5
    assert tpr_at_fpr_attack(members, non_members, 0.015).value == 0.4


def test_29_of_100_is_29_percent():
    """0.29 · 100 is a little below 29 in floating point."""
    members = np.full(10, 29.5)
    assert tpr_at_fpr_attack(members, np.arange(1.0, 101), 0.29).value == 1
    assert tpr_at_fpr_attack(members, np.arange(1.0, 101), 0.28).value == 0


@pytest.mark.parametrize("rate", [0, 1, math.nan])
def test_a_rate_outside_its_bounds_is_refused(rate):
    with pytest.raises(RecipeError, match="between 0 and 1"):
        tpr_at_fpr_attack(draws(0, 20), draws(1, 200), rate)


# Missing attacks.


@pytest.mark.parametrize("attack", ATTACKS)
def test_too_few_reviews_are_a_reason(attack):
    for members, non_members in ((9, 200), (200, 9), (0, 0)):
        found = attack(draws(0, members), draws(1, non_members))
        assert (found.value, found.low, found.high) == (None, None, None)
        assert f"at least {FEWEST_REVIEWS} reviews" in found.missing
        assert f"{members} members and {non_members} non-members" in found.missing
    assert attack(draws(0, 1), draws(1, 1)).missing.endswith("there is 1 member and 1 non-member")


@pytest.mark.parametrize("attack", ATTACKS)
def test_just_enough_reviews_are_enough(attack):
    assert attack(draws(0, FEWEST_REVIEWS), draws(1, 100)).value is not None


@pytest.mark.parametrize("attack", ATTACKS)
def test_losses_that_are_not_finite_are_a_reason(attack):
    whole, missing = draws(0, 150), Attack(None, None, None, NOT_FINITE)
    for value in (np.nan, np.inf, -np.inf):
        broken = draws(1, 150)
        broken[3] = value
        assert attack(whole, broken) == attack(broken, whole) == missing


@pytest.mark.parametrize(("non_members", "rate", "needed"), [(99, 0.01, 100), (14, 0.07, 15), (49, 0.02, 50)])
def test_too_few_non_members_for_the_rate_are_a_reason(non_members, rate, needed):
    found = tpr_at_fpr_attack(draws(0, 30), draws(1, non_members), rate)
    assert found.value is found.low is found.high is None
    assert f"at least {needed} non-members" in found.missing
    assert f"there are {non_members}" in found.missing
    assert tpr_at_fpr_attack(draws(0, 30), draws(1, needed), rate).value is not None
