"""Owned randomness: every draw of the library comes from a generator made here from a seed and a purpose.

torch's and numpy's global random states are neither read nor moved, so two people's work in one process cannot
disturb each other.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils._python_dispatch import TorchDispatchMode


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """Make a generator on the CPU, whose stream differs for each seed and purpose.

    Args:
        seed: The seed of a recipe.
        purpose: What is drawn ("dropout", "fc1" …).

    Returns:
        A generator at the beginning of its stream.
    """
    digest = hashlib.sha256(json.dumps([seed, *purpose]).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def second_seed(seed: int) -> int:
    """The seed of a second model beside that of `seed`, far from the seeds of the same plan, in [0, 2³²)."""
    return (seed + 2**31) % 2**32


def pin_threads(count: int = 1) -> None:
    """Fix how many threads torch and linear algebra use in this process: entry points call it, the library never does.

    Sums of large dense products depend on that number, so the same recipe gives the same bits only at the same one.
    With one, results do not depend on how many cores a machine has, and several people share the cores fairly. What
    numpy and scipy leave spinning after a product would also slow whatever is timed next.
    """
    torch.set_num_threads(count)
    threadpool_limits(count, user_api="blas")


class OwnedDraws(TorchDispatchMode):
    """A context in which this thread's random draws on the CPU use a generator where they name none.

    torch's layer initializers (`reset_parameters`) take no generator and would move the global state.

    Args:
        source: The generator.
    """

    def __init__(self, source: torch.Generator):
        super().__init__()
        self.source = source

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: torch's way of skipping its compiler is to import it, for 2 s, and nothing here is compiled."""
        return False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if kwargs.get("generator") is None:
            # torch.rand, randn, randint and randperm have an overload with a generator besides the same arguments.
            name = {"default": "generator", "low": "low_generator"}.get(function._overloadname)
            if name in function.overloadpacket.overloads():
                function = getattr(function.overloadpacket, name)
            if any(argument.name == "generator" for argument in function._schema.arguments):
                kwargs["generator"] = self.source
        return function(*args, **kwargs)


def initialize(layer: torch.nn.Module, source: torch.Generator) -> None:
    """Draw a layer's parameters anew, in place, by its initializer.

    Args:
        layer: The layer.
        source: The generator of the draws.

    Raises:
        AttributeError: The layer has no initializer.
    """
    reset = getattr(layer, "reset_parameters", None) or layer._reset_parameters
    with OwnedDraws(source):
        reset()


@contextmanager
def kept_global_state() -> Iterator[None]:
    """A context after which torch's random state on the CPU, numpy's old one and Python's are as they were before."""
    before = torch.default_generator.get_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        torch.default_generator.set_state(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        random.setstate(before[2])


@contextmanager
def lent_global_state(seed: int) -> Iterator[Callable[[], bool]]:
    """A context in which the global random states begin at a seed; they are put back as they were.

    It is for functions of other people, who may draw from them: what they draw is the same in each call.

    Args:
        seed: The seed of torch's state on the CPU, of numpy's old state and of Python's.

    Yields:
        A function that tells whether someone has drawn from one of them.
    """
    with kept_global_state():
        torch.default_generator.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        start = _global_states()
        yield lambda: _global_states() != start


def _global_states() -> tuple:
    numpy = np.random.get_state()  # noqa: NPY002
    return bytes(torch.default_generator.get_state().numpy()), numpy[1].tobytes(), numpy[2:], random.getstate()
