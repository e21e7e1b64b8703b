"""Two runs side by side: what differs in their settings, then in their metrics, then their curves in one chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from forgetting.dashboard.ui.chart_files import ChartFile
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.escape import cells, literal
from forgetting.dashboard.ui.tables import chart_table, show_table
from forgetting.reporting.formatting import format_p
from forgetting.reporting.glossary import explain

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from forgetting.reporting.captions import ChartText
    from forgetting.tracking.run import Run
    from forgetting.tracking.run_comparison import MetricDifference, RunComparison

RUN_MARKS = "A is solid with circles, B dashed with squares."
SHOWN_COMPARISON = "run_comparison"  # key of the comparison that was shown last, with what it is of
MIXED_FORM = ".3f"  # of what is no share


@dataclass(frozen=True, eq=False)
class DrawnRuns:
    """A chart of both runs.

    Attributes:
        what: What it shows.
        metric: The metric that is drawn.
        chart: The chart.
        table: Its points.
        baselines: What trivial models reach, by their names.
    """

    what: str
    metric: str
    chart: alt.TopLevelMixin
    table: pd.DataFrame
    baselines: Mapping[str, float]


def run_comparison_view(a: Run, b: Run) -> None:
    """Compare two runs.

    Args:
        a: The first, with its content.
        b: The second, with its content.
    """
    from forgetting.tracking.comparison_sentences import describe_run_comparison

    comparison = _compare(a, b)
    conclude(describe_run_comparison(comparison))
    for notice in comparison.notices:
        st.caption(literal(notice))
    _show_settings(comparison)
    both = sorted((item for item in comparison.metrics if item.a and item.b), key=lambda item: item.interval is None)
    _show_metrics(both, "metrics")
    if alone := [item for item in comparison.metrics if item not in both]:
        expander = st.expander("Only in one of the runs", key="metrics_of_one", on_change="rerun")
        if expander.open:
            with expander:
                _show_metrics(alone, "metrics of one run")
    for place, drawn in enumerate(_draw_study(comparison) if len(comparison.points) else _draw_models(comparison)):
        key = f"compared_runs_{place}"
        st.altair_chart(drawn.chart, width="stretch", key=key, alt=drawn.what)
        file = ChartFile(partial(getattr, drawn, "chart"), partial(_describe, comparison, drawn))
        chart_table(partial(getattr, drawn, "table"), key=key, alt=drawn.what, charts={drawn.metric: file})


def _describe(comparison: RunComparison, drawn: DrawnRuns) -> ChartText:
    from forgetting.reporting.captions import ChartSource, describe_chart
    from forgetting.tracking.comparison_sentences import describe_settings

    names = list(dict.fromkeys(run.data_name for run in (comparison.a, comparison.b)))
    source = ChartSource(" and ".join(names), note=describe_settings(comparison))
    metric, marks = "loss" if "loss" in drawn.metric else "accuracy", f"{drawn.what}. {RUN_MARKS}"
    return describe_chart(
        "runs", source, metric=metric, marks=marks, baselines=drawn.baselines, shown={"metric": drawn.metric}
    )


def _compare(a: Run, b: Run) -> RunComparison:
    """The comparison of two runs, of which the last is kept."""
    from forgetting.tracking.run_comparison import compare_runs

    of = [(run.key, run.at, run.done) for run in (a, b)]
    kept = st.session_state.get(SHOWN_COMPARISON)
    if kept is None or kept[0] != of:
        kept = st.session_state[SHOWN_COMPARISON] = (of, compare_runs(a, b))
    return kept[1]


def _show_settings(comparison: RunComparison) -> None:
    import pandas as pd

    if comparison.settings:
        rows = [(item.name, item.a, item.b) for item in comparison.settings]
        show_table(cells(pd.DataFrame(rows, columns=["setting", "A", "B"])), alt="Settings that differ")


def _show_metrics(metrics: list[MetricDifference], alternative: str) -> None:
    import pandas as pd

    from forgetting.tracking.comparison_sentences import (
        describe_tests,
        format_beside,
        format_difference,
        format_ends,
        format_side,
    )

    rows = [
        {
            "metric": item.name,
            "A": format_side(item, "a"),
            "B": format_side(item, "b"),
            "B less A": format_difference(item),
            "95 % interval": format_ends(item).partition("interval ")[2],
            "corrected p-value": "" if item.adjusted_p is None else format_p(item.adjusted_p),
            "shown": "yes" if item.decided else "no" if item.interval else "not tested",
            "trivial models": format_beside(item, "a" if item.a else "b"),
        }
        for item in metrics
    ]
    if rows:
        show_table(cells(pd.DataFrame(rows)), alt=f"Both runs, {alternative}")
        st.caption("  \n".join(map(literal, describe_tests(metrics))))


def _draw_models(comparison: RunComparison) -> Iterator[DrawnRuns]:
    """The accuracies of both models of each run, and the epochs."""
    import numpy as np
    import pandas as pd

    from forgetting.charts.run_comparison import overlaid_chart, side_by_side_chart

    accuracies = [
        item for item in comparison.metrics if item.name.startswith("validation accuracy, ") and item.a and item.b
    ]
    rows = [
        (item.name.rpartition(", ")[2], letter, metric.value, *(metric.interval or (np.nan, np.nan)))
        for item in accuracies
        for letter, metric in (("A", item.a), ("B", item.b))
        if metric.value is not None and metric.baselines
    ]
    if rows:
        table = pd.DataFrame(rows, columns=["name", "run", "value", "low", "high"])
        title = "validation accuracy"
        beside = accuracies[0].a.baselines
        chart = side_by_side_chart(table, beside, title=title, form=".1%")
        what = "Validation accuracy of both runs with 95 % intervals"
        yield DrawnRuns(what, title, chart, table.rename(columns={"name": "model", "value": title}), beside)
    for metric, form in (("accuracy", ".1%"), ("loss", MIXED_FORM)):
        tables = [
            pd.DataFrame({"run": letter, "epoch": epochs["epoch"], "part": part, metric: epochs[f"{part}_{metric}"]})
            for part in ("validation", "training")
            for letter, epochs in comparison.epochs.items()
            if len(epochs)
        ]
        if len(tables) < 4:  # as a run has none
            return
        table = pd.concat(tables, ignore_index=True)
        points = table.rename(columns={"epoch": "along", metric: "median"}).assign(low=np.nan, high=np.nan)
        beside = _baselines(comparison, f"validation {metric}")
        chart = overlaid_chart(points, beside, title=metric, along_title="epoch", form=form)
        yield DrawnRuns(f"{metric.capitalize()} of both runs by epoch", f"{metric} by epoch", chart, table, beside)


def _baselines(comparison: RunComparison, metric: str) -> Mapping[str, float]:
    return next((item.a.baselines for item in comparison.metrics if item.name.startswith(metric) and item.a), {})


def _draw_study(comparison: RunComparison) -> Iterator[DrawnRuns]:
    """A curve of both studies in one chart, and how far it differs; of studies without curves all values."""
    from forgetting.charts.run_comparison import difference_chart, overlaid_chart, side_by_side_chart
    from forgetting.metrics.paired import SIGNIFICANT
    from forgetting.tracking.study_differences import STUDY_TABLES

    choices, study = st.container(horizontal=True), STUDY_TABLES[comparison.a.kind]
    points = _choose(choices, "Compared metric", comparison.points, "name")
    name = points["name"].iloc[0]
    form = ".1%" if "accuracy" in name else MIXED_FORM
    beside, what = _baselines(comparison, name), f"{name.capitalize()} of both runs, medians with 5–95 % of seeds"
    if not study.along:
        table = _both_runs(points.rename(columns={"curve": "method"}), "method", "value")
        chart = side_by_side_chart(table.rename(columns={"method": "name"}), beside, title=name, form=form)
        yield DrawnRuns(what, name, chart, table.rename(columns={"value": name}), beside)
        return
    points = _choose(choices, "Compared curve", points, "curve")
    fractions = study.along_title == "fractions"
    along = "fraction randomized" if fractions else "epochs of training"
    table = _both_runs(points, "along", "median")
    options = {"along_title": along, "form": form, "fractions": fractions}
    chart = overlaid_chart(table.assign(part="validation"), beside, title=name, **options)
    yield DrawnRuns(what, name, chart, table.rename(columns={"along": along}), beside)
    chart = difference_chart(points.assign(shown=points["adjusted"] <= SIGNIFICANT), **options)
    columns = {"along": along, "change": "change", "low": "low", "high": "high", "adjusted": "adjusted p"}
    what, table = f"How far {name} differs, with 95 % intervals", points[[*columns]].rename(columns=columns)
    yield DrawnRuns(what, f"difference in {name}", chart, table, {})


def _choose(place: st.delta_generator.DeltaGenerator, label: str, points: pd.DataFrame, column: str) -> pd.DataFrame:
    """The points of the value of a column that the visitor chooses, where there are several."""
    values = list(dict.fromkeys(points[column]))
    chosen = values[0]
    if len(values) > 1:
        chosen = place.selectbox(label, values, key=label.replace(" ", "_").lower(), help=explain(label))
    return points[points[column] == (chosen if chosen in values else values[0])]


def _both_runs(points: pd.DataFrame, by: str, middle: str) -> pd.DataFrame:
    """A row a run and point, with its median and band, of `RunComparison.points`."""
    import pandas as pd

    tables = [
        pd.DataFrame({by: points[by], "run": letter, middle: points[side], "low": points[f"{side}_low"]}).assign(
            high=points[f"{side}_high"]
        )
        for side, letter in (("a", "A"), ("b", "B"))
    ]
    return pd.concat(tables, ignore_index=True)
