"""The layers of models whose parameters are counted by hand."""

import pytest
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.model.classifier import TextClassifier
from forgetting.randomization.layers import layer_parameters, layer_table, named_layers, parameter_count


def test_layers_are_named_in_order():
    assert list(named_layers(TextClassifier(11, 4, (32, 16)))) == ["fc1", "fc2", "fc3"]


def test_layer_table_of_the_published_model():
    table = layer_table(TextClassifier(5_564, 294))
    assert [(row.name, row.kind, row.parameters) for row in table] == [
        ("fc1", "Linear", 356_160),
        ("fc2", "Linear", 19_110),
    ]
    assert table[0].shapes == {"weight": (64, 5_564), "bias": (64,)}
    assert sum(row.parameters for row in table) == 375_270


def test_tied_modules_are_one_layer():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(4, 2))
    assert list(named_layers(model)) == ["0", "3"]
    assert parameter_count(model) == 4 * 4 + 4 + 4 * 2 + 2


@pytest.mark.parametrize("count", [layer_table, parameter_count])
def test_a_layer_without_a_shape_is_refused_with_the_reason(count):
    with pytest.raises(RecipeError, match=r"'1' \(LazyLinear\) has no shape before it has seen data. Call the model"):
        count(nn.Sequential(nn.Linear(2, 2), nn.LazyLinear(3)))


@pytest.mark.parametrize(("bias", "layers"), [(True, ["0", "1:bias"]), (False, ["0"])])
def test_a_tied_parameter_belongs_to_the_first_layer(bias, layers):
    model = nn.Sequential(nn.Embedding(6, 4), nn.Linear(4, 6, bias=bias))
    model[1].weight = model[0].weight
    assert list(named_layers(model)) == layers
    assert list(layer_parameters(model, model[0])) == ["weight"]
    assert list(layer_parameters(model, model[1])) == (["bias"] if bias else [])
    assert parameter_count(model) == 6 * 4 + 6 * bias


def test_modules_without_parameters_are_no_layers():
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), nn.BatchNorm2d(2, affine=False), nn.ReLU()
    )
    assert list(named_layers(model)) == ["0.0", "0.1"]
    assert parameter_count(model) == 2 * 9 + 2 + 2 + 2
    assert [row.name for row in layer_table(nn.Linear(2, 2))] == [""]
