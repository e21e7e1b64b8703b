"""The lesson on the Train page: its buttons, and the fragment that plays it."""

import streamlit as st

from forgetting.charts.history import Curve
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, TrainingRun, rerun_page, session
from forgetting.dashboard.views import playing
from forgetting.metrics.baselines import Baselines
from forgetting.model.trainer import Epoch
from forgetting.reporting.comparison import describe_training
from forgetting.reporting.formatting import format_epochs, format_number, format_share


def training_buttons() -> None:
    """Play or pause, one step, reset, and the switch for full speed."""
    mine = session()
    fresh = mine.training_run is None or models.is_outdated(mine.training_run, mine.inputs)
    mine.playing = mine.playing and not fresh  # what has become out of date does not play on
    with st.container(horizontal=True, vertical_alignment="center"):
        ended = not fresh and not mine.training_run.trainer.epochs_left
        label, icon = ("Pause", "pause") if mine.playing else ("Play again" if ended else "Play", "play_arrow")
        toggle = _pause if mine.playing else _play
        st.button(label, icon=f":material/{icon}:", type="primary", on_click=toggle, key="play")
        st.button("One step", icon=":material/skip_next:", on_click=_step, help="One update of the weights")
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset)
        st.toggle("Full speed", key="full_speed", persist_state="session", help="Train as fast as the machine can")


def shown_run() -> TrainingRun | TrainedModel | None:
    """What there is to draw: the lesson, else a model that fits the recipe."""
    trained_model = models.find_trained_model(session())
    return session().training_run or (None if models.is_outdated(trained_model, session().inputs) else trained_model)


def outdated_notice() -> None:
    """Say that the curves are of other settings; below them, so that they do not move when it comes and goes."""
    training_run = session().training_run
    if training_run and models.is_outdated(training_run, session().inputs):
        st.warning("The settings or reviews have changed: these curves are out of date. Play starts anew.")


def training_view() -> None:
    """Advance the lesson where it plays and has its turn, and draw it; see `turns.advancing`."""
    mine = session()
    if mine.playing and mine.training_run and not mine.queue_position:
        playing.play_slice(mine.training_run.trainer, full_speed=st.session_state.get("full_speed", False))
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
    st.text(describe_training(run.history, baselines))
    _figures(run.history, baselines, epochs, run.seconds)
    playing.history_charts(
        [Curve("original", run.history)],
        baselines,
        objective=shown.recipe.training.objective,
        epochs=epochs,
        key="lesson",
    )
    if run.state == "diverged":
        st.error(
            f"Training diverged after {format_epochs(len(run.history))}: the loss is no finite number any more. "
            "Lower the learning rate, and play again."
        )


def _figures(history: list[Epoch] | tuple[Epoch, ...], baselines: Baselines, epochs: int, seconds: float) -> None:
    last = history[-1] if history else None
    chance, guess = f"chance {format_share(baselines.chance)}", f"uniform guess {format_number(baselines.chance_loss)}"
    cells = (
        ("Epoch", f"{len(history)} / {epochs}", f"{seconds:.1f} s of training"),
        ("Validation accuracy", format_share(last.validation.accuracy) if last else "–", chance),
        ("Training accuracy", format_share(last.training.accuracy) if last else "–", chance),
        ("Validation loss", f"{last.validation.loss:.3f}" if last else "–", guess),
    )
    with st.grid(4, min_column_width=140):
        for label, value, baseline in cells:
            st.metric(label, value, delta=baseline, delta_color="off", delta_arrow="off")


def _begin() -> bool:
    """Make sure that there is a lesson with the recipe's settings; what stands in the way becomes a notice."""
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
