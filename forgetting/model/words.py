"""What a text is cut into: the kinds of words, and the choice of one by the texts.

Letters, marks, emoji and scripts are told by Unicode's properties, never by a list of languages. The kinds other than
"basic" share these rules:

- Letters are made small as `str.lower` does, and İ becomes i. Format characters that are not seen (soft hyphens, marks
  of direction) and variation selectors are taken out, so that ❤ is one word however it is drawn.
- A word is a run of letters and digits with their combining marks. A joiner or non-joiner between two of them stays, as
  Persian and Indic scripts need it, and so does a point or comma between digits. An apostrophe ends a word.
- An emoji is one word: with its skin tone, as a flag, as a keycap, or as several that are joined. So is any other sign
  that Unicode calls a symbol, such as ★; but neither punctuation nor the signs of sums and currencies is.
- Scripts without blanks between words are those in which Unicode allows a line to break between letters: Chinese,
  Japanese, Thai, Lao, Khmer, Burmese, Javanese. They are cut into characters (grapheme clusters) and pairs of them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import regex

LEAST_UNCOVERED, LEAST_LOSING, LEAST_ALIKE, LEAST_SINGLE = 0.005, 0.05, 0.05, 0.6  # see `choose_tokenizer`
LEAST_TEXTS = 12  # with one word of one letter, before that can mean anything
# Texts that the choice looks at, characters of each, and of all: where no blanks are, a million take a second or two.
SAMPLE, CHARACTERS, ALL_CHARACTERS = 2_000, 2_000, 1_000_000

_UNSPACED = (  # the last three write blanks
    r"[[\p{L}&&[\p{LB=ID}\p{LB=CJ}\p{LB=NS}\p{LB=SA}\p{LB=AK}\p{LB=AS}]]--[\p{Latin}\p{Hangul}\p{Yi}]]"
)
_CLASSES = {  # class of a character → the characters; the first that fits counts, and a blank stands for all others
    "h": r"[\p{WB=Format}\p{Variation_Selector}]",  # hidden
    "u": _UNSPACED,
    "d": r"\p{Nd}",
    "l": r"[\p{L}\p{N}_]",
    "k": r"\u20E3",  # the frame of a keycap
    "m": r"\p{M}",
    "z": r"[\u200C\u200D]",
    "r": r"\p{Regional_Indicator}",
    "t": r"[\p{Emoji_Modifier}\U000E0020-\U000E007F]",  # the tone of a skin, the country of a flag
    "o": r"[\u0080-\u218F&&[\p{So}\p{Extended_Pictographic}]]",  # ° © ™ №, words that no choice goes by
    "s": r"[\p{So}\p{Extended_Pictographic}]",
    ".": r"[.,٫٬]",
    "#": r"[#*]",
}
_WORD = re.compile(r"#k|[ld][ldmz]*(?:(?<=d)\.(?=d)[ldmz]+){0,20}|u[umz]*|rr|[osrt]t*(?:z[osrt]t*){0,9}")
_PLAIN = re.compile(r"\w+(?:(?<=\d)[.,٫٬](?=\d)\w+){0,20}")
_BASIC = re.compile(r"\b\w\w+\b")
_NOT_BLANK = re.compile(r"\S+")
_JOINING = regex.compile(r"\P{GCB=Other}")
_GRAPHEME = regex.compile(r"\p{RI}{1,2}|\X")  # \X alone looks back over a whole run of flags at each of them
_OF_PLAIN = frozenset("dl.# ")  # classes of a text that stdlib's pattern cuts into the same words, in half the time
_JOINERS = "\u200c\u200d"

# Where a run begins in the folded text, and its word, or its characters one after another.
WordRun = tuple[int, list[str]]


class _Classes(dict):
    """The class of each character that was met, by its number: each is looked up once, which is what makes it quick."""

    def __missing__(self, number: int) -> str:
        character = chr(number)
        found = (name for name, members in _CLASSES.items() if regex.match(members, character, regex.V1))
        self[number] = next(found, " ")
        return self[number]


_classes = _Classes()


def _basic(text: str) -> list[str]:
    """Two or more letters or digits, exactly as scikit-learn's TfidfVectorizer cuts a text."""
    return _BASIC.findall(text.lower())


def _words(text: str) -> list[str]:
    text, classes = _fold(text)
    if set(classes) <= _OF_PLAIN:
        return _PLAIN.findall(text)
    return [word for _, pieces in _word_runs(text, classes) for word in _with_pairs(pieces)]


def _characters(text: str) -> list[str]:
    return [piece for run in _fold(text)[0].split() for piece in _with_pairs(_graphemes(run))]


def _word_runs(text: str, classes: str) -> Iterator[WordRun]:
    """The words of a folded text, or in scripts without blanks the characters of a run."""
    for match in _WORD.finditer(classes):
        word = text[slice(*match.span())].rstrip(_JOINERS)
        yield match.start(), _graphemes(word) if classes[match.start()] == "u" else [word]


def _locate_basic(text: str) -> tuple[Iterator[WordRun], list[int]]:
    runs = ((match.start(), [match.group()]) for match in _BASIC.finditer(text.lower()))
    return runs, [at for at, character in enumerate(text) for _ in character.lower()]  # İ becomes two of them


def _locate_words(text: str) -> tuple[Iterator[WordRun], list[int]]:
    folded, classes = _fold(text)
    return _word_runs(folded, classes or folded.translate(_classes)), _visible(text)


def _locate_characters(text: str) -> tuple[Iterator[WordRun], list[int]]:
    runs = ((match.start(), _graphemes(match.group())) for match in _NOT_BLANK.finditer(_fold(text)[0]))
    return runs, _visible(text)


def _visible(text: str) -> list[int]:
    """Where each character that `_fold` keeps stands in the text as typed."""
    small = text.replace("İ", "i").lower()
    return [at for at, character in enumerate(small) if _classes[ord(character)] != "h"]


def _fold(text: str) -> tuple[str, str]:
    """A text in small letters without what is hidden, and the class of each of its characters."""
    if text.isascii():
        return text.lower(), ""
    text = text.replace("İ", "i").lower()
    classes = text.translate(_classes)
    if "h" in classes:
        text = "".join(character for character, kind in zip(text, classes, strict=True) if kind != "h")
        classes = classes.replace("h", "")
    return text, classes.replace("dk", "#k")  # a digit in a keycap is none of the word before it


def _graphemes(text: str) -> list[str]:
    """What a reader takes for one character each: with its marks, joined emoji as one."""
    return _GRAPHEME.findall(text) if _JOINING.search(text) else list(text)


def _with_pairs(characters: list[str]) -> list[str]:
    return characters + [first + second for first, second in pairwise(characters)]


class WordKind(NamedTuple):
    """A kind of words.

    Attributes:
        cut: Cuts a text into its words, in the text's order but for pairs of characters.
        rule: What a word needs, as a sentence without its point.
        locate: The runs that `cut` makes words of, and where each character of the folded text stands in the text.
    """

    cut: Callable[[str], list[str]]
    rule: str
    locate: Callable[[str], tuple[Iterator[WordRun], list[int]]]


WORD_KINDS = {
    "basic": WordKind(_basic, "a basic word needs at least 2 letters or digits", _locate_basic),
    "words": WordKind(_words, "a word needs at least 1 letter, digit or sign such as an emoji", _locate_words),
    "characters": WordKind(_characters, "a character is anything but a blank", _locate_characters),
}


class Piece(NamedTuple):
    """A part of a text as typed that stands for words: a word, or in scripts without blanks a character.

    Attributes:
        start: Where it begins in the text.
        end: Where it ends; what is hidden after it is a part of it.
        words: The words that it stands for: itself, and the pairs that it is one of.
        shares: Its share in each: 1 in itself, and a half in a pair.
    """

    start: int
    end: int
    words: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Tokenizer:
    """What cuts texts into words.

    Attributes:
        kind: A name in `WORD_KINDS`.
        uncovered: Share of the letters, marks and signs, in [0, 1], that basic words leave out or do not cut, words of
            one letter aside; None where the texts were not looked at. So it is with the others.
        losing: Share of the texts that hold such letters, marks and signs.
        alike: Share of the texts that differ from another one in their words, but not in basic words.
        single: Share of the texts that hold exactly one word of one letter or digit; 0 where that is mostly the same,
            or they are fewer than 12.
    """

    kind: str
    uncovered: float | None = None
    losing: float | None = None
    alike: float | None = None
    single: float | None = None

    def __call__(self, text: str) -> list[str]:
        """The words of a text."""
        return WORD_KINDS[self.kind].cut(text)

    def locate(self, text: str) -> Iterator[Piece]:
        """Where the words of a text stand in it as it was typed, in its order; between the pieces stands no word."""
        runs, positions = WORD_KINDS[self.kind].locate(text)
        positions.append(len(text))
        for place, pieces in runs:
            pairs = ["".join(pair) for pair in pairwise(pieces)]
            for number, piece in enumerate(pieces):
                end = place + len(piece)
                of = pairs[max(0, number - 1) : number + 1]
                span = positions[place], max(positions[end - 1] + 1, positions[end])
                yield Piece(*span, (piece, *of), (1.0, *(0.5 for _ in of)))
                place = end


BASIC = Tokenizer("basic")


def choose_tokenizer(words: str, texts: Sequence[str]) -> Tokenizer:
    """The tokenizer that the setting `split.words` asks for.

    "automatic" keeps basic words where they cover the texts, and else takes "words". They do not cover them where they
    leave out 0.5 % of the letters, marks and signs, or some in 5 % of the texts; letters in runs without blanks count
    as left out. Words of one letter do not: they are up to 30 % of the words of English, Russian or Italian, and say
    little. But grades from A to F, say, may be all that a text is about. Two things give them away. Basic words take
    texts for the same that differ in words: 5 % of the texts are enough. Or 60 % of the texts hold exactly one word of
    one letter or digit, which is not mostly the same: in a language their number varies more than that.

    At most 2,000 texts are looked at, evenly spaced, and 2,000 characters of each, of long texts fewer, so that they
    have about a million characters. No label is looked at.

    Args:
        words: The setting.
        texts: The texts of all reviews, so that the choice does not depend on the split.
    """
    if words != "automatic":
        return Tokenizer(words)
    characters = sum(min(len(text), CHARACTERS) for text in texts)
    count = min(len(texts), SAMPLE, ALL_CHARACTERS * len(texts) // max(1, characters))
    sample = [texts[number * len(texts) // count][:CHARACTERS] for number in range(count)]
    counted = covered = losing = 0
    found = defaultdict(set)  # what a model sees of a text in basic words → in words
    single = Counter()  # the one word of one letter or digit of the texts that have exactly one
    for text in sample:
        basic, cut = _basic(text), _words(text)
        alone = [word for word in cut if len(word) == 1 and _classes[ord(word)] in "ld" and not "가" <= word <= "힣"]
        letters = sum(map(_fold(text)[0].translate(_classes).count, "lumsr"))
        letters -= sum(_classes[ord(word)] == "l" for word in alone)
        kept = " ".join(basic).translate(_classes).count("l")
        counted, covered, losing = counted + letters, covered + kept, losing + (kept < letters)
        found[tuple(sorted(basic))].add(tuple(sorted(cut)))
        single.update(alone if len(alone) == 1 else ())
    varied = single.total() >= LEAST_TEXTS and max(single.values()) <= 0.75 * single.total()
    shares = (
        1 - covered / counted if counted else 0.0,
        losing / max(1, len(sample)),
        sum(len(cuts) for cuts in found.values() if len(cuts) > 1) / max(1, sum(map(len, found.values()))),
        single.total() / len(sample) if varied else 0.0,
    )
    least = (LEAST_UNCOVERED, LEAST_LOSING, LEAST_ALIKE, LEAST_SINGLE)
    lost = any(share >= bound for share, bound in zip(shares, least, strict=True))
    return Tokenizer("words" if lost else "basic", *shares)
