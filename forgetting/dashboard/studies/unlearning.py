"""Studies of unlearning: methods on seeds, of which only those are run that were not run before."""

from dataclasses import replace

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Learned, Study, session
from forgetting.dashboard.studies.base import Kind, quick_training, training_seconds
from forgetting.recipe.recipe import Recipe
from forgetting.unlearning.runner import Unlearner, check_unlearning

FULL = ("retrain", "eu_k")  # methods that train for as long as the original was
RELEARNING = 10  # epochs that a model takes, about, to know the forget set again
NAME = "unlearning"


def _recipe(learned: Learned) -> Recipe:
    """That of the model, with what the session wants to forget."""
    mine = session().recipe
    return replace(learned.recipe, forget=mine.forget, unlearning=mine.unlearning)


def _key(learned: Learned) -> str:
    return f"{_base(learned)}:{session().recipe.unlearning}"


def _base(learned: Learned) -> str:
    """What a comparison's original and retrained models depend on."""
    return f"{models.model_key(learned)}:{session().recipe.forget}"


def _begin(learned: Learned) -> Study:
    """Going on from the study before, where that was of the same model and forget set and of another plan."""
    recipe, unlearner = _recipe(learned), _before(learned)
    if unlearner:
        unlearner.change(recipe.unlearning)
    else:
        unlearner = Unlearner(learned.trained, learned.split, recipe)
    return Study(
        of=_key(learned),
        learned=learned,
        plan=recipe.unlearning,
        total=len(unlearner.planned),
        slices=unlearner.slices(),
        conclude=lambda _: unlearner.result,
        rows=list(unlearner.found),
        kept=unlearner,
    )


def _total(learned: Learned) -> int:
    recipe = _recipe(learned)
    check_unlearning(recipe, recipe.unlearning)
    models.forget_sets_of(learned)
    return len(recipe.unlearning.methods) * recipe.unlearning.seeds


def _epochs(learned: Learned) -> int:
    """Of training, about, that the plan takes beyond what is done."""
    plan, whole = session().recipe.unlearning, learned.recipe.training.epochs
    before, again = _before(learned), min(RELEARNING, plan.relearn_epochs)
    missing = before.missing(plan) if before else plan.planned
    staged = before.staged if before else ()
    methods = sum((whole if name in FULL else plan.epochs) + again for _, name in missing)
    return 2 * whole * len({seed for seed, _ in missing} - set(staged)) + methods


def _before(learned: Learned) -> Unlearner | None:
    """What a study of another plan left to go on from, of the same model and forget set."""
    study = session().studies.get(NAME)
    known = study and study.of != _key(learned) and study.of.startswith(f"{_base(learned)}:")
    return study.kept if known else None


UNLEARNING = Kind(
    part="models",
    key=_key,
    total=_total,
    begin=_begin,
    quick=lambda learned: quick_training(learned, _epochs(learned)),
    seconds=lambda learned: training_seconds(learned, _epochs(learned)),
)
KINDS = {NAME: UNLEARNING}
