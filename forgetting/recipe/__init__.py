"""The recipe: every setting of an experiment, the plans of its studies, and its form as a web address."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "explanation": ("ChosenReview", "Explanation"),
        "forget": ("Forget", "Unlearning", "describe_forget"),
        "plans": ("Relearning", "Sweep", "even_doses"),
        "recipe": ("MODERN", "PROTOCOLS", "PUBLISHED", "Recipe"),
    },
)
