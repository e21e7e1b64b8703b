"""What the tests of the command line share: files for it, calls in this process or a fresh one, and its files read."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forgetting.cli.commands import main
from forgetting.data.reviews import Reviews
from forgetting.experiment.pipeline import train

ROOT = str(Path(__file__).parents[1])
MAIN = f"import runpy, sys; sys.path.insert(0, {ROOT!r}); runpy.run_module('forgetting', run_name='__main__')"


def write_reviews(path: Path, reviews: Reviews, labels: Iterable[str]) -> None:
    """The reviews in the original file's columns, under these labels."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Review_name", "Review_content", "Date_of_review", "Type_of_wine"])
        writer.writerows(
            (name, text, "2020", label) for name, text, label in zip(reviews.names, reviews.texts, labels, strict=True)
        )


def write_recipes(folder: Path, recipes: dict[str, dict | list]) -> None:
    for name, values in recipes.items():
        (folder / name).write_text(json.dumps(values))


@pytest.fixture(name="call")
def call_in_this_process(folder, monkeypatch, capfd, own_methods):  # noqa: ARG001 - puts them back
    """Run the command line in this process; gives exit status, standard output and standard error."""

    def called(*arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["forgetting", *arguments])
        try:
            main()
            status = 0
        except SystemExit as exit_:
            status = exit_.code
        return status, *capfd.readouterr()

    return called


@pytest.fixture(name="refused")
def refused_before_training(call, folder, monkeypatch):
    """A call that must be refused in one line, with nothing trained and no file touched; gives that line."""

    def called(*arguments):
        trainings = []
        monkeypatch.setattr("forgetting.cli.work.train", lambda *a, **b: trainings.append(1) or train(*a, **b))
        before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        status, out, err = call(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("Error: ")
        assert err.count("\n") == 1  # so there is no progress either
        assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
        assert not trainings
        return err

    return called


@pytest.fixture(name="written")
def call_that_writes_rows(call, folder):
    """A call that must succeed; gives what its file says beside the rows, the rows, and standard output."""

    def called(*arguments, file="rows.json"):
        (folder / file).unlink(missing_ok=True)
        status, out, err = call(*arguments, "--out", file)
        assert status == 0, err
        assert "Traceback" not in err
        return read_about(folder / file), read_rows(folder / file), out

    return called


def in_a_process(folder: Path, *arguments: str, **options) -> subprocess.CompletedProcess:
    """Run the command line in a fresh process."""
    command = [sys.executable, "-c", MAIN, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **options)


def read_rows(path: Path) -> pd.DataFrame:
    """The rows of a file, in whichever format."""
    if path.suffix == ".json":
        return pd.DataFrame(read_about(path)["rows"])
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"recipe_hash": str, "data_sha256": str})


def read_about(path: Path) -> dict:
    """What a file says beside its rows; a CSV says it in each of them."""
    if path.suffix == ".json":
        return json.loads(path.read_text(), parse_constant=pytest.fail)
    if path.suffix == ".parquet":
        return {key.decode(): text.decode() for key, text in pq.read_schema(path).metadata.items()}
    return read_rows(path).iloc[0].to_dict()


def table_of(out: str) -> str:
    """What a command shows without the notice that its original has nothing to forget."""
    notice, _, table = out.partition("\n\n")
    return table if "can be called forgetting" in notice else out
