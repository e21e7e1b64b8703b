"""The metrics of a study as a run has them: what its page concludes from, by name, with intervals and baselines.

A name holds no number, so that two runs of a kind have the same names for the same things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from forgetting.core.errors import DataError
from forgetting.metrics.baselines import Baselines
from forgetting.randomization.groups import title_set
from forgetting.reporting.names import format_attribution, format_method, format_scheme, name_metric
from forgetting.tracking.run import RunMetric, make_metric

if TYPE_CHECKING:
    from forgetting.studies.nested import NestedCurve

COMPARED_METRICS = ("forget_accuracy", "retain_accuracy", "validation_accuracy", "tow", "attack_auc")  # of unlearning


def study_metrics(
    kind: str,
    result: Any,
    baselines: Baselines | None = None,
    *,
    hollow: bool = False,
    nested: Sequence[NestedCurve] | None = None,
) -> tuple[RunMetric, ...]:
    """The metrics of a study, finished or stopped.

    Args:
        kind: A kind of study, one of RUN_KINDS.
        result: Its result.
        baselines: The baselines on the split of the model; None where they are not known.
        hollow: Whether the original is not shown to be better than a trivial model.
        nested: The nested intervals of a sweep's curves, whose layer sets have their titles; None where they are to be
            computed.
    """
    if METRICS_OF[kind] is _sweep:
        return tuple(_sweep(result, baselines, hollow, nested))
    return tuple(METRICS_OF[kind](result, baselines, hollow))


def count_parts(kind: str, result: Any) -> int:
    """How many of its parts a study has done."""
    return len(result.learning_curves if kind == "learning_curves" else result.rows)


def _accuracies(baselines: Baselines | None) -> dict[str, float]:
    return baselines.beside("accuracy") if baselines else {}


def _sweep(
    result: Any, baselines: Baselines | None, hollow: bool, nested: Sequence[NestedCurve] | None = None
) -> Iterator[RunMetric]:
    """The original accuracy; of each curve the half-way fraction, and the accuracy at the largest fraction."""
    from forgetting.studies.dose_response import CURVE_KEYS, half_way
    from forgetting.studies.nested import nested_curves, nested_half_ways
    from forgetting.studies.titles import title_curve, title_rows

    if not result.rows:
        return
    plan, known, metric = result.plan, _layers(result), getattr(result, "metric", "accuracy")
    title, column = f"validation {name_metric(metric)}", f"validation_{metric}"
    what = "fraction" if plan.match == "dose" else "change"
    trivial = _accuracies(baselines) or {"chance": getattr(result, "chance", None)}
    frame = title_rows(result.frame, known)
    if nested is None:
        nested = [title_curve(curve, known) for curve in nested_curves(result.rows, retrain=plan.retrain)]
    yield make_metric(f"{title}, original", frame[f"{column}_before"].median(), baselines=trivial)
    for half in nested_half_ways(half_way(frame, planned_doses=plan.doses, hollow=hollow), nested):
        name = _curve_name(half.layers, half.scheme, half.unit)
        yield make_metric(f"half-way {what}, {name}", half.dose, half.missing, (half.low, half.high))
    ends = {
        (curve.layers, curve.scheme, curve.unit, point.planned_dose): (point.low, point.high)
        for curve in nested
        for point in curve.points.itertuples()
        if metric == "accuracy"
    }
    last = frame[frame["planned_dose"] == frame["planned_dose"].max()].dropna(subset=[column])
    by_curve = last.groupby([*CURVE_KEYS, "planned_dose"], sort=False, observed=True)[column]
    for curve, value in by_curve.median().items():
        name = _curve_name(*curve[:3])
        yield make_metric(f"{title} at the largest {what}, {name}", value, "", ends.get(curve), trivial)


def _layers(result: Any) -> tuple[str, ...]:
    """Names of the model's layers: those of its recipe, or of a study of one's own model."""
    return result.recipe.model.layers if hasattr(result, "recipe") else tuple(result.layers)


def _curve_name(title: str, scheme: str, unit: str) -> str:
    words = f"{title}, {format_scheme(scheme)}"
    return words if unit == "weight" else f"{words} of {unit}s"


def _robustness(result: Any, baselines: Baselines | None, hollow: bool) -> Iterator[RunMetric]:  # noqa: ARG001
    """Forgetting of each layer set by re-initialization and by re-randomization."""
    from forgetting.studies.layer_robustness import LayerDistance, robustness_of_rows

    known = _layers(result)
    for row in robustness_of_rows(result.rows, result.plan, dict.fromkeys(known, LayerDistance(0))):
        layer, anew = title_set(row.layer, known), row.rerandomized
        yield make_metric(f"forgetting by re-initialization, {layer}", row.reinitialized, row.missing, row.interval)
        yield make_metric(
            f"forgetting by re-randomization, {layer}", anew and anew.median, row.missing, row.rerandomized_interval
        )


def _layer_choice(result: Any, baselines: Baselines | None, hollow: bool) -> Iterator[RunMetric]:  # noqa: ARG001
    """How much more each layer set loses of the forget set than of the retain set."""
    from forgetting.unlearning.layer_choice import rank_layers

    known, title = _layers(result), "excess lost of the forget set"
    for scheme, unit in product(result.plan.schemes, result.plan.units):
        try:
            ranking = rank_layers([row for row in result.rows if (row.scheme, row.unit) == (scheme, unit)], known)
        except DataError as error:
            yield make_metric(f"{title}, {_curve_name('no layer set', scheme, unit)}", None, str(error))
            continue
        for loss in ranking.losses:
            name = _curve_name(title_set(loss.layers, known), scheme, unit)
            yield make_metric(f"{title}, {name}", loss.excess.change, "", _ends(loss.excess))


def _ends(change: Any) -> tuple[float, float] | None:
    return change and (change.low, change.high)


def _explanation(result: Any, baselines: Baselines | None, hollow: bool) -> Iterator[RunMetric]:  # noqa: ARG001
    """How like each method's explanations stay to the original ones at the largest fraction."""
    from forgetting.studies.sanity_check import INPUT_ALONE, conclude_sanity_check

    for check in conclude_sanity_check(result, hollow=hollow):
        name = f"{title_set(check.layers, result.layers)}, {format_attribution(check.attribution)}"
        alone = {format_attribution(INPUT_ALONE): check.references.get(INPUT_ALONE)}
        value = check.left and check.left.change
        yield make_metric(f"rank correlation left, {name}", value, check.missing, _ends(check.left), alone)


def _similarity(result: Any, baselines: Baselines | None, hollow: bool) -> Iterator[RunMetric]:  # noqa: ARG001
    """CKA of each layer with the original's at the largest fraction, and how it differs from independent models."""
    known, table = result.layers, result.curves
    for row in table[table["dose"] == table["dose"].max()].itertuples():
        beside = {"independently trained models": result.independent[row.layer].median}
        yield make_metric(
            f"CKA of {row.layer}, {title_set(row.layers, known)} randomized", row.median, baselines=beside
        )
    for found in result.changes:
        name = f"CKA of {found.layer} less that of independent models, {title_set(found.layers, known)} randomized"
        yield make_metric(name, found.change.change, "", _ends(found.change))


def _learning_curves(result: Any, baselines: Baselines | None, hollow: bool) -> Iterator[RunMetric]:
    """The savings of the randomized models, and the steps that each model takes to the target."""
    from forgetting.studies.memory import conclude_memory

    table = result.outcomes
    randomized = table[table["model"] == "randomized"]
    if len(randomized):
        found = conclude_memory(randomized, hollow=hollow)
        reason = next(iter(reason for reason in randomized["missing"] if reason), "no run can be compared")
        yield make_metric("savings", found.median, reason)
    for model, rows in table.groupby("model", sort=False):
        late = "more than half of the models do not reach the target"
        steps = rows["steps"].fillna(float("inf")).median()
        yield make_metric(f"steps to the target, {model}", steps, late)
    ends = result.curves[result.curves["epoch"] == result.curves["epoch"].max()]
    for model, rows in ends.groupby("model", sort=False):
        value = rows["validation_accuracy"].median()
        yield make_metric(f"validation accuracy at the end, {model}", value, baselines=_accuracies(baselines))


def _savings(result: Any, baselines: Baselines | None, hollow: bool) -> Iterator[RunMetric]:
    """The savings of each layer set at the largest fraction, and its accuracy right after randomizing."""
    from forgetting.studies.memory import savings_curves

    table, known = savings_curves(result.frame, hollow=hollow), _layers(result)
    for row in table[table["dose"] == table["dose"].max()].itertuples():
        name = f"{title_set(row.layers, known)}, {format_scheme(row.scheme)}"
        yield make_metric(f"savings at the largest fraction, {name}", row.median, "too many models never arrive")
        title = f"validation accuracy before relearning, {name}"
        yield make_metric(title, row.accuracy, baselines=_accuracies(baselines))


def _unlearning(result: Any, baselines: Baselines | None, hollow: bool) -> Iterator[RunMetric]:  # noqa: ARG001
    """Of each method its metrics, and their gaps to exact retraining."""
    for row in result.gaps.itertuples():
        if row.metric not in COMPARED_METRICS:
            continue
        trivial = {"exact retraining": row.retrained}
        part = row.metric.removesuffix("_accuracy")
        if part in result.majority:
            trivial |= {"chance": result.chance, "largest class": result.majority[part]}
        if row.metric == "attack_auc":
            trivial["a guess"] = 0.5
        name = f"{name_metric(row.metric)}, {format_method(row.method)}"
        yield make_metric(name, row.value, row.missing, baselines=trivial)
        yield make_metric(
            f"{name}, gap to exact retraining", row.change, row.missing, (row.change_low, row.change_high)
        )


METRICS_OF: dict[str, Callable[[Any, Baselines | None, bool], Iterator[RunMetric]]] = {
    "dose": _sweep,
    "change": _sweep,
    "robustness": _robustness,
    "layer_choice": _layer_choice,
    "explanation": _explanation,
    "similarity": _similarity,
    "learning_curves": _learning_curves,
    "savings": _savings,
    "unlearning": _unlearning,
    "own_model": _sweep,
}
