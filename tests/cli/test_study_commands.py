"""The commands of studies: the library's numbers in a file, a table, and one line for what is wrong."""

import hashlib
import json
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import (
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

from forgetting.cli.study_source import load_study
from forgetting.core.errors import RecipeError
from forgetting.data.sample import SAMPLE
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import prepare, train
from forgetting.randomization.path import randomize
from forgetting.randomization.patterns import FAMILIES
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.forget import Forget
from forgetting.recipe.recipe import Recipe
from forgetting.studies.explanation import run_explanation
from forgetting.studies.explanation_rows import REFERENCES
from forgetting.studies.relearning import run_relearning
from forgetting.studies.sanity_check import conclude_sanity_check
from forgetting.studies.savings import savings_slices
from forgetting.studies.study_result import read_study
from forgetting.unlearning.runner import run_unlearning
from forgetting.unlearning.task import METHODS, METHODS_VARIABLE

ODD = {"port": "Grüner Veltliner, dry", "red": "red", "white": "=white; “sweet”"}
SETTINGS = {
    "training": {"epochs": 6},
    "unlearning": {"epochs": 3, "relearn_epochs": 5, "seeds": 1, "methods": ["original", "eu_k"]},
    "relearning": {"epochs": 8, "seeds": 1, "doses": [0.0, 1.0], "layers": ["fc2"], "schemes": ["zero"]},
}
PLAN = {
    "training": {"epochs": 4},
    "seed": 3,
    "forget": {"by": "class", "label": "white"},
    "unlearning": {"epochs": 2, "relearn_epochs": 3, "seeds": 2, "seed": 5, "methods": ["cf_k", "original"],
                   "last_layers": 2},
    "relearning": {"target_share": 0.5, "epochs": 3, "seeds": 2, "seed": 5, "doses": [0.25], "layers": ["fc1"],
                   "schemes": ["noise"]},
}  # fmt: skip
KINDS = ("csv", "parquet", "json")
FEW = ("--methods", "original", "--seeds", "1")
UNLEARN = ("unlearn", "--data", "wine.csv", "--recipe", "quick.json")
RELEARN = ("relearn", "--data", "wine.csv", "--recipe", "quick.json")


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    """A folder with the small reviews, once with names of classes as people write them, and recipes."""
    folder = tmp_path_factory.mktemp("studies")
    write_reviews(folder / "wine.csv", small_reviews, small_reviews.labels)
    write_reviews(folder / "odd.csv", small_reviews, [ODD[label] for label in small_reviews.labels])
    recipes = {
        "quick.json": SETTINGS,
        "plan.json": PLAN,
        "published.json": {"protocol": "published"},
        "unknown.json": {"unlearning": {"epoch": 5}},
        "no-reviews.json": {"forget": {"by": "reviews"}},
        "one-layer.json": SETTINGS | {"model": {"hidden": []}},
    }
    write_recipes(folder, recipes)
    (folder / "folder.csv").mkdir()
    return folder


def same(table: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Every cell but times, bit for bit; NaN, None and an empty text of a CSV are one."""
    assert len(table) == len(expected) > 0
    for name in expected.columns:
        if "seconds" in name:
            continue
        for found, value in zip(table[name], expected[name], strict=True):
            if pd.isna(value) or value == "":
                assert pd.isna(found) or found == "", name
            else:
                assert found == value, name


def same_files(folder: Path, name: str, expected: pd.DataFrame, recipe: dict, **about: object) -> None:
    """The files of all formats have these rows, and the recipe that was carried out beside them."""
    for kind in KINDS:
        same(read_rows(folder / f"{name}.{kind}"), expected)
    rows = read_rows(folder / f"{name}.csv")
    for key, value in (about | {"recipe_hash": Recipe.from_dict(recipe).hash}).items():
        assert set(rows[key]) == {value}, key
    beside, values = (read_about(folder / f"{name}.{kind}") for kind in ("parquet", "json"))
    assert json.loads(beside["recipe"]) == values["recipe"] == recipe
    for key, value in about.items():
        assert beside[key] == str(value)
        assert values[key] == value


def recipe_of(folder: Path, values: dict, file: str = "wine.csv") -> Recipe:
    digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    return Recipe.from_dict(values | {"data": {"source": "file", "file": file, "sha256": digest}})


def merged(values: dict, **groups: dict) -> dict:
    return values | {name: values.get(name, {}) | group for name, group in groups.items()}


# Which layer to unlearn in.


def test_a_sweep_measures_the_forget_set_and_ranks_layers_by_it(written, folder):
    options = ("--schemes", "reinit", "--doses", "0,0.5,1", "--seeds", "2", "--forget-class", "white")
    values, table, out = written("sweep", "--data", "wine.csv", "--recipe", "quick.json", *options)
    recipe = Recipe.from_dict(values["recipe"])
    assert recipe.forget == Forget(by="class", label="white")
    split = prepare(recipe, read_reviews(folder / "wine.csv"))
    trained = train(recipe, split)
    forgotten = np.array([split.reviews.labels[row] == "white" for row in split.training.rows])
    lost = {}
    for row in table.itertuples():
        chosen = Randomization(layers=tuple(row.layers.split("+")), fraction=row.dose, scheme="reinit", seed=row.seed)
        model = randomize(trained.model, chosen)
        right = (model(split.training.model_inputs).argmax(1) == split.training.targets).numpy()
        assert row.forget_accuracy == pytest.approx(right[forgotten].mean())
        assert row.retain_accuracy == pytest.approx(right[~forgotten].mean())
        if row.dose:
            sides = (row.forget_accuracy_before - row.forget_accuracy, row.retain_accuracy_before - row.retain_accuracy)
            lost.setdefault(row.layers, []).append(sides)
    ranking = out[out.index("lost of forget set") :].splitlines()[1:-1]
    shown = {line.split()[0]: line for line in ranking}
    assert set(shown) == set(lost) == {"fc1", "fc2", "fc1+fc2"}
    for layers, sides in lost.items():
        forget, retain = 100 * np.mean(sides, axis=0)
        assert f"{forget - retain:+.1f}" in shown[layers]
    assert f"The original classifies {round(100 * table.forget_accuracy_before[0])}\u00a0% of " in out


# Unlearning.


@pytest.mark.slow
def test_rows_of_unlearning_are_those_of_the_library_in_every_format(call, folder):
    options = ("--forget-share", "0.25", "--methods", "original,retrain", "--methods", "eu_k,random_labels")
    for kind in KINDS:
        status, out, err = call(*UNLEARN, *options, "--seeds", "2", "--k", "1", "--out", f"unlearned.{kind}")
        assert status == 0, err
        assert out.endswith(f"8 rows in unlearned.{kind}\n")
    recipe = recipe_of(
        folder,
        merged(
            SETTINGS,
            forget={"share": 0.25},
            unlearning={"methods": ["original", "retrain", "eu_k", "random_labels"], "seeds": 2},
        ),
    )
    split = prepare(recipe, read_reviews(folder / "wine.csv"))
    trained = train(recipe, split)
    expected = run_unlearning(trained, split, recipe)
    for kind in KINDS:
        table = read_rows(folder / f"unlearned.{kind}")
        assert (table["seconds"] > 0).all()
        assert (table["retrained_seconds"] > 0).all()
    about = {"data_sha256": recipe.data.sha256, "epochs_trained": 6, "rows_planned": 8}
    about |= {f"{name}_reviews".replace("members", "member"): count for name, count in expected.reviews.items()}
    carried_out = recipe.for_training().to_dict()
    carried_out["training"] |= {"by_size": False}  # what the size has chosen is written out, as what the kind has
    carried_out |= {"forget": recipe.forget.to_dict(), "unlearning": recipe.unlearning.for_kind("mlp").to_dict()}
    same_files(folder, "unlearned", expected.frame, carried_out, **about)


def test_a_table_is_shown_and_progress_is_kept_apart(call):
    status, out, err = call(*UNLEARN, "--out", "shown.csv")
    assert status == 0
    lines = table_of(out).splitlines()
    counts = "{forget} reviews to forget (a share of 10\u00a0%), {retain} to retain, {validation} for validation, "
    counts += "among them {non_member} comparable"
    row = pd.read_csv("shown.csv").iloc[0]
    assert lines[0].startswith(
        counts.format(**{name: row[f"{name}_reviews"] for name in ("forget", "retain", "validation", "non_member")})
    )
    starts = [line.split()[0] for line in lines if line]
    assert [name for name in starts if name in METHODS] == ["original", "eu_k"]
    (chance,) = (line.split()[1:] for line in lines if line.startswith("chance "))
    assert chance == [*["0.333"] * 3, "0.500"]
    for name in ("Training", "Methods × seeds"):
        assert name in err
        assert name not in out
    assert "Traceback" not in err


@pytest.mark.parametrize("label", ["Grüner Veltliner, dry", "=white; “sweet”"])
def test_a_class_is_forgotten_by_its_name(written, folder, label):
    values, table, _ = written(
        *("unlearn", "--data", "odd.csv", "--recipe", "quick.json", "--forget-class", label, *FEW)
    )
    assert (values["recipe"]["forget"]["by"], values["recipe"]["forget"]["label"]) == ("class", label)
    split = prepare(Recipe.from_dict(values["recipe"]), read_reviews(folder / "odd.csv"))
    labels = [split.reviews.labels[row] for row in split.training.rows]
    assert values["forget_reviews"] == labels.count(label) > 0
    assert values["forget_reviews"] + values["retain_reviews"] == len(labels)
    retained = [name for name in labels if name != label]
    common = max(set(retained), key=retained.count)
    assert table["retain_majority"][0] == pytest.approx(retained.count(common) / len(retained))
    assert table["forget_majority"][0] == 0


@pytest.mark.parametrize("joined", [True, False])
def test_reviews_are_forgotten_by_their_keys(written, folder, joined):
    recipe = recipe_of(folder, SETTINGS)
    split = prepare(recipe, read_reviews(folder / "wine.csv"))
    chosen = [split.reviews.texts[row] for row in split.training.rows[[2, 5, 11]]]
    keys = [hashlib.sha256(text.encode()).hexdigest()[:12] for text in chosen]
    assert len(set(keys)) == 3
    options = ("--forget-reviews", ",".join(keys)) if joined else [
        item for key in keys for item in ("--forget-reviews", key)
    ]  # fmt: skip
    values, _, _ = written(*UNLEARN, *options, *FEW)
    assert (values["recipe"]["forget"]["by"], values["recipe"]["forget"]["reviews"]) == ("reviews", keys)
    assert values["forget_reviews"] == sum(split.reviews.texts[row] in chosen for row in split.training.rows)


@pytest.mark.parametrize("options", [("--forget-share", "0.5"), ()])
def test_a_share_is_of_the_different_texts_and_a_tenth_by_default(written, folder, options):
    values, _, _ = written(*UNLEARN, *options, *FEW)
    share = float(options[1]) if options else 0.1
    split = prepare(recipe_of(folder, SETTINGS), read_reviews(folder / "wine.csv"))
    texts = [split.reviews.texts[row] for row in split.training.rows]
    assert len(set(texts)) == len(texts)  # copies are dropped, so each review counts
    assert values["recipe"]["forget"]["share"] == share
    assert values["forget_reviews"] == round(share * len(texts))


def test_methods_may_be_joined_and_repeated_and_count_once(written):
    options = ("--methods", "scrub,original", "--methods", "dampening", "--methods", "original")
    values, table, _ = written(*UNLEARN, *options)
    assert table["method"].tolist() == values["recipe"]["unlearning"]["methods"] == ["scrub", "original", "dampening"]
    assert values["rows_planned"] == 3


def test_ten_methods_are_compared_by_default(written, folder):
    quick = {"training": {"epochs": 3}, "unlearning": {"epochs": 2, "relearn_epochs": 2}}
    (folder / "all.json").write_text(json.dumps(quick))
    _, table, out = written("unlearn", "--data", "wine.csv", "--recipe", "all.json", "--seeds", "1")
    asked = {"salun", "neggrad_plus", "repair_all_layers", "repair_random_layer"}  # compared where they are asked for
    assert table["method"].tolist() == [name for name in METHODS if name not in asked]
    assert "10 rows" in out


def test_a_recipe_holds_what_is_forgotten_and_how(written):
    values, table, _ = written("unlearn", "--data", "wine.csv", "--recipe", "plan.json")
    for group in ("forget", "unlearning"):
        assert {name: values["recipe"][group][name] for name in PLAN[group]} == PLAN[group]
    assert list(zip(table["seed"], table["method"], strict=True)) == [
        (seed, method) for seed in (5, 6) for method in ("cf_k", "original")
    ]
    assert (values["recipe"]["seed"], values["epochs_trained"]) == (3, 4)


def test_options_change_the_recipe_of_unlearning(written):
    options = ("--forget-share", "0.3", "--methods", "fine_tune", "--seeds", "1", "--epochs", "1", "--k", "1")
    values, table, _ = written("unlearn", "--data", "wine.csv", "--recipe", "plan.json", *options, "--seed", "8")
    found = values["recipe"]
    assert (found["forget"]["by"], found["forget"]["share"]) == ("share", 0.3)
    assert found["unlearning"] | {
        "methods": ["fine_tune"], "seeds": 1, "seed": 8, "epochs": 1, "last_layers": 1, "relearn_epochs": 3,
    } == found["unlearning"]  # fmt: skip
    assert (found["seed"], table["seed"].tolist(), table["method"].tolist()) == (8, [8], ["fine_tune"])


def test_epochs_k_and_seed_change_what_they_are_of(written):
    start = (*UNLEARN, "--methods", "original,eu_k,fine_tune")

    def losses(*options):
        _, table, _ = written(*start, *options)
        return dict(zip(table["method"], table["retain_loss"], strict=True))

    first, longer, deeper, other = losses(), losses("--epochs", "9"), losses("--k", "2"), losses("--seed", "4")
    assert {name for name in first if first[name] != longer[name]} == {"fine_tune"}
    assert {name for name in first if first[name] != deeper[name]} == {"eu_k"}
    assert {name for name in first if first[name] != other[name]} == set(first)


@pytest.mark.slow
def test_without_data_both_are_of_the_sample(written, folder):
    (folder / "short.json").write_text(json.dumps(merged(SETTINGS, training={"epochs": 1})))
    digest = hashlib.sha256(SAMPLE.read_bytes()).hexdigest()
    for command in (("unlearn", *FEW), ("relearn",)):
        values, _, _ = written(*command, "--recipe", "short.json")
        assert values["data_sha256"] == digest
        assert values["recipe"]["data"]["source"] == "sample"


# Custom methods.

OWN_FILE = '''
import os, signal, sys
import torch
from forgetting import method

@method
def nothing_left(task):
    """All weights of the last layer are 0."""
    model = task.copy()
    with torch.no_grad():
        for parameter in list(model.children())[-1].parameters():
            parameter.zero_()
    return model

@method
def fails(task):
    """It fails."""
    raise ValueError("of a reason of its own")

@method
def stops(task):
    """The user stops it."""
    signal.raise_signal(signal.SIGINT)

@method
def leaves(task):
    """It leaves the interpreter."""
    sys.exit(0)
'''


@pytest.fixture
def own_file(tmp_path, monkeypatch, own_methods):  # noqa: ARG001
    path = tmp_path / "my methods.py"
    path.write_text(OWN_FILE)
    monkeypatch.setenv(METHODS_VARIABLE, str(path))
    return path


@pytest.mark.usefixtures("own_file")
def test_a_custom_method_is_compared(written, folder):
    values, table, out = written(*UNLEARN, "--methods", "nothing_left,original", "--forget-class", "port")
    split = prepare(Recipe.from_dict(values["recipe"]), read_reviews(folder / "wine.csv"))
    own = table.set_index("method").loc["nothing_left"]
    assert split.classes[0] == "port"
    for part, rows in (("validation", split.validation.rows), ("forget", None), ("retain", None)):
        # Equal scores of all classes: the first is predicted, and the loss is ln 3.
        labels = {"forget": ["port"], "retain": ["red"]}.get(part) or [split.reviews.labels[row] for row in rows]
        assert own[f"{part}_accuracy"] == pytest.approx(labels.count("port") / len(labels))
        assert own[f"{part}_loss"] == pytest.approx(np.log(3), rel=1e-6)
    assert any(line.startswith("nothing_left ") for line in out.splitlines())


@pytest.mark.usefixtures("own_file")
def test_a_method_that_fails_leaves_the_others(written):
    _, table, out = written(*UNLEARN, "--methods", "original,fails,eu_k")
    table = table.set_index("method")
    reason = "the method failed: ValueError: of a reason of its own"
    assert table.loc["fails", [name for name in table.columns if name.endswith("_accuracy")][:3]].isna().all()
    assert reason in table.loc["fails", "missing"]
    assert table.loc[["original", "eu_k"], "forget_accuracy"].notna().all()
    assert reason in out
    (line,) = (line for line in out.splitlines() if line.startswith("fails "))
    assert set(line.split()[1:]) == {"missing"}


@pytest.mark.usefixtures("own_file")
def test_a_method_that_leaves_the_interpreter_is_no_success(call):
    """A method that calls sys.exit(0) must not end the comparison as if all were well."""
    status, out, _ = call(*UNLEARN, "--methods", "original,leaves,eu_k", "--out", "left.csv")
    assert status != 0 or "3 rows in left.csv" in out


@pytest.mark.usefixtures("own_file")
@pytest.mark.parametrize("kind", KINDS[:2])
def test_rows_of_unlearning_are_kept_where_the_user_stops(call, folder, kind):
    status, out, err = call(*UNLEARN, "--methods", "original,eu_k,stops,fine_tune", "--out", f"stopped.{kind}")
    assert (status, out) == (130, "")
    assert "Traceback" not in err
    path = folder / f"stopped.{kind}"
    assert read_rows(path)["method"].tolist() == ["original", "eu_k"]
    assert int(read_about(path)["rows_planned"]) == 4


@pytest.mark.usefixtures("own_file")
def test_a_file_is_left_alone_where_nothing_is_done(call, folder):
    (folder / "kept.csv").write_text("what was here")
    status, out, _ = call(*UNLEARN, "--methods", "stops,original", "--out", "kept.csv")
    assert (status, out) == (130, "")
    assert (folder / "kept.csv").read_text() == "what was here"


BROKEN = {
    "syntax": "def f(:\n",
    "a name that is taken": (
        "from forgetting import method\n@method\ndef eu_k(task):\n    'Mine.'\n    return task.copy()\n"
    ),
}


@pytest.mark.parametrize("name", [*BROKEN, "missing file"])
def test_a_broken_file_of_methods_is_one_line(call, tmp_path, monkeypatch, folder, name):
    path = tmp_path / "broken.py"
    if name != "missing file":
        path.write_text(BROKEN[name])
    monkeypatch.setenv(METHODS_VARIABLE, str(path))
    known = dict(METHODS)
    status, out, err = call(*UNLEARN, *FEW, "--out", "broken.csv")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"Error: {METHODS_VARIABLE} must name Python files or modules")
    assert "broken.py" in err
    assert "Traceback" not in err
    assert known == METHODS
    assert not (folder / "broken.csv").exists()


# Relearning.


@pytest.mark.slow
def test_rows_of_relearning_are_those_of_the_library_in_every_format(call, folder):
    options = ("--layers", "fc2", "--layers", "fc1,fc2", "--schemes", "reinit,zero", "--doses", "0,0.5,1")
    for kind in KINDS:
        status, out, err = call(*RELEARN, *options, "--seeds", "2", "--share", "0.9", "--out", f"relearned.{kind}")
        assert status == 0, err
        assert out.endswith(f"24 rows in relearned.{kind}\n")
        assert "Training" in err
        assert "Variants" in err
    plan = {"layers": ["fc2", "fc1+fc2"], "schemes": ["reinit", "zero"], "doses": [0, 0.5, 1], "seeds": 2, "share": 0.9}
    recipe = recipe_of(folder, merged(SETTINGS, relearning=plan))
    split = prepare(recipe, read_reviews(folder / "wine.csv"))
    expected = run_relearning(train(recipe, split), split, recipe)
    carried_out = expected.recipe.for_training().to_dict() | {"relearning": recipe.relearning.to_dict()}
    about = {"data_sha256": recipe.data.sha256, "epochs_trained": 6, "rows_planned": 24}
    same_files(folder, "relearned", expected.frame, carried_out, **about)


def test_a_table_of_relearning_is_shown(call):
    status, out, err = call(*RELEARN, "--out", "shown.csv")
    assert status == 0
    rows = pd.read_csv("shown.csv")
    before, majority = rows["accuracy_before"][0], rows["majority"][0]
    lines = table_of(out).splitlines()
    assert lines[0] == (
        f"Validation accuracy {before:.4f}; chance 0.3333, majority class {majority:.4f}. "
        f"To be reached on the validation part: {0.95 * before:.4f}"
    )
    assert [line.split()[:3] for line in lines[3:5]] == [["fc2", "zero", "0"], ["fc2", "zero", "1"]]
    assert "Training" not in out
    assert "Variants" not in out
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ((), {}),
        (("--seeds", "1", "--seed", "9", "--epochs", "2"), {"seeds": 1, "seed": 9, "epochs": 2}),
        (
            ("--layers", "fc2,fc1", "--schemes", "zero", "--schemes", "permute", "--doses", "1,0.5", "--share", "0.75"),
            {"layers": ["fc2+fc1"], "schemes": ["zero", "permute"], "doses": [0.5, 1.0], "target_share": 0.75},
        ),
    ],
)
def test_options_change_the_recipe_of_relearning(written, options, changes):
    values, table, _ = written("relearn", "--data", "wine.csv", "--recipe", "plan.json", *options)
    plan = values["recipe"]["relearning"]
    wanted = PLAN["relearning"] | changes
    assert {name: plan[name] for name in wanted} == wanted
    assert values["recipe"]["seed"] == changes.get("seed", PLAN["seed"])
    assert table["seed"].tolist()[0] == plan["seed"]
    assert len(table) == values["rows_planned"]


def test_the_target_is_a_share_of_what_was_reached(written):
    _, table, _ = written(*RELEARN, "--share", "0.5", "--epochs", "4")
    assert table["target"].tolist() == pytest.approx((0.5 * table["accuracy_before"]).tolist())
    assert set(table["epochs"]) == {4}
    assert table["steps"].dropna().max() <= 4  # full batches


@pytest.mark.parametrize("kind", KINDS[1:])
def test_rows_of_relearning_are_kept_where_the_user_stops(call, folder, monkeypatch, kind):
    def stopping(*arguments):
        for count, rows in enumerate(filter(None, savings_slices(*arguments))):
            if count == 2:
                signal.raise_signal(signal.SIGINT)
            yield rows

    monkeypatch.setattr("forgetting.cli.commands.savings_slices", stopping)
    path = folder / f"stopped relearning.{kind}"
    status, out, err = call(*RELEARN, "--doses", "0,0.5,1", "--out", path.name)
    assert (status, out) == (130, "")
    assert "Traceback" not in err
    assert read_rows(path)["dose"].tolist() == [0.0, 0.5]


# What is refused.

BAD = {  # one of each kind, and what the line must say; what decides has tests of its own
    "unknown class": (("--forget-class", "Port"), ["forget.label", "'Port'", "'port', 'red', 'white'", "Choose"]),
    "no number": (("--forget-share", "half"), ["--forget-share", "'half'"]),
    "nothing to forget": (("--forget-share", "0"), ["something to forget", "share of 0", "Raise forget.share"]),
    "nothing to retain": (("--forget-share", "1"), ["left to learn from", "share of 1", "Forget fewer"]),
    "unknown key": (("--forget-reviews", "0123456789ab"), ["forget.reviews", "'0123456789ab'", "choose"]),
    "two kinds": (("--forget-class", "red", "--forget-share", "0.5"), ["Only one", "got 2", "Leave out"]),
    "unknown method": (("--methods", "forget_it"), ["unlearning.methods", "'forget_it'", "eu_k", METHODS_VARIABLE]),
    "no method": (("--methods", ","), ["unlearning.methods", "Choose some"]),
    "k too large": (("--k", "3"), ["unlearning.last_layers", "fc1, fc2", "got 3", "Lower it"]),
    "seeds that run out of range": (("--seed", str(2**32 - 1), "--seeds", "2"), ["unlearning.seed", "Lower"]),
    "unknown setting": (("--recipe", "unknown.json"), ["unlearning.epoch", "spelling"]),
    "recipe without reviews": (("--recipe", "no-reviews.json"), ["something to forget", "Choose at least one"]),
    "published": (("--recipe", "published.json"), ["published protocol", "Use the modern protocol"]),
    "missing folder": (("--out", "nowhere/rows.csv"), ["--out", "'nowhere'", "Make it first"]),
}
BAD_RELEARNING = {
    "unknown layer": (("--layers", "fc9"), ["relearning.layers", "fc9", "fc1, fc2"]),
    "dose above 1": (("--doses", "0,1.5"), ["relearning.doses", "1.5"]),
    "share 0": (("--share", "0"), ["relearning.target_share", "0.0", "0.01"]),
    "no epochs": (("--epochs", "0"), ["relearning.epochs", "0", "1"]),
    "too many variants": (
        ("--seeds", "1000", "--doses", "1001"),
        ["Relearning must", "50,000", "1,001,000", "Reduce the doses"],
    ),
    "published": (("--recipe", "published.json"), ["published protocol", "Use the modern protocol"]),
}
SWEEP = ("sweep", "--data", "wine.csv", "--recipe", "quick.json")
BAD_SWEEPS = {
    "an unknown class": (("--forget-class", "rosé"), ["forget.label must be one of the classes", "got 'rosé'"]),
    "two kinds of forget set": (("--forget-class", "red", "--forget-share", "0.1"), ["Only one of --forget-class"]),
    "several splits": (("--forget-class", "red", "--splits", "2"), ["sweep.splits must be 1", "got 2. Lower it."]),
    "changes": (
        ("--forget-class", "red", "--match", "change"),
        ["sweep.match must have its default", "got change"],
    ),
    "one review": (("--forget-share", "0.03"), ["at least 2 reviews of each set; the forget set has 1, the retain"]),
}
CASES = {
    **{f"sweep: {name}": (SWEEP, *case) for name, case in BAD_SWEEPS.items()},
    **{f"unlearn: {name}": (UNLEARN, *case) for name, case in BAD.items()},
    **{f"relearn: {name}": (RELEARN, *case) for name, case in BAD_RELEARNING.items()},
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said_in_one_line_before_training(refused, name):
    command, options, words = CASES[name]
    err = refused(*command, "--out", "never.csv", *options)
    for word in words:
        assert word in err


@pytest.mark.parametrize("command", ["unlearn", "relearn"])
def test_a_file_for_the_rows_is_required(call, command):
    assert call(command, "--data", "wine.csv") == (2, "", "Error: Missing option '--out'.\n")


def test_explain_writes_the_librarys_rows_and_says_which_methods_change_with_the_model(call, folder):
    options = ("--methods", "gradient_input,occlusion", "--layers", "down", "--doses", "0,1", "--seeds", "2")
    status, out, err = call("explain", "--data", "wine.csv", *options, "--recipe", "quick.json", "--out", "e.csv")
    assert status == 0, err
    recipe, split = Recipe.from_dict(SETTINGS), prepare(Recipe.from_dict(SETTINGS), read_reviews(folder / "wine.csv"))
    trained = train(recipe, split)
    plan = Explanation(("gradient_input", "occlusion"), layers=("down",), doses=(0.0, 1.0), seeds=2)
    result = run_explanation(trained.model, split, plan, recipe=recipe, initial=trained.initial)
    rows = pd.read_csv(folder / "e.csv")
    assert len(rows) == len(result.rows) == rows["rows_planned"].iloc[0] == 2 * 2 * 2 * 2 * len(REFERENCES)
    for name in ("rank_correlation", "absolute_rank_correlation", "complexity_rise", "agreement"):
        np.testing.assert_allclose(rows[name], result.frame[name], rtol=1e-12, equal_nan=True)
    for one in conclude_sanity_check(result):
        line = next(line for line in out.splitlines() if line.split()[:2] == [one.layers, one.attribution])
        assert f"{one.left.change:.4f}" in line
    assert "so there is nothing learnt to explain" in out  # of 9 validation reviews


# Help.

READING = (
    "text label header skip-lines quotes leave-out-bad-rows encoding line-encodings sheet missing fold-labels "
    "no-fold-labels quantile-classes words"
)
OPTIONS = {
    "explain": f"data {READING} save-experiment log-run mlflow recipe set model "
    "methods layers scheme doses seeds top seed jobs dask out help",
    "unlearn": f"data {READING} save-experiment log-run mlflow recipe set model "
    "forget-class forget-share forget-reviews methods seeds epochs k seed out help",
    "relearn": f"data {READING} save-experiment log-run mlflow recipe set model "
    "layers schemes doses seeds share epochs splits retrain one-model seed curves out help",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_help_lists_every_option_and_what_it_takes(call, command):
    status, out, err = call(command, "--help")
    assert (status, err) == (0, "")
    starts = {word.rstrip(",") for line in out.splitlines() for word in line.split()[:3] if word.startswith("--")}
    assert starts == {f"--{name}" for name in OPTIONS[command].split()}
    text = " ".join(out.split())
    for name in METHODS if command == "unlearn" else (*SCHEMES, *FAMILIES):
        assert name in text
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.slow
def test_help_of_a_fresh_process_lists_custom_methods(folder, own_file):
    done = in_a_process(folder, "unlearn", "--help", env={METHODS_VARIABLE: str(own_file)})
    assert done.returncode == 0
    assert "scrub" in done.stdout
    assert "nothing_left" in done.stdout


OWN_STUDY = """
import torch
from torch import nn

INPUTS = torch.linspace(-1, 1, 40).reshape(20, 2)
TARGETS = (INPUTS[:, 0] > 0).long()


def make():
    model = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 2))
    for value in model.parameters():
        value.data = torch.linspace(-1, 2, value.numel()).reshape(value.shape)
    initial = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    return {"model": model, "evaluate": lambda model: (model(INPUTS), TARGETS), "initial": initial}


def make_nothing():
    return 3


def make_of(size):
    return size


def make_badly():
    import no_such_package
"""


@pytest.mark.slow
def test_a_study_of_a_persons_own_file(call, tmp_path):
    (tmp_path / "own_file.py").write_text(OWN_STUDY)
    (tmp_path / "needs.py").write_text("import no_such_package\n")
    (tmp_path / "random.py").write_text("import own_file\nmake = own_file.make\n")  # beside it, under a taken name
    assert load_study(f"{tmp_path / 'random.py'}:make").keys() == {"model", "evaluate", "initial"}
    import random

    assert random.random() < 1  # is still Python's
    out = tmp_path / "rows.parquet"
    options = ("--layers", "each", "--schemes", "rewind", "--doses", "3", "--seeds", "2", "--out", str(out))
    status, text, _ = call("study", str(tmp_path / "own_file.py:make"), *options)
    assert status == 0
    found = read_study(out)
    assert found.planned == len(found.rows) == 2 * 3 * 2
    assert [one.layer for one in found.robustness()] == ["0", "1"]
    for one in found.robustness():
        assert f"{one.reinitialized:.4f}" in text
    for place, message in (
        ("own_file.py:make_nothing", "it gave 'int'"),
        ("own_file.py:none", "must be a function; .* has none of the name 'none'"),
        ("own_file.py:make_of", r"Calling make_of\(\) .* raised TypeError: .* missing 1 required"),
        (
            "own_file.py:make_badly",
            r"Calling make_badly\(\) .* raised ModuleNotFoundError: No module",
        ),
        ("own_file.py", "module:function"),
        ("no_such_file.py:make", "Importing .* raised FileNotFoundError: .*No such file"),
        ("needs.py:make", "Importing .* raised ModuleNotFoundError: No module named 'no_such_package'"),
    ):
        with pytest.raises(RecipeError, match=message):
            load_study(str(tmp_path / place))
