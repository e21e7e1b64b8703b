"""What the savings of several replicates say: tests by hand, by definition, and over many simulated studies."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.metrics.intervals import median_interval
from forgetting.metrics.multiplicity import benjamini_hochberg, holm
from forgetting.metrics.paired import POWER, SIGNIFICANT, sign_test
from forgetting.model.classifier import TextClassifier
from forgetting.randomization.path import randomize
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.studies.memory import (
    LEAST_UNITS,
    conclude_memory,
    correct_conclusions,
    find_unit,
    leaves_one_model,
    smallest_share,
    units_needed,
)
from forgetting.studies.savings import bound_savings
from forgetting.studies.time_to_target import TimeToTarget

LIMIT = 50
NEVER = None


def time(steps: int | None) -> TimeToTarget:
    return TimeToTarget("never" if steps is None else "reached" if steps else "already there", steps, steps, LIMIT)


def replicates(*pairs, splits=None, retrain=True) -> pd.DataFrame:
    """Rows of one variant. pairs: the steps of the randomized model and of the one from scratch."""
    bounds = [bound_savings(time(own), time(scratch)) for own, scratch in pairs]
    return pd.DataFrame(
        {
            "steps": [math.nan if own is None else own for own, _ in pairs],
            "scratch_steps": [math.nan if scratch is None else scratch for _, scratch in pairs],
            "savings_low": [math.nan if low == -math.inf else low for low, _ in bounds],
            "savings_high": [high for _, high in bounds],
            "split": splits or [0] * len(pairs),
            "original_seed": range(len(pairs)) if retrain else [0] * len(pairs),
            "untouched": False,
        }
    )


HALF, NONE_SAVED, LATER = (10, 20), (20, 20), (30, 20)
SCRATCH_NEVER, OWN_NEVER, BOTH_NEVER = (10, NEVER), (NEVER, 20), (NEVER, NEVER)


@pytest.mark.parametrize(
    ("pairs", "conclusion", "units", "above", "p"),
    [
        ([], "undefined", 0, 0, 1.0),
        ([BOTH_NEVER] * 6, "undefined", 0, 0, 1.0),
        ([OWN_NEVER] * 6, "gone", 6, 0, 1.0),
        ([HALF] * 4, "too few seeds", 4, 4, 1 / 16),
        ([HALF] * 4 + [BOTH_NEVER] * 3, "too few seeds", 4, 4, 1 / 16),
        ([HALF] * 5, "remembers", 5, 5, 1 / 32),
        # Nothing randomized, and four of five models from scratch never arrive: it is above 0, certainly.
        ([(0, NEVER)] * 4 + [(0, 30)], "remembers", 5, 5, 1 / 32),
        ([SCRATCH_NEVER] * 5, "remembers", 5, 5, 1 / 32),
        ([HALF] * 5 + [OWN_NEVER] * 3, "gone", 8, 5, sum(math.comb(8, k) for k in range(5, 9)) / 2**8),
        ([HALF] * 4 + [NONE_SAVED], "gone", 5, 4, 1 / 16),
        ([HALF] * 5 + [NONE_SAVED], "remembers", 6, 5, 1 / 32),
        ([HALF] * 4 + [LATER], "gone", 5, 4, 6 / 32),
        ([LATER] * 5, "gone", 5, 0, 1.0),
        ([HALF] * 7 + [LATER], "remembers", 8, 7, 9 / 256),
        ([HALF] * 5 + [(5, 0)], "gone", 6, 5, 7 / 64),  # that needs nothing is the sooner one
    ],
)
def test_the_answer_by_hand(pairs, conclusion, units, above, p):
    found = conclude_memory(replicates(*pairs))
    assert (found.conclusion, found.units, found.above, found.p) == (conclusion, units, above, pytest.approx(p))


def test_the_median_counts_those_that_never_arrive():
    """Of five of which three never arrive the median is none of the two that do."""
    found = conclude_memory(replicates(HALF, HALF, *[OWN_NEVER] * 3))
    assert (found.median, found.median_high, found.log_ratio) == (-math.inf, 1 - LIMIT / 20, -math.inf)
    found = conclude_memory(replicates(HALF, HALF, *[SCRATCH_NEVER] * 3))
    assert (found.median, found.median_high) == (1 - 10 / LIMIT, 1)
    found = conclude_memory(replicates(HALF, HALF, HALF, OWN_NEVER, SCRATCH_NEVER))
    assert found.median == found.median_high == 0.5
    assert found.interval == (-math.inf, 1)


steps = st.one_of(st.none(), st.integers(0, LIMIT))


@settings(max_examples=150, deadline=None)
@given(pairs=st.lists(st.tuples(steps, steps), max_size=20))
def test_the_sign_test_is_that_of_its_definition_and_agrees_with_the_interval(pairs):
    found = conclude_memory(replicates(*pairs))
    own, scratch = ([math.inf if one is None else one for one in each] for each in (zip(*pairs) if pairs else ([], [])))  # noqa: B905
    above = sum(first < second for first, second in zip(own, scratch, strict=True))
    below = sum(first > second for first, second in zip(own, scratch, strict=True))
    compared = sum(min(pair) < math.inf for pair in zip(own, scratch, strict=True))
    assert (found.units, found.above) == (compared, above)
    if compared:
        trials = above + below
        assert found.p == pytest.approx(sum(math.comb(trials, k) for k in range(above, trials + 1)) / 2**trials)
        expected = "too few seeds" if compared < 5 else "remembers" if found.p <= 0.05 else "gone"
        assert found.conclusion == expected
        assert found.median <= found.median_high
        if found.interval and found.interval[0] > 0:
            assert found.conclusion == "remembers"


@pytest.mark.parametrize(
    ("splits", "retrain", "unit"),
    [
        ([0] * 6, True, "model"),
        ([0] * 6, False, "seed"),
        ([0], True, "seed"),  # one model is one model
        ([0, 0, 1, 1, 2, 2], True, "split"),  # which share the reviews of three
        ([0, 0, 1, 1, 2, 2], False, "seed"),  # two draws of each of three models
        ([0, 1, 2, 3, 4], False, "split"),
        ([split for split in range(5) for _ in range(3)], True, "split"),
    ],
)
def test_what_is_counted(splits, retrain, unit):
    assert find_unit(replicates(*[HALF] * len(splits), splits=splits, retrain=retrain)) == unit


def test_models_of_one_split_are_one_unit_of_five_splits():
    """Each split counts once, by most of its models; else three lucky splits would pass for fifteen."""
    splits = [split for split in range(5) for _ in range(3)]
    pairs = [HALF, HALF, LATER] * 4 + [LATER, LATER, HALF]
    found = conclude_memory(replicates(*pairs, splits=splits))
    assert (found.unit, found.units, found.above, found.splits, found.originals) == ("split", 5, 4, 5, 15)
    assert found.interval == (-0.5, 0.5)


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
    same = leaves_one_model(scheme, dose)
    assert conclude_memory(replicates(*[HALF] * 6, retrain=False), same_model=same).conclusion == conclusion
    assert conclude_memory(replicates(*[LATER] * 6, retrain=False), same_model=same).conclusion == "gone"
    assert conclude_memory(replicates(*[HALF] * 4, retrain=False), same_model=same).conclusion == "too few seeds"
    assert conclude_memory(replicates(*[HALF] * 6), same_model=same).conclusion == "remembers", "models of their own"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_model_is_told_of_the_schemes_that_draw_nothing(scheme):
    model = TextClassifier(5, 3, (4,), seed=1)
    initial = TextClassifier(5, 3, (4,), seed=2).state_dict()
    made = [randomize(model, Randomization(scheme=scheme, seed=seed), initial=initial) for seed in range(4)]
    weights = {tuple(torch.cat([value.flatten() for value in each.parameters()]).tolist()) for each in made}
    assert leaves_one_model(scheme, 1.0) == (len(weights) == 1)


def test_what_leaves_every_weight_or_knew_nothing_is_not_called_memory():
    rows = replicates(*[(0, 20)] * 6)
    found = conclude_memory(rows.assign(untouched=True), hollow=True)
    assert (found.conclusion, found.median) == ("untouched", 1.0)
    assert math.isnan(found.p)
    assert conclude_memory(rows.assign(untouched=[True] * 5 + [False])).conclusion == "remembers"
    assert conclude_memory(rows, hollow=True).conclusion == "hollow"
    assert conclude_memory(replicates(*[LATER] * 6), hollow=True).conclusion == "gone"


# Many variants, and what so many units can show.


def curves(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["dose", "units", "p", "conclusion"])


def test_conclusions_are_corrected_for_their_number_but_not_for_what_is_not_randomized():
    table = curves(
        (0.0, 6, np.nan, "untouched"),
        *[(0.5, 6, 1 / 64, "remembers")] * 3,
        (1.0, 6, 0.5, "gone"),
        (1.0, 0, 1.0, "undefined"),
    )
    adjusted, found = correct_conclusions(table, benjamini_hochberg)
    assert adjusted[1:5].tolist() == pytest.approx([4 / 3 / 64] * 3 + [0.5])
    assert np.isnan(adjusted[[0, 5]]).all()
    assert found == ["untouched", *["remembers"] * 3, "gone", "undefined"]
    adjusted, found = correct_conclusions(table, holm)
    assert adjusted[1:5].tolist() == pytest.approx([4 / 64] * 3 + [0.5])
    assert found == ["untouched", *["gone"] * 4, "undefined"]


def test_fewer_units_than_needed_cannot_pass():
    assert units_needed() == LEAST_UNITS
    for tests in (1, 2, 3, 4, 12, 36):
        needed = units_needed(tests)
        assert tests * sign_test(needed, needed) <= SIGNIFICANT < tests * sign_test(needed - 1, needed - 1)
        assert smallest_share(needed - 1, tests) is None


@pytest.mark.parametrize(("units", "tests"), [(5, 1), (6, 3), (10, 1), (20, 12)])
def test_the_smallest_share_is_found_as_often_as_it_says(units, tests):
    share = smallest_share(units, tests)
    chances = [math.comb(units, k) * share**k * (1 - share) ** (units - k) for k in range(units + 1)]
    assert sum(chances[k] for k in range(units + 1) if tests * sign_test(k, units) <= SIGNIFICANT) == pytest.approx(
        POWER
    )


@pytest.mark.parametrize("count", [3, 5, 6, 10, 40])
def test_the_interval_holds_the_median_at_least_as_often_as_it_says(count):
    """Of a distribution with a long tail and −∞, whose median is 0; by counting, not by luck of one seed."""
    below = [math.comb(count, k) / 2**count for k in range(count + 1)]  # values below the median
    values = [-math.inf, *range(1, count)]
    found = median_interval(values[::-1])
    if count < 5:
        assert found is None
        return
    ends = [values.index(end) for end in found]
    outside = sum(below[: ends[0] + 1]) + sum(below[ends[1] + 1 :])
    narrower = outside + below[ends[0] + 1] + below[ends[1]]
    assert outside <= 0.1 < narrower + 1e-12
