"""The whole path in one call: recipe and reviews → result; the published table; results as files."""

from forgetting.experiment.export import TABLE_FORMATS, csv_bytes, model_bytes, neutralize_formula, table_bytes
from forgetting.experiment.pipeline import (
    Progress,
    build_model,
    compare,
    copy_state,
    make_trainer,
    measure_outcome,
    prepare,
    run,
    select_reviews,
    snapshot,
    train,
)
from forgetting.experiment.published import (
    PUBLISHED_METRICS,
    PUBLISHED_MODELS,
    PUBLISHED_TABLE,
    PublishedRun,
    reproduce,
    run_published_seed,
    summarize_runs,
)
from forgetting.experiment.results import Comparison, Outcome, Result, Trained, to_plain

__all__ = [
    "PUBLISHED_METRICS",
    "PUBLISHED_MODELS",
    "PUBLISHED_TABLE",
    "TABLE_FORMATS",
    "Comparison",
    "Outcome",
    "Progress",
    "PublishedRun",
    "Result",
    "Trained",
    "build_model",
    "compare",
    "copy_state",
    "csv_bytes",
    "make_trainer",
    "measure_outcome",
    "model_bytes",
    "neutralize_formula",
    "prepare",
    "reproduce",
    "run",
    "run_published_seed",
    "select_reviews",
    "snapshot",
    "summarize_runs",
    "table_bytes",
    "to_plain",
    "train",
]
