"""A report as PDF, set by Typst from `report.typ`: tagged, with its fonts in it, and the charts of the HTML report."""

from __future__ import annotations

import json
from pathlib import Path

from forgetting.charts.export import FONTS
from forgetting.paper.blocks import ChartPair, Paragraph, PrintedChart, ReportBlock, ResultTable, pair_charts
from forgetting.paper.prose import UNPRINTABLE, Prose, Sentence
from forgetting.paper.report import ExperimentReport

LAYOUT = Path(__file__).with_name("report.typ")
STANDARD = "ua-1"  # of accessible PDF


def report_pdf(report: ExperimentReport) -> bytes:
    """A report as a PDF file for people who read it and for what reads it to them."""
    import typst

    methods = [_plain(Paragraph(sentences)) for sentences in report.methods.paragraphs]
    works = [_plain(Paragraph((Sentence(work.entry),))) for work in report.methods.works]
    sections = [
        *({"title": one.title, "blocks": list(map(_plain, pair_charts(one.blocks)))} for one in report.sections),
        {"title": "Methods", "blocks": methods},
        {"title": "References", "blocks": works},
        *({"title": one.title, "blocks": list(map(_plain, pair_charts(one.blocks)))} for one in report.appendix),
    ]
    values = _printable_values({"title": report.title, "sections": sections})
    layout, options = LAYOUT.read_bytes(), {"font_paths": [str(FONTS)], "sys_inputs": {"report": json.dumps(values)}}
    try:
        return typst.compile(layout, pdf_standards=STANDARD, timestamp=0, **options)
    except typst.TypstError:  # a letter that no font here has, such as one of another script
        return typst.compile(layout, timestamp=0, **options)


def _printable_values(value: object) -> object:
    """Values whose texts hold no sign that cannot be printed."""
    if isinstance(value, str):
        return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {name: _printable_values(each) for name, each in value.items()}
    return [*map(_printable_values, value)] if isinstance(value, list) else value


def _plain(block: ReportBlock | ChartPair) -> dict:
    """A block as plain values for the layout."""
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": Prose((block.sentences,)).plain(), "conclusion": block.conclusion}
    if isinstance(block, ResultTable):
        rows = [list(row) for row in block.rows]
        return {"kind": "table", "caption": block.caption, "columns": list(block.columns), "rows": rows}
    if isinstance(block, ChartPair):
        return {"kind": "pair", "charts": [_plain(block.left), _plain(block.right)]}
    if isinstance(block, PrintedChart):
        return {"kind": "chart", "title": block.title, "caption": block.caption, "wide": block.wide, "svg": block.svg}
    return {"kind": "listing", "caption": block.caption, "text": block.text}
