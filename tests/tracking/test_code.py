"""Code, commands and links of what a page shows: each means the same recipe; that it gives the same numbers is tested
in `tests/dashboard/test_keep.py`.
"""

import ast
import shlex
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import modern_recipes

import forgetting
from forgetting.cli.options import make_recipe
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import METHODS_VARIABLE, Unlearning
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, OPENING, PUBLISHED, DataSettings, Recipe
from forgetting.recipe.url import TAB, decode_query
from forgetting.tracking.code import command_line, link, python_code
from forgetting.tracking.page_state import SHOWN_RESULTS, TABS, PageState, find_page
from forgetting.unlearning import task
from forgetting.unlearning.task import METHODS

STATES = [(page, tab) for page, tabs in (TABS | {"overview": {"": ""}}).items() for tab in tabs]
HOSTILE = "a\"'\n\\{text}\0 $(x) `y` {parts}.csv"


def recipe_of(code: str) -> Recipe:
    """The recipe that a program makes: its lines up to the reviews are run, which read no file."""
    names: dict = {}
    head = code[: code.index("\nreviews = ")]
    exec(compile(head, "code", "exec"), names)
    return names["recipe"]


@given(modern_recipes(), st.sampled_from(STATES))
@settings(max_examples=60, deadline=None)
def test_code_command_and_link_mean_the_recipe(recipe, place):
    state = PageState(recipe, *place, epochs=3)
    code = python_code(state)
    assert recipe_of(code) == state.used_recipe
    public = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    assert {node.module for node in public} <= {"forgetting", "dataclasses"}
    assert all(
        alias.name in forgetting.__all__ for node in public if node.module == "forgetting" for alias in node.names
    )
    opened, unused = decode_query({k: v for k, v in parse_qsl(urlsplit(link(state)).query, True) if k != TAB})
    assert (opened, unused) == (recipe, []) or "\ud800" <= max(str(recipe.to_dict())) <= "\udfff"


@given(modern_recipes(), st.sampled_from(STATES))
@settings(max_examples=60, deadline=None)
def test_a_command_sets_the_recipe(recipe, place):
    state = PageState(replace(recipe, data=replace(recipe.data, source="sample", file="", sha256="")), *place)
    if state.kind in ("curve", "layer_choice", "unlearning", "forget_set"):  # whose options say a part of it
        return
    words = shlex.split(command_line(state))
    assert words[:3] == ["python", "-m", "forgetting"]
    given_settings = [words[place + 1] for place, word in enumerate(words) if word == "--set"]
    assert make_recipe(None, None, {"settings": given_settings}) == state.used_recipe


@pytest.mark.parametrize("place", STATES, ids=str)
def test_text_from_a_file_stays_text(place):
    """A file's name, a column and a class are literals of the code, and single words of the command."""
    data = DataSettings(source="file", file=HOSTILE, sha256="ab" * 32, text_column=HOSTILE, label_column="l")
    recipe = replace(MODERN, data=data, forget=replace(MODERN.forget, by="class", label=HOSTILE))
    state = PageState(recipe, *place, epochs=3, layer="fc1", label=HOSTILE)
    tree = ast.parse(python_code(state))
    assert recipe_of(python_code(state)) == state.used_recipe
    reader = next(node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.func.id == "read_reviews")
    assert ast.literal_eval(reader.args[0]) == HOSTILE
    assert {item.arg: ast.literal_eval(item.value) for item in reader.keywords} == {"text": HOSTILE, "label": "l"}
    words = shlex.split(command_line(state))
    assert words[words.index("--data") + 1] == HOSTILE
    assert f"data.text_column={HOSTILE}" in words


def test_code_reads_as_one_would_write_it():
    assert python_code(PageState(OPENING, "forget")).splitlines()[:5] == [
        "from forgetting import Randomization, Recipe, load_sample, pin_threads, run",
        "",
        "pin_threads()",
        'recipe = Recipe(randomization=Randomization(layers=("fc1",), fraction=0.9, scheme="reinit"))',
        "reviews = load_sample()",
    ]
    many = replace(MODERN, sweep=Sweep(layers=tuple(f"fc1+fc2+{number}" for number in range(30))))
    code = python_code(PageState(many, "layers"))
    assert max(map(len, code.splitlines())) <= 100
    assert "recipe = PUBLISHED\nreviews = fetch_wine_reviews()" in python_code(PageState(PUBLISHED, "layers"))


def test_a_model_that_is_another_one_is_loaded():
    state = PageState(OPENING, "layers", model="a model that is trained for 3 epochs of 100 (3 steps)")
    code = python_code(state)
    assert "# The page shows a model that is trained for 3 epochs of 100 (3 steps).\n" in code
    assert 'trained = load_model("model.safetensors").restore(split)' in code
    assert "train(" not in code
    assert "--model model.safetensors" in command_line(state)


def test_each_kind_of_run_has_its_page():
    assert find_page("comparison") == ("forget", "")
    assert find_page("savings") == ("relearn", "Savings by fraction")
    assert all(PageState(MODERN, *find_page(kind)).kind == kind for kind in SHOWN_RESULTS if kind != "review")
    assert PageState(MODERN, "story").used_recipe.randomization == Randomization()


METHOD = """
from forgetting import method

@method
def {name}(task):
    \"\"\"Do nothing.\"\"\"
    return task.copy()
"""


def test_code_and_command_bring_methods_of_ones_own(tmp_path, monkeypatch):
    """They name the file without the folders of this machine, and find it in the working folder."""
    monkeypatch.setattr(task, "METHODS", dict(METHODS))
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(METHOD.format(name="gentle"))
    monkeypatch.setenv(METHODS_VARIABLE, str(tmp_path / "mine.py"))
    state = PageState(replace(MODERN, unlearning=Unlearning(methods=("retrain", "gentle"))), "unlearn")
    code = python_code(state)
    assert f"{tmp_path}" not in code
    head = code.partition("reviews =")[0]
    exec(compile(head, "code", "exec"), {})
    assert task.method_title("gentle") == "Do nothing"
    words = shlex.split(command_line(state))
    assert words[:4] == [f"{METHODS_VARIABLE}=mine.py", "python", "-m", "forgetting"]
    hostile = replace(state, recipe=replace(MODERN, unlearning=Unlearning(methods=("a\nraise SystemExit\u2028b",))))
    assert not any(isinstance(node, ast.Raise) for node in ast.walk(ast.parse(python_code(hostile))))
    assert METHODS_VARIABLE not in command_line(PageState(MODERN, "unlearn"))
