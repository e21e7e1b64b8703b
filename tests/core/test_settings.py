"""A small group of settings of every kind: checked, read strictly, and told as text."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgetting.core.errors import ForgettingError, RecipeError
from forgetting.core.settings import Settings, check_value, describe_rule, format_value, parse_value, setting


@dataclass(frozen=True)
class Inner(Settings):
    group: ClassVar[str] = "inner"
    share: float = setting(0.5, low=0.0, high=1.0)
    widths: tuple[int, ...] = setting((4,), low=1, high=9, most=2)


@dataclass(frozen=True)
class Outer(Settings):
    count: int = setting(3, low=1, high=5)
    open_end: float = setting(1.0, low=0.0)
    flag: bool = setting(True)
    kind: str = setting("a", choices=("a", "b"))
    text: str = setting("")
    names: tuple[str, ...] = setting(("x",), most=3)
    inner: Inner = field(default=Inner())


LEAVES = Outer.leaves()
GOOD = {
    "count": [1, 5, np.int64(2)],
    "open_end": [0, 0.0, 1e9, Fraction(1, 4), np.float32(0.5)],
    "flag": [True, False],
    "kind": ["a", "b"],
    "text": ["", "ä,1", "Infinity"],
    "names": [(), ["y", "z"], ("x", "y", "z"), "one"],
    "inner.share": [0, 1, 0.25],
    "inner.widths": [[1], (9, 1)],
}
BAD = {
    "count": [0, 6, 2.0, "3", True, None, [3]],
    "open_end": [-0.1, float("nan"), "1", False, None, 10**400, -(10**400)],
    "flag": [0, 1, "true", None],
    "kind": ["c", "", "A", 1, None, ["a"]],
    "text": [1, None, ["a"], "\ud800"],
    "names": [[1], [None], ["a"] * 4, 7, None, {"a": 1}, ["\udfff"]],
    "inner.share": [-1e-9, 1.0000001, "0.5"],
    "inner.widths": [[], [0], [10], [1, 2, 3], [1.0], [True], 4, "4", None],
}


def pairs(table):
    return [(name, value) for name, values in table.items() for value in values]


def shortly(value):
    return repr(value)[:24]


def nested(name, value):
    first, _, rest = name.partition(".")
    return {first: {rest: value} if rest else value}


def test_leaves():
    assert list(LEAVES) == list(GOOD) == list(BAD)


@pytest.mark.parametrize(("name", "value"), pairs(GOOD), ids=shortly)
def test_takes_what_is_allowed_in_the_type_of_the_default(name, value):
    for made in (Outer().with_value(name, value), Outer.from_dict(nested(name, value))):
        found = made.value(name)
        if name == "names" and isinstance(value, str):
            assert found == (value,)
        else:
            assert found == (tuple(value) if isinstance(value, list) else value)
        assert type(found) is type(LEAVES[name].default)


@pytest.mark.parametrize(("name", "value"), pairs(BAD), ids=shortly)
def test_refuses_the_rest_with_rule_value_and_default(name, value):
    for make in (lambda: Outer().with_value(name, value), lambda: Outer.from_dict(nested(name, value))):
        with pytest.raises(RecipeError) as error:
            make()
        message = str(error.value)
        assert message.startswith(f"{name} must be {describe_rule(LEAVES[name])}; got {value!r}"[:120])
        assert "The default is" in message
        assert len(message) < 300


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("count", "a whole number from 1 to 5"),
        ("open_end", "a number of at least 0"),
        ("flag", "true or false"),
        ("kind", "one of a, b"),
        ("text", "a text"),
        ("names", "a list of at most 3 names without commas"),
        ("inner.share", "a number from 0 to 1"),
        ("inner.widths", "a list of at most 2 whole numbers from 1 to 9"),
    ],
)
def test_rules_in_words(name, words):
    assert describe_rule(LEAVES[name]) == words


@pytest.mark.parametrize(
    ("values", "named", "known"),
    [
        ({"cuont": 1}, "'cuont'", "count, open_end, flag, kind, text, names, inner"),
        ({"inner": {"shaer": 1}}, "'inner.shaer'", "share, widths"),
        ({"inner": {"": 1}}, "'inner.'", "share, widths"),
        ({1: 2}, "'1'|1", "count"),
    ],
)
def test_names_an_unknown_setting(values, named, known):
    with pytest.raises(RecipeError, match=rf"Unknown setting ({named})\. Known here: {known}.*\. Check the spelling"):
        Outer.from_dict(values)


@pytest.mark.parametrize("values", [None, [], "a", 3, {"inner": None}, {"inner": []}, {"inner": 0.5}])
def test_refuses_what_is_no_object(values):
    with pytest.raises(RecipeError, match="must be a JSON object, not "):
        Outer.from_dict(values)


def test_refuses_another_group():
    with pytest.raises(RecipeError, match="inner must be a Inner; got Outer"):
        Outer(inner=Outer())


def test_what_is_left_out_comes_from_the_base():
    base = Outer(count=5, inner=Inner(share=0.75))
    made = Outer.from_dict({"inner": {"widths": [2, 3]}}, base)
    assert made == Outer(count=5, inner=Inner(share=0.75, widths=(2, 3)))
    assert Outer.from_dict({}) == Outer()


def test_to_dict_is_plain():
    assert Outer().to_dict() == {
        "count": 3,
        "open_end": 1.0,
        "flag": True,
        "kind": "a",
        "text": "",
        "names": ["x"],
        "inner": {"share": 0.5, "widths": [4]},
    }


def test_settings_do_not_change():
    outer = Outer()
    changed = outer.with_value("inner.share", 0.1)
    assert (outer.inner.share, changed.inner.share, changed.inner.widths) == (0.5, 0.1, (4,))
    with pytest.raises(AttributeError):
        outer.count = 4
    assert hash(changed) == hash(Outer(inner=Inner(share=0.1)))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "4", 4),
        ("open_end", "2.5", 2.5),
        ("open_end", "1e-3", 0.001),
        ("flag", "1", True),
        ("flag", "0", False),
        ("kind", "b", "b"),
        ("text", "1", "1"),
        ("names", "", ()),
        ("names", "y,z", ("y", "z")),
        ("inner.widths", "3,2", (3, 2)),
    ],
)
def test_parses_text(name, text, value):
    assert check_value("", LEAVES[name], parse_value(LEAVES[name], text)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("count", "2.5"), ("count", ""), ("open_end", "nan"), ("open_end", "a"), ("flag", "yes"), ("flag", ""),
     ("kind", "B"), ("inner.widths", "3,"), ("inner.widths", ""), ("inner.widths", "a"), ("names", "a,b,c,d")],
)  # fmt: skip
def test_text_that_stands_for_nothing_is_refused(name, text):
    with pytest.raises(RecipeError, match="must be"):
        check_value("", LEAVES[name], parse_value(LEAVES[name], text))


@given(st.floats(0, 1))
def test_a_number_survives_being_shown(share):
    item = LEAVES["inner.share"]
    assert parse_value(item, format_value(share)) == share


def test_numbers_are_shown_shortly():
    assert [format_value(value) for value in (1.0, 0.1, 0.25, 1e-6, 3, True)] == ["1", "0.1", "0.25", "1e-06", "3", "1"]


def test_errors_have_one_base():
    assert issubclass(RecipeError, ForgettingError)


@dataclass(frozen=True)
class Lists(Settings):
    group: ClassVar[str] = "lists"
    words: tuple[str, ...] = setting((), most=3)
    shares: tuple[float, ...] = setting((0.0, 1.0), low=0.0, high=1.0, most=3)
    kinds: tuple[str, ...] = setting(("a",), choices=("a", "b"), most=2)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("words", (), ()),
        ("words", "one", ("one",)),
        ("words", ["one", "two", "one"], ("one", "two", "one")),
        ("shares", [1, 0], (1.0, 0.0)),
        ("shares", (0.25, np.float32(0.5)), (0.25, 0.5)),
        ("shares", [-0.0], (0.0,)),
        ("kinds", "b", ("b",)),
        ("kinds", [], ()),
    ],
)
def test_lists_of_names_of_numbers_and_of_choices(name, value, found):
    made = Lists().with_value(name, value)
    assert made.value(name) == found
    assert [type(item) for item in made.value(name)] == [type(item) for item in found]
    assert format_value(made.value(name)) == ",".join(map(format_value, found))
    assert Lists.from_dict(made.to_dict()) == made
    assert parse_value(Lists.leaves()[name], format_value(found)) in (found, tuple(map(str, found)))


@pytest.mark.parametrize(
    ("name", "value", "rule_in_words"),
    [
        ("words", ["a"] * 4, "a list of at most 3 names without commas"),
        ("words", [1.0], "a list of at most 3 names without commas"),
        ("words", None, "a list of at most 3 names without commas"),
        *(
            ("shares", value, "a list of at most 3 numbers from 0 to 1")
            for value in ((), [1.0000001], [-1e-9], [float("nan")], [0.5, None], [True], ["0.5"], [0, 0, 0, 0], 0.5)
        ),
        ("kinds", ["a", "c"], "a list of any of a, b"),
        ("kinds", ["a", "b", "a"], "a list of any of a, b"),
    ],
)
def test_lists_that_are_refused(name, value, rule_in_words):
    with pytest.raises(RecipeError, match=rf"^lists\.{name} must be {rule_in_words}; got .* The default is \["):
        Lists().with_value(name, value)


def test_of_a_list_of_numbers_each_is_parsed():
    assert parse_value(Lists.leaves()["shares"], "0.25,1") == (0.25, 1.0)
    assert parse_value(Lists.leaves()["shares"], "0.25,x") == (0.25, "x")
