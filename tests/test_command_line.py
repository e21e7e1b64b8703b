"""The command line: one JSON object or a table on standard output; bad input is one line on standard error."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from forgetting.__main__ import main
from forgetting.datasets import SAMPLE, read_reviews
from forgetting.errors import DataError
from forgetting.experiment import run
from forgetting.randomization import Randomization
from forgetting.recipe import MODERN, PUBLISHED, Recipe

FIGURES = {"loss", "accuracy", "bitwise_accuracy", "macro_f1"}
PARTS = {"training", "validation"}


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    """A folder with the small reviews in the original file's columns, and recipes."""
    folder = tmp_path_factory.mktemp("command line")
    with open(folder / "wine.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Review_name", "Review_content", "Date_of_review", "Type_of_wine"])
        writer.writerows(
            zip(small_reviews.names, small_reviews.texts, ["2020"] * 54, small_reviews.labels, strict=True)
        )
    (folder / "quick.json").write_text('{"training": {"epochs": 5}}')
    (folder / "seed.json").write_text('{"seed": 4}')
    (folder / "word.json").write_text('{"randomization": {"layers": ["fc1"], "unit": "word"}}')
    (folder / "broken.json").write_text("{")
    (folder / "list.json").write_text("[1]")
    (folder / "unknown.json").write_text('{"training": {"epoch": 5}}')
    (folder / "value.json").write_text('{"randomization": {"fraction": 2}}')
    (folder / "huge.json").write_text('{"randomization": {"fraction": 1' + "0" * 400 + "}}")
    (folder / "other.json").write_text(json.dumps({"data": {"sha256": "a" * 64}}))
    (folder / "file.json").write_text('{"data": {"source": "file", "file": "my.csv"}}')
    (folder / "binary.json").write_bytes(b"\xff\xfe\x00\x80")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "empty.csv").write_text("")
    (folder / "nameless.csv").write_text("text,label\n" + "a red wine of fruit,a\na white wine of lemon,b\n" * 10)
    return folder


@pytest.fixture
def call(folder, monkeypatch, capfd):
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


@pytest.fixture
def result(call):
    """The JSON object of a call, and nothing but it."""

    def called(*arguments):
        status, out, err = call(*arguments, "--json")
        assert (status, err) == (0, "")
        assert out.count("\n") == 1
        return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return called


def test_json_of_run(result, folder):
    values = result("run", "--data", "wine.csv", "--recipe", "quick.json", "--layers", "fc1", "--fraction", "0.5")
    assert {"recipe", "data", "parameters", "original", "randomized", "baselines", "forgetting"} <= set(values)
    for model in ("original", "randomized"):
        assert set(values[model]) == PARTS
        for scores in values[model].values():
            assert set(scores) >= FIGURES
            assert all(isinstance(scores[figure], float) for figure in FIGURES)
    digest = hashlib.sha256((folder / "wine.csv").read_bytes()).hexdigest()
    assert set(values["data"]) == {"rows", "words", "classes", "sha256"}
    assert (values["data"]["classes"], values["data"]["sha256"]) == (3, digest)
    assert values["parameters"] == 64 * (values["data"]["words"] + 1) + 3 * 65
    recipe = Recipe.from_dict(values["recipe"])
    assert (recipe.data.source, recipe.data.file, recipe.data.sha256) == ("file", "wine.csv", digest)
    assert (recipe.training.epochs, recipe.randomization) == (5, Randomization(("fc1",), 0.5))
    assert run(recipe, read_reviews(folder / "wine.csv")).to_dict() == values


def test_the_recipe_it_gives_gives_the_same_again(result, folder):
    first = result("run", "--data", "wine.csv", "--recipe", "quick.json", "--scheme", "zero", "--seed", "7")
    (folder / "again.json").write_text(json.dumps(first["recipe"]))
    assert result("run", "--data", "wine.csv", "--recipe", "again.json") == first


@pytest.mark.parametrize(
    ("arguments", "setting", "value"),
    [
        (("--layers", "all"), "randomization.layers", ("all",)),
        (("--layers", "fc1,fc2"), "randomization.layers", ("fc1", "fc2")),
        (("--fraction", "0.25"), "randomization.fraction", 0.25),
        (("--scheme", "permute"), "randomization.scheme", "permute"),
        (("--scheme", "rewind"), "randomization.scheme", "rewind"),
        (("--unit", "neuron"), "randomization.unit", "neuron"),
        (("--unit", "word", "--layers", "fc1"), "randomization.unit", "word"),
        (("--seed", "9"), "seed", 9),
        (("--seed", "9"), "randomization.seed", 9),
        (("--seed", "9"), "split.seed", 0),
        (("--text", "Review_content"), "data.text", "Review_content"),
        (("--label", "Type_of_wine"), "data.label", "Type_of_wine"),
        (("--recipe", "word.json", "--layers", "all", "--unit", "weight"), "randomization.layers", ("all",)),
        (("--recipe", "quick.json", "--protocol", "modern"), "training.epochs", 5),
    ],
)
def test_options_change_the_recipe(result, arguments, setting, value):
    values = result("run", "--data", "wine.csv", *arguments)
    assert Recipe.from_dict(values["recipe"]).value(setting) == value


@pytest.mark.filterwarnings("ignore:The number of unique classes")
@pytest.mark.parametrize("arguments", [("--seed", "4"), ("--recipe", "seed.json")])
def test_published_protocol(result, arguments):
    values = result("run", "--data", "wine.csv", "--protocol", "published", *arguments)
    recipe = Recipe.from_dict(values["recipe"])
    assert (recipe.protocol, recipe.seed, recipe.training) == ("published", 4, PUBLISHED.training)
    assert values["data"]["classes"] == 45  # the names
    assert values["epochs"] == 15


def test_without_data_it_is_the_sample(result):
    values = result("run", "--recipe", "quick.json")
    assert values["recipe"] == MODERN.with_value("training.epochs", 5).to_dict()
    assert values["data"]["sha256"] == hashlib.sha256(SAMPLE.read_bytes()).hexdigest()


def test_the_sample_is_never_taken_for_the_original_file(call, monkeypatch):
    def offline(*_, **__):
        raise DataError("The original file cannot be had. Name it with --data.")

    monkeypatch.setattr("forgetting.__main__.fetch_wine_reviews", offline, raising=False)
    status, out, _ = call("run", "--protocol", "published", "--json")
    if status == 0:  # the recipe must then say what it was run on
        assert json.loads(out)["recipe"]["data"]["source"] == "sample"
    else:
        assert (status, out) == (2, "")


def test_json_of_reproduce(result):
    values = result("reproduce", "--data", "wine.csv", "--seeds", "3")
    assert {"published", "original", "randomized", "within"} <= set(values)
    for model in ("original", "randomized"):
        for part in PARTS:
            assert set(values["published"][model][part]) == {"loss", "bitwise_accuracy"}
            assert values["within"][model][part] == {"loss": True, "bitwise_accuracy": True}
            for figure in ("loss", "bitwise_accuracy"):
                spread = values[model][part][figure]
                assert spread["min"] <= spread["median"] <= spread["max"]
    assert values["published"]["randomized"]["validation"]["loss"] == 3.06455397605896


def test_tables(call):
    status, out, err = call("run", "--data", "wine.csv", "--recipe", "quick.json")
    assert status == 0
    for words in (
        "3 classes",
        "validation accuracy",
        "chance 0.3333",
        "majority class",
        "always no 0.6667",
        "LinearSVC",
    ):
        assert words in out
    assert "Traceback" not in err
    status, out, err = call("reproduce", "--data", "wine.csv", "--seeds", "2")
    assert status == 0
    for words in ("0.6330", "3.1484", "top-1 accuracy", "Always answering no", "0.9778"):
        assert words in out
    assert "Traceback" not in err


BAD = {
    "missing file": ("run", "--data", "nowhere.csv"),
    "directory as data": ("run", "--data", "."),
    "binary data": ("run", "--data", "binary.csv"),
    "empty data": ("run", "--data", "empty.csv"),
    "missing recipe": ("run", "--recipe", "nowhere.json"),
    "directory as recipe": ("run", "--recipe", "."),
    "broken recipe": ("run", "--recipe", "broken.json"),
    "binary recipe": ("run", "--recipe", "binary.json"),
    "recipe that is a list": ("run", "--recipe", "list.json"),
    "unknown setting": ("run", "--recipe", "unknown.json"),
    "value out of bounds": ("run", "--recipe", "value.json"),
    "number without end": ("run", "--recipe", "huge.json"),
    "recipe of a file that is not given": ("run", "--recipe", "file.json"),
    "recipe of another file": ("run", "--recipe", "other.json", "--data", "wine.csv"),
    "unknown scheme": ("run", "--data", "wine.csv", "--scheme", "shuffle"),
    "unknown unit": ("run", "--data", "wine.csv", "--unit", "row"),
    "fraction 2": ("run", "--data", "wine.csv", "--fraction", "2"),
    "fraction nan": ("run", "--data", "wine.csv", "--fraction", "nan"),
    "fraction in words": ("run", "--data", "wine.csv", "--fraction", "half"),
    "unknown layer": ("run", "--data", "wine.csv", "--layers", "fc9"),
    "words of fc2": ("run", "--data", "wine.csv", "--layers", "fc2", "--unit", "word"),
    "negative seed": ("run", "--data", "wine.csv", "--seed", "-1"),
    "unknown column": ("run", "--data", "wine.csv", "--label", "grape"),
    "unknown protocol": ("run", "--data", "wine.csv", "--protocol", "old"),
    "published with a fraction": ("run", "--data", "wine.csv", "--protocol", "published", "--fraction", ".5"),
    "published with layers": ("run", "--data", "wine.csv", "--protocol", "published", "--layers", "fc1"),
    "published without names": ("run", "--data", "nameless.csv", "--protocol", "published"),
    "unknown option": ("run", "--dose", "0.5"),
    "unknown command": ("forget",),
    "no seeds": ("reproduce", "--data", "wine.csv", "--seeds", "0"),
    "seeds left out": ("reproduce", "--data", "wine.csv"),
    "data left out": ("reproduce", "--seeds", "1"),
    "reproduce without names": ("reproduce", "--data", "nameless.csv", "--seeds", "1"),
    "reproduce a missing file": ("reproduce", "--data", "nowhere.csv", "--seeds", "1"),
}  # fmt: skip


@pytest.mark.parametrize("extra", [(), ("--json",)])
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_on_standard_error(call, name, extra):
    status, out, err = call(*BAD[name], *extra)
    assert status == 2
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert len(err) > 20


def in_a_process(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    root = str(Path(__file__).parents[1])
    code = f"import runpy, sys; sys.path.insert(0, {root!r}); runpy.run_module('forgetting', run_name='__main__')"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("protocol", ["modern", "published"])
def test_a_fresh_process_writes_one_object_and_no_warning(folder, protocol):
    done = in_a_process(folder, "run", "--data", "wine.csv", "--protocol", protocol, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["recipe"]["protocol"] == protocol


def test_a_fresh_process_ends_with_status_2(folder):
    done = in_a_process(folder, "run", "--data", "nowhere.csv")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_help_is_on_standard_output(call):
    for arguments in (("--help",), ("run", "-h"), ("reproduce", "--help")):
        status, out, err = call(*arguments)
        assert (status, err) == (0, "")
        assert "Usage: python -m forgetting" in out
