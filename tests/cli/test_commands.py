"""The command line: one JSON object or a table on standard output; bad input is one line on standard error."""

import hashlib
import json
import subprocess
import sys
from itertools import chain, islice
from pathlib import Path

import pandas as pd
import pytest
from commands import (
    ROOT,
    call_in_this_process,  # noqa: F401
    call_that_writes_rows,  # noqa: F401
    in_a_process,
    read_about,
    read_rows,
    refused_before_training,  # noqa: F401
    table_of,
    write_recipes,
    write_reviews,
)

from forgetting.core.errors import WorkersError
from forgetting.core.limits import Limits
from forgetting.data.sample import SAMPLE
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import prepare, run, train
from forgetting.experiment.published import reproduce, rerun_published
from forgetting.experiment.reproduction import epochs_table, published_table
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe
from forgetting.studies.sweep import sweep_rows, sweep_slices

METRICS = {"loss", "accuracy", "bitwise_accuracy", "macro_f1"}
PARTS = {"training", "validation"}


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    """A folder with the small reviews in the original file's columns, and recipes."""
    folder = tmp_path_factory.mktemp("command line")
    write_reviews(folder / "wine.csv", small_reviews, small_reviews.labels)
    recipes = {
        "quick.json": {"training": {"epochs": 5}},
        "seed.json": {"seed": 4},
        "other.json": {"data": {"sha256": "a" * 64}},
        "plan.json": {"training": {"epochs": 5}, "sweep": PLAN},
        "deep.json": {"training": {"epochs": 3}, "model": {"hidden": [4, 3]}},
        "published.json": {"protocol": "published"},
        "ghost.json": {"training": {"epochs": 5}, "sweep": {"layers": ["fc1"], "units": ["word"], "words": ["ghost"]}},
    }
    write_recipes(folder, recipes)
    (folder / "folder.csv").mkdir()
    (folder / "broken.json").write_text("{")
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
            assert set(scores) >= METRICS
            assert all(isinstance(scores[metric], float) for metric in METRICS)
    digest = hashlib.sha256((folder / "wine.csv").read_bytes()).hexdigest()
    assert set(values["data"]) == {"rows", "words", "classes", "sha256", "tokenizer", "without_known_words"}
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


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_published_protocol(result):
    values = result("run", "--data", "wine.csv", "--protocol", "published", "--recipe", "seed.json")
    recipe = Recipe.from_dict(values["recipe"])
    assert (recipe.protocol, recipe.seed, recipe.training) == ("published", 4, PUBLISHED.training)
    assert values["data"]["classes"] == 45  # the names
    assert values["epochs"] == 15


def test_without_data_it_is_the_sample(result):
    values = result("run", "--recipe", "quick.json")
    assert values["recipe"] == MODERN.with_value("training.epochs", 5).to_dict()
    assert values["data"]["sha256"] == hashlib.sha256(SAMPLE.read_bytes()).hexdigest()


def test_json_of_reproduce(result):
    values = result("reproduce", "--data", "wine.csv", "--seeds", "3")
    assert {"published", "original", "randomized", "within"} <= set(values)
    for model in ("original", "randomized"):
        for part in PARTS:
            assert set(values["published"][model][part]) == {"loss", "bitwise_accuracy"}
            assert values["within"][model][part] == {"loss": True, "bitwise_accuracy": True}
            for metric in ("loss", "bitwise_accuracy"):
                spread = values[model][part][metric]
                assert spread["min"] <= spread["median"] <= spread["max"]
    assert values["published"]["randomized"]["validation"]["loss"] == 3.06455397605896


def test_re_runs_and_their_table_are_written(call, folder):
    files = ("--out", "re-runs.parquet", "--table", "table.csv")
    status, out, err = call("reproduce", "--data", "wine.csv", "--seeds", "2", *files)
    assert (status, "Traceback" in err) == (0, False)
    reruns = reproduce(read_reviews(folder / "wine.csv", missing=(), fold_labels=False), 2)
    pd.testing.assert_frame_equal(read_rows(folder / "re-runs.parquet"), epochs_table(reruns), check_dtype=False)
    table = pd.read_csv(folder / "table.csv")
    assert set(table["seeds"]) == {2}
    assert table["median"].tolist() == published_table(reruns)["median"].tolist()
    assert "of the 2 re-runs here" in out
    assert "67\u00a0% of the cases by chance alone" in out


def test_re_runs_are_kept_where_the_user_stops(call, folder, monkeypatch):
    def stopped(reviews, seeds):
        yield from islice(rerun_published(reviews, seeds), 1)
        raise KeyboardInterrupt

    monkeypatch.setattr("forgetting.cli.commands.rerun_published", stopped)
    assert call("reproduce", "--data", "wine.csv", "--seeds", "9", "--out", "some.csv", "--json")[0] == 130
    assert set(pd.read_csv(folder / "some.csv")["seed"]) == {0}


def test_tables(call, monkeypatch):
    status, out, err = call("run", "--data", "wine.csv", "--recipe", "quick.json")
    assert status == 0
    for words in (
        "3 classes",
        "validation accuracy",
        "chance 0.3333",
        "majority class",
        "always no 0.6667",
        "LinearSVC",
        "validation balanced accuracy",
        "validation accuracy, change",
    ):
        assert words in out
    for part in PARTS:  # of an original that is not shown to know anything
        reason = "the original is not shown to be better than a trivial model"
        assert [line.split(None, 2)[2] for line in out.splitlines() if line.startswith(f"{part} forgetting")] in (
            [reason],
            ["9 reviews do not show that the original is better than the largest class"],
        )
    assert reason in out
    assert "Traceback" not in err
    monkeypatch.setattr("forgetting.cli.tables.describe_hollow", lambda *_: "")
    _, out, _ = call("run", "--data", "wine.csv", "--recipe", "quick.json")
    assert "beside chance 0.3333" in out
    assert "beside majority class 0." in out
    status, out, err = call("reproduce", "--data", "wine.csv", "--seeds", "2")
    assert status == 0
    for words in ("0.6330", "3.1484", "top-1 accuracy", "Always answering no", "0.9778"):
        assert words in out
    assert "Traceback" not in err


BAD = {  # one of each kind; what decides has tests of its own
    "unknown command": ("forget",),
    "unknown option": ("run", "--dose", "0.5"),
    "no number": ("run", "--data", "wine.csv", "--fraction", "half", "--json"),
    "data left out": ("reproduce", "--seeds", "1"),
    "missing file": ("run", "--data", "nowhere.csv", "--json"),
    "broken recipe": ("run", "--recipe", "broken.json"),
    "wrong value": ("run", "--data", "wine.csv", "--fraction", "nan"),
    "words of another layer": ("run", "--data", "wine.csv", "--layers", "fc2", "--unit", "word"),
    "recipe of another file": ("run", "--recipe", "other.json", "--data", "wine.csv", "--json"),
    "published without names": ("run", "--data", "nameless.csv", "--protocol", "published"),
    "table of another kind": ("reproduce", "--data", "wine.csv", "--seeds", "1", "--table", "table.xls"),
    "no seeds": ("reproduce", "--data", "wine.csv", "--seeds", "0", "--json"),
    "reproduce without names": ("reproduce", "--data", "nameless.csv", "--seeds", "1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_on_standard_error(call, name):
    status, out, err = call(*BAD[name])
    assert (status, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert len(err) > 20


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["modern", "published"])
def test_a_fresh_process_writes_one_object_and_no_warning(folder, protocol):
    done = in_a_process(folder, "run", "--data", "wine.csv", "--protocol", protocol, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["recipe"]["protocol"] == protocol


@pytest.mark.slow
def test_a_fresh_process_ends_with_status_2(folder):
    done = in_a_process(folder, "run", "--data", "nowhere.csv")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_the_limits_in_force_are_shown_and_those_of_the_servers_readme_are_the_usual_ones(call, monkeypatch):
    monkeypatch.delenv("FORGETTING_LIMITS", raising=False)
    status, table, err = call("limits")
    assert (status, err) == (0, "")
    assert table in (Path(ROOT) / "forgetting" / "dashboard" / "server" / "README.md").read_text(encoding="utf-8")
    assert [line.split("`")[1] for line in table.splitlines()[2:]] == list(Limits().to_dict())
    monkeypatch.setenv("FORGETTING_LIMITS", "rows=1234567,training=3")
    found = json.loads(call("limits", "--json")[1])
    assert {name: limit["value"] for name, limit in found.items()} == Limits(rows=1234567, training=3).to_dict()
    assert all(f" {limit['value']:,} | {limit['meaning']} " in call("limits")[1] for limit in found.values())
    monkeypatch.setenv("FORGETTING_LIMITS", "rows=many")
    status, out, err = call("limits")
    assert (status, out) == (2, "")
    assert err.startswith("Error: limits.rows must be a whole number")


def test_help_is_on_standard_output(call):
    for arguments in (("--help",), ("run", "-h"), ("reproduce", "--help")):
        status, out, err = call(*arguments)
        assert (status, err) == (0, "")
        assert out.startswith("Usage: ")


@pytest.mark.slow
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


def doses_of(table: pd.DataFrame) -> list[float]:
    return sorted(set(table["planned_dose"]))


def test_a_sweep_by_default_is_of_each_layer_and_all_of_them(written):
    _, table, out = written(*QUICK, "--seeds", "1", file="rows.csv")
    assert list(dict.fromkeys(table["layers"])) == ["fc1", "fc2", "fc1+fc2"]
    assert doses_of(table) == [step / 20 for step in range(21)]
    assert set(table["scheme"]) == {"reinit", "normal"}
    assert set(table["unit"]) == {"weight"}
    assert len(table) == 3 * 21 * 2
    assert "126 rows in rows.csv" in out


def test_rows_are_those_of_the_library_in_every_format(call, folder):
    digest = hashlib.sha256((folder / "wine.csv").read_bytes()).hexdigest()
    changes = {
        "training": {"epochs": 5},
        "data": {"source": "file", "file": "wine.csv", "sha256": digest},
        "sweep": {"layers": ["fc1", "fc1+fc2"], "doses": [0.0, 0.5, 1.0], "schemes": ["zero", "permute"], "seeds": 2},
    }
    recipe = Recipe.from_dict(changes)
    split = prepare(recipe, read_reviews(folder / "wine.csv"))
    done = train(recipe, split)
    expected = list(sweep_rows(done.model, split, recipe.sweep, recipe=recipe))
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
        tables[ending] = folder / f"format.{ending}"
    assert tables["CSV"].read_bytes() == tables["csv"].read_bytes()
    read = {ending: read_rows(tables[ending]) for ending in ("csv", "parquet", "json")}
    for table in read.values():
        assert len(table) == len(expected) == 24
        for line, row in zip(table.to_dict("records"), expected, strict=True):
            assert [line[name] for name in ("layers", "scheme", "unit", "seed", "planned_dose", "dose")] == [
                *(row.layers, row.scheme, row.unit, row.seed, row.planned_dose, row.dose)
            ]
            for part in PARTS:
                for metric, value in getattr(row, part).items():
                    found = line[f"{part}_{metric}"]
                    assert pd.isna(found) if value is None else found == value, metric
    assert set(read["csv"]["recipe_hash"]) == {recipe.hash}
    assert set(read["csv"]["data_sha256"]) == {digest}
    assert set(read["csv"]["epochs_trained"]) == {len(done.history)}
    assert set(read["csv"]["rows_planned"]) == {24}
    about, values = read_about(tables["parquet"]), read_about(tables["json"])
    assert Recipe.from_json(about["recipe"]) == recipe
    assert about["data_sha256"] == digest
    assert (int(about["epochs_trained"]), int(about["rows_planned"])) == (len(done.history), 24)
    assert Recipe.from_dict(values["recipe"]) == recipe
    assert (values["data_sha256"], values["epochs_trained"]) == (digest, len(done.history))
    assert values["rows_planned"] == 24


@pytest.mark.parametrize(
    ("options", "layers"),
    [
        (("--layers", "fc2", "--layers", "fc1"), ["fc2", "fc1"]),
        (("--layers", "all", "--layers", "fc2,fc1", "--layers", "fc2"), ["fc1+fc2", "fc2"]),
        (("--layers", "up", "--layers", "down"), ["fc1", "fc1+fc2", "fc2"]),
    ],
)
def test_layer_sets(written, options, layers):
    _, table, out = written(*QUICK, *options, "--doses", "0.5,0,0.1,0.5", "--schemes", "zero", "--seeds", "1")
    assert list(dict.fromkeys(table["layers"])) == layers
    assert doses_of(table) == [0.0, 0.1, 0.5]
    assert len(table) == 3 * len(layers)
    assert [line.split()[0] for line in table_of(out).split("\n")[3:-2]] == layers


def test_schemes_units_and_seeds(written):
    options = ("--schemes", "zero,noise", "--schemes", "permute", "--units", "weight,neuron", "--seeds", "3")
    _, table, _ = written(*QUICK, "--layers", "fc2", "--doses", "0.5,1", *options, "--seed", "70")
    assert list(dict.fromkeys(table["scheme"])) == ["zero", "noise", "permute"]
    assert list(dict.fromkeys(table["unit"])) == ["weight", "neuron"]
    assert list(dict.fromkeys(table["seed"])) == [70, 71, 72]
    assert len(table) == 2 * 3 * 2 * 3


def test_a_seed_is_of_training_too(written):
    _, plain, _ = written(*QUICK, *SMALL)
    _, seeded, _ = written(*QUICK, *SMALL, "--seed", "5")
    loss = "training_loss"
    assert (
        plain.loc[plain["planned_dose"] == 0, loss].tolist() != seeded.loc[seeded["planned_dose"] == 0, loss].tolist()
    )


def test_words_of_the_first_layer_and_rewinding(written):
    options = ("--units", "word", "--doses", "0,1", "--schemes", "zero,rewind", "--seeds", "1")
    _, table, _ = written(*QUICK, "--layers", "fc1", *options)
    assert set(table["unit"]) == {"word"}
    assert table["scheme"].tolist() == ["zero"] * 2 + ["rewind"] * 2


def test_equal_change(written):
    _, table, out = written(
        *QUICK, "--layers", "fc1", "--doses", "0,0.5", "--schemes", "zero", "--seeds", "2", "--match", "change"
    )
    moved = table[table["planned_dose"] == 0.5]
    assert (moved["relative_change"] >= 0.5 * (1 - 1e-6)).all()
    assert (moved["relative_change"] < 0.55).all()
    assert (moved["dose"] > 0.01).all()
    assert "half-way change" in out


def test_retraining_gives_each_seed_a_model_of_its_own(written):
    options = ("--layers", "fc2", "--doses", "0,1", "--schemes", "zero", "--seeds", "3")
    _, one, _ = written(*QUICK, *options, file="rows.csv")
    _, own_models, _ = written(*QUICK, *options, "--retrain", file="rows.csv")
    losses = [table.loc[table["planned_dose"] == 0, "training_loss"].nunique() for table in (one, own_models)]
    assert losses == [1, 3]
    assert len(one) == len(own_models) == 6
    assert set(one["epochs_trained"]) == {5}
    assert own_models["epochs_trained"].isna().all()  # each replicate is trained as long as it takes


@pytest.mark.slow
def test_two_jobs_give_the_same_file(call, folder):
    options = ("--layers", "each", "--doses", "3", "--schemes", "zero,normal", "--seeds", "2")
    for jobs in ("1", "2"):
        status, out, err = call(*QUICK, *options, "--jobs", jobs, "--out", f"jobs {jobs}.csv")
        assert status == 0, err
        assert "24 rows" in out
    assert (folder / "jobs 1.csv").read_bytes() == (folder / "jobs 2.csv").read_bytes()


def test_a_recipe_has_its_plan_and_options_change_it(written):
    arguments = ("sweep", "--data", "wine.csv", "--recipe", "plan.json")
    _, table, _ = written(*arguments, file="rows.csv")
    assert list(dict.fromkeys(table["layers"])) == ["fc2", "fc1+fc2"]
    assert doses_of(table) == [0.25, 1.0]
    assert (set(table["scheme"]), set(table["unit"]), set(table["seed"])) == ({"noise"}, {"neuron"}, {9, 10})
    _, changed, _ = written(*arguments, "--doses", "0.5", "--layers", "fc1", file="rows.csv")
    assert (set(changed["layers"]), doses_of(changed), set(changed["scheme"])) == ({"fc1"}, [0.5], {"noise"})
    assert set(changed["recipe_hash"]) != set(table["recipe_hash"])


def test_the_hash_is_of_the_recipe_that_was_carried_out(written, folder):
    _, table, _ = written("sweep", "--data", "wine.csv", "--recipe", "plan.json", "--seed", "4", file="rows.csv")
    digest = hashlib.sha256((folder / "wine.csv").read_bytes()).hexdigest()
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


def test_a_recipes_own_randomization_is_of_no_row(written, folder):
    values = {"training": {"epochs": 5}, "sweep": PLAN}
    (folder / "chosen.json").write_text(json.dumps(values | {"randomization": {"layers": ["fc1"], "fraction": 0.3}}))
    _, plain, _ = written("sweep", "--data", "wine.csv", "--recipe", "plan.json", file="rows.csv")
    _, chosen, _ = written("sweep", "--data", "wine.csv", "--recipe", "chosen.json", file="rows.csv")
    pd.testing.assert_frame_equal(plain, chosen)


def test_the_layers_are_those_of_the_recipes_model(written):
    _, table, _ = written("sweep", "--data", "wine.csv", "--recipe", "deep.json", "--layers", "up", "--doses", "1.0",
                    "--schemes", "zero", "--seeds", "1")  # fmt: skip
    assert table["layers"].tolist() == ["fc1", "fc1+fc2", "fc1+fc2+fc3"]


def test_the_table_of_a_sweep_names_what_trivial_models_reach(written):
    _, table, out = written(*QUICK, *SMALL, file="rows.csv")
    assert out.startswith("9 validation reviews do not show that the original is better than always predicting the")
    first, _, head, *_ = table_of(out).split("\n")
    majority = table["validation_majority"].iloc[0]
    before = table["validation_accuracy_before"].iloc[0]
    assert first.startswith(
        f"Validation accuracy {before:.4f}; chance 0.3333, majority class {majority:.4f}, LinearSVC "
    )
    assert head.split()[:5] == ["layers", "scheme", "unit", "half-way", "dose"]
    assert head.endswith("95 % interval over reviews alone: one seed does not show the luck of the draw")
    assert out.endswith("2 rows in rows.csv\n")


BAD_SWEEPS = {  # one of each kind; what decides has tests of its own
    "unknown option": ("--dose", "0.5"),
    "ending that is none of the formats": ("--out", "rows.xlsx"),
    "folder as file": ("--out", "folder.csv"),
    "doses in words": ("--doses", "many"),
    "unknown layer in a set": ("--layers", "fc1,fc9"),
    "no scheme": ("--schemes", ","),
    "words of all layers": ("--units", "word"),
    "table of another kind": ("reproduce", "--data", "wine.csv", "--seeds", "1", "--table", "table.xls"),
    "no seeds": ("--seeds", "0"),
    "unknown match": ("--match", "norm"),
    "too many variants": ("--seeds", "10000"),
    "0 jobs": ("--jobs", "0"),
    "malformed address": ("--dask", "nonsense"),
    "published protocol": ("--recipe", "published.json"),
    "too little memory": ("--memory", "0"),
    "unknown word": ("--recipe", "ghost.json"),
}


@pytest.mark.parametrize("name", BAD_SWEEPS)
def test_a_bad_sweep_is_refused_before_training_in_one_line(refused, name):
    assert len(refused(*QUICK, "--out", "never.csv", *BAD_SWEEPS[name])) > 20


def test_a_file_is_required(call):
    status, out, err = call(*QUICK)
    assert (status, out) == (2, "")
    assert err == "Error: Missing option '--out'.\n"


def stopping(error: BaseException, count: int):
    """A sweep that ends with an error after so many rows."""

    def swept(*arguments, **options):
        yield from ([row] for row in islice(chain.from_iterable(sweep_slices(*arguments, **options)), count))
        raise error

    return swept


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_workers_that_are_lost_leave_the_rows_so_far(call, folder, monkeypatch, ending):
    options = ("--layers", "each", "--doses", "0,0.5,1", "--schemes", "zero", "--seeds", "2", "--out")
    path = folder / f"lost.{ending}"
    assert call(*QUICK, *options, path.name)[0] == 0
    whole = read_rows(path)
    monkeypatch.setattr("forgetting.cli.commands.sweep_slices", stopping(WorkersError("No worker is left."), 5))
    status, out, err = call(*QUICK, *options, path.name)
    assert (status, out) == (2, "")
    assert err.endswith("Error: No worker is left.\n")
    assert "Traceback" not in err
    pd.testing.assert_frame_equal(read_rows(path), whole[:5], check_dtype=False)
    about = read_about(path)
    assert (int(about["epochs_trained"]), int(about["rows_planned"])) == (5, len(whole)) == (5, 12)


def test_rows_are_kept_where_the_user_stops(call, folder, monkeypatch):
    monkeypatch.setattr("forgetting.cli.commands.sweep_slices", stopping(KeyboardInterrupt(), 3))
    status, _, err = call(*QUICK, "--layers", "fc1", "--out", "stopped.csv")
    assert status == 130
    assert "Traceback" not in err
    assert len(pd.read_csv(folder / "stopped.csv")) == 3


def test_a_file_is_replaced_only_by_rows(call, folder, monkeypatch):
    path = folder / "replaced.csv"
    path.write_text("what was here")
    with monkeypatch.context() as patch:
        patch.setattr("forgetting.cli.commands.sweep_slices", stopping(WorkersError("No worker can be had."), 0))
        assert call(*QUICK, *SMALL, "--out", path.name)[0] == 2
    assert path.read_text() == "what was here"
    assert call(*QUICK, *SMALL, "--out", path.name)[0] == 0
    assert b"what was here" not in path.read_bytes()


def test_help_of_a_sweep(call):
    status, out, err = call("sweep", "--help")
    assert (status, err) == (0, "")
    for option in ("--layers", "--doses", "--schemes", "--units", "--seeds", "--match", "--retrain", "--jobs", "--dask",
                   "--memory", "--out"):  # fmt: skip
        assert option in out
