"""Two runs side by side: which settings differ, and which metrics, as surely as what both runs keep allows.

What is paired: predictions of the same reviews in `review_differences`, replicates of studies in `study_differences`.
Where nothing is, intervals that runs of other reviews bring along are put together.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from statistics import NormalDist

import pandas as pd

from forgetting.core.errors import DataError
from forgetting.core.settings import format_value
from forgetting.metrics.differences import newcombe_interval
from forgetting.metrics.multiplicity import holm
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.model.split import PARTS
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.changes import format_setting, name_setting
from forgetting.tracking.review_differences import (
    COMPARED_MODELS,
    PREDICTION_METRICS,
    FoundDifference,
    compare_predictions,
    read_predictions,
)
from forgetting.tracking.run import RUN_TITLES, Run, RunMetric, used_recipe
from forgetting.tracking.study_differences import STUDY_TABLES, Pairing, compare_studies

PREDICTING = ("training", "comparison")  # kinds of runs that keep predictions of reviews
PREDICTION_NAMES = [f"validation {metric}, {model}" for model in COMPARED_MODELS for metric in PREDICTION_METRICS]
ACCURACY = "validation accuracy"
OF_ORIGINAL = ", original"  # of the metrics of a comparison that a training has as well
TRAINING_NAMES = [f"{part} {metric}" for part in PARTS for metric in PREDICTION_METRICS]
NAMES_OF_DATA = ("data.source", "data.file", "data.sha256")
TRAINED = "trained by its recipe to the end"
OTHER_REVIEWS = (
    "The runs are of different files of reviews, so nothing is paired, and the reviews may make a difference as well "
    "as the settings."
)
LEAST_TRAINED = 0.01  # share of the reviews that is trained on, whatever a recipe says
GUESSES = ("chance", "uniform guess")  # baselines that say on which scale a metric is
OTHER_CHANCE = "a guess does not reach the same in both; see each beside it"
NOT_KEPT = "the runs do not keep what tells how far it varies"
SAME_FILE = "both are of the same file, and the runs do not keep it review by review"
UNKNOWN_SPREAD = "too few replicates, or all alike, to tell how far it varies"
NOT_DIFFERENT = "the runs do not differ in it"
NEWCOMBE = "unpaired: Newcombe's interval of both intervals"


@dataclass(frozen=True)
class SettingDifference:
    """A setting, or another circumstance, in which two runs differ.

    Attributes:
        name: What it is called.
        a: Its value in the first run, in words.
        b: In the second.
    """

    name: str
    a: str
    b: str


@dataclass(frozen=True)
class MetricDifference:
    """A metric of two runs.

    Attributes:
        name: What it is.
        a: That of the first run; None where it has none of the name.
        b: That of the second.
        change: Second less first; None where they cannot be compared.
        interval: The 95 % interval of the change; None where there is none.
        adjusted_p: Two-sided p-value of no change, corrected by Holm's method for all metrics of the two runs; None
            where nothing is tested.
        method: How the change was found, and over what, in words; "" where there is no interval.
        missing: Why there is no change, or no interval of it; "" where there is.
    """

    name: str
    a: RunMetric | None
    b: RunMetric | None
    change: float | None = None
    interval: tuple[float, float] | None = None
    adjusted_p: float | None = None
    method: str = ""
    missing: str = ""

    @property
    def decided(self) -> bool:
        """Whether it is shown that the runs differ, with all their metrics in view."""
        low, high = self.interval or (0.0, 0.0)
        return not low <= 0 <= high and (self.adjusted_p is None or self.adjusted_p <= SIGNIFICANT)


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Two runs side by side.

    Attributes:
        a: The first run.
        b: The second.
        settings: What differs in their settings, all of it.
        metrics: Their metrics.
        epochs: The epochs of each that keeps them, by "A" and "B"; see `read_predictions`.
        points: How points of the curves of two studies differ; see `StudyDifferences`.
        notices: What limits the comparison, in sentences.
    """

    a: Run
    b: Run
    settings: tuple[SettingDifference, ...]
    metrics: tuple[MetricDifference, ...]
    epochs: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    points: pd.DataFrame = field(default_factory=pd.DataFrame)
    notices: tuple[str, ...] = ()


def compare_runs(a: Run, b: Run) -> RunComparison:
    """Compare two runs; what cannot be compared is there with its reason.

    Args:
        a: The first, with its content.
        b: The second, with its content.
    """
    found, missing, epochs, points, notices = {}, {}, {}, pd.DataFrame(), []
    if a.data_sha256 != b.data_sha256:
        notices.append(OTHER_REVIEWS)
    if a.kind != b.kind:
        notices.append("The runs are of different kinds: metrics of the same name stand side by side.")
    try:
        if a.kind in PREDICTING and b.kind in PREDICTING:
            (first, epochs["A"]), (second, epochs["B"]) = (read_predictions(run.content) for run in (a, b))
            if a.data_sha256 == b.data_sha256:
                found, why = compare_predictions(first, second)
                if {run.recipe.training.objective for run in (a, b)} != {"cross_entropy"}:  # whose loss is kept
                    found = {name: one for name, one in found.items() if "loss" not in name}
                missing = dict.fromkeys(PREDICTION_NAMES, why) if why else {}
        elif a.kind == b.kind and a.kind in STUDY_TABLES:
            studies = compare_studies(a, b, _pairing(a, b))
            found, missing, points = studies.whole, studies.missing, studies.points
    except DataError as error:
        notices.append(str(error))
    metrics = _with_holm(_differences(a, b, found, missing))
    return RunComparison(a, b, compare_settings(a, b), metrics, epochs, points, tuple(notices))


def compare_settings(a: Run, b: Run) -> tuple[SettingDifference, ...]:
    """All in which two runs differ but for what they reached: circumstances first, then the settings that were used."""
    pairs = {
        "run": (RUN_TITLES[a.kind], RUN_TITLES[b.kind]),
        "reviews": (_name_reviews(a), _name_reviews(b)),
        "model": (a.model or TRAINED, b.model or TRAINED),
        "done": (_describe_done(a), _describe_done(b)),
        "version": (a.version, b.version),
    }
    found = [SettingDifference(name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]
    recipes = [run.recipe.for_training() if a.kind != b.kind else used_recipe(run.kind, run.recipe) for run in (a, b)]
    for name in Recipe.leaves():
        if name in NAMES_OF_DATA or recipes[0].used_value(name) == recipes[1].used_value(name):
            continue
        texts = [format_setting(name, recipe) for recipe in recipes]
        if texts[0] == texts[1]:  # where both are shortened alike
            texts = [format_value(recipe.used_value(name)) for recipe in recipes]
        found.append(SettingDifference(name_setting(name), *texts))
    return tuple(found)


def _name_reviews(run: Run) -> str:
    return f"{run.data_name} ({run.data_sha256[:12]})"


def _describe_done(run: Run) -> str:
    """How far a run went; an end before all epochs, by its stopping part, is no setting."""
    return "to the end" if run.done >= run.planned else f"{run.done:,} of {run.planned:,} parts"


def _pairing(a: Run, b: Run) -> Pairing:
    """What belongs together in two studies: replicates of the same file, reviews of the same split of it."""
    splits = [
        (
            replace(run.recipe.data, source="file", file="", sha256=""),
            run.recipe.reading,
            run.recipe.labels_by_name,
            *(getattr(run.recipe.split, name) for name in ("validation_share", "stratify", "seed")),
        )
        for run in (a, b)
    ]
    same_data = a.data_sha256 == b.data_sha256
    parts = [(run.recipe.split.validation_share, run.recipe.split.test_share) for run in (a, b)]
    share = max(validation / max(1 - validation - test, LEAST_TRAINED) for validation, test in parts)
    return Pairing(same_data, same_data and splits[0] == splits[1], share)


def _differences(
    a: Run, b: Run, found: Mapping[str, FoundDifference], missing: Mapping[str, str]
) -> Iterator[tuple[MetricDifference, float]]:
    """The metrics of two runs with the p-value of each, NaN where nothing is tested."""
    sides = [{_name_in_both(metric.name, a, b): metric for metric in run.metrics} for run in (a, b)]
    found = {_name_in_both(name, a, b): difference for name, difference in found.items()}
    missing = {_name_in_both(name, a, b): why for name, why in missing.items()}
    for name in dict.fromkeys([*found, *missing, *sides[0], *sides[1]]):
        pair = [side.get(name) for side in sides]
        if measured := found.get(name):
            pair = [
                _with_value(metric or RunMetric(name, None, baselines=_beside(name, run)), value)
                for metric, run, value in zip(pair, (a, b), (measured.a, measured.b), strict=True)
            ]
            yield _measured(name, *pair, measured)
        elif None in pair or None in (pair[0].value, pair[1].value):
            yield MetricDifference(name, *pair, missing=missing.get(name) or _why_absent(*pair)), math.nan
        else:
            same_scale = "forgetting" in name or _chance(a) == _chance(b)
            same_data, why = a.data_sha256 == b.data_sha256, missing.get(name, "")
            yield _unpaired(name, *pair, same_data=same_data, same_scale=same_scale, why=why)


def _name_in_both(name: str, a: Run, b: Run) -> str:
    """The name of a metric in both runs: the model of a training is the original, which it does not say."""
    if a.kind == b.kind == "training":
        return name.removesuffix(OF_ORIGINAL)
    of_training = "training" in (a.kind, b.kind) and name in TRAINING_NAMES
    return f"{name}{OF_ORIGINAL}" if of_training else name


def _beside(name: str, run: Run) -> Mapping[str, float]:
    """What trivial models reach in the accuracy of the validation part, for a metric that is a mean of it."""
    of_accuracy = (metric.baselines for metric in run.metrics if metric.name.startswith(ACCURACY) and metric.baselines)
    return next(of_accuracy, {}) if ACCURACY in name else {}


def _with_value(metric: RunMetric, value: float) -> RunMetric:
    """A metric with what it is on the reviews, or points, that both runs have."""
    same = metric.value is not None and math.isclose(metric.value, value, rel_tol=1e-4, abs_tol=1e-6)
    return metric if same else replace(metric, value=value, interval=None, missing="")


def _measured(name: str, a: RunMetric, b: RunMetric, found: FoundDifference) -> tuple[MetricDifference, float]:
    change = found.change
    if not math.isfinite(change.low) or (change.low == change.high and change.change):
        return MetricDifference(name, a, b, change.change, missing=f"{found.method}: {UNKNOWN_SPREAD}"), math.nan
    if change.low == change.high:
        return MetricDifference(name, a, b, change.change, missing=NOT_DIFFERENT), math.nan
    return MetricDifference(name, a, b, change.change, (change.low, change.high), None, found.method), change.p


def _why_absent(a: RunMetric | None, b: RunMetric | None) -> str:
    reasons = [metric.missing for metric in (a, b) if metric and metric.missing]
    return reasons[0] if reasons else "only one of the runs has it"


def _chance(run: Run) -> float | None:
    """What a uniform guess reaches in a run, of which forgetting is a share; None where it has no accuracy."""
    return next((metric.baselines["chance"] for metric in run.metrics if "chance" in metric.baselines), None)


def _unpaired(
    name: str, a: RunMetric, b: RunMetric, *, same_data: bool, same_scale: bool, why: str
) -> tuple[MetricDifference, float]:
    """A metric of which nothing is kept that could be paired."""
    if not same_scale or any(a.baselines.get(guess) != b.baselines.get(guess) for guess in GUESSES):
        return MetricDifference(name, a, b, missing=OTHER_CHANCE), math.nan
    change = b.value - a.value
    if same_data or None in (a.interval, b.interval):
        return MetricDifference(name, a, b, change, missing=why or (SAME_FILE if same_data else NOT_KEPT)), math.nan
    low, high = newcombe_interval((a.value, *a.interval), (b.value, *b.interval))
    nearer = (change - low if change > 0 else high - change) / NormalDist().inv_cdf(0.975)  # a standard error
    p = 2 * NormalDist().cdf(-abs(change) / nearer) if nearer else math.nan
    return MetricDifference(name, a, b, change, (low, high), None, NEWCOMBE), p


def _with_holm(found: Iterable[tuple[MetricDifference, float]]) -> tuple[MetricDifference, ...]:
    metrics, p_values = zip(*found, strict=True) if (found := list(found)) else ((), ())
    return tuple(
        replace(metric, adjusted_p=None if math.isnan(p) else float(p))
        for metric, p in zip(metrics, holm(p_values), strict=True)
    )
