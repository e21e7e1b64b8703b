"""The code of a whole experiment, of the programs that compute what single pages show: what they share comes once."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from forgetting.paper.material import Material
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.code import ONE_THREAD, command_line, python_code
from forgetting.tracking.page_state import ROWS_FILE, PageState, find_page
from forgetting.tracking.run import STUDY_TITLES

SHARED = ("reviews", "split", "trained")  # what is computed once, for all that comes after
COMPARED = "comparison = compare(recipe, split, trained)"
BASELINES_CODE = "baselines = compute_baselines(split, recipe.training.objective)"


@dataclass(frozen=True)
class Program:
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


def study_state(kind: str, recipe: Recipe, model: str) -> PageState:
    """The page that shows a study, as a state."""
    page, tab = find_page(kind)
    return PageState(recipe, page, tab, model=model)


def parse_program(state: PageState) -> Program:
    """The parts of the program that computes what a page shows."""
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
        elif text != ONE_THREAD:  # which comes once, after the imports
            body.append(text)
    return Program(tuple(imported), replaces, recipe, tuple(shared), tuple(body))


def _assigned(node: ast.stmt) -> str:
    """The name that a statement assigns to; "" for any other."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else ""


def write_imports(programs: Sequence[Program], comparison: Program, more: Iterable[str] = ()) -> str:
    """What a whole experiment imports; the comparison is written in another way than in its program.

    Args:
        programs: All other programs.
        comparison: The program of the comparison.
        more: Other names.
    """
    names = {"compare", "compute_baselines", *(name for program in programs for name in program.imported)}
    names |= ({*comparison.imported} - {"run"}) | {*more}
    lines = ["from dataclasses import replace\n"] if any(one.replaces for one in [*programs, comparison]) else []
    listed = "".join(f"    {name},\n" for name in sorted(names))
    return "\n".join(
        [
            *lines,
            f"from forgetting import (\n{listed})\n",
            f"{ONE_THREAD}  # as the app does: the last digits depend on it",
        ]
    )


def experiment_code(recipe: Recipe, studies: Mapping[str, Recipe], *, model: str = "") -> str:
    """The program of an experiment and its studies; see `notebook_bytes` for the arguments."""
    training, comparison = (parse_program(PageState(recipe, page, model=model)) for page in ("train", "forget"))
    programs = {kind: parse_program(study_state(kind, used, model)) for kind, used in studies.items()}
    parts = [
        write_imports([training, *programs.values()], comparison),
        "\n".join([training.recipe, *training.shared, BASELINES_CODE]),
        "\n".join(["# Before and after randomizing", comparison.recipe, COMPARED]),
        *("\n".join([f"# {STUDY_TITLES[kind]}", program.recipe, *program.body]) for kind, program in programs.items()),
    ]
    return "\n\n".join(parts) + "\n"


def experiment_commands(recipe: Recipe, studies: Mapping[str, Recipe], *, model: str = "") -> str:
    """The commands that compute the comparison and the studies, a line each."""
    lines = [command_line(PageState(recipe, "forget", model=model))]
    for kind, used in studies.items():
        lines.append(command_line(study_state(kind, used, model)).replace(ROWS_FILE, f"{kind}.parquet"))
    return "\n".join(lines)


def studied_recipes(material: Material) -> dict[str, Recipe]:
    """The recipes of the studies of an experiment, by their kinds."""
    return {kind: result.export()[1] for kind, result in material.told_studies.items()}
