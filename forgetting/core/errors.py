"""The exceptions of the library. A message names the rule that was broken, the value that came and the remedy."""


def shorten(text: str, length: int = 60) -> str:
    """Cut a text for a message to a length, as it may have come from a file and be of any."""
    return text if len(text) <= length else text[: length - 1] + "…"


class ForgettingError(Exception):
    """Base of every error that the library raises on purpose."""


class DataError(ForgettingError):
    """The reviews cannot be used as they are: unreadable, empty, too large, or without what a step needs."""


class RecipeError(ForgettingError):
    """A setting is unknown, out of its bounds, or does not fit the others."""


class WorkersError(ForgettingError):
    """The processes that should share the work cannot be had, or were lost."""
