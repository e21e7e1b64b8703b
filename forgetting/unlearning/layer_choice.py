"""Which layer to unlearn in: what layers, when they are randomized, lose of the forget set and of the retain set.

A layer that holds what is to be forgotten apart from the rest loses more of the forget set than of the retain set. The
rows are those of a sweep of `ForgetSets.measured_in`. What comes of the choice is for `methods.randomize_and_repair`
and the two methods beside it to show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forgetting.core.errors import DataError, RecipeError
from forgetting.metrics.crossed import CrossedChange, crossed_change
from forgetting.metrics.paired import LEVEL, SIGNIFICANT
from forgetting.randomization.patterns import LAYER_SEPARATOR, matching_layers
from forgetting.recipe.plans import Sweep
from forgetting.studies.evaluation import SweepRow
from forgetting.unlearning.forget_set import ForgetSets

RANKED_SETS = ("forget", "retain")


@dataclass(frozen=True)
class LayerLoss:
    """What a layer set loses of both sets, as means over the fractions and the seeds.

    Attributes:
        layers: The layer set.
        whole: Whether it is the whole model, which is no choice.
        forget: Accuracy on the forget set that is lost, in [−1, 1].
        retain: The same on the retain set.
        excess: The first less the second.
        together: The interval of `excess` that holds in all layer sets at once, 95 % of the time (Bonferroni).
        p: Two-sided p-value that there is no excess, adjusted likewise, so that nothing is shown beyond the interval.
        behind: Excess of the best layer set less this one's; None for the best and for the whole model.
        behind_p: Its p-value, adjusted for all pairs of layer sets, as the same rows chose the best (Bonferroni);
            NaN without one.
    """

    layers: str
    whole: bool
    forget: CrossedChange
    retain: CrossedChange
    excess: CrossedChange
    together: tuple[float, float]
    p: float
    behind: CrossedChange | None = None
    behind_p: float = np.nan

    @property
    def names(self) -> tuple[str, ...]:
        """The layers, as `Unlearning.repair_layers` has them."""
        return tuple(self.layers.split(LAYER_SEPARATOR))

    @property
    def selective(self) -> bool:
        """Whether it is shown to lose more of the forget set than of the retain set."""
        return self.p <= SIGNIFICANT and self.excess.change > 0

    @property
    def tied(self) -> bool:
        """Whether it cannot be told from the best."""
        return self.behind is not None and not self.behind_p <= SIGNIFICANT


@dataclass(frozen=True)
class LayerRanking:
    """Layer sets by what they lose of the forget set beyond what they lose of the retain set, the largest first.

    Attributes:
        scheme: How they are randomized.
        unit: The unit of that.
        losses: Each layer set's.
        fractions: Number of fractions that the means are of.
        seeds: Number of seeds.
        reviews: Number of reviews by set.
        before: Accuracy of the original by set; its mean where each seed has an original of its own.
        majority: Accuracy by set of always naming the training part's most frequent class.
        chance: 1 / number of classes.
    """

    scheme: str
    unit: str
    losses: tuple[LayerLoss, ...]
    fractions: int
    seeds: int
    reviews: dict[str, int]
    before: dict[str, float]
    majority: dict[str, float]
    chance: float

    @property
    def candidates(self) -> tuple[LayerLoss, ...]:
        """The layer sets among which there is a choice: all but the whole model."""
        return tuple(loss for loss in self.losses if not loss.whole)

    @property
    def best(self) -> LayerLoss | None:
        """The one that loses most of the forget set beyond what it loses of the retain set; None without any."""
        return next(iter(self.candidates), None)

    @property
    def ties(self) -> tuple[LayerLoss, ...]:
        """Those that cannot be told from the best."""
        return tuple(loss for loss in self.candidates if loss.tied)


def check_layer_choice(plan: Sweep, sets: ForgetSets) -> None:
    """Raise, before anything is computed, what `rank_layers` cannot rank.

    Args:
        plan: Of the sweep.
        sets: The forget set and the retain set.

    Raises:
        RecipeError: The plan is of several splits, or its layers are randomized by the same change.
        DataError: There are not two reviews in each set.
    """
    if plan.splits > 1:
        raise RecipeError(
            f"sweep.splits must be 1 where a forget set is measured, as it is of the training reviews of one split; "
            f"got {plan.splits}. Lower it."
        )
    if plan.match != "dose":
        raise RecipeError(
            "sweep.match must have its default where a forget set is measured, as layers are ranked at the same "
            f"fractions; got {plan.match}. Leave it out."
        )
    _check_sizes({"forget": len(sets.forget), "retain": len(sets.retain)})


def _check_sizes(reviews: Mapping[str, int]) -> None:
    if min(reviews.values()) < 2:
        raise DataError(
            f"Layers are ranked by at least 2 reviews of each set; the forget set has {reviews['forget']:,}, the "
            f"retain set {reviews['retain']:,}. Choose another forget set."
        )


def rank_layers(rows: Sequence[SweepRow], known: Sequence[str]) -> LayerRanking:
    """Rank the layer sets of a sweep's rows.

    All layer sets are asked about the same reviews and seeds, so that they are compared pair by pair; the intervals
    hold both kinds of luck, see `crossed_change`. Dose 0 counts for nothing, as nothing is lost there.

    Args:
        rows: Of one scheme and unit, with the parts "forget" and "retain" and their hits.
        known: Names of the model's layers, to tell which layer set is the whole model.

    Raises:
        DataError: There is no row with both sets' hits, or not two reviews in each set.
    """
    cells = _common_cells(rows)
    if not cells:
        raise DataError(
            "Layers are ranked by which reviews of the forget set and of the retain set are right; these rows keep "
            "none. Study fewer variants or fewer reviews, or another scheme."
        )
    used = [row for own in cells.values() for row in own]
    reviews = {name: used[0].part_hits[name].reviews for name in RANKED_SETS}
    _check_sizes(reviews)
    lost = {name: {side: _lost(own, side) for side in RANKED_SETS} for name, own in cells.items()}
    excess = {name: _excess(sides) for name, sides in lost.items()}
    order = sorted(lost, key=lambda name: -excess[name].change)
    best, *others = [name for name in order if not _is_whole(name, known)] or [None]
    behind = {name: _excess({side: lost[best][side] - lost[name][side] for side in RANKED_SETS}) for name in others}
    # Which one is the best is chosen by the same rows, so that any pair might have been compared.
    pairs = len(behind) * (len(behind) + 1) // 2
    behind_p = {name: min(1.0, pairs * found.p) for name, found in behind.items()}
    losses = []
    for name in order:
        wide = _excess(lost[name], 1 - (1 - LEVEL) / len(lost))
        losses.append(
            LayerLoss(
                name,
                _is_whole(name, known),
                *(crossed_change(lost[name][side].mean(axis=1), lost[name][side]) for side in RANKED_SETS),
                excess[name],
                (wide.low, wide.high),
                min(1.0, len(lost) * excess[name].p),
                behind.get(name),
                behind_p.get(name, np.nan),
            )
        )
    return LayerRanking(
        scheme=used[0].scheme,
        unit=used[0].unit,
        losses=tuple(losses),
        fractions=len({row.planned_dose for row in used}),
        seeds=len({row.seed for row in used}),
        reviews=reviews,
        before={name: float(np.mean([row.part_hits[name].unpack()[0].mean() for row in used])) for name in RANKED_SETS},
        majority={name: used[0].parts[name]["majority"] for name in RANKED_SETS},
        chance=used[0].chance,
    )


def _common_cells(rows: Sequence[SweepRow]) -> dict[str, list[SweepRow]]:
    """By layer set its rows, by the seeds and fractions that all layer sets have; empty without any.

    A stopped sweep has the last seed of some layer sets alone, and outputs that are not finite have no hits.
    """
    found: dict[str, dict[tuple[int, float], SweepRow]] = {}
    for row in rows:
        if row.planned_dose and all(row.part_hits.get(name) for name in RANKED_SETS):
            found.setdefault(row.layers, {})[row.seed, row.planned_dose] = row
    common = set.intersection(*map(set, found.values())) if found else set()
    doses = {dose for _, dose in common}
    whole = sorted(key for key in common if all((key[0], dose) in common for dose in doses))
    return {layers: [cells[key] for key in whole] for layers, cells in found.items()} if whole else {}


def _lost(rows: Sequence[SweepRow], side: str) -> np.ndarray:
    """How much of each review is lost, as a mean over the fractions, (seeds, reviews).

    At one fraction it is 1 for a review that the original alone has right, −1 for one that it alone has wrong.
    """
    by_seed: dict[int, list[np.ndarray]] = {}
    for row in rows:
        before, after = row.part_hits[side].unpack().astype(float)
        by_seed.setdefault(row.seed, []).append(before - after)
    return np.stack([np.mean(found, axis=0) for found in by_seed.values()])


def _excess(sides: dict[str, np.ndarray], level: float = LEVEL) -> CrossedChange:
    forget, retain = (sides[name] for name in RANKED_SETS)
    return crossed_change(forget.mean(axis=1) - retain.mean(axis=1), forget, -retain, level=level)


def _is_whole(name: str, known: Sequence[str]) -> bool:
    """Whether a layer set covers all layers."""
    return set(matching_layers(name, tuple(known))) == set(known)
