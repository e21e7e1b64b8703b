"""What sentences about relearning and savings name, and the conclusion over seeds, of curves made by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reporting_cases import (
    BASELINES,
    DIVERGED,
    LOW_TARGET,
    NEVER,
    TARGET,
    at,
    curves_of,
    outcomes_of,
    relearned,
    relearning,
    savings,
)

from forgetting.reporting.relearning import CONCLUSIONS, conclude_from_curves


def check_sentence(text: str):
    assert not re.search(r"\b(nan|None|inf)\b", text), text
    assert all(line.endswith(".") and not line.endswith("..") and "  " not in line for line in text.split("\n")), text


def test_medians_do_not_hide_how_accuracies_differ():
    text = relearned([at(steps) for steps in (9, 8, 7, 6, 5)], [at(10)] * 5, accuracies=[0.1, 0.9, 0.2, 0.5, 0.3])
    assert "accuracy is 30\u00a0%" in text
    assert "0.30 (band 0.12 to 0.48)" in text


def test_seeds_without_savings_count_among_too_few():
    text = relearned([at(5), at(5), NEVER, DIVERGED], [at(20)] * 4)
    assert CONCLUSIONS["too few seeds"][1] in text
    assert "4 with savings" not in text


def test_training_that_diverges_is_not_said_to_take_long():
    """After three steps all was lost: "more than 1,200 steps" would suggest that they were taken."""
    assert "1,200" not in relearned([DIVERGED] * 5, [at(20)] * 5)


def test_a_randomized_model_of_which_no_loss_is_finite():
    """Its curve has no points, as `LearningCurve` says."""
    curves = curves_of([DIVERGED] * 2, [at(20)] * 2)
    check_sentence(relearning([replace(one, points=()) if one.model == "randomized" else one for one in curves]))


@pytest.mark.parametrize(
    ("randomized", "scratch", "conclusion", "seeds"),
    [
        ([at(5)] * 5, [at(20)] * 5, "remembers", 5),
        ([at(5)] * 4, [at(20)] * 4, "too few seeds", 4),
        ([at(5)] * 4 + [NEVER], [at(20)] * 5, "gone", 5),  # the one that fails counts
        ([at(5)] * 5 + [NEVER], [at(20)] * 5 + [NEVER], "remembers", 5),  # unless nobody gets there
        ([at(5)] * 5 + [DIVERGED], [at(20)] * 5 + [at(0)], "remembers", 5),  # or it needs nothing
        ([NEVER] * 5, [at(20)] * 5, "gone", 5),
        ([NEVER] * 5, [NEVER] * 5, "undefined", 0),
        ([at(5)] * 5, [NEVER] * 5, "undefined", 0),
    ],
)
def test_the_conclusion_over_seeds(randomized, scratch, conclusion, seeds):
    curves = curves_of(randomized, scratch)
    memory = conclude_from_curves(curves, outcomes_of(curves))
    assert (memory.conclusion, memory.seeds) == (conclusion, seeds)


def test_a_target_that_tells_nothing_has_no_failures():
    curves = curves_of([NEVER] * 5, [at(20)] * 5, LOW_TARGET)
    assert conclude_from_curves(curves, outcomes_of(curves)).conclusion == "undefined"


times = st.one_of(st.sampled_from([NEVER, DIVERGED, at(0)]), st.integers(1, 1200).map(at))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(times, times, st.floats(0, 1)), min_size=1, max_size=7), st.floats(0, 1))
def test_any_curves_give_a_whole_sentence(drawn, target):
    randomized, scratch, accuracies = (list(each) for each in zip(*drawn, strict=True))
    text = relearned(randomized, scratch, target=replace(TARGET, target=target), accuracies=accuracies)
    check_sentence(text)
    assert "(chance 25\u00a0%, largest class 38\u00a0%)" in text


def test_of_more_layer_sets_six_are_named():
    text = savings(*((f"fc{number}", 0.75, 0.3, 0.5, "gone") for number in range(1, 10)))
    assert "75\u00a0%" in text
    assert "30\u00a0% for fc6" in text
    assert "fc7" not in text
    assert "3 more" in text


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.just("fc1"),
            st.sampled_from([0.0, 0.5, 1.0]),
            st.one_of(st.just(np.nan), st.floats(0, 1)),
            st.one_of(st.just(np.nan), st.floats(-5, 1)),
            st.sampled_from(list(CONCLUSIONS)),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_any_savings_give_a_whole_sentence(lines):
    text = savings(*lines)
    check_sentence(text)
    assert "80\u00a0%" in text
    assert f"{100 * BASELINES.chance:.0f}\u00a0%" in text
