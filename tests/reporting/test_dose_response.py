"""What sentences about dose–response curves name: the right fractions, layer sets and schemes, and no "nan"."""

import pandas as pd
import pytest
from reporting_cases import BASELINES, MATCHED, MODEL, half, half_way, heat_map, matched, no_half, robustness

from forgetting.reporting.dose_response import NO_HALF_WAY, describe_robustness


@pytest.mark.parametrize(
    ("kind", "until", "text"),
    [
        ("never", 1.0, "not reached up to 100\u00a0%"),
        ("never", 0.4, "not reached up to 40\u00a0%"),
        ("before", 1.0, NO_HALF_WAY["before"]),
        ("unmeasured", 0.4, NO_HALF_WAY["unmeasured"]),
        ("undefined", 1.0, NO_HALF_WAY["undefined"]),
    ],
)
def test_where_there_is_no_half_way_the_reason_stands(kind, until, text):
    assert f"{text} for fc1." in half_way(no_half("fc1", kind, until))


def test_an_accuracy_that_there_is_not_is_missing():
    sentence = half_way(no_half("fc1", "undefined"), before=float("nan"))
    assert "missing" in sentence
    assert "nan" not in sentence


def test_schemes_and_units_are_named_where_there_are_several():
    assert "zero" not in half_way(half(), half("fc2"))
    assert "weight" not in half_way(half(), half("fc2"))
    assert "fc1 by zero" in half_way(half(), half(scheme="normal", dose=0.2))
    assert "fc1 (neurons)" in half_way(half(), half(unit="neuron", dose=0.2))


@pytest.mark.parametrize(("count", "more"), [(6, None), (7, 1), (40, 34)])
def test_of_many_curves_six_are_named(count, more):
    sentence = half_way(*(half(f"fc{number}", number / 100) for number in range(1, count + 1)))
    assert "6\u00a0% of fc6" in sentence
    assert "fc7" not in sentence
    assert (f"{more} more" in sentence) if more else ("more" not in sentence)


def test_where_there_is_no_accuracy_no_number_stands():
    table = pd.DataFrame({"layers": [], "planned_dose": [], "median": []}).astype(
        {"planned_dose": float, "median": float}
    )
    for sentence in (
        heat_map(table=table),
        matched(table.assign(scheme="zero", dose=0.0, relative_change=0.0)),
    ):
        assert not any(letter.isdigit() for letter in sentence)
        assert "nan" not in sentence


def test_layer_sets_are_compared_as_schemes_are():
    table = MATCHED.assign(layers=MATCHED["scheme"].map({"zero": "fc1", "noise": "fc2"}), scheme="normal")
    schemes = matched(MATCHED)
    assert matched(table, "layers") == schemes.replace("added noise", "fc2").replace("zeros", "fc1")


def test_a_scheme_that_reaches_nothing_is_one_of_all():
    table = MATCHED.copy()
    table.attrs["series"] = {"scheme": ["zero", "noise", "permute"]}
    assert matched(table) == matched(MATCHED.iloc[[2, 4]].reset_index(drop=True))
    table.attrs["series"] = {"scheme": ["zero", "noise"]}
    assert matched(table) == matched(MATCHED)


def test_robustness_of_a_model_without_an_accuracy():
    none = [robustness("fc1", None, (None, None), "undefined", before=None)]
    assert "before was missing" in describe_robustness(none, BASELINES, MODEL)
