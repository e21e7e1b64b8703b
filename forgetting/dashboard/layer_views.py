"""What the Layers page shows besides studies: how robust each layer is, and words forgotten on their own."""

import pandas as pd
import streamlit as st

from forgetting import findings, response_charts
from forgetting.dashboard import panels, sweep_studies, work
from forgetting.dashboard.controls import choice, picked, seeded
from forgetting.dashboard.dose import TITLES
from forgetting.dashboard.session import Learned, assign, session
from forgetting.dashboard.study_panel import downloads
from forgetting.dashboard.text import literal
from forgetting.errors import ForgettingError
from forgetting.files import csv_bytes
from forgetting.metrics import Baselines
from forgetting.words import most_influential

MOST_SEEDS = 100  # of the robustness table, which is computed at once
MOST_WORDS = 20  # drawn of a class
MOST_OFFERED = 6_000  # words in the list to search; of more, the most influential are offered and any can be typed


def robustness_view(learned: Learned, baselines: Baselines) -> None:
    """Each layer set back to before training and drawn anew, with a verdict in plain words."""
    try:
        rows = sweep_studies.robustness_of(learned, min(session().recipe.sweep.seeds, MOST_SEEDS))
    except ForgettingError as error:
        st.error(literal(str(error)))
        return
    st.text(findings.robust(rows, baselines))
    chart = response_charts.robustness_chart(rows)
    st.altair_chart(chart, key="robustness", alt="Forgetting of each layer set back and drawn anew")
    share = st.column_config.NumberColumn(format="percent")
    table = pd.DataFrame(
        {
            "layer": [row.layer for row in rows],
            "parameters": [row.parameters for row in rows],
            "accuracy": [row.accuracy_before for row in rows],
            "set back": [row.accuracies[0] for row in rows],
            "drawn anew": [row.accuracies[1] for row in rows],
            "chance": [row.chance for row in rows],
            "largest class": baselines.majority["validation"],
            "‖θt − θ0‖₂": [row.distance for row in rows],
            "‖θ0‖₂": [row.initial_norm for row in rows],
            "verdict": [row.verdict for row in rows],
        }
    )
    names = ("accuracy", "set back", "drawn anew", "chance", "largest class")
    columns = dict.fromkeys(names, share) | {
        name: st.column_config.NumberColumn(format="%.2f") for name in ("‖θt − θ0‖₂", "‖θ0‖₂")
    }
    st.dataframe(table, hide_index=True, column_config=columns, alt="Robustness of each layer")
    st.caption(
        "After Zhang, Bengio & Singer, “Are All Layers Created Equal?”: re-initialization sets one layer back to its "
        "weights from before training, re-randomization draws it anew from its initializer. Critical: at least "
        "half of the accuracy above chance is gone when it is set back; robust: at most a quarter. These bounds are "
        "ours; where the 95 % interval over the reviews crosses one, both words stand. The band of “drawn anew” is "
        "over seeds."
    )
    downloads({"robustness.csv": lambda: csv_bytes(table)}, {"robustness": chart}, "robustness")


def words_view(learned: Learned, baselines: Baselines) -> None:
    """Pick words, randomize their columns alone, and see which classes and reviews change."""
    classes = learned.split.classes
    left, right = st.columns([1, 1.6], gap="medium")
    with left:
        name = st.selectbox("Class", classes, key="words_class", persist_state="session")
        try:
            found = most_influential(learned.trained.model, learned.split, classes.index(name), MOST_WORDS)
        except ForgettingError as error:
            st.error(literal(str(error)))
            found = {}
        if found:
            title = "influence on the logit"
            st.altair_chart(response_charts.words_chart(found, title), key="words", alt="Most influential words")
            st.button("Forget the ten strongest", on_click=_forget, args=(tuple(found)[:10],))
    with right:
        _word_picker(learned, found)
        choice("randomization.scheme", "What becomes of them", titles=TITLES)
        chosen = work.fitting(learned)
        if chosen.unit != "word" or not chosen.words:
            st.info("Pick words, or forget the strongest of a class: only their columns of the first layer change.")
            return
        try:
            comparison = work.comparison(learned)
        except ForgettingError as error:
            st.error(literal(str(error)))
            return
        st.text(findings.cost(comparison, baselines, chosen, learned.recipe.model.layers))
        panels.recalls(learned, comparison, baselines)
    panels.flipped_reviews(learned, comparison)


def _word_picker(learned: Learned, found: dict[str, float]) -> None:
    words = learned.split.words
    offered = list(words) if len(words) <= MOST_OFFERED else list(found)
    key = seeded("randomization.words")
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
    _forget(tuple(picked("randomization.words")))


def _forget(words: tuple[str, ...]) -> None:
    """Randomize all of these words' columns, and nothing else; with none of them, nothing.

    At first they are set back to before training: a draw from N(0, 1) would add noise besides.
    """
    if session().recipe.randomization.unit != "word":
        assign({"randomization.scheme": "rewind"})
    first = session().recipe.model.layers[:1]
    values = {"randomization.words": words, "randomization.unit": "word", "randomization.layers": first}
    assign(values | {"randomization.fraction": 1.0} if words else {**values, "randomization.layers": ()})
