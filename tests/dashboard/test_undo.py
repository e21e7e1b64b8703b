"""Undo: any change of the recipe is one step that can be taken back, wherever it came from."""

import pytest
from app_pages import MARKS, app, forget, go, own_file, page_text, press, run, setting, upload, uploading
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import modern_recipes
from streamlit.testing.v1 import AppTest

from forgetting.dashboard.state import session
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.recipe.url import encode_query
from forgetting.reporting.changes import describe_changes


def recipe(test: AppTest):
    return test.session_state.session.recipe


def undo(test: AppTest, key: str = "undo") -> AppTest:
    test.button(key=key).click()
    return run(test)


def names_its_file(recipe: Recipe) -> bool:
    return recipe.data.source != "file" or bool(recipe.data.sha256)


def undo_label(test: AppTest) -> str:
    return test.button(key="undo").label.translate(MARKS)


@pytest.mark.slow
def test_a_control_is_undone_and_done_again():
    test = forget()
    assert "undo" not in [button.key for button in test.button]
    test.selectbox(key=setting("randomization.scheme")).set_value("zero")
    run(test)
    assert undo_label(test) == "Undo: scheme N(0, 1) → zeros"
    undo(test)
    assert (recipe(test), test.query_params) == (MODERN, {})
    assert test.selectbox(key=setting("randomization.scheme")).value == "normal"
    assert undo_label(test) == "Redo: scheme N(0, 1) → zeros"
    undo(test)
    assert test.query_params == {"randomization.scheme": "zero"}
    assert undo_label(test) == "Undo: scheme N(0, 1) → zeros"
    go(test, "data")
    undo(test)
    assert recipe(test) == MODERN


def test_forgetting_words_says_what_it_changes_and_is_undone_in_one_step():
    test = app("layers", **{"sweep.seeds": "1", "sweep.doses": "0,1"})
    test.session_state["layers_view"] = "Words"
    before = recipe(run(test))
    press(test, "Forget the ten strongest")
    assert (
        "Changed: layers all → fc1; scheme N(0, 1) → re-initialization; unit weight → word; words none → "
        in page_text(test)
    )
    undo(test, "undo_here")
    assert recipe(test) == before
    assert "Changed:" not in page_text(test)


def test_undoing_a_click_that_led_away_returns_to_its_page():
    """As a click on a point of a curve does, which AppTest cannot make."""
    test = app("layers", **{"sweep.seeds": "1", "sweep.doses": "0,1"})
    before, query = recipe(test), dict(test.query_params)
    test.session_state.session.recipe = before.with_value("randomization.scheme", "zero")
    go(test, "forget")
    assert "Changed: scheme N(0, 1) → zeros." in page_text(test)
    assert test.button(key="undo_here").label == "Undo and go back to Layers"
    undo(test, "undo_here")
    assert (recipe(test), test.session_state.session.page, test.query_params) == (before, "layers", query)
    undo(test)
    assert (recipe(test).randomization.scheme, test.session_state.session.page) == ("zero", "forget")


def test_undoing_an_upload_brings_the_file_before_back_with_all_that_is_shown_of_it():
    test = uploading(own_file("red", rows=40), "a.csv")
    upload(test, own_file("blue", rows=60), "b.csv")
    assert ("“blue”" in page_text(test), "60 of 60 reviews" in page_text(test)) == (True, True)
    undo(test)
    assert (recipe(test).data.file, "“red”" in page_text(test)) == ("a.csv", True)
    assert ("40 of 40 reviews" in page_text(test), "In use: a.csv (40 rows)" in page_text(test)) == (True, True)
    undo(test)
    assert "60 of 60 reviews" in page_text(test)
    upload(test, own_file("green", rows=80), "c.csv")
    undo(test)
    assert "60 of 60 reviews" in page_text(test)
    assert [table.source for table in test.session_state.session.uploads] == ["c.csv", "b.csv"], "no more are kept"
    test.query_params["data.sha256"] = "0" * 64
    assert "which this session does not have" in page_text(run(test))
    assert "In use" not in page_text(test)


def test_choosing_upload_and_then_a_file_is_one_step():
    test = app("data")
    sample = page_text(test)
    test.button_group(key=setting("data.source")).set_value("file")
    upload(run(test), own_file())
    undo(test)
    assert (recipe(test), page_text(test)) == (MODERN, sample)
    undo(test)
    assert (recipe(test).data.file, "40 of 40 reviews" in page_text(test)) == ("mine.csv", True)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(modern_recipes().filter(names_its_file), st.booleans()), min_size=1, max_size=3))
def test_any_change_followed_by_undo_gives_the_recipe_before(changes):
    """Of any settings at once, by controls or by the address; undone twice it is there again."""
    test = app("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "LATE", 0.0)  # an older address is asked for, and is not late
        for wanted, by_address in changes:
            before, mine = recipe(test), test.session_state.session
            if by_address:
                test.query_params.clear()
                for name, text in encode_query(wanted).items():
                    test.query_params[name] = text
            else:
                mine.recipe, mine.touched = wanted, True
            run(test)
            assert recipe(test) == wanted
            if wanted != before:
                assert recipe(undo(test)) == before
                assert recipe(undo(test)) == wanted


@settings(max_examples=100, deadline=None)
@given(modern_recipes(), modern_recipes())
def test_a_change_names_each_setting_that_differs(before, after):
    text = describe_changes(before, after, most=1_000)
    assert (text == "") == (before == after)
    assert "→" in text or before == after
