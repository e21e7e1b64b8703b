"""Tables of the command line against results made by hand: each number at its place, each accuracy by its baselines."""

import re

import pytest

from forgetting.measuring import FIGURES, Row
from forgetting.metrics import Baselines
from forgetting.plan import Sweep
from forgetting.sweeps import SweepResult
from forgetting.tables import sweep_table

BASE = Baselines(
    chance=0.25,
    chance_loss=1.386,
    majority={"training": 0.5, "validation": 0.375},
    majority_macro_f1={"training": 0.2, "validation": 0.15},
    all_no=0.75,
    linear_svc=None,
)
LEVELS = (0.0, 0.5, 1.0)


def row(layers: str, seed: int, level: float, forgetting: float | None, scheme: str, unit: str = "weight") -> Row:
    figures = dict.fromkeys(FIGURES, 0.5) | {"forgetting": forgetting, "accuracy_before": 0.875}
    return Row(layers, level, level, scheme, unit, seed, 0.1, 0.1, 0.25, figures, figures)


def result(
    paths: dict, seeds: int = 2, scheme: str = "zero", unit: str = "weight", levels: tuple = LEVELS, **plan
) -> SweepResult:
    """paths: forgetting at the levels, by layer set, for each seed or the same for all."""
    rows = [
        row(layers, seed, level, value, scheme, unit)
        for layers, path in paths.items()
        for seed in range(seeds)
        for level, value in zip(levels, path[seed] if isinstance(path[0], list) else path, strict=True)
    ]
    return SweepResult(Sweep(seeds=seeds, **plan), tuple(rows))


def lines_of(result: SweepResult, base: Baselines = BASE) -> list[list[str]]:
    """The table's lines, cut where two spaces or more are."""
    return [re.split(r" {2,}", line.strip()) for line in sweep_table(result, base).split("\n")]


def test_the_table_by_hand():
    paths = {
        "fc1": [0.0, 0.5, 1.0],
        "fc2": [0.0, 0.125, 0.25],
        "fc1+fc2": [[0.0, 1.0, 1.0], [0.0, 0.625, 1.0]],
        "fc3": [None, None, None],
    }
    first, empty, head, *rows = lines_of(result(paths))
    assert first == ["Validation accuracy 0.8750; chance 0.2500, majority class 0.3750"]
    assert empty == [""]
    assert head == ["layers", "scheme", "unit", "half-way dose", "95 % interval over 2 seeds"]
    assert rows == [
        ["fc1", "zero", "weight", "0.5000", "0.5000 to 0.5000"],
        [
            *("fc2", "zero", "weight", "none"),
            "accuracy does not get half-way to chance up to 1: at the most 25 % of the way",
        ],
        # Both seeds twice, or the mean of them: 0.5 / 1, 0.5 / 0.625 and 0.5 / 0.8125 of the first step.
        ["fc1+fc2", "zero", "weight", "0.3077", "0.2500 to 0.4000"],
        [
            *("fc3", "zero", "weight", "none"),
            "forgetting is undefined: accuracy before is not above chance, or the outputs are not finite",
        ],
    ]


def test_an_open_end_is_said():
    (*_, found) = lines_of(result({"fc1": [[0.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]}, seeds=3))
    assert found == ["fc1", "zero", "weight", "0.2500", "0.2500 to open"]


def test_a_lower_end_that_is_open_is_said():
    paths = {"fc1": [[0.0, 1.0], [0.0, 1.0], [0.75, 1.0]]}
    (*_, found) = lines_of(result(paths, seeds=3, levels=(0.2, 1.0)))
    assert found == ["fc1", "zero", "weight", "0.6000", "open to 0.6000"]


def test_in_place_of_an_interval_stands_the_reason():
    (*_, found) = lines_of(result({"fc1": [0.0, 1.0, 1.0]}, seeds=1))
    assert found == ["fc1", "zero", "weight", "0.2500", "an interval needs at least 2 seeds"]
    paths = {"fc1": [[0.0, 1.0], [0.0, 0.0], [0.75, 1.0]]}
    (*_, found) = lines_of(result(paths, seeds=3, levels=(0.2, 1.0)))
    assert found[:4] == ["fc1", "zero", "weight", "0.6000"]
    assert found[4:] == ["the interval is open: too many resamples of the seeds are half-way outside the doses"]


def test_half_way_before_the_smallest_dose_is_none():
    (*_, found) = lines_of(result({"fc1": [0.75, 1.0]}, levels=(0.2, 1.0)))
    assert found[:4] == ["fc1", "zero", "weight", "none"]
    assert found[4:] == ["accuracy is more than half-way to chance at the smallest dose already, 0.2"]


def test_at_equal_change_it_is_the_change_that_is_half_way():
    _, _, head, found = lines_of(result({"fc1": [0.0, 0.5, 1.0]}, match="change"))
    assert head[3] == "half-way change"
    assert found[3] == "0.5000"


def test_linear_svc_stands_beside_where_it_is_known():
    base = Baselines(0.25, 1.386, BASE.majority, BASE.majority_macro_f1, 0.75, {"training": 1.0, "validation": 0.9125})
    first, *_ = lines_of(result({"fc1": [0.0, 0.5, 1.0]}), base)
    assert first == ["Validation accuracy 0.8750; chance 0.2500, majority class 0.3750, LinearSVC 0.9125"]


@pytest.mark.parametrize("layers", ["fc1", "fc1+fc2+fc3+fc4", "fc1+fc2+fc3+fc4+fc5"])
def test_columns_stay_apart(layers):
    text = sweep_table(result({layers: [0.0, 0.5, 1.0]}, scheme="reinit", unit="neuron"), BASE).split("\n")[-1]
    assert text.split()[:4] == [layers, "reinit", "neuron", "0.5000"]
