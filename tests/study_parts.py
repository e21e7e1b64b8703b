"""What the tests of studies share: small recipes, what they train, and the rows and curves of their plans."""

from dataclasses import replace
from functools import cache
from itertools import chain

from forgetting.core.seeding import second_seed
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.results import Trained
from forgetting.metrics.scores import evaluate
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import ModelSettings, TrainingSettings
from forgetting.model.split import Split
from forgetting.model.trainer import Trainer
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import Recipe
from forgetting.studies.relearning import LearningCurve, learning_curve_slices
from forgetting.studies.savings import SavingsRow, savings_slices

PLAN = Relearning(
    epochs=25,
    layers=("each", "all"),
    doses=(0.0, 0.5, 1.0),
    schemes=("reinit", "rewind"),
    seeds=2,
    retrain=False,
)


def small_recipe(hidden=(5,), objective="cross_entropy", epochs=12) -> Recipe:
    return Recipe(
        model=ModelSettings(hidden=hidden, dropout=0.2),
        training=TrainingSettings(objective=objective, epochs=epochs, learning_rate=0.05),
    )


@cache
def trained_small(split, hidden=(5,), objective="cross_entropy") -> tuple[Recipe, Trained]:
    """A recipe and what training by it gives; neither is changed by anyone."""
    recipe = small_recipe(hidden, objective)
    return recipe, train(recipe, split)


def transformer_recipe() -> Recipe:
    return Recipe(
        model=ModelSettings(kind="transformer", width=8, heads=2, feedforward=12, max_tokens=12, dropout=0.1),
        training=TrainingSettings(epochs=4, batch_size=16),
    )


@cache
def trained_transformer(reviews) -> tuple[Recipe, Split, Trained]:
    """The recipe of a small Transformer, the split of reviews, and what training gives; none is changed by anyone."""
    recipe = transformer_recipe()
    split = prepare(recipe, reviews)
    return recipe, split, train(recipe, split)


def model_of(split, seed=1, dropout=0.2) -> TextClassifier:
    return TextClassifier(len(split.words), len(split.classes), (5,), dropout, seed=seed)


def recipe_of(plan=PLAN, randomization=None, seed=0, **training) -> Recipe:
    return Recipe(
        model=ModelSettings(hidden=(5,), dropout=0.2),
        training=replace(TrainingSettings(epochs=12, learning_rate=0.05), **training),
        randomization=randomization or Randomization(layers=("fc2",), fraction=0.8, scheme="reinit"),
        relearning=plan,
        seed=seed,
    )


@cache
def trained(split, recipe=None) -> Trained:
    """What training by a recipe gives; it is changed by nobody."""
    return train(recipe or recipe_of(), split)


def rows_of(done, split, recipe) -> list[SavingsRow]:
    return list(chain.from_iterable(savings_slices(done, split, recipe)))


def curves_of(done, split, recipe) -> list[LearningCurve]:
    return list(chain.from_iterable(learning_curve_slices(done, split, recipe)))


def by_hand(recipe, split, seed, model):
    """A curve's points by a Trainer of its own, advanced epoch by epoch, and scores of the model in between."""
    training = replace(recipe.training, epochs=recipe.relearning.epochs)
    trainer = Trainer(model, split, training, seed=second_seed(seed), record_history=False)
    found = []
    for epoch in range(training.epochs + 1):
        scores = [evaluate(trainer.model, part, training.objective) for part in split.parts.values()]
        found.append((epoch, trainer.steps, *((score.loss, score.accuracy) for score in scores)))
        trainer.advance(epochs=1)
    return found
