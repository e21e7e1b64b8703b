"""A recipe as the parameters of a web address: only what differs from its protocol's defaults, in readable text."""

from collections.abc import Mapping
from dataclasses import replace

from forgetting.core.errors import RecipeError
from forgetting.core.settings import format_value, parse_value
from forgetting.recipe.recipe import MODERN, PROTOCOLS, Recipe
from forgetting.recipe.renamed import RENAMED

PROTOCOL, TAB = "protocol", "tab"  # the parameters that name a protocol, and the tab of a page that a link opens
OPENING_PAGE = "overview"  # where an empty address stands for a first visit, not for the defaults
KIND = "model.kind"
DEFAULTS = {PROTOCOL: MODERN.protocol}  # the parameters of the defaults where an empty address is something else
ADDRESS = ("The address", "From the address")  # how the sentences about parameters begin
# What mail programs, networks and search engines hang on to a link to count those who follow it.
FOREIGN = {
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "ttclid", "yclid", "igshid", "igsh",
    "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "vero_id", "wickedid", "_ga", "_gl", "_hsenc", "_hsmi", "hsctatracking",
    "ref", "ref_src", "ref_url", "si", "srsltid", "trk",
}  # fmt: skip
FOREIGN_PREFIXES = ("utm_", "pk_", "mtm_", "matomo_", "oly_", "hsa_")


def encode_query(recipe: Recipe) -> dict[str, str]:
    """The parameters that `decode_query` reads back as the same recipe; empty for the default recipe."""
    default = PROTOCOLS[recipe.protocol]
    changed = {name: recipe.value(name) for name in Recipe.leaves() if recipe.value(name) != default.value(name)}
    protocol = {PROTOCOL: recipe.protocol} if recipe.protocol != "modern" else {}
    return protocol | {name: format_value(value) for name, value in changed.items()}


def opens_kind(parameters: Mapping[str, str]) -> bool:
    """Whether an address names another kind of network than the default, and nothing of what is randomized."""
    named = parameters.get(KIND, MODERN.value(KIND)) != MODERN.value(KIND) and PROTOCOL not in parameters
    return named and not any(name.startswith("randomization.") for name in parameters)


def page_parameters(page: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters of an experiment as a page has them: on the Overview the defaults are written out.

    So is the protocol where another network than an MLP has the default randomization.

    Args:
        page: Name of the page.
        parameters: Those of `encode_query`.
    """
    parameters = {} if parameters == DEFAULTS else dict(parameters)
    if opens_kind(parameters):
        return DEFAULTS | parameters
    return parameters or (dict(DEFAULTS) if page == OPENING_PAGE else {})


def own_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters without those that other programs hang on to links, which have nothing to do with a recipe."""
    return {
        name: text
        for name, text in parameters.items()
        if name.casefold() not in FOREIGN and not name.casefold().startswith(FOREIGN_PREFIXES)
    }


def decode_query(parameters: Mapping[str, str]) -> tuple[Recipe, list[str]]:
    """The recipe of an address, and a sentence for each parameter that is not used.

    Parameters that fit only together may come in any order. A setting may have its name of an earlier version.

    Args:
        parameters: Dotted name of a setting → its value as text.

    Returns:
        The recipe, in which a parameter that is unknown or impossible has its default, and the sentences.
    """
    leaves, sentences = Recipe.leaves(), []
    recipe = PROTOCOLS.get(parameters.get(PROTOCOL, "modern"))
    if recipe is None:
        recipe = PROTOCOLS["modern"]
        sentences.append(f"The address asks for the unknown protocol {parameters[PROTOCOL][:80]!r}; modern is used.")
    pending = {}
    for name, text in parameters.items():
        current = RENAMED.get(name, name)
        if current != name and current in parameters:
            sentences.append(f"The address holds {current!r} and its earlier name {name!r}; the latter is ignored.")
        elif current in leaves:
            pending[current] = text
        else:
            sentences.append(f"The address holds the unknown setting {name[:80]!r}; it is ignored.")
    pending.pop(PROTOCOL, None)
    errors = {}
    while pending:
        failed = {}
        for name, text in pending.items():
            try:
                recipe = recipe.with_value(name, parse_value(leaves[name], text))
            except RecipeError as error:
                failed[name], errors[name] = text, str(error)
        if len(failed) == len(pending):
            recipe, failed = _together(recipe, pending)
            if len(failed) == len(pending):
                break
        pending = failed
    return recipe, sentences + [f"From the address: {errors[name]}" for name in pending]


def _together(recipe: Recipe, pending: Mapping[str, str]) -> tuple[Recipe, dict[str, str]]:
    """A recipe with the settings of groups that are possible only at once, and the parameters that remain."""
    groups: dict[str, dict] = {}
    for name, text in pending.items():
        group, _, setting = name.rpartition(".")
        groups.setdefault(group, {})[setting] = parse_value(Recipe.leaves()[name], text)
    remaining = dict(pending)
    for group, values in groups.items():
        try:
            recipe = recipe.with_value(group, replace(recipe.value(group), **values)) if group else recipe
        except RecipeError:
            continue
        remaining = {name: text for name, text in remaining.items() if name.rpartition(".")[0] != group or not group}
    return recipe, remaining
