"""How sure a number is: intervals of accuracies and of areas over reviews, and bands over seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.optimize import brentq


def wilson_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a share (Wilson 1927, JASA 22, 209–212), in [0, 1]."""
    z, share = NormalDist().inv_cdf((1 + level) / 2), hits / trials
    middle = share + z**2 / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    low, high = ((middle + side * half) / (1 + z**2 / trials) for side in (-1, 1))
    return max(low, 0.0) if hits else 0.0, min(high, 1.0) if hits < trials else 1.0


BAND_QUANTILES = (0.05, 0.95)


@dataclass(frozen=True)
class Band:
    """Median of a figure over seeds, with its 5th and 95th percentile."""

    median: float
    low: float
    high: float


def median_band(values: Sequence[float]) -> Band:
    """Median of values with their 5–95 % band; NaN where there are none."""
    if not len(values):
        return Band(math.nan, math.nan, math.nan)
    return Band(float(np.median(values)), *map(float, np.quantile(values, BAND_QUANTILES)))


def seed_bands(frame: pd.DataFrame, metric: str, by: Sequence[str]) -> pd.DataFrame:
    """Median and 5–95 % band of a column in each group, and in "seeds" how many have it; NaN where none has.

    Groups are in the order of the rows.
    """
    groups = frame.groupby(list(by), sort=False, observed=True)[metric]
    found = groups.count().to_frame("seeds")
    for name, share in (("low", BAND_QUANTILES[0]), ("median", 0.5), ("high", BAND_QUANTILES[1])):
        found[name] = groups.quantile(share)
    return found


def auc_interval(area: float, members: int, unseen: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of an area under the ROC curve, in [0, 1]: method 5 of Newcombe 2006 (Stat. Med. 25, 559–573).

    Its ends are the θ with |θ − area| = z·√V(θ), where V is the variance of Hanley & McNeil 1982 (Radiology 143,
    29–36) with both sizes less one replaced by N* = (members + unseen) / 2 − 1. So it is of use at 0 and 1, too.
    """
    # V is the same for θ and 1 − θ, so the upper end mirrors the lower one of the mirrored area.
    low, above = (_lower_end(share, members, unseen, level) for share in (area, 1 - area))
    return low, 1 - above


def _lower_end(area: float, members: int, unseen: int, level: float) -> float:
    z, both = NormalDist().inv_cdf((1 + level) / 2), (members + unseen) / 2 - 1

    def excess(theta: float) -> float:
        spread = 1 + both * (1 - theta) / (2 - theta) + both * theta / (1 + theta)
        return (theta - area) ** 2 - z**2 * theta * (1 - theta) * spread / (members * unseen)

    # For an area of 1, 1 itself solves the equation, but is not the end that is looked for.
    return brentq(excess, 0.0, min(area, math.nextafter(1, 0)))
