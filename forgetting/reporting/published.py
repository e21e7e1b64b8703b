"""The published table beside its re-runs, in sentences."""

from collections.abc import Mapping

from forgetting.core.numbers import PERCENT
from forgetting.experiment.published import PUBLISHED_METRICS, PUBLISHED_MODELS, REFERENCE_SEEDS
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.reporting.formatting import format_count, format_share

PUBLISHED_METRIC_TITLES = {"loss": "loss", "bitwise_accuracy": "bitwise accuracy", "accuracy": "top-1 accuracy"}
PLACE_TITLES = {"below": "▼ below all", "between": "between", "above": "▲ above all", None: "not published"}
PUBLISHED_KEYS = [(model, part, metric) for model in PUBLISHED_MODELS for part, metric in PUBLISHED_METRICS]


def describe_reruns(summary: Mapping) -> str:
    """Where the published metrics lie among the re-runs, and what the table hides.

    Args:
        summary: What `summarize_runs` returns.
    """
    always_no = summary["always_no"]
    top, chance = summary["original"]["validation"]["accuracy"]["median"], 1 - always_no
    return (
        f"{describe_places(summary)} Always answering “no” scores {format_share(always_no, 1)}, and the true name is "
        f"predicted for {format_share(top, 1)} of the validation reviews (median), where chance is "
        f"{format_share(chance, 1)}."
    )


def describe_places(summary: Mapping) -> str:
    """How many published metrics lie among the re-runs, and what it says that one does not.

    Args:
        summary: What `summarize_runs` returns.
    """
    within = sum(summary["within"][model][part][metric] for model, part, metric in PUBLISHED_KEYS)
    between = sum(summary[model][part][metric]["place"] == "between" for model, part, metric in PUBLISHED_KEYS)
    by_chance, reruns = summary["outside_by_chance"], format_count(summary["seeds"], "re-run")
    weak = ": with so few, being outside says little" if by_chance > SIGNIFICANT else ""
    return (
        f"Of the {len(PUBLISHED_KEYS)} published metrics {within} lie in the middle 95{PERCENT} of {REFERENCE_SEEDS} "
        f"re-runs, and {between} between the smallest and the largest of the {reruns} here. A further re-run would lie "
        f"outside these in {format_share(by_chance)} of the cases by chance alone, for each metric{weak}."
    )
