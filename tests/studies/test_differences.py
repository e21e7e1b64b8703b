"""Layer sets and schemes compared in pairs: against plain arithmetic, and that luck alone shows nothing."""

import numpy as np
import pytest

from forgetting.metrics.multiplicity import holm
from forgetting.studies.differences import compare_pairs
from forgetting.studies.evaluation import Hits, SweepRow

BEFORE = np.ones(40, dtype=bool)


def row_of(layers: str, seed: int, hits: np.ndarray, split: int = 0) -> SweepRow:
    kept = Hits(len(hits), np.packbits(hits).tobytes(), np.packbits(np.ones(len(hits), dtype=bool)).tobytes(), 0.25)
    return SweepRow(
        layers, 1.0, 1.0, "zero", "weight", seed, 1.0, 1.0, 0.25, {}, split=split, part_hits={"validation": kept}
    )


def rows_of(rates: dict[str, float], reviews: int, seeds: int, source: int) -> list[SweepRow]:
    draw = np.random.default_rng(source)
    return [
        row_of(layers, seed, draw.random(reviews) < rate) for layers, rate in rates.items() for seed in range(seeds)
    ]


def test_a_difference_is_that_of_the_accuracies_of_each_seed():
    rows = rows_of({"fc1": 0.8, "fc2": 0.3, "fc3": 0.3}, 40, 5, 0)
    found = compare_pairs(rows)
    assert [(pair.first, pair.second) for pair in found] == [("fc1", "fc2"), ("fc1", "fc3"), ("fc2", "fc3")]
    accuracies = {row.layers: [] for row in rows}
    for row in rows:
        accuracies[row.layers].append(row.hits.unpack()[1].mean())
    for pair in found:
        assert pair.change == pytest.approx(np.median(np.subtract(accuracies[pair.second], accuracies[pair.first])))
        assert (pair.reviews, pair.seeds, pair.splits) == (40, 5, 1)
    assert [pair.adjusted for pair in found] == holm([pair.p for pair in found]).tolist()
    assert [pair.decided for pair in found] == [True, True, False]


@pytest.mark.parametrize("reviews", [1, 2, 4])
def test_few_reviews_show_nothing_even_where_all_of_them_differ(reviews):
    rows = [row_of(layers, seed, np.full(reviews, layers == "fc1")) for layers in ("fc1", "fc2") for seed in range(3)]
    (pair,) = compare_pairs(rows)
    assert (pair.change, pair.decided) == (-1.0, False)


def test_seeds_are_paired_and_rows_without_hits_are_left_out():
    hits = BEFORE.copy()
    hits[:20] = False
    rows = [row_of("fc1", 0, hits), row_of("fc2", 0, ~hits), row_of("fc2", 1, BEFORE)]
    assert compare_pairs(rows)[0].change == 0  # the seed that one alone has does not count
    without = SweepRow("fc3", 1.0, 1.0, "zero", "weight", 0, 1.0, 1.0, 0.25, {})
    assert len(compare_pairs([*rows, without])) == 1
    assert compare_pairs([without]) == ()


def test_of_sets_that_are_alike_hardly_any_study_shows_one_to_leave_less():
    wrong = 0
    for source in range(200):
        rows = rows_of(dict.fromkeys(("fc1", "fc2", "fc3"), 0.5), 60, 5, source)
        wrong += any(pair.decided for pair in compare_pairs(rows))
    assert wrong <= 200 * (0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5)
