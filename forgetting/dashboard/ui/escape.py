"""Text that came from a file or an address is data: shown as it is, never read as Markdown."""

import re

import pandas as pd

from forgetting.charts.style import NO_WIDTH
from forgetting.experiment.export import neutralize_formula

JOINER = NO_WIDTH  # keeps what stands on both sides of it from being read together
# What is read even from escaped text: www.…, name@host, :icon:, &entity; and signs in a row (://, --, ->, >=).
READ_TOGETHER = re.compile(r"(?i)(ww(?=w)|[:@&]|[-=<>~+!/.](?=[-=<>~+!/.]))")
SIGNS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:=&@/^])")


def literal(text: str) -> str:
    """Text for a place that reads Markdown, with every sign of Markdown made a plain one.

    Where there is a choice, `st.text` is the better place.
    """
    apart = READ_TOGETHER.sub(rf"\1{JOINER}", " ".join(text.split()))
    return SIGNS.sub(r"\\\1", apart)


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    """A table for `st.dataframe`, whose own export writes cells as they are: none starts a formula in a spreadsheet."""
    shown = frame.map(lambda value: neutralize_formula(value, JOINER) if isinstance(value, str) else value)
    return shown.rename(columns=lambda name: neutralize_formula(name, JOINER))
