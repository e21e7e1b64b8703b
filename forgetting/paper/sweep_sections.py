"""The sections of a report on sweeps: curves, equal change, robustness, and which layer to unlearn in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd

from forgetting.charts import dose_response as dose_charts
from forgetting.charts.layer_choice import excess_chart
from forgetting.charts.panels import panels
from forgetting.core.errors import DataError
from forgetting.core.numbers import PERCENT, format_share
from forgetting.experiment.export import TableResult
from forgetting.model.settings import OBJECTIVES
from forgetting.paper.blocks import PrintedChart, ReportBlock, ResultTable, paragraph
from forgetting.paper.material import Material
from forgetting.paper.sections import print_chart, why_hollow
from forgetting.reporting.captions import CLAIMED_BAND, SEEDS_BAND
from forgetting.reporting.dose_response import (
    describe_half_way,
    describe_matched,
    describe_robustness,
    largest_common_change,
)
from forgetting.reporting.formatting import (
    format_fraction,
    format_interval,
    format_number,
)
from forgetting.reporting.layer_choice import describe_layer_choice, list_losses
from forgetting.reporting.names import format_scheme, name_scope
from forgetting.studies.dose_response import curves, half_way
from forgetting.studies.layer_robustness import measure_distances, robustness_of_rows
from forgetting.studies.nested import NestedCurve, nested_curves, nested_half_ways
from forgetting.studies.titles import title_curve, title_rows, title_sets
from forgetting.unlearning.layer_choice import rank_layers


def _name_sweep(result: TableResult) -> tuple[pd.DataFrame, list[NestedCurve], dict[str, str]]:
    """The rows of a sweep and its nested curves with what layer sets are called, and their names by that."""
    known = result.recipe.model.layers
    found = nested_curves(result.rows, retrain=result.plan.retrain)
    nested = [title_curve(curve, known) for curve in found if not curve.missing]
    names = {title: name for name, title in title_sets(result.frame["layers"], known).items()}
    return title_rows(result.frame, known), nested, names


def _kinds(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each scheme and unit, with what these are called."""
    units = frame["unit"].nunique() > 1
    for (scheme, unit), rows in frame.groupby(["scheme", "unit"], sort=False, observed=True):
        yield format_scheme(scheme) + (f", {unit}" if units else ""), rows


def _dose(result: TableResult, material: Material) -> list[ReportBlock]:
    frame, nested, sets = _name_sweep(result)
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
    frame, nested, sets = _name_sweep(result)
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
    titles = title_sets(result.frame["layers"], result.recipe.model.layers)
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


SWEEP_SECTIONS: dict[str, Callable[[TableResult, Material], list[ReportBlock]]] = {
    "dose": _dose,
    "change": _change,
    "robustness": _robustness,
    "layer_choice": _layer_choice,
}
