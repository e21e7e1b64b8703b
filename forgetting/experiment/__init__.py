"""The whole path in one call, from a recipe and reviews to a result; the published table; results as files."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "export": ("TABLE_FORMATS", "TableResult", "csv_bytes", "neutralize_formula", "table_bytes"),
        "flip": ("Contribution", "Flip", "explain_flip"),
        "loading": ("load_model",),
        "pipeline": (
            "Progress",
            "build_model",
            "compare",
            "copy_state",
            "make_result",
            "make_trainer",
            "measure_outcome",
            "prepare",
            "run",
            "select_reviews",
            "snapshot",
            "train",
        ),
        "prediction": ("ClassPredictions", "Predictions", "Predictor", "make_predictor"),
        "published": (
            "PUBLISHED_METRICS",
            "PUBLISHED_MODELS",
            "PUBLISHED_TABLE",
            "PublishedRun",
            "reproduce",
            "rerun_published",
            "run_published_seed",
            "summarize_runs",
            "trivial_metrics",
        ),
        "reproduction": ("Reproduction", "ReproductionSummary", "epochs_table", "published_table"),
        "results": ("Comparison", "Outcome", "Result", "Trained", "to_plain"),
        "saved": ("SavedModel", "model_bytes", "save_model"),
    },
)
