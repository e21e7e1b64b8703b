"""Schemes: what a randomized unit becomes. A scheme is a function of `Draws`, in one table by name.

Recipes name the schemes without torch, so that it is imported where a scheme is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Draws:
    """What a scheme may use, for one layer.

    What is called is computed once for all fractions of a path, and only where a scheme calls it.

    Attributes:
        units: The original units, (n, values of a unit).
        chosen: Positions of the units that get new values, in the order of the path, (count,) int32, or
            int64 of more units than that holds.
        source: The layer's random stream for this scheme, from its start.
        scale: Standard deviation of the scheme "noise", in standard deviations of the parameter.
        gaussian: Draws from N(0, 1) for all units, (n, values of a unit), so that a larger fraction finds the same.
        shuffled: The chosen units in another order, in which each stays within its parameter; see `Shuffles`.
        deviation: The standard deviation of the parameter that each value belongs to, (n, values of a unit).
        fresh: All units as the layer's initializer would draw them, (n, values of a unit).
        initial: All units as they were before training, (n, values of a unit).
    """

    units: torch.Tensor
    chosen: torch.Tensor
    source: torch.Generator
    scale: float
    gaussian: Callable[[], torch.Tensor]
    shuffled: Callable[[torch.Tensor], torch.Tensor]
    deviation: Callable[[], torch.Tensor]
    fresh: Callable[[], torch.Tensor]
    initial: Callable[[], torch.Tensor]


class Shuffle:
    """A shuffle of the first items of a list, which a shuffle of more items continues.

    Inside-out Fisher–Yates (Knuth, The Art of Computer Programming 2, 3.4.2): the i-th item swaps with one drawn from
    the first i, so a larger shuffle begins as a smaller one did.

    Args:
        uniform: Draws from U(0, 1), as many as there are items at the most, (items,) float64.
    """

    def __init__(self, uniform: torch.Tensor):
        import torch

        self.partners = (uniform * torch.arange(1, len(uniform) + 1)).long().tolist()
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


class Shuffles:
    """Shuffles of the units of each parameter among themselves, never across parameters.

    Args:
        count: Number of units.
        spans: First and last unit of each parameter.
        source: Generator of the draws, which are all made here.
    """

    def __init__(self, count: int, spans: Iterable[tuple[int, int]], source: torch.Generator):
        import torch

        uniform = torch.rand(count, generator=source, dtype=torch.float64)
        self.shuffles = {(start, end): Shuffle(uniform[start:end]) for start, end in spans}

    def __call__(self, chosen: torch.Tensor) -> torch.Tensor:
        """Which of the units comes to the place of each of the chosen ones, (count,) int64."""
        import torch

        found = torch.empty_like(chosen)
        for (start, end), shuffle in self.shuffles.items():
            own = (chosen >= start) & (chosen < end)
            places = chosen[own]
            found[own] = places[shuffle(len(places))]
        return found


def _normal(draws: Draws) -> torch.Tensor:
    """A draw from N(0, 1), as in the published experiment."""
    return draws.gaussian().index_select(0, draws.chosen)


def _reinit(draws: Draws) -> torch.Tensor:
    """A fresh draw from the layer's initializer."""
    return draws.fresh().index_select(0, draws.chosen)


def _rewind(draws: Draws) -> torch.Tensor:
    """The values from before training."""
    return draws.initial().index_select(0, draws.chosen)


def _permute(draws: Draws) -> torch.Tensor:
    """The chosen units' values, shuffled among those of the same parameter."""
    return draws.units[draws.shuffled(draws.chosen)]


def _zero(draws: Draws) -> torch.Tensor:
    """Zeros."""
    return draws.units.new_zeros(len(draws.chosen), draws.units.shape[1])


def _noise(draws: Draws) -> torch.Tensor:
    """The values plus a draw from N(0, σ²), where σ is scale · standard deviation of the parameter."""
    spread = draws.scale * draws.deviation()[draws.chosen]
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
