"""Explain: what a model's inside shows, and whether an explanation of it changes when the model does."""

import streamlit as st

from forgetting.dashboard.studies.panel import kept_studies
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.plan_form import explanation_controls
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.views import comparison as comparison_views

open_page("explain")
st.markdown(
    "# Explain\nAn explanation should change when the model does: does it, or would any model have been explained so?"
)
trained_model = need_model()
if not randomization_form.can_choose(trained_model):
    st.stop()

with st.container(key="controls_and_answer"):
    plan, answer = st.columns([1, 2.6], gap="medium")
views = {"Sanity check": None}
tabs = dict(zip(views, answer.tabs(list(views), key="explain_view", on_change="rerun"), strict=True))
opened = next((name for name, tab in tabs.items() if tab.open), next(iter(views)))
with plan:
    if opened == "Sanity check":
        explanation_controls(trained_model)
    kept_studies()
    st.caption(comparison_views.describe_model(trained_model))
