"""Settings: frozen dataclasses whose fields state their own bounds, read strictly from JSON or from text.

A group of settings is a frozen dataclass made with `setting(...)` fields and the base `Settings`. The same field
table checks a value in Python, reads a recipe file, and decodes a web address. What a setting does is described where
it is used; nothing here knows of models or data.
"""

import math
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from functools import cache
from numbers import Integral, Real
from typing import Any, ClassVar, Self

from forgetting.core.errors import RecipeError, has_half_characters, shorten


def setting(default: Any, *, low: float = -math.inf, high: float = math.inf, choices: tuple = (), most: int = 0):
    """Make the field of a setting.

    Args:
        default: The default, which also fixes the type.
        low: The smallest number allowed, of each item in a tuple.
        high: The largest number allowed, of each item in a tuple.
        choices: The values allowed, of each item in a tuple; an empty one allows any of the type.
        most: How many items a tuple may have.

    Returns:
        A field for the body of a dataclass that is derived from `Settings`.
    """
    return field(default=default, metadata={"low": low, "high": high, "choices": choices, "most": most})


@dataclass(frozen=True)
class Settings:
    """Base of a group of settings: checks itself when made, and never changes."""

    group: ClassVar[str] = ""

    def __post_init__(self):
        for item in fields(self):
            value = getattr(self, item.name)
            if not is_dataclass(item.default):
                object.__setattr__(self, item.name, check_value(self.group, item, value))
            elif not isinstance(value, type(item.default)):
                raise RecipeError(f"{item.name} must be a {type(item.default).__name__}; got {_shown(value)}.")

    def to_dict(self) -> dict:
        """The plain values of all settings, ready for JSON; tuples become lists."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    @cache
    def leaves(cls) -> dict[str, Field]:
        """Every single setting by its dotted name ("training.epochs"), those of nested groups included."""
        found = {}
        for item in fields(cls):
            nested = type(item.default).leaves() if is_dataclass(item.default) else {"": item}
            found |= {".".join(filter(None, (item.name, name))): leaf for name, leaf in nested.items()}
        return found

    def value(self, name: str) -> Any:
        """The value of a setting by its dotted name."""
        first, _, rest = name.partition(".")
        return getattr(self, first).value(rest) if rest else getattr(self, first)

    def with_value(self, name: str, value: Any) -> Self:
        """A copy with the setting of that dotted name changed."""
        first, _, rest = name.partition(".")
        return replace(self, **{first: getattr(self, first).with_value(rest, value) if rest else value})

    @classmethod
    def from_dict(cls, values: Any, base: Self | None = None) -> Self:
        """Read what `to_dict` wrote.

        Args:
            values: Values by the names of the settings.
            base: Has the values of settings that are left out; by default these are the defaults.

        Returns:
            The settings.

        Raises:
            RecipeError: A name is unknown, or a value is of the wrong type or out of its bounds.
        """
        if not isinstance(values, dict):
            raise RecipeError(f"{cls.group or 'A recipe'} must be a JSON object, not {_shown(values)}.")
        known = {item.name: item for item in fields(cls)}
        for name in values:
            if name not in known:
                raise RecipeError(
                    f"Unknown setting {shorten(str(_dotted(cls.group, name)))!r}. Known here: {', '.join(known)}. "
                    "Check the spelling or leave it out."
                )
        base = cls() if base is None else base
        changed = {}
        for name, value in values.items():
            old = getattr(base, name)
            changed[name] = type(old).from_dict(value, old) if isinstance(old, Settings) else value
        return replace(base, **changed)


def check_value(group: str, item: Field, value: Any) -> Any:
    """Convert a value to the type of a field's default.

    Args:
        group: The group of the field, for the message.
        item: The field.
        value: The value.

    Returns:
        The value in that type.

    Raises:
        RecipeError: The value is of another kind, or out of the field's bounds.
    """
    checked = _converted(item.default, value)
    if checked is None or not _allowed(item, checked):
        raise RecipeError(
            f"{_dotted(group, item.name)} must be {describe_rule(item)}; got {_shown(value)}. "
            f"The default is {_shown(_plain(item.default))}."
        )
    return checked


def describe_rule(item: Field) -> str:
    """What a field accepts, in words."""
    low, high, choices = (item.metadata[key] for key in ("low", "high", "choices"))
    if choices:
        kind = "a list of any of " if isinstance(item.default, tuple) else "one of "
        return kind + ", ".join(map(str, choices))
    if isinstance(item.default, bool):
        return "true or false"
    if isinstance(item.default, str):
        return "a text"
    bounds = (
        f" from {format_value(low)} to {format_value(high)}"
        if math.isfinite(high)
        else f" of at least {format_value(low)}"
    )
    if isinstance(item.default, tuple):
        numbers = "whole numbers" if _kind(item.default) is int else "numbers"
        kind = "names without commas" if is_names(item.default) else f"{numbers}{bounds}"
        return f"a list of at most {item.metadata['most']} {kind}"
    return ("a whole number" if isinstance(item.default, int) else "a number") + bounds


def parse_value(item: Field, text: str) -> Any:
    """The value of a field that a text stands for; where the text is not of the field's type, the text itself."""
    if isinstance(item.default, bool):
        return {"1": True, "0": False}.get(text, text)
    if isinstance(item.default, tuple):
        parts = text.split(",") if text else ()
        return tuple(part if is_names(item.default) else _number(_kind(item.default), part) for part in parts)
    if isinstance(item.default, int | float):
        return _number(type(item.default), text)
    return text


def format_value(value: Any) -> str:
    """The text that `parse_value` reads as this value."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(map(format_value, value))
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _converted(default: Any, value: Any) -> Any:
    """`value` in the type of `default`, or None where it is of another kind."""
    if isinstance(default, tuple):
        value = (value,) if isinstance(value, str) and is_names(default) else value
        return _tuple(default, value) if isinstance(value, list | tuple) else None
    if isinstance(default, bool) or isinstance(value, bool):
        return value if type(default) is type(value) else None
    if isinstance(default, str):
        return value if isinstance(value, str) and not has_half_characters(value) else None
    kind = Integral if isinstance(default, int) else Real
    if not isinstance(value, kind):
        return None
    try:
        return type(default)(value) + type(default)(0)  # + 0.0 makes −0.0, which is equal to 0.0, the same text
    except OverflowError:  # a whole number beyond any float
        return None


def _tuple(default: tuple, value: list | tuple) -> tuple | None:
    """A tuple of names may be empty (none of them); one of numbers may not. A comma parts the names in an address."""
    if is_names(default):
        return tuple(value) if all(_converted("", item) is not None and "," not in item for item in value) else None
    converted = tuple(_converted(default[0], item) for item in value)
    return converted if value and None not in converted else None


def is_names(default: tuple) -> bool:
    """Whether a tuple setting with this default holds names, not numbers."""
    return _kind(default) is str


def _kind(default: tuple) -> type:
    """The type of a tuple's items; an empty default is one of names."""
    return type(default[0]) if default else str


def _allowed(item: Field, value: Any) -> bool:
    if isinstance(value, tuple):
        return len(value) <= item.metadata["most"] and all(_allowed(item, part) for part in value)
    if item.metadata["choices"]:
        return value in item.metadata["choices"]
    return isinstance(value, str | bool) or item.metadata["low"] <= value <= item.metadata["high"]


def _number(kind: type, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.to_dict()
    return list(value) if isinstance(value, tuple) else value


def _dotted(group: str, name: str) -> str:
    return f"{group}.{name}" if group else name


def _shown(value: Any, most: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= most else text[:most] + "…"
