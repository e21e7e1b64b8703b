"""What a sweep shows: curves, heat map, cascades, half-way doses, and the current fraction on its curve."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from forgetting.charts import dose_response as dose_response_charts
from forgetting.charts.dose_response import PICK, MetricStyle, metric_style
from forgetting.charts.style import FRACTION_TITLE
from forgetting.core.errors import ForgettingError
from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel, assign, session
from forgetting.dashboard.studies import sweep
from forgetting.dashboard.studies.panel import downloads, start_study
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.navigation import PAGES
from forgetting.dashboard.ui.randomization_form import can_choose
from forgetting.dashboard.ui.tables import BAND_TITLES, chart_table
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.model.settings import OBJECTIVES
from forgetting.randomization.settings import ALL
from forgetting.recipe import url
from forgetting.recipe.plans import LAYER_SEPARATOR
from forgetting.reporting import dose_response as dose_response_sentences
from forgetting.reporting.comparison import FORGETTING_SCALE
from forgetting.reporting.formatting import format_fraction, format_share
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_scheme, name_metric
from forgetting.studies.dose_response import HalfWay, cascade_curves, curves, half_way

METRIC_GROUPS = {  # metrics that are drawn side by side, by the name of the group
    "accuracy": ("accuracy",),
    "loss, raw and temperature-scaled": ("loss", "temperature_scaled_loss"),
    "collapse": ("most_predicted_share", "entropy"),
    "forgetting, macro-F1": ("forgetting", "macro_f1"),
    "beside the original": ("agreement", "divergence"),
}
FRACTIONS_AS_TEXT = {FRACTION_TITLE: format_fraction}
SHARES_OF_A_BAND = dict.fromkeys(BAND_TITLES.values(), format_share)
SIDE_BY_SIDE = {"layer sets": ("layers", "scheme"), "schemes": ("scheme", "layers")}  # column coloured, column fixed


def curves_view(study: Study, baselines: Baselines) -> None:
    """Curves of the layer sets for one scheme, or of the schemes for one layer set, by fraction or by equal change."""
    frame, match = study.result.frame, study.plan.match
    key = f"curves_{match}"
    with st.container(horizontal=True):
        group = st.selectbox(
            "Metric",
            list(METRIC_GROUPS),
            key=f"{key}_metric",
            persist_state="session",
            help=explain("Metric"),
            width=220,
        )
        beside = st.segmented_control(
            "Side by side",
            list(SIDE_BY_SIDE),
            default=next(iter(SIDE_BY_SIDE)) if match == "dose" else "schemes",
            required=True,
            key=f"{key}_beside",
            persist_state="session",
            help=explain("Side by side"),
        )
        by, fixed = SIDE_BY_SIDE[beside or "schemes"]
        rows = _one_of(frame, fixed, f"{key}_{fixed}")
    if match == "dose":
        conclude(
            dose_response_sentences.describe_half_way(
                _half_ways(study, rows), baselines, rows["validation_accuracy_before"].median()
            ),
            "fraction randomized",
            "half-way fraction (D50)",
            "95 % interval",
            "band",
        )
    else:
        conclude(
            dose_response_sentences.describe_matched(curves(rows), rows, baselines, by),
            "equal ‖ΔW‖",
            "fraction randomized",
            "band",
        )
    _draw_metrics(study, rows, baselines, METRIC_GROUPS[group], by=by, key=key)


def _half_ways(study: Study, rows: pd.DataFrame) -> tuple[HalfWay, ...]:
    """Half-way doses of rows; their intervals only once the study has ended or is stopped, as they take long."""
    return half_way(rows, planned_doses=study.plan.doses)


def _one_of(frame: pd.DataFrame, column: str, key: str) -> pd.DataFrame:
    """The rows of one scheme or layer set, and of one unit, with pills to choose among them."""
    kinds = list(dict.fromkeys(zip(frame[column], frame["unit"], strict=True)))
    several_units = len({unit for _, unit in kinds}) > 1
    titles = {f"{name}, {unit}" if several_units else name: (name, unit) for name, unit in kinds}
    first = next(iter(titles))
    label = "Scheme" if column == "scheme" else "Layers"
    title = st.pills(
        label,
        list(titles),
        default=first,
        required=True,
        format_func=lambda title: ", ".join([format_scheme(titles[title][0]), *title.split(", ")[1:]]),
        help=explain(label),
        key=key,
        persist_state="session",
    )
    name, unit = titles.get(title, titles[first])
    return frame[(frame[column] == name) & (frame["unit"] == unit)]


def _draw_metrics(
    study: Study,
    rows: pd.DataFrame,
    baselines: Baselines,
    names: tuple[str, ...],
    *,
    by: str,
    key: str,
) -> None:
    """A chart for each metric, side by side; a click on a point opens its randomization on the Forget page."""
    unit = OBJECTIVES[study.trained_model.recipe.training.objective]
    match, charts = study.plan.match, {}
    for column, name in zip(st.columns(len(names)), names, strict=True):
        style = metric_style(name, baselines, unit)
        chart = dose_response_charts.dose_chart(
            curves(rows, f"validation_{name}"), style, by=by, match=match, narrow=len(names) > 1
        )
        charts[name] = chart
        event = column.altair_chart(
            chart,
            key=f"{key}_{name}",
            height="stretch",
            on_select="rerun",
            selection_mode=PICK,
            alt=f"{style.title} by fraction randomized: median and 5–95 % band over seeds, with baselines",
        )
        _open_picked(study, event)
    scale = f" {FORGETTING_SCALE}" if "forgetting" in names else ""
    st.caption(f"Click a point to open it on the Forget page, with the seed that is nearest to the median.{scale}")
    chart_table(lambda: _points(rows, names), key=key, alt="Curves by fraction randomized", formats=FRACTIONS_AS_TEXT)
    downloads(_rows_of(study), charts, key)


def _points(rows: pd.DataFrame, names: tuple[str, ...] = ("accuracy",)) -> pd.DataFrame:
    """The points of curves, a row a point and metric."""
    points = pd.concat(
        [curves(rows, f"validation_{name}").assign(metric=name_metric(name)) for name in names], ignore_index=True
    )
    columns = ["metric", "layers", "scheme", "unit", "planned_dose", *BAND_TITLES, "seeds"]
    points["scheme"] = points["scheme"].map(format_scheme)
    return points[columns].rename(columns={"planned_dose": FRACTION_TITLE, **BAND_TITLES})


def _open_picked(study: Study, event: dict) -> None:
    """Make the clicked point the session's randomization, and go to the Forget page."""
    picked = event["selection"].get(PICK) or []
    if not picked:
        return
    point = picked[0]
    if study.plan.match == "change" and LAYER_SEPARATOR in point["layers"]:
        st.info("At equal ‖ΔW‖ each layer has a fraction of its own, while the Forget page has one fraction for all.")
        return
    names, known = tuple(point["layers"].split(LAYER_SEPARATOR)), study.trained_model.recipe.model.layers
    values = {
        "randomization.layers": (ALL,) if names == known else names,
        "randomization.fraction": float(point["seed_dose"]),
        "randomization.scheme": point["scheme"],
        "randomization.unit": point["unit"],
        "randomization.seed": int(point["seed"]),
        "randomization.scale": study.plan.scale,
        "randomization.words": study.plan.words,
    }
    if study.plan.retrain:
        values["seed"] = int(point["seed"])
    assign(values)
    st.switch_page(PAGES["forget"][0], query_params=url.encode_query(session().recipe))


def current_fraction_view(trained_model: TrainedModel, comparison: Comparison, baselines: Baselines) -> None:
    """The Forget page's fraction on the dose–response curve of its layers, scheme and unit."""
    randomization = session().recipe.randomization
    chosen = models.fit_randomization(randomization, trained_model)
    if not can_choose(trained_model):
        return
    if not chosen.chosen_layers(trained_model.recipe.model.layers):
        st.info("Choose layers to see how accuracy falls with the fraction randomized.")
        return
    try:
        frame = sweep.find_dose_curve(trained_model, randomization).frame
    except ForgettingError as error:
        show_error(error)
        return
    half_ways = half_way(frame)
    conclude(
        dose_response_sentences.describe_half_way(half_ways, baselines, frame["validation_accuracy_before"].median()),
        "fraction randomized",
        "half-way fraction (D50)",
        "band",
    )
    chart = dose_response_charts.current_dose_chart(
        curves(frame),
        frame[frame["seed"] == chosen.seed],
        _style(trained_model, baselines),
        dose=chosen.fraction,
        value=comparison.randomized.scores["validation"].accuracy,
        metric="validation_accuracy",
    )
    st.altair_chart(
        chart,
        key="current_dose",
        height="stretch",
        alt="Validation accuracy by fraction randomized for the chosen layers and scheme, with the current fraction",
    )
    st.caption(
        f"The thick line is the median of ten seeds, its band holds 5–95{PERCENT} of them, the dotted line is this "
        "seed, and the dot is the current fraction."
    )
    chart_table(
        lambda: _points(frame), key="current_dose", alt="Accuracy by fraction randomized", formats=FRACTIONS_AS_TEXT
    )


def heat_view(study: Study, baselines: Baselines) -> None:
    """Accuracy of every layer set at every fraction."""
    rows = _one_of(study.result.frame, "scheme", "heat_scheme")
    table, before = curves(rows), rows["validation_accuracy_before"].median()
    style = _style(study.trained_model, baselines)
    conclude(dose_response_sentences.describe_heat_map(table, baselines, before), "fraction randomized", "layer set")
    chart = dose_response_charts.heat_chart(
        table, style, worst=baselines.chance, best=max(before, baselines.chance), match=study.plan.match
    )
    st.altair_chart(
        chart,
        key="heat",
        alt="Median validation accuracy by layer set and fraction randomized, from chance to original",
    )
    chart_table(
        lambda: _points(rows),
        key="heat",
        alt="Accuracy by layer set and fraction randomized",
        formats=FRACTIONS_AS_TEXT,
    )
    downloads(_rows_of(study), {"heat map": chart}, "heat")


def cascade_view(study: Study, baselines: Baselines) -> None:
    """Layers randomized one after another, from the top and from the bottom."""
    rows = _one_of(study.result.frame, "scheme", "cascade_scheme")
    doses = sorted(rows["planned_dose"].unique())
    dose = st.select_slider(
        "Fraction randomized of each layer",
        doses,
        value=doses[-1],
        key="cascade_dose",
        format_func=format_fraction,
        help=explain("Fraction randomized of each layer"),
    )
    steps = cascade_curves(rows[rows["planned_dose"] == dose], study.trained_model.recipe.model.layers)
    if steps.empty:
        st.info("A cascade randomizes layer after layer, from the top down or from the bottom up.")
        st.button(
            "Randomize in cascades",
            icon=":material/play_arrow:",
            type="primary",
            help=explain("cascade"),
            on_click=_start_cascades,
            args=(study.trained_model,),
        )
        return
    conclude(dose_response_sentences.describe_cascades(steps, baselines), "layer set", "band")
    chart = dose_response_charts.cascade_chart(steps, _style(study.trained_model, baselines))
    st.altair_chart(
        chart, key="cascade", height="stretch", alt="Validation accuracy while layers are randomized one after another"
    )
    chart_table(
        lambda: steps[["cascade", "step", "layers", *BAND_TITLES, "seeds"]].rename(columns=BAND_TITLES),
        key="cascade",
        alt="Accuracy by the number of layers randomized",
        formats=SHARES_OF_A_BAND,
    )
    downloads(_rows_of(study), {"cascades": chart}, "cascade")


def _start_cascades(trained_model: TrainedModel) -> None:
    """Add the cascades to the layer sets of the plan, and start it."""
    assign({"sweep.layers": tuple(dict.fromkeys([*session().recipe.sweep.layers, "down", "up"]))})
    start_study(trained_model, "dose")


def half_way_view(study: Study, baselines: Baselines) -> None:
    """A forest plot of the half-way doses, and their table."""
    frame = study.result.frame
    half_ways = _half_ways(study, frame)
    conclude(
        dose_response_sentences.describe_half_way(half_ways, baselines, frame["validation_accuracy_before"].median()),
        "half-way fraction (D50)",
        "95 % interval",
    )
    chart = dose_response_charts.half_way_chart(half_ways, study.plan.match)
    st.altair_chart(chart, key="half_way", alt="Half-way fraction of each layer set and scheme with its 95 % interval")
    numbers = dict.fromkeys(("dose", "low", "high", "until"), format_share)
    chart_table(
        # The reason says its kind.
        lambda: (
            pd.DataFrame(half_ways)
            .drop(columns="kind")
            .assign(scheme=lambda table: table["scheme"].map(format_scheme))
            .astype(dict.fromkeys(numbers, float))
        ),
        key="half_way",
        alt="Half-way fractions",
        formats=numbers,
        column_config={"dose": st.column_config.NumberColumn("half-way fraction")},
    )
    downloads(_rows_of(study), {"half-way fractions": chart}, "half_way")
    st.caption(
        "The half-way fraction (D50) is the fraction randomized at which the median over seeds has lost half of the "
        f"accuracy above chance. Its 95{PERCENT} interval is a bootstrap over seeds: it holds the luck of the draws, "
        "not that of the choice of reviews."
    )


def _style(trained_model: TrainedModel, baselines: Baselines) -> MetricStyle:
    return metric_style("accuracy", baselines, OBJECTIVES[trained_model.recipe.training.objective])


def _rows_of(study: Study) -> dict[str, Callable[[], bytes]]:
    """Functions that make the study's rows as files, by the files' names."""
    return {f"sweep.{kind}": lambda kind=kind: study.result.to_bytes(kind) for kind in ("csv", "parquet")}
