"""The pages in the order of the work, links to them, and the sidebar that holds both with what the session works on."""

import streamlit as st

from forgetting.core.errors import DataError
from forgetting.dashboard.state import data, models
from forgetting.dashboard.state.session import (
    STORY,
    Change,
    link_address,
    page_address,
    session,
    source_name,
    undo_change,
)
from forgetting.dashboard.state.work import RELEARN_ONCE, RERUNS, TRAINING
from forgetting.dashboard.ui.differences import describe_difference, name_preset
from forgetting.dashboard.ui.escape import literal
from forgetting.recipe import url
from forgetting.reporting.changes import describe_changes
from forgetting.reporting.comparison import describe_epochs
from forgetting.reporting.formatting import format_share
from forgetting.reporting.glossary import explain

PAGES = {
    "overview": ("app.py", "Overview", ":material/wine_bar:"),
    "story": ("pages/story.py", "Start here", ":material/auto_stories:"),
    "data": ("pages/data.py", "Data", ":material/table_view:"),
    "train": ("pages/train.py", "Train", ":material/model_training:"),
    "forget": ("pages/forget.py", "Forget", ":material/shuffle:"),
    "layers": ("pages/layers.py", "Layers", ":material/stacked_line_chart:"),
    "explain": ("pages/explain.py", "Explain", ":material/format_ink_highlighter:"),
    "relearn": ("pages/relearn.py", "Relearn", ":material/replay:"),
    "unlearn": ("pages/unlearn.py", "Unlearn", ":material/delete_sweep:"),
    "runs": ("pages/runs.py", "Runs", ":material/history:"),
    "method": ("pages/method.py", "Method", ":material/menu_book:"),
}
STUDY_TABS = {  # page and tab that show a kind of study
    "dose": ("layers", "Curves"),
    "change": ("layers", "Equal ‖ΔW‖"),
    "robustness": ("layers", "Robustness"),
    "layer_choice": ("layers", "To unlearn"),
    "explanation": ("explain", "Sanity check"),
    "learning_curves": ("relearn", "This randomization"),
    "similarity": ("explain", "Similarity"),
    "savings": ("relearn", "Savings by fraction"),
    "unlearning": ("unlearn", "Comparison"),
}
WORK_TABS = STUDY_TABS | {  # the same of all that may be under way
    TRAINING: ("train", ""),
    RELEARN_ONCE: ("forget", "Relearn"),
    RERUNS: ("overview", ""),
}
DONE_ICON = ":material/check_circle:"


def draw_navigation() -> None:
    """Links to all pages, each with a tick where its work is done, and the session's reviews and model below."""
    with st.sidebar:
        st.markdown("**Learning to Forget**")
        for name, done in _pages_done().items():
            page_link(name, icon=DONE_ICON if done else None)
        st.caption(f"**Reviews**  \n{literal(source_name(session().recipe))}")
        st.caption("**Model**  \n" + "  \n".join(_model_lines()))


def draw_undo() -> None:
    """A button in the sidebar that takes the last change back. The story has none, as it holds the recipe back.

    It comes last, as all else would move when the first change is made.
    """
    recipe, change = session().recipe, session().change
    if change and session().page != STORY:
        verb, *recipes = ("Redo", recipe, change.before) if change.undone else ("Undo", change.before, recipe)
        if what := describe_changes(*recipes, most=2):
            with st.sidebar:
                _undo_button(change, literal(f"{verb}: {what}"), type="tertiary", key="undo")


def _model_lines() -> list[str]:
    """The model that is meant on every page, in lines of Markdown."""
    trained_model = models.find_trained_model(session())
    if trained_model is None:
        return ["not trained yet"]
    recipe, trained, epochs = trained_model.recipe, trained_model.trained, trained_model.training.epochs
    reached = trained.reached
    lines = ["not trained yet: it has its initial weights"]
    if session().playing and session().page != STORY and models.find_shown(session()) is session().training_run:
        lines, reached = [f"in training, {epochs:,} epochs ({name_preset(recipe)})"], None
    elif trained.steps:
        lines = [f"trained {describe_epochs(trained.history, epochs, trained.kept_epoch)} ({name_preset(recipe)})"]
    if reached:
        chance = format_share(1 / len(trained_model.split.classes))
        lines.append(f"validation accuracy {format_share(reached.validation.accuracy)} (chance {chance})")
    if models.is_outdated(trained_model, session().inputs):
        lines.append(f":material/warning: of {literal(describe_difference(trained_model))}")
    return lines


def change_notice() -> None:
    """What was changed by something else than the controls of the settings, and a button that takes it back."""
    mine, change = session(), session().change
    if change and change.announced and change.seen_on == mine.page:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(literal(f"Changed: {describe_changes(change.before, mine.recipe)}."), icon=":material/tune:")
            back = f" and go back to {PAGES[change.made_on][1]}" if change.leads else ""
            _undo_button(change, f"Undo{back}", key="undo_here")


def _undo_button(change: Change, label: str, **look: str) -> None:
    icon = ":material/redo:" if change.undone else ":material/undo:"
    st.button(label, icon=icon, on_click=undo_change, args=(change,), help=explain("Undo"), **look)


def follow_destination() -> None:
    """Go to the page that what the visitor has just done leads to: undoing a change, or opening a kept study."""
    mine = session()
    page, mine.destination = mine.destination, ""
    if page not in ("", mine.page):
        open_state(page)


def open_state(page: str) -> None:
    """Go to a page with the recipe as it is."""
    st.switch_page(PAGES[page][0], query_params=page_address(page, url.encode_query(session().recipe)))


def page_link(page: str, label: str | None = None, icon: str | None = None) -> None:
    """A link to a page that carries the experiment along."""
    path, title, page_icon = PAGES[page]
    st.page_link(path, label=label or title, icon=icon or page_icon, query_params=link_address(page))


def _pages_done() -> dict[str, bool]:
    """Whether the work of each page is done."""
    try:
        data.find_digest(session().inputs)
        has_data = True
    except DataError:
        has_data = False
    found = models.find_trained_model(session())
    trained_model = has_data and not models.is_outdated(found, session().inputs) and bool(found.trained.steps)
    randomization = session().recipe.randomization
    return {
        "overview": False,
        "story": False,
        "data": has_data,
        "train": trained_model,
        "forget": trained_model and bool(randomization.layers and randomization.fraction),
        **{page: trained_model and _is_studied(page) for page, _ in STUDY_TABS.values()},
        "runs": False,
        "method": False,
    }


def _is_studied(page: str) -> bool:
    """Whether a study of a page has come to its end."""
    studies = (session().studies.get(kind) for kind, (shows, _) in STUDY_TABS.items() if shows == page)
    return any(study and study.rows and not (study.unfinished or study.look) for study in studies)
