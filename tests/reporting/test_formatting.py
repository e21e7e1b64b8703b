"""One rule for each kind of number."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting_cases import BASELINES

from forgetting.core.numbers import format_size, keep_units
from forgetting.metrics.paired import make_change
from forgetting.reporting.formatting import (
    format_baselines,
    format_change,
    format_duration,
    format_epochs,
    format_gap,
    format_interval,
    format_metric,
    format_number,
    format_share,
    format_step,
)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0\u00a0%"),
        (1, "100\u00a0%"),
        (0.584, "58\u00a0%"),
        (0.005, "0.5\u00a0%"),
        (0.996, "99.6\u00a0%"),
        (None, "missing"),
        (math.nan, "missing"),
    ],
)
def test_share(share, text):
    assert format_share(share) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0.844, 0.856, "+1.2\u00a0points"),  # shown as 84 and 86 %
        (0.856, 0.844, "−1.2\u00a0points"),
        (0.8549, 0.8553, "+0.04\u00a0points"),  # shown as 85 and 86 %
        (0.836, 0.844, "+0.8\u00a0points"),  # both 84 %
        (0.84, 0.843, "+0.3\u00a0points"),
        (0.5, 0.5, "0\u00a0points"),
        (0.996, 0.5, "−50\u00a0points"),  # shown as 99.6 and 50 %
        (0.84, 0.85, "+1\u00a0point"),
    ],
)
def test_a_step_is_true_and_in_whole_points_only_where_the_shares_shown_fit(before, after, text):
    assert format_step(before, after) == text


def test_share_with_a_decimal():
    assert format_share(0.9966, 1) == "99.7\u00a0%"
    assert format_share(1 - 2**-52) == "100\u00a0%"
    assert format_share(0.5, 1) == "50.0\u00a0%"


@pytest.mark.parametrize("share", [1e-2, 1e-3, 4e-4, 1e-5, 1 - 1e-3, 1 - 4e-4, 1 - 1e-5])
def test_a_share_next_to_none_or_all_is_not_shown_as_that(share):
    for digits in (0, 1):
        assert float(format_share(share, digits).split()[0]) not in (0, 100)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (0.0312, "0.03"),
        (0.0031, "0.0031"),
        (12.345, "12.35"),
        (-0.5, "−0.50"),
        (1.5e7, "1.5\u00a0×\u00a010⁷"),
        (1234.5, "1,234.50"),
        (-math.inf, "−∞"),
        (None, "missing"),
        (math.nan, "missing"),
    ],
)
def test_number(value, text):
    assert format_number(value) == text


def test_a_number_next_to_zero_is_not_shown_as_zero():
    assert format_number(2e-5) == "2\u00a0×\u00a010⁻⁵"


def test_a_metric_by_its_name():
    assert format_metric("forget_accuracy", 0.5) == "50\u00a0%"
    assert format_metric("forget_loss", 0.5) == "0.50"
    assert format_metric("forget_accuracy", math.nan) == format_metric("tow", math.nan) == "missing"


@pytest.mark.parametrize(
    ("metric", "gap", "text"),
    [
        ("forget_accuracy", 0.25, "+25\u00a0points"),
        ("forget_accuracy", -0.25, "−25\u00a0points"),
        ("forget_accuracy", 0.0, "0\u00a0points"),
        ("forget_accuracy", -0.0096, "−1\u00a0point"),
        ("forget_accuracy", 0.001, "+0.1\u00a0points"),  # not none
        ("tow", -0.123, "−0.12"),
        ("tow", 0.0004, "+0.0004"),
        ("tow", math.nan, "missing"),
    ],
)
def test_gap(metric, gap, text):
    assert format_gap(metric, gap) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.3, 0.5, "30–50\u00a0%"),
        (0.0, 1.0, "0–100\u00a0%"),
        (0.3, None, "from 30\u00a0%"),
        (None, 0.5, "up to 50\u00a0%"),
        (0.0, None, "from 0\u00a0%"),
        (None, None, ""),
    ],
)
def test_interval(low, high, text):
    assert format_interval(low, high) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "under 1\u00a0s"),
        (0.9, "under 1\u00a0s"),
        (1.0, "about 1\u00a0s"),
        (89.0, "about 89\u00a0s"),
        (100.0, "about 2\u00a0min"),
        (7_000.0, "about 117\u00a0min"),
        (9_000.0, "about 2\u00a0h"),
    ],
)
def test_duration(seconds, text):
    assert format_duration(seconds) == text


def test_sizes():
    sizes = (12, 608_850, 1023 * 1024, 200 * 1024**2, 2 * 1024**3)
    assert [format_size(size) for size in sizes] == [
        "12 bytes",
        *map(keep_units, ("595 kB", "1,020 kB", "200 MB", "2,050 MB")),
    ]


def test_epochs():
    assert [format_epochs(count) for count in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]


def test_baselines_are_those_of_the_validation_part():
    assert [word for word in format_baselines(BASELINES).split() if word.isdigit()] == ["25", "38"]


@given(st.integers(1, 30_000), st.data())
def test_the_points_of_a_change_lie_within_its_interval_as_it_is_shown(reviews, data):
    lost = data.draw(st.integers(0, reviews))
    gained = data.draw(st.integers(0, reviews - lost))
    before = data.draw(st.integers(lost, reviews - gained)) / reviews
    change = make_change(reviews, lost, gained)
    text = format_change(change, before, before + change.change).replace("−", "-").replace("\u00a0", " ")
    found = re.fullmatch(r"(\S+) points? \(95 % interval (\S+) to (\S+)\)", text)
    step, low, high = map(float, found.groups())
    assert low <= step <= high
