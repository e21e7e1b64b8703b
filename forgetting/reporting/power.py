"""What reviews could show at best, said before a study starts."""

from forgetting.metrics.paired import smallest_change
from forgetting.reporting.formatting import format_count, format_points


def describe_smallest_change(reviews: int, models: int = 1) -> str:
    """The smallest change of accuracy that so many reviews would show.

    Args:
        reviews: Number of validation reviews.
        models: Number of randomized models whose changes stand side by side.
    """
    smallest, counted = smallest_change(reviews), format_count(reviews, "validation review")
    if smallest is None:
        return f"With {counted} no change of accuracy can be shown, however large it is."
    beside = "; beside so many others it must be larger" if models > 1 else ""
    return (
        f"With {counted} a change of accuracy is found in 8 of 10 such studies where it is at least "
        f"{format_points(100 * smallest)}{beside}."
    )
