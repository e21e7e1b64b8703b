"""A file that is written as a whole or not at all."""

import errno
from pathlib import Path

import pytest

from forgetting.core.errors import RecipeError
from forgetting.core.files import file_format, file_title, write_atomically
from forgetting.data.tables import read_table


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


def test_the_name_of_a_file_is_a_text_whatever_its_bytes(tmp_path):
    path = tmp_path / b"caf\xe9.csv".decode("utf-8", "surrogateescape")
    path.write_text("text,label\na,b\n")
    assert file_title(path) == read_table(path).source == "caf\ufffd.csv"
    assert file_title("a/ä.csv") == "ä.csv"


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
    (tmp_path / "file").write_text("before")
    with pytest.raises(RecipeError, match="cannot be written"):
        write_atomically(tmp_path / name, b"data")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder.csv"]
    assert (tmp_path / "file").read_text() == "before"


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    path = tmp_path / ("a" * 251 + ".csv")  # 255 bytes
    path.write_bytes(b"the system allows it")
    write_atomically(path, b"data")
    assert path.read_bytes() == b"data"
