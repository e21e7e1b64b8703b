"""A text in pieces and in lines, decoded and counted as it is read. `encodings.py` finds the encoding."""

import codecs
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from forgetting.core.errors import DataError

# Bytes decoded at a time. One sign of four bytes widens every character of its piece to four, of a whole text all.
DECODED_BYTES = 1024 * 1024
LONGEST = 10_000_000  # characters of a line or record: small values in a long one take twenty times their memory
MOST_BLANK = 1_000_000  # blank lines
BAD_BYTE = re.compile("[\udc80-\udcff]")  # as "surrogateescape" decodes it
LINE_END = re.compile("[\r\n]")


@dataclass(frozen=True)
class Text:
    """A text whose encoding is known, decoded in pieces each time that it is read.

    Attributes:
        data: The bytes of one plain file.
        encoding: Name of Python's codec.
        nuls: NUL characters, which are taken out.
        damaged: Whether bytes that the encoding does not have are kept, as "surrogateescape" decodes them.
        other_encoding: The encoding of the lines that are not in `encoding`; None where all are.
        other_lines: How many lines those are.
    """

    data: bytes
    encoding: str
    nuls: int = 0
    damaged: bool = False
    other_encoding: str | None = None
    other_lines: int = 0

    def pieces(self) -> Iterator[str]:
        """The text in pieces, none of them empty."""
        errors = "surrogateescape" if self.damaged else "strict"
        if self.other_encoding is None:
            pieces = decoded(self.data, self.encoding, errors)
        else:
            pieces = _decoded_by_lines(self.data, self.other_encoding, errors)
        return filter(None, (piece.replace("\0", "") for piece in pieces)) if self.nuls else pieces

    def lines(self) -> "Lines":
        """The lines of the text, from the first."""
        return Lines(self.pieces())

    def holds(self, signs: str) -> bool:
        """Whether signs of ASCII occur, one after the other within a piece."""
        return all(sign.encode() in self.data for sign in signs) and any(signs in piece for piece in self.pieces())

    def head(self, length: int) -> str:
        """So many characters from the beginning, at most 250,000."""
        return next(self.pieces(), "")[:length]


class Lines:
    """The lines of a text with their breaks as written (the csv module asks for that), counted as they are read.

    A piece of the text is let go once its lines are read.

    Args:
        pieces: The text in pieces, none of them empty.

    Attributes:
        number: The number of the last line, from 1.
        record: The lines since `begin`.

    Raises:
        DataError: While reading, where a record is longer than LONGEST characters, or more than MOST_BLANK lines are
            blank.
    """

    def __init__(self, pieces: Iterable[str]):
        self._lines, self._taken, self._blank, self._again = _lines(iter(pieces)), 0, 0, deque()
        self.number, self.record = 0, []

    def begin(self) -> None:
        """Count the next line as the first of another record."""
        self._taken = 0
        self.record.clear()

    @property
    def first(self) -> int:
        """The number of the record's first line."""
        return self.number - max(len(self.record) - 1, 0)

    def go_back(self) -> None:
        """Give all lines of the record but its first again."""
        self.number = self.first
        self._again.extendleft(reversed(self.record[1:]))
        del self.record[1:]

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            line = next(self._lines)
            self._blank += line.isspace()
        self.number += 1
        self._taken += len(line)
        if self._taken > LONGEST:
            raise DataError(
                f"A row may have at most {LONGEST:,} characters; the one at line {self.number} has more. Shorten it."
            )
        if self._blank > MOST_BLANK:
            raise DataError(f"A table may have at most {MOST_BLANK:,} blank lines; this one has more. Remove them.")
        self.record.append(line)
        return line


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    """Each line, and the beginning of one that is too long as the last."""
    rest = ""  # the last line of a piece, which the next piece may continue
    while len(rest) <= LONGEST and (piece := next(pieces, "")):
        *whole, rest = io.StringIO(rest + piece, newline="")
        yield from whole
    if rest:
        yield rest


def decoded(data: bytes, encoding: str, errors: str = "strict") -> Iterator[str]:
    """The text in pieces, none of them empty; UnicodeError where the codec refuses the data."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    pieces = (decoder.decode(data[start : start + DECODED_BYTES]) for start in range(0, len(data), DECODED_BYTES))
    yield from filter(None, pieces)
    yield from filter(None, [decoder.decode(b"", final=True)])


def _decoded_by_lines(data: bytes, other: str, errors: str) -> Iterator[str]:
    """The text in pieces, each line of it that is not UTF-8 in another encoding."""
    for piece in whole_lines(data):
        text, parts, end = piece.decode("utf-8", "surrogateescape"), [], 0
        for start, stop in damaged_lines(text):
            line = text[start:stop].encode("utf-8", "surrogateescape")
            parts += text[end:start], line.decode(other, errors)
            end = stop
        yield "".join((*parts, text[end:]))


def damaged_lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends that holds a byte that is no text."""
    end = 0
    while found := BAD_BYTE.search(text, end):
        start = max(end - 1, *(text.rfind(sign, end, found.start()) for sign in "\r\n")) + 1
        stop = LINE_END.search(text, found.end())
        end = stop.start() if stop else len(text)
        yield start, end


def whole_lines(data: bytes) -> Iterator[bytes]:
    """The data in pieces that end where a line does, or where the data do."""
    start = 0
    while start < len(data):
        end = start + DECODED_BYTES
        if end < len(data):
            found = max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end - 1))  # CR and LF stay together
            found = found if found >= 0 else data.find(b"\n", end)
            end = found + 1 if found >= 0 else len(data)
        yield data[start:end]
        start = end
