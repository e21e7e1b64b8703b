"""What a sweep shows: curves, heat map, cascades, half-way doses, and the current fraction on its curve."""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from statistics import NormalDist

import pandas as pd
import streamlit as st

from forgetting.charts import dose_response as dose_response_charts
from forgetting.charts.dose_response import PICK, MetricStyle, metric_style
from forgetting.charts.panels import BY, DOWN, ONE_PANEL, UP, panels
from forgetting.charts.style import FRACTION_TITLE
from forgetting.core.errors import ForgettingError
from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Study, TrainedModel, assign, page_address, rerun_page, session
from forgetting.dashboard.studies import sweep
from forgetting.dashboard.studies.panel import start_study
from forgetting.dashboard.studies.plan_presets import CASCADES_PRESET, start_preset_button
from forgetting.dashboard.studies.sweep_seconds import is_slow
from forgetting.dashboard.ui.chart_files import comparison_chart, study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.navigation import PAGES
from forgetting.dashboard.ui.page import is_hollow
from forgetting.dashboard.ui.randomization_form import can_choose
from forgetting.dashboard.ui.tables import BAND_TITLES, chart_table
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.components import mean_components, remedies
from forgetting.model.settings import OBJECTIVES
from forgetting.randomization.groups import groups_of
from forgetting.randomization.patterns import LAYER_SEPARATOR, matching_layers
from forgetting.randomization.settings import ALL
from forgetting.recipe import url
from forgetting.recipe.plans import Sweep
from forgetting.reporting import dose_response as dose_response_sentences
from forgetting.reporting.captions import CLAIMED_BAND, SEEDS_BAND
from forgetting.reporting.comparison import FORGETTING_SCALE
from forgetting.reporting.formatting import (
    format_count,
    format_duration,
    format_fraction,
    format_interval,
    format_points,
    format_product,
    format_share,
)
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_scheme, name_metric, name_scope
from forgetting.studies.differences import Difference
from forgetting.studies.dose_response import CURVE_KEYS, HalfWay, cascade_curves, curves, half_way
from forgetting.studies.evaluation import SWEEP_METRICS
from forgetting.studies.nested import NestedCurve, nested_half_ways

METRIC_GROUPS = {  # metrics that are drawn side by side, by the name of the group
    "accuracy": ("accuracy",),
    "loss, raw and temperature-scaled": ("loss", "temperature_scaled_loss"),
    "collapse": ("most_predicted_share", "entropy"),
    "balanced accuracy, macro-F1": ("balanced_accuracy", "macro_f1"),
    "forgetting": ("forgetting", "forgetting_above_majority"),
    "beside the original": ("agreement", "divergence"),
}
FRACTIONS_AS_TEXT = {FRACTION_TITLE: format_fraction}
SHARES_OF_A_BAND = dict.fromkeys(BAND_TITLES.values(), format_share)
BAND_CHOICES = {"interval": "95\u00a0% interval", "curve": "95\u00a0% of whole curves", "seeds": "seeds alone"}
PALE_POINTS, IN_BRACKETS = (
    f"{where} the change from the original is not shown, corrected for all points (Benjamini & Hochberg)."
    for where in ("Where a point is pale,", "Where a number is in brackets,")
)
BAND_WORDS = {  # in a caption
    "interval": CLAIMED_BAND,
    "curve": f"the whole curve with 95{PERCENT} confidence",
    "seeds": SEEDS_BAND,
}
INTERVAL_TITLES = {
    "interval_text": "95\u00a0% interval",
    "curve_text": "95\u00a0% of whole curve",
    "change_text": "change from the original (95\u00a0% interval)",
    "shown": "the change is",
}
NUMBER_TITLES = {  # of the columns of nested intervals in a file
    "low": f"95{PERCENT} interval, low",
    "high": f"95{PERCENT} interval, high",
    "band_low": f"95{PERCENT} of whole curve, low",
    "band_high": f"95{PERCENT} of whole curve, high",
    "change": "change from the original",
    "change_low": f"change, 95{PERCENT} low",
    "change_high": f"change, 95{PERCENT} high",
    "change_p": "p of the change",
}
NORMAL_95 = NormalDist().inv_cdf(0.975)
INTERVALS_EVERY = 0.3  # seconds between two slices of intervals that take long
PANELS_BY = {"what layers do": "group", "block": "block"}
MOST_PANELS = 6  # that are drawn before others are chosen
SIDE_BY_SIDE = {"layer sets": ("layers", "scheme"), "schemes": ("scheme", "layers")}  # column coloured, column fixed


def curves_view(study: Study, baselines: Baselines) -> None:
    """Curves of the layer sets for one scheme, or of the schemes for one layer set, by fraction or by equal change."""
    frame, match = sweep.named_frame(study), study.plan.match
    key = f"curves_{match}"
    with st.container(horizontal=True):
        groups = _metric_groups(study)
        group = st.selectbox(
            "Metric",
            list(groups),
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
        grouped = by == "layers" and rows["layers"].nunique() > ONE_PANEL and bool(groups_of(sweep.layers_of(study)))
        panels_by = _choose_panels(key) if grouped else BY[0]
    if by == "layers":
        rows = choose_sets(study, rows, key, panels_by)
    nested = _find_intervals(study)
    if match == "dose":
        conclude(
            _describe_half_ways_of(study, rows, baselines, nested),
            "fraction randomized",
            "half-way fraction (D50)",
            "95 % interval",
            "band",
        )
    else:
        conclude(
            _describe_matched(study, rows, baselines, by),
            "equal ‖ΔW‖",
            "fraction randomized",
            "band",
        )
    _draw_metrics(study, rows, baselines, groups[group], nested, by=by, fixed=fixed, panels_by=panels_by, key=key)


def _metric_groups(study: Study) -> dict[str, tuple[str, ...]]:
    """The metrics that are there, by the name of their group; an opened study may have others than ours."""
    if study.trained_model:
        return METRIC_GROUPS
    frame, main = study.result.frame, sweep.metric_of(study)
    there = {
        name.removeprefix("validation_")
        for name, values in frame.select_dtypes("number").items()
        if name.startswith("validation_") and values.notna().any()
    }
    known = {name: tuple(metric for metric in metrics if metric in there) for name, metrics in METRIC_GROUPS.items()}
    others = sorted(name for name in there - {*SWEEP_METRICS, main} if not name.endswith("_before"))
    return (
        {main: (main,)} | {name: found for name, found in known.items() if found} | {name: (name,) for name in others}
    )


def _find_intervals(study: Study) -> list[NestedCurve]:
    """The nested intervals of a study that stands still; none while they are computed, in slices, below the chart."""
    if study.running:
        return []
    intervals = sweep.advance_intervals(study)
    if len(intervals.found) < intervals.total:
        st.fragment(run_every=INTERVALS_EVERY)(_advance_intervals)(study)
        return []
    nested = [curve for curve in intervals.found if not curve.missing]
    if not nested:
        st.caption(f"There are no 95{PERCENT} intervals: {intervals.found[0].missing}.")
    return nested


def _advance_intervals(study: Study) -> None:
    intervals = sweep.advance_intervals(study)
    if len(intervals.found) == intervals.total:
        rerun_page()
    st.caption(f"Computing intervals: {len(intervals.found):,} of {format_count(intervals.total, 'curve')}.")


def _describe_half_ways_of(study: Study, rows: pd.DataFrame, baselines: Baselines, nested: list[NestedCurve]) -> str:
    """The half-way doses of a study's rows; of a metric that is no accuracy, what is left of it."""
    if (metric := sweep.metric_of(study)) != "accuracy":
        return _describe_other(study, curves(rows, f"validation_{metric}"))
    return _describe_half_ways(study.plan, rows, baselines, nested, hollow=sweep.is_hollow_study(study))


def _describe_half_ways(
    plan: Sweep, rows: pd.DataFrame, baselines: Baselines, nested: list[NestedCurve], *, hollow: bool
) -> str:
    sources = nested[0].points["sources"].iloc[0] if nested else ()
    before = rows["validation_accuracy_before"].median()
    half_ways = _half_ways(plan, rows, nested, hollow=hollow)
    scope = name_scope(retrain=plan.retrain, splits=plan.splits)
    return dose_response_sentences.describe_half_way(half_ways, baselines, before, scope, sources)


def _half_ways(plan: Sweep, rows: pd.DataFrame, nested: list[NestedCurve], *, hollow: bool) -> tuple[HalfWay, ...]:
    """Half-way doses of rows, with their nested intervals where there are any."""
    return nested_half_ways(half_way(rows, planned_doses=plan.doses, hollow=hollow), nested)


def _describe_other(study: Study, table: pd.DataFrame) -> str:
    """What is left of a metric that is no accuracy."""
    metric, chance = sweep.metric_of(study), study.result.chance
    return dose_response_sentences.describe_other_metric(table, metric, _before(study), chance)


def _before(study: Study) -> float:
    """The metric of the original, the median over seeds; NaN where it is not known."""
    column = f"validation_{sweep.metric_of(study)}_before"
    frame = study.result.frame
    return frame[column].median() if column in frame else math.nan


def _differences(study: Study, rows: pd.DataFrame, dose: float, by: str = "layers") -> tuple[Difference, ...]:
    """Differences between the layer sets or the schemes of some rows of the study's frame, at one planned dose."""
    if study.running:
        return ()
    return sweep.find_differences(study, tuple(rows.index[rows["planned_dose"] == dose]), by)


def _describe_matched(study: Study, rows: pd.DataFrame, baselines: Baselines, by: str) -> str:
    table = curves(rows)
    common = dose_response_sentences.largest_common_change(table, by)
    differences = () if common is None else _differences(study, rows, common, by)
    return dose_response_sentences.describe_matched(table, rows, baselines, by, sweep.scope_of(study), differences)


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
    nested: list[NestedCurve],
    *,
    by: str,
    fixed: str,
    panels_by: str,
    key: str,
) -> None:
    """A chart for each metric and panel; a click on a point opens its randomization on the Forget page."""
    match, charts, own = study.plan.match, {}, study.trained_model is not None
    drawn, chosen = st.container(), st.container()
    with chosen:
        band = _choose_band(f"{key}_band") if nested and "accuracy" in names else "seeds"
    tables = {}
    for name in names:
        table = curves(rows, f"validation_{name}")
        if nested and name == "accuracy":
            table = dose_response_charts.with_intervals(table, nested, band)
        sets, known = sweep.names_of(study), sweep.layers_of(study)
        found = panels(table, sets, known, panels_by) if by == "layers" else {"": table}
        tables |= {(name, title): panel for title, panel in found.items()}
    wide = min(2, len(tables))
    for place, ((name, title), table) in enumerate(tables.items()):
        if place % wide == 0:
            columns = drawn.columns(wide)
        style = metric_style(name, baselines, sweep.unit_of(study))
        chart = dose_response_charts.dose_chart(
            table,
            style,
            by="line" if title else by,
            dash="block" if title and len(table.attrs["series"]["block"]) > 1 else "",
            match=match,
            narrow=wide > 1,
            band=band if name == "accuracy" else "seeds",
            title=title,
            pick=own,
        )
        charts[f"{name} {title}".rstrip()] = study_chart(
            study,
            chart,
            "dose–response",
            shown={fixed: rows[fixed].iloc[0]} | ({"panel": title} if title else {}),
            baselines=style.baselines,
            metric=name,
            axis=dose_response_charts.PRINTED_DOSES[match],
            band=BAND_WORDS[band if name == "accuracy" else "seeds"],
            pale=f" {PALE_POINTS}" if nested and name == "accuracy" else "",
        )
        event = columns[place % wide].altair_chart(
            chart,
            key=f"{key}_{name}_{title}".rstrip("_"),
            height="stretch",
            alt=f"{style.title} by fraction randomized: median over seeds with a band, and baselines. {title}",
            **({"on_select": "rerun", "selection_mode": PICK} if own else {}),
        )
        if own:
            _open_picked(study, event)
    scale = f" {FORGETTING_SCALE}" if "forgetting" in names else ""
    pale = f" {PALE_POINTS}" if nested and "accuracy" in names else ""
    click = "Click a point to open it on the Forget page, with the seed that is nearest to the median." * own
    st.caption(f"{click}{pale}{scale}".strip())
    chart_table(
        lambda: _points(rows, names, nested),
        key=key,
        alt="Curves by fraction randomized",
        formats=FRACTIONS_AS_TEXT,
        points=lambda: _points(rows, names, nested, _add_numbers),
        charts=charts,
        tables=sweep.files_of(study),
    )


def choose_sets(study: Study, rows: pd.DataFrame, key: str, by: str = BY[0]) -> pd.DataFrame:
    """The rows of the layer sets that are chosen, by the panels that they are in; all where there is one panel."""
    names = rows.drop_duplicates("layers")[["layers"]]
    found = panels(names, sweep.names_of(study), sweep.layers_of(study), by)
    if len(found) == 1:
        return rows
    cascades = {DOWN, UP}
    chosen = st.pills(
        "Layer sets",
        list(found),
        selection_mode="multi",
        default=[title for title in found if title not in cascades][:MOST_PANELS] or list(found),
        help=explain("Layer sets"),
        key=f"{key}_sets_{by}_{study.kind}",
        persist_state="session",
    )
    chosen_names = {name for title in chosen or found for name in found.get(title, names)["layers"]}
    return rows[rows["layers"].isin(chosen_names)]


def _choose_panels(key: str) -> str:
    """What panels of single layers are by, one of BY."""
    title = st.segmented_control(
        "Panels by",
        list(PANELS_BY),
        default=next(iter(PANELS_BY)),
        required=True,
        key=f"{key}_panels",
        persist_state="session",
        help=explain("Panels by"),
    )
    return PANELS_BY.get(title, BY[0])


def _choose_band(key: str) -> str:
    return (
        st.segmented_control(
            "Band shows",
            list(BAND_CHOICES),
            default=next(iter(BAND_CHOICES)),
            required=True,
            format_func=BAND_CHOICES.get,
            key=key,
            persist_state="session",
            help=explain("Band shows"),
        )
        or "interval"
    )


def _add_intervals(table: pd.DataFrame, nested: Sequence[NestedCurve]) -> pd.DataFrame:
    """The table with the nested interval of each accuracy, and with its change from the original."""
    for band in ("interval", "curve"):
        drawn = dose_response_charts.with_intervals(table, nested, band)
        table[f"{band}_text"] = [
            format_interval(low, high) for low, high in zip(drawn["low"], drawn["high"], strict=True)
        ]
    table["change_text"] = [
        f"{format_points(change, with_plus=True)} ({interval})"
        for change, interval in zip(drawn["change"], drawn["change_interval"], strict=True)
    ]
    return table.assign(shown=drawn["shown"])


def _add_numbers(table: pd.DataFrame, nested: Sequence[NestedCurve]) -> pd.DataFrame:
    """The table with both ends of each interval, for a file."""
    keys = [*CURVE_KEYS, "planned_dose"]
    points = pd.concat([curve.points for curve in nested], ignore_index=True)
    numbers = points[[*keys, *NUMBER_TITLES]].rename(columns=NUMBER_TITLES)
    return table.merge(numbers, on=keys, how="left")


def _points(
    rows: pd.DataFrame,
    names: tuple[str, ...] = ("accuracy",),
    nested: Sequence[NestedCurve] = (),
    add: Callable[[pd.DataFrame, Sequence[NestedCurve]], pd.DataFrame] = _add_intervals,
) -> pd.DataFrame:
    """The points of curves, a row a point and metric. add: Adds the nested intervals to the points of the accuracy."""
    tables = []
    for name in names:
        table = curves(rows, f"validation_{name}").assign(metric=name_metric(name))
        tables.append(add(table, nested) if nested and name == "accuracy" else table)
    points = pd.concat(tables, ignore_index=True)
    titles = {"planned_dose": FRACTION_TITLE, **BAND_TITLES, **INTERVAL_TITLES}
    more = [name for name in (*INTERVAL_TITLES, *NUMBER_TITLES.values()) if name in points]
    columns = ["metric", "layers", "scheme", "unit", "planned_dose", *BAND_TITLES, "seeds", *more]
    points["scheme"] = points["scheme"].map(format_scheme)
    return points[columns].rename(columns=titles)


def _open_picked(study: Study, event: dict) -> None:
    """Make the clicked point the session's randomization, and go to the Forget page."""
    picked = event["selection"].get(PICK) or []
    if not picked:
        return
    point, sets = picked[0], sweep.names_of(study)
    if study.plan.match == "change" and LAYER_SEPARATOR in sets[point["layers"]]:
        st.info("At equal ‖ΔW‖ each layer has a fraction of its own, while the Forget page has one fraction for all.")
        return
    names = tuple(sets[point["layers"]].split(LAYER_SEPARATOR))
    whole = matching_layers(sets[point["layers"]], known := sweep.layers_of(study)) == known
    values = {
        "randomization.layers": (ALL,) if whole else names,
        "randomization.fraction": float(point["seed_dose"]),
        "randomization.scheme": point["scheme"],
        "randomization.unit": point["unit"],
        "randomization.seed": int(point["seed"]),
        "randomization.scale": study.plan.scale,
        "randomization.words": study.plan.words,
    }
    if study.plan.retrain:
        values["seed"] = int(point["seed"])
    if study.plan.splits > 1:
        values["split.seed"] = int(point["split"])
    assign(values)
    st.switch_page(PAGES["forget"][0], query_params=page_address("forget", url.encode_query(session().recipe)))


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
        plan = sweep.plan_dose_curve(trained_model, randomization)
        if (seconds := sweep.unasked_seconds(trained_model, plan)) and not _start_curve(plan, seconds):
            return
        found = sweep.find_dose_curve(trained_model, plan)
    except ForgettingError as error:
        show_error(error)
        return
    frame, nested = found.result.frame, [found.nested] if not found.nested.missing else []
    conclude(
        _describe_half_ways(found.result.plan, frame, baselines, nested, hollow=is_hollow(trained_model)),
        "fraction randomized",
        "half-way fraction (D50)",
        "95 % interval",
    )
    table, band = curves(frame), "interval" if nested else "seeds"
    style = metric_style("accuracy", baselines, OBJECTIVES[trained_model.recipe.training.objective])
    chart = dose_response_charts.current_dose_chart(
        dose_response_charts.with_intervals(table, nested, band) if nested else table,
        frame[frame["seed"] == chosen.seed],
        style,
        dose=chosen.fraction,
        value=comparison.randomized.scores["validation"].accuracy,
        metric="validation_accuracy",
        band=band,
    )
    st.altair_chart(
        chart,
        key="current_dose",
        height="stretch",
        alt="Validation accuracy by fraction randomized for the chosen layers and scheme, with the current fraction",
    )
    holds = f"is its 95{PERCENT} interval over reviews and seeds" if nested else f"holds 5–95{PERCENT} of them"
    st.caption(
        f"The thick line is the median of {plan.seeds} seeds, its band {holds}, the dotted line is this seed, and "
        "the dot is the current fraction."
    )
    chart_table(
        lambda: _points(frame, nested=nested),
        key="current_dose",
        alt="Accuracy by fraction randomized",
        formats=FRACTIONS_AS_TEXT,
        points=lambda: _points(frame, nested=nested, add=_add_numbers),
        charts={
            "dose–response": comparison_chart(
                trained_model,
                lambda: chart,
                "current fraction",
                baselines=style.baselines,
                band=BAND_WORDS[band],
                seeds=f"{format_count(plan.seeds, 'seed')} (from {plan.seed})",
            )
        },
    )


def _start_curve(plan: Sweep, seconds: float) -> bool:
    """A button that computes a curve that takes long, and how long; whether it was pressed."""
    product = format_product([(len(plan.doses), "fraction"), (plan.seeds, "seed")])
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{product}, {format_duration(seconds)}.", width="stretch")
        pressed = st.button("Start", type="primary", key="start_current_dose", help=explain("Start"))
    if pressed:
        place.empty()
    return pressed


def heat_view(study: Study, baselines: Baselines) -> None:
    """Accuracy of every layer set at every fraction."""
    rows = choose_sets(study, _one_of(sweep.named_frame(study), "scheme", "heat_scheme"), "heat")
    metric, before = sweep.metric_of(study), _before(study)
    table, style, nested = curves(rows, f"validation_{metric}"), _style(study, baselines), _find_intervals(study)
    differences = _differences(study, rows, table["planned_dose"].max())
    conclude(
        dose_response_sentences.describe_heat_map(table, baselines, before, sweep.scope_of(study), differences)
        if metric == "accuracy"
        else _describe_other(study, table),
        "fraction randomized",
        "layer set",
    )
    band = "interval" if nested else "seeds"
    chart = dose_response_charts.heat_chart(
        dose_response_charts.with_intervals(table, nested, band) if nested else table,
        style,
        **_ends(table, before, baselines.chance, metric),
        match=study.plan.match,
        band=band,
    )
    st.altair_chart(
        chart,
        key="heat",
        alt="Median validation accuracy by layer set and fraction randomized, from chance to original",
    )
    if bracketed := bool(nested and len(table) <= dose_response_charts.MOST_LABELS):
        st.caption(IN_BRACKETS)
    chart_table(
        lambda: _points(rows, nested=nested),
        key="heat",
        alt="Accuracy by layer set and fraction randomized",
        formats=FRACTIONS_AS_TEXT,
        points=lambda: _points(rows, nested=nested, add=_add_numbers),
        charts={
            "heat map": study_chart(
                study,
                chart,
                "heat map",
                shown={"scheme": rows["scheme"].iloc[0]},
                baselines=style.baselines,
                metric=metric,
                axis=dose_response_charts.PRINTED_DOSES[study.plan.match],
                pale=f" {IN_BRACKETS}" if bracketed else "",
            )
        },
        tables=sweep.files_of(study),
    )


def _ends(table: pd.DataFrame, before: float, chance: float, metric: str) -> dict[str, float]:
    """What is drawn faint and dark: chance and the original; where one is unknown, what is farthest from the other."""
    if metric == "accuracy" and not math.isnan(chance):
        return {"worst": chance, "best": max(before, chance)}
    best = table["median"].iloc[0] if math.isnan(before) else before
    farthest = table.loc[(table["median"] - best).abs().idxmax(), "median"]
    return {"worst": farthest if math.isnan(chance) else chance, "best": best}


def cascade_view(study: Study, baselines: Baselines) -> None:
    """Layers randomized one after another, from the top and from the bottom."""
    rows = _one_of(sweep.named_frame(study), "scheme", "cascade_scheme")
    doses = sorted(rows["planned_dose"].unique())
    dose = st.select_slider(
        "Fraction randomized of each layer",
        doses,
        value=doses[-1],
        key="cascade_dose",
        format_func=format_fraction,
        help=explain("Fraction randomized of each layer"),
    )
    nested = _find_intervals(study)
    there = rows.index[rows["planned_dose"] == dose]
    metric = sweep.metric_of(study)
    steps = cascade_curves(study.result.frame.loc[there], sweep.layers_of(study), f"validation_{metric}")
    steps["layers"] = steps["layers"].replace(sweep.titles_of(study))
    if steps.empty:
        st.info("A cascade randomizes layer after layer, from the top down or from the bottom up.")
        if study.trained_model and is_slow(study.trained_model):
            start_preset_button(study.trained_model, CASCADES_PRESET, place="cascades")
        elif study.trained_model:
            st.button(
                "Randomize in cascades",
                icon=":material/play_arrow:",
                type="primary",
                help=explain("cascade"),
                on_click=_start_cascades,
                args=(study.trained_model,),
            )
        return
    firsts = rows[rows["layers"].isin(steps.loc[steps["step"] == 1, "layers"])]
    differences = _differences(study, firsts, dose)
    conclude(
        dose_response_sentences.describe_cascades(steps, baselines, sweep.scope_of(study), differences)
        if metric == "accuracy"
        else _describe_other(study, steps[steps["step"] > 0]),
        "layer set",
        "band",
    )
    band = "interval" if nested else "seeds"
    style = _style(study, baselines)
    chart = dose_response_charts.cascade_chart(_step_intervals(steps, nested) if nested else steps, style, band)
    with st.container(key="tall") if steps["step"].max() > dose_response_charts.MOST_STEPS else nullcontext():
        st.altair_chart(
            chart,
            key="cascade",
            height="stretch",
            alt="Validation accuracy while layers are randomized one after another",
        )
    chart_table(
        lambda: steps[["cascade", "step", "layers", *BAND_TITLES, "seeds"]].rename(columns=BAND_TITLES),
        key="cascade",
        alt="Accuracy by the number of layers randomized",
        formats=SHARES_OF_A_BAND,
        charts={
            "cascades": study_chart(
                study,
                chart,
                "cascades",
                shown={"scheme": rows["scheme"].iloc[0]},
                baselines=style.baselines,
                metric=metric,
                band=BAND_WORDS[band],
                reached=format_fraction(dose),
            )
        },
        tables=sweep.files_of(study),
    )


def _step_intervals(steps: pd.DataFrame, nested: list[NestedCurve]) -> pd.DataFrame:
    """Steps of cascades with the nested interval of each; that of step 0 is the original's, which every curve has."""
    table = dose_response_charts.with_intervals(steps, nested, "interval")
    start = nested[0].points.iloc[0] if nested[0].points.iloc[0]["planned_dose"] == 0 else None
    if start is not None:
        table.loc[table["step"] == 0, ["low", "high"]] = [start["low"], start["high"]]
    return table


def _start_cascades(trained_model: TrainedModel) -> None:
    """Add the cascades to the layer sets of the plan, and start it."""
    assign({"sweep.layers": tuple(dict.fromkeys([*session().recipe.sweep.layers, "down", "up"]))})
    start_study(trained_model, "dose")


def half_way_view(study: Study, baselines: Baselines) -> None:
    """A forest plot of the half-way doses, and their table."""
    frame, nested = choose_sets(study, sweep.named_frame(study), "half_way"), _find_intervals(study)
    half_ways = _half_ways(study.plan, frame, nested, hollow=sweep.is_hollow_study(study))
    conclude(
        _describe_half_ways_of(study, frame, baselines, nested),
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
        charts={
            "half-way fractions": study_chart(
                study, chart, "half-way fractions", axis=dose_response_charts.PRINTED_DOSES[study.plan.match]
            )
        },
        tables=sweep.files_of(study),
    )
    st.caption(
        "The half-way fraction (D50) is the fraction randomized at which the median over seeds has lost half of the "
        f"accuracy above chance. Its 95{PERCENT} interval holds all fractions at which the accuracy may be half-way, "
        "given how few reviews and seeds there are; the tab “How sure?” shows where its width comes from."
    )


def uncertainty_view(study: Study, baselines: Baselines) -> None:
    """Where the uncertainty of the curves comes from, and the cheapest way to make it smaller."""
    rows = choose_sets(study, _one_of(sweep.named_frame(study), "scheme", "uncertainty_scheme"), "uncertainty")
    scheme, unit = rows["scheme"].iloc[0], rows["unit"].iloc[0]
    found = [curve for curve in _find_intervals(study) if (curve.scheme, curve.unit) == (scheme, unit)]
    if not found:
        if study.running:
            st.info("Intervals are computed once the study stands still.")
        return
    doses = sorted(set.intersection(*(set(curve.components) for curve in found)))
    middles = curves(rows).groupby("planned_dose")["median"].mean()
    half_way_down = (rows["validation_accuracy_before"].median() + baselines.chance) / 2
    dose = st.select_slider(
        "Fraction randomized",
        doses,
        value=min(doses, key=lambda dose: abs(middles.get(dose, 0.0) - half_way_down)),
        key="uncertainty_dose",
        format_func=format_fraction,
        help=explain("Fraction randomized"),
    )
    means = mean_components([curve.components[dose] for curve in found])
    points = pd.concat([curve.points for curve in found])
    there = points[points["planned_dose"] == dose]
    half = float((there["high"] - there["low"]).mean() / 2)
    counts, costs = sweep.count_and_price(study)
    conclude(
        dose_response_sentences.describe_uncertainty(
            means, half, dose, remedies(means, counts, costs), baselines, several=len(found) > 1
        ),
        "95 % interval",
        "variance",
    )
    table = _sources(found, dose)
    chart = dose_response_charts.uncertainty_chart(table)
    st.altair_chart(chart, key="uncertainty", alt="Share of the variance of the accuracy that comes from each source")
    st.caption(
        "Sources add up by their variances. The reviews: other reviews might have been set aside for validation. The "
        "draw: other units and values might have been drawn. Both together: a draw changes single reviews by luck."
        + " All splits are of the same reviews, so that more of them help only so far."
        * (study.plan.splits > 1)
    )
    chart_table(
        lambda: table.rename(columns={"share": "share of the variance", "half": "± points alone"}),
        key="uncertainty",
        alt="Sources of the uncertainty",
        formats={"share of the variance": format_share},
        charts={
            "uncertainty": study_chart(
                study, chart, "uncertainty", shown={"scheme": scheme}, reached=format_fraction(dose)
            )
        },
        tables=sweep.files_of(study),
    )


def _sources(found: Sequence[NestedCurve], dose: float) -> pd.DataFrame:
    """A row for each layer set and source of the variance at a dose, for the chart."""
    table = []
    for curve in found:
        parts = curve.components[dose]
        total = sum(part.variance for part in parts) or 1.0
        for part in parts:
            half = 100 * NORMAL_95 * part.variance**0.5
            source = dose_response_sentences.SOURCE_NAMES[part.source].removeprefix("the ")
            table.append({"layers": curve.layers, "source": source, "share": part.variance / total, "half": half})
    return pd.DataFrame(table)


def _style(study: Study, baselines: Baselines) -> MetricStyle:
    return metric_style(sweep.metric_of(study), baselines, sweep.unit_of(study))
