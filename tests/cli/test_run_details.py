"""Details of `run`; that they are what the tabs of pages show is tested in `tests/dashboard/test_keep.py`."""

import pytest

from forgetting.cli.run_details import compute_details, format_details, plain_details
from forgetting.core.errors import RecipeError
from forgetting.experiment.pipeline import prepare, run
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe

NONE = {"relearn": None, "map_layer": None, "map_part": "validation", "words_of": None, "review": False}


@pytest.fixture(scope="module")
def computed(small_reviews):
    recipe = Recipe.from_dict({"training": {"epochs": 2}}, MODERN)
    return run(recipe, small_reviews), prepare(recipe, small_reviews)


def test_a_detail_that_cannot_be_had_is_refused_with_what_can(computed):
    result, split = computed
    assert compute_details(result, split, NONE.copy()) == {}
    refused = {"map_layer": "fc1, fc2", "words_of": split.classes[-1], "review": "review.text"}
    for name, remedy in refused.items():
        with pytest.raises(RecipeError, match=remedy):
            compute_details(result, split, NONE | {name: True if name == "review" else "fc9"})


def test_details_are_rows_by_name(computed):
    options = NONE | {"relearn": 1, "words_of": "", "map_layer": "fc1"}
    found = compute_details(*computed, options)
    assert not options  # the rest of the command sees none of them
    assert [*plain_details(found)] == ["relearned", "map", "influence"]
    assert len(found["map"]) == len(computed[1].validation)
    assert format_details(found).splitlines()[1] == "relearned"


def test_the_published_protocol_relearns_by_itself(small_reviews):
    result = run(PUBLISHED, small_reviews)
    with pytest.raises(RecipeError, match="already"):
        compute_details(result, prepare(PUBLISHED, small_reviews), NONE | {"relearn": 1})
