"""Dose–response: curves with bands over the rows of a sweep, cascades of layers, and the half-way dose.

Bands and intervals are over the seeds of the replicates: they show how much the draw of the randomization (and of the
training, where replicates are trained anew) matters, not how much the reviews do; for that see the Wilson interval of
each row.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forgetting.core.numbers import format_share
from forgetting.metrics.intervals import seed_bands
from forgetting.recipe.plans import FAMILIES, LAYER_SEPARATOR

CURVE_KEYS = ["layers", "scheme", "unit"]  # what distinguishes one curve from another
RESAMPLES = 2_000
CONFIDENCE = 0.95  # of the interval of a half-way dose
SUMMARY_COLUMNS = ["median", "low", "high", "seeds", "dose", "relative_change", "seed", "seed_dose"]


@dataclass(frozen=True)
class HalfWay:
    """The dose at which a curve is half-way down from the original accuracy to chance.

    Attributes:
        layers: Layer set of the curve.
        scheme: Its scheme.
        unit: Its unit.
        dose: The half-way dose, None unless it is found.
        low: Lower end of its interval, None where that is open: too many resamples are half-way outside the fractions.
        high: Upper end of its interval, in the same way.
        seeds: Number of seeds of the curve.
        missing: Reason of what is None.
        kind: "found", or why there is no half-way dose: "never" up to the largest dose measured; "before" the
            smallest; "unmeasured", where the plan has larger doses; "undefined", where forgetting is.
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
        planned_dose; median, low and high; seeds, how many have the metric; dose and relative_change, their medians;
        seed, that of the row nearest to the median (the smallest of equals), and seed_dose, the dose of that row.
    """
    known = frame.dropna(subset=[metric])
    keys = [*CURVE_KEYS, "planned_dose"]
    if known.empty:
        return pd.DataFrame(columns=[*keys, *SUMMARY_COLUMNS])
    groups, found = known.groupby(keys, sort=False, observed=True), seed_bands(known, metric, keys)
    found[["dose", "relative_change"]] = groups[["dose", "relative_change"]].median()
    # Rounded, as of two seeds that are equally near to their median neither is nearer.
    typical = known.assign(away=(known[metric] - groups[metric].transform("median")).abs().round(9))
    typical = typical.sort_values(["away", "seed"], kind="stable").drop_duplicates(keys).set_index(keys)
    found[["seed", "seed_dose"]] = typical[["seed", "dose"]]
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
        A row for each step with the columns cascade ("top-down" or "bottom-up"), step (how many layers, 0 for none)
        and those of `curves`. A cascade of which a layer set is missing is left out; the table may be empty.
    """
    table = curves(frame, metric).set_index("layers")
    before = frame[f"{metric}_before"].median() if f"{metric}_before" in frame else np.nan
    found = []
    for name, family in (("top-down", "down"), ("bottom-up", "up")):
        sets = [LAYER_SEPARATOR.join(names) for names in FAMILIES[family](known)]
        if all(names in table.index for names in sets):
            start = {"layers": "none", "median": before, "low": before, "high": before}
            steps = pd.concat([pd.DataFrame([start]), table.loc[sets].reset_index()], ignore_index=True)
            found.append(steps.assign(cascade=name, step=range(len(sets) + 1)))
    return (
        pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["cascade", "step", "layers", "median"])
    )


def half_way(
    frame: pd.DataFrame, part: str = "validation", *, planned_doses: Sequence[float] = (), resamples: int = RESAMPLES
) -> tuple[HalfWay, ...]:
    """The half-way dose (D50) of each curve, with an approximate 95 % interval over seeds.

    D50 is where the median over seeds of `forgetting` first reaches 1/2, between two doses by a straight line; the
    name is that of the median effective dose of pharmacology. The median is over the seeds that have the metric, as
    in `curves`. The interval is the percentile bootstrap over seeds (Efron & Tibshirani 1993, An Introduction to the
    Bootstrap, chapter 13): sets of as many seeds, drawn with replacement. For few seeds it is too narrow. Where the
    planned doses are matched by change, it is the relative change that is half-way.

    Args:
        frame: Table of `SweepResult.frame`.
        part: "training" or "validation".
        planned_doses: Doses of the plan, where the rows may be of a part of it.
        resamples: Number of resamples, 0 for no interval.
    """
    found = []
    for (layers, scheme, unit), rows in frame.groupby(CURVE_KEYS, sort=False, observed=True):
        table = rows.pivot_table(index="seed", columns="planned_dose", values=f"{part}_forgetting", dropna=False)
        table = table.dropna(axis=0, how="all").dropna(axis=1, how="all")
        values, measured = table.to_numpy(dtype=float), table.columns.to_numpy(dtype=float)
        more = len(rows["planned_dose"].unique()) < len(set(planned_doses))
        kind = _half_way(values, measured, resamples, more=more)
        found.append(HalfWay(layers, scheme, unit, **kind, seeds=len(table)))
    return tuple(found)


def _half_way(values: np.ndarray, doses: np.ndarray, resamples: int, *, more: bool) -> dict:
    """values: forgetting (seeds, doses), NaN where a seed has none. more: the plan has larger doses."""
    none = {"dose": None, "low": None, "high": None, "until": float(doses[-1]) if len(doses) else 0.0}
    if not values.size:
        reason = "forgetting is undefined: accuracy before is not above chance, or the outputs are not finite"
        return none | {"missing": reason, "kind": "undefined"}
    middle = np.nanmedian(values, axis=0)
    dose = _crossing(middle[None], doses)[0]
    if dose == -np.inf:
        reason = f"accuracy is more than half-way to chance at the smallest fraction already, {format_share(doses[0])}"
        return none | {"missing": reason, "kind": "before"}
    if dose == np.inf:
        share = min(max(middle.max(), 0), 0.49)
        reason = f"accuracy does not get half-way to chance up to {format_share(doses[-1])}"
        reason += f": at the most {format_share(share)} of the way"
        if more:
            reason = f"it is not measured beyond {format_share(doses[-1])} yet"
        return none | {"missing": reason, "kind": "unmeasured" if more else "never"}
    known = none | {"dose": float(dose)}
    if len(values) < 2 or not resamples:
        return known | {"missing": "an interval needs at least 2 seeds" if len(values) < 2 else "no interval asked for"}
    # The draws of `scipy.stats.bootstrap`, which interpolates between two crossings and is NaN beside an infinite one.
    draws = np.random.default_rng(0).integers(len(values), size=(resamples, len(values)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a dose that none of the drawn seeds has
        crossings = np.sort(_crossing(np.nanmedian(values[draws], axis=1), doses))
    low, high = (
        crossings[min(int(end * resamples), resamples - 1)] for end in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    )
    whole = np.isfinite(low) and np.isfinite(high)
    missing = (
        "" if whole else "the interval is open: too many resamples of the seeds are half-way outside the fractions"
    )
    ends = {name: float(end) if np.isfinite(end) else None for name, end in (("low", low), ("high", high))}
    return known | ends | {"missing": missing}


def _crossing(paths: np.ndarray, doses: np.ndarray, half: float = 0.5) -> np.ndarray:
    """Where each path (paths, doses) first reaches `half`: inf where it never does, −inf where it begins past it."""
    above = paths >= half
    first = above.argmax(axis=1)
    rows = np.arange(len(paths))
    after, before = paths[rows, first], paths[rows, np.maximum(first - 1, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(first > 0, (half - before) / (after - before), 1.0)
    start = doses[np.maximum(first - 1, 0)]
    found = np.where(above.any(axis=1), start + share * (doses[first] - start), np.inf)
    return np.where((paths[:, 0] > half) & (doses[0] > 0), -np.inf, found)
