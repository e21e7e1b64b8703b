"""Plans of sweeps: their layer sets written out by hand, what they refuse, and how many variants they are."""

import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting.core.errors import RecipeError
from forgetting.randomization.patterns import FAMILIES
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.units import UNITS
from forgetting.recipe.plans import Relearning, Sweep
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.recipe.url import decode_query, encode_query

ONE, TWO, FOUR = (tuple(f"fc{number}" for number in range(1, count + 1)) for count in (2, 3, 5))  # with the last layer


@pytest.mark.parametrize(
    ("family", "known", "sets"),
    [
        ("each", FOUR, "fc1 fc2 fc3 fc4 fc5"),
        ("all", ONE, "fc1+fc2"),
        ("all", TWO, "fc1+fc2+fc3"),
        ("down", ONE, "fc2 fc1+fc2"),
        ("down", FOUR, "fc5 fc4+fc5 fc3+fc4+fc5 fc2+fc3+fc4+fc5 fc1+fc2+fc3+fc4+fc5"),
        ("up", TWO, "fc1 fc1+fc2 fc1+fc2+fc3"),
        ("up", FOUR, "fc1 fc1+fc2 fc1+fc2+fc3 fc1+fc2+fc3+fc4 fc1+fc2+fc3+fc4+fc5"),
    ],
)
def test_families(family, known, sets):
    assert Sweep(layers=(family,)).sets(known) == tuple(tuple(text.split("+")) for text in sets.split())


def test_every_family_is_proved():
    mark = next(mark for mark in test_families.pytestmark if mark.name == "parametrize")
    assert {case[0] for case in mark.args[1]} == set(FAMILIES)


@pytest.mark.parametrize(
    ("layers", "sets"),
    [
        (("fc2+fc1",), [("fc1", "fc2")]),
        (("fc3+fc1",), [("fc1", "fc3")]),
        (("fc3", "fc1"), [("fc3",), ("fc1",)]),
        (("fc1", "fc1"), [("fc1",)]),
        (("fc1+fc1",), [("fc1",)]),
        (("fc1+fc2", "fc2+fc1", "fc1"), [("fc1", "fc2"), ("fc1",)]),
        (("each", "all"), [("fc1",), ("fc2",), ("fc3",), ("fc1", "fc2", "fc3")]),
        (("all", "fc1+fc2+fc3", "up"), [("fc1", "fc2", "fc3"), ("fc1",), ("fc1", "fc2")]),
        ("fc2", [("fc2",)]),
    ],
)
def test_sets_are_in_the_models_order_and_each_once(layers, sets):
    assert list(Sweep(layers=layers).sets(TWO)) == sets
    assert Sweep(layers=layers, units=("weight", "neuron")).sets(TWO) == tuple(sets)


@pytest.mark.parametrize("name", ["layers", "doses", "schemes", "units"])
def test_an_empty_plan_is_refused_by_name(name):
    with pytest.raises(RecipeError, match=rf"^sweep\.{name} must "):
        Sweep(**{name: ()})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("doses", (0.5, 1.0000001)),
        ("doses", (0.5, -1e-9)),
        ("doses", tuple(step / 2_000 for step in range(1_002))),
        ("schemes", ("reinit", "shuffle")),
        ("units", ("weight", "row")),
        ("seeds", 0),
        ("seeds", 10_001),
        ("match", "norm"),
        ("scale", 1_000.1),
    ],
)
def test_refuses_what_is_out_of_bounds(name, value):
    with pytest.raises(RecipeError, match=rf"^sweep\.{name} must be .*; got .* The default is "):
        Sweep(**{name: value})


@pytest.mark.parametrize("layers", [("fc1+fc9",), ("fc1", "fc9")])
def test_an_unknown_layer_is_named(layers):
    with pytest.raises(RecipeError, match=r"\(fc1, fc2\).*got '.*fc9.*'"):
        Sweep(layers=layers).count(ONE)


@pytest.mark.parametrize("layers", ["", "fc1+", "fc1 + fc2", "FC1", "all+fc1"])
def test_what_is_no_layer_set_is_refused(layers):
    with pytest.raises(RecipeError, match=rf"layers must be .*\(fc1, fc2\).*; got '{re.escape(layers)}'"):
        Sweep(layers=(layers,)).sets(ONE)


@pytest.mark.parametrize("layers", ["fc2", "fc1+fc2", "all", "each", "down", "up"])
def test_words_are_of_the_first_layer_alone(layers):
    plan = Sweep(layers=(layers,), units=("weight", "word"))
    with pytest.raises(RecipeError, match=r"'word' is a column of the first layer \('fc1'\); got layers fc.* Choose"):
        plan.sets(ONE)
    assert Sweep(layers=("fc1",), units=("word", "weight")).sets(ONE) == (("fc1",),)


@pytest.mark.parametrize(("seed", "seeds", "fits"), [(2**32 - 10, 10, True), (2**32 - 9, 10, False)])
def test_the_seeds_must_not_run_out(seed, seeds, fits):
    if fits:
        assert Sweep(seed=seed, seeds=seeds).replicates[-1] == 2**32 - 1
        return
    with pytest.raises(RecipeError, match=r"sweep\.seed \+ sweep\.seeds .* 4,294,967,296; got 4,294,967,287 \+ 10"):
        Sweep(seed=seed, seeds=seeds)


def test_what_is_wrong_with_a_plan_of_relearning_is_told_of_relearning(monkeypatch):
    for changes, message in (
        ({"layers": ()}, "relearning.layers must name at least one"),
        ({"schemes": ()}, "relearning.schemes must name at least one"),
        ({"seed": 2**32 - 1, "seeds": 2}, "relearning.seed + relearning.seeds must be at most"),
        ({"layers": ("fc9",)}, "relearning.layers must be layers of the model (fc1, fc2)"),
        ({}, "Relearning must have at most 1 variants; 3 layer sets × 6 doses × 2 schemes"),
    ):
        monkeypatch.setenv("FORGETTING_LIMITS", "variants=1")
        with pytest.raises(RecipeError) as error:
            Relearning(**changes).count(ONE)
        assert str(error.value).startswith(message)
        assert "sweep" not in str(error.value)
    plan = Relearning(doses=(1.0, 0.5, 1.0), schemes=("zero", "reinit", "zero"))
    assert (plan.doses, plan.schemes) == ((0.5, 1.0), ("zero", "reinit"))


def test_replicates_are_the_seeds():
    assert list(Sweep(seed=7, seeds=3).replicates) == [7, 8, 9]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_doses_are_sorted_and_each_once(doses):
    assert Sweep(doses=tuple(doses)).doses == tuple(sorted(set(doses)))


def test_doses_that_are_whole_numbers_or_minus_zero():
    plan = Sweep(doses=(1, 0, -0.0))
    assert plan.doses == (0.0, 1.0)
    assert [math.copysign(1, dose) for dose in plan.doses] == [1, 1]
    assert plan == Sweep(doses=[0.0, 1.0])


def test_schemes_and_units_are_kept_in_order_and_each_once():
    plan = Sweep(schemes=("zero", "normal", "zero"), units=("neuron", "weight", "neuron"))
    assert (plan.schemes, plan.units) == (("zero", "normal"), ("neuron", "weight"))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*FAMILIES, "fc1", "fc2", "fc2+fc1"]), min_size=1),
    st.integers(1, 9),
    st.lists(st.sampled_from(list(SCHEMES)), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from(["weight", "neuron"]), min_size=1, max_size=2, unique=True),
    st.integers(1, 50),
)
def test_the_count_is_the_product(layers, doses, schemes, units, seeds):
    plan = Sweep(layers, tuple(number / 9 for number in range(doses)), schemes, units, seeds)
    assert plan.count(TWO) == len(plan.sets(TWO)) * doses * len(schemes) * len(units) * seeds
    assert len(set(plan.sets(TWO))) == len(plan.sets(TWO))


def test_the_default_plan_by_hand():
    assert Sweep().count(ONE) == 3 * 21 * 2 * 1 * 10


@pytest.mark.parametrize(
    ("settings", "total", "largest"),
    [
        ({"layers": ("fc1",), "doses": (0.5,), "seeds": 10_000}, 10_000, ""),
        ({"layers": ("fc1",), "doses": tuple(step / 19 for step in range(20)), "seeds": 10_000}, 200_000, ""),
        ({"layers": ("fc1",), "doses": tuple(step / 20 for step in range(21)), "seeds": 10_000}, 210_000, "seeds"),
        ({"layers": ("fc1", "fc2"), "doses": tuple(step / 1_000 for step in range(1_001)), "seeds": 100},
         200_200, "doses"),
        ({"layers": ("each",), "doses": (0.0, 1.0), "schemes": tuple(SCHEMES), "seeds": 10_000}, 240_000, "seeds"),
    ],
)  # fmt: skip
def test_too_many_variants_are_refused_with_what_to_reduce(monkeypatch, settings, total, largest):
    monkeypatch.setenv("FORGETTING_LIMITS", "variants=200000")
    plan = Sweep(**{"schemes": ("zero",), **settings})
    if not largest:
        assert plan.count(ONE) == total <= 200_000
        return
    with pytest.raises(RecipeError) as error:
        plan.count(ONE)
    message = str(error.value)
    assert "at most 200,000 variants" in message
    assert f"are {total:,}. Reduce the {largest} first." in message
    assert f"{len(plan.doses):,} doses × " in message
    assert message.split(";")[1].strip().endswith(f"{plan.seeds:,} seeds are {total:,}. Reduce the {largest} first.")


@st.composite
def plans(draw) -> Sweep:
    return Sweep(
        layers=draw(st.lists(st.sampled_from([*FAMILIES, "fc1", "fc2+fc1"]), min_size=1, max_size=5)),
        doses=draw(st.lists(st.floats(0, 1), min_size=1, max_size=9)),
        schemes=draw(st.lists(st.sampled_from(list(SCHEMES)), min_size=1)) [:6],
        units=draw(st.lists(st.sampled_from(list(UNITS)), min_size=1, unique=True)),
        seeds=draw(st.integers(1, 10_000)),
        seed=draw(st.integers(0, 2**32 - 10_000)),
        retrain=draw(st.booleans()),
        match=draw(st.sampled_from(["dose", "change"])),
        scale=draw(st.floats(0, 1_000)),
    )  # fmt: skip


@settings(deadline=None, max_examples=50)
@given(plans())
def test_a_plan_survives_the_recipe_and_the_address(plan):
    recipe = MODERN.with_value("sweep", plan)
    again = Recipe.from_json(recipe.to_json())
    assert again.sweep == plan
    assert again.hash == recipe.hash
    assert decode_query(encode_query(recipe)) == (recipe, [])
    assert json.loads(recipe.to_json())["sweep"]["doses"] == list(plan.doses)


def test_the_trained_model_does_not_depend_on_the_plan():
    recipe = MODERN.with_value("sweep", Sweep(layers=("fc1",)))
    assert recipe.hash != MODERN.hash
    assert recipe.for_training() == MODERN.for_training()
