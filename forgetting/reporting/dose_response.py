"""Dose–response curves and the robustness of layers as sentences. Each accuracy stands beside its baseline.

That one layer set or scheme leaves less than another is said where it is shown with all pairs of them in view, and else
that it cannot be told.
"""

from collections.abc import Sequence

import pandas as pd

from forgetting.core.numbers import NO_BREAK
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.components import Component, Remedy
from forgetting.reporting.formatting import (
    format_baselines,
    format_count,
    format_duration,
    format_interval,
    format_number,
    format_points,
    format_share,
    join_names,
)
from forgetting.reporting.names import format_scheme
from forgetting.studies.differences import Difference
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.layer_robustness import DECIDED, LayerRobustness

NOTHING_TO_SHOW = (
    "There is no accuracy to show: no fraction reaches that change, or the outputs are not finite numbers."
)
NO_HALF_WAY = {  # what stands in place of a half-way dose where there is none, by its kind
    "never": "not reached up to {until}",
    "before": "reached before the smallest fraction",
    "unmeasured": "not measured yet",
    "undefined": "undefined",
    "hollow": "not told, as the original is not shown to be better than a trivial model,",
}
SERIES_WORDS = {"scheme": "scheme", "layers": "layer set"}
SOURCE_NAMES = {  # of the uncertainty, see `variance_components`
    "reviews": "the reviews",
    "draw": "the draw",
    "training": "training and the draw",
    "both": "both together",
    "split": "the split and its training",
    "overlap": "reviews that the splits share",
}
ABSENT_SOURCES = {  # what an interval does not hold, and the control that adds it
    "training": "of training (tick “Retrain for each seed”)",
    "split": "of the split (raise “Splits”)",
}
MOST_TOLD = 6  # layer sets of which each is told by itself
WORTH_IT = 0.1  # percent by which one percent more of something must narrow an interval to be advised


def describe_half_way(
    halves: Sequence[HalfWay], baselines: Baselines, before: float, scope: str, sources: Sequence[str] = ()
) -> str:
    """At which dose each layer set is half-way down to chance: its D50.

    Args:
        halves: One a curve; six are listed, those that are half-way down somewhere before the others.
        baselines: Of the split.
        before: Validation accuracy of the original model.
        scope: What the numbers are of, see `name_scope`.
        sources: What the intervals are over, see `NestedMeans.sources`; none where they are over seeds alone.
    """
    schemes, units = ({getattr(half, name) for half in halves} for name in ("scheme", "unit"))
    found, others, intervals = [], {}, False
    for half in sorted(halves, key=lambda half: half.dose is None)[:6]:
        name = half.layers + (f" by {format_scheme(half.scheme)}" if len(schemes) > 1 else "")
        name += f" ({half.unit}s)" if len(units) > 1 else ""
        if half.dose is None:
            others.setdefault(NO_HALF_WAY[half.kind].format(until=format_share(half.until)), []).append(name)
        else:
            interval = format_interval(half.low, half.high)
            intervals = intervals or bool(interval)
            found.append(f"{format_share(half.dose)} of {name}" + (f" ({interval})" if interval else ""))
    sentences = [f"{_accuracy(scope).capitalize()} is {format_share(before)}, where {format_baselines(baselines)}."]
    if found:
        sentences.append(f"It is half-way down to chance at {', '.join(found)}.")
    if intervals:
        sentences.append(f"The intervals hold the luck of {join_names(sources) if sources else 'the seeds alone'}.")
    if others:
        listed = (f"{why} for {join_names(names)}" for why, names in others.items())
        sentences.append(f"Half-way down is {'; '.join(listed)}.")
    if len(halves) > 6:
        sentences.append(f"{len(halves) - 6} more stand below.")
    return " ".join(sentences)


def _accuracy(scope: str) -> str:
    return f"validation accuracy {scope}".rstrip()


def describe_heat_map(
    curves: pd.DataFrame,
    baselines: Baselines,
    before: float,
    scope: str,
    differences: Sequence[Difference] | None = None,
) -> str:
    """What the layer sets leave at the largest dose, and whether one of them leaves least.

    Args:
        curves: Columns "layers", "planned_dose" (the dose) and "median" (validation accuracy).
        baselines: Of the split.
        before: Validation accuracy of the original model.
        scope: See `describe_half_way`.
        differences: Between the layer sets at the largest dose, of `compare_pairs`; None where they are not known.
    """
    if curves.empty:
        return NOTHING_TO_SHOW
    last = curves[curves["planned_dose"] == curves["planned_dose"].max()]
    names, medians = last["layers"].tolist(), last["median"].map(format_share).tolist()
    ends = dict.fromkeys(medians[place] for place in (last["median"].argmin(), last["median"].argmax()))
    listed = [
        f"{end} for {join_names(name for name, median in zip(names, medians, strict=True) if median == end)}"
        for end in ends
    ]
    told = (
        f"With {format_share(curves['planned_dose'].max())} randomized, {_accuracy(scope)} "
        f"is {'between ' * (len(ends) > 1)}{' and '.join(listed)}; before it was "
        f"{format_share(before)}, {format_baselines(baselines)}."
    )
    return f"{told} {_describe_least(names, differences)}".rstrip()


def _describe_least(names: Sequence[str], differences: Sequence[Difference] | None) -> str:
    """Which of several leaves least, where that is shown, and else which of them may. "" where nothing is compared."""
    if not differences:
        return ""
    less = {name: set() for name in names}  # what each of them is shown to leave less than
    for pair in differences:
        if pair.decided:
            least, other = (pair.second, pair.first) if pair.change < 0 else (pair.first, pair.second)
            less[least].add(other)
    counts = [format_count(differences[0].reviews, "review"), format_count(differences[0].seeds, "seed")]
    if differences[0].splits > 1:
        counts.append(format_count(differences[0].splits, "split"))
    corrected = f" (corrected for {len(differences)} comparisons)" if len(differences) > 1 else ""
    for name, others in less.items():
        if len(others) == len(names) - 1:
            rank, than = ("Least", "") if len(others) > 1 else ("Less", f" than by {format_scheme(others.pop())}")
            return f"{rank} is left by {format_scheme(name)}{than}, as {join_names(counts)} show{corrected}."
    possible = [format_scheme(name) for name in names if not any(name in others for others in less.values())]
    listed = f": it may be {join_names(possible, 'or')}" if 1 < len(possible) < min(len(names), 6) else ""
    return f"Which of them leaves least cannot be told from {join_names(counts)}{corrected}{listed}."


def describe_other_metric(curves: pd.DataFrame, metric: str, before: float, chance: float | None) -> str:
    """What is left at the largest dose of a metric that is no accuracy, beside the original and chance.

    Args:
        curves: Columns "layers", "planned_dose" and "median" of the metric.
        metric: Its name.
        before: That of the original; NaN where it is not known.
        chance: Its value at chance; None where it is not known.
    """
    at_chance = "its value at chance is not known" if chance is None else f"at chance it is {format_number(chance)}"
    if curves.empty:
        return f"There is no {metric} to show; {at_chance}."
    last = curves[curves["planned_dose"] == curves["planned_dose"].max()]
    low, high = (last.loc[place] for place in (last["median"].idxmin(), last["median"].idxmax()))
    there = f"{format_number(low['median'])} for {low['layers']}"
    if len(last) > 1:
        there = f"between {there} and {format_number(high['median'])} for {high['layers']}"
    return (
        f"With {format_share(curves['planned_dose'].max())} randomized, {metric} is {there}; of the original it is "
        f"{format_number(before)}, {at_chance}."
    )


def describe_cascades(
    steps: pd.DataFrame, baselines: Baselines, scope: str, differences: Sequence[Difference] | None = None
) -> str:
    """What the first step of each cascade leaves.

    Args:
        steps: Columns "cascade", "step", "layers" and "median" (validation accuracy).
        baselines: Of the split.
        scope: See `describe_half_way`.
        differences: Between the first steps of two cascades, see `describe_heat_map`.
    """
    firsts = steps[steps["step"] == 1]
    parts = [
        f"The first step {row.cascade} ({row.layers} alone) leaves {format_share(row.median)}."
        for row in firsts.itertuples()
    ]
    before = steps.loc[steps["step"] == 0, "median"].iloc[0]
    told = (
        f"Before randomizing, {_accuracy(scope)} is {format_share(before)}, "
        f"{format_baselines(baselines)}. {' '.join(parts)}"
    )
    return f"{told} {_describe_least(firsts['layers'].tolist(), differences)}".rstrip()


def largest_common_change(curves: pd.DataFrame, by: str = "scheme") -> float | None:
    """The largest planned change of the weights that each scheme, or layer set, reaches; None where there is none."""
    counts = curves.groupby("planned_dose")[by].nunique()
    series = curves.attrs.get("series", {}).get(by) or curves[by].unique()
    everywhere = counts[counts == len(series)]
    return None if everywhere.empty else everywhere.index.max()


def describe_matched(
    curves: pd.DataFrame,
    rows: pd.DataFrame,
    baselines: Baselines,
    by: str,
    scope: str,
    differences: Sequence[Difference] | None = None,
) -> str:
    """What each scheme, or layer set, leaves at the largest relative change of the weights that all of them reach.

    Args:
        curves: Columns "layers", "scheme", "planned_dose" (the change), "median" (validation accuracy), "dose" and
            "relative_change", the change that was reached.
        rows: Of the sweep, with "validation_accuracy_before".
        baselines: Of the split.
        by: What is compared: "scheme" or "layers".
        scope: See `describe_half_way`.
        differences: Between what is compared at that change, see `describe_heat_map`.
    """
    if curves.empty:
        return NOTHING_TO_SHOW
    common = largest_common_change(curves, by)
    if common is None:
        return f"There is no change of the weights that each {SERIES_WORDS[by]} reaches at a planned fraction."
    rows_there = curves[curves["planned_dose"] == common].sort_values("median")
    listed = ", ".join(
        f"{format_share(median)} for {format_scheme(name)} (fraction randomized {format_share(dose)})"
        for name, median, dose in zip(rows_there[by], rows_there["median"], rows_there["dose"], strict=True)
    )
    reached = rows_there["relative_change"]
    near = {format_share(change) for change in reached} == {format_share(common)}
    change = format_share(common) if near else format_interval(reached.min(), reached.max())
    before = rows["validation_accuracy_before"].median()
    told = (
        f"With the weights moved by {change} of their length (norm), {_accuracy(scope)} "
        f"is {listed}. Before it was {format_share(before)}, {format_baselines(baselines)}."
    )
    return f"{told} {_describe_least(rows_there[by].tolist(), differences)}".rstrip()


def describe_robustness(
    rows: Sequence[LayerRobustness], baselines: Baselines, scope: str, *, hollow: bool = False
) -> str:
    """Which layers are critical, and which robust, where that is shown with all layers in view.

    Args:
        rows: One a layer, at least one.
        baselines: Of the split.
        scope: See `describe_half_way`.
        hollow: Whether the original is not shown to be better than a trivial model, so that no layer is called either.
    """
    parts = []
    for row in rows if hollow or len(rows) <= MOST_TOLD else ():
        if row.reinitialized is None:
            parts.append(f"{row.layer}: there is no accuracy above chance that it could lose")
            continue
        left = "{} after re-initialization, {} after re-randomization".format(*map(format_share, row.accuracies))
        if hollow:
            parts.append(f"{row.layer} leaves {left}")
            continue
        conclusion = "anything from robust to critical" if row.conclusion == "undecided" else row.conclusion
        verb = "is" if row.conclusion in ("critical", "robust", "in between") else "may be"
        parts.append(f"{row.layer} {verb} {conclusion} (it leaves {left})")
    told = f"{'; '.join(parts)}." if parts else _list_conclusions(rows)
    if hollow:
        told += " No layer can be called critical or robust, as the original is no better than a trivial model."
    elif len(rows) > 1:
        told += f" Judged by re-initialization, corrected for {len(rows)} layer sets."
    return (
        f"{told} {_accuracy(scope).capitalize()} before was {format_share(rows[0].accuracy_before)}, "
        f"chance {format_share(rows[0].chance)}, the largest class {format_share(baselines.majority['validation'])}."
    )


def _list_conclusions(rows: Sequence[LayerRobustness]) -> str:
    """The layer sets by what is concluded of them, where they are many."""
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(row.conclusion, []).append(row.layer)
    told = []
    for conclusion in sorted(names, key=lambda name: (name not in DECIDED, name)):
        found, verb = names[conclusion], "is" if len(names[conclusion]) == 1 else "are"
        listed = join_names(found) if len(found) <= MOST_TOLD else f"{', '.join(found[:MOST_TOLD])} and others"
        told.append(f"{conclusion[0].upper()}{conclusion[1:]} {verb} {listed} ({len(found)}).")
    return " ".join(told)


def describe_uncertainty(
    components: Sequence[Component],
    half: float,
    dose: float,
    ways: Sequence[Remedy],
    baselines: Baselines,
    *,
    several: bool = False,
) -> str:
    """Where the width of the intervals of a study comes from, and the cheapest way to make it smaller.

    Args:
        components: Of the accuracy at one dose, of one curve or the mean over several.
        half: Half of the width of the 95 % interval of the accuracy there.
        dose: The dose.
        ways: Of `remedies`.
        baselines: Of the split.
        several: Whether it is the mean over several curves.
    """
    total = sum(part.variance for part in components)
    mean = ", as a mean over the curves" if several else ""
    told = [
        f"With {format_share(dose)} randomized, an accuracy is known to ±{NO_BREAK}{format_points(100 * half)}{mean}; "
        f"{format_baselines(baselines)}."
    ]
    known = {part.source for part in components}
    if not known & {"draw", "training"}:
        told.append("One seed does not show the luck of the draw: raise “Seeds”.")
    elif total:
        first, *others = sorted(components, key=lambda part: -part.variance)
        shares = [f"{format_share(first.variance / total)} of its variance comes from {SOURCE_NAMES[first.source]}"]
        shares += [f"{format_share(part.variance / total)} from {SOURCE_NAMES[part.source]}" for part in others]
        told += [f"About {join_names(shares)}.", _describe_remedy(ways)]
    if "split" in known:  # each split has models of its own
        known.add("training")
    if absent := [text for source, text in ABSENT_SOURCES.items() if source not in known]:
        told.append(f"It does not hold the luck {join_names(absent, 'or')}.")
    return " ".join(told)


def _describe_remedy(ways: Sequence[Remedy]) -> str:
    way = next((way for way in ways if way.cost is not None and way.gain >= WORTH_IT), None)
    if way is None:
        reviews = next(way for way in ways if way.of == "reviews")
        half = f", about {reviews.needed:,} instead of {reviews.count:,} to halve it" if reviews.needed else ""
        return f"What is computed would hardly narrow it: it takes more reviews{half}."
    if way.needed:
        time = format_duration((way.needed - way.count) * way.cost)
        return f"The cheapest way to halve it is about {way.needed:,} {way.of} instead of {way.count:,} ({time})."
    return (
        f"More {way.of} are the cheapest way to narrow it, but however many there are, {format_share(way.least)} of "
        "its width would stay: the rest takes more reviews."
    )
