"""The pages with a small Transformer: it is chosen, drawn by its parts, explained word by word, and looked into."""

import pytest
from app_pages import SMALL_TRANSFORMER, app, live, run
from streamlit.testing.v1 import AppTest
from study_pages import finished, study, trained

from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state.session import PREFIX
from forgetting.dashboard.studies.sweep_seconds import _first_changes
from forgetting.dashboard.ui.differences import name_preset
from forgetting.dashboard.ui.own_review import KEY_OF_REVIEW
from forgetting.model.settings import ENOUGH_REVIEWS, learns_by_heart
from forgetting.recipe.recipe import OPENINGS, Recipe
from forgetting.recipe.url import decode_query, encode_query
from forgetting.reporting.changes import describe_changes

SMALL = SMALL_TRANSFORMER | {
    "randomization.layers": "words,blocks.0",
    "randomization.fraction": "0.4",
    "randomization.scheme": "reinit",
}


def opened(page: str, tab: str = "", **parameters: str) -> AppTest:
    test = trained(app(page, **SMALL | parameters))
    if tab:
        test.session_state[f"{page}_view"] = tab
        run(test)
    assert not test.exception
    assert not test.error
    return test


def test_the_network_is_drawn_by_its_parts_and_the_sentence_names_groups():
    shown = live(opened("forget"))
    assert [stage["title"] for stage in shown["stages"]] == [
        "Embedding",
        "Block 0: attention",
        "Block 0: feed-forward",
        "Block 1: attention",
        "Block 1: feed-forward",
        "Answer",
    ]
    numbers = [number for stage in shown["stages"] for number, _ in stage["layers"]]
    assert sorted(numbers) == list(range(20)) == list(range(len(shown["layers"])))
    assert sum(layer["chosen"] for layer in shown["layers"]) == 9
    assert shown["now"]["sentence"].startswith(f"Randomizing 40{PERCENT} of words, block 0 ")
    assert [layer["part"] for layer in shown["now"]["layers"]][:3] == [pytest.approx(0.4, abs=0.05), 0, 0.375]


def test_a_group_of_layers_is_chosen_and_left_as_a_whole():
    test = opened("forget")
    (groups,) = (each for each in test.get("button_group") if each.label == "Groups of layers")
    groups.set_value(["words", "block 0", "head"]).run()
    assert test.session_state.session.recipe.randomization.layers == ("words", "blocks.0", "head")
    (groups,) = (each for each in test.get("button_group") if each.label == "Groups of layers")
    groups.set_value(["words", "head"]).run()
    assert test.session_state.session.recipe.randomization.layers == ("words", "head")


@pytest.mark.parametrize(
    ("page", "tab"), [("forget", "A review"), ("forget", "Weights"), ("explain", "Map"), ("layers", "Words")]
)
def test_a_page_takes_a_transformer(page, tab):
    test = opened(page, tab)
    if tab == "A review":
        assert any(KEY_OF_REVIEW in str(each.proto) for each in test.get("bidi_component"))


def test_the_kind_of_network_is_chosen_on_train_and_the_first_layer_stays_chosen():
    test = app("train", **{"randomization.layers": "fc1"})
    (kind,) = (each for each in test.get("button_group") if each.label == "Network")
    kind.set_value("transformer").run()
    recipe = test.session_state.session.recipe
    assert (recipe.model.kind, recipe.randomization.layers) == ("transformer", ("words",))
    assert name_preset(recipe) == "modern"
    assert name_preset(recipe.with_value("model.blocks", 3)) == "modern, changed"
    assert describe_changes(Recipe(), recipe.for_training()).startswith("network MLP → Transformer")
    assert any("optimizer AdamW, epochs" in caption.value for caption in test.caption)


def test_few_reviews_are_learnt_by_heart():
    assert learns_by_heart("transformer", 235)
    assert not learns_by_heart("transformer", 964)
    assert not learns_by_heart("mlp", 235)
    test = app("train", **{"model.kind": "transformer", "data.max_reviews": "300"})
    assert any(f"needs about {ENOUGH_REVIEWS} training reviews; these are 240." in each.value for each in test.warning)


def test_the_plan_of_cascades_is_started_from_either_place_and_is_shown():
    plan = {"sweep.layers": "head", "sweep.doses": "1", "sweep.schemes": "reinit", "sweep.seeds": "1"}
    test = finished(opened("layers", "Cascades", **plan), "dose")
    assert not test.exception
    test.session_state["layers_view"] = "Curves"
    run(test)
    test.button(key="preset_plans_Cascades").click().run()
    assert not test.exception
    assert test.session_state["layers_view"] == "Cascades"
    assert test.session_state["plans"] == 1


def test_the_epochs_of_unlearning_are_those_of_the_kind_until_one_gives_others():
    test = opened("unlearn")
    epochs = test.number_input(key=f"{PREFIX}unlearning.epochs")
    assert epochs.value == 5
    chosen = "a learning rate of 0.002, steps of 0.1 in gradient ascent and an α of 5 in dampening."
    assert f"Chosen for the Transformer: 5 epochs of repair and tuning, {chosen}" in texts(test)
    epochs.set_value(20).run()  # those of an MLP
    recipe = test.session_state.session.recipe
    assert recipe.unlearning.for_kind("transformer").epochs == 20
    assert test.query_params["unlearning.epochs"] == "20"
    assert decode_query(dict(test.query_params)) == (recipe, [])
    assert f"Chosen for the Transformer: {chosen}" in texts(test)
    test.number_input(key=f"{PREFIX}unlearning.epochs").set_value(0).run()
    assert test.number_input(key=f"{PREFIX}unlearning.epochs").value == 5
    assert "unlearning.epochs" not in test.query_params


def texts(test: AppTest) -> list[str]:
    return [each.value for each in test.caption]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "titles"),
    [
        ("explain", ["All methods", "Groups and blocks"]),
        ("relearn", ["One seed", "Three seeds"]),
        ("unlearn", ["Four methods", "Three seeds"]),
    ],
)
@pytest.mark.usefixtures("slow_studies")
def test_short_plans_are_ready(page, titles):
    test = opened(page, **{"forget.by": "share"})
    ready = [button for button in test.button if button.label.startswith("Start: ")]
    first = ready.pop()  # which stands in the answer, until it is started
    assert (first.key, first.label) == (f"preset_first_{titles[0]}", ready[0].label)
    assert [button.label.removeprefix("Start: ") for button in ready] == titles
    if page == "explain":
        return
    ready[0].click()
    recipe = run(test).session_state.session.recipe
    assert study(test).running
    assert (recipe.relearning.seeds, recipe.relearning.epochs, recipe.relearning.retrain) == (
        (1, 15, False) if page == "relearn" else (5, 100, True)
    )
    assert recipe.unlearning.seeds == (5 if page == "relearn" else 1)


def test_time_is_counted_from_the_first_layer_that_no_earlier_set_leads_to_alike():
    sets = [("a",), ("a", "b"), ("a", "c"), ("b",), ("b", "c"), ("a", "b"), ("c",)]
    assert _first_changes(sets, ("a", "b", "c")) == [0, 1, 2, 1, 2, 3, 2]


def test_an_address_of_the_kind_alone_opens_with_its_randomization_and_that_of_the_defaults_says_so():
    kind = {"model.kind": "transformer"}
    test = app("forget", **kind)
    recipe = test.session_state.session.recipe
    assert recipe == OPENINGS["transformer"]
    assert dict(test.query_params) == encode_query(recipe)
    chosen = app("forget", **kind | {"randomization.fraction": "0.5"})
    assert chosen.session_state.session.recipe == Recipe.from_dict({"model": {"kind": "transformer"}}).with_value(
        "randomization.fraction", 0.5
    )
    defaults = app("forget", **kind | {"protocol": "modern"})
    assert defaults.session_state.session.recipe == Recipe.from_dict({"model": {"kind": "transformer"}})
    assert dict(defaults.query_params) == kind | {"protocol": "modern"}
    assert app("forget", **{"model.kind": "none"}).session_state.session.recipe == Recipe()  # which is none
