"""What several test modules share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wine_reviews_path() -> Path:
    """The original data file, which is not part of the project; tests that need it skip where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data" / "wine_review.csv"
    path = Path(os.environ.get("WINE_REVIEWS", beside))
    if not path.is_file():
        pytest.skip(f"the original data file is not at {path}; set WINE_REVIEWS to its path")
    return path
