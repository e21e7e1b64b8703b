"""The visitor's own review in the browser: an editor, bars of the classes, and the text with marks, before and after.

The browser is given a frame for each whole percent, and shows the one of the live fraction; it computes and rounds
nothing. What is typed goes to the server in the pauses of the keys, and is first answered for the fraction now alone.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from forgetting.charts.style import ORIGINAL, RANDOMIZED, SPEAKS_AGAINST, SPEAKS_FOR
from forgetting.dashboard.ui.browser_component import FILES, browser_component

KEY_OF_REVIEW = "own_review"


def own_review(data: bytes, on_text: Callable[[str], None]) -> None:
    """Draw the review.

    Args:
        data: What it shows, as JSON in UTF-8; `views.review` makes it.
        on_text: Called with the text that was typed.
    """
    browser_component(KEY_OF_REVIEW, *_look())(
        key=KEY_OF_REVIEW,
        data=data,
        on_text_change=lambda: on_text(_sent("text")["text"]),
        on_rested_change=lambda: None,
    )


def typed_count() -> int:
    """How often a text was sent, as the visitor's browser counts."""
    return (_sent("text") or {}).get("count", 0)


def is_typing() -> bool:
    """Whether another text may follow at once, as the keys have not rested since the last one was sent."""
    return (_sent("rested") or 0) < typed_count()


def _sent(name: str) -> Any:
    return st.session_state.get(KEY_OF_REVIEW, {}).get(name)


@cache
def _look() -> tuple[str, str]:
    html, css = (FILES.joinpath(f"{KEY_OF_REVIEW}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    colours = {"original": ORIGINAL, "randomized": RANDOMIZED, "for": SPEAKS_FOR, "against": SPEAKS_AGAINST}
    return html, f":host {{ {'; '.join(f'--{name}: {colour}' for name, colour in colours.items())} }}\n{css}"
