"""What sentences about one comparison name: the right numbers, layers, words and classes."""

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reporting_cases import (
    BASELINES,
    LAYERS,
    SOME,
    comparison,
    cost,
    counted,
    of_confusion,
    published,
    recalls,
    scores,
)
from scipy.stats import binomtest

from forgetting.metrics.baselines import beats_trivial, measure_forgettings
from forgetting.metrics.scores import FEWEST_CLASS_REVIEWS, NOT_FINITE
from forgetting.randomization.settings import Randomization
from forgetting.reporting.comparison import (
    describe_beyond,
    describe_comparison,
    describe_experiment,
    describe_forgetting,
    describe_hollow,
    describe_randomization,
)
from forgetting.reporting.recalls import describe_recalls


@pytest.mark.parametrize(
    ("forgetting", "words"),
    [(None, ""), (0.0, ""), (1.004, ""), (1.01, "above 1: below chance"), (-0.004, "below 0: accuracy is higher")],
)
def test_a_forgetting_that_is_shown_beyond_its_scale_is_explained(forgetting, words):
    assert describe_beyond(forgetting) == words


@pytest.mark.parametrize(
    ("randomization", "text"),
    [
        (Randomization(("fc1",), 0.4), "40\u00a0% of fc1"),
        (Randomization(("fc2", "fc1"), 1.0), "100\u00a0% of all layers"),
        (Randomization(("all",), 0.05), "5\u00a0% of all layers"),
        (Randomization(("fc2",), 0.005), "0.5\u00a0% of fc2"),
        (Randomization((), 0.4), "nothing"),
    ],
)
def test_layers_and_fraction(randomization, text):
    assert describe_randomization(randomization, LAYERS) == text


def test_several_of_more_layers_are_listed():
    assert describe_randomization(Randomization(("fc3", "fc1"), 0.5), ("fc1", "fc2", "fc3")) == "50\u00a0% of fc1, fc3"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("cherry",), "40\u00a0% of the word (cherry)"),
        (("cherry", "plum", "smoke"), "40\u00a0% of 3 words (cherry, plum, smoke)"),
        (("cherry", "plum", "smoke", "oak", "fig"), "40\u00a0% of 5 words (cherry, plum, smoke …)"),
    ],
)
def test_words(words, text):
    assert describe_randomization(Randomization(("fc1",), 0.4, unit="word", words=words), LAYERS) == text


@pytest.mark.parametrize(
    "randomization", [Randomization(("fc1",), 0.0), Randomization((), 1.0), Randomization(("all",), 0.0)]
)
def test_where_nothing_is_randomized_nothing_is_said_to_change(randomization):
    assert cost(scores(0.82), scores(0.82), randomization) == cost(scores(0.82), scores(0.82), Randomization((), 0.0))


@pytest.mark.parametrize("untouched", [Randomization(("fc2",), 0.001), Randomization(("fc1",), 1.0, "zero")])
def test_what_leaves_every_weight_as_it_was_is_no_randomizing(untouched):
    """No unit after rounding, or zeros in place of zeros."""
    said = cost(scores(0.82), scores(0.82), untouched, untouched=True)
    assert said.startswith("Nothing is randomized")
    assert "points" not in said


@pytest.mark.parametrize(("before", "after"), [(None, 0.5), (0.5, None), (None, None)])
def test_a_missing_accuracy_has_its_reason(before, after):
    assert NOT_FINITE in cost(scores(before), scores(after))
    assert not describe_hollow(scores(None), BASELINES)


def test_a_published_accuracy_falls_or_not():
    assert "falls" in published(0.513, 0.486)
    assert "falls" not in published(0.486, 0.513)


def confusion_of(targets, predictions, classes):
    return np.bincount(classes * targets + predictions, minlength=classes**2).reshape(classes, classes)


@st.composite
def worlds(draw) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Targets, two models' predictions, and the number of classes; the first model is often right."""
    classes, reviews = draw(st.integers(2, 5)), draw(st.integers(1, 60))
    numbers = arrays(np.int64, reviews, elements=st.integers(0, classes - 1))
    targets, *others = draw(numbers), draw(numbers), draw(numbers)
    shares = draw(st.tuples(st.sampled_from([0.0, 0.3, 0.8, 1.0]), st.sampled_from([0.0, 0.5, 0.8, 1.0])))
    order = np.arange(reviews) % 10 / 10
    before, after = (np.where(order < share, targets, other) for share, other in zip(shares, others, strict=True))
    return targets, before, after, classes


@settings(deadline=None, max_examples=120)
@given(worlds())
@example((np.zeros(8, int), np.zeros(8, int), np.eye(8, dtype=int)[0], 2))  # one review of eight
@example((np.arange(40) % 2, np.arange(40) % 2, np.zeros(40, int), 2))
@example((np.repeat([0, 1, 2], [34, 3, 3]), np.zeros(40, int), np.full(40, 2), 3))  # 85 % by naming the largest class
def test_a_cost_a_gain_and_a_loss_of_most_are_claimed_only_where_the_reviews_show_them(world):
    targets, before, after, classes = world
    confusions = [confusion_of(targets, predictions, classes) for predictions in (before, after)]
    first, second = (of_confusion(confusion) for confusion in confusions)
    hits = [predictions == targets for predictions in (before, after)]
    lost, gained = (np.bincount(targets[one & ~other], minlength=classes) for one, other in (hits, hits[::-1]))
    found = replace(
        comparison(first, second), lost={"validation": lost}, gained={"validation": gained}, changed_weights=1
    )

    def decided(better, worse):
        """Whether more reviews are right in the first alone than in the second alone, by scipy's binomial test."""
        counts = int((better & ~worse).sum()), int((worse & ~better).sum())
        return counts[0] > counts[1] and binomtest(counts[0], sum(counts)).pvalue <= 0.05

    trivial = targets == BASELINES.majority_class
    knows = (
        decided(hits[0], trivial)
        and binomtest(int(sum(hits[0])), len(targets)).proportion_ci(method="wilson").low > 1 / classes
    )
    assert beats_trivial(first, BASELINES.majority_class) == knows
    assert (describe_hollow(first, BASELINES) == "") == knows
    said = describe_comparison(found, BASELINES, SOME, LAYERS)
    assert (" costs " in said) == (knows and decided(*hits))
    assert (" adds " in said) == (knows and decided(*hits[::-1]))
    assert ("cannot be called forgetting" in said) == (not knows)
    if "would be needed" in said:
        assert int(re.search(r"about ([\d,]+) would", said)[1].replace(",", "")) > len(targets)
    shown, missing, note = describe_forgetting(
        *measure_forgettings(first, second, BASELINES.majority_class), describe_hollow(first, BASELINES)
    )
    assert (shown == "undefined") == bool(missing) == (not note)
    assert knows or missing

    names = tuple("abcde"[:classes])
    said = describe_recalls(found, names, BASELINES)
    sizes = np.bincount(targets, minlength=classes)
    losses = {
        name: Fraction(int(lost[at] - gained[at]), int(sizes[at]))
        for at, name in enumerate(names)
        if sizes[at] >= FEWEST_CLASS_REVIEWS
    }
    most = [name for name, loss in losses.items() if loss == max(losses.values())]
    fall = re.search("on these reviews (.*) falls? furthest", said)
    assert ("most:" in said or bool(fall)) == (knows and len(losses) > 1 and max(losses.values()) > 0)
    if "most:" in said:
        assert len(most) == 1
        assert sum(hits[1]) <= sum(hits[0])
    if "most:" in said or fall:
        told = fall[1] if fall else said.split(" lose")[0]
        assert re.findall("“(.)”", told) == (most if len(most) < 3 else most[:1])
        assert len(most) < 3 or f"{len(most)} classes" in told


def test_of_many_classes_as_many_lose_by_luck_as_the_correction_allows():
    """Five of five reviews of one class, beside eleven others: alone p is 0.06, six of six alone would be 0.03."""
    before, after = np.full(12, 6), np.full(12, 6)
    after[0] = 0
    found = comparison(counted(before, before), counted(after, before))
    assert "Luck alone could explain that" in describe_recalls(found, tuple("abcdefghijkl"), BASELINES)
    alone = comparison(counted([6, 4, 4], [6, 4, 4]), counted([0, 4, 4], [6, 4, 4]))
    assert "That is more than luck" in describe_recalls(alone, tuple("abc"), BASELINES)


def test_of_classes_that_lose_alike_hardly_ever_one_is_said_to_lose_most():
    draws, names, sizes = np.random.default_rng(0), tuple("abc"), np.array([40, 40, 40])
    before = counted(sizes, sizes)
    for share, at_most in (([0.3, 0.3, 0.3], 0.05), ([0.5, 0.5, 0.0], 0.06)):
        said = [
            describe_recalls(comparison(before, counted(sizes - lost, sizes)), names, BASELINES)
            for lost in draws.binomial(sizes, share, (200, 3))
        ]
        assert np.mean(["most:" in text for text in said]) <= at_most
    assert "“a” loses most:" in describe_recalls(comparison(before, counted([8, 36, 36], sizes)), names, BASELINES)


def test_missing_recalls_are_missing_on_either_side():
    assert recalls([0, 0, 0, 0], None) == recalls(None, [0, 0, 0, 0])


def test_a_class_of_any_length_is_cut():
    text = describe_experiment("mine.csv", 40, ("a" * 500, "b"), {}, Randomization((), 1.0))
    assert f"“{'a' * 59}…” and “b” apart" in text
