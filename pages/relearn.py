"""Relearn: a model at chance may still remember. Train the randomized model again, and count the steps."""

import streamlit as st

from forgetting.dashboard.studies.panel import ESTIMATING, kept_studies, study_view
from forgetting.dashboard.studies.plan_presets import offer_study, preset_controls
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.controls import number_control
from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.plan_form import doses_control, replicate_controls, variant_controls
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.relearning import learning_curves_view, savings_view

open_page("relearn")
keep_control()
st.markdown(
    "# Relearn\nA model at chance may still remember: is it relearned sooner than a model is trained from scratch?"
)
trained_model = need_model()
if not randomization_form.can_choose(trained_model):
    st.stop()

with st.container(key="controls_and_answer"):
    plan, answer = st.columns([1, 2.6], gap="medium")
views = {
    "This randomization": ("learning_curves", learning_curves_view),
    "Savings by fraction": ("savings", savings_view),
}
tabs = dict(zip(views, answer.tabs(list(views), key="relearn_view", on_change="rerun"), strict=True))
opened = next((name for name, tab in tabs.items() if tab.open), next(iter(views)))
kind, view = views[opened]
with tabs[opened], st.spinner(ESTIMATING), plan:
    preset_controls(trained_model, kind)
    if kind == "learning_curves":
        randomization_form.layer_controls(trained_model)
        randomization_form.fraction_control()
        randomization_form.scheme_controls(trained_model)
    else:
        variant_controls(trained_model, "relearning")
        doses_control("relearning.doses")
    left, right = st.columns(2)
    with left:
        number_control("relearning.seeds")
    with right:
        number_control("relearning.epochs")
    with st.expander("More"):
        number_control("relearning.target_share", step=0.05)
        replicate_controls("relearning")
    kept_studies()
    st.caption(comparison_views.describe_model(trained_model))
with tabs[opened]:
    offer_study(trained_model, kind)
    study_view(kind, view)
