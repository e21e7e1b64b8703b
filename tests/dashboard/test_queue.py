"""The line of those who want to train: order, turns, who is gone; by a clock of the test's own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.dashboard.state.queue import GONE_SECONDS, SLOT_SECONDS, TrainingQueue


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def places(line: TrainingQueue, names: str) -> list[int]:
    return [line.ask(name) for name in names]


def test_one_alone_always_has_its_turn(clock):
    line = TrainingQueue(lambda: 1, clock)
    for _ in range(100):
        assert line.ask("a") == 0
        clock.now += SLOT_SECONDS / 3
    assert len(line) == 0


def test_others_wait_in_the_order_they_came(clock):
    line = TrainingQueue(lambda: 2, clock)
    assert places(line, "abcde") == [0, 0, 1, 2, 3]
    assert places(line, "edcba") == [3, 2, 1, 0, 0]  # asking again changes nothing
    assert len(line) == 3


def test_who_leaves_makes_room(clock):
    line = TrainingQueue(lambda: 1, clock)
    assert places(line, "abcd") == [0, 1, 2, 3]
    line.leave("c")
    line.leave("nobody")
    assert places(line, "abd") == [0, 1, 2]
    line.leave("a")
    assert places(line, "db") == [1, 0] or places(line, "bd") == [0, 1]


def test_a_turn_that_is_over_goes_on_after_all_who_wait(clock):
    line = TrainingQueue(lambda: 1, clock)
    assert places(line, "abc") == [0, 1, 2]
    clock.now += SLOT_SECONDS - 0.01
    assert places(line, "abc") == [0, 1, 2]
    clock.now += 0.01
    assert places(line, "a") == [2]
    assert places(line, "bca") == [0, 1, 2]


def test_who_does_not_come_back_is_gone(clock):
    line = TrainingQueue(lambda: 1, clock)
    assert places(line, "abc") == [0, 1, 2]
    clock.now += GONE_SECONDS
    assert places(line, "cb") == [2, 1]  # a was heard of just long enough ago
    clock.now += 0.01
    assert places(line, "cb") == [1, 0]
    assert len(line) == 1


def test_the_number_at_once_may_change(clock):
    allowed = [1]
    line = TrainingQueue(lambda: allowed[0], clock)
    assert places(line, "abc") == [0, 1, 2]
    allowed[0] = 3
    assert places(line, "cba") == [0, 0, 0]


@settings(deadline=None)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from(["ask", "ask", "ask", "leave"]), st.floats(0, 3))),
)
def test_never_more_than_allowed_and_nobody_idle_while_there_is_room(at_once, events):
    clock = Clock()
    line, told, heard = TrainingQueue(lambda: at_once, clock), {}, {}
    for name, what, seconds in events:
        clock.now += seconds
        heard[name] = clock.now
        if what == "leave":
            line.leave(name)
            told.pop(name, None)
            continue
        told[name] = line.ask(name)
        here = [other for other in told if clock.now - heard[other] <= GONE_SECONDS]
        heard |= dict.fromkeys(here, clock.now)
        for other in sorted(here):
            line.ask(other)  # whose turn is over hands it on to who may have asked before
        in_line = [line.ask(other) for other in sorted(here)]
        told.update(zip(sorted(here), in_line, strict=True))
        told = {other: told[other] for other in here}
        assert in_line.count(0) == min(at_once, len(here))
        assert sorted(place for place in in_line if place) == list(range(1, len(here) - in_line.count(0) + 1))


def test_everyone_gets_an_equal_share(clock):
    line = TrainingQueue(lambda: 2, clock)
    trained = dict.fromkeys("abcdefg", 0)
    for _ in range(7 * 60):
        for name in trained:
            trained[name] += line.ask(name) == 0
        clock.now += 1.0
    assert max(trained.values()) - min(trained.values()) <= 2 * SLOT_SECONDS
    assert 0.85 < sum(trained.values()) / (2 * 7 * 60) <= 1  # who comes next hears of it a second later
