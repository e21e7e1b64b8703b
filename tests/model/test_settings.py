"""What the size of a file chooses, by hand."""

from dataclasses import replace

import pytest

from forgetting.model.settings import CHOSEN_BY_SIZE, TrainingSettings, is_large
from forgetting.recipe.recipe import PUBLISHED

DEFAULTS = ("adam", 100, 0.01, 0, 0, 0.0, 1e-3)  # in the order of CHOSEN_BY_SIZE


@pytest.mark.parametrize(
    ("reviews", "classes", "chosen"),
    [
        (964, 11, DEFAULTS),  # the sample
        (1_200, 700, DEFAULTS),
        (10_000, 10, DEFAULTS),
        (1_201, 11, ("adam", 120, 0.003, 128, 15, 0.0, 1e-5)),  # 10 steps an epoch
        (4_800, 101, ("adam", 32, 0.003, 128, 4, 0.0, 1e-5)),  # 38 steps
        (10_001, 10, ("adam", 40, 0.003, 512, 2, 0.0, 1e-3)),
        (104_000, 700, ("adam", 40, 0.003, 512, 2, 0.0, 1e-5)),
    ],
)
def test_what_the_size_chooses(reviews, classes, chosen):
    found = TrainingSettings().for_size(reviews, classes)
    assert tuple(getattr(found, name) for name in CHOSEN_BY_SIZE) == chosen
    assert is_large(reviews, classes) == (chosen != DEFAULTS)
    assert found.for_size(5, 2) == found, "what is chosen once stays, whatever part of the reviews is trained on"
    changed = {"epochs": 7, "learning_rate": 0.5, "batch_size": 3, "patience": 9, "weight_decay": 0.25}
    changed |= {"optimizer": "adamw", "word_dropout": 0.5}
    for name, value in changed.items():  # what a person has chosen is theirs, and the size chooses the others
        own = TrainingSettings(**{name: value}).for_size(reviews, classes)
        assert own == replace(found, **{name: value})


@pytest.mark.parametrize(
    ("reviews", "epochs", "patience"), [(964, 15, 0), (2_560, 15, 2), (4_113, 10, 2), (250_000, 3, 2)]
)
def test_what_the_size_chooses_for_a_transformer(reviews, epochs, patience):
    found = TrainingSettings().for_size(reviews, 11, "transformer")
    assert tuple(getattr(found, name) for name in CHOSEN_BY_SIZE) == ("adamw", epochs, 0.003, 32, patience, 0.2, 1.0)
    assert found.for_size(5, 2) == found
    assert TrainingSettings(epochs=7).for_size(reviews, 11, "transformer") == replace(found, epochs=7)


def test_without_the_switch_and_in_the_published_protocol_nothing_is_chosen():
    for training in (TrainingSettings(by_size=False), PUBLISHED.training):
        assert training.for_size(1_000_000, 1_000) is training
