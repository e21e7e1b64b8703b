"""Re-runs of the published experiment as tables: a row for each epoch, and the published table beside the re-runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from forgetting.experiment.export import TableResult
from forgetting.experiment.published import (
    PUBLISHED_CLASSES,
    PUBLISHED_METRICS,
    PUBLISHED_MODELS,
    PUBLISHED_TABLE,
    REFERENCE_RANGES,
    PublishedRun,
    summarize_runs,
    trivial_metrics,
)
from forgetting.model.split import PARTS
from forgetting.recipe.recipe import Recipe


@dataclass(frozen=True)
class Reproduction(TableResult):
    """Re-runs of the published experiment, as a result that can be written.

    Attributes:
        reruns: The re-runs, in the order of their seeds.
        recipe: The published recipe, with its file.
        data_sha256: SHA-256 of the file, as 64 hexadecimal digits.
    """

    reruns: Sequence[PublishedRun]
    recipe: Recipe
    data_sha256: str

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The metrics of each seed by epoch; see `epochs_table`."""
        return epochs_table(self.reruns), self.recipe, {"data_sha256": self.data_sha256}


@dataclass(frozen=True)
class ReproductionSummary(Reproduction):
    """The published table beside re-runs, as a result that can be written."""

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The published table; see `published_table`."""
        return published_table(self.reruns), self.recipe, {"data_sha256": self.data_sha256, "seeds": len(self.reruns)}


def epochs_table(reruns: Sequence[PublishedRun]) -> pd.DataFrame:
    """A row for each seed, model, epoch and part, with its metrics and what trivial models reach of each."""
    return pd.DataFrame(
        [
            {
                "seed": run.seed,
                "model": model,
                "epoch": epoch,
                "part": part,
                **{metric: values[part, metric] for metric in run.trivial},
                **{f"trivial_{metric}": value for metric, value in run.trivial.items()},
            }
            for run in reruns
            for model in PUBLISHED_MODELS
            for epoch, values in enumerate(run.histories[model], 1)
            for part in PARTS
        ]
    )


def published_table(reruns: Sequence[PublishedRun]) -> pd.DataFrame:
    """The rows of `published_rows` as a table."""
    return pd.DataFrame(published_rows(reruns))


def published_rows(reruns: Sequence[PublishedRun]) -> list[dict]:
    """A row for each model, part and metric of the published table, and for the top-1 accuracy, which it leaves out.

    Args:
        reruns: The re-runs; without any what is about them is left out.

    Returns:
        Rows with "model", "part", "metric", "published", "median", "min", "max", "place" ("below" all re-runs,
        "between" their smallest and largest, "above" all), "reference_low", "reference_high", "within" and "trivial";
        None where nothing was published.
    """
    summary = summarize_runs(reruns) if reruns else None
    trivial = reruns[0].trivial if reruns else trivial_metrics(PUBLISHED_CLASSES)
    rows = []
    for model in PUBLISHED_MODELS:
        for part, metric in (*PUBLISHED_METRICS, *((part, "accuracy") for part in PARTS)):
            key = part, metric
            row = {"model": model, "part": part, "metric": metric, "published": PUBLISHED_TABLE[model].get(key)}
            if summary:
                found, (low, high) = summary[model][part][metric], REFERENCE_RANGES[model].get(key, (None, None))
                row |= {name: found[name] for name in ("median", "min", "max")}
                row |= {"place": found.get("place"), "reference_low": low, "reference_high": high}
                row["within"] = found.get("within")
            rows.append({**row, "trivial": trivial[metric]})
    return rows
