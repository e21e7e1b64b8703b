"""Similarity of layers to retraining, beside plain matrices and whole kernels, and what is decided of them."""

from dataclasses import replace

import numpy as np
import pytest
from metric_parts import cka_by_kernels
from study_parts import trained_small
from torch import nn

from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.crossed import crossed_change
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.reporting.activations import describe_layers
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.representations import (
    COMPARED_SETS,
    OTHER_LAYERS,
    compare_layers,
    layer_contrasts,
    similarity_table,
)
from forgetting.unlearning.row import UnlearningRow
from forgetting.unlearning.runner import run_unlearning

FORGET = Forget(by="class", label="port")


def row(
    method: str, seed: int, cka: float | None, original: float = 0.5, kept: tuple[float, float] = (0.5, 0.5)
) -> UnlearningRow:
    """kept: Similarity to the original on the forget set and on validation reviews."""

    def of(*values):
        return {
            place: {"fc1": Measurement(value, "" if value is not None else "a reason")}
            for place, value in zip(COMPARED_SETS, values, strict=True)
        }

    similarity = {"unlearned": of(cka, cka), "original": of(original, original), "unlearned_to_original": of(*kept)}
    return UnlearningRow(method, seed, {}, {}, similarity=similarity)


def test_similarity_is_that_of_plain_matrices(small_split):
    _, done = trained_small(small_split)
    other = trained_small(small_split, (5,), "bitwise")[1].model
    sets = make_forget_sets(small_split, FORGET)
    found = compare_layers({"unlearned": other, "original": done.model}, done.model, sets)
    for place, part in zip(COMPARED_SETS, (sets.forget, small_split.validation), strict=True):
        dense = part.inputs.to_scipy().toarray().astype(float)

        def layers(model, dense=dense):
            state = {name: value.numpy().astype(float) for name, value in model.state_dict().items()}
            hidden = np.maximum(dense @ state["fc1.weight"].T + state["fc1.bias"], 0)
            return {"fc1": hidden, "fc2": hidden @ state["fc2.weight"].T + state["fc2.bias"]}

        ideal, own = layers(done.model), layers(other)
        for name in ("fc1", "fc2"):
            assert found["unlearned"][place][name].value == pytest.approx(
                cka_by_kernels(ideal[name], own[name]), abs=1e-4
            )
            assert found["original"][place][name].value == pytest.approx(1)


def test_each_row_of_a_comparison_has_it_and_a_model_of_other_layers_has_a_reason(small_split, own_methods):
    recipe, done = trained_small(small_split)

    class Wrapped(nn.Module):
        def __init__(self, model):
            super().__init__()
            self.inside = model

        def forward(self, inputs):
            return self.inside(inputs)

    own_methods["wrapped"] = lambda task: Wrapped(task.original)
    plan = Unlearning(methods=("original", "retrain", "wrapped"), seeds=2, epochs=2, relearn_epochs=0)
    result = run_unlearning(done, small_split, replace(recipe, forget=FORGET, unlearning=plan))
    table = similarity_table(result.rows)
    assert len(table) == 2 * 3 * len(COMPARED_SETS) * 2
    assert set(table.loc[table["method"] == "wrapped", "missing"]) == {OTHER_LAYERS}
    own = table[table["method"] == "original"]
    assert own["cka"].equals(own["original"])
    assert {contrast.method for contrast in layer_contrasts(result.rows, "forget")} == {"original"}


def test_what_is_decided_of_a_layer():
    values = {"retrain": 0.9, "original": 0.5, "holds": 0.52, "damaged": 0.1, "nearer": 0.97, "open": 0.89}
    values |= {"differs": 0.55, "equally_near": 0.57}
    kept = {"holds": (0.9, 0.6), "original": (1.0, 0.8), "equally_near": (0.9, 0.9)}
    noise = (0, 0.01, -0.01, 0.02)
    rows = [
        row(
            method,
            seed,
            value + noise[(seed + place) % 4],
            0.5 + noise[(seed + 1) % 4],
            tuple(each + noise[(seed + 2 * part) % 4] for part, each in enumerate(kept.get(method, (0.5, 0.5)))),
        )
        for seed in range(4)
        for place, (method, value) in enumerate(values.items())
    ]
    rows += [row("failed", seed, None) for seed in range(4)]
    found = {contrast.method: contrast for contrast in layer_contrasts(rows, "forget")}
    assert {method: contrast.conclusion for method, contrast in found.items()} == {
        **{name: name for name in ("holds", "damaged", "nearer", "open", "differs")},
        "original": "holds",
        "equally_near": "differs",
    }
    on_others = layer_contrasts(rows, "validation")
    assert "holds" not in {contrast.conclusion for contrast in on_others}
    gaps = [0.9 - 0.6 + noise[seed] - noise[(seed + 2) % 4] for seed in range(4)]
    assert found["holds"].kept.p == pytest.approx(crossed_change(np.array(gaps)).p)
    differences = [values["damaged"] + noise[(seed + 3) % 4] - values["retrain"] - noise[seed] for seed in range(4)]
    known = crossed_change(np.array(differences))
    assert found["damaged"].change.change == pytest.approx(known.change)
    assert found["damaged"].change.p == pytest.approx(known.p)
    assert found["damaged"].adjusted_p >= known.p
    sentence = describe_layers(tuple(found.values()), {("retrain", "fc1"): 0.9, ("original", "fc1"): 0.5}, "forget")
    assert "another retraining has a similarity (CKA) to retraining of 0.90 in fc1, the original of 0.50." in sentence
    assert "than they treat other reviews): holds fc1." in sentence
    assert "Less similar than another retraining: differs fc1; equally near fc1." in sentence
    assert "(less similar than even the original): damaged fc1." in sentence


def test_without_retraining_or_with_one_seed_nothing_is_decided():
    assert layer_contrasts([row("scrub", seed, 0.3) for seed in range(3)], "forget") == ()
    assert layer_contrasts([row("scrub", 0, 0.3), row("retrain", 0, 0.9)], "forget") == ()
    assert layer_contrasts([], "forget") == ()
    assert layer_contrasts([UnlearningRow("scrub", 0, {}, {})], "validation") == ()
    assert "choose exact retraining" in describe_layers((), {("scrub", "fc1"): 0.3}, "forget")
    assert "Without two whole seeds" in describe_layers((), {("retrain", "fc1"): 0.3}, "validation")
