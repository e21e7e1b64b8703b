"""The lesson on the Train page: its buttons, and the fragment that plays it."""

import streamlit as st

from forgetting.charts.history import Curve
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Learned, Lesson, draw_anew, session
from forgetting.dashboard.views import playing
from forgetting.metrics.baselines import Baselines
from forgetting.model.trainer import Epoch
from forgetting.reporting.comparison import learning
from forgetting.reporting.formatting import counted_epochs, number, percent


def lesson_buttons() -> None:
    """Play or pause, one step, reset, and the switch for full speed."""
    mine = session()
    fresh = mine.lesson is None or models.outdated(mine.lesson)
    mine.playing = mine.playing and not fresh  # what has become out of date does not play on
    with st.container(horizontal=True, vertical_alignment="center"):
        ended = not fresh and not mine.lesson.trainer.epochs_left
        label, icon = ("Pause", "pause") if mine.playing else ("Play again" if ended else "Play", "play_arrow")
        toggle = _pause if mine.playing else _play
        st.button(label, icon=f":material/{icon}:", type="primary", on_click=toggle, key="play")
        st.button("One step", icon=":material/skip_next:", on_click=_step, help="One update of the weights")
        st.button("Reset", icon=":material/restart_alt:", on_click=_reset)
        st.toggle("Full speed", key="full_speed", persist_state="session", help="Train as fast as the machine can")


def shown_run() -> Lesson | Learned | None:
    """What there is to draw: the lesson, else a model that fits the recipe."""
    learned = models.find_learned()
    return session().lesson or (None if models.outdated(learned) else learned)


def outdated_notice() -> None:
    """Say that the curves are of other settings; below them, so that they do not move when it comes and goes."""
    lesson = session().lesson
    if lesson and models.outdated(lesson):
        st.warning("The settings or reviews have changed: these curves are out of date. Play starts anew.")


def lesson_view() -> None:
    """Advance the lesson where it plays and has its turn, and draw it; see `turns.advancing`."""
    mine = session()
    if mine.playing and mine.lesson and not mine.place:
        playing.play(mine.lesson.trainer, full_speed=st.session_state.get("full_speed", False))
        if not mine.lesson.trainer.epochs_left:
            mine.playing = False
            models.keep_progress()
            _draw(mine.lesson)
            draw_anew()
    shown = shown_run()
    if shown is None:
        st.info("Press Play to train the classifier with these settings.", icon=":material/play_arrow:")
        return
    _draw(shown)


def _draw(shown: Lesson | Learned) -> None:
    run = shown.trainer if isinstance(shown, Lesson) else shown.trained
    baselines, epochs = models.baselines_of(shown), shown.recipe.training.epochs
    st.text(learning(run.history, baselines))
    _figures(run.history, baselines, epochs, run.seconds)
    playing.curves(
        [Curve("original", run.history)],
        baselines,
        objective=shown.recipe.training.objective,
        epochs=epochs,
        key="lesson",
    )
    if run.state == "diverged":
        st.error(
            f"Training diverged after {counted_epochs(len(run.history))}: the loss is no finite number any more. "
            "Lower the learning rate, and play again."
        )


def _figures(history: list[Epoch] | tuple[Epoch, ...], baselines: Baselines, epochs: int, seconds: float) -> None:
    last = history[-1] if history else None
    chance, guess = f"chance {percent(baselines.chance)}", f"uniform guess {number(baselines.chance_loss)}"
    cells = (
        ("Epoch", f"{len(history)} / {epochs}", f"{seconds:.1f} s of training"),
        ("Validation accuracy", percent(last.validation.accuracy) if last else "–", chance),
        ("Training accuracy", percent(last.training.accuracy) if last else "–", chance),
        ("Validation loss", f"{last.validation.loss:.3f}" if last else "–", guess),
    )
    with st.grid(4, min_column_width=140):
        for label, value, baseline in cells:
            st.metric(label, value, delta=baseline, delta_color="off", delta_arrow="off")


def _begin() -> bool:
    """Make sure that there is a lesson with the recipe's settings; what stands in the way becomes a notice."""
    mine = session()
    try:
        mine.lesson = models.start_lesson()
    except ForgettingError as error:
        mine.notices.append(str(error))
        return False
    return True


def _ready() -> bool:
    mine = session()
    usable = mine.lesson and not models.outdated(mine.lesson) and mine.lesson.trainer.epochs_left
    return bool(usable) or _begin()


def _play() -> None:
    session().playing = _ready()


def _pause() -> None:
    session().playing = False
    models.keep_progress()


def _step() -> None:
    session().playing = False
    if _ready():
        session().lesson.trainer.step()
        models.keep_progress()


def _reset() -> None:
    session().playing = False
    _begin()
