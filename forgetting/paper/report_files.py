"""The report of an experiment and its charts, as the files that a log of experiments keeps."""

from collections.abc import Iterator

from forgetting.charts.export import chart_bytes
from forgetting.paper.blocks import PrintedChart
from forgetting.paper.material import Material
from forgetting.paper.report import make_report
from forgetting.paper.report_html import report_html
from forgetting.reporting.captions import slug


def report_files(material: Material) -> Iterator[tuple[str, bytes]]:
    """The charts of a report as PNG, and the report as HTML, by their paths."""
    report = make_report(material)
    charts = [block for section in report.sections for block in section.blocks if isinstance(block, PrintedChart)]
    for number, block in enumerate(charts, 1):
        words = {"title": block.title, "caption": block.caption}
        yield (
            f"charts/{number:02}_{slug(block.title)}.png",
            chart_bytes(block.chart, "png", width="two columns", **words),
        )
    yield "report.html", report_html(report)
