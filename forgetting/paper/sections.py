"""The sections of a report on data, training, the comparison and the limits of the claims.

Those on studies are in `study_sections`. No review's text stands in a report.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from forgetting.charts.data import classes_chart
from forgetting.charts.history import Curve, history_chart
from forgetting.charts.print_comparison import (
    printed_confusion_chart,
    printed_recall_chart,
    printed_scores_chart,
    printed_weights_chart,
)
from forgetting.charts.style import RELEARNED
from forgetting.core.numbers import PERCENT, format_share
from forgetting.experiment.results import Outcome
from forgetting.metrics.scores import Scores
from forgetting.model.settings import OBJECTIVES
from forgetting.model.split import PARTS
from forgetting.paper.blocks import PrintedChart, ReportBlock, ReportSection, ResultTable, paragraph
from forgetting.paper.material import Material
from forgetting.randomization.layers import layer_table
from forgetting.reporting.captions import describe_chart, source_of_split
from forgetting.reporting.comparison import (
    FORGETTING_SCALE,
    describe_agreement,
    describe_by_heart,
    describe_comparison,
    describe_forgetting,
    describe_hollow,
    describe_published,
    describe_training,
    describe_weights,
)
from forgetting.reporting.data import describe_reading
from forgetting.reporting.formatting import format_change, format_interval, format_number
from forgetting.reporting.names import name_metric
from forgetting.reporting.recalls import describe_recalls
from forgetting.reporting.words import describe_tokenizer, describe_unknown_words

if TYPE_CHECKING:
    import altair as alt

    from forgetting.core.settings import Settings
    from forgetting.recipe.recipe import Recipe

MOST_CLASSES_LISTED = 60  # in a table
LIMITS = (  # of what may be claimed of any result
    "All numbers are of small networks on these reviews; they need not hold for other networks or reviews.",
    "At an equal fraction, N(0, 1) mostly measures how much larger its numbers are than trained weights; "
    "re-randomization, or fractions of equal change, do not.",
    "A low accuracy is not forgetting: what relearns soon was not gone, and an attack that fails proves no privacy.",
    "What was chosen as the best on the validation reviews looks better there than it is.",
    "The same recipe on the same file gives the same numbers, bit for bit, on one machine at one thread count only.",
)


def why_hollow(material: Material) -> str:
    """Why nothing can be called forgetting; "" where the original is shown to be better than a trivial model."""
    from forgetting.metrics.scores import evaluate

    if material.trained is None:
        return ""
    if material.comparison:
        scores = material.comparison.original.scores["validation"]
    else:
        scores = evaluate(material.trained.model, material.split.validation, material.recipe.training.objective)
    return describe_hollow(scores, material.baselines)


def data_section(material: Material) -> ReportSection:
    """The file, how it was read, its classes, and what trivial models reach on them."""
    split, baselines = material.split, material.baselines
    reviews = split.reviews
    report, counts = reviews.report, reviews.counts
    rows = [
        ("source", report.source),
        ("SHA-256 of the file", reviews.sha256),
        ("rows of the file", f"{report.rows:,}"),
        ("column of the texts", report.text),
        ("column of the labels", report.label),
        *((f"left out: {one.reason}", f"{one.rows:,}") for one in report.dropped),
        ("reviews", f"{len(reviews):,}"),
        ("classes", f"{len(split.classes):,}"),
        *((f"{name} reviews", f"{len(part):,}") for name, part in _parts(material).items()),
        ("words of the vocabulary", f"{len(split.words):,}"),
    ]
    trivial = [
        ("uniform guess", *[format_share(baselines.chance)] * 2, format_number(baselines.chance_loss)),
        ("always the largest class of training", *(format_share(baselines.majority[part]) for part in PARTS), "–"),
    ]
    if baselines.linear_svc:
        fitted = baselines.linear_svc
        trivial.append(
            ("LinearSVC on TF-IDF features", format_share(fitted["training"]), format_share(fitted["validation"]), "–")
        )
    listed = [(label, f"{count:,}", format_share(count / len(reviews))) for label, count in counts.items()]
    more = f"; {len(listed) - MOST_CLASSES_LISTED:,} more are left out" if len(listed) > MOST_CLASSES_LISTED else ""
    unknown = describe_unknown_words(split, material.recipe.split) or ""
    return ReportSection(
        "Data",
        (
            ResultTable("The reviews", ("property", "value"), tuple(rows)),
            *paragraph(*describe_reading(report.reading), describe_tokenizer(split.tokenizer), unknown),
            print_chart("classes", classes_chart(counts), material, "data", wide=False),
            ResultTable(f"Classes{more}", ("class", "reviews", "share"), tuple(listed[:MOST_CLASSES_LISTED])),
            ResultTable(
                "What models reach that know little, or nothing, of the texts",
                ("model", "training accuracy", "validation accuracy", "loss"),
                tuple(trivial),
            ),
        ),
    )


def _parts(material: Material) -> dict[str, object]:
    parts = material.split.parts
    return parts | {name: part for name in ("stopping", "test") if (part := getattr(material.split, name)) is not None}


def training_section(material: Material) -> ReportSection:
    """The layers of the model, how far it was trained, and its curves."""
    recipe, split, trained, baselines = material.recipe, material.split, material.trained, material.baselines
    layers = recipe.model.parameters(len(split.words), len(split.classes))
    rows = [(name, f"{count:,}") for name, count in layers.items()]
    blocks: list[ReportBlock] = [
        *paragraph(describe_training(trained.history, baselines, trained.kept_epoch), conclusion=True),
        *paragraph(describe_by_heart(trained.history, trained.kept_epoch)),
        ResultTable("The layers", ("layer", "parameters"), (*rows, ("all", f"{sum(layers.values()):,}"))),
    ]
    if trained.history:
        curves = [Curve("original", trained.history)]
        if material.comparison and material.comparison.history:
            curves.append(Curve("randomized, then trained", material.comparison.history, RELEARNED))
        blocks += _history_charts(curves, material)
    return ReportSection("Model and training", tuple(blocks))


def _history_charts(curves: list[Curve], material: Material) -> list[PrintedChart]:
    baselines, epochs = material.baselines, max(len(curve.history) for curve in curves)
    titles = {"accuracy": "accuracy", "loss": f"loss ({OBJECTIVES[material.recipe.training.objective]})"}
    return [
        print_chart(
            f"{metric} by epoch",
            history_chart(curves, metric, baselines.beside(metric), epochs=epochs, title=title),
            material,
            "training",
            wide=False,
            baselines=baselines.beside(metric),
            metric=metric,
        )
        for metric, title in titles.items()
    ]


def print_chart(
    name: str,
    chart: alt.TopLevelMixin,
    material: Material,
    kind: str,
    *,
    recipe: Recipe | None = None,
    plan: Settings | None = None,
    wide: bool = True,
    **words: object,
) -> PrintedChart:
    """A chart with the title and the caption that it has as a file.

    Args:
        name: Its name in the captions.
        chart: The chart.
        material: The experiment that it is of.
        kind: What was done, as in `ChartSource`.
        recipe: The recipe of a study; None for that of the experiment.
        plan: The plan of a study; None for that of the recipe.
        wide: Whether it takes both columns of a page.
        words: See `describe_chart`.
    """
    split, trained = material.split, material.trained
    epochs = len(trained.history) if trained else None
    data = split.reviews.report.source
    source = source_of_split(data, recipe or material.recipe, split, epochs=epochs, kind=kind, plan=plan)
    text = describe_chart(name, source, **words)
    return PrintedChart(chart, text.title, text.caption, wide)


def comparison_section(material: Material) -> ReportSection:
    """The original beside the randomized model: accuracy, loss, classes."""
    comparison, baselines, recipe = material.comparison, material.baselines, material.recipe
    published = recipe.protocol == "published"
    layers = recipe.model.layers
    told = (
        describe_published(comparison, baselines)
        if published
        else describe_comparison(comparison, baselines, recipe.randomization, layers)
    )
    blocks: list[ReportBlock] = [*paragraph(told, conclusion=True), *_scores_charts(material), _scores_table(material)]
    if not published:
        number, missing, note = describe_forgetting(
            comparison.forgetting["validation"],
            comparison.forgetting_above_majority["validation"],
            why_hollow(material),
        )
        forgetting = f"Forgetting on validation is {number}{f' ({note})' * bool(note)}{f': {missing}' * bool(missing)}."
        blocks += paragraph(forgetting, FORGETTING_SCALE, describe_agreement(comparison))
        blocks += paragraph(describe_recalls(comparison, material.split.classes, baselines))
        blocks += _classes(material)
    blocks += _weights(material)
    return ReportSection("Before and after randomizing", tuple(blocks))


def _scores_charts(material: Material) -> list[PrintedChart]:
    """Accuracy and loss of both models, beside what trivial models reach."""
    baselines, objective = material.baselines, material.recipe.training.objective
    accuracy = "bitwise_accuracy" if material.recipe.protocol == "published" else "accuracy"
    charts = []
    for metric in (accuracy, "loss"):
        chart = printed_scores_chart(material.comparison, baselines, metric, OBJECTIVES[objective])
        lines = baselines.beside(metric)
        name, unit = metric.replace("_", " "), OBJECTIVES[objective]
        charts.append(
            print_chart(name, chart, material, "comparison", wide=False, baselines=lines, metric=metric, unit=unit)
        )
    return charts


def _scores_table(material: Material) -> ResultTable:
    """A row a metric and part: both models, the change, and what a trivial model reaches."""
    comparison, baselines = material.comparison, material.baselines
    metrics = {
        "accuracy": {part: f"chance {format_share(baselines.chance)}, largest class {format_share(share)}"
                     for part, share in baselines.majority.items()},
        "loss": dict.fromkeys(baselines.majority, f"uniform guess {format_number(baselines.chance_loss)}"),
        "balanced_accuracy": {part: f"largest class {format_share(share)}"
                              for part, share in baselines.majority_balanced_accuracy.items()},
        "macro_f1": {part: f"largest class {format_number(value)}"
                     for part, value in baselines.majority_macro_f1.items()},
    }  # fmt: skip
    if material.recipe.protocol == "published":
        metrics = {
            "bitwise_accuracy": dict.fromkeys(baselines.majority, f"always “no” {format_share(baselines.all_no, 2)}")
        } | {name: metrics[name] for name in ("loss", "accuracy")}
    rows = []
    for name, trivial in metrics.items():
        for part in ("training", "validation"):
            before, after = (outcome.scores[part] for outcome in _outcomes(material))
            change = comparison.changes[part] if name == "accuracy" else None
            cell = "" if change is None else format_change(change, before.accuracy, after.accuracy)
            cells = (_cell(scores, name) for scores in (before, after))
            rows.append((f"{part} {name_metric(name)}", *cells, cell, trivial[part]))
    return ResultTable(
        f"The original and the randomized model, with 95{PERCENT} intervals, beside what trivial models reach",
        ("metric", "original", "randomized", "change", "trivial models"),
        tuple(rows),
    )


def _outcomes(material: Material) -> tuple[Outcome, Outcome]:
    return material.comparison.original, material.comparison.randomized


def _cell(scores: Scores, metric: str) -> str:
    value = getattr(scores, metric)
    if value is None:
        return f"missing: {scores.missing.get(metric) or scores.missing.get('accuracy', '')}"
    if metric == "accuracy" and scores.interval:
        return f"{format_share(value)} ({format_interval(*scores.interval)})"
    digits = 1 if metric == "bitwise_accuracy" else 0
    return format_share(value, digits) if metric.endswith("accuracy") else format_number(value)


def _classes(material: Material) -> list[ReportBlock]:
    """The recall of each class by both models, and their confusion."""
    before, after = (outcome.scores["validation"] for outcome in _outcomes(material))
    if before.recall is None or after.recall is None:
        return []
    changes = material.comparison.class_changes("validation") or [None] * len(material.split.classes)
    sizes = before.confusion.sum(axis=1)
    rows = [
        (
            label,
            f"{sizes[index]:,}",
            *(format_share(scores.recall[index]) if sizes[index] else "–" for scores in (before, after)),
            format_change(changes[index], before.recall[index], after.recall[index]) if changes[index] else "–",
        )
        for index, label in enumerate(material.split.classes)
    ]
    order = Counter({index: int(size) for index, size in enumerate(sizes)}).most_common(MOST_CLASSES_LISTED)
    more = f"; the {MOST_CLASSES_LISTED} most frequent of {len(rows)}" * (len(rows) > MOST_CLASSES_LISTED)
    classes = material.split.classes
    recall = printed_recall_chart(material.comparison, classes, material.baselines)
    chance = {"chance": material.baselines.chance}
    return [
        print_chart("recall", recall, material, "comparison", wide=False, baselines=chance),
        print_chart("confusion", printed_confusion_chart(material.comparison, classes), material, "comparison"),
        ResultTable(
            f"Recall of each class on the validation reviews{more}",
            ("class", "reviews", "original", "randomized", "change"),
            tuple(rows[index] for index, _ in order),
        ),
    ]


def _weights(material: Material) -> list[ReportBlock]:
    """Histograms of the weights before and after, of the layers that were changed."""
    models = original, randomized = material.trained.model, material.comparison.model
    before, after = (model.state_dict() for model in models)
    layers = layer_table(randomized)
    names = {one.name: [f"{one.name}.{parameter}" for parameter in one.shapes] for one in layers}
    changed = [one for one in layers if any(not before[name].equal(after[name]) for name in names[one.name])]
    if not changed:
        return []
    chart = printed_weights_chart(original, randomized, changed)
    only = f"Drawn are the layers that changed, {len(changed):,} of {len(layers):,}." * (len(changed) < len(layers))
    drawn = print_chart("weights", chart, material, "comparison", wide=len(changed) > 1)
    return [*paragraph(describe_weights(*models), only), drawn]


def limits_section(material: Material) -> ReportSection:
    """What limits the claims of any such report."""
    reviews = f"Accuracies are of {len(material.split.validation):,} validation reviews, which their intervals hold."
    return ReportSection("Limits of the claims", paragraph(why_hollow(material), reviews, *LIMITS))
