"""How an uploaded file is read: what the Data page says of it, and what a person switches."""

import json

from app_pages import metrics, page_text, run, setting, upload, uploading
from streamlit.testing.v1 import AppTest

WORDS = ["plum", "cherry", "oak", "smoke", "lemon", "slate"]


def kept(test: AppTest) -> str:
    """How many reviews and classes the page says are kept."""
    return next(element.value for element in test.text if "reviews are kept" in element.value)


def press_button(test: AppTest, label: str) -> AppTest:
    next(button for button in test.button if button.label == label).click()
    return run(test)


def row(number: int) -> str:
    return " ".join(WORDS[(number + step * (1 + number // 6)) % 6] for step in range(6))


def test_why_a_column_was_chosen_is_said_and_the_runner_up_is_one_click_away():
    rows = [f"{number},{'here' if number % 3 else 'there'},{row(number)},{number % 2}" for number in range(30)]
    test = uploading("id,location,text,target\n" + "\n".join(rows))
    assert "Called “text”; 6 words on average." in page_text(test)
    assert "Called “target”; 2 values." in page_text(test)
    assert test.query_params.get("data.label_column") is None
    press_button(test, "Use location instead")
    assert test.query_params["data.label_column"] == "location"
    assert "“here”, is right for 67" in kept(test)
    assert "Use location instead" not in [button.label for button in test.button]


def test_writings_of_one_class_are_put_together_unless_that_is_switched_off():
    writings = ["Red", "red ", " RED", "Red", "white", "White"]
    test = uploading("text,label\n" + "\n".join(f'"{row(n)} {n}","{writings[n % 6]}"' for n in range(36)))
    assert "in 2 classes" in kept(test)
    assert "“Red” (12), “ RED” (6), “red ” (6) are “Red”. The same holds for 1 other class." in page_text(test)
    test.checkbox(key=setting("data.fold_labels")).uncheck()
    run(test)
    assert "in 5 classes" in kept(test)
    assert test.query_params["data.fold_labels"] == "0"


def test_labels_that_mean_missing_are_left_out_and_the_words_can_be_changed():
    labels = ["red", "NA", "white"]
    test = uploading("text,label\n" + "\n".join(f"{row(n)} {n},{labels[n % 3]}" for n in range(36)))
    assert "24 of 36 reviews are kept, in 2 classes" in kept(test)
    assert metrics(test)["Empty rows"] == "12"
    test.multiselect(key=setting("data.missing")).set_value(["?"])
    assert "36 of 36 reviews are kept, in 3 classes" in kept(run(test))
    test.multiselect(key=setting("data.missing")).set_value(["?", "na, red"])
    assert "needs at least 2 classes; 1 remained in column 'label' (12 reviews" in page_text(run(test))
    assert test.query_params["data.missing"] == "?,na,red"


def test_prices_can_be_cut_into_classes_of_equal_size():
    test = uploading("review,price\n" + "\n".join(f"{row(n)} {n},{5 + n * 0.5}" for n in range(60)))
    assert "needs at least 2 classes; 0 remained" in page_text(test)
    assert "The labels are numbers with many values: cut them into a few classes." in page_text(test)
    test.button(key="offer_reviews").click()
    run(test)
    assert "60 of 60 reviews are kept, in 5 classes" in kept(test)
    assert "right for 20" in kept(test)


def test_a_bad_row_refuses_the_file_until_bad_rows_are_left_out_and_shown():
    lines = [f"{row(n)} {n},{'ab'[n % 2]}" for n in range(40)]
    test = uploading("text,label\n" + "\n".join([*lines[:20], "one,two,three", *lines[20:]]))
    assert "line 22" in page_text(test)
    assert "No file of reviews is uploaded yet." in page_text(test)
    test.button(key="offer_upload").click()
    assert "40 of 40 reviews are kept, in 2 classes" in kept(run(test))
    assert "1 row was left out that could not be read." in page_text(test)
    assert test.query_params["reading.leave_out_bad_rows"] == "1"
    test.session_state["data_view"] = "Left out"
    shown = next(table.value for table in run(test).dataframe if "cause" in table.value)
    assert shown["line"].tolist() == [22]
    uploading_again = upload(test, "text,label\n" + "\n".join(lines), "good.csv")
    assert "reading.leave_out_bad_rows" not in uploading_again.query_params


def test_how_a_file_is_read_does_not_reach_the_refused_file_that_was_chosen_after_it():
    lines = ["text,label", *(f"{row(n)} {n},{'ab'[n % 2]}" for n in range(40))]
    test = uploading("\n".join(["Exported yesterday", "", *lines]))
    test.number_input(key=setting("reading.skip_lines")).set_value(2)
    assert "40 of 40 reviews are kept" in kept(run(test))
    upload(test, "\n".join([*lines[:20], "one,two,three", *lines[20:]]), "bad.csv")
    test.button(key="offer_upload").click()
    assert "40 of 40 reviews are kept" in kept(run(test))
    assert "reading.skip_lines" not in test.query_params
    assert test.query_params["reading.leave_out_bad_rows"] == "1"


def test_a_row_that_looks_like_a_review_is_one_and_a_switch_makes_it_a_header():
    test = uploading("\n".join(f"{row(n)} {n}\t{'ab'[n % 2]}" for n in range(40)))
    assert "40 of 40 reviews are kept" in kept(test)
    assert "The first row is read as a review, and columns are called by their position." in page_text(test)
    assert test.selectbox(key=setting("data.text_column")).value == "column 1"
    test.selectbox(key=setting("reading.header")).set_value("yes")
    assert "39 of 39 reviews are kept" in kept(run(test))
    test.number_input(key=setting("reading.skip_lines")).set_value(9)
    assert "30 of 30 reviews are kept" in kept(run(test))


def test_where_names_are_the_labels_nothing_is_said_of_the_labels():
    writings = ["Red", "red", "white", "White"]
    rows = [f"wine {n // 2},{row(n)} {n},{writings[n % 4]}" for n in range(36)]
    test = uploading("title,text,label\n" + "\n".join(rows), protocol="published", **{"data.fold_labels": "1"})
    assert "36 of 36 reviews are kept, in 18 classes" in page_text(test)
    assert "Writings of one class" not in page_text(test)
    assert setting("data.fold_labels") not in [box.key for box in test.checkbox]
    test.selectbox(key=setting("data.label_column")).set_value("label")
    assert "Writings of one class" in page_text(run(test))
    assert test.checkbox(key=setting("data.fold_labels")).value


def test_only_switches_that_act_on_the_format_are_shown():
    lines = [json.dumps({"text": f"{row(number)} {number}", "label": "ab"[number % 2]}) for number in range(24)]
    test = uploading("\n".join(lines), "mine.jsonl")
    boxes = {box.label for box in test.selectbox}
    assert "Quotes" not in boxes
    assert "First row is a header" not in boxes
    assert "Leave bad rows out" in {box.label for box in test.checkbox}
