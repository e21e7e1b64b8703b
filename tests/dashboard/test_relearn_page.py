"""The Relearn page without a browser: its two plans, studies that stop and go on, sentences, charts, files and links.

What is expected is computed by the library from the recipe of the link, apart from the page.
"""

import io
from dataclasses import replace
from functools import cache
from math import inf, isnan
from statistics import median

import pandas as pd
import pyarrow.parquet as pq
import pytest
from app_pages import app, go, own_file, page_text, press, run, setting, uploading
from streamlit.testing.v1 import AppTest
from study_pages import (
    charts,
    drawn,
    finished,
    icon,
    labels,
    mine,
    sentence,
    study,
    tables,
    trained,
    trained_by_link,
)

from forgetting.core.errors import DataError
from forgetting.dashboard.studies import relearning
from forgetting.metrics.baselines import compute_baselines
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import Recipe
from forgetting.recipe.url import decode_query
from forgetting.reporting import relearning as relearning_sentences
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.relearning import format_savings
from forgetting.studies.memory import savings_curves
from forgetting.studies.relearning import RelearningResult, learning_curve_bands, run_relearning

pytestmark = pytest.mark.slow  # each case trains several models
SMALL = {"training.epochs": "6", "relearning.epochs": "6", "relearning.seeds": "2"}  # two originals
FEW = {**SMALL, "relearning.doses": "0,0.5,1"}
ENDS = ["low", "median", "high"]
COURSES, SAVINGS = "This randomization", "Savings by fraction"
KINDS = {COURSES: "learning_curves", SAVINGS: "savings"}
PLAN = ("target_share", "epochs", "seeds", "seed")
CHANGED = "The plan or the model has changed"


def relearn(view: str = COURSES, **parameters: str) -> AppTest:
    """The page by a cold link with a trained model, its study run to the end where it starts by itself."""
    return opened(trained(app("relearn", **parameters)), view)


def opened(test: AppTest, view: str) -> AppTest:
    test.session_state["relearn_view"] = view
    run(test)
    return finished(test, KINDS[view])


@cache
def expected(**parameters: str) -> tuple[Recipe, RelearningResult, object]:
    """What the library says of a link: the recipe, its result, and the baselines."""
    recipe, parts, model = trained_by_link(**parameters)
    return recipe, run_relearning(model, parts, recipe), compute_baselines(parts, recipe.training.objective)


def headline(recipe: Recipe, result: RelearningResult, base) -> str:
    target = describe_randomization(recipe.randomization, recipe.model.layers)
    return relearning_sentences.describe_relearning(result.learning_curves, result.outcomes, target, base)


def points(curves) -> list:
    return [(curve.model, curve.seed, curve.points, curve.time_to_target) for curve in curves]


def test_a_quick_plan_runs_by_itself_to_the_librarys_conclusion():
    test = relearn(**SMALL)
    recipe, result, base = expected(**SMALL)
    assert points(study(test).rows) == points(result.learning_curves)
    assert sentence(test) == headline(recipe, result, base)
    assert "chance 9\u00a0%, largest class 19\u00a0%" in sentence(test)
    assert labels(test) == ["All layers", "Restore"]
    assert test.query_params == SMALL


def test_the_curves_chart_holds_the_librarys_bands():
    test = relearn(**SMALL)
    _, result, base = expected(**SMALL)
    bands, shown = learning_curve_bands(result.curves), drawn(test)
    for column in ("epoch", "steps", "seeds", "low", "median", "high"):
        assert shown[column].tolist() == bands[column].tolist(), column
    assert set(shown["model"]) == {"from scratch", "relearned", "original"}
    rules = "\n".join(str(table.to_dict("list")) for table in tables(test) if "median" not in table)
    goal = median(curve.target_accuracy.target for curve in result.learning_curves)
    for value in (base.chance, base.majority["validation"], goal):
        assert f"{value:.6f}"[:7] in rules, rules


def test_each_seed_is_listed_with_its_steps_and_savings():
    test = relearn(**SMALL)
    _, result, _ = expected(**SMALL)
    table = test.dataframe[0].value
    assert table["seed"].tolist() == [0, 1]
    for model, name in (("scratch", "from scratch"), ("randomized", "relearned")):
        for curve in (curve for curve in result.learning_curves if curve.model == model):
            shown = table.loc[table["seed"] == curve.seed, name].item()
            steps = curve.time_to_target.steps
            assert shown == (f"{steps} steps" if curve.time_to_target.kind == "reached" else curve.time_to_target.kind)
    saved = result.outcomes.query("model == 'randomized'")
    for row in saved.itertuples():
        shown = table.loc[table["seed"] == row.seed, "savings"].item()
        low = -inf if isnan(row.savings_low) else row.savings_low
        both_never = low == -inf and row.savings_high == 1
        assert shown == (row.missing if both_never else format_savings(low, row.savings_high))


RANDOMIZATIONS = {
    "a layer and a dose": {"randomization.layers": "fc2", "randomization.fraction": "0.4"},
    "noise": {"randomization.scheme": "noise", "randomization.scale": "0.5"},
    "rewound": {"randomization.scheme": "rewind"},
    "words": {
        "randomization.words": "cherry,black",
        "randomization.unit": "word",
        "randomization.layers": "fc1",
    },
}


@pytest.mark.parametrize("case", RANDOMIZATIONS)
def test_the_sessions_randomization_drives_the_curves(case):
    link = SMALL | RANDOMIZATIONS[case] | {"relearning.seed": "3"}
    test = relearn(**link)
    recipe, result, base = expected(**link)
    assert points(study(test).rows) == points(result.learning_curves)
    assert sentence(test) == headline(recipe, result, base)
    assert test.query_params == link


def test_the_controls_of_the_randomization_change_recipe_address_and_curves():
    test = relearn(**SMALL)
    before = sentence(test)
    test.select_slider(key=setting("randomization.fraction")).set_value(0.3)
    finished(run(test))
    test.get_by_key(setting("randomization.layers")).set_value(["fc2"])
    finished(run(test))
    test.selectbox(key=setting("randomization.scheme")).set_value("zero")
    finished(run(test))
    link = SMALL | {
        "randomization.fraction": "0.3",
        "randomization.layers": "fc2",
        "randomization.scheme": "zero",
    }
    assert test.query_params == link
    assert "30\u00a0% of fc2" in sentence(test)
    assert sentence(test) == headline(*expected(**link)) != before
    press(test, "All layers")
    finished(test)
    assert "30\u00a0% of all layers" in sentence(test)


@pytest.mark.parametrize("how", ["dose 0", "no layer"])
def test_nothing_randomized_is_already_there(how):
    link = {"randomization.fraction": "0"} if how == "dose 0" else {"randomization.layers": ""}
    test = relearn(**SMALL, **link)
    randomized = [curve for curve in study(test).rows if curve.model == "randomized"]
    assert [curve.time_to_target.kind for curve in randomized] == ["already there"] * 2
    assert test.dataframe[0].value["relearned"].tolist() == ["already there"] * 2
    _, result, _ = expected(**SMALL, **link)
    values = result.outcomes.query("model == 'randomized'")["savings"]
    shown = test.dataframe[0].value["savings"].tolist()
    assert [value == "1.00" for value in shown] == (values == 1).tolist()
    assert (values == 1).any()


@pytest.mark.parametrize("layers", ["", "unknown words"])
def test_a_sentence_never_randomizes_nothing_by_name(layers):
    """No layer chosen: "After randomizing 100 % of  validation accuracy is …" names nothing."""
    link = {"randomization.layers": ""}
    if layers:
        link = {"randomization.words": "nosuch", "randomization.unit": "word", "randomization.layers": "fc1"}
    test = relearn(**SMALL, **link)
    assert "of  " not in sentence(test)
    assert "(nosuch)" not in sentence(test)


def test_normal_weights_never_get_there_and_it_is_said():
    link = SMALL | {"randomization.scheme": "normal", "relearning.seeds": "5", "relearning.epochs": "8"}
    test = relearn(**link)
    randomized = [curve.time_to_target for curve in study(test).rows if curve.model == "randomized"]
    assert {reached.kind for reached in randomized} == {"never"}
    assert "more than 8" in sentence(test)
    assert "No memory can be shown" in sentence(test) or "too few models" in sentence(test)
    assert sentence(test) == headline(*expected(**link))
    assert "N(0, 1) also makes the weights larger" in page_text(test)
    assert set(test.dataframe[0].value["relearned"]) == {"never"}
    assert "nan" not in page_text(test)


def test_a_target_that_is_no_better_than_chance_is_undefined():
    test = relearn(**SMALL, **{"relearning.target_share": "0.1"})
    assert "Savings are undefined" in sentence(test)
    assert "chance" in sentence(test)
    opened(test, SAVINGS)
    assert "nan" not in sentence(test)
    test.session_state["savings_table"] = True
    assert run(test).dataframe[0].value["savings"].isna().all()


def test_savings_by_dose_are_those_of_the_library():
    test = relearn(SAVINGS, **FEW)
    _, result, base = expected(**FEW)
    assert study(test, "savings").rows == list(result.rows)
    curves = savings_curves(result.frame)
    own = curves[curves["scheme"] == "reinit"].reset_index(drop=True)
    assert sentence(test) == relearning_sentences.describe_savings(own, result.frame, base)
    assert "chance is 9\u00a0%, the largest class 19\u00a0%" in sentence(test)
    least = max(-2.0, min([-0.5 if (own["low"] == -inf).any() else -0.1, *own["low"][own["low"] > -inf]]))
    own[ENDS] = own[ENDS].replace(-inf, least)
    for column in ("conclusion", "corrected"):
        own[column] = list(map(relearning_sentences.name_conclusion, own[column], own["unit"]))
    known, shown = own.dropna(subset=["median"]), drawn(test).dropna(subset=["median"])
    for column in (
        "layers",
        "dose",
        "median",
        "low",
        "high",
        "seeds",
        "accuracy",
        "already_there",
        "never",
        "conclusion",
        "corrected",
    ):
        assert shown[column].tolist() == known[column].tolist(), column
    test.session_state["savings_table"] = True
    table = run(test).dataframe[0].value
    assert table["layers"].tolist() == own["layers"].tolist()
    assert table["accuracy after"].tolist() == own["accuracy"].tolist()
    assert set(table["chance"]) == {base.chance}
    assert set(table["largest class"]) == {base.majority["validation"]}
    assert table["conclusion"].tolist() == own["conclusion"].tolist()
    assert table["corrected conclusion"].tolist() == own["corrected"].tolist()
    assert table["compared"].tolist() == own["units"].tolist()
    assert table.loc[table["fraction randomized"] == 0, "already there"].tolist() == [2] * 3
    assert table.loc[table["fraction randomized"] == 0, "savings"].tolist() == [1] * 3


def scheme(test: AppTest):
    return next(pills for pills in test.get("button_group") if pills.label == "Scheme")


def test_the_scheme_of_the_savings_is_chosen_and_outlives_a_plan_without_it():
    test = relearn(SAVINGS, **FEW)
    scheme(test).set_value("normal")
    run(test)
    assert set(drawn(test)["scheme"]) == {"normal"}
    assert "(N(0, 1))" in sentence(test)
    test.multiselect(key=setting("relearning.schemes")).set_value(["reinit"])
    finished(run(test), "savings")
    assert set(drawn(test)["scheme"]) == {"reinit"}
    assert "(re-randomization)" in sentence(test)


@pytest.mark.usefixtures("slow_studies")
def test_every_state_of_a_study_is_drawn_from_the_first_row_to_the_last():
    test = relearn(**FEW, **{"relearning.layers": "fc1,fc1+fc2"})
    for view, kind in ((COURSES, "learning_curves"), (SAVINGS, "savings")):
        test.session_state["relearn_view"] = view
        run(test)
        assert "Press Start to run this plan." in page_text(test)
        assert not charts(test)
        press(test, "Start")
        counts = set()
        while study(test, kind).running:
            counts.add(len(study(test, kind).rows))
            assert charts(test) == bool(study(test, kind).rows)
            assert "nan" not in sentence(test)
            run(test)
        assert len(counts) > 3, "the study was never seen half done"


@pytest.mark.usefixtures("slow_studies")
@pytest.mark.parametrize("view", KINDS)
def test_stop_keeps_the_rows_and_go_on_gives_those_of_the_library(view):
    kind, link = KINDS[view], FEW
    test = relearn(view, **link)
    total = {"learning_curves": 6, "savings": 36}[kind]
    press(test, "Start")
    while not study(test, kind).rows:
        run(test)
    press(test, "Stop")
    done = len(study(test, kind).rows)
    assert 0 < done < total
    part = {"learning_curves": "runs", "savings": "variants"}[kind]
    assert f"Stopped: {done} of {total} {part} are done." in page_text(test)
    assert charts(test) == 1
    run(test)
    assert len(study(test, kind).rows) == done
    go(go(test, "forget"), "relearn")
    test.session_state["relearn_view"] = view
    run(test)
    assert len(study(test, kind).rows) == done
    press(test, "Go on")
    finished(test, kind)
    _, result, _ = expected(**link)
    if kind == "learning_curves":
        assert points(study(test).rows) == points(result.learning_curves)
    else:
        assert study(test, kind).rows == list(result.rows)
    assert not {"Start", "Start anew", "Go on"} & set(labels(test))


@pytest.mark.usefixtures("slow_studies")
def test_a_changed_plan_marks_the_results_as_out_of_date():
    test = relearn(**SMALL)
    finished(press(test, "Start"))
    assert CHANGED not in page_text(test)
    before = sentence(test)
    for name, value in zip(PLAN, (0.5, 9, 3, 8), strict=True):
        field = setting(f"relearning.{name}")
        planned = test.number_input(key=field).value
        test.number_input(key=field).set_value(value)
        run(test)
        assert CHANGED in page_text(test), name
        assert sentence(test) == before, "the results are of the plan before"
        assert test.query_params[f"relearning.{name}"] == f"{value:g}"
        if name != PLAN[-1]:
            test.number_input(key=field).set_value(planned)
            run(test)
            assert CHANGED not in page_text(test), name
    finished(press(test, "Start"))
    assert CHANGED not in page_text(test)
    assert sentence(test) == headline(*expected(**test.query_params))


@pytest.mark.usefixtures("slow_studies")
def test_a_changed_dose_or_model_marks_the_results_as_out_of_date():
    test = relearn(**SMALL)
    finished(press(test, "Start"))
    before = sentence(test)
    test.select_slider(key=setting("randomization.fraction")).set_value(0.5)
    run(test)
    assert CHANGED in page_text(test)
    assert "100\u00a0% of all layers" in sentence(test)
    assert sentence(test) == before
    test.select_slider(key=setting("randomization.fraction")).set_value(1.0)
    run(test)
    assert CHANGED not in page_text(test)
    mine(test).recipe = mine(test).recipe.with_value("training.learning_rate", 0.02)  # the seed alone changes nothing
    mine(test).touched = True
    run(test)
    press(test, "Train these settings (6 epochs)")
    assert CHANGED in page_text(test)
    assert sentence(test) == before


def test_a_link_reopens_every_setting_of_the_plan():
    link = {
        "training.epochs": "6",
        "randomization.layers": "fc2",
        "randomization.fraction": "0.35",
        "randomization.scheme": "noise",
        "randomization.scale": "0.5",
        "randomization.unit": "neuron",
        "relearning.target_share": "0.8",
        "relearning.epochs": "7",
        "relearning.layers": "fc2,fc1+fc2,down",
        "relearning.doses": "0,0.1,0.35,0.9",
        "relearning.schemes": "permute,noise",
        "relearning.seeds": "1",
        "relearning.seed": "11",
        "relearning.retrain": "0",
    }
    test = relearn(**link)
    assert test.query_params == link
    wanted = Relearning(
        target_share=0.8,
        epochs=7,
        layers=("fc2", "fc1+fc2", "down"),
        doses=(0.0, 0.1, 0.35, 0.9),
        schemes=("permute", "noise"),
        seeds=1,
        seed=11,
        retrain=False,
    )
    assert mine(test).recipe.relearning == wanted
    assert test.checkbox(key=setting("relearning.retrain")).value is False
    assert test.select_slider(key=setting("randomization.fraction")).value == 0.35
    for name in PLAN:
        assert test.number_input(key=setting(f"relearning.{name}")).value == getattr(wanted, name)
    opened(test, SAVINGS)
    assert test.multiselect(key=setting("relearning.layers")).value == list(wanted.layers)
    assert test.multiselect(key=setting("relearning.schemes")).value == list(wanted.schemes)
    assert test.number_input(key=setting("relearning.doses")).value == 4
    assert "The fractions are 0\u00a0%, 10\u00a0%, 35\u00a0%, 90\u00a0%" in page_text(test)
    assert study(test, "savings").rows == list(expected(**link)[1].rows)
    opened(test, COURSES)
    assert test.query_params == link
    assert test.select_slider(key=setting("randomization.fraction")).value == 0.35, "the other tab lost it"


def test_each_control_of_the_savings_changes_the_recipe_and_the_address():
    test = relearn(SAVINGS, **FEW)
    for name, value, text in (
        ("layers", ["fc1+fc2", "up"], "fc1+fc2,up"),
        ("schemes", ["zero"], "zero"),
    ):
        test.multiselect(key=setting(f"relearning.{name}")).set_value(value)
        finished(run(test), "savings")
        assert test.query_params[f"relearning.{name}"] == text
    test.number_input(key=setting("relearning.doses")).set_value(5)
    finished(run(test), "savings")
    assert test.query_params["relearning.doses"] == "0,0.25,0.5,0.75,1"
    assert decode_query(test.query_params) == (mine(test).recipe, [])
    assert study(test, "savings").rows == list(expected(**test.query_params)[1].rows)


def test_layers_that_the_model_lacks_are_named_on_the_savings_with_controls_to_mend_it():
    test = trained(app("relearn", **FEW, **{"relearning.layers": "fc1+fc9"}))
    test.session_state["relearn_view"] = SAVINGS
    run(test)
    assert len(test.error) == 1
    assert "fc9" in page_text(test)
    assert not charts(test)
    assert "Start" not in labels(test)
    test.multiselect(key=setting("relearning.layers")).set_value(["fc1"])
    finished(run(test), "savings")
    assert not test.error
    assert charts(test) == 1


def test_layers_of_the_savings_stand_not_in_the_way_of_the_curves():
    """The curves are of the session's randomization; which layer sets the savings are of is all the same to them."""
    test = relearn(**SMALL, **{"relearning.layers": "fc9"})
    assert charts(test) == 1


def test_a_plan_that_is_too_large_says_what_to_reduce():
    doses = ",".join(f"{step / 200:g}" for step in range(201))
    test = relearn(SAVINGS, **{**FEW, "relearning.doses": doses, "relearning.seeds": "1000"})
    assert "Relearning must have at most 50,000 variants" in page_text(test)
    assert "Start" not in labels(test)
    test.number_input(key=setting("relearning.seeds")).set_value(1)
    run(test)
    assert not test.error


def test_an_accuracy_that_is_no_number_gets_a_sentence(monkeypatch):
    def refuse(*_):
        raise DataError("Relearning needs the original's validation accuracy, which **must** be a number.")

    monkeypatch.setattr(relearning, "learning_curve_slices", refuse)
    test = relearn(**SMALL)
    assert "Relearning needs the original's validation accuracy" in page_text(test)
    assert "**must**" not in test.error[0].value
    assert not charts(test)
    assert "Start" not in labels(test)
    assert "Press Start" not in page_text(test)


def test_a_deeper_model_has_its_layers_and_cascades():
    link = {**SMALL, "model.hidden": "16,8", "relearning.layers": "down", "relearning.doses": "1"}
    test = relearn(SAVINGS, **link)
    assert [row.layers for row in study(test, "savings").rows][:3:2] == ["fc3", "fc2+fc3"]
    offered = test.multiselect(key=setting("relearning.layers")).options
    assert "fc1+fc2+fc3" in offered
    opened(test, COURSES)
    test.get_by_key(setting("randomization.layers")).set_value(["fc3"])
    finished(run(test))
    assert "of fc3" in sentence(test)


def test_files_read_back_as_the_librarys_tables(files):
    test = relearn(**FEW)
    _, result, _ = expected(**FEW)
    csv = pd.read_csv(io.BytesIO(files["relearning.csv"]()))
    assert csv["validation_accuracy"].tolist() == result.curves["validation_accuracy"].tolist()
    assert set(csv["rows_planned"]) == {6}
    parquet = pq.read_table(io.BytesIO(files["relearning.parquet"]()))
    assert parquet.to_pandas()["steps"].tolist() == result.curves["steps"].tolist()
    kept = Recipe.from_json(parquet.schema.metadata[b"recipe"].decode())
    assert kept == replace(mine(test).recipe, sweep=kept.sweep, forget=kept.forget, unlearning=kept.unlearning)
    opened(test, SAVINGS)
    csv = pd.read_csv(io.BytesIO(files["savings.csv"]()))
    assert csv["savings"].tolist() == pytest.approx(result.frame["savings"].tolist(), nan_ok=True)
    assert csv["missing"].fillna("").tolist() == result.frame["missing"].tolist()
    drawn = [name for name in files if name.endswith((".png", ".svg", ".pdf", ".html"))]
    assert len(drawn) == 2 * 4


def test_two_classes_of_a_file_with_a_hostile_name():
    test = uploading(own_file("**red** $x$ <b>"), **{"relearning.epochs": "5", "relearning.seeds": "1"})
    go(test, "relearn")
    trained(test)
    finished(test)
    assert "chance 50\u00a0%" in sentence(test)
    opened(test, SAVINGS)
    assert charts(test) == 1
    assert "chance is 50\u00a0%" in sentence(test)


@pytest.mark.usefixtures("slow_studies")
def test_the_navigation_ticks_the_page_once_a_study_is_done():
    test = relearn(**SMALL)
    press(test, "Start")
    press(test, "Stop")
    assert icon(test, "Relearn") == ":material/replay:"
    press(test, "Go on")
    run(finished(test))
    assert icon(test, "Relearn") == ":material/check_circle:"
