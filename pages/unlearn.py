"""Unlearn: choose what to forget, and compare methods with a model that never saw it."""

import streamlit as st

from forgetting.dashboard.state.session import session
from forgetting.dashboard.studies import unlearning
from forgetting.dashboard.studies.panel import ESTIMATING, kept_studies, study_view
from forgetting.dashboard.studies.plan_presets import offer_study, preset_controls
from forgetting.dashboard.ui.navigation import page_link
from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.ui.unlearning_form import forget_controls, forget_set_view, method_controls
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.activations import layers_view
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.unlearning import attack_view, comparison_view, reviews_view, trade_off_view

open_page("unlearn")
keep_control()
st.markdown("# Unlearn\nForget on purpose, and prove it: how near does each method come to never having seen it?")
trained_model = need_model()
if "published" in (trained_model.recipe.protocol, session().recipe.protocol):
    st.info(
        "In the published protocol each name is a class of its own, so a model that never saw a review has no "
        "class for it, and there is nothing to compare."
    )
    page_link("train", "Take the modern preset on the Train page")
    st.stop()

with st.container(key="controls_and_answer"):
    plan, answer = st.columns([1, 3.2], gap="medium")
views = {
    "Comparison": comparison_view,
    "Trade-off": trade_off_view,
    "Attack": attack_view,
    "Layers": layers_view,
    "Reviews": reviews_view,
    "Forget set": None,
}
tabs = dict(zip(views, answer.tabs(list(views), key="unlearn_view", on_change="rerun"), strict=True))
opened = next((name for name, tab in tabs.items() if tab.open), "Comparison")
with tabs[opened], st.spinner(ESTIMATING), plan:
    forget_controls(trained_model)
    preset_controls(trained_model, unlearning.UNLEARNING_STUDY)
    method_controls(trained_model)
    kept_studies()
    st.caption(comparison_views.describe_model(trained_model))
with tabs[opened]:
    offer_study(trained_model, unlearning.UNLEARNING_STUDY)
    if views[opened]:
        study_view(unlearning.UNLEARNING_STUDY, views[opened])
    else:
        forget_set_view(trained_model)
