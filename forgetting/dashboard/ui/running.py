"""What goes on while another page is shown: the sidebar advances it, and shows how far it is, with a way to stop it."""

import streamlit as st

from forgetting.dashboard.state.queue import join_queue, leave_queue
from forgetting.dashboard.state.session import STORY, rerun_page, session
from forgetting.dashboard.state.work import Work, find_work
from forgetting.dashboard.ui.advancing import describe_position
from forgetting.dashboard.ui.navigation import PAGES, WORK_TABS, link_address
from forgetting.reporting.formatting import format_count
from forgetting.reporting.glossary import explain

BESIDE_EVERY = 0.2  # seconds between two runs of the fragment
SEEN_EVERY = 1.0  # the same where the page advances all by itself


def draw_running(*, arrives: bool) -> None:
    """Show in the sidebar what is under way and not advanced by the page, and advance it there.

    What the page advances by itself is known once it is drawn. Until then it is what belongs to the page, in the story
    all that is found, but for what the sidebar has advanced beside it before.

    Args:
        arrives: Whether the page has just been opened. It opens the tab of what is under way.
    """
    mine = session()
    mine.advanced, found = set(), find_work(mine)
    if not found:
        leave_queue(mine)
        return
    if arrives:
        mine.beside = set()
        for page, tab in map(WORK_TABS.get, found):
            if page == mine.page and tab:
                st.session_state.setdefault(f"{page}_view", tab)
    beside = {kind for kind in found if mine.page not in (WORK_TABS[kind][0], STORY) or kind in mine.beside}
    mine.beside, drawn = beside, False

    def go_on() -> None:
        nonlocal drawn
        works = find_work(mine)
        if drawn:
            if works.keys() - mine.advanced and not join_queue(mine):
                for kind in works.keys() - mine.advanced:
                    works[kind].advance()
            works = find_work(mine)
            mine.beside = works.keys() - mine.advanced
            if mine.beside != beside:
                rerun_page()
        drawn = True
        for kind in sorted(beside & works.keys()):  # a run of the page before may just have ended one
            _draw(kind, works[kind])
        if beside and mine.queue_position:
            st.caption(describe_position(mine.queue_position))

    with st.sidebar:
        st.fragment(run_every=BESIDE_EVERY if beside else SEEN_EVERY)(go_on)()


def _draw(kind: str, work: Work) -> None:
    page, _ = WORK_TABS[kind]
    path, title, _ = PAGES[page]
    with st.container(gap=None):
        st.progress(
            work.done / work.total, text=f"{work.title}: {work.done:,} of {format_count(work.total, work.part)}"
        )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.page_link(path, label=f"Open {title}", query_params=link_address(page))
            st.button("Stop", key=f"stop_{kind}", type="tertiary", on_click=work.stop, help=explain("Stop"))
