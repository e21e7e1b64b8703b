"""Studies of unlearning: methods on seeds. A study runs only those that the one before it has not run."""

from dataclasses import replace

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, training_time
from forgetting.recipe.recipe import Recipe
from forgetting.unlearning.runner import UnlearningRunner, check_unlearning

FULL = ("retrain", "eu_k")  # methods that train for as long as the original was
RELEARNING = 10  # epochs, about, until a model has relearned the forget set
UNLEARNING_STUDY = "unlearning"


def _recipe(request: StudyRequest) -> Recipe:
    """The model's recipe with what the visitor wants to forget, and how."""
    return replace(request.trained_model.recipe, forget=request.recipe.forget, unlearning=request.recipe.unlearning)


def _models_key(request: StudyRequest) -> str:
    """What the original and the retrained models of a study depend on."""
    return f"{models.model_key(request.trained_model)}:{request.recipe.forget}"


def _key(request: StudyRequest) -> str:
    return f"{_models_key(request)}:{request.recipe.unlearning}"


def _previous_runner(request: StudyRequest) -> UnlearningRunner | None:
    """The runner of the study before, where that was of the same model and forget set and of another plan."""
    study = request.previous
    fits = study and study.key != _key(request) and study.key.startswith(f"{_models_key(request)}:")
    return study.runner if fits else None


def _begin(request: StudyRequest) -> Study:
    recipe, model, runner = _recipe(request), request.trained_model, _previous_runner(request)
    if runner:
        runner.change(recipe.unlearning)
    else:
        runner = UnlearningRunner(model.trained, model.split, recipe)
    return Study(
        key=_key(request),
        trained_model=model,
        plan=recipe.unlearning,
        total=len(runner.planned),
        slices=runner.slices(),
        conclude=lambda _: runner.result,
        rows=list(runner.found),
        runner=runner,
    )


def _total(request: StudyRequest) -> int:
    recipe = _recipe(request)
    check_unlearning(recipe, recipe.unlearning)
    models.find_forget_sets(request.trained_model, recipe.forget)
    return len(recipe.unlearning.methods) * recipe.unlearning.seeds


def _epochs(request: StudyRequest) -> int:
    """About how many epochs of training the plan takes beyond those that are done."""
    plan, whole = request.recipe.unlearning, request.trained_model.recipe.training.epochs
    runner, relearning = _previous_runner(request), min(RELEARNING, plan.relearn_epochs)
    missing = runner.missing(plan) if runner else plan.planned
    staged = runner.staged if runner else ()
    methods = sum((whole if name in FULL else plan.epochs) + relearning for _, name in missing)
    return 2 * whole * len({seed for seed, _ in missing} - set(staged)) + methods


UNLEARNING_KINDS = {
    UNLEARNING_STUDY: StudyKind(
        part="models",
        key=_key,
        total=_total,
        begin=_begin,
        **training_time(_epochs),
    )
}
