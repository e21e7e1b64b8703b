"""The library's work at the page edge: shared by all visitors through the content it depends on.

Keys are made of the SHA-256 of the data and of the recipe; never of names, and never of a data frame. What is shared is
never changed: training on copies it.
"""

from contextlib import suppress
from dataclasses import replace

from forgetting.core.errors import DataError
from forgetting.dashboard.state.cache import Shared, shared
from forgetting.dashboard.state.data import reviews, split, split_key, table
from forgetting.dashboard.state.session import Learned, Lesson, session
from forgetting.experiment.pipeline import assess, compare, make_trainer, snapshot, state_of
from forgetting.experiment.results import Comparison, Outcome
from forgetting.metrics.baselines import Baselines, baselines
from forgetting.model.split import Split
from forgetting.randomization.settings import ALL, Randomization
from forgetting.recipe.forget import Forget
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.unlearning.forget_set import ForgetSets, forget_sets


def _trained_key(recipe: Recipe, digest: str) -> str:
    """What a trained model depends on: the recipe without its randomization, and the bytes of the file."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    return replace(recipe.until_trained(), data=nameless).hash


FINISHED = Shared("finished models", most=4)
KEPT: list[Learned] = []  # the model that every visitor meets first, once it is trained: also while nobody is there


def start_lesson() -> Lesson:
    """Begin to train the session's recipe anew."""
    recipe, parts = session().recipe, split()
    trainer = make_trainer(recipe, parts)
    return Lesson(recipe, parts, reviews().sha256, trainer, state_of(trainer.model))


def keep(lesson: Lesson) -> None:
    """Make a lesson's model, as it stands, the session's; a finished one is shared."""
    learned = Learned(lesson.recipe, lesson.split, snapshot(lesson.trainer, lesson.initial), lesson.sha256)
    session().learned, lesson.kept = learned, lesson.trainer.steps
    if learned.trained.state == "finished":
        nameless = replace(lesson.recipe, data=replace(lesson.recipe.data, source="file", file=""))
        finished = replace(learned, recipe=nameless)
        FINISHED.put(_trained_key(lesson.recipe, lesson.sha256), finished)
        if lesson.recipe.until_trained() == MODERN.until_trained():
            KEPT[:] = [finished]


def keep_progress() -> None:
    """Keep what the session's lesson has learnt since it was last kept."""
    lesson = session().lesson
    if lesson and lesson.trainer.steps != lesson.kept:
        keep(lesson)


def find_learned() -> Learned | None:
    """The session's model; where that is none or out of date, the right one if anyone trained it before."""
    if outdated(session().learned):
        adopt()
    return session().learned


def adopt() -> bool:
    """Take the finished model of the session's recipe, where a visitor who is there has trained it."""
    mine = session()
    with suppress(DataError):  # without the data there is no model to find
        if found := FINISHED.get(_trained_key(mine.recipe, table().sha256)):
            mine.learned = replace(found, recipe=mine.recipe)
            return True
    return False


def outdated(learned: Learned | Lesson | None) -> bool:
    """Whether there is no model, or it was trained with other settings or data than the recipe now has."""
    if learned is None:
        return True
    recipe = session().recipe
    try:
        digest = table().sha256
    except DataError:
        digest = recipe.data.sha256
    return _trained_key(learned.recipe, learned.sha256) != _trained_key(recipe, digest)


def fitting(learned: Learned) -> Randomization:
    """The session's randomization, of those layers and words that a model has: one out of date may have fewer."""
    randomization, known = session().recipe.randomization, learned.recipe.model.layers
    if randomization.words:
        vocabulary = set(learned.split.words)
        words = tuple(word for word in randomization.words if word in vocabulary)
        return replace(randomization, words=words) if words else replace(randomization, words=(), layers=())
    if randomization.layers == (ALL,):
        return randomization
    return replace(randomization, layers=tuple(name for name in randomization.layers if name in known))


def comparison(learned: Learned) -> Comparison:
    """Before and after for the session's randomization of a model."""
    return _comparison(comparison_key(learned), _compared(learned), learned, model_key(learned))


def comparison_key(learned: Learned) -> str:
    """What a comparison depends on: the model and the randomization."""
    return f"{model_key(learned)}:{_compared(learned).randomization}"


def _compared(learned: Learned) -> Recipe:
    published = learned.recipe.protocol == "published"
    return learned.recipe if published else replace(learned.recipe, randomization=fitting(learned))


def model_key(learned: Learned) -> str:
    """What tells a model, as far as it is trained, from all others."""
    return f"{_trained_key(learned.recipe, learned.sha256)}:{learned.trained.steps}"


@shared(most=4)
def _comparison(recipe: Recipe, learned: Learned, key: str) -> Comparison:
    original = _outcome(key, recipe, learned)
    return compare(recipe, learned.split, learned.trained, original)


@shared(most=2)
def _outcome(recipe: Recipe, learned: Learned) -> Outcome:
    return assess(recipe, learned.split, learned.trained)


def forget_sets_of(learned: Learned) -> ForgetSets:
    """The session's forget set among a model's reviews. Raises ForgettingError where there can be none."""
    forget = session().recipe.forget
    return _forget_sets(f"{split_key(learned.recipe, learned.sha256)}:{forget}", learned.split, forget)


@shared(most=2)
def _forget_sets(split: Split, forget: Forget) -> ForgetSets:
    return forget_sets(split, forget)


def baselines_of(run: Learned | Lesson) -> Baselines:
    """The baselines on the split that a model was, or is being, trained on."""
    objective = run.recipe.training.objective
    return _baselines(f"{split_key(run.recipe, run.sha256)}:{objective}", run.split, objective)


@shared(most=4)
def _baselines(split: Split, objective: str) -> Baselines:
    return baselines(split, objective)
