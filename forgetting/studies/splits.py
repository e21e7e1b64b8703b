"""The accuracy over several splits of the reviews, which one split may show too high or too low by luck."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forgetting.experiment.pipeline import make_trainer
from forgetting.metrics.baselines import find_majority
from forgetting.metrics.nested import corrected_interval
from forgetting.metrics.scores import top_1_accuracy
from forgetting.model.split import Split, make_split
from forgetting.model.trainer import SLICE_SECONDS
from forgetting.recipe.plans import replicate_seeds
from forgetting.recipe.recipe import Recipe


@dataclass(frozen=True)
class SplitAccuracy:
    """A model trained and measured on one split.

    Attributes:
        seed: Seed of the split.
        accuracy: Validation accuracy, None where the model's outputs are not finite.
        majority: Validation accuracy of always naming the training part's most frequent class.
        reviews: Number of validation reviews.
        training: Number of reviews trained on.
    """

    seed: int
    accuracy: float | None
    majority: float
    reviews: int
    training: int


@dataclass(frozen=True)
class SplitsSummary:
    """Accuracy over splits.

    Attributes:
        splits: Number of splits with an accuracy.
        mean: Mean validation accuracy; None where there is none.
        sd: Standard deviation between splits; None of fewer than 2.
        low: Lower end of the 95 % interval of the mean, see `corrected_interval`; None of fewer than 2.
        high: Its upper end.
        majority: Mean accuracy of naming the largest class; None where there is none.
        above: Interval of the accuracy less that of naming the largest class; None of fewer than 2.
    """

    splits: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    majority: float | None
    above: tuple[float, float] | None


def each_split(split: Split, recipe: Recipe, count: int) -> Iterator[tuple[int, Split]]:
    """Splits of the same reviews, each with its seed: the one there is, and those of the seeds after its own.

    Args:
        split: The split of the recipe's seed.
        recipe: The recipe.
        count: How many splits.

    Raises:
        RecipeError: The seeds run out of range.
    """
    first, *others = replicate_seeds("split", recipe.split.seed, count)
    yield first, split
    for seed in others:
        yield seed, make_split(split.reviews, replace(recipe.split, seed=seed), max_tokens=recipe.model.tokens)


def accuracy_over_splits(split: Split, recipe: Recipe, count: int = 10) -> Iterator[list[SplitAccuracy]]:
    """Train a model on each of several splits and measure it, in slices of a fraction of a second.

    All but the split is the recipe's, so the first model is the recipe's own.

    Args:
        split: The split of the recipe's seed.
        recipe: All settings.
        count: Number of splits.

    Yields:
        What is done since the last slice; empty while a model is trained.
    """
    for seed, other in each_split(split, recipe, count):
        yield []
        trainer = make_trainer(recipe, other, record_history=False)
        while trainer.epochs_left:
            trainer.advance(SLICE_SECONDS)
            yield []
        part = other.validation
        accuracy = top_1_accuracy(trainer.model, part)
        majority = float((part.targets == find_majority(other)).double().mean())
        known = None if math.isnan(accuracy) else accuracy
        yield [SplitAccuracy(seed, known, majority, len(part), len(other.training))]


def summarize_splits(found: Sequence[SplitAccuracy]) -> SplitsSummary:
    """Mean, spread and interval of the accuracy over splits."""
    known = [one for one in found if one.accuracy is not None]
    accuracies = np.array([one.accuracy for one in known])
    majority = np.array([one.majority for one in known])
    mean = float(accuracies.mean()) if known else None
    average = float(majority.mean()) if known else None
    if len(known) < 2:
        return SplitsSummary(len(known), mean, None, None, None, average, None)
    share = known[0].reviews / known[0].training
    low, high = corrected_interval(accuracies, share)
    above = corrected_interval(accuracies - majority, share)
    sd = float(accuracies.std(ddof=1))
    return SplitsSummary(len(known), mean, sd, max(low, 0.0), min(high, 1.0), average, above)
