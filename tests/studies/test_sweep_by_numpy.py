"""Sweeps against numpy alone, which knows neither our layers nor how they are randomized: weights in, accuracy out."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from study_parts import small_recipe, trained_small

from forgetting.experiment.pipeline import train
from forgetting.recipe.plans import Sweep
from forgetting.studies.dose_response import cascade_curves
from forgetting.studies.sweep import run_sweep


def arrays(state) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in state.items()}


def logits_of(weights, inputs):
    values, layers = inputs, sorted({name.split(".")[0] for name in weights})
    for place, layer in enumerate(layers):
        values = (np.maximum(values, 0) if place else values) @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
    return values


def check(row, weights, split):
    """The accuracy, the loss and what is lost and gained, on both parts."""
    for name, part in split.parts.items():
        found, targets = getattr(row, name), part.targets.numpy()
        logits = logits_of(weights, part.inputs.to_scipy().toarray().astype(float))
        shifted = logits - logits.max(1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(targets)), targets]
        assert found["accuracy"] == pytest.approx((logits.argmax(1) == targets).mean())
        assert found["loss"] == pytest.approx(losses.mean(), abs=1e-5)
    return logits.argmax(1) == targets


@pytest.mark.parametrize("batch_size", [0, 7])
def test_cascades_of_models_of_their_own(small_split, batch_size):
    """Layers go back to before training one after another, from either end."""
    recipe = small_recipe((4, 3), epochs=6)
    recipe = replace(recipe, training=replace(recipe.training, batch_size=batch_size))
    plan = Sweep(("down", "up"), (0.0, 1.0), ("rewind",), seeds=2, seed=5, retrain=True)
    result = run_sweep(train(recipe, small_split).model, small_split, plan, recipe=recipe)
    assert len(result.rows) == 2 * 2 * 5  # all layers end both cascades
    for seed, rows in groupby(result.rows, lambda row: row.seed):
        done = train(replace(recipe, seed=seed), small_split)
        now, then = arrays(done.model.state_dict()), arrays(done.initial)
        before = logits_of(now, small_split.validation.inputs.to_scipy().toarray()).argmax(1)
        right = before == small_split.validation.targets.numpy()
        for row in rows:
            chosen = row.layers.split("+") if row.dose else []
            mixed = {name: (then if name.split(".")[0] in chosen else now)[name] for name in now}
            after = check(row, mixed, small_split)
            assert row.hits.unpack().tolist() == [right.tolist(), after.tolist()]
            assert (row.validation["lost"], row.validation["gained"]) == (
                (right & ~after).sum(),
                (after & ~right).sum(),
            )
            moved = [mixed[name] - now[name] for name in now]
            assert row.change == pytest.approx(np.sqrt(sum((step**2).sum() for step in moved)), rel=1e-7)
    last = result.frame[result.frame["planned_dose"] == 1]
    steps = cascade_curves(last, ("fc1", "fc2", "fc3")).set_index(["cascade", "step"])["median"]
    for name, sets in {"top-down": ("fc3", "fc2+fc3"), "bottom-up": ("fc1", "fc1+fc2")}.items():
        for step, names in enumerate((*sets, "fc1+fc2+fc3"), start=1):
            values = last.loc[last["layers"] == names, "validation_accuracy"]
            assert steps[name, step] == pytest.approx(values.median())


def test_words_that_the_model_no_longer_reads(small_split):
    """A word whose weights are 0 counts no more than one that no review holds."""
    recipe, done = trained_small(small_split)
    words = small_split.words[2:6]
    plan = Sweep(("fc1",), (0.5, 1.0), ("zero",), ("word",), seeds=3, words=words)
    weights, changed = arrays(done.model.state_dict()), set()
    for row in run_sweep(done.model, small_split, plan, recipe=recipe).rows:
        columns = [small_split.words.index(word) for word in words]
        size = np.linalg.norm(weights["fc1.weight"][:, columns])
        fits = []
        for gone in [columns] if row.dose == 1 else [(a, b) for a in columns for b in columns if a < b]:
            left = weights["fc1.weight"].copy()
            left[:, list(gone)] = 0
            if np.linalg.norm(left - weights["fc1.weight"]) == pytest.approx(row.change, rel=1e-6):
                fits.append((tuple(gone), left))
        ((gone, left),) = fits  # the two words that are gone are known by how far the weights moved
        check(row, weights | {"fc1.weight": left}, small_split)
        changed.add(gone)
        assert row.change <= size * (1 + 1e-7)
    assert len(changed) > 2
