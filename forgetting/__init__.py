"""Learning to Forget: randomize a network's layers, measure what it forgets, and whether it is really gone."""

from forgetting.core.errors import DataError, ForgettingError, RecipeError, WorkersError
from forgetting.data.download import fetch_wine_reviews
from forgetting.data.reviews import Reviews
from forgetting.data.sample import load_sample
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import run
from forgetting.experiment.results import Result
from forgetting.model.classifier import TextClassifier
from forgetting.model.trainer import Trainer, Training
from forgetting.randomization.layers import layer_table
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.plans import Relearning, Sweep
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe
from forgetting.studies.savings import RelearningResult, run_relearning
from forgetting.studies.sweep import SweepResult, run_sweep, sweep
from forgetting.unlearning.forget_set import review_key
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.runner import Unlearner, run_unlearning
from forgetting.unlearning.task import Task, method

__all__ = [
    "MODERN",
    "PUBLISHED",
    "DataError",
    "Forget",
    "ForgettingError",
    "Randomization",
    "Recipe",
    "RecipeError",
    "Relearning",
    "RelearningResult",
    "Result",
    "Reviews",
    "Sweep",
    "SweepResult",
    "Task",
    "TextClassifier",
    "Trainer",
    "Training",
    "Unlearner",
    "Unlearning",
    "UnlearningResult",
    "WorkersError",
    "fetch_wine_reviews",
    "layer_table",
    "load_sample",
    "method",
    "randomize",
    "read_reviews",
    "review_key",
    "run",
    "run_relearning",
    "run_sweep",
    "run_unlearning",
    "sweep",
]
