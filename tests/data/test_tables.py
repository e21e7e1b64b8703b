"""Reading tables: expected values written down by hand, files made byte by byte."""

import csv
import gzip
import hashlib
import io
import zipfile

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_parts import LABELS, TEXTS, assert_says, parquet, refusal, written

from forgetting.core.errors import DataError
from forgetting.data.reviews import Dropped
from forgetting.data.tables import read_reviews, read_table


def zipped(files: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


# What can be read


ENDS, DELIMITERS = ("\r\n", "\n", "\r"), (",", "\t", ";", "|")
# Each encoding with each end of a line, and each delimiter with each end of a line: reading decides on them in turn.
COVERING = [
    *((encoding, DELIMITERS[(row + place) % 4], end)
      for row, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"))
      for place, end in enumerate(ENDS)),
]  # fmt: skip


def test_the_covering_set_holds_each_pair():
    for first, second, count in ((0, 2, 6 * 3), (1, 2, 4 * 3), (0, 1, 6 * 3)):
        assert len({(case[first], case[second]) for case in COVERING}) == count


@pytest.mark.parametrize(("encoding", "delimiter", "line_end"), COVERING)
def test_delimiters_and_encodings(encoding, delimiter, line_end):
    data = written(delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).encode(encoding)
    table = read_table(data, name="wines.csv")
    reviews = table.reviews("text", "label")
    assert (reviews.texts, reviews.labels, reviews.names) == (TEXTS, LABELS, None)
    assert (table.reading.delimiter, table.reading.encoding, table.source) == (delimiter, encoding, "wines.csv")
    assert table.sha256 == reviews.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        lambda data: zipped({"wines.csv": data}),
        lambda data: zipped({"wines.csv": data}, zipfile.ZIP_STORED),
        lambda data: zipped({"in/": b"", "in/wines.csv": data, "__MACOSX/in/._wines.csv": b"\0\5\x16"}),
    ],
)
def test_archives_of_one_file(pack):
    data = pack(written().encode())
    reviews = read_reviews(data)
    assert reviews.texts == TEXTS
    assert reviews.sha256 == hashlib.sha256(data).hexdigest()


def test_json_lines_keep_values_as_written():
    lines = (
        '{"text": "Red \\u00e9 wine", "label": 1.50, "year": 2016, "dry": true}',
        "",
        '{"text": "White wine", "label": 1.50, "notes": ["lime", {"a": null}], "dry": null}',
    )
    frame = read_table("\n".join(lines).encode()).frame
    assert frame.to_dict("list") == {
        "text": ["Red é wine", "White wine"],
        "label": ["1.50", "1.50"],
        "year": ["2016", ""],
        "dry": ["true", ""],
        "notes": ["", '["lime", {"a": null}]'],
    }


def test_sources_path_bytes_and_open_file(tmp_path):
    path = tmp_path / "wines.dat"
    path.write_bytes(written().encode())
    assert read_table(path).source == read_table(str(path)).source == "wines.dat"
    assert read_table(memoryview(path.read_bytes())).source == "uploaded bytes"
    with path.open("rb") as file:
        first = read_table(file)
        assert first.source == "wines.dat"
        assert read_table(file).sha256 == first.sha256, "a file at its end is read from the beginning"


def test_format_is_found_by_content_not_by_ending(tmp_path):
    path = tmp_path / "wines.parquet"
    path.write_text(written("\t"), encoding="utf-8")
    assert read_table(path).reading.delimiter == "\t"


def test_whole_html_entities_are_decoded():
    cells = {  # as HTML 5 has it, but never without the semicolon
        "plum &amp; fig": "plum & fig",
        "it&#39;s &#x201C;dry&#x201d;": "it's “dry”",
        "caf&eacute; &lt;b&gt;": "café <b>",
        "&amp;amp;": "&amp;",  # once
        "black&notes R&D &nosuch; &#; AT&T": "black&notes R&D &nosuch; &#; AT&T",
        "plain": "plain",
    }
    table = read_table(("text,label\n" + "".join(f"{cell},a&amp;b\n" for cell in cells)).encode())
    assert table.frame["text"].tolist() == list(cells.values())
    assert set(table.frame["label"]) == {"a&b"}
    assert table.decoded == table.reviews("text", "label").report.decoded == len(cells)
    assert read_table(b"text,label\nR&D and more,x\n").decoded == 0


def test_cells_are_data():
    rows = [("=1+1", "true"), ("<b>bold</b>", "true"), ("NA", "2020-01-01"), (" null ", "007")]
    reviews = read_reviews(written(rows=rows).encode(), "text", "label", missing=())
    assert reviews.texts == ("=1+1", "<b>bold</b>", "NA", " null ")
    assert reviews.labels == ("true", "true", "2020-01-01", "007")


def test_blank_lines_are_no_rows():
    data = b"text,label\n\nplain red wine,red\n   \nplain red wine,red\n\n"
    assert len(read_table(data).frame) == 2


@pytest.mark.parametrize("script", ["cp1251", "koi8_r"])
def test_other_code_pages_are_told_apart(script):
    text = "Отличное красное вино с нотами вишни и мягкими танинами, долгий финиш"
    data = written(rows=[(text, "красное"), (text, "белое")] * 3).encode(script)
    reviews = read_reviews(data)
    assert reviews.texts == (text,) * 6


def test_a_file_larger_than_the_head_that_shows_the_delimiter():
    row = f"{'red wine with cherry and spice, ' * 10}\tred\n"
    data = ("text\tlabel\n" + row * 30_000).encode()
    assert len(read_table(data).frame) == 30_000


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
# As in prose: an accent or a typographic sign here and there.
western = st.tuples(st.text("abc ,;|\t\"'\r\n", max_size=20), st.sampled_from(["", *"éàüßñç–’…€"])).map("".join)


def tables(cell):
    return st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.tuples(tables(cells), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])),
        st.tuples(tables(western), st.just("cp1252")),
    ),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_round_trip(made, delimiter, quoting):
    rows, encoding = made
    data = written(delimiter, ("text", "label", "name"), rows, quoting=quoting).encode(encoding)
    table = read_table(data)
    assert [tuple(row) for row in table.frame.itertuples(index=False)] == rows
    assert table.columns == ("text", "label", "name")


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=2_000),
        st.tuples(
            st.sampled_from([b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xff\xfe", b"{", b"a,b\n", b'a|b\n"']),
            st.binary(max_size=100),
        ).map(b"".join),
        st.text('ab,;\t\n\r"{}[]:', max_size=80).map(str.encode),
    )
)
def test_arbitrary_bytes_are_read_or_refused(data):
    try:
        read_reviews(data)
    except DataError as error:
        assert str(error)  # noqa: PT017 -- either outcome is right


# What is left out


def test_empty_rows_are_left_out_and_reported():
    rows = [("", "red"), ("a", "red"), (" \t", ""), ("b", " "), ("c", "white"), ("a", "red")]
    data = written(rows=rows).encode()
    reviews = read_reviews(data, "text", "label")
    assert (reviews.texts, reviews.labels) == (("a", "c", "a"), ("red", "white", "red"))
    assert reviews.report.rows == 6
    assert reviews.report.dropped == (Dropped("empty text", 2), Dropped("empty label", 1))
    distinct = refusal(data, "text", "label", drop_duplicates=True)
    assert_says(distinct, "at least 2 reviews", "'label'", "Choose another label column")


def test_filters_are_passed_on():
    rows = [("one", "red"), ("two", "red"), ("three", "red"), ("four", "white"), ("five", "rosé"), ("one", "red")]
    data = written(rows=[*rows, ("six", "white")]).encode()
    reviews = read_reviews(data, "text", "label", drop_duplicates=True, min_reviews=2, max_classes=2)
    assert reviews.counts == {"red": 3, "white": 2}
    sampled = read_reviews(data, "text", "label", min_reviews=2, max_reviews=5, seed=3)
    again = read_reviews(data, "text", "label", min_reviews=2, max_reviews=5, seed=3)
    assert len(sampled) == 5
    assert sampled.texts == again.texts


# What is refused: the rule, the value, the remedy; one of each kind, more are in the corpus


def test_refuses_a_missing_file_and_a_folder(tmp_path):
    missing = tmp_path / "none.csv"
    assert_says(refusal(missing), "must lead to a file", str(missing), "does not exist", "Check the path")
    assert_says(refusal(tmp_path), "must lead to a file", "is a folder", "Check the path")
    assert_says(refusal("a\0b"), "must lead to a file", "does not exist")


def test_refuses_what_is_no_source():
    assert_says(refusal(7), "must be a path, bytes or an open binary file", "int")
    assert_says(refusal(io.StringIO("a,b")), "binary mode", "text", "Open it again")
    closed = io.BytesIO(b"a,b")
    closed.close()
    assert_says(refusal(closed), "must be readable", "closed file", "Open it again")


@pytest.mark.parametrize("data", [b"", b" \n\r\n\t"])
def test_refuses_an_empty_file(data):
    assert_says(refusal(data, name="wines.csv"), "wines.csv: ", "must hold a table", "empty", "Upload one")


@pytest.mark.parametrize(
    "data", [b"text,label\n", b"\xff\xfe", b"text,label", parquet(pa.table({"a": pa.array([], pa.string())}))]
)
def test_refuses_a_table_without_rows(data):
    assert_says(refusal(data), "must have rows", "nothing below", "Upload one with reviews")


def test_refuses_a_table_without_text():
    data = b"price,points,country\n10,90,US\n12,91,France\n"
    assert_says(refusal(data), "3 words or more", "none of 'price', 'points', 'country'", "Choose the text")


def test_refuses_a_single_column():
    data = b"text\nA fine red wine\nA fine white wine\n"
    message = refusal(data)
    assert_says(message, "label column", "at least 2 values", "'text' alone", "upload a file that has one")


def test_refuses_a_table_without_labels():
    data = b"text,id\nA fine red wine,1\nA fine white wine,2\n"
    assert_says(refusal(data), "label column", "at least 2 values", "none of 'id' does", "Choose the label")


def test_refuses_an_unknown_column():
    message = refusal(written().encode(), "texts", name="wines.csv")
    assert_says(message, "wines.csv: ", "must be in the table", "'texts'", "Choose one of 'text', 'label'")
    assert_says(refusal(written().encode(), "text", "kind"), "'kind'", "Choose one of 'text', 'label'")


def test_a_message_names_twenty_columns_at_most():
    data = ",".join(f"c{place}" for place in range(1, 31)) + "\n" + "," * 29
    assert_says(refusal(data.encode(), "text"), "'c20' and 10 more")
    message = refusal(f"{'long' * 100},b\n1,2\n".encode(), "text")
    assert len(message) < 250


def test_refuses_one_column_as_text_and_label():
    message = refusal(written().encode(), "text", "text")
    assert_says(message, "must be two columns", "'text' was chosen for both", "Choose one of 'text', 'label'")


def test_refuses_a_single_class():
    data = written(rows=[("a", "red"), ("b", "red")]).encode()
    assert_says(refusal(data, "text", "label"), "at least 2 classes", "1 remained", "Choose another label")


def test_refuses_classes_of_one_review():
    data = written(rows=[("a", "red"), ("b", "white")]).encode()
    assert_says(refusal(data, "text", "label"), "at least 2 reviews", "2 classes", "Choose another label")


def test_refuses_columns_without_content():
    data = written(rows=[("", "red"), (" ", "white")]).encode()
    assert_says(refusal(data, "text", "label"), "text column", "all 2 values of 'text' are empty", "Choose another")
    data = written(rows=[("a", ""), ("b", " ")]).encode()
    assert_says(refusal(data, "text", "label"), "label column", "'label' are empty", "Choose another label")


def test_refuses_equal_column_names():
    message = refusal(b"text,label,text\na,b,c\n")
    assert_says(message, "different names", "'text' occurs 2 times", "Rename one")


def test_unnamed_columns_are_called_by_their_place():
    assert read_table(b",text, ,label\n0,a,,b\n").columns == ("column 1", "text", "column 3", "label")


def test_a_folder_that_is_called_as_in_a_document_of_word_is_none():
    data = written().encode()
    assert read_table(zipped({"word/reviews.csv": data})).frame.equals(read_table(data).frame)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (zipped({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}), "an Office document"),
        (b"\n<!DOCTYPE html>\n<html>", "a web page"),
        (b"text,label\n\0\1\2\3,red\n", "NUL"),
        ("text,label\nwine\0\0,red\n".encode("utf-16"), "NUL"),
    ],
)
def test_refuses_binary_files(data, what):
    assert_says(refusal(data), "must be", what, "CSV UTF-8")


def test_refuses_a_file_over_the_limit(tmp_path):
    data = written().encode()
    path = tmp_path / "wines.csv"
    path.write_bytes(data)
    for source in (data, path, io.BytesIO(data)):
        message = refusal(source, max_bytes=len(data) - 1)
        assert_says(message, f"at most {len(data) - 1} bytes", "has more", "Leave out rows")
    assert len(read_reviews(data, max_bytes=len(data))) == 4


BOMB = b"text,label\n" + b"a,b\n" * 1_000_000


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(BOMB),
        zipped({"a.csv": BOMB}),
        parquet(pa.table({"text": ["a" * 1_000] * 5_000, "label": ["b"] * 5_000})),
    ],
)
def test_refuses_to_expand_beyond_the_limit(data):
    assert len(data) < 60_000
    assert_says(refusal(data, max_bytes=60 * 1024), "at most 60\N{NO-BREAK SPACE}kB", "expands to more", "Leave out")


def test_a_size_that_a_zip_claims_is_not_trusted():
    true, claimed = (size.to_bytes(4, "little") for size in (len(BOMB), 4))
    assert_says(refusal(zipped({"a.csv": BOMB}).replace(true, claimed), max_bytes=60_000), "damaged", "Download")


def test_expanding_stops_at_the_limit(monkeypatch):
    read = []
    original = gzip.GzipFile.read

    def counting(file, size=-1):
        chunk = original(file, size)
        read.append(len(chunk))
        return chunk

    monkeypatch.setattr(gzip.GzipFile, "read", counting)
    refusal(gzip.compress(bytes(20_000_000)), max_bytes=100)
    assert sum(read) <= 1024 * 1024


ONE = written().encode()


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (zipped({"a.csv": ONE, "b.csv": ONE}), ("exactly one file", "holds 2", "Pack the one")),
        (gzip.compress(gzip.compress(ONE)), ("data file itself", "another archive", "Unpack it once")),
        (zipped({"a.csv": ONE}, zipfile.ZIP_LZMA), ("usual method", "method 14", "Unpack it")),
        (b"\x1f\x8b\x08garbage", ("must be whole", "damaged", "Download it again")),
    ],
)
def test_refuses_archives_of_another_kind(data, parts):
    assert_says(refusal(data), *parts)


def test_refuses_an_encrypted_zip():
    data = bytearray(zipped({"a.csv": ONE}))
    data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the directory
    assert_says(refusal(bytes(data)), "must not be encrypted", "this one is", "Unpack it")


@pytest.mark.parametrize(("row", "found"), [("only one field", 1), ("three,fields,here", 3), ("a,b,c,d,e", 5)])
def test_refuses_ragged_rows(row, found):
    data = f'text,label\n"two\nlines",red\nfine,red\n{row}\nfine,red\n'
    message = refusal(data.encode())
    remedy = "Add the fields" if found < 2 else "double quotes"
    assert_says(message, "as many fields as the header, 2", "line 5", f"has {found}", remedy, "leave bad rows out")


def test_refuses_an_unclosed_quote():
    message = refusal(b'text,label\nfine,red\n"never closed,red\nfine,white\n')
    assert_says(message, "quote must be closed", "line 3", "Correct the quotes")


def test_refuses_an_undoubled_quote():
    message = refusal(b'text,label\nfine,red\n"a "nice" wine",red\n')
    assert_says(message, "must be doubled", "line 3", "Correct the quotes")


def test_refuses_a_field_beyond_the_csv_limit_and_leaves_the_limit_alone():
    limit = csv.field_size_limit()
    message = refusal(b'text,label\n"' + b"a" * (limit + 1) + b'",red\n')
    assert_says(message, f"at most {limit:,} characters", "line 2", "Shorten")
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("[1, 2]", "[1, 2]"),
        ("7", "7"),
        ('{"text": "cut', "Unterminated"),
        ('{"text": "\\ud800"}', "surrogates"),
        ('{"a":' + "[" * 100_000, "recursion"),
    ],
)
def test_refuses_json_lines_that_are_no_objects(line, value):
    data = f'{{"text": "a"}}\n\n{line}\n'.encode()
    assert_says(refusal(data), "must be one whole object", "line 3", value, "Correct that line")


@pytest.mark.parametrize(
    ("delimiter", "first"),
    [(",", "sep={}\n"), ("\t", "SEP={}\r\n"), (";", "sep={}\n"), ("|", "Sep={}\r"), ("^", "SEP={}\n")],
)
def test_the_line_that_declares_the_delimiter_is_no_header(first, delimiter):
    table = read_table((first.format(delimiter) + written(delimiter)).encode())
    assert (table.columns, table.reading.delimiter) == (("text", "label"), delimiter)
    assert tuple(table.frame["text"]) == TEXTS


def test_nested_values_of_json_count(monkeypatch):
    monkeypatch.setenv("FORGETTING_LIMITS", "values=12")
    rows = '{"text": "cherry plum", "label": "a", "n": [1, [2, "3"], {"a": [], "b": null}]}'  # 3 + 3 + 2 + 2
    assert read_table(rows.encode()).frame["n"][0] == '[1, [2, "3"], {"a": [], "b": null}]'
    for more in (rows, '{"text": "plum", "label": "b", "n": 1}'):  # nested ones are too many, or all together
        assert_says(refusal(f"{rows}\n{more}".encode()), "at most 12 values", "nested ones included", "Leave out")


def test_refuses_too_many_columns():
    header = ",".join(f"c{place}" for place in range(1_001))
    message = refusal(f"{header}\n{header}\n".encode())
    assert_says(message, "at most 1,000 columns", "has 1,001", "Keep the columns")


def test_refuses_too_many_values(monkeypatch):
    monkeypatch.setenv("FORGETTING_LIMITS", "values=7")
    lines = b'{"text": "a", "label": "b"}\n' * 4
    for data in (ONE, lines, parquet(pa.table({"text": TEXTS, "label": LABELS}))):
        assert_says(refusal(data), "at most 7 values", "4 rows of 2 columns", "Leave out")


def test_refuses_a_damaged_utf8_file():
    data = "text,label\nrosé rosé rosé,red\n".encode() + "rosé,red\n".encode("latin-1")
    assert_says(refusal(data), "one encoding", "UTF-8 but for byte 0xE9", "line 3", "save the file again")


def test_refuses_bytes_that_no_encoding_explains():
    assert_says(refusal(b"\xef\xbb\xbftext,label\n\xff\xfe,red\n"), "one encoding", "utf-8-sig", "save it again")


def test_original_file(wine_reviews_path):
    table = read_table(wine_reviews_path)
    reviews = read_reviews(wine_reviews_path)
    assert (table.reading.encoding, table.reading.delimiter, len(table.frame)) == ("utf-8", ",", 309)
    assert (len(reviews), len(reviews.counts), len(set(reviews.names))) == (309, 11, 294)
    assert reviews.sha256 == "fa0440d0b9660ee221d75d459134e2172c1b054316846516cb2c1519a55875c0"
    assert len(read_reviews(wine_reviews_path, drop_duplicates=True)) == 294
    by_hand = pd.read_csv(wine_reviews_path, keep_default_na=False)
    assert reviews.texts == tuple(by_hand["Review_content"])
    assert reviews.labels == tuple(by_hand["Type_of_wine"])
