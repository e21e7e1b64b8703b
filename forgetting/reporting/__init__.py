"""Results as sentences, each accuracy beside its baseline."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "comparison": ("describe_training",),
        "dose_response": ("NO_HALF_WAY",),
        "formatting": (
            "format_baselines",
            "format_duration",
            "format_epochs",
            "format_gap",
            "format_interval",
            "format_metric",
            "format_number",
            "format_share",
        ),
        "glossary": ("GLOSSARY", "Term", "explain", "find_term"),
    },
)
