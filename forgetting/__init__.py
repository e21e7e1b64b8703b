"""Learning to Forget: randomize a network's layers, measure what it forgets, and whether it is really gone."""

from forgetting.datasets import Reviews, fetch_wine_reviews, load_sample, read_reviews
from forgetting.errors import DataError, ForgettingError, RecipeError, WorkersError
from forgetting.experiment import Result, run
from forgetting.models import TextClassifier, layer_table
from forgetting.randomization import Randomization, randomize
from forgetting.recipe import MODERN, PUBLISHED, Recipe
from forgetting.sweeps import Sweep, SweepResult, run_sweep, sweep
from forgetting.training import Trainer, Training

__all__ = [
    "MODERN",
    "PUBLISHED",
    "DataError",
    "ForgettingError",
    "Randomization",
    "Recipe",
    "RecipeError",
    "Result",
    "Reviews",
    "Sweep",
    "SweepResult",
    "TextClassifier",
    "Trainer",
    "Training",
    "WorkersError",
    "fetch_wine_reviews",
    "layer_table",
    "load_sample",
    "randomize",
    "read_reviews",
    "run",
    "run_sweep",
    "sweep",
]
