"""What every study shows: how long it takes, buttons, its progress, and files to download."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import LEAVES, Study, TrainedModel, assign, open_tab, rerun_page, session
from forgetting.dashboard.state.work import advance_study, run_study, stop_study
from forgetting.dashboard.studies import base, kept, registry
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.navigation import WORK_TABS
from forgetting.metrics.baselines import Baselines
from forgetting.reporting.changes import describe_changes
from forgetting.reporting.formatting import format_count, format_duration, format_seconds
from forgetting.reporting.glossary import explain

Draw = Callable[[Study, Baselines], None]

ESTIMATING = "Estimating how long a study takes on this machine"
LONGEST_SLICE = 2.0  # seconds of work in a run of the fragment, so that Stop is heard


def study_buttons(trained_model: TrainedModel, name: str, *, primary: bool = True) -> None:
    """What the plan does, how long it takes, and start, stop or go on.

    What takes little time starts by itself, or a quick look at it.

    Args:
        trained_model: The model to study.
        name: The kind's name.
        primary: Whether to start it is what the page offers first.
    """
    mine, kind, sentence, total = session(), registry.STUDY_KINDS[name], "", 0
    request = registry.request_study(mine, trained_model, name)
    try:
        total, known = kind.total(request), kind.known(request)
        study = registry.choose_study(mine, name, request)
        sentence = (
            f"{kind.describe(request)}: {format_count(total, kind.part)}, {format_duration(kind.seconds(request))}"
        )
        if known:
            sentence += f", as {known:,} of them are there already"
        sentence += f". {kind.power(request)}".rstrip()
    except ForgettingError as error:
        show_error(error)
        total = 0
        study = mine.studies.get(name)
    fresh = study is None or study.key != kind.key(request)
    with st.container(horizontal=True, vertical_alignment="center"):
        if total:
            look = f"**Quick look**: {literal(study.title)}. " if fresh and study and study.look else ""
            whole = "The whole plan: " if look or not primary else ""
            st.caption(f"{look}{whole}{literal(sentence)}", width="stretch")
        if study and study.running:
            st.button("Stop", icon=":material/stop:", on_click=stop_study, args=(study,), help=explain("Stop"))
        elif not fresh and study.unfinished:
            st.button(
                "Go on",
                icon=":material/play_arrow:",
                type="primary",
                on_click=run_study,
                args=(mine, study),
                help=explain("Go on"),
            )
        if total and (fresh or len(study.rows) < study.total):
            label, look = "Start" if fresh else "Start anew", "primary" if fresh and primary else "secondary"
            st.button(label, type=look, on_click=start_study, args=(trained_model, name), help=explain(label))
    if study is None and total and primary:
        st.info("Press Start to run this plan.", icon=":material/play_arrow:")
    elif study is not None and fresh and not study.look:
        start = " Start runs this one." if total else ""
        st.warning(f"The plan or the model has changed: these results are those of the one before.{start}")


def start_study(trained_model: TrainedModel, name: str) -> None:
    """Begin a study, as the recipe is by then; what stands in the way becomes a notice."""
    mine = session()
    try:
        registry.begin_study(mine, name, registry.request_study(mine, trained_model, name))
    except ForgettingError as error:
        mine.notices.append(str(error))


def kept_studies() -> None:
    """The studies that the session keeps, the newest first, each to be opened, pinned or deleted."""
    mine = session()
    if not mine.kept:
        return
    label = f"Kept studies ({len(mine.kept)})"
    with st.popover(label, icon=":material/inventory_2:", key="kept_studies"):
        for index, study in reversed(list(enumerate(mine.kept))):
            st.markdown(literal(study.title))
            changes = describe_changes(
                *(replace(each, forget=each.forget.used) for each in (mine.recipe, study.recipe))
            )
            changes = f" Opening it changes {changes}." if changes else ""
            st.caption(literal(f"{len(study.rows):,} of {_describe_work(study)}.{changes}"))
            with st.container(horizontal=True):
                for name, icon, act in (
                    ("Open", "open_in_new", _open),
                    ("Unpin" if study.pinned else "Pin", "keep_off" if study.pinned else "keep", _pin),
                    ("Delete", "delete", _delete),
                ):
                    key = f"kept_{act.__name__}_{index}"
                    st.button(name, key=key, icon=f":material/{icon}:", on_click=act, args=(study,), help=explain(name))


def _describe_work(study: Study) -> str:
    """How many parts there are, how many of them the study did not compute itself, and how long the others took."""
    parts = format_count(study.total, study.part)
    taken = f", {study.taken:,} of them taken over," if study.taken else ""
    return f"{parts}{taken} in {format_seconds(study.seconds)}"


def _open(study: Study) -> None:
    """Make a study's settings those of the session, and its model the session's, and lead to the page that shows it."""
    mine, (page, tab) = session(), WORK_TABS[study.kind]
    differ = [name for name in LEAVES if study.recipe.value(name) != mine.recipe.value(name)]
    assign({name: study.recipe.value(name) for name in differ}, announce=True)
    if study.trained_model is not mine.trained_model:
        mine.trained_model = study.trained_model
        mine.training_run = mine.training_run if mine.playing else None
    kept.show_study(mine, study)
    open_tab(page, tab)
    mine.destination = page


def _pin(study: Study) -> None:
    study.pinned = not study.pinned


def _delete(study: Study) -> None:
    kept.delete_study(session(), study)


def study_view(name: str, draw: Draw) -> None:
    """A study in a fragment that advances it while it is under way."""
    study = session().studies.get(name)
    advancing.advance_in_fragment(
        name, partial(_view, name, draw), running=bool(study and study.running), every=base.STUDY_EVERY
    )


def _view(name: str, draw: Draw) -> None:
    """Advance the study where it is under way and may train, and draw it.

    It advances for as long as it takes to draw, so that no more than half of the time goes there. It is drawn beside
    the baselines of the model that it studies, which may not be the session's any more.
    """
    mine = session()
    study = mine.studies.get(name)
    if study is None:
        return
    seconds = min(study.drawing, LONGEST_SLICE)
    ended = study.running and not mine.queue_position and advance_study(study, mine.notices, seconds)
    started = time.perf_counter()
    drawn, progress = st.container(), st.container()
    with progress:  # first, as drawing takes longer, and the next run may overtake this one meanwhile
        done, total, part = len(study.rows), study.total, study.part
        if study.running:
            st.progress(done / total, text=f"{done:,} of {format_count(total, part)}")
        elif done < total:
            st.caption(f"Stopped: {done:,} of {format_count(total, part)} are done.")
        else:
            bands = (
                f"; bands show 5–95{PERCENT} of the seeds" if study.plan.seeds > 1 and study.intervals is None else ""
            )
            st.caption(f"{_describe_work(study)}{bands}.")
    with drawn:
        if study.rows:
            draw(study, models.find_baselines(study.trained_model))
    study.drawing = time.perf_counter() - started
    if ended:
        rerun_page()
