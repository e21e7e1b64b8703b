"""Studies of unlearning: methods on seeds, of which only those are run that were not run before."""

from dataclasses import replace

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel, session
from forgetting.dashboard.studies.base import StudyKind, quick_training, training_seconds
from forgetting.recipe.recipe import Recipe
from forgetting.unlearning.runner import UnlearningRunner, check_unlearning

FULL = ("retrain", "eu_k")  # methods that train for as long as the original was
RELEARNING = 10  # epochs that a model takes, about, to know the forget set again
UNLEARNING_STUDY = "unlearning"


def _recipe(trained_model: TrainedModel) -> Recipe:
    """That of the model, with what the session wants to forget."""
    mine = session().recipe
    return replace(trained_model.recipe, forget=mine.forget, unlearning=mine.unlearning)


def _key(trained_model: TrainedModel) -> str:
    return f"{_base(trained_model)}:{session().recipe.unlearning}"


def _base(trained_model: TrainedModel) -> str:
    """What a comparison's original and retrained models depend on."""
    return f"{models.model_key(trained_model)}:{session().recipe.forget}"


def _begin(trained_model: TrainedModel) -> Study:
    """Going on from the study before, where that was of the same model and forget set and of another plan."""
    recipe, unlearner = _recipe(trained_model), _before(trained_model)
    if unlearner:
        unlearner.change(recipe.unlearning)
    else:
        unlearner = UnlearningRunner(trained_model.trained, trained_model.split, recipe)
    return Study(
        of=_key(trained_model),
        trained_model=trained_model,
        plan=recipe.unlearning,
        total=len(unlearner.planned),
        slices=unlearner.slices(),
        conclude=lambda _: unlearner.result,
        rows=list(unlearner.found),
        kept=unlearner,
    )


def _total(trained_model: TrainedModel) -> int:
    recipe = _recipe(trained_model)
    check_unlearning(recipe, recipe.unlearning)
    models.current_forget_sets(trained_model)
    return len(recipe.unlearning.methods) * recipe.unlearning.seeds


def _epochs(trained_model: TrainedModel) -> int:
    """Of training, about, that the plan takes beyond what is done."""
    plan, whole = session().recipe.unlearning, trained_model.recipe.training.epochs
    before, again = _before(trained_model), min(RELEARNING, plan.relearn_epochs)
    missing = before.missing(plan) if before else plan.planned
    staged = before.staged if before else ()
    methods = sum((whole if name in FULL else plan.epochs) + again for _, name in missing)
    return 2 * whole * len({seed for seed, _ in missing} - set(staged)) + methods


def _before(trained_model: TrainedModel) -> UnlearningRunner | None:
    """What a study of another plan left to go on from, of the same model and forget set."""
    study = session().studies.get(UNLEARNING_STUDY)
    known = study and study.of != _key(trained_model) and study.of.startswith(f"{_base(trained_model)}:")
    return study.kept if known else None


UNLEARNING_KIND = StudyKind(
    part="models",
    key=_key,
    total=_total,
    begin=_begin,
    quick=lambda trained_model: quick_training(trained_model, _epochs(trained_model)),
    seconds=lambda trained_model: training_seconds(trained_model, _epochs(trained_model)),
)
UNLEARNING_KINDS = {UNLEARNING_STUDY: UNLEARNING_KIND}
