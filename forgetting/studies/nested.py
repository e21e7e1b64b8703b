"""Dose–response with all its luck: intervals over reviews, seeds and splits, and where their width comes from.

The bands of `dose_response` are over seeds alone. These intervals also hold that few reviews were measured and, where
the plan has several splits, that another split would give another model. They need the rows' `hits`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forgetting.metrics.components import Component, crossed_means, variance_components
from forgetting.metrics.nested import NestedMeans, accuracy_interval, ratio_interval, simultaneous_level
from forgetting.metrics.paired import LEVEL
from forgetting.studies.dose_response import CURVE_KEYS, HalfWay
from forgetting.studies.evaluation import SweepRow

STAYS_OPEN = "the interval is open: beyond what is measured, accuracy may be half-way to chance as well"
NO_HITS = "the study has too many reviews and variants to keep which reviews each variant gets right"
NOT_ABOVE_CHANCE = "these reviews do not show that the original model is above chance"
FORGETTING = np.array([1.0, -1.0])  # weights of the accuracy before and after
BEFORE = np.array([1.0, 0.0])
LOST_AND_GAINED = np.array([[True, False], [False, True]])  # before and after, of two reviews
NESTED_COLUMNS = [
    *(*CURVE_KEYS, "planned_dose", "low", "high", "band_low", "band_high", "sources"),
    *("change", "change_low", "change_high", "change_p", "forgetting_low", "forgetting_high"),
]
NO_POINTS = pd.DataFrame(columns=NESTED_COLUMNS)


@dataclass(frozen=True, eq=False)
class NestedCurve:
    """A curve with its nested intervals.

    Attributes:
        layers: Layer set of the curve.
        scheme: Its scheme.
        unit: Its unit.
        points: A row for each planned dose, with NESTED_COLUMNS: the 95 % interval of the validation accuracy, the
            simultaneous band, which holds the whole curve, and what they are over; the change of accuracy from the
            original with its interval and the p-value of none; the interval of forgetting, NaN where it is undefined.
        half_way: 95 % interval of the half-way dose; an end is None where it is open.
        components: Where the variance comes from, by planned dose; see `variance_components`.
        missing: Reason why there is nothing; "" where there is.
    """

    layers: str
    scheme: str
    unit: str
    points: pd.DataFrame
    half_way: tuple[float | None, float | None] = (None, None)
    components: dict[float, tuple[Component, ...]] | None = None
    missing: str = ""


def nested_curves(rows: Sequence[SweepRow], *, retrain: bool = False) -> Iterator[NestedCurve]:
    """The curves of a sweep, one after another, each computed when it is asked for.

    Over 3 to 10 splits of 60 validation reviews with 3 draws on each, intervals held the truth in 97 to 99 % of
    simulated worlds: of the errors between and within splits the larger one is taken, as few splits may agree by luck.

    Args:
        rows: Of `SweepResult.rows`, whole or stopped.
        retrain: Whether each replicate has its own model, see `Sweep`.
    """
    curves: dict[tuple, list[SweepRow]] = {}
    for row in rows:
        curves.setdefault(tuple(getattr(row, key) for key in CURVE_KEYS), []).append(row)
    for key, found in curves.items():
        kept = [row for row in found if row.hits]
        missing = "" if kept else _why_no_hits(found)
        yield NestedCurve(*key, NO_POINTS, missing=missing) if missing else _nest(key, kept, retrain=retrain)


def _why_no_hits(rows: Sequence[SweepRow]) -> str:
    """Why none of some rows has kept which reviews are right: there is no accuracy, or there are too many of them."""
    names = ("validation_accuracy", "validation_accuracy_before")
    reasons = [next((row.missing[name] for name in names if name in row.missing), "") for row in rows]
    return reasons[0] if all(reasons) else NO_HITS


def _nest(key: tuple[str, ...], rows: Sequence[SweepRow], *, retrain: bool) -> NestedCurve:
    chance = rows[0].chance
    doses = sorted({row.planned_dose for row in rows})
    means = [_means([row for row in rows if row.planned_dose == dose]) for dose in doses]
    whole = _whole(rows, doses)
    level = simultaneous_level(whole) if whole else LEVEL
    points, half = [], []
    for dose, found in zip(doses, means, strict=True):
        low, high = accuracy_interval(found, 1)
        band = accuracy_interval(found, 1, level) if whole else (np.nan, np.nan)
        more = _means([row for row in rows if row.planned_dose == dose], padded=True)
        change, forgetting = more.estimate(-FORGETTING), ratio_interval(more, FORGETTING, BEFORE, -chance)
        changed = (found.estimate(-FORGETTING).value, *change.interval(), change.p)
        points.append((*key, dose, low, high, *band, found.sources, *changed, *(forgetting or (np.nan, np.nan))))
        above = more.estimate(np.array([-0.5, 1.0]), -0.5 * chance)  # accuracy less what is half-way down
        half.append(above.interval())
    lows, highs = np.array(half).T
    after, replicates = np.array([0.0, 1.0]), "training" if retrain else "draw"
    components = {
        dose: variance_components(found.splits, after, replicates=replicates, share=found.share)
        for dose, found in zip(doses, means, strict=True)
    }
    ends = _first_below(lows, doses), _last_above(highs, doses)
    return NestedCurve(*key, pd.DataFrame(points, columns=NESTED_COLUMNS), ends, components)


def nested_half_ways(halves: Sequence[HalfWay], curves: Sequence[NestedCurve]) -> tuple[HalfWay, ...]:
    """Half-way doses with the intervals of their curves.

    Args:
        halves: Of `half_way`.
        curves: Of `nested_curves`; a half-way dose without its curve stays as it is.
    """
    known = {(curve.layers, curve.scheme, curve.unit): curve for curve in curves}
    found = []
    for half in halves:
        curve = known.get((half.layers, half.scheme, half.unit))
        if curve and half.dose is not None:
            low, high = curve.half_way
            missing = curve.missing or (STAYS_OPEN if None in curve.half_way else "")
            half = replace(half, low=low, high=high, missing=missing)
        found.append(half)
    return tuple(found)


def nested_forgetting(rows: Sequence[SweepRow], level: float = LEVEL) -> tuple[tuple[float, float] | None, str]:
    """The interval of forgetting, over what the rows differ in; None with the reason.

    Args:
        rows: Of one layer set, dose, scheme and unit.
        level: Confidence level, in (0, 1).
    """
    kept = [row for row in rows if row.hits]
    if not kept:
        return None, NO_HITS
    interval = ratio_interval(_means(kept, padded=True), FORGETTING, BEFORE, -kept[0].chance, level)
    return interval, "" if interval else NOT_ABOVE_CHANCE


def _means(rows: Sequence[SweepRow], *, padded: bool = False) -> NestedMeans:
    """Means of the accuracy before and after, of rows that differ in seed and split.

    padded: with two reviews more, one lost and one gained, as Bonett & Price add to the changes of paired proportions
    (2012, J. Educ. Behav. Stat. 37, 479–488); else there would be no error where hardly any review changes.
    """
    by_split: dict[int, list[np.ndarray]] = {}
    for row in rows:
        hits = row.hits.unpack()
        by_split.setdefault(row.split, []).append(np.hstack([hits, LOST_AND_GAINED]) if padded else hits)
    splits = tuple(crossed_means(np.stack(hits, axis=1)) for hits in by_split.values())
    return NestedMeans(splits, rows[0].hits.share)


def _whole(rows: Sequence[SweepRow], doses: Sequence[float]) -> NestedMeans | None:
    """Means of the accuracy at all doses, over the replicates that have all; None where none has."""
    cells: dict[tuple[int, int], dict[float, np.ndarray]] = {}
    for row in rows:
        cells.setdefault((row.split, row.seed), {})[row.planned_dose] = row.hits.unpack()[1]
    by_split: dict[int, list[np.ndarray]] = {}
    for (split, _), found in cells.items():
        if len(found) == len(doses):
            by_split.setdefault(split, []).append(np.stack([found[dose] for dose in doses]))
    if not by_split:
        return None
    splits = tuple(crossed_means(np.stack(hits, axis=1)) for hits in by_split.values())
    return NestedMeans(splits, rows[0].hits.share)


def _first_below(values: np.ndarray, doses: Sequence[float]) -> float | None:
    """The first dose at which values are at most 0, by straight lines; None where that is before the first dose."""
    below = np.flatnonzero(values <= 0)
    if not below.size or (below[0] == 0 and doses[0] > 0):
        return None
    return _root(values, doses, below[0] - 1) if below[0] else float(doses[0])


def _last_above(values: np.ndarray, doses: Sequence[float]) -> float | None:
    """The dose after which values stay below 0, by straight lines; None where they do not up to the last."""
    above = np.flatnonzero(values > 0)
    if not above.size:
        return float(doses[0])
    return None if above[-1] == len(doses) - 1 else _root(values, doses, above[-1])


def _root(values: np.ndarray, doses: Sequence[float], place: int) -> float:
    before, after = values[place], values[place + 1]
    return float(doses[place] + (doses[place + 1] - doses[place]) * before / (before - after))
