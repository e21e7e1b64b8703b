"""Experiments as files: what is saved is read again, and what is no experiment is refused in words."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import modern_recipes

from forgetting.cli.options import make_recipe
from forgetting.core.errors import RecipeError
from forgetting.recipe.recipe import OPENING
from forgetting.tracking.experiment_check import describe_lacks, describe_reproduction
from forgetting.tracking.experiment_file import (
    MOST_BYTES,
    ExperimentFile,
    ExperimentResult,
    experiment_bytes,
    read_experiment,
)
from forgetting.tracking.run import RUN_KINDS, RunMetric

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
METRICS = st.builds(
    RunMetric,
    name=TEXTS,
    value=st.none() | NUMBERS,
    interval=st.none() | st.tuples(NUMBERS, NUMBERS),
    baselines=st.dictionaries(TEXTS, NUMBERS, max_size=3),
    missing=TEXTS,
)
RESULTS = st.builds(
    ExperimentResult,
    kind=st.sampled_from(list(RUN_KINDS)),
    done=st.integers(0, 10**6),
    planned=st.integers(0, 10**6),
    metrics=st.lists(METRICS, max_size=3).map(tuple),
    model=TEXTS,
)
DIGEST = "0123456789abcdef" * 4
SAVED = ExperimentFile(
    OPENING,
    "<b>[x](http://a)</b>\0.csv",
    DIGEST,
    "forget",
    "A review",
    "",
    {"python": "3.11"},
    (ExperimentResult("comparison", 1, 1, (RunMetric("validation accuracy", 0.2625, (0.2, 0.3), {"chance": 0.1}),)),),
)
CONTENT = experiment_bytes(SAVED)


def changed(*path: str | int, value: object) -> bytes:
    """The file with a value in the place of another one, or beside the others."""
    values = place = json.loads(CONTENT)
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return json.dumps(values).encode()


@given(modern_recipes(), TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), st.lists(RESULTS, max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_is_saved_is_read_and_saved_again_as_the_same_bytes(recipe, text, page, versions, results):
    digest = recipe.data.sha256 if len(recipe.data.sha256) == 64 else DIGEST
    recipe = recipe.with_value("data.sha256", "")
    experiment = ExperimentFile(recipe, text, digest, page, text, text, versions, tuple(results))
    content = experiment_bytes(experiment)
    assert read_experiment(content) == experiment
    assert experiment_bytes(read_experiment(content)) == content


BAD = {
    "nothing": (b"", "cannot be read"),
    "no JSON": (b"\x00\xff\xfe", "cannot be read"),
    "another object": (b"{}", "says so"),
    "a list": (b"[1]", "says so"),
    "a recipe": (OPENING.to_json().encode(), "says so"),
    "cut off": (CONTENT[:-20], "cannot be read"),
    "deep": (b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
    "large": (b" " * MOST_BYTES + CONTENT, "at most 5"),
    "twice the same key": (CONTENT.replace(b'"page"', b'"tab"', 1), "stands in it twice"),
    "no number": (CONTENT.replace(b"0.2625", b"NaN"), "holds NaN"),
    "endless": (CONTENT.replace(b"0.2625", b"1e999"), "finite number"),
    "many digits": (CONTENT.replace(b'"done": 1', b'"done": ' + b"9" * 5000), "digits"),
    "a later version": (changed("version", value=2), "later version"),
    "no version": (changed("version", value="1"), "number from 1"),
    "an unknown part": (changed("code", value="x"), "must hold format"),
    "an unknown setting": (changed("recipe", "layers", value=1), "Unknown setting"),
    "an impossible value": (changed("recipe", "randomization", "fraction", value=2), "from 0 to 1"),
    "another seed": (changed("seeds", "seed", value=7), "seeds must be those of its recipe"),
    "another file": (changed("recipe", "data", "sha256", value="f" * 64), "must be that of its recipe"),
    "no digest": (changed("data", "sha256", value="xyz"), "hexadecimal"),
    "an unknown kind": (changed("results", 0, "kind", value=["dose"]), "kind must be one of"),
    "a negative count": (changed("results", 0, "done", value=-1), "whole number"),
    "a truth for a number": (changed("results", 0, "metrics", 0, "value", value=True), "finite number"),
    "one end": (changed("results", 0, "metrics", 0, "interval", value=[1]), "two ends"),
    "half a character": (changed("data", "name", value="\ud800"), "halves of characters"),
    "half a character in a setting": (changed("recipe", "data", "file", value="\udc00"), "halves of characters"),
    "half a character in the name of a version": (changed("versions", "\ud800", value="1"), "halves of characters"),
    "a long name of a version": (changed("versions", "x" * 20_000, value="1"), "at most 10,000"),
    "a long name of a setting": (changed("recipe", "x" * 9_000, value=1), "Unknown setting"),
    "a deep value": (
        changed("recipe", "model", "hidden", value=json.loads("[" * 500 + "]" * 500)),
        "within each other",
    ),
    "a long version": (changed("version", value=10**400), "later version"),
    "a long text": (changed("model", value="x" * 20_000), "at most 10,000"),
    "many results": (changed("results", value=[1] * 200), "at most 100"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_experiment_is_refused_with_the_reason(name):
    content, reason = BAD[name]
    with pytest.raises(RecipeError, match=reason) as refused:
        read_experiment(content, "<i>mine</i>.json")
    assert "<i>mine</i>.json" in str(refused.value)
    assert len(str(refused.value)) < 600


def test_the_command_line_takes_the_recipe_of_an_experiment(tmp_path):
    file = tmp_path / "experiment.json"
    file.write_bytes(CONTENT)
    assert make_recipe(file, None, {}) == OPENING
    assert make_recipe(file, None, {"settings": ["seed=4"]}).seed == 4
    file.write_bytes(changed("version", value=9))
    with pytest.raises(RecipeError, match="later version"):
        make_recipe(file, None, {})


def test_it_is_said_what_an_experiment_lacks():
    assert describe_lacks(SAVED, DIGEST, {"python": "3.11"}) == []
    waits, other = describe_lacks(SAVED, "", {"python": "3.12"})
    assert DIGEST in waits
    assert "python 3.11 (here 3.12)" in other
    (differs,) = describe_lacks(SAVED, "e" * 64, {"python": "3.11"})
    assert DIGEST in differs
    assert "e" * 64 in differs


def test_what_is_said_of_an_experiment_is_short_whatever_is_in_it():
    values = json.loads(CONTENT)
    values["data"]["name"] = values["model"] = "x" * 9_000
    values["versions"] = {f"{number}{'y' * 5_000}": "z" * 5_000 for number in range(90)}
    values["results"][0]["metrics"][0] |= {"name": "m" * 9_000, "baselines": {"b" * 9_000: 0.5}}
    found = read_experiment(json.dumps(values).encode())
    (_, differs) = describe_reproduction(found.results[0], result(0.5))
    for digest in ("", "e" * 64):
        assert max(map(len, [differs, *describe_lacks(found, digest, {})])) < 2_000


def result(value: float | None, done: int = 1, interval: tuple[float, float] | None = None) -> ExperimentResult:
    metric = RunMetric("validation accuracy", value, interval, {"chance": 0.1})
    return ExperimentResult("comparison", done, 1, (metric,))


@pytest.mark.parametrize(
    ("found", "good", "said"),
    [
        (result(0.25), True, "all 1 metrics of the file are reproduced, bit for bit"),
        (result(0.2500001), True, "but for their last digits"),
        (result(0.5), False, "is 25 % in the file, 50 % here (chance 10 %)"),
        (result(0.2502), False, "is 0.25 in the file, 0.2502 here"),  # where both are 25 %
        (result(0.25, interval=(0.2, 0.3)), False, "is 25 % in the file, 25 % (20 % to 30 %) here"),
        (result(None), False, "missing here"),
        (None, None, "not computed here yet"),
        (result(0.25, 0), None, "0 of 1 computed here"),
    ],
)
def test_it_is_said_whether_numbers_are_the_files(found, good, said):
    reproduced, sentence = describe_reproduction(result(0.25), found)
    assert reproduced is good
    assert said in sentence.replace("\N{NO-BREAK SPACE}", " ")
