"""How much one experiment may take, so that no file and no plan exhausts the machine that it runs on.

The limits are those of a laptop. Whoever runs the app or the library on a larger machine raises them through the
environment: FORGETTING_LIMITS="rows=1000000,classes=5000".
"""

import os
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from forgetting.core.errors import DataError, ForgettingError, RecipeError
from forgetting.core.settings import Settings, parse_value, setting

VARIABLE = "FORGETTING_LIMITS"


@dataclass(frozen=True)
class Limits(Settings):
    """The largest numbers allowed.

    megabytes: of a file, and again of what it expands to. rows, columns, values: of a table; values are rows × columns.
    classes: of the labels that a recipe keeps. words: different ones in the training texts, rare ones included.
    parameters: of a model. activations: reviews × (hidden widths + classes), the numbers that a pass holds.
    models: parameters of all models together that a study keeps. variants: of a sweep.
    uploads: megabytes of the files that all sessions of the app hold together; equal files count once.
    training: sessions of the app that train at the same moment; the others wait in line. 0: half of the cores.
    """

    group: ClassVar[str] = "limits"
    megabytes: int = setting(100, low=1, high=100_000)
    rows: int = setting(250_000, low=1, high=1_000_000_000)
    columns: int = setting(1_000, low=1, high=1_000_000)
    values: int = setting(5_000_000, low=1, high=10_000_000_000)
    classes: int = setting(2_000, low=2, high=1_000_000)
    words: int = setting(1_000_000, low=1, high=1_000_000_000)
    parameters: int = setting(20_000_000, low=1, high=10_000_000_000)
    activations: int = setting(30_000_000, low=1, high=100_000_000_000)
    models: int = setting(100_000_000, low=1, high=100_000_000_000)
    variants: int = setting(50_000, low=1, high=10_000_000)
    uploads: int = setting(500, low=1, high=1_000_000)
    training: int = setting(0, low=0, high=1_000)

    @property
    def bytes(self) -> int:
        return self.megabytes * 1024 * 1024

    @property
    def training_at_once(self) -> int:
        return self.training or max(1, (os.cpu_count() or 1) // 2)


def limits() -> Limits:
    """The limits in force. Raises RecipeError where the environment variable names an unknown or impossible one."""
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


def check_limit(
    name: str, found: int, rule: str, remedy: str, *, kind: type[ForgettingError] = DataError, most: int | None = None
) -> None:
    """Raise `kind` where `found` is over the limit of that name.

    rule: what must hold and does not, with {most} and {found} in their places. remedy: what to do about it.
    most: another limit than the one in force.
    """
    most = getattr(limits(), name) if most is None else most
    if found > most:
        rule = rule.replace("{most}", f"{most:,}").replace("{found}", f"{found:,}")  # a name may hold other braces
        raise kind(f"{rule} {remedy}")


def check_table(rows: int, columns: int) -> None:
    """Raise DataError where a table has too many rows or values. What it has so far is enough."""
    remedy = "Leave out rows or columns that are not needed."
    check_limit("rows", rows, "A table may have at most {most} rows; this one has more.", remedy)
    check_limit(
        "values",
        rows * columns,
        f"A table may have at most {{most}} values; this one has more ({rows:,} rows of {columns:,} columns so far).",
        remedy,
    )
