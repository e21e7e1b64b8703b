"""What every page opens with: title, navigation in the order of the work, notices, and what is missing."""

import os
import time
import warnings

import streamlit as st

from forgetting.dashboard import housekeeping, turns, work
from forgetting.dashboard.session import (
    Learned,
    Lesson,
    draw_anew,
    follow_address,
    session,
    source_name,
    write_address,
)
from forgetting.dashboard.text import literal
from forgetting.errors import DataError, ForgettingError
from forgetting.findings import percent
from forgetting.limits import VARIABLE, limits
from forgetting.methods import load_own
from forgetting.palette import ORIGINAL, RANDOMIZED
from forgetting.randomness import pin_threads
from forgetting.recipe import MODERN

PAGES = {
    "overview": ("app.py", "Overview", ":material/wine_bar:"),
    "data": ("pages/data.py", "Data", ":material/table_view:"),
    "train": ("pages/train.py", "Train", ":material/model_training:"),
    "forget": ("pages/forget.py", "Forget", ":material/shuffle:"),
    "layers": ("pages/layers.py", "Layers", ":material/stacked_line_chart:"),
    "relearn": ("pages/relearn.py", "Relearn", ":material/replay:"),
    "unlearn": ("pages/unlearn.py", "Unlearn", ":material/delete_sweep:"),
}
STUDIES = {"layers": ("dose", "change"), "relearn": ("courses", "savings"), "unlearn": ("unlearning",)}  # by page
SIDEBAR = 205  # pixels, so that the first screen fits a projector
# Drawn here, as Streamlit would fetch an icon of its own from another host.
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    f'<path d="M6 2h20v12a10 10 0 0 1-20 0z" fill="{ORIGINAL}"/><path d="M6 2h20v6H6z" fill="{RANDOMIZED}"/>'
    f'<path d="M15 23h2v5h6v2H9v-2h6z" fill="{ORIGINAL}"/></svg>'
)
DONE = ":material/check_circle:"


def frame(page: str) -> None:
    """Open a page: configure it, follow the address, draw the navigation, and show what there is to say."""
    title = PAGES[page][1]
    st.set_page_config(f"{title} · Learning to Forget", FAVICON, layout="wide", initial_sidebar_state=SIDEBAR)
    broken = _prepare_process()
    follow_address(page)
    write_address()
    if page != "train":
        work.keep_progress()
    with st.sidebar:
        st.markdown("#### Learning to Forget")
        for name, done in _done().items():
            link(name, icon=DONE if done else None)
        _status()
    for sentence in broken:
        st.error(literal(sentence))
    mine = session()
    mine.said, mine.notices = mine.notices, []
    for sentence in mine.said:
        st.warning(literal(sentence), icon=":material/link_off:")


def link(page: str, label: str | None = None, icon: str | None = None) -> None:
    """A link to a page that carries the experiment along."""
    path, title, own = PAGES[page]
    st.page_link(path, label=label or title, icon=icon or own, query_params=session().addresses[-1])


@st.cache_resource(show_spinner=False)
def _prepare_process() -> list[str]:
    """Once for the process: one thread for torch, quiet where scikit-learn suspects a regression, and own methods.

    Returns why limits or methods of one's own could not be read.
    """
    pin_threads()
    housekeeping.start()
    warnings.filterwarnings("ignore", message="The number of unique classes is greater")
    broken = []
    try:
        limits()
    except ForgettingError as error:
        os.environ.pop(VARIABLE)
        broken.append(f"{error} Until the app is started again, the limits are the usual ones.")
    try:
        load_own()
    except ForgettingError as error:
        broken.append(str(error))
    return broken


def _done() -> dict[str, bool]:
    try:
        work.table()
        data = True
    except DataError:
        data = False
    learned = data and not work.outdated(work.find_learned())
    randomization = session().recipe.randomization
    return {
        "overview": False,
        "data": data,
        "train": learned,
        "forget": learned and bool(randomization.layers and randomization.fraction),
        **{page: learned and _studied(kinds) for page, kinds in STUDIES.items()},
    }


def _studied(kinds: tuple[str, ...]) -> bool:
    """Whether a study of one of these kinds has come to its end."""
    studies = (session().studies.get(kind) for kind in kinds)
    return any(study and study.rows and not study.left for study in studies)


def _status() -> None:
    """What the session works on, small, under the navigation."""
    recipe, learned = session().recipe, session().learned
    st.caption(f"**Reviews**  \n{literal(source_name(recipe))}")
    if learned is None:
        st.caption("**Model**  \nnot trained yet")
        return
    history, epochs = learned.trained.history, learned.recipe.training.epochs
    lines = [f"trained {len(history)} of {epochs} epochs ({recipe.protocol})"]
    if history:
        chance = percent(1 / len(learned.split.classes))
        lines.append(f"validation accuracy {percent(history[-1].validation.accuracy)} (chance {chance})")
    if work.outdated(learned):
        lines.append(":material/warning: out of date: the recipe has changed since")
    st.caption("**Model**  \n" + "  \n".join(lines))


def need_data() -> None:
    """Stop with what is missing, and a button that gets it, where the session's reviews cannot be had."""
    if not _offer_data():
        st.stop()


def _offer_data() -> bool:
    """Whether the session's reviews can be had; if not, say what is missing."""
    try:
        work.reviews()
    except ForgettingError as error:
        st.error(literal(str(error)), icon=":material/table_view:")
        if session().recipe.data.source == "original" and not work.original_at_hand():
            download_button()
        link("data", "Choose reviews on the Data page")
        return False
    return True


def download_button(label: str = "Download the original file") -> None:
    """Fetch the original file when pressed; what goes wrong is shown as a sentence."""
    if st.button(label, icon=":material/download:"):
        try:
            with st.spinner("Downloading 609 kB from github.com …"):
                work.download_original()
        except DataError as error:
            st.error(literal(str(error)))
            return
        draw_anew()


def need_model() -> Learned:
    """The model to work with; where there is none, stop with what is missing."""
    return offer_model() or st.stop()


def offer_model(*, at_once: bool = False) -> Learned | None:
    """The model to work with. Where there is none, a button that trains it; with at_once, it is trained now.

    One that is out of date is given with a warning and a button.
    """
    learned = work.find_learned()
    if learned is None:
        if _offer_data() and (at_once or _train_button("No model is trained for this recipe yet.")):
            _train_now()
        return None
    if work.outdated(learned) and _train_button("This model is out of date: the recipe has changed since."):
        _train_now()
    elif learned.trained.state == "diverged":
        st.error("Training diverged: the loss is no finite number any more. Lower the learning rate and train again.")
    elif learned.trained.state != "finished":
        _offer_to_finish(learned)
    return learned


def _offer_to_finish(learned: Learned) -> None:
    """Say how far a model is trained, with a button that trains it to the end where its lesson is at hand."""
    done, total = len(learned.trained.history), learned.recipe.training.epochs
    drawn = "" if learned.trained.steps else ": it is as it was drawn"
    lesson = session().lesson
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"This model is trained {done} of {total} epochs{drawn}.", icon=":material/model_training:")
        if lesson and not work.outdated(lesson) and st.button("Finish training", icon=":material/play_arrow:"):
            _play_to_end(lesson)
            work.keep(lesson)
            draw_anew()


def _train_button(sentence: str) -> bool:
    default = session().recipe.until_trained() == MODERN.until_trained()
    epochs = session().recipe.training.epochs
    label = "Train with the defaults" if default else f"Train these settings ({epochs} epochs)"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(sentence, icon=":material/model_training:")
        return st.button(label, type="primary", icon=":material/play_arrow:", key="train_now")


def _train_now() -> None:
    """Train the session's recipe to the end under a progress bar, then draw the page anew."""
    try:
        lesson = session().lesson = work.start_lesson()
    except ForgettingError as error:
        st.error(literal(str(error)))
        link("data", "Choose other reviews or filters on the Data page")
        st.stop()
    _play_to_end(lesson)
    work.keep(lesson)
    draw_anew()


def _play_to_end(lesson: Lesson) -> None:
    bar = st.progress(0.0, text="Training …")
    total = lesson.recipe.training.epochs
    while lesson.trainer.epochs_left:
        done = len(lesson.trainer.history)
        if place := turns.ask():
            bar.progress(done / total, text=turns.told(place))
            time.sleep(turns.EVERY / 2)
            if work.adopt():  # another visitor has trained the same meanwhile
                turns.leave()
                draw_anew()
        else:
            bar.progress(done / total, text=f"Training: epoch {done} of {total}")
            lesson.trainer.advance(0.25)
    turns.leave()
