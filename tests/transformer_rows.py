"""Rows of a sweep of a made-up model with the layers of the app's Transformer, each with the accuracy that is asked."""

from collections.abc import Callable, Iterable

import numpy as np

from forgetting.studies.evaluation import Hits, SweepRow

REVIEWS, CHANCE, BEFORE = 240, 1 / 11, 0.83


def rows_of(
    sets: Iterable[str],
    accuracy: Callable[[str, str, float], float],
    *,
    doses: Iterable[float] = (0.0, 0.1, 0.5, 1.0),
    schemes: Iterable[str] = ("reinit",),
    seeds: int = 3,
) -> tuple[SweepRow, ...]:
    """A row for each set, dose, scheme and seed; accuracy(set, scheme, dose) of the made-up reviews are right."""
    before = np.arange(REVIEWS) < round(BEFORE * REVIEWS)
    found = []
    for number, name in enumerate(sets):
        for scheme in schemes:
            for dose in doses:
                for seed in range(seeds):
                    right = round((accuracy(name, scheme, dose) if dose else BEFORE) * REVIEWS)
                    order = np.random.default_rng((number, seed)).permutation(round(BEFORE * REVIEWS))
                    after = before & False
                    after[np.sort(order)[:right] if right >= len(order) else order[:right]] = True
                    found.append(_row(name, scheme, dose, seed, before, after))
    return tuple(found)


def _row(name: str, scheme: str, dose: float, seed: int, before: np.ndarray, after: np.ndarray) -> SweepRow:
    hits = Hits(REVIEWS, np.packbits(after).tobytes(), np.packbits(before).tobytes(), 0.25)
    accuracy, original = float(after.mean()), float(before.mean())
    metrics = {
        "accuracy": accuracy,
        "accuracy_before": original,
        "majority": 0.19,
        "lost": int((before & ~after).sum()),
        "gained": int((after & ~before).sum()),
        "forgetting": (original - accuracy) / (original - CHANCE),
    }
    return SweepRow(
        name,
        dose,
        dose,
        scheme,
        "weight",
        seed,
        dose,
        dose,
        CHANCE,
        {"validation": metrics},
        part_hits={"validation": hits},
    )
