"""Does an explanation follow the model? What the rows of a sanity check say, as surely as seeds and reviews allow.

An attribution that multiplies by the input keeps some of the input's order whatever the model is. So the explanation of
a randomized model is held against two others: the original explanation, and the TF-IDF weights of the words, which no
model has seen. It follows the model where it is less like the first than like the second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forgetting.metrics.crossed import CrossedChange, crossed_change
from forgetting.metrics.intervals import seed_bands
from forgetting.metrics.multiplicity import holm
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.studies.explanation import ExplanationRow

SIMILARITIES = ("absolute_rank_correlation", "rank_correlation", "top_overlap")  # of two explanations of one review
CONCLUDED = SIMILARITIES[0]  # without signs, which the input has not
ORIGINAL_EXPLANATION, INPUT_ALONE = "original", "tf_idf"  # what the explanation of a randomized model is held against
PREDICTION = "same class predicted"  # the change of the prediction itself, beside those of its explanations


@dataclass(frozen=True)
class Faithfulness:
    """What is left of the explanations of one method after randomizing, beside what the input alone makes of them.

    Attributes:
        attribution: The attribution method.
        layers: The layer set that was randomized.
        dose: Its dose.
        left: Similarity to the original explanation, the mean over seeds and reviews with its 95 % interval; None
            where no review has one.
        alone: Mean similarity to the TF-IDF weights, of the same reviews; NaN where there is none.
        beyond: The first less the second; None where one is missing.
        adjusted: p-value of no difference, adjusted for all methods of the layer set, see `holm`; NaN without one.
        seeds: Number of seeds.
        reviews: Number of reviews of which every seed has both similarities; 0 where those of single reviews are not
            kept, so that the intervals are over seeds alone.
    """

    attribution: str
    layers: str
    dose: float
    left: CrossedChange | None
    alone: float
    beyond: CrossedChange | None
    adjusted: float
    seeds: int
    reviews: int

    @property
    def conclusion(self) -> str:
        """Whether it is shown to follow the model: "follows", "does not follow" or "undecided"."""
        if self.beyond is None or not self.adjusted <= SIGNIFICANT:
            return "undecided"
        return "follows" if self.beyond.change < 0 else "does not follow"


def explanation_curves(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Median and 5–95 % band over seeds of the similarity to the original explanations.

    Args:
        frame: Table of `ExplanationResult.frame`.
        metric: One of SIMILARITIES.

    Returns:
        A row for each layer set, attribution and dose, with these columns and seeds, low, median and high.
    """
    return _bands(frame[frame["reference"] == ORIGINAL_EXPLANATION], metric)


def agreement_curves(frame: pd.DataFrame) -> pd.DataFrame:
    """The share of reviews with the same class predicted, as `explanation_curves` of an attribution PREDICTION."""
    variants = frame.drop_duplicates(["layers", "dose", "seed"])
    return _bands(variants.assign(attribution=PREDICTION), "agreement")


def _bands(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    return seed_bands(rows.dropna(subset=[metric]), metric, ["layers", "attribution", "dose"]).reset_index()


def reference_similarities(frame: pd.DataFrame, metric: str) -> dict[tuple[str, str], float]:
    """How like the explanations of the most randomized models are to each reference, by layer set and reference.

    It is the mean over seeds and methods of a similarity.
    """
    last = frame[(frame["dose"] == frame["dose"].max()) & (frame["reference"] != ORIGINAL_EXPLANATION)].dropna(
        subset=[metric]
    )
    return last.groupby(["layers", "reference"], sort=False)[metric].mean().to_dict()


def conclude_faithfulness(rows: Sequence[ExplanationRow], metric: str = CONCLUDED) -> tuple[Faithfulness, ...]:
    """What the rows say of each method, for each layer set at the largest dose.

    Args:
        rows: Of one plan.
        metric: One of SIMILARITIES.
    """
    largest = max((row.dose for row in rows), default=0.0)
    groups: dict[tuple[str, str], dict[str, list[ExplanationRow]]] = {}
    for row in rows:
        if row.dose == largest and row.reference in (ORIGINAL_EXPLANATION, INPUT_ALONE):
            groups.setdefault((row.layers, row.attribution), {}).setdefault(row.reference, []).append(row)
    found = [_compare(layers, method, largest, group, metric) for (layers, method), group in groups.items()]
    for layers in dict.fromkeys(one.layers for one in found):
        places = [place for place, one in enumerate(found) if one.layers == layers]
        p_values = holm([math.nan if found[place].beyond is None else found[place].beyond.p for place in places])
        for place, p in zip(places, p_values, strict=True):
            found[place] = replace(found[place], adjusted=float(p))
    return tuple(found)


def _compare(
    layers: str, attribution: str, dose: float, group: dict[str, list[ExplanationRow]], metric: str
) -> Faithfulness:
    """group: Rows of the same seeds, by reference."""
    kept = all(row.by_review for rows in group.values() for row in rows)
    original, alone = (
        np.array([row.by_review[metric] if kept else [row.metrics[metric]] for row in group[name]], dtype=float)
        for name in (ORIGINAL_EXPLANATION, INPUT_ALONE)
    )  # (seeds, reviews), NaN where a review has none
    known = ~np.isnan(original + alone).any(axis=0)
    original, alone = original[:, known], alone[:, known]
    left = beyond = None
    if original.size:
        left, beyond = (
            crossed_change(values.mean(axis=1), *([values] if values.shape[1] > 1 else []))
            for values in (original, original - alone)
        )
    mean = float(alone.mean()) if alone.size else math.nan
    reviews = int(known.sum()) if kept else 0
    return Faithfulness(attribution, layers, dose, left, mean, beyond, math.nan, len(original), reviews)
