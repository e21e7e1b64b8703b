"""Comparisons of methods against the same models trained and measured by hand, and how they are run in slices."""

import copy
import math
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import chain, islice, pairwise

import numpy as np
import pytest
import torch
from torch import nn

from forgetting.core.errors import DataError, ForgettingError, RecipeError
from forgetting.core.seeding import second_seed
from forgetting.experiment.pipeline import copy_state, make_trainer, prepare, snapshot, train
from forgetting.experiment.results import Trained
from forgetting.metrics.scores import NOT_FINITE, evaluate
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import ModelSettings, TrainingSettings
from forgetting.model.split import Split
from forgetting.model.trainer import Trainer
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.row import MODEL_METRICS, PAIR_METRICS, SETS, UNLEARNING_METRICS, UnlearningRow
from forgetting.unlearning.runner import LEFT_OUT, NOTHING_TO_RELEARN, UnlearningRunner, run_unlearning
from forgetting.unlearning.task import METHODS, Task, method

EPOCHS, SEED = 15, 4
BUILT_IN = tuple(METHODS)
QUICK = Unlearning(
    methods=("original", "retrain", "fine_tune"), seeds=1, seed=SEED, epochs=4, relearn_epochs=30
).for_kind("mlp")
TIMES = {"seconds", "seconds_ratio"}


def recipe_of(plan=QUICK, forget=Forget(share=0.3), hidden=(6,), dropout=0.3, **training) -> Recipe:  # noqa: B008
    return Recipe(
        model=ModelSettings(hidden=hidden, dropout=dropout),
        training=TrainingSettings(**({"epochs": EPOCHS, "learning_rate": 0.03} | training)),
        forget=forget,
        unlearning=plan,
        seed=SEED,
    )


@cache
def _trained(split: Split, recipe: Recipe) -> Trained:
    return train(recipe, split)


def trained(split: Split, recipe: Recipe) -> Trained:
    """What training by a recipe gives; it is changed by nobody."""
    return _trained(split, recipe.for_training())


def unlearner_of(split: Split, recipe: Recipe) -> UnlearningRunner:
    return UnlearningRunner(trained(split, recipe), split, recipe)


def run(split: Split, recipe: Recipe) -> UnlearningResult:
    return run_unlearning(trained(split, recipe), split, recipe)


@cache
def known_run(split: Split, recipe: Recipe) -> UnlearningResult:
    """Of methods that are in the library."""
    return run(split, recipe)


def rows_by_method(result: UnlearningResult, seed=SEED) -> dict[str, UnlearningRow]:
    return {row.method: row for row in result.rows if row.seed == seed}


def finish(unlearner: UnlearningRunner) -> list[UnlearningRow]:
    return list(chain.from_iterable(unlearner.slices()))


def all_of(row: UnlearningRow) -> dict:
    """Everything of a row but the times, as plain values and bytes, so that equal is equal bit for bit."""
    return {
        "figures": {name: value for name, value in row.metrics.items() if name not in TIMES},
        "retrained": {name: value for name, value in row.retrained.items() if name not in TIMES},
        "intervals": row.intervals,
        "missing": row.missing,
        "over_forgets": row.over_forgets,
        "probabilities": {whose: values.tobytes() for whose, values in row.probabilities.items()},
        "confidence": {whose: values.tobytes() for whose, values in row.confidence.items()},
        "losses": {
            (whose, name): values.tobytes() for whose, sets in row.losses.items() for name, values in sets.items()
        },
    }


@contextmanager
def registered(function):
    """A method of one's own, for as long as it lasts."""
    before = dict(METHODS)
    try:
        yield method(function)
    finally:
        METHODS.clear()
        METHODS.update(before)


def bits(model) -> dict[str, bytes]:
    state = model if isinstance(model, dict) else model.state_dict()
    return {name: value.detach().numpy().tobytes() for name, value in state.items()}


# What is certain.


@pytest.mark.parametrize(("objective", "hidden", "batch"), [("cross_entropy", (7, 5), 9), ("bitwise", (6,), 0)])
def test_the_method_original_has_the_original_s_figures(small_split, objective, hidden, batch):
    recipe = recipe_of(objective=objective, hidden=hidden, batch_size=batch)
    sets, done = make_forget_sets(small_split, recipe.forget), trained(small_split, recipe)
    row = rows_by_method(run(small_split, recipe))["original"]
    parts = {"forget": sets.forget, "retain": sets.retain, "validation": small_split.validation}
    for name, part in parts.items():
        scores = evaluate(done.model, part, objective)
        assert row.metrics[f"{name}_accuracy"] == scores.accuracy
        assert row.metrics[f"{name}_loss"] == scores.loss
        assert row.intervals[f"{name}_accuracy", "unlearned"] == scores.interval
    np.testing.assert_array_equal(row.probabilities["original"], row.probabilities["unlearned"])
    np.testing.assert_array_equal(row.confidence["original"], row.confidence["unlearned"])
    assert row.metrics["relearn_steps"] == 0


@pytest.mark.parametrize(("objective", "hidden", "batch"), [("cross_entropy", (7, 5), 9), ("bitwise", (6,), 0)])
@pytest.mark.slow
def test_eu_k_of_all_layers_has_all_the_figures_of_exact_retraining(small_split, objective, hidden, batch):
    plan = replace(QUICK, methods=("retrain", "eu_k"), last_layers=len(hidden) + 1, seeds=2)
    result = run(small_split, recipe_of(plan, objective=objective, hidden=hidden, batch_size=batch))
    for seed in (SEED, SEED + 1):
        found = rows_by_method(result, seed)
        assert all_of(found["eu_k"]) == all_of(found["retrain"])
    fewer = run(
        small_split,
        recipe_of(replace(plan, last_layers=len(hidden)), objective=objective, hidden=hidden, batch_size=batch),
    )
    found = rows_by_method(fewer)
    assert all_of(found["eu_k"]) != all_of(found["retrain"])


@pytest.mark.slow
def test_an_attack_finds_what_a_model_knows_by_heart_and_not_what_it_never_saw(wine_reviews):
    training = replace(MODERN.training, epochs=500, label_smoothing=0.0)
    plan = Unlearning(methods=("original", "retrain"), seeds=1)
    recipe = replace(
        MODERN,
        model=replace(MODERN.model, dropout=0.0),
        training=training,
        forget=Forget(share=0.2),
        unlearning=plan,
    )
    split = prepare(recipe, wine_reviews)
    result = run(split, recipe)
    found = rows_by_method(result, 0)
    known, gone = found["original"], found["retrain"]
    assert (known.metrics["forget_accuracy"], known.metrics["retain_accuracy"]) == (1, 1)
    assert known.metrics["attack_auc"] > 0.9
    assert known.intervals["attack_auc", "unlearned"][0] > 0.8
    assert known.metrics["attack_accuracy"] > 0.8
    for whose in ("unlearned", "retrained"):
        low, high = gone.intervals["attack_auc", whose]
        assert low < 0.5 < high
    assert known.gap("attack_auc") > 0.3
    assert known.metrics["relearn_steps"] == 0  # with a handful of steps after retraining there is no AIN
    assert (known.metrics["anamnesis"] is None) is (known.retrained["relearn_steps"] < 10)
    assert known.missing["attack_tpr"].endswith(f"there are {len(result.sets.non_members)}")
    assert gone.metrics["forget_accuracy"] == pytest.approx(gone.metrics["validation_accuracy"], abs=0.2)


# The models and the reference, by hand.


def plainly_trained(model, split, training, seed) -> nn.Module:
    trainer = Trainer(model, split, training, seed=seed, record_history=False)
    trainer.advance()
    return trainer.model


def fresh(split, recipe, seed) -> TextClassifier:
    model = recipe.model
    return TextClassifier(len(split.words), len(split.classes), model.hidden, model.dropout, seed=seed)


def steps_until(model, split, part, training, seed, target, limit) -> int | None:
    """A plain loop: steps until so large a share of the part is named right; looked at after each epoch."""
    trainer = Trainer(copy.deepcopy(model), split, replace(training, epochs=limit), seed=seed)

    def share():
        with torch.no_grad():
            return int((trainer.model(part.inputs).argmax(1) == part.targets).sum()) / len(part)

    for _ in range(limit):
        if share() >= target - 1e-12:
            return trainer.steps
        trainer.advance(epochs=1)
    return trainer.steps if share() >= target - 1e-12 else None


@pytest.mark.slow
@pytest.mark.parametrize(("hidden", "batch", "seed"), [((6,), 0, SEED + 1), ((7, 5), 9, SEED)])
def test_rows_are_of_models_trained_by_hand(small_split, hidden, batch, seed):
    """The retrained reference is exact retraining with the seed other(seed); relearning is a plain loop."""
    forget = Forget(by="class", label="red")  # of which the reference knows nothing
    recipe = recipe_of(replace(QUICK, seeds=2), forget, hidden=hidden, batch_size=batch)
    sets, training = make_forget_sets(small_split, recipe.forget), recipe.training
    original = plainly_trained(fresh(small_split, recipe, seed), small_split, training, seed)
    reference = plainly_trained(
        fresh(small_split, recipe, second_seed(seed)), sets.retain_split, training, second_seed(seed)
    )
    models = {
        "original": original,
        "retrain": plainly_trained(fresh(small_split, recipe, seed), sets.retain_split, training, seed),
        "fine_tune": plainly_trained(
            copy.deepcopy(original), sets.retain_split, replace(training, epochs=4, learning_rate=0.01), seed
        ),
    }
    found = rows_by_method(run(small_split, recipe), seed)
    assert list(found) == list(models)
    parts = {"forget": sets.forget, "retain": sets.retain, "validation": small_split.validation}
    known = evaluate(original, sets.forget, "cross_entropy").accuracy
    assert known > 0.5
    steps = {}
    for name, model in (("reference", reference), *models.items()):
        steps[name] = steps_until(model, small_split, sets.forget, training, second_seed(seed), 0.95 * known, 30)
    assert steps["reference"] > 0
    for name, model in models.items():
        row = found[name]
        for whose, values in ((model, row.metrics), (reference, row.retrained)):
            for part_name, part in parts.items():
                scores = evaluate(whose, part, "cross_entropy")
                assert values[f"{part_name}_accuracy"] == scores.accuracy
                assert values[f"{part_name}_loss"] == scores.loss
        assert row.metrics["relearn_steps"] == steps[name]
        assert row.retrained["relearn_steps"] == steps["reference"]
        if steps[name] is not None and steps["reference"]:
            assert row.metrics["anamnesis"] == steps[name] / steps["reference"]
        with torch.no_grad():
            says = [each(sets.forget.inputs).argmax(1) for each in (model, reference)]
            chances = original(sets.forget.inputs).double().softmax(1)
        assert row.metrics["forget_agreement"] == (says[0] == says[1]).double().mean()
        true = chances[range(len(sets.forget)), sets.forget.targets]
        np.testing.assert_allclose(row.probabilities["original"], true, rtol=1e-9)


def test_relearning_may_miss_a_twentieth_of_what_the_original_knew(small_split, monkeypatch):
    """Of so few reviews a twentieth is less than one; so that the share counts, another one is tried as well."""
    from forgetting.unlearning import runner

    assert runner.TARGET_MISS == 0.05
    monkeypatch.setattr(runner, "TARGET_MISS", 0.6)
    forget = Forget(by="class", label="red")
    recipe = recipe_of(replace(QUICK, methods=("retrain",)), forget)
    sets, done = make_forget_sets(small_split, forget), trained(small_split, recipe)
    model = plainly_trained(fresh(small_split, recipe, SEED), sets.retain_split, recipe.training, SEED)
    known = evaluate(done.model, sets.forget, "cross_entropy").accuracy
    given = (model, small_split, sets.forget, recipe.training, second_seed(SEED))
    expected = steps_until(*given, 0.4 * known, 30)
    assert 0 < expected < steps_until(*given, known, 30)
    assert run(small_split, recipe).rows[0].metrics["relearn_steps"] == expected


def test_the_seconds_are_those_of_the_method_by_itself(small_split, monkeypatch):
    """A clock that hardly moves by itself: what lies between two slices is not counted."""
    from forgetting.unlearning import runner

    class Clock:
        now = 0.0

        def perf_counter(self):
            self.now += 1e-6
            return self.now

    clock = Clock()
    monkeypatch.setattr(runner, "time", clock)

    def slow(task):
        """Take a while."""
        for _ in range(3):
            clock.now += 2
            yield
        clock.now += 1
        return task.copy()

    with registered(slow):
        unlearner = unlearner_of(small_split, recipe_of(replace(QUICK, methods=("slow",))))
        rows = []
        for found in unlearner.slices():
            clock.now += 100
            rows += found
    (row,) = rows
    assert row.metrics["seconds"] == pytest.approx(7, abs=1e-3)
    assert 0 < row.retrained["seconds"] < 1e-3  # while models are trained the clock stands
    assert row.metrics["seconds_ratio"] == row.metrics["seconds"] / row.retrained["seconds"]


# Missing figures.


def check_reasons(row: UnlearningRow):
    """A figure is a finite number, or None with a reason; nothing that is there has one."""
    for prefix, values in (("", row.metrics), ("retrained_", row.retrained)):
        for name, value in values.items():
            assert (value is None) is bool(row.missing.get(prefix + name)), prefix + name
            assert value is None or math.isfinite(value), prefix + name


def test_a_forgotten_class_is_compared_with_the_validation_reviews_of_that_class(small_split):
    for label in small_split.classes:
        recipe = recipe_of(forget=Forget(by="class", label=label))
        number = small_split.classes.index(label)
        result = run(small_split, recipe)
        count, non_members = ((part.targets == number).sum().item() for part in small_split.parts.values())
        known = {small_split.reviews.texts[row] for row in small_split.training.rows}
        fresh_ones = [
            row
            for row, target in zip(small_split.validation.rows, small_split.validation.targets, strict=True)
            if target == number and small_split.reviews.texts[row] not in known
        ]
        assert result.reviews["forget"] == count
        assert result.reviews["non_members"] == len(fresh_ones) <= non_members < 10
        for row in result.rows:
            for name in ("attack_auc", "attack_accuracy", "attack_tpr"):
                assert (row.metrics[name], row.retrained[name], row.gap(name)) == (None, None, None)
                reason = f"there are {count} members and {len(fresh_ones)} non-members"
                assert reason in row.missing[name]
                assert reason in row.missing[f"retrained_{name}"]
            check_reasons(row)
        found = rows_by_method(result)
        assert found["retrain"].metrics["forget_accuracy"] == 0  # a class that was never seen
        assert result.majority["forget"] == 0
        assert found["original"].metrics["forget_accuracy"] > 0


def test_of_a_large_forgotten_class_the_attack_is_on_it_alone(wine_reviews):
    recipe = replace(MODERN, training=replace(MODERN.training, epochs=15))
    recipe = replace(recipe, split=replace(recipe.split, validation_share=0.5), unlearning=replace(QUICK, seed=0))
    split = prepare(recipe, wine_reviews)
    counts = split.validation.targets.bincount()
    number = int(counts.argmax())
    assert counts[number] >= 10
    result = run(split, replace(recipe, forget=Forget(by="class", label=split.classes[number])))
    assert set(result.sets.non_members.targets.tolist()) == {number}
    assert result.reviews["non_members"] == counts[number]
    for row in result.rows:
        assert row.metrics["attack_auc"] is not None
        assert len(row.losses["unlearned"]["non_members"]) == counts[number]


def test_relearning_is_left_out_where_its_epochs_are_none(small_split):
    for row in run(small_split, recipe_of(replace(QUICK, relearn_epochs=0))).rows:
        assert (row.metrics["relearn_steps"], row.retrained["relearn_steps"], row.metrics["anamnesis"]) == (None,) * 3
        for name in ("relearn_steps", "retrained_relearn_steps", "anamnesis"):
            assert row.missing[name] == LEFT_OUT
        check_reasons(row)


def constant(trained_model: Trained, number: int) -> Trained:
    """An original that names one class, whatever it is asked."""
    model = copy.deepcopy(trained_model.model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        list(model.children())[-1].bias[number] = 3
    return replace(trained_model, model=model)


def test_an_original_that_knows_none_of_the_forget_set_has_nothing_to_relearn(small_split):
    recipe = recipe_of(forget=Forget(by="class", label="red"))
    done = constant(trained(small_split, recipe), small_split.classes.index("port"))
    for row in run_unlearning(done, small_split, recipe).rows:
        for name in ("relearn_steps", "retrained_relearn_steps", "anamnesis"):
            assert row.missing[name] == NOTHING_TO_RELEARN
        check_reasons(row)


def test_an_original_of_which_the_outputs_are_no_numbers_is_not_said_to_know_nothing(small_split):
    """Whether it knows the forget set, nobody can tell."""
    recipe = recipe_of()
    done = trained(small_split, recipe)
    model = copy.deepcopy(done.model)
    with torch.no_grad():
        model.fc1.bias.fill_(math.nan)
    try:
        rows = run_unlearning(replace(done, model=model), small_split, recipe).rows
    except ForgettingError:
        return  # refused is as good
    for row in rows:
        check_reasons(row)
        assert row.missing.get("relearn_steps") != NOTHING_TO_RELEARN


def test_a_model_that_never_knows_it_again_has_that_reason(small_split):
    recipe = recipe_of(replace(QUICK, methods=("retrain",), relearn_epochs=1), learning_rate=0.001)
    done = trained(small_split, recipe_of())
    (row,) = run_unlearning(done, small_split, recipe).rows
    assert row.metrics["relearn_steps"] is None
    assert row.missing["relearn_steps"] == row.missing["retrained_relearn_steps"] == "never reached within 1 steps"
    check_reasons(row)


# Methods of one's own.


def other_rows_are_unharmed(split, function, recipe=None):
    """The row of a method of one's own, between the others, which are what they are without it."""
    recipe = recipe or recipe_of(replace(QUICK, methods=("original", "retrain")))
    expected = known_run(split, recipe)
    with registered(function):
        task = ("original", function.__name__, "retrain")
        result = run(split, replace(recipe, unlearning=replace(recipe.unlearning, methods=task)))
    assert [row.method for row in result.rows] == [*task] * recipe.unlearning.seeds
    for seed in recipe.unlearning.replicates:
        before, after = rows_by_method(expected, seed), rows_by_method(result, seed)
        assert list(before) == ["original", "retrain"]
        for name in before:
            assert all_of(before[name]) == all_of(after[name])
    rows = [row for row in result.rows if row.method == function.__name__]
    for row in rows:
        check_known(row)
    return rows


def check_known(row: UnlearningRow):
    """As `check_reasons`, of the model alone."""
    for name, value in row.metrics.items():
        assert (value is None) is bool(row.missing.get(name)), name


@pytest.mark.slow
def test_a_plain_function(small_split):
    def copied(task: Task):
        """The original."""
        return task.copy()

    for row in other_rows_are_unharmed(small_split, copied):
        assert row.metrics["retain_accuracy"] > 0.5
        assert row.metrics["relearn_steps"] == 0
    assert "copied" not in METHODS


def test_a_generator_gives_what_the_method_does_that_it_copies(small_split):
    def tuned(task: Task):
        """Fine-tuning."""
        return (yield from task.tune(task.copy(), task.retain_split))

    rows = other_rows_are_unharmed(small_split, tuned)
    expected = known_run(small_split, recipe_of(replace(QUICK, methods=("fine_tune",))))
    for row in rows:
        assert all_of(row) == all_of(rows_by_method(expected, row.seed)["fine_tune"])


def test_a_generator_that_raises_half_way(small_split):
    def halting(task: Task):  # noqa: ARG001
        """Half-way."""
        yield
        raise KeyError("no such word")

    for row in other_rows_are_unharmed(small_split, halting):
        assert set(row.metrics.values()) == {None}
        assert row.missing["forget_accuracy"] == "the method failed: KeyError: 'no such word'"


@pytest.mark.parametrize("error", [ValueError("odd"), StopIteration("odd")])
def test_a_function_that_raises(small_split, error):
    def raising(task: Task):  # noqa: ARG001
        """Raise."""
        raise error

    for row in other_rows_are_unharmed(small_split, raising):
        assert set(row.metrics.values()) == {None}
        for name in UNLEARNING_METRICS:
            assert row.missing[name] == f"the method failed: {type(error).__name__}: odd"
        assert row.retrained["forget_accuracy"] is not None
        assert row.over_forgets is None


@pytest.mark.parametrize(("value", "pauses"), [(None, 0), (None, 2), ({"fc1.weight": 1}, 2)])
def test_what_is_no_model_is_told_by_its_type(small_split, value, pauses):
    def plain(task: Task):  # noqa: ARG001
        """Return something."""
        return value

    def paused(task: Task):  # noqa: ARG001
        """Return something."""
        yield
        yield
        return value

    for row in other_rows_are_unharmed(small_split, paused if pauses else plain):
        assert set(row.metrics.values()) == {None}
        assert row.missing["tow"] == f"a method must return a model; this one returned a {type(value).__name__}"


@pytest.mark.parametrize(("classes", "objective"), [(1, "cross_entropy"), (4, "bitwise")])
def test_a_model_with_another_number_of_classes(small_split, classes, objective):
    """The other rows go on."""

    def resized(task: Task):
        """Other classes."""
        return TextClassifier(len(task.split.words), classes, (5,))

    recipe = recipe_of(replace(QUICK, methods=("original", "retrain")), objective=objective)
    for row in other_rows_are_unharmed(small_split, resized, recipe):
        assert set(row.metrics.values()) == {None}
        assert row.missing["forget_accuracy"].startswith("the method's model cannot be used: ")


def test_a_model_of_another_vocabulary(small_split):
    def narrowed(task: Task):
        """Other words."""
        return TextClassifier(len(task.split.words) - 3, len(task.split.classes), (5,))

    for row in other_rows_are_unharmed(small_split, narrowed):
        assert set(row.metrics.values()) == {None}
        assert row.missing["forget_accuracy"].startswith("the method's model cannot be used: ")


class Wrapped(nn.Module):
    """A model of one's own, of which forward takes nothing but the inputs."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        return self.model(inputs)


def wrapped(task: Task):
    """Its forward takes the inputs alone."""
    return Wrapped(task.fresh())


def frozen(task: Task):
    """Nothing of it can be trained."""
    return task.fresh().requires_grad_(False)


class Fixed(nn.Module):
    def forward(self, inputs, *, dropout_source=None):  # noqa: ARG002
        return torch.zeros(inputs.shape[0], 3)


def empty(task: Task):  # noqa: ARG001
    """A model without parameters."""
    return Fixed()


@pytest.mark.parametrize("function", [wrapped, frozen, empty])
def test_a_model_that_can_be_measured_but_not_trained(small_split, function):
    """Only its relearning is missing."""
    for row in other_rows_are_unharmed(small_split, function):
        for name in ("relearn_steps", "anamnesis"):
            assert row.metrics[name] is not None or row.missing[name]


@pytest.mark.slow
def test_a_method_that_changes_the_original_in_place(small_split):
    def spoiling(task: Task):
        """Spoil the original."""
        with torch.no_grad():
            for parameter in task.original.parameters():
                parameter.zero_()
        return task.original

    recipe = recipe_of()
    before = bits(trained(small_split, recipe).model)
    two = replace(recipe, unlearning=replace(QUICK, methods=("original", "retrain"), seeds=2))
    for row in other_rows_are_unharmed(small_split, spoiling, two):
        assert row.metrics["forget_loss"] == pytest.approx(math.log(3), abs=1e-6)
        assert not np.array_equal(row.probabilities["original"], row.probabilities["unlearned"])
    assert bits(trained(small_split, recipe).model) == before


def test_a_method_that_trains_on_from_the_initial_weights_without_copying_them(small_split):
    """`assign=True` makes the state that it was given a part of its model, which changes it."""

    def rewound(task: Task):
        """Back to before training, and on from there."""
        model = task.copy()
        model.load_state_dict(task.initial, assign=True)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(9)
        return model

    plan = replace(QUICK, methods=("randomize_and_repair",), repair_scheme="rewind", repair_fraction=1.0)
    recipe = recipe_of(plan)
    done = replace(trained(small_split, recipe), initial=copy.deepcopy(trained(small_split, recipe).initial))
    before = bits(done.initial)
    expected = rows_by_method(run_unlearning(done, small_split, recipe))["randomize_and_repair"]
    with registered(rewound):
        recipe = replace(recipe, unlearning=replace(plan, methods=("rewound", "randomize_and_repair")))
        found = rows_by_method(run_unlearning(done, small_split, recipe))["randomize_and_repair"]
    assert all_of(found) == all_of(expected)
    assert bits(done.initial) == before


def test_a_method_that_returns_weights_that_are_no_numbers(small_split):
    def broken(task: Task):
        """Not a number."""
        model = task.copy()
        with torch.no_grad():
            model.fc1.weight.fill_(math.nan)
        return model

    for row in other_rows_are_unharmed(small_split, broken):
        for name in SETS:
            assert row.metrics[f"{name}_accuracy"] is None
            assert row.missing[f"{name}_accuracy"] == row.missing[f"{name}_loss"] == NOT_FINITE
        assert row.missing["relearn_steps"] == "training diverged"
        assert row.missing["tow"] == NOT_FINITE
        assert "diverges" in row.missing["anamnesis"]
        assert row.over_forgets is None
        assert row.metrics["seconds"] > 0
        check_reasons(row)


def test_a_method_is_given_what_it_is_told(small_split):
    tasks = []

    def noting(task: Task):
        """Note the task."""
        tasks.append(task)
        return task.copy()

    recipe = recipe_of(replace(QUICK, methods=("noting",), seeds=2, epochs=9))
    with registered(noting):
        run(small_split, recipe)
    sets = make_forget_sets(small_split, recipe.forget)
    for seed, task in zip((SEED, SEED + 1), tasks, strict=True):
        own = replace(recipe, seed=seed).for_training()
        done = _trained(small_split, own)
        assert bits(task.original) == bits(done.model)
        assert bits(dict(task.initial)) == bits(done.initial)
        training = recipe.training.for_size(*small_split.size)
        assert (task.seed, task.settings, task.training) == (seed, recipe.unlearning, training)
        assert task.split is not small_split
        np.testing.assert_array_equal(task.split.training.targets, small_split.training.targets)
        assert task.split.reviews.texts == small_split.reviews.texts
        np.testing.assert_array_equal(task.forget.rows, sets.forget.rows)
        np.testing.assert_array_equal(task.retain_split.training.rows, sets.retain.rows)
        np.testing.assert_array_equal(task.retain_split.validation.rows, small_split.validation.rows)


@pytest.mark.slow
def test_a_method_that_changes_what_it_is_given_spoils_nothing(small_split):
    """Neither another method's rows, nor the split, which sessions share."""

    def spoiling(task: Task):
        """Change everything in place."""
        for part in (task.split.training, task.split.validation, task.retain_split.training, task.forget):
            part.targets.zero_()
            part.inputs.values.zero_()
            part.rows[:] = 0
        for values in (*task.original.parameters(), *task.initial.values()):
            values.data.zero_()
        return task.original

    alone = run(small_split, recipe_of(replace(QUICK, methods=("fine_tune",), seeds=2)))
    targets = small_split.training.targets.clone()
    with registered(spoiling):
        both = run(small_split, recipe_of(replace(QUICK, methods=("spoiling", "fine_tune"), seeds=2)))
    assert torch.equal(small_split.training.targets, targets)
    kept = [row for row in both.rows if row.method == "fine_tune"]
    assert [all_of(row) for row in kept] == [all_of(row) for row in alone.rows]


# Slices, left and taken up again.


@pytest.fixture
def counting():
    """A method that counts its calls, by seed."""
    calls = []

    def counted(task: Task):
        """Count."""
        calls.append(task.seed)
        return (yield from task.tune(task.copy(), task.retain_split))

    with registered(counted):
        yield calls


def same(rows, expected):
    rows, expected = ({(row.seed, row.method): row for row in found} for found in (rows, expected))
    assert list(rows) == list(expected)
    for key, row in rows.items():
        assert all_of(row) == all_of(expected[key])


@pytest.mark.slow
def test_slices_can_be_interleaved_with_those_of_others(small_split, monkeypatch):
    from forgetting.unlearning import runner, task

    plan = replace(QUICK, seeds=2, methods=("retrain", "fine_tune"))
    recipes = [recipe_of(plan), recipe_of(plan, forget=Forget(share=0.5))]
    expected = [known_run(small_split, recipe).rows for recipe in recipes]
    for module in (task, runner):
        monkeypatch.setattr(module, "SLICE_SECONDS", 0.0)  # a step a slice
    walks = [unlearner_of(small_split, recipe).slices() for recipe in recipes]
    found, empty = [[], []], 0
    while walks != [None, None]:
        for number, walk in enumerate(walks):
            rows = next(walk, None) if walk else None
            if rows is None:
                walks[number] = None
            else:
                assert len(rows) <= 1
                found[number] += rows
                empty += not rows
    assert empty > 4 * (2 * 2 * EPOCHS + 2 * 4) / 2
    for rows, wanted in zip(found, expected, strict=True):
        same(rows, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 20, 50])
def test_slices_left_are_taken_up_again_at_the_row_that_was_under_way(small_split, count, counting, monkeypatch):
    from forgetting.unlearning import runner, task

    plan = replace(QUICK, methods=("original", "counted", "retrain"))
    expected = run(small_split, recipe_of(plan)).rows
    counting.clear()
    for module in (task, runner):
        monkeypatch.setattr(module, "SLICE_SECONDS", 0.0)
    unlearner = unlearner_of(small_split, recipe_of(plan))
    walk = unlearner.slices()
    begun = list(chain.from_iterable(islice(walk, count)))
    walk.close()
    assert unlearner.found == tuple(begun)
    rest = finish(unlearner)
    same([*begun, *rest], expected)
    assert all(kept is row for kept, row in zip(unlearner.found, [*begun, *rest], strict=True))
    assert finish(unlearner) == []
    assert len(counting) <= 2  # and the one that was left
    assert unlearner.result.planned == 3


@pytest.mark.slow
def test_a_method_or_a_seed_more_computes_that_alone(small_split, counting):
    plan = replace(QUICK, methods=("original", "counted"))
    unlearner = unlearner_of(small_split, recipe_of(plan))
    finish(unlearner)
    first = unlearner.found
    assert counting == [SEED]
    assert unlearner.staged == (SEED,)
    more = replace(plan, methods=("retrain", "counted", "original"))
    assert unlearner.missing(more) == [(SEED, "retrain")]
    unlearner = unlearner.with_settings(more)
    assert [row.method for row in unlearner.found] == ["counted", "original"]
    assert len(finish(unlearner)) == 1
    assert [row.method for row in unlearner.found] == ["retrain", "counted", "original"]
    assert unlearner.found[1] is first[1]
    assert unlearner.found[2] is first[0]
    assert counting == [SEED]
    more = replace(more, seeds=3)
    assert len(unlearner.missing(more)) == 6
    unlearner = unlearner.with_settings(more)
    assert len(finish(unlearner)) == 6
    assert counting == [SEED, SEED + 1, SEED + 2]
    assert unlearner.found[1] is first[1]
    unlearner = unlearner.with_settings(replace(more, seed=SEED + 2, seeds=2, methods=("counted",)))
    assert [row.seed for row in unlearner.found] == [SEED + 2]
    assert len(finish(unlearner)) == 1
    assert counting == [SEED, SEED + 1, SEED + 2, SEED + 3]
    unlearner = unlearner.with_settings(plan)
    assert finish(unlearner) == []
    assert all(one is another for one, another in zip(unlearner.found, first, strict=True))
    assert unlearner.result.recipe.unlearning == plan


OTHERWISE = {
    "epochs": 5,
    "learning_rate": 0.02,
    "last_layers": 2,
    "repair_layers": ("fc1",),
    "repair_fraction": 0.4,
    "repair_scheme": "zero",
    "ascent_rate": 0.2,
    "ascent_clip": 2.0,
    "ascent_tolerance": 0.1,
    "dampening_alpha": 3.0,
    "dampening_lambda": 0.5,
    "scrub_alpha": 0.5,
    "scrub_gamma": 0.5,
    "scrub_epochs": 2,
    "scrub_order": "forget_first",
    "scrub_temperature": 4.0,
    "salun_share": 0.2,
    "neggrad_beta": 0.9,
    "relearn_epochs": 7,
}


def test_of_other_settings_of_the_methods_every_row_is_missing(small_split):
    assert {*OTHERWISE, "methods", "seeds", "seed"} == set(Unlearning().to_dict())
    plan = replace(QUICK, methods=("original",))
    unlearner = unlearner_of(small_split, recipe_of(plan))
    finish(unlearner)
    assert unlearner.missing(plan) == []
    for name, value in OTHERWISE.items():
        assert unlearner.missing(replace(plan, **{name: value})) == [(SEED, "original")], name


@pytest.mark.parametrize("name", ["learning_rate", "relearn_epochs"])
def test_another_setting_clears_the_rows_but_keeps_the_models(small_split, name, counting, monkeypatch):
    from forgetting.unlearning import runner

    plan = replace(QUICK, methods=("counted",), seeds=2)
    unlearner = unlearner_of(small_split, recipe_of(plan))
    before = finish(unlearner)
    trainings = []
    monkeypatch.setattr(runner, "make_trainer", lambda *given: trainings.append(given))
    monkeypatch.setitem(METHODS, "retrain", lambda task: trainings.append(task))
    changed = replace(plan, **{name: OTHERWISE[name]})
    assert changed != plan
    assert len(unlearner.missing(changed)) == 2
    unlearner = unlearner.with_settings(changed)
    assert unlearner.found == ()
    after = finish(unlearner)
    assert len(after) == 2
    assert trainings == []
    assert counting == [SEED, SEED + 1] * 2
    assert all(row not in before for row in after)
    for row, old in zip(after, before, strict=True):
        kept = {key: value for key, value in row.retrained.items() if key != "relearn_steps"}
        assert kept == {key: value for key, value in old.retrained.items() if key != "relearn_steps"}  # seconds too
    assert unlearner.result.recipe.unlearning == changed


@pytest.mark.slow
def test_rows_under_way_when_the_settings_change_are_not_taken_for_the_new_ones(small_split, counting):
    """A row of the old settings is none among those of the new ones."""
    unlearner = unlearner_of(small_split, recipe_of(replace(QUICK, methods=("counted", "original"))))
    walk = unlearner.slices()
    while not counting:
        next(walk)  # up to within the method
    changed = replace(unlearner.settings, epochs=12, learning_rate=0.2)
    unlearner = unlearner.with_settings(changed)
    for _ in walk:
        pass
    finish(unlearner)
    expected = run(small_split, recipe_of(changed)).rows
    same(unlearner.found, expected)


@pytest.mark.slow
def test_rows_depend_neither_on_the_order_nor_on_the_company_of_the_methods(small_split):
    plan = replace(QUICK, methods=BUILT_IN)
    one = run(small_split, recipe_of(plan))
    another = run(small_split, recipe_of(replace(plan, methods=BUILT_IN[::-1])))
    assert [row.method for row in another.rows] == [*BUILT_IN[::-1]]
    same(one.rows, another.rows[::-1])
    for first in (0, 1):  # each method among half of the others
        some = run(small_split, recipe_of(replace(plan, methods=BUILT_IN[first::2])))
        same(one.rows[first::2], some.rows)
    for row in one.rows:
        check_reasons(row)


@pytest.mark.slow
@pytest.mark.usefixtures("global_state_kept")
def test_the_same_recipe_gives_the_same_figures_and_moves_no_random_state(small_split):
    recipe = recipe_of(replace(QUICK, methods=BUILT_IN, seeds=2))
    one, another = (run(small_split, recipe) for _ in range(2))
    same(one.rows, another.rows)
    table, again = (found.frame.drop(columns=[c for c in found.frame if "seconds" in c]) for found in (one, another))
    assert table.to_csv() == again.to_csv()
    assert len({row.metrics["forget_loss"] for row in one.rows if row.method == "retrain"}) == 2


@pytest.mark.slow
def test_neither_the_original_nor_the_reviews_are_changed(small_split):
    recipe = recipe_of(replace(QUICK, methods=BUILT_IN))
    done, sets = trained(small_split, recipe), make_forget_sets(small_split, recipe.forget)
    before = bits(done.model), bits(done.initial)
    values = [part.inputs.to_scipy().copy() for part in small_split.parts.values()]
    run(small_split, recipe)
    assert (bits(done.model), bits(done.initial)) == before
    assert all(parameter.requires_grad for parameter in done.model.parameters())
    for part, known in zip(small_split.parts.values(), values, strict=True):
        assert (part.inputs.to_scipy() != known).nnz == 0
    np.testing.assert_array_equal(make_forget_sets(small_split, recipe.forget).forget.rows, sets.forget.rows)


# Seeds and epochs.


@pytest.mark.slow
def test_other_seeds_have_originals_of_their_own(small_split):
    recipe = recipe_of(replace(QUICK, methods=("original",), seed=SEED - 1, seeds=3))
    result = run(small_split, recipe)
    sets = result.sets
    losses = {}
    for row in result.rows:
        own = _trained(small_split, replace(recipe, seed=row.seed).for_training())
        scores = evaluate(own.model, sets.forget, "cross_entropy")
        assert (row.metrics["forget_loss"], row.metrics["forget_accuracy"]) == (scores.loss, scores.accuracy)
        losses[row.seed] = scores.loss
    assert list(losses) == [SEED - 1, SEED, SEED + 1]
    assert len(set(losses.values())) == 3


def stopped(split, recipe, epochs: int) -> Trained:
    trainer = make_trainer(recipe, split)
    initial = copy_state(trainer.model)
    trainer.advance(epochs=epochs)
    return snapshot(trainer, initial)


@pytest.mark.slow
def test_a_model_trained_for_fewer_epochs_is_compared_with_ones_trained_as_long(small_split):
    epochs = 6
    plan = replace(QUICK, methods=("original", "retrain", "eu_k"), seeds=2, last_layers=2)
    recipe = recipe_of(plan)
    result = run_unlearning(stopped(small_split, recipe, epochs), small_split, recipe)
    short = recipe_of(plan, epochs=epochs)
    same(result.rows, run(small_split, short).rows)
    assert result.epochs == epochs
    assert result.recipe.training.epochs == epochs
    full = run(small_split, recipe)
    assert all_of(full.rows[1]) != all_of(result.rows[1])
    assert full.epochs == EPOCHS


# What is refused, before anything is trained.


def refused(split, recipe, error, message, done=None):
    done = done or trained(split, recipe_of())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "__init__", lambda *_, **__: pytest.fail("something is trained"))
        with pytest.raises(error, match=message) as raised:
            UnlearningRunner(done, split, recipe)
        with pytest.raises(error, match=message):
            run_unlearning(done, split, recipe)
    assert isinstance(raised.value, ForgettingError)


@pytest.mark.parametrize(
    ("recipe", "error", "message"),
    [
        (replace(PUBLISHED, seed=SEED), RecipeError, "published protocol.*Use the modern protocol"),
        (recipe_of(replace(QUICK, methods=("ghost",))), RecipeError, r"unlearning\.methods must be of .*got 'ghost'"),
        (
            recipe_of(replace(QUICK, last_layers=3)),
            RecipeError,
            r"unlearning\.last_layers must be at most the number of layers, 2 .*got 3",
        ),
        (
            recipe_of(forget=Forget(share=0.0)),
            DataError,
            "There must be something to forget; a share of 0\u00a0% is none of 40",
        ),
        (recipe_of(forget=Forget(by="class", label="rosé")), RecipeError, r"forget\.label must be .*got 'rosé'"),
    ],
)
def test_what_cannot_be_compared_is_refused(small_split, recipe, error, message):
    refused(small_split, recipe, error, message)


def test_an_untrained_model_is_refused(small_split):
    recipe = recipe_of()
    refused(small_split, recipe, RecipeError, "not trained yet. Train it first", stopped(small_split, recipe, 0))


def test_a_recipe_of_another_model_is_refused(small_split):
    """Other seeds would get originals of another shape."""
    done = trained(small_split, recipe_of(hidden=(7, 5)))
    with pytest.raises(RecipeError):
        UnlearningRunner(done, small_split, recipe_of())


def test_settings_that_do_not_fit_are_refused_and_change_nothing(small_split):
    unlearner = unlearner_of(small_split, recipe_of(replace(QUICK, methods=("original",))))
    finish(unlearner)
    before = unlearner.found
    for changes in ({"methods": ("ghost",)}, {"last_layers": 3}, {"repair_layers": ("fc9",), "epochs": 7}):
        with pytest.raises(RecipeError):
            unlearner.with_settings(replace(QUICK, **changes))
    assert unlearner.found is not None
    assert [one is another for one, another in zip(unlearner.found, before, strict=True)] == [True]
    assert unlearner.settings == replace(QUICK, methods=("original",))


@pytest.mark.slow
def test_progress_counts_the_rows(small_split):
    calls, recipe = [], recipe_of(replace(QUICK, seeds=2))
    result = run_unlearning(
        trained(small_split, recipe), small_split, recipe, progress=lambda *call: calls.append(call)
    )
    assert calls == [(number, 6) for number in range(1, 7)]
    assert (len(result.rows), result.planned) == (6, 6)


def test_ideal_figures_are_those_of_the_retrained_model_itself(small_split):
    """A method that trains with the reference's own seed has no gap at all, in time aside."""

    def twin(task: Task):
        """Exact retraining with the reference's seed."""
        return METHODS["retrain"](replace(task, seed=second_seed(task.seed)))

    for row in other_rows_are_unharmed(small_split, twin):
        gaps = {name: row.gap(name) for name in UNLEARNING_METRICS if name not in TIMES and row.gap(name) is not None}
        assert {name: gap for name, gap in gaps.items() if abs(gap) > 1e-12} == {}
        assert set(gaps) >= {*PAIR_METRICS} - TIMES - {"anamnesis", "test_tow"}
        assert row.over_forgets is not True
        for name in MODEL_METRICS:
            if name not in TIMES:
                assert row.metrics[name] == row.retrained[name]


@pytest.mark.slow
def test_the_plan_is_seed_by_seed(small_split):
    unlearner = unlearner_of(small_split, recipe_of(replace(QUICK, seeds=3)))
    assert unlearner.planned == [
        (seed, name) for seed in range(SEED, SEED + 3) for name in ("original", "retrain", "fine_tune")
    ]
    rows = finish(unlearner)
    assert [(row.seed, row.method) for row in rows] == unlearner.planned
    assert all(one <= another for one, another in pairwise(row.seed for row in rows))
