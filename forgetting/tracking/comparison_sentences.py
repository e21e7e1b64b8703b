"""How two runs differ, as sentences, and their differences of metrics as texts of a table."""

import math
from collections.abc import Iterable

from forgetting.core.numbers import NO_BREAK, PERCENT
from forgetting.reporting.formatting import (
    change_digits,
    format_change_interval,
    format_count,
    format_number,
    format_p,
    format_points,
    join_names,
)
from forgetting.tracking.metric_texts import format_baselines_of, format_run_value, is_share
from forgetting.tracking.run_comparison import MetricDifference, RunComparison

NAMED_SETTINGS = 4  # in a sentence; the table has all of them
NAMED_METRICS = 2


def describe_run_comparison(comparison: RunComparison) -> str:
    """What differs between two runs, and whether their metrics are shown to."""
    if comparison.a.key == comparison.b.key:
        return "A and B are the same run."
    return f"{describe_settings(comparison)} {_describe_metrics(comparison)}"


def describe_settings(comparison: RunComparison) -> str:
    """What differs between the settings of two runs."""
    found = comparison.settings
    if not found:
        return "A and B have the same settings."  # of models of one's own, which are no setting
    named = [f"{item.name} ({item.a} → {item.b})" for item in found[:NAMED_SETTINGS]]
    if len(found) > NAMED_SETTINGS:
        named.append(f"{len(found) - NAMED_SETTINGS:,} more")
    return f"From A to B differ: {join_names(named)}."


def _describe_metrics(comparison: RunComparison) -> str:
    tested = [item for item in comparison.metrics if item.interval]
    shown = [item for item in tested if item.decided]
    changes = [item.change for item in comparison.metrics if item.change is not None]
    if changes and not any(changes):
        return "Their metrics are the same."
    if not tested:
        return "Whether their metrics differ by more than luck cannot be told."
    several = f", with {format_count(len(tested), 'metric')} in view"
    if not shown:
        return f"No metric is shown to differ{several if len(tested) > 1 else ''}."
    named = [
        f"{item.name} {format_side(item, 'a')} → {format_side(item, 'b')}, {_with_interval(item)}" for item in shown
    ]
    more = len(shown) - NAMED_METRICS
    rest = f" So {'is' if more == 1 else 'are'} {more:,} more of {len(tested):,}." if more > 0 else ""
    return f"Shown to differ{several if len(tested) > 1 else ''}: {'; '.join(named[:NAMED_METRICS])}.{rest}"


def _with_interval(item: MetricDifference) -> str:
    p = "" if item.adjusted_p is None else f"; corrected p {format_p(item.adjusted_p)}"
    return f"{format_difference(item)} ({format_ends(item)}{p})"


def format_side(item: MetricDifference, side: str) -> str:
    """The value of a metric in a run, "a" or "b"; "–" where it has none."""
    metric = getattr(item, side)
    return "–" if metric is None or metric.value is None else format_run_value(item.name, metric.value)


def format_beside(item: MetricDifference, side: str) -> str:
    """What trivial models reach in that metric, beside a run."""
    metric = getattr(item, side)
    return format_baselines_of(metric) if metric else ""


def format_difference(item: MetricDifference) -> str:
    """The difference of a metric, B less A: of shares in percentage points; "–" where there is none."""
    if item.change is None or math.isnan(item.change):
        return "–"
    if not is_share(item.name):
        return f"{'+' if item.change > 0 else ''}{format_number(item.change)}"
    if item.interval and change_digits(*item.interval):
        return f"{'+' if item.change > 0 else ''}{format_number(100 * item.change)}{NO_BREAK}points"
    return format_points(100 * item.change, with_plus=True)


def format_ends(item: MetricDifference) -> str:
    """The interval of a difference: "95 % interval −12 to +3"; "" where there is none."""
    if item.interval is None:
        return ""
    if is_share(item.name):
        return format_change_interval(*item.interval)
    ends = [f"{'+' if end > 0 else ''}{format_number(end)}" for end in item.interval]
    return f"95{PERCENT} interval {' to '.join(ends)}"


def describe_tests(metrics: Iterable[MetricDifference]) -> list[str]:
    """What metrics are compared by, a sentence each, and of how many there is no test, with the reason."""
    tested: dict[str, list[str]] = {}
    untested: dict[str, int] = {}
    for item in metrics:
        if item.method:
            tested.setdefault(item.method, []).append(item.name)
        else:
            untested[item.missing] = untested.get(item.missing, 0) + 1
    return [
        *(f"{names[0][0].upper()}{'; '.join(names)[1:]}: {method}." for method, names in tested.items()),
        *(f"Not tested, as {reason}: {format_count(count, 'metric')}." for reason, count in untested.items()),
    ]
