"""The accuracy over splits of the reviews, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forgetting.core.numbers import PERCENT
from forgetting.reporting.formatting import format_interval, format_share

if TYPE_CHECKING:
    from forgetting.studies.splits import SplitsSummary


def describe_splits(found: SplitsSummary, accuracy: float | None) -> str:
    """What models of one recipe reach on average over splits, beside the one on show.

    Args:
        found: Of all splits.
        accuracy: Validation accuracy of the model on show.
    """
    if found.low is None:
        return "There is no accuracy over splits: too few of their models have outputs that are finite numbers."
    shown = found.above[0] > 0
    return (
        f"Over {found.splits} splits of the reviews the same training reaches a validation accuracy of "
        f"{format_share(found.mean)} on average (95{PERCENT} interval {format_interval(found.low, found.high)}), "
        f"{'above' if shown else 'which is not shown to be above'} that of the largest class, "
        f"{format_share(found.majority)}. The split on show is one of them, with {format_share(accuracy)}."
    )


def describe_splits_under_way(done: int, planned: int, accuracy: float | None) -> str:
    """What the same says while it is computed, in about as many lines."""
    return (
        f"One split may be a lucky one: the same training on {planned} splits of the reviews into a training and a "
        f"validation part shows it, and {done} of them are done. The split on show has a validation accuracy of "
        f"{format_share(accuracy)}."
    )
