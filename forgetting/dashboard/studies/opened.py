"""A study of any model that a visitor opens from its file: it stands still, and is shown as one of the session."""

import hashlib
import math

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.ui.chosen_file import take_file, watched_uploader
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import in_words
from forgetting.metrics.baselines import Baselines
from forgetting.reporting.formatting import format_count
from forgetting.reporting.glossary import explain
from forgetting.studies.study_result import StudyResult, read_study

OPENED_KIND = "opened"
STUDY_UPLOADER = "study_file"  # key of the uploader
SHOWN_STUDY, REFUSED_STUDY = (
    "opened_study",
    "refused_study",
)  # keys of the study that is shown, and of why a file is refused


def open_control() -> None:
    """A button that opens an uploader for a study's file, and why the one that was chosen last is refused."""
    with st.popover("Open a study's file", icon=":material/upload_file:"):
        watched_uploader("A study's file", ["parquet"], key=STUDY_UPLOADER, on_change=_chosen)
        if refused := st.session_state.get(REFUSED_STUDY):
            st.error(in_words(refused))


def opened_study() -> Study | None:
    """The study that was opened last, until it is closed."""
    return st.session_state.get(SHOWN_STUDY)


def close_study() -> None:
    """Show the session's own studies again."""
    st.session_state[SHOWN_STUDY] = None


def _chosen() -> None:
    """Open a chosen file, or keep why it is refused."""
    file = take_file(STUDY_UPLOADER)
    st.session_state[REFUSED_STUDY] = None
    if file is None:
        return
    content, name = file
    try:
        st.session_state[SHOWN_STUDY] = study_of_result(read_study(content), name, content)
    except ForgettingError as error:
        st.session_state[REFUSED_STUDY] = f"{name}: {error}"


def study_of_result(result: StudyResult, name: str, content: bytes) -> Study:
    """A result as a study that has ended.

    Args:
        result: What the file holds.
        name: The name that the visitor gave the file.
        content: Its bytes, which are its key and can be downloaded again.
    """
    return Study(
        key=hashlib.sha256(content).hexdigest(),
        trained_model=None,
        plan=result.plan,
        total=result.planned or len(result.rows),
        slices=None,
        conclude=lambda _: result,
        rows=list(result.rows),
        running=False,
        kind=OPENED_KIND,
        part="variant",
        title=name,
        runner=content,
    )


def describe_opened(study: Study) -> None:
    """What the file says of its study, and a button that closes it."""
    result: StudyResult = study.result
    st.markdown(f"**{literal(study.title)}**")
    parameters = sum(layer.parameters for layer in result.layers.values())
    done = "" if len(study.rows) >= study.total else f" of {study.total:,}"
    lines = [
        f"A study of {result.title}: {format_count(len(result.layers), 'layer')}, "
        f"{format_count(parameters, 'parameter')}; {len(study.rows):,}{done} variants.",
        *result.notes,
    ]
    for line in lines:
        st.caption(literal(line))
    st.button("Close this study", icon=":material/close:", on_click=close_study, help=explain("A study's file"))


def baselines_of(study: Study) -> Baselines:
    """The baselines of an opened study: its chance, and the largest class of each part where there are classes.

    Of always naming the largest class, whose share is m among c classes, macro-F1 is 2 m / (1 + m) / c.
    """
    result: StudyResult = study.result
    chance = math.nan if result.chance is None else result.chance
    shares = {
        part: next(
            (row.parts[part]["majority"] for row in result.rows if "majority" in row.parts.get(part, ())), math.nan
        )
        for part in ("training", "validation")
    }
    return Baselines(
        chance=chance,
        chance_loss=-math.log(chance) if 0 < chance < 1 else math.nan,
        majority=shares,
        majority_macro_f1={part: 2 * share / (1 + share) * chance for part, share in shares.items()},
        all_no=1 - chance,
        linear_svc=None,
        majority_class=-1,
        majority_balanced_accuracy=dict.fromkeys(shares, chance),
    )
