"""Numbers for people, as short texts: one rule for each kind of number.

A negative number has a minus sign (U+2212), a range an en dash, thousands a comma, a percentage a space before "%".
Shares have whole percents, losses and scores two decimals; what is next to 0 or 100 % has as many digits as it takes.
"""

import math

from forgetting.metrics.baselines import Baselines

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_share(share: float | None, digits: int = 0) -> str:
    """A share as a percentage: "58 %", "99.7 %".

    Next to 0 and 1 it has more decimals, so that nothing which differs from them is shown as them.

    Args:
        share: In [0, 1]; "missing" for None and NaN.
        digits: Decimals at the least.
    """
    if share is None or math.isnan(share):
        return "missing"
    if 0 < share < 0.01 or 0.99 < share < 1:
        digits = max(digits, math.ceil(-math.log10(100 * min(share, 1 - share))), 1)
    return f"{100 * share:.{digits}f} %"


def format_fraction(fraction: float) -> str:
    """A fraction randomized: "40 %", and one decimal where it is no whole percent."""
    return format_share(fraction, 0 if round(100 * fraction, 6) % 1 == 0 else 1)


def format_number(value: float | None) -> str:
    """A loss or a score: "−0.50", "1,234.50", two digits where it is small; "missing" for None and NaN."""
    if value is None or math.isnan(value):
        return "missing"
    if not math.isfinite(value):
        return _with_minus(f"{value}".replace("inf", "∞"))
    if abs(value) >= 1e5 or 0 < abs(value) < 1e-3:
        digits, exponent = f"{value:.2e}".split("e")
        return _with_minus(f"{float(digits):g} × 10{str(int(exponent)).translate(SUPERSCRIPTS)}")
    return _with_minus(f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:,.2f}")


def _with_minus(text: str) -> str:
    """The text of a number with a true minus sign, which is as wide as a plus."""
    return text.replace("-", "−")


def format_metric(metric: str, value: float | None) -> str:
    """A metric by its name: an accuracy as a percentage, any other as a number."""
    return format_share(value) if metric.endswith("accuracy") else format_number(value)


def format_gap(metric: str, gap: float) -> str:
    """A gap between two values of a metric, with its sign: of accuracies in percentage points.

    Args:
        metric: Name of the metric.
        gap: The difference; "missing" for NaN.
    """
    if math.isnan(gap):
        return "missing"
    value, digits, unit = (100 * gap, 0, " points") if metric.endswith("accuracy") else (gap, 2, "")
    small = 0 < abs(value) < 0.5 * 10**-digits  # which would be shown as none
    signed = f"{value:+.1g}" if small else f"{value:+.{digits}f}"
    return _with_minus(signed) + unit


def format_interval(low: float | None, high: float | None) -> str:
    """An interval of shares: "73–84 %"; of an end alone "from 73 %" or "up to 84 %", and of none an empty text."""
    if low is None or high is None:
        return "" if low == high else f"up to {format_share(high)}" if low is None else f"from {format_share(low)}"
    return f"{format_share(low).removesuffix(' %')}–{format_share(high)}"


def format_epochs(count: int) -> str:
    """A number of epochs: "1 epoch", "2 epochs"."""
    return "1 epoch" if count == 1 else f"{count:,} epochs"


def format_count(count: int, noun: str) -> str:
    """A number of things: "1 seed", "1,200 seeds"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_duration(seconds: float) -> str:
    """An estimated duration: "about 3 s", "about 2 min"."""
    if seconds < 1:
        return "under 1 s"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def format_baselines(baselines: Baselines) -> str:
    """The trivial accuracies on the validation part, which stand beside every accuracy there."""
    return (
        f"chance is {format_share(baselines.chance)}, the largest class "
        f"{format_share(baselines.majority['validation'])}"
    )
