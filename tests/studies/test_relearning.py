"""Relearning against plain training loops, numbers by hand, and what theory says of it on the bundled sample."""

import io
import json
import math
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import chain, product, zip_longest

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from forgetting.core.errors import DataError, RecipeError
from forgetting.core.seeding import second_seed
from forgetting.data.sample import load_sample
from forgetting.experiment.pipeline import build_model, copy_state, prepare, train
from forgetting.experiment.results import Trained
from forgetting.metrics.intervals import seed_bands
from forgetting.metrics.scores import NOT_FINITE, evaluate, top_1_accuracy
from forgetting.model.classifier import ModelSettings, TextClassifier
from forgetting.model.trainer import PartMetrics, Trainer, TrainingSettings
from forgetting.randomization.path import randomize
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe
from forgetting.studies import relearning, savings, time_to_target
from forgetting.studies.relearning import (
    CurvePoint,
    LearningCurve,
    RelearningResult,
    learning_curve_bands,
    learning_curve_slices,
)
from forgetting.studies.savings import (
    MemoryConclusion,
    SavingsRow,
    anamnesis_index,
    compute_savings,
    conclude_memory,
    leaves_one_model,
    savings_curves,
    savings_slices,
)
from forgetting.studies.time_to_target import TargetAccuracy, TimeToTarget, train_to_target

BASE = TrainingSettings(epochs=30, learning_rate=0.05)
PLAN = Relearning(epochs=25, layers=("each", "all"), doses=(0.0, 0.5, 1.0), schemes=("reinit", "rewind"), seeds=2)


def model_of(split, seed=1, dropout=0.2) -> TextClassifier:
    return TextClassifier(len(split.words), len(split.classes), (5,), dropout, seed=seed)


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


def recipe_of(plan=PLAN, randomization=None, seed=0, **training) -> Recipe:
    return Recipe(
        model=ModelSettings(hidden=(5,), dropout=0.2),
        training=replace(TrainingSettings(epochs=12, learning_rate=0.05), **training),
        randomization=randomization or Randomization(layers=("fc2",), fraction=0.8, scheme="reinit"),
        relearning=plan,
        seed=seed,
    )


@cache
def trained(split, recipe=None) -> Trained:
    """What training by a recipe gives; it is changed by nobody."""
    return train(recipe or recipe_of(), split)


def rows_of(done, split, recipe) -> list[SavingsRow]:
    return list(chain.from_iterable(savings_slices(done, split, recipe)))


def courses_of(done, split, recipe) -> list[LearningCurve]:
    return list(chain.from_iterable(learning_curve_slices(done, split, recipe)))


@pytest.fixture(scope="module")
def sample():
    split = prepare(MODERN, load_sample())
    return split, train(MODERN, split)


# Reaching a target.


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
        trainer._optimizer.param_groups[0]["lr"] = 1e30
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


def test_accuracy_is_that_of_the_scores_and_none_where_outputs_are_not_finite(small_split):
    model = model_of(small_split)
    for part in small_split.parts.values():
        assert top_1_accuracy(model, part) == evaluate(model, part, "cross_entropy").accuracy
    with torch.no_grad():
        model.fc2.bias[0] = torch.inf
    assert math.isnan(top_1_accuracy(model, small_split.validation))


# Savings and anamnesis.

THERE = TimeToTarget("already there", 0, 0, 100)
NEVER, DIVERGED = TimeToTarget("never", None, None, 2_000), TimeToTarget("diverged", None, None, 100)


def after(steps: int) -> TimeToTarget:
    return TimeToTarget("reached", steps, steps, 100)


@pytest.mark.parametrize(
    ("own", "reference", "saved", "index"),
    [
        (after(5), after(20), 0.75, 0.25),
        (after(20), after(20), 0.0, 1.0),
        (after(30), after(20), -0.5, 1.5),
        (THERE, after(20), 1.0, 0.0),
    ],
)
def test_savings_and_anamnesis_by_hand(own, reference, saved, index):
    assert (compute_savings(own, reference).value, compute_savings(own, reference).missing) == (saved, "")
    assert (anamnesis_index(own, reference).value, anamnesis_index(own, reference).missing) == (index, "")


@given(own=st.integers(0, 10**6), reference=st.integers(1, 10**6))
def test_savings_and_anamnesis_are_two_sides_of_one_ratio(own, reference):
    pair = (after(own) if own else THERE, after(reference))
    saved, index = compute_savings(*pair).value, anamnesis_index(*pair).value
    assert saved == pytest.approx((reference - own) / reference, abs=1e-9)
    assert saved + index == pytest.approx(1)
    assert saved <= 1
    assert (saved > 0, saved == 0) == (own < reference, own == reference)


OWN, SCRATCH = "the randomized model", "the model from scratch"
MISSING = {
    "scratch there": (after(3), THERE, f"{SCRATCH} is at the target before any step"),
    "both there": (THERE, THERE, f"{SCRATCH} is at the target before any step"),
    "scratch never": (
        after(3),
        NEVER,
        f"{OWN} reaches the target after 3 steps and {SCRATCH} does not reach the target within 2,000 steps",
    ),
    "own there, scratch never": (
        THERE,
        NEVER,
        f"{OWN} reaches the target after 0 steps and {SCRATCH} does not reach the target within 2,000 steps",
    ),
    "own never": (
        NEVER,
        after(25),
        f"{OWN} does not reach the target within 2,000 steps and {SCRATCH} reaches the target after 25 steps",
    ),
    "neither": (
        NEVER,
        NEVER,
        f"{OWN} does not reach the target within 2,000 steps and "
        f"{SCRATCH} does not reach the target within 2,000 steps",
    ),
    "own diverges": (
        DIVERGED,
        after(25),
        f"{OWN} diverges before the target and {SCRATCH} reaches the target after 25 steps",
    ),
    "scratch diverges": (
        after(3),
        DIVERGED,
        f"{OWN} reaches the target after 3 steps and {SCRATCH} diverges before the target",
    ),
    "own never, scratch there": (
        NEVER,
        THERE,
        f"{OWN} does not reach the target within 2,000 steps and {SCRATCH} reaches the target after 0 steps",
    ),
}


@pytest.mark.parametrize("case", MISSING)
def test_what_is_missing_says_why(case):
    own, reference, reason = MISSING[case]
    assert (compute_savings(own, reference).value, compute_savings(own, reference).missing) == (None, reason)
    reason = reason.replace(OWN, "the unlearned model").replace(SCRATCH, "the retrained model")
    assert (anamnesis_index(own, reference).value, anamnesis_index(own, reference).missing) == (None, reason)


@given(pair=st.tuples(*[st.sampled_from([after(1), after(50), THERE, NEVER, DIVERGED])] * 2))
def test_a_ratio_has_either_a_value_or_a_reason(pair):
    for ratio in (compute_savings(*pair), anamnesis_index(*pair)):
        assert (ratio.value is None) == bool(ratio.missing)


@pytest.mark.parametrize(
    ("target", "chance", "majority", "reason"),
    [
        (0.5, 0.25, 0.4, ""),
        (0.25, 0.25, 0.2, "the target, an accuracy of 0.250, is not above chance (0.250)"),
        (0.1, 0.25, 0.4, "the target, an accuracy of 0.100, is not above chance (0.250)"),
        (0.4, 0.25, 0.4, "the target, an accuracy of 0.400, is not above that of always naming one class (0.400)"),
        (0.3, 0.25, 0.4, "the target, an accuracy of 0.300, is not above that of always naming one class (0.400)"),
    ],
)
def test_a_target_that_a_trivial_model_reaches_tells_nothing(target, chance, majority, reason):
    goal = TargetAccuracy(0.9, target, chance, majority)
    assert goal.missing == reason
    found = compute_savings(after(5), after(20), goal)
    assert (found.value, found.missing) == ((None, reason) if reason else (0.75, ""))


# Courses.


def by_hand(recipe, split, seed, model):
    """A course's points by a Trainer of its own, advanced epoch by epoch, and scores of the model in between."""
    training = replace(recipe.training, epochs=recipe.relearning.epochs)
    trainer = Trainer(model, split, training, seed=second_seed(seed), record_history=False)
    found = []
    for epoch in range(training.epochs + 1):
        scores = [evaluate(trainer.model, part, training.objective) for part in split.parts.values()]
        found.append((epoch, trainer.steps, *((score.loss, score.accuracy) for score in scores)))
        trainer.advance(epochs=1)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"batch_size": 15, "word_dropout": 0.2}, {"objective": "bitwise"}])
def test_a_course_is_a_copy_trained_by_hand(small_split, changes):
    recipe = recipe_of(replace(PLAN, seed=3), Randomization(("fc1",), 0.7, "rewind", "neuron"), seed=3, **changes)
    done = trained(small_split, recipe)
    courses = courses_of(done, small_split, recipe)
    assert [(course.model, course.seed) for course in courses] == [
        (name, seed) for seed in (3, 4) for name in ("scratch", "randomized", "continued")
    ]
    for course in courses:
        randomization = Randomization(("fc1",), 0.7, "rewind", "neuron", seed=course.seed)
        model = {
            "scratch": lambda: build_model(replace(recipe, seed=second_seed(course.seed)), small_split),  # noqa: B023
            "randomized": lambda: randomize(done.model, randomization, initial=done.initial),  # noqa: B023
            "continued": lambda: randomize(done.model, Randomization(())),
        }[course.model]()
        path = by_hand(recipe, small_split, course.seed, model)
        assert len(course.points) == len(path) == 26
        for point, (epoch, steps, training, validation) in zip(course.points, path, strict=True):
            assert (point.epoch, point.steps) == (epoch, steps)
            assert (point.training.loss, point.training.accuracy) == pytest.approx(training, rel=1e-6)
            assert (point.validation.loss, point.validation.accuracy) == pytest.approx(validation, rel=1e-6)
        before = evaluate(done.model, small_split.validation, "cross_entropy").accuracy
        assert course.target_accuracy.target == pytest.approx(0.95 * before)
        epoch, steps = next(((row[0], row[1]) for row in path if row[3][1] >= 0.95 * before - 1e-9), (None, None))
        assert (course.time_to_target.epochs, course.time_to_target.steps, course.time_to_target.limit) == (
            epoch,
            steps,
            path[-1][1],
        )


def test_a_course_may_be_of_named_words(small_split):
    words = ("cherry", "lemon", "smoke")
    named = Randomization(("fc1",), 1.0, "normal", "word", words=words)
    recipe = recipe_of(replace(PLAN, seeds=1, epochs=2), named)
    done = trained(small_split)
    _, randomized, _ = courses_of(done, small_split, recipe)
    model = randomize(done.model, named, vocabulary=small_split.words)
    scores = evaluate(model, small_split.validation, "cross_entropy")
    assert randomized.points[0].validation == PartMetrics(pytest.approx(scores.loss), scores.accuracy)
    assert scores.loss != pytest.approx(done.history[-1].validation.loss)


def test_the_model_from_scratch_is_not_the_originals_own_run(small_split):
    recipe = recipe_of(replace(PLAN, seeds=1))
    done = trained(small_split)
    scratch, _, continued = courses_of(done, small_split, recipe)
    first = build_model(recipe, small_split)
    start = scratch.points[0].training
    assert start.loss != pytest.approx(evaluate(first, small_split.training, "cross_entropy").loss, rel=1e-4)
    assert scratch.points[1].training.loss != pytest.approx(done.history[0].training.loss, rel=1e-4)
    assert continued.points[0].validation == done.history[-1].validation
    assert continued.time_to_target.kind == "already there"


def test_a_course_that_diverges_keeps_the_points_before(small_split):
    recipe = recipe_of(replace(PLAN, seeds=1), Randomization(("fc1",), 1.0, "rewind"))
    done = trained(small_split)
    broken = replace(done, initial={**done.initial, "fc1.bias": torch.full((5,), torch.inf)})
    scratch, randomized, continued = courses_of(broken, small_split, recipe)
    assert (randomized.points, randomized.time_to_target) == ((), TimeToTarget("diverged", None, None, 25))
    assert (len(scratch.points), len(continued.points)) == (26, 26)
    result = RelearningResult(recipe, (scratch, randomized, continued))
    assert result.outcomes["outcome"].tolist() == [scratch.time_to_target.kind, "diverged", "already there"]
    assert result.outcomes["missing"][1].startswith("the randomized model diverges before the target and")
    assert np.isnan(result.outcomes["steps"][1])
    assert set(result.curves["model"]) == {"scratch", "continued"}


# Rows.


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"batch_size": 15}, {"objective": "bitwise"}])
def test_rows_are_the_variants_one_by_one(small_split, changes):
    plan = replace(PLAN, layers=("fc2", "fc1+fc2"), schemes=("permute", "rewind", "normal"), seed=5, target_share=0.9)
    recipe = recipe_of(plan, **changes)
    done = trained(small_split, recipe)
    rows = rows_of(done, small_split, recipe)
    order = product((5, 6), (("fc2",), ("fc1", "fc2")), ("permute", "rewind", "normal"), (0.0, 0.5, 1.0))
    part, objective = small_split.validation, recipe.training.objective
    before = evaluate(done.model, part, objective).accuracy
    most = Counter(small_split.training.targets.tolist()).most_common(1)[0][0]
    named = sum(int(target) == most for target in part.targets) / len(part)

    def steps_of(model, seed):
        path = by_hand(recipe, small_split, seed, model)
        return next((row[1] for row in path if row[3][1] >= 0.9 * before - 1e-9), None)

    scratch = {
        seed: steps_of(build_model(replace(recipe, seed=second_seed(seed)), small_split), seed) for seed in (5, 6)
    }
    outcomes = set()
    for row, (seed, names, scheme, dose) in zip(rows, order, strict=True):
        assert (row.layers, row.scheme, row.dose, row.seed) == ("+".join(names), scheme, dose, seed)
        model = randomize(done.model, Randomization(names, dose, scheme, seed=seed), initial=done.initial)
        assert row.accuracy == pytest.approx(evaluate(model, part, objective).accuracy)
        assert (row.accuracy_before, row.target, row.chance) == pytest.approx((before, 0.9 * before, 1 / 3))
        assert (row.majority, row.epochs) == (pytest.approx(named), 25)
        steps = steps_of(model, seed)
        assert (row.steps, row.scratch_steps) == (steps, scratch[seed])
        kinds = [{None: "never", 0: "already there"}.get(count, "reached") for count in (steps, scratch[seed])]
        assert [row.outcome, row.scratch_outcome] == kinds
        outcomes.add(row.outcome)
        if steps is None or not scratch[seed]:
            assert row.savings is None
            assert row.missing["savings"]
        else:
            assert row.savings == pytest.approx(1 - steps / scratch[seed])
            assert row.missing == {}
    assert {"already there", "reached"} <= outcomes


def test_at_dose_0_nothing_was_lost(small_split):
    for row in rows_of(trained(small_split), small_split, recipe_of()):
        if row.dose == 0:
            assert (row.outcome, row.steps, row.savings, row.accuracy) == ("already there", 0, 1.0, row.accuracy_before)


def test_a_course_and_a_row_of_the_same_variant_agree(small_split):
    plan = replace(PLAN, layers=("fc2",), doses=(0.8,), schemes=("reinit",), seeds=4)
    recipe = recipe_of(plan)
    done = trained(small_split)
    courses = courses_of(done, small_split, recipe)
    result = RelearningResult(recipe, tuple(courses), tuple(rows_of(done, small_split, recipe)))
    again = result.outcomes[result.outcomes["model"] == "randomized"]
    for name in ("outcome", "steps", "savings"):
        pd.testing.assert_series_equal(again[name].reset_index(drop=True), result.frame[name])
    scratch = result.outcomes[result.outcomes["model"] == "scratch"]
    assert scratch["steps"].tolist() == result.frame["scratch_steps"].tolist()
    assert scratch["savings"].isna().all()
    assert (scratch["missing"] == "").all()


def test_what_is_drawn_anew_whole_is_gone_and_what_is_left_is_remembered(sample):
    """On the bundled sample: of both layers drawn anew nothing is left; of the last alone, the first layer is."""
    split, done = sample
    plan = Relearning(layers=("fc2", "all"), doses=(1.0,), schemes=("reinit",), seeds=5)
    result = RelearningResult(MODERN, rows=tuple(rows_of(done, split, replace(MODERN, relearning=plan))))
    chance, groups = 1 / 11, dict(list(result.frame.groupby("layers")))
    assert (result.frame["accuracy"] < 3 * chance).all()  # at chance, the one that remembers as well
    anew, last = (conclude_memory(groups[names]["savings"].tolist()) for names in ("fc1+fc2", "fc2"))
    assert (anew.conclusion, anew.seeds) == ("gone", 5)
    assert abs(anew.median) < 0.3
    assert (last.conclusion, last.seeds, last.p) == ("remembers", 5, 1 / 32)
    assert last.low > 0.1


def test_weights_too_large_to_relearn_are_missing_not_zero(sample):
    split, done = sample
    plan = Relearning(layers=("fc1",), doses=(1.0,), schemes=("normal",), seeds=1, epochs=30)
    (row,) = rows_of(done, split, replace(MODERN, relearning=plan))
    assert (row.outcome, row.steps, row.savings, row.scratch_outcome) == ("never", None, None, "reached")
    assert row.missing["steps"] == f"{OWN} does not reach the target within 30 steps"
    assert row.missing["savings"].startswith(f"{row.missing['steps']} and {SCRATCH} reaches the target after ")


def test_outputs_that_are_not_finite_are_missing_with_the_reason(small_split):
    recipe = recipe_of(replace(PLAN, layers=("fc1",), schemes=("rewind",), doses=(0.0, 1.0), seeds=1))
    done = trained(small_split)
    broken = replace(done, initial={**done.initial, "fc1.weight": torch.full((5, 20), torch.inf)})
    whole, lost = rows_of(broken, small_split, recipe)
    assert (whole.savings, whole.missing) == (1.0, {})
    assert (lost.accuracy, lost.outcome, lost.steps, lost.savings) == (None, "diverged", None, None)
    assert list(lost.missing) == ["accuracy", "steps", "savings"]
    assert lost.missing["accuracy"] == NOT_FINITE
    assert lost.missing["steps"] == f"{OWN} diverges before the target"
    frame = RelearningResult(recipe, rows=(whole, lost)).frame
    assert frame["accuracy"].isna().tolist() == [False, True]
    assert frame["missing"][1] == "; ".join(f"{name}: {reason}" for name, reason in lost.missing.items())


def test_a_target_not_above_a_trivial_model_is_the_reason_of_missing_savings(small_split):
    part = small_split.validation
    for share, reason in ((0.01, "is not above chance (0.333)"), (0.4, "is not above that of always naming one class")):
        recipe = recipe_of(replace(PLAN, layers=("fc2",), target_share=share, seeds=1))
        done = trained(small_split)
        rows = rows_of(done, small_split, recipe)
        assert len(rows) == 6
        for row in rows:
            assert row.savings is None
            assert reason in row.missing["savings"]
        courses = courses_of(done, small_split, recipe)
        texts = RelearningResult(recipe, tuple(courses)).outcomes["missing"].tolist()
        assert [reason in text for text in texts] == [False, True, False]
    assert int((part.targets == 1).sum()) / 14 == pytest.approx(6 / 14)  # red is the most frequent


# What must not change.


@pytest.mark.usefixtures("global_state_kept")
def test_the_same_plan_gives_the_same_and_changes_nothing(small_split, monkeypatch):
    recipe = recipe_of()
    done = trained(small_split)
    before, initial = copy_state(done.model), {name: value.clone() for name, value in done.initial.items()}
    rows, courses = rows_of(done, small_split, recipe), courses_of(done, small_split, recipe)
    assert len(rows) == 2 * 3 * 3 * 2
    monkeypatch.setattr(time_to_target, "SLICE_SECONDS", 0.0)  # two at once, each left after every step
    pairs = zip_longest(savings_slices(done, small_split, recipe), learning_curve_slices(done, small_split, recipe))
    first, second = zip(*pairs, strict=True)
    assert list(chain.from_iterable(filter(None, first))) == rows
    assert [] in first
    again = list(chain.from_iterable(filter(None, second)))
    assert [(one.points, one.time_to_target, one.target_accuracy) for one in again] == [
        (one.points, one.time_to_target, one.target_accuracy) for one in courses
    ]
    assert all(torch.equal(value, before[name]) for name, value in done.model.state_dict().items())
    assert all(torch.equal(value, initial[name]) for name, value in done.initial.items())


def test_a_seed_gives_the_same_rows_in_any_plan(small_split):
    done = trained(small_split)
    wide = rows_of(done, small_split, recipe_of())
    alone = recipe_of(replace(PLAN, layers=("fc2",), doses=(0.5,), schemes=("reinit",), seeds=1, seed=1))
    (row,) = rows_of(done, small_split, alone)
    assert row in wide


# Errors.


@pytest.mark.parametrize("slices", [savings_slices, learning_curve_slices])
def test_what_does_not_fit_is_refused_before_anything_is_computed(small_split, slices):
    done = trained(small_split)
    with pytest.raises(RecipeError, match=r"^Relearning asks .* published protocol .* Use the modern protocol\.$"):
        slices(done, small_split, PUBLISHED)
    with pytest.raises(RecipeError, match=r"^relearning\.layers must be sets of .*\(fc1, fc2\).*got 'fc3'"):
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


# Tables.


def course(model, seed, accuracies, kind="reached", steps=1) -> LearningCurve:
    points = tuple(
        CurvePoint(2 * epoch, epoch, PartMetrics(1 / (1 + epoch), value), PartMetrics(2 / (1 + epoch), value / 2))
        for epoch, value in enumerate(accuracies)
    )
    return LearningCurve(model, seed, points, TimeToTarget(kind, steps, steps, 10), TargetAccuracy(0.9, 0.8, 0.1, 0.2))


def test_the_curves_and_outcomes_of_courses_by_hand():
    courses = (
        course("scratch", 0, [0.0, 0.5], steps=8),
        course("randomized", 0, [0.25, 0.75], steps=2),
        course("continued", 0, [1.0], "already there", 0),
    )
    result = RelearningResult(MODERN, courses)
    assert result.curves.to_dict("records") == [
        dict(zip(relearning.CURVE_COLUMNS, values, strict=True))
        for values in (
            ("scratch", 0, 0, 0.0, 1.0, 0.0, 2.0, 0.0),
            ("scratch", 0, 1, 2.0, 0.5, 0.5, 1.0, 0.25),
            ("randomized", 0, 0, 0.0, 1.0, 0.25, 2.0, 0.125),
            ("randomized", 0, 1, 2.0, 0.5, 0.75, 1.0, 0.375),
            ("continued", 0, 0, 0.0, 1.0, 1.0, 2.0, 0.5),
        )
    ]
    assert result.outcomes.astype(object).where(result.outcomes.notna(), None).to_dict("records") == [
        dict(zip(relearning.OUTCOME_COLUMNS, values, strict=True))
        for values in (
            ("scratch", 0, "reached", 8.0, None, ""),
            ("randomized", 0, "reached", 2.0, 0.75, ""),
            ("continued", 0, "already there", 0.0, None, ""),
        )
    ]


def test_course_bands_are_numpys_quantiles():
    paths = [[0.0, 0.5, 1.0], [0.25, 0.75, 0.5], [0.5, 0.25, 0.875], [0.125, 0.5]]  # the last diverged
    courses = [course(name, seed, path) for seed, path in enumerate(paths) for name in ("scratch", "randomized")]
    table = learning_curve_bands(RelearningResult(MODERN, tuple(courses)).curves, "training_accuracy")
    assert list(table.columns) == ["model", "epoch", "steps", "seeds", "low", "median", "high"]
    assert list(zip(table["model"], table["epoch"], table["steps"], strict=True)) == [
        (name, epoch, 2 * epoch) for name in ("scratch", "randomized") for epoch in range(3)
    ]
    for row in table.itertuples():
        values = [path[row.epoch] for path in paths if len(path) > row.epoch]
        assert (row.low, row.median, row.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.5, 0.95])))
        assert row.seeds == len(values)
    halves = learning_curve_bands(RelearningResult(MODERN, tuple(courses)).curves)
    assert halves["median"].tolist() == pytest.approx((table["median"] / 2).tolist())


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([0.0, 1.0]), st.one_of(st.none(), st.floats(-3, 1))),
        min_size=1,
        max_size=20,
    )
)
def test_bands_count_who_has_the_figure(rows):
    groups = {}
    for name, dose, value in rows:
        groups.setdefault((name, dose), []).append(value)
    frame = pd.DataFrame(rows, columns=["name", "dose", "value"]).astype({"value": float})
    found = seed_bands(frame, "value", ["name", "dose"])
    assert list(found.index) == list(groups)
    for values, row in zip(groups.values(), found.itertuples(), strict=True):
        known = [value for value in values if value is not None]
        assert row.seeds == len(known)
        if known:
            assert (row.low, row.median, row.high) == pytest.approx(tuple(np.quantile(known, [0.05, 0.5, 0.95])))
        else:
            assert np.isnan([row.low, row.median, row.high]).all()


def row(seed, steps, kind="reached", *, scratch=20, dose=1.0, target=0.8, layers="fc1", accuracy=0.25) -> SavingsRow:
    pair = (TimeToTarget(kind, steps, steps, 50), after(scratch) if scratch else TimeToTarget("never", None, None, 50))
    goal = TargetAccuracy(0.9, target, 0.1, 0.3)
    randomization = Randomization(tuple(layers.split("+")), dose, "reinit", seed=seed)
    return savings._row(goal, randomization, accuracy, *pair, 50)


def test_saving_curves_by_hand():
    rows = [
        row(0, 5),  # savings 0.75
        row(1, 0, "already there", accuracy=0.85),  # 1
        row(2, 30, accuracy=0.5),  # −0.5
        row(3, None, "never"),
        row(4, None, "diverged", accuracy=math.nan),
        row(5, None, "never", scratch=None),
        row(6, 5, scratch=None),
        row(0, None, "never", dose=0.5),
        row(0, None, "never", dose=0.5, layers="fc1+fc2", target=0.3),
        row(1, 5, dose=0.5, layers="fc1+fc2", target=0.3),
    ]
    frame = RelearningResult(MODERN, rows=tuple(rows)).frame
    table = savings_curves(frame)
    first, second, third = table.to_dict("records")
    assert list(table.columns) == [
        *("layers", "scheme", "dose", "seeds", "low", "median", "high", "accuracy"),
        *("already_there", "never", "diverged", "failed", "conclusion"),
    ]
    assert table["conclusion"].tolist() == ["gone", "too few seeds", "undefined"]
    assert (first["layers"], first["scheme"], first["dose"]) == ("fc1", "reinit", 1.0)
    assert (first["low"], first["median"], first["high"]) == pytest.approx(
        tuple(np.quantile([0.75, 1.0, -0.5], [0.05, 0.5, 0.95]))
    )
    assert first["accuracy"] == pytest.approx(np.median([0.25, 0.85, 0.5, 0.25, 0.25, 0.25]))
    counts = ("seeds", "already_there", "never", "diverged", "failed")
    assert [first[name] for name in counts] == [3, 1, 2, 1, 2]
    assert [second[name] for name in counts] == [0, 0, 1, 0, 1]
    assert np.isnan(second["median"])
    assert (third["layers"], [third[name] for name in counts]) == ("fc1+fc2", [0, 0, 1, 0, 0])  # the target is trivial


def test_empty_results_have_the_columns():
    empty = RelearningResult(MODERN)
    assert list(empty.frame.columns) == relearning.SAVINGS_COLUMNS
    assert list(empty.curves.columns) == relearning.CURVE_COLUMNS
    assert list(empty.outcomes.columns) == relearning.OUTCOME_COLUMNS
    assert len(savings_curves(empty.frame)) == len(learning_curve_bands(empty.curves)) == 0


# Files.


def test_files_hold_the_rows_and_what_they_are_of(small_split, tmp_path):
    recipe = recipe_of(replace(PLAN, layers=("fc2",), doses=(0.5, 1.0)))
    done = trained(small_split)
    rows = tuple(rows_of(done, small_split, recipe))
    result = RelearningResult(recipe, (), rows, "5" * 64, len(done.history), planned=8)
    kept = replace(recipe.for_training(), relearning=recipe.relearning)
    for kind in ("csv", "parquet", "json"):
        result.write(tmp_path / f"savings.{kind}")
    table = pd.read_csv(tmp_path / "savings.csv", keep_default_na=False)
    assert table["steps"].tolist() == [row.steps for row in rows]
    assert set(table["recipe_hash"]) == {kept.hash}
    assert set(table["data_sha256"].astype(str)) == {"5" * 64}
    assert (set(table["epochs_trained"]), set(table["rows_planned"])) == ({12}, {8})
    parquet = pq.read_table(tmp_path / "savings.parquet")
    pd.testing.assert_frame_equal(parquet.to_pandas(), result.frame)
    assert Recipe.from_json(parquet.schema.metadata[b"recipe"].decode()) == kept
    values = json.loads((tmp_path / "savings.json").read_text())
    assert [row["savings"] for row in values["rows"]] == [row.savings for row in rows]
    assert (values["data_sha256"], values["rows_planned"]) == ("5" * 64, 8)
    with pytest.raises(RecipeError, match=r"csv, parquet or json; got 'txt'"):
        result.write(tmp_path / "savings.txt")
    with pytest.raises(RecipeError, match="cannot be written"):
        result.write(tmp_path / "none" / "savings.csv")


def test_without_rows_the_curves_are_written():
    result = RelearningResult(MODERN, (course("scratch", 0, [0.0, 0.5]),))
    table = pd.read_csv(io.BytesIO(result.to_bytes("csv")))
    assert table["validation_accuracy"].tolist() == [0.0, 0.25]
    assert list(table.columns[:8]) == relearning.CURVE_COLUMNS


# The answer.


@pytest.mark.parametrize(
    ("values", "failed", "verdict", "seeds", "p"),
    [
        ([], 0, "undefined", 0, 1.0),
        ([None, math.nan], 0, "undefined", 0, 1.0),
        ([None] * 6, 0, "undefined", 0, 1.0),
        ([None] * 6, 6, "gone", 6, 1.0),
        ([0.5] * 4, 0, "too few seeds", 4, 1 / 16),
        ([0.5] * 4 + [None] * 3, 0, "too few seeds", 4, 1 / 16),
        ([0.5] * 5, 0, "remembers", 5, 1 / 32),
        ([0.5] * 5 + [None] * 3, 3, "gone", 8, sum(math.comb(8, k) for k in range(5, 9)) / 2**8),
        ([0.5] * 4 + [0.0], 0, "gone", 5, 1 / 16),
        ([0.5] * 5 + [0.0], 0, "remembers", 6, 1 / 32),
        ([0.0] * 5, 0, "gone", 5, 1.0),
        ([0.5] * 4 + [-0.1], 0, "gone", 5, 6 / 32),
        ([-0.5] * 5, 0, "gone", 5, 1.0),
        ([0.5] * 7 + [-0.1], 0, "remembers", 8, 9 / 256),
    ],
)
def test_the_answer_by_hand(values, failed, verdict, seeds, p):
    found = conclude_memory(values, failed=failed)
    assert (found.conclusion, found.seeds, found.p) == (verdict, seeds, pytest.approx(p))
    known = [value for value in values if value is not None and value == value]
    quantiles = tuple(np.quantile(known, [0.05, 0.5, 0.95])) if known else (None,) * 3
    assert (found.low, found.median, found.high) == pytest.approx(quantiles)


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.just(0.0), st.floats(-3, 1)), max_size=25),
    failed=st.integers(0, 5),
)
def test_the_sign_test_is_that_of_its_definition(values, failed):
    known = [value for value in values if value is not None]
    above = sum(value > 0 for value in known)
    trials = sum(value != 0 for value in known) + failed
    found = conclude_memory(values, failed=failed)
    assert isinstance(found, MemoryConclusion)
    if known:
        assert found.p == pytest.approx(sum(math.comb(trials, k) for k in range(above, trials + 1)) / 2**trials)
    seeds = len(known) + failed
    expected = "undefined" if not seeds else "too few seeds" if seeds < 5 else None
    assert found.seeds == seeds
    assert found.conclusion == (expected or ("remembers" if found.p <= 0.05 else "gone"))
    if found.conclusion == "remembers":
        assert found.median >= 0
        assert above >= 5


@pytest.mark.parametrize(
    ("scheme", "dose", "verdict"),
    [
        ("rewind", 1.0, "one model"),
        ("zero", 1.0, "one model"),
        ("rewind", 0.9, "remembers"),
        ("reinit", 1.0, "remembers"),
        ("permute", 1.0, "remembers"),
    ],
)
def test_seeds_that_leave_one_model_are_no_replicates(scheme, dose, verdict):
    """The null hypothesis of the test says nothing of weights that are drawn once, and may be lucky."""
    above = conclude_memory([0.5] * 6, same_model=leaves_one_model(scheme, dose))
    assert above.conclusion == verdict
    assert conclude_memory([-0.5] * 6, same_model=leaves_one_model(scheme, dose)).conclusion == "gone"
    assert conclude_memory([0.5] * 4, same_model=leaves_one_model(scheme, dose)).conclusion == "too few seeds"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_model_is_told_of_the_schemes_that_draw_nothing(scheme):
    model = TextClassifier(5, 3, (4,), seed=1)
    initial = TextClassifier(5, 3, (4,), seed=2).state_dict()
    made = [randomize(model, Randomization(scheme=scheme, seed=seed), initial=initial) for seed in range(4)]
    weights = {tuple(torch.cat([value.flatten() for value in each.parameters()]).tolist()) for each in made}
    assert leaves_one_model(scheme, 1.0) == (len(weights) == 1)


def test_fewer_seeds_than_the_least_cannot_pass():
    least = savings.LEAST_SEEDS
    assert 0.5**least <= savings.SIGNIFICANT < 0.5 ** (least - 1)
