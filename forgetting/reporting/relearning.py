"""Is it really gone? What relearning shows, as sentences. Each accuracy stands beside its baseline."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forgetting.core.numbers import PERCENT
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.multiplicity import holm
from forgetting.recipe.plans import Relearning
from forgetting.reporting.formatting import format_baselines, format_count, format_number, format_share
from forgetting.reporting.names import format_scheme
from forgetting.studies.memory import (
    LEAST_UNITS,
    MEMORY_SHOWN,
    MemoryConclusion,
    conclude_memory,
    correct_conclusions,
    name_unit,
    smallest_share,
    units_needed,
)
from forgetting.studies.relearning import LearningCurve

CONCLUSIONS = {  # in words, by the conclusion of a MemoryConclusion: short, and as the beginning of a sentence
    "remembers": ("remembers", "It still remembers"),
    "gone": ("no memory shown", "No memory can be shown"),
    "too few seeds": ("too few {unit}s", "There are too few {unit}s to decide"),
    "one model": ("undecided", "It is undecided: all seeds leave the same model, whose weights may be lucky ones"),
    "untouched": ("nothing randomized", "Randomizing left every weight as it was, so there was nothing to forget"),
    "hollow": ("undecided", "It is undecided whether it remembers: the original is not shown to have known anything"),
    "undefined": ("undecided", "It is undecided whether it remembers: neither model gets there"),
}


def name_conclusion(conclusion: str, unit: str) -> str:
    """The conclusion of a `MemoryConclusion` in a few words, for tables. unit: what it counts."""
    return CONCLUSIONS[conclusion][0].format(unit=unit)


def conclude_from_curves(outcomes: pd.DataFrame, *, same_model: bool = False, hollow: bool = False) -> MemoryConclusion:
    """Whether the randomized models still remember, over their replicates.

    Args:
        outcomes: See `RelearningResult.outcomes`.
        same_model: Whether all seeds leave the same randomized model; see `conclude_memory`.
        hollow: See there, too.
    """
    return conclude_memory(outcomes[outcomes["model"] == "randomized"], same_model=same_model, hollow=hollow)


def describe_relearning(
    curves: Sequence[LearningCurve],
    outcomes: pd.DataFrame,
    target: str,
    baselines: Baselines,
    *,
    same_model: bool = False,
    hollow: bool = False,
) -> str:
    """Whether a randomized model still remembers.

    Args:
        curves: Learning curves of all models and replicates, at least one.
        outcomes: Of the same result; see `conclude_from_curves`.
        target: What was randomized, in words.
        baselines: Of the split.
        same_model: Whether all seeds leave the same randomized model; see `conclude_memory`.
        hollow: See there, too.
    """
    randomized = [curve for curve in curves if curve.model == "randomized"]
    after = [curve.points[0].validation.accuracy for curve in randomized if curve.points]
    if not after:
        return "There is no randomized model to compare yet, or its outputs are not finite numbers."
    trivial = f"chance {format_share(baselines.chance)}, largest class {format_share(baselines.majority['validation'])}"
    of = f" in the median of {len(after)} models" if len(after) > 1 else ""
    text = (
        f"After randomizing {target} validation accuracy is {format_share(float(np.median(after)))}{of} ({trivial}). "
    )
    if all(curve.target_accuracy.missing for curve in randomized):
        return text + f"Savings are undefined: {randomized[0].target_accuracy.missing}."
    memory = conclude_from_curves(outcomes, same_model=same_model, hollow=hollow)
    targets = [curve.target_accuracy.target for curve in randomized]
    times = (describe_steps(curves, name) for name in ("randomized", "scratch"))
    text += f"To reach {format_share(float(np.median(targets)))} it takes {{}}, and from scratch {{}}.".format(*times)
    if memory.median is not None:
        text += f" The savings are {format_savings(memory.median, memory.median_high)}{_spread(memory)}."
    text += f" {CONCLUSIONS[memory.conclusion][1].format(unit=memory.unit)}"
    if memory.conclusion in ("remembers", "gone"):
        return f"{text} (sign test over {describe_units(memory)}, p = {memory.p:.2g})."
    if memory.conclusion == "too few seeds":
        return f"{text}: {memory.units} of the {LEAST_UNITS} needed."
    return f"{text}."


def describe_units(memory: MemoryConclusion) -> str:
    """What a conclusion counts, and so what it holds for: "6 models on this split", "6 seeds of this model"."""
    counted = format_count(memory.units, memory.unit)
    if memory.unit == "split":
        return counted
    if memory.unit == "model":
        return f"{counted} on this split"
    return f"{counted} of {'this model' if memory.originals == 1 else f'these {memory.originals} models'}"


def format_savings(low: float, high: float) -> str:
    """Savings of which one run, or both, may never have reached the target: "0.75", "at least 0.75", "at most −0.50".

    Args:
        low: The lowest that the runs allow, in [−∞, 1].
        high: The highest.
    """
    return _format_range(low, high, 1.0)


def format_savings_interval(low: float, high: float) -> str:
    """The interval of a median of savings, whose lower end may be −∞: "0.25 to 0.75"; "none" for NaN."""
    return "none" if math.isnan(low) else f"{format_number(low)} to {format_number(high)}"


def format_log_ratio(low: float, high: float) -> str:
    """The log ratio of steps as `format_savings` gives the savings; it has no highest value."""
    return _format_range(low, high, math.inf)


def _format_range(low: float, high: float, most: float) -> str:
    if low == high or math.isnan(low):
        return format_number(low)
    if math.isinf(low):
        return f"at most {format_number(math.ceil(100 * high) / 100)}" if high < most else "not known"
    low = math.floor(100 * low) / 100  # which rounding would raise, and then it were no longer certain
    return f"at least {format_number(low)}" if high == most else f"{format_number(low)} to {format_number(high)}"


def _spread(memory: MemoryConclusion) -> str:
    """The interval of the median, or the band where there are too few units for one; "" where no end is known."""
    if memory.units == 1 or (not memory.interval and math.isinf(memory.low) and math.isinf(memory.high)):
        return ""
    ends, name = memory.interval or (memory.low, memory.high), f"90{PERCENT} interval" if memory.interval else "band"
    return f" ({name} {{}} to {{}})".format(*map(format_number, ends))


def describe_steps(curves: Sequence[LearningCurve], model: str) -> str:
    """How many steps these models take, in words: the median, in which those that never arrive count.

    Args:
        curves: Learning curves.
        model: "randomized" or "scratch".
    """
    times = [curve.time_to_target for curve in curves if curve.model == model]
    failed = sum(time.steps is None for time in times)
    if all(time.kind == "diverged" for time in times):
        return "endlessly long, as training diverges"
    median = float(np.median([time.duration for time in times]))
    limit = max(time.limit for time in times)
    text = f"more than {limit:,} steps" if math.isinf(median) else f"{median:,.10g} step{'s' * (median != 1)}"
    return text + (f" ({failed} of {len(times)} never get there)" if 0 < failed < len(times) else "")


def describe_savings(curves: pd.DataFrame, frame: pd.DataFrame, baselines: Baselines) -> str:
    """What savings are left at the largest dose, where accuracy alone would say that all is forgotten.

    The conclusions are corrected for as many as stand there, by `holm`, as they are named one by one.

    Args:
        curves: See `savings_curves`; the first six layer sets are listed.
        frame: Of the same result, with the column "accuracy_before".
        baselines: Of the split.
    """
    last = curves[curves["dose"] == curves["dose"].max()]
    adjusted, conclusions = correct_conclusions(last, holm)
    parts = []
    for row, conclusion in list(zip(last.itertuples(), conclusions, strict=True))[:6]:
        known = not np.isnan(row.median)
        savings = f"with savings of {format_savings(row.median, row.median_high)}" if known else "without savings"
        short = name_conclusion(conclusion, row.unit)
        parts.append(f"{format_share(row.accuracy)} for {row.layers}, {savings} ({short})")
    more = f", and {len(last) - 6} more" if len(last) > 6 else ""
    largest = format_share(curves["dose"].max())
    text = (
        f"Right after randomizing {largest} ({format_scheme(last['scheme'].iloc[0])}) validation accuracy is "
        f"{'; '.join(parts)}{more}. Before it was {format_share(frame['accuracy_before'].median())}, "
        f"{format_baselines(baselines)}."
    )
    alone = sum(before in MEMORY_SHOWN for before in last["conclusion"]) - sum(
        after in MEMORY_SHOWN for after in conclusions
    )
    if alone:
        tests, (units, unit) = int(np.isfinite(adjusted).sum()), last[["units", "unit"]].iloc[0]
        needed = units_needed(tests)
        remedy = f": {format_count(units, unit)} cannot show any of so many, {needed} could" if units < needed else ""
        text += f" Memory of {alone} of these {tests} would be shown alone, but not beside the others{remedy}."
    return text


def describe_relearning_power(plan: Relearning, variants: int = 1) -> str:
    """What a study of relearning could show at best, before it starts.

    Args:
        plan: The plan.
        variants: Number of findings that will be named side by side, such as the layer sets of the savings.
    """
    unit = name_unit(plan.splits, own=plan.retrain or plan.seeds == 1 < plan.splits)
    units = plan.splits if unit == "split" else plan.splits * plan.seeds
    share, counted = smallest_share(units, variants), format_count(units, unit)
    together = f", for each of {variants} variants named together" if variants > 1 else ""
    if share is None:
        return (
            f"With {counted} it cannot be shown that anything is left{together}, even if all of them save steps: it "
            f"takes {units_needed(variants)}."
        )
    return (
        f"With {counted} what is left is found in 8 of 10 such studies if {format_share(share)} of all {unit}s "
        f"save steps{together}."
    )
