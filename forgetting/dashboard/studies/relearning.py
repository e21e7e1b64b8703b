"""Studies of relearning: courses of the session's own randomization, and savings over layer sets and doses."""

from dataclasses import replace
from math import inf

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel, session
from forgetting.dashboard.studies.base import StudyKind, quick_training, training_seconds
from forgetting.randomization.settings import ALL
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import Recipe
from forgetting.studies.relearning import check_relearning, learning_curve_slices, savings_slices
from forgetting.studies.savings import RelearningResult

RUNS = 3  # a seed: from scratch, randomized, continued


def _recipe(trained_model: TrainedModel) -> Recipe:
    """That of the model, with what the session wants to know of it."""
    return replace(
        trained_model.recipe,
        randomization=models.fitting_randomization(trained_model),
        relearning=session().recipe.relearning,
    )


def _courses_recipe(trained_model: TrainedModel) -> Recipe:
    """The same without the variants of the savings, which the courses do not depend on."""
    recipe = _recipe(trained_model)
    return replace(recipe, relearning=replace(recipe.relearning, layers=(ALL,), doses=(1.0,), schemes=("reinit",)))


def _courses_total(trained_model: TrainedModel) -> int:
    check_relearning(_courses_recipe(trained_model))
    return RUNS * session().recipe.relearning.seeds


def _courses(trained_model: TrainedModel) -> Study:
    recipe, trained, asked = _courses_recipe(trained_model), trained_model.trained, _recipe(trained_model)
    total = RUNS * recipe.relearning.seeds

    def conclude(courses: tuple) -> RelearningResult:
        return RelearningResult(asked, courses, (), trained_model.sha256, len(trained.history), total)

    slices = learning_curve_slices(trained, trained_model.split, recipe)
    return Study(_courses_key(trained_model), trained_model, recipe.relearning, total, slices, conclude)


def _courses_key(trained_model: TrainedModel) -> str:
    plan = session().recipe.relearning
    told = (plan.target_share, plan.epochs, plan.seeds, plan.seed)
    return f"{models.model_key(trained_model)}:{replace(models.fitting_randomization(trained_model), seed=0)}:{told}"


def _savings(trained_model: TrainedModel) -> Study:
    recipe, trained = _recipe(trained_model), trained_model.trained
    total = _variants(trained_model)

    def conclude(rows: tuple) -> RelearningResult:
        return RelearningResult(recipe, (), rows, trained_model.sha256, len(trained.history), total)

    slices = savings_slices(trained, trained_model.split, recipe)
    return Study(_savings_key(trained_model), trained_model, recipe.relearning, total, slices, conclude)


def _savings_key(trained_model: TrainedModel) -> str:
    return f"{models.model_key(trained_model)}:{session().recipe.relearning}"


def _variants(trained_model: TrainedModel) -> int:
    check_relearning(_recipe(trained_model))
    return session().recipe.relearning.sweep.count(trained_model.recipe.model.layers)


def _epochs(trained_model: TrainedModel, plan: Relearning) -> int:
    """About how many a variant takes until it is there: as many as the original did, which is mostly too many."""
    history = trained_model.trained.history
    target = plan.target_share * history[-1].validation.accuracy if history else inf
    first = next((epoch.epoch for epoch in history if epoch.validation.accuracy >= target), plan.epochs)
    return min(first, plan.epochs)


def _savings_epochs(trained_model: TrainedModel) -> int:
    return _variants(trained_model) * _epochs(trained_model, session().recipe.relearning)


def _courses_epochs() -> int:
    plan = session().recipe.relearning
    return RUNS * plan.seeds * plan.epochs


COURSES = StudyKind(
    part="runs",
    key=_courses_key,
    total=_courses_total,
    begin=_courses,
    quick=lambda trained_model: quick_training(trained_model, _courses_epochs()),
    seconds=lambda trained_model: training_seconds(trained_model, _courses_epochs()),
)
SAVINGS = StudyKind(
    part="variants",
    key=_savings_key,
    total=_variants,
    begin=_savings,
    quick=lambda trained_model: quick_training(trained_model, _savings_epochs(trained_model)),
    seconds=lambda trained_model: training_seconds(trained_model, _savings_epochs(trained_model)),
)
RELEARNING_KINDS = {"courses": COURSES, "savings": SAVINGS}
