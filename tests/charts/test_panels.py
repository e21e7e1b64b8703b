"""Many curves in few panels: each layer set once, where its group or its block is."""

import pandas as pd
import pytest
from groups_parts import LAYERS

from forgetting.charts.panels import panels
from forgetting.randomization.groups import title_set


def curves_of(names: list[str], known: tuple[str, ...]) -> tuple[pd.DataFrame, dict[str, str]]:
    sets = {title_set(name, known): name for name in names}
    rows = [{"layers": title, "planned_dose": dose, "median": 0.5} for title in sets for dose in (0.0, 1.0)]
    table = pd.DataFrame(rows)
    table.attrs = {"series": {"layers": list(sets), "scheme": ["zero"]}}
    return table, sets


GROUPS = ["blocks.0.attention+blocks.1.attention", "blocks.0", "blocks.1", "words+positions+blocks+norm+head"]


@pytest.mark.parametrize(
    ("by", "titles"),
    [
        ("group", {"groups": 4, "norms": 5, "attention": 8, "feed-forward": 4, "blocks": 3, "top-down cascade": 1}),
        (
            "block",
            {"outside the blocks": 4, "block 0": 8, "block 1": 8, "groups": 1, "blocks": 3, "top-down cascade": 1},
        ),
    ],
)
def test_each_set_is_in_one_panel_with_a_line_and_a_block_of_its_own(by, titles):
    table, sets = curves_of([*LAYERS, *GROUPS, "norm+head"], LAYERS)
    found = panels(table, sets, LAYERS, by)
    assert {title: panel["layers"].nunique() for title, panel in found.items()} == titles
    assert sorted(name for panel in found.values() for name in panel["layers"].unique()) == sorted(sets)
    for panel in found.values():
        assert len(panel.drop_duplicates(["line", "block"])) == panel["layers"].nunique()
        assert set(panel["line"]) == set(panel.attrs["series"]["line"])
    alone = panels(*curves_of([*LAYERS], LAYERS), LAYERS, by)
    assert alone["outside the blocks"]["line"].unique().tolist()[:2] == ["words", "positions"]
    if by == "group":
        assert "groups" not in alone
        assert list(found["attention"].attrs["series"].values())[2:] == [
            ["query", "key", "value", "output"],
            ["block 0", "block 1"],
        ]


def test_few_sets_and_models_without_blocks_need_no_groups():
    table, sets = curves_of(["fc1", "fc2", "fc1+fc2"], ("fc1", "fc2"))
    ((title, panel),) = panels(table, sets, ("fc1", "fc2")).items()
    assert title == ""
    assert panel["line"].tolist() == table["layers"].tolist()
    known = tuple(f"conv{number}" for number in "abcdefghij")
    table, sets = curves_of(list(known), known)
    assert list(panels(table, sets, known)) == ["conva to convh", "convi to convj"]
    table, sets = curves_of(list(known[:9]), known)
    assert list(panels(table, sets, known)) == ["conva to convh", "convi"]
    known = ("fc1", "fc2", "fc3", "fc4")
    cascades = ["fc3+fc4", "fc2+fc3+fc4", "fc1+fc2+fc3+fc4", "fc1+fc2", "fc1+fc2+fc3"]
    table, sets = curves_of([*known, *cascades], known)
    assert list(panels(table, sets, known)) == [""]
