"""The Transformer against torch's own encoder, and its tokens against plain lists."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.model import transformer
from forgetting.model.settings import ModelSettings
from forgetting.model.tokens import TokenRows
from forgetting.model.transformer import State, TextTransformer, group_rows
from forgetting.model.words import BASIC
from forgetting.randomization.layers import find_layers

WORDS, CLASSES, WIDTH, HEADS = 30, 5, 16, 4
LENGTHS = (3, 0, 7, 7, 1, 12, 2, 11, 9)


def rows_of(lengths=LENGTHS, seed: int = 1) -> TokenRows:
    ids = np.random.default_rng(seed).integers(0, WORDS, sum(lengths)).astype(np.int32)
    offsets = np.cumsum([0, *lengths]).astype(np.int32)
    return TokenRows(torch.from_numpy(offsets), torch.from_numpy(ids), (len(lengths), WORDS))


def lists_of(rows: TokenRows) -> list[list[int]]:
    bounds = rows.offsets.tolist()
    return [rows.ids[begin:end].tolist() for begin, end in pairwise(bounds)]


@pytest.fixture
def model() -> TextTransformer:
    found = TextTransformer(WORDS, CLASSES, width=WIDTH, heads=HEADS, feedforward=24, max_tokens=12, seed=3)
    with torch.no_grad():  # norms that do something
        for parameter in found.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return found


def test_tokens_are_the_known_words_in_their_order():
    columns = {"ripe": 0, "fig": 1, "oak": 2}
    rows = TokenRows.from_texts(["Oak and ripe, ripe fig", "", "nothing known", "fig oak"], columns, BASIC, 3)
    assert lists_of(rows) == [[2, 0, 0], [], [], [1, 2]]
    assert rows.shape == (4, 3)
    assert rows.positions.tolist() == [0, 1, 2, 0, 1]
    assert rows.row_of_token.tolist() == [0, 0, 0, 3, 3]


def test_rows_are_chosen_cut_and_thinned_as_lists_are():
    rows, lists = rows_of(), lists_of(rows_of())
    chosen = [5, 1, 5, 0, 8]
    assert lists_of(rows.rows(torch.tensor(chosen))) == [lists[row] for row in chosen]
    assert lists_of(rows.between(1, 6)) == lists[1:6]
    kept = (torch.rand(len(rows.ids), generator=torch.Generator().manual_seed(7)) >= 0.4).tolist()
    marks = iter(kept)
    assert lists_of(rows.drop_values(0.4, torch.Generator().manual_seed(7))) == [
        [word for word in row if next(marks)] for row in lists
    ]


def test_its_layers_have_the_names_and_shapes_of_the_settings(model):
    settings = ModelSettings(kind="transformer", width=WIDTH, heads=HEADS, feedforward=24, max_tokens=12)
    block = ("attention_norm", *(f"attention.{name}" for name in ("query", "key", "value", "output")))
    block += ("feedforward_norm", "feedforward.up", "feedforward.down")
    names = ("words", "positions", *(f"blocks.{i}.{name}" for i in (0, 1) for name in block), "norm", "head")
    assert tuple(find_layers(model)) == settings.layers == names
    shapes = settings.parameter_shapes(WORDS, CLASSES)
    expected = {f"{layer}.{key}": shape for layer, found in shapes.items() for key, shape in found.items()}
    assert {name: tuple(value.shape) for name, value in model.state_dict().items()} == expected
    assert sum(settings.parameters(WORDS, CLASSES).values()) == sum(value.numel() for value in model.parameters())


def test_its_logits_and_gradients_are_those_of_torchs_encoder(model):
    rows, lists = rows_of(), lists_of(rows_of())
    encoder = nn.ModuleList(
        nn.TransformerEncoderLayer(WIDTH, HEADS, 24, 0.0, "gelu", batch_first=True, norm_first=True) for _ in range(2)
    )
    for theirs, ours in zip(encoder, model.blocks, strict=True):
        attention = ours.attention
        pairs = {
            theirs.self_attn.in_proj_weight: torch.cat(
                [layer.weight for layer in (attention.query, attention.key, attention.value)]
            ),
            theirs.self_attn.in_proj_bias: torch.cat(
                [layer.bias for layer in (attention.query, attention.key, attention.value)]
            ),
        }
        for mine, other in (
            (attention.output, theirs.self_attn.out_proj),
            (ours.feedforward.up, theirs.linear1),
            (ours.feedforward.down, theirs.linear2),
            (ours.attention_norm, theirs.norm1),
            (ours.feedforward_norm, theirs.norm2),
        ):
            pairs |= {other.weight: mine.weight, other.bias: mine.bias}
        with torch.no_grad():
            for parameter, value in pairs.items():
                parameter.copy_(value)
    means = []
    for row in lists:
        values = model.words(torch.tensor(row, dtype=torch.long)) + model.positions(torch.arange(len(row)))
        for layer in encoder:
            values = layer(values[None])[0] if row else values
        means.append(model.norm(values).mean(dim=0) if row else torch.zeros(WIDTH))
    expected, weights = model.head(torch.stack(means)), torch.randn(len(rows.lengths), CLASSES)
    found = model(rows)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert torch.equal(found[LENGTHS.index(0)], model.head.bias), "of a row without words"
    known = (model.words.weight, model.positions.weight)
    for ours, theirs in zip(
        torch.autograd.grad((found * weights).sum(), known),
        torch.autograd.grad((expected * weights).sum(), known),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_a_rows_logits_do_not_depend_on_the_rows_beside_it(model, monkeypatch):
    rows = rows_of()
    together = model(rows)
    alone = torch.cat([model(rows.between(row, row + 1)) for row in range(len(LENGTHS))])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
    monkeypatch.setattr(transformer, "TOKENS_OF_A_PASS", 5)
    monkeypatch.setattr(transformer, "PAIRS_AT_ONCE", 60)
    torch.testing.assert_close(model(rows), together, atol=1e-5, rtol=1e-4)
    assert model(rows_of(())).shape == (0, CLASSES)


@torch.no_grad()
def test_the_stages_are_the_forward_pass(model):
    rows = rows_of()
    state, used = State(rows, None, group_rows(rows)), []
    for names, stage in model.stages():
        used += names
        state = stage(state)
    assert torch.equal(state.values, model(rows))
    layers = [*find_layers(model)]
    assert [layer for name in used for layer in layers if f"{layer}.".startswith(f"{name}.")] == layers
    assert torch.equal(model(rows, vectors=model.words(rows.ids)), state.values)


def test_it_begins_with_the_same_weights_and_leaves_the_global_state():
    before = torch.get_rng_state()
    one, same, other = (TextTransformer(2_000, 3, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(*pair) for pair in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.head.weight, other.head.weight)
    assert (one.words.weight.std().item(), one.positions.weight.std().item()) == pytest.approx((0.1, 0.02), rel=0.03)
    assert not torch.equal(one.blocks[0].attention.query.weight, one.blocks[0].attention.key.weight)


def test_dropout_is_a_part_of_the_call(model):
    rows = rows_of()
    draws = [model(rows, dropout_source=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], model(rows))


@pytest.mark.parametrize("change", [{"width": 10}, {"blocks": 0}, {"dropout": 1.0}])
def test_impossible_sizes_are_refused(change):
    with pytest.raises(RecipeError):
        TextTransformer(WORDS, CLASSES, **change)
