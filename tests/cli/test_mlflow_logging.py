"""`--mlflow`: what a command computed, read back with MLflow's own client."""

import pytest
from commands import call_in_this_process, write_reviews  # noqa: F401 - the first is a fixture


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow")
    write_reviews(folder / "reviews.csv", small_reviews, small_reviews.labels)
    return folder


@pytest.mark.slow
def test_a_run_is_in_mlflow_with_its_model_charts_and_report(call, folder):
    from mlflow import MlflowClient

    options = ("--data", "reviews.csv", "--set", "training.epochs=3", "--layers", "fc1")
    status, output, errors = call("run", *options, "--mlflow", "runs", "--json")
    assert status == 0, errors
    assert output.startswith("{")
    assert output.count("\n") == 1
    client = MlflowClient(tracking_uri=str(folder / "runs"))
    found = client.search_runs([client.get_experiment_by_name("Learning to Forget").experiment_id])
    runs = {run.data.tags["kind"]: run for run in found}
    assert runs.keys() == {"training", "comparison"}
    assert all(run.info.run_id in errors for run in runs.values())
    assert len(runs["training"].outputs.model_outputs) == 1
    identifier = runs["comparison"].info.run_id
    assert "report.html" in {item.path for item in client.list_artifacts(identifier)}
    charts = [item.path for item in client.list_artifacts(identifier, "charts")]
    assert "charts/01_Reviews-of-each-class.png" in charts
    assert (folder / "runs").exists()


def test_without_mlflow_nothing_is_computed(call, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    status, _, errors = call("run", "--mlflow")
    assert status == 2
    assert "pip install mlflow-skinny" in errors
    assert errors.count("\n") == 1
