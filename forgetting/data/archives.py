"""From a source (path, bytes, open file) to the bytes of one plain file: limits, gzip, zip.

Nothing here knows of text, columns or reviews, and nothing is ever expanded beyond the limit.
"""

import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from forgetting.core.errors import DataError, plain_reason, shorten
from forgetting.core.files import file_title
from forgetting.core.limits import limits
from forgetting.core.numbers import format_size

Source = str | os.PathLike | bytes | bytearray | memoryview | BinaryIO

READ_CHUNK = 1024 * 1024
GZIP = b"\x1f\x8b"
GZIP_BITS = 31  # zlib's sign for a gzip header and trailer
GZIP_PIECE = 64 * 1024  # given to zlib at a time: where a member ends, it copies the rest
MOST_MEMBERS = 10_000  # of a gzip file; bgzip makes one of each 64 kB
NULS = re.compile(rb"\0*")
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
MOST_DIRECTORY = READ_CHUNK  # of about 10,000 files
# bz2 and LZMA members are left out: zipfile expands those without a bound.
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin")  # in .xlsx and .xlsm, and in .xlsb
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
DOCUMENTS = {  # other archives that are documents, by how the name of a part begins
    "word/document.xml": "an Office document (a text of Word)",
    "ppt/presentation.xml": "an Office document (a presentation of PowerPoint)",
    "index/document.iwa": "a document of Numbers, Pages or Keynote",
    "[content_types].xml": "an Office document",
}
EXPANSION = 4  # times the limit of a file, to which a spreadsheet may expand: most of that is not text of cells
# What data sets are packed together with.
DOCUMENTATION = re.compile(
    r"(?:.*/)?(?:read[-_ ]?me|licen[cs]e|copying|notice|citation|changelog|about)(?:[-_ ]\w+)?(?:\.\w+)?", re.IGNORECASE
)
# What macOS and Windows add to an archive unasked.
ZIP_CLUTTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def read_source(source: Source, max_bytes: int | None = None) -> tuple[bytes, str]:
    """Read a source as it is.

    Args:
        source: A path, bytes, or an open binary file; the file is read from its beginning where it can be rewound.
        max_bytes: Another limit than the one in force.

    Returns:
        The bytes, and a name for the source without folders.

    Raises:
        DataError: The source cannot be read, or holds more than `max_bytes` bytes.
    """
    max_bytes = limits().bytes if max_bytes is None else max_bytes
    if isinstance(source, bytes | bytearray | memoryview):
        return _read_bounded(io.BytesIO(source), max_bytes), "uploaded bytes"
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        return _read_open(source, max_bytes), file_title(name) if isinstance(name, str) and name else "uploaded file"
    return _read_path(source, max_bytes)


def unpack(data: bytes, max_bytes: int | None = None) -> bytes:
    """Expand an archive.

    Args:
        data: A gzip or zip archive, or the bytes of any other file.
        max_bytes: Another limit than the one in force.

    Returns:
        The bytes of the one file inside; other data as they are, and so spreadsheets, which are zip archives too.

    Raises:
        DataError: The archive is damaged, encrypted or nested, does not hold exactly one file, or expands to more than
            `max_bytes` bytes.
    """
    max_bytes = limits().bytes if max_bytes is None else max_bytes
    if data.startswith(GZIP):
        inner = _expand_gzip(data, max_bytes)
    elif data.startswith(ZIP):
        inner = _expand_zip(data, max_bytes)
    else:
        return data
    if inner is not data and inner.startswith(ZIP):
        return _expand_zip(inner, max_bytes, within=True)
    if inner.startswith(GZIP):
        raise _archive_within()
    return inner


def _read_path(source: str | os.PathLike, max_bytes: int) -> tuple[bytes, str]:
    try:
        path = Path(source)
    except TypeError as error:
        kind = type(source).__name__
        raise DataError(
            f"A source must be a path, bytes or an open binary file; got {kind}. Give one of them."
        ) from error
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise DataError(f"A path must lead to a file; {str(path)!r} {what}. Check the path.")
        with path.open("rb") as file:
            return _read_bounded(file, max_bytes), file_title(path)
    except OSError as error:
        raise DataError(
            f"A path must lead to a file that can be read; {shorten(str(path), 200)!r} does not "
            f"({error.strerror or error}). Check the path and the permissions."
        ) from error


def _read_open(file: BinaryIO, max_bytes: int) -> bytes:
    try:
        # A page that runs again hands over the same file, already read to its end.
        if file.seekable():
            file.seek(0)
        return _read_bounded(file, max_bytes)
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(
            f"An open file must be readable; reading failed ({plain_reason(error)}). Open it again."
        ) from error


def _read_bounded(file: BinaryIO, max_bytes: int, expanded: bool = False) -> bytes:
    return _joined(_pieces(file), max_bytes, expanded)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(READ_CHUNK):
        if isinstance(piece, str):
            raise DataError('A file must be opened in binary mode ("rb"); this one yields text. Open it again.')
        yield piece


def _joined(pieces: Iterable[bytes], max_bytes: int, expanded: bool) -> bytes:
    """All pieces, none larger than a chunk, so that at most one chunk beyond the limit is ever held."""
    parts, total = [], 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            state = "expands to" if expanded else "has"
            raise DataError(
                f"A file may hold at most {format_size(max_bytes)}; this one {state} more. "
                "Leave out rows or columns that are not needed."
            )
        parts.append(piece)
    return b"".join(parts)


def _expand_gzip(data: bytes, max_bytes: int) -> bytes:
    try:
        return _joined(_gzip_pieces(data), max_bytes, expanded=True)
    except (EOFError, zlib.error) as error:
        raise DataError(
            f"A gzip file must be whole; this one is damaged ({plain_reason(error)}). Download it again."
        ) from error


def _gzip_pieces(data: bytes) -> Iterator[bytes]:
    """What gzip `data` hold, member after member; NULs after a member are padding, as they are to gzip(1).

    Not by Python's gzip module, which takes up to 20 seconds for empty members, a name or padding of 99 MB.
    """
    start = members = 0
    while start < len(data):
        members += 1
        if members > MOST_MEMBERS:
            raise DataError(
                f"A gzip file may have at most {MOST_MEMBERS:,} members; this one has more. "
                "Unpack it and pack it again, or upload it unpacked."
            )
        member = zlib.decompressobj(GZIP_BITS)
        while not member.eof:
            given = data[start : start + GZIP_PIECE]
            if not given:
                raise EOFError("it ends too early")
            yield member.decompress(given, READ_CHUNK)
            start += len(given) - len(member.unconsumed_tail) - len(member.unused_data)
        start = NULS.match(data, start).end()


class _ZipFile(io.BytesIO):
    """The bytes of a zip archive, at most a chunk at once; zipfile wants more of nothing but the directory.

    It reads a directory of any size that the archive claims; 99 MB take it ten seconds and nearly a gigabyte.
    """

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MOST_DIRECTORY:
            raise DataError(
                "A zip file must hold exactly one file; the directory of this one has more than "
                f"{format_size(MOST_DIRECTORY)}. Pack the one with the reviews alone, or upload it unpacked."
            )
        return super().read(size)


def _archive_within() -> DataError:
    return DataError(
        "An archive must hold the data file itself; this one holds another archive. "
        "Unpack it once and upload what is inside."
    )


def _expand_zip(data: bytes, max_bytes: int, *, within: bool = False) -> bytes:
    """The one file of an archive; a spreadsheet as it is, once it is known to how much it expands.

    within: the archive is within another, where spreadsheets alone may be.
    """
    try:
        with zipfile.ZipFile(_ZipFile(data)) as archive:
            if _is_spreadsheet(archive):
                _check_expansion(archive, EXPANSION * max_bytes)
                return data
            if within:
                raise _archive_within()
            with archive.open(_only_member(archive)) as file:
                return _read_bounded(file, max_bytes, expanded=True)
    except DataError:
        raise
    except Exception as error:  # zipfile raises a dozen unrelated kinds for damaged archives
        raise DataError(
            f"A zip file must be whole; this one is damaged ({plain_reason(error)}). Download it again."
        ) from error


def _is_spreadsheet(archive: zipfile.ZipFile) -> bool:
    """Whether an archive is a spreadsheet, by its parts. Refuses other documents."""
    names = {name.replace("\\", "/").lower() for name in archive.namelist()}
    if not names.isdisjoint(WORKBOOKS):
        return True
    what = next((what for start, what in DOCUMENTS.items() if any(name.startswith(start) for name in names)), None)
    if "mimetype" in names and "content.xml" in names:
        _check_member(archive.getinfo("mimetype"))
        with archive.open("mimetype") as file:
            kind = file.read(len(OPEN_DOCUMENT) + 100).decode("ascii", "replace")
        if kind.startswith(f"{OPEN_DOCUMENT}spreadsheet"):
            return True
        what = f"another document ({shorten(kind.strip())})"
    if what:
        raise DataError(
            f"A table must be text, Parquet or a spreadsheet; this is {what}. Save the table as CSV UTF-8 and upload "
            "that."
        )
    return False


def _check_expansion(archive: zipfile.ZipFile, most: int) -> None:
    """Refuse a spreadsheet whose parts expand to more bytes, whatever it says of their sizes."""
    total = 0
    for member in archive.infolist():
        _check_member(member)
        with archive.open(member) as file:
            for piece in _pieces(file):
                total += len(piece)
                if total > most:
                    raise DataError(
                        f"A spreadsheet may expand to at most {format_size(most)}; this one expands to more. "
                        "Leave out rows, columns or sheets that are not needed."
                    )


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one file of an archive that can be expanded within a bound."""
    members = [member for member in archive.infolist() if not _is_clutter(member)]
    if len(members) > 1:
        members = [member for member in members if not DOCUMENTATION.fullmatch(member.filename)] or members
    if len(members) != 1:
        raise DataError(
            f"A zip file must hold exactly one file; this one holds {len(members):,}. "
            "Pack the one with the reviews alone, or upload it unpacked."
        )
    _check_member(members[0])
    return members[0]


def _check_member(member: zipfile.ZipInfo) -> None:
    """Refuse a file that cannot be expanded, or not within a bound."""
    if member.flag_bits & 1:
        raise DataError("A zip file must not be encrypted; this one is. Unpack it and upload the file inside.")
    if member.compress_type not in ZIP_METHODS:
        raise DataError(
            "A zip file must be compressed by the usual method (deflate); this one uses method "
            f"{member.compress_type}. Unpack it and upload the file inside."
        )


def _is_clutter(member: zipfile.ZipInfo) -> bool:
    return member.is_dir() or member.filename.startswith(ZIP_CLUTTER[0]) or member.filename.endswith(ZIP_CLUTTER[1:])
