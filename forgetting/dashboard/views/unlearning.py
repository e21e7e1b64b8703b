"""What a comparison of unlearning methods shows: gaps to exact retraining, trade-off, attack, and single reviews."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from forgetting.charts import unlearning as unlearning_charts
from forgetting.charts.style import ORIGINAL, RELEARNED
from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.ui.chart_files import FileTables, chart_files, result_tables, study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.tables import chart_table, reviews_table
from forgetting.experiment.export import csv_bytes
from forgetting.metrics.baselines import Baselines
from forgetting.reporting import unlearning as unlearning_sentences
from forgetting.reporting.formatting import (
    format_count,
    format_gap,
    format_metric,
    format_number,
    format_p,
    format_points,
    format_share,
)
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_method, name_metric
from forgetting.unlearning.membership import threshold_attack
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.row import FEWEST_STEPS, PAIR_METRICS, UNLEARNING_METRICS
from forgetting.unlearning.task import REFERENCE

LOSS_FORMATS = {"share of the reviews": format_share}


def comparison_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001 - one signature for all views
    """Every metric of every method, with its gap to exact retraining."""
    result = study.result
    conclude(
        unlearning_sentences.describe_unlearning(result),
        "gap",
        "ToW (tug of war)",
        "AIN (anamnesis index)",
        "attack AUC",
        "band",
    )
    chart = unlearning_charts.gap_chart(result, study.plan.methods if study.running else ())
    st.altair_chart(chart, key="gaps", alt="Metrics of each method, with bars for their gaps to exact retraining")
    counts = result.reviews
    st.caption(
        f"Reviews: {counts['forget']:,} forgotten, {counts['retain']:,} retained and {counts['validation']:,} for "
        f"validation. Always predicting the retain set's largest "
        f"class is right for {format_share(result.majority['forget'])}, {format_share(result.majority['retain'])} and "
        f"{format_share(result.majority['validation'])} of them, a uniform guess for {format_share(result.chance)}."
    )
    st.caption(
        f"Gold is exact retraining with another seed, with the 5–95{PERCENT} band of the gaps between retrainings: a "
        "bar within it is no gap. The bars are the gaps of a method, with their bands over seeds; each column has its "
        "own axis, whose range stands under its title. A pale bar cannot be told from retraining (for ToW and the "
        "divergence from another retraining) with so many models and reviews, after correction for all methods and "
        "metrics of the table (Benjamini–Hochberg); what the sentences name is corrected by Holm."
    )
    st.caption(
        "The tug of war (ToW) is the product of 1 − |gap| over the three accuracies; 1 is as good as retraining. The "
        "anamnesis index (AIN), in the table, is the number of steps to relearn the forget set, divided by that of the "
        f"retrained model, where that takes {FEWEST_STEPS} steps or more: 1 is gone, 0 is still there. Each method "
        "runs at one setting, that of the form, so that a method which does badly here may do well at another. The "
        "vocabulary still holds the words of the forgotten texts."
    )
    chart_table(
        lambda: _gap_table(result),
        key="gaps",
        alt="Metrics of each method beside exact retraining",
        column_config={name: st.column_config.TextColumn(width=140) for name in ("metric", "method")},
        notes=lambda: [f"{where}: {reason}." for reason, where in _reasons(result).items()],
        charts={"gaps": study_chart(study, chart, "gaps", baselines=_trivial(result))},
        tables=_tables_of(result),
    )


def _gap_table(result: UnlearningResult) -> pd.DataFrame:
    """A row a metric and method: median (gap), or why it is missing. A column a metric would be cut."""
    seeds = Counter(row.method for row in result.rows)
    found = {(row.metric, row.method): row for row in result.gaps.itertuples()}
    answers = {True: "yes", False: "no", None: "cannot be told"}
    table = [
        {
            "metric": name_metric(metric),
            "method": format_method(method),
            "median (gap)": _describe_cell(found[metric, method], seeds[method]),
            "adjusted p": format_p(found[metric, method].adjusted_p),
        }
        for metric in _shown_metrics(result)
        for method in seeds
    ]
    for name, question in (("remembers", result.remembers), ("over-forgets", result.over_forgets)):
        table += [
            {
                "metric": name,
                "method": format_method(method),
                "median (gap)": answers[question(method)],
                "adjusted p": "–",
            }
            for method in result.candidates
        ]
    return pd.DataFrame(table)


def _shown_metrics(result: UnlearningResult) -> list[str]:
    """The metrics but those of the test part, where there is none."""
    tested = result.sets.retain_split.test is not None
    return [metric for metric in UNLEARNING_METRICS if tested or not metric.startswith("test_")]


def _reasons(result: UnlearningResult) -> dict[str, str]:
    """Where each reason for a missing metric holds; a cell would cut it."""
    lacking = result.gaps[(result.gaps["missing"] != "") & result.gaps["metric"].isin(_shown_metrics(result))]
    return {
        reason: "; ".join(
            f"{format_method(method)} lacks {', '.join(of_method['metric'].map(name_metric))}"
            for method, of_method in rows.groupby("method", sort=False)
        )
        for reason, rows in lacking.groupby("missing", sort=False)
    }


def _describe_cell(row: Any, seeds: int) -> str:
    """A metric with its gap, the number of seeds that have it where not all do, and why it is missing."""
    if pd.isna(row.value):
        return f"missing: {row.missing}"
    notes = [
        *([] if pd.isna(row.gap) or row.metric in PAIR_METRICS else [format_gap(row.metric, row.gap)]),
        *([row.missing] if row.missing else []),
        *([f"{row.seeds} of {seeds} seeds"] if row.seeds < seeds else []),
    ]
    value = format_metric(row.metric, row.value)
    return f"{value} ({'; '.join(notes)})" if notes else value


def trade_off_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001
    """Forget accuracy against retain or validation accuracy."""
    result = study.result
    across = st.segmented_control(
        "Against",
        ["retain", "validation"],
        default="retain",
        required=True,
        key="across",
        persist_state="session",
        help=explain("Against"),
    )
    across = across or "retain"
    frame = result.frame.drop_duplicates("seed")
    conclude(
        f"Retraining leaves {format_share(frame['retrained_forget_accuracy'].median())} of the forget set right; "
        f"chance is {format_share(result.chance)}, the largest class {format_share(result.majority['forget'])}. Both "
        "axes are gaps to retraining, and a good method comes near to the reference, the star at 0. "
        f"On the {across} reviews always predicting the largest class is right for "
        f"{format_share(result.majority[across])}.",
        "gap",
        "forget set",
        "retain set",
    )
    chart = unlearning_charts.trade_off_chart(result, across)
    alt = "Forget accuracy against retain or validation accuracy of each method"
    st.container(key="tall").altair_chart(chart, key="trade_off", height="stretch", alt=alt)
    chart_table(
        lambda: _trade_off_table(result, across),
        key="trade_off",
        alt="Gaps to exact retraining of each seed",
        formats={
            **dict.fromkeys((f"{across} accuracy", "forget accuracy"), format_share),
            **dict.fromkeys(("its gap, points", "gap, points"), format_points),
        },
        charts={"trade-off": study_chart(study, chart, "trade-off", baselines=_trivial(result), across=across)},
        tables=_tables_of(result),
    )


def _trade_off_table(result: UnlearningResult, across: str) -> pd.DataFrame:
    """A row a model and seed, as the chart has them."""
    names = {"across": f"{across} accuracy", "x": "its gap, points", "forget": "forget accuracy", "y": "gap, points"}
    points = unlearning_charts.trade_off_points(result, across)[["method", "seed", *names]].rename(columns=names)
    return points.assign(method=points["method"].map(format_method))


def attack_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001
    """What an attacker finds, and whether unlearned models can be distinguished from retrained ones."""
    result = study.result
    counts = result.reviews
    retrained = result.frame.drop_duplicates("seed")["retrained_attack_auc"].median()
    beside = "" if np.isnan(retrained) else f", and {format_number(retrained)} is what exact retraining leaves"
    conclude(
        f"Can {_describe_forgotten(counts['forget'])} be distinguished from "
        f"{format_count(counts['non_members'], 'comparable review')} never seen (non-members), by the loss? An attack "
        f"AUC of 0.5 is a guess{beside}. Above retraining the forget set is still known, below it its losses stand out "
        "as too high. All models are asked about the same reviews, so that more seeds do not make up for few reviews.",
        "attack AUC",
        "member and non-member",
        "95 % interval",
    )
    missing = result.gaps.query("metric == 'attack_auc' and missing != ''")["missing"]
    if unlearning_charts.attack_points(result).empty:
        st.info(f"There is no attack: {missing.iloc[0] if len(missing) else 'some models have none'}.")
    else:
        chart = unlearning_charts.attack_chart(result)
        alt = "Area under the curve of the loss-threshold attack for each method, less that after exact retraining"
        st.altair_chart(chart, key="attack", alt=alt)
        chart_table(
            lambda: _attack_table(result),
            key="attack",
            alt="Attack on each method",
            charts={"attack": study_chart(study, chart, "attack")},
            tables=_tables_of(result),
        )
    method = _one_method(result, "attack_method")
    both = {
        "unlearned": format_method(method),
        "retrained": "another retraining" if method == REFERENCE else "exact retraining",
    }
    drawn = {name: losses for whose, name in both.items() if (losses := result.losses(method, whose))}
    attacked = method in set(unlearning_charts.attack_points(result)["method"])
    threshold = _choose_threshold(drawn[both["unlearned"]]["retain"]) if attacked else None
    # Both histograms have one scale, so that they can be compared.
    most = max((unlearning_charts.loss_shares(losses)["share"].max() for losses in drawn.values()), default=1.0)
    charts = {}
    for column, (whose, name) in zip(st.columns(2), both.items(), strict=True):
        if losses := drawn.get(name):
            column.markdown(f"**{literal(name)}**")
            chart = unlearning_charts.losses_chart(losses, threshold, most=most)
            column.altair_chart(chart, key=f"losses_{whose}", alt=f"Losses of the reviews after {name}")
            charts[f"losses after {name}"] = study_chart(study, chart, "losses", shown={"method": name})
    if attacked:
        _threshold_attacks(drawn, counts, threshold)
    if drawn:
        chart_table(
            lambda: _loss_table(drawn), key="losses", alt="Losses of the reviews", formats=LOSS_FORMATS, charts=charts
        )
    scores = result.indistinguishable.values()
    if all(score.score is None for score in scores):
        st.caption(literal(f"There is no forgetting score: {next(iter(scores)).missing}."))
    else:
        st.table(_indistinguishability(result).set_index("method"))  # which wraps the reasons
    st.caption(
        "The score is that of the NeurIPS 2023 unlearning challenge, here of few models: the mean over the forgotten "
        "reviews of a term that halves with every 0.5 of ε. The ε of a review says how well its predictions "
        "distinguish unlearned from retrained models. “By luck” is the score of models of one kind, which can look "
        "different where they are few. The largest finite ε depends on the number of models."
    )


def _choose_threshold(retained: np.ndarray) -> float:
    """The threshold of the attack: at first the mean loss of the retained reviews, as Yeom et al. 2018 take it."""
    thresholds = unlearning_charts.LOSS_THRESHOLDS
    return st.select_slider(
        "Threshold of the attack",
        thresholds,
        value=min(thresholds, key=lambda each: abs(each - retained[np.isfinite(retained)].mean())),
        format_func=format_number,
        help=explain("Threshold of the attack"),
        key="attack_threshold",
        persist_state="session",
    )


def _threshold_attacks(
    drawn: Mapping[str, Mapping[str, np.ndarray]], counts: Mapping[str, int], threshold: float
) -> None:
    """What an attacker gets right at the threshold, by model: a sentence, and the confusion as a table."""
    attacks = {
        name: attack
        for name, losses in drawn.items()
        if (
            attack := threshold_attack(
                *(losses[side].reshape(-1, counts[side]) for side in ("forget", "non_members")), threshold
            )
        )
    }
    if not attacks:
        return
    st.text(unlearning_sentences.describe_threshold(threshold, attacks))
    table = {literal(name): unlearning_sentences.tabulate_threshold(attack) for name, attack in attacks.items()}
    st.table(pd.DataFrame(table).rename_axis("rate"))


def _attack_table(result: UnlearningResult) -> pd.DataFrame:
    names = {"attack_auc": "attack AUC", "retrained": "exact retraining", "change": "mean gap"}
    names |= {"change_low": "low", "change_high": "high", "adjusted_p": "adjusted p"}
    points = unlearning_charts.attack_points(result).rename(columns=names)
    return points.assign(
        **{"method": points["method"].map(format_method), "adjusted p": points["adjusted p"].map(format_p)}
    )


def _describe_forgotten(count: int) -> str:
    return "the forgotten review" if count == 1 else f"the {count:,} forgotten reviews"


def _loss_table(drawn: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """A row a set of reviews and a range of the loss, without the empty ones."""
    tables = [unlearning_charts.loss_shares(losses).assign(model=name) for name, losses in drawn.items()]
    points = pd.concat(tables).rename(columns={"set": "reviews", "share": "share of the reviews"})
    return points[points["share of the reviews"] > 0][["model", "reviews", "loss", "share of the reviews"]]


def _indistinguishability(result: UnlearningResult) -> pd.DataFrame:
    table = []
    for method, score in result.indistinguishable.items():
        known = score.score is not None
        table.append(
            {
                "method": format_method(method),
                "score": format_number(score.score) if known else f"missing: {score.missing}",
                "by luck": format_number(score.by_luck) if known else "",
                "models": f"{score.models[0]} against {score.models[1]}",
                "largest finite ε": format_number(score.limit) if known else "",
            }
        )
    return pd.DataFrame(table)


def reviews_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001
    """The forgotten reviews one by one."""
    result = study.result
    method = _one_method(result, "reviews_method")
    table = result.forget_reviews(method)
    before, after, retrained = (format_share(table[model].median()) for model in ("original", "unlearned", "retrained"))
    name = format_method(method)
    conclude(
        f"The median probability of the true class of a forgotten review is {before} originally, {after} after {name} "
        f"and {retrained} after exact retraining; of a uniform guess it is {format_share(result.chance)}.",
        "probability",
        "gap",
    )
    # Streamlit writes the number beside its bar as it is, so that it is rounded here.
    percent = {"format": f"%g{PERCENT}%", "min_value": 0, "max_value": 100}
    models = ["original", "unlearned", "retrained"]
    shown = table.assign(
        epsilon=table["epsilon"].astype(float),
        **{
            name: table[name].map(lambda share: float(format_share(share).removesuffix(PERCENT)), na_action="ignore")
            for name in models
        },
    )
    own = unlearning_charts.method_colours(result.methods)[method]
    colours = {"original": ORIGINAL, "unlearned": own, "retrained": RELEARNED}
    reviews = result.sets.retain_split.reviews
    reviews_table(
        shown[["class", *models, "gap", "epsilon", "review", "key"]],
        [reviews.texts[row] for row in result.sets.forget.rows],
        key="forgotten_reviews",
        height=430,
        formats={"gap": partial(format_gap, "gap")},
        column_config={
            "class": st.column_config.TextColumn(width=130),
            **{
                name: st.column_config.ProgressColumn(
                    width=100, help=explain("probability of the true class"), color=colour, **percent
                )
                for name, colour in colours.items()
            },
            "gap": st.column_config.NumberColumn(width=60),
            "epsilon": st.column_config.NumberColumn("ε", width=60),
            "review": st.column_config.TextColumn(width="large"),
        },
        alt="Forgotten reviews with the probability of their class: original, unlearned, retrained",
    )
    if reason := result.indistinguishable[method].missing:
        st.caption(literal(f"There is no ε: {reason}."))
    chart_files({}, key="forgotten", tables={"forgotten.csv": lambda: csv_bytes(table)})


def _one_method(result: UnlearningResult, key: str) -> str:
    """Choose one of the methods that are done."""
    names = list(dict.fromkeys(row.method for row in result.rows))
    first = next((name for name in names if name not in ("original", REFERENCE)), names[0])
    chosen = st.pills(
        "Method",
        names,
        default=first,
        required=True,
        format_func=format_method,
        help=explain("method"),
        key=key,
        persist_state="session",
    )
    return chosen if chosen in names else first


def _trivial(result: UnlearningResult) -> dict[str, float]:
    """What trivial models reach on the forget set, by their names."""
    return {"chance": result.chance, "largest class on the forget set": result.majority["forget"]}


def _tables_of(result: UnlearningResult) -> FileTables:
    """The rows as files."""
    return result_tables(result, "unlearning")
