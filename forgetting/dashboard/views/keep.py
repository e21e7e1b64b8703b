"""Save and cite: what a page shows as a file, a link, code and words, in one dialog that every page has.

A part of the dialog is a function of what the page shows, in the table `KEEP_PARTS`. What a part needs is imported
where it is drawn, as the first screen needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, rerun_page, session, tab_key
from forgetting.dashboard.ui.differences import describe_difference
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.navigation import draw_undo
from forgetting.dashboard.ui.page import is_presenting, prepare_engine
from forgetting.reporting.formatting import format_epochs
from forgetting.reporting.glossary import explain

if TYPE_CHECKING:
    from forgetting.tracking.page_state import PageState

KEEPING, OPEN_PART = "keeping", "keep_view"  # keys of whether the dialog is open, and of its part that is
OPENED_EXPERIMENT = "opened_experiment"  # key of the experiment that was opened last, with the name of its file
TAB_CHOICES = {
    "layer": "map_layer",
    "part": "map_part",
    "label": "words_class",
}  # of tabs alone, and the controls' keys
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
MODEL_NOTE = "“Download the model (safetensors)” on Train saves that model, with which this goes on."
EXACT = (
    "This gives the same numbers, bit for bit, on one machine at one thread count. A model that came trained with the "
    "app was trained on another one, so its last digits may differ."
)


def keep_control() -> None:
    """A button in the sidebar that opens the dialog, and below it the one that takes the last change back."""
    if not is_presenting(session().page):
        st.sidebar.button(
            "Save and cite",
            icon=":material/bookmark:",
            key="keep",
            on_click=_open_dialog,
            help=explain("Save and cite"),
        )
    draw_undo()
    if st.session_state.get(OPENED_EXPERIMENT):
        from forgetting.dashboard.views.experiment import experiment_notice

        experiment_notice()
    if st.session_state.get(KEEPING):
        _keep_dialog()


def _open_dialog() -> None:
    st.session_state[KEEPING] = True


def close_dialog() -> None:
    """Close the dialog, as opening a file leads away from it."""
    st.session_state[KEEPING] = False


@st.dialog("Save and cite", width="large", on_dismiss=close_dialog)
def _keep_dialog() -> None:
    if not st.session_state.get(KEEPING):  # a file was opened, which leads away from here
        rerun_page()
    state, trained_model = page_state()
    mine = session()
    if models.is_outdated(trained_model, mine.inputs) and trained_model:
        shown = f"The numbers on the page are of {describe_difference(trained_model)}."
        st.info(literal(f"{shown} What stands here is of the settings as they are now."))
    tabs = st.tabs(list(KEEP_PARTS), key=OPEN_PART, on_change="rerun")
    for tab, part in zip(tabs, KEEP_PARTS.values(), strict=True):
        if tab.open:
            with tab:
                part(state)


def page_state() -> tuple[PageState, TrainedModel | None]:
    """What the page shows, and the visitor's model."""
    from forgetting.tracking.page_state import PageState

    mine = session()
    recipe, trained_model = mine.recipe, models.find_trained_model(mine)
    note = ""
    if trained_model and not models.is_outdated(trained_model, mine.inputs):
        recipe = replace(recipe, randomization=models.fit_randomization(recipe.randomization, trained_model))
        note = describe_model_source(trained_model)
    epochs = st.session_state.get("relearn_epochs") or (trained_model.training.epochs if trained_model else 0)
    tab = st.session_state.get(tab_key(mine.page)) or ""
    chosen = {name: st.session_state.get(key) for name, key in TAB_CHOICES.items()}
    chosen = {name: value for name, value in chosen.items() if value}
    return PageState(recipe, mine.page, tab, mine.scene, note, int(epochs), **chosen), trained_model


def describe_model_source(trained_model: TrainedModel) -> str:
    """What tells a model from the one that the recipe trains to the end, as the end of a sentence; "" for that one."""
    from forgetting.tracking.code import describe_loaded_file

    trained = trained_model.trained
    if trained_model.digest and not models.is_pretrained(trained_model):
        return describe_loaded_file(trained_model.digest)
    if trained.state != "finished":
        done = format_epochs(len(trained.history))
        return f"a model that is trained for {done} of {trained_model.training.epochs:,} ({trained.steps:,} steps)"
    return ""


def _save_part(state: PageState) -> None:
    from forgetting.dashboard.views.experiment import save_part

    save_part(state, models.find_trained_model(session()))


def _open_part(state: PageState) -> None:  # noqa: ARG001 - one signature for all parts
    from forgetting.dashboard.views.experiment import open_part

    open_part(close_dialog)


def _link_part(state: PageState) -> None:
    from forgetting.tracking.code import link

    st.markdown("Opens this page with these settings, in this app.")
    address = st.context.url or ""
    pages = address.rstrip("/")
    base = pages.removesuffix(f"/{state.page}") if state.page != "overview" else pages
    st.code(link(state, base), language=None, wrap_lines=True)
    if urlsplit(base).hostname in THIS_MACHINE:
        st.caption(f"It opens on this machine alone. Who runs the app elsewhere writes its address there for {base}.")
    st.caption("An uploaded file and a model that was loaded are not in the link: whoever opens it is asked for them.")


def _python_part(state: PageState) -> None:
    from forgetting.tracking.code import python_code

    st.markdown("Computes what this page shows, with the library alone.")
    st.code(python_code(state), language="python", wrap_lines=True)
    st.caption(f"{EXACT} {MODEL_NOTE if state.model else ''}".rstrip())


def _command_part(state: PageState) -> None:
    from forgetting.tracking.code import command_line

    st.markdown("Computes what this page shows on the command line, where the library is installed.")
    st.code(command_line(state), language="bash", wrap_lines=True)
    st.caption(f"{EXACT} {MODEL_NOTE if state.model else ''}".rstrip())


def _paper_part(name: str) -> Callable[[PageState], None]:
    """A part of `views.paper`, which is imported where it is drawn."""

    def draw(state: PageState) -> None:
        prepare_engine()
        from forgetting.dashboard.views import paper

        getattr(paper, name)(state)

    return draw


KEEP_PARTS: dict[str, Callable[[PageState], None]] = {
    "Save": _save_part,
    "Open": _open_part,
    "Link": _link_part,
    "Python": _python_part,
    "Command": _command_part,
    "Methods": _paper_part("methods_part"),
    "Citations": _paper_part("citations_part"),
    "Report": _paper_part("report_part"),
    "Notebook": _paper_part("notebook_part"),
}
