"""The published table, the ranges in which most of its faithful re-runs lie, and the re-run itself.

The pipeline, which imports torch, is imported where the experiment is run: the table alone needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from forgetting.core.errors import RecipeError
from forgetting.data.reviews import Reviews
from forgetting.metrics.baselines import chance_loss
from forgetting.model.split import Split
from forgetting.recipe.recipe import PUBLISHED, Recipe

if TYPE_CHECKING:
    from forgetting.experiment.pipeline import Progress
    from forgetting.model.classifier import TextClassifier

EpochValues = dict[tuple[str, str], float]  # metrics of a model by (part, metric)
PUBLISHED_CLASSES = 294  # the names of the 309 reviews
PUBLISHED_PARAMETERS = {"fc1": 356_160, "fc2": 19_110}  # weights and biases of each layer, as published
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
        words: Number of words, the inputs of the network.
        classes: Number of classes, the names of the reviews.
        histories: Metrics after each epoch, by the model, then by (part, metric). The metrics are "loss",
            "bitwise_accuracy" and "accuracy", the top-1 accuracy that the published table does not show. Those of the
            training part are of the epoch's own forward pass, as the published code measures them.
    """

    seed: int
    words: int
    classes: int
    histories: dict[str, tuple[EpochValues, ...]]

    @property
    def original(self) -> EpochValues:
        """Metrics of the original after the last epoch."""
        return self.histories["original"][-1]

    @property
    def randomized(self) -> EpochValues:
        """The same metrics of the randomized model."""
        return self.histories["randomized"][-1]

    @property
    def always_no(self) -> float:
        """Bitwise accuracy of always answering "no"."""
        return self.trivial["bitwise_accuracy"]

    @property
    def trivial(self) -> dict[str, float]:
        """What trivial models reach, by metric; see `trivial_metrics`."""
        return trivial_metrics(self.classes)

    @property
    def parameters(self) -> dict[str, int]:
        """Number of parameters of each layer."""
        return PUBLISHED.model.parameters(self.words, self.classes)


def trivial_metrics(classes: int) -> dict[str, float]:
    """What trivial models reach, by metric: 1 / classes for each name, always "no", and a uniform guess.

    Args:
        classes: Number of classes.
    """
    return {
        "loss": chance_loss(classes, "bitwise"),
        "bitwise_accuracy": 1 - 1 / classes,
        "accuracy": 1 / classes,
    }


def make_published_split(reviews: Reviews) -> Split:
    """The split of the published experiment: all reviews, labelled with their names.

    Raises:
        DataError: The file has no name column.
    """
    from forgetting.experiment.pipeline import prepare

    return prepare(PUBLISHED, reviews)


def run_published_seed(split: Split, seed: int) -> PublishedRun:
    """Train both models of the published protocol with one seed, and measure them after each epoch."""
    from forgetting.experiment.pipeline import build_model, draw_published_randomized

    recipe = replace(PUBLISHED, seed=seed)
    models = {"original": build_model(recipe, split), "randomized": draw_published_randomized(recipe, split)}
    histories = {name: _train_by_epoch(recipe, split, model) for name, model in models.items()}
    return PublishedRun(seed, len(split.words), len(split.classes), histories)


def _train_by_epoch(recipe: Recipe, split: Split, model: TextClassifier) -> tuple[EpochValues, ...]:
    """The metrics of a model after each epoch of its training."""
    import torch

    from forgetting.experiment.pipeline import make_trainer
    from forgetting.metrics.formulas import bitwise_accuracy

    trainer, history = make_trainer(recipe, split, model), []
    while trainer.epochs_left:
        trainer.advance(epochs=1)
        with torch.no_grad():
            validation_logits = trainer.model(split.validation.model_inputs)
        values = {}
        for part, logits in (("training", trainer.training_logits), ("validation", validation_logits)):
            measured = getattr(trainer.history[-1], part)
            values[part, "loss"] = measured.loss
            values[part, "bitwise_accuracy"] = bitwise_accuracy(logits.sigmoid(), split.parts[part].targets).item()
            values[part, "accuracy"] = measured.accuracy
        history.append(values)
    return tuple(history)


def rerun_published(reviews: Reviews, seeds: int) -> Iterator[PublishedRun]:
    """The published experiment with the seeds 0 to seeds − 1, one after the other.

    Args:
        reviews: The reviews of the original file, with names.
        seeds: Number of seeds.

    Raises:
        DataError: The reviews have no names.
        RecipeError: `seeds` is below 1.
    """
    if seeds < 1:
        raise RecipeError(f"seeds must be at least 1; got {seeds}.")
    split = make_published_split(reviews)
    return (run_published_seed(split, seed) for seed in range(seeds))


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
    reruns = []
    for rerun in rerun_published(reviews, seeds):
        reruns.append(rerun)
        if progress:
            progress(len(reruns), seeds)
    return reruns


def summarize_runs(reruns: Sequence[PublishedRun]) -> dict:
    """The published table beside the median, minimum and maximum of re-runs, as nested plain values.

    `always_no` is the bitwise accuracy of a model that always answers "no".
    `within` says of each published value whether it lies in the middle 95 % of REFERENCE_SEEDS seeds on the original
    file. That it does is weak evidence: the ranges are wide, and are also those of similar experiments.
    `place` says where it lies among these re-runs: "between" the smallest and the largest, "below" or "above" all.
    `outside_by_chance` is the probability that a value is below or above all where the published run is one more of
    the same kind, 2 / (re-runs + 1): each place among them is then equally likely.
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
            found, value = spread[model][key], published[key]
            place = "below" if value < found["min"] else "above" if value > found["max"] else "between"
            found |= {"within": inside, "place": place}
    return {
        "published": {model: _nested(PUBLISHED_TABLE[model]) for model in PUBLISHED_MODELS},
        **{model: _nested(spread[model]) for model in PUBLISHED_MODELS},
        "within": {model: _nested(within[model]) for model in PUBLISHED_MODELS},
        "reference": {model: _nested(REFERENCE_RANGES[model]) for model in PUBLISHED_MODELS},
        "always_no": reruns[0].always_no,
        "trivial": reruns[0].trivial,
        "parameters": {"published": PUBLISHED_PARAMETERS, "here": reruns[0].parameters},
        "outside_by_chance": 2 / (len(reruns) + 1),
        "seeds": len(reruns),
    }


def _nested(values: dict[tuple[str, str], object]) -> dict[str, dict]:
    parts: dict[str, dict] = {}
    for (part, metric), value in values.items():
        parts.setdefault(part, {})[metric] = value
    return parts
