"""The published table, the ranges that a faithful re-run of it gives, and the re-run itself."""

from dataclasses import dataclass, replace
from statistics import median

from forgetting.core.errors import RecipeError
from forgetting.data.reviews import Reviews
from forgetting.experiment.pipeline import Progress, measure_outcome, prepare, train, train_published_randomized
from forgetting.experiment.results import Outcome
from forgetting.model.split import Split
from forgetting.recipe.recipe import PUBLISHED

PUBLISHED_MODELS = ("original", "randomized")
PUBLISHED_METRICS = tuple(
    (part, figure) for part in ("training", "validation") for figure in ("loss", "bitwise_accuracy")
)


def _by_figure(*values: object) -> dict:
    return dict(zip(PUBLISHED_METRICS, values, strict=True))


# As published by https://github.com/chungimungi/Learning-to-Forget; the accuracy there is the bitwise accuracy.
PUBLISHED_TABLE = {
    "original": _by_figure(0.6329621076583862, 0.8930568099021912, 0.6247082948684692, 0.9080535769462585),
    "randomized": _by_figure(3.1483829021453857, 0.507146954536438, 3.06455397605896, 0.508832573890686),
}
# Smallest and largest value over 120 seeds of a faithful re-run on the original file.
REFERENCE_RANGES = {
    "original": _by_figure((0.628, 0.654), (0.779, 0.909), (0.620, 0.648), (0.804, 0.935)),
    "randomized": _by_figure((1.89, 3.87), (0.481, 0.583), (1.88, 3.77), (0.485, 0.580)),
}


@dataclass(frozen=True)
class PublishedRun:
    """One seed's figures: for each model {(part, figure): value}; figures "loss", "bitwise_accuracy", and
    "accuracy", the top-1 accuracy that the published table does not show. always_no: bitwise accuracy of always
    answering "no"."""

    seed: int
    always_no: float
    original: dict[tuple[str, str], float]
    randomized: dict[tuple[str, str], float]


def make_published_split(reviews: Reviews) -> Split:
    """The split of the published experiment: reviews labelled with their names, nothing dropped.

    Raises DataError where the file has no names.
    """
    return prepare(PUBLISHED, reviews)


def run_published_seed(split: Split, seed: int) -> PublishedRun:
    """Both models of the published protocol for one seed."""
    recipe = replace(PUBLISHED, seed=seed)
    outcomes = (
        measure_outcome(recipe, split, trained)
        for trained in (train(recipe, split), train_published_randomized(recipe, split))
    )
    return PublishedRun(seed, 1 - 1 / len(split.classes), *map(_figures, outcomes))


def reproduce(reviews: Reviews, seeds: int, *, progress: Progress | None = None) -> list[PublishedRun]:
    """The published experiment for seeds 0 to seeds − 1.

    progress: called with the seeds done and those to do. Raises RecipeError where seeds is not at least 1.
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
    `within` says of each published figure whether it lies in the range of 120 seeds on the original file.
    """
    within = {model: {key: _within(model, key) for key in PUBLISHED_METRICS} for model in PUBLISHED_MODELS}
    spread = {
        model: {key: _spread([getattr(run, model)[key] for run in reruns]) for key in getattr(reruns[0], model)}
        for model in PUBLISHED_MODELS
    }
    for model in PUBLISHED_MODELS:
        for key in PUBLISHED_METRICS:
            spread[model][key]["within"] = within[model][key]
    return {
        "published": {model: _nested(PUBLISHED_TABLE[model]) for model in PUBLISHED_MODELS},
        **{model: _nested(spread[model]) for model in PUBLISHED_MODELS},
        "within": {model: _nested(within[model]) for model in PUBLISHED_MODELS},
        "reference": {model: _nested(REFERENCE_RANGES[model]) for model in PUBLISHED_MODELS},
        "always_no": reruns[0].always_no,
        "seeds": len(reruns),
    }


def _within(model: str, key: tuple[str, str]) -> bool:
    low, high = REFERENCE_RANGES[model][key]
    return low <= PUBLISHED_TABLE[model][key] <= high


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": median(values), "min": min(values), "max": max(values)}


def _figures(outcome: Outcome) -> dict[tuple[str, str], float]:
    return {
        (part, figure): getattr(scores, figure)
        for part, scores in outcome.scores.items()
        for figure in ("loss", "bitwise_accuracy", "accuracy")
    }


def _nested(figures: dict[tuple[str, str], object]) -> dict[str, dict]:
    parts: dict[str, dict] = {}
    for (part, figure), value in figures.items():
        parts.setdefault(part, {})[figure] = value
    return parts
