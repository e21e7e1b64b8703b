"""Train the randomized model again, and lay its curves over the original's: the published second run."""

from functools import partial

import streamlit as st

from forgetting.charts.history import Curve
from forgetting.charts.style import RELEARNED
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import RelearningRun, TrainedModel, rerun_page, session
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.page import page_link
from forgetting.dashboard.views import playing
from forgetting.experiment.pipeline import make_trainer
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.model.trainer import Epoch
from forgetting.reporting.formatting import format_epochs, format_share


def relearn_once_view(trained_model: TrainedModel, comparison: Comparison, baselines: Baselines) -> None:
    """Choose how long, relearn, and compare; in the published protocol the second run is there already."""
    if comparison.history:
        _draw(trained_model, comparison.history, baselines, len(comparison.history))
        return
    mine = session()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input(
            "Epochs to relearn", 1, 2_000, value=trained_model.recipe.training.epochs, key="relearn_epochs", width=160
        )
        st.button(
            "Relearn",
            icon=":material/replay:",
            type="primary",
            on_click=_start,
            args=(trained_model, comparison),
        )
        if mine.relearn_playing:
            st.button("Stop", icon=":material/stop:", on_click=_stop)
    if mine.relearning and mine.relearning.key != models.comparison_key(trained_model, mine.recipe.randomization):
        mine.relearning, mine.relearn_playing = None, False
    page_link("relearn", "Is it really gone? Compare with a model from scratch, over seeds, on the Relearn page")
    view = partial(_view, trained_model, baselines, int(epochs))
    advancing.advance_in_fragment(view, running=mine.relearn_playing, every=playing.PLAY_EVERY)


def _start(trained_model: TrainedModel, comparison: Comparison) -> None:
    mine, epochs = session(), st.session_state.get("relearn_epochs", trained_model.recipe.training.epochs)
    trainer = make_trainer(trained_model.recipe, trained_model.split, comparison.model, epochs=int(epochs))
    mine.relearning = RelearningRun(models.comparison_key(trained_model, mine.recipe.randomization), trainer)
    mine.relearn_playing = True


def _stop() -> None:
    session().relearn_playing = False


def _view(trained_model: TrainedModel, baselines: Baselines, epochs: int) -> None:
    mine = session()
    if mine.relearn_playing and mine.relearning and not mine.queue_position:
        playing.play_slice(mine.relearning.trainer, full_speed=False)
        if not mine.relearning.trainer.epochs_left:
            mine.relearn_playing = False
            rerun_page()
    trainer = mine.relearning.trainer if mine.relearning else None
    _draw(trained_model, trainer.history if trainer else [], baselines, trainer.training.epochs if trainer else epochs)
    if trainer and trainer.state == "diverged":
        st.error("Relearning diverged: the loss is no finite number any more. Randomize less, or train more gently.")


def _draw(
    trained_model: TrainedModel, history: list[Epoch] | tuple[Epoch, ...], baselines: Baselines, epochs: int
) -> None:
    original = trained_model.trained.history
    st.text(_sentence(original, history, baselines))
    drawn = [Curve("original", original), Curve("relearned", history, RELEARNED)]
    objective = trained_model.recipe.training.objective
    playing.history_charts(drawn, baselines, objective=objective, epochs=max(epochs, len(original)), key="relearn")


def _sentence(original: tuple[Epoch, ...], history: list[Epoch] | tuple[Epoch, ...], baselines: Baselines) -> str:
    if not history or not original:
        return "Relearn trains the randomized model again, with the settings that the original was trained with."
    before, after = original[-1].validation.accuracy, history[-1].validation.accuracy
    return (
        f"After {format_epochs(len(history))} of relearning validation accuracy is {format_share(after)}; the original "
        f"reached {format_share(before)} in {format_epochs(len(original))}, where chance is "
        f"{format_share(baselines.chance)}."
    )
