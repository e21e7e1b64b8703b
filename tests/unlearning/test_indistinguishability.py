"""Confidence, ε and the score against plain loops, numbers worked out by hand, and luck."""

import math
import warnings
from decimal import Decimal, localcontext
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

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

DELTA = 1e-5


def draws(seed, *shape, shift=0.0):
    return np.random.default_rng(seed).normal(shift, size=shape)


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
