"""Which columns are likely to hold texts, labels and names."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
from table_parts import LABELS, TEXTS

from forgetting.data import columns
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
