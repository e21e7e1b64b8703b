"""Studies of many randomized models: sweeps, dose–response, robustness of layers, relearning and savings."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "activations": ("ActivationMap", "draw_reviews", "layer_activations", "map_activations", "map_layer"),
        "differences": ("Difference", "compare_pairs"),
        "dose_response": ("HalfWay", "cascade_curves", "curves", "half_way"),
        "evaluation": ("Hits", "SweepRow"),
        "explanation": ("check_explanation", "explanation_slices", "run_explanation"),
        "explanation_rows": ("ExplanationResult", "ExplanationRow"),
        "layer_robustness": (
            "LayerDistance",
            "LayerRobustness",
            "measure_distances",
            "robustness",
            "robustness_of_rows",
        ),
        "memory": (
            "MemoryConclusion",
            "conclude_memory",
            "correct_conclusions",
            "leaves_one_model",
            "savings_curves",
            "smallest_share",
            "units_needed",
        ),
        "nested": ("NestedCurve", "nested_curves", "nested_forgetting", "nested_half_ways"),
        "originals": ("Original", "find_originals"),
        "relearning": (
            "LearningCurve",
            "RelearningResult",
            "learning_curve_bands",
            "learning_curve_slices",
            "run_relearning",
        ),
        "savings": (
            "anamnesis_index",
            "bound_savings",
            "compute_savings",
            "log_steps_ratio",
            "savings_slices",
        ),
        "similarity": ("SimilarityResult", "SimilarityRow", "run_similarity", "similarity_slices"),
        "splits": ("SplitAccuracy", "SplitsSummary", "accuracy_over_splits", "each_split", "summarize_splits"),
        "study": ("StudyWork", "prepare_study"),
        "study_result": ("StudyResult", "read_study"),
        "sweep": (
            "SWEEP_MEMORY",
            "SweepResult",
            "check_sweep",
            "check_sweep_plan",
            "run_sweep",
            "sweep_rows",
            "sweep_slices",
        ),
        "time_to_target": ("TimeToTarget", "as_slices", "check_relearning", "train_to_target"),
    },
)
