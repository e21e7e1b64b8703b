"""What the accuracy is over several splits of a small file, which the Overview says before that of its one split."""

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.queue import join_queue
from forgetting.dashboard.state.session import TrainedModel, rerun_page, session
from forgetting.dashboard.studies.fraction_path import EVERY, find_path
from forgetting.dashboard.studies.split_accuracy import PLANNED, find_split_accuracies
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import in_words
from forgetting.reporting.formatting import format_duration
from forgetting.reporting.glossary import explain
from forgetting.reporting.splits import describe_splits, describe_splits_under_way


def splits_view(trained_model: TrainedModel) -> None:
    """The accuracy over splits, where the file is small; it is computed once the slider has all that it shows."""
    accuracies = find_split_accuracies(trained_model)
    if accuracies is None:
        return
    accuracy = models.find_original(trained_model).scores["validation"].accuracy
    rests, drawn = accuracies.rests, False

    # One that rests has its fragment, too, as the browser may still ask for it once more.
    @st.fragment(run_every=None if rests else EVERY)
    def advance() -> None:
        nonlocal drawn
        if drawn and not rests and not _waits_for_slider(trained_model) and not join_queue(session()):
            accuracies.advance()
        if accuracies.rests != rests:
            rerun_page()
        drawn = True
        if accuracies.finished:
            from forgetting.studies.splits import summarize_splits

            st.markdown(literal(describe_splits(summarize_splits(accuracies.found), accuracy)))
            return
        st.markdown(literal(describe_splits_under_way(len(accuracies.found), PLANNED, accuracy)))
        if accuracies.obstacle:
            st.caption(in_words(accuracies.obstacle))
        elif accuracies.waits:
            label = f"Train on all {PLANNED} splits ({format_duration(accuracies.seconds_left)})"
            st.button(label, key="all_splits", on_click=accuracies.ask, help=explain("splits"))

    advance()


def _waits_for_slider(trained_model: TrainedModel) -> bool:
    """Whether the fractions of the slider are still computed, which come first."""
    try:
        path = find_path(trained_model, session().recipe.randomization)
    except ForgettingError:
        return False
    return bool(path and not (path.finished or path.obstacle))
