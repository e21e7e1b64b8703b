"""What a page needs before it can show results: reviews and a model, or a button that gets them."""

import time
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forgetting.core.errors import DataError, ForgettingError
from forgetting.core.numbers import format_size
from forgetting.dashboard.state import data, models, queue
from forgetting.dashboard.state.session import TrainedModel, TrainingRun, link_address, rerun_page, session
from forgetting.dashboard.state.work import begin_training, stop_training
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.differences import describe_difference, has_other_reviews
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.navigation import PAGES, page_link
from forgetting.dashboard.ui.saved_models import waiting_notice
from forgetting.data.original import ORIGINAL_SIZE
from forgetting.reporting.glossary import explain

ICON = ":material/model_training:"
PLAYS = "plays_on_arrival"  # key of whether Train plays once it is opened
Places = tuple[DeltaGenerator, DeltaGenerator]  # of a sentence, and of a button or the bar of a training


def need_data() -> None:
    """Stop where the session's reviews are missing, with the reason and a button that gets them."""
    if not _offer_data():
        st.stop()


def _offer_data() -> bool:
    """Whether the session's reviews are at hand; if not, the reason is shown, with a way to get them."""
    try:
        data.find_reviews(session().inputs)
    except ForgettingError as error:
        show_error(error, icon=":material/table_view:")
        if session().recipe.data.source == "original" and not data.has_original(session().uploads):
            download_button()
        waiting_notice()
        page_link("data", "Choose reviews on the Data page")
        return False
    return True


def download_button(label: str = "Download the original file") -> None:
    """A button that fetches the original file; an error is shown as a sentence."""
    if st.button(label, icon=":material/download:", help=explain("Download the original file")):
        try:
            with st.spinner(f"Downloading {format_size(ORIGINAL_SIZE)} from github.com …"):
                data.download_original()
        except DataError as error:
            show_error(error)
            return
        rerun_page()


def need_model() -> TrainedModel:
    """The model to work with; without one, stop with the reason and a button."""
    return offer_model() or st.stop()


def offer_model() -> TrainedModel | None:
    """The model to work with, None where it is missing. An outdated model is returned with a button that trains anew.

    Where training can go on, a button trains the model to the end.
    """
    trained_model, training_run = models.find_trained_model(session()), session().training_run
    # Always, as the bar of a training would else take the place of the charts below; `st.empty` would empty it for a
    # moment in each run, and all below would jump.
    row = st.container()
    if models.is_outdated(trained_model, session().inputs):
        what = describe_difference(trained_model) if trained_model else ""
        sentence = f"These figures are of {what}." if what else "No model is trained for this recipe yet."
        if not _offer_data():
            if trained_model:
                row.info(literal(sentence), icon=ICON)
        elif places := _ask(row, sentence, train_label(trained_model), type="primary", key="train_now"):
            _train_now(places)
    elif trained_model.trained.state == "diverged":
        row.error("Training diverged: the loss is not a finite number any more.")
        page_link("train", "Lower the learning rate and train again")
    elif trained_model.trained.state != "finished":
        done, total = len(trained_model.trained.history), trained_model.training.epochs
        untrained = "" if trained_model.trained.steps else ": it has its initial weights"
        sentence = f"This model is trained {done:,} of {total:,} epochs{untrained}."
        if training_run is None or models.is_outdated(training_run, session().inputs):
            row.info(sentence, icon=ICON)
        elif session().playing:
            row.info(f"{sentence} Training goes on, as the sidebar shows.", icon=ICON)
        elif places := _ask(row, sentence, "Finish training"):
            _play_to_end(places, training_run)
    return trained_model


def train_label(trained_model: TrainedModel | None) -> str:
    """What a button says that trains, in Markdown: on which file, where the visitor's model is not of it."""
    recipe = session().recipe
    other = recipe.data.source == "file" and (trained_model is None or has_other_reviews(trained_model))
    what = f"on {literal(recipe.data.file or 'this file')}" if other else "these settings"
    training = data.find_training(session().inputs)
    most = "up to " if training.patience else ""
    return f"Train {what} ({most}{training.epochs:,} epochs)"


def train_next() -> None:
    """A button that goes to Train and plays there, where the recipe has no finished model yet."""
    trained_model = models.find_trained_model(session())
    outdated = models.is_outdated(trained_model, session().inputs)
    if not outdated and trained_model.trained.state != "training":
        return
    label = train_label(trained_model) if outdated else "Finish training"
    if st.button(label, icon=ICON, type="primary", key="train_next", help=explain("Train these settings")):
        st.session_state[PLAYS] = True
        path, _, _ = PAGES["train"]
        st.switch_page(path, query_params=link_address("train"))


def _ask(row: DeltaGenerator, sentence: str, label: str, **look: Any) -> Places | None:
    """The places of the sentence and of the button, once it is pressed; what is written there moves nothing below."""
    with row.container(horizontal=True, vertical_alignment="center"):
        places = st.info(literal(sentence), icon=ICON), st.empty()
    pressed = places[1].button(label, icon=":material/play_arrow:", help=explain("Train these settings"), **look)
    return places if pressed else None


def _train_now(places: Places) -> None:
    """Train the session's recipe to the end under a progress bar, then draw the page anew."""
    try:
        training_run = begin_training(session())
    except ForgettingError as error:
        show_error(error, places[0])
        page_link("data", "Choose other reviews or filters on the Data page")
        page_link("train", "Choose other settings on the Train page")
        st.stop()
    _play_to_end(places, training_run)


def _play_to_end(places: Places, training_run: TrainingRun) -> None:
    """Train to the end while the page waits. Where it is left before, training goes on from the sidebar."""
    total, mine, (sentence, bar) = training_run.training.epochs, session(), places
    mine.playing = True
    while training_run.trainer.epochs_left:
        done = len(training_run.trainer.history)
        bar.progress(done / total)
        if position := queue.join_queue(mine):
            sentence.info(advancing.describe_position(position), icon=ICON)
            time.sleep(queue.LOOK_SECONDS / 2)
            if models.take_finished_model(mine):  # another visitor has trained the same meanwhile
                mine.training_run, mine.playing = None, False
                rerun_page()
        else:
            sentence.info(f"Training: epoch {done} of {total}", icon=ICON)
            training_run.trainer.advance(0.25)
    stop_training(mine)
    rerun_page()
