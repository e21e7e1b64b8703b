"""What every other package uses: errors, settings, limits, seeding, parallel work, writing files."""

from forgetting.core.errors import DataError, ForgettingError, RecipeError, WorkersError, shorten
from forgetting.core.files import file_format, write_atomically
from forgetting.core.limits import VARIABLE, check_limit, check_table
from forgetting.core.seeding import generator, initialize, pin_threads, second_seed
from forgetting.core.settings import Settings, format_value, is_names, parse_value, setting

__all__ = [
    "VARIABLE",
    "DataError",
    "ForgettingError",
    "RecipeError",
    "Settings",
    "WorkersError",
    "check_limit",
    "check_table",
    "file_format",
    "format_value",
    "generator",
    "initialize",
    "is_names",
    "parse_value",
    "pin_threads",
    "second_seed",
    "setting",
    "shorten",
    "write_atomically",
]
