"""Tables of the command line against results made by hand: each number at its place, each accuracy by its baselines."""

import re
from dataclasses import replace

import numpy as np
import pytest

from forgetting.cli.tables import format_relearning, format_sweep, format_unlearning
from forgetting.metrics.baselines import Baselines
from forgetting.recipe.forget import Forget
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN
from forgetting.studies.evaluation import SWEEP_METRICS, Hits, SweepRow
from forgetting.studies.nested import NO_HITS, nested_curves
from forgetting.studies.relearning import RelearningResult
from forgetting.studies.savings import SavingsRow
from forgetting.studies.sweep import SweepResult
from forgetting.unlearning import evaluation
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.result import UnlearningResult

BASE = Baselines(
    chance=0.25,
    chance_loss=1.386,
    majority={"training": 0.5, "validation": 0.375},
    majority_macro_f1={"training": 0.2, "validation": 0.15},
    all_no=0.75,
    linear_svc=None,
    majority_class=0,
    majority_balanced_accuracy={"training": 0.25, "validation": 0.25},
)
DOSES = (0.0, 0.5, 1.0)


def row(layers: str, seed: int, dose: float, forgetting: float | None, scheme: str, unit: str = "weight") -> SweepRow:
    metrics = dict.fromkeys(SWEEP_METRICS, 0.5) | {"forgetting": forgetting, "accuracy_before": 0.875}
    parts = {"training": metrics, "validation": metrics}
    return SweepRow(layers, dose, dose, scheme, unit, seed, 0.1, 0.1, 0.25, parts)


def result(
    paths: dict, seeds: int = 2, scheme: str = "zero", unit: str = "weight", doses: tuple = DOSES, **plan
) -> SweepResult:
    """paths: forgetting at the doses, by layer set, for each seed or the same for all."""
    rows = [
        row(layers, seed, dose, value, scheme, unit)
        for layers, path in paths.items()
        for seed in range(seeds)
        for dose, value in zip(doses, path[seed] if isinstance(path[0], list) else path, strict=True)
    ]
    return SweepResult(Sweep(seeds=seeds, **plan), tuple(rows))


def lines_of(result: SweepResult, base: Baselines = BASE) -> list[list[str]]:
    """The table's lines, cut where two spaces or more are."""
    return [re.split(r" {2,}", line.strip()) for line in format_sweep(result, base).split("\n")]


def test_of_an_original_that_is_not_shown_to_know_anything_there_is_no_half_way_dose():
    found = result({"fc1": [0.0, 0.5, 1.0]})
    assert "0.5000" in format_sweep(found, BASE).split("\n")[-1]
    line = format_sweep(found, BASE, hollow=True).split("\n")[-1]
    assert "0.5000" not in line
    assert line.split()[:4] == ["fc1", "zero", "weight", "none"]
    assert "the original is not shown to be better than a trivial model" in line


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
    assert head == ["layers", "scheme", "unit", "half-way dose", "95 % interval over reviews and 2 seeds of one model"]
    assert rows == [
        ["fc1", "zero", "weight", "0.5000", NO_HITS],
        [
            *("fc2", "zero", "weight", "none"),
            "accuracy does not get half-way to chance up to 100\u00a0%: at the most 25\u00a0% of the way",
        ],
        ["fc1+fc2", "zero", "weight", "0.3077", NO_HITS],
        [
            *("fc3", "zero", "weight", "none"),
            "forgetting is undefined: accuracy before is not above chance, or the outputs are not finite",
        ],
    ]


def test_the_interval_is_that_of_the_curve():
    found = result({"fc1": [0.0, 0.44, 1.2]}, seeds=3)
    right = {dose: np.packbits(np.arange(40) < hits).tobytes() for dose, hits in ((0.0, 35), (0.5, 24), (1.0, 5))}
    rows = tuple(
        replace(row, part_hits={"validation": Hits(40, right[row.dose], right[0.0], 0.25)}) for row in found.rows
    )
    (curve,) = nested_curves(rows)
    (*_, line) = lines_of(replace(found, rows=rows))
    assert line[-1] == "{:.4f} to {:.4f}".format(*curve.half_way)
    high = tuple(
        replace(row, part_hits={"validation": replace(row.hits, after=right[0.5 if row.dose else 0.0])}) for row in rows
    )
    (*_, line) = lines_of(replace(found, rows=high))
    assert line[-1].endswith("to open")


def test_one_seed_shows_no_luck_of_the_draw():
    head = lines_of(result({"fc1": [0.0, 1.0, 1.0]}, seeds=1))[2]
    assert head[4] == "95 % interval over reviews alone: one seed does not show the luck of the draw"
    *_, found = lines_of(result({"fc1": [0.0]}, doses=(0.0,)))
    assert found[4] == "it is not measured beyond 0\u00a0% yet"


def test_in_place_of_an_interval_stands_the_reason():
    (*_, found) = lines_of(result({"fc1": [0.0, 1.0, 1.0]}, seeds=1))
    assert found[:4] == ["fc1", "zero", "weight", "0.2500"]
    assert found[4:] == [NO_HITS]


def test_half_way_before_the_smallest_dose_is_none():
    (*_, found) = lines_of(result({"fc1": [0.75, 1.0]}, doses=(0.2, 1.0)))
    assert found[:4] == ["fc1", "zero", "weight", "none"]
    assert found[4:] == ["accuracy is more than half-way to chance at 20\u00a0% already, where measuring begins"]


def test_at_equal_change_it_is_the_change_that_is_half_way():
    _, _, head, found = lines_of(result({"fc1": [0.0, 0.5, 1.0]}, match="change"))
    assert head[3] == "half-way change"
    assert found[3] == "0.5000"


def test_linear_svc_stands_beside_where_it_is_known():
    base = replace(BASE, linear_svc={"training": 1.0, "validation": 0.9125})
    first, *_ = lines_of(result({"fc1": [0.0, 0.5, 1.0]}), base)
    assert first == ["Validation accuracy 0.8750; chance 0.2500, majority class 0.3750, LinearSVC 0.9125"]


@pytest.mark.parametrize("layers", ["fc1", "fc1+fc2+fc3+fc4", "fc1+fc2+fc3+fc4+fc5"])
def test_columns_stay_apart(layers):
    text = format_sweep(result({layers: [0.0, 0.5, 1.0]}, scheme="reinit", unit="neuron"), BASE).split("\n")[-1]
    assert text.split()[:4] == [layers, "reinit", "neuron", "0.5000"]


# Relearning.


def saving(seed: int, steps: int | None, kind: str = "reached", scratch: int | None = 20, **changes) -> SavingsRow:
    """Savings 1 − steps / scratch, worked out here; a reason where there are none."""
    saved = None if steps is None or scratch is None else 1 - steps / scratch
    values = {
        **{"layers": "fc1", "scheme": "reinit", "dose": 0.5, "seed": seed, "accuracy_before": 0.875, "accuracy": 0.25},
        **{"chance": 0.25, "majority": 0.375, "target": 0.75, "steps": steps, "outcome": kind},
        **{"scratch_steps": scratch, "scratch_outcome": "reached" if scratch else "never", "savings": saved},
        **{"epochs": 50, "missing": {} if saved is not None else {"savings": "a reason for it"}},
        **{"savings_low": saved, "savings_high": -1.5 if saved is None else saved, "original_seed": seed},
    }
    return SavingsRow(**values | changes)


def relearned_lines(rows: list[SavingsRow]) -> list[list[str]]:
    text = format_relearning(RelearningResult(MODERN, rows=tuple(rows)), BASE)
    return [re.split(r" {2,}", line.strip()) for line in text.split("\n")]


def test_the_table_of_relearning_by_hand():
    rows = [
        *(saving(seed, steps) for seed, steps in enumerate([2, 4, 6, 8, 10])),  # savings 0.9 to 0.5: five above 0
        *(saving(seed, steps, layers="fc1+fc2", dose=1.0) for seed, steps in enumerate([15, 18, 22, 25, 30])),
        *(saving(seed, 0, "already there", dose=0.0, accuracy=0.875, untouched=True) for seed in range(5)),
        *(saving(seed, None, "never", scheme="normal", accuracy=0.125 * (seed + 1)) for seed in range(5)),
        saving(0, None, "diverged", scheme="noise", accuracy=None),
    ]
    first, empty, head, *found = relearned_lines(rows)
    assert first == [
        "Validation accuracy 0.8750; chance 0.2500, majority class 0.3750. To be reached on the validation part: 0.7500"
    ]
    assert empty == [""]
    titles = ["layers", "scheme", "dose", "accuracy after", "savings", "90 % interval", "log ratio", "p", "corrected p"]
    assert head == [*titles, "corrected conclusion over models"]
    # Four variants are of something randomized and can be compared: 1/32 becomes 4/32 by Benjamini & Hochberg.
    assert [line[:10] for line in found[:5]] == [
        [
            "fc1",
            "reinit",
            "0.5",
            "0.2500",
            "0.70",
            "0.50 to 0.90",
            "1.20",
            "0.031",
            "0.12",
            "no memory shown (remembers alone)",
        ],
        ["fc1+fc2", "reinit", "1", "0.2500", "−0.10", "−0.50 to 0.25", "−0.10", "0.81", "1", "no memory shown"],
        [
            "fc1",
            "reinit",
            "0",
            "0.8750",
            "1.00",
            "1.00 to 1.00",
            "∞",
            "none",
            "none",
            "nothing randomized; 5 already there",
        ],
        [
            "fc1",
            "normal",
            "0.5",
            "0.3750",
            "at most −1.50",
            "−∞ to −1.50",
            "at most −0.91",
            "1",
            "1",
            "no memory shown; 5 never reached",
        ],
        [
            "fc1",
            "noise",
            "0.5",
            "missing",
            "at most −1.50",
            "none",
            "at most −0.91",
            "1",
            "1",
            "too few seeds; 1 diverged",
        ],
    ]


def test_why_no_seed_has_savings_is_said():
    """Rule 5 of the design: a metric that is missing is missing with its reason."""
    reason = "the target, an accuracy of 20 %, is not above chance (25 %)"
    rows = [saving(seed, 5, scratch=None, savings_high=None, missing={"savings": reason}) for seed in range(5)]
    text = format_relearning(RelearningResult(MODERN, rows=tuple(rows)), BASE)
    assert "none" in text
    assert reason in " ".join(text.split())


@pytest.mark.parametrize(("layers", "dose"), [("fc1", 1.0), ("fc1+fc2+fc3+fc4", 1 / 3), ("fc1+fc2+fc3+fc4+fc5", 1e-5)])
def test_columns_of_relearning_stay_apart(layers, dose):
    lines = format_relearning(
        RelearningResult(MODERN, rows=(saving(0, 5, layers=layers, scheme="permute", dose=dose),)), BASE
    ).split("\n")
    assert lines[-1].split()[:5] == [layers, "permute", f"{dose:.3g}", "0.2500", "0.75"]
    assert lines[-2].index("savings") + 7 == lines[-1].index("0.75") + 4  # aligned on the right


# Unlearning. Of the small split 9 ports, 18 reds and 13 whites are in training, 3, 6 and 5 in validation.

OF_RETRAINED = {"forget_accuracy": 0.5, "retain_accuracy": 1.0, "validation_accuracy": 0.75, "attack_auc": 0.5}


def unlearned(
    method: str, seed: int = 0, over: bool | None = False, missing: dict | None = None, **metrics
) -> evaluation.UnlearningRow:
    values = dict.fromkeys(evaluation.UNLEARNING_METRICS) | dict.fromkeys(evaluation.UNLEARNING_METRICS, 0.25) | metrics
    retrained = dict.fromkeys(evaluation.MODEL_METRICS, 0.25) | OF_RETRAINED
    return evaluation.UnlearningRow(method, seed, values, retrained, missing=missing or {}, over_forgets=over)


def unlearned_result(small_split, rows) -> UnlearningResult:
    sets = make_forget_sets(small_split, Forget(by="class", label="port"))
    return UnlearningResult(MODERN, sets, tuple(rows), 5, len(rows))


def test_the_table_of_unlearning_by_hand(small_split):
    rows = [
        unlearned("original", forget_accuracy=1.0, retain_accuracy=1.0, validation_accuracy=0.875, tow=0.5,
                  attack_auc=0.75, anamnesis=0.125, seconds_ratio=0.0625),
        unlearned("eu_k", 0, True, forget_accuracy=0.0),
        unlearned("eu_k", 1, True, forget_accuracy=0.25),
        unlearned("eu_k", 2, False, forget_accuracy=0.375),
        unlearned("cf_k", anamnesis=None, missing={"anamnesis": "left out by hand"}),
    ]  # fmt: skip
    text = format_unlearning(unlearned_result(small_split, rows))
    lines = text.split("\n")
    assert lines[0].startswith("9 reviews to forget (a share of 10\u00a0%), 31 to retain, 14 for validation, ")
    head = next(line for line in lines if line.startswith("method"))
    assert re.split(r" {2,}", head) == [
        "method", "forget", "retain", "validation", "ToW", "attack AUC", "steps", "AIN", "time ratio",
    ]  # fmt: skip
    by_name = {line.split()[0]: re.split(r" {2,}", line) for line in lines if line}
    assert by_name["original"] == [
        *("original", "1.000 (+0.500)", "1.000 (+0.000)", "0.875 (+0.125)", "0.500 (-0.500)"),
        *("0.750 (+0.250)", "0.25 (+0)", "0.125 (-0.875)", "0.062"),  # about the original nothing is concluded
    ]
    assert by_name["eu_k"][:2] == ["eu_k", "0.250 (-0.250)"]
    assert by_name["eu_k"][-1] == "over-forgets?"  # nothing is kept of the reviews, so that it cannot be told
    assert by_name["cf_k"][-4:-2] == ["missing", "0.250"]
    assert by_name["largest"] == ["largest class", "0.000", f"{18 / 31:.3f}", f"{6 / 14:.3f}"]
    assert by_name["chance"] == ["chance", "0.333", "0.333", "0.333", "0.500"]
    assert "missing for cf_k (anamnesis): left out by hand" in lines
    assert text.count("left out by hand") == 1


def test_a_gap_that_is_missing_is_no_number(small_split):
    """The retrained model may have no metric where the method's has one."""
    row = unlearned("scrub", forget_accuracy=0.5)
    row.retrained["forget_accuracy"] = None
    text = format_unlearning(unlearned_result(small_split, [row]))
    assert "nan" not in text
    assert "0.500" in text


@pytest.mark.parametrize("name", ["scrub", "a_method_of_my_own_with_a_long_name", "x" * 24])
def test_columns_of_unlearning_stay_under_their_titles(small_split, name):
    lines = format_unlearning(unlearned_result(small_split, [unlearned("original"), unlearned(name)])).split("\n")
    head, own = (next(line for line in lines if line.startswith(start)) for start in ("method", name))
    assert head.index("forget") + 6 == own.index(")") + 1
    assert own.split()[0] == name


def failing(small_split) -> str:
    """The table where two methods have no index, each for a reason of its own."""
    rows = [
        unlearned(
            "mine",
            **dict.fromkeys(evaluation.UNLEARNING_METRICS),
            missing=dict.fromkeys(evaluation.UNLEARNING_METRICS, "mine\nfailed"),
        ),
        unlearned("cf_k", anamnesis=None, missing={"anamnesis": "never reached by hand"}),
    ]
    return format_unlearning(unlearned_result(small_split, rows))


def test_a_reason_stays_on_its_line(small_split):
    assert "mine failed" in failing(small_split)


def test_each_method_has_its_own_reason(small_split):
    text = " ".join(failing(small_split).split())
    assert "mine failed" in text
    assert "never reached by hand" in text
