"""Captions: what each says of the data, the model and the study, and names of files that every system takes."""

import re
from dataclasses import replace

import pytest

from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN
from forgetting.reporting.captions import CHART_WORDS, CLAIMED_BAND, DONE, ChartSource, describe_chart, name_file, slug

RECIPE = replace(
    MODERN.with_value("split.seed", 7).with_value("seed", 3), randomization=Randomization(("fc1",), 0.25, seed=5)
)
WORDS = {"unit": "nats", "across": "retain", "method": "SCRUB", "part": "validation", "colour": "class"}
WORDS |= {"layer": "fc1", "class": "Malbec", "reached": "50 %", "marks": "Lines are re-runs."}


def source(kind: str = "comparison", **others) -> ChartSource:
    reviews = {"training": 900, "validation": 100}
    return ChartSource("wine.csv", RECIPE, reviews, classes=4, parameters=1234, epochs=9, kind=kind, **others)


@pytest.mark.parametrize("chart", CHART_WORDS)
def test_every_chart_says_what_it_is_of(chart):
    for kind in DONE:
        text = describe_chart(chart, source(kind), baselines={"chance": 0.25}, **WORDS)
        assert not re.search(r"[{}]|\bNone\b|  ", text.title + text.caption)
        assert "wine.csv, 1,000 reviews of 4 classes" in text.caption
        assert "chance 25\u00a0%" in text.caption
        assert text.caption.endswith(".")
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,200}", text.stem)


def test_a_comparison_says_its_randomization():
    text = describe_chart("accuracy", source())
    assert text.stem == "wine_accuracy_fc1_normal_25-percent"
    for part in ("training 900, validation 100; split seed 7", "1,234 parameters, 9 epochs, seed 3"):
        assert part in text.caption
    assert "25\u00a0% of fc1 by N(0, 1), weight by weight, seed 5" in text.caption
    assert "Wilson" in text.caption


def test_what_is_saved_is_named_after_what_it_is_of():
    assert name_file("report", source()) == "wine_report_fc1_normal_25-percent"
    assert name_file("train experiment", source("training")) == "wine_train-experiment"


def test_a_study_says_its_plan():
    plan = replace(RECIPE.sweep, seeds=10, seed=2, doses=(0.0, 0.5, 1.0), schemes=("reinit",), retrain=True)
    text = describe_chart("dose–response", source("dose", plan=plan), shown={"scheme": "reinit"})
    assert text.stem == "wine_dose-response_reinit_10-seeds"
    assert "3 fractions × 10 seeds (seeds 2–11); re-randomization" in text.caption
    assert "a model for each seed" in text.caption
    assert "bands hold 5–95" in text.caption


def test_models_of_several_splits_and_seeds_of_relearning_are_said():
    plan = replace(RECIPE.sweep, splits=3, schemes=("noise",), scale=0.5)
    text = describe_chart("dose–response", source("dose", plan=plan)).caption
    assert "a model for each split." in text
    assert "added noise (scale 0.5)" in text
    for studied, over in ((plan, "seeds, splits and reviews"), (replace(plan, splits=1, seeds=1), "reviews")):
        text = describe_chart("dose–response", source("dose", plan=studied), band=CLAIMED_BAND).caption
        assert f"95\u00a0% interval over {over}." in text
    text = describe_chart("relearning", source("learning_curves")).caption
    assert "weight by weight, seeds 0–4. Trained for 100 epochs" in text  # each draws with a seed of its own
    assert "a model for each seed." in text
    assert "seed 5" not in text


def test_a_study_of_another_model_has_a_caption():
    text = describe_chart("heat map", ChartSource("study.parquet", kind="opened"), metric="f1")
    assert text.caption.endswith("Data: study.parquet.")
    assert text.stem == "study_heat-map-f1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Ärger/../..\\x:y*?"<>|\0', "Arger-x-y"),
        ("=1+1", "1-1"),
        ("漢字", ""),
        (" .. ", ""),
        ("a" * 90, "a" * 32),
        ("dose–response", "dose-response"),
    ],
)
def test_names_of_files_are_safe(text, expected):
    assert slug(text) == expected
