"""Every page, run without a browser: what it says, what its controls change, and what it does with bad input."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from app_pages import (
    HOSTILE,
    MARKDOWN,
    MARKS,
    PAGES,
    QUICK,
    UNESCAPED,
    app,
    button,
    forget,
    go,
    live,
    metrics,
    overview,
    own_file,
    page_text,
    press,
    run,
    setting,
    slide,
    upload,
    uploading,
)
from streamlit.testing.v1 import AppTest

from forgetting.dashboard.state import data, work
from forgetting.dashboard.state.session import PREFIX, Session, TrainedModel
from forgetting.dashboard.studies import split_accuracy
from forgetting.dashboard.ui import navigation
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import LABELS
from forgetting.dashboard.ui.training_form import MARK
from forgetting.data import download
from forgetting.data.tables import read_table
from forgetting.experiment import published
from forgetting.experiment.pretrained import load_pretrained
from forgetting.recipe.recipe import MODERN
from forgetting.recipe.url import DEFAULTS, decode_query


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs_as_a_cold_link(page):
    test = app(page)
    assert len(test.page_link) >= len(PAGES)
    titles = [title for _, title, _ in navigation.PAGES.values()]
    assert [link.value for link in test.page_link][-len(titles) :] == titles


@pytest.mark.slow
def test_pages_run_one_after_the_other_and_back():
    test = app()
    for page in ("data", "train", "forget", "overview", "forget"):
        go(test, page)
    assert metrics(test) == metrics(forget(**test.query_params))


def test_the_overview_answers_at_once_with_the_baselines_beside():
    test = app()
    assert set(metrics(test)) == {"Validation accuracy", "Validation loss", "Forgetting", "Macro-F1"}
    assert all("→" in metrics(test)[name] for name in ("Validation accuracy", "Validation loss", "Macro-F1"))
    assert all(metric["baseline"] for metric in live(test)["metrics"])
    sentence = live(test)["now"]["sentence"]
    assert "a uniform guess reaches 9\u00a0%, always predicting the largest class 19\u00a0%" in sentence
    assert "synthetic" in page_text(test)
    assert len(test.get("plotly_chart")) == 2


def test_a_model_no_better_than_the_largest_class_is_called_so_on_every_page_first():
    rows = "".join(f"{'fine old wine ' * (1 + row % 3)},{'common' if row % 8 else 'rare'}\n" for row in range(80))
    test = uploading(f"text,label\n{rows}", **{"data.drop_duplicates": "0"})
    assert not test.warning, "no model is trained yet"
    button_of(go(test, "forget"), "train_now").click()
    run(test)
    for page in ("method", "data", "train", "overview", "relearn"):
        go(test, page)
        first = next(each for each in test.main.children.values() if each.type != "html")
        assert "do not show that the original is better than always predicting" in getattr(first, "value", ""), page
    now = live(go(test, "forget"))["now"]
    assert now["values"][2] == "undefined"
    assert "costs" not in now["sentence"]
    assert "cannot be called forgetting" in now["sentence"]
    assert not go(test, "story").warning, "the story shows the model of the sample"


def test_the_overview_of_a_small_file_says_the_accuracy_over_splits(monkeypatch):
    test = go(uploading(own_file(rows=63)), "overview")
    assert "lucky" not in page_text(test), "no model is trained yet"
    button_of(test, "train_now").click()
    run(test)
    assert "One split may be a lucky one" in page_text(test)
    found = split_accuracy.FOUND.values[-1]
    monkeypatch.setattr(split_accuracy, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(split_accuracy, "MOST_SECONDS", 0.0)
    while not found.rests:
        found.advance()
    assert not found.finished, "what takes long is not done unasked"
    button_of(run(test), "all_splits").click()
    run(test)
    while not found.rests:
        found.advance()
    mean = np.mean([each.accuracy for each in found.found])
    assert f"Over 10 splits of the reviews the same training reaches a validation accuracy of {100 * mean:.0f}" in (
        page_text(run(test))
    )


def button_of(test: AppTest, key: str):
    return next(found for found in test.button if found.key == key)


def test_a_cold_start_of_forget_says_what_is_missing_with_a_button_that_trains():
    test = app("forget", **QUICK, seed="77")
    assert "No model is trained for this recipe yet." in page_text(test)
    assert not metrics(test)
    press(test, "Train these settings (6 epochs)")
    assert metrics(test)["Forgetting"]
    assert "trained 6 of 6 epochs" in page_text(test)


@pytest.mark.slow
def test_the_controls_of_forget_change_the_recipe_and_the_address():
    test = forget()
    before = metrics(test)
    slide(test, 0.4)
    assert test.query_params == {"randomization.fraction": "0.4"}
    assert metrics(test) != before
    test.get_by_key(setting("randomization.layers")).set_value(["fc1"])
    run(test)
    assert test.query_params == {"randomization.fraction": "0.4", "randomization.layers": "fc1"}
    for name, value in (("scheme", "zero"), ("unit", "neuron")):
        test.selectbox(key=setting(f"randomization.{name}")).set_value(value)
        run(test)
        assert test.query_params[f"randomization.{name}"] == value
    press(test, "Re-roll")
    assert test.query_params["randomization.seed"] == "1"
    recipe, sentences = decode_query(test.query_params)
    assert (recipe, sentences) == (test.session_state.session.recipe, [])
    assert metrics(forget(**test.query_params)) == metrics(test)


@pytest.mark.slow
def test_all_layers_and_restore():
    test = forget(**{"randomization.fraction": "0.3"})
    press(test, "Restore")
    assert test.query_params["randomization.layers"] == ""
    assert "Nothing is randomized" in page_text(test)
    assert metrics(test)["Forgetting"] == "0.00"
    before, after = metrics(test)["Validation accuracy"].replace("\u00a0%", "").split(" → ")
    assert before == after
    press(test, "All layers")
    assert "randomization.layers" not in test.query_params
    assert metrics(test) == metrics(forget(**{"randomization.fraction": "0.3"}))


def test_the_unit_word_narrows_the_choice_to_the_first_layer():
    test = forget()
    test.selectbox(key=setting("randomization.unit")).set_value("word")
    run(test)
    assert test.query_params == {"randomization.unit": "word", "randomization.layers": "fc1"}
    press(test, "All layers")
    assert "Unit 'word' is a column of the first layer" in page_text(test)
    assert test.query_params["randomization.layers"] == "fc1"


def test_the_scale_of_noise_shows_with_that_scheme_alone():
    test = forget()
    key = setting("randomization.scale")
    assert key not in [field.key for field in test.number_input]
    test.selectbox(key=setting("randomization.scheme")).set_value("noise")
    run(test)
    test.number_input(key=key).set_value(0.3)
    run(test)
    assert test.query_params["randomization.scale"] == "0.3"


@pytest.mark.parametrize("view", ["Classes", "Confusion", "Weights", "Reviews", "Relearn"])
def test_every_view_of_forget_opens(view):
    test = forget(**{"randomization.fraction": "0.4"})
    test.session_state["forget_view"] = view
    run(test)
    drawn = len(test.get("plotly_chart")) + len(test.dataframe) + len(test.get("vega_lite_chart"))
    assert drawn == (2 if view == "Relearn" else 1)
    if view == "Reviews":
        shares = test.dataframe[0].value[["probability before", "probability after"]]
        assert shares.stack().between(0, 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_impossible_parameters_get_a_sentence_and_the_default(page):
    parameters = {"randomization.fraction": "7", "training.epochs": "soon", "nonsense": "1", "protocol": "new"}
    test = app(page, **parameters)
    for name in ("randomization.fraction", "training.epochs", "nonsense", "'new'"):
        assert any(name in warning.value.translate(MARKS) for warning in test.warning)
    assert test.query_params == {"overview": DEFAULTS, "story": {"scene": "1"}}.get(page, {})
    run(test)
    assert not test.warning


@pytest.mark.parametrize("page", [page for page in PAGES if page != "story"])  # which shows none but in its notices
def test_text_from_the_address_is_shown_literally(page):
    named = {"protocol": HOSTILE, "training.objective": HOSTILE, "data.file": HOSTILE, HOSTILE: "1"}
    test = app(page, **named, **{"data.source": "file"})
    assert_literal(test)
    assert page_text(test).count(HOSTILE[:40]) >= len(named)


@pytest.mark.slow
def test_what_is_said_stays_until_the_visitor_does_something(monkeypatch):
    """The page draws itself anew when a short study ends."""
    monkeypatch.setattr(work, "SLICE", 60.0)  # the study ends in one, however busy the machine is
    test = app("layers", colour="red", **{"sweep.doses": "0,1", "sweep.seeds": "1"})
    study = test.session_state.session.studies["dose"]
    assert not study.running
    assert len(study.rows) == study.total
    assert "colour" in page_text(test)
    assert "colour" not in page_text(run(test))


def assert_literal(test: AppTest) -> None:
    """No sign of the hostile text reaches a place that reads Markdown as anything but itself."""
    for kind in MARKDOWN:
        for element in getattr(test, kind):
            assert not UNESCAPED.search(element.value), (kind, element.value)
    for element in (*test.metric, *test.button, *test.selectbox, *test.page_link):
        assert "![x]" not in str(getattr(element, "label", ""))


def test_every_sign_of_markdown_is_made_a_plain_one():
    assert literal("a*b_c") == r"a\*b\_c"
    assert literal(HOSTILE).translate(MARKS) == HOSTILE


def test_the_data_page_names_the_baselines_of_the_sample():
    test = app("data")
    assert "1,206 of 1,218 reviews are kept, in 11 classes" in page_text(test)
    assert "a uniform guess for 9\u00a0%" in page_text(test)
    assert "synthetic" in page_text(test).lower()


@pytest.mark.parametrize("view", ["Classes", "Lengths", "First rows", "Left out"])
def test_every_view_of_the_data_opens(view):
    test = app("data")
    test.session_state["data_view"] = view
    run(test)
    assert len(test.get("vega_lite_chart")) + len(test.dataframe) == 1


def test_filters_change_what_is_kept():
    test = app("data")
    test.number_input(key=setting("data.max_classes")).set_value(3)
    run(test)
    assert test.query_params == {"data.max_classes": "3"}
    assert "in 3 classes" in page_text(test)
    test.number_input(key=setting("data.min_reviews")).set_value(100_000)
    run(test)
    assert "at least 2 classes" in test.error[0].value


def test_the_data_check_counts_reviews_without_a_known_word_and_warns():
    test = uploading(own_file(rows=62))
    assert "62 of 62 reviews are kept, in 2 classes" in page_text(test)
    assert metrics(test)["Labels not in training"] == metrics(test)["Without a known word"] == "0\u00a0%"
    assert "cut into basic words of at least 2 letters" in page_text(test)
    assert not test.warning
    texts = ("this is a fine wine" if row % 5 else f"only{row} once{row} twice{row}" for row in range(60))
    rows = "".join(f"{text},{'ab'[row % 2]}\n" for row, text in enumerate(texts))
    test = uploading(f"text,label\n{rows}", **{"data.drop_duplicates": "0"})
    assert "of the validation reviews have no word that the model knows" in test.warning[0].value
    assert "occur in fewer than “Reviews a word needs”" in test.warning[0].value


def test_the_data_check_takes_few_words_of_large_files_apart(monkeypatch):
    """With 100 MB of texts all of them would take longer than reading them."""
    monkeypatch.setattr(data, "CHECKED", 5_000)
    monkeypatch.setattr(data, "find_split", lambda _: pytest.fail("all words"))
    test = uploading(own_file(rows=66))
    assert "Counted in a sample of 50 reviews." in page_text(test)
    assert metrics(test)["Without a known word"] == "0\u00a0%"


@pytest.mark.parametrize(("encoding", "named"), [("cp1252", True), ("utf-8", False), ("utf-16", False)])
def test_an_encoding_that_was_guessed_is_named_below_the_file(encoding, named):
    test = upload(app("data", **{"data.source": "file"}), own_file("rosé", rows=64).encode(encoding))
    assert ("Read as cp1252; where letters are wrong" in page_text(test)) == named


def test_a_good_file_is_taken_with_its_likely_columns():
    test = uploading()
    assert "35 of 40 reviews" in page_text(test) or "of 40 reviews" in page_text(test)
    chosen = {box.label: box.value for box in test.selectbox}
    assert (chosen["Column of the texts"], chosen["Column of the labels"]) == ("review", "style")
    assert test.query_params["data.file"] == "mine.csv"
    assert len(test.query_params["data.sha256"]) == 64
    go(test, "train")
    press(test, "One step")
    assert metrics(test)["Epoch"].startswith("1 /")


def test_other_columns_can_be_chosen():
    file = "a,b,c\n" + "\n".join(f"one two three four {row % 9},x{row % 2},y{row % 3}" for row in range(30))
    test = uploading(file)
    assert [test.selectbox(key=setting(f"data.{name}_column")).value for name in ("text", "label")] == ["a", "b"]
    test.selectbox(key=setting("data.label_column")).set_value("c")
    run(test)
    assert test.query_params["data.label_column"] == "c"
    assert "in 3 classes" in page_text(test)
    test.selectbox(key=setting("data.label_column")).set_value("b")
    run(test)
    assert "data.label_column" not in test.query_params


def test_the_columns_shown_are_those_that_are_read():
    file = "a,b,c\n" + "\n".join(f"one two three four {row % 9},x{row % 2},y{row % 3}" for row in range(30))
    test = uploading(file)
    test.selectbox(key=setting("data.text_column")).set_value("b")
    run(test)
    shown = test.selectbox(key=setting("data.label_column")).value
    if not test.error:
        assert shown == _report(test).label


def _report(test: AppTest):
    """The report of the reviews that the session's recipe names."""
    mine = test.session_state.session
    data, table = mine.recipe.data, read_table(mine.upload.content.data)
    return table.reviews(data.text_column or None, data.label_column or None).report


def test_the_first_column_can_be_chosen_for_labels_where_none_is_likely():
    lines = [f"{('red', 'white')[row % 2]}{row // 2},one two three four {row}" for row in range(12)]
    test = uploading("kind,review\n" + "\n".join([*lines, "red0,one two three five"]))
    box = test.selectbox(key=setting("data.label_column"))
    assert test.error
    assert box.value != "kind", "the control shows a column that is not chosen, so it cannot be picked"


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
RAGGED = "review,style\none two three,red\none,two,three,four,five\n"
BAD = {
    "a picture": PNG,
    "ragged rows": RAGGED,
    "nothing": b"",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_file_gets_a_sentence_and_what_was_stays(content):
    test = uploading()
    before, address = page_text(test), test.query_params.copy()
    test.file_uploader[0].upload("bad.csv", content.encode() if isinstance(content, str) else content)
    run(test)
    assert any("bad.csv" in warning.value.translate(MARKS) for warning in (*test.warning, *test.error))
    assert test.query_params == address
    for line in before.splitlines():
        assert line in page_text(test)


UNUSABLE = {
    "one class": "review,style\n" + "".join(f"one two three number{row},red\n" for row in range(20)),
    "no prose": "a,b\n" + "".join(f"{row},{row % 2}\n" for row in range(20)),
    "one review a class": "review,style\n" + "".join(f"one two three {row},class {row}\n" for row in range(20)),
}


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_no_reviews_can_be_made_of_gets_a_sentence_on_every_page(content):
    test = uploading(content)
    assert test.error or test.warning
    for page in ("train", "forget", "overview", "data"):
        go(test, page)
        if page == "train" and not test.error:
            press(test, "Play")
        assert test.error or test.warning or test.info


@pytest.mark.slow
def test_names_from_a_file_are_shown_literally():
    test = uploading(own_file(label=HOSTILE, column="style *x*"), name="![x](y) **bold**.csv")
    assert_literal(test)
    assert HOSTILE in "\n".join(element.value for element in test.text)
    for page in ("train", "forget", "overview"):
        go(test, page)
        if page == "forget":
            press(test, f"Train on {literal('![x](y) **bold**.csv')} (6 epochs)")
            for view in ("Classes", "Confusion", "Weights", "Reviews"):
                test.session_state["forget_view"] = view
                run(test)
                assert_literal(test)
        assert_literal(test)


def test_a_link_to_a_file_that_is_not_here_says_which():
    test = app("forget", **{"data.source": "file", "data.file": "other.csv", "data.sha256": "ab" * 32})
    assert "'other.csv', SHA-256 abababababab…" in page_text(test)
    assert "Choose reviews on the Data page" in [link.label for link in test.get("page_link")]
    assert not test.error


def sidebar_text(test: AppTest) -> str:
    return " ".join(element.value.translate(MARKS) for element in (*test.sidebar.caption, *test.sidebar.markdown))


def downloads(test: AppTest) -> set[str]:
    return {button.proto.label for button in test.get("download_button")}


def test_after_reset_every_page_means_the_model_that_nothing_has_taught():
    test = app("train")
    assert "Download the model (safetensors)" in downloads(test)
    press(test, "One step")
    assert "trained 1 of 100 epochs" in sidebar_text(test)
    assert "Download the model (safetensors)" in downloads(test)
    press(test, "Reset")
    assert metrics(test)["Epoch"] == "0 / 100"
    assert "not trained yet: it has its initial weights" in sidebar_text(test)
    assert "Download the model (safetensors)" not in downloads(test)
    go(test, "forget")
    assert "This model is trained 0 of 100 epochs: it has its initial weights." in page_text(test)
    assert "not trained yet: it has its initial weights" in sidebar_text(test)


def test_who_comes_back_to_settings_finds_the_run_of_them_on_every_page():
    """Also where a finished model of them came with the program, and another one was found meanwhile."""
    test = app("train")
    press(test, "One step")
    for epochs in (99, 100):
        test.number_input(key=setting("training.epochs")).set_value(epochs)
        run(test)
        assert metrics(test)["Epoch"] == "1 / 100"
        assert "trained 1 of 100 epochs" in sidebar_text(test)


def test_figures_of_other_reviews_say_whose_they_are_and_a_button_trains_on_the_file():
    test = uploading(own_file(rows=64), "mine.csv", seed="78")
    mine = test.session_state.session
    assert not mine.trained_model
    mine.trained_model = load()
    go(test, "forget")
    whose = "of the synthetic sample, not of mine.csv"
    assert f"These figures are {whose}." in page_text(test)
    assert whose in sidebar_text(test)
    go(test, "data")
    assert [found.label.translate(MARKS) for found in test.button if found.proto.type == "primary"] == [TRAIN_ON]
    go(test, "forget")
    next(found for found in test.button if found.label.translate(MARKS) == TRAIN_ON).click()
    run(test)
    assert mine.trained_model.sha256 == mine.upload.sha256
    assert "These figures" not in page_text(test)
    assert "trained 6 of 6 epochs" in sidebar_text(test)
    assert not [found for found in go(test, "data").button if found.proto.type == "primary"]


TRAIN_ON = "Train on mine.csv (6 epochs)"


def load() -> TrainedModel:
    """The model that came with the program, as a visitor has it."""
    found = load_pretrained()
    return TrainedModel(MODERN, found.split, found.trained, found.sha256)


def test_the_button_that_ends_the_data_page_goes_to_train_and_plays():
    test = uploading(own_file(rows=64), "mine.csv", seed="79")
    test.button(key="train_next").click()
    run(test)
    assert test.session_state.session.page == "train"
    assert metrics(test)["Epoch"] == "1 / 6"
    assert button(test, "Pause")
    assert "in training, 6 epochs" in sidebar_text(test)


def test_where_a_file_is_still_to_be_chosen_nothing_is_an_error():
    test = app("data")
    test.get_by_key(setting("data.source")).set_value("file")
    run(test)
    for page in ("data", "train", "forget", "overview", "layers", "unlearn"):
        go(test, page)
        assert not (*test.error, *test.warning), page
        assert any("No file of reviews is uploaded yet." in info.value.translate(MARKS) for info in test.info), page


@pytest.mark.slow
def test_train_steps_plays_pauses_and_resets():
    test = app("train", **QUICK, seed="5")
    assert "Press Play" in page_text(test)
    press(test, "One step")
    assert metrics(test)["Epoch"] == "1 / 6"
    press(test, "One step")
    assert metrics(test)["Epoch"] == "2 / 6"
    press(test, "Reset")
    assert metrics(test)["Epoch"] == "0 / 6"
    assert metrics(test)["Validation accuracy"] == "–"
    press(test, "Play")
    for _ in range(12):
        run(test)
    assert metrics(test)["Epoch"] == "6 / 6"
    assert button(test, "Play again")
    assert metrics(go(test, "forget"))["Forgetting"]


@pytest.mark.slow
def test_play_trains_what_the_fields_say_though_they_change_in_the_same_moment():
    test = app("train")
    test.number_input(key=setting("training.epochs")).set_value(7)
    test.text_input(key=setting("model.hidden")).set_value("16, 8")
    test.number_input(key=setting("seed")).set_value(3)
    press(test, "Play")
    assert test.query_params == {"training.epochs": "7", "model.hidden": "16,8", "seed": "3"}
    for _ in range(12):
        run(test)
    assert metrics(test)["Epoch"] == "7 / 7"
    assert list(test.dataframe[0].value["layer"]) == ["fc1", "fc2", "fc3"]
    assert not marked(test)


def marked(test: AppTest) -> list[str]:
    """The fields that are marked as other than those of the curves on show."""
    fields = (*test.number_input, *test.text_input, *test.checkbox, *test.selectbox)
    return [field.label.removesuffix(MARK) for field in fields if field.label.endswith(MARK)]


def filled(test: AppTest) -> list[str]:
    """The presets whose settings these are."""
    return [found.label for found in test.button if "preset" in found.label and found.proto.type == "primary"]


def test_what_differs_from_the_curves_on_show_is_marked_and_the_preset_is_none_any_more():
    test = app("train")
    assert (marked(test), filled(test)) == ([], ["Modern preset"])
    test.number_input(key=setting("training.epochs")).set_value(7)
    test.checkbox(key=setting("split.stratify")).set_value(False)
    run(test)
    assert (sorted(marked(test)), filled(test)) == (["Epochs", "Stratify"], [])
    assert "Changed from the modern preset: Epochs, Stratify." in page_text(test)
    assert "These curves are of other settings: stratify yes → no; epochs 100 → 7." in page_text(test)
    order = [element.type for element in test.main]
    assert order.index("warning") < order.index("metric"), "what the curves are of is said above them"
    test.number_input(key=setting("training.epochs")).set_value(100)
    test.checkbox(key=setting("split.stratify")).set_value(True)
    run(test)
    assert (marked(test), filled(test)) == ([], ["Modern preset"])
    assert "These curves" not in page_text(test)


def test_every_control_of_a_setting_is_called_as_messages_call_it():
    found = {}
    for page in ("data", "train", "forget", "layers", "explain", "relearn", "unlearn"):
        test = app(page)
        kinds = (
            test.number_input,
            test.text_input,
            test.checkbox,
            test.selectbox,
            test.multiselect,
            test.select_slider,
        )
        controls = [control for kind in kinds for control in kind if str(control.key).startswith(PREFIX)]
        found |= {control.key.removeprefix(PREFIX): control.label for control in controls}
    assert {"training.epochs", "forget.share", "unlearning.ascent_clip", "relearning.target_share"} <= found.keys()
    assert found == {name: LABELS.get(name) for name in found}


@pytest.mark.parametrize("text", ["16,", "1,2,3,4,5", HOSTILE])
def test_widths_that_cannot_be_are_refused_with_a_sentence(text):
    test = app("train")
    test.text_input(key=setting("model.hidden")).set_value(text)
    press(test, "Play")
    assert [error.value.translate(MARKS)[:30] for error in test.error] == ["Hidden widths: a list of at mo"]
    assert repr(text[:80]) in test.error[0].value.translate(MARKS)
    assert test.query_params == {}
    assert not test.session_state.session.playing
    assert test.text_input(key=setting("model.hidden")).value == text
    assert_literal(test)


def test_a_layer_that_the_new_model_lacks_is_not_randomized_any_more():
    test = app("train", **{"model.hidden": "8,8", "randomization.layers": "fc1,fc3", **QUICK})
    test.text_input(key=setting("model.hidden")).set_value("8")
    run(test)
    assert test.query_params == {"model.hidden": "8", "randomization.layers": "fc1", **QUICK}


def test_presets_take_a_protocols_settings_and_keep_the_data():
    test = app("train", **QUICK)
    press(test, "Published preset")
    assert test.query_params == {"protocol": "published", "data.source": "sample"}
    assert test.number_input(key=setting("training.epochs")).value == 15
    assert test.number_input(key=setting("training.epochs")).disabled
    press(test, "Modern preset")
    assert test.query_params == {}
    assert test.number_input(key=setting("training.epochs")).value == 100
    read = {"reading.header": "yes", "reading.leave_out_bad_rows": "1"}
    test = app("train", **read, **{"data.missing": "?"}, **QUICK)
    press(test, "Modern preset")
    assert test.query_params == read | {"data.missing": "?"}
    press(test, "Published preset")
    assert test.query_params == {"protocol": "published", "data.source": "sample", **read}


@pytest.mark.slow
def test_a_setting_that_diverges_says_so():
    test = app("train", **QUICK)
    press(test, "One step")
    test.session_state.session.training_run.trainer.model.fc1.weight.data.fill_(float("nan"))
    press(test, "Play")
    assert metrics(test)["Epoch"] == "1 / 6"
    assert "Training diverged after 1 epoch:" in page_text(test)
    go(test, "forget")
    assert "Training diverged" in page_text(test)
    assert "There is no accuracy to compare" in page_text(test)


def test_a_model_that_is_half_trained_can_be_finished():
    test = app("train", **QUICK, seed="9")
    press(test, "One step")
    go(test, "forget")
    assert "This model is trained 1 of 6 epochs." in page_text(test)
    press(test, "Finish training")
    assert "trained 6 of 6 epochs (modern, changed)" in page_text(test)
    assert "trained 100 of 100 epochs (modern)" in page_text(forget())


def test_settings_that_change_while_it_plays_stop_it():
    test = app("train", **{"training.epochs": "60"})
    press(test, "Play")
    test.number_input(key=setting("seed")).set_value(7)
    done = metrics(run(test))["Epoch"]
    assert metrics(run(test))["Epoch"] == done
    assert "These curves are of other settings" in page_text(test)


@pytest.mark.slow
def test_an_outdated_model_leaves_the_layers_that_it_lacks_chosen():
    test = forget()
    mine = test.session_state.session
    go(test, "train")
    mine.recipe = mine.recipe.with_value("model.hidden", (64, 32)).with_value("randomization.layers", ("fc3",))
    mine.touched = True
    go(test, "forget")
    test.selectbox(key=setting("randomization.unit")).set_value("neuron")
    run(test)
    test.get_by_key(setting("randomization.layers")).set_value(["fc1", "fc2"])
    run(test)
    assert mine.recipe.randomization.chosen_layers(mine.recipe.model.layers) == ("fc1", "fc2", "fc3")


@pytest.mark.slow
def test_a_published_model_of_one_epoch_is_compared_with_one_of_one_epoch(wine_reviews_path):
    shutil.copy(wine_reviews_path, _cached())
    test = app("train", protocol="published")
    press(test, "One step")
    go(test, "forget")
    test.session_state["forget_view"] = "Relearn"
    assert "After 1 epoch of relearning" in page_text(run(test))


@pytest.mark.slow
def test_the_published_protocol_on_forget_has_no_layers_to_choose(wine_reviews_path):
    shutil.copy(wine_reviews_path, _cached())
    test = app("forget", protocol="published")
    press(test, "Train these settings (15 epochs)")
    assert not live(test)["layers"]
    assert "drawn from N(0, 1) and then trained" in page_text(test)
    assert "always answering “no” reaches 99.7\u00a0%" in page_text(test)
    test.session_state["forget_view"] = "Relearn"
    run(test)
    assert "chance" in page_text(test)


def _cached() -> Path:
    path = download._cached_path(None)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.slow
def test_the_published_protocol_runs_on_the_sample():
    test = app("train")
    press(test, "Published preset")
    go(test, "forget")
    assert "These figures are of the modern protocol, not of the published one" in page_text(test)
    press(test, "Train these settings (15 epochs)")
    assert "always answering “no”" in page_text(test)


def test_without_network_the_original_file_is_refused_with_a_sentence(no_network):
    test = app("data", **{"data.source": "original"})
    assert "not downloaded yet" in page_text(test)
    assert no_network == []
    press(test, "Download the original file")
    assert "no network in tests" in page_text(test)
    assert "Upload the file instead" in page_text(test)
    assert no_network == [download.ORIGINAL_URL]


@pytest.mark.parametrize("page", ["overview", "train", "forget"])
def test_pages_on_the_original_file_offer_the_download(page, no_network):
    test = app(page, **{"data.source": "original", "seed": "4242"})
    assert button(test, "Download the original file")
    assert no_network == []


def test_the_original_file_is_used_once_it_is_here(wine_reviews_path):
    shutil.copy(wine_reviews_path, _cached())
    test = app("data", **{"data.source": "original"})
    assert "of 309 reviews are kept, in 11 classes" in page_text(test)


def test_an_uploaded_original_file_is_used_though_another_file_was_uploaded_since(wine_reviews_path, no_network):
    test = upload(uploading(wine_reviews_path.read_bytes(), "original.csv"), own_file(), "other.csv")
    test.button_group(key=setting("data.source")).set_value("original")
    assert "of 309 reviews are kept, in 11 classes" in page_text(run(test))
    test.button_group(key=setting("data.source")).set_value("sample")
    run(test).session_state.session.seen = True
    assert button(go(test, "overview"), "Reproduce the table")
    assert no_network == []


def test_the_published_table_is_shown_beside_what_it_hides():
    table = overview().dataframe[0].value
    assert len(table) == 12
    assert table["trivial"].str.contains("always|chance").all()
    assert table["published"].iloc[0] == "0.6330"


@pytest.mark.slow
def test_the_published_table_is_reproduced(wine_reviews_path):
    shutil.copy(wine_reviews_path, _cached())
    test = overview()
    test.number_input(key="seeds").set_value(2)
    press(test, "Reproduce the table")
    assert "1 of 2 seeds" in _progress(test)
    press(test, "Stop")
    assert "Stopped: 1 of 2 seeds" in _progress(test)
    assert "the largest of the 1 re-run here" in page_text(test)
    press(test, "Go on")
    run(test)
    assert "2 of 2 seeds" in _progress(test)
    assert button(test, "Reproduce the table").disabled
    table = next(found.value for found in test.dataframe if "median" in found.value)
    assert "Of the 8 published metrics 8 lie in the middle 95\u00a0% of 400 re-runs" in page_text(test)
    assert "the largest of the 2 re-runs here" in page_text(test)
    assert "67\u00a0% of the cases by chance alone" in page_text(test)
    assert "chance is 0.3\u00a0%" in page_text(test)
    assert set(table["in the middle 95 %"]) == {"yes", "not published"}
    for row in table.to_dict("records"):
        place = row["among these re-runs"]
        if row["published"] == "–":
            assert place == "not published"
        else:
            value, low, high = (float(row[name]) for name in ("published", "min", "max"))
            assert place == ("▼ below all" if value < low else "▲ above all" if value > high else "between")
    layers = next(found.value for found in test.dataframe if "here" in found.value)
    assert layers["here"].tolist() == layers["published"].tolist() == [356_160, 19_110, 375_270]
    (caption,) = (block.value for block in test.code if "always 1/294" in block.value)
    for words in (
        "always 1/294 0.02",
        "training 247, validation 62",
        "15 epochs, a model for each seed",
        "seeds 0 to 1",
    ):
        assert words in caption
    assert {"Published re-runs, CSV", "Published table, PARQUET", "PDF"} <= downloads(test)
    test.number_input(key="seeds").set_value(1)
    assert "the largest of the 1 re-run here" in page_text(run(test)), "the first of those that are done"


def _progress(test: AppTest) -> str:
    (bar,) = test.get("progress")
    return bar.proto.text


def test_each_seed_of_the_published_table_counts_once_whatever_another_run_of_the_page_does(monkeypatch):
    visitor = Session(reruns_wanted=3)
    meanwhile = [lambda: work.rerun_seed(visitor), lambda: work.stop_reruns(visitor)]

    def run_seed(split, *, seed: int) -> int:  # noqa: ARG001 - what the work asks for
        if seed < len(meanwhile) and meanwhile[seed]:
            act, meanwhile[seed] = meanwhile[seed], None
            act()
        return seed

    monkeypatch.setattr(published, "run_published_seed", run_seed)
    monkeypatch.setattr(work.data, "find_published_split", lambda _: None)
    work.rerun_seed(visitor)
    assert visitor.reruns == [0]
    work.rerun_seed(visitor)
    assert (visitor.reruns, visitor.reruns_wanted) == ([0], 1), "it was stopped meanwhile"


def test_two_visitors_do_not_disturb_each_other():
    first, second = forget(), forget()
    slide(second, 0.2)
    before = metrics(first)
    assert metrics(run(first)) == before
    assert first.query_params == {}


@pytest.mark.slow
def test_relearning_draws_its_curve_and_names_chance():
    test = forget(**{"randomization.fraction": "0.4"})
    test.session_state["forget_view"] = "Relearn"
    run(test)
    test.number_input(key="relearn_epochs").set_value(5)
    press(test, "Relearn")
    for _ in range(8):
        run(test)
    assert "After 5 epochs of relearning validation accuracy is" in page_text(test)
    assert "chance is 9\u00a0%" in page_text(test)


@pytest.mark.parametrize("other", ["pills", "button"])
def test_two_controls_that_change_in_one_moment_both_count(other):
    test = forget()
    test.number_input(key=setting("randomization.seed")).set_value(7)
    if other == "pills":
        test.get_by_key(setting("randomization.layers")).set_value(["fc1"])
    else:
        button(test, "Restore").click()
    run(test)
    layers = "fc1" if other == "pills" else ""
    assert test.query_params == {"randomization.seed": "7", "randomization.layers": layers}
    assert test.number_input(key=setting("randomization.seed")).value == 7


@pytest.mark.slow
def test_the_points_of_a_chart_stand_in_a_table():
    test = forget()
    found = {}
    for tab, key in (("Classes", "recall"), ("Confusion", "confusion")):
        test.session_state["forget_view"] = tab
        test.session_state[f"{key}_table"] = True
        found[key] = run(test).dataframe[0].value
    recalls, confusions = found["recall"].set_index("class"), found["confusion"]
    assert confusions["original"].sum() == confusions["randomized"].sum() == recalls["reviews"].sum()
    for model in ("original", "randomized"):
        right = confusions[confusions["true class"] == confusions["predicted class"]].set_index("true class")[model]
        expected = right.reindex(recalls.index, fill_value=0) / recalls["reviews"]
        assert recalls[model].tolist() == pytest.approx(expected.tolist())


def test_a_presentation_stands_in_the_address_and_in_no_link():
    test = press(overview(), "Present")
    assert test.query_params["present"] == "1"
    assert not any("present" in link.proto.query_string for link in test.page_link)
    again = app(**test.query_params)
    assert "Present" not in [found.label for found in again.button]
    press(again, "End")
    assert "present" not in again.query_params
    assert "Present" in [found.label for found in again.button]
    assert "Present" in [found.label for found in app(present="0").button]
