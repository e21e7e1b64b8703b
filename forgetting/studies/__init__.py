"""Studies of many randomized models: sweeps, dose–response, robustness of layers, relearning and savings."""

from forgetting.studies.dose_response import RESAMPLES, HalfWay, cascade_curves, curves, half_way
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.layer_robustness import LayerRobustness, robustness
from forgetting.studies.relearning import (
    LearningCurve,
    RelearningResult,
    learning_curve_bands,
    learning_curve_slices,
    run_relearning,
)
from forgetting.studies.savings import (
    MemoryConclusion,
    anamnesis_index,
    conclude_memory,
    leaves_one_model,
    savings_curves,
    savings_slices,
)
from forgetting.studies.sweep import (
    SWEEP_MEMORY,
    SweepResult,
    check_sweep,
    check_sweep_plan,
    run_sweep,
    sweep_rows,
    sweep_slices,
)
from forgetting.studies.time_to_target import TimeToTarget, as_slices, check_relearning, train_to_target

__all__ = [
    "RESAMPLES",
    "SWEEP_MEMORY",
    "HalfWay",
    "LayerRobustness",
    "LearningCurve",
    "MemoryConclusion",
    "RelearningResult",
    "SweepResult",
    "SweepRow",
    "TimeToTarget",
    "anamnesis_index",
    "as_slices",
    "cascade_curves",
    "check_relearning",
    "check_sweep",
    "check_sweep_plan",
    "conclude_memory",
    "curves",
    "half_way",
    "learning_curve_bands",
    "learning_curve_slices",
    "leaves_one_model",
    "robustness",
    "run_relearning",
    "run_sweep",
    "savings_curves",
    "savings_slices",
    "sweep_rows",
    "sweep_slices",
    "train_to_target",
]
