"""The sentence that a page comes to: written, and read out to whoever cannot see that it has changed."""

from collections.abc import Callable
from functools import cache

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from forgetting.dashboard.ui.live_fraction import FILES
from forgetting.reporting.glossary import find_term

CONCLUSION = "conclusion"
CONCLUSION_PACKAGE = f"learning-to-forget-{CONCLUSION}"
CONCLUSION_NAME = f"{CONCLUSION_PACKAGE}.{CONCLUSION}"
# Streamlit draws its own elements anew without a live region, so the sentence is written once more into one.
FOR_EARS = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); margin: 0"


def conclude(sentence: str, *words: str) -> None:
    """Write a page's conclusion; a page has one.

    Args:
        sentence: The conclusion.
        words: Words of the glossary that it and the chart below it use, and that are explained beside it.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(CONCLUSION_NAME) is None:
        config = ComponentConfig(name=CONCLUSION, asset_dir=FILES.name)
        manager.register_from_manifest(ComponentManifest(CONCLUSION_PACKAGE, "1", [config]), FILES.parent)
    with st.container(key=CONCLUSION, gap=None):
        st.text(sentence, help="\n\n".join(f"**{word}**: {find_term(word).short}" for word in words) or None)
        _announcer()(key=f"{CONCLUSION}_spoken", data=sentence)


@cache
def _announcer() -> Callable:
    html = f'<p role="status" style="{FOR_EARS}"></p>'
    return st.components.v2.component(CONCLUSION_NAME, html=html, js=f"{CONCLUSION}-*.js", isolate_styles=False)
