"""What a page shows as Python code, as a command and as a link, each of which gives the same results again.

The code uses the public names of the library alone, and writes out only what differs from the defaults.
"""

import ast
import re
import shlex
import textwrap
from dataclasses import fields, replace
from urllib.parse import urlencode

import forgetting
from forgetting.core.settings import Settings, format_value
from forgetting.data.reading import DEFAULT_READING
from forgetting.data.reviews import MISSING
from forgetting.recipe import url
from forgetting.recipe.forget import METHODS_VARIABLE
from forgetting.recipe.plans import even_doses, plan_curve
from forgetting.recipe.recipe import PROTOCOLS, Recipe
from forgetting.tracking.page_state import CHOSEN_REVIEW, MODEL_FILE, PageState

WIDTH = 100  # characters of a line
ONE_THREAD = "pin_threads()"  # as the app does, since the last digits depend on the number of threads
FIRST_CLASS = "split.classes[0]"
PLACEHOLDER = re.compile(r"\{(epochs|layer|part|parts|label|text)\}")  # in code, for what is chosen
READERS = {  # what reads a source: with the arguments that it has already
    "sample": ("load_sample", {}),
    "original": ("fetch_wine_reviews", {"missing": (), "fold_labels": False}),
    "file": ("read_reviews", {}),
}
READING_DEFAULTS = {"missing": MISSING, "fold_labels": True, "quantile_classes": 0, "text": "", "label": ""}


def describe_loaded_file(digest: str) -> str:
    """What tells a model that was loaded from the recipe's, as the end of a sentence; digest: SHA-256 of its file."""
    return f"a model that was loaded from a file with SHA-256 {digest}"


def link(state: PageState, base: str = "") -> str:
    """The address that opens a state.

    Args:
        state: The state; its whole recipe is in the link.
        base: Address of the app, such as "http://localhost:8501"; "" for a link within it.
    """
    path = "" if state.page == url.OPENING_PAGE else state.page
    parameters = {"scene": str(state.scene)}
    if state.page != "story":
        parameters = url.page_parameters(state.page, url.encode_query(state.recipe))
        parameters |= {url.TAB: state.tab} if state.tab else {}
    query = urlencode(parameters, safe=",:")
    return f"{base.rstrip('/')}/{path}" + (f"?{query}" if query else "")


def command_line(state: PageState) -> str:
    """The command, for a POSIX shell, that computes what a state shows."""
    recipe, choices = state.used_recipe, state.choices
    command, *options = (PLACEHOLDER.sub(lambda found: choices[found[1]], word) for word in state.shown.command)
    if state.kind == "curve":
        recipe = replace(recipe, sweep=plan_curve(recipe.randomization, recipe.model))
    parameters = url.encode_query(recipe)
    arguments = []
    if recipe.data.source == "file":
        arguments += ["--data", recipe.data.file or "reviews.csv"]
        parameters = {name: text for name, text in parameters.items() if name not in ("data.source", "data.file")}
    if state.kind in ("layer_choice", "unlearning", "forget_set"):
        parameters, named = _forget_options(recipe, parameters)
        arguments += named
    if state.model:  # which comes with what it was trained with
        arguments += ["--model", MODEL_FILE]
        options = options if "--save" not in options else []
        trained_with = url.encode_query(recipe.for_training())
        parameters = {name: text for name, text in parameters.items() if name not in trained_with}
    for name, text in parameters.items():
        arguments += ["--set", f"{name}={text}"]
    line = shlex.join(["python", "-m", "forgetting", command, *arguments, *options])
    return f"{METHODS_VARIABLE}={shlex.quote(state.method_files)} {line}" if state.own_methods else line


def _forget_options(recipe: Recipe, parameters: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The options that name the forget set, and the parameters without what they say."""
    forget = recipe.forget
    value = {"class": forget.label, "share": format_value(forget.share), "reviews": ",".join(forget.reviews)}[forget.by]
    said = {"forget.by", "forget.label", "forget.share", "forget.reviews"}
    return {name: text for name, text in parameters.items() if name not in said}, [f"--forget-{forget.by}", value]


def python_code(state: PageState) -> str:
    """The program that computes what a state shows, ready to be run."""
    recipe = state.used_recipe
    head = f"{ONE_THREAD}\nrecipe = {_write_recipe(recipe)}\nreviews = {_write_reader(recipe)}\n"
    body = state.shown.python
    if state.model and body.startswith("result = run("):
        body = "result = compare(recipe, split, trained)\n" + body.partition("\n")[2]
        body = body.replace("result.comparison", "result").replace(
            "result.baselines", "compute_baselines(split, recipe.training.objective)"
        )
    parts = ', parts=("validation",)' if recipe.model.kind == "transformer" else ""
    values = state.choices | {"parts": parts, "text": "recipe.review.text"}
    values["layer"], values["label"] = _quote(values["layer"]), _quote(state.label) if state.label else FIRST_CLASS
    if state.kind == "review" and not recipe.review.text:
        values["text"] = "text"
        body = CHOSEN_REVIEW + body
    if state.kind == "curve":
        head += f"plan = {_write(plan_curve(recipe.randomization, recipe.model), '')}\n"
    body = PLACEHOLDER.sub(lambda found: values[found[1]], body)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    if used & {"split", "trained"} and "split = prepare" not in body:
        head += "split = prepare(recipe, reviews)\n"
    if "trained" in used:
        head += "trained = train(recipe, split)\n"
        if state.model:
            head = head.replace("train(recipe, split)", f'load_model("{MODEL_FILE}").restore(split)')
    note = _write_comment(f"The page shows {state.model}.") if state.model else ""
    if state.own_methods:
        files = _quote(state.method_files)
        head = f"load_custom_methods({files})\n{head}"
        note += _write_comment(
            f"{', '.join(map(_quote, state.own_methods))}: of a file of one's own, here in the working folder."
        )
    code = note + head + body
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    public = [name for name in forgetting.__all__ if name in names]
    standard = "from dataclasses import replace\n\n" if "replace" in names else ""
    return f"{standard}{_write_import(public)}\n\n{code}"


def _write_comment(text: str) -> str:
    return textwrap.fill(text, 98, initial_indent="# ", subsequent_indent="# ") + "\n"


def _write_import(names: list[str]) -> str:
    line = f"from forgetting import {', '.join(names)}"
    return line if len(line) <= WIDTH else "from forgetting import (\n" + "".join(f"    {n},\n" for n in names) + ")"


def _write_recipe(recipe: Recipe) -> str:
    """A recipe by what differs from that of its protocol."""
    name, default = ("MODERN", "PUBLISHED")[recipe.protocol == "published"], PROTOCOLS[recipe.protocol]
    if recipe == default:
        return name
    if recipe.protocol == "modern":
        return _write(recipe, "")
    changed = {item.name: getattr(recipe, item.name) for item in fields(recipe)}
    changed = {name: value for name, value in changed.items() if value != getattr(default, name)}
    return _write_call("replace", [name, *_write_arguments(changed)], "")


def _write_reader(recipe: Recipe) -> str:
    """What reads the reviews as a recipe says."""
    data, (reader, own) = recipe.data, READERS[recipe.data.source]
    asked = {name: getattr(data, f"{name}_column", None) for name in ("text", "label")}
    asked |= {name: getattr(data, name) for name in ("missing", "fold_labels", "quantile_classes")}
    changed = {name: value for name, value in asked.items() if value != (READING_DEFAULTS | own)[name]}
    if recipe.data.source == "file" and recipe.reading != DEFAULT_READING:
        changed["reading"] = recipe.reading
    written = [_write_value(data.file or "reviews.csv", "")] if data.source == "file" else []
    return _write_call(reader, written + _write_arguments(changed), "")


def _write(settings: Settings, indent: str) -> str:
    """A call that makes settings, with what differs from their defaults."""
    values = {item.name: (getattr(settings, item.name), item.default) for item in fields(settings)}
    changed = {name: value for name, (value, default) in values.items() if value != default}
    return _write_call(type(settings).__name__, _write_arguments(changed, indent + "    "), indent)


def _write_arguments(values: dict[str, object], indent: str = "    ") -> list[str]:
    return [f"{name}={_write_value(value, indent)}" for name, value in values.items()]


def _write_call(name: str, arguments: list[str], indent: str) -> str:
    line = f"{name}({', '.join(arguments)})"
    if len(indent) + len(line) + 12 <= WIDTH and "\n" not in line:
        return line
    return f"{name}(\n" + "".join(f"{indent}    {argument},\n" for argument in arguments) + f"{indent})"


def _write_value(value: object, indent: str) -> str:
    if isinstance(value, Settings):
        return _write(value, indent)
    if isinstance(value, tuple) and len(value) > 3 and value == even_doses(len(value)):
        return f"tuple(step / {len(value) - 1} for step in range({len(value)}))"
    if not isinstance(value, tuple):
        return _quote(value) if isinstance(value, str) else repr(value)
    items = [_quote(item) if isinstance(item, str) else repr(item) for item in value]
    line = f"({', '.join(items)}{',' * (len(items) == 1)})"
    if len(indent) + len(line) + 24 <= WIDTH:
        return line
    inner = indent + "    "
    wrapped = [""]
    for item in items:  # a name may hold blanks, at which a line must not be wrapped
        if len(inner) + len(wrapped[-1]) + len(item) + 2 > WIDTH and wrapped[-1]:
            wrapped.append("")
        wrapped[-1] += f"{' ' * bool(wrapped[-1])}{item},"
    return "(\n" + "".join(f"{inner}{part}\n" for part in wrapped) + f"{indent})"


def _quote(text: str) -> str:
    """A text as a literal, in double quotes where it has none of them."""
    written = repr(text)
    return f'"{written[1:-1]}"' if written[0] == "'" and '"' not in text else written
