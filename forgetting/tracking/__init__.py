"""What was run, kept: a run with its metrics beside their baselines, the runs of a machine, and experiments as files.

Nothing is computed here: results come from the packages above.
"""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "environment": ("PROGRAM_VERSION", "program_version", "versions"),
        "run": ("RUN_KINDS", "Run", "RunMetric", "make_metric", "run_key", "used_recipe"),
        "run_comparison": ("MetricDifference", "RunComparison", "SettingDifference", "compare_runs"),
        "run_records": ("comparison_run", "own_model_run", "reproduction_run", "study_run", "training_run"),
        "run_store": ("MemoryStore", "RunStore", "runs_folder"),
    },
)
