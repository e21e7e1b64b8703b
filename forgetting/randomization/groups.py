"""Groups of a model's layers, for plans and charts: by what they do, and by the block that they are in.

A group is a pattern, so that what a chart shows together can be randomized together.
"""

import re
from functools import cache

from forgetting.randomization.patterns import matching_layers

LAYER_GROUPS = {  # of a Transformer: title → pattern
    "words": "words",
    "positions": "positions",
    "attention": "blocks.*.attention",
    "feed-forward": "blocks.*.feedforward",
    "norms": "norm+blocks.*.*_norm",
    "head": "head",
}
EACH_ATTENTION, EACH_FEEDFORWARD = "each:**.attention", "each:**.feedforward"  # of the blocks
QUERIES_AND_KEYS, VALUES_AND_OUTPUTS = (
    "+".join(f"**.attention.{name}" for name in names) for names in (("query", "key"), ("value", "output"))
)
CASCADE_BY_BLOCKS = "down:words+positions+blocks.*+norm+head"  # of a Transformer
ALL_LAYERS = "all layers"
OUTSIDE = "outside the blocks"
BLOCK = re.compile(r"(?:.*?\.)??\d+(?=\.)")  # up to the first number in a dotted name
OWN_BLOCK = "blocks."  # before the number of a block of the app's own Transformer


def block_of(layer: str) -> str:
    """The name of the block that a layer is in: "blocks.0", "encoder.layer.3"; "" for a layer outside of blocks.

    >>> block_of("encoder.layer.3.attention.self.query"), block_of("fc1")
    ('encoder.layer.3', '')
    """
    found = BLOCK.match(layer)
    return found[0] if found else ""


def title_block(block: str) -> str:
    """What a block is called: "block 0" in the app's own Transformer, a name as it is in another model."""
    return block.replace(OWN_BLOCK, "block ", 1) if block.startswith(OWN_BLOCK) else block or OUTSIDE


def title_place(name: str) -> str:
    """What a part of a block is called where it stands alone; any other layer has its name.

    >>> title_place("blocks.0.feedforward"), title_place("fc1")
    ('block 0, feed-forward', 'fc1')
    """
    block = block_of(name)
    part = name.removeprefix(f"{block}.").replace("feedforward", "feed-forward")
    return f"{title_block(block)}, {part}" if block and block != name else name


@cache
def groups_of(known: tuple[str, ...]) -> dict[str, str]:
    """The groups of a model's layers, title → pattern: by what they do where all have such a group, then the blocks.

    Args:
        known: Names of the model's layers, in order.

    Returns:
        The groups; none where no layer is in a block.
    """
    blocks = [block for block in dict.fromkeys(map(block_of, known)) if block]
    if not blocks:
        return {}
    by_kind = LAYER_GROUPS if all(map(group_of, known)) else {}
    return {**by_kind, **{title_block(block): block for block in blocks}}


@cache
def group_of(layer: str) -> str:
    """Title of the group of LAYER_GROUPS that a layer is in, "" where it is in none."""
    return next((title for title, pattern in LAYER_GROUPS.items() if matching_layers(pattern, (layer,))), "")


@cache
def _titles(known: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    pairs = {"values and outputs": VALUES_AND_OUTPUTS, "queries and keys": QUERIES_AND_KEYS}
    groups = {**groups_of(known), **pairs, ALL_LAYERS: "+".join(known)} if groups_of(known) else {}
    titles = {matching_layers(pattern, known): title for title, pattern in groups.items() if pattern not in known}
    return {names: title for names, title in titles.items() if names}


def title_set(name: str, known: tuple[str, ...]) -> str:
    """What a layer set is called in a chart: a group or a block by its title, any other set by its name.

    Args:
        name: Name of the set, modules joined by "+".
        known: Names of the model's layers, in order.
    """
    return _titles(known).get(matching_layers(name, known), name)
