"""Which columns of a table are likely to hold the texts and the labels."""

import re
from functools import cached_property

import numpy as np
import pandas as pd

# (text, label) of the data sets this app is made for: the published experiment's and Kaggle's wine magazine.
KNOWN_COLUMNS = (("Review_content", "Type_of_wine"), ("description", "variety"))
WORD = re.compile(r"[^\W\d_]{2,}")  # of letters only: neither prices nor dates are prose
MIN_WORDS = 3  # a text column's mean: more than a grape, a country or a date has
SAMPLED_ROWS = 1_000  # the texts of so many rows, evenly spaced, are measured
SAMPLED_LENGTH = 2_000  # characters of each, for its words


class ColumnRoles:
    """What each column may be, found out once, however often other columns are chosen.

    Args:
        frame: The table, all values as text.
    """

    def __init__(self, frame: pd.DataFrame):
        self.frame = frame

    @cached_property
    def prose(self) -> dict[str, float]:
        """Mean length, in characters, of the columns whose texts have MIN_WORDS words or more on average."""
        sample = self.frame.iloc[:: max(1, len(self.frame) // SAMPLED_ROWS)]
        return {
            column: sample[column].str.len().mean()
            for column in sample
            if np.mean([len(WORD.findall(text)) for text in sample[column].str[:SAMPLED_LENGTH]]) >= MIN_WORDS
        }

    @cached_property
    def groups(self) -> dict[str, tuple[bool, int]]:
        """The columns with at least 2 different values that occur at least twice on average.

        Each comes with whether all its values are numbers, and with how many different ones there are.
        """
        found = {}
        for column in self.frame:
            values = self.frame.loc[self.frame[column].str.strip() != "", column]
            if 2 <= values.nunique() <= len(values) / 2:
                found[column] = (bool(values.str.fullmatch(r"[\d.,+-]+").all()), values.nunique())
        return found

    @property
    def known(self) -> tuple[str | None, str | None]:
        """The text and the label column where the table is one of the known data sets, else (None, None)."""
        return next((pair for pair in KNOWN_COLUMNS if set(pair) <= set(self.frame.columns)), (None, None))

    def text(self, label: str | None = None) -> str | None:
        """Find the column of the texts.

        Args:
            label: The column of the labels, where it is chosen already.

        Returns:
            The column of a known data set, else the one with the longest texts, else None.
        """
        known, _ = self.known
        if known is not None and known != label:
            return known
        return max((column for column in self.prose if column != label), key=self.prose.get, default=None)

    def label(self, text: str | None = None) -> str | None:
        """Find the column of the labels.

        Args:
            text: The column of the texts, where it is chosen already.

        Returns:
            The column of a known data set, else the one with the fewest different values, else None. A column of
            numbers comes last: a country is a likelier label than a number of points.
        """
        _, known = self.known
        if known is not None and known != text:
            return known
        return min((column for column in self.groups if column != text), key=self.groups.get, default=None)
