"""Runs in MLflow, read back with its own client; nothing leaves the machine."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from study_parts import small_recipe, trained_small

from forgetting.core.errors import RecipeError
from forgetting.experiment.pipeline import make_result
from forgetting.experiment.saved import model_bytes
from forgetting.randomization.settings import Randomization
from forgetting.tracking.mlflow_log import log_to_mlflow, metric_name
from forgetting.tracking.run_records import comparison_run, training_run

pytestmark = pytest.mark.slow  # MLflow takes two seconds to import, and its database longer to be made


@pytest.fixture(scope="module")
def made(small_split):
    recipe = replace(small_recipe(), randomization=Randomization(layers=("fc1",), fraction=0.5))
    _, trained = trained_small(small_split)
    result = make_result(recipe, small_split, trained)
    arguments = recipe, small_split, trained
    return (
        training_run(*arguments, result.baselines),
        comparison_run(*arguments, result.comparison, result.baselines),
        result,
        model_bytes(*arguments),
    )


@pytest.fixture(scope="module")
def logged(made, tmp_path_factory):
    """The folder of both runs, and their identifiers."""
    training, comparison, _, model = made
    uri = str(tmp_path_factory.mktemp("mlflow") / "runs")
    training = replace(training, name="first", note="of *mine*")
    first = log_to_mlflow(training, model=model, files={"charts/loss.png": b"\x89PNG"}, tracking_uri=uri)
    return uri, first, log_to_mlflow(comparison, tracking_uri=uri)


def test_a_training_is_there_under_mlflow_s_own_names(made, logged):
    from mlflow import MlflowClient

    (training, _, result, _), (uri, identifier, _) = made, logged
    client = MlflowClient(tracking_uri=uri)
    run = client.get_run(identifier)
    assert client.get_experiment(run.info.experiment_id).name == "Learning to Forget"
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    assert run.data.tags["mlflow.note.content"] == "of *mine*"
    assert run.data.tags["data_sha256"] == training.data_sha256
    assert run.data.params["training.epochs"] == "12"
    assert "randomization.fraction" not in run.data.params
    (dataset,) = run.inputs.dataset_inputs
    assert training.data_sha256.startswith(dataset.dataset.digest)
    history = client.get_metric_history(identifier, "validation_loss")
    epochs = result.trained.history
    assert [point.step for point in history] == [epoch.epoch for epoch in epochs]
    assert [point.value for point in history] == pytest.approx([epoch.validation.loss for epoch in epochs])
    scores = result.comparison.original.scores["validation"]
    assert run.data.metrics["validation_accuracy"] == pytest.approx(scores.accuracy)
    assert run.data.metrics["validation_accuracy.largest_class"] == result.baselines.majority["validation"]
    assert run.data.metrics["validation_accuracy.low"] == pytest.approx(scores.interval[0])
    paths = {item.path for item in client.list_artifacts(identifier)}
    assert paths == {"recipe.json", "training.parquet", "charts"}
    recipe = json.loads(Path(client.download_artifacts(identifier, "recipe.json")).read_text())
    assert recipe == training.recipe.to_dict()


def test_the_model_predicts_when_mlflow_loads_it(made, logged, small_split):
    import mlflow

    uri, identifier, _ = logged
    before = mlflow.get_tracking_uri()
    (output,) = mlflow.MlflowClient(tracking_uri=uri).get_run(identifier).outputs.model_outputs
    mlflow.set_tracking_uri(uri)
    try:
        loaded = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    finally:
        mlflow.set_tracking_uri(before)
    part = small_split.validation
    texts = [small_split.reviews.texts[row] for row in part.rows]
    numbers = made[2].comparison.original.logits["validation"].argmax(1)
    assert loaded.predict(texts) == [small_split.classes[number] for number in numbers]


def test_a_comparison_says_of_which_model_its_metrics_are(made, logged):
    from mlflow import MlflowClient

    comparison, (uri, _, identifier) = made[1], logged
    run = MlflowClient(tracking_uri=uri).get_run(identifier)
    assert run.data.params["randomization.fraction"] == "0.5"
    for metric in comparison.metrics:
        if metric.value is not None:
            assert run.data.metrics[metric_name(metric.name)] == pytest.approx(metric.value)


def test_nothing_is_sent_anywhere_and_the_place_is_the_working_folder(made, tmp_path):
    """In a process of its own, in which no socket can be opened, and which has nothing of a person's settings."""
    code = """
import pickle, socket, sys
tried = []
def refuse(*arguments, **_):
    tried.append(arguments)
    raise OSError("there is no network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from forgetting.tracking.mlflow_log import log_to_mlflow
run, model = pickle.load(sys.stdin.buffer)
log_to_mlflow(run, model=model)
from mlflow import MlflowClient
from mlflow.telemetry import get_telemetry_client
assert get_telemetry_client() is None
assert not tried
client = MlflowClient("sqlite:///mlflow.db")
(found,) = client.search_runs([client.get_experiment_by_name("Learning to Forget").experiment_id])
assert found.data.tags["run_key"] == run.key
"""
    import pickle

    unset = ("CI", "PYTEST_CURRENT_TEST", "GITHUB_ACTIONS")  # with which MLflow sends nothing by itself
    surroundings = {name: value for name, value in os.environ.items() if name not in unset and "MLFLOW" not in name}
    surroundings["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((made[0], made[3])),
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db", "mlruns"}
    assert not list(tmp_path.rglob("*.pkl"))


def test_a_place_that_cannot_be_logged_to_is_refused(made):
    with pytest.raises(RecipeError, match="MLflow cannot log to 'nonsense://there'"):
        log_to_mlflow(made[1], tracking_uri="nonsense://there")


def test_without_mlflow_it_says_how_to_install_it(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(RecipeError, match="pip install mlflow-skinny"):
        log_to_mlflow(made[1])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("validation accuracy, original", "validation_accuracy/original"),
        ("half-way fraction, fc1+fc2, N(0, 1)", "half-way_fraction/fc1-fc2.N_0.1"),
        ("always “no”", "always_no"),
    ],
)
def test_names_are_ones_that_mlflow_takes(ours, theirs):
    assert metric_name(ours) == theirs
