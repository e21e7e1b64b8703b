"""Attribution of a Transformer: how much each token of a review speaks for a class.

The methods are those of `model.attribution`. Their input is the vector that the layer `words` gives for a token, where
a classifier of TF-IDF rows has one value: what is said of a token is the sum over its vector. A word that occurs twice
has a value at each place.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from forgetting.core.seeding import generator
from forgetting.model.explained import Attribution, explained_logit
from forgetting.model.sparse import SparseMatrix
from forgetting.model.tokens import TokenRows
from forgetting.model.transformer import TextTransformer

GRADIENT_TOKENS = 2**15  # tokens of a pass with gradients: some 100 MiB
COMPLETE = 1e-3  # logits by which integrated gradients may miss what they add up to
FEWEST_NODES, MOST_NODES = 8, 256  # of the integral, doubled until it is complete


@dataclass(frozen=True)
class Noise:
    """Noisy copies of reviews, for SmoothGrad.

    Attributes:
        samples: Number of copies of each review.
        share: Standard deviation of the noise, as a share of the range of a review's numbers.
        seed: Seed of the noise.
    """

    samples: int
    share: float
    seed: int


@torch.no_grad()
def attribute_tokens(
    model: TextTransformer, inputs: TokenRows, classes: torch.Tensor, method: str, noise: Noise
) -> Attribution:
    """What each token of reviews contributes to the logit of a class less the mean logit of all classes.

    Args:
        model: The Transformer; it does not change.
        inputs: The reviews.
        classes: The class number that is explained of each review, (rows,) int64.
        method: A name in ATTRIBUTIONS.
        noise: For "smoothgrad".
    """
    copies = noise.samples if method == "smoothgrad" else 1
    values, explained = [inputs.ids.new_zeros(0).float()], [torch.zeros(0)]
    for start, end in _chunks(inputs.lengths * copies):
        rows, of = inputs.between(start, end), classes[start:end]
        values.append(TOKEN_METHODS[method](model, rows, of, noise))
        explained.append(explained_logit(model(rows), of))
    found = torch.cat(values)
    sums = torch.zeros(inputs.shape[0], dtype=torch.float64).index_add(0, inputs.row_of_token, found.double())
    return Attribution(found, (torch.cat(explained) - sums).float())


def sum_by_word(values: torch.Tensor, tokens: TokenRows, inputs: SparseMatrix) -> torch.Tensor:
    """The values of tokens, (tokens,), as one for each word of the same reviews: the sum over where it occurs.

    Args:
        values: Of each token.
        tokens: The reviews as tokens.
        inputs: The reviews as TF-IDF rows. A word in them that no token stands for, as the model reads no such long
            texts, gets 0.

    Returns:
        One for each stored value of the TF-IDF rows, (stored,).
    """
    words = inputs.shape[1]
    rows = torch.arange(inputs.shape[0]).repeat_interleave(inputs.offsets.diff())
    wanted, order = (rows * words + inputs.columns).sort()
    places = torch.searchsorted(wanted, tokens.row_of_token * words + tokens.ids)
    return torch.zeros(len(wanted), dtype=values.dtype).index_add(0, order[places], values)


def _chunks(lengths: torch.Tensor) -> list[tuple[int, int]]:
    """Rows from and to which not more than GRADIENT_TOKENS tokens are computed at once; at least one row."""
    chunks, start, tokens = [], 0, 0
    for row, length in enumerate(lengths.tolist()):
        if row > start and tokens + length > GRADIENT_TOKENS:
            chunks.append((start, row))
            start, tokens = row, 0
        tokens += length
    return [*chunks, (start, len(lengths))] if len(lengths) else chunks


def _copy(inputs: TokenRows, count: int) -> TokenRows:
    """So many copies of all rows, one copy after the other."""
    return inputs.rows(torch.arange(inputs.shape[0]).repeat(count))


def _gradient(model: TextTransformer, inputs: TokenRows, vectors: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The gradient of what is explained by the vectors of the tokens, (tokens, width)."""
    with torch.enable_grad():
        vectors = vectors.detach().requires_grad_()
        return torch.autograd.grad(explained_logit(model(inputs, vectors=vectors), classes).sum(), vectors)[0]


def _gradient_input(model: TextTransformer, inputs: TokenRows, classes: torch.Tensor, noise: Noise) -> torch.Tensor:  # noqa: ARG001 - one signature
    """Gradient × input (Shrikumar et al. 2016, arXiv 1605.01713)."""
    vectors = model.words(inputs.ids)
    return (vectors * _gradient(model, inputs, vectors, classes)).sum(dim=1)


def _integrated_gradients(
    model: TextTransformer,
    inputs: TokenRows,
    classes: torch.Tensor,
    noise: Noise,  # noqa: ARG001
) -> torch.Tensor:
    """Integrated gradients from the review whose words are all 0 (Sundararajan, Taly & Yan 2017, PMLR 70, 3319–3328).

    The places of the words stay. The integral is that of Gauss and Legendre, with twice as many points for the reviews
    whose values do not yet add up to what they explain within COMPLETE.
    """
    vectors, values = model.words(inputs.ids), torch.zeros(len(inputs.ids))
    rises = explained_logit(model(inputs), classes) - explained_logit(
        model(inputs, vectors=torch.zeros_like(vectors)), classes
    )
    left, points = torch.arange(inputs.shape[0]), FEWEST_NODES
    while len(left) and points <= MOST_NODES:
        part = inputs.rows(left)
        found = torch.cat(
            [
                _integrate(model, part.between(start, end), classes[left[start:end]], points)
                for start, end in _chunks(part.lengths * min(points, 16))
            ]
        )
        of_part = torch.isin(inputs.row_of_token, left)  # rising, as are the rows of the part
        values[of_part] = found
        sums = torch.zeros(len(left)).index_add(0, part.row_of_token, found)
        left, points = left[((sums - rises[left]).abs() > COMPLETE) & rises[left].isfinite()], 2 * points
    return values


def _integrate(model: TextTransformer, inputs: TokenRows, classes: torch.Tensor, points: int) -> torch.Tensor:
    """The integral for each token, (tokens,), by so many points, at most 16 of which are computed at once."""
    vectors = model.words(inputs.ids)
    places, weights = np.polynomial.legendre.leggauss(points)
    places, weights = (torch.from_numpy(each).float() for each in ((places + 1) / 2, weights / 2))
    total = torch.zeros_like(vectors)
    for at, weight in zip(places.split(16), weights.split(16), strict=True):
        scaled = (at[:, None, None] * vectors).flatten(0, 1)
        gradients = _gradient(model, _copy(inputs, len(at)), scaled, classes.repeat(len(at)))
        total += (weight[:, None, None] * gradients.unflatten(0, (len(at), -1))).sum(dim=0)
    return (vectors * total).sum(dim=1)


def _occlusion(model: TextTransformer, inputs: TokenRows, classes: torch.Tensor, noise: Noise) -> torch.Tensor:  # noqa: ARG001
    """What is lost without a token (Zeiler & Fergus 2014, ECCV, 818–833; of texts Li et al. 2016, arXiv 1612.08220).

    What follows it moves up by one place, as the model would get the text.
    """
    whole, row_of_token, positions = explained_logit(model(inputs), classes), inputs.row_of_token, inputs.positions
    lengths = inputs.lengths.long()[row_of_token]
    found = [torch.zeros(0)]
    for start, end in _chunks(lengths):
        rows = row_of_token[start:end]
        repeated = inputs.rows(rows)  # a row for each token, which it is to lose
        kept = repeated.positions != positions[start:end].repeat_interleave(lengths[start:end])
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), (lengths[start:end] - 1).cumsum(0)]).int()
        without = TokenRows(offsets, repeated.ids[kept], repeated.shape)
        found.append(whole[rows] - explained_logit(model(without), classes[rows]))
    return torch.cat(found)


def _smoothgrad(model: TextTransformer, inputs: TokenRows, classes: torch.Tensor, noise: Noise) -> torch.Tensor:
    """SmoothGrad × input: the mean gradient over noisy copies (Smilkov et al. 2017, arXiv 1706.03825) × input.

    The draws go by a token's place in its review, and are the same for all reviews.
    """
    vectors, rows = model.words(inputs.ids), inputs.row_of_token[:, None].expand(-1, model.words.embedding_dim)
    source, longest = generator(noise.seed, "explanation", "noise"), int(inputs.lengths.max()) if inputs.shape[0] else 0
    drawn = [torch.randn(noise.samples, vectors.shape[1], generator=source) for _ in range(longest)]
    if not drawn:
        return torch.zeros(0)
    draws = torch.stack(drawn, dim=1)[:, inputs.positions]  # (samples, tokens, width)
    ends = [
        torch.zeros(inputs.shape[0], vectors.shape[1]).scatter_reduce(0, rows, vectors, how, include_self=False)
        for how in ("amax", "amin")
    ]
    spread = ends[0].amax(dim=1) - ends[1].amin(dim=1)  # of a review's numbers, (rows,)
    noisy = vectors + noise.share * spread[inputs.row_of_token][:, None] * draws
    copies = _copy(inputs, noise.samples)
    gradients = _gradient(model, copies, noisy.flatten(0, 1), classes.repeat(noise.samples))
    return (vectors * gradients.unflatten(0, (noise.samples, -1)).mean(dim=0)).sum(dim=1)


TOKEN_METHODS: dict[str, Callable[[TextTransformer, TokenRows, torch.Tensor, Noise], torch.Tensor]] = {
    "gradient_input": _gradient_input,
    "integrated_gradients": _integrated_gradients,
    "occlusion": _occlusion,
    "smoothgrad": _smoothgrad,
}  # for each of ATTRIBUTIONS: the model, reviews, their classes and the noise → (tokens,)
