"""Training as a resumable object that its caller advances in slices.

A Trainer owns its model, its optimizer and its random streams, and records a history. It knows nothing of reviews,
recipes or pages, and starts no thread.
"""

import copy
import math
import threading
import time

import torch
from torch import nn
from torch.nn import functional

from forgetting.core.seeding import generator
from forgetting.model.adam import Adam
from forgetting.model.history import Epoch, PartMetrics
from forgetting.model.settings import TrainingSettings
from forgetting.model.split import Part, Split

WARM_UP = 0.1  # share of all steps of AdamW in which the learning rate rises
SLICE_SECONDS = 0.2  # seconds of training between two points at which a study or a method can be left


def compute_loss(logits: torch.Tensor, targets: torch.Tensor, objective: str, smoothing: float = 0.0) -> torch.Tensor:
    """The loss of an objective, averaged over reviews (and over classes, where bitwise).

    Args:
        logits: (reviews, classes).
        targets: Class numbers, (reviews,).
        objective: A key of OBJECTIVES.
        smoothing: Label smoothing s, in [0, 1]: a one-hot row becomes (1 − s)·one-hot + s / classes (Szegedy et al.
            2016, arXiv 1512.00567, section 7).

    Returns:
        A tensor of one number, in nats.
    """
    if objective == "cross_entropy":
        return functional.cross_entropy(logits, targets, label_smoothing=smoothing)
    classes = logits.shape[1]
    one_hot = functional.one_hot(targets, classes).to(logits.dtype)  # (reviews, classes)
    return functional.binary_cross_entropy_with_logits(logits, one_hot * (1 - smoothing) + smoothing / classes)


@torch.no_grad()
def measure_logits(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> PartMetrics:
    """Loss and top-1 accuracy of logits (reviews, classes) with the class numbers `targets` (reviews,)."""
    hits = logits.argmax(dim=1) == targets
    return PartMetrics(compute_loss(logits, targets, objective).item(), hits.double().mean().item())


@torch.no_grad()
def measure_part(model: nn.Module, part: Part, objective: str) -> PartMetrics:
    """Loss and top-1 accuracy of a model on a part, without dropout, in chunks."""
    loss = accuracy = 0.0
    for inputs, targets in part.chunks():
        found, share = measure_logits(model(inputs), targets, objective), len(targets) / len(part)
        loss, accuracy = loss + share * found.loss, accuracy + share * found.accuracy
    return PartMetrics(loss, accuracy)


class Trainer:
    """Trains a model on a split: one step, some epochs or some seconds in each call.

    Several callers may hold one Trainer: while one of them trains, a second one waits, or returns at once with
    `wait=False`. A caller that holds `lock` sees the model between two steps.

    Where the split has a stopping part, the loss on it is measured after each epoch. Training ends after `patience`
    epochs in a row that did not lower it, or after all epochs, and the model then gets the weights of the best epoch
    back (Prechelt 1998, "Early Stopping – But When?"). The validation part has no influence on any weight.

    Args:
        model: The model, trained in place. It takes the inputs of a part and a generator for its dropout, as
            `TextClassifier.forward` does.
        split: The split, whose training part the model is trained on.
        training: The settings; those that the size chooses are chosen here, see `TrainingSettings.for_size`.
        seed: Seed of dropout, word dropout and the order of reviews, which have a stream each.
        record_history: Whether both parts are measured after each epoch. If not, there is no history, the model learns
            the same, and weights that are no longer finite show with the next step's loss.

    Attributes:
        training: The settings that are used.
        history: An Epoch for each finished epoch. Callers only read it.
        epochs: Number of finished epochs.
        best_epoch: The epoch with the lowest loss on the stopping part so far; None without one, or before the first.
        state: "ready", "running", "finished", or "diverged" once a loss is not finite: training then stops and nothing
            more is recorded.
        steps: Number of optimizer steps.
        seconds: Time spent in training and measuring.
        training_logits: Logits of the last step's forward pass, where `reuse_forward_pass` is set and the step took
            all reviews.
        lock: Held during each step.
    """

    def __init__(
        self, model: nn.Module, split: Split, training: TrainingSettings, *, seed: int = 0, record_history: bool = True
    ):
        self.model = model
        self.split = split
        self.training = training = training.for_size(*split.size)
        self.record_history = record_history
        self.history: list[Epoch] = []
        self.epochs = 0
        self.best_epoch: int | None = None
        self.state = "ready"
        self.steps = 0
        self.seconds = 0.0
        self.training_logits: torch.Tensor | None = None
        self._best: tuple[float, dict[str, torch.Tensor]] = (math.inf, {})  # lowest stopping loss, and its weights
        self._batches: list[torch.Tensor | None] = []  # what is left of the epoch, in reverse; None: all reviews
        self._sources = {
            purpose: generator(seed, "training", purpose) for purpose in ("dropout", "word_dropout", "order")
        }
        self._optimizer = Adam(
            model.parameters(),
            learning_rate=training.learning_rate,
            weight_decay=training.weight_decay,
            decoupled=training.optimizer == "adamw",
        )
        self.lock = threading.Lock()

    @property
    def kept_epoch(self) -> int | None:
        """The epoch whose weights the model has, once training has ended with those of the best; None for the last."""
        return self.best_epoch if self.state == "finished" else None

    @property
    def epochs_left(self) -> int:
        """Number of epochs to train; 0 once training has ended."""
        return 0 if self.state in ("finished", "diverged") else self.training.epochs - self.epochs

    def step(self) -> None:
        """Do one optimizer step, or nothing once training has ended."""
        with self.lock:
            self._step()

    def advance(self, seconds: float = math.inf, *, epochs: float = math.inf, wait: bool = True) -> bool:
        """Train for some time or some epochs, whichever ends first.

        Args:
            seconds: Time after which no further step begins.
            epochs: Number of epochs; one that has begun counts.
            wait: Whether to wait while another caller trains.

        Returns:
            False where another caller trains and `wait` is False.
        """
        if not self.lock.acquire(blocking=wait):
            return False
        try:
            until, last = time.perf_counter() + seconds, self.epochs + epochs
            while self.epochs_left and self.epochs < last:
                self._step()
                if time.perf_counter() >= until:
                    break
            return True
        finally:
            self.lock.release()

    def _step(self) -> None:
        if not self.epochs_left:
            return
        started = time.perf_counter()
        self.state = "running"
        self._batches = self._batches or self._shuffled()
        batch = self._batches.pop()
        logits, loss = self._learn(batch)
        self.steps += 1
        measures = () if self._batches or not self.record_history else self._measure(logits, batch)
        held_out = () if self._batches or not self.split.stopping else (self._measure_part(self.split.stopping),)
        self.seconds += time.perf_counter() - started
        if not all(map(math.isfinite, (loss, *(measure.loss for measure in (*measures, *held_out))))):
            self.state = "diverged"
        elif not self._batches:
            self.epochs += 1
            if measures:
                self.history.append(Epoch(self.epochs, *measures, self.seconds, *held_out))
            if held_out and held_out[0].loss < self._best[0]:
                self._best, self.best_epoch = (held_out[0].loss, copy.deepcopy(self.model.state_dict())), self.epochs
            waited = self.epochs - (self.best_epoch or self.epochs)
            last = self.epochs == self.training.epochs or waited >= (self.training.patience or math.inf)
            self.state = "finished" if last else "running"
            if last and waited:
                self.model.load_state_dict(self._best[1])

    def _shuffled(self) -> list[torch.Tensor | None]:
        reviews, size = len(self.split.training), self._batch_size
        if size == reviews:
            return [None]
        return list(torch.randperm(reviews, generator=self._sources["order"]).split(size))

    @property
    def _batch_size(self) -> int:
        return min(self.training.batch_size or len(self.split.training), len(self.split.training))

    def _learning_rate(self) -> float:
        """The learning rate of the next step."""
        rate = self.training.learning_rate
        if self.training.optimizer == "adam":
            return rate
        steps = self.training.epochs * math.ceil(len(self.split.training) / self._batch_size)
        warm_up = WARM_UP * steps
        if self.steps < warm_up:
            return rate * (self.steps + 1) / (warm_up + 1)
        return rate * (1 + math.cos(math.pi * (self.steps - warm_up) / (steps - warm_up))) / 2

    def _learn(self, batch: torch.Tensor | None) -> tuple[torch.Tensor, float]:
        """Do one forward pass and one update; return the logits and the loss of the pass."""
        settings, part = self.training, self.split.training
        inputs = part.model_inputs if batch is None else part.model_inputs.rows(batch)
        targets = part.targets if batch is None else part.targets[batch]
        if settings.word_dropout:
            inputs = inputs.drop_values(settings.word_dropout, self._sources["word_dropout"])
        drops = not settings.dropout_steps or self.steps < settings.dropout_steps
        self._optimizer.zero_grad()
        logits = self.model(inputs, dropout_source=self._sources["dropout"] if drops else None)
        loss = compute_loss(logits, targets, settings.objective, settings.label_smoothing)
        loss.backward()
        self._optimizer.learning_rate = self._learning_rate()
        self._optimizer.step()
        return logits.detach(), loss.item()

    @torch.no_grad()
    def _measure(self, step_logits: torch.Tensor, batch: torch.Tensor | None) -> tuple[PartMetrics, PartMetrics]:
        """Training and validation metrics at the end of an epoch."""
        training, validation = self.split.training, self._measure_part(self.split.validation)
        if not self.training.reuse_forward_pass:
            return self._measure_part(training), validation
        self.training_logits = step_logits if batch is None else None
        targets = training.targets if batch is None else training.targets[batch]
        return measure_logits(step_logits, targets, self.training.objective), validation

    def _measure_part(self, part: Part) -> PartMetrics:
        return measure_part(self.model, part, self.training.objective)
