"""Stored runs: what comes back, what survives a killed process, two writers, and files that cannot be used."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import StoreError
from forgetting.recipe.recipe import MODERN, PUBLISHED, DataSettings
from forgetting.tracking import run_store
from forgetting.tracking.run import RUN_KINDS, Run, RunMetric
from forgetting.tracking.run_store import MOST_SIGNS, STORE_FORMAT, MemoryStore, RunStore, runs_folder
from forgetting.tracking.run_table import runs_bytes

ROOT = Path(__file__).parents[2]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from forgetting.recipe.recipe import MODERN
from forgetting.tracking.run import Run, RunMetric
from forgetting.tracking.run_store import RunStore
store, first, count = RunStore(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for seed in range(first, first + count):
    metrics = (RunMetric("validation accuracy", 0.5, (0.4, 0.6), {"chance": 0.1}),)
    recipe, content = replace(MODERN, seed=seed), bytes(3000)
    run = Run("training", recipe, "sample", "0" * 64, metrics, 1, 1, 1.0, "1.0.0", content=content)
    print(store.save(run).key, flush=True)
"""


def make_run(seed: int = 0, **changes) -> Run:
    metrics = (RunMetric("validation accuracy", 0.5, (0.4, 0.6), {"chance": 0.1}),)
    values = {"at": BEGIN + timedelta(seconds=seed), "content": b"rows"} | changes
    return Run("training", replace(MODERN, seed=seed), "sample", "0" * 64, metrics, 10, 10, 1.5, "1.0.0", **values)


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path) -> RunStore:
    return RunStore(tmp_path / "new" / "runs.sqlite") if request.param == "file" else MemoryStore()


def writer(path: Path, first: int, count: int) -> subprocess.Popen:
    command = [sys.executable, "-c", WRITER, str(path), str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # null bytes among them
metric_strategy = st.builds(
    RunMetric,
    texts,
    st.none() | numbers,
    st.none() | st.tuples(numbers, numbers),
    st.dictionaries(texts, numbers, max_size=3),
    texts,
)
run_strategy = st.builds(
    Run,
    kind=st.sampled_from(list(RUN_KINDS)),
    recipe=st.sampled_from([MODERN, PUBLISHED, replace(MODERN, data=DataSettings(source="file", file="ä.csv"))]),
    data_name=texts,
    data_sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    metrics=st.lists(metric_strategy, max_size=3).map(tuple),
    done=st.integers(0, 10**9),
    planned=st.integers(0, 10**9),
    seconds=st.floats(0, 1e9),
    version=texts,
    at=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),
    model=texts,
    content=st.binary(max_size=100),
    name=texts,
    note=texts,
    pinned=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(run=run_strategy)
def test_a_run_comes_back_as_it_was_stored(run):
    store = MemoryStore()
    store.save(run)
    (found,) = store.runs()
    assert found == replace(run, content=b"")
    assert store.content(run.key) == run.content


IMPOSSIBLE = {
    "kind": ["training"],
    "name": 5,
    "data_name": None,
    "done": "all",
    "seconds": float("nan"),
    "pinned": "yes",
    "at": 2026,
    "recipe": [],
    "metrics": [{"name": "a", "value": "high", "interval": None, "baselines": {}, "missing": ""}],
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_record_with_an_impossible_value_is_left_out(name):
    record = json.loads(run_store.record_of(make_run()))
    assert run_store._read(json.dumps(record)) == replace(make_run(), content=b"")
    assert run_store._read(json.dumps(record | {name: IMPOSSIBLE[name]})) is None


def test_a_time_without_a_zone_and_half_a_character_are_stored_as_what_all_can_read(store):
    store.save(replace(make_run(1, at=datetime(2026, 1, 2)), data_name="caf\udce9.csv"))
    store.save(make_run(2))
    (first, second) = sorted(store.runs(), key=lambda run: run.at)
    assert (second.data_name, second.at.tzinfo) == ("caf\ufffd.csv", UTC)
    assert runs_bytes([first, second], "csv")


def test_runs_come_newest_first_and_one_that_is_repeated_keeps_what_a_person_has_said_of_it(store):
    assert store.runs() == []
    first, second = make_run(1), make_run(2)
    store.save(first)
    store.save(second)
    store.edit(first.key, name="mine", note="remember", pinned=True)
    store.edit("none", name="nothing")
    later = BEGIN + timedelta(days=1)
    again = store.save(replace(first, at=later, seconds=9.0, content=b"new"))
    assert (again.name, again.note, again.pinned, again.seconds) == ("mine", "remember", True, 9.0)
    assert [run.key for run in store.runs()] == [first.key, second.key]
    assert store.content(first.key) == b"new"
    store.delete(first.key)
    assert [run.key for run in store.runs()] == [second.key]
    assert store.content(first.key) == b""
    store.save(again)
    assert store.runs()[0].name == "mine"


def test_a_run_that_is_stopped_sooner_this_time_does_not_take_the_place_of_its_results(store):
    store.save(make_run(1))
    stopped = replace(make_run(1, at=BEGIN + timedelta(days=1), content=b"few"), done=3, metrics=())
    assert store.save(stopped).done == 10
    (found,) = store.runs()
    assert (found.done, found.at, len(found.metrics)) == (10, stopped.at, 1)
    assert store.content(found.key) == b"rows"


def test_the_oldest_runs_that_are_not_pinned_go_first(store, monkeypatch):
    monkeypatch.setattr(run_store, "MOST_UNPINNED", 3)
    for seed in range(3):
        store.save(make_run(seed))
    store.edit(make_run(0).key, pinned=True)
    for seed in range(3, 6):
        store.save(make_run(seed))
    assert [run.recipe.seed for run in store.runs()] == [5, 4, 3, 0]
    assert store.notices[0].startswith("To make room, the oldest run is gone.")
    store.most_content = 10
    store.save(make_run(6))
    assert [run.recipe.seed for run in store.runs()] == [6, 0]
    store.save(make_run(7, content=bytes(11)))
    assert store.content(make_run(7).key) == b""


def test_a_text_that_is_too_long_is_refused_and_the_run_stays(store):
    store.save(make_run())
    with pytest.raises(StoreError, match="note may have 100,000 signs"):
        store.edit(make_run().key, note="x" * (MOST_SIGNS + 1))
    assert store.runs()[0].note == ""


@pytest.mark.slow
def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    path, count = tmp_path / "runs.sqlite", 200
    writers = [writer(path, first, count) for first in (0, count)]
    keys = {line.strip() for process in writers for line in process.communicate(timeout=120)[0].splitlines()}
    assert [process.returncode for process in writers] == [0, 0]
    assert {run.key for run in RunStore(path).runs()} == keys
    assert len(keys) == 2 * count


@pytest.mark.slow
def test_what_was_shown_as_stored_survives_a_killed_process(tmp_path):
    path, known = tmp_path / "runs.sqlite", set()
    for attempt, lines in enumerate((1, 7, 20)):
        process = writer(path, 1_000 * attempt, 1_000)
        shown = [process.stdout.readline().strip() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        shown += process.stdout.read().split()  # what it had said before the signal came
        process.wait(timeout=30)
        known.update(key for key in shown if len(key) == 64)
        assert known <= {run.key for run in RunStore(path).runs()}
    RunStore(path).save(make_run(5_000))
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_disk_that_is_full_refuses_a_run_and_keeps_the_others(tmp_path):
    path = tmp_path / "runs.sqlite"
    store = RunStore(path)
    store.save(make_run(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 5_000, before[1]))
    try:
        with pytest.raises(StoreError, match=r"runs cannot be stored: .*Make room"):
            store.save(make_run(2, content=bytes(1_000_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [run.recipe.seed for run in store.runs()] == [1]
    assert store.save(make_run(2)).recipe.seed == 2
    assert len(store.runs()) == 2


def test_a_file_of_a_newer_version_is_refused_and_stays_as_it_is(tmp_path):
    path = tmp_path / "runs.sqlite"
    RunStore(path).save(make_run())
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {STORE_FORMAT + 1}")
    content, store = path.read_bytes(), RunStore(path)
    for use in (store.runs, lambda: store.save(make_run(1)), lambda: store.delete(make_run().key)):
        with pytest.raises(StoreError, match=f"in format {STORE_FORMAT + 1}, .* up to {STORE_FORMAT}"):
            use()
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["no database", "its middle"])
def test_a_damaged_file_is_moved_aside_and_runs_are_stored_in_a_new_one(tmp_path, damage):
    path = tmp_path / "runs.sqlite"
    store = RunStore(path)
    for seed in range(30):
        store.save(make_run(seed, content=bytes(2_000)))
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(
        b"no database" * 1_000 if damage == "no database" else content[:4096] + bytes(half) + content[half:]
    )
    bad = path.read_bytes()
    store.save(make_run(100))
    assert [run.recipe.seed for run in store.runs()] == [100]
    (aside,) = (file for file in tmp_path.iterdir() if "damaged" in file.name)
    assert aside.read_bytes() == bad
    assert str(aside) in store.notices[0]


def test_a_record_that_this_version_cannot_read_is_left_out_and_stays(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite")
    store.save(make_run(1))
    store.save(make_run(2))
    with sqlite3.connect(store.path) as database:
        database.execute('UPDATE runs SET record = \'{"kind": "dream"}\' WHERE key = ?', (make_run(1).key,))
    assert [run.recipe.seed for run in store.runs()] == [2]
    assert "1 runs that this one cannot read" in store.notices[0]
    with sqlite3.connect(store.path) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (2,)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_refused_and_its_runs_can_be_read(tmp_path):
    store = RunStore(tmp_path / "runs.sqlite")
    store.save(make_run())
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be stored"):
            store.save(make_run(1))
        assert len(store.runs()) == 1
    finally:
        tmp_path.chmod(0o700)


def test_a_place_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="FORGETTING_RUNS"):
        RunStore(tmp_path / "file" / "runs.sqlite").save(make_run())


def test_the_environment_says_where_runs_are_stored(monkeypatch, tmp_path):
    monkeypatch.setenv("FORGETTING_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path
    monkeypatch.setenv("FORGETTING_RUNS", "~nobody-of-that-name/runs")
    assert runs_folder().name == "runs"
    monkeypatch.setenv("FORGETTING_RUNS", " ")
    assert runs_folder() is None
    monkeypatch.delenv("FORGETTING_RUNS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert runs_folder().name == "learning-to-forget"
