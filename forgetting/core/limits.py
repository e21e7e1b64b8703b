"""How much one experiment may take, so that no file and no plan exhausts the machine that it runs on.

The limits are those of a laptop. Whoever runs the app or the library on a larger machine raises them through the
environment: FORGETTING_LIMITS="rows=1000000,classes=5000".
"""

import os
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from forgetting.core.errors import DataError, ForgettingError, RecipeError
from forgetting.core.settings import Settings, parse_value, setting

VARIABLE = "FORGETTING_LIMITS"


def _limit(default: int, meaning: str, *, low: int = 1, high: int) -> Any:
    """A setting with its meaning, for `describe_limits`."""
    return field(default=default, metadata={**setting(default, low=low, high=high).metadata, "meaning": meaning})


@dataclass(frozen=True)
class Limits(Settings):
    """The largest numbers allowed. The meaning of each stands beside it."""

    group: ClassVar[str] = "limits"
    megabytes: int = _limit(100, "MiB of a file, and again of what it unpacks to", high=100_000)
    rows: int = _limit(250_000, "rows of a table", high=1_000_000_000)
    columns: int = _limit(1_000, "columns of a table", high=1_000_000)
    values: int = _limit(5_000_000, "rows × columns of a table", high=10_000_000_000)
    classes: int = _limit(2_000, "classes that a recipe selects", low=2, high=1_000_000)
    words: int = _limit(1_000_000, "different words in the training texts, rare ones included", high=1_000_000_000)
    parameters: int = _limit(20_000_000, "parameters of a model", high=10_000_000_000)
    activations: int = _limit(
        30_000_000,
        "numbers of one step: reviews of a batch × (hidden widths + classes), of a Transformer words × widths",
        high=100_000_000_000,
    )
    logits: int = _limit(100_000_000, "reviews × classes, all logits of one model", high=100_000_000_000)
    models: int = _limit(
        100_000_000, "parameters of all models that a study of unlearning stores", high=100_000_000_000
    )
    variants: int = _limit(50_000, "variants of a sweep", high=10_000_000)
    uploads: int = _limit(500, "MiB that the files of all visitors take in memory, equal files once", high=1_000_000)
    training: int = _limit(0, "sessions that train at the same time; 0 for half of the cores", low=0, high=1_000)

    @property
    def bytes(self) -> int:
        """`megabytes` in bytes."""
        return self.megabytes * 1024 * 1024

    @property
    def training_at_once(self) -> int:
        """`training`, or half of this machine's cores where that is 0; at least 1."""
        return self.training or max(1, (os.cpu_count() or 1) // 2)


def limits() -> Limits:
    """The limits in force.

    Raises:
        RecipeError: The environment variable names a limit that is unknown or impossible.
    """
    return _read(os.environ.get(VARIABLE, ""))


@cache
def _read(text: str) -> Limits:
    values = {}
    for part in filter(None, text.split(",")):
        name, sign, value = part.partition("=")
        if not sign:
            raise RecipeError(
                f'{VARIABLE} must look like "rows=1000000,classes=5000"; got {part[:80]!r}. Correct the variable.'
            )
        leaf = Limits.leaves().get(name.strip())
        values[name.strip()] = parse_value(leaf, value.strip()) if leaf else value
    return Limits.from_dict(values)


def describe_limits() -> dict[str, tuple[int, str]]:
    """The value in force and the meaning of each limit, by its name. Raises RecipeError as `limits` does."""
    found = limits()
    return {name: (found.value(name), leaf.metadata["meaning"]) for name, leaf in Limits.leaves().items()}


def check_limit(
    name: str, found: int, rule: str, remedy: str, *, kind: type[ForgettingError] = DataError, most: int | None = None
) -> None:
    """Refuse what is over a limit.

    Args:
        name: Name of the limit, a field of `Limits`.
        found: The number to check.
        rule: The sentence that is broken, with `{most}` and `{found}` for the limit and the number.
        remedy: The sentence that says what to do.
        kind: The class of the error.
        most: Another limit than the one in force.

    Raises:
        ForgettingError: `found` is over the limit; the error is a `kind`.
    """
    most = getattr(limits(), name) if most is None else most
    if found > most:
        rule = rule.replace("{most}", f"{most:,}").replace("{found}", f"{found:,}")  # a name may hold other braces
        raise kind(f"{rule} {remedy}")


def check_columns(columns: int) -> None:
    """Refuse a table of too many columns.

    Args:
        columns: Their number.

    Raises:
        DataError: There are too many.
    """
    rule = "A table may have at most {most} columns; this one has {found}."
    check_limit("columns", columns, rule, "Keep the columns with text, label and name.")


def check_table(rows: int, columns: int) -> None:
    """Refuse a table that is too large; it may be called while the table is read.

    Args:
        rows: Rows so far.
        columns: Columns so far.

    Raises:
        DataError: There are too many rows or values.
    """
    remedy = "Leave out rows or columns that are not needed."
    check_limit("rows", rows, "A table may have at most {most} rows; this one has more.", remedy)
    check_limit(
        "values",
        rows * columns,
        f"A table may have at most {{most}} values; this one has more ({rows:,} rows of {columns:,} columns so far).",
        remedy,
    )
