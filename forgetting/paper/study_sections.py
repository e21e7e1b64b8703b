"""The sections of a report on studies: what each concludes, its charts, and its numbers.

Those on sweeps are in `sweep_sections`.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import pandas as pd

from forgetting.charts.activations import similarity_chart
from forgetting.charts.explanation import explanation_chart
from forgetting.charts.relearning import learning_curve_chart, savings_chart
from forgetting.charts.unlearning import attack_chart, attack_points, gap_chart, trade_off_chart
from forgetting.core.numbers import PERCENT, format_share
from forgetting.experiment.export import TableResult
from forgetting.paper.blocks import Paragraph, ReportBlock, ReportSection, ResultTable, paragraph
from forgetting.paper.material import Material
from forgetting.paper.sections import print_chart, why_hollow
from forgetting.paper.sweep_sections import SWEEP_SECTIONS
from forgetting.reporting.activations import describe_similarity
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.explanation import SANITY_CHECK_NAMES, describe_sanity_check
from forgetting.reporting.formatting import (
    format_fraction,
    format_metric,
    format_number,
    format_p,
    join_names,
)
from forgetting.reporting.names import format_attribution, format_method, format_scheme, name_metric
from forgetting.reporting.relearning import (
    describe_relearning,
    describe_savings,
    format_savings,
    format_savings_interval,
    name_conclusion,
)
from forgetting.reporting.unlearning import describe_unlearning
from forgetting.studies.memory import leaves_one_model, savings_curves
from forgetting.studies.relearning import learning_curve_bands
from forgetting.studies.sanity_check import (
    CONCLUDED,
    agreement_curves,
    conclude_sanity_check,
    explanation_curves,
    reference_similarities,
)
from forgetting.studies.titles import title_rows, title_sets
from forgetting.tracking.run import STUDY_TITLES


def study_section(kind: str, result: TableResult, material: Material) -> ReportSection:
    """What a study shows, as it stands in a report.

    Args:
        kind: A key of STUDY_TITLES.
        result: The result of the study.
        material: The experiment that it belongs to.
    """
    blocks = STUDY_SECTIONS[kind](result, material)
    return ReportSection(STUDY_TITLES[kind], tuple(blocks))


def _explanation(result: TableResult, material: Material) -> list[ReportBlock]:
    frame, agreement = result.frame, agreement_curves(result.frame)
    titles = title_sets(frame["layers"], result.layers)
    concluded = conclude_sanity_check(result, hollow=bool(why_hollow(material)))
    references = reference_similarities(frame, CONCLUDED)
    similar = pd.concat([explanation_curves(frame, CONCLUDED), agreement], ignore_index=True)
    blocks: list[ReportBlock] = []
    rows = []
    for name, title in titles.items():
        found = [one for one in concluded if one.layers == name]
        if not found:
            continue
        blocks += paragraph(describe_sanity_check(found, agreement, material.baselines, title), conclusion=True)
        chart = explanation_chart(similar[similar["layers"] == name], CONCLUDED, references, result.plan.attributions)
        more = {"plan": result.plan, "shown": {"layers": title}}
        blocks.append(print_chart("explanations", chart, material, "explanation", **more))
        rows += [
            (
                title,
                format_attribution(one.attribution),
                *(_with_interval(change) for change in (one.left, one.beyond)),
                SANITY_CHECK_NAMES[one.conclusion],
            )
            for one in found
        ]
    table = ResultTable(
        f"What is left of the original explanations at the largest fraction, with 95{PERCENT} intervals, and beyond "
        "random × input, with intervals corrected for the number of methods (Bonferroni)",
        ("layers", "method", "left", "beyond random × input", "conclusion"),
        tuple(rows),
    )
    return [*blocks, table]


def _with_interval(change: object) -> str:
    if change is None:
        return "missing"
    return f"{format_number(change.change)} ({format_number(change.low)} to {format_number(change.high)})"


def _similarity(result: TableResult, material: Material) -> list[ReportBlock]:
    sentence = describe_similarity(result, hollow=bool(why_hollow(material)))
    titles = title_sets(result.curves["layers"], result.layers)
    drawn = result.curves.assign(layers=result.curves["layers"].map(titles))
    charts = [
        print_chart(
            "similarity",
            similarity_chart(drawn, band, layer),
            material,
            "similarity",
            plan=result.plan,
            wide=max(map(len, titles.values())) > LONG_TITLE,
            layer=layer,
        )
        for layer, band in result.independent.items()
    ]
    return [*paragraph(sentence, conclusion=True), *charts]


def _learning_curves(result: TableResult, material: Material) -> list[ReportBlock]:
    randomization, baselines = result.recipe.randomization, material.baselines
    sentence = describe_relearning(
        result.learning_curves,
        result.outcomes,
        describe_randomization(randomization, result.recipe.model.layers),
        baselines,
        same_model=leaves_one_model(randomization.scheme, randomization.fraction),
        hollow=bool(why_hollow(material)),
    )
    targets = [curve.target_accuracy.target for curve in result.learning_curves if curve.model == "scratch"]
    blocks: list[ReportBlock] = [*paragraph(sentence, conclusion=True)]
    if targets:
        lines = {"chance": baselines.chance, "largest class": baselines.majority["validation"]}
        chart = learning_curve_chart(
            learning_curve_bands(result.curves), lines, epochs=result.recipe.relearning.epochs, target=median(targets)
        )
        blocks.append(
            print_chart("relearning", chart, material, "learning_curves", recipe=result.recipe, baselines=lines)
        )
    return blocks


def _savings(result: TableResult, material: Material) -> list[ReportBlock]:
    table = savings_curves(result.frame, hollow=bool(why_hollow(material)))
    table = title_rows(table, result.recipe.model.layers)
    blocks: list[ReportBlock] = []
    for scheme, shown in table.groupby("scheme", sort=False, observed=True):
        blocks += paragraph(describe_savings(shown, result.frame, material.baselines), conclusion=True)
        more = {"recipe": result.recipe, "shown": {"scheme": scheme}}
        blocks.append(print_chart("savings", savings_chart(shown), material, "savings", **more))
    rows = [
        (
            row.layers,
            format_scheme(row.scheme),
            format_fraction(row.dose),
            format_share(row.accuracy),
            "none" if pd.isna(row.median) else format_savings(row.median, row.median_high),
            format_savings_interval(row.interval_low, row.interval_high),
            format_p(row.adjusted),
            name_conclusion(row.corrected, row.unit),
        )
        for row in table.itertuples()
    ]
    columns = (
        "layers",
        "scheme",
        "fraction",
        "accuracy after",
        "savings",
        "90 % interval",
        "corrected p",
        "conclusion",
    )
    baselines = material.baselines
    caption = (
        f"Savings of each variant; chance is {format_share(baselines.chance)}, the largest class "
        f"{format_share(baselines.majority['validation'])}"
    )
    return [*blocks, ResultTable(caption, columns, tuple(rows))]


LONG_TITLE = 24  # letters of a layer set, from which a legend takes the width of the page
SHOWN_METRICS = (  # of the table of unlearning
    "forget_accuracy",
    "retain_accuracy",
    "validation_accuracy",
    "tow",
    "attack_auc",
    "anamnesis",
    "seconds_ratio",
)


def _unlearning(result: TableResult, material: Material) -> list[ReportBlock]:
    gaps = {(row.metric, row.method): row for row in result.gaps.itertuples()}
    metrics = [name for name in SHOWN_METRICS if any(metric == name for metric, _ in gaps)]
    rows = []
    for method in result.methods:
        cells = []
        for metric in metrics:
            row = gaps.get((metric, method))
            cells.append("missing" if row is None or pd.isna(row.value) else format_metric(metric, row.value))
        rows.append((format_method(method), *cells))
    trivial = [format_share(value) for value in result.majority.values()]
    rows.append(("largest class", *trivial, *("–" for _ in metrics[len(trivial) :])))
    guess = {"attack_auc": "0.50"}
    chance = [guess.get(name, "–") for name in metrics[len(trivial) :]]
    rows.append(("chance", *[format_share(result.chance)] * len(trivial), *chance))
    reasons = result.gaps[result.gaps["metric"].isin(metrics) & (result.gaps["missing"] != "")]
    notes = [
        f"Missing for {join_names(dict.fromkeys(map(format_method, group['method'])))} "
        f"({join_names(dict.fromkeys(map(name_metric, group['metric'])))}): {reason}."
        for reason, group in reasons.groupby("missing", sort=False)
    ]
    blocks: list[ReportBlock] = [
        *paragraph(describe_unlearning(result), conclusion=True),
        ResultTable(
            "Medians over seeds beside exact retraining and trivial models",
            ("method", *map(name_metric, metrics)),
            tuple(rows),
        ),
        *paragraph(*notes),
        print_chart("gaps", gap_chart(result), material, "unlearning", recipe=result.recipe),
        print_chart(
            "trade-off", trade_off_chart(result), material, "unlearning", recipe=result.recipe, across="retain"
        ),
    ]
    if not attack_points(result).empty:
        blocks.append(print_chart("attack", attack_chart(result), material, "unlearning", recipe=result.recipe))
    return blocks


STUDY_SECTIONS: dict[str, Callable[[TableResult, Material], list[ReportBlock]]] = {
    **SWEEP_SECTIONS,
    "explanation": _explanation,
    "similarity": _similarity,
    "learning_curves": _learning_curves,
    "savings": _savings,
    "unlearning": _unlearning,
}


def conclusions_of(sections: list[ReportSection]) -> tuple[Paragraph, ...]:
    """The first conclusion of each section, for a summary."""
    firsts = (
        next((block for block in section.blocks if isinstance(block, Paragraph) and block.conclusion), None)
        for section in sections
    )
    return tuple(block for block in firsts if block)
