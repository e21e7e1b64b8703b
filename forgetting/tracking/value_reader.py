"""Values of a file as they were read from JSON, each checked for its type and its bounds before it is believed."""

import math
from dataclasses import dataclass
from typing import Any

from forgetting.core.errors import RecipeError, has_half_characters, shorten
from forgetting.tracking.run import RunMetric

MOST_VALUES, LONGEST_VALUE = 100, 10_000  # of an object, in characters
DEEPEST = 20  # parts within each other


@dataclass(frozen=True)
class ValueReader:
    """Reads parts of a file, each of its type and within its bounds.

    Attributes:
        what: What the rules are of, as the beginning of a sentence.
        name: The name of the file.
        remedy: What to do about a value that is refused, as a sentence.
    """

    what: str
    name: str
    remedy: str

    def refuse(self, rule: str, value: Any) -> RecipeError:
        return RecipeError(f"{self.what}, {rule}; {self.name} has {shorten(repr(value))}. {self.remedy}")

    def check_texts(self, values: Any) -> None:
        """Refuse any text among values, or name of one, that is too long or no text, and values within too many."""
        waiting = [("it", values, 0)]
        while waiting:
            place, value, depth = waiting.pop()
            if isinstance(value, str):
                self.text(value, place)
            elif isinstance(value, dict | list) and depth == DEEPEST:
                raise self.refuse(f"at most {DEEPEST} parts may lie within each other", place)
            elif isinstance(value, dict):
                for name, each in value.items():
                    waiting.append((shorten(self.text(name, place)), each, depth + 1))
            elif isinstance(value, list):
                waiting += [(place, each, depth + 1) for each in value]

    def check_keys(self, values: dict, keys: tuple[str, ...], place: str) -> None:
        if set(values) != set(keys):
            raise self.refuse(f"{place} must hold {', '.join(keys)}", ", ".join(map(shorten, values)))

    def mapping(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MOST_VALUES:
            raise self.refuse(f"{place} must be an object of at most {MOST_VALUES} values", value)
        return value

    def items(self, value: Any, place: str, most: int) -> list:
        if not isinstance(value, list) or len(value) > most:
            raise self.refuse(f"{place} must be a list of at most {most:,}", value)
        return value

    def text(self, value: Any, place: str, longest: int = LONGEST_VALUE) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise self.refuse(f"{place} must be a text of at most {longest:,} characters", value)
        if has_half_characters(value):
            raise self.refuse(f"{place} must hold no halves of characters", value)
        return value

    def count(self, value: Any, place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise self.refuse(f"{place} must be a whole number of at least 0", value)
        return value

    def number(self, value: Any, place: str) -> float:
        if not isinstance(value, float | int) or isinstance(value, bool) or not _is_finite(value):
            raise self.refuse(f"{place} must be a finite number", value)
        return value

    def metric(self, value: Any, place: str) -> RunMetric:
        values = self.mapping(value, place)
        self.check_keys(values, ("name", "value", "interval", "baselines", "missing"), place)
        interval = values["interval"]
        if interval is not None:
            ends = self.items(interval, f"{place}.interval", 2)
            if len(ends) != 2:
                raise self.refuse(f"{place}.interval must have two ends", interval)
            interval = (self.number(ends[0], place), self.number(ends[1], place))
        baselines = self.mapping(values["baselines"], f"{place}.baselines")
        return RunMetric(
            name=self.text(values["name"], f"{place}.name"),
            value=None if values["value"] is None else self.number(values["value"], f"{place}.value"),
            interval=interval,
            baselines={key: self.number(number, f"{place}.baselines") for key, number in baselines.items()},
            missing=self.text(values["missing"], f"{place}.missing"),
        )


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False
