"""Numbers for people: shares, metrics, gaps and durations as short texts, by one rule each."""

import math

import numpy as np


def format_share(share: float | None, digits: int = 0) -> str:
    """A share in [0, 1] for people: "58 %", "99.7 %"; "missing" for None.

    Next to 0 and 1 it has more decimals, so that nothing which differs from them is shown as them.
    """
    if share is None or math.isnan(share):
        return "missing"
    if 0 < share < 0.01 or 0.99 < share < 1:
        digits = max(digits, math.ceil(-math.log10(100 * min(share, 1 - share))), 1)
    return f"{100 * share:.{digits}f} %"


def format_number(value: float | None) -> str:
    """A loss or a score for people: two decimals, two digits where it is small; "missing" for None."""
    if value is None:
        return "missing"
    if abs(value) >= 1e5:
        return f"{value:.3g}"
    return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:.2f}"


def format_epochs(count: int) -> str:
    """ "1 epoch", "2 epochs"."""
    return "1 epoch" if count == 1 else f"{count} epochs"


def format_duration(seconds: float) -> str:
    """An estimate for people: "about 3 s", "about 2 min"."""
    if seconds < 1:
        return "under 1 s"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def format_metric(metric: str, value: float) -> str:
    """A figure in words: accuracies in percent."""
    if np.isnan(value):
        return "missing"
    return format_share(value) if metric.endswith("accuracy") else format_number(value)


def format_gap(metric: str, gap: float) -> str:
    """A gap in words, with its sign: of accuracies in points of percent."""
    if np.isnan(gap):
        return "missing"
    value, digits, unit = (100 * gap, 0, " points") if metric.endswith("accuracy") else (gap, 2, "")
    small = 0 < abs(value) < 0.5 * 10**-digits  # which would be shown as none
    signed = f"{value:+.1g}" if small else f"{value:+.{digits}f}"
    return signed.replace("-", "−") + unit
