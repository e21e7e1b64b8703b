"""What runs in the visitor's browser: components whose scripts lie as files in `browser`.

The scripts are served as files, as the policy of the hardened entry forbids scripts within the page. Browsers keep a
file without asking again, so the name of each holds the beginning of its SHA-256, and changes with it.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

FILES = Path(__file__).parent / "browser"
PACKAGE = "learning-to-forget"
COMPONENTS = ("live_fraction", "own_review", "conclusion", "chosen_file", "whole_text")


def component_name(key: str) -> str:
    """What Streamlit calls the component of a key."""
    return f"{PACKAGE}.{key}"


def browser_component(key: str, html: str, css: str | None = None) -> Callable:
    """A component, to be called where it is drawn.

    Args:
        key: One of COMPONENTS, with which its script's name begins.
        html: What it draws.
        css: Its style, which it then does not share with the page.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(component_name(key)) is None:  # Streamlit finds installed packages alone
        configs = [ComponentConfig(name=name, asset_dir=FILES.name) for name in COMPONENTS]
        manager.register_from_manifest(ComponentManifest(PACKAGE, "1", configs), FILES.parent)
    return _component(key, html, css)


@cache
def _component(key: str, html: str, css: str | None) -> Callable:
    isolated = css is not None
    return st.components.v2.component(
        component_name(key), html=html, css=css, js=f"{key}-*.js", isolate_styles=isolated
    )
