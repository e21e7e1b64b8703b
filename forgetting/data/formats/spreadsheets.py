"""Spreadsheets as frames of strings: .xlsx, .xlsm, .xlsb, .xls and .ods. Another process takes them apart."""

import json
from dataclasses import replace

import pandas as pd
import pyarrow.compute as pc

from forgetting.core.errors import DataError, list_names, shorten
from forgetting.data.formats.frames import make_frame
from forgetting.data.formats.headers import take_header
from forgetting.data.formats.process import read_apart
from forgetting.data.formats.worker import LOCKED, UNKNOWN_SHEET
from forgetting.data.reading import Reading, ReadingSettings

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how old Office documents begin, and new ones that are encrypted
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # what is in the latter
KINDS_OF_SHEETS = ".xlsx, .xlsm, .xlsb, .xls or .ods"


def read_spreadsheet(data: bytes, max_bytes: int, reading: ReadingSettings) -> tuple[pd.DataFrame, Reading]:
    """Read one sheet of a spreadsheet. Formulas are not computed: they have the value that they had when it was saved.

    Args:
        data: The bytes of the file.
        max_bytes: To how much the texts of the sheet may expand.
        reading: How it is to be read: which sheet, how many of its rows are passed over, and whether there is a header.

    Returns:
        A frame of strings without empty rows and columns, and how it was read.

    Raises:
        DataError: The file is damaged, encrypted, too large or no spreadsheet, or has no sheet of that name.
    """

    locked = DataError(
        "A spreadsheet must not be encrypted; this one asks for a password. Save it without one, or as CSV UTF-8."
    )
    if data.startswith(OLE) and ENCRYPTED in data:
        raise locked

    def refuse(status: int | None, reason: str) -> DataError:
        if status == LOCKED:
            return locked
        if status == UNKNOWN_SHEET:
            return DataError(
                f"A sheet must be one of the spreadsheet's; {shorten(reading.sheet)!r} is not. "
                f"Choose one of {list_names(json.loads(reason))}."
            )
        return DataError(
            f"A spreadsheet must be a whole file of {KINDS_OF_SHEETS}; this one is damaged, or something else "
            f"({shorten(reason.splitlines()[0], 200)}). Save it again, or as CSV UTF-8."
        )

    table = read_apart("spreadsheet", data, max_bytes, refuse, json.dumps(reading.sheet), str(reading.skip_lines))
    sheet, sheets = table.schema.metadata[b"sheet"].decode(), json.loads(table.schema.metadata[b"sheets"])
    found = Reading(sheet=sheet, sheets=tuple(sheets))
    if not table.num_rows:
        below = f" below row {reading.skip_lines:,}" if reading.skip_lines else ""
        other = found.next_sheet and f"Choose another sheet, such as {shorten(found.next_sheet)!r}, or upload"
        raise DataError(
            f"A table must have rows; the sheet {shorten(sheet)!r} is empty{below}. "
            f"{other or 'Upload'} a spreadsheet with reviews.",
            offer=found.next_sheet and ("reading.sheet", found.next_sheet),
        )
    filled = [name for name in table.column_names if pc.max(pc.binary_length(table[name])).as_py()]
    parts, layout = take_header([table.select(filled)], reading.header)
    return make_frame(parts), replace(found, header=layout.header, skipped=reading.skip_lines + layout.skip)
