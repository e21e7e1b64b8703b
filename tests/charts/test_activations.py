"""Maps and curves of similarity: valid, of exactly the given numbers, and texts of reviews as data."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from app_pages import HOSTILE
from chart_parts import data_of, marks, valid

from forgetting.charts.activations import (
    FLIPPED,
    HOVERED,
    MOST_GROUPS,
    OTHER_CLASSES,
    UNCHANGED,
    describe_point,
    layer_similarity_chart,
    map_chart,
    name_groups,
    similarity_chart,
)
from forgetting.charts.style import BASELINE, ORIGINAL, RELEARNED
from forgetting.metrics.intervals import Band
from forgetting.studies.activations import ActivationMap

DRAWS = np.random.default_rng(0)
PLACES = ActivationMap(DRAWS.standard_normal((6, 2)), DRAWS.standard_normal((6, 2)), np.array([0.6, 0.2]), 0.3, 0.5)
NAMES = (["a", "b", "a", "c", "a", "b"], ["b", "b", "c", "c", "a", "a"])


def traces(chart, axis: str) -> list[dict]:
    return [trace for trace in chart.to_dict()["data"] if trace["xaxis"] == axis]


@pytest.mark.parametrize("linked", [True, False])
def test_both_maps_hold_each_review_once_where_it_lies(linked):
    chart = map_chart(PLACES, NAMES, ["a", "b"], [f"review {row}" for row in range(6)], [0, 3], linked=linked)
    go.Figure(chart.to_dict())  # which validates it
    for axis, points, names in zip(("x", "x2"), (PLACES.original, PLACES.randomized), NAMES, strict=True):
        found = {}
        for trace in traces(chart, axis):
            for at, row in enumerate(trace["customdata"]):
                assert trace["legendgroup"] == (names[row] if names[row] in ("a", "b") else OTHER_CLASSES)
                assert trace["text"][at] == f"review {row}"
                assert (at in trace["selectedpoints"]) == (row in (0, 3))
                found[row] = (trace["x"][at], trace["y"][at])
        np.testing.assert_allclose([found[row] for row in range(6)], points, atol=1e-4)
    layout = chart.to_dict()["layout"]
    assert (layout["xaxis2"].get("matches"), layout["yaxis2"].get("matches")) == (
        ("x", "y") if linked else (None, None)
    )
    assert [trace["showlegend"] for trace in traces(chart, "x2")] == [False] * 3


def test_without_a_selection_no_review_fades():
    chart = map_chart(PLACES, NAMES, ["a", "b", "c"], [""] * 6)
    assert {trace["selectedpoints"] for trace in chart.to_dict()["data"]} == {None}


def test_groups_can_be_told_apart_by_colour_and_shape():
    many = [f"class {number}" for number in range(40) for _ in range(40 - number)]
    groups = name_groups(many)
    assert groups == [f"class {number}" for number in range(MOST_GROUPS)]
    places = ActivationMap(np.zeros((len(many), 2)), np.zeros((len(many), 2)), np.zeros(2), None, 0.0)
    drawn = traces(map_chart(places, (many, many), groups, [""] * len(many)), "x")
    looks = [(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in drawn]
    assert len(set(looks)) == len(looks) == MOST_GROUPS + 1
    assert drawn[-1]["name"] == OTHER_CLASSES
    flips = [UNCHANGED, FLIPPED] * 3
    first, second = traces(map_chart(PLACES, (flips, flips), [UNCHANGED, FLIPPED], [""] * 6), "x")
    assert (first["marker"]["color"], first["marker"]["symbol"]) == (BASELINE, "circle")
    assert second["marker"]["symbol"] == "diamond"


def test_texts_and_names_are_data():
    text = describe_point(HOSTILE * 9, f"true class: {HOSTILE}")
    for part in text.split("<br>"):
        assert "<" not in part
        assert ">" not in part
    assert len(text) < 2 * HOVERED + 2 * len(HOSTILE)
    assert describe_point("  \n ", "x") == "(an empty text)<br>x"
    assert len(describe_point("a" * 10**6)) < 2 * HOVERED
    names = ([HOSTILE] * 6, [HOSTILE] * 6)
    chart = map_chart(PLACES, names, [HOSTILE], [text] * 6)
    assert all("<" not in trace["name"] for trace in chart.to_dict()["data"])


def test_curves_are_drawn_beside_models_trained_anew():
    curves = pd.DataFrame(
        {
            **{"layers": ["fc1", "fc1", "fc2", "fc2"] * 2, "layer": ["fc1"] * 4 + ["fc2"] * 4},
            **{"dose": [0.0, 1.0] * 4, "seeds": 2, "median": [1, -0.2, 1, 0.5] * 2},
        }
    ).assign(low=lambda table: table["median"] - 0.1, high=lambda table: table["median"])
    chart = similarity_chart(curves, Band(0.9, 0.85, 0.95), "fc1")
    spec = valid(chart)
    assert spec["title"] == "fc1"
    (points,) = marks(chart, "point")
    drawn = pd.DataFrame(data_of(chart, points))
    assert drawn["median"].tolist() == [1, -0.2, 1, 0.5]
    assert marks(chart, "area")[0]["encoding"]["y"]["scale"]["domain"] == pytest.approx([-0.3, 1])
    (band,) = marks(chart, "rect")
    assert data_of(chart, band) == [{"low": 0.85, "high": 0.95}]
    assert [row["value"] for row in data_of(chart, marks(chart, "rule")[0])] == [0.9]
    alone = similarity_chart(curves, Band(np.nan, np.nan, np.nan), "fc2")
    assert valid(alone)["title"] == "fc2 (the logits)"
    assert not [layer for layer in valid(alone)["layer"] if layer["mark"]["type"] == "rect"]


def test_layers_of_methods_stand_beside_retraining_and_the_original():
    table = pd.DataFrame(
        [
            {"method": method, "seed": seed, "set": "forget", "layer": layer, "cka": cka + seed / 100}
            for method, cka in (("original", 0.5), ("retrain", 0.9), ("scrub", -0.1), ("broken", np.nan))
            for layer in ("fc1", "fc2")
            for seed in range(3)
        ]
    )
    chart = layer_similarity_chart(table, "fc2")
    assert valid(chart)["title"] == "fc2"
    (medians,), (seeds,), (rules,) = (marks(chart, kind) for kind in ("point", "tick", "rule"))
    assert {row["name"]: row["cka"] for row in data_of(chart, medians)} == pytest.approx(
        {"original": 0.51, "exact retraining": 0.91, "SCRUB": -0.09}
    )
    assert len(data_of(chart, seeds)) == 9
    assert {row["colour"] for row in data_of(chart, rules)} == {ORIGINAL, RELEARNED}
    assert medians["encoding"]["x"]["scale"]["domain"] == pytest.approx([-0.1, 1])
    assert medians["encoding"]["y"]["scale"]["domain"][-1] == "broken"
    assert valid(layer_similarity_chart(table[table["method"] == "broken"], "fc1"))
