"""Delimited text as people have it: quotes that are plain signs, no header, titles above it, rows that are bad."""

import csv
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import DataError
from forgetting.data.formats.layout import is_like
from forgetting.data.reading import ReadingSettings
from forgetting.data.tables import Table, read_table
from forgetting.reporting.data import describe_reading

WORDS = (
    "cherry",
    "plum",
    "leather",
    "smoke",
    "lemon",
    "apple",
    "slate",
    "pear",
    "fig",
    "raisin",
    "walnut",
    "toffee",
    "good",
    "wine",
    "bad",
    "taste",
    "not",
    "again",
)
LEAVE_OUT = ReadingSettings(leave_out_bad_rows=True)
BY_LINES = ReadingSettings(line_encodings=True)


def prose(source: random.Random, least: int = 4, most: int = 20) -> str:
    return " ".join(source.choices(WORDS, k=source.randint(least, most)))


def pairs(count: int = 60, labels=("ham", "spam")) -> list[tuple[str, str]]:
    """Different texts, their labels in turn."""
    source = random.Random(5)
    return [(f"{prose(source)} {row}", labels[row % len(labels)]) for row in range(count)]


def joined(rows, delimiter: str, header: tuple[str, ...] | None = ("text", "label")) -> str:
    """The rows without quotes."""
    return "".join(delimiter.join(row) + "\n" for row in ([header] if header else []) + list(rows))


def cells(table: Table) -> list[tuple[str, ...]]:
    return list(table.frame.itertuples(index=False, name=None))


# Quotes

QUOTED_TEXTS = {  # of three rows, the signs as they stand in the file
    "one within": ('"Come at once" he said', "plain", "plain"),
    "one that is never closed": ('"Come at once, he said', "plain", "plain"),
    "one that only closes": ("plain", 'Come at once, he said"', "plain"),
    "one that closes twenty rows below": ('"Come at once', *["plain"] * 20, 'he said"'),
    "whole ones beside others": ('"all of it"', '5" screen', '"half of it'),
    "doubled ones": ('""twice""', '"""', 'a "" b'),
}


@pytest.mark.parametrize("delimiter", ["\t", "|"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", QUOTED_TEXTS)
def test_quotes_that_do_not_pair_up_by_field_are_plain_signs(name, first, delimiter):
    rows = pairs(200)
    for place, text in enumerate(QUOTED_TEXTS[name], 20):
        rows[place] = (f"{text} {place}" if text == "plain" else text, rows[place][1])
    rows = rows if first else [row[::-1] for row in rows]
    found = read_table(joined(rows, delimiter).encode())
    assert cells(found) == rows
    doubt = name not in ("one that only closes",)  # there both ways give the same table
    assert found.reading.quotes == ("plain" if doubt else "fields")
    asked = read_table(joined(rows, delimiter).encode(), reading=ReadingSettings(quotes="plain"))
    assert cells(asked) == rows


def test_quotes_are_plain_signs_in_a_file_with_commas_only_if_many_rows_say_so():
    rows = pairs()
    rows[3] = ('"Come at once', "ham")
    with pytest.raises(
        DataError, match=r"quote must be closed; one that opens in the row at line 5 never is.*quotes are plain signs"
    ) as refusal:
        read_table(joined(rows, ",").encode())
    assert refusal.value.offer == ("reading.quotes", "plain")
    assert cells(read_table(joined(rows, ",").encode(), reading=ReadingSettings(quotes="plain"))) == rows
    rows[13], rows[23] = ('"Go" he said', "spam"), ('"No', "spam")
    found = read_table(joined(rows, ",").encode())
    assert (cells(found), found.reading.quotes) == (rows, "plain")
    rows[3:6] = [('"Come at once', "spam"), *rows[4:5], ('he said"', "spam")]
    rows[13], rows[23] = pairs()[13], pairs()[23]
    assert cells(read_table(joined(rows, ",").encode())) == rows  # three rows that read as one with a wide text


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("delimiter", ",\t;|")
def test_quotes_that_a_program_wrote_are_believed(delimiter, quoting):
    rows = [(f'{text}{delimiter} "{text[:5]}"\n\n{text[5:]}{delimiter}a\n', label) for text, label in pairs(40)]
    rows[7] = ('all "of it"', "ham")
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows([("text", "label"), *rows])
    found = read_table(file.getvalue().encode())
    assert (cells(found), found.reading.quotes) == (rows, "fields")
    broken = file.getvalue().replace(' ""', ' "', 1)  # a quote within that is not doubled
    with pytest.raises(DataError, match="at line 2 is not"):
        read_table(broken.encode())
    left = read_table(broken.encode(), reading=LEAVE_OUT)
    assert cells(left) == rows[1:]


@pytest.mark.parametrize("delimiter", ",\t;|")
@pytest.mark.parametrize("every", [1, 7])
def test_backslashes_before_quotes_are_taken_away_where_all_quotes_then_pair_up(delimiter, every):
    rows = [
        (f'{text}{delimiter} "{text[:5]}" c:\\new, ""' if place % every == 0 else text, label)
        for place, (text, label) in enumerate(pairs())
    ]
    text = "".join('"{}"{}{}\n'.format(text.replace('"', '\\"'), delimiter, label) for text, label in rows)
    found = read_table(f"text{delimiter}label\n{text}".encode())
    assert (cells(found), found.reading.quotes) == (rows, "escaped")
    broken = text.replace('\\"', '"', 1)  # one of them is not escaped
    left = read_table(f"text{delimiter}label\n{broken}".encode(), reading=LEAVE_OUT)
    assert (cells(left), left.reading.bad_rows, left.reading.quotes) == (rows[1:], 1, "escaped")


def test_backslashes_are_plain_signs_where_quotes_are_doubled_or_plain():
    rows = [(f'"{text}\\" \\, c:\\', label) for text, label in pairs()]
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("text", "label"), *rows])
    assert cells(read_table(file.getvalue().encode())) == rows
    rows[3] = ('"Come at once, he said', "ham")
    found = read_table(joined(rows, "\t").encode())
    assert (cells(found), found.reading.quotes) == (rows, "plain")


def test_blanks_between_delimiters_and_quotes_are_passed_over():
    rows = [(f'{text}, "{text[:5]}", and', label) for text, label in pairs()]
    text = "text, label\n" + "".join('"{}", "{}"\n'.format(text.replace('"', '""'), label) for text, label in rows)
    found = read_table(text.encode())
    assert (cells(found), found.reading.quotes) == (rows, "spaced")
    rows = [(f' "{text}"', label) for text, label in pairs()]  # within the quotes, blanks are kept
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    assert cells(read_table(file.getvalue().encode())) == rows


def test_a_file_without_quotes_says_nothing_of_them():
    assert read_table(joined(pairs(), ",").encode()).reading.quotes is None


def test_a_text_may_begin_with_a_name_in_braces():
    rows = [(f"{{name}} {text}", label) for text, label in pairs()]
    assert cells(read_table(joined(rows, "\t", None).encode())) == rows


# Headers

HEADINGS = (  # as they stand in public data, with a letter for what is below each: see `below`
    ("v1,v2", "lt"), ("v1,v2,,,", "lt   "), ("label,text", "lt"), ("text,label", "tl"), ("0,1", "tb"), ("1,0", "bt"),
    (",0,1", "itb"), ("0,1,2", "itb"), ("Category,Message", "lt"), ("review,sentiment", "tl"), ("Sentence,Label", "tr"),
    ("class,title,description", "rst"), ("target,ids,date,flag,user,text", "bidynt"), ("a,b", "tl"), ("x,y", "tb"),
    ("PhraseId,SentenceId,Phrase,Sentiment", "iitr"), ("Unnamed: 0,description,variety", "itl"), ("spam,message", "bt"),
    (",country,description,points,price", "iytff"), ("Id,UserId,ProfileName,Score,Summary,Text", "innrst"),
    ("text,emotion", "te"), ("tweet_id,sentiment,content", "iet"), ("Text,Emotion", "te"), ("message,spam", "tl"),
    ("How satisfied were you?,Please tell us in your own words what we could do better.", "qt"),
    ("Please describe the wine in a few words that come to your mind,Rating", "tr"), ("review,good", "tb"),
    ("What did you think of the wine?,Would you buy it again?", "tl"), ("text,1990,1991,1992", "tfff"),
    ("comment_text,toxic,obscene,threat", "tbbb"), ("country,1990,1991,1992", "yfff"), ("1,2,3", "tbr"),
    ("评论,标签", "cl"), ("отзыв,оценка", "tr"), ("texte,étiquette", "tl"), ("word,tag", "wl"), ("wine,points", "sf"),
    ("name,review,stars,url,date", "ntrud"), ("id,keyword,location,text,target", "iwytb"), ("y,x", "bt"),
    ("Review Text,Rating,Recommended IND,Positive Feedback Count,Class Name", "trbry"), ("pos,neg", "tt"),
    ("airline_sentiment,negativereason,text", "lyt"), ("qid,question_text,target", "ntb"), ("type,text", "lt"),
    ("overall,reviewText", "rt"), ("star_rating,review_headline,review_body", "rst"), ("headline,category", "sy"),
    ("premise,hypothesis,label", "ttl"), ("question1,question2,is_duplicate", "ttb"), ("text,label,split", "tll"),
    ("review_id,review", "it"), ("date,review,score", "dtf"), ("good,text", "bt"), ("wine review,wine", "ty"),
    ("The text of the review as it was written by the visitor of our site,The label", "tl"), ("text,text length", "tr"),
    ("Message,spam", "tb"), ("rating;1-5,review", "rt"), ("Wine Name,Notes,Style", "sty"), ("N/A,text", "lt"),
)  # fmt: skip


def below(kind: str, row: int, source: random.Random) -> str:
    values = {
        "l": ("spam", "ham"), "b": "01", "r": "12345", "e": ("joy", "fear", "anger", "love"), "w": WORDS, " ": [""],
        "y": ("France", "Italy", "Spain", "US"), "q": ("Very satisfied", "Satisfied", "Not satisfied at all"),
    }  # fmt: skip
    if kind in values:
        return source.choice(values[kind])
    made = {
        "t": prose(source, 3, 30), "s": prose(source, 1, 6), "c": "".join(source.choices("香气成熟余味悠长单宁", k=12)),
        "i": str(row), "f": f"{source.uniform(80, 100):.1f}", "n": f"{source.choice('ABCDE')}nna{row}",
        "d": f"20{source.randint(10, 24)}-0{source.randint(1, 9)}-11", "u": f"http://a.b/{source.random()}",
    }  # fmt: skip
    return made[kind]


@pytest.mark.parametrize("count", [5, 24, 300])
def test_every_heading_of_public_data_stays_a_header(count):
    source = random.Random(count)
    assert len(HEADINGS) >= 60
    for heading, kinds in HEADINGS:
        rows = [tuple(below(kind, row, source) for kind in kinds) for row in range(count)]
        found = read_table(joined(rows, ",", tuple(heading.split(","))).encode())
        reading = found.reading
        assert (reading.header, reading.skipped, reading.row_names, len(found.frame)) == (True, 0, False, count), (
            heading
        )
        assert is_like(heading.split(","), [list(row) for row in rows]) is not True


def test_nearly_every_file_without_a_header_is_found():
    source = random.Random(9)
    kinds = ("lt", "tl", "te", "tb", "rt", "rst", "bidynt", "ty", "iytr", "cl", "itb", "bt", "ytl", "itl")
    missed = 0
    for kind in kinds:
        for delimiter in ",\t;|":
            rows = [tuple(below(each, row, source) for each in kind) for row in range(80)]
            found = read_table(joined(rows, delimiter, None).encode())
            if found.reading.header:
                missed += 1
            else:
                assert cells(found) == rows
                assert found.columns == tuple(f"column {place}" for place in range(1, len(kind) + 1))
    assert missed <= 2, f"{missed} of {4 * len(kinds)}"


def test_the_first_row_is_what_the_setting_says():
    data = joined(pairs(), ",").encode()
    found = read_table(data, reading=ReadingSettings(header="no"))
    assert (found.columns, cells(found)[0], found.reading.header) == (
        ("column 1", "column 2"),
        ("text", "label"),
        False,
    )
    data = joined(pairs(), ",", None).encode()
    found = read_table(data, reading=ReadingSettings(header="yes"))
    assert (found.columns, len(found.frame), found.reading.header) == (pairs()[0], 59, True)


TITLES = {  # lines above the header, and how many are passed over
    "one": ("Export of March\n", 1),
    "filled up": ("Export of March,,\n,,\n", 2),
    "with a blank line": ("Export of March\n\n", 2),
    "with commas": ("Reviews, of March and April\n", 1),
    "with more commas than columns": ("Reviews, of March, of April, of May, and of June\n", 1),
    "with names and values": ("Report,Reviews\nDate,2020-01-01\n\n", 3),
    "filled up, with names and values": ("Date,2020-01-01,,\n", None),  # of another width: the table has three columns
    "remarks": ("# a\n# b, c\n# d\n", 3),
    "quoted": ('"Reviews, of March"\n', 1),
    "declared by Excel": ("sep=,\nExport of March\n", 1),
}


@pytest.mark.parametrize("name", TITLES)
def test_titles_above_a_header_are_passed_over(name):
    titles, count = TITLES[name]
    rows = [(text, label, str(row)) for row, (text, label) in enumerate(pairs())]
    found = read_table((titles + joined(rows, ",", ("review", "style", "price"))).encode())
    assert (found.columns, cells(found)) == (("review", "style", "price"), rows)
    assert found.reading.skipped == (titles.count("\n") if count is None else count)


@pytest.mark.parametrize("titles", ["Reviews, of 2023\n", "a,b\n", "Date,1 May\nWriter,me\n"])
def test_known_names_are_a_header_below_as_many_fields(titles):
    found = read_table((titles + joined(pairs(), ",")).encode())
    assert (found.columns, cells(found), found.reading.skipped) == (("text", "label"), pairs(), titles.count("\n"))
    again = read_table((titles + joined(pairs(), ",") + "text,label\n").encode())  # then they may be values
    assert (again.columns[0], again.reading.skipped) == (titles.split(",")[0], 0)


def test_rows_that_occur_again_do_not_make_the_first_a_header():
    rows = pairs(20) * 3
    found = read_table(joined(rows, "\t", None).encode())
    assert (cells(found), found.reading.header) == (rows, False)


def test_lines_are_passed_over_as_the_setting_says():
    data = ("a,b\nc,d\n\n" + joined(pairs(), ",")).encode()
    found = read_table(data, reading=ReadingSettings(skip_lines=3))
    assert (found.columns, cells(found), found.reading.skipped) == (("text", "label"), pairs(), 3)
    bad = read_table(data + b"one\n", reading=ReadingSettings(skip_lines=3, leave_out_bad_rows=True)).reading
    assert (bad.bad_rows, bad.shown_bad_rows[0].line) == (1, 65)


def test_a_header_whose_rows_all_hold_a_comma_is_no_title():
    rows = [(f"{text}, and {text}", label) for text, label in pairs()]
    with pytest.raises(DataError, match=r"as many fields as the header, 2; the one at line 2 has 3.*double quotes"):
        read_table(joined(rows, ",").encode())


def test_a_header_that_is_repeated_is_left_out_and_counted():
    names = ("text", "label", "wine name")
    rows = [(*pair, f"wine {row}") for row, pair in enumerate(pairs())]
    text = joined(rows[:20], ",", names) + joined(rows[20:40], ",", names) + "\ufeff" + joined(rows[40:], ",", names)
    found = read_table(text.encode())
    assert (found.columns, cells(found), found.reading.repeated_headers) == (names, rows, 2)
    assert describe_reading(found.reading) == (
        "2 rows were left out below the header, as the header is repeated there.",
    )
    one = read_table(b"text\na\ntext\nb\n")  # a single value may occur again
    assert (cells(one), one.reading.repeated_headers) == ([("a",), ("text",), ("b",)], 0)


# Row names, and delimiters at the end


def test_names_of_rows_as_r_writes_them_are_a_column_without_a_name():
    for names in ([str(row) for row in range(1, 61)], [f"row{row}" for row in range(60)]):
        rows = [(name, *pair) for name, pair in zip(names, pairs(), strict=True)]
        for text in (joined(rows, "\t"), '"text","label"\n' + "".join('"{}","{}","{}"\n'.format(*row) for row in rows)):
            found = read_table(text.encode())
            assert (found.columns, cells(found)) == (("column 1", "text", "label"), rows)
            assert (found.reading.row_names, found.reading.trailing) == (True, False)


def test_names_of_rows_that_go_on_as_labels_are_no_header():
    rows = [(str(row), text, str(row % 4 + 1)) for row, (text, _) in enumerate(pairs(), 1)]
    for titles in ("", "Export of March\n", "Export of March\nand of April\n"):
        found = read_table((titles + joined(rows, "\t", ("text", "stars"))).encode())
        assert (found.columns, cells(found)) == (("column 1", "text", "stars"), rows)
        assert (found.reading.row_names, found.reading.skipped) == (True, titles.count("\n"))
        trailing = titles + "text|stars\n" + "".join(f"{text}|{stars}|\n" for _, text, stars in rows)
        found = read_table(trailing.encode())
        assert (found.columns, cells(found)) == (("text", "stars"), [row[1:] for row in rows])


@pytest.mark.parametrize("header", ["text,label\n", "text,label,\n", ""])
def test_delimiters_at_the_end_of_rows_are_taken_away(header):
    rows = "".join(f"{text},{label},\n" for text, label in pairs())
    found = read_table((header + rows).encode())
    if header.endswith(",\n"):  # then they are a column, as ever
        assert found.columns == ("text", "label", "column 3")
    else:
        assert (cells(found), found.reading.trailing) == (pairs(), True)
    without = read_table((header + joined(pairs(), ",", None)).encode())
    assert cells(without) == pairs()


def test_numbers_in_a_row_of_r_are_no_header_of_numbers():
    rows = [(str(row + 1), text, str((row + 1) % 5 + 1)) for row, (text, _) in enumerate(pairs())]
    found = read_table(joined(rows, "\t").encode())
    assert (found.columns, cells(found), found.reading.row_names) == (("column 1", "text", "label"), rows, True)


# Bad rows

BAD = {  # a row, and how its cause is told
    "one field": "it has 1 field instead of 2",
    "one,two,three": "it has 3 fields instead of 2",
    '"a "nice" wine",red': "a quote within a quoted field of it is not doubled",
    '"never closed,red': "a quote that opens in it is never closed",
    '"open","and again': "a quote that opens in it is never closed",
}


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("row", BAD)
@settings(max_examples=8, deadline=None)
@given(places=st.sets(st.integers(1, 40), min_size=1, max_size=3), lines=st.booleans())
def test_bad_rows_are_left_out_and_no_others(row, quoting, places, lines):
    rows = [(f'{text}, "{text[:4]}"' + "\n\nmore, of it" * lines, label) for text, label in pairs(40)]
    text, begin = "", []
    for place, each in enumerate([("text", "label"), *rows]):
        file = io.StringIO()
        csv.writer(file, quoting=quoting, lineterminator="\n").writerow(each)
        text += file.getvalue()
        if place in places:
            begin.append(text.count("\n") + 1)
            text += row + "\n"
    with pytest.raises(DataError, match=rf"at line {begin[0]} (has|is|never)\b.*leave bad rows out") as refusal:
        read_table(text.encode())
    assert refusal.value.offer == ("reading.leave_out_bad_rows", True)
    found = read_table(text.encode(), reading=LEAVE_OUT)
    assert cells(found) == rows
    assert found.reading.bad_rows == len(places)
    assert [(bad.line, bad.cause, bad.text) for bad in found.reading.shown_bad_rows] == [
        (line, BAD[row], row) for line in begin
    ]


def test_a_table_without_a_header_may_begin_with_a_bad_row():
    rows = pairs()
    rows[0] = rows[30] = ("good, and more", "ham")
    data = joined(rows, ",", None).encode()
    with pytest.raises(DataError, match=r"as many fields as most others, 2; the one at line 1 has 3"):
        read_table(data)
    found = read_table(data, reading=LEAVE_OUT)
    assert (cells(found), found.columns) == (rows[1:30] + rows[31:], ("column 1", "column 2"))
    assert (found.reading.header, [bad.line for bad in found.reading.shown_bad_rows]) == (False, [1, 31])


def test_a_bad_row_at_the_beginning_is_no_header():
    for rows in (pairs(), [pair[::-1] for pair in pairs()]):
        bad = rows[0][0] + ", it seems," + rows[0][1] + "\n"
        with pytest.raises(DataError, match="as many fields as most others, 2; the one at line 1 has 3"):
            read_table((bad + joined(rows, ",", None)).encode())
        found = read_table((bad + joined(rows, ",", None)).encode(), reading=LEAVE_OUT)
        assert (cells(found), found.reading.bad_rows) == (rows, 1)


def test_the_rest_of_a_broken_row_is_no_row():
    text = joined(pairs(), ",") + '"broken "here" and\nthere, and",ham\n' + '"good, and\nlong, too",ham\n' * 30
    found = read_table(text.encode(), reading=LEAVE_OUT)
    assert [(bad.line, bad.text[:6]) for bad in found.reading.shown_bad_rows] == [(62, '"broke'), (63, "there,")]
    assert cells(found) == pairs() + [("good, and\nlong, too", "ham")] * 30


def test_a_file_of_bad_rows_is_refused():
    data = joined(pairs(20), ",").encode() + b"one field\n" * 21
    with pytest.raises(DataError, match=r"At least half of the rows must be readable; 21 of 41 are not.*line 22"):
        read_table(data, reading=LEAVE_OUT)
    assert len(read_table(data[:-10], reading=LEAVE_OUT).frame) == 20


# Bytes

ACCENTS = [(f"{text} crème brûlée, n°{row}", label) for row, (text, label) in enumerate(pairs())]


def lines_of(rows) -> list[bytes]:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([("text", "label"), *rows])
    return [line.encode() for line in file.getvalue().splitlines(keepends=True)]


def test_a_row_with_a_damaged_byte_is_left_out():
    lines = lines_of(ACCENTS)
    for place in (5, 9, 30, 31):
        lines[place] = lines[place].replace(b"\xc3\xa8", b"\xc3")
    with pytest.raises(DataError, match=r"UTF-8 but for byte 0xC3 in line 6.*leave bad rows out") as refusal:
        read_table(b"".join(lines))
    assert refusal.value.offer == ("reading.leave_out_bad_rows", True)
    found = read_table(b"".join(lines), reading=LEAVE_OUT)
    assert cells(found) == [row for place, row in enumerate(ACCENTS, 1) if place not in (5, 9, 30, 31)]
    assert [bad.line for bad in found.reading.shown_bad_rows] == [6, 10, 31, 32]
    assert "cr\ufffdme" in found.reading.shown_bad_rows[0].text
    lines[0] = lines[0].replace(b"x", b"\xff")
    with pytest.raises(DataError, match="line 1"):
        read_table(b"".join(lines), reading=LEAVE_OUT)


@pytest.mark.parametrize("other", ["cp1252", "cp1251"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("share", [2, 5])
def test_lines_of_two_encodings_are_decoded_each_by_itself(monkeypatch, other, end, share):
    monkeypatch.setattr("forgetting.data.formats.text.DECODED_BYTES", 300)
    russian = [(f"Её вкус: спелая вишня и слива, лот {row}", label) for row, (_, label) in enumerate(pairs())]
    rows = russian if other == "cp1251" else ACCENTS
    lines = [line if place % share else line.decode().encode(other) for place, line in enumerate(lines_of(rows))]
    data = b"".join(lines).replace(b"\n", end)
    with pytest.raises(DataError, match="decode each line by itself") as refusal:
        read_table(data)
    assert refusal.value.offer == ("reading.line_encodings", True)
    found = read_table(data, reading=BY_LINES)
    assert cells(found) == rows
    changed = sum(not line.isascii() for line in lines[::share])
    assert (found.reading.other_encoding, found.reading.other_lines) == (other, changed)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252"])
def test_single_nuls_are_taken_out_and_counted(encoding):
    text = joined(
        [
            (text.replace("è", "\0è") if place % 9 == 0 else text, label)
            for place, (text, label) in enumerate((text.replace(",", ""), label) for text, label in ACCENTS)
        ],
        ",",
    )
    found = read_table(text.encode(encoding))
    assert found.reading.nuls == 7
    assert cells(found) == [(text.replace(",", ""), label) for text, label in ACCENTS]
