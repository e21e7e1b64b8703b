"""How options become a recipe and a plan, and what is refused before anything is computed."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from commands import write_recipes, write_reviews

from forgetting.cli.options import (
    check_out,
    describe_offer,
    dose_list,
    forget_settings,
    load_reviews,
    make_recipe,
    plan_settings,
    study_recipe,
    write_or_rescue,
)
from forgetting.core.errors import DataError, RecipeError
from forgetting.data.sample import load_sample
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    """The small reviews, and recipes that are right and wrong."""
    folder = tmp_path_factory.mktemp("options")
    write_reviews(folder / "wine.csv", small_reviews, small_reviews.labels)
    recipes = {
        "quick.json": {"training": {"epochs": 5}},
        "word.json": {"randomization": {"layers": ["fc1"], "unit": "word"}},
        "published.json": {"protocol": "published"},
        "forget.json": {"forget": {"seed": 3, "by": "class", "label": "red"}},
        "list.json": [1],
        "unknown.json": {"training": {"epoch": 5}},
    }
    write_recipes(folder, recipes)
    (folder / "broken.json").write_text("{")
    (folder / "huge.json").write_text('{"randomization": {"fraction": 1' + "0" * 400 + "}}")
    (folder / "binary.json").write_bytes(b"\xff\xfe\x00\x80")
    return folder


OPTIONS = ("layers", "fraction", "scheme", "unit", "seed", "text", "label")


def made(folder, recipe: str = "", protocol: str | None = None, **options) -> Recipe:
    return make_recipe(folder / recipe if recipe else None, protocol, dict.fromkeys(OPTIONS) | options)


def test_options_change_the_recipe_and_nothing_else(folder):
    assert made(folder) == MODERN
    changed = made(folder, "quick.json", "modern", layers="fc1,fc2", fraction=0.25, scheme="permute", unit="neuron")
    chosen = {"layers": ["fc1", "fc2"], "fraction": 0.25, "scheme": "permute", "unit": "neuron"}
    assert changed == Recipe.from_dict({"training": {"epochs": 5}, "randomization": chosen})
    assert made(folder, "word.json", layers="all", unit="weight") == MODERN
    columns = made(folder, text="Review_content", label="Type_of_wine").data
    assert (columns.text_column, columns.label_column) == ("Review_content", "Type_of_wine")


def test_options_of_reading_change_the_settings_that_the_page_changes(folder):
    read = made(
        folder, header="no", skip_lines=2, quotes="plain", leave_out_bad_rows=True, line_encodings=True, sheet="B",
        encoding="cp1250", missing="NA,?", fold_labels=False, quantile_classes=4, words="words",
    )  # fmt: skip
    changed = {name: read.value(name) for name in Recipe.leaves() if read.value(name) != MODERN.value(name)}
    assert changed == {
        "reading.header": "no",
        "reading.skip_lines": 2,
        "reading.quotes": "plain",
        "reading.leave_out_bad_rows": True,
        "reading.encoding": "cp1250",
        "reading.line_encodings": True,
        "reading.sheet": "B",
        "data.missing": ("NA", "?"),
        "data.fold_labels": False,
        "data.quantile_classes": 4,
        "split.words": "words",
    }
    assert made(folder, missing="").data.missing == ()


def test_the_option_that_would_mend_an_error_is_named():
    offers = {
        ("reading.leave_out_bad_rows", True): " Try --leave-out-bad-rows.",
        ("data.quantile_classes", 5): " Try --quantile-classes 5.",
        ("data.missing", ("NA", "?")): " Try --missing NA,?.",
        ("data.missing", ()): " Try --missing ''.",
        ("training.epochs", 5): "",
        None: "",
    }
    assert {offer: describe_offer(DataError("No.", offer=offer)) for offer in offers} == offers


def test_what_was_done_to_the_labels_is_said(tmp_path, capsys):
    labels = ["Red", "red ", "NA", "white"] * 3
    (tmp_path / "wine.csv").write_text("text,label\n" + "".join(f"a red plum {n},{x}\n" for n, x in enumerate(labels)))
    _, reviews = load_reviews(tmp_path / "wine.csv", MODERN.with_value("data.missing", ("NA",)))
    assert reviews.counts == {"Red": 6, "white": 3}
    said = capsys.readouterr().err
    assert "3 rows left out: label is one of the words that mean missing: NA." in said
    assert "“Red” (3), “red ” (3) are “Red”" in said


def test_a_seed_is_of_training_and_randomizing_but_not_of_the_split(folder):
    seeded = made(folder, seed=9)
    assert (seeded.seed, seeded.randomization.seed, seeded.split.seed) == (9, 9, 0)
    assert made(folder, protocol="published", seed=4) == PUBLISHED.with_value("seed", 4)


REFUSED = {
    "missing file": ({"recipe": "nowhere.json"}, "--recipe must be a readable JSON file"),
    "folder": ({"recipe": "."}, "--recipe must be a readable JSON file"),
    "no JSON": ({"recipe": "broken.json"}, "--recipe must be a readable JSON file"),
    "binary": ({"recipe": "binary.json"}, "--recipe must be a readable JSON file"),
    "list": ({"recipe": "list.json"}, "recipe"),
    "number without end": ({"recipe": "huge.json"}, "randomization.fraction"),
    "unknown setting": ({"recipe": "unknown.json"}, "training.epoch"),
    "unknown scheme": ({"scheme": "shuffle"}, "randomization.scheme"),
    "published with layers": (
        {"protocol": "published", "layers": "fc1", "fraction": 0.5},
        "randomizes every layer as published; got --layers --fraction. Leave it out",
    ),
    "published by its recipe": ({"recipe": "published.json", "unit": "word"}, "got --unit. Leave it out"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_recipe_is_refused(folder, name):
    options, words = REFUSED[name]
    with pytest.raises(RecipeError, match=words):
        made(folder, **options)


def test_options_of_a_study_change_its_plan():
    options = {"layers": ("fc2,fc1", "each"), "schemes": ("zero,noise", "permute"), "units": (), "doses": "3"}
    options |= {"seeds": 0, "seed": None, "share": 0.5}
    assert plan_settings(options, seeds="seeds", seed="seed", share="target_share") == {
        "layers": ["fc2+fc1", "each"],
        "schemes": ["zero", "noise", "permute"],
        "doses": [0.0, 0.5, 1.0],
        "seeds": 0,
        "target_share": 0.5,
    }
    assert plan_settings({"methods": ("scrub,original", "scrub")}) == {"methods": ["scrub", "original", "scrub"]}
    assert plan_settings({"layers": (), "methods": (",",), "doses": None}) == {"methods": []}


@pytest.mark.parametrize(
    ("text", "doses"),
    [
        ("2", [0.0, 1.0]),
        ("5", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("1.0", [1.0]),
        ("0.5,0,0.1", [0.5, 0.0, 0.1]),
        ("1e-3, 1", [0.001, 1.0]),
        ("0,1.5", [0.0, 1.5]),  # for the plan to refuse
        ("", []),
    ],
)
def test_doses_are_a_number_or_a_list(text, doses):
    assert dose_list(text) == doses


@pytest.mark.parametrize("text", ["0", "1", "1002", "9" * 5_000])
def test_a_number_of_doses_has_bounds(text):
    with pytest.raises(RecipeError, match=r"^--doses must be a number from 2 to 1,001, or a list of fractions; got"):
        dose_list(text)


def test_doses_in_words_are_refused():
    with pytest.raises(RecipeError, match=r"^--doses must be .* fractions from 0 to 1 such as 0,0.1,0.5; got 'few'.$"):
        dose_list("few")


def forget(**options) -> dict:
    return forget_settings({"forget_class": None, "forget_share": None, "forget_reviews": ()} | options)


def test_options_choose_the_forget_set(folder):
    assert forget() == {}
    plain = {"by": "class", "label": "", "share": 0.1, "reviews": []}
    assert forget(forget_class="") == plain
    keys = ("a" * 12 + "," + "b" * 12, "c" * 12)
    assert forget(forget_reviews=keys) == plain | {"by": "reviews", "reviews": [key * 12 for key in "abc"]}
    assert forget(forget_reviews=(",",))["reviews"] == []
    options = dict.fromkeys(("text", "label", "seed"))
    recipe = study_recipe(folder / "forget.json", options, forget=forget(forget_share=0.5))
    assert recipe.forget.to_dict() == plain | {"by": "share", "share": 0.5, "seed": 3}


@pytest.mark.parametrize("options", [("class", "share"), ("class", "reviews"), ("share", "reviews", "class")])
def test_only_one_kind_of_forget_set_is_taken(options):
    values = {"class": "red", "share": 0.0, "reviews": ("0" * 12,)}
    words = f"Only one of --forget-class, --forget-share and --forget-reviews can be used; got {len(options)}. Leave"
    with pytest.raises(RecipeError, match=words):
        forget(**{f"forget_{name}": values[name] for name in options})


def test_reviews_of_a_file_and_their_recipe(folder):
    recipe, reviews = load_reviews(folder / "wine.csv", MODERN)
    digest = hashlib.sha256((folder / "wine.csv").read_bytes()).hexdigest()
    assert (recipe.data.source, recipe.data.file, recipe.data.sha256) == ("file", "wine.csv", digest)
    assert len(reviews.texts) == 54
    other = Recipe.from_dict({"data": {"sha256": "a" * 64}})
    assert load_reviews(folder / "wine.csv", other)[0].data.sha256 == "a" * 64  # for the pipeline to refuse


def test_without_a_file_they_are_of_the_recipes_source(monkeypatch):
    recipe, reviews = load_reviews(None, MODERN)
    assert (recipe, reviews.texts) == (MODERN, load_sample().texts)
    _, other = load_reviews(None, MODERN.with_value("data.missing", ("Rosé",)))
    assert set(reviews.labels) - set(other.labels) == {"Rosé"}
    with pytest.raises(RecipeError, match=r"The recipe is for the file 'my\.csv': name it with --data\."):
        load_reviews(None, Recipe.from_dict({"data": {"source": "file", "file": "my.csv"}}))

    def offline():
        raise DataError("offline")

    monkeypatch.setattr("forgetting.cli.options.download_wine_reviews", offline)
    with pytest.raises(DataError, match="offline"):  # the sample is never taken for the original file
        load_reviews(None, PUBLISHED)


def test_a_file_for_rows_is_checked_first(tmp_path):
    for name in ("rows.csv", "rows.PARQUET", "rows.json"):
        check_out(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    wrong = {
        "rows.xlsx": "must end with .csv, .parquet, .json; got 'rows.xlsx'. Choose",
        "rows": "must end with .csv, .parquet, .json; got 'rows'",
        "folder.csv": "is a folder. Give another name",
        "nowhere/rows.csv": "there is no '.*nowhere'. Make it first",
    }
    for name, words in wrong.items():
        with pytest.raises(RecipeError, match=f"^--out .*{words}"):
            check_out(tmp_path / name)


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode == os.W_OK))
    with pytest.raises(RecipeError, match=f"can be written to; '{tmp_path}' cannot. Choose another"):
        check_out(tmp_path / "rows.csv")


def test_rows_that_find_no_room_are_written_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = tmp_path / "full" / "rows.csv"

    def write(path):
        if path == out:
            raise RecipeError("There is no room.")
        path.write_text("rows")

    with pytest.raises(RecipeError, match=r"^There is no room\. What was computed is in '.*rows\.csv'\.$") as refused:
        write_or_rescue(write, out)
    assert Path(str(refused.value).split("'")[1]).read_text() == "rows"

    def full(_):
        raise RecipeError("There is no room.")

    with pytest.raises(RecipeError, match=r"^There is no room\.$"):
        write_or_rescue(full, out)


def test_a_recipe_survives_its_json(folder):
    (folder / "again.json").write_text(json.dumps(made(folder, scheme="zero", seed=7).to_dict()))
    assert made(folder, "again.json") == made(folder, scheme="zero", seed=7)
