"""Results as charts; no page is known here."""

from forgetting.charts.comparison import network_chart
from forgetting.charts.data import classes_chart, lengths_chart
from forgetting.charts.dose_response import PICK, MetricStyle, metric_style
from forgetting.charts.history import Curve, history_chart
from forgetting.charts.style import NO_WIDTH, ORIGINAL, RANDOMIZED, RELEARNED

__all__ = [
    "NO_WIDTH",
    "ORIGINAL",
    "PICK",
    "RANDOMIZED",
    "RELEARNED",
    "Curve",
    "MetricStyle",
    "classes_chart",
    "history_chart",
    "lengths_chart",
    "metric_style",
    "network_chart",
]
