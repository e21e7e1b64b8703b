"""Modules of every kind: what is right to randomize in each is written out by hand."""

import copy
import pickle
import random
import warnings
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import OwnedDraws, generator
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.initializers import Rebuild, reset_layers
from forgetting.randomization.layers import find_layers
from forgetting.randomization.path import randomize, randomized_units
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep


class Conv1D(nn.Module):
    """As GPT-2 has it in the package transformers: its weight is (inputs, outputs)."""

    def __init__(self, nf, nx):
        super().__init__()
        self.nf, self.nx = nf, nx
        self.weight = nn.Parameter(torch.randn(nx, nf))
        self.bias = nn.Parameter(torch.randn(nf))


class GPTAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.num_heads, self.head_dim = 4, 2
        self.c_attn, self.c_proj = Conv1D(24, 8), Conv1D(8, 8)


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.num_attention_heads, self.attention_head_size = 4, 2
        self.query, self.key, self.value = (nn.Linear(8, 8) for _ in range(3))


class Output(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense, self.LayerNorm = nn.Linear(8, 8), nn.LayerNorm(8)


class Bert(nn.Module):
    """The names of a BERT of the package transformers, which draws its layers from N(0, 0.02²)."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(50, 8, padding_idx=0)
        self.attention = nn.ModuleDict({"self": SelfAttention(), "output": Output()})
        self.head = nn.Linear(8, 50)
        self.head.weight = self.words.weight
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding):
            with torch.no_grad():
                module.weight[module.padding_idx].zero_()


def made(factory, seed=0):
    with OwnedDraws(generator(seed, "test")):
        return factory()


def bits(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def drawn(model, **settings):
    return randomize(model, Randomization(**settings))


# Layers.


def test_a_wrappers_prefix_does_not_count():
    model = nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 2)))
    wrapped = nn.DataParallel(torch.optim.swa_utils.AveragedModel(model))
    assert list(find_layers(wrapped)) == list(find_layers(model)) == ["0", "1.0"]
    rewound = randomize(wrapped, Randomization(("1",), scheme="rewind"), initial=bits(wrapped))
    assert same(bits(rewound), bits(wrapped))
    plain = {name.removeprefix("module.module."): value for name, value in drawn(wrapped).state_dict().items()}
    assert all(torch.equal(value, plain[name]) for name, value in drawn(model).state_dict().items())


def test_layers_are_found_in_one_walk(monkeypatch):
    model, walks = nn.Sequential(*(nn.Linear(2, 2) for _ in range(300))), []
    real = nn.Module.named_modules
    monkeypatch.setattr(nn.Module, "named_modules", lambda *args, **kwargs: walks.append(1) or real(*args, **kwargs))
    assert len(find_layers(model)) == 300
    drawn(model, layers=("7",))
    assert len(walks) <= 2


def test_of_a_tied_head_the_bias_is_its_own_and_named_so():
    model = made(Bert)
    assert "head:bias" in find_layers(model)
    with pytest.raises(RecipeError, match=r"must be 'head:bias', or the layer that has the other parameters of 'head'"):
        drawn(model, layers=("head",))
    changed = drawn(model, layers=("head:bias",))
    assert (changed.head.bias != model.head.bias).all()
    assert torch.equal(changed.head.weight, model.head.weight)
    assert changed.head.weight is changed.words.weight
    assert ("head:bias",) in Sweep(layers=("each",)).sets(tuple(find_layers(model)))


# Parts.


@pytest.mark.parametrize(
    ("part", "keys", "rows"),
    [
        ("l0", "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0", range(16)),
        ("weight_hh_*", "weight_hh_l0 weight_hh_l1", range(16)),
        ("bias_ih_l1", "bias_ih_l1", range(16)),
        ("weight_hh_l0[f]", "weight_hh_l0", range(4, 8)),
        (
            "[o]",
            "weight_ih_l0 weight_hh_l0 bias_ih_l0 bias_hh_l0 weight_ih_l1 weight_hh_l1 bias_ih_l1 bias_hh_l1",
            range(12, 16),
        ),
        ("weight_ih_l0[2:5]", "weight_ih_l0", range(2, 5)),
    ],
)
def test_a_part_changes_and_nothing_else(part, keys, rows):
    model = nn.Sequential(made(lambda: nn.LSTM(3, 4, 2)))
    changed = drawn(model, layers=(f"0:{part}",))
    for name, value in model[0].named_parameters():
        other = [row for row in range(16) if name not in keys.split() or row not in rows]
        new = changed[0].get_parameter(name)
        assert torch.equal(value[other], new[other])
        if name in keys.split():
            assert (value[list(rows)] != new[list(rows)]).all()
    again = drawn(model, layers=(f"0:{part}",), fraction=0.5)
    assert (
        same(bits(again), bits(drawn(model, layers=(f"0:{part}", "0:bias_hh_l1[0:1]"), fraction=0.5))) or "bias" in keys
    )


def test_a_part_is_drawn_alike_however_it_is_written():
    model = nn.Sequential(made(lambda: nn.LSTM(3, 4, 2)))
    one, other = (
        drawn(model, layers=(f"0:{part}",), fraction=0.4) for part in ("weight_*_l1", "weight_ih_l1&weight_hh_l1")
    )
    assert same(bits(one), bits(other))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (("0:l0", "0:weight_hh_*"), "no values in common; '0:l0' and '0:weight_hh_.' both have some of 'weight_hh_l0'"),
        (("0:weight_hh_l0[i]", "0:weight_hh_l0[0:1]"), "no values in common"),
        (("0", "0:l0"), "not '0' with '0:l0'"),
        (("0:l7",), "'0' has 'weight_ih_l0', .*, and none is 'l7'"),
        (("0:l0[q]",), r"must be one of \[i\], \[f\], \[g\], \[o\], or outputs .*; got 'l0\[q\]'"),
        (("0:l0[3:99]",), r"'0:l0\[3:99\]' does not fit 'weight_ih_l0', which has 16"),
    ],
)
def test_parts_that_do_not_fit_are_refused(layers, message):
    with pytest.raises(RecipeError, match=message):
        drawn(nn.Sequential(nn.LSTM(3, 4)), layers=layers)


# Heads.


def heads(values, axis, pieces=1):
    """Which of the four heads of attention are all zero."""
    zero = (values == 0).movedim(axis, 0).reshape(pieces, 4, 2, -1)
    found = zero.all(dim=(0, 2, 3))
    assert torch.equal(found, zero.any(dim=(0, 2, 3)))
    return found.nonzero()[:, 0].tolist()


def zero_heads(model, *layers):
    with torch.no_grad():  # as if trained: no value is 0
        for value in model.parameters():
            value.add_(1)
    changed = randomize(model, Randomization(layers, 0.5, "zero", "head", 3))
    chosen = randomized_units(model, Randomization(layers, 0.5, "zero", "head", 3)).values()
    assert len({tuple(found.tolist()) for found in chosen}) == 1
    return changed, next(iter(chosen)).tolist()


def test_all_layers_of_an_attention_choose_the_same_heads():
    changed, chosen = zero_heads(TextTransformer(9, 3, width=8, heads=4), "blocks.0.attention")
    assert len(chosen) == 2
    attention = changed.blocks[0].attention
    for layer in (attention.query, attention.key, attention.value):
        assert heads(layer.weight, 0) == heads(layer.bias, 0) == chosen
    assert heads(attention.output.weight, 1) == chosen
    assert (attention.output.bias != 0).all()

    changed, chosen = zero_heads(made(Bert), "attention.self", "attention.output.dense")
    for layer in changed.attention["self"].children():
        assert heads(layer.weight, 0) == heads(layer.bias, 0) == chosen
    assert heads(changed.attention["output"].dense.weight, 1) == chosen

    changed, chosen = zero_heads(nn.ModuleDict({"attn": GPTAttention()}), "attn")
    assert heads(changed["attn"].c_attn.weight, 1, 3) == heads(changed["attn"].c_attn.bias, 0, 3) == chosen
    assert heads(changed["attn"].c_proj.weight, 0) == chosen

    changed, chosen = zero_heads(nn.TransformerEncoderLayer(8, 4, 8), "self_attn")
    assert heads(changed.self_attn.in_proj_weight, 0, 3) == heads(changed.self_attn.in_proj_bias, 0, 3) == chosen
    assert heads(changed.self_attn.out_proj.weight, 1) == chosen

    changed, chosen = zero_heads(nn.Sequential(nn.MultiheadAttention(8, 4, kdim=3, vdim=5, add_bias_kv=True)), "0")
    assert (
        heads(changed[0].k_proj_weight, 0)
        == heads(changed[0].bias_k, 2)
        == heads(changed[0].out_proj.weight, 1)
        == chosen
    )


class ConfiguredAttention(nn.Module):
    """As in a GPT-NeoX: its configuration has the number of heads, and each has its query, key and value together."""

    def __init__(self, made="query_key_value"):
        super().__init__()
        self.config = SimpleNamespace(num_attention_heads=4)
        self.head_size = 2
        self.add_module(made, nn.Linear(8, 24))
        self.dense = nn.Linear(8, 8)


def test_the_number_of_heads_may_lie_in_a_configuration():
    model, chosen = zero_heads(nn.ModuleDict({"attn": ConfiguredAttention()}), "attn")
    weights = model["attn"].query_key_value.weight.reshape(4, 3 * 2, 8)
    assert (weights == 0).all(dim=(1, 2)).nonzero()[:, 0].tolist() == chosen
    assert (weights == 0).any(dim=(1, 2)).sum() == len(chosen) == 2
    assert heads(model["attn"].dense.weight, 1) == chosen
    with pytest.raises(RecipeError, match=r"'attn.query_key_value' must be outputs \[from:to\]; got"):
        drawn(model, layers=("attn.query_key_value:weight[q]",))
    with pytest.raises(RecipeError, match="Unit 'head' is for the layers of an attention"):
        drawn(nn.ModuleDict({"pooler": ConfiguredAttention("up")}), layers=("pooler.dense",), unit="head")


def test_a_part_has_the_heads_of_its_attention():
    model, chosen = zero_heads(nn.TransformerEncoderLayer(8, 4, 8), "self_attn:in_proj[q]")
    assert heads(model.self_attn.in_proj_weight[:8], 0) == chosen
    assert (model.self_attn.in_proj_weight[8:] != 0).all()


def test_layers_without_heads_are_refused():
    shared = GPTAttention()
    shared.c_attn = nn.Linear(8, 8)
    shared.k_proj = nn.Linear(8, 4)
    for model, layers in (
        (TextTransformer(9, 3), ("blocks.0",)),
        (TextTransformer(9, 3), ("head",)),
        (nn.ModuleDict({"attn": shared}), ("attn.k_proj",)),
        (made(Bert), ("attention",)),
    ):
        with pytest.raises(RecipeError, match=r"Unit 'head' (is for the layers of an attention|needs as many numbers)"):
            drawn(model, layers=layers, unit="head")


# Units of other layers.


def test_the_neurons_of_gpts_conv1d_are_its_outputs():
    changed = drawn(nn.Sequential(Conv1D(6, 4)), fraction=0.5, scheme="zero", unit="neuron")[0]
    outputs = (changed.weight == 0).all(dim=0)
    assert outputs.sum() == 3
    assert torch.equal(outputs, changed.bias == 0)
    assert (drawn(nn.Sequential(Conv1D(6, 4)), fraction=0.5, scheme="zero", unit="word")[0].weight == 0).all(
        dim=1
    ).sum() == 2


@pytest.mark.parametrize("unit", ["weight", "neuron", "word"])
@pytest.mark.parametrize("scheme", ["normal", "reinit", "permute", "noise"])
def test_the_row_of_padding_stays_and_is_no_unit(scheme, unit):
    model = nn.Sequential(made(lambda: nn.Embedding(7, 3, padding_idx=2)))
    changed = drawn(model, scheme=scheme, unit=unit)[0].weight
    assert (changed[2] == 0).all()
    assert (changed != model[0].weight).any(dim=1).sum() >= (4 if scheme == "permute" else 6)
    assert len(randomized_units(model, Randomization(unit=unit))["0"]) == (18 if unit == "weight" else 6)
    words = tuple("abcdefg")
    one = Randomization(scheme="zero", unit="word", words=("a", "c", "e"))
    gone = (randomize(model, one, vocabulary=words)[0].weight == 0).all(dim=1).nonzero()[:, 0].tolist()
    assert gone == [0, 2, 4]


def test_permute_and_noise_take_one_parameter_at_a_time():
    """Of a norm whose weights are about 1 and whose biases are about 0, neither becomes as the other is."""
    model = nn.Sequential(nn.LayerNorm(400))
    with torch.no_grad():
        model[0].weight.copy_(1 + torch.linspace(-0.01, 0.01, 400))
        model[0].bias.copy_(torch.linspace(-0.1, 0.1, 400))
    for unit in ("weight", "neuron"):
        shuffled = drawn(model, scheme="permute", unit=unit)[0]
        for key in ("weight", "bias"):
            old, new = (getattr(layer, key) for layer in (model[0], shuffled))
            assert torch.equal(old, new.sort().values)
            assert (old != new).sum() > 350
        noisy = drawn(model, scheme="noise", unit=unit)[0]
        for key in ("weight", "bias"):
            old, new = (getattr(layer, key) for layer in (model[0], noisy))
            assert ((new - old).std() / old.std()).item() == pytest.approx(1, abs=0.15)  # four standard errors


# Initializers.


@pytest.mark.parametrize("layer", ["words", "attention.self.query", "attention.output.dense"])
def test_reinit_of_a_model_that_draws_its_layers_itself(layer):
    model = made(Bert)
    with pytest.raises(RecipeError, match=rf"draws layer {layer!r} .* another one: Bert._init_weights. Pass `rebuild`"):
        drawn(model, layers=(layer,), scheme="reinit")
    state = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    one, other = (
        randomize(model, Randomization((layer,), scheme="reinit", seed=seed), rebuild=Bert).get_submodule(layer).weight
        for seed in (0, 1)
    )
    again = randomize(
        model, Randomization((layer,), scheme="reinit"), rebuild=pickle.loads(pickle.dumps(Rebuild(Bert)))
    )
    assert torch.equal(one, again.get_submodule(layer).weight)
    assert not torch.equal(one, other)
    assert one.std().item() == pytest.approx(0.02, rel=0.3)
    assert torch.equal(state[0], torch.get_rng_state())
    assert (state[1], state[2]) == (np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002


def numpys():
    model = nn.Linear(2, 2)
    model.bias.data = torch.from_numpy(np.random.rand(2).astype("float32"))  # noqa: NPY002
    return nn.Sequential(model)


def seeded():
    with OwnedDraws(torch.Generator().manual_seed(1)):
        return nn.Sequential(nn.Linear(2, 2))


def raising():
    raise OSError("no such file")


ONE = nn.Sequential(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("rebuild", "message"),
    [
        (numpys, r"is not repeatable: '0.bias' differ between two calls. Please draw with torch's"),
        (seeded, "gives the same values for each seed"),
        (lambda: ONE, "gives the same model each time"),
        (lambda: 3, "gave a int"),
        (raising, "raised OSError: no such file"),
        (lambda: nn.Sequential(nn.Linear(3, 2)), r"holds no '0.weight' of shape \(2, 2\); scheme 'reinit' needs it"),
    ],
)
def test_a_factory_that_cannot_be_relied_on_is_refused(rebuild, message):
    with pytest.raises(RecipeError, match=message):
        randomize(ONE, Randomization(scheme="reinit"), rebuild=rebuild)


def test_an_attention_of_torch_is_drawn_as_it_draws_itself():
    model = made(lambda: nn.TransformerEncoderLayer(16, 4, 8))
    with torch.no_grad():
        for value in model.parameters():
            value.add_(1)
    changed = drawn(model, layers=("self_attn",), scheme="reinit").self_attn
    assert (changed.in_proj_bias == 0).all()
    assert (changed.out_proj.bias == 0).all()
    bound = (6 / (16 + 48)) ** 0.5  # Glorot and Bengio's, of which torch draws
    assert 0.9 * bound < changed.in_proj_weight.abs().max().item() <= bound
    with pytest.raises(RecipeError, match=r"another one: Transformer._reset_parameters"):
        drawn(nn.Transformer(8, 2, 1, 1, 8, batch_first=True), scheme="reinit")


def test_the_norms_reinit_is_a_reset():
    model = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), nn.BatchNorm1d(3), nn.GroupNorm(1, 3))
    assert reset_layers(model) == ("1", "2", "3")
    with torch.no_grad():
        for value in model.parameters():
            value.normal_()
    one, other = (drawn(model, layers=("1", "2", "3"), scheme="reinit", seed=seed) for seed in (0, 1))
    assert same(bits(one), bits(other))
    assert all((layer.weight == 1).all() and (layer.bias == 0).all() for layer in one[1:])


def test_rewinding_takes_back_what_a_norm_has_seen():
    model = nn.Sequential(nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3))
    initial = copy.deepcopy(model)
    model(torch.randn(50, 2, 4) * 5)
    assert (model[1].running_var != 1).all()
    assert same(bits(randomize(model, Randomization(scheme="rewind"), initial=initial)), bits(initial))
    half = randomize(model, Randomization(("1",), 1 / 3, "rewind", "neuron"), initial=initial)[1]
    back = half.running_var == 1
    assert back.sum() == 1
    assert torch.equal(back, half.running_mean == 0)
    assert half.num_batches_tracked == 1
    assert torch.equal(drawn(model, scheme="zero")[1].running_var, model[1].running_var)
    with pytest.raises(RecipeError, match=r"`initial` holds no '1\.running_mean'"):
        randomize(model, Randomization(scheme="rewind"), initial=dict(initial.named_parameters()))


def test_rewinding_all_takes_back_norms_without_parameters():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, affine=False), nn.Linear(3, 2))
    initial = copy.deepcopy(model)
    model(torch.randn(50, 2) * 5)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(1)
    assert same(bits(randomize(model, Randomization(scheme="rewind"), initial=initial)), bits(initial))
    for less in (
        Randomization(("0",), scheme="rewind"),
        Randomization(fraction=0.9, scheme="rewind"),
        Randomization(scheme="zero"),
    ):
        assert same(bits(randomize(model, less, initial=initial)[1]), bits(model[1]))
    with pytest.raises(RecipeError, match=r"`initial` holds no '1\.running_mean'"):
        randomize(model, Randomization(scheme="rewind"), initial=dict(initial.named_parameters()))


def spectral(norm):
    model = nn.Sequential(norm(nn.Linear(4, 3)), nn.Linear(3, 3))
    with torch.no_grad():
        model.eval()(torch.ones(1, 4))  # after which it can be copied
    return model


@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, parametrizations.spectral_norm])
def test_rewinding_takes_back_the_vectors_of_a_spectral_norm(norm):
    initial = made(lambda: spectral(norm))
    model = copy.deepcopy(initial)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(torch.rand_like(value))
        for _ in range(30):
            model.train()(torch.ones(1, 4))  # each iterates once
    assert torch.linalg.matrix_norm(model[0].weight, 2).item() == pytest.approx(1, abs=1e-3)
    vectors = [name for name in bits(model) if name.endswith(("_u", "_v"))]
    assert len(vectors) == 2
    back = randomize(model.eval(), Randomization(scheme="rewind"), initial=initial)
    assert same(bits(back), bits(initial))
    assert torch.equal(back(torch.ones(1, 4)), initial(torch.ones(1, 4)))
    half = bits(randomize(model, Randomization(fraction=0.5, scheme="rewind"), initial=initial))
    assert all(torch.equal(half[name], bits(model)[name]) for name in vectors)
    with pytest.raises(RecipeError, match=r"`initial` holds no '0.*_[uv]'"):
        randomize(model, Randomization(scheme="rewind"), initial=dict(initial.named_parameters()))


# What cannot be randomized.


@pytest.mark.parametrize("norm", [parametrizations.weight_norm, parametrizations.spectral_norm])
def test_zeros_that_leave_no_finite_weights_are_refused(norm):
    model = nn.Sequential(norm(nn.Linear(4, 3)))
    assert list(find_layers(model)) == ["0", "0.parametrizations.weight"]
    with pytest.raises(RecipeError, match=r"'zero' leaves no finite weights in layer '0\.parametrizations"):
        drawn(model, scheme="zero")
    assert drawn(model, scheme="normal")(torch.ones(1, 4)).isfinite().all()
    if norm is parametrizations.weight_norm:
        gone = drawn(model, layers=("0:*", "0.parametrizations.weight:original0"), scheme="zero")
        assert (gone(torch.ones(1, 4)) == 0).all()


@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.spectral_norm])
def test_zeros_are_refused_in_the_norms_of_earlier_versions_too(norm):
    model = nn.Sequential(norm(nn.Linear(4, 3))).eval()
    with torch.no_grad():
        model(torch.ones(1, 4))  # after which it can be copied
    with pytest.raises(RecipeError, match="'zero' leaves no finite weights in layer '0'"):
        drawn(model, scheme="zero")
    assert drawn(model, scheme="noise")(torch.ones(1, 4)).isfinite().all()


def old_weight_norm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.Sequential(nn.utils.weight_norm(nn.Linear(4, 3)))


def keeping():
    model = nn.Sequential(nn.Linear(4, 3))
    model[0].kept = model(torch.ones(1, 4))
    return model


def keeping_a_list():
    model = nn.Sequential(nn.Linear(4, 3))
    model[0].kept = [model(torch.ones(2, 4))]
    return model


def quantized(layer=nn.Linear):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(nn.Sequential(layer(4, 3)), {layer}, dtype=torch.qint8)


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (old_weight_norm, "module '0' .Linear. keeps 'weight', so that it cannot be copied"),
        (keeping_a_list, "copying a Sequential raised RuntimeError"),
        (keeping, "module '0' .Linear. keeps 'kept', so that it cannot be copied"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), "'0' .LazyLinear. has no shape before it has seen data"),
        (lambda: nn.Sequential(nn.Linear(4, 3, device="meta")), "'0' .Linear. is on the device 'meta'"),
        (quantized, "'0' .Linear. is quantized"),
        (lambda: quantized(nn.LSTM), "'0' .LSTM. is quantized"),
        (lambda: quantized(nn.GRUCell), "'0' .GRUCell. is quantized"),
        (lambda: nn.Sequential(nn.Linear(4, 3)).to(torch.float8_e4m3fn), "Only floating-point .* 16 bits .* layer '0'"),
    ],
)
def test_what_has_no_values_is_refused_with_the_reason(factory, message):
    with pytest.raises(RecipeError, match=message):
        drawn(factory(), layers=("0",))


# Residual branches.


def test_skipping_a_block_hands_on_what_it_is_given():
    model = made(lambda: nn.TransformerEncoderLayer(8, 4, 16, norm_first=True)).eval()
    (names,) = Sweep(layers=("each:blocks.*:skip",)).sets(("blocks.0.attention.output", "blocks.0.feedforward.up"))
    assert names == ("blocks.0.attention.output",)
    inputs = torch.randn(5, 2, 8)
    stack = nn.Sequential(model, copy.deepcopy(model))
    skipped = drawn(stack, layers=("0:skip",), scheme="zero")
    assert torch.equal(skipped[0](inputs), inputs)
    assert not torch.equal(skipped[1](inputs), inputs)
    assert same(bits(skipped[0].norm1), bits(model.norm1))


# The path.

KINDS = {  # a model, a layer or a part of it, its unit, and by hand the number of units and of values of each
    "lstm's part": (lambda: nn.Sequential(nn.LSTM(3, 4, 2)), "0:l1", "weight", 2 * 64 + 2 * 16, 1),
    "lstm's gate": (lambda: nn.Sequential(nn.LSTM(3, 4)), "0:weight_hh_l0[g]", "neuron", 4, 4),
    "attention": (lambda: nn.Sequential(nn.MultiheadAttention(8, 4)), "0:*", "neuron", 24, 9),
    "queries": (lambda: nn.Sequential(nn.MultiheadAttention(8, 4)), "0:in_proj[q]", "head", 4, 2 * 9),
    "joined heads": (lambda: nn.ModuleDict({"attn": GPTAttention()}), "attn.c_attn", "head", 4, 6 * 9),
    "mixing heads": (lambda: nn.ModuleDict({"attn": GPTAttention()}), "attn.c_proj", "head", 4, 2 * 8),
    "gpt": (lambda: nn.Sequential(Conv1D(6, 4)), "0", "neuron", 6, 5),
    "padding": (lambda: nn.Sequential(nn.EmbeddingBag(9, 3, padding_idx=8)), "0", "word", 8, 3),
    "weight norm": (
        lambda: nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 3))),
        "0.parametrizations",
        "weight",
        15,
        1,
    ),
    "norm": (lambda: nn.Sequential(nn.GroupNorm(2, 6)), "0", "neuron", 6, 2),
    "bilinear": (lambda: nn.Sequential(nn.Bilinear(2, 3, 4)), "0", "neuron", 4, 7),
    "deconvolution": (lambda: nn.Sequential(nn.ConvTranspose1d(2, 3, 2)), "0", "neuron", 3, 5),
}


@settings(deadline=None, max_examples=120)
@given(
    st.sampled_from(list(KINDS)),
    st.sampled_from(["normal", "noise", "reinit", "rewind"]),
    st.lists(st.floats(0, 1), min_size=2, max_size=3).map(sorted),
    st.integers(0, 2**32 - 1),
)
def test_the_path_of_every_kind_is_nested_and_counts(kind, scheme, fractions, seed):
    factory, layer, unit, count, values = KINDS[kind]
    model = made(factory)
    with torch.no_grad():  # as if trained: no two values are equal
        for number, value in enumerate(model.parameters(), start=2):
            value.add_(torch.rand(value.shape, generator=torch.Generator().manual_seed(number)))
    before, found = bits(model), []
    for fraction in fractions:
        randomization = Randomization((layer,), fraction, scheme, unit, seed)
        after = bits(randomize(model, randomization, initial=made(factory, 1), rebuild=factory))
        assert len(next(iter(randomized_units(model, randomization).values()))) == round(fraction * count)
        changed = {name: after[name] != value for name, value in before.items()}
        total = sum(mask.sum().item() for mask in changed.values())
        assert total == round(fraction * count) * values
        found.append((changed, after))
    for (less, first), (more, last) in pairwise(found):
        for name, mask in less.items():
            assert (more[name] | ~mask).all()
            assert torch.equal(first[name][mask], last[name][mask])
