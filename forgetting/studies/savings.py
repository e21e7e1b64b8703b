"""What relearning gives: tables of its courses and savings, their bands over seeds, and the answer in a word.

How models are relearned is `relearning.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import pandas as pd
from scipy.stats import binomtest

from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import Progress
from forgetting.experiment.results import Trained
from forgetting.metrics.intervals import BAND_QUANTILES, seed_bands
from forgetting.model.split import Split
from forgetting.randomization.schemes import DETERMINISTIC
from forgetting.recipe.recipe import Recipe
from forgetting.studies.evaluation import PARTS
from forgetting.studies.relearning import (
    ROUNDING,
    CurvePoint,
    LearningCurve,
    SavingsRow,
    TimeToTarget,
    learning_curve_slices,
    savings_slices,
)

SAVINGS_COLUMNS = [item.name for item in fields(SavingsRow)]
CURVE_COLUMNS = [
    "model",
    "seed",
    "epoch",
    "steps",
    *(f"{part}_{name}" for part in PARTS for name in ("loss", "accuracy")),
]
OUTCOME_COLUMNS = ["model", "seed", "outcome", "steps", "savings", "missing"]
TEXT_COLUMNS = {"layers", "scheme", "model", "outcome", "scratch_outcome", "missing", "seed", "epoch", "epochs"}
VARIANT_KEYS = ["layers", "scheme", "dose"]
SIGNIFICANT, LEAST_SEEDS = 0.05, 5  # of the sign test: with fewer seeds it cannot be passed


@dataclass(frozen=True, eq=False)
class RelearningResult(TableResult):
    """Courses and rows of a recipe's relearning, finished or stopped.

    epochs: that the original was trained, None where that is not known. planned: rows of the whole plan.
    """

    recipe: Recipe
    courses: tuple[LearningCurve, ...] = ()
    rows: tuple[SavingsRow, ...] = ()
    sha256: str = ""
    epochs: int | None = None
    planned: int | None = None

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A line a point of each course; columns: CURVES."""
        return _table([_line(course, point) for course in self.courses for point in course.points], CURVE_COLUMNS)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """A line a course, with the savings of the randomized ones; columns: OUTCOMES. NaN where there are none."""
        scratch = {course.seed: course.time_to_target for course in self.courses if course.model == "scratch"}
        return _table([_outcome(course, scratch) for course in self.courses], OUTCOME_COLUMNS)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A line a row; columns: COLUMNS. NaN where a figure is missing, with all reasons in "missing"."""
        reasons = ("; ".join(f"{name}: {reason}" for name, reason in row.missing.items()) for row in self.rows)
        lines = [vars(row) | {"missing": text} for row, text in zip(self.rows, reasons, strict=True)]
        return _table(lines, SAVINGS_COLUMNS)

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame of the rows, or the curves where there are no rows, with what they depend on as its recipe."""
        done = replace(self.recipe.for_training(), relearning=self.recipe.relearning)
        if not self.rows:  # the rows have randomizations of their own
            done = replace(done, randomization=self.recipe.randomization)
        about = {"data_sha256": self.sha256, "epochs_trained": self.epochs, "rows_planned": self.planned}
        return self.frame if self.rows else self.curves, done, about


def _line(course: LearningCurve, point: CurvePoint) -> dict:
    parts = {part: getattr(point, part) for part in PARTS}
    measured = {f"{part}_{name}": value for part, found in parts.items() for name, value in vars(found).items()}
    return {"model": course.model, "seed": course.seed, "epoch": point.epoch, "steps": point.steps, **measured}


def _outcome(course: LearningCurve, scratch: Mapping[int, TimeToTarget]) -> dict:
    line = {
        "model": course.model,
        "seed": course.seed,
        "outcome": course.time_to_target.kind,
        "steps": course.time_to_target.steps,
    }
    if course.model != "randomized":
        return line | {"savings": None, "missing": ""}
    saved = course.target_accuracy.savings(course.time_to_target, scratch[course.seed])
    return line | {"savings": saved.value, "missing": saved.missing}


def _table(lines: list[dict], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=columns).astype({name: float for name in columns if name not in TEXT_COLUMNS})


def run_relearning(
    trained: Trained, split: Split, recipe: Recipe, *, progress: Progress | None = None
) -> RelearningResult:
    """All courses and savings at once, as the recipe's `relearning` and `randomization` say.

    progress: called with the variants done and those to be. Raises what `saving_slices` does.
    """
    planned, rows = recipe.relearning.count(recipe.model.layers), []
    courses = [course for found in learning_curve_slices(trained, split, recipe) for course in found]
    for found in savings_slices(trained, split, recipe):
        rows += found
        if progress and found:
            progress(len(rows), planned)
    epochs, digest = len(trained.history), split.reviews.sha256
    return RelearningResult(recipe, tuple(courses), tuple(rows), digest, epochs, planned)


def learning_curve_bands(curves: pd.DataFrame, metric: str = "validation_accuracy") -> pd.DataFrame:
    """Of `RelearningResult.curves`, over seeds: model, epoch, steps; seeds, low, median, high."""
    return seed_bands(curves, metric, ["model", "epoch", "steps"]).reset_index()


def savings_curves(frame: pd.DataFrame) -> pd.DataFrame:
    """Of `RelearningResult.frame`, over seeds: layers, scheme, dose; low, median, high of the savings; and counts.

    seeds: that have savings. Of all: already_there, before any step; never, within the limit; diverged; failed, those
    of the last two where the model from scratch does get there, see `remembers`. accuracy: median after randomizing.
    verdict: of `remembers`, for this variant alone.
    """
    found = seed_bands(frame, "savings", VARIANT_KEYS)
    trivial = frame["target"] <= frame[["chance", "majority"]].max(axis=1) + ROUNDING
    failed = frame["outcome"].isin(["never", "diverged"]) & (frame["scratch_outcome"] == "reached") & ~trivial
    kinds = {kind.replace(" ", "_"): frame["outcome"] == kind for kind in ("already there", "never", "diverged")}
    groups = frame.assign(**kinds, failed=failed).groupby(VARIANT_KEYS, sort=False, observed=True)
    found["accuracy"] = groups["accuracy"].median()
    found[[*kinds, "failed"]] = groups[[*kinds, "failed"]].sum().astype(int)
    found["conclusion"] = [
        conclude_memory(rows["savings"], failed=lost, same_model=leaves_one_model(scheme, dose)).conclusion
        for ((_, scheme, dose), rows), lost in zip(groups, found["failed"], strict=True)
    ]
    return found.reset_index()


def leaves_one_model(scheme: str, dose: float) -> bool:
    """Whether all seeds leave the same randomized model: they are no replicates of how it was randomized."""
    return scheme in DETERMINISTIC and dose == 1


@dataclass(frozen=True)
class MemoryConclusion:
    """Whether a randomized model remembers, from the savings of several seeds; see `remembers`.

    verdict: "remembers", savings are above 0; "gone", that cannot be shown with so many seeds; "too few seeds", fewer
    than LEAST_SEEDS; "one model", savings are above 0, but all seeds leave the same randomized model, so that it may be
    the luck of its weights; "undefined", none has savings. "gone" is no proof that nothing is left: few seeds show
    large savings alone, and weights of a scale that hinders learning (scheme "normal") hide what is left.
    median, low, high: of the seeds that have savings, with the 5th and 95th percentile; None where none has.
    seeds: that the verdict rests on. p: of the test.
    """

    conclusion: str
    median: float | None
    low: float | None
    high: float | None
    seeds: int
    p: float


def conclude_memory(values: Sequence[float | None], *, failed: int = 0, same_model: bool = False) -> MemoryConclusion:
    """The answer from the savings of one variant's seeds, None or NaN where missing, by a one-sided sign test.

    Under the null hypothesis a seed's savings are as often below 0 as above (Dixon & Mood 1946, JASA 41, 557–566);
    zeros are left out, so of LEAST_SEEDS all must be above 0. Each variant has a test of its own: of twenty that
    remember nothing, about one passes. failed: further seeds, in which the randomized model alone does not get there:
    their savings have no number, but are not above 0; without them the test would see the best seeds alone. alike:
    all seeds leave the same randomized model, see `one_model`.
    """
    known = pd.Series(values, dtype=float).dropna()
    if known.empty and not failed:
        return MemoryConclusion("undefined", None, None, None, 0, 1.0)
    above, trials, seeds = int((known > 0).sum()), int((known != 0).sum()) + failed, len(known) + failed
    p = float(binomtest(above, trials, alternative="greater").pvalue) if trials else 1.0
    above_zero = "one model" if same_model else "remembers"
    verdict = "too few seeds" if seeds < LEAST_SEEDS else above_zero if p <= SIGNIFICANT else "gone"
    low, median, high = (
        map(float, known.quantile([BAND_QUANTILES[0], 0.5, BAND_QUANTILES[1]])) if len(known) else (None,) * 3
    )
    return MemoryConclusion(verdict, median, low, high, seeds, p)
