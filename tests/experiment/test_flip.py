"""Why a prediction flips, against the logits of the text without a word and the sums that must come out."""

import numpy as np
import pytest
import torch

from forgetting.core.errors import RecipeError
from forgetting.experiment.flip import explain_flip
from forgetting.metrics.scores import NOT_FINITE
from forgetting.model.classifier import TextClassifier
from forgetting.model.encoding import TextEncoder
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.model.words import BASIC

WORDS, CLASSES = tuple("abcdefgh"), ("red", "rosé", "white")
ENCODER = TextEncoder(tuple(letter * 2 for letter in WORDS), np.linspace(1, 2, 8, dtype=np.float32), BASIC, True)


def flipping(hidden: tuple[int, ...]) -> tuple[TextClassifier, TextClassifier]:
    """Two models that predict different classes for the text "aa bb cc cc"."""
    inputs = ENCODER.encode(["aa bb cc cc"])
    first, *others = (TextClassifier(8, 3, hidden, seed=seed) for seed in range(20))
    return first, next(each for each in others if each(inputs).argmax() != first(inputs).argmax())


@pytest.mark.parametrize("hidden", [(16,), (12, 7)])
@pytest.mark.parametrize("method", ATTRIBUTIONS)
@torch.no_grad()
def test_contributions_and_remainder_add_up_to_the_logit_of_the_new_class_less_that_of_the_old(hidden, method):
    inputs, (original, randomized) = ENCODER.encode(["aa bb cc cc"]), flipping(hidden)
    flip = explain_flip(original, randomized, inputs, words=ENCODER.words, classes=CLASSES, method=method)
    old, new = (int(model(inputs).argmax()) for model in (original, randomized))
    assert (flip.old, flip.new, flip.missing) == (CLASSES[old], CLASSES[new], "")
    assert set(flip.words) == {"aa", "bb", "cc"}
    changes = [abs(each.change) for each in flip.words.values()]
    assert changes == sorted(changes, reverse=True)
    for name, model in (("before", original), ("after", randomized)):
        logits = model(inputs)[0].double()
        parts = [getattr(each, name) for each in (*flip.words.values(), flip.remainder)]
        assert getattr(flip.total, name) == pytest.approx(float(logits[new] - logits[old]), abs=1e-5)
        assert sum(parts) == pytest.approx(getattr(flip.total, name), abs=1e-5)
    assert flip.total.before < 0 < flip.total.after


@torch.no_grad()
def test_with_occlusion_a_contribution_is_what_is_lost_without_the_word():
    inputs, models = ENCODER.encode(["aa bb cc cc"]), flipping((16,))
    flip = explain_flip(*models, inputs, words=ENCODER.words, classes=CLASSES, method="occlusion")
    old, new = CLASSES.index(flip.old), CLASSES.index(flip.new)
    without = ENCODER.encode(["aa cc cc"])
    for name, model in zip(("before", "after"), models, strict=True):
        whole, rest = (model(each)[0] for each in (inputs, without))
        lost = (whole[new] - whole[old]) - (rest[new] - rest[old])
        assert getattr(flip.words["bb"], name) == pytest.approx(float(lost), abs=1e-5)


def test_where_nothing_flips_or_a_model_is_not_finite_there_is_nothing_to_explain():
    inputs, (original, randomized) = ENCODER.encode(["aa bb"]), flipping((16,))
    same = explain_flip(original, original, inputs, words=ENCODER.words, classes=CLASSES)
    assert (same.old == same.new, same.words, same.missing) == (True, {}, "")
    randomized.fc2.bias.data[0] = torch.nan
    broken = explain_flip(original, randomized, inputs, words=ENCODER.words, classes=CLASSES)
    assert (broken.old, broken.new, broken.words, broken.missing) == (same.old, None, {}, NOT_FINITE)
    with pytest.raises(RecipeError, match="attribution method is one of"):
        explain_flip(*flipping((16,)), ENCODER.encode(["aa bb cc cc"]), words=WORDS, classes=CLASSES, method="guess")


def test_a_text_without_a_known_word_flips_by_what_no_word_accounts_for():
    inputs = ENCODER.encode(["zz"])
    first, *others = (TextClassifier(8, 3, (16,), seed=seed) for seed in range(20))
    second = next(each for each in others if each(inputs).argmax() != first(inputs).argmax())
    flip = explain_flip(first, second, inputs, words=ENCODER.words, classes=CLASSES)
    assert flip.words == {}
    assert flip.remainder.change == pytest.approx(flip.total.change, abs=1e-6)
