"""What reviews and their filters do."""

import numpy as np
import pytest

from forgetting.core.errors import DataError
from forgetting.data.reviews import Dropped, Report, Reviews, filter_reviews

TEXTS = ("a", "b", "a", "c", "d", "e", "a")
LABELS = ("red", "red", "red", "white", "white", "port", "white")
NAMES = ("A", "B", "A", "C", " ", "", "G")


def reviews(texts=TEXTS, labels=LABELS, names=NAMES) -> Reviews:
    report = Report("by hand", "text", "label", None if names is None else "name", len(texts))
    return Reviews(texts, labels, names, "0" * 64, report)


def test_counts_are_in_order_of_frequency_then_name():
    assert list(reviews().counts.items()) == [("red", 3), ("white", 3), ("port", 1)]


def test_by_name_labels_reviews_with_their_names_and_leaves_out_those_without():
    named = reviews().by_name()
    assert named.labels == named.names == ("A", "B", "A", "C", "G")
    assert named.texts == ("a", "b", "a", "c", "a")
    assert named.report.label == "name"
    assert named.report.dropped == (Dropped("empty name", 2),)


@pytest.mark.parametrize("names", [None, (" ",) * 7])
def test_by_name_needs_names(names):
    with pytest.raises(DataError, match=r"has no name column .* Choose a label column"):
        reviews(names=names).by_name()


def test_take_reports_what_it_drops():
    taken = reviews().take(np.array([0, 3]), "for a test")
    assert (taken.texts, taken.labels, taken.names) == (("a", "c"), ("red", "white"), ("A", "C"))
    assert taken.report.dropped == (Dropped("for a test", 5),)


def test_filters_in_order():
    kept = filter_reviews(reviews(), drop_duplicates=True, min_reviews=2)
    assert kept.texts == ("a", "b", "c", "d", "a")  # the last "a" is white: no duplicate
    assert kept.report.dropped == (
        Dropped("duplicate of an earlier review", 1),
        Dropped("class has fewer than 2 reviews", 1),
    )


def test_most_frequent_classes():
    kept = filter_reviews(reviews(), max_classes=2)
    assert set(kept.labels) == {"red", "white"}
    assert kept.report.dropped == (Dropped("class is not among the 2 most frequent", 1),)


def test_random_sample_keeps_the_order_and_depends_on_the_seed_alone():
    many = reviews(tuple(map(str, range(100))), ("red", "white") * 50, None)
    state = np.random.get_state()[1].copy()  # noqa: NPY002 -- to see that it stays as it is
    drawn = [filter_reviews(many, max_reviews=20, seed=seed).texts for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert list(drawn[0]) == sorted(drawn[0], key=int)
    assert len(set(drawn[0])) == 20
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("options", [{"max_classes": 1}, {"min_reviews": 9}])
def test_refuses_fewer_than_two_classes(options):
    with pytest.raises(DataError, match=r"at least 2 classes; [01] remained in column 'label'"):
        filter_reviews(reviews(), **options)


def test_refuses_classes_of_one_review():
    with pytest.raises(DataError, match=r"at least 2 reviews .* each of the 2 classes in column 'label' has 1"):
        filter_reviews(reviews(("a", "b"), ("red", "white"), None))
