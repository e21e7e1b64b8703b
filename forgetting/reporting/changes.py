"""What differs between two recipes, in words."""

from forgetting.core.settings import is_names
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.formatting import format_fraction

MOST_NAMES = 3  # of a list that are written out
MOST_LETTERS = 40  # of a name
PARTS = {  # of the recipe, as the name of a setting says where it belongs; a setting of the randomization needs none
    "data": "reviews",
    "split": "split",
    "model": "model",
    "training": "training",
    "sweep": "layers study",
    "relearning": "relearning",
    "forget": "forget set",
    "unlearning": "unlearning",
}
TITLES = {
    "protocol": "protocol",
    "seed": "seed of weights and training",
    "data.source": "reviews from",
    "data.file": "file",
    "forget.by": "forget by",
    "forget.label": "class to forget",
    "forget.reviews": "reviews to forget",
    "forget.share": "share to forget",
    "randomization.fraction": "fraction randomized",
    "randomization.layers": "layers",
    "randomization.scale": "noise",
}


def describe_changes(before: Recipe, after: Recipe, most: int = 8) -> str:
    """The settings that differ, each with its value before and after: "scheme reinit → zero; unit weight → word".

    Args:
        before: A recipe.
        after: Another one.
        most: How many settings are written out.

    Returns:
        The text; "" where nothing differs.
    """
    names = [name for name in Recipe.leaves() if before.value(name) != after.value(name)]
    if "data.file" in names:
        names = [name for name in names if name != "data.sha256"]  # which says the same of the same file
    parts = [
        f"{_title(name)} {_format_setting(name, before)} → {_format_setting(name, after)}" for name in names[:most]
    ]
    if len(names) > most:
        parts.append(f"and {len(names) - most} more")
    return "; ".join(parts)


def _title(name: str) -> str:
    group, _, leaf = name.rpartition(".")
    words = leaf.replace("_", " ")
    return TITLES.get(name) or (f"{words} ({PARTS[group]})" if group in PARTS else words)


def _format_setting(name: str, recipe: Recipe) -> str:
    """The value of a setting in a few words."""
    value = recipe.value(name)
    if name == "randomization.fraction":
        return format_fraction(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if not isinstance(value, tuple):
        text = str(value)
        return (text[:MOST_LETTERS] + "…" if len(text) > MOST_LETTERS else text) or "none"
    texts = [item[:MOST_LETTERS] for item in value] if is_names(value or ("",)) else [f"{item:g}" for item in value]
    more = f" and {len(texts) - MOST_NAMES} more" if len(texts) > MOST_NAMES else ""
    return ", ".join(texts[:MOST_NAMES]) + more or "none"
