"""Unlearning: forget sets, methods, their comparison with exact retraining, and attacks."""

from forgetting.core.lazy import lazy_names
from forgetting.unlearning import methods  # noqa: F401 - fills METHODS, before anything else can take a name in it

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "forget_set": ("SHOWN_CHARACTERS", "ForgetSets", "make_forget_sets"),
        "result": ("UnlearningResult",),
        "row": ("PAIR_METRICS", "UNLEARNING_METRICS"),
        "runner": ("UnlearningRunner", "check_unlearning", "run_unlearning"),
        "task": ("METHODS", "REFERENCE", "Task", "load_custom_methods", "method", "method_title"),
    },
)
