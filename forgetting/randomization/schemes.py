"""Schemes: what a randomized unit becomes. A scheme is a function of `Draws`, in one table by name.

Recipes name the schemes without torch, so that it is imported where a scheme is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Draws:
    """What a scheme may use, for one layer.

    The last four are computed once for all fractions of a path, and only where a scheme calls them.

    Attributes:
        units: The original units, (n, values of a unit).
        chosen: Positions of the units that get new values, in the order of the path, (count,) int64.
        source: The layer's random stream for this scheme, from its start.
        scale: Standard deviation of the scheme "noise", in standard deviations of the layer.
        gaussian: Draws from N(0, 1) for all units, (n, values of a unit), so that a larger fraction finds the same.
        shuffled: The order of the first so many of the chosen units after a shuffle; see `Shuffle`.
        fresh: All units as the layer's initializer would draw them, (n, values of a unit).
        initial: All units as they were before training, (n, values of a unit).
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
    """A shuffle of the first items of a list, which a shuffle of more items continues.

    Inside-out Fisher–Yates (Knuth, The Art of Computer Programming 2, 3.4.2): the i-th item swaps with one drawn from
    the first i, so a larger shuffle begins as a smaller one did.

    Args:
        count: The most items that are ever shuffled.
        source: Generator of the draws, which are all made here.
    """

    def __init__(self, count: int, source: torch.Generator):
        import torch

        uniform = torch.rand(count, generator=source, dtype=torch.float64)
        self.partners = (uniform * torch.arange(1, count + 1)).long().tolist()
        self.order: list[int] = []

    def __call__(self, count: int) -> torch.Tensor:
        """Which of the first `count` items comes to each position, (count,) int64."""
        import torch

        order = self.order if len(self.order) <= count else []
        for position, partner in enumerate(self.partners[len(order) : count], start=len(order)):
            order.append(position)
            order[position], order[partner] = order[partner], order[position]
        self.order = order
        return torch.from_numpy(np.array(order, dtype=np.int64))


def _normal(draws: Draws) -> torch.Tensor:
    """A draw from N(0, 1), as in the published experiment."""
    return draws.gaussian()[draws.chosen]


def _reinit(draws: Draws) -> torch.Tensor:
    """A fresh draw from the layer's initializer."""
    return draws.fresh()[draws.chosen]


def _rewind(draws: Draws) -> torch.Tensor:
    """The values from before training."""
    return draws.initial()[draws.chosen]


def _permute(draws: Draws) -> torch.Tensor:
    """The chosen units' values, shuffled among them."""
    return draws.units[draws.chosen[draws.shuffled(len(draws.chosen))]]


def _zero(draws: Draws) -> torch.Tensor:
    """Zeros."""
    import torch

    return torch.zeros_like(draws.units[draws.chosen])


def _noise(draws: Draws) -> torch.Tensor:
    """The values plus a draw from N(0, σ²), where σ is scale · standard deviation of the layer."""
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

# Their new values are not drawn: at fraction 1 all seeds give the same model.
DETERMINISTIC = frozenset({"rewind", "zero"})
# A unit's new value may change as the fraction grows. With all other schemes it stays the same.
NOT_NESTED = frozenset({"permute"})
