"""What a report is made of: sections of sentences, tables, charts and code, of which writers make HTML and PDF."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from forgetting.paper.prose import Sentence

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Paragraph:
    """A paragraph.

    Attributes:
        sentences: What it says; a sentence of results cites nothing.
        conclusion: Whether it says what was found, and so stands out.
    """

    sentences: tuple[Sentence, ...]
    conclusion: bool = False


@dataclass(frozen=True)
class ResultTable:
    """A table.

    Attributes:
        caption: What it shows.
        columns: Titles of the columns; the first column names the rows.
        rows: Cells, as they are shown.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class PrintedChart:
    """A chart.

    Attributes:
        chart: The chart.
        title: What it shows.
        caption: What its bands and lines are, and what it is of.
        wide: Whether it takes both columns of a page.
    """

    chart: alt.TopLevelMixin
    title: str
    caption: str
    wide: bool = True

    @cached_property
    def svg(self) -> str:
        """Its drawing, as wide as it is printed."""
        from forgetting.charts.export import chart_bytes

        return chart_bytes(self.chart, "svg", width="two columns" if self.wide else "one column").decode()


@dataclass(frozen=True, eq=False)
class ChartPair:
    """Two charts of one column each, which stand side by side where there is room."""

    left: PrintedChart
    right: PrintedChart


@dataclass(frozen=True)
class Listing:
    """Code, or other text whose lines stay as they are.

    Attributes:
        caption: What it is.
        text: The text.
    """

    caption: str
    text: str


ReportBlock = Paragraph | ResultTable | PrintedChart | Listing


@dataclass(frozen=True, eq=False)
class ReportSection:
    """A section of a report. In a notebook it shows itself as it stands in the report.

    Attributes:
        title: Its heading.
        blocks: What it holds.
    """

    title: str
    blocks: tuple[ReportBlock, ...]

    def _repr_html_(self) -> str:
        from forgetting.paper.report_html import write_section

        return write_section(self)


def pair_charts(blocks: Iterable[ReportBlock]) -> list[ReportBlock | ChartPair]:
    """Blocks of which two charts of one column that follow each other are a pair."""
    found: list[ReportBlock | ChartPair] = []
    for block in blocks:
        if found and all(isinstance(each, PrintedChart) and not each.wide for each in (found[-1], block)):
            found[-1] = ChartPair(found[-1], block)
        else:
            found.append(block)
    return found


def paragraph(*texts: str, conclusion: bool = False) -> tuple[Paragraph, ...]:
    """A paragraph of texts; none where all of them are empty."""
    told = tuple(Sentence(line) for text in texts for line in text.splitlines() if line)
    return (Paragraph(told, conclusion),) if told else ()
