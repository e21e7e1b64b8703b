"""What rows show of a model's layers: each effect from the rows that it is of, and sentences that say no more."""

import re
from dataclasses import replace

import numpy as np
import pytest
from groups_parts import LAYERS
from transformer_rows import BEFORE, CHANCE, rows_of

from forgetting.metrics.baselines import Baselines
from forgetting.randomization.patterns import layer_sets, name_set
from forgetting.reporting.layer_effects import describe_layer_effects
from forgetting.studies.layer_effects import measure_layer_effects
from forgetting.studies.nested import nested_forgetting

ATTENTION = ("blocks.0.attention", "blocks.1.attention")
PAIRS = {
    name: name_set([layer for layer in LAYERS if layer.endswith(ends)], LAYERS)
    for name, ends in (("held", (".value", ".output")), ("other", (".query", ".key")))
}
SETS = (*LAYERS, *ATTENTION, *PAIRS.values())
BASELINES = Baselines(
    chance=CHANCE,
    chance_loss=2.4,
    majority={"training": 0.2, "validation": 0.19},
    majority_macro_f1={"training": 0.02, "validation": 0.02},
    all_no=0.9,
    linear_svc=None,
    majority_class=0,
    majority_balanced_accuracy={"training": 0.09, "validation": 0.09},
)


def effects_of(accuracies: dict[tuple[str, str, float], float], *, names=SETS):
    """Effects of rows that leave these accuracies, by set, scheme and dose, and else that of the original."""
    rows = rows_of(
        names,
        lambda name, scheme, dose: accuracies.get((name, scheme, dose), BEFORE),
        doses=(0.1, 1.0),
        schemes=("rewind", "reinit", "normal"),
    )
    return measure_layer_effects(rows, LAYERS), rows


def sentences(effects, moved=None) -> dict[str, tuple[str, bool]]:
    _, found = describe_layer_effects(effects, BASELINES, "of this model", moved or {})
    return {sentence.topic: (sentence.text.replace("\u00a0", " "), sentence.shown) for sentence in found}


EXPECTED = {
    ("blocks.0.attention", "reinit", 1.0): 0.1,
    ("blocks.0.attention", "rewind", 1.0): 0.5,
    (PAIRS["held"], "reinit", 1.0): 0.15,
    ("head", "reinit", 1.0): 0.09,
    **{(name, "normal", 0.1): 0.2 for name in LAYERS[:15]},
}


def test_rows_matched_by_change_are_not_of_whole_layers():
    _, rows = effects_of(EXPECTED)
    part = [replace(row, dose=0.7 * row.planned_dose) for row in rows]
    found = measure_layer_effects(part, LAYERS)
    assert (found.listed, found.tenths, found.difference) == ((), (), None)


def test_what_is_expected_is_said_where_the_rows_show_it():
    effects, rows = effects_of(EXPECTED)
    said = sentences(effects, {"positions": 0.52})
    assert [shown for _, shown in said.values()] == [True] * 5
    assert "One block's attention is critical, another's is robust" in said["Attention by block"][0]
    assert "blocks.0.attention is critical (it leaves 10 %" in said["Attention by block"][0]
    assert re.search(r"Re-initialized, they lose 3\d–5\d % and at most \d %", said["Attention by block"][0])
    assert said["Values and outputs"][0].startswith("Values and outputs hold it, queries and keys do not")
    assert said["Positions"][0].startswith("Training moved positions by 52 % of their length (norm), and yet drawing")
    assert "in 15 of 20 layers, and less in 1 (head); of 4 it cannot be told" in said["Large draws"][0]
    # Each interval is of its own rows, for nine at once; rewinding draws nothing, so that its first seed is all.
    head = [row for row in rows if (row.layers, row.scheme, row.planned_dose) == ("head", "reinit", 1.0)]
    drawn = effects.head[1]
    assert (drawn.low, drawn.high) == nested_forgetting(head, 1 - 0.05 / 9)[0]
    assert drawn.forgetting == np.median([row.validation["forgetting"] for row in head])
    back = [row for row in rows if (row.layers, row.scheme, row.planned_dose) == (ATTENTION[0], "rewind", 1.0)]
    assert (effects.rewound[0].low, effects.rewound[0].high) == nested_forgetting(back[:1], 1 - 0.05 / 9)[0]
    assert effects.intervals == len(effects.listed) == 9


def test_a_small_loss_of_queries_and_keys_is_not_called_none():
    effects, _ = effects_of(EXPECTED | {(PAIRS["other"], "reinit", 1.0): BEFORE - 0.06})
    text, shown = sentences(effects)["Values and outputs"]
    assert shown
    assert text.startswith("Values and outputs hold it, queries and keys hold little of it: drawn anew")


@pytest.mark.parametrize(
    ("change", "topic", "expected"),
    [
        (
            {("blocks.1.attention", "reinit", 1.0): 0.1},
            "Attention by block",
            "The attention of every block is critical",
        ),
        ({("blocks.1.attention", "reinit", 1.0): 0.45}, "Attention by block", "Of the blocks' attention"),
        ({(PAIRS["held"], "reinit", 1.0): 0.5}, "Values and outputs", "Values and outputs hold more than queries"),
        ({(PAIRS["held"], "reinit", 1.0): BEFORE}, "Values and outputs", "Whether values and outputs or queries"),
        (
            {(PAIRS["held"], "reinit", 1.0): BEFORE, (PAIRS["other"], "reinit", 1.0): 0.2},
            "Values and outputs",
            "Queries and keys hold more",
        ),
        (
            {("positions", "reinit", 1.0): 0.3},
            "Positions",
            "Training moved positions by 52 % of their length (norm), and dra",
        ),
        ({("head", "rewind", 1.0): 0.3}, "Head", "Re-initialized, head loses"),
        (
            {(name, "normal", 0.1): BEFORE for name in LAYERS} | {("words", "reinit", 1.0): 0.1},
            "Large draws",
            "N(0, 1) on a tenth of a layer costs more than drawing all of it anew in 0 of 20 layers, and less in 2 (",
        ),
    ],
)
def test_else_what_the_rows_show_is_said(change, topic, expected):
    effects, _ = effects_of(EXPECTED | change)
    text, shown = sentences(effects, {"positions": 0.52})[topic]
    assert text.startswith(expected)
    assert not shown


def test_nothing_is_said_of_what_was_not_measured():
    effects, _ = effects_of({}, names=("words",))
    assert list(sentences(effects)) == ["Large draws"]
    assert effects.listed == ()
    assert measure_layer_effects((), LAYERS) is None


def test_the_sets_are_those_that_a_plan_gives():
    assert [name_set(names, LAYERS) for names in layer_sets("each:**.attention", LAYERS)] == list(ATTENTION)
