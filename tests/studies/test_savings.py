"""Savings against variants relearned one by one, numbers by hand, and what theory says on the synthetic sample."""

import math
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from study_parts import PLAN, by_hand, curves_of, recipe_of, rows_of, trained

from forgetting.core.seeding import second_seed
from forgetting.data.sample import load_sample
from forgetting.experiment.pipeline import build_model, prepare, train
from forgetting.metrics.scores import NOT_FINITE, evaluate
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import MODERN
from forgetting.studies import savings
from forgetting.studies.memory import conclude_memory, savings_curves
from forgetting.studies.originals import Original
from forgetting.studies.relearning import RelearningResult
from forgetting.studies.savings import (
    SavingsRow,
    anamnesis_index,
    bound_savings,
    compute_savings,
    log_steps_ratio,
)
from forgetting.studies.time_to_target import TargetAccuracy, TimeToTarget


@pytest.fixture(scope="module")
def sample():
    split = prepare(MODERN, load_sample())
    return split, train(MODERN, split)


# Savings and anamnesis of two times.

THERE = TimeToTarget("already there", 0, 0, 100)
NEVER, DIVERGED = TimeToTarget("never", None, None, 2_000), TimeToTarget("diverged", None, None, 100)


def after(steps: int) -> TimeToTarget:
    return TimeToTarget("reached", steps, steps, 100)


@pytest.mark.parametrize(
    ("own", "reference", "saved", "index"),
    [
        (after(5), after(20), 0.75, 0.25),
        (after(20), after(20), 0.0, 1.0),
        (after(30), after(20), -0.5, 1.5),
        (THERE, after(20), 1.0, 0.0),
    ],
)
def test_savings_and_anamnesis_by_hand(own, reference, saved, index):
    assert (compute_savings(own, reference).value, compute_savings(own, reference).missing) == (saved, "")
    assert (anamnesis_index(own, reference).value, anamnesis_index(own, reference).missing) == (index, "")


@given(own=st.integers(0, 10**6), reference=st.integers(1, 10**6))
def test_savings_and_anamnesis_are_two_sides_of_one_ratio(own, reference):
    pair = (after(own) if own else THERE, after(reference))
    saved, index = compute_savings(*pair).value, anamnesis_index(*pair).value
    assert saved == pytest.approx((reference - own) / reference, abs=1e-9)
    assert saved + index == pytest.approx(1)
    assert saved <= 1
    assert (saved > 0, saved == 0) == (own < reference, own == reference)


OWN, SCRATCH = "the randomized model", "the model from scratch"
MISSING = {
    "scratch there": (after(3), THERE, f"{SCRATCH} is at the target before any step"),
    "both there": (THERE, THERE, f"{SCRATCH} is at the target before any step"),
    "scratch never": (
        after(3),
        NEVER,
        f"{OWN} reaches the target after 3 steps and {SCRATCH} does not reach the target within 2,000 steps",
    ),
    "own never": (
        NEVER,
        after(25),
        f"{OWN} does not reach the target within 2,000 steps and {SCRATCH} reaches the target after 25 steps",
    ),
    "neither": (
        NEVER,
        NEVER,
        f"{OWN} does not reach the target within 2,000 steps and "
        f"{SCRATCH} does not reach the target within 2,000 steps",
    ),
    "own diverges": (
        DIVERGED,
        after(25),
        f"{OWN} diverges before the target and {SCRATCH} reaches the target after 25 steps",
    ),
    "scratch diverges": (
        after(3),
        DIVERGED,
        f"{OWN} reaches the target after 3 steps and {SCRATCH} diverges before the target",
    ),
    "own never, scratch there": (
        NEVER,
        THERE,
        f"{OWN} does not reach the target within 2,000 steps and {SCRATCH} is at the target before any step",
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_says_why(case):
    own, reference, reason = MISSING[case]
    assert (compute_savings(own, reference).value, compute_savings(own, reference).missing) == (None, reason)
    reason = reason.replace(OWN, "the unlearned model").replace(SCRATCH, "the retrained model")
    assert (anamnesis_index(own, reference).value, anamnesis_index(own, reference).missing) == (None, reason)


@given(pair=st.tuples(*[st.sampled_from([after(1), after(50), THERE, NEVER, DIVERGED])] * 2))
def test_a_ratio_has_either_a_value_or_a_reason(pair):
    for ratio in (compute_savings(*pair), anamnesis_index(*pair), log_steps_ratio(*pair)):
        assert (ratio.value is None) == bool(ratio.missing)


@pytest.mark.parametrize("kind", ["never", "diverged"])
@given(own=st.integers(0, 10_000), reference=st.integers(0, 10_000), limit=st.integers(1, 5_000))
def test_bounds_hold_the_savings_of_the_runs_had_they_gone_on(kind, own, reference, limit):
    """Two runs of which it is known what they would take, cut off at a limit."""
    pair = tuple(
        after(steps) if steps <= limit else TimeToTarget(kind, None, None, limit) for steps in (own, reference)
    )
    low, high = bound_savings(*pair)
    true = 1 - own / reference if reference else None
    if true is not None:
        assert low <= true <= high
    if max(own, reference) <= limit and reference:
        assert low == high == compute_savings(*pair).value
    if own < reference and own <= limit:
        assert low >= 0, "scratch never arrives and the randomized one did: savings above 0, certainly"


def test_what_needs_no_step_has_saved_all_even_where_scratch_never_arrives():
    assert compute_savings(THERE, NEVER).value == 1
    assert bound_savings(THERE, NEVER) == (1, 1)
    assert bound_savings(after(5), replace(NEVER, limit=50)) == (0.9, 1)
    assert bound_savings(NEVER, after(25)) == (-math.inf, 1 - 2_000 / 25)
    assert bound_savings(NEVER, NEVER) == (-math.inf, 1)


def test_the_mean_of_savings_is_below_0_where_nothing_is_saved_and_that_of_the_log_ratio_is_0():
    """All pairs of steps that are as likely either way round."""
    steps = [after(count) for count in (15, 20, 25, 30, 60)]
    pairs = list(product(steps, steps))
    saved, ratios = ([measure(*pair).value for pair in pairs] for measure in (compute_savings, log_steps_ratio))
    assert np.mean(saved) == pytest.approx(1 - 30 * np.mean([1 / 15, 1 / 20, 1 / 25, 1 / 30, 1 / 60]))
    assert np.mean(saved) < -0.2
    assert np.mean(ratios) == pytest.approx(0)
    assert np.median(saved) == 0


@pytest.mark.parametrize(
    ("target", "chance", "majority", "reason"),
    [
        (0.5, 0.25, 0.4, ""),
        (0.25, 0.25, 0.2, "the target, an accuracy of 25.0\u00a0%, is not above chance (25.0\u00a0%)"),
        (0.1, 0.25, 0.4, "the target, an accuracy of 10.0\u00a0%, is not above chance (25.0\u00a0%)"),
        (
            0.4,
            0.25,
            0.4,
            "the target, an accuracy of 40.0\u00a0%, is not above that of always naming one class (40.0\u00a0%)",
        ),
        (
            0.3,
            0.25,
            0.4,
            "the target, an accuracy of 30.0\u00a0%, is not above that of always naming one class (40.0\u00a0%)",
        ),
    ],
)
def test_a_target_that_a_trivial_model_reaches_tells_nothing(target, chance, majority, reason):
    goal = TargetAccuracy(0.9, target, chance, majority)
    assert goal.missing == reason
    found = compute_savings(after(5), after(20), goal)
    assert (found.value, found.missing) == ((None, reason) if reason else (0.75, ""))


# Rows.


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"batch_size": 15}, {"objective": "bitwise"}])
def test_rows_are_the_variants_one_by_one(small_split, changes):
    plan = replace(PLAN, layers=("fc2", "fc1+fc2"), schemes=("permute", "rewind", "normal"), seed=5, target_share=0.9)
    recipe = recipe_of(plan, **changes)
    done = trained(small_split, recipe)
    rows = rows_of(done, small_split, recipe)
    order = product((5, 6), (("fc2",), ("fc1", "fc2")), ("permute", "rewind", "normal"), (0.0, 0.5, 1.0))
    part, objective = small_split.validation, recipe.training.objective
    before = evaluate(done.model, part, objective).accuracy
    most = Counter(small_split.training.targets.tolist()).most_common(1)[0][0]
    named = sum(int(target) == most for target in part.targets) / len(part)

    def steps_of(model, seed):
        path = by_hand(recipe, small_split, seed, model)
        return next((row[1] for row in path if row[3][1] >= 0.9 * before - 1e-9), None)

    scratch = {
        seed: steps_of(build_model(replace(recipe, seed=second_seed(seed)), small_split), seed) for seed in (5, 6)
    }
    outcomes = set()
    for row, (seed, names, scheme, dose) in zip(rows, order, strict=True):
        assert (row.layers, row.scheme, row.dose, row.seed) == ("+".join(names), scheme, dose, seed)
        model = randomize(done.model, Randomization(names, dose, scheme, seed=seed), initial=done.initial)
        assert row.accuracy == pytest.approx(evaluate(model, part, objective).accuracy)
        assert (row.accuracy_before, row.target, row.chance) == pytest.approx((before, 0.9 * before, 1 / 3))
        assert (row.majority, row.epochs) == (pytest.approx(named), 25)
        steps = steps_of(model, seed)
        assert (row.steps, row.scratch_steps) == (steps, scratch[seed])
        kinds = [{None: "never", 0: "already there"}.get(count, "reached") for count in (steps, scratch[seed])]
        assert [row.outcome, row.scratch_outcome] == kinds
        outcomes.add(row.outcome)
        if steps is None or scratch[seed] == 0 or (scratch[seed] is None and steps):
            assert row.savings is None
            assert row.missing["savings"]
        else:
            assert row.savings == pytest.approx(1 - steps / scratch[seed])
            assert row.savings_low == row.savings_high == row.savings
            assert list(row.missing) == ([] if steps else ["log_ratio"])
            assert not steps or row.log_ratio == pytest.approx(math.log(scratch[seed] / steps))
    assert {"already there", "reached"} <= outcomes


def test_at_dose_0_nothing_was_lost(small_split):
    for row in rows_of(trained(small_split), small_split, recipe_of()):
        assert row.untouched == (row.dose == 0)
        if row.untouched:
            assert (row.outcome, row.steps, row.savings, row.accuracy) == ("already there", 0, 1.0, row.accuracy_before)


def test_what_is_drawn_anew_whole_is_gone_and_what_is_left_is_remembered(sample):
    """On the synthetic sample: of both layers drawn anew nothing is left; of the last alone, the first layer is."""
    split, done = sample
    plan = Relearning(layers=("fc2", "all"), doses=(1.0,), schemes=("reinit",), seeds=5, retrain=False)
    result = RelearningResult(MODERN, rows=tuple(rows_of(done, split, replace(MODERN, relearning=plan))))
    chance, groups = 1 / 11, dict(list(result.frame.groupby("layers")))
    assert (result.frame["accuracy"] < 3 * chance).all()  # at chance, the one that remembers as well
    anew, last = (conclude_memory(groups[names]) for names in ("fc1+fc2", "fc2"))
    assert (anew.conclusion, anew.units, anew.unit, anew.originals) == ("gone", 5, "seed", 1)
    assert abs(anew.median) < 0.3
    assert (last.conclusion, last.units, last.p) == ("remembers", 5, 1 / 32)
    assert last.low > 0.1


def test_weights_too_large_to_relearn_are_missing_not_zero(sample):
    split, done = sample
    plan = Relearning(layers=("fc1",), doses=(1.0,), schemes=("normal",), seeds=1, epochs=30, retrain=False)
    (row,) = rows_of(done, split, replace(MODERN, relearning=plan))
    assert (row.outcome, row.steps, row.savings, row.scratch_outcome) == ("never", None, None, "reached")
    assert row.missing["steps"] == f"{OWN} does not reach the target within 30 steps"
    assert row.missing["savings"].startswith(f"{row.missing['steps']} and {SCRATCH} reaches the target after ")


def test_outputs_that_are_not_finite_are_missing_with_the_reason(small_split):
    recipe = recipe_of(replace(PLAN, layers=("fc1",), schemes=("rewind",), doses=(0.0, 1.0), seeds=1))
    done = trained(small_split)
    broken = replace(done, initial={**done.initial, "fc1.weight": torch.full((5, 20), torch.inf)})
    whole, lost = rows_of(broken, small_split, recipe)
    assert (whole.savings, list(whole.missing)) == (1.0, ["log_ratio"])
    assert (lost.accuracy, lost.outcome, lost.steps, lost.savings) == (None, "diverged", None, None)
    assert list(lost.missing) == ["accuracy", "steps", "savings", "log_ratio"]
    assert (lost.savings_low, whole.savings_low) == (None, 1.0)
    assert lost.missing["accuracy"] == NOT_FINITE
    assert lost.missing["steps"] == f"{OWN} diverges before the target"
    frame = RelearningResult(recipe, rows=(whole, lost)).frame
    assert frame["accuracy"].isna().tolist() == [False, True]
    assert frame["missing"][1] == "; ".join(f"{name}: {reason}" for name, reason in lost.missing.items())


def test_a_target_not_above_a_trivial_model_is_the_reason_of_missing_savings(small_split):
    part = small_split.validation
    for share, reason in (
        (0.01, "is not above chance (33.3\u00a0%)"),
        (0.4, "is not above that of always naming one class"),
    ):
        recipe = recipe_of(replace(PLAN, layers=("fc2",), target_share=share, seeds=1))
        done = trained(small_split)
        rows = rows_of(done, small_split, recipe)
        assert len(rows) == 6
        for row in rows:
            assert row.savings is None
            assert reason in row.missing["savings"]
        curves = curves_of(done, small_split, recipe)
        texts = RelearningResult(recipe, tuple(curves)).outcomes["missing"].tolist()
        assert [reason in text for text in texts] == [False, True, False]
    assert int((part.targets == 1).sum()) / 14 == pytest.approx(6 / 14)  # red is the most frequent


def test_a_seed_gives_the_same_rows_in_any_plan(small_split):
    done = trained(small_split)
    wide = rows_of(done, small_split, recipe_of())
    alone = recipe_of(replace(PLAN, layers=("fc2",), doses=(0.5,), schemes=("reinit",), seeds=1, seed=1))
    (row,) = rows_of(done, small_split, alone)
    assert row in wide


def row(seed, steps, kind="reached", *, scratch=20, dose=1.0, target=0.8, layers="fc1", accuracy=0.25) -> SavingsRow:
    pair = (TimeToTarget(kind, steps, steps, 50), after(scratch) if scratch else TimeToTarget("never", None, None, 50))
    goal = TargetAccuracy(0.9, target, 0.1, 0.3)
    randomization = Randomization(tuple(layers.split("+")), dose, "reinit", seed=seed)
    return savings._row(Original(seed, 0, 0, None, None, goal), randomization, accuracy, *pair, 50)


def test_saving_curves_by_hand():
    rows = [
        row(0, 5),  # savings 0.75
        row(1, 0, "already there", accuracy=0.85),  # 1
        row(2, 30, accuracy=0.5),  # −0.5
        row(3, None, "never"),
        row(4, None, "diverged", accuracy=math.nan),
        row(5, None, "never", scratch=None),
        row(6, 5, scratch=None),
        row(0, None, "never", dose=0.5),
        row(0, None, "never", dose=0.5, layers="fc1+fc2", target=0.3),
        row(1, 5, dose=0.5, layers="fc1+fc2", target=0.3),
    ]
    frame = RelearningResult(MODERN, rows=tuple(rows)).frame
    table = savings_curves(frame)
    first, second, third = table.to_dict("records")
    assert list(table.columns) == [
        *("layers", "scheme", "dose", "seeds", "low", "median", "high", "median_high", "accuracy"),
        *("already_there", "never", "diverged", "failed", "conclusion", "log_ratio", "log_ratio_high", "unit"),
        *("units", "above", "p"),
        *("interval_low", "interval_high", "adjusted", "corrected"),
    ]
    assert table["conclusion"].tolist() == ["gone", "too few seeds", "undefined"]
    assert (first["layers"], first["scheme"], first["dose"]) == ("fc1", "reinit", 1.0)
    # −∞ of the three that never arrive, −0.5, 0.75, at least 0.9, 1: of seven the median is the fourth.
    assert (first["low"], first["median"], first["median_high"]) == (-math.inf, -0.5, 0.75)
    assert first["high"] == pytest.approx(0.97)
    assert first["log_ratio"] == pytest.approx(math.log(20 / 30))
    assert first["accuracy"] == pytest.approx(np.median([0.25, 0.85, 0.5, 0.25, 0.25, 0.25]))
    counts = ("seeds", "already_there", "never", "diverged", "failed", "units", "above")
    assert [first[name] for name in counts] == [3, 1, 2, 1, 2, 6, 3]
    assert first["p"] == pytest.approx(sum(math.comb(6, count) for count in (3, 4, 5, 6)) / 64)
    assert [second[name] for name in counts] == [0, 0, 1, 0, 1, 1, 0]
    assert (second["median"], second["median_high"]) == (-math.inf, 1 - 50 / 20)
    assert (third["layers"], [third[name] for name in counts]) == ("fc1+fc2", [0, 0, 1, 0, 0, 0, 0])  # a trivial target
    assert np.isnan([third["median"], third["adjusted"]]).all()
