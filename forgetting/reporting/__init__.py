"""Results as sentences, each accuracy beside its baseline."""

from forgetting.reporting.comparison import describe_training
from forgetting.reporting.dose_response import NO_HALF_WAY
from forgetting.reporting.formatting import (
    format_baselines,
    format_duration,
    format_epochs,
    format_gap,
    format_interval,
    format_metric,
    format_number,
    format_share,
)

__all__ = [
    "NO_HALF_WAY",
    "describe_training",
    "format_baselines",
    "format_duration",
    "format_epochs",
    "format_gap",
    "format_interval",
    "format_metric",
    "format_number",
    "format_share",
]
