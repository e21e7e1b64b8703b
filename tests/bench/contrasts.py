"""Worlds of known truth in which models of two kinds, some of each, are measured on the same reviews.

A review has its difficulty, and a model its own luck: with all reviews alike, and with each review anew.
"""

import numpy as np
from scipy.stats import norm

from forgetting.metrics.crossed import (
    CrossedChange,
    area_change,
    crossed_change,
    crossed_share_interval,
    smallest_area_change,
)
from forgetting.recipe.explanation import Explanation
from forgetting.studies.explanation_rows import ExplanationResult, ExplanationRow
from forgetting.studies.sanity_check import CONCLUDED, conclude_sanity_check
from tests.bench.worlds import Random

OF_MODELS, OF_BOTH = 0.3, 0.7  # standard deviations of a model's luck; that of difficulty is 1
EACH = np.hypot(1.0, OF_BOTH)  # of one review's loss among those of one model


def draw_losses(random: Random, models: int, reviews: int, shifts: tuple[float, ...]) -> tuple[np.ndarray, ...]:
    """Losses of some kinds of models on the same reviews, (models, reviews) each, whose means are the shifts."""
    difficulty = random.standard_normal(reviews)
    return tuple(
        difficulty
        + shift
        + OF_MODELS * random.standard_normal((models, 1))
        + OF_BOTH * random.standard_normal((models, reviews))
        for shift in shifts
    )


def accuracy_changes(random: Random, reviews: int, models: int, shift: float) -> tuple[CrossedChange, float]:
    """The change of accuracy, and the true one, of models whose losses are larger by `shift`."""
    right = [losses < 0.7 for losses in draw_losses(random, models, reviews, (0.0, shift))]
    gaps = right[1].astype(float) - right[0]
    truth = np.diff(norm.cdf((0.7 - np.array([0.0, shift])) / np.hypot(EACH, OF_MODELS)))[0]
    return crossed_change(gaps.mean(axis=1), gaps), truth


def area_changes(random: Random, reviews: int, models: int, shift: float) -> tuple[CrossedChange, float]:
    """The same of an attack's area, of as many members as non-members; the shift is that of the members' losses."""
    members = draw_losses(random, models, reviews, (-0.2, -0.2 + shift))
    others = draw_losses(random, models, reviews, (0.0, 0.0))
    spread = np.sqrt(2 * (EACH**2 + OF_MODELS**2))
    truth = np.diff(norm.cdf(-np.array([-0.2, -0.2 + shift]) / spread))[0]
    return area_change((members[0], others[0]), (members[1], others[1])), truth


CHANGES = {"accuracy": accuracy_changes, "area": area_changes}


def changes_cover(random: Random, count: int, reviews: int, models: int, *, what: str) -> np.ndarray:
    found = [CHANGES[what](random, reviews, models, shift) for shift in random.uniform(-1, 1, count)]
    return np.array([change.low <= truth <= change.high for change, truth in found])


def changes_are_decided(
    random: Random, count: int, reviews: int, models: int, *, what: str, shift: float
) -> np.ndarray:
    return np.array([CHANGES[what](random, reviews, models, shift)[0].decided for _ in range(count)])


def share_covers(random: Random, count: int, reviews: int, models: int) -> np.ndarray:
    truth = norm.cdf(0.7 / np.hypot(EACH, OF_MODELS))
    found = [crossed_share_interval(draw_losses(random, models, reviews, (0.0,))[0] < 0.7) for _ in range(count)]
    return np.array([low <= truth <= high for low, high in found])


def sanity_is_concluded(
    random: Random, count: int, reviews: int, seeds: int, *, beyond: float, conclusion: str
) -> np.ndarray:
    """Whether a method, of whose explanations so much more is kept than the input leaves, is called so by mistake."""

    def concluded() -> str:
        similar = {"original": 0.15 + beyond, "random_input": 0.15}
        rows = [
            ExplanationRow(
                "fc1", 1.0, "reinit", seed, "occlusion", reference, reviews, reviews, {}, {}, {CONCLUDED: row}
            )
            for reference, mean in similar.items()
            for seed, row in enumerate(0.2 * draw_losses(random, seeds, reviews, (mean / 0.2, 0.0))[0])
        ]
        for row in rows:
            row.metrics[CONCLUDED] = float(row.by_review[CONCLUDED].mean())
        (found,) = conclude_sanity_check(ExplanationResult(Explanation(), tuple(rows), layers=("fc1",)))
        return found.conclusion

    return np.array([concluded() == conclusion for _ in range(count)])


def smallest_area_is_found(random: Random, count: int, reviews: int) -> np.ndarray:
    """Of one model each, whose ranks are correlated as is assumed."""
    shift = -np.sqrt(2) * norm.ppf(min(0.5 + smallest_area_change(reviews, reviews), 0.999))
    found = []
    for _ in range(count):
        members, others = random.standard_normal((2, reviews)), random.standard_normal((2, reviews))
        common = random.standard_normal((2, reviews))
        losses = [np.sqrt(0.5) * (part + shared) for part, shared in zip((members, others), common, strict=True)]
        before, after = ((losses[0][[place]] + place * shift, losses[1][[place]]) for place in (0, 1))
        found.append(area_change(before, after).decided)
    return np.array(found)
