"""The tabs Map and Similarity of Explain, with a selection as the browser would send it."""

import json

import pytest
from app_pages import app, button, page_text, press, run
from study_pages import finished, mine, study

from forgetting.data.reviews import review_key
from forgetting.recipe.recipe import MODERN

PLAN = {"explanation.doses": "0,0.5,1", "explanation.seeds": "2", "randomization.scheme": "reinit"}
STATE = {"randomization.layers": "fc1", "randomization.fraction": "0.5"}


def open_tab(tab: str, **parameters: str):
    test = app("explain", **PLAN, **parameters)
    test.session_state["explain_view"] = tab
    return run(test)


def figure(test) -> dict:
    (chart,) = test.get("plotly_chart")
    return json.loads(chart.proto.spec)


def select(monkeypatch, rows: list[int]) -> None:
    """What a loop around these reviews gives, as AppTest has no browser that draws one."""
    from forgetting.dashboard.views import activations

    monkeypatch.setattr(activations, "_read_selection", lambda state, count: rows)  # noqa: ARG005


def test_a_map_follows_the_randomization_and_says_what_it_shows():
    test = open_tab("Map", **STATE)
    data = figure(test)["data"]
    assert sum(len(trace["customdata"]) for trace in data if trace["xaxis"] == "x") == 242
    assert "242 validation reviews are drawn" in page_text(test)
    assert "242 reviews have another predicted class" in page_text(test)
    moved = open_tab("Map", **STATE | {"randomization.fraction": "0"})
    assert "every review lies where it was; 0 of 242 reviews have" in page_text(moved)
    left, right = ([trace for trace in figure(moved)["data"] if trace["xaxis"] == axis] for axis in ("x", "x2"))
    for one, other in zip(left, right, strict=True):
        assert one["x"] == other["x"]


@pytest.mark.parametrize("colour", ["predicted class", "flipped"])
def test_a_map_is_coloured_as_asked(colour):
    test = app("explain", **PLAN, **STATE)
    test.session_state["explain_view"] = "Map"
    test.session_state["map_colour"] = colour
    data = figure(run(test))["data"]
    counts = {
        axis: {trace["legendgroup"]: len(trace["customdata"]) for trace in data if trace["xaxis"] == axis}
        for axis in ("x", "x2")
    }
    if colour == "flipped":
        assert counts["x"] == counts["x2"]
        assert f"; {counts['x']['another class']} of 242 reviews have" in page_text(test)
    else:
        assert counts["x"] != counts["x2"]


def test_selected_training_reviews_become_the_forget_set(monkeypatch):
    test = open_tab("Map", **STATE)
    select(monkeypatch, [3, 8])
    run(test)
    assert "2 reviews selected" in page_text(test)
    assert "Only what was learnt can be forgotten" in page_text(test)
    assert not [found for found in test.button if found.label == "Forget these on Unlearn"]
    test.session_state["map_part"] = "training"
    run(test)
    split = mine(test).trained_model.split
    texts = [split.reviews.texts[split.training.rows[row]] for row in (3, 8)]
    button(test, "Forget these on Unlearn").click()
    test.run()
    forget = mine(test).recipe.forget
    assert forget.by == "reviews"
    assert forget.reviews == tuple(map(review_key, texts))


def test_a_selection_is_read_as_the_browser_sends_it():
    from forgetting.dashboard.views.activations import _read_selection

    points = [{"customdata": [4]}, {"customdata": 2}, {"customdata": [4]}, {"customdata": [900]}, {"x": 1}]
    assert _read_selection({"selection": {"points": points}}, 10) == [2, 4]
    assert _read_selection(None, 10) == []


def test_similarity_runs_to_its_end_and_says_what_it_found():
    test = finished(open_tab("Similarity"), "similarity")
    found = study(test, "similarity")
    assert len(found.rows) == found.total == 2 * (3 * 3 + 1)
    text = page_text(test)
    assert "A model trained anew from another seed has a similarity (CKA) to the original of" in text
    assert "Less similar than that, at 100 %: fc1 where fc1 (" in text.replace("\u00a0", " ")
    anew = found.result.independent
    assert 0.9 < anew["fc2"].median < anew["fc1"].median < 1
    again = press(test, "Start anew") if [item for item in test.button if item.label == "Start anew"] else test
    assert mine(again).studies["similarity"].result.frame.equals(found.result.frame)


def test_more_seeds_take_over_what_is_known():
    test = finished(open_tab("Similarity"), "similarity")
    before = study(test, "similarity").result.frame
    test.query_params["explanation.seeds"] = "3"
    run(test)
    press(test, "Start") if [item for item in test.button if item.label == "Start"] else None
    after = study(finished(test, "similarity"), "similarity")
    assert after.total == 30
    taken = after.result.frame[after.result.frame["seed"] < MODERN.explanation.seed + 2]
    assert taken.reset_index(drop=True).equals(before)
