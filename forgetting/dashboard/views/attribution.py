"""Words: the most influential of a class, and what randomizing only their weights in the first layer changes."""

import pandas as pd
import streamlit as st

from forgetting.charts import attribution as attribution_charts
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, assign, session
from forgetting.dashboard.ui.chart_files import ChartFile, model_source
from forgetting.dashboard.ui.controls import control_state, names_of_control, prepare_control
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.navigation import change_notice
from forgetting.dashboard.ui.randomization_form import scheme_control
from forgetting.dashboard.ui.tables import chart_table
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.metrics.baselines import Baselines
from forgetting.model.attribution import most_influential_words
from forgetting.reporting import comparison as comparison_sentences
from forgetting.reporting.captions import describe_chart
from forgetting.reporting.glossary import explain

MOST_WORDS = 20  # drawn for a class
MOST_OFFERED = 6_000  # words to choose from; of more, only the most influential are listed, and any can be typed


def words_view(trained_model: TrainedModel, baselines: Baselines) -> None:
    """Choose words, randomize only their columns, and see which classes and reviews change."""
    classes = trained_model.split.classes
    with st.container(key="words_and_choice"):
        left, right = st.columns([1, 1.6], gap="medium")
    with left:
        name = st.selectbox("Class", classes, key="words_class", persist_state="session", help=explain("Class"))
        try:
            influence = most_influential_words(
                trained_model.trained.model, trained_model.split, classes.index(name), MOST_WORDS
            )
        except ForgettingError as error:
            show_error(error)
            influence = {}
        if influence:
            chart = attribution_charts.words_chart(influence, "influence on the logit")
            st.altair_chart(chart, key="words", alt="Most influential words")
            chart_table(
                lambda: pd.DataFrame(influence.items(), columns=["word", "influence"]),
                key="words",
                alt="Most influential words",
                charts={
                    "words": ChartFile(
                        lambda: chart,
                        lambda: describe_chart("words", model_source(trained_model), shown={"class": name}),
                    )
                },
            )
            st.button(
                "Forget the ten strongest",
                on_click=_forget,
                args=(tuple(influence)[:10],),
                help=explain("Forget the ten strongest"),
            )
    with right:
        change_notice()
        _word_picker(trained_model, influence)
        scheme_control()
        randomization = session().recipe.randomization
        chosen = models.fit_randomization(randomization, trained_model)
        if chosen.unit != "word" or not chosen.words:
            st.info("Pick words, or forget the strongest of a class: only their weights in the first layer change.")
            return
        try:
            comparison = models.find_comparison(trained_model, randomization)
        except ForgettingError as error:
            show_error(error)
            return
        st.text(
            comparison_sentences.describe_comparison(comparison, baselines, chosen, trained_model.recipe.model.layers)
        )
        comparison_views.recall_view(trained_model, comparison, baselines)
    comparison_views.flipped_reviews_view(trained_model, comparison)


def _word_picker(trained_model: TrainedModel, influence: dict[str, float]) -> None:
    words = trained_model.split.words
    offered = list(words) if len(words) <= MOST_OFFERED else list(influence)
    key = prepare_control("randomization.words")
    options = list(dict.fromkeys([*offered, *st.session_state[key]]))
    st.multiselect(
        options=options,
        **names_of_control("randomization.words", mark=f", of {len(words):,}"),
        default=list(st.session_state[key]),
        key=key,
        on_change=_picked,
        accept_new_options=len(words) > MOST_OFFERED,
        placeholder="Search words",
    )


def _picked() -> None:
    _forget(tuple(control_state("randomization.words")))


def _forget(words: tuple[str, ...]) -> None:
    """Randomize the columns of these words and nothing else; without words, nothing.

    The first choice of words takes the scheme `rewind`, as a draw from N(0, 1) would add noise.
    """
    recipe = session().recipe
    values = {"randomization.words": words, "randomization.unit": "word"}
    values |= {"randomization.layers": recipe.model.layers[:1] if words else ()}
    values |= {"randomization.fraction": 1.0} if words else {}
    values |= {} if recipe.randomization.unit == "word" else {"randomization.scheme": "rewind"}
    assign(values, announce=True)
