"""Nested curves of rows with known hits, and how often they hold the truth."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from forgetting.metrics.scores import NOT_FINITE
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.evaluation import SWEEP_METRICS, Hits, SweepRow
from forgetting.studies.nested import NO_HITS, nested_curves, nested_forgetting, nested_half_ways

DOSES = (0.0, 0.25, 0.5, 0.75, 1.0)
CHANCE = 0.2


def row(dose, seed, after, before, split=0, layers="fc1") -> SweepRow:
    packed = (np.packbits(hits).tobytes() for hits in (after, before))
    empty = dict.fromkeys(SWEEP_METRICS)
    return SweepRow(
        *(layers, dose, dose, "zero", "weight", seed, 0.1, 0.1, CHANCE, {"training": empty, "validation": empty}),
        split=split,
        part_hits={} if after is None else {"validation": Hits(len(before), *packed, 0.25)},
    )


def world(source, seeds, reviews, *, splits=1, luck=0.4):
    """Rows of a model that falls with the dose; a review is right where its ease is above how far it fell."""
    found = []
    for split in range(splits):
        ease = source.normal(1.2 + (0.2 * source.standard_normal() if splits > 1 else 0), 1, reviews)
        for seed in range(seeds):
            draw = luck * source.standard_normal()
            found += [row(dose, seed, ease - 3 * dose + draw * (dose > 0) > 0, ease > 0, split) for dose in DOSES]
    return found


def test_an_interval_of_every_dose_and_of_the_half_way_dose():
    rows = world(np.random.default_rng(0), 4, 300)
    (curve,) = nested_curves(rows)
    points = curve.points.set_index("planned_dose")
    for dose, point in points.iterrows():
        accuracies = [row.hits.unpack().mean(1) for row in rows if row.planned_dose == dose]
        before, after = np.median(accuracies, axis=0)
        assert point["band_low"] < point["low"] < after < point["high"] < point["band_high"]
        assert point["change"] == pytest.approx(after - before)
        assert point["change_low"] < after - before < point["change_high"]
        assert point["forgetting_low"] < (before - after) / (before - CHANCE) < point["forgetting_high"]
        assert point["sources"] == ("reviews", "seeds")
    assert points.loc[0.0, "change_p"] == 1
    assert points.loc[1.0, "change_p"] < 1e-6
    assert 0 < curve.half_way[0] < curve.half_way[1] < 1
    assert [part.source for part in curve.components[0.5]] == ["reviews", "draw", "both"]


def test_seeds_with_models_of_their_own_have_the_luck_of_training():
    (curve,) = nested_curves(world(np.random.default_rng(1), 3, 50), retrain=True)
    assert [part.source for part in curve.components[0.5]] == ["reviews", "training", "both"]


def test_over_splits_all_is_wider_and_says_so():
    rows = world(np.random.default_rng(2), 3, 100, splits=4)
    (curve,), (one,) = nested_curves(rows), nested_curves([row for row in rows if not row.split])
    assert curve.points["sources"][0] == ("reviews", "seeds", "splits")
    assert [part.source for part in curve.components[0.0]][-2:] == ["split", "overlap"]
    width, narrow = (found.half_way[1] - found.half_way[0] for found in (curve, one))
    assert width > 0
    assert narrow > 0


def test_where_few_reviews_are_all_right_the_half_way_dose_is_open():
    right, half = np.array([True, True]), np.array([True, False])
    rows = [row(dose, 0, half if dose else right, right, split) for split in range(3) for dose in (0.0, 1.0)]
    assert next(nested_curves(rows)).half_way == (0.0, None)
    assert next(nested_curves(rows[:2])).half_way == (0.0, None)


def test_without_hits_there_is_the_reason():
    rows = [row(dose, 0, None, np.ones(4, bool)) for dose in DOSES]
    (curve,) = nested_curves(rows)
    assert (curve.missing, len(curve.points), curve.half_way) == (NO_HITS, 0, (None, None))
    assert nested_forgetting(rows) == (None, NO_HITS)
    half = HalfWay("fc1", "zero", "weight", 0.4, None, None, 1)
    assert nested_half_ways([half], [curve])[0].missing == NO_HITS
    assert nested_half_ways([half], []) == (half,)
    endless = [replace(row, missing={"validation_accuracy": NOT_FINITE}) for row in rows]
    assert next(nested_curves(endless)).missing == NOT_FINITE
    assert next(nested_curves(endless[:1] + rows[1:])).missing == NO_HITS


def test_a_seed_that_lacks_a_dose_counts_where_it_is():
    rows = world(np.random.default_rng(3), 3, 40)[:-1]
    (curve,) = nested_curves(rows)
    assert len(curve.points) == len(DOSES)
    assert curve.points["band_low"].notna().all()


@pytest.mark.slow
def test_the_half_way_dose_is_held():
    source, right = np.random.default_rng(4), norm.cdf(1.2)
    grid = np.linspace(0, 1, 10_001)
    curve = np.interp(grid, DOSES, [norm.cdf(1.2 - 3 * dose) for dose in DOSES])
    truth = grid[np.argmax(curve <= (right + CHANCE) / 2)]
    held = 0
    for _ in range(60):
        (found,) = nested_curves(world(source, 5, 60))
        low, high = found.half_way
        held += (low or 0) <= truth <= (1 if high is None else high)
    assert held >= 0.9 * 60
