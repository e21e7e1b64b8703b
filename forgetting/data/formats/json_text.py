"""A JSON text that comes in pieces: whole values are decoded, and long arrays and objects are entered.

Only one value at a time is an object of Python's. What the values mean is no matter of this module.
"""

import gc
import json
import re
from collections.abc import Callable, Iterator

from forgetting.core.errors import DataError
from forgetting.data.formats.text import LINE_END, LONGEST

FIRST_WINDOW, LAST_WINDOW = 1024, 64 * 1024  # characters whose members are decoded at once
NEXT_MEMBER = re.compile(r',\s*"[^"\\]*"\s*:')  # what a text ends in may look like it, and then cannot be decoded
BLANKS = re.compile(r"[ \t\r\n]*")


class Decoder(json.JSONDecoder):
    """Decodes values; numbers stay as written: as bytes, which are small and which nothing else is.

    Args:
        make: What makes an object of its pairs of keys and values.
    """

    def __init__(self, make: Callable[[list[tuple[str, object]]], object]):
        super().__init__(
            object_pairs_hook=make, **dict.fromkeys(("parse_int", "parse_float", "parse_constant"), str.encode)
        )

    def raw_decode(self, s: str, idx: int = 0) -> tuple[object, int]:
        """The value at a place, and its end. (JSONDecoder's own, and `decode`, which calls it, name the arguments.)

        JSON makes no cycles, and the search for them takes ten times as long as a list of many lists.
        """
        collects = gc.isenabled()
        gc.disable()
        try:
            return super().raw_decode(s, idx)
        finally:
            if collects:
                gc.enable()


class JsonText:
    """The place in a JSON text up to which it was read.

    Args:
        pieces: The text in pieces, none of them empty, each of which is let go once it is read.
        make: What makes an object of its pairs of keys and values.
    """

    def __init__(self, pieces: Iterator[str], make: Callable[[list[tuple[str, object]]], object]):
        self._pieces, self._text, self._at = pieces, "", 0
        self._decode = Decoder(make).raw_decode
        self._line, self._column = 1, 1  # where the text at hand begins

    def sign(self) -> str:
        """The next sign that is not blank, which stays the next; "" at the end."""
        while True:
            self._at = BLANKS.match(self._text, self._at).end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._extend():
                return ""

    def value(self) -> object:
        """Take the next value. Numbers stay as written, as bytes.

        Raises:
            DataError: It is not well formed, nested too deep, or longer than LONGEST characters.
        """
        found, length = self._whole()
        self._at += length
        return found

    def second_sign(self) -> str:
        """The sign behind the next one."""
        self.sign()
        while True:
            blank = BLANKS.match(self._text, self._at + 1)
            if blank.end() < len(self._text) or not self._extend():
                return self._text[blank.end() : blank.end() + 1]

    def ahead(self) -> tuple[object, bool, str] | None:
        """Look at the next value without taking it.

        Returns:
            The value, whether it stands in one line, and the blanks and the sign that follow it, without the sign where
            nothing follows. None where the value is too long or not well formed.
        """
        try:
            found, length = self._whole()
        except DataError:
            return None
        while True:
            end = self._at + length
            blank = BLANKS.match(self._text, end)
            if blank.end() < len(self._text) or not self._extend():
                one_line = not LINE_END.search(self._text, self._at, end)
                return found, one_line, self._text[end : blank.end() + 1]

    def elements(self) -> Iterator[None]:
        """Enter an array, and stop before each of its elements, which must be taken then."""
        yield from self._parts("]")

    def members(self) -> Iterator[str]:
        """Enter an object, and stop behind each of its keys, whose value must be taken then."""
        for _ in self._parts("}"):
            if self.sign() != '"':
                raise self.error("Expecting property name enclosed in double quotes")
            key = self.value()
            if self.sign() != ":":
                raise self.error("Expecting ':' delimiter")
            self._at += 1
            yield key

    def parts(self) -> Iterator[dict[str, object]]:
        """Take an object in parts, as its members one by one take ten times as long."""
        window = FIRST_WINDOW
        members = self.members()
        for key in members:
            yield {key: self.value()}
            while self.sign() == ",":
                ends = [found.start() for found in NEXT_MEMBER.finditer(self._text, self._at + 1, self._at + window)]
                if not ends:
                    break
                part = f"{{{self._text[self._at + 1 : ends[-1]]}}}"
                try:
                    found, end = self._decode(part, 0)
                except (json.JSONDecodeError, RecursionError):
                    break
                if not found:  # a comma before the end of the object, which is found to be wrong there
                    break
                self._at += end - 1  # at the end of the object where that is within the part, else at the next comma
                window = min(4 * window, LAST_WINDOW)
                yield found

    @property
    def line(self) -> int:
        """The number of the line that was read up to."""
        return self._place(self._at)[0]

    def error(self, problem: str, ahead: int = 0) -> DataError:
        """What is wrong at the next sign, or some characters further on, as an error."""
        line, column = self._place(self._at + ahead)
        return DataError(
            f"JSON must be well formed; this one is not at line {line:,}, column {column:,} ({problem}). "
            "Correct that place, or save the table as CSV."
        )

    def _whole(self) -> tuple[object, int]:
        """The next value and its length, with as much text at hand as it takes."""
        self.sign()
        while True:
            problem = None
            try:
                found, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                problem, end = error, len(self._text)
            except RecursionError as error:
                raise self.error(str(error)) from error
            if end - self._at > LONGEST:
                raise DataError(
                    f"A value of JSON may have at most {LONGEST:,} characters; the one at line "
                    f"{self.line:,} has more. Shorten it."
                )
            # A number at the end of what is at hand may go on.
            if (problem or end == len(self._text)) and self._extend():
                continue
            if problem:
                raise self.error(problem.msg, problem.pos - self._at)
            return found, end - self._at

    def _parts(self, closing: str) -> Iterator[None]:
        self.sign()
        self._at += 1
        if self.sign() == closing:
            self._at += 1
            return
        while True:
            yield
            sign = self.sign()
            if sign not in (closing, ","):
                raise self.error("Expecting ',' delimiter")
            self._at += 1
            if sign == closing:
                return

    def _extend(self) -> bool:
        """Let go of what was read, and double what is at hand at least. False where the text is at its end."""
        line, column = self._place(self._at)
        parts = [self._text[self._at :]]
        size = most = len(parts[0])
        while size <= 2 * most and (piece := next(self._pieces, "")):
            parts.append(piece)
            size += len(piece)
        if len(parts) == 1:
            return False
        self._text, self._at, self._line, self._column = "".join(parts), 0, line, column
        return True

    def _place(self, at: int) -> tuple[int, int]:
        """The line and the column of a place in the text at hand, both from 1."""
        breaks = self._text.count("\n", 0, at)
        if not breaks:
            return self._line, self._column + at
        return self._line + breaks, at - self._text.rindex("\n", 0, at)
