"""Studies that a session keeps: found again by their settings, listed, pinned, dropped, extended; and what is unasked.

What an extended study has is compared with the library's rows of one run afresh.
"""

from dataclasses import replace

import pytest
from app_pages import QUICK, app, button, go, page_text, press, run, setting
from study_pages import charts, finished, labels, mine, sentence, study, trained, trained_by_link

from forgetting.dashboard.studies import base, kept, relearning, sweep_seconds, unlearning
from forgetting.dashboard.studies.registry import STUDY_KINDS
from forgetting.randomization.layers import parameter_count
from forgetting.studies.relearning import run_relearning
from forgetting.studies.sweep import run_sweep
from forgetting.unlearning.runner import run_unlearning

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("slow_studies")]
SWEEP = QUICK | {"sweep.doses": "0,0.5,1", "sweep.seeds": "2"}
RELEARN = QUICK | {"relearning.epochs": "6", "relearning.seeds": "2", "relearning.doses": "0.5,1"}
UNLEARN = QUICK | {
    "unlearning.seeds": "2",
    "unlearning.epochs": "2",
    "unlearning.relearn_epochs": "3",
    "unlearning.methods": "retrain,fine_tune",
}
CHANGED = "The plan or the model has changed"


def pick(test, way: str):
    test.button_group(key=setting("forget.by")).set_value(way)
    return run(test)


def test_a_finished_study_is_there_again_with_its_settings():
    test = trained(app("unlearn", **UNLEARN))
    finished(press(test, "Start"))
    first, said = study(test), sentence(test)
    for way in ("class", "reviews"):
        pick(test, way)
        assert CHANGED in page_text(test)
    pick(test, "share")
    assert study(test) is first
    assert sentence(test) == said
    assert CHANGED not in page_text(test)
    assert labels(test) == []
    pick(test, "class")
    press(test, "Start")
    while not study(test).rows:
        run(test)
    other = study(test)
    pick(test, "share")
    assert study(test) is first
    assert other.running
    pick(go(go(test, "data"), "unlearn"), "class")
    assert study(test) is other
    finished(test)
    assert len(other.rows) == other.total


def test_the_list_opens_pins_and_deletes():
    test = trained(app("layers", **SWEEP))
    finished(press(test, "Start"))
    first = study(test)
    test.number_input(key=setting("sweep.seeds")).set_value(1)
    press(run(test), "Start")
    go(test, "relearn")
    test.session_state["relearn_view"] = "Savings by fraction"
    run(test)
    assert "Opening it changes seeds (Layers) 1 → 2." in page_text(test), "what opening the first one changes"
    test.button(key="kept__open_0").click()
    run(test)
    assert mine(test).page == "layers"
    assert study(test) is first
    assert test.query_params["sweep.seeds"] == "2"
    assert CHANGED not in page_text(test)
    test.button(key="kept__pin_0").click()
    run(test)
    assert first.pinned
    test.button(key="kept__delete_1").click()
    run(test)
    assert mine(test).kept == [first]


def test_a_study_is_opened_with_its_model_and_in_its_tab():
    test = trained(app("relearn", **RELEARN))
    test.session_state["relearn_view"] = "Savings by fraction"
    press(run(test), "Start")
    finished(test, "savings")
    model, said = mine(test).trained_model, sentence(test)
    mine(test).recipe = mine(test).recipe.with_value("seed", 7_719)  # trained by no other test
    mine(test).touched = True
    trained(go(test, "layers"))
    assert mine(test).trained_model is not model
    assert mine(test).training_run
    test.button(key="kept__open_0").click()
    run(test)
    assert mine(test).page == "relearn"
    assert mine(test).trained_model is model
    assert not mine(test).training_run
    assert sentence(test) == said


def test_the_oldest_that_is_not_pinned_goes_and_this_is_said(monkeypatch):
    monkeypatch.setattr(kept, "MOST_KEPT", 3)
    test = app("layers", **{"sweep.doses": "1", "sweep.layers": "fc2"})
    studies = []
    for seeds in (1, 2, 3, 4, 5):
        test.number_input(key=setting("sweep.seeds")).set_value(seeds)
        finished(press(run(test), "Start"))
        studies.append(study(test))
        studies[0].pinned = True
    assert mine(test).kept == [studies[0], *studies[-2:]]
    test.number_input(key=setting("sweep.seeds")).set_value(6)
    press(run(test), "Start")
    assert "the oldest kept study is gone: Dose–response" in page_text(test)
    assert "4 seeds" in page_text(test)
    monkeypatch.setenv("FORGETTING_LIMITS", "variants=20")
    test.number_input(key=setting("sweep.seeds")).set_value(7)
    finished(press(run(test), "Start"))
    assert mine(test).kept == [studies[0], study(test)], "their 2 and 14 variants are all that fits"


def more(test, name: str, value: int):
    test.number_input(key=setting(name)).set_value(value)
    run(test)
    return test


def test_a_sweep_takes_over_its_seeds_and_schemes():
    test = trained(app("layers", **SWEEP | {"sweep.schemes": "zero"}))
    finished(press(test, "Start"))
    first = {id(row) for row in study(test).rows}
    more(test, "sweep.seeds", 4)
    test.multiselect(key=setting("sweep.schemes")).set_value(["reinit", "zero"])
    run(test)
    assert "as 18 of them are there already" in page_text(test)
    finished(press(test, "Start"))
    assert "72 variants, 18 of them taken over, in" in page_text(test)
    assert first <= {id(row) for row in study(test).rows}
    recipe, parts, model = trained_by_link(**SWEEP | {"sweep.schemes": "reinit,zero", "sweep.seeds": "4"})
    afresh = run_sweep(model.model, parts, recipe.sweep, recipe=recipe, initial=model.initial)
    assert study(test).result.frame.equals(afresh.frame)


@pytest.mark.parametrize(
    ("view", "kind"), [("This randomization", "learning_curves"), ("Savings by fraction", "savings")]
)
def test_relearning_takes_over_its_seeds(view, kind):
    test = trained(app("relearn", **RELEARN))
    test.session_state["relearn_view"] = view
    press(run(test), "Start")
    finished(test, kind)
    first = {id(row) for row in study(test, kind).rows}
    more(test, "relearning.seeds", 3)
    assert f"as {len(first)} of them are there already" in page_text(test)
    press(test, "Start")
    finished(test, kind)
    assert first <= {id(row) for row in study(test, kind).rows}
    recipe, parts, model = trained_by_link(**RELEARN | {"relearning.seeds": "3"})
    result, afresh = study(test, kind).result, run_relearning(model, parts, recipe)
    name = "curves" if kind == "learning_curves" else "frame"
    assert getattr(result, name).equals(getattr(afresh, name))


def test_unlearning_takes_over_its_rows_from_any_kept_study():
    test = trained(app("unlearn", **UNLEARN))
    finished(press(test, "Start"))
    first = {id(row) for row in study(test).rows}
    pick(test, "class")
    press(test, "Start")
    press(test, "Stop")
    pick(test, "share")
    test.multiselect(key=setting("unlearning.methods")).set_value(["retrain", "fine_tune", "random_labels"])
    run(test)
    assert "6 models" in page_text(test)
    assert "as 4 of them are there already" in page_text(test)
    finished(press(test, "Start"))
    assert first < {id(row) for row in study(test).rows}
    recipe, parts, model = trained_by_link(**UNLEARN | {"unlearning.methods": "retrain,fine_tune,random_labels"})
    afresh = run_unlearning(model, parts, recipe).frame
    found = study(test).result.frame
    timeless = [name for name in afresh if "seconds" not in name]
    assert found[timeless].equals(afresh[timeless])


def test_models_that_a_study_will_train_need_room_of_those_kept(monkeypatch):
    test = trained(app("unlearn", **UNLEARN))
    finished(press(test, "Start"))
    first = study(test).runner
    assert len(first.staged) == 2
    room = 3 * 3 * parameter_count(first.trained.model)  # for three seeds: originals, initial weights, retrained
    monkeypatch.setenv("FORGETTING_LIMITS", f"models={room}")
    pick(test, "class")
    press(test, "Start")
    assert not first.staged
    press(test, "Stop")


COSTLY = {  # page → tab, link
    "layers": ("Curves", {"sweep.seeds": "2000", "sweep.doses": "0,1", "sweep.retrain": "1"}),
    "relearn": ("This randomization", {"relearning.epochs": "2000"}),
    "relearn savings": ("Savings by fraction", {"relearning.epochs": "2000"}),
    "unlearn": ("Comparison", {}),
    "unlearn class": ("Comparison", {"forget.by": "class", "forget.label": "Riesling"}),
}


@pytest.mark.parametrize("case", COSTLY)
def test_nothing_long_starts_unasked(case, monkeypatch):
    monkeypatch.setattr(base, "UNASKED_SECONDS", 3.0)
    for module in (sweep_seconds, relearning, unlearning):
        monkeypatch.setattr(module, "epoch_seconds", lambda _, **__: 1.0)
    page, (tab, link) = case.split()[0], COSTLY[case]
    test = trained(app(page, **QUICK, **link)) if "class" not in case else app(page, **link)
    test.session_state[f"{page}_view"] = tab
    run(test)
    assert button(test, "Start")
    assert not any(found.running and not found.look for found in mine(test).studies.values())
    assert not mine(test).kept


def test_a_quick_look_has_its_name_and_the_whole_plan_a_button(monkeypatch):
    monkeypatch.setattr(base, "UNASKED_SECONDS", 3.0)
    pretended = {1: 2.0, 10: 100.0}  # by the seeds
    slow = replace(STUDY_KINDS["dose"], seconds=lambda request: pretended[request.recipe.sweep.seeds])
    monkeypatch.setitem(STUDY_KINDS, "dose", slow)
    test = finished(app("layers"))
    assert "**Quick look**: Dose–response: 3 layer sets × 6 fractions × 2 schemes × 1 seed." in page_text(test)
    assert (
        "The whole plan: 3 layer sets × 21 fractions × 2 schemes × 10 seeds: 1,260 variants, about 2\u00a0min."
        in page_text(test)
    )
    assert {row.planned_dose for row in study(test).rows} == {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}
    assert charts(test) == 1
    assert not mine(test).kept
    assert CHANGED not in page_text(test)
    press(test, "Start")
    assert study(test).total == 1260
    assert mine(test).kept == [study(test)]
