"""The published table: re-run seed by seed, beside what it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from forgetting.core.numbers import format_size
from forgetting.dashboard.state import data
from forgetting.dashboard.state.session import rerun_page, session
from forgetting.dashboard.state.work import RERUNS, rerun_seed, stop_reruns
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.prerequisites import download_button
from forgetting.dashboard.ui.tables import show_table
from forgetting.data.original import ORIGINAL_SIZE
from forgetting.experiment.published import (
    PUBLISHED_CLASSES,
    PUBLISHED_METRICS,
    PUBLISHED_MODELS,
    PUBLISHED_TABLE,
    REFERENCE_SEEDS,
    PublishedRun,
    summarize_runs,
)
from forgetting.reporting.formatting import format_share
from forgetting.reporting.glossary import explain

if TYPE_CHECKING:
    import pandas as pd

METRIC_NAMES = {"loss": "loss", "bitwise_accuracy": "bitwise accuracy", "accuracy": "top-1 accuracy"}


def published_view() -> None:
    """The table, the button that re-runs it, and the two things that it does not show."""
    mine = session()
    always_no = format_share(1 - 1 / PUBLISHED_CLASSES, 1)
    st.text(
        "The published experiment labels each of 309 reviews with its own name, 294 names in all. For each review and "
        "each name the network answers yes or no, and the share of right answers is called its accuracy. A model that "
        f"always answers “no” is right for {always_no} of them."
    )
    if not data.has_original(mine.uploads):
        _draw_table([])
        st.caption(
            f"To re-run it, the original file is needed: {format_size(ORIGINAL_SIZE)} from the published repository."
        )
        download_button("Download the original file to reproduce the table")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Seeds", 1, 120, value=20, key="seeds", width=130, help=explain("Seeds"))
        st.button(
            "Reproduce the table", icon=":material/replay:", on_click=_start_reruns, help=explain("Reproduce the table")
        )
        if len(mine.reruns) < mine.reruns_wanted:
            st.button("Stop", icon=":material/stop:", on_click=stop_reruns, args=(mine,), help=explain("Stop"))
    advancing.advance_in_fragment(RERUNS, _rerun_slice, running=len(mine.reruns) < mine.reruns_wanted, every=0.1)


def _start_reruns() -> None:
    mine, seeds = session(), int(st.session_state.get("seeds", 20))
    mine.reruns, mine.reruns_wanted = mine.reruns[:seeds], seeds


def _rerun_slice() -> None:
    mine = session()
    if len(mine.reruns) < mine.reruns_wanted and not mine.queue_position:
        rerun_seed(mine)
        done = len(mine.reruns)
        if done == mine.reruns_wanted:
            rerun_page()
        st.progress(done / mine.reruns_wanted, text=f"Seed {done} of {mine.reruns_wanted}")
    if mine.reruns:
        st.text(_describe_reruns())
    _draw_table(mine.reruns)


def _draw_table(reruns: list[PublishedRun]) -> None:
    table = _published_table(reruns)
    numbers = {name: st.column_config.TextColumn(alignment="right") for name in ("published", "median", "min", "max")}
    show_table(
        table,
        width="content",
        height="content",
        column_config=numbers,
        alt="The published table beside re-runs and what a trivial model reaches",
    )


def _describe_reruns() -> str:
    summary = summarize_runs(session().reruns)
    top, chance = summary["original"]["validation"]["accuracy"]["median"], 1 - summary["always_no"]
    keys = [(model, part, metric) for model in PUBLISHED_MODELS for part, metric in PUBLISHED_METRICS]
    within = sum(summary["within"][model][part][metric] for model, part, metric in keys)
    between = sum(
        summary[model][part][metric]["min"]
        <= summary["published"][model][part][metric]
        <= summary[model][part][metric]["max"]
        for model, part, metric in keys
    )
    seeds = "1 re-run" if summary["seeds"] == 1 else f"{summary['seeds']} re-runs"
    return (
        f"Of the 8 published metrics {within} lie in the middle 95 % of {REFERENCE_SEEDS} re-runs, and "
        f"{between} between the smallest and the largest of the {seeds} here. Yet always answering “no” scores "
        f"{format_share(summary['always_no'], 1)}, and the true name is predicted for {format_share(top, 1)} of the "
        f"validation reviews (median), where chance is {format_share(chance, 1)}."
    )


def _published_table(reruns: list[PublishedRun]) -> pd.DataFrame:
    summary = summarize_runs(reruns) if reruns else None
    keys = [*PUBLISHED_METRICS, ("training", "accuracy"), ("validation", "accuracy")]
    trivial = {
        "loss": "always 1/294: 0.0227",
        "bitwise_accuracy": f"always “no”: {1 - 1 / PUBLISHED_CLASSES:.4f}",
        "accuracy": f"chance: {1 / PUBLISHED_CLASSES:.4f}",
    }

    def text(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    rows = []
    for model in PUBLISHED_MODELS:
        for part, metric in keys:
            row = {"model": model, "metric": f"{part} {METRIC_NAMES[metric]}"}
            row["published"] = text(PUBLISHED_TABLE[model].get((part, metric)))
            if summary:
                row |= {name: text(summary[model][part][metric][name]) for name in ("median", "min", "max")}
                row["in the middle 95 %"] = {True: "yes", False: "no", None: "not published"}[
                    summary[model][part][metric].get("within")
                ]
            row["trivial"] = trivial[metric]
            rows.append(row)
    import pandas as pd  # which the first screen does without

    return pd.DataFrame(rows)
