"""The command line: one JSON object or a table on standard output; bad input is one line on standard error."""

import hashlib
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest
from commands import (
    ROOT,
    call_in_this_process,  # noqa: F401
    in_a_process,
    read_about,
    read_rows,
    refused_before_training,  # noqa: F401
    write_recipes,
    write_reviews,
)

from forgetting.core.errors import DataError, WorkersError
from forgetting.data.sample import SAMPLE
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import prepare, run, train
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe
from forgetting.studies.sweep import sweep_rows as library_sweep

FIGURES = {"loss", "accuracy", "bitwise_accuracy", "macro_f1"}
PARTS = {"training", "validation"}


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    """A folder with the small reviews in the original file's columns, and recipes."""
    folder = tmp_path_factory.mktemp("command line")
    write_reviews(folder / "wine.csv", small_reviews, small_reviews.labels)
    recipes = {
        "quick.json": {"training": {"epochs": 5}},
        "seed.json": {"seed": 4},
        "word.json": {"randomization": {"layers": ["fc1"], "unit": "word"}},
        "list.json": [1],
        "unknown.json": {"training": {"epoch": 5}},
        "value.json": {"randomization": {"fraction": 2}},
        "other.json": {"data": {"sha256": "a" * 64}},
        "file.json": {"data": {"source": "file", "file": "my.csv"}},
    }
    write_recipes(folder, recipes)
    (folder / "broken.json").write_text("{")
    (folder / "huge.json").write_text('{"randomization": {"fraction": 1' + "0" * 400 + "}}")
    (folder / "binary.json").write_bytes(b"\xff\xfe\x00\x80")
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "empty.csv").write_text("")
    (folder / "nameless.csv").write_text("text,label\n" + "a red wine of fruit,a\na white wine of lemon,b\n" * 10)
    return folder


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
        (("--text", "Review_content"), "data.text_column", "Review_content"),
        (("--label", "Type_of_wine"), "data.label_column", "Type_of_wine"),
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

    monkeypatch.setattr("forgetting.cli.commands.fetch_wine_reviews", offline, raising=False)
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
        assert out.startswith("Usage: ")


def test_help_names_the_command_as_it_was_called():
    command = [sys.executable, "-m", "forgetting", "run", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: python -m forgetting run [OPTIONS]")


# Sweeps.

QUICK = ("sweep", "--data", "wine.csv", "--recipe", "quick.json")
SMALL = ("--layers", "fc1", "--doses", "0,1", "--schemes", "zero", "--seeds", "1")
PLAN = {
    "layers": ["fc2", "all"],
    "doses": [0.25, 1.0],
    "schemes": ["noise"],
    "units": ["neuron"],
    "seeds": 2,
    "seed": 9,
}


@pytest.fixture(scope="module")
def own(folder) -> Path:
    """The folder with what sweeps need besides."""
    recipes = {
        "plan.json": {"training": {"epochs": 5}, "sweep": PLAN},
        "deep.json": {"training": {"epochs": 3}, "model": {"hidden": [4, 3]}},
        "published.json": {"protocol": "published"},
        "ghost.json": {"training": {"epochs": 5}, "sweep": {"layers": ["fc1"], "units": ["word"], "words": ["ghost"]}},
        "empty-plan.json": {"sweep": {"layers": []}},
    }
    write_recipes(folder, recipes)
    (folder / "folder.csv").mkdir()
    return folder


@pytest.fixture
def rows(call, own):
    """The rows of a sweep that is written as CSV, and what is shown."""

    def called(*arguments):
        (own / "rows.csv").unlink(missing_ok=True)
        status, out, err = call(*arguments, "--out", "rows.csv")
        assert status == 0, err
        assert "Traceback" not in err
        return read_rows(own / "rows.csv"), out

    return called


def levels(table: pd.DataFrame) -> list[float]:
    return sorted(set(table["level"]))


def test_a_sweep_by_default_is_of_each_layer_and_all_of_them(rows):
    table, out = rows(*QUICK, "--seeds", "1")
    assert list(dict.fromkeys(table["layers"])) == ["fc1", "fc2", "fc1+fc2"]
    assert levels(table) == [step / 20 for step in range(21)]
    assert set(table["scheme"]) == {"reinit", "normal"}
    assert set(table["unit"]) == {"weight"}
    assert len(table) == 3 * 21 * 2
    assert "126 rows in rows.csv" in out


def test_rows_are_those_of_the_library_in_every_format(call, own):
    digest = hashlib.sha256((own / "wine.csv").read_bytes()).hexdigest()
    changes = {
        "training": {"epochs": 5},
        "data": {"source": "file", "file": "wine.csv", "sha256": digest},
        "sweep": {"layers": ["fc1", "fc1+fc2"], "doses": [0.0, 0.5, 1.0], "schemes": ["zero", "permute"], "seeds": 2},
    }
    recipe = Recipe.from_dict(changes)
    split = prepare(recipe, read_reviews(own / "wine.csv"))
    done = train(recipe, split)
    expected = list(library_sweep(done.model, split, recipe.sweep, recipe=recipe))
    tables = {}
    for ending in ("csv", "parquet", "json", "CSV"):
        options = (
            "--layers",
            "fc1",
            "--layers",
            "fc1,fc2",
            "--doses",
            "3",
            "--schemes",
            "zero",
            "--schemes",
            "permute",
        )
        status, _, err = call(*QUICK, *options, "--seeds", "2", "--out", f"format.{ending}")
        assert status == 0, err
        tables[ending] = own / f"format.{ending}"
    assert tables["CSV"].read_bytes() == tables["csv"].read_bytes()
    read = {ending: read_rows(tables[ending]) for ending in ("csv", "parquet", "json")}
    for table in read.values():
        assert len(table) == len(expected) == 24
        for line, row in zip(table.to_dict("records"), expected, strict=True):
            assert [line[name] for name in ("layers", "scheme", "unit", "seed", "level", "dose")] == [
                *(row.layers, row.scheme, row.unit, row.seed, row.level, row.dose)
            ]
            for part in PARTS:
                for figure, value in getattr(row, part).items():
                    found = line[f"{part}_{figure}"]
                    assert pd.isna(found) if value is None else found == value, figure
    assert set(read["csv"]["recipe_hash"]) == {recipe.hash}
    assert set(read["csv"]["data_sha256"]) == {digest}
    assert set(read["csv"]["epochs_trained"]) == {len(done.history)}
    assert set(read["csv"]["rows_planned"]) == {24}
    about, written = read_about(tables["parquet"]), read_about(tables["json"])
    assert Recipe.from_json(about["recipe"]) == recipe
    assert about["data_sha256"] == digest
    assert (int(about["epochs_trained"]), int(about["rows_planned"])) == (len(done.history), 24)
    assert Recipe.from_dict(written["recipe"]) == recipe
    assert (written["data_sha256"], written["epochs_trained"]) == (digest, len(done.history))
    assert written["rows_planned"] == 24


@pytest.mark.parametrize(
    ("options", "layers"),
    [
        (("--layers", "fc2"), ["fc2"]),
        (("--layers", "fc2", "--layers", "fc1"), ["fc2", "fc1"]),
        (("--layers", "fc2,fc1"), ["fc1+fc2"]),
        (("--layers", "fc1+fc2"), ["fc1+fc2"]),
        (("--layers", "all", "--layers", "fc1,fc2", "--layers", "fc2"), ["fc1+fc2", "fc2"]),
        (("--layers", "each"), ["fc1", "fc2"]),
        (("--layers", "down"), ["fc2", "fc1+fc2"]),
        (("--layers", "up", "--layers", "down"), ["fc1", "fc1+fc2", "fc2"]),
    ],
)
def test_layer_sets(rows, options, layers):
    table, out = rows(*QUICK, *options, "--doses", "0,1", "--schemes", "zero", "--seeds", "1")
    assert list(dict.fromkeys(table["layers"])) == layers
    assert len(table) == 2 * len(layers)
    assert [line.split()[0] for line in out.split("\n")[3:-2]] == layers


@pytest.mark.parametrize(
    ("doses", "expected"),
    [
        ("2", [0.0, 1.0]),
        ("5", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("0,0.1,0.5", [0.0, 0.1, 0.5]),
        ("0.5,0,0.1,0.5", [0.0, 0.1, 0.5]),
        ("0.75", [0.75]),
        ("1.0", [1.0]),
        ("0,1", [0.0, 1.0]),
        ("1e-3, 1", [0.001, 1.0]),
    ],
)
def test_doses(rows, doses, expected):
    table, _ = rows(*QUICK, "--layers", "fc2", "--schemes", "zero", "--seeds", "1", "--doses", doses)
    assert levels(table) == expected


def test_schemes_units_and_seeds(rows):
    options = ("--schemes", "zero,noise", "--schemes", "permute", "--units", "weight,neuron", "--seeds", "3")
    table, _ = rows(*QUICK, "--layers", "fc2", "--doses", "0.5,1", *options, "--seed", "70")
    assert list(dict.fromkeys(table["scheme"])) == ["zero", "noise", "permute"]
    assert list(dict.fromkeys(table["unit"])) == ["weight", "neuron"]
    assert list(dict.fromkeys(table["seed"])) == [70, 71, 72]
    assert len(table) == 2 * 3 * 2 * 3


def test_a_seed_is_of_training_too(rows):
    plain, _ = rows(*QUICK, *SMALL)
    seeded, _ = rows(*QUICK, *SMALL, "--seed", "5")
    loss = "training_loss"
    assert plain.loc[plain["level"] == 0, loss].tolist() != seeded.loc[seeded["level"] == 0, loss].tolist()


def test_words_of_the_first_layer(rows):
    table, _ = rows(*QUICK, "--layers", "fc1", "--units", "word", "--doses", "0,1", "--schemes", "zero", "--seeds", "1")
    assert set(table["unit"]) == {"word"}


def test_rewinding_needs_nothing_more(rows):
    table, _ = rows(*QUICK, "--layers", "all", "--doses", "0,1", "--schemes", "rewind", "--seeds", "1")
    assert table["scheme"].tolist() == ["rewind"] * 2


def test_equal_change(rows):
    table, out = rows(
        *QUICK, "--layers", "fc1", "--doses", "0,0.5", "--schemes", "zero", "--seeds", "2", "--match", "change"
    )
    moved = table[table["level"] == 0.5]
    assert (moved["relative_change"] >= 0.5 * (1 - 1e-6)).all()
    assert (moved["relative_change"] < 0.55).all()
    assert (moved["dose"] > 0.01).all()
    assert "half-way change" in out


def test_retraining_gives_each_seed_a_model_of_its_own(rows):
    options = ("--layers", "fc2", "--doses", "0,1", "--schemes", "zero", "--seeds", "3")
    one, _ = rows(*QUICK, *options)
    own_models, _ = rows(*QUICK, *options, "--retrain")
    losses = [table.loc[table["level"] == 0, "training_loss"].nunique() for table in (one, own_models)]
    assert losses == [1, 3]
    assert len(one) == len(own_models) == 6
    assert set(one["epochs_trained"]) == {5}
    assert own_models["epochs_trained"].isna().all()  # each replicate is trained as long as it takes


def test_two_jobs_give_the_same_file(call, own):
    options = ("--layers", "each", "--doses", "3", "--schemes", "zero,normal", "--seeds", "2")
    for jobs in ("1", "2"):
        status, out, err = call(*QUICK, *options, "--jobs", jobs, "--out", f"jobs {jobs}.csv")
        assert status == 0, err
        assert "24 rows" in out
    assert (own / "jobs 1.csv").read_bytes() == (own / "jobs 2.csv").read_bytes()


def test_a_recipe_has_its_plan_and_options_change_it(rows):
    arguments = ("sweep", "--data", "wine.csv", "--recipe", "plan.json")
    table, _ = rows(*arguments)
    assert list(dict.fromkeys(table["layers"])) == ["fc2", "fc1+fc2"]
    assert levels(table) == [0.25, 1.0]
    assert (set(table["scheme"]), set(table["unit"]), set(table["seed"])) == ({"noise"}, {"neuron"}, {9, 10})
    changed, _ = rows(*arguments, "--doses", "0.5", "--layers", "fc1")
    assert (set(changed["layers"]), levels(changed), set(changed["scheme"])) == ({"fc1"}, [0.5], {"noise"})
    assert set(changed["recipe_hash"]) != set(table["recipe_hash"])


def test_the_hash_is_of_the_recipe_that_was_carried_out(rows, own):
    table, _ = rows("sweep", "--data", "wine.csv", "--recipe", "plan.json", "--seed", "4")
    digest = hashlib.sha256((own / "wine.csv").read_bytes()).hexdigest()
    recipe = Recipe.from_dict(
        {
            "training": {"epochs": 5},
            "sweep": PLAN | {"seed": 4},
            "seed": 4,
            "data": {"source": "file", "file": "wine.csv", "sha256": digest},
        }
    )
    assert set(table["recipe_hash"]) == {recipe.hash}
    assert set(table["data_sha256"]) == {digest}


def test_a_recipes_own_randomization_is_of_no_row(rows, own):
    values = {"training": {"epochs": 5}, "sweep": PLAN}
    (own / "chosen.json").write_text(json.dumps(values | {"randomization": {"layers": ["fc1"], "fraction": 0.3}}))
    plain, _ = rows("sweep", "--data", "wine.csv", "--recipe", "plan.json")
    chosen, _ = rows("sweep", "--data", "wine.csv", "--recipe", "chosen.json")
    pd.testing.assert_frame_equal(plain, chosen)


def test_the_layers_are_those_of_the_recipes_model(rows):
    table, _ = rows("sweep", "--data", "wine.csv", "--recipe", "deep.json", "--layers", "up", "--doses", "1.0",
                    "--schemes", "zero", "--seeds", "1")  # fmt: skip
    assert table["layers"].tolist() == ["fc1", "fc1+fc2", "fc1+fc2+fc3"]


def test_the_table_of_a_sweep_names_what_trivial_models_reach(rows):
    table, out = rows(*QUICK, *SMALL)
    first, _, head, *_ = out.split("\n")
    majority = table["validation_majority"].iloc[0]
    before = table["validation_accuracy_before"].iloc[0]
    assert first.startswith(
        f"Validation accuracy {before:.4f}; chance 0.3333, majority class {majority:.4f}, LinearSVC "
    )
    assert head.split() == ["layers", "scheme", "unit", "half-way", "dose", "95", "%", "interval", "over", "1", "seeds"]
    assert out.endswith("2 rows in rows.csv\n")


def test_a_sweep_of_the_sample(rows):
    table, _ = rows("sweep", "--recipe", "quick.json", *SMALL)
    assert set(table["data_sha256"]) == {hashlib.sha256(SAMPLE.read_bytes()).hexdigest()}


BAD_SWEEPS = {
    "unknown layer": ("--layers", "fc9"),
    "unknown layer in a set": ("--layers", "fc1,fc9"),
    "set that ends with a comma": ("--layers", "fc1,"),
    "empty layer": ("--layers", ""),
    "unknown scheme": ("--schemes", "shuffle"),
    "no scheme": ("--schemes", ","),
    "unknown unit": ("--units", "row"),
    "words of all layers": ("--units", "word"),
    "dose above 1": ("--doses", "0,1.5"),
    "dose below 0": ("--doses", "-0.1,1"),
    "dose that is no number": ("--doses", "nan"),
    "dose without end": ("--doses", "0,inf"),
    "doses in words": ("--doses", "many"),
    "no doses": ("--doses", ""),
    "doses that are commas": ("--doses", ",,"),
    "one dose": ("--doses", "1"),
    "0 doses": ("--doses", "0"),
    "too many doses": ("--doses", "1002"),
    "no seeds": ("--seeds", "0"),
    "seeds that are no number": ("--seeds", "ten"),
    "too many variants": ("--seeds", "10000"),
    "negative seed": ("--seed", "-1"),
    "seeds that run out of range": ("--seed", str(2**32 - 1)),
    "unknown match": ("--match", "norm"),
    "0 jobs": ("--jobs", "0"),
    "-2 jobs": ("--jobs", "-2"),
    "malformed address": ("--dask", "nonsense"),
    "address without a port": ("--dask", "tcp://127.0.0.1"),
    "address with too large a port": ("--dask", "tcp://127.0.0.1:99999"),
    "published protocol": ("--recipe", "published.json"),
    "recipe with an empty plan": ("--recipe", "empty-plan.json"),
    "missing recipe": ("--recipe", "nowhere.json"),
    "unknown column": ("--label", "grape"),
    "missing file": ("--data", "nowhere.csv"),
    "ending that is none of the formats": ("--out", "rows.xlsx"),
    "no ending": ("--out", "rows"),
    "missing folder": ("--out", "nowhere/rows.csv"),
    "folder as file": ("--out", "folder.csv"),
    "unknown option": ("--dose", "0.5"),
    "too little memory": ("--memory", "0"),
    "negative memory": ("--memory", "-1"),
    "unknown word": ("--recipe", "ghost.json"),
}  # fmt: skip


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("name", BAD_SWEEPS)
def test_a_bad_sweep_is_refused_before_training_in_one_line(refused, name):
    assert len(refused(*QUICK, "--out", "never.csv", *BAD_SWEEPS[name])) > 20


def test_a_folder_that_cannot_be_written_to_is_refused_before_training(call, own, monkeypatch):
    monkeypatch.setattr("forgetting.cli.commands.train", lambda *_args, **_rest: pytest.fail("trained"))
    (own / "closed").mkdir()
    (own / "closed").chmod(0o500)
    if os.access(own / "closed", os.W_OK):
        pytest.skip("root may write everywhere")
    status, out, err = call(*QUICK, *SMALL, "--out", "closed/rows.csv")
    (own / "closed").chmod(0o700)
    assert (status, out) == (2, "")
    assert err == "Error: --out must be in a folder that can be written to; 'closed' cannot. Choose another.\n"
    assert list((own / "closed").iterdir()) == []


def test_a_file_is_required(call):
    status, out, err = call(*QUICK)
    assert (status, out) == (2, "")
    assert err == "Error: Missing option '--out'.\n"


def stopping(error: BaseException, count: int):
    """A sweep that ends with an error after so many rows."""

    def swept(*arguments, **options):
        yield from islice(library_sweep(*arguments, **options), count)
        raise error

    return swept


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_workers_that_are_lost_leave_the_rows_so_far(call, own, monkeypatch, ending):
    options = ("--layers", "each", "--doses", "0,0.5,1", "--schemes", "zero", "--seeds", "2", "--out")
    path = own / f"lost.{ending}"
    assert call(*QUICK, *options, path.name)[0] == 0
    whole = read_rows(path)
    monkeypatch.setattr("forgetting.cli.commands.sweep_rows", stopping(WorkersError("No worker is left."), 5))
    status, out, err = call(*QUICK, *options, path.name)
    assert (status, out) == (2, "")
    assert err.endswith("Error: No worker is left.\n")
    assert "Traceback" not in err
    pd.testing.assert_frame_equal(read_rows(path), whole[:5], check_dtype=False)
    about = read_about(path)
    assert (int(about["epochs_trained"]), int(about["rows_planned"])) == (5, len(whole)) == (5, 12)


def test_rows_are_kept_where_the_user_stops(call, own, monkeypatch):
    monkeypatch.setattr("forgetting.cli.commands.sweep_rows", stopping(KeyboardInterrupt(), 3))
    status, _, err = call(*QUICK, "--layers", "fc1", "--out", "stopped.csv")
    assert status == 130
    assert "Traceback" not in err
    assert len(pd.read_csv(own / "stopped.csv")) == 3


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_a_file_is_replaced_only_by_rows(call, own, monkeypatch, ending):
    path = own / f"kept.{ending}"
    path.write_text("what was here")
    with monkeypatch.context() as patch:
        patch.setattr("forgetting.cli.commands.sweep_rows", stopping(WorkersError("No worker can be had."), 0))
        assert call(*QUICK, *SMALL, "--out", path.name)[0] == 2
    assert path.read_text() == "what was here"
    assert call(*QUICK, *SMALL, "--jobs", "0", "--out", path.name)[0] == 2
    assert path.read_text() == "what was here"
    assert call(*QUICK, *SMALL, "--out", path.name)[0] == 0
    assert b"what was here" not in path.read_bytes()


def test_help_of_a_sweep(call):
    status, out, err = call("sweep", "--help")
    assert (status, err) == (0, "")
    for option in ("--layers", "--doses", "--schemes", "--units", "--seeds", "--match", "--retrain", "--jobs", "--dask",
                   "--memory", "--out"):  # fmt: skip
        assert option in out
