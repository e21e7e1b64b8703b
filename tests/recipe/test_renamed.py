"""Recipe files and addresses of the version before the settings were renamed still open the same experiment.

`earlier.json` holds what that version wrote, each recipe as a file and as an address, beside today's address.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from strategies import LEAVES

from forgetting.core.errors import RecipeError
from forgetting.recipe.recipe import MODERN, PROTOCOLS, Recipe
from forgetting.recipe.renamed import RENAMED
from forgetting.recipe.url import decode_query, encode_query

EARLIER = json.loads((Path(__file__).parent / "earlier.json").read_text(encoding="utf-8"))
each_earlier = pytest.mark.parametrize("earlier", EARLIER.values(), ids=EARLIER)


def as_earlier(recipe):
    """What a whole file of the earlier version means: it did in one way what today is found out."""
    did = {
        "training.by_size": False, "split.stopping": "never", "split.words": "basic", "data.missing": (),
        "data.fold_labels": False, "reading.header": "yes", "reading.quotes": "fields", "relearning.retrain": False,
    }  # fmt: skip
    for name, value in did.items():
        recipe = recipe.with_value(name, value)
    return as_used(recipe)


def as_used(recipe):
    """With what the earlier version, which had only one kind of model, wrote where today's leaves the choice open."""
    return replace(recipe, unlearning=recipe.unlearning.for_kind("mlp"))


@each_earlier
def test_an_earlier_file_and_an_earlier_address_are_the_same_recipe_as_todays(earlier):
    recipe, sentences = decode_query(earlier["today"])
    assert (encode_query(recipe), sentences) == (earlier["today"], [])
    assert Recipe.from_json(json.dumps(earlier["recipe"])) == as_earlier(recipe)
    assert decode_query(earlier["query"]) == (recipe, [])
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert not set(recipe.to_dict()["unlearning"]) & {"k", "clip", "layers"}


@each_earlier
def test_earlier_names_are_read_with_a_base_and_only_what_is_given_changes(earlier):
    protocol = earlier["today"].get("protocol", "modern")
    given = {group: values for group, values in earlier["recipe"].items() if group != "protocol"}
    base = PROTOCOLS[protocol]
    assert as_used(Recipe.from_dict(given, base)) == as_used(decode_query(earlier["today"])[0])
    if protocol == "modern":
        base = MODERN.with_value("unlearning.epochs", 77)
        assert Recipe.from_dict({"unlearning": {"k": 3}}, base) == base.with_value("unlearning.last_layers", 3)


LATER = {  # settings that the earlier version did not have
    "data.fold_labels",
    "data.missing",
    "data.quantile_classes",
    "explanation.attributions",
    "explanation.doses",
    "explanation.layers",
    "explanation.noise",
    "explanation.samples",
    "explanation.scheme",
    "explanation.seed",
    "explanation.seeds",
    "explanation.top",
    "model.blocks",
    "model.feedforward",
    "model.heads",
    "model.kind",
    "model.max_tokens",
    "model.width",
    "reading.encoding",
    "reading.header",
    "reading.leave_out_bad_rows",
    "reading.line_encodings",
    "reading.quotes",
    "reading.sheet",
    "reading.skip_lines",
    "relearning.retrain",
    "relearning.splits",
    "review.attribution",
    "review.key",
    "review.text",
    "split.stopping",
    "split.test_share",
    "split.words",
    "sweep.splits",
    "training.by_size",
    "training.optimizer",
    "training.patience",
    "unlearning.neggrad_beta",
    "unlearning.salun_share",
    "unlearning.scrub_order",
    "unlearning.scrub_temperature",
}


def test_every_setting_of_the_earlier_version_differs_from_its_default_somewhere():
    changed = {name for earlier in EARLIER.values() for name in earlier["today"]}
    assert changed | LATER == set(LEAVES)
    assert not changed & LATER
    assert {name for earlier in EARLIER.values() for name in earlier["query"]} >= set(RENAMED)


def test_the_table_leads_from_names_that_are_gone_to_names_that_are_there():
    assert set(RENAMED.values()) <= set(LEAVES)
    assert not set(RENAMED) & set(LEAVES)
    assert len(set(RENAMED.values())) == len(RENAMED)
    assert all(old.split(".")[0] == new.split(".")[0] for old, new in RENAMED.items())


def test_earlier_and_todays_names_of_different_settings_may_be_mixed():
    expected = MODERN.with_value("unlearning.last_layers", 2).with_value("unlearning.ascent_clip", 3.0)
    assert Recipe.from_dict({"unlearning": {"k": 2, "ascent_clip": 3.0}}) == expected
    assert decode_query({"unlearning.k": "2", "unlearning.ascent_clip": "3"}) == (expected, [])


@pytest.mark.parametrize(
    ("values", "base"), [({"text": "a", "text_column": "b"}, None), ({"text_column": "b", "text": "b"}, MODERN)]
)
def test_a_setting_under_both_its_names_is_refused(values, base):
    with pytest.raises(
        RecipeError, match=r"data\.text is the earlier name of data\.text_column.* Leave out data\.text"
    ):
        Recipe.from_dict({"data": values}, base)


def test_an_address_with_both_names_takes_todays_and_says_so():
    for names in (("data.text", "data.text_column"), ("data.text_column", "data.text")):
        recipe, (sentence,) = decode_query({name: name for name in names})
        assert recipe == MODERN.with_value("data.text_column", "data.text_column")
        assert "'data.text_column' and its earlier name 'data.text'" in sentence


def test_what_is_wrong_is_told_in_todays_names():
    with pytest.raises(RecipeError, match=r"^split\.validation_share must be a number from 0\.05 to 0\.9; got 2\."):
        Recipe.from_dict({"split": {"validation": 2}})
    recipe, (sentence,) = decode_query({"split.validation": "2"})
    assert recipe == MODERN
    assert "split.validation_share must be" in sentence
    with pytest.raises(RecipeError, match=r"Unknown setting 'sweep\.k'"):
        Recipe.from_dict({"sweep": {"k": 1}})  # the earlier name of another group's setting
    with pytest.raises(RecipeError, match=r"Unknown setting 'data\.1'"):
        Recipe.from_dict({"data": {1: 2}})


def test_what_an_earlier_version_did_is_not_read_into_a_recipe_of_today():
    data = MODERN.to_dict()["data"]
    assert Recipe.from_dict({"data": data}) == MODERN
    with pytest.raises(RecipeError, match="reading"):
        Recipe.from_dict({"data": data, "reading": 5})
