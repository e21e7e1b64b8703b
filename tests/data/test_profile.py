"""Checks of seven reviews whose facts are counted by hand."""

import numpy as np
import pytest

from forgetting.core.errors import DataError
from forgetting.data.profile import profile_data
from forgetting.data.reviews import Dropped, Report, Reviews
from forgetting.data.tables import read_reviews

TEXTS = ("a red wine", "a red wine", "a red wine", "crisp", "two words", "two words", "one two three four")
LABELS = ("red", "red", "white", "white", "rosé", "rosé", "port")


def reviews(texts=TEXTS, labels=LABELS, dropped=()) -> Reviews:
    report = Report("by hand", "text", "label", None, len(texts), dropped=dropped)
    return Reviews(texts, labels, None, "0" * 64, report)


def test_counts():
    check = profile_data(reviews())
    assert check.rows == 7
    assert list(check.classes.items()) == [("red", 2), ("rosé", 2), ("white", 2), ("port", 1)]
    assert check.duplicates == 2  # the second red "a red wine", the second rosé "two words"
    assert check.conflicts == 1  # "a red wine" is red and white
    assert check.single_classes == ("port",)
    assert check.new_labels is None


def test_text_lengths_in_words():
    check = profile_data(reviews())
    np.testing.assert_array_equal(check.words, [3, 3, 3, 1, 2, 2, 4])
    assert (check.shortest_text, check.median_text, check.longest_text) == (1, 3.0, 4)
    with pytest.raises(ValueError, match="read-only"):
        check.words[0] = 5


def test_dropped_rows_are_added_up_by_reason():
    dropped = (Dropped("empty text", 2), Dropped("empty label", 1), Dropped("empty text", 3))
    assert profile_data(reviews(dropped=dropped)).dropped == {"empty text": 5, "empty label": 1}


@pytest.mark.parametrize(
    ("validation", "fraction"),
    [
        ([0, 2], 0.0),  # a red and a white one stay in training
        ([6], 1.0),  # the only port
        ([0, 3, 4, 5], 0.5),  # both rosés
        (np.array([6, 0], dtype=np.uint8), 0.5),
        (range(7), 1.0),  # nothing is left to train on
    ],
)
def test_fraction_of_validation_reviews_with_labels_new_to_training(validation, fraction):
    assert profile_data(reviews(), validation=validation).new_labels == fraction


@pytest.mark.parametrize("validation", [[], [7], [-1], [0, 0], [0.0, 1.0], [True, False], ["0"]])
def test_refuses_what_are_no_row_indices(validation):
    message = r"must be one or more row indices from 0 to 6, each once; \d values of type .* Give those of"
    with pytest.raises(DataError, match=message):
        profile_data(reviews(), validation=validation)


def test_refuses_no_reviews():
    with pytest.raises(DataError, match=r"at least 1 review; 0 came\. Choose other columns"):
        profile_data(reviews((), ()))


def test_original_file(wine_reviews_path):
    check = profile_data(read_reviews(wine_reviews_path))
    assert (check.rows, len(check.classes), check.duplicates) == (309, 11, 15)
    assert (min(check.classes.values()), max(check.classes.values())) == (7, 49)
    assert check.single_classes == ()
