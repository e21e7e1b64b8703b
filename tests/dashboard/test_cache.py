"""What sessions share: computed once, found by content alone, gone when nobody uses it any more."""

import gc
import threading
import time

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from strategies import LEAVES, values_of

from forgetting.core.errors import DataError, RecipeError
from forgetting.dashboard.state import cache, data, models, resources
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.data import split_key
from forgetting.dashboard.state.session import Session
from forgetting.dashboard.studies import sweep
from forgetting.recipe.recipe import MODERN


class Value:
    """Something that is equal to nothing else."""


@pytest.fixture
def visitor(monkeypatch):
    """Makes the visitor with that name the one who asks; each has a session of their own."""
    sessions: dict[str, Session] = {}
    here = threading.local()
    monkeypatch.setattr(cache, "session", lambda: sessions[here.name])

    def enter(name: str) -> None:
        sessions.setdefault(name, Session())
        here.name = name

    enter.leave = lambda name: sessions.pop(name)
    return enter


def test_a_second_session_gets_the_same_value(visitor):
    values = SharedCache("values", 2)
    visitor("a")
    first = values.ask("key", Value)
    assert values.ask("key", Value) is first
    visitor("b")
    assert values.ask("key", Value) is first
    assert values.ask("other", Value) is not first
    assert values.get("key") is first
    assert values.get("unknown") is None


@pytest.mark.slow
def test_a_value_lives_while_any_session_refers_to_it_and_no_longer(visitor):
    values = SharedCache("values", 2)
    visitor("a")
    values.ask("key", Value)
    visitor("b")
    values.ask("key", Value)
    visitor.leave("a")
    gc.collect()
    assert len(values.values) == 1
    visitor.leave("b")
    gc.collect()
    assert values.values == []


def test_a_session_refers_to_the_last_few_it_asked_for(visitor):
    values = SharedCache("values", 2)
    visitor("a")
    made = {key: id(values.ask(key, Value)) for key in "xy"}
    values.ask("x", Value)
    values.ask("z", Value)  # y is the one not asked for lately
    gc.collect()
    assert len(values.values) == 2
    assert id(values.ask("x", Value)) == made["x"]
    assert values.get("y") is None


def test_many_who_ask_at_once_wait_for_one_computation(visitor):
    values, computed, found, gate = SharedCache("values", 2), [], [], threading.Barrier(8)

    def compute() -> Value:
        time.sleep(0.05)
        computed.append(Value())
        return computed[-1]

    def ask(name: str) -> None:
        visitor(name)
        gate.wait()
        found.append(values.ask("key", compute))

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(computed) == 1
    assert {id(value) for value in found} == {id(computed[0])}


def test_a_refusal_is_not_tried_twice_and_not_shown_to_others(visitor):
    values, tried = SharedCache("values", 2), []

    def refuse() -> Value:
        tried.append(len(tried))
        raise DataError(f"the file of {len(tried)}")

    visitor("a")
    for _ in range(3):
        with pytest.raises(DataError, match="the file of 1"):
            values.ask("key", refuse)
    assert values.get("key") is None
    visitor("b")
    with pytest.raises(DataError, match="the file of 2"):
        values.ask("key", refuse)
    assert tried == [0, 1]


def test_another_error_is_raised_and_tried_again(visitor):
    values = SharedCache("values", 2)
    visitor("a")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            values.ask("key", lambda: 1 / 0)
    assert isinstance(values.ask("key", Value), Value)


def test_what_is_put_is_offered_and_cleared(visitor):
    values, value = SharedCache("values", 1), Value()
    visitor("a")
    values.put("key", value)
    visitor("b")
    assert values.get("key") is value
    visitor("c")
    values.clear()
    assert values.get("key") is None


def test_no_two_caches_have_the_same_name():
    """A session finds its values by the name of their cache."""
    modules = (data, models, resources, sweep)
    names = [item.name for module in modules for item in vars(module).values() if isinstance(item, SharedCache)]
    assert len(names) == len(set(names)) >= 11


@given(st.sampled_from([name for name in LEAVES if name.startswith(("reading.", "data.", "split."))]), st.data())
def test_a_split_is_known_by_every_setting_that_it_depends_on_but_by_no_name(name, draws):
    try:
        recipe = MODERN.with_value(name, draws.draw(values_of(LEAVES[name])))
    except RecipeError:  # such as for a name with a comma
        reject()
    named = name in ("data.source", "data.file", "data.sha256")
    assert (split_key(recipe, "0" * 64) == split_key(MODERN, "0" * 64)) == (recipe == MODERN or named)
