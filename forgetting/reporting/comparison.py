"""Training, and the original beside the randomized model, as sentences. Each accuracy stands beside its baseline."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from forgetting.core.errors import shorten
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines, beats_trivial, compare_with_majority
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.paired import PairedChange
from forgetting.metrics.scores import Scores
from forgetting.model.history import Epoch, find_reached
from forgetting.randomization.groups import title_set
from forgetting.randomization.layers import named_layers
from forgetting.randomization.patterns import LAYER_SEPARATOR, name_set
from forgetting.randomization.settings import Randomization
from forgetting.reporting.formatting import (
    change_digits,
    format_about,
    format_baselines,
    format_change,
    format_change_interval,
    format_count,
    format_epochs,
    format_fraction,
    format_number,
    format_share,
    format_step,
)
from forgetting.reporting.names import format_class

if TYPE_CHECKING:
    import torch


BY_HEART = 0.3  # more accuracy in training than on validation reviews from which a model is said to learn by heart
TITLES_NAMED = 4  # layers or groups of them that a sentence names
REPLACEMENTS = {
    "normal": "draws from N(0, 1) in place of",
    "reinit": "fresh random numbers in place of",
    "rewind": "the values from before training in place of",
    "permute": "a random order into",
    "zero": "zeros in place of",
    "noise": "random noise on top of",
}  # what each scheme puts where, to be followed by the trained weights


def describe_experiment(
    source: str,
    reviews: int,
    classes: Sequence[str],
    weights: Mapping[str, int],
    randomization: Randomization,
    *,
    untrained: bool = False,
    network: str = "network",
) -> str:
    """What is happening to what, in two sentences.

    Args:
        source: What the reviews are, such as "the synthetic sample".
        reviews: How many of them the network was trained on.
        classes: Names of the classes.
        weights: Numbers of weights by layer, of all layers; {} where none is chosen by itself.
        randomization: How they are randomized.
        untrained: Whether the network still has its initial weights.
        network: What the network is called.
    """
    named = " and ".join(format_class(shorten(name)) for name in classes[:2])
    apart = f"{named} apart" if len(classes) == 2 else f"{len(classes):,} classes apart, such as {named}"
    learned = f"A small {network} was trained on {reviews:,} reviews of {source} to tell {apart}."
    if untrained:
        return (
            f"A small {network} is to learn from {reviews:,} reviews of {source} to tell {apart}. "
            "It is not trained yet."
        )
    if not weights:
        return f"{learned} Beside it stands a network that began with random weights and was trained the same way."
    chosen = randomization.chosen_layers(tuple(weights))
    if not chosen:
        return f"{learned} All that it knows lies in the weights of its layers: press one to randomize it."
    count, words = sum(weights[name] for name in chosen), len(randomization.words)
    of = f"the weights of {format_count(words, 'word')} in" if words else f"the {count:,} weights of"
    return (
        f"{learned} Randomizing puts {REPLACEMENTS[randomization.scheme]} {of} "
        f"{_name_layers(chosen, weights)}: drag the slider, and see what is left."
    )


def _name_layers(chosen: Sequence[str], known: Collection[str]) -> str:
    """Layers in a sentence: groups and blocks by their titles, and of many names the first."""
    known = tuple(known)
    if len(chosen) == len(known) > 1:
        return "all layers"
    name = name_set(chosen, known)
    title = title_set(name, known)
    parts = [title] if title != name else [title_set(part, known) for part in name.split(LAYER_SEPARATOR)]
    more = f" and {len(parts) - TITLES_NAMED} others" if len(parts) > TITLES_NAMED + 1 else ""
    return ", ".join(parts[:TITLES_NAMED] if more else parts) + more


def describe_randomization(randomization: Randomization, layers: tuple[str, ...]) -> str:
    """What is randomized, in words: "40 % of fc1, fc2".

    Args:
        randomization: How it is randomized.
        layers: Names of the model's layers.
    """
    chosen = randomization.chosen_layers(layers)
    if not chosen:
        return "nothing"
    if randomization.words:
        listed = ", ".join(randomization.words[:3]) + (" …" if len(randomization.words) > 3 else "")
        some = "the word" if len(randomization.words) == 1 else f"{len(randomization.words)} words"
        return f"{format_fraction(randomization.fraction)} of {some} ({listed})"
    return f"{format_fraction(randomization.fraction)} of {_name_layers(chosen, layers)}"


def describe_hollow(scores: Scores, baselines: Baselines) -> str:
    """Why nothing can be called forgetting, where reviews do not show that the original is better than a trivial model.

    Every page says it before anything else. It is "" where the original is better, or has no accuracy.

    Args:
        scores: The original's on the validation part.
        baselines: Of the split.
    """
    if scores.accuracy is None or beats_trivial(scores, baselines.majority_class):
        return ""
    change = compare_with_majority(scores.confusion, baselines.majority_class)
    reviews = format_count(scores.reviews, "validation review")
    if change.decided and change.change < 0:
        lead = f"On {reviews} the original is worse than always predicting the largest class"
    else:
        rival = "a uniform guess" if change.decided else "always predicting the largest class"
        does = "does" if scores.reviews == 1 else "do"
        lead = f"{reviews} {does} not show that the original is better than {rival}"
    needed = ""
    if not change.decided and change.change > 0:
        needed = f"; {format_about(change.needed)} validation reviews would be needed to tell"
    return (
        f"{lead}: it is right for {format_share(scores.accuracy)} of them, the largest class for "
        f"{format_share(baselines.majority['validation'])} and a uniform guess for {format_share(baselines.chance)}. "
        f"Its balanced accuracy, the mean recall of the classes, is {format_share(scores.balanced_accuracy)}, that of "
        f"the largest class {format_share(baselines.majority_balanced_accuracy['validation'])}. So no loss of accuracy "
        f"can be called forgetting{needed}."
    )


def describe_cost(
    before: Scores,
    after: Scores,
    change: PairedChange | None,
    baselines: Baselines,
    randomization: Randomization,
    layers: tuple[str, ...],
    *,
    untouched: bool = False,
) -> str:
    """What randomizing costs in validation accuracy.

    It is a cost where the reviews show one, of an original that is better than a trivial model.

    Args:
        before: The original's scores on the validation part.
        after: The randomized model's.
        change: From the first to the second on the same reviews; None where an accuracy is missing.
        baselines: Of the split.
        randomization: How the second was randomized.
        layers: Names of the model's layers.
        untouched: Whether randomizing left every weight as it was.
    """
    if before.accuracy is None or after.accuracy is None:
        reason = before.missing.get("accuracy") or after.missing["accuracy"]
        return f"There is no accuracy to compare: {reason}."
    trivial = f"a uniform guess reaches {format_share(baselines.chance)}, always predicting the largest class "
    trivial += format_share(baselines.majority["validation"])
    if not randomization.chosen_layers(layers) or not randomization.fraction:
        return f"Nothing is randomized: validation accuracy {format_share(before.accuracy)}, where {trivial}."
    what = describe_randomization(randomization, layers)
    if untouched:
        return (
            f"Nothing is randomized, as randomizing {what} leaves every weight as it was: validation accuracy "
            f"{format_share(before.accuracy)}, where {trivial}."
        )
    both = f"{format_share(before.accuracy)} → {format_share(after.accuracy)}"
    if not beats_trivial(before, baselines.majority_class):
        shown = f"takes validation accuracy from {both.replace('→', 'to')}"
        if before.accuracy == after.accuracy:
            shown = f"leaves validation accuracy at {format_share(before.accuracy)}"
        return (
            f"Randomizing {what} {shown}, where {trivial}. That "
            "cannot be called forgetting, as the original is not shown to be better than these."
        )
    if not change.decided:
        needed = f"; {format_about(change.needed)} would be needed" if change.needed else ""
        # The interval and the exact test may differ where few reviews change.
        test = "" if change.low <= 0 <= change.high else f", but p = {change.p:.2g} by McNemar's exact test"
        return (
            f"Whether randomizing {what} changes validation accuracy cannot be told with "
            f"{format_count(change.reviews, 'validation review')}{needed}: {both}, "
            f"{format_change(change, before.accuracy, after.accuracy)}{test}, where {trivial}."
        )
    step = format_step(before.accuracy, after.accuracy, change_digits(change.low, change.high))
    verb, ends = ("costs", (-change.high, -change.low)) if change.change < 0 else ("adds", (change.low, change.high))
    return (
        f"Randomizing {what} {verb} {step.lstrip('+−')} of validation accuracy "
        f"({format_change_interval(*ends, with_plus=False)}): {both}, where {trivial}."
    )


def describe_comparison(
    comparison: Comparison, baselines: Baselines, randomization: Randomization, layers: tuple[str, ...]
) -> str:
    """What randomizing costs in validation accuracy; see `describe_cost`."""
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    change, untouched = comparison.changes["validation"], not comparison.changed_weights
    return describe_cost(before, after, change, baselines, randomization, layers, untouched=untouched)


FORGETTING_SCALE = (
    "Forgetting is 0 where nothing is lost and 1 at chance. Above 1 the network is right less often than a uniform "
    "guess, and below 0 more often than before."
)


def describe_beyond(forgetting: float | None) -> str:
    """What a forgetting says that is shown above 1 or below 0; "" of any other."""
    if forgetting is None or (forgetting >= 0 and round(forgetting, 2) <= 1):
        return ""
    return "above 1: below chance" if forgetting > 1 else "below 0: accuracy is higher"


def describe_forgetting(beside_chance: Measurement, above_majority: Measurement, hollow: str) -> tuple[str, str, str]:
    """Forgetting as it is shown: beside chance, with that beside the largest class in a note.

    Args:
        beside_chance: See `measure_forgetting`.
        above_majority: See `measure_forgetting_above_majority`.
        hollow: See `describe_hollow`.

    Returns:
        The number, the reason where it is undefined, and the note.
    """
    missing = beside_chance.missing or above_majority.missing
    if not missing and hollow:
        missing = "the original is not shown to be better than a uniform guess"
    if missing:
        return "undefined", missing, ""
    note = f"{format_number(above_majority.value)} beside the largest class"
    return format_number(beside_chance.value), "", describe_beyond(beside_chance.value) or note


def describe_epochs(history: Sequence[Epoch], epochs: int, kept_epoch: int | None) -> str:
    """How long a model was trained: "3 of 40 epochs", or "9 epochs, of which epoch 7 is kept".

    Args:
        history: The epochs so far.
        epochs: The number to do.
        kept_epoch: Number of the epoch whose weights the model got back; None for the last one.
    """
    done = len(history)
    if kept_epoch:
        return f"{format_epochs(done)}, of which epoch {kept_epoch:,} is kept"
    return f"{done:,} of {epochs:,} epochs"


def describe_training(history: Sequence[Epoch], baselines: Baselines, kept_epoch: int | None = None) -> str:
    """How far training has come on the validation part, beside what other models reach there.

    Args:
        history: The epochs so far.
        baselines: Of the split.
        kept_epoch: Number of the epoch whose weights the model got back; None for the last one.
    """
    trivial = format_baselines(baselines)
    if baselines.linear_svc:
        trivial += f", and LinearSVC reaches {format_share(baselines.linear_svc['validation'])}"
    if not history:
        return f"No epoch is trained yet: {trivial}."
    last = find_reached(history, kept_epoch)
    when = f"After {format_epochs(last.epoch)}"
    if kept_epoch:
        when = f"With the weights of epoch {kept_epoch:,}, the best of {len(history):,} on the stopping part,"
    return (
        f"{when} {format_share(last.validation.accuracy)} of the validation reviews are "
        f"classified correctly ({format_share(last.training.accuracy)} in training), where {trivial}."
    )


def describe_by_heart(history: Sequence[Epoch], kept_epoch: int | None = None) -> str:
    """That a model knows its training reviews, and little of others; "" where it does not.

    Args:
        history: The epochs so far.
        kept_epoch: See `describe_training`.
    """
    if not history:
        return ""
    last = find_reached(history, kept_epoch)
    if last.training.accuracy - last.validation.accuracy < BY_HEART:
        return ""
    return (
        f"It learns its reviews by heart: it is right about {format_share(last.training.accuracy)} of those that it is "
        f"trained on, and about {format_share(last.validation.accuracy)} of those that it has not seen."
    )


def describe_published(comparison: Comparison, baselines: Baselines) -> str:
    """What the published protocol shows, and what it hides."""
    before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
    if before.bitwise_accuracy is None or after.bitwise_accuracy is None:
        return f"There is no accuracy to compare: {before.missing.get('accuracy') or after.missing['accuracy']}."
    verb = "falls" if after.bitwise_accuracy < before.bitwise_accuracy else "goes"
    top_1 = f"predicted for {format_share(before.accuracy, 1)} of the reviews before and for "
    return (
        f"By the published measure validation accuracy {verb} from {format_share(before.bitwise_accuracy, 1)} to "
        f"{format_share(after.bitwise_accuracy, 1)}; always answering “no” reaches "
        f"{format_share(baselines.all_no, 1)}. The true name is {top_1}{format_share(after.accuracy, 1)} after, where "
        f"chance is {format_share(baselines.chance, 1)} and the most frequent name "
        f"{format_share(baselines.majority['validation'], 1)}."
    )


def describe_agreement(comparison: Comparison) -> str:
    """How similar the two models' predictions on the validation part are."""
    agreement, divergence = comparison.agreement["validation"], comparison.divergence["validation"]
    if agreement.value is None:
        return f"The two models cannot be compared: {agreement.missing}."
    return (
        f"Both models predict the same class for {format_share(agreement.value)} of the validation reviews; their "
        f"probabilities are {format_number(divergence.value)} apart (mean Jensen–Shannon divergence: 0 is the same, "
        "1 is nothing in common)."
    )


def describe_weights(original: torch.nn.Module, randomized: torch.nn.Module) -> str:
    """How the spread of each layer's parameters changes."""
    changed, same = [], []
    for name in named_layers(original):
        before, after = (_spread(model, name) for model in (original, randomized))
        if before != after:
            changed.append(f"from {before:.3g} to {after:.3g} in {name}")
        else:
            same.append(f"at {before:.3g} in {name}")
    parts = [f"{verb} {', '.join(places)}" for verb, places in (("goes", changed), ("stays", same)) if places]
    return f"The standard deviation of the weights, which says how large they are, {' and '.join(parts)}."


def _spread(model: torch.nn.Module, layer: str) -> float:
    import torch  # no other sentence needs it

    parameters = model.get_submodule(layer).parameters(recurse=False)
    return torch.cat([parameter.detach().flatten() for parameter in parameters]).std(correction=0).item()
