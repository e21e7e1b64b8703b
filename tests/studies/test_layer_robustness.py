"""The robustness of layers against `randomize` one by one, and numbers by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import t
from study_parts import small_recipe, trained_small

from forgetting.core.errors import RecipeError
from forgetting.experiment.pipeline import copy_state, train
from forgetting.metrics.intervals import Band
from forgetting.metrics.scores import evaluate
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import make_split
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN, PUBLISHED
from forgetting.studies import layer_robustness
from forgetting.studies.layer_robustness import robustness


@pytest.mark.parametrize(("hidden", "objective"), [((5,), "bitwise"), ((4, 3), "cross_entropy")])
def test_robustness_is_the_layers_one_by_one(small_split, hidden, objective):
    recipe, done = trained_small(small_split, hidden, objective)
    rows = robustness(done.model, small_split, done.initial, seeds=4, seed=7, recipe=recipe)
    part, chance = small_split.validation, 1 / 3
    before = evaluate(done.model, part, objective).accuracy
    assert before > chance
    assert [row.layer for row in rows] == list(recipe.model.layers)

    def accuracy(name, scheme, seed):
        randomization = Randomization(layers=(name,), scheme=scheme, seed=seed)
        return evaluate(randomize(done.model, randomization, initial=done.initial), part, objective).accuracy

    for row in rows:
        back = accuracy(row.layer, "rewind", 7)
        anew = np.array([accuracy(row.layer, "reinit", seed) for seed in range(7, 11)])
        forgotten = (before - anew) / (before - chance)
        assert (row.accuracy_before, row.chance) == pytest.approx((before, chance))
        assert row.reinitialized == pytest.approx((before - back) / (before - chance), abs=1e-6)
        spread = row.rerandomized
        quantiles = np.quantile(forgotten, [0.05, 0.5, 0.95])
        assert (spread.low, spread.median, spread.high) == pytest.approx(tuple(quantiles), abs=1e-6)
        assert row.accuracies == pytest.approx((back, np.median(anew)))
        keys = [f"{row.layer}.weight", f"{row.layer}.bias"]
        now, then = (
            np.concatenate([state[key].double().numpy().ravel() for key in keys])
            for state in (done.model.state_dict(), done.initial)
        )
        assert row.distance == pytest.approx(np.linalg.norm(now - then))
        assert row.initial_norm == pytest.approx(np.linalg.norm(then))
        assert row.parameters == len(now)
        for interval, conclusion in ((row.interval, row.alone), (row.together, row.conclusion)):
            assert interval[0] <= row.reinitialized <= interval[1]
            names = ["critical" if end >= 0.5 else "robust" if end <= 0.25 else "in between" for end in interval]
            both = {("robust", "critical"): "undecided"}.get(tuple(names), " or ".join(names))
            assert conclusion == (names[0] if names[0] == names[1] else both)
        low, high = row.rerandomized_interval
        assert low <= spread.median <= high
        if len(rows) > 1:
            assert row.together[0] < row.interval[0] < row.interval[1] < row.together[1]


@pytest.mark.parametrize("splits", [1, 2])
def test_robustness_over_models_of_their_own(small_split, splits):
    recipe = small_recipe(epochs=6)
    done = train(recipe, small_split)
    first, _ = robustness(done.model, small_split, done.initial, seeds=3, retrain=True, splits=splits, recipe=recipe)
    forgotten = []
    for seed in range(splits):
        split = make_split(small_split.reviews, replace(recipe.split, seed=seed)) if seed else small_split
        for other in range(3):
            own = train(replace(recipe, seed=other), split)
            back = randomize(own.model, Randomization(layers=("fc1",), scheme="rewind"), initial=own.initial)
            before, after = (evaluate(one, split.validation, "cross_entropy").accuracy for one in (own.model, back))
            forgotten.append((before - after) / (before - 1 / 3))
    assert first.reinitialized == pytest.approx(np.median(forgotten))
    assert (first.models, first.splits) == (3, splits)


def test_robustness_by_hand(small_split):
    """A model that has learnt in fc1 alone: re-initialized, fc1 loses most of it, and fc2 is as it was."""
    _, done = trained_small(small_split)
    initial = {**copy_state(done.model), "fc1.weight": torch.zeros(5, 20), "fc1.bias": torch.zeros(5)}
    first, second = robustness(done.model, small_split, initial, seeds=2)
    with torch.no_grad():
        constant = done.model.fc2(torch.zeros(5)).argmax()
    share = (small_split.validation.targets == constant).double().mean().item()
    assert first.accuracies[0] == pytest.approx(share)
    assert first.initial_norm == 0
    assert first.reinitialized > 0.5
    assert "critical" in first.conclusion
    assert first.distance == pytest.approx(
        np.hypot(*(torch.linalg.vector_norm(value).item() for value in done.model.fc1.parameters()))
    )
    assert (second.reinitialized, second.distance) == (0, 0)
    assert second.accuracies[0] == second.accuracy_before == 1
    assert len(small_split.validation) == 14
    # With two reviews more, one lost and one gained: the change is 0 with an error of √(2 / 15 / 16), before is 15/16.
    error = t.ppf(0.975, 15) * np.sqrt(2 / 15 / 16)
    assert second.interval[0] < -error < 0 < error / (15 / 16 - 1 / 3) * 0.8 < second.interval[1]
    assert second.conclusion == "robust or in between"  # of so few reviews robustness is not proved


def test_of_one_seed_the_band_is_a_point(small_split):
    recipe, done = trained_small(small_split)
    for row in robustness(done.model, small_split, done.initial, seeds=1, recipe=recipe):
        assert row.rerandomized == Band(row.rerandomized.median, *[row.rerandomized.median] * 2)


@pytest.mark.parametrize(
    ("interval", "conclusion"),
    [
        ((0.9, 1.4), "critical"),
        ((0.5, 0.5), "critical"),
        ((0.499, 0.5), "in between or critical"),
        ((0.251, 0.5), "in between or critical"),
        ((0.251, 0.499), "in between"),
        ((0.25, 0.251), "robust or in between"),
        ((-0.3, 0.499), "robust or in between"),
        ((0.0, 0.25), "robust"),
        ((-0.6, -0.3), "robust"),
        ((0.25, 0.5), "undecided"),
        ((-0.3, 1.4), "undecided"),
        (None, "undecided"),
    ],
)
def test_conclusions_are_of_both_ends(interval, conclusion):
    assert layer_robustness.conclude_forgetting(interval) == conclusion


def test_a_model_not_above_chance_has_nothing_to_lose(small_split):
    model = TextClassifier(20, 3, (5,), seed=3)
    with torch.no_grad():
        model.fc2.weight.zero_()
        model.fc2.bias.copy_(torch.tensor([1.0, 0.0, 0.0]))  # always port, the rarest
    share = (small_split.validation.targets == 0).double().mean().item()
    assert share < 1 / 3
    for row in robustness(model, small_split, TextClassifier(20, 3, (5,), seed=8).state_dict(), seeds=2):
        assert (row.reinitialized, row.rerandomized, row.conclusion) == (None, None, "undefined")
        assert row.interval is None
        assert row.accuracy_before == pytest.approx(share)
        assert None not in row.accuracies
        assert row.distance > 0


def test_a_model_whose_outputs_are_not_finite_has_no_accuracy_before(small_split):
    recipe, done = trained_small(small_split)
    model = TextClassifier(20, 3, (5,), dropout=0.2)
    model.load_state_dict(done.model.state_dict())
    with torch.no_grad():
        model.fc1.weight[0, 0] = torch.nan
    first, second = robustness(model, small_split, done.initial, seeds=2, recipe=recipe)
    for row in (first, second):
        assert (row.accuracy_before, row.reinitialized, row.rerandomized, row.interval) == (None,) * 4
        assert (row.conclusion, row.chance) == ("undefined", pytest.approx(1 / 3))
    assert None not in first.accuracies  # without fc1's weights the outputs are finite
    assert second.accuracies == (None, None)


@pytest.mark.usefixtures("global_state_kept")
def test_robustness_changes_nothing(small_split):
    recipe, done = trained_small(small_split)
    before = copy_state(done.model)
    first = robustness(done.model, small_split, done.initial, seeds=2, recipe=recipe)
    assert robustness(done.model, small_split, done.initial, seeds=2, recipe=recipe) == first
    assert all(torch.equal(value, before[name]) for name, value in done.model.state_dict().items())


def test_robustness_refuses_what_a_sweep_refuses(small_split):
    _, done = trained_small(small_split)
    with pytest.raises(RecipeError, match="published protocol"):
        robustness(done.model, small_split, done.initial, recipe=PUBLISHED)
    with pytest.raises(RecipeError, match=r"`initial` holds no"):
        robustness(done.model, small_split, {}, recipe=replace(MODERN))
