"""Any file of reviews: bytes → table → reviews, with a profile of what is in them; and the bundled sample."""

from forgetting.data.columns import ColumnRoles
from forgetting.data.download import ORIGINAL_SHA256, ORIGINAL_SIZE, fetch_wine_reviews, is_downloaded
from forgetting.data.profile import DataProfile, profile_data
from forgetting.data.reviews import Report, Reviews, filter_reviews
from forgetting.data.sample import load_sample
from forgetting.data.tables import Table, read_reviews

__all__ = [
    "ORIGINAL_SHA256",
    "ORIGINAL_SIZE",
    "ColumnRoles",
    "DataProfile",
    "Report",
    "Reviews",
    "Table",
    "fetch_wine_reviews",
    "filter_reviews",
    "is_downloaded",
    "load_sample",
    "profile_data",
    "read_reviews",
]
