"""The settings of what is to be forgotten, and of the methods that unlearn it."""

import pytest

from forgetting.core.errors import RecipeError
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import Forget, Unlearning

LAYERS = ("fc1", "fc2")


def test_a_method_that_is_named_twice_counts_once():
    assert Unlearning(methods=("scrub", "retrain", "scrub", "retrain")).methods == ("scrub", "retrain")
    assert Unlearning(methods="retrain").methods == ("retrain",)
    assert Unlearning.from_dict({"methods": ["cf_k", "cf_k"]}).methods == ("cf_k",)


def test_seeds_count_on_from_the_first():
    assert list(Unlearning(seed=7, seeds=3).replicates) == [7, 8, 9]
    assert list(Unlearning(seed=2**32 - 1, seeds=1).replicates) == [2**32 - 1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods": ()}, ["unlearning.methods must name at least one", "got none", "Choose some"]),
        ({"seed": 2**32 - 1, "seeds": 2}, ["must be at most 4,294,967,296", "4,294,967,295 + 2", "Lower one"]),
        ({"seeds": 0}, ["unlearning.seeds must be a whole number from 1 to 1000", "got 0"]),
        ({"repair_scheme": "none"}, ["unlearning.repair_scheme must be one of", "got 'none'"]),
        ({"methods": ("a",) * 101}, ["unlearning.methods must be a list of at most 100 names"]),
    ],
)
def test_settings_that_cannot_be(changes, words):
    with pytest.raises(RecipeError) as error:
        Unlearning(**changes)
    for word in words:
        assert word in str(error.value)


def test_check_tells_the_remedy_for_k():
    with pytest.raises(RecipeError, match=r"got 3\. \w+"):
        Unlearning(last_layers=3).check(LAYERS)


def test_what_is_randomized_is_what_the_settings_say():
    settings = Unlearning(repair_layers=("fc1",), repair_fraction=0.25, repair_scheme="rewind")
    assert settings.randomization(9) == Randomization(layers=("fc1",), fraction=0.25, scheme="rewind", seed=9)


@pytest.mark.parametrize("changes", [{"by": "name"}, {"share": 1.1}])
def test_settings_have_bounds(changes):
    with pytest.raises(RecipeError, match=f"forget.{next(iter(changes))} must be"):
        Forget(**changes)
