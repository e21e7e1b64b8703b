"""What a sanity check of attributions measures: its rows, and the table of them."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from forgetting.experiment.export import TableResult
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.recipe import MODERN, Recipe

REFERENCES = {  # what the attribution of a variant is compared with, by name
    "original": "the attribution of the original model, by the same method",
    "random": "independent random numbers, drawn for each seed",
    "random_input": "the TF-IDF weight of each word × such a number: what multiplying by the input alone keeps",
    "tf_idf": "the TF-IDF weight of each word alone",
    "word_frequency": "the share of training reviews with the word",
    "linear_svm": "gradient × input of LinearSVC, which is trained on the same reviews",
}
EXPLANATION_METRICS = {
    "rank_correlation": "mean of Spearman's rank correlation over reviews",
    "absolute_rank_correlation": "the same of absolute values",
    "top_overlap": "mean share of the k strongest words that are the same",
    "complexity": "mean entropy of the histogram of a review's attributions, in nats",
    "complexity_before": "the same of the original",
    "complexity_rise": "mean of (after − before) / before",
    "complexity_random": "the same of random numbers × input, drawn for each seed",
    "agreement": "share of reviews given the same class as by the original",
    "constant_agreement": "the same of a model that always names the class that the original names most",
    "divergence": "mean Jensen–Shannon divergence of the probabilities from the original, base 2",
}
BY_REVIEW = ("rank_correlation", "absolute_rank_correlation", "top_overlap")


@dataclass(frozen=True)
class ExplanationRow:
    """The attributions of one variant by one method, compared with one reference.

    Attributes:
        layers: The layer set, its layers joined by "+".
        dose: Fraction of the set's weights that are randomized.
        scheme: Scheme of the randomization.
        seed: Seed of the replicate.
        attribution: Attribution method, a name in ATTRIBUTIONS.
        reference: What the attribution is compared with, a key of REFERENCES.
        reviews: Number of validation reviews that were explained.
        compared: Number of them that define the rank correlation.
        metrics: EXPLANATION_METRICS by name, None where missing. Complexity and what follows it are of the variant and
            the method, agreement and divergence of the variant, and what is random or constant of the seed, whatever
            the reference is.
        missing: Reason of each None by its name.
        by_review: Those of BY_REVIEW of each explained review, (reviews,) float32 with NaN where a review does not
            define it; None where they are not kept, as in large plans but at the largest dose.
    """

    layers: str
    dose: float
    scheme: str
    seed: int
    attribution: str
    reference: str
    reviews: int
    compared: int
    metrics: dict[str, float | None]
    missing: dict[str, str] = field(default_factory=dict)
    by_review: dict[str, np.ndarray] | None = field(default=None, compare=False, repr=False)


EXPLANATION_COLUMNS = [
    *("layers", "dose", "scheme", "seed", "attribution", "reference", "reviews", "compared"),
    *EXPLANATION_METRICS,
    "missing",
]


@dataclass(frozen=True, eq=False)
class ExplanationResult(TableResult):
    """The rows of a sanity check, finished or stopped, with the plan and the recipe that they come from.

    Attributes:
        plan: Which variants and methods.
        rows: A row for each variant, method and reference that is done.
        recipe: The recipe that the model was trained by.
        sha256: SHA-256 of the reviews' file.
        epochs: Epochs that the model was trained, None where that is not known.
        planned: Number of rows of the whole plan; there are fewer rows where the check was stopped.
        layers: Names of all layers of the model, in order; () where they are not known, so that nothing is concluded.
    """

    plan: Explanation
    rows: tuple[ExplanationRow, ...]
    recipe: Recipe = MODERN
    sha256: str = ""
    epochs: int | None = None
    planned: int | None = None
    layers: tuple[str, ...] = ()

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each of `rows`; columns: EXPLANATION_COLUMNS. NaN where missing, with reasons in "missing"."""
        names = EXPLANATION_COLUMNS[:8]
        table = pd.DataFrame(
            [
                {name: getattr(row, name) for name in names}
                | row.metrics
                | {"missing": "; ".join(f"{name}: {reason}" for name, reason in row.missing.items())}
                for row in self.rows
            ],
            columns=EXPLANATION_COLUMNS,
        )
        return table.astype(dict.fromkeys(EXPLANATION_METRICS, float))

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame, with the plan and what trained the model as its recipe."""
        recipe = replace(self.recipe.for_training(), explanation=self.plan)
        about = {"data_sha256": self.sha256, "epochs_trained": self.epochs, "rows_planned": self.planned}
        return self.frame, recipe, about
