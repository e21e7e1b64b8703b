"""Sweeps against a plain loop of `randomize` and `evaluate`, on one core and on two; speed and memory by size.

Baseline: for each variant a copy of the model, randomized from scratch, and both parts evaluated. Both alternate in
one process, and before a time counts, the accuracy and the loss of every variant must be the same. Memory is measured
in a process of its own for each sweep, against the budget that the sweep was given.
"""

import argparse
import ctypes
import gc
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from common import original_file, print_table
from epochs import synthetic_split

from forgetting import MODERN, Randomization, RecipeError, TextClassifier, load_sample, randomize, read_reviews
from forgetting.core.seeding import pin_threads
from forgetting.experiment.pipeline import make_trainer, prepare
from forgetting.metrics.scores import evaluate
from forgetting.model.split import Split
from forgetting.randomization.patterns import LAYER_SEPARATOR
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import Recipe
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.sweep import SWEEP_MEMORY, sweep_rows

PLAN = Sweep(layers=("fc1", "fc2", "fc1+fc2"), schemes=("reinit",), seeds=5)  # with 21 doses: 315 variants
LAYERS = MODERN.model.layers
SCHEMES = ("reinit", "normal", "permute")
SOME = PLAN.with_value("doses", (0.0, 0.25, 0.5, 0.75, 1.0)).with_value("seeds", 2)  # of them, for the slow loop
SECONDS = 10.0  # after which there are no more pairs, once there are three
TARGET = 5.0  # seconds for PLAN on two cores, 4,000 reviews of 7,000 words
CLOSE = 1e-5  # of an accuracy, and of a loss, which beyond 1 may differ by that share of itself
SIZES = ((300, 3_000), (4_000, 7_000), (40_000, 20_000))  # reviews, words
LONG = PLAN.with_value("seeds", 1).with_value("doses", tuple(step / 42 for step in range(43)))  # 129: a full chunk
REPEATED = 2.0  # seconds of sweeps after which one of that size is not repeated
MIB = 2**20
DEEP = replace(MODERN, model=replace(MODERN.model, hidden=(64, 64, 64)))
BITWISE = replace(MODERN, training=replace(MODERN.training, objective="bitwise"))
OTHERS = {  # other plans and models, whose memory is measured with a quarter of the budget alone
    "permute": {"plan": LONG.with_value("schemes", ("permute",))},
    "bitwise": {"recipe": BITWISE},
    "100 classes": {"classes": 100},
    "3 hidden layers": {"recipe": DEEP, "plan": LONG.with_value("layers", ("each", "all", "down", "up"))},
}

Scored = dict[tuple[str, float, int], tuple[float, ...]]  # accuracy and loss of both parts, by layers, dose and seed


def swept(model: TextClassifier, split: Split, plan: Sweep, jobs: int = 1) -> list[SweepRow]:
    return list(sweep_rows(model, split, plan, jobs=jobs))


def looped(model: TextClassifier, split: Split, plan: Sweep) -> Scored:
    """The baseline: one variant after the other, each from the original model."""
    found = {}
    for layers in plan.sets(LAYERS):
        for dose in plan.doses:
            for seed in plan.replicates:
                chosen = Randomization(layers=layers, fraction=dose, scheme=plan.schemes[0], seed=seed)
                randomized = randomize(model, chosen)
                scores = [evaluate(randomized, part, MODERN.training.objective) for part in split.parts.values()]
                metrics = tuple(metric for score in scores for metric in (score.accuracy, score.loss))
                found[LAYER_SEPARATOR.join(layers), dose, seed] = metrics
    return found


def check_same_work(title: str, rows: Iterable[SweepRow], loop: Scored) -> None:
    """Each of the loop's variants must have the sweep's accuracy and loss on both parts."""
    by_variant = {(row.layers, row.planned_dose, row.seed): row for row in rows}
    apart = 0.0
    for variant, metrics in loop.items():
        parts = (by_variant[variant].training, by_variant[variant].validation)
        mine = [part[name] for part in parts for name in ("accuracy", "loss")]
        differences = [abs(one - other) / max(1, abs(other)) for one, other in zip(mine, metrics, strict=True)]
        apart = max(apart, *differences)
    assert apart <= CLOSE, f"{title}: sweep and loop differ by {apart:.1e}, so the work is not the same"
    print(f"{title}: accuracy and loss of {len(loop)} variants on both parts, sweep and loop within {apart:.0e}")


def alternate(pairs: int, *works: Callable[[], Any]) -> Iterator[tuple[float, ...]]:
    """Seconds of each, alternating and in the other order each time; three rounds, or more if they are quick."""
    started = time.perf_counter()
    for round_ in range(pairs):
        if round_ >= 3 and time.perf_counter() - started > SECONDS:
            break
        taken = {}
        for place in range(len(works))[:: -1 if round_ % 2 else 1]:
            before = time.perf_counter()
            works[place]()
            taken[place] = time.perf_counter() - before
        yield tuple(taken[place] for place in range(len(works)))


def spread(values: Iterable[float], digits: int = 2) -> str:
    """Median and range."""
    middle, low, high = (f"{function(values := list(values)):.{digits}f}" for function in (median, min, max))
    return f"{middle} ({low}–{high})"


def small(pairs: int) -> None:
    """The original file, with a trained model: sweep and loop in pairs, scheme by scheme."""
    path = original_file()
    reviews, name = (read_reviews(path), "original") if path else (load_sample(), "sample")
    split = prepare(MODERN, reviews)
    trainer = make_trainer(MODERN, split)
    trainer.advance()
    rows = []
    for scheme in SCHEMES:
        work = (trainer.model, split, PLAN.with_value("schemes", (scheme,)))
        check_same_work(f"{name}, {scheme}", swept(*work), looped(*work))  # the round that is not counted
        taken = list(alternate(pairs, partial(swept, *work), partial(looped, *work)))
        ours, theirs = zip(*taken, strict=True)
        ratios = [loop / mine for mine, loop in taken]
        rows.append((scheme, f"{len(taken)}", spread(ours), spread(theirs), spread(ratios, 1) + "×"))
    print(f"""
(a) {name}: {sum(map(len, split.parts.values()))} reviews, {len(split.words):,} words, a trained model; \
{PLAN.count(LAYERS)} variants. Seconds in one process:
median and range of pairs, alternating after one that is not counted. Baseline: a loop of randomize + evaluate.
The sweep computes besides the metrics of the loop the temperature-scaled loss, its temperature, entropy, the share of
the most predicted class, forgetting, agreement, divergence and distances. evaluate computes besides: recall, confusion
matrix.
""")
    print_table(("scheme", "pairs", "sweep", "loop", "faster"), rows)


def two_cores(most: int) -> None:
    """4,000 reviews, with an untrained model: seconds with one process and with two, and the loop on some variants."""
    split = synthetic_split()
    model, variants, some = TextClassifier(len(split.words), len(split.classes)), PLAN.count(LAYERS), SOME.count(LAYERS)
    started = time.perf_counter()
    rows = swept(model, split, PLAN, jobs=2)
    cold = time.perf_counter() - started
    assert rows == swept(model, split, PLAN), "one process and two must give the same rows, bit for bit"
    print()
    check_same_work("synthetic, reinit", rows, looped(model, split, SOME))
    alone, pooled = partial(swept, model, split, PLAN), partial(swept, model, split, PLAN, jobs=2)
    taken = list(alternate(most, alone, pooled, partial(looped, model, split, SOME)))
    one, two, loop = zip(*taken, strict=True)
    whole = [seconds * variants / some for seconds in loop]

    def line(title: str, seconds: tuple[float, ...]) -> tuple[str, ...]:
        against = spread([other / mine for mine, other in zip(seconds, whole, strict=True)], 1) + "×"
        return title, spread(seconds), against, f"{median(seconds) / TARGET:.0%}"

    print(f"""
(b) synthetic: {sum(map(len, split.parts.values())):,} reviews, {len(split.words):,} words, an untrained model; \
{variants} variants, scheme reinit. Seconds: median and
range of {len(taken)} rounds. The loop ran {some} of the variants; its seconds are scaled up to {variants}. \
Cold, the pool's processes start
and import torch; warm, they are there. Two processes give the rows of one, bit for bit. Target: {TARGET:g} s, 2 cores.
Load of the machine in the last minute, this script's own included: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores.
""")
    table = [line("sweep, jobs=1", one), line("sweep, jobs=2, pool warm", two)]
    against = (f"{median(whole) / cold:.1f}×", f"{cold / TARGET:.0%}")
    table.append(("sweep, jobs=2, pool cold (once)", f"{cold:.2f}", *against))
    table.append(("loop, scaled up", spread(whole), "1", f"{median(whole) / TARGET:.0%}"))
    print_table(("work", "seconds", "faster than the loop", "of the target"), table)
    gain = [mine / other for mine, other in zip(one, two, strict=True)]
    print(f"Two processes against one, in the same round: {spread(gain)}×.")


def resident(kind: str) -> int:
    """Bytes of this process in memory, "VmRSS" now or "VmHWM" at the most; without /proc, always at the most."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith(kind))


def start_from_here() -> int:
    """Bytes in memory now, once what is free has been given back; the peak counts anew from here, on Linux.

    getrusage will not do there: its peak is also that of the parent that started the process, and of the making of
    the reviews, and would hide as much of the growth.
    """
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    return resident("VmRSS")


def one_size(
    reviews: int,
    words: int,
    memory: int,
    *,
    classes: int = 11,
    plan: Sweep = LONG,
    recipe: Recipe = MODERN,
    timed: bool = True,
) -> tuple[int, float, int] | str:
    """Variants, seconds of a sweep (median) and bytes that the first one grew by; or why it is refused.

    It runs in a process of its own. A small sweep comes first, so that what torch loads when it is first used and
    keeps is not counted.
    """
    pin_threads()

    def run(split: Split, plan: Sweep, memory: int) -> int:
        model = TextClassifier(len(split.words), len(split.classes), recipe.model.hidden)
        return sum(1 for _ in sweep_rows(model, split, plan, recipe=recipe, memory=memory))

    run(synthetic_split(60, 60, classes), plan.with_value("doses", (0.0, 1.0)), SWEEP_MEMORY)
    split = synthetic_split(reviews, words, classes)
    before, taken = start_from_here(), []
    while not taken or (timed and sum(taken) < REPEATED):
        started = time.perf_counter()
        try:
            variants = run(split, plan, memory)
        except RecipeError as error:
            return str(error).split(" (")[0]
        taken.append(time.perf_counter() - started)
        if len(taken) == 1:
            grown = resident("VmHWM") - before
    return variants, median(taken), grown


def in_a_new_process(*values: Any, **named: Any) -> tuple[int, float, int] | str:
    """`one_size` in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(one_size, values, named)


class Sizes:
    """Lines of the table of speed and memory, and which of the sweeps took more than their budget."""

    def __init__(self):
        self.rows, self.over = [], []

    def measure(self, title: str, reviews: int, words: int, memory: int, **named: Any) -> bool:
        """Whether the sweep was not refused."""
        found = in_a_new_process(reviews, words, memory, **named)
        about = (title, f"{reviews:,}", f"{words:,}", f"{memory / MIB:.0f}")
        if isinstance(found, str):
            self.rows.append((*about, "", "", "", "", "refused"))
            print(f"Refused with {memory / MIB:.0f} MiB: {found}")
            return False
        variants, seconds, grown = found
        speed, share, within = variants / seconds, grown / memory, "within"
        if grown > memory:
            within = "OVER"
            self.over.append(
                f"{title}, {reviews:,} reviews: {grown / MIB:.0f} of {memory / MIB:.0f} MiB ({share:.2f}×)"
            )
        sized = (f"{speed:.0f}", f"{speed * reviews / 1e3:.0f}", f"{grown / MIB:.0f}", f"{share:.2f}", within)
        self.rows.append((*about, *sized))
        return True


def sizes() -> None:
    """Speed and memory of one process, by size; and memory with other plans and models."""
    print()
    lines = Sizes()
    for reviews, words in SIZES:
        lines.measure("reinit", reviews, words, SWEEP_MEMORY)
        memory = SWEEP_MEMORY // 4
        while not lines.measure("reinit", reviews, words, memory, timed=False):
            memory *= 2  # what is refused says nothing of the growth, but the next budget does
    for title, named in OTHERS.items():
        lines.measure(title, *SIZES[1], SWEEP_MEMORY // 4, timed=False, **named)
    print(f"""
(c) synthetic, untrained models; each line a process of its own with one seed of {len(LONG.doses)} doses, \
{LONG.count(LAYERS)} variants, so that a chunk
can be full. Rows: reviews × variants. Growth: the peak of the process's memory above what it held, model and reviews
included, when the first sweep started, in MiB. Budget: `memory`, of which sweeps.MEMORY is the default, and a quarter.
The last lines are of other plans, objectives and models.
""")
    heads = ("sweep", "reviews", "words", "budget", "variants/s", "1,000 rows/s", "growth", "of the budget", "")
    print_table(heads, lines.rows)
    if not lines.over:
        print("\nEvery growth is within its budget.")
        return
    print("\nOVER THE BUDGET, so `sweeps._chunk` estimates too little:")
    for line in lines.over:
        print(f"  {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5, help="of sweep and loop, at the most")
    parser.add_argument("--rounds", type=int, default=3, help="with one process and with two")
    parser.add_argument("--threads", type=int, default=1, help="torch's threads; the app pins 1")
    options = parser.parse_args()
    pin_threads(options.threads)
    small(options.pairs)
    two_cores(options.rounds)
    sizes()


if __name__ == "__main__":
    main()
