"""Membership inference: can a model's losses betray which reviews it was trained on?

Each attack tries to tell the reviews of a forget set, the members, from comparable reviews that no model was trained
on, the non-members, by one model's losses. None of them compares with retraining; `indistinguishability.py` does,
review by review, and needs several models of each kind. All attacks take plain arrays: where losses come from does not
belong here.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from forgetting.core.errors import RecipeError
from forgetting.core.numbers import format_share
from forgetting.metrics.crossed import crossed_change, crossed_share_interval
from forgetting.metrics.intervals import auc_interval, share_interval
from forgetting.metrics.scores import NOT_FINITE

FOLDS = 10
FEWEST_REVIEWS = 10  # a side: one a fold at the least


@dataclass(frozen=True)
class Attack:
    """How well an attack does.

    Attributes:
        value: The attack's metric; None where missing.
        low: Lower end of its 95 % interval over reviews; None where the value is missing or has no interval.
        high: Upper end.
        missing: Why `value` is None.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    missing: str = ""


def loss_threshold_attack(members: np.ndarray, non_members: np.ndarray) -> Attack:
    """Area under the ROC curve of calling the reviews of lowest loss members (Yeom et al. 2018, arXiv 1709.01604).

    It is P(a member's loss < a non-member's) + P(equal) / 2 (Mann–Whitney): 0.5 where they cannot be told apart, below
    it where members have the higher losses.

    Args:
        members: Losses, (reviews,).
        non_members: Losses, (reviews,).

    Returns:
        The area, in [0, 1], with the interval of `auc_interval`; missing with fewer than FEWEST_REVIEWS reviews a
        side, or a loss that is not finite.

    >>> losses = np.arange(10.0)
    >>> loss_threshold_attack(losses, losses + 100).value
    1.0
    """
    if reason := _why_unusable(members, non_members):
        return Attack(None, missing=reason)
    count, other = len(members), len(non_members)
    ranks = rankdata(np.concatenate([members, non_members]))  # equal losses share the mean of their ranks
    area = float((ranks[count:].sum() - other * (other + 1) / 2) / (count * other))
    return Attack(area, *auc_interval(area, count, other))


def logistic_attack(members: np.ndarray, non_members: np.ndarray) -> Attack:
    """Balanced accuracy of a logistic regression that tells members by the loss, 10-fold cross-validated.

    Kurmanji et al. 2023 (arXiv 2302.09880) make both sides equal by leaving reviews out; here they weigh the same, and
    all are used. Unlike the threshold's, this attack learns from the reviews which side has the lower losses.

    Args:
        members: Losses, (reviews,).
        non_members: Losses, (reviews,).

    Returns:
        The accuracy, in [0, 1], about 0.5 where they cannot be told apart. It has no interval, as the folds learn from
        the same reviews. Missing as in `loss_threshold_attack`.
    """
    if reason := _why_unusable(members, non_members):
        return Attack(None, missing=reason)
    losses = np.concatenate([members, non_members])[:, None]
    truth = np.repeat([1, 0], [len(members), len(non_members)])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)  # a state of its own, not numpy's global one
    return Attack(float(cross_val_score(model, losses, truth, cv=folds, scoring="balanced_accuracy").mean()))


def tpr_at_fpr_attack(members: np.ndarray, non_members: np.ndarray, rate: float = 0.01) -> Attack:
    """Share of members found by the best threshold on the loss that calls few of the non-members members.

    It is what an attacker gains who must not be wrong (Carlini et al. 2022, arXiv 2112.03570), which an average over
    all reviews can hide.

    Args:
        members: Losses, (reviews,).
        non_members: Losses, (reviews,).
        rate: The false positive rate, the largest share of non-members that may be called members.

    Returns:
        The share, in [0, 1], about `rate` where they cannot be told apart, with the interval of `share_interval`.
        Missing as in `loss_threshold_attack`, and with fewer than 1 / rate non-members, as one false positive is then
        above the rate.

    Raises:
        RecipeError: Unless 0 < rate < 1.
    """
    if not 0 < rate < 1:
        raise RecipeError(f"The rate of false positives must be between 0 and 1; got {rate}. Choose, say, 0.01.")
    if reason := _why_unusable(members, non_members):
        return Attack(None, missing=reason)
    if len(non_members) < 1 / rate:
        rule = f"a false positive rate of {format_share(rate)} needs at least {math.ceil(1 / rate)} non-members"
        return Attack(None, missing=f"{rule}, and there are {len(non_members)}")
    # A threshold at a member's own loss finds it; it may, if the non-members at or below that are few enough.
    false_positives = np.searchsorted(np.sort(non_members), members, side="right") / len(non_members)
    hits = int((false_positives <= rate).sum())
    return Attack(hits / len(members), *share_interval(members, non_members, rate))


@dataclass(frozen=True)
class ThresholdAttack:
    """What an attacker gets right who calls each review a member whose loss is at most a threshold.

    Shares are means over the models, and intervals those of 95 % over models and reviews.

    Attributes:
        members: Number of members.
        non_members: Number of non-members.
        tpr: True positive rate: share of the members that are called members.
        tpr_interval: Its interval.
        fpr: False positive rate: share of the non-members that are called members.
        fpr_interval: Its interval.
        balanced_accuracy: Mean of the TPR and 1 − FPR; 0.5 for every guess.
        balanced_interval: Its interval.
    """

    members: int
    non_members: int
    tpr: float
    tpr_interval: tuple[float, float]
    fpr: float
    fpr_interval: tuple[float, float]
    balanced_accuracy: float
    balanced_interval: tuple[float, float]

    @property
    def accuracy(self) -> float:
        """Share of all reviews about which the attacker is right."""
        right = self.tpr * self.members + (1 - self.fpr) * self.non_members
        return right / (self.members + self.non_members)

    @property
    def larger_side(self) -> float:
        """Accuracy of calling all reviews what the larger of the two sides is."""
        return max(self.members, self.non_members) / (self.members + self.non_members)


def threshold_attack(members: np.ndarray, non_members: np.ndarray, threshold: float) -> ThresholdAttack | None:
    """The attack of Yeom et al. 2018 (arXiv 1709.01604) at one threshold, which is chosen without these reviews.

    A threshold that is chosen because it does well on them does better on them than on others. A model with a loss that
    is not finite is left out, as it has no attack at all.

    Args:
        members: Losses, (models, reviews), of two reviews at least.
        non_members: Losses, (models, reviews), of the same models and two reviews at least.
        threshold: The highest loss that is called a member's.

    Returns:
        What the attack gets right; None where no model is left.

    >>> found = threshold_attack(np.array([[0.1, 0.3]]), np.array([[0.2, 0.4]]), 0.2)
    >>> found.tpr, found.fpr, found.balanced_accuracy
    (0.5, 0.5, 0.5)
    """
    usable = np.isfinite(members).all(axis=1) & np.isfinite(non_members).all(axis=1)
    if not usable.any():
        return None
    found, wrong = (np.asarray(losses[usable] <= threshold, float) for losses in (members, non_members))
    right = crossed_change((found.mean(axis=1) + 1 - wrong.mean(axis=1)) / 2, found / 2, -wrong / 2)
    return ThresholdAttack(
        members.shape[1],
        non_members.shape[1],
        float(found.mean()),
        crossed_share_interval(found),
        float(wrong.mean()),
        crossed_share_interval(wrong),
        right.change,
        (max(right.low, 0.0), min(right.high, 1.0)),
    )


def _why_unusable(members: np.ndarray, non_members: np.ndarray) -> str:
    """Why no attack can be made on these losses, or an empty string."""
    if min(len(members), len(non_members)) < FEWEST_REVIEWS:
        rule = f"an attack needs at least {FEWEST_REVIEWS} reviews on each side"
        members, others = (len(side) for side in (members, non_members))
        there = f"{'is' if members == 1 else 'are'} {members} member{'s' * (members != 1)}"
        return f"{rule}, and there {there} and {others} non-member{'s' * (others != 1)}"
    return "" if np.isfinite(members).all() and np.isfinite(non_members).all() else NOT_FINITE
