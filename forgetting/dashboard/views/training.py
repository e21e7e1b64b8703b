"""Training that is watched: its buttons, its charts, and slices that are quick but slow enough to see.

The Train page advances a training run in a fragment with `run_every`, other pages in the sidebar.
"""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from forgetting.charts.history import Curve, history_chart
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, TrainingRun, rerun_page, session
from forgetting.dashboard.state.work import begin_training, stop_training
from forgetting.dashboard.ui.chart_files import ChartFile, model_source
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.differences import describe_difference
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import in_words
from forgetting.dashboard.ui.tables import chart_table
from forgetting.dashboard.ui.training_form import take_fields
from forgetting.metrics.baselines import Baselines
from forgetting.model.history import find_best_epoch, find_reached
from forgetting.model.settings import OBJECTIVES, learns_by_heart
from forgetting.model.split import PARTS
from forgetting.model.trainer import Trainer
from forgetting.reporting.captions import ChartSource, describe_chart
from forgetting.reporting.comparison import describe_by_heart, describe_training
from forgetting.reporting.formatting import format_epochs, format_number, format_seconds, format_share
from forgetting.reporting.glossary import explain

PLAY_EVERY = 0.2  # seconds between two runs of the fragment while it plays
PLAY_SLICE = 0.3  # seconds of training in a run, at the most
SINGLE_EPOCHS = 4  # the first epochs, which are shown one by one
PLAY_REFUSED = "training_refused"  # key of why Play could not begin, which is said once
PAIRED_CHART = 270  # pixels that each of two charts side by side takes at least
PLAY_RUNS = 8  # runs of the fragment for the other epochs, where these are quick


def training_buttons() -> None:
    """Play or pause, one step, reset, and the switch for full speed."""
    mine = session()
    fresh = mine.training_run is None or models.is_outdated(mine.training_run, mine.inputs)
    mine.playing = mine.playing and not fresh  # a run that is out of date does not play on
    with st.container(horizontal=True, vertical_alignment="center"):
        ended = not fresh and not mine.training_run.trainer.epochs_left
        label, icon = ("Pause", "pause") if mine.playing else ("Play again" if ended else "Play", "play_arrow")
        toggle = partial(stop_training, mine) if mine.playing else play
        st.button(label, icon=f":material/{icon}:", type="primary", on_click=toggle, key="play", help=explain(label))
        st.button("One step", icon=":material/skip_next:", on_click=_step, help=explain("One step"))
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset, help=explain("Reset"))
        st.toggle("Full speed", key="full_speed", persist_state="session", help=explain("Full speed"))
    if refused := st.session_state.pop(PLAY_REFUSED, ""):
        st.error(in_words(refused))


def outdated_notice() -> None:
    """Say above the curves where they are not of these settings."""
    shown = models.find_shown(session())
    if shown and models.is_outdated(shown, session().inputs):
        st.warning(literal(f"These curves are of {describe_difference(shown)}. Play trains what the fields say, anew."))


def training_view() -> None:
    """Advance the training run where it plays and the session may train, and draw it; see `ui.advancing`."""
    mine = session()
    if mine.playing and mine.training_run and not mine.queue_position:
        play_slice(mine.training_run.trainer, full_speed=st.session_state.get("full_speed", False))
        if not mine.training_run.trainer.epochs_left:
            stop_training(mine)
            _draw(mine.training_run)
            rerun_page()
    shown = models.find_shown(mine)
    if shown is None:
        st.info("Press Play to train the classifier with these settings.", icon=":material/play_arrow:")
        return
    _draw(shown)


def _draw(shown: TrainingRun | TrainedModel) -> None:
    run = shown.trainer if isinstance(shown, TrainingRun) else shown.trained
    baselines, epochs = models.find_baselines(shown), shown.training.epochs
    conclude(describe_training(run.history, baselines, run.kept_epoch), "accuracy", "loss", "epoch", "largest class")
    if learns_by_heart(shown.recipe.model.kind, len(shown.split.training)) and (
        sentence := describe_by_heart(run.history, run.kept_epoch)
    ):
        st.warning(sentence)
    last, time = find_reached(run.history, run.kept_epoch), f"{format_seconds(run.seconds)} of training"
    if best := find_best_epoch(run.history):
        time += f", best: epoch {best:,}"
    chance, guess = f"chance {format_share(baselines.chance)}", f"uniform guess {format_number(baselines.chance_loss)}"
    cells = (
        ("Epoch", f"{len(run.history)} / {epochs}", time),
        ("Validation accuracy", format_share(last.validation.accuracy) if last else "–", chance),
        ("Training accuracy", format_share(last.training.accuracy) if last else "–", chance),
        ("Validation loss", format_number(last.validation.loss) if last else "–", guess),
    )
    with st.grid(2, min_column_width=256):  # four in a line or two by two, so that none stands alone
        for pair in (cells[:2], cells[2:]):
            with st.grid(2, min_column_width=120):
                for label, value, baseline in pair:
                    st.metric(label, value, delta=baseline, delta_color="off", delta_arrow="off", help=explain(label))
    history_charts(
        [Curve("original", run.history)],
        baselines,
        objective=shown.recipe.training.objective,
        epochs=epochs,
        key="training_run",
        source=partial(model_source, shown),
    )
    if run.state == "diverged":
        st.error(
            f"Training diverged after {format_epochs(len(run.history))}: the loss is not a finite number any more. "
            "Lower the learning rate, and play again."
        )


def _ready() -> bool:
    """Whether there is a training run to go on with, of what the fields say; one is begun where there is none.

    What stands in the way is kept, to be said below the buttons.
    """
    mine = session()
    if not take_fields():
        return False
    run = mine.training_run
    return bool(run and not models.is_outdated(run, mine.inputs) and run.trainer.epochs_left) or _begin()


def _begin() -> bool:
    try:
        begin_training(session())
    except ForgettingError as error:
        st.session_state[PLAY_REFUSED] = str(error)
        return False
    return True


def play() -> None:
    """Play what the fields say: go on with the training run of these settings, or begin one."""
    session().playing = _ready()


def _step() -> None:
    session().playing = False
    if _ready():
        session().training_run.trainer.step()
        stop_training(session())


def _reset() -> None:
    session().playing = False
    if take_fields():
        _begin()


def play_slice(trainer: Trainer, *, full_speed: bool) -> None:
    """Train a slice: one of the first epochs, an equal part of the rest, or at full speed what the time allows."""
    done, total = len(trainer.history), trainer.training.epochs
    epochs = 1 if done < SINGLE_EPOCHS else -(-(total - SINGLE_EPOCHS) // PLAY_RUNS)
    trainer.advance(PLAY_SLICE, epochs=total if full_speed else epochs, wait=False)


def history_charts(
    curves: list[Curve],
    baselines: Baselines,
    *,
    objective: str,
    epochs: int,
    key: str,
    source: Callable[[], ChartSource],
) -> None:
    """Loss and accuracy by epoch, side by side, with their baselines; updated in place while they grow.

    Args:
        curves: the histories.
        baselines: of the split.
        objective: of the training, which decides the unit of the loss.
        epochs: length of the axis.
        key: begins the keys of the two elements.
        source: says what the charts are of.
    """
    titles = {"loss": f"loss ({OBJECTIVES[objective]})", "accuracy": "accuracy"}
    drawn = {
        metric: history_chart(curves, metric, baselines.beside(metric), epochs=epochs, title=title)
        for metric, title in titles.items()
    }
    with st.grid(2, min_column_width=PAIRED_CHART):
        for metric, chart in drawn.items():
            beside = "that of a uniform guess" if metric == "loss" else "baselines"
            alt = f"{metric.capitalize()} by epoch, training and validation, with {beside}"
            st.altair_chart(chart, key=f"{key}_{metric}", height="stretch", alt=alt)
    chart_table(
        lambda: _history_table(curves),
        key=key,
        alt="Loss and accuracy by epoch",
        formats={f"{part} accuracy": format_share for part in PARTS},
        charts={
            metric: ChartFile(
                lambda chart=chart: chart,
                lambda metric=metric: describe_chart(
                    f"{metric} by epoch", source(), baselines=baselines.beside(metric), metric=metric
                ),
            )
            for metric, chart in drawn.items()
        },
    )


def _history_table(curves: list[Curve]) -> pd.DataFrame:
    """A row an epoch and history."""
    rows = [
        {
            "model": curve.name,
            "epoch": epoch.epoch,
            "training loss": epoch.training.loss,
            "validation loss": epoch.validation.loss,
            "training accuracy": epoch.training.accuracy,
            "validation accuracy": epoch.validation.accuracy,
        }
        for curve in curves
        for epoch in curve.history
    ]
    return pd.DataFrame(rows)
