"""The queue of those who want to train: order, slots, and who is gone, by a clock that the test sets."""

import pytest
from app_pages import app, press
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.runtime.caching import clear_session_resource_cache

from forgetting.dashboard.state.queue import GONE_SECONDS, QUEUE, SLOT_SECONDS, TrainingQueue

SESSION = "test session id"  # of every AppTest


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ask_all(queue: TrainingQueue, names: str) -> list[int]:
    return [queue.ask(name) for name in names]


def test_one_alone_may_always_train(clock):
    queue = TrainingQueue(lambda: 1, clock)
    for _ in range(100):
        assert queue.ask("a") == 0
        clock.now += SLOT_SECONDS / 3
    assert len(queue) == 0


def test_others_wait_in_the_order_they_came(clock):
    queue = TrainingQueue(lambda: 2, clock)
    assert ask_all(queue, "abcde") == [0, 0, 1, 2, 3]
    assert ask_all(queue, "edcba") == [3, 2, 1, 0, 0]  # asking again changes nothing
    assert len(queue) == 3


def test_who_leaves_makes_room(clock):
    queue = TrainingQueue(lambda: 1, clock)
    assert ask_all(queue, "abcd") == [0, 1, 2, 3]
    queue.leave("c")
    queue.leave("nobody")
    assert ask_all(queue, "abd") == [0, 1, 2]
    queue.leave("a")
    assert ask_all(queue, "db") == [1, 0]


def test_whose_slot_is_over_waits_behind_all_others(clock):
    queue = TrainingQueue(lambda: 1, clock)
    assert ask_all(queue, "abc") == [0, 1, 2]
    clock.now += SLOT_SECONDS - 0.01
    assert ask_all(queue, "abc") == [0, 1, 2]
    clock.now += 0.01
    assert ask_all(queue, "a") == [2]
    assert ask_all(queue, "bca") == [0, 1, 2]


def test_who_does_not_come_back_is_gone(clock):
    queue = TrainingQueue(lambda: 1, clock)
    assert ask_all(queue, "abc") == [0, 1, 2]
    clock.now += GONE_SECONDS
    assert ask_all(queue, "cb") == [2, 1]  # a was heard of just long enough ago
    clock.now += 0.01
    assert ask_all(queue, "cb") == [1, 0]
    assert len(queue) == 1


def test_the_number_at_once_may_change(clock):
    allowed = [1]
    queue = TrainingQueue(lambda: allowed[0], clock)
    assert ask_all(queue, "abc") == [0, 1, 2]
    allowed[0] = 3
    assert ask_all(queue, "cba") == [0, 0, 0]


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from(["ask", "ask", "ask", "leave"]), st.floats(0, 3))),
)
def test_never_more_than_allowed_and_nobody_idle_while_there_is_room(at_once, events):
    clock = Clock()
    queue, positions, heard = TrainingQueue(lambda: at_once, clock), {}, {}
    for name, what, seconds in events:
        clock.now += seconds
        heard[name] = clock.now
        if what == "leave":
            queue.leave(name)
            positions.pop(name, None)
            continue
        positions[name] = queue.ask(name)
        here = [other for other in positions if clock.now - heard[other] <= GONE_SECONDS]
        heard |= dict.fromkeys(here, clock.now)
        for other in sorted(here):
            queue.ask(other)  # one whose slot is over makes room for one that has asked before
        now = [queue.ask(other) for other in sorted(here)]
        positions.update(zip(sorted(here), now, strict=True))
        positions = {other: positions[other] for other in here}
        assert now.count(0) == min(at_once, len(here))
        assert sorted(position for position in now if position) == list(range(1, len(here) - now.count(0) + 1))


def test_all_train_for_equally_long(clock):
    queue = TrainingQueue(lambda: 2, clock)
    trained = dict.fromkeys("abcdefg", 0)
    for _ in range(7 * 60):
        for name in trained:
            trained[name] += queue.ask(name) == 0
        clock.now += 1.0
    assert max(trained.values()) - min(trained.values()) <= 2 * SLOT_SECONDS
    assert 0.85 < sum(trained.values()) / (2 * 7 * 60) <= 1  # who comes next hears of it a second later


def test_a_closed_tab_leaves_at_once():
    test = press(app("train", **{"training.epochs": "2000"}), "Play")
    visitor = test.session_state.session
    assert visitor.playing
    assert visitor.name in {*QUEUE._since, *QUEUE._waiting}
    clear_session_resource_cache(SESSION)  # as Streamlit does when the connection ends
    assert visitor.name not in {*QUEUE._since, *QUEUE._waiting}
