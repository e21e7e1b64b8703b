"""Explain: what a model's inside shows, and whether an explanation of it changes when the model does."""

import streamlit as st

from forgetting.dashboard.studies.explanation import EXPLANATION_STUDY
from forgetting.dashboard.studies.panel import ESTIMATING, kept_studies, study_view
from forgetting.dashboard.studies.plan_presets import offer_study, preset_controls
from forgetting.dashboard.studies.similarity import SIMILARITY_STUDY
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.plan_form import explanation_controls, similarity_controls
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.activations import map_view, similarity_view
from forgetting.dashboard.views.explanation import sanity_check_view
from forgetting.dashboard.views.keep import keep_control

open_page("explain")
keep_control()
st.markdown(
    "# Explain\nAn explanation should change when the model does: does it, or would any model have been explained so?"
)
trained_model = need_model()
if not randomization_form.can_choose(trained_model):
    st.stop()

with st.container(key="controls_and_answer"):
    plan, answer = st.columns([1, 2.6], gap="medium")
views = {
    "Sanity check": (EXPLANATION_STUDY, sanity_check_view),
    "Map": (None, map_view),
    "Similarity": (SIMILARITY_STUDY, similarity_view),
}
tabs = dict(zip(views, answer.tabs(list(views), key="explain_view", on_change="rerun"), strict=True))
opened = next((name for name, tab in tabs.items() if tab.open), next(iter(views)))
kind, view = views[opened]
with tabs[opened], st.spinner(ESTIMATING), plan:
    if kind:
        preset_controls(trained_model, kind)
    if opened == "Sanity check":
        explanation_controls(trained_model)
    elif opened == "Map":
        randomization_form.layer_controls(trained_model)
        randomization_form.fraction_control()
        randomization_form.scheme_controls(trained_model)
        randomization_form.seed_control()
    else:
        similarity_controls(trained_model)
    kept_studies()
    st.caption(comparison_views.describe_model(trained_model))
with tabs[opened]:
    if kind:
        offer_study(trained_model, kind)
        study_view(kind, view)
    else:
        view(trained_model)
