"""Randomizing any torch module: its layers, their units, the schemes, and the path from original to randomized."""

from forgetting.randomization.layers import LayerSummary, layer_parameters, layer_table, named_layers, parameter_count
from forgetting.randomization.path import LayerPath, layer_paths, randomize, word_columns
from forgetting.randomization.schemes import DETERMINISTIC, NOT_NESTED, SCHEMES
from forgetting.randomization.settings import ALL, Randomization
from forgetting.randomization.units import UNITS

__all__ = [
    "ALL",
    "DETERMINISTIC",
    "NOT_NESTED",
    "SCHEMES",
    "UNITS",
    "LayerPath",
    "LayerSummary",
    "Randomization",
    "layer_parameters",
    "layer_paths",
    "layer_table",
    "named_layers",
    "parameter_count",
    "randomize",
    "word_columns",
]
