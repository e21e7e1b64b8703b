"""The original models of a study of relearning: one, or one for each replicate, on one split or on several."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import torch

from forgetting.experiment.pipeline import copy_state, make_trainer, snapshot
from forgetting.experiment.results import Trained
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import Part, Split
from forgetting.model.trainer import SLICE_SECONDS
from forgetting.recipe.recipe import Recipe
from forgetting.studies.splits import each_split
from forgetting.studies.time_to_target import TargetAccuracy, check_relearning, make_target, measured_part


@dataclass(frozen=True, eq=False)
class Original:
    """A model that is to be randomized and trained again in one replicate.

    Attributes:
        seed: Seed of the replicate.
        split_seed: Seed of its split.
        original_seed: Seed that the model was trained from.
        split: The split.
        trained: The model.
        target: What is to be reached.
    """

    seed: int
    split_seed: int
    original_seed: int
    split: Split
    trained: Trained
    target: TargetAccuracy

    @property
    def part(self) -> Part:
        """The reviews on which the target is to be reached."""
        return measured_part(self.split)

    def equals(self, model: TextClassifier) -> bool:
        """Whether a model has the very weights of this one."""
        weights = model.state_dict()
        return all(torch.equal(weights[name], value) for name, value in self.trained.model.state_dict().items())


def find_originals(
    trained: Trained, split: Split, recipe: Recipe, known: Collection[tuple[int, int]] = ()
) -> Iterator[Original | None]:
    """The original of each replicate of a plan of relearning.

    Without `retrain` it is the given model on the first split, and one trained by the recipe on each other split. With
    it each replicate has its own, trained from the replicate's seed.

    Args:
        trained: The given model.
        split: The first split.
        recipe: The recipe. Its further splits are those of the seeds after `split.seed`.
        known: Replicates to leave out, each by the seed of its split and its own.

    Returns:
        An iterator over the originals, with None wherever the study can be left while one is trained.

    Raises:
        ForgettingError: As `make_target`; at once where the given model is used.
    """
    check_relearning(recipe)
    if not recipe.relearning.retrain:
        make_target(trained, split, recipe)
    return _originals(trained, split, recipe, known)


def _originals(
    trained: Trained, split: Split, recipe: Recipe, known: Collection[tuple[int, int]]
) -> Iterator[Original | None]:
    plan, given = recipe.relearning, trained
    for split_seed, part in each_split(split, recipe, plan.splits):
        trained = given if part is split else None
        for seed in plan.sweep.replicates:
            if (split_seed, seed) in known:
                continue
            if plan.retrain or trained is None:
                trainer = make_trainer(
                    replace(recipe, seed=seed) if plan.retrain else recipe, part, record_history=False
                )
                initial = copy_state(trainer.model)
                while trainer.epochs_left:
                    trainer.advance(SLICE_SECONDS)
                    yield None
                trained = snapshot(trainer, initial)
            original_seed = seed if plan.retrain else recipe.seed
            yield Original(seed, split_seed, original_seed, part, trained, make_target(trained, part, recipe))
