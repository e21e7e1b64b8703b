"""Attributions of a Transformer against captum, a plain loop over texts, and their own sum."""

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from scipy.sparse import csr_matrix

from forgetting.core.seeding import generator
from forgetting.model.attribution import attribute, word_influence
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, Split
from forgetting.model.token_attribution import COMPLETE, sum_by_word
from forgetting.model.tokens import TokenRows
from forgetting.model.transformer import TextTransformer

TEXTS = ([3, 1, 4, 1, 5], [], [2], [6, 5, 3, 5, 1, 0])
CLASSES = torch.tensor([1, 0, 2, 2])


def rows_of(texts) -> TokenRows:
    offsets = np.cumsum([0, *map(len, texts)])
    ids = [word for text in texts for word in text]
    return TokenRows(torch.tensor(offsets).int(), torch.tensor(ids).int(), (len(texts), 7))


@pytest.fixture(scope="module")
def model() -> TextTransformer:
    made = TextTransformer(7, 3, blocks=2, width=8, heads=2, feedforward=12, max_tokens=9, seed=1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter *= 1.5  # so that it is not nearly linear
    return made


def explained(model, text, number, vectors=None) -> torch.Tensor:
    logits = model(rows_of([text]), vectors=vectors)[0]
    return logits[number] - logits.mean()


def by_gradient(model, text, number, vectors) -> torch.Tensor:
    vectors = vectors.detach().requires_grad_()
    return torch.autograd.grad(explained(model, text, number, vectors), vectors)[0]


def expected(model, method, text, number) -> list[float]:
    """What a method says of one text, by a plain loop."""
    vectors = model.words(torch.tensor(text, dtype=torch.long)).detach()
    if method == "gradient_input":
        return (vectors * by_gradient(model, text, number, vectors)).sum(1).tolist()
    if method == "occlusion":
        without = [text[:place] + text[place + 1 :] for place in range(len(text))]
        return [(explained(model, text, number) - explained(model, rest, number)).item() for rest in without]
    if method == "smoothgrad":
        source = generator(5, "explanation", "noise")
        draws = [torch.randn(3, 8, generator=source) for _ in text]
        spread = 0.2 * (vectors.max() - vectors.min())
        copies = [vectors + spread * torch.stack([draw[copy] for draw in draws]) for copy in range(3)]
        mean = sum(by_gradient(model, text, number, noisy) for noisy in copies) / 3
        return (vectors * mean).sum(1).tolist()
    found = IntegratedGradients(
        lambda many: torch.stack([explained(model, text, number, each) for each in many])
    ).attribute(vectors[None], torch.zeros_like(vectors)[None], n_steps=300, method="gausslegendre")
    return found[0].sum(1).tolist()


@pytest.mark.parametrize("method", ATTRIBUTIONS)
def test_a_token_has_what_a_loop_over_the_texts_finds(model, method):
    found = attribute(model, rows_of(TEXTS), CLASSES, method, samples=3, noise=0.2, seed=5)
    wanted = [value for text, number in zip(TEXTS, CLASSES, strict=True) if text
              for value in expected(model, method, text, number)]  # fmt: skip
    np.testing.assert_allclose(found.values.numpy(), wanted, atol=2e-3 if method == "integrated_gradients" else 1e-5)
    assert np.abs(wanted).max() > 0.05


def test_integrated_gradients_and_the_review_without_words_add_up_to_the_logit(model):
    found = attribute(model, rows_of(TEXTS), CLASSES, "integrated_gradients")
    with torch.no_grad():
        empty = [explained(model, text, number, torch.zeros(len(text), 8)).item()
                 for text, number in zip(TEXTS, CLASSES, strict=True)]  # fmt: skip
    np.testing.assert_allclose(found.remainder.numpy(), empty, atol=1.01 * COMPLETE)


def test_what_is_said_of_a_review_does_not_depend_on_the_others(model):
    for method in ATTRIBUTIONS:
        whole = attribute(model, rows_of(TEXTS), CLASSES, method)
        alone = attribute(model, rows_of(TEXTS[3:]), CLASSES[3:], method)
        np.testing.assert_allclose(whole.values[-6:].numpy(), alone.values.numpy(), atol=1e-5)
    assert not len(attribute(model, rows_of([]), CLASSES[:0], "occlusion").values)


def test_a_word_has_the_sum_of_its_tokens_and_one_that_is_not_read_has_nothing():
    tokens = rows_of([[3, 1, 4, 1], [], [6]])
    matrix = SparseMatrix.from_scipy(csr_matrix([[0, 1, 1, 1, 1, 0, 0], [0] * 7, [1, 0, 0, 0, 0, 0, 1.0]]))
    found = sum_by_word(torch.tensor([1.0, 2, 4, 8, 16]), tokens, matrix)
    assert found.tolist() == [10, 0, 1, 4, 0, 16]  # of words 1, 2, 3, 4 and 0, 6


def test_the_influence_of_a_word_is_the_mean_over_the_reviews_of_a_class(model):
    tokens = rows_of(TEXTS)
    inputs = SparseMatrix.from_scipy(csr_matrix(np.ones((4, 7), dtype=np.float32)))
    part = Part(inputs, CLASSES, np.arange(4), tokens)
    split = Split(part, part, tuple("abcdefg"), ("x", "y", "z"), None)
    wanted = np.zeros(7)
    for text in (TEXTS[2], TEXTS[3]):
        np.add.at(wanted, text, expected(model, "gradient_input", text, 2))
    np.testing.assert_allclose(word_influence(model, split, 2).numpy(), wanted / 2, atol=1e-5)
