"""Schemes: what a randomized unit becomes. A scheme is a function of what it may use, in one table by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True, eq=False)
class Draws:
    """What a scheme may use, for one layer.

    units: (n, values of a unit) as they are. chosen: (count,) those that get new values, in the order of the path.
    source: randomness of the layer's own, from its start. scale: of "noise". Made once for all doses, and asked for
    only where needed: gaussian (n, values of a unit), a draw from N(0, 1) for every unit, chosen or not, so that a
    larger dose finds the same values; shuffled, the order of the first so many after a shuffle, see `Shuffle`; fresh
    and initial, the units as the layer's own initializer would draw them, and as they were before training.
    """

    units: torch.Tensor
    chosen: torch.Tensor
    source: torch.Generator
    scale: float
    gaussian: Callable[[], torch.Tensor]
    shuffled: Callable[[int], torch.Tensor]
    fresh: Callable[[], torch.Tensor]
    initial: Callable[[], torch.Tensor]


class Shuffle:
    """A shuffle of the first so many of n things, which a shuffle of more of them goes on from.

    Inside-out Fisher–Yates (Knuth, The Art of Computer Programming 2, 3.4.2): the i-th swaps with one drawn from the
    first i, so a larger shuffle begins as a smaller one did.
    """

    def __init__(self, count: int, source: torch.Generator):
        uniform = torch.rand(count, generator=source, dtype=torch.float64)
        self.partners = (uniform * torch.arange(1, count + 1)).long().tolist()
        self.order: list[int] = []

    def __call__(self, count: int) -> torch.Tensor:
        """Which of the first `count` things comes to each of their places, (count,) int64."""
        order = self.order if len(self.order) <= count else []
        for position, partner in enumerate(self.partners[len(order) : count], start=len(order)):
            order.append(position)
            order[position], order[partner] = order[partner], order[position]
        self.order = order
        return torch.from_numpy(np.array(order, dtype=np.int64))


def _normal(draws: Draws) -> torch.Tensor:
    """N(0, 1), the published one."""
    return draws.gaussian()[draws.chosen]


def _reinit(draws: Draws) -> torch.Tensor:
    """A fresh draw from the layer's own initializer."""
    return draws.fresh()[draws.chosen]


def _rewind(draws: Draws) -> torch.Tensor:
    """Back to before training."""
    return draws.initial()[draws.chosen]


def _permute(draws: Draws) -> torch.Tensor:
    """Shuffled among themselves."""
    return draws.units[draws.chosen[draws.shuffled(len(draws.chosen))]]


def _zero(draws: Draws) -> torch.Tensor:
    """Set to zero."""
    return torch.zeros_like(draws.units[draws.chosen])


def _noise(draws: Draws) -> torch.Tensor:
    """Plus N(0, scale · standard deviation of the layer)."""
    spread = draws.scale * draws.units.std(correction=0)
    return draws.units[draws.chosen] + spread * draws.gaussian()[draws.chosen]


SCHEMES: dict[str, Callable[[Draws], torch.Tensor]] = {
    "normal": _normal,
    "reinit": _reinit,
    "rewind": _rewind,
    "permute": _permute,
    "zero": _zero,
    "noise": _noise,
}

DETERMINISTIC = frozenset(
    {"rewind", "zero"}
)  # what replaces a unit is not drawn: at dose 1 all seeds give the same model
NOT_NESTED = frozenset(
    {"permute"}
)  # a unit's new value may change with the dose; the others' values nest like the units
