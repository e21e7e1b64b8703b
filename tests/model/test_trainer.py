"""Training against plain dense loops of PyTorch, its slices, its lock, and its end on NaN."""

import threading
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from forgetting.core.seeding import generator
from forgetting.model.classifier import TextClassifier
from forgetting.model.history import Epoch, PartMetrics, find_best_epoch
from forgetting.model.settings import SplitSettings, TrainingSettings
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, make_split
from forgetting.model.trainer import Trainer, measure_logits, measure_part
from forgetting.model.transformer import TextTransformer

SEED = 7
BASE = TrainingSettings(epochs=6, label_smoothing=0.0, weight_decay=0.0)


def model_for(split, dropout=0.0, hidden=(16,)):
    return TextClassifier(len(split.words), len(split.classes), hidden, dropout, seed=SEED)


def dense(part):
    return torch.from_numpy(part.inputs.to_scipy().toarray())


def metrics_of(history):
    return [(row.training.loss, row.training.accuracy, row.validation.loss, row.validation.accuracy) for row in history]


def weights(model):
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def plain_loss(logits, targets, objective, smoothing):
    """Both objectives written out from their definitions."""
    reviews, classes = logits.shape
    wanted = torch.full((reviews, classes), smoothing / classes)
    wanted[torch.arange(reviews), targets] += 1 - smoothing
    if objective == "cross_entropy":
        return -(wanted * (logits - logits.logsumexp(dim=1, keepdim=True))).sum() / reviews
    return (logits.clamp(min=0) - logits * wanted + (-logits.abs()).exp().log1p()).sum() / (reviews * classes)


def dense_loop(split, training, dropout, hidden=(16,)):
    """A plain loop: nn.Linear, torch.optim.Adam, dense inputs; only weights and random streams are the library's."""
    start = model_for(split, dropout, hidden).state_dict()
    sizes = (len(split.words), *hidden, len(split.classes))
    layers = [nn.Linear(*pair) for pair in pairwise(sizes)]
    for number, layer in enumerate(layers, start=1):
        layer.load_state_dict({key: start[f"fc{number}.{key}"].contiguous() for key in ("weight", "bias")})
    parameters = [parameter for layer in layers for parameter in layer.parameters()]
    adam = torch.optim.Adam(
        parameters, lr=training.learning_rate, weight_decay=training.weight_decay, fused=False, foreach=False
    )
    drops, order = generator(SEED, "training", "dropout"), generator(SEED, "training", "order")

    def forward(values, active):
        for layer in layers[:-1]:
            values = functional.relu(layer(values))
            if active and dropout:
                values = values * (torch.rand(values.shape, generator=drops) >= dropout) / (1 - dropout)
        return layers[-1](values)

    X, y = dense(split.training), split.training.targets
    history = []
    for _ in range(training.epochs):
        size = training.batch_size or len(y)
        batches = (
            [torch.arange(len(y))] if size >= len(y) else torch.randperm(len(y), generator=order).split(size)[::-1]
        )
        for batch in batches:
            adam.zero_grad()
            plain_loss(forward(X[batch], True), y[batch], training.objective, training.label_smoothing).backward()
            adam.step()
        row = []
        with torch.no_grad():
            for part in (split.training, split.validation):
                logits = forward(dense(part), False)
                row.append(plain_loss(logits, part.targets, training.objective, 0.0).item())
                row.append((logits.argmax(1) == part.targets).double().mean().item())
        history.append(tuple(row))
    return history, {f"fc{n}.{key}": v for n, layer in enumerate(layers, 1) for key, v in layer.state_dict().items()}


@pytest.mark.parametrize(
    ("changes", "dropout", "hidden"),
    [
        ({"objective": "bitwise"}, 0.0, (16,)),
        ({"weight_decay": 1e-2}, 0.0, (16,)),
        ({"label_smoothing": 0.3}, 0.0, (16,)),
        ({"label_smoothing": 0.3, "objective": "bitwise"}, 0.0, (16,)),
        ({}, 0.5, (16,)),
        ({"batch_size": 7, "objective": "bitwise"}, 0.0, (16,)),
        ({"batch_size": 16, "weight_decay": 1e-3, "label_smoothing": 0.1}, 0.3, (12, 9)),
        ({"batch_size": 1_000}, 0.0, (16,)),
    ],
)
def test_equals_a_plain_dense_loop(small_split, changes, dropout, hidden):
    training = replace(BASE, **changes)
    model = model_for(small_split, dropout, hidden)
    trainer = Trainer(model, small_split, training, seed=SEED)
    trainer.advance()
    history, state = dense_loop(small_split, training, dropout, hidden)
    np.testing.assert_allclose(metrics_of(trainer.history), history, atol=1e-5)
    assert [row.epoch for row in trainer.history] == [1, 2, 3, 4, 5, 6]
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name], atol=1e-5, rtol=1e-4)


def test_word_dropout_drops_stored_values_of_the_step_alone(small_split):
    training = replace(BASE, word_dropout=0.5)
    trainer = Trainer(model_for(small_split), small_split, training, seed=SEED)
    trainer.advance()
    source, stored = generator(SEED, "training", "word_dropout"), small_split.training.inputs.values
    reference = model_for(small_split)
    adam = torch.optim.Adam(reference.parameters(), lr=training.learning_rate, foreach=False)
    losses = []
    for _ in range(training.epochs):
        mask = torch.rand(stored.shape, generator=source) >= 0.5
        thin = small_split.training.inputs.to_scipy().copy()
        thin.data = thin.data * mask.numpy() * 2
        adam.zero_grad()
        functional.cross_entropy(reference(torch.from_numpy(thin.toarray())), small_split.training.targets).backward()
        adam.step()
        with torch.no_grad():
            logits = reference(dense(small_split.training))
            losses.append(functional.cross_entropy(logits, small_split.training.targets).item())
    np.testing.assert_allclose([row.training.loss for row in trainer.history], losses, atol=1e-5)


def test_published_quirks_follow_the_published_script(small_split):
    """Forward, loss, step, accuracy of that forward pass, then evaluation mode, which is never left again."""
    training = TrainingSettings(
        objective="bitwise",
        epochs=5,
        learning_rate=1e-3,
        weight_decay=0,
        label_smoothing=0,
        dropout_steps=1,
        reuse_forward_pass=True,
    )
    model = model_for(small_split, dropout=0.5)
    trainer = Trainer(model, small_split, training, seed=SEED)
    trainer.advance()

    start = model_for(small_split).state_dict()
    weight1, bias1, weight2, bias2 = (value.clone().contiguous().requires_grad_() for value in start.values())
    adam = torch.optim.Adam([weight1, bias1, weight2, bias2], lr=1e-3, foreach=False)
    X, y = dense(small_split.training), small_split.training.targets
    X_held, y_held = dense(small_split.validation), small_split.validation.targets
    one_hot, one_hot_held = torch.eye(3)[y], torch.eye(3)[y_held]
    mask = torch.rand(len(y), 16, generator=generator(SEED, "training", "dropout")) >= 0.5
    training_mode, rows = True, []
    for _ in range(5):
        hidden = (X @ weight1.t() + bias1).clamp(min=0)
        if training_mode:
            hidden = hidden * mask * 2
        outputs = hidden @ weight2.t() + bias2
        loss = functional.binary_cross_entropy(outputs.sigmoid(), one_hot)
        adam.zero_grad()
        loss.backward()
        adam.step()
        accuracy = (outputs.argmax(1) == y).double().mean().item()
        training_mode = False
        with torch.no_grad():
            held = (X_held @ weight1.t() + bias1).clamp(min=0) @ weight2.t() + bias2
            held_loss = functional.binary_cross_entropy(held.sigmoid(), one_hot_held).item()
        rows.append((loss.item(), accuracy, held_loss, (held.argmax(1) == y_held).double().mean().item()))
    np.testing.assert_allclose(metrics_of(trainer.history), rows, atol=1e-5)
    torch.testing.assert_close(trainer.training_logits, outputs.detach(), atol=1e-5, rtol=1e-5)


VARIED = TrainingSettings(epochs=4, batch_size=9, word_dropout=0.2)


def by_step(trainer):
    while trainer.epochs_left:
        trainer.step()


def by_slices(trainer):
    while trainer.epochs_left:
        assert trainer.advance(seconds=0)


def by_epochs(trainer):
    trainer.step()  # leaves an epoch half done
    for epochs in (1, 2, 5):
        trainer.advance(epochs=epochs)


@pytest.mark.parametrize("way", [by_step, by_slices, by_epochs])
def test_slices_change_nothing(small_split, way):
    whole, sliced = (Trainer(model_for(small_split, 0.4), small_split, VARIED, seed=3) for _ in range(2))
    whole.advance()
    way(sliced)
    assert metrics_of(sliced.history) == metrics_of(whole.history)
    assert weights(sliced.model) == weights(whole.model)
    assert sliced.steps == whole.steps == 4 * 5  # 40 reviews in batches of 9
    assert sliced.state == whole.state == "finished"


def test_states_epochs_left_and_time(small_split):
    trainer = Trainer(model_for(small_split), small_split, BASE)
    assert (trainer.state, trainer.epochs_left, trainer.history) == ("ready", 6, [])
    trainer.advance(epochs=2)
    assert (trainer.state, trainer.epochs_left, len(trainer.history)) == ("running", 4, 2)
    assert all(
        type(row) is Epoch and type(row.training) is type(row.validation) is PartMetrics for row in trainer.history
    )
    trainer.advance()
    assert (trainer.state, trainer.epochs_left, len(trainer.history)) == ("finished", 0, 6)
    seconds = [row.seconds for row in trainer.history]
    assert seconds[0] > 0
    assert seconds == sorted(seconds)
    assert seconds[-1] == trainer.seconds
    before = weights(trainer.model)
    trainer.step()
    trainer.advance()
    assert (trainer.steps, len(trainer.history)) == (6, 6)
    assert weights(trainer.model) == before


def test_a_slice_ends_after_the_step_that_crosses_its_time(small_split, monkeypatch):
    clock = iter(range(1_000))
    monkeypatch.setattr("forgetting.model.trainer.time.perf_counter", lambda: next(clock))
    trainer = Trainer(model_for(small_split), small_split, BASE)
    trainer.advance(seconds=6)  # a step reads the clock three times: begin, end, check
    assert trainer.steps == 2


def with_nan(split, part):
    spoilt = getattr(split, part)
    values = spoilt.inputs.values.clone()
    values[0] = torch.nan
    inputs = SparseMatrix(spoilt.inputs.offsets, spoilt.inputs.columns, values, spoilt.inputs.shape)
    return replace(split, **{part: replace(spoilt, inputs=inputs)})


@pytest.mark.parametrize(
    ("part", "reuse_forward_pass"), [("training", False), ("training", True), ("validation", True)]
)
def test_nan_stops_training_and_is_not_recorded(small_split, part, reuse_forward_pass):
    split = with_nan(small_split, part)
    trainer = Trainer(model_for(split), split, replace(BASE, reuse_forward_pass=reuse_forward_pass))
    trainer.advance()
    assert (trainer.state, trainer.history, trainer.steps, trainer.epochs_left) == ("diverged", [], 1, 0)
    trainer.step()
    assert trainer.advance() in (True, False)
    assert (trainer.state, trainer.steps) == ("diverged", 1)


def test_diverging_late_keeps_the_epochs_before(small_split):
    trainer = Trainer(model_for(small_split), small_split, replace(BASE, batch_size=20))
    trainer.advance(epochs=3)
    before = metrics_of(trainer.history)
    with torch.no_grad():
        trainer.model.fc2.bias.fill_(torch.inf)
    trainer.advance()
    assert trainer.state == "diverged"
    assert metrics_of(trainer.history) == before
    assert trainer.steps == 7


class Waiting(nn.Module):
    """A model whose first forward pass lasts until it is released."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.entered, self.release = inner, threading.Event(), threading.Event()

    def forward(self, inputs, *, dropout_source=None):
        self.entered.set()
        assert self.release.wait(20)
        return self.inner(inputs, dropout_source=dropout_source)


def test_a_second_caller_is_turned_away_or_waits(small_split):
    model = Waiting(model_for(small_split))
    trainer = Trainer(model, small_split, BASE)
    first = threading.Thread(target=trainer.step)
    first.start()
    assert model.entered.wait(20)
    assert trainer.advance(wait=False) is False
    assert trainer.steps == 0
    second = threading.Thread(target=trainer.advance, kwargs={"epochs": 1})
    second.start()
    second.join(0.1)
    assert second.is_alive()
    model.release.set()
    first.join(20)
    second.join(20)
    assert not first.is_alive()
    assert not second.is_alive()
    assert trainer.steps == len(trainer.history) == 2
    assert trainer.advance(epochs=1, wait=False) is True


def test_two_threads_train_as_each_would_alone(small_split):
    def trainer(seed):
        return Trainer(model_for(small_split, 0.5), small_split, replace(VARIED, epochs=20), seed=seed)

    alone, together = [trainer(0), trainer(1)], [trainer(0), trainer(1)]
    for one in alone:
        one.advance()
    threads = [threading.Thread(target=by_slices, args=(one,)) for one in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for one, other in zip(alone, together, strict=True):
        assert metrics_of(one.history) == metrics_of(other.history)
        assert weights(one.model) == weights(other.model)
    assert weights(alone[0].model) != weights(alone[1].model)


# Training that nobody watches.


@pytest.mark.parametrize(
    ("objective", "changes"),
    [
        ("cross_entropy", {"batch_size": 9, "word_dropout": 0.2}),
        ("bitwise", {}),
        ("bitwise", {"reuse_forward_pass": True, "dropout_steps": 2}),
    ],
)
def test_unwatched_training_gives_the_same_weights(small_split, objective, changes):
    training = TrainingSettings(epochs=5, objective=objective, **changes)
    watched, silent = (
        Trainer(model_for(small_split, 0.4), small_split, training, seed=3, record_history=watched)
        for watched in (True, False)
    )
    for trainer in (watched, silent):
        assert (trainer.state, trainer.epochs, trainer.epochs_left) == ("ready", 0, 5)
        trainer.advance(epochs=2)
        assert (trainer.state, trainer.epochs, trainer.epochs_left) == ("running", 2, 3)
        trainer.step()
        whole = not training.batch_size
        assert (trainer.state, trainer.epochs, trainer.epochs_left) == ("running", 2 + whole, 3 - whole)
        trainer.advance()
        assert (trainer.state, trainer.epochs, trainer.epochs_left) == ("finished", 5, 0)
    assert weights(watched.model) == weights(silent.model)
    assert watched.steps == silent.steps
    assert len(watched.history) == 5
    assert silent.history == []
    assert silent.training_logits is None
    assert silent.seconds > 0
    before = weights(silent.model)
    silent.step()
    silent.advance()
    assert weights(silent.model) == before


def test_unwatched_training_reads_no_validation_review(small_split):
    training = TrainingSettings(epochs=3)
    held = small_split.validation
    inputs = SparseMatrix(
        held.inputs.offsets, held.inputs.columns, held.inputs.values * float("nan"), held.inputs.shape
    )
    spoilt = replace(small_split, validation=replace(held, inputs=inputs))
    one, other = (
        Trainer(model_for(small_split), each, training, record_history=False) for each in (small_split, spoilt)
    )
    for trainer in (one, other):
        trainer.advance()
    assert one.state == other.state == "finished"
    assert weights(one.model) == weights(other.model)


@pytest.mark.parametrize("batch", [0, 15])
def test_unwatched_training_notices_that_it_diverges(small_split, batch):
    trainer = Trainer(
        model_for(small_split), small_split, TrainingSettings(epochs=6, batch_size=batch), record_history=False
    )
    trainer.advance(epochs=3)
    steps = trainer.steps
    with torch.no_grad():
        trainer.model.fc2.bias.fill_(np.inf)
    trainer.advance()
    assert (trainer.state, trainer.epochs, trainer.epochs_left) == ("diverged", 3, 0)
    assert trainer.steps == steps + 1
    assert trainer.history == []
    trainer.step()
    assert trainer.steps == steps + 1


# The stopping part.


def stopped(split, *, count=8):
    """The split with the last reviews of its training part as its stopping part, some wrongly labelled."""
    rows, part = torch.arange(len(split.training)), split.training
    wrong = (torch.arange(len(part)) % 4 == 0) & (rows >= len(part) - count)  # so that its loss falls, and then rises
    targets = (part.targets + wrong) % 3
    training, stopping = (
        Part(part.inputs.rows(chosen), targets[chosen], part.rows[chosen.numpy()])
        for chosen in (rows[:-count], rows[-count:])
    )
    return replace(split, training=training, stopping=stopping)


@pytest.mark.parametrize("way", [by_step, by_slices, by_epochs])
def test_training_ends_at_the_best_epoch_and_has_its_weights(small_split, way):
    split, training = stopped(small_split), replace(VARIED, epochs=40, patience=3, learning_rate=0.02, by_size=False)
    trainer = Trainer(model_for(split, 0.4), split, training, seed=3)
    while trainer.epochs_left:
        way(trainer)
    losses = [epoch.stopping.loss for epoch in trainer.history]
    best = int(np.argmin(losses)) + 1
    assert 1 < best < 37
    assert (trainer.state, trainer.best_epoch, trainer.kept_epoch, len(losses)) == ("finished", best, best, best + 3)
    by_hand = Trainer(model_for(split, 0.4), split.without_stopping(), replace(training, epochs=best), seed=3)
    by_hand.advance()
    assert weights(trainer.model) == weights(by_hand.model)
    assert metrics_of(trainer.history[:best]) == metrics_of(by_hand.history), "the part only decides when it ends"
    assert by_hand.kept_epoch is None
    silent = Trainer(model_for(split, 0.4), split, training, seed=3, record_history=False)
    silent.advance()
    assert weights(silent.model) == weights(trainer.model)
    patient = Trainer(model_for(split, 0.4), split, replace(training, patience=0), seed=3)
    patient.advance()
    assert (len(patient.history), patient.kept_epoch) == (40, find_best_epoch(patient.history))


def test_no_weight_depends_on_the_validation_part(small_split):
    split, training = stopped(small_split), replace(VARIED, epochs=20, patience=2, by_size=False)
    held = split.validation
    other = replace(split, validation=replace(held, targets=(held.targets + 1) % 3))
    found = [Trainer(model_for(each, 0.4), each, training, seed=3) for each in (split, other)]
    for trainer in found:
        trainer.advance()
    assert weights(found[0].model) == weights(found[1].model)
    assert metrics_of(found[0].history) != metrics_of(found[1].history)


def test_a_trainer_uses_what_the_size_chooses(small_split, monkeypatch):
    monkeypatch.setattr("forgetting.model.settings.TINY", 10)
    monkeypatch.setattr("forgetting.model.settings.FEW_CLASSES", 2)
    trainer = Trainer(model_for(small_split), small_split, TrainingSettings(epochs=3))
    assert (trainer.training.epochs, trainer.training.batch_size, trainer.training.weight_decay) == (3, 128, 1e-5)


def test_chunks_measure_what_one_pass_does(small_split, monkeypatch):
    model = model_for(small_split)
    whole = measure_part(model, small_split.training, "cross_entropy")
    assert whole == measure_logits(model(small_split.training.inputs), small_split.training.targets, "cross_entropy")
    monkeypatch.setattr("forgetting.model.split.ROWS_AT_ONCE", 10)
    chunked = measure_part(model, small_split.training, "cross_entropy")
    assert (chunked.loss, chunked.accuracy) == (pytest.approx(whole.loss, rel=1e-6), pytest.approx(whole.accuracy))


def test_a_transformer_trained_by_adamw_equals_a_plain_loop_with_warm_up_and_cosine(small_reviews):
    split = make_split(small_reviews, SplitSettings(validation_share=0.25), max_tokens=5)
    changes = {"optimizer": "adamw", "batch_size": 16, "learning_rate": 0.01, "weight_decay": 0.5}
    training = replace(BASE, by_size=False, word_dropout=0.2, **changes)

    def build():
        sizes = {"width": 8, "heads": 2, "feedforward": 8, "max_tokens": 5}
        return TextTransformer(len(split.words), len(split.classes), **sizes, dropout=0.3, seed=SEED)

    trainers = [Trainer(build(), split, training, seed=SEED) for _ in range(2)]
    trainers[0].advance()
    while trainers[1].epochs_left:
        trainers[1].advance(seconds=0)
    assert weights(trainers[0].model) == weights(trainers[1].model), "the same bits, whatever the slices"

    model = build()
    decayed = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.5}, {"params": others, "weight_decay": 0.0}], lr=0.01
    )
    steps = 6 * 3  # 40 reviews in batches of 16
    tenth = 0.1 * steps

    def rate(step):
        if step < tenth:
            return (step + 1) / (tenth + 1)
        return 0.5 * (1 + np.cos(np.pi * (step - tenth) / (steps - tenth)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    order, words, dropout = (generator(SEED, "training", name) for name in ("order", "word_dropout", "dropout"))
    part = split.training
    for _ in range(6):
        for batch in reversed(torch.randperm(len(part), generator=order).split(16)):
            inputs = part.tokens.rows(batch).drop_values(0.2, words)
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs, dropout_source=dropout), part.targets[batch]).backward()
            optimizer.step()
            schedule.step()
    for (name, ours), theirs in zip(trainers[0].model.named_parameters(), model.parameters(), strict=True):
        if not name.endswith("key.bias"):  # of which attention does not depend: its gradient is what rounding leaves
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)
