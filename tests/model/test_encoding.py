"""Rows of typed texts against scikit-learn's, bit for bit, and the parts of a text that they stand for."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from forgetting.core.errors import DataError
from forgetting.data.reviews import Report, Reviews
from forgetting.model.encoding import TextEncoder, Token, inverse_frequencies, make_encoder
from forgetting.model.settings import SplitSettings
from forgetting.model.split import make_split
from forgetting.model.words import WORD_KINDS, Tokenizer

LETTERS = "abİIΣσς ß٠5.,'\n_-#酒好きกที่น้ำ\u00ad\ufe0f\u200d\u200c\u0301\u20e3😀👍🏽❤🇩🇪<&\x00\ud800"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=30) | st.text(max_size=20)
KINDS = st.sampled_from(sorted(WORD_KINDS))


@given(KINDS, st.booleans(), st.lists(TEXTS, min_size=1, max_size=6), st.lists(TEXTS, max_size=6))
def test_rows_are_those_of_the_vectorizer_that_made_the_split_bit_for_bit(kind, sublinear, fitted, texts):
    fitted = [*fitted, "wine 酒 wine", "wine 好 and"]
    vectorizer = TfidfVectorizer(analyzer=Tokenizer(kind), sublinear_tf=sublinear, dtype=np.float32).fit(fitted)
    words = tuple(vectorizer.get_feature_names_out())
    encoder = TextEncoder(words, vectorizer.idf_, Tokenizer(kind), sublinear)
    found = encoder.encode([*fitted, *texts]).to_scipy()
    expected = vectorizer.transform([*fitted, *texts])
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.data.dtype == np.float32


@pytest.mark.parametrize(
    "splitting", [SplitSettings(), SplitSettings(words="words", sublinear_tf=False, test_share=0.2)]
)
def test_the_encoder_of_a_split_gives_the_rows_of_its_parts(small_reviews, splitting):
    split = make_split(small_reviews, splitting)
    encoder = make_encoder(split, splitting)
    fitted = TfidfVectorizer(min_df=2, dtype=np.float32).fit(small_reviews.texts[row] for row in split.training.rows)
    np.testing.assert_array_equal(inverse_frequencies(split), fitted.idf_)
    for part in filter(None, (split.training, split.validation, split.test)):
        found = encoder.encode(small_reviews.texts[row] for row in part.rows).to_scipy()
        np.testing.assert_allclose(found.toarray(), part.inputs.to_scipy().toarray(), rtol=1e-6)
    found, expected = encoder.encode(small_reviews.texts[row] for row in split.validation.rows), split.validation.inputs
    assert found.values.equal(expected.values)
    assert found.columns.equal(expected.columns)


@given(KINDS, TEXTS)
def test_pieces_stand_in_the_order_of_the_text_and_hold_its_words(kind, text):
    tokenizer = Tokenizer(kind)
    pieces = list(tokenizer.locate(text))
    bounds = [bound for piece in pieces for bound in (piece.start, piece.end)]
    assert bounds == sorted(bounds)
    assert all(piece.start < piece.end for piece in pieces)
    assert not bounds or 0 <= bounds[0] <= bounds[-1] <= len(text)
    shares = Counter()
    for piece in pieces:
        assert piece.shares[0] == 1
        shares.update(dict.fromkeys(piece.words, 0))
        for word, share in zip(piece.words, piece.shares, strict=True):
            shares[word] += share
    assert {word: share for word, share in shares.items() if share} == Counter(tokenizer(text))


def fold(typed: str) -> str:
    small = typed.replace("İ", "i").lower().replace("ς", "σ")  # of a Σ the small letter depends on what is beside it
    return "".join(character for character in small if character not in "\u00ad\ufe0f")


@given(st.sampled_from(["words", "characters"]), st.text(st.sampled_from(LETTERS), max_size=30))
def test_a_piece_is_its_word_as_typed(kind, text):
    for start, end, words, _ in Tokenizer(kind).locate(text):
        assert fold(text[start:end]) == words[0].replace("ς", "σ")


@pytest.mark.parametrize(
    ("kind", "text", "parts"),
    [
        ("basic", "İstanbul, a <b>fine</b> xİ!", ["stanbul", "fine", "xİ"]),
        ("words", "Wein\u00adgut İŞIK I❤\ufe0fit", ["Wein\u00adgut", "İŞIK", "I", "❤\ufe0f", "it"]),
        ("words", "Wine2酒好. 13.5", ["Wine2", "酒", "好", "13.5"]),
        ("characters", "A 👍🏽ที่", ["A", "👍🏽", "ที่"]),
    ],
)
def test_parts_as_typed(kind, text, parts):
    assert [text[piece.start : piece.end] for piece in Tokenizer(kind).locate(text)] == parts


def test_a_token_knows_its_columns_and_marks_half_of_each_pair():
    encoder = TextEncoder(("好", "酒好", "好喝"), np.ones(3, np.float32), Tokenizer("words"), True)
    assert encoder.tokens("酒好喝 wine") == (
        Token(0, 1, (1,), (0.5,)),
        Token(1, 2, (0, 1, 2), (1.0, 0.5, 0.5)),
        Token(2, 3, (2,), (0.5,)),
        Token(4, 8, (), ()),
    )
    values = {0: 1.0, 1: 4.0, 2: -2.0}
    marks = [
        sum(share * values[column] for column, share in zip(token.columns, token.shares, strict=True))
        for token in encoder.tokens("酒好喝 wine")
    ]
    assert marks == [2.0, 2.0, -1.0, 0.0]
    assert sum(marks) == sum(values.values())  # each word occurs once


@pytest.mark.parametrize("bad", [None, float("nan"), b"wine", ["wine"]])
def test_what_is_no_text_is_refused(small_split, bad):
    encoder = make_encoder(small_split, SplitSettings())
    with pytest.raises(DataError, match="must be a text"):
        encoder.encode([bad])
    with pytest.raises(DataError, match="must be a text"):
        encoder.tokens(bad)


def test_no_texts_and_no_known_words_are_empty_rows(small_split):
    encoder = make_encoder(small_split, SplitSettings())
    assert encoder.encode([]).shape == (0, 20)
    assert encoder.encode(["", "\x00 \ud800", "unknown"]).offsets.tolist() == [0, 0, 0, 0]


def test_a_million_characters_are_a_row_like_any_other(small_split):
    encoder = make_encoder(small_split, SplitSettings())
    long = "cherry plum " * 83_334
    assert encoder.encode([long]).columns.equal(encoder.encode(["cherry plum"]).columns)
    assert len(encoder.tokens(long)) == 166_668


def test_reviews_of_a_script_without_blanks(small_reviews):
    texts = tuple(text.replace("cherry", "红酒").replace("lemon", "白酒好") for text in small_reviews.texts)
    reviews = Reviews(texts, small_reviews.labels, None, "", Report("by hand", "text", "label", None, len(texts)))
    split = make_split(reviews, SplitSettings())
    encoder = make_encoder(split, SplitSettings())
    found = encoder.encode(texts[row] for row in split.validation.rows)
    assert split.tokenizer.kind == "words"
    assert found.values.equal(split.validation.inputs.values)
    columns = {
        column for row in split.validation.rows for token in encoder.tokens(texts[row]) for column in token.columns
    }
    assert columns == set(found.columns.tolist())


@given(KINDS, TEXTS, st.integers(1, 12))
def test_a_token_knows_its_places_in_the_row_and_all_tokens_together_cover_it_once(kind, text, most):
    tokenizer = Tokenizer(kind)
    known = tuple(dict.fromkeys(word for word in tokenizer(text) if hash(word) % 5))
    encoder = TextEncoder(known, np.ones(len(known), np.float32), tokenizer, True, most)
    row = encoder.model_inputs([text]).ids.tolist()
    assert row == [encoder.columns[word] for word in tokenizer(text) if word in encoder.columns][:most]
    covered = np.zeros(len(row))
    for token, places in zip(encoder.tokens(text), encoder.places(text), strict=True):
        assert len(places) == len(token.columns)
        for place, column, share in zip(places, token.columns, token.shares, strict=True):
            assert place == -1 or row[place] == column
            covered[place] += share if place >= 0 else 0
    np.testing.assert_array_equal(covered, 1)
