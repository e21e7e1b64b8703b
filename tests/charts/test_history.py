"""Altair charts hold exactly the numbers of the histories and counts."""

import altair as alt
import numpy as np
import pytest
from chart_parts import data_of, marks, scale_of

from forgetting.charts import vega as vega_charts
from forgetting.charts.data import classes_chart, lengths_chart
from forgetting.charts.history import MOST_POINTS, Curve, history_chart
from forgetting.charts.style import BASELINE, ORIGINAL, RELEARNED, TEXT
from forgetting.model.history import Epoch, PartMetrics


def history(epochs: int, shift: float = 0.0) -> list[Epoch]:
    return [
        Epoch(
            epoch,
            PartMetrics(2 / epoch + shift, 1 - 1 / epoch),
            PartMetrics(3 / epoch + shift, 0.5 - 0.5 / epoch),
            0.1 * epoch,
        )
        for epoch in range(1, epochs + 1)
    ]


def lines_of(chart: alt.LayerChart) -> list[dict]:
    """The rows that the lines of a history chart are drawn from."""
    (line,) = marks(chart, "line")
    return data_of(chart, line)


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_curves_are_the_history(metric):
    rows = history(5)
    chart = history_chart([Curve("original", rows)], metric, {"chance": 0.1}, epochs=5, title=metric)
    found = {(row["part"], row["epoch"]): row["value"] for row in lines_of(chart)}
    assert found == {
        (part, row.epoch): getattr(getattr(row, part), metric) for row in rows for part in ("training", "validation")
    }


def test_two_histories_keep_their_names_and_colours():
    drawn = [Curve("original", history(3)), Curve("relearned", history(2, 1.0), RELEARNED)]
    chart = history_chart(drawn, "loss", {}, epochs=3, title="loss")
    rows = lines_of(chart)
    assert [sum(row["model"] == curve.name for row in rows) for curve in drawn] == [6, 4]
    (line,) = marks(chart, "line")
    assert line["encoding"]["color"]["scale"] == {"domain": ["original", "relearned"], "range": [ORIGINAL, RELEARNED]}


def test_validation_is_drawn_thicker_than_training():
    (line,) = marks(history_chart([Curve("original", history(3))], "loss", {}, epochs=3, title="loss"), "line")
    widths = scale_of(line, "strokeWidth")
    assert widths["validation"] > 2 * widths["training"]


def test_the_axis_of_epochs_stands_still_while_curves_grow():
    for done in (0, 1, 40):
        chart = history_chart([Curve("original", history(done))], "loss", {}, epochs=40, title="loss")
        (line,) = marks(chart, "line")
        assert line["encoding"]["x"]["scale"]["domain"] == [0, 40]


def test_baselines_are_dashed_grey_rules_at_their_values():
    lines = {"chance": 0.1, "largest class": 0.19}
    chart = history_chart([Curve("original", history(3))], "accuracy", lines, epochs=3, title="accuracy")
    (rule,) = marks(chart, "rule")
    assert {row["name"]: row["value"] for row in data_of(chart, rule)} == lines
    assert rule["mark"]["color"] == BASELINE
    assert rule["mark"]["strokeDash"]


def test_an_empty_history_has_its_baselines_still():
    chart = history_chart([Curve("original", [])], "loss", {"uniform guess": 2.4}, epochs=10, title="loss")
    assert lines_of(chart) == []
    assert marks(chart, "rule")


@pytest.mark.parametrize("epochs", [MOST_POINTS, MOST_POINTS + 1, 777, 2_000])
def test_a_long_history_is_thinned_and_keeps_its_ends(epochs):
    rows = history(epochs)
    chart = history_chart([Curve("original", rows)], "loss", {}, epochs=epochs, title="loss")
    drawn = [row for row in lines_of(chart) if row["part"] == "validation"]
    numbers = [row["epoch"] for row in drawn]
    assert len(drawn) <= MOST_POINTS
    assert (numbers[0], numbers[-1]) == (1, epochs)
    assert numbers == sorted(set(numbers))
    assert all(row["value"] == rows[row["epoch"] - 1].validation.loss for row in drawn)


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([0.1, 0.5], [0.1, 0.5]),
        ([0.1, 0.12], [0.1, 0.2]),
        ([0.12, 0.1], [0.2, 0.1]),
        ([0.5, 0.5, 0.5], [0.5, 0.6, 0.7]),
        ([], []),
    ],
)
def test_names_that_are_close_are_moved_up(values, places):
    np.testing.assert_allclose(vega_charts.spread_apart(values, 0.1), places)


def test_the_names_of_baselines_are_apart_in_the_chart():
    lines = {"chance": 0.1, "largest class": 0.11, "LinearSVC": 0.12}
    chart = history_chart([Curve("original", history(3))], "accuracy", lines, epochs=3, title="accuracy")
    (text,) = marks(chart, "text")
    assert (np.diff([row["label_y"] for row in data_of(chart, text)]) > 0.07).all()


def test_classes_are_drawn_with_counts_and_shares():
    counts = {"red": 30, "white": 18, "rosé <b>": 2}
    data = classes_chart(counts).data
    assert dict(zip(data["class"], data["reviews"], strict=True)) == counts
    np.testing.assert_allclose(data["share"], [0.6, 0.36, 0.04])


def test_of_many_classes_the_largest_are_drawn_with_their_share_of_all():
    counts = {f"class {row}": 100 - row for row in range(50)}
    data = classes_chart(counts).data
    assert list(data["class"]) == list(counts)[:30]
    assert data["share"].iloc[0] == 100 / sum(counts.values())


@pytest.mark.parametrize("words", [[5], [5, 5, 5], [1, 2], list(range(200)), [0, 10_000]])
def test_lengths_count_every_text(words):
    data = lengths_chart(np.array(words)).data
    assert data["reviews"].sum() == len(words)
    assert data["from"].min() <= min(words)
    assert data["to"].max() >= max(words)


@pytest.mark.parametrize("margin", [False, True])
def test_rules_in_the_margin_have_their_names_beside_the_plot(margin):
    lines = {"chance": 0.1, "largest class": 0.11}
    rule, text = (chart.to_dict() for chart in vega_charts.baseline_rules(lines, ".1%", margin=margin))
    assert (rule["mark"]["type"], text["mark"]["type"]) == ("rule", "text")
    assert (rule["mark"]["color"], text["mark"]["color"]) == (BASELINE, TEXT)
    (rows,) = rule["datasets"].values()
    assert [(row["name"], row["value"]) for row in rows] == list(lines.items())
    np.testing.assert_allclose([row["label_y"] for row in rows], [0.1, 0.185])
    assert (rule["encoding"]["y"]["field"], text["encoding"]["y"]["field"]) == ("value", "label_y")
    assert text["encoding"]["x"] == {"value": "width"}
    assert text["mark"]["align"] == ("left" if margin else "right")  # of the right edge: outside, or inside
    assert (text["mark"]["dx"] > 0) == margin
