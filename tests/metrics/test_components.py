"""Variance components against a plain analysis of variance, known worlds, and the remedies by hand."""

import numpy as np
import pytest

from forgetting.metrics import components
from forgetting.metrics.components import Component, crossed_means, remedies, variance_components


def world(source, seeds, reviews, spread=(1.0, 1.0, 1.0)):
    """Values of two doses: effects of reviews, of seeds and of both, with these standard deviations."""
    sizes = [(2, 1, reviews), (2, seeds, 1), (2, seeds, reviews)]
    return sum(sd * source.standard_normal(size) for sd, size in zip(spread, sizes, strict=True))


def test_mean_squares_are_those_of_a_plain_analysis_of_variance():
    table = world(np.random.default_rng(0), 4, 7)
    found = crossed_means(table)
    for one, other in ((0, 0), (0, 1), (1, 1)):
        a, b = (table[place] - table[place].mean() for place in (one, other))
        rows, columns = ((a.mean(axis) * b.mean(axis)).sum() for axis in (1, 0))
        rest = [values - values.mean(1)[:, None] - values.mean(0) for values in (a, b)]
        assert found.between_replicates[one, other] == pytest.approx(7 * rows / 3)
        assert found.between_reviews[one, other] == pytest.approx(4 * columns / 6)
        assert found.within[one, other] == pytest.approx((rest[0] * rest[1]).sum() / 18)
    assert found.replicates == pytest.approx(table.mean(2))
    assert (found.means, found.count) == (pytest.approx(table.mean((1, 2))), 4)


def test_some_reviews_at_a_time_give_the_same(monkeypatch):
    hits = np.random.default_rng(1).random((3, 4, 50)) < 0.6
    whole = crossed_means(hits)
    monkeypatch.setattr(components, "REVIEWS_AT_ONCE", 60)  # five of them
    for name in ("replicates", "between_reviews", "between_replicates", "within"):
        assert getattr(crossed_means(hits), name) == pytest.approx(getattr(whole, name))


def test_components_are_those_of_the_world():
    source, spread = np.random.default_rng(2), (2.0, 1.0, 3.0)
    found = [
        variance_components([crossed_means(world(source, 5, 30, spread))], np.array([1.0, 0.0])) for _ in range(400)
    ]
    means = np.mean([[part.variance for part in parts] for parts in found], axis=0)
    assert [part.source for part in found[0]] == ["reviews", "draw", "both"]
    assert means == pytest.approx([4 / 30, 1 / 5, 9 / 150], rel=0.1)


def test_over_splits_there_is_a_part_of_the_split():
    source = np.random.default_rng(3)
    totals = np.zeros(5)
    for _ in range(300):
        splits = [crossed_means(world(source, 4, 25) + 0.5 * source.standard_normal()) for _ in range(6)]
        parts = variance_components(splits, np.array([1.0, 0.0]), replicates="training", share=0.5)
        totals += [part.variance for part in parts]
    assert [part.source for part in parts] == ["reviews", "training", "both", "split", "overlap"]
    assert totals / 300 == pytest.approx(np.array([1 / 25, 1 / 4, 1 / 100, 0.25, 0.55 * 0.5 * 6]) / 6, rel=0.25)


def test_of_one_replicate_only_the_reviews_can_be_told():
    (part,) = variance_components([crossed_means(np.array([[[True, False, True, True]]]))], np.ones(1))
    assert (part.source, part.variance) == ("reviews", pytest.approx(0.25 / 4))  # the sample variance is 1 / 4


def test_remedies_by_hand():
    parts = (
        Component("reviews", 6.0, ("reviews",)),
        Component("draw", 3.0, ("seeds",)),
        Component("both", 1.0, ("reviews", "seeds")),
    )
    ways = remedies(parts, {"reviews": 100, "seeds": 5, "splits": 1}, {"seeds": 2.0, "splits": 60.0})
    assert [way.of for way in ways] == ["seeds", "splits", "reviews"]  # what costs no computing comes last
    seeds, splits, reviews = ways
    assert (seeds.needed, seeds.least) == (None, pytest.approx(0.6**0.5))
    assert (reviews.needed, reviews.least) == (None, pytest.approx(0.3**0.5))
    assert (splits.needed, splits.least, splits.gain) == (None, 1.0, 0.0)
    (way,) = remedies(parts[:1], {"reviews": 100})
    assert (way.needed, way.least) == (400, 0.0)  # half as wide takes four times as many
