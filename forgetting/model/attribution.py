"""Attribution: how much each word speaks for a class, so that only its most important words can be randomized.

Column j of the first layer belongs to word j.
"""

import torch
from torch.nn import functional

from forgetting.core.errors import DataError
from forgetting.model.classifier import TextClassifier, first_layer
from forgetting.model.split import Split


def word_influence(model: TextClassifier, split: Split, number: int) -> torch.Tensor:
    """How much each word speaks for a class, in units of the logit.

    It is the mean, over the class's training reviews, of gradient × input (Shrikumar et al. 2016, arXiv 1605.01713) of
    the class's logit less the mean logit of all classes. So a word counts by how often it occurs in those reviews, and
    by how strongly the model reacts to it there.

    Args:
        model: The classifier; it does not change.
        split: The split, whose training part is looked at.
        number: Class number.

    Returns:
        (words,), positive for a word that speaks for the class.

    Raises:
        DataError: The training part has no review of the class.
    """
    part = split.training
    rows = (part.targets == number).nonzero().flatten()
    if not len(rows):
        raise DataError(f"No training review is of class {split.classes[number]!r}: choose another class.")
    inputs = part.inputs.rows(rows)
    first, *others = model.children()
    with torch.enable_grad():
        hidden = first_layer(first, inputs).detach().requires_grad_()  # (reviews of the class, hidden)
        values = hidden
        for layer in others:
            values = layer(functional.relu(values))
        (gradient,) = torch.autograd.grad((values[:, number] - values.mean(dim=1)).sum(), hidden)
    with torch.no_grad():
        return (inputs.transposed.matmul(gradient.contiguous()) * first.weight.t()).sum(dim=1) / len(rows)


def most_influential_words(model: TextClassifier, split: Split, number: int, most: int = 20) -> dict[str, float]:
    """The at most `most` words that speak for a class, with their influence, the strongest first.

    Other arguments and errors are those of `word_influence`.
    """
    values, columns = word_influence(model, split, number).topk(min(most, len(split.words)))
    found = zip(columns.tolist(), values.tolist(), strict=True)
    return {split.words[column]: value for column, value in found if value > 0}
