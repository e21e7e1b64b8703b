"""Train the randomized model again, and lay its curves over the original's: the published second run."""

from functools import partial

import streamlit as st

from forgetting.charts.history import Curve
from forgetting.charts.style import RELEARNED
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Learned, Relearning, draw_anew, session
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.page import link
from forgetting.dashboard.views import playing
from forgetting.experiment.pipeline import make_trainer
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.model.trainer import Epoch
from forgetting.reporting.formatting import counted_epochs, percent


def relearning(learned: Learned, comparison: Comparison, baselines: Baselines) -> None:
    """Choose how long, relearn, and compare; in the published protocol the second run is there already."""
    if comparison.history:
        _draw(learned, comparison.history, baselines, len(comparison.history))
        return
    mine = session()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input(
            "Epochs to relearn", 1, 2_000, value=learned.recipe.training.epochs, key="relearn_epochs", width=160
        )
        st.button(
            "Relearn",
            icon=":material/replay:",
            type="primary",
            on_click=_start,
            args=(learned, comparison),
        )
        if mine.relearn_playing:
            st.button("Stop", icon=":material/stop:", on_click=_stop)
    if mine.relearning and mine.relearning.of != models.comparison_key(learned):
        mine.relearning, mine.relearn_playing = None, False
    link("relearn", "Is it really gone? Compare with a model from scratch, over seeds, on the Relearn page")
    view = partial(_view, learned, baselines, int(epochs))
    advancing.advancing(view, running=mine.relearn_playing, every=playing.EVERY)


def _start(learned: Learned, comparison: Comparison) -> None:
    mine, epochs = session(), st.session_state.get("relearn_epochs", learned.recipe.training.epochs)
    trainer = make_trainer(learned.recipe, learned.split, comparison.model, epochs=int(epochs))
    mine.relearning = Relearning(models.comparison_key(learned), trainer)
    mine.relearn_playing = True


def _stop() -> None:
    session().relearn_playing = False


def _view(learned: Learned, baselines: Baselines, epochs: int) -> None:
    mine = session()
    if mine.relearn_playing and mine.relearning and not mine.place:
        playing.play(mine.relearning.trainer, full_speed=False)
        if not mine.relearning.trainer.epochs_left:
            mine.relearn_playing = False
            draw_anew()
    trainer = mine.relearning.trainer if mine.relearning else None
    _draw(learned, trainer.history if trainer else [], baselines, trainer.training.epochs if trainer else epochs)
    if trainer and trainer.state == "diverged":
        st.error("Relearning diverged: the loss is no finite number any more. Randomize less, or train more gently.")


def _draw(learned: Learned, history: list[Epoch] | tuple[Epoch, ...], baselines: Baselines, epochs: int) -> None:
    original = learned.trained.history
    st.text(_sentence(original, history, baselines))
    drawn = [Curve("original", original), Curve("relearned", history, RELEARNED)]
    objective = learned.recipe.training.objective
    playing.curves(drawn, baselines, objective=objective, epochs=max(epochs, len(original)), key="relearn")


def _sentence(original: tuple[Epoch, ...], history: list[Epoch] | tuple[Epoch, ...], baselines: Baselines) -> str:
    if not history or not original:
        return "Relearn trains the randomized model again, with the settings that the original was trained with."
    before, after = original[-1].validation.accuracy, history[-1].validation.accuracy
    return (
        f"After {counted_epochs(len(history))} of relearning validation accuracy is {percent(after)}; the original "
        f"reached {percent(before)} in {counted_epochs(len(original))}, where chance is {percent(baselines.chance)}."
    )
