"""What the layers of a network make of reviews, and a map of it: one plane for the original and the randomized model.

A layer's activations are what it hands on: those of a hidden layer after the ReLU, and of the last layer the logits. Of
a Transformer they are looked at where a part has added its share to the vectors of the tokens, as the mean over the
tokens of a review.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from forgetting.core.errors import RecipeError
from forgetting.metrics.scores import NOT_FINITE
from forgetting.metrics.similarity import NO_DIFFERENCE
from forgetting.model.classifier import TextClassifier, first_layer
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part
from forgetting.model.tokens import TokenRows
from forgetting.model.transformer import TextTransformer

MOST_REVIEWS = 2_000  # that are mapped and compared: more points hide each other, and say the same
NO_PLANE = "the layer gives the same for all reviews, so that there is no plane to lay them in"


OF_PART = re.compile(r"(blocks\.\d+\.(?:attention|feedforward))[._].*")  # the part of a block that a layer is in
EMBEDDING = dict.fromkeys(("words", "positions"), "embedding")


def activation_places(known: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Where a model is looked into, in its order, each place with all layers up to it, on which it depends.

    Args:
        known: Names of the model's layers, in order.

    >>> activation_places(("words", "positions", "norm", "head"))["norm"]
    ('words', 'positions', 'norm')
    """
    places = {}
    for number, name in enumerate(known, start=1):
        places[EMBEDDING.get(name, OF_PART.sub(r"\1", name))] = tuple(known[:number])
    return places


@torch.no_grad()
def layer_activations(
    model: TextClassifier | TextTransformer, inputs: SparseMatrix | TokenRows
) -> dict[str, np.ndarray]:
    """What a model has of reviews at each of its `activation_places`, (reviews, units) float32.

    Args:
        model: The model.
        inputs: The reviews as the model takes them.
    """
    if isinstance(model, TextTransformer):
        return {name: values.numpy() for name, values in model.hidden(inputs).items()}
    found: dict[str, torch.Tensor] = {}
    values = None
    for name, layer in model.named_children():
        values = first_layer(layer, inputs) if values is None else layer(functional.relu(values))
        found[name] = values
    *hidden, last = found
    return {**{name: functional.relu(found[name]).numpy() for name in hidden}, last: values.numpy()}


def draw_reviews(part: Part, most: int = MOST_REVIEWS) -> np.ndarray:
    """Positions in a part of at most so many reviews, all or a random sample, rising; the same ones in each call."""
    if len(part) <= most:
        return np.arange(len(part))
    return np.sort(np.random.default_rng(0).choice(len(part), most, replace=False))


@dataclass(frozen=True, eq=False)
class ActivationMap:
    """Two maps of the same reviews in one plane: the first two principal components of the original's activations.

    Attributes:
        original: Where the original has each review, (reviews, 2).
        randomized: Where the randomized model has it, (reviews, 2).
        held: Share of the original's variance that each of the two directions holds, (2,).
        held_after: Share of the randomized model's variance that both hold together; None where it has none.
        moved: Median distance that randomizing moved a review, in all directions, by the root mean square distance of
            the original's reviews from their mean.
    """

    original: np.ndarray
    randomized: np.ndarray
    held: np.ndarray
    held_after: float | None
    moved: float

    @property
    def farther(self) -> float:
        """How many times as far as in the original's map the farthest review lies in the randomized model's."""
        before, after = (np.abs(points).max() for points in (self.original, self.randomized))
        return float(after / before) if before else 1.0


def map_layer(
    original: TextClassifier | TextTransformer, randomized: TextClassifier | TextTransformer, part: Part, layer: str
) -> ActivationMap | str:
    """The maps of a part's reviews in a layer of both models, as the page Explain draws them; see `map_activations`.

    Args:
        original: The original model.
        randomized: The randomized model.
        part: The part, of whose reviews MOST_REVIEWS are drawn at most; see `draw_reviews`.
        layer: One of the models' `activation_places`.

    Raises:
        RecipeError: The models have no such place.
    """
    inputs = part.model_inputs.rows(torch.from_numpy(draw_reviews(part)))
    before, after = (layer_activations(model, inputs) for model in (original, randomized))
    if layer not in before:
        raise RecipeError(f"A map is of one of {', '.join(before)}; got {layer[:80]!r}. Name one of these.")
    return map_activations(before[layer], after[layer])


def map_activations(original: np.ndarray, randomized: np.ndarray) -> ActivationMap | str:
    """Lay reviews into the plane of the first two principal components of the original's activations.

    The plane is fitted to the original alone, and both are projected onto it about the original's mean: where a review
    has moved, the model has moved it. The sign of a direction is such that its largest weight is positive, as in
    scikit-learn.

    Args:
        original: (reviews, units), two reviews at least.
        randomized: (reviews, units), of the same reviews and units.

    Returns:
        The map; the reason, where there is none.
    """
    both = [values.astype(np.float64) for values in (original, randomized)]
    if not all(np.isfinite(values).all() for values in both):
        return NOT_FINITE
    mean = both[0].mean(axis=0)
    centred = both[0] - mean
    variance = np.square(centred).sum()
    if variance <= NO_DIFFERENCE * np.square(both[0]).sum():
        return NO_PLANE
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    directions, sizes = directions[:2], sizes[:2]
    largest = directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)]
    directions = directions * np.sign(largest)[:, None]
    shares = sizes**2 / variance
    missing = 2 - len(directions)  # a layer of one unit has one direction
    directions = np.pad(directions, ((0, missing), (0, 0)))
    points = [(values - mean) @ directions.T for values in both]
    after = both[1] - both[1].mean(axis=0)
    spread = np.square(after).sum()
    inside = np.square(points[1] - points[1].mean(axis=0)).sum()
    return ActivationMap(
        *points,
        held=np.pad(np.where(shares > NO_DIFFERENCE, shares, 0.0), (0, missing)),  # else rounding would be a share
        held_after=float(inside / spread) if spread > NO_DIFFERENCE * np.square(both[1]).sum() else None,
        moved=float(np.median(np.linalg.norm(both[1] - both[0], axis=1)) / np.sqrt(variance / len(centred))),
    )
