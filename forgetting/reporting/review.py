"""What a model makes of one text, before and after it is randomized, in sentences.

Words and labels are data: whoever shows a sentence takes it for text, not for markup.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from forgetting.core.errors import shorten
from forgetting.experiment.flip import Contribution, Flip
from forgetting.experiment.prediction import Predictions
from forgetting.metrics.scores import NOT_FINITE
from forgetting.model.words import WORD_KINDS
from forgetting.reporting.formatting import format_count, format_gap, format_number, format_share, join_names
from forgetting.reporting.names import format_class

NAMED_WORDS = 3  # that a sentence names


def describe_known_words(known: Sequence[str], unknown: Sequence[str], kind: str) -> str:
    """How much of a text the model sees.

    Args:
        known: The different words of the text that the model knows.
        unknown: Those that it does not.
        kind: Kind of the words, a key of WORD_KINDS.
    """
    same = "It is an empty text to the model, which predicts the same class for all such texts."
    if not known and not unknown:
        return f"This text has no word: {WORD_KINDS[kind].rule}. {same}"
    if not known:
        return f"The model knows no word of this text. {same}"
    if not unknown:
        words = "the only word" if len(known) == 1 else f"all {len(known):,} different words"
        return f"The model knows {words} of this text."
    return (
        f"The model knows {len(known):,} of the {format_count(len(known) + len(unknown), 'different word')} of this "
        f"text. It does not see {_name_words(unknown)}."
    )


def describe_prediction(result: Predictions, row: int = 0) -> str:
    """What each model predicts for a text, beside what a model gives that knows nothing.

    Args:
        result: The predictions.
        row: Number of the text, from 0.
    """
    original = result.original
    label = original.labels[row]
    if label is None:
        return f"The original predicts nothing: {NOT_FINITE}."
    before = float(original.probabilities[row].max())
    trivial = (
        f"a uniform guess gives each class {format_share(result.chance)}, and {format_share(result.largest_share)} of "
        f"the training reviews are of the largest class, {_name_class(result.largest_class)}"
    )
    sentence = f"The original predicts {_name_class(label)} with a probability of {format_share(before)}; {trivial}."
    if _all_equal(original.probabilities[row]):
        sentence = f"All classes are equally probable to the original, so the first is named; {trivial}."
    if result.randomized is None:
        return sentence
    after, randomized = result.randomized.labels[row], result.randomized.probabilities[row]
    if after is None:
        return f"{sentence} The randomized model predicts nothing: {NOT_FINITE}."
    if _all_equal(randomized):
        return f"{sentence} All classes are equally probable to the randomized model, so the first is named."
    if after == label:
        now = float(randomized[original.numbers[row]])
        return f"{sentence} The randomized model predicts it, too, with {format_share(now)}."
    left = float(randomized[original.numbers[row]])
    return (
        f"{sentence} The randomized model predicts {_name_class(after)} with {format_share(float(randomized.max()))}, "
        f"and leaves {_name_class(label)} {format_share(left)}."
    )


def describe_flip(flip: Flip, most: int = NAMED_WORDS) -> str:
    """Why the prediction for a text flipped: the words whose contributions changed most, and what the others add.

    Args:
        flip: The contributions.
        most: How many words are named.
    """
    if flip.missing:
        return f"Why the prediction changed cannot be told: {flip.missing}."
    old, new = _name_class(flip.old), _name_class(flip.new)
    if flip.old == flip.new:
        return f"The prediction did not flip: both models predict {old}."
    named = list(flip.words.items())[:most]
    others = [each.change for each in list(flip.words.values())[most:]]
    parts = [f"{_name_word(word)} {_change(each)}" for word, each in named]
    if others:
        words = "other word" if len(others) == 1 else "other words together"
        parts.append(f"the {'' if len(others) == 1 else f'{len(others):,} '}{words} {_signed(sum(others))}")
    parts.append(f"what no word accounts for {_change(flip.remainder)}")
    return (
        f"The prediction flipped from {old} to {new}: the logit of {new} less that of {old} went from "
        f"{_signed(flip.total.before)} to {_signed(flip.total.after)}. This change of {_signed(flip.total.change)} "
        f"is the sum of: {'; '.join(parts)}."
    )


def describe_edit(result: Predictions, model: str = "original") -> str:
    """What differs between two versions of a text, in words and in a model's probabilities.

    Args:
        result: The predictions for both versions.
        model: Name of the model, a key of `result.models`.
    """
    found = result.models[model]
    words = [{*known, *unknown} for known, unknown in zip(result.known, result.unknown, strict=True)]
    added, removed = sorted(words[1] - words[0]), sorted(words[0] - words[1])
    if added and removed:
        difference = f"The second version has {_name_words(added)} in place of {_name_words(removed)}."
    elif added or removed:
        difference = f"The second version {'adds' if added else 'leaves out'} {_name_words(added or removed)}."
    else:
        difference = "Both versions have the same words."
    labels, name = found.labels, f"{model} model"
    if None in labels:
        return f"{difference} The {name} predicts nothing: {NOT_FINITE}."
    if np.allclose(*found.probabilities, rtol=0, atol=1e-6):
        return f"{difference} To the {name} they are the same text: it predicts {_name_class(labels[0])} for both."
    first, second = (float(row[found.numbers[0]]) for row in found.probabilities)
    turned = f"now predicts {_name_class(labels[1])}" if labels[0] != labels[1] else "still predicts it"
    return (
        f"{difference} The {name} gives {_name_class(labels[0])} {format_share(second)} in the second "
        f"and {format_share(first)} in the first version, and {turned}."
    )


def _all_equal(values: Sequence[float]) -> bool:
    return len(values) > 1 and float(max(values)) == float(min(values))


def _change(contribution: Contribution) -> str:
    """A change with the contributions before and after: "+0.83 (−0.52 → +0.31)"."""
    return f"{_signed(contribution.change)} ({_signed(contribution.before)} → {_signed(contribution.after)})"


def _signed(value: float) -> str:
    return format_gap("logit", value) if math.isfinite(value) else format_number(value)


def _name_class(label: str) -> str:
    return format_class(shorten(label))


def _name_word(word: str) -> str:
    return f"“{shorten(word, 30)}”"


def _name_words(words: Sequence[str]) -> str:
    """The first words between quotation marks, and how many more there are."""
    names = [_name_word(word) for word in words[:NAMED_WORDS]]
    if len(words) > NAMED_WORDS:
        names.append(f"{len(words) - NAMED_WORDS:,} more")
    return join_names(names)
