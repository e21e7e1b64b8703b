"""The live fraction: a slider, a Play button, the network, a sentence and metrics that follow it, in the browser.

The browser is given a frame for each whole percent and shows the one under the finger; it computes and rounds nothing.
The Plotly charts of the page follow by the same frames. On release the fraction goes into the recipe.

The script is served as a file, as the policy of the hardened entry forbids scripts within the page. Browsers keep the
file without asking again, so its name holds the beginning of its SHA-256, and changes with it.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from forgetting.charts.style import ORIGINAL, RANDOMIZED
from forgetting.dashboard.state.session import assign

KEY = "live_fraction"
PACKAGE = "learning-to-forget"
NAME = f"{PACKAGE}.{KEY}"
FILES = Path(__file__).parent / "browser"


def live_fraction(data: bytes, on_layer: Callable[[str], None]) -> None:
    """Draw the live fraction.

    Args:
        data: What it shows, as JSON in UTF-8; `views.live` makes it.
        on_layer: Called with the name of a layer that was clicked.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(NAME) is None:  # Streamlit finds the files of installed packages alone
        config = ComponentConfig(name=KEY, asset_dir=FILES.name)
        manager.register_from_manifest(ComponentManifest(PACKAGE, "1", [config]), FILES.parent)
    _component()(
        key=KEY,
        data=data,
        on_fraction_change=_released,
        on_layer_change=lambda: on_layer(st.session_state[KEY].layer),
        on_moving_change=lambda: None,
    )


def released_count() -> int:
    """How often the slider has been released, as the visitor's browser counts."""
    released = st.session_state.get(KEY, {}).get("fraction")
    return released["count"] if released else 0


def moves_charts() -> bool:
    """Whether the visitor's browser brings the charts to the fraction, as far as it has not said otherwise."""
    return st.session_state.get(KEY, {}).get("moving") is not False


@cache
def _component() -> Callable:
    html, css = (FILES.joinpath(f"{KEY}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    colours = f":host {{ --original: {ORIGINAL}; --randomized: {RANDOMIZED} }}\n"
    return st.components.v2.component(NAME, html=html, css=colours + css, js=f"{KEY}-*.js")


def _released() -> None:
    assign({"randomization.fraction": st.session_state[KEY].fraction["percent"] / 100})
