"""Why a prediction flips: which words of a text speak otherwise once the model is randomized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forgetting.metrics.scores import NOT_FINITE

if TYPE_CHECKING:
    from forgetting.model.classifier import TextClassifier
    from forgetting.model.sparse import SparseMatrix
    from forgetting.model.tokens import TokenRows
    from forgetting.model.transformer import TextTransformer


@dataclass(frozen=True)
class Contribution:
    """What something contributes to the logit of the new class less that of the old one.

    Attributes:
        before: Contribution in the original model, in units of the logit.
        after: The same in the randomized model.
    """

    before: float
    after: float

    @property
    def change(self) -> float:
        """The contribution after less that before."""
        return self.after - self.before


@dataclass(frozen=True)
class Flip:
    """Why two models predict different classes for a text.

    The contributions of the words and the remainder add up to the total, before and after.

    Attributes:
        old: Label of the class that the original predicts; None where that is missing.
        new: Label of the class that the randomized model predicts; None where that is missing. It may be the old one.
        words: Contribution of each word that the model knows, the largest change first; {} where nothing flipped.
        remainder: What the words leave unexplained; with integrated gradients, what the models give for a text
            without words.
        total: The logit of the new class less that of the old one.
        missing: Why there is no prediction, or ""; then the numbers are 0.
    """

    old: str | None
    new: str | None
    words: dict[str, Contribution]
    remainder: Contribution = Contribution(0.0, 0.0)
    total: Contribution = Contribution(0.0, 0.0)
    missing: str = ""


def explain_flip(
    original: TextClassifier | TextTransformer,
    randomized: TextClassifier | TextTransformer,
    inputs: SparseMatrix | TokenRows,
    *,
    words: Sequence[str],
    classes: Sequence[str],
    method: str = "integrated_gradients",
) -> Flip:
    """Attribute the logit of the new class less that of the old one to the words of a text, in both models.

    What an attribution explains of two classes has the same mean logit taken off, which their difference has not.

    Args:
        original: The original model; it does not change.
        randomized: The randomized model; it does not change.
        inputs: The text as the models take it, one row.
        words: The words of the inputs' columns.
        classes: The classes' labels, by class number.
        method: A name in ATTRIBUTIONS.

    Raises:
        RecipeError: The method is unknown.
    """
    import torch

    from forgetting.model.attribution import attribute

    models = original, randomized
    with torch.no_grad():
        logits = [model(inputs)[0] for model in models]
    numbers = [int(each.argmax()) if each.isfinite().all() else None for each in logits]
    labels = [None if number is None else classes[number] for number in numbers]
    if None in numbers or numbers[0] == numbers[1]:
        return Flip(*labels, {}, missing=NOT_FINITE if None in numbers else "")
    twice = inputs.rows(torch.tensor([0, 0]))
    targets, stored = torch.tensor(numbers), len(inputs.columns)
    found = [attribute(model, twice, targets, method) for model in models]
    by_word = [(each.values[stored:] - each.values[:stored]).tolist() for each in found]
    remainders = [float(each.remainder[1] - each.remainder[0]) for each in found]
    totals = [float(each[numbers[1]] - each[numbers[0]]) for each in logits]
    contributions = by_change([words[column] for column in inputs.columns.tolist()], *by_word)
    return Flip(*labels, contributions, Contribution(*remainders), Contribution(*totals))


def by_change(words: Sequence[str], before: Sequence[float], after: Sequence[float]) -> dict[str, Contribution]:
    """What each word contributes, the largest change first.

    Args:
        words: Of a text; what is said of one that is named again is added up.
        before: Contribution of each in the original model, in units of the logit.
        after: The same in the randomized model.
    """
    found: dict[str, Contribution] = {}
    for word, *both in zip(words, before, after, strict=True):
        known = found.get(word, Contribution(0.0, 0.0))
        found[word] = Contribution(known.before + both[0], known.after + both[1])
    return dict(sorted(found.items(), key=lambda item: -abs(item[1].change)))
