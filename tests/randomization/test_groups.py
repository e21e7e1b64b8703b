"""Groups of layers: what they hold, and what sets are called."""

from groups_parts import LAYERS

from forgetting.randomization.groups import block_of, group_of, groups_of, title_set
from forgetting.randomization.patterns import matching_layers

BERT = ("embeddings.word", "encoder.layer.0.attention.self.query", "encoder.layer.11.output.dense", "pooler.dense")


def test_each_layer_is_in_one_group_and_at_most_one_block():
    counted = [
        [title for title, pattern in groups_of(LAYERS).items() if name in matching_layers(pattern, LAYERS)]
        for name in LAYERS
    ]
    expected = [
        ["words"],
        ["positions"],
        *(
            [kind, f"block {block}"]
            for block in (0, 1)
            for kind in ("norms", *["attention"] * 4, "norms", *["feed-forward"] * 2)
        ),
        ["norms"],
        ["head"],
    ]
    assert counted == expected
    assert [group_of(name) for name in LAYERS] == [titles[0] for titles in expected]


def test_sets_are_called_by_their_group_whatever_names_they_have():
    assert title_set("blocks.0.attention+blocks.1.attention", LAYERS) == "attention"
    pair = "+".join(f"blocks.{block}.attention.{name}" for block in (0, 1) for name in ("value", "output"))
    assert title_set(pair, LAYERS) == "values and outputs"
    assert title_set("blocks.0.attention", LAYERS) == "blocks.0.attention"
    assert title_set("blocks.1", LAYERS) == title_set("+".join(LAYERS[10:18]), LAYERS) == "block 1"
    assert title_set("words+positions+blocks+norm+head", LAYERS) == "all layers"
    assert title_set("words+head", LAYERS) == "words+head"


def test_other_models_have_blocks_alone_or_no_groups():
    assert list(groups_of(BERT)) == ["encoder.layer.0", "encoder.layer.11"]
    assert [block_of(name) for name in BERT] == ["", "encoder.layer.0", "encoder.layer.11", ""]
    assert groups_of(("fc1", "fc2")) == {}
    assert title_set("fc1+fc2", ("fc1", "fc2")) == "fc1+fc2"
