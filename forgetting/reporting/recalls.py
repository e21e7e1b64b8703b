"""Which classes lose most recall, and whether that is more than luck, as a sentence."""

import math

from forgetting.core.errors import shorten
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines, beats_trivial
from forgetting.metrics.multiplicity import holm
from forgetting.metrics.paired import SIGNIFICANT, PairedChange, paired_interval
from forgetting.metrics.scores import FEWEST_CLASS_REVIEWS, NOT_FINITE
from forgetting.reporting.formatting import format_points
from forgetting.reporting.names import format_class


def describe_recalls(comparison: Comparison, classes: tuple[str, ...], baselines: Baselines) -> str:
    """Which classes lose most recall on the validation part, and for how many that is more than luck.

    Classes with fewer than FEWEST_CLASS_REVIEWS reviews are left out, as one review decides there. That a class loses
    more than by luck is a test of each class, of which some would find a loss by luck alone, so it is corrected. A
    class is said to lose most only where the model is not right more often and the class differs from each other one.

    Args:
        comparison: The two models.
        classes: Names of the classes, in the order of the recalls.
        baselines: Of the split.
    """
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    if before.recall is None or after.recall is None:
        return f"There is no recall to compare: {NOT_FINITE}."
    if not beats_trivial(before, baselines.majority_class):
        return "The original is not shown to be better than a trivial model, so no loss of recall is named."
    changes = {
        position: change
        for position, change in enumerate(comparison.class_changes("validation"))
        if change and change.reviews >= FEWEST_CLASS_REVIEWS
    }
    if not changes:
        return f"No class has {FEWEST_CLASS_REVIEWS} validation reviews, so no recall is compared with another."
    few = int((before.confusion.sum(axis=1) > 0).sum()) - len(changes)
    left_out = ""
    if few:
        left_out = (
            f" {_count_classes(few)} with under {FEWEST_CLASS_REVIEWS} reviews {'is' if few == 1 else 'are'} left out."
        )
    known = [position for position in changes if before.recall[position] > 0]
    if not known:
        return f"No class had recall before, so none can lose it.{left_out}"
    worst = min(change.change for change in changes.values())
    gone = sum(after.recall[position] == 0 for position in known)
    if len(known) == 1:
        rest = f"the class that was recognized before {'is no longer' if gone else 'still is'}"
    elif gone:
        rest = f"{gone} of {len(known):,} classes recognized before {'is' if gone == 1 else 'are'} no longer"
    else:
        rest = f"all {len(known):,} classes recognized before still are"
    if worst >= 0:
        return f"On these reviews no class loses recall: {rest}.{left_out}"
    worst_classes = [position for position, change in changes.items() if change.change == worst]
    names = [format_class(shorten(classes[position])) for position in worst_classes]
    named = " and ".join(names) if len(names) < 3 else f"{len(names):,} classes, such as {names[0]},"
    s, each = ("", " each") if len(names) > 1 else ("s", "")
    points = f"{format_points(-100 * worst)} of recall{each}"
    if len(changes) == 1:
        lead = f"On these reviews {named} loses {points}"
    elif len(names) == 1 and comparison.changes["validation"].change <= 0 and _loses_most(worst_classes[0], changes):
        lead = f"On these reviews {named} loses most: {points}"
    else:
        lead = f"No class is shown to lose more than the others; on these reviews {named} fall{s} furthest, by {points}"
    adjusted = holm([change.p for change in changes.values()])
    sure = sum(p <= SIGNIFICANT and change.change < 0 for p, change in zip(adjusted, changes.values(), strict=True))
    luck = f"{sure} of {len(changes):,} classes {'loses' if sure == 1 else 'lose'} recall by more than luck"
    if len(changes) == 1:
        luck = "That is more than luck"
    return (
        f"{lead}, the share of a class's reviews that are classified correctly. "
        f"{luck if sure else 'Luck alone could explain that'}; {rest}.{left_out}"
    )


def _loses_most(worst: int, changes: dict[int, PairedChange]) -> bool:
    """Whether a class loses more than each other one, by intervals of differences that hold together at 95 %.

    An interval is put together from those of both changes (Zou & Donner 2008, Stat. Med. 27, 1693–1702), as no review
    is of two classes.
    """
    level = 1 - SIGNIFICANT / (len(changes) - 1)
    most = changes[worst]
    _, high = paired_interval(most.reviews, most.lost, most.gained, level)
    return all(
        other.change - most.change
        > math.hypot(
            high - most.change, other.change - paired_interval(other.reviews, other.lost, other.gained, level)[0]
        )
        for position, other in sorted(changes.items(), key=lambda item: item[1].change)
        if position != worst
    )


def _count_classes(count: int) -> str:
    return "1 class" if count == 1 else f"{count:,} classes"
