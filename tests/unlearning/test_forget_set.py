"""What is to be forgotten: a partition of the training part, checked against dense matrices and plain loops."""

import hashlib
import time
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import DataError, EmptyStateError, RecipeError
from forgetting.data.reviews import Report, Reviews, review_key
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import SplitSettings
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, Split, make_split
from forgetting.recipe.forget import Forget
from forgetting.unlearning.forget_set import make_forget_sets, select_part

WORDS = ("apple", "body", "cherry", "dry", "earth", "fig")
TRAINED = (  # by row, so that every case can be counted by hand
    ("apple body", "white"),  # 0: copies at 3, and, of another class, at 5
    ("cherry dry", "red"),  # 1: a copy at 7
    ("earth fig", "port"),  # 2
    ("apple body", "white"),  # 3
    ("apple dry", "white"),  # 4
    ("apple body", "red"),  # 5
    ("cherry fig", "red"),  # 6
    ("cherry dry", "red"),  # 7
)
HELD_OUT = (
    ("apple earth", "white"),  # 8
    ("apple dry", "white"),  # 9: a copy of 4
    ("cherry body", "red"),  # 10
    ("cherry dry", "white"),  # 11: a copy of 1, of another class
    ("fig dry", "port"),  # 12
    ("nothing known", "rosé"),  # 13: of a class and of words that training had none of
)


def reviews_of(rows) -> Reviews:
    texts, labels = zip(*rows, strict=True)
    return Reviews(texts, labels, None, "0" * 64, Report("by hand", "text", "label", None, len(texts)))


def counted(rows) -> np.ndarray:
    """Dense counts of the words."""
    return np.array([[text.split().count(word) for word in WORDS] for text, _ in rows], dtype=np.float32)


def split_at(rows, trained: int) -> Split:
    """A split whose first rows are the training part, with counts of words for inputs."""
    classes = tuple(sorted({label for _, label in rows}))
    parts = []
    for places in (range(trained), range(trained, len(rows))):
        chosen = [rows[place] for place in places]
        targets = torch.tensor([classes.index(label) for _, label in chosen])
        matrix = SparseMatrix.from_scipy(scipy.sparse.csr_matrix(counted(chosen)))
        parts.append(Part(matrix, targets, np.array(places)))
    return Split(*parts, WORDS, classes, reviews_of(rows))


@pytest.fixture(scope="module")
def split() -> Split:
    return split_at(TRAINED + HELD_OUT, len(TRAINED))


def dense(part: Part) -> np.ndarray:
    return part.inputs.to_scipy().toarray()


def texts_of(split: Split, part: Part) -> list[str]:
    return [split.reviews.texts[row] for row in part.rows]


def labels_of(split: Split, part: Part) -> set[str]:
    return {split.reviews.labels[row] for row in part.rows}


def check_part(split: Split, part: Part, within: Part) -> None:
    """Rows, targets and inputs belong together, as they do in the part that they are taken from."""
    places = [list(within.rows).index(row) for row in part.rows]
    assert places == sorted(places)
    np.testing.assert_array_equal(dense(part), dense(within)[places].reshape(-1, len(split.words)))
    assert part.targets.tolist() == [split.classes.index(split.reviews.labels[row]) for row in part.rows]
    assert part.targets.dtype == torch.int64
    assert part.inputs.shape == (len(part), len(split.words))
    assert len(part) == len(part.rows) == len(part.targets)


def check_mix(split: Split, sets, new: list[int]) -> None:
    """Of the new validation reviews as many as there are in the proportions of the forgotten classes, by lowest key."""
    label = split.reviews.labels.__getitem__
    lost, there, found = (Counter(map(label, rows)) for rows in (sets.forget.rows, new, sets.non_members.rows))
    scarce = min(lost, key=lambda name: Fraction(there[name], lost[name]))
    for name, count in lost.items():
        assert abs(Fraction(found[name]) - Fraction(count * there[scarce], lost[scarce])) <= Fraction(1, 2)
        own = sorted((row for row in new if label(row) == name), key=lambda row: review_key(split.reviews.texts[row]))
        if len({split.reviews.texts[row] for row in own}) == len(own):
            assert {row for row in sets.non_members.rows if label(row) == name} == set(own[: found[name]])
    assert set(found) <= set(lost)
    assert set(sets.non_members.rows) <= set(new)


def check_sets(split: Split, sets, by: str = "") -> None:
    """All that holds for every forget set."""
    for part in (sets.forget, sets.retain):
        check_part(split, part, split.training)
        assert len(part)
    check_part(split, sets.non_members, split.validation)
    assert sorted([*sets.forget.rows, *sets.retain.rows]) == sorted(split.training.rows)
    trained = texts_of(split, split.training)
    new = [row for row in split.validation.rows if split.reviews.texts[row] not in trained]
    if by == "share":
        assert sets.non_members.rows.tolist() == new
    else:
        check_mix(split, sets, new)
    assert sets.retain_split.training is sets.retain
    for name in ("validation", "words", "classes", "reviews"):
        assert getattr(sets.retain_split, name) is getattr(split, name)


def test_a_review_is_named_by_its_text():
    assert review_key("apple body") == hashlib.sha256(b"apple body").hexdigest()[:12]
    assert review_key("Spätlese") == hashlib.sha256("Spätlese".encode()).hexdigest()[:12]
    assert review_key("") == "e3b0c44298fc"
    assert review_key("a\ud800") != review_key("a\ud801")  # half a surrogate pair, which files may have
    assert len({review_key(text) for text in ("a", "A", "a ", " a", "a\n")}) == 5


@pytest.mark.parametrize(
    ("reviews", "forget", "non_members"),
    [
        ([4], [4], [8]),
        ([2], [2], [12]),
        ([7], [1, 7], [10]),
        ([5], [0, 3, 5], [8]),
        ([5, 0, 3, 3], [0, 3, 5], [8]),
        ([2, 6], [2, 6], [10, 12]),
    ],
)
def test_chosen_reviews_and_their_copies(split, reviews, forget, non_members):
    keys = tuple(review_key(split.reviews.texts[row]) for row in reviews)
    sets = make_forget_sets(split, Forget(by="reviews", reviews=keys))
    check_sets(split, sets)
    assert sets.forget.rows.tolist() == forget
    assert sets.non_members.rows.tolist() == non_members
    np.testing.assert_array_equal(dense(sets.forget), counted([TRAINED[row] for row in forget]))
    np.testing.assert_array_equal(
        dense(sets.retain), counted([review for row, review in enumerate(TRAINED) if row not in forget])
    )


@pytest.mark.parametrize(("label", "forget", "non_members"), [("port", [2], [12]), ("white", [0, 3, 4], [8])])
def test_a_class(label, forget, non_members):
    known = split_at((*TRAINED[:5], ("body body", "red"), *TRAINED[6:], *HELD_OUT), len(TRAINED))  # no copies across
    sets = make_forget_sets(known, Forget(by="class", label=label))
    check_sets(known, sets)
    assert sets.forget.rows.tolist() == forget
    assert sets.non_members.rows.tolist() == non_members
    assert labels_of(known, sets.forget) == {label}
    assert label not in labels_of(known, sets.retain)


def test_of_a_class_a_copy_that_has_another_label_is_retained(split):
    """The class is forgotten, not the text: rows 0 and 3 are white, their copy in row 5 is red."""
    sets = make_forget_sets(split, Forget(by="class", label="white"))
    assert {0, 3} <= set(sets.forget.rows)
    assert 5 in sets.retain.rows


def test_the_non_members_are_of_the_same_classes_in_the_same_proportions():
    """Else a forget set of a hard class would stand out among non-members of an easy one, learnt or not."""
    trained = [(f"apple {number}", "ab"[number % 2]) for number in range(40)]
    held_out = [(f"fig {number}", "aabbbbbbbb"[number % 10]) for number in range(50)]  # 10 of a, 40 of b
    split = split_at(trained + held_out, len(trained))
    places = [*range(0, 30, 2), 1, 3, 5]  # 15 of a, 3 of b
    sets = make_forget_sets(split, Forget(by="reviews", reviews=tuple(review_key(trained[row][0]) for row in places)))
    labels = Counter(split.reviews.labels[row] for row in sets.non_members.rows)
    assert labels == {"a": 10, "b": 2}
    assert len(make_forget_sets(split, Forget(share=0.4)).non_members) == 50


def test_with_no_non_member_the_part_is_empty_and_usable():
    known = split_at(TRAINED + HELD_OUT[:3], len(TRAINED))
    sets = make_forget_sets(known, Forget(by="reviews", reviews=(review_key("earth fig"),)))
    check_sets(known, sets)
    assert len(sets.non_members) == 0
    assert TextClassifier(len(WORDS), 3)(sets.non_members.inputs).shape == (0, 3)


@pytest.mark.parametrize(
    ("share", "count"), [(0.11, 1), (0.2, 1), (0.3, 2), (0.4, 2), (0.5, 2), (0.6, 3), (0.7, 4), (0.8, 4), (0.89, 4)]
)
def test_a_share_is_of_the_different_texts(split, share, count):
    """Of five: apple body, cherry dry, earth fig, apple dry and cherry fig. Halves go to the even number."""
    for seed in range(10):
        sets = make_forget_sets(split, Forget(share=share, seed=seed))
        check_sets(split, sets, "share")
        forgotten = set(texts_of(split, sets.forget))
        assert len(forgotten) == count
        assert not forgotten & set(texts_of(split, sets.retain))


def test_each_text_is_as_likely_to_be_drawn_as_any_other(split):
    drawn = Counter()
    for seed in range(2000):
        drawn.update(set(texts_of(split, make_forget_sets(split, Forget(share=0.2, seed=seed)).forget)))
    assert len(drawn) == 5
    for count in drawn.values():
        assert abs(count - 400) < 5 * (2000 * 0.2 * 0.8) ** 0.5  # five standard deviations


@pytest.mark.usefixtures("global_state_kept")
def test_a_share_is_the_same_for_a_seed_and_another_for_another(small_split):
    forget = Forget(share=0.3, seed=11)
    rows = [make_forget_sets(small_split, forget).forget.rows.tolist() for _ in range(2)]
    assert rows[0] == rows[1]
    others = {tuple(make_forget_sets(small_split, replace(forget, seed=seed)).forget.rows) for seed in range(30)}
    assert len(others) == 30


def test_a_share_does_not_depend_on_the_order_of_the_reviews(split):
    turned = split_at(TRAINED[::-1] + HELD_OUT, len(TRAINED))
    for seed in range(10):
        one, other = (make_forget_sets(each, Forget(share=0.4, seed=seed)) for each in (split, turned))
        assert sorted(texts_of(split, one.forget)) == sorted(texts_of(turned, other.forget))


@pytest.mark.usefixtures("global_state_kept")
def test_the_split_stays_as_it_is(small_split):
    parts = small_split.parts.values()
    before = [(dense(part).tobytes(), part.targets.tolist(), part.rows.tolist()) for part in parts]
    for forget in (Forget(share=0.5), Forget(by="class", label="red")):
        sets = make_forget_sets(small_split, forget)
        check_sets(small_split, sets, forget.by)
        for part in (sets.forget, sets.retain, sets.non_members):
            part.targets.zero_()
            part.inputs.values.zero_()
            part.rows[:] = 0
    assert [(dense(part).tobytes(), part.targets.tolist(), part.rows.tolist()) for part in parts] == before


def test_part_at_takes_places_not_rows(split):
    whole = split.validation
    part = select_part(whole, np.array([4, 1]))
    assert part.rows.tolist() == [12, 9]
    np.testing.assert_array_equal(dense(part), dense(whole)[[4, 1]])
    assert part.targets.tolist() == whole.targets[[4, 1]].tolist()


TEXTS = [" ".join(pair) for pair in (("apple", "body"), ("cherry", "dry"), ("fig", "earth"), ("body", "fig"))]
TABLES = st.lists(
    st.tuples(st.sampled_from([*TEXTS, "apple", "dry dry dry", "cherry earth"]), st.sampled_from("abc")),
    min_size=4,
    max_size=24,
)


@settings(max_examples=150, deadline=None)
@given(table=TABLES, held_out=st.floats(0.1, 0.7), share=st.floats(0, 1), seed=st.integers(0, 2**32 - 1))
def test_any_share_of_any_table(table, held_out, share, seed):
    split = make_split(reviews_of(table), SplitSettings(stratify=False, min_df=1, validation_share=held_out, seed=seed))
    forget = Forget(share=share, seed=seed)
    different = len({table[row][0] for row in split.training.rows})
    count = round(share * different)
    if count in (0, different):
        with pytest.raises(DataError, match=f"a share of .* is {'all' if count else 'none'} of"):
            make_forget_sets(split, forget)
        return
    sets = make_forget_sets(split, forget)
    check_sets(split, sets, "share")
    forgotten = set(texts_of(split, sets.forget))
    assert len(forgotten) == count
    assert not forgotten & set(texts_of(split, sets.retain))


@settings(max_examples=150, deadline=None)
@given(table=TABLES, held_out=st.floats(0.1, 0.7), seed=st.integers(0, 99), data=st.data())
def test_any_choice_of_any_table(table, held_out, seed, data):
    split = make_split(reviews_of(table), SplitSettings(stratify=False, min_df=1, validation_share=held_out, seed=seed))
    trained = sorted(set(texts_of(split, split.training)))
    chosen = data.draw(st.lists(st.sampled_from(trained)))
    forget = Forget(by="reviews", reviews=tuple(map(review_key, chosen)))
    if set(chosen) in (set(), set(trained)):
        with pytest.raises(DataError):
            make_forget_sets(split, forget)
        return
    sets = make_forget_sets(split, forget)
    check_sets(split, sets)
    assert sets.forget.rows.tolist() == [row for row in split.training.rows if table[row][0] in chosen]


@settings(max_examples=100, deadline=None)
@given(table=TABLES, held_out=st.floats(0.1, 0.7), seed=st.integers(0, 99), label=st.sampled_from("abc"))
def test_any_class_of_any_table(table, held_out, seed, label):
    reviews = reviews_of([(f"{text} number{row}", target) for row, (text, target) in enumerate(table)])  # no copies
    split = make_split(reviews, SplitSettings(stratify=False, min_df=1, validation_share=held_out, seed=seed))
    rows = [row for row in split.training.rows if table[row][1] == label]
    forget = Forget(by="class", label=label)
    if label not in split.classes:
        with pytest.raises(RecipeError):
            make_forget_sets(split, forget)
    elif len(rows) in (0, len(split.training)):
        with pytest.raises(DataError):
            make_forget_sets(split, forget)
    else:
        sets = make_forget_sets(split, forget)
        check_sets(split, sets)
        assert sets.forget.rows.tolist() == rows


ALL_KEYS = tuple(sorted({review_key(text) for text, _ in TRAINED}))


@pytest.mark.parametrize(
    ("forget", "error", "words"),
    [
        (
            Forget(by="class", label="rosé"),
            EmptyStateError,
            ["must be something to forget", "“rosé”", "8 training reviews", "Choose a class that"],
        ),
        (Forget(by="reviews"), EmptyStateError, ["must be something to forget", "no review", "Choose at least"]),
        (
            Forget(share=0),
            EmptyStateError,
            ["must be something to forget", "a share of 0\u00a0% ", "Raise forget.share"],
        ),
        (
            Forget(share=0.09),
            EmptyStateError,
            ["must be something to forget", "a share of 9\u00a0% ", "Raise forget.share"],
        ),
        (
            Forget(share=1),
            DataError,
            ["must be left to learn from", "a share of 100\u00a0% ", "all of 8", "Forget fewer"],
        ),
        (Forget(share=0.91), DataError, ["must be left to learn from", "a share of 91\u00a0% ", "Forget fewer"]),
        (
            Forget(by="reviews", reviews=ALL_KEYS),
            DataError,
            ["must be left to learn from", "the list of 5 reviews", "all of 8", "Forget fewer"],
        ),
        (
            Forget(by="class", label="Red"),
            RecipeError,
            ["forget.label must be one of the classes", "'port', 'red', 'rosé', 'white'", "got 'Red'"],
        ),
        (Forget(by="class"), RecipeError, ["forget.label must be one of the classes", "got ''"]),
        (
            Forget(by="reviews", reviews=(ALL_KEYS[0], "0123456789ab")),
            RecipeError,
            ["forget.reviews must be keys of training reviews", "'0123456789ab' is none", "choose reviews of the"],
        ),
        (
            Forget(by="reviews", reviews=(review_key("apple earth"),)),  # a validation review's
            RecipeError,
            ["forget.reviews must be keys of training reviews", review_key("apple earth"), "Only what was learnt"],
        ),
        (
            Forget(by="reviews", reviews=("apple body",)),  # a text instead of its key
            RecipeError,
            ["forget.reviews must be keys", "'apple body'"],
        ),
    ],
)
def test_what_cannot_be_forgotten_is_told(split, forget, error, words):
    with pytest.raises(error) as found:
        make_forget_sets(split, forget)
    assert type(found.value) is error
    for word in words:
        assert word in str(found.value)


def test_a_class_that_is_all_there_is_is_told():
    alone = split_at((*(("apple body", "white"),) * 2, ("apple dry", "white"), ("fig", "red")), 3)
    with pytest.raises(DataError, match="left to learn from; the class “white” is all of 3 training reviews"):
        make_forget_sets(alone, Forget(by="class", label="white"))


def test_messages_stay_short():
    rows = [(f"apple {'fig ' * row}", f"{row:03d}") for row in range(100)]
    many = split_at(rows, 90)
    for forget in (
        Forget(by="class", label="x" * 10_000),
        Forget(by="reviews", reviews=("y" * 10_000,)),
        Forget(by="class", label="099"),
    ):
        with pytest.raises((DataError, RecipeError)) as found:
            make_forget_sets(many, forget)
        assert len(str(found.value)) < 400


def test_messages_stay_short_where_classes_have_long_names():
    long = split_at([(text, label * 1000) for text, label in TRAINED + HELD_OUT], len(TRAINED))
    with pytest.raises(RecipeError) as found:
        make_forget_sets(long, Forget(by="class", label="x"))
    assert len(str(found.value)) < 2000


def test_many_reviews_are_chosen_at_once():
    """A look-up each, not a pass over all of them each: the setting allows 10,000, and reviews may be 130,000."""
    rows = [(f"apple review {number}", "ab"[number % 2]) for number in range(4_001)]
    split = split_at(rows, 4_000)
    keys = tuple(review_key(text) for text, _ in rows[:2_000])

    def seconds(chosen: tuple[str, ...]) -> float:
        """Of the fastest of three runs."""
        times = []
        for _ in range(3):
            started = time.perf_counter()
            sets = make_forget_sets(split, Forget(by="reviews", reviews=chosen))
            times.append(time.perf_counter() - started)
            assert sets.forget.rows.tolist() == list(range(len(chosen)))
        return min(times)

    assert seconds(keys) < 8 * seconds(keys[:2])


@pytest.mark.parametrize(
    ("forget", "stopping"),
    [
        (Forget(by="class", label="white"), [10, 12]),  # 11 is of the class
        (Forget(by="reviews", reviews=(review_key("cherry dry"),)), [9, 10, 12]),  # 11 is a copy
    ],
)
def test_the_stopping_part_of_retraining_has_nothing_of_what_is_forgotten(split, forget, stopping):
    held = replace(split, stopping=select_part(split.validation, np.array([1, 2, 3, 4])))
    sets = make_forget_sets(held, forget)
    assert sets.retain_split.stopping.rows.tolist() == stopping
    assert sets.retain_split.without_stopping().stopping is None
    only = replace(split, stopping=select_part(split.validation, np.array([3])))
    assert make_forget_sets(only, forget).retain_split.stopping is None
    assert make_forget_sets(split, forget).retain_split.stopping is None
