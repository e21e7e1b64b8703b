"""The Train page loads a saved model: its settings become the visitor's, and all that follows is the same."""

import json

import pytest
from app_pages import QUICK, app, go, metrics, own_file, page_text, press, run, upload, uploading
from safetensors.numpy import load, save

from forgetting.dashboard.state import models
from forgetting.dashboard.ui.chosen_file import MODEL_UPLOADER
from forgetting.experiment.saved import model_bytes
from forgetting.recipe.recipe import MODERN


def trained(test):
    """The page Train after training, the visitor's model, and the file that can be downloaded."""
    go(test, "overview")
    if any(found.key == "train_now" for found in test.button):
        test.button(key="train_now").click()
        run(test)
    go(test, "train")
    model = test.session_state.session.trained_model
    return test, model, model_bytes(model.recipe, model.split, model.trained)


def load_file(test, data: bytes, name: str = "m.safetensors"):
    test.file_uploader(key=MODEL_UPLOADER).upload(name, data)
    return run(test)


def test_a_model_of_the_sample_is_loaded_with_its_settings_in_one_step_and_gives_the_same_numbers():
    test, model, data = trained(
        app("train", **QUICK, **{"randomization.layers": "fc1", "randomization.scheme": "rewind"})
    )
    numbers = metrics(go(test, "forget"))
    other = app("train", **{"training.learning_rate": "0.02"})
    before = other.session_state.session.recipe
    load_file(other, data)
    mine = other.session_state.session
    assert mine.recipe == model.recipe != before
    assert "m.safetensors is loaded: 6 epochs, with its settings." in page_text(other)
    assert metrics(other)["Epoch"] == "6 / 6"
    assert mine.trained_model.digest
    assert mine.trained_model is mine.loaded_model
    assert models.model_key(mine.trained_model) != models.model_key(model), "the caches of others stay their own"
    assert metrics(go(other, "forget")) == numbers
    other.button(key="undo").click()
    assert run(other).session_state.session.recipe == before
    other.button(key="undo").click()
    assert run(other).session_state.session.trained_model.digest, "it is there again"
    press(go(other, "train"), "One step")
    assert not other.session_state.session.trained_model.digest


def test_a_model_of_an_upload_waits_for_its_file_and_then_goes_on():
    _, model, data = trained(uploading(own_file(column="kind"), "mine.csv", **{"data.label_column": "kind"}))
    sha256 = model.sha256
    other = load_file(app("train"), data)
    assert f"The model of m.safetensors waits for the reviews that it was trained on: 'mine.csv', SHA-256 {sha256}" in (
        page_text(other)
    )
    assert other.session_state.session.recipe == model.recipe
    go(other, "data")
    assert f"SHA-256 {sha256}" in page_text(other)
    upload(other, own_file("other"), "wrong.csv")
    assert other.session_state.session.saved_model, "another file takes nothing away"
    other.button(key="undo").click()
    run(other)
    upload(other, own_file(column="kind"), "under another name.csv")
    mine = other.session_state.session
    assert (mine.saved_model, mine.recipe.data.sha256) == (None, sha256)
    assert mine.recipe.split == model.recipe.split
    assert metrics(go(other, "forget")) == metrics(
        go(trained(uploading(own_file(column="kind"), **QUICK))[0], "forget")
    )


def test_what_cannot_be_loaded_is_refused_in_words_and_changes_nothing():
    test, _, data = trained(app("train", **QUICK))
    before = test.session_state.session
    recipe, model = before.recipe, before.trained_model
    about = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    about["recipe"] = about["recipe"].replace('"epochs":6', '"epochs":7')
    edited = save(dict(load(data)), about)
    earlier = save(
        {name: value for name, value in load(data).items() if name in model.trained.model.state_dict()},
        {"recipe": MODERN.with_value("split.min_df", 3).to_json(), "epochs": "6"},
    )
    for content, message in (
        (edited, "changed since then: recipe"),
        (data[:-1], "it must be whole"),
        (b"\x80\x04" + data, "a pickle"),
        (earlier, "A saved model has the words that its recipe makes of the reviews"),
    ):
        load_file(test, content)
        assert message in page_text(test)
        mine = test.session_state.session
        assert (mine.recipe, mine.trained_model, mine.loaded_model) == (recipe, model, None)


@pytest.mark.slow
def test_the_model_that_came_with_the_program_is_itself_again():
    test, _, data = trained(app("train"))
    load_file(test, data)
    assert models.is_pretrained(test.session_state.session.trained_model)
