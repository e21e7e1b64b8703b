"""Which columns of a table are likely to hold the texts and the labels, and why.

What columns are called is in `column_names.py`; here the names are held against what the columns hold.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forgetting.data.column_names import (
    STRONG_NAME,
    distance,
    is_amount,
    is_markup,
    match_label,
    match_text,
)
from forgetting.data.labels import MANY_NUMBERS, match_missing, parse_numbers
from forgetting.data.reviews import MISSING

# (text, label) of the data sets this app is made for: the published experiment's and Kaggle's wine magazine.
KNOWN_COLUMNS = (("Review_content", "Type_of_wine"), ("description", "variety"))
# Letters alone, two or more, with the marks and signs between them: neither prices nor dates are prose.
WORD = re.compile(r"[^\W\d_](?:[^\w\s\x00-\x7f]*[^\W\d_])+")
# Tibetan, Thai, Lao, Burmese, Khmer, Japanese and Chinese: scripts that set no blanks between words.
UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
MIN_WORDS = 3  # a text column's mean: more than a grape, a country or a date has
SAMPLED_ROWS = 1_000  # the texts of so many rows, evenly spaced, are measured
SAMPLED_LENGTH = 2_000  # characters of each, for its words
FEW_VALUES = 20  # as many classes as a column without a telling name may have at any length
NUMBERS = r"[\d.,+-]+"
SPLIT_VALUES = {"train", "training", "test", "testing", "valid", "validation", "val", "dev", "eval", "unsup", "extra"}
LEAST_DIFFERENT = 0.1  # share of different texts that a column needs, for its name to tell
LONGEST_LABEL = 60  # characters, on average, for the same
OTHER_VALUES = re.compile(  # addresses, dates, times and lists
    r"(?:https?://|www\.)\S+|\S+@\S+\.\w+|@\w+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*"
    r"|[\[{].*|\D{0,12}\d{1,2}\D{1,12}\d{4}|.{0,30}\b\d{1,2}:\d{2}\b.{0,30}"
)


@dataclass(frozen=True)
class Reason:
    """Why a column was chosen.

    Attributes:
        name: The part of its name that such columns have, in small letters without accents; None where it was chosen
            for what it holds alone.
        values: How many different labels it holds; None for texts.
        words: Mean words of its texts, two characters of a script without blanks being one; None for labels.
    """

    name: str | None
    values: int | None = None
    words: float | None = None


@dataclass(frozen=True)
class Choice:
    """A column that is likely to hold the texts or the labels.

    Attributes:
        column: Its name.
        reason: Why.
        runner_up: The column that is likely without it, None where there is none.
    """

    column: str
    reason: Reason
    runner_up: str | None


@dataclass(frozen=True)
class _Prose:
    """What a column holds as texts, over the sampled rows."""

    words: float  # mean
    length: float  # mean, in characters
    filled: float  # share of the rows
    different: float  # share of the filled rows


@dataclass(frozen=True)
class _Groups:
    """What a column holds as labels, in all rows."""

    different: int
    rows: int
    numeric: bool
    length: float = 0.0  # mean of the different ones, in characters
    words: bool = False  # whether all but one are words that mean missing
    parts: bool = False  # whether they are the names of the parts of a split
    other: bool = False  # whether they are what OTHER_VALUES describes


class ColumnRoles:
    """What each column may be, found out once, however often other columns are chosen.

    Args:
        frame: The table, all values as text.
    """

    def __init__(self, frame: pd.DataFrame):
        self.frame = frame

    def text_choice(self, label: str | None = None) -> Choice | None:
        """Find the column of the texts.

        Args:
            label: The column of the labels, where it is chosen already.

        Returns:
            The column of a known data set, else the one with the most telling name among those that hold prose, else
            the one with the longest texts, else None.
        """
        ranked = [column for column in self._ranked_texts if column != label]
        if not ranked:
            return None
        column, named = ranked[0], match_text(ranked[0])
        return Choice(
            column, Reason(named and named.word, words=self._prose[column].words), next(iter(ranked[1:]), None)
        )

    def label_choice(self, text: str | None = None) -> Choice | None:
        """Find the column of the labels.

        Args:
            text: The column of the texts, where it is chosen already.

        Returns:
            The column of a known data set, else the one with the most telling name among those that hold classes, else
            the one with the fewest different values, else None. A column of numbers comes after others without such a
            name, and one that is called a country, an id or a part of the split comes last.
        """
        ranked = [column for column in self._ranked_labels if column != text]
        if not ranked:
            return None
        column, named, groups = ranked[0], match_label(ranked[0]), self._groups.get(ranked[0])
        values = groups.different if groups else self.frame[column].nunique()  # a known column may hold anything
        return Choice(column, Reason(named and named.word, values=values), next(iter(ranked[1:]), None))

    @cached_property
    def _prose(self) -> dict[str, _Prose]:
        sample, found = self._sample, {}
        for column in sample:
            lengths, texts = sample[column].str.len(), sample[column].str[:SAMPLED_LENGTH].tolist()
            filled = [text for text in texts if text.strip()]
            found[column] = _Prose(
                float(np.mean([count_words(text) for text in texts])) if texts else 0.0,
                float(lengths.mean()),
                len(filled) / max(len(texts), 1),
                len(set(filled)) / max(len(filled), 1),
            )
        return found

    def _is_numeric(self, column: str) -> bool:
        """Whether a column holds numbers, in the sampled rows."""
        values = self._sample[column].str.strip()
        return bool(values[values != ""].str.fullmatch(NUMBERS).all())

    @cached_property
    def _sample(self) -> pd.DataFrame:
        """About SAMPLED_ROWS rows, evenly spaced."""
        return self.frame.iloc[:: max(1, len(self.frame) // SAMPLED_ROWS)]

    @cached_property
    def _groups(self) -> dict[str, _Groups]:
        found = {}
        for column in self.frame:
            counts = self.frame[column].value_counts(sort=False)
            if len(counts) > len(self.frame) / 2 and not (match_label(column) or is_amount(column)):
                continue  # of more values than classes can be, and there may be many to look at
            missing = match_missing(counts.index, MISSING)
            present = counts[[match is None for match in missing]]
            words = len(present) < 2  # where a word that means missing may be a class after all
            counts = counts[[match != "" for match in missing]] if words else present
            values = counts.index
            if len(values) < 2:
                continue
            shown = values[:SAMPLED_ROWS]
            found[column] = _Groups(
                len(values),
                int(counts.sum()),
                bool(values.str.fullmatch(NUMBERS).all()) or parse_numbers(shown).count(None) < len(shown) / 20,
                float(shown.str.len().to_numpy().mean()),
                words,
                {value.strip().casefold() for value in shown} <= SPLIT_VALUES
                or all(map(OTHER_VALUES.fullmatch, shown)),
            )
        return found

    @cached_property
    def _ranked_texts(self) -> list[str]:
        """The columns that may hold texts, the likeliest first."""
        ranks = {}
        for column, prose in self._prose.items():
            named = match_text(column)
            called = named is not None and named.weight >= STRONG_NAME
            strong = called and prose.different >= LEAST_DIFFERENT
            if prose.words >= MIN_WORDS:
                rank = 1 if is_markup(column) else 3 if strong else 2
            elif strong and prose.words > 0 and prose.different > 0.5:
                rank = 0  # short, and called a text
            elif called and prose.filled and not self._is_numeric(column):
                rank = -1  # of emoji, stars or a few words that recur
            else:
                continue
            weight = named.weight * min(1, 2 * prose.filled) if strong else 0
            ranks[column] = (rank, weight, prose.length)
        ranked = sorted(ranks, key=ranks.get, reverse=True)
        return _first(ranked, self._known[0])

    @cached_property
    def _ranked_labels(self) -> list[str]:
        """The columns that may hold labels, the likeliest first."""
        ranks = {}
        for column, groups in self._groups.items():
            rank = self._label_rank(column, groups)
            if rank is not None:
                ranks[column] = (-rank, groups.numeric, groups.different)
        return _first(sorted(ranks, key=ranks.get), self._known[1])

    def _label_rank(self, column: str, groups: _Groups) -> float | None:
        """How likely a column holds labels: above 0 for one with a telling name, 0 for any, and down to −3."""
        if groups.words:
            return -3.0
        named, many = match_label(column), groups.different > MANY_NUMBERS
        if 2 * groups.different > groups.rows:  # values that occur less than twice on average
            if groups.numeric and many and (named or is_amount(column)):
                return -3.0  # which can be cut into classes
            small = named and named.weight >= STRONG_NAME and groups.different <= 0.8 * groups.rows
            return named.weight / 100 if small else None
        if groups.parts or (groups.other and named is None):
            return -2.0
        if named is None:
            crowded = groups.different > max(FEW_VALUES, 0 if groups.numeric else groups.rows / 20)
            sparse = 2 * groups.rows < len(self.frame)
            return -float(max(distance(column), crowded, sparse))
        weight = named.weight
        weight *= 0.3 if groups.numeric and many and is_amount(column) else 1
        weight *= 0.3 if 2 * groups.rows < len(self.frame) else 1
        return weight * (0.1 if groups.other or groups.length > LONGEST_LABEL else 1)

    @property
    def _known(self) -> tuple[str | None, str | None]:
        """The text and the label column where the table is one of the known data sets, else (None, None)."""
        return next((pair for pair in KNOWN_COLUMNS if set(pair) <= set(self.frame.columns)), (None, None))


def count_words(text: str) -> float:
    """How many words a text has; two characters of a script without blanks are one, and an address is one."""
    return max(min(len(WORD.findall(text)), len(text.split())), len(UNSPACED.findall(text)) / 2)


def _first(ranked: list[str], known: str | None) -> list[str]:
    return ranked if known is None else [known, *(column for column in ranked if column != known)]
