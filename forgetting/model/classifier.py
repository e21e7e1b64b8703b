"""The classifier: TF-IDF rows → fc1 → ReLU → dropout → fc2 (→ ReLU → dropout → fc3 …) → logits.

How it is trained is `training.py`; how a layer is randomized is `randomization.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import generator, initialize
from forgetting.core.settings import Settings, setting
from forgetting.model.sparse import SparseLinear, SparseMatrix


@dataclass(frozen=True)
class ModelSettings(Settings):
    """hidden: widths of the hidden layers. dropout: of their activations while training, see TextClassifier."""

    group: ClassVar[str] = "model"
    hidden: tuple[int, ...] = setting((64,), low=1, high=1024, most=4)
    dropout: float = setting(0.5, low=0.0, high=0.95)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers: fc1 for the first hidden one, and so on to the one that gives the logits."""
        return tuple(f"fc{number}" for number in range(1, len(self.hidden) + 2))


class TextClassifier(nn.Module):
    """A multilayer perceptron on words.

    words: number of TF-IDF features. classes: number of logits. hidden: widths of the hidden layers, one at least.
    dropout: probability, in [0, 1), with which a hidden activation is dropped while training.
    seed: of the initial weights, drawn by `nn.Linear`'s own initializer, a stream for each layer.

    The layers are called fc1, fc2 … and `state_dict` has the names and shapes of `nn.Linear`:
    `fc1.weight` is (hidden, words). In memory fc1's weight is laid out word by word, as sparse products want it.

    Raises RecipeError where a size or the dropout is out of its bounds.
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
            layer = nn.utils.skip_init(nn.Linear, inputs, outputs)
            initialize(layer, generator(seed, "initial", f"fc{number}"))
            self.add_module(f"fc{number}", layer)
        self.fc1.weight.data = self.fc1.weight.data.t().contiguous().t()

    def forward(
        self, inputs: torch.Tensor | SparseMatrix, *, dropout_source: torch.Generator | None = None
    ) -> torch.Tensor:
        """Logits (rows, classes) of `inputs` (rows, words).

        Dropout acts only where a generator for its masks is given: it is a part of the call, not a mode of the model.
        """
        first, *others = self.children()
        values = first_layer(first, inputs)  # (rows, hidden)
        for layer in others:
            values = functional.relu(values)
            if dropout_source is not None and self.dropout:
                kept = torch.rand(values.shape, generator=dropout_source) >= self.dropout
                values = values * kept / (1 - self.dropout)
            values = layer(values)
        return values  # (rows, classes)


def first_layer(layer: nn.Linear, inputs: torch.Tensor | SparseMatrix) -> torch.Tensor:
    """What the first layer makes of inputs (rows, words), sparse or not: (rows, hidden)."""
    if isinstance(inputs, SparseMatrix):
        return SparseLinear.apply(inputs, layer.weight) + layer.bias
    return layer(inputs)
