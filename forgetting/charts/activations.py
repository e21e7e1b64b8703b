"""Where reviews lie in a layer of two models, as linked maps of Plotly, and how similar its activations stay."""

import textwrap
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.figure import PlainChart, as_data, plotly_chart, side_by_side
from forgetting.charts.style import BASELINE, CHART_HEIGHT, FRACTION_TITLE, MAP_HEIGHT, SERIES_COLOURS
from forgetting.charts.unlearning import method_colours
from forgetting.charts.vega import CONFIGURATION, PADDING, baseline_rules, series_colour, series_shape
from forgetting.metrics.intervals import Band
from forgetting.randomization.groups import title_place
from forgetting.reporting.names import format_method
from forgetting.studies.activations import ActivationMap
from forgetting.unlearning.task import REFERENCE

GROUP_COLOURS = SERIES_COLOURS[:3]  # of which no two are alike, as small points need
SYMBOLS = ("circle", "diamond-open", "triangle-up", "cross")  # each of as many groups as there are colours
LONG_SET = 16  # letters of a layer set from which a legend has one column
LEGEND_ROW = 20  # pixels
MOST_GROUPS = len(SYMBOLS) * len(GROUP_COLOURS)  # that can be told apart
OTHER_CLASSES = "other classes"
UNCHANGED, FLIPPED = "same class as before", "another class"
HOVERED = 160  # characters of a review that are shown where it is pointed at
LINE = 48  # characters of a line of them
MOST_NAME = 24  # characters of a group's name
METHOD_HEIGHT = 26  # pixels of a method
UNCHOSEN = 0.12  # opacity of the reviews that are not selected


def name_groups(names: Sequence[str]) -> list[str]:
    """The groups of a map in the order of their size, as many as can be told apart."""
    values, counts = np.unique(np.array(names, dtype=object), return_counts=True)
    return values[np.argsort(-counts, kind="stable")][:MOST_GROUPS].tolist()


def describe_point(text: str, *lines: str) -> str:
    """What is shown of a review that is pointed at: how it begins, and lines of its own.

    Args:
        text: Of the review.
        lines: What else is said of it.
    """
    short = " ".join(text[: 4 * HOVERED].split())
    short = short if len(short) <= HOVERED else f"{short[: HOVERED - 1]}…"
    return "<br>".join(as_data(line) for line in [*(textwrap.wrap(short, LINE) or ["(an empty text)"]), *lines])


def map_chart(
    places: ActivationMap,
    names: tuple[Sequence[str], Sequence[str]],
    groups: Sequence[str],
    hovers: Sequence[str],
    chosen: Sequence[int] = (),
    *,
    linked: bool = True,
) -> PlainChart:
    """The two maps side by side on the same axes: the original on the left, the randomized model on the right.

    A point has its position among the reviews as its custom data, which a selection gives back.

    Args:
        places: Where the reviews lie.
        names: The group of each review, in the original's map and in that of the randomized model.
        groups: The groups that have a colour, in their order; the others are grey.
        hovers: What is shown of each review that is pointed at, see `describe_point`.
        chosen: Positions of the reviews that are selected; where there are any, all others fade.
        linked: Whether both maps have the same scales.
    """
    data, drawn = [], set(chosen)
    for axis, points, of_map in zip(("", "2"), (places.original, places.randomized), names, strict=True):
        shown = [name if name in groups else OTHER_CLASSES for name in of_map]
        for name in (*groups, OTHER_CLASSES):
            rows = [row for row, group in enumerate(shown) if group == name]
            if rows or name != OTHER_CLASSES:
                data.append(
                    {
                        "type": "scatter",
                        "mode": "markers",
                        "x": points[rows, 0].round(4),
                        "y": points[rows, 1].round(4),
                        "customdata": rows,
                        "text": [hovers[row] for row in rows],
                        "hovertemplate": "%{text}<extra></extra>",
                        "name": as_data(textwrap.shorten(name, MOST_NAME, placeholder="…") or name[:MOST_NAME]),
                        "legendgroup": name,
                        "showlegend": not axis,
                        "marker": {"size": 7, "opacity": 0.75, **_mark(groups, name)},
                        "selectedpoints": [at for at, row in enumerate(rows) if row in drawn] if drawn else None,
                        "selected": {"marker": {"opacity": 1}},
                        "unselected": {"marker": {"opacity": UNCHOSEN}},
                        "xaxis": f"x{axis}",
                        "yaxis": f"y{axis}",
                    }
                )
    plane = {"zeroline": False, "showgrid": True}
    layout = side_by_side(
        ("original", "randomized"),
        xaxis={"title": {"text": "principal component 1"}, **plane},
        yaxis=plane,
        first={"title": {"text": "principal component 2"}},
        others={"matches": "y", "showticklabels": False} if linked else {},
        gap=0.03 if linked else 0.06,
    )
    if linked:
        layout["xaxis2"]["matches"] = "x"
    return plotly_chart(
        data,
        height=MAP_HEIGHT,
        top=56,  # for the buttons that appear above the titles
        dragmode="lasso",
        showlegend=True,
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "itemsizing": "constant"},
        **layout,
    )


def _mark(groups: Sequence[str], name: str) -> dict:
    """Colour and shape of a group; flipped reviews stand out by their shape as well."""
    if name not in groups or name == UNCHANGED:
        return {"color": BASELINE, "symbol": "x-thin-open" if name == OTHER_CLASSES else "circle"}
    place = [group for group in groups if group != UNCHANGED].index(name)
    return {
        "color": GROUP_COLOURS[place % len(GROUP_COLOURS)],
        "symbol": "diamond" if name == FLIPPED else SYMBOLS[place // len(GROUP_COLOURS)],
    }


def similarity_chart(curves: pd.DataFrame, independent: Band, layer: str) -> alt.LayerChart:
    """Median similarity of a layer by fraction, with a band over seeds, a colour a layer set.

    Dashed, with its band, stands what independently trained models reach.

    Args:
        curves: of `SimilarityResult.curves`, of all layers.
        independent: of the same layer.
        layer: the layer.
    """
    rows = curves[curves["layer"] == layer]
    least = min(0.0, float(np.nanmin([*rows["low"], independent.low, 0.0])))
    long = bool(curves["layers"].str.len().max() > LONG_SET)  # so that the legend stands in one column
    height = CHART_HEIGHT + long * LEGEND_ROW * curves["layers"].nunique()
    scale = alt.Scale(domain=[least, 1], nice=False)
    base = alt.Chart(rows).encode(
        x=alt.X(
            "dose:Q",
            title=FRACTION_TITLE,
            axis=alt.Axis(format=".3~%", tickCount=5),
            scale=alt.Scale(domain=[0, 1]),
        ),
        color=series_colour(curves, "layers", columns=1 if long else 3),
    )
    area = base.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title="similarity (CKA)", scale=scale), y2=alt.Y2("high:Q")
    )
    points = base.mark_point(size=45, filled=True, opacity=1).encode(
        y=alt.Y("median:Q"),
        shape=series_shape(curves, "layers"),
        tooltip=[
            alt.Tooltip("layers:N", title="layers"),
            alt.Tooltip("dose:Q", title=FRACTION_TITLE, format=".3~%"),
            alt.Tooltip("median:Q", title="median", format=".3f"),
            alt.Tooltip("low:Q", title="5 % of seeds", format=".3f"),
            alt.Tooltip("high:Q", title="95 % of seeds", format=".3f"),
            alt.Tooltip("seeds:Q", title="seeds"),
        ],
    )
    layers = [area, base.mark_line(strokeWidth=2.5).encode(y=alt.Y("median:Q")), points]
    if not np.isnan(independent.median):
        band = pd.DataFrame({"low": [independent.low], "high": [independent.high]})
        layers.insert(
            0, alt.Chart(band).mark_rect(color=BASELINE, opacity=0.25).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
        )
        layers += baseline_rules({"trained anew": independent.median}, ".3f", length=1 - least, margin=False)
    title = f"{layer} (the logits)" if layer == curves["layer"].iloc[-1] else title_place(layer)
    return alt.layer(*layers).configure(**CONFIGURATION).properties(title=title, padding=PADDING, height=height)


def layer_similarity_chart(table: pd.DataFrame, layer: str) -> alt.LayerChart:
    """How similar a layer of each method's model is to retraining: a small mark a seed, a large one the median.

    Gold and burgundy rules stand where another retraining and the original do.

    Args:
        table: of `unlearning.representations.similarity_table`, of one set.
        layer: the layer.
    """
    rows = table[(table["layer"] == layer) & table["cka"].notna()]
    rows = rows.assign(
        name=rows["method"].map(format_method), colour=rows["method"].map(method_colours(table["method"]))
    )
    medians = rows.groupby(["method", "name", "colour"], sort=False)["cka"].median().reset_index()
    order = [format_method(method) for method in dict.fromkeys(table["method"])]
    least = min(0.0, float(rows["cka"].min())) if len(rows) else 0.0
    x = alt.X(
        "cka:Q", title="similarity (CKA)", scale=alt.Scale(domain=[least, 1], nice=False), axis=alt.Axis(tickCount=5)
    )
    y = alt.Y("name:N", title=None, scale=alt.Scale(domain=order), axis=alt.Axis(labelLimit=150, domain=False))
    tooltip = [
        alt.Tooltip("name:N", title="method"),
        alt.Tooltip("cka:Q", title="similarity (CKA)", format=".3f"),
    ]
    rules = alt.Chart(medians[medians["method"].isin((REFERENCE, "original"))]).mark_rule(
        strokeDash=[5, 4], strokeWidth=1.5
    )
    seeds = alt.Chart(rows).mark_tick(size=12, thickness=1.5, opacity=0.6)
    middle = alt.Chart(medians).mark_point(size=110, filled=True, opacity=1)
    colour = alt.Color("colour:N", scale=None)
    return (
        alt.layer(
            rules.encode(x=x, color=colour),
            seeds.encode(x=x, y=y, color=colour, tooltip=[*tooltip, alt.Tooltip("seed:Q")]),
            middle.encode(x=x, y=y, color=colour, tooltip=tooltip),
        )
        .configure(**CONFIGURATION)
        .properties(title=layer, padding=PADDING, height=METHOD_HEIGHT * len(order) + 90)
    )
