"""Results as tables that hold their recipe: CSV, Parquet or JSON."""

import csv
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forgetting.core.errors import RecipeError
from forgetting.core.files import file_format, write_atomically
from forgetting.experiment.results import to_plain
from forgetting.recipe.recipe import Recipe

TABLE_FORMATS = ("csv", "parquet", "json")
SEPARATORS = ("\r", ";", "\t", "|")  # signs that separate rows or cells, too, in some spreadsheets
FORMULA_SIGNS = (
    "=",
    "+",
    "-",
    "@",
    "＝",
    "＋",
    "－",
    "＠",
)  # the wide ones count for some spreadsheets


def table_bytes(frame: pd.DataFrame, kind: str, recipe: Recipe, about: Mapping[str, object]) -> bytes:
    """A tidy table as a file's content. CSV has the recipe's hash in each line, the other formats the recipe itself.

    Args:
        frame: The table.
        kind: One of TABLE_FORMATS.
        recipe: The recipe that leads to the table.
        about: Further values that hold for all rows, such as "data_sha256"; None where one is not known.

    Raises:
        RecipeError: Another kind.
    """
    if kind == "csv":
        return csv_bytes(frame.assign(recipe_hash=recipe.hash, **about))
    if kind == "parquet":
        table = pa.Table.from_pandas(frame, preserve_index=False)
        texts = {"recipe": recipe.to_json(), **{name: str(value) for name, value in about.items() if value is not None}}
        content = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **texts}), content)
        return content.getvalue()
    if kind == "json":
        values = {"recipe": recipe.to_dict(), **about, "rows": frame.to_dict("records")}
        return json.dumps(to_plain(values), allow_nan=False).encode()
    raise RecipeError(f"A table is written as csv, parquet or json; got {kind!r}. Choose one of them.")


class TableResult(ABC):
    """Base of the results that are exported as one table with its recipe."""

    @abstractmethod
    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The table, the recipe that leads to it, and further values that hold for all rows; see `table_bytes`."""

    def to_bytes(self, kind: str) -> bytes:
        """The table as a file's content.

        Args:
            kind: One of TABLE_FORMATS.

        Raises:
            RecipeError: Another kind.
        """
        frame, recipe, about = self.export()
        return table_bytes(frame, kind, recipe, about)

    def write(self, path: str | Path) -> None:
        """Write the table to a file. A file that is there is replaced as a whole or not at all.

        Args:
            path: Path of the file, whose ending is one of TABLE_FORMATS.

        Raises:
            RecipeError: Another ending, or the file cannot be written.
        """
        write_atomically(path, self.to_bytes(file_format(path)))


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as CSV in which a spreadsheet finds no formula; see `neutralize_formula`."""

    def neutralize_cell(value: object) -> object:
        return neutralize_formula(value) if isinstance(value, str) else value

    texts = {name: frame[name].map(neutralize_cell) for name in frame.select_dtypes(["object", "str", "category"])}
    table = frame.assign(**texts).rename(columns=neutralize_formula)
    # The csv module leaves separators unquoted, so a spreadsheet that splits there could find a formula after one.
    separated = any(sign in str(value) for value in chain(table, *texts.values()) for sign in SEPARATORS)
    quoting = csv.QUOTE_NONNUMERIC if separated else csv.QUOTE_MINIMAL
    return table.to_csv(index=False, lineterminator="\n", quoting=quoting).encode()


def neutralize_formula(text: str, mark: str = "'") -> str:
    """A text that no spreadsheet takes for a formula, after OWASP, "CSV Injection".

    Args:
        text: Any text.
        mark: What is put before a text that starts like a formula. Spreadsheets themselves write an apostrophe.
    """
    visible = text.replace("\0", "").lstrip()  # a program may leave out signs that cannot be seen
    return mark + text if text.startswith(("\t", "\r", "\n")) or visible.startswith(FORMULA_SIGNS) else text
