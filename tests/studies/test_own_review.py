"""Single texts through a randomization, against the whole model randomized for each fraction alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from forgetting.experiment.flip import explain_flip
from forgetting.experiment.pretrained import load_pretrained
from forgetting.metrics.scores import NOT_FINITE
from forgetting.model.attribution import attribute
from forgetting.model.classifier import TextClassifier
from forgetting.model.encoding import make_encoder
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.studies.own_review import Explaining, explain_reviews, narrow, narrow_path

FRACTIONS = (0.0, 0.13, 0.6, 1.0)
TEXTS = ("A bright cherry nose with lemon, smoke and more cherry.", "", "Flumpelig 漢字 <b>")
EXPLAINING = Explaining("integrated_gradients", "cross_entropy", 4, 0.15, 0)


@pytest.fixture(scope="module")
def inputs():
    found = load_pretrained()
    return make_encoder(found.split, found.recipe.split).encode(TEXTS)


CASES = {
    "reinit": Randomization(("fc1",), scheme="reinit", seed=1),
    "permute": Randomization(scheme="permute", seed=3),
    "neuron": Randomization(("fc2",), scheme="normal", unit="neuron"),
    "words": Randomization(("fc1",), scheme="rewind", unit="word", words=("cherry", "lemon")),
}


@pytest.mark.parametrize("case", CASES)
def test_a_step_of_the_path_is_the_randomized_model_for_these_texts(inputs, case):
    found, randomization = load_pretrained(), CASES[case]
    options = {"initial": found.trained.initial, "vocabulary": found.split.words}
    model, (_, rows) = found.trained.model, narrow(found.trained.model, inputs)
    path = narrow_path(model, inputs, randomization, FRACTIONS, **options)
    for fraction, narrowed in zip(FRACTIONS, path, strict=True):
        whole = randomize(model, replace(randomization, fraction=fraction), **options)
        assert torch.equal(narrowed(rows), whole(inputs))


def test_what_words_say_is_the_attribution_of_the_whole_model_and_why_it_flips_that_of_both(inputs):
    found = load_pretrained()
    model, (before, rows) = found.trained.model, narrow(found.trained.model, inputs)
    after = randomize(model, Randomization(scheme="reinit", fraction=1.0))
    number = int(model(inputs)[0].argmax())
    (outcome, *_) = explain_reviews(narrow(after, inputs)[0], rows, [number] * 3, EXPLAINING)
    whole = attribute(after, inputs, torch.tensor([number] * 3), EXPLAINING.method)
    end = int(inputs.offsets[1])
    assert np.allclose(outcome.explained, whole.values[:end], atol=1e-6)
    logits = after(inputs)[0]
    explained = (logits[number] - logits.mean()).item()
    assert outcome.explained.sum() + outcome.remainder == pytest.approx(explained, abs=1e-4)
    flip = explain_flip(model, after, inputs.between(0, 1), words=found.split.words, classes=found.split.classes)
    assert flip.old != flip.new
    columns = inputs.columns[:end].tolist()
    for column, value in zip(columns, outcome.toward, strict=True):
        assert flip.words[found.split.words[column]].after == pytest.approx(value, abs=1e-5)
    assert outcome.toward_remainder == pytest.approx(flip.remainder.after, abs=1e-5)
    probabilities = torch.softmax(before(rows), dim=1)
    assert torch.equal(probabilities, torch.softmax(model(inputs), dim=1))


def test_a_model_that_is_not_finite_says_nothing(inputs):
    broken = TextClassifier(inputs.shape[1], 3, (4,), seed=0)
    with torch.no_grad():
        broken.fc2.bias.fill_(float("nan"))
    narrowed, rows = narrow(broken, inputs)
    outcomes = explain_reviews(narrowed, rows, [0] * 3, EXPLAINING)
    assert {(each.probabilities, each.missing) for each in outcomes} == {(None, NOT_FINITE)}


TRANSFORMED = {
    "reinit": Randomization(("words", "head"), scheme="reinit", seed=1),
    "all": Randomization(scheme="noise", seed=3),
    "words": Randomization(("words",), scheme="rewind", unit="word", words=("cherry", "lemon")),
}


@pytest.mark.parametrize("case", TRANSFORMED)
def test_a_transformer_is_cut_down_to_the_words_of_texts_and_explained_token_by_token(case):
    found, randomization = load_pretrained(), TRANSFORMED[case]
    encoder, words = make_encoder(found.split, found.recipe.split, 20), found.split.words
    inputs = encoder.model_inputs(TEXTS)
    model, fresh = (TextTransformer(len(words), 3, width=8, heads=2, feedforward=9, max_tokens=20, seed=seed)
                    for seed in (0, 1))  # fmt: skip
    narrowed, rows = narrow(model, inputs)
    assert narrowed.words.weight.shape == (len(inputs.ids.unique()), 8)
    options = {"initial": fresh.state_dict(), "vocabulary": words}
    path = narrow_path(model, inputs, randomization, FRACTIONS, **options)
    for fraction, narrow_one in zip(FRACTIONS, path, strict=True):
        whole = randomize(model, replace(randomization, fraction=fraction), **options)
        assert torch.allclose(narrow_one(rows), whole(inputs), atol=1e-6)
    (outcome, *_) = explain_reviews(narrowed, rows, [1] * 3, EXPLAINING)
    expected = attribute(model, inputs.between(0, 1), torch.tensor([1]), EXPLAINING.method)
    assert np.allclose(outcome.explained, expected.values, atol=1e-5)
    assert len(outcome.explained) == int(inputs.lengths[0])
