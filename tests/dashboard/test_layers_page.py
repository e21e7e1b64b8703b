"""The Layers page without a browser: its plan, its studies, what a click on a point opens, and words."""

import math
import re

import pandas as pd
import pytest
import torch
from app_pages import QUICK, app, go, metrics, page_text, press, run, setting, uploading
from streamlit.testing.v1 import AppTest
from study_pages import charts, drawn, errors, finished, labels, mine, sentence, study, trained

from forgetting.charts.dose_response import PICK, PICKED, with_intervals
from forgetting.dashboard.studies import base
from forgetting.dashboard.studies import opened as opened_studies
from forgetting.dashboard.studies.opened import REFUSED_STUDY, SHOWN_STUDY, study_of_result
from forgetting.dashboard.ui import tables as table_views
from forgetting.dashboard.views import dose_response, live
from forgetting.dashboard.views.opened_study import OPENED_VIEWS
from forgetting.metrics.scores import top_1_accuracy
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep
from forgetting.recipe.url import decode_query
from forgetting.reporting.formatting import format_points, format_share
from forgetting.reporting.names import format_scheme
from forgetting.studies.dose_response import curves
from forgetting.studies.nested import nested_curves
from forgetting.studies.study import study as run_any_study
from forgetting.studies.sweep import SweepResult, sweep_rows
from forgetting.unlearning.forget_set import make_forget_sets

pytestmark = pytest.mark.slow  # each case trains a model and runs a study
SMALL = {"sweep.doses": "0,0.5,1", "sweep.seeds": "2"}
LAYERS, SCHEMES, UNITS = (setting(f"sweep.{name}") for name in ("layers", "schemes", "units"))
STUDY_VIEWS = ("Curves", "Heat map", "Cascades", "Half-way", "Equal ‖ΔW‖", "How sure?")
CHANCE = "chance is 9\u00a0%, the largest class 19\u00a0%"


def layers(view: str = "Curves", **parameters: str) -> AppTest:
    """The page by a cold link with a trained model, its study run to the end where it starts by itself."""
    return opened(trained(app("layers", **parameters)), view)


def opened(test: AppTest, view: str) -> AppTest:
    test.session_state["layers_view"] = view
    run(test)
    kinds = {"Equal ‖ΔW‖": "change", "Robustness": "robustness", "Conclusions": "robustness"}
    return finished(test, kinds.get(view, "dose")) if view != "Words" else test


def plan(test: AppTest) -> Sweep:
    return mine(test).recipe.sweep


@pytest.fixture
def compared(monkeypatch) -> list:
    """The comparisons that pages show, in their order."""
    seen, view = [], live.live_view

    def watched(trained_model, comparison, baselines, **options):
        seen.append(comparison)
        return view(trained_model, comparison, baselines, **options)

    monkeypatch.setattr(live, "live_view", watched)
    return seen


def test_a_quick_plan_runs_by_itself_and_names_the_baselines():
    test = layers()
    assert "Validation accuracy of this model is 84\u00a0%" in page_text(test)
    assert CHANCE in page_text(test)
    assert "1,260 variants in" in page_text(test)
    assert len(study(test).rows) == 3 * 21 * 2 * 10
    assert labels(test) == []
    assert test.query_params == {}


@pytest.mark.parametrize("view", [*STUDY_VIEWS, "Conclusions", "Robustness", "Words"])
def test_every_view_opens_and_says_what_it_shows(view):
    test = layers(view, **SMALL)
    assert charts(test) == 1
    assert ("chance" in sentence(test).lower()) == (view != "Words")
    assert ("largest class" in sentence(test)) == (view != "Words")
    assert "nan" not in sentence(test)


@pytest.mark.parametrize("view", ["Curves", "Equal ‖ΔW‖"])
def test_every_metric_is_drawn(view):
    test = layers(view, **SMALL)
    for figure, columns in dose_response.METRIC_GROUPS.items():
        next(box for box in test.selectbox if box.label == "Metric").set_value(figure)
        run(test)
        assert charts(test) == len(columns)


def test_rows_and_medians_are_those_of_the_library():
    test = layers(**SMALL, **{"sweep.schemes": "reinit"})
    trained_model, own = mine(test).trained_model, Sweep(doses=(0.0, 0.5, 1.0), schemes=("reinit",), seeds=2)
    generator = sweep_rows(
        trained_model.trained.model,
        trained_model.split,
        own,
        recipe=trained_model.recipe,
        initial=trained_model.trained.initial,
    )
    rows = list(generator)
    assert study(test).rows == rows
    expected = with_intervals(curves(SweepResult(own, tuple(rows)).frame), nested_curves(rows), "interval")
    shown = drawn(test)
    for column in ("layers", "planned_dose", "median", "low", "high", "seed", "seeds", "change", "shown"):
        assert shown[column].tolist() == expected[column].tolist(), column


CHANGES = {
    "sweep.layers": (["each", "down", "fc1+fc2"], "each,down,fc1+fc2"),
    "sweep.schemes": (["zero", "noise"], "zero,noise"),
    "sweep.units": (["neuron"], "neuron"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_list_of_the_plan_changes_the_recipe_and_the_address(name):
    value, text = CHANGES[name]
    test = layers(**SMALL)
    test.multiselect(key=setting(name)).set_value(value)
    finished(run(test))
    assert mine(test).recipe.value(name) == tuple(value)
    assert test.query_params[name] == text
    assert decode_query(test.query_params) == (mine(test).recipe, [])
    assert study(test).plan == plan(test)
    assert not study(test).unfinished


def test_each_number_of_the_plan_changes_the_recipe_and_the_address(monkeypatch):
    test = layers(**SMALL)
    for key, name, value, text in (
        (setting("sweep.doses"), "sweep.doses", 5, "0,0.25,0.5,0.75,1"),
        (setting("sweep.seeds"), "sweep.seeds", 3, "3"),
        (setting("sweep.seed"), "sweep.seed", 7, "7"),
    ):
        test.number_input(key=key).set_value(value)
        finished(run(test))
        assert test.query_params[name] == text
    assert plan(test) == Sweep(doses=(0, 0.25, 0.5, 0.75, 1), seeds=3, seed=7)
    monkeypatch.setattr(base, "UNASKED_SECONDS", -1)
    test.checkbox(key=setting("sweep.retrain")).check()
    run(test)
    assert test.query_params["sweep.retrain"] == "1"
    assert "The plan or the model has changed" in page_text(test)


def test_the_scale_of_noise_shows_with_that_scheme_alone():
    test = layers(**SMALL)
    key = setting("sweep.scale")
    assert key not in [field.key for field in test.number_input]
    test.multiselect(key=SCHEMES).set_value(["noise"])
    finished(run(test))
    test.number_input(key=key).set_value(0.3)
    finished(run(test))
    assert test.query_params["sweep.scale"] == "0.3"
    assert study(test).plan.scale == 0.3


def test_a_link_reopens_its_plan():
    link = {
        "sweep.layers": "fc1,fc1+fc2,down",
        "sweep.doses": "0,0.1,0.35,0.9",
        "sweep.schemes": "permute,noise",
        "sweep.units": "neuron",
        "sweep.seeds": "3",
        "sweep.seed": "11",
        "sweep.retrain": "1",
        "sweep.match": "change",
        "sweep.scale": "0.5",
    }
    test = layers(**link)
    assert test.query_params == link
    assert plan(test) == Sweep(
        layers=("fc1", "fc1+fc2", "down"),
        doses=(0.0, 0.1, 0.35, 0.9),
        schemes=("permute", "noise"),
        units=("neuron",),
        seeds=3,
        seed=11,
        retrain=True,
        match="change",
        scale=0.5,
    )
    assert test.multiselect(key=LAYERS).value == ["fc1", "fc1+fc2", "down"]
    assert test.number_input(key=setting("sweep.doses")).value == 4
    assert test.checkbox(key=setting("sweep.retrain")).value
    assert study(test).plan.doses == (0.0, 0.1, 0.35, 0.9)


def test_the_number_of_doses_follows_the_recipe_on_a_page_that_stays():
    test = layers(**SMALL)
    test.number_input(key=setting("sweep.doses")).set_value(5)
    finished(run(test))
    mine(test).recipe = mine(test).recipe.with_value("sweep.doses", (0.0, 0.5, 1.0))
    mine(test).touched = True
    go(go(test, "data"), "layers")
    assert test.number_input(key=setting("sweep.doses")).value == 3


IMPOSSIBLE = {
    "a layer that is none": ({"sweep.layers": "fc9"}, "“Layer sets” must be"),
    "words of a later layer": ({"sweep.units": "word", "sweep.layers": "fc2"}, "first layer"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_values_in_a_link_get_a_sentence(case):
    link, message = IMPOSSIBLE[case]
    test = layers(**link)
    assert message in errors(test)
    assert not charts(test)
    for view in ("Robustness", "Words"):
        opened(test, view)
        assert charts(test) == 1


def test_a_plan_that_is_too_large_says_what_to_reduce():
    doses = ",".join(f"{step / 200:g}" for step in range(201))
    test = layers(**{"sweep.seeds": "10000", "sweep.doses": doses})
    assert "at most 50,000 variants" in page_text(test)
    assert "are 12,060,000. Reduce the seeds first." in page_text(test)
    assert "Start" not in labels(test)
    test.number_input(key=setting("sweep.seeds")).set_value(1)
    run(test)
    assert not test.error
    assert "1,206 variants" in page_text(test)


@pytest.mark.usefixtures("slow_studies")
def test_stop_keeps_the_rows_and_go_on_continues():
    test = layers(**SMALL)
    assert "Press Start to run this plan." in page_text(test)
    assert not charts(test)
    press(test, "Start")
    run(test)
    press(test, "Stop")
    done = len(study(test).rows)
    assert 0 < done < 36
    assert f"Stopped: {done} of 36 variants are done." in page_text(test)
    assert charts(test) == 1
    run(test)
    assert len(study(test).rows) == done
    press(test, "Go on")
    finished(test)
    assert len(study(test).rows) == 36
    assert labels(test) == []


@pytest.mark.usefixtures("slow_studies")
def test_rows_do_not_depend_on_where_a_study_was_stopped(monkeypatch):
    test = layers(**SMALL)
    press(test, "Start")
    press(test, "Stop")
    go(go(test, "forget"), "layers")
    assert 0 < len(study(test).rows) < 36
    press(test, "Go on")
    finished(test)
    monkeypatch.setattr(base, "UNASKED_SECONDS", math.inf)
    assert study(test).rows == study(layers(**SMALL)).rows


@pytest.mark.usefixtures("slow_studies")
def test_a_changed_plan_marks_the_results_as_out_of_date():
    test = layers(**SMALL)
    press(test, "Start")
    finished(test)
    before = drawn(test)
    test.number_input(key=setting("sweep.seeds")).set_value(3)
    run(test)
    assert "The plan or the model has changed" in page_text(test)
    assert drawn(test).equals(before)
    assert labels(test) == ["Start"]
    finished(press(test, "Start"))
    assert "The plan or the model has changed" not in page_text(test)
    assert len(study(test).rows) == 54


@pytest.mark.usefixtures("slow_studies")
def test_a_study_under_way_can_be_stopped_whatever_the_plan_has_become():
    test = layers(**SMALL)
    press(test, "Start")
    test.multiselect(key=UNITS).set_value(["word"])
    run(test)
    assert test.error
    assert study(test).running
    assert labels(test) == ["Stop"]
    assert "Start runs this one" not in page_text(test)


@pytest.mark.usefixtures("slow_studies")
def test_the_rows_of_a_study_keep_the_recipe_of_their_model():
    test = layers(**SMALL, **QUICK)
    press(test, "Start")
    finished(test)
    before = study(test)
    recipe = before.result.recipe
    mine(test).recipe = mine(test).recipe.with_value("seed", 90420)
    mine(test).touched = True
    run(test)
    press(test, "Train these settings (6 epochs)")
    assert "The plan or the model has changed" in page_text(test)
    assert study(test) is before
    assert before.result.recipe == recipe
    assert mine(test).trained_model.recipe.seed == 90420


def test_a_deeper_model_has_its_layers_and_cascades():
    link = {"model.hidden": "16,8", "sweep.layers": "down,up", **SMALL, **QUICK}
    test = layers("Cascades", **link)
    assert {row.layers for row in study(test).rows} == {
        "fc1", "fc2", "fc3", "fc1+fc2", "fc2+fc3", "fc1+fc2+fc3",
    } - {"fc2"}  # fmt: skip
    assert drawn(test)["step"].tolist() == [0, 1, 2, 3] * 2
    assert "first step top-down (fc3 alone) leaves" in page_text(test)
    assert "first step bottom-up (fc1 alone) leaves" in page_text(test)
    offered = test.multiselect(key=LAYERS).options
    assert offered[:4] == ["each layer alone", "all layers", "top-down cascade", "bottom-up cascade"]
    assert len(offered) == 4 + 7
    opened(test, "Robustness")
    assert test.dataframe[0].value["layer"].tolist() == ["fc1", "fc2", "fc3"]


def test_a_cascade_that_lacks_a_set_is_made_by_a_button():
    test = layers("Cascades", **SMALL, **{"sweep.layers": "fc1"})
    press(test, "Randomize in cascades")
    assert test.session_state.session.recipe.sweep.layers == ("fc1", "down", "up")
    assert set(drawn(finished(test), "cascade")["cascade"]) == {"top-down", "bottom-up"}


def test_levels_that_no_scheme_reaches_are_said_and_not_drawn_as_numbers():
    test = layers("Equal ‖ΔW‖", **{"sweep.doses": "1", "sweep.schemes": "rewind", "sweep.layers": "fc2"})
    assert "nan" not in sentence(test)


def test_no_half_way_dose_is_given_below_the_smallest_dose_of_the_plan():
    test = layers(**{"sweep.doses": "0.99,1", "sweep.seeds": "2"})
    assert "99\u00a0% of fc1 (99\u00a0% to 99\u00a0%)" not in sentence(test)


def test_a_study_of_words_can_be_made_one_of_weights_again():
    test = layers(**SMALL, **{"sweep.units": "word", "sweep.layers": "fc1", "sweep.words": "cherry,black"})
    assert {row.unit for row in study(test).rows} == {"word"}
    test.multiselect(key=UNITS).set_value(["weight"])
    finished(run(test))
    assert plan(test).units == ("weight",)


def pick(test: AppTest, monkeypatch, match: str = "dose", **wanted) -> tuple:
    """Click the point of the curve that has these values; the row that it stands for, and the point."""
    table = curves(study(test, match).result.frame)
    for name, value in wanted.items():
        table = table[table[name] == value]
    point = table.iloc[0][PICKED].to_dict()
    row = next(
        row
        for row in study(test, match).rows
        if (row.layers, row.scheme, row.unit, row.seed) == tuple(point[name] for name in PICKED[:4])
        and row.planned_dose == table.iloc[0]["planned_dose"]
    )
    click = dose_response._open_picked
    once = [point]

    def clicked(found, event):
        click(found, {"selection": {PICK: [once.pop()]}} if once else event)

    with monkeypatch.context() as patch:
        patch.setattr(dose_response, "_open_picked", clicked)
        test.run()
    return row, point


POINTS = {
    "one layer": {"layers": "fc1", "scheme": "normal", "planned_dose": 0.35},
    "all layers": {"layers": "fc1+fc2", "scheme": "reinit", "planned_dose": 0.7},
    "nothing": {"layers": "fc2", "scheme": "reinit", "planned_dose": 0.0},
    "all of it": {"layers": "fc2", "scheme": "normal", "planned_dose": 1.0},
}


@pytest.mark.parametrize("case", POINTS)
def test_a_click_on_a_point_opens_exactly_that_state(case, monkeypatch, compared):
    test = layers(**{"sweep.doses": "0,0.35,0.7,1", "sweep.seeds": "3", "sweep.seed": "4"})
    row, point = pick(test, monkeypatch, **POINTS[case])
    run(test)
    chosen = mine(test).recipe.randomization
    assert chosen.layers == (("all",) if row.layers == "fc1+fc2" else (row.layers,))
    assert (chosen.scheme, chosen.unit, chosen.seed, chosen.fraction) == (row.scheme, row.unit, row.seed, row.dose)
    assert (chosen.scale, chosen.words) == (1.0, ())
    assert mine(test).recipe.seed == 0
    go(test, "forget")
    assert compared[-1].randomized.scores["validation"].accuracy == row.validation["accuracy"]
    assert compared[-1].randomized.scores["validation"].loss == pytest.approx(row.validation["loss"], rel=1e-5)
    assert metrics(test)["Validation accuracy"].endswith(format_share(row.validation["accuracy"]))
    assert point["seed_dose"] == row.dose


def test_a_click_on_a_point_of_equal_change_opens_its_own_dose(monkeypatch, compared):
    test = layers("Equal ‖ΔW‖", **{"sweep.doses": "0,0.6,0.9", "sweep.seeds": "3"})
    row, _ = pick(test, monkeypatch, "change", layers="fc1", scheme="reinit", planned_dose=0.6)
    run(test)
    assert mine(test).recipe.randomization.fraction == row.dose
    assert row.dose not in (0.0, 0.6)
    go(test, "forget")
    assert compared[-1].randomized.scores["validation"].accuracy == row.validation["accuracy"]


def test_a_click_on_several_layers_at_equal_change_says_why_it_opens_nothing(monkeypatch):
    test = layers("Equal ‖ΔW‖", **{"sweep.doses": "0,0.6", "sweep.seeds": "2"})
    before = mine(test).recipe
    pick(test, monkeypatch, "change", layers="fc1+fc2", scheme="reinit", planned_dose=0.6)
    assert "each layer has a fraction of its own" in page_text(test)
    assert mine(test).recipe == before
    assert not test.exception


def test_a_click_on_a_retrained_point_sets_the_models_seed_too(monkeypatch, compared):
    link = {"sweep.doses": "0,0.5", "sweep.seeds": "2", "sweep.retrain": "1", "sweep.seed": "7", **QUICK}
    test = layers(**link)
    row, _ = pick(test, monkeypatch, layers="fc1", scheme="normal", planned_dose=0.5)
    run(test)
    assert mine(test).recipe.seed == row.seed == mine(test).recipe.randomization.seed
    go(test, "forget")
    press(test, "Train these settings (6 epochs)")
    assert compared[-1].randomized.scores["validation"].accuracy == row.validation["accuracy"]


def test_words_are_picked_shown_on_forget_and_taken_back():
    test = layers("Words", **SMALL)
    test.multiselect(key=setting("randomization.words")).set_value(["cherry", "black"])
    run(test)
    chosen = mine(test).recipe.randomization
    assert (chosen.unit, chosen.layers, chosen.words) == ("word", ("fc1",), ("cherry", "black"))
    assert "change their predicted class" in page_text(test)
    assert "2 words (cherry, black)" in page_text(test)
    assert len(test.get("plotly_chart")) == len(test.dataframe) == 1
    address = dict(test.query_params)
    assert address["randomization.words"] == "cherry,black"
    go(test, "forget")
    assert "Only these words: cherry, black" in page_text(test)
    press(test, "All words")
    assert mine(test).recipe.randomization.words == ()
    assert "Only these words" not in page_text(test)
    other = app("forget", **address)
    assert "Only these words: cherry, black" in page_text(other)
    other.selectbox(key=setting("randomization.unit")).set_value("weight")
    run(other)
    assert mine(other).recipe.randomization.words == ()
    assert "randomization.words" not in other.query_params


def test_the_ten_strongest_words_of_a_class_are_forgotten_and_given_back():
    test = layers("Words", **SMALL)
    press(test, "Forget the ten strongest")
    words = mine(test).recipe.randomization.words
    assert len(words) == 10
    assert test.multiselect(key=setting("randomization.words")).value == list(words)
    test.multiselect(key=setting("randomization.words")).set_value([])
    run(test)
    assert "Pick words, or forget the strongest of a class" in page_text(test)
    go(test, "forget")
    assert "Nothing is randomized" in page_text(test)


@pytest.mark.parametrize(
    ("page", "words"),
    [("overview", "nosuch"), ("forget", "nosuch"), ("forget", "cherry,nosuch"), ("layers", "cherry,nosuch")],
)
def test_words_that_the_model_lacks_break_no_page(page, words):
    link = {"randomization.words": words, "randomization.unit": "word", "randomization.layers": "fc1"}
    test = app(page, **link, **SMALL)
    assert not test.error
    assert dict(test.query_params) == link | SMALL
    if page == "forget":
        assert "not in this model" in page_text(test)
        assert ("Nothing is randomized" in page_text(test)) == (words == "nosuch")
    if page == "layers":
        opened(test, "Words")
        assert not test.error


def test_words_from_a_file_are_no_markdown():
    rows = [
        f"{('__cherry__ _plum_ leather', 'lemon apple slate')[row % 2]} note{row % 7} glass{row % 5} of a long enough"
        f" text that can be said of wine,{('red', 'white')[row % 2]}"
        for row in range(60)
    ]
    test = uploading("review,style\n" + "\n".join(rows) + "\n")
    opened(trained(go(test, "layers")), "Words")
    test.multiselect(key=setting("randomization.words")).set_value(["__cherry__", "_plum_"])
    run(test)
    for page in ("layers", "forget", "overview"):
        go(test, page)
        for element in (*test.markdown, *test.caption):
            assert "__cherry__" not in element.value, page


def test_the_dose_of_forget_stands_on_its_curve():
    test = app("forget", **{"randomization.fraction": "0.35", "randomization.layers": "fc1", "randomization.seed": "3"})
    test.session_state["forget_view"] = "Dose–response"
    run(test)
    assert "half-way down to chance at" in page_text(test)
    assert CHANCE in page_text(test)
    table = drawn(test)
    assert table["seeds"].tolist() == [10] * 21
    assert table["planned_dose"].tolist() == pytest.approx([step / 20 for step in range(21)])
    press(test, "Restore")
    assert "Choose layers to see how accuracy falls with the fraction randomized." in page_text(test)
    assert not charts(test)


def test_the_dose_of_forget_follows_words_and_the_last_seed():
    link = {"randomization.words": "cherry,black", "randomization.unit": "word", "randomization.layers": "fc1"}
    test = app("forget", **link, **{"randomization.seed": str(2**32 - 1)})
    test.session_state["forget_view"] = "Dose–response"
    run(test)
    assert charts(test) == 1
    press(test, "All words")
    assert charts(test) == 1


def test_robustness_of_many_seeds_is_asked_for_and_done_in_slices(monkeypatch):
    """One blocking call with all of the plan's seeds held the page for minutes at 10,000 seeds."""
    monkeypatch.setattr(base, "UNASKED_SECONDS", -1)
    test = layers("Robustness", **{"sweep.seeds": "10000"})
    assert "re-randomized with 100 seeds" in page_text(test)
    assert "robustness" not in mine(test).studies
    press(test, "Start")
    assert study(test, "robustness").running


def test_a_study_of_another_model_is_opened_from_its_file_and_shown_as_one_of_ours(monkeypatch):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    inputs = torch.randn(80, 3)
    targets = model(inputs).argmax(-1)
    first = {name: torch.randn_like(value) for name, value in model.state_dict().items()}
    plan = Sweep(("each", "down", "up"), (0.0, 0.5, 1.0), ("rewind", "reinit"), seeds=2)
    result = run_any_study(model, lambda other: (other(inputs), targets), plan, initial=first)
    test = app("layers")
    test.session_state[SHOWN_STUDY] = study_of_result(result, "mine.parquet", result.to_bytes("parquet"))
    offered, files = table_views.chart_files, {}

    def record(charts, *, key, table, tables=None):
        offered(charts, key=key, table=table, tables=tables)
        files[key] = table()

    monkeypatch.setattr(table_views, "chart_files", record)
    for view in OPENED_VIEWS:
        test.session_state["opened_view"] = view
        run(test)
        run(test)
        assert charts(test) == 1
        assert "chance is 50\u00a0%" in sentence(test) or "chance 50\u00a0%" in sentence(test)
    test.session_state["opened_view"] = "Curves"
    run(test)
    shown = drawn(test)
    expected = curves(result.frame[result.frame["scheme"] == shown["scheme"].iloc[0]])
    assert shown["median"].tolist() == expected["median"].tolist()
    for key, table in files.items():  # a file has numbers, and each end of an interval by itself
        texts = [str(value) for name in table.select_dtypes(exclude="number") for value in table[name]]
        assert [text for text in texts if re.match(r"[+−-]?\d.*([%\u2013]| to )", text)] == [], key
    points = pd.concat([curve.points for curve in nested_curves(result.rows)])
    points = points[points["scheme"].map(format_scheme) == files["heat"]["scheme"].iloc[0]]
    for of_curve, of_file in (("low", "95 % interval, low"), ("band_high", "95 % of whole curve, high")):
        assert sorted(files["heat"][of_file.replace(" %", "\u00a0%")]) == sorted(points[of_curve])
    press(test, "Close this study")
    assert "mine.parquet" not in page_text(test)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PK\x03\x04", b"a,b\n1,2\n"])
def test_a_file_that_holds_no_study_is_refused_in_words(content, monkeypatch):
    test = app("layers")
    monkeypatch.setattr(opened_studies, "take_file", lambda _: (content, "odd.parquet"))
    monkeypatch.setattr(opened_studies.st, "session_state", kept := {})
    opened_studies._chosen()
    monkeypatch.undo()
    assert SHOWN_STUDY not in kept
    test.session_state[REFUSED_STUDY] = kept[REFUSED_STUDY]
    run(test)
    assert "odd.parquet: A study's file must be the Parquet file" in errors(test)


def test_splits_have_models_of_their_own_which_the_intervals_hold():
    link = {"sweep.doses": "0,1", "sweep.seeds": "2", "sweep.layers": "fc1", "sweep.schemes": "zero", **QUICK}
    test = layers(**link, **{"sweep.splits": "2"})
    assert [(row.split, row.seed, row.planned_dose) for row in study(test).rows] == [
        (split, seed, dose) for split in (0, 1) for seed in (0, 1) for dose in (0.0, 1.0)
    ]
    assert "with a model trained for each split" in page_text(test)
    assert "of this model" not in sentence(test)
    opened(test, "How sure?")
    assert "split and its training" in set(drawn(test, "source")["source"])
    assert "does not hold" not in sentence(test)


# Which layer to unlearn in.


def test_layers_are_ranked_by_what_they_lose_of_the_forget_set_and_the_best_is_taken_to_unlearn():
    wanted = {"forget.by": "class", "forget.label": "Merlot", "sweep.schemes": "zero"}
    test = layers("To unlearn", **SMALL, **wanted)
    if "layer_choice" not in mine(test).studies:
        press(test, "Start")
    finished(test, "layer_choice")
    split = mine(test).trained_model.split
    sets = make_forget_sets(split, mine(test).recipe.forget)
    model, lost = mine(test).trained_model.trained.model, {}
    for layer in ("fc1", "fc2"):
        for name, part in (("forget", sets.forget), ("retain", sets.retain)):
            hits = [
                (randomized(part.inputs).argmax(1) == part.targets).double().mean().item()
                for fraction in (0.5, 1.0)
                for seed in (0, 1)
                for randomized in [randomize(model, Randomization((layer,), fraction, "zero", seed=seed))]
            ]
            lost[layer, name] = top_1_accuracy(model, part) - sum(hits) / len(hits)
    excess = {layer: lost[layer, "forget"] - lost[layer, "retain"] for layer in ("fc1", "fc2")}
    best = max(excess, key=excess.get)
    assert f"{best} loses the most of the forget set" in sentence(test)
    for name in ("forget", "retain"):
        assert format_points(100 * lost[best, name]) in sentence(test)
    press(test, f"Unlearn in {best}")
    chosen = mine(test).recipe.unlearning
    assert (chosen.repair_layers, chosen.repair_scheme) == ((best,), "zero")
    assert {"randomize_and_repair", "repair_all_layers", "repair_random_layer", "retrain"} <= set(chosen.methods)
