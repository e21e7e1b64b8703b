"""The published table, the ranges in which most of its faithful re-runs lie, and the re-run itself.

The pipeline, which imports torch, is imported where the experiment is run: the table alone needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from forgetting.core.errors import RecipeError
from forgetting.data.reviews import Reviews
from forgetting.model.split import Split
from forgetting.recipe.recipe import PUBLISHED

if TYPE_CHECKING:
    from forgetting.experiment.pipeline import Progress
    from forgetting.experiment.results import Trained

PUBLISHED_CLASSES = 294  # the names of the 309 reviews
PUBLISHED_MODELS = ("original", "randomized")
PUBLISHED_METRICS = tuple(
    (part, metric) for part in ("training", "validation") for metric in ("loss", "bitwise_accuracy")
)


def _by_metric(*values: object) -> dict:
    return dict(zip(PUBLISHED_METRICS, values, strict=True))


# As published by https://github.com/chungimungi/Learning-to-Forget; the accuracy there is the bitwise accuracy.
PUBLISHED_TABLE = {
    "original": _by_metric(0.6329621076583862, 0.8930568099021912, 0.6247082948684692, 0.9080535769462585),
    "randomized": _by_metric(3.1483829021453857, 0.507146954536438, 3.06455397605896, 0.508832573890686),
}
REFERENCE_SEEDS = 400
# The middle 95 % (2.5 % to 97.5 %) of REFERENCE_SEEDS seeds, from 0 on, of a faithful re-run on the original file.
REFERENCE_RANGES = {
    "original": _by_metric((0.631, 0.651), (0.797, 0.898), (0.622, 0.645), (0.825, 0.920)),
    "randomized": _by_metric((2.16, 3.38), (0.491, 0.568), (2.12, 3.34), (0.491, 0.572)),
}


@dataclass(frozen=True)
class PublishedRun:
    """The published experiment with one seed.

    Attributes:
        seed: The seed.
        always_no: Bitwise accuracy of always answering "no".
        original: Metrics of the original by (part, metric). The metrics are "loss", "bitwise_accuracy" and "accuracy",
            the top-1 accuracy that the published table does not show.
        randomized: The same metrics of the randomized model.
    """

    seed: int
    always_no: float
    original: dict[tuple[str, str], float]
    randomized: dict[tuple[str, str], float]


def make_published_split(reviews: Reviews) -> Split:
    """The split of the published experiment: all reviews, labelled with their names.

    Raises:
        DataError: The file has no name column.
    """
    from forgetting.experiment.pipeline import prepare

    return prepare(PUBLISHED, reviews)


def run_published_seed(split: Split, seed: int) -> PublishedRun:
    """Train and measure both models of the published protocol with one seed."""
    from forgetting.experiment.pipeline import measure_outcome, train, train_published_randomized

    recipe = replace(PUBLISHED, seed=seed)

    def measured(trained: Trained) -> dict[tuple[str, str], float]:
        return {
            (part, metric): getattr(scores, metric)
            for part, scores in measure_outcome(recipe, split, trained).scores.items()
            for metric in ("loss", "bitwise_accuracy", "accuracy")
        }

    original, randomized = measured(train(recipe, split)), measured(train_published_randomized(recipe, split))
    return PublishedRun(seed, 1 - 1 / len(split.classes), original, randomized)


def reproduce(reviews: Reviews, seeds: int, *, progress: Progress | None = None) -> list[PublishedRun]:
    """Run the published experiment with the seeds 0 to seeds − 1.

    Args:
        reviews: The reviews of the original file, with names.
        seeds: Number of seeds.
        progress: Called with the number of seeds done and the number to do.

    Raises:
        DataError: The reviews have no names.
        RecipeError: `seeds` is below 1.
    """
    if seeds < 1:
        raise RecipeError(f"seeds must be at least 1; got {seeds}.")
    split = make_published_split(reviews)
    reruns = []
    for seed in range(seeds):
        reruns.append(run_published_seed(split, seed))
        if progress:
            progress(seed + 1, seeds)
    return reruns


def summarize_runs(reruns: list[PublishedRun]) -> dict:
    """The published table beside the median, minimum and maximum of re-runs, as nested plain values.

    `always_no` is the bitwise accuracy of a model that always answers "no".
    `within` says of each published value whether it lies in the middle 95 % of REFERENCE_SEEDS seeds on the original
    file. That it does is weak evidence: the ranges are wide, and are also those of similar experiments.
    """
    within, spread = {}, {}
    for model in PUBLISHED_MODELS:
        ranges, published = REFERENCE_RANGES[model], PUBLISHED_TABLE[model]
        within[model] = {key: ranges[key][0] <= published[key] <= ranges[key][1] for key in PUBLISHED_METRICS}
        spread[model] = {}
        for key in getattr(reruns[0], model):
            values = [getattr(run, model)[key] for run in reruns]
            spread[model][key] = {"median": median(values), "min": min(values), "max": max(values)}
        for key, inside in within[model].items():
            spread[model][key]["within"] = inside
    return {
        "published": {model: _nested(PUBLISHED_TABLE[model]) for model in PUBLISHED_MODELS},
        **{model: _nested(spread[model]) for model in PUBLISHED_MODELS},
        "within": {model: _nested(within[model]) for model in PUBLISHED_MODELS},
        "reference": {model: _nested(REFERENCE_RANGES[model]) for model in PUBLISHED_MODELS},
        "always_no": reruns[0].always_no,
        "seeds": len(reruns),
    }


def _nested(values: dict[tuple[str, str], object]) -> dict[str, dict]:
    parts: dict[str, dict] = {}
    for (part, metric), value in values.items():
        parts.setdefault(part, {})[metric] = value
    return parts
