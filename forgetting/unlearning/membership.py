"""Can a model's losses betray which reviews it was trained on, and is it like one that never saw them?

Membership inference: `loss_threshold`, `logistic_attack` and `true_positive_rate` try to tell the reviews of a forget
set, the members, from comparable ones that no model was trained on, the unseen, by one model's losses. None of them
compares with retraining; `indistinguishability` does, review by review, and needs several models of each kind.
All take plain arrays: where losses come from does not belong here.
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
from forgetting.metrics.intervals import auc_interval, wilson_interval
from forgetting.metrics.scores import NOT_FINITE

FOLDS = 10
FEWEST = 10  # reviews a side: one a fold at the least


@dataclass(frozen=True)
class Attack:
    """How well an attack does: `value`, with a 95 % interval over reviews from `low` to `high`.

    missing: why value is None; the interval is None with it, and where an attack has none.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    missing: str = ""


def loss_threshold_attack(members: np.ndarray, unseen: np.ndarray) -> Attack:
    """Area under the ROC curve of calling the reviews of lowest loss members (Yeom et al. 2018, arXiv 1709.01604).

    members, unseen: losses, (reviews,). It is P(a member's loss < an unseen one's) + P(equal) / 2, in [0, 1]
    (Mann–Whitney): 0.5 where they cannot be told apart, below it where members have the higher losses.
    Interval: see `area_interval`. Missing with fewer than FEWEST reviews a side, or a loss that is not finite.

    >>> losses = np.arange(10.0)
    >>> loss_threshold(losses, losses + 100).value
    1.0
    """
    if reason := _unusable(members, unseen):
        return Attack(None, missing=reason)
    own, other = len(members), len(unseen)
    ranks = rankdata(np.concatenate([members, unseen]))  # equal losses share the mean of their ranks
    area = float((ranks[own:].sum() - other * (other + 1) / 2) / (own * other))
    return Attack(area, *auc_interval(area, own, other))


def logistic_attack(members: np.ndarray, unseen: np.ndarray) -> Attack:
    """Balanced accuracy of a logistic regression that tells members from unseen by the loss, 10-fold cross-validated.

    members, unseen: losses, (reviews,). In [0, 1]: about 0.5 where they cannot be told apart. Kurmanji et al. 2023
    (arXiv 2302.09880) make both sides equal by leaving reviews out; here they weigh the same, and all are used.
    Unlike the threshold's, this attack learns from the reviews which side has the lower losses. It has no interval,
    as the folds learn from the same reviews. Missing as in `loss_threshold`.
    """
    if reason := _unusable(members, unseen):
        return Attack(None, missing=reason)
    losses = np.concatenate([members, unseen])[:, None]
    truth = np.repeat([1, 0], [len(members), len(unseen)])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)  # a state of its own, not numpy's global one
    return Attack(float(cross_val_score(model, losses, truth, cv=folds, scoring="balanced_accuracy").mean()))


def tpr_at_fpr_attack(members: np.ndarray, unseen: np.ndarray, rate: float = 0.01) -> Attack:
    """Share of members found by the best threshold on the loss that calls at most `rate` of the unseen members.

    members, unseen: losses, (reviews,). In [0, 1]: about `rate` where they cannot be told apart. What an attacker
    gains who must not be wrong (Carlini et al. 2022, arXiv 2112.03570), which an average over all reviews can hide.
    Interval: Wilson's, of the members, the threshold taken as given. Missing as in `loss_threshold`, and with fewer
    than 1 / rate unseen reviews, as one false positive is then above the rate. RecipeError unless 0 < rate < 1.
    """
    if not 0 < rate < 1:
        raise RecipeError(f"the rate of false positives must be between 0 and 1, but is {rate}; choose, say, 0.01")
    if reason := _unusable(members, unseen) or _too_coarse(len(unseen), rate):
        return Attack(None, missing=reason)
    # A threshold at a member's own loss finds it; it may, if the unseen at or below that are few enough.
    false_positives = np.searchsorted(np.sort(unseen), members, side="right") / len(unseen)
    hits = int((false_positives <= rate).sum())
    return Attack(hits / len(members), *wilson_interval(hits, len(members)))


def _unusable(members: np.ndarray, unseen: np.ndarray) -> str:
    """Why no attack can be made on these losses, or an empty string."""
    if min(len(members), len(unseen)) < FEWEST:
        rule = f"an attack needs at least {FEWEST} reviews on each side"
        return f"{rule}, and there are {len(members)} members and {len(unseen)} unseen"
    return "" if np.isfinite(members).all() and np.isfinite(unseen).all() else NOT_FINITE


def _too_coarse(unseen: int, rate: float) -> str:
    rule = f"a false positive rate of {rate:.3g} needs at least {math.ceil(1 / rate)} unseen reviews"
    return "" if unseen >= 1 / rate else f"{rule}, and there are {unseen}"
