"""The shuffle that goes on from a smaller one, against one written out naively, and the schemes on values by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.randomization.schemes import NOT_NESTED, SCHEMES, Draws, Shuffle, Shuffles


def shuffle(count, seed):
    return Shuffle(torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


def naive(count, total, seed):
    """Inside-out Fisher–Yates as Knuth writes it down, over the same draws."""
    uniform = torch.rand(total, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).tolist()
    order = [None] * count
    for number in range(count):
        drawn = int(uniform[number] * (number + 1))
        order[number] = order[drawn] if drawn != number else number
        order[drawn] = number
    return order


COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=8)


@settings(deadline=None)
@given(COUNTS, st.integers(0, 2**32 - 1))
def test_a_shuffle_taken_up_again_is_that_from_scratch(counts, seed):
    """Whether the counts rise or fall."""
    resumed = shuffle(40, seed)
    for count in counts:
        found = resumed(count)
        assert found.dtype == torch.int64
        assert found.tolist() == shuffle(40, seed)(count).tolist() == naive(count, 40, seed)
        assert sorted(found.tolist()) == list(range(count))


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_one_more_swaps_it_with_one_of_those_before(count, seed):
    shuffled = shuffle(40, seed)
    before, after = [*shuffled(count - 1).tolist(), count - 1], shuffled(count).tolist()
    places = [place for place in range(count) if before[place] != after[place]]
    assert len(places) in (0, 2)
    if places:
        assert places[1] == count - 1
        assert [before[place] for place in places] == [after[place] for place in reversed(places)]


def test_what_was_given_out_does_not_change():
    shuffled = shuffle(30, 5)
    first = shuffled(10)
    before = first.clone()
    shuffled(30)
    assert torch.equal(first, before)
    first.zero_()
    assert torch.equal(shuffled(10), before)


def test_every_order_comes_equally_often():
    counts = {}
    for seed in range(2_400):
        order = tuple(shuffle(3, seed)(3).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert max(abs(count - 400) for count in counts.values()) < 92  # five standard errors


def test_units_are_shuffled_within_their_parameter():
    """Each as if the others were not there, and one more of the one moves none of the other."""
    chosen = torch.tensor([7, 2, 0, 9, 5, 1, 8])
    found = Shuffles(10, [(0, 4), (4, 10)], torch.Generator().manual_seed(3))(chosen).tolist()
    assert sorted(found[place] for place in (1, 2, 5)) == [0, 1, 2]
    assert sorted(found[place] for place in (0, 3, 4, 6)) == [5, 7, 8, 9]
    alone = Shuffles(10, [(0, 4), (4, 10)], torch.Generator().manual_seed(3))(torch.tensor([2, 0, 1])).tolist()
    assert alone == [found[place] for place in (1, 2, 5)]


UNITS = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
CHOSEN = torch.tensor([3, 0, 2])


def draws():
    def refuse(*asked):
        raise AssertionError(f"this scheme has no use for that {asked}")

    return {
        "units": UNITS,
        "chosen": CHOSEN,
        "source": torch.Generator(),
        "scale": 2.0,
        **dict.fromkeys(("gaussian", "fresh", "initial", "deviation"), refuse),
        "shuffled": lambda chosen: refuse(chosen),
    }


@pytest.mark.parametrize(
    ("scheme", "given_as", "expected"),
    [
        ("normal", {"gaussian": lambda: -UNITS}, [[-7, -8], [-1, -2], [-5, -6]]),
        ("reinit", {"fresh": lambda: UNITS / 2}, [[3.5, 4], [0.5, 1], [2.5, 3]]),
        ("rewind", {"initial": lambda: UNITS + 10}, [[17, 18], [11, 12], [15, 16]]),
        ("permute", {"shuffled": lambda chosen: chosen.roll(1)}, [[5, 6], [7, 8], [1, 2]]),
        ("zero", {}, [[0, 0]] * 3),
        # twice the deviations are 4 and 6 in the one column and in the other
        (
            "noise",
            {"gaussian": lambda: torch.full((4, 2), 0.5), "deviation": lambda: torch.tensor([[2.0, 3.0]] * 4)},
            [[9, 11], [3, 5], [7, 9]],
        ),
    ],
)
def test_a_scheme_by_hand(scheme, given_as, expected):
    """Each asks for nothing but what it needs."""
    found = SCHEMES[scheme](Draws(**(draws() | given_as)))
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32))


def test_every_scheme_is_proved():
    mark = next(mark for mark in test_a_scheme_by_hand.pytestmark if mark.name == "parametrize")
    assert {case[0] for case in mark.args[1]} == set(SCHEMES)
    assert set(SCHEMES) >= NOT_NESTED
