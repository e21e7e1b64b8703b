"""What a comparison shows below its conclusion: a view for each chart."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import streamlit as st

from forgetting.charts import comparison as comparison_charts
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, session, source_name
from forgetting.dashboard.ui.chart_files import ChartFile, comparison_chart
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.tables import EXCERPT, chart_table, reviews_table
from forgetting.dashboard.views.live import find_drawn, find_frames
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.paired import PairedChange
from forgetting.metrics.scores import FEWEST_CLASS_REVIEWS, probabilities
from forgetting.model.settings import OBJECTIVES
from forgetting.randomization.layers import layer_table
from forgetting.reporting import comparison as comparison_sentences
from forgetting.reporting.formatting import format_change, format_interval, format_points, format_share
from forgetting.reporting.recalls import describe_recalls

if TYPE_CHECKING:
    import pandas as pd

CHART_WIDTH = 300  # pixels that a chart of both needs, else they stand one below the other
PLOTLY = {"displayModeBar": False}


def accuracy_and_loss_view(trained_model: TrainedModel, comparison: Comparison, baselines: Baselines) -> None:
    """The two charts of the first screen. The live fraction moves the bars of the randomized model in them."""
    published = trained_model.recipe.protocol == "published"
    frames = find_frames(trained_model, session().recipe.randomization, baselines)
    large = session().presenting
    drawn = find_drawn(comparison, frames.key)
    charts = st.grid(2, min_column_width=CHART_WIDTH, key="charts")
    charts.plotly_chart(
        comparison_charts.bitwise_chart(comparison, baselines)
        if published
        else comparison_charts.accuracy_chart(drawn, baselines, frames.key, large=large),
        key="accuracy",
        height="stretch",
        config=PLOTLY,
        alt="Accuracy before and after, training and validation, with baselines",
    )
    charts.plotly_chart(
        comparison_charts.loss_chart(
            drawn,
            baselines,
            OBJECTIVES[trained_model.recipe.training.objective],
            frames.losses,
            frames.key,
            large=large,
        ),
        key="loss",
        height="stretch",
        config=PLOTLY,
        alt="Loss before and after, training and validation, with that of a uniform guess",
    )
    if not large:
        chart_table(
            lambda: _scores(
                comparison, ("bitwise_accuracy", "loss") if published else ("accuracy", "balanced_accuracy", "loss")
            ),
            key="accuracy_and_loss",
            alt="Accuracy and loss before and after",
            formats=dict.fromkeys(("accuracy", "balanced accuracy", "bitwise accuracy"), format_share),
            charts={
                name.replace("_", " "): _scores_file(trained_model, comparison, baselines, name)
                for name in ("bitwise_accuracy" if published else "accuracy", "loss")
            },
            points=lambda: _score_points(comparison, baselines, published=published),
        )
    if "linear_svc" in baselines.missing:
        st.caption(f"LinearSVC is {baselines.missing['linear_svc']}.")
    if published:
        st.caption(
            "The accuracy drawn here is the published, bitwise one: the share of all yes-or-no answers, one for each "
            "review and class, that are right. The training metrics are those of the last step, before it changed the "
            "weights."
        )


def _printed() -> ModuleType:
    from forgetting.charts import print_comparison  # which imports Altair, as the first screen does not

    return print_comparison


def _scores_file(trained_model: TrainedModel, comparison: Comparison, baselines: Baselines, metric: str) -> ChartFile:
    unit = OBJECTIVES[trained_model.recipe.training.objective]
    return comparison_chart(
        trained_model,
        lambda: _printed().printed_scores_chart(comparison, baselines, metric, unit),
        metric.replace("_", " "),
        baselines=baselines.beside(metric),
        metric=metric,
        unit=unit,
    )


def _scores(comparison: Comparison, metrics: Sequence[str]) -> pd.DataFrame:
    """A row a part of the split and a model."""
    import pandas as pd

    rows = []
    for model, outcome in (("original", comparison.original), ("randomized", comparison.randomized)):
        for part, scores in outcome.scores.items():
            row = {"part": part, "model": model, "reviews": scores.reviews}
            row |= {name.replace("_", " "): getattr(scores, name) for name in metrics}
            if "accuracy" in metrics:
                row["95 % interval"] = format_interval(*scores.interval or (None, None))
                change = comparison.changes[part] if model == "randomized" else None
                row["change"] = _format_change(change, comparison.original.scores[part].accuracy, scores.accuracy)
            rows.append(row)
    return pd.DataFrame(rows)


def _score_points(comparison: Comparison, baselines: Baselines, *, published: bool) -> pd.DataFrame:
    """A row a part of the split and a model, in numbers alone, beside what trivial models reach on that part."""
    import pandas as pd

    metrics = ("bitwise_accuracy",) if published else ("accuracy", "balanced_accuracy")
    rows = []
    for model, outcome in (("original", comparison.original), ("randomized", comparison.randomized)):
        for part, scores in outcome.scores.items():
            row = {"part": part, "model": model, "reviews": scores.reviews, "loss": scores.loss}
            row |= {name.replace("_", " "): getattr(scores, name) for name in metrics}
            if not published and scores.interval:
                row["accuracy, 95 % low"], row["accuracy, 95 % high"] = scores.interval
            if model == "randomized" and not published and (change := comparison.changes[part]):
                names = ("change of accuracy", "change, 95 % low", "change, 95 % high", "p (McNemar)")
                row |= dict(zip(names, (change.change, change.low, change.high, change.p), strict=True))
            rows.append(row | baselines.beside(metrics[0], part) | baselines.beside("loss", part))
    return pd.DataFrame(rows)


def _format_change(change: PairedChange | None, before: float | None, after: float | None) -> str:
    return "" if change is None else format_change(change, before, after)


def experiment_view(trained_model: TrainedModel) -> None:
    """What is happening to what, in two sentences."""
    recipe, split = trained_model.recipe, trained_model.split
    name = source_name(recipe)
    weights = recipe.model.parameters(len(split.words), len(split.classes))
    sentences = comparison_sentences.describe_experiment(
        name if recipe.data.source == "file" else f"the {name}",
        len(split.training),
        split.classes,
        {} if recipe.protocol == "published" else weights,
        models.fit_randomization(session().recipe.randomization, trained_model),
        untrained=not trained_model.trained.steps,
        network="Transformer" if recipe.model.kind == "transformer" else "network",
    )
    st.markdown(literal(sentences))


def describe_model(trained_model: TrainedModel) -> str:
    """The reviews and the epochs of a model, in a sentence for a place that reads Markdown."""
    trained, split = trained_model.trained, trained_model.split
    epochs = comparison_sentences.describe_epochs(trained.history, trained_model.training.epochs, trained.kept_epoch)
    in_test = len(split.test) if split.test else 0
    count = split.size[0] + len(split.validation) + in_test
    test = f" ({in_test:,} of them in the test part)" if in_test else ""
    reviews = f"{count:,} reviews{test}, {len(split.classes)} classes"
    sentences = literal(f"{source_name(trained_model.recipe)}: {reviews}. Trained {epochs}.")
    if models.is_pretrained(trained_model):
        sentences += " It came trained with the program; the Train page trains it before your eyes."
    return sentences


def recall_view(trained_model: TrainedModel, comparison: Comparison, baselines: Baselines) -> None:
    """Recall of each class, before and after."""
    classes = trained_model.split.classes
    st.text(describe_recalls(comparison, classes, baselines))
    if (
        comparison.original.scores["validation"].recall is None
        or comparison.randomized.scores["validation"].recall is None
    ):
        return
    chart = comparison_charts.recall_chart(comparison, classes, baselines)
    st.plotly_chart(chart, key="recall", config=PLOTLY, alt="Recall of each class before and after, with chance")
    chart_table(
        lambda: _recalls(comparison, classes),
        key="recall",
        alt="Recall of each class",
        formats=dict.fromkeys(("original", "randomized"), format_share),
        charts={
            "recall": comparison_chart(
                trained_model,
                lambda: _printed().printed_recall_chart(comparison, classes, baselines),
                "recall",
                baselines={"chance": baselines.chance},
            )
        },
    )
    _caption_classes(comparison)


def _recalls(comparison: Comparison, classes: Sequence[str]) -> pd.DataFrame:
    """Recall of each class by both models, and its number of validation reviews."""
    import pandas as pd

    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    return pd.DataFrame(
        {
            "class": list(classes),
            "reviews": before.confusion.sum(axis=1),
            "original": before.recall,
            "randomized": after.recall,
            "change": [
                _format_change(*changed)
                for changed in zip(comparison.class_changes("validation"), before.recall, after.recall, strict=True)
            ],
        }
    ).sort_values("reviews", ascending=False, kind="stable")


def confusion_view(trained_model: TrainedModel, comparison: Comparison) -> None:
    """Confusion matrices, before and after."""
    st.text(comparison_sentences.describe_agreement(comparison))
    if (
        comparison.original.scores["validation"].confusion is None
        or comparison.randomized.scores["validation"].confusion is None
    ):
        return
    chart = comparison_charts.confusion_chart(comparison, trained_model.split.classes)
    st.plotly_chart(chart, key="confusion", config=PLOTLY, alt="Confusion matrices before and after")
    chart_table(
        lambda: _confusions(comparison, trained_model.split.classes),
        key="confusion",
        alt="Confusion matrices",
        charts={
            "confusion": comparison_chart(
                trained_model,
                lambda: _printed().printed_confusion_chart(comparison, trained_model.split.classes),
                "confusion",
            )
        },
    )
    _caption_classes(comparison)


def _confusions(comparison: Comparison, classes: Sequence[str]) -> pd.DataFrame:
    """How many validation reviews of a class each model predicts to be of another; without what neither predicts."""
    import pandas as pd

    before, after = (outcome.scores["validation"].confusion for outcome in (comparison.original, comparison.randomized))
    rows, columns = (before + after).nonzero()
    return pd.DataFrame(
        {
            "true class": [classes[row] for row in rows],
            "predicted class": [classes[column] for column in columns],
            "original": before[rows, columns],
            "randomized": after[rows, columns],
        }
    )


def _caption_classes(comparison: Comparison) -> None:
    """Which classes are not drawn, and which are drawn pale."""
    counts = comparison.original.scores["validation"].confusion.sum(axis=1)
    sentences = []
    if len(counts) > comparison_charts.MOST_CLASSES:
        sentences.append(f"The {comparison_charts.MOST_CLASSES} most frequent of {len(counts)} classes are drawn.")
    if counts.min() < FEWEST_CLASS_REVIEWS:
        sentences.append(
            f"Pale are classes with fewer than {FEWEST_CLASS_REVIEWS} validation reviews, where one review moves the "
            f"recall by {format_points(100 / (FEWEST_CLASS_REVIEWS - 1))} or more."
        )
    if sentences:
        st.caption(" ".join(sentences))


def weights_view(trained_model: TrainedModel, comparison: Comparison) -> None:
    """Histograms of the weights of each layer, before and after."""
    layers = layer_table(comparison.model)
    st.text(comparison_sentences.describe_weights(trained_model.trained.model, comparison.model))
    chart = comparison_charts.weights_chart(trained_model.trained.model, comparison.model, layers)
    st.plotly_chart(chart, key="weights", config=PLOTLY, alt="Histogram of each layer's weights before and after")
    chart_table(
        lambda: _weight_counts(trained_model, comparison),
        key="weights",
        alt="Number of weights of each layer by size",
        charts={
            "weights": comparison_chart(
                trained_model,
                lambda: _printed().printed_weights_chart(trained_model.trained.model, comparison.model, layers),
                "weights",
            )
        },
    )


def _weight_counts(trained_model: TrainedModel, comparison: Comparison) -> pd.DataFrame:
    """How many weights of each layer lie in each range, by both models; without the ranges that hold none."""
    import pandas as pd

    tables = []
    for layer in layer_table(comparison.model):
        edges, before, after = comparison_charts.count_weights(
            trained_model.trained.model, comparison.model, layer.name
        )
        columns = {
            "layer": layer.name,
            "weight from": edges[:-1],
            "weight to": edges[1:],
            "original": before,
            "randomized": after,
        }
        tables.append(pd.DataFrame(columns)[before + after > 0])
    return pd.concat(tables, ignore_index=True)


def flipped_reviews_view(trained_model: TrainedModel, comparison: Comparison) -> None:
    """The validation reviews whose predicted class changed, worst first."""
    table = flipped_reviews(trained_model, comparison)
    total = len(trained_model.split.validation)
    if table is None:
        st.text("There are no predictions to compare: the model's outputs are not finite numbers.")
        return
    right_before = int((table["before"] == table["true class"]).sum())
    right_after = int((table["after"] == table["true class"]).sum())
    st.text(
        f"{len(table):,} of {total:,} validation reviews change their predicted class: {right_before:,} were right "
        f"before, {right_after:,} are right after."
    )
    shares = ("probability before", "probability after")
    reviews_table(
        table.assign(review=[text[:EXCERPT] for text in table["review"]]),
        list(table["review"]),
        key="flipped_reviews",
        height=330,
        column_order=("true class", "before", "after", "review", *shares),
        formats=dict.fromkeys(shares, format_share),
        column_config={
            "review": st.column_config.TextColumn(width="medium"),
            **dict.fromkeys(shares, st.column_config.NumberColumn(width=140)),
        },
        alt="Reviews whose predicted class changed",
    )


def flipped_reviews(trained_model: TrainedModel, comparison: Comparison) -> pd.DataFrame | None:
    """The flipped reviews as a table; None where a model's outputs are not finite."""
    import pandas as pd

    part, reviews, classes = trained_model.split.validation, trained_model.split.reviews, trained_model.split.classes
    logits = [outcome.logits["validation"] for outcome in (comparison.original, comparison.randomized)]
    if not all(values.isfinite().all() for values in logits):
        return None
    predictions = [values.argmax(dim=1) for values in logits]
    rows = (predictions[0] != predictions[1]).nonzero().flatten().tolist()
    true_class = [
        probabilities(values, trained_model.recipe.training.objective).gather(1, part.targets[:, None]).flatten()
        for values in logits
    ]
    table = pd.DataFrame(
        {
            "true class": [classes[part.targets[row]] for row in rows],
            "before": [classes[predictions[0][row]] for row in rows],
            "after": [classes[predictions[1][row]] for row in rows],
            "probability before": [true_class[0][row].item() for row in rows],
            "probability after": [true_class[1][row].item() for row in rows],
            "review": [reviews.texts[part.rows[row]] for row in rows],
        }
    )
    return table.iloc[(table["probability after"] - table["probability before"]).argsort(kind="stable")]
