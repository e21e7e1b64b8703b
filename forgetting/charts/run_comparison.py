"""Two runs in one chart, as Altair charts: A is a line with circles, B a dashed one with squares, each with its letter.

They are told apart without their colours, too: in grey, and by eyes that see fewer of them.
"""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.style import BASELINE, CHART_HEIGHT, PALE, SERIES_COLOURS, TEXT
from forgetting.charts.vega import CONFIGURATION, PADDING, baseline_rules

RUN_LETTERS = ("A", "B")
RUN_COLOURS, RUN_SHAPES, RUN_DASHES = (SERIES_COLOURS[0], SERIES_COLOURS[2]), ("circle", "square"), ([1, 0], [6, 3])
MOST_MARKS = 25  # of a line; of one with more points some have no mark
LETTER_SIZE = 14
RUN_ROW = 26  # pixels of a run
LETTER_WIDTH = 3  # pixels of padding a letter of the longest name, which is written larger on a large screen


def _scales() -> dict[str, alt.Scale]:
    return {
        name: alt.Scale(domain=list(RUN_LETTERS), range=list(values))
        for name, values in (("color", RUN_COLOURS), ("shape", RUN_SHAPES))
    }


def overlaid_chart(
    points: pd.DataFrame,
    baselines: Mapping[str, float],
    *,
    title: str,
    along_title: str,
    form: str,
    fractions: bool = False,
) -> alt.LayerChart:
    """A metric of both runs along fractions or epochs, with bands where there are any.

    Args:
        points: A row a run and point: "run", "along", "median"; "low" and "high" of the band, NaN for none; "part",
            of which the first is thick and others are thin.
        baselines: Dashed grey lines by name.
        title: Of the vertical axis.
        along_title: Of the horizontal axis.
        form: Format of the metric; with a percent sign its axis goes from 0 to 1.
        fractions: Whether the horizontal axis is of fractions.
    """
    share, scales = "%" in form, _scales()
    parts = list(dict.fromkeys(points["part"]))
    base = alt.Chart(points).encode(
        x=alt.X(
            "along:Q",
            title=along_title,
            axis=alt.Axis(format=".3~%", tickCount=10) if fractions else alt.Axis(format=",.0f", tickMinStep=1),
            scale=alt.Scale(domain=[min(0.0, points["along"].min()), points["along"].max()], nice=False),
        ),
        y=alt.Y(
            "median:Q",
            title=title,
            axis=alt.Axis(format=".3~%") if share else alt.Axis(),
            scale=alt.Scale(domain=[0, 1]) if share else alt.Scale(zero=True, nice=True),
        ),
        color=alt.Color("run:N", title=None, scale=scales["color"], legend=_run_legend()),
        detail=[alt.Detail("part:N")],
    )
    lines = base.mark_line().encode(
        strokeDash=alt.StrokeDashValue(RUN_DASHES[0], condition={"test": alt.datum.run == "B", "value": RUN_DASHES[1]}),
        strokeWidth=alt.StrokeWidth(
            "part:N",
            title=None,
            scale=alt.Scale(domain=parts, range=[3.0, *[1.2] * (len(parts) - 1)]),
            legend=alt.Legend(orient="bottom", symbolType="stroke") if len(parts) > 1 else None,
        ),
    )
    marked = points[points["part"] == parts[0]]
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("along:Q", title=along_title, format=".3~%" if fractions else ",.0f"),
        alt.Tooltip("median:Q", title=title, format=form),
    ]
    layers = [*baseline_rules(baselines, form, length=1.0 if share else max(baselines.values(), default=1.0))]
    if points["low"].notna().any():
        layers.append(base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q")))
        tooltip += [alt.Tooltip("low:Q", title="5 % of seeds", format=form)]
        tooltip += [alt.Tooltip("high:Q", title="95 % of seeds", format=form)]
    shape = alt.Shape("run:N", title=None, scale=scales["shape"], legend=_run_legend())
    marks = base.properties(data=_thin(marked)).mark_point(size=55, filled=True, opacity=1)
    letters = [
        base.properties(data=rows)
        .mark_text(dy=dy, fontSize=LETTER_SIZE, fontWeight="bold")
        .encode(text=alt.Text("run:N"))
        for rows, dy in zip(_furthest(marked), (-13, 15), strict=True)
    ]
    return (
        alt.layer(
            *layers,
            lines,
            marks.encode(shape=shape, tooltip=tooltip),
            *letters,
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT)
    )


def _run_legend() -> alt.Legend:
    return alt.Legend(orient="top", symbolOpacity=1, symbolSize=120)


def _thin(points: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_MARKS points of each run, always its first and last."""
    kept = []
    for _, rows in points.groupby("run", sort=False):
        places = np.linspace(0, len(rows) - 1, min(MOST_MARKS, len(rows))).round().astype(int)
        kept.append(rows.iloc[np.unique(places)])
    return pd.concat(kept) if kept else points


def _furthest(points: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The upper and the lower point where both runs are furthest apart, at which their letters stand."""
    table = points.pivot_table(index="along", columns="run", values="median").dropna()
    place = (table.iloc[:, 0] - table.iloc[:, -1]).abs().idxmax() if len(table) else points["along"].max()
    rows = points[points["along"] == place].sort_values("median", ascending=False, kind="stable")
    return rows.head(1), rows.iloc[1:]


def difference_chart(points: pd.DataFrame, *, along_title: str, form: str, fractions: bool) -> alt.LayerChart:
    """The difference of a metric, B less A, at each point with its 95 % interval; what is not shown is pale.

    Args:
        points: A row a point: "along", "change", "low", "high", and "shown", whether the difference is.
        along_title: Of the horizontal axis.
        form: Format of the metric.
        fractions: Whether the horizontal axis is of fractions.
    """
    known, unit = points[np.isfinite(points["low"])].copy(), "B less A"
    if "%" in form:  # a difference of shares is one of points
        known[["change", "low", "high"]] *= 100
        unit, form = "B less A, points", ".1f"
    base = alt.Chart(known).encode(
        x=alt.X(
            "along:Q",
            title=along_title,
            axis=alt.Axis(format=".3~%", tickCount=10) if fractions else alt.Axis(format=",.0f", tickMinStep=1),
            scale=alt.Scale(domain=[min(0.0, points["along"].min()), points["along"].max()], nice=False, padding=6),
        ),
        opacity=alt.OpacityValue(PALE, condition={"test": "datum.shown", "value": 1}),
        tooltip=[
            alt.Tooltip("along:Q", title=along_title, format=".3~%" if fractions else ",.0f"),
            alt.Tooltip("change:Q", title="B less A", format=f"+{form}"),
            alt.Tooltip("low:Q", title="95 % interval from", format=f"+{form}"),
            alt.Tooltip("high:Q", title="to", format=f"+{form}"),
        ],
    )
    y = alt.Y("low:Q", title=unit, axis=alt.Axis(format="+,.2~f"), scale=alt.Scale(zero=True, nice=True))
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=BASELINE, strokeDash=[5, 4], strokeWidth=1.5)
    return (
        alt.layer(
            zero.encode(y=alt.Y("at:Q")),
            base.mark_rule(strokeWidth=2.5, color=TEXT).encode(y=y, y2=alt.Y2("high:Q")),
            base.mark_point(size=70, filled=True, color=TEXT).encode(y=alt.Y("change:Q")),
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT - 100)
    )


def side_by_side_chart(table: pd.DataFrame, baselines: Mapping[str, float], *, title: str, form: str) -> alt.LayerChart:
    """Values of both runs, one below the other, with their intervals or bands.

    Args:
        table: A row a name and run: "name", "run", "value", "low", "high"; NaN for none.
        baselines: Dashed grey lines by name.
        title: Of the horizontal axis.
        form: Format of the values; with a percent sign the axis goes from 0 to 1.
    """
    scales, names = _scales(), list(dict.fromkeys(table["name"]))
    domain = [0, 1] if "%" in form else alt.Undefined
    axis = alt.Axis(format=".3~%") if "%" in form else alt.Axis()
    x = alt.X("value:Q", title=title, axis=axis, scale=alt.Scale(domain=domain, zero=True))
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=170)),
        yOffset=alt.YOffset("run:N", scale=alt.Scale(domain=list(RUN_LETTERS), paddingOuter=0.6)),
        color=alt.Color("run:N", title=None, scale=scales["color"], legend=None),
    )
    tooltip = [
        alt.Tooltip("name:N"),
        alt.Tooltip("run:N"),
        alt.Tooltip("value:Q", title=title, format=form),
        alt.Tooltip("low:Q", format=form),
        alt.Tooltip("high:Q", format=form),
    ]
    lines = pd.DataFrame({"name": [*baselines], "value": [*baselines.values()]})
    rules = alt.Chart(lines).mark_rule(color=BASELINE, strokeDash=[5, 4], strokeWidth=1.5)
    words = alt.Chart(lines).mark_text(color=TEXT, align="left", angle=270, fontSize=11, baseline="middle")
    spans = base.mark_rule(strokeWidth=2.5).encode(x=alt.X("low:Q", title=title), x2=alt.X2("high:Q"))
    shape = alt.Shape("run:N", title=None, scale=scales["shape"], legend=None)
    letters = base.mark_text(fontSize=LETTER_SIZE, fontWeight="bold", dy=-11)
    above = LETTER_WIDTH * max(map(len, baselines), default=0)
    return (
        alt.layer(
            rules.encode(x=alt.X("value:Q"), tooltip=[alt.Tooltip("name:N"), alt.Tooltip("value:Q", format=form)]),
            words.encode(x=alt.X("value:Q"), y=alt.YValue(-6), text=alt.Text("name:N")),
            spans,
            base.mark_point(size=90, filled=True, opacity=1).encode(x=x, shape=shape, tooltip=tooltip),
            letters.encode(x=x, text=alt.Text("run:N")),
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING | {"top": above}, height=alt.Step(RUN_ROW))
    )
