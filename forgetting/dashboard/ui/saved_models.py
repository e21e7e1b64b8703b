"""A saved model is loaded: the file is chosen, refused in words, or waits for the reviews that it was trained on."""

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models, runs
from forgetting.dashboard.state.session import session
from forgetting.dashboard.ui.chosen_file import MODEL_UPLOADER, take_file, watched_uploader
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import in_words
from forgetting.reporting.formatting import format_epochs

OUTCOME = "saved_model_outcome"  # key of whether the file that was chosen last is in use, and what is said of it


def load_control() -> None:
    """A button that opens an uploader for a saved model, and what has come of the file."""
    with st.popover("Load a saved model", icon=":material/upload_file:"):
        watched_uploader("A saved model", ["safetensors"], key=MODEL_UPLOADER, on_change=_chosen)
        if outcome := st.session_state.get(OUTCOME):
            loaded, sentence = outcome
            (st.success if loaded else st.error)(literal(sentence) if loaded else in_words(sentence))


def waiting_notice() -> None:
    """Say which file the visitor's saved model waits for."""
    mine = session()
    if models.awaits_reviews(mine):
        saved = mine.saved_model
        file = saved.recipe.data.file or saved.recipe.data.source
        st.info(
            literal(
                f"The model of {saved.name} waits for the reviews that it was trained on: {file!r}, SHA-256 "
                f"{saved.sha256}. Once they are there, it goes on with them."
            ),
            icon=":material/hourglass_empty:",
        )


def _chosen() -> None:
    """Load a chosen file, or keep why it is refused."""
    from forgetting.experiment.loading import load_model

    file = take_file(MODEL_UPLOADER)
    if file is None:
        st.session_state[OUTCOME] = None
        return
    try:
        saved = load_model(*file)
        runs.log_training(session())  # one under way, whose place the loaded model may take
        models.load_saved_model(session(), saved)
    except ForgettingError as error:
        st.session_state[OUTCOME] = (False, str(error))
        return
    done = f"{saved.name} is loaded: {format_epochs(saved.epochs)}, with its settings."
    st.session_state[OUTCOME] = (True, f"{done} {saved.lacks}".rstrip())
