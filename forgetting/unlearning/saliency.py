"""How much each weight of a model matters for some reviews, which decides what dampening and SalUn change."""

import torch
from torch.nn import functional

from forgetting.model.classifier import TextClassifier, first_layer
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part
from forgetting.model.trainer import compute_loss


def fisher_diagonal(model: TextClassifier, part: Part, objective: str) -> dict[str, torch.Tensor]:
    """Diagonal of the empirical Fisher information: mean over reviews of the squared gradient of a review's loss.

    A layer's gradient for one review is the outer product of δ, the gradient by the layer's output, and its input a;
    so the sum of squares over reviews is (δ²)ᵀ a², without a pass for each review.

    Args:
        model: The model.
        part: The reviews.
        objective: "cross_entropy" or "bitwise".

    Returns:
        By parameter name, each of its parameter's shape, in float64.
    """
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


def saliency_mask(model: TextClassifier, part: Part, objective: str, share: float) -> dict[str, torch.Tensor]:
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
    for inputs, targets in part.chunks():
        loss = compute_loss(model(inputs), targets, objective) * (len(targets) / len(part))
        for total, gradient in zip(totals, torch.autograd.grad(loss, parameters), strict=True):
            total += gradient
    sizes = [total.abs() for total in totals]
    every = torch.cat([size.flatten() for size in sizes])
    every = every[every > 0]
    chosen = round(share * len(every))
    least = every.kthvalue(len(every) - chosen + 1).values if chosen else torch.inf
    return {name: (size >= least) & (size > 0) for name, size in zip(names, sizes, strict=True)}
