"""Attacks and ε against plain double loops, other libraries, simulations and numbers worked out by hand."""

import math
import warnings
from decimal import Decimal, localcontext
from itertools import combinations, pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.polynomial import Polynomial
from sklearn.metrics import roc_auc_score

from forgetting.core.errors import RecipeError
from forgetting.metrics.intervals import auc_interval, wilson_interval
from forgetting.metrics.scores import NOT_FINITE
from forgetting.unlearning.indistinguishability import (
    BINS,
    FEWEST_MODELS,
    epsilon_limit,
    epsilons,
    indistinguishability,
    logit_confidence,
    score_by_luck,
)
from forgetting.unlearning.membership import (
    FEWEST_REVIEWS,
    Attack,
    logistic_attack,
    loss_threshold_attack,
    tpr_at_fpr_attack,
)

Z = 1.959963984540054
DELTA = 1e-5
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


def test_lower_losses_are_members():
    low, high = np.arange(10.0), np.arange(10.0) + 10
    assert loss_threshold_attack(low, high).value == 1
    assert loss_threshold_attack(high, low).value == 0
    assert loss_threshold_attack(low, low).value == 0.5


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(10, 400), st.integers(10, 400))
def test_the_ends_are_the_roots_of_newcombes_quartic(area, members, non_members):
    """(θ − A)²·mn·(2 − θ)(1 + θ) = z²·θ(1 − θ)·[(2 − θ)(1 + θ) + N*(1 − θ)(1 + θ) + N*·θ(2 − θ)]."""
    theta, both = Polynomial([0, 1]), (members + non_members) / 2 - 1
    bracket = (2 - theta) * (1 + theta) + both * (1 - theta) * (1 + theta) + both * theta * (2 - theta)
    left = (theta - area) ** 2 * members * non_members * (2 - theta) * (1 + theta)
    roots = (left - Z**2 * theta * (1 - theta) * bracket).roots()
    inside = sorted(root.real for root in roots if abs(root.imag) < 1e-6 and -1e-9 < root.real < 1 + 1e-9)
    low, high = auc_interval(area, members, non_members)
    assert min(abs(low - root) for root in inside) < 1e-6
    assert min(abs(high - root) for root in inside) < 1e-6
    assert low - 1e-12 <= area <= high + 1e-12
    assert high - low > 1 / (members + non_members)


@pytest.mark.parametrize(("members", "non_members"), [(10, 10), (20, 500), (3000, 4000)])
def test_the_interval_is_not_a_point_where_all_are_told_apart(members, non_members):
    low, high = auc_interval(1.0, members, non_members)
    spread = 1 + ((members + non_members) / 2 - 1) * ((1 - low) / (2 - low) + low / (1 + low))
    assert high == 1
    assert low < 1 - 1e-5
    assert 1 - low == pytest.approx(Z * math.sqrt(low * (1 - low) * spread / (members * non_members)), rel=1e-6)
    assert auc_interval(0.0, members, non_members) == pytest.approx((0, 1 - low))


def test_the_interval_narrows_with_the_level_and_with_more_reviews():
    assert auc_interval(0.7, 50, 50, 0.8)[0] > auc_interval(0.7, 50, 50)[0]
    assert auc_interval(0.7, 500, 500)[0] > auc_interval(0.7, 50, 50)[0]


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
    assert (found.low, found.high) == wilson_interval(best, len(members))


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


# Confidence.


@settings(deadline=None)
@given(st.floats(1e-12, 60))
def test_confidence_in_sixty_digits(loss):
    with localcontext() as context:
        context.prec = 60
        p = (-Decimal(loss)).exp()
        exact = float((p / (1 - p)).ln())
    assert logit_confidence(np.array([loss]))[0] == pytest.approx(exact, rel=1e-12, abs=1e-14)


def test_confidence_at_the_ends():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = logit_confidence(np.array([1e-300, 5000.0, 0.0, -0.0, np.inf, math.log(2)]))
    np.testing.assert_allclose(found, [300 * math.log(10), -5000, np.inf, np.inf, -np.inf, 0], atol=1e-15)


def test_confidence_of_what_is_no_loss_is_nan():
    assert np.isnan(logit_confidence(np.array([np.nan, -1.0]))).all()


def test_confidence_is_computed_in_float64_and_keeps_its_shape():
    found = logit_confidence(np.full((2, 3), 1e-8, dtype=np.float32))
    assert found.dtype == np.float64
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found, -math.log(1e-8), rtol=1e-6)


# ε.


def epsilon_by_loops(unlearned, retrained, delta=DELTA):
    """All single thresholds, in both directions, then all pairs of thresholds, with plain counts."""
    values = sorted({*unlearned, *retrained})
    cuts = [values[0] - 1, *((a + b) / 2 for a, b in pairwise(values)), values[-1] + 1]
    attacks = [lambda x, t=t: x > t for t in cuts] + [lambda x, t=t: x < t for t in cuts]
    attacks += [lambda x, a=a, b=b: a < x < b for a, b in combinations(cuts, 2)]
    best = 0.0
    for positive, negative in ((unlearned, retrained), (retrained, unlearned)):
        for attack in attacks:
            false_positives = sum(map(attack, negative)) / len(negative)
            false_negatives = sum(not attack(x) for x in positive) / len(positive)
            if false_positives == false_negatives == 0:
                return math.inf
            if 0 in (false_positives, false_negatives):
                continue
            for one, other in ((false_positives, false_negatives), (false_negatives, false_positives)):
                if 1 - delta - one > 0:
                    best = max(best, math.log(1 - delta - one) - math.log(other))
    return best


@settings(deadline=None, max_examples=150)
@given(st.data(), st.integers(1, 8), st.integers(1, 8), st.sampled_from([DELTA, 0.0, 0.1]), st.booleans())
def test_epsilons_by_plain_loops(data, unlearned, retrained, delta, ties):
    values = st.integers(-3, 3) if ties else st.floats(-5, 5, width=16)
    sides = [data.draw(arrays(float, (models, 3), elements=values)) for models in (unlearned, retrained)]
    expected = [
        epsilon_by_loops(own.tolist(), other.tolist(), delta)
        for own, other in zip(*(side.T for side in sides), strict=True)
    ]
    found = epsilons(*sides, delta)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(epsilons(sides[1], sides[0], delta), expected, rtol=1e-12, atol=1e-12)
    finite = found[np.isfinite(found)]
    assert (finite >= 0).all()
    assert (finite <= epsilon_limit(unlearned, retrained, delta) + 1e-12).all()


def test_epsilons_of_larger_samples_by_plain_loops():
    sides = draws(0, 25, 2), draws(1, 30, 2, shift=1)
    expected = [epsilon_by_loops(sides[0][:, review], sides[1][:, review]) for review in range(2)]
    np.testing.assert_allclose(epsilons(*sides), expected, rtol=1e-12)


def test_epsilon_by_hand():
    """Unlearned 3 4 5 7, retrained 1 2 6 8.

    Of the intervals, 3 to 6 finds three of four unlearned and one of four retrained: FPR 1/4, FNR 1/4, ε = ln 3. No
    attack has both rates above 0 and one pair of better ones, as 1/4 is the least that either can be.
    """
    unlearned, retrained = np.array([[3.0], [4], [5], [7]]), np.array([[1.0], [2], [6], [8]])
    assert epsilons(unlearned, retrained, 0.0)[0] == pytest.approx(math.log(3))
    assert epsilons(unlearned, retrained)[0] == pytest.approx(math.log((0.75 - 1e-5) / 0.25))


def test_one_sided_errors_are_left_out():
    """Thresholds above 0: no retrained model is beyond them, but one unlearned is not either, or the reverse."""
    unlearned, retrained = np.array([[0.0], [1], [1], [1], [1]]), np.zeros((5, 1))
    assert epsilons(unlearned, retrained)[0] == 0


def test_separated_models_are_told_apart_always():
    """By a threshold, either way, or by an interval around one kind, either way; infinite φ have their order too."""
    unlearned = np.array([[1, 9, 4, 1, np.inf], [2, 8, 5, 9, 3]]).astype(float)
    retrained = np.array([[5, 5, 1, 4, -np.inf], [6, 6, 9, 5, 2]]).astype(float)
    np.testing.assert_array_equal(epsilons(unlearned, retrained), np.inf)


def test_equal_outputs_tell_nothing():
    same = np.tile(draws(0, 1, 4), (6, 1))
    np.testing.assert_array_equal(epsilons(same, same), 0)


@pytest.mark.parametrize("models", [5, 10, 20])
def test_alternating_models_show_little(models):
    """One of each kind side by side: an interval has at most one more of one kind than of the other."""
    ranks = np.arange(2.0 * models)[:, None]
    found = epsilons(ranks[::2], ranks[1::2])[0]
    assert found == pytest.approx(math.log((2 / models - DELTA) / (1 / models)))


def test_epsilons_depend_on_order_alone():
    sides = draws(0, 8, 20), draws(1, 8, 20, shift=1)
    np.testing.assert_array_equal(epsilons(*sides), epsilons(*(np.exp(side) for side in sides)))


def test_a_review_without_a_number_is_nan_and_spoils_no_other():
    unlearned, retrained = draws(0, 6, 3), draws(1, 6, 3)
    whole = epsilons(unlearned, retrained)
    retrained[2, 1] = np.nan
    np.testing.assert_array_equal(epsilons(unlearned, retrained), [whole[0], np.nan, whole[2]])


@pytest.mark.parametrize(("unlearned", "retrained"), [(2, 2), (3, 3), (5, 5), (3, 5)])
def test_how_often_luck_alone_separates(unlearned, retrained):
    """Every order of models of one kind is as likely: (N + M)·N!·M! / (N + M)! of them have one kind side by side."""
    total = unlearned + retrained
    orders = np.array([np.isin(range(total), chosen) for chosen in combinations(range(total), unlearned)]).T
    ranks = np.broadcast_to(np.arange(float(total))[:, None], orders.shape)
    sides = [ranks.T[kind.T].reshape(-1, count).T for kind, count in ((orders, unlearned), (~orders, retrained))]
    share = np.isinf(epsilons(*sides)).mean()
    formula = total * math.factorial(unlearned) * math.factorial(retrained) / math.factorial(total)
    assert share == pytest.approx(formula)
    if min(unlearned, retrained) >= FEWEST_MODELS:
        assert share < 0.05


@pytest.mark.parametrize(("unlearned", "retrained"), [(5, 5), (8, 8), (5, 9), (9, 5)])
def test_the_limit_is_reached(unlearned, retrained):
    """One model of each kind among the others: both rates are as small as they can be."""
    own, other = np.full(unlearned, 1.0), np.full(retrained, 0.0)
    own[0], other[0] = 0, 1
    found = epsilons(own[:, None], other[:, None])[0]
    assert found == pytest.approx(epsilon_limit(unlearned, retrained))
    if unlearned == retrained:
        assert found == pytest.approx(math.log(unlearned - 1), abs=1e-4)


def test_two_models_have_no_room_for_a_finite_epsilon():
    assert epsilon_limit(2, 2) == epsilon_limit(1, 1) == 0


# The score.


def test_the_score_by_hand():
    """Reviews: all equal, ε = 0, H = 1; separated, ε = ∞, H = 2⁻¹²; one of five astray, ε = ln 4 = 1.39, H = 1/4."""
    unlearned = np.array([[0.0] * 5, [1.0] * 5, [0.0, 1, 1, 1, 1]]).T
    retrained = np.array([[0.0] * 5, [0.0] * 5, [1.0, 0, 0, 0, 0]]).T
    found = indistinguishability(unlearned, retrained)
    np.testing.assert_allclose(found.epsilons, [0, np.inf, math.log((0.8 - 1e-5) / 0.2)])
    assert found.score == pytest.approx((1 + 2**-12 + 1 / 4) / 3)
    assert (found.models, found.missing) == ((5, 5), "")
    assert found.limit == pytest.approx(found.epsilons[2])


@pytest.mark.parametrize("models", [5, 30])
def test_the_score_by_bins_written_out(models):
    unlearned, retrained = draws(0, models, 40), draws(1, models, 40) + np.linspace(0, 3, 40)
    found = indistinguishability(unlearned, retrained)
    scores = []
    for epsilon in found.epsilons:
        number = next((n for n in range(1, BINS) if epsilon < n * 0.5), BINS)
        scores.append(2 / 2**number)
    assert found.score == pytest.approx(np.mean(scores))
    assert 0 < found.score <= 1


def test_separated_reviews_score_least():
    found = indistinguishability(draws(0, 6, 7) + 1000, draws(1, 6, 7))
    assert found.score == 2 / 2**BINS


def test_models_of_one_kind_score_as_by_luck():
    """Drawn from a normal, where it was computed of uniform numbers; the worse the more they differ."""
    found = indistinguishability(draws(0, 7, 3000), draws(1, 9, 3000))
    assert found.by_luck == score_by_luck(7, 9)
    assert found.score == pytest.approx(found.by_luck, abs=0.015)
    assert indistinguishability(draws(0, 7, 3000), draws(1, 9, 3000, shift=2)).score < found.by_luck - 0.05


def test_luck_by_all_orders_of_five_and_five():
    chosen = [set(order) for order in combinations(range(10), 5)]
    scores = []
    for own in chosen:
        epsilon = epsilon_by_loops(sorted(own), sorted(set(range(10)) - own))
        scores.append(2 / 2 ** min(int(min(epsilon, 99) // 0.5) + 1, 13))
    assert score_by_luck(5, 5) == pytest.approx(np.mean(scores), abs=0.01)


@pytest.mark.usefixtures("global_state_kept")
def test_the_score_leaves_global_states_alone():
    score_by_luck.cache_clear()
    indistinguishability(draws(0, 5, 3), draws(1, 5, 3))


@pytest.mark.parametrize(("unlearned", "retrained"), [(4, 30), (30, 4), (1, 1)])
def test_too_few_models_are_a_reason(unlearned, retrained):
    found = indistinguishability(draws(0, unlearned, 3), draws(1, retrained, 3))
    assert found.score is found.epsilons is found.limit is found.by_luck is None
    assert found.models == (unlearned, retrained)
    assert f"at least {FEWEST_MODELS} models" in found.missing
    assert f"{unlearned} unlearned and {retrained} retrained" in found.missing


def test_no_model_and_no_review_are_reasons():
    assert "0 unlearned and 0 retrained" in indistinguishability(np.array([]), np.array([])).missing
    assert indistinguishability(np.empty((5, 0)), np.empty((5, 0))).missing == "there is no review to compare"


@pytest.mark.parametrize("broken", [0, 1])
def test_a_confidence_that_is_no_number_is_a_reason(broken):
    sides = [draws(0, 5, 3), draws(1, 5, 3)]
    sides[broken][2, 1] = np.nan
    found = indistinguishability(*sides)
    assert (found.score, found.epsilons, found.missing) == (None, None, NOT_FINITE)
