"""Patterns of layers, and the layer sets that they give: `[each:|down:|up:]PATTERN[+PATTERN…]`.

A PATTERN names modules: `*` stands for any text within a part of a dotted name, `**` for any number of parts. It takes
all layers at or below the modules that it matches. `PATTERN:PART` takes a part of each layer that it matches itself:
the parameters with that name ("rnn:weight_hh_*", "rnn:l0"), or a slice of them ("self_attn:in_proj[q]"); see
`forgetting.randomization.layers`. `PATTERN:*` is the whole of these layers, without the layers below them.
`PATTERN:skip` takes the layers that end the residual branches at or below each module: with the scheme "zero" at the
fraction 1 the module hands on what it is given ("each:blocks.*:skip").

What names mean in a model is decided by names alone, so that plans can be read without torch.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from forgetting.core.errors import RecipeError, shorten
from forgetting.randomization.residual import branch_ends

ALL = "all"
LAYER_SEPARATOR = "+"  # between the patterns of a set: "fc1+fc2"
PART_SEPARATOR = ":"  # between a layer and a part of it: "rnn:l0"
SKIP = "skip"  # the part that stands for the ends of residual branches
WHOLE = ":*"  # after the name of a layer that is meant without those below it
NEAR_NAMES = 6  # names in an error, at the most
WILDCARDS = 4  # in a pattern, at the most: looking for more could take very long

LayerSet = tuple[str, ...]


def _down(sets: Sequence[LayerSet]) -> list[Iterable[str]]:
    return [_joined(sets[-count:]) for count in range(1, len(sets) + 1)]


def _up(sets: Sequence[LayerSet]) -> list[Iterable[str]]:
    return [_joined(sets[:count]) for count in range(1, len(sets) + 1)]


FAMILIES: dict[str, Callable[[Sequence[LayerSet]], list[Iterable[str]]]] = {  # sets in the model's order → layer sets
    "each": list,
    ALL: lambda sets: [_joined(sets)],
    "down": _down,  # from the last set to all of them
    "up": _up,  # from the first set to all of them
}


def layer_sets(item: str, known: Sequence[str], setting: str = "sweep.layers") -> list[LayerSet]:
    """The layer sets that an item of a plan stands for, each once.

    Args:
        item: A family alone, of all layers; a family, ":" and patterns, of the modules that these match; or patterns.
        known: Names of the model's layers, in order.
        setting: Name of the setting that holds the item, for an error.

    Returns:
        The sets, each in the model's order.

    Raises:
        RecipeError: A pattern matches nothing, or a set holds a layer and a part of it.

    >>> layer_sets("each:blocks.*", ("words", "blocks.0.up", "blocks.0.down", "blocks.1.up"))
    [('blocks.0.up', 'blocks.0.down'), ('blocks.1.up',)]
    """
    known = tuple(known)
    family, separator, rest = item.partition(PART_SEPARATOR)
    if family not in FAMILIES or family in known:
        return [expand_set(item, known, setting, tuple(FAMILIES))]
    rule = _Rule(setting, tuple(FAMILIES), item, known)
    if not separator and item in _below(known):
        raise rule.error(f"{item}.** for the layers of the model's module {item!r}, or {item}:** for the family")
    sets = _matches(rest, rule) if separator else [(name,) for name in known]
    return list(dict.fromkeys(_ordered(names, rule) for names in FAMILIES[family](sets)))


def expand_set(
    text: str, known: Sequence[str], setting: str = "randomization.layers", families: Sequence[str] = (ALL,)
) -> LayerSet:
    """The layers, or parts of layers, of the set that `PATTERN[+PATTERN…]` stands for, in the model's order.

    Args:
        text: The patterns.
        known: Names of the model's layers, in order.
        setting: Name of the setting that holds the text, for an error.
        families: What else the setting may hold, for an error.

    Raises:
        RecipeError: A pattern matches nothing, or the set holds a layer and a part of it.

    >>> expand_set("blocks.*.up+words", ("words", "blocks.0.up", "blocks.0.down", "blocks.1.up"))
    ('words', 'blocks.0.up', 'blocks.1.up')
    """
    rule = _Rule(setting, tuple(families), text, tuple(known))
    return _ordered(_joined(_matches(text, rule)), rule)


def name_set(layers: Iterable[str], known: Sequence[str]) -> str:
    """The shortest name of a layer set, from which `expand_set` gives it back.

    A module whose layers are all in the set stands for them.

    Args:
        layers: Names of layers, and of parts of layers.
        known: Names of the model's layers, in order.

    >>> name_set(["blocks.0.up", "blocks.0.down", "words"], ("words", "blocks.0.up", "blocks.0.down", "blocks.1.up"))
    'words+blocks.0'
    """
    known, chosen = tuple(known), set(layers)
    below = _below(known)
    whole = [module for module, names in below.items() if module and chosen.issuperset(names)]
    found: dict[str, str] = {}  # layer → what stands for it
    for module in sorted(whole, key=len, reverse=True):  # the highest module comes last, and stays
        found |= dict.fromkeys(below[module], module)
    for name in chosen & set(known):
        if name in below and below[name] != (name,):
            found.setdefault(name, name + WHOLE)
        found.setdefault(name, name)
        if PART_SEPARATOR in name and found[name] == _module(name):
            found[name] = name
    parts = {name: name for name in chosen - set(known)}
    return LAYER_SEPARATOR.join(dict.fromkeys((found | parts)[name] for name in _sort(chosen, known)))


def matching_layers(text: str, known: Sequence[str]) -> LayerSet:
    """What `expand_set` gives, where a pattern that matches nothing is no error."""
    known = tuple(known)
    return _sort(
        _joined(names for pattern in _split(text, known) for names in _modules(pattern, known).values()), known
    )


class _Rule(NamedTuple):
    """What an error names: the setting, the families that it may hold, what it holds, and the model's layers."""

    setting: str
    families: tuple[str, ...]
    item: str
    known: LayerSet

    def error(self, rule: str) -> RecipeError:
        return RecipeError(f"{self.setting} must be {rule}; got {shorten(self.item, 80)!r}.")


def _matches(text: str, rule: _Rule) -> list[LayerSet]:
    """Of each module that any of the patterns matches, in the model's order, the layers that it takes."""
    known, found = rule.known, {}
    for pattern in _split(text, known):
        matched = _modules(pattern, known)
        if not matched and pattern.endswith(f"{PART_SEPARATOR}{SKIP}") and _modules(pattern[: -len(SKIP) - 1], known):
            raise rule.error(
                "modules with a layer that is known by its name to end a residual branch, or the ends' names"
            )
        if not matched:
            families = ", ".join(map(repr, rule.families))
            raise rule.error(
                f"layers of the model ({_near(pattern, known)}), sets of them joined by {LAYER_SEPARATOR!r}, "
                f"or {'one of ' if len(rule.families) > 1 else ''}{families}"
            )
        if (name := _owners(known).get(pattern, pattern)) != pattern:
            raise rule.error(
                f"{name!r}, or the layer that has the other parameters of {pattern!r} and shares them with it"
            )
        found |= matched
    places = {name: place for place, name in enumerate(known)}
    first = {module: min(places[_owner(name, places)] for name in names) for module, names in found.items()}
    return [found[module] for module in sorted(found, key=first.get)]


def _split(text: str, known: LayerSet) -> list[str]:
    return [text] if text in known else text.split(LAYER_SEPARATOR)


@lru_cache(maxsize=1_024)
def _modules(pattern: str, known: LayerSet) -> dict[str, LayerSet]:
    """The modules that a pattern matches, each with the layers or parts of layers that it takes."""
    if pattern in known and PART_SEPARATOR in pattern:
        return {pattern: (pattern,)}
    if len(re.findall(r"\*+", pattern)) > WILDCARDS:
        return {}
    module, separator, part = pattern.partition(PART_SEPARATOR)
    below = _below(known)
    if not module:
        matched = [name for name in below if name == "" and "" in known]
    elif "*" in module:
        matched = list(filter(_compile(module).fullmatch, below))
    else:
        matched = [module] if module in below else []
    if not separator:
        return {name: below[name] for name in matched if name or not module}
    if part == SKIP:
        ends = set(branch_ends(known))
        found = {f"{name}:{SKIP}": tuple(layer for layer in below[name] if layer in ends) for name in matched}
        return {name: layers for name, layers in found.items() if layers}
    own = _owners(known)
    if part == "*":
        return {name + WHOLE: (own[name],) for name in matched if name in own}
    return {f"{name}:{part}": (f"{name}:{part}",) for name in matched if name in own and part}


@lru_cache(maxsize=1_024)
def _compile(pattern: str) -> re.Pattern:
    """A pattern of module names as a regular expression."""
    text = re.sub(r"\*{3,}", "**", re.escape(pattern).replace(r"\*", "*"))
    for written, meant in ((r"**\.", r"(?:.+\.)?"), (r"\.**", r"(?:\..+)?"), ("**", ".*"), ("*", "[^.]*")):
        text = text.replace(written, meant.replace("*", "\0"))
    return re.compile(text.replace("\0", "*"))


@lru_cache(maxsize=64)
def _below(known: LayerSet) -> dict[str, LayerSet]:
    """Every module by name, with the layers at or below it; the whole model is ""."""
    found: dict[str, list[str]] = {}
    for name in known:
        steps = [step for step in _module(name).split(".") if step]
        for depth in range(len(steps) + 1):
            found.setdefault(".".join(steps[:depth]), []).append(name)
    return {module: tuple(names) for module, names in found.items()}


@lru_cache(maxsize=64)
def _owners(known: LayerSet) -> dict[str, str]:
    """The layer, which may be a part, of each module that has one."""
    return {_module(name): name for name in known}


def _module(name: str) -> str:
    """The module of a layer or of a part of it."""
    return name.partition(PART_SEPARATOR)[0]


def _owner(name: str, known: Iterable[str]) -> str:
    """The layer of `known` that a name stands for, or that has it as a part."""
    if name in known:
        return name
    return next(layer for layer in known if _module(layer) == _module(name))


def _joined(sets: Iterable[Iterable[str]]) -> LayerSet:
    return tuple(dict.fromkeys(name for names in sets for name in names))


def _sort(names: Iterable[str], known: LayerSet) -> LayerSet:
    places = {name: place for place, name in enumerate(known)}
    return tuple(sorted(dict.fromkeys(names), key=lambda name: (places[_owner(name, places)], name)))


def _ordered(names: Iterable[str], rule: _Rule) -> LayerSet:
    """Names in the model's order; a layer and a part of it cannot be in one set."""
    names = _sort(names, rule.known)
    for name in names:
        whole = _owner(name, rule.known)
        if name != whole and whole in names:
            raise rule.error(f"sets that hold a layer or parts of it, and not {whole!r} with {name!r}")
    return names


def _near(pattern: str, known: LayerSet) -> str:
    """The layers for an error: all where they are few, else the modules whose names are nearest, and how many there
    are."""
    if len(known) <= NEAR_NAMES:
        return ", ".join(known)
    modules = [name for name in _below(known) if name]
    pattern = _module(pattern)
    near = get_close_matches(pattern, modules, NEAR_NAMES, cutoff=0.5) or list(known[:NEAR_NAMES])
    return f"{len(known):,} layers, such as {', '.join(shorten(name) for name in near)}"
