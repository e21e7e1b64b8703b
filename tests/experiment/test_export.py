"""Tables as files: exact bytes by hand, what they say of themselves, and a file that is whole or not there."""

import csv
import errno
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgetting.core.errors import RecipeError
from forgetting.core.files import file_format, write_atomically
from forgetting.experiment.export import TABLE_FORMATS, csv_bytes, neutralize_formula, table_bytes
from forgetting.recipe.recipe import MODERN, Recipe

ABOUT = {"data_sha256": "5" * 64, "epochs_trained": None, "rows_planned": 3}
ODD = 'Grüner Veltliner, "dry"\nor not'


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {"method": ["a", ODD], "seed": [0, 1], "loss": [0.1, np.nan], "over": [True, None]}, index=[7, 7]
    )


def test_a_csv_by_hand():
    lines = table_bytes(table(), "csv", MODERN, ABOUT).decode().splitlines(keepends=True)
    assert lines[0] == "method,seed,loss,over,recipe_hash,data_sha256,epochs_trained,rows_planned\n"
    assert lines[1] == f"a,0,0.1,True,{MODERN.hash},{'5' * 64},,3\n"
    assert lines[2] + lines[3] == (
        f'"Grüner Veltliner, ""dry""\nor not",1,,,{MODERN.hash},{"5" * 64},,3\n'  # of the second row
    )
    assert len(lines) == 4


def test_json_is_without_nan_and_holds_the_recipe():
    recipe = MODERN.with_value("seed", 4)
    frame = table().assign(steps=[np.inf, -np.inf])
    values = json.loads(table_bytes(frame, "json", recipe, ABOUT), parse_constant=pytest.fail)
    assert list(values) == ["recipe", "data_sha256", "epochs_trained", "rows_planned", "rows"]
    assert Recipe.from_dict(values["recipe"]) == recipe
    assert (values["data_sha256"], values["epochs_trained"], values["rows_planned"]) == ("5" * 64, None, 3)
    assert values["rows"] == [
        {"method": "a", "seed": 0, "loss": 0.1, "over": True, "steps": None},
        {"method": ODD, "seed": 1, "loss": None, "over": None, "steps": None},
    ]


def test_parquet_holds_the_table_and_the_recipe_beside_it():
    recipe = MODERN.with_value("seed", 4)
    kept = table_bytes(table(), "parquet", recipe, ABOUT)
    read = pd.read_parquet(io.BytesIO(kept))
    pd.testing.assert_frame_equal(read, table().reset_index(drop=True))
    about = pq.read_schema(io.BytesIO(kept)).metadata
    assert Recipe.from_json(about[b"recipe"].decode()) == recipe
    assert (about[b"data_sha256"], about[b"rows_planned"]) == (b"5" * 64, b"3")
    assert b"epochs_trained" not in about  # nothing is known of them


@pytest.mark.parametrize("value", [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -1e-17, 0.30000000000000004])
@pytest.mark.parametrize("kind", TABLE_FORMATS)
def test_numbers_are_read_back_bit_for_bit(kind, value):
    kept = table_bytes(pd.DataFrame({"value": [value]}), kind, MODERN, {})
    read = {
        "csv": lambda: pd.read_csv(io.BytesIO(kept))["value"][0],
        "parquet": lambda: pd.read_parquet(io.BytesIO(kept))["value"][0],
        "json": lambda: json.loads(kept)["rows"][0]["value"],
    }[kind]()
    assert read == value


@pytest.mark.parametrize("kind", TABLE_FORMATS)
def test_a_table_without_rows_is_a_file_too(kind):
    kept = table_bytes(table()[:0], kind, MODERN, {"data_sha256": "x"})
    if kind == "json":
        assert json.loads(kept)["rows"] == []
    else:
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[kind](io.BytesIO(kept))
        assert len(read) == 0
        assert list(read.columns)[:4] == ["method", "seed", "loss", "over"]


@pytest.mark.parametrize("kind", TABLE_FORMATS)
def test_a_table_is_left_as_it_was_and_written_the_same_again(kind):
    frame = table()
    assert table_bytes(frame, kind, MODERN, ABOUT) == table_bytes(frame, kind, MODERN, ABOUT)
    pd.testing.assert_frame_equal(frame, table())


@pytest.mark.parametrize("kind", ["", "xlsx", "CSV", ".csv"])
def test_another_kind_is_refused_by_name(kind):
    with pytest.raises(RecipeError, match="csv, parquet or json") as error:
        table_bytes(table(), kind, MODERN, {})
    assert repr(kind) in str(error.value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rows.csv", "csv"),
        ("a/rows.CSV", "csv"),
        ("rows.v2.Parquet", "parquet"),
        ("rows.json", "json"),
        ("rows", ""),
        ("rows.", ""),
        ("a.csv/rows", ""),
        ("rows.xlsx", "xlsx"),
    ],
)
def test_the_ending_of_a_name(name, kind):
    assert file_format(name) == file_format(Path(name)) == kind


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "rows.csv"
    for data in (b"first", b""):
        write_atomically(str(path), data)
        assert path.read_bytes() == data
        assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_is_kept_where_the_disk_is_full(tmp_path, monkeypatch):
    path, write = tmp_path / "rows.csv", Path.write_bytes
    path.write_text("before")

    def full(self, data):
        write(self, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RecipeError, match=r"No space left on device.*make room"):
        write_atomically(path, b"after it")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    ["nowhere/rows.csv", "folder.csv", "file/rows.csv", "a" * 300 + ".csv"],
    ids=["missing folder", "a folder", "in a file", "too long"],
)
def test_where_it_cannot_be_written_that_is_said(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(RecipeError, match="cannot be written"):
        write_atomically(tmp_path / name, b"data")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder.csv"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    path = tmp_path / ("a" * 251 + ".csv")  # 255 bytes
    path.write_bytes(b"the system allows it")
    write_atomically(path, b"data")
    assert path.read_bytes() == b"data"


@pytest.mark.parametrize(
    "cell",
    [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1+1",
        "\u3000＝1",
        "＋1",
        "－1",
        "＠x",
        "\0=1",
        " \0 =1",
    ],
)
def test_a_cell_that_starts_a_formula_becomes_a_text(cell):
    lines = csv_bytes(pd.DataFrame({cell: [cell]})).decode()
    header, row = csv.reader(io.StringIO(lines, newline=""))
    assert header == row == [f"'{cell}"]


@pytest.mark.parametrize("sign", [";", "\t", "|", "\r"])
@pytest.mark.parametrize("where", ["cell", "name"])
def test_what_separates_cells_elsewhere_stands_in_quotes(sign, where):
    """Where a spreadsheet takes it for the end of a cell, what comes next could be a formula."""
    text = f"x{sign}=1+1"
    written = csv_bytes(pd.DataFrame({"no": [1.5], **({"told": [text]} if where == "cell" else {text: ["told"]})}))
    assert f'"{text}"'.encode() in written
    assert b"1.5" in written
    assert b'"1.5"' not in written


def test_numbers_and_other_texts_are_written_as_they_are():
    frame = pd.DataFrame({"gap": [-0.5, 1e-9], "told": ["a = b", "5-4"], "mixed": [-1, "x"], "no": [None, "'"]})
    assert csv_bytes(frame).decode() == "gap,told,mixed,no\n-0.5,a = b,-1,\n1e-09,5-4,x,'\n"


def test_a_name_in_a_file_of_results_starts_no_formula():
    written = table_bytes(pd.DataFrame({"method": ["=1+1"]}), "csv", MODERN, {"data_file": "@x.csv"}).decode()
    assert written.splitlines()[1] == f"'=1+1,{MODERN.hash},'@x.csv"


@given(st.text(), st.sampled_from(["'", "\u2060"]))
def test_what_is_put_before_a_text_can_be_taken_away_and_keeps_it_from_being_a_formula(text, mark):
    told = neutralize_formula(text, mark)
    assert told in (text, mark + text)
    assert not told.strip().startswith(tuple("=+-@＝＋－＠"))
    bare = "".join(text.split("\0")).lstrip()
    assert (told == text) == (text[:1] not in ("\t", "\r", "\n") and bare[:1] not in tuple("=+-@＝＋－＠"))
