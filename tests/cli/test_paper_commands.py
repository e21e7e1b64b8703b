"""The commands `report` and `notebook`: files of the kind that their names say, and refusals before any work."""

import json

import pytest
from commands import (
    call_in_this_process,  # noqa: F401
    refused_before_training,  # noqa: F401
    write_recipes,
    write_reviews,
)

from forgetting.core.numbers import format_share
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import run
from forgetting.recipe.recipe import Recipe

QUICK = {"training": {"epochs": 5}, "randomization": {"layers": ["fc1"], "fraction": 0.9}, "sweep": {"seeds": 2}}


@pytest.fixture(scope="module")
def folder(small_reviews, tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    write_reviews(folder / "wine.csv", small_reviews, small_reviews.labels)
    write_recipes(folder, {"quick.json": QUICK})
    return folder


@pytest.mark.slow
def test_a_report_is_of_what_the_library_computes(call, folder):
    arguments = ("--data", "wine.csv", "--recipe", "quick.json", "--study", "robustness", "--out", "report.html")
    status, out, _ = call("report", *arguments)
    assert (status, out) == (0, "The report is in report.html\n")
    text = (folder / "report.html").read_text()
    result = run(Recipe.from_dict(QUICK), read_reviews(folder / "wine.csv"))
    accuracy = result.comparison.randomized.scores["validation"].accuracy
    assert f"{format_share(accuracy)} (" in text
    assert "Robustness</h2>" in text
    assert "Savings</h2>" not in text


def test_a_notebook_is_of_the_recipe_and_trains_nothing(call, folder):
    status, out, _ = call(
        "notebook", "--data", "wine.csv", "--recipe", "quick.json", "--study", "dose,savings", "--out", "x.ipynb"
    )
    assert (status, out) == (0, "The notebook is in x.ipynb\n")
    sources = ["".join(cell["source"]) for cell in json.loads((folder / "x.ipynb").read_text())["cells"]]
    assert any('read_reviews("wine.csv")' in source for source in sources)
    assert sum("study_section(" in source for source in sources) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "--out", "report.docx"), "--out must end with .html, .pdf"),
        (("notebook", "--out", "nowhere/x.ipynb"), "no 'nowhere'"),
        (("report", "--study", "doses", "--out", "r.html"), "got 'doses'"),
        (("report", "--protocol", "published", "--study", "dose", "--out", "r.pdf"), "no studies"),
    ],
)
def test_bad_options_are_refused_before_training(refused, arguments, said):
    assert said in refused(*arguments, *(("--data", "wine.csv") if "published" not in arguments else ()))
