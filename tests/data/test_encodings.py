"""Decoding in pieces: text and lines are those of Python's io module, wherever the pieces end."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import DataError
from forgetting.data.formats import encodings
from forgetting.data.formats.encodings import Lines, decode

parts = st.lists(st.sampled_from(["a", "wine", "é", "赤", "🍷", " ", "\n", "\r", "\r\n", "\x0b", "\u2028", "\x85"]))


@settings(deadline=None)
@given(parts.map("".join), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.integers(1, 7))
def test_lines_are_those_of_a_text_file_wherever_a_piece_ends(text, encoding, size):
    data = text.encode(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "DECODED_BYTES", size)
        pieces, found = decode(data)
        assert all(pieces)
        assert ("".join(pieces), found) == (text, encoding)
        assert list(Lines(pieces)) == list(io.TextIOWrapper(io.BytesIO(data), encoding, newline=""))
        assert not pieces, "what was read is let go"


@pytest.mark.parametrize(("line", "record"), [(["a" * 12], 1), (["a" * 6, "b" * 6], 1), (["a" * 6, "b" * 4], 2)])
def test_a_line_and_a_record_are_counted_over_pieces(monkeypatch, line, record):
    monkeypatch.setattr(encodings, "DECODED_BYTES", 4)
    monkeypatch.setattr(encodings, "LONGEST", 11)

    def lines(begin):
        found = Lines(decode("\n".join(line).encode())[0])
        for each in found:
            if begin:
                found.begin()
            yield each

    if record == 2:  # 6 + 1 + 4 characters
        assert "".join(lines(begin=False)) == "\n".join(line)
    else:
        with pytest.raises(DataError, match=f"at most 11 characters; the one at line {len(line)} has more"):
            list(lines(begin=False))
    if len(line) == 2:
        assert len(list(lines(begin=True))) == 2


def test_a_line_without_an_end_is_read_no_further_than_its_limit(monkeypatch):
    monkeypatch.setattr(encodings, "DECODED_BYTES", 10)
    monkeypatch.setattr(encodings, "LONGEST", 25)
    pieces, _ = decode(b"a" * 1_000)
    with pytest.raises(DataError, match="at most 25 characters"):
        list(Lines(pieces))
    assert sum(map(len, pieces)) == 1_000 - 30


def test_a_text_is_decoded_once(monkeypatch):
    decoded, original = [], encodings._decoded

    def counting(data, encoding, errors="strict"):
        decoded.append((encoding, errors))
        return original(data, encoding, errors)

    monkeypatch.setattr(encodings, "_decoded", counting)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"):
        decoded.clear()
        decode("text,label\ncrème brûlée,red\n".encode(encoding))
        assert decoded == [(encoding, "strict")]
