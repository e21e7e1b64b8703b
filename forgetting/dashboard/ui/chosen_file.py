"""Sees in the browser that the file which was chosen in an uploader is the one that is taken.

Streamlit answers the browser's question where to send a file through the queue of the page's messages, which is cleared
where a run of the page begins (`ForwardMsgQueue.clear`). An answer that is still in it is lost, and the browser waits
for it without end: nothing comes of the file, and nothing is said. That happens to about one of 150 files that are
chosen right after another. The script notices it within two seconds, says it, and chooses the file once more.
"""

import streamlit as st

from forgetting.dashboard.ui.browser_component import browser_component

CHOSEN_FILE = "chosen_file"
UPLOADER, MODEL_UPLOADER = "upload", "saved_model"  # keys of the uploaders, which the script knows
TAKEN = "upload_taken"  # key of what the script is told of the file that was read or refused last


def take_file(name: str, size: int) -> None:
    """Note that a file of this name and size has been read or refused."""
    st.session_state[TAKEN] = {"name": name, "size": size, "count": _taken()["count"] + 1}


def confirm_chosen_file() -> None:
    """Watch the uploader, and say where a chosen file has not arrived."""
    browser_component(CHOSEN_FILE, '<p role="status" style="margin: 0"></p>')(key=CHOSEN_FILE, data=_taken())


def _taken() -> dict:
    return st.session_state.get(TAKEN, {"name": "", "size": 0, "count": 0})
