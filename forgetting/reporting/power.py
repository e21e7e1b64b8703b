"""What reviews could show at best, said before a study starts."""

from forgetting.metrics.crossed import smallest_area_change
from forgetting.metrics.paired import smallest_change
from forgetting.reporting.formatting import format_count, format_number, format_points


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


def describe_smallest_area(members: int, non_members: int, seeds: int) -> str:
    """The smallest change of the attack's area that so many reviews would show.

    Args:
        members: Number of reviews that are to be forgotten.
        non_members: Number of comparable reviews that no model has seen.
        seeds: Number of models of each method.
    """
    from forgetting.unlearning.membership import FEWEST_REVIEWS  # which imports scikit-learn

    counted = f"{members:,} forgotten and {format_count(non_members, 'comparable review')} never seen"
    if min(members, non_members) < FEWEST_REVIEWS:
        return f"With {counted} there is no attack, which needs {FEWEST_REVIEWS} on each side."
    smallest = smallest_area_change(members, non_members)
    alone = " Of one seed it speaks of those models alone." if seeds == 1 else ""
    return (
        f"With {counted} a change of the attack AUC is found in about 8 of 10 such studies where it is at least "
        f"{format_number(smallest)}; beside other methods it must be larger.{alone}"
    )
