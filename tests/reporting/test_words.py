"""The sentences about words name the true cause, and are silent where there is nothing to say."""

from dataclasses import replace

import pytest

from forgetting.data.reviews import Reviews
from forgetting.model.settings import SplitSettings
from forgetting.model.split import make_split
from forgetting.reporting.words import describe_tokenizer, describe_unknown_words

HINDI = ("शराब अच्छी", "शराब बुरी", "ठीक है")


def split_of(small_reviews: Reviews, texts: tuple[str, ...], **settings):
    splitting = SplitSettings(validation_share=0.25, **settings)
    reviews = replace(small_reviews, texts=tuple(texts[row % len(texts)] for row in range(len(small_reviews))))
    split = make_split(reviews, splitting)
    return split, describe_unknown_words(split, splitting)


@pytest.mark.parametrize(
    ("texts", "settings", "cause"),
    [
        (("a fine wine", "?! :"), {}, "have no word at all: a basic word needs at least 2 letters or digits. Choose"),
        (("a fine wine", "?! :"), {"words": "words"}, "a word needs at least 1 letter, digit or sign"),
        (("a fine wine", "?! :"), {"words": "characters"}, None),
        (("wine wine", "oak", "wine"), {"min_df": 20}, "occur in fewer than split.min_df = 20 of the training"),
        (("wine", "oak", "wine"), {"max_words": 1}, "not among the split.max_words = 1 most frequent"),
        (HINDI, {}, None),
        (HINDI, {"words": "basic"}, "have no word at all"),
    ],
)
def test_many_reviews_without_a_known_word_are_explained(small_reviews, texts, settings, cause):
    split, found = split_of(small_reviews, texts, **settings)
    empty = {name: sum(not row.nnz for row in part.inputs.to_scipy()) for name, part in split.parts.items()}
    assert split.without_known_words == empty
    assert split.without_words == sum(not split.tokenizer(text) for text in split.reviews.texts)
    assert (found is None) if cause is None else (cause in found)


def test_what_texts_are_cut_into_is_said_with_the_share_that_decided_it(small_reviews):
    hindi, plain = split_of(small_reviews, HINDI)[0].tokenizer, split_of(small_reviews, ("a fine wine",))[0].tokenizer
    assert f"words of every script: basic words leave out or do not cut {hindi.uncovered:.0%}".replace(
        "%", "\u00a0%"
    ) in describe_tokenizer(hindi)
    assert describe_tokenizer(plain).startswith("Texts are cut into basic words of at least 2 letters or digits. They ")
    assert describe_tokenizer(replace(plain, uncovered=None)) == "Texts are cut into basic words."
