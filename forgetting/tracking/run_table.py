"""Runs in words and as a table: what they are, how their settings differ from the defaults, and what they reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from forgetting.experiment.export import csv_bytes
from forgetting.recipe import url
from forgetting.recipe.recipe import PROTOCOLS, Recipe
from forgetting.reporting.changes import describe_changes
from forgetting.tracking.metric_texts import format_baselines_of, format_metric_of
from forgetting.tracking.run import RUN_TITLES, Run, RunMetric

if TYPE_CHECKING:
    import pandas as pd

HEADLINES = {  # the metrics that stand for a run in a table; of other kinds the first two
    "training": ("validation accuracy",),
    "comparison": ("validation accuracy, original", "validation accuracy, randomized"),
    "reproduction": (
        "validation bitwise accuracy, original, median",
        "validation bitwise accuracy, randomized, median",
    ),
}
MOST_SETTINGS = 6  # that are written out
RUN_FORMATS = ("csv", "parquet")  # of files of runs


def describe_run_settings(run: Run) -> str:
    """How the settings of a run differ from the defaults, in words; its reviews and its seed are named elsewhere."""
    return _describe(run.recipe)


@lru_cache(maxsize=4_000)
def _describe(recipe: Recipe) -> str:
    default = PROTOCOLS[recipe.protocol]
    data = replace(default.data, source=recipe.data.source, file=recipe.data.file, sha256=recipe.data.sha256)
    changes = describe_changes(replace(default, data=data, seed=recipe.seed), recipe, MOST_SETTINGS)
    protocol = "published protocol" if recipe.protocol == "published" else ""
    return "; ".join(filter(None, (protocol, changes))) or "the defaults"


def headline(run: Run) -> str:
    """The metrics that stand for a run, the first one beside its baselines."""
    names = HEADLINES.get(run.kind)
    chosen = [metric for metric in run.metrics if metric.name in names] if names else list(run.metrics[:2])
    texts = [f"{metric.name} {format_metric_of(metric)}" for metric in chosen]
    if run.kind == "comparison" and len(chosen) == 2:
        texts = [f"validation accuracy {' → '.join(format_metric_of(replace(each, interval=None)) for each in chosen)}"]
    return "; ".join([*texts, *filter(None, (format_baselines_of(metric) for metric in chosen[:1]))])


def matching_runs(runs: Sequence[Run], kinds: Sequence[str] = (), words: str = "") -> list[Run]:
    """The runs of some kinds in whose name, note, reviews, settings, metrics or kind all of some words occur.

    Args:
        runs: The runs.
        kinds: The kinds; empty for all.
        words: The words, apart from their case; "" for none.
    """
    wanted = words.casefold().split()
    found = []
    for run in runs:
        texts = (run.name, run.note, run.data_name, describe_run_settings(run), RUN_TITLES[run.kind], headline(run))
        text = "\n".join(texts).casefold()
        if (not kinds or run.kind in kinds) and all(word in text for word in wanted):
            found.append(run)
    return found


def runs_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A table with a row for each metric of each run, for programs: NaN where there is no number."""
    import pandas as pd

    rows = [
        {
            "key": run.key,
            "time": run.at,
            "kind": run.kind,
            "name": run.name,
            "note": run.note,
            "pinned": run.pinned,
            "reviews": run.data_name,
            "data_sha256": run.data_sha256,
            "model": run.model,
            "seed": run.recipe.seed,
            "settings": describe_run_settings(run),
            "address": "&".join(f"{name}={text}" for name, text in url.encode_query(run.recipe).items()),
            "done": run.done,
            "planned": run.planned,
            "seconds": run.seconds,
            "version": run.version,
            "metric": metric.name,
            "value": metric.value,
            "low": metric.interval[0] if metric.interval else None,
            "high": metric.interval[1] if metric.interval else None,
            "baselines": ", ".join(f"{name} {value:.6g}" for name, value in metric.baselines.items()),
            "missing": metric.missing,
        }
        for run in runs
        for metric in run.metrics or (RunMetric("", None, missing="nothing was measured"),)
    ]
    return pd.DataFrame(rows).astype({"value": float, "low": float, "high": float}) if rows else pd.DataFrame()


def runs_bytes(runs: Sequence[Run], kind: str) -> bytes:
    """The table of `runs_frame` as a file's content.

    Args:
        runs: The runs.
        kind: One of RUN_FORMATS.
    """
    frame = runs_frame(runs)
    return csv_bytes(frame) if kind == "csv" else frame.to_parquet(index=False)
