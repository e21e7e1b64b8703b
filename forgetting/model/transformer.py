"""A Transformer encoder on the words of a text in their order: words + positions → blocks → norm → mean → head.

All but attention works on the tokens of all rows as one matrix, so there is no padding; attention pads rows of like
length to the longest of a group. Training is in `model.trainer`, and randomizing in the package `randomization`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import OwnedDraws, generator
from forgetting.model.tokens import TokenRows

LEAST_FILLED = 0.6  # of the longest row of a group: groups of more like rows are smaller, and small products are slow
TOKENS_OF_A_PASS = 100_000  # of a pass without gradients: 25 MB for each 64 numbers that stand for a token
PAIRS_AT_ONCE = 1_000_000  # pairs of tokens whose attention is computed at once, padding included, in each head


class State(NamedTuple):
    """What one stage of the forward pass gives the next.

    Attributes:
        inputs: The rows.
        values: The tokens' vectors, (tokens, width); after the last stage the logits, (rows, classes).
        groups: Rows of like length, see `group_rows`.
        dropout_source: Generator of the dropout masks; None for no dropout.
    """

    inputs: TokenRows
    values: torch.Tensor | None
    groups: "list[Group]"
    dropout_source: torch.Generator | None = None


@dataclass(frozen=True, eq=False)
class Group:
    """Rows of like length, whose attention is computed at once, on a grid with a line for each row.

    Attributes:
        shape: (rows, longest).
        tokens: The positions of the rows' tokens among all tokens, (tokens,) int32.
        cells: Where each of them is in the grid, counted line by line, (tokens,) int64.
        mask: Which cells hold a token, (rows, 1, 1, longest); None where all do.
    """

    shape: tuple[int, int]
    tokens: torch.Tensor
    cells: torch.Tensor
    mask: torch.Tensor | None


class TextTransformer(nn.Module):
    """A Transformer encoder (Vaswani et al. 2017, arXiv 1706.03762) with its norms before the parts of a block (Xiong
    et al. 2020, arXiv 2002.04745) and learnt positions.

    Args:
        words: Number of words.
        classes: Number of logits.
        blocks: Number of blocks.
        width: Numbers that stand for a token.
        heads: Heads of attention, which divide the width.
        feedforward: Units of a block's feed-forward layer.
        max_tokens: Tokens of a row at most.
        dropout: Probability, in [0, 1), with which an activation is dropped while training.
        seed: Seed of the initial weights, of which each layer has a stream.

    Raises:
        RecipeError: A size or the dropout is out of its bounds.
    """

    def __init__(
        self,
        words: int,
        classes: int,
        *,
        blocks: int = 2,
        width: int = 64,
        heads: int = 4,
        feedforward: int = 128,
        max_tokens: int = 256,
        dropout: float = 0.1,
        seed: int = 0,
    ):
        super().__init__()
        sizes = (words, classes, blocks, width, heads, feedforward, max_tokens)
        if min(sizes) < 1:
            raise RecipeError(f"Words, classes and the sizes of a Transformer must be at least 1; got {sizes}.")
        if width % heads:
            raise RecipeError(f"model.heads must divide model.width; got {heads} and {width}.")
        if not 0 <= dropout < 1:
            raise RecipeError(f"dropout must be at least 0 and below 1; got {dropout}.")
        self.dropout, self.max_tokens = dropout, max_tokens
        with OwnedDraws(generator(seed, "construction")):  # drawn anew below
            self.words = WordEmbedding(words, width)
            self.positions = PositionEmbedding(max_tokens, width)
            self.blocks = nn.ModuleList(Block(width, heads, feedforward) for _ in range(blocks))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, classes)
        for name, layer in self.named_modules():
            if not list(layer.children()):
                with OwnedDraws(generator(seed, "initial", name)):
                    layer.reset_parameters()

    def forward(
        self,
        inputs: TokenRows,
        *,
        dropout_source: torch.Generator | None = None,
        vectors: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The logits of inputs. Those of a row do not depend, beyond rounding, on the rows beside it.

        Dropout acts only where a generator for its masks is given: it is a part of the call, not a mode of the model.

        Args:
            inputs: The rows, of at most `max_tokens` tokens each.
            dropout_source: Generator of the dropout masks.
            vectors: What stands for the words instead of `words(inputs.ids)`, (tokens, width).

        Returns:
            (rows, classes).
        """
        if (
            not torch.is_grad_enabled()
            and vectors is None
            and len(inputs.ids) > TOKENS_OF_A_PASS
            and inputs.shape[0] > 1
        ):
            middle = inputs.shape[0] // 2
            halves = (inputs.between(0, middle), inputs.between(middle, inputs.shape[0]))
            return torch.cat([self(half, dropout_source=dropout_source) for half in halves])
        state = State(inputs, vectors, group_rows(inputs), dropout_source)
        for _, stage in self.stages():
            state = stage(state)
        return state.values

    def stages(self) -> Iterator[tuple[tuple[str, ...], Callable[[State], State]]]:
        """The parts of the forward pass in their order: the names of the modules that each uses, and a function from
        what the one before gave. The first takes a State whose values are None."""
        yield ("words", "positions"), self._embed
        for number, block in enumerate(self.blocks):
            name = f"blocks.{number}"
            yield (
                (f"{name}.attention_norm", f"{name}.attention"),
                lambda state, block=block: self._add(
                    state, block.attention(block.attention_norm(state.values), state.groups)
                ),
            )
            yield (
                (f"{name}.feedforward_norm", f"{name}.feedforward"),
                lambda state, block=block: self._add(state, block.feedforward(block.feedforward_norm(state.values))),
            )
        yield ("norm", "head"), self._read

    def hidden(self, inputs: TokenRows) -> dict[str, torch.Tensor]:
        """What each part of the model leaves of rows, as the mean over the tokens of a row, by the part's name.

        Returns:
            (rows, width) each: "embedding", "blocks.0.attention", "blocks.0.feedforward", … and "norm"; and the logits
            of the "head", (rows, classes).
        """
        state, found = State(inputs, None, group_rows(inputs)), {}
        *stages, _ = self.stages()
        for (*_, name), stage in stages:
            state = stage(state)
            found["embedding" if name == "positions" else name] = _mean(state.inputs, state.values)
        mean = _mean(inputs, self.norm(state.values))
        return found | {"norm": mean, "head": self.head(mean)}

    def _embed(self, state: State) -> State:
        vectors = self.words(state.inputs.ids) if state.values is None else state.values
        return state._replace(values=self._drop(vectors + self.positions(state.inputs.positions), state.dropout_source))

    def _add(self, state: State, change: torch.Tensor) -> State:
        return state._replace(values=state.values + self._drop(change, state.dropout_source))

    def _read(self, state: State) -> State:
        return state._replace(values=self.head(_mean(state.inputs, self.norm(state.values))))

    def _drop(self, values: torch.Tensor, source: torch.Generator | None) -> torch.Tensor:
        if source is None or not self.dropout:
            return values
        mask = torch.rand(values.shape, generator=source) >= self.dropout
        return values * mask / (1 - self.dropout)


class WordEmbedding(nn.Embedding):
    """A vector for each word, which begins so short that training soon moves it: torch's own has a spread of 1."""

    spread = 0.1

    def reset_parameters(self) -> None:
        """Draw the vectors from N(0, spread²)."""
        nn.init.normal_(self.weight, std=self.spread)


class PositionEmbedding(WordEmbedding):
    """A vector for each position, which begins shorter still, so that it does not blur the words."""

    spread = 0.02


class Block(nn.Module):
    """Attention and a feed-forward part, each with its norm; the model adds them to what they are given."""

    def __init__(self, width: int, heads: int, feedforward: int):
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.feedforward_norm = nn.LayerNorm(width)
        self.feedforward = FeedForward(width, feedforward)


class Attention(nn.Module):
    """Attention of each token of a row to all of them, in several heads.

    Attributes:
        heads: Their number. Head h reads the rows h·width/heads and on of query, key and value.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, values: torch.Tensor, groups: list[Group]) -> torch.Tensor:
        """Mix the vectors (tokens, width) of each row's tokens."""
        joined = torch.cat([layer(values) for layer in (self.query, self.key, self.value)], dim=1)
        mixed = [self._mix(joined.index_select(0, group.tokens), group) for group in groups]
        places = torch.cat([group.tokens for group in groups]) if groups else torch.arange(0)
        return self.output(torch.zeros_like(values).index_copy(0, places, torch.cat([values[:0], *mixed])))

    def _mix(self, joined: torch.Tensor, group: Group) -> torch.Tensor:
        """The mixed values (tokens, width) from query, key and value (tokens, 3 · width) of a group's tokens."""
        rows, longest = group.shape
        padded = joined.new_zeros(rows * longest, joined.shape[1]).index_copy(0, group.cells, joined)
        query, key, value = padded.view(rows, longest, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=group.mask)
        return found.transpose(1, 2).reshape(rows * longest, -1).index_select(0, group.cells)


class FeedForward(nn.Module):
    """Two linear layers with a GELU (Hendrycks & Gimpel 2016, arXiv 1606.08415) between them, on each token."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The same for each of the vectors (tokens, width)."""
        return self.down(functional.gelu(self.up(values)))


def group_rows(inputs: TokenRows) -> list[Group]:
    """Group rows by their length, so that padding costs little: no row is shorter than LEAST_FILLED of the longest.

    Rows without tokens are in no group.
    """
    lengths, order = inputs.lengths.long().sort(descending=True, stable=True)
    groups, start, filled = [], 0, int((lengths > 0).sum())
    while start < filled:
        longest = int(lengths[start])
        most = start + max(1, PAIRS_AT_ONCE // longest**2)
        end = min(most, filled, int((lengths >= LEAST_FILLED * longest).sum()))
        steps = torch.arange(longest)
        known = steps < lengths[start:end, None]  # (rows, longest)
        tokens = (inputs.offsets[order[start:end], None] + steps)[known]
        mask = None if len(tokens) == known.numel() else known[:, None, None, :]
        groups.append(Group((end - start, longest), tokens, known.view(-1).nonzero()[:, 0], mask))
        start = end
    return groups


def _mean(inputs: TokenRows, values: torch.Tensor) -> torch.Tensor:
    """The mean (rows, width) over each row's tokens of values (tokens, width); 0 where a row has none."""
    rows = torch.zeros(inputs.shape[0], values.shape[1], dtype=values.dtype).index_add(0, inputs.row_of_token, values)
    return rows / inputs.lengths.clamp(min=1)[:, None]
