"""Tables as files: exact bytes by hand, the recipe beside the table, and texts that are no formulas."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgetting.core.errors import RecipeError
from forgetting.experiment.export import TABLE_FORMATS, TableResult, csv_bytes, neutralize_formula, table_bytes
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
    content = table_bytes(table(), "parquet", recipe, ABOUT)
    read = pd.read_parquet(io.BytesIO(content))
    pd.testing.assert_frame_equal(read, table().reset_index(drop=True))
    about = pq.read_schema(io.BytesIO(content)).metadata
    assert Recipe.from_json(about[b"recipe"].decode()) == recipe
    assert (about[b"data_sha256"], about[b"rows_planned"]) == (b"5" * 64, b"3")
    assert b"epochs_trained" not in about  # nothing is known of them


@pytest.mark.parametrize("kind", TABLE_FORMATS)
def test_numbers_are_read_back_bit_for_bit(kind):
    values = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -1e-17, 0.30000000000000004]
    content = table_bytes(pd.DataFrame({"value": values}), kind, MODERN, {})
    read = {
        "csv": lambda: pd.read_csv(io.BytesIO(content))["value"].tolist(),
        "parquet": lambda: pd.read_parquet(io.BytesIO(content))["value"].tolist(),
        "json": lambda: [row["value"] for row in json.loads(content)["rows"]],
    }[kind]()
    assert read == values


@pytest.mark.parametrize("kind", TABLE_FORMATS)
def test_a_table_without_rows_is_a_file_too(kind):
    content = table_bytes(table()[:0], kind, MODERN, {"data_sha256": "x"})
    if kind == "json":
        assert json.loads(content)["rows"] == []
    else:
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[kind](io.BytesIO(content))
        assert len(read) == 0
        assert list(read.columns)[:4] == ["method", "seed", "loss", "over"]


@pytest.mark.parametrize("kind", TABLE_FORMATS)
def test_a_table_is_left_as_it_was_and_written_the_same_again(kind):
    frame = table()
    assert table_bytes(frame, kind, MODERN, ABOUT) == table_bytes(frame, kind, MODERN, ABOUT)
    pd.testing.assert_frame_equal(frame, table())


@pytest.mark.parametrize("kind", ["", "CSV"])
def test_another_kind_is_refused_by_name(kind):
    with pytest.raises(RecipeError, match="csv, parquet or json") as error:
        table_bytes(table(), kind, MODERN, {})
    assert repr(kind) in str(error.value)


def test_a_result_is_written_in_the_format_of_the_ending(tmp_path):
    class Made(TableResult):
        def export(self):
            return table(), MODERN, ABOUT

    for kind in TABLE_FORMATS:
        expected = table_bytes(table(), kind, MODERN, ABOUT)
        Made().write(tmp_path / f"rows.{kind.upper()}")
        Made().write(str(tmp_path / f"rows.v2.{kind}"))
        assert (tmp_path / f"rows.{kind.upper()}").read_bytes() == expected == Made().to_bytes(kind)
        assert (tmp_path / f"rows.v2.{kind}").read_bytes() == expected
    with pytest.raises(RecipeError, match="csv, parquet or json; got 'xlsx'"):
        Made().write(tmp_path / "rows.xlsx")
    assert not (tmp_path / "rows.xlsx").exists()


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


@pytest.mark.parametrize(
    ("sign", "where"), [(";", "cell"), ("\t", "name"), ("|", "cell"), ("\r", "cell"), (";", "name")]
)
def test_what_separates_cells_elsewhere_stands_in_quotes(sign, where):
    """Where a spreadsheet takes it for the end of a cell, what comes next could be a formula."""
    text = f"x{sign}=1+1"
    written = csv_bytes(pd.DataFrame({"no": [1.5], **({"note": [text]} if where == "cell" else {text: ["note"]})}))
    assert f'"{text}"'.encode() in written
    assert b"1.5" in written
    assert b'"1.5"' not in written


def test_numbers_and_other_texts_are_written_as_they_are():
    frame = pd.DataFrame({"gap": [-0.5, 1e-9], "note": ["a = b", "5-4"], "mixed": [-1, "x"], "no": [None, "'"]})
    assert csv_bytes(frame).decode() == "gap,note,mixed,no\n-0.5,a = b,-1,\n1e-09,5-4,x,'\n"


def test_a_name_in_a_file_of_results_starts_no_formula():
    written = table_bytes(pd.DataFrame({"method": ["=1+1"]}), "csv", MODERN, {"data_file": "@x.csv"}).decode()
    assert written.splitlines()[1] == f"'=1+1,{MODERN.hash},'@x.csv"


@given(st.text(), st.sampled_from(["'", "\u2060"]))
def test_what_is_put_before_a_text_can_be_taken_away_and_keeps_it_from_being_a_formula(text, mark):
    written = neutralize_formula(text, mark)
    assert written in (text, mark + text)
    assert not written.strip().startswith(tuple("=+-@＝＋－＠"))
    bare = "".join(text.split("\0")).lstrip()
    assert (written == text) == (text[:1] not in ("\t", "\r", "\n") and bare[:1] not in tuple("=+-@＝＋－＠"))
