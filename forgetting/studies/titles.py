"""What layer sets are called in the tables of studies, in place of the names by which code finds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from forgetting.randomization.groups import title_set

if TYPE_CHECKING:
    import pandas as pd

    from forgetting.studies.nested import NestedCurve


def title_sets(names: Iterable[str], known: tuple[str, ...]) -> dict[str, str]:
    """What layer sets are called, by their names; see `title_set`.

    Args:
        names: Their names, of which some may be the same.
        known: Names of the model's layers, in order.
    """
    return {name: title_set(name, known) for name in dict.fromkeys(names)}


def title_rows(frame: pd.DataFrame, known: tuple[str, ...]) -> pd.DataFrame:
    """A table with what each layer set is called in its column "layers"; see `title_sets`."""
    return frame.assign(layers=frame["layers"].map(title_sets(frame["layers"], known)))


def title_curve(curve: NestedCurve, known: tuple[str, ...]) -> NestedCurve:
    """A nested curve with what its layer set is called; see `title_sets`."""
    title = title_set(curve.layers, known)
    return replace(curve, layers=title, points=curve.points.assign(layers=title))
