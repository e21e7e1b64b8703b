"""Words for a paper, in the dialog “Save and cite”: the methods, citations, a report and a notebook.

They are of the visitor's model, its comparison and the studies of it that the session has, and made when asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import data, models
from forgetting.dashboard.state.session import Study, TrainedModel, session
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import show_error
from forgetting.experiment.pipeline import Progress
from forgetting.paper.bibliography import BIBLIOGRAPHY
from forgetting.paper.material import Material
from forgetting.paper.methods import describe_methods
from forgetting.paper.notebook import notebook_bytes
from forgetting.paper.program import studied_recipes
from forgetting.paper.report import REPORT_KINDS, ExperimentReport, make_report, report_bytes
from forgetting.reporting.captions import ChartSource, name_file
from forgetting.reporting.formatting import format_count
from forgetting.reporting.glossary import explain
from forgetting.tracking.page_state import PageState
from forgetting.tracking.run import STUDY_TITLES

PROSE_FORMS = {"plain text": "plain", "LaTeX": "latex", "Markdown": "markdown"}  # → methods of Prose
MADE = "made_report"  # key of the report that was made last: what it is of, its kind and its content
MIME = {"html": "text/html", "pdf": "application/pdf"}
NO_TEXTS = "No review's text is in it. It opens offline, and nothing in it is run."


def methods_part(state: PageState) -> None:
    """What was done as paragraphs of a methods section, to copy."""
    material = _find_material(state)
    if material is None:
        return
    written = _choose("Written as", PROSE_FORMS, "methods_written")
    prose = describe_methods(material)
    st.code(getattr(prose, PROSE_FORMS[written])(), language=None, wrap_lines=True)
    st.caption("Citations lists the works. LaTeX and Markdown cite each by its key in the file of BibTeX there.")


def citations_part(state: PageState) -> None:
    """The works that the methods are from, and how this program is cited."""
    material = _find_material(state)
    if material is None:
        return
    prose = describe_methods(material)
    st.markdown("**This program**")
    st.code(BIBLIOGRAPHY["forgetting"].bibtex, language="latex", wrap_lines=True)
    st.markdown(f"**{format_count(len(prose.works), 'work')} that the methods are from**")
    st.markdown("\n".join(f"- {literal(work.entry)}" for work in prose.works))
    st.download_button(
        "Download BibTeX",
        prose.bibtex,
        file_name="references.bib",
        mime="application/x-bibtex",
        icon=":material/download:",
        on_click="ignore",
        key="bibtex",
        help=explain("Download BibTeX"),
    )


def report_part(state: PageState) -> None:
    """The report as a file, made when it is asked for."""
    material = _find_material(state)
    if material is None:
        return
    material = _choose_studies(material, "report_studies")
    kind = _choose("Kind of the report", REPORT_KINDS, "report_kind", format_func=str.upper)
    key = _key_of(material, kind)
    st.caption(NO_TEXTS)
    if st.button("Make the report", icon=":material/article:", type="primary", help=explain("Make the report")):
        st.session_state[MADE] = key, _write(material, kind)
    made, content = st.session_state.get(MADE, (None, b""))
    if made == key:
        st.download_button(
            "Download the report",
            content,
            file_name=f"{_stem(material, 'report')}.{kind}",
            mime=MIME[kind],
            icon=":material/download:",
            on_click="ignore",
            key="report_file",
            help=explain("Download the report"),
        )


def _stem(material: Material, what: str) -> str:
    """The name of a file, without its ending, that says what it is of."""
    return name_file(what, ChartSource(material.split.reviews.report.source, material.recipe, kind="comparison"))


def notebook_part(state: PageState) -> None:
    """The notebook as a file."""
    material = _find_material(state)
    if material is None:
        return
    if material.trained is None:
        st.info("Train a model first: a notebook ends in what it shows.")
        return
    material = _choose_studies(material, "notebook_studies")
    st.caption("It trains, randomizes and runs the studies, and ends in the numbers and charts of the report.")
    recipes = studied_recipes(material)
    st.download_button(
        "Download the notebook",
        lambda: notebook_bytes(material.without_review, recipes, model=material.model),
        file_name=f"{_stem(material, 'notebook')}.ipynb",
        mime="application/x-ipynb+json",
        icon=":material/download:",
        on_click="ignore",
        key="notebook_file",
        help=explain("Download the notebook"),
    )


def _choose(label: str, options: Iterable[str], key: str, **look: object) -> str:
    """One of a few options, the first of which is chosen at first."""
    first, *others = options
    chosen = st.segmented_control(
        label,
        [first, *others],
        default=first,
        required=True,
        key=key,
        persist_state="session",
        help=explain(label),
        **look,
    )
    return chosen or first


def _find_material(state: PageState) -> Material | None:
    """What the visitor's session has; None where there are no reviews yet, which is said."""
    mine = session()
    trained_model = models.find_trained_model(mine)
    try:
        if trained_model is None:
            split = data.find_split(mine.inputs)
            baselines = models.find_split_baselines(mine.recipe, split, data.find_digest(mine.inputs))
            return Material(mine.recipe, split, None, baselines)
        comparison = models.find_comparison(trained_model, mine.recipe.randomization)
    except ForgettingError as error:
        show_error(error)
        return None
    return Material(
        recipe=models.compared_recipe(trained_model, mine.recipe.randomization),
        split=trained_model.split,
        trained=trained_model.trained,
        baselines=models.find_baselines(trained_model),
        comparison=comparison,
        studies={kind: study.result for kind, study in find_studies(trained_model).items()},
        model=state.model,
    )


def find_studies(trained_model: TrainedModel) -> dict[str, Study]:
    """The session's latest study of each kind of a model, whether the visitor started it or it started by itself."""
    mine = session()
    found = {study.kind: study for study in mine.kept if study.trained_model is trained_model}
    found |= {kind: study for kind, study in mine.studies.items() if study.trained_model is trained_model}
    return {kind: study for kind, study in found.items() if kind in STUDY_TITLES and study.rows and not study.running}


def _choose_studies(material: Material, key: str) -> Material:
    """The material with the studies that the visitor wants in it."""
    known = material.told_studies
    if not known:
        st.caption("Studies that you run on other pages can be a part of it.")
        return material
    chosen = st.pills(
        "Studies in it",
        list(known),
        selection_mode="multi",
        default=list(known),
        format_func=STUDY_TITLES.get,
        key=key,
        help=explain("Studies in it"),
    )
    return replace(material, studies={kind: known[kind] for kind in chosen})


def _key_of(material: Material, kind: str) -> tuple:
    """What a report depends on: its kind, the model, and of each study its settings and how far it is."""
    studies = [(name, one.export()[1].hash, len(one.export()[0])) for name, one in material.told_studies.items()]
    steps = material.trained.steps if material.trained else 0
    return kind, material.recipe.hash, material.split.reviews.sha256, material.model, steps, tuple(studies)


def _write(material: Material, kind: str) -> bytes:
    """The report as a file, with a bar for its charts, which take most of the time."""
    bar = st.progress(0.0, text="Writing the report.")
    report = make_report(material)
    _draw(
        report, lambda done, total: bar.progress(done / total, text=f"{done} of {format_count(total, 'chart')} drawn.")
    )
    with st.spinner("Setting the pages."):
        content = report_bytes(report, kind)
    bar.empty()
    return content


def _draw(report: ExperimentReport, progress: Progress) -> None:
    for done, chart in enumerate(report.charts, start=1):
        chart.svg  # noqa: B018 - which is kept
        progress(done, len(report.charts))
