"""From bytes to lines of text: the encoding is found, bytes that are not text are refused."""

import codecs
import io
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice

from charset_normalizer import from_bytes

from forgetting.core.errors import DataError

# UTF-16 and -32 are recognized by their NUL bytes before; by chance any even number of bytes looks like one of them.
# Johab is the Korean of MS-DOS, for which Chinese may be taken.
UNLIKELY = ["utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_7", "johab"]
SAMPLE_BYTES = 64 * 1024
# Bytes decoded at a time. One sign of four bytes widens every character of its piece to four, of a whole text all.
DECODED_BYTES = 1024 * 1024
LONGEST = 10_000_000  # characters of a line or record: small values in a long one take twenty times their memory
MOST_BLANK = 1_000_000  # blank lines
BAD_BYTE = re.compile("[\udc80-\udcff]")  # as "surrogateescape" decodes it
MIN_FOREIGN = 32  # bytes beyond ASCII below which their pattern says nothing
MIN_FOREIGN_FRACTION = 0.25  # of the letters; Western prose stays below, Cyrillic or Greek is far above
# What UTF-8 writes for quotes and dashes, for Western letters, and for three signs in a row of any script.
UTF8_QUOTE, UTF8_ACCENT = rb"\xe2\x80[\x90-\xba]", rb"\xc3[\x80-\xbf]"
UTF8_RUN = rb"[\xc2-\xef][\x80-\xbf]{1,2}(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}){2}"
# Which of it is next to impossible in the encoding: "â€™" in any, "Ã©" in Windows-1252; but "Её" is Russian.
UTF8_WITHIN = {"cp1252": (UTF8_QUOTE, UTF8_ACCENT, UTF8_RUN), "cp1251": (UTF8_QUOTE, UTF8_RUN)}
MOST_UTF8_WITHIN = 2  # by chance
ISO_2022 = re.compile(rb"\x1b\$[()]?[@-Z]")  # begins Japanese, Korean or Chinese, all written in ASCII
JAPANESE = ("cp932", "euc_jp")
HIRAGANA = re.compile("[のはま-ん]")  # not those whose places in EUC-KR are taken by "ㅋㅋㅋ" and the like
MIN_HIRAGANA = 0.05  # of the signs beyond ASCII; Japanese prose has more, other text that decodes has next to none
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The files people upload by mistake, by how they begin.
SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document (such as .xls)"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
)


def decode(data: bytes) -> tuple[deque[str], str]:
    """Decode a text whose encoding is not known.

    UTF-8 and UTF-16 are recognized by trying. Anything else is Windows-1252, unless a sample of the lines that
    are not plain ASCII is mostly foreign letters and charset-normalizer finds Windows-1252 implausible: a few
    accents do not suffice, and its relatives' letters look as good to it as the right ones. Japanese is recognized
    by its hiragana, before charset-normalizer takes it for Chinese or Korean.

    Args:
        data: The bytes of one plain file.

    Returns:
        The text in pieces, none of them empty and the first of at least 250,000 characters where the text is as
        long, and the name of Python's codec that decoded all of them strictly.

    Raises:
        DataError: The data are not text, or not in one encoding throughout.
    """
    start = data[:64].lstrip().lower()
    for signature, what in SIGNATURES:
        if start.startswith(signature.lower()):
            raise _binary_error(what)
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if data.startswith(mark)), None)
    encoding = encoding or _utf16_without_mark(data)
    if encoding is None:
        if b"\0" in data:
            raise _binary_error("a binary file (it holds NUL bytes)")
        with suppress(UnicodeError):
            text = _text(data, "utf-8")
            _refuse_iso_2022(data)
            return text, "utf-8"
        _refuse_damaged_utf8(data)
        encoding = _likely_encoding(data)
        _refuse_utf8_within(data, encoding)
    try:
        return _text(data, encoding), encoding
    except UnicodeError as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"A text file must be in one encoding; this one looks like {encoding}, but is not throughout "
            f"({reason}). Save it again as UTF-8."
        ) from error


class Lines:
    """The lines of a text with their breaks as written (the csv module asks for that), counted as they are read.

    A piece of the text is let go once its lines are read.

    Args:
        text: The text in pieces, as `decode` returns it.

    Raises:
        DataError: While reading, where a record is longer than LONGEST characters, or more than MOST_BLANK lines are
            blank.
    """

    def __init__(self, text: deque[str]):
        self._lines, self._taken, self._blank, self._number = _lines(text), 0, 0, 0

    def begin(self) -> None:
        """Count the next line as the first of another record."""
        self._taken = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        self._taken += len(line)
        self._blank += line.isspace()
        if self._taken > LONGEST:
            raise DataError(
                f"A row may have at most {LONGEST:,} characters; the one at line {self._number} has more. Shorten it."
            )
        if self._blank > MOST_BLANK:
            raise DataError(f"A table may have at most {MOST_BLANK:,} blank lines; this one has more. Remove them.")
        return line


def _lines(text: deque[str]) -> Iterator[str]:
    """Each line, and the beginning of one that is too long as the last."""
    rest = ""  # the last line of a piece, which the next piece may continue
    while text and len(rest) <= LONGEST:
        *whole, rest = io.StringIO(rest + text.popleft(), newline="")
        yield from whole
    if rest:
        yield rest


def _text(data: bytes, encoding: str) -> deque[str]:
    text: deque[str] = deque()
    for piece in _decoded(data, encoding):
        if "\0" in piece:
            raise _binary_error("a binary file (it holds NUL characters)")
        text.append(piece)
    return text


def _decoded(data: bytes, encoding: str, errors: str = "strict") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    pieces = (decoder.decode(data[start : start + DECODED_BYTES]) for start in range(0, len(data), DECODED_BYTES))
    yield from filter(None, pieces)
    yield from filter(None, [decoder.decode(b"", final=True)])


def _utf16_without_mark(data: bytes) -> str | None:
    """In UTF-16 of a Latin script every other byte is NUL; which one shows the byte order."""
    sample = data[:SAMPLE_BYTES]
    if len(sample) < 4:
        return None
    even, odd = (sample[start::2].count(0) / len(sample[start::2]) for start in (0, 1))
    if odd > 0.5 and even < 0.01:
        return "utf-16-le"
    return "utf-16-be" if even > 0.5 and odd < 0.01 else None


def _likely_encoding(data: bytes) -> str:
    lines = (line[:SAMPLE_BYTES] for line in io.BytesIO(data) if not line.isascii())
    sample = b""
    while len(sample) < SAMPLE_BYTES and (line := next(lines, b"")):
        sample += line
    foreign = sum(byte >= 0x80 for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    if foreign < MIN_FOREIGN or foreign < MIN_FOREIGN_FRACTION * (foreign + letters):
        return "cp1252"
    if japanese := next((name for name in JAPANESE if _is_japanese(sample, name)), None):
        return japanese
    matches = from_bytes(sample, cp_exclusion=UNLIKELY)
    plausible = {name for match in matches for name in match.could_be_from_charset}
    return matches.best().encoding if matches and "cp1252" not in plausible else "cp1252"


def _is_japanese(sample: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)  # the sample may end within a sign
    except UnicodeError:
        return False
    return len(HIRAGANA.findall(text)) >= MIN_HIRAGANA * sum(not sign.isascii() for sign in text)


def _refuse_damaged_utf8(data: bytes) -> None:
    """Read as Windows-1252, every accent of a UTF-8 file with one bad byte would come out garbled."""
    good = bad = 0
    line, first = 1, None
    for text in _decoded(data, "utf-8", "surrogateescape"):
        wrong = len(BAD_BYTE.findall(text))
        if wrong and first is None:
            found = BAD_BYTE.search(text)
            first = f"byte 0x{ord(found[0]) - 0xDC00:02X} in line {line + text.count(chr(10), 0, found.start())}"
        bad, good = bad + wrong, good + len(text) - len(text.encode("ascii", "ignore")) - wrong
        line += text.count("\n")
    if good > bad:
        raise DataError(
            f"A text file must be in one encoding; this one is UTF-8 but for {first}. "
            "Correct that line, or save the file again as UTF-8."
        )


def _refuse_utf8_within(data: bytes, encoding: str) -> None:
    """Files of two encodings joined into one come out half garbled, whichever of them is taken."""
    patterns = UTF8_WITHIN.get(encoding, (UTF8_QUOTE,))
    found = chain.from_iterable(re.finditer(pattern, data) for pattern in patterns)  # in one pattern it takes longer
    places = [match.start() for match in islice(found, MOST_UTF8_WITHIN + 1)]
    if len(places) > MOST_UTF8_WITHIN:
        line = data.count(b"\n", 0, min(places)) + 1
        raise DataError(
            f"A text file must be in one encoding; this one looks like {encoding}, but line {line} and others are "
            "UTF-8. Correct those lines, or save each part that it was joined from as UTF-8 and join them again."
        )


def _refuse_iso_2022(data: bytes) -> None:
    """Being ASCII alone, it passes for UTF-8; each sign would come out as two letters."""
    if found := ISO_2022.search(data):
        line = data.count(b"\n", 0, found.start()) + 1
        raise DataError(
            "A text file must be in an encoding without escape sequences; this one looks like ISO-2022 "
            f"(line {line}). Save it again as UTF-8."
        )


def _binary_error(what: str) -> DataError:
    return DataError(
        f"A table must be CSV, TSV, JSON lines or Parquet; this is {what}. Save the table as CSV UTF-8 first."
    )
