"""Recipes: a canonical form that survives writing and reading, strict reading, and the published one's fixed values."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import LEAVES, modern_recipes

from forgetting.core.errors import RecipeError
from forgetting.core.settings import format_value, parse_value
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.randomization.units import UNITS
from forgetting.recipe.recipe import MODERN, PROTOCOLS, PUBLISHED, Recipe


def reversed_keys(values):
    return {key: reversed_keys(values[key]) for key in reversed(values)} if isinstance(values, dict) else values


RECIPES = st.one_of(modern_recipes(), st.integers(0, 2**32 - 1).map(lambda seed: replace(PUBLISHED, seed=seed)))


@settings(deadline=None, max_examples=50)
@given(RECIPES)
def test_survives_writing_and_reading(recipe):
    text = recipe.to_json()
    again = Recipe.from_json(text)
    assert again == recipe
    assert again.to_json() == text
    assert text.isascii()
    assert Recipe.from_dict(reversed_keys(recipe.to_dict())).to_json() == text
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert recipe.hash == hashlib.sha256(text.encode()).hexdigest()


@settings(deadline=None, max_examples=50)
@given(modern_recipes())
def test_every_setting_survives_as_text(recipe):
    for name, item in LEAVES.items():
        assert parse_value(item, format_value(recipe.value(name))) == recipe.value(name)


@settings(deadline=None, max_examples=40)
@given(modern_recipes(), modern_recipes())
def test_equal_recipes_alone_have_equal_hashes(one, other):
    assert (one == other) == (one.hash == other.hash)


def test_equal_recipes_with_a_negative_zero_have_equal_hashes():
    one, other = (MODERN.with_value("randomization.fraction", fraction) for fraction in (0.0, -0.0))
    assert one == other
    assert one.hash == other.hash


def test_a_whole_number_is_the_same_fraction():
    assert Recipe.from_json('{"randomization": {"fraction": 1}}').hash == MODERN.hash


def test_choices_are_the_tables():
    assert LEAVES["randomization.scheme"].metadata["choices"] == tuple(SCHEMES)
    assert LEAVES["randomization.unit"].metadata["choices"] == tuple(UNITS)
    assert LEAVES["protocol"].metadata["choices"] == tuple(PROTOCOLS)


def test_every_setting_is_read_strictly():
    for name in LEAVES:
        *groups, last = name.split(".")
        for key, value, message in (
            (last + "x", 0, f"Unknown setting '{name}x'. Known here: "),
            (last, {"no": "value"}, f"{name} must be "),
        ):
            values = {key: value}
            for group in groups:
                values = {group: values}
            with pytest.raises(RecipeError) as error:
                Recipe.from_dict(values)
            assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '"modern"', "[" * 100_000, '{"model": 3}', '{"protocol": []}', '{"protocol": "old"}',
     '{"randomization": {"fraction": NaN}}', '{"randomization": {"fraction": 1' + "0" * 400 + "}}"],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_refuses_what_is_no_recipe(text):
    with pytest.raises(RecipeError, match="must be"):
        Recipe.from_json(text)


def test_what_is_left_out_is_of_the_named_protocol():
    assert Recipe.from_dict({}) == MODERN
    assert Recipe.from_dict({"protocol": "published"}) == PUBLISHED
    assert Recipe.from_dict({"protocol": "published", "seed": 4}) == replace(PUBLISHED, seed=4)
    assert Recipe.from_dict({"training": {"epochs": 7}}) == MODERN.with_value("training.epochs", 7)


def test_published_settings_are_the_published_ones():
    training, split = PUBLISHED.training, PUBLISHED.split
    assert (training.objective, training.epochs, training.batch_size) == ("bitwise", 15, 0)
    assert (training.learning_rate, training.weight_decay, training.label_smoothing) == (0.001, 0, 0)
    assert (training.word_dropout, training.dropout_steps, training.reuse_forward_pass) == (0, 1, True)
    assert (PUBLISHED.model.hidden, PUBLISHED.model.dropout) == ((64,), 0.5)
    assert (split.validation_share, split.seed, split.stratify) == (0.2, 42, False)
    assert (split.sublinear_tf, split.min_df, split.max_words) == (False, 1, 0)
    assert (PUBLISHED.data.drop_duplicates, PUBLISHED.data.min_reviews) == (False, 1)


def other(item):
    """An allowed value that differs from the field's default."""
    low, high, choices = (item.metadata[key] for key in ("low", "high", "choices"))
    if isinstance(item.default, bool):
        return not item.default
    if choices:
        return next(choice for choice in choices if choice != item.default)
    if isinstance(item.default, tuple):
        return ("fc1",) if not item.default or isinstance(item.default[0], str) else (item.default[0] + 1,)
    return low if item.default != low else high


FIXED = [name for name in LEAVES if name.split(".")[0] in ("split", "model", "training", "randomization")]
FIXED.remove("randomization.words")  # words need the unit "word", which is refused


def test_published_refuses_other_settings():
    for name in FIXED:
        item, published = LEAVES[name], PUBLISHED.value(name)
        changed = next(
            value
            for value in (other(item), item.default, item.metadata["low"], item.metadata["high"])
            if value != published
        )
        if name == "randomization.unit":
            changed = "neuron"
        with pytest.raises(RecipeError) as error:
            PUBLISHED.with_value(name, changed)
        assert f"The published protocol fixes {name} at " in str(error.value)
        assert "leave the setting out, or use the modern protocol" in str(error.value)


def test_published_takes_other_data_and_seeds():
    for name in [name for name in LEAVES if name.startswith("data.")] + ["seed"]:
        changed = other(LEAVES[name]) if LEAVES[name].default != "" else "x"
        changed = "file" if name == "data.source" else changed
        assert PUBLISHED.with_value(name, changed).value(name) == changed


def test_what_determines_the_trained_model_is_all_but_the_randomization():
    recipe = replace(MODERN, seed=3, randomization=Randomization(("fc1",), 0.5, "zero", "neuron", 7))
    assert recipe.for_training() == replace(MODERN, seed=3)
    assert recipe.for_training().hash == replace(MODERN, seed=3).hash


def test_layers_must_be_those_of_the_model():
    randomization = Randomization(("fc3",))
    assert replace(MODERN, model=replace(MODERN.model, hidden=(8, 4)), randomization=randomization)
    with pytest.raises(RecipeError, match="'fc3'"):
        replace(MODERN, randomization=randomization)
