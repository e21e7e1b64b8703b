"""Learning to Forget: randomize a network's layers, measure what it forgets, and whether it is really gone."""

from forgetting.core.errors import DataError, ForgettingError, RecipeError, WorkersError
from forgetting.data.download import fetch_wine_reviews
from forgetting.data.reviews import Reviews
from forgetting.data.sample import load_sample
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import compare, prepare, run, train
from forgetting.experiment.results import Result, Trained
from forgetting.model.classifier import TextClassifier
from forgetting.model.trainer import Trainer, TrainingSettings
from forgetting.randomization.layers import layer_table
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.plans import Relearning, Sweep
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe
from forgetting.studies.dose_response import curves, half_way
from forgetting.studies.layer_robustness import robustness
from forgetting.studies.relearning import RelearningResult, run_relearning
from forgetting.studies.sweep import SweepResult, run_sweep, sweep_rows
from forgetting.unlearning.forget_set import review_key
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.runner import run_unlearning
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
    "Trained",
    "Trainer",
    "TrainingSettings",
    "Unlearning",
    "UnlearningResult",
    "WorkersError",
    "compare",
    "curves",
    "fetch_wine_reviews",
    "half_way",
    "layer_table",
    "load_sample",
    "method",
    "prepare",
    "randomize",
    "read_reviews",
    "review_key",
    "robustness",
    "run",
    "run_relearning",
    "run_sweep",
    "run_unlearning",
    "sweep_rows",
    "train",
]
