"""JSON in the forms that people have it in, against pandas' own reader and writer."""

import io
import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_parts import LABELS, TEXTS, assert_says, refusal

from forgetting.data.formats.json_text import JsonText
from forgetting.data.reading import ReadingSettings
from forgetting.data.tables import read_table

ROWS = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
COLUMNS = {"text": list(TEXTS), "label": list(LABELS)}
ARRAYS = [[*row.values()] for row in ROWS]


def read(value: object, **options) -> dict[str, list[str]]:
    text = value if isinstance(value, str) else json.dumps(value)
    return read_table(text.encode(), reading=ReadingSettings(**options)).frame.to_dict("list")


@pytest.mark.parametrize(("indent", "index"), [(None, None), (2, ["b", "a", "d", "c"]), (None, [2020, 7, -3, 10**12])])
@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "table", "values"])
def test_each_orient_of_pandas_is_read_as_pandas_reads_it(orient, indent, index):
    frame = pd.DataFrame(COLUMNS | {"points": [88.5, None, 90.0, 91.0]}, index)
    text = frame.to_json(orient=orient, indent=indent)
    names = ["column 1", "column 2", "column 3"] if orient == "values" else list(frame)
    header = "no" if orient == "values" else "automatic"
    assert read(text, header=header) == dict(zip(names, [*COLUMNS.values(), ["88.5", "", "90.0", "91.0"]], strict=True))
    again = pd.read_json(io.StringIO(text), orient=orient, dtype=False, convert_axes=False)
    assert again.iloc[:, 0].tolist() == list(TEXTS)


@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        json.dumps(ROWS[:2], indent=1) + json.dumps(ROWS[2:]),
        "".join(map(json.dumps, ROWS)),
        "\r\n".join(json.dumps(row, indent=4) for row in ROWS),
        {"reviews": ROWS},
        {"version": "1.0", "tags": ["a", "b"], "by": {"a": {"b": []}}, "data": ROWS, "next": None},
        {"header": 1, "rows": [["text", "label"], *ARRAYS]},
        [["text", "label"], *ARRAYS],
        "\n".join(json.dumps(row) for row in [["text", "label"], *ARRAYS]),
        {"data": ARRAYS, "columns": ["text", "label"]},
        COLUMNS,
        {name: {f"review {place}": value for place, value in enumerate(values)} for name, values in COLUMNS.items()},
        {f"review {place}": row for place, row in enumerate(ROWS)},
        {"status": "ok", "result": {"page": 1, "items": ROWS}},
        {"took": 3, "hits": {"total": {"value": 4}, "hits": [{"_index": "a", "_source": row} for row in ROWS]}},
        {"features": [], "rows": [{"row_idx": place, "row": row} for place, row in enumerate(ROWS)]},
        {"type": "a", "features": [{"type": "Feature", "geometry": None, "properties": row} for row in ROWS]},
        {"5": ROWS[0], "3": ROWS[1], "9": ROWS[2], "1": ROWS[3]},
    ],
)
def test_a_table_in_any_form_is_the_same_table(value):
    assert read(value) == COLUMNS


def test_columns_are_put_together_by_the_names_of_rows():
    found = read('{"a": {"x": 1, "y": "2", "x": 3}, "b": {"y": [1.50], "z": null, "x": true}}')
    assert found == {"a": ["3", "2", ""], "b": ["true", "[1.50]", ""]}


def test_arrays_have_a_header_where_it_looks_like_one_or_is_asked_for():
    assert [*read([["text", "label"], *ARRAYS])] == ["text", "label"]
    assert [*read([["text", "label"], *ARRAYS], header="no")] == ["column 1", "column 2"]
    assert [*read([[f"{text} {row}", label] for row in range(3) for text, label in ARRAYS])] == ["column 1", "column 2"]
    assert [*read(ARRAYS, header="yes")] == [TEXTS[0], "red"]
    assert read([["text", "label"], ["a b c"], ["d e f", "x"]])["label"] == ["", "x"]


def test_one_line_that_is_no_table_stays_a_row():
    lists = [{"tags": ["a", "b"]}, {"tags": []}, {"notes": [{"by": "x"}]}, {"by": {}}]
    for row in (ROWS[0], *(ROWS[0] | more for more in lists), {"tags": []}):
        assert len(read(row)[next(iter(row))]) == 1


def test_a_text_that_begins_like_an_array_is_still_delimited():
    for first in ("[[Wine]]", "[1] note", "[text]", "[null"):
        assert [*read(f"{first},label\na b c,red\n")] == [first, "label"]


def test_one_array_of_texts_is_a_column():
    for indent in (None, 2):
        assert read(json.dumps([*TEXTS, *TEXTS], indent=indent)) == {"column 1": [*TEXTS, *TEXTS]}


def test_several_lists_of_rows_are_named_by_their_paths():
    data = json.dumps({"data": {"train": ROWS, "test": ROWS}}).encode()
    assert_says(refusal(data), "holds several, such as 'data.train' and 'data.test'", "Keep the one")
    rows = {"a": {"text": "x", "spans": ROWS}, "b": {"text": "y", "spans": ROWS}}
    assert [*read(rows)] == ["a", "b"]


def test_a_text_in_braces_is_delimited_and_what_python_writes_is_refused_as_such():
    for name in ("name", "first name"):
        rows = "".join(f"{{{name}}} cherry plum {row}\t{label}\n" for row in range(5) for label in LABELS)
        assert len(read(rows, header="no")["column 1"]) == 20
    said = refusal("\n".join(map(str, ROWS)).encode())
    assert_says(said, "line 1 has single ones", "json.dumps")
    assert "leave bad rows out" not in said


def test_a_row_with_half_a_surrogate_pair_can_be_left_out():
    rows = [*ROWS, {"text": "cut \ud83c", "label": "red"}]
    for value in (rows, {"data": rows}, [[*row.values()] for row in rows]):
        data = json.dumps(value).encode()
        assert_says(refusal(data), "half of a surrogate pair", "leave bad rows out")
        table = read_table(data, reading=ReadingSettings(leave_out_bad_rows=True, header="automatic"))
        assert (table.reading.bad_rows, "cut ?" in table.reading.shown_bad_rows[0].text) == (1, True)


def test_a_bad_line_can_be_left_out():
    lines = [json.dumps(row) for row in ROWS]
    for place in range(4):
        text = "\n".join([*lines[:place], lines[place][:-3], *lines[place + 1 :]]).encode()
        assert_says(refusal(text), f"line {place + 1}", "leave bad rows out")
        table = read_table(text, reading=ReadingSettings(leave_out_bad_rows=True))
        assert (len(table.frame), table.reading.bad_rows, table.reading.shown_bad_rows[0].line) == (3, 1, place + 1)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a,:"{}[]\\é🍷\n', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=9),
    max_leaves=30,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(',:"a', max_size=4), values, max_size=40), st.integers(1, 9), st.sampled_from([None, 1]))
def test_an_object_is_taken_whole_from_pieces_of_any_size(value, size, indent):
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    source = JsonText((text[start : start + size] for start in range(0, len(text), size)), dict)
    found = {}
    for part in source.parts():
        found |= part
    assert json.dumps(found, default=lambda number: int(number)) == json.dumps(value)
    assert source.sign() == ""
