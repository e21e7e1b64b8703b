"""The charts of a view as files for a paper or a talk, with their points and the rows behind them.

All is made when it is asked for. A chart on a page is for the page; the one in a file is drawn for its width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from forgetting.charts.style import CHART_KINDS, PRINTED_WIDTHS
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel, TrainingRun, session, source_name
from forgetting.reporting.captions import ChartSource, ChartText, describe_chart, source_of_split
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import name_metric

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from forgetting.experiment.export import TableResult

ROWS_KINDS = ("csv", "parquet")
FileTables = Mapping[str, Callable[[], bytes]]  # what makes each file, by its name


@dataclass(frozen=True)
class ChartFile:
    """A chart that can be had as a file.

    Attributes:
        make: Draws it with Altair.
        text: Makes its title, its caption and the name of its file.
    """

    make: Callable[[], alt.TopLevelMixin]
    text: Callable[[], ChartText]


def chart_files(
    charts: Mapping[str, ChartFile],
    *,
    key: str,
    table: Callable[[], pd.DataFrame] | None = None,
    tables: FileTables | None = None,
) -> None:
    """Offer charts and tables as files. Every chart of a page has this below it, alone or with those beside it.

    Args:
        charts: By what they are called.
        key: Begins the keys of the controls.
        table: Makes the points that the charts are drawn from.
        tables: What else can be had.
    """
    # What an open popover asks for as it closes, would come after the page that a click outside it has led to.
    with st.popover("Download", icon=":material/download:", key=f"{key}_files"):
        if charts:
            _chart_buttons(charts, key, table)
        if tables:
            stems = {name.rpartition(".")[0] for name in tables}
            with st.container(horizontal=True):
                for name, make in tables.items():
                    stem, _, kind = name.rpartition(".")
                    label = name_metric(stem).capitalize() if len(stems) > 1 else "Rows"
                    _button(f"{label}, {kind.upper()}", make, name, key)


def _chart_buttons(charts: Mapping[str, ChartFile], key: str, table: Callable[[], pd.DataFrame] | None) -> None:
    name, first = next(iter(charts)), next(iter(PRINTED_WIDTHS))
    if len(charts) > 1:
        label = "Chart of the file"
        name = st.selectbox(label, list(charts), key=f"{key}_chart", format_func=name_metric, help=explain(label))
    chart = charts[name]
    width = st.segmented_control(
        "Printed width",
        list(PRINTED_WIDTHS),
        default=first,
        required=True,
        key=f"{key}_width",
        help=explain("Printed width"),
    )
    width = width or first
    worded = st.toggle("Title and caption", value=True, key=f"{key}_worded", help=explain("Title and caption"))
    text = chart.text()
    with st.container(horizontal=True):
        for kind in CHART_KINDS:
            make = partial(_make_chart, chart, kind, width, text if worded else replace(text, title="", caption=""))
            _button(kind.upper(), make, f"{text.stem}_{width.replace(' ', '-')}.{kind}", key)
        if table:
            _button("CSV", partial(_make_table, table, text), f"{text.stem}.csv", key)
    st.code(text.caption, language=None, wrap_lines=True)


def result_tables(result: TableResult, name: str) -> FileTables:
    """A result's rows as files of that name."""
    return {f"{name}.{kind}": partial(result.to_bytes, kind) for kind in ROWS_KINDS}


def _button(label: str, make: Callable[[], bytes], file: str, key: str) -> None:
    place = f"{key}_{label}"
    st.download_button(label, make, file_name=file, key=place, on_click="ignore", help=explain("Download"))


def _make_chart(chart: ChartFile, kind: str, width: str, text: ChartText) -> bytes:
    from forgetting.charts.export import chart_bytes

    return chart_bytes(chart.make(), kind, width=width, title=text.title, caption=text.caption)


def _make_table(table: Callable[[], pd.DataFrame], text: ChartText) -> bytes:
    """The points of a chart beside what trivial models reach."""
    from forgetting.experiment.export import csv_bytes

    rows = table()
    return csv_bytes(rows.assign(**{name: value for name, value in text.baselines.items() if name not in rows}))


def study_chart(study: Study, chart: alt.TopLevelMixin, name: str, **words: Any) -> ChartFile:
    """A chart of a study as a file.

    Args:
        study: The study.
        chart: As it stands on the page.
        name: A key of CHART_WORDS.
        words: Of `describe_chart`.
    """
    return ChartFile(lambda: chart, lambda: describe_chart(name, study_source(study), **words))


def comparison_chart(
    trained_model: TrainedModel, make: Callable[[], alt.TopLevelMixin], name: str, **words: Any
) -> ChartFile:
    """A chart of the session's comparison as a file; see `study_chart`."""
    return ChartFile(make, lambda: describe_chart(name, model_source(trained_model, "comparison"), **words))


def model_source(shown: TrainedModel | TrainingRun, kind: str = "training") -> ChartSource:
    """What a chart of a model is of; of a comparison, with the randomization of the session."""
    recipe = shown.recipe
    if kind == "comparison":
        recipe = models.compared_recipe(shown, session().recipe.randomization)
    history = shown.trainer.history if isinstance(shown, TrainingRun) else shown.trained.history
    return source_of_split(source_name(recipe), recipe, shown.split, epochs=len(history), kind=kind)


def study_source(study: Study) -> ChartSource:
    """What a chart of a study is of, which may be of a model of another program."""
    model = study.trained_model
    if model is None:
        return ChartSource(study.title, note=f"A study of {study.result.title}, {len(study.rows):,} variants.")
    return replace(
        source_of_split(source_name(study.recipe), study.recipe, model.split),
        epochs=len(model.trained.history),
        kind=study.kind,
        plan=study.plan,
        note=f"{len(study.rows):,} of {study.total:,} {study.part}s are done." if study.unfinished else "",
    )
