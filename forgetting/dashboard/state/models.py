"""Training runs, trained models, and what is computed of a trained model, each computed once for all visitors.

Every key is made of the SHA-256 of the data and of parts of the recipe, never of names. A shared model is never
changed: training works on a copy of it.

What trains and measures models is imported where that is done, as it imports torch, and the first screen does neither.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from forgetting.core.errors import DataError, EmptyStateError, ForgettingError
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.data import find_digest, find_pretrained, find_reviews, find_split, split_key
from forgetting.dashboard.state.session import (
    STORY,
    Inputs,
    Session,
    TrainedModel,
    TrainingRun,
    refresh_controls,
)
from forgetting.experiment.pretrained import Pretrained, load_pretrained
from forgetting.experiment.results import Comparison, Outcome
from forgetting.metrics.baselines import Baselines, compute_baselines
from forgetting.metrics.scores import Scores
from forgetting.metrics.typical_review import TypicalReview
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import Forget
from forgetting.recipe.recipe import Recipe

if TYPE_CHECKING:
    from forgetting.experiment.saved import SavedModel
    from forgetting.model.split import Split
    from forgetting.unlearning.forget_set import ForgetSets

FINISHED = SharedCache("finished models", most=4)
COMPARISONS = SharedCache("comparisons", most=4)
OUTCOMES = SharedCache("outcomes", most=2)
FORGET_SETS = SharedCache("forget sets", most=2)
BASELINES = SharedCache("baselines", most=4)


def start_training(visitor: Session) -> TrainingRun:
    """Begin to train a visitor's recipe anew. From now on the visitor's model is the one that this run trains.

    Raises:
        ForgettingError: Where the reviews cannot be had, split or trained on. Then the model stays.
    """
    from forgetting.dashboard.state.engine import copy_state, make_trainer

    recipe, inputs = visitor.recipe, visitor.inputs
    split = find_split(inputs)
    trainer = make_trainer(recipe, split)
    sha256 = find_reviews(inputs).sha256
    visitor.training_run = TrainingRun(recipe, split, sha256, trainer, copy_state(trainer.model))
    store_model(visitor)
    return visitor.training_run


def store_model(visitor: Session) -> None:
    """Make the model of a visitor's training run, as it stands, their trained model. A finished one is shared.

    Where the run is not of the visitor's recipe, and their model is, that stays.
    """
    from forgetting.dashboard.state.engine import snapshot

    run = visitor.training_run
    trained_model = TrainedModel(run.recipe, run.split, snapshot(run.trainer, run.initial), run.sha256)
    run.stored_steps = run.trainer.steps
    if is_outdated(visitor.trained_model, visitor.inputs) or not is_outdated(run, visitor.inputs):
        visitor.trained_model = trained_model
    if trained_model.trained.state == "finished":
        nameless = replace(run.recipe, data=replace(run.recipe.data, source="file", file=""))
        FINISHED.put(trained_key(run.recipe, run.sha256), replace(trained_model, recipe=nameless))


def store_progress(visitor: Session) -> None:
    """The same, where there is a training run that has made steps since its model was last stored."""
    run = visitor.training_run
    if run and run.trainer.steps != run.stored_steps:
        store_model(visitor)


def find_trained_model(visitor: Session) -> TrainedModel | None:
    """The model that is meant wherever the visitor's model is named, None where there is none.

    It is that of the training run, as far as it has come, where this is of the recipe. Else it is a loaded one of the
    recipe, or a finished one, if there is one, and else the visitor's last one, which is outdated.
    """
    if is_outdated(visitor.trained_model, visitor.inputs):
        # The story shows finished models; a run waits there for the visitor to come back.
        if visitor.page != STORY and not is_outdated(visitor.training_run, visitor.inputs):
            store_model(visitor)
        elif visitor.page == STORY or not _take_loaded_model(visitor):
            take_finished_model(visitor)
    return visitor.trained_model


def find_shown(visitor: Session) -> TrainingRun | TrainedModel | None:
    """The visitor's model; the training run that it comes from, where there is one, as this may have come further."""
    trained_model, run = find_trained_model(visitor), visitor.training_run
    if run and trained_model and _key_of(run) == _key_of(trained_model):
        return run
    return trained_model


def take_finished_model(visitor: Session) -> bool:
    """Take the finished model of the visitor's recipe; returns whether there is one.

    It may have come with the program, or a visitor who is there has trained it.
    """
    with suppress(DataError):  # without the data there is no model to find
        digest, pretrained = find_digest(visitor.inputs), find_pretrained(visitor.inputs)
        key = trained_key(visitor.recipe, digest)
        if pretrained and key == trained_key(pretrained.recipe, digest):
            visitor.trained_model = TrainedModel(visitor.recipe, pretrained.split, pretrained.trained, digest)
            return True
        if found := FINISHED.get(key):
            visitor.trained_model = replace(found, recipe=visitor.recipe)
            return True
    return False


def load_saved_model(visitor: Session, saved: SavedModel) -> None:
    """Make a saved model the visitor's, and its recipe theirs. It waits where its reviews are not at hand.

    Raises:
        ForgettingError: The reviews are at hand, and the model does not go with them. Then everything stays.
    """
    inputs = visitor.inputs_of(saved.recipe)
    try:
        find_digest(inputs)
    except EmptyStateError:
        visitor.saved_model = saved
    else:
        visitor.saved_model, visitor.loaded_model = None, _restore(saved, inputs)
        visitor.trained_model = visitor.loaded_model
        if visitor.training_run and _key_of(visitor.training_run) == _key_of(visitor.loaded_model):
            visitor.training_run = None  # which would be taken for where the loaded one comes from
    visitor.playing = False
    visitor.recipe, visitor.touched = saved.recipe, True
    refresh_controls()


def _take_loaded_model(visitor: Session) -> bool:
    """Take the model that the visitor has loaded, where it is of the recipe; returns whether there is one.

    One that waited for its reviews no longer does when they are there. Where it does not go with them, this is said.
    """
    if awaits_reviews(visitor):
        with suppress(EmptyStateError):  # and so it waits on
            find_digest(visitor.inputs)
            saved, visitor.saved_model = visitor.saved_model, None
            try:
                visitor.loaded_model = _restore(saved, visitor.inputs)
            except ForgettingError as error:
                visitor.notices.append(str(error))
    if is_outdated(visitor.loaded_model, visitor.inputs):
        return False
    visitor.trained_model = visitor.loaded_model
    return True


def awaits_reviews(visitor: Session) -> bool:
    """Whether the visitor has loaded a model of the recipe that waits for its file of reviews."""
    saved = visitor.saved_model
    if saved is None:
        return False
    same_file = find_recipe_digest(visitor.inputs) in ("", saved.sha256)
    return same_file and trained_key(visitor.recipe, "") == trained_key(saved.recipe, "")


def _restore(saved: SavedModel, inputs: Inputs) -> TrainedModel:
    """A saved model with its split; where it is the one that came with the program, that one.

    Raises:
        ForgettingError: It does not go with the reviews, or there can be no split of them.
    """
    split, digest, pretrained = find_split(inputs), find_digest(inputs), find_pretrained(inputs)
    trained = saved.restore(split)
    if pretrained and trained_key(saved.recipe, digest) == trained_key(pretrained.recipe, digest):
        weights = pretrained.trained.model.state_dict()
        if all(value.equal(weights[name]) for name, value in trained.model.state_dict().items()):
            trained = pretrained.trained
    return TrainedModel(saved.recipe, split, trained, digest, saved.digest)


def _came_trained(model: TrainedModel | TrainingRun) -> Pretrained:
    """The model of the same kind that came with the program."""
    return load_pretrained(model.recipe.model.kind)


def is_pretrained(trained_model: TrainedModel) -> bool:
    """Whether a model came trained with the program."""
    return trained_model.trained is _came_trained(trained_model).trained


def is_outdated(trained_model: TrainedModel | TrainingRun | None, inputs: Inputs) -> bool:
    """Whether there is no model, or it was trained with other settings or data than the recipe now has."""
    if trained_model is None:
        return True
    return _key_of(trained_model) != trained_key(inputs.recipe, find_recipe_digest(inputs))


def find_recipe_digest(inputs: Inputs) -> str:
    """SHA-256 of the file of a recipe, also where the visitor does not have it; "" where none is named."""
    try:
        return find_digest(inputs)
    except DataError:
        return inputs.recipe.data.sha256


@lru_cache(maxsize=256)  # each run of a page asks some twenty times
def trained_key(recipe: Recipe, digest: str) -> str:
    """What a finished model depends on: the recipe without its randomization, and the bytes of the file."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    return replace(recipe.for_training(), data=nameless).hash


def _key_of(trained: TrainedModel | TrainingRun) -> str:
    return trained_key(trained.recipe, trained.sha256)


def model_key(trained_model: TrainedModel) -> str:
    """What identifies a model, as far as it is trained.

    The one that came with the program may differ a little from the same one trained on this machine, and one that was
    loaded may be of any machine.
    """
    key = f"{_key_of(trained_model)}:{trained_model.trained.steps}"
    return f"{key}:pretrained" if is_pretrained(trained_model) else f"{key}:{trained_model.digest}".rstrip(":")


def fit_randomization(randomization: Randomization, trained_model: TrainedModel) -> Randomization:
    """A randomization with those of its layers and words that a model has, as an outdated model may have fewer."""
    layers = trained_model.recipe.model.layers
    if randomization.words:
        vocabulary = set(trained_model.split.words)
        words = tuple(word for word in randomization.words if word in vocabulary)
        return replace(randomization, words=words) if words else replace(randomization, words=(), layers=())
    return randomization.fit(layers)


def find_comparison(trained_model: TrainedModel, randomization: Randomization) -> Comparison:
    """A model before and after a randomization, as far as it fits. Raises ForgettingError as `compare` does."""
    recipe = compared_recipe(trained_model, randomization)

    def compute() -> Comparison:
        if known := find_known_comparison(trained_model, recipe.randomization):
            return known
        from forgetting.dashboard.state.engine import compare

        return compare(recipe, trained_model.split, trained_model.trained, find_original(trained_model))

    return COMPARISONS.ask(comparison_key(trained_model, randomization), compute)


def find_known_comparison(trained_model: TrainedModel, randomization: Randomization) -> Comparison | None:
    """A comparison that came with the program, None where it did not."""
    return _came_trained(trained_model).find_comparison(randomization) if is_pretrained(trained_model) else None


def find_known_typical_review(trained_model: TrainedModel) -> TypicalReview:
    """The typical review of the comparisons that came with the program for a model of this kind."""
    return _came_trained(trained_model).typical


def find_original(trained_model: TrainedModel) -> Outcome:
    """What a model reaches before it is randomized."""
    if is_pretrained(trained_model):
        return _came_trained(trained_model).original
    recipe, split, trained = trained_model.recipe, trained_model.split, trained_model.trained

    def measure() -> Outcome:
        from forgetting.dashboard.state.engine import measure_outcome

        return measure_outcome(recipe, split, trained)

    return OUTCOMES.ask(model_key(trained_model), measure)


def measure_beside_majority(trained_model: TrainedModel) -> tuple[Scores, Baselines]:
    """A model's validation metrics, and the baselines, of which LinearSVC may be left out: what soon is at hand."""
    recipe, split = trained_model.recipe, trained_model.split
    if is_pretrained(trained_model):
        came = _came_trained(trained_model)
        return came.original.scores["validation"], came.baselines
    from forgetting.metrics.scores import evaluate

    objective = recipe.training.objective
    known = OUTCOMES.get(model_key(trained_model))
    scores = known.scores["validation"] if known else evaluate(trained_model.trained.model, split.validation, objective)
    return scores, compute_baselines(split, objective, svc_limit=0)


def comparison_key(trained_model: TrainedModel, randomization: Randomization) -> str:
    """What a comparison depends on: the model, and the randomization as far as it fits the model."""
    return f"{model_key(trained_model)}:{compared_recipe(trained_model, randomization).randomization}"


def compared_recipe(trained_model: TrainedModel, randomization: Randomization) -> Recipe:
    """The recipe of a comparison: the model's, with the randomization as far as it fits the model."""
    recipe = trained_model.recipe
    if recipe.protocol == "published":  # which has its own randomization
        return recipe
    return replace(recipe, randomization=fit_randomization(randomization, trained_model))


def find_forget_sets(trained_model: TrainedModel, forget: Forget) -> ForgetSets:
    """What is to be forgotten among a model's reviews. Raises ForgettingError where there can be no such set."""
    from forgetting.unlearning.forget_set import make_forget_sets

    key = f"{split_key(trained_model.recipe, trained_model.sha256)}:{forget}"
    return FORGET_SETS.ask(key, lambda: make_forget_sets(trained_model.split, forget))


def find_baselines(run: TrainedModel | TrainingRun) -> Baselines:
    """The baselines on the split that a model was, or is being, trained on."""
    return find_split_baselines(run.recipe, run.split, run.sha256)


def find_split_baselines(recipe: Recipe, split: Split, digest: str) -> Baselines:
    """The baselines on the split that a recipe makes of a file, by the SHA-256 of the file."""
    objective = recipe.training.objective
    key, pretrained = split_key(recipe, digest), load_pretrained(recipe.model.kind)
    fits = key == split_key(pretrained.recipe, pretrained.sha256)
    if fits and objective == pretrained.recipe.training.objective:
        return pretrained.baselines
    return BASELINES.ask(f"{key}:{objective}", lambda: compute_baselines(split, objective))
