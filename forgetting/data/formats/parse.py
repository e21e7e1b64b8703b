"""Which format a plain file has, by what it holds, never by its ending; and the file as a frame of strings."""

from dataclasses import replace

import pandas as pd

from forgetting.core.errors import DataError
from forgetting.data.archives import ZIP
from forgetting.data.formats.delimited import HEAD_CHARACTERS, read_delimited
from forgetting.data.formats.encodings import decode
from forgetting.data.formats.frames import make_frame
from forgetting.data.formats.json_tables import read_json, starts_json
from forgetting.data.formats.parquet import read_parquet
from forgetting.data.formats.spreadsheets import OLE, read_spreadsheet
from forgetting.data.reading import Reading, ReadingSettings

PARQUET = b"PAR1"


def parse_table(
    data: bytes,
    max_bytes: int,
    reading: ReadingSettings,
) -> tuple[pd.DataFrame, Reading]:
    """Read the table in the bytes of one plain file; rows, values and characters are counted on the way.

    Args:
        data: CSV (also with tabs, semicolons or bars), JSON, Parquet, or a spreadsheet.
        max_bytes: To how much Parquet or a spreadsheet may expand.
        reading: How it is to be read.

    Returns:
        A frame of strings, and how it was read.

    Raises:
        DataError: The data are empty, binary, damaged, too large, or not a table with rows.
    """
    if not data or data.isspace():
        raise DataError("A file must hold a table; this one is empty. Upload one with a header and rows.")
    found = Reading()
    if data.startswith(PARQUET):
        frame = make_frame([read_parquet(data, max_bytes)])
    elif data.startswith((*ZIP, OLE)):
        frame, found = read_spreadsheet(data, max_bytes, reading)
    else:
        text = decode(data, reading)
        read = read_json if starts_json(text.head(HEAD_CHARACTERS)) else read_delimited
        frame, found = read(text, reading)
        found = replace(
            found,
            encoding=text.encoding,
            nuls=text.nuls,
            other_encoding=text.other_encoding,
            other_lines=text.other_lines,
        )
    if frame.empty:
        raise DataError("A table must have rows; this one has a header and nothing below it. Upload one with reviews.")
    return frame, found
