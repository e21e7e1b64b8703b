"""Text that came from a file or an address is data: shown as it is, never read as Markdown."""

import re

JOINER = "\u2060"  # takes no room, and keeps what stands on both sides of it from being read together


def literal(text: str) -> str:
    """Text for a place that reads Markdown, with every sign of Markdown made a plain one.

    Addresses, icons, arrows and dashes are found after the signs are read, so those are broken by a joiner. Where
    there is a choice, `st.text` is the better place.
    """
    line = " ".join(text.split())
    line = re.sub("(?i)(ww)(w)", rf"\1{JOINER}\2", line)
    escaped = re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:=&@/^])", r"\\\1", line)
    return re.sub(r"(\\[:.@\-=&/<>])", rf"\1{JOINER}", escaped)
