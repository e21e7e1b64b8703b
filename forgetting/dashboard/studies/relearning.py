"""Studies of relearning: learning curves of one randomization, and savings over layer sets and doses."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, groupby
from math import inf

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import PACE, StudyKind, StudyRequest, epoch_seconds
from forgetting.randomization.settings import ALL
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.formatting import format_count, format_epochs
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
    plan = request.recipe.relearning
    return f"{_curves_base(request)}:{plan.seeds}:{plan.seed}"


def _curves_base(request: StudyRequest) -> str:
    plan, randomization = request.recipe.relearning, _recipe(request).randomization
    return (
        f"{models.model_key(request.trained_model)}:{replace(randomization, seed=0)}:{plan.target_share}:{plan.epochs}"
    )


def _curves_total(request: StudyRequest) -> int:
    check_relearning(_curves_recipe(request))
    return RUNS * request.recipe.relearning.seeds


def _curves_seconds(request: StudyRequest) -> float:
    missing = request.recipe.relearning.seeds - len(_known_seeds(request, RUNS))
    return PACE * epoch_seconds(request.trained_model) * RUNS * missing * request.recipe.relearning.epochs


def _begin_curves(request: StudyRequest) -> Study:
    recipe, asked, model = _curves_recipe(request), _recipe(request), request.trained_model
    total, known = RUNS * recipe.relearning.seeds, _known_seeds(request, RUNS)

    def conclude(curves: tuple) -> RelearningResult:
        return RelearningResult(asked, _in_order(curves), (), model.sha256, len(model.trained.history), total)

    slices = _missing_slices(learning_curve_slices, request, recipe, known)
    rows = list(chain.from_iterable(known.values()))
    return Study(_curves_key(request), model, recipe.relearning, total, slices, conclude, rows)


def _known_seeds(request: StudyRequest, size: int) -> dict[int, list]:
    """What is known of the seeds whose parts, so many each, are all known."""
    return request.known_parts(request.recipe.relearning.sweep.replicates, lambda part: part.seed, size)


def _missing_slices(slices: Callable, request: StudyRequest, recipe: Recipe, known: dict[int, list]) -> Iterator[list]:
    """The slices of the seeds that are not known, for as many seeds at once as follow one another."""
    model, plan = request.trained_model, recipe.relearning
    parts = []
    for missing, run in groupby(plan.sweep.replicates, lambda seed: seed not in known):
        seeds = list(run)
        if missing:
            part = replace(recipe, relearning=replace(plan, seed=seeds[0], seeds=len(seeds)))
            parts.append(slices(model.trained, model.split, part))
    return chain.from_iterable(parts)


def _in_order(parts: tuple) -> tuple:
    """Parts by seed, each seed's as they were computed."""
    return tuple(sorted(parts, key=lambda part: part.seed))


def _describe_curves(request: StudyRequest) -> str:
    plan = request.recipe.relearning
    randomized = describe_randomization(_recipe(request).randomization, request.trained_model.recipe.model.layers)
    return (
        f"{randomized}; {format_count(plan.seeds, 'seed')} × {RUNS} models (from scratch, randomized, original), each "
        f"trained for {format_epochs(plan.epochs)}"
    )


def _savings_key(request: StudyRequest) -> str:
    return f"{models.model_key(request.trained_model)}:{request.recipe.relearning}"


def _savings_base(request: StudyRequest) -> str:
    return f"{models.model_key(request.trained_model)}:{replace(request.recipe.relearning, seeds=1, seed=0)}"


def _savings_total(request: StudyRequest) -> int:
    check_relearning(_recipe(request))
    return request.recipe.relearning.count(request.trained_model.recipe.model.layers)


def _savings_seconds(request: StudyRequest) -> float:
    """As if all variants took as many epochs as the original, which is mostly too many."""
    plan, trained = request.recipe.relearning, request.trained_model.trained
    history = trained.history
    target = plan.target_share * trained.reached.validation.accuracy if history else inf
    first = next((epoch.epoch for epoch in history if epoch.validation.accuracy >= target), plan.epochs)
    missing = _savings_total(request) - sum(map(len, _known_savings(request).values()))
    return PACE * epoch_seconds(request.trained_model) * missing * min(first, plan.epochs)


def _known_savings(request: StudyRequest) -> dict[int, list]:
    return _known_seeds(request, _savings_total(request) // request.recipe.relearning.seeds)


def _begin_savings(request: StudyRequest) -> Study:
    recipe, total, model = _recipe(request), _savings_total(request), request.trained_model
    known = _known_savings(request)

    def conclude(rows: tuple) -> RelearningResult:
        return RelearningResult(recipe, (), _in_order(rows), model.sha256, len(model.trained.history), total)

    slices = _missing_slices(savings_slices, request, recipe, known)
    rows = list(chain.from_iterable(known.values()))
    return Study(_savings_key(request), model, recipe.relearning, total, slices, conclude, rows)


def _describe_savings(request: StudyRequest) -> str:
    plan = request.recipe.relearning
    sizes = (
        (len(plan.sweep.sets(request.trained_model.recipe.model.layers)), "layer set"),
        (len(plan.doses), "fraction"),
        (len(plan.schemes), "scheme"),
        (plan.seeds, "seed"),
    )
    return (
        f"{' × '.join(format_count(*size) for size in sizes)}, each relearned for at most {format_epochs(plan.epochs)}"
    )


def _look(request: StudyRequest) -> StudyRequest:
    return replace(request, recipe=request.recipe.with_value("relearning.seeds", 1))


RELEARNING_KINDS = {
    "learning_curves": StudyKind(
        title="Learning curves",
        part="run",
        key=_curves_key,
        base=_curves_base,
        total=_curves_total,
        begin=_begin_curves,
        known=lambda request: RUNS * len(_known_seeds(request, RUNS)),
        seconds=_curves_seconds,
        describe=_describe_curves,
        look=_look,
    ),
    "savings": StudyKind(
        title="Savings",
        part="variant",
        key=_savings_key,
        base=_savings_base,
        total=_savings_total,
        begin=_begin_savings,
        known=lambda request: sum(map(len, _known_savings(request).values())),
        seconds=_savings_seconds,
        describe=_describe_savings,
        look=_look,
    ),
}
