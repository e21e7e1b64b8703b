"""Times to a target against a plain training loop, and what a Trainer does that is watched."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from study_parts import PLAN, model_of, recipe_of, trained
from torch.nn import functional

from forgetting.core.errors import DataError, RecipeError
from forgetting.experiment.pipeline import copy_state
from forgetting.metrics.scores import evaluate
from forgetting.model.settings import TrainingSettings
from forgetting.model.trainer import Trainer
from forgetting.recipe.recipe import PUBLISHED
from forgetting.studies import time_to_target
from forgetting.studies.relearning import learning_curve_slices
from forgetting.studies.savings import savings_slices
from forgetting.studies.time_to_target import TimeToTarget, train_to_target

BASE = TrainingSettings(epochs=30, learning_rate=0.05)


def ended(run):
    """What a generator returns, and how often it could be left."""
    left = 0
    while True:
        try:
            next(run)
        except StopIteration as done:
            return done.value, left
        left += 1


def reached(trainer, part, target, **options) -> TimeToTarget:
    return ended(train_to_target(trainer, part, target, **options))[0]


def plain_accuracies(model, split, part, training) -> list[float]:
    """Accuracy before and after each epoch of dense products, autograd's own gradients and torch's plain Adam."""
    inputs, seen = (torch.from_numpy(one.inputs.to_scipy().toarray()) for one in (split.training, part))
    weights = [value.detach().clone().requires_grad_() for value in model.parameters()]
    optimizer = torch.optim.Adam(weights, lr=training.learning_rate, weight_decay=training.weight_decay)

    def outputs(values):
        first, bias, second, last = weights
        return (values @ first.T + bias).clamp(min=0) @ second.T + last

    found = []
    for _ in range(training.epochs + 1):
        with torch.no_grad():
            found.append(int((outputs(seen).argmax(1) == part.targets).sum()) / len(part))
        optimizer.zero_grad()
        smoothing = training.label_smoothing
        functional.cross_entropy(outputs(inputs), split.training.targets, label_smoothing=smoothing).backward()
        optimizer.step()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "name"), [(0, "training"), (1, "validation"), (2, "validation")])
def test_it_is_the_first_epoch_of_a_plain_loop(small_split, seed, name):
    part = small_split.parts[name]
    path = plain_accuracies(model_of(small_split, seed, 0.0), small_split, part, BASE)
    assert max(path) > path[0]
    for hits in range(len(part) + 1):
        target = hits / len(part)
        epochs = next((epoch for epoch, value in enumerate(path) if value >= target), None)
        kind = "never" if epochs is None else "reached" if epochs else "already there"
        for stop in (True, False):
            trainer = Trainer(model_of(small_split, seed, 0.0), small_split, BASE, record_history=False)
            assert reached(trainer, part, target, stop=stop) == TimeToTarget(kind, epochs, epochs, 30)
            assert trainer.epochs == (epochs if stop and epochs is not None else 30)


@pytest.mark.parametrize(
    ("objective", "batch_size", "record_history"),
    [
        *[("cross_entropy", 0, True), ("bitwise", 0, False), ("bitwise", 1, True), ("cross_entropy", 7, False)],
        *[("bitwise", 20, True), ("cross_entropy", 39, True), ("bitwise", 40, False), ("cross_entropy", 41, False)],
    ],
)
def test_mini_batches_count_whole_epochs(small_split, objective, batch_size, record_history):
    training = replace(BASE, objective=objective, batch_size=batch_size, epochs=10, word_dropout=0.1)
    alone = Trainer(model_of(small_split), small_split, training, seed=3)
    alone.advance()
    path = [epoch.validation.accuracy for epoch in alone.history]
    target = max(path)
    epochs = path.index(target) + 1
    steps = {0: 1, 1: 40, 7: 6, 20: 2, 39: 2}.get(batch_size, 1)
    assert evaluate(model_of(small_split), small_split.validation, objective).accuracy < target
    trainer = Trainer(model_of(small_split), small_split, training, seed=3, record_history=record_history)
    assert reached(trainer, small_split.validation, target) == TimeToTarget(
        "reached", epochs * steps, epochs, 10 * steps
    )
    assert trainer.steps == epochs * steps


def test_without_stopping_it_trains_as_if_nobody_looked(small_split):
    alone, seen = (Trainer(model_of(small_split), small_split, BASE, seed=3) for _ in range(2))
    alone.advance()
    first = reached(seen, small_split.validation, 0.8, stop=False)
    accuracies = [epoch.validation.accuracy for epoch in alone.history]
    assert first.epochs == next(epoch for epoch, value in enumerate(accuracies, start=1) if value >= 0.8) < 30
    assert [(epoch.training, epoch.validation) for epoch in seen.history] == [
        (epoch.training, epoch.validation) for epoch in alone.history
    ]
    assert all(map(torch.equal, seen.model.parameters(), alone.model.parameters()))


@pytest.mark.parametrize(("batch_size", "hits"), [(0, 9), (0, 14), (5, 12), (5, 14)])
def test_pausing_changes_nothing(small_split, monkeypatch, batch_size, hits):
    """Not even within an epoch, where the accuracy is not looked at."""
    training = replace(BASE, batch_size=batch_size)
    results = []
    for length in (0.0, 0.001, 1e9):
        monkeypatch.setattr(time_to_target, "SLICE_SECONDS", length)
        trainer = Trainer(model_of(small_split), small_split, training, seed=3, record_history=False)
        found, left = ended(train_to_target(trainer, small_split.validation, hits / 14))
        assert {0.0: left == trainer.steps, 1e9: left == 0}.get(length, left <= trainer.steps)
        results.append((found, copy_state(trainer.model)))
    assert results[0][0].kind == "reached"
    for found, state in results[1:]:
        assert found == results[0][0]
        assert all(torch.equal(value, results[0][1][name]) for name, value in state.items())


def test_it_can_be_left_after_the_time_of_a_slice(small_split, monkeypatch):
    """By a clock that goes on by an eighth of a second an epoch."""
    trainer = Trainer(model_of(small_split), small_split, replace(BASE, epochs=20), record_history=False)
    monkeypatch.setattr(time_to_target, "SLICE_SECONDS", 0.25)
    monkeypatch.setattr(time_to_target.time, "perf_counter", lambda: trainer.epochs / 8)
    run = train_to_target(trainer, small_split.validation, 2.0)
    seen = [trainer.epochs for _ in run]
    assert seen == list(range(2, 21, 2))


def test_an_accuracy_at_the_target_but_for_rounding_is_at_it(small_split):
    model = trained(small_split).model
    part = small_split.validation
    accuracy = evaluate(model, part, "cross_entropy").accuracy
    frozen = replace(BASE, learning_rate=1e-6, epochs=2)
    for more, kind in ((0.0, "already there"), (5e-13, "already there"), (1e-9, "never"), (-1e-9, "already there")):
        trainer = Trainer(model_of(small_split), small_split, frozen, record_history=False)
        trainer.model.load_state_dict(model.state_dict())
        assert reached(trainer, part, accuracy + more).kind == kind
    for hits, share in product(range(1, 300), (0.95, 0.9, 0.7)):
        if (share * hits) == round(share * hits):  # the target is a number of hits: rounding must not make it one more
            assert round(share * hits) / 300 >= share * (hits / 300) - time_to_target.ROUNDING


def test_already_there_takes_no_step(small_split):
    trainer = Trainer(model_of(small_split), small_split, BASE)
    before = copy_state(trainer.model)
    assert reached(trainer, small_split.validation, 0.0) == TimeToTarget("already there", 0, 0, 30)
    assert (trainer.steps, trainer.state) == (0, "ready")
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())


def test_it_goes_on_with_a_trainer_that_was_advanced(small_split):
    trainer = Trainer(model_of(small_split), small_split, replace(BASE, batch_size=20))
    trainer.advance(epochs=4)
    trainer.step()
    assert reached(trainer, small_split.validation, 2.0) == TimeToTarget("never", None, None, 60 - 9)
    assert trainer.steps == 60
    assert reached(trainer, small_split.validation, 2.0) == TimeToTarget("never", None, None, 0)  # finished
    assert reached(trainer, small_split.validation, 0.5) == TimeToTarget("already there", 0, 0, 0)
    first, again = (Trainer(model_of(small_split), small_split, BASE, seed=3) for _ in range(2))
    whole = reached(first, small_split.validation, 1.0)
    again.advance(epochs=2)
    left = reached(again, small_split.validation, 1.0)
    assert (left.steps, left.epochs, left.limit) == (whole.steps - 2, whole.epochs - 2, 28)


@pytest.mark.parametrize(
    ("where", "value", "record_history"),
    [("fc1.weight", math.nan, True), ("fc1.weight", math.inf, False), ("fc2.bias", math.nan, False),
     ("fc2.bias", math.inf, True)],
)  # fmt: skip
def test_a_model_whose_outputs_are_not_finite_diverges(small_split, where, value, record_history):
    trainer = Trainer(model_of(small_split), small_split, BASE, record_history=record_history)
    with torch.no_grad():
        trainer.model.get_parameter(where).fill_(value)
    assert reached(trainer, small_split.validation, 0.0) == TimeToTarget("diverged", None, None, 30)
    assert reached(trainer, small_split.validation, 0.0).kind == "diverged"
    assert trainer.steps == 1


def test_steps_that_are_too_large_diverge_unless_the_target_came_first(small_split):
    part = small_split.validation
    for target, kind in ((2.0, "diverged"), (0.0, "already there")):
        trainer = Trainer(model_of(small_split), small_split, BASE, record_history=False)
        trainer._learning_rate = lambda: 1e30
        assert reached(trainer, part, target, stop=False).kind == kind
        assert trainer.state == "diverged"
    trainer = Trainer(model_of(small_split), small_split, BASE, seed=3)
    run = train_to_target(trainer, part, 0.8, stop=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time_to_target, "SLICE_SECONDS", 0.0)
        while not trainer.history or trainer.history[-1].validation.accuracy < 0.8:
            next(run)
    epochs = trainer.epochs
    with torch.no_grad():
        trainer.model.fc2.bias.fill_(torch.inf)
    assert ended(run)[0] == TimeToTarget("reached", epochs, epochs, 30)
    assert trainer.state == "diverged"


# Errors.


@pytest.mark.parametrize("slices", [savings_slices, learning_curve_slices])
def test_what_does_not_fit_is_refused_before_anything_is_computed(small_split, slices):
    done = trained(small_split)
    with pytest.raises(RecipeError, match=r"^Relearning asks .* published protocol .* Use the modern protocol\.$"):
        slices(done, small_split, PUBLISHED)
    with pytest.raises(
        RecipeError, match=r"^relearning\.layers must be layers of the model \(fc1, fc2\), sets of them .*got 'fc3'"
    ):
        slices(done, small_split, recipe_of(replace(PLAN, layers=("fc3",))))
    many = replace(PLAN, doses=tuple(np.linspace(0, 1, 1_001).tolist()), seeds=1_000)
    with pytest.raises(RecipeError, match=r"^Relearning must have at most 50,000 variants"):
        slices(done, small_split, recipe_of(many))
    model = model_of(small_split)
    with torch.no_grad():
        model.fc1.bias[0] = torch.nan
        model.fc1.bias[1] = torch.inf
    with pytest.raises(DataError, match=r"not finite\. Train it with a lower learning rate"):
        slices(replace(done, model=model), small_split, recipe_of())


def test_a_plan_that_fits_passes():
    assert time_to_target.check_relearning(recipe_of()) is None
