"""Relearn: a model at chance may still remember. Train the randomized one again, and count the steps."""

import streamlit as st

from forgetting.dashboard.studies.panel import study_buttons, study_view
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.controls import number
from forgetting.dashboard.ui.page import frame
from forgetting.dashboard.ui.plan_form import doses, variants
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.relearning import courses_view, savings_view

frame("relearn")
st.markdown("### Relearn\nA model at chance may still remember: does it learn again sooner than one that never knew?")
learned = need_model()
if not randomization_form.can_choose(learned):
    st.stop()

plan, answer = st.columns([1, 2.6], gap="medium")
views = {"This randomization": ("courses", courses_view), "Savings by dose": ("savings", savings_view)}
tabs = dict(zip(views, answer.tabs(list(views), key="relearn_view", on_change="rerun"), strict=True))
opened = next((name for name, tab in tabs.items() if tab.open), next(iter(views)))
kind, view = views[opened]
with plan:
    if kind == "courses":
        randomization_form.dose_controls(learned)
        randomization_form.scheme_controls(learned)
    else:
        variants(learned, "relearning")
        doses("relearning.doses")
    left, right = st.columns(2)
    with left:
        number("relearning.seeds", "Seeds")
    with right:
        number("relearning.epochs", "Epochs at most")
    with st.expander("More"):
        number("relearning.share", "Share of the original accuracy to reach", step=0.05)
        number("relearning.seed", "First seed")
    study_buttons(learned, kind)
    st.caption(comparison_views.about(learned))
with tabs[opened]:
    study_view(kind, view)
