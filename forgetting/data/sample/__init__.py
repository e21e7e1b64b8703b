"""The synthetic sample: synthetic wine reviews, `sample.csv`, that `generate` writes by the phrases of `grammar`."""

from pathlib import Path

from forgetting.data.reviews import Reviews

__all__ = ["SAMPLE", "load_sample"]

SAMPLE = Path(__file__).parent / "sample.csv"


def load_sample(**options) -> Reviews:
    """The synthetic sample: synthetic reviews in the original file's columns, read like any other file.

    Args:
        options: Those of `read_reviews`.
    """
    from forgetting.data.tables import read_reviews  # which imports pandas and pyarrow: not for the path alone

    return read_reviews(SAMPLE, name="synthetic sample", **options)
