"""`--save-experiment`, `--recipe` of an experiment, and the commands of pages: what is saved says the same again."""

import json
import os
import threading

import pytest
from commands import (
    call_in_this_process,  # noqa: F401
    write_reviews,
)

from forgetting.tracking.experiment_file import read_experiment

DATA, QUICK = ("--data", "wine.csv"), ("--set", "training.epochs=3")
COMMANDS = {  # with the kind of run that each saves, and its page and tab
    "comparison": (("run", "--set", "randomization.layers=fc1"), ("forget", "")),
    "dose": (("sweep", "--set", "sweep.doses=0,1", "--seeds", "1"), ("layers", "")),
    "layer_choice": (("sweep", "--doses", "0,1", "--seeds", "2", "--forget-share", "0.2"), ("layers", "To unlearn")),
    "robustness": (("robustness", "--seeds", "2"), ("layers", "Conclusions")),
    "similarity": (("similarity", "--set", "explanation.doses=1", "--seeds", "2"), ("explain", "Similarity")),
    "learning_curves": (("relearn", "--curves", "--seeds", "1", "--epochs", "2"), ("relearn", "")),
}


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiments")
    write_reviews(folder / "wine.csv", small_reviews, small_reviews.labels)
    return folder


@pytest.mark.parametrize("kind", COMMANDS)
def test_an_experiment_gives_its_command_the_same_numbers_and_the_same_file(call, folder, kind):
    words, place = COMMANDS[kind]
    rows = () if words[0] == "run" else ("--out", "rows.csv")
    status, _, err = call(*words, *DATA, *QUICK, *rows, "--save-experiment", "one.json")
    assert status == 0, err
    first = (folder / "one.json").read_bytes()
    saved = read_experiment(first)
    assert [result.kind for result in saved.results] == ["training", kind]
    assert (saved.page, saved.tab) == place
    assert saved.data_name == "wine.csv"
    again = (words[0], *(("--curves",) if "--curves" in words else ()), *DATA, *rows)
    forget = ("--forget-share", "0.2") if kind == "layer_choice" else ()
    status, _, err = call(*again, *forget, "--recipe", "one.json", "--save-experiment", "two.json")
    assert status == 0, err
    assert err.count("are reproduced, bit for bit") == 2
    assert (folder / "two.json").read_bytes() == first


def test_an_experiment_from_a_pipe_is_compared_too(call, folder):
    call("run", *DATA, *QUICK, "--save-experiment", "one.json")
    os.mkfifo(folder / "pipe")  # which gives its content once
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=((folder / "one.json").read_bytes(),))
    writer.start()
    status, _, err = call("run", *DATA, "--recipe", "pipe")
    writer.join()
    assert status == 0, err
    assert err.count("are reproduced, bit for bit") == 2


def test_a_recipe_that_was_changed_is_not_compared(call):
    call("run", *DATA, *QUICK, "--save-experiment", "one.json")
    status, _, err = call("run", *DATA, "--recipe", "one.json", "--set", "seed=3")
    assert status == 0
    assert "reproduced" not in err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--mlflow", "sqlite:///none/x.db"), "in a folder that can be written to"),
        (("--recipe", "/dev/zero"), "at most 5"),
        (("--save-experiment", "x.csv"), "must end with .json"),
        (("--save-experiment", "none/x.json"), "in a folder that exists"),
        (("--set", "foo=1"), "between group and setting."),
        (("--set", "training.epoch=1"), "such as training.epochs"),
        (("--set", "training.epochs"), "must name a setting"),
        (("--set", "training.epochs=many"), "training.epochs must be a whole number"),
        (("--set", "model.heads=3"), "multiple of model.heads"),
        (("--recipe", "later.json"), "later version"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(call, folder, words, reason):
    values = {"format": "learning-to-forget experiment", "version": 99}
    (folder / "later.json").write_text(json.dumps(values))
    status, out, err = call("run", *DATA, *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert reason in err


def test_the_reviews_are_shown_with_what_trivial_models_reach(call):
    status, out, _ = call("data", *DATA, "--json")
    found = json.loads(out)
    assert status == 0
    assert sum(found["data"]["classes"].values()) == sum(found["parts"].values())
    assert found["baselines"]["chance"] == pytest.approx(1 / len(found["data"]["classes"]))
    _, text, _ = call("data", *DATA)
    assert all(f"{label}" in text for label in found["data"]["classes"])
    assert f"chance {found['baselines']['chance']:.4f}" in text
