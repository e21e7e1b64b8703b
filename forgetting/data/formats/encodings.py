"""The encoding of a text is found; bytes that are not text are refused."""

import codecs
import io
import re
from contextlib import suppress
from itertools import chain, islice

from charset_normalizer import from_bytes

from forgetting.core.errors import DataError
from forgetting.data.formats.text import BAD_BYTE, LINE_END, Text, damaged_lines, decoded, whole_lines
from forgetting.data.reading import AUTOMATIC, DEFAULT_READING, ReadingSettings

# UTF-16 and -32 are recognized by their NUL bytes before; by chance any even number of bytes looks like one of them.
# Johab is the Korean of MS-DOS, for which Chinese may be taken.
UNLIKELY = ["utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le", "utf_7", "johab"]
SAMPLE_BYTES = 64 * 1024
MOST_DAMAGED = 2  # lines; more are rather of another encoding
MOST_NULS = 0.01  # of the bytes of a text, or of its characters
CONTROLS = bytes({*range(32)} - {*b"\t\n\v\f\r\x1a\x1b"})  # that no text has
MOST_OTHERS = 1_000_000  # lines in another encoding
LEAVE_OUT, BY_LINES = ("reading.leave_out_bad_rows", True), ("reading.line_encodings", True)
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
HALF_WIDTH = re.compile("[\uff61-\uff9f]")  # katakana, one byte each; hardly any Japanese is written in it alone
MIN_HIRAGANA = 0.05  # of the signs beyond ASCII; Japanese prose has more, other text that decodes has next to none
CYRILLIC = ("cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic")
COMMON_CYRILLIC = re.compile("[оеаинтсрвляі]")  # two thirds of Russian, Ukrainian and Bulgarian prose
MIN_COMMON_CYRILLIC = 0.5
# The letters that Windows-1254 has in other places than Windows-1252, and letters of these places that Turkish lacks.
TURKISH = "ğışĞİŞ".encode("cp1254")
NOT_TURKISH = bytes({*range(0xC0, 0x100)} - {*TURKISH, *"çöüâîûÇÖÜÂÎÛ".encode("cp1254")})
MIN_TURKISH, MOST_NOT_TURKISH = 0.2, 0.05  # of the signs beyond ASCII
# Signs of Windows-1252 that are letters of Central Europe ("³" is "ł"), within a word; and letters of Windows-1250 in
# places where ISO-8859-2 has none, such as "ś" and "š".
SIGN_WITHIN = re.compile(
    rb"(?<=[A-Za-z])[\xa1\xa3\xa5\xa6\xa9\xac\xae\xaf\xb1\xb3\xb6\xb9\xbb\xbc\xbe\xbf](?=[A-Za-z])"
)
MIN_SIGNS_WITHIN = 0.05  # of the signs beyond ASCII
OF_WINDOWS_1250 = re.compile(rb"[\x8a\x8c-\x8f\x9a\x9c-\x9f]")
LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "cp1258", "iso8859_2", "iso8859_9", "iso8859_15", "latin_1")
MIN_UTF16_NULS = 0.05  # of the characters, where blanks and delimiters alone have one
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
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
)


def decode(data: bytes, reading: ReadingSettings = DEFAULT_READING) -> Text:
    """Find the encoding of a text.

    UTF-8 and UTF-16 are recognized by trying. Anything else is Windows-1252, unless a sample of the lines that
    are not plain ASCII is mostly foreign letters and charset-normalizer finds Windows-1252 implausible: a few
    accents do not suffice, and its relatives' letters look as good to it as the right ones. Japanese is recognized
    by its hiragana, and Cyrillic by its most frequent letters, before charset-normalizer takes it for another script;
    Turkish by its letters that no relative has, and Polish and its like by signs that would stand within words.

    Args:
        data: The bytes of one plain file.
        reading: The encoding where it is known, whether damaged lines are to be left out, and whether lines of another
            encoding are decoded by themselves.

    Returns:
        The text. All of it can be decoded.

    Raises:
        DataError: The data are not text, or not in one encoding throughout.
    """
    start = data[:64].lstrip().lower()
    for signature, what in SIGNATURES:
        if start.startswith(signature.lower()):
            raise _binary_error(what)
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if data.startswith(mark)), None)
    chosen = None if reading.encoding == AUTOMATIC else reading.encoding
    encoding = encoding or (None if reading.line_encodings else chosen) or _utf16_without_mark(data)
    if encoding is None:
        if b"\0" in data:
            _refuse_binary(data)
        with suppress(UnicodeError):
            text = _checked(data, "utf-8")
            _refuse_iso_2022(data)
            return text
        if b"\0" in data:
            _refuse_utf16_of_other_scripts(data)
        if reading.line_encodings and (text := _by_lines(data, reading, chosen)):
            return text
        if damaged := _damaged_utf8(data):
            if reading.leave_out_bad_rows:
                return _checked(data, "utf-8", damaged=True)
            raise damaged
        encoding = chosen or _likely_encoding(data)
        _refuse_utf8_within(data, encoding)
    try:
        return _checked(data, encoding)
    except UnicodeError as error:
        where, reason = None, getattr(error, "reason", error)
        with suppress(UnicodeError):
            where = _first_damage(data, encoding)
            if reading.leave_out_bad_rows:
                return _checked(data, encoding, damaged=True)
        is_to_be, or_leave = "was to be" if chosen else "looks like", ", or leave bad rows out" if where else ""
        raise DataError(
            f"A text file must be in one encoding; this one {is_to_be} {encoding}, but is not throughout "
            f"({where or reason}). Choose its encoding, or save it again as UTF-8{or_leave}.",
            offer=LEAVE_OUT if where else None,
        ) from error


def _checked(data: bytes, encoding: str, *, damaged: bool = False) -> Text:
    """The text, once all of it was decoded; UnicodeError where that fails."""
    length = nuls = 0
    for piece in decoded(data, encoding, "surrogateescape" if damaged else "strict"):
        length, nuls = length + len(piece), nuls + piece.count("\0")
    if nuls > max(1, MOST_NULS * length):
        raise _binary_error("a binary file (it holds NUL characters)")
    return Text(data, encoding, nuls, damaged)


def _by_lines(data: bytes, reading: ReadingSettings, chosen: str | None) -> Text | None:
    """The text of a file some of whose lines are UTF-8 and some are not; None where no line is UTF-8 beyond ASCII."""
    sample, others, is_utf8 = b"", 0, False
    for piece in whole_lines(data):
        text = piece.decode("utf-8", "surrogateescape")
        is_utf8 = is_utf8 or _beyond_ascii(text) > len(BAD_BYTE.findall(text))
        for start, stop in damaged_lines(text):
            others += 1
            if len(sample) < SAMPLE_BYTES:
                sample += text[start : min(stop, start + SAMPLE_BYTES)].encode("utf-8", "surrogateescape") + b"\n"
        if others > MOST_OTHERS:
            raise DataError(
                f"A file may have at most {MOST_OTHERS:,} lines in another encoding than UTF-8; this one has more. "
                "Save it again as UTF-8."
            )
    if not is_utf8:
        return None
    other = chosen or _likely_encoding(sample)
    text = Text(data, "utf-8", data.count(b"\0"), reading.leave_out_bad_rows, other, others)
    try:
        for _ in text.pieces():
            pass
    except UnicodeError as error:
        raise DataError(
            f"Each line must be in UTF-8 or in one other encoding; the others look like {text.other_encoding}, but not "
            "all of them are. Save the file again as UTF-8, or leave bad rows out.",
            offer=LEAVE_OUT,
        ) from error
    return text


def _utf16_without_mark(data: bytes) -> str | None:
    """In UTF-16 of a Latin script every other byte is NUL; which one shows the byte order.

    In others at least the blanks between words have one, and what comes out is text.
    """
    sample = data[:SAMPLE_BYTES]
    if len(sample) < 4:
        return None
    even, odd = (sample[start::2].count(0) / len(sample[start::2]) for start in (0, 1))
    if odd > 0.5 and even < 0.01:
        return "utf-16-le"
    if even > 0.5 and odd < 0.01:
        return "utf-16-be"
    if min(even, odd) > 0 or max(even, odd) < MIN_UTF16_NULS:
        return None
    encoding = "utf-16-le" if odd else "utf-16-be"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeError:
        return None
    others = sum(not (sign.isprintable() or sign.isspace()) for sign in text)
    return encoding if LINE_END.search(text) and others <= MOST_NULS * len(text) else None


def _refuse_binary(data: bytes) -> None:
    """A few NUL bytes in a text are damage; many, or beside other control characters, are no text."""
    if len(data) - len(data.translate(None, CONTROLS)) > max(1, MOST_NULS * len(data)):
        raise _binary_error("a binary file (it holds NUL bytes)")


def _refuse_utf16_of_other_scripts(data: bytes) -> None:
    """Only its delimiters and line breaks have NUL bytes, so few; but all at even places, or all at odd ones."""
    nuls, even = data.count(0), data[::2].count(0)
    if nuls > 2 and even in (0, nuls):
        raise _binary_error("UTF-16 without a byte order mark, or a binary file (it holds NUL bytes)")


def _likely_encoding(data: bytes) -> str:
    lines = (line[:SAMPLE_BYTES] for line in io.BytesIO(data) if not line.isascii())
    sample = b""
    while len(sample) < SAMPLE_BYTES and (line := next(lines, b"")):
        sample += line
    foreign = sum(byte >= 0x80 for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    if foreign < MIN_FOREIGN:
        return "cp1252"
    if foreign < MIN_FOREIGN_FRACTION * (foreign + letters):
        return _relative(sample, foreign) or "cp1252"
    if japanese := next((name for name in JAPANESE if _is_japanese(sample, name)), None):
        return japanese
    if cyrillic := _cyrillic(sample, foreign):
        return cyrillic
    matches = [match for match in from_bytes(sample, cp_exclusion=UNLIKELY) if not _is_half_width(str(match))]
    plausible = {name for match in matches for name in match.could_be_from_charset}
    found = matches[0].encoding if matches and "cp1252" not in plausible else "cp1252"
    return (found in LATIN and _relative(sample, foreign)) or found


def _relative(sample: bytes, foreign: int) -> str | None:
    """The encoding of Turkish or of Central Europe, where its own letters show it; None for Western Europe."""
    turkish, others = (len(sample) - len(sample.translate(None, letters)) for letters in (TURKISH, NOT_TURKISH))
    if turkish >= MIN_TURKISH * foreign and others <= MOST_NOT_TURKISH * foreign:
        return "cp1254"
    if len(SIGN_WITHIN.findall(sample)) < MIN_SIGNS_WITHIN * foreign:
        return None
    return "cp1250" if OF_WINDOWS_1250.search(sample) else "iso8859_2"


def _cyrillic(sample: bytes, foreign: int) -> str | None:
    """The encoding in which the letters are as frequent as in Cyrillic prose; in others they are rare or capitals."""
    common = {name: len(COMMON_CYRILLIC.findall(sample.decode(name, "replace"))) for name in CYRILLIC}
    best = max(common, key=common.get)
    return best if common[best] >= MIN_COMMON_CYRILLIC * foreign else None


def _is_half_width(text: str) -> bool:
    return 2 * len(HALF_WIDTH.findall(text)) > _beyond_ascii(text)


def _is_japanese(sample: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)  # the sample may end within a sign
    except UnicodeError:
        return False
    return len(HIRAGANA.findall(text)) >= MIN_HIRAGANA * sum(not sign.isascii() for sign in text)


def _damaged_utf8(data: bytes) -> DataError | None:
    """What is wrong with UTF-8 that is damaged, or partly in another encoding; None where the data are not UTF-8.

    Read as Windows-1252, every accent of a UTF-8 file with one bad byte would come out garbled.
    """
    good = bad = others = 0  # others: lines in which most beyond ASCII is not UTF-8
    for text in decoded(data, "utf-8", "surrogateescape"):
        wrong = len(BAD_BYTE.findall(text))
        bad, good = bad + wrong, good + _beyond_ascii(text) - wrong
        if wrong:
            lines = ((len(BAD_BYTE.findall(line)), _beyond_ascii(line)) for line in io.StringIO(text, newline=""))
            others += sum(wrong > beyond - wrong for wrong, beyond in lines)
    if good <= bad:
        return None
    rule = f"A text file must be in one encoding; this one is UTF-8 but for {_first_damage(data, 'utf-8')}"
    if others > MOST_DAMAGED:
        return DataError(
            f"{rule} and others, {others:,} lines in all. Save the file again as UTF-8, or decode each line by itself.",
            offer=BY_LINES,
        )
    return DataError(
        f"{rule}. Correct that line, save the file again as UTF-8, or leave bad rows out.", offer=LEAVE_OUT
    )


def _first_damage(data: bytes, encoding: str) -> str:
    """The first byte that the encoding does not have, and its line; UnicodeError where nothing else can be decoded."""
    line = 1
    for text in decoded(data, encoding, "surrogateescape"):
        if found := BAD_BYTE.search(text):
            return f"byte 0x{ord(found[0]) - 0xDC00:02X} in line {line + _line_breaks(text[: found.start()])}"
        line += _line_breaks(text)
    return "its end"


def _line_breaks(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _refuse_utf8_within(data: bytes, encoding: str) -> None:
    """Files of two encodings joined into one come out half garbled, whichever of them is taken."""
    patterns = UTF8_WITHIN.get(encoding, (UTF8_QUOTE,))
    found = chain.from_iterable(re.finditer(pattern, data) for pattern in patterns)  # in one pattern it takes longer
    places = [match.start() for match in islice(found, MOST_UTF8_WITHIN + 1)]
    if len(places) > MOST_UTF8_WITHIN:
        line = data.count(b"\n", 0, min(places)) + 1
        raise DataError(
            f"A text file must be in one encoding; this one looks like {encoding}, but line {line} and others are "
            "UTF-8. Correct those lines, save each part that it was joined from as UTF-8 and join them again, or "
            "decode each line by itself.",
            offer=BY_LINES,
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
        f"A table must be CSV, TSV, JSON, Parquet or a spreadsheet; this is {what}. Save the table as CSV UTF-8 first."
    )
