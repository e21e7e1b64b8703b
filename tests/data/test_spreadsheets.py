"""Spreadsheets: their values as people see them, their sheets, and documents that are none."""

import datetime

import pytest
from corpus import cells, open_document, parquet, workbook, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from table_parts import LABELS, TEXTS, assert_says, refusal

from forgetting.core.errors import DataError
from forgetting.data.formats.worker import _text
from forgetting.data.reading import ReadingSettings
from forgetting.data.tables import read_table

ROWS = [*zip(TEXTS, LABELS, strict=True)]
MORE = [(f"cherry plum leather {row}", LABELS[row % 2]) for row in range(20)]
SHEETS = workbook(
    "", cells([["secret"]] * 9), cells([("text", "label"), *MORE]), cells([["a", "b"], *MORE, *ROWS]),
    names=("Cover", "Hidden", "Reviews & more".replace("&", "&amp;"), "Zwei"), states=("visible", "veryHidden"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (4.6, "4.6"),
        (0.1 + 0.2, "0.3"),
        (1e20, "1e+20"),
        (123456789012.0, "123456789012"),
        (True, "TRUE"),
        (False, "FALSE"),
        (" 007 ", " 007 "),
        (" \n", ""),
        (datetime.date(2022, 11, 26), "2022-11-26"),
        (datetime.datetime(2022, 11, 26, 12, 30), "2022-11-26 12:30:00"),
        (datetime.time(1, 2, 3), "01:02:03"),
        (datetime.timedelta(hours=30, minutes=5), "30:05:00"),
    ],
)
def test_a_cell_is_the_text_that_people_see(value, text):
    assert _text(value) == text


def test_formulas_have_their_last_value_errors_are_empty_and_what_is_empty_is_left_out():
    row = (
        '<row><c t="str"><f>A9</f><v>cherry plum</v></c><c><f>1+1</f><v>2</v></c><c><f>1+1</f></c><c t="e"><f>1/0</f>'
        '<v>#DIV/0!</v></c><c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c>'
        '<c t="inlineStr"><is><t> </t></is></c></row><row/>'
    )
    table = read_table(workbook(cells([list("abcde")]) + row * 3))
    found = {"a": "cherry plum", "b": "2", "c": "", "d": "", "e": "inline"}
    assert table.frame.to_dict("list") == {name: [value] * 3 for name, value in found.items()}


def test_the_first_sheet_that_people_see_something_in_is_read_or_the_one_asked_for():
    found = read_table(SHEETS)
    assert (found.reading.sheet, found.reading.header, found.reading.encoding) == ("Reviews & more", True, None)
    assert found.reading.sheets == ("Cover", "Hidden", "Reviews & more", "Zwei")
    assert [tuple(row) for row in found.frame.itertuples(index=False)] == MORE
    second = read_table(SHEETS, reading=ReadingSettings(sheet="Zwei"))
    assert (len(second.frame), second.columns, second.reading.sheet) == (24, ("a", "b"), "Zwei")
    with pytest.raises(DataError, match=r"'Drei' is not\. Choose one of 'Cover', 'Hidden', 'Reviews & more', 'Zwei'"):
        read_table(SHEETS, reading=ReadingSettings(sheet="Drei"))


def test_a_page_of_notes_is_no_table_and_an_empty_sheet_says_so():
    notes, pairs = (
        cells([["About"], ["Collected in 2024"]]),
        cells([["Author", "Lee"], ["Year", "2024"], ["Part", "3"]]),
    )
    book = workbook("", notes, pairs, "")
    table = read_table(book)
    assert (table.reading.sheet, len(table.frame)) == ("Sheet3", 2)
    with pytest.raises(DataError, match="yourself or another sheet, such as 'Sheet4'") as refused:
        table.reviews()
    assert refused.value.offer == ("reading.sheet", "Sheet4")
    with pytest.raises(DataError, match=r"'Sheet4' is empty\. Choose another sheet, such as 'Sheet1'") as refused:
        read_table(book, reading=ReadingSettings(sheet="Sheet4"))
    assert refused.value.offer == ("reading.sheet", "Sheet1")
    with pytest.raises(DataError, match=r"'Sheet1' is empty below row 99\. Upload a spreadsheet") as refused:
        read_table(workbook(notes), reading=ReadingSettings(skip_lines=99))
    assert refused.value.offer is None


def test_a_table_may_begin_anywhere_below_a_title():
    rows = [[], [None, "Wines of 2022"], [], [None, "text", "label"], *([None, *row] for row in MORE)]
    found = read_table(workbook(cells(rows)))
    assert (found.columns, len(found.frame), found.reading.skipped) == (("text", "label"), 20, 1)
    found = read_table(workbook(cells(rows)), reading=ReadingSettings(skip_lines=4, header="no"))
    assert (found.columns, len(found.frame), found.reading.skipped) == (("column 1", "column 2"), 20, 4)


@pytest.mark.parametrize("kind", [workbook, open_document])
def test_a_sheet_may_lie_in_one_archive_and_not_in_two(kind):
    assert len(read_table(zipped({"a.bin": kind()})).frame) == 24
    assert_says(refusal(zipped({"a.zip": zipped({"a.bin": kind()})})), "another archive", "Unpack it once")
    assert_says(refusal(zipped({"a.bin": kind(), "b.bin": parquet()})), "exactly one file", "holds 2")


def test_all_parts_count_whatever_they_are(monkeypatch):
    monkeypatch.setenv("FORGETTING_LIMITS", "megabytes=1")
    data = workbook(**{"xl/media/picture.png": bytes(4 * 1024 * 1024)})
    assert_says(refusal(data), "at most 4\u00a0MB", "expands to more", "Leave out")


signs = st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zs"], exclude_characters="<>&\"'")
tables = st.lists(
    st.tuples(st.text(signs, min_size=1, max_size=9), st.integers(-(10**9), 10**9)), min_size=1, max_size=20
)


@settings(max_examples=2, deadline=None)
@given(tables)
def test_a_sheet_is_read_as_it_was_written(rows):
    found = read_table(workbook(cells([("text", "label"), *rows])), reading=ReadingSettings(header="yes"))
    texts, numbers = zip(*rows, strict=True)
    assert found.frame["label"].tolist() == [*map(str, numbers)]
    assert found.frame["text"].tolist() == [*texts]
