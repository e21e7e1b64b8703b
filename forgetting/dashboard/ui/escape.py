"""Text that came from a file or an address is data: shown as it is, never read as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from forgetting.charts.style import NO_WIDTH
from forgetting.core.numbers import keep_units

if TYPE_CHECKING:
    import pandas as pd

JOINER = NO_WIDTH  # between two signs it keeps Markdown from reading them together
# Markdown reads these even in escaped text: www.…, name@host, :icon:, &entity; and signs in a row (://, --, ->, >=).
READ_TOGETHER = re.compile(r"(?i)(ww(?=w)|[:@&]|[-=<>~+!/.](?=[-=<>~+!/.]))")
WHITE = re.compile(r"[^\S\u00a0]+")  # but for a space at which no line breaks
SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:=&@/^])")


def literal(text: str) -> str:
    """Text for an element that reads Markdown, with every sign of Markdown escaped. `st.text` needs no escaping."""
    apart = READ_TOGETHER.sub(rf"\1{JOINER}", keep_units(WHITE.sub(" ", text).strip(" ")))
    return SIGNS.sub(r"\\\1", apart)


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """A table for `st.dataframe`, whose own export writes cells as they are: none starts a formula in a spreadsheet."""
    from forgetting.experiment.export import neutralize_formula  # which imports pandas and pyarrow

    harmless = frame.map(lambda value: neutralize_formula(value, JOINER) if isinstance(value, str) else value)
    return harmless.rename(columns=lambda name: neutralize_formula(name, JOINER))
