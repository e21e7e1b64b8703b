"""Tables of results as files that say what they are of: CSV, Parquet or JSON, with the recipe."""

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
from safetensors.torch import save

from forgetting.core.errors import RecipeError
from forgetting.core.files import file_format, write_atomically
from forgetting.experiment.results import Trained, to_plain
from forgetting.recipe.recipe import Recipe


def model_bytes(recipe: Recipe, trained: Trained) -> bytes:
    """A model as a safetensors file, which holds numbers alone; its metadata has the recipe and the epochs trained."""
    state = {name: value.contiguous() for name, value in trained.model.state_dict().items()}
    return save(state, {"recipe": recipe.to_json(), "epochs": str(len(trained.history))})


TABLE_FORMATS = ("csv", "parquet", "json")
TEARING = ("\r", ";", "\t", "|")  # what also separates rows or cells, for some spreadsheets
FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # what starts a formula; some spreadsheets take the wide ones


def table_bytes(frame: pd.DataFrame, kind: str, recipe: Recipe, about: Mapping[str, object]) -> bytes:
    """A tidy table as "csv", "parquet" or "json". CSV has the recipe's hash in each line, the others the recipe itself.

    about: what else is to be known of all rows, such as "data_sha256"; None where something is not known.

    Raises RecipeError for another kind.
    """
    if kind == "csv":
        return csv_bytes(frame.assign(recipe_hash=recipe.hash, **about))
    if kind == "parquet":
        table = pa.Table.from_pandas(frame, preserve_index=False)
        texts = {"recipe": recipe.to_json(), **{name: str(value) for name, value in about.items() if value is not None}}
        kept = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **texts}), kept)
        return kept.getvalue()
    if kind == "json":
        values = {"recipe": recipe.to_dict(), **about, "rows": frame.to_dict("records")}
        return json.dumps(to_plain(values), allow_nan=False).encode()
    raise RecipeError(f"A table is written as csv, parquet or json; got {kind!r}. Choose one of them.")


class TableResult(ABC):
    """A result that is exported as one table with its recipe; a base for the frozen results of studies."""

    @abstractmethod
    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The table, the recipe that leads to it, and what else is to be known of all rows; see `table_bytes`."""

    def to_bytes(self, kind: str) -> bytes:
        """The table as a file's content.

        Args:
            kind: "csv", "parquet" or "json".

        Raises:
            RecipeError: For another kind.
        """
        frame, recipe, about = self.export()
        return table_bytes(frame, kind, recipe, about)

    def write(self, path: str | Path) -> None:
        """Write the table to a file; what is there is replaced only by the whole of it.

        Args:
            path: Its ending chooses the format, as `kind` of `to_bytes` does.

        Raises:
            RecipeError: For another ending, or where the file cannot be written.
        """
        write_atomically(path, self.to_bytes(file_format(path)))


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as CSV that a spreadsheet opens without computing anything; see `inert`."""
    texts = {name: frame[name].map(_inert_cell) for name in frame.select_dtypes(["object", "str", "category"])}
    named = frame.assign(**texts).rename(columns=neutralize_formula)
    # The csv module leaves these unquoted, and what begins after them could be a formula where it is read otherwise.
    values = chain(named, *texts.values())
    torn = any(sign in str(value) for value in values for sign in TEARING)
    quoting = csv.QUOTE_NONNUMERIC if torn else csv.QUOTE_MINIMAL
    return named.to_csv(index=False, lineterminator="\n", quoting=quoting).encode()


def neutralize_formula(text: str, mark: str = "'") -> str:
    """A text that no spreadsheet takes for a formula: behind `mark` where it starts like one.

    An apostrophe is what spreadsheets themselves write before a text. After OWASP, "CSV Injection".
    """
    bare = text.replace("\0", "").lstrip()  # a program may leave out what cannot be seen
    return mark + text if text.startswith(("\t", "\r", "\n")) or bare.startswith(FORMULAS) else text


def _inert_cell(value: object) -> object:
    return neutralize_formula(value) if isinstance(value, str) else value
