"""Unlearning as Altair charts: gaps to exact retraining, the trade-off, and what an attacker sees.

Gold is exact retraining, burgundy the original, and each method has the same colour in all charts. Beyond six methods
colours repeat, and shapes tell those of one colour apart in the trade-off. A gold band holds 5–95 % of the gaps between
exact retrainings with different seeds: a gap within it is no gap. What cannot be told from retraining, after correction
for many comparisons, is pale.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.style import BASELINE, CHART_HEIGHT, ORIGINAL, RELEARNED, REVIEW_COLOUR, SERIES_COLOURS, TEXT
from forgetting.charts.vega import CONFIGURATION, PADDING, baseline_rules
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.reporting.formatting import format_gap, format_metric, format_p
from forgetting.reporting.names import METHOD_NAMES, format_method
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.task import REFERENCE

GAP_COLUMNS = {  # of the chart of gaps: the title of each metric, in two lines
    "forget_accuracy": "forget\naccuracy",
    "retain_accuracy": "retain\naccuracy",
    "validation_accuracy": "validation\naccuracy",
    "forget_loss": "forget\nloss",
    "tow": "tug of war\n(ToW)",
    "forget_divergence": "forget\ndivergence",
    "attack_auc": "attack\nAUC",
    "relearn_steps": "steps to\nrelearn",
}
UNDECIDED_OPACITY = 0.35  # opacity of what does not differ
ROW_HEIGHT = 36  # pixels of a method
HALF_COLUMN = 0.46  # of a column's width that the largest gap takes
LEAST_GAP = 0.05  # a gap that takes all of it, where all are smaller
LEAST_AXIS = 0.2  # of the attack's axis, on either side of 0
LOSS_BINS = 40  # of the histograms of losses
MOST_LOSS, LEAST_LOSS = 20.0, 1e-4  # −ln p; losses beyond are counted at these
LOSS_THRESHOLDS = tuple(  # at the edges of the histograms and in the middle between them
    float(f"{loss:.2g}") for loss in np.geomspace(LEAST_LOSS, MOST_LOSS, 2 * LOSS_BINS + 1)[1:-1]
)
SET_STYLES = {  # name and dashes of each set of reviews
    "retain": ("retained", [1, 2]),
    "forget": ("forgotten", [1, 0]),
    "non_members": ("non-members", [6, 3]),
}
RETRAINED = "the reference"  # what the methods are held against
REFERENCE_COLOURS = {RETRAINED: RELEARNED, REFERENCE: RELEARNED, "original": ORIGINAL}  # of no method
LINEAR_WITHIN = 0.1  # points; beyond, the axes of the trade-off are logarithmic
POINTS = tuple(sign * step for sign in (-1, 1) for step in (0, 0.1, 0.3, 1, 3, 10, 30, 100))  # their ticks
SIGNED = "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + abs(datum.value)"
SYMLOG = "(symmetric log scale)"
METHOD_LABEL = f"{json.dumps(METHOD_NAMES)}[datum.label] || replace(datum.label, /_/g, ' ')"  # as `format_method`
OPACITY = alt.OpacityValue(UNDECIDED_OPACITY, condition={"test": "datum.differs", "value": 1})
WIDE = "width > 400"  # whether there is room for the values, and for horizontal titles


def gap_chart(result: UnlearningResult, planned: Sequence[str] = ()) -> alt.LayerChart:
    """A table of methods × metrics: the value, and a bar for its gap to exact retraining, with its band over seeds.

    Each column has its own scale, which stands under its title.

    Args:
        result: What is drawn.
        planned: Methods that have a row even before they have a result, so that the chart stands still meanwhile.
    """
    cells, heads = _gap_cells(result, planned), _gap_heads(result)
    methods = list(dict.fromkeys([*planned, *cells["method"]]))
    y = alt.Y("method:N", scale=alt.Scale(domain=methods), title=None, axis=_method_axis())
    x = alt.X("middle:Q", title=None, axis=None, scale=alt.Scale(domain=[0, len(GAP_COLUMNS)], nice=False))
    tooltip = [
        alt.Tooltip("name:N", title="method"),
        alt.Tooltip("title:N", title="metric"),
        alt.Tooltip("value_text:N", title="median"),
        alt.Tooltip("retrained_text:N", title="exact retraining"),
        alt.Tooltip("gap_text:N", title="gap"),
        alt.Tooltip("band:N", title="gap, 5–95 % of seeds"),
        alt.Tooltip("interval:N", title="mean gap, 95 % interval"),
        alt.Tooltip("p_text:N", title="adjusted p"),
        alt.Tooltip("seeds:Q"),
        alt.Tooltip("missing:N"),
    ]
    base = alt.Chart(cells).encode(y=y, tooltip=tooltip)
    known = base.transform_filter("isValid(datum.gap)")
    floor = (
        alt.Chart(heads)
        .mark_rect(color=RELEARNED, opacity=0.3, aria=False)
        .encode(x=alt.X("floor_low:Q", axis=None, title=None), x2=alt.X2("floor_high:Q"))
    )
    zero = known.mark_tick(orient="vertical", size=16, thickness=2, color=RELEARNED, opacity=1, yOffset=7).encode(x=x)
    bars = base.mark_bar(height=8, yOffset=7).encode(
        x=x, x2=alt.X2("end:Q"), color=alt.Color("colour:N", scale=None), opacity=OPACITY
    )
    spans = base.mark_rule(strokeWidth=1.5, color=BASELINE, yOffset=7).encode(
        x=alt.X("low_end:Q", axis=None, title=None), x2=alt.X2("high_end:Q")
    )
    shown = alt.ExprRef(f"{WIDE} ? 1 : 0")
    texts = base.mark_text(fontSize=11, dy=-7, opacity=shown).encode(
        x=x, text=alt.Text("value_text:N"), color=alt.ColorValue(TEXT)
    )
    bold = {"fontWeight": "bold", "color": TEXT}
    titles = alt.Chart(heads).mark_text(fontSize=11, baseline="bottom", lineBreak="\n", opacity=shown, **bold)
    size = alt.ExprRef(f"{WIDE} ? 0 : 11")  # 0, as invisible text would take room
    upright = alt.Chart(heads).mark_text(
        fontSize=size, opacity=alt.ExprRef(f"{WIDE} ? 0 : 1"), baseline="middle", align="left", angle=270, **bold
    )
    scales = alt.Chart(heads).mark_text(fontSize=11, baseline="bottom", lineBreak="\n", color=TEXT, opacity=shown)
    return (
        alt.layer(
            floor,
            bars,
            spans,
            zero,
            texts,
            titles.encode(x=x, y=alt.YValue(-42), text=alt.Text("title:N")),
            upright.encode(x=x, y=alt.YValue(-6), text=alt.Text("line:N")),
            scales.encode(x=x, y=alt.YValue(-14), text=alt.Text("scale:N")),
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=alt.Step(ROW_HEIGHT))
    )


def _gap_cells(result: UnlearningResult, planned: Sequence[str]) -> pd.DataFrame:
    """Positions of each cell's bar and its texts, in columns of width 1."""
    table, scales = result.gaps[result.gaps["metric"].isin(GAP_COLUMNS)].copy(), _column_scales(result)
    positions = {metric: index for index, metric in enumerate(GAP_COLUMNS)}
    table["name"] = table["method"].map(format_method)
    table["middle"] = table["metric"].map(positions) + 0.5
    table["title"] = table["metric"].map(GAP_COLUMNS).str.replace("\n", " ")
    for name, end in (("gap", "end"), ("gap_low", "low_end"), ("gap_high", "high_end")):
        table[end] = table["middle"] + (table[name] / table["metric"].map(scales)).clip(-1, 1) * HALF_COLUMN
    table["value_text"] = [
        format_metric(metric, value) for metric, value in zip(table["metric"], table["value"], strict=True)
    ]
    table["retrained_text"] = [
        "–" if np.isnan(value) else format_metric(metric, value)
        for metric, value in zip(table["metric"], table["retrained"], strict=True)
    ]
    table["gap_text"] = [format_gap(metric, gap) for metric, gap in zip(table["metric"], table["gap"], strict=True)]
    table["band"] = [
        f"{format_gap(metric, low)} to {format_gap(metric, high)}"
        for metric, low, high in zip(table["metric"], table["gap_low"], table["gap_high"], strict=True)
    ]
    table["interval"] = [
        "–" if np.isnan(change) else f"{format_gap(metric, low)} to {format_gap(metric, high)}"
        for metric, change, low, high in zip(
            table["metric"], table["change"], table["change_low"], table["change_high"], strict=True
        )
    ]
    table["p_text"] = table["adjusted_p"].map(format_p)
    table["differs"] = table["adjusted_p"] <= SIGNIFICANT
    table["colour"] = table["method"].map(method_colours([*planned, *table["method"]]))
    return table


def method_colours(names: Iterable[str]) -> dict[str, str]:
    """The colour of each model or method. The program's methods have theirs in all charts; others take what follows."""
    methods = [name for name in dict.fromkeys([*METHOD_NAMES, *names]) if name not in REFERENCE_COLOURS]
    return REFERENCE_COLOURS | {name: SERIES_COLOURS[index % len(SERIES_COLOURS)] for index, name in enumerate(methods)}


def _gap_heads(result: UnlearningResult) -> pd.DataFrame:
    """Each column's title, its scale and, where retraining is among the methods, the band of its gaps."""
    scales, gaps = _column_scales(result), result.gaps.set_index(["method", "metric"])
    lines = []
    for index, (metric, title) in enumerate(GAP_COLUMNS.items()):
        low = high = np.nan
        if (REFERENCE, metric) in gaps.index:
            low, high = (gaps.loc[(REFERENCE, metric)][name] / scales[metric] for name in ("gap_low", "gap_high"))
        # No gap at all is always within it, however few the seeds are.
        ends = {
            "floor_low": index + 0.5 + np.clip(low, -1, 0) * HALF_COLUMN,
            "floor_high": index + 0.5 + np.clip(high, 0, 1) * HALF_COLUMN,
        }
        lines.append(
            {
                "middle": index + 0.5,
                "title": title,
                "line": title.replace("\n", " "),
                "scale": f"axis ±\n{format_gap(metric, scales[metric])[1:]}",
                **ends,
            }
        )
    return pd.DataFrame(lines)


def _column_scales(result: UnlearningResult) -> dict[str, float]:
    """The gap that fills each column: the largest of its medians. Longer bands end at the side of the column."""
    table = result.gaps
    scales = {}
    for metric in GAP_COLUMNS:
        largest = table.loc[table["metric"] == metric, "gap"].abs().max()
        scales[metric] = max(LEAST_GAP, 0.0 if np.isnan(largest) else largest)
    return scales


def _method_axis() -> alt.Axis:
    return alt.Axis(labelLimit=150, domain=False, labelExpr=METHOD_LABEL)


def trade_off_chart(result: UnlearningResult, across: str = "retain") -> alt.LayerChart:
    """Gaps to exact retraining: forget accuracy against retain or validation accuracy.

    A small mark is a seed, a large one the median; the gold star at 0 is exact retraining, which a method should come
    near to. Most methods differ by few points and some by nearly all, so both axes are symmetric logarithms.

    Args:
        result: of the comparison.
        across: "retain" or "validation".
    """
    points = trade_off_points(result, across).assign(name=lambda frame: frame["method"].map(format_method))
    names = list(dict.fromkeys(points["method"]))
    colours = method_colours(names)
    middles = points.groupby(["method", "name"], sort=False)[["x", "y", "across", "forget"]].median().reset_index()
    colour = alt.Color(
        "method:N",
        title=None,
        scale=alt.Scale(domain=names, range=[colours[name] for name in names]),
        legend=alt.Legend(
            orient="bottom",
            columns=alt.ExprRef("width > 560 ? 4 : width > 400 ? 3 : 2"),  # beside it a phone had no room for the plot
            symbolOpacity=1,
            symbolStrokeWidth=0,
            symbolSize=90,
            labelExpr=METHOD_LABEL,
        ),
    )
    shape = alt.Shape("method:N", title=None, scale=alt.Scale(domain=names, range=_method_shapes(names)))
    axis = alt.Axis(values=POINTS, labelExpr=SIGNED, labelOverlap=True)
    star = middles[middles["method"] == RETRAINED]
    trivial = {"chance": result.chance, "largest class": result.majority["forget"]}
    lines = {name: 100 * (value - star["forget"].iloc[0]) for name, value in trivial.items()}
    least = (-2 * LINEAR_WITHIN, 2 * LINEAR_WITHIN)
    scales = {
        name: alt.Scale(
            type="symlog",
            constant=LINEAR_WITHIN,
            domain=[end(found) for end in (np.nanmin, np.nanmax)],
            nice=False,
            padding=18,
        )
        for name, found in (("x", [*least, *points["x"]]), ("y", [*least, *points["y"], *lines.values()]))
    }
    axes = {
        "x": alt.X("x:Q", title=[f"gap in {across} accuracy, points", SYMLOG], axis=axis, scale=scales["x"]),
        "y": alt.Y("y:Q", title=["gap in forget accuracy, points", SYMLOG], axis=axis, scale=scales["y"]),
    }
    tooltip = [
        alt.Tooltip("name:N", title="method"),
        alt.Tooltip("across:Q", title=f"{across} accuracy", format=".1%"),
        alt.Tooltip("x:Q", title="gap, points", format="+.1f"),
        alt.Tooltip("forget:Q", title="forget accuracy", format=".1%"),
        alt.Tooltip("y:Q", title="gap, points", format="+.1f"),
    ]
    seeds = alt.Chart(points).mark_point(size=28, filled=True, opacity=0.45)
    medians = alt.Chart(middles).mark_point(size=190, filled=True, opacity=1, stroke="white", strokeWidth=1)
    cross = alt.Chart(star).mark_rule(color=RELEARNED, strokeDash=[3, 3], opacity=0.8)
    aim = alt.Chart(star).mark_point(size=420, filled=True, opacity=1, stroke="white", strokeWidth=1)
    return (
        alt.layer(
            *baseline_rules(lines, "+.1f", symlog=LINEAR_WITHIN, margin=False),
            cross.encode(y=alt.Y("y:Q")),
            cross.encode(x=alt.X("x:Q")),
            seeds.encode(**axes, color=colour, shape=shape, tooltip=[*tooltip, alt.Tooltip("seed:Q")]),
            medians.encode(**axes, color=colour, shape=shape, tooltip=tooltip),
            aim.encode(**axes, color=colour, shape=shape, tooltip=tooltip),  # last, so that nothing hides it
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=CHART_HEIGHT + 80)
    )


def trade_off_points(result: UnlearningResult, across: str) -> pd.DataFrame:
    """A row a model and seed: both accuracies, and their gaps to exact retraining in points (`x` and `y`)."""
    frame = result.frame
    columns = {"across": f"{across}_accuracy", "forget": "forget_accuracy"}
    unlearned = frame[["method", "seed"]].assign(**{name: frame[column] for name, column in columns.items()})
    retrained = frame[["seed"]].assign(
        method=RETRAINED, **{name: frame[f"retrained_{column}"] for name, column in columns.items()}
    )
    points = pd.concat([retrained.drop_duplicates("seed"), unlearned], ignore_index=True)
    same = pd.concat([retrained.drop_duplicates("seed"), retrained], ignore_index=True)
    return points.assign(x=100 * (points["across"] - same["across"]), y=100 * (points["forget"] - same["forget"]))


def _method_shapes(names: Sequence[str]) -> list[str]:
    star = "M0,-1L0.23,-0.31L0.95,-0.31L0.36,0.12L0.59,0.81L0,0.38L-0.59,0.81L-0.36,0.12L-0.95,-0.31L-0.23,-0.31Z"
    others = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right", "triangle-left")
    return [star if name == RETRAINED else others[index % len(others)] for index, name in enumerate(names)]


def loss_shares(losses: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The share of the reviews of each set whose loss lies in each range; `loss` is the middle of a range.

    Args:
        losses: See `losses_chart`.
    """
    edges = np.linspace(np.log10(LEAST_LOSS), np.log10(MOST_LOSS), LOSS_BINS + 1)
    tables = []
    for name, (title, _) in SET_STYLES.items():
        values = losses[name][np.isfinite(losses[name])].astype(float)  # a float32 may lie beyond the last edge
        counts = np.histogram(np.log10(np.clip(values, LEAST_LOSS, MOST_LOSS)), edges)[0]
        shares = counts / max(len(values), 1)
        tables.append(pd.DataFrame({"set": title, "loss": 10 ** ((edges[:-1] + edges[1:]) / 2), "share": shares}))
    return pd.concat(tables, ignore_index=True)


def losses_chart(
    losses: Mapping[str, np.ndarray], threshold: float | None = None, *, most: float | None = None
) -> alt.LayerChart:
    """Histograms of the losses of retained, forgotten and non-member reviews, on a logarithmic axis.

    Where the forgotten reviews lie over the non-members, an attack finds nothing.

    Args:
        losses: −ln p of the true class of each review, by set.
        threshold: The highest loss that an attacker calls a member's, which is marked; None for none.
        most: The largest share on the axis, for charts that are to be compared; None for the largest that there is.
    """
    titles, dashes = zip(*SET_STYLES.values(), strict=True)
    base = alt.Chart(loss_shares(losses)).encode(
        x=alt.X(
            "loss:Q",
            title="loss (−ln p of the true class)",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(format="~g", values=[0.001, 0.01, 0.1, 1, 10]),
        ),
        y=alt.Y(
            "share:Q",
            title="share of the reviews",
            axis=alt.Axis(format=".3~%"),
            stack=None,
            scale=alt.Scale(domain=[0, most]) if most else alt.Undefined,
        ),
        strokeDash=alt.StrokeDash(
            "set:N",
            title=None,
            scale=alt.Scale(domain=titles, range=dashes),
            legend=alt.Legend(
                orient="top",
                columns=2,
                symbolType="stroke",
                symbolStrokeWidth=3,
                symbolOpacity=1,
            ),
        ),
        tooltip=[alt.Tooltip("set:N"), alt.Tooltip("loss:Q", format=".2g"), alt.Tooltip("share:Q", format=".1%")],
    )
    forgotten = base.transform_filter(alt.datum.set == SET_STYLES["forget"][0])
    area = forgotten.mark_area(interpolate="step", opacity=0.25, color=REVIEW_COLOUR)
    line = base.mark_line(interpolate="step", strokeWidth=2, color=REVIEW_COLOUR)
    layers = [area, line]
    if threshold is not None:
        marked = alt.Chart(pd.DataFrame({"at": [threshold], "name": ["← called members"]}))
        name = marked.mark_text(align="right", baseline="top", dx=-2, dy=2, color=TEXT)
        layers += [
            marked.mark_rule(color=TEXT, strokeWidth=2).encode(x=alt.X("at:Q")),
            name.encode(x=alt.X("at:Q"), y=alt.YValue(0), text=alt.Text("name:N")),
        ]
    return alt.layer(*layers).configure(**CONFIGURATION).properties(padding=PADDING, height=CHART_HEIGHT - 60)


def attack_points(result: UnlearningResult) -> pd.DataFrame:
    """The attack's AUC on each method, beside that on retrained models: a row a method of which both are known.

    Returns:
        Columns "method"; "attack_auc" and "retrained", medians over seeds; "change", "change_low" and "change_high",
        the mean difference of the two with its 95 % interval over models and reviews; "adjusted_p".
    """
    found = result.gaps[(result.gaps["metric"] == "attack_auc") & result.gaps["change"].notna()]
    columns = ["method", "value", "retrained", "change", "change_low", "change_high", "adjusted_p"]
    return found[columns].rename(columns={"value": "attack_auc"}).reset_index(drop=True)


def attack_chart(result: UnlearningResult) -> alt.LayerChart:
    """A forest plot of the attack's AUC less that on retrained models, with its 95 % interval."""
    table = attack_points(result)
    table["colour"] = table["method"].map(method_colours(result.gaps["method"]))
    table["name"], table["p_text"] = table["method"].map(format_method), table["adjusted_p"].map(format_p)
    table["differs"] = table["adjusted_p"] <= SIGNIFICANT
    base = alt.Chart(table).encode(
        y=alt.Y("method:N", title=None, sort=None, axis=_method_axis()),
        color=alt.Color("colour:N", scale=None),
        opacity=OPACITY,
        tooltip=[
            alt.Tooltip("name:N", title="method"),
            alt.Tooltip("attack_auc:Q", title="AUC, median over seeds", format=".3f"),
            alt.Tooltip("retrained:Q", title="exact retraining", format=".3f"),
            alt.Tooltip("change:Q", title="mean gap", format="+.3f"),
            alt.Tooltip("change_low:Q", title="95 % interval from", format="+.3f"),
            alt.Tooltip("change_high:Q", title="to", format="+.3f"),
            alt.Tooltip("p_text:N", title="adjusted p"),
        ],
    )
    title = ["attack AUC less that", "after exact retraining"]
    ends = [min(-LEAST_AXIS, table["change_low"].min()), max(LEAST_AXIS, table["change_high"].max())]
    scale = alt.Scale(domain=ends)
    marks = pd.DataFrame({"at": [0.0], "name": ["exact retraining"]})
    line = alt.Chart(marks).mark_rule(color=RELEARNED, strokeWidth=2).encode(x=alt.X("at:Q"))
    name = (
        alt.Chart(marks)
        .mark_text(color=TEXT, baseline="bottom")
        .encode(x=alt.X("at:Q"), y=alt.YValue(-3), text=alt.Text("name:N"))
    )
    axis = alt.Axis(tickCount=6, format="+~g")
    low = alt.X("change_low:Q", title=title, scale=scale, axis=axis)
    span = base.mark_rule(strokeWidth=2.5).encode(x=low, x2=alt.X2("change_high:Q"))
    point = base.mark_point(filled=True, size=90).encode(x=alt.X("change:Q", title=title, scale=scale, axis=axis))
    return (
        alt.layer(line, span, point, name).configure(**CONFIGURATION).properties(padding=PADDING, height=alt.Step(26))
    )
