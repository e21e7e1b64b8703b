"""Run what a report is to be of: the comparison and studies of one trained model, as its recipe plans them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from forgetting.core.errors import RecipeError
from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import Progress, make_result
from forgetting.experiment.results import Trained
from forgetting.model.split import Split
from forgetting.paper.material import Material
from forgetting.recipe.plans import plan_layer_choice
from forgetting.recipe.recipe import Recipe
from forgetting.studies.explanation import run_explanation
from forgetting.studies.relearning import run_learning_curves, run_savings
from forgetting.studies.robustness_plans import run_robustness
from forgetting.studies.similarity import run_similarity
from forgetting.studies.sweep import run_sweep
from forgetting.tracking.run import STUDY_TITLES
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.runner import run_unlearning

Runner = Callable[[Trained, Split, Recipe, Progress | None], TableResult]


def collect_material(
    recipe: Recipe,
    split: Split,
    trained: Trained,
    kinds: Iterable[str] = (),
    *,
    progress_of: Callable[[str], AbstractContextManager[Progress | None]] = lambda _: nullcontext(),
    model: str = "",
) -> Material:
    """The material of an experiment, of which everything but the training is run here.

    Args:
        recipe: All settings.
        split: The reviews.
        trained: The model, trained by the recipe.
        kinds: Studies, keys of STUDY_TITLES.
        progress_of: A context, by the title of a study, in which it is told how far it is.
        model: See `Material`.

    Raises:
        RecipeError: A kind is unknown, the protocol has no studies, or a plan does not fit the model.
    """
    kinds = check_kinds(recipe, kinds)
    result, studies = make_result(recipe, split, trained), {}
    for kind in kinds:
        with progress_of(STUDY_TITLES[kind]) as progress:
            studies[kind] = RUNNERS[kind](trained, split, recipe, progress)
    return replace(Material.of_result(result, split, studies), model=model)


def check_kinds(recipe: Recipe, kinds: Iterable[str]) -> tuple[str, ...]:
    """The kinds of studies, each once. Raises RecipeError as `collect_material` does, before anything is run."""
    found = tuple(dict.fromkeys(kinds))
    for kind in found:
        if kind not in RUNNERS:
            raise RecipeError(f"A study is one of {', '.join(RUNNERS)}; got {kind!r}. Choose some of them.")
    if found and recipe.protocol == "published":
        raise RecipeError(
            f"The published protocol has no studies; got {', '.join(found)}. Leave them out, or use modern."
        )
    return found


def _sweep(match: str) -> Runner:
    def run(trained: Trained, split: Split, recipe: Recipe, progress: Progress | None) -> TableResult:
        plan = replace(recipe.sweep, match=match)
        return run_sweep(trained.model, split, plan, recipe=recipe, initial=trained.initial, progress=progress)

    return run


def _layer_choice(trained: Trained, split: Split, recipe: Recipe, progress: Progress | None) -> TableResult:
    plan = plan_layer_choice(recipe.sweep)
    measured, parts = make_forget_sets(split, recipe.forget).measured_in(split), ("validation", "forget", "retain")
    return run_sweep(
        trained.model, measured, plan, recipe=recipe, initial=trained.initial, parts=parts, progress=progress
    )


RUNNERS: dict[str, Runner] = {
    "dose": _sweep("dose"),
    "change": _sweep("change"),
    "robustness": lambda trained, split, recipe, progress: run_robustness(trained, split, recipe, progress=progress),
    "layer_choice": _layer_choice,
    "explanation": lambda trained, split, recipe, progress: run_explanation(
        trained.model, split, recipe.explanation, recipe=recipe, initial=trained.initial, progress=progress
    ),
    "similarity": lambda trained, split, recipe, progress: run_similarity(
        trained, split, recipe.explanation, recipe=recipe, progress=progress
    ),
    "learning_curves": lambda trained, split, recipe, progress: run_learning_curves(
        trained, split, recipe, progress=progress
    ),
    "savings": lambda trained, split, recipe, progress: run_savings(trained, split, recipe, progress=progress),
    "unlearning": lambda trained, split, recipe, progress: run_unlearning(trained, split, recipe, progress=progress),
}
