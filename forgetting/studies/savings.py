"""Savings: how much sooner a randomized model relearns than a model learns from scratch, and what that says.

A model at chance may still remember. Its savings tell: 0 where what it knew is gone, 1 where it was never lost.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product

import pandas as pd
from scipy.stats import binomtest

from forgetting.experiment.results import Trained
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.intervals import BAND_QUANTILES, seed_bands
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.metrics.scores import NOT_FINITE, top_1_accuracy
from forgetting.model.split import Split
from forgetting.randomization.path import randomize
from forgetting.randomization.schemes import DETERMINISTIC
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import LAYER_SEPARATOR
from forgetting.recipe.recipe import Recipe
from forgetting.studies.time_to_target import (
    ROUNDING,
    TargetAccuracy,
    TimeToTarget,
    as_slices,
    make_relearner,
    make_target,
    train_to_target,
)

VARIANT_KEYS = ["layers", "scheme", "dose"]  # what distinguishes one variant from another
LEAST_SEEDS = 5  # of the sign test: with fewer it cannot be passed


def compute_savings(
    relearned: TimeToTarget, scratch: TimeToTarget, target: TargetAccuracy | None = None
) -> Measurement:
    """1 − steps to relearn / steps to learn from scratch (Ebbinghaus 1885, Über das Gedächtnis).

    0 where what was known is gone, 1 where it was never lost, below 0 where it takes longer than from scratch.

    Args:
        relearned: Of the randomized model.
        scratch: Of the model from scratch.
        target: What is to be reached; None where reaching it says something.

    Returns:
        The savings. They are missing where one of the models does not reach the target, where the model from scratch
        is there before any step, and where reaching the target says nothing.

    >>> compute_savings(TimeToTarget("reached", 5, 5, 100), TimeToTarget("reached", 20, 20, 100)).value
    0.75
    """
    reason = target.missing if target else ""
    reason = reason or _incomparable(relearned, scratch, "the randomized model", "the model from scratch")
    return Measurement(None, reason) if reason else Measurement(1 - relearned.steps / scratch.steps)


def anamnesis_index(unlearned: TimeToTarget, retrained: TimeToTarget) -> Measurement:
    """The anamnesis index (AIN): steps to relearn the forget set of the unlearned model / of the retrained one.

    Chundawat et al. 2023, "Zero-Shot Machine Unlearning", IEEE TIFS 18, arXiv 2201.05629. 1 where the model relearns as
    one does that never saw the forget set, far below 1 where it still remembers, above 1 where more than the forget
    set is gone. It is missing where one of them does not reach the target, or the retrained model is there before any
    step.
    """
    reason = _incomparable(unlearned, retrained, "the unlearned model", "the retrained model")
    return Measurement(None, reason) if reason else Measurement(unlearned.steps / retrained.steps)


def _incomparable(model: TimeToTarget, reference: TimeToTarget, *names: str) -> str:
    """Why the steps of two models cannot be divided, "" where they can."""
    if model.steps is not None and reference.steps:
        return ""
    if model.steps is not None and reference.steps == 0:
        return f"{names[1]} is at the target before any step"
    return " and ".join(_describe(name, reached) for name, reached in zip(names, (model, reference), strict=True))


def _describe(name: str, reached: TimeToTarget) -> str:
    if reached.kind == "diverged":
        return f"{name} diverges before the target"
    if reached.steps is None:
        return f"{name} does not reach the target within {reached.limit:,} steps"
    return f"{name} reaches the target after {reached.steps:,} steps"


@dataclass(frozen=True)
class SavingsRow:
    """How soon one variant relearns.

    Attributes:
        layers: The layer set, its layers joined by "+".
        scheme: Scheme of the randomization.
        dose: Dose of the randomization, in [0, 1].
        seed: Seed of the replicate.
        accuracy_before: Validation accuracy of the original model, in [0, 1]; the next too, and see `TargetAccuracy`.
        accuracy: Validation accuracy of the randomized model before it is trained again.
        chance: 1 / number of classes.
        majority: Validation accuracy of always predicting the most frequent class.
        target: Validation accuracy that is to be reached.
        steps: Steps of the randomized model to the target, see `TimeToTarget`.
        outcome: Kind of its `TimeToTarget`.
        scratch_steps: Steps of the model from scratch.
        scratch_outcome: Kind of its `TimeToTarget`.
        savings: See `compute_savings`.
        epochs: The limit.
        missing: Reason of each value that is None, by the name of the column.
    """

    layers: str
    scheme: str
    dose: float
    seed: int
    accuracy_before: float
    accuracy: float | None
    chance: float
    majority: float
    target: float
    steps: int | None
    outcome: str
    scratch_steps: int | None
    scratch_outcome: str
    savings: float | None
    epochs: int
    missing: dict[str, str] = field(default_factory=dict)


def savings_slices(trained: Trained, split: Split, recipe: Recipe) -> Iterator[list[SavingsRow]]:
    """The savings of each variant of the plan: for each seed, layer set × scheme × dose.

    Each variant is trained until it reaches the target, beside one model from scratch for each seed. What is drawn
    from the seed is as in `learning_curve_slices`.

    Returns:
        An iterator over lists, each with one row as it is ready, or empty where the study can be left.

    Raises:
        ForgettingError: As `make_target`; at once, not at the first slice.
    """
    return _rows(trained, split, recipe, make_target(trained, split, recipe))


def _rows(trained: Trained, split: Split, recipe: Recipe, target: TargetAccuracy) -> Iterator[list[SavingsRow]]:
    plan, part = recipe.relearning.sweep, split.validation
    sets = plan.sets(recipe.model.layers)
    for seed in plan.replicates:
        scratch = yield from as_slices(train_to_target(make_relearner(recipe, split, seed), part, target.target))
        for names, scheme, dose in product(sets, plan.schemes, plan.doses):
            drawn = replace(plan.randomization(scheme, plan.units[0], seed), layers=names, fraction=dose)
            trainer = make_relearner(recipe, split, seed, randomize(trained.model, drawn, initial=trained.initial))
            after = top_1_accuracy(trainer.model, part)
            relearned = yield from as_slices(train_to_target(trainer, part, target.target))
            yield [_row(target, drawn, after, relearned, scratch, trainer.training.epochs)]


def _row(
    target: TargetAccuracy,
    drawn: Randomization,
    after: float,
    relearned: TimeToTarget,
    scratch: TimeToTarget,
    epochs: int,
) -> SavingsRow:
    """The row of one variant. after: accuracy of the randomized model, NaN where its outputs are not finite."""
    saved = compute_savings(relearned, scratch, target)
    reasons = {
        "accuracy": NOT_FINITE if math.isnan(after) else "",
        "steps": "" if relearned.steps is not None else _describe("the randomized model", relearned),
        "scratch_steps": "" if scratch.steps is not None else _describe("the model from scratch", scratch),
        "savings": saved.missing,
    }
    return SavingsRow(
        layers=LAYER_SEPARATOR.join(drawn.layers),
        scheme=drawn.scheme,
        dose=drawn.fraction,
        seed=drawn.seed,
        accuracy=None if math.isnan(after) else after,
        **asdict(target),
        steps=relearned.steps,
        outcome=relearned.kind,
        scratch_steps=scratch.steps,
        scratch_outcome=scratch.kind,
        savings=saved.value,
        epochs=epochs,
        missing={name: reason for name, reason in reasons.items() if reason},
    )


def savings_curves(frame: pd.DataFrame) -> pd.DataFrame:
    """The savings of each variant over seeds.

    Args:
        frame: Table of `RelearningResult.frame`.

    Returns:
        A row for each variant with the columns layers, scheme and dose;
        seeds, how many have savings; low, median and high of the savings;
        accuracy, the median right after randomizing;
        already_there, never and diverged, the numbers of seeds with that outcome;
        failed, those that are never there or diverge where the model from scratch reaches the target;
        conclusion, that of `conclude_memory` for this variant alone.
    """
    found = seed_bands(frame, "savings", VARIANT_KEYS)
    trivial = frame["target"] <= frame[["chance", "majority"]].max(axis=1) + ROUNDING
    failed = frame["outcome"].isin(["never", "diverged"]) & (frame["scratch_outcome"] == "reached") & ~trivial
    kinds = {kind.replace(" ", "_"): frame["outcome"] == kind for kind in ("already there", "never", "diverged")}
    groups = frame.assign(**kinds, failed=failed).groupby(VARIANT_KEYS, sort=False, observed=True)
    found["accuracy"] = groups["accuracy"].median()
    found[[*kinds, "failed"]] = groups[[*kinds, "failed"]].sum().astype(int)
    found["conclusion"] = [
        conclude_memory(rows["savings"], failed=lost, same_model=leaves_one_model(scheme, dose)).conclusion
        for ((_, scheme, dose), rows), lost in zip(groups, found["failed"], strict=True)
    ]
    return found.reset_index()


def leaves_one_model(scheme: str, dose: float) -> bool:
    """Whether all seeds leave the same randomized model: they are no replicates of how it was randomized."""
    return scheme in DETERMINISTIC and dose == 1


@dataclass(frozen=True)
class MemoryConclusion:
    """Whether a randomized model remembers, from the savings of several seeds; see `conclude_memory`.

    "gone" is no proof that nothing is left: few seeds show large savings alone, and weights of a scale that hinders
    learning (scheme "normal") hide what is left.

    Attributes:
        conclusion: "remembers", savings are above 0; "gone", that cannot be shown with so many seeds; "too few seeds",
            fewer than LEAST_SEEDS; "one model", savings are above 0, but all seeds leave the same randomized model, so
            that it may be the luck of its weights; "undefined", no seed has savings.
        median: Median of the seeds that have savings, None where none has.
        low: Their 5th percentile.
        high: Their 95th percentile.
        seeds: Number of seeds that the conclusion rests on.
        p: p-value of the test.
    """

    conclusion: str
    median: float | None
    low: float | None
    high: float | None
    seeds: int
    p: float


def conclude_memory(values: Sequence[float | None], *, failed: int = 0, same_model: bool = False) -> MemoryConclusion:
    """Conclude from the savings of one variant's seeds whether it remembers, by a one-sided sign test.

    Under the null hypothesis a seed's savings are as often below 0 as above (Dixon & Mood 1946, JASA 41, 557–566);
    zeros are left out, so of LEAST_SEEDS all must be above 0. Each variant has its own test: of twenty that remember
    nothing, about one passes.

    Args:
        values: Savings by seed, None or NaN where missing.
        failed: Number of further seeds in which the randomized model alone does not reach the target. Their savings
            have no number, but are not above 0; without them the test would see the best seeds alone.
        same_model: Whether all seeds leave the same randomized model, see `leaves_one_model`.
    """
    known = pd.Series(values, dtype=float).dropna()
    if known.empty and not failed:
        return MemoryConclusion("undefined", None, None, None, 0, 1.0)
    above, trials, seeds = int((known > 0).sum()), int((known != 0).sum()) + failed, len(known) + failed
    p = float(binomtest(above, trials, alternative="greater").pvalue) if trials else 1.0
    above_zero = "one model" if same_model else "remembers"
    conclusion = "too few seeds" if seeds < LEAST_SEEDS else above_zero if p <= SIGNIFICANT else "gone"
    low, median, high = (
        map(float, known.quantile([BAND_QUANTILES[0], 0.5, BAND_QUANTILES[1]])) if len(known) else (None,) * 3
    )
    return MemoryConclusion(conclusion, median, low, high, seeds, p)
