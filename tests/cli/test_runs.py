"""`--log-run` stores what a command computes, and `forgetting runs` lists and exports it."""

import json

import pandas as pd
import pytest
from commands import call_in_this_process, refused_before_training  # noqa: F401

from forgetting.cli.runs import digest_of_source
from forgetting.recipe.recipe import MODERN
from forgetting.tracking.run import Run
from forgetting.tracking.run_store import RunStore

FEW = ("--set", "training.epochs=2")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FORGETTING_RUNS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_what_a_command_computes_is_listed_and_exported(folder, call):
    status, out, error = call("run", *FEW, "--layers", "fc1", "--log-run", "--json")
    assert status == 0
    assert error.count("Stored as run") == 2
    found = RunStore(folder / "runs.sqlite").runs()
    assert {run.kind for run in found} == {"training", "comparison"}
    compared = next(run for run in found if run.kind == "comparison")
    accuracy = json.loads(out)["randomized"]["validation"]["accuracy"]
    assert {metric.name: metric.value for metric in compared.metrics}["validation accuracy, randomized"] == accuracy
    _, listed, _ = call("runs", "--kind", "comparison")
    assert compared.key[:12] in listed
    assert "layers all → fc1" in listed
    assert "chance 9" in listed
    assert call("runs", "--filter", "no such words")[1].strip() == "No run is stored here."
    for name in ("runs.csv", "runs.parquet", "runs.json"):
        assert call("runs", "--out", name)[0] == 0
    rows = pd.read_csv("runs.csv")
    assert len(rows) == len(pd.read_parquet("runs.parquet")) == sum(len(run.metrics) for run in found)
    assert len(json.loads((folder / "runs.json").read_text())["runs"]) == len(rows)
    assert len(json.loads(call("runs", "--json", "--last", "1")[1])["runs"]) == len(found[0].metrics)


def test_without_a_folder_nothing_is_listed(folder, call, monkeypatch):  # noqa: ARG001
    monkeypatch.setenv("FORGETTING_RUNS", "")
    status, _, error = call("runs")
    assert status == 2
    assert "FORGETTING_RUNS is empty" in error


@pytest.mark.parametrize(("place", "reason"), [("", "is empty"), ("file", "cannot be stored")])
def test_a_place_for_runs_is_refused_before_anything_is_computed(refused, folder, monkeypatch, place, reason):
    (folder / "file").write_text("")
    monkeypatch.setenv("FORGETTING_RUNS", place and str(folder / place))
    assert reason in refused("run", *FEW, "--log-run")


def test_a_name_moves_nothing_on_a_terminal(folder, call):
    store = RunStore(folder / "runs.sqlite")
    name = "\x1b[31mred\x1b]0;title\x07\u202egnp"
    store.save(Run("training", MODERN, name, "0" * 64, (), 1, 1, 1.0, "1", name=name))
    _, out, _ = call("runs")
    assert "red" in out
    assert "gnp" in out
    assert not {"\x1b", "\x07", "\u202e"} & {*out}


def test_a_model_of_ones_own_is_told_by_its_file(folder):
    (folder / "mine.py").write_text("a = 1")
    first = digest_of_source(f"{folder}/mine.py:make")
    (folder / "mine.py").write_text("a = 2")
    assert digest_of_source(f"{folder}/mine.py:make") != first
    assert len(digest_of_source("nowhere:make")) == 64
