"""Where reviews lie in a layer, as two linked maps that can be selected from, and how similar the layers stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
import torch

from forgetting.charts import activations as activation_charts
from forgetting.charts.print_comparison import printed_map_chart
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import Study, TrainedModel, assign, open_tab, rerun_page, session
from forgetting.dashboard.ui.chart_files import comparison_chart, result_tables, study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.page import is_hollow
from forgetting.dashboard.ui.tables import BAND_TITLES, EXCERPT, chart_table, reviews_table
from forgetting.data.reviews import review_key
from forgetting.experiment.export import csv_bytes
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.model.split import PARTS
from forgetting.randomization.groups import title_place
from forgetting.reporting import activations as activation_sentences
from forgetting.reporting.formatting import format_count, format_share
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_method
from forgetting.studies.activations import (
    MOST_REVIEWS,
    ActivationMap,
    activation_places,
    draw_reviews,
    map_layer,
)
from forgetting.unlearning.representations import COMPARED_SETS, layer_contrasts, similarity_table

if TYPE_CHECKING:
    import pandas as pd

COLOURS = ("true class", "predicted class", "flipped")
SCALES = ("same", "one each")
FAR = 5.0  # times farther than the original's reviews that the randomized model's lie, from which each map has a scale
CURVE_WIDTH = 300  # pixels that a chart of similarity needs, else they stand one below the other
SELECTING = {"modeBarButtons": [["lasso2d", "select2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]]}
TIMES_CLEARED = "map_times_cleared"  # how often a selection was taken back, which a chart cannot be told
FOUND_MAPS = SharedCache("maps of activations", most=4)


def map_view(trained_model: TrainedModel) -> None:
    """Two maps of the same reviews, a selection of them as a table, and a way to forget them."""
    try:
        comparison = models.find_comparison(trained_model, session().recipe.randomization)
    except ForgettingError as error:
        show_error(error)
        return
    _draw_map(trained_model, comparison)


@st.fragment
def _draw_map(trained_model: TrainedModel, comparison: Comparison) -> None:
    """The maps in a fragment, as a selection draws nothing else anew."""
    if session().destination:  # a button of the fragment leads to another page
        rerun_page()
    layers = tuple(activation_places(trained_model.recipe.model.layers))
    answer = st.container()
    with st.container(horizontal=True):
        layer = _segments("Map of layer", layers, layers[0], "map_layer", title_place)
        part = _segments("Reviews drawn", PARTS, "validation", "map_part")
        colour = _segments("Colour by", COLOURS, COLOURS[0], "map_colour")
    found = _find_map(trained_model, comparison, part, layer)
    if isinstance(found, str):
        answer.info(f"There is no map: {found}.")
        return
    drawn = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        far = found.farther > FAR  # where one scale would leave the original a single spot
        scales = _segments("Scales", SCALES, SCALES[far], f"map_scales_{far}")
        group = st.container()
    points = _Points(trained_model, comparison, part)
    with answer:
        flipped = int((points.before != points.after).sum())
        sentence = activation_sentences.describe_map(found, title_place(layer), flipped, len(points.rows))
        conclude(sentence, "activation", "principal component")
    names = points.names(colour)
    groups = activation_charts.name_groups([name for each in names for name in each])
    picked = st.session_state.get("map_group")
    # A selection belongs to the reviews that were drawn when it was made. A chart of a new key has none.
    key = f"map_{part}_{st.session_state.get(TIMES_CLEARED, 0)}"
    chosen = _read_selection(st.session_state.get(key), len(points.rows))
    if not chosen and picked in groups:
        chosen = [row for row, name in enumerate(names[0]) if name == picked]
    chart = activation_charts.map_chart(found, names, groups, points.hovers(), chosen, linked=scales == SCALES[0])
    drawn.plotly_chart(
        chart,
        key=key,
        config=SELECTING,
        on_select="rerun",
        selection_mode=("lasso", "box", "points"),
        alt=f"Maps of {part} reviews in {title_place(layer)}, the original and the randomized model, by {colour}",
    )
    group.selectbox(
        "Select a group",
        groups,
        index=groups.index(picked) if picked in groups else None,
        key="map_group",
        placeholder="none",
        on_change=_clear_selection,
        help=explain("Select a group"),
    )
    _caption_map(part, points, found)
    _selection_view(part, points, chosen)
    chart_table(
        lambda: points.table(range(len(points.rows)), found),
        key="map",
        alt="Where each review lies in both maps",
        column_config={"review": st.column_config.TextColumn(width="medium")},
        charts={
            "map": comparison_chart(
                trained_model,
                lambda: printed_map_chart(found, names, groups, linked=scales == SCALES[0]),
                "map",
                shown={"layer": layer},
                part=part,
                colour=colour,
            )
        },
    )


def _segments(label: str, options: tuple[str, ...], first: str, key: str, title: Callable[[str], str] = str) -> str:
    chosen = st.segmented_control(
        label,
        options,
        default=first,
        required=True,
        format_func=title,
        key=key,
        persist_state="session",
        help=explain(label),
    )
    return chosen if chosen in options else first


def _find_map(trained_model: TrainedModel, comparison: Comparison, part: str, layer: str) -> ActivationMap | str:
    """The map, or why there is none, computed once for all visitors."""

    def compute() -> _Found:
        both = (trained_model.trained.model, comparison.model)
        return _Found(map_layer(*both, trained_model.split.parts[part], layer))

    key = f"{models.comparison_key(trained_model, session().recipe.randomization)}:{part}:{layer}"
    return FOUND_MAPS.ask(key, compute).value


class _Found:
    """What a cache holds, as it refers weakly, which a text does not bear."""

    def __init__(self, value: ActivationMap | str):
        self.value = value


class _Points:
    """The reviews of a map.

    Attributes:
        rows: Their positions in the split's reviews, (reviews,).
        classes: The labels of the classes.
        true: Number of their true class, (reviews,).
        before: Number of the class that the original predicts.
        after: Number of the class that the randomized model predicts.
    """

    def __init__(self, trained_model: TrainedModel, comparison: Comparison, part: str):
        split = trained_model.split
        drawn = split.parts[part]
        positions = draw_reviews(drawn)
        self.rows, self.classes, self.reviews = drawn.rows[positions], split.classes, split.reviews
        self.true = drawn.targets[positions].numpy()
        inputs = drawn.model_inputs.rows(torch.from_numpy(positions))
        with torch.no_grad():
            both = (model(inputs).argmax(dim=1).numpy() for model in (trained_model.trained.model, comparison.model))
            self.before, self.after = both

    def names(self, colour: str) -> tuple[list[str], list[str]]:
        """The group of each review in both maps. colour: one of COLOURS."""
        if colour == "flipped":
            kinds = (activation_charts.UNCHANGED, activation_charts.FLIPPED)
            names = [kinds[int(flipped)] for flipped in self.before != self.after]
            return names, names
        numbers = (self.before, self.after) if colour == "predicted class" else (self.true, self.true)
        return tuple([self.classes[number] for number in of_map] for of_map in numbers)

    def hovers(self) -> list[str]:
        """What is shown of each review that is pointed at."""
        return [
            activation_charts.describe_point(
                self.reviews.texts[row],
                f"true class: {self.classes[true]}",
                f"original predicts: {self.classes[before]}",
                f"randomized predicts: {self.classes[after]}",
            )
            for row, true, before, after in zip(self.rows, self.true, self.before, self.after, strict=True)
        ]

    def table(self, chosen: range | list[int], found: ActivationMap | None = None) -> pd.DataFrame:
        """Reviews as a table, with their places where a map is given."""
        import pandas as pd

        chosen = list(chosen)
        named = {"true class": self.true, "before": self.before, "after": self.after}
        table = {title: [self.classes[numbers[row]] for row in chosen] for title, numbers in named.items()}
        table["review"] = [self.reviews.texts[self.rows[row]][:EXCERPT] for row in chosen]
        if found:
            for title, points in (("original", found.original), ("randomized", found.randomized)):
                for number in (0, 1):
                    table[f"{title}, component {number + 1}"] = points[chosen, number]
        return pd.DataFrame(table)


def _read_selection(state: object, count: int) -> list[int]:
    """Positions of the reviews that are selected in either map, rising."""
    points = state["selection"]["points"] if state else []
    rows = {int(np.ravel(point["customdata"])[0]) for point in points if "customdata" in point}
    return sorted(row for row in rows if row < count)


def _caption_map(part: str, points: _Points, found: ActivationMap) -> None:
    """How the maps are made, and how many of the reviews are drawn."""
    drawn = format_count(len(points.rows), f"{part} review")
    sample = f"A random sample of {drawn} is drawn. " if len(points.rows) == MOST_REVIEWS else f"{drawn} are drawn. "
    st.caption(
        f"{sample}Both maps have the same directions, those in which the original's activations vary most, with "
        f"{format_share(float(found.held[0]))} and {format_share(float(found.held[1]))} of the variance: a review that "
        "stands elsewhere on the right was moved there by randomizing. Draw a loop around reviews in either map to "
        "select them in both."
    )


def _selection_view(part: str, points: _Points, chosen: list[int]) -> None:
    """The selected reviews as a table, and a button that makes them the forget set."""
    if not chosen:
        return
    wrong = [int((points.true != predicted)[chosen].sum()) for predicted in (points.before, points.after)]
    st.text(
        f"{format_count(len(chosen), 'review')} selected: the original is wrong about {wrong[0]:,}, the randomized "
        f"model about {wrong[1]:,}."
    )
    texts = [points.reviews.texts[points.rows[row]] for row in chosen]
    reviews_table(
        points.table(chosen),
        texts,
        key="map_selection",
        height=260,
        column_config={"review": st.column_config.TextColumn(width="large")},
        alt="The selected reviews",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Select none", on_click=_select_none, help=explain("Select none"))
        if part == "training":
            st.button(
                "Forget these on Unlearn",
                icon=":material/delete_sweep:",
                on_click=_forget,
                args=(texts,),
                help=explain("Forget these on Unlearn"),
            )
        else:
            st.caption("Only what was learnt can be forgotten: draw the training reviews to forget some of them.")


def _clear_selection() -> None:
    st.session_state[TIMES_CLEARED] = st.session_state.get(TIMES_CLEARED, 0) + 1


def _select_none() -> None:
    """Take back a loop, and a group."""
    _clear_selection()
    st.session_state["map_group"] = None


def _forget(texts: list[str]) -> None:
    """Make reviews the forget set, and lead to where it is shown."""
    keys = tuple(dict.fromkeys(review_key(text) for text in texts))
    assign({"forget.by": "reviews", "forget.reviews": keys}, announce=True)
    open_tab("unlearn", "Forget set")
    session().destination = "unlearn"


def similarity_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001 - one signature for all views
    """The similarity of each layer by fraction, beside that of independently trained models."""
    result = study.result
    if sentence := activation_sentences.describe_similarity(result, hollow=is_hollow(study.trained_model)):
        conclude(sentence, "similarity (CKA)", "fraction randomized", "band")
    if result.curves.empty:
        return
    charts = {}
    grid = st.grid(2, min_column_width=CURVE_WIDTH, key="similarity_charts")
    for layer, band in result.independent.items():
        chart = activation_charts.similarity_chart(result.curves, band, layer)
        charts[layer] = study_chart(study, chart, "similarity", shown={"layer": layer})
        grid.altair_chart(chart, key=f"similarity_{layer}", alt=f"Similarity of {layer} to the original by fraction")
    chart_table(
        lambda: result.curves.rename(columns={**BAND_TITLES, "dose": "fraction randomized"}),
        key="similarity",
        alt="Similarity of each layer to the original",
        charts=charts,
        tables=result_tables(result, "similarity"),
    )
    drawn, whole = result.reviews
    sample = f"a random sample of {drawn:,} of the {whole:,}" if drawn < whole else f"the {drawn:,}"
    places = "as means over the words of a review where each part has added its share"
    if study.trained_model.recipe.model.kind == "mlp":
        places = "of hidden layers after the ReLU"
    st.caption(
        f"Activations of {sample} validation reviews, {places}, of the last layer the logits. "
        "Grey is what models reach that were trained anew, as long as this one, on the same reviews from another seed. "
        "What is decided over seeds stands above; the points between are not tested. 1 is the same up to a "
        "rotation and the scale; what has nothing in common lies around 0. A layer below the randomized ones does not "
        "change, as it does not read them."
    )


def layers_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001
    """How similar each layer of each method's model is to exact retraining, beside the original's."""
    rows = study.result.rows
    whole = similarity_table(rows)
    place = _segments("Compared on", COMPARED_SETS, COMPARED_SETS[0], "layers_set")
    table = whole[whole["set"] == place]
    medians = table.groupby(["method", "layer"], sort=False)["cka"].median().dropna().to_dict()
    conclude(
        activation_sentences.describe_layers(layer_contrasts(rows, place), medians, place),
        "similarity (CKA)",
        "forget set",
        "activation",
    )
    charts = {}
    grid = st.grid(2, min_column_width=CURVE_WIDTH, key="layer_charts")
    for layer in dict.fromkeys(table["layer"]):
        chart = activation_charts.layer_similarity_chart(table, layer)
        charts[layer] = study_chart(study, chart, "similarity to retraining", shown={"layer": layer, "set": place})
        grid.altair_chart(chart, key=f"layers_{layer}", alt=f"Similarity of {layer} to exact retraining by method")
    chart_table(
        lambda: table.assign(method=table["method"].map(format_method)).rename(
            columns={"set": "compared on", "cka": "similarity (CKA)", "to_original": "similarity to the original"}
        ),
        key="layers",
        alt="Similarity of each layer to exact retraining",
        charts=charts,
        tables={"layers.csv": lambda: csv_bytes(whole)},
    )
    st.caption(
        "A mark is a seed, a point the median. Gold is another retraining with another seed, burgundy the original: a "
        "method that forgets as retraining does comes to the gold. Named is what holds over seeds, corrected by Holm "
        "for all methods and layers; the reviews are taken as given."
    )
