"""Unlearning: forget sets, methods, their comparison with exact retraining, and attacks."""

from forgetting.unlearning import methods  # fills METHODS, before anything else can take a name in it
from forgetting.unlearning.evaluation import PAIR_METRICS, UNLEARNING_METRICS
from forgetting.unlearning.forget_set import SHOWN_CHARACTERS, ForgetSets, make_forget_sets, review_key
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.runner import UnlearningRunner, check_unlearning, run_unlearning
from forgetting.unlearning.task import METHODS, REFERENCE, Task, load_custom_methods, method, method_title

__all__ = [
    "METHODS",
    "PAIR_METRICS",
    "REFERENCE",
    "SHOWN_CHARACTERS",
    "UNLEARNING_METRICS",
    "ForgetSets",
    "Task",
    "UnlearningResult",
    "UnlearningRunner",
    "check_unlearning",
    "load_custom_methods",
    "make_forget_sets",
    "method",
    "method_title",
    "methods",
    "review_key",
    "run_unlearning",
]
