"""What the browser is given for the live fraction, and the path that it comes from."""

import threading
from dataclasses import replace
from hashlib import sha256

import pytest
from app_pages import app, forget, live, run

from forgetting.dashboard.studies import fraction_path
from forgetting.dashboard.studies.fraction_path import FractionPath
from forgetting.dashboard.ui.browser_component import COMPONENTS, FILES
from forgetting.experiment.pipeline import compare
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import OPENING
from forgetting.reporting.formatting import format_share
from forgetting.studies import sweep


@pytest.mark.parametrize("key", COMPONENTS)
def test_the_name_of_a_script_changes_with_it(key):
    """Browsers keep the file without asking again."""
    (script,) = FILES.glob(f"{key}-*.js")
    assert script.stem == f"{key}-{sha256(script.read_bytes()).hexdigest()[:8]}"


def model(test):
    return test.session_state.session.trained_model


@pytest.fixture(scope="module")
def trained_model():
    return model(forget())


CASES = {
    "reinit": Randomization(("fc1",), scheme="reinit", seed=1),
    "permute": Randomization(scheme="permute", seed=3),
    "neuron": Randomization(("fc2",), scheme="normal", unit="neuron", seed=2**32 - 1),
    "words": Randomization(("fc1",), unit="word", words=("cherry", "lemon")),
}


@pytest.mark.parametrize("case", CASES)
def test_a_row_of_the_path_is_the_comparison_at_its_fraction(trained_model, case):
    randomization, split = CASES[case], trained_model.split
    path = FractionPath(trained_model, randomization)
    slices = 1
    while path.advance():
        slices += 1
    assert slices > 1
    assert path.finished
    for percent in (0, 1, 37, 99, 100):
        recipe = replace(trained_model.recipe, randomization=replace(randomization, fraction=percent / 100))
        expected = compare(recipe, split, trained_model.trained)
        row = path.rows[percent]
        assert (row.forgetting, row.changes, row.untouched) == (
            (expected.forgetting["validation"], expected.forgetting_above_majority["validation"]),
            expected.changes,
            not expected.changed_weights,
        )
        for name in split.parts:
            found, wanted = row.scores[name], expected.randomized.scores[name]
            assert (found.reviews, found.accuracy, found.interval) == (wanted.reviews, wanted.accuracy, wanted.interval)
            for metric in ("loss", "macro_f1", "balanced_accuracy"):
                assert getattr(found, metric) == pytest.approx(getattr(wanted, metric), rel=1e-6)
        predicted = expected.randomized.logits["validation"][path.typical.position].argmax()
        assert path.typical.predictions[percent] == split.classes[predicted]


def test_the_path_that_the_app_opens_with_is_there_at_once(trained_model):
    path = FractionPath(trained_model, OPENING.randomization)
    assert path.finished
    assert not path.advance()
    for percent in (0, 60, 90):
        recipe = OPENING.with_value("randomization.fraction", percent / 100)
        expected = compare(recipe, trained_model.split, trained_model.trained)
        row = path.rows[percent]
        assert row.forgetting[0].value == pytest.approx(expected.forgetting["validation"].value, abs=0.01)
        assert (row.changes, row.untouched) == (expected.changes, not expected.changed_weights)


def test_a_path_that_would_take_long_is_given_up_and_says_how_long(trained_model, monkeypatch):
    monkeypatch.setattr(fraction_path, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(fraction_path, "MOST_SECONDS", 0.0)
    path = FractionPath(trained_model, CASES["reinit"])
    assert not path.advance()
    assert not path.finished
    assert "would take" in path.obstacle
    assert not path.advance()


def test_a_path_that_does_not_fit_the_model_says_why(trained_model):
    path = FractionPath(trained_model, Randomization(("fc2",), unit="word"))
    assert "Unit 'word' is a column of the first layer" in path.obstacle
    assert not path.advance()


def test_two_visitors_advance_one_path_together(trained_model):
    path = FractionPath(trained_model, CASES["permute"])
    threads = [threading.Thread(target=lambda: [None for _ in iter(path.advance, False)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = FractionPath(trained_model, CASES["permute"])
    while alone.advance():
        pass
    assert [row.forgetting for row in path.rows] == [row.forgetting for row in alone.rows]


def test_the_page_has_frames_once_its_path_is_there_and_says_so_until_then():
    test = forget(**{"randomization.layers": "fc1", "randomization.fraction": "0.4"})
    shown = live(test)
    assert shown["frames"] is None
    assert "0 of 101 fractions" in shown["note"]
    (path,) = test.session_state.session.cached[fraction_path.PATHS.name].values()
    while path.advance():
        pass
    shown = live(run(test))
    assert shown["note"] == ""
    assert len(shown["frames"]) == 101
    assert shown["percent"] == 40
    at, now = (shown["frames"][40], shown["now"])
    assert at | {"charts": None} == now | {"charts": None}
    for name in ("accuracy", "loss"):
        for found, wanted in zip(at["charts"][name], now["charts"][name], strict=True):
            assert found["y"] == pytest.approx(wanted["y"], rel=1e-6)


def test_what_is_missing_has_its_reason_at_each_fraction(trained_model):
    """A model that is not finite has no numbers, and a layer that is randomized may make it finite again."""
    broken = replace(trained_model, trained=replace(trained_model.trained, steps=-1))
    state = {name: values.clone() for name, values in broken.trained.model.state_dict().items()}
    copied = type(broken.trained.model)(len(broken.split.words), 11, (64,), 0.5, seed=0)
    copied.load_state_dict(state | {"fc2.bias": state["fc2.bias"] * float("nan")})
    broken = replace(broken, trained=replace(broken.trained, model=copied))
    path = FractionPath(broken, CASES["reinit"])
    while path.advance():
        pass
    assert {row.scores["validation"].accuracy for row in path.rows} == {None}
    assert all("not finite" in row.scores["validation"].missing["accuracy"] for row in path.rows)


def test_without_a_layer_there_is_nothing_to_follow_and_that_is_said():
    shown = live(app("forget", **{"randomization.layers": ""}))
    assert shown["note"] == "No layer is chosen: click one to randomize it."
    assert shown["frames"] is None
    assert [layer["chosen"] for layer in shown["layers"]] == [False, False]


def test_why_a_model_is_too_large_to_follow_is_said_by_the_labels_of_controls(monkeypatch):
    monkeypatch.setattr(sweep, "SLACK", 1e9)
    shown = live(forget(**{"randomization.layers": "fc1", "randomization.seed": "5"}))
    assert "Keep fewer words (“Words at most”), reviews (“Reviews at most”) or classes" in shown["note"]


def test_the_network_shows_the_share_of_the_parameters():
    """Ten words are few of all: of each all its weights, and no bias."""
    listed = {"randomization.unit": "word", "randomization.words": "cherry,lemon", "randomization.layers": "fc1"}
    shown = live(forget(**listed))
    words, neurons, _ = (column["width"] for column in shown["columns"])
    first, second = shown["now"]["layers"]
    assert (first["part"], first["count"]) == (2 / (words + 1), f"{2 * neurons:,}")
    assert first["share"].startswith("0.1")
    assert second == {"part": 0.0, "share": format_share(0), "count": ""}
