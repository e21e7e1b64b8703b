"""Where reviews come from: the bundled sample, the original file, any other file.

This is the module to import; the work is done in `reviews.py`, `reading.py` and `downloads.py`.
"""

from pathlib import Path

from forgetting.downloads import download_wine_reviews, fetch_wine_reviews
from forgetting.reading import Table, read_reviews, read_table
from forgetting.reviews import Dropped, Report, Reviews, filter_reviews

__all__ = [
    "SAMPLE",
    "Dropped",
    "Report",
    "Reviews",
    "Table",
    "download_wine_reviews",
    "fetch_wine_reviews",
    "filter_reviews",
    "load_sample",
    "read_reviews",
    "read_table",
]

SAMPLE = Path(__file__).parent / "data" / "sample.csv"


def load_sample() -> Reviews:
    """The bundled sample: synthetic reviews in the original file's columns, read like any other file."""
    return read_reviews(SAMPLE, name="synthetic sample")
