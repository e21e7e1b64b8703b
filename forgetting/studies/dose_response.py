"""Dose–response: curves with bands over the rows of a sweep, cascades of layers, and the half-way dose.

Bands are over the seeds of the replicates: they show how much the draw of the randomization (and of the training, where
replicates are trained anew) matters, not how much the reviews do; for intervals over all of it see `nested`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forgetting.core.numbers import format_share
from forgetting.metrics.intervals import seed_bands
from forgetting.randomization.patterns import layer_sets, name_set

CURVE_KEYS = ["layers", "scheme", "unit"]  # what distinguishes one curve from another
SUMMARY_COLUMNS = ["median", "low", "high", "seeds", "dose", "relative_change", "seed", "split", "seed_dose"]


HOLLOW = "the original is not shown to be better than a trivial model, so that nothing is called forgetting"


@dataclass(frozen=True)
class HalfWay:
    """The dose at which a curve is half-way down from the original accuracy to chance.

    Attributes:
        layers: Layer set of the curve.
        scheme: Its scheme.
        unit: Its unit.
        dose: The half-way dose, or change where doses are matched by change; None unless it is found.
        low: Lower end of its 95 % interval, None where that is open or not asked for; see `nested_half_ways`.
        high: Upper end of its interval, in the same way.
        seeds: Number of seeds of the curve, on all splits.
        missing: Reason of what is None.
        kind: "found", or why there is no half-way dose: "never" up to the largest dose measured; "before" the
            smallest; "unmeasured", where the plan has larger doses; "undefined", where forgetting is; "hollow", where
            the original is not shown to know anything.
        until: The largest dose measured.
    """

    layers: str
    scheme: str
    unit: str
    dose: float | None
    low: float | None
    high: float | None
    seeds: int
    missing: str = ""
    kind: str = "found"
    until: float = 1.0


def curves(frame: pd.DataFrame, metric: str = "validation_accuracy") -> pd.DataFrame:
    """Median and 5–95 % band over seeds of a metric, for each curve and planned dose.

    Args:
        frame: Table of `SweepResult.frame`.
        metric: Name of the column.

    Returns:
        A row for each planned dose at which some seed has the metric, with the columns layers, scheme, unit and
        planned_dose; median, low and high; seeds, how many have the metric (on each split, of several); dose and
        relative_change, their medians; seed and split, those of the row nearest to the median (the smallest of equals),
        and seed_dose, the dose of that row.
    """
    known = _with_split(frame).dropna(subset=[metric])
    keys = [*CURVE_KEYS, "planned_dose"]
    if known.empty:
        return pd.DataFrame(columns=[*keys, *SUMMARY_COLUMNS])
    groups, found = known.groupby(keys, sort=False, observed=True), seed_bands(known, metric, keys)
    found[["dose", "relative_change"]] = groups[["dose", "relative_change"]].median()
    # Rounded, as of two seeds that are equally near to their median neither is nearer.
    typical = known.assign(away=(known[metric] - groups[metric].transform("median")).abs().round(9))
    typical = typical.sort_values(["away", "seed"], kind="stable").drop_duplicates(keys).set_index(keys)
    found[["seed", "split", "seed_dose"]] = typical[["seed", "split", "dose"]]
    table = found.reset_index()[[*keys, *SUMMARY_COLUMNS]]
    # All that the rows have, so that a colour is the same with and without the others.
    table.attrs["series"] = {name: list(dict.fromkeys(frame[name])) for name in ("layers", "scheme")}
    return table


def cascade_curves(frame: pd.DataFrame, known: tuple[str, ...], metric: str = "validation_accuracy") -> pd.DataFrame:
    """A metric while layers are randomized one after another.

    Args:
        frame: Rows of one planned dose, scheme and unit.
        known: Names of the model's layers, in order.
        metric: Name of the column.

    Returns:
        A row for each step with the columns cascade ("top-down" or "bottom-up"), step (how many layers, 0 for none),
        added (the layer that the step adds, "" for none) and those of `curves`. A cascade of which a layer set is
        missing is left out; the table may be empty.
    """
    table = curves(frame, metric).set_index("layers")
    before = frame[f"{metric}_before"].median() if f"{metric}_before" in frame else np.nan
    found = []
    for name, family in (("top-down", "down"), ("bottom-up", "up")):
        sets = [name_set(names, known) for names in layer_sets(family, known)]
        if all(names in table.index for names in sets):
            start = {"layers": "none", "median": before, "low": before, "high": before}
            steps = pd.concat([pd.DataFrame([start]), table.loc[sets].reset_index()], ignore_index=True)
            added = known if family == "up" else known[::-1]
            found.append(steps.assign(cascade=name, step=range(len(sets) + 1), added=["", *added]))
    return (
        pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["cascade", "step", "layers", "median"])
    )


def _with_split(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with their split; tables of earlier versions are of one split and name none."""
    return frame if "split" in frame else frame.assign(split=0)


def half_way(
    frame: pd.DataFrame, part: str = "validation", *, planned_doses: Sequence[float] = (), hollow: bool = False
) -> tuple[HalfWay, ...]:
    """The half-way dose (D50) of each curve; `nested_half_ways` gives it an interval.

    D50 is where the median over seeds of `forgetting` first reaches 1/2, between two doses by a straight line; the
    name is that of the median effective dose of pharmacology. The median is over the seeds that have the metric, as
    in `curves`. Where the planned doses are matched by change, it is the relative change that is half-way.

    Args:
        frame: Table of `SweepResult.frame`.
        part: "training" or "validation".
        planned_doses: Doses of the plan, where the rows may be of a part of it.
        hollow: Whether the original is not shown to be better than a trivial model: nothing is half-way forgotten then.
    """
    found = []
    for (layers, scheme, unit), rows in _with_split(frame).groupby(CURVE_KEYS, sort=False, observed=True):
        table = rows.pivot(index=["split", "seed"], columns="planned_dose", values=f"{part}_forgetting")
        table = table.dropna(axis=0, how="all").dropna(axis=1, how="all")
        values, measured = table.to_numpy(dtype=float), table.columns.to_numpy(dtype=float)
        more = len(rows["planned_dose"].unique()) < len(set(planned_doses))
        half = HalfWay(layers, scheme, unit, **_half_way(values, measured, more=more), seeds=len(table))
        found.append(replace(half, dose=None, missing=HOLLOW, kind="hollow") if hollow else half)
    return tuple(found)


def _half_way(values: np.ndarray, doses: np.ndarray, *, more: bool) -> dict:
    """values: forgetting (seeds, doses), NaN where a seed has none. more: the plan has larger doses."""
    none = {"dose": None, "low": None, "high": None, "until": float(doses[-1]) if len(doses) else 0.0}
    if not values.size:
        reason = "forgetting is undefined: accuracy before is not above chance, or the outputs are not finite"
        return none | {"missing": reason, "kind": "undefined"}
    middle = np.nanmedian(values, axis=0)
    dose = _crossing(middle, doses)
    if dose == -np.inf:
        reason = f"accuracy is more than half-way to chance at {format_share(doses[0])} already, where measuring begins"
        return none | {"missing": reason, "kind": "before"}
    if dose == np.inf:
        share = min(max(middle.max(), 0), 0.49)
        reason = f"accuracy does not get half-way to chance up to {format_share(doses[-1])}"
        reason += f": at the most {format_share(share)} of the way"
        more = more or not doses[-1]  # at 0 nothing is randomized
        if more:
            reason = f"it is not measured beyond {format_share(doses[-1])} yet"
        return none | {"missing": reason, "kind": "unmeasured" if more else "never"}
    return none | {"dose": float(dose)}


def _crossing(path: np.ndarray, doses: np.ndarray, half: float = 0.5) -> float:
    """Where a path, (doses,), first reaches `half`: inf where it never does, −inf where it begins past it."""
    if path[0] > half and doses[0] > 0:
        return -np.inf
    reached = np.flatnonzero(path >= half)
    if not reached.size:
        return np.inf
    first = reached[0]
    if not first:
        return doses[0]
    share = (half - path[first - 1]) / (path[first] - path[first - 1])
    return doses[first - 1] + share * (doses[first] - doses[first - 1])
