"""The frame that every page opens with: title, navigation in the order of the work, and notices."""

import os
import warnings

import streamlit as st

from forgetting.charts.style import ORIGINAL, RANDOMIZED
from forgetting.core.errors import DataError, ForgettingError
from forgetting.core.limits import VARIABLE, limits
from forgetting.core.seeding import pin_threads
from forgetting.dashboard.server import memory
from forgetting.dashboard.state import data, models
from forgetting.dashboard.state.session import (
    follow_address,
    session,
    source_name,
    write_address,
)
from forgetting.dashboard.ui.escape import literal
from forgetting.reporting.formatting import format_share
from forgetting.unlearning.task import load_custom_methods

PAGES = {
    "overview": ("app.py", "Overview", ":material/wine_bar:"),
    "data": ("pages/data.py", "Data", ":material/table_view:"),
    "train": ("pages/train.py", "Train", ":material/model_training:"),
    "forget": ("pages/forget.py", "Forget", ":material/shuffle:"),
    "layers": ("pages/layers.py", "Layers", ":material/stacked_line_chart:"),
    "relearn": ("pages/relearn.py", "Relearn", ":material/replay:"),
    "unlearn": ("pages/unlearn.py", "Unlearn", ":material/delete_sweep:"),
}
PAGE_STUDIES = {
    "layers": ("dose", "change"),
    "relearn": ("learning_curves", "savings"),
    "unlearn": ("unlearning",),
}  # by page
SIDEBAR_WIDTH = 205  # pixels, so that the first screen fits a projector
# Drawn here, as Streamlit would fetch an icon of its own from another host.
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    f'<path d="M6 2h20v12a10 10 0 0 1-20 0z" fill="{ORIGINAL}"/><path d="M6 2h20v6H6z" fill="{RANDOMIZED}"/>'
    f'<path d="M15 23h2v5h6v2H9v-2h6z" fill="{ORIGINAL}"/></svg>'
)
DONE_ICON = ":material/check_circle:"


def open_page(page: str) -> None:
    """Open a page: configure it, follow the address, draw the navigation, and show the notices."""
    title = PAGES[page][1]
    st.set_page_config(f"{title} · Learning to Forget", FAVICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    broken = _prepare_process()
    follow_address(page)
    write_address()
    if page != "train":
        models.store_progress(session())
    with st.sidebar:
        st.markdown("#### Learning to Forget")
        for name, done in _pages_done().items():
            page_link(name, icon=DONE_ICON if done else None)
        _show_status()
    for sentence in broken:
        st.error(literal(sentence))
    mine = session()
    mine.shown_notices, mine.notices = mine.notices, []
    for sentence in mine.shown_notices:
        st.warning(literal(sentence), icon=":material/link_off:")


def page_link(page: str, label: str | None = None, icon: str | None = None) -> None:
    """A link to a page that carries the experiment along."""
    path, title, page_icon = PAGES[page]
    st.page_link(path, label=label or title, icon=icon or page_icon, query_params=session().addresses[-1])


@st.cache_resource(show_spinner=False)
def _prepare_process() -> list[str]:
    """Prepare torch, warnings, limits and custom methods, once for the process; returns what could not be read."""
    pin_threads()
    memory.start_housekeeping()
    warnings.filterwarnings("ignore", message="The number of unique classes is greater")
    broken = []
    try:
        limits()
    except ForgettingError as error:
        os.environ.pop(VARIABLE)
        broken.append(f"{error} Until the app is started again, the limits are the usual ones.")
    try:
        load_custom_methods()
    except ForgettingError as error:
        broken.append(str(error))
    return broken


def _pages_done() -> dict[str, bool]:
    """Whether the work of each page is done."""
    try:
        data.find_table(session().inputs)
        has_data = True
    except DataError:
        has_data = False
    trained_model = has_data and not models.is_outdated(models.find_trained_model(session()), session().inputs)
    randomization = session().recipe.randomization
    return {
        "overview": False,
        "data": has_data,
        "train": trained_model,
        "forget": trained_model and bool(randomization.layers and randomization.fraction),
        **{page: trained_model and _is_studied(kinds) for page, kinds in PAGE_STUDIES.items()},
    }


def _is_studied(kinds: tuple[str, ...]) -> bool:
    """Whether a study of one of these kinds has come to its end."""
    studies = (session().studies.get(kind) for kind in kinds)
    return any(study and study.rows and not study.unfinished for study in studies)


def _show_status() -> None:
    """The reviews and the model of the session, under the navigation."""
    recipe, trained_model = session().recipe, session().trained_model
    st.caption(f"**Reviews**  \n{literal(source_name(recipe))}")
    if trained_model is None:
        st.caption("**Model**  \nnot trained yet")
        return
    history, epochs = trained_model.trained.history, trained_model.recipe.training.epochs
    lines = [f"trained {len(history)} of {epochs} epochs ({recipe.protocol})"]
    if history:
        chance = format_share(1 / len(trained_model.split.classes))
        lines.append(f"validation accuracy {format_share(history[-1].validation.accuracy)} (chance {chance})")
    if models.is_outdated(trained_model, session().inputs):
        lines.append(":material/warning: out of date: the recipe has changed since")
    st.caption("**Model**  \n" + "  \n".join(lines))
