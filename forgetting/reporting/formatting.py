"""Numbers for people, as short texts: one rule for each kind of number.

A negative number has a minus sign (U+2212), a range an en dash, thousands a comma. Between a number and its unit, "%"
as well, stands a space at which no line breaks. Shares have whole percents, losses and scores two decimals; what is
next to 0 or 100 % has as many digits as it takes, and zero has no sign.
"""

import math
from collections.abc import Iterable

from forgetting.core.numbers import NO_BREAK, PERCENT, format_share
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.paired import PairedChange

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SHARES = ("accuracy", "share", "agreement")  # which of them is in the name of a metric, in code or not, is a share


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
        power = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}"
        return _with_minus(f"{float(digits):g}{NO_BREAK}×{NO_BREAK}{power}")
    return _with_minus(f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value + 0.0:,.2f}")  # of -0.0 it makes 0.0


def _with_minus(text: str) -> str:
    """The text of a number with a true minus sign, which is as wide as a plus."""
    return text.replace("-", "−")


def format_metric(metric: str, value: float | None) -> str:
    """A metric by its name: an accuracy or another share as a percentage, steps as they are, any other as a number."""
    if metric.endswith("steps") and value is not None and not math.isnan(value):
        return f"{value:,g}"
    return format_share(value) if any(word in metric for word in SHARES) else format_number(value)


def format_gap(metric: str, gap: float) -> str:
    """A gap between two values of a metric, with its sign: of accuracies in percentage points.

    Args:
        metric: Name of the metric.
        gap: The difference; "missing" for NaN.
    """
    if math.isnan(gap):
        return "missing"
    if metric.endswith("accuracy"):
        return format_points(100 * gap, with_plus=True)
    return _with_minus(f"{gap:+,g}") if metric.endswith("steps") and gap == round(gap, 1) else _signed(gap, 2)


def format_p(p: float) -> str:
    """A p-value: "0.031", "under 0.001", "–" for NaN."""
    return "–" if math.isnan(p) else f"under{NO_BREAK}0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def format_points(points: float, *, with_plus: bool = False) -> str:
    """A number of percentage points: "16 points", "0.3 points", "1 point".

    Args:
        points: The number.
        with_plus: Whether a number above 0 has its sign, too.
    """
    text = _signed(points, 0)
    unit = "point" if text.lstrip("+−") == "1" else "points"
    return f"{text if with_plus else text.removeprefix('+')}{NO_BREAK}{unit}"


def format_step(before: float, after: float, digits: int = 0) -> str:
    """The points from one share to another, with their sign, in whole points where the shares beside them show as many.

    84.4 % and 85.6 % are shown as "84 %" and "86 %". The step is "+1.2 points" then, as neither "+1" nor "+2" would do.

    Args:
        before: The first share.
        after: The second.
        digits: Decimals that the step has at least, see `change_digits`.
    """
    first, second = (float(format_share(share).removesuffix(PERCENT)) for share in (before, after))
    step = 100 * (after - before)
    fits = abs(step) < 0.5 if first == second else round(step) == round(second - first)
    digits = max(digits, 0 if fits else 1)
    return f"{_signed(step, digits)}{NO_BREAK}points" if digits else format_points(step, with_plus=True)


def format_change(change: PairedChange, before: float, after: float) -> str:
    """A change of accuracy with its interval: "−12 points (95 % interval −51 to +28)"; see `format_step`."""
    step = format_step(before, after, change_digits(change.low, change.high))
    return f"{step} ({format_change_interval(change.low, change.high)})"


def change_digits(low: float, high: float) -> int:
    """How many decimals points have in an interval of a change: one where it is narrower than 2 points."""
    return int(high - low < 0.02)


def format_change_interval(low: float, high: float, *, with_plus: bool = True) -> str:
    """The 95 % interval of a change of accuracy, in points: "95 % interval −51 to +28".

    Args:
        low: Lower end, in [−1, 1].
        high: Upper end.
        with_plus: Whether numbers above 0 have their sign, too.
    """
    ends = [_signed(100 * end, change_digits(low, high)) for end in (low, high)]
    return f"95{PERCENT} interval {' to '.join(end if with_plus else end.removeprefix('+') for end in ends)}"


def _signed(value: float, digits: int) -> str:
    """A number with its sign, which zero has not, and more digits where it would else be shown as zero."""
    if 0 < abs(value) < 0.5 * 10**-digits:
        return _with_minus(f"{value:+.1g}")
    return _with_minus(f"{value:+.{digits}f}" if value else f"{0:.{digits}f}")


def format_interval(low: float | None, high: float | None) -> str:
    """An interval of shares: "73–84 %"; of an end alone "from 73 %" or "up to 84 %", and of none an empty text."""
    if low is None or high is None:
        return "" if low == high else f"up to {format_share(high)}" if low is None else f"from {format_share(low)}"
    return f"{format_share(low).removesuffix(PERCENT)}–{format_share(high)}"


def format_epochs(count: int) -> str:
    """A number of epochs: "1 epoch", "2 epochs"."""
    return "1 epoch" if count == 1 else f"{count:,} epochs"


def format_count(count: int, noun: str) -> str:
    """A number of things: "1 seed", "1,200 seeds"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_product(sizes: Iterable[tuple[int, str]]) -> str:
    """A product of numbers of things: "4 methods × 3 layer sets × 1 seed"."""
    return " × ".join(format_count(*size) for size in sizes)


def format_about(count: int) -> str:
    """A number of reviews or seeds that would be needed, rounded up to two digits: "about 130"."""
    unit = 10 ** max(0, len(str(count)) - 2)
    return f"about {-(-count // unit) * unit:,}"


def format_duration(seconds: float) -> str:
    """An estimated duration: "about 3 s", "about 2 min", "about 5 h"."""
    if seconds < 1:
        return f"under 1{NO_BREAK}s"
    if seconds < 90:
        return f"about {seconds:.0f}{NO_BREAK}s"
    minutes = seconds / 60
    return f"about {minutes:.0f}{NO_BREAK}min" if minutes < 120 else f"about {minutes / 60:.0f}{NO_BREAK}h"


def format_seconds(seconds: float) -> str:
    """A measured duration: "3.2 s"."""
    if 0 < seconds < 0.05:
        return f"under 0.1{NO_BREAK}s"
    return f"{seconds:.1f}{NO_BREAK}s"


def join_names(names: Iterable[str], last: str = "and") -> str:
    """Names as a list: "a, b and c".

    Args:
        names: At least one.
        last: The word before the last one.
    """
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end


def format_baselines(baselines: Baselines) -> str:
    """The trivial accuracies on the validation part, which stand beside every accuracy there."""
    shares = {"chance is": baselines.chance, "the largest class": baselines.majority["validation"]}
    return ", ".join(
        f"{name} {'not known' if math.isnan(share) else format_share(share)}" for name, share in shares.items()
    )
