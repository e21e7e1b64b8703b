"""Runs in MLflow: parameters, metrics, the model, charts and reviews under its own names.

It is an option: `pip install mlflow-skinny sqlalchemy alembic`. Nothing is sent anywhere unless a URI of a server is
given: the default is a database in the working folder, as MLflow's own, and its telemetry is turned off.

MLflow also takes the model as one that predicts: `mlflow.pyfunc.load_model("models:/…").predict(texts)` gives the class
of each text, where this library is installed. It is the file of `save_model`; nothing in it is pickled.
"""

from __future__ import annotations

import importlib.util
import logging
import math
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forgetting.core.errors import RecipeError, describe_error
from forgetting.core.settings import format_value
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.environment import versions
from forgetting.tracking.review_differences import EPOCH_METRICS, read_predictions
from forgetting.tracking.run import RUN_KINDS, Run

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

EXPERIMENT_NAME = "Learning to Forget"
DATABASE, FOLDER = "sqlite:///mlflow.db", "mlruns"  # as MLflow calls its own in the working folder
INSTALL_MLFLOW = "pip install mlflow-skinny sqlalchemy alembic"
MODEL_NAME, MODEL_DATA = "model", "model.safetensors"
MOST_VALUE_LETTERS, PARAMETERS_AT_ONCE, METRICS_AT_ONCE = 6_000, 100, 1_000  # of a parameter's value; of one call
MOST_DIGEST = 36  # letters of the digest of a data set
NEEDED = ("torch", "numpy", "scipy", "scikit-learn")  # by a model that predicts, besides this library
ENVIRONMENT = {  # how MLflow behaves, unless a person has set it
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # a folder, which it else refuses, where a person names one
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # of a server that does not answer
}


def log_to_mlflow(
    run: Run,
    *,
    model: bytes = b"",
    files: Mapping[str, bytes] | None = None,
    tracking_uri: str | None = None,
    experiment: str = EXPERIMENT_NAME,
) -> str:
    """Log a run to MLflow.

    The settings that it depends on are parameters by their dotted names. A metric "validation accuracy, original" is
    called `validation_accuracy/original`, its interval and its baselines `validation_accuracy/original.low` and
    `validation_accuracy/original.largest_class`; epochs are steps. The reviews are its data set. The recipe, and what
    two runs are compared by, are artifacts.

    Args:
        run: The run.
        model: The file of its model, see `model_bytes`; empty for none.
        files: Further artifacts by their paths, such as charts.
        tracking_uri: Where to: a folder, a database or a server, as MLflow names them; None for a database in the
            working folder, or a folder there where SQLAlchemy is not installed.
        experiment: Name of MLflow's experiment.

    Returns:
        MLflow's identifier of the run.

    Raises:
        RecipeError: MLflow is not installed, or cannot log there.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError as error:
        raise RecipeError(f"MLflow is not installed ({error}). Install it: {INSTALL_MLFLOW}.") from error
    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = tracking_uri or (DATABASE if importlib.util.find_spec("sqlalchemy") else FOLDER)
    try:
        client = MlflowClient(tracking_uri=uri)
        place = _find_experiment(client, experiment, uri)
        started = int(1000 * (run.at.timestamp() - run.seconds))
        logged = client.create_run(place, start_time=started, tags=_make_tags(run), run_name=run.name or None)
        identifier, done = logged.info.run_id, False
        try:
            _log_run(client, identifier, run, files or {})
            if model:
                _log_model(client, place, identifier, run, model)
            done = True
        finally:
            ended = max(started, int(1000 * run.at.timestamp()))
            client.set_terminated(identifier, "FINISHED" if done else "FAILED", end_time=ended)
    except (MlflowException, OSError, ImportError) as error:
        raise RecipeError(
            f"MLflow cannot log to {uri!r}: {describe_error(error)}. Name another place, or see that this one can be "
            "reached and written to."
        ) from error
    return identifier


def _find_experiment(client: MlflowClient, name: str, uri: str) -> str:
    """The experiment of a name, which is made where there is none. Files of a local database lie beside it."""
    if found := client.get_experiment_by_name(name):
        return found.experiment_id
    path = uri.removeprefix("sqlite:///")
    folder = (Path(path).resolve().parent / FOLDER).as_uri() if path != uri else None
    return client.create_experiment(name, artifact_location=folder)


def _make_tags(run: Run) -> dict[str, str]:
    return {
        "mlflow.source.name": "forgetting",
        "mlflow.note.content": run.note,
        "kind": run.kind,
        "run_key": run.key,
        "data_sha256": run.data_sha256,
        "program_version": run.version,
        "done": f"{run.done} of {run.planned}",
        **({"model": run.model} if run.model else {}),
    }


def _log_run(client: MlflowClient, identifier: str, run: Run, files: Mapping[str, bytes]) -> None:
    from mlflow.entities import Dataset, DatasetInput, Param

    parameters = [Param(name, value) for name, value in used_settings(run.kind, run.recipe).items()]
    metrics = list(_make_metrics(run))
    for start in range(0, len(parameters), PARAMETERS_AT_ONCE):
        client.log_batch(identifier, params=parameters[start : start + PARAMETERS_AT_ONCE])
    for start in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(identifier, metrics=metrics[start : start + METRICS_AT_ONCE])
    digest = run.data_sha256[:MOST_DIGEST]
    reviews = Dataset(name=run.data_name, digest=digest, source_type="local", source=run.data_name)
    client.log_inputs(identifier, [DatasetInput(reviews, [])])
    artifacts = {"recipe.json": run.recipe.to_json().encode(), f"{run.kind}.parquet": run.content, **files}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in artifacts.items():
            if content:
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        client.log_artifacts(identifier, folder)


def used_settings(kind: str, recipe: Recipe) -> dict[str, str]:
    """The settings that a run of a kind depends on, by their dotted names, as texts."""
    later = {name.partition(".")[0] for name in Recipe.leaves() if "." in name} - set(recipe_groups(kind, recipe))
    names = [name for name in Recipe.leaves() if name.partition(".")[0] not in later]
    return {name: format_value(recipe.used_value(name))[:MOST_VALUE_LETTERS] for name in names}


def recipe_groups(kind: str, recipe: Recipe) -> tuple[str, ...]:
    """The groups of settings that a run of a kind depends on."""
    return ("reading", "data", "split", "model", "training", *RUN_KINDS[kind](recipe))


def _make_metrics(run: Run) -> Iterator[Metric]:
    """The metrics of epochs as steps, and those of the run at the last of them."""
    from mlflow.entities import Metric

    at, last, logged = int(1000 * run.at.timestamp()), 0, {}
    if run.kind in ("training", "comparison"):
        _, epochs = read_predictions(run.content)
        behind = "" if run.kind == "training" else "/original"
        for row in epochs.to_dict("records"):
            last = int(row["epoch"])
            for name in EPOCH_METRICS:
                if math.isfinite(row[name]):
                    logged[f"{name}{behind}"] = row[name]
                    yield Metric(f"{name}{behind}", float(row[name]), at, last)
    for name, value in _flatten(run):
        if not math.isclose(
            logged.get(name, math.nan), value, rel_tol=1e-5
        ):  # computed once more, after the last epoch
            yield Metric(name, value, at + 1, last)


def _flatten(run: Run) -> Iterator[tuple[str, float]]:
    """The names and values of a run's metrics, of their intervals and of their baselines."""
    for metric in run.metrics:
        name, ends = metric_name(metric.name), dict(zip(("low", "high"), metric.interval or (), strict=False))
        values = {"": metric.value, **ends, **metric.baselines}
        for what, value in values.items():
            if value is not None:
                yield f"{name}.{metric_name(what)}" if what else name, float(value)


def metric_name(name: str) -> str:
    """What a metric is called in MLflow, which takes letters, digits and few signs: `validation_accuracy/original`.

    What comes first groups metrics there. Where they are files no other one may be in a folder of the name of one.
    """
    parts = (re.sub(r"[^\w.-]+", "_", part.replace("+", "-")).strip("_.") for part in name.split(", "))
    group, *others = filter(None, parts)
    return f"{group}/{'.'.join(others)}" if others else group


def _log_model(client: MlflowClient, experiment: str, identifier: str, run: Run, model: bytes) -> None:
    """Log the file of a model, as one that MLflow can load and ask for predictions."""
    from mlflow import pyfunc
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    parameters = used_settings("training", run.recipe)
    logged = client.create_logged_model(experiment, MODEL_NAME, identifier, params=parameters)
    described = Model(model_id=logged.model_id)
    pyfunc.add_to_model(described, loader_module=__name__, data=MODEL_DATA)
    needed = (f"{name}=={found.partition('+')[0]}\n" for name, found in versions().items() if name in NEEDED)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, MODEL_DATA).write_bytes(model)
        Path(folder, "requirements.txt").write_text("".join(needed))
        described.save(str(Path(folder, "MLmodel")))
        client.log_model_artifacts(logged.model_id, folder)
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(identifier, [LoggedModelOutput(logged.model_id, step=0)])


class LoadedClassifier:
    """A logged model as MLflow asks it: `predict` gives the class of each text."""

    def __init__(self, path: str):
        from forgetting.experiment.loading import load_model

        self.predictor = load_model(path).predictor()

    def predict(self, texts: Any, params: Mapping[str, Any] | None = None) -> list[str | None]:  # noqa: ARG002
        """The class of each text; None where the model's outputs are not finite.

        Args:
            texts: Texts, or a table whose first column they are.
            params: None that it knows.
        """
        found: Sequence[str] = texts.iloc[:, 0] if hasattr(texts, "iloc") else texts
        return list(self.predictor.predict(found).original.labels)


_load_pyfunc = LoadedClassifier  # the name that MLflow looks for in a loader module
