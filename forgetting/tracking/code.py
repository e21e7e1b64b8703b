"""What a page shows as Python code, as a command and as a link, each of which gives the same results again.

The code uses the public names of the library alone, and writes out only what differs from the defaults.
"""

import ast
import shlex
import textwrap
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

import forgetting
from forgetting.core.settings import Settings, format_value
from forgetting.data.reading import DEFAULT_READING
from forgetting.data.reviews import MISSING
from forgetting.recipe import url
from forgetting.recipe.plans import even_doses, plan_curve, plan_layer_choice
from forgetting.recipe.recipe import PROTOCOLS, Recipe
from forgetting.tracking.run import used_recipe

WIDTH = 100  # characters of a line
ONE_THREAD = "pin_threads()"  # as the app does, since the last digits depend on the number of threads
MODEL_FILE, ROWS_FILE = "model.safetensors", "rows.parquet"  # what code and commands call files
READERS = {  # what reads a source: with the arguments that it has already
    "sample": ("load_sample", {}),
    "original": ("fetch_wine_reviews", {"missing": (), "fold_labels": False}),
    "file": ("read_reviews", {}),
}
READING_DEFAULTS = {"missing": MISSING, "fold_labels": True, "quantile_classes": 0, "text": "", "label": ""}


@dataclass(frozen=True)
class Shown:
    """What a page or a tab shows, and how it is computed.

    Attributes:
        python: Code that computes it of `recipe`, `reviews`, `split` and `trained`, or with `run` of the first two.
        command: The command that computes it, with options.
        run: The kind of run on whose settings it depends, one of RUN_KINDS.
        groups: Groups of settings that it depends on besides.
    """

    python: str
    command: tuple[str, ...] = ("run",)
    run: str = ""
    groups: tuple[str, ...] = ()


def _sweep(plan: str = "recipe.sweep", split: str = "split", parts: str = "{parts}") -> str:
    options = f"recipe=recipe, initial=trained.initial{parts}"
    return f"result = run_sweep(\n    trained.model, {split}, {plan}, {options}\n)\nprint(result.frame)\n"


BOTH_MODELS = (
    "models = (result.comparison.original, result.comparison.randomized)\n"
    'print(*(model.scores["validation"].accuracy for model in models), result.baselines.chance)\n'
)
CHOSEN_REVIEW = "text = next(text for text in reviews.texts if review_key(text) == recipe.review.key)\n"
PREDICTED = (
    "predictions = make_predictor(recipe, split, trained).predict([{text}], recipe.randomization)\n"
    "print(predictions.to_dict())\n"
)
SHOWN_RESULTS = {
    "data": Shown(
        "split = prepare(recipe, reviews)\nbaselines = compute_baselines(split, recipe.training.objective)\n"
        "print(split.reviews.counts, len(split.training), len(split.validation))\n"
        'print(baselines.chance, baselines.majority["validation"], baselines.linear_svc)\n',
        ("data",),
        "training",
    ),
    "training": Shown(
        "print(trained.reached.validation, 1 / len(split.classes))\n", ("run", "--save", MODEL_FILE), "training"
    ),
    "comparison": Shown(f"result = run(recipe, reviews)\n{BOTH_MODELS}", run="comparison"),
    "review": Shown(PREDICTED, run="comparison", groups=("review",)),
    "curve": Shown(_sweep("plan"), ("sweep", "--out", ROWS_FILE), "comparison"),
    "relearned": Shown(
        "result = run(recipe, reviews)\n"
        "trainer = make_trainer(recipe, split, result.comparison.model, epochs={epochs})\n"
        "trainer.advance(epochs={epochs})\nprint(trainer.history[-1])\n",
        run="comparison",
    ),
    "dose": Shown(_sweep(), ("sweep", "--out", ROWS_FILE), "dose"),
    "change": Shown(_sweep(), ("sweep", "--out", ROWS_FILE), "change"),
    "robustness": Shown(
        "result = run_robustness(trained, split, recipe)\nprint(result.frame)\n",
        ("robustness", "--out", ROWS_FILE),
        "robustness",
    ),
    "layer_choice": Shown(
        "sets = make_forget_sets(split, recipe.forget)\n"
        + _sweep(split="sets.measured_in(split)", parts=',\n    parts=("validation", "forget", "retain"),')
        + "for scheme in recipe.sweep.schemes:\n"
        "    print(rank_layers([row for row in result.rows if row.scheme == scheme], recipe.model.layers))\n",
        ("sweep", "--out", ROWS_FILE),
        "layer_choice",
    ),
    "explanation": Shown(
        "result = run_explanation(\n    trained.model, split, recipe.explanation, recipe=recipe, "
        "initial=trained.initial\n)\nprint(result.frame)\n",
        ("explain", "--out", ROWS_FILE),
        "explanation",
    ),
    "similarity": Shown(
        "result = run_similarity(trained, split, recipe.explanation, recipe=recipe)\nprint(result.frame)\n",
        ("similarity", "--out", ROWS_FILE),
        "similarity",
    ),
    "learning_curves": Shown(
        "result = run_learning_curves(trained, split, recipe)\nprint(result.outcomes)\n",
        ("relearn", "--curves", "--out", ROWS_FILE),
        "learning_curves",
    ),
    "savings": Shown(
        "result = run_savings(trained, split, recipe)\nprint(result.frame)\n",
        ("relearn", "--out", ROWS_FILE),
        "savings",
    ),
    "unlearning": Shown(
        "result = run_unlearning(trained, split, recipe)\nprint(result.frame)\n",
        ("unlearn", "--out", ROWS_FILE),
        "unlearning",
    ),
    "forget_set": Shown(
        "sets = make_forget_sets(split, recipe.forget)\nprint(len(sets.forget), len(sets.retain))\n",
        ("unlearn", "--out", ROWS_FILE),
        "training",
        ("forget",),
    ),
}
TABS = {  # what each tab of a page shows; of a page without tabs, and of all other tabs, that of ""
    "data": {"": "data"},
    "train": {"": "training"},
    "forget": {"": "comparison", "A review": "review", "Dose–response": "curve", "Relearn": "relearned"},
    "layers": {
        "": "dose",
        "Equal ‖ΔW‖": "change",
        "Conclusions": "robustness",
        "Robustness": "robustness",
        "To unlearn": "layer_choice",
        "Words": "comparison",
    },
    "explain": {"": "explanation", "Map": "comparison", "Similarity": "similarity"},
    "relearn": {"": "learning_curves", "Savings by fraction": "savings"},
    "unlearn": {"": "unlearning", "Forget set": "forget_set"},
}
OTHER_PAGE = {"": "comparison"}


def find_page(kind: str) -> tuple[str, str]:
    """The page and the tab that show a kind of run; the Overview where none does."""
    pages = ((page, tab) for page, tabs in TABS.items() for tab, shown in tabs.items() if shown == kind)
    return next(pages, (url.OPENING_PAGE, ""))


@dataclass(frozen=True)
class PageState:
    """What a page shows.

    Attributes:
        recipe: The recipe.
        page: Name of the page.
        tab: The tab that is open; "" for the first, or where the page has none.
        scene: Number of the scene of the story.
        model: What tells its model from the one that the recipe trains to the end, as the end of a sentence; "" for
            that one.
        epochs: Epochs of relearning a randomized model once; 0 for those of its training.
    """

    recipe: Recipe
    page: str
    tab: str = ""
    scene: int = 1
    model: str = ""
    epochs: int = 0

    @property
    def kind(self) -> str:
        """What it is, a key of SHOWN_RESULTS. Of the published protocol there are no studies."""
        tabs = TABS.get(self.page, OTHER_PAGE)
        kind = tabs.get(self.tab, tabs[""])
        if kind == "review" and not (self.recipe.review.key or self.recipe.review.text):
            return "comparison"
        return kind if self.recipe.protocol == "modern" or kind in ("data", "training") else "comparison"

    @property
    def shown(self) -> Shown:
        """How it is computed."""
        return SHOWN_RESULTS[self.kind]

    @property
    def used_recipe(self) -> Recipe:
        """The recipe with the defaults of what it does not depend on."""
        recipe = self.recipe
        if self.kind == "layer_choice":  # which pages ask of one split, with one unit
            recipe = replace(recipe, sweep=plan_layer_choice(recipe.sweep))
        extra = {name: getattr(recipe, name) for name in self.shown.groups}
        return replace(used_recipe(self.shown.run, recipe), **extra)


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
    query = urlencode(parameters, safe=",:", errors="surrogatepass")
    return f"{base.rstrip('/')}/{path}" + (f"?{query}" if query else "")


def command_line(state: PageState) -> str:
    """The command, for a POSIX shell, that computes what a state shows."""
    recipe, (command, *options) = state.used_recipe, state.shown.command
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
    return shlex.join(["python", "-m", "forgetting", command, *arguments, *options])


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
    values = {"{parts}": parts, "{epochs}": str(state.epochs), "{text}": "recipe.review.text"}
    if state.kind == "review" and not recipe.review.text:
        values["{text}"] = "text"
        body = CHOSEN_REVIEW + body
    if state.kind == "curve":
        head += f"plan = {_write(plan_curve(recipe.randomization, recipe.model), '')}\n"
    for name, text in values.items():
        body = body.replace(name, text)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    if used & {"split", "trained"} and "split = prepare" not in body:
        head += "split = prepare(recipe, reviews)\n"
    if "trained" in used:
        head += "trained = train(recipe, split)\n"
        if state.model:
            head = head.replace("train(recipe, split)", f'load_model("{MODEL_FILE}").restore(split)')
    note = textwrap.fill(f"The page shows {state.model}.", 98, initial_indent="# ", subsequent_indent="# ")
    code = (f"{note}\n" if state.model else "") + head + body
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    public = [name for name in forgetting.__all__ if name in names]
    standard = "from dataclasses import replace\n\n" if "replace" in names else ""
    return f"{standard}{_write_import(public)}\n\n{code}"


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
