"""What the rows of a sweep show of a model's layers: of its attention, its positions, its head, and of large draws.

Each effect is the forgetting of one layer set with all of it re-initialized or re-randomized, with an interval that is
corrected for the number of such effects (Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forgetting.metrics.multiplicity import holm
from forgetting.metrics.paired import LEVEL
from forgetting.randomization.groups import EACH_ATTENTION, QUERIES_AND_KEYS, VALUES_AND_OUTPUTS, title_set
from forgetting.randomization.patterns import layer_sets, matching_layers
from forgetting.studies.differences import Difference, compare_pairs
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.layer_robustness import conclude_forgetting
from forgetting.studies.nested import nested_forgetting

TENTH = 0.1  # of a layer, drawn from N(0, 1)


@dataclass(frozen=True)
class LayerEffect:
    """What one layer set loses with all of it randomized in one way.

    Attributes:
        layers: What the set is called.
        scheme: "rewind" or "reinit".
        accuracy: Validation accuracy that is left, the median over seeds.
        forgetting: Forgetting, the median over seeds.
        low: Lower end of its interval, None where there is none.
        high: Upper end.
        conclusion: See `LayerRobustness`.
    """

    layers: str
    scheme: str
    accuracy: float
    forgetting: float
    low: float | None
    high: float | None
    conclusion: str


@dataclass(frozen=True)
class LayerEffects:
    """What the rows show; what they do not hold is empty or None.

    Attributes:
        before: Validation accuracy of the original, the median over seeds.
        attention: The attention of each block, re-randomized.
        rewound: The same, re-initialized; as many or none.
        pairs: Values and outputs, and queries and keys, of all blocks, re-randomized.
        difference: Between the two; the second less the first.
        positions: The positions, re-randomized.
        head: The last layer re-initialized, and re-randomized.
        tenths: For each layer, all of it re-randomized against a tenth of it drawn from N(0, 1), adjusted for their
            number (Holm); the first is the tenth.
        intervals: For how many effects the intervals are corrected.
    """

    before: float
    attention: tuple[LayerEffect, ...] = ()
    rewound: tuple[LayerEffect, ...] = ()
    pairs: tuple[LayerEffect, ...] = ()
    difference: Difference | None = None
    positions: LayerEffect | None = None
    head: tuple[LayerEffect, ...] = ()
    tenths: tuple[tuple[str, Difference], ...] = ()
    intervals: int = 0

    @property
    def listed(self) -> tuple[LayerEffect, ...]:
        """All effects."""
        return (*self.attention, *self.rewound, *self.pairs, *([self.positions] if self.positions else []), *self.head)


def measure_layer_effects(
    rows: Sequence[SweepRow], known: tuple[str, ...], *, retrain: bool = False
) -> LayerEffects | None:
    """What rows show of the layers of a model; None where they have no accuracy.

    Args:
        rows: Of a sweep; those of the unit "weight" count, where the planned doses are fractions of a layer.
        known: Names of the model's layers, in order.
        retrain: Whether each seed has its own model, see `Sweep`.
    """
    before = [row.validation["accuracy_before"] for row in rows]
    before = [value for value in before if value is not None]
    if not before:
        return None
    whole: dict[tuple, list[SweepRow]] = {}
    for row in rows:
        all_of_it = row.planned_dose == row.dose == 1 and row.unit == "weight"
        if all_of_it and row.hits and row.validation["forgetting"] is not None:
            whole.setdefault((matching_layers(row.layers, known), row.scheme), []).append(row)
    for (layers, scheme), found in whole.items():
        if scheme == "rewind" and not retrain:  # which draws nothing, so one seed is all there is to know
            whole[layers, scheme] = [row for row in found if row.seed == found[0].seed]

    blocks = [(names, "reinit") for names in _sets(EACH_ATTENTION, known)]
    back = [(names, "rewind") for names, _ in blocks]
    pairs = [(names, "reinit") for item in (VALUES_AND_OUTPUTS, QUERIES_AND_KEYS) for names in _sets(item, known)]
    positions = [((name,), "reinit") for name in known if "position" in name][:1]
    head = [(known[-1:], "rewind"), (known[-1:], "reinit")]
    groups = [[key for key in keys if key in whole] for keys in (blocks, back, pairs, positions, head)]
    count = sum(map(len, groups))
    attention, rewound, pair_effects, position_effects, head_effects = (
        tuple(_measure_effect(key, whole[key], known, count) for key in keys) for keys in groups
    )
    compared = [row for key in groups[2] for row in whole[key]]
    return LayerEffects(
        before=float(np.median(before)),
        attention=attention,
        rewound=rewound if len(rewound) == len(attention) else (),
        pairs=pair_effects,
        difference=next(iter(compare_pairs(compared)), None) if len(pair_effects) > 1 else None,
        positions=next(iter(position_effects), None),
        head=head_effects if len(head_effects) > 1 else (),
        tenths=_compare_tenths(rows, known),
        intervals=count,
    )


def _sets(item: str, known: tuple[str, ...]) -> list[tuple[str, ...]]:
    return layer_sets(item, known) if matching_layers(item.rpartition(":")[2], known) else []


def _measure_effect(
    key: tuple[tuple[str, ...], str], rows: Sequence[SweepRow], known: tuple[str, ...], count: int
) -> LayerEffect:
    interval, _ = nested_forgetting(rows, 1 - (1 - LEVEL) / count)
    accuracies, forgetting = ([row.validation[name] for row in rows] for name in ("accuracy", "forgetting"))
    return LayerEffect(
        title_set(rows[0].layers, known),
        key[1],
        float(np.median(accuracies)),
        float(np.median(forgetting)),
        *(interval or (None, None)),
        conclude_forgetting(interval),
    )


def _compare_tenths(rows: Sequence[SweepRow], known: tuple[str, ...]) -> tuple[tuple[str, Difference], ...]:
    wanted = {("normal", TENTH), ("reinit", 1.0)}
    found = {}
    for name in known:
        alone = [row for row in rows if row.layers == name and (row.scheme, row.planned_dose) in wanted]
        alone = [row for row in alone if row.unit == "weight" and row.dose == row.planned_dose]
        alone.sort(key=lambda row: row.planned_dose)  # so that the tenth is the first
        if pairs := compare_pairs(alone, "scheme"):
            found[name] = pairs[0]
    adjusted = holm([pair.p for pair in found.values()]) if found else ()
    return tuple(
        (name, replace(pair, adjusted=float(p))) for (name, pair), p in zip(found.items(), adjusted, strict=True)
    )
