"""Savings against variants relearned one by one, numbers by hand, and what theory says on the synthetic sample."""

import math
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from study_parts import PLAN, by_hand, curves_of, recipe_of, rows_of, trained

from forgetting.core.seeding import second_seed
from forgetting.data.sample import load_sample
from forgetting.experiment.pipeline import build_model, prepare, train
from forgetting.metrics.scores import NOT_FINITE, evaluate
from forgetting.model.classifier import TextClassifier
from forgetting.randomization.path import randomize
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import MODERN
from forgetting.studies import savings
from forgetting.studies.relearning import RelearningResult
from forgetting.studies.savings import (
    MemoryConclusion,
    SavingsRow,
    anamnesis_index,
    compute_savings,
    conclude_memory,
    leaves_one_model,
    savings_curves,
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
    "own there, scratch never": (
        THERE,
        NEVER,
        f"{OWN} reaches the target after 0 steps and {SCRATCH} does not reach the target within 2,000 steps",
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
        f"{OWN} does not reach the target within 2,000 steps and {SCRATCH} reaches the target after 0 steps",
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
    for ratio in (compute_savings(*pair), anamnesis_index(*pair)):
        assert (ratio.value is None) == bool(ratio.missing)


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
        if steps is None or not scratch[seed]:
            assert row.savings is None
            assert row.missing["savings"]
        else:
            assert row.savings == pytest.approx(1 - steps / scratch[seed])
            assert row.missing == {}
    assert {"already there", "reached"} <= outcomes


def test_at_dose_0_nothing_was_lost(small_split):
    for row in rows_of(trained(small_split), small_split, recipe_of()):
        if row.dose == 0:
            assert (row.outcome, row.steps, row.savings, row.accuracy) == ("already there", 0, 1.0, row.accuracy_before)


def test_what_is_drawn_anew_whole_is_gone_and_what_is_left_is_remembered(sample):
    """On the synthetic sample: of both layers drawn anew nothing is left; of the last alone, the first layer is."""
    split, done = sample
    plan = Relearning(layers=("fc2", "all"), doses=(1.0,), schemes=("reinit",), seeds=5)
    result = RelearningResult(MODERN, rows=tuple(rows_of(done, split, replace(MODERN, relearning=plan))))
    chance, groups = 1 / 11, dict(list(result.frame.groupby("layers")))
    assert (result.frame["accuracy"] < 3 * chance).all()  # at chance, the one that remembers as well
    anew, last = (conclude_memory(groups[names]["savings"].tolist()) for names in ("fc1+fc2", "fc2"))
    assert (anew.conclusion, anew.seeds) == ("gone", 5)
    assert abs(anew.median) < 0.3
    assert (last.conclusion, last.seeds, last.p) == ("remembers", 5, 1 / 32)
    assert last.low > 0.1


def test_weights_too_large_to_relearn_are_missing_not_zero(sample):
    split, done = sample
    plan = Relearning(layers=("fc1",), doses=(1.0,), schemes=("normal",), seeds=1, epochs=30)
    (row,) = rows_of(done, split, replace(MODERN, relearning=plan))
    assert (row.outcome, row.steps, row.savings, row.scratch_outcome) == ("never", None, None, "reached")
    assert row.missing["steps"] == f"{OWN} does not reach the target within 30 steps"
    assert row.missing["savings"].startswith(f"{row.missing['steps']} and {SCRATCH} reaches the target after ")


def test_outputs_that_are_not_finite_are_missing_with_the_reason(small_split):
    recipe = recipe_of(replace(PLAN, layers=("fc1",), schemes=("rewind",), doses=(0.0, 1.0), seeds=1))
    done = trained(small_split)
    broken = replace(done, initial={**done.initial, "fc1.weight": torch.full((5, 20), torch.inf)})
    whole, lost = rows_of(broken, small_split, recipe)
    assert (whole.savings, whole.missing) == (1.0, {})
    assert (lost.accuracy, lost.outcome, lost.steps, lost.savings) == (None, "diverged", None, None)
    assert list(lost.missing) == ["accuracy", "steps", "savings"]
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
    return savings._row(goal, randomization, accuracy, *pair, 50)


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
        *("layers", "scheme", "dose", "seeds", "low", "median", "high", "accuracy"),
        *("already_there", "never", "diverged", "failed", "conclusion"),
    ]
    assert table["conclusion"].tolist() == ["gone", "too few seeds", "undefined"]
    assert (first["layers"], first["scheme"], first["dose"]) == ("fc1", "reinit", 1.0)
    assert (first["low"], first["median"], first["high"]) == pytest.approx(
        tuple(np.quantile([0.75, 1.0, -0.5], [0.05, 0.5, 0.95]))
    )
    assert first["accuracy"] == pytest.approx(np.median([0.25, 0.85, 0.5, 0.25, 0.25, 0.25]))
    counts = ("seeds", "already_there", "never", "diverged", "failed")
    assert [first[name] for name in counts] == [3, 1, 2, 1, 2]
    assert [second[name] for name in counts] == [0, 0, 1, 0, 1]
    assert np.isnan(second["median"])
    assert (third["layers"], [third[name] for name in counts]) == ("fc1+fc2", [0, 0, 1, 0, 0])  # the target is trivial


# The answer.


@pytest.mark.parametrize(
    ("values", "failed", "conclusion", "seeds", "p"),
    [
        ([], 0, "undefined", 0, 1.0),
        ([None, math.nan], 0, "undefined", 0, 1.0),
        ([None] * 6, 0, "undefined", 0, 1.0),
        ([None] * 6, 6, "gone", 6, 1.0),
        ([0.5] * 4, 0, "too few seeds", 4, 1 / 16),
        ([0.5] * 4 + [None] * 3, 0, "too few seeds", 4, 1 / 16),
        ([0.5] * 5, 0, "remembers", 5, 1 / 32),
        ([0.5] * 5 + [None] * 3, 3, "gone", 8, sum(math.comb(8, k) for k in range(5, 9)) / 2**8),
        ([0.5] * 4 + [0.0], 0, "gone", 5, 1 / 16),
        ([0.5] * 5 + [0.0], 0, "remembers", 6, 1 / 32),
        ([0.0] * 5, 0, "gone", 5, 1.0),
        ([0.5] * 4 + [-0.1], 0, "gone", 5, 6 / 32),
        ([-0.5] * 5, 0, "gone", 5, 1.0),
        ([0.5] * 7 + [-0.1], 0, "remembers", 8, 9 / 256),
    ],
)
def test_the_answer_by_hand(values, failed, conclusion, seeds, p):
    found = conclude_memory(values, failed=failed)
    assert (found.conclusion, found.seeds, found.p) == (conclusion, seeds, pytest.approx(p))
    known = [value for value in values if value is not None and value == value]
    quantiles = tuple(np.quantile(known, [0.05, 0.5, 0.95])) if known else (None,) * 3
    assert (found.low, found.median, found.high) == pytest.approx(quantiles)


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.just(0.0), st.floats(-3, 1)), max_size=25),
    failed=st.integers(0, 5),
)
def test_the_sign_test_is_that_of_its_definition(values, failed):
    known = [value for value in values if value is not None]
    above = sum(value > 0 for value in known)
    trials = sum(value != 0 for value in known) + failed
    found = conclude_memory(values, failed=failed)
    assert isinstance(found, MemoryConclusion)
    if known:
        assert found.p == pytest.approx(sum(math.comb(trials, k) for k in range(above, trials + 1)) / 2**trials)
    seeds = len(known) + failed
    expected = "undefined" if not seeds else "too few seeds" if seeds < 5 else None
    assert found.seeds == seeds
    assert found.conclusion == (expected or ("remembers" if found.p <= 0.05 else "gone"))
    if found.conclusion == "remembers":
        assert found.median >= 0
        assert above >= 5


@pytest.mark.parametrize(
    ("scheme", "dose", "conclusion"),
    [
        ("rewind", 1.0, "one model"),
        ("zero", 1.0, "one model"),
        ("rewind", 0.9, "remembers"),
        ("reinit", 1.0, "remembers"),
        ("permute", 1.0, "remembers"),
    ],
)
def test_seeds_that_leave_one_model_are_no_replicates(scheme, dose, conclusion):
    """The null hypothesis of the test says nothing of weights that are drawn once, and may be lucky."""
    above = conclude_memory([0.5] * 6, same_model=leaves_one_model(scheme, dose))
    assert above.conclusion == conclusion
    assert conclude_memory([-0.5] * 6, same_model=leaves_one_model(scheme, dose)).conclusion == "gone"
    assert conclude_memory([0.5] * 4, same_model=leaves_one_model(scheme, dose)).conclusion == "too few seeds"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_model_is_told_of_the_schemes_that_draw_nothing(scheme):
    model = TextClassifier(5, 3, (4,), seed=1)
    initial = TextClassifier(5, 3, (4,), seed=2).state_dict()
    made = [randomize(model, Randomization(scheme=scheme, seed=seed), initial=initial) for seed in range(4)]
    weights = {tuple(torch.cat([value.flatten() for value in each.parameters()]).tolist()) for each in made}
    assert leaves_one_model(scheme, 1.0) == (len(weights) == 1)


def test_fewer_seeds_than_the_least_cannot_pass():
    least = savings.LEAST_SEEDS
    assert 0.5**least <= savings.SIGNIFICANT < 0.5 ** (least - 1)
