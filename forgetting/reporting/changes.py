"""What differs between two recipes, in words."""

from forgetting.core.settings import is_names
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.formatting import format_fraction
from forgetting.reporting.glossary import find_term
from forgetting.reporting.names import (
    NETWORK_NAMES,
    OBJECTIVE_NAMES,
    OPTIMIZER_NAMES,
    format_attribution,
    format_method,
    format_scheme,
)

MOST_NAMES = 3  # of a list that are written out
MOST_LETTERS = 40  # of a name
NAMES = {  # what a value is called in the interface, by the last part of the setting's name
    "scheme": format_scheme,
    "schemes": format_scheme,
    "repair_scheme": format_scheme,
    "methods": format_method,
    "kind": NETWORK_NAMES.get,
    "objective": OBJECTIVE_NAMES.get,
    "optimizer": OPTIMIZER_NAMES.get,
    "attribution": format_attribution,
}
PLACES = {
    "sweep": " (Layers)",
    "explanation": " (Explain)",
    "relearning": " (Relearn)",
    "unlearning": " (Unlearn)",
}  # pages of plans, by group
TITLES = {  # where the glossary's word is the singular, or one of several settings
    "seed": "seed of weights and training",
    "data.drop_duplicates": "drop duplicates",
    "data.file": "file",
    "forget.by": "forget by",
    "forget.reviews": "reviews to forget",
    "randomization.layers": "layers",
    "randomization.seed": "seed of the randomization",
    "randomization.words": "words",
    "training.epochs": "epochs",
}


def describe_changes(before: Recipe, after: Recipe, most: int = 8) -> str:
    """The settings that differ, each with its value before and after: "scheme zeros → N(0, 1); unit weight → word".

    Args:
        before: A recipe.
        after: Another one.
        most: How many settings are written out.

    Returns:
        The text; "" where nothing differs.
    """
    names = [
        name
        for name in Recipe.leaves()
        if before.value(name) != after.value(name) and before.used_value(name) != after.used_value(name)
    ]
    if "data.file" in names:
        names = [name for name in names if name != "data.sha256"]  # which says the same of the same file
    parts = [
        f"{name_setting(name)} {format_setting(name, before)} → {format_setting(name, after)}" for name in names[:most]
    ]
    if len(names) > most:
        parts.append(f"and {len(names) - most} more")
    return "; ".join(parts)


def name_setting(name: str) -> str:
    """What a setting is called in a sentence, by its dotted name."""
    group, _, leaf = name.rpartition(".")
    term = find_term(name)
    return (TITLES.get(name) or (term.name if term else leaf.replace("_", " "))) + PLACES.get(group, "")


def format_setting(name: str, recipe: Recipe) -> str:
    """The value of a setting in a few words."""
    value, leaf = recipe.used_value(name), name.rpartition(".")[2]
    written = NAMES.get(leaf, str)
    if name in ("randomization.fraction", "forget.share"):  # whose sliders write it so
        return format_fraction(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,g}"
    if not isinstance(value, tuple):
        text = written(value)
        return (text[:MOST_LETTERS] + "…" if len(text) > MOST_LETTERS else text) or "none"
    texts = [written(item)[:MOST_LETTERS] if is_names(value) else f"{item:g}" for item in value]
    more = f" and {len(texts) - MOST_NAMES} more" if len(texts) > MOST_NAMES else ""
    return ", ".join(texts[:MOST_NAMES]) + more or "none"
