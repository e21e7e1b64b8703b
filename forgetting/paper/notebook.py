"""An experiment as a Jupyter notebook that computes it anew and ends in the numbers and charts of the report."""

from __future__ import annotations

from collections.abc import Mapping

import nbformat

from forgetting.paper.program import BASELINES_CODE, COMPARED, parse_program, study_state, write_imports
from forgetting.paper.prose import escape_markdown
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.environment import PROGRAM_VERSION
from forgetting.tracking.page_state import PageState
from forgetting.tracking.run import STUDY_TITLES

SHOWING = {  # names that the cells use besides those of the programs
    "Material",
    "comparison_section",
    "data_section",
    "describe_methods",
    "study_section",
    "training_section",
}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebook_bytes(recipe: Recipe, studies: Mapping[str, Recipe], *, model: str = "") -> bytes:
    """The notebook of an experiment, as the content of a file.

    Args:
        recipe: The recipe, with the randomization of the comparison.
        studies: Recipes of the studies, by their kinds, keys of STUDY_TITLES.
        model: What tells the model from the one that the recipe trains to the end, see `PageState`.
    """
    training, comparison = (parse_program(PageState(recipe, page, model=model)) for page in ("train", "forget"))
    programs = {kind: parse_program(study_state(kind, used, model)) for kind, used in studies.items()}
    found = [training, *programs.values()]
    note = f"\n\nThe numbers are of {escape_markdown(model)}; it is read from a file." if model else ""
    cells = [
        nbformat.v4.new_markdown_cell(
            f"# What a network forgets\n\nWritten by Learning to Forget {PROGRAM_VERSION}. Each cell computes "
            f"what is shown below it; the same recipe gives the same numbers on one machine.{note}"
        ),
        _code(write_imports(found, comparison, SHOWING if programs else SHOWING - {"study_section"})),
        nbformat.v4.new_markdown_cell("## Data and training"),
        _code(
            training.recipe,
            *training.shared,
            BASELINES_CODE,
            "material = Material(recipe, split, trained, baselines)",
            "data_section(material)",
        ),
        _code("training_section(material)"),
        nbformat.v4.new_markdown_cell("## Before and after randomizing"),
        _code(
            comparison.recipe,
            COMPARED,
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


def _code(*statements: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell("\n".join(statements))
