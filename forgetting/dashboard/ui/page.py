"""The frame that every page opens with: the process prepared once, the address followed, navigation and notices."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from forgetting.charts.style import ORIGINAL, RANDOMIZED
from forgetting.core.errors import ForgettingError
from forgetting.core.limits import VARIABLE, limits
from forgetting.dashboard.server import memory
from forgetting.dashboard.state import models
from forgetting.dashboard.state.runs import log_rested
from forgetting.dashboard.state.session import (
    STORY,
    TrainedModel,
    follow_address,
    present,
    rerun_page,
    session,
    write_address,
)
from forgetting.dashboard.ui.browser_component import browser_component
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import in_words
from forgetting.dashboard.ui.navigation import PAGES, change_notice, draw_navigation, follow_destination
from forgetting.dashboard.ui.running import draw_running
from forgetting.recipe import url
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.comparison import describe_hollow
from forgetting.reporting.glossary import explain

LIGHT_PAGES = (url.OPENING_PAGE, "method", "runs")  # which are drawn without what computes
FIRST_SCREEN = 2.0  # seconds in which a browser draws it
SIDEBAR_WIDTH = 205  # pixels, so that the first screen fits a projector
# Drawn here, as Streamlit would fetch an icon of its own from another host.
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    f'<path d="M6 2h20v12a10 10 0 0 1-20 0z" fill="{ORIGINAL}"/><path d="M6 2h20v6H6z" fill="{RANDOMIZED}"/>'
    f'<path d="M15 23h2v5h6v2H9v-2h6z" fill="{ORIGINAL}"/></svg>'
)
WHOLE_TEXT = "whole_text"
STYLE_FOLDER = Path(__file__).parent / "browser"
PRESENTABLE = ("overview", STORY, "forget")


def open_page(page: str, scenes: Sequence[Recipe] = ()) -> None:
    """Open a page: configure it, follow the address, draw the navigation, and say what was noticed and changed.

    Args:
        page: Its name.
        scenes: On the page of the story, the states of its scenes.
    """
    title = PAGES[page][1]
    st.set_page_config(f"{title} · Learning to Forget", FAVICON, layout="wide", initial_sidebar_state=SIDEBAR_WIDTH)
    st.html(STYLE_FOLDER / "page.css")
    broken = _prepare_process()
    if page not in LIGHT_PAGES:
        broken = broken + prepare_engine()
    arrives = page != session().page
    if arrives:
        log_rested(session())
    follow_address(page, scenes)
    if is_presenting(page):
        st.html(STYLE_FOLDER / "presentation.css")
    follow_destination()
    write_address()
    if page not in ("train", STORY) and (arrives or not session().playing):  # what is shown stands still meanwhile
        models.store_progress(session())
    draw_navigation()
    draw_running(arrives=arrives)
    for sentence in broken:
        st.error(literal(sentence))
    _hollow_notice()
    mine = session()
    mine.shown_notices, mine.notices = mine.notices, []
    for sentence in mine.shown_notices:
        if sentence.startswith(url.ADDRESS):  # whose names of settings are those that the visitor sees
            st.warning(literal(sentence), icon=":material/link_off:")
        else:
            st.warning(in_words(sentence), icon=":material/warning:")
    if mine.change and mine.change.leads:  # what else is announced, stands where it was done
        change_notice()
    with st.container(key=WHOLE_TEXT):
        browser_component(WHOLE_TEXT, "")(key=f"{WHOLE_TEXT}_script")


def _hollow_notice() -> None:
    """Say, before anything else, where reviews do not show that the session's model is better than a trivial one."""
    mine = session()
    trained_model = models.find_trained_model(mine)
    if trained_model is None or not trained_model.trained.steps or (mine.playing and mine.page != STORY):
        return
    if sentence := _find_hollow(trained_model):
        st.warning(literal(sentence), icon=":material/balance:")


def is_hollow(trained_model: TrainedModel) -> bool:
    """Whether reviews do not show that a model is better than a trivial one."""
    return bool(_find_hollow(trained_model))


def _find_hollow(trained_model: TrainedModel) -> str:
    return _describe_hollow(models.model_key(trained_model), trained_model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _describe_hollow(key: str, _trained_model: TrainedModel) -> str:  # noqa: ARG001 - the key
    scores, baselines = models.measure_beside_majority(_trained_model)
    return describe_hollow(scores, baselines)


def is_presenting(page: str) -> bool:
    """Whether a page shows nothing but the answer, the slider and Play, in large type."""
    return session().presenting and page in PRESENTABLE


def presentable_heading(heading: str, *, always_seen: bool = False) -> None:
    """A page's heading beside a button that presents it; while it is presented, a button that ends that.

    Args:
        heading: The heading.
        always_seen: Whether it is not only heard while the page is presented.
    """
    if session().presenting:
        with st.container(key=None if always_seen else "heading_for_ears"):
            st.markdown(f"# {heading}")
        st.button(
            "End",
            key="end_presentation",
            on_click=present,
            args=(False,),
            shortcut="Esc",
            type="tertiary",
            help=explain("End"),
        )
        return
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.markdown(f"# {heading}", width="content")
        st.button(
            "Present",
            key="present",
            icon=":material/slideshow:",
            on_click=present,
            args=(True,),
            type="tertiary",
            help=explain("Present"),
        )


def first_screen_only() -> bool:
    """Whether to draw only what a visitor sees first. After a moment the page is drawn anew, with all that it has.

    What computes is imported then, and what stands below is loaded, as both would delay the browser's first picture.
    """
    mine, drawn = session(), False

    @st.fragment(run_every=FIRST_SCREEN)
    def go_on() -> None:
        nonlocal drawn
        if drawn:
            prepare_engine()
            mine.seen = True
            rerun_page()
        drawn = True

    if not mine.seen:
        go_on()
    return not mine.seen


@st.cache_resource(show_spinner=False)
def _prepare_process() -> list[str]:
    """Prepare memory, warnings and limits, once for the process; returns what could not be read."""
    memory.start_housekeeping()
    warnings.filterwarnings("ignore", message="The number of unique classes is greater")
    broken = []
    try:
        limits()
    except ForgettingError as error:
        os.environ.pop(VARIABLE)
        broken.append(f"{error} Until the app is started again, the limits are the usual ones.")
    return broken


@st.cache_resource(show_spinner=False)
def prepare_engine() -> list[str]:
    """Import what computes, and custom methods, once for the process; returns what could not be read."""
    import forgetting.dashboard.state.engine  # noqa: F401
    from forgetting.unlearning.task import load_custom_methods

    try:
        load_custom_methods()
    except ForgettingError as error:
        return [str(error)]
    finally:
        memory.freeze()
    return []
