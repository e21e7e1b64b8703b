"""The report as HTML and PDF: what was run, nothing that is run or fetched, and no markup of a file's names."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from paper_cases import HOSTILE, hostile_material, run_all

from forgetting.core.numbers import format_share
from forgetting.data.reviews import Reviews
from forgetting.paper.blocks import PrintedChart
from forgetting.paper.material import Material
from forgetting.paper.report import make_report
from forgetting.paper.report_html import report_html, write_section
from forgetting.paper.report_pdf import report_pdf
from forgetting.paper.sections import data_section
from forgetting.recipe.explanation import ChosenReview
from forgetting.tracking.run import STUDY_TITLES


class Page(HTMLParser):
    """The elements and the texts of a page."""

    def __init__(self, content: bytes):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_names_of_a_file_are_data_in_both_files():
    material = hostile_material()
    report = make_report(material)
    page = Page(report_html(report))
    assert HOSTILE in " ".join(page.texts)
    assert not page.all("b")
    assert not page.all("script")
    content = report_pdf(report)
    assert content.startswith(b"%PDF-")
    assert report_pdf(report) == content  # no time of day is in it
    if shutil.which("pdftotext"):
        read = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
        assert "50% \\of_all{#1} <b>$x^2$</b> @tango1998equivalence" in " ".join(read.stdout.decode().split())


def test_labels_that_no_file_can_hold_do_not_stop_a_report():
    material = hostile_material()
    reviews = material.split.reviews
    odd = Reviews(
        reviews.texts, tuple(f"{label}\0\x1b" for label in reviews.labels), None, reviews.sha256, reviews.report
    )
    material = replace(material, split=replace(material.split, reviews=odd))
    assert report_html(make_report(material)).endswith(b"</html>\n")
    assert report_pdf(make_report(material)).startswith(b"%PDF-")


def test_a_section_shows_itself_in_a_notebook():
    section = data_section(hostile_material())
    assert section._repr_html_() == write_section(section)
    assert section._repr_html_().count("<svg") == sum(isinstance(block, PrintedChart) for block in section.blocks) == 1


@pytest.mark.slow
def test_a_report_holds_what_was_run_beside_baselines_and_no_text_of_a_review():
    material = run_all()
    typed = replace(material.recipe, review=ChosenReview(text="typed in secret"))
    report = make_report(replace(material, recipe=typed))
    content = report_html(report)
    page = Page(content)
    text = " ".join(page.texts)
    titles = [section.title for section in report.sections]
    assert titles == [
        "Summary", "Data", "Model and training", "Before and after randomizing", *STUDY_TITLES.values(),
        "Limits of the claims",
    ]  # fmt: skip
    anchors = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [attributes["href"] for attributes in page.all("a")]
    assert all(link[1:] in anchors for link in links if link.startswith("#"))
    assert all(link.startswith("https://arxiv.org/abs/") for link in links if not link.startswith("#"))
    assert not {tag for tag, _ in page.elements} & {"script", "iframe", "link", "object", "img"}
    assert all("<style>" not in drawing for drawing in re.findall(r"<svg.*?</svg>", content.decode(), re.S))
    charts = [block for section in report.sections for block in section.blocks if isinstance(block, PrintedChart)]
    assert len(page.all("svg")) == len(charts)
    assert sum(attributes.get("class") == "pair" for attributes in page.all("div")) >= 2
    assert "Drawn are the layers that changed, 1 of 2." in text
    assert "Weights before and after" in " ".join(chart.title for chart in charts)
    assert all(attributes["aria-label"] for attributes in page.all("svg"))
    assert all(attributes.get("scope") for attributes in page.all("th"))
    baselines, comparison = material.baselines, material.comparison
    for share in (
        baselines.chance,
        baselines.majority["validation"],
        baselines.linear_svc["validation"],
        comparison.original.scores["validation"].accuracy,
        comparison.randomized.scores["validation"].accuracy,
    ):
        assert format_share(share) in text
    assert material.recipe.hash != typed.hash
    assert "typed in secret" not in text
    assert not any(review in text for review in material.split.reviews.texts)
    assert len(content) < 1_500_000


@pytest.mark.slow
def test_what_was_not_run_is_not_in_a_report():
    material = run_all()
    report = make_report(Material(material.recipe, material.split, material.trained, material.baselines))
    assert [section.title for section in report.sections] == [
        "Summary", "Data", "Model and training", "Limits of the claims"
    ]  # fmt: skip
