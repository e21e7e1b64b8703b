"""Results as charts; no page is known here."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "data": ("classes_chart", "count_lengths", "lengths_chart"),
        "dose_response": ("PICK", "MetricStyle", "metric_style"),
        "history": ("Curve", "history_chart"),
        "style": ("NO_WIDTH", "ORIGINAL", "RANDOMIZED", "RELEARNED"),
    },
)
