"""A fragment that advances work in slices while its session's turn lasts, and shows its position in the queue."""

from collections.abc import Callable

import streamlit as st

from forgetting.core.limits import limits
from forgetting.dashboard.state.queue import LOOK_SECONDS, QUEUE, SLOT_SECONDS, join_queue, leave_queue
from forgetting.dashboard.state.session import rerun_page, session


def describe_position(place: int) -> str:
    """What a session that waits is told."""
    most = limits().training_at_once
    others = "1 session trains" if most == 1 else f"{most} sessions train"
    return (
        f"Waiting: place {place} of {len(QUEUE)} in the line. {others} at once, for {SLOT_SECONDS:g} s at a time; "
        "yours goes on "
        "by itself."
    )


def advance_in_fragment(view: Callable[[], None], *, running: bool, every: float) -> None:
    """Draw a view in a fragment that is run every so many seconds while its work is running and may advance.

    The view advances its work only where `session().queue_position` is 0. While the session waits, the view stands
    still, and the position in the queue is shown above it. Who trains while others wait sees that, too.
    """
    if running:
        join_queue(session())
    else:
        leave_queue(session())
    waits = session().queue_position > 0
    if waits:
        st.fragment(run_every=LOOK_SECONDS)(_wait)()
    elif running and len(QUEUE):  # in the same place, so that what is below stands still
        st.info(f"Your turn, for {SLOT_SECONDS:g} s at a time: others wait, too.", icon=":material/hourglass_bottom:")

    def drawn() -> None:
        if running and not waits and join_queue(session()):
            rerun_page()
        view()

    st.fragment(run_every=every if running and not waits else None)(drawn)()


def _wait() -> None:
    """Tell the place in the line; when it is the session's turn the page is drawn anew, and advances."""
    if place := join_queue(session()):
        st.info(describe_position(place), icon=":material/hourglass_top:")
    else:
        rerun_page()
