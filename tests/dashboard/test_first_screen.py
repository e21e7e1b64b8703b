"""What a first visitor meets: the model that came with the program, the opening state, and no wait for libraries."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from app_pages import app, live, metrics, page_text, press

from forgetting.dashboard.state import data, models
from forgetting.dashboard.state.resources import share_upload
from forgetting.dashboard.state.session import Inputs, Session
from forgetting.data.sample import SAMPLE
from forgetting.experiment.pretrained import load_pretrained
from forgetting.recipe import url
from forgetting.recipe.recipe import MODERN, OPENING, PUBLISHED
from forgetting.recipe.url import DEFAULTS

ROOT = Path(__file__).parents[2]
# Runs the Overview in a fresh process, and tells what was imported once its first screen was drawn, and in the end.
FRESH = """
import json, sys
from streamlit.testing.v1 import AppTest
from forgetting.dashboard.ui import page
test = AppTest.from_file("app.py", default_timeout=120).run()
assert not test.exception and len(test.get("plotly_chart")) == 2 and not len(test.dataframe), test
first = sorted(sys.modules)
page.prepare_engine()
test.session_state.session.seen = True
test.run()
assert not test.exception and len(test.get("plotly_chart")) == 2 and len(test.dataframe) == 1, test
print(json.dumps([first, sorted(sys.modules)]))
"""


@pytest.mark.slow
def test_the_overview_waits_for_no_library_that_it_does_not_need():
    done = subprocess.run([sys.executable, "-c", FRESH], cwd=ROOT, capture_output=True, text=True, check=True)
    first, last = map(set, json.loads(done.stdout.splitlines()[-1]))
    never = {"sklearn", "scipy.stats", "torch._dynamo", "sympy", "altair"}
    assert not first & {"torch", "scipy", "pyarrow.parquet", *never}
    assert "torch" in last
    assert not last & never


def inputs(recipe=MODERN, **changed) -> Inputs:
    for name, value in changed.items():
        recipe = recipe.with_value(name.replace("__", "."), value)
    return Inputs(recipe)


def visitor(recipe, upload=None) -> Session:
    return Session(recipe=recipe, uploads=[upload] if upload else [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("training.epochs", 99),
        ("training.learning_rate", 0.02),
        ("model.dropout", 0.4),
        ("seed", 1),
        ("split.seed", 1),
        ("data.min_reviews", 3),
        ("data.text_column", "Review_content"),
        ("data.sha256", "0" * 64),
    ],
)
def test_another_recipe_does_not_get_the_model_that_came_with_the_program(name, value):
    mine = visitor(MODERN.with_value(name, value))
    assert not models.take_finished_model(mine)
    assert mine.trained_model is None
    if name.startswith(("split", "data")) and name != "data.sha256":
        assert data.find_split(mine.inputs) is not load_pretrained().split


def test_another_file_does_not_get_it_and_a_copy_of_the_sample_does():
    content = SAMPLE.read_bytes()
    for changed, fits in ((b"", True), (b"\n", False)):
        upload = share_upload(content + changed, "mine.csv")
        recipe = replace(MODERN, data=replace(MODERN.data, source="file", file="mine.csv", sha256=upload.sha256))
        mine = visitor(recipe, upload)
        assert models.take_finished_model(mine) == fits
        assert (data.find_split(mine.inputs) is load_pretrained().split) == fits


def test_the_published_protocol_has_baselines_of_its_own():
    found = load_pretrained()
    assert models.find_baselines(models.TrainedModel(MODERN, found.split, found.trained, found.sha256))
    run = models.TrainedModel(replace(MODERN, training=PUBLISHED.training), found.split, found.trained, found.sha256)
    assert models.find_baselines(run).chance_loss != found.baselines.chance_loss


@pytest.mark.parametrize("hung_on", [{}, {"utm_source": "mail", "fbclid": "x"}])
def test_a_first_visit_opens_where_most_is_lost_but_not_all(hung_on):
    test = app(**hung_on)
    assert not test.warning
    assert test.session_state.session.recipe == OPENING
    assert test.query_params == url.encode_query(OPENING)
    before, after = metrics(test)["Validation accuracy"].removesuffix("\u00a0%").split(" → ")
    chance = 100 / len(load_pretrained().split.classes)
    assert 2 * chance < int(after) < int(before) / 2
    assert "came trained with the program" in page_text(test)


def test_the_first_screen_says_what_happens_to_what_and_shows_a_review_that_is_lost():
    test = app()
    found, shown = load_pretrained(), live(test)
    weights = found.trained.model.fc1.weight.numel() + found.trained.model.fc1.bias.numel()
    said = page_text(test)
    for part in (
        f"{len(found.split.training):,} reviews of the synthetic sample",
        "11 classes",
        f"{weights:,} weights",
    ):
        assert part in said
    review, after = shown["review"], shown["now"]["prediction"]
    row = found.split.validation.rows[found.typical.position]
    texts, labels = found.split.reviews.texts, found.split.reviews.labels
    assert (review["text"], review["label"]) == (texts[row], labels[row])
    assert review["before"] == review["label"] != after
    assert [frame["prediction"] for frame in shown["frames"]] == list(found.typical.predictions)


def test_a_page_that_is_presented_has_no_control_but_the_way_out():
    test = press(app(), "Present")
    assert [found.label for found in test.button] == ["End"]
    assert len(test.get("plotly_chart")) == 2
    assert "Present" in [found.label for found in press(test, "End").button]


@pytest.mark.parametrize("page", ["forget", "train"])
def test_other_pages_without_parameters_have_the_defaults_as_ever(page):
    test = app(page)
    assert test.session_state.session.recipe == MODERN
    assert not test.query_params


def test_the_overview_with_the_defaults_can_be_reloaded():
    test = app(**{"training.epochs": "100"})
    assert test.session_state.session.recipe == MODERN
    assert test.query_params == DEFAULTS
    again = app(**DEFAULTS)
    assert again.session_state.session.recipe == MODERN


@pytest.mark.slow
def test_the_train_page_trains_it_before_ones_eyes():
    test = app("train")
    press(test, "Play")
    run = test.session_state.session.training_run
    assert 0 < len(run.trainer.history) < MODERN.training.epochs
    assert run.split is load_pretrained().split
