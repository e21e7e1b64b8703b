"""Learning to Forget: randomize a network's layers, measure what it forgets, and whether it is really gone."""

from forgetting.datasets import Reviews, fetch_wine_reviews, load_sample, read_reviews
from forgetting.errors import DataError, ForgettingError, RecipeError, WorkersError
from forgetting.experiment import Result, run
from forgetting.forget_set import Forget, review_key
from forgetting.methods import Task, Unlearning, method
from forgetting.models import TextClassifier, layer_table
from forgetting.plan import Relearning
from forgetting.randomization import Randomization, randomize
from forgetting.recipe import MODERN, PUBLISHED, Recipe
from forgetting.relearned import RelearningResult, run_relearning
from forgetting.sweeps import Sweep, SweepResult, run_sweep, sweep
from forgetting.training import Trainer, Training
from forgetting.unlearned import UnlearningResult
from forgetting.unlearning import Unlearner, run_unlearning

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
