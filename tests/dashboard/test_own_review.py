"""What the browser is given of a review of the visitor's own, on the Overview and on Forget."""

import json
import re
from dataclasses import replace

import pytest
import torch
from app_pages import HOSTILE, forget, overview, press, run

from forgetting.dashboard.state.session import Versions
from forgetting.dashboard.ui.browser_component import component_name
from forgetting.dashboard.ui.own_review import KEY_OF_REVIEW
from forgetting.dashboard.views import review_frames
from forgetting.data.reviews import review_key
from forgetting.experiment.flip import explain_flip
from forgetting.experiment.pipeline import compare
from forgetting.experiment.pretrained import load_pretrained
from forgetting.metrics.scores import NOT_FINITE
from forgetting.model.attribution import attribute
from forgetting.model.encoding import make_encoder
from forgetting.reporting.formatting import format_share
from forgetting.reporting.review import describe_flip

SHARE = {"randomization.fraction": "0.8"}


def shown(test) -> dict:
    name = component_name(KEY_OF_REVIEW)
    (found,) = [item.proto for item in test.get("bidi_component") if item.proto.component_name == name]
    return json.loads(found.bytes)


def a_review(**parameters):
    test = forget(**parameters)
    test.session_state["forget_view"] = "A review"
    return run(test)


@pytest.fixture
def page():
    return a_review(**SHARE)


def type_in(test, text: str, first: str | None = None):
    """Type a text, as AppTest has no browser that could."""
    review = test.session_state.session.recipe.review
    test.session_state.session.versions = Versions((review.key, review.text), text, first)
    return run(test)


def test_each_fraction_says_what_the_two_whole_models_make_of_the_text():
    test = overview()
    found, mine, data = load_pretrained(), test.session_state.session, shown(test)
    encoder = make_encoder(found.split, found.recipe.split)
    inputs, classes = encoder.encode([data["text"]]), found.split.classes
    number = classes.index(data["explained"])
    assert number == int(found.trained.model(inputs)[0].argmax())
    assert len(data["frames"]) == 101
    for percent in (0, 37, 90):
        recipe = replace(mine.recipe, randomization=replace(mine.recipe.randomization, fraction=percent / 100))
        model = compare(recipe, found.split, found.trained).model
        probabilities, frame = model(inputs).softmax(1)[0], data["frames"][percent]
        assert frame["predicted"] == classes[probabilities.argmax()]
        assert frame["shares"] == [format_share(probabilities[classes.index(name)].item()) for name in data["classes"]]
        values = attribute(model, inputs, torch.tensor([number]), "integrated_gradients").values
        by_word = dict(zip((found.split.words[column] for column in inputs.columns), values.tolist(), strict=True))
        for name, mark in zip(data["names"], frame["marks"], strict=True):
            assert float(mark.replace("−", "-")) == pytest.approx(by_word[name], abs=0.006)
        flip = explain_flip(
            found.trained.model, model, inputs, words=found.split.words, classes=classes, method="integrated_gradients"
        )
        assert frame["why"][:60] == describe_flip(flip)[:60]
    assert data["frames"][0]["marks"] == data["before"]["marks"]
    assert "".join(gap + word for gap, word, _ in data["pieces"]) + data["rest"] == data["text"]


def test_a_picked_review_has_its_key_in_the_address_and_flips_or_not(page):
    test = page
    texts = {review_key(text): text for text in load_pretrained().split.reviews.texts}
    for key in ("pick_random", "pick_flipping"):
        next(found for found in test.button if found.key == key).click()
        data = shown(run(test))
        assert data["text"] == texts[test.query_params["review.key"]]
        if key == "pick_flipping":
            assert data["now"]["predicted"] != data["before"]["predicted"]
    next(found for found in test.button if found.key == "pick_steady").click()
    kept = int(re.search(r"up to (\d+)", run(test).warning[0].value)[1])  # none at each fraction
    for percent in (kept, kept + 1):
        data = shown(a_review(**test.query_params | {"randomization.fraction": str(percent / 100)}))
        assert (data["now"]["predicted"] == data["before"]["predicted"]) == (percent == kept)
    own = type_in(test, "Cherry and plum").query_params["review.key"]
    next(found for found in test.button if found.key == "pick_random").click()
    assert shown(run(test))["text"] in texts.values()
    if test.query_params["review.key"] != own:
        assert shown(press(test, "Back to my text"))["text"] == "Cherry and plum"
    unknown = a_review(**test.query_params | {"review.key": "none"})
    assert "has the key 'none'" in unknown.caption[0].value
    test.query_params["randomization.fraction"] = "0"
    next(found for found in run(test).button if found.key == "pick_flipping").click()
    assert "no validation review flips" in run(test).warning[0].value


def test_what_is_typed_is_compared_with_the_version_before_and_is_in_the_link_only_where_asked_for():
    test = a_review(**SHARE)
    first = shown(test)["text"]
    data = shown(type_in(test, f"{first} Lemon."))
    assert data["edited"] == [["lemon", "brought in"]]
    assert data["edit"].startswith("The second version adds “lemon”.")
    assert data["before"]["versions"][1].startswith(data["before"]["predicted"])
    assert not [name for name in test.query_params if name.startswith("review")]
    assert shown(type_in(test, "Cherry"))["edited"] == [], "that is another text"
    assert press(test, "Put my text into the link").query_params["review.text"] == "Cherry"
    assert shown(test)["text"] == "Cherry"
    press(type_in(test, "Cherry and plum"), "Compare edits with this")
    assert test.session_state.session.versions.first == "Cherry and plum"
    press(test, "Back to the first version")
    assert shown(test)["text"] == "Cherry"


def test_any_text_has_an_answer_and_stays_data(page):
    for text in ("", "漢字 هلا\0\x07", "x" * 1_000_000, HOSTILE):
        data = shown(type_in(page, text))
        assert data["text"] == text
        assert "".join(gap + word for gap, word, _ in data["pieces"]) + data["rest"] == text
        assert data["before"]["predicted"] in load_pretrained().split.classes
        assert bool(data["legend"]) == bool(data["hint"]) == bool(data["names"])
        assert ("A text ends here after 100,000 characters." in data["known"]) == (len(text) >= 100_000)


def test_a_model_that_is_not_finite_says_so(monkeypatch):
    test = a_review(**SHARE)
    mine = test.session_state.session
    with torch.no_grad():
        model = type(mine.trained_model.trained.model)(len(mine.trained_model.split.words), 11, (64,), seed=0)
        model.fc2.bias.fill_(float("nan"))
    broken = replace(mine.trained_model, trained=replace(mine.trained_model.trained, model=model))
    monkeypatch.setattr("forgetting.dashboard.state.models.find_trained_model", lambda _: broken)
    data = shown(run(test))
    assert data["before"]["shares"] == ["missing"] * 11
    assert NOT_FINITE in data["now"]["why"]
    for key in ("pick_flipping", "pick_steady"):
        next(found for found in test.button if found.key == key).click()
        assert "not finite" in run(test).warning[-1].value


def test_many_reviews_at_once_are_a_table_and_too_many_a_sentence():
    test = a_review(**SHARE)
    test.session_state["many_reviews"] = True
    run(test).text_area[0].set_value("A crisp white\n\n=1+1 cherry <b>\nflumpelig")
    table = run(test).dataframe[-1].value
    assert len(table) == 3
    assert table["unknown words"].tolist()[-1] == "flumpelig"
    assert not table["review"].str.startswith("=").any()
    test.text_area[0].set_value("plum\u2028and\vcherry\x85pie")
    assert len(run(test).dataframe[-1].value) == 1
    test.text_area[0].set_value("cherry\n" * 1_001)
    assert "1,001 lines" in run(test).error[0].value


def test_the_pieces_of_two_versions_are_their_texts_and_mark_what_differs():
    first, second = "dry  cherry\nand plum", "dry  lemon\nand plum, too"
    before, after = review_frames.mark_differences(first, second)
    assert ["".join(text for text, _ in pieces) for pieces in (before, after)] == [first, second]
    marked = [[text for text, differs in pieces if differs and text] for pieces in (before, after)]
    assert marked == [["cherry", "plum"], ["lemon", "plum, too"]]
    assert review_frames.mark_differences(first, first) == [[[first, False]]] * 2
