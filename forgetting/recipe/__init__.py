"""The recipe: every setting of an experiment, the plans of its studies, and its form as a web address."""

from forgetting.recipe.forget import Forget, Unlearning, describe_forget
from forgetting.recipe.plans import FAMILIES, LAYER_SEPARATOR, Relearning, Sweep, even_doses
from forgetting.recipe.recipe import MODERN, PROTOCOLS, PUBLISHED, Recipe

__all__ = [
    "FAMILIES",
    "LAYER_SEPARATOR",
    "MODERN",
    "PROTOCOLS",
    "PUBLISHED",
    "Forget",
    "Recipe",
    "Relearning",
    "Sweep",
    "Unlearning",
    "describe_forget",
    "even_doses",
]
