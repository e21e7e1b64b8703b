"""Any file of reviews: bytes → table → reviews, with a profile of what is in them; and the synthetic sample."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "columns": ("Choice", "ColumnRoles", "Reason"),
        "download": ("fetch_wine_reviews", "is_downloaded"),
        "labels": ("Merged",),
        "original": ("ORIGINAL_SHA256", "ORIGINAL_SIZE"),
        "profile": ("DataProfile", "profile_data"),
        "reviews": ("Report", "Reviews", "filter_reviews", "review_key"),
        "sample": ("load_sample",),
        "tables": ("Table", "read_reviews"),
    },
)
