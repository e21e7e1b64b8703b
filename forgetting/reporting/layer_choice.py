"""Which layer to unlearn in, as sentences: what is lost of the forget set and of the retain set, and what comes of it.

Each accuracy stands beside its baselines.
"""

from forgetting.core.numbers import PERCENT
from forgetting.randomization.groups import title_set
from forgetting.reporting.formatting import (
    format_change_interval,
    format_count,
    format_points,
    format_share,
    join_names,
)
from forgetting.reporting.names import format_scheme
from forgetting.unlearning.layer_choice import LayerLoss, LayerRanking

MOST_TIES = 6  # that are named


def describe_layer_choice(ranking: LayerRanking, known: tuple[str, ...], scope: str) -> str:
    """What the best layer set loses of both sets, whether that is shown, and what it cannot be told from.

    Args:
        ranking: Of the layer sets.
        known: Names of the model's layers.
        scope: What the numbers are of, see `name_scope`.

    Returns:
        Lines.
    """
    return "\n".join([_describe_original(ranking), _describe_best(ranking, known, scope)])


def describe_excess(loss: LayerLoss, sets: int) -> str:
    """How much more is lost of the forget set: "+11 points (95 % interval +5 to +17, corrected for 3 layer sets)"."""
    interval = format_change_interval(*loss.together)
    corrected = f", corrected for {sets} layer sets" if sets > 1 else ""
    return f"{format_points(100 * loss.excess.change, with_plus=True)} ({interval}{corrected})"


def _describe_original(ranking: LayerRanking) -> str:
    counts, before, largest = ranking.reviews, ranking.before, ranking.majority
    return (
        f"The original classifies {format_share(before['forget'])} of {format_count(counts['forget'], 'review')} to "
        f"forget and {format_share(before['retain'])} of {counts['retain']:,} to retain correctly; chance is "
        f"{format_share(ranking.chance)}, the largest class {format_share(largest['forget'])} and "
        f"{format_share(largest['retain'])}."
    )


def _describe_best(ranking: LayerRanking, known: tuple[str, ...], scope: str) -> str:
    best = ranking.best
    if best is None:
        return "There is no choice: the plan randomizes all layers alone. Add “each layer alone” to its layer sets."
    titles = {loss.layers: title_set(loss.layers, known) for loss in ranking.losses}
    means = f"{format_count(ranking.fractions, 'fraction')} and {format_count(ranking.seeds, 'seed')}"
    sets = len(ranking.losses)
    told = (
        f"By {format_scheme(ranking.scheme)}{f' {scope}' * bool(scope)}, as a mean over {means}, "
        f"{titles[best.layers]} loses the most of the forget set beyond what it loses of the retain set: "
        f"{format_points(100 * best.forget.change)} of accuracy against {format_points(100 * best.retain.change)}, an "
        f"excess of {describe_excess(best, sets)}."
    )
    if not best.selective:
        return (
            f"{told} That it loses more of the forget set than of the retain set is not shown, so that these "
            "reviews and seeds give no reason to choose a layer."
        )
    if not ranking.ties:
        others = "" if len(ranking.candidates) == 1 else ", and more than any other layer set does"
        return f"{told} It is shown to lose more of the forget set{others}."
    names = [titles[loss.layers] for loss in ranking.ties]
    more = [format_count(len(names) - MOST_TIES, "other")] if len(names) > MOST_TIES else []
    return (
        f"{told} It is shown to lose more of the forget set, but cannot be told from "
        f"{join_names([*names[:MOST_TIES], *more])}."
    )


def list_losses(ranking: LayerRanking, known: tuple[str, ...]) -> list[dict[str, object]]:
    """A row a layer set, the best first, for a table and a chart."""
    return [
        {
            "layers": title_set(loss.layers, known),
            "lost of the forget set": format_points(100 * loss.forget.change),
            "lost of the retain set": format_points(100 * loss.retain.change),
            "excess": 100 * loss.excess.change,
            "low": 100 * loss.together[0],
            "high": 100 * loss.together[1],
            "adjusted p": loss.p,
            "beside the best": _beside(ranking, loss),
            "shown": loss.p <= 0.05,
        }
        for loss in ranking.losses
    ]


def _beside(ranking: LayerRanking, loss: LayerLoss) -> str:
    if loss is ranking.best:
        return "the best"
    return "all layers, no choice" if loss.whole else "cannot be told" if loss.tied else "less"


HOW_RANKED = (
    "A layer set loses a review where the original classifies it correctly and the randomized model does not; the loss "
    "is the mean over all fractions above 0. The bars are the loss of the forget set less that of the retain set, with "
    f"the 95{PERCENT} interval over seeds and reviews, corrected for the number of layer sets (Bonferroni); pale bars "
    "are not shown to differ from 0. What a layer loses by itself does not say how well unlearning in it "
    "works: the Unlearn page tells."
)
