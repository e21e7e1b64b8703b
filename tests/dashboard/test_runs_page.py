"""The page Runs, and what is logged for it: trainings, comparisons that a visitor rests on, and studies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest
from app_pages import HOSTILE, UNESCAPED, app, forget, go, page_text, press, run
from streamlit.testing.v1 import AppTest
from study_pages import finished, mine, study, trained

from forgetting.core.errors import StoreError
from forgetting.dashboard.state import runs as state_runs
from forgetting.dashboard.state.runs import VisitorRuns
from forgetting.dashboard.views.runs import table_key
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN, DataSettings
from forgetting.tracking.run import Run, RunMetric
from forgetting.tracking.run_store import RunStore

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
RANDOMIZED = Randomization(layers=("fc1",), fraction=0.4, scheme="reinit")


@pytest.fixture(autouse=True)
def disk(monkeypatch, tmp_path) -> RunStore:
    """The stored runs of these tests."""
    monkeypatch.setenv("FORGETTING_RUNS", str(tmp_path))
    return RunStore(tmp_path / "runs.sqlite")


def make_run(number: int = 0, kind: str = "comparison", **changes) -> Run:
    metrics = (
        RunMetric("validation accuracy, original", 0.8, (0.7, 0.9), {"chance": 0.1}),
        RunMetric("validation accuracy, randomized", 0.3, (0.2, 0.4), {"chance": 0.1}),
    )
    recipe = replace(MODERN, randomization=replace(RANDOMIZED, seed=number))
    values = {"at": BEGIN + timedelta(minutes=number), "recipe": recipe} | changes
    return Run(kind, data_name="mine.csv", data_sha256="1" * 64, metrics=metrics, done=1, planned=1, seconds=1.5,
               version="1.0.0", **values)  # fmt: skip


def table(test: AppTest) -> pd.DataFrame:
    return next(found.value for found in test.dataframe if "settings" in found.value)


def choose(test: AppTest, disk: RunStore, *rows: int) -> AppTest:
    test.session_state[table_key(disk.runs())] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return run(test)


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.main.button]


def test_a_browser_on_another_machine_sees_no_runs_of_this_one(disk, monkeypatch):
    disk.save(make_run())
    monkeypatch.setattr(state_runs, "st", SimpleNamespace(context=SimpleNamespace(ip_address="192.168.0.7")))
    test = app("runs")
    assert "Kept in this session only" in page_text(test)
    assert "Nothing has been run yet" in page_text(test)


@pytest.mark.slow
def test_what_another_machine_rested_on_stays_off_the_disk_when_its_tab_is_closed(disk, monkeypatch):
    monkeypatch.setattr(state_runs, "RESTED", 0.0)
    here = state_runs.st
    elsewhere = SimpleNamespace(context=SimpleNamespace(ip_address="192.168.0.7"), cache_resource=here.cache_resource)
    monkeypatch.setattr(state_runs, "st", elsewhere)
    test = forget(**{"randomization.layers": "fc1", "randomization.fraction": "0.4"})
    elsewhere.context.ip_address = None  # as outside of a run of a page
    state_runs.log_rested(mine(test))
    assert disk.runs() == []
    assert [run.kind for run in mine(test).runs.runs()] == ["comparison"]


@pytest.mark.slow
def test_a_training_that_another_one_replaces_while_it_plays_is_kept(disk):
    test = app("train", **{"training.epochs": "60"})
    press(test, "Reset")
    mine(test).playing = True
    mine(test).training_run.trainer.advance(epochs=3)
    test.query_params["training.learning_rate"] = "0.02"
    press(run(test), "Reset")
    (found,) = disk.runs()
    assert (found.kind, found.done, found.planned) == ("training", 3, 60)
    assert found.recipe.training.learning_rate == MODERN.training.learning_rate


def test_a_page_without_runs_says_what_will_stand_there(disk):
    test = app("runs")
    assert "Nothing has been run yet" in page_text(test)
    assert f"Kept on this machine, in {disk.path}" in page_text(test)


def test_the_newest_run_comes_first_with_its_settings_and_baselines(disk):
    disk.save(make_run(0))
    disk.save(make_run(1, kind="training", name="=1+1"))
    found = table(app("runs"))
    assert found["run"].tolist() == ["Training", "Before and after"]
    assert found["metrics"][1] == "validation accuracy 80 % → 30 %; chance 10 %".replace(" %", "\u00a0%")
    assert "layers all → fc1" in found["settings"][1]
    assert not found["name"][0].startswith("=")


def test_a_run_is_named_noted_pinned_deleted_and_brought_back(disk):
    disk.save(make_run(content=b"rows"))
    test = choose(app("runs"), disk, 0)
    test.text_input(key=f"run_name_{make_run().key}").set_value(HOSTILE)
    test.text_area[0].set_value("why")
    run(test)
    press(test, "Pin")
    (found,) = disk.runs()
    assert (found.name, found.note, found.pinned) == (HOSTILE, "why", True)
    assert "Unpin" in labels(test)
    assert not UNESCAPED.search("".join(element.value for element in (*test.markdown, *test.caption)))
    press(test, "Delete")
    assert disk.runs() == []
    disk.save(make_run(content=b"rows"))  # as its page is looked at again
    press(test, "Bring it back")
    assert disk.runs() == [found]
    assert disk.content(found.key) == b"rows"


def test_opening_a_run_sets_what_it_depends_on_and_can_be_taken_back(disk):
    recipe = replace(MODERN, data=DataSettings(source="sample"), randomization=RANDOMIZED)
    disk.save(make_run(recipe=recipe))
    test = choose(app("runs", **{"sweep.seeds": "3", "randomization.scheme": "zero"}), disk, 0)
    before = mine(test).recipe
    press(test, "Open")
    assert mine(test).page == "forget"
    assert mine(test).recipe.randomization == RANDOMIZED
    assert mine(test).recipe.sweep.seeds == 3
    test.button(key="undo").click()
    run(test)
    assert mine(test).recipe == before


def test_two_runs_are_compared_and_one_can_be_held(disk):
    for number in range(3):
        disk.save(make_run(number))
    test = choose(app("runs"), disk, 0, 1)
    assert "Swap A and B" in labels(test)
    assert "A: " in page_text(test)
    choose(test, disk, 0)
    press(test, "Hold as A")
    assert "Choose B in the table" in page_text(test)
    choose(test, disk, 2)
    assert "Swap A and B" in labels(test)
    choose(test, disk, 0, 1, 2)
    assert "two to compare" in page_text(test)


def test_runs_are_filtered_by_kind_and_words(disk):
    disk.save(make_run(0, name="first try"))
    disk.save(make_run(1, kind="training"))
    test = app("runs")
    test.text_input(key="runs_filter").set_value("TRY first")
    assert table(run(test))["run"].tolist() == ["Before and after"]
    test.multiselect[0].set_value(["training"])
    assert "No run is of this kind" in page_text(run(test))


@pytest.mark.slow
def test_a_comparison_is_logged_once_the_visitor_has_rested_on_it(disk, monkeypatch):
    test = forget(**{"randomization.layers": "fc1", "randomization.fraction": "0.4"})
    test.query_params["randomization.fraction"] = "0.5"
    run(test)
    assert disk.runs() == []  # as it was looked at too shortly
    monkeypatch.setattr(state_runs, "RESTED", 0.0)
    run(test)
    assert disk.runs() == []  # as the visitor is at it still
    go(test, "runs")
    (found,) = disk.runs()
    assert (found.kind, found.recipe.randomization.fraction) == ("comparison", 0.5)
    shown = test.session_state.session
    assert found.metrics[1].value == pytest.approx(shown.trained_model.trained.reached.validation.accuracy, abs=0.01)
    assert disk.content(found.key)


@pytest.mark.slow
def test_neither_the_untouched_opening_nor_the_story_is_logged(disk, monkeypatch):
    monkeypatch.setattr(state_runs, "RESTED", 0.0)
    test = app()
    for page in ("overview", "story", "runs"):
        go(test, page)
        run(test)
    assert disk.runs() == []


@pytest.mark.slow
def test_a_training_and_a_study_are_logged_as_they_end_and_as_they_are_stopped(disk):
    test = trained(app("layers", **{"training.epochs": "3", "sweep.seeds": "2", "sweep.doses": "0,0.5,1"}))
    if "Start" in labels(test):
        press(test, "Start")
    result = study(finished(test, "dose"), "dose").result
    kinds = {found.kind: found for found in disk.runs()}
    assert (kinds["training"].done, kinds["training"].recipe.training.epochs) == (3, 3)
    logged = kinds["dose"]
    assert (logged.done, logged.planned) == (len(result.rows), len(result.rows))
    original = next(metric for metric in logged.metrics if metric.name == "validation accuracy, original")
    assert original.value == pytest.approx(result.frame["validation_accuracy_before"].iloc[0])
    assert original.baselines["chance"] == pytest.approx(1 / 11)


class FullDisk(RunStore):
    def save(self, run: Run) -> Run:  # noqa: ARG002
        raise StoreError("The disk is full.")


def test_where_the_disk_is_full_runs_stay_in_the_session_which_is_said_once(tmp_path):
    said: list[str] = []
    runs = VisitorRuns(FullDisk(tmp_path / "runs.sqlite"), said.append)
    for number in range(2):
        runs.save(make_run(number, content=b"rows"))
    assert said == ["The disk is full. Until then runs are kept in this session only."]
    assert [found.recipe.randomization.seed for found in runs.runs()] == [1, 0]
    key = make_run().key
    assert (runs.content(key), runs.lasts(key)) == (b"rows", False)
    runs.edit(key, name="kept")
    runs.delete(make_run(1).key)
    assert [found.name for found in runs.runs()] == ["kept"]


def test_without_a_folder_runs_live_with_the_session_and_no_file_is_written(monkeypatch, tmp_path):
    monkeypatch.setenv("FORGETTING_RUNS", "")
    test = app("runs")
    assert "Kept in this session only" in page_text(test)
    mine(test).runs.save(make_run())
    assert table(run(test))["kept"].tolist() == ["in this session only"]
    assert "Nothing has been run yet" in page_text(app("runs"))  # of another visitor
    assert list(tmp_path.iterdir()) == []
