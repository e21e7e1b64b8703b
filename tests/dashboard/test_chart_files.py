"""Every chart of a page can be had as a file, with its points, a caption of its own and a name that says what it is."""

import ast
import io
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from app_pages import app

import forgetting.dashboard.views as views
from forgetting.dashboard.ui import chart_files
from forgetting.dashboard.ui.chart_files import ChartFile
from forgetting.reporting.captions import ChartText

CHARTS = {"altair_chart", "plotly_chart", "vega_lite_chart", "line_chart", "bar_chart", "scatter_chart", "pyplot"}


def drawing_functions() -> dict[str, list[ast.Call]]:
    """All calls of each function of a view that draws a chart."""
    found = {}
    for path in sorted(Path(views.__path__[0]).glob("*.py")):
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            calls = [item for item in ast.walk(function) if isinstance(item, ast.Call)]
            if any(isinstance(call.func, ast.Attribute) and call.func.attr in CHARTS for call in calls):
                found[f"{path.stem}.{getattr(function, 'name', '')}"] = calls
    return found


@pytest.mark.parametrize("name", drawing_functions())
def test_every_view_that_draws_a_chart_offers_it_as_a_file(name):
    offered = [word.arg for call in drawing_functions()[name] for word in call.keywords]
    assert "charts" in offered


@pytest.mark.slow
def test_the_first_screen_offers_its_charts_as_files():
    first = app("overview")
    assert [button.proto.label for button in first.get("download_button")] == ["PNG", "SVG", "PDF", "HTML", "CSV"]
    (caption,) = (code.value for code in first.code if "Wilson" in code.value)
    for part in ("1,206 reviews", "training 964", "validation 242", "split seed 0", "chance 9", "largest class 19"):
        assert part in caption
    for part in (
        "Baselines on validation",
        "LinearSVC 85",
        "90\u00a0% of fc1 by re-randomization",
        "weight by weight",
        "seed 0",
    ):
        assert part in caption


def test_points_stand_beside_what_trivial_models_reach():
    text = ChartText("A title", "A caption.", "stem", {"chance": 0.25})
    content = chart_files._make_table(lambda: pd.DataFrame({"class": ["=1+1"], "accuracy": [0.5]}), text)
    table = pd.read_csv(io.BytesIO(content))
    assert table["chance"].tolist() == [0.25]
    assert table["class"].tolist() == ["'=1+1"]  # in which no spreadsheet finds a formula


def test_a_file_holds_its_title_and_caption():
    chart = alt.Chart(pd.DataFrame({"a": [1]})).mark_bar().encode(x=alt.X("a:Q"))
    text = ChartText("A title", "A caption.", "stem")
    file = ChartFile(lambda: chart, lambda: text)
    svg = chart_files._make_chart(file, "svg", "one column", text).decode()
    assert ">A title<" in svg
    assert ">A caption.<" in svg
