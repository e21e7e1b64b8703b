"""What the Unlearn page shows: methods beside exact retraining, the trade-off, the attacks, and single reviews."""

import math
from typing import Any

import pandas as pd
import streamlit as st

from forgetting.charts import unlearning as unlearning_charts
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.panel import downloads
from forgetting.dashboard.ui.escape import cells, literal
from forgetting.experiment.export import csv_bytes
from forgetting.metrics.baselines import Baselines
from forgetting.reporting import unlearning as unlearning_sentences
from forgetting.reporting.formatting import format_gap, format_metric, format_share
from forgetting.unlearning.evaluation import PAIR_METRICS, UNLEARNING_METRICS
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.task import REFERENCE


def comparison_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001 - one signature for all views
    """Every method and figure, with its gap to exact retraining."""
    result = study.result
    st.text(unlearning_sentences.describe_unlearning(result))
    chart = unlearning_charts.gap_chart(result)
    st.altair_chart(chart, key="gaps", alt="Figures of each method, with bars for their gaps to exact retraining")
    counts = result.reviews
    st.caption(
        f"{counts['forget']:,} forgotten, {counts['retain']:,} retained, {counts['validation']:,} validation "
        f"reviews. Always naming the retain set's largest class is right for "
        f"{format_share(result.majority['forget'])}, "
        f"{format_share(result.majority['retain'])} and {format_share(result.majority['validation'])} of them, a "
        "uniform "
        f"guess for {format_share(result.chance)}."
    )
    st.caption(
        "Gold: exact retraining with another seed, and the 5–95 % band of how far retrainings are from one another; a "
        "bar within it is no gap. Blue: the gap of a method, with its band over seeds. ToW: 1 − |gap| of the three "
        "accuracies, multiplied. AIN: steps to relearn the forget set, by those of the retrained model; 1 is gone, 0 "
        "still there. The words stay known: the vectorizer has seen the forgotten texts."
    )
    with st.expander("As a table, with reasons"):
        st.dataframe(
            _table(result),
            hide_index=True,
            column_config={"method": st.column_config.TextColumn(width=170, pinned=True)},
            alt="Figures of each method beside exact retraining",
        )
    _files(result, {"gaps": chart}, "comparison")


def _table(result: UnlearningResult) -> pd.DataFrame:
    """A line a method, a column a figure: median (gap), or why there is none."""
    lines = []
    for method, rows in result.gaps.groupby("method", sort=False):
        seeds = sum(row.method == method for row in result.rows)
        cells = {row.figure: _cell(row, seeds) for row in rows.itertuples()}
        over = {True: "yes", False: "no", None: "cannot be told"}[result.over_forgets(method)]
        lines.append({"method": method, **{name: cells[name] for name in UNLEARNING_METRICS}, "over-forgets": over})
    return pd.DataFrame(lines).rename(columns=lambda name: name.replace("_", " "))


def _cell(row: Any, seeds: int) -> str:
    """A figure with its gap; how many of the seeds have it, where not all do; and why there is none."""
    if pd.isna(row.value):
        return f"missing: {row.missing}"
    beside = [
        *([] if pd.isna(row.gap) or row.figure in PAIR_METRICS else [format_gap(row.figure, row.gap)]),
        *([row.missing] if row.missing else []),
        *([f"{row.seeds} of {seeds} seeds"] if row.seeds < seeds else []),
    ]
    value = format_metric(row.figure, row.value)
    return f"{value} ({'; '.join(beside)})" if beside else value


def trade_off_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001
    """Forget accuracy against retain or validation accuracy."""
    result = study.result
    across = st.segmented_control(
        "Against", ["retain", "validation"], default="retain", required=True, key="across", persist_state="session"
    )
    across = across or "retain"
    frame = result.frame.drop_duplicates("seed")
    st.text(
        f"Retraining leaves {format_share(frame['retrained_forget_accuracy'].median())} of the forget set named right; "
        f"chance is {format_share(result.chance)}, the largest class {format_share(result.majority['forget'])}: the "
        "star is "
        "the aim, not the lower right corner. "
        f"On the {across} reviews always naming the largest class is right for {format_share(result.majority[across])}."
    )
    chart = unlearning_charts.trade_off_chart(result, across)
    st.altair_chart(chart, key="trade_off", alt="Forget accuracy against retain or validation accuracy of each method")
    _files(result, {"trade-off": chart}, "trade_off")


def attack_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001
    """What an attacker can tell, and whether models can be told from retrained ones."""
    result = study.result
    counts = result.reviews
    st.text(
        f"Can the {counts['forget']:,} forgotten reviews be told from {counts['non_members']:,} comparable, unseen "
        "ones "
        "by their loss? 0.5 is no better than a guess; below it they stand out as too unlikely."
    )
    missing = result.gaps.query("figure == 'attack_auc' and missing != ''")["missing"]
    if len(missing) == len(result.gaps.query("figure == 'attack_auc'")):
        st.info(f"There is no attack: {missing.iloc[0]}.")
    else:
        chart = unlearning_charts.attack_chart(result)
        st.altair_chart(chart, key="attack", alt="Area under the curve of the loss-threshold attack for each method")
        _files(result, {"attack": chart}, "attack")
    method = _one_method(result, "attack_method")
    left, right = st.columns(2)
    for column, whose, name in ((left, "own", method), (right, "retrained", "exact retraining")):
        if losses := result.losses(method, whose):
            column.markdown(f"**{literal(name)}**")
            chart = unlearning_charts.losses_chart(losses)
            column.altair_chart(chart, key=f"losses_{whose}", alt=f"Losses of the reviews after {name}")
    st.dataframe(_indistinguishable(result), hide_index=True, alt="Forgetting score of each method")
    st.caption(
        "Score: the NeurIPS 2023 unlearning challenge's, here of few models: mean over forgotten reviews of a share "
        "that halves with every 0.5 of ε. ε of a review: how well its answers tell unlearned from retrained models. "
        "“By luck” is what models of one kind score, as few models often look apart; ε cannot be finite above the "
        "limit that so many show."
    )


def _indistinguishable(result: UnlearningResult) -> pd.DataFrame:
    lines = []
    for method, found in result.indistinguishable.items():
        known = found.score is not None
        lines.append(
            {
                "method": method,
                "score": f"{found.score:.2f}" if known else f"missing: {found.missing}",
                "by luck": f"{found.by_luck:.2f}" if known else "",
                "models": f"{found.models[0]} against {found.models[1]}",
                "largest finite ε": f"{found.limit:.2f}" if known else "",
            }
        )
    return pd.DataFrame(lines)


def reviews_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001
    """The forgotten reviews one by one."""
    result = study.result
    method = _one_method(result, "reviews_method")
    table = result.forgotten(method)
    before, after, aim = (format_share(table[name].median()) for name in ("original", "unlearned", "retrained"))
    st.text(
        f"Median probability of the true class of a forgotten review: {before} originally, {after} after {method}, "
        f"{aim} after exact retraining; a uniform guess is {format_share(result.chance)}."
    )
    share, likely = {"format": "%.0f %%", "min_value": 0, "max_value": 100}, ["original", "unlearned", "retrained"]
    shown = table.assign(**{name: 100 * table[name] for name in likely}, epsilon=table["epsilon"].map(_epsilon))
    st.dataframe(
        cells(shown[["class", *likely, "gap", "epsilon", "review", "key"]]),
        hide_index=True,
        height=430,
        column_config={
            "class": st.column_config.TextColumn(width=130),
            **{name: st.column_config.ProgressColumn(width=100, **share) for name in likely},
            "gap": st.column_config.NumberColumn(format="%+.2f", width=60, help="unlearned − retrained"),
            "epsilon": st.column_config.TextColumn("ε", width=50),
            "review": st.column_config.TextColumn(width="large"),
        },
        alt="Forgotten reviews with the probability of their class: original, unlearned, retrained",
    )
    if reason := result.indistinguishable[method].missing:
        st.caption(literal(f"There is no ε: {reason}."))
    files = {"forgotten.csv": lambda: csv_bytes(table)}
    downloads(files, {}, "forgotten")


def _epsilon(value: float) -> str | None:
    return None if pd.isna(value) else f"{value:.2f}" if math.isfinite(value) else "∞"


def _one_method(result: UnlearningResult, key: str) -> str:
    """The method that is looked at: one of those that are done."""
    names = list(dict.fromkeys(row.method for row in result.rows))
    first = next((name for name in names if name not in ("original", REFERENCE)), names[0])
    chosen = st.pills("Method", names, default=first, required=True, key=key, persist_state="session")
    return chosen if chosen in names else first


def _files(result: UnlearningResult, drawn: dict, key: str) -> None:
    files = {f"unlearning.{kind}": lambda kind=kind: result.to_bytes(kind) for kind in ("csv", "parquet")}
    downloads(files, drawn, key)
