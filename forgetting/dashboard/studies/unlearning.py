"""Studies of unlearning: methods on seeds. A study runs only those that no related one has run."""

from dataclasses import replace

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.base import StudyKind, StudyRequest, epoch_seconds, seconds_on_page
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.formatting import format_count, format_share
from forgetting.reporting.power import describe_smallest_area
from forgetting.tracking.run import STUDY_TITLES
from forgetting.unlearning.runner import UnlearningRunner, check_unlearning

FULL = ("retrain", "eu_k")  # methods that train for as long as the original was
RELEARNING = 10  # epochs, about, until a model has relearned the forget set
EVALUATION = 0.15  # seconds, about, that evaluating an MLP of the sample takes; of a Transformer as long as an epoch
PASSES = {"dampening": 6}  # epochs, about, that a Transformer's Fisher information takes, review by review
UNLEARNING_STUDY = "unlearning"


def _recipe(request: StudyRequest) -> Recipe:
    """The model's recipe with what the visitor wants to forget, and how."""
    return replace(request.trained_model.recipe, forget=request.recipe.forget, unlearning=request.recipe.unlearning)


def _base(request: StudyRequest) -> str:
    """What the original and the retrained models of a study depend on."""
    return f"{models.model_key(request.trained_model)}:{request.recipe.forget.used}"


def _key(request: StudyRequest) -> str:
    return f"{_base(request)}:{request.recipe.unlearning}"


def _related_runner(request: StudyRequest) -> UnlearningRunner | None:
    """Of the runners of related studies the one to which the fewest rows are to be added."""
    plan, runners = request.recipe.unlearning, [study.runner for study in request.related]
    return min(runners, key=lambda runner: len(runner.missing(plan)), default=None)


def _begin(request: StudyRequest) -> Study:
    recipe, model, related = _recipe(request), request.trained_model, _related_runner(request)
    if related:
        runner = related.with_settings(recipe.unlearning)
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
    return len(recipe.unlearning.planned)


def _missing(request: StudyRequest) -> list[tuple[int, str]]:
    plan, runner = request.recipe.unlearning, _related_runner(request)
    return runner.missing(plan) if runner else plan.planned


def _seconds(request: StudyRequest) -> float:
    kind, whole = request.trained_model.recipe.model.kind, request.trained_model.training.epochs
    plan, runner, missing = request.recipe.unlearning.for_kind(kind), _related_runner(request), _missing(request)
    relearning, epoch = min(RELEARNING, plan.relearn_epochs), epoch_seconds(request.trained_model, recorded=False)
    staged, evaluation, passes = runner.staged if runner else (), EVALUATION, {}
    if kind == "transformer":
        relearning, evaluation, passes = min(1, relearning), epoch, PASSES
    methods = sum(passes.get(name, whole if name in FULL else plan.epochs) + relearning for _, name in missing)
    seeds = {seed for seed, _ in missing} - set(staged)
    trainings = 2 * len(seeds) - (request.trained_model.recipe.seed in seeds)  # whose original is the model at hand
    return seconds_on_page(epoch * (whole * trainings + methods) + evaluation * len(missing))


def _describe(request: StudyRequest) -> str:
    plan, forget = request.recipe.unlearning, request.recipe.forget
    chosen = {
        "class": f"the class “{forget.label[:80]}”",
        "reviews": format_count(len(forget.reviews), "review"),
        "share": f"{format_share(forget.share)} of the training reviews",
    }[forget.by]
    return (
        f"{format_count(len(plan.methods), 'method')} × {format_count(plan.seeds, 'seed')} forget {chosen}, each "
        "compared with exact retraining"
    )


def _power(request: StudyRequest) -> str:
    sets = models.find_forget_sets(request.trained_model, request.recipe.forget)
    return describe_smallest_area(len(sets.forget), len(sets.non_members), request.recipe.unlearning.seeds)


def _look(request: StudyRequest) -> StudyRequest:
    return replace(request, recipe=request.recipe.with_value("unlearning.seeds", 1))


UNLEARNING_KINDS = {
    UNLEARNING_STUDY: StudyKind(
        title=STUDY_TITLES["unlearning"],
        part="model",
        key=_key,
        base=_base,
        total=_total,
        begin=_begin,
        known=lambda request: len(request.recipe.unlearning.planned) - len(_missing(request)),
        seconds=_seconds,
        describe=_describe,
        look=_look,
        power=_power,
    )
}
