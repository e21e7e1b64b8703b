"""What settings were in earlier versions, so that recipe files and addresses of those still open."""

from collections.abc import Mapping
from typing import Any

from forgetting.core.errors import RecipeError

RENAMED = {  # the earlier dotted name → today's; a setting never changes its group
    "data.text": "data.text_column",
    "data.label": "data.label_column",
    "split.validation": "split.validation_share",
    "split.sublinear": "split.sublinear_tf",
    "training.own_pass": "training.reuse_forward_pass",
    "relearning.share": "relearning.target_share",
    "unlearning.k": "unlearning.last_layers",
    "unlearning.layers": "unlearning.repair_layers",
    "unlearning.fraction": "unlearning.repair_fraction",
    "unlearning.scheme": "unlearning.repair_scheme",
    "unlearning.clip": "unlearning.ascent_clip",
    "unlearning.tolerance": "unlearning.ascent_tolerance",
    "unlearning.selection": "unlearning.dampening_alpha",
    "unlearning.dampening": "unlearning.dampening_lambda",
}

# A group as an earlier version wrote it, and what that version did where today's has a setting more.
WHOLE_GROUPS = {
    "data": ({"source", "text_column", "label_column", "min_reviews"}, {"missing": [], "fold_labels": False}),
    "split": (
        {"validation_share", "stratify", "sublinear_tf", "min_df", "max_words", "seed"},
        {"words": "basic", "stopping": "never"},
    ),
    "relearning": ({"target_share", "epochs", "layers", "doses", "schemes", "seeds", "seed"}, {"retrain": False}),
    "training": ({"objective", "epochs", "learning_rate", "batch_size", "weight_decay"}, {"by_size": False}),
}
EARLIER_READING = {"header": "yes", "quotes": "fields"}  # which had no settings at all


def rename_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings, as `Recipe.to_dict` gives them, under today's names.

    Raises:
        RecipeError: A setting is given under both its names.
    """
    return {
        group: _rename_group(group, settings) if isinstance(settings, dict) else settings
        for group, settings in values.items()
    }


def complete_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Renamed settings of a whole recipe, with what an earlier version did without having a setting for it."""
    completed = dict(values)
    for group, (names, done) in WHOLE_GROUPS.items():
        settings = values.get(group)
        if isinstance(settings, dict) and names <= settings.keys():
            completed[group] = done | settings
            if group == "data" and "missing" not in settings:
                completed.setdefault("reading", EARLIER_READING)
    return completed


def _rename_group(group: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {}
    for name, value in settings.items():
        dotted = f"{group}.{name}"
        new = RENAMED[dotted].removeprefix(f"{group}.") if dotted in RENAMED else name
        if new != name and new in settings:
            raise RecipeError(
                f"{group}.{name} is the earlier name of {group}.{new}, so only one of them can be given; got both. "
                f"Leave out {group}.{name}."
            )
        renamed[new] = value
    return renamed
