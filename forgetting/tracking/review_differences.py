"""Two trained or compared models by their predictions of the validation reviews that both were measured on.

What runs keep of that is written in `run_records`.
"""

import io
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from forgetting.core.errors import DataError
from forgetting.metrics.crossed import CrossedChange, crossed_change
from forgetting.metrics.differences import COUNTED_METRICS, bootstrap_changes, count_metric
from forgetting.metrics.paired import PairedChange, compare_hits
from forgetting.reporting.formatting import format_count
from forgetting.reporting.names import name_metric
from forgetting.tracking.run_content import EPOCHS

COMPARED_MODELS = ("original", "randomized")
EPOCH_METRICS = ("training_loss", "training_accuracy", "validation_loss", "validation_accuracy")
FEWEST_PAIRED = 2  # reviews
CLASSES = "classes"  # attribute of the predictions: the labels of all classes, also of those without a review
SAME_MODEL = CrossedChange(0.0, 0.0, 0.0, 1.0, 1)


@dataclass(frozen=True)
class FoundDifference:
    """The difference of a metric between two runs, measured in both by one way.

    Attributes:
        a: The metric of the first run.
        b: The metric of the second.
        change: The difference, second less first, with its 95 % interval and p-value.
        method: How it was found, and over what, in words.
    """

    a: float
    b: float
    change: CrossedChange | PairedChange
    method: str


def read_predictions(content: bytes) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The predictions of validation reviews and the epochs of a run's content.

    Args:
        content: Of a training or a comparison, see `Run`.

    Returns:
        A row for each review: its "review" key, its "class", the class that each of COMPARED_MODELS predicts, and
        "…_loss", −ln of the probability of the true class; with the attribute CLASSES. A row for each epoch: "epoch"
        and EPOCH_METRICS.

    Raises:
        DataError: It holds something else.
    """
    try:
        table = pq.read_table(io.BytesIO(content))
        epochs = pd.DataFrame(json.loads(table.schema.metadata[EPOCHS.encode()]))
        frame = table.to_pandas()
        frame.attrs[CLASSES] = set(frame["class"].cat.categories)
        frame = frame.astype({"review": str, "class": str, "original": object})
    except Exception as error:
        raise DataError(
            "The predictions of reviews are not in the run as this version keeps them. Run it again to compare it "
            "review by review."
        ) from error
    return frame, epochs.reindex(columns=["epoch", *EPOCH_METRICS])


def match_reviews(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """The reviews that both runs were measured on, in the order of the first; copies of a text are numbered.

    Args:
        a: Of `read_predictions`.
        b: The same of the other run.

    Returns:
        A row for each review, the columns with "_a" and "_b" behind their names.
    """
    numbered = [frame.assign(copy=frame.groupby("review").cumcount()) for frame in (a, b)]
    return numbered[0].merge(numbered[1], on=["review", "copy"], suffixes=("_a", "_b"))


def compare_predictions(a: pd.DataFrame, b: pd.DataFrame) -> tuple[dict[str, FoundDifference], str]:
    """The differences of the metrics of each model that both runs have, on the reviews that both were measured on.

    Args:
        a: Of `read_predictions`.
        b: The same of the other run.

    Returns:
        Differences by the metric's name in `Run.metrics`, and why there are none, "" where there are.
    """
    matched = match_reviews(a, b)
    count = len(matched)
    if count < FEWEST_PAIRED:
        return {}, f"the runs were measured on {'one review' if count else 'no reviews'} in common"
    if a.attrs[CLASSES] != b.attrs[CLASSES] or (matched["class_a"] != matched["class_b"]).any():
        return {}, "the classes of the reviews are not the same"
    which = f"paired, {format_count(count, 'review')}"
    if not count == len(a) == len(b):
        which = f"paired, {format_count(count, 'review')} of {len(a):,} and {len(b):,}"
    found: dict[str, FoundDifference] = {}
    for model in COMPARED_MODELS:
        columns = [f"{model}_{side}" for side in "ab"]
        if not set(columns) <= set(matched) or matched[columns].isna().to_numpy().any():
            continue
        same = _is_same_model(matched, model)
        for compare, method in COMPARED_BY:
            for metric, (first, second, change) in compare(matched, model).items():
                told = FoundDifference(first, second, SAME_MODEL if same else change, f"{which}: {method}")
                found[f"validation {metric}, {model}"] = told
    return found, "" if found else "the outputs of a model are not finite numbers"


def _is_same_model(matched: pd.DataFrame, model: str) -> bool:
    """Whether a model of both runs predicts the same with the same losses, so that there is nothing to test."""
    kept = [name for name in (model, f"{model}_loss") if {f"{name}_a", f"{name}_b"} <= set(matched)]
    return len(kept) > 1 and all((matched[f"{name}_a"] == matched[f"{name}_b"]).all() for name in kept)


Compared = dict[str, tuple[float, float, CrossedChange | PairedChange]]  # by metric: both values, and the change


def _compare_hits(matched: pd.DataFrame, model: str) -> Compared:
    first, second = ((matched[f"{model}_{side}"] == matched["class_a"]).to_numpy() for side in "ab")
    return {"accuracy": (float(first.mean()), float(second.mean()), compare_hits(first, second))}


def _compare_losses(matched: pd.DataFrame, model: str) -> Compared:
    columns = [f"{model}_loss_{side}" for side in "ab"]
    if not set(columns) <= set(matched):
        return {}
    first, second = (matched[name].to_numpy(dtype=float) for name in columns)
    if not np.isfinite([first, second]).all():
        return {}
    changes = second - first
    change = crossed_change(np.array([changes.mean()]), changes[None])
    return {"loss": (float(first.mean()), float(second.mean()), change)}


def _compare_counts(matched: pd.DataFrame, model: str) -> Compared:
    named = [matched[name].astype(object) for name in ("class_a", f"{model}_a", f"{model}_b")]
    truth, first, second = np.split(pd.factorize(pd.concat(named))[0], 3)
    same = np.array_equal(first, second)  # as of one original in both runs: draws would take seconds to say so
    changes = dict.fromkeys(COUNTED_METRICS, SAME_MODEL) if same else bootstrap_changes(truth, first, second)
    found = {}
    for metric, change in changes.items():
        value = count_metric(truth, first, metric)
        found[name_metric(metric)] = (value, value + change.change, change)
    return found


PREDICTION_METRICS = ("accuracy", "loss", "macro-F1", "balanced accuracy")
COMPARED_BY = (  # how metrics are compared, in code and in words
    (_compare_hits, "McNemar's exact test, Tango's interval"),
    (_compare_losses, "t"),
    (_compare_counts, "bootstrap, p of swapped predictions"),
)
