"""What every other package uses: errors, settings, limits, seeding, parallel work, writing files."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "errors": (
            "DataError",
            "EmptyStateError",
            "ForgettingError",
            "RecipeError",
            "WorkersError",
            "plain_reason",
            "shorten",
        ),
        "files": ("file_format", "write_atomically"),
        "numbers": ("NO_BREAK", "PERCENT", "format_share", "format_size", "keep_units"),
        "limits": ("VARIABLE", "check_limit", "check_table"),
        "seeding": ("generator", "initialize", "pin_threads", "second_seed"),
        "settings": ("Settings", "format_value", "is_names", "parse_value", "setting"),
    },
)
