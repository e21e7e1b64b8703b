"""Experiments as files: what the session shows is saved, a file is opened, and what it holds is compared with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import data, models
from forgetting.dashboard.state.session import (
    STORY,
    TrainedModel,
    open_tab,
    refresh_controls,
    session,
    source_name,
)
from forgetting.dashboard.studies.registry import STUDY_KINDS, find_study, request_study
from forgetting.dashboard.ui.chosen_file import take_file, watched_uploader
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import in_words
from forgetting.dashboard.ui.navigation import PAGES
from forgetting.dashboard.ui.page import is_hollow
from forgetting.dashboard.views.keep import OPENED_EXPERIMENT
from forgetting.reporting.captions import ChartSource, name_file
from forgetting.reporting.formatting import join_names
from forgetting.reporting.glossary import explain
from forgetting.tracking.experiment_check import describe_lacks, describe_reproduction, match_results
from forgetting.tracking.experiment_file import (
    ExperimentFile,
    ExperimentResult,
    current_versions,
    experiment_bytes,
    read_experiment,
    same_experiment,
)
from forgetting.tracking.page_state import PageState
from forgetting.tracking.run import RUN_TITLES, Run
from forgetting.tracking.run_records import comparison_run, study_run, training_run

EXPERIMENT_UPLOADER = "experiment_file"  # key of the uploader
REFUSED_EXPERIMENT = "refused_experiment"  # key of why the file that was chosen last is refused
RESULTS = "experiment_results"  # key of what was computed of the recipe, and of what that depends on


def save_part(state: PageState, trained_model: TrainedModel | None) -> None:
    """A button that saves what the session shows, and what is in the file."""
    st.markdown(
        "One file with all settings, the name and the SHA-256 of the reviews, versions, seeds, this page, and what "
        "came of it beside its baselines. It holds neither reviews nor weights."
    )
    experiment = current_experiment(state, trained_model)
    kind = "training" if state.page in ("data", "train") else "comparison"
    source = ChartSource(source_name(state.recipe), state.recipe, kind=kind)
    st.download_button(
        "Save the experiment",
        experiment_bytes(experiment),
        file_name=f"{name_file(f'{state.page} experiment', source)}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
        help=explain("Save the experiment"),
    )
    if experiment.results:
        parts = [
            RUN_TITLES[each.kind] + f" ({each.done:,} of {each.planned:,})" * (each.done < each.planned)
            for each in experiment.results
        ]
        st.markdown(literal(f"In it: {join_names(parts)}."))
    else:
        st.markdown("No results are in it, as no model is trained with these settings yet.")
    st.caption("“Open” takes it, on any page, and so does --recipe on the command line.")


def open_part(close: Callable[[], None]) -> None:
    """An uploader for an experiment, and why the file that was chosen last is refused.

    Args:
        close: Closes what it is drawn in, as a file that is opened leads away from it.
    """
    st.markdown("Opens the page that an experiment was saved on, with all of its settings. “Undo” takes it back.")
    watched_uploader("An experiment's file", ["json"], key=EXPERIMENT_UPLOADER, on_change=_chosen, args=(close,))
    if refused := st.session_state.get(REFUSED_EXPERIMENT):
        st.error(in_words(refused))


def _chosen(close: Callable[[], None]) -> None:
    """Open a chosen file, or keep why it is refused; then all stays as it is."""
    file = take_file(EXPERIMENT_UPLOADER)
    st.session_state[REFUSED_EXPERIMENT] = None
    if file is None:
        return
    content, name = file
    try:
        open_experiment(read_experiment(content, name), name)
        close()
    except ForgettingError as error:
        st.session_state[REFUSED_EXPERIMENT] = str(error)


def open_experiment(experiment: ExperimentFile, name: str) -> None:
    """Make an experiment's settings those of the session, and lead to its page and tab."""
    mine = session()
    mine.recipe, mine.touched, mine.presenting = experiment.recipe, True, False
    refresh_controls()
    page = experiment.page if experiment.page in PAGES and experiment.page != STORY else "overview"
    open_tab(page, experiment.tab)
    mine.destination = page
    st.session_state[OPENED_EXPERIMENT] = (experiment, name)


def current_experiment(state: PageState, trained_model: TrainedModel | None) -> ExperimentFile:
    """What the session shows, as the content of a file."""
    mine = session()
    return ExperimentFile(
        recipe=mine.recipe,
        data_name=source_name(mine.recipe),
        data_sha256=models.find_recipe_digest(mine.inputs),
        page=state.page if state.page != STORY else "overview",
        tab=state.tab,
        model=state.model,
        versions=current_versions(),
        results=_current_results(trained_model),
    )


def _current_runs(trained_model: TrainedModel | None) -> list[Run]:
    """What was computed of the session's recipe: the training, the comparison, and the studies that are there."""
    mine = session()
    if trained_model is None or models.is_outdated(trained_model, mine.inputs):
        return []
    split, trained, digest = trained_model.split, trained_model.trained, trained_model.digest
    baselines, runs = models.find_baselines(trained_model), []
    runs.append(training_run(trained_model.recipe, split, trained, baselines, digest=digest))
    if not trained.steps:
        return []
    with suppress(ForgettingError):  # a randomization that does not fit the model
        comparison = models.find_comparison(trained_model, mine.recipe.randomization)
        recipe = models.compared_recipe(trained_model, mine.recipe.randomization)
        runs.append(comparison_run(recipe, split, trained, comparison, baselines, digest=digest))
    hollow = is_hollow(trained_model)
    for kind in STUDY_KINDS:
        with suppress(ForgettingError):  # a plan that does not fit the model
            study = find_study(mine, kind, request_study(mine, trained_model, kind))
            if study and study.rows:
                runs.append(study_run(kind, study.result, trained, baselines, digest=digest, hollow=hollow))
    return runs


def experiment_notice() -> None:
    """What is to be known of the experiment that was opened last, while the session has its settings."""
    mine, opened = session(), st.session_state.get(OPENED_EXPERIMENT)
    if not opened or not same_experiment(mine.recipe, opened[0].recipe) or mine.page == STORY:
        return
    experiment, name = opened
    trained_model = models.find_trained_model(mine)
    try:
        digest = data.find_digest(mine.inputs)
    except ForgettingError:
        digest = ""
    sentences = describe_lacks(experiment, digest, current_versions())
    known: list[bool | None] = []
    if digest and not mine.playing and not models.is_outdated(trained_model, mine.inputs):
        for good, sentence in _check(experiment, trained_model):
            known.append(good)
            sentences.append(sentence)
    elif digest and experiment.results:
        sentences.append("Once a model is trained with its settings, its numbers are compared with the file's.")
    draw = st.warning if False in known else st.success if known and all(known) else st.info
    with st.container(horizontal=True, vertical_alignment="center", key="experiment_notice"):
        lines = "  \n".join(map(literal, sentences))
        draw(f"**{literal(name)}**  \n{lines}", icon=":material/bookmark:")
        st.button("Close", key="close_experiment", on_click=_close, help=explain("Close"))


def _check(experiment: ExperimentFile, trained_model: TrainedModel) -> list[tuple[bool | None, str]]:
    """Whether the session's numbers are the file's, each with a sentence."""
    return [describe_reproduction(*pair) for pair in match_results(experiment, _current_results(trained_model))]


def _current_results(trained_model: TrainedModel | None) -> tuple[ExperimentResult, ...]:
    """What was computed of the session's recipe; computed anew only where one of its numbers may be another one."""
    mine = session()
    model = trained_model and (models.model_key(trained_model), models.is_outdated(trained_model, mine.inputs))
    key = (mine.recipe, model, [(study.key, len(study.rows)) for study in (*mine.studies.values(), *mine.kept)])
    if st.session_state.get(RESULTS, (None,))[0] != key:
        st.session_state[RESULTS] = (key, tuple(map(ExperimentResult.of_run, _current_runs(trained_model))))
    return st.session_state[RESULTS][1]


def _close() -> None:
    st.session_state[OPENED_EXPERIMENT] = None
