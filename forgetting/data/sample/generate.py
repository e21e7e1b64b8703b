"""Write the synthetic sample: synthetic wine reviews by a seeded grammar.

`python -m forgetting.data.sample.generate` rewrites it byte for byte.

Every review is made up: no wine, producer, place, person or tasting in it is real (names are put together from
syllables by chance). The file stands in for the original reviews, which are not ours to give away, and has their
columns, so that the app has something to learn before anybody uploads a file.

How hard it is was chosen: a linear classifier on TF-IDF should be right on about 85 % of new reviews. At 100 % every
randomization would look alike until it destroys the model, at 50 % there would be little to forget. Three constants
set it. `TYPICAL` is how much a style prefers its own phrases; it makes words informative. `STRAY` is the share of
words, `ATYPICAL` the share of whole bottles, described like a related style; the first blurs, the second puts a
ceiling below 1 that no amount of training lifts. The text rarely says what the grape is, and often names another.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeVar

from forgetting.data.sample import SAMPLE
from forgetting.data.sample.grammar import PATTERNS, STYLES, WORDS

SAMPLE_COLUMNS = ("Review_name", "Review_content", "Date_of_review", "Type_of_wine")
SEED = 1885  # of the whole file; any other gives another file of the same kind
TYPICAL = 8
STRAY = 0.08
ATYPICAL = 0.05
WORDS_PER_REVIEW = range(30, 71)
REPEATED = 12  # rows that occur twice, as in the original file
ROWS_APART = 20  # rows between the two, as if a page was turned while the site was being read
NEWEST = date(2022, 11, 26)
DAYS = 1500  # from the oldest review to the newest

# `strftime("%B")` follows the computer's language, and the file must not.
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

# What a review says, in order: one plan is drawn per review. "structure" is completed with the kind of the wine.
PLANS = (
    "opening nose palate verdict",
    "opening nose palate finish",
    "opening nose palate structure food",
    "opening nose palate structure verdict",
    "opening nose palate food",
    "opening color nose palate value",
    "opening palate structure food",
    "color nose palate structure finish",
    "nose palate structure finish verdict",
    "nose palate structure food value",
    "nose palate finish food",
    "palate nose food verdict",
    "nose palate structure",
)

# A wine is not both silky and harsh: the family of these pools is drawn once per review.
STEADY = ("texture", "tannin", "acid", "vessel")

# How a class is spoken of where its label is not a word for a wine.
SPOKEN = {"Red Blend": "red blend", "Rosé": "rosé", "Sparkling": "sparkling wine"}

SampleRow = tuple[str, str, str, str]
T = TypeVar("T")


def write_sample(path: Path) -> None:
    """Write the sample as UTF-8 CSV with "\\n" line ends; the same bytes on every machine."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([SAMPLE_COLUMNS, *sample_rows()])
    path.write_bytes(text.getvalue().encode("utf-8"))


def sample_rows() -> list[SampleRow]:
    """The rows of the sample in the order of `SAMPLE_COLUMNS`, newest first, a few of them twice."""
    chance = Chance(SEED)
    taken: set[str] = set()
    dated = [_review(chance, label, taken) for label, style in STYLES.items() for _ in range(style.reviews)]
    rows = [row for _, row in sorted(dated, reverse=True)]
    for start in range(0, REPEATED * 100, 100):
        rows.insert(start + ROWS_APART, rows[start])
    return rows


class Chance:
    """Draws that repeat on every machine.

    Python promises the numbers of `Random.random` over versions, and not those of `sample` or `shuffle`, so every
    draw is made from it.
    """

    def __init__(self, seed: int):
        self.random = Random(seed).random

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return int(self.random() * n)

    def pick(self, values: Sequence[T]) -> T:
        """One of `values`."""
        return values[self.below(len(values))]

    def weighted(self, weights: dict[T, float]) -> T:
        """A key of `weights`, with a chance in proportion to its value."""
        left = self.random() * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return key  # rounding may leave a rest


@cache
def _pools() -> dict[str, dict[str, tuple[str, ...]]]:
    """WORDS as {pool: {family: phrases}}; the family of a pool without families is ""."""
    pools: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in _lines(WORDS):
        key, phrases = line.split(": ", 1)
        pool, _, family = key.partition(".")
        pools.setdefault(pool, {})[family] = tuple(phrases.split(", "))
    return pools


@cache
def _lines(block: str) -> tuple[str, ...]:
    """The entries of a table: one a line, where an indented line continues the one above."""
    return tuple(re.sub(r"\n\s+", " ", block).strip().split("\n"))


@cache
def _weights(label: str) -> dict[str, float]:
    fields = STYLES[label].weights.split()
    return {family: float(weight) for family, weight in zip(fields[::2], fields[1::2], strict=True)}


@dataclass(frozen=True)
class Bottle:
    """One wine: its class, the class that it tastes of, and what stays the same throughout its review."""

    label: str
    profile: str
    facts: dict[str, str]


def _bottle(chance: Chance, label: str, written: date) -> Bottle:
    """Invent a wine that was on sale at the time its review is written."""
    style = STYLES[label]
    kin = style.kin.split(", ")
    language = chance.pick(list(_pools()["house"]))
    producer = chance.pick(_pools()["house"][language]).format(_name(chance, language))
    age = 2 + chance.below(4) if style.kind == "red" else 1 + chance.below(2)
    facts = {
        "producer": producer,
        "place": _name(chance, language),
        "family": _name(chance, language),
        "winemaker": f"{chance.pick(_pools()['first'][''])} {_name(chance, language)}",
        "vintage": str(written.year - age),
        "own": SPOKEN.get(label, label),
        "other": chance.pick([other for other in kin if other not in SPOKEN]),
    }
    return Bottle(label, chance.pick(kin) if chance.random() < ATYPICAL else label, facts)


def _name(chance: Chance, language: str) -> str:
    return chance.pick(_pools()["head"][language]) + chance.pick(_pools()["tail"][language])


def _review(chance: Chance, label: str, taken: set[str]) -> tuple[date, SampleRow]:
    """A dated row whose name is not yet `taken`."""
    written = NEWEST - timedelta(chance.below(DAYS))
    while True:
        bottle = _bottle(chance, label, written)
        cuvee = chance.pick((label, chance.pick(_pools()["cuvee"][""])))
        name = f"{bottle.facts['vintage']} {bottle.facts['producer']} {cuvee}"
        if name not in taken:
            break
    taken.add(name)
    day = f"{MONTHS[written.month - 1]} {written.day}, {written.year}"
    return written, (name, _text(chance, bottle), day, label)


def _text(chance: Chance, bottle: Bottle) -> str:
    """Write drafts about a bottle until one has a usual length, and no long word twice."""
    while True:
        pen = Pen(chance, bottle)
        plan = chance.pick(PLANS).replace("structure", f"structure.{STYLES[bottle.label].kind}")
        text = " ".join(pen.write(chance.pick(_lines(PATTERNS[part]))) for part in plan.split())
        words = _long_words(text := _polish(text))
        if len(text.split()) in WORDS_PER_REVIEW and len(words) == len(set(words)):
            return text


class Pen:
    """Fills the gaps of patterns for one bottle, and does not use a word twice."""

    def __init__(self, chance: Chance, bottle: Bottle):
        self.chance = chance
        self.bottle = bottle
        self.used: set[str] = set()
        self.families: dict[str, str] = {}

    def write(self, pattern: str) -> str:
        """The pattern with every gap filled: alternatives from the inside out, then phrases."""
        while "[" in pattern:
            pattern = re.sub(r"\[([^\[\]]*)\]", lambda gap: self.chance.pick(gap[1].split("|")), pattern)
        return re.sub(r"\{(\w+)\}", lambda gap: self.phrase(gap[1]), pattern)

    def phrase(self, pool: str) -> str:
        """A fact, or a phrase of the pool that shares no long word with those already written."""
        if pool in self.bottle.facts:
            return self.bottle.facts[pool]
        kin = STYLES[self.bottle.label].kin.split(", ")
        # Now and then the words are those of a related class.
        label = self.chance.pick(kin) if self.chance.random() < STRAY else self.bottle.profile
        phrases = _pools()[pool][self._family(pool, label)]
        fresh = [phrase for phrase in phrases if self.used.isdisjoint(_long_words(phrase, 3))] or phrases
        typical = STYLES[label].typical.split(", ")
        phrase = self.chance.weighted({phrase: TYPICAL if phrase in typical else 1 for phrase in fresh})
        self.used.update(_long_words(phrase, 3))
        return phrase

    def _family(self, pool: str, label: str) -> str:
        """Which phrases of a pool fit: by the kind of the wine, or by the weights of the class `label`."""
        families, kind = _pools()[pool], STYLES[self.bottle.label].kind
        if "" in families:
            return ""
        if kind in families:  # a pink wine may taste like a red one, but it stays pink
            return kind
        if pool in self.families:
            return self.families[pool]
        family = self.chance.weighted({family: _weights(label).get(family, 0) for family in families})
        if pool in STEADY:
            self.families[pool] = family
        return family


def _long_words(text: str, letters: int = 5) -> list[str]:
    """The words of so many letters or more; the shorter ones may be repeated."""
    return re.findall(rf"[^\W\d_]{{{letters},}}", text.lower())


def _polish(text: str) -> str:
    """Mend what filling gaps leaves behind: spaces, a/an, the capital at the start of a sentence."""
    text = re.sub(r" +(?=[,.;:?!])", "", re.sub(r" {2,}", " ", text))
    text = re.sub(r"\b([Aa])n? (?=(\w+))", lambda found: found[1] + ("n " if _vowel(found[2]) else " "), text)
    return re.sub(r"(^|[.?!] )(\w)", lambda found: found[1] + found[2].upper(), text)


def _vowel(word: str) -> bool:
    """Whether a word starts with the sound of a vowel: an hour, a European."""
    return bool(re.match(r"ho(ur|nest)|(?!one|eu|us[eu]|uni[qtv])[aeiou]", word.lower()))


if __name__ == "__main__":
    write_sample(SAMPLE)
