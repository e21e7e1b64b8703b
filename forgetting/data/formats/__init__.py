"""From the bytes of one plain file to a frame of strings: delimited text, JSON, Parquet, spreadsheets.

Every value is text as written, a missing one is the empty string; nothing is evaluated.
"""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(__name__, {"parse": ("parse_table",)})
