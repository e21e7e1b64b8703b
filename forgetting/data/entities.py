"""HTML entities in the cells of a table, as a page leaves them that was copied into a file: `&amp;` for `&`.

Only whole entities are decoded, with their semicolon: HTML would also read `black&notes` as `black¬es`.
"""

import html
import re
from html.entities import html5

import numpy as np
import pandas as pd

ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def decode_entities(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Replace entities by the characters that they stand for.

    Args:
        frame: Texts.

    Returns:
        The frame, and how many of its rows have changed.
    """
    changed = np.zeros(len(frame), dtype=bool)
    decoded = {}
    for name in frame:
        old = frame[name]
        rows = old.str.contains("&", regex=False).to_numpy(dtype=bool)
        if rows.any():
            new = old.copy()
            new[rows] = old[rows].map(lambda text: ENTITY.sub(_character, text))
            changed |= (new != old).to_numpy(dtype=bool)
            decoded[name] = new
    return frame.assign(**decoded) if changed.any() else frame, int(changed.sum())


def _character(entity: re.Match) -> str:
    known = entity[1].startswith("#") or f"{entity[1]};" in html5
    return html.unescape(entity[0]) if known else entity[0]
