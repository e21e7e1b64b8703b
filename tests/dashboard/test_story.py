"""The guided story: each answer against numbers computed another way, and a visitor's own experiment beside it."""

import re
from urllib.parse import parse_qsl

import numpy as np
import pytest
from app_pages import HOSTILE, UNESCAPED, app, forget, go, live, page_text, press, run
from streamlit.testing.v1 import AppTest

from forgetting.dashboard.studies import base, registry
from forgetting.dashboard.views import story as story_views
from forgetting.experiment.pretrained import load_pretrained
from forgetting.recipe.recipe import OPENING
from forgetting.reporting.formatting import format_share
from forgetting.reporting.story import SCENES

NUMBERS = {scene.name: number for number, scene in enumerate(SCENES, start=1)}


def scene(name: str) -> AppTest:
    return app("story", scene=str(NUMBERS[name]))


def predict(test: AppTest, choice: int) -> AppTest:
    test.radio[0].set_value(choice)
    run(test)
    if any(button.label == "Start" for button in test.button):  # where the machine is slow
        press(test, "Start")
    for _ in range(400):  # until a study has ended
        if "The answer comes with the numbers" not in page_text(test):
            return test
        run(test)
        assert test.sidebar.get("progress") == [], "the scene shows it"
    raise AssertionError("there is no answer")


def follow(test: AppTest, title: str) -> AppTest:
    """Follow a link of the navigation."""
    link = next(link for link in test.page_link if link.proto.label == title)
    test.query_params.clear()
    for name, text in parse_qsl(link.proto.query_string):
        test.query_params[name] = text
    return go(test, link.proto.page or "overview")


def right_choice(test: AppTest) -> str:
    """The choice that the answer says is right, whichever was made."""
    found = re.search(r"You thought “(.*?)”(?:, and so it is|.*the numbers say “(.*?)”)", page_text(test))
    return found[2] or found[1]


def studied(test: AppTest, kind: str):
    """The result of the study that the page shows."""
    return test.session_state.session.studies[kind].result


def expected_layer(_: AppTest) -> tuple[int, list[str]]:
    state = load_pretrained().trained.model.state_dict()
    sizes = [sum(value.numel() for name, value in state.items() if name.startswith(layer)) for layer in ("fc1", "fc2")]
    return int(np.argmax(sizes)), [f"{sizes[0]:,} of the {sum(sizes):,} weights"]


def expected_fraction(_: AppTest) -> tuple[int, list[str]]:
    """By the confusion matrices, with 0.9 of the accuracy above chance as nearly everything."""
    found = load_pretrained().find_comparison(SCENES[1].recipe.randomization)
    before, after = (
        np.trace(outcome.scores["validation"].confusion) / outcome.scores["validation"].reviews
        for outcome in (found.original, found.randomized)
    )
    left = (after - 1 / 11) / (before - 1 / 11)
    return 0 if left > 0.9 else 2 if left < 0.1 else 1, [format_share(before), format_share(after)]


def expected_relearning(test: AppTest) -> tuple[int, list[str]]:
    """By the first epoch of each curve at 95 % of the original's accuracy; an epoch is a step."""
    curves = studied(test, "learning_curves").curves
    target = 0.95 * load_pretrained().trained.history[-1].validation.accuracy
    reached = curves[curves["validation_accuracy"] >= target].groupby(["model", "seed"])["epoch"].min()
    steps = reached.groupby("model").median()
    right = 0 if steps["randomized"] < 0.95 * steps["scratch"] else 2
    return right, [f"takes {steps['randomized']:g} steps, a new one {steps['scratch']:g}"]


def expected_matched(test: AppTest) -> tuple[int, list[str]]:
    rows = studied(test, "change").frame.query("planned_dose == 1")
    median = rows.groupby("scheme")["validation_accuracy"].median()
    right = 2 if median["reinit"] < median["normal"] - 0.05 else 0
    return right, [format_share(median["normal"]), format_share(median["reinit"])]


def expected_published(_: AppTest) -> tuple[int, list[str]]:
    """By the answers to 294 reviews of 294 names."""
    always_no = float((np.eye(294) == 0).mean())
    return 2 if always_no > 0.908 else 1, [f"{always_no:.3f}", "0.908", "0.509"]


def expected_unlearning(test: AppTest) -> tuple[int, list[str]]:
    """By the losses of each pair of a forgotten review and a non-member."""
    result = studied(test, "unlearning")
    shares = []
    for method, model in (("gradient_ascent", "unlearned"), ("original", "unlearned"), ("original", "retrained")):
        losses = result.losses(method, model)
        forgotten, others = losses["forget"][:, None], losses["non_members"][None]
        shares.append(((forgotten < others) + 0.5 * (forgotten == others)).mean())
    return 1 if shares[0] > 0.5 else 2, [format_share(share) for share in shares]


EXPECTED = {
    "layers": expected_layer,
    "fraction": expected_fraction,
    "relearning": expected_relearning,
    "matched": expected_matched,
    "published": expected_published,
    "unlearning": expected_unlearning,
}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_answer_follows_from_the_numbers_of_what_is_shown(name):
    asked, test = SCENES[NUMBERS[name] - 1], scene(name)
    assert "What this does not show" not in page_text(test)
    assert test.session_state.session.studies == {}
    predict(test, 0)
    right, numbers = EXPECTED[name](test)
    assert right_choice(test) == asked.choices[right]
    text = page_text(test)
    assert [number for number in numbers if number not in text] == []
    assert "What this does not show" in text
    assert ("and so it is" in text) == (right == 0)


@pytest.mark.slow
def test_the_story_is_gone_through_and_its_predictions_stay():
    test = app("story")
    for number, asked in enumerate(SCENES, start=1):
        assert test.query_params == {"scene": str(number)}
        assert asked.question in test.radio[0].label
        assert test.radio[0].value is None
        if asked.name in ("layers", "published"):
            predict(test, 1)
        if number < len(SCENES):
            press(test, "Next")
    for asked in reversed(SCENES[:-1]):
        press(test, "Back")
        assert test.radio[0].value == (1 if asked.name in ("layers", "published") else None)
    follow(test, "Data")
    follow(test, "Start here")
    assert (test.query_params, test.radio[0].value) == ({"scene": "1"}, 1)


def test_the_story_leaves_a_visitors_own_experiment_as_it_is():
    test = forget(**{"randomization.scheme": "zero", "training.epochs": "6", "seed": "32001"})
    press(test, "Train these settings (6 epochs)")
    own, model = test.session_state.session.recipe, test.session_state.session.trained_model
    query = dict(test.query_params)
    follow(test, "Start here")
    assert test.query_params == {"scene": "1"}
    predict(test, 0)
    press(test, "Next")
    assert test.session_state.session.trained_model.recipe.training.epochs == OPENING.training.epochs
    assert [button.key for button in test.button if button.key == "undo"] == []
    follow(test, "Forget")
    assert (test.session_state.session.recipe, test.query_params) == (own, query)
    assert test.session_state.session.trained_model is model
    assert "Changed:" not in page_text(test)


def test_a_run_that_was_begun_waits_while_the_story_shows_finished_models():
    test = app("train")
    press(test, "One step")
    press(test, "Reset")
    began = test.session_state.session.training_run
    follow(test, "Start here")
    assert test.session_state.session.trained_model.trained.state == "finished"
    follow(test, "Train")
    assert test.session_state.session.training_run is began
    assert "has its initial weights" in page_text(test)


def test_a_study_of_the_story_stays_there():
    test = predict(scene("relearning"), 0)
    told = test.session_state.session.studies["learning_curves"]
    follow(test, "Forget")
    assert test.session_state.session.studies == {}
    assert told in test.session_state.session.kept
    follow(test, "Relearn")
    assert "The plan or the model has changed" not in page_text(test)
    follow(test, "Start here")
    assert test.session_state.session.studies == {"learning_curves": told}


def test_a_study_that_an_error_has_ended_has_no_answer():
    test = predict(scene("relearning"), 0)
    told = test.session_state.session.studies["learning_curves"]
    del told.rows[1:]
    assert "The answer comes with the numbers" in page_text(run(test))


@pytest.mark.parametrize("name", NUMBERS)
def test_what_the_slider_lacks_is_computed_wherever_it_is_shown(name, monkeypatch):
    advanced = []
    monkeypatch.setattr(story_views, "advance_live", advanced.append)
    test = scene(name)
    assert len(advanced) >= bool(live(test))
    advanced.clear()
    predict(test, 0)
    assert len(advanced) >= bool(live(test))


def test_a_scene_opens_in_the_app_and_the_own_experiment_comes_back_by_undo():
    test = forget(**{"randomization.scheme": "zero"})
    own = test.session_state.session.recipe
    follow(test, "Start here")
    test.query_params["scene"] = "2"
    run(test)
    predict(test, 0)
    press(test, "Open this state on Forget")
    go(test, "forget")  # where the app is by now; AppTest does not follow it there
    assert test.session_state.session.page == "forget"
    assert test.session_state.session.recipe == SCENES[1].recipe
    assert "scheme zeros → re-randomization" in page_text(test)
    test.button(key="undo_here").click()
    run(test)
    assert (test.session_state.session.page, test.query_params) == ("story", {"scene": "2"})
    assert test.radio[0].value == 0
    follow(test, "Forget")
    assert test.session_state.session.recipe == own


def test_a_scene_that_was_changed_keeps_its_answer_and_comes_back():
    test = predict(scene("fraction"), 0)
    said = right_choice(test)
    test.session_state.session.recipe = SCENES[1].recipe.with_value("randomization.fraction", 0.9)
    run(test)
    assert "Randomizing 90\u00a0% of fc1" in live(test)["now"]["sentence"]
    assert right_choice(test) == said
    press(test, "Back to the scene's state")
    assert "randomizing 60\u00a0% of fc1" in live(test)["now"]["sentence"]


def test_an_experiment_in_the_address_of_a_scene_waits_for_its_visitor():
    test = app("story", scene="2", **{"randomization.scheme": "zero"})
    assert (test.query_params, test.session_state.session.recipe.randomization.scheme) == ({"scene": "2"}, "reinit")
    assert follow(test, "Forget").query_params == {"randomization.scheme": "zero"}


def test_a_new_visitor_who_leaves_gets_what_a_first_visit_opens_with():
    test = scene("unlearning")
    follow(test, "Overview")
    assert test.session_state.session.recipe == OPENING
    assert not test.session_state.session.change


def test_an_address_of_no_scene_shows_the_first_and_says_so():
    test = app("story", scene=HOSTILE, protocol=HOSTILE)
    assert test.query_params == {"scene": "1"}
    assert "The story has the scenes 1 to 6" in page_text(test)
    assert len(test.warning) == 2
    assert not any(UNESCAPED.search(warning.value) for warning in test.warning)


def test_a_study_that_would_take_long_asks_first(monkeypatch):
    kind = registry.STUDY_KINDS["learning_curves"]
    monkeypatch.setitem(vars(kind), "seconds", lambda _: 100.0)
    monkeypatch.setattr(base, "UNASKED_SECONDS", 3.0)
    test = scene("relearning")
    test.radio[0].set_value(0)
    run(test)
    assert test.session_state.session.studies == {}
    assert "15 runs, about" in page_text(test)
    press(test, "Start")
    study = test.session_state.session.studies["learning_curves"]
    assert study.running or study.rows
