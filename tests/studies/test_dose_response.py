"""Curves, half-way doses and cascades against numbers by hand, plain loops and `randomize` one by one."""

import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from study_parts import trained_small

from forgetting.metrics.comparisons import measure_forgetting
from forgetting.metrics.scores import evaluate
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep
from forgetting.studies.dose_response import HalfWay, cascade_curves, curves, half_way
from forgetting.studies.evaluation import SWEEP_COLUMNS
from forgetting.studies.sweep import SweepResult, sweep_rows

SUMMARY = ["median", "low", "high", "seeds", "dose", "relative_change", "seed", "split", "seed_dose"]
KEYS = ["layers", "scheme", "unit", "planned_dose"]


def line(seed, dose, *, layers="fc1", scheme="zero", unit="weight", **figures):
    """A row of a sweep's frame, with only what these functions read."""
    about = {"layers": layers, "scheme": scheme, "unit": unit, "seed": seed, "planned_dose": dose}
    return about | {"dose": dose, "relative_change": 2 * dose} | figures


def frame_of(paths, doses, column="validation_forgetting", **about) -> pd.DataFrame:
    """paths: for each seed, the figure at each dose; in the order in which a sweep yields its rows."""
    return pd.DataFrame(
        [
            line(seed, dose, **{column: value}, **about)
            for seed, path in (paths.items() if isinstance(paths, dict) else enumerate(paths))
            for dose, value in zip(doses, path, strict=True)
        ]
    )


def half(paths, doses, planned=(), **options) -> HalfWay:
    (found,) = half_way(frame_of(paths, doses), planned_doses=planned, **options)
    return found


# Curves.


def test_a_curve_by_hand():
    rows = [
        line(0, 0.0, validation_accuracy=0.75),
        line(0, 0.5, validation_accuracy=0.25),
        line(1, 0.0, validation_accuracy=0.75),
        line(1, 0.5, validation_accuracy=0.5),
        line(2, 0.0, validation_accuracy=0.75),
        line(2, 0.5, validation_accuracy=0.375),
    ]
    table = curves(pd.DataFrame(rows))
    assert list(table.columns) == [*KEYS, *SUMMARY]
    start, half_dose = table.to_dict("records")
    assert start == {
        **{"layers": "fc1", "scheme": "zero", "unit": "weight", "planned_dose": 0.0},
        **{"median": 0.75, "low": 0.75, "high": 0.75, "seeds": 3, "dose": 0.0, "relative_change": 0.0},
        **{"seed": 0, "split": 0, "seed_dose": 0.0},
    }
    assert (half_dose["median"], half_dose["seeds"], half_dose["seed"]) == (0.375, 3, 2)
    assert half_dose["low"] == pytest.approx(0.25 + 0.1 * 0.125)  # 5 % of the way from the first to the third
    assert half_dose["high"] == pytest.approx(0.375 + 0.9 * 0.125)
    assert (half_dose["dose"], half_dose["relative_change"]) == (0.5, 1.0)


@st.composite
def frames(draw):
    """Frames as a sweep gives them, with some figures missing."""
    seeds = draw(st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True))
    doses = sorted(draw(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), min_size=1, max_size=3, unique=True)))
    sets = draw(st.lists(st.sampled_from(["fc2", "fc1", "fc1+fc2"]), min_size=1, max_size=3, unique=True))
    schemes = draw(st.lists(st.sampled_from(["zero", "reinit", "normal"]), min_size=1, max_size=2, unique=True))
    share = st.one_of(st.none(), st.integers(0, 64).map(lambda hits: hits / 64))
    rows = [
        line(seed, dose, layers=layers, scheme=scheme, validation_accuracy=draw(share))
        | {"dose": draw(st.floats(0, 1))}
        for seed in sorted(seeds)
        for scheme in schemes
        for dose in doses
        for layers in sets
    ]
    return pd.DataFrame(rows).astype({"validation_accuracy": float})


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(frame=frames())
def test_curves_are_numpys_quantiles_in_the_order_of_the_rows(frame):
    groups = {}
    for row in frame.to_dict("records"):
        if row["validation_accuracy"] == row["validation_accuracy"]:
            groups.setdefault(tuple(row[key] for key in KEYS), []).append(row)
    table = curves(frame)
    assert list(zip(*(table[key] for key in KEYS), strict=True)) == list(groups)
    for found, rows in zip(table.to_dict("records"), groups.values(), strict=True):
        values = np.array([row["validation_accuracy"] for row in rows])
        low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
        assert (found["low"], found["median"], found["high"]) == pytest.approx((low, median, high), abs=1e-12)
        assert found["seeds"] == len(rows)
        assert found["dose"] == pytest.approx(np.median([row["dose"] for row in rows]))
        assert found["relative_change"] == pytest.approx(2 * found["planned_dose"])
        # 64ths and their means are exact, so that ties are ties
        typical = min(rows, key=lambda row: (abs(row["validation_accuracy"] - median), row["seed"]))
        assert (found["seed"], found["seed_dose"]) == (typical["seed"], typical["dose"])


@pytest.mark.parametrize("order", [(3, 9, 4), (9, 4, 3), (4, 3, 9)])
def test_of_seeds_equally_near_to_the_median_the_smallest_is_taken(order):
    rows = [line(seed, 0.5, validation_accuracy={3: 0.75, 9: 0.25, 4: 0.25}[seed]) for seed in order]
    assert curves(pd.DataFrame(rows))["seed"].tolist() == [4]
    two = [row for row in rows if row["seed"] != 4]  # the median lies half-way between them
    assert curves(pd.DataFrame(two))["seed"].tolist() == [3]


@pytest.mark.parametrize(("first", "second"), [(2, 5), (5, 2), (4, 9)])
def test_two_seeds_are_equally_near_to_their_median_whatever_rounding_says(first, second):
    rows = [line(seed, 0.5, validation_accuracy=hits / 14) for seed, hits in ((0, first), (1, second))]
    assert curves(pd.DataFrame(rows))["seed"].tolist() == [0]


def test_a_dose_without_the_figure_is_left_out_and_others_count_who_has_it():
    rows = frame_of([[0.5, np.nan, 0.25], [0.75, np.nan, np.nan]], [0.0, 0.5, 1.0], column="validation_macro_f1")
    table = curves(rows, "validation_macro_f1")
    assert table["planned_dose"].tolist() == [0.0, 1.0]
    assert table["seeds"].tolist() == [2, 1]
    assert table["median"].tolist() == [0.625, 0.25]


def test_any_column_has_a_curve():
    rows = frame_of([[0.0, 1.5], [0.0, 2.5]], [0.0, 1.0], column="training_loss")
    assert curves(rows, "training_loss")["median"].tolist() == [0.0, 2.0]


@pytest.mark.parametrize("empty", ["no rows", "no figures"])
def test_an_empty_curve_has_the_columns(empty):
    frame = SweepResult(Sweep(), ()).frame if empty == "no rows" else frame_of([[np.nan]], [0.5], "validation_accuracy")
    table = curves(frame)
    assert list(table.columns) == [*KEYS, *SUMMARY]
    assert len(table) == 0


@pytest.mark.slow
def test_the_curve_of_a_sweep_keeps_the_order_of_its_plan(small_split):
    recipe, done = trained_small(small_split)
    plan = Sweep(("fc2", "fc1", "all"), (0.0, 0.5), ("zero", "normal"), seeds=2)
    table = curves(swept(done, small_split, plan, recipe))
    assert list(dict.fromkeys(table["layers"])) == ["fc2", "fc1", "fc1+fc2"]
    assert list(dict.fromkeys(table["scheme"])) == ["zero", "normal"]
    assert set(SWEEP_COLUMNS) >= {"validation_accuracy", "validation_forgetting", "validation_accuracy_before"}


# Half-way doses.

HALF_WAYS = {
    "between two doses by a straight line": ([0.0, 0.2, 0.8, 1.0], [0.0, 0.2, 0.4, 1.0], 0.3),
    "nearer to the second": ([0.0, 0.1, 0.6, 1.0], [0.0, 0.2, 0.4, 1.0], 0.2 + 0.2 * 0.4 / 0.5),
    "exactly at a dose": ([0.0, 0.25, 0.5, 1.0], [0.0, 0.2, 0.4, 1.0], 0.4),
    "in the last step": ([0.0, 0.0, 0.0, 1.0], [0.0, 0.2, 0.4, 1.0], 0.7),
    "at the last dose": ([0.0, 0.0, 0.0, 0.5], [0.0, 0.2, 0.4, 1.0], 1.0),
    "exactly at the first dose": ([0.5, 0.0], [0.3, 1.0], 0.3),
    "of one dose alone": ([0.5], [0.7], 0.7),
    "past chance": ([0.0, 1.25], [0.0, 1.0], 0.4),
    "from below zero": ([-0.25, 0.75], [0.0, 1.0], 0.75),
    "of a curve that comes back": ([0.0, 0.6, 0.2, 0.9], [0.0, 0.2, 0.4, 1.0], 0.2 * 0.5 / 0.6),
}


@pytest.mark.parametrize("case", HALF_WAYS)
def test_half_way_by_hand(case):
    path, doses, dose = HALF_WAYS[case]
    for seeds in (1, 3):
        found = half([path] * seeds, doses)
        assert (found.layers, found.scheme, found.unit, found.seeds) == ("fc1", "zero", "weight", seeds)
        assert found.dose == pytest.approx(dose)
        assert (found.kind, found.until) == ("found", doses[-1])
        assert (found.low, found.high, found.missing) == (None, None, "")  # an interval needs more than the frame


@pytest.mark.parametrize(
    ("path", "share", "seeds"),
    [([0.0, 0.25, 0.375], "38", 1), ([0.0, -0.5, -0.25], "0", 2), ([-0.5, -0.25, -0.1], "0", 1)],
)
def test_never_half_way_says_how_far_it_gets(path, share, seeds):
    for last in (1.0, 0.6):
        found = half([path] * seeds, [0.0, 0.5, last])
        assert (found.dose, found.low, found.high, found.seeds) == (None, None, None, seeds)
        assert (found.kind, found.until) == ("never", last)
        reason = f"accuracy does not get half-way to chance up to {100 * last:g}\u00a0%"
        reason += f": at the most {share}\u00a0% of the way"
        assert found.missing == reason


@pytest.mark.parametrize("seeds", [1, 3])
def test_half_way_below_the_smallest_dose_is_not_guessed(seeds):
    found = half([[0.9, 1.0]] * seeds, [0.3, 1.0])
    assert (found.dose, found.low, found.high, found.kind) == (None, None, None, "before")
    assert found.missing == "accuracy is more than half-way to chance at 30\u00a0% already, where measuring begins"
    assert half([[0.9, 1.0]] * seeds, [0.0, 1.0]).dose == 0  # of no dose at all: the original is at chance there


def test_never_half_way_is_not_said_to_be_half_of_the_way():
    assert "50\u00a0%" not in half([[0.0, 0.499]], [0.0, 1.0]).missing


def test_where_forgetting_is_undefined_that_is_the_reason():
    found = half([[np.nan] * 3] * 2, [0.0, 0.5, 1.0])
    assert (found.dose, found.low, found.high, found.seeds) == (None, None, None, 0)  # of no seed
    assert found.kind == "undefined"
    assert found.missing.startswith("forgetting is undefined: accuracy before is not above chance")


def test_a_seed_without_forgetting_does_not_take_it_from_the_others():
    found = half([[0.0, 1.0]] * 9 + [[np.nan, np.nan]], [0.0, 1.0])
    assert found.dose == 0.5


def test_a_replicate_under_way_does_not_make_it_never():
    frame = frame_of([[0.0, 0.2, 1.0]] * 3, [0.0, 0.1, 1.0])
    for rows, seeds in ((8, 3), (7, 3), (6, 2), (4, 2), (3, 1)):
        (found,) = half_way(frame.iloc[:rows], planned_doses=(0.0, 0.1, 1.0))  # the last seed lacks the larger doses
        assert found.dose == pytest.approx(0.1 + 0.9 * 0.3 / 0.8)
        assert (found.seeds, found.kind) == (seeds, "found")


def test_an_unfinished_replicate_counts_where_it_has_figures():
    # The medians are 0, 0.3 and, of the first alone, 1.
    found = half([[0.0, 0.2, 1.0], [0.0, 0.4, np.nan]], [0.0, 0.1, 1.0])
    assert found.dose == pytest.approx(0.1 + 0.9 * 0.2 / 0.7)
    assert (found.seeds, found.until) == (2, 1.0)


def test_doses_of_the_plan_that_are_not_measured_yet_are_told_from_never():
    planned = (0.0, 0.5, 0.8, 1.0)
    found = half([[0.0, 0.25]] * 2, [0.0, 0.5], planned)
    assert (found.dose, found.low, found.high, found.seeds) == (None, None, None, 2)
    assert (found.kind, found.until, found.missing) == ("unmeasured", 0.5, "it is not measured beyond 50\u00a0% yet")
    assert half([[0.0, 0.25, 0.25, 0.3]] * 2, planned, planned).kind == "never"
    assert half([[0.0, 0.25]] * 2, [0.0, 0.5], (0.0, 0.5)).kind == "never"
    assert half([[0.0, 0.25]] * 2, [0.0, 0.5]).kind == "never"  # of no plan the rows are all there is
    assert half([[0.0, 0.75]] * 2, [0.0, 0.5], planned).kind == "found"  # whatever comes, it is crossed before
    assert half([[0.75]] * 2, [0.5], planned).kind == "before"


def test_a_dose_that_is_measured_without_a_figure_is_not_one_to_come():
    found = half([[0.0, 0.25, np.nan]] * 2, [0.0, 0.5, 1.0], (0.0, 0.5, 1.0))
    assert (found.kind, found.until) == ("never", 0.5)  # as where no dose reaches a change of the weights


def test_the_median_of_the_seeds_crosses_not_their_mean():
    found = half([[0.0, 1.0], [0.0, 1.0], [0.0, -9.0]], [0.0, 1.0])
    assert found.dose == 0.5


def scan(path, doses):
    """Where a path first reaches one half, dose by dose."""
    for place, value in enumerate(path):
        if value >= 0.5:
            if place == 0:
                return doses[0]
            slope = (value - path[place - 1]) / (doses[place] - doses[place - 1])
            return doses[place - 1] + (0.5 - path[place - 1]) / slope
    return float("inf")


def noisy(seeds, source, doses, at=0.4, spread=0.1):
    """Sigmoid curves, each with a place and noise of its own."""
    places = at + spread * source.standard_normal(seeds)
    steps = (np.array(doses) - places[:, None]) * 8
    return 1 / (1 + np.exp(-steps)) + 0.02 * source.standard_normal(steps.shape)


@st.composite
def tables(draw):
    """Doses, and forgetting (seeds, doses)."""
    doses = sorted(draw(st.lists(st.integers(0, 100), min_size=1, max_size=6, unique=True)))
    seeds = draw(st.integers(1, 5))
    share = st.integers(-20, 120).map(lambda percent: percent / 100)
    one = st.lists(share, min_size=len(doses), max_size=len(doses))
    return [dose / 100 for dose in doses], draw(st.lists(one, min_size=seeds, max_size=seeds))


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(case=tables())
def test_the_median_is_half_at_the_dose_and_never_before(case):
    doses, paths = case
    middle = np.median(paths, axis=0)
    found = half(paths, doses)
    if found.dose is None:
        assert (middle < 0.5).all() or (middle[0] > 0.5 and doses[0] > 0)
        assert found.missing
        return
    assert (middle[np.array(doses) < found.dose] < 0.5).all()
    if middle[0] >= 0.5:
        assert found.dose == doses[0]
    else:
        assert np.interp(found.dose, doses, middle) == pytest.approx(0.5)
    assert not found.missing


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(case=tables(), source=st.randoms(use_true_random=False))
def test_the_median_is_of_the_seeds_that_have_the_figure(case, source):
    doses, paths = case
    known = [[value if source.random() < 0.7 else None for value in path] for path in paths]
    columns = [[value for value in column if value is not None] for column in zip(*known, strict=True)]
    kept = [place for place, column in enumerate(columns) if column]
    found = half([[np.nan if value is None else value for value in path] for path in known], doses)
    assert found.seeds == sum(any(value is not None for value in path) for path in known)
    if not kept:
        assert (found.dose, found.kind) == (None, "undefined")
        return
    middle, measured = [statistics.median(columns[place]) for place in kept], [doses[place] for place in kept]
    dose = scan(middle, measured)
    never = "never" if measured[-1] else "unmeasured"
    kind = never if dose == float("inf") else "before" if middle[0] > 0.5 and measured[0] > 0 else "found"
    assert (found.kind, found.until) == (kind, measured[-1])
    assert found.dose == (pytest.approx(dose) if kind == "found" else None)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(case=tables(), source=st.randoms(use_true_random=False), shift=st.integers(1, 1000))
def test_names_and_order_of_the_seeds_change_nothing(case, source, shift):
    doses, paths = case
    frame = frame_of(paths, doses)
    expected = half_way(frame)
    places = list(range(len(frame)))
    source.shuffle(places)
    assert half_way(frame.iloc[places]) == expected
    assert half_way(frame.assign(seed=frame["seed"] * 3 + shift)) == expected
    source.shuffle(paths)
    assert half_way(frame_of(paths, doses)) == expected


@settings(deadline=None, max_examples=40)
@given(
    hits=st.lists(st.integers(0, 40), min_size=2, max_size=8),
    before=st.integers(25, 40),
    classes=st.integers(2, 12),
)
def test_it_is_where_accuracy_is_half_way_from_before_to_chance(hits, before, classes):
    """Of one model, forgetting is accuracy on another scale, so a straight line in one is one in the other."""
    accuracy, chance = [hit / 40 for hit in [before, *sorted(hits, reverse=True)]], 1 / classes
    doses = np.linspace(0, 1, len(accuracy))
    found = half([[measure_forgetting(accuracy[0], value, chance).value for value in accuracy]], doses)
    target = (accuracy[0] + chance) / 2
    if min(accuracy) > target + 1e-9:
        assert found.dose is None
    elif min(accuracy) < target - 1e-9:
        first = next(place for place, value in enumerate(accuracy) if value <= target + 1e-12)
        pair = [first - 1, first]
        fallen = np.interp(-target, [-accuracy[place] for place in pair], doses[pair])
        assert found.dose == pytest.approx(fallen, abs=1e-9)


def test_each_curve_has_its_own_in_the_order_of_the_rows():
    doses = [0.0, 1.0]
    parts = [
        frame_of([[0.0, 1.0]], doses, layers="fc2", scheme="zero"),
        frame_of([[0.0, 0.625]], doses, layers="fc1", scheme="zero"),
        frame_of([[0.0, 0.25]], doses, layers="fc1", scheme="normal"),
        frame_of([[0.0, 2.0]], doses, layers="fc1", scheme="zero", unit="neuron"),
    ]
    found = half_way(pd.concat(parts))
    assert [(half.layers, half.scheme, half.unit, half.dose) for half in found] == [
        ("fc2", "zero", "weight", 0.5),
        ("fc1", "zero", "weight", 0.8),
        ("fc1", "normal", "weight", None),
        ("fc1", "zero", "neuron", 0.25),
    ]


def test_the_training_part_has_its_own():
    frame = frame_of([[0.0, 1.0]], [0.0, 1.0]).assign(training_forgetting=[0.0, 0.625])
    assert [half_way(frame, part)[0].dose for part in ("validation", "training")] == [0.5, 0.8]


def test_the_median_is_over_the_seeds_of_all_splits():
    parts = [frame_of([[0.0, 1.0]] * 2, [0.0, 1.0]), frame_of([[0.0, 0.625]] * 3, [0.0, 1.0])]
    (found,) = half_way(pd.concat(part.assign(split=seed) for seed, part in enumerate(parts)))
    assert (found.dose, found.seeds) == (0.8, 5)


def test_without_rows_there_are_none():
    assert half_way(SweepResult(Sweep(), ()).frame) == ()


@pytest.mark.usefixtures("global_state_kept")
def test_half_way_moves_no_global_state():
    assert half(noisy(4, np.random.default_rng(0), [0.0, 0.5, 1.0]), [0.0, 0.5, 1.0]).dose


# Cascades.


def cascade_frame(known, accuracies, **figures):
    """Two seeds of each set; the second is 1/8 lower."""
    return pd.DataFrame(
        [
            line(seed, 1.0, layers=names, validation_accuracy=value - seed / 8, validation_accuracy_before=0.875)
            for seed in (0, 1)
            for names, value in zip(known, accuracies, strict=True)
        ]
    ).assign(**figures)


def test_cascades_of_two_layers():
    frame = cascade_frame(["fc1", "fc2", "fc1+fc2"], [0.5, 0.75, 0.25])
    steps = cascade_curves(frame, ("fc1", "fc2"))
    assert list(zip(steps["cascade"], steps["step"], steps["layers"], steps["median"], strict=True)) == [
        ("top-down", 0, "none", 0.875),
        ("top-down", 1, "fc2", 0.6875),
        ("top-down", 2, "fc1+fc2", 0.1875),
        ("bottom-up", 0, "none", 0.875),
        ("bottom-up", 1, "fc1", 0.4375),
        ("bottom-up", 2, "fc1+fc2", 0.1875),
    ]
    start, first = steps.iloc[0], steps.iloc[1]
    assert (start["low"], start["high"]) == (0.875, 0.875)
    assert (first["low"], first["high"]) == (pytest.approx(0.625 + 0.125 / 20), pytest.approx(0.75 - 0.125 / 20))
    assert set(SUMMARY) <= set(steps.columns)


def test_cascades_of_three_layers():
    known = ("fc1", "fc2", "fc3")
    sets = ["fc3", "fc2+fc3", "fc1+fc2+fc3", "fc1", "fc1+fc2"]
    steps = cascade_curves(cascade_frame(sets, [0.75, 0.5, 0.25, 0.625, 0.375]), known)
    assert list(zip(steps["cascade"], steps["step"], steps["layers"], strict=True)) == [
        ("top-down", 0, "none"),
        ("top-down", 1, "fc3"),
        ("top-down", 2, "fc2+fc3"),
        ("top-down", 3, "fc1+fc2+fc3"),
        ("bottom-up", 0, "none"),
        ("bottom-up", 1, "fc1"),
        ("bottom-up", 2, "fc1+fc2"),
        ("bottom-up", 3, "fc1+fc2+fc3"),
    ]
    assert steps["median"].tolist() == [0.875, 0.6875, 0.4375, 0.1875, 0.875, 0.5625, 0.3125, 0.1875]


@pytest.mark.parametrize(
    ("sets", "left"),
    [
        (["fc3", "fc2+fc3", "fc1+fc2+fc3", "fc1"], {"top-down"}),
        (["fc1", "fc1+fc2", "fc1+fc2+fc3"], {"bottom-up"}),
        (["fc1", "fc2", "fc3", "fc1+fc2+fc3"], set()),
        (["fc1+fc2"], set()),
    ],
)
def test_a_cascade_of_which_a_set_is_missing_is_left_out(sets, left):
    steps = cascade_curves(cascade_frame(sets, [0.5] * len(sets)), ("fc1", "fc2", "fc3"))
    assert set(steps["cascade"]) == left
    assert steps.empty == (not left)


def test_a_cascade_of_another_figure_has_no_start_where_the_original_has_none():
    frame = cascade_frame(["fc1", "fc2", "fc1+fc2"], [0.5] * 3, validation_loss=2.0)
    steps = cascade_curves(frame, ("fc1", "fc2"), "validation_loss")
    assert steps["median"].isna().tolist() == [True, False, False] * 2
    assert set(steps["median"].dropna()) == {2.0}


def test_cascades_of_a_sweep(small_split):
    recipe, done = trained_small(small_split, (4, 3))
    plan = Sweep(("down", "up"), (1.0,), ("zero",), seeds=1)
    steps = cascade_curves(swept(done, small_split, plan, recipe), recipe.model.layers)
    part = small_split.validation
    before = evaluate(done.model, part, "cross_entropy").accuracy
    for row in steps.itertuples():
        names = () if row.layers == "none" else tuple(row.layers.split("+"))
        assert len(names) == row.step
        model = randomize(done.model, Randomization(names, 1.0, "zero"))
        assert row.median == pytest.approx(evaluate(model, part, "cross_entropy").accuracy)
    assert steps.loc[steps["step"] == 0, "median"].tolist() == pytest.approx([before, before])


def swept(done, split, plan, recipe):
    rows = tuple(sweep_rows(done.model, split, plan, recipe=recipe, initial=done.initial))
    return SweepResult(plan, rows, recipe).frame
