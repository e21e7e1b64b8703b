"""130,000 synthetic reviews, texts and all, through the whole path: seconds and peak memory of each stage.

Baseline: the same TF-IDF rows as a dense float32 matrix, whose size is computed, as a laptop would not hold it.
"""

import argparse
import resource
import sys
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
from common import draw_words, print_table

from forgetting import MODERN, Randomization, Recipe, Reviews, randomize
from forgetting.core.seeding import pin_threads
from forgetting.data.reviews import Report
from forgetting.experiment.pipeline import make_trainer, prepare
from forgetting.metrics.scores import evaluate

VOCABULARY, CLASSES, LENGTH, OWN = 40_000, 40, 40, 3  # OWN: words of a review that only its class has
GIB = 2**30


def peak() -> float:
    """Peak memory of this process so far, in GiB; macOS counts it in bytes, Linux in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / GIB


def synthetic_reviews(count: int) -> Reviews:
    """Texts of about LENGTH words by Zipf, classes of Zipf's sizes; the first words of a text are its class's own."""
    random = np.random.default_rng(0)
    vocabulary = np.array([f"word{number}" for number in range(VOCABULARY)], dtype=object)
    labels = draw_words(random, count, CLASSES)
    ends = np.concatenate([[0], np.cumsum(OWN + random.poisson(LENGTH - OWN, count))])
    numbers = draw_words(random, ends[-1], VOCABULARY)
    for place in range(OWN):
        numbers[ends[:-1] + place] = 1_000 + CLASSES * random.integers(0, 20, count) + labels
    texts = tuple(" ".join(vocabulary[numbers[start:end]]) for start, end in pairwise(ends))
    classes = tuple(f"class {label:02d}" for label in labels)
    return Reviews(texts, classes, None, "", Report("synthetic", "text", "label", None, count))


class Stages:
    """Seconds and peak memory of one stage after another."""

    def __init__(self):
        self.rows, self.started = [("start: Python with torch", "", f"{peak():.2f}")], time.perf_counter()

    def ended(self, name: str) -> None:
        now = time.perf_counter()
        self.rows.append((name, f"{now - self.started:.1f}", f"{peak():.2f}"))
        self.started = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reviews", type=int, default=130_000)
    parser.add_argument("--epochs", type=int, default=3, help="with full batches")
    parser.add_argument("--threads", type=int, default=1, help="torch's threads; the app pins 1")
    options = parser.parse_args()
    pin_threads(options.threads)
    recipe: Recipe = replace(MODERN, training=replace(MODERN.training, epochs=options.epochs))

    stages = Stages()
    reviews = synthetic_reviews(options.reviews)
    stages.ended("make the texts")
    split = prepare(recipe, reviews)
    stages.ended("prepare: filter, split, TF-IDF")
    trainer = make_trainer(recipe, split)
    trainer.advance()
    stages.ended(f"train {options.epochs} epochs")
    randomized = randomize(trainer.model, Randomization(fraction=0.5))
    stages.ended("randomize half")
    scores = evaluate(randomized, split.validation, recipe.training.objective)
    evaluate(randomized, split.training, recipe.training.objective)
    stages.ended("evaluate both parts")

    rows, words = len(split.training) + len(split.validation), len(split.words)
    stored = sum(len(part.inputs.values) for part in split.parts.values())
    print(f"{rows:,} reviews, {words:,} words, {len(split.classes)} classes; {stored / rows:.1f} different words each")
    print(f"Validation accuracy {trainer.history[-1].validation.accuracy:.3f}, randomized {scores.accuracy:.3f}\n")
    print_table(("stage", "seconds", "peak GiB"), stages.rows)
    print(f"\nPeak of the process {peak():.2f} GiB (limit 3). Sparse rows hold {stored * 8 / GIB:.2f} GiB.")
    print(f"Baseline: the same rows as a dense float32 matrix need {rows * words * 4 / GIB:.1f} GiB.")


if __name__ == "__main__":
    main()
