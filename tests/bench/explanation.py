"""The sanity check of explanations against one variant at a time: a copy, `randomize`, `attribute`, scipy's spearmanr.

Both run on the sample in one process, one after the other in each round; the loop does some of the variants, and its
seconds are scaled up. Before a time counts, the mean rank correlation of each of the loop's variants must be the same.
"""

import argparse
import os
import time
from statistics import median

import numpy as np
import torch
from common import print_table
from scipy.stats import spearmanr

from forgetting import MODERN, load_sample
from forgetting.core.seeding import pin_threads
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.results import Trained
from forgetting.model.attribution import attribute
from forgetting.model.split import Split
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.explanation import Explanation
from forgetting.studies.explanation import run_explanation
from forgetting.studies.explanation_rows import ExplanationResult

PLAN = Explanation(layers=("fc1", "fc2", "fc1+fc2"), seeds=5)  # 21 fractions × 3 layer sets × 5 seeds × 4 methods
SOME = PLAN.with_value("doses", (0.0, 0.5, 1.0)).with_value("seeds", 1)
TARGET = 20.0  # seconds for PLAN on two cores


def looped(trained: Trained, split: Split, plan: Explanation) -> dict[tuple[str, float, int, str], tuple[float, float]]:
    """Mean rank correlation, signed and absolute, of each variant and method."""
    inputs, found = split.validation.inputs, {}
    pieces = list(zip(inputs.offsets[:-1].tolist(), inputs.offsets[1:].tolist(), strict=True))
    with torch.no_grad():
        classes = trained.model(inputs).argmax(dim=1)
    before = {method: attribute(trained.model, inputs, classes, method).values.numpy() for method in plan.attributions}
    for layers in plan.layers:
        for dose in plan.doses:
            for seed in plan.sweep.replicates:
                chosen = Randomization(tuple(layers.split("+")), dose, plan.scheme, seed=seed)
                variant = randomize(trained.model, chosen, initial=trained.initial)
                with torch.no_grad():
                    variant(inputs)  # for the change of the prediction
                for method, first in before.items():
                    second = attribute(variant, inputs, classes, method).values.numpy()
                    pairs = [(first[start:end], second[start:end]) for start, end in pieces]
                    signed = [spearmanr(*pair).statistic for pair in pairs]
                    sizes = [spearmanr(*map(np.abs, pair)).statistic for pair in pairs]
                    found[layers, dose, seed, method] = float(np.nanmean(signed)), float(np.nanmean(sizes))
    return found


def check_same_work(result: ExplanationResult, loop: dict) -> None:
    rows = {
        (row.layers, row.dose, row.seed, row.attribution): row for row in result.rows if row.reference == "original"
    }
    for key, means in loop.items():
        metrics = rows[key].metrics
        mine = metrics["rank_correlation"], metrics["absolute_rank_correlation"]
        np.testing.assert_allclose(mine, means, atol=1e-5)
    print(f"Rank correlations of {len(loop)} variants and methods are those of the loop, to 1e-5.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pin_threads()
    split = prepare(MODERN, load_sample())
    trained = train(MODERN, split)
    work = (trained.model, split, PLAN)
    known = MODERN.model.layers
    share = PLAN.count(known) / SOME.count(known)
    rows = run_explanation(*work)
    check_same_work(rows, looped(trained, split, SOME))
    apart = run_explanation(*work, jobs=2)
    assert apart.rows == rows.rows, "one process and two must give the same rows, bit for bit"
    taken = []
    for _ in range(options.rounds):
        marks = [time.perf_counter()]
        for call in (
            lambda: run_explanation(*work),
            lambda: run_explanation(*work, jobs=2),
            lambda: looped(trained, split, SOME),
        ):
            call()
            marks.append(time.perf_counter())
        taken.append(np.diff(marks) * (1, 1, share))
    print(f"""
Sample: {len(split.validation)} validation reviews, {len(split.words):,} words; {PLAN.count(known)} variants, \
{len(PLAN.attributions)} methods, {len(rows.rows):,} rows.
Seconds, median of {len(taken)} rounds. The loop ran {SOME.count(known)} of the variants, \
without top words, complexity and references.
Load of the machine in the last minute, this script's own included: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores.
""")
    one, two, loop = (median(column) for column in zip(*taken, strict=True))
    lines = [
        (title, f"{seconds:.1f}", f"{loop / seconds:.0f}×", f"{seconds / TARGET:.0%}")
        for title, seconds in (("one process", one), ("two processes, warm", two), ("loop, scaled up", loop))
    ]
    print_table(("work", "seconds", "faster than the loop", "of the target"), lines)


if __name__ == "__main__":
    main()
