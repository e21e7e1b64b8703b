"""Studies of relearning: courses of the session's own randomization, and savings over layer sets and doses."""

from dataclasses import replace
from math import inf

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Learned, Study, session
from forgetting.dashboard.studies.base import Kind, quick_training, training_seconds
from forgetting.randomization.settings import ALL
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import Recipe
from forgetting.studies.relearning import check_relearning, course_slices, saving_slices
from forgetting.studies.savings import RelearningResult

RUNS = 3  # a seed: from scratch, randomized, continued


def _recipe(learned: Learned) -> Recipe:
    """That of the model, with what the session wants to know of it."""
    return replace(learned.recipe, randomization=models.fitting(learned), relearning=session().recipe.relearning)


def _courses_recipe(learned: Learned) -> Recipe:
    """The same without the variants of the savings, which the courses do not depend on."""
    recipe = _recipe(learned)
    return replace(recipe, relearning=replace(recipe.relearning, layers=(ALL,), doses=(1.0,), schemes=("reinit",)))


def _courses_total(learned: Learned) -> int:
    check_relearning(_courses_recipe(learned))
    return RUNS * session().recipe.relearning.seeds


def _courses(learned: Learned) -> Study:
    recipe, trained, asked = _courses_recipe(learned), learned.trained, _recipe(learned)
    total = RUNS * recipe.relearning.seeds

    def conclude(courses: tuple) -> RelearningResult:
        return RelearningResult(asked, courses, (), learned.sha256, len(trained.history), total)

    slices = course_slices(trained, learned.split, recipe)
    return Study(_courses_key(learned), learned, recipe.relearning, total, slices, conclude)


def _courses_key(learned: Learned) -> str:
    plan = session().recipe.relearning
    told = (plan.share, plan.epochs, plan.seeds, plan.seed)
    return f"{models.model_key(learned)}:{replace(models.fitting(learned), seed=0)}:{told}"


def _savings(learned: Learned) -> Study:
    recipe, trained = _recipe(learned), learned.trained
    total = _variants(learned)

    def conclude(rows: tuple) -> RelearningResult:
        return RelearningResult(recipe, (), rows, learned.sha256, len(trained.history), total)

    slices = saving_slices(trained, learned.split, recipe)
    return Study(_savings_key(learned), learned, recipe.relearning, total, slices, conclude)


def _savings_key(learned: Learned) -> str:
    return f"{models.model_key(learned)}:{session().recipe.relearning}"


def _variants(learned: Learned) -> int:
    check_relearning(_recipe(learned))
    return session().recipe.relearning.sweep.count(learned.recipe.model.layers)


def _epochs(learned: Learned, plan: Relearning) -> int:
    """About how many a variant takes until it is there: as many as the original did, which is mostly too many."""
    history = learned.trained.history
    target = plan.share * history[-1].validation.accuracy if history else inf
    first = next((epoch.epoch for epoch in history if epoch.validation.accuracy >= target), plan.epochs)
    return min(first, plan.epochs)


def _savings_epochs(learned: Learned) -> int:
    return _variants(learned) * _epochs(learned, session().recipe.relearning)


def _courses_epochs() -> int:
    plan = session().recipe.relearning
    return RUNS * plan.seeds * plan.epochs


COURSES = Kind(
    part="runs",
    key=_courses_key,
    total=_courses_total,
    begin=_courses,
    quick=lambda learned: quick_training(learned, _courses_epochs()),
    seconds=lambda learned: training_seconds(learned, _courses_epochs()),
)
SAVINGS = Kind(
    part="variants",
    key=_savings_key,
    total=_variants,
    begin=_savings,
    quick=lambda learned: quick_training(learned, _savings_epochs(learned)),
    seconds=lambda learned: training_seconds(learned, _savings_epochs(learned)),
)
KINDS = {"courses": COURSES, "savings": SAVINGS}
