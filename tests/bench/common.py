"""What the measurements share: the data they run on, and a table."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(ROOT / part) for part in ("", "tests", "tests/browser")
]  # so that each script runs by its path alone


def original_file() -> Path | None:
    """The original data file, which is not part of the project: WINE_REVIEWS, or beside the checkout."""
    path = Path(os.environ.get("WINE_REVIEWS", ROOT.parent / "shared" / "data" / "wine_review.csv"))
    if path.is_file():
        return path
    print(f"The original file is not at {path} (set WINE_REVIEWS to its path): the synthetic sample stands in for it.")
    return None


def processor_seconds(process: int) -> float:
    """Processor time that a process has used so far, in steps of the system's clock."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def draw_words(random: np.random.Generator, count: int, words: int, exponent: float = 1.0) -> np.ndarray:
    """`count` word numbers below `words`, by Zipf: the word of rank r is drawn in proportion to 1 / r^exponent."""
    cumulated = np.cumsum(np.arange(1, words + 1) ** -exponent)
    return np.searchsorted(cumulated, random.random(count) * cumulated[-1])


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with its first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for first, *others in (heads, ["-" * width for width in widths], *rows):
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]).rstrip())
