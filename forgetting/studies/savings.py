"""Savings: how much sooner a randomized model relearns than a model learns from scratch.

A model at chance may still remember. Its savings tell: 0 where what it knew is gone, 1 where it was never lost. The
module `memory` concludes from the savings of several replicates.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import product

from forgetting.experiment.results import Trained
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.scores import NOT_FINITE, top_1_accuracy
from forgetting.model.split import Split
from forgetting.randomization.path import randomize
from forgetting.randomization.patterns import LAYER_SEPARATOR
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import Recipe
from forgetting.studies.originals import Original, find_originals
from forgetting.studies.time_to_target import (
    TargetAccuracy,
    TimeToTarget,
    as_slices,
    make_relearner,
    train_to_target,
)


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
        The savings. They have no number where one of the models does not reach the target, but for a randomized model
        that is there before any step: whatever the other one needs, all of it is saved. See `bound_savings`. They are
        missing as well where the model from scratch is there before any step, and where reaching the target says
        nothing.

    >>> compute_savings(TimeToTarget("reached", 5, 5, 100), TimeToTarget("reached", 20, 20, 100)).value
    0.75
    """
    if reason := target.missing if target else "":
        return Measurement(None, reason)
    if relearned.steps == 0 and scratch.duration > 0:
        return Measurement(1.0)
    reason = _incomparable(relearned, scratch, "the randomized model", "the model from scratch")
    return Measurement(None, reason) if reason else Measurement(1 - relearned.steps / scratch.steps)


def bound_savings(
    relearned: TimeToTarget, scratch: TimeToTarget, target: TargetAccuracy | None = None
) -> tuple[float, float] | None:
    """The lowest and the highest savings that two runs allow, of which one may not have reached the target.

    A run that never arrives takes more steps than were allowed, perhaps without end. So where only the model from
    scratch never arrives, the savings are above 1 − steps to relearn / steps allowed; where only the randomized one
    does, they are at most 1 − steps allowed / steps from scratch, and may be as low as −∞; where neither does, nothing
    is known. Both ends are the savings where these have a number. A model from scratch that is there before any step
    counts as one that needs a step.

    Returns:
        Two numbers, the first in [−∞, 1], the second finite; None where reaching the target says nothing.

    >>> bound_savings(TimeToTarget("reached", 5, 5, 100), TimeToTarget("never", None, None, 100))
    (0.95, 1.0)
    """
    if target and target.missing:
        return None
    value = compute_savings(relearned, scratch).value
    if value is not None:
        return value, value
    if scratch.steps is None:
        return (-math.inf if relearned.steps is None else 1 - relearned.steps / scratch.limit), 1.0
    least = relearned.limit if relearned.steps is None else relearned.steps
    return -math.inf, 1 - least / max(scratch.steps, 1)


def log_steps_ratio(
    relearned: TimeToTarget, scratch: TimeToTarget, target: TargetAccuracy | None = None
) -> Measurement:
    """log(steps from scratch / steps to relearn), the natural logarithm.

    Unlike savings it is symmetric: of two models that know equally little, its mean is 0, while the mean of 1 − a / b
    is below 0, as 1 / b is large where b is small (Jensen's inequality). Medians of both say the same.

    Returns:
        The logarithm. It is missing where savings are, and where no step is needed: it would be infinite.

    >>> round(log_steps_ratio(TimeToTarget("reached", 5, 5, 100), TimeToTarget("reached", 20, 20, 100)).value, 3)
    1.386
    """
    if relearned.steps == 0:
        return Measurement(None, (target.missing if target else "") or "the randomized model needs no step")
    saved = compute_savings(relearned, scratch, target)
    return Measurement(None, saved.missing) if saved.missing else Measurement(math.log(scratch.steps / relearned.steps))


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
    steps = reached.limit if reached.steps is None else reached.steps
    counted = f"{steps:,} step{'' if steps == 1 else 's'}"
    if reached.kind == "diverged":
        return f"{name} diverges before the target"
    if reached.steps is None:
        return f"{name} does not reach the target within {counted}"
    return f"{name} is at the target before any step" if steps == 0 else f"{name} reaches the target after {counted}"


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
        majority: Accuracy of always predicting the most frequent class, on the part that is measured.
        target: Accuracy that is to be reached, on the part that is measured.
        steps: Steps of the randomized model to the target, see `TimeToTarget`.
        outcome: Kind of its `TimeToTarget`.
        scratch_steps: Steps of the model from scratch.
        scratch_outcome: Kind of its `TimeToTarget`.
        savings: See `compute_savings`.
        epochs: The limit.
        savings_low: Lowest savings that the runs allow, see `bound_savings`; None where there is no lowest.
        savings_high: Highest savings that they allow; None where savings are undefined.
        log_ratio: See `log_steps_ratio`.
        split: Seed of the split.
        original_seed: Seed that the original was trained from.
        measured_on: "test" or "validation", see `TargetAccuracy`.
        untouched: Whether randomizing left every weight as it was, so that nothing was to be forgotten.
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
    savings_low: float | None = None
    savings_high: float | None = None
    log_ratio: float | None = None
    split: int = 0
    original_seed: int = 0
    measured_on: str = "validation"
    untouched: bool = False
    missing: dict[str, str] = field(default_factory=dict)


def savings_slices(
    trained: Trained, split: Split, recipe: Recipe, known: Collection[tuple[int, int]] = ()
) -> Iterator[list[SavingsRow]]:
    """The savings of each variant of the plan: for each split and seed, layer set × scheme × dose.

    Each variant is trained until it reaches the target, beside one model from scratch for each replicate. What is drawn
    from the seed is as in `learning_curve_slices`, and the arguments are those of `find_originals`.

    Returns:
        An iterator over lists, each with one row as it is ready, or empty where the study can be left.

    Raises:
        ForgettingError: As `find_originals`.
    """
    return _rows(find_originals(trained, split, recipe, known), recipe)


def _rows(originals: Iterator[Original | None], recipe: Recipe) -> Iterator[list[SavingsRow]]:
    plan = recipe.relearning.sweep
    sets = plan.sets(recipe.model.layers)
    for original in originals:
        if original is None:
            yield []
            continue
        split, part, seed, target = original.split, original.part, original.seed, original.target.target
        scratch = yield from as_slices(train_to_target(make_relearner(recipe, split, seed), part, target))
        for names, scheme, dose in product(sets, plan.schemes, plan.doses):
            drawn = replace(plan.randomization(scheme, plan.units[0], seed), layers=names, fraction=dose)
            model = randomize(original.trained.model, drawn, initial=original.trained.initial)
            untouched = original.equals(model)
            trainer = make_relearner(recipe, split, seed, model)
            after = top_1_accuracy(trainer.model, split.validation)
            relearned = yield from as_slices(train_to_target(trainer, part, target))
            yield [_row(original, drawn, after, relearned, scratch, trainer.training.epochs, untouched=untouched)]


def _row(
    original: Original,
    drawn: Randomization,
    after: float,
    relearned: TimeToTarget,
    scratch: TimeToTarget,
    epochs: int,
    *,
    untouched: bool = False,
) -> SavingsRow:
    """The row of one variant. after: accuracy of the randomized model, NaN where its outputs are not finite."""
    target = original.target
    saved, ratio = (measure(relearned, scratch, target) for measure in (compute_savings, log_steps_ratio))
    low, high = bound_savings(relearned, scratch, target) or (None, None)
    reasons = {
        "accuracy": NOT_FINITE if math.isnan(after) else "",
        "steps": "" if relearned.steps is not None else _describe("the randomized model", relearned),
        "scratch_steps": "" if scratch.steps is not None else _describe("the model from scratch", scratch),
        "savings": saved.missing,
        "log_ratio": ratio.missing,
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
        savings_low=None if low == -math.inf else low,
        savings_high=high,
        log_ratio=ratio.value,
        split=original.split_seed,
        original_seed=original.original_seed,
        untouched=untouched,
        missing={name: reason for name, reason in reasons.items() if reason},
    )
