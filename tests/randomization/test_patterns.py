"""Patterns of layers: the sets that they give written out by hand, and names that give the sets back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import RecipeError
from forgetting.randomization.patterns import expand_set, layer_sets, matching_layers, name_set
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep

BLOCK = ("norm", "attention.query", "attention.output", "up", "down")
TRANSFORMER = ("words", *(f"blocks.{number}.{name}" for number in (0, 1) for name in BLOCK), "head")
# Modules with own parameters and layers below, one that shares a parameter, and one whose name begins as another does.
NESTED = ("embed", "attn", "attn.out", "block.attn", "block.attn.out", "block.tied:bias", "blocks", "")


@pytest.mark.parametrize(
    ("text", "known", "layers"),
    [
        ("words", TRANSFORMER, "words"),
        ("head+words", TRANSFORMER, "words head"),
        ("blocks.0.attention", TRANSFORMER, "blocks.0.attention.query blocks.0.attention.output"),
        ("blocks.*.up", TRANSFORMER, "blocks.0.up blocks.1.up"),
        ("*.*.up", TRANSFORMER, "blocks.0.up blocks.1.up"),
        ("**.up", TRANSFORMER, "blocks.0.up blocks.1.up"),
        ("**.out*", TRANSFORMER, "blocks.0.attention.output blocks.1.attention.output"),
        ("blocks.1.*o*", TRANSFORMER, "blocks.1.norm blocks.1.attention.query blocks.1.attention.output blocks.1.down"),
        ("w*", TRANSFORMER, "words"),
        ("w****", TRANSFORMER, "words"),
        ("blocks.0:skip", ("blocks.0.attention.output", "blocks.0.feedforward.down"), None),
        ("encoder.1:skip", ("encoder.1.self_attention.out_proj", "encoder.1.mlp.3"), None),  # torchvision
        ("layer:skip", ("layer.attention.dense", "layer.ffn_output"), None),  # ALBERT
        ("attn", NESTED, "attn attn.out"),
        ("attn:*", NESTED, "attn"),
        ("**.attn", NESTED, "attn attn.out block.attn block.attn.out"),
        ("attn:in_proj[q]+attn.out", NESTED, "attn:in_proj[q] attn.out"),
        ("attn:weight+attn:bias", NESTED, "attn:bias attn:weight"),
        ("block", NESTED, "block.attn block.attn.out block.tied:bias"),
        ("block.tied:bias", NESTED, "block.tied:bias"),
        ("blocks", NESTED, "blocks"),
    ],
)
def test_sets_by_hand(text, known, layers):
    found = expand_set(text, known)
    assert found == (known if layers is None else tuple(layers.split()))
    assert expand_set(name_set(found, known), known) == matching_layers(text, known) == found


@pytest.mark.parametrize(
    ("item", "sets"),
    [
        ("each:blocks.*", "blocks.0 blocks.1"),
        ("each:**.attention", "blocks.0.attention blocks.1.attention"),
        ("each:head+blocks.*", "blocks.0 blocks.1 head"),
        ("down:blocks.*+head", "head blocks.1+head blocks+head"),
        ("up:blocks.*.up", "blocks.0.up blocks.0.up+blocks.1.up"),
        ("all:blocks.*", "blocks"),
        ("all", "words+blocks+head"),
        ("blocks.*.attention", "blocks.0.attention+blocks.1.attention"),
    ],
)
def test_families_of_patterns(item, sets):
    assert [name_set(names, TRANSFORMER) for names in layer_sets(item, TRANSFORMER)] == sets.split()
    assert Sweep(layers=(item,)).sets(TRANSFORMER) == tuple(expand_set(name, TRANSFORMER) for name in sets.split())


@pytest.mark.parametrize("known", [TRANSFORMER, NESTED[:-1]])
@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_a_name_gives_its_set_back_and_is_the_shortest(known, data):
    chosen = data.draw(st.lists(st.sampled_from(known), min_size=1, unique=True))
    name = name_set(chosen, known)
    layers = tuple(layer for layer in known if layer in chosen)
    assert expand_set(name, known) == layers
    assert Randomization(layers=tuple(name.split("+"))).chosen_layers(known) == layers
    modules = {layer.rsplit(".", depth)[0].partition(":")[0] for layer in layers for depth in range(4)}
    for module in modules:  # none that the set covers is left to be named by its parts
        below = {layer for layer in known if layer == module or layer.startswith((f"{module}.", f"{module}:"))}
        if below <= set(layers) and not any(layer.startswith(f"{module}:") for layer in below):
            assert not any(part.startswith(f"{module}.") for part in name.split("+"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blocks.0.atention", r"12 layers, such as blocks.0.attention"),
        ("blocks.2", "such as blocks"),
        ("words+", "got 'words\\+'"),
        ("", "got ''"),
        ("each:", "got 'each:'"),
        ("all+words", r"got 'all\+words'"),
        ("words+words:weight", "hold a layer or parts of it, and not 'words' with 'words:weight'"),
        ("words:skip", "known by its name to end a residual branch.* got 'words:skip'"),
        ("*b" * 5, r"got '\*b\*b"),
    ],
)
def test_what_matches_nothing_is_refused_with_few_names(text, message):
    with pytest.raises(RecipeError, match=message) as error:
        layer_sets(text, TRANSFORMER)
    assert str(error.value).startswith("sweep.layers must be ")
    assert len(str(error.value)) < 350


def test_a_module_with_the_name_of_a_family_is_told_from_it():
    known = ("down.0", "down.1", "up.0", "head")
    with pytest.raises(RecipeError, match=r"down\.\*\* for the layers of the model's module 'down', or down:\*\*"):
        layer_sets("down", known)
    assert layer_sets("down.**", known) == [("down.0", "down.1")]
    assert layer_sets("down:**", known)[0] == ("head",)
    assert layer_sets("down", ("a", "b")) == [("b",), ("a", "b")]


def test_an_error_of_a_model_of_48_blocks_is_short():
    known = tuple(f"transformer.h.{block}.{name}" for block in range(48) for name in BLOCK * 2)
    for text in ("transformer.h.48", "transformer.x", "y" * 20_000):
        with pytest.raises(RecipeError) as error:
            Randomization(layers=(text,)).chosen_layers(known)
        assert str(error.value).count("transformer.h") <= 6 + 1
        assert len(str(error.value)) < 500
    assert len(Randomization(layers=("transformer.h.47",)).chosen_layers(known)) == 5
