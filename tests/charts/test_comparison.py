"""Charts hold exactly the numbers of the result, and text from a file stays text."""

import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from forgetting.charts import comparison as comparison_charts
from forgetting.charts.comparison import MOST_CLASSES, PALE, PARTS
from forgetting.charts.style import BASELINE, ORIGINAL, RANDOMIZED
from forgetting.experiment.pipeline import run
from forgetting.experiment.results import Outcome
from forgetting.metrics.scores import FEWEST_CLASS_REVIEWS, NOT_FINITE, Scores
from forgetting.randomization.layers import layer_table
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN
from forgetting.reporting.formatting import format_change

HOSTILE = ("<b>bold</b>", "<img src=http://127.0.0.1:9/x>", "a & b < c")


def validated(draw):
    """Draws the same chart as a figure of Plotly's, as it reaches the browser."""

    def drawn(*given, **named) -> go.Figure:
        written = json.loads(draw(*given, **named).to_json())
        figure = go.Figure(written)  # raises where a property is unknown or impossible
        assert json.loads(figure.to_json()) == written  # also where a property has its short form
        return figure

    return drawn


accuracy_chart = validated(comparison_charts.accuracy_chart)
bitwise_chart = validated(comparison_charts.bitwise_chart)
loss_chart = validated(comparison_charts.loss_chart)
recall_chart = validated(comparison_charts.recall_chart)
confusion_chart = validated(comparison_charts.confusion_chart)
weights_chart = validated(comparison_charts.weights_chart)


@pytest.fixture(scope="module")
def result(small_reviews):
    recipe = replace(
        MODERN.with_value("training.epochs", 10), randomization=Randomization(("fc1",), 0.5, seed=3)
    ).with_value("split.min_df", 1)
    return run(recipe, small_reviews)


@pytest.fixture(scope="module")
def compared(result):
    return result.comparison


def bars(chart: go.Figure) -> dict[str, list[dict]]:
    """The bars of each model, part by part."""
    (trace,) = (trace for trace in chart.data if trace.type == "bar")
    found = {}
    for index, (name, _) in enumerate(trace.customdata):
        ends = [values[index] if values else None for values in (trace.error_y.arrayminus, trace.error_y.array)]
        bar = {"y": trace.y[index], "colour": trace.marker.color[index], "below": ends[0], "above": ends[1]}
        found.setdefault(name, []).append(bar)
    return found


def lines(chart: go.Figure) -> list[go.Scatter]:
    return [trace for trace in chart.data if trace.type == "scatter" and trace.mode == "lines"]


def heat_map(chart: go.Figure, axis: str = "y") -> dict[str, list]:
    """The rows of a heat map, of which those of small classes are filled in a trace of their own."""
    strong, pale = (trace for trace in chart.data if trace.yaxis == axis)
    assert strong.y == pale.y
    shares = np.array([strong.z, pale.z], dtype=float)
    filled = ~np.isnan(shares).all(axis=2)
    assert not filled.all(axis=0).any()
    opacity = np.where(filled[0], strong.opacity, np.where(filled[1], pale.opacity, 0))
    z = np.where(filled[0][:, None], *shares)
    return {"y": list(strong.y), "z": z, "text": strong.text, "opacity": list(opacity)}


def line_heights(chart: go.Figure) -> dict[str, float]:
    """Where each baseline is drawn, by its name and part; it must be level and centred on the part."""
    found = {}
    for trace in lines(chart):
        for start in range(0, len(trace.x), 4):
            part = PARTS[round(trace.x[start + 1])]
            name = trace.text[start].split(": ")[0]
            assert name.endswith(part)
            assert trace.x[start + 1] == PARTS.index(part)
            assert len(set(trace.y[start : start + 3])) == 1
            assert trace.y[start + 3] is None
            found[name] = trace.y[start]
    return found


def texts(chart: go.Figure) -> list[str]:
    labels = [text for trace in chart.data if trace.type == "scatter" and trace.mode == "text" for text in trace.text]
    names = chart.layout.yaxis2.ticktext if "yaxis2" in chart.layout else ()
    return [*labels, *(annotation.text for annotation in chart.layout.annotations), *"<br>".join(names).split("<br>")]


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (accuracy_chart, "accuracy"),
        (bitwise_chart, "bitwise_accuracy"),
        (loss_chart, "loss"),
    ],
)
def test_bars_are_the_scores(draw, name, result, compared):
    found = bars(draw(compared, result.baselines))
    for title, outcome, colour in (
        ("original", compared.original, ORIGINAL),
        ("randomized", compared.randomized, RANDOMIZED),
    ):
        assert [bar["y"] for bar in found[title]] == [getattr(outcome.scores[part], name) for part in PARTS]
        assert {bar["colour"] for bar in found[title]} == {colour}


def test_the_intervals_are_wilsons(result, compared):
    found = bars(accuracy_chart(compared, result.baselines))
    for title, outcome in (("original", compared.original), ("randomized", compared.randomized)):
        for bar, part in zip(found[title], PARTS, strict=True):
            interval = (bar["y"] - bar["below"], bar["y"] + bar["above"])
            assert interval == pytest.approx(outcome.scores[part].interval, abs=1e-12)


def test_what_is_pointed_at_says_the_paired_change(result, compared):
    (trace,) = (trace for trace in accuracy_chart(compared, result.baselines).data if trace.type == "bar")
    marks = {
        trace.name: trace for trace in recall_chart(compared, ("a", "b", "c"), result.baselines).data if trace.name
    }
    changes, outcomes = compared.changes, (compared.original, compared.randomized)
    assert ["change" in text for text in trace.text] == [False, True, False, True]
    for text, part in zip(trace.text[1::2], PARTS, strict=True):
        accuracies = (outcome.scores[part].accuracy for outcome in outcomes)
        assert f"change {format_change(changes[part], *accuracies)}" in text
        assert ("luck" in text) == (not changes[part].decided)
    assert not any("change" in text for text in marks["original"].text)
    of_classes = {
        f"change {format_change(change, *recalls)}"
        if change.lost or change.gained
        else "right for the same reviews as before"
        for change, *recalls in zip(
            compared.class_changes("validation"),
            *(outcome.scores["validation"].recall for outcome in outcomes),
            strict=True,
        )
        if change
    }
    assert {text.split("<br>")[1] for text in marks["randomized"].text} == of_classes


def test_only_the_accuracy_has_intervals(result, compared):
    for draw in (loss_chart, bitwise_chart):
        found = bars(draw(compared, result.baselines))
        assert all(bar["above"] is None for model in found.values() for bar in model)


def test_baselines_are_drawn_at_their_values_and_named(result, compared):
    baselines = result.baselines
    expected = {
        accuracy_chart: {
            "chance": dict.fromkeys(PARTS, baselines.chance),
            "largest class": baselines.majority,
            "LinearSVC": baselines.linear_svc,
        },
        bitwise_chart: {"always “no”": dict.fromkeys(PARTS, baselines.all_no)},
        loss_chart: {"uniform guess": dict.fromkeys(PARTS, baselines.chance_loss)},
    }
    for draw, wanted in expected.items():
        chart = draw(compared, baselines)
        expected_heights = {
            f"{name}, {part}": height for name, parts in wanted.items() for part, height in parts.items()
        }
        assert line_heights(chart) == expected_heights
        assert all(line.line.color == BASELINE and line.line.dash in ("dash", "dot") for line in lines(chart))
        assert set(wanted) <= set(texts(chart))


def test_without_a_linear_svc_its_line_is_left_out(result, compared):
    chart = accuracy_chart(compared, replace(result.baselines, linear_svc=None))
    assert "LinearSVC" not in texts(chart)
    assert len(line_heights(chart)) == 4


def test_names_of_baselines_that_are_close_stand_one_above_the_other(result, compared):
    close = replace(
        result.baselines,
        chance=0.5,
        majority=dict.fromkeys(PARTS, 0.51),
        linear_svc=dict.fromkeys(PARTS, 0.9),
    )
    names = accuracy_chart(compared, close).layout.yaxis2
    assert dict(zip(names.ticktext, names.tickvals, strict=True)) == {
        "largest class<br>chance": 0.505,
        "LinearSVC": 0.9,
    }
    names = loss_chart(compared, close, reached=[1e6]).layout.yaxis2
    assert names.tickvals == pytest.approx([close.chance_loss])


def test_the_labels_of_bars_are_percent_or_losses(result, compared):
    for draw, name, form in (
        (accuracy_chart, "accuracy", lambda value: f"{100 * value:.0f}\u00a0%"),
        (loss_chart, "loss", lambda value: f"{value:.2f}"),
    ):
        found = texts(draw(compared, result.baselines))
        for outcome in (compared.original, compared.randomized):
            for part in PARTS:
                assert form(getattr(outcome.scores[part], name)) in found


def not_finite(compared):
    metrics = ("loss", "accuracy", "interval", "macro_f1", "bitwise_accuracy", "recall", "confusion")
    broken = Scores(14, missing=dict.fromkeys(metrics, NOT_FINITE))
    none = dict.fromkeys(PARTS)
    return replace(compared, randomized=Outcome({}, dict.fromkeys(PARTS, broken)), lost=none, gained=none)


def unchanged(compared, scores):
    """A comparison of two models that classify the same reviews correctly."""
    none = dict.fromkeys(PARTS, np.zeros(len(scores.confusion), dtype=int))
    same = dict.fromkeys(("original", "randomized"), Outcome({}, dict.fromkeys(PARTS, scores)))
    return replace(compared, lost=none, gained=none, **same)


@pytest.mark.parametrize("draw", [accuracy_chart, bitwise_chart, loss_chart])
def test_a_missing_metric_has_no_bar_and_says_so(draw, result, compared):
    chart = draw(not_finite(compared), result.baselines)
    assert [bar["y"] for bar in bars(chart)["randomized"]] == [None, None]
    assert texts(chart).count("missing") == 2


def test_the_axis_of_the_loss_holds_every_loss_that_is_reached(result, compared):
    """Linear up to a limit, then logarithmic, and called so; the bars of the comparison lie within it."""
    largest = max(outcome.scores[part].loss for outcome in (compared.original, compared.randomized) for part in PARTS)
    for reached in (0.1, 3.0, 17.0, 1e6):
        axis = loss_chart(compared, result.baselines, reached=[0.01, reached]).layout.yaxis
        logarithmic = reached > comparison_charts.MOST_ON_LINEAR_AXIS * result.baselines.chance_loss
        assert (axis.type == "log") == ("logarithmic" in axis.title.text) == logarithmic
        low, high = (10.0**end for end in axis.range) if logarithmic else axis.range
        assert low <= 0.01
        assert high > 1.1 * max(reached, largest, result.baselines.chance_loss)


def test_recalls_are_drawn_for_each_class_most_frequent_on_top(result, compared):
    classes = ("port", "red", "white")
    chart = recall_chart(compared, classes, result.baselines)
    marks = {trace.name: trace for trace in chart.data if trace.mode == "markers"}
    counts = compared.original.scores["validation"].confusion.sum(axis=1)
    order = np.argsort(-counts, kind="stable")[::-1]
    for title, outcome in (("original", compared.original), ("randomized", compared.randomized)):
        np.testing.assert_array_equal(marks[title].x, outcome.scores["validation"].recall[order])
        assert list(marks[title].y) == [classes[row] for row in order]
        confusion = outcome.scores["validation"].confusion
        told = [f"{title}: {confusion[row, row]} of {counts[row]} review" for row in order]
        assert all(text.startswith(start) for text, start in zip(marks[title].text, told, strict=True))
        assert list(marks[title].marker.opacity) == [PALE if counts[row] < FEWEST_CLASS_REVIEWS else 1 for row in order]
    assert any(shape.x0 == result.baselines.chance for shape in chart.layout.shapes)
    assert "chance" in texts(chart)


def test_the_cells_of_the_heat_maps_are_shares_of_the_true_class(compared):
    chart = confusion_chart(compared, ("port", "red", "white"))
    counts = compared.original.scores["validation"].confusion.sum(axis=1)
    order = np.argsort(-counts, kind="stable")
    for axis, outcome in (("y", compared.original), ("y2", compared.randomized)):
        drawn = heat_map(chart, axis)
        confusion = outcome.scores["validation"].confusion
        shares = confusion / confusion.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(drawn["z"], shares[np.ix_(order, order)])
        told = [[int(text.split("<br>")[2].split()[0]) for text in row] for row in drawn["text"]]
        np.testing.assert_array_equal(told, confusion[np.ix_(order, order)])
        np.testing.assert_allclose(np.nansum(drawn["z"], axis=1), 1)
        assert drawn["opacity"] == [PALE if counts[row] < FEWEST_CLASS_REVIEWS else 1 for row in order]


def test_histograms_count_every_weight(result, compared):
    models = (result.trained.model, compared.model)
    chart = weights_chart(*models, result.layers)
    assert len(chart.data) == 4
    for column, layer in enumerate(result.layers):
        for trace in chart.data[2 * column : 2 * column + 2]:
            assert sum(count for count in trace.y if count is not None and count == count) == layer.parameters


@pytest.mark.parametrize("value", [0.0, 0.3, float("nan"), float("inf")])
def test_histograms_of_weights_that_are_all_the_same_or_not_finite(result, value):
    model = run_copy(result.trained.model, value)
    chart = weights_chart(model, model, layer_table(model))
    for column, layer in enumerate(result.layers):
        total = sum(count for count in chart.data[2 * column].y if count is not None and count == count)
        assert total == (layer.parameters if np.isfinite(value) else 0)


def run_copy(model: torch.nn.Module, value: float) -> torch.nn.Module:
    import copy

    copied = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.fill_(value)
    return copied


def strings(value: object) -> list[str]:
    """All texts in a chart's plain form, data and keys of columns included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list | tuple | np.ndarray):
        return [text for item in value for text in strings(item)]
    return []


def test_names_of_classes_are_shown_as_text(result, compared):
    for chart in (
        recall_chart(compared, HOSTILE, result.baselines),
        confusion_chart(compared, HOSTILE),
    ):
        found = " ".join(strings(chart.to_dict()))
        assert not any(name in found for name in HOSTILE)
        assert "&lt;b&gt;bold" in found
        assert "a &amp; b &lt; c" in found


def test_classes_whose_names_begin_alike_keep_a_row_each(result, compared):
    classes = tuple(f"Chateau of a very long name indeed, vintage {year}" for year in (2017, 2018, 2019))
    recall = recall_chart(compared, classes, result.baselines)
    marks = next(trace for trace in recall.data if trace.mode == "markers")
    assert len(set(marks.y)) == 3
    assert len(set(heat_map(confusion_chart(compared, classes))["y"])) == 3


@pytest.mark.parametrize("classes", [("80", "90", "100"), ("2018-01-01", "2018-01-02", "2018-06-01")])
def test_classes_that_look_like_numbers_or_dates_are_names(classes, result, compared):
    recall = recall_chart(compared, classes, result.baselines)
    assert recall.layout.yaxis.type == "category"
    heat = confusion_chart(compared, classes)
    axes = (heat.layout.xaxis, heat.layout.xaxis2, heat.layout.yaxis, heat.layout.yaxis2)
    assert [axis.type for axis in axes] == ["category"] * 4


def test_of_many_classes_the_most_frequent_are_drawn(result, compared):
    count = MOST_CLASSES + 15
    confusion = np.diag(np.arange(1, count + 1))
    many = Scores(int(confusion.sum()), accuracy=1.0, recall=np.ones(count), confusion=confusion)
    both = unchanged(compared, many)
    classes = [f"class {row}" for row in range(count)]
    heat = heat_map(confusion_chart(both, classes))
    names = [f"class {row}" for row in range(count - 1, count - 1 - MOST_CLASSES, -1)]
    assert heat["y"] == [f"{name} · {number}" for number, name in enumerate(names, start=1)]
    recall = recall_chart(both, classes, result.baselines)
    assert set(next(trace for trace in recall.data if trace.mode == "markers").y) == set(names)


def test_a_class_without_validation_reviews_has_no_plausible_number(result, compared):
    confusion = np.array([[2, 1, 0], [0, 0, 0], [1, 0, 3]])
    recall = np.array([2 / 3, np.nan, 3 / 4])
    some = Scores(7, accuracy=5 / 7, recall=recall, confusion=confusion)
    both = unchanged(compared, some)
    heat = heat_map(confusion_chart(both, ("a", "b", "c")))
    assert np.isnan(heat["z"][heat["y"].index("b · 3")]).all()
    marks = [trace for trace in recall_chart(both, ("a", "b", "c"), result.baselines).data if trace.mode == "markers"]
    assert {text for trace in marks for text in trace.text if "missing" in text} == {
        f"{model}: missing, as there are no reviews" for model in ("original", "randomized")
    }


def test_charts_hold_no_title_and_are_of_fixed_height(result, compared):
    for chart in (
        accuracy_chart(compared, result.baselines),
        bitwise_chart(compared, result.baselines),
        loss_chart(compared, result.baselines),
        recall_chart(compared, ("a", "b", "c"), result.baselines),
        confusion_chart(compared, ("a", "b", "c")),
        weights_chart(result.trained.model, compared.model, result.layers),
    ):
        assert chart.layout.title.text is None
        assert chart.layout.height >= 170
