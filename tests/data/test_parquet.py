"""Columns of Parquet files as text, and values within values."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from table_parts import LABELS, TEXTS, assert_says, parquet, refusal

from forgetting.core.errors import DataError
from forgetting.data.formats.process import _extent
from forgetting.data.tables import read_table


def test_parquet_columns_become_text():
    day = pd.Timestamp("2022-11-26")
    columns = {
        "text": pa.array([*TEXTS[:2], None]),
        "label": pa.array([1, 2, None]),
        "dry": pa.array([True, False, None]),
        "day": pa.array([day.date(), None, None]),
        "kind": pa.array(["red", "white", None]).dictionary_encode(),
        "notes": pa.array([["lime"], None, []]),
        "raw": pa.array([b"plain", b"\xff", None]),
    }
    table = read_table(parquet(pa.table(columns)))
    assert (table.reading.encoding, table.reading.delimiter) == (None, None)
    assert table.frame.to_dict("list") == {
        "text": [*TEXTS[:2], ""],
        "label": ["1", "2", ""],
        "dry": ["true", "false", ""],
        "day": ["2022-11-26", "", ""],
        "kind": ["red", "white", ""],
        "notes": ["['lime']", "", "[]"],
        "raw": ["b'plain'", "b'\\xff'", ""],
    }


@pytest.mark.parametrize("length", [4, 100, -1])
def test_refuses_a_parquet_file_cut_off(length):
    data = parquet(pa.table({"text": TEXTS, "label": LABELS}))
    assert_says(refusal(data[:length]), "Parquet file must be whole", "cut off", "export it again")


@pytest.mark.parametrize(
    ("values", "count"),
    [
        (pa.array([[1, 2], None, [3]], pa.list_(pa.int8())), 3 + 3),
        (pa.array([[1, 2], None, [3]], pa.list_view(pa.int8())), 3 + 3),
        (pa.array([[1, 2], None, [3]], pa.large_list_view(pa.int8())), 3 + 3),
        (pa.array([[("a", [1, 2])], None], pa.map_(pa.string(), pa.list_(pa.int8()))), 2 + 1 + 1 + 2),
        (pa.array([{"a": 1, "b": [2, 3]}]), 1 + 1 + 1 + 2),
        (pa.opaque(pa.list_(pa.bool_()), "flags", "test").wrap_array(pa.array([[True, False]])), 1 + 2),
        (pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((2, 3, 4))), 2 + 2 * 12),
    ],
)
def test_nested_values_of_parquet_count(values, count, monkeypatch):
    data = parquet(pa.table({"n": values}))
    monkeypatch.setenv("FORGETTING_LIMITS", f"values={count}")
    assert len(read_table(data).frame) == len(values)
    monkeypatch.setenv("FORGETTING_LIMITS", f"values={count - 1}")
    assert_says(refusal(data), f"at most {count - 1} values", "nested ones included", "Leave out")


@pytest.mark.parametrize(
    "values",
    [
        pa.RunEndEncodedArray.from_arrays([2, 4], ["a", "b"]),
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array(["a"])]),
    ],
)
def test_refuses_nested_values_that_it_cannot_count(values):
    with pytest.raises(DataError, match=r"lists, maps or structs; a column holds .* Leave that column out"):
        _extent(values)
