"""Layers: which layer holds the memory? Dose–response studies over layer sets, schemes and seeds."""

import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import session
from forgetting.dashboard.studies.layer_choice import LAYER_CHOICE_STUDY
from forgetting.dashboard.studies.opened import open_control, opened_study
from forgetting.dashboard.studies.panel import ESTIMATING, kept_studies, study_view
from forgetting.dashboard.studies.plan_presets import offer_study, preset_controls
from forgetting.dashboard.studies.robustness import ROBUSTNESS_STUDY
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.controls import number_control
from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.plan_form import plan_controls
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.ui.unlearning_form import forget_controls
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views import dose_response
from forgetting.dashboard.views.attribution import words_view
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.layer_choice import layer_choice_view
from forgetting.dashboard.views.layer_effects import layer_effects_view
from forgetting.dashboard.views.opened_study import opened_study_view
from forgetting.dashboard.views.robustness import robustness_view

open_page("layers")
keep_control()
st.markdown("# Layers\nWhich layer holds the memory, and how sure are we?")
if (study := opened_study()) is not None:
    opened_study_view(study)
    st.stop()
if models.find_trained_model(session()) is None:
    open_control()
trained_model = need_model()
if not randomization_form.can_choose(trained_model):
    st.stop()

with st.container(key="controls_and_answer"):
    plan, answer = st.columns([1, 2.6], gap="small")
views = {
    "Curves": ("dose", dose_response.curves_view),
    "Heat map": ("dose", dose_response.heat_view),
    "Cascades": ("dose", dose_response.cascade_view),
    "Half-way": ("dose", dose_response.half_way_view),
    "Equal ‖ΔW‖": ("change", dose_response.curves_view),
    "How sure?": ("dose", dose_response.uncertainty_view),
    "Conclusions": (ROBUSTNESS_STUDY, layer_effects_view),
    "Robustness": (ROBUSTNESS_STUDY, robustness_view),
    "To unlearn": (LAYER_CHOICE_STUDY, layer_choice_view),
    "Words": (None, words_view),
}
tabs = dict(zip(views, answer.tabs(list(views), key="layers_view", on_change="rerun"), strict=True))
opened = next((name for name, tab in tabs.items() if tab.open), "Curves")
match, view = views[opened]
with tabs[opened], st.spinner(ESTIMATING), plan:
    if match == LAYER_CHOICE_STUDY:
        forget_controls(trained_model)
    preset_controls(trained_model, match)
    if match == ROBUSTNESS_STUDY:
        number_control("sweep.seeds")
    elif match:
        plan_controls(trained_model)
    kept_studies()
    open_control()
    st.caption(comparison_views.describe_model(trained_model))
with tabs[opened]:
    if match:
        offer_study(trained_model, match)
        study_view(match, view)
    else:
        view(trained_model, models.find_baselines(trained_model))
