"""Words forgotten on their own: the most influential of a class, and what randomizing their columns changes."""

import streamlit as st

from forgetting.charts import attribution as attribution_charts
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, assign, session
from forgetting.dashboard.ui.controls import choice_control, control_state, prepare_control
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.randomization_form import TITLES
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.metrics.baselines import Baselines
from forgetting.model.attribution import most_influential_words
from forgetting.reporting import comparison as comparison_sentences

MOST_WORDS = 20  # drawn of a class
MOST_OFFERED = 6_000  # words in the list to search; of more, the most influential are offered and any can be typed


def words_view(trained_model: TrainedModel, baselines: Baselines) -> None:
    """Pick words, randomize their columns alone, and see which classes and reviews change."""
    classes = trained_model.split.classes
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        name = st.selectbox("Class", classes, key="words_class", persist_state="session")
        try:
            found = most_influential_words(
                trained_model.trained.model, trained_model.split, classes.index(name), MOST_WORDS
            )
        except ForgettingError as error:
            st.error(literal(str(error)))
            found = {}
        if found:
            title = "influence on the logit"
            st.altair_chart(attribution_charts.words_chart(found, title), key="words", alt="Most influential words")
            st.button("Forget the ten strongest", on_click=_forget, args=(tuple(found)[:10],))
    with right:
        _word_picker(trained_model, found)
        choice_control("randomization.scheme", "What becomes of them", titles=TITLES)
        randomization = session().recipe.randomization
        chosen = models.fit_randomization(randomization, trained_model)
        if chosen.unit != "word" or not chosen.words:
            st.info("Pick words, or forget the strongest of a class: only their columns of the first layer change.")
            return
        try:
            comparison = models.find_comparison(trained_model, randomization)
        except ForgettingError as error:
            st.error(literal(str(error)))
            return
        st.text(comparison_sentences.describe_cost(comparison, baselines, chosen, trained_model.recipe.model.layers))
        comparison_views.recall_view(trained_model, comparison, baselines)
    comparison_views.flipped_reviews_view(trained_model, comparison)


def _word_picker(trained_model: TrainedModel, found: dict[str, float]) -> None:
    words = trained_model.split.words
    offered = list(words) if len(words) <= MOST_OFFERED else list(found)
    key = prepare_control("randomization.words")
    options = list(dict.fromkeys([*offered, *st.session_state[key]]))
    st.multiselect(
        f"Words to forget, of {len(words):,}",
        options,
        default=list(st.session_state[key]),
        key=key,
        on_change=_picked,
        accept_new_options=len(words) > MOST_OFFERED,
        placeholder="Search words",
    )


def _picked() -> None:
    _forget(tuple(control_state("randomization.words")))


def _forget(words: tuple[str, ...]) -> None:
    """Randomize all of these words' columns, and nothing else; with none of them, nothing.

    At first they are set back to before training: a draw from N(0, 1) would add noise besides.
    """
    if session().recipe.randomization.unit != "word":
        assign({"randomization.scheme": "rewind"})
    first = session().recipe.model.layers[:1]
    values = {"randomization.words": words, "randomization.unit": "word", "randomization.layers": first}
    assign(values | {"randomization.fraction": 1.0} if words else {**values, "randomization.layers": ()})
