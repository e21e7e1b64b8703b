"""Does an explanation change when the model does? A sanity check as sentences."""

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from forgetting.core.numbers import PERCENT
from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_count, format_fraction, format_number, format_share, join_names
from forgetting.reporting.names import format_attribution
from forgetting.studies.sanity_check import INPUT_ALONE, MARGIN, SanityCheck

SIMILARITY_NAMES = {
    "absolute_rank_correlation": "rank correlation of strengths",
    "rank_correlation": "rank correlation with signs",
    "top_overlap": "top-k overlap",
}
SANITY_CHECK_NAMES = {
    "changes": "changes",
    "keeps more": "keeps more",
    "undecided": "cannot be told",
    "none": "nothing concluded",
}
HINDRANCES = {
    "hollow": "The original is not shown to be better than a trivial model, so there is nothing learnt to explain.",
    "unfinished": "The check is not finished, so nothing is concluded yet.",
    "never whole": f"This is not randomized far enough to conclude anything: it takes all layers at 100{PERCENT}.",
    "part": "Nothing is concluded from a part of the model, only where all layers are randomized wholly.",
    "still there": "Nothing is concluded from noise, which is added to weights that stay there.",
    "one seed": "From a single seed nothing can be told of others: it takes two or more.",
}
SANITY_CHECK_SENTENCES = {  # the sentence of each conclusion, for one method and for several
    "changes": (
        "{names} changes with the model: of the original's explanation it keeps less than {margin:g} more than "
        "multiplying by the input leaves ({numbers}).",
        "{names} change with the model: of the original's explanation they keep less than {margin:g} more than "
        "multiplying by the input leaves ({numbers}).",
    ),
    "keeps more": (
        "{names} keeps more of the original's explanation than multiplying by the input leaves ({numbers}): part of it "
        "does not come from what was learnt.",
        "{names} keep more of the original's explanation than multiplying by the input leaves ({numbers}): part of it "
        "does not come from what was learnt.",
    ),
    "undecided": 2
    * (
        "Of {names} it cannot be told whether more of the original's explanation is kept than multiplying by the input "
        "leaves ({numbers}; it is decided only wholly below {margin:g} or wholly above 0).",
    ),
}
EDGES = ("tf_idf", "word_frequency", "linear_svm")  # references that have not seen the model


def describe_sanity_check(
    found: Sequence[SanityCheck], agreement: pd.DataFrame, baselines: Baselines, layers: str = ""
) -> str:
    """Which methods change with the model, and which keep more of the original explanation than the input leaves.

    Args:
        found: Of one layer set, by the rank correlation of strengths.
        agreement: Of `agreement_curves`.
        baselines: Of the split.
        layers: What the layer set is called; by default its name.
    """
    known = [one for one in found if one.left]
    if not known:
        return f"Nothing can be compared: {found[0].missing}."
    first, sentences = known[0], []
    place = (agreement["layers"] == first.layers) & (agreement["dose"] == first.dose)
    trivial = f"chance is {format_share(baselines.chance)}"
    if first.constant_agreement is not None:
        trivial += f", always naming the original's most frequent class has {format_share(first.constant_agreement)}"
    for share in agreement["median"][place]:
        sentences.append(
            f"With {format_fraction(first.dose)} of {layers or first.layers} randomized the same class is predicted "
            f"for {format_share(share)} of the validation reviews ({trivial})."
        )
    if first.hindrance:
        sentences.append(f"Of the explanations the {_beside(known)}.")
    for conclusion, forms in SANITY_CHECK_SENTENCES.items():
        if group := [each for each in known if each.conclusion == conclusion]:
            names = join_names(format_attribution(each.attribution) for each in group)
            names = f"all {len(group)} methods" if len(group) == len(known) > 2 else names
            low, high = min(each.beyond.low for each in group), max(each.beyond.high for each in group)
            numbers = f"{_beside(group)}; difference {format_number(low)} to {format_number(high)}"
            if conclusion != "undecided":
                names = names[0].upper() + names[1:]
            sentences.append(forms[len(group) > 1].format(names=names, numbers=numbers, margin=MARGIN))
    edges = [
        f"{format_attribution(name)} {values}"
        for name in EDGES
        if (values := _range(one.references.get(name, math.nan) for one in known))
    ]
    if edges:
        sentences.append(f"Their rank correlation with what has not seen the model: {join_names(edges)}.")
    if first.hindrance:
        return " ".join([*sentences, HINDRANCES[first.hindrance]])
    seeds = format_count(first.seeds, "seed")
    reviews = f" and {format_count(first.reviews, 'review')}" if first.reviews else ", with the reviews as given"
    corrected = f", corrected for {len(found)} methods" if len(found) > 1 else ""
    sentences.append(f"This is over {seeds}{reviews}{corrected}.")
    if any(each.conclusion == "changes" for each in known):
        sentences.append("To change is necessary and not sufficient: random numbers change, too.")
    return " ".join(sentences)


def _beside(group: Sequence[SanityCheck]) -> str:
    left, alone = _range(one.left.change for one in group), _range(one.references[INPUT_ALONE] for one in group)
    return f"rank correlation of strengths with the original is {left}, that with random × input {alone}"


def _range(values: Iterable[float]) -> str:
    """Numbers of several methods: "0.15 to 0.19"; "" where none is known."""
    known = sorted(value for value in values if not math.isnan(value))
    return " to ".join(dict.fromkeys(format_number(value) for value in (known[0], known[-1]))) if known else ""
