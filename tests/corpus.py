"""Odd and hostile files as somebody might upload them, each made by code, with what must come of it.

`CORPUS` is the table: a name in words → the `Upload`. Nothing is random, and nothing is made before `make` is called.
Those of `LARGE` take a second or more, try to take more memory than a laptop has, or could end the whole process.
"""

import csv
import datetime
import decimal
import gzip
import io
import itertools
import json
import pickle
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

MEGABYTE = 1024 * 1024
NOTES = {
    "red": "cherry plum leather smoke",
    "white": "lemon apple slate pear",
    "port": "fig raisin walnut toffee",
}
HEADER = ("text", "label")
KNOWN = ("description", "variety")  # columns that the reader takes whatever they hold
STEPS = ("table", "reviews", "selection", "split", "training")  # in this order; a file may be refused at each


@dataclass(frozen=True)
class Upload:
    """A file and what must come of it.

    make: its bytes. file: its name.
    refused: what the message says, () where the file is accepted. at: the step that refuses it.
    rows: of the table. kept, classes: reviews and classes that the default recipe keeps, 0 where it does not come
    so far. dropped: rows that were left out, by a word of the reason. encoding: or the encodings that are right.
    """

    make: Callable[[], bytes]
    file: str = ""
    refused: tuple[str, ...] = ()
    at: str = ""
    rows: int = 0
    kept: int = 0
    classes: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    encoding: str | tuple[str, ...] | None = "utf-8"
    delimiter: str | None = ","

    @property
    def shown(self) -> bool:
        """Whether the Data page can count what is kept: it can where only the split or the training is refused."""
        return not self.refused or STEPS.index(self.at) > STEPS.index("selection")


def accepted(make: Callable[[], bytes], rows: int = 24, classes: int = 3, **more) -> Upload:
    """A file from which a model is trained; all rows are kept where nothing else is said."""
    kept = more.pop("kept", rows - sum(more.get("dropped", {}).values()))
    return Upload(make, rows=rows, kept=kept, classes=classes, **more)


def refused(make: Callable[[], bytes], *says: str, at: str = "table", **more) -> Upload:
    """A file that is refused with a message that holds all of `says`."""
    return Upload(make, refused=says, at=at, **more)


def ready(data: bytes) -> Callable[[], bytes]:
    """Bytes that are at hand."""
    return lambda: data


# Building blocks


def reviews(count: int = 24, labels: Iterable[str] = tuple(NOTES)) -> list[tuple[str, str]]:
    """Different texts, their labels in turn."""
    notes, labels = list(NOTES.values()), list(labels)
    return [
        (f"{notes[row % len(labels) % 3]} of lot {row} in a glass", labels[row % len(labels)]) for row in range(count)
    ]


def written(rows: Iterable | None = None, header=HEADER, delimiter=",", end="\n", **options) -> str:
    """A table as Python's csv module writes it."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, **options)
    writer.writerows([header, *(reviews() if rows is None else rows)])
    return file.getvalue()


PLAIN = written()


def labelled(*labels: str, header=KNOWN, **options) -> Callable[[], bytes]:
    """Eight reviews of each label."""
    return lambda: written(reviews(8 * len(labels), labels), header, **options).encode()


def texts(*values: str, labels=("red", "white"), header=KNOWN) -> Callable[[], bytes]:
    """Reviews with these texts, their labels in turn."""
    rows = [(value, labels[row % len(labels)]) for row, value in enumerate(values)]
    return lambda: written(rows, header).encode()


def json_lines(*rows: object) -> bytes:
    """One value a line; text is taken as it is."""
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()


def objects(**more: object) -> list[dict]:
    """Reviews as dictionaries, all with the same further values."""
    return [{"text": text, "label": label, **more} for text, label in reviews()]


def json_columns(rows: Iterable, header: Iterable[str] = HEADER) -> bytes:
    """A table as pandas writes it by default: each column an object, its values by the names of rows."""
    columns = zip(header, zip(*rows, strict=True), strict=True)
    return json.dumps(
        {name: {str(row): value for row, value in enumerate(column)} for name, column in columns}
    ).encode()


def texts_by_row() -> dict[str, str]:
    return {str(row): text for row, (text, _) in enumerate(reviews())}


def labels_by_row() -> dict[str, str]:
    return {str(row): label for row, (_, label) in enumerate(reviews())}


def parquet(columns: dict[str, object] | pa.Table | None = None, **options) -> bytes:
    """Columns as a Parquet file, beside those of the plain reviews."""
    own = dict(zip(HEADER, (list(values) for values in zip(*reviews(), strict=True)), strict=True))
    table = columns if isinstance(columns, pa.Table) else pa.table(own | (columns or {}))
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Files by their names in a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))  # else that of now
            member.compress_type = method
            archive.writestr(member, data)
    return file.getvalue()


def zip_with_flag(flag: int, files: dict[str, str] | None = None) -> bytes:
    """A zip archive whose two headers carry a flag; 1 says that it is encrypted."""
    data = bytearray(zipped(files or {"a.csv": PLAIN}))
    data[6] |= flag  # of the file itself; the other one is in the directory
    data[data.index(b"PK\x01\x02") + 8] |= flag
    return bytes(data)


def zip_that_claims(size: int) -> bytes:
    """A zip archive whose headers give another size for what is in it."""
    true, claimed = (struct.pack("<L", number) for number in (len(PLAIN), size))
    return zipped({"a.csv": PLAIN}).replace(true, claimed)


def zip_of_overlapping() -> bytes:
    """A directory that names the same bytes a thousand times, as in a zip bomb without nesting."""
    data = zipped({"a.csv": PLAIN})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = data[start:end]
    tail = bytearray(data[end:])
    tail[8:16] = struct.pack("<HHL", 1_000, 1_000, len(entry) * 1_000)
    return data[:start] + entry * 1_000 + bytes(tail)


def zip_of_many(entries: int, *, wide: bool = False) -> bytes:
    """A directory of so many files that gives their number as one. wide: it gives its size in zip64's record."""
    data = zipped({"a.csv": PLAIN})
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    entry = b"PK\x01\x02" + bytes(24) + b"\1" + bytes(17) + b"a"
    size, tail = len(entry) * entries, bytearray(data[end:])
    if wide:
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, start)
        tail[:0] = record + struct.pack("<4sLQL", b"PK\x06\x07", 0, start + size, 1)
    else:
        tail[12:16] = struct.pack("<L", size)
    return data[:start] + entry * entries + bytes(tail)


def gzip_with_name(size: int) -> bytes:
    """A gzip file whose header gives a file name of that size."""
    data = gzip.compress(PLAIN.encode(), mtime=0)
    return data[:3] + b"\x08" + data[4:10] + b"n" * size + b"\0" + data[10:]


def zip_of_itself() -> bytes:
    """An archive with one stored member that is an archive again, whose directory overlaps the outer one's."""
    inner = zipped({"a.csv": PLAIN}, zipfile.ZIP_STORED)
    return zipped({"again.zip": inner}, zipfile.ZIP_STORED)


def zip_with_link() -> bytes:
    """A symbolic link, which would lead out of the archive if it were made."""
    link = zipfile.ZipInfo("reviews.csv")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


def torch_file() -> bytes:
    file = io.BytesIO()
    torch.save({"fc1.weight": torch.zeros(2, 3)}, file)
    return file.getvalue()


def array_file() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((4, 2)))
    return file.getvalue()


SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
OPEN = "urn:oasis:names:tc:opendocument:xmlns:"


def cells(rows: Iterable[Iterable[object]]) -> str:
    """Rows of a sheet of Excel: texts in place, numbers, and where there is nothing no cell."""
    kinds = {str: '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>', bool: '<c r="{}" t="b"><v>{:d}</v></c>'}
    lines = []
    for number, row in enumerate(rows, 1):
        places = ((f"{chr(65 + place)}{number}", value) for place, value in enumerate(row) if value is not None)
        line = (kinds.get(type(value), '<c r="{}"><v>{}</v></c>').format(place, value) for place, value in places)
        lines.append(f'<row r="{number}">{"".join(line)}</row>')
    return "".join(lines)


def workbook(*sheets: str, strings: str = "", names: Iterable[str] = (), states: Iterable[str] = (), **more) -> bytes:
    """A workbook of Excel. sheets: the rows of each. strings: those that cells refer to. states: of the sheets."""
    sheets = sheets or (cells([HEADER, *reviews()]),)
    listed = list(itertools.zip_longest(sheets, names, states))
    numbered = list(enumerate(listed, 1))
    inside = "".join(
        f'<sheet name="{name or f"Sheet{n}"}" sheetId="{n}" r:id="r{n}" state="{state or "visible"}"/>'
        for n, (_, name, state) in numbered
    )
    target = '<Relationship Id="r{0}" Type="{1}/{2}" Target="{3}"/>'
    relations = f'<Relationships xmlns="{PACKAGE}/relationships">{{}}</Relationships>'
    links = "".join(target.format(n, OFFICE, "worksheet", f"worksheets/sheet{n}.xml") for n, _ in numbered)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}"><sheets>{inside}</sheets></workbook>',
        "_rels/.rels": relations.format(target.format(0, OFFICE, "officeDocument", "xl/workbook.xml")),
        "xl/_rels/workbook.xml.rels": relations.format(links),
        "xl/styles.xml": f'<styleSheet xmlns="{SHEET}"><cellXfs><xf numFmtId="0"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}">{strings}</sst>',
    }
    worksheet = f'<worksheet xmlns="{SHEET}"><sheetData>{{}}</sheetData></worksheet>'
    parts |= {f"xl/worksheets/sheet{n}.xml": worksheet.format(rows) for n, (rows, _, _) in numbered}
    return zipped(parts | more)


def open_document(rows: str = "", kind: str = "spreadsheet", **more) -> bytes:
    """A sheet of LibreOffice."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = rows or "".join(
        f"<table:table-row>{''.join(map(cell.format, row))}</table:table-row>" for row in [HEADER, *reviews()]
    )
    spaces = " ".join(f'xmlns:{name}="{OPEN}{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name="Reviews">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<manifest:manifest xmlns:manifest="{OPEN}manifest:1.0"/>'
    parts = {"mimetype": f"{OPEN_DOCUMENT}{kind}", "content.xml": content}
    return zipped(parts | {"META-INF/manifest.xml": manifest} | more)


# Bytes and characters

ACCENTS = written([(f"{text} rosé “crème brûlée” für später", label) for text, label in reviews()])
JAPANESE = written(
    [
        (f"赤ワイン、桜桃と煙の香り、渋みは柔らかく余韻が長い。番号{row}", label)
        for row, (_, label) in enumerate(reviews())
    ],
    KNOWN,
)
KANA = written(
    [(f"とてもなめらかで、おいしいワインでした。番号{row}", label) for row, (_, label) in enumerate(reviews())], KNOWN
)
KOREAN = written([(f"잘 익은 체리와 자두의 향 ㅋㅋㅋ {row}", label) for row, (_, label) in enumerate(reviews())], KNOWN)
CHINESE = written([(f"香气成熟，单宁细腻，余味悠长{row}", label) for row, (_, label) in enumerate(reviews())], KNOWN)
TAIWANESE = written(
    [(f"這款酒的香氣成熟，不甜，餘味悠長{row}", label) for row, (_, label) in enumerate(reviews())], KNOWN
)
RUSSIAN = written(
    [(f"Её вкус: спелая вишня и слива, мягкие танины, лот {row}", k) for row, (_, k) in enumerate(reviews())]
)
HALF = len(ACCENTS) // 2
NO_ACCENTS = str.maketrans("éèûüä", "eeuua")


def joined(text: str, lines: int, encoding: str) -> bytes:
    """So many lines of a text in UTF-8, the others in another encoding."""
    parts = text.splitlines(keepends=True)
    return "".join(parts[:lines]).encode() + "".join(parts[lines:]).encode(encoding)


ENCODINGS = {
    "UTF-8 with signs of four bytes": accepted(lambda: written([(f"{t} 🍷", k) for t, k in reviews()]).encode()),
    "UTF-8 with a mark": accepted(lambda: ACCENTS.encode("utf-8-sig"), encoding="utf-8-sig"),
    "UTF-16 LE with a mark": accepted(lambda: b"\xff\xfe" + ACCENTS.encode("utf-16-le"), encoding="utf-16"),
    "UTF-16 BE with a mark": accepted(lambda: b"\xfe\xff" + ACCENTS.encode("utf-16-be"), encoding="utf-16"),
    "UTF-16 LE without a mark": accepted(lambda: ACCENTS.encode("utf-16-le"), encoding="utf-16-le"),
    "UTF-16 BE without a mark": accepted(lambda: ACCENTS.encode("utf-16-be"), encoding="utf-16-be"),
    "UTF-16 cut in the middle of a letter": refused(lambda: ACCENTS.encode("utf-16")[:-1], "one encoding", "UTF-8"),
    "UTF-32": refused(lambda: ACCENTS.encode("utf-32"), "NUL", "CSV UTF-8"),
    "Windows-1252": accepted(lambda: ACCENTS.encode("cp1252"), encoding="cp1252"),
    "Shift-JIS": accepted(lambda: JAPANESE.encode("shift-jis"), encoding=("cp932", "shift_jis", "shift_jis_2004")),
    "half UTF-8, half Windows-1252": refused(
        lambda: ACCENTS[:HALF].encode() + ACCENTS[HALF:].encode("cp1252"), "one encoding", "UTF-8"
    ),
    "three lines of UTF-8 in Windows-1252": refused(
        lambda: joined(ACCENTS, 4, "cp1252"), "one encoding", "looks like cp1252", "line 2", "UTF-8"
    ),
    "three lines of UTF-8 quotes in Windows-1252": refused(
        lambda: joined(ACCENTS.translate(NO_ACCENTS), 4, "cp1252"), "one encoding", "line 2", "UTF-8"
    ),
    "three lines of UTF-8 in Windows-1251": refused(lambda: joined(RUSSIAN, 4, "cp1251"), "one encoding", "UTF-8"),
    "Windows-1252 in French capitals and quotes": accepted(
        lambda: written([(f"« {t} crème brûlée, rosé\xa0» QUALITÉ\xa0: „Weiß“ « é…”", k) for t, k in reviews()]).encode(
            "cp1252"
        ),
        encoding="cp1252",
    ),
    "Windows-1251": accepted(lambda: RUSSIAN.encode("cp1251"), encoding="cp1251"),
    "EUC-JP": accepted(lambda: JAPANESE.encode("euc-jp"), encoding="euc_jp"),
    "Shift-JIS prose": accepted(lambda: KANA.encode("shift-jis"), encoding="cp932"),
    "EUC-JP prose": accepted(lambda: KANA.encode("euc-jp"), encoding="euc_jp"),
    "EUC-KR": accepted(lambda: KOREAN.encode("cp949"), encoding=("cp949", "euc_kr")),
    "GBK": accepted(lambda: CHINESE.encode("gbk"), encoding=("gb2312", "gbk", "gb18030")),
    "Big5": accepted(lambda: TAIWANESE.encode("big5"), encoding=("big5", "big5hkscs", "cp950")),
    "ISO-2022-JP": refused(lambda: JAPANESE.encode("iso2022_jp"), "ISO-2022", "line 2", "Save it again as UTF-8"),
    "ISO-2022-KR": refused(lambda: KOREAN.encode("iso2022_kr", "replace"), "ISO-2022", "Save it again as UTF-8"),
    "a byte that Windows-1252 does not have": refused(
        lambda: PLAIN.encode().replace(b"smoke", b"sm\x81ke"), "one encoding", "UTF-8"
    ),
    "halves of a surrogate pair in UTF-8": accepted(
        lambda: PLAIN.encode().replace(b"smoke", b"sm\xed\xa0\x80ke"), encoding="cp1252"
    ),
    "single NUL bytes": accepted(lambda: PLAIN.encode().replace(b"smoke", b"sm\0ke")),
    "single NUL characters in UTF-16": accepted(
        lambda: PLAIN.replace("smoke", "sm\0ke").encode("utf-16"), encoding="utf-16"
    ),
    "many NUL bytes": refused(lambda: PLAIN.encode().replace(b"smoke", b"sm\0\0ke"), "NUL bytes", "CSV UTF-8"),
    "many NUL characters in UTF-16": refused(
        lambda: PLAIN.replace("smoke", "sm\0\0ke").encode("utf-16"), "NUL characters"
    ),
    "UTF-16 of another script without a mark": refused(
        lambda: "".join(f"{'葡萄酒香气成熟余味悠长' * 30}{row},{'红白'[row % 2]}\n" for row in range(24)).encode(
            "utf-16-le"
        ),
        "NUL bytes",
    ),
    "every byte": refused(ready(bytes(range(256)) * 16), "NUL", "CSV UTF-8"),
}

# Delimited text

MIXED_ENDS = "".join(line + end for line, end in zip(PLAIN.splitlines(), itertools.cycle(("\r\n", "\r", "\n"))))
WIDE_HEADER = [f"tag {place}" for place in range(198)]


def wide_rows() -> list[list[str]]:
    """The labels of the wine are in the last column; tag 7, with two values, looks more like a label."""
    rows = []
    for row, (text, label) in enumerate(reviews()):
        tags = [f"{place}x{row}" for place in range(198)]
        tags[7] = ("dry", "sweet")[row // 2 % 2]
        rows.append([*tags, text, label])
    return rows


def without_text() -> bytes:
    return written([(str(row), label) for row, (_, label) in enumerate(reviews())]).encode()


DELIMITED = {
    "plain": accepted(ready(PLAIN.encode())),
    "tabs": accepted(lambda: written(delimiter="\t").encode(), delimiter="\t"),
    "bars, all quoted": accepted(lambda: written(delimiter="|", quoting=csv.QUOTE_ALL).encode(), delimiter="|"),
    "semicolons and decimal commas": accepted(
        lambda: written([(t, "7,5", k) for t, k in reviews()], ("text", "points", "label"), ";").encode(), delimiter=";"
    ),
    "CR, LF and CRLF mixed": accepted(ready(MIXED_ENDS.encode())),
    "no line end at the end": accepted(ready(PLAIN.rstrip("\n").encode())),
    "blank lines everywhere": accepted(ready(("\n  \n" + PLAIN.replace("\n", "\n\n \n")).encode())),
    "line breaks and delimiters in cells": accepted(
        lambda: written([(f'{t},\r\n"{t}";\t|', k) for t, k in reviews()], quoting=csv.QUOTE_ALL).encode()
    ),
    "line signs of Unicode in cells": accepted(
        lambda: written([(f"{t}\u2028\u2029\x85\x1c\x0b\x0c{t}", k) for t, k in reviews()]).encode()
    ),
    "one column": refused(
        lambda: "".join(f"{t}\n" for t, _ in [HEADER, *reviews()]).encode(),
        "label column",
        "'text' alone",
        at="reviews",
    ),
    "200 columns, the likely labels not those meant": accepted(
        lambda: written(wide_rows(), [*WIDE_HEADER, "notes", "kind"]).encode(), classes=2
    ),
    "a thousand columns": accepted(
        lambda: written([["x"] * 998 + [*row] for row in reviews()], [f"c{n}" for n in range(998)] + [*HEADER]).encode()
    ),
    "a thousand and one columns": refused(
        lambda: written(
            [["x"] * 999 + [*row] for row in reviews()], [f"c{n}" for n in range(999)] + [*HEADER]
        ).encode(),
        "1,000 columns",
        "1,001",
        "Keep the columns",
    ),
    "rows of unequal length": refused(
        lambda: (PLAIN + "one,two,three\n").encode(), "as many fields as the header", "line 26", "double quotes"
    ),
    "an unclosed quote": refused(lambda: (PLAIN + '"never closed,red\n').encode(), "quote must be closed", "line 26"),
    "an unclosed quote, long before the end": refused(
        lambda: (PLAIN + '"never closed,red\n' + PLAIN * 400).encode(), "line 26", "Correct the quotes"
    ),
    "quotes with backslashes": accepted(lambda: (PLAIN + '"a \\"nice\\" wine",red\n').encode(), rows=25),
    "quotes with and without backslashes": refused(
        lambda: (PLAIN + '"a \\"nice\\" wine",red\n"a "nice" wine",red\n').encode(), "must be doubled", "line 27"
    ),
    "quotes after a blank": accepted(lambda: PLAIN.replace(",", ', "').replace("\n", '"\n').encode()),
    "quotes that are plain signs": accepted(
        lambda: "".join(
            f"{label}\t{text if row % 5 else chr(34) + text}{' 5' + chr(34) if row % 3 == 0 else ''}\n"
            for row, (text, label) in enumerate([HEADER, *reviews()])
        ).encode(),
        delimiter="\t",
    ),
    "a quote that closes rows below": accepted(
        lambda: written(delimiter="|").replace("cherry", '"cherry', 1).replace("lot 20 in a glass", 'lot 20"').encode(),
        delimiter="|",
    ),
    "no header": accepted(lambda: PLAIN.split("\n", 1)[1].encode()),
    "titles filled up with empty fields": accepted(lambda: ("Export of March,\n,\n" + PLAIN).encode()),
    "names of rows as R writes them": accepted(
        lambda: (PLAIN[:11] + "".join(f"{n},{line}\n" for n, line in enumerate(PLAIN.splitlines()[1:], 1))).encode()
    ),
    "delimiters at the end of each row": accepted(
        lambda: PLAIN.replace("\n", ",\n").replace("l,\n", "l\n", 1).encode()
    ),
    "a row with a field too few": refused(lambda: (PLAIN + "one\n").encode(), "line 26 has 1", "Add the fields"),
    "Excel's line with a semicolon": accepted(
        lambda: ("sep=;\r\n" + written(delimiter=";", end="\r\n")).encode("utf-8-sig"),
        encoding="utf-8-sig",
        delimiter=";",
    ),
    "Excel's line with a comma": accepted(lambda: ("SEP=,\n" + PLAIN).encode()),
    "Excel's line with a tab": accepted(lambda: ("Sep=\t\r" + written(delimiter="\t")).encode(), delimiter="\t"),
    "Excel's line with a caret": accepted(lambda: ("sep=^\n" + written(delimiter="^")).encode(), delimiter="^"),
    "Excel's line alone": refused(ready(b"sep=;\r\n"), "must have rows"),
    "Excel's line and a row of another length": refused(
        lambda: ("sep=;\n" + written(delimiter=";") + "one;two;three\n").encode(), "header, 2", "line 27"
    ),
    "a remark above the header": accepted(lambda: ("# exported on Monday\n" + PLAIN).encode()),
    "a cell of 5 MB": refused(
        lambda: written([("cherry " * (5 * MEGABYTE // 7), "red"), *reviews()]).encode(), "131,072 characters", "line 2"
    ),
    "equal column names": refused(
        lambda: written([(*row, "x") for row in reviews()], (*HEADER, "text")).encode(),
        "different names",
        "'text' occurs 2 times",
        "Rename",
    ),
    "column names that differ by blanks": refused(
        lambda: written([(*row, "x") for row in reviews()], (*HEADER, " text ")).encode(), "different names", "'text'"
    ),
    "empty column names": accepted(lambda: written([("", *row, "") for row in reviews()], ("", *HEADER, " ")).encode()),
    "an empty name and the name it would be given": refused(
        lambda: written([(*row, "", "") for row in reviews()], (*HEADER, "", "column 3")).encode(),
        "different names",
        "'column 3'",
    ),
    "column names with markup": accepted(
        lambda: written(header=("<img src=http://127.0.0.1:9/x>", "![l](http://127.0.0.1:9/y)")).encode()
    ),
    "column names of 50 kB": accepted(lambda: written(header=("t" * 25_000, "l" * 25_000)).encode()),
    "no prose": refused(without_text, "3 words", "'text', 'label'", "Choose the text", at="reviews"),
    "a header alone": refused(ready(b"text,label\n"), "must have rows", "Upload one"),
    "an empty file": refused(ready(b""), "empty", "Upload one"),
    "blanks alone": refused(ready(b" \t\r\n" * 1_000), "empty", "Upload one"),
    "delimiters alone": refused(ready(b",,,\n" * 50), "3 words", "'column 1'", at="reviews"),
    "one delimiter": refused(ready(b","), "must have rows"),
    "quotes alone": refused(ready(b'"' * 1_001), "quote", "line 1"),
}

# Archives

ARCHIVES = {
    "gzip": accepted(lambda: gzip.compress(PLAIN.encode(), mtime=0)),
    "gzip in two members": accepted(
        lambda: gzip.compress(PLAIN[:300].encode(), mtime=0) + gzip.compress(PLAIN[300:].encode(), mtime=0)
    ),
    "gzip cut off": refused(lambda: gzip.compress(PLAIN.encode(), mtime=0)[:-9], "gzip file must be whole", "Download"),
    "gzip with a wrong sum": refused(
        lambda: gzip.compress(PLAIN.encode(), mtime=0)[:-8] + bytes(8), "gzip file must be whole", "Download"
    ),
    "gzip bomb": refused(lambda: gzip.compress(bytes(150 * MEGABYTE), mtime=0), "100\u00a0MB", "expands to more"),
    "gzip bomb in many members": refused(
        lambda: gzip.compress(bytes(MEGABYTE), mtime=0) * 150, "100\u00a0MB", "expands to more"
    ),
    "gzip of 10,000 members": accepted(
        lambda: gzip.compress(PLAIN.encode(), mtime=0) + gzip.compress(b"", mtime=0) * 9_999
    ),
    "gzip of 10,001 members": refused(
        lambda: gzip.compress(PLAIN.encode(), mtime=0) + gzip.compress(b"", mtime=0) * 10_000,
        "10,000 members",
        "upload it unpacked",
    ),
    "gzip of empty members": refused(lambda: gzip.compress(b"", mtime=0) * 5_000, "this one is empty"),
    "gzip with padding": accepted(lambda: gzip.compress(PLAIN.encode(), mtime=0) + bytes(1_000)),
    "gzip with padding between members": accepted(
        lambda: bytes(70_000).join(gzip.compress(part.encode(), mtime=0) for part in (PLAIN[:300], PLAIN[300:]))
    ),
    "gzip with something else behind it": refused(
        lambda: gzip.compress(PLAIN.encode(), mtime=0) + PLAIN.encode(), "gzip file must be whole", "Download"
    ),
    "zip": accepted(lambda: zipped({"a.csv": PLAIN})),
    "zip that leads out of its folder": accepted(lambda: zipped({"../../../../tmp/owned.csv": PLAIN})),
    "zip with an absolute path": accepted(lambda: zipped({"/etc/owned.csv": PLAIN})),
    "zip with a name that is no text": accepted(
        lambda: zipped({"a.csv": PLAIN}).replace(b"a.csv", b"\xff\xfe\x80\r\n")
    ),
    "zip with clutter": accepted(lambda: zipped({"in/": "", "in/a.csv": PLAIN, "__MACOSX/in/._a.csv": "\0"})),
    "zip with a readme and a licence": accepted(
        lambda: zipped({"smsspam/readme": PLAIN, "smsspam/SMS": PLAIN, "LICENSE.txt": "", "about_data.md": ""})
    ),
    "zip of readmes": refused(lambda: zipped({"readme": PLAIN, "readme.txt": PLAIN}), "exactly one file", "holds 2"),
    "zip in a zip": refused(zip_of_itself, "another archive", "Unpack it once"),
    "gzip in a zip": refused(
        lambda: zipped({"a.csv.gz": gzip.compress(PLAIN.encode(), mtime=0)}), "another archive", "Unpack it once"
    ),
    "encrypted zip": refused(lambda: zip_with_flag(1), "encrypted", "Unpack it"),
    "zip of patches": refused(lambda: zip_with_flag(32), "zip file must be whole", "Download"),
    "zip of two files": refused(lambda: zipped({"a.csv": PLAIN, "b.csv": PLAIN}), "exactly one file", "holds 2"),
    "zip of 20,000 files": refused(
        lambda: zipped({f"{n}.csv": "" for n in range(20_000)}, zipfile.ZIP_STORED), "exactly one file", "Pack the one"
    ),
    "zip of overlapping files": refused(zip_of_overlapping, "exactly one file", "Pack the one"),
    "zip of 20,000 files said to be one": refused(lambda: zip_of_many(20_000), "exactly one file", "holds 20,000"),
    "zip of a folder alone": refused(lambda: zipped({"folder/": ""}), "exactly one file", "holds 0"),
    "empty zip": refused(lambda: zipped({}), "exactly one file", "holds 0"),
    "zip of an empty file": refused(lambda: zipped({"a.csv": ""}), "empty"),
    "zip with bzip2": refused(lambda: zipped({"a.csv": PLAIN}, zipfile.ZIP_BZIP2), "usual method", "method 12"),
    "zip with LZMA": refused(lambda: zipped({"a.csv": PLAIN}, zipfile.ZIP_LZMA), "usual method", "method 14"),
    "zip bomb": refused(lambda: zipped({"a.csv": bytes(150 * MEGABYTE)}), "100\u00a0MB", "expands to more"),
    "zip that claims to be small": refused(lambda: zip_that_claims(7), "zip file must be whole", "Download"),
    "zip with a symbolic link": refused(zip_with_link, "must have rows"),
    "zip cut off": refused(lambda: zipped({"a.csv": PLAIN})[:-30], "zip file must be whole", "Download"),
}

# JSON

JSON = {
    "JSON lines": accepted(lambda: json_lines(*objects()), delimiter=None),
    "JSON lines with a mark": accepted(
        lambda: b"\xef\xbb\xbf" + json_lines(*objects()), delimiter=None, encoding="utf-8-sig"
    ),
    "JSON lines of mixed types": accepted(
        lambda: json_lines(*objects(), *objects(label=1.50), *objects(label=True, other=[None, {"a": []}])),
        rows=72,
        classes=5,
        delimiter=None,
    ),
    "JSON lines with NaN": accepted(
        lambda: json_lines(*objects(label=float("nan")), *objects(label=float("-inf")), *objects()),
        72,
        4,
        dropped={"label is one of the words that mean missing: nan": 24},
        delimiter=None,
    ),
    "JSON lines with null": accepted(
        lambda: json_lines(*objects(), *objects(label=None), *objects(text=None)),
        72,
        dropped={"empty text": 24, "empty label": 24},
        delimiter=None,
    ),
    "JSON lines with equal keys": accepted(
        lambda: json_lines(*(json.dumps(row)[:-1] + ', "label": "last"}' for row in objects()), *objects()),
        48,
        4,
        delimiter=None,
    ),
    "JSON lines with huge numbers": accepted(
        lambda: json_lines(*(json.dumps(row)[:-1] + f', "n": 1{"0" * 9_000}}}' for row in objects())), delimiter=None
    ),
    "JSON lines with exponents": accepted(
        lambda: json_lines(*(json.dumps(row)[:-1] + ', "n": 1e999999999}' for row in objects())), delimiter=None
    ),
    "JSON lines with half a surrogate pair": refused(
        lambda: json_lines(*objects(), '{"text": "\\ud800", "label": "red"}'), "one whole object", "line 25", "Correct"
    ),
    "JSON lines nested without end": refused(
        lambda: json_lines(*objects(), '{"text":' + "[" * 200_000), "one whole object", "line 25", "Correct"
    ),
    "JSON lines nested 200 deep": accepted(
        lambda: json_lines(*(json.dumps(row)[:-1] + f', "n": {"[" * 200}{"]" * 200}}}' for row in objects())),
        delimiter=None,
    ),
    "JSON lines with an unclosed text": refused(
        lambda: json_lines(*objects())[:-9], "one whole object", "line 24", "Correct"
    ),
    "JSON array": accepted(lambda: json.dumps(objects()).encode(), delimiter=None),
    "JSON array over several lines": accepted(
        lambda: json.dumps(objects(), indent=2).encode("utf-16"), delimiter=None, encoding="utf-16"
    ),
    "JSON arrays one after another": accepted(
        lambda: json_lines(objects(), objects(label="rosé")), rows=48, classes=4, delimiter=None
    ),
    "JSON array of arrays": accepted(lambda: json.dumps(reviews()).encode(), delimiter=None),
    "JSON arrays, one a line": accepted(lambda: json_lines(HEADER, *reviews()), delimiter=None),
    "JSON objects over several lines": accepted(
        lambda: "\n".join(json.dumps(row, indent=1) for row in objects()).encode(), delimiter=None
    ),
    "JSON columns of values by row": accepted(lambda: json_columns(reviews()), delimiter=None),
    "JSON columns in other orders": accepted(
        lambda: json.dumps({"text": texts_by_row(), "label": dict(reversed(labels_by_row().items()))}).encode(),
        delimiter=None,
    ),
    "JSON columns with other rows": accepted(
        lambda: json.dumps({"text": texts_by_row(), "label": labels_by_row() | {"8": None, "x": "red"}}).encode(),
        rows=25,
        dropped={"empty text": 1, "empty label": 1},
        delimiter=None,
    ),
    "JSON rows by name": accepted(
        lambda: json.dumps({f"row {n}": row for n, row in enumerate(objects())}).encode(), delimiter=None
    ),
    "JSON columns of lists": accepted(
        lambda: json.dumps(dict(zip(HEADER, zip(*reviews(), strict=True), strict=True))).encode(), delimiter=None
    ),
    "JSON with its rows under a name": accepted(
        lambda: json.dumps({"version": 1, "tags": ["a"], "by": {"a": 1}, "data": objects()}).encode(), delimiter=None
    ),
    "JSON split into columns, index and data": accepted(
        lambda: json.dumps({"columns": HEADER, "index": [*range(24)], "data": reviews()}).encode(), delimiter=None
    ),
    "JSON with two lists of rows": refused(
        lambda: json.dumps({"train": objects(), "test": objects()}).encode(), "several", "'train' and 'test'", "Keep"
    ),
    "JSON array without an end": refused(lambda: json.dumps(objects()).encode()[:-1], "well formed", "line 1", "CSV"),
    "JSON array with a comma too many": refused(
        lambda: json.dumps(objects(), indent=1).encode()[:-2] + b",\n]", "well formed", "line 98, column 1"
    ),
    "JSON array with something behind it": refused(
        lambda: json.dumps(objects()).encode() + b"\n;", "well formed", "line 2, column 1", "Extra data"
    ),
    "JSON array of different things": refused(
        lambda: json.dumps([*objects(), ["a"]]).encode(), "one whole object", '["a"]', "line 1"
    ),
    "JSON array with half a surrogate pair": refused(
        lambda: b'[\n{"text": "\\ud800"}]', "surrogate", "line 2", "Correct"
    ),
    "JSON columns with half a surrogate pair": refused(
        lambda: b'{"text":\n{"0": "\\ud800"}}', "surrogate", "line 2", "Correct"
    ),
    "JSON columns with an empty place": refused(
        lambda: json_columns(reviews()).replace(b'"}, ', b'",}, '), "well formed", "property name"
    ),
    "JSON array nested without end": refused(lambda: b"[" * 200_000, "well formed", "line 1", "recursion"),
    "JSON objects nested without end": refused(lambda: b'{"a":' * 200_000, "well formed", "line 1", "recursion"),
    "JSON array of 2,000 columns": refused(lambda: json.dumps([[1] * 2_000]).encode(), "1,000 columns", "2,000"),
    "JSON of 2,000 lists": refused(
        lambda: json.dumps({f"k{n}": [1] for n in range(2_000)}).encode(), "1,000 columns", "1,001"
    ),
    "JSON of 1,001 columns of 1,001 rows": refused(
        lambda: json_columns([["x"] * 1_001] * 1_001, [f"k{n}" for n in range(1_001)]), "1,000 columns", "1,001"
    ),
    "empty JSON array": refused(ready(b"[]"), "must have rows"),
    "JSON array of empty arrays": refused(ready(b"[[], []]"), "must have rows"),
    "one JSON object over several lines": refused(
        lambda: json.dumps(objects()[0], indent=1).encode(), "must hold a table", "a line of its own"
    ),
    "JSON lines with 2,000 keys": refused(
        lambda: json_lines({**objects()[0], **{f"k{n}": 1 for n in range(2_000)}}), "1,000 columns", "2,002"
    ),
    "JSON lines that grow a key a line": refused(
        lambda: json_lines(*({f"key {n}": "cherry plum leather"} for n in range(3_000))), "Leave out"
    ),
    "JSON lines of empty objects": refused(lambda: b"{}\n" * 100, "must have rows"),
    "JSON lines with keys that differ by blanks": refused(
        lambda: json_lines(*objects(**{" text ": "x"})), "different names", "'text'"
    ),
}

# Parquet

WHEN = datetime.datetime(2022, 11, 26, 12, 30, tzinfo=datetime.UTC)
NESTED = {
    "list": [["lime"], None] * 12,
    "struct": [{"a": 1, "b": {"c": None}}, None] * 12,
    "map": pa.array([[("a", 1)], None] * 12, pa.map_(pa.string(), pa.int64())),
    "lists of lists": [[[1], []], [None]] * 12,
}
TYPED = {
    "date": [WHEN.date(), None] * 12,
    "time": [WHEN.time(), None] * 12,
    "moment": [WHEN, None] * 12,
    "span": [datetime.timedelta(days=1), None] * 12,
    "binary": [b"plain", b"\xff\0"] * 12,
    "decimal": [decimal.Decimal("1.50"), None] * 12,
    "half": np.zeros(24, np.float16),
    "unsigned": np.full(24, 2**64 - 1, np.uint64),
    "nothing": pa.nulls(24),
    "fixed": pa.array([b"abcd", None] * 12, pa.binary(4)),
    "large": pa.array(["a", None] * 12, pa.large_string()),
    "view": pa.array(["a", None] * 12, pa.string_view()),
}
KINDS = {
    "texts": pa.array(["a", None] * 12).dictionary_encode(),
    "bytes": pa.array([b"\xff", None] * 12).dictionary_encode(),
    "numbers": pa.array([1, None] * 12).dictionary_encode(),
    "dates": pa.array([WHEN.date(), None] * 12).dictionary_encode(),
    "unused": pa.DictionaryArray.from_arrays(pa.array([None] * 24, pa.int8()), pa.array(["a"])),
    "lists": pa.ListArray.from_arrays(list(range(25)), pa.array(["a", "b"] * 12).dictionary_encode()),
    "structs": pa.StructArray.from_arrays([pa.array(["a", "b"] * 12).dictionary_encode()], ["a"]),
    "fixed": pa.array([[1, 2], None] * 12, pa.list_(pa.int8(), 2)),
    "large": pa.array([["a"], None] * 12, pa.large_list(pa.string())),
}
OPAQUE = pa.opaque(pa.list_(pa.bool_()), "flags", "test")
VIEWS = {
    "lists": pa.array([["lime"], None] * 12, pa.list_view(pa.string())),
    "large lists": pa.array([[1], None] * 12, pa.large_list_view(pa.int8())),
    "tensors": pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((24, 2, 2))),
    "opaque": OPAQUE.wrap_array(pa.array([[True], None] * 12)),
    "identifiers": pa.uuid().wrap_array(pa.array([bytes(range(16)), None] * 12, pa.binary(16))),
}
OUT_OF_RANGE = pa.array([2**30] * 24, pa.int32()).view(pa.date32())  # a day that Python has no date for
RENAMED = pa.table([["cherry plum leather"] * 4, list("abab"), list("abab")], ["text", "label", "text"])


def bomb_of_one_value(rows: int, size: int, *, typed: bool) -> bytes:
    """One long value for all rows, written once.

    typed: the file says that it was a dictionary, so that Arrow gives it back as one and its size looks small.
    """
    values = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [f"cherry plum leather {'x' * size}"])
    labels = pa.array(["red", "white"] * (rows // 2))
    return parquet(pa.table({"text": values, "label": labels}), compression="zstd", store_schema=typed)


def views_of(lists: pa.ListArray) -> pa.ListViewArray:
    return pa.ListViewArray.from_arrays(lists.offsets[:-1], lists.value_lengths(), lists.values)


def bomb_of_lists(rows: int, length: int, form: Callable = lambda lists: lists) -> bytes:
    """Lists of truth values, which are a bit each in Arrow and some bytes each as text. form: what becomes of them."""
    offsets = np.arange(0, (rows + 1) * length, length, np.int32)
    lists = pa.ListArray.from_arrays(offsets, pa.array(np.zeros(rows * length, bool)))
    text, label = (list(values) for values in zip(*reviews(rows), strict=True))
    return parquet(pa.table({"text": text, "label": label, "flags": form(lists)}), compression="zstd")


def parquet_that_contradicts_itself() -> bytes:
    """One bit turned: the schema says that no text may be missing, and the statistics count the missing ones.

    Arrow ends the whole process where it is asked for the description of that column.
    """
    data = bytearray(parquet())
    data[data.index(b"\x18\x04text") - 1] = 0
    return bytes(data)


PARQUET = {
    "Parquet": accepted(parquet, encoding=None, delimiter=None),
    "Parquet in gzip": accepted(lambda: gzip.compress(parquet(), mtime=0), encoding=None, delimiter=None),
    "Parquet of nested types": accepted(lambda: parquet(NESTED), encoding=None, delimiter=None),
    "Parquet of views and extensions": accepted(lambda: parquet(VIEWS), encoding=None, delimiter=None),
    "Parquet of dates, numbers and bytes": accepted(lambda: parquet(TYPED), encoding=None, delimiter=None),
    "Parquet of categories": accepted(lambda: parquet(KINDS), encoding=None, delimiter=None),
    "Parquet of labels that are categories": accepted(
        lambda: parquet({"label": pa.array(["red", "white", "port"] * 8).dictionary_encode()}),
        encoding=None,
        delimiter=None,
    ),
    "Parquet of labels that are dates": accepted(
        lambda: parquet({"label": [datetime.date(2022, 11, 1 + row % 3) for row in range(24)]}),
        encoding=None,
        delimiter=None,
    ),
    "Parquet of labels that are missing": accepted(
        lambda: parquet({"label": ["red", "white", None] * 8}),
        classes=2,
        dropped={"empty label": 8},
        encoding=None,
        delimiter=None,
    ),
    "Parquet with many row groups": accepted(lambda: parquet(row_group_size=1), encoding=None, delimiter=None),
    "Parquet without rows": refused(lambda: parquet({"text": [], "label": []}), "must have rows", "Upload one"),
    "Parquet without columns": refused(lambda: parquet(pa.table({})), "must have rows"),
    "Parquet with equal column names": refused(lambda: parquet(RENAMED), "different names", "'text'", "Rename"),
    "Parquet with a date out of range": accepted(lambda: parquet({"day": OUT_OF_RANGE}), encoding=None, delimiter=None),
    "Parquet with a time zone of Mars": refused(
        lambda: parquet({"when": pa.array([0] * 24, pa.timestamp("us", "Mars/X"))}), "'when'", "as text"
    ),
    "Parquet with a time zone of 25 hours, in lists": refused(
        lambda: parquet({"when": pa.array([[0]] * 24, pa.list_(pa.timestamp("us", "+25:99")))}), "'when'", "as text"
    ),
    "Parquet with lists of moments out of range": refused(
        lambda: parquet({"when": pa.array([[2**62]] * 24, pa.list_(pa.timestamp("us")))}), "'when'", "Leave that column"
    ),
    "Parquet with lists of dates out of range": refused(
        lambda: parquet({"days": pa.ListArray.from_arrays(list(range(25)), OUT_OF_RANGE)}), "'days'", "as text"
    ),
    "Parquet with structs of dates out of range": refused(
        lambda: parquet({"days": pa.StructArray.from_arrays([OUT_OF_RANGE], ["day"])}), "'days'", "as text"
    ),
    "Parquet with equal names in a struct": refused(
        lambda: parquet({"pair": pa.StructArray.from_arrays([pa.array([1] * 24)] * 2, ["a", "a"])}), "'pair'", "as text"
    ),
    "Parquet of a thousand and one columns": refused(
        lambda: parquet({f"c{n}": ["x"] * 24 for n in range(999)}), "1,000 columns", "1,001", "Keep the columns"
    ),
    "Parquet of a struct with a thousand parts": refused(
        lambda: parquet({"all": [dict.fromkeys(map(str, range(1_000)), 1)] * 24}), "1,000 columns", "1,002"
    ),
    "Parquet cut off": refused(lambda: parquet()[:-50], "Parquet file must be whole", "export it again"),
    "Parquet cut off at the beginning": refused(lambda: b"PAR1" + parquet()[200:], "Parquet file must be whole"),
    "Parquet's mark alone": refused(ready(b"PAR1"), "Parquet file must be whole", "export it again"),
    "encrypted Parquet": refused(lambda: b"PARE" + bytes(60) + b"PARE", "NUL", "CSV UTF-8"),
}

# Spreadsheets

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
WITH_EMPTY_CELLS = (("cherry plum", None), (None, "red"), (" ", ""))
SHEETS = {  # of a spreadsheet, which has no encoding and no delimiter
    "workbook with shared texts in gzip": accepted(
        lambda: gzip.compress(
            workbook(
                cells([HEADER])
                + "".join(f'<row><c t="s"><v>{n}</v></c><c t="s"><v>{24 + n % 3}</v></c></row>' for n in range(24)),
                strings="".join(f"<si><t>{text}</t></si>" for text in [*(t for t, _ in reviews()), *NOTES]),
            ),
            mtime=0,
        )
    ),
    "workbook with macros that leads out of its folder, in zip": accepted(
        lambda: zipped(
            {"a/b.xlsm": workbook(**{"xl/vbaProject.bin": OLE + bytes(999), "../../../../tmp/owned.xml": "<a/>"})}
        )
    ),
    "workbook without a header": accepted(lambda: workbook(cells(reviews()))),
    "workbook with an empty and a hidden sheet first, a title and empty rows and cells": accepted(
        lambda: workbook(
            "",
            cells([["x", "y"]] * 9),
            cells(
                [[], [None, "Wines of 2022"], [], *([None, *row] for row in [HEADER, *reviews(), *WITH_EMPTY_CELLS])]
            ),
            states=("visible", "hidden"),
        ),
        rows=26,
        dropped={"empty text": 1, "empty label": 1},
    ),
    "workbook of billions of laughs": refused(
        lambda: workbook(
            **{"xl/sharedStrings.xml": f"<!DOCTYPE a [<!ENTITY l0 'ha'>{LAUGHS}]><sst><si><t>&l9;</t></si></sst>"}
        ),
        "damaged",
    ),
    "workbook cut off": refused(lambda: workbook()[:-50], "zip file must be whole"),
    "workbook without its sheet": refused(
        lambda: workbook().replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet2.xml"), "whole", "CSV UTF-8"
    ),
    "workbook of no XML": refused(lambda: workbook(**{"xl/workbook.xml": "<"}), "spreadsheet must be a whole"),
    "workbook with a cell in the last place": refused(
        lambda: workbook(cells([HEADER]) + '<row><c r="XFD1048576"><v>2</v></c></row>'), "expands to more"
    ),
    "workbook with a cell beyond the last place": refused(
        lambda: workbook('<row><c r="A1999999999"><v>2</v></c></row>'), "whole", "a cell in row 1,999,999,999"
    ),
    "workbook with a cell in the last column": refused(
        lambda: workbook(cells([HEADER]) + '<row><c r="XFD2"><v>2</v></c></row>'), "1,000 columns", "16,384"
    ),
    "workbook with an encrypted part": refused(
        lambda: zip_with_flag(1, {"xl/workbook.xml": "<a/>"}), "encrypted", "Unpack it"
    ),
    "encrypted workbook": refused(
        lambda: OLE + bytes(999) + "EncryptedPackage".encode("utf-16-le"), "asks for a password", "CSV UTF-8"
    ),
    "workbook without cells": refused(lambda: workbook("<row/>"), "must have rows"),
    "sheet of LibreOffice": accepted(open_document),
    "sheet of LibreOffice, cut off within": refused(
        lambda: open_document("<table:table-row>"), "spreadsheet must be a whole"
    ),
    "sheet of LibreOffice without content": refused(
        lambda: zipped({"mimetype": f"{OPEN_DOCUMENT}spreadsheet", "content.xml": "<x/>"}),
        "spreadsheet must be a whole",
        "CSV UTF-8",
    ),
    "sheet of LibreOffice of billions of cells": refused(
        lambda: open_document(
            '<table:table-row table:number-rows-repeated="1048576"><table:table-cell office:value-type="float" '
            'office:value="1" table:number-columns-repeated="16384"/></table:table-row>'
        ),
        "CSV UTF-8",
    ),
}
SPREADSHEETS = {name: replace(upload, encoding=None, delimiter=None) for name, upload in SHEETS.items()}

# Labels

SWASH = "caf\u00e9"
LONG = tuple(letter * 100_000 for letter in "abc")
LABELS = {
    "labels that are numbers": accepted(labelled("1", "2", "3.0", header=HEADER), rows=24),
    "labels that are truth values": accepted(labelled("true", "false"), rows=16, classes=2),
    "labels that are dates": accepted(labelled("2020-01-01", "2021-12-31", "1/2/2022")),
    "labels NaN, None and null": accepted(
        labelled("NaN", "None", "null", "nan", "NA", "N/A", "-", "red", "white"),
        72,
        2,
        dropped={"label is one of the words that mean missing: NA, N/A, nan, null, none, -": 56},
    ),
    "100,000 labels, each once": refused(
        lambda: written(reviews(100_000, [f"k{n}" for n in range(100_000)]), KNOWN).encode(),
        "at least 2 classes",
        "0 remained",
        at="selection",
    ),
    "100,000 labels, each twice": refused(
        lambda: written(reviews(200_000, [f"k{n}" for n in range(100_000)]), KNOWN).encode(),
        "2,000",
        at="split",
        kept=200_000,
        classes=100_000,
    ),
    "labels that are pictures": accepted(labelled("🍷", "🥂", "👩‍👩‍👧‍👦", "🇫🇷"), 32, 4),
    "labels from right to left": accepted(
        labelled("نبيذ أحمر", "\u202eetihw\u202c", "\u2066לבן\u2069", "\u200fport\u200e"), 32, 4
    ),
    "labels that are scripts": accepted(
        labelled("<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "<b>red</b>", "&lt;i&gt;"), 32, 4
    ),
    "labels that are Markdown": accepted(
        labelled("![x](http://127.0.0.1:9/x)", "[y](http://127.0.0.1:9/y)", "**z**", "$a^2$", ":red[a]", "# a"), 48, 6
    ),
    "labels that are formulas": accepted(labelled("=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-1"), 32, 4),
    "labels for templates": accepted(labelled("{{7*7}}", "${7*7}", "%s%n", "{0}", "';DROP TABLE x;--"), 40, 5),
    "labels of 100 kB": accepted(labelled(*LONG)),
    "labels of control characters": accepted(labelled("\x01\x02", "\x1b[31mred", "\x7f", "\x08\x08"), 32, 4),
    "labels that nobody can see": refused(
        labelled("\u200b", "\u200b\u200b", "\u2060", "\ufeff"), "must hold some label", at="reviews"
    ),
    "labels that differ by blanks": accepted(labelled("red", " red", "red ", "red\u00a0", "tea"), 40, 2),
    "labels that differ by composition": accepted(
        labelled(*(unicodedata.normalize(form, SWASH) for form in ("NFC", "NFD")), "tea"), 24, 2
    ),
    "labels that differ by case": accepted(labelled("Red", "RED", "red", "tea"), 32, 2),
    "labels that are properties of a script": accepted(
        labelled("__proto__", "constructor", "toString", "undefined"), 32, 4
    ),
}

# Texts

STOP = tuple(
    " ".join(words) for words in itertools.islice(itertools.permutations(("the", "of", "and", "with", "a", "in")), 24)
)
FEW = [("a fine cherry", "red"), ("a fine plum", "red"), ("a fine pear", "white"), ("a fine apple", "white")]

TEXTS = {
    "texts of stop words": accepted(texts(*STOP), classes=2),
    "texts of one word": accepted(texts(*(f"word{row // 2}" for row in range(24))), classes=2),
    "texts that are all the same": refused(texts(*["the same wine"] * 24), "at least 2 classes", at="selection"),
    "texts that are empty": refused(texts(*["", "  "] * 12), "'description' are empty", "Choose another", at="reviews"),
    "texts of digits": accepted(texts(*(f"{row} 1234 567" for row in range(24))), classes=2),
    "texts of punctuation": refused(
        texts(*("?" * (row + 1) for row in range(24))),
        "No word is left",
        "split.words",
        at="split",
        rows=24,
        kept=23,
        classes=2,
    ),
    "texts of one letter": refused(
        texts(*"abcdefghijkl", *"mnopqrstuvwx"), "No word is left", "min_df", at="split", kept=24, classes=2
    ),
    "texts in right-to-left marks": accepted(lambda: written([(f"\u202e{t}\u202c", k) for t, k in reviews()]).encode()),
    "texts that are scripts": accepted(
        lambda: written(
            [(f"<script>alert({n})</script> {t} ![x](http://127.0.0.1:9/x)", k) for n, (t, k) in enumerate(reviews())]
        ).encode()
    ),
    "texts without a word that occurs twice": refused(
        texts(*(f"alone{row}" for row in range(24))), "No word is left", "min_df", at="split", kept=24, classes=2
    ),
    "texts that validation does not know": accepted(
        texts(*(f"{'shared' if row < 20 else 'other'} alone{row}" for row in range(24))), classes=2
    ),
    "one class": refused(
        texts(*(text for text, _ in reviews()), labels=["red"]), "at least 2 classes", "1 remained", at="selection"
    ),
    "no review": refused(ready(b"description,variety\n,\n"), "empty", at="reviews"),
    "one review": refused(texts("a fine cherry"), "at least 2 classes", at="selection"),
    "two reviews": refused(texts("a fine cherry", "a fine pear"), "at least 2 classes", at="selection"),
    "three reviews": refused(
        texts("a fine cherry", "a fine pear", "a fine plum"), "at least 2 classes", "1 remained", at="selection"
    ),
    "four reviews": refused(
        lambda: written(FEW, KNOWN).encode(),
        "one review a class in each part",
        "4 reviews",
        at="split",
        kept=4,
        classes=2,
    ),
}

# Other files

PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 8
PAGE = "<!DOCTYPE html>\n<html><body><script>alert(1)</script></body></html>\n"

OTHER_FILES = {
    "a pickle": refused(lambda: pickle.dumps(reviews()), "binary file", "CSV UTF-8"),
    "a pickle of the first protocol": refused(
        lambda: pickle.dumps({"a": [1, 2]}, protocol=0), "3 words", "Choose the text", at="reviews"
    ),
    "a NumPy array": refused(array_file, "binary file", "CSV UTF-8"),
    "a torch checkpoint": refused(torch_file, "exactly one file"),
    "an old torch checkpoint": refused(
        lambda: b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1_001, {"little_endian": True})),
        "binary file",
    ),
    "a text of Word": refused(
        lambda: zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<a/>"}), "text of Word", "CSV UTF-8"
    ),
    "a text of LibreOffice": refused(lambda: open_document(kind="text"), "opendocument.text", "CSV UTF-8"),
    "a document of Numbers": refused(lambda: zipped({"Index/Document.iwa": "", "a": ""}), "Numbers", "CSV UTF-8"),
    "an old Office document": refused(lambda: OLE + bytes(5_000), "spreadsheet must be a whole", "CSV UTF-8"),
    "a PNG picture": refused(ready(PICTURE), "a PNG image", "CSV UTF-8"),
    "a web page": refused(ready(PAGE.encode()), "a web page", "CSV UTF-8"),
    "an executable": refused(ready(b"\x7fELF\x02\x01\x01" + bytes(200)), "binary file", "CSV UTF-8"),
    "a Windows executable": refused(ready(b"MZ\x90\0\x03\0\0\0" + bytes(200)), "binary file", "CSV UTF-8"),
    "a shell script": refused(ready(b"#!/bin/sh\nrm -rf ${HOME}\n"), "label column", "alone", at="reviews"),
}

# Names

PLAIN_BYTES = ready(PLAIN.encode())
NAMES = {
    "a name of 300 characters": accepted(PLAIN_BYTES, file="n" * 296 + ".csv"),
    "a name with a path": accepted(PLAIN_BYTES, file="../../etc/passwd.csv"),
    "a name with a path of Windows": accepted(PLAIN_BYTES, file="..\\..\\C:\\windows.csv"),
    "a name with Markdown": accepted(PLAIN_BYTES, file="![x](http:127.0.0.1) **b** `c` $a$ :red[d].csv"),
    "a name with markup": accepted(PLAIN_BYTES, file="<img src=x onerror=alert(1)>&amp;.csv"),
    "a name from right to left": accepted(PLAIN_BYTES, file="reviews\u202evsc.exe\u202c.csv"),
    "a name of blanks": accepted(PLAIN_BYTES, file=" .csv"),
    "a name of its ending": accepted(PLAIN_BYTES, file=".csv"),
    "a name with pictures": accepted(PLAIN_BYTES, file="🍷 обзоры 赤.csv"),
    "a name for templates": accepted(PLAIN_BYTES, file="{0} %s {{7*7}} ${x} %2e%2e%2f.csv"),
    "a name with quotes": accepted(PLAIN_BYTES, file="a'b\"c; filename=d.csv"),
}

# Large files


def repeated(row: bytes, size: int) -> bytes:
    """A header, and a row again and again up to a size."""
    return b"description,variety\n" + row * (size // len(row))


def counted_texts(rows: int, labels: int) -> bytes:
    """So many reviews of as many different texts, the labels in turn."""
    lines = (f"cherry plum lot {row},class {row % labels}\n" for row in range(rows))
    return ("description,variety\n" + "".join(lines)).encode()


def different_words(count: int, *, copies: int = 1, words_a_row: int = 500) -> bytes:
    """Reviews of words of six letters, all different, each row `copies` times with another number at its end."""
    letters = np.full((count, 7), ord(" "), np.uint8)
    left = np.arange(count, dtype=np.int32)
    for place in range(6):
        left, letters[:, place] = left // 26, left % 26 + ord("a")
    size = 7 * words_a_row
    flat = letters.tobytes()
    rows = (flat[start : start + size] for start in range(0, len(flat), size))
    labels = itertools.cycle((b"red", b"white"))
    lines = (b"%s%d,%s\n" % (row, copy, next(labels)) for row in rows for copy in range(copies))
    return b"description,variety\n" + b"".join(lines)


def one_word(size: int) -> bytes:
    """Reviews of one word, which the next review repeats once more."""
    rows = int((2 * size / 7) ** 0.5)
    lines = (b"%s,%s\n" % (b"cherry " * (row + 1), (b"red", b"white")[row % 2]) for row in range(rows))
    return b"description,variety\n" + b"".join(lines)


def one_letter_cells(rows: int) -> bytes:
    """A thousand columns of one letter; text and label among them."""
    header = ",".join([*KNOWN, *(f"c{n}" for n in range(998))])
    return (header + "\n").encode() + b"".join(
        b",".join([b"%c" % (97 + row % 26), b"%c" % (65 + row // 26 % 9), *[b"x"] * 998]) + b"\n" for row in range(rows)
    )


def different_rows(rows: int) -> Iterator[list[str]]:
    """Rows of a thousand values, no two alike but for the labels."""
    for row in range(rows):
        yield [f"cherry plum lot {row}", "ab"[row % 2], *map(str, range(row * 1_000, row * 1_000 + 998))]


def different_cells(rows: int) -> bytes:
    """A thousand columns, no two values alike but for the labels."""
    return "\n".join(map(",".join, [[*KNOWN, *(f"c{n}" for n in range(998))], *different_rows(rows)])).encode()


def json_cells(rows: int) -> bytes:
    """JSON lines with five hundred keys, no two values alike but for the labels."""
    keys = [f'"k{n}":"' for n in range(498)]
    return "".join(
        f'{{"description":"cherry plum lot {row}","variety":"{"ab"[row % 2]}",'
        + ",".join(f'{key}{row + place}"' for place, key in enumerate(keys))
        + "}\n"
        for row in range(rows)
    ).encode()


def in_one_line(value: str) -> bytes:
    """JSON lines whose first line holds one enormous value."""
    first = f'{{"description": {value}, "variety": "red"}}\n'
    return first.encode() + json_lines(*({"description": text, "variety": label} for text, label in reviews()))


def json_lists(lines: int, value: str, count: int, end: str = "") -> bytes:
    """JSON lines that each hold a list with one value so many times. end: what follows it in the object."""
    body = f"[{','.join([value] * count)}]{end}"
    return "".join(f'{{"text": "{t}", "label": "{k}", "n": {body}}}\n' for t, k in reviews(lines)).encode()


def json_keys(count: int) -> bytes:
    """One JSON object with so many keys."""
    return b"{" + b",".join(b'"k%d":1' % number for number in range(count)) + b"}"


LETTERS = "".join(map(chr, range(97, 123)))
SHORT_WORDS = " ".join(map("".join, itertools.product(LETTERS, LETTERS)))
SIZE = 99 * MEGABYTE

LARGE = {
    "250,000 reviews": accepted(lambda: counted_texts(250_000, 5), 250_000, 5),
    "250,001 reviews": refused(lambda: counted_texts(250_001, 5), "250,000", "rows"),
    "a million columns": refused(lambda: b"ab," * 1_000_000 + b"c\n" + b"," * 1_000_000 + b"\n", "1,000 columns"),
    "one endless line": refused(lambda: b"cherry plum " * (SIZE // 12), "10,000,000 characters", "line 1"),
    "one endless line of short fields": refused(lambda: b"ab," * (SIZE // 3), "10,000,000 characters"),
    "one endless line below the header": refused(
        lambda: PLAIN.encode() + b"ab," * (SIZE // 3), "10,000,000 characters", "line 26"
    ),
    "one endless line with signs of four bytes": refused(
        lambda: "🍷".encode() + b"cherry plum " * (SIZE // 12), "10,000,000 characters", "line 1"
    ),
    "99 MB that one byte keeps from being UTF-8": refused(
        lambda: "🍷🍷".encode() + b"cherry,plum\n" * (SIZE // 12) + b"\xff", "one encoding", "0xFF"
    ),
    "99 MB of quotes that open": refused(lambda: PLAIN.encode() + b'a,"\n' * (SIZE // 4), "250,000 rows"),
    "99 MB of blank lines": refused(lambda: b"a,b\n" + b"\n" * SIZE, "1,000,000 blank lines", "Remove"),
    "101 MB": refused(
        lambda: repeated(b"cherry plum and smoke," + b"red\n" * 1, 101 * MEGABYTE), "100\u00a0MB", "Leave out"
    ),
    "gzip of 99 MB of empty members": refused(
        lambda: gzip.compress(b"", mtime=0) * (SIZE // 20), "10,000 members", "upload it unpacked"
    ),
    "gzip with a name of 99 MB": accepted(lambda: gzip_with_name(SIZE)),
    "gzip with 99 MB of padding": accepted(lambda: gzip.compress(PLAIN.encode(), mtime=0) + bytes(SIZE)),
    "zip of two million files": refused(lambda: zip_of_many(SIZE // 47), "exactly one file", "directory", "1\u00a0MB"),
    "zip of two million files by its second record": refused(
        lambda: zip_of_many(SIZE // 47, wide=True), "exactly one file", "directory", "1\u00a0MB"
    ),
    "2,001 classes": refused(
        lambda: counted_texts(20_010, 2_001), "2,000", "classes", at="split", kept=20_010, classes=2_001
    ),
    "too many reviews times classes": refused(
        lambda: counted_texts(60_000, 2_000), "100,000,000", at="split", kept=60_000, classes=2_000
    ),
    "many reviews times classes": accepted(lambda: counted_texts(12_000, 2_000), 12_000, 2_000),
    "99 MB of one word": accepted(lambda: one_word(SIZE), 5_446, 2),
    "99 MB of different words": refused(
        lambda: different_words(SIZE // 7), "1,000,000", "words", at="split", kept=29_660, classes=2
    ),
    "1,300,000 different words": refused(
        lambda: different_words(1_300_000), "1,000,000", "words", at="split", kept=2_600, classes=2
    ),
    "too many parameters": refused(
        lambda: different_words(500_000, copies=3), "20,000,000", "max_words", at="training", kept=3_000, classes=2
    ),
    "nearly too many words and parameters": accepted(lambda: different_words(300_000, copies=3), 1_800, 2),
    "five million cells of one letter": accepted(
        lambda: one_letter_cells(5_000), 5_000, 9, dropped={"duplicate of an earlier review": 4_766}
    ),
    "five million and a thousand cells": refused(lambda: one_letter_cells(5_001), "5,000,000 values"),
    "five million different cells": accepted(lambda: different_cells(5_000), 5_000, 2),
    "JSON lines of five million cells": accepted(lambda: json_cells(10_000), 10_000, 2, delimiter=None),
    "JSON with a text of 90 MB": refused(
        lambda: in_one_line(f'"{SHORT_WORDS * (90 * MEGABYTE // len(SHORT_WORDS))}"'), "line 1"
    ),
    "JSON with 90 MB of empty lists": refused(lambda: in_one_line(f"[{'[],' * (30 * MEGABYTE)}[]]"), "250,000 rows"),
    "JSON columns of a million cells": accepted(
        lambda: json_columns(different_rows(1_000), [*KNOWN, *(f"c{n}" for n in range(998))]), 1_000, 2, delimiter=None
    ),
    "JSON columns with other rows each": refused(
        lambda: json.dumps({f"k{n}": {f"r{n}": 1} for n in range(250_000)}).encode(), "1,000 columns", "1,001"
    ),
    "JSON array of objects with one text of 90 MB": refused(
        lambda: b'[{"text": "' + b"cherry " * (SIZE // 7) + b'"}]', "10,000,000 characters", "line 1", "Shorten"
    ),
    "JSON array of 99 MB of brackets": refused(lambda: b"[" * SIZE, "recursion", "line 1"),
    "JSON array of 99 MB of empty objects": refused(lambda: b"[" + b"{}," * (SIZE // 3) + b"{}]", "250,000 rows"),
    "JSON of 99 MB of equal keys": refused(lambda: b'{"":{"":0' + b',"":0' * (SIZE // 5) + b"}}", "values"),
    "JSON of a list of fifty million numbers": refused(
        lambda: b'{"text":[1' + b",1" * (SIZE // 2) + b"]}", "250,000 rows"
    ),
    "JSON with a million keys": refused(lambda: json_keys(1_000_000), "must hold a table", "a line of its own"),
    "JSON with 300,000 keys": refused(lambda: json_keys(300_000), "1,000 columns", "300,000"),
    "workbook of one text of 1 MB, three thousand times": refused(
        lambda: workbook('<row><c t="s"><v>0</v></c></row>' * 3_000, strings=f"<si><t>{'cherry ' * 150_000}</t></si>"),
        "100\u00a0MB",
        "expands to more",
    ),
    "workbook of 250,001 rows": refused(lambda: workbook("<row><c><v>1</v></c></row>" * 250_001), "250,000 rows"),
    "Parquet that contradicts itself": refused(parquet_that_contradicts_itself, "Parquet file must be whole"),
    "Parquet of one value of 1 MB in 3,000 rows": refused(
        lambda: bomb_of_one_value(3_000, MEGABYTE, typed=False), "100\u00a0MB", "expands to more"
    ),
    "Parquet of a dictionary with one value of 1 MB": refused(
        lambda: bomb_of_one_value(3_000, MEGABYTE, typed=True), "100\u00a0MB", "expands to more"
    ),
    "Parquet of a dictionary with a short value, a million times": refused(
        lambda: bomb_of_one_value(1_000_000, 5_000, typed=True), "100\u00a0MB", "expands to more"
    ),
    "Parquet of a dictionary with a value of 12 kB, 200,000 times": refused(
        lambda: bomb_of_one_value(200_000, 12_000, typed=True), "100\u00a0MB", "expands to more"
    ),
    "Parquet of a hundred million truth values": refused(
        lambda: bomb_of_lists(1_000, 100_000), "100\u00a0MB", "expands to more"
    ),
    "Parquet of six million truth values in lists": refused(
        lambda: bomb_of_lists(600, 10_000), "5,000,000 values", "nested", "Leave out"
    ),
    "Parquet of six million truth values in views of lists": refused(
        lambda: bomb_of_lists(600, 10_000, views_of), "5,000,000 values", "nested", "Leave out"
    ),
    "Parquet of six million truth values in an extension": refused(
        lambda: bomb_of_lists(600, 10_000, OPAQUE.wrap_array), "5,000,000 values"
    ),
    "Parquet of 60,000 columns": refused(
        lambda: parquet({f"c{n}": ["x"] * 24 for n in range(60_000)}), "1,000 columns", "60,002"
    ),
}

READ = ENCODINGS | DELIMITED | ARCHIVES | JSON | PARQUET | SPREADSHEETS | OTHER_FILES | NAMES
KINDS_OF_FILES = (ENCODINGS, DELIMITED, ARCHIVES, JSON, PARQUET, SPREADSHEETS, OTHER_FILES, NAMES, LABELS, TEXTS)
SMALL = READ | LABELS | TEXTS
CORPUS = SMALL | LARGE
# Of large files that are accepted, those that are odd to the reader and not to what follows.
READ_LARGE = ("gzip", "JSON", "five million")


def last_step(name: str) -> str:
    """The step up to which a file is tested: what refuses it, or the last one to which it is odd."""
    reads = name in READ or name.startswith(READ_LARGE)
    return CORPUS[name].at or ("selection" if reads and name != "plain" else STEPS[-1])


def file_name(name: str) -> str:
    """What the file of that name in the table is called."""
    return CORPUS[name].file or f"{name}.csv"
