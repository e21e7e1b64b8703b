"""An experiment as a Jupyter notebook that computes it anew and ends in the numbers and charts of the report."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import nbformat

from forgetting.paper.material import STUDY_TITLES, Material
from forgetting.paper.prose import escape_markdown
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.code import PageState, find_page, python_code
from forgetting.tracking.environment import PROGRAM_VERSION

SHARED = ("reviews", "split", "trained")  # what a notebook computes once, for all that comes after
PAPER_NAMES = (
    "Material",
    "comparison_section",
    "data_section",
    "describe_methods",
    "study_section",
    "training_section",
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class _Program:
    """A program that computes what a page shows, in its parts.

    Attributes:
        imported: Names that it imports from the library.
        replaces: Whether it uses `dataclasses.replace`.
        recipe: The statement that makes the recipe.
        shared: The statements that make the reviews, the split and the trained model.
        body: The others.
    """

    imported: tuple[str, ...]
    replaces: bool
    recipe: str
    shared: tuple[str, ...]
    body: tuple[str, ...]


def notebook_bytes(recipe: Recipe, studies: Mapping[str, Recipe], *, model: str = "") -> bytes:
    """The notebook of an experiment, as the content of a file.

    Args:
        recipe: The recipe, with the randomization of the comparison.
        studies: Recipes of the studies, by their kinds, keys of STUDY_TITLES.
        model: What tells the model from the one that the recipe trains to the end, see `PageState`.
    """
    training, comparison = (_parse(PageState(recipe, page, model=model)) for page in ("train", "forget"))
    programs = {kind: _parse(_state(kind, used, model)) for kind, used in studies.items()}
    found = [training, *programs.values()]
    note = f"\n\nThe figures are of {escape_markdown(model)}; it is read from a file." if model else ""
    cells = [
        nbformat.v4.new_markdown_cell(
            f"# What a network forgets\n\nWritten by Learning to Forget {PROGRAM_VERSION}. Each cell computes what "
            "is shown "
            f"below it; the same recipe gives the same numbers on one machine.{note}"
        ),
        _code(_imports(found, comparison)),
        nbformat.v4.new_markdown_cell("## Data and training"),
        _code(
            training.recipe,
            *training.shared,
            "baselines = compute_baselines(split, recipe.training.objective)",
            "material = Material(recipe, split, trained, baselines)",
            "data_section(material)",
        ),
        _code("training_section(material)"),
        nbformat.v4.new_markdown_cell("## Before and after randomizing"),
        _code(
            comparison.recipe,
            "comparison = compare(recipe, split, trained)",
            "material = Material(recipe, split, trained, baselines, comparison)",
            "comparison_section(material)",
        ),
    ]
    for kind, program in programs.items():
        show = f'material.studies["{kind}"] = result\nstudy_section("{kind}", result, material)'
        cells += [
            nbformat.v4.new_markdown_cell(f"## {STUDY_TITLES[kind]}"),
            _code(program.recipe, *program.body, show),
        ]
    cells += [
        nbformat.v4.new_markdown_cell("## Methods"),
        _code("print(describe_methods(material).plain())"),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # in place of a random one
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    nbformat.validate(book)
    return nbformat.writes(book).encode()


def studied_recipes(material: Material) -> dict[str, Recipe]:
    """The recipes of the studies of an experiment, by their kinds."""
    return {kind: result.export()[1] for kind, result in material.told_studies.items()}


def _state(kind: str, recipe: Recipe, model: str) -> PageState:
    page, tab = find_page(kind)
    return PageState(recipe, page, tab, model=model)


def _parse(state: PageState) -> _Program:
    code = python_code(state)
    imported: list[str] = []
    recipe, shared, body, replaces = "", [], [], False
    for node in ast.parse(code).body:
        text = ast.get_source_segment(code, node)
        if isinstance(node, ast.ImportFrom):
            if node.module == "forgetting":
                imported += [alias.name for alias in node.names]
            else:
                replaces = True
        elif (name := _assigned(node)) == "recipe":
            recipe = text
        elif name in SHARED:
            shared.append(text)
        else:
            body.append(text)
    return _Program(tuple(imported), replaces, recipe, tuple(shared), tuple(body))


def _assigned(node: ast.stmt) -> str:
    """The name that a statement assigns to; "" for any other."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else ""


def _imports(programs: Iterable[_Program], comparison: _Program) -> str:
    """What all cells import; the comparison is written in another way than in its program."""
    names = {"compare", "compute_baselines", *(name for program in programs for name in program.imported)}
    names |= {*comparison.imported} - {"run"}
    standard = ["from dataclasses import replace\n"] if any(one.replaces for one in [*programs, comparison]) else []
    lines = [
        *standard,
        "import torch\n",
        "from forgetting import (",
        *(f"    {name}," for name in sorted(names)),
        ")",
        "from forgetting.paper import (",
        *(f"    {name}," for name in PAPER_NAMES),
        ")\n",
        "torch.set_num_threads(1)  # as the app does: the last digits depend on it",
    ]
    return "\n".join(lines)


def _code(*statements: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell("\n".join(statements))
