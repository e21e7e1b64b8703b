"""Sees in the browser that the file which was chosen in an uploader is the one that is taken.

Streamlit answers the browser's question where to send a file through the queue of the page's messages, which is cleared
where a run of the page begins (`ForwardMsgQueue.clear`). An answer that is still in it is lost, and the browser waits
for it without end: nothing comes of the file, and nothing is said. That happens to about one of 150 files that are
chosen right after another. The script notices it within two seconds, says it, and chooses the file once more.
"""

from collections.abc import Callable
from functools import cache

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from forgetting.dashboard.ui.live_fraction import FILES

CHOSEN_FILE = "chosen_file"
CHOSEN_FILE_PACKAGE = "learning-to-forget-chosen-file"
CHOSEN_FILE_NAME = f"{CHOSEN_FILE_PACKAGE}.{CHOSEN_FILE}"
UPLOADER = "upload"  # key of the uploader, which the script knows
TAKEN = "upload_taken"  # key of what the script is told of the file that was read or refused last


def take_file(name: str, size: int) -> None:
    """Note that a file of this name and size has been read or refused."""
    st.session_state[TAKEN] = {"name": name, "size": size, "count": _taken()["count"] + 1}


def confirm_chosen_file() -> None:
    """Watch the uploader, and say where a chosen file has not arrived."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(CHOSEN_FILE_NAME) is None:
        config = ComponentConfig(name=CHOSEN_FILE, asset_dir=FILES.name)
        manager.register_from_manifest(ComponentManifest(CHOSEN_FILE_PACKAGE, "1", [config]), FILES.parent)
    _watcher()(key=CHOSEN_FILE, data=_taken())


def _taken() -> dict:
    return st.session_state.get(TAKEN, {"name": "", "size": 0, "count": 0})


@cache
def _watcher() -> Callable:
    html = '<p role="status" style="margin: 0"></p>'
    return st.components.v2.component(CHOSEN_FILE_NAME, html=html, js=f"{CHOSEN_FILE}-*.js", isolate_styles=False)
