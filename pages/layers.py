"""Layers: which layer holds the memory? Dose–response studies over layer sets, schemes and seeds."""

import streamlit as st

from forgetting.dashboard import dose, panels, responses, work
from forgetting.dashboard.frame import frame, need_model
from forgetting.dashboard.layer_views import robustness_view, words_view
from forgetting.dashboard.plan_form import plan_controls
from forgetting.dashboard.study_panel import study_buttons, study_view

frame("layers")
st.markdown("### Layers\nWhich layer holds the memory, and how sure are we?")
learned = need_model()
if not dose.can_choose(learned):
    st.stop()

plan, answer = st.columns([1, 2.6], gap="medium")
views = {
    "Curves": ("dose", responses.curves_view),
    "Heat map": ("dose", responses.heat_view),
    "Cascades": ("dose", responses.cascade_view),
    "Half-way dose": ("dose", responses.half_way_view),
    "Equal ‖ΔW‖": ("change", responses.curves_view),
    "Robustness": (None, robustness_view),
    "Words": (None, words_view),
}
tabs = dict(zip(views, answer.tabs(list(views), key="layers_view", on_change="rerun"), strict=True))
opened = next((name for name, tab in tabs.items() if tab.open), "Curves")
match, view = views[opened]
with plan:
    plan_controls(learned)
    if match:
        study_buttons(learned, match)
    st.caption(panels.about(learned))
with tabs[opened]:
    if match:
        study_view(match, view)
    else:
        view(learned, work.baselines_of(learned))
