"""Two studies of a kind by their rows: curve by curve and point by point, over the replicates that both have.

A curve is compared as a whole by the mean of its metric over the fractions, or epochs, that both runs have, so that
each replicate gives one number. How points differ is for charts.
"""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from forgetting.core.errors import DataError
from forgetting.metrics.crossed import CrossedChange, crossed_change
from forgetting.metrics.differences import independent_change, split_change
from forgetting.metrics.intervals import median_band
from forgetting.metrics.multiplicity import benjamini_hochberg
from forgetting.randomization.groups import title_set
from forgetting.reporting.formatting import format_count
from forgetting.reporting.names import format_attribution, format_method, format_scheme
from forgetting.tracking.review_differences import FoundDifference
from forgetting.tracking.run import Run

KEPT_HITS, KEPT_REVIEWS = "validation_hits", "validation_reviews"  # columns of what `Hits` holds, of the variant
REPLICATE = ["split", "seed"]


@dataclass(frozen=True)
class StudyTable:
    """How the rows of a kind of study are read.

    Attributes:
        curve: Columns that tell its curves apart.
        along: Column that a curve goes along, "" where it has one point.
        along_title: What that is, in the plural.
        metrics: What each column is called.
        only: Values of columns that rows must have.
    """

    curve: tuple[str, ...]
    along: str
    along_title: str
    metrics: Mapping[str, str]
    only: Mapping[str, str] = field(default_factory=dict)


_SWEEP = StudyTable(
    ("layers", "scheme", "unit"),
    "planned_dose",
    "fractions",
    {"validation_accuracy": "validation accuracy", "validation_loss": "validation loss"},
)
STUDY_TABLES = {
    "dose": _SWEEP,
    "change": _SWEEP,
    "robustness": _SWEEP,
    "layer_choice": StudyTable(
        _SWEEP.curve,
        _SWEEP.along,
        _SWEEP.along_title,
        {"forget_accuracy": "forget accuracy", "retain_accuracy": "retain accuracy", **_SWEEP.metrics},
    ),
    "explanation": StudyTable(
        ("layers", "scheme", "attribution"),
        "dose",
        "fractions",
        {"rank_correlation": "rank correlation", "top_overlap": "overlap of the strongest words"},
        {"reference": "original"},
    ),
    "similarity": StudyTable(
        ("layers", "layer", "scheme"), "dose", "fractions", {"cka": "CKA"}, {"model": "randomized"}
    ),
    "learning_curves": StudyTable(("model",), "epoch", "epochs", _SWEEP.metrics),
    "savings": StudyTable(("layers", "scheme"), "dose", "fractions", {"savings": "savings"}),
    "own_model": _SWEEP,
    "reproduction": StudyTable(("model", "part", "metric"), "", "", {"value": "value"}),
    "unlearning": StudyTable(
        ("method",),
        "",
        "",
        {
            "forget_accuracy": "forget accuracy",
            "retain_accuracy": "retain accuracy",
            "validation_accuracy": "validation accuracy",
            "tow": "ToW",
            "attack_auc": "attack AUC",
        },
    ),
}
WRITTEN_CURVES = {"scheme": format_scheme, "attribution": format_attribution, "method": format_method}


@dataclass(frozen=True, eq=False)
class StudyDifferences:
    """How the curves of two studies differ.

    Attributes:
        whole: Differences of whole curves, by the name of the metric with its curve.
        missing: Why a metric of a curve is not compared, by the same names.
        points: A row a curve, metric and point: "curve", "metric" (the column), "name" (of the metric), "along"; "a"
            and "b", medians over the replicates of each run, with "a_low" to "b_high", their 5–95 % bands; "change",
            "low", "high", the mean difference with its 95 % interval; "p" and "adjusted", corrected by Benjamini &
            Hochberg for all points of the metric.
        method: How points are compared, in words.
    """

    whole: Mapping[str, FoundDifference]
    missing: Mapping[str, str]
    points: pd.DataFrame
    method: str = ""


@dataclass(frozen=True)
class Pairing:
    """What belongs together in two runs.

    Attributes:
        seeds: Whether replicates of the same seed do: the runs are of the same file.
        reviews: Whether both validate on the same reviews.
        share: Number of validation reviews for each training review.
    """

    seeds: bool
    reviews: bool
    share: float


def compare_studies(a: Run, b: Run, pairing: Pairing) -> StudyDifferences:
    """How the curves of two studies of a kind differ.

    Args:
        a: The first run, of a kind of STUDY_TABLES.
        b: The second, of the same kind.
        pairing: What belongs together.

    Raises:
        DataError: A content holds something else.
    """
    table, whole, missing, points = STUDY_TABLES[a.kind], {}, {}, []
    runs = _name_curves(*(_read_rows(run, table) for run in (a, b)), table)
    shared = [name for name in dict.fromkeys(runs[0]["curve"]) if name in set(runs[1]["curve"])]
    for curve in shared:
        of_curve = [run[run["curve"] == curve] for run in runs]
        for column, title in table.metrics.items():
            if not all(column in run and run[column].notna().any() for run in of_curve):
                continue
            name = f"mean {title} over {table.along_title}" if table.along else title
            name = f"{name}, {curve}" if curve else name
            found = _compare_curve(of_curve, column, table, pairing)
            if isinstance(found, str):
                missing[name] = found
                continue
            whole[name], of_points = found
            points.append(of_points.assign(curve=curve, metric=column, name=title))
    frame = pd.concat(points, ignore_index=True) if points else pd.DataFrame()
    if points:
        frame["adjusted"] = frame.groupby("metric")["p"].transform(lambda values: benjamini_hochberg(values))
    return StudyDifferences(whole, missing, frame)


def _read_rows(run: Run, table: StudyTable) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(io.BytesIO(run.content))
        for name, value in table.only.items():
            frame = frame[frame[name] == value]
        frame = frame.assign(split=frame.get("split", 0), along=frame[table.along] if table.along else 0.0)
        texts = {name: frame[name].astype(str).map(WRITTEN_CURVES.get(name, str)) for name in table.curve}
        if "layers" in texts:
            texts["layers"] = texts["layers"].map(partial(title_set, known=run.recipe.model.layers))
        frame = frame.assign(**texts)
    except Exception as error:
        raise DataError(
            "The rows of the study are not in the run as this version keeps them. Run it again to compare its curves."
        ) from error
    return frame


def _name_curves(a: pd.DataFrame, b: pd.DataFrame, table: StudyTable) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables with a column "curve", whose names are those of the curves that belong together.

    What has one value in each run, such as the scheme of two runs that differ in it, tells no curves apart.
    """
    told = [name for name in table.curve if max(run[name].nunique() for run in (a, b)) > 1]

    def named(run: pd.DataFrame) -> pd.DataFrame:
        return run.assign(curve=run[told].agg(", ".join, axis=1) if told else "")

    return named(a), named(b)


def _compare_curve(
    runs: list[pd.DataFrame], column: str, table: StudyTable, pairing: Pairing
) -> tuple[FoundDifference, pd.DataFrame] | str:
    """The difference of a whole curve and of its points, or why there is none."""
    values = [run.pivot_table(index=REPLICATE, columns="along", values=column, dropna=False) for run in runs]
    values = [one.where(np.isfinite(one)) for one in values]
    together = values[0].index.intersection(values[1].index)
    # Of a few in common alone, less would be known than of all as if they did not belong together.
    paired = pairing.seeds and 2 * len(together) > min(map(len, values))
    if paired:
        values = [one.loc[together] for one in values]
    along = [place for place in values[0].columns if place in values[1].columns]
    known = [place for place in along if not any(one[place].isna().any() for one in values)]
    if not known:
        return f"the runs have no {table.along_title or 'value'} in common at which each seed has a finite number"
    hits = None
    if (
        paired
        and pairing.reviews
        and column == "validation_accuracy"
        and all({KEPT_HITS, KEPT_REVIEWS} <= set(run) for run in runs)
    ):
        hits = [_unpack(run, together, known) for run in runs]
        hits = None if any(one is None for one in hits) else hits
    numbers = [one[known].to_numpy() for one in values]  # (replicates, points)
    several = any(one.index.get_level_values("split").nunique() > 1 for one in values)
    compare = _Comparer(paired, several, values[0].index.get_level_values("split"), pairing.share)
    whole = compare.change(*(one.mean(axis=1) for one in numbers), hits and [one.mean(axis=1) for one in hits])
    rows = []
    for index, place in enumerate(known):
        change = compare.change(*(one[:, index] for one in numbers), hits and [one[:, index] for one in hits])
        row: dict[str, object] = {"along": place, "change": change.change, "low": change.low, "high": change.high}
        for side, one in zip("ab", numbers, strict=True):
            band = median_band(one[:, index])
            row |= {side: band.median, f"{side}_low": band.low, f"{side}_high": band.high}
        rows.append(row | {"p": change.p if math.isfinite(change.low) else math.nan})
    means = [float(one.mean()) for one in numbers]
    return FoundDifference(*means, whole, compare.describe([len(one) for one in numbers], hits)), pd.DataFrame(rows)


def _unpack(run: pd.DataFrame, replicates: pd.MultiIndex, known: list[float]) -> np.ndarray | None:
    """Which reviews each replicate gets right at each point, (replicates, points, reviews); None where not kept."""
    packed, reviews = run.set_index([*REPLICATE, "along"])[KEPT_HITS], int(run[KEPT_REVIEWS].max())
    found = [[packed.get((*replicate, place)) for place in known] for replicate in replicates]
    if any(not isinstance(one, bytes) for row in found for one in row):
        return None
    return np.array(
        [[np.unpackbits(np.frombuffer(one, np.uint8), count=reviews) for one in row] for row in found], float
    )


@dataclass(frozen=True)
class _Comparer:
    """How numbers of replicates are compared.

    Attributes:
        paired: Whether those of the same place belong together.
        several: Whether they are of several splits.
        splits: The split of each, (replicates,).
        share: See `Pairing`.
    """

    paired: bool
    several: bool
    splits: pd.Index
    share: float

    def change(self, a: np.ndarray, b: np.ndarray, hits: list[np.ndarray] | None = None) -> CrossedChange:
        """The mean difference of numbers, (replicates,) each; hits: which reviews are right, (replicates, reviews)."""
        if self.several and not self.paired:
            return CrossedChange(float(b.mean() - a.mean()), -math.inf, math.inf, 1.0, 1)
        if not self.paired:
            return independent_change(a, b)
        if self.several:
            return split_change(pd.Series(b - a).groupby(np.asarray(self.splits)).mean().to_numpy(), self.share)
        if hits:
            return crossed_change(b - a, hits[1] - hits[0])
        change = crossed_change(b - a)
        if change.low == change.high and change.change:  # as all replicates agree, they do not tell how far they vary
            return CrossedChange(change.change, -math.inf, math.inf, 1.0, len(a))
        return change

    def describe(self, counts: list[int], hits: list[np.ndarray] | None) -> str:
        """What the numbers are compared by, in words."""
        seeds = format_count(counts[0], "seed")
        if self.several and not self.paired:
            return "unpaired models of several splits, which share training reviews"
        if not self.paired:
            return f"unpaired, {counts[0]:,} and {format_count(counts[1], 'seed')}, reviews as given: Welch's t"
        if self.several:
            return f"paired, {self.splits.nunique():,} splits: corrected resampled t"
        if hits:
            return f"paired, {seeds} × {format_count(hits[0].shape[2], 'review')}: t"
        return f"paired, {seeds}, reviews as given: t"
