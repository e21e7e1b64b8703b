"""A fragment that advances work in slices while its session may train, and else shows its position in the queue."""

from collections.abc import Callable

import streamlit as st

from forgetting.core.limits import limits
from forgetting.core.numbers import NO_BREAK
from forgetting.dashboard.state.queue import LOOK_SECONDS, QUEUE, SLOT_SECONDS, join_queue
from forgetting.dashboard.state.session import rerun_page, session


def describe_position(position: int) -> str:
    """The sentence for a session that waits at a position of the queue."""
    most = limits().training_at_once
    others = "1 session trains" if most == 1 else f"{most} sessions train"
    return (
        f"Waiting: position {position} of {len(QUEUE)} in the queue. {others} at once, for {SLOT_SECONDS:g}{NO_BREAK}s "
        "at a time; yours goes on by itself."
    )


def advance_in_fragment(kind: str, view: Callable[[], None], *, running: bool, every: float) -> None:
    """Draw a view in a fragment, which runs again and again while its work is running and the session may train.

    While the session waits, the view stands still, and its position in the queue stands above it.

    Args:
        kind: of the work, as `state.work` names it.
        view: draws, and advances its work only where `session().queue_position` is 0.
        running: whether there is work to advance.
        every: seconds between two runs of the fragment.
    """
    if running:
        session().advanced.add(kind)
        join_queue(session())
    waits = running and session().queue_position > 0
    if waits:
        st.fragment(run_every=LOOK_SECONDS)(_show_position)()
    elif running and len(QUEUE):  # at the same position, so that what is below stands still
        st.info(
            f"Working, for {SLOT_SECONDS:g}{NO_BREAK}s at a time: others wait in the queue.",
            icon=":material/hourglass_bottom:",
        )

    def draw() -> None:
        if running and not waits and join_queue(session()):
            rerun_page()
        view()

    st.fragment(run_every=every if running and not waits else None)(draw)()


def _show_position() -> None:
    """Show the position in the queue. Once the session may train, the page is drawn anew, and advances."""
    if position := join_queue(session()):
        st.info(describe_position(position), icon=":material/hourglass_top:")
    else:
        rerun_page()
