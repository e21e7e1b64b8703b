"""What the rows of a sweep say: curves with bands, the half-way dose, and how robust each layer is.

Bands and intervals are over the seeds of the replicates: they tell how much the draw of the randomization (and of the
training, where replicates are trained anew) matters, not how much the reviews do; for that see the Wilson interval of
each row.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from forgetting.features import Split
from forgetting.models import TextClassifier, own_layers, own_parameters
from forgetting.plan import FAMILIES, JOINED, Sweep
from forgetting.recipe import MODERN, Recipe
from forgetting.sweeps import sweep

KIND = ["layers", "scheme", "unit"]  # what tells one curve from another
BAND = (0.05, 0.95)
RESAMPLES = 2_000
LEVEL = 0.95  # of the interval of a half-way dose
SUMMARY = ["median", "low", "high", "seeds", "dose", "relative_change", "seed", "seed_dose"]
CRITICAL, ROBUST = 0.5, 0.25  # forgetting from which a layer is critical, and up to which it is robust


@dataclass(frozen=True)
class Spread:
    """Median of a figure over seeds, with its 5th and 95th percentile."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class HalfWay:
    """The dose at which a curve is half-way down from the original accuracy to chance.

    dose: None, with the reason in `missing`, where it never is, or was before the smallest dose. low, high: its
    interval, each None where too many resamples are half-way outside the doses. seeds: of which it is.
    """

    layers: str
    scheme: str
    unit: str
    dose: float | None
    low: float | None
    high: float | None
    seeds: int
    missing: str = ""


@dataclass(frozen=True)
class LayerRobustness:
    """How a layer takes being set back and being drawn anew, after Zhang, Bengio & Singer (arXiv 1902.01996).

    reinitialized: forgetting on validation with the layer's weights from before training (re-initialization).
    rerandomized: the same with a fresh draw of its initializer, over seeds (re-randomization). accuracies: the two
    validation accuracies, medians. distance: ‖θ_t − θ_0‖₂ of the layer; initial_norm: ‖θ_0‖₂. verdict: of
    `reinitialized`: "critical" from CRITICAL, "robust" up to ROBUST, else "in between".
    Figures are None where forgetting is undefined, or the outputs are not finite.
    """

    layer: str
    parameters: int
    accuracy_before: float | None
    chance: float
    reinitialized: float | None
    rerandomized: Spread | None
    accuracies: tuple[float | None, float | None]
    distance: float
    initial_norm: float
    verdict: str


def curves(frame: pd.DataFrame, figure: str = "validation_accuracy") -> pd.DataFrame:
    """Median and 5–95 % band over seeds of a column, for each curve and level.

    Columns: layers, scheme, unit, level; median, low, high; seeds, how many have the figure; dose and
    relative_change, their medians; seed, that of the row nearest to the median (the smallest of equals), with its own
    dose in seed_dose. A level at which no row has the figure is left out.
    """
    known = frame.dropna(subset=[figure])
    keys = [*KIND, "level"]
    if known.empty:
        return pd.DataFrame(columns=[*keys, *SUMMARY])
    groups = known.groupby(keys, sort=False, observed=True)
    found = groups.size().to_frame("seeds")  # in the order of the rows
    for name, share in (("low", BAND[0]), ("median", 0.5), ("high", BAND[1])):
        found[name] = groups[figure].quantile(share)
    found[["dose", "relative_change"]] = groups[["dose", "relative_change"]].median()
    # Rounded, as of two seeds that are equally near to their median neither is nearer.
    typical = known.assign(away=(known[figure] - groups[figure].transform("median")).abs().round(9))
    typical = typical.sort_values(["away", "seed"], kind="stable").drop_duplicates(keys).set_index(keys)
    found[["seed", "seed_dose"]] = typical[["seed", "dose"]]
    table = found.reset_index()[[*keys, *SUMMARY]]
    # All that the rows have, so that a colour is the same with and without the others.
    table.attrs["series"] = {name: list(dict.fromkeys(frame[name])) for name in ("layers", "scheme")}
    return table


def cascades(frame: pd.DataFrame, known: tuple[str, ...], figure: str = "validation_accuracy") -> pd.DataFrame:
    """Layers randomized one after another, of rows of one level, scheme and unit.

    known: the model's layers in order. Columns: cascade ("top-down", "bottom-up"), step, how many layers, 0 for none;
    and those of `curves`. A cascade of which a set is missing is left out; the result may be empty.
    """
    table = curves(frame, figure).set_index("layers")
    before = frame[f"{figure}_before"].median() if f"{figure}_before" in frame else np.nan
    found = []
    for name, family in (("top-down", "down"), ("bottom-up", "up")):
        sets = [JOINED.join(names) for names in FAMILIES[family](known)]
        if all(names in table.index for names in sets):
            start = {"layers": "none", "median": before, "low": before, "high": before}
            steps = pd.concat([pd.DataFrame([start]), table.loc[sets].reset_index()], ignore_index=True)
            found.append(steps.assign(cascade=name, step=range(len(sets) + 1)))
    return (
        pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["cascade", "step", "layers", "median"])
    )


def half_way(frame: pd.DataFrame, part: str = "validation") -> tuple[HalfWay, ...]:
    """The half-way dose (D50) of each curve, with a 95 % interval over seeds.

    D50 is where the median over seeds of `forgetting` first reaches 1/2, between two levels by a straight line; the
    name is that of the median effective dose of pharmacology. The interval is the percentile bootstrap over seeds
    (Efron 1979, Annals of Statistics 7, 1–26): RESAMPLES sets of as many seeds, drawn with replacement from a
    generator of its own. Of levels matched by change it is the relative change that is half-way.
    """
    found = []
    for (layers, scheme, unit), rows in frame.groupby(KIND, sort=False, observed=True):
        counts = rows.groupby("seed")["level"].transform("size")
        whole = rows[counts == counts.max()]  # a seed that was stopped half-way has no whole curve
        table = whole.pivot_table(index="seed", columns="level", values=f"{part}_forgetting", dropna=False)
        table = table.dropna(axis=0, how="all").dropna(axis=1)
        values, levels = table.to_numpy(dtype=float), table.columns.to_numpy(dtype=float)
        found.append(HalfWay(layers, scheme, unit, **_half_way(values, levels), seeds=len(table)))
    return tuple(found)


def _half_way(values: np.ndarray, levels: np.ndarray) -> dict:
    """values: forgetting (seeds, levels)."""
    if not values.size:
        reason = "forgetting is undefined: accuracy before is not above chance, or the outputs are not finite"
        return {"dose": None, "low": None, "high": None, "missing": reason}
    middle = np.median(values, axis=0)
    dose = _crossing(middle[None], levels)[0]
    if dose == -np.inf:
        reason = f"accuracy is more than half-way to chance at the smallest dose already, {levels[0]:g}"
        return {"dose": None, "low": None, "high": None, "missing": reason}
    if not np.isfinite(dose):
        share = min(round(100 * max(middle.max(), 0)), 49)
        reason = f"accuracy never gets half-way to chance: at the most {share} % of the way"
        return {"dose": None, "low": None, "high": None, "missing": reason}
    if len(values) < 2:
        return {"dose": float(dose), "low": None, "high": None, "missing": "an interval needs at least 2 seeds"}
    draws = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    crossings = np.sort(_crossing(np.median(values[draws], axis=1), levels))
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = (crossings[min(int(end * RESAMPLES), RESAMPLES - 1)] for end in ends)
    whole = np.isfinite(low) and np.isfinite(high)
    missing = "" if whole else "the interval is open: too many resamples of the seeds are half-way outside the doses"
    return {
        "dose": float(dose),
        "low": float(low) if np.isfinite(low) else None,
        "high": float(high) if np.isfinite(high) else None,
        "missing": missing,
    }


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


def robustness(
    model: TextClassifier,
    split: Split,
    initial: Mapping[str, torch.Tensor],
    *,
    seeds: int = 10,
    seed: int = 0,
    recipe: Recipe = MODERN,
) -> tuple[LayerRobustness, ...]:
    """Each layer alone set back to its weights from before training, and drawn anew with `seeds` seeds.

    initial: the model's state dict from before training.
    """
    schemes = {"rewind": 1, "reinit": seeds}  # rewinding all of a layer draws nothing
    frames = []
    for scheme, count in schemes.items():
        plan = Sweep(layers=("each",), doses=(1.0,), schemes=(scheme,), seeds=count, seed=seed)
        frames.append(pd.DataFrame(_rows(model, split, plan, initial, recipe)))
    rows = pd.concat(frames)
    return tuple(
        _robustness(name, own_parameters(model, layer), initial, rows) for name, layer in own_layers(model).items()
    )


def _rows(
    model: TextClassifier, split: Split, plan: Sweep, initial: Mapping[str, torch.Tensor], recipe: Recipe
) -> list[dict]:
    return [
        {
            "layer": row.layers,
            "scheme": row.scheme,
            "forgetting": row.validation["forgetting"],
            "accuracy": row.validation["accuracy"],
            "before": row.validation["accuracy_before"],
            "chance": row.chance,
        }
        for row in sweep(model, split, plan, initial=initial, recipe=recipe)
    ]


def _robustness(
    name: str, parameters: Mapping[str, torch.Tensor], initial: Mapping[str, torch.Tensor], rows: pd.DataFrame
) -> LayerRobustness:
    now = torch.cat([value.detach().double().flatten() for value in parameters.values()])
    then = torch.cat([initial[f"{name}.{key}"].double().flatten() for key in parameters])
    own = rows[rows["layer"] == name]
    by_scheme = {scheme: own[own["scheme"] == scheme] for scheme in ("rewind", "reinit")}
    back, anew = (by_scheme[scheme]["forgetting"].dropna().astype(float) for scheme in ("rewind", "reinit"))
    reinitialized = float(back.median()) if len(back) else None
    accuracies = [by_scheme[scheme]["accuracy"].astype(float).median() for scheme in ("rewind", "reinit")]
    return LayerRobustness(
        layer=name,
        parameters=len(now),
        accuracy_before=own["before"].iloc[0],
        chance=float(own["chance"].iloc[0]),
        reinitialized=reinitialized,
        rerandomized=Spread(float(anew.median()), *map(float, anew.quantile(BAND))) if len(anew) else None,
        accuracies=tuple(None if np.isnan(value) else float(value) for value in accuracies),
        distance=torch.linalg.vector_norm(now - then).item(),
        initial_norm=torch.linalg.vector_norm(then).item(),
        verdict=_verdict(reinitialized),
    )


def _verdict(forgetting: float | None) -> str:
    if forgetting is None:
        return "undefined"
    if forgetting >= CRITICAL:
        return "critical"
    return "robust" if forgetting <= ROBUST else "in between"
