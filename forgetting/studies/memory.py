"""Whether a randomized model remembers: what the savings of several replicates say.

A run that never reaches its target counts like any other: it takes longer than all that do.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forgetting.metrics.intervals import BAND_QUANTILES, median_interval, seed_bands
from forgetting.metrics.multiplicity import benjamini_hochberg
from forgetting.metrics.paired import POWER, SIGNIFICANT, sign_test
from forgetting.randomization.schemes import DETERMINISTIC
from forgetting.studies.time_to_target import ROUNDING

VARIANT_KEYS = ["layers", "scheme", "dose"]  # what distinguishes one variant from another
LEAST_UNITS = 5  # of the sign test: with fewer it cannot be passed
MEMORY_SHOWN = ("remembers", "one model")  # conclusions of savings that are above 0
LEAST = -1e300  # stands for −∞ where a quantile is interpolated; whatever that gives stays below LOW
LOW = -1e200


@dataclass(frozen=True)
class MemoryConclusion:
    """Whether a randomized model remembers, from the savings of several replicates; see `conclude_memory`.

    "gone" is no proof that nothing is left: few units show large savings alone, and weights of a scale that hinders
    learning (scheme "normal") hide what is left.

    Attributes:
        conclusion: "remembers", savings are above 0; "gone", that cannot be shown with so many units; "too few seeds",
            fewer than LEAST_UNITS; "one model", savings are above 0, but all seeds leave the same randomized model, so
            that it may be the luck of its weights; "hollow", they are, but the original is not shown to know anything;
            "untouched", randomizing left every weight as it was; "undefined", no unit can be compared.
        median: Median of the savings, in [−∞, 1], with the lowest that the runs allow where one never arrives; None
            where no unit can be compared.
        median_high: Median with the highest savings that they allow; the same where the median is known.
        low: 5th percentile of the lowest savings.
        high: 95th percentile of the lowest savings.
        interval: 90 % interval of the median over the units, of splits of their medians, see `median_interval`; None
            where the units are too few.
        log_ratio: Median of log(steps from scratch / steps to relearn), in [−∞, ∞], with the lowest savings.
        log_ratio_high: The same with the highest savings.
        units: Number of units that can be compared.
        above: In how many of them the randomized model is the sooner one.
        p: p-value of the test; NaN of what is untouched, as there is nothing to test.
        unit: What is counted: "split", "model" or "seed"; see `find_unit`.
        originals: Number of original models.
        splits: Number of splits.
    """

    conclusion: str
    median: float | None
    median_high: float | None
    low: float | None
    high: float | None
    interval: tuple[float, float] | None
    log_ratio: float | None
    log_ratio_high: float | None
    units: int
    above: int
    p: float
    unit: str
    originals: int
    splits: int


def find_unit(rows: pd.DataFrame) -> str:
    """What the replicates of a variant are replicates of, which are the units that a conclusion counts.

    Args:
        rows: With the columns "split" and "original_seed".

    Returns:
        "split" where there are LEAST_UNITS splits or more, or each replicate has an original of its own on several:
        replicates on one split share its reviews, so they are one unit, and what is concluded holds for splits. "model"
        where each replicate on one split has an original of its own. Else "seed": the replicates are draws of one
        model, or of one on each of few splits, and what is concluded holds for these models alone.
    """
    splits, originals = _count_originals(rows)
    return name_unit(splits, own=1 < originals == len(rows))


def name_unit(splits: int, *, own: bool) -> str:
    """What the replicates of a plan are replicates of, see `find_unit`.

    >>> name_unit(1, own=True), name_unit(3, own=True), name_unit(3, own=False)
    ('model', 'split', 'seed')

    Args:
        splits: Number of splits.
        own: Whether each replicate has an original of its own.
    """
    if splits >= LEAST_UNITS or (own and splits > 1):
        return "split"
    return "model" if own else "seed"


def _count_originals(rows: pd.DataFrame) -> tuple[int, int]:
    """The numbers of splits and of original models."""
    pairs = set(zip(rows["split"].tolist(), rows["original_seed"].tolist(), strict=True))
    return len({split for split, _ in pairs}), len(pairs)


def conclude_memory(rows: pd.DataFrame, *, same_model: bool = False, hollow: bool = False) -> MemoryConclusion:
    """Conclude from the replicates of one variant whether it remembers, by a one-sided sign test.

    Under the null hypothesis the model from scratch is as often the sooner one as the randomized one, see `sign_test`.
    A model that never reaches its target is later than one that does; where neither does, nothing is known of that
    replicate, and it is left out. Each variant has its own test here; of many, see `correct_conclusions`.

    Args:
        rows: The replicates, with the columns "steps", "scratch_steps" (NaN for never), "savings_low" (NaN for −∞),
            "savings_high" (NaN where the target says nothing), "split", "original_seed" and "untouched".
        same_model: Whether all seeds leave the same randomized model, see `leaves_one_model`. It is of no interest
            where they are no draws of one model.
        hollow: Whether the original is not shown to be better than a trivial model: nothing is called memory then.
    """
    unit, (splits, originals) = find_unit(rows), _count_originals(rows)
    names = ("steps", "scratch_steps", "savings_low", "savings_high", "split")
    table = np.array([rows[name].to_numpy(dtype=float) for name in names])
    steps, scratch, low, high, split = table[:, ~np.isnan(table[3])]
    steps, scratch, low = (
        np.where(np.isnan(one), far, one)
        for one, far in zip((steps, scratch, low), (math.inf, math.inf, -math.inf), strict=True)
    )
    with np.errstate(invalid="ignore"):
        signs = np.sign(scratch - steps)  # NaN where neither arrives
    ends = [low, high]
    if unit == "split":
        known = ~np.isnan(signs)
        groups = [split == one for one in np.unique(split)]
        signs = np.array([np.sign(signs[own & known].sum()) if (own & known).any() else np.nan for own in groups])
        ends = [np.array([np.median(values[own]) for own in groups]) for values in ends]
    units, above = int(np.count_nonzero(~np.isnan(signs))), int((signs > 0).sum())
    if not units:
        return MemoryConclusion("undefined", *[None] * 7, 0, 0, 1.0, unit, originals, splits)
    untouched = bool(rows["untouched"].all())
    p = math.nan if untouched else sign_test(above, above + int((signs < 0).sum()))
    shares = (BAND_QUANTILES[0], 0.5, BAND_QUANTILES[1])
    lowest, median, highest = (
        float(found) if found > LOW else -math.inf for found in np.quantile(np.maximum(low, LEAST), shares)
    )
    intervals = [median_interval(values) for values in ends]
    most = float(np.median(high))
    one = "one model" if same_model and unit == "seed" else "remembers"
    return MemoryConclusion(
        conclusion="untouched" if untouched else _conclude(p, units, "hollow" if hollow else one),
        median=median,
        median_high=most,
        low=lowest,
        high=highest,
        interval=(intervals[0][0], intervals[1][1]) if intervals[0] else None,
        log_ratio=_log_ratio(median),
        log_ratio_high=_log_ratio(most),
        units=units,
        above=above,
        p=p,
        unit=unit,
        originals=originals,
        splits=splits,
    )


def _conclude(p: float, units: int, above: str) -> str:
    """above: the conclusion where savings are above 0."""
    if units < LEAST_UNITS:
        return "too few seeds"
    return "gone" if p > SIGNIFICANT else above


def _log_ratio(savings: float) -> float:
    """The logarithm of the ratio of steps that savings mean: 1 − a / b becomes log(b / a)."""
    return math.inf if savings == 1 else -math.log1p(-savings)


def leaves_one_model(scheme: str, dose: float) -> bool:
    """Whether all seeds leave the same randomized model: they are no replicates of how it was randomized."""
    return scheme in DETERMINISTIC and dose == 1


def savings_curves(frame: pd.DataFrame, *, hollow: bool = False) -> pd.DataFrame:
    """The savings of each variant over its replicates.

    Args:
        frame: Table of `RelearningResult.frame`.
        hollow: See `conclude_memory`.

    Returns:
        A row for each variant with the columns layers, scheme and dose;
        seeds, how many have savings that are a number; low, median and high of the lowest savings that the runs allow,
        −∞ where too many never arrive;
        accuracy, the median right after randomizing;
        already_there, never and diverged, the numbers of replicates with that outcome;
        failed, those that are never there or diverge where the model from scratch reaches the target;
        conclusion, that of `conclude_memory` for this variant alone;
        median_high, interval_low, interval_high, log_ratio, log_ratio_high, unit, units, above and p, as in
        `MemoryConclusion`;
        adjusted, the p-value adjusted for all variants by `benjamini_hochberg`, and corrected, the conclusion by it.
    """
    low = frame["savings_low"].fillna(LEAST).where(frame["savings_high"].notna())
    found = seed_bands(frame.assign(savings_low=low), "savings_low", VARIANT_KEYS)
    found = found.mask(found < LOW, -math.inf)
    found["median_high"] = seed_bands(frame, "savings_high", VARIANT_KEYS)["median"]
    trivial = frame["target"] <= frame[["chance", "majority"]].max(axis=1) + ROUNDING
    failed = frame["outcome"].isin(["never", "diverged"]) & (frame["scratch_outcome"] == "reached") & ~trivial
    kinds = {kind.replace(" ", "_"): frame["outcome"] == kind for kind in ("already there", "never", "diverged")}
    groups = frame.assign(**kinds, failed=failed).groupby(VARIANT_KEYS, sort=False, observed=True)
    found["seeds"] = groups["savings"].count()
    found["accuracy"] = groups["accuracy"].median()
    found[[*kinds, "failed"]] = groups[[*kinds, "failed"]].sum().astype(int)
    concluded = [
        conclude_memory(rows, same_model=leaves_one_model(scheme, dose), hollow=hollow)
        for (_, scheme, dose), rows in groups
    ]
    for name in ("conclusion", "log_ratio", "log_ratio_high", "unit", "units", "above", "p"):
        found[name] = [getattr(one, name) for one in concluded]
    for place, name in enumerate(("interval_low", "interval_high")):
        found[name] = [one.interval[place] if one.interval else math.nan for one in concluded]
    found = found.reset_index().astype({"log_ratio": float, "log_ratio_high": float})
    found["adjusted"], found["corrected"] = correct_conclusions(found, benjamini_hochberg)
    return found


def correct_conclusions(
    curves: pd.DataFrame, adjust: Callable[[pd.Series], np.ndarray]
) -> tuple[np.ndarray, list[str]]:
    """Correct the conclusions of several variants for their number.

    Variants of which every weight was left as it was are no findings, so they do not count and keep their conclusion.

    Args:
        curves: Rows of `savings_curves`.
        adjust: `holm` where findings are named one by one, `benjamini_hochberg` where many stand side by side.

    Returns:
        The adjusted p-values, NaN of variants that do not count; and the conclusions, "gone" where memory is shown by
        the variant's own test alone.
    """
    adjusted = adjust(curves["p"].where(curves["units"] > 0))
    conclusions = [
        "gone" if conclusion in MEMORY_SHOWN and p > SIGNIFICANT else conclusion
        for conclusion, p in zip(curves["conclusion"], adjusted, strict=True)
    ]
    return adjusted, conclusions


def units_needed(tests: int = 1) -> int:
    """How many units so many findings need to be shown at all, if every one has savings above 0 in each unit.

    >>> units_needed(), units_needed(3)
    (5, 6)

    Args:
        tests: Number of findings that are named side by side, corrected by `holm`.
    """
    return math.ceil(math.log2(tests / SIGNIFICANT))


def smallest_share(units: int, tests: int = 1, power: float = POWER) -> float | None:
    """The smallest share of models with savings above 0 that so many units would show, at 5 % and with a given power.

    Args:
        units: Number of models, splits or seeds.
        tests: Number of findings that are named side by side; the first of them by `holm`.
        power: Probability with which the memory is to be found, in (0, 1).

    Returns:
        The share, in (0.5, 1); None where not even savings above 0 in all of them would be found.
    """
    from scipy.special import betaincinv  # which only a plan asks for

    fewest = next((count for count in range(units + 1) if tests * sign_test(count, units) <= SIGNIFICANT), None)
    # P(at least k of n) is the incomplete beta function of k and n − k + 1 at the share.
    return None if fewest is None else float(betaincinv(fewest, units - fewest + 1, power))
