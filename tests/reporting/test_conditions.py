"""Words that claim something stand only where numbers allow it: "remembers", "never", "critical", "robust", "least".

Those of a comparison ("costs", "adds", "most") and of unlearning are tested in the files of these subjects.
"""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from reporting_cases import BASELINES, DIVERGED, MODEL, NEVER, at, heat_map, relearned, robustness
from scipy.stats import binomtest

from forgetting.reporting.dose_response import describe_robustness
from forgetting.studies.differences import Difference
from forgetting.studies.layer_robustness import CRITICAL, ROBUST
from forgetting.studies.layer_robustness import conclude_forgetting as conclude

times = st.one_of(st.sampled_from([NEVER, DIVERGED]), st.integers(1, 40).map(at))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(times, times), min_size=1, max_size=9))
def test_it_remembers_and_never_gets_there_only_where_the_runs_show_it(drawn):
    text = relearned(*zip(*drawn, strict=True))
    steps = [[math.inf if time.steps is None else time.steps for time in pair] for pair in drawn]
    sooner, later = sum(ours < other for ours, other in steps), sum(ours > other for ours, other in steps)
    shown = sooner + later > 0 and binomtest(sooner, sooner + later, alternative="greater").pvalue <= 0.05
    assert ("It still remembers" in text) == shown
    for place, beginning in enumerate(("it takes ", "from scratch ")):
        failed = sum(math.isinf(pair[place]) for pair in steps)
        told = text.partition(beginning)[2].split(",")[0].split(".")[0]
        assert ("never get there" in told) <= (0 < failed < len(steps))
        assert (2 * failed > len(steps)) <= ("more than" in text.partition(beginning)[2] or "diverges" in text)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-0.5, 1.5), st.floats(0, 1)), min_size=1, max_size=4), st.booleans())
def test_a_layer_is_critical_or_robust_only_where_the_whole_interval_is(drawn, hollow):
    ends = {f"fc{number}": (low, low + width) for number, (low, width) in enumerate(drawn)}
    rows = [robustness(name, 0.3, (0.5, 0.5), conclude(interval)) for name, interval in ends.items()]
    text = describe_robustness(rows, BASELINES, MODEL, hollow=hollow)
    for name, (low, high) in ends.items():
        assert (f"{name} is critical" in text) == (low >= CRITICAL and not hollow)
        assert (f"{name} is robust (" in text) == (high <= ROBUST and not hollow)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(0, 0.2)), min_size=3, max_size=3))
def test_a_layer_set_leaves_least_only_where_it_is_shown_to_leave_less_than_each_other(drawn):
    pairs = (("fc1", "fc2"), ("fc1", "all"), ("fc2", "all"))
    found = [
        Difference(*names, change, change - 0.05, change + 0.05, p / 3, p, 40, 10, 1)
        for names, (change, p) in zip(pairs, drawn, strict=True)
    ]
    text = heat_map(*found)
    less = {pair.second if pair.change < 0 else pair.first: 0 for pair in found}
    for pair in found:
        less[pair.second if pair.change < 0 else pair.first] += pair.adjusted <= 0.05 and abs(pair.change) > 0.05
    least = [name for name, count in less.items() if count == 2]
    assert [name for name in ("fc1", "fc2", "all") if f"Least is left by {name}, as" in text] == least
    assert ("cannot be told" in text) == (not least)
