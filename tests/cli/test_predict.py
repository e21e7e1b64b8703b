"""`forgetting predict`: texts of options, lines and tables, beside a randomized model, and what is refused."""

import io
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from commands import (
    call_in_this_process,  # noqa: F401
    call_that_writes_rows,  # noqa: F401
    refused_before_training,  # noqa: F401
)
from safetensors.numpy import save

from forgetting import Randomization, load_model, load_sample, make_predictor, save_model
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.pretrained import load_pretrained
from forgetting.recipe.recipe import MODERN

TEXTS = ("cherry plum glass", "", "lemon zzz")
LINES = "cherry plum glass\r\n\r\nlemon zzz\r\n"


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    """A saved model, one of an earlier version, and texts in several files."""
    folder = tmp_path_factory.mktemp("predict")
    recipe = MODERN.with_value("training.epochs", 5)
    split = prepare(recipe, small_reviews)
    trained = train(recipe, split)
    save_model(folder / "m.safetensors", recipe, split, trained)
    state = {name: np.ascontiguousarray(value) for name, value in trained.model.state_dict().items()}
    source = replace(recipe, data=replace(recipe.data, source="file", file="wine.csv"))
    (folder / "old.safetensors").write_bytes(save(state, {"recipe": source.to_json(), "epochs": "5"}))
    (folder / "lines.txt").write_bytes(LINES.encode())
    (folder / "utf16.txt").write_bytes(LINES.encode("utf-16"))
    (folder / "empty.txt").touch()
    rows = zip(small_reviews.texts, small_reviews.labels, strict=True)
    (folder / "wine.csv").write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    (folder / "numbers.csv").write_text("a,b\n1,2\n3,4\n")
    return folder


def test_json_holds_what_the_library_predicts(call, folder):
    options = ("--model", "m.safetensors", *(part for text in TEXTS for part in ("--text", text)))
    status, out, err = call("predict", *options, "--layers", "fc1", "--fraction", "0.5", "--scheme", "zero", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out, parse_constant=pytest.fail)
    saved = load_model(folder / "m.safetensors")
    expected = saved.predictor().predict(TEXTS, Randomization(("fc1",), 0.5, "zero"))
    assert found.pop("model") == {"file": "m.safetensors", "sha256": saved.digest}
    assert found == expected.to_dict()
    assert found["predictions"][2]["unknown_words"] == ["zzz"]
    status, alone, _ = call("predict", *options, "--json")
    assert all("randomized" not in row for row in json.loads(alone)["predictions"])


def test_the_sample_s_model_is_taken_where_none_is_named(call):
    pretrained = load_pretrained()
    predictor = make_predictor(pretrained.recipe, pretrained.split, pretrained.trained)
    text = load_sample().texts[3]
    status, out, _ = call("predict", "--text", text, "--json")
    values = json.loads(out)["predictions"][0]["original"]
    assert (status, values["class"]) == (0, predictor.predict([text]).original.labels[0])


@pytest.mark.parametrize("file", ["lines.txt", "utf16.txt", "-"])
def test_lines_are_texts_in_their_order(call, monkeypatch, file):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LINES.encode())))
    status, out, _ = call("predict", "--model", "m.safetensors", "--data", file, "--json")
    assert (status, [row["text"] for row in json.loads(out)["predictions"]]) == (0, list(TEXTS))


def test_a_table_is_predicted_row_by_row(written, folder, small_reviews):
    about, rows, out = written("predict", "--model", "m.safetensors", "--data", "wine.csv", "--fraction", "0.3")
    assert list(rows["text"]) == list(small_reviews.texts)
    assert list(rows["row"]) == list(range(1, 55))
    assert about["largest_class"] == "red"
    assert about["recipe"]["randomization"]["fraction"] == 0.3
    expected = load_model(folder / "m.safetensors").predictor().predict(small_reviews.texts)
    assert list(rows["original_class"]) == list(expected.original.labels)
    assert "largest class red 0.3714 of the training reviews" in out
    assert "and 34 more: --out writes them all" in out
    assert f"{int(rows['flipped'].sum())} of 54 predictions flipped" in out


def test_of_one_text_sentences_and_all_probabilities_are_shown(call):
    options = ("--model", "m.safetensors", "--layers", "fc2", "--scheme", "zero")
    status, out, _ = call("predict", *options, "--text", "lemon \x1b[31m apple zzz")
    assert status == 0
    assert "knows 2 of the 3 different words of this text. It does not see “zzz”" in out or "31m" in out
    assert "\x1b" not in out
    assert "All classes are equally probable to the randomized model" in out
    assert "is the sum of" in out or "did not flip" in out
    assert all(f"\n{label} " in out for label in ("port", "red", "white"))


def test_a_model_of_an_earlier_version_predicts_with_its_reviews(call, folder):
    status, out, _ = call(
        "predict", "--model", "old.safetensors", "--reviews", "wine.csv", "--text", "cherry", "--json"
    )
    new = load_model(folder / "m.safetensors").predictor().predict(["cherry"])
    values = json.loads(out)["predictions"][0]["original"]["probabilities"]
    assert status == 0
    assert list(values.values()) == pytest.approx(new.original.probabilities[0].tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Texts come from --text, which may be repeated, or from --data; got neither"),
        (("--text", "a", "--data", "lines.txt"), "got both. Leave one of them out"),
        (("--data", "none.txt"), "none.txt"),
        (("--data", "empty.txt"), "empty.txt: There must be one text a line; it is empty"),
        (("--data", "numbers.csv"), "A text column must hold 3 words or more"),
        (("--data", "wine.csv", "--column", "review"), "A chosen column must be in the table; 'review' is not"),
        (("--data", "lines.txt", "--encoding", "latin"), "reading.encoding must be one of"),
        (("--text", "a", "--layers", "fc9"), "got 'fc9'"),
        (("--text", "a", "--layers", ""), "--layers must be 'all' or names of layers; it is empty"),
        (("--text", "a", "--column", "x"), "--column is for a table or file of --data"),
        (("--data", "lines.txt", "--sheet", "x"), "--sheet is for a table of --data"),
        (("--text", "a", "--reviews", "wine.csv"), "--reviews is for the model of --model"),
        (("--text", "a", "--fraction", "2"), "randomization.fraction must be a number from 0 to 1"),
        (("--text", "a", "--out", "rows.txt"), "--out must end with .csv, .parquet, .json"),
        (("--text", "a", "--model", "lines.txt"), "lines.txt cannot be loaded as a saved model"),
        (("--text", "a", "--model", "old.safetensors"), "Give the file that it was trained on ('wine.csv'; --reviews)"),
    ],
)
def test_what_cannot_be_predicted_is_one_line(refused, options, message):
    assert message in refused("predict", *options)
