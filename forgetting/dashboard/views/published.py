"""The published table: re-run seed by seed, beside what it hides."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from forgetting.core.numbers import format_size
from forgetting.dashboard.state import data
from forgetting.dashboard.state.session import Session, rerun_page, session
from forgetting.dashboard.state.work import RERUNS, rerun_seed, stop_reruns
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.chart_files import ROWS_KINDS, ChartFile
from forgetting.dashboard.ui.prerequisites import download_button
from forgetting.dashboard.ui.tables import chart_table, show_table
from forgetting.data.original import ORIGINAL_SHA256, ORIGINAL_SIZE
from forgetting.experiment.published import (
    PUBLISHED_CLASSES,
    PUBLISHED_MODELS,
    PUBLISHED_PARAMETERS,
    PublishedRun,
    summarize_runs,
)
from forgetting.recipe.recipe import PUBLISHED
from forgetting.reporting.captions import ChartText, describe_chart, source_of_split
from forgetting.reporting.formatting import format_count, format_share
from forgetting.reporting.glossary import explain
from forgetting.reporting.published import PLACE_TITLES, PUBLISHED_METRIC_TITLES, describe_reruns

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

RERUN_SEEDS = 20
DRAWING_SECONDS = "published_drawing"  # how long the re-runs took to draw
LONGEST_RERUNS = 1.0  # seconds of re-runs before they are drawn, so that Stop is heard
TRIVIAL_TITLES = {"loss": "always 1/294", "bitwise_accuracy": "always “no”", "accuracy": "chance"}
DRAWN_MODELS = {"Both": PUBLISHED_MODELS, **{model.capitalize(): (model,) for model in PUBLISHED_MODELS}}
MARKS_OF_RERUNS = "Thin: each re-run. Bold: their median. Signs: the published values."
CHART_METRICS = ("loss", "bitwise_accuracy")
PAIRED_CHARTS = 380  # pixels of a chart beside another one


def published_view() -> None:
    """The table, the button that re-runs it, what it does not show, and both models by epoch."""
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
    running = len(mine.reruns) < mine.reruns_wanted
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Seeds", 1, 120, value=RERUN_SEEDS, key="seeds", width=130, help=explain("Seeds"))
        if running:
            st.button("Stop", icon=":material/stop:", on_click=stop_reruns, args=(mine,), help=explain("Stop"))
        else:
            done = len(mine.reruns)
            label, icon = ("Go on", "play_arrow") if 0 < done < _seeds() else ("Reproduce the table", "replay")
            st.button(
                label,
                icon=f":material/{icon}:",
                on_click=_start_reruns,
                disabled=done >= _seeds(),
                help=explain("Reproduce the table"),
            )
    advancing.advance_in_fragment(RERUNS, _rerun_slice, running=running, every=0.1)


def _seeds() -> int:
    """How many re-runs are asked for."""
    return int(st.session_state.get("seeds", RERUN_SEEDS))


def _start_reruns() -> None:
    session().reruns_wanted = _seeds()


def _rerun_slice() -> None:
    """Do the next re-run where there is one to do, and draw those that are done and asked for."""
    mine = session()
    running = len(mine.reruns) < mine.reruns_wanted
    wanted = mine.reruns_wanted if running else _seeds()
    bar = st.progress(0.0, text="") if running or mine.reruns else None
    if running:
        _show_progress(bar, len(mine.reruns), wanted)
        if not mine.queue_position:
            _advance(mine)
    reruns, started = mine.reruns[:wanted], time.perf_counter()
    if bar:
        _show_progress(bar, len(reruns), wanted, stopped=not running)
    if reruns:
        st.text(describe_reruns(summarize_runs(reruns)))
    _draw_table(reruns)
    if reruns:
        _draw_epochs(reruns)
        _draw_parameters(reruns[0])
    st.session_state[DRAWING_SECONDS] = time.perf_counter() - started


def _advance(mine: Session) -> None:
    """Do re-runs for as long as it takes to draw them, so that no more than half of the time goes there."""
    until = time.perf_counter() + min(st.session_state.get(DRAWING_SECONDS, 0.0), LONGEST_RERUNS)
    while len(mine.reruns) < mine.reruns_wanted:
        rerun_seed(mine)
        if time.perf_counter() >= until:
            break
    if len(mine.reruns) >= mine.reruns_wanted:
        rerun_page()


def _show_progress(bar: DeltaGenerator, done: int, wanted: int, *, stopped: bool = False) -> None:
    """How many re-runs are done, in the place where it always stands."""
    state = "Stopped: " if stopped and done < wanted else ""
    bar.progress(done / wanted, text=f"{state}{done} of {format_count(wanted, 'seed')}")


def _draw_table(reruns: list[PublishedRun]) -> None:
    numbers = {name: st.column_config.TextColumn(alignment="right") for name in ("published", "median", "min", "max")}
    show_table(
        _table_texts(reruns),
        width="content",
        height="content",
        column_config=numbers,
        alt="The published table beside re-runs and what a trivial model reaches",
    )


def _table_texts(reruns: list[PublishedRun]) -> pd.DataFrame:
    """The published table as it is shown."""
    import pandas as pd  # which the first screen does without

    from forgetting.experiment.reproduction import published_rows

    def text(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    rows = []
    for found in published_rows(reruns):
        row = {"model": found["model"], "metric": f"{found['part']} {PUBLISHED_METRIC_TITLES[found['metric']]}"}
        row["published"] = text(found["published"])
        row["trivial"] = f"{TRIVIAL_TITLES[found['metric']]}: {found['trivial']:.4f}"
        if reruns:
            row |= {name: text(found[name]) for name in ("median", "min", "max")}
            row["among these re-runs"] = PLACE_TITLES[found["place"]]
            row["in the middle 95 %"] = {True: "yes", False: "no", None: "not published"}[found["within"]]
        rows.append(row)
    return pd.DataFrame(rows)


def _draw_epochs(reruns: list[PublishedRun]) -> None:
    """The counterparts of the pictures of the published page: loss and accuracy by epoch, of each model and of both."""
    from forgetting.charts.published import published_chart
    from forgetting.experiment.reproduction import epochs_table

    st.markdown("### Loss and accuracy by epoch")
    shown = st.segmented_control(
        "Curves of", list(DRAWN_MODELS), default="Both", key="published_models", help=explain("Curves of")
    )
    models, epochs = DRAWN_MODELS[shown], epochs_table(reruns)
    charts = {metric: published_chart(epochs, metric, models) for metric in CHART_METRICS}
    with st.grid(2, min_column_width=PAIRED_CHARTS):
        for metric, chart in charts.items():
            st.altair_chart(
                chart, key=f"published_{metric}", alt=f"{PUBLISHED_METRIC_TITLES[metric].capitalize()} by epoch"
            )
    st.caption(
        f"{MARKS_OF_RERUNS} The published page has its curves as pictures alone, so of them no more than the last "
        "epoch can be marked. Dropout acts in the first epoch only, which is why its training loss stands out."
    )
    chart_table(
        lambda: _epoch_spreads(epochs, models),
        key="published",
        alt="Loss and bitwise accuracy by epoch",
        formats=dict.fromkeys(("median", "min", "max"), "{:.4f}"),
        charts={
            metric: ChartFile(lambda c=chart: c, partial(_chart_text, metric, shown, reruns))
            for metric, chart in charts.items()
        },
        tables=_files(reruns),
    )


def _epoch_spreads(epochs: pd.DataFrame, models: tuple[str, ...]) -> pd.DataFrame:
    """Median, smallest and largest value of each metric by model, part and epoch."""
    rows = epochs[epochs["model"].isin(models)].melt(
        ["model", "part", "epoch"], list(CHART_METRICS), var_name="metric", value_name="value"
    )
    rows["metric"] = rows["metric"].map(PUBLISHED_METRIC_TITLES)
    keys = ["metric", "model", "part", "epoch"]
    return rows.groupby(keys, sort=False)["value"].agg(["median", "min", "max"]).reset_index()


def _draw_parameters(rerun: PublishedRun) -> None:
    """The published table of the network's parameters beside that of the re-run."""
    import pandas as pd

    rows = [
        {"layer": layer, "published": published, "here": rerun.parameters[layer]}
        for layer, published in PUBLISHED_PARAMETERS.items()
    ]
    totals = {name: sum(row[name] for row in rows) for name in ("published", "here")}
    st.markdown("### Parameters of the network")
    show_table(
        pd.DataFrame([*rows, {"layer": "all", **totals}]),
        width="content",
        height="content",
        alt="Parameters of each layer, as published and here",
    )
    st.caption("All of them are trained. ReLU and dropout have none.")


def _chart_text(metric: str, shown: str, reruns: list[PublishedRun]) -> ChartText:
    """Title, caption and file name of a chart."""
    split = data.find_published_split(session().uploads)
    name = f"always 1/{len(split.classes)}" if metric == "loss" else "always “no”"
    return describe_chart(
        "published",
        source_of_split(
            "original file", PUBLISHED, split, kind="reproduction", epochs=len(reruns[0].histories["original"])
        ),
        shown={"models": shown.casefold(), "seeds": f"{reruns[0].seed} to {reruns[-1].seed}"},
        baselines={name: reruns[0].trivial[metric]},
        metric=metric,
        marks=f"{PUBLISHED_METRIC_TITLES[metric].capitalize()} by epoch. {MARKS_OF_RERUNS}",
    )


def _files(reruns: list[PublishedRun]) -> dict[str, Callable[[], bytes]]:
    """The re-runs and the table as files."""

    def make(name: str, kind: str) -> bytes:
        from forgetting.experiment import reproduction

        recipe = PUBLISHED.with_value("data.sha256", ORIGINAL_SHA256)
        return getattr(reproduction, name)(tuple(reruns), recipe, ORIGINAL_SHA256).to_bytes(kind)

    results = {"re-runs": "Reproduction", "table": "ReproductionSummary"}
    return {
        f"published_{file}.{kind}": partial(make, name, kind) for file, name in results.items() for kind in ROWS_KINDS
    }
