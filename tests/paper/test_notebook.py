"""The notebook: valid, and run from top to bottom it shows what the report shows."""

import json

import nbformat
import pytest
from nbclient import NotebookClient
from paper_cases import HOSTILE, MLP, PUBLISHED_SAMPLE, hostile_material, run_alone

from forgetting import run_sweep
from forgetting.core.seeding import pin_threads
from forgetting.paper.notebook import notebook_bytes
from forgetting.paper.program import studied_recipes
from forgetting.paper.sections import comparison_section
from forgetting.paper.study_sections import study_section
from forgetting.tracking.run import STUDY_TITLES


def cells_of(content: bytes) -> list[dict]:
    book = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(book)
    return book["cells"]


def test_each_study_has_its_cells_and_the_same_notebook_is_the_same_file():
    studies = dict.fromkeys(STUDY_TITLES, MLP)
    content = notebook_bytes(MLP, studies)
    assert content == notebook_bytes(MLP, studies)
    cells = cells_of(content)
    titles = [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]
    assert titles[3:-1] == [f"## {title}" for title in STUDY_TITLES.values()]
    for cell in cells:
        if cell["cell_type"] == "code":
            compile(cell["source"], "cell", "exec")
    compile(cells_of(notebook_bytes(PUBLISHED_SAMPLE, {}))[3]["source"], "cell", "exec")


def test_names_of_a_file_are_literals_of_the_code():
    cells = cells_of(notebook_bytes(hostile_material().recipe, {}, model="a model of `<b>`"))
    assert json.dumps(HOSTILE)[1:-1] in cells[3]["source"]
    assert "<b>" not in cells[0]["source"].replace(r"\<b\>", "")


@pytest.mark.slow
def test_run_from_top_to_bottom_it_shows_what_the_report_shows(monkeypatch):
    pin_threads()
    material = run_alone(MLP)
    trained, plan = material.trained, MLP.sweep
    material.studies["dose"] = run_sweep(trained.model, material.split, plan, recipe=MLP, initial=trained.initial)
    recipes = studied_recipes(material)
    book = nbformat.reads(notebook_bytes(material.recipe, recipes).decode(), as_version=4)
    monkeypatch.setenv("PYTHONPATH", ".")
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": "."}}).execute()
    shown = [
        output["data"]["text/html"]
        for cell in book["cells"]
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    expected = [comparison_section(material), study_section("dose", material.studies["dose"], material)]
    assert shown[2:] == [section._repr_html_() for section in expected]
    assert "Methods" in book["cells"][-2]["source"]
    assert "multilayer perceptron" in book["cells"][-1]["outputs"][0]["text"]
