"""What a study shows: curves, heat map, cascades, schemes at equal change, half-way doses, and files to keep."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from forgetting.charts import dose_response as dose_response_charts
from forgetting.charts.dose_response import PICK, MetricStyle, metric_style
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel, assign, session
from forgetting.dashboard.studies import sweep
from forgetting.dashboard.studies.panel import downloads
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.page import PAGES
from forgetting.dashboard.ui.randomization_form import can_choose
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.model.trainer import OBJECTIVES
from forgetting.randomization.settings import ALL
from forgetting.recipe import url
from forgetting.recipe.plans import LAYER_SEPARATOR
from forgetting.reporting import dose_response as dose_response_sentences
from forgetting.reporting import formatting as formatting_sentences
from forgetting.studies.dose_response import RESAMPLES, HalfWay, cascade_curves, curves, half_way

METRIC_VIEWS = {
    "accuracy": ("accuracy",),
    "loss, raw and calibrated": ("loss", "temperature_scaled_loss"),
    "collapse": ("most_predicted_share", "entropy"),
    "forgetting, macro-F1": ("forgetting", "macro_f1"),
    "beside the original": ("agreement", "divergence"),
}
SERIES = {"layer sets": ("layers", "scheme"), "schemes": ("scheme", "layers")}  # what is coloured, what is fixed


def curves_view(study: Study, baselines: Baselines) -> None:
    """Curves of the layer sets for one scheme, or of the schemes for one layer set, by dose or by equal change."""
    frame, match = study.result.frame, study.plan.match
    key = f"curves_{match}"
    left, middle, right = st.columns([1.1, 1, 1.4])
    view = left.selectbox("Figure", list(METRIC_VIEWS), key=f"{key}_figure", persist_state="session")
    beside = middle.segmented_control(
        "Side by side",
        list(SERIES),
        default=next(iter(SERIES)) if match == "dose" else "schemes",
        required=True,
        key=f"{key}_beside",
        persist_state="session",
    )
    by, fixed = SERIES[beside or "schemes"]
    with right:
        rows = _one_of(frame, fixed, f"{key}_{fixed}")
    if match == "dose":
        st.text(
            dose_response_sentences.describe_half_way(
                _halves(study, rows), baselines, rows["validation_accuracy_before"].median()
            )
        )
    else:
        st.text(dose_response_sentences.describe_matched(curves(rows), rows, baselines, by))
    _charts(study, rows, baselines, METRIC_VIEWS[view], by=by, key=key)


def _halves(study: Study, rows: pd.DataFrame) -> tuple[HalfWay, ...]:
    """Half-way doses of rows; their intervals once the study does not advance any more."""
    return half_way(rows, levels=study.plan.doses, resamples=0 if study.running else RESAMPLES)


def _one_of(frame: pd.DataFrame, column: str, key: str) -> pd.DataFrame:
    """The rows of one scheme or layer set, and of one unit, with pills to choose where there are several."""
    kinds = list(dict.fromkeys(zip(frame[column], frame["unit"], strict=True)))
    several_units = len({unit for _, unit in kinds}) > 1
    titles = {f"{name}, {unit}" if several_units else name: (name, unit) for name, unit in kinds}
    first = next(iter(titles))
    label = "Scheme" if column == "scheme" else "Layers"
    title = st.pills(label, list(titles), default=first, required=True, key=key, persist_state="session")
    name, unit = titles.get(title, titles[first])
    return frame[(frame[column] == name) & (frame["unit"] == unit)]


def _charts(
    study: Study,
    rows: pd.DataFrame,
    baselines: Baselines,
    names: tuple[str, ...],
    *,
    by: str,
    key: str,
) -> None:
    """A chart for each figure, side by side; a click on a point opens its state on the Forget page."""
    unit = OBJECTIVES[study.trained_model.recipe.training.objective]
    match, drawn = study.plan.match, {}
    for column, name in zip(st.columns(len(names)), names, strict=True):
        style = metric_style(name, baselines, unit)
        chart = dose_response_charts.dose_chart(
            curves(rows, f"validation_{name}"), style, by=by, match=match, narrow=len(names) > 1
        )
        drawn[name] = chart
        event = column.altair_chart(
            chart,
            key=f"{key}_{name}",
            on_select="rerun",
            selection_mode=PICK,
            alt=f"{style.title} by dose: median and 5–95 % band over seeds, with baselines",
        )
        _open_picked(study, event)
    st.caption("Click a point to open that state on the Forget page: the seed whose figure is nearest to the median.")
    downloads(_rows_of(study), drawn, key)


def _open_picked(study: Study, event: dict) -> None:
    """Make what was clicked the session's randomization, and go to the Forget page."""
    picked = event["selection"].get(PICK) or []
    if not picked:
        return
    point = picked[0]
    if study.plan.match == "change" and LAYER_SEPARATOR in point["layers"]:
        st.info("At equal ‖ΔW‖ each layer has a dose of its own, which the Forget page's one dose cannot show.")
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


def current_dose_view(trained_model: TrainedModel, comparison: Comparison, baselines: Baselines) -> None:
    """Where the Forget page's own dose stands on the curve of its layers, scheme and unit."""
    randomization = session().recipe.randomization
    chosen = models.fit_randomization(randomization, trained_model)
    if not can_choose(trained_model):
        return
    if not chosen.chosen_layers(trained_model.recipe.model.layers):
        st.info("Choose layers to see how accuracy falls with the dose.")
        return
    try:
        frame = sweep.find_dose_curve(trained_model, randomization).frame
    except ForgettingError as error:
        st.error(literal(str(error)))
        return
    now, figure = comparison.randomized.scores["validation"].accuracy, "validation_accuracy"
    halves = half_way(frame)
    st.text(dose_response_sentences.describe_half_way(halves, baselines, frame["validation_accuracy_before"].median()))
    own = frame[frame["seed"] == chosen.seed]
    st.altair_chart(
        dose_response_charts.own_dose_chart(
            curves(frame), own, _style(trained_model, baselines), dose=chosen.fraction, value=now, metric=figure
        ),
        key="current_dose",
        alt="Validation accuracy by dose for the chosen layers and scheme, with the dose as it stands",
    )
    st.caption("Thick: median of ten seeds, band 5–95 %. Dotted: this seed. Dot: the dose as it stands.")


def heat_view(study: Study, baselines: Baselines) -> None:
    """Accuracy of every layer set at every dose."""
    rows = _one_of(study.result.frame, "scheme", "heat_scheme")
    table, before = curves(rows), rows["validation_accuracy_before"].median()
    style = _style(study.trained_model, baselines)
    st.text(dose_response_sentences.describe_heat_map(table, baselines, before))
    chart = dose_response_charts.heat_chart(
        table, style, worst=baselines.chance, best=max(before, baselines.chance), match=study.plan.match
    )
    st.altair_chart(chart, key="heat", alt="Median validation accuracy by layer set and dose, from chance to original")
    downloads(_rows_of(study), {"heat map": chart}, "heat")


def cascade_view(study: Study, baselines: Baselines) -> None:
    """Layers randomized one after another, from the top and from the bottom."""
    rows = _one_of(study.result.frame, "scheme", "cascade_scheme")
    levels = sorted(rows["level"].unique())
    level = st.select_slider(
        "Dose of each layer",
        levels,
        value=levels[-1],
        key="cascade_dose",
        format_func=formatting_sentences.format_share,
    )
    steps = cascade_curves(rows[rows["level"] == level], study.trained_model.recipe.model.layers)
    if steps.empty:
        st.info("Choose “top-down cascade” or “bottom-up cascade” among the layer sets, and start anew.")
        return
    st.text(dose_response_sentences.describe_cascades(steps, baselines))
    chart = dose_response_charts.cascade_chart(steps, _style(study.trained_model, baselines))
    st.altair_chart(chart, key="cascade", alt="Validation accuracy while layers are randomized one after another")
    downloads(_rows_of(study), {"cascades": chart}, "cascade")


def half_way_view(study: Study, baselines: Baselines) -> None:
    """A forest plot of the half-way doses, and their table."""
    frame = study.result.frame
    halves = _halves(study, frame)
    st.text(dose_response_sentences.describe_half_way(halves, baselines, frame["validation_accuracy_before"].median()))
    chart = dose_response_charts.half_way_chart(halves, study.plan.match)
    st.altair_chart(chart, key="half_way", alt="Half-way dose of each layer set and scheme with its 95 % interval")
    downloads(_rows_of(study), {"half-way doses": chart}, "half_way")
    with st.expander("As a table"):
        shares = {name: st.column_config.NumberColumn(format="percent") for name in ("dose", "low", "high")}
        st.dataframe(pd.DataFrame(halves), hide_index=True, column_config=shares, alt="Half-way doses")
    st.caption(
        "Half-way (D50): where the median over seeds has lost half of the accuracy above chance. Interval: 95 %, "
        "bootstrap over seeds; it tells of the draw, not of the choice of reviews."
    )


def _style(trained_model: TrainedModel, baselines: Baselines) -> MetricStyle:
    return metric_style("accuracy", baselines, OBJECTIVES[trained_model.recipe.training.objective])


def _rows_of(study: Study) -> dict[str, Callable[[], bytes]]:
    """The study's rows as files, by their names."""
    return {f"sweep.{kind}": lambda kind=kind: study.result.to_bytes(kind) for kind in ("csv", "parquet")}
