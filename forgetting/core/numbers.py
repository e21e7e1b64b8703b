"""Shares and sizes as short texts, by the one rule that `reporting.formatting` states and has the other kinds of."""

import math
import re

NO_BREAK = "\u00a0"  # the space between a number and its unit, at which no line breaks
PERCENT = f"{NO_BREAK}%"
BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|(?:points?|s|min|kB|MB)\b)")


def keep_units(text: str) -> str:
    """A text that was typed, with each number on one line with its unit."""
    return BEFORE_UNIT.sub(NO_BREAK, text)


def format_share(share: float | None, digits: int = 0) -> str:
    """A share as a percentage: "58 %", "99.7 %".

    Next to 0 and 1 it has more decimals, so that nothing which differs from them is shown as them. What rounding alone
    keeps from 1 is 1.

    Args:
        share: In [0, 1], or a change of something as a share of it, which may be below 0; "missing" for None and NaN.
        digits: Decimals at the least; 0 and 1 have none.
    """
    if share is None or math.isnan(share):
        return "missing"
    if share < 0:
        return f"−{format_share(-share, digits)}"
    if 1 - 1e-12 < share < 1:  # nearer than any count of reviews: a mean that was summed in chunks
        share = 1.0
    if share in (0, 1):
        digits = 0
    elif 0 < share < 0.01 or 0.99 < share < 1:
        digits = max(digits, math.ceil(-math.log10(100 * min(share, 1 - share))), 1)
    return f"{100 * share + 0.0:.{digits}f}{PERCENT}"


def format_size(size: int) -> str:
    """A number of bytes: `format_size(209_715_200)` is "200 MB"."""
    for factor, unit in ((1024**2, "MB"), (1024, "kB")):
        if size >= factor:
            return f"{float(f'{size / factor:.3g}'):,g}{NO_BREAK}{unit}"
    return f"{size:,} bytes"
