"""The exceptions of the library. A message names the rule that was broken, the value that came and the remedy."""

import re
from collections.abc import Sequence

LISTED = 20  # names in a message
HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # of a surrogate pair


def plain_reason(error: object) -> str:
    """What another library says has gone wrong, without the numbers that it puts before it."""
    return getattr(error, "strerror", None) or re.sub(r"^Error\s-?\d+\s.*?:\s", "", str(error))


def shorten(text: str, length: int = 60) -> str:
    """Cut a text for a message to a length, as it may have come from a file and be of any."""
    return text if len(text) <= length else text[: length - 1] + "…"


def has_half_characters(text: str) -> bool:
    """Whether a text holds half of a surrogate pair, which JSON can write and no file of text can."""
    return not text.isascii() and bool(HALF_CHARACTER.search(text))


def describe_error(error: BaseException) -> str:
    """What another person's code raised, in one line of at most some 200 characters."""
    return f"{type(error).__name__}: {shorten(' '.join(str(error).split()), 200)}"


def list_names(names: Sequence[str]) -> str:
    """Write out names that a file holds, for a message: the first of them, and how many more there are."""
    listed = ", ".join(repr(shorten(name)) for name in names[:LISTED])
    return listed if len(names) <= LISTED else f"{listed} and {len(names) - LISTED:,} more"


class ForgettingError(Exception):
    """Base of every error that the library raises on purpose.

    Args:
        message: The rule, the value and the remedy.
        offer: A setting by its dotted name, and the value of it that would mend this; None where there is none.
    """

    def __init__(self, message: object = "", offer: tuple[str, object] | None = None):
        super().__init__(message)
        self.offer = offer


class DataError(ForgettingError):
    """The reviews cannot be used as they are: unreadable, empty, too large, or without what a step needs."""


class EmptyStateError(DataError):
    """Something is still to be chosen, uploaded or fetched: a step to come, where nothing has gone wrong."""


class RecipeError(ForgettingError):
    """A setting is unknown, out of its bounds, or does not fit the others."""


class ModelError(ForgettingError):
    """A saved model cannot be loaded, or is not of the reviews at hand."""


class WorkersError(ForgettingError):
    """The processes that should share the work cannot be had, or were lost."""


class StoreError(ForgettingError):
    """Runs cannot be stored, or the stored ones cannot be read."""
