"""Tiny models of the package transformers, by configuration: a study of a BERT, and heads of other models."""

import pytest
import torch

from forgetting import Randomization, RecipeError, Sweep, randomize, study
from forgetting.randomization.layers import named_layers

pytestmark = pytest.mark.slow
SPREAD = 0.02  # of all weights of a BERT before training: `initializer_range`


@pytest.fixture(scope="module")
def bert():
    """What makes an untrained BERT, and one whose weights are no longer the initial ones."""
    import transformers  # which takes seconds

    config = transformers.BertConfig(
        vocab_size=300, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, num_labels=3,
        max_position_embeddings=16, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip

    def rebuild():
        return transformers.BertForSequenceClassification(config)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = rebuild().eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(0.3 * torch.randn_like(parameter))
    return model, rebuild


def test_drawn_anew_it_has_the_spreads_of_the_model(bert):
    model, rebuild = bert
    with pytest.raises(RecipeError, match="rebuild"):
        randomize(model, Randomization(layers=("**.word_embeddings",), scheme="reinit"))
    drawn = randomize(model, Randomization(scheme="reinit", seed=3), rebuild=rebuild)
    for name, layer in named_layers(drawn).items():
        if "LayerNorm" in name:
            assert bool((layer.weight == 1).all())
            assert bool((layer.bias == 0).all())
        else:
            weight = layer.weight
            weight = weight[1:] if "word_embeddings" in name else weight  # row 0 stands for padding
            assert weight.std().item() == pytest.approx(SPREAD, rel=0.35), name
            assert getattr(layer, "bias", None) is None or bool((layer.bias == 0).all())


def test_its_blocks_are_studied_as_a_plain_loop_does(bert):
    model, rebuild = bert
    tokens = torch.randint(1, 300, (24, 9), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        targets = model(input_ids=tokens).logits.argmax(1)

    def evaluate(one):
        return one(input_ids=tokens).logits, targets

    plan = Sweep(
        layers=("each:bert.encoder.layer.*", "**.query+**.key"), doses=(0.5, 1.0), schemes=("reinit",), seeds=2
    )
    result = study(model, evaluate, plan, rebuild=rebuild, stages=lambda one: list(one.bert.encoder.layer))
    assert [row.layers for row in result.rows[:3]] == [
        "bert.encoder.layer.0",
        "bert.encoder.layer.1",
        "bert.encoder.layer.0.attention.self.query+bert.encoder.layer.0.attention.self.key"
        "+bert.encoder.layer.1.attention.self.query+bert.encoder.layer.1.attention.self.key",
    ]
    for row in result.rows:
        chosen = Randomization(layers=tuple(row.layers.split("+")), fraction=row.dose, scheme=row.scheme, seed=row.seed)
        with torch.no_grad():
            logits, _ = evaluate(randomize(model, chosen, rebuild=rebuild))
        assert row.validation["accuracy"] == (logits.argmax(1) == targets).double().mean().item()
        loss = torch.nn.functional.cross_entropy(logits, targets).item()
        assert row.validation["loss"] == pytest.approx(loss, rel=1e-4)


ATTENTIONS = {  # the layer that makes values, and the one that mixes heads
    "Llama": ("layers.1.self_attn.v_proj", "layers.1.self_attn.o_proj"),
    "Phi": ("layers.1.self_attn.v_proj", "layers.1.self_attn.dense"),
    "GPTNeoX": ("layers.1.attention.query_key_value", "layers.1.attention.dense"),
    "Bloom": ("h.1.self_attention.query_key_value", "h.1.self_attention.dense"),
    "Deberta": ("encoder.layer.1.attention.self.in_proj", "encoder.layer.1.attention.output.dense"),
    "DebertaV2": ("encoder.layer.1.attention.self.value_proj", "encoder.layer.1.attention.output.dense"),
}


@pytest.mark.parametrize("name", ATTENTIONS)
def test_heads_without_values_are_heads_that_are_not_mixed(name):
    """The model gives the same with zeros for a head's values and with zeros for what is made of the head."""
    import transformers

    size = {
        "vocab_size": 30,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 48,
    }
    model = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**size)).eval()
    source = torch.Generator().manual_seed(0)
    tokens = torch.randint(1, 30, (3, 7), generator=source)
    with torch.no_grad():
        for key, value in model.named_parameters():
            value.copy_(0.3 * torch.randn(value.shape, generator=source))
            if key.endswith("v_bias"):  # which DeBERTa keeps beside the layer
                value.zero_()
        without = [
            randomize(model, Randomization((layer,), 0.5, "zero", "head", 3))(input_ids=tokens).last_hidden_state
            for layer in ATTENTIONS[name]
        ]
        whole = model(input_ids=tokens).last_hidden_state
    torch.testing.assert_close(*without)
    assert (without[0] - whole).abs().max() > 0.01
