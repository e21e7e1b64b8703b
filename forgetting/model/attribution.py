"""Attribution: how much each word of a review speaks for a class, and each word that the model knows.

What is explained is the logit of a class less the mean logit of all classes. A method is one function of
ATTRIBUTION_METHODS: it gets what the first layer makes of reviews (`FirstLayer`) and the layers after it, and gives a
value for each word of each review. Column j of the first layer's weight belongs to word j. Those of a Transformer are
in `model.token_attribution`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn
from torch.nn import functional

from forgetting.core.errors import DataError, RecipeError
from forgetting.core.seeding import generator
from forgetting.model.classifier import TextClassifier, first_layer
from forgetting.model.explained import Attribution, explained_logit
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Split
from forgetting.model.token_attribution import Noise, attribute_tokens
from forgetting.model.tokens import TokenRows
from forgetting.model.transformer import TextTransformer

NUMBERS_AT_ONCE = 2**24  # numbers that the attributions of some reviews may take at once: 64 MiB an array


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """What the first layer makes of reviews, and of reviews that are changed a little; each is computed once.

    It holds for the layer's weights of the time at which it is used.

    Attributes:
        layer: The layer.
        inputs: The reviews, (rows, words).
        samples: Number of noisy copies of each review.
        noise: Standard deviation of their noise, as a share of the range of a review's values, from 0 to its largest.
        seed: Seed of the noise.
    """

    layer: nn.Linear
    inputs: SparseMatrix
    samples: int = 16
    noise: float = 0.15
    seed: int = 0

    @cached_property
    def rows(self) -> torch.Tensor:
        """The row of each stored value, (stored,)."""
        return torch.arange(self.inputs.shape[0]).repeat_interleave(self.inputs.offsets.diff())

    @cached_property
    def outputs(self) -> torch.Tensor:
        """The outputs, (rows, hidden)."""
        return first_layer(self.layer, self.inputs)

    @cached_property
    def terms(self) -> torch.Tensor:
        """What each stored value adds to its row's outputs, (stored, hidden)."""
        return self.layer.weight.t()[self.inputs.columns] * self.inputs.values[:, None]

    @cached_property
    def without(self) -> torch.Tensor:
        """The outputs of a row without one of its words, (stored, hidden): the rest has its length of before again."""
        squares = self.inputs.values.double().square()
        lengths = sum_rows(squares, self.inputs)[self.rows]
        rest = lengths - squares  # 0 for the only word of a review, of which an empty row is left
        scales = torch.where(rest > 0, lengths / rest, 0).sqrt().float()
        sums = (self.outputs - self.layer.bias)[self.rows]
        return self.layer.bias + scales[:, None] * (sums - self.terms)

    @cached_property
    def noisy(self) -> torch.Tensor:
        """The outputs of noisy copies, (samples × rows, hidden). Only words that a review has get noise.

        The draws go by a word's place in its row, and are the same for all rows: what is said of a review does not
        depend on the reviews beside it, nor on the words that the model knows besides.
        """
        inputs, count = self.inputs, len(self.inputs.values)
        source, lengths = generator(self.seed, "explanation", "noise"), inputs.offsets.diff()
        longest = int(lengths.max()) if len(lengths) else 0
        drawn = [torch.randn(self.samples, generator=source) for _ in range(longest)]  # a call each
        places = torch.arange(count) - inputs.offsets[:-1].repeat_interleave(lengths)
        draws = torch.stack(drawn)[places].t() if drawn else torch.zeros(self.samples, 0)
        largest = torch.zeros(inputs.shape[0]).scatter_reduce(0, self.rows, inputs.values.abs(), "amax")
        values = inputs.values + self.noise * largest[self.rows] * draws
        starts = inputs.offsets[:-1] + count * torch.arange(self.samples, dtype=torch.int32)[:, None]
        offsets = torch.cat([starts.flatten(), torch.tensor([self.samples * count], dtype=torch.int32)])
        copies = SparseMatrix(
            offsets, inputs.columns.repeat(self.samples), values.flatten(), (len(offsets) - 1, inputs.shape[1])
        )
        return first_layer(self.layer, copies)


def attribute(
    model: TextClassifier | TextTransformer,
    inputs: SparseMatrix | TokenRows,
    classes: torch.Tensor,
    method: str,
    *,
    samples: int = 16,
    noise: float = 0.15,
    seed: int = 0,
) -> Attribution:
    """What each word of reviews contributes to the logit of a class less the mean logit of all classes.

    Args:
        model: The classifier; it does not change.
        inputs: The reviews as the model takes them.
        classes: The class number that is explained of each review, (rows,) int64.
        method: A name in ATTRIBUTIONS.
        samples: See `FirstLayer`; noise and seed too.
        noise: It counts, as samples and seed do, with "smoothgrad" alone.
        seed: Seed of the noise.

    Returns:
        The attribution; its numbers are not finite where those of the model are not.

    Raises:
        RecipeError: The method is unknown.
    """
    if method not in ATTRIBUTION_METHODS:
        raise RecipeError(f"An attribution method is one of {', '.join(ATTRIBUTIONS)}; got {method!r}. Choose one.")
    if isinstance(inputs, TokenRows):
        return attribute_tokens(model, inputs, classes, method, Noise(samples, noise, seed))
    first, *others = model.children()
    at_once = fitting_rows(model, inputs, samples)
    found = []
    for start in range(0, inputs.shape[0], at_once):
        end = min(start + at_once, inputs.shape[0])
        reached = FirstLayer(first, inputs.between(start, end), samples, noise, seed)
        found.append(attribute_from(reached, others, classes[start:end], method))
    if not found:
        return Attribution(torch.zeros(0), torch.zeros(0))
    return Attribution(torch.cat([part.values for part in found]), torch.cat([part.remainder for part in found]))


@torch.no_grad()
def attribute_from(first: FirstLayer, others: Sequence[nn.Linear], classes: torch.Tensor, method: str) -> Attribution:
    """The attribution of reviews, of which the first layer's outputs are known.

    Args:
        first: The first layer with the reviews.
        others: The layers after it.
        classes: See `attribute`.
        method: A name in ATTRIBUTIONS.
    """
    values = ATTRIBUTION_METHODS[method](first, others, classes)
    explained = explained_logit(later_layers(others, first.outputs), classes)
    return Attribution(values, (explained - sum_rows(values.double(), first.inputs)).float())


def later_layers(others: Sequence[nn.Linear], outputs: torch.Tensor) -> torch.Tensor:
    """The logits (rows, classes) of the first layer's outputs (rows, hidden)."""
    for layer in others:
        outputs = layer(functional.relu(outputs))
    return outputs


def sum_rows(values: torch.Tensor, inputs: SparseMatrix) -> torch.Tensor:
    """The sum over each row of inputs: (…, stored) → (…, rows)."""
    rows = torch.arange(inputs.shape[0]).repeat_interleave(inputs.offsets.diff())
    return values.new_zeros(*values.shape[:-1], inputs.shape[0]).index_add(-1, rows, values)


def fitting_rows(model: TextClassifier, inputs: SparseMatrix, samples: int) -> int:
    """How many reviews can be explained at once, at least one, as far as memory goes."""
    widest = max(layer.out_features for layer in model.children())
    stored = -(-len(inputs.values) // max(inputs.shape[0], 1))  # words of a review, on average
    return max(1, NUMBERS_AT_ONCE // (widest * max(stored, samples, 1)))


def _gradient(others: Sequence[nn.Linear], outputs: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The gradient of what is explained by the first layer's outputs, (rows, hidden)."""
    with torch.enable_grad():
        outputs = outputs.detach().requires_grad_()
        return torch.autograd.grad(explained_logit(later_layers(others, outputs), classes).sum(), outputs)[0]


def _times_terms(first: FirstLayer, gradient: torch.Tensor) -> torch.Tensor:
    """Input × a gradient by the inputs, which is given by the first layer's outputs, (rows, hidden) → (stored,)."""
    return (first.terms * gradient[first.rows]).sum(dim=1)


def _gradient_input(first: FirstLayer, others: Sequence[nn.Linear], classes: torch.Tensor) -> torch.Tensor:
    """Gradient × input (Shrikumar et al. 2016, arXiv 1605.01713)."""
    return _times_terms(first, _gradient(others, first.outputs, classes))


def _integrated_gradients(first: FirstLayer, others: Sequence[nn.Linear], classes: torch.Tensor) -> torch.Tensor:
    """Integrated gradients from the review without words (Sundararajan, Taly & Yan 2017, PMLR 70, 3319–3328).

    The model is linear between the kinks of its units, so the integral is a sum, without a step to choose.
    """
    start = first.layer.bias.expand_as(first.outputs)
    if len(others) == 1:
        # A unit is on for this share of the straight way from the start; so it is the secant's slope.
        moved = first.outputs - start
        share = (functional.relu(first.outputs) - functional.relu(start)) / moved
        share = torch.where(moved == 0, (start > 0).float(), share)
        all_on = _gradient(others, torch.ones_like(first.outputs), classes)
        return _times_terms(first, share * all_on)
    return _times_terms(first, _mean_gradient(others, start, first.outputs, classes))


def _occlusion(first: FirstLayer, others: Sequence[nn.Linear], classes: torch.Tensor) -> torch.Tensor:
    """What is lost without a word (Zeiler & Fergus 2014, ECCV, 818–833; of texts Li et al. 2016, arXiv 1612.08220).

    The rest of the text becomes a row of length 1 again, as the model would get it.
    """
    whole = explained_logit(later_layers(others, first.outputs), classes)
    return whole[first.rows] - explained_logit(later_layers(others, first.without), classes[first.rows])


def _smoothgrad(first: FirstLayer, others: Sequence[nn.Linear], classes: torch.Tensor) -> torch.Tensor:
    """SmoothGrad × input: the mean gradient over noisy copies (Smilkov et al. 2017, arXiv 1706.03825) × input."""
    gradients = _gradient(others, first.noisy, classes.repeat(first.samples))
    return _times_terms(first, gradients.unflatten(0, (first.samples, -1)).mean(dim=0))


ATTRIBUTION_METHODS: dict[str, Callable[[FirstLayer, Sequence[nn.Linear], torch.Tensor], torch.Tensor]] = {
    "gradient_input": _gradient_input,
    "integrated_gradients": _integrated_gradients,
    "occlusion": _occlusion,
    "smoothgrad": _smoothgrad,
}  # for each of ATTRIBUTIONS: the first layer, the layers after it and the classes → (stored,)


def _mean_gradient(
    others: Sequence[nn.Linear], start: torch.Tensor, end: torch.Tensor, classes: torch.Tensor
) -> torch.Tensor:
    """The mean gradient along the straight way between two outputs of the first layer, each (rows, hidden).

    Layer by layer the places are found at which a unit is switched on or off. Between two of them the gradient is
    constant.
    """
    pieces = 1 + sum(layer.in_features for layer in others)  # at most, but for units that switch more than once
    at_once = max(1, NUMBERS_AT_ONCE // (pieces * max(layer.in_features for layer in others)))
    if at_once < len(start):
        parts = zip(*(values.split(at_once) for values in (start, end, classes)), strict=True)
        return torch.cat([_mean_gradient(others, *part) for part in parts])
    places = torch.tensor([0.0, 1.0]).expand(len(start), 2)
    for depth in range(len(others)):
        values = later_layers(others[:depth], torch.lerp(start[:, None], end[:, None], places[..., None]))
        before, after = values[:, :-1], values[:, 1:]  # (rows, pieces, width)
        switched = (before < 0) != (after < 0)
        inside = places[:, :-1, None] + places.diff(dim=1)[..., None] * (before / (before - after))
        most = int(switched.flatten(1).sum(1).max())
        found = torch.where(switched, inside, 1.0).flatten(1).topk(most, largest=False).values
        places = torch.cat([places, found], dim=1).sort(dim=1).values
    middles, lengths = (places[:, 1:] + places[:, :-1]) / 2, places.diff(dim=1)
    points = torch.lerp(start[:, None], end[:, None], middles[..., None])  # (rows, pieces, hidden)
    pieces = points.shape[1]
    gradients = _gradient(others, points.flatten(0, 1), classes.repeat_interleave(pieces)).view_as(points)
    return (gradients * lengths[..., None]).sum(dim=1)


def word_influence(model: TextClassifier | TextTransformer, split: Split, number: int) -> torch.Tensor:
    """How much each word speaks for a class, in units of the logit.

    It is the mean, over the class's training reviews, of gradient × input. So a word counts by how often it occurs in
    those reviews, and by how strongly the model reacts to it there.

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
    if part.tokens is not None:
        tokens = part.tokens.rows(rows)
        values = attribute(model, tokens, part.targets[rows], "gradient_input").values
        return torch.zeros(len(split.words)).index_add(0, tokens.ids, values) / len(rows)
    inputs = part.inputs.rows(rows)
    first, *others = model.children()
    with torch.no_grad():
        gradient = _gradient(others, first_layer(first, inputs), part.targets[rows])
        return (inputs.transposed.matmul(gradient.contiguous()) * first.weight.t()).sum(dim=1) / len(rows)


def most_influential_words(
    model: TextClassifier | TextTransformer, split: Split, number: int, most: int = 20
) -> dict[str, float]:
    """The at most `most` words that speak for a class, with their influence, the strongest first.

    Other arguments and errors are those of `word_influence`.
    """
    values, columns = word_influence(model, split, number).topk(min(most, len(split.words)))
    found = zip(columns.tolist(), values.tolist(), strict=True)
    return {split.words[column]: value for column, value in found if value > 0}
