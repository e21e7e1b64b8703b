"""Influence against gradients of dense inputs, and randomizing listed words against writing their columns by hand."""

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
from forgetting.experiment.pipeline import compare, copy_state, train
from forgetting.model.attribution import most_influential_words, word_influence
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import ModelSettings, TrainingSettings
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
