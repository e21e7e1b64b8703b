"""Influence against gradients of dense inputs, and randomizing listed words against writing their columns by hand.

Attributions of reviews against captum and against loops over dense inputs.
"""

import copy
from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from study_parts import trained_small

from forgetting.core.errors import DataError, RecipeError
from forgetting.core.seeding import generator
from forgetting.experiment.pipeline import compare, copy_state, train
from forgetting.model import attribution
from forgetting.model.attribution import attribute, most_influential_words, sum_rows, word_influence
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import ATTRIBUTIONS, ModelSettings, TrainingSettings
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, Split
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import Recipe

HIDDEN = [(5,), (4, 3), (6, 4, 3)]
WHITE = ("lemon", "apple", "slate", "pear")


def dense(part) -> torch.Tensor:
    return torch.from_numpy(part.inputs.to_scipy().toarray())


@pytest.mark.parametrize(("hidden", "number"), list(zip(HIDDEN, [0, 1, 2], strict=True)))
def test_influence_is_gradient_times_input(small_split, hidden, number):
    _, done = trained_small(small_split, hidden)
    inputs = dense(small_split.training).requires_grad_()
    logits = done.model(inputs)
    rows = small_split.training.targets == number
    (logits[rows, number] - logits[rows].mean(dim=1)).sum().backward()
    expected = (inputs.grad * inputs).sum(dim=0) / rows.sum()
    found = word_influence(done.model, small_split, number)
    assert found.shape == (20,)
    most = expected.abs().max().item()
    assert most > 0
    np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), rtol=1e-3, atol=1e-5 * most)


def test_influence_by_hand():
    """One hidden unit of weight 2 and 3 on the words, and logits of +1 and −1 times it."""
    model = TextClassifier(2, 2, (1,))
    with torch.no_grad():
        model.fc1.weight.copy_(torch.tensor([[2.0, 3.0]]))
        model.fc1.bias.zero_()
        model.fc2.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        model.fc2.bias.zero_()
    split = split_of([[1.0, 0.0], [0.5, 0.25], [0.0, 1.0]], [0, 0, 1])
    # Logit less mean logit is the hidden unit itself for class 0, and its negative for class 1.
    assert word_influence(model, split, 0).tolist() == pytest.approx([(2 * 1 + 2 * 0.5) / 2, 3 * 0.25 / 2])
    assert word_influence(model, split, 1).tolist() == pytest.approx([0, -3])


def split_of(inputs, targets, classes=2) -> Split:
    matrix = SparseMatrix.from_scipy(csr_matrix(np.array(inputs, dtype=np.float32)))
    part = Part(matrix, torch.tensor(targets), np.arange(len(targets)))
    words = tuple(f"word{column}" for column in range(matrix.shape[1]))
    return Split(part, part, words, tuple("abcdef"[:classes]), None)


def test_words_that_a_class_never_uses_have_none(small_split):
    _, done = trained_small(small_split)
    for number in range(3):
        inputs = dense(small_split.training)[small_split.training.targets == number]
        absent = (inputs == 0).all(dim=0)
        found = word_influence(done.model, small_split, number)
        assert 0 < absent.sum() < 20
        assert (found[absent] == 0).all()
        assert (found[~absent] != 0).any()


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 1_000),
    rows=st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=2, max_size=6),
)
def test_of_a_model_without_bias_influences_add_up_to_the_logit(seed, rows):
    """ReLU networks without biases are homogeneous, so gradient × input sums to the output (Euler)."""
    model = TextClassifier(4, 3, (5,), seed=seed)
    with torch.no_grad():
        model.fc1.bias.zero_()
        model.fc2.bias.zero_()
    split = split_of(rows, [1] * len(rows), 3)
    with torch.no_grad():
        logits = model(dense(split.training))
    expected = (logits[:, 1] - logits.mean(dim=1)).mean().item()
    assert word_influence(model, split, 1).sum().item() == pytest.approx(expected, abs=1e-4)


def without(split: Split, number: int) -> Split:
    """The split whose training part has no review of a class."""
    rows = (split.training.targets != number).nonzero().flatten()
    part = Part(split.training.inputs.rows(rows), split.training.targets[rows], split.training.rows[rows.numpy()])
    return replace(split, training=part)


def test_a_class_without_training_reviews_is_refused_by_name(small_split):
    _, done = trained_small(small_split)
    split = without(small_split, 0)
    for call in (word_influence, most_influential_words):
        with pytest.raises(DataError, match=r"^No training review is of class 'port': choose another class\.$"):
            call(done.model, split, 0)
    assert word_influence(done.model, split, 1).tolist() == pytest.approx(
        word_influence(done.model, small_split, 1).tolist()
    )


@pytest.mark.parametrize("most", [5, 99])
def test_the_most_influential_are_sorted_and_speak_for_the_class(small_split, most):
    _, done = trained_small(small_split)
    values = word_influence(done.model, small_split, 2).tolist()
    speaking = [(word, value) for word, value in zip(small_split.words, values, strict=True) if value > 0]
    assert 5 < len(speaking) < 20
    expected = dict(sorted(speaking, key=lambda item: -item[1])[:most])
    found = most_influential_words(done.model, small_split, 2, most)
    assert len(found) == min(most, len(speaking))
    assert list(found.values()) == sorted(found.values(), reverse=True) == list(expected.values())
    assert all(values[small_split.words.index(word)] == value for word, value in found.items())
    assert all(isinstance(value, float) for value in found.values())


def test_by_default_there_are_twenty():
    split, model = split_of(np.eye(60), [0] * 60), TextClassifier(60, 2)
    with torch.no_grad():
        model.fc1.weight.fill_(1)
        model.fc2.weight[0], model.fc2.weight[1] = 1, -1
    assert (word_influence(model, split, 0) > 0).all()
    assert len(most_influential_words(model, split, 0)) == 20


def test_the_words_of_a_style_are_the_most_influential(small_split):
    recipe = Recipe(
        model=ModelSettings(hidden=(16,), dropout=0.2), training=TrainingSettings(epochs=60, learning_rate=0.05)
    )
    done = train(recipe, small_split)
    assert set(most_influential_words(done.model, small_split, 2, 4)) == set(WHITE)


@pytest.mark.usefixtures("global_state_kept")
def test_influence_changes_nothing(small_split):
    _, done = trained_small(small_split)
    before = copy_state(done.model)
    first = word_influence(done.model, small_split, 1)
    with torch.no_grad():  # as a page might
        second = word_influence(done.model, small_split, 1)
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in done.model.state_dict().items())
    assert all(parameter.grad is None for parameter in done.model.parameters())


# Attributions of single reviews.


def kinked(hidden: tuple[int, ...], seed: int = 0, words: int = 12, classes: int = 4) -> TextClassifier:
    """A classifier whose units are switched on and off along the way from no word to a review."""
    model, source = TextClassifier(words, classes, hidden), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in model.children():
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=source))
            layer.bias.copy_(torch.randn(layer.bias.shape, generator=source) / 3)
    return model


def reviews_of(seed: int, rows: int = 25, words: int = 12) -> tuple[SparseMatrix, torch.Tensor]:
    """Rows of length 1, and the classes to explain; the first row is empty and the second has one word."""
    drawn = np.random.default_rng(seed)
    matrix = drawn.random((rows, words)) * (drawn.random((rows, words)) < 0.5)
    matrix[:2] = 0
    matrix[1, 3] = 1
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    return SparseMatrix.from_scipy(csr_matrix(matrix.astype(np.float32))), torch.from_numpy(drawn.integers(0, 4, rows))


def explained(model: TextClassifier, inputs: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """What is explained, of dense inputs in float64."""
    logits = copy.deepcopy(model).double()(inputs)
    return logits.gather(1, classes[:, None]).squeeze(1) - logits.mean(dim=1)


def at_words(matrix: torch.Tensor, inputs: SparseMatrix) -> np.ndarray:
    """Values of a dense matrix where the inputs have theirs."""
    rows, columns = inputs.to_scipy().nonzero()
    return matrix.detach().numpy()[rows, columns]


def dense_rows(inputs: SparseMatrix) -> torch.Tensor:
    return torch.from_numpy(inputs.to_scipy().toarray()).double()


@pytest.mark.parametrize("hidden", HIDDEN)
def test_attributions_are_those_of_captum(hidden):
    """captum on dense inputs in float64.

    Its integrated gradients are a sum of steps, where ours are exact. Of one hidden layer they are what DeepLIFT's
    rescale rule gives (Ancona et al. 2018, arXiv 1711.06104), which takes no steps.
    """
    from captum.attr import DeepLift, InputXGradient, IntegratedGradients

    inputs, classes = reviews_of(1, rows=8)
    model = kinked(hidden)
    layers = [part for layer in copy.deepcopy(model).double().children() for part in (layer, torch.nn.ReLU())]
    mean = torch.nn.Linear(4, 4, bias=False, dtype=torch.float64)  # less the mean logit
    mean.weight.data = torch.eye(4, dtype=torch.float64) - 0.25
    module, rows = torch.nn.Sequential(*layers[:-1], mean), dense_rows(inputs)

    def check(method: str, theirs: torch.Tensor, close: float) -> None:
        ours = attribute(model, inputs, classes, method).values.numpy()
        np.testing.assert_allclose(ours, at_words(theirs, inputs), atol=close, rtol=1e-5)
        assert np.abs(ours).max() > 0.1

    check("gradient_input", InputXGradient(module).attribute(rows.requires_grad_(), target=classes), 1e-5)
    steps = IntegratedGradients(module).attribute(rows, target=classes, n_steps=3_000, method="riemann_middle")
    check("integrated_gradients", steps, 5e-3)
    if len(hidden) == 1:
        check("integrated_gradients", DeepLift(module).attribute(rows, target=classes), 1e-5)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), hidden=st.sampled_from(HIDDEN))
def test_values_and_remainder_add_up_and_gradients_integrate_to_the_difference(seed, hidden):
    inputs, classes = reviews_of(seed)
    model = kinked(hidden, seed)
    rows = dense_rows(inputs)
    with torch.no_grad():
        whole, nothing = explained(model, rows, classes), explained(model, torch.zeros_like(rows), classes)
    for method in ATTRIBUTIONS:
        found = attribute(model, inputs, classes, method)
        np.testing.assert_allclose(sum_rows(found.values, inputs) + found.remainder, whole, atol=1e-4)
        if method == "integrated_gradients":  # completeness
            np.testing.assert_allclose(found.remainder, nothing, atol=1e-4)
        assert found.remainder[0] == pytest.approx(nothing[0].item(), abs=1e-5)  # a review without words


@pytest.mark.parametrize("hidden", HIDDEN)
def test_occlusion_is_the_text_without_the_word(hidden):
    inputs, classes = reviews_of(2)
    model = kinked(hidden)
    rows, numbers = dense_rows(inputs), torch.from_numpy(inputs.to_scipy().nonzero()[0]).long()
    without = rows[numbers]
    without[torch.arange(len(numbers)), inputs.columns.long()] = 0
    without /= without.norm(dim=1, keepdim=True).clamp(min=1e-12)  # the only word of the second leaves zeros
    expected = explained(model, rows, classes)[numbers] - explained(model, without, classes[numbers])
    np.testing.assert_allclose(attribute(model, inputs, classes, "occlusion").values, expected.detach(), atol=1e-5)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_smoothgrad_is_the_mean_gradient_of_noisy_copies(hidden):
    inputs, classes = reviews_of(3)
    model = kinked(hidden)
    source, longest = generator(7, "explanation", "noise"), int(inputs.offsets.diff().max())
    by_place = [torch.randn(5, generator=source) for _ in range(longest)]  # of a word in its review
    draws = torch.stack([by_place[place] for length in inputs.offsets.diff() for place in range(length)], dim=1)
    numbers, columns = torch.from_numpy(inputs.to_scipy().nonzero()[0]).long(), inputs.columns.long()
    rows = dense_rows(inputs)
    total = torch.zeros_like(rows)
    for draw in draws:
        noisy = rows.clone()
        noisy[numbers, columns] += 0.3 * rows.max(dim=1).values[numbers] * draw
        noisy.requires_grad_()
        total += torch.autograd.grad(explained(model, noisy, classes).sum(), noisy)[0]
    expected = at_words(rows * total / 5, inputs)
    found = attribute(model, inputs, classes, "smoothgrad", samples=5, noise=0.3, seed=7)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    plain = attribute(model, inputs, classes, "gradient_input")
    still = attribute(model, inputs, classes, "smoothgrad", samples=3, noise=0.0)
    np.testing.assert_allclose(still.values, plain.values, atol=1e-6)


@pytest.mark.usefixtures("global_state_kept")
@pytest.mark.parametrize("method", ATTRIBUTIONS)
def test_reviews_are_explained_some_at_a_time_and_nothing_changes(method, monkeypatch):
    inputs, classes = reviews_of(4)
    model = kinked((6, 4))
    before = copy_state(model)
    whole = attribute(model, inputs, classes, method)
    monkeypatch.setattr(attribution, "NUMBERS_AT_ONCE", 300)
    parts = attribute(model, inputs, classes, method)
    np.testing.assert_allclose(parts.values, whole.values, atol=1e-6)
    np.testing.assert_allclose(parts.remainder, whole.remainder, atol=1e-6)
    assert not whole.values.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    nothing = SparseMatrix.from_scipy(csr_matrix((0, 12), dtype=np.float32))
    assert attribute(model, nothing, classes[:0], method).values.shape == (0,)


def test_an_unknown_attribution_method_is_refused():
    inputs, classes = reviews_of(5)
    with pytest.raises(RecipeError, match="one of gradient_input, integrated_gradients, occlusion, smoothgrad; got 'l"):
        attribute(kinked((5,)), inputs, classes, "lime")
    assert tuple(attribution.ATTRIBUTION_METHODS) == ATTRIBUTIONS


# Randomizing listed words.


def forgotten(split, words, scheme="zero", dose=1.0, seed=0):
    recipe, done = trained_small(split, (5,))
    randomization = Randomization(("fc1",), dose, scheme, "word", seed, words=words)
    return done, compare(replace(recipe, randomization=randomization), split, done)


@pytest.mark.parametrize(("hidden", "scheme"), [((5,), "zero"), ((4, 3), "rewind")])
def test_listed_words_are_columns_written_by_hand(small_split, hidden, scheme):
    recipe, done = trained_small(small_split, hidden)
    randomization = Randomization(("fc1",), 1.0, scheme, "word", 3, words=WHITE)
    found = compare(replace(recipe, randomization=randomization), small_split, done)
    columns = [small_split.words.index(word) for word in WHITE]
    expected = copy_state(done.model)
    for column in columns:
        expected["fc1.weight"][:, column] = done.initial["fc1.weight"][:, column] if scheme == "rewind" else 0
    state = found.model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in expected.items())
    assert not torch.equal(state["fc1.weight"], done.model.fc1.weight)
    model = TextClassifier(20, 3, hidden)
    model.load_state_dict(expected)
    for name, part in small_split.parts.items():
        logits = model(dense(part)).detach()
        np.testing.assert_allclose(found.randomized.logits[name].numpy(), logits.numpy(), rtol=1e-4, atol=1e-5)
        hits = (logits.argmax(dim=1) == part.targets).double().mean().item()
        assert found.randomized.scores[name].accuracy == pytest.approx(hits)


@pytest.mark.parametrize(("scheme", "words"), list(zip(SCHEMES, cycle([WHITE, ("apple",), ("cherry", "fig")]))))
def test_reviews_without_the_words_keep_their_logits_bit_for_bit(small_split, words, scheme):
    done, found = forgotten(small_split, words, scheme, seed=4)
    columns = [small_split.words.index(word) for word in words]
    others = [column for column in range(20) if column not in columns]
    weight = found.model.fc1.weight
    assert torch.equal(weight[:, others], done.model.fc1.weight[:, others])
    for name, part in small_split.parts.items():
        before, after = found.original.logits[name], found.randomized.logits[name]
        untouched = (dense(part)[:, columns] == 0).all(dim=1)
        assert 0 < untouched.sum() < len(part)
        assert torch.equal(before[untouched], after[untouched])
        if scheme != "permute" or len(words) > 1:
            assert not torch.equal(before[~untouched], after[~untouched])


@pytest.mark.parametrize(("dose", "count"), [(0.0, 0), (0.25, 1), (0.75, 3)])
def test_a_fraction_is_of_the_listed_words(small_split, dose, count):
    _, found = forgotten(small_split, WHITE, dose=dose)
    zeros = (found.model.fc1.weight == 0).all(dim=0).nonzero().flatten().tolist()
    assert len(zeros) == count
    assert {small_split.words[column] for column in zeros} <= set(WHITE)


def test_forgetting_the_words_of_a_style_costs_it_alone(small_split):
    done, found = forgotten(small_split, WHITE)
    recall = found.randomized.scores["training"].recall
    before = found.original.scores["training"].recall
    assert recall[2] < before[2]
    np.testing.assert_array_equal(recall[:2], before[:2])
    assert done.model is not found.model


def test_a_word_that_the_model_does_not_know_is_refused(small_split):
    with pytest.raises(RecipeError, match=r"it has no 'ghost' among its 20\."):
        forgotten(small_split, ("apple", "ghost"))
