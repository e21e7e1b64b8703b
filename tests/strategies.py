"""Strategies that several test modules share."""

from dataclasses import Field, replace

from hypothesis import strategies as st

from forgetting.recipe.recipe import MODERN, Recipe

LEAVES = Recipe.leaves()
TOGETHER = (
    "explanation.seed",
    "model.heads",
    "model.kind",
    "model.width",
    "protocol",
    "randomization.layers",
    "randomization.unit",
    "randomization.words",
    "relearning.seed",
    "sweep.seed",
    "sweep.words",
    "unlearning.seed",
)
NAMED = (  # without commas, one at least
    "data.missing",
    "explanation.layers",
    "forget.reviews",
    "relearning.layers",
    "sweep.layers",
    "unlearning.repair_layers",
    "unlearning.methods",
)


def values_of(item: Field) -> st.SearchStrategy:
    """Any allowed value of a field, from its own table of bounds."""
    low, high, choices, most = (item.metadata[key] for key in ("low", "high", "choices", "most"))
    if isinstance(item.default, tuple):
        single = st.sampled_from(choices) if choices else one_value(item.default[0] if item.default else "", low, high)
        return st.lists(single, min_size=1, max_size=min(most, 30)).map(tuple)
    return st.sampled_from(choices) if choices else one_value(item.default, low, high)


def one_value(like: object, low: float, high: float) -> st.SearchStrategy:
    if isinstance(like, bool):
        return st.booleans()
    if isinstance(like, str):
        return st.text(max_size=20)
    return st.integers(low, high) if isinstance(like, int) else st.floats(low, high)


def names(alphabet: str = "abcäß1") -> st.SearchStrategy:
    """Names without the comma that stands between them in an address."""
    return st.lists(st.text(alphabet, min_size=2, max_size=8), unique=True, max_size=4).map(tuple)


@st.composite
def modern_recipes(draw) -> Recipe:
    """Valid recipes of the modern protocol with any number of settings changed."""
    recipe = MODERN
    for name in draw(st.lists(st.sampled_from([name for name in LEAVES if name not in TOGETHER]), unique=True)):
        value = draw(names().filter(bool) if name in NAMED else values_of(LEAVES[name]))
        recipe = recipe.with_value(name, value)
    known = recipe.model.layers
    layers = draw(st.one_of(st.just(("all",)), st.lists(st.sampled_from(known), unique=True).map(tuple)))
    unit = draw(st.sampled_from(["weight", "neuron", *(["word"] if layers in ((), ("fc1",)) else [])]))
    words = draw(names()) if unit == "word" else ()
    return replace(recipe, randomization=replace(recipe.randomization, layers=layers, unit=unit, words=words))
