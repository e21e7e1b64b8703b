"""Which columns are likely to hold texts, labels and names."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
from table_parts import LABELS, TEXTS

from forgetting.core.errors import DataError
from forgetting.data import columns
from forgetting.data.columns import Choice, Reason
from forgetting.data.tables import Table, read_table


def table_of(**columns) -> Table:
    return Table(pd.DataFrame(columns, dtype="str"), "0" * 64, "wines.csv")


def test_known_columns_of_the_published_experiment():
    table = table_of(
        Review_name=["a", "b"],
        Review_content=["x", "y"],
        Date_of_review=["The longest text of them all", "is in this column"],
        Type_of_wine=["red", "white"],
    )
    assert (table.likely_text, table.likely_label, table.likely_name) == (
        "Review_content",
        "Type_of_wine",
        "Review_name",
    )


def test_known_columns_of_the_wine_magazine():
    header = "\ufeff,country,description,points,title,variety\r\n"
    rows = ("0,US,Tart cherry,87,A 2013,Pinot Noir\r\n", "1,US,Ripe plum,87,B 2011,Red Blend\r\n") * 2
    table = read_table((header + "".join(rows)).encode())
    assert table.columns == ("column 1", "country", "description", "points", "title", "variety")
    assert (table.likely_text, table.likely_label, table.likely_name) == ("description", "variety", "title")


def test_unknown_columns_are_told_by_their_content():
    table = table_of(
        id=["1", "2", "3", "4"],
        opened=["November 26, 2022", "November 27, 2022", "May 1, 2023", "May 2, 2023"],
        short=["a nice red wine"] * 4,
        long=TEXTS,
        points=["90", "91", "90", "91"],
        country=["US", "France", "US", "France"],
        Name=["w", "x", "y", "z"],
    )
    assert (table.likely_text, table.likely_label, table.likely_name) == ("long", "country", "Name")


def test_numbers_are_labels_where_nothing_else_is():
    table = table_of(long=TEXTS, id=["1", "2", "3", "4"], points=["0", "1", "1", "0"])
    assert (table.likely_label, table.likely_name) == ("points", None)


def test_text_is_likely_in_any_script():
    text = "Отличное красное вино с вишней"
    assert table_of(score=["1", "2"], review=[text, text]).likely_text == "review"


def test_a_choice_overrides_and_the_other_column_is_told_without_it():
    table = table_of(long=TEXTS, short=["a nice red wine"] * 4, kind=LABELS, dry=["no", "no", "yes", "yes"])
    assert table.reviews("short").texts == ("a nice red wine",) * 4
    assert table.reviews(label="long").report.text == "short"
    assert table.reviews(label="dry").labels == ("no", "no", "yes", "yes")


def test_columns_are_looked_at_once_however_often_others_are_chosen(monkeypatch):
    looked_at = []
    pattern = SimpleNamespace(findall=lambda text: looked_at.append(text) or text.split())
    monkeypatch.setattr(columns, "WORD", pattern)
    table = table_of(first=TEXTS, second=[text * 1_000 for text in TEXTS], kind=["a", "b", "a", "b"])
    for text, label in ((None, None), ("first", None), (None, "kind"), ("second", "kind")):
        table.columns_of(text, label)
        assert replace(table, source="other.csv").columns_of(text, label) == table.columns_of(text, label)
    assert len(looked_at) == 3 * len(TEXTS)
    assert max(map(len, looked_at)) <= columns.SAMPLED_LENGTH
    assert table.columns_of() == ("second", "kind")


def sample(**more) -> Table:
    """Forty rows: different texts, and what else is given, over and over."""
    texts = [f"A nice red wine with plums, the {row}th" for row in range(40)]
    return table_of(review=texts, **{name: (list(values) * 40)[:40] for name, values in more.items()})


def test_a_choice_says_why_and_what_comes_next():
    table = sample(
        country=("FR", "IT"), target="01", Klasse="abc", raw_html=[f"<p>one two three four {n}" for n in range(40)]
    )
    assert table.roles.label_choice("review") == Choice("Klasse", Reason("klasse", values=3), "target")
    assert table.roles.label_choice("Klasse") == Choice("target", Reason("target", values=2), "country")
    assert table.roles.text_choice() == Choice("review", Reason("review", words=7.0), "raw_html")
    assert table.roles.text_choice("review").reason.name is None
    assert sample(a="xy").roles.label_choice("review") == Choice("a", Reason(None, values=2), None)
    assert table_of(a=["1", "2"]).roles.text_choice() is None


@pytest.mark.parametrize(
    ("more", "label"),
    [
        ({"label": [f"{row}" for row in range(40)], "kind": "ab"}, "kind"),  # an id by its content
        ({"label": ["train", "train", "test"], "kind": "abc"}, "kind"),  # a part of the split
        ({"label": "x", "kind": "ab"}, "kind"),  # one class
        ({"country": "ab", "y": "01"}, "y"),
        ({"country": "ab", "points": [f"{80 + row}" for row in range(21)]}, "country"),
        ({"price": [f"${row}.99" for row in range(40)], "id": [f"{row}" for row in range(40)]}, "price"),  # to be cut
        ({"label": ["none", "hate"]}, "label"),  # which is then refused with an offer
        ({"sentiment_confidence": "12", "date": ["2020-01-01", "2020-01-02"], "tone": "abc"}, "tone"),
    ],
)
def test_content_must_fit_the_name(more, label):
    assert sample(**more).likely_label == label


def test_what_is_no_text_is_said_truly():
    for text in ("好喝的红酒很不错", "ไวน์แดงอร่อยมาก", "vin rouge correct", "שָׁלוֹם יַיִן טוֹב", "अच्छी लाल शराब है"):
        assert table_of(a=[text, text + "x"], b=["1", "1"]).likely_text == "a"
    with pytest.raises(DataError, match="two characters of a script without blanks are a word; none of 'a' does"):
        table_of(a=["好", "不好"], b=["1", "2"]).columns_of(label="b")


def test_a_column_that_is_called_a_text_is_one_where_no_column_holds_prose():
    stars = ["\u2605\u2606\u2606", "\u2605\u2605\u2605"]
    table = read_table(
        ("review,label\n" + "".join(f"{stars[row % 2]},{'np'[row % 2]}\n" for row in range(20))).encode()
    )
    assert (table.likely_text, table.likely_label) == ("review", "label")
    numbers = read_table(("review,label\n" + "".join(f"{row},{'np'[row % 2]}\n" for row in range(20))).encode())
    assert numbers.likely_text is None
