"""Text that came from a file or an address is data: shown as it is, never read as Markdown."""

import re


def literal(text: str) -> str:
    """Text for a place that reads Markdown, with every sign of Markdown made a plain one."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:])", r"\\\1", text)
