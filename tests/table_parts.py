"""What the tests of reading share: a small table, how it is written, and what is refused."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forgetting.core.errors import DataError
from forgetting.data.tables import read_reviews

TEXTS = (
    "A red wine with cherry and spice.",
    "Crisp, with “lime” and green apple",
    "Dark fruit; soft tannins\nand a long finish",
    'They call it "noble", rosé for all',
)
LABELS = ("red", "white", "red", "white")


def written(delimiter=",", header=("text", "label"), rows=None, **options) -> str:
    """A table as Python's csv module writes it."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, **options)
    writer.writerows([header, *(zip(TEXTS, LABELS, strict=True) if rows is None else rows)])
    return file.getvalue()


def parquet(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def refusal(source, *arguments, **options) -> str:
    """The message with which reading is refused."""
    with pytest.raises(DataError) as caught:
        read_reviews(source, *arguments, **options)
    return str(caught.value)


def assert_says(message: str, *parts: str) -> None:
    missing = [part for part in parts if part not in message]
    assert not missing, f"{missing} not in: {message}"
