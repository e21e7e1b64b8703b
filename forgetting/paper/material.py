"""What a methods text, a report and a notebook are made of: the recipe, and the results that are there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from forgetting.experiment.export import TableResult
from forgetting.experiment.results import Comparison, Result, Trained
from forgetting.metrics.baselines import Baselines
from forgetting.model.split import Split
from forgetting.recipe.explanation import ChosenReview
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.run import STUDY_TITLES

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class Material:
    """An experiment with the results that are there.

    Attributes:
        recipe: The recipe that trained the model, with the randomization of the comparison.
        split: The split.
        trained: The model; None where none was trained.
        baselines: Of the split.
        comparison: The original beside the randomized model; None where nothing was compared.
        studies: Results of studies of this model, by their kinds, keys of STUDY_TITLES.
        model: What tells the model from the one that the recipe trains to the end, as the end of a sentence; "" for
            that one.
    """

    recipe: Recipe
    split: Split
    trained: Trained | None
    baselines: Baselines
    comparison: Comparison | None = None
    studies: Mapping[str, TableResult] = field(default_factory=dict)
    model: str = ""

    @classmethod
    def of_result(cls, result: Result, split: Split, studies: Mapping[str, TableResult] | None = None) -> Material:
        """What there is after `run`, with the results of studies of the same model.

        Args:
            result: What `run` returned.
            split: The split of its reviews, which `prepare` makes of them.
            studies: Results of studies, see `Material`.
        """
        return cls(result.recipe, split, result.trained, result.baselines, result.comparison, studies or {})

    @property
    def without_review(self) -> Recipe:
        """The recipe without the review that is looked at, whose text is nobody else's business."""
        return replace(self.recipe, review=ChosenReview())

    @property
    def told_studies(self) -> dict[str, TableResult]:
        """The results of studies in the order of STUDY_TITLES; a study without a row has none."""
        found = self.studies
        return {kind: found[kind] for kind in STUDY_TITLES if kind in found and _has_rows(found[kind])}


def _has_rows(result: TableResult) -> bool:
    return bool(getattr(result, "rows", ()) or getattr(result, "learning_curves", ()))
