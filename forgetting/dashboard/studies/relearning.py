"""Studies of relearning: learning curves of one randomization, and savings over layer sets and doses."""

from dataclasses import replace
from itertools import chain, product
from math import inf

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, epoch_seconds, seconds_on_page
from forgetting.randomization.settings import ALL
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.formatting import format_count, format_epochs, format_product
from forgetting.reporting.relearning import describe_relearning_power
from forgetting.studies.relearning import RUNS, RelearningResult, learning_curve_slices
from forgetting.studies.savings import savings_slices
from forgetting.studies.time_to_target import check_relearning
from forgetting.tracking.run import STUDY_TITLES


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
    return f"{_curves_base(request)}:{plan.seeds}:{plan.seed}:{plan.splits}"


def _curves_base(request: StudyRequest) -> str:
    plan, randomization = request.recipe.relearning, replace(_recipe(request).randomization, seed=0)
    return f"{_model_key(request)}:{randomization}:{plan.target_share}:{plan.epochs}:{plan.retrain}"


def _model_key(request: StudyRequest) -> str:
    """What the originals depend on: the model or, where each replicate has its own, how they are trained."""
    model = request.trained_model
    if request.recipe.relearning.retrain:
        model = replace(model, recipe=replace(model.recipe, seed=0))
    return models.model_key(model)


def _curves_total(request: StudyRequest) -> int:
    check_relearning(_curves_recipe(request))
    return RUNS * len(_replicates(request))


def _curves_seconds(request: StudyRequest) -> float:
    plan, known = request.recipe.relearning, _known_replicates(request, RUNS)
    epochs = RUNS * plan.epochs * (len(_replicates(request)) - len(known))
    seconds = epochs * epoch_seconds(request.trained_model) + _original_seconds(request, known)
    return seconds_on_page(seconds)


def _original_seconds(request: StudyRequest, known: dict[tuple[int, int], list]) -> float:
    """About how long the originals of the replicates that are not known take."""
    missing = [replicate for replicate in _replicates(request) if replicate not in known]
    splits = {split for split, _ in missing} - {request.trained_model.recipe.split.seed}
    originals = len(missing) if request.recipe.relearning.retrain else len(splits)
    epochs = originals * request.trained_model.training.epochs
    return epochs * epoch_seconds(request.trained_model, recorded=False)


def _begin_curves(request: StudyRequest) -> Study:
    recipe, asked, model = _curves_recipe(request), _recipe(request), request.trained_model
    total, known = _curves_total(request), _known_replicates(request, RUNS)

    def conclude(curves: tuple) -> RelearningResult:
        return RelearningResult(asked, _in_order(curves), (), model.sha256, len(model.trained.history), total)

    slices = learning_curve_slices(model.trained, model.split, recipe, known)
    rows = list(chain.from_iterable(known.values()))
    return Study(_curves_key(request), model, recipe.relearning, total, slices, conclude, rows)


def _replicates(request: StudyRequest) -> list[tuple[int, int]]:
    """The replicates of the plan, each by the seed of its split and its own."""
    plan, first = request.recipe.relearning, request.trained_model.recipe.split.seed
    return list(product(range(first, first + plan.splits), plan.sweep.replicates))


def _known_replicates(request: StudyRequest, size: int) -> dict[tuple[int, int], list]:
    """What is known of the replicates whose parts, so many each, are all known."""
    return request.known_parts(_replicates(request), lambda part: (part.split, part.seed), size)


def _in_order(parts: tuple) -> tuple:
    """Parts by split and seed, each replicate's as they were computed."""
    return tuple(sorted(parts, key=lambda part: (part.split, part.seed)))


def _describe_curves(request: StudyRequest) -> str:
    plan = request.recipe.relearning
    randomized = describe_randomization(_recipe(request).randomization, request.trained_model.recipe.model.layers)
    return (
        f"{randomized}; {_describe_replicates(request)} × {RUNS} models (from scratch, randomized, original), each "
        f"trained for {format_epochs(plan.epochs)}"
    )


def _describe_replicates(request: StudyRequest) -> str:
    """How often all is repeated: "5 models", each with a seed and an original of its own, or "5 seeds" of one."""
    plan = request.recipe.relearning
    splits = f"{format_count(plan.splits, 'split')} × " if plan.splits > 1 else ""
    return splits + (format_count(plan.seeds, "original") if plan.retrain else format_count(plan.seeds, "seed"))


def _savings_key(request: StudyRequest) -> str:
    return f"{_model_key(request)}:{request.recipe.relearning}"


def _savings_base(request: StudyRequest) -> str:
    return f"{_model_key(request)}:{replace(request.recipe.relearning, seeds=1, seed=0, splits=1)}"


def _savings_total(request: StudyRequest) -> int:
    check_relearning(_recipe(request))
    return request.recipe.relearning.count(request.trained_model.recipe.model.layers)


def _savings_seconds(request: StudyRequest) -> float:
    """As if all variants took as many epochs as the original, which is mostly too many."""
    plan, trained = request.recipe.relearning, request.trained_model.trained
    history = trained.history
    target = plan.target_share * trained.reached.validation.accuracy if history else inf
    first = next((epoch.epoch for epoch in history if epoch.validation.accuracy >= target), plan.epochs)
    known = _known_savings(request)
    missing = _savings_total(request) - sum(map(len, known.values()))
    seconds = missing * min(first, plan.epochs) * epoch_seconds(request.trained_model, recorded=False)
    return seconds_on_page(seconds + _original_seconds(request, known))


def _known_savings(request: StudyRequest) -> dict[tuple[int, int], list]:
    return _known_replicates(request, _savings_total(request) // len(_replicates(request)))


def _begin_savings(request: StudyRequest) -> Study:
    recipe, total, model = _recipe(request), _savings_total(request), request.trained_model
    known = _known_savings(request)

    def conclude(rows: tuple) -> RelearningResult:
        return RelearningResult(recipe, (), _in_order(rows), model.sha256, len(model.trained.history), total)

    slices = savings_slices(model.trained, model.split, recipe, known)
    rows = list(chain.from_iterable(known.values()))
    return Study(_savings_key(request), model, recipe.relearning, total, slices, conclude, rows)


def _describe_savings(request: StudyRequest) -> str:
    plan = request.recipe.relearning
    sizes = (
        (len(plan.sweep.sets(request.trained_model.recipe.model.layers)), "layer set"),
        (len(plan.doses), "fraction"),
        (len(plan.schemes), "scheme"),
    )
    product = format_product(sizes)
    return f"{product} × {_describe_replicates(request)}, each relearned for at most {format_epochs(plan.epochs)}"


def _savings_power(request: StudyRequest) -> str:
    """Of as many findings as the sentence names: the layer sets at the largest fraction."""
    plan = request.recipe.relearning
    return describe_relearning_power(plan, len(plan.sweep.sets(request.trained_model.recipe.model.layers)))


def _look(request: StudyRequest) -> StudyRequest:
    """One seed of the model at hand."""
    plan = replace(request.recipe.relearning, seeds=1, splits=1, retrain=False)
    return replace(request, recipe=replace(request.recipe, relearning=plan))


RELEARNING_KINDS = {
    "learning_curves": StudyKind(
        title=STUDY_TITLES["learning_curves"],
        part="run",
        key=_curves_key,
        base=_curves_base,
        total=_curves_total,
        begin=_begin_curves,
        known=lambda request: RUNS * len(_known_replicates(request, RUNS)),
        seconds=_curves_seconds,
        describe=_describe_curves,
        look=_look,
        power=lambda request: describe_relearning_power(request.recipe.relearning),
    ),
    "savings": StudyKind(
        title=STUDY_TITLES["savings"],
        part="variant",
        key=_savings_key,
        base=_savings_base,
        total=_savings_total,
        begin=_begin_savings,
        known=lambda request: sum(map(len, _known_savings(request).values())),
        seconds=_savings_seconds,
        describe=_describe_savings,
        look=_look,
        power=_savings_power,
    ),
}
