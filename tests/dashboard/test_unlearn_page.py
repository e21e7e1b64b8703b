"""The Unlearn page without a browser: forget sets, methods, studies, every tab, files, links and hostile input.

What is expected is computed by the library from the recipe of the link, apart from the page.
"""

import csv
import io
import re
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import streamlit as st
from app_pages import HOSTILE, UNESCAPED, app, button, go, own_file, page_text, press, run, setting, upload
from streamlit.testing.v1 import AppTest
from study_pages import (
    charts,
    drawn,
    errors,
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

from forgetting.charts.unlearning import LOSS_THRESHOLDS
from forgetting.dashboard.ui import unlearning_form
from forgetting.dashboard.views import unlearning
from forgetting.data.reviews import review_key
from forgetting.model.split import Split
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.recipe import Recipe
from forgetting.recipe.url import decode_query
from forgetting.reporting import unlearning as unlearning_sentences
from forgetting.reporting.formatting import format_number, format_share
from forgetting.reporting.names import format_method, name_metric
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.runner import run_unlearning
from forgetting.unlearning.task import method

pytestmark = pytest.mark.slow  # each case trains several models
TINY = {"training.epochs": "6", "unlearning.seeds": "2", "unlearning.epochs": "2", "unlearning.relearn_epochs": "3"}
SMALL = TINY | {"unlearning.methods": "retrain,fine_tune"}
METHODS_KEY = setting("unlearning.methods")
STUDY_TABS, FORGET_SET = ("Comparison", "Trade-off", "Attack", "Layers", "Reviews"), "Forget set"
CHANGED = "The plan or the model has changed"


def unlearn(tab: str = "Comparison", **parameters: str) -> AppTest:
    """The page by a cold link with a trained model, its study run to the end where it starts by itself."""
    return opened(finished(trained(app("unlearn", **parameters))), tab)


def opened(test: AppTest, tab: str) -> AppTest:
    test.session_state["unlearn_view"] = tab
    return run(test)


@cache
def expected(**parameters: str) -> UnlearningResult:
    """What the library says of a link."""
    recipe, parts, model = trained_by_link(**parameters)
    return run_unlearning(model, parts, recipe)


def timeless(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=[name for name in frame if "seconds" in name])


def same(test: AppTest, result: UnlearningResult) -> None:
    """The page's results are the library's, but for the seconds."""
    pd.testing.assert_frame_equal(timeless(study(test).result.frame), timeless(result.frame))


def table_of(test: AppTest, column: str) -> pd.DataFrame:
    return next(found.value for found in test.dataframe if column in found.value)


def gap_table(test: AppTest) -> pd.DataFrame:
    """The table beside the chart of gaps, as a row a method and a column a metric."""
    test.session_state["gaps_table"] = True
    table = table_of(run(test), "median (gap)")
    return table.pivot(index="method", columns="metric", values="median (gap)").loc[table["method"].unique()]


def agrees(text: str, row: pd.Series) -> bool:
    if row["metric"].endswith("steps"):
        return text.startswith(f"{row['value']:g}")
    share = row["metric"].endswith(("accuracy", "agreement"))
    return text.startswith(format_share(row["value"]) if share else format_number(row["value"]))


class Editor:
    """Stands for the table of ticks, which Streamlit's own tests of pages cannot click on."""

    def __init__(self):
        self.table, self.ticks = None, {}

    def __call__(self, table, *, key, on_change, args, **options):  # noqa: ARG002
        self.table = table
        if self.ticks:
            st.session_state[key] = {"edited_rows": {row: {"forget": on} for row, on in self.ticks.items()}}
            self.ticks = {}
            on_change(*args)

    def tick(self, test: AppTest, *rows: int, on: bool = True) -> list[str]:
        """Tick these rows of the table on show, or untick them; their texts."""
        texts = self.table["review"].tolist()
        self.ticks = dict.fromkeys(rows, on)
        run(run(test))
        return [texts[row] for row in rows]


@pytest.fixture
def editor(monkeypatch) -> Editor:
    found = Editor()
    monkeypatch.setattr(unlearning_form.st, "data_editor", found)
    return found


def search(test: AppTest, text: str) -> AppTest:
    test.text_input(key="forget_search").set_value(text)
    return run(test)


def way(test: AppTest, name: str) -> AppTest:
    test.get_by_key(setting("forget.by")).set_value(name)
    return run(test)


def test_a_quick_plan_runs_by_itself_to_the_librarys_conclusion():
    test, result = unlearn(**SMALL), expected(**SMALL)
    same(test, result)
    assert sentence(test) == unlearning_sentences.describe_unlearning(result)
    assert "chance 9\u00a0%, largest class 20\u00a0%" in sentence(test)
    assert labels(test) == []
    assert test.query_params == SMALL


def test_chart_and_table_of_the_comparison_are_the_librarys():
    test, result = unlearn(**SMALL), expected(**SMALL)
    gaps, shown = result.gaps, drawn(test, "gap_low")
    gaps = gaps[gaps["metric"].isin(shown["metric"])]
    for column in ("method", "metric", "value", "retrained", "gap", "gap_low", "gap_high", "seeds"):
        np.testing.assert_array_equal(shown[column], gaps[column].to_numpy(), err_msg=column)
    table = gap_table(test)
    assert table.index.tolist() == ["exact retraining", "fine-tuning"]
    compared = 0
    untested = result.gaps["metric"].str.startswith("test_")  # as there is no test part
    for row in result.gaps[~untested].to_dict("records"):
        text = table.loc[format_method(row["method"]), name_metric(row["metric"])]
        if row["missing"]:
            assert text == f"missing: {row['missing']}"
        elif "seconds" not in row["metric"]:
            assert agrees(text, row), (row, text)
            compared += 1
    assert compared > 20
    counts = result.reviews
    assert (
        f"{counts['forget']} forgotten, {counts['retain']} retained and {counts['validation']} for validation"
        in page_text(test)
    )
    for name in ("forget", "retain", "validation"):
        assert format_share(result.majority[name]) in page_text(test)


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        ("forget_accuracy", (0.5, 0.25, 5, ""), "50\u00a0% (+25\u00a0points)"),
        ("forget_accuracy", (0.5, -0.003, 5, ""), "50\u00a0% (−0.3\u00a0points)"),
        ("forget_accuracy", (0.5, 0.0, 5, ""), "50\u00a0% (0\u00a0points)"),
        ("retain_loss", (0.5, -0.25, 5, ""), "0.50 (−0.25)"),
        ("retain_loss", (0.5, 0.0012, 5, ""), "0.50 (+0.001)"),
        ("retain_loss", (0.5, -0.25, 3, ""), "0.50 (−0.25; 3 of 5 seeds)"),
        ("tow", (0.9, -0.1, 5, ""), "0.90"),
        ("relearn_steps", (7.0, np.nan, 5, "never reached"), "7 (never reached)"),
        ("attack_auc", (np.nan, np.nan, 0, "too few"), "missing: too few"),
    ],
)
def test_a_cell_tells_the_gap_the_seeds_and_what_is_missing(metric, values, expected):
    row = SimpleNamespace(metric=metric, **dict(zip(("value", "gap", "seeds", "missing"), values, strict=True)))
    assert unlearning._describe_cell(row, 5) == expected


@pytest.mark.parametrize("across", ["retain", "validation"])
def test_the_trade_off_has_its_seeds_and_medians_and_star(across):
    test, result = unlearn("Trade-off", **SMALL), expected(**SMALL)
    against = next(found for found in test.get("button_group") if found.label == "Against")
    against.set_value(across)
    run(test)
    frame = result.frame
    points = next(table for table in tables(test) if "seed" in table)
    own = points[points["method"] != "the reference"]
    assert own["x"].tolist() == pytest.approx((100 * frame[f"gap_{across}_accuracy"]).tolist())
    assert own["y"].tolist() == pytest.approx((100 * frame["gap_forget_accuracy"]).tolist())
    star = points[points["method"] == "the reference"]
    assert star["forget"].tolist() == frame.drop_duplicates("seed")["retrained_forget_accuracy"].tolist()
    assert star[["x", "y"]].eq(0).all(axis=None)
    assert f"Retraining leaves {format_share(star['forget'].median())} of the forget set" in sentence(test)
    assert (
        f"chance is {format_share(result.chance)}, the largest class {format_share(result.majority['forget'])}"
        in page_text(test)
    )


def test_the_attack_has_its_areas_losses_and_scores():
    link = SMALL | {"unlearning.seeds": "5", "forget.share": "0.3"}
    test, result = unlearn("Attack", **link), expected(**link)
    shown, frame = drawn(test, "attack_auc"), result.frame
    assert shown["method"].tolist() == ["retrain", "fine_tune"]
    assert shown["attack_auc"].tolist() == frame.groupby("method", sort=False)["attack_auc"].median().tolist()
    assert charts(test) == 3
    counts = result.reviews
    assert (
        f"Can the {counts['forget']} forgotten reviews be distinguished from {counts['non_members']} comparable"
        in sentence(test)
    )
    table = test.table[1].value
    for name, found in result.indistinguishable.items():
        line = table.loc[format_method(name)]
        assert line["score"] == (f"missing: {found.missing}" if found.score is None else f"{found.score:.2f}")
        assert line["models"] == "5 against 5"
    spread = next(table for table in tables(test) if "share" in table)
    assert spread.groupby("set")["share"].sum().tolist() == pytest.approx([1, 1, 1])


def test_the_threshold_of_the_attack_is_moved_and_stays_with_the_session():
    link = SMALL | {"unlearning.seeds": "5", "forget.share": "0.3"}  # as above, so that it is computed once
    test, result = unlearn("Attack", **link), expected(**link)
    mean = result.losses("fine_tune")["retain"].mean()
    first = min(LOSS_THRESHOLDS, key=lambda each: abs(each - mean))
    assert test.select_slider(key="attack_threshold").value == first
    for threshold in (first, LOSS_THRESHOLDS[-10]):
        test.select_slider(key="attack_threshold").set_value(threshold)
        run(test)
        (after, retrained), counts = test.table[0].value.items(), result.reviews
        for (name, cells), whose in zip((after, retrained), ("unlearned", "retrained"), strict=True):
            plain = {"unlearned": "fine-tuning", "retrained": "exact retraining"}[whose]
            assert name.replace("\\", "") == plain
            losses = result.losses("fine_tune", whose)
            found, wrong = ((losses[side] <= threshold).mean() for side in ("forget", "non_members"))
            text = "\n".join(cells)
            assert f"{format_share(found)}, {found * counts['forget']:.4g} of {counts['forget']}" in text
            assert f"{format_share(wrong)}, {wrong * counts['non_members']:.4g} of {counts['non_members']}" in text
            assert format_share((found + 1 - wrong) / 2) in text
            assert f"{format_share((found + 1 - wrong) / 2)} ({plain};" in page_text(test)
    opened(opened(test, "Reviews"), "Attack")
    assert test.select_slider(key="attack_threshold").value == LOSS_THRESHOLDS[-10]


def test_the_reviews_have_their_probabilities_and_epsilon():
    link = SMALL | {"unlearning.seeds": "5"}
    test, result = unlearn("Reviews", **link), expected(**link)
    shown, own = table_of(test, "epsilon"), result.forget_reviews("fine_tune")
    assert shown["key"].tolist() == own["key"].tolist()
    assert shown["class"].tolist() == own["class"].tolist()
    assert shown["review"].tolist() == own["review"].tolist()
    for name in ("original", "unlearned", "retrained"):
        assert shown[name].tolist() == pytest.approx((100 * own[name]).tolist(), abs=0.5)  # rounded as sentences are
        assert format_share(own[name].median()) in sentence(test)
    assert shown["gap"].tolist() == pytest.approx(own["gap"].tolist())
    assert shown["epsilon"].tolist() == pytest.approx(own["epsilon"].tolist())
    assert "of a uniform guess it is 9\u00a0%" in sentence(test)


def test_with_few_seeds_the_reviews_tab_says_why_there_is_no_epsilon():
    test, result = unlearn("Reviews", **SMALL), expected(**SMALL)
    shown = table_of(test, "epsilon")
    assert len(shown) == result.reviews["forget"] == 96
    assert shown["epsilon"].isna().all()
    assert result.indistinguishable["fine_tune"].missing in page_text(test)


def method_pills(test: AppTest):
    return next(found for found in test.get("button_group") if found.label == "Method")


@pytest.mark.parametrize("tab", ["Attack", "Reviews"])
def test_the_method_that_is_looked_at_outlives_a_plan_without_it(tab):
    test = unlearn(tab, **TINY, **{"unlearning.methods": "retrain,fine_tune,random_labels"})
    assert method_pills(test).value == "fine_tune"
    method_pills(test).set_value("random_labels")
    run(test)
    assert method_pills(test).value == "random_labels"
    test.multiselect(key=METHODS_KEY).set_value(["retrain", "fine_tune"])
    finished(run(test))
    run(test)
    assert method_pills(test).value in ("fine_tune", None)
    assert not test.error
    assert "random_labels" not in sentence(test)


@pytest.mark.usefixtures("slow_studies")
@pytest.mark.parametrize("tab", STUDY_TABS)
def test_every_tab_is_drawn_empty_half_done_and_done(tab):
    test = opened(trained(app("unlearn", **SMALL | {"unlearning.methods": "original,retrain,fine_tune"})), tab)
    assert "Press Start to run this plan." in page_text(test)
    assert not charts(test)
    press(test, "Start")
    counts = set()
    while study(test).running:
        counts.add(len(study(test).rows))
        assert "nan" not in sentence(test), sentence(test)
        if study(test).rows:
            assert charts(test) + len(test.dataframe) > 0
        run(test)
    assert counts >= {0, 1, 2, 3, 4, 5}
    assert f"{6} models in" in page_text(test)
    assert "nan" not in sentence(test)


@pytest.mark.usefixtures("slow_studies")
def test_the_trade_off_half_done_names_the_retraining_that_it_draws():
    """Three rows of the first seed and one of the second: a median over rows is not that of the seeds."""
    link = SMALL | {"unlearning.methods": "original,retrain,fine_tune"}
    test = opened(trained(app("unlearn", **link)), "Trade-off")
    press(test, "Start")
    while len(study(test).rows) < 4:
        run(test)
    star = study(test).result.frame.drop_duplicates("seed")["retrained_forget_accuracy"].median()
    assert f"Retraining leaves {format_share(star)} of" in sentence(test)


@pytest.mark.usefixtures("slow_studies")
def test_stop_keeps_the_rows_and_go_on_gives_those_of_the_library():
    test = trained(app("unlearn", **SMALL))
    press(test, "Start")
    while not study(test).rows:
        run(test)
    press(test, "Stop")
    done = list(study(test).rows)
    assert 0 < len(done) < 4
    assert f"Stopped: {len(done)} of 4 models are done." in page_text(test)
    assert charts(test) == 1
    run(test)
    assert study(test).rows == done
    go(go(test, "forget"), "unlearn")
    assert study(test).rows == done
    press(test, "Go on")
    finished(test)
    assert study(test).rows[: len(done)] == done
    same(test, expected(**SMALL))
    assert labels(test) == []


@pytest.mark.usefixtures("slow_studies")
def test_a_changed_plan_marks_the_results_as_out_of_date_and_goes_on_from_what_is_done():
    test = trained(app("unlearn", **SMALL))
    finished(press(test, "Start"))
    before, kept = sentence(test), list(study(test).rows)
    test.number_input(key=setting("unlearning.seeds")).set_value(3)
    run(test)
    assert CHANGED in page_text(test)
    assert sentence(test) == before
    finished(press(test, "Start"))
    assert CHANGED not in page_text(test)
    assert all(row in study(test).rows for row in kept)
    same(test, expected(**SMALL | {"unlearning.seeds": "3"}))


@pytest.mark.usefixtures("slow_studies")
@pytest.mark.parametrize("change", ["forget set", "model"])
def test_a_changed_forget_set_or_model_marks_the_results_as_out_of_date(change):
    test = trained(app("unlearn", **SMALL))
    finished(press(test, "Start"))
    before = sentence(test)
    if change == "model":
        mine(test).recipe = mine(test).recipe.with_value("seed", 99)
        mine(test).touched = True
        trained(run(test))
    else:
        test.select_slider(key=setting("forget.share")).set_value(0.2)
        run(test)
    assert CHANGED in page_text(test)
    assert sentence(test) == before
    finished(press(test, "Start"))
    assert CHANGED not in page_text(test)
    same(test, expected(**test.query_params))


@pytest.mark.usefixtures("slow_studies")
def test_a_stopped_study_goes_on_with_another_plan():
    test = trained(app("unlearn", **SMALL))
    press(test, "Start")
    while not study(test).rows:
        run(test)
    press(test, "Stop")
    first = study(test).rows[0]
    test.multiselect(key=METHODS_KEY).set_value(["retrain", "random_labels"])
    run(test)
    finished(press(test, "Start"))
    assert study(test).rows[0] is first
    same(test, expected(**SMALL | {"unlearning.methods": "retrain,random_labels"}))


def test_adding_a_method_runs_that_alone_and_taking_it_out_and_in_again_nothing():
    test = unlearn(**SMALL)
    rows = {(row.method, row.seed): row for row in study(test).rows}
    test.multiselect(key=METHODS_KEY).set_value(["retrain", "fine_tune", "random_labels"])
    finished(run(test))
    more = {(row.method, row.seed): row for row in study(test).rows}
    assert len(more) == 6
    assert all(more[key] is row for key, row in rows.items())
    same(test, expected(**SMALL | {"unlearning.methods": "retrain,fine_tune,random_labels"}))
    for methods in (["retrain", "random_labels"], ["retrain", "fine_tune", "random_labels"]):
        test.multiselect(key=METHODS_KEY).set_value(methods)
        finished(run(test))
        found = {(row.method, row.seed): row for row in study(test).rows}
        assert len(found) == 2 * len(methods)
        assert all(row is more[key] for key, row in found.items()), "a row was computed again"
        assert set(drawn(test, "gap_low")["method"]) == set(methods)


def test_another_setting_of_the_methods_computes_anew():
    test = unlearn(**SMALL)
    before = set(map(id, study(test).rows))
    test.number_input(key=setting("unlearning.epochs")).set_value(5)
    finished(run(test))
    assert not before & set(map(id, study(test).rows))
    same(test, expected(**SMALL | {"unlearning.epochs": "5"}))


@pytest.mark.usefixtures("slow_studies")
def test_start_anew_computes_the_same_again_where_the_study_has_not_ended():
    test = press(trained(app("unlearn", **SMALL)), "Start")
    while not study(test).rows:
        run(test)
    before, study(test).pinned = list(study(test).rows), True
    finished(press(test, "Start anew"))
    assert study(test).pinned
    assert not set(map(id, before)) & set(map(id, study(test).rows))
    same(test, expected(**SMALL))


def test_without_reviews_to_forget_nothing_asks_to_press_start():
    test = unlearn(**SMALL | {"forget.by": "reviews"})
    assert "Choose at least one." in page_text(test)
    assert labels(test) == ["Untick all"]
    assert "Press Start" not in page_text(test)


def test_all_built_in_methods_run_and_are_named():
    link = TINY | {"unlearning.seeds": "1"}
    test = unlearn(**link)
    assert gap_table(test).index.tolist() == list(map(format_method, Unlearning().methods))
    same(test, expected(**link))
    for name in Unlearning().methods:
        assert f"{format_method(name)}: " in page_text(test), "what it does is not told"
    for tab in (*STUDY_TABS[1:], FORGET_SET):
        opened(test, tab)
        assert "nan" not in sentence(test)
    assert test.query_params == link


def test_a_class_is_forgotten():
    test = unlearn(**SMALL)
    way(test, "class")
    recipe, parts, _ = trained_by_link(**SMALL)
    assert test.selectbox(key=setting("forget.label")).options == list(parts.classes)
    assert test.query_params["forget.label"] == parts.classes[0]
    name = parts.classes[3]
    test.selectbox(key=setting("forget.label")).set_value(name)
    finished(run(test))
    link = SMALL | {"forget.by": "class", "forget.label": name}
    assert test.query_params == link
    result = expected(**link)
    same(test, result)
    assert sentence(test) == unlearning_sentences.describe_unlearning(result)
    opened(test, FORGET_SET)
    shown = test.dataframe[0].value
    assert set(shown["type"]) == {name}
    assert len(shown) == sum(parts.classes[place] == name for place in parts.training.targets)
    assert recipe.forget == Forget()


def test_the_share_and_its_seed_are_the_librarys():
    test = unlearn(FORGET_SET, **SMALL, **{"forget.share": "0.25", "forget.seed": "7"})
    recipe, parts, _ = trained_by_link(**test.query_params)
    sets = make_forget_sets(parts, recipe.forget)
    shown = test.dataframe[0].value
    assert shown["key"].tolist() == [review_key(parts.reviews.texts[row]) for row in sets.forget.rows]
    assert (
        f"{len(sets.forget)} reviews to forget, {len(sets.retain)} to retain. Comparable to the first: "
        f"{len(sets.non_members)} validation reviews" in page_text(test)
    )


def test_searched_and_ticked_reviews_are_forgotten_and_unticked_again(editor):
    test = unlearn(**SMALL)
    way(test, "reviews")
    assert "There must be something to forget" in page_text(test)
    assert not test.error
    assert "Reviews ticked: 0." in page_text(test)
    assert "Start" not in labels(test)
    assert button(test, "Untick all").disabled
    opened(test, FORGET_SET)
    _, parts, _ = trained_by_link(**SMALL)
    texts = [parts.reviews.texts[row] for row in parts.training.rows]
    assert f"Reviews found: {len(set(texts))}; ticked in all: 0." in page_text(test)
    assert f"The first 500 of {len(set(texts))} are listed" in page_text(test)
    search(test, "WALNUT")
    wanted = [text for text in dict.fromkeys(texts) if "walnut" in text.casefold()]
    assert editor.table["review"].tolist() == wanted
    ticked = editor.tick(test, 0, 3)
    assert ticked == [wanted[0], wanted[3]]
    keys = ",".join(map(review_key, ticked))
    assert test.query_params == SMALL | {"forget.by": "reviews", "forget.reviews": keys}
    assert editor.table["review"].tolist()[:2] == ticked, "ticked reviews come first"
    assert editor.table["forget"].tolist()[:3] == [True, True, False]
    assert "ticked in all: 2." in page_text(test)
    opened(finished(opened(test, "Comparison")), "Reviews")
    link = dict(test.query_params)
    same(test, expected(**link))
    assert table_of(test, "epsilon")["review"].tolist() == [text for text in texts if text in ticked]
    opened(test, FORGET_SET)
    search(test, "")
    assert editor.tick(test, 0, on=False) == ticked[:1]
    assert test.query_params["forget.reviews"] == review_key(ticked[1])
    press(test, "Untick all")
    assert "forget.reviews" not in test.query_params
    assert "There must be something to forget" in page_text(test)
    assert not test.error
    reopened = unlearn(FORGET_SET, **link)
    assert reopened.query_params == link
    assert "Reviews ticked: 2." in page_text(reopened)
    assert editor.table["review"].tolist()[:2] == ticked


def test_a_search_finds_classes_and_nothing(editor):
    test = unlearn(FORGET_SET, **SMALL, **{"forget.by": "reviews"})
    _, parts, _ = trained_by_link(**SMALL)
    search(test, f"  {parts.classes[2].upper()} ")
    assert parts.classes[2] in set(editor.table["type"])
    assert len(editor.table) >= sum(int(place) == 2 for place in parts.training.targets)
    search(test, "nosuchwordatall")
    assert "Reviews found: 0; ticked in all: 0." in page_text(test)
    assert len(editor.table) == 0
    search(test, "[(")
    assert "Reviews found" in page_text(test)


def test_a_word_far_into_a_long_review_is_found(editor):
    """What is shown of a review is cut to 400 characters; a search is of the review."""
    lines = [
        f'"{("cherry plum leather", "lemon apple slate")[row % 2]} {"and so on " * 45} note{row} tobacco{row % 3}",'
        f"{('red', 'white')[row % 2]}"
        for row in range(60)
    ]
    test = own_reviews("review,style\n" + "\n".join(lines) + "\n", **{"forget.by": "reviews"})
    opened(test, FORGET_SET)
    search(test, "tobacco1")
    assert len(editor.table) > 0


def own_reviews(content: str, **parameters: str) -> AppTest:
    """The page on an uploaded file, its model trained."""
    test = upload(app("data", **{"data.source": "file", **SMALL, **parameters}), content)
    return finished(trained(go(test, "unlearn")))


def test_copies_of_a_ticked_review_go_with_it(editor):
    base = own_file(rows=40).splitlines()
    test = own_reviews("\n".join([*base, *base[1:9]]) + "\n", **{"data.drop_duplicates": "0", "forget.by": "reviews"})
    opened(test, FORGET_SET)
    assert editor.table["review"].is_unique
    split: Split = mine(test).trained_model.split
    texts = [split.reviews.texts[row] for row in split.training.rows]
    twice = next(text for text in texts if texts.count(text) > 1)
    editor.tick(test, editor.table["review"].tolist().index(twice))
    opened(finished(opened(test, "Comparison")), "Reviews")
    assert table_of(test, "epsilon")["review"].tolist() == [twice] * texts.count(twice)


IMPOSSIBLE_SETS = {
    "everything": ({"forget.share": "1"}, "Something must be left to learn from"),
    "no class": ({"forget.by": "class"}, "“Class” must be one of the classes"),
    "a review that is none": ({"forget.by": "reviews", "forget.reviews": "abcdef012345"}, "'abcdef012345' is none"),
    "k too large": ({"unlearning.last_layers": "5"}, "“k of EU-k and CF-k” must be at most the number of layers, 2"),
    "a layer that is none": ({"unlearning.repair_layers": "fc9"}, "fc9"),
}
MENDS = {
    "everything": lambda test: test.select_slider(key=setting("forget.share")).set_value(0.1),
    "no class": lambda test: test.selectbox(key=setting("forget.label")).set_value("Riesling"),
    "a review that is none": lambda test: button(test, "Untick all").click(),
    "k too large": lambda test: test.number_input(key=setting("unlearning.last_layers")).set_value(1),
    "a layer that is none": lambda test: test.multiselect(key=setting("unlearning.repair_layers")).set_value(["all"]),
}


@pytest.mark.parametrize("case", IMPOSSIBLE_SETS)
def test_what_cannot_be_gets_a_clear_message_and_controls_to_mend_it(case):
    link, message = IMPOSSIBLE_SETS[case]
    link = SMALL | link
    test = trained(app("unlearn", **link))
    assert message in errors(test)
    assert test.query_params == link
    assert "Start" not in labels(test)
    assert not charts(test)
    for tab in (*STUDY_TABS[1:], FORGET_SET, "Comparison"):
        opened(test, tab)
        assert message in errors(test)
    mended = dict(MENDS)
    if "class" in case:
        name = mine(test).trained_model.split.classes[1]
        mended[case] = lambda test: test.selectbox(key=setting("forget.label")).set_value(name)
    mended[case](test)
    finished(run(test))
    if case == "a review that is none":
        assert "There must be something to forget" in page_text(test)
        assert not test.error
        way(test, "share")
        finished(test)
    assert not test.error, errors(test)
    assert charts(test) == 1


SETTINGS = {
    "epochs": 3,
    "learning_rate": 0.004,
    "last_layers": 2,
    "repair_fraction": 0.35,
    "ascent_rate": 0.2,
    "ascent_clip": 0.5,
    "ascent_tolerance": 0.02,
    "dampening_alpha": 3.5,
    "dampening_lambda": 0.7,
    "scrub_alpha": 0.4,
    "scrub_gamma": 1.5,
    "scrub_epochs": 2,
    "salun_share": 0.25,
    "neggrad_beta": 0.9,
    "relearn_epochs": 4,
    "seeds": 3,
    "seed": 6,
}


@pytest.mark.usefixtures("slow_studies")
def test_each_control_changes_the_recipe_and_the_address_and_a_copied_link_reopens_it():
    test = trained(app("unlearn", **{"training.epochs": "6"}))
    for name, value in SETTINGS.items():
        test.number_input(key=setting(f"unlearning.{name}")).set_value(value)
        run(test)
        assert test.query_params[f"unlearning.{name}"] == f"{value:g}"
    test.selectbox(key=setting("unlearning.repair_scheme")).set_value("zero")
    run(test)
    test.multiselect(key=setting("unlearning.repair_layers")).set_value(["fc2"])
    run(test)
    test.multiselect(key=METHODS_KEY).set_value(["scrub", "eu_k"])
    run(test)
    test.select_slider(key=setting("forget.share")).set_value(0.33)
    run(test)
    test.number_input(key=setting("forget.seed")).set_value(5)
    run(test)
    wanted = Unlearning(methods=("scrub", "eu_k"), repair_layers=("fc2",), repair_scheme="zero", **SETTINGS)
    assert mine(test).recipe.unlearning == wanted
    assert mine(test).recipe.forget == Forget(share=0.33, seed=5)
    link = dict(test.query_params)
    assert decode_query(link) == (mine(test).recipe, [])
    other = trained(app("unlearn", **link))
    assert mine(other).recipe == mine(test).recipe
    assert other.query_params == link
    for name, value in SETTINGS.items():
        assert other.number_input(key=setting(f"unlearning.{name}")).value == value
    assert other.multiselect(key=METHODS_KEY).value == ["scrub", "eu_k"]
    assert other.multiselect(key=setting("unlearning.repair_layers")).value == ["fc2"]
    assert other.select_slider(key=setting("forget.share")).value == 0.33


def test_an_emptied_list_of_layers_breaks_nothing():
    test = unlearn(**SMALL)
    test.multiselect(key=setting("unlearning.repair_layers")).set_value([])
    finished(run(test))
    assert charts(test) == 1


def own(task):
    """Give the original back as it is.

    Nothing more.
    """
    return task.copy()


def broken(task):  # noqa: ARG001
    """Fail."""
    raise ValueError("**no** $x$ <b>today</b>")


def useless(task):  # noqa: ARG001
    """Return what is no model."""
    return 7


@pytest.mark.usefixtures("own_methods")
def test_a_method_of_ones_own_is_listed_tabled_and_drawn():
    method(own)
    test = unlearn(**SMALL)
    assert "own" in test.multiselect(key=METHODS_KEY).options
    test.multiselect(key=METHODS_KEY).set_value(["retrain", "original", "own"])
    finished(run(test))
    assert "own: Give the original back as it is." in page_text(test)
    shown = drawn(test, "gap_low")
    assert set(shown["method"]) == {"retrain", "original", "own"}
    values = {name: shown[shown["method"] == name]["gap"].tolist() for name in ("original", "own")}
    assert values["own"] == pytest.approx(values["original"], nan_ok=True)
    table = gap_table(test)
    assert table.loc["own", "forget accuracy"] == table.loc["original", "forget accuracy"]


@pytest.mark.usefixtures("own_methods")
@pytest.mark.parametrize(("function", "reason"), [(broken, "ValueError: **no** $x$ <b>today</b>"), (useless, "int")])
def test_a_method_that_fails_shows_its_reason_and_spoils_no_tab(function, reason):
    method(function)
    test = unlearn(**SMALL | {"unlearning.methods": f"retrain,{function.__name__}"})
    table = gap_table(test)
    assert reason in table.loc[format_method(function.__name__), "forget accuracy"]
    assert table.loc[format_method(function.__name__), "over-forgets"] == "cannot be told"
    shown = drawn(test, "gap_low")
    assert reason in shown[shown["method"] == function.__name__]["missing"].iloc[0]
    for tab in STUDY_TABS:
        opened(test, tab)
        assert not re.search(r"\bnan\b", sentence(test)), (tab, sentence(test))
    assert "missing" in sentence(test) or reason in page_text(test), (
        "the reviews tab does not say that there is no model"
    )


@pytest.mark.usefixtures("own_methods")
@pytest.mark.parametrize("tab", ["Attack", "Reviews"])
def test_the_name_of_a_method_is_no_markdown(tab):
    def __own__(task):  # noqa: N807 - what is tested
        """Give the original back."""
        return task.copy()

    method(__own__)
    test = unlearn(tab, **SMALL | {"unlearning.methods": "retrain,__own__"})
    method_pills(test).set_value("__own__")
    run(test)
    for element in test.markdown:
        assert "__own__" not in element.value.replace("\\_", ""), element.value


@pytest.mark.usefixtures("own_methods")
def test_what_a_method_does_is_no_markdown():
    def mine_own(task):
        """Do **bold** things with $x$ and <b>."""
        return task.copy()

    method(mine_own)
    test = unlearn(**SMALL | {"unlearning.methods": "retrain,mine_own"})
    caption = next(element.value for element in test.caption if "mine" in element.value)
    assert "**" not in caption.replace("\\*", "")
    assert "$x" not in caption.replace("\\$", "")


def hostile_file() -> str:
    names, words = (HOSTILE + " 🍷" * 3, "z" * 300), ("cherry plum __leather__ smoke", "lemon apple $slate$ pear")
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow(["review", "style"])
    for row in range(80):
        text = f"{words[row % 2]} note{row % 7} glass{row % 5} <img src=x> **b** 🍇 of a long enough text that can be"
        text += " said of a wine like this, and more of it, and more of it than of its name, " * 6
        writer.writerow([text, names[row % 2]])
    return kept.getvalue()


def test_hostile_classes_and_reviews_are_shown_as_they_are(editor):
    test = own_reviews(hostile_file(), **{"forget.by": "share"})
    names = mine(test).trained_model.split.classes
    assert len(names) == 2
    for by in ("class", "reviews", "share"):
        way(test, by)
        if by == "reviews":
            opened(test, FORGET_SET)
            assert set(editor.table["type"]) == set(names)
            editor.tick(test, 0)
        for tab in (*STUDY_TABS, FORGET_SET):
            finished(opened(test, tab))
            run(test)
            for kind in ("markdown", "caption", "warning", "error", "info"):
                for element in getattr(test, kind):
                    assert not UNESCAPED.search(element.value), (by, tab, element.value)
    way(test, "class")
    test.selectbox(key=setting("forget.label")).set_value(names[0])
    finished(run(opened(test, "Reviews")))
    run(test)
    assert set(table_of(test, "epsilon")["class"]) == {names[0]}


def test_one_of_two_classes_is_forgotten():
    test = own_reviews(own_file(rows=60), **{"forget.by": "class", "forget.label": "red"})
    assert "chance 50\u00a0%" in sentence(test)
    assert "largest class 0\u00a0%" in sentence(test)
    assert {row.method for row in study(test).rows} == {"retrain", "fine_tune"}
    for tab in STUDY_TABS[1:]:
        opened(test, tab)
        assert "nan" not in sentence(test)


def test_few_non_members_say_why_there_is_no_attack():
    test = own_reviews(own_file(rows=30), **{"forget.by": "class", "forget.label": "red"})
    opened(test, "Attack")
    reasons = study(test).result.gaps.query("metric == 'attack_auc'")["missing"]
    assert reasons.iloc[0]
    assert f"There is no attack: {reasons.iloc[0]}." in page_text(test)
    assert charts(test) == 2, "the losses are drawn all the same"


def test_files_read_back_as_the_librarys_tables(files):
    test, result = unlearn(**SMALL), expected(**SMALL)
    frame = timeless(result.frame)
    read = pd.read_csv(io.BytesIO(files["unlearning.csv"]()))
    for name in frame:
        if frame[name].dtype == float:
            np.testing.assert_allclose(read[name].astype(float), frame[name], rtol=1e-12, err_msg=name)
    assert read["method"].tolist() == frame["method"].tolist()
    assert read["missing"].fillna("").tolist() == frame["missing"].tolist()
    parquet = pq.read_table(io.BytesIO(files["unlearning.parquet"]()))
    assert parquet.to_pandas()["tow"].tolist() == pytest.approx(frame["tow"].tolist())
    kept = Recipe.from_json(parquet.schema.metadata[b"recipe"].decode())
    assert (kept.unlearning, kept.forget) == (mine(test).recipe.unlearning.for_kind("mlp"), mine(test).recipe.forget)
    opened(test, "Reviews")
    forgotten = pd.read_csv(io.BytesIO(files["forgotten.csv"]()), dtype={"key": str})
    assert forgotten["key"].tolist() == result.forget_reviews("fine_tune")["key"].tolist()
    assert forgotten["unlearned"].tolist() == pytest.approx(result.forget_reviews("fine_tune")["unlearned"].tolist())


def test_relearning_left_out_says_so():
    test = unlearn(**SMALL | {"unlearning.relearn_epochs": "0"})
    assert set(gap_table(test)["AIN"]) == {"missing: left out: relearning is given 0 epochs"}
    assert "in less than half of the steps of a retrained one cannot be told of fine-tuning." in sentence(test)


def test_the_navigation_ticks_the_page_once_a_study_is_done():
    test = run(unlearn(**SMALL))
    assert icon(test, "Unlearn") == ":material/check_circle:"
