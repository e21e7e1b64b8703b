"""The logits of variants against those of models randomized one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import RecipeError
from forgetting.model.classifier import TextClassifier
from forgetting.randomization.path import randomize
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.studies.variants import compute_variants

HIDDEN = [(5,), (4, 3), (4, 3, 3)]
SCHEME = st.sampled_from(list(SCHEMES))
SEED = st.integers(0, 2**32 - 1)


def classifier(split, hidden, seed=3):
    """As if trained: biases and weights away from where they were drawn."""
    model = TextClassifier(len(split.words), len(split.classes), hidden, seed=seed)
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=source))
    return model


def inputs(split):
    return {name: part.inputs for name, part in split.parts.items()}


def flat(model, layers, unit):
    """All of a layer set's weights in double precision; words have no bias."""
    state = model.state_dict()
    keys = [f"{layer}.{key}" for layer in layers for key in ("weight", *(["bias"] if unit != "word" else []))]
    return np.concatenate([state[key].double().numpy().ravel() for key in keys])


@st.composite
def cases(draw, least=0.0):
    dose = st.one_of(st.floats(least, 1), st.sampled_from([0.0, 0.5, 1.0]))
    doses = sorted(draw(st.lists(dose, min_size=1, max_size=4, unique=True)))
    hidden = draw(st.sampled_from(HIDDEN))
    unit = draw(st.sampled_from(["weight", "neuron", "word"]))
    known = ["fc1"] if unit == "word" else [f"fc{number}" for number in range(1, len(hidden) + 2)]
    one = st.lists(st.sampled_from(known), min_size=1, unique=True).map(lambda names: tuple(sorted(names)))
    sets = draw(st.lists(one, min_size=1, max_size=4, unique=True))
    return hidden, sets, doses, draw(SCHEME), unit, draw(SEED), draw(st.floats(0, 10))


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(case=cases())
def test_a_variant_is_that_of_randomize(small_split, case):
    hidden, sets, doses, scheme, unit, seed, scale = case
    model, initial = classifier(small_split, hidden), classifier(small_split, hidden, seed=4).state_dict()
    randomization = Randomization((), 0.3, scheme, unit, seed, scale)
    found = list(compute_variants(model, inputs(small_split), sets, doses, randomization, initial=initial))
    assert [(one.planned_dose, one.layers) for one in found] == [(dose, chosen) for dose in doses for chosen in sets]
    for variant in found:
        assert variant.dose == variant.planned_dose
        alone = randomize(
            model, Randomization(variant.layers, variant.planned_dose, scheme, unit, seed, scale), initial=initial
        )
        for name, part in small_split.parts.items():
            with torch.no_grad():
                assert torch.equal(variant.outputs[name], alone(part.inputs))
        old, new = (flat(one, variant.layers, unit) for one in (model, alone))
        distance = np.linalg.norm(new - old)
        assert variant.change == pytest.approx(distance, rel=1e-5, abs=1e-9)
        assert variant.relative_change == pytest.approx(distance / np.linalg.norm(old), rel=1e-5, abs=1e-9)
        if variant.planned_dose == 0:
            assert (variant.change, variant.relative_change) == (0, 0)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(case=cases(least=1e-6))
def test_a_variant_by_change_is_just_so_far(small_split, case):
    """Each layer goes as far as the dose says; what that takes is found by trying every count."""
    hidden, sets, doses, scheme, unit, seed, scale = case
    model, initial = classifier(small_split, hidden), classifier(small_split, hidden, seed=4).state_dict()
    randomization = Randomization((), 1.0, scheme, unit, seed, scale)
    found = list(
        compute_variants(model, inputs(small_split), sets, doses, randomization, initial=initial, match="change")
    )
    assert [(one.planned_dose, one.layers) for one in found] == [(dose, chosen) for dose in doses for chosen in sets]
    if scheme == "permute":
        return
    sizes, distances = {}, {}
    for layer in {layer for chosen in sets for layer in chosen}:
        old, outputs = flat(model, [layer], unit), len(model.state_dict()[f"{layer}.bias"])
        sizes[layer] = {"weight": len(old), "neuron": outputs, "word": len(small_split.words)}[unit]
        steps = (
            by_count(model, layer, count, sizes[layer], randomization, initial) for count in range(sizes[layer] + 1)
        )
        changes = [np.linalg.norm(flat(step, [layer], unit) - old) for step in steps]
        distances[layer] = np.array(changes) / np.linalg.norm(old)
    for variant in found:
        enough = {layer: distances[layer] >= variant.planned_dose * (1 - 1e-6) for layer in variant.layers}
        if not all(reached.any() for reached in enough.values()):
            assert (variant.dose, variant.change, variant.relative_change, variant.outputs) == (None,) * 4
            continue
        counts = {layer: int(reached.argmax()) for layer, reached in enough.items()}
        off = max(distances[layer][count] - variant.planned_dose for layer, count in counts.items())
        if off > 0.1 * variant.planned_dose:  # one unit more is too much
            assert (variant.dose, variant.change, variant.relative_change, variant.outputs) == (None,) * 4
            continue
        assert variant.dose == pytest.approx(sum(counts.values()) / sum(sizes[layer] for layer in counts))
        assert variant.relative_change >= variant.planned_dose * (1 - 2e-6)
        alone = model
        for layer, count in counts.items():
            alone = by_count(alone, layer, count, sizes[layer], randomization, initial)
        for name, part in small_split.parts.items():
            with torch.no_grad():
                assert torch.equal(variant.outputs[name], alone(part.inputs))


def by_count(model, layer, count, total, like, initial):
    """`count` of a layer's `total` units randomized, by way of the dose."""
    settings = Randomization((layer,), count / total, like.scheme, like.unit, like.seed, like.scale)
    return randomize(model, settings, initial=initial)


def test_permuting_by_change_is_nearly_so_far(small_split):
    model = classifier(small_split, (64,))
    randomization = Randomization(scheme="permute", seed=5)
    doses = [0.0, 0.2, 0.5, 0.8, 1.0]
    found = list(
        compute_variants(model, inputs(small_split), [("fc1",), ("fc1", "fc2")], doses, randomization, match="change")
    )
    reached = [variant for variant in found if variant.dose is not None]
    assert {variant.planned_dose for variant in reached if variant.layers == ("fc1",)} == set(doses)
    for variant in reached:
        assert variant.relative_change == pytest.approx(variant.planned_dose, rel=0.1)


@pytest.mark.parametrize("scheme", ["permute", "normal"])
def test_a_change_is_reached_within_a_tenth_or_missing(small_split, scheme):
    model = classifier(small_split, (3,))  # 12 weights and biases in fc2: one may be too much
    doses = [step / 20 for step in range(21)]
    for seed in range(3):
        randomization = Randomization(scheme=scheme, seed=seed)
        sets = [("fc1",), ("fc2",), ("fc1", "fc2")]
        found = list(compute_variants(model, inputs(small_split), sets, doses, randomization, match="change"))
        reached = [variant for variant in found if variant.dose is not None]
        assert len(reached) < len(found)
        for variant in reached:
            assert variant.relative_change == pytest.approx(variant.planned_dose, rel=0.1)


def test_what_cannot_be_reached_is_said_for_the_sets_that_need_it(small_split):
    model = classifier(small_split, (5,))
    with torch.no_grad():
        model.fc2.bias.zero_()
        model.fc2.weight.fill_(0.25)
    randomization = Randomization(scheme="permute")  # weights of fc2 are alike: permuting them changes little
    sets = [("fc1",), ("fc2",), ("fc1", "fc2")]
    found = list(compute_variants(model, inputs(small_split), sets, [0.0, 0.9], randomization, match="change"))
    assert [variant.dose is not None for variant in found] == [True, True, True, True, False, False]


@pytest.mark.usefixtures("global_state_kept")
def test_neither_the_model_nor_the_random_state_is_touched(small_split):
    model = classifier(small_split, (4, 3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for scheme in ("normal", "reinit", "permute", "noise", "zero"):
        list(compute_variants(model, inputs(small_split), [("fc1", "fc3")], [0.5, 1.0], Randomization(scheme=scheme)))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_logits_given_out_do_not_change_with_the_next_dose(small_split):
    walk = compute_variants(classifier(small_split, (5,)), inputs(small_split), [("fc1",)], [0.0, 1.0], Randomization())
    first = next(walk)
    kept = {name: values.clone() for name, values in first.outputs.items()}
    last = next(walk)
    for name, values in kept.items():
        assert torch.equal(first.outputs[name], values)
        assert not torch.equal(last.outputs[name], values)


def test_named_words_are_those_of_the_vocabulary(small_split):
    model, words = classifier(small_split, (5,)), small_split.words[3:7]
    randomization = Randomization(("fc1",), unit="word", words=words)
    found = list(
        compute_variants(
            model, inputs(small_split), [("fc1",)], [0.5, 1.0], randomization, vocabulary=small_split.words
        )
    )  # fmt: skip
    for variant in found:
        alone = randomize(
            model, randomization.with_value("fraction", variant.planned_dose), vocabulary=small_split.words
        )  # fmt: skip
        with torch.no_grad():
            expected = alone(small_split.validation.inputs)
        assert torch.equal(variant.outputs["validation"], expected)


def test_a_path_that_cannot_be_is_refused(small_split):
    with pytest.raises(RecipeError, match="'rewind' needs the weights from before training"):
        next(
            compute_variants(
                classifier(small_split, (5,)), inputs(small_split), [("fc1",)], [0.0], Randomization(scheme="rewind")
            )
        )
