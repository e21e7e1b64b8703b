"""The published models by epoch: every re-run thin, their median bold, the published values, and the trivial model."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from forgetting.charts.style import CHART_HEIGHT, ORIGINAL, RANDOMIZED, TEXT
from forgetting.charts.vega import CONFIGURATION, PADDING, baseline_rules
from forgetting.experiment.published import PUBLISHED_MODELS, PUBLISHED_TABLE

PUBLISHED_COLOURS = dict(zip(PUBLISHED_MODELS, (ORIGINAL, RANDOMIZED), strict=True))
PART_DASHES = {"training": [5, 3], "validation": [1, 0]}
PART_SHAPES = {"training": "triangle-up", "validation": "diamond"}
PUBLISHED_FORMS = {"loss": ".4f", "bitwise_accuracy": ".1%"}
NAMED_AT = 0.4  # of the epochs, where a model has its name
LEGENDS = 80  # pixels of the two
PALEST = 0.15  # opacity of a re-run among many


def published_chart(
    epochs: pd.DataFrame, metric: str, models: Sequence[str] = PUBLISHED_MODELS, *, published: bool = True
) -> alt.LayerChart:
    """A metric of one or both models by epoch.

    Args:
        epochs: Of `experiment.reproduction.epochs_table`.
        metric: "loss" or "bitwise_accuracy".
        models: Which of PUBLISHED_MODELS to draw.
        published: Whether the re-runs are of the original file, so that the published values are marked.
    """
    rows = epochs.loc[epochs["model"].isin(list(models)), ["seed", "model", "part", "epoch", metric]]
    rows = rows.rename(columns={metric: "value"})
    spread = rows.groupby(["model", "part", "epoch"], sort=False)["value"].agg(["median", "min", "max"]).reset_index()
    first = epochs.iloc[0]
    trivial = f"always 1/{1 / first['trivial_accuracy']:.0f}" if metric == "loss" else "always “no”"
    thin = {"strokeWidth": 0.7, "opacity": max(PALEST, rows["seed"].nunique() ** -0.5)}
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("model", "part")),
        alt.Tooltip("epoch:Q"),
        *(alt.Tooltip(f"{name}:Q", format=PUBLISHED_FORMS[metric]) for name in ("median", "min", "max")),
    ]
    layers = [
        *baseline_rules(
            {trivial: first[f"trivial_{metric}"]}, PUBLISHED_FORMS[metric], length=max(1, rows["value"].max())
        ),
        _curves(rows, "value", metric).mark_line(**thin).encode(detail=alt.Detail("seed:N")),
        _curves(spread, "median", metric).mark_line(strokeWidth=2.6),
        _chart(spread, "median", metric).mark_circle(size=60, opacity=0.001).encode(tooltip=tooltip),
        *_names(spread, metric),
        *([_published_values(models, metric, int(spread["epoch"].max()))] if published else ()),
    ]
    return alt.layer(*layers).configure(**CONFIGURATION).properties(padding=PADDING, height=CHART_HEIGHT + LEGENDS)


def _curves(rows: pd.DataFrame, column: str, metric: str) -> alt.Chart:
    """A column by epoch: the model is the colour, the part the dash."""
    legend = alt.Legend(orient="top", symbolType="stroke", symbolOpacity=1, symbolStrokeColor=TEXT, symbolSize=300)
    dashes = alt.Scale(domain=list(PART_DASHES), range=list(PART_DASHES.values()))
    return _chart(rows, column, metric).encode(
        strokeDash=alt.StrokeDash("part:N", title=None, scale=dashes, legend=legend)
    )


def _chart(rows: pd.DataFrame, column: str, metric: str) -> alt.Chart:
    share = metric == "bitwise_accuracy"
    colours = alt.Scale(domain=list(PUBLISHED_COLOURS), range=list(PUBLISHED_COLOURS.values()))
    return alt.Chart(rows).encode(
        x=alt.X("epoch:Q", title="epoch", scale=alt.Scale(nice=False, zero=False), axis=alt.Axis(tickMinStep=1)),
        y=alt.Y(
            f"{column}:Q",
            title="bitwise accuracy" if share else "loss (nats per review and class)",
            scale=alt.Scale(domain=[0, 1]) if share else alt.Scale(zero=True, nice=True),
            axis=alt.Axis(format=".3~%") if share else alt.Axis(),
        ),
        color=alt.Color("model:N", scale=colours, legend=None),
    )


def _names(spread: pd.DataFrame, metric: str) -> list[alt.Chart]:
    """The name of each model, the upper one's above its re-runs, the lower one's below."""
    rows = spread[spread["epoch"] == max(1, round(NAMED_AT * spread["epoch"].max()))]
    edges = rows.groupby("model", sort=False).agg({"epoch": "first", "min": "min", "max": "max"}).reset_index()
    upper = edges["max"] == edges["max"].max()
    looks = {"align": "center", "fontSize": 12, "fontWeight": "bold"}
    return [
        _chart(edges[chosen], column, metric)
        .mark_text(baseline=baseline, dy=dy, **looks)
        .encode(text=alt.Text("model:N"))
        for chosen, column, baseline, dy in ((upper, "max", "bottom", -6), (~upper, "min", "top", 6))
    ]


def _published_values(models: Sequence[str], metric: str, epoch: int) -> alt.Chart:
    """The published values after the last epoch, each in the shape of its part."""
    values = pd.DataFrame(
        [
            {
                "model": model,
                "name": f"published, {part}",
                "epoch": epoch,
                "value": PUBLISHED_TABLE[model][part, metric],
            }
            for model in models
            for part in PART_SHAPES
        ]
    )
    shapes = alt.Scale(domain=[f"published, {part}" for part in PART_SHAPES], range=list(PART_SHAPES.values()))
    legend = alt.Legend(orient="bottom", symbolFillColor="transparent", symbolStrokeWidth=2)
    tooltip = [
        *(alt.Tooltip(f"{name}:N") for name in ("model", "name")),
        alt.Tooltip("value:Q", title=metric.replace("_", " "), format=PUBLISHED_FORMS[metric]),
    ]
    return (
        _chart(values, "value", metric)
        .mark_point(size=110, strokeWidth=2, filled=False)
        .encode(
            shape=alt.Shape("name:N", title=None, scale=shapes, legend=legend),
            color=alt.ColorValue(TEXT),
            tooltip=tooltip,
        )
    )
