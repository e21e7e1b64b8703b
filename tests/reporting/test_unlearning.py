"""Which methods the sentences about unlearning name, of rows made by hand."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reporting_cases import row, unlearning

from forgetting.reporting.names import format_method

METHODS = ("fine_tune", "scrub", "eu_k", "cf_k", "dampening")


def named(text: str) -> list[list[str]]:
    """The methods that each line names."""
    return [[name for name in METHODS if format_method(name) in line] for line in text.split("\n")]


def test_of_a_method_that_mostly_fails_nothing_is_praised_or_blamed():
    """Its other seeds may be the best alone; a metric that is missing is not as good as the median of the rest."""
    lucky = [row("scrub", 0, tow=0.99, anamnesis=0.3), *(row("scrub", seed) for seed in range(1, 5))]
    steady = [row("cf_k", seed, tow=0.9, anamnesis=1.0) for seed in range(5)]
    half = [row("eu_k", seed, tow=0.95, anamnesis=0.3) for seed in range(2)] + [row("eu_k", seed) for seed in (2, 3)]
    most = [row("fine_tune", seed, tow=0.8, anamnesis=0.3) for seed in range(3)] + [row("fine_tune", 3)]
    text = unlearning(*lucky, *steady, *half, *most)
    nearest, *conclusions = text.split("\n")[1:]
    assert nearest.startswith("Nearest to exact retraining in accuracy comes CF-k: ")
    assert "EU-k" not in nearest
    assert "SCRUB" not in nearest
    assert conclusions[2].split("; it cannot be told of ")[0].endswith("after fine-tuning, not after CF-k")
    assert conclusions[2].endswith("; it cannot be told of SCRUB and EU-k.")
    assert "0.90" in text


def test_without_another_retraining_nothing_stands_beside():
    alone = unlearning(row("fine_tune", tow=0.9))
    assert unlearning(row("retrain"), row("fine_tune", tow=0.9)) == alone
    assert "another" not in alone
    assert "0.90" in alone


def test_medians_over_seeds():
    """The accuracy of retraining counts once a seed, whatever the number of methods."""
    rows = [
        row("fine_tune", seed, retrained, tow=tow)
        for seed, retrained, tow in zip(range(3), (0.1, 0.4, 0.9), (0.2, 0.8, 0.7), strict=True)
    ]
    rows += [row(name, 2, 0.9, tow=0.6) for name in ("scrub", "eu_k", "cf_k", "dampening")]
    first, second, *_ = unlearning(*rows).split("\n")
    assert "retraining 40\u00a0% of them" in first
    assert "fine-tuning" in second
    assert "0.70" in second


@pytest.mark.parametrize("rows", [(), (row("eu_k", 0, None), row("retrain", 0, None))])
def test_where_nothing_is_known_of_retraining_no_number_is_missing_of_them(rows):
    """No sentence such as "missing of them are classified correctly"."""
    assert "missing" not in unlearning(*rows)


share = st.one_of(st.none(), st.floats(0, 1))
vote = st.sampled_from([None, True, False])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["original", "retrain", "fine_tune", "scrub", "eu_k"]),
            st.integers(0, 3),
            st.floats(0, 1),
            vote,
            vote,
            share,
            st.one_of(st.none(), st.floats(0, 100)),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda line: line[:2],
    )
)
def test_any_rows_give_whole_sentences(lines):
    rows = [row(*line[:5], tow=line[5], anamnesis=line[6]) for line in lines]
    text = unlearning(*rows)
    assert not re.search(r"\b(nan|None|inf)\b", text), text
    first, *others = text.split("\n")
    assert "(chance 33\u00a0%, largest class 0\u00a0%)" in first
    assert not any("original" in line or "retrain," in line for line in others)
    assert len(others) == (4 if {made.method for made in rows} - {"original", "retrain"} else 0)
    methods = {made.method for made in rows} - {"original", "retrain"}
    for line, names in zip(others, named(text)[1:], strict=True):
        assert line.endswith(".")
        assert set(names) <= methods
    for line, names in zip(others[1:], named(text)[2:], strict=True):
        assert line.endswith("no method.") or set(names) == methods  # what is undecided is named, too
