"""The sections of a report on studies: what each concludes, its charts, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

import pandas as pd

from forgetting.charts import dose_response as dose_charts
from forgetting.charts.activations import similarity_chart
from forgetting.charts.explanation import explanation_chart
from forgetting.charts.layer_choice import excess_chart
from forgetting.charts.panels import panels
from forgetting.charts.relearning import learning_curve_chart, savings_chart
from forgetting.charts.unlearning import attack_chart, attack_points, gap_chart, trade_off_chart
from forgetting.core.errors import DataError
from forgetting.core.numbers import PERCENT, format_share
from forgetting.experiment.export import TableResult
from forgetting.model.settings import OBJECTIVES
from forgetting.paper.blocks import Paragraph, PrintedChart, ReportBlock, ReportSection, ResultTable, paragraph
from forgetting.paper.material import STUDY_TITLES, Material
from forgetting.paper.sections import print_chart, why_hollow
from forgetting.randomization.groups import title_set
from forgetting.reporting.activations import describe_similarity
from forgetting.reporting.captions import CLAIMED_BAND, SEEDS_BAND
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.dose_response import (
    describe_half_way,
    describe_matched,
    describe_robustness,
    largest_common_change,
)
from forgetting.reporting.explanation import SANITY_CHECK_NAMES, describe_sanity_check
from forgetting.reporting.formatting import (
    format_fraction,
    format_interval,
    format_metric,
    format_number,
    format_p,
    join_names,
)
from forgetting.reporting.layer_choice import describe_layer_choice, list_losses
from forgetting.reporting.names import format_attribution, format_method, format_scheme, name_metric, name_scope
from forgetting.reporting.relearning import (
    describe_relearning,
    describe_savings,
    format_savings,
    format_savings_interval,
    name_conclusion,
)
from forgetting.reporting.unlearning import describe_unlearning
from forgetting.studies.dose_response import curves, half_way
from forgetting.studies.layer_robustness import measure_distances, robustness_of_rows
from forgetting.studies.memory import leaves_one_model, savings_curves
from forgetting.studies.nested import NestedCurve, nested_curves, nested_half_ways
from forgetting.studies.relearning import learning_curve_bands
from forgetting.studies.sanity_check import (
    CONCLUDED,
    agreement_curves,
    conclude_sanity_check,
    explanation_curves,
    reference_similarities,
)
from forgetting.unlearning.layer_choice import rank_layers


def study_section(kind: str, result: TableResult, material: Material) -> ReportSection:
    """What a study shows, as it stands in a report.

    Args:
        kind: A key of STUDY_TITLES.
        result: The result of the study.
        material: The experiment that it belongs to.
    """
    blocks = STUDY_SECTIONS[kind](result, material)
    return ReportSection(STUDY_TITLES[kind], tuple(blocks))


def _titles(names: pd.Series | list, known: tuple[str, ...]) -> dict[str, str]:
    """What layer sets are called, by their names."""
    return {name: title_set(name, known) for name in dict.fromkeys(names)}


def _named(result: TableResult) -> tuple[pd.DataFrame, list[NestedCurve], dict[str, str]]:
    """The rows of a sweep and its nested curves with what layer sets are called, and their names by that."""
    titles = _titles(result.frame["layers"], result.recipe.model.layers)
    nested = [
        replace(curve, layers=titles[curve.layers], points=curve.points.assign(layers=titles[curve.layers]))
        for curve in nested_curves(result.rows, retrain=result.plan.retrain)
        if not curve.missing
    ]
    frame = result.frame.assign(layers=result.frame["layers"].map(titles))
    return frame, nested, {title: name for name, title in titles.items()}


def _kinds(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each scheme and unit, with what these are called."""
    units = frame["unit"].nunique() > 1
    for (scheme, unit), rows in frame.groupby(["scheme", "unit"], sort=False, observed=True):
        yield format_scheme(scheme) + (f", {unit}" if units else ""), rows


def _dose(result: TableResult, material: Material) -> list[ReportBlock]:
    frame, nested, sets = _named(result)
    plan, baselines = result.plan, material.baselines
    hollow, scope = bool(why_hollow(material)), name_scope(retrain=plan.retrain, splits=plan.splits)
    before = frame["validation_accuracy_before"].median()
    sources = nested[0].points["sources"].iloc[0] if nested else ()
    blocks: list[ReportBlock] = []
    for scheme, rows in _kinds(frame):
        halves = nested_half_ways(half_way(rows, planned_doses=plan.doses, hollow=hollow), nested)
        sentence = describe_half_way(halves, baselines, before, scope, sources)
        blocks += paragraph(f"{scheme[0].upper()}{scheme[1:]}: {sentence}", conclusion=True)
        blocks += _curve_charts(rows, nested, sets, result, material)
    all_halves = nested_half_ways(half_way(frame, planned_doses=plan.doses, hollow=hollow), nested)
    return [*blocks, _half_way_table(all_halves, plan.match)]


def _curve_charts(
    rows: pd.DataFrame,
    nested: list[NestedCurve],
    sets: dict[str, str],
    result: TableResult,
    material: Material,
) -> Iterator[PrintedChart]:
    """Validation accuracy by dose, in a panel or several."""
    style = dose_charts.metric_style("accuracy", material.baselines, OBJECTIVES[material.recipe.training.objective])
    band = "interval" if nested else "seeds"
    table = curves(rows, "validation_accuracy")
    if nested:
        table = dose_charts.with_intervals(table, nested, band)
    axis = "change of the weights" if result.plan.match == "change" else "fraction randomized"
    said = CLAIMED_BAND if nested else SEEDS_BAND
    for title, panel in panels(table, sets, result.recipe.model.layers).items():
        chart = dose_charts.dose_chart(
            panel,
            style,
            by="line" if title else "layers",
            dash="block" if title and len(panel.attrs["series"]["block"]) > 1 else "",
            match=result.plan.match,
            band=band,
            pick=False,
        )
        yield print_chart(
            "dose–response",
            chart,
            material,
            "dose" if result.plan.match == "dose" else "change",
            plan=result.plan,
            shown={"scheme": rows["scheme"].iloc[0]} | ({"layers": title} if title else {}),
            baselines=style.baselines,
            axis=axis,
            band=said,
        )


def _half_way_table(halves: tuple, match: str) -> ResultTable:
    write = format_fraction if match == "dose" else format_number
    rows = [
        (
            half.layers,
            format_scheme(half.scheme),
            half.unit,
            "none" if half.dose is None else write(half.dose),
            half.missing if half.dose is None else format_interval(half.low, half.high) or "open",
        )
        for half in halves
    ]
    title = "fraction" if match == "dose" else "change of the weights"
    return ResultTable(
        f"Half-way {title} (D50) of each curve, with its 95{PERCENT} interval or why there is none",
        ("layers", "scheme", "unit", "D50", "interval"),
        tuple(rows),
    )


def _change(result: TableResult, material: Material) -> list[ReportBlock]:
    frame, nested, sets = _named(result)
    scope = name_scope(retrain=result.plan.retrain, splits=result.plan.splits)
    blocks: list[ReportBlock] = []
    for layers, rows in frame.groupby("layers", sort=False, observed=True):
        table = curves(rows)
        if largest_common_change(table, "scheme") is not None:
            sentence = describe_matched(table, rows, material.baselines, "scheme", scope)
            blocks += paragraph(f"{layers}: {sentence}", conclusion=True)
    for _, rows in _kinds(frame):
        blocks += _curve_charts(rows, nested, sets, result, material)
    return blocks


def _robustness(result: TableResult, material: Material) -> list[ReportBlock]:
    titles = _titles(result.frame["layers"], result.recipe.model.layers)
    distances = measure_distances(material.trained.model, material.trained.initial)
    found = robustness_of_rows(result.rows, result.plan, distances)
    rows = tuple(replace(row, layer=titles[row.layer]) for row in found)
    if not rows:
        return list(paragraph("No layer was re-initialized as a whole, so that nothing is said of robustness."))
    hollow, scope = bool(why_hollow(material)), name_scope(retrain=result.plan.retrain, splits=result.plan.splits)
    cells = [
        (
            row.layer,
            f"{row.parameters:,}",
            *(format_share(value) if value is not None else "–" for value in (row.accuracy_before, *row.accuracies)),
            "undefined" if hollow else row.conclusion,
        )
        for row in rows
    ]
    return [
        *paragraph(describe_robustness(rows, material.baselines, scope, hollow=hollow), conclusion=True),
        print_chart("robustness", dose_charts.robustness_chart(rows), material, "robustness", plan=result.plan),
        ResultTable(
            f"Accuracy where one layer is randomized wholly; chance is {format_share(material.baselines.chance)}, the "
            f"largest class {format_share(material.baselines.majority['validation'])}",
            ("layer", "weights", "before", "re-initialized", "re-randomized", "conclusion"),
            tuple(cells),
        ),
    ]


def _layer_choice(result: TableResult, material: Material) -> list[ReportBlock]:
    known, scope = result.recipe.model.layers, name_scope(retrain=result.plan.retrain, splits=1)
    blocks: list[ReportBlock] = []
    for scheme in dict.fromkeys(row.scheme for row in result.rows):
        try:
            ranking = rank_layers([row for row in result.rows if row.scheme == scheme], known)
        except DataError as error:
            blocks += paragraph(f"{format_scheme(scheme)}: {error}")
            continue
        blocks += paragraph(describe_layer_choice(ranking, known, scope), conclusion=True)
        chart = excess_chart(list_losses(ranking, known))
        more = {"recipe": result.recipe, "plan": result.plan, "shown": {"scheme": scheme}}
        blocks.append(print_chart("layer choice", chart, material, "layer_choice", **more))
    return blocks


def _explanation(result: TableResult, material: Material) -> list[ReportBlock]:
    frame, agreement = result.frame, agreement_curves(result.frame)
    titles = _titles(frame["layers"], result.layers)
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
        "What is left of the original explanations at the largest fraction, and beyond random × input",
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
    titles = _titles(result.curves["layers"], result.layers)
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
    titles = _titles(table["layers"], result.recipe.model.layers)
    table = table.assign(layers=table["layers"].map(titles))
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
    "dose": _dose,
    "change": _change,
    "robustness": _robustness,
    "layer_choice": _layer_choice,
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
