"""Unlearning in a Transformer: the same methods, on layers of any kind."""

import copy
from dataclasses import replace
from functools import cache
from types import GeneratorType

import pytest
import torch
from torch import nn

from forgetting.core.errors import RecipeError
from forgetting.experiment.pipeline import build_model, prepare, train
from forgetting.metrics.scores import top_1_accuracy
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import ModelSettings, SplitSettings, TrainingSettings
from forgetting.model.trainer import compute_loss
from forgetting.randomization.layers import named_layers
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.recipe import Recipe
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.runner import UnlearningRunner, run_unlearning
from forgetting.unlearning.saliency import fisher_diagonal, saliency_mask
from forgetting.unlearning.task import METHODS

ALL_METHODS = tuple(METHODS)
RECIPE = Recipe(
    split=SplitSettings(validation_share=0.25),
    model=ModelSettings(kind="transformer", width=16, heads=2, feedforward=24, max_tokens=12, dropout=0.1),
    training=TrainingSettings(epochs=25, learning_rate=0.01, batch_size=8),
    forget=Forget(share=0.3, seed=2),
    unlearning=Unlearning(methods=ALL_METHODS, seeds=1, epochs=3, learning_rate=0.002, relearn_epochs=4),
)
LAST = {"head": 1, "norm": 2, "blocks.1.feedforward.down": 3}  # the last layers, and how many there are from each on


@pytest.fixture(scope="module")
def split(small_reviews):
    return prepare(RECIPE, small_reviews)


@cache
def trained(split):
    return train(RECIPE, split)


def task_of(split, **changes):
    recipe = replace(RECIPE, unlearning=replace(RECIPE.unlearning, **changes))
    return UnlearningRunner(trained(split), split, recipe)._task(trained(split), RECIPE.seed)


def finish(outcome):
    while isinstance(outcome, GeneratorType):
        try:
            next(outcome)
        except StopIteration as done:
            return done.value
    return outcome


def bits(model) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def changed_layers(model, original) -> set[str]:
    before, after = bits(original), bits(model)
    return {name.rpartition(".")[0] for name in before if before[name] != after[name]}


def test_a_fresh_model_is_that_of_the_recipe_and_the_task_s_seed(split):
    task = task_of(split)
    assert bits(replace(task, seed=4).fresh()) == bits(build_model(replace(RECIPE, seed=4), split))
    assert bits(task.fresh()) == bits(build_model(RECIPE, split))


def test_the_kind_of_the_model_chooses_the_settings_that_are_left_open(split):
    assert Unlearning().for_kind("mlp") == Unlearning(
        epochs=20, learning_rate=0.01, ascent_rate=0.3, dampening_alpha=2.0
    )
    chosen = Unlearning().for_kind("transformer")
    assert chosen == Unlearning(epochs=5, learning_rate=0.002, ascent_rate=0.1, dampening_alpha=5.0)
    given = Unlearning().for_kind("mlp")
    assert given.for_kind("transformer") == given
    assert Unlearning(epochs=7).for_kind("transformer") == replace(chosen, epochs=7)
    runner = UnlearningRunner(trained(split), split, replace(RECIPE, unlearning=Unlearning(seeds=1)))
    assert runner.settings == replace(chosen, seeds=1)
    assert runner.result.recipe.unlearning == runner.with_settings(Unlearning(seeds=1)).settings == runner.settings


def test_the_original_knows_something(split):
    assert top_1_accuracy(trained(split).model, split.training) > 0.9


@pytest.mark.parametrize("name", LAST)
def test_the_last_k_layers_alone_are_trained(split, name):
    task = task_of(split, last_layers=LAST[name])
    layers = list(named_layers(task.original))
    last = set(layers[layers.index(name) :])
    assert len(last) == LAST[name]
    for method in ("eu_k", "cf_k"):
        model = finish(METHODS[method](task))
        assert changed_layers(model, task.original) == last
        assert all(parameter.requires_grad for parameter in model.parameters())


def test_all_layers_are_exact_retraining_and_fine_tuning_bit_for_bit(split):
    task = task_of(split, last_layers=20)
    for of_layers, whole in (("eu_k", "retrain"), ("cf_k", "fine_tune")):
        assert bits(finish(METHODS[of_layers](task))) == bits(finish(METHODS[whole](task)))


def test_a_chosen_layer_alone_is_randomized(split):
    task = task_of(split, repair_layers=("blocks.*.attention.value",), repair_fraction=1.0, epochs=2)
    task = replace(task, settings=replace(task.settings, learning_rate=1e-6))
    model = finish(METHODS["randomize_and_repair"](task))
    far = {
        name
        for name, layer in named_layers(model).items()
        if (layer.weight - task.original.get_submodule(name).weight).abs().max() > 1e-3
    }
    assert far == {"blocks.0.attention.value", "blocks.1.attention.value"}


class _Wrapped(nn.Module):
    """An MLP of which nobody knows that it is one."""

    def __init__(self, model):
        super().__init__()
        self.inner = model

    def forward(self, inputs):
        return self.inner(inputs)


@pytest.mark.parametrize("objective", ["cross_entropy", "bitwise"])
def test_the_fisher_information_of_any_model_is_that_of_the_formula_for_the_mlp(small_split, objective):
    model = TextClassifier(len(small_split.words), len(small_split.classes), (7, 5), seed=3)
    fast = fisher_diagonal(model, small_split.training, objective)
    by_review = fisher_diagonal(_Wrapped(model), small_split.training, objective)
    assert set(by_review) == {f"inner.{name}" for name in fast}
    for name, values in fast.items():
        torch.testing.assert_close(by_review[f"inner.{name}"], values, rtol=1e-4, atol=1e-12)


def test_the_fisher_information_of_a_transformer_s_head_by_hand(split):
    """δ is softmax less one-hot; the head's input is the norm's output, as a mean over the tokens."""
    model, part, means = trained(split).model, split.training, []
    handle = model.head.register_forward_pre_hook(lambda _, given: means.append(given[0].detach()))
    logits = model(part.model_inputs).detach()
    handle.remove()
    deltas = logits.softmax(1) - nn.functional.one_hot(part.targets, len(split.classes))
    found = fisher_diagonal(model, part, "cross_entropy")
    expected = torch.einsum("ro,ri->oi", deltas.double() ** 2, means[0].double() ** 2) / len(part)
    torch.testing.assert_close(found["head.weight"], expected, rtol=1e-4, atol=1e-12)
    torch.testing.assert_close(found["head.bias"], (deltas.double() ** 2).mean(0), rtol=1e-4, atol=1e-12)
    unknown = sorted(set(range(len(split.words))) - set(part.tokens.ids.tolist()))
    assert not found["words.weight"][unknown].any()  # a word that no review has matters for none


def test_saliency_of_a_transformer_is_the_gradient_of_the_whole_part(split, monkeypatch):
    model, part = trained(split).model, split.training
    names, parameters = zip(*model.named_parameters(), strict=True)
    gradients = torch.autograd.grad(compute_loss(model(part.model_inputs), part.targets, "cross_entropy"), parameters)
    monkeypatch.setattr("forgetting.unlearning.saliency.TOKEN_ROWS", 7)
    mask = saliency_mask(model, part, "cross_entropy", 0.5)
    sizes = torch.cat([gradient.abs().flatten() for gradient in gradients])
    chosen = torch.cat([mask[name].flatten() for name in names])
    assert sizes[chosen].min() >= sizes[~chosen].max() * 0.99
    assert abs(int(chosen.sum()) - round(0.5 * int((sizes > 0).sum()))) <= 2


def test_all_methods_are_compared_with_retraining(split):
    result = run_unlearning(trained(split), split, RECIPE)
    assert result.methods == list(ALL_METHODS)
    for row in result.rows:
        assert not [reason for reason in row.missing.values() if "failed" in reason or "cannot be used" in reason]
        assert row.metrics["tow"] is not None
        assert list(row.similarity["unlearned"]["forget"]) == list(trained(split).model.hidden(split.validation.tokens))
    original, retrained = (next(row for row in result.rows if row.method == name) for name in ("original", "retrain"))
    assert original.similarity["unlearned_to_original"]["forget"]["head"].value == pytest.approx(1)
    assert retrained.similarity["unlearned_to_original"]["forget"]["head"].value < 1


def test_the_sets_of_a_transformer_keep_their_tokens(split):
    sets = make_forget_sets(split, RECIPE.forget)
    known = dict(zip(split.training.rows, _texts(split.training), strict=True))
    for part in (sets.forget, sets.retain):
        assert [known[row] for row in part.rows] == _texts(part)


def _texts(part) -> list[list[int]]:
    return [part.tokens.rows(torch.tensor([place])).ids.tolist() for place in range(len(part))]


def test_a_model_with_frozen_or_shared_parameters_is_refused(split):
    frozen, tied = (copy.deepcopy(trained(split).model) for _ in range(2))
    frozen.words.requires_grad_(False)
    tied.blocks[1].attention.query.weight = tied.blocks[0].attention.query.weight
    for model, words in ((frozen, "1 are frozen, such as words.weight. Call"), (tied, "two layers share a parameter")):
        with pytest.raises(RecipeError, match=words):
            UnlearningRunner(replace(trained(split), model=model), split, RECIPE)
