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
    relearned,
    relearning,
    relearning_result,
    savings,
)

from forgetting.reporting.relearning import CONCLUSIONS, conclude_from_curves, format_savings_interval


def check_sentence(text: str):
    assert not re.search(r"\b(nan|None|inf)\b", text), text
    assert all(line.endswith(".") and not line.endswith("..") and "  " not in line for line in text.split("\n")), text


def test_medians_do_not_hide_how_accuracies_differ():
    text = relearned([at(steps) for steps in (9, 8, 7, 6, 5)], [at(10)] * 5, accuracies=[0.1, 0.9, 0.2, 0.5, 0.3])
    assert "accuracy is 30\u00a0%" in text
    assert "0.30 (90\u00a0% interval 0.10 to 0.50)" in text


def test_seeds_that_never_arrive_count_among_too_few():
    text = relearned([at(5), at(5), NEVER, DIVERGED], [at(20)] * 4)
    assert f"{CONCLUSIONS['too few seeds'][1].format(unit='model')}: 4 of the 5 needed" in text


def test_the_median_of_five_of_which_three_never_arrive_is_none_of_the_two():
    """ "It takes 28 steps (3 of 5 never get there)" would be a median of those that do."""
    text = relearned([at(27), at(29), NEVER, NEVER, NEVER], [at(20)] * 5)
    assert "it takes more than 1,200 steps (3 of 5 never get there), and from scratch 20 steps" in text
    assert "at most −59.00" in text


def test_one_model_is_named_as_such():
    curves = curves_of([at(5)] * 6, [at(20)] * 6)
    assert "sign test over 6 seeds of this model, p = 0.016" in relearning(curves, retrain=False)
    assert "sign test over 6 models on this split, p = 0.016" in relearning(curves)


def test_training_that_diverges_is_not_said_to_take_long():
    """After three steps all was lost: "more than 1,200 steps" would suggest that they were taken."""
    assert "1,200" not in relearned([DIVERGED] * 5, [at(20)] * 5)


def test_a_randomized_model_of_which_no_loss_is_finite():
    """Its curve has no points, as `LearningCurve` says."""
    curves = curves_of([DIVERGED] * 2, [at(20)] * 2)
    check_sentence(relearning([replace(one, points=()) if one.model == "randomized" else one for one in curves]))


@pytest.mark.parametrize(
    ("randomized", "scratch", "conclusion", "units"),
    [
        ([at(5)] * 5, [at(20)] * 5, "remembers", 5),
        ([at(5)] * 4, [at(20)] * 4, "too few seeds", 4),
        ([at(5)] * 4 + [NEVER], [at(20)] * 5, "gone", 5),  # the one that fails counts
        ([at(5)] * 5 + [NEVER], [at(20)] * 5 + [NEVER], "remembers", 5),  # unless nobody gets there
        ([at(5)] * 5 + [DIVERGED], [at(20)] * 5 + [at(0)], "gone", 6),  # what needs nothing is the sooner one
        ([NEVER] * 5, [at(20)] * 5, "gone", 5),
        ([NEVER] * 5, [NEVER] * 5, "undefined", 0),
        ([at(5)] * 5, [NEVER] * 5, "remembers", 5),
        ([at(0)] * 5, [NEVER] * 4 + [at(20)], "remembers", 5),
    ],
)
def test_the_conclusion_over_models(randomized, scratch, conclusion, units):
    memory = conclude_from_curves(relearning_result(curves_of(randomized, scratch)).outcomes)
    assert (memory.conclusion, memory.units) == (conclusion, units)


def test_a_target_that_tells_nothing_has_no_failures():
    result = relearning_result(curves_of([NEVER] * 5, [at(20)] * 5, LOW_TARGET))
    assert conclude_from_curves(result.outcomes).conclusion == "undefined"


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


def test_findings_that_are_named_together_are_corrected():
    lines = [(name, 1.0, 0.3, 0.5, "remembers") for name in ("fc1", "fc2", "fc1+fc2")]
    assert savings(*lines, units=6).count("(remembers)") == 3
    text = savings(*lines, units=5)
    assert text.count("(no memory shown)") == 3
    assert "5 models cannot show any of so many, 6 could" in text
    assert "shown alone" not in savings(*lines[:1], units=5)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.just("fc1"),
            st.sampled_from([0.0, 0.5, 1.0]),
            st.one_of(st.just(np.nan), st.floats(0, 1)),
            st.one_of(st.sampled_from([np.nan, -np.inf]), st.floats(-5, 1)),
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


def test_an_interval_of_savings_has_both_of_its_ends():
    assert format_savings_interval(0.25, 0.75) == "0.25 to 0.75"
    assert format_savings_interval(-np.inf, 0.5) == "−∞ to 0.50"
    assert format_savings_interval(np.nan, np.nan) == "none"
