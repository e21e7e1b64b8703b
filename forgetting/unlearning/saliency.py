"""How much each weight of a model matters for some reviews, which decides what dampening and SalUn change."""

from collections.abc import Generator, Iterator

import torch
from torch import nn
from torch.nn import functional

from forgetting.model.classifier import TextClassifier, first_layer
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part
from forgetting.model.tokens import TokenRows
from forgetting.model.trainer import compute_loss

Diagonal = dict[str, torch.Tensor]
TOKEN_ROWS = 256  # reviews whose tokens' gradients are computed at once


def fisher_diagonal(model: nn.Module, part: Part, objective: str) -> Diagonal:
    """The diagonal that `fisher_slices` returns, at once."""
    slices = fisher_slices(model, part, objective)
    while True:
        try:
            next(slices)
        except StopIteration as done:
            return done.value


def fisher_slices(model: nn.Module, part: Part, objective: str) -> Generator[None, None, Diagonal]:
    """Diagonal of the empirical Fisher information: mean over reviews of the squared gradient of a review's loss.

    A layer's gradient for one review of the MLP is the outer product of δ, the gradient by the layer's output, and its
    input a; so the sum of squares over reviews is (δ²)ᵀ a², without a pass for each review. Any other model takes a
    pass for each.

    Args:
        model: The model.
        part: The reviews.
        objective: "cross_entropy" or "bitwise".

    Yields:
        Nothing, wherever it may be left.

    Returns:
        By parameter name, each of its parameter's shape, in float64.
    """
    if isinstance(model, TextClassifier):
        return _fisher_of_mlp(model, part, objective)
    names, parameters = zip(*model.named_parameters(), strict=True)
    totals = [torch.zeros(parameter.shape, dtype=torch.float64) for parameter in parameters]
    for review in torch.arange(len(part)).split(1):
        one = part.select(review)
        loss = compute_loss(model(one.model_inputs), one.targets, objective)
        for total, gradient in zip(totals, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True):
            if gradient is not None:  # a review without known words uses few parameters
                total += gradient.double() ** 2
        yield
    return {name: total / len(part) for name, total in zip(names, totals, strict=True)}


def _fisher_of_mlp(model: TextClassifier, part: Part, objective: str) -> Diagonal:
    diagonal = {}
    for chunk, targets in part.chunks():
        inputs, outputs = [], []
        for layer in model.children():
            inputs.append(functional.relu(outputs[-1]) if outputs else chunk)
            outputs.append(layer(inputs[-1]) if outputs else first_layer(layer, chunk))
        deltas = torch.autograd.grad(compute_loss(outputs[-1], targets, objective) * len(targets), outputs)
        for (name, _), values, delta in zip(model.named_children(), inputs, deltas, strict=True):
            squares = (delta.double() ** 2).t()  # (outputs, reviews)
            if isinstance(values, SparseMatrix):
                weight = torch.from_numpy((values.to_scipy().astype(float).power(2).T @ squares.t().numpy()).T)
            else:
                weight = squares @ values.detach().double() ** 2  # (outputs, inputs)
            found = {f"{name}.weight": weight / len(part), f"{name}.bias": squares.sum(1) / len(part)}
            diagonal |= {key: diagonal[key] + value if key in diagonal else value for key, value in found.items()}
    return diagonal


def saliency_mask(model: nn.Module, part: Part, objective: str, share: float) -> dict[str, torch.Tensor]:
    """Where the gradient of the loss of reviews is largest in size (Fan et al. 2024, arXiv 2310.12508, equation 3).

    Args:
        model: The model.
        part: The reviews.
        objective: "cross_entropy" or "bitwise".
        share: Of all weights that have a gradient, in [0, 1]: round(share · their number) are chosen, with those that
            equal the last of them. In a network with dense inputs these are all weights; here a word that no review of
            the part has gives none to its weights.

    Returns:
        By parameter name, booleans of its parameter's shape.
    """
    names, parameters = zip(*model.named_parameters(), strict=True)
    totals = [torch.zeros_like(parameter) for parameter in parameters]
    for inputs, targets in _gradient_chunks(part):
        loss = compute_loss(model(inputs), targets, objective) * (len(targets) / len(part))
        for total, gradient in zip(totals, torch.autograd.grad(loss, parameters), strict=True):
            total += gradient
    sizes = [total.abs() for total in totals]
    every = torch.cat([size.flatten() for size in sizes])
    every = every[every > 0]
    chosen = round(share * len(every))
    least = every.kthvalue(len(every) - chosen + 1).values if chosen else torch.inf
    return {name: (size >= least) & (size > 0) for name, size in zip(names, sizes, strict=True)}


def _gradient_chunks(part: Part) -> Iterator[tuple[SparseMatrix | TokenRows, torch.Tensor]]:
    """Model inputs and targets of as many reviews as a backward pass may hold at once: fewer of those with tokens."""
    if part.tokens is None:
        yield from part.chunks()
        return
    for start in range(0, len(part), TOKEN_ROWS):
        end = min(start + TOKEN_ROWS, len(part))
        yield part.tokens.between(start, end), part.targets[start:end]
