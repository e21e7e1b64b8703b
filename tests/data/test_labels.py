"""Which labels are missing, which writings are one class, and numbers cut into classes."""

import itertools
import random
import unicodedata
from collections import Counter
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_parts import assert_says, refusal, written

from forgetting.core.errors import DataError
from forgetting.data.labels import Merged, compose, cut_at_quantiles, fold_label, merge_labels, parse_numbers
from forgetting.data.reviews import MISSING, Dropped
from forgetting.data.tables import read_reviews, read_table

labels = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def reviews_of(*values: str, **options):
    rows = [(f"text of number {row}", value) for row, value in enumerate(values)]
    return read_table(written(rows=rows).encode()).reviews("text", "label", **options)


# Missing


def test_words_that_mean_missing_are_left_out_and_counted():
    values = ("red", "NA", "white", "n/a", "#N/A", " NaN ", "?", "", "-", "None", "NULL", "red", "not", "-1", "n-a")
    reviews = reviews_of(*values)
    assert reviews.labels == ("red", "white", "red", "not", "-1", "n-a")
    words = "label is one of the words that mean missing: NA, N/A, #N/A, nan, null, none, ?, -"
    assert reviews.report.dropped == (Dropped("empty label", 1), Dropped(words, 8))
    assert len(reviews_of(*values, missing=())) == 14
    assert reviews_of("red", "Unbekannt", "unbekannt ", "NA", missing=("unbekannt",)).labels == ("red", "NA")


def test_a_text_that_is_such_a_word_is_empty():
    rows = [("NA", "red"), ("a plum", "red"), (" ? ", "white"), ("na na na", "white"), ("\u200b", "white")]
    reviews = read_table(written(rows=rows).encode()).reviews("text", "label")
    assert reviews.texts == ("a plum", "na na na")
    assert [each.rows for each in reviews.report.dropped] == [1, 2]


def test_a_class_that_is_such_a_word_can_be_had():
    values = ("hate", "none", "none", "hate")
    with pytest.raises(DataError, match="mean missing: none") as caught:
        read_reviews(
            written(rows=[(f"text {row}", value) for row, value in enumerate(values)]).encode(), "text", "label"
        )
    assert caught.value.offer == ("data.missing", tuple(word for word in MISSING if word != "none"))
    assert reviews_of(*values, missing=caught.value.offer[1]).labels == values
    assert_says(
        refusal(b"text,label\nplum,NA\nfig,-\n", "text", "label"), "empty or mean missing (NA, -)", "data.missing"
    )


# One class


def test_writings_of_a_label_are_one_class():
    values = (
        "Red",
        "Red",
        "red ",
        " RED",
        "1",
        "1.0",
        "+1",
        "rosé",
        "rose\u0301",
        "sweet  red",
        "Sweet red",
        "01",
        "1,0",
    )
    reviews = reviews_of(*values)
    assert reviews.counts == {"Red": 4, "1": 3, "rosé": 2, "01": 1, "1,0": 1, "Sweet red": 2}
    assert reviews.report.merged[0] == Merged("Red", (("Red", 2), (" RED", 1), ("red ", 1)))
    assert [each.label for each in reviews.report.merged] == ["Red", "1", "Sweet red", "rosé"]
    as_written = reviews_of(*values, fold_labels=False)
    assert (as_written.labels, as_written.report.merged) == (values, ())


@pytest.mark.parametrize(
    "same",
    [
        ("STRASSE", "straße"),
        ("ΛΟΓΟΣ", "λογος"),
        ("İyi", "iyi"),
        ("−1", "-1.00"),
        ("0", "-0.0"),
        ("1e3", "1000"),
        ("ﬁ", "FI"),
    ],
)
def test_writings_in_any_script_are_one_class(same):
    assert len(set(map(fold_label, same))) == 1


def test_labels_that_do_not_differ_keep_their_bits():
    values = (" red", "WHITE ", "1.50", "007", "7", "sweet  wine", "½", "H₂O", "H2O")
    assert merge_labels(values) == (values, ())
    assert merge_labels(["rose\u0301"] * 2) == (("rosé",) * 2, ()), "but for NFC"


@given(st.lists(labels, max_size=12), st.randoms(use_true_random=False))
def test_merging_depends_on_no_order_and_ends_at_once(values, shuffler):
    found, merged = merge_labels(values)
    order = list(range(len(values)))
    shuffler.shuffle(order)
    assert merge_labels([values[row] for row in order]) == (tuple(found[row] for row in order), merged)
    assert merge_labels(found) == (found, ())
    assert list(map(fold_label, map(fold_label, values))) == list(map(fold_label, values))
    assert all((found[one] == found[two]) == (fold_label(values[one]) == fold_label(values[two]))
               for one, two in itertools.combinations(range(len(values)), 2))  # fmt: skip


@given(labels)
def test_composing_is_nfc(text):
    assert compose(text) == unicodedata.normalize("NFC", text)


def test_long_runs_of_marks_take_no_square_of_their_length():
    began = process_time()
    text = "e\u0301" + "\u0327\u0301" * 1_000_000
    assert len(compose(text)) == len(text)
    assert process_time() - began < 20  # it would take hours


# Numbers


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["1,234", "12.5"], [1234, 12.5]),
        (["1,234", "12,5"], [1.234, 12.5]),
        (["1.234", "1.234.567"], [1234, 1234567]),
        (["1.234"], [1.234]),
        (["1,234"], [1234]),
        (["$4", "€ 5.50", "6 USD", "-$7", "8 %", "R$ 9", "Rs. 1,23,456"], [4, 5.5, 6, -7, 8, 9, 123456]),
        (["1 234", "1’234", "1\u202f234,5", "1e3", ".5", "+2"], [1234, 1234, 1234.5, 1000, 0.5, 2]),
        (["12 pts", "free", "", "1,2,3", "4-5", "$", "nan", "inf", "1e999", "9" * 99], [None] * 10),
    ],
)
def test_amounts_are_read_by_what_the_others_show(values, numbers):
    assert parse_numbers(values) == numbers


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-3, 6), min_size=1, max_size=16), st.integers(1, 5))
def test_quantile_classes_differ_in_size_as_little_as_equal_numbers_allow(numbers, classes):
    different = sorted(set(numbers))
    classes = min(classes, len(different))
    names = cut_at_quantiles(numbers, classes)
    counts = Counter(numbers)
    cuts = itertools.combinations(range(1, len(different)), classes - 1)
    sizes = [counts[each] for each in different]
    best = min(sum(sum(sizes[a:b]) ** 2 for a, b in itertools.pairwise((0, *cut, len(sizes)))) for cut in cuts)
    assert sum(size**2 for size in Counter(names).values()) == best
    assert len(set(names)) == classes
    assert len(set(zip(numbers, names, strict=True))) == len(different), "equal numbers stay together"
    assert [name for _, name in sorted(zip(numbers, names, strict=True))] == sorted(names), (
        "the names sort as the numbers"
    )


def test_many_numbers_are_cut_evenly():
    numbers = random.Random(0).sample(range(10**6), 9_999) + [5] * 6_000
    assert sorted(Counter(cut_at_quantiles(numbers, 4)).values()) == [3_333, 3_333, 3_333, 6_000]
    assert {name[:2] for name in cut_at_quantiles(numbers, 10)} == {
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "07",
        "08",
        "09",
        "10",
    }


def test_numeric_labels_are_offered_classes_and_cut():
    prices = ("4", "$5", "19.9", "20", "20", "20", "30", "40", "50", "1,060", "-", "free")
    reviews = reviews_of(*prices, quantile_classes=3)
    assert reviews.counts == {"3: 30–1060": 4, "1: 4–19.9": 3, "2: 20": 3}
    assert reviews.report.dropped[-1] == Dropped("label is not a number", 1)
    many = [f"{row / 4}" for row in range(8, 50)]
    assert reviews_of(*many).report.offer == ("data.quantile_classes", 5)
    with pytest.raises(DataError) as caught:
        read_reviews(written(rows=[(f"text {row}", value) for row, value in enumerate(many)]).encode(), "text", "label")
    assert caught.value.offer == ("data.quantile_classes", 5)
    assert reviews_of(*map(str, range(77))).report.offer is None, "codes of classes"
    assert reviews_of("1", "2", "2.5", "5").report.offer is None


@pytest.mark.parametrize(("values", "classes", "offered"), [("123", 5, 3), ("11", 2, 0), ("red", 2, 0), ("123", 1, 0)])
def test_refuses_more_classes_than_different_numbers(values, classes, offered):
    with pytest.raises(DataError, match="quantile_classes must be 0, or from 2") as caught:
        reviews_of(*values, quantile_classes=classes)
    assert caught.value.offer == ("data.quantile_classes", offered)
