"""The live fraction: a slider, a Play button, the network, a sentence and metrics that follow it, in the browser.

The browser is given a frame for each whole percent and shows the one under the finger; it computes and rounds nothing.
The Plotly charts of the page follow by the same frames. On release the fraction goes into the recipe.
"""

from collections.abc import Callable
from functools import cache

import streamlit as st

from forgetting.charts.style import ORIGINAL, RANDOMIZED
from forgetting.dashboard.state.session import assign
from forgetting.dashboard.ui.browser_component import FILES, browser_component

KEY = "live_fraction"


def live_fraction(data: bytes, on_layer: Callable[[str], None]) -> None:
    """Draw the live fraction.

    Args:
        data: What it shows, as JSON in UTF-8; `views.live` makes it.
        on_layer: Called with the name of a layer that was clicked.
    """
    browser_component(KEY, *_look())(
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
def _look() -> tuple[str, str]:
    html, css = (FILES.joinpath(f"{KEY}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    return html, f":host {{ --original: {ORIGINAL}; --randomized: {RANDOMIZED} }}\n{css}"


def _released() -> None:
    assign({"randomization.fraction": st.session_state[KEY].fraction["percent"] / 100})
