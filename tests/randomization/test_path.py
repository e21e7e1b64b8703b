"""Randomizing is a path: proved on several architectures, whose units are written out by hand."""

import copy
from functools import cache
from itertools import cycle

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.model.classifier import TextClassifier
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.layers import named_layers
from forgetting.randomization.path import layer_paths, randomize, randomized_units
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization


class Tied(nn.Module):
    """A decoder that shares its weight with the embedding, as language models have it."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(6, 4)
        self.decoder = nn.Linear(4, 6)
        self.decoder.weight = self.encoder.weight


def shared_modules():
    shared = nn.Linear(4, 4)
    return nn.Sequential(shared, nn.ReLU(), shared, nn.Linear(4, 4))


def frozen():
    model = TextClassifier(9, 3, (5,))
    model.fc1.weight.requires_grad_(False)
    return model


def convolutional():
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 3, 2), nn.Flatten(), nn.Linear(75, 5)
    )
    return model.to(memory_format=torch.channels_last)


# A model, and by hand: its layers, and of each layer its parameters.
MODELS = {
    "classifier": (
        lambda: TextClassifier(12, 4, (7, 7)),
        dict.fromkeys(("fc1", "fc2", "fc3"), ("weight", "bias")),
    ),
    "convolutional": (convolutional, dict.fromkeys(("0", "1", "2", "4"), ("weight", "bias"))),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(9, 6), nn.Linear(6, 6, bias=False)),
        {"0": ("weight",), "1": ("weight",)},
    ),
    "lstm": (lambda: nn.Sequential(nn.LSTM(3, 5)), {"0": ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}),
    "tied modules": (shared_modules, {"0": ("weight", "bias"), "3": ("weight", "bias")}),
    "tied parameters": (Tied, {"encoder": ("weight",), "decoder:bias": ("bias",)}),
    "frozen": (frozen, {"fc1": ("weight", "bias"), "fc2": ("weight", "bias")}),
    "half": (lambda: TextClassifier(9, 3, (5,)).half(), {"fc1": ("weight", "bias"), "fc2": ("weight", "bias")}),
    "double": (lambda: TextClassifier(9, 3, (5,)).double(), {"fc1": ("weight", "bias"), "fc2": ("weight", "bias")}),
    "one layer": (lambda: nn.Linear(5, 4), {"": ("weight", "bias")}),
}


@cache
def made(name, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = MODELS[name][0]()
        with torch.no_grad():
            for parameter in model.parameters():  # as if trained: no two values are equal
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def units(model, layer, keys, unit, scheme=""):
    """A layer's units as (n, values of a unit); what a unit is, is written out by hand."""
    module = model.get_submodule(layer.partition(":")[0])
    if scheme == "rewind" and isinstance(module, nn.BatchNorm2d):
        keys = (*keys, "running_mean", "running_var")
    values = {key: getattr(module, key).detach() for key in keys}
    if unit == "weight":
        return torch.cat([value.flatten() for value in values.values()])[:, None]
    if isinstance(module, nn.ConvTranspose2d):
        values["weight"] = values["weight"].transpose(0, 1)
    return torch.cat([value.reshape(len(value), -1) for value in values.values()], dim=1)


def bits(values):
    return values.detach().contiguous().numpy().tobytes()


def everything(model):
    return {name: bits(value) for name, value in model.state_dict().items()}


def form(model):
    return {
        name: (value.shape, value.dtype, value.device, value.stride(), value.requires_grad)
        for name, value in model.named_parameters(remove_duplicate=False)
    }


MODEL = st.sampled_from(list(MODELS))
SCHEME = st.sampled_from(list(SCHEMES))
UNIT = st.sampled_from(["weight", "neuron"])
FRACTION = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.05, 0.5, 1.0]))
SEED = st.integers(0, 2**32 - 1)
prove = settings(deadline=None, max_examples=100)


def do(name, randomization):
    return randomize(made(name), randomization, initial=made(name, 1))


@prove
@given(MODEL, SCHEME, UNIT, FRACTION, SEED, st.data())
def test_exactly_the_units_under_the_mask_change(name, scheme, unit, fraction, seed, data):
    model, layers = made(name), MODELS[name][1]
    chosen = data.draw(st.lists(st.sampled_from(list(layers)), unique=True, min_size=1))
    randomization = Randomization(chosen, fraction, scheme, unit, seed)
    before, shape = everything(model), form(model)
    randomized, masks = do(name, randomization), randomized_units(model, randomization)

    assert everything(model) == before
    assert form(randomized) == form(model) == shape
    assert set(masks) == set(chosen)
    for layer, keys in layers.items():
        old, new = (units(one, layer, keys, unit, scheme) for one in (model, randomized))
        if layer not in chosen:
            assert bits(old) == bits(new)
            continue
        positions = masks[layer]
        assert len(set(positions.tolist())) == len(positions) == round(fraction * len(old))
        outside = torch.ones(len(old), dtype=bool)
        outside[positions] = False
        assert bits(old[outside]) == bits(new[outside])
        if scheme not in ("permute", "rewind"):  # a new value may equal the old one, in half precision above all
            assert (old != new).any(dim=1).sum() >= 0.8 * len(positions) - 1
    for key, value in model.named_buffers():
        if scheme != "rewind":
            assert bits(value) == bits(dict(randomized.named_buffers())[key])
    if scheme == "permute":
        for layer in chosen:
            old, new = (units(one, layer, layers[layer], unit).tolist() for one in (model, randomized))
            assert sorted(old) == sorted(new)


@prove
@given(MODEL, SCHEME, UNIT, FRACTION, FRACTION, SEED)
def test_a_larger_dose_holds_the_smaller_with_its_values(name, scheme, unit, one, other, seed):
    small, large = (Randomization(("all",), dose, scheme, unit, seed) for dose in sorted((one, other)))
    less, more = do(name, small), do(name, large)
    inner, outer = randomized_units(made(name), small), randomized_units(made(name), large)
    for layer, keys in MODELS[name][1].items():
        assert set(inner[layer].tolist()) <= set(outer[layer].tolist())
        if scheme != "permute":
            values = (units(model, layer, keys, unit, scheme)[inner[layer]] for model in (less, more))
            assert bits(next(values)) == bits(next(values))


def test_fraction_zero_is_the_original():
    for name, scheme, unit in zip(MODELS, cycle(SCHEMES), cycle(["weight", "neuron"])):
        assert everything(do(name, Randomization(("all",), 0.0, scheme, unit))) == everything(made(name))


@prove
@given(MODEL, SCHEME, UNIT, FRACTION, SEED)
def test_a_layer_gets_the_same_whatever_else_is_chosen(name, scheme, unit, fraction, seed):
    together = do(name, Randomization(("all",), fraction, scheme, unit, seed))
    for layer, keys in MODELS[name][1].items():
        alone = do(name, Randomization((layer,), fraction, scheme, unit, seed))
        assert bits(units(alone, layer, keys, unit)) == bits(units(together, layer, keys, unit))


@prove
@given(MODEL, SCHEME, UNIT, FRACTION, SEED)
def test_the_seed_determines_the_bits(name, scheme, unit, fraction, seed):
    randomization = Randomization(("all",), fraction, scheme, unit, seed)
    assert everything(do(name, randomization)) == everything(do(name, randomization))


@pytest.mark.parametrize(("name", "scheme"), list(zip(MODELS, cycle(["normal", "reinit", "permute", "noise"]))))
def test_another_seed_gives_other_bits(name, scheme):
    first, second = (everything(do(name, Randomization(scheme=scheme, seed=seed))) for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize(("scheme", "unit"), list(zip(SCHEMES, cycle(["weight", "neuron", "word"]))))
def test_another_seed_gives_another_mask(scheme, unit):
    masks = [
        randomized_units(made("classifier"), Randomization(("fc1",), 0.5, scheme, unit, seed))["fc1"].tolist()
        for seed in (0, 1)
    ]
    assert masks[0] != masks[1]


@prove
@given(SCHEME, FRACTION, SEED)
def test_words_are_columns_of_the_first_layer_without_its_bias(scheme, fraction, seed):
    model, randomization = made("classifier"), Randomization(("fc1",), fraction, scheme, "word", seed)
    randomized, positions = do("classifier", randomization), randomized_units(model, randomization)["fc1"].tolist()
    assert len(set(positions)) == len(positions) == round(fraction * 12)
    for word in range(12):
        same = bits(model.fc1.weight[:, word]) == bits(randomized.fc1.weight[:, word])
        assert same or word in positions
    others = [name for name in model.state_dict() if name != "fc1.weight"]
    assert [everything(model)[name] for name in others] == [everything(randomized)[name] for name in others]


@pytest.mark.parametrize(
    ("layer", "axis"),
    [(nn.Embedding(9, 4), 0), (nn.EmbeddingBag(9, 4), 0), (nn.Conv1d(9, 4, 2), 1), (nn.ConvTranspose1d(9, 4, 2), 0)],
)
def test_a_word_is_an_input_of_the_layer(layer, axis):
    randomized = randomize(nn.Sequential(layer), Randomization(fraction=1 / 3, scheme="zero", unit="word"))
    by_input = randomized[0].weight.movedim(axis, 0).reshape(9, -1)
    assert (by_input == 0).all(dim=1).sum() == 3
    assert (by_input == 0).any(dim=1).sum() == 3


def test_tied_modules_and_parameters_stay_tied():
    modules, parameters = do("tied modules", Randomization()), do("tied parameters", Randomization())
    assert modules[0] is modules[2]
    assert parameters.encoder.weight is parameters.decoder.weight
    assert parameters.encoder.weight is not made("tied parameters").encoder.weight


def test_a_randomized_lstm_computes_with_its_new_weights():
    inputs = torch.ones(2, 1, 3)
    before, after = made("lstm")(inputs)[0], do("lstm", Randomization(scheme="zero"))(inputs)[0]
    assert before.abs().min() > 0
    assert (after == 0).all()


def large():
    return TextClassifier(400, 400, (400,), seed=5)


def values_of(layer):
    return torch.cat([value.detach().flatten() for value in layer.parameters()]).numpy()


def same_values(one, other):
    return np.array_equal(np.sort(values_of(one)), np.sort(values_of(other)))


def test_layers_of_one_shape_have_masks_of_their_own():
    masks = randomized_units(large(), Randomization(fraction=0.5))
    assert not torch.equal(masks["fc1"], masks["fc2"])


def test_normal_is_standard_normal():
    randomized = randomize(large(), Randomization(scheme="normal"))
    for layer in randomized.children():
        values = values_of(layer)
        # 160,400 draws: standard errors are 0.0025 of the mean, 0.0018 of the deviation
        assert abs(values.mean()) < 0.0125
        assert abs(values.std() - 1) < 0.009
        assert kstest(values, "norm").pvalue > 1e-4
    assert not same_values(randomized.fc1, randomized.fc2)


def test_reinit_draws_from_the_initializer_again():
    model = large()
    randomized = randomize(model, Randomization(scheme="reinit"))
    for name, layer in randomized.named_children():
        values = values_of(layer) * 20  # nn.Linear draws from U(−1/√400, 1/√400)
        assert kstest(values, "uniform", args=(-1, 2)).pvalue > 1e-4
        assert abs(values).max() <= 1
        assert (values != values_of(model.get_submodule(name)) * 20).mean() > 0.99
    assert not same_values(randomized.fc1, randomized.fc2)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_noise_has_the_layers_deviation_times_scale(scale):
    model = large()
    with torch.no_grad():
        model.fc1.weight.mul_(10)
    randomized = randomize(model, Randomization(scheme="noise", scale=scale))
    for name, layer in randomized.named_children():
        old = values_of(model.get_submodule(name))
        added = (values_of(layer) - old) / (scale * old.std())
        assert abs(added.std() - 1) < 0.009
        assert kstest(added, "norm").pvalue > 1e-4


def test_rewind_at_dose_one_is_the_initial_model():
    initial = TextClassifier(12, 4, (7, 7), seed=9)
    for given_as in (initial, initial.state_dict()):
        randomized = randomize(made("classifier"), Randomization(scheme="rewind"), initial=given_as)
        assert everything(randomized) == everything(initial)


def test_zero_at_fraction_one_leaves_nothing():
    for name in MODELS:
        assert all((value == 0).all() for value in do(name, Randomization(scheme="zero")).parameters())


def test_permute_at_dose_one_mixes_each_parameter_within_itself():
    model, randomized = made("classifier"), do("classifier", Randomization(scheme="permute"))
    for key in ("weight", "bias"):
        old, new = (getattr(one.fc1, key).detach().flatten().numpy() for one in (model, randomized))
        np.testing.assert_array_equal(np.sort(old), np.sort(new))
        assert (old != new).mean() > 0.5


def test_permute_reaches_every_order_equally_often():
    model, counts = nn.Linear(3, 1, bias=False), {}
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 2.0, 3.0]]))
    for seed in range(1_200):
        order = tuple(randomize(model, Randomization(scheme="permute", seed=seed)).weight[0].tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert max(abs(count - 200) for count in counts.values()) < 65  # five standard errors


def test_no_layer_chosen_changes_nothing():
    assert everything(do("classifier", Randomization(()))) == everything(made("classifier"))


def test_the_model_keeps_its_mode_and_takes_gradients():
    model = copy.deepcopy(made("classifier")).eval()
    randomized = randomize(model, Randomization(fraction=0.5))
    assert not randomized.training
    randomized(torch.ones(2, 12)).sum().backward()
    assert randomized.fc1.weight.grad is not None
    assert model.fc1.weight.grad is None


class Bare(nn.Module):
    def __init__(self, values):
        super().__init__()
        self.values = nn.Parameter(values, requires_grad=False)


@pytest.mark.parametrize(
    ("model", "settings", "initial", "message"),
    [
        (
            "classifier",
            {"unit": "word"},
            None,
            r"column of the first layer \('fc1'\); got layers fc1, fc2, fc3. Choose the first",
        ),
        ("classifier", {"unit": "word", "layers": ("fc2",)}, None, "got layers fc2. Choose"),
        ("classifier", {"scheme": "rewind"}, None, "'rewind' needs the weights from before training: pass them"),
        ("classifier", {"scheme": "rewind"}, TextClassifier(9, 4, (7, 7)), r"no 'fc1.weight' of shape \(7, 12\)"),
        ("classifier", {"scheme": "rewind"}, {}, r"no 'fc1.weight' of shape \(7, 12\)"),
        ("classifier", {"layers": ("fc9",)}, None, r"must be layers of the model \(fc1, fc2, fc3\), .*; got 'fc9'\."),
        ("classifier", {"layers": ("all", "fc1")}, None, r"must be layers .*; got 'all\+fc1'"),
        ("lstm", {"unit": "word"}, None, "'word' does not fit layer '0' .*LSTM.* Choose the unit 'weight'"),
        ("tied parameters", {"unit": "word", "layers": ("decoder:bias",)}, None, "got layers decoder:bias. Choose"),
        (
            "tied parameters",
            {"layers": ("decoder",)},
            None,
            "must be 'decoder:bias', or the layer that has the other .* got 'decoder'",
        ),
        (
            nn.Sequential(Bare(torch.zeros(3))),
            {"scheme": "reinit"},
            None,
            "'0' .Bare. has no initializer .* Pass `rebuild`, .* or choose another",
        ),
        (nn.Sequential(Bare(torch.zeros(3, dtype=int))), {}, None, "Only floating-point .* layer '0' has .*int64"),
        (nn.Sequential(Bare(torch.tensor(1.0))), {"unit": "neuron"}, None, "'neuron' does not fit layer '0'"),
    ],
)
def test_refuses_what_does_not_fit_the_model(model, settings, initial, message):
    model = made(model) if isinstance(model, str) else model
    with pytest.raises(RecipeError, match=message):
        randomize(model, Randomization(**settings), initial=initial)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fraction", -0.01),
        ("fraction", 1.01),
        ("scheme", "shuffle"),
        ("unit", "row"),
        ("seed", -1),
        ("scale", -1.0),
        ("layers", (1,)),
    ],
)
def test_refuses_values_out_of_bounds(name, value):
    with pytest.raises(RecipeError) as error:
        Randomization(**{name: value})
    message = str(error.value)
    assert message.startswith(f"randomization.{name} must be ")
    assert f"; got {value!r}. The default is " in message


# A path, and walking it.


def way(name, layer, scheme, unit, seed, **others):
    """The path of a layer in a copy of a model, with that copy."""
    model = copy.deepcopy(made(name))
    found = layer_paths(model, Randomization((layer,), 0.0, scheme, unit, seed, **others), initial=made(name, 1))
    return model, found[layer]


@st.composite
def ways(draw):
    name = draw(st.sampled_from(["classifier", "convolutional", "tied parameters", "half", "one layer"]))
    layer = draw(st.sampled_from(list(MODELS[name][1])))
    units = ["weight", "neuron", *(["word"] if (name, layer) == ("classifier", "fc1") else [])]
    return name, layer, draw(SCHEME), draw(st.sampled_from(units)), draw(SEED)


DOSES = st.lists(FRACTION, min_size=1, max_size=5).map(sorted)


@prove
@given(ways(), DOSES, st.booleans())
@example(("classifier", "fc1", "permute", "weight", 0), [0.2, 0.5, 0.9], False)  # its values change along the path
@example(("classifier", "fc2", "permute", "neuron", 1), [0.3, 0.6, 1.0], False)
def test_walking_gives_at_each_dose_what_randomize_gives_alone(which, doses, twice):
    name, layer, scheme, unit, seed = which
    walked, path = way(*which)
    doses = sorted(doses * 2) if twice else doses
    for dose, found in zip(doses, path.walk([path.count(dose) for dose in doses]), strict=True):
        path.write(found)
        assert everything(walked) == everything(do(name, Randomization((layer,), dose, scheme, unit, seed)))


def test_a_walk_of_no_counts_has_no_steps():
    _, path = way("classifier", "fc1", "normal", "weight", 0)
    assert list(path.walk([])) == []


@prove
@given(ways(), st.data())
def test_a_step_of_a_walk_touches_the_first_of_the_order_alone(which, data):
    _, path = way(*which)
    counts = sorted(data.draw(st.lists(st.integers(0, len(path.order)), min_size=1, max_size=4)))
    assert sorted(path.order.tolist()) == list(range(len(path.units)))
    original = path.units.clone()
    for count, found in zip(counts, path.walk(counts), strict=True):
        rest = path.order[count:]
        assert bits(found[rest]) == bits(original[rest])
        if count == 0:
            assert bits(found) == bits(original)
        if which[2] in ("normal", "noise") and which[0] != "half":
            assert (found != original).any(dim=1).sum() == count  # no draw equals what it replaces
    assert bits(path.units) == bits(original)


def naive_distances(path):
    """How far the layer is from its original at each count, in a walk to it alone."""
    original = path.units.double().numpy()
    steps = (next(path.walk([count])).double().numpy() for count in range(len(path.order) + 1))
    return np.array([np.linalg.norm(step - original) for step in steps])


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([scheme for scheme in SCHEMES if scheme != "permute"]),
    st.sampled_from(["weight", "neuron", "word"]),
    SEED,
    st.lists(st.one_of(st.just(0.0), st.floats(1e-9, 1.1)), min_size=1, max_size=6).map(sorted),
)
def test_the_least_count_that_reaches_a_change(scheme, unit, seed, shares):
    _, path = way("classifier", "fc1", scheme, unit, seed)
    distances = naive_distances(path)
    changes = [share * distances[-1] for share in shares]
    for change, count in zip(changes, path.reaching(changes), strict=True):
        if count is None:
            first = int(np.argmax(distances >= change * (1 - 1e-6)))
            assert change > distances[-1] * (1 - 2e-6) or distances[first] > 1.0999 * change  # one unit is too much
            continue
        assert distances[count] <= 1.1001 * change
        assert distances[count] >= change * (1 - 2e-6)
        assert count == 0 or distances[count - 1] < change


@pytest.mark.parametrize("seed", range(2))
def test_the_least_count_where_many_units_do_not_change(seed):
    # Zeros set to zero.
    model = copy.deepcopy(made("classifier"))
    with torch.no_grad():
        model.fc1.weight[:, ::2] = 0
        model.fc1.weight[:, 1::4] = 0
    path = layer_paths(model, Randomization(("fc1",), 0.0, "zero", seed=seed))["fc1"]
    distances = naive_distances(path)
    changes = distances[-1] * np.linspace(0.005, 0.995, 100)
    least = [int(np.argmax(distances >= change)) for change in changes]
    expected = [
        count if distances[count] <= 1.1 * change else None for count, change in zip(least, changes, strict=True)
    ]
    assert path.reaching(changes) == expected
    assert sum(count is not None for count in expected) > 50


def test_a_change_that_nothing_makes_is_not_reached():
    model = copy.deepcopy(made("classifier"))
    with torch.no_grad():
        model.fc1.weight.zero_()
        model.fc1.bias.zero_()
    assert layer_paths(model, Randomization(("fc1",), 0.0, "zero"))["fc1"].reaching([0.0, 1e-9]) == [0, None]


@pytest.mark.parametrize(("unit", "seed"), [("weight", 0), ("neuron", 1)])
def test_permuting_reaches_a_change_within_a_few_percent(unit, seed):
    model = TextClassifier(300, 4, (400,), seed=seed)
    path = layer_paths(model, Randomization(("fc1",), 0.0, "permute", unit, seed))["fc1"]
    original = path.units.double()
    end = torch.linalg.vector_norm(next(path.walk([len(path.order)])).double() - original).item()
    changes = [share * end for share in (0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.2)]
    counts = path.reaching(changes)
    assert (counts[0], counts[-1]) == (0, None)
    assert counts[1:-1] == sorted(counts[1:-1])
    for change, count in zip(changes[1:-1], counts[1:-1], strict=True):
        reached = torch.linalg.vector_norm(next(path.walk([count])).double() - original).item()
        assert reached == pytest.approx(change, rel=0.03)


# Listed words.

WORDS = tuple(f"word {number}" for number in range(12))


@prove
@given(SCHEME, FRACTION, SEED, st.lists(st.sampled_from(WORDS), unique=True, min_size=1), st.data())
def test_of_listed_words_a_fraction_changes_and_nothing_else(scheme, fraction, seed, words, data):
    model = made("classifier")
    randomization = Randomization(("fc1",), fraction, scheme, "word", seed, words=words)
    randomized = randomize(model, randomization, initial=made("classifier", 1), vocabulary=WORDS)
    positions = randomized_units(model, randomization, vocabulary=WORDS)["fc1"].tolist()
    assert positions == sorted(set(positions))
    assert len(positions) == round(fraction * len(words))
    assert {WORDS[position] for position in positions} <= set(words)
    changed = {
        number for number in range(12) if bits(model.fc1.weight[:, number]) != bits(randomized.fc1.weight[:, number])
    }
    if scheme == "permute":
        assert changed <= set(positions)
    else:
        assert changed == set(positions)
    others = [name for name in model.state_dict() if name != "fc1.weight"]
    assert [everything(model)[name] for name in others] == [everything(randomized)[name] for name in others]
    shuffled = Randomization(("fc1",), fraction, scheme, "word", seed, words=data.draw(st.permutations(words)))
    again = randomize(model, shuffled, initial=made("classifier", 1), vocabulary=WORDS)
    assert everything(again) == everything(randomized)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_listing_all_words_is_listing_none(scheme):
    model, initial = made("classifier"), made("classifier", 1)
    plain = Randomization(("fc1",), 0.5, scheme, "word", 7)
    listed = Randomization(("fc1",), 0.5, scheme, "word", 7, words=WORDS)
    one, other = (randomize(model, each, initial=initial, vocabulary=WORDS) for each in (plain, listed))
    assert everything(one) == everything(other)


@pytest.mark.parametrize("vocabulary", [WORDS, ()])
def test_refuses_a_word_that_the_model_does_not_know(vocabulary):
    randomization = Randomization(("fc1",), unit="word", words=("word 1", "ghost") if vocabulary else ("ghost",))
    for act in (randomize, randomized_units):
        with pytest.raises(RecipeError, match=rf"has no 'ghost' among its {len(vocabulary)}\..* choose others"):
            act(made("classifier"), randomization, vocabulary=vocabulary)


def test_refuses_words_with_another_unit():
    with pytest.raises(RecipeError, match=r"Words \(cherry\) can .* with the unit 'word' alone; got 'neuron'"):
        Randomization(("fc1",), unit="neuron", words=("cherry",))


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("unit", ["weight", "neuron", "word", "listed words"])
def test_as_many_parameters_are_drawn_anew_as_are_counted(unit, fraction):
    model, vocabulary = TextClassifier(12, 4, (7,)), [f"word {number}" for number in range(12)]
    listed = tuple(vocabulary[2:7]) if unit == "listed words" else ()
    layers = ("fc1",) if "word" in unit else ("fc1", "fc2")
    randomization = Randomization(layers, fraction, unit=unit.split()[-1].removesuffix("s"), words=listed)
    after = randomize(model, randomization, vocabulary=vocabulary)
    for name in ("fc1", "fc2"):
        counted = randomization.count_parameters(name, shapes_of(model.get_submodule(name))) if name in layers else 0
        assert count_changed(model, after, name) == counted


@pytest.mark.parametrize("unit", ["weight", "neuron", "word", "head"])
def test_as_many_parameters_of_a_transformer_are_drawn_anew_as_are_counted(unit):
    model = TextTransformer(12, 4, blocks=1, width=8, heads=2, feedforward=10, max_tokens=6)
    attention = tuple(f"blocks.0.attention.{name}" for name in ("query", "key", "value", "output"))
    layers = {"word": ("words",), "head": attention}.get(unit, ("all",))
    randomization = Randomization(layers, 0.5, unit=unit)
    after = randomize(model, randomization)
    for name, module in named_layers(model).items():
        counted = randomization.count_parameters(name, shapes_of(module), 2)
        assert count_changed(model, after, name) == (counted if layers == ("all",) or name in layers else 0)


def shapes_of(module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in module.named_parameters()}


def count_changed(model, after, name) -> int:
    pairs = zip(model.get_submodule(name).parameters(), after.get_submodule(name).parameters(), strict=True)
    return sum((before != now).sum().item() for before, now in pairs)
