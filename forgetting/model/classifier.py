"""The classifier: TF-IDF rows → fc1 → ReLU → dropout → fc2 (→ ReLU → dropout → fc3 …) → logits.

Training is in `model.trainer`, and randomizing in the package `randomization`.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import OwnedDraws, generator
from forgetting.model.sparse import SparseLinear, SparseMatrix


class TextClassifier(nn.Module):
    """A multilayer perceptron on words.

    The layers are called fc1, fc2 … and `state_dict` has the names and shapes of `nn.Linear`: `fc1.weight` is
    (hidden, words). In memory fc1's weight is laid out word by word, which sparse products need.

    Args:
        words: Number of TF-IDF features.
        classes: Number of logits.
        hidden: Widths of the hidden layers, at least one.
        dropout: Probability, in [0, 1), with which a hidden activation is dropped while training.
        seed: Seed of the initial weights. The initializer of `nn.Linear` draws them, from one stream for each layer.

    Raises:
        RecipeError: A size or the dropout is out of its bounds.
    """

    def __init__(self, words: int, classes: int, hidden: Sequence[int] = (64,), dropout: float = 0.5, *, seed: int = 0):
        super().__init__()
        sizes = (words, *hidden, classes)
        if len(sizes) < 3 or min(sizes) < 1:
            raise RecipeError(f"Words, hidden widths and classes must be at least 1; got {sizes}.")
        if not 0 <= dropout < 1:
            raise RecipeError(f"dropout must be at least 0 and below 1; got {dropout}.")
        self.dropout = dropout
        for number, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
            with OwnedDraws(generator(seed, "initial", f"fc{number}")):
                self.add_module(f"fc{number}", nn.Linear(inputs, outputs))
        self.fc1.weight.data = self.fc1.weight.data.t().contiguous().t()

    def forward(
        self, inputs: torch.Tensor | SparseMatrix, *, dropout_source: torch.Generator | None = None
    ) -> torch.Tensor:
        """The logits of inputs.

        Dropout acts only where a generator for its masks is given: it is a part of the call, not a mode of the model.

        Args:
            inputs: (rows, words), sparse or dense.
            dropout_source: Generator of the dropout masks.

        Returns:
            (rows, classes).
        """
        first, *others = self.children()
        values = first_layer(first, inputs)  # (rows, hidden)
        for layer in others:
            values = functional.relu(values)
            if dropout_source is not None and self.dropout:
                mask = torch.rand(values.shape, generator=dropout_source) >= self.dropout
                values = values * mask / (1 - self.dropout)
            values = layer(values)
        return values  # (rows, classes)


def first_layer(layer: nn.Linear, inputs: torch.Tensor | SparseMatrix) -> torch.Tensor:
    """The first layer's outputs (rows, hidden) of inputs (rows, words), sparse or dense."""
    if isinstance(inputs, SparseMatrix):
        return SparseLinear.apply(inputs, layer.weight) + layer.bias
    return layer(inputs)
