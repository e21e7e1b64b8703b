"""Decoding in pieces: text and lines are those of Python's io module, wherever the pieces end."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import DataError, RecipeError
from forgetting.data.formats import text as texts
from forgetting.data.formats.encodings import decode
from forgetting.data.formats.text import decoded
from forgetting.data.reading import ENCODINGS, ReadingSettings

parts = st.lists(st.sampled_from(["a", "wine", "é", "赤", "🍷", " ", "\n", "\r", "\r\n", "\x0b", "\u2028", "\x85"]))


@settings(deadline=None)
@given(parts.map("".join), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.integers(1, 7))
def test_lines_are_those_of_a_text_file_wherever_a_piece_ends(text, encoding, size):
    data = text.encode(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "DECODED_BYTES", size)
        found = decode(data)
        assert all(found.pieces())
        assert ("".join(found.pieces()), found.encoding) == (text, encoding)
        assert list(found.lines()) == list(io.TextIOWrapper(io.BytesIO(data), encoding, newline=""))


@pytest.mark.parametrize(("line", "record"), [(["a" * 12], 1), (["a" * 6, "b" * 6], 1), (["a" * 6, "b" * 4], 2)])
def test_a_line_and_a_record_are_counted_over_pieces(monkeypatch, line, record):
    monkeypatch.setattr(texts, "DECODED_BYTES", 4)
    monkeypatch.setattr(texts, "LONGEST", 11)

    def lines(begin):
        found = decode("\n".join(line).encode()).lines()
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


PROSE = {
    "işıklar söndü, İstanbul'da yağmur yağdı, şarap güzeldi": ("cp1254",),
    "şehir güzelce, ürün çok iyi, teşekkür": ("cp1254",),
    "цей фільм мені сподобався, актёры играли хорошо, вино": ("cp1251", "koi8_u", "utf-16-le", "utf-16-be"),
    "фильм очень понравился, Яна и актёры играли хорошо": ("koi8_r", "cp866", "iso8859_5", "mac_cyrillic"),
    "zakończenie było źle, już więcej nie kupię; wiśnią, są łagodny smak": ("cp1250", "iso8859_2"),
    "ο οίνος μυρίζει κεράσι και καπνό, το τέλος ήταν βαρετό": ("cp1253", "utf-16-be"),
    "bragðið er milt, dýrt því miður, Þór og Ýmir, góð mynd": ("cp1252",),
    "sfârşitul a fost plictisitor, preţul bun, aţă, aşa": ("cp1252",),  # where nothing but letters is wrong
    "l’été à Noël: 50 m³ à 20 °C, naïve, ±5 %, où ça, 3ª «œuvre»": ("cp1252",),
}


@pytest.mark.parametrize(("prose", "encoding"), [(prose, name) for prose, names in PROSE.items() for name in names])
def test_an_encoding_is_known_by_the_letters_of_its_languages(prose, encoding):
    data = "".join(f"{row};{prose}\n" for row in range(20)).encode(encoding, "replace")
    assert decode(data).encoding == encoding


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_encoding_can_be_chosen(encoding):
    prose = "kůň; vin, 葡萄酒 вино ワイン ก 와인 é\n".encode(encoding, "ignore")
    found = decode(prose, ReadingSettings(encoding=encoding))
    assert (found.encoding, "".join(found.pieces())) == (encoding, prose.decode(encoding))


def test_a_chosen_encoding_is_that_of_lines_that_are_not_utf_8_and_must_fit():
    data = "café\nkůň\n".encode() + "kůň\n".encode("cp1250")
    found = decode(data, ReadingSettings(encoding="cp1250", line_encodings=True))
    assert ("".join(found.pieces()), found.other_encoding) == ("café\nkůň\nkůň\n", "cp1250")
    with pytest.raises(DataError, match=r"was to be cp1250, but is not throughout \(byte 0x.* Choose its encoding"):
        decode(b"\x81\n", ReadingSettings(encoding="cp1250"))
    assert decode("é".encode("utf-8-sig"), ReadingSettings(encoding="cp1252")).encoding == "utf-8-sig"
    with pytest.raises(DataError, match="binary file"):
        decode(bytes(999), ReadingSettings(encoding="cp1252"))
    with pytest.raises(RecipeError, match=r"reading\.encoding"):
        ReadingSettings(encoding="idna")


def test_a_line_without_an_end_is_read_no_further_than_its_limit(monkeypatch):
    monkeypatch.setattr(texts, "DECODED_BYTES", 10)
    monkeypatch.setattr(texts, "LONGEST", 25)
    pieces = decoded(b"a" * 1_000, "utf-8")
    with pytest.raises(DataError, match="at most 25 characters"):
        list(texts.Lines(pieces))
    assert sum(map(len, pieces)) == 1_000 - 30


def test_lines_of_a_record_but_the_first_are_given_again():
    lines = texts.Lines(["a\nb\nc", "\nd\n"])
    lines.begin()
    assert [next(lines), next(lines), next(lines), lines.first, lines.number] == ["a\n", "b\n", "c\n", 1, 3]
    lines.go_back()
    lines.begin()
    assert [next(lines), lines.first] == ["b\n", 2]
    lines.go_back()
    assert list(lines) == ["c\n", "d\n"]
