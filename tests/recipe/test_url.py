"""A recipe through the address and back; what does not fit is named in a sentence and left at its default."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import LEAVES, modern_recipes, values_of

from forgetting.core.errors import RecipeError
from forgetting.model.settings import ModelSettings
from forgetting.recipe.recipe import MODERN, PROTOCOLS, PUBLISHED, Recipe
from forgetting.recipe.renamed import RENAMED
from forgetting.recipe.url import FOREIGN, FOREIGN_PREFIXES, decode_query, encode_query, own_parameters


@st.composite
def published_recipes(draw) -> Recipe:
    recipe = PUBLISHED
    for name in ("data.source", "data.file", "data.text_column", "data.label_column", "data.min_reviews", "seed"):
        if draw(st.booleans()):
            recipe = recipe.with_value(name, draw(values_of(LEAVES[name])))
    return recipe


RECIPES = st.one_of(modern_recipes(), published_recipes())


@settings(max_examples=100, deadline=None)
@given(RECIPES)
def test_what_is_encoded_decodes_as_the_same_recipe(recipe):
    parameters = encode_query(recipe)
    assert all(isinstance(name, str) and isinstance(text, str) for name, text in parameters.items())
    assert decode_query(parameters) == (recipe, [])
    assert encode_query(decode_query(parameters)[0]) == parameters


@settings(max_examples=50, deadline=None)
@given(RECIPES, st.data())
def test_the_order_of_parameters_does_not_matter(recipe, data):
    shuffled = data.draw(st.permutations(list(encode_query(recipe).items())))
    assert decode_query(dict(shuffled)) == (recipe, [])


@given(st.dictionaries(st.sampled_from([*LEAVES, "x"]), st.text(max_size=12), max_size=6), st.data())
@settings(max_examples=100, deadline=None)
def test_any_text_gives_a_recipe_and_a_sentence_for_each_parameter_not_taken(parameters, data):
    recipe, sentences = decode_query(parameters)
    assert isinstance(recipe, Recipe)
    assert len(sentences) <= len(parameters)
    assert decode_query(dict(data.draw(st.permutations(list(parameters.items())))))[0] == recipe
    assert decode_query(encode_query(recipe)) == (recipe, [])


def test_defaults_need_no_parameters():
    assert encode_query(MODERN) == {}
    assert encode_query(PUBLISHED) == {"protocol": "published"}
    for name, recipe in PROTOCOLS.items():
        assert decode_query({"protocol": name}) == (recipe, [])
    assert decode_query({}) == (MODERN, [])


def test_only_what_differs_is_written_in_readable_text():
    recipe = replace(
        MODERN,
        model=ModelSettings(hidden=(64, 32)),
        randomization=replace(MODERN.randomization, layers=("fc1", "fc3"), fraction=0.25),
    )
    assert encode_query(recipe) == {
        "model.hidden": "64,32",
        "randomization.layers": "fc1,fc3",
        "randomization.fraction": "0.25",
    }


def test_parameters_that_fit_only_together_may_come_in_any_order():
    for names in (("randomization.layers", "model.hidden"), ("model.hidden", "randomization.layers")):
        text = {"randomization.layers": "fc3", "model.hidden": "8,8"}
        recipe, sentences = decode_query({name: text[name] for name in names})
        assert (recipe.randomization.layers, recipe.model.hidden, sentences) == (("fc3",), (8, 8), [])
    recipe, sentences = decode_query({"randomization.unit": "word", "randomization.layers": "fc1"})
    assert (recipe.randomization.unit, sentences) == ("word", [])


def test_no_layers_is_a_choice_of_its_own():
    recipe = replace(MODERN, randomization=replace(MODERN.randomization, layers=()))
    assert encode_query(recipe) == {"randomization.layers": ""}
    assert decode_query({"randomization.layers": ""}) == (recipe, [])


@pytest.mark.parametrize(
    ("name", "text", "default"),
    [
        ("training.epochs", "2001", "100"),
        ("training.epochs", "", "100"),
        ("training.epochs", "9" * 5_000, "100"),
        ("training.learning_rate", "nan", "0.01"),
        ("randomization.scheme", "Zero", "normal"),
        ("model.hidden", "64,0", "64"),
        ("data.drop_duplicates", "yes", "True"),
        ("seed", "-1", "0"),
    ],
)
def test_an_impossible_value_is_named_with_its_default_which_is_used(name, text, default):
    recipe, (sentence,) = decode_query({name: text, "split.seed": "7"})
    assert recipe == MODERN.with_value("split.seed", 7)
    assert name in sentence
    assert default in sentence
    assert len(sentence) < 400


@pytest.mark.parametrize(
    ("name", "text"),
    [("randomization.layers", "fc9"), ("randomization.unit", "word"), ("randomization.layers", "all,fc1")],
)
def test_a_value_that_does_not_fit_the_others_is_refused_with_a_sentence(name, text):
    recipe, (sentence,) = decode_query({name: text})
    assert recipe == MODERN
    assert text.split(",")[0] in sentence


def test_unknown_settings_are_named_and_ignored():
    recipe, (sentence,) = decode_query({"training.epoch": "5", "training.epochs": "5"})
    assert recipe.training.epochs == 5
    assert "'training.epoch'" in sentence
    assert "ignored" in sentence


@pytest.mark.parametrize(("letter", "most"), [("a", 6_000), ("é", 1_000), ("酒", 666)])
def test_a_text_is_held_by_the_bytes_that_it_takes_of_an_address(letter, most):
    MODERN.with_value("review.text", letter * most)
    with pytest.raises(RecipeError, match="at most 6,000 bytes of the address"):
        MODERN.with_value("review.text", letter * (most + 1))


def test_what_others_hang_on_to_a_link_is_left_out_and_all_else_stays():
    own = {"seed": "3", "training.epoch": "5", "reference": "x"}
    foreign = {"utm_source": "mail", "UTM_Campaign": "x", "fbclid": "x", "gclid": "x", "mc_cid": "x", "ref": "x"}
    assert own_parameters(own | foreign) == own
    assert not any(name in FOREIGN or name.startswith(FOREIGN_PREFIXES) for name in {*LEAVES, *RENAMED})


def test_an_unknown_protocol_is_named_and_modern_used():
    recipe, (sentence,) = decode_query({"protocol": "Published", "seed": "3"})
    assert recipe == MODERN.with_value("seed", 3)
    assert "'Published'" in sentence
    assert "modern" in sentence


def test_the_published_protocol_takes_data_and_seed_alone():
    recipe, (sentence,) = decode_query({"protocol": "published", "seed": "5", "randomization.fraction": "0.5"})
    assert recipe == replace(PUBLISHED, seed=5)
    assert "randomization.fraction" in sentence


@pytest.mark.parametrize("part", ["protocol", "training.epochs", "name"])
def test_text_from_an_address_is_quoted_and_cut_short(part):
    hostile = "x\n<script>" + "y" * 100_000
    parameters = {hostile: "1"} if part == "name" else {part: hostile}
    recipe, (sentence,) = decode_query(parameters)
    assert recipe == MODERN
    assert "\n" not in sentence
    assert len(sentence) < 400
