"""Randomizing any torch module: its layers, their units, the schemes, and the path from original to randomized."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "groups": ("LAYER_GROUPS", "block_of", "group_of", "groups_of", "title_set"),
        "layers": ("LayerSummary", "layer_parameters", "layer_table", "named_layers", "parameter_count"),
        "patterns": ("ALL", "FAMILIES", "LAYER_SEPARATOR", "expand_set", "layer_sets", "name_set"),
        "path": ("LayerPath", "layer_paths", "randomize", "word_columns"),
        "schemes": ("DETERMINISTIC", "NOT_NESTED", "SCHEMES"),
        "settings": ("Randomization",),
        "units": ("UNITS",),
    },
)
