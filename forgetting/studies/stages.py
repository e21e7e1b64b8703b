"""Stages of a forward pass: what no randomized layer reaches is computed once for many variants of a model.

A stage is a module of the model. What it gives can depend only on layers that were used before it was done, so the
first evaluation is watched for the order in which layers are used, and what a stage gave is given again to each later
variant in which those layers are as they were.
"""

import copy
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

STAGES_MEMORY = 512 * 2**20  # bytes of what stages gave that are kept at once, in each process

Key = tuple[tuple[str, int], ...]  # the randomized layers that a stage depends on, each at one of the planned doses


class StageCache:
    """What the stages of a model gave in its evaluations, by the state of the layers that each depends on.

    Args:
        model: The model, whose layers are randomized in place.
        stages: Modules of it.
        parameters: The parameters of each layer, by its name.
        sets: The layer sets that are evaluated, in their order, at one dose after another.
        most: Bytes that may be kept.
    """

    def __init__(
        self,
        model: nn.Module,
        stages: Sequence[nn.Module],
        parameters: Mapping[str, Collection[torch.Tensor]],
        sets: Sequence[Collection[str]],
        most: int = STAGES_MEMORY,
    ):
        self.model, self.stages, self.parameters, self.sets = model, stages, parameters, sets
        self.free = most
        self.copied: set[int] = set()  # the stages whose results someone writes into, so that copies are kept
        self.depends: list[set[str]] = []  # of each stage the layers that it depends on; empty until one is watched
        self.last: list[dict[frozenset[str], int]] = []  # of each stage, where the last set is that shares its layers
        self.kept: dict[tuple[int, Key], Record] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """A context in which the original is evaluated, and the order is found in which it uses its layers."""
        owners = {id(value): name for name, values in self.parameters.items() for value in values}
        depends: list[set[str]] = [set() for _ in self.stages]
        used: set[str] = set()
        ever: set[str] = set()
        records = [Record(stage in self.copied) for stage in range(len(self.stages))]

        def use(names: Collection[str]) -> None:
            used.update(names)
            ever.update(names)

        with ExitStack() as hooks:
            hooks.enter_context(_Uses(owners, use))
            hooks.callback(self.model.register_forward_pre_hook(lambda *_: used.clear()).remove)
            for module in self.model.modules():
                own = {owners[id(value)] for value in module.parameters(recurse=False) if id(value) in owners}
                if own:
                    hooks.callback(module.register_forward_pre_hook(lambda *_, own=own: use(own)).remove)
            for stage, found, record in zip(self.stages, depends, records, strict=True):
                hooks.callback(stage.register_forward_hook(lambda *_, found=found: found.update(used)).remove)
                hooks.enter_context(_forward(stage, self._once(stage.forward, None, record)))
            yield
        unseen = self.parameters.keys() - ever  # whoever was not seen may be used anywhere
        self.depends = [found | unseen for found in depends]
        for found in self.depends:
            self.last.append({frozenset(found.intersection(names)): place for place, names in enumerate(self.sets)})
        self._keep({(stage, ()): record for stage, record in enumerate(records) if self._needed(stage, (), -1)})

    def reuses(self, state: Mapping[str, int]) -> bool:
        """Whether something is kept for a state of the model."""
        return any((stage, self._key(stage, state)) in self.kept for stage in range(len(self.stages)))

    @contextmanager
    def evaluating(self, place: int, state: Mapping[str, int]) -> Iterator[None]:
        """A context in which the model is evaluated, and stages give what they gave before.

        Args:
            place: Which of the sets is randomized; −1 for none.
            state: Which of the planned doses each randomized layer is at, by its name.
        """
        new: dict[tuple[int, Key], Record] = {}
        with ExitStack() as patches:
            for stage, module in enumerate(self.stages):
                key = (stage, self._key(stage, state))
                if key not in self.kept and self._needed(*key, place):
                    new[key] = Record(stage in self.copied)
                if key in self.kept or key in new:
                    forward = self._once(module.forward, self.kept.get(key), new.get(key))
                    patches.enter_context(_forward(module, forward))
            yield
        for key in [key for key, record in self.kept.items() if not record.intact]:
            self.free += self.kept.pop(key).size
            self.copied.add(key[0])
        self._keep(new)
        now = set(state.values())
        for key in [key for key in self.kept if key[1] and not (self._needed(*key, place) and now == {key[1][0][1]})]:
            self.free += self.kept.pop(key).size

    def _keep(self, records: Mapping[tuple[int, Key], "Record"]) -> None:
        """Keep what stages gave; of a stage that did not run, or does not fit, nothing."""
        for key, record in records.items():
            if not record.intact:
                self.copied.add(key[0])
            elif record.given and self.free >= record.size:
                self.kept[key] = record
                self.free -= record.size

    def _key(self, stage: int, state: Mapping[str, int]) -> Key:
        return tuple(sorted(item for item in state.items() if layer_of(item[0]) in self.depends[stage]))

    def _needed(self, stage: int, key: Key, place: int) -> bool:
        """Whether a later set has the same layers before the stage; a stage without any is needed at each dose."""
        shared = frozenset(layer_of(name) for name, _ in key)
        return self.last[stage].get(shared, -1) > (place if shared else -1)

    def _once(self, forward: Callable, known: "Record | None", new: "Record | None") -> Callable:
        """A forward pass that gives again what it gave, call by call, or keeps what it gives."""
        calls = iter(known.given if known else ())

        def again(*args: Any, **kwargs: Any) -> Any:
            for found in calls:
                return copy.deepcopy(found) if known.copied else found
            given = forward(*args, **kwargs)
            if new is not None and new.size <= self.free:
                new.add(given)
            return given

        return again


class Record:
    """What a stage gave in the calls of one evaluation.

    Args:
        copied: Whether copies are kept and given again, as someone writes into what the stage gives.
    """

    def __init__(self, copied: bool):
        self.copied = copied
        self.given: list[Any] = []
        self.size = 0  # bytes
        self.versions: list[tuple[torch.Tensor, int]] = []

    def add(self, given: Any) -> None:
        """Keep what the stage gave in a call."""
        copies: dict[int, Any] = {}
        found = copy.deepcopy(given, copies) if self.copied else given
        tensors = _tensors(found)
        if tensors is None or any(value.is_inference() for value in tensors):  # which nobody sees change
            self.copied = True
            found = copy.deepcopy(given, copies)
            tensors = [value for value in copies.values() if isinstance(value, torch.Tensor)]
        self.given.append(found)
        self.size += sum(value.nbytes for value in tensors)
        if not self.copied:
            self.versions += [(value, value._version) for value in tensors]

    @property
    def intact(self) -> bool:
        """Whether nobody has written into what is kept."""
        return all(value._version == version for value, version in self.versions)


def _tensors(value: Any) -> list[torch.Tensor] | None:
    """The tensors of what a module gave; None where it is of another kind, whose changes cannot be told."""
    if isinstance(value, torch.Tensor):
        return [value]
    if value is None or isinstance(value, int | float | str):
        return []
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else None
    if items is None:
        return None
    found = [_tensors(item) for item in items]
    return None if None in found else [tensor for tensors in found for tensor in tensors]


def layer_of(name: str) -> str:
    """The layer that a name of a layer or of a part of one, such as "rnn:l0", lies in."""
    return name.split(":")[0]


class _Uses(TorchFunctionMode):
    """Tells which layers' parameters torch's functions are given."""

    def __init__(self, owners: Mapping[int, str], use: Callable):
        super().__init__()
        self.owners, self.use = owners, use

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        found = [*args, *(kwargs or {}).values()]
        flat = [item for value in found for item in (value if isinstance(value, list | tuple) else (value,))]
        self.use({self.owners[id(item)] for item in flat if id(item) in self.owners})
        return function(*args, **(kwargs or {}))


@contextmanager
def _forward(module: nn.Module, forward: Callable) -> Iterator[None]:
    """A context in which a module's forward pass is another."""
    before = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before
