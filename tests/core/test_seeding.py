"""Streams are their own, and no part of the library reads or moves a global random state."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info
from torch import nn

from forgetting.core.seeding import OwnedDraws, generator, initialize, pin_threads
from forgetting.data.reviews import filter_reviews
from forgetting.experiment.pipeline import build_model, run, train
from forgetting.experiment.published import make_published_split, run_published_seed
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import SplitSettings, TrainingSettings
from forgetting.model.split import make_split
from forgetting.randomization.path import randomize
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN, PUBLISHED

pytestmark = pytest.mark.filterwarnings("ignore:The number of unique classes")


def draw(*purpose):
    return torch.rand(4, generator=generator(*purpose)).tolist()


def test_streams():
    assert draw(0, "a") == draw(0, "a")
    different = [draw(0), draw(1), draw(0, "a"), draw(0, "b"), draw(0, "a", "b"), draw(0, "ab"), draw(0, "a", 1)]
    assert len({tuple(values) for values in different}) == len(different)
    assert generator(0).device.type == "cpu"


class Odd(nn.Module):
    """A layer whose initializer draws with a torch function, as anyone's own layer may."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.weight = nn.Parameter(torch.zeros(4, 4))

    @torch.no_grad()
    def reset_parameters(self):
        self.weight.copy_(self.how())


FUNCTIONS = {
    "uniform_": lambda: torch.empty(4, 4).uniform_(),
    "normal": lambda: torch.normal(0.0, 1.0, (4, 4)),
    "bernoulli": lambda: torch.bernoulli(torch.full((4, 4), 0.5)),
    "orthogonal_": lambda: nn.init.orthogonal_(torch.empty(4, 4)),
    "trunc_normal_": lambda: nn.init.trunc_normal_(torch.empty(4, 4)),
    "sparse_": lambda: nn.init.sparse_(torch.empty(4, 4), 0.5),
    "rand": lambda: torch.rand(4, 4),
    "randn": lambda: torch.randn(4, 4),
    "randn_like": lambda: torch.randn_like(torch.empty(4, 4)),
    "rand_like": lambda: torch.rand_like(torch.empty(4, 4)),
    "randint": lambda: torch.randint(9, (4, 4)),
    "randperm": lambda: torch.randperm(16).view(4, 4),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_initializers_draw_from_the_owned_source(name, global_state_kept):  # noqa: ARG001
    first, same, other = (Odd(FUNCTIONS[name]) for _ in range(3))
    for layer, seed in ((first, 0), (same, 0), (other, 1)):
        initialize(layer, generator(seed, "test"))
    assert torch.equal(first.weight, same.weight)
    assert not torch.equal(first.weight, other.weight)


def test_a_draw_with_a_generator_of_its_own_keeps_it():
    with OwnedDraws(generator(0)):
        drawn = torch.rand(4, generator=generator(1, "own"))
    assert drawn.tolist() == draw(1, "own")


def test_linear_algebra_has_as_many_threads_as_torch():
    """What spins after a product of numpy or scipy would slow whatever is timed next."""
    threads = torch.get_num_threads()
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    assert blas
    try:
        pin_threads(2)
        assert torch.get_num_threads() == 2
        pin_threads()
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}
    finally:
        pin_threads(threads)


def test_other_threads_draw_as_ever():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        expected = torch.rand(3).tolist()
        torch.manual_seed(5)
        with OwnedDraws(generator(0)), ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.rand, 3).result().tolist() == expected


@pytest.mark.parametrize("layer", [nn.Linear(3, 2), nn.LSTM(3, 2), nn.Conv2d(1, 2, 3), nn.MultiheadAttention(4, 2)])
def test_initializes_layers_of_torch(layer, global_state_kept):  # noqa: ARG001
    def values():
        initialize(layer, generator(0, "test"))
        return torch.cat([value.detach().flatten() for value in layer.parameters()])

    first = values()
    assert torch.equal(first, values())


ALL_SETTINGS = TrainingSettings(epochs=2, batch_size=16, word_dropout=0.3)
ACTIONS = {
    "build": lambda _: TextClassifier(9, 3),
    "split": lambda reviews: make_split(reviews, SplitSettings(stratify=False)),
    "stratified split": lambda reviews: make_split(reviews, SplitSettings()),
    "filter": lambda reviews: filter_reviews(reviews, max_reviews=30, seed=1),
    "train": lambda reviews: (
        train(MODERN.with_value("training", ALL_SETTINGS), make_split(reviews, SplitSettings())).history[-1].training
    ),
    "baselines": lambda reviews: compute_baselines(make_split(reviews, SplitSettings()), "cross_entropy"),
    "run": lambda reviews: run(MODERN.with_value("training.epochs", 2), reviews).to_dict(),
    "run as published": lambda reviews: run(PUBLISHED, reviews).to_dict(),
    "rerun": lambda reviews: run_published_seed(make_published_split(reviews), 0),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_global_state_is_not_moved(action, small_reviews, global_state_kept):  # noqa: ARG001
    ACTIONS[action](small_reviews)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_randomizing_moves_no_global_state(scheme, global_state_kept):  # noqa: ARG001
    model = TextClassifier(9, 3)
    randomize(model, Randomization(scheme=scheme, fraction=0.5), initial=model)


@pytest.mark.parametrize("action", ["train", "run", "run as published", "rerun"])
def test_global_state_is_not_read(action, small_reviews):
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002
    first = ACTIONS[action](small_reviews)
    torch.manual_seed(2)
    np.random.seed(2)  # noqa: NPY002
    assert ACTIONS[action](small_reviews) == first


def test_build_takes_its_seed_from_the_recipe(small_split):
    models = [build_model(MODERN.with_value("seed", seed), small_split).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(models[0]["fc1.weight"], models[1]["fc1.weight"])
    assert not torch.equal(models[0]["fc1.weight"], models[2]["fc1.weight"])
