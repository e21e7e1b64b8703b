"""Studies of relearning: learning curves of one randomization, and savings over layer sets and doses."""

from dataclasses import replace
from math import inf

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, training_time
from forgetting.randomization.settings import ALL
from forgetting.recipe.recipe import Recipe
from forgetting.studies.relearning import RelearningResult, learning_curve_slices
from forgetting.studies.savings import savings_slices
from forgetting.studies.time_to_target import check_relearning

RUNS = 3  # a seed: from scratch, randomized, continued


def _recipe(request: StudyRequest) -> Recipe:
    """The model's recipe with the visitor's randomization and plan of relearning."""
    return replace(
        request.trained_model.recipe,
        randomization=models.fit_randomization(request.recipe.randomization, request.trained_model),
        relearning=request.recipe.relearning,
    )


def _curves_recipe(request: StudyRequest) -> Recipe:
    """The same without the variants of the savings, on which the learning curves do not depend."""
    recipe = _recipe(request)
    return replace(recipe, relearning=replace(recipe.relearning, layers=(ALL,), doses=(1.0,), schemes=("reinit",)))


def _curves_key(request: StudyRequest) -> str:
    plan, randomization = request.recipe.relearning, _recipe(request).randomization
    used = (plan.target_share, plan.epochs, plan.seeds, plan.seed)
    return f"{models.model_key(request.trained_model)}:{replace(randomization, seed=0)}:{used}"


def _curves_total(request: StudyRequest) -> int:
    check_relearning(_curves_recipe(request))
    return RUNS * request.recipe.relearning.seeds


def _curves_epochs(request: StudyRequest) -> int:
    plan = request.recipe.relearning
    return RUNS * plan.seeds * plan.epochs


def _begin_curves(request: StudyRequest) -> Study:
    recipe, asked, model = _curves_recipe(request), _recipe(request), request.trained_model
    total = RUNS * recipe.relearning.seeds

    def conclude(curves: tuple) -> RelearningResult:
        return RelearningResult(asked, curves, (), model.sha256, len(model.trained.history), total)

    slices = learning_curve_slices(model.trained, model.split, recipe)
    return Study(_curves_key(request), model, recipe.relearning, total, slices, conclude)


def _savings_key(request: StudyRequest) -> str:
    return f"{models.model_key(request.trained_model)}:{request.recipe.relearning}"


def _savings_total(request: StudyRequest) -> int:
    check_relearning(_recipe(request))
    return request.recipe.relearning.count(request.trained_model.recipe.model.layers)


def _savings_epochs(request: StudyRequest) -> int:
    """About how many epochs all variants take: each as many as the original did, which is mostly too many."""
    plan, history = request.recipe.relearning, request.trained_model.trained.history
    target = plan.target_share * history[-1].validation.accuracy if history else inf
    first = next((epoch.epoch for epoch in history if epoch.validation.accuracy >= target), plan.epochs)
    return _savings_total(request) * min(first, plan.epochs)


def _begin_savings(request: StudyRequest) -> Study:
    recipe, total, model = _recipe(request), _savings_total(request), request.trained_model

    def conclude(rows: tuple) -> RelearningResult:
        return RelearningResult(recipe, (), rows, model.sha256, len(model.trained.history), total)

    slices = savings_slices(model.trained, model.split, recipe)
    return Study(_savings_key(request), model, recipe.relearning, total, slices, conclude)


RELEARNING_KINDS = {
    "learning_curves": StudyKind(
        part="runs",
        key=_curves_key,
        total=_curves_total,
        begin=_begin_curves,
        **training_time(_curves_epochs),
    ),
    "savings": StudyKind(
        part="variants",
        key=_savings_key,
        total=_savings_total,
        begin=_begin_savings,
        **training_time(_savings_epochs),
    ),
}
