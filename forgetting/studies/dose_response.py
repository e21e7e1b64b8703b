"""What the rows of a sweep say: curves with bands, the half-way dose, and how robust each layer is.

Bands and intervals are over the seeds of the replicates: they tell how much the draw of the randomization (and of the
training, where replicates are trained anew) matters, not how much the reviews do; for that see the Wilson interval of
each row.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forgetting.metrics.intervals import seed_bands
from forgetting.recipe.plans import FAMILIES, LAYER_SEPARATOR

CURVE_KEYS = ["layers", "scheme", "unit"]  # what tells one curve from another
RESAMPLES = 2_000
CONFIDENCE = 0.95  # of the interval of a half-way dose
SUMMARY_COLUMNS = ["median", "low", "high", "seeds", "dose", "relative_change", "seed", "seed_dose"]


@dataclass(frozen=True)
class HalfWay:
    """The dose at which a curve is half-way down from the original accuracy to chance.

    kind: "found", or why there is none: "never" up to the largest dose measured, `until`; "before" the smallest;
    "unmeasured", not yet and the plan goes on; "undefined". dose: None, with the reason in `missing`, unless found.
    low, high: its interval, each None, for open, where too many resamples are half-way outside the doses.
    seeds: of which it is.
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
    """Median and 5–95 % band over seeds of a column, for each curve and level.

    Columns: layers, scheme, unit, level; median, low, high; seeds, how many have the figure; dose and
    relative_change, their medians; seed, that of the row nearest to the median (the smallest of equals), with its own
    dose in seed_dose. A level at which no row has the figure is left out.
    """
    known = frame.dropna(subset=[metric])
    keys = [*CURVE_KEYS, "level"]
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
    """Layers randomized one after another, of rows of one level, scheme and unit.

    known: the model's layers in order. Columns: cascade ("top-down", "bottom-up"), step, how many layers, 0 for none;
    and those of `curves`. A cascade of which a set is missing is left out; the result may be empty.
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
    frame: pd.DataFrame, part: str = "validation", *, levels: Sequence[float] = (), resamples: int = RESAMPLES
) -> tuple[HalfWay, ...]:
    """The half-way dose (D50) of each curve, with an approximate 95 % interval over seeds.

    D50 is where the median over seeds of `forgetting` first reaches 1/2, between two levels by a straight line; the
    name is that of the median effective dose of pharmacology. The median is over the seeds that have the figure, as
    in `curves`. The interval is the percentile bootstrap over seeds (Efron & Tibshirani 1993, An Introduction to the
    Bootstrap, chapter 13): sets of as many seeds, drawn with replacement from a generator of its own; of few seeds it
    is too narrow. Of levels matched by change it is the relative change that is half-way.
    levels: of the plan, where the rows may be of a part of it. resamples: 0 for no interval.
    """
    found = []
    for (layers, scheme, unit), rows in frame.groupby(CURVE_KEYS, sort=False, observed=True):
        table = rows.pivot_table(index="seed", columns="level", values=f"{part}_forgetting", dropna=False)
        table = table.dropna(axis=0, how="all").dropna(axis=1, how="all")
        values, measured = table.to_numpy(dtype=float), table.columns.to_numpy(dtype=float)
        more = len(rows["level"].unique()) < len(set(levels))
        kind = _half_way(values, measured, resamples, more=more)
        found.append(HalfWay(layers, scheme, unit, **kind, seeds=len(table)))
    return tuple(found)


def _half_way(values: np.ndarray, levels: np.ndarray, resamples: int, *, more: bool) -> dict:
    """values: forgetting (seeds, levels), NaN where a seed has none. more: the plan goes on beyond the levels."""
    none = {"dose": None, "low": None, "high": None, "until": float(levels[-1]) if len(levels) else 0.0}
    if not values.size:
        reason = "forgetting is undefined: accuracy before is not above chance, or the outputs are not finite"
        return none | {"missing": reason, "kind": "undefined"}
    middle = np.nanmedian(values, axis=0)
    dose = _crossing(middle[None], levels)[0]
    if dose == -np.inf:
        reason = f"accuracy is more than half-way to chance at the smallest dose already, {levels[0]:g}"
        return none | {"missing": reason, "kind": "before"}
    if dose == np.inf:
        share = min(round(100 * max(middle.max(), 0)), 49)
        reason = f"accuracy does not get half-way to chance up to {levels[-1]:g}: at the most {share} % of the way"
        if more:
            reason = f"it is not measured beyond {levels[-1]:g} yet"
        return none | {"missing": reason, "kind": "unmeasured" if more else "never"}
    known = none | {"dose": float(dose)}
    if len(values) < 2 or not resamples:
        return known | {"missing": "an interval needs at least 2 seeds" if len(values) < 2 else "no interval asked for"}
    draws = np.random.default_rng(0).integers(len(values), size=(resamples, len(values)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a level that none of the drawn seeds has
        crossings = np.sort(_crossing(np.nanmedian(values[draws], axis=1), levels))
    low, high = (
        crossings[min(int(end * resamples), resamples - 1)] for end in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    )
    whole = np.isfinite(low) and np.isfinite(high)
    missing = "" if whole else "the interval is open: too many resamples of the seeds are half-way outside the doses"
    ends = {name: float(end) if np.isfinite(end) else None for name, end in (("low", low), ("high", high))}
    return known | ends | {"missing": missing}


def _crossing(paths: np.ndarray, levels: np.ndarray, half: float = 0.5) -> np.ndarray:
    """Where each path (paths, levels) first reaches `half`: inf where it never does, −inf where it begins past it."""
    above = paths >= half
    first = above.argmax(axis=1)
    rows = np.arange(len(paths))
    after, before = paths[rows, first], paths[rows, np.maximum(first - 1, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(first > 0, (half - before) / (after - before), 1.0)
    start = levels[np.maximum(first - 1, 0)]
    found = np.where(above.any(axis=1), start + share * (levels[first] - start), np.inf)
    return np.where((paths[:, 0] > half) & (levels[0] > 0), -np.inf, found)
