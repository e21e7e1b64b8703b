"""The table of unlearning methods, what they are given, and methods of one's own."""

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from types import GeneratorType

import pytest
import torch

from forgetting.core.errors import RecipeError
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import TrainingSettings
from forgetting.model.trainer import Trainer
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.unlearning import methods
from forgetting.unlearning import task as task_module
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.task import (
    METHODS,
    METHODS_VARIABLE,
    REFERENCE,
    Task,
    check_methods,
    load_custom_methods,
    method,
    method_title,
)

LAYERS = ("fc1", "fc2")


def bits(model):
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def model_for(split, dropout=0.0, hidden=(8,), seed=7):
    return TextClassifier(len(split.words), len(split.classes), hidden, dropout, seed=seed)


def task_of(split, **changes):
    sets = make_forget_sets(split, Forget(share=0.3))
    model = model_for(split, 0.3, (8, 5))
    initial = {name: value.clone() for name, value in model.state_dict().items()}
    Trainer(model, split, TrainingSettings(epochs=5), seed=1).advance()
    settings = Unlearning(epochs=4, learning_rate=0.05)
    training, rebuild = TrainingSettings(epochs=6), lambda seed: model_for(split, 0.3, (8, 5), seed)
    task = Task(model, initial, split, sets.retain_split, sets.forget, training, settings, 3, rebuild)
    return replace(task, **changes)


def finish(outcome):
    if not isinstance(outcome, GeneratorType):
        return outcome
    while True:
        try:
            next(outcome)
        except StopIteration as end:
            return end.value


# What fits the table and the model.


def test_the_defaults_compare_the_ten_methods_that_earlier_addresses_mean():
    settings, known = Unlearning(), {name for name in METHODS if METHODS[name].__module__ == methods.__name__}
    assert known - set(settings.methods) == {"salun", "neggrad_plus", "repair_all_layers", "repair_random_layer"}
    assert len(settings.methods) == len(set(settings.methods)) == 10
    assert REFERENCE in settings.methods
    check_methods(settings.for_kind("mlp"), LAYERS)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            Unlearning(methods=("retrain", "hypnosis")),
            ["unlearning.methods must be of ", "retrain", "scrub", "got 'hypnosis'", METHODS_VARIABLE],
        ),
        (
            Unlearning(last_layers=3),
            ["unlearning.last_layers must be at most the number of layers, 2 (fc1, fc2)", "got 3"],
        ),
        (
            Unlearning(epochs=3, scrub_epochs=3),
            ["unlearning.scrub_epochs must be at most 2", "got 3.", "Lower the first"],
        ),
        (Unlearning(repair_layers=("fc1", "fc9")), ["unlearning.repair_layers must be", "'fc1+fc9'", "(fc1, fc2)"]),
        (Unlearning(repair_layers=("all", "fc1")), ["unlearning.repair_layers must be", "or 'all'", "(fc1, fc2)"]),
    ],
)
def test_check_tells_what_does_not_fit(settings, words):
    with pytest.raises(RecipeError) as error:
        check_methods(settings.for_kind("mlp"), LAYERS)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    "settings",
    [
        Unlearning(last_layers=2),
        Unlearning(repair_layers=("fc2", "fc1")),
        Unlearning(repair_layers=()),
        Unlearning(methods="cf_k", epochs=1),
        Unlearning(methods="scrub", epochs=3, scrub_epochs=2),
    ],
)
def test_check_lets_pass_what_fits(settings):
    check_methods(settings.for_kind("mlp"), LAYERS)


def test_a_name_that_is_unknown_is_told_shortly():
    with pytest.raises(RecipeError) as error:
        check_methods(Unlearning(methods=("x" * 10_000,)), LAYERS)
    assert len(str(error.value)) < 500


# What a method is given.


def test_a_copy_is_the_original_and_shares_nothing(small_split):
    task = task_of(small_split)
    before = bits(task.original)
    copied = task.copy()
    assert bits(copied) == before
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    assert bits(task.original) == before


def test_fit_trains_as_the_original_was_but_for_the_changes(small_split):
    task = task_of(small_split)
    for changes in ({}, {"epochs": 2}, {"learning_rate": 0.5, "epochs": 3}):
        model = task.fresh()
        trained = finish(task.fit(model, task.retain_split, **changes))
        assert trained is model
        reference = task.fresh()
        Trainer(reference, task.retain_split, replace(task.training, **changes), seed=task.seed).advance()
        assert bits(trained) == bits(reference)


def test_tune_takes_epochs_and_rate_of_the_settings(small_split):
    task = task_of(small_split)
    reference = task.copy()
    Trainer(reference, task.retain_split, replace(task.training, epochs=4, learning_rate=0.05), seed=3).advance()
    assert bits(finish(task.tune(task.copy(), task.retain_split))) == bits(reference)


def test_fit_can_be_left_after_each_slice(small_split, monkeypatch):
    monkeypatch.setattr(task_module, "SLICE_SECONDS", 0.0)
    task = task_of(small_split)
    assert len(list(task.fit(task.fresh(), task.retain_split))) == 6
    model = task.fresh()
    left = task.fit(model, task.retain_split)
    before = bits(model)
    next(left)
    after = bits(model)
    assert before != after
    left.close()
    assert bits(model) == after


# The table.


def test_a_function_comes_into_the_table_under_its_name(own_methods):
    def amnesia(task):
        """Forget everything.

        And more.
        """
        return task.fresh()

    assert method(amnesia) is amnesia
    assert own_methods["amnesia"] is amnesia
    assert method_title("amnesia") == "Forget everything"
    Unlearning(methods=("amnesia",)).check(LAYERS)


def test_the_same_function_may_come_again(own_methods):
    for number in range(2):  # as where a module is loaded anew

        @method
        def amnesia(task):
            """Forget everything."""
            return task.fresh()

        assert own_methods["amnesia"] is amnesia, number


def test_another_function_of_the_same_name_is_refused(own_methods):
    def retrain(task):
        """Not the one."""
        return task.copy()

    before = own_methods["retrain"]
    with pytest.raises(RecipeError, match="method 'retrain' already: give yours another name"):
        method(retrain)
    assert own_methods["retrain"] is before


@pytest.mark.parametrize("text", [None, "  \n "])
def test_a_method_needs_a_docstring(own_methods, text):
    def amnesia(task):
        return task.fresh()

    amnesia.__doc__ = text
    with pytest.raises(RecipeError, match="'amnesia' needs a docstring: its first line says what it does"):
        method(amnesia)
    assert "amnesia" not in own_methods


def test_each_method_says_in_a_line_what_it_does():
    for name in Unlearning().methods:
        assert 20 < len(method_title(name)) < 120
        assert "\n" not in method_title(name)
        assert method_title(name) == method_title(name).strip()
        assert not method_title(name).endswith(".")


def test_own_methods_plain_and_in_slices(own_methods, small_split):
    @method
    def amnesia(task):
        """Forget everything."""
        return task.fresh()

    @method
    def slowly(task):
        """Fine-tune, then again."""
        model = yield from task.tune(task.copy(), task.retain_split)
        return (yield from task.fit(model, task.retain_split, epochs=1))

    task = task_of(small_split)
    assert bits(finish(own_methods["amnesia"](task))) == bits(task.fresh())
    reference = finish(own_methods["fine_tune"](task))
    Trainer(reference, task.retain_split, replace(task.training, epochs=1), seed=3).advance()
    assert bits(finish(own_methods["slowly"](task))) == bits(reference)


# Methods of one's own, from files and modules.

GOOD = '''
from forgetting import method


@method
def {name}(task):
    """{text}."""
    return task.fresh()
'''


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return str(path)


@pytest.fixture
def modules(tmp_path, monkeypatch, own_methods):  # noqa: ARG001 - puts the table back
    """A folder that modules are found in, forgotten afterwards."""
    known = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def test_a_file_is_loaded(modules):
    load_custom_methods(write(modules, "mine.py", GOOD.format(name="amnesia", text="Of a file")))
    assert method_title("amnesia") == "Of a file"
    Unlearning(methods=("amnesia",)).check(LAYERS)


def test_a_file_may_be_loaded_again(modules):
    path = write(modules, "mine.py", GOOD.format(name="amnesia", text="Once"))
    load_custom_methods(path)
    write(modules, "mine.py", GOOD.format(name="amnesia", text="Twice, with more"))
    load_custom_methods(path)
    assert method_title("amnesia") == "Twice, with more"


def test_a_module_is_loaded_by_name(modules):
    write(modules, "my_methods.py", GOOD.format(name="amnesia", text="Of a module"))
    load_custom_methods("my_methods")
    assert method_title("amnesia") == "Of a module"


def test_several_are_loaded_from_the_environment(modules, monkeypatch):
    first = write(modules, "mine.py", GOOD.format(name="amnesia", text="Of a file"))
    write(modules, "my_methods.py", GOOD.format(name="trance", text="Of a module"))
    monkeypatch.setenv(METHODS_VARIABLE, os.pathsep.join(["", first, "", "my_methods", ""]))
    load_custom_methods()
    assert (method_title("amnesia"), method_title("trance")) == ("Of a file", "Of a module")


@pytest.mark.parametrize("names", ["", os.pathsep])
def test_with_none_named_nothing_is_loaded(own_methods, names, monkeypatch):
    before = dict(own_methods)
    monkeypatch.delenv(METHODS_VARIABLE, raising=False)
    load_custom_methods()
    load_custom_methods(names)
    assert own_methods == before


def test_names_given_go_before_the_environment(modules, monkeypatch):
    monkeypatch.setenv(METHODS_VARIABLE, "/nowhere/at_all.py")
    load_custom_methods(write(modules, "mine.py", GOOD.format(name="amnesia", text="Given")))
    assert method_title("amnesia") == "Given"


@pytest.mark.parametrize(
    ("name", "text", "cause", "by_name"),
    [
        ("broken.py", "def amnesia(:", "SyntaxError", False),
        ("raising.py", "raise ValueError('not today')", "ValueError: not today", True),
        ("importing.py", "import no_such_module_at_all", "ModuleNotFoundError", False),
    ],
)
def test_a_file_that_cannot_be_imported_is_told(modules, name, text, cause, by_name):
    path = write(modules, name, text)
    asked = name.removesuffix(".py") if by_name else path
    with pytest.raises(RecipeError) as error:
        load_custom_methods(asked)
    for word in (f"{METHODS_VARIABLE} must name Python files or modules", repr(asked), cause):
        assert word in str(error.value)
    assert error.value.__cause__ is not None


@pytest.mark.parametrize("name", ["/nowhere/mine.py", "no.such.module", ".relative"])
def test_a_file_that_is_not_there_is_told(own_methods, name):
    before = dict(own_methods)
    with pytest.raises(RecipeError) as error:
        load_custom_methods(name)
    for word in (f"{METHODS_VARIABLE} must name Python files or modules", repr(name), "cannot"):
        assert word in str(error.value)
    assert own_methods == before


def test_a_file_whose_method_has_no_docstring_or_a_taken_name_is_told(own_methods, modules):
    for text, words in (
        (GOOD.format(name="scrub", text="Mine"), "'scrub' already"),
        (GOOD.format(name="amnesia", text="").replace('"""."""', "pass"), "'amnesia' needs a docstring"),
    ):
        with pytest.raises(RecipeError, match=words):
            load_custom_methods(write(modules, "mine.py", text))
    assert own_methods["scrub"].__module__ == "forgetting.unlearning.methods"


def test_a_taken_name_is_told_with_the_file_that_takes_it(modules):
    """Of several files it must be plain which one is to be mended."""
    path = write(modules, "mine.py", GOOD.format(name="scrub", text="Mine"))
    with pytest.raises(RecipeError, match=r"mine\.py"):
        load_custom_methods(path)


def test_a_file_that_ends_the_program_is_told(modules):
    """A script with `sys.exit()` at its end must not end the server that loads it."""
    path = write(modules, "script.py", "import sys\nsys.exit(3)\n")
    try:
        load_custom_methods(path)
    except SystemExit:
        pytest.fail("the program ends")
    except RecipeError as error:
        assert "script.py" in str(error)  # noqa: PT017 - SystemExit is no Exception
    else:
        pytest.fail("nothing is told")


def test_two_files_of_one_name_do_not_replace_each_other(modules):
    first = write(modules, "a/mine.py", GOOD.format(name="amnesia", text="The first"))
    second = write(modules, "b/mine.py", GOOD.format(name="amnesia", text="The second"))
    load_custom_methods(first)
    with pytest.raises(RecipeError, match="'amnesia' already"):
        load_custom_methods(second)
    assert method_title("amnesia") == "The first"


def test_a_file_may_have_dataclasses(modules):
    """`dataclasses` looks a module up in sys.modules where annotations are texts."""
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + GOOD.format(
        name="amnesia", text="With settings"
    )
    load_custom_methods(write(modules, "mine.py", text + "\n\n@dataclass\nclass Own:\n    rate: float = 0.1\n"))
    assert method_title("amnesia") == "With settings"


def test_a_file_that_fails_half_way_leaves_no_method_behind(own_methods, modules):
    before = dict(own_methods)
    with pytest.raises(RecipeError):
        load_custom_methods(
            write(modules, "mine.py", GOOD.format(name="amnesia", text="Half") + "\nraise ValueError\n")
        )
    assert own_methods == before


@pytest.mark.slow
def test_an_own_method_cannot_take_the_place_of_one_that_is_not_loaded_yet(modules):
    """In a fresh process, where only the table is imported."""
    path = write(modules, "mine.py", GOOD.format(name="retrain", text="Mine"))
    code = (
        "from forgetting.unlearning.task import load_custom_methods\n"
        "from forgetting.core.errors import RecipeError\n"
        "try:\n"
        f"    load_custom_methods({path!r})\n"
        "except RecipeError as error:\n"
        "    print('refused', error)\n"
        "import forgetting.unlearning.methods\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-300:]
    assert "refused" in done.stdout


def test_a_method_whose_training_diverges_still_ends(small_split):
    task = task_of(small_split)
    with torch.no_grad():
        task.original.fc2.weight.fill_(float("inf"))
    model = finish(METHODS["fine_tune"](task))
    assert not torch.isfinite(model(small_split.training.inputs)).all()
