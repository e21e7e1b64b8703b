"""A recipe as the parameters of a web address: only what differs from its protocol's defaults, in readable text."""

from collections.abc import Mapping

from forgetting.core.errors import RecipeError
from forgetting.core.settings import format_value, parse_value
from forgetting.recipe.recipe import PROTOCOLS, Recipe

PROTOCOL = "protocol"


def encode_query(recipe: Recipe) -> dict[str, str]:
    """Parameters that `decode` reads back as the same recipe; empty for the default one."""
    ready = PROTOCOLS[recipe.protocol]
    changed = {name: recipe.value(name) for name in Recipe.leaves() if recipe.value(name) != ready.value(name)}
    named = {PROTOCOL: recipe.protocol} if recipe.protocol != "modern" else {}
    return named | {name: format_value(value) for name, value in changed.items()}


def decode_query(parameters: Mapping[str, str]) -> tuple[Recipe, list[str]]:
    """The recipe of an address, and a sentence for each parameter that is unknown or impossible.

    Such a parameter is left at its default. Parameters that fit only together may come in any order.
    """
    leaves, sentences = Recipe.leaves(), []
    recipe = PROTOCOLS.get(parameters.get(PROTOCOL, "modern"))
    if recipe is None:
        recipe = PROTOCOLS["modern"]
        sentences.append(f"The address asks for the unknown protocol {parameters[PROTOCOL][:80]!r}; modern is used.")
    pending = {name: text for name, text in parameters.items() if name != PROTOCOL}
    for name in [name for name in pending if name not in leaves]:
        sentences.append(f"The address holds the unknown setting {name[:80]!r}; it is ignored.")
        del pending[name]
    errors = {}
    while pending:
        failed = {}
        for name, text in pending.items():
            try:
                recipe = recipe.with_value(name, parse_value(leaves[name], text))
            except RecipeError as error:
                failed[name], errors[name] = text, str(error)
        if len(failed) == len(pending):
            break
        pending = failed
    return recipe, sentences + [f"From the address: {errors[name]}" for name in pending]
