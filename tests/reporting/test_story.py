"""Which choice the numbers of a scene decide for, and that they decide for none where they do not tell."""

import re

import numpy as np
import pytest
from reporting_cases import BASELINES, comparison, scores

from forgetting.metrics.comparisons import measure_forgetting
from forgetting.recipe.plans import Sweep
from forgetting.reporting.story import LITTLE, MUCH, answer_fraction, answer_matched
from forgetting.studies.evaluation import SWEEP_METRICS, Hits, SweepRow
from forgetting.studies.sweep import SweepResult


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [(0.8, 0.79, 0), (0.8, 0.5, 1), (0.8, 0.2, 2), (0.8, 0.74, None), (0.8, 0.3, None), (0.4, 0.1, None)],
)
def test_how_much_is_left_is_decided_where_the_whole_interval_lies_in_one_of_three(before, after, right):
    found = comparison(scores(before), scores(after))
    found.forgetting["validation"] = measure_forgetting(before, after, BASELINES.chance)
    answer = answer_fraction(found, BASELINES, 0.6)
    assert answer.right == right
    change = found.changes["validation"]
    ends = [-end / (before - BASELINES.chance) for end in (change.high, change.low)]
    inside = [all(low <= end <= high for end in ends) for low, high in ((-9, LITTLE), (LITTLE, MUCH), (MUCH, 9))]
    if before > 0.4:
        assert (inside.index(True) if any(inside) else None) == right
        assert len(re.findall("nearly everything|some of it|hardly anything", answer.text)) == (1 if any(inside) else 2)
    else:
        assert "do not show" in answer.text


def matched(shares: dict[str, float], reviews: int) -> SweepResult:
    """Of both schemes, the first reviews are right in each seed, but for some noise."""
    draw, rows = np.random.default_rng(0), []
    before = np.ones(reviews, dtype=bool)
    for scheme, share in shares.items():
        for seed in range(3):
            right = draw.permutation(reviews) < share * reviews
            packed = (np.packbits(one).tobytes() for one in (right, before))
            metrics = dict.fromkeys(SWEEP_METRICS, 0.5) | {"accuracy": float(right.mean()), "accuracy_before": 1.0}
            kept = Hits(reviews, *packed, 0.25)
            row = (
                "fc1",
                1.0,
                0.3,
                scheme,
                "weight",
                seed,
                1.0,
                1.0,
                0.25,
                {"training": metrics, "validation": metrics},
            )
            rows.append(SweepRow(*row, part_hits={"validation": kept}))
    return SweepResult(Sweep(seeds=3, match="change"), tuple(rows))


@pytest.mark.parametrize(
    ("normal", "reinit", "reviews", "right"),
    [(0.3, 0.8, 200, 0), (0.8, 0.3, 200, 2), (0.99, 0.99, 2_000, 1), (0.6, 0.7, 10, None), (0.7, 0.6, 10, None)],
)
def test_which_scheme_costs_more_is_decided_where_the_reviews_and_seeds_tell(normal, reinit, reviews, right):
    answer = answer_matched(matched({"reinit": reinit, "normal": normal}, reviews), BASELINES)
    assert answer.right == right
    assert ("costs more." in answer.text) == (right == 0)
    assert ("do not tell" in answer.text) == (right is None)
