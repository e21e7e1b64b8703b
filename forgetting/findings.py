"""What the figures say, as sentences. Each names the baseline of every accuracy in it."""

import math
from collections.abc import Sequence

import pandas as pd
import torch

from forgetting.dose_response import HalfWay, LayerRobustness
from forgetting.experiment import Comparison
from forgetting.metrics import Baselines
from forgetting.models import own_layers
from forgetting.randomization import Randomization
from forgetting.training import Epoch


def percent(share: float | None, digits: int = 0) -> str:
    """A share in [0, 1] for people: "58 %", "99.7 %"; "missing" for None.

    Next to 0 and 1 it has more decimals, so that nothing which differs from them is shown as them.
    """
    if share is None or math.isnan(share):
        return "missing"
    if 0 < share < 0.01 or 0.99 < share < 1:
        digits = max(digits, math.ceil(-math.log10(100 * min(share, 1 - share))), 1)
    return f"{100 * share:.{digits}f} %"


def number(value: float | None) -> str:
    """A loss or a score for people: two decimals, two digits where it is small; "missing" for None."""
    if value is None:
        return "missing"
    if abs(value) >= 1e5:
        return f"{value:.3g}"
    return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:.2f}"


def counted_epochs(count: int) -> str:
    """ "1 epoch", "2 epochs"."""
    return "1 epoch" if count == 1 else f"{count} epochs"


def target_of(randomization: Randomization, layers: tuple[str, ...]) -> str:
    """What is randomized, in words: "40 % of fc1 and fc2"."""
    chosen = randomization.among(layers)
    if not chosen:
        return "nothing"
    if randomization.words:
        listed = ", ".join(randomization.words[:3]) + (" …" if len(randomization.words) > 3 else "")
        some = "the word" if len(randomization.words) == 1 else f"{len(randomization.words)} words"
        return f"{percent(randomization.fraction)} of {some} ({listed})"
    names = "all layers" if len(chosen) == len(layers) > 1 else ", ".join(chosen)
    whole = round(100 * randomization.fraction, 6) % 1 == 0
    return f"{percent(randomization.fraction, 0 if whole else 1)} of {names}"


def cost(comparison: Comparison, baselines: Baselines, randomization: Randomization, layers: tuple[str, ...]) -> str:
    """What randomizing costs in validation accuracy, and where that leaves the model."""
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    if before.accuracy is None or after.accuracy is None:
        reason = before.missing.get("accuracy") or after.missing["accuracy"]
        return f"There is no accuracy to compare: {reason}."
    trivial = f"a uniform guess reaches {percent(baselines.chance)}, always naming the largest class "
    trivial += percent(baselines.majority["validation"])
    if not randomization.among(layers) or not randomization.fraction:
        return f"Nothing is randomized: validation accuracy {percent(before.accuracy)}, where {trivial}."
    points = 100 * (before.accuracy - after.accuracy)
    change = "costs" if points >= 0 else "adds"
    return (
        f"Randomizing {target_of(randomization, layers)} {change} {abs(points):.0f} points of validation accuracy: "
        f"{percent(before.accuracy)} → {percent(after.accuracy)}, where {trivial}."
    )


def learning(history: Sequence[Epoch], baselines: Baselines) -> str:
    """How far training has come on the validation part, beside what others reach there."""
    chance, majority = percent(baselines.chance), percent(baselines.majority["validation"])
    trivial = f"chance is {chance}, the largest class {majority}"
    if baselines.linear_svc:
        trivial += f", and LinearSVC reaches {percent(baselines.linear_svc['validation'])}"
    if not history:
        return f"Nothing is learnt yet: {trivial}."
    last = history[-1]
    return (
        f"After {counted_epochs(last.epoch)} {percent(last.validation.accuracy)} of the validation reviews are named "
        f"right ({percent(last.training.accuracy)} in training), where {trivial}."
    )


def published(comparison: Comparison, baselines: Baselines) -> str:
    """What the published protocol shows, and what it hides."""
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    if before.bitwise_accuracy is None or after.bitwise_accuracy is None:
        return f"There is no accuracy to compare: {before.missing.get('accuracy') or after.missing['accuracy']}."
    verb = "falls" if after.bitwise_accuracy < before.bitwise_accuracy else "goes"
    return (
        f"By the published measure validation accuracy {verb} from {percent(before.bitwise_accuracy, 1)} to "
        f"{percent(after.bitwise_accuracy, 1)}; always answering “no” reaches {percent(baselines.all_no, 1)}. "
        f"The right name is the best guess for {percent(before.accuracy, 1)} of the reviews before and "
        f"{percent(after.accuracy, 1)} after, where chance is {percent(baselines.chance, 1)}."
    )


def recalls(comparison: Comparison, classes: tuple[str, ...]) -> str:
    """Which classes lose most of their recall on the validation part, and how many are never found any more."""
    before, after = (outcome.scores["validation"].recall for outcome in (comparison.original, comparison.randomized))
    if before is None or after is None:
        return "There is no recall to compare: the model's outputs are not finite numbers."
    losses = {name: b - a for name, b, a in zip(classes, before, after, strict=True) if b == b}
    worst = max(losses, key=losses.get)
    gone = sum(a == 0 and b > 0 for b, a in zip(before, after, strict=True))
    found = sum(b > 0 for b in before)
    if not found:
        return "No class was found before, so none has recall to lose."
    if losses[worst] <= 0:
        return f"No class loses recall: all {found} that were found before still are."
    return (
        f"{worst} loses most, {100 * losses[worst]:.0f} points of recall; {gone} of the {found} classes that were "
        "found before are never found any more."
    )


def agreement(comparison: Comparison) -> str:
    """How alike the two models' predictions on the validation part are."""
    same, apart = comparison.agreement["validation"], comparison.divergence["validation"]
    if same.value is None:
        return f"The two models cannot be compared: {same.missing}."
    return (
        f"Both models name the same class for {percent(same.value)} of the validation reviews; their predictions are "
        f"{apart.value:.2f} apart (mean Jensen–Shannon divergence, 0 the same, 1 nothing in common)."
    )


def spreads(original: torch.nn.Module, randomized: torch.nn.Module) -> str:
    """How the spread of each layer's parameters changes."""
    parts = []
    for name in own_layers(original):
        before, after = (_spread(model, name) for model in (original, randomized))
        parts.append(f"{name} {before:.3g} → {after:.3g}" if before != after else f"{name} unchanged at {before:.3g}")
    return "Standard deviation of the weights: " + ", ".join(parts) + "."


def _spread(model: torch.nn.Module, layer: str) -> float:
    parameters = model.get_submodule(layer).parameters(recurse=False)
    return torch.cat([parameter.detach().flatten() for parameter in parameters]).std(correction=0).item()


NOTHING_TO_SHOW = "There is no accuracy to show: no dose reaches that change, or the outputs are not finite numbers."
WITHOUT = {  # what stands for a half-way dose that there is not, by its kind
    "never": "not up to {until}",
    "before": "before the smallest dose",
    "unmeasured": "not measured yet",
    "undefined": "undefined",
}
SIDE = {"scheme": "scheme", "layers": "layer set"}


def duration(seconds: float) -> str:
    """An estimate for people: "about 3 s", "about 2 min"."""
    if seconds < 1:
        return "under 1 s"
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def half_way_doses(halves: Sequence[HalfWay], baselines: Baselines, before: float) -> str:
    """At which dose each layer set is half-way down to chance."""
    trivial = f"chance is {percent(baselines.chance)}, the largest class {percent(baselines.majority['validation'])}"
    schemes, units = ({getattr(half, name) for half in halves} for name in ("scheme", "unit"))
    parts = []
    for half in halves[:6]:
        name = half.layers + (f" by {half.scheme}" if len(schemes) > 1 else "")
        name += f" ({half.unit}s)" if len(units) > 1 else ""
        if half.dose is None:
            parts.append(f"{WITHOUT[half.kind].format(until=percent(half.until))} for {name}")
        else:
            parts.append(f"{percent(half.dose)} of {name}" + (f" ({interval(half)})" if interval(half) else ""))
    more = f", and {len(halves) - 6} more below" if len(halves) > 6 else ""
    return (
        f"Validation accuracy is {percent(before)}, where {trivial}. Half-way down to chance: {', '.join(parts)}{more}."
    )


def interval(half: HalfWay) -> str:
    """ "73 % to 84 %", an open end said so; "" where there is no interval."""
    if half.low is None and half.high is None:
        return ""
    return " to ".join("open" if end is None else percent(end) for end in (half.low, half.high))


def heat(curves: pd.DataFrame, baselines: Baselines, before: float) -> str:
    """Which layer set loses most at the largest dose, and which least."""
    if curves.empty:
        return NOTHING_TO_SHOW
    last = curves[curves["level"] == curves["level"].max()].sort_values("median")
    weakest, strongest = last.iloc[0], last.iloc[-1]
    other = "" if len(last) == 1 else f" and {percent(strongest['median'])} with {strongest['layers']}"
    return (
        f"At a dose of {percent(curves['level'].max())} validation accuracy is {percent(weakest['median'])} with "
        f"{weakest['layers']} randomized{other}; before it was {percent(before)}, chance is "
        f"{percent(baselines.chance)}, the largest class {percent(baselines.majority['validation'])}."
    )


def cascades(steps: pd.DataFrame, baselines: Baselines) -> str:
    """What the first step of each cascade costs."""
    parts = []
    for name, rows in steps.groupby("cascade", sort=False):
        first = rows[rows["step"] == 1].iloc[0]
        parts.append(f"{name}, {first['layers']} alone leaves {percent(first['median'])}")
    before = steps.loc[steps["step"] == 0, "median"].iloc[0]
    return (
        f"From {percent(before)}: {'; '.join(parts)}. Chance is {percent(baselines.chance)}, the largest class "
        f"{percent(baselines.majority['validation'])}."
    )


def matched(curves: pd.DataFrame, rows: pd.DataFrame, baselines: Baselines, by: str = "scheme") -> str:
    """What each scheme, or layer set, leaves at the largest change that all of them reach."""
    if curves.empty:
        return NOTHING_TO_SHOW
    reached = curves.groupby("level")[by].nunique()
    named = curves.attrs.get("series", {}).get(by) or curves[by].unique()
    everywhere = reached[reached == len(named)]
    if everywhere.empty:
        return f"There is no change of the weights that each {SIDE[by]} reaches at a dose of the plan."
    common = everywhere.index.max()
    at = curves[curves["level"] == common].sort_values("median")
    listed = ", ".join(
        f"{name} {percent(median)} (dose {percent(dose)})"
        for name, median, dose in zip(at[by], at["median"], at["dose"], strict=True)
    )
    before = rows["validation_accuracy_before"].median()
    return (
        f"With the weights moved by {percent(common)} of their norm, validation accuracy is: {listed}. Before it was "
        f"{percent(before)}, chance is {percent(baselines.chance)}, the largest class "
        f"{percent(baselines.majority['validation'])}."
    )


def robust(rows: Sequence[LayerRobustness], baselines: Baselines) -> str:
    """Which layers are critical, and which robust."""
    parts = []
    for row in rows:
        if row.reinitialized is None:
            parts.append(f"{row.layer}: there is no accuracy above chance that it could lose")
            continue
        back, anew = (percent(accuracy) for accuracy in row.accuracies)
        parts.append(f"{row.layer} is {row.verdict} (set back to before training it leaves {back}, drawn anew {anew})")
    before, chance, majority = (
        percent(rows[0].accuracy_before),
        percent(rows[0].chance),
        baselines.majority["validation"],
    )
    return (
        f"{'; '.join(parts)}. Validation accuracy before is {before}, chance {chance}, the largest class "
        f"{percent(majority)}."
    )
