"""What the pages of studies do alike: cold links, what is missing or impossible, and leaving."""

import re

import pytest
from app_pages import QUICK, app, button, go, metrics, page_text, press, run, setting
from study_pages import advance_beside, charts, finished, first, keys, labels, mine, progress, study, trained

from forgetting.dashboard.state import models
from forgetting.dashboard.ui.labels import LABELS
from forgetting.recipe.recipe import MODERN

pytestmark = pytest.mark.slow  # each case trains a model
SMALL = {
    "layers": QUICK | {"sweep.doses": "0,0.5,1", "sweep.seeds": "2"},
    "explain": QUICK
    | {"explanation.doses": "0,1", "explanation.seeds": "2", "explanation.attributions": "gradient_input"},
    "relearn": QUICK | {"relearning.epochs": "6", "relearning.seeds": "2", "relearning.doses": "0,0.5,1"},
    "unlearn": QUICK
    | {"unlearning.seeds": "2", "unlearning.epochs": "2", "unlearning.relearn_epochs": "3"}
    | {"unlearning.methods": "retrain,fine_tune"},
}
PARTS = {
    "layers": "36 variants",
    "explain": "72 comparisons",
    "relearn": "6 runs",
    "unlearn": "4 models",
}  # of those plans
CHARTS = {"explain": 2}  # others have one
PAGE = {
    "sweep": "layers",
    "explanation": "explain",
    "relearning": "relearn",
    "unlearning": "unlearn",
    "forget": "unlearn",
}  # of the settings
each_page = pytest.mark.parametrize("page", SMALL)


@each_page
def test_a_cold_link_without_a_model_says_what_is_missing_and_trains(page):
    models.FINISHED.clear()
    test = app(page, **SMALL[page])
    assert "No model is trained for this recipe yet." in page_text(test)
    assert labels(test) == ["Train these settings (6 epochs)"]
    assert not charts(test)
    finished(press(test, "Train these settings (6 epochs)"))
    assert charts(test) == CHARTS.get(page, 1)
    kind = PARTS[page].split()[1]
    assert f"{PARTS[page]} in" in page_text(test)
    assert set(re.findall(rf"[\d,]+ {kind}", page_text(test))) == {PARTS[page]}


@each_page
def test_a_cold_link_without_the_data_says_so(page):
    test = app(page, **{"data.source": "file", "data.file": "mine.csv", "data.sha256": "00" * 32})
    assert "mine.csv" in page_text(test)
    assert any(link.label.startswith("Choose reviews on the Data page") for link in test.page_link)
    assert not charts(test)


@each_page
def test_a_model_that_is_trained_in_part_is_named_and_studied(page):
    test = app("train", **SMALL[page] | {"training.epochs": "9"}, seed="17")
    press(test, "One step")
    go(test, page)
    assert "trained 1 of 9 epochs" in page_text(test)
    finished(test)
    assert study(test).rows
    assert "nan" not in page_text(test)


@each_page
@pytest.mark.usefixtures("slow_studies")
def test_a_study_goes_on_while_another_page_is_shown(page):
    test = trained(app(page, **SMALL[page]))
    press(test, "Start")
    assert f"stop_{first(test)}" not in keys(test), "its own page has a button for that"
    go(test, "data")
    advance_beside(test)
    total, kind = PARTS[page].split()
    assert f"{len(study(test).rows)} of {total} {kind}" in progress(test)[0]
    test.button(key=f"stop_{first(test)}").click()
    run(test)
    assert (study(test).running, progress(test)) == (False, [])
    press(go(test, page), "Go on")
    go(test, "overview")
    while study(test).running:
        advance_beside(test)
    assert f"{PARTS[page]} in" in page_text(go(test, page))


@pytest.mark.usefixtures("slow_studies")
def test_the_tab_of_what_runs_is_opened_and_another_study_of_its_kind_stops_it():
    test = app("relearn", **SMALL["relearn"])
    test.session_state["relearn_view"] = "Savings by fraction"
    press(trained(run(test)), "Start")
    running = study(test, "savings")
    test.session_state["relearn_view"] = "This randomization"
    advance_beside(run(test))
    assert f"Savings: {len(running.rows)} of {running.total} variants" in progress(test), "its tab is not shown"
    go(go(test, "data"), "relearn")
    assert test.session_state["relearn_view"] == "Savings by fraction"
    assert progress(test) == []
    test.number_input(key=setting("relearning.seeds")).set_value(3)
    press(run(test), "Start")
    assert not running.running
    assert f"Stopped, as another one began: {running.title}." in page_text(test)


@pytest.mark.usefixtures("slow_studies")
def test_the_visitors_own_study_waits_while_the_story_is_shown():
    test = trained(app("layers", **SMALL["layers"]))
    press(test, "Start")
    own = study(test)
    go(test, "story")
    assert not advance_beside(test)
    assert progress(test) == []
    mine(test).studies["dose"] = own  # as where a scene has the same settings
    go(test, "data")
    assert mine(test).studies == {"dose": own}
    assert advance_beside(test) == ["dose"]


def test_a_finished_model_is_not_said_to_be_in_training_while_another_one_is():
    test = go(press(app("train", **{"training.epochs": "400"}), "Play"), "data")
    assert "in training, 400 epochs (modern, changed)" in page_text(test)
    test.query_params["training.epochs"] = "300"
    assert "in training, 400 epochs (modern, changed)" in page_text(run(test))
    assert ":material/warning: of other settings: epochs 400 → 300" in page_text(test)
    test.query_params["training.epochs"] = "100"
    assert "trained 100 of 100 epochs (modern)" in page_text(run(test))
    assert mine(test).playing


def test_training_goes_on_while_another_page_is_shown():
    test = press(app("train", **{"training.epochs": "30"}, seed="18"), "Play")
    go(test, "forget")
    shown = metrics(test)
    done = len(mine(test).training_run.trainer.history)
    assert f"Training: {done} of 30 epochs" in progress(test)
    assert "Training goes on, as the sidebar shows." in page_text(test)
    assert metrics(run(test)) == shown, "what is shown stands still meanwhile"
    while mine(test).playing:
        advance_beside(test)
    run(test)
    assert "trained 30 of 30 epochs" in page_text(test)
    assert progress(test) == []
    test.session_state["forget_view"] = "Relearn"
    press(run(test), "Relearn")
    assert progress(test) == []
    assert re.match(r"Relearning: \d+ of 30 epochs", progress(go(test, "layers"))[0])


LONG = {
    "relearn": (QUICK | {"relearning.epochs": "2000", "relearning.seeds": "3"}, "9 runs, "),
    "unlearn": (SMALL["unlearn"] | {"unlearning.epochs": "2000", "unlearning.seeds": "9"}, "18 models, "),
}


@pytest.mark.usefixtures("slow_studies")
@pytest.mark.parametrize("page", LONG)
def test_a_long_plan_waits_for_start(page):
    link, text = LONG[page]
    test = trained(app(page, **link))
    assert text in page_text(test)
    assert not mine(test).studies
    assert button(test, "Start")
    assert "Press Start to run this plan." in page_text(test)
    press(test, "Start")
    assert study(test).running
    press(test, "Stop")


@each_page
def test_the_published_protocol_says_why_there_is_nothing(page):
    models.FINISHED.clear()
    test = app(page, protocol="published", **{"data.source": "sample"})
    press(test, "Train these settings (15 epochs)")
    assert "In the published protocol" in page_text(test)
    assert ("There are no layers or fractions to choose" in page_text(test)) == (page != "unlearn")
    assert not charts(test)
    assert not (*test.multiselect, *test.select_slider, *test.number_input)


EMPTIED = ("sweep.units", "explanation.attributions", "relearning.layers", "unlearning.methods")


@pytest.mark.parametrize("name", EMPTIED)
def test_an_emptied_list_gets_a_sentence_and_the_plan_stays(name):
    page = PAGE[name.partition(".")[0]]
    test = finished(trained(app(page, **SMALL[page])))
    if page == "relearn":
        test.session_state["relearn_view"] = "Savings by fraction"
        finished(run(test), "savings")
    before = mine(test).recipe
    test.multiselect(key=setting(name)).set_value([])
    finished(run(test))
    assert f"“{LABELS[name]}” must name at least one" in page_text(test)
    assert mine(test).recipe == before
    assert tuple(test.multiselect(key=setting(name)).value) == before.value(name)
    assert charts(test) == CHARTS.get(page, 1)


IMPOSSIBLE = (  # one of a kind; what a setting takes is tried with the settings
    *("sweep.doses=2", "sweep.words=cherry", "relearning.target_share=nan", "forget.by=x", "unlearning.methods="),
    "unlearning.nosuch=1",
)


@pytest.mark.parametrize("parameter", IMPOSSIBLE)
def test_an_impossible_value_in_a_link_gets_a_sentence_and_the_default(parameter):
    name, _, value = parameter.partition("=")
    test = app(PAGE[name.partition(".")[0]], **{name: value})
    assert ("Words" if name == "sweep.words" else name) in page_text(test)
    assert test.query_params == {}
    assert mine(test).recipe == MODERN
