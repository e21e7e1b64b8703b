"""Many curves in few panels: layers by the group that they are in, so that no panel is a heap of lines.

In a panel a colour is what a layer is within its block, and a dash is the block.
"""

from collections.abc import Mapping

import pandas as pd

from forgetting.randomization.groups import LAYER_GROUPS, OUTSIDE, block_of, group_of, groups_of, title_block
from forgetting.randomization.patterns import matching_layers

ONE_PANEL = 6  # layer sets that one panel shows, coloured each on its own
MOST_IN_PANEL = 8  # of a panel of a model with more layers than these, and no blocks
GROUPS, BLOCKS, OTHER_SETS = "groups", "blocks", "other layer sets"
DOWN, UP = "top-down cascade", "bottom-up cascade"
BY = ("group", "block")  # what panels of single layers are by


def panels(curves: pd.DataFrame, sets: Mapping[str, str], known: tuple[str, ...], by: str = BY[0]) -> dict:
    """Curves by panel.

    Args:
        curves: Of `studies.dose_response.curves`, "layers" as they are called on the chart.
        sets: The name of each layer set by what it is called.
        known: Names of the model's layers, in order.
        by: One of BY: whether layers of one kind, or of one block, stand together.

    Returns:
        A table for each panel by its title, with the columns "line" and "block", and their values in
        `attrs["series"]`. One table with the title "" where there are few sets.
    """
    names = list(dict.fromkeys(curves["layers"]))
    if len(names) <= ONE_PANEL:
        return {"": _columns(curves, {name: (name, "") for name in names})}
    places: dict[str, dict[str, tuple[str, str]]] = {}
    for name in names:
        panel, line, block = _place(name, matching_layers(sets[name], known), known, by)
        places.setdefault(panel, {})[name] = (line, block)
    if len(known) > MOST_IN_PANEL and not groups_of(known):
        places = _cut(places)
    if all(len(matching_layers(sets[name], known)) == 1 for name in places.get(GROUPS, ())):
        places = {OUTSIDE if title == GROUPS else title: found for title, found in places.items()}
    return {panel: _columns(curves[curves["layers"].isin(list(found))], found) for panel, found in places.items()}


def _place(name: str, layers: tuple[str, ...], known: tuple[str, ...], by: str) -> tuple[str, str, str]:
    """Panel, line and block of a layer set."""
    groups = groups_of(known)
    if not groups:
        return "", name, ""
    if len(layers) == 1:
        layer, block, group = layers[0], block_of(layers[0]), group_of(layers[0])
        if by == "block" or not group:
            return title_block(block), layer.removeprefix(f"{block}."), ""
        if layer == group:  # which has no other layer
            return GROUPS, name, ""
        return group, layer.rpartition(".")[2], title_block(block)
    whole = {
        matching_layers(pattern, known): GROUPS if title in LAYER_GROUPS else BLOCKS
        for title, pattern in groups.items()
    }
    cascades = {known[len(known) - len(layers) :]: DOWN, known[: len(layers)]: UP}
    return {**cascades, known: BLOCKS, **whole}.get(layers, OTHER_SETS), name, ""


def _cut(places: dict[str, dict]) -> dict[str, dict]:
    """The one panel of a model without blocks in several of at most MOST_IN_PANEL lines."""
    found = list(places[""].items())
    pieces = [found[start : start + MOST_IN_PANEL] for start in range(0, len(found), MOST_IN_PANEL)]
    titles = (" to ".join(dict.fromkeys((piece[0][0], piece[-1][0]))) for piece in pieces)
    return {title: dict(piece) for title, piece in zip(titles, pieces, strict=True)}


def _columns(curves: pd.DataFrame, places: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """The curves of a panel with their lines and blocks."""
    series = curves.attrs.get("series", {})
    lines, blocks = (list(dict.fromkeys(place[index] for place in places.values())) for index in (0, 1))
    table = curves.assign(
        line=curves["layers"].map(lambda name: places[name][0]),
        block=curves["layers"].map(lambda name: places[name][1]),
    )
    table.attrs = {**curves.attrs, "series": {**series, "line": lines, "block": blocks}}
    return table
