"""Which layer to unlearn in: ranked by a plain loop over reviews, and against worlds whose truth is known."""

from types import SimpleNamespace

import numpy as np
import pytest

from forgetting.core.errors import DataError
from forgetting.metrics.crossed import crossed_change
from forgetting.studies.evaluation import Hits
from forgetting.unlearning.layer_choice import rank_layers

KNOWN = ("fc1", "fc2", "fc3")
SIZES = {"forget": 40, "retain": 120}
DOSES = (0.0, 0.5, 1.0)


def row_of(layers, seed, dose, hits, *, scheme="reinit"):
    """A row that knows which reviews of both sets are right, (2, reviews) before and after."""
    packed = {
        name: Hits(found.shape[1], np.packbits(found[1]).tobytes(), np.packbits(found[0]).tobytes(), 0.25)
        for name, found in hits.items()
    }
    parts = {name: {"majority": 0.3} for name in hits}
    return SimpleNamespace(
        layers=layers,
        seed=seed,
        planned_dose=dose,
        part_hits=packed,
        parts=parts,
        scheme=scheme,
        unit="weight",
        chance=0.25,
    )


def world(rates, *, seeds=4, seed=0, before=1.0):
    """Rows in which a randomized layer set makes mistakes at its own rate in each set, by chance.

    Args:
        rates: By layer set, the shares of the forget and of the retain set that dose 1 takes.
        seeds: Number of replicates.
        seed: Of this world.
        before: Share that the original has right.
    """
    draws, rows = np.random.default_rng(seed), []
    intact = {name: draws.random(size) < before for name, size in SIZES.items()}
    for replicate in range(seeds):
        for layers, own in rates.items():
            levels = {name: draws.random(size) for name, size in SIZES.items()}
            for dose in DOSES:
                hits = {
                    name: np.stack([intact[name], intact[name] & (levels[name] >= rate * dose)])
                    for name, rate in zip(SIZES, own, strict=True)
                }
                rows.append(row_of(layers, replicate, dose, hits))
    return rows


def test_losses_are_those_of_a_plain_loop():
    rates = {"fc1": (0.6, 0.2), "fc2": (0.3, 0.3), "fc1+fc2+fc3": (0.9, 0.9)}
    rows = world(rates, before=0.9)
    ranking = rank_layers(rows, KNOWN)
    assert (ranking.scheme, ranking.fractions, ranking.seeds, ranking.reviews) == ("reinit", 2, 4, SIZES)
    lost = {}  # by layer set and side, of each seed and review
    for layers in rates:
        for side, size in SIZES.items():
            for seed in range(4):
                for review in range(size):
                    total = 0
                    for row in rows:
                        if (row.layers, row.seed) == (layers, seed) and row.planned_dose > 0:
                            before, after = row.part_hits[side].unpack()
                            total += int(before[review]) - int(after[review])
                    lost[layers, side, seed, review] = total / 2
    for loss in ranking.losses:
        sides = [
            np.array([[lost[loss.layers, side, seed, review] for review in range(size)] for seed in range(4)])
            for side, size in SIZES.items()
        ]
        assert loss.forget.change == pytest.approx(sides[0].mean())
        assert loss.retain.change == pytest.approx(sides[1].mean())
        assert loss.excess.change == pytest.approx(sides[0].mean() - sides[1].mean())
        expected = crossed_change(
            sides[0].mean(1) - sides[1].mean(1), sides[0], -sides[1], level=1 - 0.05 / 3
        )  # of three layer sets
        assert loss.together == pytest.approx((expected.low, expected.high))
        assert loss.together[0] < loss.excess.low < loss.excess.high < loss.together[1]
    assert ranking.before["retain"] == pytest.approx(0.9, abs=0.06)


def test_the_layer_that_holds_the_forget_set_comes_first_and_the_whole_model_is_no_choice():
    ranking = rank_layers(world({"fc2": (0.3, 0.3), "fc1": (0.7, 0.2), "fc1+fc2+fc3": (1.0, 0.0)}), KNOWN)
    assert [loss.layers for loss in ranking.losses] == ["fc1+fc2+fc3", "fc1", "fc2"]
    assert [loss.layers for loss in ranking.candidates] == ["fc1", "fc2"]
    assert ranking.best.names == ("fc1",)
    assert ranking.best.selective
    assert ranking.best.behind is None
    assert not ranking.candidates[1].selective
    assert ranking.ties == ()


def test_a_module_that_holds_all_layers_is_the_whole_model():
    known = ("words", "blocks.0.up", "blocks.0.down")
    ranking = rank_layers(world({"words+blocks": (0.5, 0.2), "blocks": (0.5, 0.2), "block": (0.5, 0.2)}), known)
    assert {loss.layers: loss.whole for loss in ranking.losses} == {
        "words+blocks": True,
        "blocks": False,
        "block": False,
    }


def test_where_no_layer_is_apart_one_is_rarely_said_to_be():
    """Eight alike layers in 200 worlds: in 5 % of them at most one is called selective, or another behind."""
    rates = {f"layer{number}": (0.4, 0.4) for number in range(8)}
    found = [rank_layers(world(rates, seeds=3, seed=seed), KNOWN) for seed in range(200)]
    wrong = sum(any(loss.p <= 0.05 for loss in ranking.losses) for ranking in found)
    assert wrong <= 10
    untied = sum(bool(len(ranking.ties) < 7) for ranking in found)
    assert untied <= 10  # although the best was picked by its luck


def test_a_stopped_sweep_is_ranked_by_what_all_layer_sets_have():
    rows = world({"fc1": (0.7, 0.2), "fc2": (0.3, 0.3)})
    whole = rank_layers([row for row in rows if row.seed < 3], KNOWN)
    stopped = rank_layers([row for row in rows if row.seed < 3 or row.layers == "fc1"], KNOWN)
    assert stopped.seeds == 3
    assert [loss.excess for loss in stopped.losses] == [loss.excess for loss in whole.losses]


def test_what_cannot_be_ranked_is_refused():
    rows = world({"fc1": (0.7, 0.2)})
    with pytest.raises(DataError, match="keep none"):
        rank_layers([SimpleNamespace(planned_dose=0.5, part_hits={})], KNOWN)
    with pytest.raises(DataError, match="keep none"):
        rank_layers([row for row in rows if row.planned_dose == 0], KNOWN)
    single = {name: np.ones((2, count), dtype=bool) for name, count in (("forget", 1), ("retain", 9))}
    with pytest.raises(DataError, match="at least 2 reviews of each set; the forget set has 1, the retain set 9"):
        rank_layers([row_of("fc1", 0, 1.0, single)], KNOWN)
