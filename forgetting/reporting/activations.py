"""Where reviews lie in a layer, and how similar its activations stay to the original's, as sentences."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from forgetting.metrics.paired import SIGNIFICANT
from forgetting.randomization.patterns import LAYER_SEPARATOR
from forgetting.reporting.formatting import format_count, format_fraction, format_number, format_share, join_names
from forgetting.reporting.names import format_method
from forgetting.studies.activations import ActivationMap
from forgetting.studies.similarity import INDEPENDENT_MODEL, SimilarityChange, SimilarityResult
from forgetting.unlearning.representations import LayerContrast
from forgetting.unlearning.task import REFERENCE

FEW_SEEDS = "Without two whole seeds it is not known how much is luck"
MOST_SETS = 4  # layer sets that a sentence names of a layer


def describe_map(places: ActivationMap, layer: str, flipped: int, reviews: int) -> str:
    """What a map shows of its layer, how far the reviews have moved, and how many flip.

    Args:
        places: Where the reviews lie.
        layer: The layer.
        flipped: How many of the reviews have another predicted class after randomizing.
        reviews: How many there are.
    """
    after = "the randomized model's do not vary at all"
    if places.held_after is not None:
        after = f"{format_share(places.held_after)} of that of the randomized model's"
    distance = format_number(places.moved)
    moved = f"Randomizing moved the median review by {distance} times the typical distance from the middle"
    if not places.moved:
        moved = (
            f"Randomizing left at least half of the reviews where they were in {layer}"
            if (places.original != places.randomized).any()
            else (f"Nothing that {layer} depends on is randomized, so that every review lies where it was")
        )
    return (
        f"The plane drawn holds {format_share(float(places.held.sum()))} of the variance of the original's activations "
        f"in {layer}, and {after}. {moved}; {flipped:,} of {format_count(reviews, 'review')} "
        f"{'has' if flipped == 1 else 'have'} another predicted class."
    )


def describe_similarity(result: SimilarityResult, *, hollow: bool = False) -> str:
    """At the largest fraction, which layers are less similar to the original than an independently trained model is.

    A layer is named as less or more similar only where that is decided over seeds, after correction for all layers and
    layer sets. Of smaller fractions it says where the median lies, which is no conclusion.

    Args:
        result: The rows.
        hollow: Whether the original is not shown to be better than a trivial model: nothing is concluded then.
    """
    if not result.rows:
        return ""
    known = {layer: band.median for layer, band in result.independent.items() if not math.isnan(band.median)}
    if not known:
        trained = any(row.model == INDEPENDENT_MODEL for row in result.rows)
        reason = next(iter(set(result.frame["missing"]) - {""}), "none is trained yet")
        return f"No independently trained model can be compared: {reason}." if trained else ""
    anew = join_names([f"{format_number(value)} in {layer}" for layer, value in known.items()])
    lead = f"A model trained anew from another seed has a similarity (CKA) to the original of {anew}."
    if hollow:
        return (
            f"{lead} The original is not shown to be better than a trivial model, so nothing is concluded about what "
            "the randomized ones have lost."
        )
    if not result.changes:
        return f"{lead} {FEW_SEEDS}, so nothing is concluded about the randomized ones."
    dose, seeds = format_fraction(result.changes[0].dose), max(item.change.models for item in result.changes)
    sentences = [lead]
    for decided, comparative in ((lambda change: change < 0, "Less"), (lambda change: change > 0, "More")):
        named = [item for item in result.changes if item.adjusted_p <= SIGNIFICANT and decided(item.change.change)]
        if named:
            layers = [layer for layer in known if any(item.layer == layer for item in named)]
            clauses = [
                _describe_layer(result, layer, [item for item in named if item.layer == layer]) for layer in layers
            ]
            sentences.append(f"{comparative} similar than that, at {dose}: {'; '.join(clauses)}.")
    open_ones = [item for item in result.changes if item.adjusted_p > SIGNIFICANT]
    if open_ones:
        which = join_names([f"{item.layer} with {_name_set(item.layers)} randomized" for item in open_ones[:MOST_SETS]])
        more = f" and {len(open_ones) - MOST_SETS:,} others" if len(open_ones) > MOST_SETS else ""
        sentences.append(f"It cannot be told of {which}{more}.")
    comparisons = format_count(len(result.changes), "comparison")
    sentences.append(
        f"All randomize one trained model, over {format_count(seeds, 'seed')}, with the reviews as given; "
        f"corrected for {comparisons}."
    )
    return " ".join(sentences)


def _name_set(layers: str) -> str:
    return layers.replace(LAYER_SEPARATOR, " + ")


def _describe_layer(result: SimilarityResult, layer: str, items: Sequence[SimilarityChange]) -> str:
    """A layer and what is randomized: "fc2 where fc1 (0.03, its median below from 40 % on) is randomized"."""
    curves, limit, sets = result.curves, result.independent[layer].median, []
    for item in items[:MOST_SETS]:
        curve = curves[(curves["layers"] == item.layers) & (curves["layer"] == layer)]
        medians = curve["median"].to_numpy()
        note = ""
        if item.change.change < 0:
            above = np.flatnonzero(~(medians < limit))
            start = above[-1] + 1 if len(above) else 0
            if start < len(medians):
                note = f", its median below from {format_fraction(curve['dose'].iloc[start])} on"
        sets.append(f"{_name_set(item.layers)} ({format_number(medians[-1])}{note})")
    more = f" and {len(items) - MOST_SETS:,} other sets" if len(items) > MOST_SETS else ""
    return f"{layer} where {join_names(sets, 'or')}{more} is randomized"


def describe_layers(contrasts: Sequence[LayerContrast], medians: Mapping[tuple[str, str], float], place: str) -> str:
    """Which layers of which methods differ from retraining, which of them still hold the forget set or are damaged.

    Args:
        contrasts: Of one set.
        medians: Similarity to retraining by method and layer, median over seeds.
        place: Which set, "forget" or "validation".
    """
    anew = [f"{format_number(value)} in {layer}" for (method, layer), value in medians.items() if method == REFERENCE]
    if not anew:
        return (
            "What two retrainings have in common is not known: choose exact retraining among the methods, which trains "
            "once more from another seed."
        )
    reviews = "forgotten" if place == "forget" else "validation"
    lead = f"On the {reviews} reviews another retraining has a similarity (CKA) to retraining of {join_names(anew)}."
    before = [f"{format_number(value)}" for (method, _), value in medians.items() if method == "original"]
    if before:
        lead = f"{lead[:-1]}, the original of {join_names(before)}."
    if not contrasts:
        return f"{lead} {FEW_SEEDS}, so nothing is concluded about the methods."
    sentences = [lead]
    for conclusion, beginning in (
        ("holds", "Still hold the forget set (they treat it more as the original does than they treat other reviews)"),
        ("differs", "Less similar than another retraining"),
        ("damaged", "Damaged (less similar than even the original)"),
        ("nearer", "More similar than another retraining"),
        ("open", "Cannot be told from another retraining"),
    ):
        found: dict[str, list[str]] = {}
        for contrast in contrasts:
            if contrast.conclusion == conclusion and contrast.method != "original":
                found.setdefault(contrast.method, []).append(contrast.layer)
        if found:
            named = "; ".join(f"{format_method(method)} {join_names(layers)}" for method, layers in found.items())
            sentences.append(f"{beginning}: {named}.")
    return " ".join(sentences)
