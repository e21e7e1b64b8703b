"""A report as one HTML file: charts as drawings in it, no script, and nothing that is fetched."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from forgetting.paper.bibliography import BIBLIOGRAPHY, Reference
from forgetting.paper.blocks import ChartPair, Listing, Paragraph, PrintedChart, ReportSection, ResultTable, pair_charts
from forgetting.paper.prose import UNPRINTABLE, Prose, write_sentence
from forgetting.paper.report import ExperimentReport

STYLE = Path(__file__).with_name("report.css")
FONT_STYLE = re.compile(r"<style>(@font-face.*?)</style>", re.DOTALL)  # which each chart brings along
POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:"


def report_html(report: ExperimentReport) -> bytes:
    """A report as an HTML file of its own, which opens offline and runs nothing."""
    parts = [
        *((section.title, write_blocks(section)) for section in report.sections),
        ("Methods", _methods(report.methods)),
        ("References", _references(report.methods.works)),
        *((section.title, write_blocks(section)) for section in report.appendix),
    ]
    contents = "".join(f'<li><a href="#{_anchor(title)}">{escape(title)}</a></li>' for title, _ in parts)
    body = "".join(f'<section><h2 id="{_anchor(title)}">{escape(title)}</h2>{text}</section>' for title, text in parts)
    fonts, body = _share_font(body)
    text = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{fonts}{STYLE.read_text(encoding='utf-8')}</style></head>"
        f"<body><h1>{escape(report.title)}</h1>"
        f'<nav aria-label="Contents"><ul>{contents}</ul></nav><main>{body}</main></body></html>\n'
    )
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text).encode()


def write_section(section: ReportSection) -> str:
    """A section by itself, for a notebook."""
    fonts, body = _share_font(write_blocks(section))
    return f"<style>{fonts}</style><h2>{escape(section.title)}</h2>{body}"


def write_blocks(section: ReportSection) -> str:
    """What a section holds, as HTML."""
    return "".join(WRITERS[type(block)](block) for block in pair_charts(section.blocks))


def _share_font(text: str) -> tuple[str, str]:
    """The font of all charts once, and the text without it."""
    return "".join(dict.fromkeys(FONT_STYLE.findall(text))), FONT_STYLE.sub("", text)


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _paragraph(block: Paragraph) -> str:
    text = " ".join(write_sentence(sentence, escape, _cite) for sentence in block.sentences)
    return f"<p{' class=conclusion' * block.conclusion}>{text}</p>"


def _cite(works: tuple[str, ...]) -> str:
    named = (f'<a href="#{key}">{escape(BIBLIOGRAPHY[key].names)}, {BIBLIOGRAPHY[key].year}</a>' for key in works)
    return f" ({'; '.join(named)})"


def _table(block: ResultTable) -> str:
    heads = "".join(f'<th scope="col">{escape(column)}</th>' for column in block.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for first, *cells in block.rows
    )
    caption = f"<caption>{escape(block.caption)}</caption>"
    return f'<div class="scroll"><table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _chart(block: PrintedChart) -> str:
    drawing = block.svg.replace(
        "<svg ", f'<svg role="img" aria-label="{escape(f"{block.title}. {block.caption}")}" ', 1
    )
    look = "" if block.wide else ' class="narrow"'
    text = f"<strong>{escape(block.title)}.</strong> {escape(block.caption)}"
    return f"<figure{look}>{drawing}<figcaption>{text}</figcaption></figure>"


def _pair(block: ChartPair) -> str:
    return f'<div class="pair">{_chart(block.left)}{_chart(block.right)}</div>'


def _listing(block: Listing) -> str:
    return f"<p>{escape(block.caption)}</p><pre><code>{escape(block.text)}</code></pre>"


WRITERS = {Paragraph: _paragraph, ResultTable: _table, PrintedChart: _chart, ChartPair: _pair, Listing: _listing}


def _methods(prose: Prose) -> str:
    return "".join(_paragraph(Paragraph(sentences)) for sentences in prose.paragraphs)


def _references(works: tuple[Reference, ...]) -> str:
    items = (f'<li id="{work.key}">{_link(work)}</li>' for work in works)
    return f'<ul class="references">{"".join(items)}</ul>'


def _link(work: Reference) -> str:
    text = escape(work.entry)
    return f'{text} <a href="{escape(work.url)}">{escape(work.url)}</a>' if "eprint" in work.fields else text
