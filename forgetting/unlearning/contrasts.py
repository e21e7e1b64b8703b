"""How surely a method's models differ from retrained ones: contrasts over models and reviews, and what they decide.

All methods and seeds are asked about the same reviews, so that each contrast is paired, and more seeds do not stand for
more reviews; see `metrics.crossed`. Corrections for many contrasts are made by `result.py`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from forgetting.metrics.crossed import CrossedChange, area_change, crossed_change
from forgetting.metrics.paired import LEVEL, SIGNIFICANT
from forgetting.unlearning.row import FEWEST_STEPS, UnlearningRow

ACCURACY_SETS = ("forget", "retain", "validation")
LEAST_CHANGES = {"accuracy": 0.05, "loss": 0.2, "area": 0.1}  # where all that is possible is smaller, there is none
LAST_DIGITS = 0.01  # a change within it is one of the last digits, however certain
SOON_BELOW = 0.5  # an AIN below it is of a model that relearns soon
Rows = Sequence[UnlearningRow]
OTHER = {"unlearned": "retrained", "retrained": "unlearned"}


def accuracy_contrast(rows: Rows, name: str) -> CrossedChange | None:
    """Accuracy on a set less that of the retrained models; None where a model lacks it or there are under 2 reviews."""
    hits = _stack(rows, "hits", name)
    if hits is None:
        return None
    gaps = hits["unlearned"] - hits["retrained"]
    return crossed_change(gaps.mean(axis=1), gaps)


def loss_contrast(rows: Rows) -> CrossedChange | None:
    """Forget loss, as −ln of the true class's probability, less that of the retrained models."""
    losses = _stack(rows, "losses", "forget")
    if losses is None:
        return None
    gaps = losses["unlearned"] - losses["retrained"]
    return crossed_change(gaps.mean(axis=1), gaps)


def area_contrast(rows: Rows) -> CrossedChange | None:
    """The attack's area under the ROC curve less that of the retrained models."""
    sides = [_stack(rows, "losses", name) for name in ("forget", "non_members")]
    if None in sides or any(row.metrics["attack_auc"] is None or row.retrained["attack_auc"] is None for row in rows):
        return None
    before, after = (tuple(side[model] for side in sides) for model in ("retrained", "unlearned"))
    return area_change(before, after)


def accuracy_excess(rows: Rows) -> CrossedChange | None:
    """By how much more the accuracy rises on the forget set than on unseen reviews, from the retrained models on."""
    return _excess(rows, "hits")


def loss_excess(rows: Rows) -> CrossedChange | None:
    """By how much more the loss rises on the forget set than on unseen reviews, after temperature scaling.

    A model whose logits are all smaller by one factor has a larger loss on all that it knows. It knows as much as
    before: so the unlearned model's logits are first multiplied by the factor that makes the temperature which suits
    them best (`metrics.calibration`) that of the retrained model.
    """
    return _excess(rows, "scaled_losses")


def steps_contrast(rows: Rows) -> CrossedChange | None:
    """Steps to relearn the forget set less those of the retrained models; None where one never relearns it."""
    pairs = [(row.metrics["relearn_steps"], row.retrained["relearn_steps"]) for row in rows]
    if not pairs or any(None in pair for pair in pairs):
        return None
    return crossed_change(np.array([float(own - other) for own, other in pairs]), rounding=1)


def tow_contrast(rows: Rows, others: Rows, name: str = "validation", *, level: float = LEVEL) -> CrossedChange | None:
    """ToW of one method less that of another, of the seeds that both have; None where there are none.

    What a review adds to ToW is, to first order, its slope by that accuracy times what it adds to the accuracy.

    Args:
        rows: Of the one method.
        others: Of the other.
        name: "validation" or "test", the part whose accuracy is the third of ToW's.
        level: Confidence level of the interval.
    """
    by_seed = {row.seed: row for row in others}
    pairs = [(row, by_seed[row.seed]) for row in rows if row.seed in by_seed]
    parts = [_tow_terms([pair[place] for pair in pairs], name) for place in (0, 1)]
    if not pairs or None in parts:
        return None
    (first, own), (second, their) = parts
    return crossed_change(first - second, *(one - other for one, other in zip(own, their, strict=True)), level=level)


def relearning_contrast(rows: Rows, others: Rows, *, level: float = LEVEL) -> CrossedChange | None:
    """Steps to relearn the forget set of one method less those of another, of the seeds that both have.

    They count up to those of the retrained model: one that takes even longer is not nearer to it.

    Args:
        rows: Of the one method.
        others: Of the other.
        level: Confidence level of the interval.

    Returns:
        The contrast, on these reviews; None where a model of either never relearns it, or none has tried.
    """

    def steps(row: UnlearningRow) -> float | None:
        own, most = row.metrics["relearn_steps"], row.retrained["relearn_steps"]
        return own if own is None or most is None else min(own, most)

    by_seed = {row.seed: steps(row) for row in others}
    pairs = [(steps(row), by_seed[row.seed]) for row in rows if row.seed in by_seed]
    if not pairs or any(None in pair for pair in pairs):
        return None
    return crossed_change(np.array([float(own - other) for own, other in pairs]), rounding=1, level=level)


def divergence_contrast(rows: Rows, others: Rows) -> CrossedChange | None:
    """Forget divergence of one method less that of another, of the seeds that both have, on these reviews."""
    by_seed = {row.seed: row.metrics["forget_divergence"] for row in others}
    pairs = [(row.metrics["forget_divergence"], by_seed[row.seed]) for row in rows if row.seed in by_seed]
    if not pairs or any(None in pair for pair in pairs):
        return None
    return crossed_change(np.array([own - other for own, other in pairs]))


def soon_contrast(rows: Rows) -> CrossedChange | None:
    """AIN less SOON_BELOW, of the seeds that have one; None where half or more have none: the rest may be the best."""
    found = [row for row in rows if row.metrics["anamnesis"] is not None]
    if len(found) <= len(rows) / 2:
        return None
    rounding = max(1 / (row.retrained["relearn_steps"] or FEWEST_STEPS) for row in found)
    return crossed_change(np.array([row.metrics["anamnesis"] - SOON_BELOW for row in found]), rounding=rounding)


RETRAINED_CONTRASTS: dict[str, Callable[[Rows], CrossedChange | None]] = {  # a metric less that of retraining
    **{f"{name}_accuracy": lambda rows, name=name: accuracy_contrast(rows, name) for name in ACCURACY_SETS},
    "forget_loss": loss_contrast,
    "attack_auc": area_contrast,
    "relearn_steps": steps_contrast,
}
REFERENCE_CONTRASTS: dict[str, Callable[[Rows, Rows], CrossedChange | None]] = {  # less that of another retraining
    "tow": tow_contrast,
    "forget_divergence": divergence_contrast,
}
FORGOTTEN_CONTRASTS = {  # what over-forgetting shows in: the contrast, its sign then, and the least change that counts
    "accuracy": (accuracy_excess, -1),
    "loss": (loss_excess, 1),
    "area": (area_contrast, -1),
}


def decide(change: CrossedChange | None, least: float, sign: int = 1, p: float | None = None) -> bool | None:
    """Whether a change goes one way.

    Args:
        change: The contrast; None where there is none.
        least: An interval that ends below it shows that there is none, at least 0.
        sign: 1 where it is to be above 0, −1 where below.
        p: Its p-value where many are tested, adjusted; by default its own.

    Returns:
        True where it does, by more than the last digits (LAST_DIGITS, or `least` where that is smaller), however small
        it may be; else False where the interval ends below `least`, and None where neither can be told.
    """
    if change is None:
        return None
    if (change.p if p is None else p) <= SIGNIFICANT and sign * change.change > min(least, LAST_DIGITS):
        return True
    return False if max(sign * change.low, sign * change.high) < least else None


def remembers(rows: Rows, p: float | None = None) -> bool | None:
    """Whether the attack finds the forget set more surely than after retraining; see `decide`."""
    return decide(area_contrast(rows), LEAST_CHANGES["area"], 1, p)


def over_forgets(rows: Rows, p_values: Sequence[float] | None = None) -> bool | None:
    """Whether the forget set is known less than after retraining, by more than unseen reviews are; see `decide`.

    Args:
        rows: Of one method.
        p_values: Of FORGOTTEN_CONTRASTS, adjusted where many are tested.

    Returns:
        True where one of the contrasts shows it; False where none of those that there are can; None otherwise.
    """
    adjusted = p_values if p_values is not None else [None] * len(FORGOTTEN_CONTRASTS)
    votes = [
        decide(change, LEAST_CHANGES[name], sign, p)
        for (name, (contrast, sign)), p in zip(FORGOTTEN_CONTRASTS.items(), adjusted, strict=True)
        if (change := contrast(rows)) is not None
    ]
    return True if True in votes else None if None in votes or not votes else False


def relearns_soon(rows: Rows, p: float | None = None) -> bool | None:
    """Whether the forget set is relearned in less than SOON_BELOW of the retrained models' steps; see `decide`.

    Of one model it is what was counted.
    """
    change = soon_contrast(rows)
    if change is not None and change.models == 1:
        return change.change < 0
    return decide(change, 0.0, -1, p)


def _stack(rows: Rows, kind: str, name: str) -> dict[str, np.ndarray] | None:
    """What each review has, (models, reviews), by model; None where a model lacks it."""
    found = [getattr(row, kind) for row in rows]
    if not found or not all(name in each.get(model, ()) for each in found for model in OTHER):
        return None
    stacked = {model: np.stack([each[model][name] for each in found]).astype(float) for model in OTHER}
    usable = all(values.shape[1] > 1 and np.isfinite(values).all() for values in stacked.values())
    return stacked if usable else None


def _excess(rows: Rows, kind: str) -> CrossedChange | None:
    sides = [_stack(rows, kind, name) for name in ("forget", "unseen")]
    if None in sides:
        return None
    forget, unseen = (side["unlearned"] - side["retrained"] for side in sides)
    return crossed_change(forget.mean(axis=1) - unseen.mean(axis=1), forget, -unseen)


def _tow_terms(rows: Rows, name: str) -> tuple[np.ndarray, list[np.ndarray]] | None:
    """ToW of each model, and what each review of each set adds to it."""
    sides = [_stack(rows, "hits", part) for part in ("forget", "retain", name)]
    if None in sides:
        return None
    gaps = [side["unlearned"] - side["retrained"] for side in sides]
    means = [gap.mean(axis=1, keepdims=True) for gap in gaps]
    near = [1 - np.abs(mean) for mean in means]
    tow = np.prod(near, axis=0)
    slopes = [
        -np.sign(mean) * np.prod([other for other in near if other is not one], axis=0)
        for mean, one in zip(means, near, strict=True)
    ]
    return tow[:, 0], [slope * (gap - mean) for slope, gap, mean in zip(slopes, gaps, means, strict=True)]
