"""Altair charts of responses: valid, with exactly the numbers they are given, and files that stand on their own."""

import io
import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from chart_parts import data_of, marks, scale_of, texts_of, valid
from PIL import Image

from forgetting.charts import dose_response as dose_response_charts
from forgetting.charts.attribution import words_chart
from forgetting.charts.dose_response import (
    MOST_LABELS,
    PICK,
    PICKED,
    cascade_chart,
    current_dose_chart,
    dose_chart,
    half_way_chart,
    heat_chart,
    layer_effects_chart,
    metric_style,
    robustness_chart,
    uncertainty_chart,
    with_intervals,
)
from forgetting.charts.export import chart_bytes
from forgetting.charts.style import BASELINE, HEAT, LIGHT_TEXT_FROM, RANDOMIZED, SERIES_COLOURS
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.intervals import Band
from forgetting.studies.dose_response import HalfWay, cascade_curves, curves
from forgetting.studies.layer_effects import LayerEffect
from forgetting.studies.layer_robustness import LayerRobustness
from forgetting.studies.nested import NESTED_COLUMNS, NestedCurve

BASE = Baselines(
    chance=0.125,
    chance_loss=2.0794,
    majority={"training": 0.3, "validation": 0.25},
    majority_macro_f1={"training": 0.06, "validation": 0.05},
    all_no=0.875,
    linear_svc={"training": 0.99, "validation": 0.75},
    majority_class=0,
    majority_balanced_accuracy={"training": 0.125, "validation": 0.125},
)
SETS = ("fc2", "fc1", "fc1+fc2")  # in the order of a plan, which is not that of the alphabet
# Every metric that the Layers page offers, and the baselines that must stand beside it.
METRICS = {
    "accuracy": {"chance": 0.125, "largest class": 0.25, "LinearSVC": 0.75},
    "loss": {"uniform guess": 2.0794},
    "temperature_scaled_loss": {"uniform guess": 2.0794},
    "most_predicted_share": {"largest class": 0.25},
    "entropy": {"uniform": math.log(8)},
    "forgetting": {"intact": 0.0, "at chance": 1.0},
    "macro_f1": {"largest class": 0.05},
    "balanced_accuracy": {"chance": 0.125, "largest class": 0.125},
    "forgetting_above_majority": {"intact": 0.0, "at the largest class": 1.0},
    "agreement": {"chance": 0.125},
    "divergence": {"nothing in common": 1.0},
    "top_k_accuracy": {"chance": 0.375},
}
STYLE = metric_style("accuracy", BASE, "nats")


def rows_of(sets=SETS, schemes=("zero",), doses=(0.0, 0.25, 1.0), seeds=4) -> pd.DataFrame:
    """A sweep's frame: accuracy falls by set, dose and seed, each value another."""
    return pd.DataFrame(
        [
            {
                **{
                    "layers": layers,
                    "scheme": scheme,
                    "unit": "weight",
                    "seed": seed,
                    "planned_dose": dose,
                    "dose": dose,
                },
                **{"relative_change": 2 * dose, "validation_accuracy_before": 0.9},
                "validation_accuracy": 0.9 - dose * (0.3 + 0.1 * place + 0.05 * other + 0.01 * seed),
            }
            for seed in range(seeds)
            for other, scheme in enumerate(schemes)
            for dose in doses
            for place, layers in enumerate(sets)
        ]
    )


TABLE = curves(rows_of())
HALVES = (
    HalfWay("fc1", "zero", "weight", 0.5, 0.25, 0.75, 4),
    HalfWay("fc2", "zero", "weight", 0.5, 0.25, None, 4, "the interval is open", until=0.875),
    HalfWay("fc1+fc2", "zero", "weight", 0.5, None, 0.75, 4, "the interval is open"),
    HalfWay("fc1", "normal", "weight", 0.125, None, None, 1, "a reason"),
    HalfWay("fc1", "zero", "neuron", None, None, None, 4, "accuracy does not get half-way", "never"),
)
LABELS = {  # of what has no half-way dose, by its kind
    "never": "not reached up to 40\u00a0%",
    "before": "reached before the smallest fraction",
    "unmeasured": "not measured yet",
    "undefined": "undefined",
}
ROBUST = (
    LayerRobustness(
        *("fc1", 100, 0.9, 0.125, 0.6, Band(0.8, 0.7, 1.5), (0.4, 0.3), 2.0, 1.0, "critical", (0.55, 0.7)),
        together=(0.5, 0.75),
        alone="critical",
        rerandomized_interval=(0.7, 1.5),
    ),
    LayerRobustness(
        *("fc2", 20, 0.9, 0.125, -0.3, Band(0.1, -0.1, 0.2), (0.9, 0.8), 0.5, 1.0, "robust or in between"),
        interval=(-0.4, 0.1),
        together=(-0.5, 0.3),
        alone="robust",
        rerandomized_interval=(-0.1, 0.2),
    ),
)
SOURCES = pd.DataFrame(
    {
        "layers": ["fc1", "fc1", "fc2", "fc2"],
        "source": ["reviews", "draw"] * 2,
        "share": [0.75, 0.25, 1.0, 0.0],
        "half": [3.0, 1.7, 4.0, 0.0],
    }
)
INFLUENCE = {"lemon": 0.5, "apple": 0.25, "pear": 0.125}


def own_chart(value: float | None = 0.7, metric: str = "validation_accuracy"):
    rows = rows_of(("fc1",))
    own = rows[rows["seed"] == 2]
    return current_dose_chart(curves(rows), own, STYLE, dose=0.3, value=value, metric=metric)


EFFECTS = (
    LayerEffect("blocks.0.attention", "reinit", 0.2, 0.9, 0.8, 1.1, "critical"),
    LayerEffect("head", "rewind", 0.8, 0.1, -0.1, 0.4, "robust or in between"),
    LayerEffect("positions", "reinit", 0.8, 0.1, None, None, "undecided"),
)
CHARTS = {
    "dose": lambda: dose_chart(TABLE, STYLE),
    "dose, schemes by change": lambda: dose_chart(
        curves(rows_of(("fc1",), ("zero", "noise"))), STYLE, by="scheme", match="change"
    ),
    "dose, narrow": lambda: dose_chart(TABLE, STYLE, narrow=True),
    "own dose": own_chart,
    "heat": lambda: heat_chart(TABLE, STYLE, worst=0.125, best=0.9),
    "cascade": lambda: cascade_chart(cascade_curves(rows_of(doses=(1.0,)), ("fc1", "fc2")), STYLE),
    "half-way": lambda: half_way_chart(HALVES),
    "uncertainty": lambda: uncertainty_chart(SOURCES),
    "robustness": lambda: robustness_chart(ROBUST),
    "layer effects": lambda: layer_effects_chart(EFFECTS),
    "words": lambda: words_chart(INFLUENCE, "influence on the logit"),
}
TITLES = {  # of the axes, which must be in the picture
    "dose": ["fraction randomized", "validation accuracy"],
    "dose, schemes by change": ["‖ΔW‖₂ / ‖W‖₂ (change of the weights by their norm)", "validation accuracy"],
    "dose, narrow": ["fraction randomized", "validation accuracy"],
    "own dose": ["fraction randomized", "validation accuracy"],
    "heat": ["fraction randomized"],
    "cascade": ["number of layers randomized", "validation accuracy"],
    "half-way": ["half-way fraction randomized (D50)", "and its 95 % interval"],
    "uncertainty": ["share of the variance"],
    "robustness": ["forgetting on validation"],
    "layer effects": ["forgetting on validation"],
    "words": ["influence on the logit"],
}
BESIDE = {  # other texts that must be read in the picture
    "dose": ["chance", "largest class", "LinearSVC", "fc1", "fc2", "fc1+fc2"],
    "dose, schemes by change": ["chance", "largest class", "LinearSVC", "zeros", "added noise"],
    "dose, narrow": ["chance", "largest class", "LinearSVC", "fc1", "fc2", "fc1+fc2"],
    "own dose": ["chance", "largest class", "LinearSVC"],
    "heat": ["fc1", "fc2", "fc1+fc2"],
    "cascade": ["chance", "largest class", "LinearSVC", "top-down", "bottom-up"],
    "half-way": ["fc1 · zeros", "fc2 · zeros", "fc1 · N(0, 1)", "fc1 · zeros · neuron", "not reached up to 100\u00a0%"],
    "uncertainty": ["fc1", "fc2", "reviews: 75\u00a0%", "draw: 25\u00a0%", "reviews: 100\u00a0%", "draw: 0\u00a0%"],
    "robustness": [
        "fc1",
        "fc2",
        "re-initialized (initial weights)",
        "re-randomized (fresh draw)",
        "intact",
        "at chance",
    ],
    "layer effects": ["blocks.0.attention", "head", "positions", "intact", "at chance"],
    "words": list(INFLUENCE),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_valid(name):
    spec = valid(CHARTS[name]())
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert spec["height"]


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_shown_with_its_baselines(metric):
    style = metric_style(metric, BASE, "nats")
    assert {name: pytest.approx(value) for name, value in METRICS[metric].items()} == style.baselines
    assert style.title
    assert ("(nats)" in style.title) == (metric in ("loss", "temperature_scaled_loss", "entropy"))
    assert ("(bits)" in metric_style(metric, BASE, "bits").title) == (metric in ("loss", "temperature_scaled_loss"))
    if style.share:
        assert all(0 <= value <= 1 for value in style.baselines.values())
    chart = dose_chart(TABLE, style)
    (rule,) = marks(chart, "rule")
    assert {row["name"]: row["value"] for row in data_of(chart, rule)} == style.baselines
    assert rule["mark"]["color"] == BASELINE
    assert rule["mark"]["strokeDash"]
    (text,) = marks(chart, "text")
    assert [row["name"] for row in data_of(chart, text)] == list(style.baselines)
    assert text["encoding"]["text"]["field"] == "name"
    assert text["encoding"]["x"] == {"value": "width"}  # in the margin
    assert text["mark"]["align"] == "left"


@pytest.mark.slow
def test_a_narrow_chart_has_the_names_on_the_lines():
    wide, narrow = (dose_chart(TABLE, STYLE, narrow=narrow) for narrow in (False, True))
    (text,) = marks(narrow, "text")
    assert [row["name"] for row in data_of(narrow, text)] == list(STYLE.baselines)
    assert (text["mark"]["align"], text["mark"]["baseline"]) == ("right", "bottom")  # within the plot, above the line
    for kind in ("line", "area", "point", "rule"):
        ((first,), (second,)) = (marks(chart, kind) for chart in (wide, narrow))
        assert data_of(wide, first) == data_of(narrow, second)


def test_without_linear_svc_there_is_no_line_for_it():
    for svc in (None, {}):
        baselines = replace(BASE, chance_loss=2.0, linear_svc=svc)
        assert set(metric_style("accuracy", baselines, "nats").baselines) == {"chance", "largest class"}


def test_of_few_classes_the_best_three_are_all_there_is():
    baselines = replace(BASE, chance=0.5, chance_loss=0.69, all_no=0.5, linear_svc=None)
    assert metric_style("top_k_accuracy", baselines, "nats").baselines == {"chance": 1.0}


def test_names_of_close_baselines_are_apart():
    (text,) = marks(CHARTS["dose"](), "text")
    places = [row["label_y"] for row in data_of(CHARTS["dose"](), text)]
    assert min(np.diff(sorted(places))) >= 0.075 - 1e-9


@pytest.mark.parametrize("by", ["layers", "scheme"])
def test_a_dose_chart_holds_the_curves(by):
    chart = dose_chart(TABLE, STYLE, by=by)
    for kind, fields in (("line", {"y": "median"}), ("area", {"y": "low", "y2": "high"}), ("point", {"y": "median"})):
        (layer,) = marks(chart, kind)
        assert data_of(chart, layer) == TABLE.to_dict("records")
        assert layer["encoding"]["x"]["field"] == "planned_dose"
        assert {name: layer["encoding"][name]["field"] for name in fields} == fields


@pytest.mark.slow
def test_a_share_is_drawn_from_none_to_all():
    for metric in METRICS:
        (area,) = marks(dose_chart(TABLE, metric_style(metric, BASE, "nats")), "area")
        y = area["encoding"]["y"]
        assert ("domain" in y["scale"]) == metric_style(metric, BASE, "nats").share
        assert y["scale"].get("domain", [0, 1]) == [0, 1]
        assert area["encoding"]["x"]["scale"]["domain"] == [0, 1]


@pytest.mark.parametrize("by", ["layers", "scheme"])
def test_colours_are_in_the_order_of_the_plan_and_stay(by):
    schemes = ("zero", "normal", "noise")
    frame = rows_of(schemes=schemes)
    names = {"layers": list(SETS), "scheme": list(schemes)}[by]
    for seeds in (range(1), range(4)):  # while it runs, and when it is done
        chart = dose_chart(curves(frame[frame["seed"].isin(seeds)]), STYLE, by=by)
        (line,) = marks(chart, "line")
        assert line["encoding"]["color"]["field"] == by
        assert line["encoding"]["color"]["scale"] == {"domain": names, "range": list(SERIES_COLOURS[:3])}
        (point,) = marks(chart, "point")
        assert point["encoding"]["shape"]["scale"] == {"domain": names}


def test_a_series_without_a_value_leaves_the_others_their_colours():
    (line,) = marks(dose_chart(TABLE, STYLE), "line")
    colours = scale_of(line)
    frame = rows_of()
    frame.loc[frame["layers"] == "fc2", "validation_accuracy"] = np.nan
    (line,) = marks(dose_chart(curves(frame), STYLE), "line")
    fewer = scale_of(line)
    assert {name: colours[name] for name in fewer} == fewer


def test_more_series_than_colours_are_drawn():
    sets = [f"fc{number}" for number in range(1, 9)]
    (line,) = marks(dose_chart(curves(rows_of(sets)), STYLE), "line")
    assert line["encoding"]["color"]["scale"]["domain"] == sets
    assert line["encoding"]["color"]["scale"]["range"] == [*SERIES_COLOURS, *SERIES_COLOURS[: 8 - len(SERIES_COLOURS)]]


def test_a_point_can_be_picked():
    spec = dose_chart(TABLE, STYLE).to_dict()
    (parameter,) = spec["params"]
    assert PICKED == ["layers", "scheme", "unit", "seed", "seed_dose", "split"]
    assert parameter["name"] == PICK
    assert (parameter["select"]["type"], parameter["select"]["fields"]) == ("point", PICKED)
    assert set(PICKED) <= set(TABLE.columns)
    points = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")
    assert parameter["views"] == [points["name"]]
    assert "params" not in dose_chart(TABLE, STYLE, pick=False).to_dict()


@pytest.mark.parametrize(("match", "others"), [("dose", set()), ("change", {"dose"})])
def test_exact_values_are_shown_on_hover(match, others):
    (point,) = marks(dose_chart(TABLE, STYLE, match=match), "point")
    fields = [item["field"] for item in point["encoding"]["tooltip"]]
    known = {
        "layers",
        "scheme_name",
        "unit",
        "planned_dose",
        "relative_change",
        "median",
        "low",
        "high",
        "seeds",
        "seed",
    }
    assert set(fields) == known | others
    assert fields[3] == {"dose": "planned_dose", "change": "relative_change"}[match]


# The Forget page's own dose.


@pytest.mark.parametrize("value", [0.7, 0.0, None])
def test_the_own_dose_has_a_dot_where_there_is_a_value(value):
    chart = own_chart(value)
    dots = [layer for layer in marks(chart, "point") if layer["encoding"]["y"].get("field") == "value"]
    assert len(dots) == (value is not None)
    for dot in dots:
        assert data_of(chart, dot) == [{"planned_dose": 0.3, "value": value}]
        assert dot["mark"]["color"] == RANDOMIZED
    lines = [layer for layer in marks(chart, "rule") if "x" in layer["encoding"]]
    assert len(lines) == 1
    assert data_of(chart, lines[0])[0]["planned_dose"] == 0.3


def test_the_own_dose_holds_band_median_and_path():
    rows, chart = rows_of(("fc1",)), own_chart()
    table = curves(rows)
    (area,) = marks(chart, "area")
    assert [(row["low"], row["high"]) for row in data_of(chart, area)] == list(
        zip(table["low"], table["high"], strict=True)
    )
    middle, path = marks(chart, "line")
    assert [row["median"] for row in data_of(chart, middle)] == table["median"].tolist()
    own = rows[rows["seed"] == 2]
    assert path["encoding"]["y"]["field"] == "validation_accuracy"
    assert [row["validation_accuracy"] for row in data_of(chart, path)] == own["validation_accuracy"].tolist()


# Heat maps.


@pytest.mark.parametrize(("worst", "best"), [(0.125, 0.9), (2.1, 0.3), (0.125, 0.125)])
def test_a_heat_map_goes_from_the_worst_to_the_best(worst, best):
    chart = heat_chart(TABLE, STYLE, worst=worst, best=best)
    (cell,) = marks(chart, "rect")
    scale = cell["encoding"]["color"]["scale"]
    assert scale["domain"] == [worst, best]
    assert scale["range"] == list(HEAT)
    assert scale["clamp"]
    assert (cell["encoding"]["x"]["field"], cell["encoding"]["y"]["field"]) == ("planned_dose", "layers")
    assert cell["encoding"]["y"]["sort"] is None  # in the order of the plan
    assert [(row["layers"], row["planned_dose"], row["median"]) for row in data_of(chart, cell)] == list(
        zip(TABLE["layers"], TABLE["planned_dose"], TABLE["median"], strict=True)
    )


@pytest.mark.slow
def test_medians_are_read_in_the_heat_map():
    table = curves(rows_of(seeds=3))  # no median here is half of a percent
    texts = texts_of(chart_bytes(heat_chart(table, STYLE, worst=0.125, best=0.9), "svg"))
    for median in table["median"]:
        assert f"{100 * median:.0f}\u00a0%" in texts


@pytest.mark.parametrize(("cells", "written"), [(MOST_LABELS, True), (MOST_LABELS + 1, False)])
def test_few_values_are_written_into_the_heat_map(cells, written):
    table = curves(rows_of(("fc1",), doses=np.linspace(0, 1, cells).tolist(), seeds=1))
    spec = heat_chart(table, STYLE, worst=0.125, best=0.9).to_dict()
    assert any(layer["mark"]["type"] == "text" for layer in spec["layer"]) is written


@pytest.mark.parametrize(("worst", "best", "sign"), [(0.1, 0.9, ">"), (2.0, 0.0, "<")])
def test_values_on_dark_cells_are_white(worst, best, sign):
    (text,) = marks(heat_chart(TABLE, STYLE, worst=worst, best=best), "text")
    condition = text["encoding"]["color"]["condition"]
    name, found, turn = condition["test"].strip("()").split()
    assert (name, found) == ("datum.median", sign)
    assert float(turn) == pytest.approx(LIGHT_TEXT_FROM * best + (1 - LIGHT_TEXT_FROM) * worst)
    assert condition["value"] == "white"
    assert text["encoding"]["color"]["value"] != "white"


# Cascades.


def test_a_cascade_holds_its_steps():
    steps = cascade_curves(rows_of(doses=(1.0,)), ("fc1", "fc2"))
    chart = cascade_chart(steps, STYLE)
    (line,) = marks(chart, "line")
    found = [(row["cascade"], row["step"], row["layers"], row["median"]) for row in data_of(chart, line)]
    assert found == list(zip(*(steps[name] for name in ("cascade", "step", "layers", "median")), strict=True))
    assert len(found) == 6
    assert line["encoding"]["color"]["scale"]["domain"] == ["top-down", "bottom-up"]
    assert line["encoding"]["x"]["field"] == "step"
    rules = [data_of(chart, rule) for rule in marks(chart, "rule")]
    assert {row["name"]: row["value"] for row in rules[0]} == STYLE.baselines


def test_one_cascade_alone():
    steps = cascade_curves(rows_of(("fc1", "fc1+fc2"), doses=(1.0,)), ("fc1", "fc2"))
    (line,) = marks(cascade_chart(steps, STYLE), "line")
    assert line["encoding"]["color"]["scale"]["domain"] == ["bottom-up"]


# Forest plots.


def test_a_forest_plot_holds_the_doses_and_their_intervals():
    chart = half_way_chart(HALVES)
    (point,) = marks(chart, "point")
    rows = {row["curve"]: row for row in data_of(chart, point)}
    assert list(rows) == ["fc1 · zeros", "fc2 · zeros", "fc1+fc2 · zeros", "fc1 · N(0, 1)", "fc1 · zeros · neuron"]
    assert [row["never"] for row in rows.values()] == [None, None, None, None, "not reached up to 100\u00a0%"]
    assert [row["dose"] for row in rows.values()] == [0.5, 0.5, 0.5, 0.125, None]
    # An interval; one whose upper end is open, drawn to the last dose; one whose lower end is, drawn to 0; none; none.
    ends = [(row["low"], row["high"]) for row in rows.values()]
    assert ends == [(0.25, 0.75), (0.25, 0.875), (0.0, 0.75), (None, None), (None, None)]
    (span,) = marks(chart, "rule")
    assert (span["encoding"]["x"]["field"], span["encoding"]["x2"]["field"]) == ("low", "high")
    intervals = [row["interval"] for row in rows.values()]  # an open end is no end at 0 or at the last dose
    assert intervals == ["25–75\u00a0%", "from 25\u00a0%", "up to 75\u00a0%", "", ""]
    assert [item["field"] for item in point["encoding"]["tooltip"]] == ["curve", "dose", "interval", "note"]
    assert rows["fc1 · zeros"]["note"] == "4 seeds"
    assert [row["note"] for row in list(rows.values())[1:]] == [half.missing for half in HALVES[1:]]
    assert point["encoding"]["color"]["scale"]["domain"] == ["zero", "normal"]


def test_only_those_without_are_never_in_the_picture():
    never = "not reached up to 100\u00a0%"
    assert texts_of(chart_bytes(half_way_chart(HALVES), "svg")).count(never) == 1
    assert never not in texts_of(chart_bytes(half_way_chart(HALVES[:4]), "svg"))
    assert texts_of(chart_bytes(half_way_chart(HALVES[4:]), "svg")).count(never) == 1


@pytest.mark.parametrize("kind", LABELS)
def test_in_place_of_a_dose_stands_why_there_is_none(kind):
    none = HalfWay("fc9", "zero", "weight", None, None, None, 4, "a reason", kind, 0.4)
    chart = half_way_chart([*HALVES, none])
    assert texts_of(chart_bytes(chart, "svg")).count(LABELS[kind]) == 1
    row = data_of(chart, marks(chart, "point")[0])[-1]
    assert (row["never"], row["note"], row["dose"]) == (LABELS[kind], "a reason", None)


@pytest.mark.parametrize(("match", "words"), [("dose", "D50"), ("change", "‖ΔW‖₂ / ‖W‖₂")])
def test_a_forest_plot_names_what_is_half_way(match, words):
    (point,) = marks(half_way_chart(HALVES, match), "point")
    assert words in point["encoding"]["x"]["title"][0]


# Robustness.


def test_robustness_holds_both_ways_of_each_layer():
    chart = robustness_chart(ROBUST)
    (bar,) = marks(chart, "bar")
    back, anew = "re-initialized (initial weights)", "re-randomized (fresh draw)"
    found = [tuple(row[name] for name in ("layer", "how", "forgetting", "low", "high")) for row in data_of(chart, bar)]
    assert found == [
        ("fc1", back, 0.6, 0.5, 0.75),
        ("fc1", anew, 0.8, 0.7, 1.5),
        ("fc2", back, -0.3, -0.5, 0.3),
        ("fc2", anew, 0.1, -0.1, 0.2),
    ]
    assert bar["encoding"]["color"]["scale"]["domain"] == [back, anew]
    low, high = bar["encoding"]["x"]["scale"]["domain"]
    assert low <= -0.5
    assert high >= 1.5
    span = next(layer for layer in marks(chart, "rule") if layer["encoding"]["x"]["field"] == "low")
    assert span["encoding"]["x2"]["field"] == "high"
    assert data_of(chart, span) == data_of(chart, bar)
    lines = next(layer for layer in marks(chart, "rule") if layer["encoding"]["x"]["field"] == "at")
    assert data_of(chart, lines) == [{"at": 0.0, "name": "intact"}, {"at": 1.0, "name": "at chance"}]


@pytest.mark.parametrize("rows", [ROBUST[1:], ROBUST[:1]])
def test_the_axis_of_robustness_always_holds_intact_and_chance(rows):
    (bar,) = marks(robustness_chart(rows), "bar")
    low, high = bar["encoding"]["x"]["scale"]["domain"]
    assert low <= 0
    assert high >= 1


@pytest.mark.parametrize("known", [0, 1])
def test_a_layer_without_forgetting_is_drawn_as_nothing(known):
    missing = LayerRobustness("fc9", 20, 0.1, 0.125, None, None, (0.1, 0.1), 0.5, 1.0, "undefined")
    chart = robustness_chart([*ROBUST[:known], missing])
    (bar,) = marks(chart, "bar")
    rows = [row for row in data_of(chart, bar) if row["layer"] == "fc9"]
    assert [(row["forgetting"], row["low"], row["high"]) for row in rows] == [(None, None, None)] * 2
    assert all(math.isfinite(end) for end in bar["encoding"]["x"]["scale"]["domain"])
    assert "forgetting on validation" in texts_of(chart_bytes(chart, "svg"))


# Words.


def test_words_are_bars_in_their_order():
    chart = words_chart(INFLUENCE, "influence")
    (bar,) = marks(chart, "bar")
    assert [(row["word"], row["influence"]) for row in data_of(chart, bar)] == list(INFLUENCE.items())
    assert bar["encoding"]["y"]["sort"] is None
    assert bar["encoding"]["x"]["title"] == "influence"


# Files.


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dose", "heat", "half-way"])
def test_a_png(name):
    content = chart_bytes(CHARTS[name](), "png")
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    image = Image.open(io.BytesIO(content))
    assert 1_000 <= image.width <= 4_000
    assert image.height >= 150
    image = image.convert("RGB")
    assert len(image.getcolors(10_000_000)) > 10  # something is drawn
    assert image.getpixel((0, 0)) == (255, 255, 255)  # on white, whatever the theme


@pytest.mark.slow
@pytest.mark.parametrize("name", CHARTS)
def test_an_svg(name):
    texts = texts_of(chart_bytes(CHARTS[name](), "svg"))
    for text in (*TITLES[name], *BESIDE[name]):
        assert any(text in found for found in texts), text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dose", "half-way"])
def test_an_html_page_needs_no_network(name):
    page = chart_bytes(CHARTS[name](), "html").decode()
    assert "<html" in page[:200].lower()
    for tag in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", page):
        assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", tag), tag
    assert "vega" in page
    for text in (*TITLES[name], *BESIDE[name]):
        assert text in page or json.dumps(text)[1:-1] in page


@pytest.mark.slow
@pytest.mark.parametrize(
    "hostile",
    [
        "</script><img src=x onerror=alert(1)>",
        'quoted "</script>" and \\',
        "<!-- <script>",
    ],
)
def test_text_of_a_file_stays_text_in_an_html_page(hostile):
    """A name may be a class of an uploaded file; the page is built as for any other, and reads it back."""
    page, harmless = (chart_bytes(words_chart({name: 1.0}, name), "html").decode() for name in (hostile, "red"))
    for sign in ("<!DOCTYPE html>", "<script", "</script>", "<!--", "<img", "</body>", "<"):
        assert page.count(sign) == harmless.count(sign), sign
    spec, _ = json.JSONDecoder().raw_decode(page[page.rindex('{"config"') :])
    assert spec["encoding"]["x"]["title"] == hostile
    assert [row["word"] for rows in spec["datasets"].values() for row in rows] == [hostile]


def test_a_picture_leaves_the_chart_as_it_is():
    chart = CHARTS["dose"]()
    before = chart.to_json()
    assert chart_bytes(chart, "svg") == chart_bytes(chart, "svg")
    assert chart.to_json() == before


def test_every_public_chart_is_proved():
    public = {
        name
        for name, item in vars(dose_response_charts).items()
        if name.endswith("_chart") and item.__module__ == dose_response_charts.__name__
    }
    assert {code for make in CHARTS.values() for code in make.__code__.co_names} | {"current_dose_chart"} >= public


def test_the_fraction_0_is_no_test_that_others_are_corrected_for():
    points = pd.DataFrame(0.0, index=range(3), columns=NESTED_COLUMNS)
    points[["layers", "scheme", "unit"]] = ["fc1", "zero", "weight"]
    points = points.assign(planned_dose=[0.0, 0.25, 1.0], change_p=[1.0, 0.04, 0.045])
    table = with_intervals(curves(rows_of(("fc1",))), [NestedCurve("fc1", "zero", "weight", points)], "seeds")
    assert table["shown"].tolist() == ["not shown", "shown", "shown"]


def test_effects_are_drawn_with_their_intervals_pale_where_nothing_is_concluded():
    chart = layer_effects_chart(EFFECTS)
    (rule, *_), (point,) = (list(marks(chart, kind)) for kind in ("rule", "point"))
    found = [(row["forgetting"], row["low"], row["high"], row["decided"]) for row in data_of(chart, point)]
    assert found == [(0.9, 0.8, 1.1, True), (0.1, -0.1, 0.4, False), (0.1, None, None, False)]
    assert [row["at"] for row in data_of(chart, rule)] == [0.0, 0.25, 0.5, 1.0]


def test_a_long_cascade_names_the_layer_of_each_step_in_the_order_of_the_model():
    known = tuple("abcdefghij")
    sets = ["+".join(known[:count]) for count in range(1, 11)] + ["+".join(known[-count:]) for count in range(1, 10)]
    steps = cascade_curves(rows_of(tuple(sets), doses=(1.0,)), known)
    chart = cascade_chart(steps, STYLE)
    (line,) = marks(chart, "line")
    assert line["encoding"]["x"]["sort"] == list(known)
    found = {(row["cascade"], row["added"], row["layers"]) for row in data_of(chart, line)}
    assert ("bottom-up", "c", "a+b+c") in found
    assert ("top-down", "i", "i+j") in found
    assert len(found) == 20
