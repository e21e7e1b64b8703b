"""The classifier against `nn.Linear` layers."""

import numpy as np
import pytest
import safetensors.torch
import scipy.sparse
import torch
from torch import nn
from torch.nn import functional

from forgetting.core.errors import RecipeError
from forgetting.model.classifier import TextClassifier
from forgetting.model.sparse import SparseMatrix

HIDDEN = ((8,), (32, 16), (5, 4, 3))


def inputs(rows=7, words=11):
    matrix = scipy.sparse.random_array((rows, words), density=0.4, rng=0, dtype=np.float32).tocsr()
    return SparseMatrix.from_scipy(matrix), torch.from_numpy(matrix.toarray())


def standard(words, classes, hidden) -> nn.ModuleDict:
    """The same layers as plain `nn.Linear` modules."""
    sizes = (words, *hidden, classes)
    return nn.ModuleDict({f"fc{i}": nn.Linear(sizes[i - 1], sizes[i]) for i in range(1, len(sizes))})


def forward(layers: nn.ModuleDict, values: torch.Tensor) -> torch.Tensor:
    for layer in list(layers.values())[:-1]:
        values = functional.relu(layer(values))
    return list(layers.values())[-1](values)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_loads_and_gives_a_standard_state_dict(hidden):
    plain, model = standard(11, 4, hidden), TextClassifier(11, 4, hidden)
    shapes = {name: tuple(value.shape) for name, value in plain.state_dict().items()}
    assert {name: tuple(value.shape) for name, value in model.state_dict().items()} == shapes
    strides = model.fc1.weight.stride()
    model.load_state_dict(plain.state_dict())
    assert model.fc1.weight.stride() == strides
    sparse, dense = inputs()
    torch.testing.assert_close(model(sparse), forward(plain, dense))
    torch.testing.assert_close(model(dense), forward(plain, dense))
    again = standard(11, 4, hidden)
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(forward(again, dense), forward(plain, dense))


def test_initial_weights_are_those_of_linear_layers():
    model = TextClassifier(400, 30, (100,), seed=3)
    for layer in model.children():
        bound = layer.in_features**-0.5  # nn.Linear draws weight and bias from U(−1/√in, 1/√in)
        for values in layer.parameters():
            assert values.abs().max() <= bound
            assert values.abs().max() > 0.9 * bound
        assert abs(layer.weight.mean()) < 0.05 * bound


def test_each_layer_and_seed_has_its_own_initial_weights():
    first, same, other = (TextClassifier(6, 6, (6,), seed=seed) for seed in (0, 0, 1))
    for name, values in first.state_dict().items():
        assert torch.equal(values, same.state_dict()[name])
        assert not torch.equal(values, other.state_dict()[name])
    assert not torch.equal(first.fc1.weight, first.fc2.weight)


def test_dropout_acts_only_where_a_generator_is_given():
    model = TextClassifier(11, 4, (500,), dropout=0.8, seed=1).train()
    sparse, dense = inputs()
    assert torch.equal(model(sparse), model(sparse))
    assert torch.equal(model(sparse), model.eval()(sparse))
    dropped = model(sparse, dropout_source=torch.Generator().manual_seed(0))
    mask = torch.rand(7, 500, generator=torch.Generator().manual_seed(0)) >= 0.8
    hidden = functional.relu(dense @ model.fc1.weight.t() + model.fc1.bias) * mask / 0.2
    torch.testing.assert_close(dropped, hidden @ model.fc2.weight.t() + model.fc2.bias)


def test_without_dropout_a_generator_is_not_used():
    model, source = TextClassifier(11, 4, dropout=0), torch.Generator().manual_seed(0)
    before = source.get_state()
    model(inputs()[0], dropout_source=source)
    assert torch.equal(before, source.get_state())


@pytest.mark.parametrize(
    ("sizes", "dropout", "value"),
    [
        ((0, 3, (4,)), 0.5, "0, 4, 3"),
        ((5, 0, (4,)), 0.5, "5, 4, 0"),
        ((5, 3, ()), 0.5, "5, 3"),
        ((5, 3, (4,)), 1.0, "1.0"),
        ((5, 3, (4,)), float("nan"), "nan"),
    ],
)
def test_refuses_impossible_sizes(sizes, dropout, value):
    with pytest.raises(RecipeError, match=f"must be at least .* got .*{value}"):
        TextClassifier(*sizes, dropout)


def test_safetensors_round_trip(tmp_path):
    model, other = (TextClassifier(11, 4, (8, 5), seed=seed) for seed in (0, 1))
    safetensors.torch.save_model(model, tmp_path / "model.safetensors")
    assert set(safetensors.torch.load_file(tmp_path / "model.safetensors")) == set(standard(11, 4, (8, 5)).state_dict())
    safetensors.torch.load_model(other, tmp_path / "model.safetensors")
    assert torch.equal(model(inputs()[0]), other(inputs()[0]))
