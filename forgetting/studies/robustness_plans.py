"""What tells robust layers from critical ones: each re-initialized and re-randomized, and a tenth of each from N(0, 1).

What the rows say is in `layer_robustness` and `layer_effects`.
"""

from collections.abc import Iterator
from dataclasses import replace

from forgetting.experiment.pipeline import Progress
from forgetting.experiment.results import Trained
from forgetting.model.split import PARTS, Split
from forgetting.randomization.groups import (
    EACH_ATTENTION,
    EACH_FEEDFORWARD,
    QUERIES_AND_KEYS,
    VALUES_AND_OUTPUTS,
    group_of,
    groups_of,
)
from forgetting.recipe.plans import MOST_ROBUSTNESS_SEEDS, Sweep
from forgetting.recipe.recipe import Recipe
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.layer_effects import TENTH
from forgetting.studies.sweep import SweepResult, sweep_slices


def plan_robustness(plan: Sweep, known: tuple[str, ...]) -> tuple[Sweep, ...]:
    """Re-initialization, which draws nothing and so needs one seed, re-randomization, and N(0, 1) on a tenth.

    Args:
        plan: Whose number of seeds is taken, up to MOST_ROBUSTNESS_SEEDS.
        known: Names of the model's layers, in order.
    """
    seeds = min(plan.seeds, MOST_ROBUSTNESS_SEEDS)
    groups = [pattern for pattern in groups_of(known).values() if pattern not in known]
    if groups and group_of(known[0]):
        groups += [EACH_ATTENTION, EACH_FEEDFORWARD, VALUES_AND_OUTPUTS, QUERIES_AND_KEYS]
    back = Sweep(("each", *groups), (1.0,), ("rewind",), seeds=1)
    tenth = Sweep(("each",), (TENTH,), ("normal",), seeds=seeds)
    return back, replace(back, schemes=("reinit",), seeds=seeds), tenth


def join_plans(plans: tuple[Sweep, ...]) -> Sweep:
    """What the plans of `plan_robustness` are parts of."""
    back, anew, tenth = plans
    return replace(anew, doses=(*tenth.doses, *anew.doses), schemes=(*back.schemes, *anew.schemes, *tenth.schemes))


def robustness_slices(trained: Trained, split: Split, recipe: Recipe) -> Iterator[list[SweepRow]]:
    """The rows of all plans in slices of a fraction of a second; of a Transformer of the validation part alone.

    Raises:
        RecipeError: The plans do not fit the model.
    """
    parts = PARTS if recipe.model.kind == "mlp" else ("validation",)
    options = {"recipe": recipe, "initial": trained.initial, "parts": parts}
    plans = plan_robustness(recipe.sweep, recipe.model.layers)
    slices = [sweep_slices(trained.model, split, plan, **options) for plan in plans]  # which checks the plans
    return (rows for each in slices for rows in each)


def run_robustness(trained: Trained, split: Split, recipe: Recipe, *, progress: Progress | None = None) -> SweepResult:
    """All rows at once, for `layer_robustness.robustness_of_rows` and `layer_effects.measure_layer_effects`.

    Args:
        trained: The original model.
        split: The reviews that it was trained on.
        recipe: The recipe that it was trained by, with the number of seeds in its `sweep`.
        progress: Called with the number of rows done and of those planned.

    Raises:
        RecipeError: The plans do not fit the model.
    """
    plans = plan_robustness(recipe.sweep, recipe.model.layers)
    planned, rows = sum(plan.count(recipe.model.layers) for plan in plans), []
    for found in robustness_slices(trained, split, recipe):
        rows += found
        if progress and found:
            progress(len(rows), planned)
    epochs, digest = len(trained.history), split.reviews.sha256
    return SweepResult(join_plans(plans), tuple(rows), recipe, digest, epochs, planned)
