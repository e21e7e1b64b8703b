"""The metrics of runs as texts. By its name, a metric is a share, a difference of shares, or another number."""

from forgetting.core.numbers import format_share
from forgetting.reporting.formatting import format_change_interval, format_metric, format_points
from forgetting.tracking.run import RunMetric

DIFFERENCES = (", change", "gap to exact retraining")  # ends of the names of metrics that are differences themselves
EXCESS = "excess lost"  # with which the names of others begin


def is_share(name: str) -> bool:
    """Whether a metric is a share, or a difference of shares, by its own name: what comes before the first comma."""
    own = name.partition(",")[0]
    return any(word in own for word in ("accuracy", "share", "agreement")) or own.startswith(("half-way", EXCESS))


def _is_difference(name: str) -> bool:
    return is_share(name) and (name.endswith(DIFFERENCES) or name.startswith(EXCESS))


def format_run_value(name: str, value: float | None) -> str:
    """The value of a metric of a run by the metric's name: a share as a percentage, a difference of them in points."""
    if value is None:
        return "missing"
    if _is_difference(name):
        return format_points(100 * value, with_plus=True)
    return format_share(value) if is_share(name) else format_metric("steps" if name.startswith("steps") else "", value)


def format_metric_of(metric: RunMetric) -> str:
    """The value of a metric with its interval: "84 % (79 % to 88 %)"; "missing" where there is none."""
    value, ends = format_run_value(metric.name, metric.value), metric.interval
    if metric.value is None or ends is None:
        return value
    if _is_difference(metric.name):
        return f"{value} ({format_change_interval(*ends)})"
    return f"{value} ({' to '.join(format_run_value(metric.name, end) for end in ends)})"


def format_baselines_of(metric: RunMetric) -> str:
    """What trivial models reach in a metric: "chance 9 %, largest class 19 %"; "" where that is not known."""
    return ", ".join(f"{name} {format_run_value(metric.name, value)}" for name, value in metric.baselines.items())
