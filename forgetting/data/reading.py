"""How a file is to be read, and how it was read: what a person may switch, and what the reader has found out."""

from dataclasses import dataclass
from typing import ClassVar

from forgetting.core.settings import Settings, setting

AUTOMATIC, YES, NO = "automatic", "yes", "no"
FIELDS, PLAIN = "fields", "plain"
ESCAPED, SPACED = "escaped", "spaced"  # ways in which "fields" are found, too

# fmt: off
ENCODINGS = (  # that a text may be said to be in, as Python names them
    "utf-8", "utf-16", "utf-16-be", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257",
    "cp1258", "iso8859_2", "iso8859_5", "koi8_r", "koi8_u", "cp850", "cp866", "mac_roman", "cp874", "cp932", "euc_jp",
    "gb18030", "big5", "cp949",
)
# fmt: on


@dataclass(frozen=True)
class ReadingSettings(Settings):
    """How a file becomes a table. What is automatic is decided by evidence over the file.

    Attributes:
        header: Whether the first row names the columns: "automatic", "yes" or "no".
        skip_lines: Lines above the table that are passed over; where `header` is automatic, title lines are found and
            passed over beside them.
        quotes: Whether double quotes open and close "fields" or are "plain" signs of the texts; "automatic" decides.
        leave_out_bad_rows: Whether rows that cannot be read are left out and counted; otherwise the first of them
            refuses the file.
        encoding: Of a text, one of `ENCODINGS`; "automatic" finds it. A byte order mark goes before it.
        line_encodings: Whether each line that is not UTF-8 is decoded by itself, in `encoding` or the one that they
            look like, for files that were joined from two encodings.
        sheet: Name of the sheet of a spreadsheet, "" for the first that holds a table.
    """

    group: ClassVar[str] = "reading"
    header: str = setting(AUTOMATIC, choices=(AUTOMATIC, YES, NO))
    skip_lines: int = setting(0, low=0, high=100_000)
    quotes: str = setting(AUTOMATIC, choices=(AUTOMATIC, FIELDS, PLAIN))
    leave_out_bad_rows: bool = setting(False)
    encoding: str = setting(AUTOMATIC, choices=(AUTOMATIC, *ENCODINGS))
    line_encodings: bool = setting(False)
    sheet: str = setting("")


DEFAULT_READING = ReadingSettings()


@dataclass(frozen=True)
class BadRow:
    """A row that was left out.

    Attributes:
        line: The line that it begins at, from 1.
        cause: What is wrong with it, as the end of a sentence: "it has 2 fields instead of 3".
        text: Its beginning, as it stands in the file.
    """

    line: int
    cause: str
    text: str


@dataclass(frozen=True)
class Reading:
    """How a file was read. What a format does not have keeps its default.

    Attributes:
        encoding: Python's name of it; None where the format has none (Parquet, spreadsheets).
        delimiter: One character; None where the format has none.
        quotes: "fields" or "plain"; None where the format has no quotes, or none occurs. "escaped" are fields in which
            backslashes stand before quotes, "spaced" are fields with blanks between delimiter and quote.
        header: Whether a row named the columns; None where the format names them.
        skipped: Lines above the header or the first row that were passed over.
        row_names: Whether a first column without a name in the header was read as the names of rows, as R writes them.
        trailing: Whether each row ended in a delimiter that was taken away.
        repeated_headers: How many rows below the header were left out because they repeat it.
        bad_rows: How many rows were left out because they could not be read.
        shown_bad_rows: The first of them.
        nuls: NUL bytes that were taken out.
        other_encoding: The encoding of lines that were decoded by themselves; None where there are none.
        other_lines: How many lines those are.
        sheet: The sheet that was read; None where the format has none.
        sheets: The names of all sheets.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quotes: str | None = None
    header: bool | None = None
    skipped: int = 0
    row_names: bool = False
    trailing: bool = False
    repeated_headers: int = 0
    bad_rows: int = 0
    shown_bad_rows: tuple[BadRow, ...] = ()
    nuls: int = 0
    other_encoding: str | None = None
    other_lines: int = 0
    sheet: str | None = None
    sheets: tuple[str, ...] = ()

    @property
    def next_sheet(self) -> str | None:
        """The sheet behind the one that was read, or the first behind the last; None where there is no other."""
        if len(self.sheets) < 2:
            return None
        return self.sheets[(self.sheets.index(self.sheet) + 1) % len(self.sheets)]
