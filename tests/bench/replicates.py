"""Worlds of known truth in which several replicates are measured on the same reviews, on one split or several.

On one split a path from 0 to 1 leads from an original to randomized models. A model classifies a review correctly at a
dose d where √a·difficulty + √(1 − a)·(cos(πd/2)·own + sin(πd/2)·drawn) lies below the quantile of its accuracy there;
`drawn` has a part that all reviews of a draw share. So each draw's accuracy over endlessly many reviews is known, and
its median over draws too. Over several splits a classifier of nearest centroids learns from points of two classes, and
a large number of other draws tells how often it is right.
"""

from functools import lru_cache
from types import SimpleNamespace

import numpy as np
from scipy.stats import norm

from forgetting.metrics.nested import corrected_interval
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.studies.differences import compare_pairs
from forgetting.studies.evaluation import Hits
from forgetting.studies.nested import nested_curves
from forgetting.studies.splits import SplitAccuracy, summarize_splits
from tests.bench.worlds import ALIKE, Random

CHANCE, BEFORE = 0.1, 0.8
DOSES = np.linspace(0, 1, 4)


def draw_paths(
    random: Random, seeds: int, reviews: int, accuracies: np.ndarray, shared: float, *, own: bool = False
) -> np.ndarray:
    """Hits at DOSES, (doses, seeds, reviews), of draws whose accuracies have these medians, (doses,).

    shared: part of what is drawn that all reviews of a draw share. own: whether each replicate has its own original,
    which then has a part that all reviews share, too.
    """
    models = seeds if own else 1
    difficulty = random.standard_normal(reviews)
    first, second = random.standard_normal((models, reviews)), random.standard_normal((seeds, reviews))
    drawn = np.sqrt(shared) * random.standard_normal((seeds, 1)) + np.sqrt(1 - shared) * second
    trained = np.sqrt(1 - shared) * first + np.sqrt(shared) * random.standard_normal((models, 1)) if own else first
    angle = (np.pi / 2 * DOSES)[:, None, None]
    rest = np.cos(angle) * trained + np.sin(angle) * drawn
    common = (1 - ALIKE) * shared * (1.0 if own else np.sin(angle) ** 2)  # variance that all reviews share
    limit = norm.ppf(accuracies)[:, None, None] * np.sqrt(1 - common)
    return np.sqrt(ALIKE) * difficulty + np.sqrt(1 - ALIKE) * rest < limit


def make_rows(hits: np.ndarray, doses: np.ndarray, split: int = 0, share: float = 0.25) -> list[SimpleNamespace]:
    """Rows of a sweep, as far as intervals read them; hits: (doses, seeds, reviews), from the original's on."""
    packed = np.packbits(hits, axis=2)
    return [
        SimpleNamespace(
            **{"layers": "fc1", "scheme": "reinit", "unit": "weight", "chance": CHANCE, "split": split, "seed": seed},
            planned_dose=float(dose),
            hits=Hits(hits.shape[2], packed[place, seed].tobytes(), packed[0, seed].tobytes(), share),
        )
        for place, dose in enumerate(doses)
        for seed in range(hits.shape[1])
    ]


def medians_of(steepness: float) -> np.ndarray:
    """Median accuracies at DOSES, which fall from BEFORE to CHANCE with a power of the dose."""
    return CHANCE + (BEFORE - CHANCE) * (1 - DOSES**steepness)


@lru_cache(maxsize=64)
def read_curves(
    count: int, reviews: int, seeds: int, *, own: bool = False, flat: bool = False
) -> dict[str, np.ndarray]:
    """What holds of the curves of sweeps, by name, (worlds,); flat: of those that randomizing does not change."""
    random, found = np.random.default_rng(1885), []
    middle = len(DOSES) // 2
    for steepness, shared in zip(random.uniform(0.7, 3, count), random.uniform(0, 0.3, count), strict=True):
        truths = np.full(len(DOSES), BEFORE) if flat else medians_of(steepness)
        hits = draw_paths(random, seeds, reviews, truths, shared, own=own)
        rows = make_rows(hits, DOSES)
        (curve,) = nested_curves(rows, retrain=own)
        true = {
            "": truths,
            "change_": truths - truths[0],
            "forgetting_": (truths[0] - truths) / (truths[0] - CHANCE),
            "band_": truths,
        }
        inside = {
            name: ((curve.points[f"{name}low"] <= truth) & (truth <= curve.points[f"{name}high"])).to_numpy()
            for name, truth in true.items()
        }
        half = np.interp(-(CHANCE + BEFORE) / 2, -truths, DOSES)
        low, high = curve.half_way
        found.append(
            {
                "accuracy": inside[""][middle],
                "change": inside["change_"][middle],
                "forgetting": inside["forgetting_"][middle],
                "band": inside["band_"].all(),
                "half-way": (low is None or low <= half) and (high is None or half <= high),
                "found": curve.points["change_p"].iloc[middle] <= SIGNIFICANT,
            }
        )
    return {name: np.array([each[name] for each in found]) for name in found[0]}


def differences_decided(random: Random, count: int, reviews: int, seeds: int, *, lower: float) -> np.ndarray:
    """Whether any of three pairs of layer sets is said to differ, of which the third leaves so much less accuracy."""
    found = []
    for truth, shared in zip(random.uniform(0.5, 0.9, count), random.uniform(0, 0.3, count), strict=True):
        difficulty = random.standard_normal(reviews)
        rows = []
        for name, accuracy in (("fc1", truth), ("fc2", truth), ("fc3", truth - lower)):
            drawn = np.sqrt(shared) * random.standard_normal((seeds, 1))
            drawn = drawn + np.sqrt(1 - shared) * random.standard_normal((seeds, reviews))
            limit = norm.ppf(accuracy) * np.sqrt(1 - (1 - ALIKE) * shared)
            hits = np.sqrt(ALIKE) * difficulty + np.sqrt(1 - ALIKE) * drawn < limit
            some = make_rows(hits[None], np.ones(1))
            rows += [SimpleNamespace(**(vars(row) | {"layers": name})) for row in some]
        found.append(any(pair.decided for pair in compare_pairs(rows)))
    return np.array(found)


# Several splits.

APART, FEATURES, VALIDATION = 1.0, 10, 0.2


def train_centroids(random: Random, points: np.ndarray, labels: np.ndarray, splits: int) -> list[tuple]:
    """For each split its validation rows, and the direction and offset of the classifier of the other rows."""
    models = []
    for _ in range(splits):
        order = random.permutation(len(points))
        validation, training = np.split(order, [round(VALIDATION * len(points))])
        models.append((validation, *centroids(points[training], labels[training])))
    return models


def centroids(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    means = np.stack([points[labels == label].mean(axis=0) for label in (0, 1)])
    direction = means[1] - means[0]
    return direction, direction @ means.mean(axis=0)


def draw_points(random: Random, reviews: int) -> tuple[np.ndarray, np.ndarray]:
    """As many points of either class; the second class lies APART from the first along one axis."""
    labels = np.arange(reviews) % 2
    points = random.standard_normal((reviews, FEATURES))
    points[:, 0] += APART * labels
    return points, labels


def true_accuracy(direction: np.ndarray, offset: float) -> float:
    length = np.linalg.norm(direction)
    return float(norm.cdf([offset / length, (APART * direction[0] - offset) / length]).mean())


@lru_cache
def true_accuracies(reviews: int) -> tuple[float, float]:
    """Of classifiers of fresh training parts: the mean, and the median after a randomization by `disturb`."""
    random, size = np.random.default_rng(7), reviews - round(VALIDATION * reviews)
    models = [centroids(*draw_points(random, size)) for _ in range(4_000)]
    disturbed = [true_accuracy(disturb(random, direction), offset) for direction, offset in models]
    return float(np.mean([true_accuracy(*model) for model in models])), float(np.median(disturbed))


def disturb(random: Random, direction: np.ndarray) -> np.ndarray:
    return direction + 0.5 * np.linalg.norm(direction) * random.standard_normal(FEATURES) / np.sqrt(FEATURES)


def splits_cover(random: Random, count: int, reviews: int, splits: int) -> np.ndarray:
    """The accuracy that training on so many reviews gives, of all splits; reviews: of the validation part."""
    total = round(reviews / VALIDATION)
    truth, found = true_accuracies(total)[0], []
    for _ in range(count):
        points, labels = draw_points(random, total)
        accuracies = [
            SplitAccuracy(
                seed, float(((points[rows] @ direction > offset) == labels[rows]).mean()), 0.5, reviews, total - reviews
            )
            for seed, (rows, direction, offset) in enumerate(train_centroids(random, points, labels, splits))
        ]
        summary = summarize_splits(accuracies)
        assert (summary.low, summary.high) == tuple(
            np.clip(corrected_interval([one.accuracy for one in accuracies], reviews / (total - reviews)), 0, 1)
        )
        found.append(summary.low <= truth <= summary.high)
    return np.array(found)


def split_curve_covers(random: Random, count: int, reviews: int, splits: int) -> np.ndarray:
    """The median accuracy of disturbed models, three on each split, over all splits."""
    total = round(reviews / VALIDATION)
    truth, found = true_accuracies(total)[1], []
    for _ in range(count):
        points, labels = draw_points(random, total)
        rows = []
        for split, (part, direction, offset) in enumerate(train_centroids(random, points, labels, splits)):
            directions = np.stack([[direction] * 3, [disturb(random, direction) for _ in range(3)]])
            hits = (points[part] @ directions[..., None] > offset)[..., 0] == labels[part]  # (doses, seeds, reviews)
            rows += make_rows(hits, np.array([0.0, 1.0]), split, reviews / (total - reviews))
        (curve,) = nested_curves(rows)
        point = curve.points.iloc[1]
        found.append(point["low"] <= truth <= point["high"])
    return np.array(found)
