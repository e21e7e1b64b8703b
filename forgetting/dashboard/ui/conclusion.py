"""The sentence that a page comes to: written, and read out to whoever cannot see that it has changed."""

import streamlit as st

from forgetting.core.numbers import keep_units
from forgetting.dashboard.ui.browser_component import browser_component
from forgetting.reporting.glossary import find_term

CONCLUSION = "conclusion"
# Streamlit draws its own elements anew without a live region, so the sentence is written once more into one.
FOR_EARS = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); margin: 0"


def conclude(sentence: str, *words: str) -> None:
    """Write a page's conclusion; a page has one.

    Args:
        sentence: The conclusion.
        words: Words of the glossary that it and the chart below it use, and that are explained beside it.
    """
    meanings = "\n\n".join(f"**{word}**: {find_term(word).short}" for word in words)
    with st.container(key=CONCLUSION, gap=None):
        st.text(sentence, help=keep_units(meanings) or None)
        browser_component(CONCLUSION, f'<p role="status" style="{FOR_EARS}"></p>')(
            key=f"{CONCLUSION}_spoken", data=sentence
        )
