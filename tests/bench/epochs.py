"""Epoch time of the Trainer against a plain dense loop in PyTorch, full batch, both parts measured in each epoch.

Baseline: nn.Linear layers, dense float32 inputs, targets made once, torch.optim.Adam as torch chooses to run it, with
the same dropout, label smoothing and weight decay. Both alternate in one process; a ratio is of medians over the
rounds, its range is over the pairs. Before that both train without dropout from the same weights, and must agree.
"""

import argparse
import time
from dataclasses import replace
from statistics import median

import numpy as np
import scipy.sparse
import torch
from common import draw_words, original_file, print_table
from sklearn.feature_extraction.text import TfidfTransformer
from torch import nn
from torch.nn import functional

from forgetting import MODERN, PUBLISHED, TextClassifier, Trainer, TrainingSettings, load_sample, read_reviews
from forgetting.core.seeding import pin_threads
from forgetting.data.reviews import Report, Reviews
from forgetting.experiment.pipeline import prepare
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, Split

CHECKED = 20  # epochs without dropout, after which both must have the same losses


class DenseLoop:
    """The baseline, started from a model's weights."""

    def __init__(self, model: TextClassifier, split: Split, training: TrainingSettings):
        (hidden, words), classes = model.fc1.weight.shape, len(split.classes)
        layers = (nn.Linear(words, hidden), nn.ReLU(), nn.Dropout(model.dropout), nn.Linear(hidden, classes))
        self.model = nn.Sequential(*layers)
        self.model.load_state_dict(dict(zip(self.model.state_dict(), model.state_dict().values(), strict=True)))
        bitwise = training.objective == "bitwise"
        smoothing = training.label_smoothing
        self.learn = nn.BCEWithLogitsLoss() if bitwise else nn.CrossEntropyLoss(label_smoothing=smoothing)
        self.judge = nn.BCEWithLogitsLoss() if bitwise else nn.CrossEntropyLoss()
        self.parts = []
        for part in split.parts.values():
            inputs = torch.from_numpy(part.inputs.to_scipy().toarray())  # (reviews, words)
            wanted = functional.one_hot(part.targets, classes).float() if bitwise else part.targets
            self.parts.append((inputs, wanted, part.targets))
        self.adam = torch.optim.Adam(
            self.model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )

    def advance(self, *, epochs: int) -> None:
        inputs, wanted, _ = self.parts[0]
        for _ in range(epochs):
            self.model.train()
            self.adam.zero_grad()
            self.learn(self.model(inputs), wanted).backward()
            self.adam.step()
            self.losses = [self.measure(*part)[0] for part in self.parts]

    @torch.no_grad()
    def measure(self, inputs: torch.Tensor, wanted: torch.Tensor, targets: torch.Tensor) -> tuple[float, float]:
        self.model.eval()
        logits = self.model(inputs)
        return self.judge(logits, wanted).item(), (logits.argmax(dim=1) == targets).float().mean().item()


def synthetic_split(reviews: int = 4_000, words: int = 7_000, classes: int = 11, each: int = 82) -> Split:
    """Reviews of `each` words on average, about 60 of them different; labels are random, as only time is measured."""
    random = np.random.default_rng(0)
    lengths = random.poisson(each, reviews)
    columns = draw_words(random, lengths.sum(), 2 * words)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    counts = scipy.sparse.csr_matrix((np.ones(len(columns), np.float32), columns, offsets), (reviews, 2 * words))
    counts.sum_duplicates()
    held_out = reviews // 5
    frequent = np.sort(np.argsort(-counts[held_out:].getnnz(axis=0), kind="stable")[:words])
    matrix = TfidfTransformer(sublinear_tf=True).fit_transform(counts[:, frequent]).tocsr()
    targets = torch.from_numpy(random.integers(0, classes, reviews))
    rows = np.arange(reviews)
    training, validation = (
        Part(SparseMatrix.from_scipy(matrix[part]), targets[part], rows[part])
        for part in (slice(held_out, None), slice(held_out))
    )
    assert training.inputs.to_scipy().getnnz(axis=0).min() > 0, "each word must occur in the training part"
    nothing = Reviews((), (), None, "", Report("synthetic", "text", "label", None, 0))
    return Split(training, validation, tuple(map(str, range(words))), tuple(map(str, range(classes))), nothing)


def pair(split: Split, training: TrainingSettings, dropout: float) -> tuple[Trainer, DenseLoop]:
    model = TextClassifier(len(split.words), len(split.classes), dropout=dropout)
    return Trainer(model, split, replace(training, epochs=2_000)), DenseLoop(model, split, training)


def check_same_work(title: str, split: Split, training: TrainingSettings) -> None:
    """Train both without dropout from the same weights: their losses must agree to 1e-3."""
    ours, dense = pair(split, training, dropout=0.0)
    for learner in (ours, dense):
        learner.advance(epochs=CHECKED)
    last = ours.history[-1]
    apart = max(
        abs(mine.loss / other - 1) for mine, other in zip((last.training, last.validation), dense.losses, strict=True)
    )
    assert apart < 1e-3, f"{title}: the losses differ by {apart:.1e}, so the work is not the same"
    first, last = ours.history[0].training.loss, last.training.loss
    print(
        f"{title}: training loss {first:.3f} → {last:.3f} in {CHECKED} epochs without dropout, both within {apart:.0e}"
    )


def alternate(split: Split, training: TrainingSettings, pairs: int, epochs: int) -> list[tuple[float, float]]:
    """Seconds an epoch of the Trainer and of the baseline, alternating, after a round that is not counted."""
    taken = []
    learners = pair(split, training, dropout=0.5)
    for _ in range(pairs + 1):
        started = [time.perf_counter()]
        for learner in learners:
            learner.advance(epochs=epochs)
            started.append(time.perf_counter())
        taken.append(tuple(np.diff(started) / epochs))
    return taken[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="torch's threads; the app pins 1")
    parser.add_argument("--pairs", type=int, default=9)
    options = parser.parse_args()
    pin_threads(options.threads)
    path = original_file()
    reviews, name = (read_reviews(path), "original") if path else (load_sample(), "sample")
    # As the others: dropout, and both passes.
    published = replace(PUBLISHED.training, reuse_forward_pass=False, dropout_steps=0)
    cases = {
        f"{name}, modern": (prepare(MODERN, reviews), MODERN.training, 20),
        f"{name}, published": (prepare(PUBLISHED, reviews), published, 20),
        "synthetic, modern": (synthetic_split(), MODERN.training, 3),
    }
    rows = []
    for title, (split, training, epochs) in cases.items():
        check_same_work(title, split, training)
        taken = alternate(split, training, options.pairs, epochs)
        ours, dense = map(median, zip(*taken, strict=True))
        ratios = [other / mine for mine, other in taken]
        different = len(split.training.inputs.values) / len(split.training)
        sizes = (len(split.training) + len(split.validation), len(split.words), len(split.classes))
        speed = f"{dense / ours:.2f}× ({min(ratios):.2f}–{max(ratios):.2f})"
        times = (f"{1e3 * ours:.2f}", f"{1e3 * dense:.2f}", speed)
        rows.append((title, *(f"{size:,}" for size in sizes), f"{different:.0f}", *times))
    print(f"\nMilliseconds an epoch with {options.threads} thread(s), median of {options.pairs} pairs.")
    print("Baseline: a plain dense PyTorch loop (nn.Linear, float32, torch.optim.Adam) that does the same work.\n")
    heads = ("data, settings", "reviews", "words", "classes", "words/review", "Trainer", "dense", "faster")
    print_table(heads, rows)


if __name__ == "__main__":
    main()
