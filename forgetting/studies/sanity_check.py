"""Does an explanation change when the model does? What the rows of a sanity check say, as surely as they allow.

An attribution that multiplies by the input keeps some of the input's order whatever the model is. So what is left of an
explanation where all that the model has learnt is destroyed is held against what random numbers × input have in common
with the same explanations: it changes with the model where it keeps no more than that. To change is necessary and not
sufficient, as random numbers change, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forgetting.metrics.crossed import CrossedChange, crossed_change
from forgetting.metrics.intervals import seed_bands
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.randomization.patterns import matching_layers
from forgetting.studies.explanation_rows import ExplanationResult, ExplanationRow

SIMILARITIES = ("absolute_rank_correlation", "rank_correlation", "top_overlap")  # of two explanations of one review
CONCLUDED = SIMILARITIES[0]  # without signs, which the input has not
ORIGINAL_EXPLANATION, INPUT_ALONE = "original", "random_input"  # what a randomized model's are held against
MARGIN = 0.1  # of a similarity: what may be kept beyond the input alone by an explanation that changes with the model
STILL_THERE = ("noise",)  # schemes after which the weights still hold what was learnt, even at 100 %
PREDICTION = "same class predicted"  # the change of the prediction itself, beside those of its explanations


@dataclass(frozen=True)
class SanityCheck:
    """What is left of the explanations of one method after randomizing, beside what the input alone leaves.

    Attributes:
        attribution: The attribution method.
        layers: The layer set that was randomized.
        dose: Its dose.
        left: Similarity to the original explanation, the mean over seeds and reviews with its 95 % interval; None
            where no review has one.
        references: Mean similarity to each other reference by name, NaN where there is none; that to random numbers ×
            input is of the same reviews as `left`.
        beyond: `left` less the similarity to random numbers × input, by review and seed, with an interval that holds
            for all methods of the layer set at once with 95 % (Bonferroni); None where one is missing.
        seeds: Number of seeds.
        reviews: Number of reviews of which every seed has both similarities; 0 where those of single reviews are not
            kept, so that the intervals are over seeds alone.
        constant_agreement: Share of reviews of the class that the original names most: what always naming it agrees in;
            None where that is missing.
        hindrance: Why nothing is concluded: "hollow", where the original is not shown to have learnt anything;
            "unfinished"; "never whole", where the plan does not randomize all layers wholly; "part", where it does so
            in another layer set; "still there", by its scheme; or "one seed". "" where nothing hinders.
        missing: Why there is no `left`; "" where there is one.
    """

    attribution: str
    layers: str
    dose: float
    left: CrossedChange | None
    references: dict[str, float]
    beyond: CrossedChange | None
    seeds: int
    reviews: int
    constant_agreement: float | None
    hindrance: str
    missing: str

    @property
    def conclusion(self) -> str:
        """What is shown: "changes", "keeps more" or "undecided"; "none" where nothing can be concluded.

        It changes where the whole interval is below MARGIN, and else keeps more where the whole interval is above 0.
        """
        if self.hindrance or self.beyond is None:
            return "none"
        if self.beyond.high < MARGIN:
            return "changes"
        return "keeps more" if self.beyond.low > 0 else "undecided"


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


def conclude_sanity_check(
    result: ExplanationResult, metric: str = CONCLUDED, *, hollow: bool = False
) -> tuple[SanityCheck, ...]:
    """What the rows say of each method, for each layer set at the largest dose there is.

    Args:
        result: Of a sanity check, finished or not.
        metric: One of SIMILARITIES.
        hollow: Whether the original is not shown to be better than a trivial model: nothing is concluded then.
    """
    largest = max((row.dose for row in result.rows), default=0.0)
    groups: dict[str, dict[str, dict[str, list[ExplanationRow]]]] = {}
    for row in result.rows:
        if row.dose == largest:
            methods = groups.setdefault(row.layers, {})
            methods.setdefault(row.attribution, {}).setdefault(row.reference, []).append(row)
    whole = [
        layers for layers in groups if largest == 1 and matching_layers(layers, result.layers) == result.layers != ()
    ]
    found = []
    for layers, methods in groups.items():
        seeds = len({row.seed for rows in methods.values() for row in rows[ORIGINAL_EXPLANATION]})
        hindrances = {
            "hollow": hollow,
            "unfinished": result.planned not in (None, len(result.rows)),
            "never whole": not whole,
            "part": layers not in whole,
            "still there": result.plan.scheme in STILL_THERE,
            "one seed": seeds < 2,
        }
        hindrance = next((name for name, there in hindrances.items() if there), "")
        found += [_compare(rows, metric, len(methods), hindrance) for rows in methods.values()]
    return tuple(found)


def _compare(group: dict[str, list[ExplanationRow]], metric: str, methods: int, hindrance: str) -> SanityCheck:
    """group: Rows of the same variants and method, by reference; methods: the number that the interval is for."""
    first = group[ORIGINAL_EXPLANATION][0]
    kept = all(row.by_review for rows in group.values() for row in rows)
    original, alone = (
        np.array([row.by_review[metric] if kept else [row.metrics[metric]] for row in group[name]], dtype=float)
        for name in (ORIGINAL_EXPLANATION, INPUT_ALONE)
    )  # (seeds, reviews), NaN where a review has none
    known = ~np.isnan(original + alone).any(axis=0)
    original, alone = original[:, known], alone[:, known]
    table = {name: np.array([row.metrics[metric] for row in rows], dtype=float) for name, rows in group.items()}
    references = {name: float(means.mean()) for name, means in table.items() if name != ORIGINAL_EXPLANATION}
    left = beyond = None
    if original.size:
        references[INPUT_ALONE] = float(alone.mean())
        left, beyond = (
            crossed_change(values.mean(axis=1), *([values] if values.shape[1] > 1 else []), level=level)
            for values, level in ((original, 1 - SIGNIFICANT), (original - alone, 1 - SIGNIFICANT / methods))
        )
        left = replace(left, low=max(left.low, -1.0), high=min(left.high, 1.0))
    return SanityCheck(
        attribution=first.attribution,
        layers=first.layers,
        dose=first.dose,
        left=left,
        references=references,
        beyond=beyond,
        seeds=len(original),
        reviews=int(known.sum()) if kept else 0,
        constant_agreement=first.metrics.get("constant_agreement"),
        hindrance=hindrance,
        missing="" if left else first.missing.get(metric, "no review has words enough before and after"),
    )
