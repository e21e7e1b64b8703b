"""The split against scikit-learn used by hand, and its refusals."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from forgetting.core.errors import DataError
from forgetting.data.reviews import Report, Reviews
from forgetting.model.settings import SplitSettings
from forgetting.model.split import encode_labels, make_split


@pytest.mark.parametrize(
    "splitting",
    [
        SplitSettings(),
        SplitSettings(stratify=False, sublinear_tf=False, min_df=1, seed=42),
        SplitSettings(validation_share=0.4, max_words=10, seed=5),
    ],
)
def test_is_scikit_learns_split_and_tfidf(small_reviews, splitting):
    split = make_split(small_reviews, splitting)
    classes = sorted(set(small_reviews.labels))
    numbers = np.array([classes.index(label) for label in small_reviews.labels])
    rows = train_test_split(
        range(54),
        test_size=splitting.validation_share,
        random_state=splitting.seed,
        stratify=numbers if splitting.stratify else None,
    )
    vectorizer = TfidfVectorizer(
        sublinear_tf=splitting.sublinear_tf, min_df=splitting.min_df, max_features=splitting.max_words or None
    )
    matrices = [
        vectorizer.fit_transform([small_reviews.texts[row] for row in rows[0]]),
        vectorizer.transform([small_reviews.texts[row] for row in rows[1]]),
    ]
    assert split.classes == tuple(classes)
    assert list(split.words) == list(vectorizer.get_feature_names_out())
    for part, expected_rows, matrix in zip(split.parts.values(), rows, matrices, strict=True):
        assert list(part.rows) == expected_rows
        assert len(part) == len(expected_rows)
        assert part.targets.dtype == torch.int64
        np.testing.assert_array_equal(part.targets, numbers[expected_rows])
        np.testing.assert_allclose(part.inputs.to_scipy().toarray(), matrix.toarray(), rtol=1e-5)


def test_parts_are_disjoint_complete_and_stratified(small_reviews):
    split = make_split(small_reviews, SplitSettings(validation_share=0.5))
    assert sorted([*split.training.rows, *split.validation.rows]) == list(range(54))
    for part in split.parts.values():
        assert torch.bincount(part.targets).tolist() == [6, 12, 9]


def test_words_of_validation_reviews_alone_are_unknown(small_reviews):
    row = make_split(small_reviews, SplitSettings()).validation.rows[0]
    texts = tuple("unheard of" if number == row else text for number, text in enumerate(small_reviews.texts))
    split = make_split(replace(small_reviews, texts=texts), SplitSettings(min_df=1))
    assert "unheard" not in split.words
    assert split.validation.inputs.to_scipy()[[0]].nnz == 0


def test_seed_moves_the_split(small_reviews):
    first, same, other = (make_split(small_reviews, SplitSettings(seed=seed)) for seed in (0, 0, 1))
    assert list(first.training.rows) == list(same.training.rows) != list(other.training.rows)


def some(small_reviews, labels, texts=None):
    return replace(small_reviews, texts=texts or small_reviews.texts[: len(labels)], labels=tuple(labels), names=None)


@pytest.mark.parametrize(
    ("labels", "splitting", "message"),
    [
        (
            "aab",
            SplitSettings(),
            r"at least 2 reviews of each class; 1 classes have 1 \(such as 'b'\)\. Keep classes .* turn",
        ),
        (
            "aabbcc",
            SplitSettings(validation_share=0.2),
            "at least one review a class in each part; 6 reviews .* 0.2 .* 3 classes. Keep",
        ),
        (
            "aabbcc",
            SplitSettings(validation_share=0.9),
            "at least one review a class in each part; 6 reviews .* 0.9 .* 3 classes. Keep",
        ),
    ],
)
def test_refuses_what_cannot_be_stratified(small_reviews, labels, splitting, message):
    with pytest.raises(DataError, match=message):
        make_split(some(small_reviews, labels), splitting)


@pytest.mark.parametrize(
    ("texts", "words", "cause"),
    [
        (("a b c",) * 6, "basic", r"2 letters or digits, and they hold none\. Take another split\.words"),
        (("?!",) * 6, "words", r"1 letter, digit or sign such as an emoji, and they hold none\. Take"),
        (tuple(f"only{n}" for n in range(6)), "automatic", r"at least split\.min_df = 2 of them\. Lower it"),
        (tuple("abcdef"), "characters", r"at least split\.min_df = 2 of them\. Lower it"),
    ],
)
def test_refuses_to_learn_without_words(small_reviews, texts, words, cause):
    with pytest.raises(DataError, match=f"No word is left of 3 training reviews: a .* {cause}"):
        make_split(some(small_reviews, "aabbab", texts), SplitSettings(words=words, validation_share=0.5))


def test_refuses_an_empty_training_part(small_reviews):
    # ceil(0.9 · 3) = 3 reviews are held out, and none is left
    with pytest.raises(DataError, match="validation"):
        make_split(some(small_reviews, "aab"), SplitSettings(validation_share=0.9, stratify=False, min_df=1))


def test_classes_take_no_more_room_than_their_labels(small_reviews):
    """As a numpy string each label would take the memory of the longest, 4 bytes a character."""
    labels = ("x" * 1_000_000, *("ab"[row % 2] for row in range(len(small_reviews) - 3)), "a\0", "b\0\0")
    tracemalloc.start()
    classes, targets = encode_labels(replace(small_reviews, labels=labels))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert classes.tolist() == ["a", "a\0", "b", "b\0\0", "x" * 1_000_000]
    assert [classes[number] for number in targets] == list(labels)


def reviews_of(rows, classes, seed=0):
    numbers = np.random.default_rng(seed)
    labels = tuple(f"class {number:02}" for number in np.minimum(numbers.geometric(0.2, rows) - 1, classes - 1))
    texts = tuple(f"word{numbers.integers(50)} word{numbers.integers(50)} of {label}" for label in labels)
    return Reviews(texts, labels, None, "7" * 64, Report("by hand", "text", "label", None, rows))


@pytest.mark.parametrize("stratify", [True, False])
def test_the_stopping_part_is_drawn_from_the_training_part_alone(stratify):
    reviews = reviews_of(1_000, 12)
    without = SplitSettings(stopping="never", stratify=stratify, seed=3)
    whole, split, again, other = (
        make_split(reviews, replace(without, **changes))
        for changes in ({}, {"stopping": "always"}, {"stopping": "always"}, {"stopping": "always", "seed": 4})
    )
    assert (whole.stopping, len(split.stopping), split.size) == (None, 40, whole.size)
    np.testing.assert_array_equal(split.validation.rows, whole.validation.rows)
    assert sorted([*split.training.rows, *split.stopping.rows]) == sorted(whole.training.rows)
    np.testing.assert_array_equal(split.stopping.rows, again.stopping.rows)
    assert set(split.stopping.rows) != set(other.stopping.rows)
    assert set(split.parts) == {"training", "validation"}
    if stratify:
        drawn, all_counts = (np.bincount(part.targets, minlength=12) for part in (split.stopping, whole.training))
        assert np.abs(drawn - 0.05 * all_counts).max() <= 1
        assert (np.bincount(split.training.targets, minlength=12) > 0).all()
    fitted = TfidfVectorizer(min_df=2, sublinear_tf=True).fit(reviews.texts[row] for row in split.training.rows)
    assert split.words == tuple(fitted.get_feature_names_out()), "the words are those of the training part"
    expected = fitted.transform(reviews.texts[row] for row in split.stopping.rows).toarray()
    np.testing.assert_allclose(split.stopping.inputs.to_scipy().toarray(), expected, atol=1e-6)


@pytest.mark.parametrize(("rows", "classes", "drawn"), [(1_500, 10, False), (1_500, 11, False), (1_600, 12, True)])
def test_the_size_decides_whether_there_is_a_stopping_part(rows, classes, drawn):
    split = make_split(reviews_of(rows, classes), SplitSettings())
    assert bool(split.stopping) == drawn


def test_a_large_part_is_taken_in_chunks(small_reviews, monkeypatch):
    part = make_split(small_reviews, SplitSettings()).training
    ((inputs, targets),) = part.chunks()
    assert inputs is part.inputs
    assert targets is part.targets
    monkeypatch.setattr("forgetting.model.split.ROWS_AT_ONCE", 10)
    chunks = list(part.chunks())
    assert [len(targets) for _, targets in chunks] == [10, 10, 10, 10, 3]
    assert torch.equal(torch.cat([targets for _, targets in chunks]), part.targets)
    rows = np.concatenate([inputs.to_scipy().toarray() for inputs, _ in chunks])
    np.testing.assert_array_equal(rows, part.inputs.to_scipy().toarray())
