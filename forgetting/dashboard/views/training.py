"""Training that is watched: its buttons, its charts, and slices that are quick but slow enough to see.

A page advances a training run in a fragment with `run_every`; pause, another page or a closed tab stop the slices.
"""

import streamlit as st

from forgetting.charts.history import Curve, history_chart
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, TrainingRun, rerun_page, session
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.metrics.baselines import Baselines
from forgetting.model.settings import OBJECTIVES
from forgetting.model.trainer import Trainer
from forgetting.reporting.comparison import describe_training
from forgetting.reporting.formatting import format_epochs, format_number, format_share

PLAY_EVERY = 0.2  # seconds between two runs of the fragment while it plays
PLAY_SLICE = 0.3  # seconds of training in a run, at the most
SINGLE_EPOCHS = 4  # the first epochs, which are shown one by one
PLAY_RUNS = 8  # runs of the fragment for the other epochs, where these are quick


def training_buttons() -> None:
    """Play or pause, one step, reset, and the switch for full speed."""
    mine = session()
    fresh = mine.training_run is None or models.is_outdated(mine.training_run, mine.inputs)
    mine.playing = mine.playing and not fresh  # a run that is out of date does not play on
    with st.container(horizontal=True, vertical_alignment="center"):
        ended = not fresh and not mine.training_run.trainer.epochs_left
        label, icon = ("Pause", "pause") if mine.playing else ("Play again" if ended else "Play", "play_arrow")
        toggle = _pause if mine.playing else _play
        st.button(label, icon=f":material/{icon}:", type="primary", on_click=toggle, key="play")
        st.button("One step", icon=":material/skip_next:", on_click=_step, help="One update of the weights")
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset)
        st.toggle("Full speed", key="full_speed", persist_state="session", help="Train as fast as the machine can")


def shown_run() -> TrainingRun | TrainedModel | None:
    """The training run to draw, else a model that fits the recipe."""
    trained_model = models.find_trained_model(session())
    return session().training_run or (None if models.is_outdated(trained_model, session().inputs) else trained_model)


def outdated_notice() -> None:
    """Warn below the curves, so that they do not move, that they belong to other settings."""
    training_run = session().training_run
    if training_run and models.is_outdated(training_run, session().inputs):
        st.warning("The settings or reviews have changed: these curves are out of date. Play starts anew.")


def training_view() -> None:
    """Advance the training run where it plays and the session may train, and draw it; see `ui.advancing`."""
    mine = session()
    if mine.playing and mine.training_run and not mine.queue_position:
        play_slice(mine.training_run.trainer, full_speed=st.session_state.get("full_speed", False))
        if not mine.training_run.trainer.epochs_left:
            mine.playing = False
            models.store_progress(session())
            _draw(mine.training_run)
            rerun_page()
    shown = shown_run()
    if shown is None:
        st.info("Press Play to train the classifier with these settings.", icon=":material/play_arrow:")
        return
    _draw(shown)


def _draw(shown: TrainingRun | TrainedModel) -> None:
    run = shown.trainer if isinstance(shown, TrainingRun) else shown.trained
    baselines, epochs = models.find_baselines(shown), shown.recipe.training.epochs
    conclude(describe_training(run.history, baselines))
    last = run.history[-1] if run.history else None
    chance, guess = f"chance {format_share(baselines.chance)}", f"uniform guess {format_number(baselines.chance_loss)}"
    cells = (
        ("Epoch", f"{len(run.history)} / {epochs}", f"{run.seconds:.1f} s of training"),
        ("Validation accuracy", format_share(last.validation.accuracy) if last else "–", chance),
        ("Training accuracy", format_share(last.training.accuracy) if last else "–", chance),
        ("Validation loss", f"{last.validation.loss:.3f}" if last else "–", guess),
    )
    with st.grid(4, min_column_width=140):
        for label, value, baseline in cells:
            st.metric(label, value, delta=baseline, delta_color="off", delta_arrow="off")
    history_charts(
        [Curve("original", run.history)],
        baselines,
        objective=shown.recipe.training.objective,
        epochs=epochs,
        key="training_run",
    )
    if run.state == "diverged":
        st.error(
            f"Training diverged after {format_epochs(len(run.history))}: the loss is not a finite number any more. "
            "Lower the learning rate, and play again."
        )


def _begin() -> bool:
    """Start a training run with the recipe's settings. What stands in the way becomes a notice."""
    mine = session()
    try:
        mine.training_run = models.start_training(mine.inputs)
    except ForgettingError as error:
        mine.notices.append(str(error))
        return False
    return True


def _ready() -> bool:
    mine = session()
    usable = (
        mine.training_run
        and not models.is_outdated(mine.training_run, mine.inputs)
        and mine.training_run.trainer.epochs_left
    )
    return bool(usable) or _begin()


def _play() -> None:
    session().playing = _ready()


def _pause() -> None:
    session().playing = False
    models.store_progress(session())


def _step() -> None:
    session().playing = False
    if _ready():
        session().training_run.trainer.step()
        models.store_progress(session())


def _reset() -> None:
    session().playing = False
    _begin()


def play_slice(trainer: Trainer, *, full_speed: bool) -> None:
    """Train a slice: one of the first epochs, an equal part of the rest, or at full speed what the time allows."""
    done, total = len(trainer.history), trainer.training.epochs
    epochs = 1 if done < SINGLE_EPOCHS else -(-(total - SINGLE_EPOCHS) // PLAY_RUNS)
    trainer.advance(PLAY_SLICE, epochs=total if full_speed else epochs, wait=False)


def history_charts(curves: list[Curve], baselines: Baselines, *, objective: str, epochs: int, key: str) -> None:
    """Loss and accuracy by epoch, side by side, with their baselines; updated in place while they grow.

    Args:
        curves: the histories.
        baselines: of the split.
        objective: of the training, which decides the unit of the loss.
        epochs: length of the axis.
        key: begins the keys of the two elements.
    """
    left, right = st.columns(2)
    left.altair_chart(
        history_chart(
            curves,
            "loss",
            {"uniform guess": baselines.chance_loss},
            epochs=epochs,
            title=f"loss ({OBJECTIVES[objective]})",
        ),
        key=f"{key}_loss",
        alt="Loss by epoch, training and validation, with that of a uniform guess",
    )
    lines = {"chance": baselines.chance, "largest class": baselines.majority["validation"]}
    if baselines.linear_svc:
        lines["LinearSVC"] = baselines.linear_svc["validation"]
    right.altair_chart(
        history_chart(curves, "accuracy", lines, epochs=epochs, title="accuracy"),
        key=f"{key}_accuracy",
        alt="Accuracy by epoch, training and validation, with baselines",
    )
