"""What a page needs before it can show results: reviews and a model, or a button that gets them."""

import time

import streamlit as st

from forgetting.core.errors import DataError, ForgettingError
from forgetting.dashboard.state import data, models, queue
from forgetting.dashboard.state.session import TrainedModel, TrainingRun, rerun_page, session
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.navigation import page_link
from forgetting.recipe.recipe import MODERN


def need_data() -> None:
    """Stop where the session's reviews are missing, with the reason and a button that gets them."""
    if not _offer_data():
        st.stop()


def _offer_data() -> bool:
    """Whether the session's reviews are at hand; if not, the reason is shown."""
    try:
        data.find_reviews(session().inputs)
    except ForgettingError as error:
        st.error(literal(str(error)), icon=":material/table_view:")
        if session().recipe.data.source == "original" and not data.has_original(session().upload):
            download_button()
        page_link("data", "Choose reviews on the Data page")
        return False
    return True


def download_button(label: str = "Download the original file") -> None:
    """A button that fetches the original file; an error is shown as a sentence."""
    if st.button(label, icon=":material/download:"):
        try:
            with st.spinner("Downloading 609 kB from github.com …"):
                data.download_original()
        except DataError as error:
            st.error(literal(str(error)))
            return
        rerun_page()


def need_model() -> TrainedModel:
    """The model to work with; without one, stop with the reason and a button."""
    return offer_model() or st.stop()


def offer_model(*, at_once: bool = False) -> TrainedModel | None:
    """The model to work with, None where it is missing. An outdated model is returned with a button that trains anew.

    Where training can go on, a button trains the model to the end.

    Args:
        at_once: whether a missing model is trained now, or a button is shown that trains it.
    """
    trained_model = models.find_trained_model(session())
    if trained_model is None:
        if _offer_data() and (at_once or _train_button("No model is trained for this recipe yet.")):
            _train_now()
        return None
    if models.is_outdated(trained_model, session().inputs) and _train_button(
        "This model is out of date: the recipe has changed since."
    ):
        _train_now()
    elif trained_model.trained.state == "diverged":
        st.error(
            "Training diverged: the loss is not a finite number any more. Lower the learning rate and train again."
        )
    elif trained_model.trained.state != "finished":
        done, total = len(trained_model.trained.history), trained_model.recipe.training.epochs
        untrained = "" if trained_model.trained.steps else ": it has its initial weights"
        training_run = session().training_run
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"This model is trained {done} of {total} epochs{untrained}.", icon=":material/model_training:")
            if (
                training_run
                and not models.is_outdated(training_run, session().inputs)
                and st.button("Finish training", icon=":material/play_arrow:")
            ):
                _play_to_end(training_run)
                models.store_model(session())
                rerun_page()
    return trained_model


def _train_button(sentence: str) -> bool:
    default = session().recipe.for_training() == MODERN.for_training()
    epochs = session().recipe.training.epochs
    label = "Train with the defaults" if default else f"Train these settings ({epochs} epochs)"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(sentence, icon=":material/model_training:")
        return st.button(label, type="primary", icon=":material/play_arrow:", key="train_now")


def _train_now() -> None:
    """Train the session's recipe to the end under a progress bar, then draw the page anew."""
    try:
        training_run = session().training_run = models.start_training(session().inputs)
    except ForgettingError as error:
        st.error(literal(str(error)))
        page_link("data", "Choose other reviews or filters on the Data page")
        st.stop()
    _play_to_end(training_run)
    models.store_model(session())
    rerun_page()


def _play_to_end(training_run: TrainingRun) -> None:
    bar = st.progress(0.0, text="Training …")
    total = training_run.recipe.training.epochs
    while training_run.trainer.epochs_left:
        done = len(training_run.trainer.history)
        if position := queue.join_queue(session()):
            bar.progress(done / total, text=advancing.describe_position(position))
            time.sleep(queue.LOOK_SECONDS / 2)
            if models.take_finished_model(session()):  # another visitor has trained the same meanwhile
                queue.leave_queue(session())
                rerun_page()
        else:
            bar.progress(done / total, text=f"Training: epoch {done} of {total}")
            training_run.trainer.advance(0.25)
    queue.leave_queue(session())
