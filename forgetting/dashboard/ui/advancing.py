"""A fragment that advances work in slices while its session's turn lasts, and shows its position in the queue."""

from collections.abc import Callable

import streamlit as st

from forgetting.core.limits import limits
from forgetting.dashboard.state.queue import EVERY, LINE, TURN, ask, leave
from forgetting.dashboard.state.session import draw_anew, session


def told(place: int) -> str:
    """What a session that waits is told."""
    most = limits().training_at_once
    others = "1 session trains" if most == 1 else f"{most} sessions train"
    return (
        f"Waiting: place {place} of {len(LINE)} in the line. {others} at once, for {TURN:g} s at a time; yours goes on "
        "by itself."
    )


def advancing(view: Callable[[], None], *, running: bool, every: float) -> None:
    """Draw a view in a fragment that is run every so many seconds while its work is running and has its turn.

    The view advances its work only where `session().place` is 0. While the session waits, the view stands still. Where
    several want to train, that is told above it, with the place of those who wait.
    """
    if running:
        ask()
    else:
        leave()
    waits = session().place > 0
    if waits:
        st.fragment(run_every=EVERY)(_wait)()
    elif running and len(LINE):  # in the same place, so that what is below stands still
        st.info(f"Your turn, for {TURN:g} s at a time: others wait, too.", icon=":material/hourglass_bottom:")

    def drawn() -> None:
        if running and not waits and ask():
            draw_anew()
        view()

    st.fragment(run_every=every if running and not waits else None)(drawn)()


def _wait() -> None:
    """Tell the place in the line; when it is the session's turn the page is drawn anew, and advances."""
    if place := ask():
        st.info(told(place), icon=":material/hourglass_top:")
    else:
        draw_anew()
