"""The published models by epoch are drawn from the re-runs."""

import pytest
from chart_parts import data_of, made_up_rerun, marks, texts_of, valid

from forgetting.charts.export import chart_bytes
from forgetting.charts.published import published_chart
from forgetting.charts.style import ORIGINAL, RANDOMIZED
from forgetting.experiment.published import PUBLISHED_TABLE
from forgetting.experiment.reproduction import epochs_table


@pytest.fixture(scope="module")
def epochs():
    return epochs_table([made_up_rerun(seed) for seed in (0, 1, 5)])


@pytest.mark.parametrize(
    ("metric", "models"), [("bitwise_accuracy", ("original", "randomized")), ("loss", ("randomized",))]
)
def test_every_re_run_their_median_and_the_published_values_are_drawn(epochs, metric, models):
    chart = published_chart(epochs, metric, models)
    valid(chart)
    thin, bold = marks(chart, "line")
    assert thin["mark"]["strokeWidth"] < bold["mark"]["strokeWidth"]
    assert len(data_of(chart, thin)) == 3 * len(models) * 3 * 2
    assert {row["model"] for row in data_of(chart, thin)} == set(models)
    for row in data_of(chart, bold):  # the median of the seeds 0, 1 and 5 is that of 1
        expected = (
            0.1 * row["epoch"] + 0.01 + 0.002 * (row["part"] == "validation") + 0.4 * (row["model"] != "original")
        )
        assert row["median"] == pytest.approx(expected)
    (published,) = marks(chart, "point")
    found = {(row["model"], row["name"].removeprefix("published, ")): row for row in data_of(chart, published)}
    assert {key: row["value"] for key, row in found.items()} == {
        (model, part): PUBLISHED_TABLE[model][part, metric] for model in models for part in ("training", "validation")
    }
    assert {row["epoch"] for row in found.values()} == {3}


def test_models_have_their_colours_and_names_and_parts_their_dashes(epochs):
    chart = published_chart(epochs, "bitwise_accuracy")
    _, bold = marks(chart, "line")
    scale = bold["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == {"original": ORIGINAL, "randomized": RANDOMIZED}
    words = texts_of(chart_bytes(chart, "svg"))
    for text in ("original", "randomized", "always “no”", "training", "published, validation"):
        assert text in words
    assert "always 1/294" in texts_of(chart_bytes(published_chart(epochs, "loss"), "svg"))


def test_of_another_file_nothing_published_is_marked(epochs):
    chart = published_chart(epochs, "loss", published=False)
    assert not [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == "point"]
