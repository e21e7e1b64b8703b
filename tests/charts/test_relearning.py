"""Charts of relearning: valid, drawn from exactly the numbers they are given, and readable in files of their own."""

import numpy as np
import pandas as pd
import pytest
from chart_parts import data_of, marks, scale_of, texts_of, valid

from forgetting.charts.export import chart_bytes
from forgetting.charts.relearning import MOST_EPOCHS, learning_curve_chart, savings_chart
from forgetting.charts.style import BASELINE, ORIGINAL, PALE, RELEARNED, SERIES_COLOURS
from forgetting.recipe.recipe import MODERN
from forgetting.studies.memory import savings_curves
from forgetting.studies.relearning import RelearningResult, learning_curve_bands

NAMES = {"scratch": "from scratch", "randomized": "relearned", "continued": "original"}
BASELINES = {"chance": 0.125, "largest class": 0.25, "original": 0.875}
SETS = ("fc2", "fc1", "fc1+fc2")  # in the order of a plan, which is not that of the alphabet


def curves(epochs=4, seeds=3, models=tuple(NAMES)) -> pd.DataFrame:
    """Curves of `RelearningResult`: each value another."""
    return pd.DataFrame(
        [
            {
                **{"model": model, "seed": seed, "epoch": epoch, "steps": 2.0 * epoch},
                "validation_accuracy": 0.1 + 0.2 * place + 0.3 * epoch / max(epochs, 1) + 0.01 * seed,
            }
            for seed in range(seeds)
            for place, model in enumerate(models)
            for epoch in range(epochs + 1)
        ],
        columns=["model", "seed", "epoch", "steps", "validation_accuracy"],
    )


def savings_of(values: dict, sets=SETS, seeds=3) -> pd.DataFrame:
    """Curves of savings. values: the mean savings by dose, of the first set; None where none has any."""
    spread = np.linspace(-0.05, 0.05, seeds) if seeds > 1 else [0.0]
    rows = [
        {
            **{"layers": layers, "scheme": "reinit", "dose": dose, "seed": seed, "accuracy": 0.5 - 0.25 * dose},
            **{"chance": 0.1, "majority": 0.2, "target": 0.8, "scratch_outcome": "reached"},
            "outcome": "never" if value is None else "reached",
            "steps": np.nan if value is None else 20 * (1 - saved),
            "scratch_steps": 20.0,
            "savings": saved,
            "savings_low": saved,
            "savings_high": -1.5 if value is None else saved,
            "split": 0,
            "original_seed": seed,
            "untouched": dose == 0,
        }
        for seed in range(seeds)
        for place, layers in enumerate(sets)
        for dose, value in values.items()
        for saved in [np.nan if value is None else value - 0.1 * place + spread[seed]]
    ]
    return savings_curves(pd.DataFrame(rows))


def chart_of_curves(frame: pd.DataFrame, epochs=4, target=0.8, baselines=None):
    return learning_curve_chart(
        learning_curve_bands(frame), BASELINES if baselines is None else baselines, epochs=epochs, target=target
    )


CHARTS = {
    "curves": lambda: chart_of_curves(curves()),
    "one seed": lambda: chart_of_curves(curves(seeds=1)),
    "one model alone": lambda: chart_of_curves(curves(models=("randomized",))),
    "before the first epoch": lambda: chart_of_curves(curves(epochs=0), epochs=1),
    "no curves yet": lambda: chart_of_curves(RelearningResult(MODERN).curves),
    "savings": lambda: savings_chart(savings_of({0.0: 1.0, 0.5: 0.5, 1.0: 0.0})),
    "savings of one seed": lambda: savings_chart(savings_of({0.0: 1.0, 1.0: 0.0}, seeds=1)),
    "savings of one set": lambda: savings_chart(savings_of({0.0: 1.0, 1.0: 0.0}, sets=("fc1",))),
    "savings at one dose": lambda: savings_chart(savings_of({0.5: 0.5})),
    "no savings at all": lambda: savings_chart(savings_of({0.5: None, 1.0: None})),
    "much longer than from scratch": lambda: savings_chart(savings_of({0.0: 1.0, 1.0: -40.0})),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_valid_and_a_file(name):
    chart = CHARTS[name]()
    valid(chart)
    texts = texts_of(chart_bytes(chart, "svg"))
    savings = "saving" in name or "scratch" in name
    for text in ["fraction randomized", "savings (share of steps saved)", "gone", "never lost"] if savings else [
        "epochs of training", "validation accuracy", *BASELINES, "target",
    ]:  # fmt: skip
        assert text in texts


# Curves.


def test_curves_are_their_bands_and_medians():
    frame = curves()
    chart = chart_of_curves(frame)
    (area,), (line,), (point,) = (marks(chart, kind) for kind in ("area", "line", "point"))
    rows = data_of(chart, area)
    assert data_of(chart, line) == data_of(chart, point) == rows
    assert len(rows) == 3 * 5
    for row in rows:
        model = next(key for key, name in NAMES.items() if name == row["model"])
        own = frame[(frame["model"] == model) & (frame["epoch"] == row["epoch"])]
        values = own["validation_accuracy"]
        assert (row["low"], row["median"], row["high"]) == pytest.approx(tuple(np.quantile(values, [0.05, 0.5, 0.95])))
        assert (row["seeds"], row["steps"]) == (3, 2 * row["epoch"])
    assert (area["encoding"]["y"]["field"], area["encoding"]["y2"]["field"]) == ("low", "high")
    assert line["encoding"]["y"]["field"] == point["encoding"]["y"]["field"] == "median"


@pytest.mark.parametrize("models", [tuple(NAMES), ("randomized",), ("scratch", "continued")])
def test_each_kind_of_model_keeps_its_colour(models):
    (line,) = marks(chart_of_curves(curves(models=models)), "line")
    assert scale_of(line) == {"original": ORIGINAL, "relearned": RELEARNED, "from scratch": BASELINE}


def test_accuracy_stands_beside_its_baselines_and_the_target():
    chart = chart_of_curves(curves(), target=0.7)
    (rule,), (text,) = marks(chart, "rule"), marks(chart, "text")
    assert {row["name"]: row["value"] for row in data_of(chart, rule)} == {**BASELINES, "target": 0.7}
    assert rule["mark"]["color"] == BASELINE
    assert rule["mark"]["strokeDash"]
    assert text["encoding"]["x"] == {"value": "width"}
    places = sorted(row["label_y"] for row in data_of(chart, text))
    assert min(np.diff(places)) >= 0.06 - 1e-9
    (area,) = marks(chart, "area")
    assert area["encoding"]["y"]["scale"]["domain"] == [0, 1]


@pytest.mark.parametrize(
    ("epochs", "every"), [(1, 1), (4, 1), (MOST_EPOCHS, 1), (MOST_EPOCHS + 1, 2), (3 * MOST_EPOCHS, 3)]
)
def test_long_curves_are_thinned_evenly_from_the_start(epochs, every):
    chart = chart_of_curves(curves(epochs=epochs, seeds=1, models=("scratch",)), epochs=epochs)
    (line,) = marks(chart, "line")
    found = [row["epoch"] for row in data_of(chart, line)]
    assert found == list(range(0, epochs + 1, every))
    assert len(found) <= MOST_EPOCHS + 1
    assert line["encoding"]["x"]["scale"]["domain"] == [0, epochs]


# Savings.


@pytest.mark.slow
def test_savings_by_hand():
    frame = savings_of({0.0: 1.0, 0.5: 0.5, 1.0: 0.0})
    chart = savings_chart(frame)
    (area,), (line,), (point,) = (marks(chart, kind) for kind in ("area", "line", "point"))
    found = {(row["layers"], row["dose"]): row for row in data_of(chart, area)}
    assert list(found) == [(layers, dose) for layers in SETS for dose in (0.0, 0.5, 1.0)]
    for (layers, dose), row in found.items():
        middle = 1 - dose - 0.1 * SETS.index(layers)
        # Of three seeds, 0.05 apart, the 5th percentile is a tenth of a step above the least.
        assert (row["low"], row["median"], row["high"]) == pytest.approx((middle - 0.045, middle, middle + 0.045))
        assert row["accuracy"] == pytest.approx(0.5 - 0.25 * dose)
    assert data_of(chart, line) == data_of(chart, point) == data_of(chart, area)
    assert {row["name"]: row["value"] for row in data_of(chart, marks(chart, "rule")[0])} == {
        "gone": 0.0, "never lost": 1.0,
    }  # fmt: skip
    fields = {item["field"] for item in point["encoding"]["tooltip"]}
    assert fields >= {"savings", "interval_low", "low", "high", "units", "already_there", "never", "accuracy"}
    assert fields >= {"conclusion", "corrected", "log_ratio"}


def test_what_never_gets_there_lies_at_the_lower_end_and_the_sets_keep_their_colours():
    frame = savings_of({0.0: 1.0, 0.5: None, 1.0: None})
    frame.loc[(frame["layers"] == "fc2"), ["low", "median", "high"]] = np.nan  # the first of the plan has none at all
    chart = savings_chart(frame)
    (line,), (point,) = marks(chart, "line"), marks(chart, "point")
    drawn = {(row["layers"], row["dose"]): row["median"] for row in data_of(chart, line) if row["median"] is not None}
    assert drawn.pop(("fc1", 0.0)) == 0.9
    assert drawn.pop(("fc1+fc2", 0.0)) == 0.8
    assert drawn == dict.fromkeys([(layers, dose) for layers in ("fc1", "fc1+fc2") for dose in (0.5, 1.0)], -0.5)
    assert {row["name"]: row["value"] for row in data_of(chart, marks(chart, "rule")[0])}["never reached"] == -0.5
    never = [row["savings"] for row in data_of(chart, point) if row["dose"] > 0 and row["layers"] != "fc2"]
    assert set(never) == {"at most −1.50"}
    scale = line["encoding"]["color"]["scale"]
    assert (scale["domain"], scale["range"]) == (list(SETS), list(SERIES_COLOURS[:3]))
    assert point["encoding"]["shape"]["scale"]["domain"] == list(SETS)


def test_memory_that_is_not_shown_beside_the_other_variants_is_pale():
    frame = savings_of({0.5: 0.5, 1.0: 0.5}, seeds=5)
    frame["corrected"] = ["remembers", "gone"] * 3
    (point,) = marks(savings_chart(frame), "point")
    assert [row["alone"] for row in data_of(savings_chart(frame), point)] == [False, True] * 3
    assert point["encoding"]["opacity"]["condition"] == {"test": "datum.alone", "value": PALE}


@pytest.mark.parametrize(
    ("least", "end"), [(1.0, -0.1), (0.0, -0.1), (-0.5, -0.5), (-2.5, -2.0), (-40.0, -2.0), (None, -0.5)]
)
def test_the_axis_holds_gone_and_never_lost_and_is_no_longer_than_needed(least, end):
    (area,) = marks(savings_chart(savings_of({0.0: 1.0, 1.0: least}, sets=("fc1",), seeds=1)), "area")
    scale = area["encoding"]["y"]["scale"]
    assert scale["domain"] == [pytest.approx(end), 1.05]
    assert scale["clamp"]


def test_the_chart_leaves_the_curves_as_they_are():
    frame = savings_of({0.0: 1.0, 1.0: None})
    before = frame.copy(deep=True)
    savings_chart(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs == before.attrs
