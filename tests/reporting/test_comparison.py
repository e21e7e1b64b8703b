"""What sentences about one comparison name: the right numbers, layers, words and classes."""

import pytest
from reporting_cases import LAYERS, cost, published, recalls

from forgetting.metrics.scores import NOT_FINITE
from forgetting.randomization.settings import Randomization
from forgetting.reporting.comparison import describe_beyond, describe_experiment, describe_randomization


@pytest.mark.parametrize(
    ("forgetting", "words"),
    [(None, ""), (0.0, ""), (1.004, ""), (1.01, "above 1: below chance"), (-0.004, "below 0: it got better")],
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


def test_a_gain_is_called_a_gain():
    assert "adds 10\u00a0points" in cost(0.25, 0.35)
    assert "costs" not in cost(0.25, 0.35)


@pytest.mark.parametrize(
    "randomization", [Randomization(("fc1",), 0.0), Randomization((), 1.0), Randomization(("all",), 0.0)]
)
def test_where_nothing_is_randomized_nothing_is_said_to_change(randomization):
    assert cost(0.82, 0.82, randomization) == cost(0.82, 0.82, Randomization((), 0.0))


@pytest.mark.parametrize(("before", "after"), [(None, 0.5), (0.5, None), (None, None)])
def test_a_missing_accuracy_has_its_reason(before, after):
    assert NOT_FINITE in cost(before, after)


def test_a_published_accuracy_falls_or_not():
    assert "falls" in published(0.513, 0.486)
    assert "falls" not in published(0.486, 0.513)


def test_a_class_without_a_review_in_the_part_is_not_the_worst():
    sentence = recalls([float("nan"), 0.5, 0.4], [float("nan"), 0.4, 0.0])
    assert sentence.startswith("“rye” ")
    assert "40\u00a0points" in sentence


def test_missing_recalls_are_missing_on_either_side():
    assert recalls([0.0, 0.0, 0.0], None) == recalls(None, [0.0, 0.0, 0.0])


def test_a_class_of_any_length_is_cut():
    text = describe_experiment("mine.csv", 40, ("a" * 500, "b"), {}, Randomization((), 1.0))
    assert f"“{'a' * 59}…” and “b” apart" in text
