"""A sweep against the plain loop over its variants: randomize one model, evaluate it, take the next."""

import io
import json
import math
import re
from collections import Counter
from dataclasses import replace
from itertools import chain, islice, product

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, entropy
from study_parts import small_recipe, trained_small

from forgetting.core.errors import RecipeError
from forgetting.experiment.pipeline import copy_state, train
from forgetting.metrics import calibration, formulas
from forgetting.metrics.comparisons import measure_agreement, measure_divergence, measure_forgetting
from forgetting.metrics.paired import compare_hits
from forgetting.metrics.scores import NOT_FINITE, evaluate
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import SplitSettings
from forgetting.model.split import make_split
from forgetting.randomization.path import randomize
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe
from forgetting.studies.evaluation import PARTS, SWEEP_COLUMNS, SWEEP_METRICS, SweepRow
from forgetting.studies.sweep import SweepResult, run_sweep, sweep_rows, sweep_slices

HIDDEN = [(5,), (4, 3), (4, 3, 3)]
OBJECTIVES = ["cross_entropy", "bitwise"]
NUMBERS = [name for name in SWEEP_COLUMNS if name not in ("layers", "scheme", "unit", "missing")]


def whole(rows) -> tuple[list[SweepRow], SweepResult]:
    """All rows of a sweep, and what it returns."""
    found = []
    while True:
        try:
            found.append(next(rows))
        except StopIteration as end:
            return found, end.value


def flat(model, layers, unit):
    state = model.state_dict()
    keys = [f"{layer}.{key}" for layer in layers for key in ("weight", *(["bias"] if unit != "word" else []))]
    return np.concatenate([state[key].double().numpy().ravel() for key in keys])


def close(value):
    return None if value is None else pytest.approx(value, rel=1e-5, abs=1e-5)


def check_row(row, model, randomized, split, objective):
    """Every column of a row but those of the plan, each computed for this one pair of models."""
    layers = row.layers.split("+")
    old, new = (flat(one, layers, row.unit) for one in (model, randomized))
    distance, size = np.linalg.norm(new - old), np.linalg.norm(old)
    assert row.change == pytest.approx(distance, rel=1e-7, abs=1e-9)
    assert row.relative_change == pytest.approx(distance / size, rel=1e-7, abs=1e-9)
    assert row.chance == pytest.approx(1 / len(split.classes))
    most = Counter(split.training.targets.tolist()).most_common(1)[0][0]
    for name, part in split.parts.items():
        found = getattr(row, name)
        with torch.no_grad():
            before, after = (one(part.inputs) for one in (model, randomized))
        scores, original = (evaluate(one, part, objective) for one in (randomized, model))
        assert found["accuracy"] == pytest.approx(scores.accuracy, abs=1e-9)
        for figure in ("loss", "macro_f1", "balanced_accuracy", "bitwise_accuracy", "top_k_accuracy"):
            assert found[figure] == close(getattr(scores, figure)), figure
        interval = binomtest(round(scores.accuracy * len(part)), len(part)).proportion_ci(method="wilson")
        assert (found["accuracy_low"], found["accuracy_high"]) == pytest.approx(tuple(interval), abs=1e-9)
        assert found["accuracy_before"] == pytest.approx(original.accuracy, abs=1e-9)
        assert found["majority"] == pytest.approx(sum(part.targets.numpy() == most) / len(part), abs=1e-9)
        assert found["forgetting"] == close(measure_forgetting(original.accuracy, scores.accuracy, row.chance).value)
        right, was = (one.argmax(1) == part.targets for one in (after, before))
        assert (found["lost"], found["gained"]) == (sum(was & ~right), sum(right & ~was))
        majority = sum(part.targets == most).item() / len(part)
        if found["forgetting_above_majority"] is not None:
            ratio = measure_forgetting(original.accuracy, scores.accuracy, majority)
            assert found["forgetting_above_majority"] == close(ratio.value)
        else:
            advantage = compare_hits((part.targets == most).numpy(), was.numpy())
            assert not advantage.decided or original.accuracy <= majority
        assert found["agreement"] == pytest.approx(measure_agreement(before, after).value, abs=1e-9)
        assert found["divergence"] == close(measure_divergence(before, after).value)
        shares = after.double().softmax(1).numpy()
        assert found["entropy"] == pytest.approx(entropy(shares, axis=1).mean(), abs=1e-5)
        counts = Counter(after.argmax(1).tolist())
        assert found["most_predicted_share"] == pytest.approx(max(counts.values()) / len(part), abs=1e-9)
        scaled = calibration.temperature_scaled_loss(after.double()[None], part.targets, objective)
        temperature, calibrated = (value.item() for value in scaled)
        assert found["temperature_scaled_loss"] == pytest.approx(calibrated, abs=2e-5)
        if found["temperature"] is not None:
            at = [found["temperature"], 1.02 * temperature, temperature / 1.02]
            losses = [formulas.loss(after.double()[None] / one, part.targets, objective).item() for one in at]
            assert losses[0] == pytest.approx(calibrated, abs=2e-5)
            if min(losses[1:]) > calibrated + 1e-7:  # else nearly any temperature will do
                assert found["temperature"] == pytest.approx(temperature, rel=0.02)
        if row.dose == 0:
            assert (row.change, found["agreement"]) == (0, 1)
            assert found["divergence"] == pytest.approx(0, abs=1e-9)
            assert found["forgetting"] in (0, None)


def check_reasons(row):
    """A figure is missing if and only if its reason is there; a number is a number."""
    for name, figure in product(PARTS, SWEEP_METRICS):
        value = getattr(row, name)[figure]
        assert value is None or (isinstance(value, float | int) and math.isfinite(value)), (name, figure, value)
        assert (value is None) == bool(row.missing.get(f"{name}_{figure}")), (name, figure)
    for name in ("dose", "change", "relative_change"):
        value = getattr(row, name)
        assert value is None or math.isfinite(value), name
        assert (value is None) == bool(row.missing.get(name)), name
    assert math.isfinite(row.chance)
    assert math.isfinite(row.planned_dose)


@st.composite
def plans(draw):
    """A model's hidden widths, its objective, and a plan of few variants for it."""
    hidden = draw(st.sampled_from(HIDDEN))
    known = [f"fc{number}" for number in range(1, len(hidden) + 2)]
    own = st.lists(st.sampled_from(known), min_size=1, unique=True).map("+".join)
    units = draw(st.lists(st.sampled_from(["weight", "neuron", "word"]), min_size=1, max_size=2, unique=True))
    named = st.just("fc1") if "word" in units else st.one_of(st.sampled_from(["each", "all", "down", "up"]), own)
    plan = Sweep(
        layers=draw(st.lists(named, min_size=1, max_size=2)),
        doses=draw(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0])), min_size=1, max_size=3)),
        schemes=draw(st.lists(st.sampled_from(list(SCHEMES)), min_size=1, max_size=2, unique=True)),
        units=units,
        seeds=draw(st.integers(1, 2)),
        seed=draw(st.integers(0, 2**32 - 2)),
        scale=draw(st.floats(0, 20)),
    )
    return hidden, draw(st.sampled_from(OBJECTIVES)), plan


def in_order(plan, known):
    """The variants of a plan as a loop would take them."""
    return product(plan.replicates, plan.schemes, plan.units, plan.doses, plan.sets(known))


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(case=plans())
def test_a_sweep_is_the_loop(small_split, case):
    hidden, objective, plan = case
    recipe, done = trained_small(small_split, hidden, objective)
    rows, result = whole(sweep_rows(done.model, small_split, plan, recipe=recipe, initial=done.initial))
    assert len(rows) == plan.count(recipe.model.layers)
    assert result.rows == tuple(rows)
    for row, (seed, scheme, unit, dose, layers) in zip(rows, in_order(plan, recipe.model.layers), strict=True):
        assert (row.seed, row.scheme, row.unit, row.planned_dose, row.dose) == (seed, scheme, unit, dose, dose)
        assert row.layers == "+".join(layers)
        randomized = randomize(
            done.model, Randomization(layers, dose, scheme, unit, seed, plan.scale), initial=done.initial
        )
        check_row(row, done.model, randomized, small_split, objective)
        check_reasons(row)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_sweep_by_change_goes_as_far_as_the_dose(small_split, scheme):
    recipe, done = trained_small(small_split, (16,))
    doses = (0.0, 0.1, 0.3, 0.6, 0.9, 1.0)
    plan = Sweep(("fc1", "all"), doses, (scheme,), ("weight",), seeds=2, match="change")
    rows, _ = whole(sweep_rows(done.model, small_split, plan, recipe=recipe, initial=done.initial))
    assert [(row.planned_dose, row.layers) for row in rows] == [*product(doses, ("fc1", "fc1+fc2"))] * 2
    reached = [row for row in rows if row.dose is not None]
    assert len(reached) >= 12
    for row in rows:
        check_reasons(row)
    total = len(flat(done.model, ["fc1"], "weight"))
    for row in reached:
        if row.planned_dose == 0:
            assert (row.dose, row.change) == (0, 0)
        assert row.relative_change == pytest.approx(row.planned_dose, rel=0.1)
        if scheme != "permute":
            assert row.relative_change >= row.planned_dose * (1 - 2e-6)
        if row.layers != "fc1":
            continue
        count = round(row.dose * total)
        assert row.dose * total == pytest.approx(count, abs=1e-6)
        less, alone = (
            randomize(done.model, Randomization(("fc1",), dose, scheme, seed=row.seed), initial=done.initial)
            for dose in (max(count - 1, 0) / total, count / total)
        )
        check_row(row, done.model, alone, small_split, "cross_entropy")
        if count and scheme != "permute":  # one unit less is not far enough
            old = flat(done.model, ["fc1"], "weight")
            assert np.linalg.norm(flat(less, ["fc1"], "weight") - old) < row.planned_dose * np.linalg.norm(old)


def test_a_change_that_no_dose_reaches_is_a_row_with_a_reason(small_split):
    recipe, done = trained_small(small_split)
    plan = Sweep(("fc1", "all"), (0.0, 0.5, 1.0), ("noise",), scale=0.1, seeds=1, match="change")
    rows, result = whole(sweep_rows(done.model, small_split, plan, recipe=recipe))
    assert [row.dose is None for row in rows] == [False, False, True, True, True, True]
    before = {name: evaluate(done.model, part, "cross_entropy").accuracy for name, part in small_split.parts.items()}
    for row in rows[2:]:
        assert (row.change, row.relative_change) == (None, None)
        assert f"by {100 * row.planned_dose:.0f}\u00a0% of their norm" in row.missing["dose"]
        assert set(row.missing.values()) == {row.missing["dose"]}
        check_reasons(row)
        for name in PARTS:
            figures_found = getattr(row, name)
            assert figures_found["accuracy_before"] == pytest.approx(before[name])
            assert {figure for figure, value in figures_found.items() if value is not None} == {
                "accuracy_before",
                "majority",
            }
    assert result.frame["validation_loss"].isna().tolist() == [False] * 2 + [True] * 4


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_replicates_with_models_of_their_own(small_split, objective):
    recipe = small_recipe((4,), objective, epochs=6)
    plan = Sweep(("each",), (0.0, 0.5), ("rewind", "reinit"), ("weight", "neuron"), seeds=2, seed=40, retrain=True)
    unused = TextClassifier(len(small_split.words), 3, (4,), seed=99)
    rows, _ = whole(sweep_rows(unused, small_split, plan, recipe=recipe))
    assert len(rows) == plan.count(recipe.model.layers) == 2 * 2 * 2 * 2 * 2
    models = {seed: train(replace(recipe, seed=seed), small_split) for seed in (40, 41)}
    for row, (seed, scheme, unit, dose, layers) in zip(rows, in_order(plan, recipe.model.layers), strict=True):
        assert (row.seed, row.scheme, row.unit, row.planned_dose, row.layers) == (seed, scheme, unit, dose, layers[0])
        done = models[seed]
        randomized = randomize(done.model, Randomization(layers, dose, scheme, unit, seed), initial=done.initial)
        check_row(row, done.model, randomized, small_split, objective)
    assert rows[0].training["loss"] != rows[-1].training["loss"]


@pytest.mark.parametrize("retrain", [False, True])
def test_several_splits_are_those_of_the_seeds_after(small_split, retrain):
    recipe = replace(small_recipe((4,), epochs=6), split=SplitSettings(validation_share=0.25, seed=7))
    first = make_split(small_split.reviews, recipe.split)
    plan = Sweep(("fc1",), (0.0, 0.5), ("rewind",), seeds=2, splits=3, retrain=retrain)
    done = train(recipe, first)
    rows, result = whole(sweep_rows(done.model, first, plan, recipe=recipe, initial=done.initial))
    assert len(rows) == plan.count(recipe.model.layers) == result.planned == 12
    for row, (seed, replicate, dose) in zip(rows, product((7, 8, 9), (0, 1), plan.doses), strict=True):
        assert (row.split, row.seed, row.planned_dose) == (seed, replicate, dose)
        split = make_split(small_split.reviews, replace(recipe.split, seed=seed))
        own = train(replace(recipe, seed=replicate) if retrain else recipe, split)
        randomized = randomize(own.model, Randomization(("fc1",), dose, "rewind", seed=replicate), initial=own.initial)
        check_row(row, own.model, randomized, split, "cross_entropy")
        targets = split.validation.targets
        with torch.no_grad():
            hits = [(one(split.validation.inputs).argmax(1) == targets).tolist() for one in (own.model, randomized)]
        assert row.hits.unpack().tolist() == hits
        assert row.hits.share == len(split.validation) / len(split.training)
    one = whole(sweep_rows(done.model, first, replace(plan, splits=1), recipe=recipe, initial=done.initial))[0]
    assert one == rows[:4]  # bit for bit


def test_rows_keep_no_hits_where_there_would_be_too_many(small_split, monkeypatch):
    recipe, done = trained_small(small_split)
    monkeypatch.setattr("forgetting.studies.sweep.HITS_MEMORY", 3)
    for doses, kept in (((0.5,), True), ((0.5, 1.0), False)):  # of 14 reviews, 1.75 bytes a row
        (row, *_), _ = whole(
            sweep_rows(done.model, small_split, Sweep(("fc1",), doses, ("zero",), seeds=1), recipe=recipe)
        )
        assert bool(row.hits) is kept


def test_named_words(small_split):
    recipe, done = trained_small(small_split)
    words = small_split.words[4:9]
    plan = Sweep(("fc1",), (0.4, 1.0), ("zero",), ("word",), seeds=2, words=words)
    rows, _ = whole(sweep_rows(done.model, small_split, plan, recipe=recipe))
    for row in rows:
        alone = Randomization(("fc1",), row.dose, "zero", "word", row.seed, words=words)
        randomized = randomize(done.model, alone, vocabulary=small_split.words)
        check_row(row, done.model, randomized, small_split, "cross_entropy")
        columns = (randomized.fc1.weight == 0).all(dim=0).nonzero().flatten().tolist()
        assert len(columns) == round(row.dose * 5)
        assert {small_split.words[column] for column in columns} <= set(words)


def broken(done, layer="fc1", value=math.nan):
    model = TextClassifier(20, 3, (5,), dropout=0.2)
    model.load_state_dict(done.initial | copy_state(done.model))
    with torch.no_grad():
        model.get_submodule(layer).weight[0, 0] = value
    return model


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_without_finite_logits_figures_are_missing_and_say_so(small_split, value):
    recipe, done = trained_small(small_split)
    model = broken(done, value=value)
    plan = Sweep(("fc2",), (0.0, 0.5), ("zero",), ("neuron",), seeds=1)
    rows, result = whole(sweep_rows(model, small_split, plan, recipe=recipe))
    for row in rows:
        for name, figure in product(PARTS, SWEEP_METRICS):
            if figure in ("accuracy_before", "majority"):
                continue
            assert getattr(row, name)[figure] is None
            assert row.missing[f"{name}_{figure}"] == NOT_FINITE
    assert NOT_FINITE in result.frame["missing"][0]
    json.loads(result.to_bytes("json"), parse_constant=pytest.fail)


def test_an_original_without_finite_logits_has_no_figures_to_compare_with(small_split):
    recipe, done = trained_small(small_split)
    model = broken(done)
    rows, _ = whole(sweep_rows(model, small_split, Sweep(("fc1",), (1.0,), ("reinit",), seeds=1), recipe=recipe))
    randomized = randomize(model, Randomization(("fc1",), 1.0, "reinit"))
    for name, part in small_split.parts.items():
        found, scores = getattr(rows[0], name), evaluate(randomized, part, "cross_entropy")
        assert evaluate(model, part, "cross_entropy").accuracy is None
        assert found["accuracy"] == pytest.approx(scores.accuracy)
        assert found["loss"] == close(scores.loss)
        for figure in ("accuracy_before", "forgetting", "agreement", "divergence"):
            assert found[figure] is None, figure
            assert rows[0].missing[f"{name}_{figure}"]
    check_reasons(rows[0])


@pytest.mark.parametrize("scheme", ["noise", "normal"])
def test_weights_that_overflow_give_no_numbers(small_split, scheme):
    recipe, done = trained_small(small_split)
    model = broken(done)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(done.model.state_dict()["fc1.bias"].mean())
        model.fc1.weight.copy_(done.model.fc1.weight * 1e37)  # the logits are finite; noise of 1,000 deviations is not
        model.fc2.weight.copy_(done.model.fc2.weight * 1e-30)
    plan = Sweep(("fc1",), (0.0, 1.0), (scheme,), seeds=1, scale=1_000.0)
    rows, result = whole(sweep_rows(model, small_split, plan, recipe=recipe))
    randomized = [randomize(model, Randomization(("fc1",), row.dose, scheme, scale=1_000.0)) for row in rows]
    for row, after in zip(rows, randomized, strict=True):
        for name, part in small_split.parts.items():
            scores = evaluate(after, part, "cross_entropy")
            assert getattr(row, name)["accuracy"] == scores.accuracy
            assert getattr(row, name)["loss"] == close(scores.loss)
    assert (rows[1].validation["accuracy"] is None) is (scheme == "noise")
    json.loads(result.to_bytes("json"), parse_constant=pytest.fail)


@pytest.mark.parametrize(("match", "layer"), [("dose", "fc2"), ("change", "fc1"), ("change", "fc2")])
def test_a_change_that_is_no_number_is_missing(small_split, match, layer):
    recipe, done = trained_small(small_split)
    model = broken(done, layer)
    plan = Sweep((layer,), (0.0, 0.5, 1.0), ("zero",), seeds=1, match=match)
    rows, _ = whole(sweep_rows(model, small_split, plan, recipe=recipe))
    for row in rows:
        check_reasons(row)
    assert (rows[0].dose, rows[0].change) == (0, 0)


def test_a_layer_of_zeros_has_no_relative_change(small_split):
    recipe, done = trained_small(small_split)
    model = broken(done)
    with torch.no_grad():
        model.fc1.weight.zero_()
        model.fc1.bias.zero_()
    rows, _ = whole(sweep_rows(model, small_split, Sweep(("fc1",), (0.0, 1.0), ("normal",), seeds=1), recipe=recipe))
    assert [row.relative_change for row in rows] == [None, None]
    assert rows[1].change > 1
    assert all(row.missing["relative_change"] for row in rows)


def test_progress_ends_at_the_count(small_split):
    recipe, done = trained_small(small_split)
    plan, calls = Sweep(("each",), (0.0, 0.5), ("zero", "normal"), seeds=3), []
    rows, _ = whole(sweep_rows(done.model, small_split, plan, recipe=recipe, progress=lambda *call: calls.append(call)))
    assert len(rows) == plan.count(("fc1", "fc2")) == 24
    assert calls == sorted(set(calls))
    assert calls[-1] == (24, 24)
    assert {total for _, total in calls} == {24}


@pytest.mark.parametrize(("layers", "count"), [("each", 3), ("fc3", 1)])
def test_progress_counts_the_layers_of_the_model(small_split, layers, count):
    # The recipe is the default one, which has a layer less.
    _, done = trained_small(small_split, (4, 3))
    plan, calls = Sweep((layers,), (0.5,), ("zero",), seeds=1), []
    rows, _ = whole(sweep_rows(done.model, small_split, plan, progress=lambda *call: calls.append(call)))
    assert len(rows) == count
    assert calls[-1] == (count, count)


def test_a_sweep_can_be_left_and_taken_up_again(small_split):
    recipe, done = trained_small(small_split)
    plan = Sweep(("each", "all"), (0.0, 0.5, 1.0), ("permute", "normal"), seeds=2)
    expected, _ = whole(sweep_rows(done.model, small_split, plan, recipe=recipe))
    walk = sweep_rows(done.model, small_split, plan, recipe=recipe)
    begun = list(islice(walk, 7))
    between, _ = whole(sweep_rows(done.model, small_split, plan, recipe=recipe))
    rest, result = whole(walk)
    assert begun + rest == between == expected
    assert result.rows == tuple(expected)
    stopped = sweep_rows(done.model, small_split, plan, recipe=recipe)
    assert next(stopped) == expected[0]
    stopped.close()
    assert list(stopped) == []


@pytest.mark.usefixtures("global_state_kept")
def test_nothing_else_is_moved(small_split):
    recipe, done = trained_small(small_split)
    before, initial = copy_state(done.model), {name: value.clone() for name, value in done.initial.items()}
    for retrain in (False, True):
        plan = Sweep(("all",), (0.5, 1.0), tuple(SCHEMES), ("weight", "neuron"), seeds=1, retrain=retrain)
        whole(sweep_rows(done.model, small_split, plan, recipe=recipe, initial=done.initial))
    assert all(torch.equal(value, before[name]) for name, value in done.model.state_dict().items())
    assert all(torch.equal(value, initial[name]) for name, value in done.initial.items())
    assert all(parameter.requires_grad for parameter in done.model.parameters())


def least_memory(fits, low=1, high=2**30):
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def test_little_memory_gives_the_same_rows(small_split):
    recipe, done = trained_small(small_split)
    plan = Sweep(("each", "all"), (0.0, 0.3, 0.6, 1.0), ("normal", "permute"), ("weight", "neuron"), seeds=1)

    def slices(memory):
        return list(sweep_slices(done.model, small_split, plan, recipe=recipe, memory=memory))

    def fits(memory):
        try:
            next(sweep_slices(done.model, small_split, plan, recipe=recipe, memory=memory))
        except RecipeError:
            return False
        return True

    least = least_memory(fits)
    one_by_one, middle, large = slices(least), slices(2 * least), slices(2**29)
    assert {len(rows) for rows in one_by_one} == {1}
    assert len(large) == 4  # a replicate, scheme and unit at once
    assert len(one_by_one) == 48 > len(middle) > 4
    assert list(chain(*one_by_one)) == list(chain(*middle)) == list(chain(*large))
    with pytest.raises(
        RecipeError, match=r"^One variant .* needs about 0 MiB \(123 weights, 54 reviews of 3 classes\)"
    ):
        next(sweep_rows(done.model, small_split, plan, recipe=recipe, memory=least - 1))


def test_the_refusal_for_memory_tells_how_much_would_do(small_split):
    model, plan = TextClassifier(20, 3, (1024, 1024)), Sweep(("fc1",), (0.5,), seeds=1)
    with pytest.raises(RecipeError, match=r"\(1,074,179 weights.* allowed is 10 MiB\. Keep fewer") as refused:
        next(sweep_rows(model, small_split, plan, memory=10 * 2**20))
    needed = int(re.search(r"needs about ([\d,]+) MiB", str(refused.value))[1])
    assert 20 < needed < 200  # the weights alone are 4 MiB, their paths and draws many times that
    assert next(sweep_rows(model, small_split, plan, memory=(needed + 1) * 2**20))
    with pytest.raises(RecipeError, match=f"needs about {needed} MiB"):
        next(sweep_rows(model, small_split, plan, memory=(needed - 1) * 2**20))


@pytest.mark.parametrize(
    ("plan", "recipe", "message"),
    [
        (Sweep(("fc9",)), MODERN, "got 'fc9'"),
        (Sweep(units=("word",)), MODERN, "'word' is a column of the first layer"),
        (Sweep(schemes=("rewind",)), MODERN, "'rewind' needs the weights from before training"),
        (Sweep(seeds=10_000), MODERN, "at most 50,000 variants"),
        (Sweep(), PUBLISHED, "published protocol"),
        (Sweep(("fc1",), units=("word",), words=("ghost",)), MODERN, "has no 'ghost'"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_row(small_split, plan, recipe, message):
    _, done = trained_small(small_split)
    with pytest.raises(RecipeError, match=message):
        next(sweep_rows(done.model, small_split, plan, recipe=recipe))


def test_rewind_with_the_wrong_weights_is_refused(small_split):
    _, done = trained_small(small_split)
    with pytest.raises(RecipeError, match=r"`initial` holds no 'fc[12].weight'"):
        next(sweep_rows(done.model, small_split, Sweep(schemes=("rewind",)), initial={}))


# The result.


@pytest.fixture(scope="module")
def result(small_split) -> SweepResult:
    """Rows with missing figures of each kind: not reached, useless, with few classes."""
    recipe, done = trained_small(small_split)
    plan = Sweep(("each",), (0.0, 0.5, 1.0), ("noise", "zero"), seeds=2, scale=0.5, match="change")
    found = whole(sweep_rows(done.model, small_split, plan, recipe=recipe))[1]
    return replace(found, epochs=len(done.history))


def about(result) -> Recipe:
    """The recipe that is written: the one of the trained model, with the plan."""
    assert result.recipe.randomization == Randomization()
    return replace(result.recipe, sweep=result.plan)


def values(row: SweepRow) -> dict:
    """The columns of a row, written out."""
    own = {name: getattr(row, name) for name in SWEEP_COLUMNS[:9]}
    parts = {f"{part}_{figure}": getattr(row, part)[figure] for part in PARTS for figure in SWEEP_METRICS}
    return own | parts


def check_table(table, result):
    assert len(table) == len(result.rows)
    for line, row in zip(table.to_dict("records"), result.rows, strict=True):
        for name, value in values(row).items():
            if value is None:
                assert pd.isna(line[name]), name
            else:
                assert line[name] == value, name
                assert isinstance(line[name], str | int | float), name
        for name, reason in row.missing.items():
            assert f"{name}: {reason}" in line["missing"]


def test_the_result_is_of_its_plan_and_data(result, small_split):
    assert (result.recipe, result.sha256) == (small_recipe((5,)), small_split.reviews.sha256)
    assert (result.epochs, result.planned) == (12, 2 * 2 * 3 * 2) == (12, len(result.rows))
    assert {row.dose is None for row in result.rows} == {True, False}


def test_a_whole_sweep_at_once_is_its_result(small_split):
    recipe, done = trained_small(small_split)
    plan, calls = Sweep(("each",), (0.0, 1.0), ("zero", "rewind"), seeds=2), []
    options = {"recipe": recipe, "initial": done.initial}
    rows, expected = whole(sweep_rows(done.model, small_split, plan, **options))
    found = run_sweep(done.model, small_split, plan, **options, progress=lambda *call: calls.append(call))
    assert isinstance(found, SweepResult)
    assert found.rows == tuple(rows)
    for name in ("plan", "recipe", "sha256", "epochs", "planned"):
        assert getattr(found, name) == getattr(expected, name), name
    assert (found.plan, found.recipe, found.planned, found.epochs) == (plan, recipe, 16, None)
    assert calls[-1] == (16, 16)
    with pytest.raises(RecipeError, match="'rewind' needs the weights"):
        run_sweep(done.model, small_split, plan, recipe=recipe)


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_what_is_written_is_of_the_training_and_the_plan_alone(result, kind):
    """The Forget page's own choice is of no row, so it changes no hash."""
    chosen = replace(result.recipe, randomization=Randomization(("fc1",), 0.3, "zero"), sweep=Sweep(seeds=3))
    assert replace(result, recipe=chosen).to_bytes(kind) == result.to_bytes(kind)
    assert replace(result, recipe=replace(chosen, seed=chosen.seed + 1)).to_bytes(kind) != result.to_bytes(kind)
    assert replace(result, plan=replace(result.plan, seed=5)).to_bytes(kind) != result.to_bytes(kind)


def test_a_stopped_sweep_tells_how_many_rows_were_planned(result):
    part = replace(result, rows=result.rows[:5], epochs=None)
    table = pd.read_csv(io.BytesIO(part.to_bytes("csv")))
    assert (len(table), set(table["rows_planned"])) == (5, {24})
    assert table["epochs_trained"].isna().all()
    read = json.loads(part.to_bytes("json"))
    assert (len(read["rows"]), read["rows_planned"], read["epochs_trained"]) == (5, 24, None)
    assert pq.read_schema(io.BytesIO(part.to_bytes("parquet"))).metadata[b"rows_planned"] == b"24"


def test_columns_by_hand(result):
    names = ["layers", "planned_dose", "dose", "scheme", "unit", "seed", "split", "change", "relative_change", "chance"]
    assert list(result.frame.columns) == SWEEP_COLUMNS
    assert SWEEP_COLUMNS[:10] == names
    assert SWEEP_COLUMNS[-1] == "missing"
    assert set(SWEEP_COLUMNS[10:-1]) == {
        f"{part}_{figure}" for part in ("training", "validation") for figure in SWEEP_METRICS
    }
    assert len(set(SWEEP_COLUMNS)) == len(SWEEP_COLUMNS) == 10 + 2 * len(SWEEP_METRICS) + 1


def test_the_frame_is_the_rows(result):
    check_table(result.frame, result)
    for name in NUMBERS:
        assert result.frame[name].dtype == ("int64" if name in ("seed", "split") else "float64"), name
    assert result.frame["validation_top_k_accuracy"].isna().all()  # with three classes
    assert result.frame["missing"].str.contains("validation_top_k_accuracy: with 3 classes").any()
    reached = result.frame["dose"].notna()
    assert result.frame.loc[~reached, "missing"].str.contains("dose: no fraction moves").all()
    assert result.frame.loc[reached, "validation_loss"].notna().all()


def test_a_sweep_left_before_its_first_row_has_a_frame(result):
    empty = replace(result, rows=())
    assert list(empty.frame.columns) == SWEEP_COLUMNS
    assert len(empty.frame) == 0
    assert all(empty.frame[name].dtype == "float64" for name in NUMBERS if name not in ("seed", "split"))
    for kind in ("csv", "parquet", "json"):
        assert empty.to_bytes(kind)


def test_csv_reads_back(result):
    content = result.to_bytes("csv")
    table = pd.read_csv(io.BytesIO(content), dtype={"data_sha256": str})
    check_table(table, result)
    assert set(table["recipe_hash"]) == {about(result).hash}
    assert set(table["data_sha256"]) == {result.sha256}
    assert (set(table["epochs_trained"]), set(table["rows_planned"])) == ({12}, {24})
    assert list(table.columns) == [*SWEEP_COLUMNS, "recipe_hash", "data_sha256", "epochs_trained", "rows_planned"]
    assert b"\r" not in content
    assert content.count(b"\n") == len(result.rows) + 1


def test_parquet_reads_back_with_its_recipe(result):
    content = result.to_bytes("parquet")
    table = pd.read_parquet(io.BytesIO(content))
    check_table(table, result)
    pd.testing.assert_frame_equal(table, result.frame)
    texts = pq.read_schema(io.BytesIO(content)).metadata
    assert Recipe.from_json(texts[b"recipe"].decode()) == about(result)
    assert texts[b"data_sha256"].decode() == result.sha256
    assert (texts[b"epochs_trained"], texts[b"rows_planned"]) == (b"12", b"24")


def test_json_reads_back_with_its_recipe(result):
    content = result.to_bytes("json")
    read = json.loads(content, parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    assert Recipe.from_dict(read["recipe"]) == about(result)
    assert (read["data_sha256"], read["epochs_trained"], read["rows_planned"]) == (result.sha256, 12, 24)
    for line, row in zip(read["rows"], result.rows, strict=True):
        assert {name: line[name] for name in values(row)} == values(row)
        assert all(f"{name}: {reason}" in line["missing"] for name, reason in row.missing.items())


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet", "ROWS.JSON", "a.b.csv"])
def test_a_file_is_written_by_its_ending(result, name, tmp_path):
    result.write(tmp_path / name)
    result.write(str(tmp_path / f"again {name}"))
    expected = result.to_bytes(name.lower().split(".")[-1])
    assert (tmp_path / name).read_bytes() == (tmp_path / f"again {name}").read_bytes() == expected


@pytest.mark.parametrize("name", ["rows.xlsx", "rows", ".csv"])
def test_an_unknown_ending_is_refused_and_nothing_written(result, name, tmp_path):
    with pytest.raises(RecipeError, match=r"written as csv, parquet or json; got '.*'\. Choose one"):
        result.write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["", "CSV"])
def test_an_unknown_kind_is_refused(result, kind):
    with pytest.raises(RecipeError, match=f"got '{kind}'"):
        result.to_bytes(kind)
