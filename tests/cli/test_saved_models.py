"""`run --save` and `--model`: every command goes on with a saved model as with the one that it was saved of."""

import json

import pytest
from commands import (
    call_in_this_process,  # noqa: F401
    call_that_writes_rows,  # noqa: F401
    read_rows,
    refused_before_training,  # noqa: F401
    write_recipes,
    write_reviews,
)

SETTINGS = {
    "training": {"epochs": 4},
    "sweep": {"doses": [0.0, 0.5], "seeds": 1, "layers": ["fc1"], "schemes": ["rewind"]},
    "relearning": {"epochs": 3, "seeds": 1, "doses": [1.0], "layers": ["fc2"], "schemes": ["zero"]},
    "unlearning": {"epochs": 2, "relearn_epochs": 2, "seeds": 1, "methods": ["original", "eu_k"]},
}
SAVED, DATA = ("--model", "m.safetensors"), ("--data", "wine.csv")


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved models")
    write_reviews(folder / "wine.csv", small_reviews, small_reviews.labels)
    write_reviews(folder / "other.csv", small_reviews, ["a", "b"] * 27)
    write_recipes(folder, {"plan.json": SETTINGS})
    return folder


@pytest.fixture(autouse=True)
def model(call, folder):
    if not (folder / "m.safetensors").exists():
        status, out, err = call("run", *DATA, "--recipe", "plan.json", "--save", "m.safetensors", "--json")
        assert (status, err) == (0, "")
        (folder / "first.json").write_text(out)


def test_a_run_of_a_saved_model_prints_what_the_run_that_saved_it_did(call, folder, monkeypatch):
    monkeypatch.setattr("forgetting.cli.work.train", lambda *_, **__: pytest.fail("trained"))
    assert call("run", *DATA, *SAVED, "--json") == (0, (folder / "first.json").read_text(), "")
    status, out, _ = call("run", *DATA, *SAVED, "--seed", "7", "--scheme", "zero", "--layers", "fc1", "--json")
    recipe = json.loads(out)["recipe"]
    assert (status, recipe["seed"], recipe["randomization"]["seed"]) == (0, 0, 7)


@pytest.mark.parametrize("command", ["sweep", "relearn", "unlearn"])
def test_a_study_of_a_saved_model_is_that_of_the_trained_one(written, folder, command):
    written(command, *DATA, "--recipe", "plan.json", file="trained.csv")
    written(command, *DATA, *SAVED, file="saved.csv")
    trained, saved = read_rows(folder / "trained.csv"), read_rows(folder / "saved.csv")
    timeless = [name for name in trained if "seconds" not in name]
    assert trained[timeless].equals(saved[timeless])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*DATA, *SAVED, "--recipe", "plan.json"), "--model comes with its recipe; got --recipe too"),
        ((*DATA, *SAVED, "--protocol", "modern"), "got --protocol too"),
        ((*DATA, *SAVED, "--label", "Review_name"), "would change data.label_column. Leave them out"),
        (SAVED, "for the file 'wine.csv': name it with --data"),
        (("--data", "other.csv", *SAVED), "The recipe is for 'wine.csv' with SHA-256"),
        (("--model", "plan.json"), "plan.json cannot be loaded as a saved model: it must be a safetensors file"),
        (("--model", "none.safetensors"), "does not exist"),
        ((*DATA, "--save", "m.bin"), "--save must end with .safetensors; got 'm.bin'"),
        ((*DATA, "--save", "none/m.safetensors"), "--save must be in a folder that exists"),
    ],
)
def test_what_does_not_go_with_a_saved_model_is_said_before_anything_is_done(refused, options, message):
    assert message in refused("run", *options)
