"""What labels mean: which words stand for a missing one, which writings are one class, and numbers cut into classes.

Which column holds the labels is found in `columns.py`; nothing here knows of tables.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from unicodedata import category, normalize

import numpy as np

INVISIBLE = "\u00ad\u200b\u2060\ufeff"  # soft hyphen, blanks without width, byte order mark
FILLED = re.compile(rf"[^\s{INVISIBLE}]")
# Signs that may be marks, which are sorted for NFC: a long run of them would take the square of its length.
SIGN_RUN = re.compile(r"([^\w\s\x00-\x7f]{31,})")
PLAIN_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d{0,30}|(?=\.))(?:\.\d{1,30})?(?:e[+-]?\d{1,3})?", re.ASCII)
WITH_UNIT = re.compile(r"([+-]?)((?:[^\d.,]{1,4}\.?\s*)?)([.,]?\d(?:.*\d)?)(\D{0,4})", re.ASCII)
MONEY_UNITS = ("%", "Rs", "Rs.", "kr", "kr.", "zł", "Kč")  # beside the signs of currencies, and codes of three capitals
LONGEST_NUMBER = 60  # characters
MANY_NUMBERS = 20  # more different numbers than these are amounts rather than classes
MOST_BOUNDS = 1_000  # between which quantile classes are sought


@dataclass(frozen=True)
class Merged:
    """Writings of one class.

    Attributes:
        label: The class: its most frequent writing, of several the shortest, without surplus blanks.
        writings: How often each writing occurs, the most frequent first.
    """

    label: str
    writings: tuple[tuple[str, int], ...]


def compose(text: str) -> str:
    """A text in NFC, where a letter and its accent are one character; more than 30 signs in a row stay."""
    if text.isascii():
        return text
    pieces = SIGN_RUN.split(text)
    pieces[::2] = [normalize("NFC", piece) for piece in pieces[::2]]
    return "".join(pieces)


def match_missing(values: Iterable[str], words: tuple[str, ...]) -> list[str | None]:
    """Find the values that are missing.

    Args:
        values: Texts or labels.
        words: What stands for a missing one, in any case and between any blanks.

    Returns:
        For each value the word that it is, "" where it is empty, and None where it is not missing.
    """
    known = {fold_label(word): word for word in reversed(words)}
    longest = 4 * max(map(len, words), default=0)  # longer texts, which take a while to fold, are none of them
    short = {value for value in set(values) if FILLED.search(value) and len(value.strip()) <= longest}
    found = {value: known.get(fold_label(value)) for value in short}
    return [found.get(value) if FILLED.search(value) else "" for value in values]


def fold_label(label: str) -> str:
    """What the writings of one class have in common.

    Letter case, surplus blanks, invisible characters and the encoding of accents make no difference. Nor does how a
    number is written: 1, 1.0, +1 and 1e0 are one. But 01 is a code, and 1,0 may be a list.
    """
    folded = _tidy(label)
    for _ in range(2):  # folded letters may join their accents anew, and change once more
        folded = re.sub("i\u0307+", "i", compose(compose(folded).casefold()))  # the latter is of the Turkish İ
    number = folded.replace("\u2212", "-")  # the minus sign
    if len(number) > LONGEST_NUMBER or not PLAIN_NUMBER.fullmatch(number):
        return folded
    value = Decimal(number)
    written = f"{value:f}"
    return (written.rstrip("0").rstrip(".") if "." in written else written) if value else "0"


def merge_labels(labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[Merged, ...]]:
    """Make one class of the writings that `fold_label` makes equal.

    Args:
        labels: As they are written.

    Returns:
        The labels in NFC, and the classes that have several writings, the largest first. One writing alone is kept.
    """
    writings = defaultdict(list)
    for label, count in Counter(labels).items():
        writings[fold_label(label)].append((label, count))
    classes, merged = {}, []
    for same in writings.values():
        same.sort(key=lambda item: (-item[1], len(item[0]), item[0] != _tidy(item[0]), item[0]))
        name = compose(same[0][0] if len(same) == 1 else _tidy(same[0][0]))
        classes |= dict.fromkeys((label for label, _ in same), name)
        if len(same) > 1:
            merged.append(Merged(name, tuple(same)))
    merged.sort(key=lambda each: (-sum(count for _, count in each.writings), each.label))
    return tuple(classes[label] for label in labels), tuple(merged)


def _tidy(label: str) -> str:
    """A label without surplus blanks and invisible characters."""
    return " ".join(label.translate(dict.fromkeys(map(ord, INVISIBLE))).split())


def parse_numbers(labels: Iterable[str]) -> list[float | None]:
    """Read amounts: 12, 12.5, 12,5, 1,234.50, 1.234,50, 1 234, $12, 12 €, 12 %, 12 EUR and 1e3.

    The unit of a currency (a sign, a code of three capitals) or % is passed over before or after the number. Where
    three digits follow a point or comma that may be of decimals or of thousands, the labels that can only be read in
    one way decide; where they do not, the point is of decimals.

    Args:
        labels: As they are written.

    Returns:
        The numbers, None for what is none.
    """
    labels = list(labels)
    read = {label: (_number(label, ","), _number(label, ".")) for label in set(labels)}
    sides = Counter((comma is None) - (point is None) for comma, point in map(read.get, labels))
    first = 1 if sides[1] > sides[-1] else 0  # which reading comes first: thousands by comma, or by point
    chosen = {label: pair[first] if pair[first] is not None else pair[1 - first] for label, pair in read.items()}
    return [chosen[label] for label in labels]


def _number(label: str, thousands: str) -> float | None:
    """The number of a label, of which one of comma and point parts thousands, and the other decimals."""
    bare = " ".join(label.split()).replace("\u2212", "-")
    if not bare or len(bare) > LONGEST_NUMBER:
        return None
    parts = WITH_UNIT.fullmatch(bare)
    if not parts:
        return None
    sign, before, bare, after = (part.strip() for part in parts.groups())
    if (before or after) and (_is_unit(before) == _is_unit(after)):
        return None
    point = "." if thousands == "," else ","
    grouped = rf"[1-9]\d{{0,2}}(?:[{thousands}]\d{{2,3}})*[{thousands}]\d{{3}}|[1-9]\d{{0,2}}(?:[ '’]\d{{3}})+"
    pattern = rf"(\d+|{grouped}|(?=[{point}]))(?:[{point}](\d+))?(e[+-]?\d{{1,3}})?"
    found = re.fullmatch(pattern, bare, re.ASCII | re.IGNORECASE)
    if not found:
        return None
    whole, decimals, exponent = (part or "" for part in found.groups())
    whole = re.sub(r"\D", "", whole, flags=re.ASCII)
    value = float(f"{sign}{whole or 0}.{decimals or 0}{exponent}")
    return value + 0.0 if math.isfinite(value) else None


def _is_unit(part: str) -> bool:
    currency = part and category(part[-1]) == "Sc" and re.fullmatch("[A-Z]{0,2}", part[:-1])
    return bool(part in MONEY_UNITS or currency or re.fullmatch("[A-Z]{3}", part))


def are_amounts(labels: Iterable[str], *, codes: bool = True) -> bool:
    """Whether labels are many different numbers, such as prices, which would be as many classes.

    Args:
        labels: As they are written.
        codes: Whether whole numbers from 0 or 1 that leave none out are taken for codes of classes.
    """
    counts = Counter(labels)
    numbers = dict(zip(counts, parse_numbers(counts), strict=True))
    different = sorted({number for number in numbers.values() if number is not None})
    rows = sum(count for label, count in counts.items() if numbers[label] is not None)
    if len(different) <= MANY_NUMBERS or rows < 0.95 * counts.total():
        return False
    whole = different == [different[0] + step for step in range(len(different))]
    return not (codes and whole and different[0] in (0, 1))


def cut_at_quantiles(numbers: Sequence[float], classes: int) -> list[str]:
    """Cut numbers into classes whose sizes differ as little as equal numbers, which stay together, allow.

    The sum of the squared sizes is the least; of more than MOST_BOUNDS different numbers, not all are tried as bounds.

    Args:
        numbers: At least as many different ones as classes.
        classes: How many classes.

    Returns:
        The class of each number, by its rank and its smallest and largest number: "1: 4–19.9".
    """
    numbers = np.asarray(numbers, dtype=float)
    values, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    below = np.concatenate([[0], np.cumsum(counts)])  # numbers below each bound
    bounds = np.arange(len(below))
    if len(bounds) > MOST_BOUNDS:  # first the quantiles, and bounds at even ranks and from value to value
        quantiles = np.linspace(0, len(numbers), classes + 1).round()
        ranks = np.searchsorted(below, np.append(quantiles, np.linspace(0, len(numbers), MOST_BOUNDS // 2)))
        coarse = np.union1d(ranks, np.linspace(0, len(values), MOST_BOUNDS // 4).astype(int))
        reach = MOST_BOUNDS // (2 * classes + 2)
        near = _even_bounds(below, coarse, classes)[:, None] + np.arange(-reach, reach + 1)
        bounds = np.union1d(near.clip(0, len(values)), [0])  # then those around the best
    ends = _even_bounds(below, bounds, classes)
    names, start = [], 0
    for rank, end in enumerate(ends, 1):
        low, high = (
            f"{value:.0f}" if value == round(value) else f"{value:.6g}" for value in (values[start], values[end - 1])
        )
        between = " to " if values[start] < 0 else "–"
        span = low if end == start + 1 else f"{low}{between}{high}"
        names.append(f"{rank:0{len(str(classes))}}: {span}")
        start = end
    return [names[place] for place in np.searchsorted(ends, places, side="right")]


def _even_bounds(below: np.ndarray, bounds: np.ndarray, classes: int) -> np.ndarray:
    """The ends of the classes, each one of the bounds, for which the sum of the squared sizes is the least."""
    sizes = (below[bounds][None, :] - below[bounds][:, None]).astype(float)  # from each bound to each
    cost = np.where(sizes > 0, (sizes - below[-1] / classes) ** 2, np.inf)
    best, steps = cost[0], []
    for _ in range(classes - 1):
        total = best[:, None] + cost
        steps.append(total.argmin(axis=0))
        best = total.min(axis=0)
    cuts = [len(bounds) - 1]
    for step in reversed(steps):
        cuts.append(step[cuts[-1]])
    return bounds[cuts[::-1]]
