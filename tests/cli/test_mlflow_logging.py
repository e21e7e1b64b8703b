"""`--mlflow`: what a command computed, read back with MLflow's own client."""

import pandas as pd
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


@pytest.mark.slow
def test_a_study_is_in_mlflow_with_its_rows(call, folder, monkeypatch):
    """Its model is that of the training beside it; the charts are left out, which the test above waits for."""
    from mlflow import MlflowClient

    monkeypatch.setattr("forgetting.paper.report_files.report_files", lambda _: {"report.html": b"<p>"})
    plan = ("--layers", "fc1", "--schemes", "zero", "--doses", "0,1", "--seeds", "2", "--out", "rows.parquet")
    status, _, errors = call("sweep", "--data", "reviews.csv", "--set", "training.epochs=3", *plan, "--mlflow", "study")
    assert status == 0, errors
    client = MlflowClient(tracking_uri=str(folder / "study"))
    found = client.search_runs([client.get_experiment_by_name("Learning to Forget").experiment_id])
    runs = {run.data.tags["kind"]: run for run in found}
    assert runs.keys() == {"training", "dose"}
    params, identifier = runs["dose"].data.params, runs["dose"].info.run_id
    assert [params[f"sweep.{name}"] for name in ("seeds", "doses", "schemes")] == ["2", "0,1", "zero"]
    rows = pd.read_parquet(folder / "rows.parquet")
    logged = client.get_run(identifier).data.metrics
    name = "validation_accuracy_at_the_largest_fraction/fc1.zeros"
    assert logged[name] == pytest.approx(rows[rows["dose"] == 1]["validation_accuracy"].median())
    assert logged[f"{name}.largest_class"] == pytest.approx(rows["validation_majority"][0])
    assert {item.path for item in client.list_artifacts(identifier)} == {"recipe.json", "dose.parquet", "report.html"}
    assert len(pd.read_parquet(client.download_artifacts(identifier, "dose.parquet"))) == len(rows)


def test_without_mlflow_nothing_is_computed(call, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    status, _, errors = call("run", "--mlflow")
    assert status == 2
    assert "pip install mlflow-skinny" in errors
    assert errors.count("\n") == 1
