"""Sees in the browser that the file which was chosen in an uploader is the one that is taken.

Streamlit answers the browser's question where to send a file through the queue of the page's messages, which is cleared
where a run of the page begins (`ForwardMsgQueue.clear`). An answer that is still in it is lost, and the browser waits
for it without end: nothing comes of the file, and nothing is said. That happens to about one of 150 files that are
chosen right after another. The script notices it within two seconds, says it, and chooses the file once more.
"""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from forgetting.dashboard.ui.browser_component import browser_component
from forgetting.reporting.glossary import explain

CHOSEN_FILE = "chosen_file"
UPLOADER, MODEL_UPLOADER = "upload", "saved_model"  # keys of the uploaders of reviews and of a model
TAKEN = "upload_taken"  # key of what the script is told of the file that was read or refused last


def take_file(key: str) -> tuple[bytes, str] | None:
    """The content and the name of the file that an uploader was given; None where it was taken away.

    Streamlit would keep its bytes as long as the session; they are let go, as they are read here. The script is told.
    """
    uploaded = st.session_state[key]
    if not isinstance(uploaded, UploadedFile):
        return None
    context = get_script_run_ctx()
    context.uploaded_file_mgr.remove_file(context.session_id, uploaded.file_id)
    st.session_state[TAKEN] = {"name": uploaded.name, "size": uploaded.size, "count": _taken()["count"] + 1}
    return uploaded.getvalue(), uploaded.name


def watched_uploader(
    label: str, kinds: Sequence[str], *, key: str, on_change: Callable[..., None], args: tuple = ()
) -> None:
    """An uploader that says where a chosen file has not arrived.

    Args:
        label: Its label, which the glossary explains.
        kinds: Ends of the names of files that it takes.
        key: Its key.
        on_change: Called with args when a file is chosen or taken away.
    """
    with st.container(gap=None):
        st.file_uploader(label, type=kinds, key=key, on_change=on_change, args=args, help=explain(label))
        draw = browser_component(CHOSEN_FILE, '<p role="status" style="margin: 0"></p>')
        draw(key=f"{CHOSEN_FILE}_{key}", data={"taken": _taken(), "uploader": key})


def _taken() -> dict:
    return st.session_state.get(TAKEN, {"name": "", "size": 0, "count": 0})
