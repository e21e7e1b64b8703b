"""The library's work at the page edge: shared by all visitors through the content it depends on.

Keys are made of the SHA-256 of the data and of the recipe; never of names, and never of a data frame. What is shared is
never changed: training on copies it.
"""

from contextlib import suppress
from dataclasses import replace

from forgetting.core.errors import DataError
from forgetting.dashboard.state.cache import SharedCache, shared
from forgetting.dashboard.state.data import current_reviews, current_split, current_table, split_key
from forgetting.dashboard.state.session import TrainedModel, TrainingRun, session
from forgetting.experiment.pipeline import compare, copy_state, make_trainer, measure_outcome, snapshot
from forgetting.experiment.results import Comparison, Outcome
from forgetting.metrics.baselines import Baselines, compute_baselines
from forgetting.model.split import Split
from forgetting.randomization.settings import ALL, Randomization
from forgetting.recipe.forget import Forget
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.unlearning.forget_set import ForgetSets, make_forget_sets


def _trained_key(recipe: Recipe, digest: str) -> str:
    """What a trained model depends on: the recipe without its randomization, and the bytes of the file."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    return replace(recipe.for_training(), data=nameless).hash


FINISHED = SharedCache("finished models", most=4)
DEFAULT_MODEL: list[
    TrainedModel
] = []  # the model that every visitor meets first, once it is trained: also while nobody is there


def start_training() -> TrainingRun:
    """Begin to train the session's recipe anew."""
    recipe, parts = session().recipe, current_split()
    trainer = make_trainer(recipe, parts)
    return TrainingRun(recipe, parts, current_reviews().sha256, trainer, copy_state(trainer.model))


def store_model(training_run: TrainingRun) -> None:
    """Make a lesson's model, as it stands, the session's; a finished one is shared."""
    trained_model = TrainedModel(
        training_run.recipe,
        training_run.split,
        snapshot(training_run.trainer, training_run.initial),
        training_run.sha256,
    )
    session().trained_model, training_run.kept = trained_model, training_run.trainer.steps
    if trained_model.trained.state == "finished":
        nameless = replace(training_run.recipe, data=replace(training_run.recipe.data, source="file", file=""))
        finished = replace(trained_model, recipe=nameless)
        FINISHED.put(_trained_key(training_run.recipe, training_run.sha256), finished)
        if training_run.recipe.for_training() == MODERN.for_training():
            DEFAULT_MODEL[:] = [finished]


def store_progress() -> None:
    """Keep what the session's lesson has learnt since it was last kept."""
    training_run = session().training_run
    if training_run and training_run.trainer.steps != training_run.kept:
        store_model(training_run)


def find_trained_model() -> TrainedModel | None:
    """The session's model; where that is none or out of date, the right one if anyone trained it before."""
    if outdated(session().trained_model):
        take_finished_model()
    return session().trained_model


def take_finished_model() -> bool:
    """Take the finished model of the session's recipe, where a visitor who is there has trained it."""
    mine = session()
    with suppress(DataError):  # without the data there is no model to find
        if found := FINISHED.get(_trained_key(mine.recipe, current_table().sha256)):
            mine.trained_model = replace(found, recipe=mine.recipe)
            return True
    return False


def outdated(trained_model: TrainedModel | TrainingRun | None) -> bool:
    """Whether there is no model, or it was trained with other settings or data than the recipe now has."""
    if trained_model is None:
        return True
    recipe = session().recipe
    try:
        digest = current_table().sha256
    except DataError:
        digest = recipe.data.sha256
    return _trained_key(trained_model.recipe, trained_model.sha256) != _trained_key(recipe, digest)


def fitting_randomization(trained_model: TrainedModel) -> Randomization:
    """The session's randomization, of those layers and words that a model has: one out of date may have fewer."""
    randomization, known = session().recipe.randomization, trained_model.recipe.model.layers
    if randomization.words:
        vocabulary = set(trained_model.split.words)
        words = tuple(word for word in randomization.words if word in vocabulary)
        return replace(randomization, words=words) if words else replace(randomization, words=(), layers=())
    if randomization.layers == (ALL,):
        return randomization
    return replace(randomization, layers=tuple(name for name in randomization.layers if name in known))


def current_comparison(trained_model: TrainedModel) -> Comparison:
    """Before and after for the session's randomization of a model."""
    return _comparison(comparison_key(trained_model), _compared(trained_model), trained_model, model_key(trained_model))


def comparison_key(trained_model: TrainedModel) -> str:
    """What a comparison depends on: the model and the randomization."""
    return f"{model_key(trained_model)}:{_compared(trained_model).randomization}"


def _compared(trained_model: TrainedModel) -> Recipe:
    published = trained_model.recipe.protocol == "published"
    return (
        trained_model.recipe
        if published
        else replace(trained_model.recipe, randomization=fitting_randomization(trained_model))
    )


def model_key(trained_model: TrainedModel) -> str:
    """What tells a model, as far as it is trained, from all others."""
    return f"{_trained_key(trained_model.recipe, trained_model.sha256)}:{trained_model.trained.steps}"


@shared(most=4)
def _comparison(recipe: Recipe, trained_model: TrainedModel, key: str) -> Comparison:
    original = _outcome(key, recipe, trained_model)
    return compare(recipe, trained_model.split, trained_model.trained, original)


@shared(most=2)
def _outcome(recipe: Recipe, trained_model: TrainedModel) -> Outcome:
    return measure_outcome(recipe, trained_model.split, trained_model.trained)


def current_forget_sets(trained_model: TrainedModel) -> ForgetSets:
    """The session's forget set among a model's reviews. Raises ForgettingError where there can be none."""
    forget = session().recipe.forget
    return _forget_sets(
        f"{split_key(trained_model.recipe, trained_model.sha256)}:{forget}", trained_model.split, forget
    )


@shared(most=2)
def _forget_sets(split: Split, forget: Forget) -> ForgetSets:
    return make_forget_sets(split, forget)


def baselines_for(run: TrainedModel | TrainingRun) -> Baselines:
    """The baselines on the split that a model was, or is being, trained on."""
    objective = run.recipe.training.objective
    return _baselines(f"{split_key(run.recipe, run.sha256)}:{objective}", run.split, objective)


@shared(most=4)
def _baselines(split: Split, objective: str) -> Baselines:
    return compute_baselines(split, objective)
