"""Charts for files hold the numbers of the result that Plotly draws on pages."""

from dataclasses import replace

import numpy as np
import pytest
from chart_parts import data_of, marks, texts_of

from forgetting.charts.export import chart_bytes
from forgetting.charts.print_comparison import (
    printed_confusion_chart,
    printed_map_chart,
    printed_recall_chart,
    printed_scores_chart,
    printed_weights_chart,
)
from forgetting.experiment.pipeline import run
from forgetting.randomization.layers import layer_table
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN
from forgetting.studies.activations import ActivationMap

PARTS = ("training", "validation")


@pytest.fixture(scope="module")
def result(small_reviews):
    recipe = MODERN.with_value("training.epochs", 10).with_value("split.min_df", 1)
    return run(replace(recipe, randomization=Randomization(("fc1",), 0.5, seed=3)), small_reviews)


@pytest.fixture(scope="module")
def classes(result):
    return [f"class {number}" for number in range(len(result.comparison.original.scores["validation"].recall))]


def rows_of(chart, kind: str, place: int = 0) -> list[dict]:
    return data_of(chart, marks(chart, kind)[place])


@pytest.mark.parametrize("metric", ["accuracy", "bitwise_accuracy", "loss"])
def test_bars_are_the_scores_with_their_intervals(result, metric):
    chart = printed_scores_chart(result.comparison, result.baselines, metric)
    expected = {
        (part, model): getattr(outcome.scores[part], metric)
        for part in PARTS
        for model, outcome in (("original", result.comparison.original), ("randomized", result.comparison.randomized))
    }
    rows = rows_of(chart, "bar")
    assert {(row["part"], row["model"]): row["value"] for row in rows} == pytest.approx(expected)
    if metric == "accuracy":
        high = result.comparison.original.scores["validation"].interval[1]
        assert [row["high"] for row in rows if (row["part"], row["model"]) == ("validation", "original")] == [high]


def test_baselines_are_lines_with_names(result):
    chart = printed_scores_chart(result.comparison, result.baselines, "accuracy")
    lines = {(row["name"], row["part"]): row["value"] for row in rows_of(chart, "rule")}
    assert lines["chance", "training"] == result.baselines.chance
    assert lines["largest class", "validation"] == result.baselines.majority["validation"]
    assert {"chance", "largest class", "original", "randomized"} <= set(texts_of(chart_bytes(chart, "svg")))


def test_a_missing_score_is_said(result):
    scores = replace(result.comparison.randomized.scores["validation"], loss=None)
    outcome = replace(
        result.comparison.randomized, scores={**result.comparison.randomized.scores, "validation": scores}
    )
    comparison = replace(result.comparison, randomized=outcome)
    chart = printed_scores_chart(comparison, result.baselines, "loss")
    assert "missing" in texts_of(chart_bytes(chart, "svg"))


def test_recalls_are_those_of_each_class(result, classes):
    chart = printed_recall_chart(result.comparison, classes, result.baselines)
    shown = {(row["class"], row["model"]): row["recall"] for row in rows_of(chart, "point")}
    for model, outcome in (("original", result.comparison.original), ("randomized", result.comparison.randomized)):
        recall = outcome.scores["validation"].recall
        assert [shown[name, model] for name in classes] == pytest.approx(list(recall))


def test_cells_are_shares_of_the_true_class(result, classes):
    spec = printed_confusion_chart(result.comparison, classes).to_dict()
    rows = spec["datasets"][spec["concat"][0]["data"]["name"]]
    confusion = result.comparison.original.scores["validation"].confusion
    for row in rows:
        true = classes.index(row["true"].partition(" · ")[2])
        order = np.argsort(-confusion.sum(axis=1), kind="stable")
        expected = confusion[true, order[row["predicted"] - 1]] / max(confusion[true].sum(), 1)
        assert row["share"] == pytest.approx(expected)


def test_histograms_count_every_weight(result):
    layers = layer_table(result.comparison.model)
    spec = printed_weights_chart(result.trained.model, result.comparison.model, layers).to_dict()
    for layer, chart in zip(layers, spec["concat"], strict=True):
        rows = spec["datasets"][chart["data"]["name"]]
        for model in ("original", "randomized"):
            assert sum(row["count"] or 0 for row in rows if row["model"] == model) == layer.parameters


def test_a_map_has_each_review_where_it_lies():
    rng = np.random.default_rng(0)
    places = ActivationMap(rng.normal(size=(5, 2)), rng.normal(size=(5, 2)), np.array([0.6, 0.2]), 1.0, 1.0)
    names = (["a", "b", "c", "a", "b"],) * 2
    spec = printed_map_chart(places, names, ["a", "b"]).to_dict()
    for chart, expected in zip(spec["concat"], (places.original, places.randomized), strict=True):
        rows = spec["datasets"][chart["data"]["name"]]
        assert [[row["x"], row["y"]] for row in rows] == expected.tolist()
        assert [row["group"] for row in rows] == ["a", "b", "other classes", "a", "b"]
