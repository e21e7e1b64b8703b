"""Does an explanation follow the model? A sanity check as sentences."""

from collections.abc import Sequence

import pandas as pd

from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_count, format_fraction, format_number, format_share, join_names
from forgetting.reporting.names import format_attribution
from forgetting.studies.sanity_check import Faithfulness

SIMILARITY_NAMES = {
    "absolute_rank_correlation": "rank correlation of strengths",
    "rank_correlation": "rank correlation with signs",
    "top_overlap": "top-k overlap",
}
FAITHFULNESS_NAMES = {
    "follows": "follows the model",
    "does not follow": "does not follow the model",
    "undecided": "cannot be told",
}


def describe_faithfulness(found: Sequence[Faithfulness], agreement: pd.DataFrame, baselines: Baselines) -> str:
    """Which methods follow the model, and which do not.

    Args:
        found: Of one layer set, by the rank correlation of strengths.
        agreement: Of `agreement_curves`.
        baselines: Of the split.
    """
    known = [one for one in found if one.left]
    if not known:
        return "Nothing can be compared: no review has words enough, before and after, that can be put into an order."
    first, sentences = known[0], []
    place = (agreement["layers"] == first.layers) & (agreement["dose"] == first.dose)
    for share in agreement["median"][place]:
        sentences.append(
            f"With {format_fraction(first.dose)} of {first.layers} randomized the same class is predicted for "
            f"{format_share(share)} of the validation reviews (chance is {format_share(baselines.chance)})."
        )
    for conclusion, plural, whole, than in (
        ("follows", "follow", "all {} methods", "less"),
        ("does not follow", "do not follow", "none of the {} methods", "more"),
    ):
        if group := [each for each in known if each.conclusion == conclusion]:
            subject, verb = _names(group), conclusion if len(group) == 1 else plural
            if len(group) == len(known) > 2:
                subject, verb = whole.format(len(group)), plural.replace("do not follow", "follows")
            sentences.append(
                f"{subject[0].upper()}{subject[1:]} {verb} the model: the strengths of the words are {than} like those "
                f"of the original (rank correlation {_range(group)}) than like the TF-IDF weights alone "
                f"({_range(group, alone=True)})."
            )
    if group := [each for each in known if each.conclusion == "undecided"]:
        sentences.append(
            f"Of {_names(group)} it cannot be told whether the strengths of the words are more like those of the "
            f"original (rank correlation {_range(group)}) or like the TF-IDF weights alone "
            f"({_range(group, alone=True)})."
        )
    seeds = format_count(first.seeds, "seed") if first.seeds > 1 else "a single seed, which says nothing of others,"
    reviews = f" and {format_count(first.reviews, 'review')}" if first.reviews else ", with the reviews as given"
    corrected = f", corrected for {len(known)} methods" if len(known) > 1 else ""
    return f"{' '.join(sentences)} This is over {seeds}{reviews}{corrected}."


def _names(group: Sequence[Faithfulness]) -> str:
    return join_names(format_attribution(each.attribution) for each in group)


def _range(group: Sequence[Faithfulness], *, alone: bool = False) -> str:
    """The similarities of several methods: "0.15 to 0.19"; alone: those to the input alone."""
    values = sorted(each.alone if alone else each.left.change for each in group)
    return " to ".join(dict.fromkeys(format_number(value) for value in (values[0], values[-1])))
