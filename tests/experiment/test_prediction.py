"""Predictions of any texts: against the models' own numbers, in chunks, as tables, and of hostile texts."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting import Randomization, make_predictor, randomize
from forgetting.cli.tables import format_predictions
from forgetting.core.errors import DataError, RecipeError
from forgetting.experiment import prediction
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.pretrained import load_pretrained
from forgetting.metrics.scores import NOT_FINITE
from forgetting.recipe.recipe import MODERN, PUBLISHED

HOSTILE = (
    "",
    " \n\t",
    "\x00\x1b[31m\x07",
    "\ud800 lone \udfff",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script> **bold** [x](javascript:1) $x$",
    "Привет 酒好喝 ที่ 👍🏽 İ",
    "\u202eright to left",
    "cherry " * 20_000,
    "x" * 1_000_000,
)
ROW = Randomization(("fc1",), 0.4, "reinit", seed=3)


@pytest.fixture(scope="module")
def predictor():
    pretrained = load_pretrained()
    return make_predictor(pretrained.recipe, pretrained.split, pretrained.trained)


def test_the_model_that_comes_with_the_program_predicts_its_reviews_as_it_did(predictor):
    split, trained = load_pretrained().split, load_pretrained().trained
    texts = [split.reviews.texts[row] for row in split.validation.rows]
    found = predictor.predict(texts, ROW)
    again = randomize(trained.model, ROW, initial=trained.initial)
    for each, model in ((found.original, trained.model), (found.randomized, again)):
        with torch.no_grad():
            logits = model(split.validation.inputs)
        assert torch.equal(torch.from_numpy(each.probabilities), logits.softmax(dim=1))
        assert each.numbers.tolist() == logits.argmax(dim=1).tolist()
        assert each.labels == tuple(split.classes[number] for number in each.numbers)
    assert found.recipe.randomization == ROW
    assert (found.flipped == (found.original.numbers != found.randomized.numbers)).all()
    counts = np.bincount(split.training.targets)
    assert (found.chance, found.largest_class) == (1 / 11, split.classes[counts.argmax()])
    assert found.largest_share == counts.max() / counts.sum()


def test_chunks_give_what_one_pass_gives(predictor, monkeypatch):
    texts, steps = ["crisp lemon", "plum and zzz", "", "zzz cherry yyy zzz"], []
    whole = predictor.predict(texts)
    monkeypatch.setattr(prediction, "ROWS_AT_ONCE", 3)
    parts = predictor.predict(texts, progress=lambda *step: steps.append(step))
    np.testing.assert_allclose(parts.original.probabilities, whole.original.probabilities, atol=1e-6)
    assert steps == [(3, 4), (4, 4)]
    assert parts.known == whole.known == (("crisp", "lemon"), ("and", "plum"), (), ("cherry",))
    assert parts.unknown == whole.unknown == ((), ("zzz",), (), ("zzz", "yyy"))


def test_hostile_texts_have_a_prediction_and_survive_every_format(predictor):
    found = predictor.predict(HOSTILE, ROW)
    assert None not in found.original.labels
    assert found.texts[3] == "\ufffd lone \ufffd"
    empty = [not words for words in found.known]
    assert empty[:4] == [True] * 4
    assert len({label for label, none in zip(found.original.labels, empty, strict=True) if none}) == 1
    tables = pd.read_csv(io.BytesIO(found.to_bytes("csv"))), pd.read_parquet(io.BytesIO(found.to_bytes("parquet")))
    for table in tables:
        assert list(table["row"]) == list(range(1, 11))
        assert list(table["original_class"]) == list(found.original.labels)
        np.testing.assert_allclose(table[[f"original: {name}" for name in predictor.classes]].sum(axis=1), 1, atol=1e-5)
        assert list(table["known_words"]) == [len(words) for words in found.known]
        assert list(table["flipped"]) == list(found.flipped)
    assert tables[0]["text"][4].startswith("'=cmd")
    rows = json.loads(json.dumps(found.to_dict(), allow_nan=False))["predictions"]
    assert rows[8]["known_words"] == ["cherry"]
    assert rows[0]["randomized"]["class"] == found.randomized.labels[0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters() | st.characters(categories=["Cs"])), max_size=4))
def test_any_texts_have_probabilities(predictor, texts):
    found = predictor.predict(texts)
    assert found.original.probabilities.shape == (len(texts), 11)
    np.testing.assert_allclose(found.original.probabilities.sum(axis=1), 1, atol=1e-5)
    for kind in ("csv", "parquet", "json"):
        found.to_bytes(kind)


def test_decomposed_letters_are_the_words_of_files(predictor):
    found = predictor.predict(["rose\u0301 wine"])
    assert found.texts == ("rosé wine",)


def test_a_model_that_is_not_finite_predicts_nothing_and_says_why(predictor):
    model = randomize(predictor.model, Randomization(fraction=0.0))
    model.fc2.bias.data[0] = torch.inf
    found = prediction.replace(predictor, model=model).predict(["crisp"])
    assert (found.original.labels, found.original.missing) == ((None,), (NOT_FINITE,))
    assert np.isnan(found.original.probabilities).all()
    assert found.to_dict()["predictions"][0]["original"] == {
        "class": None,
        "probabilities": dict.fromkeys(predictor.classes),
        "missing": NOT_FINITE,
    }
    assert found.to_bytes("csv").count(b"not finite") == 1


def test_where_a_model_predicts_nothing_it_is_not_known_whether_that_flipped(predictor):
    found = predictor.predict(["crisp", "cherry"], Randomization(fraction=0.0))
    assert found.flipped.tolist() == [False, False]
    after = prediction.replace(found.randomized, numbers=np.array([-1, found.randomized.numbers[1]]))
    found = prediction.replace(found, randomized=after)
    assert found.flipped.tolist() == [pd.NA, False]
    assert pd.read_csv(io.BytesIO(found.to_bytes("csv")), comment="#")["flipped"].isna().tolist() == [True, False]
    assert "0 of 1 predictions flipped" in format_predictions(found, "words")


def test_what_cannot_be_predicted_is_refused(predictor, monkeypatch):
    with pytest.raises(DataError, match="must be a text; got None"):
        predictor.predict([None])
    with pytest.raises(RecipeError, match="fc7"):
        predictor.predict(["wine"], Randomization(("fc7",)))
    monkeypatch.setenv("FORGETTING_LIMITS", "rows=2,logits=30")
    with pytest.raises(DataError, match="At most 2 texts can be predicted at once; got 3"):
        predictor.predict(["wine"] * 3)
    with pytest.raises(DataError, match="2 texts of 11 classes need 44 logits; the limit is 30"):
        predictor.predict(["wine"] * 2, ROW)


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_a_model_of_the_published_protocol_gives_each_name_a_probability_of_its_own(small_reviews):
    split = prepare(PUBLISHED, small_reviews)
    trained = train(PUBLISHED, split)
    found = make_predictor(PUBLISHED, split, trained).predict([split.reviews.texts[split.validation.rows[0]]])
    with torch.no_grad():
        logits = trained.model(split.validation.inputs.between(0, 1))
    assert found.original.probabilities.tolist() == logits.sigmoid().tolist()
    with pytest.raises(RecipeError, match="published protocol"):
        make_predictor(PUBLISHED, split, trained).predict(["wine"], ROW)


def test_random_words_are_randomized_by_the_encoders_vocabulary(predictor):
    one = Randomization(("fc1",), 1.0, "zero", unit="word", words=("crisp",))
    found = predictor.predict(["crisp", "lemon"], one)
    same = np.isclose(found.original.probabilities, found.randomized.probabilities, atol=1e-6).all(axis=1)
    assert same.tolist() == [False, True]
    assert MODERN.protocol == found.recipe.protocol
