"""Runs from results: what was trained, compared, studied or re-run, with its metrics and what two runs are compared by.

What the metrics of a study are is in `study_metrics`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from statistics import median
from typing import TYPE_CHECKING, Any

from forgetting.data.original import ORIGINAL_SHA256
from forgetting.data.sample import SAMPLE
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.scores import Scores
from forgetting.recipe.recipe import PUBLISHED, Recipe
from forgetting.reporting.names import name_metric
from forgetting.tracking.environment import program_version
from forgetting.tracking.run import Run, RunMetric, make_metric, used_recipe
from forgetting.tracking.run_content import reviews_content, study_content

if TYPE_CHECKING:
    from forgetting.experiment.export import TableResult
    from forgetting.experiment.published import PublishedRun
    from forgetting.experiment.results import Comparison, Trained
    from forgetting.model.split import Split
    from forgetting.studies.nested import NestedCurve
    from forgetting.studies.study_result import StudyResult

SCORED = ("loss", "accuracy", "macro_f1", "balanced_accuracy", "bitwise_accuracy")
PARTS_SCORED = ("validation", "training")  # in the order of their weight
NO_EPOCH = "no epoch has ended with a finite loss"


def training_run(recipe: Recipe, split: Split, trained: Trained, baselines: Baselines, *, digest: str = "") -> Run:
    """The run of a training, finished or stopped.

    Its content has a row for each validation review, in the order of the split: `review`, its key; `class`, its label;
    `original`, the predicted label, and `original_loss`, −ln of the softmax of the true class, null where the outputs
    are not finite. The epochs are in the metadata of its schema.

    Args:
        recipe: The recipe that the model was trained with.
        split: The reviews.
        trained: The model.
        baselines: The baselines on the split.
        digest: SHA-256 of the file that the model was loaded from; "" for one that was trained here.
    """
    import torch

    from forgetting.metrics.scores import score_logits

    with torch.no_grad():
        logits = torch.cat([trained.model(inputs) for inputs, _ in split.validation.chunks()])
    scores, reached = score_logits(logits, split.validation.targets, recipe.training.objective), trained.reached
    training, size = reached and reached.training, len(split.training)
    known = training is not None and training.accuracy == training.accuracy  # a loaded model may have no history
    of_training = Scores(
        size,
        loss=training and training.loss,
        accuracy=training and training.accuracy,
        interval=wilson_interval(round(training.accuracy * size), size) if known else None,
        missing={} if known else {"loss": NO_EPOCH, "accuracy": NO_EPOCH},
    )
    return Run(
        kind="training",
        metrics=(
            *_scored("validation", scores, baselines, recipe),
            *_scored("training", of_training, baselines, recipe, names=("loss", "accuracy")),
        ),
        done=len(trained.history),
        planned=recipe.training.for_size(*split.size).epochs,
        seconds=trained.seconds,
        model=digest,
        content=reviews_content(split, trained.history, original=logits),
        **_origin("training", recipe, split.reviews.sha256),
    )


def comparison_run(
    recipe: Recipe,
    split: Split,
    trained: Trained,
    comparison: Comparison,
    baselines: Baselines,
    *,
    digest: str = "",
) -> Run:
    """The run of a comparison before and after. Its content is that of a training, and the same of `randomized`.

    Args:
        recipe: The recipe, with the randomization.
        split: The reviews.
        trained: The original.
        comparison: The original and the randomized model.
        baselines: The baselines on the split.
        digest: See `training_run`.
    """
    models = {"original": comparison.original, "randomized": comparison.randomized}
    metrics: list[RunMetric] = []
    for part in PARTS_SCORED:
        for name, outcome in models.items():
            metrics += _scored(part, outcome.scores[part], baselines, recipe, name)
        change = comparison.changes[part]
        ends = change and (change.low, change.high)
        metrics.append(make_metric(f"{part} accuracy, change", change and change.change, "", ends))
        for baseline, measured in (
            ("chance", comparison.forgetting),
            ("the largest class", comparison.forgetting_above_majority),
        ):
            found = measured[part]
            metrics.append(make_metric(f"{part} forgetting beside {baseline}", found.value, found.missing))
    logits = {name: outcome.logits["validation"] for name, outcome in models.items()}
    return Run(
        kind="comparison",
        metrics=tuple(metrics),
        done=1,
        planned=1,
        seconds=comparison.seconds,
        model=model_mark(trained, digest),
        content=reviews_content(split, trained.history, **logits),
        **_origin("comparison", recipe, split.reviews.sha256),
    )


def study_run(
    kind: str,
    result: TableResult,
    trained: Trained,
    baselines: Baselines | None = None,
    *,
    digest: str = "",
    seconds: float = 0.0,
    hollow: bool = False,
    nested: Sequence[NestedCurve] | None = None,
) -> Run:
    """The run of a study, finished or stopped. Its content is the table of the result.

    Args:
        kind: A kind of study, one of RUN_KINDS.
        result: The result.
        trained: The model that was studied.
        baselines: The baselines on its split.
        digest: See `training_run`.
        seconds: How long it took.
        hollow: Whether the original is not shown to be better than a trivial model.
        nested: See `study_metrics`.
    """
    from forgetting.tracking.study_metrics import count_parts, study_metrics

    _, recipe, about = result.export()
    done = count_parts(kind, result)
    return Run(
        kind=kind,
        metrics=study_metrics(kind, result, baselines, hollow=hollow, nested=nested),
        done=done,
        planned=max(about["rows_planned"] or 0, done),
        seconds=seconds,
        model=model_mark(trained, digest),
        content=study_content(result),
        **_origin(kind, recipe, about["data_sha256"]),
    )


def own_model_run(result: StudyResult, name: str, digest: str, *, seconds: float = 0.0) -> Run:
    """The run of a study of a model of one's own. Its content is the file that `read_study` reads.

    Args:
        result: The result.
        name: What the model and its evaluation are called, such as "my_model.py:make".
        digest: SHA-256 of the file that they come from.
        seconds: How long it took.
    """
    from forgetting.tracking.study_metrics import study_metrics

    recipe = Recipe(sweep=result.plan)
    return Run(
        kind="own_model",
        metrics=study_metrics("own_model", result, None, hollow=result.hollow),
        done=len(result.rows),
        planned=result.planned,
        seconds=seconds,
        content=result.to_bytes("parquet"),
        **_origin("own_model", recipe, digest) | {"data_name": name},
    )


def reproduction_run(reruns: Sequence[PublishedRun], digest: str, *, seconds: float = 0.0, planned: int = 0) -> Run:
    """The run of the published experiment with several seeds: medians over them, beside what is published.

    Its content has a row for each seed, model, part and metric.

    Args:
        reruns: The re-runs, at least one.
        digest: SHA-256 of the file of the reviews.
        seconds: How long they took.
        planned: How many there were to be; 0 for as many as there are.
    """
    import pandas as pd

    from forgetting.experiment.published import PUBLISHED_MODELS, PUBLISHED_TABLE

    rows = [
        (run.seed, model, part, metric, value)
        for run in reruns
        for model in PUBLISHED_MODELS
        for (part, metric), value in getattr(run, model).items()
    ]
    names = {"loss": "uniform guess", "bitwise_accuracy": "always “no”", "accuracy": "chance"}
    trivial = {metric: {names[metric]: value} for metric, value in reruns[0].trivial.items()}
    metrics = [
        make_metric(
            f"{part} {'top-1 accuracy' if metric == 'accuracy' else name_metric(metric)}, {model}, median",
            median(getattr(run, model)[part, metric] for run in reruns),
            baselines=trivial.get(metric, {}) | {"published": PUBLISHED_TABLE[model].get((part, metric))},
        )
        for model in PUBLISHED_MODELS
        for part, metric in reruns[0].original
    ]
    content = io.BytesIO()
    pd.DataFrame(rows, columns=["seed", "model", "part", "metric", "value"]).to_parquet(content, index=False)
    return Run(
        kind="reproduction",
        metrics=tuple(metrics),
        done=len(reruns),
        planned=max(planned, len(reruns)),
        seconds=seconds,
        content=content.getvalue(),
        **_origin("reproduction", PUBLISHED, digest),
    )


def model_mark(trained: Trained, digest: str = "") -> str:
    """What tells a model from the one that its recipe trains to the end, see `Run`."""
    return digest or ("" if trained.state in ("finished", "diverged") else f"{trained.steps} steps")


@cache
def _sample_sha256() -> str:
    return sha256(SAMPLE.read_bytes()).hexdigest()


def name_data(recipe: Recipe, digest: str) -> str:
    """What the reviews of a recipe are called: the name of their file, or of their source.

    Args:
        recipe: The recipe.
        digest: SHA-256 of their file, as the library may be given other reviews than the recipe names.
    """
    known = {_sample_sha256(): "synthetic sample", ORIGINAL_SHA256: "original file"}
    return known.get(digest) or recipe.data.file or "reviews"


def _origin(kind: str, recipe: Recipe, digest: str) -> dict[str, Any]:
    """What a run comes from."""
    return {
        "recipe": used_recipe(kind, recipe),
        "data_name": name_data(recipe, digest),
        "data_sha256": digest,
        "version": program_version(),
    }


def _scored(
    part: str,
    scores: Scores,
    baselines: Baselines,
    recipe: Recipe,
    model: str = "",
    names: Sequence[str] = SCORED,
) -> list[RunMetric]:
    """The metrics of a model on a part, each beside what trivial models reach."""
    return [
        make_metric(
            f"{part} {name_metric(name)}" + (f", {model}" if model else ""),
            getattr(scores, name),
            scores.missing.get(name, ""),
            scores.interval if name == "accuracy" else None,
            baselines.beside(name, part),
        )
        for name in names
        if name != "bitwise_accuracy" or recipe.protocol == "published"
    ]
